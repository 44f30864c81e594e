/* test_lrp_nodes.c - recurrent layers, attention, products, normalisations: what has no weights of its own, or many.
 *
 * Recurrent layers and attention are compared with the same computation written out in small ops, each with its own
 * rule: two ways to the same relevance that share no code but the ops themselves. */
#include "lrp_test.h"

#include <auscult/attrib.h>

static void run_seeded(lrp_net *n, const char *rules, const char *const *to, int32_t n_to, const float *const *x, const float *seed)
{
  aus_dims dims;
  lrp_net_prepare(n, &(aus_lrp_config){ .rules = rules, .to = to, .n_to = n_to }, x);
  float *start = aus_walk_seed(n->walk, 0, &dims);
  memcpy(start, seed, (size_t)aus_shape_count(&dims) * sizeof *seed);
  assert_ok(n->ctx, aus_walk_run(n->walk));
}

static void assert_same(const float *got, const float *want, int64_t count, double relative)
{
  double most = 0;
  assert_non_null(got);
  assert_non_null(want);
  for (int64_t i = 0; i < count; i++) most = fmax(most, fabs((double)want[i]));
  assert_true(most > 0);
  for (int64_t i = 0; i < count; i++)
    if (!(fabs((double)got[i] - (double)want[i]) <= relative * most)) fail_msg("relevance %d is %.9g, not %.9g (largest %.3g)", (int)i, (double)got[i], (double)want[i], most);
}

static void fill(aus_rng *rng, int64_t n, float scale, float *to)
{
  for (int64_t i = 0; i < n; i++) to[i] = scale * (float)aus_rng_normal(rng);
}

/* ---- LSTM: the cases of ArrasL/LRP_for_LSTM@1c3073b6 ------------------------------------------------------------------ */

static void lrp_lstm_cases(void **state)
{
  (void)state;
  /* gates i o f c */
  const float w[8] = { 0.5f, -0.2f, -0.3f, 0.6f, 0.1f, 0.3f, 0.8f, 0.4f }, r[4] = { 0.2f, 0.1f, 0.4f, -0.5f }, b[8] = { 0.1f, -0.1f, 0.2f, 0.05f }, wy = 1.5f, x[4] = { 1, 0.5f, -0.5f, 2 };
  const float *in = x;
  lrp_net n = lrp_net_begin(1);
  const int32_t xs = lrp_input(&n, "x", 3, IDS(2, 1, 2)), ws = lrp_param(&n, "w", 3, IDS(1, 4, 2), w), rs = lrp_param(&n, "r", 3, IDS(1, 4, 1), r), bs = lrp_param(&n, "b", 2, IDS(1, 8), b);
  const int32_t y = aus_builder_node(n.b, AUS_OP_lstm, "lstm", 4, IDS(xs, ws, rs, bs), 2, 1, WORDS({ .i = 1 }));
  lrp_net_end(&n, lrp_linear(&n, "out", y + 1, 1, 1, &wy, NULL));
  const int32_t target = 0;
  static const struct { const char *rules; double want[4], state, sum; } cases[2] = {
    { "preset = arras:lstm-eps1e-3", { 0.2489799623, 0.06224499058, -0.1572529124, 0.3145058247 }, 0, 0.4684778653 },
    { "all = epsilon 1e-3 bias_factor=1\nrecurrent = signal 1e-3 bias_factor=1", { 0.2605467263, 0.06920274126, -0.151474821, 0.3231199185 }, 0.00576543008, 0.5071599951 },
  };
  for (int i = 0; i < 2; i++) {
    lrp_net_prepare(&n, &(aus_lrp_config){ .rules = cases[i].rules }, &in);
    assert_ok(n.ctx, aus_lrp_seed(n.lrp, n.walk, AUS_LRP_LOGIT, &target, NULL));
    assert_ok(n.ctx, aus_walk_run(n.walk));
    assert_relevance(aus_walk_diff(n.walk, 0, 0, NULL), cases[i].want, 4, 1e-8);
    const aus_lrp_entry all = aus_lrp_balance(n.lrp, n.walk);
    assert_near(all.state, cases[i].state, 1e-7);
    assert_near(all.in + all.state, cases[i].sum, 5e-7);
    assert_near(all.out, 0.5071599951, 5e-7);
    if (i == 1) assert_near(all.bias + all.stabiliser, 0, 1e-7); /* nothing is absorbed: lrp_lstm_conservation */
    assert_balanced(&n, 1e-6);
  }
  lrp_net_free(&n);
}

/* ---- recurrent layers written out -------------------------------------------------------------------------------------- */

enum { T = 4, MB = 2, IN = 3, H = 5, MOST_WIDE = 4 * H };

typedef struct cell { int32_t op, gates; bool late, relu; float w[MOST_WIDE * IN], r[MOST_WIDE * H], b[2 * MOST_WIDE]; } cell;

/* Gate g of inputs x [MB, IN] and h [MB, H] as one linear layer on both. */
static int32_t gate(lrp_net *n, const cell *c, int g, int t, int32_t x, int32_t h, bool with_recurrent_bias)
{
  float w[H * (IN + H)], b[H];
  char name[32];
  for (int k = 0; k < H; k++) {
    memcpy(w + k * (IN + H), c->w + (g * H + k) * IN, IN * sizeof *w);
    memcpy(w + k * (IN + H) + IN, c->r + (g * H + k) * H, H * sizeof *w);
    b[k] = c->b[g * H + k] + (with_recurrent_bias ? c->b[c->gates * H + g * H + k] : 0);
  }
  snprintf(name, sizeof name, "in%d.%d", g, t);
  const int32_t both = lrp_op(n, AUS_OP_concat, name, 2, IDS(x, h), 1, WORDS({ .i = 1 }));
  snprintf(name, sizeof name, "gate%d.%d", g, t);
  return lrp_linear(n, name, both, H, IN + H, w, b);
}

