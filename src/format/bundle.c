/* bundle.c - opening and closing a bundle, from a file or from memory; its digest.
 *
 * All ways lead to one reader: a file is read into an aligned block, an array linked into a program or a mapping
 * is used where it lies. Cost: one pass of CRC-32 over the bytes, about 1.5 GB/s; SHA-256 only when asked for. */
#include "format/bundle.h"

#include <stdatomic.h>
#include <stdio.h>
#include <string.h>

const unsigned char aus_magic[8] = { 0x89, 'A', 'U', 'S', '\r', '\n', 0x1a, '\n' };

enum { SHA_NONE, SHA_BUSY, SHA_DONE };
typedef struct digest { _Atomic int state; char hex[65]; } digest;

aus_status aus_bad(aus_bundle *b, size_t at, const char *format, ...)
{
  va_list args;
  char text[200];
  va_start(args, format);
  vsnprintf(text, sizeof text, format, args);
  va_end(args);
  return aus_fail(b->ctx, AUS_EFORMAT, "byte %zu: %s", at, text);
}

bool aus_all_zero(const unsigned char *p, size_t n)
{
  for (size_t i = 0; i < n; i++)
    if (p[i]) return false;
  return true;
}

static aus_status read_all(aus_bundle *b)
{
  AUS_TRY(aus_read_sections(b));
  AUS_TRY(aus_read_meta(b));
  AUS_TRY(aus_read_tensors(b));
  return aus_read_graph(b);
}

/* Takes bytes over when owned is not NULL, on failure too. */
static aus_status open_bytes(aus_ctx *ctx, const unsigned char *bytes, size_t size, void *owned, aus_bundle **out)
{
  aus_bundle *b = AUS_NEW(ctx, aus_bundle);
  digest *sha = AUS_NEW(ctx, digest);
  if (!b || !sha) {
    aus_free(ctx, b);
    aus_free(ctx, sha);
    aus_free(ctx, owned);
    return AUS_ENOMEM;
  }
  *b = (aus_bundle){ .ctx = ctx, .bytes = bytes, .size = size, .owned = owned, .sha = sha };
  const aus_status status = read_all(b);
  if (status != AUS_OK) {
    aus_bundle_close(b);
    return status;
  }
  *out = b;
  return AUS_OK;
}

aus_status aus_bundle_open(aus_ctx *ctx, const char *path, aus_bundle **out)
{
  if (!ctx || !path || !out) return AUS_EINVAL;
  *out = NULL;
  void *bytes;
  size_t size;
  AUS_TRY(aus_file_read(ctx, path, SIZE_MAX / 4, &bytes, &size));
  const aus_status status = open_bytes(ctx, bytes, size, bytes, out);
  return status == AUS_EFORMAT || status == AUS_ENOTSUP || status == AUS_ELIMIT ? aus_fail_prefix(ctx, status, "%s", path) : status;
}

aus_status aus_bundle_open_memory(aus_ctx *ctx, const void *bytes, size_t size, aus_bundle **out)
{
  if (!ctx || !bytes || !out) return AUS_EINVAL;
  *out = NULL;
  if ((uintptr_t)bytes % AUS_ALIGN == 0) return open_bytes(ctx, bytes, size, NULL, out);
  void *copy = aus_alloc(ctx, size, 1);
  if (!copy) return AUS_ENOMEM;
  memcpy(copy, bytes, size);
  return open_bytes(ctx, copy, size, copy, out);
}

void aus_bundle_close(aus_bundle *b)
{
  if (!b) return;
  aus_ctx *ctx = b->ctx;
  if (b->drop_prepared) b->drop_prepared(ctx, b->prepared);
  aus_free(ctx, b->graph_block);
  aus_free(ctx, b->widened);
  aus_free(ctx, b->f32);
  aus_free(ctx, b->tensor);
  aus_free(ctx, b->sha);
  aus_free(ctx, b->owned);
  aus_free(ctx, b);
}

uint64_t aus_bundle_bytes(const aus_bundle *b) { return b->size; }

/* Any thread may ask first: one computes, others wait for it. */
const char *aus_bundle_sha256(const aus_bundle *b)
{
  digest *d = b->sha;
  int none = SHA_NONE;
  if (atomic_compare_exchange_strong(&d->state, &none, SHA_BUSY)) {
    aus_sha256 s;
    aus_sha256_init(&s);
    aus_sha256_add(&s, b->bytes, b->size);
    aus_sha256_hex(&s, d->hex);
    atomic_store(&d->state, SHA_DONE);
  }
  while (atomic_load(&d->state) != SHA_DONE) { }
  return d->hex;
}
