/* test_sep.c - whatever the separator, stems and residual are the input; folders of stems; networks in patches. */
#include "oom.h"
#include "test.h"

#include <auscult/sep.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "dsp/spec.h"
#include "format/writer.h"
#include "nn/op.h"

static aus_audio make_sound(int channels, int64_t frames, int rate, uint64_t seed)
{
  aus_audio a = { .data = malloc(sizeof(float) * (size_t)channels * (size_t)frames), .frames = frames, .channels = channels, .rate = rate };
  aus_rng rng;
  aus_rng_init(&rng, seed, 0);
  for (int64_t t = 0; t < channels * frames; t++) {
    const int64_t i = t % frames;
    a.data[t] = (float)(0.3 * sin(0.05 * (double)i) + (i % 4000 < 40 ? 0.5 : 0.0) + 0.1 * (aus_rng_uniform(&rng) - 0.5));
  }
  return a;
}

static void assert_sums(const aus_audio *in, const aus_stems *s)
{
  double peak = 0, worst = 0;
  for (int64_t t = 0; t < in->channels * in->frames; t++) {
    double sum = 0;
    for (int32_t i = 0; i < s->n; i++) sum += s->stem[i].data[t];
    peak = fmax(peak, fabs(in->data[t]));
    worst = fmax(worst, fabs(sum - in->data[t]));
  }
  if (!(worst <= 1e-6 * peak)) fail_msg("stems miss the input by %.3g of a peak of %.3g", worst, peak);
}

static double energy(const aus_audio *a)
{
  double e = 0;
  for (int64_t t = 0; t < a->channels * a->frames; t++) e += a->data[t] * a->data[t];
  return e;
}

static void hpss(void **state)
{
  (void)state;
  aus_ctx *ctx = test_ctx(1);
  aus_separator *s;
  assert_ok(ctx, aus_separator_hpss(ctx, NULL, &s));
  assert_int_equal(aus_separator_describe(s)->n_stems, 2);
  for (int channels = 1; channels <= 3; channels++) {
    aus_audio in = make_sound(channels, 22050, 22050, 7);
    aus_stems stems;
    assert_ok(ctx, aus_separator_run(s, &in, 1, &stems));
    assert_int_equal(stems.n, 3);
    assert_string_equal(stems.name[0], "harmonic");
    assert_string_equal(stems.name[2], "residual");
    assert_sums(&in, &stems);
    const double all = energy(&in); /* the tone is most of it, the hits the next */
    assert_true(energy(&stems.stem[0]) > 0.5 * all);
    assert_true(energy(&stems.stem[1]) > 0.005 * all && energy(&stems.stem[1]) < 0.5 * all);
    assert_true(energy(&stems.stem[2]) > 0.001 * all);
    aus_stems_free(ctx, &stems);
    free(in.data);
  }
  for (int64_t frames = 1; frames < 3; frames++) { /* one sample, and silence */
    aus_audio in = make_sound(1, frames, 8000, 1);
    if (frames == 2) memset(in.data, 0, 2 * sizeof(float));
    aus_stems stems;
    assert_ok(ctx, aus_separator_run(s, &in, 1, &stems));
    assert_sums(&in, &stems);
    aus_stems_free(ctx, &stems);
    free(in.data);
  }
  aus_separator_close(s);
  aus_ctx_destroy(ctx);
}

