/* measures.c - each measure with its interval.
 *
 * What the interval is over is said with it: draws, cells, frames, layers, seeds. A number in which nothing is drawn is "exact" on one
 * input; its interval comes with several inputs (aus_eval_merge). */
#include "eval/eval.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

void eval_put(eval_work *w, const char *name, int better, double value, double lo, double hi, const char *over)
{
  aus_evaluation *e = w->out;
  if (e->n == (int32_t)(sizeof e->measure / sizeof *e->measure)) return;
  aus_measure *m = &e->measure[e->n++];
  *m = (aus_measure){ .value = value, .lo = over ? lo : value, .hi = over ? hi : value, .better = better };
  snprintf(m->name, sizeof m->name, "%s", name);
  snprintf(m->over, sizeof m->over, "%s", over ? over : "exact");
}

/* ---- curves --------------------------------------------------------------------------------------- */

static aus_status curve(eval_work *w, aus_eval_order order, uint64_t seed, aus_eval_fill fill, int insert, aus_eval_curve *c)
{
  int64_t *which = aus_alloc(w->ctx, (size_t)w->s->cells, sizeof *which);
  aus_status status = which ? aus_eval_sort(w->ctx, w->s, order, seed, which) : AUS_ENOMEM;
  if (status == AUS_OK) status = aus_eval_trace(w->ctx, w->s, which, fill, insert, w->config->steps, c);
  aus_free(w->ctx, which);
  return status;
}

static aus_status deletion(eval_work *w)
{
  AUS_TRY(curve(w, AUS_EVAL_DOWN, 0, w->config->fill, 0, &w->out->deletion));
  eval_put(w, "deletion", -1, aus_eval_area(&w->out->deletion), 0, 0, NULL);
  return AUS_OK;
}

static aus_status insertion(eval_work *w)
{
  AUS_TRY(curve(w, AUS_EVAL_DOWN, 0, w->config->fill, 1, &w->out->insertion));
  eval_put(w, "insertion", 1, aus_eval_area(&w->out->insertion), 0, 0, NULL);
  return AUS_OK;
}

/* Most relevant first; and the area between least relevant first and that. */
static aus_status aopc(eval_work *w)
{
  aus_eval_curve first, last;
  AUS_TRY(curve(w, AUS_EVAL_DOWN, 0, w->config->fill, 0, &first));
  AUS_TRY(curve(w, AUS_EVAL_UP, 0, w->config->fill, 0, &last));
  eval_put(w, "aopc", 1, aus_eval_aopc(&first), 0, 0, NULL);
  eval_put(w, "aopc_gain", 1, aus_eval_area(&last) - aus_eval_area(&first), 0, 0, NULL);
  return AUS_OK;
}

static aus_status flip_random(eval_work *w, aus_eval_fill fill, const char *name)
{
  double *area = aus_alloc(w->ctx, (size_t)w->config->seeds, sizeof *area), mean, lo, hi;
  aus_status status = area ? AUS_OK : AUS_ENOMEM;
  for (int32_t k = 0; k < w->config->seeds && status == AUS_OK; k++) {
    aus_eval_curve c;
    status = curve(w, AUS_EVAL_RANDOM, w->config->seed + (uint64_t)k, fill, 0, &c);
    area[k] = status == AUS_OK ? aus_eval_area(&c) : 0;
  }
  if (status == AUS_OK) status = aus_eval_mean(w->ctx, w->config->seeds, area, w->config->seed, &mean, &lo, &hi);
  if (status == AUS_OK) eval_put(w, name, 0, mean, lo, hi, "seeds");
  aus_free(w->ctx, area);
  return status;
}

/* Five orders, three replacements: one area each. Replacements that the subject does not know are left out. */
static aus_status flipping(eval_work *w)
{
  static const char *const order[5] = { "down", "up", "absolute", "amplitude", "random" }, *const fill[3] = { "zero", "noise", "line" };
  static const int better[5] = { -1, 1, -1, 0, 0 };
  for (int f = 0; f < AUS_EVAL_FILLS; f++)
    for (int o = AUS_EVAL_DOWN; o <= AUS_EVAL_RANDOM; o++) {
      char name[32];
      aus_eval_curve c;
      snprintf(name, sizeof name, "flip_%s_%s", order[o], fill[f]);
      if (o == AUS_EVAL_AMPLITUDE && !w->s->amplitude && !w->s->input) continue;
      const aus_status status = o == AUS_EVAL_RANDOM ? flip_random(w, (aus_eval_fill)f, name) : curve(w, (aus_eval_order)o, 0, (aus_eval_fill)f, 0, &c);
      if (status == AUS_ENOTSUP && f != AUS_EVAL_ZERO) break;
      AUS_TRY(status);
      if (o != AUS_EVAL_RANDOM) eval_put(w, name, better[o], aus_eval_area(&c), 0, 0, NULL);
    }
  return AUS_OK;
}

