/* test_attrib_golden.c - methods of attribution against torch's autograd, and the properties they promise. */
#include "test.h"

#include "attrib/attrib.h"
#include "attrib/quadrature.h"
#include "format/writer.h"
#include "golden/attrib.h"

static float rough(int64_t j, double scale) { return (float)(((double)((j * 7919 + j * j * 31) % 1021) / 512.0 - 1) * scale); }
static void fill(int n, int salt, double scale, float *to) { for (int i = 0; i < n; i++) to[i] = rough(i + salt, scale); }

enum { N = 2 * 48 };
typedef struct net { void *bytes; aus_bundle *bundle; aus_attrib *attrib; float x[N], base[48]; } net;

static int32_t param(aus_builder *b, const char *name, int32_t rank, const int32_t *dim, int salt, double scale)
{
  float v[256];
  int32_t n = 1;
  for (int32_t i = 0; i < rank; i++) n *= dim[i];
  fill(n, salt, scale, v);
  return aus_builder_param(b, name, rank, dim, v);
}

#define WORDS(...) (const aus_word[]){ __VA_ARGS__ }, sizeof((const aus_word[]){ __VA_ARGS__ }) / sizeof(aus_word)
static int32_t node(aus_builder *b, int32_t op, const char *name, int32_t n_in, const int32_t *in, const aus_word *attr, size_t n)
{
  return aus_builder_node(b, op, name, n_in, in, 1, (int32_t)n, attr);
}

/* The network of make_attrib.py; with `more`: a batch norm, a layer norm, a product, a quotient and a softmax besides. */
static int32_t body(aus_builder *b, bool more)
{
  const int32_t x = aus_builder_input(b, "x", 4, (const int32_t[]){ -1, 1, 6, 8 });
  const int32_t w1 = param(b, "w1", 4, (const int32_t[]){ 3, 1, 3, 3 }, 11, .5), b1 = param(b, "b1", 1, (const int32_t[]){ 3 }, 12, .25);
  const int32_t w2 = param(b, "w2", 4, (const int32_t[]){ 4, 3, 3, 3 }, 13, .5), b2 = param(b, "b2", 1, (const int32_t[]){ 4 }, 14, .25);
  const int32_t w3 = param(b, "w3", 2, (const int32_t[]){ 3, 48 }, 15, .25), b3 = param(b, "b3", 1, (const int32_t[]){ 3 }, 16, 1);
#define CONV { .i = 1 }, { .i = 1 }, { .i = 1 }, { .i = 1 }, { .i = 1 }, { .i = 1 }, { .i = 1 }, { .i = 1 }, { .i = 1 }
  int32_t h = node(b, AUS_OP_conv, "conv1", 3, (const int32_t[]){ x, w1, b1 }, WORDS(CONV));
  if (more) {
    const int32_t c[1] = { 3 };
    float positive[3] = { 0.5f, 2, 1 }, scale[3] = { 1, -0.75f, 0.5f };
    h = node(b, AUS_OP_batch_norm, "bn", 5, (const int32_t[]){ h, aus_builder_param(b, "scale", 1, c, scale), param(b, "shift", 1, c, 21, .5), param(b, "mean", 1, c, 22, .5), aus_builder_param(b, "var", 1, c, positive) }, WORDS({ .f = 1e-5f }));
  }
  h = node(b, AUS_OP_relu, "relu1", 1, &h, NULL, 0);
  h = node(b, AUS_OP_max_pool, "pool", 1, &h, WORDS({ .i = 2 }, { .i = 2 }, { .i = 2 }, { .i = 2 }));
  h = node(b, AUS_OP_conv, "conv2", 3, (const int32_t[]){ h, w2, b2 }, WORDS(CONV));
  h = node(b, AUS_OP_relu, "relu2", 1, &h, NULL, 0);
  h = node(b, AUS_OP_reshape, "flat", 1, &h, WORDS({ .i = 0 }, { .i = -1 }));
  if (more) {
    const int32_t t = node(b, AUS_OP_sigmoid, "gate", 1, &h, NULL, 0);
    h = node(b, AUS_OP_mul, "product", 2, (const int32_t[]){ h, t }, NULL, 0);
    h = node(b, AUS_OP_layer_norm, "norm", 1, &h, WORDS({ .i = 1 }, { .f = 1e-3f }));
    const int32_t e = node(b, AUS_OP_exp, "exp", 1, &t, NULL, 0);
    h = node(b, AUS_OP_div, "quotient", 2, (const int32_t[]){ h, e }, NULL, 0);
    const int32_t s = node(b, AUS_OP_softmax, "inner", 1, &h, WORDS({ .i = 1 }));
    h = node(b, AUS_OP_add, "sum", 2, (const int32_t[]){ h, s }, NULL, 0);
  }
  return node(b, AUS_OP_linear, "fc", 3, (const int32_t[]){ h, w3, b3 }, NULL, 0);
}

