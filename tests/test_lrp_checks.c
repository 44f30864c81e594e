/* test_lrp_checks.c - what must hold of any rule on any network (attribution.md 1.8), and what is refused, in which words. */
#include "lrp_test.h"
#include "oom.h"

enum { C = 3, SPACE = 12, HIDDEN = 4, OUT = 3, ITEMS = 3 };

typedef struct weights { float c1[HIDDEN * C * 3], b1[HIDDEN], c2[HIDDEN * HIDDEN * 3], b2[HIDDEN], f[OUT * HIDDEN * SPACE], bf[OUT]; } weights;

static void draw(uint64_t item, int64_t n, float scale, float *to)
{
  aus_rng rng;
  aus_rng_init(&rng, 9, item);
  for (int64_t i = 0; i < n; i++) to[i] = scale * (float)aus_rng_normal(&rng);
}

static weights some_weights(void)
{
  weights w;
  draw(1, HIDDEN * C * 3, 0.5f, w.c1);
  draw(2, HIDDEN, 0.3f, w.b1);
  draw(3, HIDDEN * HIDDEN * 3, 0.5f, w.c2);
  draw(4, HIDDEN, 0.3f, w.b2);
  draw(5, OUT * HIDDEN * SPACE, 0.3f, w.f);
  draw(6, OUT, 0.3f, w.bf);
  return w;
}

/* conv, ReLU, conv, ReLU, linear; pad: in a node of its own. */
static lrp_net conv_net(const weights *w, bool bias, bool pad)
{
  lrp_net n = lrp_net_begin(1);
  int32_t v = lrp_input(&n, "x", 3, IDS(-1, C, SPACE));
  if (pad) v = lrp_op(&n, AUS_OP_pad, "pad", 1, &v, 8, WORDS({ .i = 0 }, { .f = 0 }, { .i = 0 }, { .i = 0 }, { .i = 1 }, { .i = 0 }, { .i = 0 }, { .i = 1 }));
  v = lrp_relu(&n, "r1", lrp_conv1d(&n, "c1", v, HIDDEN, C, 3, 1, !pad, w->c1, bias ? w->b1 : NULL));
  v = lrp_relu(&n, "r2", lrp_conv1d(&n, "c2", v, HIDDEN, HIDDEN, 3, 1, 1, w->c2, bias ? w->b2 : NULL));
  v = lrp_op(&n, AUS_OP_reshape, "flat", 1, &v, 2, WORDS({ .i = 0 }, { .i = -1 }));
  lrp_net_end(&n, lrp_linear(&n, "f", v, OUT, HIDDEN * SPACE, w->f, bias ? w->bf : NULL));
  return n;
}

static void keep(const float *r, double *to, int64_t n)
{
  for (int64_t i = 0; i < n; i++) to[i] = r[i];
}

static const char *const rules[] = { "all = epsilon 0.01", "all = lrp0", "all = gamma 0.25", "all = gamma_classic 0.25", "all = zplus", "all = alphabeta 2 1", "all = wsquare", "all = flat", "all = box -4 4",
                                     "preset = zennit:EpsilonPlusFlat", "preset = innvestigate:presetA", "preset = toolbox:alpha2beta-1" };
enum { N_RULES = sizeof rules / sizeof *rules };

/* 2: LRP-0 is input times gradient without biases. */
static void zero_is_input_times_gradient(void **state)
{
  (void)state;
  const weights w = some_weights();
  float x[C * SPACE];
  double want[C * SPACE];
  draw(20, C * SPACE, 1, x);
  lrp_net n = conv_net(&w, false, false);
  keep(lrp_net_explain(&n, "all = lrp0", x, AUS_LRP_LOGIT, 1), want, C * SPACE);
  aus_walk *gradient;
  assert_ok(n.ctx, aus_walk_create(n.ctx, n.run, &(aus_walk_config){ 0 }, &gradient));
  aus_walk_seed(gradient, 0, NULL)[1] = 1;
  assert_ok(n.ctx, aus_walk_run(gradient));
  for (int i = 0; i < C * SPACE; i++) assert_near(want[i], x[i] * aus_walk_diff(gradient, 0, 0, NULL)[i], 1e-5);
  aus_walk_destroy(gradient);
  const aus_lrp_entry all = aus_lrp_balance(n.lrp, n.walk);
  assert_near(all.in, all.out, 1e-5 * all.size); /* and nothing else has a share */
  lrp_net_free(&n);
}

