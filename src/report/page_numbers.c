/* page_numbers.c - the numbers of each target: weights with intervals, from nothing to everything, pairs, the table, what
 * becomes of the answer if, and how far to trust all of it. */
#include "report/chart.h"
#include "report/page.h"
#include "report/whatif.h"

#include <math.h>
#include <string.h>

typedef void (*draw_fn)(aus_chart *c, aus_ctx *ctx, const aus_explanation *e, int32_t target);

static aus_status chart(aus_html *h, const aus_explanation *e, int32_t target, draw_fn draw)
{
  aus_chart c;
  char *svg;
  draw(&c, h->ctx, e, target);
  const aus_status status = c.failed ? AUS_ENOMEM : c.n > 0 ? aus_chart_svg(&c, false, &svg) : AUS_OK;
  if (status == AUS_OK && c.n > 0) {
    aus_html_raw(h, "<div class=\"wide\">");
    aus_html_raw(h, svg);
    aus_html_raw(h, "</div>\n");
    aus_free(h->ctx, svg);
  }
  aus_chart_free(&c);
  return status;
}

/* ---- the table ------------------------------------------------------------------------------------ */

static void cell(aus_html *h, double v)
{
  aus_html_raw(h, "<td class=\"n\">");
  aus_html_number(h, v, 4);
  aus_html_raw(h, "</td>");
}

static void signed_cell(aus_html *h, double v)
{
  aus_html_raw(h, v < 0 ? "<td class=\"n against\">" : v > 0 ? "<td class=\"n for\">" : "<td class=\"n\">");
  aus_html_signed(h, v, 4);
  aus_html_raw(h, "</td>");
}

/* Columns that some part of this target has something in: a map has no intervals, few methods have Shapley values. */
typedef struct columns { bool interval, shapley, alone, without; } columns;

static columns columns_of(const aus_explanation *e, const aus_target_explanation *t)
{
  columns c = { false, false, false, false };
  for (int32_t i = 0; i < e->n_components; i++) {
    const aus_weight *w = &t->weight[i];
    c.interval = c.interval || (isfinite(w->lo) && w->lo < w->hi);
    c.shapley = c.shapley || isfinite(w->shapley);
    c.alone = c.alone || isfinite(w->alone);
    c.without = c.without || isfinite(w->without);
  }
  return c;
}

static void interval_cell(aus_html *h, const aus_weight *w)
{
  aus_html_raw(h, "<td class=\"n\">");
  aus_html_signed(h, w->lo, 3);
  aus_html_raw(h, " to ");
  aus_html_signed(h, w->hi, 3);
  aus_html_raw(h, "</td>");
}

static void error_cell(aus_html *h, const aus_weight *w)
{
  aus_html_raw(h, "<td class=\"n\">");
  if (w->shapley_se > 0) aus_html_raw(h, "\xc2\xb1 ");
  if (w->shapley_se > 0) aus_html_number(h, w->shapley_se, 2);
  else aus_html_raw(h, isfinite(w->shapley) ? "exact" : "\xe2\x80\x93");
  aus_html_raw(h, "</td>");
}

static void weight_row(aus_html *h, const char *name, const aus_weight *w, columns c)
{
  aus_html_raw(h, "<tr><th scope=\"row\">");
  aus_html_text(h, name);
  aus_html_raw(h, "</th>");
  signed_cell(h, w->weight);
  if (c.interval) interval_cell(h, w);
  if (c.shapley) signed_cell(h, w->shapley);
  if (c.shapley) error_cell(h, w);
  if (c.alone) cell(h, w->alone);
  if (c.without) cell(h, w->without);
  aus_html_raw(h, "</tr>\n");
}

static void table_head(aus_html *h, const aus_explanation *e, const aus_target_explanation *t, columns c)
{
  aus_html_raw(h, "<div class=\"wide\" tabindex=\"0\" role=\"group\" aria-label=\"the parts in numbers\"><table><thead><tr><th scope=\"col\">part</th><th scope=\"col\" class=\"n\">");
  aus_html_raw(h, !aus_trust_of_map(t) ? "weight" : strcmp(t->map.domain, "tiles") == 0 ? "value" : "the map's sum");
  aus_html_raw(h, "</th>");
  if (c.interval) {
    aus_html_raw(h, "<th scope=\"col\" class=\"n\">");
    aus_html_text(h, e->interval[0] ? e->interval : "interval");
    aus_html_raw(h, "</th>");
  }
  if (c.shapley) aus_html_raw(h, "<th scope=\"col\" class=\"n\">Shapley value</th><th scope=\"col\" class=\"n\">error</th>");
  if (c.alone) aus_html_raw(h, "<th scope=\"col\" class=\"n\">alone</th>");
  if (c.without) aus_html_raw(h, "<th scope=\"col\" class=\"n\">all but it</th>");
  aus_html_raw(h, "</tr></thead><tbody>\n");
}

enum { SHORT_TABLE = 24 };