/* Two tones in turn: each gets an atom of its own, the lower one first; mono and stereo, one sample, silence; any threads. */
static void nmf(void **state)
{
  (void)state;
  enum { RATE = 8000, N = 16000 };
  float *alone[2] = { malloc(N * sizeof(float)), malloc(N * sizeof(float)) };
  for (int threads = 1; threads <= 3; threads++) {
    aus_ctx *ctx = test_ctx(threads);
    aus_separator *s;
    assert_ok(ctx, aus_separator_nmf(ctx, 2, 5, &s));
    for (int channels = 1; channels <= 2; channels++) {
      aus_audio in = { .data = malloc(sizeof(float) * (size_t)channels * N), .frames = N, .channels = channels, .rate = RATE };
      for (int c = 0; c < channels; c++)
        for (int t = 0; t < N; t++) in.data[c * N + t] = (float)((c ? 0.5 : 0.25) * (t / 4000 % 2 ? sin(2 * M_PI * 1500 / RATE * t) : sin(2 * M_PI * 400 / RATE * t)));
      aus_stems stems;
      assert_ok(ctx, aus_separator_run(s, &in, 1, &stems));
      assert_string_equal(stems.name[1], "atom2");
      assert_sums(&in, &stems);
      const double rest = energy(&stems.stem[2]);
      assert_true(rest < 1e-9 * energy(&in));
      for (int k = 0; k < 2; k++) { /* in its own turn an atom is the tone, in the other's next to nothing */
        double own = 0, other = 0;
        for (int t = 400; t < N; t++) {
          const double e = stems.stem[k].data[t] * stems.stem[k].data[t];
          if (t % 4000 < 400 || t % 4000 > 3600) continue;
          if (t / 4000 % 2 == k) own += e; else other += e;
        }
        assert_true(own > 1 && other < 1e-3 * own);
        if (threads == 1 && channels == 1) memcpy(alone[k], stems.stem[k].data, N * sizeof(float));
        if (channels == 1) assert_memory_equal(stems.stem[k].data, alone[k], N * sizeof(float));
      }
      aus_stems_free(ctx, &stems);
      memset(in.data, 0, sizeof(float) * N * (size_t)channels);
      assert_ok(ctx, aus_separator_run(s, &in, 1, &stems));
      assert_true(energy(&stems.stem[0]) == 0);
      aus_stems_free(ctx, &stems);
      in.frames = 1;
      in.data[0] = 0.5f;
      assert_ok(ctx, aus_separator_run(s, &in, 1, &stems));
      assert_sums(&in, &stems);
      aus_stems_free(ctx, &stems);
      free(in.data);
    }
    aus_separator_close(s);
    assert_int_equal(aus_separator_nmf(ctx, 0, 0, &s), AUS_EINVAL);
    assert_int_equal(aus_separator_nmf(ctx, 257, 0, &s), AUS_EINVAL);
    aus_ctx_destroy(ctx);
  }
  free(alone[0]);
  free(alone[1]);
}

/* ---- folders ---------------------------------------------------------------------------------- */

static char folder[64];

static void write_stem(aus_ctx *ctx, const char *name, const aus_audio *a)
{
  char path[160];
  snprintf(path, sizeof path, "%s/%s", folder, name);
  assert_ok(ctx, aus_audio_write_wav(ctx, path, a, AUS_WAV_FLOAT32, 1));
}

static void write_text(const char *name, const char *text)
{
  char path[160];
  snprintf(path, sizeof path, "%s/%s", folder, name);
  FILE *f = fopen(path, "w");
  assert_non_null(f);
  fputs(text, f);
  fclose(f);
}

static void remove_file(const char *name)
{
  char path[160];
  snprintf(path, sizeof path, "%s/%s", folder, name);
  unlink(path);
}

