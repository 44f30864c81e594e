/* bench_ridge.c - LIME's fit: weighted ridge (alpha 1, intercept) of 50 labels at once, the two sizes of docs/kernels.md.
 * The Python peers are in bench_ridge.py; the same numbers of rows, components and labels. */
#include "bench.h"

#include "la/la.h"

#include <math.h>
#include <stdlib.h>

enum { LABELS = 50 };

struct fit { aus_ctx *ctx; int64_t rows; int32_t d; uint8_t *z; double *pi, *coef, *intercept, *r2; float *y; };

static void run_ours(void *arg)
{
  struct fit *f = arg;
  if (aus_weighted_ridge(f->ctx, f->rows, f->d, LABELS, f->z, f->pi, f->y, 1.0, f->coef, f->intercept, f->r2, NULL) != AUS_OK) abort();
}

/* All rows of d bits when that many are asked for, else fair bits; LIME's cosine kernel of width 0.25. */
static struct fit make(int64_t rows, int32_t d)
{
  struct fit f = { .rows = rows, .d = d, .z = malloc((size_t)(rows * d)), .pi = malloc((size_t)rows * sizeof(double)),
                   .coef = malloc((size_t)d * LABELS * sizeof(double)), .intercept = malloc(LABELS * sizeof(double)),
                   .r2 = malloc(LABELS * sizeof(double)), .y = bench_floats((size_t)rows * LABELS) };
  aus_rng rng;
  for (int64_t i = 0; i < rows; i++) {
    int on = 0;
    aus_rng_init(&rng, 1, (uint64_t)i);
    for (int32_t j = 0; j < d; j++) {
      const uint8_t bit = d < 20 ? (uint8_t)(i >> j & 1) : (uint8_t)(aus_rng_u32(&rng) & 1);
      f.z[i * d + j] = bit;
      on += bit;
    }
    const double distance = 1.0 - sqrt((double)on / d);
    f.pi[i] = exp(-distance * distance / (2 * 0.25 * 0.25)) + (d < 20 ? 0.0 : 1e-3);
  }
  return f;
}

int main(int argc, char **argv)
{
  bench b;
  bench_start(&b, argc, argv, "ridge");
  struct fit small = make(1024, 10), large = make(50000, 300);
  while (bench_next_threads(&b)) {
    small.ctx = large.ctx = b.ctx;
    const bench_run s[] = { { "ours", run_ours, &small } }, l[] = { { "ours", run_ours, &large } };
    bench_compare(&b, "ridge_1024x10_50labels", 1e-9 * (2.0 * 1024 * 10 * 10 + 2.0 * 1024 * 10 * LABELS), "GFLOP/s", s, 1);
    bench_compare(&b, "ridge_50000x300_50labels", 1e-9 * (2.0 * 50000 * 300 * 300 + 2.0 * 50000 * 300 * LABELS), "GFLOP/s", l, 1);
  }
  return bench_end(&b);
}
