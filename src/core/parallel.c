/* parallel.c - one parallel_for: serial, OpenMP, or the host's own.
 *
 * Work is handed out in grains from a shared counter, so that a busy neighbour
 * slows one grain and not the whole region. One thread makes no OpenMP call at all: libgomp
 * does not survive fork, and hosts that fork use one thread. */
#include "core/core.h"
#include "core/pool.h"

#ifdef _OPENMP
#include <omp.h>
#include <stdatomic.h>
#endif

void aus_pool_stop(aus_ctx *ctx) { (void)ctx; }

static void run_serial(int64_t n, int64_t grain, aus_range_fn fn, void *arg)
{
  for (int64_t i = 0; i < n; i += grain) fn(arg, i, i + grain < n ? i + grain : n, 0);
}

#ifdef _OPENMP
static void run_openmp(int threads, int64_t n, int64_t grain, aus_range_fn fn, void *arg)
{
  _Atomic int64_t next = 0;
#pragma omp parallel num_threads(threads)
  {
    for (;;) {
      const int64_t i = atomic_fetch_add_explicit(&next, grain, memory_order_relaxed);
      if (i >= n) break;
      fn(arg, i, i + grain < n ? i + grain : n, omp_get_thread_num());
    }
  }
}
#endif

void aus_parallel_for(aus_ctx *ctx, int64_t n, int64_t grain, aus_range_fn fn, void *arg)
{
  if (n <= 0) return;
  if (grain < 1) grain = 1;
  if (ctx->threads == 1 || n <= grain) { run_serial(n, grain, fn, arg); return; }
  if (ctx->config.parallel) { ctx->config.parallel(ctx->config.user, n, grain, fn, arg); return; }
#ifdef _OPENMP
  if (!omp_in_parallel()) { run_openmp(ctx->threads, n, grain, fn, arg); return; }
#endif
  run_serial(n, grain, fn, arg);
}