static void open_net(aus_ctx *ctx, net *n, bool more, int64_t items)
{
  aus_builder *b;
  size_t size;
  assert_ok(ctx, aus_builder_create(ctx, &b));
  const int32_t y = body(b, more);
  aus_builder_output(b, more ? node(b, AUS_OP_softmax, "classes", 1, &y, WORDS({ .i = 1 })) : y);
  assert_ok(ctx, aus_builder_finish(b, &n->bytes, &size));
  aus_builder_destroy(b);
  assert_ok(ctx, aus_bundle_open_memory(ctx, n->bytes, size, &n->bundle));
  assert_ok(ctx, aus_attrib_open(ctx, n->bundle, &(aus_dims){ 4, { items, 1, 6, 8 } }, &n->attrib));
  fill(N, 5, 1, n->x);
  fill(48, 6, .25, n->base);
}

static void close_net(aus_ctx *ctx, net *n)
{
  aus_attrib_close(n->attrib);
  aus_bundle_close(n->bundle);
  aus_free(ctx, n->bytes);
}

static void ask(aus_ctx *ctx, net *n, const float *x, aus_attrib_config c, aus_attribution *r)
{
  const float *base = n->base;
  c.baseline = &base;
  c.n_baselines = 1;
  assert_ok(ctx, aus_attrib_run(n->attrib, &x, &c, r));
}

static void same(aus_ctx *ctx, net *n, aus_attrib_config c, int count, const float *want)
{
  aus_attribution r;
  double most = 0;
  c.target = "2,0";
  ask(ctx, n, n->x, c, &r);
  int64_t have = 1;
  for (int32_t i = 0; i < r.dims[0].rank; i++) have *= r.dims[0].dim[i];
  assert_int_equal(have, count);
  for (int i = 0; i < count; i++) most = fmax(most, fabs((double)want[i]));
  for (int i = 0; i < count; i++)
    if (!(fabs((double)r.value[0][i] - (double)want[i]) <= 2e-6 * most)) fail_msg("%s[%d] = %.9g, torch says %.9g", c.method, i, (double)r.value[0][i], (double)want[i]);
  aus_attribution_free(&r);
}

