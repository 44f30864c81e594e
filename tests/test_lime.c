/* test_lime.c - audioLIME whole: the golden vectors, exact recovery, determinism. */
#include "explain_case.h"
#include "oom.h"

#include <auscult/sep.h>

#include "lime/lime.h"

static double linear4(const float *x, int k) { (void)k; return 0.1 + 0.5 * x[0] - 0.2 * x[1] + 0.3 * x[2]; }
static double sigmoid5(const float *x, int k)
{
  (void)k;
  return 1 / (1 + exp(-(-2 + 0.5 * x[0] + 3.0 * x[1] - x[2] + 0.7 * x[3] * x[4])));
}
static double both(const float *x, int k) { (void)k; return x[0] * x[1]; }

/* specs/audiolime.md 2.4 */
static void golden_vectors(void **state)
{
  (void)state;
  aus_ctx *ctx = test_ctx(1);
  aus_lime_config config;
  aus_lime_defaults(&config);
  config.surrogate = AUS_SURROGATE_RIDGE;
  config.bootstrap = 0;
  aus_explanation e;

  explain_formula(ctx, linear4, 1, 4, &config, &e);
  assert_weights(&e, 0, (const double[]){ .316909292, -.150413082, .183388614, -.016892404 }, 1e-6);
  assert_near(e.target[0].intercept, .274441232, 1e-6);
  assert_near(e.target[0].r2, .875367262, 1e-6);
  assert_near(e.target[0].local_prediction, .607433653, 1e-6);
  assert_true(e.exhaustive);
  assert_int_equal(e.n_rows, 16);
  aus_explanation_free(&e);

  explain_formula(ctx, sigmoid5, 1, 5, &config, &e);
  assert_weights(&e, 0, (const double[]){ .057291507, .449306302, -.140450539, .048389607, .048389607 }, 1e-6);
  assert_near(e.target[0].intercept, .199193573, 1e-6);
  assert_near(e.target[0].r2, .939137986, 1e-6);
  assert_near(e.target[0].local_prediction, .662120057, 1e-6);
  aus_explanation_free(&e);

  explain_formula(ctx, both, 1, 4, &config, &e);
  assert_weights(&e, 0, (const double[]){ .42210477, .42210477, -.033172012, -.033172012 }, 1e-6);
  assert_near(e.target[0].intercept, -.10507903, 1e-6);
  assert_near(e.target[0].r2, .684478192, 1e-6);
  aus_explanation_free(&e);
  aus_ctx_destroy(ctx);
}

static double first_only(const float *x, int k) { (void)k; return x[0]; }

/* alpha 1 shrinks a component worth 1 to these; least squares does not. */
static void shrinkage(void **state)
{
  (void)state;
  aus_ctx *ctx = test_ctx(1);
  const double expected[4] = { .639, .786, .883, .939 };
  for (int d = 4; d <= 7; d++) {
    aus_lime_config config;
    aus_lime_defaults(&config);
    config.surrogate = AUS_SURROGATE_RIDGE;
    aus_explanation e;
    explain_formula(ctx, first_only, 1, d, &config, &e);
    assert_near(e.target[0].weight[0].weight, expected[d - 4], 5e-4);
    aus_explanation_free(&e);
    config.surrogate = AUS_SURROGATE_WLS;
    explain_formula(ctx, first_only, 1, d, &config, &e);
    assert_near(e.target[0].weight[0].weight, 1, 1e-9);
    assert_near(e.target[0].complexity, 0, 1e-6);
    aus_explanation_free(&e);
  }
  aus_ctx_destroy(ctx);
}

static void kernel_weights(void **state)
{
  (void)state;
  const double golden[3][7] = { { 1, .866240, .503440, .135335, .000335 }, { 1, .914695, .666008, .339354, .086762, .000335 },
                                { 1, .941076, .763847, .503440, .239533, .060727, .000335 } };
  const double sums[3] = { 8.027273, 16.061243, 32.1306 };
  for (int d = 4; d <= 6; d++) {
    double sum = 0;
    uint8_t z[64 * 6];
    lime_gray(d, z);
    for (int r = 0; r < 1 << d; r++) sum += lime_kernel(lime_distance(AUS_DISTANCE_COSINE, lime_count(d, z + r * d), d), 0.25);
    assert_near(sum, sums[d - 4], 5e-5);
    for (int off = 0; off <= d; off++)
      assert_near(lime_kernel(lime_distance(AUS_DISTANCE_COSINE, d - off, d), 0.25), golden[d - 4][off], 5e-7);
  }
  assert_near(lime_distance(AUS_DISTANCE_EUCLIDEAN, 1, 10), 3, 1e-12);
  assert_near(lime_distance(AUS_DISTANCE_HAMMING, 1, 10), 0.9, 1e-12);
  assert_near(aus_lime_kernel_width(AUS_DISTANCE_EUCLIDEAN, 16), 3, 1e-12);
}

