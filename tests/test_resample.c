/* test_resample.c - what a resampler promises, measured: tones in the passband come out as the same tones, tones above it
 * do not come out, constants stay constant, nothing depends on threads. */
#include "test.h"

#include <auscult/dsp.h>

static const double PI = 3.14159265358979323846;

static float *tone(int rate, double hz, int64_t n)
{
  float *x = malloc((size_t)n * sizeof *x);
  for (int64_t i = 0; i < n; i++) x[i] = (float)sin(2 * PI * fmod(hz * (double)i / rate, 1) + 0.3);
  return x;
}

/* Largest and rms distance from the ideal tone, in the middle half, in dB re 1. */
static void errors(int from, int to, double hz, int ideal, double *peak_db, double *rms_db)
{
  aus_ctx *ctx = test_ctx(1);
  const int64_t n = from / 4 + 2000, out = aus_resample_length(n, from, to);
  float *x = tone(from, hz, n), *y = malloc((size_t)out * sizeof *y);
  assert_ok(ctx, aus_resample(ctx, n, x, from, to, y));
  double peak = 0, squares = 0;
  int64_t count = 0;
  for (int64_t j = out / 4; j < 3 * out / 4; j++, count++) {
    const double e = y[j] - (ideal ? sin(2 * PI * fmod(hz * (double)j / to, 1) + 0.3) : 0);
    peak = fabs(e) > peak ? fabs(e) : peak;
    squares += e * e;
  }
  *peak_db = 20 * log10(peak + 1e-12);
  *rms_db = 10 * log10(squares / (double)count + 1e-24);
  free(x);
  free(y);
  aus_ctx_destroy(ctx);
}

static const int pairs[][2] = { { 44100, 16000 }, { 48000, 16000 }, { 192000, 16000 }, { 11025, 16000 }, { 16000, 44100 }, { 22050, 44100 },
                                { 44100, 22050 }, { 8000, 11025 }, { 44100, 48000 }, { 96000, 44100 }, { 44101, 16000 }, { 16000, 15999 } };

static void passband_and_stopband(void **state)
{
  (void)state;
  for (size_t i = 0; i < sizeof pairs / sizeof *pairs; i++) {
    const int from = pairs[i][0], to = pairs[i][1];
    const double nyquist = 0.5 * (from < to ? from : to);
    static const double at[] = { 0.01, 0.25, 0.6, 0.9, 0.92 };
    for (int k = 0; k < 5; k++) {
      double peak, rms;
      errors(from, to, at[k] * nyquist, 1, &peak, &rms);
      if (!(rms < -98 && peak < -92)) fail_msg("%d to %d Hz, tone at %.2f of Nyquist: error %.1f dB rms, %.1f dB peak", from, to, at[k], rms, peak);
    }
    if (to < from) {
      static const double above[] = { 1.0, 1.02, 1.3, 1.9 };
      for (int k = 0; k < 4; k++) {
        if (above[k] * nyquist >= 0.5 * from) continue;
        double peak, rms;
        errors(from, to, above[k] * nyquist, 0, &peak, &rms);
        if (!(peak < -100)) fail_msg("%d to %d Hz, tone at %.2f of Nyquist comes through at %.1f dB", from, to, above[k], peak);
      }
    }
  }
}

static void lengths(void **state)
{
  (void)state;
  assert_int_equal(aus_resample_length(44100, 44100, 16000), 16000);
  assert_int_equal(aus_resample_length(44101, 44100, 16000), 16001);
  assert_int_equal(aus_resample_length(1, 44100, 16000), 1);
  assert_int_equal(aus_resample_length(0, 44100, 16000), 0);
  assert_int_equal(aus_resample_length(3LL * 3600 * 192000, 192000, 16000), 3LL * 3600 * 16000);
  assert_int_equal(aus_resample_length(INT64_MAX / 4, 192000, 16000), INT64_MAX / 4 / 12 + 1);
  aus_ctx *ctx = test_ctx(1);
  for (int n = 0; n <= 67; n++) /* exactly so many samples read and written: memory checkers watch the ends */
    for (int p = 0; p < 3; p++) {
      const int64_t out = aus_resample_length(n, pairs[p + 2][0], pairs[p + 2][1]);
      float *x = malloc((size_t)n * sizeof *x + 1), *y = malloc((size_t)out * sizeof *y + 1);
      for (int i = 0; i < n; i++) x[i] = 1;
      assert_ok(ctx, aus_resample(ctx, n, x, pairs[p + 2][0], pairs[p + 2][1], y));
      for (int64_t i = 0; i < out; i++) assert_true(fabsf(y[i]) < 1.4f);
      free(x);
      free(y);
    }
  float same[3] = { 1, 2, 3 }, copy[3];
  assert_ok(ctx, aus_resample(ctx, 3, same, 16000, 16000, copy));
  assert_memory_equal(same, copy, sizeof same);
  assert_int_equal(aus_resample(ctx, 3, same, 0, 16000, copy), AUS_EINVAL);
  assert_int_equal(aus_resample(ctx, 3, same, 16000, -1, copy), AUS_EINVAL);
  assert_int_equal(aus_resample(ctx, 3, same, INT32_MAX, 1, copy), AUS_ELIMIT);
  aus_ctx_destroy(ctx);
}

static void constants_and_threads(void **state)
{
  (void)state;
  enum { N = 60000 };
  float *x = malloc(N * sizeof *x);
  for (int i = 0; i < N; i++) x[i] = 0.5f;
  for (size_t i = 0; i < sizeof pairs / sizeof *pairs; i++) {
    const int64_t out = aus_resample_length(N, pairs[i][0], pairs[i][1]);
    float *y[3];
    for (int threads = 1; threads <= 3; threads++) {
      aus_ctx *ctx = test_ctx(threads);
      y[threads - 1] = malloc((size_t)out * sizeof(float));
      assert_ok(ctx, aus_resample(ctx, N, x, pairs[i][0], pairs[i][1], y[threads - 1]));
      assert_memory_equal(y[0], y[threads - 1], (size_t)out * sizeof(float));
      aus_ctx_destroy(ctx);
    }
    for (int64_t j = out / 3; j < 2 * out / 3; j++) assert_near(y[0][j], 0.5, 5e-7);
    for (int t = 0; t < 3; t++) free(y[t]);
  }
  free(x);
}

/* There and back gives the signal again, where it has nothing near Nyquist; no shift, no gain. */
static void there_and_back(void **state)
{
  (void)state;
  aus_ctx *ctx = test_ctx(1);
  enum { N = 16000 };
  float *x = tone(16000, 1234.5, N), *up = malloc(44100 * sizeof *up), *back = malloc(N * sizeof *back);
  assert_ok(ctx, aus_resample(ctx, N, x, 16000, 44100, up));
  assert_ok(ctx, aus_resample(ctx, 44100, up, 44100, 16000, back));
  for (int i = 1000; i < N - 1000; i++) assert_near(back[i], x[i], 2e-5);
  free(x);
  free(up);
  free(back);
  aus_ctx_destroy(ctx);
}

int main(void)
{
  const struct CMUnitTest tests[] = { cmocka_unit_test(passband_and_stopband), cmocka_unit_test(lengths),
                                      cmocka_unit_test(constants_and_threads), cmocka_unit_test(there_and_back) };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
