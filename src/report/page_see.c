/* page_see.c - the model's own spectrogram as the model sees it, the answer's map over it, and the answer over time.
 *
 * The spectrogram is a PNG in greys, the map's values go to the script as bytes (one per cell, a share of the
 * largest), which colours them. Axes are text at percentages, so that they stay in place at any width and zoom. */
#include "report/number.h"
#include "report/overlay.h"
#include "report/page.h"
#include "core/base64.h"

#include <math.h>
#include <string.h>

/* ---- axes ------------------------------------------------------------------------------------ */

static void time_axis(aus_html *h, double span)
{
  const double step = span > 0 ? aus_nice_step(span, 8) : 1;
  aus_html_raw(h, "<svg class=\"ticks\" aria-hidden=\"true\">");
  for (double t = 0; t < span * 0.985; t += step) {
    aus_html_raw(h, "<text y=\"1.1em\" x=\"");
    aus_html_number(h, 100 * t / span, 5);
    aus_html_raw(h, "%\">");
    aus_html_number(h, t, 4);
    aus_html_raw(h, t == 0 ? " s</text>" : "</text>");
  }
  aus_html_raw(h, "</svg>");
}

static void frequency_axis(aus_html *h, const aus_spectrogram *s)
{
  aus_tick tick[AUS_TICKS];
  const int32_t n = aus_picture_ticks(s, tick);
  aus_html_raw(h, "<svg class=\"bands\" aria-hidden=\"true\">");
  for (int32_t i = 0; i < n; i++) {
    aus_html_raw(h, "<text x=\"100%\" y=\"");
    aus_html_number(h, 100 * (1 - tick[i].height), 5);
    aus_html_raw(h, "%\" dy=\".35em\">");
    aus_html_raw(h, tick[i].text);
    aus_html_raw(h, "</text>");
  }
  aus_html_raw(h, "<text x=\"100%\" y=\"100%\" dy=\"1.1em\">Hz</text></svg>");
}

/* ---- the answer over time ---------------------------------------------------------------------- */

/* One filled path of one sign; 100 is the peak, columns are grouped so that the path stays short. */
static void curve_path(aus_html *h, const aus_overlay *o, double sign)
{
  const int64_t most = 800, group = (o->columns + most - 1) / most;
  aus_html_raw(h, sign > 0 ? "<path class=\"for\" d=\"M0 0" : "<path class=\"against\" d=\"M0 0");
  for (int64_t c = 0; c < o->columns; c += group) {
    double v = 0;
    for (int64_t k = c; k < c + group && k < o->columns; k++) v = fmax(v, sign * o->curve[k]);
    aus_html_format(h, "V%ldH%lld", -lrint(sign * 100 * v / o->curve_peak), (long long)(c + group < o->columns ? c + group : o->columns));
  }
  aus_html_raw(h, "V0Z\"/>");
}

static void curve(aus_html *h, const aus_overlay *o, int32_t target)
{
  aus_html_format(h, "<div class=\"curve\" data-of-target=\"%d\"><svg viewBox=\"0 -105 %lld 210\" preserveAspectRatio=\"none\" role=\"img\" aria-label=\"the answer over time, at most ", target, (long long)o->columns);
  aus_html_number(h, o->curve_peak, 3);
  aus_html_raw(h, " per second\">");
  if (o->curve_peak > 0) {
    curve_path(h, o, 1);
    curve_path(h, o, -1);
  }
  aus_html_format(h, "<path class=\"zero\" d=\"M0 0H%lld\"/></svg></div>\n", (long long)o->columns);
}

/* ---- what the script colours --------------------------------------------------------------------- */

/* One signed byte per cell, 127 the peak; rows from the lowest band up. The byte goes with the square root of the value: a few
 * cells of a gradient's map are a hundred times the rest, and what is a hundredth should still be seen. */
static aus_status put_values(aus_html *h, const aus_overlay *o)
{
  const size_t n = (size_t)o->bands * (size_t)o->columns;
  uint8_t *bytes = aus_alloc(h->ctx, n, 1);
  char *text = aus_alloc(h->ctx, AUS_BASE64_SIZE(n) + 1, 1);
  if (!bytes || !text) { aus_free(h->ctx, bytes); aus_free(h->ctx, text); return AUS_ENOMEM; }
  for (size_t i = 0; i < n; i++) bytes[i] = (uint8_t)(int8_t)(o->peak > 0 ? lrint(copysign(127 * sqrt(fabs((double)o->value[i]) / o->peak), (double)o->value[i])) : 0);
  aus_base64_encode(bytes, n, text);
  text[AUS_BASE64_SIZE(n)] = '\0';
  aus_html_raw(h, text);
  aus_free(h->ctx, bytes);
  aus_free(h->ctx, text);
  return AUS_OK;
}

