/* test_back.c - the way back of every op of ops.def.
 *
 * Three opinions: a naive double backward (ops_back_ref.h), judged by central differences of the naive double forward
 * (ops_ref.h), judges the float one on every instruction set, for lengths 1 to 67, between guard pages; 1, 2 and 3
 * threads give the same bits, and so does asking for one diff at a time. Convolutions, matrix products, norms, pools
 * and dropout have their rows in test_back_linear.c; an op that is in neither file fails here. */
#define _DEFAULT_SOURCE
#include "oom.h"
#include "op_case.h"

#include "ops_back_ref.h"

/* ---- the rows ----------------------------------------------------------------------------------- */

/* moves: judged by where the forward reference takes the numbers of its elements. steps: without a slope anywhere. */
typedef struct row { const char *op; back_fn fn; bool moves; } row;
static const row rows_back[] = {
  { "relu", back_unary, 0 }, { "leaky_relu", back_unary, 0 }, { "elu", back_unary, 0 }, { "sigmoid", back_unary, 0 }, { "tanh", back_unary, 0 },
  { "gelu", back_unary, 0 }, { "softplus", back_unary, 0 }, { "hard_sigmoid", back_unary, 0 }, { "clip", back_unary, 0 }, { "exp", back_unary, 0 },
  { "log", back_unary, 0 }, { "sqrt", back_unary, 0 }, { "erf", back_unary, 0 }, { "abs", back_unary, 0 }, { "neg", back_unary, 0 },
  { "sin", back_unary, 0 }, { "cos", back_unary, 0 }, { "reciprocal", back_unary, 0 }, { "silu", back_unary, 0 }, { "floor", back_unary, 0 },
  { "ceil", back_unary, 0 }, { "round", back_unary, 0 }, { "sign", back_unary, 0 }, { "selu", back_unary, 0 }, { "softsign", back_unary, 0 },
  { "atan", back_unary, 0 }, { "hard_swish", back_unary, 0 }, { "thresholded_relu", back_unary, 0 }, { "prelu", back_prelu, 0 },
  { "add", back_binary, 0 }, { "sub", back_binary, 0 }, { "mul", back_binary, 0 }, { "div", back_binary, 0 }, { "pow", back_binary, 0 },
  { "max", back_binary, 0 }, { "min", back_binary, 0 }, { "greater", back_binary, 0 }, { "less", back_binary, 0 }, { "equal", back_binary, 0 },
  { "greater_equal", back_binary, 0 }, { "less_equal", back_binary, 0 }, { "where", back_binary, 0 },
  { "softmax", back_softmax, 0 }, { "log_softmax", back_softmax, 0 },
  { "reduce_sum", back_reduce, 0 }, { "reduce_mean", back_reduce, 0 }, { "reduce_max", back_reduce, 0 }, { "reduce_min", back_reduce, 0 },
  { "reduce_prod", back_reduce, 0 }, { "reduce_l1", back_reduce, 0 }, { "reduce_l2", back_reduce, 0 }, { "reduce_sum_square", back_reduce, 0 },
  { "reduce_log_sum_exp", back_reduce, 0 },
  { "concat", NULL, 1 }, { "slice", NULL, 1 }, { "reshape", NULL, 1 }, { "transpose", NULL, 1 }, { "pad", NULL, 1 }, { "expand", NULL, 1 },
  { "tile", NULL, 1 }, { "gather", NULL, 1 }, { "depth_to_space", NULL, 1 }, { "space_to_depth", NULL, 1 }, { "identity", NULL, 1 },
  { "scatter_rows", NULL, 1 }, { "cumsum", back_cumsum, 0 },
  { "lstm", back_recurrent, 0 }, { "gru", back_recurrent, 0 }, { "rnn", back_recurrent, 0 }, { "attention", back_attention, 0 }, { "resize", back_resize, 0 },
};

static const row *row_of(const char *op)
{
  for (size_t i = 0; i < sizeof rows_back / sizeof *rows_back; i++)
    if (strcmp(rows_back[i].op, op) == 0) return &rows_back[i];
  return NULL;
}

/* Steps: their derivative is 0 wherever there is one, and central differences across a step say nothing. */
static bool is_step(const char *op)
{
  static const char *const steps[] = { "floor", "ceil", "round", "sign", "greater", "less", "equal", "greater_equal", "less_equal" };
  for (size_t i = 0; i < sizeof steps / sizeof *steps; i++)
    if (strcmp(steps[i], op) == 0) return true;
  return false;
}

/* ---- one case, there and back -------------------------------------------------------------------------- */

typedef struct reference { ref r; arr in[6]; double *diff_dst[3], *diff_src[6]; } reference;