static int32_t unary(lrp_net *n, int32_t op, const char *name, int t, int32_t x)
{
  char text[32];
  snprintf(text, sizeof text, "%s.%d", name, t);
  return lrp_op(n, op, text, 1, &x, 0, NULL);
}

static int32_t binary(lrp_net *n, int32_t op, const char *name, int t, int32_t a, int32_t b)
{
  char text[32];
  snprintf(text, sizeof text, "%s.%d", name, t);
  return lrp_op(n, op, text, 2, IDS(a, b), 0, NULL);
}

static int32_t lstm_step(lrp_net *n, const cell *c, int t, int32_t x, int32_t h, int32_t *state)
{
  const int32_t i = unary(n, AUS_OP_sigmoid, "i", t, gate(n, c, 0, t, x, h, true)), o = unary(n, AUS_OP_sigmoid, "o", t, gate(n, c, 1, t, x, h, true));
  const int32_t f = unary(n, AUS_OP_sigmoid, "f", t, gate(n, c, 2, t, x, h, true)), g = unary(n, AUS_OP_tanh, "g", t, gate(n, c, 3, t, x, h, true));
  *state = binary(n, AUS_OP_add, "c", t, binary(n, AUS_OP_mul, "fc", t, f, *state), binary(n, AUS_OP_mul, "ig", t, i, g));
  return binary(n, AUS_OP_mul, "h", t, o, unary(n, AUS_OP_tanh, "tc", t, *state));
}

static int32_t late_candidate(lrp_net *n, const cell *c, int t, int32_t x, int32_t h, int32_t r)
{
  char name[32];
  snprintf(name, sizeof name, "wx.%d", t);
  const int32_t wx = lrp_linear(n, name, x, H, IN, c->w + 2 * H * IN, c->b + 2 * H);
  snprintf(name, sizeof name, "uh.%d", t);
  const int32_t uh = lrp_linear(n, name, h, H, H, c->r + 2 * H * H, c->b + 5 * H);
  return binary(n, AUS_OP_add, "pre", t, wx, binary(n, AUS_OP_mul, "ruh", t, r, uh));
}

static int32_t gru_step(lrp_net *n, const cell *c, int t, int32_t x, int32_t h)
{
  const int32_t pre_z = gate(n, c, 0, t, x, h, true), r = unary(n, AUS_OP_sigmoid, "r", t, gate(n, c, 1, t, x, h, true));
  const int32_t z = unary(n, AUS_OP_sigmoid, "z", t, pre_z), not_z = unary(n, AUS_OP_sigmoid, "notz", t, unary(n, AUS_OP_neg, "negz", t, pre_z));
  const int32_t pre = c->late ? late_candidate(n, c, t, x, h, r) : gate(n, c, 2, t, x, binary(n, AUS_OP_mul, "rh", t, r, h), true);
  const int32_t new = binary(n, AUS_OP_mul, "zn", t, not_z, unary(n, AUS_OP_tanh, "n", t, pre));
  return binary(n, AUS_OP_add, "h", t, new, binary(n, AUS_OP_mul, "zh", t, z, h));
}

static int32_t reshape(lrp_net *n, const char *name, int32_t x, int rank, const aus_word *dims) { return lrp_op(n, AUS_OP_reshape, name, 1, &x, rank, dims); }

static lrp_net written_out(const cell *c)
{
  lrp_net n = lrp_net_begin(1);
  int32_t steps[T];
  char name[32];
  const int32_t x = lrp_input(&n, "x", 3, IDS(T, MB, IN)), h0 = lrp_input(&n, "h0", 3, IDS(1, MB, H)), c0 = c->op == AUS_OP_lstm ? lrp_input(&n, "c0", 3, IDS(1, MB, H)) : 0;
  int32_t h = reshape(&n, "h", h0, 2, WORDS({ .i = MB }, { .i = H })), state = c0 ? reshape(&n, "c", c0, 2, WORDS({ .i = MB }, { .i = H })) : 0;
  for (int t = 0; t < T; t++) {
    snprintf(name, sizeof name, "cut.%d", t);
    const int32_t cut = lrp_op(&n, AUS_OP_slice, name, 1, &x, 9, WORDS({ .i = t }, { .i = t + 1 }, { .i = 1 }, { .i = 0 }, { .i = MB }, { .i = 1 }, { .i = 0 }, { .i = IN }, { .i = 1 }));
    snprintf(name, sizeof name, "x.%d", t);
    const int32_t xt = reshape(&n, name, cut, 2, WORDS({ .i = MB }, { .i = IN }));
    if (c->op == AUS_OP_lstm) h = lstm_step(&n, c, t, xt, h, &state);
    else if (c->op == AUS_OP_gru) h = gru_step(&n, c, t, xt, h);
    else h = unary(&n, c->relu ? AUS_OP_relu : AUS_OP_tanh, "h", t, gate(&n, c, 0, t, xt, h, true));
    snprintf(name, sizeof name, "y.%d", t);
    steps[t] = reshape(&n, name, h, 4, WORDS({ .i = 1 }, { .i = 1 }, { .i = MB }, { .i = H }));
  }
  lrp_net_end(&n, lrp_op(&n, AUS_OP_concat, "y", T, steps, 1, WORDS({ .i = 0 })));
  return n;
}

