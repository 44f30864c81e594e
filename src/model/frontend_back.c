/* frontend_back.c - the front end's way back: y = log(sum_k w_mk |X_k|^p), X = STFT x.
 *
 *   relevance  R_k = sum_m R_m w_mk P_k / sum_k' w_mk' P_k'     the linear rule through the bank; logarithm and power pass it on
 *              R_i = x_i w_i sum_k R_k / |X_k|^2 (Re X_k cos + Im X_k sin)    and through the STFT, real and imaginary parts by their squares [Vielhaben24]
 *   gradient   dX_k = p |X_k|^(p-2) X_k sum_m w_mk log'(v_m) dy_m,   dx_i = w_i sum_k (Re dX_k cos + ... ) over the frames that hold i
 *
 * The sum over k is an inverse FFT: inner bins stand for two, so they are halved first, and the length is multiplied back in. */
#include "model/frontend_back.h"

#include <math.h>
#include <string.h>

#include "dsp/spec.h"

enum { STEP = 256 }; /* frames in work at a time */

double aus_frontend_log_slope(const aus_log_config *c, double v)
{
  const double ln10 = 2.302585092994045684;
  switch (c->kind) {
  case AUS_LOG10_1P: return c->scale / (1 + c->scale * v) / ln10;
  case AUS_LOG_DB: return v > c->amin ? 10 / (v * ln10) : 0;
  case AUS_LOG_DB_POWER2: return v > c->amin ? 20 / (v * ln10) : 0;
  case AUS_LOG_LN_OFFSET: return 1 / (v + c->offset);
  case AUS_LOG_LN_MAX: return v > c->amin ? 1 / v : 0;
  default: return 1;
  }
}

/* A few frames of the spectrum, its power and its bands. */
typedef struct stretch { float *re, *im, *p, *v, *y; } stretch;

static void free_stretch(aus_ctx *ctx, stretch *s)
{
  aus_free(ctx, s->re);
  aus_free(ctx, s->im);
  aus_free(ctx, s->p);
  aus_free(ctx, s->v);
  aus_free(ctx, s->y);
}

static aus_status make_stretch(const aus_frontend *fe, stretch *s)
{
  const size_t bins = STEP * (size_t)fe->bins, bands = STEP * (size_t)fe->bands;
  *s = (stretch){ aus_alloc(fe->ctx, bins, sizeof(float)), aus_alloc(fe->ctx, bins, sizeof(float)), aus_alloc(fe->ctx, bins, sizeof(float)),
                  aus_alloc(fe->ctx, bands, sizeof(float)), aus_alloc(fe->ctx, bands, sizeof(float)) };
  if (s->re && s->im && s->p && s->v && s->y) return AUS_OK;
  free_stretch(fe->ctx, s);
  return AUS_ENOMEM;
}

static void fill_stretch(const aus_frontend *fe, int64_t samples, const float *x, int64_t first, int64_t count, stretch *s)
{
  const int64_t n = count * fe->bins;
  aus_stft_forward_range(fe->stft, samples, x, first, count, s->re, s->im);
  for (int64_t i = 0; i < n; i++) {
    const float power = s->re[i] * s->re[i] + s->im[i] * s->im[i];
    s->p[i] = fe->power == 2 ? power : sqrtf(power);
  }
  aus_bank_apply(fe->ctx, fe->bank, count, s->p, s->v);
}

/* ---- relevance ----------------------------------------------------------------------------------------- */

static void spread_frame(const aus_frontend *fe, const float *p, const float *r, float *to)
{
  const struct aus_bank_rows *rows = &fe->bank->rows;
  const float *w = rows->w;
  memset(to, 0, (size_t)fe->bins * sizeof *to);
  for (int32_t m = 0; m < rows->bands; w += rows->length[m++]) {
    const int32_t first = rows->first[m], length = rows->length[m];
    double sum = 0, weights = 0;
    for (int32_t k = 0; k < length; k++) {
      sum += (double)w[k] * (double)p[first + k];
      weights += (double)w[k];
    }
    for (int32_t k = 0; k < length; k++)
      to[first + k] += (float)((double)r[m] * (sum > 0 ? (double)w[k] * (double)p[first + k] / sum : weights != 0 ? (double)w[k] / weights : 0));
  }
}

