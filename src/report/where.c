/* where.c - a map of thousands of cells in one sentence: its strongest moments, and the band that holds half of it.
 *
 * Values of one sign are summed over time into short bins; the stretch is a window over the bins with the largest sum.
 * The band is the shortest run of bands whose sum is half of all (two pointers, one pass). */
#include "report/where.h"
#include "core/core.h"

#include <math.h>

enum { BINS = 240, TWELFTH = BINS / 12 };

static double part_of(float v, double sign) { return isfinite(v) && v * sign > 0 ? v * sign : 0; }

bool aus_map_has(const aus_map *m, double sign)
{
  for (int64_t i = 0; i < m->frames * m->bands; i++)
    if (part_of(m->value[i], sign) > 0) return true;
  return false;
}

/* The window of w bins with the largest sum that keeps off [from, to]. */
static double best_window(const double bin[BINS], int w, int from, int to, int *at)
{
  double best = 0;
  for (int i = 0; i + w <= BINS; i++) {
    double sum = 0;
    if (i + w >= from && i <= to) continue;
    for (int k = i; k < i + w; k++) sum += bin[k];
    if (sum > best) { best = sum; *at = i; }
  }
  return best;
}

int32_t aus_where_time(const aus_map *m, double sign, double seconds, aus_stretch out[AUS_STRETCHES])
{
  double bin[BINS] = { 0 }, all = 0;
  for (int64_t f = 0; f < m->frames; f++) {
    const int64_t b = (int64_t)((double)f * m->hop_s / seconds * BINS), at = b < BINS ? b : BINS - 1;
    for (int32_t k = 0; k < m->bands; k++) bin[at] += part_of(m->value[f * m->bands + k], sign);
  }
  for (int i = 0; i < BINS; i++) all += bin[i];
  const double wide = fmin(BINS, fmax(TWELFTH, ceil(fmax(0.25, m->cell_s) / seconds * BINS)));
  const int w = (int)wide;
  int32_t n = 0;
  for (int from = BINS + 1, to = BINS + 1, at = 0; n < AUS_STRETCHES; from = at, to = at + w) {
    const double share = all > 0 ? best_window(bin, w, from, to, &at) / all : 0;
    if (share < 1.5 * wide / BINS) break;
    out[n++] = (aus_stretch){ at * seconds / BINS, (at + w) * seconds / BINS, share };
  }
  return n;
}

bool aus_where_band(aus_ctx *ctx, const aus_map *m, double sign, double *low, double *high)
{
  if (m->bands < 3 || !m->hz) return false;
  double *sum = aus_alloc_zero(ctx, (size_t)m->bands, sizeof *sum), all = 0, held = 0;
  int32_t best = m->bands;
  for (int64_t i = 0; sum && i < m->frames * m->bands; i++) sum[i % m->bands] += part_of(m->value[i], sign);
  for (int32_t b = 0; sum && b < m->bands; b++) all += sum[b];
  for (int32_t from = 0, to = 0; sum && to < m->bands; to++) {
    held += sum[to];
    for (; held - sum[from] >= 0.5 * all && from < to; from++) held -= sum[from];
    if (held < 0.5 * all || to - from >= best) continue;
    best = to - from;
    *low = from > 0 ? 0.5 * ((double)m->hz[from - 1] + (double)m->hz[from]) : 0;
    *high = to + 1 < m->bands ? 0.5 * ((double)m->hz[to] + (double)m->hz[to + 1]) : (double)m->hz[to];
  }
  aus_free(ctx, sum);
  return sum && all > 0 && best < 0.45 * m->bands;
}
