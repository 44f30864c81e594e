/* test_perturb.c - perturbation methods against published values (specs/attribution.md; cases/attribution.json), definitions
 * (tests/golden/make_perturb.py) and properties. */
#include "test.h"

#include "attrib/perturb.h"

#include <auscult/perturb.h>
#include "golden/perturb.h"

/* ---- models: x[n][count] -> y[n][labels] --------------------------------------------------------- */

typedef struct toy { int64_t count; int32_t labels; void (*f)(const float *x, double *y); int64_t asked; } toy;

static aus_status ask_toy(void *user, int64_t n, const float *x, double *y)
{
  toy *t = user;
  t->asked += n;
  for (int64_t i = 0; i < n; i++) t->f(x + i * t->count, y + i * t->labels);
  return AUS_OK;
}

static double relu(double v) { return v > 0 ? v : 0; }

/* x(3) -> identity -> linear1 (all ones, bias -10 1 1 1) -> relu -> linear2 (all ones, bias -1 1). */
static void multilayer(const float *x, double *y)
{
  const double s = (double)x[0] + x[1] + x[2], h = relu(s - 10) + 3 * relu(s + 1);
  y[0] = h - 1;
  y[1] = h + 1;
}
static void multilayer_0(const float *x, double *y) { double both[2]; multilayer(x, both); y[0] = both[0]; }
static void multilayer_sum(const float *x, double *y) { double both[2]; multilayer(x, both); y[0] = both[0] + both[1]; }
static void three_inputs(const float *x, double *y)
{
  const float s[3] = { x[0] + x[3] + x[6], x[1] + x[4] + x[7], x[2] + x[5] + x[8] };
  multilayer_0(s, y);
}

/* convnet1(x + x2) output 0: conv 1 -> 2 (3x3, all ones, bias -50 -75), relu, fc (1 1 1 1 1 -1 -1 -1), relu. */
static void conv_of_two(const float *x, double *y)
{
  double out = 0;
  for (int c = 0; c < 2; c++)
    for (int p = 0; p < 4; p++) {
      double s = c ? -75 : -50;
      for (int i = 0; i < 3; i++)
        for (int j = 0; j < 3; j++) s += x[4 * (p / 2 + i) + p % 2 + j] + x[16 + 4 * (p / 2 + i) + p % 2 + j];
      out += (4 * c + p < 5 ? 1 : -1) * relu(s);
    }
  y[0] = relu(out);
}

static void and_game(const float *x, double *y) { y[0] = (double)x[0] * x[1] * x[2]; }
static void linear3(const float *x, double *y) { y[0] = x[0] - 2.0 * x[1] + 3.0 * x[2]; }
static void two_sums(const float *x, double *y) { y[0] = (double)x[0] + x[1] + x[2] + x[3]; y[1] = 2 * y[0]; }
static void two_three(const float *x, double *y) { y[0] = 2.0 * x[0] + 3.0 * x[1]; }
static void six_players(const float *x, double *y)
{
  int on = 0;
  for (int i = 0; i < 6; i++) on |= (x[i] > 0.5f) << i;
  y[0] = game[on];
}

/* ---- helpers --------------------------------------------------------------------------------------- */

typedef struct setup { aus_ctx *ctx; toy toy; aus_field_array field; } setup;

static void begin(setup *s, int32_t labels, void (*f)(const float *, double *), int32_t rank, const int64_t *dim, const float *x, const float *base)
{
  s->ctx = test_ctx(1);
  s->toy = (toy){ .count = 1, .labels = labels, .f = f };
  for (int32_t d = 0; d < rank; d++) s->toy.count *= dim[d];
  assert_ok(s->ctx, aus_field_array_make(s->ctx, rank, dim, x, base, AUS_FILL_BASELINE, labels, ask_toy, &s->toy, &s->field));
}

static void end(setup *s)
{
  aus_field_array_free(&s->field);
  aus_ctx_destroy(s->ctx);
}

