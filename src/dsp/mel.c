/* mel.c - mel filterbanks, by the definition of librosa.filters.mel (0.7 to 0.10).
 *
 * bands + 2 points equally spaced in mel between fmin and fmax are turned into Hz, p[0 .. bands+1]; band m is the triangle
 * fb[m][k] = max(0, min((f_k - p[m]) / (p[m+1] - p[m]), (p[m+2] - f_k) / (p[m+2] - p[m+1]))), f_k = k rate / n_fft, times
 * 2 / (p[m+2] - p[m]) under Slaney's norm. Computed in double, rounded to float once.
 * Scales: HTK, 2595 log10(1 + f / 700); Slaney's, linear to 1 kHz (3 f / 200), logarithmic above (ln 6.4 / 27 a step). */
#include "dsp/spec.h"

#include <math.h>

static const double BREAK_HZ = 1000, BREAK_MEL = 15;

static double log_step(void) { return log(6.4) / 27; }

static double hz_to_mel(double hz, aus_mel_scale scale)
{
  if (scale == AUS_MEL_HTK) return 2595 * log10(1 + hz / 700);
  return hz < BREAK_HZ ? 3 * hz / 200 : BREAK_MEL + log(hz / BREAK_HZ) / log_step();
}

static double mel_to_hz(double mel, aus_mel_scale scale)
{
  if (scale == AUS_MEL_HTK) return 700 * (pow(10, mel / 2595) - 1);
  return mel < BREAK_MEL ? 200 * mel / 3 : BREAK_HZ * exp(log_step() * (mel - BREAK_MEL));
}

/* Point i of the bands + 2. */
static double mel_point(int32_t i, int32_t bands, double fmin, double fmax, aus_mel_scale scale)
{
  const double lo = hz_to_mel(fmin, scale), hi = hz_to_mel(fmax, scale);
  return mel_to_hz(i == bands + 1 ? hi : lo + (hi - lo) / (bands + 1) * i, scale);
}

void aus_mel_centres(int32_t bands, double fmin, double fmax, aus_mel_scale scale, float *hz)
{
  for (int32_t m = 0; m < bands; m++) hz[m] = (float)mel_point(m + 1, bands, fmin, fmax, scale);
}

aus_status aus_mel_filterbank(aus_ctx *ctx, int32_t rate, int32_t n_fft, int32_t bands, double fmin, double fmax,
                              aus_mel_scale scale, aus_mel_norm norm, float *fb)
{
  if (rate < 1 || n_fft < 1 || bands < 1)
    return aus_fail(ctx, AUS_EINVAL, "mel filterbank: rate %d, n_fft %d and bands %d must be positive", rate, n_fft, bands);
  if (!(fmin >= 0 && fmin < fmax && fmax < 1e9))
    return aus_fail(ctx, AUS_EINVAL, "mel filterbank: %g to %g Hz is not a range of frequencies", fmin, fmax);
  const int32_t bins = n_fft / 2 + 1;
  for (int32_t m = 0; m < bands; m++) {
    const double lo = mel_point(m, bands, fmin, fmax, scale), mid = mel_point(m + 1, bands, fmin, fmax, scale);
    const double hi = mel_point(m + 2, bands, fmin, fmax, scale), area = norm == AUS_MEL_NORM_SLANEY ? 2 / (hi - lo) : 1;
    for (int32_t k = 0; k < bins; k++) {
      const double f = (double)k * rate / n_fft, up = (f - lo) / (mid - lo), down = (hi - f) / (hi - mid);
      const double w = up < down ? up : down;
      fb[(int64_t)m * bins + k] = w > 0 ? (float)(w * area) : 0;
    }
  }
  return AUS_OK;
}
