/* test_network.c - the network maker: patches, layouts, floors, mixes; the same bits in any company. */
#include "oom.h"
#include "test.h"
#include <auscult/dsp.h>
#include "format/writer.h"
#include "model/frontend.h"
#include "nn/op.h"

enum { N_FFT = 64, HOP = 16, BANDS = 8, RATE = 8000, LABELS = 3 };

/* ---- small bundles ------------------------------------------------------------------------------ */

/* What a test wants to be different. Zero: time_mel, mel, patches of 10 frames, tail drop, padding zero, mono. */
typedef struct want { const char *kind, *layout, *tail, *shorts, *log, *center; int patch, patch_samples, hop, stems, half, no_labels; double top_db; } want;

static float weight(int i) { return (float)((i * 7919) % 201 - 100) / 300.0f; }

static const char *or_else(const char *s, const char *fallback) { return s ? s : fallback; }

/* mean and maximum over time of each row, then linear, then sigmoid. */
static void build_graph(aus_builder *b, const want *w, int axis, int rank, const int32_t *dims, int rows)
{
  float *k = malloc(sizeof(float) * (size_t)(LABELS * 2 * rows)), bias[LABELS];
  for (int i = 0; i < LABELS * 2 * rows; i++) k[i] = weight(i);
  for (int i = 0; i < LABELS; i++) bias[i] = weight(1000 + i);
  (void)w;
  const aus_word over[] = { { .i = 1 << axis }, { .i = 0 } }, flat[] = { { .i = 0 }, { .i = rows } }, join[] = { { .i = 1 } };
  const int32_t x = aus_builder_input(b, "x", rank, dims);
  int32_t mean = aus_builder_node(b, AUS_OP_reduce_mean, "mean", 1, &x, 1, 2, over);
  int32_t top = aus_builder_node(b, AUS_OP_reduce_max, "max", 1, &x, 1, 2, over);
  mean = aus_builder_node(b, AUS_OP_reshape, "mean.flat", 1, &mean, 1, 2, flat);
  top = aus_builder_node(b, AUS_OP_reshape, "max.flat", 1, &top, 1, 2, flat);
  const int32_t both[] = { mean, top };
  const int32_t v = aus_builder_node(b, AUS_OP_concat, "both", 2, both, 1, 1, join);
  const int32_t in[] = { v, aus_builder_param(b, "k", 2, (int32_t[]){ LABELS, 2 * rows }, k), aus_builder_param(b, "b", 1, (int32_t[]){ LABELS }, bias) };
  const int32_t y = aus_builder_node(b, AUS_OP_linear, "y", 3, in, 1, 0, NULL);
  aus_builder_output(b, aus_builder_node(b, AUS_OP_sigmoid, "score", 1, &y, 1, 0, NULL));
  free(k);
}

static void build_meta(aus_builder *b, const want *w)
{
  static const char *const labels[] = { "low", "mid", "high" }, *const stems[] = { "bass", "voice" };
  const bool wave = w->kind && strcmp(w->kind, "waveform") == 0;
  aus_builder_string(b, "name", "small");
  aus_builder_string(b, "kind", "classifier");
  aus_builder_string(b, "score", "sigmoid");
  if (!w->no_labels) aus_builder_strings(b, "labels", LABELS, labels);
  aus_builder_string(b, "frontend", or_else(w->kind, "mel"));
  aus_builder_integer(b, "frontend.rate", RATE);
  aus_builder_string(b, "frontend.layout", or_else(w->layout, "time_mel"));
  aus_builder_string(b, "frontend.tail", or_else(w->tail, "drop"));
  aus_builder_string(b, "frontend.short", or_else(w->shorts, "zero"));
  if (w->hop) aus_builder_integer(b, "frontend.patch_hop_frames", w->hop);
  if (w->patch_samples) aus_builder_integer(b, "frontend.patch_samples", w->patch_samples);
  if (w->stems) aus_builder_strings(b, "frontend.stems", w->stems, stems);
  if (wave) return;
  if (w->patch >= 0) aus_builder_integer(b, "frontend.patch_frames", w->patch ? w->patch : 10);
  aus_builder_integer(b, "frontend.n_fft", N_FFT);
  aus_builder_integer(b, "frontend.hop", HOP);
  aus_builder_string(b, "frontend.center", or_else(w->center, "reflect"));
  aus_builder_integer(b, "frontend.mels", BANDS);
  aus_builder_string(b, "frontend.mel_scale", "htk");
  aus_builder_string(b, "frontend.mel_norm", "none");
  aus_builder_string(b, "frontend.log", or_else(w->log, "log10_1p"));
  aus_builder_real(b, "frontend.log_scale", 10);
  if (w->half) aus_builder_integer(b, "frontend.half", 1);
  if (w->top_db > 0) aus_builder_real(b, "frontend.top_db", w->top_db);
}

