/* page_set.c - one self-contained page for a set of songs: what does the model rely on, and can that be trusted?
 *
 * The answer stands at the top in words and bars, as HTML. Below it the script draws every explanation: parallel coordinates, a swarm
 * per component, predictions against local predictions; a brush in one filters all (web/set*.js). Without script there are the answer,
 * the numbers, the picks and the songs with their links. */
#include "report/chart_maps.h"
#include "report/page_frame.h"
#include "report/page_set.h"

#include <math.h>

static const char set_css[] =
#include "set_css.inc"
  ;
static const char set_js[] =
#include "set_js.inc"
  ;

enum { CARDS = 3, NAMED = 4 };

/* ---- the answer ------------------------------------------------------------------------------------ */

static void percent(aus_html *h, double share) { aus_html_format(h, "%d&nbsp;%%", (int)lrint(100 * share)); }

/* A bar from the middle: the median, and a thin line from 5 to 95 %. */
static void bar(aus_html *h, const aus_spread *s, double full)
{
  const double scale = 50 / full, from = 50 + scale * fmin(0, s->q50), width = scale * fabs(s->q50);
  aus_html_raw(h, "<svg class=\"mini\" viewBox=\"0 0 100 12\" preserveAspectRatio=\"none\" aria-hidden=\"true\"><rect class=\"");
  aus_html_raw(h, s->q50 < 0 ? "i-against" : "i-for");
  aus_html_raw(h, "\" y=\"2\" height=\"8\" x=\"");
  aus_html_number(h, from, 5);
  aus_html_raw(h, "\" width=\"");
  aus_html_number(h, fmax(width, 0.4), 5);
  aus_html_raw(h, "\"/><path class=\"range\" d=\"M");
  aus_html_number(h, 50 + scale * s->q05, 5);
  aus_html_raw(h, " 6H");
  aus_html_number(h, 50 + scale * s->q95, 5);
  aus_html_raw(h, "\"/><path class=\"zero\" d=\"M50 0V12\"/></svg>");
}

static double widest(const aus_set *s, const aus_set_target *t)
{
  double full = 1e-12;
  for (int32_t c = 0; c < s->n_components; c++)
    if (t->component[c].weight.n) full = fmax(full, fmax(fabs(t->component[c].weight.q05), fabs(t->component[c].weight.q95)));
  return full;
}

static void part(aus_html *h, const aus_set *s, const aus_set_target *t, int32_t c, double full)
{
  const aus_set_component *k = &t->component[c];
  aus_html_raw(h, "<tr><th scope=\"row\">");
  aus_html_text(h, s->component[c]);
  aus_html_raw(h, "</th><td>");
  bar(h, &k->weight, full);
  aus_html_raw(h, "</td><td class=\"n\"><b class=\"");
  aus_html_raw(h, k->weight.q50 < 0 ? "against\">" : "for\">");
  aus_html_signed(h, k->weight.q50, 2);
  aus_html_raw(h, "</b></td><td class=\"n\">");
  percent(h, k->strongest);
  aus_html_raw(h, "</td></tr>\n");
}

/* The one that carries the answer most often, in words. */
static void headline(aus_html *h, const aus_set *s, const aus_set_target *t)
{
  int32_t best = -1;
  for (int32_t c = 0; c < s->n_components; c++)
    if (t->component[c].weight.n && (best < 0 || t->component[c].strongest > t->component[best].strongest)) best = c;
  if (best < 0 || !(t->component[best].strongest > 0)) { aus_html_raw(h, "<p class=\"why\">No part speaks for it.</p>\n"); return; }
  const aus_set_component *k = &t->component[best];
  aus_html_raw(h, "<p class=\"why\">It relies most on <b class=\"for\">");
  aus_html_text(h, s->component[best]);
  aus_html_format(h, "</b>: the strongest part for it in %d of %d snippets (", (int)lrint(k->strongest * t->n), t->n);
  percent(h, k->strongest);
  aus_html_raw(h, ").</p>\n");
}

static void trust_line(aus_html *h, const aus_set_target *t)
{
  char words[240];
  const aus_trust trust = aus_set_trust(t, words, sizeof words);
  aus_page_trust_line(h, trust, words);
}

