/* make_demo.c - makes the demo's model and song: make_demo DIR writes DIR/demo.aus, DIR/song.wav and DIR/stems.
 *
 * Nothing is downloaded and nothing is anybody's: instruments are synthesised, the model is fitted to them in closed form. */
#include "demo/probe.h"

#include <auscult/audio.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

enum { SONG_RATE = 22050, SECONDS = 12, SAMPLES = SONG_RATE * SECONDS };
static float stem[INSTRUMENTS][2][SAMPLES], mix[2][SAMPLES]; /* left, right */

static void play(int instrument, double beat, double key, double beats, double gain, aus_rng *rng)
{
  static const double pan[INSTRUMENTS] = { 0.5, 0.8, 0.5, 0.35, 0.2 };
  static float mono[SAMPLES];
  const double beat_s = 0.5; /* 120 beats a minute */
  memset(mono, 0, sizeof mono);
  synth_note(instrument, mono, SAMPLES, (int64_t)(beat * beat_s * SONG_RATE), SONG_RATE, instrument == DRUMS ? key : key_to_hz(key), beats * beat_s, gain, rng);
  for (int64_t t = 0; t < SAMPLES; t++) {
    stem[instrument][0][t] += (float)(mono[t] * cos(1.5707963 * pan[instrument]));
    stem[instrument][1][t] += (float)(mono[t] * sin(1.5707963 * pan[instrument]));
  }
}

/* Six bars: plucks alone, then bass and organ, then drums; bells in the last two. */
static void compose(void)
{
  static const int root[6] = { 45, 41, 48, 43, 45, 41 }, third[6] = { 3, 4, 4, 4, 3, 4 };
  static const int tune[8] = { 88, 84, 86, 81, 84, 83, 79, 81 };
  aus_rng rng;
  aus_rng_init(&rng, 2026, 1);
  for (int bar = 0; bar < 6; bar++) {
    const double at = 4.0 * bar;
    const int chord[4] = { root[bar] + 12, root[bar] + 12 + third[bar], root[bar] + 19, root[bar] + 24 };
    for (int k = 0; k < 8; k++) play(PLUCK, at + 0.5 * k, chord[k % 4], 1.5, 0.3, &rng);
    if (bar >= 1)
      for (int k = 0; k < 4; k++) play(BASS, at + k, root[bar] - 12, 0.9, 0.35, &rng);
    if (bar >= 1 && bar != 3)
      for (int k = 0; k < 3; k++) play(ORGAN, at, chord[k], 3.9, 0.09, &rng);
    for (int k = 0; bar >= 2 && k < 8; k++) {
      play(DRUMS, at + 0.5 * k, 2, 0.2, 0.25, &rng);
      if (k % 4 == 0) play(DRUMS, at + 0.5 * k, 0, 1, 0.6, &rng);
      if (k % 4 == 2) play(DRUMS, at + 0.5 * k, 1, 1, 0.4, &rng);
    }
    for (int k = 0; bar >= 4 && k < 4; k++) play(BELL, at + k, tune[4 * (bar - 4) + k], 2, 0.2, &rng);
  }
  for (int c = 0; c < 2; c++)
    for (int64_t t = 0; t < SAMPLES; t++) {
      double sum = 0;
      for (int i = 0; i < INSTRUMENTS; i++) sum += stem[i][c][t];
      mix[c][t] = (float)sum;
    }
}

static aus_status write_song(aus_ctx *ctx, const char *dir)
{
  char path[4096];
  compose();
  for (int i = 0; i <= INSTRUMENTS; i++) {
    const aus_audio a = { .data = i < INSTRUMENTS ? &stem[i][0][0] : &mix[0][0], .frames = SAMPLES, .channels = 2, .rate = SONG_RATE };
    if (i < INSTRUMENTS) snprintf(path, sizeof path, "%s/stems/%s.wav", dir, instrument_name[i]);
    else snprintf(path, sizeof path, "%s/song.wav", dir);
    AUS_TRY(aus_audio_write_wav(ctx, path, &a, AUS_WAV_FLOAT32, 1));
  }
  return AUS_OK;
}

int main(int argc, char **argv)
{
  char path[4096];
  static probe p;
  aus_ctx *ctx;
  if (argc != 2) { fprintf(stderr, "usage: make_demo DIR\n"); return 2; }
  const char *dir = argv[1];
  mkdir(dir, 0777);
  snprintf(path, sizeof path, "%s/stems", dir);
  mkdir(path, 0777); /* if it cannot be made, writing into it will say so */
  const aus_config config = { .threads = 1 }; /* many small steps: threads would wait more than work */
  if (aus_ctx_create(&ctx, &config) != AUS_OK) { fprintf(stderr, "make_demo: no context\n"); return 1; }
  snprintf(path, sizeof path, "%s/demo.aus", dir);
  aus_status status = probe_fit(ctx, 1200, 1, &p);
  if (status == AUS_OK) status = probe_write(ctx, &p, path, 1);
  if (status == AUS_OK) status = write_song(ctx, dir);
  if (status != AUS_OK) fprintf(stderr, "make_demo: %s\n", aus_ctx_error(ctx));
  for (int i = 0; i < INSTRUMENTS && status == AUS_OK; i++) printf("%s: %.1f %% of held-out seconds judged right\n", instrument_name[i], 100 * p.right[i]);
  aus_ctx_destroy(ctx);
  return status != AUS_OK;
}
