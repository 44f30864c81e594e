/* test_back.c - the way back of every op of ops.def.
 *
 * Three opinions: torch's gradients (golden/back.h), a naive double backward (ops_back_ref.h), and central differences of
 * the naive double forward (ops_ref.h), which judge that one. On every instruction set, for lengths 1 to 67, between guard
 * pages; 1, 2 and 3 threads give the same bits, and so does asking for one diff at a time. Convolutions, matrix products,
 * norms, pools and dropout have their rows in test_back_linear.c; an op that is in neither file fails here. Then two
 * small networks, walked back as a whole, against torch. */
#define _DEFAULT_SOURCE
#include "oom.h"
#include "op_case.h"

#include "back_linear_ops.h"
#include "nn/walk.h"
#include "ops_back_ref.h"
#include "golden/back.h"

_Static_assert(sizeof golden_diffs_at / sizeof *golden_diffs_at == N_CASES, "golden/ops.h and golden/back.h were made from the same cases");

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

/* Bit k of silent: nobody read output k, so it has no diff. */
static void go_back_from(const golden_case *c, const aus_run *run, int guard, unsigned wanted, unsigned silent, float *result[6])
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
    if (!(silent >> k & 1)) diff_dst[k] = place(diff, n_out[k], guard);
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
    if (diff_dst[k]) displace((float *)(uintptr_t)diff_dst[k], n_out[k], guard);
    if (out[k].data) displace(out[k].data, n_out[k], guard);
  }
}

