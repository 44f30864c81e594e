/* log.c - logarithms of spectra as the taggers' front ends define them, and rounding to IEEE half.
 *
 *   log10_1p   log10(1 + scale x)          musicnn [Pons19]
 *   db         10 log10 max(x, amin)       torchaudio's AmplitudeToDB, librosa.power_to_db
 *   db_power2  20 log10 max(x, amin)       librosa.amplitude_to_db, also where it is (mis)applied to power [Won19]
 *   ln_offset  ln(x + offset)              YAMNet, VGGish
 *   ln_max     ln max(x, amin)
 * top_db then lifts what lies more than that below the largest value. The vector logarithm is Cephes' polynomial,
 * within 1 ulp or so; half: x is rounded to half precision first, as a model trained on stored spectrograms needs. */
#include "dsp/spec.h"

#include <math.h>
#include <string.h>

void aus_log_values(const aus_kernels *k, const aus_log_config *c, int64_t n, float *x)
{
  if (c->half) k->spec.half(n, x);
  const float scale = (float)c->scale, amin = (float)c->amin, offset = (float)c->offset;
  switch (c->kind) {
  case AUS_LOG_NONE: break;
  case AUS_LOG10_1P: k->spec.log(n, AUS_KLOG_LOG10, scale, 1, 0, 1, x); break;
  case AUS_LOG_DB: k->spec.log(n, AUS_KLOG_LOG10, 1, 0, amin, 10, x); break;
  case AUS_LOG_DB_POWER2: k->spec.log(n, AUS_KLOG_LOG10, 1, 0, amin, 20, x); break;
  case AUS_LOG_LN_OFFSET: k->spec.log(n, AUS_KLOG_LN, 1, offset, 0, 1, x); break;
  case AUS_LOG_LN_MAX: k->spec.log(n, AUS_KLOG_LN, 1, 0, amin, 1, x); break;
  }
}

void aus_log_floor(aus_ctx *ctx, const aus_log_config *c, int64_t n, float *x)
{
  const bool decibels = c->kind == AUS_LOG_DB || c->kind == AUS_LOG_DB_POWER2;
  if (!decibels || !(c->top_db > 0) || n < 1) return;
  const aus_kernels *k = ctx->kernels;
  k->spec.clamp_below(n, k->spec.max(n, x) - (float)c->top_db, x);
}

struct log_job { const aus_kernels *k; const aus_log_config *config; float *x; };

static void log_range(void *arg, int64_t begin, int64_t end, int worker)
{
  const struct log_job *t = arg;
  (void)worker;
  aus_log_values(t->k, t->config, end - begin, t->x + begin);
}

void aus_log_apply(aus_ctx *ctx, const aus_log_config *config, int64_t n, float *x)
{
  struct log_job t = { ctx->kernels, config, x };
  aus_parallel_for(ctx, n, 1 << 14, log_range, &t);
  aus_log_floor(ctx, config, n, x);
}

/* ---- IEEE half ------------------------------------------------------------------------------ */

uint16_t aus_half_from_float(float x)
{
  uint32_t bits;
  memcpy(&bits, &x, sizeof bits);
  const uint16_t sign = (uint16_t)(bits >> 16 & 0x8000u);
  const uint32_t mag = bits & 0x7fffffffu;
  if (mag > 0x7f800000u) return (uint16_t)(sign | 0x7e00u | (mag >> 13 & 0x3ffu)); /* NaN, made quiet */
  if (mag >= 0x477ff000u) return (uint16_t)(sign | 0x7c00u);                      /* from 65520: infinity */
  if (mag < 0x38800000u) { /* below 2^-14: units of 2^-24; nearbyint rounds ties to even */
    float a;
    memcpy(&a, &mag, sizeof a);
    return (uint16_t)(sign | (uint16_t)nearbyintf(a * 16777216.0f));
  }
  return (uint16_t)(sign | (((mag + 0xfffu + (mag >> 13 & 1u)) >> 13) - 0x1c000u));
}

float aus_half_to_float(uint16_t h)
{
  const uint32_t sign = (uint32_t)(h & 0x8000u) << 16, exponent = h >> 10 & 31u, fraction = h & 0x3ffu;
  uint32_t bits;
  if (exponent == 0) {
    const float a = (float)fraction * 5.9604644775390625e-08f;
    memcpy(&bits, &a, sizeof bits);
  } else {
    bits = (exponent == 31 ? 255u : exponent + 112u) << 23 | fraction << 13;
  }
  bits |= sign;
  float x;
  memcpy(&x, &bits, sizeof x);
  return x;
}

void aus_half_round(int64_t n, float *x)
{
  for (int64_t i = 0; i < n; i++) x[i] = aus_half_to_float(aus_half_from_float(x[i]));
}
