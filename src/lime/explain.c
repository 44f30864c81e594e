/* explain.c - audioLIME, its steps in order [Haunschmid20; Ribeiro16].
 *
 *   1  components: given
 *   2  neighbourhood: which of them are on in each row                 (neighbourhood.c)
 *   3  scores of all rows, all targets in one pass                     (table.c)
 *   4  weight of each row by its distance to the input                 (kernel.c)
 *   5  selection of components, linear fit, per target                 (select.c, fit.c, baylime.c)
 *   6  how sure: intervals, stability, fit                             (bootstrap.c, stability.c)
 *   7  what needs no surrogate: Shapley, alone, without, interactions  (shapley.c, kernelshap.c, permutation.c)
 *
 * Cost: step 3 outweighs all others unless the model is tiny. */
#include "lime/lime.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

void aus_lime_defaults(aus_lime_config *config)
{
  *config = (aus_lime_config){ .paired = 1, .distance = AUS_DISTANCE_COSINE, .surrogate = AUS_SURROGATE_WLS, .alpha = 1,
                               .selection = AUS_SELECT_NONE, .bootstrap = 200, .stability_runs = 5 };
}

/* One explanation in the making. */
typedef struct work {
  aus_ctx *ctx;
  aus_model *model;
  const aus_components *c;
  aus_lime_config config;   /* kernel_width filled in */
  int32_t *target;          /* [labels] */
  double *raw;              /* [labels] */
  int32_t labels;
  lime_table table;
  lime_moments moments;
  lime_subset *subset;      /* [labels] */
  int32_t *use;             /* [labels][d], what the subsets point to */
  aus_explanation *out;
} work;

/* ---- checks ---------------------------------------------------------------------------------- */

static aus_status check_config(aus_ctx *ctx, const aus_lime_config *k)
{
  if (k->samples < 0 || k->shapley_samples < 0 || k->bootstrap < 0 || k->stability_runs < 0 || k->n_features < 0)
    return aus_fail(ctx, AUS_EINVAL, "numbers of samples, resamples, runs and features must not be negative");
  if (k->samples > 100000000 || k->shapley_samples > 100000000 || k->bootstrap > 1000000 || k->stability_runs > 1000)
    return aus_fail(ctx, AUS_ELIMIT, "too many samples (10^8), resamples (10^6) or runs (1000)");
  if (!(k->kernel_width >= 0) || !(k->alpha >= 0) || !(k->glime_sigma >= 0) || !isfinite(k->kernel_width + k->alpha + k->glime_sigma))
    return aus_fail(ctx, AUS_EINVAL, "kernel width, alpha and sigma must be finite and not negative");
  if (k->glime_sigma > 0 && k->glime_sigma < 0.1)
    return aus_fail(ctx, AUS_EINVAL, "a GLIME sigma of %g switches nothing off: give 0.1 or more, 1 is usual", k->glime_sigma);
  if (!(k->noise_precision >= 0) || !(k->prior_precision >= 0) || !isfinite(k->noise_precision + k->prior_precision))
    return aus_fail(ctx, AUS_EINVAL, "precisions must be finite and not negative");
  return AUS_OK;
}

static aus_status check_model(aus_ctx *ctx, const aus_model_info *info, const aus_components *c, aus_scale scale)
{
  if (info->channels != c->channels)
    return aus_fail(ctx, AUS_EINVAL, "the model hears %d channels, the components have %d", info->channels, c->channels);
  if (info->sample_rate > 0 && info->sample_rate != c->rate)
    return aus_fail(ctx, AUS_EINVAL, "the model hears %d Hz, the components have %d Hz: convert first", info->sample_rate, c->rate);
  if (scale == AUS_SCALE_LOGIT && info->score_kind == AUS_SCORE_REAL)
    return aus_fail(ctx, AUS_ENOTSUP, "this model's scores are no probabilities, so they have no logit");
  return AUS_OK;
}

