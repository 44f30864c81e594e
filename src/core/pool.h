/* pool.h - the built-in threads behind aus_parallel_for. */
#ifndef AUS_POOL_H
#define AUS_POOL_H

#include "core/core.h"

/* Runs the loop on the caller and the pool's threads, which are started on first use. False: there are no
 * threads to be had (or the pool is inside a loop already) and nothing was run. */
bool aus_pool_run(aus_ctx *ctx, int64_t n, int64_t grain, aus_range_fn fn, void *arg);
void aus_pool_stop(aus_ctx *ctx); /* joins the threads, if any were started */

#endif
