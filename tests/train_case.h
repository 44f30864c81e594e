/* train_case.h - a folder of its own for a training's files: group set-up and tear-down, paths, and what is put there. */
#ifndef AUS_TEST_TRAIN_CASE_H
#define AUS_TEST_TRAIN_CASE_H

#include "test.h"

#include <auscult/audio.h>
#include <unistd.h>

static char folder[64];

static inline int make_folder(void **state)
{
  (void)state;
  strcpy(folder, "train-test.XXXXXX");
  return mkdtemp(folder) ? 0 : -1;
}

static inline int drop_folder(void **state)
{
  char command[96];
  (void)state;
  snprintf(command, sizeof command, "rm -rf '%s'", folder);
  return system(command);
}

static inline char *in_folder(const char *name)
{
  static char path[4][160];
  static int turn;
  turn = (turn + 1) % 4;
  snprintf(path[turn], sizeof path[turn], "%s/%s", folder, name);
  return path[turn];
}

static inline void write_text(const char *name, const char *text)
{
  FILE *f = fopen(in_folder(name), "w");
  assert_non_null(f);
  fputs(text, f);
  fclose(f);
}

static inline void *read_bytes(aus_ctx *ctx, const char *path, size_t *size)
{
  void *data;
  assert_ok(ctx, aus_file_read(ctx, path, 1 << 28, &data, size));
  return data;
}

static inline void write_wav(aus_ctx *ctx, const char *name, int64_t n, float *x)
{
  const aus_audio a = { .data = x, .frames = n, .channels = 1, .rate = 8000 };
  assert_ok(ctx, aus_audio_write_wav(ctx, in_folder(name), &a, AUS_WAV_FLOAT32, 1));
}

#endif
