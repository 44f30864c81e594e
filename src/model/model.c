/* model.c - the model noun: checks what goes in and what comes out, and asks the maker.
 *
 * Whatever the maker, a caller gets finite scores or an error in words. */
#include "model/model.h"

#include <math.h>
#include <string.h>

enum { MAX_RATE = 1 << 24, MAX_CHANNELS = 1024, MAX_TARGETS = 1 << 20 };

/* ---- one block for the description ------------------------------------------------------------- */

/* With block NULL only counts; else copies s there. */
static const char *pack(const char *s, char *block, size_t *used)
{
  const size_t n = strlen(s ? s : "") + 1;
  char *to = block ? block + *used : NULL;
  if (to) memcpy(to, s ? s : "", n);
  *used += n;
  return to;
}

static void pack_info(const aus_model_info *in, aus_model_info *out, const char **list, char *block, size_t *used)
{
  *used = 0;
  *out = *in;
  out->name = pack(in->name, block, used);
  out->short_input = pack(in->short_input, block, used);
  out->front_end = pack(in->front_end, block, used);
  out->licence = pack(in->licence, block, used);
  out->source = pack(in->source, block, used);
  out->sha256 = pack(in->sha256, block, used);
  for (int32_t i = 0; i < in->n_targets; i++) {
    const char *s = pack(in->targets[i], block, used);
    if (list) list[i] = s;
  }
  for (int32_t i = 0; in->channel_names && i < in->channels; i++) {
    const char *s = pack(in->channel_names[i], block, used);
    if (list) list[in->n_targets + i] = s;
  }
  out->targets = list;
  out->channel_names = in->channel_names && list ? list + in->n_targets : NULL;
}

static aus_status check_info(aus_ctx *ctx, const aus_model_info *i)
{
  if (i->sample_rate < 1 || i->sample_rate > MAX_RATE) return aus_fail(ctx, AUS_EINVAL, "a model at %d Hz makes no sense", i->sample_rate);
  if (i->channels < 1 || i->channels > MAX_CHANNELS) return aus_fail(ctx, AUS_EINVAL, "a model of %d channels makes no sense", i->channels);
  if (i->n_targets < 1 || i->n_targets > MAX_TARGETS || !i->targets) return aus_fail(ctx, AUS_EINVAL, "a model of %d targets makes no sense", i->n_targets);
  if (i->patch_samples < 0 || i->patch_samples > INT32_MAX) return aus_fail(ctx, AUS_EINVAL, "a model that takes %lld samples makes no sense", (long long)i->patch_samples);
  if ((unsigned)i->score_kind > AUS_SCORE_REAL) return aus_fail(ctx, AUS_EINVAL, "unknown kind of score %d", (int)i->score_kind);
  return AUS_OK;
}

aus_status aus_model_create(aus_ctx *ctx, const aus_model_info *info, const aus_model_ops *ops, void *state, aus_model **out)
{
  *out = NULL;
  AUS_TRY(check_info(ctx, info));
  aus_model_info counted;
  size_t used;
  pack_info(info, &counted, NULL, NULL, &used);
  const size_t lists = ((size_t)info->n_targets + (info->channel_names ? (size_t)info->channels : 0)) * sizeof(char *);
  unsigned char *block = aus_alloc_zero(ctx, 1, sizeof(aus_model) + lists + used);
  if (!block) return AUS_ENOMEM;
  aus_model *m = (aus_model *)(void *)block;
  *m = (aus_model){ .ctx = ctx, .ops = *ops, .state = state };
  pack_info(info, &m->info, (const char **)(void *)(block + sizeof *m), (char *)block + sizeof *m + lists, &used);
  *out = m;
  return AUS_OK;
}

void aus_model_close(aus_model *model)
{
  if (!model) return;
  if (model->ops.close) model->ops.close(model);
  aus_free(model->ctx, model);
}

const aus_model_info *aus_model_describe(const aus_model *model) { return &model->info; }

/* ---- asking ----------------------------------------------------------------------------------------- */

static aus_status check_scores(const aus_model *m, int64_t n, const float *scores)
{
  const int32_t targets = m->info.n_targets;
  for (int64_t i = 0; i < n * targets; i++)
    if (!isfinite(scores[i]))
      return aus_fail(m->ctx, AUS_EPEER, "the model %s gave a score that is not a number for '%s' (input %lld)", m->info.name,
                      m->info.targets[i % targets], (long long)(i / targets));
  return AUS_OK;
}