static aus_status find_targets(work *w, const aus_model_info *info)
{
  const aus_lime_config *k = &w->config;
  w->labels = k->targets ? k->n_targets : info->n_targets;
  if (w->labels < 1) return aus_fail(w->ctx, AUS_EINVAL, "no target to explain");
  w->target = aus_alloc(w->ctx, (size_t)w->labels, sizeof *w->target);
  w->raw = aus_alloc(w->ctx, (size_t)w->labels, sizeof *w->raw);
  if (!w->target || !w->raw) return AUS_ENOMEM;
  for (int32_t i = 0; i < w->labels; i++) {
    w->target[i] = k->targets ? k->targets[i] : i;
    if (w->target[i] < 0 || w->target[i] >= info->n_targets)
      return aus_fail(w->ctx, AUS_EINVAL, "there is no target %d: the model has %d, counted from 0", w->target[i], info->n_targets);
  }
  return AUS_OK;
}

/* ---- the surrogate ------------------------------------------------------------------------------ */

/* WLS and Shapley have no penalty. */
static double penalty(const aus_lime_config *k)
{
  return k->surrogate == AUS_SURROGATE_RIDGE || k->surrogate == AUS_SURROGATE_GLIME ? k->alpha : 0;
}

static aus_status select_components(work *w)
{
  const int32_t d = w->c->n;
  w->subset = aus_alloc_zero(w->ctx, (size_t)w->labels, sizeof *w->subset);
  w->use = aus_alloc(w->ctx, (size_t)w->labels * (size_t)d, sizeof *w->use);
  if (!w->subset || !w->use) return AUS_ENOMEM;
  for (int32_t k = 0; k < w->labels; k++) {
    int32_t *use = w->use + (int64_t)k * d;
    w->subset[k].use = use;
    AUS_TRY(lime_select(w->ctx, &w->moments, k, w->config.selection, w->config.n_features, use, &w->subset[k].n));
  }
  return AUS_OK;
}

static void name_interval(work *w, const char *name) { snprintf(w->out->interval, sizeof w->out->interval, "%s", name); }

/* Weights and intervals of estimate -+ 1.96 sd. */
static void set_normal(aus_weight *weight, int32_t d, const double *coef, const double *sd)
{
  for (int32_t i = 0; i < d; i++) {
    weight[i].weight = coef[i];
    weight[i].lo = coef[i] - 1.96 * sd[i];
    weight[i].hi = coef[i] + 1.96 * sd[i];
  }
}

/* The linear model of one label: coef[d] and a standard deviation each. */
static aus_status fit_label(work *w, int32_t k, const lime_moments *m, double *coef, double *sd, double *scratch)
{
  const aus_lime_config *c = &w->config;
  if (c->surrogate == AUS_SURROGATE_BAYLIME) {
    const lime_prior prior = { .noise = c->noise_precision, .precision = c->prior_precision, .mean = c->prior_mean };
    return lime_baylime(w->ctx, m, k, w->subset[k], prior, coef, sd);
  }
  lime_fit(m, k, w->subset[k], penalty(c), coef, sd, scratch);
  return AUS_OK;
}

/* Shapley values as weights: the additive model f(0) + sum phi_i z_i, which meets the input exactly. */
static void weights_from_shapley(work *w, int32_t k, double *coef)
{
  aus_target_explanation *e = &w->out->target[k];
  for (int32_t i = 0; i < w->c->n; i++) {
    aus_weight *v = &e->weight[i];
    coef[i] = v->weight = v->shapley;
    v->lo = v->shapley - 1.96 * v->shapley_se;
    v->hi = v->shapley + 1.96 * v->shapley_se;
  }
}

/* R2 of intercept + coef . z for any intercept, under the kernel. */
static double fit_quality(const work *w, int32_t k, const double *coef, double intercept)
{
  const double shift = lime_intercept(&w->moments, k, coef) - intercept, v = w->moments.yy[k];
  const double rss = lime_rss(&w->moments, k, coef) + w->moments.weight * shift * shift;
  return v > 0 ? 1 - rss / v : lime_r2(&w->moments, k, coef);
}

