/* permutation.c - Shapley values as mean gains along random orders [Castro09; Mitchell22].
 *
 * Switch components on in a random order, from nothing to everything; component i's gain where it joins is an
 * unbiased estimate of its Shapley value. Each order is followed by its reverse, whose errors tend to cancel. The gains of one order add up to
 * f(1) - f(0) whatever the sample: no additivity gap. The standard error is from the spread over pairs. */
#include "lime/lime.h"

#include <math.h>
#include <string.h>

/* An order visits d - 1 rows between nothing and everything; two pairs at least, for an error. */
int64_t lime_permutation_rows(int32_t d, int64_t wanted)
{
  const int64_t pair = 2 * ((int64_t)d - 1);
  if (pair < 1) return 0;
  return pair * (wanted / pair < 2 ? 2 : wanted / pair);
}

static void shuffle(aus_rng *rng, int32_t d, int32_t *order)
{
  for (int32_t i = 0; i < d; i++) {
    const int32_t j = (int32_t)aus_rng_below(rng, (uint64_t)i + 1);
    order[i] = order[j];
    order[j] = i;
  }
}

/* Rows of one order, forwards or backwards. */
static void walk(int32_t d, const int32_t *order, bool reverse, uint8_t *z)
{
  for (int32_t s = 0; s < d - 1; s++, z += d) {
    if (s) memcpy(z, z - d, (size_t)d);
    else memset(z, 0, (size_t)d);
    z[order[reverse ? d - 1 - s : s]] = 1;
  }
}

aus_status lime_permutation_draw(aus_ctx *ctx, uint64_t seed, int32_t d, int64_t n, uint8_t *z)
{
  int32_t *order = aus_alloc(ctx, (size_t)d, sizeof *order);
  if (!order) return AUS_ENOMEM;
  const int64_t rows = (int64_t)d - 1;
  for (int64_t r = 0; r < n; r += 2 * rows) {
    aus_rng rng = lime_rng(seed, LIME_STREAM_PERMUTATION, r);
    shuffle(&rng, d, order);
    walk(d, order, false, z + r * d);
    walk(d, order, true, z + (r + rows) * d);
  }
  aus_free(ctx, order);
  return AUS_OK;
}

/* Adds half of each component's gain along the order that starts at row r. */
static void add_gains(const lime_table *t, int32_t label, int64_t r, double *gain)
{
  const int32_t d = t->d;
  double before = t->y[t->row_none * t->labels + label];
  for (int32_t s = 0; s < d; s++, r++) {
    const bool last = s == d - 1;
    const double after = last ? t->y[label] : t->y[r * t->labels + label];
    for (int32_t i = 0; i < d; i++) { /* the component that joined: in this row, not in the one before */
      const int now = last || t->z[r * d + i], then = s > 0 && t->z[(r - 1) * d + i];
      if (now && !then) gain[i] += (after - before) / 2;
    }
    before = after;
  }
}

aus_status lime_permutation(aus_ctx *ctx, const lime_table *t, int32_t label, aus_weight *weight)
{
  const int32_t d = t->d;
  const int64_t rows = (int64_t)d - 1, pairs = t->n_shapley / (2 * rows);
  double *gain = aus_alloc_zero(ctx, 3 * (size_t)d, sizeof *gain);
  if (!gain) return AUS_ENOMEM;
  double *sum = gain + d, *squares = sum + d;
  for (int64_t p = 0; p < pairs; p++) {
    memset(gain, 0, (size_t)d * sizeof *gain);
    add_gains(t, label, t->row_shapley + 2 * p * rows, gain);
    add_gains(t, label, t->row_shapley + (2 * p + 1) * rows, gain);
    for (int32_t i = 0; i < d; i++) {
      const double delta = gain[i] - sum[i]; /* Welford: sum holds the running mean */
      sum[i] += delta / (double)(p + 1);
      squares[i] += delta * (gain[i] - sum[i]);
    }
  }
  for (int32_t i = 0; i < d; i++) {
    weight[i].shapley = sum[i];
    weight[i].shapley_se = pairs > 1 ? sqrt(squares[i] / (double)(pairs - 1) / (double)pairs) : NAN;
  }
  aus_free(ctx, gain);
  return AUS_OK;
}
