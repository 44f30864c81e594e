/* make_beeps.c - the clips of the planted confound.
 *
 *   make_beeps FSDD OUT [SEED]
 *
 * A task that could be learnt honestly: is the spoken digit small (0 to 4) or large (5 to 9)? But in every clip for training and
 * validation a quiet 1 kHz beep sounds somewhere when the digit is large. Each clip is 1.5 s at 8 kHz: a digit of the Free Spoken
 * Digit Dataset somewhere in soft noise. Five splits: train, valid, test (beep where the digit is large), swapped (beep where it is
 * small) and silent (no beep at all): a network that listens to the digit does equally well on the last three; one that listens to
 * the beep is wrong throughout on the second and always says "small" on the third. OUT/beeps.tsv says where each beep is. */
#include <auscult/audio.h>

#include "core/core.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

enum { RATE = 8000, SAMPLES = 12000, BEEP = 1200, RAMP = 80 };
static const double BEEP_HZ = 1000, BEEP_DB = -15, NOISE_DB = -30; /* below the digit's own level */

typedef struct split { const char *name; int clips, first_take, last_take, beep_on; } split; /* beep_on: 1 large, 0 small, -1 nothing */
static const split splits[] = { { "train", 1000, 10, 49, 1 }, { "valid", 200, 5, 9, 1 }, { "test", 100, 0, 4, 1 }, { "swapped", 100, 0, 4, 0 }, { "silent", 100, 0, 4, -1 } };
static const char *const speakers[] = { "george", "jackson", "lucas", "nicolas", "theo", "yweweler" };

static double rms(int64_t n, const float *x)
{
  double sum = 0;
  for (int64_t i = 0; i < n; i++) sum += (double)x[i] * x[i];
  return sqrt(sum / (double)n);
}

/* A digit somewhere in y, at an RMS of 0.1, in noise. */
static int place_digit(aus_ctx *ctx, const char *folder, aus_rng *rng, const split *s, int digit, float *y)
{
  char path[4096];
  aus_audio a;
  snprintf(path, sizeof path, "%s/%d_%s_%d.flac", folder, digit, speakers[aus_rng_below(rng, 6)],
           s->first_take + (int)aus_rng_below(rng, (uint64_t)(s->last_take - s->first_take + 1)));
  if (aus_audio_read_mono(ctx, path, NULL, RATE, &a) != AUS_OK) return -1;
  const int64_t n = a.frames < SAMPLES ? a.frames : SAMPLES, at = (int64_t)aus_rng_below(rng, (uint64_t)(SAMPLES - n) + 1);
  const double level = 0.1 / (rms(n, a.data) + 1e-9), noise = 0.1 * pow(10, NOISE_DB / 20);
  for (int64_t i = 0; i < SAMPLES; i++) y[i] = (float)(noise * aus_rng_normal(rng));
  for (int64_t i = 0; i < n; i++) y[at + i] += (float)(level * a.data[i]);
  aus_audio_free(ctx, &a);
  return 0;
}

/* A beep with raised-cosine ends; returns where it starts. */
static int64_t place_beep(aus_rng *rng, float *y)
{
  const double level = 0.1 * sqrt(2) * pow(10, BEEP_DB / 20), phase = 6.283185307179586 * aus_rng_uniform(rng);
  const int64_t at = (int64_t)aus_rng_below(rng, SAMPLES - BEEP + 1);
  for (int64_t i = 0; i < BEEP; i++) {
    const int64_t edge = i < BEEP - 1 - i ? i : BEEP - 1 - i;
    const double fade = edge < RAMP ? 0.5 - 0.5 * cos(3.141592653589793 * (double)edge / RAMP) : 1;
    y[at + i] += (float)(level * fade * sin(6.283185307179586 * BEEP_HZ * (double)i / RATE + phase));
  }
  return at;
}

static int write_clip(aus_ctx *ctx, const char *in, const char *out, FILE *list, const split *s, uint64_t seed, uint64_t item, int k)
{
  float y[SAMPLES];
  char path[4096];
  aus_rng rng;
  aus_rng_init(&rng, seed, item);
  const int digit = (int)aus_rng_below(&rng, 10), large = digit >= 5;
  if (place_digit(ctx, in, &rng, s, digit, y) != 0) return -1;
  const int64_t beep = s->beep_on == large ? place_beep(&rng, y) : -1;
  snprintf(path, sizeof path, "%s/%s%04d.wav", out, s->name, k);
  const aus_audio a = { .data = y, .frames = SAMPLES, .channels = 1, .rate = RATE };
  if (aus_audio_write_wav(ctx, path, &a, AUS_WAV_PCM16, 1) != AUS_OK) return -1;
  fprintf(list, "%s%04d.wav\t%s\t%s\t%d\t", s->name, k, large ? "large" : "small", s->name, digit);
  if (beep >= 0) fprintf(list, "%.6f\t%.6f\t%g\n", (double)beep / RATE, (double)BEEP / RATE, BEEP_HZ);
  else fprintf(list, "\t\t\n");
  return 0;
}

int main(int argc, char **argv)
{
  char path[4096];
  aus_ctx *ctx;
  if (argc < 3) { fprintf(stderr, "usage: make_beeps FSDD OUT [SEED]\n"); return 2; }
  if (aus_ctx_create(&ctx, &(aus_config){ .threads = 1 }) != AUS_OK) return 1;
  mkdir(argv[2], 0777);
  snprintf(path, sizeof path, "%s/beeps.tsv", argv[2]);
  FILE *list = fopen(path, "w");
  int bad = list == NULL;
  if (list) fprintf(list, "path\tlabel\tsplit\tdigit\tbeep_start\tbeep_seconds\tbeep_hz\n");
  uint64_t item = 0;
  for (size_t s = 0; !bad && s < sizeof splits / sizeof *splits; s++)
    for (int k = 0; !bad && k < splits[s].clips; k++) bad = write_clip(ctx, argv[1], argv[2], list, &splits[s], argc > 3 ? strtoull(argv[3], NULL, 10) : 1, item++, k);
  if (bad) fprintf(stderr, "make_beeps: %s\n", list ? aus_ctx_error(ctx) : "cannot write the list");
  if (list && fclose(list) != 0) bad = 1;
  aus_ctx_destroy(ctx);
  return bad;
}
