/* perturb_shapley.c - Shapley values of the cells of a field [Shapley53; Lundberg17; Castro09].
 *
 * The arithmetic is audioLIME's (exact from all 2^M rows in Gray code order; a regression with the Shapley kernel; antithetic
 * permutations), reached through its public door: the field is dressed as a model whose "sound" is the mask itself, M samples of 0 or 1, and
 * component i is sample i. Cells that equal their baseline are no players: their value is exactly 0. One player takes all. */
#include "attrib/perturb.h"

#include <stdio.h>
#include <string.h>

typedef struct dressed {
  aus_field *f;
  int32_t players;
  const int64_t *cell;   /* [players] */
  const float *mask;     /* [n][players] of the call */
  aus_status status;
  char error[256];       /* the field's own words, which the model noun would cover up */
} dressed;

static void make_row(void *user, int64_t row, float *mask)
{
  const dressed *d = user;
  for (int64_t i = 0; i < d->f->cells; i++) mask[i] = 1.0f;
  for (int32_t i = 0; i < d->players; i++) mask[d->cell[i]] = d->mask[row * d->players + i];
}

static int predict(void *user, int64_t n, int64_t samples, const float *x, float *scores)
{
  dressed *d = user;
  (void)samples;
  double *y = aus_alloc(d->f->ctx, (size_t)n, (size_t)d->f->labels * sizeof *y);
  d->mask = x;
  d->status = y ? aus_field_ask(d->f, NULL, n, make_row, d, y) : AUS_ENOMEM;
  for (int64_t i = 0; d->status == AUS_OK && i < n * d->f->labels; i++) scores[i] = (float)y[i];
  if (d->status != AUS_OK) snprintf(d->error, sizeof d->error, "%s", aus_ctx_error(d->f->ctx));
  aus_free(d->f->ctx, y);
  return d->status != AUS_OK;
}

static aus_status config_of(aus_ctx *ctx, const perturb_shapley_config *c, int32_t m, aus_lime_config *k)
{
  aus_lime_defaults(k);
  k->surrogate = AUS_SURROGATE_SHAPLEY;
  k->bootstrap = k->stability_runs = 0;
  k->seed = c->seed;
  k->samples = m + 2; /* the least neighbourhood: its linear fit is not used */
  k->shapley = c->way == PERTURB_PERMUTATION ? AUS_SHAPLEY_PERMUTATION : AUS_SHAPLEY_KERNEL;
  if (c->samples < 0) return aus_fail(ctx, AUS_EINVAL, "a number of samples must not be negative");
  if (c->way == PERTURB_KERNEL) k->shapley_samples = c->samples ? c->samples : 2 * (int64_t)m + 2048;
  else k->shapley_samples = (c->samples ? c->samples : 20) * ((int64_t)m - 1);
  const bool cheap = m <= 20 && (int64_t)1 << m <= k->shapley_samples;
  if (c->way == PERTURB_EXACT && m > 20)
    return aus_fail(ctx, AUS_ELIMIT, "exact Shapley values of %d features need 2^%d answers; use kernelshap or permutationshap, or group features (at most 20)", m, m);
  if (c->way == PERTURB_EXACT || cheap) k->force_exhaustive = 1;
  return AUS_OK;
}

/* The family of masks: all of them off is silence. */
static aus_status parts_of(aus_ctx *ctx, int32_t m, aus_components *c, float **ones)
{
  static char name[] = "";
  *c = (aus_components){ .ctx = ctx, .n = m, .rate = 1, .channels = 1, .samples = m };
  *ones = aus_alloc(ctx, (size_t)m, sizeof **ones);
  c->name = aus_alloc(ctx, (size_t)m, sizeof *c->name);
  c->place = aus_alloc_zero(ctx, (size_t)m, sizeof *c->place);
  c->part = aus_alloc(ctx, (size_t)m, sizeof *c->part);
  c->whole = *ones;
  if (!*ones || !c->name || !c->place || !c->part) return AUS_ENOMEM;
  for (int32_t i = 0; i < m; i++) {
    (*ones)[i] = 1.0f;
    c->name[i] = name;
    c->part[i] = (aus_part){ .data = *ones, .begin = i, .end = i + 1 };
  }
  return AUS_OK;
}

