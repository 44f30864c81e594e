/* page.c - one self-contained page that shows an explanation: opens from file://, asks no network.
 *
 * A content security policy allows nothing but data: pictures and sound and the one style and one
 * script whose hashes it names, so that no text from outside can act even if it escaped escaping. Without
 * script there are still the tables, the picture and a player per component.
 * Later this page grows; here every number in it is one of the JSON's. */
#include "report/html.h"
#include "report/picture.h"
#include "report/report.h"

#include <math.h>
#include <string.h>

static const char page_css[] =
#include "page_css.inc"
  ;
static const char page_js[] =
#include "page_js.inc"
  ;

static void head(aus_html *h, const aus_report *r)
{
  aus_html_raw(h, "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
                  "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; img-src data:; media-src data:; "
                  "base-uri 'none'; form-action 'none'; style-src ");
  aus_html_hash(h, page_css);
  aus_html_raw(h, "; script-src ");
  aus_html_hash(h, page_js);
  aus_html_raw(h, "\">\n<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n<meta name=\"referrer\" content=\"no-referrer\">\n<title>");
  aus_html_text(h, r->title);
  aus_html_raw(h, " - auscult</title>\n<style>");
  aus_html_raw(h, page_css);
  aus_html_raw(h, "</style>\n</head>\n<body>\n<h1>");
  aus_html_text(h, r->title);
  aus_html_raw(h, "</h1>\n<p class=\"faint\">Which parts of this sound the model's answer rests on. The parts are those of the method, not of the "
                  "world: what is heard here is what was switched on and off, and an explanation of the model, not of the music.</p>\n");
}

/* ---- sound -------------------------------------------------------------------------------- */

/* One gain for all players, so that they still add up: 1 unless a part is louder than full scale. */
static double common_gain(const float *x, int64_t n, double gain)
{
  for (int64_t i = 0; i < n; i++)
    if (fabs((double)x[i]) * gain > 1) gain = 1 / fabs((double)x[i]);
  return gain;
}

/* The channels of a model that hears stems are stems: their sum is the sound. */
static void mix_down(const aus_components *c, float *x)
{
  for (int32_t k = 1; k < c->channels; k++)
    for (int64_t t = 0; t < c->samples; t++) x[t] += x[(int64_t)k * c->samples + t];
}

static void player(aus_html *h, const aus_components *c, const float *x, double gain, const char *label)
{
  aus_html_raw(h, "<audio controls preload=\"none\" aria-label=\"");
  aus_html_text(h, label);
  aus_html_raw(h, "\" src=\"");
  aus_html_wav_url(h, c->rate, c->samples, x, gain);
  aus_html_raw(h, "\"></audio>");
}

static void component_row(aus_html *h, const aus_report *r, int32_t i, const float *x, double gain)
{
  const aus_place *p = &r->components->place[i];
  aus_html_format(h, "<tr data-component=\"%d\" data-name=\"", i);
  aus_html_text(h, r->components->name[i]);
  aus_html_raw(h, "\"><td class=\"scripted\"><button class=\"on\" aria-pressed=\"true\">on</button> <button class=\"solo\">solo</button></td><th scope=\"row\">");
  aus_html_text(h, r->components->name[i]);
  aus_html_raw(h, "</th><td class=\"n\">");
  aus_html_number(h, p->t0, 4);
  aus_html_raw(h, " \xe2\x80\x93 ");
  aus_html_number(h, p->t1, 4);
  aus_html_raw(h, " s</td><td class=\"n\">");
  if (p->f1 > p->f0) {
    aus_html_number(h, p->f0, 4);
    aus_html_raw(h, " \xe2\x80\x93 ");
    aus_html_number(h, p->f1, 4);
    aus_html_raw(h, " Hz");
  } else {
    aus_html_raw(h, "all");
  }
  aus_html_raw(h, "</td><td>");
  player(h, r->components, x, gain, r->components->name[i]);
  aus_html_raw(h, "</td></tr>\n");
}