static void *build(aus_ctx *ctx, const want *w, size_t *size)
{
  aus_builder *b;
  void *bytes;
  const char *layout = or_else(w->layout, "time_mel");
  const int c = w->stems ? w->stems : 1, bands = w->kind && strcmp(w->kind, "stft") == 0 ? N_FFT / 2 + 1 : BANDS;
  assert_ok(ctx, aus_builder_create(ctx, &b));
  build_meta(b, w);
  if (strcmp(layout, "time_mel") == 0) build_graph(b, w, 2, 4, (int32_t[]){ -1, c, -1, bands }, c * bands);
  else if (strcmp(layout, "mel_time") == 0) build_graph(b, w, 3, 4, (int32_t[]){ -1, c, bands, -1 }, c * bands);
  else if (strcmp(layout, "time_mel_3d") == 0) build_graph(b, w, 1, 3, (int32_t[]){ -1, -1, bands }, bands);
  else if (strcmp(layout, "mel_time_3d") == 0) build_graph(b, w, 2, 3, (int32_t[]){ -1, bands, -1 }, bands);
  else if (strcmp(layout, "waveform") == 0) build_graph(b, w, 1, 2, (int32_t[]){ -1, -1 }, 1);
  else build_graph(b, w, 2, 3, (int32_t[]){ -1, c, -1 }, c);
  assert_ok(ctx, aus_builder_finish(b, &bytes, size));
  aus_builder_destroy(b);
  return bytes;
}

static aus_model *open_small(aus_ctx *ctx, const want *w, void **bytes)
{
  size_t size;
  aus_model *m;
  *bytes = build(ctx, w, &size);
  assert_ok(ctx, aus_model_open_memory(ctx, *bytes, size, &m));
  return m;
}

static void close_small(aus_ctx *ctx, aus_model *m, void *bytes)
{
  aus_model_close(m);
  aus_free(ctx, bytes);
}

static void noise(uint64_t seed, int64_t n, float *x)
{
  aus_rng rng;
  aus_rng_init(&rng, seed, 0);
  for (int64_t i = 0; i < n; i++) x[i] = (float)(aus_rng_uniform(&rng) - 0.5) * (0.2f + 0.8f * (float)(i % 500) / 500);
}

/* ---- the same by hand ------------------------------------------------------------------------------ */

/* Scores of one patch of rows[rows][length]. */
static void by_hand(int rows, int64_t length, const float *image, double *sum)
{
  for (int k = 0; k < LABELS; k++) {
    double v = weight(1000 + k);
    for (int r = 0; r < rows; r++) {
      double mean = 0, top = -1e30;
      for (int64_t t = 0; t < length; t++) {
        mean += image[r * length + t] / (double)length;
        if (image[r * length + t] > top) top = image[r * length + t];
      }
      v += weight(k * 2 * rows + r) * mean + weight(k * 2 * rows + rows + r) * top;
    }
    sum[k] += 1 / (1 + exp(-v));
  }
}

