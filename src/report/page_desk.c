/* page_desk.c - the mixing desk: a row per track with its switches, its wave and its value, over a transport, beside
 * the model's answers to what is switched on. The sound itself stands at the end of the page, as a list of players. */
#include "report/page.h"

#include <math.h>
#include <string.h>

enum { COLUMNS = 160, HALF = 16, MANY = 14 }; /* MANY: rows before the list scrolls */

static void wave(aus_html *h, const aus_tracks *t, const aus_track *track, double loudest)
{
  float peak[COLUMNS];
  aus_track_peaks(t, track, COLUMNS, peak);
  aus_html_format(h, "<span class=\"lane\"><svg viewBox=\"0 0 %d %d\" preserveAspectRatio=\"none\" aria-hidden=\"true\"><path d=\"", COLUMNS, 2 * HALF);
  for (int i = 0; i < COLUMNS; i++) {
    /* square root: what is 20 dB down is still a third as high */
    const int a = (int)lrint(HALF * sqrt(loudest > 0 ? peak[i] / loudest : 0));
    if (a > 0) aus_html_format(h, "M%d.5 %dv%d", i, HALF - a, 2 * a);
  }
  aus_html_raw(h, "\"/></svg></span>");
}

/* Where a part lies, unless it is everywhere or its name says so already. */
static void place(aus_html *h, const aus_place *p, const char *name, double whole, double top)
{
  const bool part = p->t0 > 0 || (p->t1 > 0 && p->t1 < whole - 1e-3), band = p->f1 > p->f0 && (p->f0 > 0 || p->f1 < top - 1);
  if ((!part && !band) || strstr(name, " s") || strstr(name, "Hz")) return;
  aus_html_raw(h, " <small>");
  if (part) {
    aus_html_number(h, p->t0, 3);
    aus_html_raw(h, "\xe2\x80\x93");
    aus_html_number(h, p->t1, 3);
    aus_html_raw(h, band ? " s, " : " s");
  }
  if (band) {
    aus_html_number(h, p->f0, 3);
    aus_html_raw(h, "\xe2\x80\x93");
    aus_html_number(h, p->f1, 4);
    aus_html_raw(h, " Hz");
  }
  aus_html_raw(h, "</small>");
}

static const char *track_name(const aus_report *r, const aus_track *t)
{
  if (t->component == AUS_TRACK_BASELINE) return "baseline";
  return t->component == AUS_TRACK_INPUT ? "the input, as the model heard it" : r->components->name[t->component];
}

static void switches(aus_html *h, const char *name)
{
  static const struct { const char *kind, *letter; } button[2] = { { "mute", "M" }, { "solo", "S" } };
  aus_html_raw(h, "<span class=\"switches js\">");
  for (int i = 0; i < 2; i++) {
    aus_html_format(h, "<button class=\"%s\" aria-pressed=\"false\" title=\"%s\" aria-label=\"%s ", button[i].kind, button[i].kind, button[i].kind);
    aus_html_text(h, name);
    aus_html_format(h, "\">%s</button>", button[i].letter);
  }
  aus_html_raw(h, "</span>");
}

static void row(aus_html *h, const aus_report *r, const aus_track *t, double loudest)
{
  const char *name = track_name(r, t);
  const bool part = t->component >= 0;
  aus_html_format(h, "<li class=\"track%s\" data-component=\"%d\" data-begin=\"%lld\" data-name=\"", part ? "" : " fixed", t->component, (long long)t->begin);
  aus_html_text(h, name);
  aus_html_raw(h, "\">");
  if (part) switches(h, name);
  aus_html_raw(h, "<span class=\"who\"><b>");
  aus_html_text(h, name);
  aus_html_raw(h, "</b>");
  if (part) place(h, &r->components->place[t->component], name, (double)r->components->samples / r->components->rate, 0.5 * r->components->rate);
  if (t->component == AUS_TRACK_BASELINE) aus_html_raw(h, " <small>always on: what stands where a part is off</small>");
  aus_html_raw(h, "</span>");
  if (r->tracks) wave(h, r->tracks, t, loudest);
  else aus_html_raw(h, "<span class=\"lane\"></span>");
  if (part) {
    aus_html_raw(h, "<span class=\"share js\"><span class=\"bar\"><i></i></span><output></output></span><input class=\"volume js\" type=\"range\" min=\"0\" max=\"1.5\" step=\"0.05\" value=\"1\" aria-label=\"volume of ");
    aus_html_text(h, name);
    aus_html_raw(h, "\">");
  }
  aus_html_raw(h, "</li>\n");
}

