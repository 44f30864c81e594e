/* repeat.c - the explanation made again, a few times, to see whether it holds [Visani20].
 *
 * An exhaustive table leaves nothing to chance. A drawn one is repeated either by reweighting its rows (free: the
 * Bayesian bootstrap stands for another draw) or, when asked, by drawing and predicting anew with the next seeds. */
#include "lime/work.h"

#include <math.h>
#include <string.h>

/* coef[labels][d], se[labels][d] of a repeat: the same rows reweighted, or a fresh draw. */
static aus_status repeat_fit(lime_work *w, const lime_table *t, const double *pi, double *coef, double *se, double *scratch)
{
  aus_moments m;
  AUS_TRY(aus_moments_alloc(w->ctx, t->d, t->labels, &m));
  aus_moments_of(w->ctx, t->n_nb, t->z, pi, t->y, &m);
  const aus_status status = lime_fit_labels(w, &m, coef, se, scratch);
  aus_moments_free(w->ctx, &m);
  return status;
}

/* A Shapley run: new rows when fresh, else a draw from the values' own sampling law. */
static void shapley_run(const lime_work *w, int32_t run, double *coef, double *se)
{
  const int32_t d = w->c->n;
  aus_rng rng = lime_rng(w->config.seed, LIME_STREAM_STABILITY, run);
  for (int32_t k = 0; k < w->labels; k++)
    for (int32_t i = 0; i < d; i++) {
      const aus_weight *v = &w->out->target[k].weight[i];
      se[k * d + i] = v->shapley_se;
      coef[k * d + i] = v->shapley + v->shapley_se * aus_rng_normal(&rng);
    }
}

static aus_status fresh_run(lime_work *w, int32_t run, double *coef, double *se, double *scratch)
{
  aus_lime_config config = w->config;
  const bool shapley = config.surrogate == AUS_SURROGATE_SHAPLEY;
  config.seed = w->config.seed + 1 + (uint64_t)run;
  if (!shapley) config.shapley = AUS_SHAPLEY_NONE;
  lime_table t;
  double *raw = aus_alloc(w->ctx, (size_t)w->labels, sizeof *raw);
  aus_weight *weight = aus_alloc_zero(w->ctx, (size_t)w->c->n, sizeof *weight);
  aus_status status = raw && weight ? lime_table_make(w->ctx, w->c->n, &config, &t) : AUS_ENOMEM;
  if (status == AUS_OK) {
    status = lime_evaluate(w->ctx, w->model, w->c, w->target, w->labels, config.scale, &t, raw);
    for (int32_t k = 0; shapley && k < w->labels && status == AUS_OK; k++) {
      status = (config.shapley == AUS_SHAPLEY_PERMUTATION ? lime_permutation : lime_kernelshap)(w->ctx, &t, k, weight);
      for (int32_t i = 0; i < t.d; i++) {
        coef[k * t.d + i] = weight[i].shapley;
        se[k * t.d + i] = weight[i].shapley_se;
      }
    }
    if (!shapley && status == AUS_OK) status = repeat_fit(w, &t, t.pi, coef, se, scratch);
    lime_table_free(w->ctx, &t);
  }
  aus_free(w->ctx, raw);
  aus_free(w->ctx, weight);
  return status;
}

static aus_status one_run(lime_work *w, int32_t run, double *pi, double *coef, double *se, double *scratch)
{
  if (w->config.stability_fresh) return fresh_run(w, run, coef, se, scratch);
  if (w->config.surrogate == AUS_SURROGATE_SHAPLEY) { shapley_run(w, run, coef, se); return AUS_OK; }
  lime_reweight(&w->table, w->config.seed, LIME_STREAM_STABILITY, run, pi);
  return repeat_fit(w, &w->table, pi, coef, se, scratch);
}

/* runs x labels x d, gathered per label for lime_agree. */
static aus_status agreement(lime_work *w, int32_t runs, const double *coef, const double *se, double *mine)
{
  const int32_t d = w->c->n;
  const int32_t top = w->config.n_features > 0 ? (w->config.n_features < d ? w->config.n_features : d) : d < 3 ? d : 3;
  double *my_se = mine + (int64_t)runs * d;
  for (int32_t k = 0; k < w->labels; k++) {
    for (int64_t r = 0; r < runs; r++) {
      memcpy(mine + r * d, coef + (r * w->labels + k) * d, (size_t)d * sizeof *mine);
      memcpy(my_se + r * d, se + (r * w->labels + k) * d, (size_t)d * sizeof *mine);
    }
    lime_agreement a;
    AUS_TRY(lime_agree(w->ctx, runs, d, top, mine, my_se, &a));
    aus_target_explanation *e = &w->out->target[k];
    e->stability = a.spearman;
    e->vsi = a.vsi;
    e->csi = a.csi;
  }
  return AUS_OK;
}

aus_status lime_stability(lime_work *w)
{
  const int32_t runs = w->config.stability_runs, d = w->c->n;
  const bool known = w->table.exhaustive, unknown = runs < 2;
  for (int32_t k = 0; k < w->labels; k++) {
    aus_target_explanation *e = &w->out->target[k];
    e->stability = known ? 1 : NAN;
    e->vsi = e->csi = known ? 100 : NAN;
  }
  if (known || unknown) return AUS_OK;
  const size_t stride = (size_t)w->labels * (size_t)d;
  double *coef = aus_alloc(w->ctx, (size_t)runs * stride, 2 * sizeof *coef), *se = coef + (size_t)runs * stride;
  double *mine = aus_alloc(w->ctx, 2 * (size_t)runs * (size_t)d + aus_ridge_scratch(d) + (size_t)w->table.n_nb, sizeof *mine);
  aus_status status = coef && mine ? AUS_OK : AUS_ENOMEM;
  if (status == AUS_OK) {
    double *scratch = mine + 2 * (int64_t)runs * d, *pi = scratch + aus_ridge_scratch(d);
    for (int32_t r = 0; r < runs && status == AUS_OK; r++)
      status = one_run(w, r, pi, coef + (size_t)r * stride, se + (size_t)r * stride, scratch);
    if (status == AUS_OK) status = agreement(w, runs, coef, se, mine);
  }
  aus_free(w->ctx, coef);
  aus_free(w->ctx, mine);
  return status;
}
