/* bss.c - how well is a source separated? SI-SDR [LeRoux19] and BSS Eval 3 [Vincent06].
 *
 * SI-SDR scales the reference s to fit the estimate e and compares what fits with what is left:
 *
 *   a = <e, s> / <s, s>,      SI-SDR = 10 log10 |a s|^2 / |a s - e|^2
 *
 * BSS Eval lets a reference be filtered by `taps` taps before it is compared. With P_j the projection onto the delayed copies of
 * reference j (all its channels), P onto those of all references:
 *
 *   SDR = |P_j e|^2 / |e - P_j e|^2,   SIR = |P_j e|^2 / |P e - P_j e|^2,   SAR = |P e|^2 / |e - P e|^2
 *
 * and, for spatial images, ISR = |s|^2 / |P_j e - s|^2 and SNR = |s|^2 / |e - s|^2. Since P_j's range lies in P's, each of these
 * squares is a difference of squares: |P e - P_j e|^2 = |P e|^2 - |P_j e|^2, <P_j e, s> = <e, s>. So no projected signal is ever formed:
 * correlations (bss_correlate.c) and a block Toeplitz solver (bss_toeplitz.c) are all. Doubles leave about 110 dB of such a difference,
 * and values beyond that are infinite. taps 1 is the plain projection on (target, interferers); its SDR is the SI-SDR. */
#include "eval/bss.h"

#include "dsp/spec.h"

#include <math.h>

static const double rounding = 1e-11; /* of the larger term of a difference */
static const double loading = 1e-12;  /* -120 dB of white noise on every reference; up to -60 dB where that does not do (tones) */

static double ratio_db(double signal, double noise, double scale)
{
  if (!(scale > 0)) return NAN;
  if (signal <= rounding * scale) return -INFINITY;
  return noise <= rounding * scale ? INFINITY : 10 * log10(signal / noise);
}

double aus_eval_si_sdr(int64_t n, const float *estimate, const float *reference) { return aus_si_sdr(n, estimate, reference); }

/* One estimate against reference j, all channels together. */
static aus_status judge(bss *b, int32_t n, int32_t j, int32_t estimate, aus_bss *out)
{
  const int32_t channels = b->channels;
  double own = 0, all = 0, ee = 0, ss = 0, es = 0;
  AUS_TRY(bss_project(b, 0, n * channels, estimate, &all));
  AUS_TRY(bss_project(b, j * channels, channels, estimate, &own));
  for (int32_t c = 0; c < channels; c++) {
    const int32_t s = j * channels + c, e = (n + estimate) * channels + c;
    ss += bss_correlation(b, s, s)[0];
    es += bss_correlation(b, s, e)[0];
    ee += b->energy[e];
  }
  if (!(ss > 0)) {
    *out = (aus_bss){ NAN, NAN, NAN, NAN, NAN };
    return AUS_OK;
  }
  all = fmin(fmax(all, own), ee);
  own = fmin(own, all);
  out->sdr = ratio_db(own, ee - own, ee);
  out->sir = ratio_db(own, all - own, all);
  out->sar = ratio_db(all, ee - all, ee);
  out->isr = ratio_db(ss, own - 2 * es + ss, fmax(ss, own));
  out->snr = ratio_db(ss, ee - 2 * es + ss, fmax(ss, ee));
  return AUS_OK;
}

aus_status aus_eval_bss(aus_ctx *ctx, int32_t taps, int32_t channels, int64_t samples, int32_t n, const float *const *reference,
                        const float *const *estimate, aus_bss *out)
{
  if (taps < 1 || taps > 4096 || channels < 1 || n < 1 || (int64_t)n * channels > 128 || samples < 1)
    return aus_fail(ctx, AUS_EINVAL, "BSS Eval takes 1 to 4096 taps, 1 to 128 planes of references and a sample at least: not %d, %d x %d, %lld",
                    taps, n, channels, (long long)samples);
  bss b = { .ctx = ctx, .taps = taps, .channels = channels, .regressors = n * channels, .loading = loading };
  aus_status status = bss_correlate(&b, samples, n, reference, estimate);
  for (int32_t j = 0; j < n && status == AUS_OK; j++) status = judge(&b, n, j, j, &out[j]);
  bss_free(&b);
  return status;
}
