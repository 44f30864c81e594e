/* page_compare.c - several methods on one input: who finds what, by which measure, at what price, and how its top part sounds.
 *
 * The spectrogram is in the page once; the script lays each method's values over a copy of it. The scores are a table that needs no
 * script. Maps are each on their own scale: what methods call a share differs, where they see it can be compared. */
#include "report/chart_maps.h"
#include "report/compare.h"
#include "report/overlay.h"
#include "report/page.h"
#include "report/page_frame.h"
#include "core/base64.h"

#include <math.h>
#include <string.h>

static const char compare_css[] =
#include "compare_css.inc"
  ;
static const char compare_js[] =
#include "compare_js.inc"
  ;

/* ---- the verdict ------------------------------------------------------------------------------------ */

static int wins(const aus_compare_page *p, const aus_compared *m)
{
  int n = 0;
  for (int32_t k = 0; k < p->n_measures && !m->why; k++) n += m->measure[k].best;
  return n;
}

/* Measures in which a method beats random, of those that both have and that have a better side. */
static int beats_random(const aus_compare_page *p, const aus_compared *m, const aus_compared *random, int *of)
{
  int n = 0;
  *of = 0;
  for (int32_t k = 0; k < p->n_measures; k++) {
    const aus_compared_measure *a = &m->measure[k], *b = &random->measure[k];
    if (!a->better || isnan(a->value) || isnan(b->value)) continue;
    *of += 1;
    n += (a->value - b->value) * a->better > 0;
  }
  return n;
}

static const aus_compared *random_of(const aus_compare_page *p)
{
  for (int32_t i = 0; i < p->n; i++)
    if (!p->method[i].why && strcmp(p->method[i].name, "random") == 0) return &p->method[i];
  return NULL;
}

static void against_random(aus_html *h, const aus_compare_page *p, const aus_compared *random)
{
  int failing = 0;
  for (int32_t i = 0; i < p->n; i++) {
    int of;
    if (p->method[i].why || &p->method[i] == random) continue;
    if (beats_random(p, &p->method[i], random, &of) * 2 > of) continue;
    aus_html_raw(h, failing++ ? ", " : "<p class=\"trust poor\"><span aria-hidden=\"true\">\xe2\x97\x8b</span> No better than chance in half of the measures or more: ");
    aus_html_text(h, p->method[i].name);
  }
  aus_html_raw(h, failing ? ". Do not rest on them here.</p>\n" : "<p class=\"trust good\"><span aria-hidden=\"true\">\xe2\x97\x8f</span> Each beats a random map in most measures.</p>\n");
}

static void verdict(aus_html *h, const aus_compare_page *p)
{
  const aus_compared *best = NULL, *random = random_of(p);
  int scored = 0;
  for (int32_t i = 0; i < p->n; i++)
    if (!p->method[i].why && (!best || wins(p, &p->method[i]) > wins(p, best))) best = &p->method[i];
  for (int32_t i = 0; i < p->n; i++) scored += wins(p, &p->method[i]);
  aus_html_raw(h, "<section id=\"said\" aria-label=\"the verdict\">\n<article class=\"card\">\n");
  if (best && wins(p, best) > 0) {
    int named = 0;
    aus_html_raw(h, "<h2><span>Best here: ");
    for (int32_t i = 0; i < p->n; i++) {
      if (p->method[i].why || wins(p, &p->method[i]) != wins(p, best)) continue;
      aus_html_raw(h, named++ ? ", " : "");
      aus_html_text(h, p->method[i].name);
    }
    aus_html_format(h, "</span> <b>%d/%d</b></h2>\n<p class=\"faint\">measures in which %s the best (of those that say what is better)</p>\n", wins(p, best), scored, named > 1 ? "each of them is" : "it is");
  } else {
    aus_html_raw(h, "<h2><span>No method stands out</span></h2>\n");
  }
  if (random) against_random(h, p, random);
  else aus_html_raw(h, "<p class=\"trust fair\"><span aria-hidden=\"true\">\xe2\x97\x90</span> Random was not among them: it shows what chance would score.</p>\n");
  aus_html_raw(h, "</article>\n</section>\n");
}

