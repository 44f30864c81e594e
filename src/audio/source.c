/* source.c - bytes from a file, a pipe or memory. */
#define _DEFAULT_SOURCE
#include "audio/source.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>

enum { PIECE = 1 << 16 };

static aus_status open_failed(aus_source *s, aus_status status)
{
  aus_source_close(s);
  return status;
}

aus_status aus_source_open(aus_ctx *ctx, const char *path, aus_source *s)
{
  const bool is_stdin = strcmp(path, "-") == 0;
  *s = (aus_source){ .ctx = ctx, .name = is_stdin ? "standard input" : path, .size = -1, .close_f = !is_stdin };
  aus_sha256_init(&s->sha);
  s->f = is_stdin ? stdin : fopen(path, "rb");
  if (!s->f) return aus_fail(ctx, AUS_EIO, "cannot open %s: %s", path, strerror(errno));
  struct stat st;
  if (fstat(fileno(s->f), &st) == 0) {
    if (S_ISDIR(st.st_mode)) return open_failed(s, aus_fail(ctx, AUS_EIO, "%s is a folder, not a sound file", path));
    const off_t base = S_ISREG(st.st_mode) ? ftello(s->f) : -1;
    if (base >= 0 && base <= st.st_size) { s->base = base; s->size = st.st_size - base; }
  }
  s->head_n = (int32_t)fread(s->head, 1, sizeof s->head, s->f);
  if (s->head_n < (int32_t)sizeof s->head && ferror(s->f))
    return open_failed(s, aus_fail(ctx, AUS_EIO, "cannot read %s: %s", s->name, strerror(errno)));
  return AUS_OK;
}

aus_status aus_source_open_memory(aus_ctx *ctx, const void *bytes, size_t size, aus_source *s)
{
  *s = (aus_source){ .ctx = ctx, .name = "sound in memory", .mem = bytes, .size = (int64_t)size };
  if (size > INT64_MAX / 2) return aus_fail(ctx, AUS_ELIMIT, "a sound of %zu bytes is too large", size);
  aus_sha256_init(&s->sha);
  s->head_n = (int32_t)(size < sizeof s->head ? size : sizeof s->head);
  memcpy(s->head, bytes, (size_t)s->head_n);
  return AUS_OK;
}

void aus_source_close(aus_source *s)
{
  if (s->f && s->close_f) fclose(s->f);
  s->f = NULL;
}

/* The bytes after the head. */
static aus_status read_body(aus_source *s, unsigned char *to, int64_t n, int64_t *got)
{
  if (s->mem || s->size == 0) {
    const int64_t left = s->size - s->at;
    *got = n < left ? n : left;
    if (*got > 0) memcpy(to, s->mem + s->at, (size_t)*got);
    return AUS_OK;
  }
  *got = (int64_t)fread(to, 1, (size_t)n, s->f);
  if (*got < n && ferror(s->f)) return aus_fail(s->ctx, AUS_EIO, "cannot read %s: %s", s->name, strerror(errno));
  return AUS_OK;
}

aus_status aus_source_read(aus_source *s, void *to, int64_t n, int64_t *got)
{
  int64_t head = s->at < s->head_n ? s->head_n - s->at : 0, body = 0;
  if (head > n) head = n;
  if (head) memcpy(to, s->head + s->at, (size_t)head);
  s->at += head;
  if (n > head) AUS_TRY(read_body(s, (unsigned char *)to + head, n - head, &body));
  s->at += body;
  *got = head + body;
  if (s->hashing) aus_sha256_add(&s->sha, to, (size_t)*got);
  return AUS_OK;
}

aus_status aus_source_need(aus_source *s, void *to, int64_t n, const char *what)
{
  int64_t got;
  AUS_TRY(aus_source_read(s, to, n, &got));
  if (got == n) return AUS_OK;
  return aus_fail(s->ctx, AUS_EFORMAT, "%s: truncated in %s, at byte %lld", s->name, what, (long long)s->at);
}

aus_status aus_source_skip(aus_source *s, int64_t n)
{
  if (s->size >= 0 && !s->hashing) {
    const int64_t left = s->size - s->at;
    return aus_source_seek(s, s->at + (n < left ? n : left));
  }
  unsigned char drain[4096];
  while (n > 0) {
    int64_t got;
    const int64_t want = n < (int64_t)sizeof drain ? n : (int64_t)sizeof drain;
    AUS_TRY(aus_source_read(s, drain, want, &got));
    if (got < want) break;
    n -= got;
  }
  return AUS_OK;
}

aus_status aus_source_seek(aus_source *s, int64_t at)
{
  const int64_t body = at < s->head_n ? s->head_n : at;
  if (s->f && fseeko(s->f, s->base + body, SEEK_SET) != 0)
    return aus_fail(s->ctx, AUS_EIO, "cannot seek in %s: %s", s->name, strerror(errno));
  s->at = at;
  return AUS_OK;
}

aus_status aus_source_hash_all(aus_source *s, char hex[65])
{
  unsigned char *piece = aus_alloc(s->ctx, PIECE, 1);
  if (!piece) return AUS_ENOMEM;
  aus_status status = aus_source_seek(s, 0);
  aus_sha256_init(&s->sha);
  for (int64_t got = 1; status == AUS_OK && got > 0;) {
    status = aus_source_read(s, piece, PIECE, &got);
    if (status == AUS_OK && !s->hashing) aus_sha256_add(&s->sha, piece, (size_t)got);
  }
  aus_free(s->ctx, piece);
  AUS_TRY(status);
  aus_sha256_hex(&s->sha, hex);
  return aus_source_seek(s, 0);
}

aus_status aus_source_slurp(aus_source *s, void **data, size_t *size)
{
  size_t have = 0, room = PIECE;
  unsigned char *block = aus_alloc(s->ctx, room, 1);
  if (!block) return AUS_ENOMEM;
  for (;;) {
    int64_t got;
    const aus_status status = aus_source_read(s, block + have, (int64_t)(room - have), &got);
    if (status != AUS_OK) { aus_free(s->ctx, block); return status; }
    have += (size_t)got;
    if (have < room) break;
    unsigned char *bigger = aus_alloc(s->ctx, 2, room);
    if (bigger) memcpy(bigger, block, have);
    aus_free(s->ctx, block);
    if (!bigger) return AUS_ENOMEM;
    block = bigger;
    room *= 2;
  }
  *data = block;
  *size = have;
  return AUS_OK;
}
