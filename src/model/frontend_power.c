/* frontend_power.c - the front end from the spectrogram on, and back: for what masks a spectrogram and never makes it sound.
 *
 *   v = bank p,   y = max(log v, largest log v - top_db),     dp_k = sum_m w_mk log'(v_m) dy_m                 p = |X|^power */
#include <math.h>
#include <string.h>

#include "model/frontend_back.h"

static float largest(int64_t n, const float *y, int64_t *at)
{
  *at = 0;
  for (int64_t i = 1; i < n; i++)
    if (y[i] > y[*at]) *at = i;
  return y[*at];
}

void aus_frontend_of_power(const aus_frontend *fe, int64_t frames, const float *p, float *v, float *work, float *y)
{
  const int64_t n = frames * fe->bands;
  float *bands = fe->transposed ? work : y;
  int64_t at;
  aus_bank_apply(fe->ctx, fe->bank, frames, p, v);
  memcpy(bands, v, (size_t)n * sizeof *v);
  aus_log_apply(fe->ctx, &fe->log, n, bands);
  const float floor = fe->top_db > 0 ? (float)((double)largest(n, bands, &at) - fe->top_db) : -INFINITY;
  aus_frontend_finish(fe, frames, frames, floor, bands, fe->transposed ? y : NULL);
}

void aus_frontend_power_gradient(const aus_frontend *fe, int64_t frames, const float *v, const float *g, float *work, double *row, float *dp)
{
  const int64_t n = frames * fe->bands;
  float *own = work, *y = work + n;
  int64_t at;
  for (int64_t t = 0; t < frames; t++)
    for (int32_t m = 0; m < fe->bands; m++) own[t * fe->bands + m] = g[fe->transposed ? m * frames + t : t * fe->bands + m];
  memcpy(y, v, (size_t)n * sizeof *v);
  aus_log_apply(fe->ctx, &fe->log, n, y);
  if (fe->top_db > 0) {
    const float floor = (float)((double)largest(n, y, &at) - fe->top_db);
    double share = 0;
    for (int64_t i = 0; i < n; i++) {
      if (y[i] >= floor) continue;
      share += (double)own[i];
      own[i] = 0;
    }
    own[at] += (float)share;
  }
  for (int64_t t = 0; t < frames; t++) {
    aus_frontend_through_bank(fe, v + t * fe->bands, own + t * fe->bands, row);
    for (int32_t k = 0; k < fe->bins; k++) dp[t * fe->bins + k] = (float)row[k];
  }
}
