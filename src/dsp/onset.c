/* onset.c - onset strength and onsets, by librosa's definitions [McFee15; Boeck12].
 *
 * Strength: a log-power mel spectrogram S in dB (128 bands, floor 80 dB below its largest value), then
 *   o[t] = mean over bands of max(0, S[m][t] - S[m][t - 1]),
 * 0 where the window reaches over the end (a cut is no hit), and moved by a quarter of a window: a window feels a hit
 * before its centre reaches it (librosa moves by half, which is a frame late; measured on synthetic hits). librosa
 * works at 22 050 Hz with 2048 points every 512; other rates take the power of two nearest in seconds.
 * Onsets: o, from 0 to 1, is a peak where it is the largest within 30 ms before, at least 0.07 above the mean of
 * 100 ms around, and 30 ms from the last one. The spectrogram is made in blocks, twice: once for the floor. */
#include "dsp/onset.h"

#include <math.h>
#include <string.h>

enum { BANDS = 128, BLOCK = 1024 };

/* ---- strength --------------------------------------------------------------------------------- */

typedef struct bands_job {
  aus_ctx *ctx;
  aus_stft *stft;
  aus_bank *bank;
  float *fb, *block; /* block: [1 + BLOCK][BANDS], the last frame of the block before comes first */
} bands_job;

static const aus_log_config DB = { .kind = AUS_LOG_DB, .amin = 1e-10 };

static int32_t window_for(int32_t rate)
{
  const int e = (int)lrint(log2(2048.0 * rate / 22050));
  return 1 << (e < 4 ? 4 : e > 20 ? 20 : e);
}

static aus_status open_job(bands_job *j, int32_t rate, int32_t n_fft)
{
  const aus_stft_config c = { n_fft, n_fft, n_fft / 4, AUS_WINDOW_HANN, AUS_CENTER_REFLECT };
  AUS_TRY(aus_stft_create(j->ctx, &c, &j->stft));
  const int32_t bins = aus_stft_bins(j->stft);
  j->fb = aus_alloc(j->ctx, (size_t)BANDS * sizeof(float), (size_t)bins);
  j->block = aus_alloc(j->ctx, (size_t)(1 + BLOCK) * BANDS, sizeof(float));
  if (!j->fb || !j->block) return AUS_ENOMEM;
  AUS_TRY(aus_mel_filterbank(j->ctx, rate, n_fft, BANDS, 0, rate / 2.0, AUS_MEL_SLANEY, AUS_MEL_NORM_SLANEY, j->fb));
  return aus_bank_create(j->ctx, BANDS, bins, j->fb, &j->bank);
}

static void close_job(bands_job *j)
{
  aus_bank_destroy(j->ctx, j->bank);
  aus_stft_destroy(j->stft);
  aus_free(j->ctx, j->fb);
  aus_free(j->ctx, j->block);
}

/* mean over bands of what grew since the frame before */
static float rise(const float *now, const float *before)
{
  float sum = 0;
  for (int m = 0; m < BANDS; m++) sum += now[m] > before[m] ? now[m] - before[m] : 0;
  return sum / BANDS;
}

/* Pass 0 finds the largest band in dB; pass 1 floors the bands and fills the strength. */
static aus_status walk(bands_job *j, int64_t samples, const float *x, int pass, double *loudest, aus_onset_env *env)
{
  const aus_kernels *k = j->ctx->kernels;
  const int64_t frames = aus_stft_frames(j->stft, samples), late = env->hop ? j->stft->config.n_fft / (4 * env->hop) : 0;
  float *now = j->block + BANDS;
  for (int64_t f = 0; f < frames; f += BLOCK) {
    const int64_t count = frames - f < BLOCK ? frames - f : BLOCK;
    AUS_TRY(aus_stft_bands(j->stft, samples, x, f, count, 2, j->bank, &DB, now));
    if (pass == 0) {
      const double most = k->spec.max(count * BANDS, now);
      if (f == 0 || most > *loudest) *loudest = most;
      continue;
    }
    k->spec.clamp_below(count * BANDS, (float)(*loudest - 80), now);
    for (int64_t i = f == 0 ? 1 : 0; i < count; i++)
      if (f + i + late < env->frames && (f + i) * env->hop + j->stft->config.n_fft / 2 <= samples) env->strength[f + i + late] = rise(now + i * BANDS, now + (i - 1) * BANDS);
    memcpy(j->block, now + (count - 1) * BANDS, BANDS * sizeof(float));
  }
  return AUS_OK;
}