static double diff_value(const golden_case *c, int k, int64_t i) { return (double)input_value((int)(c - golden_cases), 8 + k, i, 'n'); }

static void make_back_reference(const golden_case *c, int length, reference *f)
{
  memset(f, 0, sizeof *f);
  f->r = make_reference(c, length, f->in);
  for (int k = 0; k < c->n_out; k++) {
    f->diff_dst[k] = malloc(((size_t)f->r.out[k].n + 1) * sizeof(double));
    for (int64_t i = 0; i < f->r.out[k].n; i++) f->diff_dst[k][i] = diff_value(c, k, i);
  }
  back_ref b = { .r = &f->r, .diff_dst = f->diff_dst };
  for (int k = 0; k < c->n_in; k++) b.diff_src[k] = f->diff_src[k] = calloc((size_t)f->in[k].n + 1, sizeof(double));
  const row *how = row_of(c->op);
  if (how->moves) back_moves(&b, reference_of(c->op)); else how->fn(&b);
}

static void drop_back_reference(reference *f)
{
  free_reference(&f->r, f->in);
  for (int k = 0; k < 3; k++) free(f->diff_dst[k]);
  for (int k = 0; k < 6; k++) free(f->diff_src[k]);
}

/* A run that keeps everything, after forward. */
static job start_kept(aus_ctx *ctx, const golden_case *c, int length)
{
  job j;
  assert_ok(ctx, make_bundle(ctx, c, length, &j));
  assert_ok(ctx, aus_run_create_with(ctx, j.bundle, NULL, NULL, 0, AUS_RUN_KEEP, &j.run));
  fill_inputs(c, length, j.run);
  assert_ok(ctx, aus_run_forward(j.run));
  return j;
}

/* Goes back through the one step of a run. Operands, diffs and scratch end (or begin) at pages nobody may touch when
 * guarded. wanted: bit k: diff_src[k]. Results are the caller's to free; unwritten values stay NaN. */
enum { PLAIN = -1, AT_BEGIN, AT_END };

static float *place(const float *data, int64_t n, int guard)
{
  if (guard != PLAIN) return guarded_copy(data, n, guard == AT_END);
  float *to = malloc(((size_t)n + 16) * sizeof *to);
  memcpy(to, data, (size_t)n * sizeof *to);
  return to;
}

static void displace(float *data, int64_t n, int guard)
{
  if (guard != PLAIN) drop_guarded(data, n, guard == AT_END);
  else free(data);
}

static float *nans(int64_t n)
{
  float *x = malloc(((size_t)n + 1) * sizeof *x);
  memset(x, 0xff, (size_t)n * sizeof *x);
  return x;
}

static void go_back(const golden_case *c, const aus_run *run, int guard, unsigned wanted, float *result[6])
{
  const aus_step *s = &run->step[0];
  aus_call call = s->call;
  aus_operand in[6], out[3];
  const float *diff_dst[3] = {0};
  float *diff_src[6] = {0};
  int64_t n_in[6], n_out[3];
  for (int k = 0; k < call.n_in; k++) {
    in[k] = call.in[k];
    n_in[k] = aus_shape_count(&in[k].shape);
    result[k] = NULL;
    if (!in[k].data) continue;
    in[k].data = place(in[k].data, n_in[k], guard);
    if (!(wanted >> k & 1)) continue;
    result[k] = nans(n_in[k]);
    diff_src[k] = place(result[k], n_in[k], guard);
  }
  for (int k = 0; k < call.n_out; k++) {
    out[k] = call.out[k];
    n_out[k] = aus_shape_count(&out[k].shape);
    float *diff = nans(n_out[k]);
    for (int64_t i = 0; i < n_out[k]; i++) diff[i] = (float)diff_value(c, k, i);
    if (out[k].data) out[k].data = place(out[k].data, n_out[k], guard);
    diff_dst[k] = place(diff, n_out[k], guard);
    free(diff);
  }
  call.in = in;
  call.out = out;
  aus_back back = { &call, diff_dst, diff_src, NULL };
  const size_t bytes = s->op->impl->backward_scratch ? s->op->impl->backward_scratch(&back) : 0;
  const int64_t floats = ((int64_t)bytes + 63) / 64 * 16;
  float *dirt = nans(floats), *scratch = place(dirt, floats, guard);
  back.scratch = scratch;
  s->op->impl->backward(&back);
  free(dirt);
  displace(scratch, floats, guard);
  for (int k = 0; k < call.n_in; k++) {
    if (result[k]) memcpy(result[k], diff_src[k], (size_t)n_in[k] * sizeof(float));
    if (diff_src[k]) displace(diff_src[k], n_in[k], guard);
    if (in[k].data) displace(in[k].data, n_in[k], guard);
  }
  for (int k = 0; k < call.n_out; k++) {
    displace((float *)(uintptr_t)diff_dst[k], n_out[k], guard);
    if (out[k].data) displace(out[k].data, n_out[k], guard);
  }
}

