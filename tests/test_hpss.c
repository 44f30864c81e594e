/* test_hpss.c - separation against scipy's medians and librosa's masks (tests/golden/make_dsp.py), its sums, its threads. */
#include "test.h"

#include <auscult/dsp.h>

#include "golden/dsp.h"

static float rough(int64_t i) { return (float)((double)((i * 7919 + i * i * 31) % 1021) / 512.0 - 1); }

static void check_golden(const aus_hpss_config *c, const float *want_h, const float *want_p)
{
  enum { N = 900 };
  float x[N], h[N], p[N];
  aus_ctx *ctx = test_ctx(2);
  for (int i = 0; i < N; i++) x[i] = rough(i) + (float)sin(0.3 * i);
  assert_ok(ctx, aus_hpss(ctx, c, N, x, h, p));
  for (int i = 0; i < N; i += 3) {
    assert_near(h[i], want_h[i / 3], 5e-6);
    assert_near(p[i], want_p[i / 3], 5e-6);
  }
  aus_ctx_destroy(ctx);
}

static void golden(void **state)
{
  (void)state;
  const aus_hpss_config a = { 64, 16, 31, 31, 1, 2 }, b = { 128, 32, 7, 16, 2, 1 }, c = { 60, 20, 4, 9, 1.5, 3 };
  check_golden(&a, golden_hpss_a_h, golden_hpss_a_p);
  check_golden(&b, golden_hpss_b_h, golden_hpss_b_p);
  check_golden(&c, golden_hpss_c_h, golden_hpss_c_p);
}

/* With margin 1 the parts sum to the input; a tone goes to one, a hit to the other. Several blocks; any threads, same bits. */
static void parts_sum_to_the_whole(void **state)
{
  (void)state;
  enum { RATE = 8000, N = 200000 };
  aus_hpss_config c;
  aus_hpss_defaults(&c);
  assert_true(c.n_fft == 2048 && c.hop == 512 && c.kernel_time == 31 && c.margin == 1 && c.power == 2);
  c.n_fft = 512;
  c.hop = 128;
  float *x = malloc(N * sizeof *x), *part[4];
  for (int i = 0; i < 4; i++) part[i] = malloc(N * sizeof(float));
  double tone_energy = 0, hit_energy = 0;
  for (int i = 0; i < N; i++) {
    const double tone = 0.5 * sin(2 * 3.14159265358979 * 440 * i / RATE), hit = i % 4000 < 3 ? 0.9 : 0;
    x[i] = (float)(tone + hit);
  }
  for (int threads = 1; threads <= 3; threads++) {
    aus_ctx *ctx = test_ctx(threads);
    float **p = threads == 1 ? part : part + 2;
    assert_ok(ctx, aus_hpss(ctx, &c, N, x, p[0], p[1]));
    if (threads > 1) {
      assert_memory_equal(part[0], part[2], N * sizeof(float));
      assert_memory_equal(part[1], part[3], N * sizeof(float));
    }
    aus_ctx_destroy(ctx);
  }
  for (int i = 0; i < N; i++) {
    assert_near(part[0][i] + part[1][i], x[i], 2e-6);
    const double d = part[0][i] - 0.5 * sin(2 * 3.14159265358979 * 440 * i / RATE);
    tone_energy += d * d;
    hit_energy += part[1][i] * part[1][i];
  }
  assert_true(tone_energy / N < 1e-3 * 0.125);                 /* the tone, near enough */
  assert_true(hit_energy > 0.5 * (N / 4000) * 3 * 0.81);       /* and most of the hits' energy in the other */
  for (int i = 0; i < 4; i++) free(part[i]);
  free(x);
}

static void edges(void **state)
{
  (void)state;
  aus_ctx *ctx = test_ctx(1);
  aus_hpss_config c;
  aus_hpss_defaults(&c);
  static float x[3000], h[3000], p[3000];
  assert_ok(ctx, aus_hpss(ctx, &c, 3000, x, h, p)); /* silence */
  for (int i = 0; i < 3000; i++) assert_true(h[i] == 0 && p[i] == 0);
  x[0] = 0.5f;
  assert_ok(ctx, aus_hpss(ctx, &c, 1, x, h, p)); /* one sample */
  assert_near(h[0] + p[0], 0.5, 1e-6);
  c.margin = 0.5;
  assert_int_equal(aus_hpss(ctx, &c, 3000, x, h, p), AUS_EINVAL);
  c.margin = 1;
  c.kernel_time = 0;
  assert_int_equal(aus_hpss(ctx, &c, 3000, x, h, p), AUS_EINVAL);
  c.kernel_time = 31;
  c.hop = 4096;
  assert_int_equal(aus_hpss(ctx, &c, 3000, x, h, p), AUS_EINVAL);
  assert_int_equal(aus_hpss(ctx, &c, 0, x, h, p), AUS_EINVAL);
  aus_ctx_destroy(ctx);
}

int main(void)
{
  const struct CMUnitTest tests[] = { cmocka_unit_test(golden), cmocka_unit_test(parts_sum_to_the_whole), cmocka_unit_test(edges) };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