static int32_t attributes(const cell *c, int direction, bool batch_first, aus_word word[4])
{
  memset(word, 0, 4 * sizeof *word);
  word[0].i = H;
  word[1].i = direction;
  if (c->op == AUS_OP_gru) { word[2].i = c->late; word[3].i = batch_first; }
  else { word[2].i = batch_first; word[3].i = c->relu; }
  return c->op == AUS_OP_lstm ? 3 : 4;
}

static int threads = 2;

/* One layer of `dirs` cells (cell d for direction d). */
static lrp_net as_layer(const cell *c, int direction, bool batch_first, bool states)
{
  const int dirs = direction == 2 ? 2 : 1, wide = c->gates * H;
  lrp_net n = lrp_net_begin(threads);
  float w[2 * MOST_WIDE * IN], r[2 * MOST_WIDE * H], b[4 * MOST_WIDE];
  aus_word word[4];
  for (int d = 0; d < dirs; d++) {
    memcpy(w + d * wide * IN, c[d].w, (size_t)(wide * IN) * sizeof *w);
    memcpy(r + d * wide * H, c[d].r, (size_t)(wide * H) * sizeof *r);
    memcpy(b + d * 2 * wide, c[d].b, (size_t)(2 * wide) * sizeof *b);
  }
  int32_t ids[6] = { lrp_input(&n, "x", 3, batch_first ? IDS(MB, T, IN) : IDS(T, MB, IN)), lrp_param(&n, "w", 3, IDS(dirs, wide, IN), w), lrp_param(&n, "r", 3, IDS(dirs, wide, H), r),
                     lrp_param(&n, "b", 2, IDS(dirs, 2 * wide), b) };
  if (states) ids[4] = lrp_input(&n, "h0", 3, IDS(dirs, MB, H));
  if (states && c->op == AUS_OP_lstm) ids[5] = lrp_input(&n, "c0", 3, IDS(dirs, MB, H));
  const int32_t n_attr = attributes(c, direction, batch_first, word);
  lrp_net_end(&n, aus_builder_node(n.b, c->op, "layer", states ? (c->op == AUS_OP_lstm ? 6 : 5) : 4, ids, 1, n_attr, word));
  return n;
}

static void make_cell(aus_rng *rng, int32_t op, bool late, bool relu, cell *c)
{
  *c = (cell){ .op = op, .gates = op == AUS_OP_lstm ? 4 : op == AUS_OP_gru ? 3 : 1, .late = late, .relu = relu };
  fill(rng, c->gates * H * IN, 0.6f, c->w);
  fill(rng, c->gates * H * H, 0.6f, c->r);
  fill(rng, 2 * c->gates * H, 0.3f, c->b);
}

static const char *const to_states[3] = { "x", "h0", "c0" };

/* eps: `prop` divides by gate + signal, which may be anywhere near 0: it needs a large one to be a number at all. */
static void compare_cell(const cell *c, const char *rule, double eps)
{
  char rules[200];
  float x[T * MB * IN], h0[MB * H], c0[MB * H], seed[T * MB * H];
  const float *in[3] = { x, h0, c0 };
  aus_rng rng;
  aus_rng_init(&rng, 3, 3);
  fill(&rng, T * MB * IN, 1, x);
  fill(&rng, MB * H, 0.7f, h0);
  fill(&rng, MB * H, 0.7f, c0);
  fill(&rng, T * MB * H, 1, seed);
  const int32_t n_to = c->op == AUS_OP_lstm ? 3 : 2;
  snprintf(rules, sizeof rules, "all = epsilon %g; add = norm %g; mul = %s %g; recurrent = %s %g", eps, eps, rule, eps, rule, eps);
  lrp_net slow = written_out(c), fast = as_layer(c, 0, false, true);
  run_seeded(&slow, rules, to_states, n_to, in, seed);
  run_seeded(&fast, rules, to_states, n_to, in, seed);
  for (int32_t k = 0; k < n_to; k++) assert_same(aus_walk_diff(fast.walk, k, 0, NULL), aus_walk_diff(slow.walk, k, 0, NULL), k ? MB * H : T * MB * IN, 1e-4);
  assert_balanced(&fast, 1e-5);
  assert_balanced(&slow, 1e-5);
  const double bias = aus_lrp_balance(slow.lrp, slow.walk).bias;
  assert_near(aus_lrp_balance(fast.lrp, fast.walk).bias, bias, 1e-4 * (1 + fabs(bias)));
  lrp_net_free(&slow);
  lrp_net_free(&fast);
}

static void recurrent_written_out(void **state)
{
  (void)state;
  static const struct { int32_t op; bool late, relu; } kinds[] = { { AUS_OP_lstm, false, false }, { AUS_OP_gru, false, false }, { AUS_OP_gru, true, false }, { AUS_OP_rnn, false, false }, { AUS_OP_rnn, false, true } };
  static const char *const rules[] = { "signal", "half", "prop", "abs" };
  aus_rng rng;
  aus_rng_init(&rng, 3, 1);
  for (int k = 0; k < 5; k++) {
    cell c;
    make_cell(&rng, kinds[k].op, kinds[k].late, kinds[k].relu, &c);
    for (int r = 0; r < 4; r++) {
      print_message("kind %d, %s\n", k, rules[r]);
      if (r == 2 && c.late) continue; /* (written out, r (U h + b') has an epsilon more) */
      compare_cell(&c, rules[r], r == 2 ? 0.1 : 1e-6);
    }
  }
}