static void card(aus_html *h, const aus_set_analysis *a, int32_t index)
{
  const aus_set *s = a->set;
  const aus_set_target *t = &a->target[index];
  const double full = widest(s, t);
  aus_html_format(h, "<article class=\"card\" data-card=\"%d\">\n<h2><span>", index);
  aus_html_text(h, s->target[t->target]);
  aus_html_raw(h, "</span> <b>");
  aus_html_fixed(h, t->score.mean, 3);
  aus_html_raw(h, "</b></h2>\n");
  aus_html_format(h, "<p class=\"faint\">mean answer; explained in %d snippet%s of %d song%s</p>\n", t->n, t->n == 1 ? "" : "s", t->n_songs, t->n_songs == 1 ? "" : "s");
  headline(h, s, t);
  aus_html_raw(h, "<table class=\"parts\"><thead><tr><th scope=\"col\">part</th><th scope=\"col\"><span class=\"against\">against</span> \xc2\xb7 <span class=\"for\">for</span></th>"
                  "<th scope=\"col\" class=\"n\">median</th><th scope=\"col\" class=\"n\">strongest</th></tr></thead><tbody>\n");
  for (int32_t k = 0, shown = 0; k < s->n_components && shown < NAMED; k++)
    if (t->component[t->order[k]].weight.n) { part(h, s, t, t->order[k], full); shown++; }
  aus_html_raw(h, "</tbody></table>\n");
  if (s->n_components > NAMED) aus_html_format(h, "<p class=\"faint\">and %d weaker parts below</p>\n", s->n_components - NAMED);
  trust_line(h, t);
  if (a->n > 1) aus_html_format(h, "<button class=\"js\" data-choose=\"%d\" aria-pressed=\"%s\">look at this answer</button>\n", index, index ? "false" : "true");
  aus_html_raw(h, "</article>\n");
}

void aus_page_set_said(aus_html *h, const aus_set_analysis *a)
{
  aus_html_raw(h, "<section id=\"said\" aria-label=\"what the model relies on\">\n");
  if (a->set->mixed) aus_html_raw(h, "<p class=\"warn\">These results are of different models or were made with different settings: compare them with care.</p>\n");
  aus_html_raw(h, "<div class=\"cards\">\n");
  for (int32_t i = 0; i < a->n && i < CARDS; i++) card(h, a, i);
  aus_html_raw(h, "</div>\n</section>\n");
}

/* A song's own page: what each part weighs from snippet to snippet, on one scale. Snippets stand in their order; between them time may be missing. */
static aus_status strips(aus_html *h, const aus_set_analysis *a)
{
  const aus_set *s = a->set;
  if (s->n_songs != 1 || s->n_pieces < 2) return AUS_OK;
  float *value = aus_alloc(h->ctx, (size_t)s->n_components * (size_t)s->n_pieces + 1, sizeof *value);
  if (!value) return AUS_ENOMEM;
  aus_status status = AUS_OK;
  aus_html_raw(h, "<section id=\"strips\">\n<h2>From snippet to snippet</h2>\n");
  for (int32_t k = 0; k < a->n && status == AUS_OK; k++) {
    const aus_set_target *t = &a->target[k];
    aus_chart c;
    char *svg = NULL;
    for (int64_t i = 0; i < (int64_t)s->n_components * s->n_pieces; i++) value[i] = 0;
    for (int32_t i = 0; i < t->n; i++)
      for (int32_t m = 0; m < s->n_components; m++) {
        const double w = aus_set_weight(&s->row[t->row[i]], m);
        value[(int64_t)m * s->n_pieces + s->row[t->row[i]].piece] = isfinite(w) ? (float)w : 0;
      }
    const aus_strips all = { .n = s->n_components, .columns = s->n_pieces, .value = value, .name = (const char *const *)s->component };
    aus_chart_strips(&c, h->ctx, &all, s->target[t->target]);
    status = aus_chart_svg(&c, false, &svg);
    aus_html_format(h, "<div class=\"wide\" data-of-target=\"%d\">", k);
    if (svg) aus_html_raw(h, svg);
    aus_html_raw(h, "</div>\n");
    aus_free(h->ctx, svg);
    aus_chart_free(&c);
  }
  aus_free(h->ctx, value);
  aus_html_raw(h, "<p class=\"faint\">The part's weight in each snippet, in their order: up for the answer, down against it.</p>\n</section>\n");
  return status;
}

/* ---- places for the script ----------------------------------------------------------------------------- */

static void target_list(aus_html *h, const aus_set_analysis *a)
{
  if (a->n < 2) return;
  aus_html_raw(h, "<label>answer <select id=\"target\">");
  for (int32_t i = 0; i < a->n; i++) {
    aus_html_format(h, "<option value=\"%d\">", i);
    aus_html_text(h, a->set->target[a->target[i].target]);
    aus_html_format(h, " (%d)</option>", a->target[i].n);
  }
  aus_html_raw(h, "</select></label>");
}

