/* test_sep_stream.c - separation block by block: the bits of the whole sound at once, in memory that does not grow. */
#include "oom.h"

#include <auscult/sep.h>
#include <unistd.h>

#include "format/writer.h"
#include "nn/op.h"

/* ---- sounds, networks ----------------------------------------------------------------------------- */

static void fill(int64_t n, float *x, uint64_t seed)
{
  aus_rng rng;
  aus_rng_init(&rng, seed, 0);
  for (int64_t t = 0; t < n; t++) x[t] = (float)(0.3 * sin(0.05 * (double)t) + (t % 4000 < 40 ? 0.5 : 0.0) + 0.1 * (aus_rng_uniform(&rng) - 0.5));
}

static float *sound(int64_t n, uint64_t seed)
{
  float *x = malloc((size_t)n * sizeof *x);
  assert_non_null(x);
  fill(n, x, seed);
  return x;
}

enum { N_FFT = 64, HOP = 16, BINS = 33, PATCH = 48, PATCH_HOP = 36 }; /* an overlap of a quarter */

static void meta(aus_builder *b, const char *gives, const char *center, int rate)
{
  static const char *const two[2] = { "a", "b" };
  aus_builder_string(b, "kind", "separator");
  aus_builder_string(b, "name", "tiny");
  aus_builder_string(b, "frontend", "stft");
  aus_builder_string(b, "frontend.layout", "time_freq");
  aus_builder_string(b, "frontend.center", center);
  aus_builder_string(b, "separator.gives", gives);
  aus_builder_integer(b, "frontend.rate", rate);
  aus_builder_integer(b, "frontend.n_fft", N_FFT);
  aus_builder_integer(b, "frontend.hop", HOP);
  aus_builder_integer(b, "frontend.patch_frames", PATCH);
  aus_builder_strings(b, "labels", 2, two);
}

/* Two 3 x 5 convolutions, a sigmoid: its answer for a frame depends on the patch around it. */
static aus_separator *open_conv(aus_ctx *ctx, const char *gives, const char *center, int channels, int rate, void **bytes)
{
  aus_builder *b;
  size_t size;
  aus_separator *s;
  float w[4 * 2 * 15];
  assert_ok(ctx, aus_builder_create(ctx, &b));
  meta(b, gives, center, rate);
  fill(4 * 2 * 15, w, 3);
  const int32_t in[4] = { 1, channels, PATCH, BINS }, kernel[4] = { 2 * channels, channels, 3, 5 };
  const aus_word attr[9] = { { 1 }, { 1 }, { 1 }, { 1 }, { 1 }, { 2 }, { 1 }, { 2 }, { 1 } };
  const int32_t x = aus_builder_input(b, "x", 4, in), k = aus_builder_param(b, "w", 4, kernel, w);
  const int32_t y = aus_builder_node(b, AUS_OP_conv, "y", 2, (int32_t[]){ x, k }, 1, 9, attr);
  aus_builder_output(b, aus_builder_node(b, AUS_OP_sigmoid, "mask", 1, &y, 1, 0, NULL));
  assert_ok(ctx, aus_builder_finish(b, bytes, &size));
  aus_builder_destroy(b);
  assert_ok(ctx, aus_separator_open_memory(ctx, *bytes, size, &s));
  return s;
}

/* ---- streams --------------------------------------------------------------------------------------- */

typedef struct feed {
  const float *x;       /* [channels][frames]; NULL: made on the fly */
  int64_t frames, read, written, fail_at;
  int32_t channels, n;
  float **stem;         /* [n][channels][frames], or NULL */
} feed;

static aus_status take(void *user, int64_t first, int64_t count, float *x)
{
  feed *f = user;
  assert_int_equal(first, f->read); /* in order, each frame once */
  assert_true(count > 0 && first + count <= f->frames);
  f->read += count;
  if (f->fail_at && f->read > f->fail_at) return AUS_EIO;
  for (int32_t c = 0; c < f->channels; c++) {
    if (f->x) memcpy(x + c * count, f->x + c * f->frames + first, (size_t)count * sizeof *x);
    else fill(count, x + c * count, (uint64_t)first);
  }
  return AUS_OK;
}

static aus_status give(void *user, int64_t first, int64_t count, int32_t n, const float *const *stem)
{
  feed *f = user;
  assert_int_equal(first, f->written);
  assert_true(count > 0 && first + count <= f->frames);
  f->written += count;
  f->n = n;
  for (int32_t i = 0; f->stem && i < n; i++)
    for (int32_t c = 0; c < f->channels; c++) memcpy(f->stem[i] + c * f->frames + first, stem[i] + c * count, (size_t)count * sizeof(float));
  return AUS_OK;
}