static void drop(float *result[6], int n)
{
  for (int k = 0; k < n; k++) free(result[k]);
}

/* A diff that is a sum of many terms may cancel: its error has the size of the terms. */
static void judge_diff(const golden_case *c, int length, const char *isa, int k, const float *got, int64_t n, const double *want, int64_t n_dst)
{
  double most = n_dst > n ? 2 * sqrt((double)(n_dst / n)) : 0; /* diffs of results are at most 2 */
  for (int64_t i = 0; i < n; i++) most = fmax(most, fabs(want[i]));
  for (int64_t i = 0; i < n; i++)
    if (!(fabs((double)got[i] - want[i]) <= 1e-5 * fabs(want[i]) + 2e-6 * most))
      fail_msg("%s, case %d, length %d, %s: diff %d of operand %d is %.9g, should be %.9g", c->op, (int)(c - golden_cases), length, isa, (int)i, k,
               (double)got[i], want[i]);
}

/* ---- the checks ------------------------------------------------------------------------------------------- */

static void every_op_goes_back(void **state)
{
  (void)state;
  static const char *const names[] = {
#define AUS_OP(code, name, in, out, attr) #name,
#include "nn/ops.def"
#undef AUS_OP
  };
  static const char *const linear[] = { /* in test_back_linear.c */
    "conv", "conv_transpose", "linear", "matmul", "batch_norm", "layer_norm", "instance_norm", "group_norm",
    "max_pool", "avg_pool", "adaptive_avg_pool", "adaptive_max_pool", "dropout", };
  for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
    bool other = false;
    for (size_t k = 0; k < sizeof linear / sizeof *linear; k++) other |= strcmp(linear[k], names[i]) == 0;
    if (!other && !row_of(names[i])) fail_msg("op %s has no test of its way back", names[i]);
    if (!other && !aus_op_by_name(names[i])->impl->backward) fail_msg("op %s has no way back", names[i]);
  }
}

/* sum of diff_dst f at in[k][i] + h, all else equal */
static double shifted_sum(const golden_case *c, reference *f, int k, int64_t i, double h)
{
  ref r = f->r;
  double sum = 0;
  memset(r.out, 0, sizeof r.out);
  f->in[k].v[i] += h;
  reference_of(c->op)(&r);
  f->in[k].v[i] -= h;
  for (int o = 0; o < c->n_out; o++) {
    for (int64_t j = 0; j < r.out[o].n; j++) sum += f->diff_dst[o][j] * r.out[o].v[j];
  }
  for (int o = 0; o < 3; o++) free(r.out[o].v);
  return sum;
}

/* Fourth-order central differences; kinks are seen by their one-sided slopes and skipped. */
static int check_element(const golden_case *c, reference *f, int k, int64_t i)
{
  const double h = 1e-3, at = f->in[k].v[i], half = 1e-6;
  const double left = (shifted_sum(c, f, k, i, 0) - shifted_sum(c, f, k, i, -half)) / half, right = (shifted_sum(c, f, k, i, half) - shifted_sum(c, f, k, i, 0)) / half;
  const double s1 = shifted_sum(c, f, k, i, h) - shifted_sum(c, f, k, i, -h), s2 = shifted_sum(c, f, k, i, 2 * h) - shifted_sum(c, f, k, i, -2 * h);
  const double slope = (8 * s1 - s2) / (12 * h), got = f->diff_src[k][i];
  f->in[k].v[i] = at;
  if (fabs(left - right) > 1e-3 * (1 + fabs(left))) return 0;
  if (!(fabs(slope - got) <= 1e-7 * fmax(1, fabs(slope)))) {
    const double near = (left + right) / 2; /* a kink within 2 h: only the nearest differences count */
    if (!(fabs(near - got) <= 1e-5 * fmax(1, fabs(near))))
      fail_msg("%s, case %d: the reference's diff %d of operand %d is %.12g, central differences say %.12g", c->op, (int)(c - golden_cases), (int)i, k, got, slope);
    return 0;
  }
  return 1;
}

