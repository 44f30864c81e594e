/* test_attrib.c - attributions at the level of a network's inputs. */
#include "test.h"

#include "attrib/attrib.h"
#include "format/writer.h"

/* y = W x + b of two items; W[o][i]. */
static const float W[6] = { 1, -2, 0.5f, -1, 0.5f, 2 }, B[2] = { 0.5f, -1 }, X[6] = { 1, -0.5f, 2, 3, 1, -1 };

typedef struct net { void *bytes; aus_bundle *bundle; aus_attrib *attrib; } net;

static net open_linear(aus_ctx *ctx)
{
  net n;
  aus_builder *b;
  size_t size;
  assert_ok(ctx, aus_builder_create(ctx, &b));
  const int32_t x = aus_builder_input(b, "x", 2, (const int32_t[]){ -1, 3 }), w = aus_builder_param(b, "w", 2, (const int32_t[]){ 2, 3 }, W),
                bias = aus_builder_param(b, "b", 1, (const int32_t[]){ 2 }, B);
  aus_builder_output(b, aus_builder_node(b, AUS_OP_linear, "fc", 3, (const int32_t[]){ x, w, bias }, 1, 0, NULL));
  aus_builder_strings(b, "labels", 2, (const char *const[]){ "left", "right" });
  assert_ok(ctx, aus_builder_finish(b, &n.bytes, &size));
  aus_builder_destroy(b);
  assert_ok(ctx, aus_bundle_open_memory(ctx, n.bytes, size, &n.bundle));
  assert_ok(ctx, aus_attrib_open(ctx, n.bundle, &(aus_dims){ 2, { 2, 3 } }, &n.attrib));
  return n;
}

static void close_net(aus_ctx *ctx, net *n)
{
  aus_attrib_close(n->attrib);
  aus_bundle_close(n->bundle);
  aus_free(ctx, n->bytes);
}

static void each_item_has_its_own_target(void **state)
{
  (void)state;
  aus_ctx *ctx = test_ctx(1);
  net n = open_linear(ctx);
  const float *x = X;
  static const char *const targets[] = { NULL, "0,1", "right", "-1", "sum" }; /* scores: [3.5, 1.75], [1, -5.5] */
  static const int32_t want[][2] = { { 0, 0 }, { 0, 1 }, { 1, 1 }, { 1, 1 }, { -1, -1 } };
  for (size_t t = 0; t < sizeof targets / sizeof *targets; t++) {
    aus_attribution r;
    assert_ok(ctx, aus_attrib_run(n.attrib, &x, &(aus_attrib_config){ .method = "ixg", .target = targets[t] }, &r));
    assert_int_equal(r.items, 2);
    for (int i = 0; i < 2; i++) {
      assert_int_equal(r.target[i], want[t][i]);
      double bias = 0;
      for (int k = 0; k < 3; k++) {
        const int o = want[t][i];
        const double g = o < 0 ? (double)W[k] + (double)W[3 + k] : (double)W[3 * o + k];
        assert_near(r.value[0][3 * i + k], g * (double)X[3 * i + k], 1e-6);
      }
      for (int o = 0; o < 2; o++) bias += want[t][i] < 0 || want[t][i] == o ? (double)B[o] : 0;
      assert_near(r.score[i] - r.sum[i], bias, 1e-6);
    }
    aus_attribution_free(&r);
  }
  close_net(ctx, &n);
  aus_ctx_destroy(ctx);
}

static int twice(void *user, const float *const *x, float *scores)
{
  (void)user;
  scores[0] = 2 * x[0][0];
  return 0;
}

static void refuse(aus_ctx *ctx, aus_attrib *a, const aus_attrib_config *config, aus_status status, const char *words)
{
  aus_attribution r;
  const float *x = X;
  assert_int_equal(aus_attrib_run(a, &x, config, &r), status);
  if (!strstr(aus_ctx_error(ctx), words)) fail_msg("'%s' lacks '%s'", aus_ctx_error(ctx), words);
}

static void wrong_use(void **state)
{
  (void)state;
  aus_ctx *ctx = test_ctx(1);
  net n = open_linear(ctx);
  aus_attrib *black;
  refuse(ctx, n.attrib, &(aus_attrib_config){ .method = "lime" }, AUS_EINVAL, "there are gradient");
  refuse(ctx, n.attrib, &(aus_attrib_config){ .target = "7" }, AUS_EINVAL, "2 per item, 0 to 1");
  refuse(ctx, n.attrib, &(aus_attrib_config){ .target = "0,1,1" }, AUS_EINVAL, "more targets than items");
  refuse(ctx, n.attrib, &(aus_attrib_config){ .layer = "fd" }, AUS_EINVAL, "near it: fc");
  refuse(ctx, n.attrib, &(aus_attrib_config){ .from = "x" }, AUS_EINVAL, "nothing computes 'x'");
  assert_ok(ctx, aus_attrib_open_function(ctx, 1, &(aus_dims){ 1, { 3 } }, 1, 1, twice, NULL, &black));
  refuse(ctx, black, &(aus_attrib_config){ .method = "gradient" }, AUS_ENOTSUP, "black box");
  aus_attrib_close(black);
  const float bad[6] = { 0, NAN }, *x = bad;
  aus_attribution r;
  assert_int_equal(aus_attrib_run(n.attrib, &x, &(aus_attrib_config){0}, &r), AUS_EINVAL);
  assert_non_null(strstr(aus_ctx_error(ctx), "NaN at position 1"));
  close_net(ctx, &n);
  aus_ctx_destroy(ctx);
}

int main(void)
{
  const struct CMUnitTest tests[] = { cmocka_unit_test(each_item_has_its_own_target), cmocka_unit_test(wrong_use) };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
