/* logbank.c - madmom's LogarithmicFilterbank, to the bit [madmom16].
 *
 * Centre frequencies fref 2^(k / bands_per_octave) are rounded to the nearest FFT bin (a tie goes up) and, with
 * unique_filters, merged where they meet. Each three consecutive bins a, b, c give one triangle on [a, c): rising i / (b - a)
 * from 0 at a, falling 1 - j / (c - b) from 1 at b; bin c is excluded. With norm_filters each band is divided
 * by its sum, in float as madmom does. bins: n_fft / 2 (madmom leaves the Nyquist bin out). */
#include "dsp/spec.h"

#include <math.h>
#include <string.h>

/* The bin nearest to hz, where bin k has k rate / (2 bins) Hz. */
static int32_t nearest_bin(double hz, int32_t rate, int32_t bins)
{
  const double step = (double)rate / (2.0 * bins);
  int32_t k = (int32_t)fmin(ceil(hz / step), bins - 1);
  while (k > 0 && (k - 1) * step >= hz) k--; /* the first bin at or above hz, whatever the division rounded to */
  while (k < bins - 1 && k * step < hz) k++;
  if (k < 1) k = 1;
  return hz - (k - 1) * step < k * step - hz ? k - 1 : k;
}

/* numpy's pairwise sum of float32, which madmom's norm uses: plain below 8, eight running sums up to 128 and
 * halves above. */
static float pairwise_sum(const float *a, int64_t n)
{
  if (n < 8) {
    float s = -0.0f;
    for (int64_t i = 0; i < n; i++) s += a[i];
    return s;
  }
  if (n <= 128) {
    float r[8];
    memcpy(r, a, sizeof r);
    int64_t i = 8;
    for (; i + 8 <= n; i += 8)
      for (int j = 0; j < 8; j++) r[j] += a[i + j];
    float s = ((r[0] + r[1]) + (r[2] + r[3])) + ((r[4] + r[5]) + (r[6] + r[7]));
    for (; i < n; i++) s += a[i];
    return s;
  }
  const int64_t half = n / 2 - n / 2 % 8;
  return pairwise_sum(a, half) + pairwise_sum(a + half, n - half);
}

/* fb[start .. stop) += one triangle, in double then rounded, the larger kept where something is there. */
static void put_triangle(int32_t start, int32_t center, int32_t stop, int norm, int32_t bins, float *fb)
{
  if (stop - start < 2) { /* two centres in one bin: a filter of one bin */
    center = start;
    stop = start + 1;
  }
  for (int32_t k = start; k < stop && k < bins; k++)
    fb[k] = k < center ? (float)((double)(k - start) / (center - start)) : (float)(1 - (double)(k - center) / (stop - center));
  if (!norm) return;
  const int32_t end = stop < bins ? stop : bins;
  const float sum = pairwise_sum(fb + start, end - start);
  for (int32_t k = start; k < end; k++) fb[k] /= sum;
}

aus_status aus_log_filterbank(aus_ctx *ctx, int32_t rate, int32_t bins, int32_t bands_per_octave, double fmin, double fmax,
                              double fref, int norm_filters, int unique_filters, int32_t max_bands, float *fb, int32_t *bands)
{
  *bands = 0;
  if (rate < 1 || bins < 2 || bands_per_octave < 1)
    return aus_fail(ctx, AUS_EINVAL, "logarithmic filterbank: rate %d, bins %d or bands per octave %d is too small", rate, bins,
                    bands_per_octave);
  if (!(fmin > 0 && fmin < fmax && fref > 0 && fmax < 1e9))
    return aus_fail(ctx, AUS_EINVAL, "logarithmic filterbank: %g to %g Hz around %g Hz is not a range", fmin, fmax, fref);
  const int64_t left = (int64_t)floor(log2(fmin / fref) * bands_per_octave);
  const int64_t right = (int64_t)ceil(log2(fmax / fref) * bands_per_octave);
  int32_t a = -1, b = -1; /* the two centres before this one */
  int32_t count = 0;
  for (int64_t i = left; i < right; i++) {
    const double hz = fref * pow(2, (double)i / bands_per_octave);
    if (hz < fmin || hz > fmax) continue;
    const int32_t c = nearest_bin(hz, rate, bins);
    if (unique_filters && c == b) continue;
    if (a >= 0) {
      if (count == max_bands)
        return aus_fail(ctx, AUS_EINVAL, "logarithmic filterbank: more than %d bands", max_bands);
      float *row = fb + (int64_t)count++ * bins;
      memset(row, 0, (size_t)bins * sizeof *row);
      put_triangle(a, b, c, norm_filters, bins, row);
    }
    a = b;
    b = c;
  }
  *bands = count;
  return AUS_OK;
}