/* ---- random sets ------------------------------------------------------------------------------------ */

typedef struct pairs { const double *product, *drop; double *p, *d; int scaled; } pairs;

static void gather(pairs *x, int64_t n, const int64_t *pick)
{
  for (int64_t i = 0; i < n; i++) {
    x->p[i] = x->product[pick[i]];
    x->d[i] = x->drop[pick[i]];
  }
}
static double pearson_of(void *user, int64_t n, const int64_t *pick)
{
  pairs *x = user;
  gather(x, n, pick);
  return aus_eval_pearson(n, x->p, x->d);
}
static double infidelity_of(void *user, int64_t n, const int64_t *pick)
{
  pairs *x = user;
  gather(x, n, pick);
  return aus_eval_infidelity(n, x->p, x->d, x->scaled);
}

static aus_status put_infidelity(eval_work *w, const char *name, pairs *x, int scaled)
{
  double lo, hi;
  x->scaled = scaled;
  AUS_TRY(aus_eval_bootstrap(w->ctx, w->config->draws, 1000, w->config->seed, infidelity_of, x, &lo, &hi));
  eval_put(w, name, -1, aus_eval_infidelity(w->config->draws, x->product, x->drop, scaled), lo, hi, "draws");
  return AUS_OK;
}

static aus_status put_correlation(eval_work *w, pairs *x)
{
  double lo, hi;
  AUS_TRY(aus_eval_bootstrap(w->ctx, w->config->draws, 1000, w->config->seed, pearson_of, x, &lo, &hi));
  eval_put(w, "faithfulness", 1, aus_eval_pearson(w->config->draws, x->product, x->drop), lo, hi, "draws");
  return AUS_OK;
}

static aus_status with_draws(eval_work *w, bool coins)
{
  const size_t n = (size_t)w->config->draws;
  double *v = aus_alloc(w->ctx, 4 * n, sizeof *v);
  if (!v) return AUS_ENOMEM;
  pairs x = { v, v + n, v + 2 * n, v + 3 * n, 0 };
  aus_status status = eval_draws(w->ctx, w->s, w->config, coins, v, v + n);
  if (status == AUS_OK && !coins) status = put_correlation(w, &x);
  if (status == AUS_OK && coins) status = put_infidelity(w, "infidelity", &x, 0);
  if (status == AUS_OK && coins) status = put_infidelity(w, "infidelity_scaled", &x, 1);
  aus_free(w->ctx, v);
  return status;
}

static aus_status faithfulness(eval_work *w) { return with_draws(w, false); }
static aus_status infidelity(eval_work *w) { return with_draws(w, true); }

/* ---- the explanation alone: intervals over cells -------------------------------------------------------- */

typedef struct sample { eval_work *w; const float *a; const uint8_t *inside; float *v; uint8_t *in; int64_t n; int what; } sample;
enum { GINI, ENTROPY, EFFECTIVE, MASS, RANK, AUC };

static double number(aus_ctx *ctx, int what, int64_t n, const float *a, const uint8_t *inside)
{
  double v = NAN;
  switch (what) {
  case GINI: return aus_eval_gini(ctx, n, a, &v) == AUS_OK ? v : NAN;
  case ENTROPY: return aus_eval_entropy(n, a);
  case EFFECTIVE: return (double)aus_eval_effective(n, a, 1e-5);
  case MASS: return aus_eval_mass(n, a, inside);
  case RANK: return aus_eval_rank(ctx, n, a, inside, &v) == AUS_OK ? v : NAN;
  default: return aus_eval_auc(ctx, n, a, inside, &v) == AUS_OK ? v : NAN;
  }
}

static double number_of(void *user, int64_t n, const int64_t *pick)
{
  sample *x = user;
  for (int64_t i = 0; i < n; i++) {
    x->v[i] = x->a[pick[i]];
    if (x->inside) x->in[i] = x->inside[pick[i]];
  }
  return number(x->w->ctx, x->what, n, x->v, x->in);
}

static aus_status put_number(eval_work *w, const char *name, int better, int what, int64_t n, const float *a, const uint8_t *inside, const char *over)
{
  sample x = { w, a, inside, aus_alloc(w->ctx, (size_t)n, sizeof(float)), aus_alloc(w->ctx, (size_t)n, 1), n, what };
  double lo, hi;
  aus_status status = x.v && x.in ? AUS_OK : AUS_ENOMEM;
  const int64_t resamples = n <= 20000 ? 200 : 20; /* of many cells the interval is narrow anyway */
  if (status == AUS_OK) status = aus_eval_bootstrap(w->ctx, n, resamples, w->config->seed, number_of, &x, &lo, &hi);
  if (status == AUS_OK) eval_put(w, name, better, number(w->ctx, what, n, a, inside), lo, hi, over);
  aus_free(w->ctx, x.v);
  aus_free(w->ctx, x.in);
  return status;
}

