/* fit.c - the linear surrogate: weighted ridge with a free intercept [Ribeiro16; audiolime.md 2.1].
 *
 *     w = (G + alpha I)^-1 c,   w0 = ybar - w . zbar,   R2 = 1 - (v - 2 w . c + w' G w) / v
 *
 * alpha 1 is LIME's own ridge; it shrinks everything on a small neighbourhood (a component worth 1 of
 * d = 4 is reported as 0.64), so alpha 0, plain weighted least squares, is the mode to trust. When G is singular, the limit
 * alpha -> 0 is the solution of least norm; a ridge of 1e-10 of G's mean diagonal stands for it. */
#include "lime/lime.h"

#include <math.h>
#include <string.h>

bool lime_cholesky(int32_t n, double *a)
{
  for (int32_t j = 0; j < n; j++) {
    double *aj = a + (int64_t)j * n;
    const double diagonal = aj[j];
    double s = diagonal;
    for (int32_t k = 0; k < j; k++) s -= aj[k] * aj[k];
    if (!(s > 1e-13 * fabs(diagonal)) || !(s > 0)) return false;
    aj[j] = sqrt(s);
    for (int32_t i = j + 1; i < n; i++) {
      double *ai = a + (int64_t)i * n;
      double t = ai[j];
      for (int32_t k = 0; k < j; k++) t -= ai[k] * aj[k];
      ai[j] = t / aj[j];
    }
  }
  return true;
}

void lime_cholesky_solve(int32_t n, const double *l, double *x)
{
  for (int32_t i = 0; i < n; i++) {
    for (int32_t k = 0; k < i; k++) x[i] -= l[(int64_t)i * n + k] * x[k];
    x[i] /= l[(int64_t)i * n + i];
  }
  for (int32_t i = n - 1; i >= 0; i--) {
    for (int32_t k = i + 1; k < n; k++) x[i] -= l[(int64_t)k * n + i] * x[k];
    x[i] /= l[(int64_t)i * n + i];
  }
}

void lime_factor(int32_t n, double *a, double *copy)
{
  const size_t bytes = (size_t)n * (size_t)n * sizeof *a;
  double mean = 0;
  for (int32_t i = 0; i < n; i++) mean += fabs(a[(int64_t)i * n + i]) / n;
  if (!(mean > 0)) mean = 1;
  memcpy(copy, a, bytes);
  double more = 1e-10 * mean;
  for (int attempt = 0; attempt < 20 && !lime_cholesky(n, a); attempt++, more *= 100) {
    memcpy(a, copy, bytes);
    for (int32_t i = 0; i < n; i++) a[(int64_t)i * n + i] += more;
  }
}

size_t lime_fit_scratch(int32_t d) { return 2 * (size_t)d * (size_t)d + 2 * (size_t)d; }

static int32_t at(lime_subset s, int32_t i) { return s.use ? s.use[i] : i; }

/* diag(A^-1 G A^-1) s^2 with A = L L'; column i of A^-1 by one solve. */
static void standard_errors(const lime_moments *m, lime_subset s, const double *l, double variance, double *col, double *se)
{
  for (int32_t i = 0; i < s.n; i++) {
    memset(col, 0, (size_t)s.n * sizeof *col);
    col[i] = 1;
    lime_cholesky_solve(s.n, l, col);
    double q = 0;
    for (int32_t a = 0; a < s.n; a++)
      for (int32_t b = 0; b < s.n; b++) q += col[a] * col[b] * m->gram[(int64_t)at(s, a) * m->d + at(s, b)];
    se[at(s, i)] = sqrt(fmax(q, 0) * variance);
  }
}

void lime_fit(const lime_moments *m, int32_t label, lime_subset s, double alpha, double *coef, double *se, double *scratch)
{
  const int32_t d = m->d;
  double *a = scratch, *copy = a + (int64_t)d * d, *x = copy + (int64_t)d * d, *col = x + d;
  const double *c = m->zy + (int64_t)label * d;
  for (int32_t i = 0; i < s.n; i++) {
    x[i] = c[at(s, i)];
    for (int32_t j = 0; j < s.n; j++)
      a[(int64_t)i * s.n + j] = m->gram[(int64_t)at(s, i) * d + at(s, j)] + (i == j ? alpha : 0);
  }
  lime_factor(s.n, a, copy);
  lime_cholesky_solve(s.n, a, x);
  memset(coef, 0, (size_t)d * sizeof *coef);
  for (int32_t i = 0; i < s.n; i++) coef[at(s, i)] = x[i];
  if (!se) return;
  memset(se, 0, (size_t)d * sizeof *se);
  const double free_rows = (double)(m->rows - s.n - 1);
  standard_errors(m, s, a, free_rows > 0 ? lime_rss(m, label, coef) / free_rows : 0, col, se);
}

double lime_intercept(const lime_moments *m, int32_t label, const double *coef)
{
  double w0 = m->ybar[label];
  for (int32_t i = 0; i < m->d; i++) w0 -= coef[i] * m->zbar[i];
  return w0;
}

double lime_rss(const lime_moments *m, int32_t label, const double *coef)
{
  const double *c = m->zy + (int64_t)label * m->d;
  double rss = m->yy[label];
  for (int32_t i = 0; i < m->d; i++) {
    if (coef[i] == 0) continue;
    double g = 0;
    for (int32_t j = 0; j < m->d; j++) g += m->gram[(int64_t)i * m->d + j] * coef[j];
    rss += coef[i] * (g - 2 * c[i]);
  }
  return fmax(rss, 0);
}

double lime_r2(const lime_moments *m, int32_t label, const double *coef)
{
  const double rss = lime_rss(m, label, coef), v = m->yy[label];
  if (v > 0) return 1 - rss / v;
  return rss > 0 ? 0 : 1; /* a constant score: as scikit-learn's r2_score has it */
}
