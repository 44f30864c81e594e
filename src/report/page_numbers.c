/* page_numbers.c - the numbers of each target: weights with intervals, Shapley values, alone and without, and how far
 * to trust them. */
#include "report/page.h"

#include <math.h>

/* A bar from the middle with its interval; x in [0, 256], 128 is zero. Presentation attributes only: no style. */
static void bar(aus_html *h, double value, double lo, double hi, double full)
{
  const double scale = full > 0 ? 120 / full : 0, end = 128 + (isfinite(value) ? value : 0) * scale;
  aus_html_raw(h, "<svg class=\"bar\" viewBox=\"0 0 256 20\" preserveAspectRatio=\"none\" aria-hidden=\"true\"><line class=\"zero\" x1=\"128\" y1=\"0\" x2=\"128\" y2=\"20\"/><rect class=\"");
  aus_html_raw(h, value < 0 ? "against\" x=\"" : "for\" x=\"");
  aus_html_number(h, fmin(end, 128), 6);
  aus_html_raw(h, "\" y=\"4\" height=\"12\" width=\"");
  aus_html_number(h, fabs(end - 128), 6);
  aus_html_raw(h, "\"/>");
  if (isfinite(lo) && isfinite(hi) && hi > lo) {
    const double a = fmax(1, 128 + lo * scale), b = fmin(255, 128 + hi * scale);
    aus_html_raw(h, "<path class=\"whisker\" d=\"M");
    aus_html_number(h, a, 6);
    aus_html_raw(h, " 6v8M");
    aus_html_number(h, a, 6);
    aus_html_raw(h, " 10H");
    aus_html_number(h, b, 6);
    aus_html_raw(h, "m0 -4v8\"/>");
  }
  aus_html_raw(h, "</svg>");
}

static void cell(aus_html *h, double v, int digits)
{
  aus_html_raw(h, "<td class=\"n\">");
  aus_html_number(h, v, digits);
  aus_html_raw(h, "</td>");
}

static void weight_row(aus_html *h, const char *name, const aus_weight *w, double full)
{
  aus_html_raw(h, "<tr><th scope=\"row\">");
  aus_html_text(h, name);
  aus_html_raw(h, "</th><td>");
  bar(h, w->weight, w->lo, w->hi, full);
  aus_html_raw(h, "</td>");
  cell(h, w->weight, 4);
  aus_html_raw(h, "<td class=\"n\">");
  aus_html_number(h, w->lo, 4);
  aus_html_raw(h, " \xe2\x80\xa6 ");
  aus_html_number(h, w->hi, 4);
  aus_html_raw(h, "</td>");
  cell(h, w->shapley, 4);
  cell(h, w->alone, 4);
  cell(h, w->without, 4);
  aus_html_raw(h, "</tr>\n");
}

static void trust(aus_html *h, const aus_explanation *e, const aus_target_explanation *t)
{
  aus_html_raw(h, t->r2 >= 0.6 ? "<ul>\n<li>R\xc2\xb2 " : "<ul class=\"warn\">\n<li>R\xc2\xb2 ");
  aus_html_number(h, t->r2, 4);
  aus_html_format(h, ": %s.</li>\n", aus_trust_fit(t->r2));
  if (isfinite(t->additivity_gap)) {
    aus_html_raw(h, "<li>The Shapley values add up to f(input) \xe2\x88\x92 f(nothing) = ");
    aus_html_number(h, t->score - t->score_none, 4);
    aus_html_raw(h, " within ");
    aus_html_number(h, fabs(t->additivity_gap), 2);
    aus_html_raw(h, aus_trust_additive(t) ? ".</li>\n" : ": more than they should.</li>\n");
  }
  aus_html_raw(h, "<li>The weights predict ");
  aus_html_number(h, t->local_prediction, 4);
  aus_html_raw(h, " for the input; the model says ");
  aus_html_number(h, t->score, 4);
  aus_html_format(h, ".</li>\n<li>Chance: %s.</li>\n</ul>\n", aus_trust_stability(t->stability, e->exhaustive != 0));
}

static aus_status target(aus_html *h, const aus_explanation *e, int32_t index)
{
  const aus_target_explanation *t = &e->target[index];
  int32_t *order = aus_alloc(h->ctx, (size_t)e->n_components, sizeof *order);
  if (!order) return AUS_ENOMEM;
  aus_rank_components(t, e->n_components, order);
  double full = 0;
  for (int32_t i = 0; i < e->n_components; i++) {
    const aus_weight *w = &t->weight[i];
    if (isfinite(w->weight)) full = fmax(full, fabs(w->weight));
    if (isfinite(w->lo) && isfinite(w->hi)) full = fmax(full, fmax(fabs(w->lo), fabs(w->hi)));
  }
  aus_html_format(h, "<article data-of-target=\"%d\">\n<h3>", index);
  aus_html_text(h, t->name);
  aus_html_raw(h, ": ");
  aus_html_number(h, t->score, 4);
  aus_html_raw(h, "</h3>\n");
  if (isfinite(t->score_none)) {
    aus_html_raw(h, "<p>With nothing on, the model says ");
    aus_html_number(h, t->score_none, 4);
    aus_html_raw(h, ".</p>\n");
  }
  aus_html_raw(h, "<div class=\"wide\"><table><thead><tr><th>component</th><th>weight and interval</th><th class=\"n\">weight</th><th class=\"n\">");
  aus_html_text(h, e->interval[0] ? e->interval : "interval");
  aus_html_raw(h, "</th><th class=\"n\">Shapley</th><th class=\"n\">alone</th><th class=\"n\">without</th></tr></thead><tbody>\n");
  for (int32_t k = 0; k < e->n_components; k++) weight_row(h, e->component[order[k]], &t->weight[order[k]], full);
  aus_html_raw(h, "</tbody></table></div>\n");
  trust(h, e, t);
  aus_html_raw(h, "</article>\n");
  aus_free(h->ctx, order);
  return AUS_OK;
}

aus_status aus_page_numbers(aus_html *h, const aus_report *r)
{
  aus_html_raw(h, "<section id=\"numbers\">\n<h2>The numbers</h2>\n");
  for (int32_t i = 0; i < r->explanation->n_targets; i++) AUS_TRY(target(h, r->explanation, i));
  aus_html_raw(h, "</section>\n");
  return AUS_OK;
}
