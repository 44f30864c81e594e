/* moments.c - reading a table of rows once (moments.h).
 *
 * Scores are taken relative to the first row's while their mean is found: a constant score then has a mean difference
 * of exactly 0 and no variance. Rows are centred by that mean before they are multiplied, so nothing large is
 * subtracted from something large but in G, whose terms are zeros and ones. */
#include "la/moments.h"

#include <math.h>
#include <string.h>

#include "la/la.h"
#include "simd/kernels.h"

enum { ROWS = 256 }; /* of one block */

/* Of the block path: z and pi z [ROWS][d], pi (y - ybar) [ROWS][labels], products [d][d + labels], sgemm's scratch. */
static size_t block_floats(const aus_ctx *ctx, int32_t d, int32_t labels)
{
  if (d <= AUS_MOMENTS_EXACT) return 0;
  const size_t n = (size_t)d, l = (size_t)labels, square = aus_sgemm_scratch(ctx, d, d, ROWS), side = aus_sgemm_scratch(ctx, labels, d, ROWS);
  return ROWS * (2 * n + l) + n * (n + l) + (square > side ? square : side) / sizeof(float) + 64;
}

aus_status aus_moments_alloc(aus_ctx *ctx, int32_t d, int32_t labels, aus_moments *m)
{
  *m = (aus_moments){ .d = d, .labels = labels };
  const size_t floats = block_floats(ctx, d, labels);
  m->zbar = aus_alloc(ctx, (size_t)d, sizeof(double));
  m->gram = aus_alloc(ctx, (size_t)d * (size_t)d, sizeof(double));
  m->ybar = aus_alloc(ctx, (size_t)labels, sizeof(double));
  m->zy = aus_alloc(ctx, (size_t)labels * (size_t)d, sizeof(double));
  m->yy = aus_alloc(ctx, (size_t)labels, sizeof(double));
  m->block = floats ? aus_alloc(ctx, floats, sizeof(float)) : NULL;
  if (m->zbar && m->gram && m->ybar && m->zy && m->yy && (m->block || !floats)) return AUS_OK;
  aus_moments_free(ctx, m);
  return AUS_ENOMEM;
}

void aus_moments_free(aus_ctx *ctx, aus_moments *m)
{
  aus_free(ctx, m->zbar);
  aus_free(ctx, m->gram);
  aus_free(ctx, m->ybar);
  aus_free(ctx, m->zy);
  aus_free(ctx, m->yy);
  aus_free(ctx, m->block);
  memset(m, 0, sizeof *m);
}

static void means(aus_ctx *ctx, int64_t rows, const double *pi, const float *y, aus_moments *m)
{
  m->rows = rows;
  m->weight = pi ? 0 : (double)rows;
  for (int64_t r = 0; pi && r < rows; r++) m->weight += pi[r];
  memset(m->ybar, 0, (size_t)m->labels * sizeof *m->ybar);
  ctx->kernels->design.add_rows(rows, m->labels, pi, y, y, m->ybar);
  for (int32_t l = 0; l < m->labels; l++) m->ybar[l] = (double)y[l] + m->ybar[l] / m->weight;
}

static void clear(aus_moments *m)
{
  const size_t d = (size_t)m->d, labels = (size_t)m->labels;
  memset(m->gram, 0, d * d * sizeof(double));
  memset(m->zy, 0, labels * d * sizeof(double));
  memset(m->yy, 0, labels * sizeof(double));
}

static void add_row(aus_moments *m, const uint8_t *z, double pi, const float *y)
{
  const int32_t d = m->d;
  for (int32_t i = 0; i < d; i++) {
    if (!z[i]) continue;
    double *g = m->gram + (int64_t)i * d;
    for (int32_t j = 0; j <= i; j++) g[j] += pi * z[j];
  }
  for (int32_t l = 0; l < m->labels; l++) {
    const double e = (double)y[l] - m->ybar[l];
    double *c = m->zy + (int64_t)l * d;
    m->yy[l] += pi * e * e;
    for (int32_t i = 0; i < d; i++) c[i] += pi * e * z[i];
  }
}

/* ---- large d: blocks of rows as matrix products ------------------------------------------------- */

typedef struct block { float *z, *pz, *pe, *product, *scratch; } block;