static aus_status put_data(aus_html *h, const aus_report *r, const aus_overlay *overlay)
{
  const aus_spectrogram *s = r->spectrogram;
  const int64_t group = aus_picture_group(s->frames);
  aus_html_format(h, "<script type=\"application/json\" id=\"seen\">{\"bands\": %d, \"columns\": %lld, \"column_s\": ", s->bands, (long long)((s->frames + group - 1) / group));
  aus_html_number(h, (double)group * s->hop_seconds, 9);
  aus_html_raw(h, ", \"hz\": [");
  for (int32_t b = 0; b < s->bands; b++) {
    aus_html_raw(h, b ? "," : "");
    aus_html_number(h, s->hz[b], 7);
  }
  aus_html_raw(h, "], \"maps\": [");
  for (int32_t i = 0; i < r->explanation->n_targets; i++) {
    if (!overlay[i].value) { aus_html_raw(h, i ? ", null" : "null"); continue; }
    aus_html_raw(h, i ? ", {\"peak\": " : "{\"peak\": ");
    aus_html_number(h, overlay[i].peak, 9);
    aus_html_raw(h, ", \"values\": \"");
    AUS_TRY(put_values(h, &overlay[i]));
    aus_html_raw(h, "\"}");
  }
  aus_html_raw(h, "]}</script>\n");
  return AUS_OK;
}

/* ---- the section --------------------------------------------------------------------------------- */

static void controls(aus_html *h, bool any_map, const aus_report *r)
{
  aus_html_raw(h, "<div class=\"transport js\">");
  if (any_map) aus_html_raw(h, "<label>map <input id=\"opacity\" type=\"range\" min=\"0\" max=\"1\" step=\"0.01\" value=\"0.75\"></label>");
  aus_html_raw(h, "<label>zoom <input id=\"zoom\" type=\"range\" min=\"1\" max=\"16\" step=\"0.5\" value=\"1\"></label>");
  if (r->tracks && !r->track_file && any_map)
    aus_html_raw(h, "<span class=\"group\" role=\"group\" aria-label=\"play only\">play only <button data-only=\"for\">positive</button><button data-only=\"against\">negative</button>"
                    "<button data-only=\"top\">the top</button><input id=\"share\" type=\"number\" min=\"0.1\" max=\"100\" step=\"any\" value=\"5\" aria-label=\"top percent of the cells\"> %</span>");
  aus_html_raw(h, "</div>\n");
  if (!r->tracks || r->track_file) return;
  aus_html_raw(h, "<form class=\"transport js\" id=\"region\" aria-label=\"a region of the picture\"><span class=\"group\">region "
                  "<input id=\"t0\" type=\"number\" min=\"0\" step=\"any\" aria-label=\"from second\"> to <input id=\"t1\" type=\"number\" min=\"0\" step=\"any\" aria-label=\"to second\"> s, "
                  "<input id=\"f0\" type=\"number\" min=\"0\" step=\"any\" aria-label=\"from hertz\"> to <input id=\"f1\" type=\"number\" min=\"0\" step=\"any\" aria-label=\"to hertz\"> Hz</span>"
                  "<button data-only=\"region\" type=\"button\">play only this</button><button id=\"whole\" type=\"button\">all again</button></form>\n");
}

