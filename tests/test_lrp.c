/* test_lrp.c - relevance against values published by other libraries, and derived by hand from the rules' formulas.
 *
 * Each value names its case in the collection it comes from: "published" ones are asserted by the tests of captum
 * (pytorch/captum@faac0877, tests/attr/test_lrp.py), "derived" ones follow zennit's formulas (chr5tphr/zennit@6204e31e). */
#include "lrp_test.h"

static const float ones9[9] = { 2, 2, 2, 2, 2, 2, 2, 2, 2 }, threes[3] = { 3, 3, 3 };
static const float x123[3] = { 1, 2, 3 };

/* x(3) -> linear -> relu or tanh -> linear2, no bias */
static lrp_net simple(const float *w1, const float *w2, int32_t act)
{
  lrp_net n = lrp_net_begin(1);
  const int32_t x = lrp_input(&n, "x", 2, IDS(-1, 3)), h = lrp_linear(&n, "linear", x, 3, 3, w1, NULL), a = lrp_op(&n, act, "act", 1, &h, 0, NULL);
  lrp_net_end(&n, lrp_linear(&n, "linear2", a, 1, 3, w2, NULL));
  return n;
}

static void lrp_eps_simple(void **state)
{
  (void)state;
  lrp_net n = simple(ones9, threes, AUS_OP_relu);
  assert_relevance(lrp_net_explain(&n, "all = epsilon 1e-9", x123, AUS_LRP_LOGIT, 0), (const double[]){ 18, 36, 54 }, 3, 1e-4);
  assert_balanced(&n, 1e-6);
  lrp_net_free(&n);
}

static void lrp_eps_simple_batch(void **state)
{
  (void)state;
  lrp_net n = simple(ones9, threes, AUS_OP_relu);
  const float x[6] = { 1, 2, 3, 3, 6, 9 };
  lrp_net_run(&n, &(aus_dims){ 2, { 2, 3 } });
  assert_relevance(lrp_net_explain(&n, "all = epsilon 1e-9", x, AUS_LRP_LOGIT, 0), (const double[]){ 18, 36, 54, 54, 108, 162 }, 6, 1e-4);
  lrp_net_free(&n);
}

static const float negative[9] = { -2, 2, 2, 2, 2, 2, 2, 2, 2 };

static void lrp_a1b0_simple(void **state)
{
  (void)state;
  lrp_net n = simple(negative, threes, AUS_OP_relu);
  assert_relevance(lrp_net_explain(&n, "all = alphabeta 1 0", x123, AUS_LRP_LOGIT, 0), (const double[]){ 12, 33.6, 50.4 }, 3, 1e-4);
  assert_relevance(lrp_net_explain(&n, "preset = captum:alpha1beta0", x123, AUS_LRP_LOGIT, 0), (const double[]){ 12, 33.6, 50.4 }, 3, 1e-4);
  assert_relevance(lrp_net_explain(&n, "all = zplus", x123, AUS_LRP_LOGIT, 0), (const double[]){ 12, 33.6, 50.4 }, 3, 1e-4);
  assert_balanced(&n, 1e-6);
  lrp_net_free(&n);
}

static void lrp_identity_first(void **state)
{
  (void)state;
  lrp_net n = simple(negative, threes, AUS_OP_relu);
  assert_relevance(lrp_net_explain(&n, "linear = epsilon 1e-9\nfirst = pass", x123, AUS_LRP_LOGIT, 0), (const double[]){ 24, 36, 36 }, 3, 1e-4);
  assert_relevance(lrp_net_explain(&n, "\"linear\" = pass; linear2 = epsilon 1e-9", x123, AUS_LRP_LOGIT, 0), (const double[]){ 24, 36, 36 }, 3, 1e-4);
  lrp_net_free(&n);
}

static void lrp_eps_tanh(void **state)
{
  (void)state;
  const float w[9] = { 0.1f, 0.1f, 0.1f, 0.1f, 0.1f, 0.1f, 0.1f, 0.1f, 0.1f };
  lrp_net n = simple(w, w, AUS_OP_tanh);
  assert_relevance(lrp_net_explain(&n, "all = epsilon 1e-9", x123, AUS_LRP_LOGIT, 0), (const double[]){ 0.0269, 0.0537, 0.0806 }, 3, 1e-4);
  lrp_net_free(&n);
}

