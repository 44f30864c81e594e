/* test_eval.c - measures of explanations against scipy and scikit-learn (golden/eval.h), published and derived cases
 * (cases/attribution.json, group metrics), and their own sanity: random <= noisy <= true relevance on a planted linear model. */
#include "test.h"

#include <auscult/eval.h>

#include "golden/eval.h"

enum { H = 11, W = 13, N = H * W };
static float map_af[N], map_bf[N];
static uint8_t inside[N];

static void load(void)
{
  for (int i = 0; i < N; i++) {
    map_af[i] = (float)map_a[i];
    map_bf[i] = (float)map_b[i];
    inside[i] = map_inside[i] > 0;
  }
}

static void against_other_libraries(void **state)
{
  (void)state;
  aus_ctx *ctx = test_ctx(1);
  double v, lo, hi;
  load();
  assert_ok(ctx, aus_eval_gini(ctx, N, map_af, &v));
  assert_near(v, want_gini[0], 1e-9);
  assert_near(aus_eval_entropy(N, map_af), want_entropy[0], 1e-9);
  for (int absolute = 0; absolute < 2; absolute++) {
    assert_ok(ctx, aus_eval_spearman(ctx, N, map_af, map_bf, absolute, &v));
    assert_near(v, want_spearman[absolute], 1e-9);
  }
  assert_near(aus_eval_pearson(N, map_a, map_b), want_pearson[0], 1e-9);
  assert_ok(ctx, aus_eval_auc(ctx, N, map_af, inside, &v));
  assert_near(v, want_auc[0], 1e-12);
  assert_near(aus_eval_mass(N, map_af, inside), want_mass[0], 1e-9);
  assert_ok(ctx, aus_eval_rank(ctx, N, map_af, inside, &v));
  assert_near(v, want_rank[0], 1e-12);
  assert_near(aus_eval_ssim(H, W, map_af, map_bf), want_ssim[0], 1e-9);
  assert_near(aus_eval_ssim(N, 1, map_af, map_bf), want_ssim[2], 1e-9);
  aus_eval_curve c = { .n = 9 };
  for (int k = 0; k < 9; k++) c.score[k] = curve_score[k], c.fraction[k] = k / 8.0;
  assert_near(aus_eval_area(&c), want_area[0], 1e-12);
  assert_near(aus_eval_aopc(&c), want_aopc[0], 1e-12);
  for (int scaled = 0; scaled < 2; scaled++) assert_near(aus_eval_infidelity(40, draw_product, draw_drop, scaled), want_infidelity[scaled], 1e-9);
  assert_ok(ctx, aus_eval_mean(ctx, 60, boot_value, 3, &v, &lo, &hi));
  assert_near(lo, want_boot[0], 0.05); /* 1000 resamples of ours, 20000 of scipy's */
  assert_near(hi, want_boot[1], 0.05);
  aus_ctx_destroy(ctx);
}

static void sparseness_in_closed_form(void **state)
{
  (void)state;
  enum { MOST = 431 * 513 };
  static const int64_t counts[] = { 1, 2, 7, 100, MOST };
  aus_ctx *ctx = test_ctx(1);
  float *a = calloc(MOST, sizeof *a);
  double v;
  for (size_t c = 0; c < sizeof counts / sizeof *counts; c++) {
    const double n = (double)counts[c];
    memset(a, 0, MOST * sizeof *a);
    a[counts[c] / 2] = -0.3f; /* all in one cell */
    assert_ok(ctx, aus_eval_gini(ctx, counts[c], a, &v));
    assert_near(v, (n - 1) / n, 1e-12);
    assert_near(aus_eval_entropy(counts[c], a), 0, 1e-12);
    for (int64_t i = 0; i < counts[c]; i++) a[i] = 0.25f; /* spread evenly */
    assert_ok(ctx, aus_eval_gini(ctx, counts[c], a, &v));
    assert_near(v, 0, 1e-12);
    assert_near(aus_eval_entropy(counts[c], a), log(n), 1e-9);
  }
  free(a);
  aus_ctx_destroy(ctx);
}

static void windows_that_do_not_fit_shrink(void **state)
{
  (void)state;
  load();
  assert_near(aus_eval_ssim(4, W, map_af, map_bf), want_ssim[1], 1e-9);
  assert_near(aus_eval_ssim(H, W, map_af, map_af), 1, 1e-12);
  assert_true(isnan(aus_eval_ssim(0, 0, NULL, NULL)));
}