/* image[channels bands][frames] of the whole input, from the floor below. */
static float *whole_image(aus_ctx *ctx, const want *w, int64_t samples, const float *x, int64_t *frames)
{
  const int c = w->stems ? w->stems : 1;
  float fb[BANDS * (N_FFT / 2 + 1)];
  aus_stft *stft;
  aus_bank *bank;
  const aus_stft_config config = { N_FFT, N_FFT, HOP, AUS_WINDOW_HANN, w->center ? AUS_CENTER_NONE : AUS_CENTER_REFLECT };
  assert_ok(ctx, aus_stft_create(ctx, &config, &stft));
  assert_ok(ctx, aus_mel_filterbank(ctx, RATE, N_FFT, BANDS, 0, RATE / 2.0, AUS_MEL_HTK, AUS_MEL_NORM_NONE, fb));
  assert_ok(ctx, aus_bank_create(ctx, BANDS, N_FFT / 2 + 1, fb, &bank));
  *frames = aus_stft_frames(stft, samples);
  const aus_log_config log = { .kind = w->log ? AUS_LOG_DB : AUS_LOG10_1P, .scale = 10, .amin = 1e-10, .top_db = w->top_db, .half = w->half };
  float *y = malloc(sizeof(float) * (size_t)(*frames * BANDS)), *image = malloc(sizeof(float) * (size_t)(*frames * BANDS * c));
  for (int k = 0; k < c; k++) {
    assert_ok(ctx, aus_stft_bands(stft, samples, x + k * samples, 0, *frames, 2, bank, &log, y));
    for (int64_t t = 0; t < *frames; t++)
      for (int m = 0; m < BANDS; m++) image[(k * BANDS + m) * *frames + t] = y[t * BANDS + m];
  }
  free(y);
  aus_bank_destroy(ctx, bank);
  aus_stft_destroy(stft);
  return image;
}

static void expected(aus_ctx *ctx, const want *w, int64_t samples, const float *x, int64_t count, const int64_t *start, double *score)
{
  const int rows = BANDS * (w->stems ? w->stems : 1), length = w->patch ? w->patch : 10;
  int64_t frames;
  float *image = whole_image(ctx, w, samples, x, &frames), *patch = malloc(sizeof(float) * (size_t)(rows * length));
  for (int k = 0; k < LABELS; k++) score[k] = 0;
  for (int64_t j = 0; j < count; j++) {
    for (int r = 0; r < rows; r++)
      for (int t = 0; t < length; t++) patch[r * length + t] = start[j] + t < frames ? image[r * frames + start[j] + t] : 0; /* log10(1 + 0) */
    by_hand(rows, length, patch, score);
  }
  for (int k = 0; k < LABELS; k++) score[k] /= (double)count;
  free(patch);
  free(image);
}

static void compare_with_hand(const want *w, int64_t samples, int64_t count, const int64_t *start)
{
  aus_ctx *ctx = test_ctx(2);
  void *bytes;
  const int c = w->stems ? w->stems : 1;
  float *x = malloc(sizeof(float) * (size_t)(samples * c)), y[LABELS];
  double score[LABELS];
  noise(1, samples * c, x);
  aus_model *m = open_small(ctx, w, &bytes);
  assert_ok(ctx, aus_model_predict(m, 1, samples, x, y));
  expected(ctx, w, samples, x, count, start, score);
  for (int k = 0; k < LABELS; k++) assert_near(y[k], score[k], 1e-6);
  close_small(ctx, m, bytes);
  free(x);
  aus_ctx_destroy(ctx);
}

/* 405 samples: 1 + 405/16 = 26 frames. */
static void patches_are_cut_as_the_metadata_say(void **state)
{
  (void)state;
  compare_with_hand(&(want){0}, 405, 2, (int64_t[]){ 0, 10 });
  compare_with_hand(&(want){ .tail = "pad" }, 405, 3, (int64_t[]){ 0, 10, 20 });
  compare_with_hand(&(want){ .tail = "overlap" }, 405, 3, (int64_t[]){ 0, 10, 16 });
  compare_with_hand(&(want){ .hop = 7 }, 405, 3, (int64_t[]){ 0, 7, 14 });
  compare_with_hand(&(want){ .hop = 7, .tail = "overlap" }, 405, 4, (int64_t[]){ 0, 7, 14, 16 });
  compare_with_hand(&(want){ .patch = 26 }, 405, 1, (int64_t[]){ 0 });
  compare_with_hand(&(want){ .patch = 26, .tail = "pad" }, 405, 1, (int64_t[]){ 0 });
  compare_with_hand(&(want){ .center = "none" }, 405, 2, (int64_t[]){ 0, 10 });
}

