/* test_shapley.c - exact values against their definition over all orders; sampled ones against the exact. */
#include "explain_case.h"

#include "lime/lime.h"

static double game(const float *x, int k)
{
  double s = 0.2 * k;
  for (int i = 0; i < 6; i++) s += 0.1 * (i + 1) * x[i] * (i == k ? -1 : 1);
  return s + 0.7 * x[0] * x[1] - 0.4 * x[2] * x[3] * x[4] + (x[5] > 0 && x[0] > 0 ? 0.25 : 0);
}

/* The mean gain of each component over all d! orders, and of each pair over all subsets of the others. */
static double value_of(int d, unsigned mask, int k)
{
  float x[8];
  for (int i = 0; i < d; i++) x[i] = (float)(mask >> i & 1);
  return (float)game(x, k);
}

static void add_orders(int d, unsigned done, int k, double *phi, double *orders)
{
  if (done == (1u << d) - 1) return;
  for (int i = 0; i < d; i++) {
    if (done >> i & 1) continue;
    double below = 1; /* orders of the rest */
    for (int r = 2; r < d - __builtin_popcount(done); r++) below *= r;
    phi[i] += below * (value_of(d, done | 1u << i, k) - value_of(d, done, k));
    if (done == 0) *orders += below;
    add_orders(d, done | 1u << i, k, phi, orders);
  }
}

static double factorial(int n) { return n < 2 ? 1 : n * factorial(n - 1); }

static double pair_index(int d, int i, int j, int k)
{
  double sum = 0;
  for (unsigned s = 0; s < 1u << d; s++) {
    if (s >> i & 1 || s >> j & 1) continue;
    const int n = __builtin_popcount(s);
    const double delta = value_of(d, s | 1u << i | 1u << j, k) - value_of(d, s | 1u << i, k) - value_of(d, s | 1u << j, k) + value_of(d, s, k);
    sum += factorial(n) * factorial(d - n - 2) / factorial(d - 1) * delta;
  }
  return sum;
}

static void exact_values(void **state)
{
  (void)state;
  aus_ctx *ctx = test_ctx(1);
  aus_lime_config config;
  aus_lime_defaults(&config);
  config.bootstrap = 0;
  aus_explanation e;
  enum { DIM = 6 };
  explain_formula(ctx, game, 3, DIM, &config, &e);
  for (int k = 0; k < 3; k++) {
    const aus_target_explanation *t = &e.target[k];
    double phi[DIM] = { 0 }, orders = 0, sum = 0;
    add_orders(DIM, 0, k, phi, &orders);
    assert_near(orders, 720, 0);
    const unsigned all = (1u << DIM) - 1;
    for (int i = 0; i < DIM; i++) {
      const aus_weight *w = &t->weight[i];
      double banzhaf = 0, row = t->interaction[i * DIM + i];
      for (unsigned s = 0; s <= all; s++)
        if (!(s >> i & 1)) banzhaf += (value_of(DIM, s | 1u << i, k) - value_of(DIM, s, k)) / (1 << (DIM - 1));
      assert_near(w->shapley, phi[i] / 720, 1e-12);
      assert_near(w->banzhaf, banzhaf, 1e-12);
      assert_near(w->alone, value_of(DIM, 1u << i, k), 0);
      assert_near(w->without, value_of(DIM, all & ~(1u << i), k), 0);
      for (int j = 0; j < DIM; j++) {
        if (j == i) continue;
        assert_near(t->interaction[i * DIM + j], pair_index(DIM, i, j, k), 1e-12);
        row += t->interaction[i * DIM + j] / 2;
      }
      assert_near(row, w->shapley, 1e-12);
      sum += w->shapley;
    }
    assert_near(sum, t->score - t->score_none, 1e-12);
    assert_near(t->additivity_gap, 0, 1e-12);
  }
  aus_explanation_free(&e);
  aus_ctx_destroy(ctx);
}