static aus_status check_sizes(const aus_model *m, int64_t n, int64_t samples)
{
  size_t values;
  if (n < 0 || samples < 1) return aus_fail(m->ctx, AUS_EINVAL, "cannot score %lld inputs of %lld samples", (long long)n, (long long)samples);
  if (!aus_mul_size((size_t)samples, (size_t)m->info.channels, &values) || !aus_mul_size(values, (size_t)(n ? n : 1) * sizeof(float), &values) ||
      values > INT64_MAX)
    return aus_fail(m->ctx, AUS_ELIMIT, "%lld inputs of %lld samples are too many", (long long)n, (long long)samples);
  return AUS_OK;
}

/* Calls the maker in batches it can take, short inputs padded. */
static aus_status predict_batches(aus_model *m, int64_t n, int64_t samples, const float *x, float *scores)
{
  const int64_t most = m->ops.max_batch ? m->ops.max_batch : n;
  const int64_t row = samples * m->info.channels;
  for (int64_t i = 0; i < n; i += most) {
    const int64_t k = n - i < most ? n - i : most;
    AUS_TRY(m->ops.predict(m, k, samples, x + i * row, scores + i * m->info.n_targets));
    if (n > most) AUS_TRY(aus_progress(m->ctx, "predicting", i + k, n));
  }
  return AUS_OK;
}

static aus_status predict_padded(aus_model *m, int64_t n, int64_t samples, const float *x, float *scores)
{
  const int64_t padded = m->info.patch_samples, rows = n * m->info.channels;
  float *y = aus_alloc(m->ctx, (size_t)rows, (size_t)padded * sizeof *y);
  if (!y) return AUS_ENOMEM;
  const bool repeat = strcmp(m->info.short_input, "repeat") == 0;
  for (int64_t r = 0; r < rows; r++) aus_pad_short(samples, x + r * samples, repeat, padded, y + r * padded);
  const aus_status status = predict_batches(m, n, padded, y, scores);
  aus_free(m->ctx, y);
  return status;
}

void aus_pad_short(int64_t samples, const float *x, bool repeat, int64_t padded, float *y)
{
  memcpy(y, x, (size_t)samples * sizeof *y);
  if (!repeat) memset(y + samples, 0, (size_t)(padded - samples) * sizeof *y);
  else for (int64_t t = samples; t < padded; t++) y[t] = y[t - samples];
}

aus_status aus_model_predict(aus_model *m, int64_t n, int64_t samples, const float *x, float *scores)
{
  AUS_TRY(check_sizes(m, n, samples));
  if (n == 0) return AUS_OK;
  if (samples < m->info.patch_samples) AUS_TRY(predict_padded(m, n, samples, x, scores));
  else AUS_TRY(predict_batches(m, n, samples, x, scores));
  return check_scores(m, n, scores);
}

static aus_status check_mixes(const aus_model *m, const aus_mixes *mixes, int64_t n, const uint8_t *z)
{
  AUS_TRY(check_sizes(m, 1, mixes->samples));
  if (n < 0 || mixes->n_parts < 0 || !mixes->whole) return aus_fail(m->ctx, AUS_EINVAL, "a mix of %d parts in %lld rows cannot be", mixes->n_parts, (long long)n);
  for (int32_t p = 0; p < mixes->n_parts; p++) {
    const aus_part *part = mixes->part + p;
    if (part->begin < 0 || part->end < part->begin || part->end > mixes->samples || (part->end > part->begin && !part->data))
      return aus_fail(m->ctx, AUS_EINVAL, "part %d lies outside the input (samples %lld to %lld of %lld)", p, (long long)part->begin,
                      (long long)part->end, (long long)mixes->samples);
  }
  for (int64_t i = 0; i < n * mixes->n_parts; i++)
    if (z[i] > 1) return aus_fail(m->ctx, AUS_EINVAL, "a row of a mix holds %d where 0 or 1 is meant", z[i]);
  return AUS_OK;
}