/* 3 and 5: equal rules, and no negative relevance from positive. */
static void signs(void **state)
{
  (void)state;
  const weights w = some_weights();
  float x[C * SPACE];
  double want[C * SPACE];
  draw(21, C * SPACE, 1, x);
  lrp_net n = conv_net(&w, true, false);
  keep(lrp_net_explain(&n, "all = zplus", x, AUS_LRP_ONE, 1), want, C * SPACE);
  for (int i = 0; i < C * SPACE; i++) assert_true(want[i] >= 0);
  assert_relevance(lrp_net_explain(&n, "all = alphabeta 1 0", x, AUS_LRP_ONE, 1), want, C * SPACE, 1e-7);
  for (int i = 0; i < C * SPACE; i++) assert_true(fabs((double)x[i]) < 4);
  const float *r = lrp_net_explain(&n, "all = zplus; first = box -4 4", x, AUS_LRP_ONE, 1);
  for (int i = 0; i < C * SPACE; i++) assert_true(r[i] >= 0);
  lrp_net_free(&n);
}

/* 4: flat and w-square do not look at the input of their layer. */
static void blind_rules(void **state)
{
  (void)state;
  static const char *const blind[] = { "first = flat", "first = wsquare" };
  const weights w = some_weights();
  lrp_net n = lrp_net_begin(1);
  lrp_net_end(&n, lrp_conv1d(&n, "c1", lrp_input(&n, "x", 3, IDS(-1, C, SPACE)), HIDDEN, C, 3, 2, 1, w.c1, w.b1));
  float x[2][C * SPACE];
  for (int i = 0; i < 2; i++) draw(22 + (uint64_t)i, C * SPACE, 1, x[i]);
  for (int r = 0; r < 2; r++) {
    double want[C * SPACE];
    keep(lrp_net_explain(&n, blind[r], x[0], AUS_LRP_ONE, 3), want, C * SPACE);
    const float *got = lrp_net_explain(&n, blind[r], x[1], AUS_LRP_ONE, 3);
    for (int i = 0; i < C * SPACE; i++) assert_true((double)got[i] == want[i]);
  }
  lrp_net_free(&n);
}

/* 6: gamma from LRP-0 to z-plus. */
static void gamma_has_two_ends(void **state)
{
  (void)state;
  static const char *const forms[2][2] = { { "all = gamma 0 eps=1e-9", "all = gamma 1e7 eps=1e-6" }, { "all = gamma_classic 0 eps=1e-9", "all = gamma_classic 1e7 eps=1e-6" } };
  const weights w = some_weights();
  float x[C * SPACE];
  double zero[C * SPACE], plus[C * SPACE];
  draw(24, C * SPACE, 1, x);
  for (int i = 0; i < C * SPACE; i++) x[i] = fabsf(x[i]);
  lrp_net n = conv_net(&w, false, false);
  keep(lrp_net_explain(&n, "all = epsilon 1e-9", x, AUS_LRP_LOGIT, 1), zero, C * SPACE);
  keep(lrp_net_explain(&n, "linear = epsilon 1e-9; conv = zplus eps=1e-6", x, AUS_LRP_LOGIT, 1), plus, C * SPACE);
  for (int f = 0; f < 2; f++) {
    char text[100];
    assert_relevance(lrp_net_explain(&n, forms[f][0], x, AUS_LRP_LOGIT, 1), zero, C * SPACE, 1e-5);
    snprintf(text, sizeof text, "linear = epsilon 1e-9; conv%s", strchr(forms[f][1], '=') - 1);
    const float *got = lrp_net_explain(&n, text, x, AUS_LRP_LOGIT, 1);
    for (int i = 0; i < C * SPACE; i++) assert_near(got[i], plus[i], 2e-4 * (0.1 + fabs(plus[i])));
  }
  lrp_net_free(&n);
}

