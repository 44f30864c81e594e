/* paired.c - is one method better than another on the same clips, or was it luck? [Student08; Wilcoxon45]
 *
 * t: mean difference over its standard error; its tail is an incomplete beta function, by Lentz's continued fraction [Press07, sec. 6.4].
 * Signed ranks: |a - b| is ranked, equals share; under chance every sign is a coin. Few pairs: all 2^n sums are counted (a table of how many subsets of 1..n
 * have each sum); many or tied: the normal curve. */
#include <auscult/fidelity.h>

#include "core/core.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* ---- Student's t ------------------------------------------------------------------------------------------ */

static double beta_fraction(double a, double b, double x)
{
  double c = 1, d = 1 / (1 - (a + b) * x / (a + 1)), h = d;
  for (int m = 1; m < 500; m++) {
    const double even = m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m)), odd = -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1));
    d = 1 / (1 + even * d);
    c = 1 + even / c;
    h *= c * d;
    d = 1 / (1 + odd * d);
    c = 1 + odd / c;
    h *= c * d;
    if (fabs(c * d - 1) < 1e-16) break;
  }
  return h;
}

/* Regularised incomplete beta function I_x(a, b). */
static double incomplete_beta(double a, double b, double x)
{
  if (x <= 0 || x >= 1) return x >= 1;
  const double front = exp(lgamma(a + b) - lgamma(a) - lgamma(b) + a * log(x) + b * log1p(-x));
  return x < (a + 1) / (a + b + 2) ? front * beta_fraction(a, b, x) / a : 1 - front * beta_fraction(b, a, 1 - x) / b;
}

aus_status aus_eval_paired_t(aus_ctx *ctx, int64_t n, const double *a, const double *b, aus_paired *out)
{
  double mean = 0, square = 0;
  if (n < 2) return aus_fail(ctx, AUS_EINVAL, "a paired test needs two clips or more");
  for (int64_t i = 0; i < n; i++) mean += (a[i] - b[i]) / (double)n;
  for (int64_t i = 0; i < n; i++) square += (a[i] - b[i] - mean) * (a[i] - b[i] - mean);
  const double freedom = (double)n - 1, error = sqrt(square / freedom / (double)n), t = mean / error;
  *out = (aus_paired){ .n = n, .difference = mean, .statistic = t };
  out->p = error > 0 ? incomplete_beta(freedom / 2, 0.5, freedom / (freedom + t * t)) : mean == 0 ? NAN : 0;
  return AUS_OK;
}

/* ---- signed ranks --------------------------------------------------------------------------------------------- */

typedef struct entry { double size; bool positive; } entry;

static int by_size(const void *a, const void *b)
{
  const double x = ((const entry *)a)->size, y = ((const entry *)b)->size;
  return (x > y) - (x < y);
}

/* Sum of ranks of positive differences; *ties: sum of t^3 - t over groups of equals. */
static double positive_ranks(int64_t n, const entry *e, double *ties)
{
  double sum = 0;
  *ties = 0;
  for (int64_t i = 0, j; i < n; i = j) {
    for (j = i; j < n && e[j].size == e[i].size; j++) {}
    const double together = (double)(j - i);
    *ties += together * together * together - together;
    for (int64_t k = i; k < j; k++) sum += e[k].positive ? (double)(i + 1 + j) / 2 : 0;
  }
  return sum;
}

enum { EXACT = 50 };

/* Chance that the sum of a random subset of 1..n is at most w, twice. */
static double exact_p(int64_t n, double w)
{
  double ways[EXACT * (EXACT + 1) / 2 + 1] = { 1 }, sum = 0;
  int64_t top = 0;
  for (int64_t r = 1; r <= n; r++) {
    top += r;
    for (int64_t s = top; s >= 0; s--) ways[s] = (ways[s] + (s >= r ? ways[s - r] : 0)) / 2;
  }
  for (int64_t s = 0; s <= top && (double)s <= w; s++) sum += ways[s];
  return fmin(1, 2 * sum);
}

static void judge(int64_t n, const entry *e, bool zeros, aus_paired *out)
{
  double ties;
  const double plus = positive_ranks(n, e, &ties), all = (double)n * (double)(n + 1) / 2, mean = all / 2;
  const double spread = sqrt(((double)n * (double)(n + 1) * (double)(2 * n + 1) - ties / 2) / 24);
  out->statistic = fmin(plus, all - plus);
  out->exact = n <= EXACT && ties == 0 && !zeros;
  out->p = n == 0 ? NAN : out->exact ? exact_p(n, out->statistic) : erfc((mean - out->statistic) / spread / sqrt(2));
}

aus_status aus_eval_wilcoxon(aus_ctx *ctx, int64_t n, const double *a, const double *b, aus_paired *out)
{
  entry *e = aus_alloc(ctx, (size_t)n + 1, sizeof *e);
  if (!e) return AUS_ENOMEM;
  *out = (aus_paired){ 0 };
  for (int64_t i = 0; i < n; i++) {
    const double d = a[i] - b[i];
    out->difference += d / (double)n;
    if (d != 0) e[out->n++] = (entry){ fabs(d), d > 0 };
  }
  qsort(e, (size_t)out->n, sizeof *e, by_size);
  judge(out->n, e, out->n < n, out);
  aus_free(ctx, e);
  return AUS_OK;
}