static void folders(void **state)
{
  (void)state;
  aus_ctx *ctx = test_ctx(1);
  aus_stems stems;
  snprintf(folder, sizeof folder, "/tmp/aus-stems-XXXXXX");
  assert_non_null(mkdtemp(folder));
  assert_int_equal(aus_stems_load(ctx, "/nowhere/at/all", NULL, NULL, &stems), AUS_EIO);
  assert_int_equal(aus_stems_load(ctx, folder, NULL, NULL, &stems), AUS_EFORMAT);
  assert_non_null(strstr(aus_ctx_error(ctx), "no stem in"));
  aus_audio a = make_sound(2, 500, 8000, 1), b = make_sound(2, 500, 8000, 2), short_one = make_sound(2, 499, 8000, 3);
  write_stem(ctx, "vocals.wav", &a);
  write_stem(ctx, "bass.WAV", &b);
  write_text("notes.txt", "not a sound");
  write_text(".hidden.wav", "not a sound either");
  assert_ok(ctx, aus_stems_load(ctx, folder, NULL, &a, &stems));
  assert_int_equal(stems.n, 2);
  assert_string_equal(stems.name[0], "bass");
  assert_string_equal(stems.name[1], "vocals");
  assert_memory_equal(stems.stem[1].data, a.data, 1000 * sizeof(float));
  aus_stems_free(ctx, &stems);
  const aus_audio_range part = { .offset = 0.01, .duration = 0.02 };
  assert_ok(ctx, aus_stems_load(ctx, folder, &part, NULL, &stems));
  assert_int_equal(stems.stem[0].frames, 160);
  aus_stems_free(ctx, &stems);
  write_stem(ctx, "drums.wav", &short_one);
  assert_int_equal(aus_stems_load(ctx, folder, NULL, NULL, &stems), AUS_EFORMAT);
  assert_non_null(strstr(aus_ctx_error(ctx), "drums.wav has 499 samples"));
  write_text("drums.wav", "RIFF but no");
  assert_int_equal(aus_stems_load(ctx, folder, NULL, NULL, &stems), AUS_EFORMAT);
  assert_non_null(strstr(aus_ctx_error(ctx), "stem drums.wav"));
  assert_int_equal(stems.n, 0);
  remove_file("drums.wav");
  short_one.rate = 44100;
  short_one.frames = 499;
  write_stem(ctx, "drums.wav", &short_one);
  assert_int_equal(aus_stems_load(ctx, folder, NULL, NULL, &stems), AUS_EFORMAT);
  assert_non_null(strstr(aus_ctx_error(ctx), "44100 Hz"));
  write_stem(ctx, "drums.wav", &a);
  write_stem(ctx, "drums.WAV", &a);
  assert_int_equal(aus_stems_load(ctx, folder, NULL, NULL, &stems), AUS_EFORMAT);
  assert_non_null(strstr(aus_ctx_error(ctx), "two stems"));
  const char *const all[6] = { "vocals.wav", "bass.WAV", "notes.txt", ".hidden.wav", "drums.wav", "drums.WAV" };
  for (int i = 0; i < 6; i++) remove_file(all[i]);
  rmdir(folder);
  free(a.data);
  free(b.data);
  free(short_one.data);
  aus_ctx_destroy(ctx);
}

/* ---- networks ----------------------------------------------------------------------------------- */

enum { BINS = 33, HOP = 16, N_FFT = 64, RATE = 8000 };

static const char *const two[2] = { "low", "high" };

static aus_builder *begin_separator(aus_ctx *ctx, const char *frontend, const char *gives, const char *layout, int stems)
{
  aus_builder *b;
  assert_ok(ctx, aus_builder_create(ctx, &b));
  aus_builder_string(b, "kind", "separator");
  aus_builder_string(b, "name", "tiny");
  aus_builder_string(b, "frontend", frontend);
  aus_builder_string(b, "frontend.layout", layout);
  aus_builder_string(b, "separator.gives", gives);
  aus_builder_integer(b, "frontend.rate", RATE);
  aus_builder_strings(b, "labels", stems, two);
  if (strcmp(frontend, "stft") == 0) {
    aus_builder_integer(b, "frontend.n_fft", N_FFT);
    aus_builder_integer(b, "frontend.hop", HOP);
  }
  return b;
}

static aus_separator *end_separator(aus_ctx *ctx, aus_builder *b, int32_t output, void **bytes)
{
  size_t size;
  aus_separator *s = NULL;
  aus_builder_output(b, output);
  assert_ok(ctx, aus_builder_finish(b, bytes, &size));
  aus_builder_destroy(b);
  assert_ok(ctx, aus_separator_open_memory(ctx, *bytes, size, &s));
  return s;
}

