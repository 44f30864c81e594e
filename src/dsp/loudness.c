/* loudness.c - how loud a programme is to people: integrated, gated loudness [ITU1770].
 *
 * Each channel passes the K-weighting, a shelf (+4 dB above 1.7 kHz: the head) and a high-pass (38 Hz), then
 *
 *   z_ij = mean square of channel i in block j (400 ms, a new one every 100 ms),   l_j = -0.691 + 10 log10 sum_i G_i z_ij.
 *
 * Blocks below -70 LUFS do not count (silence); of the rest, blocks more than 10 LU below the loudness of their mean do not either (pauses). What is
 * left is averaged as power. The standard gives the filters at 48 kHz only; for other rates they are made anew from the analogue prototypes by the bilinear
 * transform, as libebur128 does [DeMan18]: at 48 kHz these are the printed coefficients to 1e-9. Double precision throughout, one pass. */
#include "core/core.h"
#include <auscult/dsp.h>

#include <math.h>

static const double PI = 3.14159265358979323846;
enum { STEPS = 4 }; /* of 100 ms in a block */
static const double ABSOLUTE_GATE = -70, RELATIVE_GATE = -10;

/* y = b0 x + z0, in the transposed second form. */
typedef struct biquad { double b[3], a[2], z[2]; } biquad;

static biquad shelf(double rate)
{
  const double f0 = 1681.974450955533, gain = 3.999843853973347, q = 0.7071752369554196;
  const double k = tan(PI * f0 / rate), vh = pow(10, gain / 20), vb = pow(vh, 0.4996667741545416), a0 = 1 + k / q + k * k;
  return (biquad){ { (vh + vb * k / q + k * k) / a0, 2 * (k * k - vh) / a0, (vh - vb * k / q + k * k) / a0 },
                   { 2 * (k * k - 1) / a0, (1 - k / q + k * k) / a0 }, { 0, 0 } };
}

static biquad high_pass(double rate)
{
  const double f0 = 38.13547087602444, q = 0.5003270373238773;
  const double k = tan(PI * f0 / rate), a0 = 1 + k / q + k * k;
  return (biquad){ { 1, -2, 1 }, { 2 * (k * k - 1) / a0, (1 - k / q + k * k) / a0 }, { 0, 0 } };
}

static inline double filter(biquad *f, double x)
{
  const double y = f->b[0] * x + f->z[0];
  f->z[0] = f->b[1] * x - f->a[0] * y + f->z[1];
  f->z[1] = f->b[2] * x - f->a[1] * y;
  return y;
}

/* Adds a channel's weighted energy to each step of 100 ms. */
static void add_channel(int32_t rate, double weight, int64_t step, int64_t steps, const float *x, double *energy)
{
  biquad head = shelf(rate), low = high_pass(rate);
  for (int64_t s = 0; s < steps; s++) {
    double sum = 0;
    for (int64_t i = s * step; i < (s + 1) * step; i++) {
      const double y = filter(&low, filter(&head, (double)x[i]));
      sum += y * y;
    }
    energy[s] += weight * sum;
  }
}

static double lufs(double power) { return power > 0 ? -0.691 + 10 * log10(power) : -INFINITY; }

static double block_power(const double *energy, int64_t step) { return (energy[0] + energy[1] + energy[2] + energy[3]) / (double)(STEPS * step); }

/* The mean power of blocks louder than the gate; 0 when there are none. */
static double gated(int64_t blocks, const double *energy, int64_t step, double gate)
{
  double sum = 0;
  int64_t n = 0;
  for (int64_t j = 0; j < blocks; j++) {
    const double power = block_power(energy + j, step);
    if (lufs(power) > gate) sum += power, n++;
  }
  return n ? sum / (double)n : 0;
}

aus_status aus_loudness(aus_ctx *ctx, int32_t rate, int32_t channels, const double *weight, int64_t samples, const float *x, double *out)
{
  if (channels < 1 || samples < 0) return aus_fail(ctx, AUS_EINVAL, "loudness of %d channels of %lld samples", (int)channels, (long long)samples);
  if (rate < 4000) return aus_fail(ctx, AUS_EINVAL, "loudness of sound at %d Hz: the weighting needs 4 kHz and more", (int)rate);
  const int64_t step = (rate + 5) / 10, steps = samples / step, blocks = steps - STEPS + 1;
  *out = -INFINITY;
  if (blocks < 1) return AUS_OK;
  double *energy = aus_alloc_zero(ctx, (size_t)steps, sizeof *energy);
  if (!energy) return AUS_ENOMEM;
  for (int32_t c = 0; c < channels; c++) add_channel(rate, weight ? weight[c] : 1, step, steps, x + c * samples, energy);
  const double loud = lufs(gated(blocks, energy, step, ABSOLUTE_GATE));
  if (loud > ABSOLUTE_GATE) *out = lufs(gated(blocks, energy, step, fmax(loud + RELATIVE_GATE, ABSOLUTE_GATE)));
  aus_free(ctx, energy);
  return AUS_OK;
}
