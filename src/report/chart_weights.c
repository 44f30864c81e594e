/* chart_weights.c - how much each component weighs: bars from zero with their intervals, and from f(nothing) to f(all)
 * by Shapley values. */
#include "report/chart.h"
#include "report/number.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

enum { WIDTH = 640, ROW = 24, MOST = 20, NAMES_MOST = 200, VALUES = 74, TOP = 34, TEXT = 13 };

/* The left column is as wide as its longest name. */
static double names_width(const aus_explanation *e, const int32_t *order, int32_t n)
{
  double width = 60;
  for (int32_t k = 0; k < n; k++) width = fmax(width, aus_text_width(e->component[order[k]], TEXT));
  return fmin(width, NAMES_MOST) + 12;
}

static char *title_of(aus_ctx *ctx, const char *what, const aus_target_explanation *t) { return aus_strf(ctx, "%s%s", what, t->name); }

static void begin(aus_chart *c, aus_ctx *ctx, double height, const char *what, const aus_target_explanation *t)
{
  char *title = title_of(ctx, what, t);
  aus_chart_begin(c, ctx, WIDTH, height, title);
  c->failed = c->failed || !title;
  aus_chart_bold(c, 15, AUS_ANCHOR_START, 0, 16, c->title);
  aus_free(ctx, title);
}

/* ---- weights --------------------------------------------------------------------------------------- */

/* What weights and intervals span, zero included. */
static void span_of(const aus_explanation *e, const aus_target_explanation *t, double *low, double *high)
{
  *low = *high = 0;
  for (int32_t i = 0; i < e->n_components; i++) {
    const double v[3] = { t->weight[i].weight, t->weight[i].lo, t->weight[i].hi };
    for (int k = 0; k < 3; k++) {
      if (!isfinite(v[k])) continue;
      *low = fmin(*low, v[k]);
      *high = fmax(*high, v[k]);
    }
  }
  if (*high <= *low) *high = *low + 1;
}

/* By falling |weight|, as the bars show it; the other charts and tables go by aus_rank_components. */
static void rank_weights(const aus_target_explanation *t, int32_t n, int32_t *order)
{
  for (int32_t i = 0; i < n; i++) {
    int32_t at = i;
    for (; at > 0 && fabs(t->weight[order[at - 1]].weight) < fabs(t->weight[i].weight); at--) order[at] = order[at - 1];
    order[at] = i;
  }
}

static void weight_row(aus_chart *c, const char *name, const aus_weight *w, double y, double left, double zero, double scale)
{
  char told[160], value[AUS_NUMBER];
  aus_signed_text(value, w->weight, 3);
  snprintf(told, sizeof told, "%.90s %s", name, value);
  aus_chart_label(c, AUS_INK_TEXT, TEXT, AUS_ANCHOR_END, left - 12, y + 5, left - 12, name);
  if (isfinite(w->weight)) aus_chart_rect(c, w->weight < 0 ? AUS_INK_AGAINST : AUS_INK_FOR, zero, y - 7, w->weight * scale, 14, told);
  if (isfinite(w->lo) && isfinite(w->hi) && w->hi > w->lo) {
    const double a = zero + w->lo * scale, b = zero + w->hi * scale;
    aus_chart_line(c, AUS_INK_TEXT, 1.25, a, y, b, y);
    aus_chart_line(c, AUS_INK_TEXT, 1.25, a, y - 4, a, y + 4);
    aus_chart_line(c, AUS_INK_TEXT, 1.25, b, y - 4, b, y + 4);
  }
  aus_chart_number(c, AUS_INK_TEXT, TEXT, AUS_ANCHOR_END, WIDTH, y + 5, w->weight, 3, true);
}

static void axis(aus_chart *c, double zero, double low, double high, double scale, double y)
{
  const double step = aus_nice_step(high - low, 5);
  aus_chart_line(c, AUS_INK_FAINT, 1, zero, TOP - 8, zero, y - 12);
  for (double v = step * ceil(low / step - 1e-9); v <= high + 1e-9 * step; v += step)
    aus_chart_number(c, AUS_INK_FAINT, 11, AUS_ANCHOR_MIDDLE, zero + v * scale, y + 4, fabs(v) < 1e-9 * step ? 0 : v, 3, true);
}

void aus_chart_weights(aus_chart *c, aus_ctx *ctx, const aus_explanation *e, int32_t target)
{
  const aus_target_explanation *t = &e->target[target];
  const int32_t n = e->n_components, shown = n > MOST ? MOST : n;
  int32_t *order = aus_alloc(ctx, (size_t)n + 1, sizeof *order);
  begin(c, ctx, TOP + ROW * (shown + 1) + (n > shown ? 16 : 0), "Weights: ", t);
  if (!order) { c->failed = true; return; }
  if (n < 1) { aus_free(ctx, order); return; }
  rank_weights(t, n, order);
  double low, high;
  span_of(e, t, &low, &high);
  const double left = names_width(e, order, shown), scale = (WIDTH - VALUES - left) / (high - low), zero = left - low * scale;
  for (int32_t k = 0; k < shown; k++) weight_row(c, e->component[order[k]], &t->weight[order[k]], TOP + ROW * (k + 0.5), left, zero, scale);
  axis(c, zero, low, high, scale, TOP + ROW * shown + 12);
  if (n > shown) {
    char more[64];
    snprintf(more, sizeof more, "and %d weaker ones", n - shown);
    aus_chart_text(c, AUS_INK_FAINT, 12, AUS_ANCHOR_START, 0, TOP + ROW * (shown + 1) + 8, more);
  }
  aus_chart_tell(c, aus_strf(ctx, "bar chart: the weights of %d components for %s, strongest first, with intervals (%s)", shown, t->name, e->interval));
  aus_free(ctx, order);
}