/* With bias_factor 1 all that came is found again, at any epsilon: Arras' check. */
static void recurrent_bias_factor(void **state)
{
  (void)state;
  aus_rng rng;
  float x[T * MB * IN], seed[2 * T * MB * H];
  const float *in = x;
  static const char *const rules[] = { "recurrent = signal 1e-3 bias_factor=1", "recurrent = half 0.01 bias_factor=1", "recurrent = prop 0.1 bias_factor=1" };
  aus_rng_init(&rng, 3, 2);
  fill(&rng, T * MB * IN, 1, x);
  fill(&rng, 2 * T * MB * H, 1, seed);
  for (int k = 0; k < 4; k++) {
    cell c[2];
    for (int d = 0; d < 2; d++) make_cell(&rng, k == 0 ? AUS_OP_lstm : k == 3 ? AUS_OP_rnn : AUS_OP_gru, k == 2, false, &c[d]);
    lrp_net n = as_layer(c, 2, k & 1, false);
    for (int r = 0; r < 3; r++) {
      run_seeded(&n, rules[r], NULL, 0, &in, seed);
      const aus_lrp_entry all = aus_lrp_balance(n.lrp, n.walk);
      assert_near(all.in + all.state, all.out, 2e-5 * all.size);
      assert_near(all.bias, 0, 1e-6);
      assert_near(all.stabiliser, 0, 1e-6);
      assert_balanced(&n, 1e-5);
    }
    lrp_net_free(&n);
  }
}

/* Two directions are two layers, each with its half of what came; batch first is another order of the same numbers. */
static void recurrent_directions(void **state)
{
  (void)state;
  aus_rng rng;
  float x[T * MB * IN], xb[T * MB * IN], seed[T * 2 * MB * H], half[2][T * MB * H], batch[T * 2 * MB * H], sum[T * MB * IN];
  const float *in = x, *in_b = xb;
  aus_rng_init(&rng, 3, 4);
  fill(&rng, T * MB * IN, 1, x);
  fill(&rng, T * 2 * MB * H, 1, seed);
  for (int t = 0; t < T; t++)
    for (int b = 0; b < MB; b++) {
      memcpy(xb + (b * T + t) * IN, x + (t * MB + b) * IN, IN * sizeof *x);
      for (int d = 0; d < 2; d++) {
        const float *from = seed + ((t * 2 + d) * MB + b) * H;
        memcpy(half[d] + (t * MB + b) * H, from, H * sizeof *from);
        memcpy(batch + ((b * T + t) * 2 + d) * H, from, H * sizeof *from);
      }
    }
  static const int32_t ops[] = { AUS_OP_lstm, AUS_OP_gru, AUS_OP_rnn };
  for (int k = 0; k < 3; k++) {
    cell c[2];
    for (int d = 0; d < 2; d++) make_cell(&rng, ops[k], true, false, &c[d]);
    lrp_net both = as_layer(c, 2, false, false), first = as_layer(&c[0], 0, false, false), second = as_layer(&c[1], 1, false, false), by_item = as_layer(c, 2, true, false);
    run_seeded(&both, NULL, NULL, 0, &in, seed);
    run_seeded(&first, NULL, NULL, 0, &in, half[0]);
    run_seeded(&second, NULL, NULL, 0, &in, half[1]);
    run_seeded(&by_item, NULL, NULL, 0, &in_b, batch);
    for (int i = 0; i < T * MB * IN; i++) sum[i] = aus_walk_diff(first.walk, 0, 0, NULL)[i] + aus_walk_diff(second.walk, 0, 0, NULL)[i];
    assert_same(aus_walk_diff(both.walk, 0, 0, NULL), sum, T * MB * IN, 1e-6);
    for (int t = 0; t < T; t++)
      for (int b = 0; b < MB; b++) assert_same(aus_walk_diff(by_item.walk, 0, 0, NULL) + (b * T + t) * IN, aus_walk_diff(both.walk, 0, 0, NULL) + (t * MB + b) * IN, IN, 1e-5);
    lrp_net_free(&both);
    lrp_net_free(&first);
    lrp_net_free(&second);
    lrp_net_free(&by_item);
  }
}

/* ---- attention ------------------------------------------------------------------------------------------------------------ */

static void attnlrp_softmax(void **state)
{
  (void)state;
  const float x[3] = { 1, 2, -1 }, seed[3] = { 0.5f, -0.25f, 1 }, *in = x;
  lrp_net n = lrp_net_begin(1);
  lrp_net_end(&n, lrp_op(&n, AUS_OP_softmax, "softmax", 1, IDS(lrp_input(&n, "x", 2, IDS(-1, 3))), 1, WORDS({ .i = -1 })));
  run_seeded(&n, "preset = attnlrp", NULL, 0, &in, seed);
  assert_relevance(aus_walk_diff(n.walk, 0, 0, NULL), (const double[]){ 0.1756294246, -2.263461282, -0.9561012163 }, 3, 1e-6);
  assert_balanced(&n, 1e-6);
  lrp_net_free(&n);
}

static void attnlrp_mul_uniform(void **state)
{
  (void)state;
  const float a[2] = { 3, 4 }, b[2] = { 5, -6 }, seed[2] = { 2, -1 };
  lrp_net n = lrp_net_begin(1);
  const int32_t in_a = lrp_input(&n, "a", 2, IDS(-1, 2)), in_b = lrp_input(&n, "b", 2, IDS(-1, 2));
  lrp_net_end(&n, lrp_op(&n, AUS_OP_mul, "mul", 2, IDS(in_a, in_b), 0, NULL));
  run_seeded(&n, "preset = attnlrp", NULL, 0, (const float *const[]){ a, b }, seed);
  for (int k = 0; k < 2; k++) assert_relevance(aus_walk_diff(n.walk, k, 0, NULL), (const double[]){ 1, -0.5 }, 2, 1e-7);
  lrp_net_free(&n);
}