static void answers(aus_html *h, const aus_report *r)
{
  const aus_explanation *e = r->explanation;
  aus_html_raw(h, "<div class=\"answers js\" role=\"group\" aria-label=\"the model's answers to what is switched on\">\n<h3>The model says to this</h3>\n");
  for (int32_t i = 0; i < e->n_targets; i++) {
    aus_html_format(h, "<div class=\"answer\" data-target=\"%d\"><button class=\"plain\" data-choose=\"%d\">", i, i);
    aus_html_text(h, e->target[i].name);
    aus_html_format(h, "</button><output></output><span class=\"level\">%s</span><small class=\"how\"></small></div>\n", isfinite(e->target[i].score_none) ? "<i></i>" : "");
  }
  bool none = false;
  for (int32_t i = 0; i < e->n_targets; i++) none = none || isfinite(e->target[i].score_none);
  aus_html_raw(h, none ? "<p class=\"faint key\"><i class=\"tick none\"></i> every part off <i class=\"tick all\"></i> every part on</p>\n</div>\n"
                       : "<p class=\"faint key\"><i class=\"tick all\"></i> every part on</p>\n</div>\n");
}

static void transport(aus_html *h, int32_t parts)
{
  aus_html_raw(h,
    "<div class=\"transport js\">\n<button id=\"play\" aria-pressed=\"false\">Play</button>"
    "<input id=\"seek\" type=\"range\" min=\"0\" max=\"1\" step=\"0.0001\" value=\"0\" aria-label=\"position\"><output id=\"clock\"></output>\n"
    "<span class=\"group\"><button id=\"loop\" aria-pressed=\"false\">Loop</button><button id=\"loop-from\" title=\"loop from here\">from here</button><button id=\"loop-to\" title=\"loop to here\">to here</button>"
    "<small id=\"range\">all of it</small></span>\n</div>\n");
  aus_html_format(h, "<div class=\"transport js\" role=\"group\" aria-label=\"mixes\"><button data-mix=\"all\">everything</button><button data-mix=\"for\">what speaks for it</button>"
    "<button data-mix=\"against\">what speaks against it</button>%s<button data-mix=\"invert\">the rest</button></div>\n", parts > 3 ? "<button data-mix=\"top\">its top three</button>" : "");
  aus_html_raw(h, "<p class=\"now js\">Heard now: <output id=\"state\" aria-live=\"polite\"></output> <button id=\"levels\" hidden>levels as evaluated</button></p>\n");
}

/* What a listener must know that the numbers do not say. */
static void remarks(aus_html *h, const aus_report *r)
{
  const aus_tracks *t = r->tracks;
  if (!t) {
    aus_html_raw(h, "<p class=\"warn\">The sound was not kept with this result, so there is nothing to hear; the switches still show what the model says "
                    "(<code>auscult explain --out DIR</code> keeps it).</p>\n");
    return;
  }
  aus_html_format(h, "<p class=\"faint\">Tracks are %d-bit %s%s and add up to the input to the last bit; rounding is folded into the longest. ", t->bits,
                  t->flac ? "FLAC" : "WAV", r->track_file ? " in the folder beside this page" : " inside this page");
  aus_html_raw(h, "The parts are those of the method, not of the world: this explains the model, not the music.</p>\n");
  if (r->track_file) {
    aus_html_raw(h, "<p class=\"warn\">The sound is too large for the page and lies in the folder ");
    aus_html_text(h, r->sound_folder);
    aus_html_raw(h, ", which must stay beside it. A page may play such files but not read them: tracks are players of their own, steered to keep step "
                    "<span class=\"js\">(apart now: <output id=\"apart\">not playing</output>)</span>, and regions of the picture cannot be played.</p>\n");
  }
  if (t->gain < 0.99) {
    aus_html_raw(h, "<p class=\"warn\">All tracks are turned down by the same factor, ");
    aus_html_number(h, t->gain, 4);
    aus_html_raw(h, ", because one part is louder than full scale. The numbers were made with the original level.</p>\n");
  }
  if (aus_trust_of_map(&r->explanation->target[0]) && r->explanation->n_targets > 1 && r->components->n == 3) {
    aus_html_raw(h, "<p class=\"warn\">The parts here are what the map of <b>");
    aus_html_text(h, r->explanation->target[0].name);
    aus_html_raw(h, "</b> marks; the shares of the other answers are the sums of their own maps. Their marks are heard with \xe2\x80\x9cplay only\xe2\x80\x9d over the picture below.</p>\n");
  }
  if (r->components->off) aus_html_raw(h, "<p class=\"warn\">An absent part is not silence here but the baseline, which is always on; a part alone is the difference that it makes.</p>\n");
}

