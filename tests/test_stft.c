/* test_stft.c - short-time spectra against a naive one in double, exact reconstruction, the same bits for any
 * number of threads, and the fused log-mel on a real song. */
#include "test.h"

#include <auscult/dsp.h>

static const double PI = 3.14159265358979323846;

static float *random_row(int64_t n, uint64_t seed)
{
  float *x = malloc((size_t)(n + 1) * sizeof *x);
  aus_rng rng;
  aus_rng_init(&rng, seed, 0);
  for (int64_t i = 0; i < n; i++) x[i] = (float)(2 * aus_rng_uniform(&rng) - 1);
  return x;
}

/* what the padded signal holds at place i of the real one, by numpy's reflect: back and forth */
static double padded(const float *x, int64_t n, int64_t i, aus_center center)
{
  if (center == AUS_CENTER_ZERO || center == AUS_CENTER_NONE) return i < 0 || i >= n ? 0 : x[i];
  while (n > 1 && (i < 0 || i >= n)) i = i < 0 ? -i : 2 * (n - 1) - i;
  return n == 1 ? x[0] : x[i];
}

static double window_at(aus_window w, int n, int i)
{
  const double hann = n == 1 ? 1 : 0.5 - 0.5 * cos(2 * PI * i / n);
  switch (w) {
  case AUS_WINDOW_HANN: return hann;
  case AUS_WINDOW_HANN_SYMMETRIC: return n == 1 ? 1 : 0.5 - 0.5 * cos(2 * PI * i / (n - 1));
  case AUS_WINDOW_HAMMING: return n == 1 ? 1 : 0.54 - 0.46 * cos(2 * PI * i / n);
  case AUS_WINDOW_SQRT_HANN: return sqrt(hann);
  default: return 1;
  }
}

static void check_naive(aus_ctx *ctx, const aus_stft_config *c, int64_t samples)
{
  aus_stft *s;
  assert_ok(ctx, aus_stft_create(ctx, c, &s));
  const int64_t frames = aus_stft_frames(s, samples), pad = c->center == AUS_CENTER_NONE ? 0 : c->n_fft / 2;
  const int bins = aus_stft_bins(s);
  assert_int_equal(bins, c->n_fft / 2 + 1);
  float *x = random_row(samples, 3);
  float *re = malloc((size_t)(frames * bins + 1) * sizeof *re), *im = malloc((size_t)(frames * bins + 1) * sizeof *im);
  float *p = malloc((size_t)(frames * bins + 1) * sizeof *p);
  assert_ok(ctx, aus_stft_forward(s, samples, x, re, im));
  assert_ok(ctx, aus_stft_power(s, samples, x, 0, frames, 2, p));
  for (int64_t f = 0; f < frames; f++)
    for (int k = 0; k < bins; k++) {
      double a = 0, b = 0;
      for (int i = 0; i < c->win_length; i++) {
        const int at = i + (c->n_fft - c->win_length) / 2;
        const double v = window_at(c->window, c->win_length, i) * padded(x, samples, f * c->hop + at - pad, c->center);
        a += v * cos(2 * PI * (double)(at * k % c->n_fft) / c->n_fft);
        b -= v * sin(2 * PI * (double)(at * k % c->n_fft) / c->n_fft);
      }
      assert_near(re[f * bins + k], a, 3e-6 * sqrt(c->n_fft));
      assert_near(im[f * bins + k], b, 3e-6 * sqrt(c->n_fft));
      assert_near(p[f * bins + k], a * a + b * b, 2e-6 * c->n_fft);
    }
  if (frames > 2) { /* a range of frames is the same frames */
    float *q = malloc((size_t)((frames - 2) * bins) * sizeof *q);
    assert_ok(ctx, aus_stft_power(s, samples, x, 1, frames - 2, 1, q));
    for (int64_t i = 0; i < (frames - 2) * bins; i++) assert_near(q[i], sqrt(p[bins + i]), 1e-6 * c->n_fft);
    free(q);
  }
  free(x);
  free(re);
  free(im);
  free(p);
  aus_stft_destroy(s);
}