static aus_status sound(aus_html *h, const aus_report *r)
{
  const aus_components *c = r->components;
  const size_t count = (size_t)c->samples * (size_t)c->channels;
  float *x = aus_alloc(h->ctx, count, sizeof *x);
  uint8_t *keep = aus_alloc_zero(h->ctx, (size_t)c->n, 1);
  if (!x || !keep) { aus_free(h->ctx, x); aus_free(h->ctx, keep); return AUS_ENOMEM; }
  memcpy(x, c->whole, count * sizeof *x);
  mix_down(c, x);
  double gain = common_gain(x, c->samples, 1);
  for (int32_t i = 0; i < c->n; i++) {
    keep[i] = 1;
    aus_components_render(c, keep, x);
    mix_down(c, x);
    gain = common_gain(x, c->samples, gain);
    keep[i] = 0;
  }
  aus_html_raw(h, "<h2>Listen</h2>\n<div class=\"transport scripted\"><button id=\"play\">Play</button><input id=\"seek\" type=\"range\" min=\"0\" max=\"1\" "
                  "step=\"0.0001\" value=\"0\" aria-label=\"position\" data-seconds=\"");
  aus_html_number(h, (double)c->samples / c->rate, 9);
  aus_html_raw(h, "\"><output id=\"clock\"></output><button data-mix=\"all\">everything</button></div>\n"
                  "<p class=\"transport scripted\">Heard now: <output id=\"state\" aria-live=\"polite\"></output></p>\n"
                  "<div class=\"wide\"><table><thead><tr><th class=\"scripted\"></th><th>component</th><th class=\"n\">time</th><th class=\"n\">band</th><th>alone</th></tr></thead><tbody>\n");
  for (int32_t i = 0; i < c->n; i++) {
    keep[i] = 1;
    aus_components_render(c, keep, x);
    mix_down(c, x);
    component_row(h, r, i, x, gain);
    keep[i] = 0;
  }
  memcpy(x, c->whole, count * sizeof *x);
  mix_down(c, x);
  aus_html_raw(h, "<tr><td class=\"scripted\"></td><th scope=\"row\">the input, as the model heard it</th><td></td><td></td><td>");
  player(h, c, x, gain, "the input, as the model heard it");
  aus_html_raw(h, "</td></tr>\n</tbody></table></div>\n");
  if (gain < 1) {
    aus_html_raw(h, "<p class=\"warn\">All players are turned down by the same factor, ");
    aus_html_number(h, gain, 4);
    aus_html_raw(h, ", because one part is louder than full scale. The numbers were made with the original level.</p>\n");
  }
  if (c->off) aus_html_raw(h, "<p class=\"warn\">An absent component is not silence here but the baseline; a player alone gives the difference that its component makes.</p>\n");
  aus_free(h->ctx, x);
  aus_free(h->ctx, keep);
  return AUS_OK;
}

/* ---- numbers ------------------------------------------------------------------------------- */

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
  aus_html_raw(h, "<h2>");
  aus_html_text(h, t->name);
  aus_html_raw(h, ": ");
  aus_html_number(h, t->score, 4);
  aus_html_raw(h, "</h2>\n");
  if (isfinite(t->score_none)) {
    aus_html_raw(h, "<p>With nothing on, the model says ");
    aus_html_number(h, t->score_none, 4);
    aus_html_raw(h, ".</p>\n");
  }
  aus_html_format(h, "<div class=\"transport scripted\">Hear: <button data-mix=\"for\" data-target=\"%d\">what speaks for it</button>"
                     "<button data-mix=\"against\" data-target=\"%d\">what speaks against it</button><button data-mix=\"top\" data-target=\"%d\">the top three</button></div>\n",
                  index, index, index);
  aus_html_raw(h, "<div class=\"wide\"><table><thead><tr><th>component</th><th>weight and interval</th><th class=\"n\">weight</th><th class=\"n\">");
  aus_html_text(h, e->interval[0] ? e->interval : "interval");
  aus_html_raw(h, "</th><th class=\"n\">Shapley</th><th class=\"n\">alone</th><th class=\"n\">without</th></tr></thead><tbody>\n");
  for (int32_t k = 0; k < e->n_components; k++) weight_row(h, e->component[order[k]], &t->weight[order[k]], full);
  aus_html_raw(h, "</tbody></table></div>\n");
  trust(h, e, t);
  aus_free(h->ctx, order);
  return AUS_OK;
}

/* ---- picture -------------------------------------------------------------------------------- */