static aus_status flow(aus_separator *s, feed *f, int rate)
{
  const aus_separator_io io = { .rate = rate, .channels = f->channels, .frames = f->frames, .read = take, .write = give, .user = f };
  return aus_separator_stream(s, &io, 1);
}

static feed make_feed(const float *x, int32_t channels, int64_t frames)
{
  feed f = { .x = x, .frames = frames, .channels = channels, .stem = malloc(3 * sizeof(float *)) };
  for (int i = 0; i < 3; i++) f.stem[i] = malloc((size_t)(channels * frames) * sizeof(float));
  return f;
}

static void drop_feed(feed *f)
{
  for (int i = 0; i < 3; i++) free(f->stem[i]);
  free(f->stem);
}

static void assert_sums(const feed *f)
{
  for (int64_t t = 0; t < f->channels * f->frames; t++) {
    double sum = 0;
    for (int32_t i = 0; i < f->n; i++) sum += f->stem[i][t];
    assert_near(sum, f->x[t], 2e-7);
  }
}

/* ---- the same bits ------------------------------------------------------------------------------------ */

/* Median filters see 31 frames: blocks with that context are the filters of the whole sound. */
static void hpss_is_that_of_the_whole(void **state)
{
  (void)state;
  enum { RATE = 2000, N = 130001 };
  aus_ctx *ctx = test_ctx(2);
  float *x = sound(2 * N, 1), *want[2] = { malloc(N * sizeof(float)), malloc(N * sizeof(float)) };
  aus_separator *s;
  aus_hpss_config c;
  aus_hpss_defaults(&c);
  c.n_fft = 256;
  c.hop = 64;
  c.margin = 2;
  assert_ok(ctx, aus_separator_hpss(ctx, NULL, &s));
  feed f = make_feed(x, 2, N);
  assert_ok(ctx, flow(s, &f, RATE));
  assert_int_equal(f.written, N);
  for (int k = 0; k < 2; k++) {
    assert_ok(ctx, aus_hpss(ctx, &c, N, x + k * N, want[0], want[1]));
    for (int i = 0; i < 2; i++) assert_memory_equal(f.stem[i] + k * N, want[i], N * sizeof(float));
  }
  assert_sums(&f);
  drop_feed(&f);
  free(want[0]);
  free(want[1]);
  free(x);
  aus_separator_close(s);
  aus_ctx_destroy(ctx);
}

/* A file cut on the grid of the patches: behind the first patch (which has no neighbour to fade from) and the reach of a frame, not a
 * bit differs from the whole file's. */
static void a_cut_on_the_grid_changes_no_bit(void **state)
{
  (void)state;
  enum { GRID = PATCH_HOP * HOP, N = 14 * GRID + 77 };
  float *x = sound(2 * N, 2);
  for (int channels = 1; channels <= 2; channels++)
    for (int lead = 0; lead < 2; lead++) {
      aus_ctx *ctx = test_ctx(2);
      void *bytes;
      aus_separator *s = open_conv(ctx, lead ? "ratio" : "mask", lead ? "lead" : "reflect", channels, 8000, &bytes);
      feed whole = make_feed(x, channels, N);
      assert_ok(ctx, flow(s, &whole, 8000));
      assert_sums(&whole);
      for (int from = 1; from < 12; from += 5) {
        const int64_t cut = (int64_t)from * GRID, n = N - cut, safe = (PATCH + 8) * HOP;
        float *part = malloc((size_t)(channels * n) * sizeof *part);
        for (int c = 0; c < channels; c++) memcpy(part + c * n, x + c * N + cut, (size_t)n * sizeof *part);
        feed f = make_feed(part, channels, n);
        assert_ok(ctx, flow(s, &f, 8000));
        for (int i = 0; i < 3; i++)
          for (int c = 0; c < channels; c++)
            assert_memory_equal(f.stem[i] + c * n + safe, whole.stem[i] + c * N + cut + safe, (size_t)(n - safe) * sizeof(float));
        drop_feed(&f);
        free(part);
      }
      drop_feed(&whole);
      aus_separator_close(s);
      aus_free(ctx, bytes);
      aus_ctx_destroy(ctx);
    }
  free(x);
}

