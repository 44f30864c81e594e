/* cholesky.c - a = L L' and the two triangular solves, in double [Golub13, sec. 4.2].
 *
 * Row by row: L[i][j] = (a[i][j] - L[i][0..j) . L[j][0..j)) / L[j][j]. Both factors of every dot product are
 * contiguous rows. n^3/3 multiply-adds; n is the number of components, a few hundred at most. */
#include "la/la.h"
#include "la/vector.h"

#include <math.h>

bool aus_cholesky_try(int64_t n, double *a, int64_t *pivot)
{
  double largest = 0;
  for (int64_t i = 0; i < n; i++) largest = fmax(largest, a[i * n + i]);
  for (int64_t i = 0; i < n; i++) {
    double *row = a + i * n;
    for (int64_t j = 0; j < i; j++) row[j] = (row[j] - aus_dot(j, row, a + j * n)) / a[j * n + j];
    row[i] -= aus_dot(i, row, row);
    if (pivot) *pivot = i;
    if (!(row[i] > 1e-13 * largest)) return false; /* also NaN */
    row[i] = sqrt(row[i]);
  }
  return true;
}

aus_status aus_cholesky(aus_ctx *ctx, int64_t n, double *a)
{
  int64_t at = 0;
  if (aus_cholesky_try(n, a, &at)) return AUS_OK;
  return aus_fail(ctx, AUS_EINVAL, "the %lld x %lld matrix is not positive definite (pivot %lld is %g)", (long long)n,
                  (long long)n, (long long)at, a[at * n + at]);
}

static void scale(int64_t n, double alpha, double *x)
{
  for (int64_t i = 0; i < n; i++) x[i] *= alpha;
}

/* One right-hand side: along the rows of L both ways. */
static void solve_one(int64_t n, const double *l, double *x)
{
  for (int64_t i = 0; i < n; i++) x[i] = (x[i] - aus_dot(i, l + i * n, x)) / l[i * n + i];
  for (int64_t i = n - 1; i >= 0; i--) {
    x[i] /= l[i * n + i];
    aus_axpy(i, -x[i], l + i * n, x);
  }
}

void aus_cholesky_solve(int64_t n, int64_t m, const double *l, double *x)
{
  if (m == 1) { solve_one(n, l, x); return; }
  for (int64_t i = 0; i < n; i++) { /* L z = b */
    for (int64_t j = 0; j < i; j++) aus_axpy(m, -l[i * n + j], x + j * m, x + i * m);
    scale(m, 1.0 / l[i * n + i], x + i * m);
  }
  for (int64_t i = n - 1; i >= 0; i--) { /* L' x = z */
    for (int64_t j = i + 1; j < n; j++) aus_axpy(m, -l[j * n + i], x + j * m, x + i * m);
    scale(m, 1.0 / l[i * n + i], x + i * m);
  }
}