/* The tracks, or a silent row per component. */
static void rows(aus_html *h, const aus_report *r)
{
  const aus_tracks *t = r->tracks;
  const int32_t n = t ? t->n : r->components->n;
  float peak[COLUMNS], loudest = 0;
  for (int32_t i = 0; t && i < n; i++) {
    aus_track_peaks(t, &t->track[i], COLUMNS, peak);
    for (int k = 0; k < COLUMNS; k++) loudest = fmaxf(loudest, peak[k]);
  }
  aus_html_format(h, "<ol class=\"tracks%s\"%s>\n", n > MANY ? " many" : "", n > MANY ? " tabindex=\"0\" aria-label=\"the parts\"" : "");
  for (int32_t i = 0; i < n; i++) {
    const aus_track silent = { .component = i };
    row(h, r, t ? &t->track[i] : &silent, loudest);
  }
  aus_html_raw(h, "</ol>\n");
}

aus_status aus_page_desk(aus_html *h, const aus_report *r)
{
  const aus_components *c = r->components;
  aus_html_format(h, "<section id=\"desk\" data-rate=\"%d\" data-samples=\"%lld\" data-bits=\"%d\" data-sound=\"%s\">\n<h2>Listen</h2>\n<div class=\"two\">\n<div>\n", c->rate,
                  (long long)c->samples, r->tracks ? r->tracks->bits : 0, !r->tracks ? "none" : r->track_file ? "folder" : "page");
  transport(h, c->n);
  aus_html_raw(h, "<p class=\"head js\" aria-hidden=\"true\"><span></span><span>part</span><span></span><span>share in <b data-target-name></b></span><span>level</span></p>\n");
  rows(h, r);
  aus_html_raw(h, "</div>\n");
  answers(h, r);
  aus_html_raw(h, "</div>\n<p class=\"faint js keys\">Keys: <kbd>space</kbd> play, <kbd>1</kbd>\xe2\x80\xa6<kbd>9</kbd> solo, <kbd>shift</kbd>+digit mute, <kbd>0</kbd> everything, "
                  "<kbd>\xe2\x86\x90</kbd> <kbd>\xe2\x86\x92</kbd> one second, <kbd>l</kbd> loop, <kbd>i</kbd> <kbd>o</kbd> loop from and to here, <kbd>t</kbd> next answer. Drag along a wave to loop it.</p>\n");
  remarks(h, r);
  aus_html_raw(h, "</section>\n");
  return AUS_OK;
}

static void player(aus_html *h, const aus_report *r, int32_t index)
{
  const aus_track *t = &r->tracks->track[index];
  aus_html_raw(h, "<li><span>");
  aus_html_text(h, track_name(r, t));
  aus_html_format(h, "</span> <audio controls preload=\"none\" data-component=\"%d\" aria-label=\"", t->component);
  aus_html_text(h, track_name(r, t));
  aus_html_raw(h, "\" src=\"");
  if (r->track_file) aus_html_text(h, r->track_file[index]);
  else aus_html_data_url(h, r->tracks->flac ? "audio/flac" : "audio/wav", t->bytes, t->size);
  aus_html_raw(h, "\"></audio></li>\n");
}

void aus_page_players(aus_html *h, const aus_report *r)
{
  if (!r->tracks) return;
  aus_html_raw(h, "<section id=\"players\" aria-label=\"the parts, one by one\">\n<h2>Each part alone</h2>\n<ul>\n");
  for (int32_t i = 0; i < r->tracks->n; i++) player(h, r, i);
  aus_html_raw(h, "</ul>\n</section>\n");
}