static void layouts_stems_and_logarithms(void **state)
{
  static const char *const layouts[] = { "time_mel", "mel_time", "time_mel_3d", "mel_time_3d" };
  (void)state;
  for (int i = 0; i < 4; i++) compare_with_hand(&(want){ .layout = layouts[i] }, 405, 2, (int64_t[]){ 0, 10 });
  for (int i = 0; i < 2; i++) compare_with_hand(&(want){ .layout = layouts[i], .stems = 2 }, 405, 2, (int64_t[]){ 0, 10 });
  compare_with_hand(&(want){ .half = 1 }, 405, 2, (int64_t[]){ 0, 10 });
  compare_with_hand(&(want){ .log = "db", .top_db = 9 }, 405, 2, (int64_t[]){ 0, 10 });
}

static void short_input_is_repeated_or_followed_by_silence(void **state)
{
  (void)state;
  aus_ctx *ctx = test_ctx(1);
  float x[400], twice[400], y[LABELS], z[LABELS];
  void *bytes;
  noise(1, 60, x);
  for (int repeat = 0; repeat < 2; repeat++)
    for (int n = 1; n <= 60; n += n == 1 ? 59 : 1) {
      aus_model *m = open_small(ctx, &(want){ .shorts = repeat ? "repeat" : "zero", .patch_samples = 300 }, &bytes);
      assert_int_equal(aus_model_describe(m)->patch_samples, 300);
      for (int t = 0; t < 300; t++) twice[t] = repeat ? x[t % n] : t < n ? x[t] : 0;
      assert_ok(ctx, aus_model_predict(m, 1, n, x, y));
      assert_ok(ctx, aus_model_predict(m, 1, 300, twice, z));
      assert_memory_equal(y, z, sizeof y);
      close_small(ctx, m, bytes);
    }
  aus_ctx_destroy(ctx);
}

/* ---- mixes ------------------------------------------------------------------------------------------------ */

typedef struct family { aus_mixes mixes; aus_part part[80]; float *block; int c; } family;

/* n parts, some over everything and some short, an `off` when asked for, and their whole. */
static void make_family(family *f, int n, int64_t samples, int channels, bool off, bool local)
{
  const int64_t one = samples * channels;
  f->c = channels;
  f->block = calloc((size_t)(one * (n + 2)), sizeof(float));
  float *whole = f->block, *base = f->block + one, *at = base + one;
  if (off) noise(99, one, base);
  memcpy(whole, base, sizeof(float) * (size_t)one);
  for (int p = 0; p < n; p++) {
    const bool piece = local || p % 3 == 2;
    const int64_t begin = piece ? samples * p / (n + 1) : 0, end = piece ? begin + samples / (local ? n : 3) + 1 : samples;
    const int64_t e = end < samples ? end : samples;
    noise((uint64_t)p, (e - begin) * channels, at);
    for (int64_t i = 0; i < (e - begin) * channels; i++) at[i] *= 2.0f / (float)n;
    for (int c = 0; c < channels; c++)
      for (int64_t t = begin; t < e; t++) whole[c * samples + t] += at[c * (e - begin) + t - begin];
    f->part[p] = (aus_part){ at, begin, e };
    at += (e - begin) * channels;
  }
  f->mixes = (aus_mixes){ .samples = samples, .n_parts = n, .part = f->part, .off = off ? base : NULL, .whole = whole };
}

static void rows_of(int n, int rows, uint8_t *z)
{
  aus_rng rng;
  aus_rng_init(&rng, 5, 0);
  for (int i = 0; i < rows * n; i++) z[i] = (uint8_t)aus_rng_below(&rng, 2);
  for (int i = 0; i < n; i++) { z[i] = 1; z[n + i] = 0; z[(rows - 1) * n + i] = z[2 * n + i]; }
}