/* 7 and 8: items alone or together, twice the same; memory shared or not. */
static void items_are_alone(void **state)
{
  (void)state;
  const weights w = some_weights();
  enum { N = C * SPACE };
  float x[ITEMS * N];
  double want[ITEMS * N];
  draw(25, (ITEMS - 1) * N, 1, x);
  memcpy(x + (ITEMS - 1) * N, x, N * sizeof *x); /* item 2 is item 0 again */
  for (int r = 0; r < N_RULES; r++) {
    lrp_net one = conv_net(&w, true, false), all = conv_net(&w, true, false), apart = conv_net(&w, true, false);
    for (int i = 0; i < ITEMS; i++) keep(lrp_net_explain(&one, rules[r], x + i * N, AUS_LRP_LOGIT, 1), want + i * N, N);
    lrp_net_run(&all, &(aus_dims){ 3, { ITEMS, C, SPACE } });
    assert_relevance(lrp_net_explain(&all, rules[r], x, AUS_LRP_LOGIT, 1), want, ITEMS * N, 2e-5);
    const float *got = aus_walk_diff(all.walk, 0, 0, NULL);
    for (int i = 0; i < N; i++) assert_near(got[i], got[(ITEMS - 1) * N + i], 2e-5);
    assert_ok(apart.ctx, aus_run_create_with(apart.ctx, apart.bundle, &(aus_dims){ 3, { ITEMS, C, SPACE } }, NULL, 0, AUS_RUN_KEEP | AUS_RUN_NO_REUSE, &apart.run));
    assert_memory_equal(lrp_net_explain(&apart, rules[r], x, AUS_LRP_LOGIT, 1), got, ITEMS * N * sizeof *got);
    lrp_net_free(&one);
    lrp_net_free(&all);
    lrp_net_free(&apart);
  }
}

/* 7: the order of hidden units does not matter. */
static void units_may_change_places(void **state)
{
  (void)state;
  const weights w = some_weights();
  weights m = w;
  static const int order[HIDDEN] = { 2, 0, 3, 1 };
  for (int u = 0; u < HIDDEN; u++) {
    memcpy(m.c1 + u * C * 3, w.c1 + order[u] * C * 3, C * 3 * sizeof(float));
    m.b1[u] = w.b1[order[u]];
    for (int o = 0; o < HIDDEN; o++) memcpy(m.c2 + (o * HIDDEN + u) * 3, w.c2 + (o * HIDDEN + order[u]) * 3, 3 * sizeof(float));
  }
  float x[C * SPACE];
  double want[C * SPACE];
  draw(26, C * SPACE, 1, x);
  lrp_net a = conv_net(&w, true, false), b = conv_net(&m, true, false);
  for (int r = 0; r < N_RULES; r++) {
    keep(lrp_net_explain(&a, rules[r], x, AUS_LRP_LOGIT, 2), want, C * SPACE);
    assert_relevance(lrp_net_explain(&b, rules[r], x, AUS_LRP_LOGIT, 2), want, C * SPACE, 2e-5);
  }
  lrp_net_free(&a);
  lrp_net_free(&b);
}

/* 10 and 12: the weights stay as they are; padding gets nothing, also when a node of its own puts it in. */
static void nothing_is_written_and_padding_gets_none(void **state)
{
  (void)state;
  const weights w = some_weights();
  float x[C * SPACE];
  double want[C * SPACE];
  draw(27, C * SPACE, 1, x);
  lrp_net a = conv_net(&w, true, false), b = conv_net(&w, true, true);
  size_t size = 0;
  unsigned char *before = NULL;
  for (int r = 0; r < N_RULES; r++) {
    keep(lrp_net_explain(&a, rules[r], x, AUS_LRP_LOGIT, 0), want, C * SPACE);
    if (!before) {
      size = a.bundle->size;
      before = malloc(size);
      memcpy(before, a.bundle->bytes, size);
    }
    assert_memory_equal(before, a.bundle->bytes, size);
    assert_relevance(lrp_net_explain(&b, rules[r], x, AUS_LRP_LOGIT, 0), want, C * SPACE, 2e-5);
    assert_balanced(&b, 1e-5);
  }
  free(before);
  lrp_net_free(&a);
  lrp_net_free(&b);
}