/* low = 0.75 x, high = 0.25 x: patches of 1000 samples must leave no trace. */
static void wave_network(void **state)
{
  (void)state;
  for (int stereo = 0; stereo < 2; stereo++) {
    aus_ctx *ctx = test_ctx(1);
    void *bytes;
    aus_builder *b = begin_separator(ctx, "waveform", "wave", "waveform_3d", 2);
    aus_builder_integer(b, "frontend.patch_samples", 1000);
    const int32_t in_dim[3] = { 1, stereo + 1, -1 }, gain_dim[3] = { 1, 2, 1 };
    const float gain[2] = { 0.75f, 0.25f };
    int32_t x = aus_builder_input(b, "x", 3, in_dim);
    if (stereo) { /* stem-major: [low left, low right, high left, high right] */
      const aus_word axis = { .i = 1 };
      const float half[4] = { 0.75f, 0.75f, 0.25f, 0.25f };
      const int32_t half_dim[3] = { 1, 4, 1 };
      x = aus_builder_node(b, AUS_OP_concat, "twice", 2, (int32_t[]){ x, x }, 1, 1, &axis);
      x = aus_builder_node(b, AUS_OP_mul, "y", 2, (int32_t[]){ x, aus_builder_param(b, "gain", 3, half_dim, half) }, 1, 0, NULL);
    } else {
      x = aus_builder_node(b, AUS_OP_mul, "y", 2, (int32_t[]){ x, aus_builder_param(b, "gain", 3, gain_dim, gain) }, 1, 0, NULL);
    }
    aus_separator *s = end_separator(ctx, b, x, &bytes);
    for (int channels = 1; channels <= 3; channels++) {
      const int64_t lengths[5] = { 1, 999, 1000, 1001, 4567 };
      for (int k = 0; k < 5; k++) {
        aus_audio in = make_sound(channels, lengths[k], RATE, 5);
        aus_stems out;
        assert_ok(ctx, aus_separator_run(s, &in, 0, &out));
        assert_int_equal(out.n, 2);
        for (int64_t t = 0; t < channels * lengths[k]; t++) {
          assert_near(out.stem[0].data[t], 0.75 * in.data[t], 1e-6);
          assert_near(out.stem[1].data[t], 0.25 * in.data[t], 1e-6);
        }
        aus_stems_free(ctx, &out);
        free(in.data);
      }
    }
    aus_separator_close(s);
    aus_free(ctx, bytes);
    aus_ctx_destroy(ctx);
  }
}

/* A sound at another rate comes back at its own, as long as it was, and sums up with its residual. */
static void other_rate(void **state)
{
  (void)state;
  aus_ctx *ctx = test_ctx(1);
  void *bytes;
  aus_builder *b = begin_separator(ctx, "waveform", "wave", "waveform", 1);
  const int32_t in_dim[2] = { 1, -1 };
  const int32_t x = aus_builder_input(b, "x", 2, in_dim);
  aus_separator *s = end_separator(ctx, b, aus_builder_node(b, AUS_OP_neg, "y", 1, &x, 1, 0, NULL), &bytes);
  const int rates[3] = { 44100, 8000, 11025 };
  for (int k = 0; k < 3; k++) {
    aus_audio in = make_sound(1, 5001, rates[k], 5);
    for (int64_t t = 0; t < in.frames; t++) in.data[t] = (float)sin(6.28318530718 * 440 * (double)t / rates[k]);
    aus_stems out;
    assert_ok(ctx, aus_separator_run(s, &in, 1, &out));
    assert_int_equal(out.stem[0].frames, 5001);
    assert_int_equal(out.stem[0].rate, rates[k]);
    for (int64_t t = 1000; t < 4000; t++) assert_near(out.stem[0].data[t], -in.data[t], 2e-3);
    assert_sums(&in, &out);
    aus_stems_free(ctx, &out);
    free(in.data);
  }
  aus_separator_close(s);
  aus_free(ctx, bytes);
  aus_ctx_destroy(ctx);
}