static block block_of(const aus_moments *m)
{
  const size_t d = (size_t)m->d, l = (size_t)m->labels;
  block b = { .z = m->block, .pz = m->block + ROWS * d };
  b.pe = b.pz + ROWS * d;
  b.product = b.pe + ROWS * l;
  b.scratch = (float *)(((uintptr_t)(b.product + d * (d + l)) + 63) & ~(uintptr_t)63);
  return b;
}

static void fill_block(aus_moments *m, const block *b, int64_t n, const uint8_t *z, const double *pi, const float *y)
{
  const int64_t d = m->d, labels = m->labels;
  for (int64_t r = 0; r < n; r++) {
    const double p = pi ? pi[r] : 1.0;
    for (int64_t i = 0; i < d; i++) b->z[r * d + i] = z[r * d + i];
    for (int64_t i = 0; i < d; i++) b->pz[r * d + i] = (float)p * b->z[r * d + i];
    for (int64_t l = 0; l < labels; l++) {
      const double e = (double)y[r * labels + l] - m->ybar[l];
      m->yy[l] += p * e * e;
      b->pe[r * labels + l] = (float)(p * e);
    }
  }
}

static void add_block(aus_ctx *ctx, aus_moments *m, int64_t n, const uint8_t *z, const double *pi, const float *y)
{
  const block b = block_of(m);
  const int64_t d = m->d, labels = m->labels;
  fill_block(m, &b, n, z, pi, y);
  aus_sgemm_in(ctx, true, false, d, d, n, 1, b.pz, d, b.z, d, 0, b.product, d, b.scratch);
  for (int64_t i = 0; i < d; i++)
    for (int64_t j = 0; j <= i; j++) m->gram[i * d + j] += (double)b.product[i * d + j];
  aus_sgemm_in(ctx, true, false, labels, d, n, 1, b.pe, labels, b.z, d, 0, b.product, d, b.scratch);
  for (int64_t i = 0; i < labels * d; i++) m->zy[i] += (double)b.product[i];
}

/* ---- all of it ------------------------------------------------------------------------------------- */

void aus_moments_centre(aus_moments *m)
{
  const int32_t d = m->d;
  for (int32_t i = 0; i < d; i++) m->zbar[i] = m->gram[(int64_t)i * d + i] / m->weight;
  for (int32_t i = 0; i < d; i++)
    for (int32_t j = 0; j <= i; j++)
      m->gram[(int64_t)i * d + j] = m->gram[(int64_t)j * d + i] = m->gram[(int64_t)i * d + j] - m->weight * m->zbar[i] * m->zbar[j];
}

void aus_moments_of(aus_ctx *ctx, int64_t rows, const uint8_t *z, const double *pi, const float *y, aus_moments *m)
{
  const int64_t d = m->d, labels = m->labels;
  means(ctx, rows, pi, y, m);
  clear(m);
  if (d <= AUS_MOMENTS_EXACT)
    for (int64_t r = 0; r < rows; r++) add_row(m, z + r * d, pi ? pi[r] : 1.0, y + r * labels);
  else
    for (int64_t r = 0; r < rows; r += ROWS)
      add_block(ctx, m, rows - r < ROWS ? rows - r : ROWS, z + r * d, pi ? pi + r : NULL, y + r * labels);
  aus_moments_centre(m);
}

static aus_status check(aus_ctx *ctx, const double *pi, const aus_moments *m)
{
  for (int64_t r = 0; pi && r < m->rows; r++)
    if (!(pi[r] >= 0) || isinf(pi[r])) return aus_fail(ctx, AUS_EINVAL, "weight %lld of the rows is %g; weights are finite and not negative", (long long)r, pi[r]);
  if (!(m->weight > 0)) return aus_fail(ctx, AUS_EINVAL, "all weights of the rows are zero");
  for (int32_t l = 0; l < m->labels; l++)
    if (!isfinite(m->ybar[l])) return aus_fail(ctx, AUS_EINVAL, "a score of target %d is not a finite number", (int)l);
  return AUS_OK;
}

aus_status aus_moments_by_count(aus_ctx *ctx, int64_t rows, const uint8_t *z, const double *pi, const float *y, aus_moments *m)
{
  bool done = false;
  means(ctx, rows, pi, y, m);
  AUS_TRY(check(ctx, pi, m));
  clear(m);
  AUS_TRY(aus_moments_count_sums(ctx, rows, z, pi, y, m, &done));
  if (done) aus_moments_centre(m);
  else aus_moments_of(ctx, rows, z, pi, y, m);
  return AUS_OK;
}
