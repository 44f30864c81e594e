/* la.h - dense linear algebra: single precision for networks, double for surrogates.
 *
 * Row-major. Sums over k are split in fixed chunks, so results do not depend on threads. */
#ifndef AUS_LA_H
#define AUS_LA_H

#include "core/core.h"

/* c[m][n] = alpha op(a) op(b) + beta c; op(a) is [m][k], op(b) is [k][n]; ld* are row strides of
 * the stored matrices. beta 0 never reads c. May use up to aus_sgemm_scratch bytes of
 * context memory; AUS_ENOMEM. */
aus_status aus_sgemm(aus_ctx *ctx, bool trans_a, bool trans_b, int64_t m, int64_t n, int64_t k, float alpha,
                     const float *a, int64_t lda, const float *b, int64_t ldb, float beta, float *c, int64_t ldc);

/* The same with memory from the caller, for code that must not allocate. */
size_t aus_sgemm_scratch(const aus_ctx *ctx, int64_t m, int64_t n, int64_t k);
void aus_sgemm_in(aus_ctx *ctx, bool trans_a, bool trans_b, int64_t m, int64_t n, int64_t k, float alpha,
                  const float *a, int64_t lda, const float *b, int64_t ldb, float beta, float *c, int64_t ldc, void *scratch);

/* Weights packed once. b_packed holds op(b)[k][n] in panels; then c = a b + (bias per column) for any m. */
size_t aus_sgemm_packed_b_size(const aus_ctx *ctx, int64_t n, int64_t k);
void aus_sgemm_pack_b(const aus_ctx *ctx, bool trans_b, int64_t n, int64_t k, const float *b, int64_t ldb, void *packed);
void aus_sgemm_run_packed_b(aus_ctx *ctx, int64_t m, int64_t n, int64_t k, const float *a, int64_t lda,
                            const void *b_packed, const float *bias, float *c, int64_t ldc, void *scratch);

/* y[m] = a[m][n] x[n] (+ y when add). */
void aus_sgemv(aus_ctx *ctx, int64_t m, int64_t n, const float *a, int64_t lda, const float *x, bool add, float *y);

/* Cholesky a = L L' in place (lower triangle, n x n, row-major); AUS_EINVAL when not positive definite. */
aus_status aus_cholesky(aus_ctx *ctx, int64_t n, double *a);
/* The same without an error text: false, and *pivot (NULL: not wanted) says which one was not positive. */
bool aus_cholesky_try(int64_t n, double *a, int64_t *pivot);
/* x[n][m] overwritten with the solution of L L' x = b. */
void aus_cholesky_solve(int64_t n, int64_t m, const double *l, double *x);

/* Solving with a symmetric positive semidefinite a[n][n], singular or not: then the answer is the one of least norm. a and
 * copy[n][n] belong to *p until the last aus_pinv_apply, which overwrites x[n] with a+ x; scratch[n]. */
typedef struct aus_pinv { int32_t n, rank; bool singular; double *factor, *square; } aus_pinv;
void aus_pinv_make(int32_t n, double *a, double *copy, aus_pinv *p);
void aus_pinv_apply(const aus_pinv *p, double *x, double *scratch);

/* Eigenvalues of symmetric a[n][n] into value[n], largest first, and eigenvectors into the rows of vector[n][n]; a is destroyed.
 * Errors: AUS_EINVAL (entries that are not finite), AUS_ENOMEM. */
aus_status aus_eigen_symmetric(aus_ctx *ctx, int64_t n, double *a, double *value, double *vector);

/* Weighted ridge with an unpenalised intercept, binary design [Ribeiro16; audiolime.md 2.1]:
 * z[rows][d] of 0/1, weights pi[rows], y[rows][labels] -> coef[labels][d], intercept[labels], r2[labels] (either may be
 * NULL). alpha 0 is weighted least squares (least norm when singular). The pieces are in moments.h and ridge.h.
 * Errors: AUS_EINVAL (no rows, bad weights, a score that is not finite), AUS_ENOMEM. */
aus_status aus_weighted_ridge(aus_ctx *ctx, int64_t rows, int32_t d, int32_t labels, const uint8_t *z,
                              const double *pi, const float *y, double alpha, double *coef, double *intercept, double *r2);

/* The lasso path by least-angle regression from second moments: gram[d][d] = x'x, c[d] = x'y of centred columns. visit gets
 * each breakpoint, from all zeros on: w[d] and the largest |correlation| left; it returns false to stop. */
typedef bool (*aus_lasso_fn)(void *user, const double *w, double correlation);
aus_status aus_lasso_walk(aus_ctx *ctx, int32_t d, const double *gram, const double *c, aus_lasso_fn visit, void *user);

/* LARS-lasso path on a centred dense design x[rows][d], y[rows]: fills coefs[steps][d] and
 * alphas[steps], at most max_steps; *steps says how many. */
aus_status aus_lasso_path(aus_ctx *ctx, int64_t rows, int32_t d, const double *x, const double *y, int32_t max_steps,
                          double *coefs, double *alphas, int32_t *steps);

#endif