/* ---- cases ------------------------------------------------------------------------------------------ */

static void published_cases(void **state)
{
  (void)state;
  aus_ctx *ctx = test_ctx(1);
  double v;
  static const float half[2][3] = { { -1, 1, 1 }, { 0, 0, 2 } }, diff[2][4] = { { 0, 1, 0, 1 }, { 1, 2, 1, 0 } };
  assert_ok(ctx, aus_eval_spearman(ctx, 3, half[0], half[1], 0, &v)); /* q_spearman */
  assert_near(v, 0.5, 0.005);
  assert_ok(ctx, aus_eval_spearman(ctx, 4, diff[0], diff[1], 0, &v));
  assert_near(v, 0, 0.005);
  static const float few[4] = { 0, 1e-7f, 0.5f, -1 }; /* effective_complexity */
  assert_int_equal(aus_eval_effective(4, few, 1e-5), 2);
  aus_eval_curve c = { .n = 3, .fraction = { 0, 0.5, 1 }, .score = { 1, 0.75, 0.5 } }; /* auc_trapezoid, normalised */
  assert_near(aus_eval_area(&c), 0.75, 1e-9);
  /* infidelity_linear, infidelity_normalised: f = 2 x0 - x1, a = (1.5, -1) */
  static const double I[3][2] = { { 0.5, 0 }, { 0, 1 }, { 0.5, 1 } };
  double product[3], hundred[3], drop[3];
  for (int i = 0; i < 3; i++) {
    product[i] = 1.5 * I[i][0] - I[i][1];
    hundred[i] = 100 * product[i];
    drop[i] = 2 * I[i][0] - I[i][1];
  }
  assert_near(aus_eval_infidelity(3, product, drop, 0), 0.04166666667, 1e-9);
  assert_near(aus_eval_infidelity(3, product, drop, 1), 0.03846153846, 1e-9);
  assert_near(aus_eval_infidelity(3, hundred, drop, 1), 0.03846153846, 1e-9);
  /* sensitivity_max: E(x) = x */
  static const float x[2] = { 0.6f, 0.8f }, near[2][2] = { { 0.7f, 0.8f }, { 0.6f, 0.85f } }, none[2] = { 0, 0 };
  assert_near(fmax(aus_eval_distance(2, x, near[0]), aus_eval_distance(2, x, near[1])), 0.1, 1e-7);
  assert_near(aus_eval_distance(2, none, x), 1, 1e-7); /* norm 0 counts as 1 */
  assert_ok(ctx, aus_eval_spearman(ctx, 4, few, few, 0, &v)); /* mprt_bounds: self-similarity */
  assert_near(v, 1, 1e-12);
  assert_near(aus_eval_completeness(2, x, 1.4, 0), 0, 1e-7);
  assert_near(aus_eval_completeness(2, x, 2, 0), 0.3, 1e-6);
  aus_ctx_destroy(ctx);
}

/* ---- a linear model ------------------------------------------------------------------------------------ */

enum { CELLS = 64 };
typedef struct linear { double w[CELLS]; float x[CELLS]; int32_t cells; bool drifting; } linear;

static aus_status hide(void *user, aus_eval_fill fill, int64_t n, const float *mask, double *score)
{
  const linear *l = user;
  if (fill != AUS_EVAL_ZERO) return AUS_ENOTSUP;
  for (int64_t r = 0; r < n; r++) {
    score[r] = 0;
    for (int i = 0; i < l->cells; i++) score[r] += l->w[i] * l->x[i] * mask[r * l->cells + i];
  }
  return AUS_OK;
}

/* The explanation w x; its answer to a random network is another vector, or (when `drifting` is not set) the same as ever. */
static aus_status explain(void *user, const float *input, float *value)
{
  const linear *l = user;
  for (int i = 0; i < l->cells; i++) value[i] = (float)(l->w[i] * input[i]);
  return AUS_OK;
}

static aus_status randomised(void *user, int32_t layer, int cascading, uint64_t draw, float *value)
{
  const linear *l = user;
  aus_rng rng;
  (void)draw;
  aus_rng_init(&rng, 98, (uint64_t)(2 * layer + cascading));
  for (int i = 0; i < l->cells; i++) value[i] = l->drifting ? (float)aus_rng_normal(&rng) : (float)(l->w[i] * l->x[i]);
  return AUS_OK;
}

