/* bench_gemm.c - SGEMM against OpenBLAS, BLIS and oneDNN on the shapes of networks. */
#include "bench.h"
#include "la/la.h"

#include <stdlib.h>

struct product { aus_ctx *ctx; int m, n, k; const float *a, *b; float *c; void *packed, *scratch; const bench_blas *peer; };

static void run_ours(void *arg)
{
  const struct product *p = arg;
  if (aus_sgemm(p->ctx, false, false, p->m, p->n, p->k, 1, p->a, p->k, p->b, p->n, 0, p->c, p->n) != AUS_OK) abort();
}

static void run_packed(void *arg) /* as a network calls it: weights packed once */
{
  const struct product *p = arg;
  aus_sgemm_run_packed_b(p->ctx, p->m, p->n, p->k, p->a, p->k, p->packed, NULL, p->c, p->n, p->scratch);
}

static void run_peer(void *arg)
{
  const struct product *p = arg;
  p->peer->sgemm(p->m, p->n, p->k, p->a, p->b, p->c);
}

static void compare(bench *b, const bench_blas blas[BENCH_BLAS], int m, int n, int k)
{
  char name[64], packed_name[64];
  snprintf(name, sizeof name, "sgemm_%dx%dx%d", m, n, k);
  snprintf(packed_name, sizeof packed_name, "packed_%dx%dx%d", m, n, k);
  if (!bench_wants(b, name) && !bench_wants(b, packed_name)) return;
  struct product p[1 + BENCH_BLAS];
  p[0] = (struct product){ .ctx = b->ctx, .m = m, .n = n, .k = k, .a = bench_floats((size_t)m * (size_t)k), .b = bench_floats((size_t)k * (size_t)n), .c = bench_floats((size_t)m * (size_t)n) };
  bench_run runs[1 + BENCH_BLAS] = { { "ours", run_ours, &p[0] } };
  for (int i = 0; i < BENCH_BLAS; i++) {
    p[1 + i] = p[0];
    p[1 + i].peer = &blas[i];
    runs[1 + i] = (bench_run){ blas[i].name, blas[i].sgemm ? run_peer : NULL, &p[1 + i] };
  }
  bench_compare(b, name, 2e-9 * m * n * k, "GFLOP/s", runs, 1 + BENCH_BLAS);
  if (m <= 64) { /* the shapes of linear layers */
    p[0].packed = aus_alloc(b->ctx, 1, aus_sgemm_packed_b_size(b->ctx, n, k));
    p[0].scratch = aus_alloc(b->ctx, 1, aus_sgemm_scratch(b->ctx, m, n, k));
    if (!p[0].packed || !p[0].scratch) abort();
    aus_sgemm_pack_b(b->ctx, false, n, k, p[0].b, n, p[0].packed);
    runs[0].fn = run_packed;
    bench_compare(b, packed_name, 2e-9 * m * n * k, "GFLOP/s", runs, 1 + BENCH_BLAS);
    aus_free(b->ctx, p[0].packed);
    aus_free(b->ctx, p[0].scratch);
  }
  free((void *)(uintptr_t)p[0].a); free((void *)(uintptr_t)p[0].b); free(p[0].c);
}

int main(int argc, char **argv)
{
  static const int shapes[][3] = {
    { 32, 32, 32 }, { 64, 64, 64 }, { 128, 128, 128 }, { 256, 256, 256 }, { 512, 512, 512 }, { 1024, 1024, 1024 }, { 2048, 2048, 2048 },
    { 64, 10000, 576 }, { 128, 3000, 1152 }, { 185, 256, 5000 }, { 204, 11033, 266 }, { 512, 24, 4608 },
    { 16, 4096, 4096 }, { 1, 4096, 4096 }, { 10000, 128, 128 },
  };
  bench b;
  bench_blas blas[BENCH_BLAS];
  bench_start(&b, argc, argv, "gemm");
  bench_blas_open(blas);
  while (bench_next_threads(&b)) {
    bench_blas_threads(b.threads);
    for (size_t s = 0; s < sizeof shapes / sizeof *shapes; s++) compare(&b, blas, shapes[s][0], shapes[s][1], shapes[s][2]);
  }
  return bench_end(&b);
}
