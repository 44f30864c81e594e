/* file.c - reading a whole file; output files that appear whole or not at all. */
#define _DEFAULT_SOURCE
#include "core/core.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* What to ask for at first: a file of known size is read into its place at once, a pipe grows. */
static size_t first_room(FILE *f, size_t limit)
{
  const size_t little = 1 << 16;
  const long end = fseek(f, 0, SEEK_END) == 0 ? ftell(f) : -1;
  rewind(f);
  return end > 0 && (unsigned long)end < limit && (size_t)end >= little ? (size_t)end + 1 : little;
}

aus_status aus_file_read(aus_ctx *ctx, const char *path, size_t limit, void **data, size_t *size)
{
  const bool is_stdin = strcmp(path, "-") == 0;
  FILE *f = is_stdin ? stdin : fopen(path, "rb");
  if (!f) return aus_fail(ctx, AUS_EIO, "cannot open %s: %s", path, strerror(errno));
  size_t have = 0, room = is_stdin ? 1 << 16 : first_room(f, limit);
  unsigned char *block = aus_alloc(ctx, room, 1);
  aus_status status = block ? AUS_OK : AUS_ENOMEM;
  while (status == AUS_OK) {
    have += fread(block + have, 1, room - have, f);
    if (have < room) {
      if (ferror(f)) status = aus_fail(ctx, AUS_EIO, "cannot read %s: %s", path, strerror(errno));
      break;
    }
    if (room > limit) { status = aus_fail(ctx, AUS_ELIMIT, "%s is larger than %zu bytes", path, limit); break; }
    unsigned char *bigger = aus_alloc(ctx, 2, room);
    if (!bigger) { status = AUS_ENOMEM; break; }
    memcpy(bigger, block, have);
    aus_free(ctx, block);
    block = bigger;
    room *= 2;
  }
  if (!is_stdin) fclose(f);
  if (status != AUS_OK) { aus_free(ctx, block); return status; }
  *data = block;
  *size = have;
  return AUS_OK;
}

/* Open temporaries, for the signal handler: a slot is published after its name is complete. */
enum { MAX_OPEN = 16, MAX_NAME = 4096 };
static char open_name[MAX_OPEN][MAX_NAME];
static volatile int open_used[MAX_OPEN];

struct aus_outfile { aus_ctx *ctx; FILE *f; char *path; int slot; int failed; };

static int take_slot(const char *path)
{
  const char *slash = strrchr(path, '/');
  const int dir = slash ? (int)(slash - path + 1) : 0;
  for (int i = 0; i < MAX_OPEN; i++) {
    if (open_used[i]) continue;
    const int n = snprintf(open_name[i], MAX_NAME, "%.*s.%s.part%ld", dir, path, path + dir, (long)getpid());
    if (n < 0 || n >= MAX_NAME) return -1;
    open_used[i] = 1;
    return i;
  }
  return -1;
}

aus_status aus_outfile_open(aus_ctx *ctx, const char *path, int replace, aus_outfile **out)
{
  *out = NULL;
  if (!replace && access(path, F_OK) == 0)
    return aus_fail(ctx, AUS_EEXIST, "%s exists already (--force replaces it)", path);
  aus_outfile *o = AUS_NEW(ctx, aus_outfile);
  if (!o) return AUS_ENOMEM;
  o->ctx = ctx;
  o->slot = -1;
  o->path = aus_strdup(ctx, path);
  if (!o->path) { aus_free(ctx, o); return AUS_ENOMEM; }
  o->slot = take_slot(path);
  o->f = o->slot < 0 ? NULL : fopen(open_name[o->slot], "wb");
  if (!o->f) {
    aus_fail(ctx, AUS_EIO, "cannot write %s: %s", path, o->slot < 0 ? "too many open outputs" : strerror(errno));
    aus_outfile_abort(o);
    return AUS_EIO;
  }
  *out = o;
  return AUS_OK;
}

aus_status aus_outfile_write(aus_outfile *o, const void *data, size_t size)
{
  if (!o->failed && fwrite(data, 1, size, o->f) != size) o->failed = errno ? errno : EIO;
  return o->failed ? aus_fail(o->ctx, AUS_EIO, "cannot write %s: %s", o->path, strerror(o->failed)) : AUS_OK;
}

aus_status aus_outfile_printf(aus_outfile *o, const char *format, ...)
{
  va_list args;
  va_start(args, format);
  if (!o->failed && vfprintf(o->f, format, args) < 0) o->failed = errno ? errno : EIO;
  va_end(args);
  return o->failed ? aus_fail(o->ctx, AUS_EIO, "cannot write %s: %s", o->path, strerror(o->failed)) : AUS_OK;
}

aus_status aus_outfile_commit(aus_outfile *o)
{
  aus_ctx *ctx = o->ctx;
  const char *name = open_name[o->slot];
  if (fflush(o->f) != 0 || fsync(fileno(o->f)) != 0) o->failed = errno;
  if (fclose(o->f) != 0) o->failed = errno;
  o->f = NULL;
  if (!o->failed && rename(name, o->path) != 0) o->failed = errno;
  aus_status status = AUS_OK;
  if (o->failed) {
    status = aus_fail(ctx, AUS_EIO, "cannot write %s: %s", o->path, strerror(o->failed));
  } else {
    open_used[o->slot] = 0;
    o->slot = -1;
  }
  aus_outfile_abort(o);
  return status;
}

void aus_outfile_abort(aus_outfile *o)
{
  if (!o) return;
  if (o->f) fclose(o->f);
  if (o->slot >= 0) { unlink(open_name[o->slot]); open_used[o->slot] = 0; }
  aus_free(o->ctx, o->path);
  aus_free(o->ctx, o);
}

void aus_outfile_abort_all(void)
{
  for (int i = 0; i < MAX_OPEN; i++)
    if (open_used[i]) unlink(open_name[i]);
}
