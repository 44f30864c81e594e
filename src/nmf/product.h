/* product.h - matrix products of one panel of an NMF step, on the register tiles of src/simd. */
#ifndef AUS_NMF_PRODUCT_H
#define AUS_NMF_PRODUCT_H

#include "core/core.h"
#include "simd/kernels.h"

/* A left factor [m][k] that many products share: panels of h rows stored [k][h], one block of k after the other. */
typedef struct aus_packed {
  int64_t m, k, k_block;
  int32_t h;
  float *a;
} aus_packed;

/* Sizes of p for [m][k]; returns the floats that p->a must have. */
size_t aus_packed_plan(const struct aus_gemm_kernels *g, int64_t m, int64_t k, aus_packed *p);
int64_t aus_packed_panels(const aus_packed *p);

/* Packs panels [begin, end) of op(a); trans: a is stored [k][m]. */
void aus_packed_fill(const struct aus_gemm_kernels *g, bool trans, const float *a, int64_t lda, int64_t begin, int64_t end, const aus_packed *p);

/* Rows of panels [begin, end) of p b into c, n columns, a multiple of g->nr; c is its row 0. While each nr columns of them are
 * made, the same columns of ahead are fetched, p->k rows ahead_ld apart; NULL: nothing is. */
void aus_packed_times(const struct aus_gemm_kernels *g, const aus_packed *p, int64_t begin, int64_t end, int64_t n, const float *b, int64_t ldb,
                      const float *ahead, int64_t ahead_ld, float *c, int64_t ldc);

/* c[m][n] = a[m][k] b (+ c when add), a as it lies, b packed by g->pack_b as one block of k. */
void aus_rows_times(const struct aus_gemm_kernels *g, int64_t m, int64_t n, int64_t k, const float *a, int64_t lda,
                    const float *b, bool add, float *c, int64_t ldc);

#endif