static void gray_code_visits_all_rows_once(void **state)
{
  (void)state;
  for (int d = 1; d <= 10; d++) {
    uint8_t *z = malloc((size_t)d << d), *seen = calloc(1, (size_t)1 << d);
    lime_gray(d, z);
    for (int r = 0; r < 1 << d; r++) {
      int mask = 0, changed = 0;
      for (int i = 0; i < d; i++) {
        mask |= z[r * d + i] << i;
        changed += r > 0 && z[r * d + i] != z[(r - 1) * d + i];
      }
      assert_int_equal(seen[mask]++, 0);
      assert_int_equal(changed, r > 0);
      if (r == 0) assert_int_equal(mask, (1 << d) - 1);
    }
    free(z);
    free(seen);
  }
}

/* Four targets at once, linear each: least squares and Shapley recover every weight, exhaustive or drawn. */
static double truth(int k, int i) { return (k + 1) * 0.01 * (i % 5 - 2) + (i == k ? 0.3 : 0); }
static double linear_many(const float *x, int d, int k)
{
  double s = 0.05 * (k + 1);
  for (int i = 0; i < d; i++) s += truth(k, i) * x[i];
  return s;
}
static double linear8(const float *x, int k) { return linear_many(x, 8, k); }
static double linear30(const float *x, int k) { return linear_many(x, 30, k); }

static void linear_is_recovered(void **state)
{
  (void)state;
  aus_ctx *ctx = test_ctx(1);
  const aus_surrogate exact[3] = { AUS_SURROGATE_WLS, AUS_SURROGATE_SHAPLEY, AUS_SURROGATE_GLIME };
  for (int big = 0; big < 2; big++)
    for (int s = 0; s < 3; s++) {
      aus_lime_config config;
      aus_lime_defaults(&config);
      config.surrogate = exact[s];
      config.alpha = 0;
      config.bootstrap = 20;
      if (big) config.samples = 400;
      const int d = big ? 30 : 8;
      aus_explanation e;
      explain_formula(ctx, big ? linear30 : linear8, 4, d, &config, &e);
      assert_int_equal(e.exhaustive, !big);
      for (int k = 0; k < 4; k++) {
        const aus_target_explanation *t = &e.target[k];
        for (int i = 0; i < d; i++) {
          const aus_weight *w = &t->weight[i];
          assert_near(w->weight, truth(k, i), 2e-6);
          assert_near(w->lo, truth(k, i), 5e-6);
          assert_near(w->hi, truth(k, i), 5e-6);
          assert_near(w->shapley, truth(k, i), 2e-6);
          assert_near(w->shapley_se, 0, 2e-6);
          assert_near(w->alone, t->score_none + truth(k, i), 1e-6);
          assert_near(w->without, t->score - truth(k, i), 1e-6);
          if (!big) assert_near(w->banzhaf, truth(k, i), 1e-6);
        }
        assert_near(t->additivity_gap, 0, 1e-6);
        assert_near(t->r2, 1, 1e-9);
        assert_near(t->local_prediction, t->score, 1e-5);
        assert_near(t->intercept, 0.05 * (k + 1), 1e-5);
        assert_near(t->stability, 1, big ? 0.05 : 0);
      }
      aus_explanation_free(&e);
    }
  aus_ctx_destroy(ctx);
}

