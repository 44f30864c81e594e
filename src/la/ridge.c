/* ridge.c - LIME's surrogate: weighted ridge regression with a free intercept [Ribeiro16; Haunschmid20].
 *
 *   A = G + alpha I,  w = A^-1 c,  w0 = ybar - w . zbar,  rss = v - 2 w . c + w' G w,  R2 = 1 - rss / v
 *
 * all from the moments, so no second pass over the rows; in double the rounding error of rss is some 1e-15 of v.
 * alpha 1 is LIME's own ridge, alpha 0 weighted least squares. All labels share A and its factor. */
#include "la/ridge.h"

#include <math.h>
#include <string.h>

bool aus_subset_same(aus_subset a, aus_subset b)
{
  if (a.n != b.n || !a.use != !b.use) return false;
  return !a.use || memcmp(a.use, b.use, (size_t)a.n * sizeof *a.use) == 0;
}

size_t aus_ridge_scratch(int32_t d) { return 2 * (size_t)d * (size_t)d + 3 * (size_t)d; }

static double gram(const aus_moments *m, aus_subset s, int32_t i, int32_t j)
{
  return m->gram[(int64_t)aus_subset_at(s, i) * m->d + aus_subset_at(s, j)];
}

/* diag(A^-1 G A^-1); column i of A^-1 by one solve. */
static void spreads(const aus_moments *m, const aus_ridge *r)
{
  const aus_subset s = r->subset;
  for (int32_t i = 0; i < s.n; i++) {
    memset(r->column, 0, (size_t)s.n * sizeof *r->column);
    r->column[i] = 1;
    aus_pinv_apply(&r->inverse, r->column, r->more);
    double q = 0;
    for (int32_t a = 0; a < s.n; a++)
      for (int32_t b = 0; b < s.n; b++) q += r->column[a] * r->column[b] * gram(m, s, a, b);
    r->spread[i] = fmax(q, 0);
  }
}

void aus_ridge_factor(const aus_moments *m, aus_subset subset, double alpha, bool spread, double *scratch, aus_ridge *r)
{
  const int64_t d = m->d, n = subset.n;
  double *a = scratch, *copy = a + d * d;
  *r = (aus_ridge){ .subset = subset, .column = copy + d * d, .more = copy + d * d + d, .spread = spread ? copy + d * d + 2 * d : NULL };
  for (int32_t i = 0; i < n; i++)
    for (int32_t j = 0; j < n; j++) a[i * n + j] = gram(m, subset, i, j) + (i == j ? alpha : 0);
  aus_pinv_make(subset.n, a, copy, &r->inverse);
  if (spread) spreads(m, r);
}

void aus_ridge_solve(const aus_ridge *r, const aus_moments *m, int32_t label, double *coef, double *se)
{
  const aus_subset s = r->subset;
  const double *c = m->zy + (int64_t)label * m->d;
  for (int32_t i = 0; i < s.n; i++) r->column[i] = c[aus_subset_at(s, i)];
  aus_pinv_apply(&r->inverse, r->column, r->more);
  memset(coef, 0, (size_t)m->d * sizeof *coef);
  for (int32_t i = 0; i < s.n; i++) coef[aus_subset_at(s, i)] = r->column[i];
  if (!se) return;
  const double free_rows = (double)(m->rows - s.n - 1), variance = free_rows > 0 ? aus_ridge_rss(m, label, coef) / free_rows : 0;
  memset(se, 0, (size_t)m->d * sizeof *se);
  for (int32_t i = 0; i < s.n; i++) se[aus_subset_at(s, i)] = sqrt(r->spread[i] * variance);
}

double aus_ridge_intercept(const aus_moments *m, int32_t label, const double *coef)
{
  double w0 = m->ybar[label];
  for (int32_t i = 0; i < m->d; i++) w0 -= coef[i] * m->zbar[i];
  return w0;
}

double aus_ridge_rss(const aus_moments *m, int32_t label, const double *coef)
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

double aus_ridge_r2(const aus_moments *m, int32_t label, const double *coef)
{
  const double rss = aus_ridge_rss(m, label, coef), v = m->yy[label];
  if (v > 0) return 1 - rss / v;
  return rss > 0 ? 0 : 1;
}

/* ---- all labels of a table at once --------------------------------------------------------------- */

static void fit_all(const aus_moments *m, double alpha, double *scratch, double *coef, double *intercept, double *r2)
{
  aus_ridge r;
  aus_ridge_factor(m, (aus_subset){ .n = m->d }, alpha, false, scratch, &r);
  for (int32_t l = 0; l < m->labels; l++) {
    double *w = coef + (int64_t)l * m->d;
    aus_ridge_solve(&r, m, l, w, NULL);
    if (intercept) intercept[l] = aus_ridge_intercept(m, l, w);
    if (r2) r2[l] = aus_ridge_r2(m, l, w);
  }
}

aus_status aus_weighted_ridge(aus_ctx *ctx, int64_t rows, int32_t d, int32_t labels, const uint8_t *z, const double *pi,
                              const float *y, double alpha, double *coef, double *intercept, double *r2)
{
  if (rows < 1 || d < 1 || labels < 1 || !(alpha >= 0) || isinf(alpha))
    return aus_fail(ctx, AUS_EINVAL, "a ridge needs rows, components and labels, and alpha of at least 0 (%lld, %d, %d, %g)",
                    (long long)rows, (int)d, (int)labels, alpha);
  aus_moments m;
  AUS_TRY(aus_moments_alloc(ctx, d, labels, &m));
  double *scratch = aus_alloc(ctx, aus_ridge_scratch(d), sizeof *scratch);
  aus_status status = scratch ? aus_moments_by_count(ctx, rows, z, pi, y, &m) : AUS_ENOMEM;
  if (status == AUS_OK) fit_all(&m, alpha, scratch, coef, intercept, r2);
  aus_free(ctx, scratch);
  aus_moments_free(ctx, &m);
  return status;
}