static void pixel_flipping_linear(void **state)
{
  (void)state;
  aus_ctx *ctx = test_ctx(1);
  linear l = { .w = { 3, -1, 2, 0.5 }, .x = { 1, 2, 1, 4 }, .cells = 4 };
  static const float value[4] = { 3, -2, 2, 2 };
  const aus_eval_subject s = { .rank = 1, .dim = { 4 }, .cells = 4, .value = value, .input = l.x, .hide = hide, .user = &l };
  int64_t which[4];
  aus_eval_curve c;
  assert_ok(ctx, aus_eval_sort(ctx, &s, AUS_EVAL_DOWN, 0, which));
  static const int64_t order[4] = { 0, 2, 3, 1 };
  static const double want[5] = { 5, 2, 0, -2, 0 };
  assert_memory_equal(which, order, sizeof order);
  assert_ok(ctx, aus_eval_trace(ctx, &s, which, AUS_EVAL_ZERO, 0, 20, &c));
  assert_int_equal(c.n, 5);
  for (int k = 0; k < 5; k++) assert_near(c.score[k], want[k], 1e-9);
  assert_near(aus_eval_area(&c), 0.625, 1e-9);
  aus_ctx_destroy(ctx);
}

static const aus_measure *get(const aus_evaluation *e, const char *name)
{
  for (int i = 0; i < e->n; i++)
    if (strcmp(e->measure[i].name, name) == 0) return &e->measure[i];
  fail_msg("no measure %s", name);
  return NULL;
}

/* Relevance is planted on every fourth cell. quality 0: random; 1: the truth plus noise; 2: the truth. */
static void judge(aus_ctx *ctx, int quality, float scale, aus_evaluation *out)
{
  linear l = { .cells = CELLS, .drifting = true };
  float value[CELLS];
  uint8_t events[CELLS];
  double score = 0;
  aus_rng rng;
  aus_rng_init(&rng, 11, 0);
  for (int i = 0; i < CELLS; i++) {
    l.w[i] = i % 4 == 0 ? 1 + aus_rng_uniform(&rng) : 0.02 * aus_rng_normal(&rng);
    l.x[i] = (float)(0.5 + aus_rng_uniform(&rng));
    events[i] = i % 4 == 0;
    score += l.w[i] * l.x[i];
    const double noise = aus_rng_normal(&rng);
    value[i] = scale * (float)(quality == 0 ? noise : l.w[i] * l.x[i] + (quality == 1 ? 0.8 * noise : 0));
  }
  const aus_eval_subject s = { .rank = 1, .dim = { CELLS }, .cells = CELLS, .value = value, .input = l.x, .score = score, .score_none = 0,
                               .complete = 1, .inside = events, .hide = hide, .explain = explain, .random = randomised, .layers = 3, .user = &l };
  assert_ok(ctx, aus_eval_run(ctx, &s, NULL, out));
}

static void random_method_oracle(void **state)
{
  (void)state;
  aus_ctx *ctx = test_ctx(1);
  static aus_evaluation e[3], scaled;
  for (int q = 0; q < 3; q++) judge(ctx, q, 1, &e[q]);
  static const char *const names[] = { "deletion", "insertion", "aopc", "aopc_gain", "flip_down_zero", "flip_up_zero", "faithfulness", "infidelity",
                                       "infidelity_scaled", "completeness", "mass", "rank", "max_sensitivity" };
  for (size_t k = 0; k < sizeof names / sizeof *names; k++) {
    const double better = get(&e[0], names[k])->better;
    double v[3];
    for (int q = 0; q < 3; q++) v[q] = better * get(&e[q], names[k])->value;
    if (!(v[0] < v[1] && v[1] < v[2])) fail_msg("%s: random %g, noisy %g, true %g", names[k], better * v[0], better * v[1], better * v[2]);
  }
  assert_near(get(&e[2], "infidelity")->value, 0, 1e-9);
  assert_near(get(&e[2], "faithfulness")->value, 1, 1e-9);
  assert_near(get(&e[2], "completeness")->value, 0, 1e-6);
  assert_near(get(&e[2], "pointing")->value, 1, 0);
  assert_near(get(&e[2], "rank")->value, 1, 0);
  assert_true(get(&e[2], "mprt_cascade_spearman")->value < 0.5); /* the random networks' explanations have nothing to do with it */
  for (int q = 0; q < 3; q++)
    for (int i = 0; i < e[q].n; i++) {
      const aus_measure *m = &e[q].measure[i];
      if (!(m->lo <= m->hi)) fail_msg("%s: interval [%g, %g]", m->name, m->lo, m->hi);
    }
  /* measures that do not depend on the scale of an explanation stay where they are */
  static const char *const invariant[] = { "deletion", "insertion", "aopc", "faithfulness", "infidelity_scaled", "sparseness", "entropy", "effective",
                                           "pointing", "mass", "rank", "mprt_layer_spearman" };
  judge(ctx, 1, 64, &scaled);
  for (size_t k = 0; k < sizeof invariant / sizeof *invariant; k++)
    assert_near(get(&scaled, invariant[k])->value, get(&e[1], invariant[k])->value, 1e-6);
  aus_ctx_destroy(ctx);
}