static void lrp_eps_convnet(void **state)
{
  (void)state;
  lrp_net n = lrp_net_begin(1);
  float w[18], fc[32], x[16], bias[2] = { -50, -75 }, zero[4] = { 0 };
  for (int i = 0; i < 18; i++) w[i] = 1;
  for (int i = 0; i < 32; i++) fc[i] = i % 8 < 5 ? 1 : -1;
  for (int i = 0; i < 16; i++) x[i] = (float)i;
  const aus_word conv[9] = { { .i = 1 }, { .i = 1 }, { .i = 1 }, { .i = 1 }, { .i = 0 }, { .i = 0 }, { .i = 0 }, { .i = 0 }, { .i = 1 } };
  const int32_t in = lrp_input(&n, "x", 4, IDS(-1, 1, 4, 4)), wp = lrp_param(&n, "w", 4, IDS(2, 1, 3, 3), w), bp = lrp_param(&n, "b", 1, IDS(2), bias);
  const int32_t c = lrp_op(&n, AUS_OP_conv, "conv1", 3, IDS(in, wp, bp), 9, conv), r = lrp_relu(&n, "relu1", c);
  const int32_t flat = lrp_op(&n, AUS_OP_reshape, "flatten", 1, &r, 2, WORDS({ .i = 0 }, { .i = -1 }));
  lrp_net_end(&n, lrp_relu(&n, "relu2", lrp_linear(&n, "fc1", flat, 4, 8, fc, zero)));
  const double want[16] = { 0, 1, 2, 3, 0, 5, 6, 7, 0, 9, 10, 11, 0, 0, 0, 0 };
  assert_relevance(lrp_net_explain(&n, "preset = captum:epsilon1e-9", x, AUS_LRP_LOGIT, 0), want, 16, 1e-4);
  assert_near(aus_lrp_balance(n.lrp, n.walk).out, 54, 1e-4);
  assert_balanced(&n, 1e-6);
  lrp_net_free(&n);
}

static void lrp_skip_add(void **state)
{
  (void)state;
  const float w[4] = { 5, 5, 5, 5 }, x[2] = { 2, 3 };
  lrp_net n = lrp_net_begin(1);
  const int32_t in = lrp_input(&n, "x", 2, IDS(-1, 2)), a = lrp_linear(&n, "a", in, 2, 2, w, NULL);
  lrp_net_end(&n, lrp_op(&n, AUS_OP_add, "sum", 2, IDS(a, in), 0, NULL));
  assert_relevance(lrp_net_explain(&n, NULL, x, AUS_LRP_LOGIT, 1), (const double[]){ 10, 18 }, 2, 1e-4);
  assert_balanced(&n, 1e-6);
  lrp_net_free(&n);
}

static void lrp_maxpool2d(void **state)
{
  (void)state;
  const float x[4] = { 1, 2, 5, 6 }, ties[4] = { 6, 2, 5, 6 };
  const aus_word pool[11] = { { .i = 2 }, { .i = 2 }, { .i = 2 }, { .i = 2 } };
  lrp_net n = lrp_net_begin(1);
  const int32_t in = lrp_input(&n, "x", 4, IDS(-1, 1, 2, 2));
  lrp_net_end(&n, lrp_op(&n, AUS_OP_max_pool, "pool", 1, &in, 11, pool));
  assert_relevance(lrp_net_explain(&n, "max_pool = winner", x, AUS_LRP_LOGIT, 0), (const double[]){ 0, 0, 0, 6 }, 4, 1e-4);
  assert_relevance(lrp_net_explain(&n, "max_pool = split", x, AUS_LRP_LOGIT, 0), (const double[]){ 0, 0, 0, 6 }, 4, 1e-4);
  assert_relevance(lrp_net_explain(&n, "max_pool = winner", ties, AUS_LRP_LOGIT, 0), (const double[]){ 6, 0, 0, 0 }, 4, 1e-4); /* PyTorch: the first */
  assert_relevance(lrp_net_explain(&n, "preset = toolbox:simple", ties, AUS_LRP_LOGIT, 0), (const double[]){ 3, 0, 0, 3 }, 4, 1e-4);
  assert_balanced(&n, 1e-6);
  lrp_net_free(&n);
}

