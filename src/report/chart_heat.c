/* chart_heat.c - heat maps side by side on one scale: who looks at whom in a layer of attention.
 *
 * Nothing is smoothed: a cell is a rectangle of one colour. The scale of colours stands below, so that panels can be compared. */
#include "report/chart_maps.h"
#include "report/number.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

enum { WIDTH = 880, TOP = 30, NAMES = 90, PANEL_TOP = 20, AXIS = 34, GAP = 18, KEY = 30, TEXT = 11, MOST_TICKS = 6 };

/* Largest absolute value that is finite, and whether any is negative. */
static double reach(const aus_heat *h, bool *negative)
{
  double most = 0;
  *negative = false;
  for (int64_t i = 0; i < (int64_t)h->panels * h->rows * h->columns; i++) {
    if (!isfinite(h->value[i])) continue;
    most = fmax(most, fabs((double)h->value[i]));
    *negative = *negative || h->value[i] < 0;
  }
  return h->most > 0 ? h->most : most > 0 ? most : 1;
}

/* Colour by sign, its opacity by size: over any paper. */
static void shade(uint8_t rgba[4], double share)
{
  const uint8_t *ink = aus_ink_colour[share < 0 ? AUS_INK_AGAINST : AUS_INK_FOR];
  memcpy(rgba, ink, 3);
  rgba[3] = (uint8_t)lrint(255 * fmin(1, fabs(share)));
}

static uint8_t *paint(aus_ctx *ctx, const aus_heat *h, int32_t panel, double most)
{
  const size_t cells = (size_t)h->rows * (size_t)h->columns;
  uint8_t *rgba = aus_alloc_zero(ctx, cells + 1, 4);
  for (int32_t r = 0; rgba && r < h->rows; r++)
    for (int32_t k = 0; k < h->columns; k++) {
      const float v = h->value[(size_t)panel * cells + (size_t)r * (size_t)h->columns + (size_t)k];
      const size_t at = (size_t)(h->up ? h->rows - 1 - r : r) * (size_t)h->columns + (size_t)k;
      if (isfinite(v)) shade(rgba + 4 * at, v / most);
    }
  return rgba;
}

/* Names where they fit, else numbers. At most so many; place(share) is where a share of the axis lies. */
static void row_axis(aus_chart *c, const aus_heat *h, double x, double y, double height)
{
  const aus_heat_axis *a = &h->row;
  if (a->name) {
    const int32_t step = (int32_t)fmax(1, ceil(h->rows * 12.0 / height));
    for (int32_t r = 0; r < h->rows; r += step) {
      const double share = (r + 0.5) / h->rows;
      aus_chart_label(c, AUS_INK_FAINT, TEXT, AUS_ANCHOR_END, x - 5, y + height * (h->up ? 1 - share : share) + 4, NAMES - 8, a->name[r]);
    }
    return;
  }
  if (!(a->to > a->from)) return;
  const double step = aus_nice_step(a->to - a->from, MOST_TICKS);
  for (double v = step * ceil(a->from / step - 1e-9); v <= a->to + 1e-9 * step; v += step) {
    const double share = (v - a->from) / (a->to - a->from);
    aus_chart_number(c, AUS_INK_FAINT, TEXT, AUS_ANCHOR_END, x - 5, y + height * (h->up ? 1 - share : share) + 4, v, 4, false);
  }
}

static void column_axis(aus_chart *c, const aus_heat *h, double x, double y, double width)
{
  const aus_heat_axis *a = &h->column;
  if (a->name) {
    const double room = width / h->columns;
    const int32_t step = (int32_t)fmax(1, ceil(44 / room));
    for (int32_t k = 0; k < h->columns; k += step) aus_chart_label(c, AUS_INK_FAINT, TEXT, AUS_ANCHOR_MIDDLE, x + room * (k + 0.5), y + 13, room * step - 4, a->name[k]);
  } else if (a->to > a->from) {
    const double step = aus_nice_step(a->to - a->from, MOST_TICKS);
    for (double v = step * ceil(a->from / step - 1e-9); v <= a->to + 1e-9 * step; v += step)
      aus_chart_number(c, AUS_INK_FAINT, TEXT, AUS_ANCHOR_MIDDLE, x + width * (v - a->from) / (a->to - a->from), y + 13, v, 4, false);
  }
  if (a->what) aus_chart_text(c, AUS_INK_FAINT, TEXT, AUS_ANCHOR_MIDDLE, x + 0.5 * width, y + 27, a->what);
}

static void key(aus_chart *c, double y, double most, bool negative)
{
  enum { STEPS = 64, LONG = 180 };
  uint8_t rgba[4 * STEPS];
  const double from = negative ? -1 : 0;
  for (int k = 0; k < STEPS; k++) shade(rgba + 4 * k, from + (1 - from) * (k + 0.5) / STEPS);
  aus_chart_number(c, AUS_INK_FAINT, TEXT, AUS_ANCHOR_END, NAMES - 6, y + 10, from * most, 3, negative);
  aus_chart_image(c, NAMES, y, LONG, 12, STEPS, 1, rgba);
  aus_chart_number(c, AUS_INK_FAINT, TEXT, AUS_ANCHOR_START, NAMES + LONG + 6, y + 10, most, 3, negative);
}

static void panel(aus_chart *c, aus_ctx *ctx, const aus_heat *h, int32_t i, double x, double y, double width, double height, double most)
{
  uint8_t *rgba = paint(ctx, h, i, most);
  if (!rgba) { c->failed = true; return; }
  if (h->panel) aus_chart_label(c, AUS_INK_TEXT, 12, AUS_ANCHOR_START, x, y - 6, width, h->panel[i]);
  aus_chart_rect(c, AUS_INK_PANEL, x, y, width, height, h->panel ? h->panel[i] : NULL);
  aus_chart_image(c, x, y, width, height, h->columns, h->rows, rgba);
  aus_free(ctx, rgba);
  column_axis(c, h, x, y + height, width);
}

void aus_chart_heat(aus_chart *c, aus_ctx *ctx, const aus_heat *h, const char *title)
{
  const int32_t n = h->panels, across = n < 1 ? 1 : n <= 4 ? n : 4, down = (n + across - 1) / across;
  const double width = (WIDTH - NAMES - GAP * (across - 1.0)) / across, square = width * h->rows / fmax(1, h->columns), height = fmin(fmax(square, 60), n > 1 ? 240 : 340);
  const double each = PANEL_TOP + height + AXIS;
  bool negative;
  aus_chart_begin(c, ctx, WIDTH, TOP + each * down + KEY, title);
  aus_chart_bold(c, 15, AUS_ANCHOR_START, 0, 16, c->title ? c->title : "");
  if (n < 1 || h->rows < 1 || h->columns < 1) return;
  const double most = reach(h, &negative);
  for (int32_t i = 0; i < n; i++) {
    const double x = NAMES + (i % across) * (width + GAP), y = TOP + PANEL_TOP + each * (i / across);
    if (i % across == 0) {
      row_axis(c, h, x, y, height);
      if (h->row.what) aus_chart_label(c, AUS_INK_FAINT, TEXT, AUS_ANCHOR_START, 0, y - 6, NAMES - 8, h->row.what);
    }
    panel(c, ctx, h, i, x, y, width, height, most);
  }
  key(c, TOP + each * down + 6, most, negative);
  aus_chart_tell(c, aus_strf(ctx, "%s: %d heat map%s of %d by %d on one scale", title ? title : "", n, n == 1 ? "" : "s", h->rows, h->columns));
}
