/* test_fidelity.c - scores of interpreters and masks against scikit-learn and scipy (golden/fidelity.h), hand-made probabilities, and
 * the promises of the random baselines. */
#include "test.h"

#include <auscult/fidelity.h>

#include "golden/fidelity.h"

enum { FIELDS = sizeof(aus_masked) / sizeof(double) };
static double at(const aus_masked *m, int i) { return ((const double *)(const void *)m)[i]; }

static void masked_as_numpy(void **state)
{
  (void)state;
  enum { N = 6, C = 5 };
  aus_ctx *ctx = test_ctx(1);
  aus_masked clip[N], mean;
  for (int i = 0; i < N; i++) {
    const float *z = masked_logits + i * C;
    assert_ok(ctx, aus_eval_masked(ctx, C, z, z + N * C, z + 2 * N * C, -1, &clip[i]));
    for (int f = 0; f < FIELDS; f++) assert_near(at(&clip[i], f), want_masked[i * FIELDS + f], 1e-6);
  }
  aus_eval_masked_mean(N, clip, &mean);
  for (int f = 0; f < FIELDS; f++) assert_near(at(&mean, f), want_masked_mean[f], 1e-6);
  assert_ok(ctx, aus_eval_masked_median(ctx, N, clip, &mean));
  for (int f = 0; f < FIELDS; f++) assert_near(at(&mean, f), want_masked_median[f], 1e-6);
  aus_ctx_destroy(ctx);
}

/* p = (0.8, 0.1, 0.1), in: 0.4 or 0.9 of the class, out: 0.2: every score by hand. */
static void masked_by_hand(void **state)
{
  (void)state;
  aus_ctx *ctx = test_ctx(1);
  const float x[3] = { logf(0.8f), logf(0.1f), logf(0.1f) }, less[3] = { logf(0.4f), logf(0.5f), logf(0.1f) }, more[3] = { logf(0.9f), logf(0.05f), logf(0.05f) };
  const float out[3] = { logf(0.2f), logf(0.4f), logf(0.4f) };
  aus_masked m;
  assert_ok(ctx, aus_eval_masked(ctx, 3, x, less, out, -1, &m));
  assert_near(m.ai, 0, 0);
  assert_near(m.ad, 50, 1e-5);
  assert_near(m.ag, 0, 0);
  assert_near(m.ff, 0.6, 1e-6);
  assert_near(m.ff_logit, log(4), 1e-6);
  assert_near(m.fid_in, 0, 0);
  const double e = exp(0.8) / (exp(0.8) + 2 * exp(0.1)), d = exp(0.4) / (exp(0.4) + exp(0.5) + exp(0.1));
  assert_near(m.ad_speechbrain, 100 * (e - d) / e, 1e-5);
  assert_near(m.fid_in_speechbrain, 0, 0);
  assert_ok(ctx, aus_eval_masked(ctx, 3, x, more, out, 0, &m));
  assert_near(m.ai, 100, 0);
  assert_near(m.ad, 0, 0);
  assert_near(m.ag, 50, 1e-4);
  assert_near(m.fid_in, 1, 0);
  assert_ok(ctx, aus_eval_masked(ctx, 3, x, x, x, -1, &m)); /* the whole sound: perfect to the ear of AD and Fid-In, nothing for FF */
  assert_near(m.ad, 0, 0);
  assert_near(m.fid_in, 1, 0);
  assert_near(m.ff, 0, 0);
  assert_int_equal(aus_eval_masked(ctx, 3, x, x, x, 3, &m), AUS_EINVAL);
  assert_int_equal(aus_eval_masked(ctx, 3, x, (const float[]){ 0, NAN, 0 }, x, 0, &m), AUS_EINVAL);
  aus_ctx_destroy(ctx);
}

