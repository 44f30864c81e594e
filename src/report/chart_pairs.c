/* chart_pairs.c - who works with whom: pairwise Shapley interactions as a matrix. Orange: together they do more than each
 * alone adds up to; blue: less, each can stand in for the other. */
#include "report/chart.h"
#include "report/number.h"

#include <math.h>

enum { MOST = 16, TOP = 34, TEXT = 12 };

static double largest(const double *m, int32_t n)
{
  double full = 0;
  for (int32_t i = 0; i < n; i++)
    for (int32_t k = 0; k < n; k++)
      if (i != k) full = fmax(full, fabs(m[(size_t)i * (size_t)n + (size_t)k]));
  return full;
}

static void cell(aus_chart *c, double v, double full, double x, double y, double w, double h)
{
  if (full > 0) aus_chart_tint(c, v < 0 ? AUS_INK_AGAINST_SOFT : AUS_INK_FOR_SOFT, 0.95 * fabs(v) / full, x + 1, y + 1, w - 2, h - 2);
  aus_chart_number(c, AUS_INK_TEXT, 11, AUS_ANCHOR_MIDDLE, x + 0.5 * w, y + 0.5 * h + 4, v, 2, true);
}

void aus_chart_pairs(aus_chart *c, aus_ctx *ctx, const aus_explanation *e, int32_t target)
{
  const aus_target_explanation *t = &e->target[target];
  const int32_t n = e->n_components;
  const bool have = t->interaction && n >= 2 && n <= MOST;
  double names = 50;
  for (int32_t i = 0; i < n; i++) names = fmax(names, aus_text_width(e->component[i], TEXT));
  names = fmin(names, 150) + 10;
  const double wide = fmin(84, fmax(48, (640 - names) / (n > 0 ? n : 1))), high = 26;
  char *title = aus_strf(ctx, "Pairs: %s", t->name);
  aus_chart_begin(c, ctx, have ? names + wide * n : 1, have ? TOP + high * (n + 1) + 4 : 1, title);
  c->failed = c->failed || !title;
  aus_free(ctx, title);
  if (!have) return;
  aus_chart_bold(c, 15, AUS_ANCHOR_START, 0, 16, c->title);
  const double full = largest(t->interaction, n);
  for (int32_t i = 0; i < n; i++) {
    const double y = TOP + high * (i + 1);
    aus_chart_label(c, AUS_INK_TEXT, TEXT, AUS_ANCHOR_END, names - 8, y + 0.5 * high + 4, names - 8, e->component[i]);
    aus_chart_label(c, AUS_INK_TEXT, TEXT, AUS_ANCHOR_MIDDLE, names + wide * (i + 0.5), TOP + high - 8, wide - 4, e->component[i]);
    for (int32_t k = 0; k < n; k++)
      if (k != i) cell(c, t->interaction[(size_t)i * (size_t)n + (size_t)k], full, names + wide * k, y, wide, high);
      else aus_chart_rect(c, AUS_INK_PANEL, names + wide * k + 1, y + 1, wide - 2, high - 2, NULL);
  }
  aus_chart_tell(c, aus_strf(ctx, "matrix of pairwise interactions of %d components for %s", n, t->name));
}
