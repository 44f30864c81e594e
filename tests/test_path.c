/* test_path.c - integrated gradients where the way has hundreds of kinks, against the integral in double, 20 000 nodes. */
#include "test.h"

#include "attrib/attrib.h"
#include "format/writer.h"

enum { IN = 24, HIDDEN = 96, DEEP = 64, NODES = 20000 };

typedef struct net { float w1[HIDDEN * IN], b1[HIDDEN], w2[DEEP * HIDDEN], b2[DEEP], w3[DEEP]; void *bytes; aus_bundle *bundle; aus_attrib *attrib; } net;

static void fill(aus_rng *rng, int n, double scale, float *to) { for (int i = 0; i < n; i++) to[i] = (float)((2 * aus_rng_uniform(rng) - 1) * scale); }

static void open_net(aus_ctx *ctx, net *n)
{
  aus_rng rng;
  aus_builder *b;
  size_t size;
  aus_rng_init(&rng, 5, 0);
  fill(&rng, HIDDEN * IN, 0.5, n->w1), fill(&rng, HIDDEN, 1, n->b1), fill(&rng, DEEP * HIDDEN, 0.25, n->w2), fill(&rng, DEEP, 1, n->b2), fill(&rng, DEEP, 0.5, n->w3);
  assert_ok(ctx, aus_builder_create(ctx, &b));
  int32_t h = aus_builder_input(b, "x", 2, (const int32_t[]){ -1, IN });
  const int32_t w1 = aus_builder_param(b, "w1", 2, (const int32_t[]){ HIDDEN, IN }, n->w1), b1 = aus_builder_param(b, "b1", 1, (const int32_t[]){ HIDDEN }, n->b1),
                w2 = aus_builder_param(b, "w2", 2, (const int32_t[]){ DEEP, HIDDEN }, n->w2), b2 = aus_builder_param(b, "b2", 1, (const int32_t[]){ DEEP }, n->b2),
                w3 = aus_builder_param(b, "w3", 2, (const int32_t[]){ 1, DEEP }, n->w3);
  h = aus_builder_node(b, AUS_OP_linear, "fc1", 3, (const int32_t[]){ h, w1, b1 }, 1, 0, NULL);
  h = aus_builder_node(b, AUS_OP_relu, "relu1", 1, &h, 1, 0, NULL);
  h = aus_builder_node(b, AUS_OP_linear, "fc2", 3, (const int32_t[]){ h, w2, b2 }, 1, 0, NULL);
  h = aus_builder_node(b, AUS_OP_relu, "relu2", 1, &h, 1, 0, NULL);
  aus_builder_output(b, aus_builder_node(b, AUS_OP_linear, "fc3", 2, (const int32_t[]){ h, w3 }, 1, 0, NULL));
  assert_ok(ctx, aus_builder_finish(b, &n->bytes, &size));
  aus_builder_destroy(b);
  assert_ok(ctx, aus_bundle_open_memory(ctx, n->bytes, size, &n->bundle));
  assert_ok(ctx, aus_attrib_open(ctx, n->bundle, &(aus_dims){ 2, { 1, IN } }, &n->attrib));
}

static void close_net(aus_ctx *ctx, net *n)
{
  aus_attrib_close(n->attrib);
  aus_bundle_close(n->bundle);
  aus_free(ctx, n->bytes);
}

/* grad += df/dx at x.. */
static void add_gradient(const net *n, const double *x, double weight, double *grad)
{
  static unsigned char on1[HIDDEN], on2[DEEP];
  static double last[IN], h[HIDDEN];
  static bool any;
  bool same = any;
  for (int k = 0; k < HIDDEN; k++) {
    double z = n->b1[k];
    for (int i = 0; i < IN; i++) z += (double)n->w1[k * IN + i] * x[i];
    h[k] = z > 0 ? z : 0;
    same = same && on1[k] == (z > 0);
    on1[k] = z > 0;
  }
  for (int k = 0; k < DEEP; k++) {
    double z = n->b2[k];
    for (int i = 0; i < HIDDEN; i++) z += (double)n->w2[k * HIDDEN + i] * h[i];
    same = same && on2[k] == (z > 0);
    on2[k] = z > 0;
  }
  if (!same) {
    any = true;
    memset(last, 0, sizeof last);
    for (int k = 0; k < HIDDEN; k++) {
      double back = 0;
      for (int j = 0; on1[k] && j < DEEP; j++) back += on2[j] ? (double)n->w3[j] * (double)n->w2[j * HIDDEN + k] : 0;
      for (int i = 0; i < IN; i++) last[i] += back * (double)n->w1[k * IN + i];
    }
  }
  for (int i = 0; i < IN; i++) grad[i] += weight * last[i];
}

static void integral(const net *n, const float *x, double *c)
{
  double at[IN], grad[IN] = { 0 };
  for (int s = 0; s < NODES; s++) {
    for (int i = 0; i < IN; i++) at[i] = (double)x[i] * (s + 0.5) / (NODES);
    add_gradient(n, at, 1.0 / NODES, grad);
  }
  for (int i = 0; i < IN; i++) c[i] = grad[i] * (double)x[i];
}

/* L1 distance in parts of the truth's size; the sum must be met to 1e-5 where `complete`. */
static double apart(aus_ctx *ctx, net *n, const float *x, const double *truth, aus_attrib_config c, bool complete)
{
  aus_attribution r;
  double d = 0, size = 0;
  c.method = "ig";
  assert_ok(ctx, aus_attrib_run(n->attrib, &x, &c, &r));
  for (int i = 0; i < IN; i++) d += fabs((double)r.value[0][i] - truth[i]), size += fabs(truth[i]);
  if (complete) assert_near(r.gap[0], 0, 1e-5 * fabs(r.score[0] - r.score_none[0]));
  aus_attribution_free(&r);
  return d / size;
}

static void secants_reach_the_integral(void **state)
{
  (void)state;
  aus_ctx *ctx = test_ctx(1);
  static net n;
  float x[IN];
  double truth[IN], sum = 0;
  aus_rng rng;
  open_net(ctx, &n);
  aus_rng_init(&rng, 9, 0);
  fill(&rng, IN, 4, x);
  integral(&n, x, truth);
  for (int i = 0; i < IN; i++) sum += truth[i];
  double before = 1, fixed;
  for (int pieces = 1; pieces <= 64; pieces *= 8) { /* one piece is DeepLIFT; eight times as many come at least three times as close */
    const double now = apart(ctx, &n, x, truth, (aus_attrib_config){ .quadrature = "secant", .steps = pieces }, true);
    print_message("%d pieces: %.2g of the map apart\n", pieces, now);
    assert_true(now < before / 3 || pieces == 1);
    before = now;
  }
  assert_true(before < 5e-3);
  fixed = apart(ctx, &n, x, truth, (aus_attrib_config){ .steps = 64 }, false);
  print_message("64 nodes of Gauss-Legendre: %.2g\n", fixed);
  assert_true(before < fixed);
  assert_true(apart(ctx, &n, x, truth, (aus_attrib_config){ 0 }, true) < 0.03); /* of its own accord */
  assert_true(isfinite(sum));
  close_net(ctx, &n);
  aus_ctx_destroy(ctx);
}

int main(void)
{
  const struct CMUnitTest tests[] = { cmocka_unit_test(secants_reach_the_integral) };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