static void summarise(work *w, int32_t k, const double *coef)
{
  aus_target_explanation *e = &w->out->target[k];
  const bool shapley = w->config.surrogate == AUS_SURROGATE_SHAPLEY;
  e->intercept = shapley ? e->score_none : lime_intercept(&w->moments, k, coef);
  e->local_prediction = e->intercept;
  for (int32_t i = 0; i < w->c->n; i++) e->local_prediction += coef[i];
  e->r2 = fit_quality(w, k, coef, e->intercept);
  e->complexity = lime_entropy(w->c->n, e->weight);
}

static aus_status bootstrap_intervals(work *w)
{
  const int64_t stride = (int64_t)w->labels * w->c->n;
  double *lo = aus_alloc(w->ctx, 2 * (size_t)stride, sizeof *lo), *hi = lo + stride;
  if (!lo) return AUS_ENOMEM;
  const aus_status status = lime_bootstrap(w->ctx, &w->table, w->subset, penalty(&w->config), w->config.bootstrap,
                                           w->config.seed, lo, hi);
  for (int64_t i = 0; i < stride && status == AUS_OK; i++) {
    aus_weight *v = &w->out->target[i / w->c->n].weight[i % w->c->n];
    v->lo = fmin(lo[i], v->weight);
    v->hi = fmax(hi[i], v->weight);
  }
  aus_free(w->ctx, lo);
  return status;
}

/* Which intervals these are, and the bootstrap where that is the way. */
static aus_status intervals(work *w)
{
  const aus_lime_config *c = &w->config;
  if (c->surrogate == AUS_SURROGATE_SHAPLEY) name_interval(w, w->table.exhaustive ? "exact" : "sampling 95 %");
  else if (c->surrogate == AUS_SURROGATE_BAYLIME) name_interval(w, "posterior 95 %");
  else if (c->bootstrap > 0) {
    name_interval(w, "bootstrap 95 %");
    return bootstrap_intervals(w);
  } else if (!w->table.exhaustive) name_interval(w, "normal 95 %");
  else {
    name_interval(w, "exact");
    for (int32_t k = 0; k < w->labels; k++)
      for (int32_t i = 0; i < w->c->n; i++) {
        aus_weight *v = &w->out->target[k].weight[i];
        v->lo = v->hi = v->weight;
      }
  }
  return AUS_OK;
}

static aus_status fit(work *w)
{
  const int32_t d = w->c->n;
  AUS_TRY(lime_moments_alloc(w->ctx, d, w->labels, &w->moments));
  lime_moments_of(w->table.n_nb, w->table.z, w->table.pi, w->table.y, &w->moments);
  AUS_TRY(select_components(w));
  double *coef = aus_alloc(w->ctx, 2 * (size_t)d + lime_fit_scratch(d), sizeof *coef), *sd = coef + d;
  if (!coef) return AUS_ENOMEM;
  aus_status status = AUS_OK;
  for (int32_t k = 0; k < w->labels && status == AUS_OK; k++) {
    if (w->config.surrogate == AUS_SURROGATE_SHAPLEY) weights_from_shapley(w, k, coef);
    else {
      status = fit_label(w, k, &w->moments, coef, sd, sd + d);
      set_normal(w->out->target[k].weight, d, coef, sd);
    }
    summarise(w, k, coef);
  }
  aus_free(w->ctx, coef);
  return status == AUS_OK ? intervals(w) : status;
}

/* ---- what needs no surrogate -------------------------------------------------------------------- */

static aus_status values_of(work *w, int32_t k)
{
  const lime_table *t = &w->table;
  aus_target_explanation *e = &w->out->target[k];
  const int32_t d = t->d;
  if (t->exhaustive) {
    if (d <= LIME_MAX_INTERACTIONS) {
      e->interaction = aus_alloc(w->ctx, (size_t)d * (size_t)d, sizeof(double));
      if (!e->interaction) return AUS_ENOMEM;
    }
    lime_shapley(t, k, e->weight, e->interaction);
    return AUS_OK;
  }
  for (int32_t i = 0; i < d; i++) {
    aus_weight *v = &e->weight[i];
    v->alone = t->y[(t->row_alone + i) * t->labels + k];
    v->without = t->y[(t->row_without + i) * t->labels + k];
    v->shapley = v->shapley_se = v->banzhaf = NAN;
  }
  if (w->config.shapley == AUS_SHAPLEY_KERNEL) return lime_kernelshap(w->ctx, t, k, e->weight);
  if (w->config.shapley == AUS_SHAPLEY_PERMUTATION) return lime_permutation(w->ctx, t, k, e->weight);
  return AUS_OK;
}