static void go_back(const golden_case *c, const aus_run *run, int guard, unsigned wanted, float *result[6])
{
  go_back_from(c, run, guard, wanted, 0, result);
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
  for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
    bool other = false;
    for (size_t k = 0; k < sizeof back_linear_ops / sizeof *back_linear_ops; k++) other |= strcmp(back_linear_ops[k], names[i]) == 0;
    if (!other && !row_of(names[i])) fail_msg("op %s has no test of its way back", names[i]);
    if (!aus_op_by_name(names[i])->impl->backward) fail_msg("op %s has no way back", names[i]);
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

/* Fourth-order central differences. Where they disagree there may be a kink within 2 h: then the one-sided slopes differ
 * and nothing is to be said, or they agree and the nearest differences count. */
static int check_element(const golden_case *c, reference *f, int k, int64_t i, double here)
{
  const double h = 1e-3, half = 1e-6, at = f->in[k].v[i], got = f->diff_src[k][i];
  const double s1 = shifted_sum(c, f, k, i, h) - shifted_sum(c, f, k, i, -h), s2 = shifted_sum(c, f, k, i, 2 * h) - shifted_sum(c, f, k, i, -2 * h);
  const double slope = (8 * s1 - s2) / (12 * h);
  f->in[k].v[i] = at;
  if (fabs(slope - got) <= 1e-7 * fmax(1, fabs(slope))) return 1;
  const double left = (here - shifted_sum(c, f, k, i, -half)) / half, right = (shifted_sum(c, f, k, i, half) - here) / half, near = (left + right) / 2;
  f->in[k].v[i] = at;
  if (fabs(left - right) > 1e-3 * (1 + fabs(left))) return 0;
  if (!(fabs(near - got) <= 1e-5 * fmax(1, fabs(near))))
    fail_msg("%s, case %d: the reference's diff %d of operand %d is %.12g, central differences say %.12g", c->op, (int)(c - golden_cases), (int)i, k, got, slope);
  return 0;
}

/* Inputs on halves or of 0 and 1: zeros, limits and ties, where torch's word counts. */
static bool on_kinks(const golden_case *c)
{
  for (int k = 0; k < c->n_in; k++)
    if (c->in[k].kind == 'q' || (c->in[k].kind == 'b' && strcmp(c->op, "where") != 0)) return true;
  return false;
}

static void references_agree_with_central_differences(void **state)
{
  (void)state;
  for (const golden_case *c = golden_cases; c < golden_cases + N_CASES; c++) {
    if (!row_of(c->op) || is_step(c->op) || case_size(c) > 500 || on_kinks(c)) continue;
    reference f;
    int smooth = 0, all = 0;
    make_back_reference(c, 5, &f);
    const double here = shifted_sum(c, &f, 0, 0, 0);
    for (int k = 0; k < c->n_in; k++) {
      if (strcmp(c->op, "where") == 0 && k == 0) continue;
      for (int64_t i = 0; i < f.in[k].n; i++, all++) smooth += check_element(c, &f, k, i, here);
    }
    drop_back_reference(&f);
    if (smooth * 10 < all * 9) fail_msg("%s, case %d: only %d of %d diffs could be checked", c->op, (int)(c - golden_cases), smooth, all);
  }
}

static void judge_golden(const golden_case *c, const char *isa, float *const got[6], const reference *f)
{
  const int at = golden_diffs_at[c - golden_cases];
  const float *want = golden_diffs + at;
  for (int k = 0; at >= 0 && k < c->n_in; k++) {
    double *w = malloc(((size_t)f->in[k].n + 1) * sizeof *w);
    for (int64_t i = 0; i < f->in[k].n; i++) w[i] = (double)*want++;
    judge_diff(c, 0, isa, k, got[k], f->in[k].n, w, f->r.out[0].n);
    free(w);
  }
}

/* On every instruction set; large ones, which are there for the borders between threads' shares, on the first. */
static void check_case(const golden_case *c, aus_ctx *ctx[4], int length, int guard)
{
  reference f;
  make_back_reference(c, length, &f);
  for (int i = 0; i < 4; i++) {
    if (!ctx[i] || (i && case_size(c) > 20000)) continue;
    float *got[6];
    job j = start_kept(ctx[i], c, length);
    go_back(c, j.run, guard, ~0u, got);
    for (int k = 0; k < c->n_in; k++) judge_diff(c, length, isas[i], k, got[k], f.in[k].n, f.diff_src[k], f.r.out[0].n);
    judge_golden(c, isas[i], got, &f);
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

/* An output that nobody read: its diff is NULL, and that is the same as zero; the diffs of what each output alone gives add up. */
static void outputs_nobody_read(void **state)
{
  (void)state;
  aus_ctx *ctx = test_ctx(2);
  int checked = 0;
  for (const golden_case *c = golden_cases; c < golden_cases + N_CASES; c++) {
    if (c->n_out < 2 || !row_of(c->op)) continue;
    job j = start_kept(ctx, c, 9);
    float *all[6], *one[3][6];
    go_back(c, j.run, PLAIN, ~0u, all);
    for (int o = 0; o < c->n_out; o++) go_back_from(c, j.run, PLAIN, ~0u, ~(1u << o), one[o]);
    for (int k = 0; k < c->n_in; k++) {
      const int64_t n = aus_shape_count(&j.run->step[0].call.in[k].shape);
      double most = 0;
      for (int64_t i = 0; i < n; i++) most = fmax(most, fabs((double)all[k][i]));
      for (int64_t i = 0; i < n; i++) {
        double sum = 0;
        for (int o = 0; o < c->n_out; o++) sum += (double)one[o][k][i];
        if (!(fabs(sum - (double)all[k][i]) <= 1e-5 * most))
          fail_msg("%s, case %d: diff %d of operand %d is %g, the outputs one by one give %g", c->op, (int)(c - golden_cases), (int)i, k, (double)all[k][i], sum);
      }
    }
    drop(all, c->n_in);
    for (int o = 0; o < c->n_out; o++) drop(one[o], c->n_in);
    end_job(&j);
    checked++;
  }
  assert_true(checked > 10);
  aus_ctx_destroy(ctx);
}

/* Parameters of the caller's own, read anew by each forward: nothing is packed beforehand, and the diffs are the same. */
static void own_parameters(void **state)
{
  (void)state;
  aus_ctx *ctx = test_ctx(2);
  int checked = 0;
  for (const golden_case *c = golden_cases; c < golden_cases + N_CASES; c++) {
    if (c->n_in < 3 || !c->in[1].param || !row_of(c->op)) continue;
    job j = start_kept(ctx, c, 9);
    float *own[6] = { 0 }, *want[6], *got[6];
    for (int k = 0; k < c->n_in; k++) {
      char name[16];
      snprintf(name, sizeof name, "x%d", k);
      const int32_t tensor = aus_bundle_find_tensor(j.bundle, name);
      const aus_operand *in = &j.run->step[0].call.in[k];
      if (tensor < 0) continue;
      own[tensor] = nans(aus_shape_count(&in->shape));
      memcpy(own[tensor], in->data, (size_t)aus_shape_count(&in->shape) * sizeof(float));
    }
    go_back(c, j.run, PLAIN, ~0u, want);
    aus_run_destroy(j.run);
    assert_ok(ctx, aus_run_create_on(ctx, j.bundle, NULL, NULL, 0, AUS_RUN_KEEP | AUS_RUN_TRAINING, own, &j.run));
    fill_inputs(c, 9, j.run);
    assert_ok(ctx, aus_run_forward(j.run));
    go_back(c, j.run, PLAIN, ~0u, got);
    for (int k = 0; k < c->n_in; k++) {
      if (memcmp(want[k], got[k], (size_t)aus_shape_count(&j.run->step[0].call.in[k].shape) * sizeof(float)) != 0)
        fail_msg("%s, case %d: own parameters give other bits to operand %d", c->op, (int)(c - golden_cases), k);
    }
    end_job(&j);
    drop(want, c->n_in);
    drop(got, c->n_in);
    drop(own, 6);
    checked++;
  }
  assert_true(checked >= 12);
  aus_ctx_destroy(ctx);
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

/* ---- whole networks against torch: weights of the hash, as in make_back.py -------------------------------------- */

typedef struct net { aus_builder *b; int seed, n_params; int32_t param[16]; } net;

static void fill_hash(int seed, int64_t n, float scale, float *x)
{
  for (int64_t i = 0; i < n; i++) x[i] = input_value(seed, 0, i, 'n') * scale;
}

static int32_t given(net *g, int rank, const int32_t *dim, const float *x)
{
  char name[16];
  snprintf(name, sizeof name, "p%d", g->n_params);
  return g->param[g->n_params++] = aus_builder_param(g->b, name, rank, dim, x);
}

#define DIMS(...) (int32_t)(sizeof((int32_t[]){ __VA_ARGS__ }) / sizeof(int32_t)), (const int32_t[]){ __VA_ARGS__ }
static int32_t param(net *g, int32_t rank, const int32_t *dim)
{
  float x[512];
  int64_t n = 1;
  for (int d = 0; d < rank; d++) n *= dim[d];
  assert_true(n <= 512);
  fill_hash(g->seed++, n, 0.25f, x);
  return given(g, rank, dim, x);
}

#define INS(...) (int32_t)(sizeof((int32_t[]){ __VA_ARGS__ }) / sizeof(int32_t)), (const int32_t[]){ __VA_ARGS__ }
static int32_t node(net *g, int op, int32_t n_in, const int32_t *in, int32_t n_attr, const aus_word *attr)
{
  char name[16];
  static int number;
  snprintf(name, sizeof name, "n%d", number++);
  return aus_builder_node(g->b, op, name, n_in, in, 1, n_attr, attr);
}
#define I(x) { .i = (x) }
#define F(x) { .f = (x) }
#define NODE(op, ins, n_attr, ...) node(g, AUS_OP_##op, ins, n_attr, (const aus_word[]){ __VA_ARGS__ })

static void build_cnn(net *g)
{
  g->seed = 2;
  float mean[4], var[4];
  fill_hash(20, 4, 0.25f, mean);
  for (int i = 0; i < 4; i++) var[i] = input_value(21, 0, i, 'p');
  int32_t y = aus_builder_input(g->b, "x", DIMS(2, 1, 12, 10)), w = param(g, DIMS(4, 1, 3, 3)), b = param(g, DIMS(4));
  y = NODE(conv, INS(y, w, b), 9, I(1), I(1), I(1), I(1), I(1), I(1), I(1), I(1), I(1));
  w = param(g, DIMS(4));
  b = param(g, DIMS(4));
  const int32_t m = aus_builder_param(g->b, "mean", DIMS(4), mean), v = aus_builder_param(g->b, "var", DIMS(4), var);
  y = NODE(relu, INS(NODE(batch_norm, INS(y, w, b, m, v), 1, F(1e-3f))), 0, I(0));
  y = NODE(max_pool, INS(y), 11, I(2), I(2), I(2), I(2), I(0), I(0), I(0), I(0), I(0), I(1), I(1));
  w = param(g, DIMS(6, 2, 3, 3));
  b = param(g, DIMS(6));
  y = NODE(conv, INS(y, w, b), 9, I(1), I(1), I(1), I(1), I(0), I(0), I(0), I(0), I(2));
  y = NODE(reduce_mean, INS(NODE(elu, INS(y), 1, F(0.7f))), 2, I(12), I(0));
  w = param(g, DIMS(3, 6));
  b = param(g, DIMS(3));
  aus_builder_output(g->b, NODE(log_softmax, INS(NODE(linear, INS(y, w, b), 0, I(0))), 1, I(1)));
}

static void build_blstm(net *g)
{
  g->seed = 32;
  int32_t y = aus_builder_input(g->b, "x", DIMS(7, 2, 5)), w = param(g, DIMS(2, 16, 5)), r = param(g, DIMS(2, 16, 4)), b = param(g, DIMS(2, 32));
  y = NODE(lstm, INS(y, w, r, b), 3, I(4), I(2), I(0));
  y = NODE(reshape, INS(NODE(transpose, INS(y), 4, I(2), I(0), I(1), I(3))), 3, I(2), I(7), I(8));
  int32_t qkv[3];
  for (int i = 0; i < 3; i++) {
    w = param(g, DIMS(8, 8));
    qkv[i] = NODE(linear, INS(y, w), 0, I(0));
  }
  y = NODE(add, INS(y, NODE(attention, INS(qkv[0], qkv[1], qkv[2]), 2, I(2), F(0.5f))), 0, I(0));
  w = param(g, DIMS(8));
  b = param(g, DIMS(8));
  y = NODE(reduce_mean, INS(NODE(layer_norm, INS(y, w, b), 2, I(2), F(1e-5f))), 2, I(2), I(0));
  w = param(g, DIMS(3, 8));
  b = param(g, DIMS(3));
  aus_builder_output(g->b, NODE(sigmoid, INS(NODE(linear, INS(y, w, b), 0, I(0))), 0, I(0)));
}

/* How far got is from want, relative to the largest. */
static double distance(const float *got, const float *want, int64_t n)
{
  double most = 0, off = 0;
  for (int64_t i = 0; i < n; i++) {
    most = fmax(most, fabs((double)want[i]));
    off = fmax(off, fabs((double)got[i] - (double)want[i]));
  }
  return off / most;
}

static void check_network(void (*build)(net *), int x_seed, const float *want)
{
  for (int threads = 1; threads <= 2; threads++) {
    aus_ctx *ctx = test_ctx(threads);
    net g = { 0 };
    job j = { .ctx = ctx };
    size_t size;
    aus_walk *walk;
    aus_dims d;
    const float *at = want;
    assert_ok(ctx, aus_builder_create(ctx, &g.b));
    build(&g);
    assert_ok(ctx, aus_builder_finish(g.b, &j.bytes, &size));
    aus_builder_destroy(g.b);
    assert_ok(ctx, aus_bundle_open_memory(ctx, j.bytes, size, &j.bundle));
    assert_ok(ctx, aus_run_create_with(ctx, j.bundle, NULL, NULL, 0, AUS_RUN_KEEP, &j.run));
    (void)aus_run_value(j.run, aus_run_find(j.run, "x"), &d);
    const int64_t n_x = aus_shape_count(&d);
    fill_hash(x_seed, n_x, 0.25f, aus_run_input(j.run, 0));
    assert_ok(ctx, aus_run_forward(j.run));
    const float *y = aus_run_output(j.run, 0, &d);
    const int64_t n_y = aus_shape_count(&d);
    assert_true(distance(y, at, n_y) < 1e-5);
    at += n_y;
    assert_ok(ctx, aus_walk_create(ctx, j.run, &(aus_walk_config){ .params = true }, &walk));
    fill_hash(50, n_y, 1, aus_walk_seed(walk, 0, NULL));
    assert_ok(ctx, aus_walk_run(walk));
    assert_true(distance(aus_walk_diff(walk, 0, 0, NULL), at, n_x) < 2e-5);
    at += n_x;
    for (int k = 0; k < g.n_params; k++) {
      char name[16];
      snprintf(name, sizeof name, "p%d", k);
      const int32_t tensor = aus_bundle_find_tensor(j.bundle, name);
      const float *got = aus_walk_param_diff(walk, tensor);
      (void)aus_run_value(j.run, aus_run_find(j.run, name), &d);
      const double off = distance(got, at, aus_shape_count(&d));
      if (!(off < 2e-5)) fail_msg("the diff of parameter %s is off by %g of its largest value", name, off);
      at += aus_shape_count(&d);
    }
    aus_walk_destroy(walk);
    end_job(&j);
    aus_ctx_destroy(ctx);
  }
}

static void a_convolutional_network_as_a_whole(void **state) { (void)state; check_network(build_cnn, 1, golden_cnn); }
static void a_recurrent_network_with_attention_as_a_whole(void **state) { (void)state; check_network(build_blstm, 31, golden_blstm); }

int main(void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(every_op_goes_back),
    cmocka_unit_test(references_agree_with_central_differences),
    cmocka_unit_test(agrees_with_the_reference_on_every_isa),
    cmocka_unit_test(same_bits_for_1_2_3_threads_and_one_at_a_time),
    cmocka_unit_test(outputs_nobody_read),
    cmocka_unit_test(own_parameters),
    cmocka_unit_test(going_back_touches_no_allocator),
    cmocka_unit_test(a_convolutional_network_as_a_whole),
    cmocka_unit_test(a_recurrent_network_with_attention_as_a_whole),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