static void as_torch(void **state)
{
  (void)state;
  aus_ctx *ctx = test_ctx(2);
  net n;
  open_net(ctx, &n, false, 2);
  same(ctx, &n, (aus_attrib_config){ .method = "gradient" }, N, golden_gradient);
  same(ctx, &n, (aus_attrib_config){ .method = "ixg" }, N, golden_ixg);
  same(ctx, &n, (aus_attrib_config){ .method = "smoothgrad", .samples = 1 }, N, golden_gradient); /* one sample is the gradient */
  same(ctx, &n, (aus_attrib_config){ .method = "guided" }, N, golden_guided);
  same(ctx, &n, (aus_attrib_config){ .method = "deconv" }, N, golden_deconv);
  same(ctx, &n, (aus_attrib_config){ .method = "ig", .steps = 20 }, N, golden_ig_gauss);
  same(ctx, &n, (aus_attrib_config){ .method = "ig", .steps = 10, .quadrature = "riemann_right" }, N, golden_ig_right);
  same(ctx, &n, (aus_attrib_config){ .method = "ig", .steps = 9, .quadrature = "trapezoid" }, N, golden_ig_trapezoid);
  same(ctx, &n, (aus_attrib_config){ .method = "gradcam", .layer = "relu1" }, N, golden_gradcam);
  same(ctx, &n, (aus_attrib_config){ .method = "gradcam++", .layer = "relu1" }, N, golden_gradcampp);
  same(ctx, &n, (aus_attrib_config){ .method = "layercam", .layer = "relu1" }, N, golden_layercam);
  same(ctx, &n, (aus_attrib_config){ .method = "ixg", .layer = "relu1" }, 3 * N, golden_layer_ixg);
  same(ctx, &n, (aus_attrib_config){ .method = "guidedgradcam", .layer = "relu2" }, N, golden_guidedgradcam);
  same(ctx, &n, (aus_attrib_config){ .method = "gradcam", .layer = "relu2", .upsample = 1, .interpolate = "linear" }, N, golden_cam_linear);
  close_net(ctx, &n);
  aus_ctx_destroy(ctx);
}

/* Methods that promise to add up do: on kinks, products, quotients, norms and softmax. */
static void sums_hold(void **state)
{
  (void)state;
  static const struct { const char *method, *rules, *layer; double gap; } cases[] = {
    { "ig", NULL, NULL, 1e-4 }, { "ig", NULL, "relu1", 1e-4 }, { "deeplift", NULL, NULL, 2e-5 }, { "deeplift", NULL, "pool", 2e-5 }, { "deepshap", NULL, NULL, 2e-5 },
    { "deeplift", "revealcancel", NULL, 2e-5 }, { "deeplift", "genomics", NULL, 2e-5 }
  };
  aus_ctx *ctx = test_ctx(1);
  for (int more = 0; more < 2; more++) {
    net n;
    open_net(ctx, &n, more, 2);
    for (size_t k = 0; k < sizeof cases / sizeof *cases; k++) {
      aus_attribution r;
      if (more && cases[k].rules) continue; /* parts of a change do not pass a product */
      ask(ctx, &n, n.x, (aus_attrib_config){ .method = cases[k].method, .rules = cases[k].rules, .layer = cases[k].layer, .target = "1" }, &r);
      for (int i = 0; i < 2; i++)
        if (!(fabs(r.gap[i]) <= cases[k].gap * fmax(fabs(r.score[i] - r.score_none[i]), 1e-2)))
          fail_msg("%s %s %s, network %d, item %d: gap %.3g of %.3g", cases[k].method, cases[k].rules ? cases[k].rules : "", cases[k].layer ? cases[k].layer : "", more, i, r.gap[i], r.score[i] - r.score_none[i]);
      aus_attribution_free(&r);
    }
    close_net(ctx, &n);
  }
  aus_ctx_destroy(ctx);
}