static void forward_equals_naive(void **state)
{
  (void)state;
  static const aus_stft_config configs[] = {
    { 64, 64, 16, AUS_WINDOW_HANN, AUS_CENTER_REFLECT },           { 64, 40, 20, AUS_WINDOW_HAMMING, AUS_CENTER_ZERO },
    { 63, 63, 21, AUS_WINDOW_SQRT_HANN, AUS_CENTER_REFLECT },      { 27, 20, 7, AUS_WINDOW_HANN_SYMMETRIC, AUS_CENTER_ZERO },
    { 46, 46, 100, AUS_WINDOW_RECTANGULAR, AUS_CENTER_NONE },      { 1, 1, 1, AUS_WINDOW_HANN, AUS_CENTER_REFLECT },
    { 2, 2, 1, AUS_WINDOW_RECTANGULAR, AUS_CENTER_NONE },          { 128, 128, 32, AUS_WINDOW_HANN, AUS_CENTER_NONE },
  };
  static const int64_t lengths[] = { 1, 2, 3, 31, 64, 65, 200, 700 };
  aus_ctx *ctx = test_ctx(1);
  for (size_t c = 0; c < sizeof configs / sizeof *configs; c++)
    for (size_t l = 0; l < sizeof lengths / sizeof *lengths; l++) check_naive(ctx, &configs[c], lengths[l]);
  aus_ctx_destroy(ctx);
}

static int long_middle(int64_t i, int64_t n) { return i == 9000 && n > 40000; }

static void inverse_restores_the_signal(void **state)
{
  (void)state;
  static const aus_stft_config configs[] = {
    { 512, 512, 256, AUS_WINDOW_HANN, AUS_CENTER_REFLECT },        { 1024, 1024, 256, AUS_WINDOW_HANN, AUS_CENTER_ZERO },
    { 1024, 800, 320, AUS_WINDOW_HANN, AUS_CENTER_REFLECT },       { 512, 512, 128, AUS_WINDOW_SQRT_HANN, AUS_CENTER_ZERO },
    { 400, 400, 160, AUS_WINDOW_HAMMING, AUS_CENTER_REFLECT },     { 4096, 4096, 1024, AUS_WINDOW_HANN, AUS_CENTER_REFLECT },
    { 513, 513, 128, AUS_WINDOW_HANN, AUS_CENTER_ZERO },           { 46, 46, 11, AUS_WINDOW_HANN_SYMMETRIC, AUS_CENTER_REFLECT },
    { 64, 64, 64, AUS_WINDOW_RECTANGULAR, AUS_CENTER_ZERO },       { 256, 256, 3, AUS_WINDOW_HANN, AUS_CENTER_REFLECT },
  };
  static const int64_t lengths[] = { 1, 2, 100, 511, 4096, 12345, 44100 };
  for (size_t c = 0; c < sizeof configs / sizeof *configs; c++)
    for (size_t l = 0; l < sizeof lengths / sizeof *lengths; l++) {
      aus_ctx *ctx = test_ctx(1);
      aus_stft *s;
      assert_ok(ctx, aus_stft_create(ctx, &configs[c], &s));
      const int64_t n = lengths[l], frames = aus_stft_frames(s, n), bins = aus_stft_bins(s);
      float *x = random_row(n, 7), *y = malloc((size_t)n * sizeof *y);
      float *re = malloc((size_t)(frames * bins) * sizeof *re), *im = malloc((size_t)(frames * bins) * sizeof *im);
      assert_ok(ctx, aus_stft_forward(s, n, x, re, im));
      assert_ok(ctx, aus_stft_inverse(s, n, re, im, y));
      const aus_stft_config *g = &configs[c];
      for (int64_t i = 0; i < n; i++) {
        double sum = 0; /* of squared windows: where the last one fades, the error grows by 1 / sqrt(sum) */
        for (int64_t f = 0; f < frames; f++) {
          const int64_t at = i + g->n_fft / 2 - f * g->hop - (g->n_fft - g->win_length) / 2;
          const double w = at < 0 || at >= g->win_length ? 0 : window_at(g->window, g->win_length, (int)at);
          sum += w * w;
        }
        const double tolerance = sum >= 0.5 ? 1e-6 : 5e-7 / sqrt(sum);
        if (sum > 1e-6 && !(fabsf(x[i] - y[i]) <= tolerance))
          fail_msg("n_fft %d hop %d, %lld samples: sample %lld is off by %g", g->n_fft, g->hop, (long long)n,
                   (long long)i, (double)fabsf(x[i] - y[i]));
        if (long_middle(i, n)) i = n - 2 * g->n_fft; /* the middle of a long signal is all alike */
      }
      free(x);
      free(y);
      free(re);
      free(im);
      aus_stft_destroy(s);
      aus_ctx_destroy(ctx);
    }
}

