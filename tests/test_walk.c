/* test_walk.c - the way back itself: where it starts and stops, how contributions add up, what it refuses.
 *
 * y = W (W x) with W used twice: everything is known in closed form, dy/dx = W'W's and dL/dW = s (W x)' + W's x'. */
#include "test.h"

#include "format/writer.h"
#include "nn/walk.h"

static const float W[4] = { 2, -1, 0.5f, 3 }, X[2] = { 1, -2 }, S[2] = { 1, 0.25f };

static aus_bundle *twice(aus_ctx *ctx, void **bytes)
{
  aus_builder *b;
  size_t size;
  aus_bundle *out;
  assert_ok(ctx, aus_builder_create(ctx, &b));
  const int32_t x_dim[2] = { 1, 2 }, w_dim[2] = { 2, 2 };
  const int32_t x = aus_builder_input(b, "x", 2, x_dim), w = aus_builder_param(b, "w", 2, w_dim, W);
  const int32_t first = aus_builder_node(b, AUS_OP_linear, "first", 2, (const int32_t[]){ x, w }, 1, 0, NULL);
  const int32_t step = aus_builder_node(b, AUS_OP_floor, "aside", 1, &x, 1, 0, NULL);
  aus_builder_output(b, aus_builder_node(b, AUS_OP_linear, "second", 2, (const int32_t[]){ first, w }, 1, 0, NULL));
  aus_builder_output(b, step);
  assert_ok(ctx, aus_builder_finish(b, bytes, &size));
  aus_builder_destroy(b);
  assert_ok(ctx, aus_bundle_open_memory(ctx, *bytes, size, &out));
  return out;
}

static void multiply(const float *w, bool transposed, const float *x, float *y)
{
  for (int i = 0; i < 2; i++) y[i] = transposed ? w[i] * x[0] + w[2 + i] * x[1] : w[2 * i] * x[0] + w[2 * i + 1] * x[1];
}

static aus_walk *walk_of(aus_ctx *ctx, aus_bundle *b, aus_run **run, const aus_walk_config *config)
{
  aus_walk *w;
  assert_ok(ctx, aus_run_create_with(ctx, b, NULL, NULL, 0, AUS_RUN_KEEP, run));
  memcpy(aus_run_input(*run, 0), X, sizeof X);
  assert_ok(ctx, aus_run_forward(*run));
  assert_ok(ctx, aus_walk_create(ctx, *run, config, &w));
  for (int32_t l = 0; l < (config->lanes ? config->lanes : 1); l++)
    for (int i = 0; i < 2; i++) aus_walk_seed(w, l, NULL)[i] = S[i] * (float)(l + 1);
  assert_ok(ctx, aus_walk_run(w));
  return w;
}

static void contributions_add_up(void **state)
{
  (void)state;
  for (int threads = 1; threads <= 3; threads++) {
    aus_ctx *ctx = test_ctx(threads);
    void *bytes;
    aus_bundle *b = twice(ctx, &bytes);
    aus_run *run;
    const aus_walk_config config = { .params = true, .lanes = 2 };
    aus_walk *w = walk_of(ctx, b, &run, &config);
    float wx[2], ws[2], want[2];
    multiply(W, false, X, wx);
    multiply(W, true, S, ws);
    multiply(W, true, ws, want);
    for (int32_t l = 0; l < 2; l++)
      for (int i = 0; i < 2; i++) assert_float_equal(aus_walk_diff(w, 0, l, NULL)[i], want[i] * (float)(l + 1), 1e-6);
    const float *dw = aus_walk_param_diff(w, aus_bundle_find_tensor(b, "w"));
    for (int i = 0; i < 4; i++) assert_float_equal(dw[i], S[i / 2] * wx[i % 2] + ws[i / 2] * X[i % 2], 1e-6);
    assert_ok(ctx, aus_walk_run(w)); /* the start is kept: a second walk gives the same */
    assert_float_equal(aus_walk_diff(w, 0, 0, NULL)[0], want[0], 1e-6);
    aus_walk_destroy(w);
    aus_run_destroy(run);
    aus_bundle_close(b);
    aus_free(ctx, bytes);
    aus_ctx_destroy(ctx);
  }
}

/* A rule that hands every diff on as it is; it must be asked at each node and observed after it. */
static int32_t seen;
static void hand_on(const aus_rule *rule, const aus_visit *v)
{
  for (int i = 0; i < 2; i++) v->diff_src[0][i] = v->diff_dst[0][i] * (float)rule->p[0];
}
static const aus_rule thrice = { .name = "thrice", .apply = hand_on, .p = { 3 } };
static const aus_rule *rule_of(void *user, const aus_run *run, const aus_step *step)
{
  (void)run;
  return strcmp(step->op->name, user) == 0 ? &thrice : NULL;
}
static void observe(void *user, const aus_visit *v)
{
  (void)user;
  assert_non_null(v->diff_src[0]);
  seen++;
}

static void rules_and_stops(void **state)
{
  (void)state;
  aus_ctx *ctx = test_ctx(1);
  void *bytes;
  aus_bundle *b = twice(ctx, &bytes);
  aus_run *run;
  const char *to[2] = { "first", "x" };
  seen = 0;
  aus_walk *w = walk_of(ctx, b, &run, &(aus_walk_config){ .to = to, .n_to = 2, .rule_of = rule_of, .observe = observe, .user = "linear" });
  assert_int_equal(seen, 2);
  assert_float_equal(aus_walk_diff(w, 0, 0, NULL)[1], 3 * S[1], 0);
  assert_float_equal(aus_walk_diff(w, 1, 0, NULL)[1], 9 * S[1], 0);
  aus_walk_destroy(w);
  aus_run_destroy(run);
  aus_bundle_close(b);
  aus_free(ctx, bytes);
  aus_ctx_destroy(ctx);
}

static void wrong_use(void **state)
{
  (void)state;
  aus_ctx *ctx = test_ctx(1);
  void *bytes;
  aus_bundle *b = twice(ctx, &bytes);
  aus_run *run, *plain;
  aus_walk *w;
  assert_ok(ctx, aus_run_create_with(ctx, b, NULL, NULL, 0, AUS_RUN_KEEP, &run));
  assert_ok(ctx, aus_run_create(ctx, b, NULL, NULL, 0, &plain));
  assert_int_equal(aus_walk_create(ctx, plain, &(aus_walk_config){ 0 }, &w), AUS_EINVAL);
  assert_int_equal(aus_walk_create(ctx, run, &(aus_walk_config){ .from = "nowhere" }, &w), AUS_EINVAL);
  assert_non_null(strstr(aus_ctx_error(ctx), "nowhere"));
  assert_int_equal(aus_walk_create(ctx, run, &(aus_walk_config){ .from = "x" }, &w), AUS_EINVAL);
  assert_int_equal(aus_walk_create(ctx, run, &(aus_walk_config){ .from = "first", .to = &(const char *){ "second" }, .n_to = 1 }, &w), AUS_EINVAL);
  aus_run_destroy(run);
  aus_run_destroy(plain);
  aus_bundle_close(b);
  aus_free(ctx, bytes);
  aus_ctx_destroy(ctx);
}

int main(void)
{
  const struct CMUnitTest tests[] = { cmocka_unit_test(contributions_add_up), cmocka_unit_test(rules_and_stops), cmocka_unit_test(wrong_use) };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
