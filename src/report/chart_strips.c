/* chart_strips.c - what several answers, tags or components get from each moment, one under the other on one common scale: a strip that is
 * flat contributes little, however it would look on a scale of its own. */
#include "report/chart_maps.h"
#include "report/number.h"

#include <math.h>
#include <stdio.h>

enum { WIDTH = 880, TOP = 34, ROW = 40, NAMES = 150, BARS = 110, TEXT = 12, MOST_STEPS = 600 };

static double reach(const aus_strips *s)
{
  double most = 0;
  for (int64_t i = 0; i < (int64_t)s->n * s->columns; i++)
    if (isfinite(s->value[i])) most = fmax(most, fabs((double)s->value[i]));
  return s->most > 0 ? s->most : most > 0 ? most : 1;
}

/* One sign of a row as an area of steps; columns are grouped when there are many, the largest of a group is shown. */
static void area(aus_chart *c, aus_ctx *ctx, const aus_strips *s, int32_t row, double sign, double left, double middle, double most)
{
  const int32_t group = (s->columns + MOST_STEPS - 1) / MOST_STEPS, steps = (s->columns + group - 1) / group;
  const double width = WIDTH - left, half = 0.5 * ROW - 3;
  double *xy = aus_alloc(ctx, 2 * (size_t)steps + 2, 2 * sizeof *xy);
  int32_t n = 0;
  bool any = false;
  if (!xy) { c->failed = true; return; }
  xy[2 * n] = left;
  xy[2 * n++ + 1] = middle;
  for (int32_t k = 0; k < steps; k++) {
    double v = 0;
    for (int32_t i = k * group; i < (k + 1) * group && i < s->columns; i++) {
      const float x = s->value[(size_t)row * (size_t)s->columns + (size_t)i];
      if (isfinite(x)) v = fmax(v, sign * x);
    }
    any = any || v > 0;
    for (int side = 0; side < 2; side++) {
      xy[2 * n] = left + width * fmin(1, (double)((k + side) * group) / s->columns);
      xy[2 * n++ + 1] = middle - sign * half * fmin(1, v / most);
    }
  }
  xy[2 * n] = WIDTH;
  xy[2 * n++ + 1] = middle;
  if (any) aus_chart_area(c, sign > 0 ? AUS_INK_FOR : AUS_INK_AGAINST, n, xy);
  aus_free(ctx, xy);
}

static void bar(aus_chart *c, const aus_strips *s, int32_t row, double middle, double full)
{
  char told[160], value[AUS_NUMBER];
  const double w = s->weight[row];
  if (!isfinite(w)) return;
  aus_signed_text(value, w, 3);
  snprintf(told, sizeof told, "%.90s %s", s->name[row], value);
  aus_chart_rect(c, w < 0 ? AUS_INK_AGAINST : AUS_INK_FOR, NAMES + 8, middle - 6, (BARS - 58) * fabs(w) / full, 12, told);
  aus_chart_number(c, AUS_INK_TEXT, 11, AUS_ANCHOR_END, NAMES + BARS - 6, middle + 4, w, 2, true);
}

void aus_chart_strips(aus_chart *c, aus_ctx *ctx, const aus_strips *s, const char *title)
{
  const double left = NAMES + (s->weight ? BARS : 0), most = reach(s), bottom = TOP + ROW * (double)s->n;
  double full = 1e-30;
  aus_chart_begin(c, ctx, WIDTH, bottom + 22, title);
  aus_chart_bold(c, 15, AUS_ANCHOR_START, 0, 16, c->title ? c->title : "");
  if (s->n < 1 || s->columns < 1) return;
  for (int32_t i = 0; s->weight && i < s->n; i++)
    if (isfinite(s->weight[i])) full = fmax(full, fabs(s->weight[i]));
  for (int32_t i = 0; i < s->n; i++) {
    const double middle = TOP + ROW * (i + 0.5);
    aus_chart_label(c, AUS_INK_TEXT, TEXT, AUS_ANCHOR_END, NAMES - 6, middle + 4, NAMES - 8, s->name[i]);
    if (s->weight) bar(c, s, i, middle, full);
    area(c, ctx, s, i, 1, left, middle, most);
    area(c, ctx, s, i, -1, left, middle, most);
    aus_chart_line(c, AUS_INK_LINE, 1, left, middle, WIDTH, middle);
  }
  const double step = s->seconds > 0 ? aus_nice_step(s->seconds, 10) : 1;
  for (double t = 0; s->seconds > 0 && t < 0.985 * s->seconds; t += step) aus_chart_number(c, AUS_INK_FAINT, 11, AUS_ANCHOR_START, left + (WIDTH - left) * t / s->seconds, bottom + 14, t, 4, false);
  if (s->seconds > 0) aus_chart_text(c, AUS_INK_FAINT, 11, AUS_ANCHOR_END, WIDTH, bottom + 14, "s");
  char scale[96], value[AUS_NUMBER];
  aus_number_text(value, most, 3);
  snprintf(scale, sizeof scale, "half a strip: %s%s%.30s", value, s->unit ? " " : "", s->unit ? s->unit : "");
  aus_chart_text(c, AUS_INK_FAINT, 11, AUS_ANCHOR_END, left - 6, bottom + 14, scale);
  aus_chart_tell(c, aus_strf(ctx, "%s: %d strips over time on one scale, at most %s", title ? title : "", s->n, value));
}