/* Everything an STFT gives, by this many threads. */
static void everything(int threads, const float *x, int64_t n, float *re, float *im, float *p, float *back, float *bands)
{
  const aus_stft_config c = { 512, 512, 128, AUS_WINDOW_HANN, AUS_CENTER_REFLECT };
  const aus_log_config log = { .kind = AUS_LOG_DB, .amin = 1e-10, .top_db = 80 };
  aus_ctx *ctx = test_ctx(threads);
  aus_stft *s;
  aus_bank *bank;
  float *fb = malloc(40 * 257 * sizeof *fb);
  assert_ok(ctx, aus_stft_create(ctx, &c, &s));
  assert_ok(ctx, aus_mel_filterbank(ctx, 16000, 512, 40, 0, 8000, AUS_MEL_SLANEY, AUS_MEL_NORM_SLANEY, fb));
  assert_ok(ctx, aus_bank_create(ctx, 40, 257, fb, &bank));
  assert_ok(ctx, aus_stft_forward(s, n, x, re, im));
  assert_ok(ctx, aus_stft_power(s, n, x, 0, aus_stft_frames(s, n), 1, p));
  assert_ok(ctx, aus_stft_inverse(s, n, re, im, back));
  assert_ok(ctx, aus_stft_bands(s, n, x, 0, aus_stft_frames(s, n), 2, bank, &log, bands));
  free(fb);
  aus_bank_destroy(ctx, bank);
  aus_stft_destroy(s);
  aus_ctx_destroy(ctx);
}

static void threads_do_not_matter(void **state)
{
  (void)state;
  enum { N = 50001, F = 1 + N / 128, B = 257 };
  float *x = random_row(N, 9), *one[5], *many[5];
  static const int sizes[5] = { F * B, F * B, F * B, N, F * 40 };
  for (int i = 0; i < 5; i++) {
    one[i] = malloc((size_t)sizes[i] * sizeof(float));
    many[i] = malloc((size_t)sizes[i] * sizeof(float));
  }
  everything(1, x, N, one[0], one[1], one[2], one[3], one[4]);
  for (int threads = 2; threads <= 3; threads++) {
    everything(threads, x, N, many[0], many[1], many[2], many[3], many[4]);
    for (int i = 0; i < 5; i++) assert_memory_equal(one[i], many[i], (size_t)sizes[i] * sizeof(float));
  }
  for (int i = 0; i < 5; i++) {
    free(one[i]);
    free(many[i]);
  }
  free(x);
}