/* 14: concat and add hand on all they get. */
static void joints_conserve(void **state)
{
  (void)state;
  const float a[4] = { 1, -2, 3, 0.5f }, b[4] = { 0.5f, 3, -1, 2 };
  const int32_t target = 5;
  lrp_net n = lrp_net_begin(1);
  const int32_t in_a = lrp_input(&n, "a", 2, IDS(-1, 4)), in_b = lrp_input(&n, "b", 2, IDS(-1, 4));
  const int32_t sum = lrp_op(&n, AUS_OP_add, "sum", 2, IDS(in_a, in_b), 0, NULL), less = lrp_op(&n, AUS_OP_sub, "less", 2, IDS(in_a, in_b), 0, NULL);
  const int32_t both = lrp_op(&n, AUS_OP_concat, "both", 2, IDS(sum, less), 1, WORDS({ .i = 1 }));
  const float w[48] = { 1, 2, -1, 0.5f, 1, -3, 0.25f, 2 };
  lrp_net_end(&n, lrp_linear(&n, "f", both, 6, 8, w, NULL));
  lrp_net_prepare(&n, &(aus_lrp_config){ .rules = "add = norm 0; all = lrp0" }, (const float *const[]){ a, b });
  assert_ok(n.ctx, aus_lrp_seed(n.lrp, n.walk, AUS_LRP_ALL, NULL, NULL));
  assert_ok(n.ctx, aus_walk_run(n.walk));
  const aus_lrp_entry all = aus_lrp_balance(n.lrp, n.walk);
  assert_near(all.in, all.out, 1e-5);
  assert_near(all.bias, 0, 1e-6);
  assert_int_equal(aus_lrp_seed(n.lrp, n.walk, AUS_LRP_LOGIT, &(int32_t){ 6 }, NULL), AUS_EINVAL);
  assert_non_null(strstr(aus_ctx_error(n.ctx), "out of range"));
  assert_ok(n.ctx, aus_lrp_seed(n.lrp, n.walk, AUS_LRP_ONE, &target, NULL));
  lrp_net_free(&n);
}

/* ---- starts ---------------------------------------------------------------------------------------------------------------- */

static void starts(void **state)
{
  (void)state;
  const float eye[9] = { 1, 0, 0, 0, 1, 0, 0, 0, 1 }, x[3] = { 2, 1, -1 }, *in = x;
  const int32_t target = 0, other = 1;
  lrp_net n = lrp_net_begin(1);
  const int32_t logits = lrp_linear(&n, "logits", lrp_input(&n, "x", 2, IDS(-1, 3)), 3, 3, eye, NULL);
  lrp_net_end(&n, lrp_op(&n, AUS_OP_softmax, "softmax", 1, &logits, 1, WORDS({ .i = -1 })));
  lrp_net_prepare(&n, &(aus_lrp_config){ 0 }, &in);
  assert_string_equal(aus_lrp_from(n.lrp), "logits");
  assert_string_equal(aus_lrp_skipped(n.lrp), "softmax");
  const double e1 = exp(1.0), e2 = exp(-1.0), p1 = e1 / (e1 + e2);
  const struct { aus_lrp_start start; double want[3]; } cases[] = {
    { AUS_LRP_LOGIT, { 2, 0, 0 } }, { AUS_LRP_ONE, { 1, 0, 0 } }, { AUS_LRP_DIFFERENCE, { 2, -1, 0 } }, { AUS_LRP_ALL, { 2, 1, -1 } }, { AUS_LRP_CONTRASTIVE, { 2, -2 * p1, -2 * (1 - p1) } } };
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    assert_ok(n.ctx, aus_lrp_seed(n.lrp, n.walk, cases[i].start, &target, &other));
    assert_relevance(aus_walk_seed(n.walk, 0, NULL), cases[i].want, 3, 1e-6);
  }
  int32_t from_rules;
  lrp_net_prepare(&n, &(aus_lrp_config){ .rules = "start = difference 2; all = epsilon" }, &in);
  assert_int_equal(aus_lrp_rules_start(n.lrp, &from_rules), AUS_LRP_DIFFERENCE);
  assert_int_equal(from_rules, 2);
  float seed[3];
  assert_ok(n.ctx, aus_lrp_seed_item(n.ctx, AUS_LRP_ONE, 3, x, -1, -1, seed)); /* without a target: everywhere */
  assert_relevance(seed, (const double[]){ 1, 1, 1 }, 3, 0);
  assert_int_equal(aus_lrp_seed_item(n.ctx, AUS_LRP_CONTRASTIVE, 3, x, -1, -1, seed), AUS_EINVAL);
  assert_int_equal(aus_lrp_seed_item(n.ctx, AUS_LRP_DIFFERENCE, 3, x, 0, 3, seed), AUS_EINVAL);
  lrp_net_prepare(&n, &(aus_lrp_config){ .from = "softmax" }, &in); /* on request it does start there */
  assert_null(aus_lrp_skipped(n.lrp));
  lrp_net_free(&n);
}