enum { TQ = 5, TK = 6, HEADS = 2, D = 3, DV = 4, E = HEADS * D, EV = HEADS * DV };

static int32_t per_head(lrp_net *n, const char *name, int32_t x, int t, int d)
{
  char text[32];
  snprintf(text, sizeof text, "%s.split", name);
  const int32_t four = reshape(n, text, x, 4, WORDS({ .i = MB }, { .i = t }, { .i = HEADS }, { .i = d }));
  snprintf(text, sizeof text, "%s.heads", name);
  return lrp_op(n, AUS_OP_transpose, text, 1, &four, 4, WORDS({ .i = 0 }, { .i = 2 }, { .i = 1 }, { .i = 3 }));
}

static lrp_net attention_net(bool whole, const float *mask)
{
  lrp_net n = lrp_net_begin(whole ? threads : 1);
  const float scale = (float)(1 / sqrt((double)D));
  const int32_t q = lrp_input(&n, "q", 3, IDS(MB, TQ, E)), k = lrp_input(&n, "k", 3, IDS(MB, TK, E)), v = lrp_input(&n, "v", 3, IDS(MB, TK, EV));
  const int32_t m = mask ? lrp_param(&n, "mask", 2, IDS(TQ, TK), mask) : 0;
  if (whole) {
    lrp_net_end(&n, lrp_op(&n, AUS_OP_attention, "attention", mask ? 4 : 3, IDS(q, k, v, m), 2, WORDS({ .i = HEADS }, { .f = 0 })));
    return n;
  }
  int32_t s = lrp_op(&n, AUS_OP_matmul, "qk", 2, IDS(per_head(&n, "qh", q, TQ, D), per_head(&n, "kh", k, TK, D)), 3, WORDS({ .i = 0 }, { .i = 1 }, { .f = 0 }));
  s = lrp_op(&n, AUS_OP_mul, "scaled", 2, IDS(s, lrp_param(&n, "scale", 1, IDS(1), &scale)), 0, NULL);
  if (mask) s = lrp_op(&n, AUS_OP_add, "masked", 2, IDS(s, m), 0, NULL);
  const int32_t a = lrp_op(&n, AUS_OP_softmax, "probs", 1, &s, 1, WORDS({ .i = -1 })), o = lrp_op(&n, AUS_OP_matmul, "av", 2, IDS(a, per_head(&n, "vh", v, TK, DV)), 3, WORDS({ .i = 0 }, { .i = 0 }, { .f = 0 }));
  const int32_t back = lrp_op(&n, AUS_OP_transpose, "back", 1, &o, 4, WORDS({ .i = 0 }, { .i = 2 }, { .i = 1 }, { .i = 3 }));
  lrp_net_end(&n, reshape(&n, "joined", back, 3, WORDS({ .i = MB }, { .i = TQ }, { .i = EV })));
  return n;
}

static void attention_written_out(void **state)
{
  (void)state;
  float q[MB * TQ * E], k[MB * TK * E], v[MB * TK * EV], seed[MB * TQ * EV], mask[TQ * TK];
  const float *in[3] = { q, k, v };
  aus_rng rng;
  aus_rng_init(&rng, 4, 1);
  fill(&rng, MB * TQ * E, 1, q);
  fill(&rng, MB * TK * E, 1, k);
  fill(&rng, MB * TK * EV, 1, v);
  fill(&rng, MB * TQ * EV, 1, seed);
  fill(&rng, TQ * TK, 1, mask);
  static const char *const rules[] = { "preset = attnlrp", "preset = cplrp" };
  for (int r = 0; r < 2; r++)
    for (int masked = 0; masked < 2; masked++) {
      lrp_net slow = attention_net(false, masked ? mask : NULL), fast = attention_net(true, masked ? mask : NULL);
      run_seeded(&slow, rules[r], NULL, 0, in, seed);
      run_seeded(&fast, rules[r], NULL, 0, in, seed);
      const int64_t count[3] = { MB * TQ * E, MB * TK * E, MB * TK * EV };
      for (int i = 0; i < 3; i++) {
        const float *a = aus_walk_diff(fast.walk, i, 0, NULL), *b = aus_walk_diff(slow.walk, i, 0, NULL);
        if (r == 0 || i == 2) assert_same(a, b, count[i], 1e-4);
        else for (int64_t e = 0; e < count[i]; e++) assert_true(a[e] == 0 && b[e] == 0);
      }
      assert_balanced(&fast, 1e-5);
      assert_balanced(&slow, 1e-5);
      lrp_net_free(&slow);
      lrp_net_free(&fast);
    }
  for (int i = 0; i < TQ * TK; i++) mask[i] = i % TK < 4 ? 0 : -1e30f; /* keys 4 and 5 are never seen */
  lrp_net n = attention_net(true, mask);
  run_seeded(&n, rules[0], NULL, 0, in, seed);
  for (int i = 0; i < MB * TK * E; i++) assert_true(i / E % TK < 4 ? isfinite(aus_walk_diff(n.walk, 1, 0, NULL)[i]) : aus_walk_diff(n.walk, 1, 0, NULL)[i] == 0);
  assert_balanced(&n, 1e-5);
  lrp_net_free(&n);
}