/* An explanation that does not look at the network is found out, and its own 1.0 is not hidden in a mean. */
static void blind_explanations_are_found_out(void **state)
{
  (void)state;
  aus_ctx *ctx = test_ctx(1);
  linear l = { .cells = 16 };
  float value[16];
  for (int i = 0; i < 16; i++) l.w[i] = i - 7, l.x[i] = 1, value[i] = (float)(i - 7);
  const aus_eval_subject s = { .rank = 1, .dim = { 16 }, .cells = 16, .value = value, .random = randomised, .layers = 4, .user = &l };
  const aus_eval_config defaults = { .metrics = "mprt", .steps = 20, .draws = 100, .seeds = 5, .perturbed = 10, .radius = 0.02, .subset = 0.2 };
  static aus_evaluation e;
  assert_ok(ctx, aus_eval_run(ctx, &s, &defaults, &e));
  assert_near(get(&e, "mprt_cascade_spearman")->value, 1, 1e-12);
  assert_near(get(&e, "mprt_layer_ssim")->value, 1, 1e-12);
  l.drifting = true;
  assert_ok(ctx, aus_eval_run(ctx, &s, &defaults, &e));
  assert_true(fabs(get(&e, "mprt_cascade_spearman")->value) < 0.45);
  aus_ctx_destroy(ctx);
}

static void means_over_inputs(void **state)
{
  (void)state;
  aus_ctx *ctx = test_ctx(1);
  static aus_evaluation e[3], mean;
  for (int q = 0; q < 3; q++) judge(ctx, q, 1, &e[q]);
  assert_ok(ctx, aus_eval_merge(ctx, 3, e, 1, &mean));
  const aus_measure *m = get(&mean, "deletion");
  assert_near(m->value, (get(&e[0], "deletion")->value + get(&e[1], "deletion")->value + get(&e[2], "deletion")->value) / 3, 1e-12);
  assert_string_equal(m->over, "inputs");
  assert_true(m->lo < m->value && m->value < m->hi);
  aus_ctx_destroy(ctx);
}

static void wrong_use(void **state)
{
  (void)state;
  aus_ctx *ctx = test_ctx(1);
  static aus_evaluation e;
  float value[2] = { 1, 2 };
  aus_eval_subject s = { .rank = 1, .dim = { 2 }, .cells = 2, .value = value };
  aus_eval_config c;
  aus_eval_defaults(&c);
  c.metrics = "sparseness,deletoin";
  assert_int_equal(aus_eval_run(ctx, &s, &c, &e), AUS_EINVAL);
  assert_non_null(strstr(aus_ctx_error(ctx), "deletoin"));
  c.metrics = "time_auc";
  assert_int_equal(aus_eval_run(ctx, &s, &c, &e), AUS_ENOTSUP);
  assert_non_null(strstr(aus_ctx_error(ctx), "events"));
  value[1] = NAN;
  c.metrics = "entropy";
  assert_int_equal(aus_eval_run(ctx, &s, &c, &e), AUS_EINVAL);
  value[1] = 2;
  c.steps = 200;
  assert_int_equal(aus_eval_run(ctx, &s, &c, &e), AUS_EINVAL);
  int n = 0;
  while (aus_eval_name(n)) n++;
  assert_int_equal(n, 18);
  assert_null(aus_eval_name(-1));
  aus_ctx_destroy(ctx);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(against_other_libraries), cmocka_unit_test(sparseness_in_closed_form), cmocka_unit_test(windows_that_do_not_fit_shrink), cmocka_unit_test(published_cases),
    cmocka_unit_test(pixel_flipping_linear), cmocka_unit_test(random_method_oracle), cmocka_unit_test(blind_explanations_are_found_out),
    cmocka_unit_test(means_over_inputs), cmocka_unit_test(wrong_use)
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