/* Chosen targets come in the order asked for. */
static void targets_are_chosen(void **state)
{
  (void)state;
  aus_ctx *ctx = test_ctx(1);
  aus_lime_config config;
  aus_lime_defaults(&config);
  const int32_t wanted[2] = { 3, 1 };
  config.targets = wanted;
  config.n_targets = 2;
  aus_explanation e;
  explain_formula(ctx, linear8, 4, 8, &config, &e);
  assert_int_equal(e.n_targets, 2);
  assert_string_equal(e.target[0].name, "d");
  assert_string_equal(e.target[1].name, "b");
  assert_near(e.target[0].weight[3].weight, truth(3, 3), 1e-6);
  assert_string_equal(e.component[0], "0.00-0.00 s");
  aus_explanation_free(&e);
  aus_ctx_destroy(ctx);
}

static double logistic(const float *x, int k) { (void)k; return 1 / (1 + exp(-(0.3 + x[0] - 2 * x[1] + 0.5 * x[3]))); }

/* A logistic model is linear on the logit scale. */
static void logit_scale(void **state)
{
  (void)state;
  aus_ctx *ctx = test_ctx(1);
  aus_lime_config config;
  aus_lime_defaults(&config);
  config.scale = AUS_SCALE_LOGIT;
  aus_explanation e;
  explain_formula(ctx, logistic, 1, 4, &config, &e);
  assert_weights(&e, 0, (const double[]){ 1, -2, 0, 0.5 }, 1e-5);
  assert_near(e.target[0].score, -0.2, 1e-5);
  assert_near(e.target[0].raw_score, 1 / (1 + exp(0.2)), 1e-6);
  assert_near(e.target[0].additivity_gap, 0, 1e-6);
  aus_explanation_free(&e);
  aus_ctx_destroy(ctx);
}

static double wavy(const float *x, int k)
{
  double s = 0.1 * k, p = 1;
  for (int i = 0; i < 14; i++) {
    s += sin(i + k) * x[i];
    p *= 1 - 0.3 * x[i] * ((i + k) % 3);
  }
  return 1 / (1 + exp(-s)) * 0.5 + 0.5 * p;
}

/* Every number of two explanations, bit for bit. */
static void assert_same(const aus_explanation *a, const aus_explanation *b)
{
  assert_int_equal(a->n_rows, b->n_rows);
  assert_memory_equal(a->z, b->z, (size_t)(a->n_rows * a->n_components));
  assert_memory_equal(a->y, b->y, (size_t)(a->n_rows * a->n_targets) * sizeof *a->y);
  for (int k = 0; k < a->n_targets; k++) {
    const aus_target_explanation *s = &a->target[k], *t = &b->target[k];
    assert_memory_equal(s->weight, t->weight, (size_t)a->n_components * sizeof *s->weight);
    assert_memory_equal(&s->score, &t->score, 8 * sizeof(double));
    assert_int_equal(!s->interaction, !t->interaction);
    if (s->interaction)
      assert_memory_equal(s->interaction, t->interaction, (size_t)(a->n_components * a->n_components) * sizeof(double));
  }
}

static void threads_change_nothing(void **state)
{
  (void)state;
  const aus_surrogate kinds[5] = { AUS_SURROGATE_WLS, AUS_SURROGATE_RIDGE, AUS_SURROGATE_BAYLIME, AUS_SURROGATE_GLIME, AUS_SURROGATE_SHAPLEY };
  for (int s = 0; s < 5; s++)
    for (int drawn = 0; drawn < 2; drawn++) {
      aus_explanation first, again;
      aus_lime_config config;
      aus_lime_defaults(&config);
      config.surrogate = kinds[s];
      config.bootstrap = 8;
      config.samples = drawn ? 300 : 0;
      config.force_exhaustive = !drawn; /* 2^14 rows */
      config.shapley = s % 2 ? AUS_SHAPLEY_PERMUTATION : AUS_SHAPLEY_KERNEL;
      aus_ctx *one = test_ctx(1);
      explain_formula(one, wavy, 3, 14, &config, &first);
      assert_int_equal(first.exhaustive, !drawn);
      for (int threads = 1; threads <= 3; threads++) {
        aus_ctx *ctx = test_ctx(threads);
        explain_formula(ctx, wavy, 3, 14, &config, &again);
        assert_same(&first, &again);
        aus_explanation_free(&again);
        aus_ctx_destroy(ctx);
      }
      aus_explanation_free(&first);
      aus_ctx_destroy(one);
    }
}

