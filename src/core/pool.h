/* pool.h - the threads behind aus_parallel_for. */
#ifndef AUS_POOL_H
#define AUS_POOL_H

#include "core/core.h"

void aus_pool_stop(aus_ctx *ctx); /* joins the threads, if any were started */

#endif