/* The same bits for any number of threads. */
static void threads_change_nothing(void **state)
{
  (void)state;
  float x[T * MB * IN], seed[T * 2 * MB * H], q[MB * TQ * E], k[MB * TK * E], v[MB * TK * EV], seed_o[MB * TQ * EV], first[T * MB * IN], first_k[MB * TK * E];
  const float *in = x, *in3[3] = { q, k, v };
  aus_rng rng;
  cell c[2];
  aus_rng_init(&rng, 8, 1);
  for (int d = 0; d < 2; d++) make_cell(&rng, AUS_OP_lstm, false, false, &c[d]);
  fill(&rng, T * MB * IN, 1, x);
  fill(&rng, T * 2 * MB * H, 1, seed);
  fill(&rng, MB * TQ * E, 1, q);
  fill(&rng, MB * TK * E, 1, k);
  fill(&rng, MB * TK * EV, 1, v);
  fill(&rng, MB * TQ * EV, 1, seed_o);
  for (threads = 1; threads <= 3; threads++) {
    lrp_net a = as_layer(c, 2, false, false), b = attention_net(true, NULL);
    run_seeded(&a, "recurrent = half 1e-3", NULL, 0, &in, seed);
    run_seeded(&b, "preset = attnlrp", NULL, 0, in3, seed_o);
    if (threads == 1) {
      memcpy(first, aus_walk_diff(a.walk, 0, 0, NULL), sizeof first);
      memcpy(first_k, aus_walk_diff(b.walk, 1, 0, NULL), sizeof first_k);
    }
    assert_memory_equal(first, aus_walk_diff(a.walk, 0, 0, NULL), sizeof first);
    assert_memory_equal(first_k, aus_walk_diff(b.walk, 1, 0, NULL), sizeof first_k);
    lrp_net_free(&a);
    lrp_net_free(&b);
  }
  threads = 2;
}

/* ---- normalisations: explicit matrix d y_j / d x_i with 1 / std held constant --------------------------------------------- */

static void check_norm(int32_t op, const aus_word *attr, int32_t n_attr, int64_t block, int64_t inner, int64_t period)
{
  enum { C = 4, S = 6, ALL = 2 * C * S };
  float x[ALL], seed[ALL], scale[C * S], shift[C * S];
  double want[ALL] = { 0 };
  const float *in = x;
  const int32_t affine = (int32_t)period;
  aus_rng rng;
  aus_rng_init(&rng, 5, (uint64_t)op);
  fill(&rng, ALL, 1, x);
  fill(&rng, ALL, 1, seed);
  fill(&rng, affine, 1, scale);
  fill(&rng, affine, 1, shift);
  lrp_net n = lrp_net_begin(2);
  const int32_t xs = lrp_input(&n, "x", 3, IDS(2, C, S)), dims[2] = { C, S }, *own = op == AUS_OP_layer_norm && period == C * S ? dims : &affine, rank = own == dims ? 2 : 1;
  lrp_net_end(&n, lrp_op(&n, op, "norm", 3, IDS(xs, lrp_param(&n, "scale", rank, own, scale), lrp_param(&n, "shift", rank, own, shift)), n_attr, attr));
  run_seeded(&n, "norm = detach 0.01", NULL, 0, &in, seed);
  const float *y = aus_run_output(n.run, 0, NULL);
  for (int64_t at = 0; at < ALL; at += block) {
    double mean = 0, var = 0;
    for (int64_t i = at; i < at + block; i++) mean += (double)x[i] / (double)block;
    for (int64_t i = at; i < at + block; i++) var += ((double)x[i] - mean) * ((double)x[i] - mean) / (double)block;
    for (int64_t j = at; j < at + block; j++) {
      const double s = (double)seed[j] / ((double)y[j] + (y[j] < 0 ? -0.01 : 0.01)), g = (double)scale[j / inner % period] / sqrt(var + 1e-5);
      for (int64_t i = at; i < at + block; i++) want[i] += (double)x[i] * g * ((i == j) - 1 / (double)block) * s;
    }
  }
  assert_relevance(aus_walk_diff(n.walk, 0, 0, NULL), want, ALL, 1e-4);
  assert_balanced(&n, 1e-5);
  lrp_net_free(&n);
}

static void normalisations(void **state)
{
  (void)state;
  check_norm(AUS_OP_layer_norm, WORDS({ .i = -1 }, { .f = 1e-5f }), 2, 6, 1, 6);
  check_norm(AUS_OP_layer_norm, WORDS({ .i = 1 }, { .f = 1e-5f }), 2, 24, 1, 24);
  check_norm(AUS_OP_instance_norm, WORDS({ .f = 1e-5f }), 1, 6, 6, 4);
  check_norm(AUS_OP_group_norm, WORDS({ .i = 2 }, { .f = 1e-5f }), 2, 12, 6, 4);
}

/* ---- gates, and nodes without weights ----------------------------------------------------------------------------------------- */