static double score_of_nothing(const lime_table *t, int32_t k)
{
  if (!t->exhaustive) return t->y[t->row_none * t->labels + k];
  for (int64_t r = 0; r < t->n_nb; r++)
    if (lime_count(t->d, t->z + r * t->d) == 0) return t->y[r * t->labels + k];
  return NAN;
}

static aus_status values(work *w)
{
  for (int32_t k = 0; k < w->labels; k++) {
    aus_target_explanation *e = &w->out->target[k];
    e->score = w->table.y[k];
    e->score_none = score_of_nothing(&w->table, k);
    e->raw_score = w->raw[k];
    AUS_TRY(values_of(w, k));
    e->additivity_gap = -(e->score - e->score_none);
    for (int32_t i = 0; i < w->c->n; i++) e->additivity_gap += e->weight[i].shapley;
  }
  return AUS_OK;
}

/* ---- stability ---------------------------------------------------------------------------------- */

/* coef[labels][d], se[labels][d] of a repeat: the same rows reweighted, or a fresh draw. */
static aus_status repeat_fit(work *w, const lime_table *t, const double *pi, double *coef, double *se, double *scratch)
{
  lime_moments m;
  AUS_TRY(lime_moments_alloc(w->ctx, t->d, t->labels, &m));
  lime_moments_of(t->n_nb, t->z, pi, t->y, &m);
  aus_status status = AUS_OK;
  for (int32_t k = 0; k < t->labels && status == AUS_OK; k++)
    status = fit_label(w, k, &m, coef + (int64_t)k * t->d, se + (int64_t)k * t->d, scratch);
  lime_moments_free(w->ctx, &m);
  return status;
}

/* A Shapley run: new rows when fresh, else a draw from the values' own sampling law. */
static void shapley_run(const work *w, int32_t run, double *coef, double *se)
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

static aus_status fresh_run(work *w, int32_t run, double *coef, double *se, double *scratch)
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

static aus_status one_run(work *w, int32_t run, double *pi, double *coef, double *se, double *scratch)
{
  if (w->config.stability_fresh) return fresh_run(w, run, coef, se, scratch);
  if (w->config.surrogate == AUS_SURROGATE_SHAPLEY) { shapley_run(w, run, coef, se); return AUS_OK; }
  lime_reweight(&w->table, w->config.seed, LIME_STREAM_STABILITY, run, pi);
  return repeat_fit(w, &w->table, pi, coef, se, scratch);
}

/* runs x labels x d, gathered per label for lime_agree. */
static aus_status agreement(work *w, int32_t runs, const double *coef, const double *se, double *mine)
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

static aus_status stability(work *w)
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
  double *mine = aus_alloc(w->ctx, 2 * (size_t)runs * (size_t)d + lime_fit_scratch(d) + (size_t)w->table.n_nb, sizeof *mine);
  aus_status status = coef && mine ? AUS_OK : AUS_ENOMEM;
  if (status == AUS_OK) {
    double *scratch = mine + 2 * (int64_t)runs * d, *pi = scratch + lime_fit_scratch(d);
    for (int32_t r = 0; r < runs && status == AUS_OK; r++)
      status = one_run(w, r, pi, coef + (size_t)r * stride, se + (size_t)r * stride, scratch);
    if (status == AUS_OK) status = agreement(w, runs, coef, se, mine);
  }
  aus_free(w->ctx, coef);
  aus_free(w->ctx, mine);
  return status;
}

/* ---- the answer ----------------------------------------------------------------------------------- */

