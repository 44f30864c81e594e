/* test_surrogate.c - fits, selections and posteriors against scikit-learn's on the same tables. */
#include "explain_case.h"

#include "golden/lime.h"
#include "la/la.h"
#include "lime/lime.h"

enum { D = GOLDEN_D, ROWS = GOLDEN_ROWS };

static aus_moments moments_of(aus_ctx *ctx, const golden_table *g)
{
  aus_moments m;
  assert_ok(ctx, aus_moments_alloc(ctx, D, 1, &m));
  aus_moments_of(ctx, ROWS, g->z, g->pi, g->y, &m);
  return m;
}

static void fit_subset(const aus_moments *m, aus_subset s, double alpha, double *coef)
{
  double *scratch = malloc(aus_ridge_scratch(m->d) * sizeof *scratch);
  aus_ridge r;
  aus_ridge_factor(m, s, alpha, false, scratch, &r);
  aus_ridge_solve(&r, m, 0, coef, NULL);
  free(scratch);
}

static void ridge_and_least_squares(void **state)
{
  (void)state;
  aus_ctx *ctx = test_ctx(1);
  double coef[D], b, r2;
  for (int t = 0; t < GOLDEN_TABLES; t++) {
    const golden_table *g = &golden_tables[t];
    aus_moments m = moments_of(ctx, g);
    const aus_subset all = { .n = D };
    for (int alpha = 0; alpha < 2; alpha++) {
      const double *expected = alpha ? g->ridge : g->wls;
      fit_subset(&m, all, alpha, coef);
      for (int i = 0; i < D; i++) assert_near(coef[i], expected[i], 1e-10);
      assert_near(aus_ridge_intercept(&m, 0, coef), alpha ? g->ridge_b[0] : g->wls_b[0], 1e-10);
      assert_near(aus_ridge_r2(&m, 0, coef), alpha ? g->ridge_r2[0] : g->wls_r2[0], 1e-10);
      assert_ok(ctx, aus_weighted_ridge(ctx, ROWS, D, 1, g->z, g->pi, g->y, alpha, coef, &b, &r2));
      for (int i = 0; i < D; i++) assert_near(coef[i], expected[i], 1e-10);
    }
    aus_moments_free(ctx, &m);
  }
  aus_ctx_destroy(ctx);
}

static void selections(void **state)
{
  (void)state;
  aus_ctx *ctx = test_ctx(1);
  for (int t = 0; t < GOLDEN_TABLES; t++) {
    const golden_table *g = &golden_tables[t];
    aus_moments m = moments_of(ctx, g);
    int32_t use[D], n;
    double coef[D];
    for (int autos = 0; autos < 2; autos++) {
      assert_ok(ctx, lime_select(ctx, &m, 0, autos ? AUS_SELECT_AUTO : AUS_SELECT_FORWARD, 3, use, &n));
      assert_int_equal(n, 3);
      for (int i = 0; i < 3; i++) assert_int_equal(use[i], g->forward[i]);
      assert_ok(ctx, lime_select(ctx, &m, 0, autos ? AUS_SELECT_AUTO : AUS_SELECT_HIGHEST, 7, use, &n));
      assert_int_equal(n, 7);
      for (int i = 0; i < 7; i++) assert_int_equal(use[i], g->highest[i]);
    }
    assert_ok(ctx, lime_select(ctx, &m, 0, AUS_SELECT_LASSO, 4, use, &n));
    assert_int_equal(n, g->lasso_n);
    for (int i = 0; i < n; i++) assert_int_equal(use[i], g->lasso[i]);
    fit_subset(&m, (aus_subset){ .n = n, .use = use }, 1, coef);
    for (int i = 0; i < D; i++) assert_near(coef[i], g->lasso_ridge[i], 1e-10);
    assert_ok(ctx, lime_select(ctx, &m, 0, AUS_SELECT_NONE, 2, use, &n));
    assert_int_equal(n, D);
    aus_moments_free(ctx, &m);
  }
  aus_ctx_destroy(ctx);
}

/* The path's defining property at each of its corners: |correlation| equal and largest on the active set; at its
 * end, least squares. */
typedef struct corner { const aus_moments *m; int n; double w[64][D]; } corner;

