/* field_components.c - fields over components: tiles of the spectrogram, segments in time, sources.
 *
 * x(m) = off + sum m_i part_i is linear in m, so fractions are as good as 0 and 1. Rows of 0 and 1 go the way of mixes,
 * where a model with a front end of ours transforms each part once; others are added up as waveforms. */
#include "explain/field.h"

#include "model/model.h"

#include <math.h>
#include <string.h>

static bool all_binary(int64_t n, const float *mask)
{
  for (int64_t i = 0; i < n; i++)
    if (mask[i] != 0.0f && mask[i] != 1.0f) return false;
  return true;
}

static bool all_on(int64_t n, const float *mask)
{
  for (int64_t i = 0; i < n; i++)
    if (mask[i] != 1.0f) return false;
  return true;
}

/* x[channels][samples] of one mask; the input itself where all is on. */
static void compose(const aus_components *c, const float *mask, float *x)
{
  const size_t bytes = (size_t)c->channels * (size_t)c->samples * sizeof *x;
  if (all_on(c->n, mask)) { memcpy(x, c->whole, bytes); return; }
  if (c->off) memcpy(x, c->off, bytes);
  else memset(x, 0, bytes);
  for (int32_t i = 0; i < c->n; i++) {
    const aus_part *p = &c->part[i];
    const int64_t length = p->end - p->begin;
    for (int32_t ch = 0; mask[i] != 0.0f && ch < c->channels; ch++) {
      float *to = x + ch * c->samples + p->begin;
      const float *from = p->data + ch * length;
      for (int64_t t = 0; t < length; t++) to[t] += mask[i] * from[t];
    }
  }
}

static aus_status score_waveforms(const aus_field_components *f, int64_t n, const float *mask, float *scores)
{
  const aus_components *c = f->components;
  const int64_t row = c->channels * c->samples, targets = f->model->info.n_targets, most = n < 16 ? n : 16;
  float *x = aus_alloc(f->field.ctx, (size_t)most, (size_t)row * sizeof *x);
  if (!x) return AUS_ENOMEM;
  aus_status status = AUS_OK;
  for (int64_t i = 0; i < n && status == AUS_OK; i += most) {
    const int64_t k = n - i < most ? n - i : most;
    for (int64_t r = 0; r < k; r++) compose(c, mask + (i + r) * c->n, x + r * row);
    status = aus_model_predict(f->model, k, c->samples, x, scores + i * targets);
  }
  aus_free(f->field.ctx, x);
  return status;
}

static aus_status score_mixes(const aus_field_components *f, int64_t n, const float *mask, float *scores)
{
  const aus_mixes mixes = aus_components_mixes(f->components);
  uint8_t *z = aus_alloc(f->field.ctx, (size_t)n, (size_t)mixes.n_parts);
  if (!z) return AUS_ENOMEM;
  for (int64_t i = 0; i < n * mixes.n_parts; i++) z[i] = mask[i] != 0.0f;
  const aus_status status = aus_model_predict_mixes(f->model, &mixes, n, z, scores);
  aus_free(f->field.ctx, z);
  return status;
}

static double scaled(const aus_field_components *f, double p)
{
  if (!f->logit) return p;
  p = fmin(fmax(p, 1e-7), 1 - 1e-7);
  return log(p / (1 - p));
}

static aus_status score_components(aus_field *field, int64_t n, const float *mask, double *y)
{
  const aus_field_components *f = field->user;
  const int64_t targets = f->model->info.n_targets;
  float *scores = aus_alloc(field->ctx, (size_t)n, (size_t)targets * sizeof *scores);
  if (!scores) return AUS_ENOMEM;
  const aus_status status = all_binary(n * field->cells, mask) ? score_mixes(f, n, mask, scores) : score_waveforms(f, n, mask, scores);
  for (int64_t r = 0; r < n && status == AUS_OK; r++)
    for (int32_t k = 0; k < field->labels; k++) y[r * field->labels + k] = scaled(f, scores[r * targets + f->target[k]]);
  aus_free(field->ctx, scores);
  return status;
}

aus_status aus_field_components_make(aus_ctx *ctx, aus_model *model, const aus_components *components, int32_t rank, const int64_t *dim,
                                     const int32_t *target, int32_t n_targets, aus_field_components *out)
{
  memset(out, 0, sizeof *out);
  const aus_model_info *info = aus_model_describe(model);
  int64_t cells = 1;
  for (int32_t d = 0; d < rank; d++) cells *= dim[d];
  if (rank < 1 || rank > AUS_FIELD_RANK || cells != components->n)
    return aus_fail(ctx, AUS_EINVAL, "%d components do not fill a grid of %lld cells", components->n, (long long)cells);
  if (info->channels != components->channels || info->sample_rate != components->rate)
    return aus_fail(ctx, AUS_EINVAL, "the model hears %d channels at %d Hz, the components have %d at %d Hz", info->channels, info->sample_rate,
                    components->channels, components->rate);
  for (int32_t k = 0; k < n_targets; k++)
    if (target[k] < 0 || target[k] >= info->n_targets)
      return aus_fail(ctx, AUS_EINVAL, "there is no target %d: the model has %d, counted from 0", target[k], info->n_targets);
  *out = (aus_field_components){ .model = model, .components = components, .target = target };
  out->field = (aus_field){ .ctx = ctx, .rank = rank, .cells = cells, .labels = n_targets, .score = score_components, .user = out };
  for (int32_t d = 0; d < rank; d++) out->field.dim[d] = dim[d];
  return AUS_OK;
}