/* An item's result has the same bits alone and in company, and on any number of threads; weights stay as they were. */
static void company_does_not_matter(void **state)
{
  (void)state;
  static const char *const methods[] = { "gradient", "smoothgrad", "ig", "gradientshap", "deeplift", "lrp", "gradcam", "scorecam", "guidedgradcam" };
  for (size_t m = 0; m < sizeof methods / sizeof *methods; m++) {
    aus_ctx *one = test_ctx(1), *three = test_ctx(3);
    net a, b;
    aus_attribution r, s;
    open_net(one, &a, true, 1);
    open_net(three, &b, true, 2);
    float before[144];
    const aus_attrib_config c = { .method = methods[m], .target = "1", .samples = 6, .layer = strstr(methods[m], "cam") ? "relu2" : NULL };
    const int32_t t = aus_bundle_find_tensor(b.bundle, "w3");
    memcpy(before, aus_bundle_tensor_f32(b.bundle, t), sizeof before);
    ask(one, &a, a.x + 48, c, &r);
    ask(three, &b, b.x, c, &s);
    int64_t per = 1;
    for (int32_t i = 1; i < r.dims[0].rank; i++) per *= r.dims[0].dim[i];
    for (int64_t i = 0; i < per; i++) assert_near(s.value[0][per + i], r.value[0][i], 2e-5 * fabs((double)r.value[0][i]) + 1e-6);
    assert_memory_equal(before, aus_bundle_tensor_f32(b.bundle, t), sizeof before);
    aus_attribution_free(&s);
    ask(three, &b, b.x, c, &s); /* again: the same bits */
    aus_attribution again;
    aus_ctx *two = test_ctx(2);
    net d;
    open_net(two, &d, true, 2);
    ask(two, &d, d.x, c, &again);
    assert_memory_equal(again.value[0], s.value[0], (size_t)(2 * per) * sizeof(float));
    aus_attribution_free(&again);
    close_net(two, &d);
    aus_ctx_destroy(two);
    aus_attribution_free(&r);
    aus_attribution_free(&s);
    close_net(one, &a);
    close_net(three, &b);
    aus_ctx_destroy(one);
    aus_ctx_destroy(three);
  }
}

static void quadratures(void **state)
{
  (void)state;
  aus_ctx *ctx = test_ctx(1);
  static const char *const rules[] = { "left", "right", "middle", "trapezoid", "linspace", "gausslegendre" };
  double node[64], weight[64];
  for (size_t r = 0; r < 6; r++)
    for (int32_t n = 2; n <= 50; n += 16) {
      double sum = 0;
      assert_ok(ctx, aus_quadrature(ctx, rules[r], n, node, weight));
      for (int32_t k = 0; k < n; k++) sum += weight[k];
      assert_near(sum, 1, 1e-13); /* captum's trapezoid: (n - 1) / n */
    }
  aus_gauss_legendre(3, node, weight);
  const double want[3] = { 0.11270166537925831, 0.5, 0.88729833462074169 }, heavy[3] = { 5.0 / 18, 8.0 / 18, 5.0 / 18 };
  for (int k = 0; k < 3; k++) {
    assert_near(node[k], want[k], 1e-15);
    assert_near(weight[k], heavy[k], 1e-15);
  }
  assert_int_equal(aus_quadrature(ctx, "simpson", 3, node, weight), AUS_EINVAL);
  assert_int_equal(aus_quadrature(ctx, "trapezoid", 1, node, weight), AUS_EINVAL);
  aus_ctx_destroy(ctx);
}

/* What a layer that keeps everything sees is the input; what pooling forgets stays open. */
static void inversion_finds_the_input(void **state)
{
  (void)state;
  aus_ctx *ctx = test_ctx(1);
  net n;
  aus_attribution r;
  double sum = 0, size = 0;
  open_net(ctx, &n, false, 1);
  ask(ctx, &n, n.x, (aus_attrib_config){ .method = "inversion", .layer = "conv1", .steps = 400 }, &r);
  for (int i = 0; i < 48; i++) {
    sum += pow((double)r.value[0][i] - (double)n.x[i], 2);
    size += pow((double)n.x[i], 2);
  }
  assert_true(sum < 1e-2 * size);
  aus_attribution_free(&r);
  close_net(ctx, &n);
  aus_ctx_destroy(ctx);
}

int main(void)
{
  const struct CMUnitTest tests[] = { cmocka_unit_test(as_torch), cmocka_unit_test(sums_hold), cmocka_unit_test(company_does_not_matter), cmocka_unit_test(quadratures),
                                      cmocka_unit_test(inversion_finds_the_input) };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