/* Another seed draws other rows; the same seed the same. */
static void seeds(void **state)
{
  (void)state;
  uint8_t a[50 * 20], b[50 * 20];
  lime_draw(1, 50, 20, 0.5, true, a);
  lime_draw(1, 50, 20, 0.5, true, b);
  assert_memory_equal(a, b, sizeof a);
  lime_draw(2, 50, 20, 0.5, true, b);
  assert_memory_not_equal(a, b, sizeof a);
  for (int i = 0; i < 20; i++) assert_int_equal(a[i], 1);
  for (int r = 2; r < 50; r += 2)
    for (int i = 0; i < 20; i++) assert_int_equal(a[r * 20 + i] + a[(r - 1) * 20 + i], 1);
}

/* The intervals of a drawn explanation hold the exhaustive truth about as often as they say. */
static void intervals_cover(void **state)
{
  (void)state;
  aus_ctx *ctx = test_ctx(1);
  aus_lime_config config;
  aus_lime_defaults(&config);
  aus_explanation truthful, e;
  config.force_exhaustive = 1;
  config.bootstrap = 0;
  explain_formula(ctx, wavy, 1, 14, &config, &truthful);
  assert_string_equal(truthful.interval, "exact");
  config.force_exhaustive = 0;
  config.samples = 500;
  for (int method = 0; method < 3; method++) {
    int held = 0, held_shapley = 0, all = 0;
    config.bootstrap = method ? 0 : 200;
    config.shapley = method == 2 ? AUS_SHAPLEY_PERMUTATION : AUS_SHAPLEY_KERNEL;
    for (config.seed = 0; config.seed < 20; config.seed++) {
      explain_formula(ctx, wavy, 1, 14, &config, &e);
      for (int i = 0; i < 14; i++, all++) {
        const aus_weight *w = &e.target[0].weight[i], *t = &truthful.target[0].weight[i];
        held += w->lo <= t->weight && t->weight <= w->hi;
        held_shapley += fabs(w->shapley - t->shapley) <= 1.96 * w->shapley_se;
      }
      assert_near(e.target[0].additivity_gap, 0, 1e-6);
      assert_true(e.target[0].stability > 0.5 && e.target[0].stability <= 1);
      assert_true(e.target[0].csi > 80 && e.target[0].csi <= 100);
      assert_true(e.target[0].vsi > 30 && e.target[0].vsi <= 100);
      aus_explanation_free(&e);
    }
    const double share = (double)held / all, shapley = (double)held_shapley / all;
    if (!(share > 0.88 && shapley > 0.88)) fail_msg("95 %% intervals hold %.3f (weights), %.3f (Shapley) of the truth", share, shapley);
  }
  aus_explanation_free(&truthful);
  aus_ctx_destroy(ctx);
}

/* Fresh repeats ask the model again, resampled ones do not; both say about the same of the same explanation. */
static void repeats(void **state)
{
  (void)state;
  aus_ctx *ctx = test_ctx(1);
  for (int shapley = 0; shapley < 3; shapley++) {
    double said[2];
    int64_t asked[2];
    for (int fresh = 0; fresh < 2; fresh++) {
      formula m = { .f = wavy, .targets = 1 };
      aus_components c;
      aus_explanation e;
      aus_lime_config config;
      aus_lime_defaults(&config);
      config.samples = 600;
      config.stability_runs = 6;
      config.stability_fresh = fresh;
      config.surrogate = shapley ? AUS_SURROGATE_SHAPLEY : AUS_SURROGATE_WLS;
      config.shapley = shapley == 2 ? AUS_SHAPLEY_PERMUTATION : AUS_SHAPLEY_KERNEL;
      unit_components(ctx, 14, &c);
      aus_model *model = formula_model(ctx, &m, AUS_SCORE_PROBABILITY);
      assert_ok(ctx, aus_lime_explain(ctx, model, &c, &config, &e));
      said[fresh] = e.target[0].stability;
      asked[fresh] = m.rows;
      if (!fresh) assert_int_equal(e.n_predicted, m.rows);
      assert_true(said[fresh] > 0.7 && said[fresh] <= 1);
      assert_true(e.target[0].vsi > 50 && e.target[0].csi > 80);
      assert_string_equal(e.interval, shapley ? "sampling 95 %" : "bootstrap 95 %");
      aus_explanation_free(&e);
      aus_model_close(model);
      aus_components_free(&c);
    }
    assert_near(said[0], said[1], 0.15);
    assert_true(asked[1] > 3 * asked[0]);
  }
  aus_ctx_destroy(ctx);
}

