/* ridge.c - LIME's surrogate: weighted ridge regression on rows of zeros and ones [Ribeiro16; Haunschmid20].
 *
 *   W = sum pi,  zbar = sum pi z / W,  ybar = sum pi y / W
 *   A = sum pi (z - zbar)(z - zbar)' + alpha I,   b = sum pi z (y - ybar)
 *   w = A^-1 b,   w0 = ybar - w . zbar            (the intercept is not penalised)
 *   R2 = 1 - SSres / SStot,  SSres = SStot - 2 w.b + w' (A - alpha I) w
 *
 * The last form needs no second pass over the rows; in double its rounding error is some 1e-15 of SStot.
 * All labels share A, so they share its factorisation. When alpha is 0 and A singular (a component that is
 * always on, two that always go together) the answer of least norm is given, from A's eigenvectors. */
#include "la/la.h"
#include "la/ridge_sums.h"

#include <math.h>
#include <string.h>

struct ridge {
  int64_t rows;
  int32_t d, labels;
  const uint8_t *z;    /* [rows][d] */
  const double *pi;    /* [rows] */
  const float *y;      /* [rows][labels] */
  double total;        /* W */
  double *gram;        /* [d][d] sum pi z z', then A - alpha I */
  double *zbar, *ybar; /* [d], [labels] */
  double *b;           /* [d][labels], then w */
  double *ss;          /* [labels] SStot */
  double *centred;     /* [labels] one row of pi (y - ybar) */
  double *factor;      /* [d][d] */
  double *rhs;         /* [d][labels], b kept */
};

static aus_status take_memory(aus_ctx *ctx, struct ridge *r, double **block)
{
  const size_t d = (size_t)r->d, l = (size_t)r->labels;
  *block = aus_alloc_zero(ctx, 2 * d * d + d + 3 * l + 2 * d * l, sizeof(double));
  if (!*block) return AUS_ENOMEM;
  double *p = *block;
  r->gram = p; p += d * d;
  r->factor = p; p += d * d;
  r->zbar = p; p += d;
  r->ybar = p; p += l;
  r->ss = p; p += l;
  r->centred = p; p += l;
  r->b = p; p += d * l;
  r->rhs = p;
  return AUS_OK;
}

static aus_status means(aus_ctx *ctx, struct ridge *r)
{
  for (int64_t i = 0; i < r->rows; i++) {
    const double pi = r->pi[i];
    if (!(pi >= 0) || isinf(pi)) return aus_fail(ctx, AUS_EINVAL, "weight %lld of the ridge is %g; weights are finite and not negative", (long long)i, pi);
    r->total += pi;
    for (int32_t l = 0; l < r->labels; l++) r->ybar[l] += pi * (double)r->y[i * r->labels + l];
  }
  if (!(r->total > 0)) return aus_fail(ctx, AUS_EINVAL, "all weights of the ridge are zero");
  for (int32_t l = 0; l < r->labels; l++) {
    r->ybar[l] /= r->total;
    if (!isfinite(r->ybar[l])) return aus_fail(ctx, AUS_EINVAL, "a score of target %d is not a finite number", (int)l);
  }
  return AUS_OK;
}

/* gram, b and ss, row by row: weights of any kind */
static void sums(struct ridge *r)
{
  const int32_t d = r->d, labels = r->labels;
  for (int64_t i = 0; i < r->rows; i++) {
    const uint8_t *z = r->z + i * d;
    const double pi = r->pi[i];
    for (int32_t l = 0; l < labels; l++) {
      const double e = (double)r->y[i * labels + l] - r->ybar[l];
      r->centred[l] = pi * e;
      r->ss[l] += pi * e * e;
    }
    for (int32_t j = 0; j < d; j++) {
      if (!z[j]) continue;
      for (int32_t k = 0; k <= j; k++) r->gram[j * d + k] += z[k] ? pi : 0.0;
      for (int32_t l = 0; l < labels; l++) r->b[j * labels + l] += r->centred[l];
    }
  }
}

/* gram becomes the centred one, both triangles */
static void centre_gram(struct ridge *r)
{
  const int32_t d = r->d;
  for (int32_t j = 0; j < d; j++) r->zbar[j] = r->gram[j * d + j] / r->total;
  for (int32_t j = 0; j < d; j++)
    for (int32_t k = 0; k <= j; k++)
      r->gram[j * d + k] = r->gram[k * d + j] = r->gram[j * d + k] - r->total * r->zbar[j] * r->zbar[k];
}

