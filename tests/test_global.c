/* test_global.c - many explanations taken together, judged by lime's own rule and by scipy. */
#include "test.h"
#include "oom.h"

#include <auscult/global.h>
#include <math.h>

#include "golden/global.h"

enum { N = 40, D = 12, BUDGET = 8, CLASSES = 3 };

static void all_near(const double *got, const double *want, int n)
{
  for (int i = 0; i < n; i++)
    if (!(fabs(got[i] - want[i]) <= 1e-12 * fmax(1, fabs(want[i])))) fail_msg("value %d is %.17g, want %.17g", i, got[i], want[i]);
}

static void picks_are_those_of_lime(void **state)
{
  (void)state;
  aus_ctx *ctx = test_ctx(1);
  int64_t picks[BUDGET];
  double covered[BUDGET];
  int32_t n;
  assert_int_equal(aus_global_picks(ctx, N, D, sparse_w, BUDGET, AUS_PICK_LAST, picks, covered, &n), AUS_OK);
  assert_int_equal(n, BUDGET);
  for (int i = 0; i < BUDGET; i++) assert_int_equal(picks[i], want_picks[i]);
  all_near(covered, want_covered, BUDGET);
  assert_int_equal(aus_global_picks(ctx, 3, D, sparse_w, BUDGET, AUS_PICK_LAST, picks, covered, &n), AUS_OK);
  assert_int_equal(n, 3); /* no more than there are */
  aus_ctx_destroy(ctx);
}

/* Row 0 covers both, row 1 the stronger component alone but with more weight; after row 0 nothing is left to cover. */
static void ties_go_to_the_strongest(void **state)
{
  (void)state;
  static const double w[] = { 0.2, 0.1, 0, 0.9, NAN, 0.3, 0.1, 0.1 };
  aus_ctx *ctx = test_ctx(1);
  int64_t picks[4];
  double covered[4];
  int32_t n;
  assert_int_equal(aus_global_picks(ctx, 4, 2, w, 4, AUS_PICK_STRONGEST, picks, covered, &n), AUS_OK);
  static const int64_t want[] = { 0, 1, 2, 3 };
  for (int i = 0; i < 4; i++) assert_int_equal(picks[i], want[i]);
  assert_true(covered[0] == 1 && covered[3] == 1);
  aus_ctx_destroy(ctx);
}

static void classes_are_those_of_musiclime(void **state)
{
  (void)state;
  aus_ctx *ctx = test_ctx(1);
  double mean[CLASSES * D], root[CLASSES * D], homogeneity[CLASSES * D];
  assert_int_equal(aus_global_classes(ctx, N, D, sparse_w, class_of, CLASSES, mean, root, homogeneity), AUS_OK);
  all_near(mean, want_mean_abs, CLASSES * D);
  all_near(root, want_root_sum, CLASSES * D);
  all_near(homogeneity, want_homogeneity, CLASSES * D);
  static const int32_t one[N]; /* a single class: nothing to tell apart */
  assert_int_equal(aus_global_classes(ctx, N, D, sparse_w, one, 1, NULL, root, homogeneity), AUS_OK);
  for (int j = 0; j < D; j++) assert_true(root[j] == homogeneity[j]);
  assert_int_equal(aus_global_classes(ctx, N, D, sparse_w, class_of, 2, NULL, root, NULL), AUS_EINVAL);
  aus_ctx_destroy(ctx);
}

static void spread_is_that_of_numpy(void **state)
{
  (void)state;
  aus_ctx *ctx = test_ctx(1);
  aus_spread s;
  double with_holes[2 * N + 2];
  for (int i = 0; i < N; i++) { with_holes[2 * i] = x_values[i]; with_holes[2 * i + 1] = 1e9; }
  with_holes[2 * N] = NAN; /* left out */
  assert_int_equal(aus_global_spread(ctx, N + 1, with_holes, 2, &s), AUS_OK);
  const double got[] = { s.mean, s.sd, s.q05, s.q25, s.q50, s.q75, s.q95, s.min, s.max, s.mean_abs, s.root_sum, s.positive };
  assert_int_equal(s.n, N);
  all_near(got, want_spread, 12);
  assert_int_equal(aus_global_spread(ctx, 0, with_holes, 1, &s), AUS_OK);
  assert_true(s.n == 0 && isnan(s.mean) && isnan(s.q50));
  double column[N];
  for (int i = 0; i < N; i++) column[i] = sparse_w[i * D + 1];
  const double r = aus_global_correlation(N, x_values, column);
  all_near(&r, want_correlation, 1);
  assert_true(isnan(aus_global_correlation(1, x_values, column)));
  aus_ctx_destroy(ctx);
}

static void the_strongest_stay(void **state)
{
  (void)state;
  double w[] = { 0.1, -3, 2, NAN, 0.5, 0, 0, 4, 0, 0, 1, 1, 1, 1, 1 };
  aus_global_strongest(3, 5, w, 2);
  static const double want[] = { 0, -3, 2, NAN, 0, 0, 0, 4, 0, 0, 1, 1, 0, 0, 0 };
  for (int i = 0; i < 15; i++) assert_true(isnan(want[i]) ? isnan(w[i]) : w[i] == want[i]);
}

static aus_status everything(aus_ctx *ctx, void *arg)
{
  int64_t picks[BUDGET];
  double covered[BUDGET], root[CLASSES * D], homogeneity[CLASSES * D];
  int32_t n;
  aus_spread s;
  (void)arg;
  aus_status status = aus_global_spread(ctx, N, x_values, 1, &s);
  if (status == AUS_OK) status = aus_global_classes(ctx, N, D, sparse_w, class_of, CLASSES, NULL, root, homogeneity);
  if (status == AUS_OK) status = aus_global_picks(ctx, N, D, sparse_w, BUDGET, AUS_PICK_STRONGEST, picks, covered, &n);
  return status;
}

static void memory_runs_out(void **state)
{
  (void)state;
  oom_sweep("global analysis", everything, NULL);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(picks_are_those_of_lime), cmocka_unit_test(ties_go_to_the_strongest), cmocka_unit_test(classes_are_those_of_musiclime),
    cmocka_unit_test(spread_is_that_of_numpy), cmocka_unit_test(the_strongest_stay), cmocka_unit_test(memory_runs_out),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