/* captum's own answer counts twice ([16, 32, 48] on each, delta -104); a split in proportion conserves. */
static void lrp_multi_input_add(void **state)
{
  (void)state;
  const float eye[9] = { 1, 0, 0, 0, 1, 0, 0, 0, 1 }, w1[12] = { 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1 }, b1[4] = { -10, 1, 1, 1 }, w2[8] = { 1, 1, 1, 1, 1, 1, 1, 1 }, b2[2] = { -1, 1 }, b0[3] = { 0 };
  const float x[3] = { 1, 2, 3 }, y[3] = { 3, 6, 9 };
  lrp_net n = lrp_net_begin(1);
  const int32_t a = lrp_input(&n, "x", 2, IDS(-1, 3)), b = lrp_input(&n, "add_input", 2, IDS(-1, 3)), sum = lrp_op(&n, AUS_OP_add, "sum", 2, IDS(a, b), 0, NULL);
  const int32_t l0 = lrp_linear(&n, "linear0", sum, 3, 3, eye, b0), r = lrp_relu(&n, "relu", lrp_linear(&n, "linear1", l0, 4, 3, w1, b1));
  lrp_net_end(&n, lrp_linear(&n, "linear2", r, 2, 4, w2, b2));
  const int32_t target = 0;
  lrp_net_prepare(&n, &(aus_lrp_config){ .rules = "preset = captum:epsilon1e-9" }, (const float *const[]){ x, y });
  assert_ok(n.ctx, aus_lrp_seed(n.lrp, n.walk, AUS_LRP_LOGIT, &target, NULL));
  assert_ok(n.ctx, aus_walk_run(n.walk));
  assert_relevance(aus_walk_diff(n.walk, 0, 0, NULL), (const double[]){ 4, 8, 12 }, 3, 1e-4);
  assert_relevance(aus_walk_diff(n.walk, 1, 0, NULL), (const double[]){ 12, 24, 36 }, 3, 1e-4);
  assert_near(aus_lrp_balance(n.lrp, n.walk).bias, -8, 1e-4); /* delta = output less sum */
  assert_balanced(&n, 1e-6);
  lrp_net_free(&n);
}

/* ---- rules on one layer of mixed signs, R_out its own output ---------------------------------------------------- */

static const float mixed_w[6] = { 1, -2, 0.5f, -1, 0.5f, 2 }, mixed_b[2] = { 0.5f, -1 }, mixed_x[3] = { 1, -0.5f, 2 };

static const struct { const char *id, *rules; double want[3]; } on_mixed[] = {
  { "lrp_rule_eps1", "all = epsilon 1", { 0.1414141414, 0.6186868687, 3.323232323 } },
  { "lrp_rule_eps_zerobias", "all = epsilon 1e-6 zero_params=bias", { 0.5303028728, 1.007575427, 3.712119898 } },
  { "lrp_rule_zplus", "all = zplus", { 0.9999997143, 0.9999997143, 2.749999277 } },
  { "lrp_rule_a2b1", "all = alphabeta 2 1", { 1.222221996, 1.805555071, 5.499998554 } },
  { "lrp_rule_a1b0", "all = alphabeta 1 0", { 0.9999997143, 0.9999997143, 2.749999277 } },
  { "lrp_rule_a2b1_zerobias", "all = alphabeta 2 1 zero_params=bias", { 0.9333336756, 1.983332836, 5.833331681 } },
  { "lrp_rule_gamma0.25", "all = gamma 0.25", { 0.3636363665, 0.8409089202, 4.181816796 } },
  { "lrp_rule_zbox", "all = box -3 3", { 1.301187884, 1.979909008, 1.968902717 } },
  { "lrp_rule_wsquare", "all = wsquare", { 0.9163634759, 2.615454071, 1.279090701 } },
  { "lrp_rule_flat", "all = flat", { 1.749999417, 1.749999417, 1.749999417 } },
};

static lrp_net mixed_linear(void)
{
  lrp_net n = lrp_net_begin(1);
  lrp_net_end(&n, lrp_linear(&n, "fc", lrp_input(&n, "x", 2, IDS(-1, 3)), 2, 3, mixed_w, mixed_b));
  return n;
}

static void rules_on_mixed_linear(void **state)
{
  (void)state;
  lrp_net n = mixed_linear();
  for (size_t i = 0; i < sizeof on_mixed / sizeof *on_mixed; i++) {
    print_message("%s\n", on_mixed[i].id);
    assert_relevance(lrp_net_explain(&n, on_mixed[i].rules, mixed_x, AUS_LRP_ALL, 0), on_mixed[i].want, 3, 1e-5);
    assert_balanced(&n, 1e-6);
  }
  lrp_net_free(&n);
}

