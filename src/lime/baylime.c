/* baylime.c - Bayesian ridge: a posterior for each weight, and room for prior knowledge [Zhao21; MacKay92].
 *
 *     S^-1 = lambda I + a G,   mu = mu0 + S a (c - G mu0)
 *
 * on centred moments. The noise precision a and the prior precision lambda are fitted by maximising the
 * evidence: with gamma = d - lambda tr S effective parameters, lambda = gamma / |mu - mu0|^2 and
 * a = (n - gamma) / rss, until mu stands still; or they are given. Hyperpriors of 1e-6 as in scikit-learn's BayesianRidge, to
 * which this is equal when mu0 = 0. */
#include "lime/lime.h"

#include "la/la.h"

#include <math.h>
#include <string.h>

static const double TINY = 1e-6; /* shape and rate of both Gamma hyperpriors */

typedef struct posterior {
  const aus_moments *m;
  aus_subset s;
  const double *c;           /* c of the label */
  const double *mean;        /* mu0 or NULL */
  double *l, *copy;          /* S^-1 and its factor */
  double *mu, *last, *var, *col, *more;
} posterior;

static int32_t at(aus_subset s, int32_t i) { return s.use ? s.use[i] : i; }
static double mu0(const posterior *p, int32_t i) { return p->mean ? p->mean[at(p->s, i)] : 0; }
static double gram(const posterior *p, int32_t i, int32_t j) { return p->m->gram[(int64_t)at(p->s, i) * p->m->d + at(p->s, j)]; }

/* mu and the diagonal of S for these precisions. */
static void update(posterior *p, double a, double lambda)
{
  const int32_t n = p->s.n;
  for (int32_t i = 0; i < n; i++) {
    p->mu[i] = p->c[at(p->s, i)];
    for (int32_t j = 0; j < n; j++) {
      p->l[(int64_t)i * n + j] = a * gram(p, i, j) + (i == j ? lambda : 0);
      p->mu[i] -= gram(p, i, j) * mu0(p, j);
    }
    p->mu[i] *= a;
  }
  aus_pinv inverse;
  aus_pinv_make(n, p->l, p->copy, &inverse);
  aus_pinv_apply(&inverse, p->mu, p->more);
  for (int32_t i = 0; i < n; i++) {
    p->mu[i] += mu0(p, i);
    memset(p->col, 0, (size_t)n * sizeof *p->col);
    p->col[i] = 1;
    aus_pinv_apply(&inverse, p->col, p->more);
    p->var[i] = p->col[i];
  }
}

static void spread(const posterior *p, double *coef)
{
  memset(coef, 0, (size_t)p->m->d * sizeof *coef);
  for (int32_t i = 0; i < p->s.n; i++) coef[at(p->s, i)] = p->mu[i];
}

static void maximise(posterior *p, int32_t label, lime_prior prior, double *coef)
{
  const double rows = (double)p->m->rows;
  double a = prior.noise > 0 ? prior.noise : rows / (p->m->yy[label] + 1e-300), lambda = prior.precision > 0 ? prior.precision : 1;
  if (!(a < 1e300)) a = 1; /* a constant score */
  for (int iteration = 0; iteration < 1000; iteration++) {
    update(p, a, lambda);
    double moved = 0, trace = 0, size = 0;
    for (int32_t i = 0; i < p->s.n; i++) {
      moved += iteration ? fabs(p->mu[i] - p->last[i]) : 1;
      trace += p->var[i];
      size += (p->mu[i] - mu0(p, i)) * (p->mu[i] - mu0(p, i));
    }
    if (moved < 1e-12) break;
    memcpy(p->last, p->mu, (size_t)p->s.n * sizeof *p->mu);
    spread(p, coef);
    const double gamma = p->s.n - lambda * trace;
    if (!(prior.precision > 0)) lambda = (gamma + 2 * TINY) / (size + 2 * TINY);
    if (!(prior.noise > 0)) a = (rows - gamma + 2 * TINY) / (aus_ridge_rss(p->m, label, coef) + 2 * TINY);
  }
}

aus_status lime_baylime(aus_ctx *ctx, const aus_moments *m, int32_t label, aus_subset subset, lime_prior prior,
                        double *coef, double *sd)
{
  const size_t n = (size_t)subset.n;
  double *block = aus_alloc(ctx, 2 * n * n + 5 * n, sizeof *block);
  if (!block) return AUS_ENOMEM;
  posterior p = { .m = m, .s = subset, .c = m->zy + (int64_t)label * m->d, .mean = prior.mean,
                  .l = block, .copy = block + n * n, .mu = block + 2 * n * n };
  p.last = p.mu + n;
  p.var = p.last + n;
  p.col = p.var + n;
  p.more = p.col + n;
  maximise(&p, label, prior, coef);
  spread(&p, coef);
  memset(sd, 0, (size_t)m->d * sizeof *sd);
  for (size_t i = 0; i < n; i++) sd[at(subset, (int32_t)i)] = sqrt(p.var[i]);
  aus_free(ctx, block);
  return AUS_OK;
}