aus_status aus_frontend_spread(const aus_frontend *fe, int64_t samples, const float *x, int64_t frames, const float *r, float *to)
{
  stretch s;
  AUS_TRY(make_stretch(fe, &s));
  for (int64_t t = 0; t < frames; t += STEP) {
    const int64_t n = frames - t < STEP ? frames - t : STEP;
    fill_stretch(fe, samples, x, t, n, &s);
    for (int64_t i = 0; i < n; i++) spread_frame(fe, s.p + i * fe->bins, r + (t + i) * fe->bands, to + (t + i) * fe->bins);
  }
  free_stretch(fe->ctx, &s);
  return AUS_OK;
}

/* ---- gradient --------------------------------------------------------------------------------------------- */

typedef struct adjoint {
  const aus_frontend *fe;
  int64_t samples;
  aus_fft *fft;
  void *scratch;
  float *re, *im, *frame;  /* one frame */
  double *dp;              /* [bins] gradient of |X|^power */
  float *dx;
} adjoint;

void aus_frontend_through_bank(const aus_frontend *fe, const float *v, const float *g, double *dp)
{
  const struct aus_bank_rows *rows = &fe->bank->rows;
  const float *w = rows->w;
  memset(dp, 0, (size_t)fe->bins * sizeof *dp);
  for (int32_t m = 0; m < rows->bands; w += rows->length[m++]) {
    const double d = (double)g[m] * aus_frontend_log_slope(&fe->log, (double)v[m]);
    for (int32_t k = 0; d != 0 && k < rows->length[m]; k++) dp[rows->first[m] + k] += d * (double)w[k];
  }
}

/* The adjoint of the transform at scale_k X_k, scale in dp. */
static void through_transform(const adjoint *a, const float *re, const float *im)
{
  const int32_t bins = a->fe->bins, n = a->fe->n_fft;
  for (int32_t k = 0; k < bins; k++) {
    const double d = a->dp[k] * (k == 0 || 2 * k == n ? n : 0.5 * n); /* what the inverse transform divides by, and counts twice */
    a->re[k] = (float)(d * (double)re[k]);
    a->im[k] = (float)(d * (double)im[k]);
  }
  aus_fft_inverse(a->fft, a->re, a->im, a->frame, a->scratch);
}

static void through_power(const adjoint *a, const float *re, const float *im)
{
  for (int32_t k = 0; k < a->fe->bins; k++) {
    const double size = sqrt((double)re[k] * re[k] + (double)im[k] * im[k]);
    a->dp[k] = a->fe->power == 2 ? 2 * a->dp[k] : size > 0 ? a->dp[k] / size : 0;
  }
  through_transform(a, re, im);
}

static void through_shares(const adjoint *a, const float *r, const float *re, const float *im)
{
  for (int32_t k = 0; k < a->fe->bins; k++) {
    const double power = (double)re[k] * re[k] + (double)im[k] * im[k];
    a->dp[k] = power > 0 ? (double)r[k] / power : 0;
  }
  through_transform(a, re, im);
}

/* Sample i of the continued signal belongs to this sample of the input; -1: silence. */
static int64_t source_of(const adjoint *a, int64_t i)
{
  if (i >= 0 && i < a->samples) return i;
  if (!a->fe->reflect) return -1;
  const int64_t period = 2 * (a->samples - 1);
  if (period == 0) return 0;
  i = (i % period + period) % period;
  return i < a->samples ? i : period - i;
}

static void add_frame(const adjoint *a, int64_t t)
{
  for (int32_t i = 0; i < a->fe->n_fft; i++) {
    const int64_t s = source_of(a, t * a->fe->hop - a->fe->pad + i);
    if (s >= 0) a->dx[s] += a->fe->stft->window[i] * a->frame[i];
  }
}

static aus_status make_adjoint(const aus_frontend *fe, int64_t samples, float *dx, adjoint *a)
{
  *a = (adjoint){ .fe = fe, .samples = samples, .dx = dx };
  AUS_TRY(aus_fft_create(fe->ctx, fe->n_fft, &a->fft));
  const size_t scratch = aus_fft_scratch(a->fft);
  a->scratch = aus_alloc(fe->ctx, scratch ? scratch : 1, 1);
  a->re = aus_alloc(fe->ctx, (size_t)fe->bins, sizeof *a->re);
  a->im = aus_alloc(fe->ctx, (size_t)fe->bins, sizeof *a->im);
  a->frame = aus_alloc(fe->ctx, (size_t)fe->n_fft, sizeof *a->frame);
  a->dp = aus_alloc(fe->ctx, (size_t)fe->bins, sizeof *a->dp);
  return a->scratch && a->re && a->im && a->frame && a->dp ? AUS_OK : AUS_ENOMEM;
}