/* From 44.1 kHz to the network's 16 kHz and back in pieces: the samples of both conversions made at once. */
static void other_rates_go_in_pieces(void **state)
{
  (void)state;
  enum { RATE = 16000 };
  const struct { int rate; int64_t n; } cases[] = { { 44100, 190001 }, { 8000, 20011 }, { 22050, 3 }, { 44057, 12000 } };
  for (size_t k = 0; k < sizeof cases / sizeof *cases; k++) {
    aus_ctx *ctx = test_ctx(1);
    void *bytes;
    const int64_t n = cases[k].n, m = aus_resample_length(n, cases[k].rate, RATE), back = aus_resample_length(m, RATE, cases[k].rate);
    float *x = sound(n, 4), *heard = malloc((size_t)m * sizeof *heard), *want = malloc((size_t)back * sizeof *want);
    aus_separator *s = open_conv(ctx, "mask", "reflect", 1, RATE, &bytes);
    feed f = make_feed(x, 1, n);
    assert_ok(ctx, flow(s, &f, cases[k].rate));
    assert_ok(ctx, aus_resample(ctx, n, x, cases[k].rate, RATE, heard));
    feed g = make_feed(heard, 1, m);
    assert_ok(ctx, flow(s, &g, RATE));
    for (int i = 0; i < 2; i++) {
      assert_ok(ctx, aus_resample(ctx, m, g.stem[i], RATE, cases[k].rate, want));
      assert_memory_equal(f.stem[i], want, (size_t)n * sizeof(float));
    }
    assert_sums(&f);
    drop_feed(&f);
    drop_feed(&g);
    free(x);
    free(heard);
    free(want);
    aus_separator_close(s);
    aus_free(ctx, bytes);
    aus_ctx_destroy(ctx);
  }
}

/* ---- memory, failures ------------------------------------------------------------------------------------ */

static size_t most_memory(int kind, int64_t frames, int rate)
{
  meter m = { .left = -1 };
  aus_ctx *ctx = meter_ctx(&m);
  void *bytes = NULL;
  aus_separator *s;
  if (kind == 0) assert_ok(ctx, aus_separator_hpss(ctx, NULL, &s));
  else s = open_conv(ctx, "mask", "reflect", 2, 8000, &bytes);
  feed f = { .frames = frames, .channels = 2 };
  assert_ok(ctx, flow(s, &f, rate));
  assert_int_equal(f.written, frames);
  aus_separator_close(s);
  aus_free(ctx, bytes);
  aus_ctx_destroy(ctx);
  assert_int_equal(m.now, 0);
  return (size_t)m.peak;
}

static void memory_does_not_grow(void **state)
{
  (void)state;
  const struct { int kind, rate; int64_t frames; } cases[] = { { 0, 1000, 120000 }, { 1, 8000, 15000 }, { 1, 11025, 180000 } };
  for (size_t k = 0; k < sizeof cases / sizeof *cases; k++) {
    const size_t once = most_memory(cases[k].kind, cases[k].frames, cases[k].rate), thrice = most_memory(cases[k].kind, 3 * cases[k].frames, cases[k].rate);
    if (thrice > once + once / 20) fail_msg("case %d: %zu bytes for %lld frames, %zu for three times as many", (int)k, once, (long long)cases[k].frames, thrice);
  }
}

static void what_fails_is_passed_on(void **state)
{
  (void)state;
  aus_ctx *ctx = test_ctx(1);
  aus_separator *s;
  feed f = { .frames = 100000, .channels = 1, .fail_at = 50000 };
  assert_ok(ctx, aus_separator_hpss(ctx, NULL, &s));
  assert_int_equal(flow(s, &f, 1000), AUS_EIO);
  f = (feed){ .frames = 0, .channels = 1 };
  assert_int_equal(flow(s, &f, 1000), AUS_EINVAL);
  assert_int_equal(aus_separator_wiener(s, 1), AUS_ENOTSUP);
  aus_separator_close(s);
  aus_ctx_destroy(ctx);
}

/* ---- oracle masks ------------------------------------------------------------------------------------------ */

