/* listen.c - what a map marks, as sound.
 *
 * In each bin of the model's STFT the map's strength makes a soft mask,
 *
 *   mask = min(1, |R| / q) where R has the wanted sign,      q: what one value in twenty exceeds
 *
 * which multiplies the input's spectrum; the inverse STFT keeps the input's phase. A map of bands goes down the filterbank first; one of samples
 * masks the waveform by its own strength over 20 ms. What no part holds is the rest: input - parts, so that all add up to the input. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "attrib/attrib.h"
#include "attrib/sound.h"
#include "explain/build.h"
#include "model/frontend_back.h"

static const double SHARE = 0.05;

aus_status aus_sound_padded(aus_ctx *ctx, const aus_model_info *info, const aus_audio *sound, aus_audio *out)
{
  *out = *sound;
  if (sound->frames < 1 || sound->channels != 1) return aus_fail(ctx, AUS_EINVAL, "attribution takes mono sound of one sample or more");
  if (sound->frames >= info->patch_samples) return AUS_OK;
  out->frames = info->patch_samples;
  out->data = aus_alloc(ctx, (size_t)out->frames, sizeof *out->data);
  if (!out->data) return AUS_ENOMEM;
  aus_pad_short(sound->frames, sound->data, strcmp(info->short_input, "repeat") == 0, out->frames, out->data);
  return AUS_OK;
}

/* ---- masks ------------------------------------------------------------------------------------------- */

static int by_value(const void *a, const void *b)
{
  const float x = *(const float *)a, y = *(const float *)b;
  return (x > y) - (x < y);
}

/* The |value| that `share` of n values exceed; 0 values do not count. */
static aus_status quantile(aus_ctx *ctx, int64_t n, const float *v, double share, float *out)
{
  float *sorted = aus_alloc(ctx, (size_t)n, sizeof *sorted);
  int64_t m = 0;
  if (!sorted) return AUS_ENOMEM;
  for (int64_t i = 0; i < n; i++)
    if (v[i] != 0 && isfinite(v[i])) sorted[m++] = fabsf(v[i]);
  qsort(sorted, (size_t)m, sizeof *sorted, by_value);
  int64_t at = m - 1 - (int64_t)(share * (double)m);
  if (at < 0) at = 0;
  *out = m ? sorted[at] : INFINITY;
  aus_free(ctx, sorted);
  return AUS_OK;
}

static aus_status make_mask(aus_ctx *ctx, int64_t n, float *v, aus_map_kind kind, double percent)
{
  float q;
  AUS_TRY(quantile(ctx, n, v, kind == AUS_MAP_TOP ? percent / 100 * 1.0 : SHARE, &q));
  for (int64_t i = 0; i < n; i++) {
    const float a = fabsf(v[i]);
    const bool sign = kind == AUS_MAP_TOP || (kind == AUS_MAP_POSITIVE) == (v[i] > 0);
    v[i] = !sign || !(a > 0) ? 0 : kind == AUS_MAP_TOP ? (float)(a >= q) : a < q ? a / q : 1;
  }
  return AUS_OK;
}

/* Values of the map on the bins of the STFT: [frames][bins]. */
static aus_status on_bins(const aus_inside *in, const aus_audio *sound, const aus_map *m, float *bins)
{
  const aus_frontend *fe = in->fe;
  if (m->bands == fe->bins && strcmp(m->domain, "bins") == 0) {
    memcpy(bins, m->value, (size_t)(m->frames * m->bands) * sizeof *bins);
    return AUS_OK;
  }
  return aus_frontend_spread(fe, sound->frames, sound->data, m->frames, m->value, bins);
}

static aus_status spectral_part(const aus_inside *in, const aus_audio *sound, const aus_map *m, aus_map_kind kind, double percent, float *y)
{
  const aus_frontend *fe = in->fe;
  const int64_t n = m->frames * fe->bins;
  float *mask = aus_alloc(fe->ctx, (size_t)n, sizeof *mask), *re = aus_alloc(fe->ctx, (size_t)n, sizeof *re), *im = aus_alloc(fe->ctx, (size_t)n, sizeof *im);
  aus_status status = mask && re && im ? on_bins(in, sound, m, mask) : AUS_ENOMEM;
  if (status == AUS_OK) status = make_mask(fe->ctx, n, mask, kind, percent);
  if (status == AUS_OK) status = aus_stft_forward(fe->stft, sound->frames, sound->data, re, im);
  if (status == AUS_OK) {
    for (int64_t i = 0; i < n; i++) {
      re[i] *= mask[i];
      im[i] *= mask[i];
    }
    memset(y, 0, (size_t)sound->frames * sizeof *y);
    status = aus_stft_inverse(fe->stft, sound->frames, re, im, y);
  }
  aus_free(fe->ctx, im);
  aus_free(fe->ctx, re);
  aus_free(fe->ctx, mask);
  return status;
}

/* Strength of the wanted sign over 20 ms, as a gain. */
static aus_status wave_part(aus_ctx *ctx, const aus_audio *sound, const aus_map *m, aus_map_kind kind, double percent, float *y)
{
  const int64_t n = sound->frames, half = sound->rate / 100;
  float *v = aus_alloc(ctx, (size_t)n, sizeof *v);
  double sum = 0;
  if (!v) return AUS_ENOMEM;
  for (int64_t i = -half; i < n; i++) { /* a sliding mean: added in front, taken off behind */
    const int64_t in = i + half, out = i - half - 1;
    if (in < n) sum += kind == AUS_MAP_TOP ? fabs((double)m->value[in]) : (kind == AUS_MAP_POSITIVE) == (m->value[in] > 0) ? (double)m->value[in] : 0;
    if (out >= 0) sum -= kind == AUS_MAP_TOP ? fabs((double)m->value[out]) : (kind == AUS_MAP_POSITIVE) == (m->value[out] > 0) ? (double)m->value[out] : 0;
    if (i >= 0) v[i] = (float)sum;
  }
  const aus_status status = make_mask(ctx, n, v, kind, percent);
  for (int64_t i = 0; status == AUS_OK && i < n; i++) y[i] = v[i] * sound->data[i];
  aus_free(ctx, v);
  return status;
}