/* The same layer as matrices: x W and W x, bias added behind. */
static void rules_on_matrices(void **state)
{
  (void)state;
  const float wt[6] = { 1, -1, -2, 0.5f, 0.5f, 2 };
  lrp_net left = lrp_net_begin(1), right = lrp_net_begin(1);
  int32_t in = lrp_input(&left, "x", 2, IDS(1, 3)), z = lrp_op(&left, AUS_OP_matmul, "fc", 2, IDS(in, lrp_param(&left, "w", 2, IDS(3, 2), wt)), 0, NULL);
  lrp_net_end(&left, lrp_op(&left, AUS_OP_add, "bias", 2, IDS(z, lrp_param(&left, "b", 1, IDS(2), mixed_b)), 0, NULL));
  in = lrp_input(&right, "x", 2, IDS(3, 1));
  z = lrp_op(&right, AUS_OP_matmul, "fc", 2, IDS(lrp_param(&right, "w", 2, IDS(2, 3), mixed_w), in), 0, NULL);
  lrp_net_end(&right, z);
  for (size_t i = 0; i < sizeof on_mixed / sizeof *on_mixed; i++) {
    assert_relevance(lrp_net_explain(&left, on_mixed[i].rules, mixed_x, AUS_LRP_ALL, 0), on_mixed[i].want, 3, 1e-5);
    assert_balanced(&left, 1e-6);
  }
  /* without a bias R_out is another: against the same rule on a linear layer without bias */
  lrp_net plain = lrp_net_begin(1);
  lrp_net_end(&plain, lrp_linear(&plain, "fc", lrp_input(&plain, "x", 2, IDS(-1, 3)), 2, 3, mixed_w, NULL));
  for (size_t i = 0; i < sizeof on_mixed / sizeof *on_mixed; i++) {
    double want[3];
    const float *r = lrp_net_explain(&plain, on_mixed[i].rules, mixed_x, AUS_LRP_ALL, 0);
    for (int k = 0; k < 3; k++) want[k] = r[k];
    assert_relevance(lrp_net_explain(&right, on_mixed[i].rules, mixed_x, AUS_LRP_ALL, 0), want, 3, 1e-6);
  }
  lrp_net_free(&plain);
  lrp_net_free(&right);
  lrp_net_free(&left);
}

static void lrp_alphabeta_invalid(void **state)
{
  (void)state;
  lrp_net n = mixed_linear();
  static const char *const reject[] = { "all = alphabeta -1 1", "all = alphabeta 2 -1", "all = alphabeta 1 1" }, *const accept[] = { "all = alphabeta 1 0", "all = alphabeta 2 1" };
  for (int i = 0; i < 3; i++) {
    assert_int_equal(aus_lrp_rules_check(n.ctx, "rules", reject[i]), AUS_EINVAL);
    assert_non_null(strstr(aus_ctx_error(n.ctx), "line 1"));
  }
  for (int i = 0; i < 2; i++) assert_ok(n.ctx, aus_lrp_rules_check(n.ctx, "rules", accept[i]));
  lrp_net_free(&n);
}

/* ---- convolution over time ------------------------------------------------------------------------------------------ */

static const float conv_w[6] = { 1, -1, 2, 0.5f, 1, -0.5f }, conv_b[2] = { 0.1f, -0.2f }, conv_x[5] = { 1, 2, -1, 0.5f, 3 };

static const struct { const char *id, *rules; double want[5]; } on_conv[] = {
  { "lrp_conv1d_zplus", "conv = zplus", { -0.1999998, 4.574389468, 0.9999997561, -0.7653815981, 2.815383749 } },
  { "lrp_conv1d_a2b1", "conv = alphabeta 2 1", { -3.4999965, 9.315445465, 2.310344126, -1.453177043, 8.030766698 } },
  { "lrp_conv1d_wsquare", "conv = wsquare", { 0.463723712, 3.045434072, 0.3899886235, 2.052788559, 1.170309996 } },
};

