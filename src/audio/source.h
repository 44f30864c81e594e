/* source.h - bytes from a file, a pipe or memory, with one interface.
 *
 * The first bytes are looked at before a decoder is chosen, also where there is no
 * going back; the SHA-256 of everything is taken on the way through. */
#ifndef AUS_AUDIO_SOURCE_H
#define AUS_AUDIO_SOURCE_H

#include "core/core.h"

#include <stdio.h>

enum { AUS_SOURCE_HEAD = 16 };

typedef struct aus_source {
  aus_ctx *ctx;
  const char *name;         /* for messages; borrowed */
  FILE *f;                  /* NULL: memory */
  const unsigned char *mem; /* borrowed */
  int64_t base;             /* where in f our byte 0 is */
  int64_t size;             /* bytes, -1: unknown (a pipe) */
  int64_t at;               /* the next byte */
  bool close_f, hashing;
  unsigned char head[AUS_SOURCE_HEAD];
  int32_t head_n;
  aus_sha256 sha;
} aus_source;

/* path "-" is standard input. hash: take the SHA-256 of all that passes. */
aus_status aus_source_open(aus_ctx *ctx, const char *path, aus_source *s);
aus_status aus_source_open_memory(aus_ctx *ctx, const void *bytes, size_t size, aus_source *s);
void aus_source_close(aus_source *s);

/* Reads up to n bytes; *got < n only at the end. */
aus_status aus_source_read(aus_source *s, void *to, int64_t n, int64_t *got);
/* Exactly n bytes, or AUS_EFORMAT "NAME: truncated in WHAT". */
aus_status aus_source_need(aus_source *s, void *to, int64_t n, const char *what);
/* Forward by n bytes; seeks where it can and need not hash. Stops at the end without complaint. */
aus_status aus_source_skip(aus_source *s, int64_t n);
/* To any byte; only where size >= 0. */
aus_status aus_source_seek(aus_source *s, int64_t at);
/* Takes the hash of all bytes now and returns to the start; only where size >= 0. */
aus_status aus_source_hash_all(aus_source *s, char hex[65]);
/* All bytes in one block, owned by the caller (aus_free); for decoders that must seek in a pipe. */
aus_status aus_source_slurp(aus_source *s, void **data, size_t *size);

#endif