static double bad_score(const float *x, int k) { (void)k; return x[0] > 0 ? 0.5 : NAN; }

static void refusals(void **state)
{
  (void)state;
  aus_ctx *ctx = test_ctx(1);
  aus_components c;
  unit_components(ctx, 25, &c);
  formula m = { .f = linear8, .targets = 1 };
  aus_model *model = formula_model(ctx, &m, AUS_SCORE_REAL);
  aus_lime_config config;
  aus_explanation e;
  aus_lime_defaults(&config);
  config.scale = AUS_SCALE_LOGIT;
  assert_int_equal(aus_lime_explain(ctx, model, &c, &config, &e), AUS_ENOTSUP);
  aus_lime_defaults(&config);
  config.force_exhaustive = 1;
  assert_int_equal(aus_lime_explain(ctx, model, &c, &config, &e), AUS_ELIMIT);
  aus_lime_defaults(&config);
  config.samples = 10;
  assert_int_equal(aus_lime_explain(ctx, model, &c, &config, &e), AUS_EINVAL);
  assert_non_null(strstr(aus_ctx_error(ctx), "10 rows cannot determine 25 components"));
  aus_lime_defaults(&config);
  const int32_t wanted = 7;
  config.targets = &wanted;
  config.n_targets = 1;
  assert_int_equal(aus_lime_explain(ctx, model, &c, &config, &e), AUS_EINVAL);
  aus_lime_defaults(&config);
  config.kernel_width = -1;
  assert_int_equal(aus_lime_explain(ctx, model, &c, &config, &e), AUS_EINVAL);
  aus_model_close(model);
  m.f = bad_score;
  model = formula_model(ctx, &m, AUS_SCORE_REAL);
  aus_lime_defaults(&config);
  assert_int_not_equal(aus_lime_explain(ctx, model, &c, &config, &e), AUS_OK);
  assert_null(e.ctx);
  aus_model_close(model);
  c.rate = 44100;
  m.f = linear8;
  model = formula_model(ctx, &m, AUS_SCORE_REAL);
  assert_int_equal(aus_lime_explain(ctx, model, &c, &config, &e), AUS_EINVAL);
  aus_model_close(model);
  aus_components_free(&c);
  aus_ctx_destroy(ctx);
}

/* ---- warnings ------------------------------------------------------------------------------------ */

static void count_warning(void *user, int level, const char *line)
{
  int *n = user;
  if (level == AUS_LOG_WARNING && strstr(line, "effective rows")) ++*n;
}

/* The default kernel on a table of all rows is never warned about: nothing could be done. A kernel made too narrow, or
 * too few rows drawn, are. */
static void few_rows_are_warned_of_where_it_helps(void **state)
{
  (void)state;
  static const struct { int d; int64_t samples; double width; aus_distance distance; int warnings; } cases[] = {
    { 1, 0, 0, AUS_DISTANCE_COSINE, 0 }, { 2, 0, 0, AUS_DISTANCE_COSINE, 0 }, { 3, 0, 0, AUS_DISTANCE_COSINE, 0 },
    { 3, 0, 0, AUS_DISTANCE_EUCLIDEAN, 0 }, { 3, 0, 0, AUS_DISTANCE_HAMMING, 0 }, { 10, 0, 0, AUS_DISTANCE_HAMMING, 0 },
    { 3, 0, 0.05, AUS_DISTANCE_COSINE, 1 }, { 3, 0, 0.2, AUS_DISTANCE_EUCLIDEAN, 1 }, { 3, 0, 1, AUS_DISTANCE_COSINE, 0 },
    { 8, 12, 0, AUS_DISTANCE_COSINE, 1 }, { 8, 200, 0, AUS_DISTANCE_COSINE, 0 }, { 8, 200, 0.05, AUS_DISTANCE_COSINE, 1 },
  };
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    int warnings = 0;
    const aus_config config = { .threads = 1, .log = count_warning, .user = &warnings };
    aus_ctx *ctx = NULL;
    assert_int_equal(aus_ctx_create(&ctx, &config), AUS_OK);
    aus_lime_config lime;
    aus_lime_defaults(&lime);
    lime.samples = cases[i].samples;
    lime.kernel_width = cases[i].width;
    lime.distance = cases[i].distance;
    lime.bootstrap = 0;
    aus_explanation e;
    explain_formula(ctx, first_only, 1, cases[i].d, &lime, &e);
    if (warnings != cases[i].warnings)
      fail_msg("d %d, %lld rows, width %g: %d warnings; %.2f effective rows", cases[i].d, (long long)e.n_rows, cases[i].width, warnings, e.effective_rows);
    aus_explanation_free(&e);
    aus_ctx_destroy(ctx);
  }
}

