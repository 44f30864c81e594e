/* product.c - the products of one panel of frames [Goto08].
 *
 * la/sgemm packs both of its factors each time. Here W meets a hundred panels before it changes, so it
 * is packed once for all of them, and a panel is written by us with rows a good distance apart, so it is
 * read as it lies: as right factor by its rows, as left factor by single numbers. Nothing is copied
 * twice, and what is left is arithmetic. */
#include "nmf/product.h"

enum { K_MOST = 320 /* a strip of the right factor, K_MOST x nr floats, stays in L1 */ };

static int64_t ceil_div(int64_t a, int64_t b) { return (a + b - 1) / b; }

size_t aus_packed_plan(const struct aus_gemm_kernels *g, int64_t m, int64_t k, aus_packed *p)
{
  p->m = m;
  p->k = k;
  p->k_block = ceil_div(k, ceil_div(k, K_MOST));
  p->h = (int32_t)ceil_div(m, ceil_div(m, g->mr)); /* of equal height: 16 rows are 8 + 8, not 14 + 2 */
  return (size_t)(ceil_div(m, p->h) * p->h) * (size_t)k;
}

int64_t aus_packed_panels(const aus_packed *p) { return ceil_div(p->m, p->h); }

void aus_packed_fill(const struct aus_gemm_kernels *g, bool trans, const float *a, int64_t lda, int64_t begin, int64_t end, const aus_packed *p)
{
  const int64_t tall = aus_packed_panels(p) * p->h, from = begin * p->h, rows = (end * p->h < p->m ? end * p->h : p->m) - from;
  for (int64_t k0 = 0; k0 < p->k; k0 += p->k_block) {
    const int64_t kk = p->k - k0 < p->k_block ? p->k - k0 : p->k_block;
    g->pack_a(trans, rows, kk, p->h, trans ? a + k0 * lda + from : a + from * lda + k0, lda, p->a + k0 * tall + from * kk);
  }
}

void aus_packed_times(const struct aus_gemm_kernels *g, const aus_packed *p, int64_t begin, int64_t end, int64_t n, const float *b, int64_t ldb,
                      const float *ahead, int64_t ahead_ld, float *c, int64_t ldc)
{
  const int64_t tall = aus_packed_panels(p) * p->h, from = begin * p->h, to = end * p->h < p->m ? end * p->h : p->m;
  for (int64_t j = 0; j < n; j += g->nr)
    for (int64_t k0 = 0; k0 < p->k; k0 += p->k_block) {
      const int64_t kk = p->k - k0 < p->k_block ? p->k - k0 : p->k_block;
      const struct aus_gemm_block block = {
        .m = to - from, .n = g->nr, .k = kk, .a = p->a + k0 * tall + from * kk, .a_step = kk * p->h, .h = p->h, .b = b + k0 * ldb + j, .ldb = ldb,
        .c = c + from * ldc + j, .ldc = ldc, .alpha = 1.0f, .beta = k0 ? 1.0f : 0.0f, .ahead = ahead ? ahead + k0 * ahead_ld + j : NULL, .ahead_ld = ahead_ld,
      };
      g->block(&block);
    }
}

void aus_rows_times(const struct aus_gemm_kernels *g, int64_t m, int64_t n, int64_t k, const float *a, int64_t lda,
                    const float *b, bool add, float *c, int64_t ldc)
{
  const struct aus_gemm_block block = {
    .m = m, .n = n, .k = k, .a = a, .a_step = g->mr * lda, .lda = lda, .h = g->mr, .b = b, .b_step = g->nr * k, .ldb = g->nr,
    .c = c, .ldc = ldc, .alpha = 1.0f, .beta = add ? 1.0f : 0.0f,
  };
  g->block(&block);
}