/* ---- panels ------------------------------------------------------------------------------------------- */

static void player(aus_html *h, const aus_compare_page *p, const aus_track *t)
{
  if (!t) return;
  aus_html_raw(h, "<audio controls preload=\"none\" src=\"");
  aus_html_data_url(h, p->flac ? "audio/flac" : "audio/wav", t->bytes, t->size);
  aus_html_raw(h, "\"></audio>");
}

static void panel(aus_html *h, const aus_compare_page *p, int32_t index)
{
  const aus_compared *m = index < 0 ? NULL : &p->method[index];
  const aus_track *t = m ? m->track : p->input;
  aus_html_format(h, "<article class=\"panel\" data-panel=\"%d\">\n<h3><span>", index);
  aus_html_text(h, m ? m->name : "the input");
  aus_html_raw(h, "</span>");
  if (m && wins(p, m)) aus_html_format(h, " <span class=\"won\" title=\"best in so many measures\">\xe2\x98\x85\xc2\xa0%d</span>", wins(p, m));
  aus_html_raw(h, "</h3>\n<div class=\"stage js\"><canvas class=\"under\" aria-hidden=\"true\"></canvas><canvas class=\"over\" aria-hidden=\"true\"></canvas><div class=\"cursor\"></div></div>\n");
  if (t) {
    aus_html_format(h, "<button class=\"js\" data-play=\"%d\" aria-pressed=\"false\">", index);
    aus_html_raw(h, "\xe2\x96\xb6 ");
    if (m) { aus_html_raw(h, "its top "); aus_html_number(h, p->top_percent, 3); aus_html_raw(h, "&nbsp;%"); }
    else aus_html_raw(h, "all of it");
    aus_html_raw(h, "</button>");
    player(h, p, t);
  }
  aus_html_raw(h, "</article>\n");
}

static aus_status put_map(aus_html *h, const aus_compare_page *p, const aus_compared *m, bool first)
{
  aus_weight *w = aus_alloc_zero(h->ctx, (size_t)p->components->n + 1, sizeof *w);
  if (!w) return AUS_ENOMEM;
  for (int32_t i = 0; i < p->components->n; i++) w[i] = (aus_weight){ .weight = m->value[i], .shapley = NAN };
  aus_target_explanation t = { .weight = w };
  aus_explanation e = { .ctx = h->ctx, .n_components = p->components->n, .n_targets = 1, .component = p->components->name, .place = p->components->place, .target = &t };
  const aus_report r = { .explanation = &e, .components = p->components, .spectrogram = p->spectrogram };
  aus_overlay o = {0};
  aus_status status = aus_overlay_make(h->ctx, &r, 0, &o);
  const size_t n = status == AUS_OK ? (size_t)o.bands * (size_t)o.columns : 0;
  uint8_t *bytes = aus_alloc_zero(h->ctx, n + 1, 1);
  char *text = aus_alloc(h->ctx, AUS_BASE64_SIZE(n) + 1, 1);
  if (!bytes || !text) status = AUS_ENOMEM;
  for (size_t i = 0; i < n && status == AUS_OK && o.peak > 0; i++) bytes[i] = (uint8_t)(int8_t)lrint(127 * o.value[i] / o.peak);
  if (status == AUS_OK) {
    aus_base64_encode(bytes, n, text);
    text[AUS_BASE64_SIZE(n)] = '\0';
    if (first) aus_html_format(h, "\"bands\": %d, \"columns\": %lld, \"maps\": [", o.bands, (long long)o.columns);
    aus_html_raw(h, first ? "\"" : ", \"");
    aus_html_raw(h, text);
    aus_html_raw(h, "\"");
  }
  aus_free(h->ctx, bytes);
  aus_free(h->ctx, text);
  aus_free(h->ctx, w);
  aus_overlay_free(h->ctx, &o);
  return status;
}