/* Each row against predict of its waveform; the row of all parts and equal rows to the bit; all for 1, 2, 3 threads. */
static void compare_mixes(const want *w, int n, int64_t samples, bool off, bool local)
{
  enum { ROWS = 37 };
  float first[ROWS][LABELS];
  uint8_t *z = malloc((size_t)(ROWS * n));
  family f;
  make_family(&f, n, samples, w->stems ? w->stems : 1, off, local);
  rows_of(n, ROWS, z);
  for (int threads = 1; threads <= 3; threads++) {
    aus_ctx *ctx = test_ctx(threads);
    void *bytes;
    aus_model *m = open_small(ctx, w, &bytes);
    float y[ROWS][LABELS], direct[LABELS], *x = malloc(sizeof(float) * (size_t)(samples * f.c));
    assert_ok(ctx, aus_model_predict_mixes(m, &f.mixes, ROWS, z, y[0]));
    for (int i = 0; i < ROWS; i++) {
      aus_mixes_compose(&f.mixes, f.c, z + i * n, 0, samples, x);
      assert_ok(ctx, aus_model_predict(m, 1, samples, x, direct));
      for (int k = 0; k < LABELS; k++) assert_near(y[i][k], direct[k], 2e-5);
      if (i == 0) assert_memory_equal(y[0], direct, sizeof direct); /* all on: the input itself */
    }
    assert_memory_equal(y[ROWS - 1], y[2], sizeof y[2]);
    float alone[LABELS]; /* a row has the same bits in any company */
    assert_ok(ctx, aus_model_predict_mixes(m, &f.mixes, 1, z + 5 * n, alone));
    assert_memory_equal(alone, y[5], sizeof alone);
    if (threads == 1) memcpy(first, y, sizeof y);
    else assert_memory_equal(first, y, sizeof y);
    free(x);
    close_small(ctx, m, bytes);
    aus_ctx_destroy(ctx);
  }
  free(f.block);
  free(z);
}

static void mixes_equal_composed_waveforms(void **state)
{
  (void)state;
  compare_mixes(&(want){0}, 5, 2000, false, false);
  compare_mixes(&(want){0}, 5, 2000, true, false);
  compare_mixes(&(want){ .tail = "pad" }, 5, 1991, false, false);
  compare_mixes(&(want){ .tail = "overlap", .center = "none", .hop = 3 }, 4, 1991, true, false);
  compare_mixes(&(want){0}, 20, 4000, false, true);  /* short pieces: rows that sound alike in a patch are one */
  compare_mixes(&(want){0}, 80, 2000, true, false);  /* so many parts that rows are composed as waveforms */
  compare_mixes(&(want){ .log = "db", .top_db = 20 }, 5, 2000, false, false);
  compare_mixes(&(want){ .log = "db", .top_db = 20 }, 80, 2000, true, false);
  compare_mixes(&(want){ .stems = 2, .layout = "mel_time" }, 5, 2000, true, false);
  compare_mixes(&(want){ .kind = "stft" }, 5, 2000, false, false);
  compare_mixes(&(want){ .patch = -1 }, 5, 777, false, false); /* one patch of any length */
  compare_mixes(&(want){ .kind = "waveform", .layout = "waveform", .patch_samples = 300, .tail = "pad" }, 5, 2000, true, false);
  compare_mixes(&(want){ .kind = "waveform", .layout = "waveform_3d", .patch_samples = 300, .stems = 2 }, 20, 2000, true, true);
  compare_mixes(&(want){ .shorts = "repeat" }, 5, 50, true, false); /* shorter than a patch */
  compare_mixes(&(want){0}, 5, 1, false, false);
}

/* ---- the rest ------------------------------------------------------------------------------------------------ */

static void the_description_says_what_it_takes(void **state)
{
  (void)state;
  aus_ctx *ctx = test_ctx(1);
  void *bytes;
  aus_model *m = open_small(ctx, &(want){ .stems = 2 }, &bytes);
  const aus_model_info *i = aus_model_describe(m);
  assert_string_equal(i->name, "small");
  assert_int_equal(i->sample_rate, RATE);
  assert_int_equal(i->channels, 2);
  assert_string_equal(i->channel_names[1], "voice");
  assert_string_equal(i->targets[2], "high");
  assert_int_equal(i->score_kind, AUS_SCORE_PROBABILITY);
  assert_string_equal(i->front_end, "log-mel 8 x 10, 8 kHz, n_fft 64, hop 16");
  assert_int_equal(strlen(i->sha256), 64);
  close_small(ctx, m, bytes);
  m = open_small(ctx, &(want){ .no_labels = 1 }, &bytes);
  assert_int_equal(aus_model_describe(m)->n_targets, LABELS);
  assert_string_equal(aus_model_describe(m)->targets[2], "2");
  close_small(ctx, m, bytes);
  aus_ctx_destroy(ctx);
}

