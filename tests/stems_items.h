/* stems_items.h - a dozen items of two voices and a noise in a folder of their own, recipes for them, and what a separator trained on them must do. */
#ifndef AUS_TEST_STEMS_ITEMS_H
#define AUS_TEST_STEMS_ITEMS_H

#include "train_case.h"

#include <auscult/sep.h>
#include <auscult/train.h>
#include <sys/stat.h>

#include "dsp/spec.h"

enum { RATE = 8000, SAMPLES = 8000, ITEMS = 12 };

/* A low voice and a high one, four notes each; every third item lacks a file of `extra`. */
static inline void make_items(aus_ctx *ctx)
{
  static const char *const stem[] = { "low", "high", "extra" };
  static const int pitch[2][4] = { { 48, 50, 52, 55 }, { 84, 86, 88, 91 } };
  char manifest[1024] = "path\tsplit\n", name[64];
  aus_rng rng;
  aus_rng_init(&rng, 3, 0);
  for (int i = 0; i < ITEMS; i++) {
    char notes[1024] = "onset\toffset\tpitch\tvelocity\tfamily\n", line[64];
    snprintf(name, sizeof name, "item%02d", i);
    mkdir(in_folder(name), 0700);
    for (int j = 0; j < 3; j++) {
      float x[SAMPLES] = { 0 };
      for (int k = 0; j < 2 && k < 4; k++) {
        const int p = pitch[j][aus_rng_below(&rng, 4)], from = (int)aus_rng_below(&rng, 6000), to = from + 1000 + (int)aus_rng_below(&rng, 1000);
        for (int t = from; t < to; t++) x[t] += (float)(0.2 * sin(2 * M_PI * 440 * pow(2, (p - 69) / 12.0) * t / RATE));
        snprintf(line, sizeof line, "%.4f\t%.4f\t%d\t100\t%s\n", (double)from / RATE, (double)to / RATE, p, stem[j]);
        strcat(notes, line);
      }
      for (int t = 0; j == 2 && t < SAMPLES; t++) x[t] = (float)(0.02 * aus_rng_normal(&rng));
      if (j == 2 && i % 3 == 0) continue;
      snprintf(name, sizeof name, "item%02d/%s.wav", i, stem[j]);
      const aus_audio a = { .data = x, .frames = SAMPLES, .channels = 1, .rate = RATE };
      assert_ok(ctx, aus_audio_write_wav(ctx, in_folder(name), &a, AUS_WAV_PCM16, 1));
    }
    snprintf(name, sizeof name, "item%02d/notes.tsv", i);
    write_text(name, notes);
    snprintf(line, sizeof line, "item%02d\t%s\n", i, i < 9 ? "train" : "valid");
    strcat(manifest, line);
  }
  write_text("items.tsv", manifest);
}

static const char front[] = "[model]\nname = tiny\nlabels = %s\n[frontend]\nkind = stft\nrate = 8000\nn_fft = 256\nhop = 64\nlog = db\namin = 1e-8\nlayout = time_freq\npatch_frames = 32\n"
                            "[data]\nmanifest = items.tsv\nvalid = split=valid\n[augment]\ngain_db = 3\n%s[train]\nbatch = 3\nrate = 0.01\ncache_mb = %d\n%s";

static inline void write_recipe(const char *labels, const char *augment, int cache, const char *rest)
{
  char text[2048];
  snprintf(text, sizeof text, front, labels, augment, cache, rest);
  write_text("tiny.recipe", text);
}

/* What was trained, opened as a separator: both stems of item10 gain so many dB over the mix, and all parts are the mix. */
static inline void trained_file_separates(aus_ctx *ctx, double gain)
{
  aus_separator *s;
  aus_audio low, high;
  aus_stems out;
  assert_ok(ctx, aus_separator_open(ctx, in_folder("model.aus"), &s));
  assert_ok(ctx, aus_audio_read(ctx, in_folder("item10/low.wav"), NULL, &low));
  assert_ok(ctx, aus_audio_read(ctx, in_folder("item10/high.wav"), NULL, &high));
  float mix[SAMPLES];
  for (int t = 0; t < SAMPLES; t++) mix[t] = low.data[t] + high.data[t];
  const aus_audio input = { .data = mix, .frames = SAMPLES, .channels = 1, .rate = RATE };
  assert_ok(ctx, aus_separator_run(s, &input, 1, &out));
  assert_string_equal(out.name[1], "high");
  assert_true(aus_si_sdr(SAMPLES, out.stem[0].data, low.data) - aus_si_sdr(SAMPLES, mix, low.data) > gain);
  assert_true(aus_si_sdr(SAMPLES, out.stem[1].data, high.data) - aus_si_sdr(SAMPLES, mix, high.data) > gain);
  for (int t = 0; t < SAMPLES; t++) assert_near(out.stem[0].data[t] + out.stem[1].data[t] + (out.n > 2 ? out.stem[2].data[t] : 0), mix[t], 1e-6);
  aus_stems_free(ctx, &out);
  aus_audio_free(ctx, &low);
  aus_audio_free(ctx, &high);
  aus_separator_close(s);
}

/* A training by tiny.recipe is refused, and the reason has these words. */
static inline void training_is_refused(const char *says)
{
  aus_ctx *ctx = test_ctx(1);
  aus_train_result result;
  const aus_train_config config = { .recipe = in_folder("tiny.recipe"), .out = folder, .seed = 1, .replace = 1 };
  assert_int_equal(aus_train(ctx, &config, &result), AUS_EFORMAT);
  if (!strstr(aus_ctx_error(ctx), says)) fail_msg("'%s' lacks '%s'", aus_ctx_error(ctx), says);
  aus_ctx_destroy(ctx);
}

static int items_begin(void **state)
{
  if (make_folder(state) != 0) return -1;
  aus_ctx *ctx = test_ctx(1);
  make_items(ctx);
  aus_ctx_destroy(ctx);
  return 0;
}

#endif
