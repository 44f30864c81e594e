/* test_loudness.c - the cases of EBU Tech 3341, the full-scale sine of BS.1770, libebur128, and nothing to hear. */
#include "test.h"

#include <auscult/dsp.h>

#include "golden/loudness.h"

static const double PI = 3.14159265358979323846;

#define COUNT(a) ((int)(sizeof(a) / sizeof *(a)))

typedef struct part { double dbfs, seconds; } part;

/* Parts of a 1 kHz sine at 48 kHz, one after the other: peak levels in dBFS. */
static float *sine(double hz, int parts, const part *p, int64_t *n)
{
  double total = 0, t = 0;
  for (int i = 0; i < parts; i++) total += p[i].seconds;
  *n = llround(total * 48000);
  float *x = malloc((size_t)*n * sizeof *x);
  int64_t at = 0;
  for (int i = 0; i < parts; i++) {
    t += p[i].seconds;
    const double peak = pow(10, p[i].dbfs / 20);
    for (const int64_t to = llround(t * 48000); at < to; at++) x[at] = (float)(peak * sin(2 * PI * fmod(hz * (double)at, 48000) / 48000));
  }
  return x;
}

/* Tech 3341, cases 1 to 5: the same sine left and right must read -23 or -33 LUFS within 0.1. */
static void tech3341(void **state)
{
  (void)state;
  static const struct { int parts; part p[5]; double lufs; } cases[] = {
    { 1, { { -23, 20 } }, -23 },
    { 1, { { -33, 20 } }, -33 },
    { 3, { { -36, 10 }, { -23, 60 }, { -36, 10 } }, -23 },
    { 5, { { -72, 10 }, { -36, 10 }, { -23, 60 }, { -36, 10 }, { -72, 10 } }, -23 },
    { 3, { { -26, 20 }, { -20, 20.1 }, { -26, 20 } }, -23 },
  };
  aus_ctx *ctx = test_ctx(1);
  static const double both[1] = { 2 }; /* two channels alike weigh as one twice */
  for (int i = 0; i < COUNT(cases); i++) {
    int64_t n;
    double lufs;
    float *x = sine(1000, cases[i].parts, cases[i].p, &n);
    assert_ok(ctx, aus_loudness(ctx, 48000, 1, both, n, x, &lufs));
    assert_near(lufs, cases[i].lufs, 0.1);
    free(x);
  }
  aus_ctx_destroy(ctx);
}

/* Case 6: five channels, the surrounds 1.5 dB heavier. And BS.1770's own: 997 Hz at full scale in one channel is -3.01. */
static void channels(void **state)
{
  (void)state;
  static const double level[5] = { -28, -28, -24, -30, -30 }, weight[5] = { 1, 1, 1, 1.41, 1.41 };
  aus_ctx *ctx = test_ctx(1);
  int64_t n;
  double lufs;
  float *x = sine(1000, 1, (const part[]){ { 0, 5 } }, &n), *all = malloc(5 * (size_t)n * sizeof *all);
  for (int c = 0; c < 5; c++)
    for (int64_t i = 0; i < n; i++) all[c * n + i] = x[i] * (float)pow(10, level[c] / 20);
  assert_ok(ctx, aus_loudness(ctx, 48000, 5, weight, n, all, &lufs));
  assert_near(lufs, -23, 0.1);
  free(all);
  free(x);
  x = sine(997, 1, (const part[]){ { 0, 5 } }, &n);
  assert_ok(ctx, aus_loudness(ctx, 48000, 1, NULL, n, x, &lufs));
  assert_near(lufs, -3.01, 0.005);
  free(x);
  aus_ctx_destroy(ctx);
}

static void libebur128(void **state)
{
  (void)state;
  aus_ctx *ctx = test_ctx(1);
  for (int k = 0; k < COUNT(golden_loudness); k++) {
    const int rate = golden_loudness[k].rate, count = golden_loudness[k].channels;
    const int64_t n = (int64_t)(rate * golden_loudness[k].seconds);
    float *x = malloc((size_t)(count * n) * sizeof *x);
    uint32_t s = 12345;
    for (int64_t i = 0; i < n; i++)
      for (int c = 0; c < count; c++) {
        s = s * 1664525u + 1013904223u;
        x[c * n + i] = (float)((s / 4294967296.0 - 0.5) * pow(10, -(double)(i * 10 / (7 * rate) * 13 % 60) / 20));
      }
    double lufs;
    assert_ok(ctx, aus_loudness(ctx, rate, count, NULL, n, x, &lufs));
    assert_near(lufs, golden_loudness[k].lufs, 1e-4);
    free(x);
  }
  aus_ctx_destroy(ctx);
}

static void nothing(void **state)
{
  (void)state;
  aus_ctx *ctx = test_ctx(1);
  float *x = calloc(16000, sizeof *x);
  double lufs;
  assert_ok(ctx, aus_loudness(ctx, 16000, 1, NULL, 16000, x, &lufs));
  assert_true(isinf(lufs) && lufs < 0);
  for (int i = 0; i < 16000; i++) x[i] = i % 2 ? 0.5f : -0.5f;
  assert_ok(ctx, aus_loudness(ctx, 16000, 1, NULL, 6399, x, &lufs)); /* a sample less than a block */
  assert_true(isinf(lufs) && lufs < 0);
  assert_ok(ctx, aus_loudness(ctx, 16000, 1, NULL, 6400, x, &lufs));
  assert_true(lufs > -10);
  assert_int_equal(aus_loudness(ctx, 100, 1, NULL, 16000, x, &lufs), AUS_EINVAL);
  assert_int_equal(aus_loudness(ctx, 16000, 0, NULL, 16000, x, &lufs), AUS_EINVAL);
  free(x);
  aus_ctx_destroy(ctx);
}

int main(void)
{
  const struct CMUnitTest tests[] = { cmocka_unit_test(tech3341), cmocka_unit_test(channels), cmocka_unit_test(libebur128), cmocka_unit_test(nothing) };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