#define BEGIN(s, labels, f, x, base)                                   \
  setup s;                                                             \
  const int64_t s##_dim[1] = { (int64_t)(sizeof(x) / sizeof *(x)) };   \
  begin(&s, labels, f, 1, s##_dim, x, base)

static void assert_all(int64_t n, const double *got, const double *want, double tolerance)
{
  for (int64_t i = 0; i < n; i++)
    if (!(fabs(got[i] - want[i]) <= tolerance)) fail_msg("value %lld is %.9g, not %.9g", (long long)i, got[i], want[i]);
}

static const float abc[3] = { 20, 50, 30 };

/* ---- occlusion and ablation -------------------------------------------------------------------------- */

static void occlude(setup *s, int64_t window, int64_t stride, bool keep, double *value)
{
  const perturb_windows w = { { window }, { stride }, keep };
  assert_ok(s->ctx, perturb_occlusion(&s->field.field, &w, value));
}

static void published_occlusion(void **state)
{
  (void)state;
  static const float tens[3] = { 10, 10, 10 }, ones[2] = { 1, 1 };
  double value[3];
  BEGIN(plain, 1, multilayer_0, abc, NULL);
  occlude(&plain, 1, 1, false, value);
  assert_all(3, value, (double[]){ 80, 200, 120 }, 1e-9);
  occlude(&plain, 2, 2, false, value); /* the last window is cut */
  assert_all(3, value, (double[]){ 280, 280, 120 }, 1e-9);
  end(&plain);
  BEGIN(over, 1, multilayer_0, abc, tens);
  occlude(&over, 2, 1, false, value);
  assert_all(3, value, (double[]){ 200, 220, 240 }, 1e-9);
  end(&over);
  BEGIN(keeping, 1, two_three, ones, NULL); /* zennit keeps the window */
  occlude(&keeping, 1, 1, true, value);
  assert_all(2, value, (double[]){ 2, 3 }, 1e-9);
  end(&keeping);
}

/* A field over one of two 4x4 inputs; the other stays as it is. */
static const float *other_input;
static int which_input;
static void one_of_two(const float *x, double *y)
{
  float both[32];
  memcpy(both + 16 * which_input, x, 16 * sizeof *x);
  memcpy(both + 16 * !which_input, other_input, 16 * sizeof *x);
  conv_of_two(both, y);
}

static void published_grids(void **state)
{
  (void)state;
  static const int64_t dim[2] = { 4, 4 };
  float x[16], x2[16];
  double value[16];
  for (int i = 0; i < 16; i++) x[i] = (float)i, x2[i] = 1;
  static const double pixels[2][16] = { { 0, 2, 4, 3, 4, 9, 10, 7, 4, 13, 14, 11, 0, 0, 0, 0 }, { 1, 2, 2, 1, 1, 2, 2, 1, 1, 2, 2, 1, 0, 0, 0, 0 } };
  static const double windows[2][16] = { { 17, 17, 17, 17, 17, 17, 17, 17, 64, 65.5, 65.5, 67, 64, 65.5, 65.5, 67 }, { 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 0, 0, 0, 0 } };
  static const perturb_windows w[2] = { { { 2, 3 }, { 2, 1 }, false }, { { 1, 2 }, { 1, 2 }, false } };
  for (which_input = 0; which_input < 2; which_input++) {
    setup s;
    other_input = which_input ? x : x2;
    begin(&s, 1, one_of_two, 2, dim, which_input ? x2 : x, NULL);
    assert_ok(s.ctx, perturb_ablation(&s.field.field, value));
    assert_all(16, value, pixels[which_input], 1e-9);
    assert_ok(s.ctx, perturb_occlusion(&s.field.field, &w[which_input], value));
    assert_all(16, value, windows[which_input], 1e-9);
    end(&s);
  }
}

static void curved(const float *x, double *y)
{
  double sum = 0, pairs = 0;
  for (int i = 0; i < 70; i++) sum += grid_weight[i] * x[i];
  for (int i = 0; i < 70; i++)
    if (i / 7 % 5) pairs += (double)x[i] * x[i - 7];
  y[0] = tanh(sum / 5) + pairs / 10;
}

static void grids_of_three_axes(void **state)
{
  (void)state;
  static const int64_t dim[3] = { 2, 5, 7 };
  float x[70], base[70];
  double value[70];
  for (int i = 0; i < 70; i++) x[i] = (float)grid_x[i], base[i] = (float)grid_base[i];
  setup s;
  begin(&s, 1, curved, 3, dim, x, base);
  const perturb_windows w = { { 1, 2, 3 }, { 1, 1, 2 }, false };
  assert_ok(s.ctx, perturb_occlusion(&s.field.field, &w, value));
  assert_all(70, value, grid_occlusion, 1e-6);
  /* a picture that is not square: 4 x 8 with patches of 4 has two windows side by side [tf-explain's defect] */
  s.field.field.rank = 2;
  s.field.field.dim[0] = 4;
  s.field.field.dim[1] = 8;
  const perturb_windows patch = { { 4, 4 }, { 4, 4 }, false };
  assert_int_equal(perturb_window_count(&s.field.field, &patch), 2);
  end(&s);
}

static void groups_are_switched_together(void **state)
{
  (void)state;
  static const float four[3] = { 4, 4, 4 };
  static const int32_t group[3] = { 0, 0, 1 };
  double value[2];
  BEGIN(s, 1, multilayer_0, abc, four);
  aus_field_groups g;
  assert_ok(s.ctx, aus_field_groups_make(s.ctx, &s.field.field, group, 2, &g));
  assert_ok(s.ctx, perturb_ablation(&g.field, value));
  assert_all(2, value, (double[]){ 248, 104 }, 1e-9);
  aus_field_groups_free(&g);
  static const int32_t gap[3] = { 0, 2, 2 };
  assert_int_equal(aus_field_groups_make(s.ctx, &s.field.field, gap, 3, &g), AUS_EINVAL);
  end(&s);
}

/* ---- Shapley values --------------------------------------------------------------------------------------- */

static void shapley(aus_field *f, perturb_shapley_way way, int64_t samples, double *value, double *se)
{
  const perturb_shapley_config config = { way, samples, 1 };
  const aus_status status = perturb_shapley(f, &config, value, se);
  if (status != AUS_OK) fail_msg("%s", aus_ctx_error(f->ctx));
}

static void published_shapley(void **state)
{
  (void)state;
  double value[9], se[9];
  BEGIN(s, 1, multilayer_0, abc, NULL);
  for (int way = PERTURB_EXACT; way <= PERTURB_PERMUTATION; way++) {
    shapley(&s.field.field, way, 0, value, se);
    assert_all(3, value, (double[]){ 76.66666, 196.66666, 116.66666 }, 1e-3);
    assert_all(3, se, (double[]){ 0, 0, 0 }, 0);
  }
  static const int32_t pair[3] = { 0, 0, 1 };
  aus_field_groups g;
  assert_ok(s.ctx, aus_field_groups_make(s.ctx, &s.field.field, pair, 2, &g));
  shapley(&g.field, PERTURB_EXACT, 0, value, NULL);
  assert_all(2, value, (double[]){ 275, 115 }, 1e-3);
  aus_field_groups_free(&g);
  end(&s);
  static const float small[3] = { 2, 10, 3 };
  BEGIN(t, 1, multilayer_sum, small, NULL);
  assert_ok(t.ctx, aus_field_groups_make(t.ctx, &t.field.field, pair, 2, &g));
  shapley(&g.field, PERTURB_KERNEL, 0, value, NULL);
  assert_all(2, value, (double[]){ 79, 21 }, 1e-3);
  aus_field_groups_free(&g);
  end(&t);
}

static void groups_over_three_inputs(void **state)
{
  (void)state;
  static const float x[9] = { 20, 50, 30, 0, 100, 0, 2, 10, 3 }, base[9] = { 2, 2, 2, 3, 3, 3, 4, 4, 4 };
  static const int32_t group[9] = { 0, 1, 0, 0, 1, 2, 0, 0, 0 };
  double value[3];
  BEGIN(s, 1, three_inputs, x, base);
  aus_field_groups g;
  assert_ok(s.ctx, aus_field_groups_make(s.ctx, &s.field.field, group, 3, &g));
  shapley(&g.field, PERTURB_EXACT, 0, value, NULL);
  assert_all(3, value, (double[]){ 184, 580, -12 }, 1e-3);
  aus_field_groups_free(&g);
  end(&s);
}

static void features_like_the_background_get_nothing(void **state)
{
  (void)state;
  static const float x[4] = { 0, 5, 2, 7 }, base[4] = { 0, 1, 2, 3 };
  double value[8];
  BEGIN(s, 2, two_sums, x, base);
  shapley(&s.field.field, PERTURB_EXACT, 0, value, NULL);
  assert_all(8, value, (double[]){ 0, 4, 0, 4, 0, 8, 0, 8 }, 1e-10);
  end(&s);
  BEGIN(one, 1, linear3, ((float[3]){ 0, 5, 0 }), NULL); /* one player takes all */
  shapley(&one.field.field, PERTURB_KERNEL, 0, value, NULL);
  assert_all(3, value, (double[]){ 0, -10, 0 }, 0);
  end(&one);
  BEGIN(none, 1, linear3, ((float[3]){ 0, 0, 0 }), NULL);
  shapley(&none.field.field, PERTURB_PERMUTATION, 0, value, NULL);
  assert_all(3, value, (double[]){ 0, 0, 0 }, 0);
  end(&none);
}

static const float six[6] = { 1, 1, 1, 1, 1, 1 };

static void any_game(void **state)
{
  (void)state;
  double value[6];
  BEGIN(s, 1, six_players, six, NULL);
  shapley(&s.field.field, PERTURB_EXACT, 0, value, NULL);
  assert_all(6, value, game_shapley, 1e-6);
  end(&s);
}

/* 16 players: a square of a sum is of second order, so antithetic permutations are exact; a regression is for linear models. */
static void sixteen_squared(const float *x, double *y)
{
  double s = 0;
  for (int i = 0; i < 16; i++) s += (i - 6) * 0.1 * x[i];
  y[0] = s * s;
}
static void sixteen_linear(const float *x, double *y)
{
  y[0] = 1;
  for (int i = 0; i < 16; i++) y[0] += (i - 6) * 0.1 * x[i];
}

static void sampled_shapley(void **state)
{
  (void)state;
  float x[16];
  double exact[16], value[16], se[16], sum = 0;
  for (int i = 0; i < 16; i++) x[i] = 0.5f + 0.1f * (float)i;
  BEGIN(s, 1, sixteen_squared, x, NULL);
  shapley(&s.field.field, PERTURB_EXACT, 0, exact, NULL);
  shapley(&s.field.field, PERTURB_PERMUTATION, 4, value, se);
  assert_all(16, value, exact, 2e-5);
  shapley(&s.field.field, PERTURB_KERNEL, 2000, value, se);
  for (int i = 0; i < 16; i++) {
    sum += value[i] - exact[i];
    assert_true(fabs(value[i] - exact[i]) < 5 * se[i] + 1e-6);
  }
  assert_near(sum, 0, 1e-4); /* efficiency */
  end(&s);
  BEGIN(t, 1, sixteen_linear, x, NULL);
  shapley(&t.field.field, PERTURB_KERNEL, 100, value, se);
  for (int i = 0; i < 16; i++) assert_near(value[i], (i - 6) * 0.1 * x[i], 1e-5);
  end(&t);
}

/* ---- Owen values --------------------------------------------------------------------------------------------- */

static void owen(setup *s, int32_t leaves, const int32_t (*join)[2], int64_t evals, int fixed, double *value)
{
  perturb_tree t;
  const perturb_owen_config config = { evals, fixed };
  if (join) assert_ok(s->ctx, perturb_tree_of_joins(s->ctx, leaves, join, &t));
  else assert_ok(s->ctx, perturb_tree_of_grid(&s->field.field, &t));
  assert_ok(s->ctx, perturb_owen(&s->field.field, &t, &config, value));
  perturb_tree_free(s->ctx, &t);
}

static void owen_values(void **state)
{
  (void)state;
  static const float ones[3] = { 1, 1, 1 }, rising[3] = { 1, 2, 3 };
  static const int32_t pairs[2][2] = { { 0, 1 }, { 3, 2 } };
  static const int32_t tree[5][2] = { { 1, 2 }, { 0, 6 }, { 3, 4 }, { 8, 5 }, { 7, 9 } };
  double value[6];
  BEGIN(a, 1, and_game, ones, NULL);
  owen(&a, 3, pairs, 100, -1, value);
  assert_all(3, value, (double[]){ 0.25, 0.25, 0.5 }, 1e-9);
  end(&a);
  BEGIN(l, 1, linear3, rising, NULL);
  for (int fixed = -1; fixed <= 1; fixed++) {
    owen(&l, 3, pairs, 100, fixed, value);
    assert_all(3, value, (double[]){ 1, -4, 9 }, 1e-9);
  }
  end(&l);
  BEGIN(g, 1, six_players, six, NULL);
  owen(&g, 6, tree, 1000, -1, value);
  assert_all(6, value, game_owen, 1e-9);
  owen(&g, 6, NULL, 1000, -1, value); /* a row of six is halved into 3 + 3, those into 1 + 2 */
  assert_all(6, value, game_owen_line, 1e-9);
  for (int evals = 2; evals < 40; evals++) { /* whatever is asked, the values add up */
    for (int fixed = -1; fixed <= 1; fixed++) {
      g.toy.asked = 0;
      owen(&g, 6, NULL, evals, fixed, value);
      double sum = 0;
      for (int i = 0; i < 6; i++) sum += value[i];
      assert_near(sum, game[63] - game[0], 1e-9);
      assert_true(g.toy.asked <= evals);
    }
  }
  end(&g);
}

static void bad_trees(void **state)
{
  (void)state;
  aus_ctx *ctx = test_ctx(1);
  perturb_tree t;
  static const int32_t twice[2][2] = { { 0, 1 }, { 0, 2 } }, early[2][2] = { { 0, 4 }, { 1, 2 } };
  assert_int_equal(perturb_tree_of_joins(ctx, 3, twice, &t), AUS_EINVAL);
  assert_int_equal(perturb_tree_of_joins(ctx, 3, early, &t), AUS_EINVAL);
  aus_ctx_destroy(ctx);
}

/* ---- RISE ------------------------------------------------------------------------------------------------------- */

enum { RISE_H = 9, RISE_W = 14, RISE_CELLS = RISE_H * RISE_W };
static void planted(const float *x, double *y) { y[0] = 2 + 3.0 * x[4 * RISE_W + 9]; y[1] = 7; }

static void rise(void **state)
{
  (void)state;
  static const int64_t dim[3] = { 1, RISE_H, RISE_W };
  float x[RISE_CELLS], mask[RISE_CELLS];
  static double value[2 * RISE_CELLS], se[2 * RISE_CELLS], mean[RISE_CELLS], again[2 * RISE_CELLS];
  for (int i = 0; i < RISE_CELLS; i++) x[i] = 1;
  setup s;
  begin(&s, 2, planted, 3, dim, x, NULL);
  perturb_rise_config config = { .grid = 4, .p = 0.3, .samples = 3000, .seed = 5 };
  for (int r = 0; r < 3000; r++) { /* every cell is on with probability p */
    assert_ok(s.ctx, perturb_rise_mask(&s.field.field, &config, r, mask));
    for (int i = 0; i < RISE_CELLS; i++) {
      assert_true(mask[i] >= 0 && mask[i] <= 1);
      mean[i] += mask[i] / 3000;
    }
  }
  for (int i = 0; i < RISE_CELLS; i++) assert_near(mean[i], 0.3, 0.035);
  assert_ok(s.ctx, perturb_rise(&s.field.field, &config, value, se));
  for (int i = 0; i < RISE_CELLS; i++) assert_near(value[RISE_CELLS + i], 7 * mean[i] / 0.3, 1e-4); /* a constant model: normalised by N p */
  int best = 0;
  for (int i = 0; i < RISE_CELLS; i++)
    if (value[i] > value[best]) best = i;
  assert_true(abs(best / RISE_W - 4) <= 1 && abs(best % RISE_W - 9) <= 2);
  config.centred = true;
  assert_ok(s.ctx, perturb_rise(&s.field.field, &config, value, se));
  assert_near(value[4 * RISE_W + 9], 3, 3 * se[4 * RISE_W + 9]); /* what the cell changes */
  for (int i = 0; i < RISE_CELLS; i++) assert_near(value[RISE_CELLS + i], 0, 1e-12);
  aus_ctx *many = test_ctx(4); /* the same bits */
  s.field.field.ctx = many;
  assert_ok(many, perturb_rise(&s.field.field, &config, again, NULL));
  assert_memory_equal(value, again, sizeof again);
  s.field.field.ctx = s.ctx;
  aus_ctx_destroy(many);
  config.p = 1;
  assert_int_equal(perturb_rise(&s.field.field, &config, value, NULL), AUS_EINVAL);
  end(&s);
}

/* ---- fields ------------------------------------------------------------------------------------------------------- */

static void fills(void **state)
{
  (void)state;
  static const float x[6] = { 1, 5, 2, 8, 4, 3 };
  static const int64_t dim[1] = { 6 };
  aus_ctx *ctx = test_ctx(1);
  aus_field_array f;
  float y[6];
  assert_ok(ctx, aus_field_array_make(ctx, 1, dim, x, NULL, AUS_FILL_INTERPOLATE, 1, ask_toy, NULL, &f));
  aus_field_array_compose(&f, (float[]){ 1, 0, 0, 1, 0, 0 }, y);
  const float line[6] = { 1, 1 + 7.0f / 3, 1 + 14.0f / 3, 8, 8, 8 };
  for (int i = 0; i < 6; i++) assert_near(y[i], line[i], 1e-6);
  aus_field_array_compose(&f, (float[]){ 0, 0, 0, 0, 0, 0 }, y);
  for (int i = 0; i < 6; i++) assert_near(y[i], 0, 0);
  aus_field_array_free(&f);
  enum { LONG = 4000 };
  static float loud[LONG], noise[LONG];
  static const int64_t long_dim[1] = { LONG };
  for (int i = 0; i < LONG; i++) loud[i] = (i < LONG / 2 ? 0.01f : 1.0f) * (i % 2 ? 1.0f : -1.0f);
  assert_ok(ctx, aus_field_array_make(ctx, 1, long_dim, loud, NULL, AUS_FILL_BASELINE, 1, ask_toy, NULL, &f));
  aus_local_noise(&f, 50, 3, noise);
  double power[2] = { 0, 0 };
  for (int i = 0; i < LONG; i++) power[i >= LONG / 2] += noise[i] * noise[i] / (LONG / 2);
  assert_near(power[1], 1, 0.1);
  assert_true(power[0] < 0.02); /* quiet where the input is quiet (the border aside) */
  aus_field_array_free(&f);
  aus_ctx_destroy(ctx);
}

static void wrong_use(void **state)
{
  (void)state;
  double value[3];
  BEGIN(s, 1, multilayer_0, abc, NULL);
  const perturb_windows large = { { 4 }, { 1 }, false }, gaps = { { 1 }, { 2 }, false };
  assert_int_equal(perturb_occlusion(&s.field.field, &large, value), AUS_EINVAL);
  assert_int_equal(perturb_occlusion(&s.field.field, &gaps, value), AUS_EINVAL);
  end(&s);
  float x[25];
  double many[25];
  for (int i = 0; i < 25; i++) x[i] = 1;
  BEGIN(t, 1, multilayer_0, x, NULL);
  const perturb_shapley_config exact = { PERTURB_EXACT, 0, 0 };
  assert_int_equal(perturb_shapley(&t.field.field, &exact, many, NULL), AUS_ELIMIT);
  end(&t);
}

/* ---- sound ---------------------------------------------------------------------------------------------------------- */

enum { RATE = 8000, SOUND = 16000, FRAME = 250 };

/* How much 1 kHz there is, on average over frames; and how loud it is altogether. */
static int listen(void *user, int64_t n, int64_t samples, const float *x, float *scores)
{
  (void)user;
  for (int64_t i = 0; i < n; i++) {
    double beep = 0, loud = 0;
    for (int64_t f = 0; f + FRAME <= samples; f += FRAME) {
      double re = 0, im = 0;
      for (int64_t t = 0; t < FRAME; t++) {
        static const double wave[8] = { 1, 0.70710678, 0, -0.70710678, -1, -0.70710678, 0, 0.70710678 }; /* 1 kHz at 8 kHz */
        const double v = x[i * samples + f + t];
        re += v * wave[(f + t) % 8];
        im += v * wave[(f + t + 6) % 8];
        loud += v * v / (double)samples;
      }
      beep += sqrt(re * re + im * im) / (double)samples;
    }
    scores[2 * i] = (float)beep;
    scores[2 * i + 1] = (float)sqrt(loud);
  }
  return 0;
}

static aus_model *listener(aus_ctx *ctx)
{
  static const char *const names[2] = { "beep", "loudness" };
  const aus_model_info info = { .name = "listener", .sample_rate = RATE, .channels = 1, .n_targets = 2, .targets = names, .score_kind = AUS_SCORE_REAL };
  aus_model *model = NULL;
  assert_ok(ctx, aus_model_from_callback(ctx, &info, listen, NULL, &model));
  return model;
}

/* Two seconds of noise with a quiet beep of 1 kHz from 1.3 to 1.45 s. */
static float sound[SOUND];
static aus_audio beeping(void)
{
  aus_rng rng;
  aus_rng_init(&rng, 4, 0);
  for (int t = 0; t < SOUND; t++) {
    sound[t] = 0.02f * (float)aus_rng_normal(&rng);
    if (t >= 1.3 * RATE && t < 1.45 * RATE) sound[t] += 0.2f * (float)sin(2 * 3.14159265358979 * t / 8);
  }
  return (aus_audio){ .data = sound, .frames = SOUND, .channels = 1, .rate = RATE };
}

static void check_map(const aus_explanation *e, int32_t bands)
{
  for (int k = 0; k < e->n_targets; k++) {
    const aus_map *m = &e->target[k].map;
    double cells = 0, frames = 0;
    for (int i = 0; i < e->n_components; i++) cells += e->target[k].weight[i].weight;
    for (int64_t i = 0; i < m->frames * m->bands; i++) frames += m->value[i];
    assert_int_equal(m->bands, bands);
    assert_near(frames, cells, 1e-5 * (1 + fabs(cells)));
    assert_near((double)m->frames * m->hop_s, 2, 0.1);
  }
}

static void perturb_sounds(void **state)
{
  (void)state;
  aus_ctx *ctx = test_ctx(2);
  aus_model *model = listener(ctx);
  const aus_audio x = beeping();
  for (int method = AUS_PERTURB_OCCLUSION; method <= AUS_PERTURB_PERMUTATIONSHAP; method++)
    for (int32_t bands = 1; bands <= 4; bands += 3) {
      aus_perturb_config config;
      aus_perturb_defaults(&config);
      config.method = (aus_perturb_method)method;
      config.n_time = bands == 1 ? 10 : method == AUS_PERTURB_SHAPLEY ? 2 : 5;
      config.n_freq = bands;
      config.samples = method == AUS_PERTURB_RISE ? 600 : method == AUS_PERTURB_PERMUTATIONSHAP ? 4 : 200;
      aus_components cells;
      aus_explanation e;
      assert_ok(ctx, aus_perturb_explain(ctx, model, &x, &config, &cells, &e));
      check_map(&e, bands);
      int best = 0;
      for (int i = 0; i < e.n_components; i++)
        if (e.target[0].weight[i].weight > e.target[0].weight[best].weight) best = i;
      const aus_place *p = &e.place[best]; /* occlusion windows reach one cell further */
      const double reach = method == AUS_PERTURB_OCCLUSION || method == AUS_PERTURB_RISE ? 0.25 : 0;
      if (!(p->t0 - reach <= 1.45 && p->t1 + reach >= 1.3)) fail_msg("%s, %d bands: points to %g to %g s", e.method, bands, p->t0, p->t1);
      if (bands > 1 && !(p->f0 <= 1100 && p->f1 >= 900)) fail_msg("%s: points to %g to %g Hz", e.method, p->f0, p->f1);
      if (method >= AUS_PERTURB_PARTITION) assert_near(e.target[0].additivity_gap, 0, 1e-6);
      assert_true(e.n_predicted > 0);
      aus_explanation_free(&e);
      aus_components_free(&cells);
    }
  aus_perturb_config config;
  aus_perturb_defaults(&config);
  config.scale = AUS_SCALE_LOGIT;
  aus_components cells;
  aus_explanation e;
  assert_int_equal(aus_perturb_explain(ctx, model, &x, &config, &cells, &e), AUS_ENOTSUP);
  config.scale = AUS_SCALE_SCORE;
  config.n_time = 100;
  config.method = AUS_PERTURB_SHAPLEY;
  assert_int_equal(aus_perturb_explain(ctx, model, &x, &config, &cells, &e), AUS_ELIMIT);
  aus_model_close(model);
  aus_ctx_destroy(ctx);
}

/* A sweep is the mean of its maps, and windows of one cell are ablation. */
static void sweeps(void **state)
{
  (void)state;
  aus_ctx *ctx = test_ctx(1);
  aus_model *model = listener(ctx);
  const aus_audio x = beeping();
  aus_components cells;
  aus_explanation e[4];
  aus_perturb_config config;
  aus_perturb_defaults(&config);
  config.method = AUS_PERTURB_OCCLUSION;
  config.n_time = 6;
  config.n_freq = 4;
  config.n_sizes = 1;
  for (int k = 0; k < 4; k++) {
    if (k < 2) config.window[0][0] = config.window[0][1] = k + 1;
    if (k == 2) {
      config.n_sizes = 2;
      config.window[0][0] = config.window[0][1] = 1;
      config.window[1][0] = config.window[1][1] = 2;
    }
    if (k == 3) config.method = AUS_PERTURB_ABLATION;
    assert_ok(ctx, aus_perturb_explain(ctx, model, &x, &config, &cells, &e[k]));
    aus_components_free(&cells);
  }
  for (int i = 0; i < 24; i++) {
    assert_near(e[2].target[0].weight[i].weight, (e[0].target[0].weight[i].weight + e[1].target[0].weight[i].weight) / 2, 1e-9);
    assert_near(e[3].target[1].weight[i].weight, e[0].target[1].weight[i].weight, 1e-9);
  }
  for (int k = 0; k < 4; k++) aus_explanation_free(&e[k]);
  aus_model_close(model);
  aus_ctx_destroy(ctx);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(published_occlusion), cmocka_unit_test(published_grids), cmocka_unit_test(grids_of_three_axes),
    cmocka_unit_test(groups_are_switched_together), cmocka_unit_test(published_shapley), cmocka_unit_test(groups_over_three_inputs),
    cmocka_unit_test(features_like_the_background_get_nothing), cmocka_unit_test(any_game), cmocka_unit_test(sampled_shapley),
    cmocka_unit_test(owen_values), cmocka_unit_test(bad_trees), cmocka_unit_test(rise), cmocka_unit_test(fills), cmocka_unit_test(wrong_use),
    cmocka_unit_test(perturb_sounds), cmocka_unit_test(sweeps)
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
