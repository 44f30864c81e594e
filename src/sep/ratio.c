/* ratio.c - from the magnitudes that a network believes in to what multiplies the mix.
 *
 * Ratio masks: mask_j = (S_j^p + e / J) / (sum S^p + e), e = 1e-10, p = 2 unless the file says otherwise (separator.exponent; Spleeter's separation_exponent); they add to one.
 *
 * The multichannel Wiener filter, one step of expectation-maximisation of a local Gaussian model [Duong10] as norbert and
 * Spleeter have it: y_j = S_j / sum S x; v_j = mean over channels of |y_j|^2; R_j(f) = sum_t y_j y_j^H / sum_t v_j; then
 *
 *   y_j = v_j R_j (sum_i v_i R_i + sqrt(e) I)^-1 x
 *
 * with everything scaled so that the loudest bin is 10 at most. The sums over t run over the frames given: one patch of the network,
 * where Spleeter takes the whole song. In double precision; one or two channels. */
#include "sep/network.h"


#include <complex.h>
#include <float.h>
#include <math.h>
#include <string.h>

static float *answer_at(const sep_frames *f, int32_t stem, int32_t channel, int64_t frame)
{
  return f->answer + (stem * f->channels + channel) * f->a_plane + frame * f->a_row;
}

static void ratio_frames(void *arg, int64_t begin, int64_t end, int worker)
{
  const sep_frames *f = arg;
  const float e = 1e-10f, share = e / (float)f->stems;
  (void)worker;
  for (int64_t t = begin; t < end; t++)
    for (int32_t c = 0; c < f->channels; c++)
      for (int32_t b = 0; b < f->bins; b++) {
        float sum = e;
        for (int32_t j = 0; j < f->stems; j++) {
          float *s = answer_at(f, j, c, t) + b;
          *s = f->exponent == 2 ? *s * *s : powf(fabsf(*s), f->exponent);
          sum += *s;
        }
        for (int32_t j = 0; j < f->stems; j++) {
          float *s = answer_at(f, j, c, t) + b;
          *s = (*s + share) / sum;
        }
      }
}

void sep_ratio_masks(const sep_frames *f) { aus_parallel_for(f->ctx, f->frames, 4, ratio_frames, (void *)(uintptr_t)f); }

/* ---- Wiener ----------------------------------------------------------------------------------------- */

typedef struct bin {
  const sep_frames *f;
  int32_t b;
  double scale, eps;
  double complex R[64][2][2];
} bin;

static double complex mix(const bin *w, int64_t t, int32_t c)
{
  const int64_t at = c * w->f->x_plane + t * w->f->x_row + w->b;
  return (w->f->re[at] + I * w->f->im[at]) / w->scale;
}

/* y_j of frame t before the step: the mix by shares of magnitude. */
static void first_guess(const bin *w, int64_t t, int32_t j, double complex y[2])
{
  for (int32_t c = 0; c < w->f->channels; c++) {
    double sum = w->eps;
    for (int32_t i = 0; i < w->f->stems; i++) sum += answer_at(w->f, i, c, t)[2 * w->b];
    y[c] = answer_at(w->f, j, c, t)[2 * w->b] / sum * mix(w, t, c);
  }
}

static double level(const sep_frames *f, const double complex y[2])
{
  double sum = 0;
  for (int32_t c = 0; c < f->channels; c++) sum += creal(y[c]) * creal(y[c]) + cimag(y[c]) * cimag(y[c]);
  return sum / f->channels;
}

static void covariances(bin *w)
{
  const int32_t m = w->f->channels;
  for (int32_t j = 0; j < w->f->stems; j++) {
    double weight = w->eps;
    memset(w->R[j], 0, sizeof w->R[j]);
    for (int64_t t = 0; t < w->f->frames; t++) {
      double complex y[2];
      first_guess(w, t, j, y);
      weight += level(w->f, y);
      for (int32_t a = 0; a < m; a++)
        for (int32_t c = 0; c < m; c++) w->R[j][a][c] += y[a] * conj(y[c]);
    }
    for (int32_t a = 0; a < m; a++)
      for (int32_t c = 0; c < m; c++) w->R[j][a][c] /= weight;
  }
}

/* x <- C^-1 x */
static void solve(int32_t m, double complex C[2][2], double complex x[2])
{
  if (m == 1) { x[0] /= C[0][0]; return; }
  const double complex det = C[0][0] * C[1][1] - C[0][1] * C[1][0], a = x[0], b = x[1];
  x[0] = (C[1][1] * a - C[0][1] * b) / det;
  x[1] = (C[0][0] * b - C[1][0] * a) / det;
}

static void filter_frame(bin *w, int64_t t)
{
  const int32_t m = w->f->channels;
  double v[64];
  double complex C[2][2] = { { sqrt(w->eps), 0 }, { 0, sqrt(w->eps) } }, x[2], y[2];
  for (int32_t j = 0; j < w->f->stems; j++) {
    first_guess(w, t, j, y);
    v[j] = level(w->f, y);
    for (int32_t a = 0; a < m; a++)
      for (int32_t c = 0; c < m; c++) C[a][c] += v[j] * w->R[j][a][c];
  }
  for (int32_t c = 0; c < m; c++) x[c] = mix(w, t, c);
  solve(m, C, x);
  for (int32_t j = 0; j < w->f->stems; j++)
    for (int32_t a = 0; a < m; a++) {
      double complex sum = 0;
      for (int32_t c = 0; c < m; c++) sum += w->R[j][a][c] * x[c];
      float *to = answer_at(w->f, j, a, t) + 2 * w->b;
      to[0] = (float)(creal(sum) * v[j] * w->scale);
      to[1] = (float)(cimag(sum) * v[j] * w->scale);
    }
}

static void filter_bins(void *arg, int64_t begin, int64_t end, int worker)
{
  bin w = *(const bin *)arg;
  (void)worker;
  for (w.b = (int32_t)begin; w.b < end; w.b++) {
    covariances(&w);
    for (int64_t t = 0; t < w.f->frames; t++) filter_frame(&w, t);
  }
}

aus_status sep_wiener(const sep_frames *f)
{
  double loudest = 0;
  for (int32_t c = 0; c < f->channels; c++)
    for (int64_t t = 0; t < f->frames; t++)
      for (int32_t b = 0; b < f->bins; b++) {
        const int64_t at = c * f->x_plane + t * f->x_row + b;
        loudest = fmax(loudest, hypot(f->re[at], f->im[at]));
      }
  bin w = { .f = f, .scale = fmax(1, loudest / 10), .eps = FLT_EPSILON };
  if (f->stems > 64 || f->channels > 2) return aus_fail(f->ctx, AUS_ENOTSUP, "the Wiener filter takes 64 stems of two channels at most");
  aus_parallel_for(f->ctx, f->bins, 8, filter_bins, &w);
  return AUS_OK;
}
