/* pinv.c - solving with a symmetric matrix that may be singular: the answer of least norm.
 *
 * A positive definite matrix has a Cholesky factor. Where it has none, the factor with the largest pivot first stops at the rank r:
 * A = L L' with L [n][r], and the pseudoinverse is A+ = L (L'L)^-1 (L'L)^-1 L' [Courrieu05]. What is below 1e-12 of
 * the largest pivot counts as zero. n^2 r operations. */
#include "la/la.h"

#include <math.h>
#include <string.h>

static const double NOTHING = 1e-12; /* of the largest pivot */

static int32_t largest_pivot(int32_t n, const double *s)
{
  int32_t best = 0;
  for (int32_t i = 1; i < n; i++)
    if (s[(int64_t)i * n + i] > s[(int64_t)best * n + best]) best = i;
  return best;
}

/* l[n][n]: its first columns become L, s what is left of the matrix. Returns the rank. */
static int32_t pivoted(int32_t n, double *s, double *l)
{
  double first = 0;
  memset(l, 0, (size_t)n * (size_t)n * sizeof *l);
  for (int32_t k = 0; k < n; k++) {
    const int32_t p = largest_pivot(n, s);
    const double pivot = s[(int64_t)p * n + p];
    if (k == 0) first = pivot;
    if (!(pivot > NOTHING * first) || !(pivot > 0)) return k;
    for (int32_t i = 0; i < n; i++) l[(int64_t)i * n + k] = s[(int64_t)i * n + p] / sqrt(pivot);
    for (int32_t i = 0; i < n; i++)
      for (int32_t j = 0; j < n; j++) s[(int64_t)i * n + j] -= l[(int64_t)i * n + k] * l[(int64_t)j * n + k];
  }
  return n;
}

/* square[rank][rank] = the factor of L'L. */
static void factor_square(aus_pinv *p)
{
  const int64_t n = p->n, r = p->rank;
  memset(p->square, 0, (size_t)(r * r) * sizeof *p->square);
  for (int64_t i = 0; i < n; i++)
    for (int64_t a = 0; a < r; a++)
      for (int64_t b = 0; b <= a; b++) p->square[a * r + b] += p->factor[i * n + a] * p->factor[i * n + b];
  aus_cholesky_try(r, p->square, NULL); /* L has full column rank */
}

void aus_pinv_make(int32_t n, double *a, double *copy, aus_pinv *p)
{
  *p = (aus_pinv){ .n = n, .rank = n, .factor = a, .square = copy };
  memcpy(copy, a, (size_t)n * (size_t)n * sizeof *a);
  if (aus_cholesky_try(n, a, NULL)) return;
  p->square = NULL;
  p->rank = pivoted(n, copy, a);
  p->square = copy;
  factor_square(p);
  p->singular = true;
}

void aus_pinv_apply(const aus_pinv *p, double *x, double *scratch)
{
  const int64_t n = p->n, r = p->rank;
  if (!p->singular) { aus_cholesky_solve(n, 1, p->factor, x); return; }
  memset(scratch, 0, (size_t)n * sizeof *scratch);
  for (int64_t i = 0; i < n; i++)
    for (int64_t k = 0; k < r; k++) scratch[k] += p->factor[i * n + k] * x[i];
  aus_cholesky_solve(r, 1, p->square, scratch);
  aus_cholesky_solve(r, 1, p->square, scratch);
  for (int64_t i = 0; i < n; i++) {
    x[i] = 0;
    for (int64_t k = 0; k < r; k++) x[i] += p->factor[i * n + k] * scratch[k];
  }
}