static aus_status sound_panels(aus_html *h, const aus_compare_page *p)
{
  aus_picture picture;
  bool first = true;
  AUS_TRY(aus_picture_make(h->ctx, p->spectrogram, &picture));
  aus_html_raw(h, "<section id=\"see\">\n<h2>Where each method looks</h2>\n<p class=\"faint\">All over the model's own spectrogram, each on its own scale: <i class=\"swatch for\"></i> speaks for, <i class=\"swatch against\"></i> against. "
                  "Play one, then another: the moment stays. Click a picture to go there; space plays and stops, the digits choose.</p>\n"
                  "<div class=\"bar js\"><button id=\"play\">Play</button><output id=\"clock\"></output><label>maps <input id=\"opacity\" type=\"range\" min=\"0\" max=\"1\" step=\"0.01\" value=\"0.8\"></label></div>\n<img id=\"seen\" alt=\"the model's own spectrogram\" src=\"");
  aus_html_data_url(h, "image/png", picture.png, picture.size);
  aus_html_raw(h, "\">\n<div class=\"panels\">\n");
  aus_picture_free(h->ctx, &picture);
  panel(h, p, -1);
  for (int32_t i = 0; i < p->n; i++)
    if (!p->method[i].why) panel(h, p, i);
  aus_html_raw(h, "</div>\n<script type=\"application/json\" id=\"maps\">{\"seconds\": ");
  aus_html_number(h, (double)p->components->samples / p->components->rate, 9);
  aus_html_raw(h, ", \"span\": ");
  aus_html_number(h, (double)p->spectrogram->frames * p->spectrogram->hop_seconds, 9);
  aus_html_raw(h, ", ");
  for (int32_t i = 0; i < p->n; i++) {
    if (p->method[i].why) continue;
    AUS_TRY(put_map(h, p, &p->method[i], first));
    first = false;
  }
  aus_html_raw(h, "]}</script>\n</section>\n");
  return AUS_OK;
}

/* Arrays, or a model that shows no spectrogram: rows of cells as they are, each map by its own largest value. */
static aus_status plain_panels(aus_html *h, const aus_compare_page *p)
{
  int64_t cells = 1;
  for (int32_t i = 0; i < p->rank; i++) cells *= p->dim[i];
  const int64_t columns = p->rank > 0 ? p->dim[p->components ? 0 : p->rank - 1] : 1, rows = cells / (columns > 0 ? columns : 1);
  if (cells < 1 || rows > 4096 || columns > 65536) return AUS_OK; /* nothing an eye could see */
  int32_t shown = 0;
  float *value = aus_alloc_zero(h->ctx, (size_t)p->n * (size_t)cells + 1, sizeof *value);
  const char **name = aus_alloc_zero(h->ctx, (size_t)p->n + 1, sizeof *name);
  aus_chart c = {0};
  char *svg = NULL;
  aus_status status = value && name ? AUS_OK : AUS_ENOMEM;
  for (int32_t i = 0; i < p->n && status == AUS_OK; i++) {
    float most = 0;
    if (p->method[i].why) continue;
    for (int64_t k = 0; k < cells; k++) most = fmaxf(most, fabsf(p->method[i].value[k]));
    for (int64_t k = 0; k < cells && most > 0; k++) { /* tiles lie time first: turned, so that time goes to the right and low is below */
      const int64_t to = p->components ? (k % rows) * columns + k / rows : k;
      value[(int64_t)shown * cells + to] = p->method[i].value[k] / most;
    }
    name[shown++] = p->method[i].name;
  }
  if (status == AUS_OK) {
    const aus_heat heat = { .panels = shown, .rows = (int32_t)rows, .columns = (int32_t)columns, .value = value, .panel = name, .most = 1, .up = p->components != NULL };
    aus_chart_heat(&c, h->ctx, &heat, "Where each method looks, each on its own scale");
    status = aus_chart_svg(&c, false, &svg);
  }
  if (status == AUS_OK) {
    aus_html_raw(h, "<section id=\"see\">\n<h2>Where each method looks</h2>\n<div class=\"wide\">");
    aus_html_raw(h, svg);
    aus_html_raw(h, "</div>\n</section>\n");
  }
  aus_free(h->ctx, svg);
  if (c.ctx) aus_chart_free(&c);
  aus_free(h->ctx, value);
  aus_free(h->ctx, name);
  return status;
}