static bool check_corner(void *user, const double *w, double correlation)
{
  corner *c = user;
  double corr[D], top = 0;
  for (int i = 0; i < D; i++) {
    corr[i] = c->m->zy[i];
    for (int j = 0; j < D; j++) corr[i] -= c->m->gram[i * D + j] * w[j];
    top = fmax(top, fabs(corr[i]));
  }
  assert_near(correlation, top, 1e-10);
  for (int i = 0; i < D; i++)
    if (w[i] != 0) {
      assert_near(fabs(corr[i]), top, 1e-10);
      if (top > 1e-10) assert_true((corr[i] > 0) == (w[i] > 0));
    }
  memcpy(c->w[c->n++], w, sizeof c->w[0]);
  return true;
}

static void lasso_path(void **state)
{
  (void)state;
  aus_ctx *ctx = test_ctx(1);
  for (int t = 0; t < GOLDEN_TABLES; t++) {
    const golden_table *g = &golden_tables[t];
    aus_moments m = moments_of(ctx, g);
    corner c = { .m = &m };
    assert_ok(ctx, aus_lasso_walk(ctx, D, m.gram, m.zy, check_corner, &c));
    assert_true(c.n >= D && c.n < 40);
    for (int i = 0; i < D; i++) assert_near(c.w[c.n - 1][i], g->wls[i], 1e-9);
    aus_moments_free(ctx, &m);
  }
  aus_ctx_destroy(ctx);
}

static void bayesian_ridge(void **state)
{
  (void)state;
  aus_ctx *ctx = test_ctx(1);
  for (int t = 0; t < GOLDEN_TABLES; t++) {
    const golden_table *g = &golden_tables[t];
    aus_moments m = moments_of(ctx, g);
    double mu[D], sd[D], mean[D];
    const aus_subset all = { .n = D };
    assert_ok(ctx, lime_baylime(ctx, &m, 0, all, (lime_prior){ 0 }, mu, sd));
    for (int i = 0; i < D; i++) {
      assert_near(mu[i], g->bayes[i], 1e-7);
      assert_near(sd[i], g->bayes_sd[i], 1e-7);
    }
    /* A firm prior is kept; a loose one gives least squares. */
    for (int i = 0; i < D; i++) mean[i] = 0.1 * i;
    assert_ok(ctx, lime_baylime(ctx, &m, 0, all, (lime_prior){ .noise = 1, .precision = 1e9, .mean = mean }, mu, sd));
    for (int i = 0; i < D; i++) assert_near(mu[i], mean[i], 1e-6);
    assert_ok(ctx, lime_baylime(ctx, &m, 0, all, (lime_prior){ .noise = 1, .precision = 1e-9, .mean = mean }, mu, sd));
    for (int i = 0; i < D; i++) assert_near(mu[i], g->wls[i], 1e-6);
    aus_moments_free(ctx, &m);
  }
  aus_ctx_destroy(ctx);
}

/* Two components that always go together share the weight: the solution of least norm. */
static void singular_tables(void **state)
{
  (void)state;
  aus_ctx *ctx = test_ctx(1);
  const uint8_t z[4 * 3] = { 1, 1, 1, 0, 0, 1, 1, 1, 0, 0, 0, 0 };
  const float y[4] = { 3, 1, 2, 0 }; /* 2 for the first two together, 1 for the third */
  aus_moments m;
  double coef[3];
  assert_ok(ctx, aus_moments_alloc(ctx, 3, 1, &m));
  aus_moments_of(ctx, 4, z, NULL, y, &m);
  fit_subset(&m, (aus_subset){ .n = 3 }, 0, coef);
  assert_near(coef[0], 1, 1e-6);
  assert_near(coef[1], 1, 1e-6);
  assert_near(coef[2], 1, 1e-6);
  const float same[4] = { 0.3f, 0.3f, 0.3f, 0.3f }; /* a constant score: no weights, a perfect fit */
  aus_moments_of(ctx, 4, z, NULL, same, &m);
  fit_subset(&m, (aus_subset){ .n = 3 }, 0, coef);
  for (int i = 0; i < 3; i++) assert_near(coef[i], 0, 0);
  assert_near(aus_ridge_r2(&m, 0, coef), 1, 0);
  assert_near(aus_ridge_intercept(&m, 0, coef), 0.3f, 1e-12);
  aus_moments_free(ctx, &m);
  aus_ctx_destroy(ctx);
}

