/* make_clips.c - ESC-10 as Listen to Interpret hears it [Parekh22].
 *
 *   make_clips ESC10 OUT
 *
 * ESC10/esc10.csv and ESC10/ogg become OUT/NAME.wav: mono, 44.1 kHz, 5 s (220500 samples, ten clips are a little shorter and end in
 * silence), divided by their largest sample as the original does: max(x), not max|x|, so a clip may fall below -1 and is
 * written as floats. OUT/clips.tsv lists path, label, fold and the length that was there. */
#include <auscult/audio.h>

#include "core/core.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

enum { RATE = 44100, SAMPLES = 5 * RATE };

static float largest(int64_t n, const float *x)
{
  float top = 0;
  for (int64_t i = 0; i < n; i++) top = x[i] > top ? x[i] : top;
  return top;
}

static aus_status make_clip(aus_ctx *ctx, const char *from, const char *to, int64_t *had)
{
  static float y[SAMPLES];
  aus_audio a;
  AUS_TRY(aus_audio_read_mono(ctx, from, NULL, RATE, &a));
  *had = a.frames < SAMPLES ? a.frames : SAMPLES;
  const float top = largest(*had, a.data), gain = top > 0 ? 1 / top : 0;
  memset(y, 0, sizeof y);
  for (int64_t i = 0; i < *had; i++) y[i] = gain * a.data[i];
  aus_audio_free(ctx, &a);
  return aus_audio_write_wav(ctx, to, &(aus_audio){ .data = y, .frames = SAMPLES, .channels = 1, .rate = RATE }, AUS_WAV_FLOAT32, 1);
}

/* A row of esc10.csv: ogg/NAME.ogg,fold,target,category. */
static int make_row(aus_ctx *ctx, const char *in, const char *out, const char *row, FILE *list)
{
  char name[200], label[100], from[4096], to[4096];
  int fold, target;
  int64_t had;
  if (sscanf(row, "ogg/%199[^.].ogg,%d,%d,%99[^\r\n]", name, &fold, &target, label) != 4) {
    fprintf(stderr, "make_clips: not a row of esc10.csv: %s", row);
    return 1;
  }
  snprintf(from, sizeof from, "%s/ogg/%s.ogg", in, name);
  snprintf(to, sizeof to, "%s/%s.wav", out, name);
  if (make_clip(ctx, from, to, &had) != AUS_OK) {
    fprintf(stderr, "make_clips: %s\n", aus_ctx_error(ctx));
    return 1;
  }
  fprintf(list, "%s.wav\t%s\t%d\t%.4f\n", name, label, fold, (double)had / RATE);
  return 0;
}

int main(int argc, char **argv)
{
  char path[4096], row[512];
  aus_ctx *ctx;
  if (argc != 3) { fprintf(stderr, "usage: make_clips ESC10 OUT\n"); return 2; }
  if (aus_ctx_create(&ctx, &(aus_config){ .threads = 1 }) != AUS_OK) return 1;
  mkdir(argv[2], 0777);
  snprintf(path, sizeof path, "%s/esc10.csv", argv[1]);
  FILE *csv = fopen(path, "r");
  snprintf(path, sizeof path, "%s/clips.tsv", argv[2]);
  FILE *list = csv ? fopen(path, "w") : NULL;
  int bad = !list || !fgets(row, sizeof row, csv);
  if (bad) fprintf(stderr, "make_clips: cannot read %s/esc10.csv or write %s\n", argv[1], path);
  else fprintf(list, "path\tlabel\tfold\tseconds\n");
  while (!bad && fgets(row, sizeof row, csv)) bad = make_row(ctx, argv[1], argv[2], row, list);
  if (list && fclose(list) != 0) bad = 1;
  if (csv) fclose(csv);
  aus_ctx_destroy(ctx);
  return bad;
}
