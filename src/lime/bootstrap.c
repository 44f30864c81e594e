/* bootstrap.c - intervals by reweighting the rows [Rubin81].
 *
 * The Bayesian bootstrap: every row's weight is multiplied by an independent Exp(1) number and the surrogate fitted
 * anew; 2.5 % and 97.5 % of the replicates bound the weight. Unlike drawing rows with replacement it
 * never leaves a component without rows. Rows drawn as a pair are reweighted as a pair. On a sampled table the interval is
 * about the sample; on an exhaustive one about the choice of rows a straight line is asked to serve: an exactly
 * linear model has intervals of no width. */
#include "lime/lime.h"

#include <math.h>
#include <stdlib.h>

void lime_reweight(const lime_table *t, uint64_t seed, int stream, int64_t replicate, double *pi)
{
  aus_rng rng = lime_rng(seed, stream, replicate);
  double factor = 1;
  for (int64_t r = 0; r < t->n_nb; r++) {
    const bool second = t->paired && r > 0 && r % 2 == 0;
    if (!second) factor = -log(1 - aus_rng_uniform(&rng));
    pi[r] = t->pi[r] * factor;
  }
}

typedef struct job {
  aus_ctx *ctx;
  const lime_table *t;
  const aus_subset *subset;
  double alpha, *coef;           /* [n][labels][d] */
  uint64_t seed;
  aus_moments *m;               /* [workers] */
  double **pi, **scratch;        /* [workers] */
} job;

static void replicate(void *arg, int64_t begin, int64_t end, int worker)
{
  const job *j = arg;
  const int32_t d = j->t->d, labels = j->t->labels;
  for (int64_t b = begin; b < end; b++) {
    lime_reweight(j->t, j->seed, LIME_STREAM_BOOTSTRAP, b, j->pi[worker]);
    aus_moments_of(j->ctx, j->t->n_nb, j->t->z, j->pi[worker], j->t->y, &j->m[worker]);
    lime_ridges(&j->m[worker], j->subset, j->alpha, j->coef + b * labels * d, NULL, j->scratch[worker]);
  }
}

static int by_value(const void *a, const void *b)
{
  const double x = *(const double *)a, y = *(const double *)b;
  return (x > y) - (x < y);
}

static double quantile(const double *sorted, int32_t n, double q)
{
  const double at = q * (n - 1);
  const int32_t i = (int32_t)at;
  return i + 1 < n ? sorted[i] + (at - i) * (sorted[i + 1] - sorted[i]) : sorted[n - 1];
}

static void bounds(const double *coef, int32_t n, int64_t stride, double *sorted, double *lo, double *hi)
{
  for (int64_t i = 0; i < stride; i++) {
    for (int32_t b = 0; b < n; b++) sorted[b] = coef[b * stride + i];
    qsort(sorted, (size_t)n, sizeof *sorted, by_value);
    lo[i] = quantile(sorted, n, 0.025);
    hi[i] = quantile(sorted, n, 0.975);
  }
}

static aus_status job_alloc(aus_ctx *ctx, job *j, int workers)
{
  j->m = aus_alloc_zero(ctx, (size_t)workers, sizeof *j->m);
  j->pi = aus_alloc_zero(ctx, (size_t)workers, sizeof *j->pi);
  j->scratch = aus_alloc_zero(ctx, (size_t)workers, sizeof *j->scratch);
  if (!j->m || !j->pi || !j->scratch) return AUS_ENOMEM;
  for (int w = 0; w < workers; w++) {
    AUS_TRY(aus_moments_alloc(ctx, j->t->d, j->t->labels, &j->m[w]));
    j->pi[w] = aus_alloc(ctx, (size_t)j->t->n_nb, sizeof(double));
    j->scratch[w] = aus_alloc(ctx, aus_ridge_scratch(j->t->d), sizeof(double));
    if (!j->pi[w] || !j->scratch[w]) return AUS_ENOMEM;
  }
  return AUS_OK;
}

static void job_free(aus_ctx *ctx, job *j, int workers)
{
  for (int w = 0; w < workers; w++) {
    if (j->m) aus_moments_free(ctx, &j->m[w]);
    if (j->pi) aus_free(ctx, j->pi[w]);
    if (j->scratch) aus_free(ctx, j->scratch[w]);
  }
  aus_free(ctx, j->m);
  aus_free(ctx, j->pi);
  aus_free(ctx, j->scratch);
  aus_free(ctx, j->coef);
}

aus_status lime_bootstrap(aus_ctx *ctx, const lime_table *t, const aus_subset *subset, double alpha, int32_t n,
                          uint64_t seed, double *lo, double *hi)
{
  const int64_t stride = (int64_t)t->labels * t->d;
  job j = { .ctx = ctx, .t = t, .subset = subset, .alpha = alpha, .seed = seed };
  aus_status status = job_alloc(ctx, &j, ctx->threads);
  j.coef = aus_alloc(ctx, (size_t)n * (size_t)stride, sizeof(double));
  double *sorted = aus_alloc(ctx, (size_t)n, sizeof *sorted);
  if (status == AUS_OK && (!j.coef || !sorted)) status = AUS_ENOMEM;
  if (status == AUS_OK) {
    aus_parallel_for(ctx, n, 1, replicate, &j);
    bounds(j.coef, n, stride, sorted, lo, hi);
  }
  aus_free(ctx, sorted);
  job_free(ctx, &j, ctx->threads);
  return status;
}