/* Analytic errors and the bootstrap agree on a table with independent noise. */
static double noisy(const float *x, int k)
{
  double s = 0.3 * k;
  uint64_t bits = 0;
  for (int i = 0; i < 13; i++) {
    s += 0.1 * i * x[i];
    bits = bits << 1 | (x[i] > 0.5f);
  }
  aus_rng rng;
  aus_rng_init(&rng, 77, bits);
  return s + 0.5 * aus_rng_normal(&rng);
}

static void bootstrap_agrees_with_theory(void **state)
{
  (void)state;
  aus_ctx *ctx = test_ctx(2);
  aus_lime_config config;
  aus_lime_defaults(&config);
  config.samples = 2000;
  config.kernel_width = 5; /* nearly equal weights: the analytic formula's assumption */
  config.paired = 0;
  aus_explanation boot, normal;
  config.bootstrap = 400;
  explain_formula(ctx, noisy, 1, 13, &config, &boot);
  assert_string_equal(boot.interval, "bootstrap 95 %");
  config.bootstrap = 0;
  explain_formula(ctx, noisy, 1, 13, &config, &normal);
  assert_string_equal(normal.interval, "normal 95 %");
  for (int i = 0; i < 13; i++) {
    const aus_weight *b = &boot.target[0].weight[i], *n = &normal.target[0].weight[i];
    assert_near(b->weight, n->weight, 0);
    assert_near((b->hi - b->lo) / (n->hi - n->lo), 1, 0.2);
    assert_near(n->weight, 0.1 * i, 0.12);
  }
  aus_explanation_free(&boot);
  aus_explanation_free(&normal);
  aus_ctx_destroy(ctx);
}

/* GLIME's exhaustive weights are the limit of its drawn rows; BayLIME's intervals contain the truth of a linear model. */
static void glime_law(void **state)
{
  (void)state;
  aus_ctx *ctx = test_ctx(1);
  aus_lime_config config;
  aus_lime_defaults(&config);
  config.surrogate = AUS_SURROGATE_GLIME;
  config.alpha = 0;
  config.bootstrap = 0;
  config.force_exhaustive = 1;
  aus_explanation whole, drawn;
  explain_formula(ctx, noisy, 1, 13, &config, &whole);
  config.force_exhaustive = 0;
  config.samples = 8000;
  explain_formula(ctx, noisy, 1, 13, &config, &drawn);
  assert_int_equal(drawn.exhaustive, 0);
  for (int i = 0; i < 13; i++) {
    const aus_weight *w = &drawn.target[0].weight[i], *t = &whole.target[0].weight[i];
    assert_near(w->weight, t->weight, 4 * (w->hi - w->lo) / 3.92);
  }
  double on = 0;
  for (int64_t r = 1; r < drawn.n_neighbourhood; r++)
    for (int i = 0; i < 13; i++) on += drawn.z[r * 13 + i];
  assert_near(on / (double)((drawn.n_neighbourhood - 1) * 13), 1 / (1 + exp(-1)), 0.01);
  aus_explanation_free(&whole);
  aus_explanation_free(&drawn);
  aus_ctx_destroy(ctx);
}

static void selection_in_the_explanation(void **state)
{
  (void)state;
  aus_ctx *ctx = test_ctx(1);
  aus_lime_config config;
  aus_lime_defaults(&config);
  config.selection = AUS_SELECT_AUTO;
  config.n_features = 2;
  config.samples = 500;
  aus_explanation e;
  explain_formula(ctx, noisy, 1, 13, &config, &e);
  int used = 0;
  for (int i = 0; i < 13; i++) {
    const aus_weight *w = &e.target[0].weight[i];
    used += w->weight != 0;
    if (w->weight == 0) assert_true(w->lo == 0 && w->hi == 0);
  }
  assert_int_equal(used, 2);
  assert_true(e.target[0].weight[12].weight > 0.8);
  aus_explanation_free(&e);
  aus_ctx_destroy(ctx);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(ridge_and_least_squares), cmocka_unit_test(selections), cmocka_unit_test(lasso_path),
    cmocka_unit_test(bayesian_ridge), cmocka_unit_test(singular_tables), cmocka_unit_test(bootstrap_agrees_with_theory),
    cmocka_unit_test(glime_law), cmocka_unit_test(selection_in_the_explanation),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