/* What each mask is, from its formula, frame by frame in double. */
static void oracle_estimate(aus_ctx *ctx, int kind, int64_t n, float *const *truth, const float *mix, int stems, int which, float *y)
{
  const aus_stft_config c = { 256, 256, 64, AUS_WINDOW_SQRT_HANN, AUS_CENTER_REFLECT };
  aus_stft *stft;
  assert_ok(ctx, aus_stft_create(ctx, &c, &stft));
  const int64_t values = aus_stft_frames(stft, n) * aus_stft_bins(stft);
  float *x[4][2];
  for (int k = 0; k <= stems; k++) {
    for (int p = 0; p < 2; p++) x[k][p] = malloc((size_t)values * sizeof(float));
    assert_ok(ctx, aus_stft_forward(stft, n, k < stems ? truth[k] : mix, x[k][0], x[k][1]));
  }
  for (int64_t i = 0; i < values; i++) {
    double size[3], sum = 0, power = 0, most = 0;
    for (int k = 0; k < stems; k++) {
      size[k] = hypot(x[k][0][i], x[k][1][i]);
      sum += size[k];
      power += size[k] * size[k];
      most = fmax(most, size[k]);
    }
    const double re = x[stems][0][i], im = x[stems][1][i], level = re * re + im * im;
    const double along = level > 0 ? (x[which][0][i] * re + x[which][1][i] * im) / level : 0;
    const double m = kind == 0 ? size[which] == most : kind == 1 ? size[which] / sum : kind == 2 ? size[which] * size[which] / power : fmin(fmax(along, 0), 1);
    x[which][0][i] = (float)(m * re);
    x[which][1][i] = (float)(m * im);
  }
  assert_ok(ctx, aus_stft_inverse(stft, n, x[which][0], x[which][1], y));
  for (int k = 0; k <= stems; k++)
    for (int p = 0; p < 2; p++) free(x[k][p]);
  aus_stft_destroy(stft);
}

static void oracle_masks_are_their_formulas(void **state)
{
  (void)state;
  static const char *const kinds[] = { "ibm", "irm", "wiener", "tpsf" };
  enum { N = 5000 };
  aus_ctx *ctx = test_ctx(1);
  char folder[] = "/tmp/aus-oracle-XXXXXX", path[64];
  assert_non_null(mkdtemp(folder));
  float *truth[2] = { sound(N, 7), sound(N, 8) }, *mix = malloc(N * sizeof *mix), *want = malloc(N * sizeof *want);
  for (int t = 0; t < N; t++) {
    truth[1][t] = (float)(truth[1][t] * 0.5 + 0.2 * sin(0.9 * t));
    mix[t] = truth[0][t] + truth[1][t];
  }
  for (int k = 0; k < 2; k++) {
    snprintf(path, sizeof path, "%s/%c.wav", folder, 'a' + k);
    const aus_audio a = { .data = truth[k], .frames = N, .channels = 1, .rate = 8000 };
    assert_ok(ctx, aus_audio_write_wav(ctx, path, &a, AUS_WAV_FLOAT32, 1));
  }
  aus_separator *s;
  for (int kind = 0; kind < 4; kind++) {
    const aus_audio in = { .data = mix, .frames = N, .channels = 1, .rate = 8000 };
    aus_stems out;
    assert_ok(ctx, aus_separator_oracle(ctx, kinds[kind], folder, NULL, &s));
    assert_ok(ctx, aus_separator_run(s, &in, 1, &out));
    assert_string_equal(out.name[2], "residual");
    for (int k = 0; k < 2; k++) {
      oracle_estimate(ctx, kind, N, truth, mix, 2, k, want);
      for (int t = 0; t < N; t++) assert_near(out.stem[k].data[t], want[t], 2e-6);
    }
    for (int t = 0; kind < 3 && t < N; t++) assert_near(out.stem[2].data[t], 0, 2e-6); /* masks that add to one leave nothing */
    aus_stems_free(ctx, &out);
    const aus_audio other = { .data = mix, .frames = N - 1, .channels = 1, .rate = 8000 };
    assert_int_equal(aus_separator_run(s, &other, 1, &out), AUS_EINVAL);
    aus_separator_close(s);
  }
  assert_int_equal(aus_separator_oracle(ctx, "best", folder, NULL, &s), AUS_EINVAL);
  assert_int_equal(aus_separator_oracle(ctx, "irm", "/nowhere", NULL, &s), AUS_EIO);
  for (int k = 0; k < 2; k++) {
    snprintf(path, sizeof path, "%s/%c.wav", folder, 'a' + k);
    unlink(path);
    free(truth[k]);
  }
  rmdir(folder);
  free(mix);
  free(want);
  aus_ctx_destroy(ctx);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(hpss_is_that_of_the_whole), cmocka_unit_test(a_cut_on_the_grid_changes_no_bit), cmocka_unit_test(other_rates_go_in_pieces),
    cmocka_unit_test(memory_does_not_grow), cmocka_unit_test(what_fails_is_passed_on), cmocka_unit_test(oracle_masks_are_their_formulas),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
