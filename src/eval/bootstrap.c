/* bootstrap.c - how far a number would move if its sample were drawn again [Efron93].
 *
 * Percentile intervals: the statistic of n indices drawn with replacement, many times; the 2.5th and 97.5th percentile. */
#include <auscult/eval.h>

#include "core/core.h"

#include <math.h>
#include <stdlib.h>

static int ascending(const void *a, const void *b)
{
  const double x = *(const double *)a, y = *(const double *)b;
  return (x > y) - (x < y);
}

/* Linear between order statistics. */
static double percentile(int64_t n, const double *sorted, double p)
{
  const double at = p * (double)(n - 1);
  const int64_t low = (int64_t)at;
  return low + 1 < n ? sorted[low] + (at - (double)low) * (sorted[low + 1] - sorted[low]) : sorted[n - 1];
}

aus_status aus_eval_bootstrap(aus_ctx *ctx, int64_t n, int64_t resamples, uint64_t seed, aus_statistic_fn stat, void *user, double *lo, double *hi)
{
  *lo = *hi = NAN;
  if (n < 1 || resamples < 1) return aus_fail(ctx, AUS_EINVAL, "an interval needs something to draw from");
  int64_t *pick = aus_alloc(ctx, (size_t)n, sizeof *pick), kept = 0;
  double *value = aus_alloc(ctx, (size_t)resamples, sizeof *value);
  for (int64_t r = 0; pick && value && r < resamples; r++) {
    aus_rng rng;
    aus_rng_init(&rng, seed, (uint64_t)r);
    for (int64_t i = 0; i < n; i++) pick[i] = (int64_t)aus_rng_below(&rng, (uint64_t)n);
    const double v = stat(user, n, pick);
    if (!isnan(v)) value[kept++] = v; /* a draw where the statistic is not defined says nothing */
  }
  const bool ok = pick && value;
  if (ok && kept) {
    qsort(value, (size_t)kept, sizeof *value, ascending);
    *lo = percentile(kept, value, 0.025);
    *hi = percentile(kept, value, 0.975);
  }
  aus_free(ctx, pick);
  aus_free(ctx, value);
  return ok ? AUS_OK : AUS_ENOMEM;
}

static double mean_of(void *user, int64_t n, const int64_t *pick)
{
  const double *v = user;
  double sum = 0;
  for (int64_t i = 0; i < n; i++) sum += v[pick[i]];
  return sum / (double)n;
}

aus_status aus_eval_mean(aus_ctx *ctx, int64_t n, const double *value, uint64_t seed, double *mean, double *lo, double *hi)
{
  *mean = 0;
  for (int64_t i = 0; i < n; i++) *mean += value[i] / (double)n;
  return aus_eval_bootstrap(ctx, n, 1000, seed, mean_of, (void *)(uintptr_t)value, lo, hi);
}
