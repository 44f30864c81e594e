/* eigen.c - eigenvectors of a symmetric matrix by cyclic Jacobi rotations [Golub13, sec. 8.5].
 *
 * Each rotation zeroes one pair a[p][q]; a sweep over all pairs costs 6 n^3 and the sum of squares off the
 * diagonal falls quadratically once it is small: 6 to 10 sweeps. Used when a Gram matrix is singular. */
#include "la/la.h"

#include <math.h>

static double off_diagonal(int64_t n, const double *a)
{
  double s = 0;
  for (int64_t i = 0; i < n; i++)
    for (int64_t j = 0; j < i; j++) s += a[i * n + j] * a[i * n + j];
  return s;
}

/* rows p and q of x[.][n]: x_p <- c x_p - s x_q, x_q <- s x_p + c x_q */
static void rotate_rows(int64_t n, double *x, int64_t p, int64_t q, double c, double s)
{
  for (int64_t j = 0; j < n; j++) {
    const double xp = x[p * n + j], xq = x[q * n + j];
    x[p * n + j] = c * xp - s * xq;
    x[q * n + j] = s * xp + c * xq;
  }
}

static void rotate_columns(int64_t n, double *x, int64_t p, int64_t q, double c, double s)
{
  for (int64_t i = 0; i < n; i++) {
    const double xp = x[i * n + p], xq = x[i * n + q];
    x[i * n + p] = c * xp - s * xq;
    x[i * n + q] = s * xp + c * xq;
  }
}

static void annihilate(int64_t n, double *a, double *vector, int64_t p, int64_t q)
{
  const double apq = a[p * n + q];
  if (apq == 0) return;
  const double theta = (a[q * n + q] - a[p * n + p]) / (2 * apq);
  const double t = (theta >= 0 ? 1.0 : -1.0) / (fabs(theta) + sqrt(1 + theta * theta)); /* the smaller angle */
  const double c = 1 / sqrt(1 + t * t), s = t * c;
  rotate_rows(n, a, p, q, c, s);
  rotate_columns(n, a, p, q, c, s);
  a[p * n + q] = a[q * n + p] = 0;
  rotate_rows(n, vector, p, q, c, s);
}

void aus_eigen_symmetric(int64_t n, double *a, double *value, double *vector)
{
  double scale = 0;
  for (int64_t i = 0; i < n * n; i++) { vector[i] = 0; scale += a[i] * a[i]; }
  for (int64_t i = 0; i < n; i++) vector[i * n + i] = 1;
  for (int sweep = 0; sweep < 60 && off_diagonal(n, a) > 1e-32 * scale; sweep++)
    for (int64_t p = 0; p < n; p++)
      for (int64_t q = p + 1; q < n; q++) annihilate(n, a, vector, p, q);
  for (int64_t i = 0; i < n; i++) value[i] = a[i * n + i];
}