/* ---- waterfall --------------------------------------------------------------------------------------- */

typedef struct fall { aus_chart *c; double left, low, scale; } fall;

static double at(const fall *f, double v) { return f->left + (v - f->low) * f->scale; }

static void step(const fall *f, const char *name, double from, double to, double y, bool last)
{
  char told[200], value[AUS_NUMBER];
  aus_signed_text(value, to - from, 3);
  snprintf(told, sizeof told, "%.100s %s", name, value);
  aus_chart_label(f->c, AUS_INK_TEXT, TEXT, AUS_ANCHOR_END, f->left - 12, y + 5, f->left - 12, name);
  aus_chart_rect(f->c, to < from ? AUS_INK_AGAINST : AUS_INK_FOR, at(f, from), y - 7, (to - from) * f->scale, 14, told);
  if (!last) aus_chart_line(f->c, AUS_INK_FAINT, 1, at(f, to), y - 7, at(f, to), y + ROW + 7);
  aus_chart_number(f->c, AUS_INK_TEXT, TEXT, AUS_ANCHOR_END, WIDTH, y + 5, to - from, 3, true);
}

static void level(const fall *f, const char *name, double v, double y)
{
  aus_chart_label(f->c, AUS_INK_FAINT, TEXT, AUS_ANCHOR_END, f->left - 12, y + 5, f->left - 12, name);
  aus_chart_line(f->c, AUS_INK_TEXT, 2, at(f, v), y - 9, at(f, v), y + 9);
  aus_chart_number(f->c, AUS_INK_TEXT, TEXT, AUS_ANCHOR_END, WIDTH, y + 5, v, 3, false);
}

/* The range that the running sum passes through. */
static void range_of(const aus_target_explanation *t, const int32_t *order, int32_t n, double *low, double *high)
{
  double v = t->score_none;
  *low = fmin(t->score, v);
  *high = fmax(t->score, v);
  for (int32_t k = 0; k < n; k++) {
    v += t->weight[order[k]].shapley;
    *low = fmin(*low, v);
    *high = fmax(*high, v);
  }
  if (*high <= *low) *high = *low + 1;
}

static bool can_fall(const aus_explanation *e, const aus_target_explanation *t)
{
  bool have = e->n_components > 0 && isfinite(t->score_none) && isfinite(t->score);
  for (int32_t i = 0; i < e->n_components; i++) have = have && isfinite(t->weight[i].shapley);
  return have;
}

void aus_chart_waterfall(aus_chart *c, aus_ctx *ctx, const aus_explanation *e, int32_t target)
{
  const aus_target_explanation *t = &e->target[target];
  const int32_t n = e->n_components, shown = n > MOST ? MOST : n, rows = shown + (n > shown) + 2;
  int32_t *order = aus_alloc(ctx, (size_t)n + 1, sizeof *order);
  const bool have = can_fall(e, t);
  begin(c, ctx, have ? TOP + ROW * rows + 4 : TOP, have ? "From nothing to everything: " : "No Shapley values: ", t);
  if (!order) { c->failed = true; return; }
  if (!have) { aus_free(ctx, order); aus_chart_clear(c); return; }
  aus_rank_components(t, n, order);
  double low, high, v = t->score_none, y = TOP + 0.5 * ROW;
  range_of(t, order, n, &low, &high);
  fall f = { c, fmax(names_width(e, order, shown), aus_text_width("every part off", TEXT) + 12), low, 1 };
  f.scale = (WIDTH - VALUES - f.left) / (high - low);
  level(&f, "every part off", v, y);
  aus_chart_line(c, AUS_INK_FAINT, 1, at(&f, v), y + 9, at(&f, v), y + ROW - 7);
  for (int32_t k = 0; k < shown; k++) {
    const double w = t->weight[order[k]].shapley;
    y += ROW;
    step(&f, e->component[order[k]], v, v + w, y, false);
    v += w;
  }
  if (n > shown) { /* the weaker ones in one step */
    double rest = 0;
    char name[48];
    for (int32_t k = shown; k < n; k++) rest += t->weight[order[k]].shapley;
    snprintf(name, sizeof name, "%d weaker ones", n - shown);
    y += ROW;
    step(&f, name, v, v + rest, y, false);
  }
  level(&f, "every part on", t->score, y + ROW);
  aus_chart_tell(c, aus_strf(ctx, "waterfall: from the answer with every part off by each component's Shapley value to the answer with every part on, for %s", t->name));
  aus_free(ctx, order);
}