/* ---- what is refused --------------------------------------------------------------------------------------------------------- */

static void assert_refused(lrp_net *n, const aus_lrp_config *config, aus_status status, const char *const *words)
{
  aus_lrp *lrp;
  assert_int_equal(aus_lrp_create(n->ctx, n->run, config, &lrp), status);
  assert_null(lrp);
  for (; *words; words++)
    if (!strstr(aus_ctx_error(n->ctx), *words)) fail_msg("'%s' does not say '%s'", aus_ctx_error(n->ctx), *words);
  assert_null(strchr(aus_ctx_error(n->ctx), '\n'));
}

#define SAYS(...) (const char *const[]){ __VA_ARGS__, NULL }

static void misfits(void **state)
{
  (void)state;
  const weights w = some_weights();
  lrp_net n = conv_net(&w, true, false);
  lrp_net_run(&n, NULL);
  assert_refused(&n, &(aus_lrp_config){ .rules = "relu = gamma" }, AUS_EINVAL, SAYS("node 'r1' (relu)", "gamma", "line 1", "pass"));
  assert_refused(&n, &(aus_lrp_config){ .rules = "\nc1 = winner", .rules_name = "my.rules" }, AUS_EINVAL, SAYS("node 'c1' (conv)", "winner", "my.rules, line 2", "epsilon"));
  assert_refused(&n, &(aus_lrp_config){ .rules = "c9 = flat" }, AUS_EINVAL, SAYS("line 1", "'c9'", "nodes: c1, r1, c2, r2, flat, f"));
  assert_refused(&n, &(aus_lrp_config){ .rules = "c? = flat\nconv_7* = flat" }, AUS_EINVAL, SAYS("line 2", "'conv_7*'"));
  assert_refused(&n, &(aus_lrp_config){ .rules = "c1 = pass" }, AUS_EINVAL, SAYS("node 'c1' (conv)", "as many inputs as outputs"));
  assert_refused(&n, &(aus_lrp_config){ .from = "nowhere" }, AUS_EINVAL, SAYS("'nowhere'"));
  assert_refused(&n, &(aus_lrp_config){ .from = "x" }, AUS_EINVAL, SAYS("'x'", "cannot start"));
  assert_refused(&n, &(aus_lrp_config){ .to = &(const char *){ "nowhere" }, .n_to = 1 }, AUS_EINVAL, SAYS("'nowhere'"));
  const float low[2] = { -1, -1 }, high[2] = { 1, 1 };
  assert_refused(&n, &(aus_lrp_config){ .rules = "first = box", .low = low, .high = high, .n_box = 2 }, AUS_EINVAL, SAYS("node 'c1'", "2 values", "36"));
  assert_refused(&n, &(aus_lrp_config){ .low = low }, AUS_EINVAL, SAYS("both bounds"));
  aus_lrp *lrp;
  aus_run *plain;
  assert_ok(n.ctx, aus_run_create(n.ctx, n.bundle, NULL, NULL, 0, &plain));
  assert_int_equal(aus_lrp_create(n.ctx, plain, &(aus_lrp_config){ 0 }, &lrp), AUS_EINVAL);
  aus_run_destroy(plain);
  lrp_net_free(&n);
  n = lrp_net_begin(1);
  lrp_net_end(&n, lrp_linear(&n, "f", lrp_op(&n, AUS_OP_reduce_log_sum_exp, "lse", 1, IDS(lrp_input(&n, "x", 2, IDS(1, 3))), 2, WORDS({ .i = 2 }, { .i = 1 })), 1, 1, w.f, NULL));
  lrp_net_run(&n, NULL);
  assert_refused(&n, &(aus_lrp_config){ 0 }, AUS_ENOTSUP, SAYS("node 'lse' (reduce_log_sum_exp)", "'lse = pass'"));
  assert_ok(n.ctx, aus_lrp_create(n.ctx, n.run, &(aus_lrp_config){ .rules = "lse = gradient" }, &lrp));
  aus_lrp_destroy(lrp);
  lrp_net_free(&n);
}