/* x[d][m] <- A+ x by eigenvectors; A is what r->factor holds. */
static aus_status solve_singular(aus_ctx *ctx, struct ridge *r, int64_t m, double *x, double *cov)
{
  const int64_t d = r->d;
  double *block = aus_alloc(ctx, (size_t)(d * d + d + d * m), sizeof(double));
  if (!block) return AUS_ENOMEM;
  double *vector = block, *value = vector + d * d, *along = value + d, largest = 0;
  aus_eigen_symmetric(d, r->factor, value, vector);
  for (int64_t e = 0; e < d; e++) largest = fmax(largest, fabs(value[e]));
  memset(along, 0, (size_t)(d * m) * sizeof *along);
  if (cov) memset(cov, 0, (size_t)(d * d) * sizeof *cov);
  for (int64_t e = 0; e < d; e++) {
    if (value[e] <= 1e-12 * largest) continue;
    const double *v = vector + e * d, inverse = 1 / value[e];
    for (int64_t j = 0; j < d; j++)
      for (int64_t l = 0; l < m; l++) along[e * m + l] += v[j] * x[j * m + l] * inverse;
    if (cov)
      for (int64_t j = 0; j < d; j++)
        for (int64_t k = 0; k < d; k++) cov[j * d + k] += v[j] * v[k] * inverse;
  }
  memset(x, 0, (size_t)(d * m) * sizeof *x);
  for (int64_t e = 0; e < d; e++)
    for (int64_t j = 0; j < d; j++)
      for (int64_t l = 0; l < m; l++) x[j * m + l] += vector[e * d + j] * along[e * m + l];
  aus_free(ctx, block);
  return AUS_OK;
}

static void load_factor(struct ridge *r, double alpha)
{
  const int32_t d = r->d;
  memcpy(r->factor, r->gram, (size_t)d * (size_t)d * sizeof *r->gram);
  for (int32_t j = 0; j < d; j++) r->factor[j * d + j] += alpha;
}

/* b <- w; cov <- A^-1 when wanted */
static aus_status solve(aus_ctx *ctx, struct ridge *r, double alpha, double *cov)
{
  const int64_t d = r->d;
  char before[sizeof ctx->error];
  memcpy(before, ctx->error, sizeof before);
  load_factor(r, alpha);
  if (aus_cholesky(ctx, d, r->factor) != AUS_OK) {
    memcpy(ctx->error, before, sizeof before); /* not an error here */
    load_factor(r, alpha);
    return solve_singular(ctx, r, r->labels, r->b, cov);
  }
  aus_cholesky_solve(d, r->labels, r->factor, r->b);
  if (cov) {
    memset(cov, 0, (size_t)(d * d) * sizeof *cov);
    for (int64_t j = 0; j < d; j++) cov[j * d + j] = 1;
    aus_cholesky_solve(d, d, r->factor, cov);
  }
  return AUS_OK;
}

/* R2 of one label by the identity above; a constant y is fitted (1) or not (0), as scikit-learn says. */
static double r2_of(const struct ridge *r, int32_t l)
{
  const int32_t d = r->d, labels = r->labels;
  double wb = 0, waw = 0;
  for (int32_t j = 0; j < d; j++) {
    const double w = r->b[j * labels + l];
    double aw = 0;
    for (int32_t k = 0; k < d; k++) aw += r->gram[j * d + k] * r->b[k * labels + l];
    wb += w * r->rhs[j * labels + l];
    waw += w * aw;
  }
  const double res = fmax(0.0, r->ss[l] - 2 * wb + waw);
  if (!(r->ss[l] > 0)) return res > 0 ? 0.0 : 1.0;
  return 1 - res / r->ss[l];
}

static void store(const struct ridge *r, double *coef, double *intercept, double *r2)
{
  for (int32_t l = 0; l < r->labels; l++) {
    double w0 = r->ybar[l];
    for (int32_t j = 0; j < r->d; j++) {
      const double w = r->b[j * r->labels + l];
      coef[l * (int64_t)r->d + j] = w;
      w0 -= w * r->zbar[j];
    }
    if (intercept) intercept[l] = w0;
    if (r2) r2[l] = r2_of(r, l);
  }
}

aus_status aus_weighted_ridge(aus_ctx *ctx, int64_t rows, int32_t d, int32_t labels, const uint8_t *z,
                              const double *pi, const float *y, double alpha, double *coef, double *intercept,
                              double *r2, double *cov)
{
  if (rows < 1 || d < 1 || labels < 1 || !(alpha >= 0) || isinf(alpha))
    return aus_fail(ctx, AUS_EINVAL, "a ridge needs rows, components and labels, and alpha of at least 0 (%lld, %d, %d, %g)",
                    (long long)rows, (int)d, (int)labels, alpha);
  struct ridge r = { .rows = rows, .d = d, .labels = labels, .z = z, .pi = pi, .y = y };
  double *block = NULL;
  AUS_TRY(take_memory(ctx, &r, &block));
  aus_status status = means(ctx, &r);
  if (status == AUS_OK) {
    const struct aus_ridge_rows in = { rows, d, labels, z, pi, y, r.ybar };
    bool done = false;
    status = aus_ridge_sums_by_count(ctx, &in, r.gram, r.b, r.ss, &done);
    if (status == AUS_OK && !done) sums(&r); /* weights of any kind */
  }
  if (status == AUS_OK) {
    centre_gram(&r);
    memcpy(r.rhs, r.b, (size_t)d * (size_t)labels * sizeof *r.b);
    status = solve(ctx, &r, alpha, cov);
  }
  if (status == AUS_OK) store(&r, coef, intercept, r2);
  aus_free(ctx, block);
  return status;
}