/* The same mask applied to the whole spectrogram at once. */
static void reference_mask(aus_ctx *ctx, const aus_audio *in, const float *mask, float *y)
{
  const aus_stft_config config = { N_FFT, N_FFT, HOP, AUS_WINDOW_HANN, AUS_CENTER_REFLECT };
  aus_stft *stft;
  assert_ok(ctx, aus_stft_create(ctx, &config, &stft));
  const int64_t frames = aus_stft_frames(stft, in->frames);
  float *re = malloc(sizeof(float) * (size_t)frames * BINS), *im = malloc(sizeof(float) * (size_t)frames * BINS);
  assert_ok(ctx, aus_stft_forward(stft, in->frames, in->data, re, im));
  for (int64_t i = 0; i < frames * BINS; i++) {
    re[i] *= mask[i % BINS];
    im[i] *= mask[i % BINS];
  }
  assert_ok(ctx, aus_stft_inverse(stft, in->frames, re, im, y));
  free(re);
  free(im);
  aus_stft_destroy(stft);
}

/* mask = 0 x + m, the same for every frame: patches, overlap and tiles must leave no trace; in all layouts. */
static void spectral_network(void **state)
{
  (void)state;
  float mask[2 * BINS], zero = 0;
  for (int i = 0; i < BINS; i++) mask[BINS + i] = 1 - (mask[i] = i < 10 ? 1.0f : 0.25f);
  const struct { const char *layout, *gives; int rank; int32_t in[4], by[4]; int reduce; } cases[4] = {
    { "time_freq", "mask", 4, { 1, 1, -1, BINS }, { 1, 2, 1, BINS }, 0 },
    { "freq_time", "mask", 4, { 1, 1, BINS, -1 }, { 1, 2, BINS, 1 }, 0 },
    { "time_freq", "spectrum", 4, { 1, 1, -1, BINS }, { 1, 2, 1, BINS }, 1 },
    { "freq_time_complex", "spectrum", 4, { 1, BINS, -1, 2 }, { 1, BINS, 1, 1 }, 2 },
  };
  for (int c = 0; c < 4; c++)
    for (int threads = 1; threads <= 3; threads += 2) {
      aus_ctx *ctx = test_ctx(threads);
      void *bytes;
      const int stems = cases[c].reduce == 2 ? 1 : 2;
      const int32_t one[4] = { 1, 1, 1, 1 };
      aus_builder *b = begin_separator(ctx, "stft", cases[c].gives, cases[c].layout, stems);
      aus_builder_integer(b, "frontend.patch_frames", 50);
      int32_t x = aus_builder_input(b, "x", cases[c].rank, cases[c].in);
      const int32_t m = aus_builder_param(b, "m", cases[c].rank, cases[c].by, mask);
      if (cases[c].reduce) x = aus_builder_node(b, AUS_OP_mul, "y", 2, (int32_t[]){ x, m }, 1, 0, NULL);
      else {
        x = aus_builder_node(b, AUS_OP_mul, "none", 2, (int32_t[]){ x, aus_builder_param(b, "zero", 4, one, &zero) }, 1, 0, NULL);
        x = aus_builder_node(b, AUS_OP_add, "y", 2, (int32_t[]){ x, m }, 1, 0, NULL);
      }
      aus_separator *s = end_separator(ctx, b, x, &bytes);
      const int64_t lengths[4] = { 1, 700, 9000, 20011 };
      for (int k = 0; k < 4; k++) {
        aus_audio in = make_sound(1, lengths[k], RATE, 9);
        float *expected = malloc(sizeof(float) * (size_t)lengths[k]);
        aus_stems out;
        assert_ok(ctx, aus_separator_run(s, &in, 1, &out));
        for (int i = 0; i < stems; i++) {
          reference_mask(ctx, &in, mask + i * BINS, expected);
          for (int64_t t = 0; t < lengths[k]; t++) assert_near(out.stem[i].data[t], expected[t], 2e-6);
        }
        assert_sums(&in, &out);
        aus_stems_free(ctx, &out);
        free(expected);
        free(in.data);
      }
      aus_separator_close(s);
      aus_free(ctx, bytes);
      aus_ctx_destroy(ctx);
    }
}