/* Strongest first; a long one shows its top and folds the rest. */
static void table(aus_html *h, const aus_explanation *e, const aus_target_explanation *t, const int32_t *order)
{
  const columns c = columns_of(e, t);
  const int32_t top = e->n_components > SHORT_TABLE + 8 ? SHORT_TABLE : e->n_components;
  table_head(h, e, t, c);
  for (int32_t k = 0; k < top; k++) weight_row(h, e->component[order[k]], &t->weight[order[k]], c);
  aus_html_raw(h, "</tbody></table></div>\n");
  if (top == e->n_components) return;
  aus_html_format(h, "<details><summary>the other %d parts</summary>\n", e->n_components - top);
  table_head(h, e, t, c);
  for (int32_t k = top; k < e->n_components; k++) weight_row(h, e->component[order[k]], &t->weight[order[k]], c);
  aus_html_raw(h, "</tbody></table></div></details>\n");
}

/* ---- what if ---------------------------------------------------------------------------------------- */

/* The bits of a mix, for the button that plays it. */
static void bits(aus_html *h, const uint8_t *z, int32_t n)
{
  for (int32_t i = 0; i < n; i++) aus_html_raw(h, z[i] ? "1" : "0");
}

static void names(aus_html *h, const aus_explanation *e, const uint8_t *z, bool on)
{
  int32_t said = 0;
  for (int32_t i = 0; i < e->n_components; i++) {
    if ((z[i] != 0) != on) continue;
    if (said++) aus_html_raw(h, " + ");
    aus_html_text(h, e->component[i]);
  }
}

static void sentence(aus_html *h, const aus_explanation *e, const aus_whatif *w, bool on, const char *before, const char *after)
{
  if (w->row < 0) return;
  const uint8_t *z = e->z + (size_t)w->row * (size_t)e->n_components;
  aus_html_raw(h, "<li>");
  aus_html_raw(h, before);
  aus_html_raw(h, " <b>");
  names(h, e, z, on);
  aus_html_raw(h, "</b>");
  aus_html_raw(h, after);
  aus_html_number(h, w->answer, 3);
  aus_html_raw(h, ". <button class=\"js small\" data-on=\"");
  bits(h, z, e->n_components);
  aus_html_raw(h, "\">hear it</button></li>\n");
}

/* All mixes of few parts, the model's answer beside what the weights would say. */
static void every_mix(aus_html *h, const aus_explanation *e, int32_t target)
{
  const aus_target_explanation *t = &e->target[target];
  const int32_t n = e->n_components;
  aus_html_format(h, "<details><summary>all %lld mixes</summary>\n<div class=\"wide\"><table><thead><tr><th>on</th><th class=\"n\">the model says</th><th class=\"n\">the weights say</th><th class=\"js\"></th></tr></thead><tbody>\n",
                  (long long)e->n_rows);
  for (int64_t r = 0; r < e->n_rows; r++) {
    const uint8_t *z = e->z + (size_t)r * (size_t)n;
    double guess = t->intercept;
    int32_t on = 0;
    for (int32_t i = 0; i < n; i++)
      if (z[i]) { guess += t->weight[i].weight; on++; }
    aus_html_raw(h, "<tr><td>");
    if (on == 0) aus_html_raw(h, "nothing");
    else if (on == n) aus_html_raw(h, "everything");
    else names(h, e, z, true);
    aus_html_raw(h, "</td>");
    cell(h, e->y[r * e->n_targets + target]);
    cell(h, guess);
    aus_html_raw(h, "<td class=\"js\"><button class=\"small\" data-on=\"");
    bits(h, z, n);
    aus_html_raw(h, "\">hear it</button></td></tr>\n");
  }
  aus_html_raw(h, "</tbody></table></div></details>\n");
}

static void what_if(aus_html *h, const aus_explanation *e, int32_t target)
{
  aus_whatif enough, gone;
  if (!e->z || !e->y || e->n_components < 2) return;
  aus_whatif_find(e, target, &enough, &gone);
  if (enough.row < 0 && gone.row < 0) return;
  aus_html_raw(h, "<h4>What if?</h4>\n<ul>\n");
  sentence(h, e, &enough, true, "Enough for nine tenths of the answer:", " alone, to which the model says ");
  sentence(h, e, &gone, false, "Gone is at least half of it without", ": the model then says ");
  aus_html_raw(h, "</ul>\n");
  if (e->exhaustive && e->n_rows <= 64) every_mix(h, e, target);
}

/* ---- trust -------------------------------------------------------------------------------------------- */