static void rules_on_conv1d(void **state)
{
  (void)state;
  lrp_net n = lrp_net_begin(1);
  lrp_net_end(&n, lrp_conv1d(&n, "conv", lrp_input(&n, "x", 3, IDS(-1, 1, 5)), 2, 1, 3, 2, 1, conv_w, conv_b));
  const float r_out[6] = { 3.1f, 4.1f, -2.4f, -0.2f, -0.45f, 3.05f }, *x = conv_x;
  for (size_t i = 0; i < sizeof on_conv / sizeof *on_conv; i++) {
    print_message("%s\n", on_conv[i].id);
    lrp_net_prepare(&n, &(aus_lrp_config){ .rules = on_conv[i].rules }, &x);
    memcpy(aus_walk_seed(n.walk, 0, NULL), r_out, sizeof r_out);
    assert_ok(n.ctx, aus_walk_run(n.walk));
    assert_relevance(aus_walk_diff(n.walk, 0, 0, NULL), on_conv[i].want, 5, 1e-5);
    assert_balanced(&n, 1e-6);
  }
  /* lrp_conv1d_flat_padding: padding gets nothing */
  lrp_net_prepare(&n, &(aus_lrp_config){ .rules = "first = flat" }, &x);
  for (int i = 0; i < 6; i++) aus_walk_seed(n.walk, 0, NULL)[i] = 1;
  assert_ok(n.ctx, aus_walk_run(n.walk));
  assert_relevance(aus_walk_diff(n.walk, 0, 0, NULL), (const double[]){ 0.9999995, 1.666665944, 0.6666664444, 1.666665944, 0.9999995 }, 5, 1e-5);
  lrp_net_free(&n);
}

/* ---- composites --------------------------------------------------------------------------------------------------------- */

static const struct { const char *id, *rules; double want[4]; } composites[] = {
  { "composite_EpsilonPlus", "preset = zennit:EpsilonPlus", { 0.6999990837, 0.4909083612, -0.3999995605, -0.0250000383 } },
  { "composite_EpsilonAlpha2Beta1", "preset = zennit:EpsilonAlpha2Beta1", { 1.299998365, 0.9818167223, -0.799999121, -0.05000007659 } },
  { "composite_EpsilonPlusFlat", "preset = zennit:EpsilonPlusFlat", { 1.099998377, 0.5416657743, -0.4583327501, -0.4583327501 } },
};

static const float cw[6] = { 1, -1, 0.5f, -0.5f, 1, 1 }, cb[2] = { 0.1f, -0.2f }, cx[4] = { 1, 2, -1, 0.5f };

static void composite(void **state)
{
  (void)state;
  const float fw[8] = { 1, -0.5f, 0.75f, 0.25f, -1, 1, 0.5f, -0.5f }, fb[2] = { 0.3f, -0.1f };
  const aus_word pool[11] = { { .i = 1 }, { .i = 2 }, { .i = 1 }, { .i = 2 } };
  lrp_net n = lrp_net_begin(1);
  const int32_t r = lrp_relu(&n, "relu", lrp_conv1d(&n, "conv", lrp_input(&n, "x", 3, IDS(-1, 1, 4)), 2, 1, 3, 1, 1, cw, cb));
  const int32_t p = lrp_op(&n, AUS_OP_max_pool, "pool", 1, &r, 11, pool), f = lrp_op(&n, AUS_OP_reshape, "flat", 1, &p, 2, WORDS({ .i = 0 }, { .i = -1 }));
  lrp_net_end(&n, lrp_linear(&n, "fc", f, 2, 4, fw, fb));
  for (size_t i = 0; i < sizeof composites / sizeof *composites; i++) {
    print_message("%s\n", composites[i].id);
    assert_relevance(lrp_net_explain(&n, composites[i].rules, cx, AUS_LRP_LOGIT, 0), composites[i].want, 4, 1e-5);
    assert_balanced(&n, 1e-6);
  }
  lrp_net_free(&n);
}

