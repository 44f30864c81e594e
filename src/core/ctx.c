/* ctx.c - the context: errors as values, notes, progress.
 *
 * The text of the last failure lives in the context, so no function needs an extra
 * argument for it and nothing is global. */
#include "core/core.h"
#include "core/pool.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

const char *aus_strerror(aus_status status)
{
  switch (status) {
  case AUS_OK: return "no error";
  case AUS_EINVAL: return "invalid argument";
  case AUS_ENOMEM: return "out of memory";
  case AUS_EIO: return "cannot read or write";
  case AUS_EFORMAT: return "invalid data";
  case AUS_ENOTSUP: return "not supported";
  case AUS_ELIMIT: return "too large";
  case AUS_ECANCELED: return "cancelled";
  case AUS_EPEER: return "the child program failed";
  case AUS_EEXIST: return "output exists";
  }
  return "unknown status";
}

const char *aus_version(void) { return AUS_VERSION; }

void aus_ctx_destroy(aus_ctx *ctx)
{
  if (!ctx) return;
  aus_pool_stop(ctx);
  aus_free(ctx, ctx->scratch);
  ctx->config.free(ctx->config.user, ctx);
}

const char *aus_ctx_error(const aus_ctx *ctx) { return ctx ? ctx->error : "no context"; }
int aus_ctx_threads(const aus_ctx *ctx) { return ctx->threads; }

aus_status aus_fail(aus_ctx *ctx, aus_status status, const char *format, ...)
{
  va_list args;
  va_start(args, format);
  vsnprintf(ctx->error, sizeof ctx->error, format, args);
  va_end(args);
  return status;
}

aus_status aus_fail_prefix(aus_ctx *ctx, aus_status status, const char *format, ...)
{
  char old[sizeof ctx->error], head[sizeof ctx->error];
  va_list args;
  memcpy(old, ctx->error, sizeof old);
  va_start(args, format);
  vsnprintf(head, sizeof head, format, args);
  va_end(args);
  snprintf(ctx->error, sizeof ctx->error, "%.*s: %.*s", 120, head, 130, old);
  return status;
}

void aus_note(aus_ctx *ctx, int level, const char *format, ...)
{
  if (!ctx->config.log) return;
  char line[512];
  va_list args;
  va_start(args, format);
  vsnprintf(line, sizeof line, format, args);
  va_end(args);
  ctx->config.log(ctx->config.user, level, line);
}

aus_status aus_progress(aus_ctx *ctx, const char *phase, int64_t done, int64_t total)
{
  if (ctx->config.progress && ctx->config.progress(ctx->config.user, phase, done, total))
    return aus_fail(ctx, AUS_ECANCELED, "stopped on request during %s (%lld of %lld)", phase,
                    (long long)done, (long long)total);
  return AUS_OK;
}

double aus_now(void)
{
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}
