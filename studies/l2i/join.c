/* join.c - many sounds one behind the other, for a dictionary of all of them.
 *
 *   join OUT.wav IN.wav...      (or the names on standard input, one a line, when none are given) */
#include <auscult/audio.h>

#include "core/core.h"

#include <stdio.h>
#include <string.h>

typedef struct joined { aus_ctx *ctx; float *data; int64_t frames, room; int32_t rate; } joined;

static aus_status grow(joined *j, int64_t more)
{
  if (j->frames + more <= j->room) return AUS_OK;
  const int64_t room = 2 * (j->frames + more);
  float *data = aus_alloc(j->ctx, (size_t)room, sizeof *data);
  if (!data) return AUS_ENOMEM;
  if (j->data) memcpy(data, j->data, (size_t)j->frames * sizeof *data);
  aus_free(j->ctx, j->data);
  j->data = data;
  j->room = room;
  return AUS_OK;
}

static aus_status add(joined *j, const char *path)
{
  aus_audio a;
  AUS_TRY(aus_audio_read_mono(j->ctx, path, NULL, j->rate, &a));
  j->rate = a.rate;
  const aus_status status = grow(j, a.frames);
  if (status == AUS_OK) memcpy(j->data + j->frames, a.data, (size_t)a.frames * sizeof *a.data);
  if (status == AUS_OK) j->frames += a.frames;
  aus_audio_free(j->ctx, &a);
  return status;
}

static aus_status add_lines(joined *j)
{
  char path[4096];
  while (fgets(path, sizeof path, stdin)) {
    path[strcspn(path, "\r\n")] = 0;
    if (path[0]) AUS_TRY(add(j, path));
  }
  return AUS_OK;
}

int main(int argc, char **argv)
{
  joined j = { 0 };
  if (argc < 2) { fprintf(stderr, "usage: join OUT.wav [IN.wav...]\n"); return 2; }
  if (aus_ctx_create(&j.ctx, &(aus_config){ .threads = 1 }) != AUS_OK) return 1;
  aus_status status = argc > 2 ? AUS_OK : add_lines(&j);
  for (int i = 2; status == AUS_OK && i < argc; i++) status = add(&j, argv[i]);
  const aus_audio all = { .data = j.data, .frames = j.frames, .channels = 1, .rate = j.rate };
  if (status == AUS_OK) status = aus_audio_write_wav(j.ctx, argv[1], &all, AUS_WAV_FLOAT32, 1);
  if (status != AUS_OK) fprintf(stderr, "join: %s\n", aus_ctx_error(j.ctx));
  aus_free(j.ctx, j.data);
  aus_ctx_destroy(j.ctx);
  return status != AUS_OK;
}