/* power -> bank -> log in steps, fused, and from the spectra of two parts that sum to the signal */
static void fused_equals_steps(void **state)
{
  (void)state;
  enum { N = 9000, BANDS = 30 };
  const aus_stft_config c = { 400, 400, 160, AUS_WINDOW_HANN, AUS_CENTER_REFLECT };
  const aus_log_config log = { .kind = AUS_LOG10_1P, .scale = 10000 };
  aus_ctx *ctx = test_ctx(2);
  aus_stft *s;
  aus_bank *bank;
  assert_ok(ctx, aus_stft_create(ctx, &c, &s));
  const int64_t frames = aus_stft_frames(s, N), bins = aus_stft_bins(s);
  float *x = random_row(N, 1), *u = random_row(N, 2), *v = malloc(N * sizeof *v), *fb = malloc((size_t)(BANDS * bins) * sizeof *fb);
  float *p = malloc((size_t)(frames * bins) * sizeof *p), *spectrum[4];
  float *y[3];
  for (int i = 0; i < 3; i++) y[i] = malloc((size_t)(frames * BANDS) * sizeof(float));
  for (int i = 0; i < 4; i++) spectrum[i] = malloc((size_t)(frames * bins) * sizeof(float));
  for (int i = 0; i < N; i++) v[i] = x[i] - u[i];
  assert_ok(ctx, aus_mel_filterbank(ctx, 16000, 400, BANDS, 20, 7600, AUS_MEL_HTK, AUS_MEL_NORM_NONE, fb));
  assert_ok(ctx, aus_bank_create(ctx, BANDS, (int32_t)bins, fb, &bank));
  assert_ok(ctx, aus_stft_power(s, N, x, 0, frames, 2, p));
  aus_bank_apply(ctx, bank, frames, p, y[0]);
  for (int64_t f = 0; f < frames; f++)
    for (int b = 0; b < BANDS; b++) {
      double sum = 0;
      for (int64_t k = 0; k < bins; k++) sum += (double)fb[b * bins + k] * p[f * bins + k];
      assert_near(y[0][f * BANDS + b], sum, 1e-6 * (1 + sum));
    }
  aus_log_apply(ctx, &log, frames * BANDS, y[0]);
  assert_ok(ctx, aus_stft_bands(s, N, x, 0, frames, 2, bank, &log, y[1]));
  assert_memory_equal(y[0], y[1], (size_t)(frames * BANDS) * sizeof(float));
  assert_ok(ctx, aus_stft_forward(s, N, u, spectrum[0], spectrum[1]));
  assert_ok(ctx, aus_stft_forward(s, N, v, spectrum[2], spectrum[3]));
  /* the second part comes in two stretches of frames */
  const aus_spectrum part[3] = { { spectrum[0], spectrum[1], 0, frames }, { spectrum[2], spectrum[3], 0, 10 },
                                 { spectrum[2] + 10 * bins, spectrum[3] + 10 * bins, 10, frames - 10 } };
  assert_ok(ctx, aus_mix_bands(ctx, 3, part, 0, frames, 2, bank, &log, y[2]));
  for (int64_t i = 0; i < frames * BANDS; i++) assert_near(y[2][i], y[1][i], 1e-5);
  assert_ok(ctx, aus_mix_bands(ctx, 3, part, 7, 5, 2, bank, &log, y[0]));
  assert_memory_equal(y[0], y[2] + 7 * BANDS, 5 * BANDS * sizeof(float));
  assert_ok(ctx, aus_mix_bands(ctx, 0, NULL, 0, frames, 2, bank, &log, y[2])); /* nothing on: silence */
  for (int64_t i = 0; i < frames * BANDS; i++) assert_true(y[2][i] == 0);
  for (int i = 0; i < 4; i++) free(spectrum[i]);
  for (int i = 0; i < 3; i++) free(y[i]);
  free(x);
  free(u);
  free(v);
  free(p);
  free(fb);
  aus_bank_destroy(ctx, bank);
  aus_stft_destroy(s);
  aus_ctx_destroy(ctx);
}