static void what_cannot_be_is_refused(void **state)
{
  static const struct { want w; aus_status status; const char *text; } cases[] = {
    { { .kind = "none" }, AUS_ENOTSUP, "does not take sound" }, { { .layout = "sideways" }, AUS_ENOTSUP, "'sideways'" },
    { { .tail = "wag" }, AUS_ENOTSUP, "'wag'" }, { { .layout = "waveform" }, AUS_EFORMAT, "does not go with" },
    { { .layout = "time_mel_3d", .stems = 2 }, AUS_EFORMAT, "no place for 2 stems" }, { { .log = "log2" }, AUS_ENOTSUP, "'log2'" },
    { { .hop = -3 }, AUS_EFORMAT, "patch_hop_frames is -3" },
  };
  (void)state;
  aus_ctx *ctx = test_ctx(1);
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    size_t size;
    aus_model *m;
    void *bytes = build(ctx, &cases[i].w, &size);
    assert_int_equal(aus_model_open_memory(ctx, bytes, size, &m), cases[i].status);
    if (!strstr(aus_ctx_error(ctx), cases[i].text)) fail_msg("'%s' does not say '%s'", aus_ctx_error(ctx), cases[i].text);
    assert_null(m);
    aus_free(ctx, bytes);
  }
  aus_ctx_destroy(ctx);
}

static void the_spectrogram_is_the_models_own(void **state)
{
  (void)state;
  aus_ctx *ctx = test_ctx(2);
  void *bytes;
  float x[405];
  int64_t frames;
  noise(1, 405, x);
  const want w = { .log = "db", .top_db = 9 };
  aus_model *m = open_small(ctx, &w, &bytes);
  float *image = whole_image(ctx, &w, 405, x, &frames);
  aus_spectrogram s;
  assert_ok(ctx, aus_model_spectrogram(m, 405, x, &s));
  assert_int_equal(s.frames, frames);
  assert_int_equal(s.bands, BANDS);
  assert_near(s.hop_seconds, 0.002, 1e-12);
  assert_string_equal(s.unit, "10 log10 power");
  assert_memory_equal(s.image, image, sizeof(float) * (size_t)(frames * BANDS));
  for (int i = 1; i < BANDS; i++) assert_true(s.hz[i] > s.hz[i - 1]);
  aus_model_spectrogram_free(m, &s);
  free(image);
  close_small(ctx, m, bytes);
  m = open_small(ctx, &(want){ .kind = "waveform", .layout = "waveform" }, &bytes);
  assert_int_equal(aus_model_spectrogram(m, 405, x, &s), AUS_ENOTSUP);
  close_small(ctx, m, bytes);
  aus_ctx_destroy(ctx);
}

static void silence_scores_something_finite(void **state)
{
  (void)state;
  aus_ctx *ctx = test_ctx(2);
  void *bytes;
  float *x = calloc(5000, sizeof *x), y[LABELS];
  static const char *const forms[] = { "log10_1p", "db", "db_power2", "ln_offset", "ln_max" };
  for (int i = 0; i < 5; i++) {
    aus_model *m = open_small(ctx, &(want){ .log = forms[i], .top_db = 80 }, &bytes);
    for (int n = 1; n <= 5000; n += 4999) assert_ok(ctx, aus_model_predict(m, 1, n, x, y));
    close_small(ctx, m, bytes);
  }
  free(x);
  aus_ctx_destroy(ctx);
}

/* ---- memory ---------------------------------------------------------------------------------------------------- */