/* A streaming network: frame t has mask 0.001 (t + 1), counted by its state. */
static void states_are_carried(void **state)
{
  (void)state;
  aus_ctx *ctx = test_ctx(1);
  void *bytes;
  aus_builder *b = begin_separator(ctx, "stft", "mask", "time_freq_3d", 1);
  const int32_t in[3] = { 1, 1, BINS }, one[3] = { 1, 1, 1 };
  const float zero = 0, step = 0.001f;
  const int32_t x = aus_builder_input(b, "x", 3, in), count = aus_builder_input(b, "count", 3, in);
  const int32_t next = aus_builder_node(b, AUS_OP_add, "next", 2, (int32_t[]){ count, aus_builder_param(b, "step", 3, one, &step) }, 1, 0, NULL);
  const int32_t none = aus_builder_node(b, AUS_OP_mul, "none", 2, (int32_t[]){ x, aus_builder_param(b, "zero", 3, one, &zero) }, 1, 0, NULL);
  aus_builder_output(b, aus_builder_node(b, AUS_OP_add, "mask", 2, (int32_t[]){ none, next }, 1, 0, NULL));
  aus_separator *s = end_separator(ctx, b, next, &bytes);
  aus_audio in_sound = make_sound(2, 12000, RATE, 3);
  aus_stems out;
  assert_ok(ctx, aus_separator_run(s, &in_sound, 0, &out));
  for (int64_t t = 200; t < 11800; t++) /* both channels start at zero; the mask in between is the frames' mean */
    for (int c = 0; c < 2; c++) {
      const double mask = 0.001 * ((double)t / HOP + 1);
      assert_near(out.stem[0].data[c * 12000 + t], in_sound.data[c * 12000 + t] * mask, 2e-3 * fabs(in_sound.data[c * 12000 + t]) + 1e-5);
    }
  aus_stems_free(ctx, &out);
  free(in_sound.data);
  aus_separator_close(s);
  aus_free(ctx, bytes);
  aus_ctx_destroy(ctx);
}

static void bad_files(void **state)
{
  (void)state;
  aus_ctx *ctx = test_ctx(1);
  const struct { const char *frontend, *gives, *layout; int32_t dim[3]; aus_status status; } cases[5] = {
    { "waveform", "mask", "waveform_3d", { 1, 1, -1 }, AUS_ENOTSUP },
    { "waveform", "wave", "time_freq_3d", { 1, 1, -1 }, AUS_EFORMAT },
    { "stft", "mask", "time_freq", { 1, 1, -1 }, AUS_EFORMAT },
    { "stft", "mask", "time_freq_3d", { 1, -1, 99 }, AUS_EFORMAT },
    { "stft", "nothing", "time_freq_3d", { 1, -1, 99 }, AUS_ENOTSUP },
  };
  for (int c = 0; c < 5; c++) {
    aus_builder *b = begin_separator(ctx, cases[c].frontend, cases[c].gives, cases[c].layout, 2);
    const int32_t x = aus_builder_input(b, "x", 3, cases[c].dim);
    void *bytes;
    size_t size;
    aus_separator *s;
    aus_builder_output(b, aus_builder_node(b, AUS_OP_neg, "y", 1, &x, 1, 0, NULL));
    assert_ok(ctx, aus_builder_finish(b, &bytes, &size));
    aus_builder_destroy(b);
    assert_int_equal(aus_separator_open_memory(ctx, bytes, size, &s), cases[c].status);
    assert_null(s);
    aus_free(ctx, bytes);
  }
  aus_ctx_destroy(ctx);
}

/* ---- memory that runs out -------------------------------------------------------------------------- */

typedef struct separation { void *bytes; size_t size; aus_audio in; } separation; /* bytes NULL: hpss */

