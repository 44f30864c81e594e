/* sgemv.c - y = A x (+ y), rows shared out. Bound by reading A, so threads help as long as memory does. */
#include "la/la.h"
#include "simd/kernels.h"

struct gemv { const struct aus_gemm_kernels *kern; int64_t n, lda; const float *a, *x; bool add; float *y; };

static void gemv_rows(void *arg, int64_t begin, int64_t end, int worker)
{
  const struct gemv *g = arg;
  (void)worker;
  g->kern->gemv(end - begin, g->n, g->a + begin * g->lda, g->lda, g->x, g->add, g->y + begin);
}

void aus_sgemv(aus_ctx *ctx, int64_t m, int64_t n, const float *a, int64_t lda, const float *x, bool add, float *y)
{
  struct gemv g = { &ctx->kernels->gemm, n, lda, a, x, add, y };
  const int64_t grain = (1 << 18) / (n + 1) / 4 * 4;
  aus_parallel_for(ctx, m, grain < 4 ? 4 : grain, gemv_rows, &g);
}