static aus_status picture(aus_html *h, const aus_report *r)
{
  const aus_spectrogram *s = r->spectrogram;
  if (!s) {
    aus_html_raw(h, "<h2>What the model sees</h2>\n<p>This model does not show the picture it works on.</p>\n");
    return AUS_OK;
  }
  aus_picture p;
  AUS_TRY(aus_picture_make(h->ctx, s, &p));
  aus_html_raw(h, "<h2>What the model sees</h2>\n<figure><div class=\"stage\" id=\"stage\"><img alt=\"the model's own spectrogram\" src=\"");
  aus_html_data_url(h, "image/png", p.png, p.size);
  aus_html_raw(h, "\"><div class=\"head\" id=\"head\"></div></div><div class=\"axis\"><span>0 s</span><span>");
  aus_html_number(h, (double)s->frames * s->hop_seconds, 4);
  aus_html_raw(h, " s</span></div><figcaption>");
  aus_html_text(h, r->front_end);
  aus_html_format(h, ". %d bands from ", s->bands);
  aus_html_number(h, s->hz[0], 4);
  aus_html_raw(h, " Hz (bottom) to ");
  aus_html_number(h, s->hz[s->bands - 1], 5);
  aus_html_raw(h, " Hz (top), ");
  aus_html_text(h, s->unit);
  aus_html_raw(h, ", dark ");
  aus_html_number(h, p.low, 3);
  aus_html_raw(h, " to light ");
  aus_html_number(h, p.high, 3);
  if (p.frames_per_column > 1) aus_html_format(h, "; each column shows the largest of %lld frames", (long long)p.frames_per_column);
  aus_html_raw(h, ".</figcaption></figure>\n");
  aus_free(h->ctx, p.png);
  return AUS_OK;
}

/* ---- provenance ------------------------------------------------------------------------------- */

static void provenance(aus_html *h, const aus_report *r)
{
  if (r->n_notes > 0) aus_html_raw(h, "<h2>Notes</h2>\n<ul>\n");
  for (int32_t i = 0; i < r->n_notes; i++) {
    aus_html_raw(h, "<li>");
    aus_html_text(h, r->note[i]);
    aus_html_raw(h, "</li>\n");
  }
  if (r->n_notes > 0) aus_html_raw(h, "</ul>\n");
  aus_html_raw(h, "<h2>How this was made</h2>\n<div class=\"wide\"><table><tbody>\n");
  for (int32_t i = 0; i < r->n_facts; i++) {
    aus_html_raw(h, "<tr><th scope=\"row\">");
    aus_html_text(h, r->fact[i].label);
    aus_html_raw(h, "</th><td>");
    aus_html_text(h, r->fact[i].text);
    aus_html_raw(h, "</td></tr>\n");
  }
  aus_html_raw(h, "</tbody></table></div>\n<script type=\"application/json\" id=\"result\">");
  aus_html_raw(h, r->json);
  aus_html_raw(h, "</script>\n<script>");
  aus_html_raw(h, page_js);
  aus_html_raw(h, "</script>\n</body>\n</html>\n");
}

static aus_status write_page(aus_html *h, const aus_report *r)
{
  head(h, r);
  aus_status status = sound(h, r);
  if (status == AUS_OK) status = picture(h, r);
  for (int32_t i = 0; i < r->explanation->n_targets && status == AUS_OK; i++) status = target(h, r->explanation, i);
  if (status == AUS_OK) provenance(h, r);
  return status == AUS_OK ? h->status : status;
}

aus_status aus_report_write(aus_ctx *ctx, const aus_report *report, const char *path, int replace)
{
  const aus_components *c = report->components;
  const double bytes = (double)(c->n + 1) * (double)c->samples * 2 * 4 / 3;
  if ((double)c->samples > 1e9) return aus_fail(ctx, AUS_ELIMIT, "the sound is too long for a page; explain a part of it (--offset, --duration)");
  if (bytes > 50e6)
    aus_note(ctx, AUS_LOG_WARNING, "the page will be about %.0f MB, because it holds the sound of every component; --offset and --duration explain a part", bytes / 1e6);
  aus_html h = { .ctx = ctx, .status = AUS_OK };
  AUS_TRY(aus_outfile_open(ctx, path, replace, &h.f));
  const aus_status status = write_page(&h, report);
  if (status != AUS_OK) { aus_outfile_abort(h.f); return status; }
  return aus_outfile_commit(h.f);
}
