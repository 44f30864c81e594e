/* explain.c - audioLIME, its steps in order [Haunschmid20; Ribeiro16].
 *
 *   1  components: given
 *   2  neighbourhood: which of them are on in each row                 (neighbourhood.c)
 *   3  scores of all rows, all targets in one pass                     (table.c)
 *   4  weight of each row by its distance to the input                 (kernel.c)
 *   5  selection of components, linear fit, per target                 (select.c, fit.c, baylime.c)
 *   6  how sure: intervals, stability, fit                             (bootstrap.c, repeat.c)
 *   7  what needs no surrogate: Shapley, alone, without, interactions  (shapley.c, kernelshap.c, permutation.c)
 *
 * Cost: step 3 outweighs all others unless the model is tiny. */
#include "lime/work.h"
#include "model/model.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

void aus_lime_defaults(aus_lime_config *config)
{
  *config = (aus_lime_config){ .paired = 1, .distance = AUS_DISTANCE_COSINE, .surrogate = AUS_SURROGATE_WLS, .alpha = 1,
                               .selection = AUS_SELECT_NONE, .bootstrap = 200, .stability_runs = 5 };
}

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

static aus_status find_targets(lime_work *w, const aus_model_info *info)
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

static aus_status select_components(lime_work *w)
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

static void name_interval(lime_work *w, const char *name) { snprintf(w->out->interval, sizeof w->out->interval, "%s", name); }

/* Weights and intervals of estimate -+ 1.96 sd. */
static void set_normal(aus_weight *weight, int32_t d, const double *coef, const double *sd)
{
  for (int32_t i = 0; i < d; i++) {
    weight[i].weight = coef[i];
    weight[i].lo = coef[i] - 1.96 * sd[i];
    weight[i].hi = coef[i] + 1.96 * sd[i];
  }
}

aus_status lime_fit_labels(lime_work *w, const aus_moments *m, double *coef, double *sd, double *scratch)
{
  const aus_lime_config *c = &w->config;
  if (c->surrogate != AUS_SURROGATE_BAYLIME) {
    lime_ridges(m, w->subset, penalty(c), coef, sd, scratch);
    return AUS_OK;
  }
  const lime_prior prior = { .noise = c->noise_precision, .precision = c->prior_precision, .mean = c->prior_mean };
  for (int32_t k = 0; k < w->labels; k++)
    AUS_TRY(lime_baylime(w->ctx, m, k, w->subset[k], prior, coef + (int64_t)k * m->d, sd + (int64_t)k * m->d));
  return AUS_OK;
}

/* Shapley values as weights: the additive model f(0) + sum phi_i z_i, which meets the input exactly. */
static void weights_from_shapley(lime_work *w, int32_t k, double *coef)
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
static double fit_quality(const lime_work *w, int32_t k, const double *coef, double intercept)
{
  const double shift = aus_ridge_intercept(&w->moments, k, coef) - intercept, v = w->moments.yy[k];
  const double rss = aus_ridge_rss(&w->moments, k, coef) + w->moments.weight * shift * shift;
  return v > 0 ? 1 - rss / v : aus_ridge_r2(&w->moments, k, coef);
}

static void summarise(lime_work *w, int32_t k, const double *coef)
{
  aus_target_explanation *e = &w->out->target[k];
  const bool shapley = w->config.surrogate == AUS_SURROGATE_SHAPLEY;
  e->intercept = shapley ? e->score_none : aus_ridge_intercept(&w->moments, k, coef);
  e->local_prediction = e->intercept;
  for (int32_t i = 0; i < w->c->n; i++) e->local_prediction += coef[i];
  e->r2 = fit_quality(w, k, coef, e->intercept);
  e->complexity = lime_entropy(w->c->n, e->weight);
}

static aus_status bootstrap_intervals(lime_work *w)
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
static aus_status intervals(lime_work *w)
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

/* Weights of every target, from fits or from Shapley values, and what the fit is worth. */
static aus_status set_weights(lime_work *w, double *coef, double *sd, double *scratch)
{
  const int32_t d = w->c->n;
  const bool shapley = w->config.surrogate == AUS_SURROGATE_SHAPLEY;
  if (!shapley) AUS_TRY(lime_fit_labels(w, &w->moments, coef, sd, scratch));
  for (int32_t k = 0; k < w->labels; k++) {
    double *mine = coef + (int64_t)k * d;
    if (shapley) weights_from_shapley(w, k, mine);
    else set_normal(w->out->target[k].weight, d, mine, sd + (int64_t)k * d);
    summarise(w, k, mine);
  }
  return AUS_OK;
}