aus_status aus_map_part(aus_ctx *ctx, aus_model *model, const aus_audio *sound, const aus_map *map, aus_map_kind kind, double percent, float *y)
{
  aus_inside in;
  AUS_TRY(aus_model_inside(model, &in));
  if (map->bands == 1 && strcmp(map->domain, "samples") == 0) {
    if (map->frames != sound->frames) return aus_fail(ctx, AUS_EINVAL, "a map of %lld samples for a sound of %lld", (long long)map->frames, (long long)sound->frames);
    return wave_part(ctx, sound, map, kind, percent, y);
  }
  if (in.fe->waveform || map->frames != aus_stft_frames(in.fe->stft, sound->frames) || (map->bands != in.fe->bands && map->bands != in.fe->bins))
    return aus_fail(ctx, AUS_EINVAL, "a map of %lld frames and %d bands does not lie on this model's spectrogram", (long long)map->frames, map->bands);
  return spectral_part(&in, sound, map, kind, percent, y);
}

/* ---- components ------------------------------------------------------------------------------------------ */

enum { POSITIVE, NEGATIVE, REST, PARTS };

/* What of a map's sum belongs to each part: its positive and its negative values; the rest has none. */
static void weigh(aus_target_explanation *t)
{
  double sum[2] = { 0, 0 }, all = 0, h = 0;
  const int64_t n = t->map.frames * t->map.bands;
  for (int64_t i = 0; i < n; i++) {
    sum[t->map.value[i] < 0] += (double)t->map.value[i];
    all += fabs((double)t->map.value[i]);
  }
  for (int64_t i = 0; all > 0 && i < n; i++) {
    const double p = fabs((double)t->map.value[i]) / all;
    if (p > 0) h -= p * log(p);
  }
  t->complexity = all > 0 && n > 1 ? h / log((double)n) : NAN;
  for (int32_t i = 0; i < PARTS; i++) {
    const double w = i < 2 ? sum[i] : 0;
    t->weight[i] = (aus_weight){ .weight = w, .lo = w, .hi = w, .shapley = NAN, .shapley_se = NAN, .banzhaf = NAN };
  }
}

/* The model's real answers: to each part alone, to all but it, and to the input. */
static aus_status answers(aus_ctx *ctx, aus_model *model, const aus_components *c, aus_explanation *e)
{
  static const uint8_t rows[2 * PARTS + 1][PARTS] = { { 1, 1, 1 }, { 1, 0, 0 }, { 0, 1, 0 }, { 0, 0, 1 }, { 0, 1, 1 }, { 1, 0, 1 }, { 1, 1, 0 } };
  const int32_t targets = aus_model_describe(model)->n_targets;
  const aus_mixes mixes = aus_components_mixes(c);
  float *y = aus_alloc(ctx, (size_t)targets, (2 * PARTS + 1) * sizeof *y);
  const aus_status status = y ? aus_model_predict_mixes(model, &mixes, 2 * PARTS + 1, rows[0], y) : AUS_ENOMEM;
  for (int32_t k = 0; status == AUS_OK && k < e->n_targets; k++) {
    aus_target_explanation *t = &e->target[k];
    t->raw_score = (double)y[t->target];
    for (int32_t i = 0; i < PARTS; i++) {
      t->weight[i].alone = (double)y[(1 + i) * targets + t->target];
      t->weight[i].without = (double)y[(1 + PARTS + i) * targets + t->target];
    }
  }
  e->n_predicted = 2 * PARTS + 1;
  aus_free(ctx, y);
  return status;
}

aus_status aus_sound_components(aus_ctx *ctx, aus_model *model, const aus_audio *sound, aus_components *c, aus_explanation *e)
{
  static const char *const names[PARTS] = { "positive", "negative", "rest" };
  const aus_map *map = &e->target[0].map;
  AUS_TRY(aus_components_begin(ctx, sound, PARTS, "what the map marks", "silence", c));
  float *part[PARTS];
  for (int32_t i = 0; i < PARTS; i++) {
    part[i] = aus_components_add(c, i, 0, sound->frames);
    c->name[i] = aus_strdup(ctx, names[i]);
    e->component[i] = aus_strdup(ctx, names[i]);
    if (!part[i] || !c->name[i] || !e->component[i]) return AUS_ENOMEM;
    e->place[i] = c->place[i] = (aus_place){ .source = -1, .t0 = 0, .t1 = (double)sound->frames / sound->rate };
  }
  for (int32_t i = 0; i < 2; i++) AUS_TRY(aus_map_part(ctx, model, sound, map, i ? AUS_MAP_NEGATIVE : AUS_MAP_POSITIVE, 0, part[i]));
  for (int64_t i = 0; i < sound->frames; i++) part[REST][i] = sound->data[i] - (part[0][i] + part[1][i]);
  for (int32_t k = 0; k < e->n_targets; k++) weigh(&e->target[k]);
  return answers(ctx, model, c, e);
}