static void agreement_as_sklearn(void **state)
{
  (void)state;
  enum { N = 40, C = 7 };
  aus_ctx *ctx = test_ctx(1);
  int32_t a[N], b[N];
  for (int k = 0; k < 3; k++) assert_near(aus_eval_top_k(N, C, agree_model, agree_interpreter, 1 + 2 * k), want_top[k], 1e-12);
  for (int i = 0; i < N; i++) {
    a[i] = b[i] = 0;
    for (int c = 1; c < C; c++) {
      if (agree_model[i * C + c] > agree_model[i * C + a[i]]) a[i] = c;
      if (agree_interpreter[i * C + c] > agree_interpreter[i * C + b[i]]) b[i] = c;
    }
  }
  double kappa;
  assert_ok(ctx, aus_eval_kappa(ctx, N, C, a, b, &kappa));
  assert_near(kappa, want_kappa[0], 1e-12);
  a[3] = C;
  assert_int_equal(aus_eval_kappa(ctx, N, C, a, b, &kappa), AUS_EINVAL);
  for (int i = 0; i < N; i++) a[i] = 2;
  assert_ok(ctx, aus_eval_kappa(ctx, N, C, a, a, &kappa));
  assert_true(isnan(kappa));
  aus_ctx_destroy(ctx);
}

static void detection_as_sklearn(void **state)
{
  (void)state;
  enum { N = 30, C = 4 };
  static const double grid[11] = { .95, .9, .8, .7, .6, .5, .4, .3, .2, .1, .05 };
  aus_ctx *ctx = test_ctx(1);
  aus_detection d;
  assert_ok(ctx, aus_eval_detection(ctx, N, C, detect_truth, detect_score, &d));
  assert_near(d.macro_auprc, want_detection[0], 1e-12);
  assert_near(d.micro_auprc, want_detection[1], 1e-12);
  assert_near(d.max_f1, want_detection[2], 1e-12);
  assert_ok(ctx, aus_eval_detection_sweep(ctx, N, C, detect_truth, detect_score, 11, grid, &d));
  assert_near(d.macro_auprc, want_sweep[0], 1e-9);
  assert_near(d.micro_auprc, want_sweep[1], 1e-9);
  assert_near(d.max_f1, want_sweep[2], 1e-9);
  assert_int_equal(aus_eval_detection_sweep(ctx, N, C, detect_truth, detect_score, 2, (const double[]){ .1, .2 }, &d), AUS_EINVAL);
  aus_ctx_destroy(ctx);
}

static void paired_as_scipy(void **state)
{
  (void)state;
  static const int count[5] = { 2, 5, 12, 50, 80 };
  aus_ctx *ctx = test_ctx(1);
  aus_paired r;
  for (int k = 0; k < 5; k++) {
    assert_ok(ctx, aus_eval_paired_t(ctx, count[k], pair_a, pair_b, &r));
    assert_near(r.statistic, want_t[2 * k], 1e-9);
    assert_near(r.p, want_t[2 * k + 1], 1e-10);
    assert_ok(ctx, aus_eval_wilcoxon(ctx, count[k], pair_a, pair_b, &r));
    assert_int_equal(r.exact, count[k] <= 50);
    assert_near(r.statistic, want_w[2 * k], 1e-9);
    assert_near(r.p, want_w[2 * k + 1], 1e-12);
  }
  assert_ok(ctx, aus_eval_wilcoxon(ctx, 30, tied_a, tied_b, &r));
  assert_int_equal(r.exact, 0);
  assert_near(r.statistic, want_tied[0], 1e-9);
  assert_near(r.p, want_tied[1], 1e-12);
  assert_ok(ctx, aus_eval_wilcoxon(ctx, 5, pair_a, pair_a, &r));
  assert_true(isnan(r.p) && r.n == 0);
  assert_int_equal(aus_eval_paired_t(ctx, 1, pair_a, pair_b, &r), AUS_EINVAL);
  aus_ctx_destroy(ctx);
}

/* ---- chance ------------------------------------------------------------------------------------------------- */