/* y = (silu(x) or sigmoid(x)) * b: who is the signal; y = a / b. */
static void gates(void **state)
{
  (void)state;
  const float a[2] = { 0.5f, -2 }, b[2] = { 3, 1.5f }, seed[2] = { 2, -1 };
  static const struct { int32_t act, op; const char *rules; double ra[2], rb[2]; } cases[] = {
    { AUS_OP_silu, AUS_OP_mul, "preset = attnlrp", { 1, -0.5 }, { 1, -0.5 } },
    { AUS_OP_silu, AUS_OP_mul, "preset = cplrp", { 0, 0 }, { 2, -1 } },
    { AUS_OP_sigmoid, AUS_OP_mul, NULL, { 0, 0 }, { 2, -1 } },
    { AUS_OP_tanh, AUS_OP_mul, NULL, { 1, -0.5 }, { 1, -0.5 } },         /* two signals: half */
    { AUS_OP_reciprocal, AUS_OP_mul, "preset = attnlrp", { 0, 0 }, { 2, -1 } }, /* a divisor */
    { AUS_OP_identity, AUS_OP_div, "preset = attnlrp", { 2, -1 }, { 0, 0 } },
    { AUS_OP_identity, AUS_OP_mul, "mul = prop 0", { 2 * 0.5 / 3.5, -1 * -2 / -0.5 }, { 2 * 3 / 3.5, -1 * 1.5 / -0.5 } },
    { AUS_OP_identity, AUS_OP_mul, "mul = abs 0", { 2 * 0.5 / 3.5, -1 * 2 / 3.5 }, { 2 * 3 / 3.5, -1 * 1.5 / 3.5 } },
  };
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    lrp_net n = lrp_net_begin(1);
    const int32_t in_a = lrp_input(&n, "a", 2, IDS(-1, 2)), in_b = lrp_input(&n, "b", 2, IDS(-1, 2)), act = lrp_op(&n, cases[i].act, "act", 1, &in_a, 0, NULL);
    lrp_net_end(&n, lrp_op(&n, cases[i].op, "y", 2, IDS(act, in_b), 0, NULL));
    run_seeded(&n, cases[i].rules, NULL, 0, (const float *const[]){ a, b }, seed);
    assert_relevance(aus_walk_diff(n.walk, 0, 0, NULL), cases[i].ra, 2, 1e-6);
    assert_relevance(aus_walk_diff(n.walk, 1, 0, NULL), cases[i].rb, 2, 1e-6);
    assert_balanced(&n, 1e-6);
    lrp_net_free(&n);
  }
}

/* One op on x [2, 3, 4], all of its relevance accounted for. */
static void one_op(int32_t op, const aus_word *attr, int32_t n_attr, const char *rules, bool all_goes_on)
{
  float x[24], seed[48];
  const float *in = x;
  aus_dims dims;
  aus_rng rng;
  aus_rng_init(&rng, 6, 1);
  fill(&rng, 24, 1, x);
  fill(&rng, 48, 1, seed);
  lrp_net n = lrp_net_begin(1);
  lrp_net_end(&n, lrp_op(&n, op, "op", 1, IDS(lrp_input(&n, "x", 3, IDS(2, 3, 4))), n_attr, attr));
  run_seeded(&n, rules, NULL, 0, &in, seed);
  aus_walk_seed(n.walk, 0, &dims);
  const aus_lrp_entry all = aus_lrp_balance(n.lrp, n.walk);
  if (all_goes_on && !(fabs(all.in - all.out) <= 1e-4 * all.size)) fail_msg("%s: %g came, %g went on", aus_op_by_code(op)->name, all.out, all.in);
  assert_balanced(&n, 1e-5);
  lrp_net_free(&n);
}

static void ops_without_weights(void **state)
{
  (void)state;
  static const int32_t element[] = { AUS_OP_relu, AUS_OP_leaky_relu, AUS_OP_elu, AUS_OP_sigmoid, AUS_OP_tanh, AUS_OP_gelu, AUS_OP_softplus, AUS_OP_clip, AUS_OP_abs, AUS_OP_neg, AUS_OP_silu, AUS_OP_identity };
  for (size_t i = 0; i < sizeof element / sizeof *element; i++) one_op(element[i], WORDS({ .f = -1 }, { .f = 1 }), aus_op_arity(aus_op_by_code(element[i])->attributes).named, NULL, true);
  one_op(AUS_OP_reduce_mean, WORDS({ .i = 4 }, { .i = 1 }), 2, "average = norm 0", true);
  one_op(AUS_OP_reduce_sum, WORDS({ .i = 2 }, { .i = 0 }), 2, "average = norm 0", true);
  one_op(AUS_OP_reduce_l1, WORDS({ .i = 4 }, { .i = 0 }), 2, "average = norm 0", true);
  one_op(AUS_OP_reduce_l2, WORDS({ .i = 4 }, { .i = 0 }), 2, "average = norm 0", true);
  one_op(AUS_OP_reduce_sum_square, WORDS({ .i = 4 }, { .i = 0 }), 2, "average = norm 0", true);
  one_op(AUS_OP_reduce_prod, WORDS({ .i = 4 }, { .i = 0 }), 2, "average = norm 0", true);
  one_op(AUS_OP_reduce_max, WORDS({ .i = 4 }, { .i = 0 }), 2, NULL, true);
  one_op(AUS_OP_cumsum, WORDS({ .i = 2 }, { .i = 0 }, { .i = 0 }), 3, "average = norm 0", true);
  one_op(AUS_OP_adaptive_avg_pool, WORDS({ .i = 1 }, { .i = 3 }), 2, "average = norm 0", true);
  one_op(AUS_OP_adaptive_max_pool, WORDS({ .i = 1 }, { .i = 3 }), 2, "max_pool = split", true);
  one_op(AUS_OP_max_pool, WORDS({ .i = 1 }, { .i = 3 }, { .i = 1 }, { .i = 2 }, { .i = 0 }, { .i = 1 }, { .i = 0 }, { .i = 1 }, { .i = 0 }, { .i = 0 }, { .i = 1 }), 11, "max_pool = split", true);
  one_op(AUS_OP_transpose, WORDS({ .i = 0 }, { .i = 2 }, { .i = 1 }), 3, NULL, true);
  one_op(AUS_OP_slice, WORDS({ .i = 0 }, { .i = INT32_MAX }, { .i = 1 }, { .i = 1 }, { .i = 3 }, { .i = 1 }, { .i = 0 }, { .i = INT32_MAX }, { .i = 2 }), 9, NULL, true);
  one_op(AUS_OP_tile, WORDS({ .i = 1 }, { .i = 2 }, { .i = 1 }), 3, NULL, true);
  one_op(AUS_OP_pad, WORDS({ .i = 1 }, { .f = 0 }, { .i = 0 }, { .i = 0 }, { .i = 1 }, { .i = 0 }, { .i = 0 }, { .i = 1 }), 8, NULL, true); /* reflected: copies add up */
  one_op(AUS_OP_pad, WORDS({ .i = 0 }, { .f = 1 }, { .i = 0 }, { .i = 0 }, { .i = 1 }, { .i = 0 }, { .i = 0 }, { .i = 1 }), 8, NULL, false);
}

