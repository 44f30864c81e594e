/* bench_ridge.c - LIME's fit: all labels at once. The peer, numpy's normal equations, is timed by bench_ridge.py. */
#include "bench.h"
#include "la/la.h"

#include <math.h>
#include <stdlib.h>

struct fit { aus_ctx *ctx; int64_t rows; int32_t d, labels; uint8_t *z; double *pi, *coef, *intercept, *r2; float *y; };

static void run_ours(void *arg)
{
  const struct fit *f = arg;
  if (aus_weighted_ridge(f->ctx, f->rows, f->d, f->labels, f->z, f->pi, f->y, 1.0, f->coef, f->intercept, f->r2) != AUS_OK) abort();
}

static void compare(bench *b, const char *name, int64_t rows, int32_t d, int32_t labels)
{
  if (!bench_wants(b, name)) return;
  struct fit f = { .ctx = b->ctx, .rows = rows, .d = d, .labels = labels, .z = malloc((size_t)(rows * d)), .pi = malloc((size_t)rows * sizeof(double)),
                   .coef = malloc((size_t)(d + 2) * (size_t)labels * sizeof(double)), .y = bench_floats((size_t)rows * (size_t)labels) };
  if (!f.z || !f.pi || !f.coef) abort();
  f.intercept = f.coef + (int64_t)d * labels;
  f.r2 = f.intercept + labels;
  aus_rng rng;
  aus_rng_init(&rng, 1, 0);
  for (int64_t r = 0; r < rows; r++) {
    int ones = 0;
    for (int32_t j = 0; j < d; j++) ones += f.z[r * d + j] = d <= 16 ? !(r >> j & 1) : (uint8_t)aus_rng_below(&rng, 2);
    const double distance = 1 - sqrt((double)ones / d);
    f.pi[r] = exp(-8 * distance * distance) + 1e-3;
  }
  const bench_run run = { "ours", run_ours, &f };
  bench_compare(b, name, 2e-9 * (double)rows * d * (d + labels), "Gop/s", &run, 1);
  free(f.z); free(f.pi); free(f.coef); free(f.y);
}

int main(int argc, char **argv)
{
  bench b;
  bench_start(&b, argc, argv, "ridge");
  while (bench_next_threads(&b)) {
    compare(&b, "ridge_1024x10_50labels", 1024, 10, 50);
    compare(&b, "ridge_50000x300_50labels", 50000, 300, 50);
  }
  return bench_end(&b);
}