static aus_status fit(lime_work *w)
{
  const size_t d = (size_t)w->c->n, labels = (size_t)w->labels;
  AUS_TRY(aus_moments_alloc(w->ctx, w->c->n, w->labels, &w->moments));
  AUS_TRY(aus_moments_by_count(w->ctx, w->table.n_nb, w->table.z, w->table.pi, w->table.y, &w->moments));
  AUS_TRY(select_components(w));
  double *coef = aus_alloc(w->ctx, 2 * labels * d + aus_ridge_scratch(w->c->n), sizeof *coef);
  if (!coef) return AUS_ENOMEM;
  const aus_status status = set_weights(w, coef, coef + labels * d, coef + 2 * labels * d);
  aus_free(w->ctx, coef);
  return status == AUS_OK ? intervals(w) : status;
}

/* ---- what needs no surrogate -------------------------------------------------------------------- */

static aus_status values_of(lime_work *w, int32_t k)
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

static aus_status values(lime_work *w)
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

/* ---- the answer ----------------------------------------------------------------------------------- */

static aus_status describe(lime_work *w, const aus_model_info *info)
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

/* How many different rows there are: as many as the model was asked. */
static aus_status count_distinct(lime_work *w)
{
  const size_t rows = (size_t)w->table.rows;
  int64_t *which = aus_alloc(w->ctx, rows, sizeof *which), *first = aus_alloc(w->ctx, rows, sizeof *first);
  aus_status status = which && first ? AUS_OK : AUS_ENOMEM;
  if (status == AUS_OK)
    status = aus_rows_distinct(w->ctx, w->table.rows, w->c->n, w->table.z, which, first, &w->out->n_predicted);
  aus_free(w->ctx, which);
  aus_free(w->ctx, first);
  return status;
}

/* Rows that were drawn may be too few for what the kernel leaves of them. A table of all rows depends on no draw, so
 * there only a kernel that somebody made narrower than the default can be at fault: it leaves fewer rows than unknowns. */
static void warn_of_few_rows(aus_ctx *ctx, const aus_explanation *e)
{
  const int unknowns = e->n_components + 1;
  const double width = e->config.kernel_width;
  if (!e->exhaustive && e->effective_rows < 2.0 * unknowns)
    aus_note(ctx, AUS_LOG_WARNING, "the kernel leaves %.1f effective rows of %lld drawn for %d components: draw more, or widen it (now %g)",
             e->effective_rows, (long long)e->n_neighbourhood, e->n_components, width);
  if (e->exhaustive && e->effective_rows < unknowns && width < aus_lime_kernel_width(e->config.distance, e->n_components))
    aus_note(ctx, AUS_LOG_WARNING, "the kernel leaves %.1f effective rows of all %lld for %d components: widen it (now %g)",
             e->effective_rows, (long long)e->n_neighbourhood, e->n_components, width);
}

/* The table changes hands. */
static void hand_over(lime_work *w)
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
  if (w->config.surrogate != AUS_SURROGATE_SHAPLEY) warn_of_few_rows(w->ctx, out); /* no kernel in Shapley values */
}

static aus_status run_steps(lime_work *w)
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
  AUS_TRY(lime_stability(w));
  AUS_TRY(count_distinct(w));
  hand_over(w);
  return AUS_OK;
}

aus_status aus_lime_explain(aus_ctx *ctx, aus_model *model, const aus_components *components,
                            const aus_lime_config *config, aus_explanation *out)
{
  memset(out, 0, sizeof *out);
  lime_work w = { .ctx = ctx, .model = model, .c = components, .out = out };
  if (config) w.config = *config;
  else aus_lime_defaults(&w.config);
  const aus_status status = run_steps(&w);
  aus_free(ctx, w.target);
  aus_free(ctx, w.raw);
  aus_free(ctx, w.subset);
  aus_free(ctx, w.use);
  aus_moments_free(ctx, &w.moments);
  lime_table_free(ctx, &w.table);
  if (status != AUS_OK) aus_explanation_free(out);
  return status;
}