/* The same family of mixes, every part and end padded as a short input is. block holds it all. */
static aus_status pad_mixes(aus_model *m, const aus_mixes *in, aus_mixes *out, aus_part **parts, float **block)
{
  const int64_t padded = m->info.patch_samples, channels = m->info.channels, n = in->samples;
  const bool repeat = strcmp(m->info.short_input, "repeat") == 0;
  const size_t signals = (size_t)in->n_parts + 1 + (in->off != NULL);
  *parts = aus_alloc(m->ctx, (size_t)in->n_parts + 1, sizeof **parts);
  *block = aus_alloc(m->ctx, (signals * (size_t)padded + (size_t)n) * (size_t)channels, sizeof **block);
  if (!*parts || !*block) return AUS_ENOMEM;
  float *at = *block, *alone = at + signals * (size_t)(padded * channels);
  for (int32_t p = -2; p < in->n_parts; p++) {
    if (p == -1 && !in->off) continue;
    for (int32_t c = 0; c < channels; c++) {
      if (p >= 0) aus_part_extract(in->part + p, c, 0, n, alone);
      aus_pad_short(n, p == -2 ? in->whole + c * n : p == -1 ? in->off + c * n : alone, repeat, padded, at + c * padded);
    }
    if (p == -2) out->whole = at;
    else if (p == -1) out->off = at;
    else (*parts)[p] = (aus_part){ at, 0, padded };
    at += padded * channels;
  }
  out->samples = padded;
  out->n_parts = in->n_parts;
  out->part = *parts;
  return AUS_OK;
}

static aus_status mixes_of_any_length(aus_model *m, const aus_mixes *mixes, int64_t n, const uint8_t *z, float *scores)
{
  aus_mixes padded = {0};
  aus_part *parts = NULL;
  float *block = NULL;
  aus_status status = AUS_OK;
  if (mixes->samples < m->info.patch_samples) {
    status = pad_mixes(m, mixes, &padded, &parts, &block);
    mixes = &padded;
  }
  if (status == AUS_OK) status = m->ops.predict_mixes ? m->ops.predict_mixes(m, mixes, n, z, scores) : aus_mixes_by_waveform(m, mixes, n, z, scores);
  aus_free(m->ctx, parts);
  aus_free(m->ctx, block);
  return status;
}

aus_status aus_model_predict_mixes(aus_model *m, const aus_mixes *mixes, int64_t n, const uint8_t *z, float *scores)
{
  AUS_TRY(check_mixes(m, mixes, n, z));
  if (n == 0) return AUS_OK;
  AUS_TRY(mixes_of_any_length(m, mixes, n, z, scores));
  return check_scores(m, n, scores);
}

aus_status aus_model_spectrogram(aus_model *m, int64_t samples, const float *x, aus_spectrogram *out)
{
  *out = (aus_spectrogram){0};
  if (!m->ops.spectrogram) return aus_fail(m->ctx, AUS_ENOTSUP, "the model %s is a %s: it has no spectrogram of ours to show", m->info.name, m->ops.kind);
  AUS_TRY(check_sizes(m, 1, samples));
  return m->ops.spectrogram(m, samples, x, out);
}

void aus_model_spectrogram_free(aus_model *m, aus_spectrogram *s)
{
  aus_free(m->ctx, s->image);
  aus_free(m->ctx, s->hz);
  *s = (aus_spectrogram){0};
}

/* ---- the callback maker -------------------------------------------------------------------------------- */

typedef struct callback { aus_predict_fn predict; void *user; } callback;

static aus_status callback_predict(aus_model *m, int64_t n, int64_t samples, const float *x, float *scores)
{
  const callback *c = m->state;
  const int code = c->predict(c->user, n, samples, x, scores);
  return code ? aus_fail(m->ctx, AUS_EPEER, "the model %s failed with code %d", m->info.name, code) : AUS_OK;
}

static void callback_close(aus_model *m) { aus_free(m->ctx, m->state); }

aus_status aus_model_from_callback(aus_ctx *ctx, const aus_model_info *info, aus_predict_fn predict, void *user, aus_model **out)
{
  static const aus_model_ops ops = { .kind = "callback", .max_batch = 16, .predict = callback_predict, .close = callback_close };
  *out = NULL;
  if (!predict || !info) return aus_fail(ctx, AUS_EINVAL, "a callback model needs a function and a description");
  callback *c = AUS_NEW(ctx, callback);
  if (!c) return AUS_ENOMEM;
  *c = (callback){ predict, user };
  const aus_status status = aus_model_create(ctx, info, &ops, c, out);
  if (status != AUS_OK) aus_free(ctx, c);
  return status;
}
