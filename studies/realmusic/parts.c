/* parts.c - excerpts of songs and their sources, many with one opening of the separator.
 *
 *   parts SEPARATOR.aus|hpss <LIST      a line: SONG, seconds to start at, seconds to take, FOLDER, between tabs
 *
 * FOLDER gets NAME.wav per source, residual.wav, and beside it FOLDER.wav, the excerpt: 44.1 kHz, channels as in the song, 32-bit floats; all of it is there or
 * none. Folders that exist are left alone. The numbers are those of `auscult separate` on FOLDER.wav. */
#include <auscult/sep.h>

#include "core/core.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { RATE = 44100 };

static aus_status excerpt(aus_ctx *ctx, const char *song, double start, double seconds, aus_audio *out)
{
  aus_audio a;
  AUS_TRY(aus_audio_read(ctx, song, &(aus_audio_range){ .offset = start, .duration = seconds }, &a));
  const aus_status status = aus_audio_convert(ctx, &a, RATE, 0, out);
  aus_audio_free(ctx, &a);
  return status;
}

static aus_status write_parts(aus_ctx *ctx, const aus_stems *parts, const char *folder)
{
  char making[8192], path[sizeof making + 256];
  snprintf(making, sizeof making, "%s.new", folder);
  mkdir(making, 0777);
  for (int k = 0; k < parts->n; k++) {
    snprintf(path, sizeof path, "%s/%.200s.wav", making, parts->name[k]);
    AUS_TRY(aus_audio_write_wav(ctx, path, &parts->stem[k], AUS_WAV_FLOAT32, 1));
  }
  return rename(making, folder) == 0 ? AUS_OK : aus_fail(ctx, AUS_EIO, "cannot rename %s", making);
}

static aus_status one(aus_ctx *ctx, aus_separator *separator, const char *song, double start, double seconds, const char *folder)
{
  char mix[8192];
  aus_audio x;
  aus_stems parts = {0};
  snprintf(mix, sizeof mix, "%s.wav", folder);
  AUS_TRY(excerpt(ctx, song, start, seconds, &x));
  aus_status status = aus_audio_write_wav(ctx, mix, &x, AUS_WAV_FLOAT32, 1);
  if (status == AUS_OK) status = aus_separator_run(separator, &x, 1, &parts);
  if (status == AUS_OK) status = write_parts(ctx, &parts, folder);
  aus_stems_free(ctx, &parts);
  aus_audio_free(ctx, &x);
  return status;
}

static aus_status one_line(aus_ctx *ctx, aus_separator *separator, char *line)
{
  char *field[4], *p = line;
  double start, seconds;
  line[strcspn(line, "\n")] = '\0';
  for (int i = 0; i < 4; i++) field[i] = p ? strsep(&p, "\t") : NULL;
  if (!field[3] || sscanf(field[1], "%lf", &start) != 1 || sscanf(field[2], "%lf", &seconds) != 1) return aus_fail(ctx, AUS_EFORMAT, "want SONG, start, seconds and FOLDER between tabs");
  if (access(field[3], F_OK) == 0) return AUS_OK;
  const double begun = aus_now();
  AUS_TRY(one(ctx, separator, field[0], start, seconds, field[3]));
  fprintf(stderr, "parts: %s in %.1f s\n", field[3], aus_now() - begun);
  return AUS_OK;
}

int main(int argc, char **argv)
{
  char line[8192];
  aus_ctx *ctx;
  aus_separator *separator = NULL;
  if (argc != 2) { fprintf(stderr, "usage: parts SEPARATOR.aus|hpss <LIST\n"); return 2; }
  if (aus_ctx_create(&ctx, &(aus_config){ .threads = 1 }) != AUS_OK) return 1;
  aus_status status = strcmp(argv[1], "hpss") == 0 ? aus_separator_hpss(ctx, NULL, &separator) : aus_separator_open(ctx, argv[1], &separator);
  while (status == AUS_OK && fgets(line, sizeof line, stdin)) status = one_line(ctx, separator, line);
  if (status != AUS_OK) fprintf(stderr, "parts: %s\n", aus_ctx_error(ctx));
  aus_separator_close(separator);
  aus_ctx_destroy(ctx);
  return status != AUS_OK;
}
