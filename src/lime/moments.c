/* moments.c - weighted sums that every linear fit reads.
 *
 * With weighted means zbar, ybar: G = sum pi (z - zbar)(z - zbar)', c = sum pi (z - zbar)(y - ybar),
 * v = sum pi (y - ybar)^2. Ridge, least squares, forward selection, BayLIME and every bootstrap replicate are
 * functions of (G, c, v) alone, so a table is read once per set of weights. Scores are taken relative to
 * the first row's, which keeps the sums small; a constant score gives exact zeros. */
#include "lime/lime.h"

#include <string.h>

aus_status lime_moments_alloc(aus_ctx *ctx, int32_t d, int32_t labels, lime_moments *m)
{
  memset(m, 0, sizeof *m);
  m->d = d;
  m->labels = labels;
  m->zbar = aus_alloc(ctx, (size_t)d, sizeof(double));
  m->gram = aus_alloc(ctx, (size_t)d * (size_t)d, sizeof(double));
  m->ybar = aus_alloc(ctx, (size_t)labels, sizeof(double));
  m->zy = aus_alloc(ctx, (size_t)labels * (size_t)d, sizeof(double));
  m->yy = aus_alloc(ctx, (size_t)labels, sizeof(double));
  if (m->zbar && m->gram && m->ybar && m->zy && m->yy) return AUS_OK;
  lime_moments_free(ctx, m);
  return AUS_ENOMEM;
}

void lime_moments_free(aus_ctx *ctx, lime_moments *m)
{
  aus_free(ctx, m->zbar);
  aus_free(ctx, m->gram);
  aus_free(ctx, m->ybar);
  aus_free(ctx, m->zy);
  aus_free(ctx, m->yy);
  memset(m, 0, sizeof *m);
}

static void clear(lime_moments *m)
{
  const size_t d = (size_t)m->d, labels = (size_t)m->labels;
  m->weight = 0;
  memset(m->zbar, 0, d * sizeof(double));
  memset(m->gram, 0, d * d * sizeof(double));
  memset(m->ybar, 0, labels * sizeof(double));
  memset(m->zy, 0, labels * d * sizeof(double));
  memset(m->yy, 0, labels * sizeof(double));
}

/* Raw sums; gram's upper triangle only. */
static void add_row(lime_moments *m, const uint8_t *z, double pi, const float *y, const float *y0)
{
  const int32_t d = m->d;
  m->weight += pi;
  for (int32_t i = 0; i < d; i++) {
    if (!z[i]) continue;
    double *g = m->gram + (int64_t)i * d;
    m->zbar[i] += pi;
    for (int32_t j = i; j < d; j++) g[j] += pi * z[j];
  }
  for (int32_t k = 0; k < m->labels; k++) {
    const double v = (double)y[k] - y0[k];
    double *c = m->zy + (int64_t)k * d;
    m->ybar[k] += pi * v;
    m->yy[k] += pi * v * v;
    for (int32_t i = 0; i < d; i++) c[i] += pi * v * z[i];
  }
}

static void centre(lime_moments *m, const float *y0)
{
  const int32_t d = m->d;
  const double w = m->weight;
  for (int32_t i = 0; i < d; i++) m->zbar[i] /= w;
  for (int32_t i = 0; i < d; i++)
    for (int32_t j = i; j < d; j++) {
      const double g = m->gram[(int64_t)i * d + j] - w * m->zbar[i] * m->zbar[j];
      m->gram[(int64_t)i * d + j] = m->gram[(int64_t)j * d + i] = g;
    }
  for (int32_t k = 0; k < m->labels; k++) {
    const double mean = m->ybar[k] / w;
    for (int32_t i = 0; i < d; i++) m->zy[(int64_t)k * d + i] -= w * m->zbar[i] * mean;
    m->yy[k] -= w * mean * mean;
    if (m->yy[k] < 0) m->yy[k] = 0;
    m->ybar[k] = mean + y0[k];
  }
}

void lime_moments_of(int64_t rows, const uint8_t *z, const double *pi, const float *y, lime_moments *m)
{
  clear(m);
  m->rows = rows;
  for (int64_t r = 0; r < rows; r++) add_row(m, z + r * m->d, pi ? pi[r] : 1.0, y + r * m->labels, y);
  centre(m, y);
}
