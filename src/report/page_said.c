/* page_said.c - the top of the page: what did the model say, which parts made it say so, can that be trusted?
 *
 * One card per target, readable in a few seconds and without script: the answer, the parts that carry
 * it in words, and one sentence of trust that is as large as the result. */
#include "report/page.h"
#include "report/page_frame.h"
#include "report/where.h"

#include <math.h>

enum { NAMED = 3 }; /* parts named on either side */

/* Names the strongest parts of one sign; parts below a twentieth of all are left out. */
static int name_parts(aus_html *h, const aus_explanation *e, const aus_target_explanation *t, const int32_t *order, double sign)
{
  double total = 0;
  int named = 0;
  for (int32_t i = 0; i < e->n_components; i++) {
    const double v = fabs(aus_component_value(&t->weight[i]));
    if (isfinite(v)) total += v;
  }
  for (int32_t k = 0; k < e->n_components && named < NAMED; k++) {
    const double v = aus_component_value(&t->weight[order[k]]);
    if (!(v * sign > 0) || fabs(v) < 0.05 * total) continue;
    aus_html_raw(h, named++ ? ", <b class=\"" : "<b class=\"");
    aus_html_raw(h, sign > 0 ? "for\">" : "against\">");
    aus_html_text(h, e->component[order[k]]);
    aus_html_raw(h, "</b>&nbsp;");
    aus_html_signed(h, v, 2);
  }
  return named;
}

/* "2.1-2.9 s (31 %) and 4-4.8 s (22 %); half of it within 200-700 Hz" */
static void place_of_map(aus_html *h, const aus_map *m, double sign, double seconds)
{
  aus_stretch s[AUS_STRETCHES];
  double low, high;
  const char *kind = sign > 0 ? "<b class=\"for\">" : "<b class=\"against\">";
  const int32_t n = aus_where_time(m, sign, seconds, s);
  for (int32_t i = 0; i < n; i++) {
    aus_html_raw(h, i ? " and " : "most of all at ");
    aus_html_raw(h, kind);
    aus_html_number(h, s[i].t0, 3);
    aus_html_raw(h, "\xe2\x80\x93");
    aus_html_number(h, s[i].t1, 3);
    aus_html_format(h, "&nbsp;s</b> (%.0f&nbsp;%% of it)", 100 * s[i].share);
  }
  const bool band = aus_where_band(h->ctx, m, sign, &low, &high);
  if (band) {
    aus_html_raw(h, n ? "; half of it at " : "half of it at ");
    aus_html_raw(h, kind);
    aus_html_number(h, low, 3);
    aus_html_raw(h, "\xe2\x80\x93");
    aus_html_number(h, high, 3);
    aus_html_raw(h, "&nbsp;Hz</b>");
  }
  if (!n && !band) aus_html_raw(h, aus_map_has(m, sign) ? "spread over all of it" : "nothing");
}

static void why_by_map(aus_html *h, const aus_map *m, double seconds)
{
  aus_html_raw(h, "<p class=\"why\">Speaks for it: ");
  place_of_map(h, m, 1, seconds);
  aus_html_raw(h, ".<br>Against it: ");
  place_of_map(h, m, -1, seconds);
  aus_html_raw(h, ".</p>\n");
}

static void why(aus_html *h, const aus_report *r, const aus_target_explanation *t, const int32_t *order)
{
  const aus_explanation *e = r->explanation;
  if (t->map.frames > 0) { why_by_map(h, &t->map, (double)r->components->samples / r->components->rate); return; }
  if (e->n_components < 1) return;
  aus_html_raw(h, "<p class=\"why\">Speaks for it: ");
  if (!name_parts(h, e, t, order, 1)) aus_html_raw(h, "nothing that stands out");
  aus_html_raw(h, ".<br>Against it: ");
  if (!name_parts(h, e, t, order, -1)) aus_html_raw(h, "nothing that stands out");
  aus_html_raw(h, ".</p>\n");
}

void aus_page_trust(aus_html *h, const aus_explanation *e, const aus_target_explanation *t)
{
  char words[240];
  const aus_trust trust = aus_trust_verdict(e, t, words, sizeof words);
  aus_page_trust_line(h, trust, words);
}

static aus_status card(aus_html *h, const aus_report *r, int32_t index)
{
  const aus_explanation *e = r->explanation;
  const aus_target_explanation *t = &e->target[index];
  int32_t *order = aus_alloc(h->ctx, (size_t)e->n_components + 1, sizeof *order);
  if (!order) return AUS_ENOMEM;
  aus_rank_components(t, e->n_components, order);
  aus_html_format(h, "<article class=\"card\" data-card=\"%d\">\n<h2><span>", index);
  aus_html_text(h, t->name);
  aus_html_raw(h, "</span> <b>");
  aus_html_fixed(h, t->score, 3);
  aus_html_raw(h, "</b></h2>\n");
  if (isfinite(t->score_none)) {
    aus_html_raw(h, "<p class=\"faint\">To the baseline, with every part off, it says ");
    aus_html_number(h, t->score_none, 3);
    aus_html_raw(h, ".</p>\n");
  }
  why(h, r, t, order);
  aus_page_trust(h, e, t);
  aus_html_raw(h, "<p class=\"do\">");
  if (r->tracks && (e->n_components > 1 || t->map.frames > 0) && !(r->track_file && t->map.frames > 0 && index > 0))
    aus_html_format(h, "<button class=\"js\" data-hear=\"%d\">hear what speaks for it</button> ", index);
  aus_html_format(h, "<button class=\"js\" data-choose=\"%d\" aria-pressed=\"%s\">look at this answer</button></p>\n</article>\n", index, index ? "false" : "true");
  aus_free(h->ctx, order);
  return AUS_OK;
}

aus_status aus_page_said(aus_html *h, const aus_report *r)
{
  aus_html_raw(h, "<section id=\"said\" aria-label=\"what the model said\">\n<div class=\"cards\">\n");
  for (int32_t i = 0; i < r->explanation->n_targets; i++) AUS_TRY(card(h, r, i));
  aus_html_raw(h, "</div>\n</section>\n");
  return AUS_OK;
}