static void caption(aus_html *h, const aus_report *r, const aus_picture *p, const aus_overlay *overlay)
{
  const aus_spectrogram *s = r->spectrogram;
  aus_html_raw(h, "<figcaption>");
  if (overlay->value) {
    aus_html_raw(h, "<span class=\"key\"><i class=\"swatch against\"></i> speaks against \xe2\x88\x92<span data-peak></span> <i class=\"swatch for\"></i> speaks for +<span data-peak></span> (most in one cell). "
                    "Colour grows with the square root of the value and is full from <span data-full></span> on, for the strongest hundredth. Below: the answer over time, per second. </span>");
    if (r->explanation->target[0].map.frames > 0 && r->explanation->target[0].map.bands == 1) {
      aus_html_raw(h, "The map is over time alone, so that a column has one colour: the mean of the ");
      aus_html_text(h, r->explanation->target[0].map.domain);
      aus_html_raw(h, " in it. ");
    } else if (overlay->cell_s > 0) {
      aus_html_raw(h, "One value of the map covers ");
      aus_html_number(h, overlay->cell_s, 3);
      aus_html_raw(h, " s");
      if (overlay->cell_hz > 0) {
        aus_html_raw(h, " by ");
        aus_html_number(h, overlay->cell_hz, 4);
        aus_html_raw(h, " Hz");
      }
      aus_html_raw(h, "; finer detail is not in it. ");
    }
  } else {
    aus_html_raw(h, "The parts are whole sounds and have no place in the picture. ");
  }
  if (r->spectrogram_ours) aus_html_raw(h, "This is a spectrogram of the input by us, in mel bands; what the model works on is not known. ");
  else aus_html_text(h, r->front_end);
  aus_html_format(h, r->spectrogram_ours ? "%d bands from " : "; %d bands from ", s->bands);
  aus_html_number(h, s->hz[0], 4);
  aus_html_raw(h, " to ");
  aus_html_number(h, s->hz[s->bands - 1], 5);
  aus_html_raw(h, " Hz, ");
  aus_html_text(h, s->unit);
  aus_html_raw(h, ", light ");
  aus_html_number(h, p->low, 3);
  aus_html_raw(h, " to dark ");
  aus_html_number(h, p->high, 3);
  if (p->frames_per_column > 1) aus_html_format(h, "; each column shows the largest of %lld frames", (long long)p->frames_per_column);
  aus_html_raw(h, ".</figcaption>");
}

static aus_status figure(aus_html *h, const aus_report *r, const aus_overlay *overlay)
{
  const aus_spectrogram *s = r->spectrogram;
  aus_picture p;
  AUS_TRY(aus_picture_make(h->ctx, s, &p));
  const double span = (double)s->frames * s->hop_seconds, whole = (double)r->components->samples / r->components->rate;
  bool any_map = false;
  for (int32_t i = 0; i < r->explanation->n_targets; i++) any_map = any_map || overlay[i].value;
  aus_html_raw(h, r->spectrogram_ours ? "<section id=\"see\">\n<h2>The sound, in a picture</h2>\n" : "<section id=\"see\">\n<h2>What the model sees</h2>\n");
  controls(h, any_map, r);
  aus_html_raw(h, "<figure><div class=\"frame\">");
  frequency_axis(h, s);
  aus_html_raw(h, "<div class=\"scroll\" tabindex=\"0\" role=\"group\" aria-label=\"the picture, wider than the page when zoomed\"><div class=\"zoomed\" data-share=\"");
  aus_html_number(h, span > 0 ? whole / span : 1, 9);
  aus_html_raw(h, "\">\n<div class=\"stage\" id=\"stage\"><img decoding=\"async\" alt=\"");
  aus_html_raw(h, r->spectrogram_ours ? "a spectrogram of the input" : "the model's own spectrogram");
  aus_html_raw(h, "\" src=\"");
  aus_html_data_url(h, "image/png", p.png, p.size);
  aus_html_format(h, "\"><canvas id=\"map\" width=\"%lld\" height=\"%d\" role=\"img\" aria-label=\"the answer's map over the spectrogram\"></canvas><div class=\"brush\" hidden></div><div class=\"cursor\"></div></div>\n",
                  (long long)((s->frames + p.frames_per_column - 1) / p.frames_per_column), s->bands);
  time_axis(h, span);
  for (int32_t i = 0; i < r->explanation->n_targets; i++)
    if (overlay[i].value) curve(h, &overlay[i], i);
  aus_html_raw(h, "</div></div></div>");
  caption(h, r, &p, &overlay[0]);
  aus_html_raw(h, "</figure>\n");
  aus_picture_free(h->ctx, &p);
  AUS_TRY(put_data(h, r, overlay));
  aus_html_raw(h, "</section>\n");
  return AUS_OK;
}

aus_status aus_page_see(aus_html *h, const aus_report *r)
{
  const int32_t n = r->explanation->n_targets;
  if (!r->spectrogram || r->spectrogram->frames < 1) {
    aus_html_raw(h, "<section id=\"see\">\n<h2>What the model sees</h2>\n<p>This model does not show the picture it works on.</p>\n</section>\n");
    return AUS_OK;
  }
  aus_overlay *overlay = aus_alloc_zero(h->ctx, (size_t)n + 1, sizeof *overlay);
  if (!overlay) return AUS_ENOMEM;
  aus_status status = AUS_OK;
  for (int32_t i = 0; i < n && status == AUS_OK; i++) status = aus_overlay_make(h->ctx, r, i, &overlay[i]);
  if (status == AUS_OK) status = figure(h, r, overlay);
  for (int32_t i = 0; i < n; i++) aus_overlay_free(h->ctx, &overlay[i]);
  aus_free(h->ctx, overlay);
  return status;
}