void aus_page_set_look(aus_html *h, const aus_set_analysis *a)
{
  aus_html_raw(h, "<section id=\"look\" class=\"js\">\n<h2>Every explanation at once: <span data-target-name></span></h2>\n"
                  "<p>Each line is one snippet; it crosses an axis at the weight that the part has there; the stronger its colour, the surer the model's answer. "
                  "Drag along an axis to keep only what crosses it there; all of the page follows. With keys: Tab to an axis, arrow keys move its ends, Delete lets go.</p>\n<div class=\"bar\">");
  target_list(h, a);
  aus_html_raw(h, "<output id=\"kept\" aria-live=\"polite\"></output><button id=\"clear\" disabled>show all again</button>"
                  "<label><input id=\"own\" type=\"checkbox\"> each part on its own scale</label>"
                  "<span class=\"legend\" aria-hidden=\"true\"><span id=\"low\"></span><canvas id=\"ramp\" width=\"96\" height=\"10\"></canvas><span id=\"high\"></span> answer</span></div>\n"
                  "<div class=\"scroll\" tabindex=\"0\" role=\"group\" aria-label=\"parallel coordinates: one axis per part, then the answer and the fit\"><div id=\"parallel\" class=\"plot\"></div></div>\n"
                  "<p id=\"detail\" aria-live=\"polite\"></p>\n</section>\n"
                  "<section class=\"js\">\n<div class=\"halves\">\n<div><h2>How the weights are spread</h2>\n<p class=\"faint\">A dot is a snippet. Left of the line the part speaks against <b data-target-name></b>, right of it for it.</p>\n<div id=\"swarms\"></div></div>\n"
                  "<div><h2>Can the weights be trusted?</h2>\n<p id=\"faith-words\"></p>\n<div id=\"faith\" class=\"plot\"></div>\n<p class=\"faint\">On the line, the weights together give back the model's answer. "
                  "<span class=\"fit-good\">\xe2\x97\x8f</span>&nbsp;they explain 90&nbsp;% and more of its behaviour there (weighted R\xc2\xb2), <span class=\"fit-fair\">\xe2\x96\xb2</span>&nbsp;60&nbsp;% and more, <span class=\"fit-poor\">\xc3\x97</span>&nbsp;less: leave those out. A small dot: not measured.</p></div>\n</div>\n</section>\n"
                  "<section class=\"js\" id=\"classes\">\n<h2>What each answer rests on</h2>\n<div class=\"bar\"><span class=\"group\" role=\"group\" aria-label=\"how weights are put together\">"
                  "<button data-measure=\"mean\" aria-pressed=\"true\">mean |weight|</button><button data-measure=\"root\" aria-pressed=\"false\">\xe2\x88\x9a sum |weight|</button>"
                  "<button data-measure=\"homogeneity\" aria-pressed=\"false\">sum, telling answers apart</button></span></div>\n<p class=\"faint\" id=\"measure-words\"></p>\n<div id=\"class-bars\"></div>\n</section>\n");
}

/* ---- the page --------------------------------------------------------------------------------------------- */

static aus_status write_page(aus_html *h, const aus_set_page *p)
{
  const aus_page_frame frame = { .title = p->title, .subtitle = p->subtitle, .css = set_css, .js = set_js, .back = p->back, .back_name = p->back_name };
  aus_page_begin(h, &frame);
  aus_page_set_said(h, p->analysis);
  AUS_TRY(strips(h, p->analysis));
  aus_page_set_look(h, p->analysis);
  aus_page_set_picks(h, p->analysis);
  aus_page_set_songs(h, p->analysis);
  aus_page_set_numbers(h, p->analysis);
  AUS_TRY(aus_page_set_made(h, p));
  aus_page_end(h, &frame, p->json);
  return h->status;
}

aus_status aus_set_page_write(aus_ctx *ctx, const aus_set_page *page, const char *path, int replace)
{
  aus_html h = { .ctx = ctx, .status = AUS_OK };
  AUS_TRY(aus_outfile_open(ctx, path, replace, &h.f));
  const aus_status status = write_page(&h, page);
  if (status != AUS_OK) { aus_outfile_abort(h.f); return status; }
  return aus_outfile_commit(h.f);
}