/* musicnn's features of a real song: specs/tagging.md 1.10 */
static void joram_log_mel(void **state)
{
  (void)state;
  char path[512];
  const char *shared = getenv("AUS_SHARED"), *src = getenv("srcdir");
  if (shared) snprintf(path, sizeof path, "%s/weights/golden/joram.f32", shared);
  else snprintf(path, sizeof path, "%s/../shared/data/weights/golden/joram.f32", src ? src : ".");
  aus_ctx *ctx = test_ctx(0);
  void *data;
  size_t size;
  if (aus_file_read(ctx, path, 1 << 24, &data, &size) != AUS_OK) {
    aus_ctx_destroy(ctx);
    print_message("no %s: the song's features are not checked\n", path);
    skip();
  }
  const aus_stft_config c = { 512, 512, 256, AUS_WINDOW_HANN, AUS_CENTER_REFLECT };
  const aus_log_config log = { .kind = AUS_LOG10_1P, .scale = 10000, .half = 1 };
  aus_stft *s;
  aus_bank *bank;
  float *fb = malloc(96 * 257 * sizeof *fb);
  const int64_t n = (int64_t)(size / sizeof(float));
  assert_ok(ctx, aus_stft_create(ctx, &c, &s));
  const int64_t frames = aus_stft_frames(s, n);
  assert_int_equal(frames, 1821);
  float *y = malloc((size_t)frames * 96 * sizeof *y);
  assert_ok(ctx, aus_mel_filterbank(ctx, 16000, 512, 96, 0, 8000, AUS_MEL_SLANEY, AUS_MEL_NORM_SLANEY, fb));
  assert_ok(ctx, aus_bank_create(ctx, 96, 257, fb, &bank));
  assert_ok(ctx, aus_stft_bands(s, n, data, 0, frames, 2, bank, NULL, y));
  double max = 0, sum = 0, squares = 0;
  for (int64_t i = 0; i < frames * 96; i++) max = y[i] > max ? y[i] : max;
  assert_near(max, 84.3, 0.05);
  assert_ok(ctx, aus_stft_bands(s, n, data, 0, frames, 2, bank, &log, y));
  for (int64_t i = 0; i < frames * 96; i++) {
    sum += y[i];
    squares += (double)y[i] * y[i];
  }
  const double count = (double)(frames * 96), mean = sum / count;
  assert_near(mean, 2.0827, 5e-5);
  assert_near(squares / count - mean * mean, 1.3671, 5e-5);
  free(fb);
  free(y);
  aus_bank_destroy(ctx, bank);
  aus_stft_destroy(s);
  aus_free(ctx, data);
  aus_ctx_destroy(ctx);
}

static void silence_and_bad_settings(void **state)
{
  (void)state;
  aus_ctx *ctx = test_ctx(1);
  aus_stft_config c = { 64, 65, 16, AUS_WINDOW_HANN, AUS_CENTER_REFLECT };
  aus_stft *s;
  assert_int_equal(aus_stft_create(ctx, &c, &s), AUS_EINVAL);
  assert_null(s);
  c.win_length = 64;
  c.hop = 0;
  assert_int_equal(aus_stft_create(ctx, &c, &s), AUS_EINVAL);
  c.hop = 16;
  assert_ok(ctx, aus_stft_create(ctx, &c, &s));
  float x[100] = {0}, re[7 * 33], im[7 * 33], p[7 * 33];
  assert_int_equal(aus_stft_frames(s, 100), 7);
  assert_ok(ctx, aus_stft_forward(s, 100, x, re, im));
  assert_ok(ctx, aus_stft_power(s, 100, x, 0, 7, 1, p));
  for (int i = 0; i < 7 * 33; i++) assert_true(re[i] == 0 && im[i] == 0 && p[i] == 0);
  assert_int_equal(aus_stft_power(s, 100, x, 5, 3, 2, p), AUS_EINVAL);
  assert_int_equal(aus_stft_power(s, 100, x, 0, 7, 3, p), AUS_EINVAL);
  aus_stft_destroy(s);
  aus_ctx_destroy(ctx);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(forward_equals_naive), cmocka_unit_test(inverse_restores_the_signal),
    cmocka_unit_test(threads_do_not_matter), cmocka_unit_test(fused_equals_steps), cmocka_unit_test(joram_log_mel),
    cmocka_unit_test(silence_and_bad_settings),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