static void references_agree_with_central_differences(void **state)
{
  (void)state;
  for (const golden_case *c = golden_cases; c < golden_cases + N_CASES; c++) {
    if (!row_of(c->op) || is_step(c->op) || case_size(c) > 500) continue;
    reference f;
    int smooth = 0, all = 0;
    make_back_reference(c, 5, &f);
    for (int k = 0; k < c->n_in; k++) {
      if (strcmp(c->op, "where") == 0 && k == 0) continue;
      for (int64_t i = 0; i < f.in[k].n; i++, all++) smooth += check_element(c, &f, k, i);
    }
    drop_back_reference(&f);
    if (smooth * 10 < all * 9) fail_msg("%s, case %d: only %d of %d diffs could be checked", c->op, (int)(c - golden_cases), smooth, all);
  }
}

/* On every instruction set. */
static void check_case(const golden_case *c, aus_ctx *ctx[4], int length, int guard)
{
  reference f;
  make_back_reference(c, length, &f);
  for (int i = 0; i < 4; i++) {
    if (!ctx[i]) continue;
    float *got[6];
    job j = start_kept(ctx[i], c, length);
    go_back(c, j.run, guard, ~0u, got);
    for (int k = 0; k < c->n_in; k++) judge_diff(c, length, isas[i], k, got[k], f.in[k].n, f.diff_src[k], f.r.out[0].n);
    drop(got, c->n_in);
    end_job(&j);
  }
  drop_back_reference(&f);
}

static void agrees_with_the_reference_on_every_isa(void **state)
{
  (void)state;
  aus_ctx *ctx[4];
  int checked = 0;
  for (int i = 0; i < 4; i++) ctx[i] = isa_ctx(i, 1);
  for (const golden_case *c = golden_cases; c < golden_cases + N_CASES; c++) {
    if (!row_of(c->op)) continue;
    if (!has_length(c)) {
      const bool small = case_size(c) < 4000;
      if (small) check_case(c, ctx, 0, AT_BEGIN);
      check_case(c, ctx, 0, small ? AT_END : PLAIN);
      checked++;
    }
    for (int length = 1; has_length(c) && length <= LONGEST; length++)
      check_case(c, ctx, length, length % 8 == 0 || length < 5 ? length % 2 ? AT_BEGIN : AT_END : PLAIN);
  }
  assert_true(checked >= 200);
  for (int i = 0; i < 4; i++)
    if (ctx[i]) aus_ctx_destroy(ctx[i]);
}

static void same_bits_for_1_2_3_threads_and_one_at_a_time(void **state)
{
  (void)state;
  aus_ctx *ctx[3] = { test_ctx(1), test_ctx(2), test_ctx(3) };
  for (const golden_case *c = golden_cases; c < golden_cases + N_CASES; c++) {
    if (has_length(c) || !row_of(c->op)) continue;
    float *first[6], *got[6];
    for (int t = 0; t < 3; t++) {
      job j = start_kept(ctx[t], c, 0);
      go_back(c, j.run, PLAIN, ~0u, t ? got : first);
      for (int k = 0; k < c->n_in; k++) {
        const size_t bytes = (size_t)aus_shape_count(&j.run->step[0].call.in[k].shape) * sizeof(float);
        if (t && memcmp(first[k], got[k], bytes) != 0) fail_msg("%s, case %d: %d threads give other bits than one", c->op, (int)(c - golden_cases), t + 1);
        float *one[6];
        go_back(c, j.run, PLAIN, 1u << k, one);
        if (memcmp(first[k], one[k], bytes) != 0) fail_msg("%s, case %d: diff %d alone has other bits", c->op, (int)(c - golden_cases), k);
        drop(one, c->n_in);
      }
      if (t) drop(got, c->n_in);
      end_job(&j);
    }
    drop(first, c->n_in);
  }
  for (int t = 0; t < 3; t++) aus_ctx_destroy(ctx[t]);
}

static void going_back_touches_no_allocator(void **state)
{
  (void)state;
  meter m = { .left = -1 };
  aus_ctx *ctx = meter_ctx(&m);
  for (const golden_case *c = golden_cases; c < golden_cases + N_CASES; c++) {
    if (!row_of(c->op)) continue;
    job j = start_kept(ctx, c, 9);
    float *got[6];
    const int64_t before = m.calls;
    go_back(c, j.run, PLAIN, ~0u, got);
    if (m.calls != before) fail_msg("%s allocates on the way back", c->op);
    drop(got, c->n_in);
    end_job(&j);
  }
  aus_ctx_destroy(ctx);
  assert_int_equal(m.blocks, 0);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(every_op_goes_back),
    cmocka_unit_test(references_agree_with_central_differences),
    cmocka_unit_test(agrees_with_the_reference_on_every_isa),
    cmocka_unit_test(same_bits_for_1_2_3_threads_and_one_at_a_time),
    cmocka_unit_test(going_back_touches_no_allocator),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
