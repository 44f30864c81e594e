/* eigen.c - all eigenvalues and eigenvectors of a symmetric matrix, in double [Golub13, sec. 8.3].
 *
 *   1. reflections I - 2 v v' make it tridiagonal, column by column:  A <- A - v w' - w v'
 *   2. implicit QL steps with Wilkinson's shift make it diagonal; each step is a row of plane rotations, which
 *      also turn the rows of Q
 * Eigenvectors are kept as rows, so that everything runs along memory. About 6 n^3 operations. */
#include "la/la.h"
#include "la/vector.h"

#include <math.h>
#include <string.h>

enum { MOST_STEPS = 60 /* per eigenvalue; two or three are usual */ };

/* v[m] = the unit vector of the reflection that takes x[m] to a multiple of e_0; returns that multiple. v is 0 when x is one already. */
static double reflection(int64_t m, const double *x, double *v)
{
  memcpy(v, x, (size_t)m * sizeof *v);
  const double rest = aus_dot(m - 1, x + 1, x + 1);
  if (!(rest > 0)) { memset(v, 0, (size_t)m * sizeof *v); return x[0]; }
  const double size = sqrt(x[0] * x[0] + rest), to = x[0] > 0 ? -size : size;
  v[0] -= to;
  const double scale = 1 / sqrt(v[0] * v[0] + rest);
  for (int64_t i = 0; i < m; i++) v[i] *= scale;
  return to;
}

/* a becomes tridiagonal: diagonal[n], off[n - 1]. Row k of a keeps the vector of reflection k behind column k. */
static void tridiagonal(int64_t n, double *a, double *diagonal, double *off, double *w)
{
  for (int64_t k = 0; k + 1 < n; k++) {
    const int64_t m = n - k - 1;
    double *v = a + k * n + k + 1, *rest = a + (k + 1) * n + k + 1; /* row k = column k; the block that is left, rows of n */
    diagonal[k] = a[k * n + k];
    off[k] = reflection(m, v, w);
    memcpy(v, w, (size_t)m * sizeof *v);
    for (int64_t i = 0; i < m; i++) w[i] = 2 * aus_dot(m, rest + i * n, v);
    aus_axpy(m, -aus_dot(m, w, v), v, w);
    for (int64_t i = 0; i < m; i++) {
      aus_axpy(m, -v[i], w, rest + i * n);
      aus_axpy(m, -w[i], v, rest + i * n);
    }
  }
  diagonal[n - 1] = a[n * n - 1];
}

/* q = H_{n-2} ... H_0, with A = q' T q: a row of eigenvectors z' of T becomes z' q, one of A. */
static void accumulate(int64_t n, const double *a, double *q)
{
  memset(q, 0, (size_t)(n * n) * sizeof *q);
  for (int64_t i = 0; i < n; i++) q[i * n + i] = 1;
  for (int64_t k = n - 2; k >= 0; k--) {
    const int64_t m = n - k - 1;
    const double *v = a + k * n + k + 1;
    for (int64_t i = k + 1; i < n; i++) {
      double *row = q + i * n + k + 1;
      aus_axpy(m, -2 * aus_dot(m, row, v), v, row);
    }
  }
}

static void rotate(int64_t n, double c, double s, double *x, double *y)
{
  for (int64_t i = 0; i < n; i++) {
    const double t = y[i];
    y[i] = s * x[i] + c * t;
    x[i] = c * x[i] - s * t;
  }
}

/* One QL step on the block from l to m, which off[m] ends. */
static void ql_step(int64_t n, int64_t l, int64_t m, double *d, double *e, double *q)
{
  const double g0 = (d[l + 1] - d[l]) / (2 * e[l]), r0 = hypot(g0, 1);
  double g = d[m] - d[l] + e[l] / (g0 + copysign(r0, g0)), s = 1, c = 1, p = 0;
  for (int64_t i = m - 1; i >= l; i--) {
    const double f = s * e[i], b = c * e[i], r = hypot(f, g);
    if (i + 1 < n) e[i + 1] = r;
    if (r == 0) { d[i + 1] -= p; e[m] = 0; return; }
    s = f / r;
    c = g / r;
    g = d[i + 1] - p;
    const double t = (d[i] - g) * s + 2 * c * b;
    p = s * t;
    d[i + 1] = g + p;
    g = c * t - b;
    rotate(n, c, s, q + i * n, q + (i + 1) * n);
  }
  d[l] -= p;
  e[l] = g;
  e[m] = 0;
}

static int64_t block_end(int64_t n, int64_t l, const double *d, const double *e)
{
  int64_t m = l;
  while (m + 1 < n && fabs(e[m]) > 0x1p-53 * (fabs(d[m]) + fabs(d[m + 1]))) m++;
  return m;
}

static bool diagonalise(int64_t n, double *d, double *e, double *q)
{
  for (int64_t l = 0; l < n; l++)
    for (int step = 0;; step++) {
      const int64_t m = block_end(n, l, d, e);
      if (m == l) break;
      if (step == MOST_STEPS) return false;
      ql_step(n, l, m, d, e, q);
    }
  return true;
}

/* Largest first. */
static void sort(int64_t n, double *value, double *vector)
{
  for (int64_t i = 0; i + 1 < n; i++) {
    int64_t best = i;
    for (int64_t j = i + 1; j < n; j++)
      if (value[j] > value[best]) best = j;
    if (best == i) continue;
    const double v = value[i];
    value[i] = value[best];
    value[best] = v;
    for (int64_t k = 0; k < n; k++) {
      const double t = vector[i * n + k];
      vector[i * n + k] = vector[best * n + k];
      vector[best * n + k] = t;
    }
  }
}

aus_status aus_eigen_symmetric(aus_ctx *ctx, int64_t n, double *a, double *value, double *vector)
{
  double *block = aus_alloc_zero(ctx, 2 * (size_t)n + 1, sizeof *block);
  if (!block) return AUS_ENOMEM;
  tridiagonal(n, a, value, block, block + n);
  accumulate(n, a, vector);
  bool done = diagonalise(n, value, block, vector);
  for (int64_t i = 0; i < n; i++) done &= (bool)(isfinite(value[i]) && (i + 1 == n || isfinite(block[i])));
  aus_free(ctx, block);
  if (!done) return aus_fail(ctx, AUS_EINVAL, "the eigenvalues of a %lld x %lld matrix do not settle: is every entry finite?", (long long)n, (long long)n);
  sort(n, value, vector);
  return AUS_OK;
}
