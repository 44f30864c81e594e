/* own_picture.c - a spectrogram of the input by us, for models that show none: programs, callbacks, models of several stems.
 *
 * 96 mel bands (fewer at low rates) of the power in windows of about 46 ms, every 12 ms, in dB below the loudest, at most 80. The page
 * says that it is ours: where a map of a model lies on it, only its seconds and hertz count. */
#include "report/picture.h"

#include <auscult/dsp.h>
#include <math.h>
#include <stdio.h>

static int32_t window_of(int32_t rate)
{
  int32_t n = 64;
  while (n < 16384 && 2 * n <= 0.064 * rate) n *= 2;
  return n;
}

static aus_status bands_of(aus_ctx *ctx, const aus_stft *stft, int32_t rate, int32_t n_fft, int64_t samples, const float *x, aus_spectrogram *s)
{
  const aus_log_config db = { .kind = AUS_LOG_DB, .scale = 10, .amin = 1e-10, .top_db = 80 };
  const size_t bins = (size_t)n_fft / 2 + 1;
  aus_bank *bank = NULL;
  float *fb = aus_alloc(ctx, (size_t)s->bands * bins, sizeof *fb), *y = aus_alloc(ctx, (size_t)s->frames * (size_t)s->bands, sizeof *y);
  aus_status status = fb && y ? aus_mel_filterbank(ctx, rate, n_fft, s->bands, 0, 0.5 * rate, AUS_MEL_SLANEY, AUS_MEL_NORM_NONE, fb) : AUS_ENOMEM;
  if (status == AUS_OK) status = aus_bank_create(ctx, s->bands, (int32_t)bins, fb, &bank);
  if (status == AUS_OK) status = aus_stft_bands(stft, samples, x, 0, s->frames, 2, bank, &db, y);
  for (int64_t t = 0; status == AUS_OK && t < s->frames; t++)
    for (int32_t b = 0; b < s->bands; b++) s->image[b * s->frames + t] = y[t * s->bands + b];
  if (bank) aus_bank_destroy(ctx, bank);
  aus_free(ctx, fb);
  aus_free(ctx, y);
  return status;
}

aus_status aus_own_spectrogram(aus_ctx *ctx, int32_t rate, int64_t samples, const float *x, aus_spectrogram *out)
{
  const int32_t n_fft = window_of(rate);
  const aus_stft_config config = { .n_fft = n_fft, .win_length = n_fft, .hop = n_fft / 4, .window = AUS_WINDOW_HANN, .center = AUS_CENTER_ZERO };
  aus_stft *stft;
  *out = (aus_spectrogram){0};
  AUS_TRY(aus_stft_create(ctx, &config, &stft));
  out->frames = aus_stft_frames(stft, samples);
  out->bands = n_fft >= 512 ? 96 : 24;
  out->hop_seconds = (double)config.hop / rate;
  snprintf(out->unit, sizeof out->unit, "dB");
  out->image = aus_alloc(ctx, (size_t)out->bands * (size_t)out->frames, sizeof *out->image);
  out->hz = aus_alloc(ctx, (size_t)out->bands, sizeof *out->hz);
  aus_status status = out->image && out->hz ? bands_of(ctx, stft, rate, n_fft, samples, x, out) : AUS_ENOMEM;
  if (status == AUS_OK) aus_mel_centres(out->bands, 0, 0.5 * rate, AUS_MEL_SLANEY, out->hz);
  aus_stft_destroy(stft);
  if (status == AUS_OK) return AUS_OK;
  aus_free(ctx, out->image);
  aus_free(ctx, out->hz);
  *out = (aus_spectrogram){0};
  return status;
}
