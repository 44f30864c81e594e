/* memory.c - aligned blocks from the host's allocator, size arithmetic, the arena.
 *
 * A block starts AUS_ALIGN-aligned; the pointer the allocator gave lies just before it. */
#define _DEFAULT_SOURCE
#include "core/core.h"

#include <stdio.h>
#include <string.h>
#ifdef __linux__
#include <sys/mman.h>
#endif

enum { HUGE_FROM = 1 << 22 }; /* bytes from which huge pages are worth asking for */

bool aus_mul_size(size_t a, size_t b, size_t *product)
{
  if (b && a > SIZE_MAX / b) return false;
  *product = a * b;
  return true;
}

bool aus_add_size(size_t a, size_t b, size_t *sum)
{
  if (a > SIZE_MAX - b) return false;
  *sum = a + b;
  return true;
}

/* Page faults, not arithmetic, dominate a first pass over a big block of 4 KiB pages. */
static void ask_huge(unsigned char *block, size_t bytes)
{
#if defined(__linux__) && defined(MADV_HUGEPAGE)
  if (bytes < HUGE_FROM) return;
  const uintptr_t page = 4096, from = ((uintptr_t)block + page - 1) & ~(page - 1);
  const uintptr_t to = ((uintptr_t)block + bytes) & ~(page - 1);
  madvise((void *)from, to - from, MADV_HUGEPAGE);
#else
  (void)block; (void)bytes;
#endif
}

void *aus_alloc(aus_ctx *ctx, size_t n, size_t size)
{
  size_t bytes, total;
  if (!aus_mul_size(n, size, &bytes) || !aus_add_size(bytes, AUS_ALIGN + sizeof(void *), &total)) {
    aus_fail(ctx, AUS_ENOMEM, "out of memory: a block of %zu x %zu bytes cannot exist", n, size);
    return NULL;
  }
  unsigned char *raw = ctx->config.alloc(ctx->config.user, total);
  if (!raw) {
    aus_fail(ctx, AUS_ENOMEM, "out of memory: no block of %zu bytes", bytes);
    return NULL;
  }
  const uintptr_t at = ((uintptr_t)raw + sizeof(void *) + AUS_ALIGN - 1) & ~(uintptr_t)(AUS_ALIGN - 1);
  unsigned char *block = raw + (at - (uintptr_t)raw);
  memcpy(block - sizeof(void *), &raw, sizeof raw);
  ask_huge(block, bytes);
  return block;
}

void *aus_alloc_zero(aus_ctx *ctx, size_t n, size_t size)
{
  void *p = aus_alloc(ctx, n, size);
  if (p) memset(p, 0, n * size);
  return p;
}

void aus_free(aus_ctx *ctx, void *p)
{
  if (!p) return;
  void *raw;
  memcpy(&raw, (unsigned char *)p - sizeof raw, sizeof raw);
  ctx->config.free(ctx->config.user, raw);
}

void *aus_ctx_scratch(aus_ctx *ctx, size_t bytes)
{
  if (bytes > ctx->scratch_bytes || !ctx->scratch) {
    aus_free(ctx, ctx->scratch);
    ctx->scratch = aus_alloc(ctx, bytes ? bytes : 1, 1);
    ctx->scratch_bytes = ctx->scratch ? bytes : 0;
  }
  return ctx->scratch;
}

char *aus_strdup(aus_ctx *ctx, const char *s)
{
  const size_t n = strlen(s) + 1;
  char *copy = aus_alloc(ctx, n, 1);
  if (copy) memcpy(copy, s, n);
  return copy;
}

char *aus_strf(aus_ctx *ctx, const char *format, ...)
{
  va_list args;
  va_start(args, format);
  const int n = vsnprintf(NULL, 0, format, args);
  va_end(args);
  char *s = n < 0 ? NULL : aus_alloc(ctx, (size_t)n + 1, 1);
  if (!s) return NULL;
  va_start(args, format);
  vsnprintf(s, (size_t)n + 1, format, args);
  va_end(args);
  return s;
}

void *aus_arena_take(aus_arena *arena, size_t bytes)
{
  const size_t from = (arena->used + AUS_ALIGN - 1) & ~(size_t)(AUS_ALIGN - 1);
  if (from < arena->used || from > arena->size || bytes > arena->size - from) return NULL;
  arena->used = from + bytes;
  return arena->base + from;
}