/* Ten times the sound needs the same. */
static void memory_does_not_grow_with_the_sound(void **state)
{
  (void)state;
  int64_t peak[2];
  const int64_t samples[] = { RATE * 20, RATE * 200 };
  float *x = calloc((size_t)samples[1], sizeof *x), y[LABELS];
  noise(3, samples[1], x);
  for (int i = 0; i < 2; i++) {
    meter me = { .left = -1 };
    aus_ctx *ctx = meter_ctx(&me);
    void *bytes;
    aus_model *m = open_small(ctx, &(want){ .log = "db", .top_db = 80 }, &bytes);
    me.peak = me.now;
    assert_ok(ctx, aus_model_predict(m, 1, samples[i], x, y));
    peak[i] = me.peak;
    close_small(ctx, m, bytes);
    aus_ctx_destroy(ctx);
    assert_int_equal(me.now, 0);
  }
  assert_int_equal(peak[0], peak[1]);
  free(x);
}

typedef struct small_model { void *bytes; size_t size; family f; } small_model;

static aus_status open_and_ask(aus_ctx *ctx, void *arg)
{
  static const uint8_t z[][3] = { { 1, 1, 1 }, { 0, 1, 0 }, { 1, 0, 0 } };
  const small_model *s = arg;
  aus_model *m;
  float y[3][LABELS];
  aus_spectrogram picture;
  AUS_TRY(aus_model_open_memory(ctx, s->bytes, s->size, &m));
  aus_status status = aus_model_predict(m, 1, 100, s->f.mixes.whole, y[0]);
  if (status == AUS_OK) status = aus_model_predict_mixes(m, &s->f.mixes, 3, z[0], y[0]);
  if (status == AUS_OK) status = aus_model_spectrogram(m, 100, s->f.mixes.whole, &picture);
  if (status == AUS_OK) aus_model_spectrogram_free(m, &picture);
  aus_model_close(m);
  return status;
}

static void no_memory_no_leak(void **state)
{
  (void)state;
  aus_ctx *plain = test_ctx(1);
  const want w = { .log = "db", .top_db = 30, .stems = 2, .layout = "mel_time", .shorts = "repeat" };
  small_model s;
  s.bytes = build(plain, &w, &s.size);
  make_family(&s.f, 3, 100, 2, true, false);
  assert_true(oom_sweep("a model", open_and_ask, &s) > 20);
  free(s.f.block);
  aus_free(plain, s.bytes);
  aus_ctx_destroy(plain);
}

/* ---- stopping -------------------------------------------------------------------------------------------------------- */

static int stop_at_once(void *user, const char *phase, int64_t done, int64_t total)
{
  (void)phase;
  assert_true(done > 0 && done <= total);
  ++*(int *)user;
  return 1;
}

static void long_work_can_be_stopped(void **state)
{
  (void)state;
  int calls = 0;
  const aus_config config = { .threads = 2, .progress = stop_at_once, .user = &calls };
  aus_ctx *ctx;
  assert_int_equal(aus_ctx_create(&ctx, &config), AUS_OK);
  void *bytes;
  aus_model *m = open_small(ctx, &(want){0}, &bytes);
  float *x = calloc(RATE * 20, sizeof *x), y[LABELS];
  assert_int_equal(aus_model_predict(m, 1, RATE * 20, x, y), AUS_ECANCELED);
  assert_int_equal(calls, 1);
  free(x);
  close_small(ctx, m, bytes);
  aus_ctx_destroy(ctx);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(patches_are_cut_as_the_metadata_say),
    cmocka_unit_test(layouts_stems_and_logarithms),
    cmocka_unit_test(short_input_is_repeated_or_followed_by_silence),
    cmocka_unit_test(mixes_equal_composed_waveforms),
    cmocka_unit_test(the_description_says_what_it_takes),
    cmocka_unit_test(what_cannot_be_is_refused),
    cmocka_unit_test(the_spectrogram_is_the_models_own),
    cmocka_unit_test(silence_scores_something_finite),
    cmocka_unit_test(memory_does_not_grow_with_the_sound),
    cmocka_unit_test(no_memory_no_leak),
    cmocka_unit_test(long_work_can_be_stopped),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