/* ---- memory that runs out --------------------------------------------------------------------- */

/* The main job: separate, cross with time or tile, explain with every surrogate in turn. */
static aus_status main_job(aus_ctx *ctx, void *arg)
{
  const int variant = *(const int *)arg;
  enum { LONG = 2000, RATE = 1000 };
  float x[LONG];
  for (int i = 0; i < LONG; i++) x[i] = (float)sin(0.1 * i) * (i % 500 < 250);
  const aus_audio input = { .data = x, .frames = LONG, .channels = 1, .rate = RATE };
  const aus_segments seg = { .kind = variant % 2 ? AUS_SEGMENTS_ONSETS : AUS_SEGMENTS_EQUAL, .n = 2, .crossfade_s = 0.01 };
  formula f = { .f = sigmoid5, .targets = 1 };
  const aus_model_info info = { .name = "formula", .sample_rate = RATE, .channels = 1, .n_targets = 1, .targets = formula_targets,
                                .score_kind = AUS_SCORE_REAL, .short_input = "zero", .front_end = "", .licence = "", .source = "", .sha256 = "" };
  aus_lime_config config;
  aus_lime_defaults(&config);
  config.surrogate = (aus_surrogate)(variant % 5);
  config.selection = (aus_selection)(variant % 5);
  config.n_features = 2;
  config.bootstrap = 3;
  config.samples = variant >= 3 ? 30 : 0;
  config.shapley = variant == 4 ? AUS_SHAPLEY_PERMUTATION : AUS_SHAPLEY_KERNEL;
  aus_separator *sep = NULL;
  aus_stems stems = { 0 };
  aus_components c = { 0 };
  aus_model *model = NULL;
  aus_explanation e = { 0 };
  aus_status status = aus_separator_hpss(ctx, NULL, &sep);
  if (status == AUS_OK) status = aus_separator_run(sep, &input, 0, &stems);
  if (status == AUS_OK)
    status = variant == 2   ? aus_components_tiles(ctx, &input, 2, 2, AUS_BASELINE_SHUFFLE, 1, &c)
             : variant == 3 ? aus_components_superpixels(ctx, &input, AUS_SUPERPIXEL_FELZENSZWALB, 7, AUS_BASELINE_MEAN, 1, &c)
             : variant == 4 ? aus_components_superpixels(ctx, &input, AUS_SUPERPIXEL_SLIC, 8, AUS_BASELINE_ZERO, 1, &c)
                            : aus_components_stems(ctx, &input, stems.stem, (const char *const *)stems.name, stems.n, 1, &seg, &c);
  if (status == AUS_OK) status = aus_model_from_callback(ctx, &info, predict_formula, &f, &model);
  if (status == AUS_OK) status = aus_lime_explain(ctx, model, &c, &config, &e);
  aus_explanation_free(&e);
  if (model) aus_model_close(model);
  aus_components_free(&c);
  aus_stems_free(ctx, &stems);
  aus_separator_close(sep);
  return status;
}

static void every_allocation_fails_in_turn(void **state)
{
  (void)state;
  for (int variant = 0; variant < 5; variant++) assert_true(oom_sweep("the main job", main_job, &variant) > 40);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(golden_vectors), cmocka_unit_test(shrinkage), cmocka_unit_test(kernel_weights),
    cmocka_unit_test(gray_code_visits_all_rows_once), cmocka_unit_test(linear_is_recovered),
    cmocka_unit_test(targets_are_chosen), cmocka_unit_test(logit_scale), cmocka_unit_test(threads_change_nothing),
    cmocka_unit_test(seeds), cmocka_unit_test(intervals_cover), cmocka_unit_test(refusals), cmocka_unit_test(repeats),
    cmocka_unit_test(few_rows_are_warned_of_where_it_helps), cmocka_unit_test(every_allocation_fails_in_turn),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