static void texts(void **state)
{
  (void)state;
  aus_ctx *ctx = test_ctx(1);
  static const char *const bad[] = {
    "conv", "conv =", "= flat", "conv = what", "conv = flat 1", "conv = gamma 1 2", "conv = gamma -1", "conv = gamma x", "conv = gamma 1e", "conv = epsilon -1e-6", "conv = epsilon eps=x", "conv = epsilon stab=no",
    "conv = flat zero_params=bias", "conv = epsilon zero_params=biases", "conv = box 1 1", "conv = box 1", "conv = alphabeta 2", "conv = flat\nconv = zplus", "preset = nothing", "preset = epsilon\npreset = gamma",
    "preset = epsilon 1", "\"conv = flat", "conv = epsilon norm_scale=maybe", "conv = wsquare bias=plain", "conv = epsilon bias_factor=2", "batch_norm = fold rest=gamma", "conv = epsilon 1e999", "conv = gamma nan", "conv flat", "start = x", "start = difference", "start = difference -1",
    "start = difference 1.5", "start = one 2", "start = one\nstart = all" };
  for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
    if (aus_lrp_rules_check(ctx, "rules", bad[i]) != AUS_EINVAL) fail_msg("'%s' was accepted", bad[i]);
    if (!strstr(aus_ctx_error(ctx), "rules, line ")) fail_msg("'%s': no line in '%s'", bad[i], aus_ctx_error(ctx));
  }
  static const char *const good[] = { "", "# nothing\n\n  # more", "conv = flat; linear = epsilon .5e-2 # here", "\"conv\" = flat\nconv = zplus", "a/b.c:d* = epsilon 1 stab=clip norm_scale=yes zero_params=bias,weight bias_factor=0.5",
                                      "conv=gamma 0.25 eps = 1e-9", "\r\nconv = flat\r\n", "preset = zennit:EpsilonPlus; first = box -1 1" };
  for (size_t i = 0; i < sizeof good / sizeof *good; i++) assert_ok(ctx, aus_lrp_rules_check(ctx, "rules", good[i]));
  assert_true(aus_lrp_n_presets() > 20);
  for (int32_t i = 0; i < aus_lrp_n_presets(); i++) {
    char *text;
    assert_ok(ctx, aus_lrp_rules_text(ctx, aus_lrp_preset_name(i), &text));
    assert_ok(ctx, aus_lrp_rules_check(ctx, aus_lrp_preset_name(i), text));
    aus_free(ctx, text);
  }
  char *text;
  assert_int_equal(aus_lrp_rules_text(ctx, "no/such.rules", &text), AUS_EINVAL);
  assert_non_null(strstr(aus_ctx_error(ctx), "no preset and no file"));
  assert_true(aus_lrp_matches("conv*", "conv1") && aus_lrp_matches("*.w?", "a.b.w1") && !aus_lrp_matches("conv?", "conv") && aus_lrp_matches("**", "") && !aus_lrp_matches("a*b", "acc"));
  aus_ctx_destroy(ctx);
}