/* ---- scores ---------------------------------------------------------------------------------------------- */

static void score(aus_html *h, const aus_compared_measure *m)
{
  aus_html_raw(h, m->best ? "<td class=\"n best\">\xe2\x98\x85\xc2\xa0" : "<td class=\"n\">");
  aus_html_number(h, m->value, 3);
  aus_html_raw(h, "</td>");
}

static void scores(aus_html *h, const aus_compare_page *p)
{
  aus_html_raw(h, "<section id=\"scores\">\n<h2>Scores</h2>\n<div class=\"wide\"><table><thead><tr><th scope=\"col\">method</th><th scope=\"col\" class=\"n\">time</th><th scope=\"col\" class=\"n\">model calls</th>");
  for (int32_t k = 0; k < p->n_measures; k++) {
    const aus_compared *any = NULL;
    for (int32_t i = 0; i < p->n && !any; i++)
      if (!p->method[i].why) any = &p->method[i];
    aus_html_raw(h, "<th scope=\"col\" class=\"n\">");
    aus_html_text(h, any->measure[k].name);
    aus_html_raw(h, any->measure[k].better > 0 ? "&nbsp;\xe2\x86\x91" : any->measure[k].better < 0 ? "&nbsp;\xe2\x86\x93" : "");
    aus_html_raw(h, "</th>");
  }
  aus_html_raw(h, "</tr></thead><tbody>\n");
  for (int32_t i = 0; i < p->n; i++) {
    const aus_compared *m = &p->method[i];
    aus_html_raw(h, "<tr><th scope=\"row\">");
    aus_html_text(h, m->name);
    aus_html_raw(h, "</th>");
    if (m->why) {
      aus_html_format(h, "<td colspan=\"%d\" class=\"faint\">left out: ", 2 + p->n_measures);
      aus_html_text(h, m->why);
      aus_html_raw(h, "</td></tr>\n");
      continue;
    }
    aus_html_raw(h, "<td class=\"n\">");
    if (m->seconds < 0.01) aus_html_raw(h, "&lt;&nbsp;0.01");
    else aus_html_number(h, m->seconds, 2);
    aus_html_raw(h, "&nbsp;s</td>");
    if (m->calls > 0) aus_html_format(h, "<td class=\"n\">%lld</td>", (long long)m->calls);
    else aus_html_raw(h, "<td class=\"n\">\xe2\x80\x93</td>");
    for (int32_t k = 0; k < p->n_measures; k++) score(h, &m->measure[k]);
    aus_html_raw(h, "</tr>\n");
  }
  aus_html_raw(h, "</tbody></table></div>\n<p class=\"faint\">\xe2\x86\x91 higher is better, \xe2\x86\x93 lower; \xe2\x98\x85 the best, random left out. What each measures: auscult evaluate --help.</p>\n</section>\n");
}

static aus_status write_page(aus_html *h, const aus_compare_page *p)
{
  const aus_page_frame frame = { .title = p->title, .subtitle = p->subtitle, .css = compare_css, .js = compare_js };
  const aus_report made = { .note = p->note, .n_notes = p->n_notes, .fact = p->fact, .n_facts = p->n_facts };
  aus_page_begin(h, &frame);
  verdict(h, p);
  AUS_TRY(p->components && p->spectrogram ? sound_panels(h, p) : plain_panels(h, p));
  scores(h, p);
  AUS_TRY(aus_page_made(h, &made));
  aus_page_end(h, &frame, p->json);
  return h->status;
}

aus_status aus_compare_page_write(aus_ctx *ctx, const aus_compare_page *page, const char *path, int replace)
{
  aus_html h = { .ctx = ctx, .status = AUS_OK };
  AUS_TRY(aus_outfile_open(ctx, path, replace, &h.f));
  const aus_status status = write_page(&h, page);
  if (status != AUS_OK) { aus_outfile_abort(h.f); return status; }
  return aus_outfile_commit(h.f);
}