/* What there is to doubt about a map: what it sums to, how chance came in, how fine it is, what the method cannot tell. */
static void trust_in_map(aus_html *h, const aus_explanation *e, const aus_target_explanation *t)
{
  aus_html_raw(h, "<ul>\n");
  if (isfinite(t->local_prediction)) {
    aus_html_raw(h, "<li>Sum: the map adds up to ");
    aus_html_signed(h, t->local_prediction, 3);
  }
  if (!isfinite(t->local_prediction)) {
    aus_html_raw(h, "<li>Sum: values of this method need not add up to the answer");
  } else if (isfinite(t->additivity_gap)) {
    aus_html_raw(h, "; it should be what the answer differs from the baseline's, and is off by ");
    aus_html_number(h, fabs(t->additivity_gap), 2);
  } else {
    aus_html_raw(h, "; this method does not promise that it is the answer");
  }
  aus_html_raw(h, ".</li>\n");
  if (isfinite(t->weight[0].lo) && t->weight[0].lo < t->weight[0].hi) aus_html_raw(h, "<li>Chance: masks were drawn; the table's intervals say how much that matters.</li>\n");
  if (e->n_components == 3) aus_html_raw(h, "<li>The parts are cut out of the sound by a soft mask, so that they overlap a little in what they hold.</li>\n");
  if (isfinite(t->complexity)) {
    aus_html_raw(h, "<li>Spread: ");
    aus_html_number(h, t->complexity, 2);
    aus_html_raw(h, " (0: one cell says it all, 1: all say the same).</li>\n");
  }
  aus_html_raw(h, "</ul>\n");
}

static void trust(aus_html *h, const aus_explanation *e, const aus_target_explanation *t)
{
  aus_html_raw(h, "<h4>How far to trust it</h4>\n");
  aus_page_trust(h, e, t);
  if (aus_trust_of_map(t)) { trust_in_map(h, e, t); return; }
  aus_html_raw(h, "<ul>\n<li>Fit: R\xc2\xb2 ");
  aus_html_number(h, t->r2, 3);
  aus_html_format(h, "; %s. ", aus_trust_fit(t->r2));
  aus_html_raw(h, "They predict ");
  aus_html_number(h, t->local_prediction, 3);
  aus_html_raw(h, " for the input; the model says ");
  aus_html_number(h, t->score, 3);
  aus_html_raw(h, ".</li>\n");
  if (isfinite(t->additivity_gap)) {
    aus_html_raw(h, "<li>Sum: the Shapley values add up to f(everything) \xe2\x88\x92 f(nothing) = ");
    aus_html_number(h, t->score - t->score_none, 3);
    aus_html_raw(h, " within ");
    aus_html_number(h, fabs(t->additivity_gap), 2);
    aus_html_raw(h, aus_trust_additive(t) ? ".</li>\n" : ": more than they should.</li>\n");
  }
  aus_html_format(h, "<li>Chance: %s.", aus_trust_stability(t->stability, e->exhaustive != 0));
  if (!e->exhaustive && isfinite(t->stability)) {
    aus_html_raw(h, " Rank agreement over repeats ");
    aus_html_number(h, t->stability, 3);
    aus_html_raw(h, "; same top parts ");
    aus_html_number(h, t->vsi, 3);
    aus_html_raw(h, ", overlapping intervals ");
    aus_html_number(h, t->csi, 3);
    aus_html_raw(h, " of 100.");
  }
  aus_html_raw(h, "</li>\n");
  if (isfinite(t->complexity)) {
    aus_html_raw(h, "<li>Spread: ");
    aus_html_number(h, t->complexity, 2);
    aus_html_raw(h, " (0: one part says it all, 1: all say the same).</li>\n");
  }
  aus_html_raw(h, "</ul>\n");
}

/* ---- the section ----------------------------------------------------------------------------------------- */

static aus_status target(aus_html *h, const aus_explanation *e, int32_t index)
{
  const aus_target_explanation *t = &e->target[index];
  int32_t *order = aus_alloc(h->ctx, (size_t)e->n_components + 1, sizeof *order);
  if (!order) return AUS_ENOMEM;
  aus_rank_components(t, e->n_components, order);
  aus_html_format(h, "<article data-of-target=\"%d\">\n<h3>", index);
  aus_html_text(h, t->name);
  aus_html_raw(h, ": ");
  aus_html_fixed(h, t->score, 3);
  aus_html_raw(h, "</h3>\n");
  trust(h, e, t);
  aus_status status = AUS_OK;
  if (e->n_components > 0) {
    aus_html_raw(h, "<div class=\"charts\">\n");
    status = chart(h, e, index, aus_chart_weights);
    if (status == AUS_OK) status = chart(h, e, index, aus_chart_waterfall);
    if (status == AUS_OK) status = chart(h, e, index, aus_chart_pairs);
    aus_html_raw(h, "</div>\n");
    what_if(h, e, index);
    table(h, e, t, order);
  }
  aus_html_raw(h, "</article>\n");
  aus_free(h->ctx, order);
  return status;
}

aus_status aus_page_numbers(aus_html *h, const aus_report *r)
{
  aus_html_raw(h, "<section id=\"numbers\">\n<h2>The numbers</h2>\n");
  for (int32_t i = 0; i < r->explanation->n_targets; i++) AUS_TRY(target(h, r->explanation, i));
  aus_html_raw(h, "</section>\n");
  return AUS_OK;
}