static aus_status sparseness(eval_work *w) { return put_number(w, "sparseness", 1, GINI, w->s->cells, w->s->value, NULL, "cells"); }
static aus_status entropy(eval_work *w) { return put_number(w, "entropy", -1, ENTROPY, w->s->cells, w->s->value, NULL, "cells"); }
static aus_status effective(eval_work *w) { return put_number(w, "effective", -1, EFFECTIVE, w->s->cells, w->s->value, NULL, "cells"); }

static aus_status completeness(eval_work *w)
{
  eval_put(w, "completeness", -1, aus_eval_completeness(w->s->cells, w->s->value, w->s->score, w->s->score_none), 0, 0, NULL);
  return AUS_OK;
}

/* ---- place ------------------------------------------------------------------------------------------------ */

static aus_status pointing(eval_work *w)
{
  eval_put(w, "pointing", 1, aus_eval_pointing(w->s->cells, w->s->value, w->s->inside), 0, 0, NULL);
  return AUS_OK;
}
static aus_status mass(eval_work *w) { return put_number(w, "mass", 1, MASS, w->s->cells, w->s->value, w->s->inside, "cells"); }
static aus_status rank(eval_work *w) { return put_number(w, "rank", 1, RANK, w->s->cells, w->s->value, w->s->inside, "cells"); }

/* Relevance along one axis (positive parts, summed over the others) against places on it where an event is. */
static aus_status along(eval_work *w, int32_t axis, const char *name, const char *over)
{
  const aus_eval_subject *s = w->s;
  const int64_t n = s->dim[axis];
  int64_t inner = 1;
  for (int32_t d = axis + 1; d < s->rank; d++) inner *= s->dim[d];
  float *a = aus_alloc_zero(w->ctx, (size_t)n, sizeof *a);
  uint8_t *in = aus_alloc_zero(w->ctx, (size_t)n, 1);
  aus_status status = a && in ? AUS_OK : AUS_ENOMEM;
  for (int64_t i = 0; status == AUS_OK && i < s->cells; i++) {
    a[i / inner % n] += s->value[i] > 0 ? s->value[i] : 0;
    in[i / inner % n] |= s->inside[i];
  }
  if (status == AUS_OK) status = put_number(w, name, 1, AUC, n, a, in, over);
  aus_free(w->ctx, a);
  aus_free(w->ctx, in);
  return status;
}

static aus_status time_auc(eval_work *w) { return along(w, 0, "time_auc", "frames"); }
static aus_status band_auc(eval_work *w) { return w->s->rank > 1 ? along(w, w->s->rank - 1, "band_auc", "bands") : AUS_OK; }

const eval_row eval_rows[] = {
  { "deletion", "area under the score as the most relevant cells go first", EVAL_HIDE, deletion },
  { "insertion", "area under the score as the most relevant cells come first", EVAL_HIDE, insertion },
  { "aopc", "mean drop of the score along deletion; and its distance to deletion from the other end", EVAL_HIDE, aopc },
  { "flipping", "deletion in five orders, with three replacements", EVAL_HIDE, flipping },
  { "faithfulness", "correlation of what random subsets are worth and what hiding them costs", EVAL_HIDE, faithfulness },
  { "infidelity", "mean squared difference of the two; and with the best scale", EVAL_HIDE, infidelity },
  { "max_sensitivity", "largest change of the explanation of inputs that differ a little", EVAL_EXPLAIN, eval_sensitivity },
  { "sparseness", "Gini coefficient of |relevance|", 0, sparseness },
  { "entropy", "entropy of |relevance|", 0, entropy },
  { "effective", "cells above 1e-5 of the largest", 0, effective },
  { "completeness", "relative gap between the sum and the score's difference; at most 1e-4 is complete", EVAL_COMPLETE, completeness },
  { "pointing", "does the largest relevance lie in an event?", EVAL_INSIDE, pointing },
  { "mass", "share of positive relevance in events", EVAL_INSIDE, mass },
  { "rank", "share of the top cells that lie in events", EVAL_INSIDE, rank },
  { "time_auc", "how well relevance over time tells frames with events from others", EVAL_INSIDE, time_auc },
  { "band_auc", "the same over frequency", EVAL_INSIDE, band_auc },
  { "mprt", "similarity to the explanation of a network with random parameters", EVAL_RANDOM, eval_mprt },
  { "other_target", "similarity to the explanation of another target", EVAL_OTHER, eval_logit },
  { NULL, NULL, 0, NULL }
};