/* More particular lines win; the file's before the preset's. */
static void precedence(void **state)
{
  (void)state;
  const weights w = some_weights();
  lrp_net n = conv_net(&w, true, false);
  float x[C * SPACE];
  draw(28, C * SPACE, 1, x);
  lrp_net_explain(&n, "preset = zennit:EpsilonPlusFlat\nconv = gamma", x, AUS_LRP_LOGIT, 0);
  assert_string_equal(n.lrp->node[0].entry.rule, "flat");
  assert_string_equal(n.lrp->node[2].entry.rule, "gamma");
  assert_string_equal(n.lrp->node[5].entry.rule, "epsilon");
  lrp_net_explain(&n, "c* = alphabeta; c1 = box; all = lrp0; first = zplus", x, AUS_LRP_LOGIT, 0);
  assert_string_equal(n.lrp->node[0].entry.rule, "alphabeta"); /* the earlier of two names */
  assert_string_equal(n.lrp->node[5].entry.rule, "lrp0");
  lrp_net_explain(&n, "front = zplus; conv = flat", x, AUS_LRP_LOGIT, 0);
  assert_string_equal(n.lrp->node[0].entry.rule, "zplus");
  char *report = aus_lrp_report(n.lrp, n.walk);
  assert_non_null(strstr(report, "c1"));
  assert_non_null(strstr(report, "stabiliser"));
  aus_free(n.ctx, report);
  lrp_net_free(&n);
}

/* ---- memory: every allocation fails in turn; a walk allocates nothing ----------------------------------------------------------- */

typedef struct bytes { void *data; size_t size; } bytes;

static aus_status walk_once(aus_ctx *ctx, aus_run *run, aus_lrp *lrp)
{
  const int32_t target = 1;
  aus_walk_config config = { 0 };
  aus_walk *walk;
  aus_lrp_use(lrp, &config);
  AUS_TRY(aus_walk_create(ctx, run, &config, &walk));
  aus_status status = aus_run_forward(run);
  if (status == AUS_OK) status = aus_lrp_seed(lrp, walk, AUS_LRP_LOGIT, &target, NULL);
  const meter *m = ctx->config.user;
  const int64_t calls = m->calls;
  if (status == AUS_OK) status = aus_walk_run(walk);
  assert_int_equal(m->calls, calls);
  char *report = status == AUS_OK ? aus_lrp_report(lrp, walk) : NULL;
  if (status == AUS_OK && !report) status = AUS_ENOMEM;
  aus_free(ctx, report);
  aus_walk_destroy(walk);
  return status;
}

static aus_status whole_story(aus_ctx *ctx, void *arg)
{
  const bytes *b = arg;
  aus_bundle *bundle;
  aus_run *run = NULL;
  aus_lrp *lrp = NULL;
  char *text = NULL;
  AUS_TRY(aus_bundle_open_memory(ctx, b->data, b->size, &bundle));
  aus_status status = aus_run_create_with(ctx, bundle, NULL, NULL, 0, AUS_RUN_KEEP, &run);
  if (status == AUS_OK) status = aus_lrp_rules_text(ctx, "preset = zennit:EpsilonPlusFlat; c2 = gamma; f = epsilon bias_factor=1", &text);
  if (status == AUS_OK) status = aus_lrp_create(ctx, run, &(aus_lrp_config){ .rules = text }, &lrp);
  if (status == AUS_OK) status = walk_once(ctx, run, lrp);
  aus_lrp_destroy(lrp);
  aus_free(ctx, text);
  aus_run_destroy(run);
  aus_bundle_close(bundle);
  return status;
}

static void memory_runs_out(void **state)
{
  (void)state;
  const weights w = some_weights();
  lrp_net n = conv_net(&w, true, true);
  assert_true(oom_sweep("relevance", whole_story, &(bytes){ n.bytes, n.bundle->size }) > 20);
  lrp_net_free(&n);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(zero_is_input_times_gradient), cmocka_unit_test(signs), cmocka_unit_test(blind_rules), cmocka_unit_test(gamma_has_two_ends), cmocka_unit_test(items_are_alone),
    cmocka_unit_test(units_may_change_places), cmocka_unit_test(nothing_is_written_and_padding_gets_none), cmocka_unit_test(joints_conserve), cmocka_unit_test(starts), cmocka_unit_test(misfits),
    cmocka_unit_test(texts), cmocka_unit_test(precedence), cmocka_unit_test(memory_runs_out),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