static aus_status open_and_separate(aus_ctx *ctx, void *arg)
{
  const separation *job = arg;
  aus_separator *s;
  aus_stems stems;
  AUS_TRY(job->bytes ? aus_separator_open_memory(ctx, job->bytes, job->size, &s) : aus_separator_hpss(ctx, NULL, &s));
  const aus_status status = aus_separator_run(s, &job->in, 1, &stems);
  if (status == AUS_OK) aus_stems_free(ctx, &stems);
  aus_separator_close(s);
  return status;
}

static aus_status write_and_load(aus_ctx *ctx, void *arg)
{
  aus_stems stems;
  char path[160];
  snprintf(path, sizeof path, "%s/a.wav", folder);
  AUS_TRY(aus_audio_write_wav(ctx, path, arg, AUS_WAV_FLOAT32, 1));
  AUS_TRY(aus_stems_load(ctx, folder, NULL, arg, &stems));
  aus_stems_free(ctx, &stems);
  return AUS_OK;
}

/* A network of one node: on waves (stereo, in patches) or on spectra (with or without a state). */
static void build_network(aus_ctx *ctx, int kind, separation *job)
{
  const int32_t wave[3] = { 1, 2, -1 }, time_freq[4] = { 1, 1, -1, BINS }, frame[3] = { 1, 1, BINS }, one[3] = { 1, 1, 1 };
  const float gain = 0.5f;
  aus_builder *b = begin_separator(ctx, kind == 0 ? "waveform" : "stft", kind == 0 ? "wave" : "mask",
                                   kind == 0 ? "waveform_3d" : kind == 1 ? "time_freq" : "time_freq_3d", 1);
  if (kind == 0) aus_builder_integer(b, "frontend.patch_samples", 500);
  if (kind == 1) aus_builder_integer(b, "frontend.patch_frames", 20);
  int32_t x = kind == 1 ? aus_builder_input(b, "x", 4, time_freq) : aus_builder_input(b, "x", 3, kind == 0 ? wave : frame), next = x;
  if (kind == 2) {
    const int32_t count = aus_builder_input(b, "count", 3, frame);
    next = aus_builder_node(b, AUS_OP_add, "next", 2, (int32_t[]){ count, aus_builder_param(b, "step", 3, one, &gain) }, 1, 0, NULL);
    aus_builder_output(b, aus_builder_node(b, AUS_OP_add, "mask", 2, (int32_t[]){ x, next }, 1, 0, NULL));
  } else {
    next = aus_builder_node(b, AUS_OP_relu, "y", 1, &x, 1, 0, NULL);
  }
  aus_builder_output(b, next);
  assert_ok(ctx, aus_builder_finish(b, &job->bytes, &job->size));
  aus_builder_destroy(b);
}

static void every_allocation_failing(void **state)
{
  (void)state;
  static const char *const names[4] = { "a network on waves", "a network on spectra", "a streaming network", "hpss" };
  aus_ctx *plain = test_ctx(1);
  for (int kind = 0; kind < 4; kind++) {
    separation job = { .in = make_sound(2, 1500, kind == 0 ? 11025 : RATE, 3) }; /* the first is resampled both ways */
    if (kind < 3) build_network(plain, kind, &job);
    assert_true(oom_sweep(names[kind], open_and_separate, &job) > 10);
    aus_free(plain, job.bytes);
    free(job.in.data);
  }
  aus_audio a = make_sound(1, 300, RATE, 1);
  snprintf(folder, sizeof folder, "/tmp/aus-stems-XXXXXX");
  assert_non_null(mkdtemp(folder));
  write_stem(plain, "b.wav", &a);
  assert_true(oom_sweep("a folder of stems", write_and_load, &a) > 10);
  remove_file("a.wav");
  remove_file("b.wav");
  rmdir(folder);
  free(a.data);
  aus_ctx_destroy(plain);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(hpss), cmocka_unit_test(nmf), cmocka_unit_test(folders), cmocka_unit_test(wave_network), cmocka_unit_test(other_rate),
    cmocka_unit_test(spectral_network), cmocka_unit_test(states_are_carried), cmocka_unit_test(bad_files),
    cmocka_unit_test(every_allocation_failing),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
