/* chart_seen.c - what the model sees, with the answer's map over it and the answer over time, as one picture. */
#include "report/chart.h"
#include "report/number.h"
#include "report/overlay.h"
#include "report/png.h"

#include <math.h>

enum { LEFT = 34, TOP = 34, WIDE = 846, HIGH = 260, CURVE = 64, GAP = 26 };

/* Ink on paper under the map's colours, three quarters opaque where the map is strongest. */
static uint8_t *shade(aus_ctx *ctx, const aus_picture *p, const aus_overlay *o)
{
  uint8_t *rgba = aus_alloc(ctx, (size_t)p->columns * (size_t)p->bands, 4), palette[768];
  if (!rgba) return NULL;
  aus_palette_paper(palette);
  for (int32_t row = 0; row < p->bands; row++)
    for (int32_t c = 0; c < p->columns; c++) {
      const size_t at = (size_t)row * (size_t)p->columns + (size_t)c;
      const double x = o->value && o->peak > 0 ? o->value[(size_t)(p->bands - 1 - row) * (size_t)p->columns + (size_t)c] / o->peak : 0, a = 0.75 * fabs(x);
      const uint8_t *ink = aus_ink_colour[x < 0 ? AUS_INK_AGAINST : AUS_INK_FOR];
      const int grey = palette[3 * p->level[at]];
      for (int k = 0; k < 3; k++) rgba[4 * at + (size_t)k] = (uint8_t)lrint(grey + a * (ink[k] - grey));
      rgba[4 * at + 3] = 255;
    }
  return rgba;
}

static void axes(aus_chart *c, const aus_spectrogram *s, double span)
{
  aus_tick tick[AUS_TICKS];
  const int32_t n = aus_picture_ticks(s, tick);
  for (int32_t i = 0; i < n; i++) aus_chart_text(c, AUS_INK_FAINT, 11, AUS_ANCHOR_END, LEFT - 5, TOP + HIGH * (1 - tick[i].height) + 4, tick[i].text);
  const double step = aus_nice_step(span, 10);
  for (double t = 0; t < 0.985 * span; t += step) aus_chart_number(c, AUS_INK_FAINT, 11, AUS_ANCHOR_START, LEFT + WIDE * t / span, TOP + HIGH + 14, t, 4, false);
  aus_chart_text(c, AUS_INK_FAINT, 11, AUS_ANCHOR_END, LEFT + WIDE, TOP + HIGH + 14, "s");
}

/* One sign of the curve as an area of steps. */
static void curve(aus_chart *c, aus_ctx *ctx, const aus_overlay *o, double sign, double middle)
{
  const int64_t group = (o->columns + 799) / 800, steps = (o->columns + group - 1) / group;
  double *xy = aus_alloc(ctx, (size_t)(2 * steps + 2), 2 * sizeof *xy);
  int32_t n = 0;
  if (!xy) { c->failed = true; return; }
  xy[2 * n] = LEFT;
  xy[2 * n++ + 1] = middle;
  for (int64_t k = 0; k < steps; k++) {
    double v = 0;
    for (int64_t i = k * group; i < (k + 1) * group && i < o->columns; i++) v = fmax(v, sign * o->curve[i]);
    const double y = middle - sign * 0.5 * CURVE * v / o->curve_peak;
    for (int side = 0; side < 2; side++) {
      xy[2 * n] = LEFT + WIDE * fmin(1, (double)((k + side) * group) / (double)o->columns);
      xy[2 * n++ + 1] = y;
    }
  }
  xy[2 * n] = LEFT + WIDE;
  xy[2 * n++ + 1] = middle;
  aus_chart_area(c, sign > 0 ? AUS_INK_FOR : AUS_INK_AGAINST, n, xy);
  aus_free(ctx, xy);
}

void aus_chart_seen(aus_chart *c, aus_ctx *ctx, const aus_report *r, int32_t target)
{
  const aus_spectrogram *s = r->spectrogram;
  const aus_target_explanation *t = &r->explanation->target[target];
  aus_overlay o = {0};
  char *title = aus_strf(ctx, "What the model sees: %s", t->name);
  const bool have = s && s->frames > 0;
  const aus_status status = have ? aus_overlay_make(ctx, r, target, &o) : AUS_OK;
  aus_chart_begin(c, ctx, LEFT + WIDE, TOP + HIGH + GAP + (o.value ? CURVE + 8 : 0), title);
  c->failed = c->failed || !title || status != AUS_OK;
  aus_free(ctx, title);
  if (!have || c->failed) return;
  aus_chart_bold(c, 15, AUS_ANCHOR_START, 0, 16, c->title);
  aus_picture p;
  uint8_t *rgba = aus_picture_levels(ctx, s, &p) == AUS_OK ? shade(ctx, &p, &o) : NULL;
  if (rgba) aus_chart_image(c, LEFT, TOP, WIDE, HIGH, p.columns, p.bands, rgba);
  else c->failed = true;
  aus_picture_free(ctx, &p);
  axes(c, s, (double)s->frames * s->hop_seconds);
  if (o.value) {
    const double middle = TOP + HIGH + GAP + 0.5 * CURVE;
    if (o.curve_peak > 0) {
      curve(c, ctx, &o, 1, middle);
      curve(c, ctx, &o, -1, middle);
    }
    aus_chart_line(c, AUS_INK_FAINT, 1, LEFT, middle, LEFT + WIDE, middle);
    aus_chart_number(c, AUS_INK_FAINT, 11, AUS_ANCHOR_END, LEFT - 5, middle - 0.5 * CURVE + 8, o.curve_peak, 2, true);
    aus_chart_text(c, AUS_INK_FAINT, 11, AUS_ANCHOR_END, LEFT - 5, middle + 14, "1/s");
  }
  aus_chart_tell(c, aus_strf(ctx, "the model's own spectrogram%s, for %s", o.value ? " with the answer's map over it and the answer over time" : "", t->name));
  aus_free(ctx, rgba);
  aus_overlay_free(ctx, &o);
}