static aus_status describe(work *w, const aus_model_info *info)
{
  aus_explanation *out = w->out;
  const int32_t d = w->c->n;
  out->ctx = w->ctx;
  out->n_components = d;
  out->n_targets = w->labels;
  snprintf(out->method, sizeof out->method, "audiolime");
  out->component = aus_alloc_zero(w->ctx, (size_t)d, sizeof *out->component);
  out->place = aus_alloc(w->ctx, (size_t)d, sizeof *out->place);
  out->target = aus_alloc_zero(w->ctx, (size_t)w->labels, sizeof *out->target);
  if (!out->component || !out->place || !out->target) return AUS_ENOMEM;
  for (int32_t i = 0; i < d; i++) {
    out->place[i] = w->c->place[i];
    out->component[i] = aus_strdup(w->ctx, w->c->name[i]);
    if (!out->component[i]) return AUS_ENOMEM;
  }
  for (int32_t k = 0; k < w->labels; k++) {
    aus_target_explanation *e = &out->target[k];
    e->target = w->target[k];
    e->name = aus_strdup(w->ctx, info->targets ? info->targets[w->target[k]] : "");
    e->weight = aus_alloc_zero(w->ctx, (size_t)d, sizeof *e->weight);
    if (!e->name || !e->weight) return AUS_ENOMEM;
  }
  return AUS_OK;
}

/* The table changes hands. */
static void hand_over(work *w)
{
  aus_explanation *out = w->out;
  double sum = 0, squares = 0;
  for (int64_t r = 0; r < w->table.n_nb; r++) {
    sum += w->table.pi[r];
    squares += w->table.pi[r] * w->table.pi[r];
  }
  out->effective_rows = squares > 0 ? sum * sum / squares : 0;
  out->exhaustive = w->table.exhaustive;
  out->n_rows = w->table.rows;
  out->n_neighbourhood = w->table.n_nb;
  out->z = w->table.z;
  out->y = w->table.y;
  w->table.z = NULL;
  w->table.y = NULL;
  out->config = w->config;
  out->config.targets = NULL;
  out->config.prior_mean = NULL;
  if (out->effective_rows < 2.0 * (w->c->n + 1))
    aus_note(w->ctx, AUS_LOG_WARNING, "the kernel leaves %.1f effective rows for %d components: widen it (now %g)",
             out->effective_rows, w->c->n, w->config.kernel_width);
}

static aus_status run_steps(work *w)
{
  const aus_model_info *info = aus_model_describe(w->model);
  AUS_TRY(check_config(w->ctx, &w->config));
  AUS_TRY(check_model(w->ctx, info, w->c, w->config.scale));
  AUS_TRY(find_targets(w, info));
  if (w->config.kernel_width == 0) w->config.kernel_width = aus_lime_kernel_width(w->config.distance, w->c->n);
  if (w->config.surrogate == AUS_SURROGATE_SHAPLEY && w->config.shapley == AUS_SHAPLEY_NONE) w->config.shapley = AUS_SHAPLEY_KERNEL;
  AUS_TRY(lime_table_make(w->ctx, w->c->n, &w->config, &w->table));
  AUS_TRY(lime_evaluate(w->ctx, w->model, w->c, w->target, w->labels, w->config.scale, &w->table, w->raw));
  AUS_TRY(describe(w, info));
  AUS_TRY(values(w));
  AUS_TRY(fit(w));
  AUS_TRY(stability(w));
  hand_over(w);
  return AUS_OK;
}

aus_status aus_lime_explain(aus_ctx *ctx, aus_model *model, const aus_components *components,
                            const aus_lime_config *config, aus_explanation *out)
{
  memset(out, 0, sizeof *out);
  work w = { .ctx = ctx, .model = model, .c = components, .out = out };
  if (config) w.config = *config;
  else aus_lime_defaults(&w.config);
  const aus_status status = run_steps(&w);
  aus_free(ctx, w.target);
  aus_free(ctx, w.raw);
  aus_free(ctx, w.subset);
  aus_free(ctx, w.use);
  lime_moments_free(ctx, &w.moments);
  lime_table_free(ctx, &w.table);
  if (status != AUS_OK) aus_explanation_free(out);
  return status;
}
