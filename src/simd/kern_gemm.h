/* kern_gemm.h - the inner parts of a matrix product [Goto08; VanZee15].
 *
 * c[m][n] = alpha a[m][k] b[k][n] + ..., row-major, one block of C at a time. A comes in panels of h
 * rows stored [k][h] (pack_a) or as it lies; B in panels of nr columns stored [k][nr] (pack_b)
 * or as it lies. Whatever the tiling, an element of C is one chain of fused multiply-adds in
 * the order of k, so its bits do not depend on how C is cut. */
#ifndef AUS_KERN_GEMM_H
#define AUS_KERN_GEMM_H

#include <stdint.h>

struct aus_gemm_block {
  int64_t m, n, k;
  const float *a; int64_t a_step;  /* floats from one panel of h rows to the next */
  int64_t lda;                     /* rows of A as they lie: floats from row to row; 0: packed */
  int32_t h;                       /* rows in a panel, at most mr */
  const float *b; int64_t b_step;  /* floats from one panel of nr columns to the next */
  int64_t ldb;                     /* floats from row to row of a panel: nr when packed */
  float *c; int64_t ldc;
  float alpha, beta;               /* c = alpha ab + beta c; beta 0 never reads c */
  const float *bias;               /* [n], added once when beta is 0; NULL: none */
  const float *ahead; int64_t ahead_ld; /* k rows of 2 lines that will be packed next: fetched meanwhile; NULL: none */
};

struct aus_gemm_kernels {
  int32_t mr, nr;     /* largest register tile */
  int32_t kc, mc, nc; /* blocks: a panel of B kc x nr stays in L1, a block of A mc x kc in L2 */
  void (*block)(const struct aus_gemm_block *g); /* B as it lies only where n is a multiple of nr */
  /* op(a)[m][k] -> ceil(m / h) panels [k][h], short last panel padded with zeros */
  void (*pack_a)(int trans, int64_t m, int64_t k, int32_t h, const float *a, int64_t lda, float *dst);
  /* op(b)[k][n] -> ceil(n / nr) panels [k][nr], short last panel padded with zeros */
  void (*pack_b)(int trans, int64_t n, int64_t k, const float *b, int64_t ldb, float *dst);
  /* y[m] = a[m][n] x (+ y): four rows at a time, lanes along n, a fixed tree at the end */
  void (*gemv)(int64_t m, int64_t n, const float *a, int64_t lda, const float *x, int add, float *y);
  /* y[n] = alpha x[m] a[m][n] + beta y: whole rows in order */
  void (*gemv_t)(int64_t m, int64_t n, float alpha, const float *x, const float *a, int64_t lda, float beta, float *y);
  /* `steps` rounds of independent fused multiply-adds on registers, peak_flops operations each: what this machine
   * can do at all, for benchmarks. */
  float (*peak)(int64_t steps);
  int32_t peak_flops;
};

#endif
