/* test_onset.c - onset strength, onsets and beats against the definitions in numpy, and on hits at known times. */
#include "test.h"

#include <auscult/dsp.h>

#include "dsp/onset.h"
#include "golden/dsp.h"

static const double PI = 3.14159265358979323846;

#define COUNT(a) ((int)(sizeof(a) / sizeof *(a)))

/* As bursts() of make_dsp.py. */
static float *bursts(int rate, double seconds, int count, double first, double period, int64_t *n)
{
  *n = (int64_t)(rate * seconds);
  float *x = malloc((size_t)*n * sizeof *x);
  for (int64_t i = 0; i < *n; i++) {
    const double t = (double)i / rate;
    double y = 0;
    for (int k = 0; k < count; k++) {
      const double d = t - (first + period * k);
      if (d < 0 || d > 1) continue;
      y += exp(-30 * d) * (sin(2 * PI * (200 + 150 * (k % 4)) * d) + 0.5 * sin(2 * PI * 3100 * d)) * (0.5 + 0.1 * (k % 3));
    }
    x[i] = (float)(0.5 * y + 0.01 * sin(2 * PI * 440 * t));
  }
  return x;
}

static void golden(void **state)
{
  (void)state;
  aus_ctx *ctx = test_ctx(2);
  int64_t n;
  float *x = bursts(22050, 6, 12, 0.25, 0.46875, &n);
  aus_onset_env env;
  assert_ok(ctx, aus_onset_envelope(ctx, 22050, n, x, &env));
  assert_int_equal(env.frames, COUNT(golden_onset_strength));
  assert_int_equal(env.hop, 512);
  for (int i = 0; i < env.frames; i++) assert_near(env.strength[i], golden_onset_strength[i], 2e-3);
  aus_free(ctx, env.strength);
  double times[64], bpm;
  int32_t found;
  assert_ok(ctx, aus_onsets(ctx, 22050, n, x, 64, times, &found));
  assert_int_equal(found, COUNT(golden_onsets));
  for (int i = 0; i < found; i++) assert_near(times[i], golden_onsets[i] * 512 / 22050.0, 1e-9);
  assert_ok(ctx, aus_beats(ctx, 22050, n, x, 64, times, &found, &bpm));
  assert_near(bpm, golden_bpm[0], 1e-6);
  assert_int_equal(found, COUNT(golden_beats));
  for (int i = 0; i < found; i++) assert_near(times[i], golden_beats[i] * 512 / 22050.0, 1e-9);
  assert_ok(ctx, aus_onsets(ctx, 22050, n, x, 5, times, &found)); /* room for five only */
  assert_int_equal(found, 5);
  free(x);
  aus_ctx_destroy(ctx);
}

/* At any rate, hits are found within one hop (24 ms) and the tempo within 5 %. */
static void hits_at_known_times(void **state)
{
  (void)state;
  static const int rates[] = { 8000, 16000, 44100, 96000 };
  for (int r = 0; r < COUNT(rates); r++) {
    aus_ctx *ctx = test_ctx(1);
    int64_t n;
    float *x = bursts(rates[r], 9, 16, 0.4, 0.5, &n);
    double times[64], bpm;
    int32_t found;
    assert_ok(ctx, aus_onsets(ctx, rates[r], n, x, 64, times, &found));
    if (found != 16) { for (int i = 0; i < found; i++) print_message("%d: %.4f\n", rates[r], times[i]); fail(); }
    for (int i = 0; i < 16; i++) assert_near(times[i], 0.4 + 0.5 * i, 0.024);
    assert_ok(ctx, aus_beats(ctx, rates[r], n, x, 64, times, &found, &bpm));
    assert_near(bpm, 120, 6);
    assert_true(found >= 15);
    for (int i = 0; i < found; i++) assert_near(fmod(times[i] - 0.4 + 0.25, 0.5) - 0.25, 0, 0.03);
    free(x);
    aus_ctx_destroy(ctx);
  }
}

static void nothing_to_hear(void **state)
{
  (void)state;
  aus_ctx *ctx = test_ctx(1);
  float *x = calloc(30000, sizeof *x);
  double times[8], bpm;
  int32_t found;
  static const int64_t lengths[] = { 1, 100, 5000, 30000 };
  for (int l = 0; l < COUNT(lengths); l++) {
    for (int dc = 0; dc < 2; dc++) {
      for (int i = 0; i < 30000; i++) x[i] = (float)dc * 0.25f;
      assert_ok(ctx, aus_onsets(ctx, 16000, lengths[l], x, 8, times, &found));
      assert_true(found == 0 || dc);
      assert_ok(ctx, aus_beats(ctx, 16000, lengths[l], x, 8, times, &found, &bpm));
      assert_true(!isnan(bpm));
      assert_true(found == 0 || dc);
    }
  }
  assert_int_equal(aus_onsets(ctx, 0, 100, x, 8, times, &found), AUS_EINVAL);
  assert_int_equal(aus_beats(ctx, 16000, 0, x, 8, times, &found, &bpm), AUS_EINVAL);
  free(x);
  aus_ctx_destroy(ctx);
}

int main(void)
{
  const struct CMUnitTest tests[] = { cmocka_unit_test(golden), cmocka_unit_test(hits_at_known_times), cmocka_unit_test(nothing_to_hear) };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