static void parts_free(aus_ctx *ctx, aus_components *c)
{
  aus_free(ctx, c->name);
  aus_free(ctx, c->place);
  aus_free(ctx, c->part);
  aus_free(ctx, c->whole);
}

static aus_status model_of(dressed *d, aus_model **model)
{
  const char **name = aus_alloc(d->f->ctx, (size_t)d->f->labels, sizeof *name);
  if (!name) return AUS_ENOMEM;
  for (int32_t l = 0; l < d->f->labels; l++) name[l] = "score";
  const aus_model_info info = { .name = "field", .sample_rate = 1, .channels = 1, .n_targets = d->f->labels, .targets = name,
                                .score_kind = AUS_SCORE_REAL };
  const aus_status status = aus_model_from_callback(d->f->ctx, &info, predict, d, model);
  aus_free(d->f->ctx, name);
  return status;
}

static aus_status play(dressed *d, const perturb_shapley_config *config, double *value, double *se)
{
  aus_ctx *ctx = d->f->ctx;
  aus_lime_config k;
  aus_components c;
  aus_model *model = NULL;
  aus_explanation e = { 0 };
  float *ones = NULL;
  AUS_TRY(config_of(ctx, config, d->players, &k));
  aus_status status = parts_of(ctx, d->players, &c, &ones);
  if (status == AUS_OK) status = model_of(d, &model);
  if (status == AUS_OK) status = aus_lime_explain(ctx, model, &c, &k, &e);
  for (int32_t l = 0; status == AUS_OK && l < d->f->labels; l++)
    for (int32_t i = 0; i < d->players; i++) {
      const aus_weight *w = &e.target[l].weight[i];
      value[l * d->f->cells + d->cell[i]] = w->shapley;
      if (se) se[l * d->f->cells + d->cell[i]] = w->shapley_se;
    }
  aus_explanation_free(&e);
  aus_model_close(model);
  parts_free(ctx, &c);
  return d->status != AUS_OK ? aus_fail(ctx, d->status, "%s", d->error) : status;
}

/* One player alone makes all of the difference. */
static aus_status play_alone(dressed *d, double *value)
{
  const int32_t n = d->f->labels;
  double *y = aus_alloc(d->f->ctx, 2 * (size_t)n, sizeof *y);
  const aus_status status = y ? aus_field_ends(d->f, y, y + n) : AUS_ENOMEM;
  for (int32_t l = 0; l < n && status == AUS_OK; l++) value[l * d->f->cells + d->cell[0]] = y[l] - y[n + l];
  aus_free(d->f->ctx, y);
  return status;
}

aus_status perturb_shapley(aus_field *f, const perturb_shapley_config *config, double *value, double *se)
{
  int64_t players = 0, *cell = aus_alloc(f->ctx, (size_t)f->cells, sizeof *cell);
  if (!cell) return AUS_ENOMEM;
  for (int64_t i = 0; i < f->cells; i++)
    if (!f->constant || !f->constant[i]) cell[players++] = i;
  const size_t bytes = (size_t)(f->labels * f->cells) * sizeof *value;
  memset(value, 0, bytes);
  if (se) memset(se, 0, bytes);
  dressed d = { .f = f, .players = (int32_t)players, .cell = cell };
  aus_status status = AUS_OK;
  if (players > 4096) status = aus_fail(f->ctx, AUS_ELIMIT, "%lld features are too many for Shapley values (4096): group them, or use partitionshap", (long long)players);
  else if (players == 1) status = play_alone(&d, value);
  else if (players > 1) status = play(&d, config, value, se);
  aus_free(f->ctx, cell);
  return status;
}