/* One and two components have values too. */
static void few_components(void **state)
{
  (void)state;
  aus_ctx *ctx = test_ctx(1);
  for (int d = 1; d <= 3; d++) {
    aus_lime_config config;
    aus_lime_defaults(&config);
    config.samples = d == 3 ? 5 : 0; /* as small a table as can be is exhaustive anyway */
    aus_explanation e;
    formula m = { .f = game, .targets = 1 };
    float x[6] = { 1, 1, 1, 1, 1, 1 };
    const aus_audio input = { .data = x, .frames = 6, .channels = 1, .rate = 1000 };
    const aus_segments seg = { .kind = AUS_SEGMENTS_EQUAL, .n = d };
    aus_components c;
    assert_ok(ctx, aus_components_time(ctx, &input, &seg, &c));
    aus_model *model = formula_model(ctx, &m, AUS_SCORE_REAL);
    assert_ok(ctx, aus_lime_explain(ctx, model, &c, &config, &e));
    assert_true(e.exhaustive);
    assert_near(e.target[0].additivity_gap, 0, 1e-9);
    if (d == 1) assert_near(e.target[0].weight[0].weight, e.target[0].score - e.target[0].score_none, 1e-6);
    aus_explanation_free(&e);
    aus_model_close(model);
    aus_components_free(&c);
  }
  aus_ctx_destroy(ctx);
}

static double deep(const float *x, int k)
{
  double s = -1 + 0.3 * k, p = 1;
  for (int i = 0; i < 12; i++) {
    s += cos(3.0 * i + k) * x[i];
    p *= 1 - 0.15 * x[i] * (i % 4);
  }
  return 1 / (1 + exp(-s)) + p;
}

/* More rows bring both estimates nearer to the exact values, and they miss them by as much as they say. */
static void sampled_values_converge(void **state)
{
  (void)state;
  aus_ctx *ctx = test_ctx(1);
  aus_lime_config config;
  aus_lime_defaults(&config);
  config.bootstrap = 0;
  config.stability_runs = 0;
  aus_explanation exact, e;
  explain_formula(ctx, deep, 1, 12, &config, &exact);
  config.samples = 100;
  for (int method = AUS_SHAPLEY_KERNEL; method <= AUS_SHAPLEY_PERMUTATION; method++) {
    double error[2] = { 0, 0 }, said[2] = { 0, 0 };
    config.shapley = (aus_shapley_method)method;
    for (int big = 0; big < 2; big++)
      for (config.seed = 0; config.seed < 10; config.seed++) {
        config.shapley_samples = big ? 3200 : 200;
        explain_formula(ctx, deep, 1, 12, &config, &e);
        assert_near(e.target[0].additivity_gap, 0, 1e-6);
        for (int i = 0; i < 12; i++) {
          const aus_weight *w = &e.target[0].weight[i];
          const double miss = w->shapley - exact.target[0].weight[i].shapley;
          error[big] += miss * miss / 120;
          said[big] += w->shapley_se * w->shapley_se / 120;
          assert_near(w->alone, exact.target[0].weight[i].alone, 0);
          assert_near(w->without, exact.target[0].weight[i].without, 0);
          assert_true(isnan(w->banzhaf));
        }
        aus_explanation_free(&e);
      }
    for (int big = 0; big < 2; big++) assert_near(sqrt(error[big] / said[big]), 1, 0.3);
    if (!(sqrt(error[1]) < 0.4 * sqrt(error[0]) && sqrt(error[0]) < 0.05))
      fail_msg("method %d: error %.3g with 200 rows, %.3g with 3200", method, sqrt(error[0]), sqrt(error[1]));
  }
  aus_explanation_free(&exact);
  aus_ctx_destroy(ctx);
}

/* Rows of the kernel: complements in pairs, sizes 2 to d - 2, edges of the law's weight. */
static void rows_of_the_kernel(void **state)
{
  (void)state;
  enum { DIM = 9, ROWS = 20000 };
  uint8_t *z = malloc(ROWS * DIM);
  int size[DIM + 1] = { 0 }, on[DIM] = { 0 };
  lime_kernelshap_draw(3, DIM, ROWS, z);
  for (int r = 0; r < ROWS; r++) {
    size[lime_count(DIM, z + r * DIM)]++;
    for (int i = 0; i < DIM; i++) {
      on[i] += z[r * DIM + i];
      if (r % 2) assert_int_equal(z[r * DIM + i] + z[(r - 1) * DIM + i], 1);
    }
  }
  double total = 0;
  for (int k = 2; k <= DIM - 2; k++) total += 1.0 / (k * (DIM - k));
  assert_int_equal(size[0] + size[1] + size[DIM - 1] + size[DIM], 0);
  for (int k = 2; k <= DIM - 2; k++) assert_near(size[k] / (double)ROWS, 1.0 / (k * (DIM - k)) / total, 0.01);
  for (int i = 0; i < DIM; i++) assert_int_equal(on[i], ROWS / 2);
  free(z);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(exact_values), cmocka_unit_test(few_components), cmocka_unit_test(sampled_values_converge),
    cmocka_unit_test(rows_of_the_kernel),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