/* ---- DeepLIFT ----------------------------------------------------------------------------------------------------------- */

/* Contributions against `base`: of the layer and of the same computation written out in small ops; both add up. */
static void compare_lifts(lrp_net *fast, lrp_net *slow, int32_t n_in, const float *const *x, const float *const *base, const int64_t *count, int64_t items, const char *target)
{
  aus_attribution r[2];
  lrp_net *net[2] = { fast, slow };
  for (int k = 0; k < 2; k++) {
    aus_attrib *a;
    aus_dims dims[3];
    for (int32_t i = 0; i < n_in; i++) dims[i] = aus_graph_input_dims(net[k]->bundle, i);
    assert_ok(net[k]->ctx, aus_attrib_open(net[k]->ctx, net[k]->bundle, dims, &a));
    assert_int_equal(aus_attrib_items(a), items);
    assert_ok(net[k]->ctx, aus_attrib_run(a, x, &(aus_attrib_config){ .method = "deeplift", .target = target, .from = "output", .baseline = base, .n_baselines = items }, &r[k]));
    for (int64_t i = 0; i < items; i++) assert_near(r[k].gap[i], 0, 2e-5 * (fabs(r[k].score[i] - r[k].score_none[i]) + 0.1));
    aus_attrib_close(a);
  }
  for (int32_t i = 0; i < n_in; i++) assert_same(r[0].value[i], r[1].value[i], count[i], 1e-4);
  for (int k = 0; k < 2; k++) aus_attribution_free(&r[k]);
}

static void deeplift_recurrent_written_out(void **state)
{
  (void)state;
  static const struct { int32_t op; bool late, relu; } kinds[] = { { AUS_OP_lstm, false, false }, { AUS_OP_gru, false, false }, { AUS_OP_gru, true, false }, { AUS_OP_rnn, false, false }, { AUS_OP_rnn, false, true } };
  float v[6][T * MB * IN + MB * H];
  aus_rng rng;
  aus_rng_init(&rng, 3, 7);
  for (int k = 0; k < 6; k++) fill(&rng, T * MB * IN + MB * H, 1, v[k]);
  for (int k = 0; k < 5; k++) {
    cell c;
    make_cell(&rng, kinds[k].op, kinds[k].late, kinds[k].relu, &c);
    lrp_net slow = written_out(&c), fast = as_layer(&c, 0, false, true);
    static const char *const targets[] = { "sum", "3", "-1" };
    for (int t = 0; t < 3; t++)
      compare_lifts(&fast, &slow, c.op == AUS_OP_lstm ? 3 : 2, (const float *const[]){ v[0], v[1], v[2] }, (const float *const[]){ v[3], v[4], v[5] }, (const int64_t[]){ T * MB * IN, MB * H, MB * H }, 1, targets[t]);
    lrp_net_free(&slow);
    lrp_net_free(&fast);
  }
}

static void deeplift_attention_written_out(void **state)
{
  (void)state;
  float v[6][MB * TK * EV], mask[TQ * TK];
  aus_rng rng;
  aus_rng_init(&rng, 4, 7);
  for (int k = 0; k < 6; k++) fill(&rng, MB * TK * EV, 1, v[k]);
  fill(&rng, TQ * TK, 1, mask);
  for (int masked = 0; masked < 2; masked++) {
    lrp_net slow = attention_net(false, masked ? mask : NULL), fast = attention_net(true, masked ? mask : NULL);
    static const char *const targets[] = { "sum", "5" };
    for (int t = 0; t < 2; t++)
      compare_lifts(&fast, &slow, 3, (const float *const[]){ v[0], v[1], v[2] }, (const float *const[]){ v[3], v[4], v[5] }, (const int64_t[]){ MB * TQ * E, MB * TK * E, MB * TK * EV }, MB, targets[t]);
    lrp_net_free(&slow);
    lrp_net_free(&fast);
  }
}

int main(void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(deeplift_recurrent_written_out), cmocka_unit_test(deeplift_attention_written_out),
    cmocka_unit_test(lrp_lstm_cases), cmocka_unit_test(recurrent_written_out), cmocka_unit_test(recurrent_bias_factor), cmocka_unit_test(recurrent_directions), cmocka_unit_test(attnlrp_softmax),
    cmocka_unit_test(attnlrp_mul_uniform), cmocka_unit_test(attention_written_out), cmocka_unit_test(normalisations), cmocka_unit_test(gates), cmocka_unit_test(ops_without_weights),
    cmocka_unit_test(threads_change_nothing),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