static void free_adjoint(aus_ctx *ctx, adjoint *a)
{
  if (a->fft) aus_fft_destroy(ctx, a->fft);
  aus_free(ctx, a->scratch);
  aus_free(ctx, a->re);
  aus_free(ctx, a->im);
  aus_free(ctx, a->frame);
  aus_free(ctx, a->dp);
}

/* g[frames][bands] with the floor's share moved to the value that sets it. */
static aus_status settle_floor(const aus_frontend *fe, int64_t samples, const float *x, int64_t frames, stretch *s, float *g)
{
  float floor, top = -INFINITY;
  int64_t at = 0;
  double share = 0;
  AUS_TRY(aus_frontend_floor(fe, samples, x, &floor));
  if (!(floor > -INFINITY)) return AUS_OK;
  for (int64_t t = 0; t < frames; t += STEP) {
    const int64_t n = frames - t < STEP ? frames - t : STEP, base = t * fe->bands;
    fill_stretch(fe, samples, x, t, n, s);
    memcpy(s->y, s->v, (size_t)(n * fe->bands) * sizeof *s->y);
    aus_log_apply(fe->ctx, &fe->log, n * fe->bands, s->y);
    for (int64_t i = 0; i < n * fe->bands; i++) {
      if (s->y[i] > top) top = s->y[i], at = base + i;
      if (s->y[i] >= floor) continue;
      share += (double)g[base + i];
      g[base + i] = 0;
    }
  }
  g[at] += (float)share;
  return AUS_OK;
}

static aus_status go_back(adjoint *a, const float *x, int64_t frames, float *g, stretch *s)
{
  const aus_frontend *fe = a->fe;
  AUS_TRY(settle_floor(fe, a->samples, x, frames, s, g));
  for (int64_t t = 0; t < frames; t += STEP) {
    const int64_t n = frames - t < STEP ? frames - t : STEP;
    fill_stretch(fe, a->samples, x, t, n, s);
    for (int64_t i = 0; i < n; i++) {
      aus_frontend_through_bank(fe, s->v + i * fe->bands, g + (t + i) * fe->bands, a->dp);
      through_power(a, s->re + i * fe->bins, s->im + i * fe->bins);
      add_frame(a, t + i);
    }
  }
  return AUS_OK;
}

aus_status aus_frontend_gradient(const aus_frontend *fe, int64_t samples, const float *x, int64_t frames, const float *g, float *dx)
{
  adjoint a;
  stretch s = {0};
  float *own = aus_alloc(fe->ctx, (size_t)(frames * fe->bands), sizeof *own);
  memset(dx, 0, (size_t)samples * sizeof *dx);
  aus_status status = make_adjoint(fe, samples, dx, &a);
  if (status == AUS_OK) status = own ? make_stretch(fe, &s) : AUS_ENOMEM;
  if (status == AUS_OK) {
    memcpy(own, g, (size_t)(frames * fe->bands) * sizeof *own);
    status = go_back(&a, x, frames, own, &s);
    free_stretch(fe->ctx, &s);
  }
  free_adjoint(fe->ctx, &a);
  aus_free(fe->ctx, own);
  return status;
}

/* ---- shares of samples --------------------------------------------------------------------------------------- */

static void share_frames(const adjoint *a, const float *x, int64_t frames, const float *r, stretch *s)
{
  const aus_frontend *fe = a->fe;
  for (int64_t t = 0; t < frames; t += STEP) {
    const int64_t n = frames - t < STEP ? frames - t : STEP;
    aus_stft_forward_range(fe->stft, a->samples, x, t, n, s->re, s->im);
    for (int64_t i = 0; i < n; i++) {
      through_shares(a, r + (t + i) * fe->bins, s->re + i * fe->bins, s->im + i * fe->bins);
      add_frame(a, t + i);
    }
  }
  for (int64_t i = 0; i < a->samples; i++) a->dx[i] *= x[i];
}

aus_status aus_frontend_shares(const aus_frontend *fe, int64_t samples, const float *x, int64_t frames, const float *r, float *to)
{
  adjoint a;
  stretch s;
  memset(to, 0, (size_t)samples * sizeof *to);
  aus_status status = make_adjoint(fe, samples, to, &a);
  if (status == AUS_OK) status = make_stretch(fe, &s);
  if (status == AUS_OK) {
    share_frames(&a, x, frames, r, &s);
    free_stretch(fe->ctx, &s);
  }
  free_adjoint(fe->ctx, &a);
  return status;
}
