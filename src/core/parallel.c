/* parallel.c - one parallel_for: the caller alone, the built-in threads, OpenMP, or the host's own.
 *
 * Work is handed out in grains from a shared counter, so that a busy neighbour slows one grain and not the whole
 * loop. One thread means that no thread is ever started and OpenMP is never called.
 *
 * Inside a loop numbers below the smallest normal float count as zero (FTZ, DAZ), with any back end and any
 * number of threads: a decaying recurrent state would otherwise cost a hundred times more on some CPUs. The
 * caller's own mode is put back. */
#include "core/core.h"
#include "core/cpu.h"
#include "core/pool.h"

#ifdef _OPENMP
#include <omp.h>
#include <stdatomic.h>
#endif

static void run_serial(int64_t n, int64_t grain, aus_range_fn fn, void *arg)
{
  for (int64_t i = 0; i < n; i += grain) fn(arg, i, i + grain < n ? i + grain : n, 0);
}

#ifdef _OPENMP
static bool run_openmp(int threads, int64_t n, int64_t grain, aus_range_fn fn, void *arg)
{
  if (omp_in_parallel()) return false;
  _Atomic int64_t next = 0;
#pragma omp parallel num_threads(threads)
  {
    const uint64_t mode = aus_fp_enter();
    for (;;) {
      const int64_t i = atomic_fetch_add_explicit(&next, grain, memory_order_relaxed);
      if (i >= n) break;
      fn(arg, i, i + grain < n ? i + grain : n, omp_get_thread_num());
    }
    aus_fp_leave(mode);
  }
  return true;
}
#endif

/* The host's threads have a mode of their own. */
struct hosted { aus_range_fn fn; void *arg; };
static void run_hosted(void *arg, int64_t begin, int64_t end, int worker)
{
  const struct hosted *h = arg;
  const uint64_t mode = aus_fp_enter();
  h->fn(h->arg, begin, end, worker);
  aus_fp_leave(mode);
}

static bool run_threads(aus_ctx *ctx, int64_t n, int64_t grain, aus_range_fn fn, void *arg)
{
  if (ctx->config.parallel) {
    struct hosted h = { fn, arg };
    ctx->config.parallel(ctx->config.user, n, grain, run_hosted, &h);
    return true;
  }
#ifdef _OPENMP
  return run_openmp(ctx->threads, n, grain, fn, arg);
#else
  return aus_pool_run(ctx, n, grain, fn, arg);
#endif
}

void aus_parallel_for(aus_ctx *ctx, int64_t n, int64_t grain, aus_range_fn fn, void *arg)
{
  if (n <= 0) return;
  if (grain < 1) grain = 1;
  const uint64_t mode = aus_fp_enter();
  if (ctx->threads == 1 || n <= grain || !run_threads(ctx, n, grain, fn, arg)) run_serial(n, grain, fn, arg);
  aus_fp_leave(mode);
}