static void composite_EpsilonGammaBox_2conv(void **state)
{
  (void)state;
  const float w2[8] = { 1, -0.5f, 0.5f, 0.25f, -0.75f, 1, 0.5f, -0.5f }, b2[2] = { -0.1f, 0.2f };
  const float fw[12] = { 1, -0.5f, 0.75f, 0.25f, -0.25f, 0.5f, -1, 1, 0.5f, -0.5f, 0.5f, 0.25f }, fb[2] = { 0.3f, -0.1f };
  const char *to[3] = { "relu2", "relu1", "x" };
  const float *x = cx;
  const int32_t target = 0;
  lrp_net n = lrp_net_begin(1);
  const int32_t h1 = lrp_relu(&n, "relu1", lrp_conv1d(&n, "conv1", lrp_input(&n, "x", 3, IDS(-1, 1, 4)), 2, 1, 3, 1, 1, cw, cb));
  const int32_t h2 = lrp_relu(&n, "relu2", lrp_conv1d(&n, "conv2", h1, 2, 2, 2, 1, 0, w2, b2));
  lrp_net_end(&n, lrp_linear(&n, "fc", lrp_op(&n, AUS_OP_reshape, "flat", 1, &h2, 2, WORDS({ .i = 0 }, { .i = -1 })), 2, 6, fw, fb));
  lrp_net_prepare(&n, &(aus_lrp_config){ .rules = "preset = zennit:EpsilonGammaBox\nfirst_conv = box -3 3", .to = to, .n_to = 3 }, &x);
  assert_ok(n.ctx, aus_lrp_seed(n.lrp, n.walk, AUS_LRP_LOGIT, &target, NULL));
  assert_ok(n.ctx, aus_walk_run(n.walk));
  assert_relevance(aus_walk_diff(n.walk, 0, 0, NULL), (const double[]){ 1.47499961, 0, 2.587499316, 0.343749909, -0.924999755, 0 }, 6, 1e-5);
  assert_relevance(aus_walk_diff(n.walk, 1, 0, NULL), (const double[]){ 0.084137493, 0, 1.660517898, 0, 1.720177969, 0.007447343, 0, 0.149135373 }, 8, 1e-5);
  assert_relevance(aus_walk_diff(n.walk, 2, 0, NULL), (const double[]){ 0.802848807, 1.779385785, 0.673959938, 0.365221153 }, 4, 1e-5);
  assert_balanced(&n, 1e-6);
  lrp_net_free(&n);
}

/* ---- canonisation ---------------------------------------------------------------------------------------------------------- */

static void canonize_bn_before_linear(void **state)
{
  (void)state;
  const float gamma[3] = { 1, 0.5f, 2 }, beta[3] = { 0, 0.5f, 1 }, mean[3] = { 0, -0.5f, 2 }, var[3] = { 1, 4, 1 };
  lrp_net n = lrp_net_begin(1);
  const int32_t x = lrp_input(&n, "x", 2, IDS(-1, 3)), g = lrp_param(&n, "g", 1, IDS(3), gamma), b = lrp_param(&n, "be", 1, IDS(3), beta), m = lrp_param(&n, "m", 1, IDS(3), mean), v = lrp_param(&n, "v", 1, IDS(3), var);
  const int32_t norm = lrp_op(&n, AUS_OP_batch_norm, "bn", 5, IDS(x, g, b, m, v), 1, WORDS({ .f = 0 }));
  lrp_net_end(&n, lrp_linear(&n, "fc", norm, 2, 3, mixed_w, mixed_b));
  lrp_net_explain(&n, "all = epsilon", mixed_x, AUS_LRP_LOGIT, 0);
  const aus_lrp_node *fc = &n.lrp->node[1];
  float *room = aus_alloc(n.ctx, (size_t)aus_lrp_fold_floats(fc), sizeof *room);
  const float *w, *bias;
  assert_non_null(fc->head);
  aus_lrp_fold(fc, room, &w, &bias);
  assert_relevance(w, (const double[]){ 1, -0.5, 1, -1, 0.125, 4 }, 6, 1e-6);
  assert_relevance(bias, (const double[]){ -2.25, -6.6875 }, 2, 1e-6);
  assert_balanced(&n, 1e-6);
  aus_free(n.ctx, room);
  lrp_net_free(&n);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(lrp_eps_simple), cmocka_unit_test(lrp_eps_simple_batch), cmocka_unit_test(lrp_a1b0_simple), cmocka_unit_test(lrp_identity_first), cmocka_unit_test(lrp_eps_tanh),
    cmocka_unit_test(lrp_eps_convnet), cmocka_unit_test(lrp_skip_add), cmocka_unit_test(lrp_maxpool2d), cmocka_unit_test(lrp_multi_input_add), cmocka_unit_test(rules_on_mixed_linear),
    cmocka_unit_test(rules_on_matrices), cmocka_unit_test(lrp_alphabeta_invalid), cmocka_unit_test(rules_on_conv1d), cmocka_unit_test(composite),
    cmocka_unit_test(composite_EpsilonGammaBox_2conv), cmocka_unit_test(canonize_bn_before_linear),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