aus_status aus_onset_envelope(aus_ctx *ctx, int32_t rate, int64_t samples, const float *x, aus_onset_env *env)
{
  *env = (aus_onset_env){0};
  if (rate < 1 || samples < 1) return aus_fail(ctx, AUS_EINVAL, "onsets: rate %d and samples must be positive", rate);
  bands_job j = { .ctx = ctx };
  const int32_t n_fft = window_for(rate);
  double loudest = 0;
  aus_status status = open_job(&j, rate, n_fft);
  if (status == AUS_OK) {
    env->hop = n_fft / 4;
    env->fps = (double)rate / env->hop;
    env->frames = aus_stft_frames(j.stft, samples);
    env->strength = aus_alloc_zero(ctx, (size_t)env->frames, sizeof(float));
    if (!env->strength) status = AUS_ENOMEM;
  }
  if (status == AUS_OK) status = walk(&j, samples, x, 0, &loudest, env);
  if (status == AUS_OK) status = walk(&j, samples, x, 1, &loudest, env);
  close_job(&j);
  if (status != AUS_OK) {
    aus_free(ctx, env->strength);
    env->strength = NULL;
  }
  return status;
}

/* ---- peaks --------------------------------------------------------------------------------------- */

/* o from 0 to 1; false where nothing happens at all. */
static bool normalise(const aus_onset_env *env)
{
  float lo = env->strength[0], hi = lo;
  for (int64_t i = 0; i < env->frames; i++) {
    lo = env->strength[i] < lo ? env->strength[i] : lo;
    hi = env->strength[i] > hi ? env->strength[i] : hi;
  }
  if (!(hi - lo > 1e-6f)) return false;
  for (int64_t i = 0; i < env->frames; i++) env->strength[i] = (env->strength[i] - lo) / (hi - lo);
  return true;
}

static bool is_peak(const aus_onset_env *env, int64_t i, int64_t pre_max, int64_t pre_avg, int64_t post_avg)
{
  const float *o = env->strength;
  for (int64_t j = i > pre_max ? i - pre_max : 0; j < i; j++)
    if (o[j] > o[i]) return false;
  double sum = 0;
  const int64_t a = i > pre_avg ? i - pre_avg : 0, b = i + post_avg < env->frames ? i + post_avg : env->frames;
  for (int64_t j = a; j < b; j++) sum += o[j];
  return b <= a || o[i] >= sum / (double)(b - a) + 0.07;
}

aus_status aus_onsets(aus_ctx *ctx, int32_t rate, int64_t samples, const float *x, int32_t max, double *times, int32_t *n)
{
  *n = 0;
  aus_onset_env env;
  AUS_TRY(aus_onset_envelope(ctx, rate, samples, x, &env));
  const int64_t near = (int64_t)(0.03 * env.fps), pre_max = near > 1 ? near : 1, wait = pre_max;
  const int64_t pre_avg = (int64_t)(0.1 * env.fps), post_avg = pre_avg + 1;
  int64_t last = -1;
  if (normalise(&env))
    for (int64_t i = 0; i < env.frames && *n < max; i++) {
      const bool next_larger = i + 1 < env.frames && env.strength[i + 1] > env.strength[i]; /* still rising */
      if (next_larger || (last >= 0 && i - last <= wait) || !is_peak(&env, i, pre_max, pre_avg, post_avg)) continue;
      times[(*n)++] = (double)i * env.hop / rate;
      last = i;
    }
  aus_free(ctx, env.strength);
  return AUS_OK;
}