static void random_count_avoids_what_was_selected(void **state)
{
  (void)state;
  enum { N = 20 };
  aus_ctx *ctx = test_ctx(1);
  uint8_t selected[N] = { 0 };
  float w[N], seen[N] = { 0 };
  selected[3] = selected[4] = selected[17] = 1;
  for (uint64_t item = 0; item < 400; item++) {
    float sum = 0;
    assert_ok(ctx, aus_eval_random_count(ctx, N, selected, 5, item, w));
    for (int i = 0; i < N; i++) {
      sum += w[i];
      seen[i] += w[i];
      assert_true(!selected[i] || w[i] == 0);
    }
    assert_near(sum, 3, 0);
  }
  for (int i = 0; i < N; i++) assert_true(selected[i] || (seen[i] > 30 && seen[i] < 120)); /* 400 * 3 / 17 = 71 each */
  memset(selected, 1, 15);
  assert_ok(ctx, aus_eval_random_count(ctx, N, selected, 5, 0, w));
  for (int i = 0; i < N; i++) assert_near(w[i], !selected[i], 0);
  aus_ctx_destroy(ctx);
}

/* Components that overlap: energy is not additive. */
static double loudness(void *user, int64_t n, const float *w)
{
  double sum = 0, all = 0;
  const float *each = user;
  for (int64_t i = 0; i < n; i++) { sum += (double)w[i] * each[i]; all += (double)w[i] * w[i]; }
  return sum * sum + all;
}

static void random_energy_is_met(void **state)
{
  (void)state;
  enum { N = 12 };
  aus_ctx *ctx = test_ctx(1);
  float each[N], w[N], other[N], ones[N];
  int differ = 0;
  for (int i = 0; i < N; i++) { each[i] = 0.2f + (float)((i * 7) % N); ones[i] = 1; }
  const double all = loudness(each, N, ones);
  for (uint64_t item = 0; item < 50; item++) {
    const double want = all * (0.02 + 0.019 * (double)item);
    assert_ok(ctx, aus_eval_random_energy(ctx, N, want, loudness, each, 9, item, w));
    assert_near(loudness(each, N, w) / want, 1, 1e-3);
    int partial = 0;
    for (int i = 0; i < N; i++) partial += w[i] > 0 && w[i] < 1;
    assert_true(partial <= 1);
    assert_ok(ctx, aus_eval_random_energy(ctx, N, want, loudness, each, 10, item, other));
    differ += memcmp(w, other, sizeof w) != 0;
  }
  assert_true(differ > 45);
  assert_ok(ctx, aus_eval_random_energy(ctx, N, 2 * all, loudness, each, 9, 0, w));
  for (int i = 0; i < N; i++) assert_near(w[i], 1, 1e-6);
  aus_ctx_destroy(ctx);
}

static void masks_keep_the_energy_asked_for(void **state)
{
  (void)state;
  enum { N = 200 };
  aus_ctx *ctx = test_ctx(1);
  float value[N], energy[N], mask[N];
  double all = 0;
  for (int i = 0; i < N; i++) {
    value[i] = (float)((i * 37) % N);
    energy[i] = (float)((i * 11) % 17);
    all += energy[i];
  }
  for (double share = 0.1; share < 1; share += 0.1) {
    double kept = 0;
    assert_ok(ctx, aus_eval_keep_energy(ctx, N, value, energy, share, mask));
    float lowest_in = 1e9f, highest_out = -1;
    for (int i = 0; i < N; i++) {
      kept += (double)mask[i] * mask[i] * energy[i];
      if (mask[i] > 0 && value[i] < lowest_in) lowest_in = value[i];
      if (mask[i] == 0 && value[i] > highest_out) highest_out = value[i];
    }
    assert_near(kept / all, share, 1e-6);
    assert_true(lowest_in > highest_out);
  }
  aus_ctx_destroy(ctx);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(masked_as_numpy), cmocka_unit_test(masked_by_hand), cmocka_unit_test(agreement_as_sklearn), cmocka_unit_test(detection_as_sklearn),
    cmocka_unit_test(paired_as_scipy), cmocka_unit_test(random_count_avoids_what_was_selected), cmocka_unit_test(random_energy_is_met),
    cmocka_unit_test(masks_keep_the_energy_asked_for),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
