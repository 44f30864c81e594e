/* test_bss.c - SI-SDR and BSS Eval 3 against signals projected by scipy's least squares (golden/bss.h), and what must hold of them. */
#include "oom.h"

#include <auscult/eval.h>

#include "golden/bss.h"

static void check(const aus_bss *got, const double want[5], double tolerance)
{
  assert_near(got->sdr, want[0], tolerance);
  assert_near(got->sir, want[1], tolerance);
  assert_near(got->sar, want[2], tolerance);
  assert_near(got->isr, want[3], tolerance);
  assert_near(got->snr, want[4], tolerance);
}

static void planes(int n, int size, const float *x, const float **out)
{
  for (int j = 0; j < n; j++) out[j] = x + j * size;
}

static void short_filters_agree_with_scipy(void **state)
{
  (void)state;
  aus_ctx *ctx = test_ctx(2);
  const struct { int taps; const double (*mono)[5], (*stereo)[5]; } c[] = { { 1, mono_want_1, stereo_want_1 },
                                                                            { 8, mono_want_8, stereo_want_8 },
                                                                            { 64, mono_want_64, stereo_want_64 } };
  const float *ref[3], *est[3];
  aus_bss got[3];
  for (size_t i = 0; i < sizeof c / sizeof *c; i++) {
    planes(mono_n, mono_samples, mono_reference, ref);
    planes(mono_n, mono_samples, mono_estimate, est);
    assert_ok(ctx, aus_eval_bss(ctx, c[i].taps, 1, mono_samples, mono_n, ref, est, got));
    for (int j = 0; j < mono_n; j++) check(&got[j], c[i].mono[j], 1e-5);
    planes(stereo_n, stereo_channels * stereo_samples, stereo_reference, ref);
    planes(stereo_n, stereo_channels * stereo_samples, stereo_estimate, est);
    assert_ok(ctx, aus_eval_bss(ctx, c[i].taps, stereo_channels, stereo_samples, stereo_n, ref, est, got));
    for (int j = 0; j < stereo_n; j++) check(&got[j], c[i].stereo[j], 1e-5);
  }
  aus_ctx_destroy(ctx);
}

static void si_sdr_agrees_and_is_the_projection_of_one_tap(void **state)
{
  (void)state;
  for (int j = 0; j < mono_n; j++) {
    const double got = aus_eval_si_sdr(mono_samples, mono_estimate + j * mono_samples, mono_reference + j * mono_samples);
    assert_near(got, mono_si_sdr[j], 1e-9);
    assert_near(got, mono_want_1[j][0], 1e-9);
  }
  for (int j = 0; j < stereo_n; j++) {
    const int size = stereo_channels * stereo_samples;
    assert_near(aus_eval_si_sdr(size, stereo_estimate + j * size, stereo_reference + j * size), stereo_si_sdr[j], 1e-9);
  }
}

/* The sounds of make_bss.py. */
static double noise(uint64_t *state)
{
  *state = *state * 6364136223846793005u + 1442695040888963407u;
  return (double)(*state >> 40) / 16777216 - 0.5;
}

enum { LONG = 6000 };
typedef struct pair { float s[2][LONG], e[2][LONG]; } pair;

static pair *long_sounds(void)
{
  pair *p = malloc(sizeof *p);
  double *s1 = malloc(LONG * sizeof *s1), *extra = malloc(LONG * sizeof *extra);
  uint64_t state = 12345;
  assert_true(p && s1 && extra);
  for (int t = 0; t < LONG; t++) p->s[0][t] = (float)noise(&state);
  for (int t = 0; t < LONG; t++) s1[t] = noise(&state);
  for (int t = 0; t < LONG; t++) extra[t] = noise(&state);
  for (int t = 1; t < LONG; t++) s1[t] += 0.75 * s1[t - 1];
  for (int t = 0; t < LONG; t++) p->s[1][t] = (float)s1[t];
  for (int t = 0; t < LONG; t++) {
    p->e[0][t] = (float)(0.5 * p->s[0][t] + 0.25 * p->s[1][(t - 100 + LONG) % LONG] + 0.0625 * extra[t]);
    p->e[1][t] = (float)(p->s[1][t] + 0.125 * p->s[0][(t - 300 + LONG) % LONG] + 0.125 * extra[t]);
  }
  free(s1);
  free(extra);
  return p;
}

static void the_published_512_taps_agree_for_any_threads(void **state)
{
  (void)state;
  pair *p = long_sounds();
  const float *ref[] = { p->s[0], p->s[1] }, *est[] = { p->e[0], p->e[1] };
  aus_bss got[2], again[2];
  for (int threads = 1; threads <= 3; threads += 2) {
    aus_ctx *ctx = test_ctx(threads);
    assert_ok(ctx, aus_eval_bss(ctx, 512, 1, LONG, 2, ref, est, threads == 1 ? got : again));
    aus_ctx_destroy(ctx);
  }
  for (int j = 0; j < 2; j++) check(&got[j], long_want[j], 1e-5);
  assert_memory_equal(got, again, sizeof got);
  free(p);
}

static void ends_of_the_scale(void **state)
{
  (void)state;
  aus_ctx *ctx = test_ctx(1);
  pair *p = long_sounds();
  static float none[LONG];
  const float *ref[] = { p->s[0], p->s[1] }, *silent[] = { none, p->s[1] }, *same[] = { p->s[0], p->s[0] };
  aus_bss got[2];
  assert_ok(ctx, aus_eval_bss(ctx, 16, 1, LONG, 2, ref, ref, got)); /* perfect */
  assert_true(isinf(got[0].sdr) && got[0].sdr > 0 && isinf(got[1].sir) && isinf(got[1].sar) && isinf(got[0].isr) && isinf(got[0].snr));
  assert_ok(ctx, aus_eval_bss(ctx, 16, 1, LONG, 2, silent, ref, got)); /* a silent reference has no figures and hurts no other */
  assert_true(isnan(got[0].sdr) && isnan(got[0].sir));
  assert_true(isinf(got[1].sdr));
  assert_true(isinf(aus_eval_si_sdr(LONG, p->s[0], p->s[0])));
  assert_true(isnan(aus_eval_si_sdr(LONG, p->s[0], none)) && isnan(aus_eval_si_sdr(LONG, none, p->s[0])));
  assert_int_equal(aus_eval_bss(ctx, 0, 1, LONG, 2, ref, ref, got), AUS_EINVAL);
  /* Copies: loading makes the system solvable, and the copy takes nothing away from the own reference. */
  assert_ok(ctx, aus_eval_bss(ctx, 16, 1, LONG, 2, same, (const float *[]){ p->e[0], p->e[1] }, got));
  assert_true(isinf(got[0].sir));
  free(p);
  aus_ctx_destroy(ctx);
}

static aus_status score(aus_ctx *ctx, void *user)
{
  const pair *p = user;
  aus_bss got[2];
  return aus_eval_bss(ctx, 4, 1, 600, 2, (const float *[]){ p->s[0], p->s[1] }, (const float *[]){ p->e[0], p->e[1] }, got);
}

static void memory_that_runs_out(void **state)
{
  (void)state;
  pair *p = long_sounds();
  assert_true(oom_sweep("BSS Eval", score, p) > 8);
  free(p);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(short_filters_agree_with_scipy),
    cmocka_unit_test(si_sdr_agrees_and_is_the_projection_of_one_tap),
    cmocka_unit_test(the_published_512_taps_agree_for_any_threads),
    cmocka_unit_test(ends_of_the_scale),
    cmocka_unit_test(memory_that_runs_out),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
