/* shape.c - measures of an explanation by itself: how concentrated is it, and does it add up?
 *
 *     Gini          sum_i (2i - n - 1) v_i / (n sum v),  v = |a| ascending, i from 1          [Chalasani20]
 *     entropy       - sum p log p,  p = |a| / sum |a|                                          [Bhatt20]
 *     effective     how many |a| exceed eps of the largest                                     [Nguyen20]
 *     completeness  |sum a - (f(x) - f(x'))| relative to the largest score involved            [Sundararajan17]
 *
 * Concentrated is not the same as right: read them beside a measure that asks the model. */
#include <auscult/eval.h>

#include "core/core.h"

#include <math.h>
#include <stdlib.h>

static int ascending(const void *a, const void *b)
{
  const double x = *(const double *)a, y = *(const double *)b;
  return (x > y) - (x < y);
}

aus_status aus_eval_gini(aus_ctx *ctx, int64_t n, const float *a, double *out)
{
  double *v = aus_alloc(ctx, (size_t)n + 1, sizeof *v), top = 0, sum = 0;
  if (!v) return AUS_ENOMEM;
  for (int64_t i = 0; i < n; i++) v[i] = fabs((double)a[i]);
  qsort(v, (size_t)n, sizeof *v, ascending);
  for (int64_t i = 0; i < n; i++) {
    top += (2.0 * (double)(i + 1) - (double)n - 1) * v[i];
    sum += v[i];
  }
  *out = sum > 0 ? top / ((double)n * sum) : NAN; /* a map of zeros is neither */
  aus_free(ctx, v);
  return AUS_OK;
}

double aus_eval_entropy(int64_t n, const float *a)
{
  double sum = 0, h = 0;
  for (int64_t i = 0; i < n; i++) sum += fabs((double)a[i]);
  if (!(sum > 0)) return NAN;
  for (int64_t i = 0; i < n; i++) {
    const double p = fabs((double)a[i]) / sum;
    if (p > 0) h -= p * log(p);
  }
  return h;
}

int64_t aus_eval_effective(int64_t n, const float *a, double eps)
{
  double most = 0;
  int64_t count = 0;
  for (int64_t i = 0; i < n; i++) most = fmax(most, fabs((double)a[i]));
  for (int64_t i = 0; i < n; i++) count += fabs((double)a[i]) > eps * most;
  return count;
}

double aus_eval_completeness(int64_t n, const float *a, double score, double score_none)
{
  double sum = 0;
  for (int64_t i = 0; i < n; i++) sum += a[i];
  const double scale = fmax(fabs(score - score_none), fmax(fabs(score), fabs(score_none)));
  return scale > 0 ? fabs(sum - (score - score_none)) / scale : fabs(sum);
}
