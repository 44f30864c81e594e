/* table.c - the rows that are evaluated, once, for all targets and all purposes.
 *
 * The surrogate, Shapley values, "alone" and "without" read one table, so the model is asked in a single call,
 * which lets it transform each part once and add in the spectrogram; rows that coincide cost nothing twice. */
#include "lime/lime.h"

#include <math.h>
#include <string.h>

static aus_status decide(aus_ctx *ctx, int32_t d, const aus_lime_config *config, lime_table *t)
{
  const int64_t all = lime_power(d), budget = config->samples > 0 ? config->samples : LIME_BUDGET;
  if (d > LIME_MAX_COMPONENTS) return aus_fail(ctx, AUS_ELIMIT, "%d components: at most %d", d, (int)LIME_MAX_COMPONENTS);
  if (config->force_exhaustive && d > LIME_MAX_EXHAUSTIVE)
    return aus_fail(ctx, AUS_ELIMIT, "an exhaustive table of %d components is too large: at most %d; use fewer components or drawn rows",
                    d, (int)LIME_MAX_EXHAUSTIVE);
  t->exhaustive = config->force_exhaustive || d <= 3 || (all <= budget && d <= LIME_MAX_EXHAUSTIVE);
  t->n_nb = t->exhaustive ? all : config->samples > 0 ? config->samples : LIME_DRAWN;
  if (!t->exhaustive && t->n_nb < d + 2)
    return aus_fail(ctx, AUS_EINVAL, "%lld rows cannot determine %d components: give %d at least, better ten times as many",
                    (long long)t->n_nb, d, d + 2);
  return AUS_OK;
}

/* Where the extra rows of a drawn table go. */
static void lay_out(int32_t d, const aus_lime_config *config, lime_table *t)
{
  const int64_t wanted = config->shapley_samples > 0 ? config->shapley_samples : t->n_nb;
  t->rows = t->n_nb;
  t->row_none = t->row_alone = t->row_without = t->row_shapley = -1;
  if (t->exhaustive) return;
  t->row_none = t->rows;
  t->row_alone = t->row_none + 1;
  t->row_without = t->row_alone + d;
  t->row_shapley = t->row_without + d;
  if (config->shapley == AUS_SHAPLEY_KERNEL) t->n_shapley = lime_kernelshap_rows(d, wanted);
  if (config->shapley == AUS_SHAPLEY_PERMUTATION) t->n_shapley = lime_permutation_rows(d, wanted);
  t->rows = t->row_shapley + t->n_shapley;
}

static double glime_odds(const aus_lime_config *config)
{
  const double sigma = config->glime_sigma > 0 ? config->glime_sigma : 1;
  return 1 / (sigma * sigma); /* log of the odds of being on */
}

static aus_status fill_rows(aus_ctx *ctx, int32_t d, const aus_lime_config *config, lime_table *t)
{
  if (t->exhaustive) { lime_gray(d, t->z); return AUS_OK; }
  const bool glime = config->surrogate == AUS_SURROGATE_GLIME;
  t->paired = config->paired && !glime;
  lime_draw(config->seed, t->n_nb, d, glime ? 1 / (1 + exp(-glime_odds(config))) : 0.5, t->paired, t->z);
  memset(t->z + t->row_none * d, 0, (size_t)(1 + d) * (size_t)d); /* none and alone */
  memset(t->z + t->row_without * d, 1, (size_t)d * (size_t)d);
  for (int32_t i = 0; i < d; i++) {
    t->z[(t->row_alone + i) * d + i] = 1;
    t->z[(t->row_without + i) * d + i] = 0;
  }
  uint8_t *z = t->z + t->row_shapley * d;
  if (config->shapley == AUS_SHAPLEY_KERNEL) lime_kernelshap_draw(config->seed, d, t->n_shapley, z);
  if (config->shapley == AUS_SHAPLEY_PERMUTATION) return lime_permutation_draw(ctx, config->seed, d, t->n_shapley, z);
  return AUS_OK;
}

/* LIME's kernel. GLIME: its law is in the drawing; an exhaustive table gets the law itself as weights, of mean 1. */
static void fill_weights(int32_t d, const aus_lime_config *config, lime_table *t)
{
  const bool glime = config->surrogate == AUS_SURROGATE_GLIME;
  const double odds = glime_odds(config), mean = glime ? pow((1 + exp(-odds)) / 2, d) : 1;
  for (int64_t r = 0; r < t->n_nb; r++) {
    const int32_t on = lime_count(d, t->z + r * d);
    if (!glime) t->pi[r] = lime_kernel(lime_distance(config->distance, on, d), config->kernel_width);
    else t->pi[r] = t->exhaustive ? exp((on - d) * odds) / mean : 1;
  }
}

aus_status lime_table_make(aus_ctx *ctx, int32_t d, const aus_lime_config *config, lime_table *t)
{
  memset(t, 0, sizeof *t);
  t->d = d;
  AUS_TRY(decide(ctx, d, config, t));
  lay_out(d, config, t);
  t->z = aus_alloc(ctx, (size_t)t->rows, (size_t)d);
  t->pi = aus_alloc(ctx, (size_t)t->n_nb, sizeof *t->pi);
  const aus_status status = t->z && t->pi ? fill_rows(ctx, d, config, t) : AUS_ENOMEM;
  if (status != AUS_OK) { lime_table_free(ctx, t); return status; }
  fill_weights(d, config, t);
  return AUS_OK;
}

/* The wanted columns of scores[rows][n_targets], on the wanted scale. */
static aus_status keep_targets(aus_ctx *ctx, const aus_model_info *info, const float *scores, const int32_t *target,
                               aus_scale scale, lime_table *t, double *raw)
{
  for (int64_t r = 0; r < t->rows; r++)
    for (int32_t k = 0; k < t->labels; k++) {
      const double p = scores[r * info->n_targets + target[k]];
      if (!isfinite(p))
        return aus_fail(ctx, AUS_EFORMAT, "the model's score for '%s' is not a finite number", info->targets[target[k]]);
      if (r == 0) raw[k] = p;
      t->y[r * t->labels + k] = (float)(scale == AUS_SCALE_LOGIT ? lime_logit(p) : p);
    }
  return AUS_OK;
}

aus_status lime_evaluate(aus_ctx *ctx, aus_model *model, const aus_components *c, const int32_t *target, int32_t labels,
                         aus_scale scale, lime_table *t, double *raw)
{
  const aus_model_info *info = aus_model_describe(model);
  const aus_mixes mixes = aus_components_mixes(c);
  t->labels = labels;
  t->y = aus_alloc(ctx, (size_t)t->rows * (size_t)labels, sizeof *t->y);
  float *scores = aus_alloc(ctx, (size_t)t->rows * (size_t)info->n_targets, sizeof *scores);
  aus_status status = t->y && scores ? AUS_OK : AUS_ENOMEM;
  if (status == AUS_OK) status = aus_model_predict_mixes(model, &mixes, t->rows, t->z, scores);
  if (status == AUS_OK) status = keep_targets(ctx, info, scores, target, scale, t, raw);
  aus_free(ctx, scores);
  return status;
}

void lime_table_free(aus_ctx *ctx, lime_table *t)
{
  aus_free(ctx, t->z);
  aus_free(ctx, t->pi);
  aus_free(ctx, t->y);
  memset(t, 0, sizeof *t);
}
