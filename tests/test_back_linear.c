/* test_back_linear.c - the way back through convolutions, products, norms, pools and dropout.
 *
 * Three opinions: torch's gradients (golden/back_linear.h), a naive double backward (ops_back_linear_ref.h), and central
 * differences of the naive double forward (ops_ref.h), which judge that one. On every instruction set, for lengths 1 to 67,
 * between guard pages; 1, 2 and 3 threads give the same bits, and so does asking for one diff at a time. */
#include "op_test.h"

#include "format/writer.h"
#include "nn/run.h"

#if defined(__GNUC__)
#pragma GCC diagnostic ignored "-Wunused-function" /* of the references, some ops' are not met here */
#endif
#include "back_linear_ops.h"
#include "ops_back_linear_ref.h"

#include "oom.h"

typedef struct golden_shape { int rank; int dim[4]; char kind; } golden_shape;
typedef struct golden_want { int at, step; double most; } golden_want;
typedef struct golden_case {
  const char *op;
  int training, n_in;
  golden_shape in[5];
  int n_attr;
  int32_t attr[16];
  int has_values;
  golden_want want[5];
} golden_case;

#include "golden/back_linear.h"

enum { N_CASES = sizeof golden_cases / sizeof *golden_cases };

static const struct { const char *op; ref_fn fn; back_fn back; } rows[] = {
  { "conv", ref_conv, back_conv }, { "conv_transpose", ref_conv_transpose, back_conv }, { "linear", ref_linear, back_linear },
  { "matmul", ref_matmul, back_matmul }, { "batch_norm", ref_batch_norm, back_norm }, { "layer_norm", ref_layer_norm, back_norm },
  { "instance_norm", ref_instance_norm, back_norm }, { "group_norm", ref_group_norm, back_norm }, { "max_pool", ref_pool, back_pool },
  { "avg_pool", ref_pool, back_pool }, { "adaptive_avg_pool", ref_adaptive, back_adaptive }, { "adaptive_max_pool", ref_adaptive, back_adaptive },
  { "dropout", ref_unary, back_same },
};

static int row_of(const char *op)
{
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
    if (strcmp(rows[i].op, op) == 0) return (int)i;
  fail_msg("no row for %s", op);
  return -1;
}

/* ---- operands: the hash of make_back_linear.py ------------------------------------------------------------- */

static double input_value(int seed, int k, int64_t i, char kind)
{
  uint32_t h = (uint32_t)((uint64_t)i * 2654435761u + (uint64_t)k * 40503 + (uint64_t)seed * 97 + 54321);
  h ^= h >> 15;
  h *= 2246822519u;
  h ^= h >> 13;
  const double x = (double)(h & 0xffff) / 16384 - 2;
  return kind == 'p' ? fabs(x) + 0.125 : kind == 'q' ? floor(x * 2) / 2 : kind == 'o' ? x + 30 : x;
}

/* ---- the double side ------------------------------------------------------------------------------------------ */

typedef struct reference { ref r; arr in[5]; aus_word attr[16]; double *d, *diff[5]; bool training; ref_fn fn; } reference;

/* Batch norm that trains is not in ops_ref.h: the moments of the batch take the place of the operands'. */
static void forward_of(reference *f, ref *r)
{
  arr in[5];
  memcpy(in, r->in, (size_t)r->n_in * sizeof *in);
  ref same = *r;
  same.in = in;
  memset(same.out, 0, sizeof same.out);
  double *mean = NULL, *var = NULL;
  if (f->training && r->op == AUS_OP_batch_norm) {
    const arr *x = &in[0];
    const int64_t c = x->dim[1], space = span(x, 2, x->rank), n = x->n / c;
    mean = calloc((size_t)c, sizeof *mean);
    var = calloc((size_t)c, sizeof *var);
    for (int64_t i = 0; i < x->n; i++) mean[i / space % c] += x->v[i] / (double)n;
    for (int64_t i = 0; i < x->n; i++) var[i / space % c] += pow(x->v[i] - mean[i / space % c], 2) / (double)n;
    in[3].v = mean;
    in[4].v = var;
  }
  f->fn(&same);
  memcpy(r->out, same.out, sizeof same.out);
  free(mean);
  free(var);
}

static void make_reference(const golden_case *c, int64_t length, reference *f)
{
  const int seed = (int)(c - golden_cases), row = row_of(c->op);
  *f = (reference){ .training = c->training, .fn = rows[row].fn };
  for (int i = 0; i < c->n_attr; i++) f->attr[i].i = c->attr[i];
  f->r = (ref){ .in = f->in, .n_in = c->n_in, .attr = f->attr, .n_attr = c->n_attr, .op = aus_op_by_name(c->op)->code };
  for (int k = 0; k < c->n_in; k++) {
    arr *a = &f->in[k];
    a->rank = c->in[k].rank;
    a->n = 1;
    for (int d = 0; d < a->rank; d++) a->n *= a->dim[d] = c->in[k].dim[d] == -1 ? length : c->in[k].dim[d];
    a->v = malloc(((size_t)a->n + 1) * sizeof(double));
    for (int64_t i = 0; i < a->n; i++) a->v[i] = input_value(seed, k, i, c->in[k].kind);
  }
  forward_of(f, &f->r);
  const arr *o = &f->r.out[0];
  f->d = malloc(((size_t)o->n + 1) * sizeof(double));
  for (int64_t i = 0; i < o->n; i++) f->d[i] = input_value(seed, 8, i, 'n');
  back_ref b = { .r = &f->r, .d = f->d, .training = f->training };
  for (int k = 0; k < c->n_in; k++) b.diff[k] = f->diff[k] = calloc((size_t)f->in[k].n + 1, sizeof(double));
  rows[row].back(&b);
}

static void free_reference(reference *f)
{
  for (int k = 0; k < 5; k++) { free(f->in[k].v); free(f->diff[k]); }
  free(f->r.out[0].v);
  free(f->d);
}

/* ---- the float side --------------------------------------------------------------------------------------------- */

typedef struct place { guarded at[16]; int n; bool at_end; } place;

static void *put(place *p, size_t bytes, const double *values)
{
  guarded g = guard_alloc(bytes ? bytes : 4, p->at_end);
  if (values) for (size_t i = 0; i < bytes / sizeof(float); i++) ((float *)(void *)g.data)[i] = (float)values[i];
  else memset(g.data, 0xff, bytes ? bytes : 4);
  p->at[p->n++] = g;
  return g.data;
}

static void *put_scratch(place *p, size_t bytes) /* aligned, and no byte more than asked for */
{
  const bool at_end = p->at_end;
  p->at_end = true;
  void *s = put(p, (bytes + 63) / 64 * 64, NULL);
  p->at_end = at_end;
  return s;
}

/* There and back; diff[k] filled for the wanted operands. */
static void run(aus_ctx *ctx, const reference *f, unsigned wanted, bool at_end, float *diff[5])
{
  const aus_op *op = aus_op_by_code(f->r.op);
  place p = { .at_end = at_end };
  aus_operand in[5] = { 0 }, out[1] = { 0 };
  aus_call call = { .ctx = ctx, .op = f->r.op, .n_in = 5, .n_out = 1, .n_attr = 16, .in = in, .out = out, .attr = f->attr, .training = f->training };
  for (int k = 0; k < f->r.n_in; k++) {
    in[k].shape.rank = f->in[k].rank;
    memcpy(in[k].shape.dim, f->in[k].dim, (size_t)f->in[k].rank * sizeof *in[k].shape.dim);
  }
  assert_ok(ctx, op->impl->shape(&call));
  if (aus_shape_count(&out[0].shape) != f->r.out[0].n) fail_msg("%s: %lld results, not %lld", op->name, (long long)aus_shape_count(&out[0].shape), (long long)f->r.out[0].n);
  float *diff_src[5] = { 0 };
  const float *diff_dst[1] = { (float *)16 };
  for (int k = 0; k < f->r.n_in; k++) diff_src[k] = wanted >> k & 1 ? (float *)16 : NULL;
  aus_back back = { &call, diff_dst, diff_src, NULL };
  const size_t scratch = op->impl->scratch_size ? op->impl->scratch_size(&call) : 0, saved = op->impl->saved_size ? op->impl->saved_size(&call) : 0;
  const size_t back_scratch = op->impl->backward_scratch ? op->impl->backward_scratch(&back) : 0;
  for (int k = 0; k < f->r.n_in; k++) in[k].data = put(&p, (size_t)f->in[k].n * sizeof(float), f->in[k].v);
  out[0].data = put(&p, (size_t)f->r.out[0].n * sizeof(float), NULL);
  call.scratch = scratch ? put_scratch(&p, scratch) : NULL;
  call.saved = saved ? put_scratch(&p, saved) : NULL;
  op->impl->forward(&call);
  for (int k = 0; k < f->r.n_in; k++) {
    diff[k] = NULL;
    if (diff_src[k]) diff_src[k] = put(&p, (size_t)f->in[k].n * sizeof(float), NULL);
  }
  diff_dst[0] = put(&p, (size_t)f->r.out[0].n * sizeof(float), f->d);
  back.scratch = back_scratch ? put_scratch(&p, back_scratch) : NULL;
  op->impl->backward(&back);
  for (int k = 0; k < f->r.n_in; k++) {
    if (!diff_src[k]) continue;
    diff[k] = malloc(((size_t)f->in[k].n + 1) * sizeof(float));
    memcpy(diff[k], diff_src[k], (size_t)f->in[k].n * sizeof(float));
  }
  for (int i = 0; i < p.n; i++) guard_free(&p.at[i]);
}

static void drop(float *diff[5], int n)
{
  for (int k = 0; k < n; k++) free(diff[k]);
}

static bool has_length(const golden_case *c)
{
  for (int k = 0; k < c->n_in; k++)
    for (int d = 0; d < c->in[k].rank; d++)
      if (c->in[k].dim[d] == -1) return true;
  return false;
}

/* A sum of n terms of random signs is judged by the largest of its kind. */
static void judge(const golden_case *c, int64_t length, const char *isa, const reference *f, float *const *got)
{
  for (int k = 0; k < c->n_in; k++) {
    double most = strstr(c->op, "norm") ? 0.1 : 1e-3; /* few values to a norm: terms of order 1 that nearly cancel */
    for (int64_t i = 0; i < f->in[k].n; i++) most = fmax(most, fabs(f->diff[k][i]));
    const double slack = (c->in[0].kind == 'o' ? 1e-4 : 4e-6) * most; /* far from zero the input itself is rounded coarsely */
    for (int64_t i = 0; i < f->in[k].n; i++)
      if (!(fabs((double)got[k][i] - f->diff[k][i]) <= slack))
        fail_msg("%s, case %d, length %d, %s: diff %d of operand %d is %.9g, should be %.9g", c->op, (int)(c - golden_cases), (int)length, isa, (int)i, k,
                 (double)got[k][i], f->diff[k][i]);
  }
}

/* ---- the checks --------------------------------------------------------------------------------------------------- */

static double weighed_sum(reference *f, int k, int64_t i, double h)
{
  ref r = f->r;
  double sum = 0;
  const double at = f->in[k].v[i];
  f->in[k].v[i] = at + h;
  forward_of(f, &r);
  f->in[k].v[i] = at;
  for (int64_t j = 0; j < r.out[0].n; j++) sum += f->d[j] * r.out[0].v[j];
  free(r.out[0].v);
  return sum;
}

static bool ties(const golden_case *c) { return c->in[0].kind == 'q'; } /* kinks: torch judges them */

static void references_agree_with_central_differences(void **state)
{
  (void)state;
  for (const golden_case *c = golden_cases; c < golden_cases + N_CASES; c++) {
    reference f;
    if (ties(c)) continue;
    make_reference(c, 5, &f);
    double work = 0;
    for (int k = 0; k < c->n_in; k++) work += (double)f.in[k].n;
    for (int k = 0; k < c->n_in; k++) {
      double most = 1;
      for (int64_t i = 0; i < f.in[k].n; i++) most = fmax(most, fabs(f.diff[k][i]));
      const int64_t step = 1 + f.in[k].n / (work > 2000 ? 1 : 12); /* some elements of each operand */
      for (int64_t i = (int64_t)(c - golden_cases) % step; i < f.in[k].n; i += step) {
        const double h = 1e-3, s1 = weighed_sum(&f, k, i, h) - weighed_sum(&f, k, i, -h), s2 = weighed_sum(&f, k, i, 2 * h) - weighed_sum(&f, k, i, -2 * h);
        if (strstr(c->op, "max")) { /* linear but for kinks: a tiny step crosses none */
          const double t = (weighed_sum(&f, k, i, 1e-6) - weighed_sum(&f, k, i, -1e-6)) / 2e-6;
          if (!(fabs(t - f.diff[k][i]) <= 1e-7 * most)) fail_msg("%s, case %d: operand %d, diff %d: %.12g, differences %.12g", c->op, (int)(c - golden_cases), k, (int)i, f.diff[k][i], t);
          continue;
        }
        const double slope = (8 * s1 - s2) / (12 * h);
        if (!(fabs(slope - f.diff[k][i]) <= 1e-7 * most))
          fail_msg("%s, case %d: the reference's diff %d of operand %d is %.12g, central differences say %.12g", c->op, (int)(c - golden_cases), (int)i, k, f.diff[k][i], slope);
      }
    }
    free_reference(&f);
  }
}

static void judge_golden(const golden_case *c, const reference *f, float *const *got, const char *isa)
{
  for (int k = 0; c->has_values && k < c->n_in; k++) {
    const golden_want *w = &c->want[k];
    for (int64_t i = 0, at = 0; at < f->in[k].n; i++, at += w->step)
      if (!(fabs((double)got[k][at] - (double)golden_values[w->at + i]) <= (c->in[0].kind == 'o' ? 1e-4 : 1e-5) * fmax(w->most, 1e-3)))
        fail_msg("%s, case %d, %s: diff %d of operand %d is %.9g, torch says %.9g", c->op, (int)(c - golden_cases), isa, (int)at, k, (double)got[k][at],
                 (double)golden_values[w->at + i]);
  }
}

static void agrees_with_torch_and_the_reference(void **state)
{
  (void)state;
  const char *isas[4];
  const int n_isa = test_isas(isas);
  for (int i = 0; i < n_isa; i++) {
    aus_ctx *ctx = isa_ctx(isas[i], 1);
    for (const golden_case *c = golden_cases; c < golden_cases + N_CASES; c++) {
      reference f;
      float *got[5];
      make_reference(c, 9, &f);
      run(ctx, &f, ~0u, (c - golden_cases + i) % 2, got);
      judge(c, 9, isas[i], &f, got);
      judge_golden(c, &f, got, isas[i]);
      drop(got, c->n_in);
      free_reference(&f);
    }
    aus_ctx_destroy(ctx);
  }
}

static void every_length_on_every_isa(void **state)
{
  (void)state;
  const char *isas[4];
  aus_ctx *ctx[4];
  const int n_isa = test_isas(isas);
  for (int i = 0; i < n_isa; i++) ctx[i] = isa_ctx(isas[i], 1 + i % 3);
  for (const golden_case *c = golden_cases; c < golden_cases + N_CASES; c++)
    for (int length = strcmp(c->op, "max_pool") == 0 && c->in[0].rank == 4 ? 2 : 1; has_length(c) && length <= 67; length++) {
      reference f;
      make_reference(c, length, &f);
      for (int i = 0; i < n_isa; i++) {
        float *got[5];
        run(ctx[i], &f, ~0u, (length + i) % 2, got);
        judge(c, length, isas[i], &f, got);
        drop(got, c->n_in);
      }
      free_reference(&f);
    }
  for (int i = 0; i < n_isa; i++) aus_ctx_destroy(ctx[i]);
}

/* The mask: zeros and 1 / (1 - rate), the expected share of each, the same there and back, for any number of threads,
 * another one for another seed, draw or neither. */
static void dropout_trains(void **state)
{
  (void)state;
  enum { N = 100003 };
  static float x[N], y[3][N], d[N];
  const aus_op *op = aus_op_by_name("dropout");
  const float rate = 0.3f;
  for (int i = 0; i < N; i++) x[i] = 1;
  const uint64_t draws[4][2] = { { 7, 1 }, { 7, 1 }, { 8, 1 }, { 7, 2 } };
  for (int k = 0; k < 4; k++) {
    aus_ctx *ctx = test_ctx(1 + k % 3);
    aus_operand in = { x, { 1, { N } } }, out = { y[k ? 1 : 0], { 1, { N } } };
    aus_call call = { .ctx = ctx, .op = op->code, .n_in = 1, .n_out = 1, .n_attr = 1, .in = &in, .out = &out, .attr = &(aus_word){ .f = rate },
                      .training = true, .seed = draws[k][0], .draw = draws[k][1] };
    op->impl->forward(&call);
    const float *diff_dst = x;
    float *diff_src = d;
    op->impl->backward(&(aus_back){ &call, &diff_dst, &diff_src, NULL });
    assert_memory_equal(d, out.data, sizeof d);
    int64_t zeros = 0, same = 0;
    for (int i = 0; i < N; i++) {
      zeros += out.data[i] == 0;
      if (out.data[i] != 0) assert_near(out.data[i], 1 / (1 - 0.3), 1e-6);
      same += out.data[i] == y[0][i];
    }
    assert_near((double)zeros / N, 0.3, 0.005); /* 3.4 standard deviations */
    if (k == 1) assert_int_equal(same, N);
    if (k > 1) assert_near((double)same / N, 0.3 * 0.3 + 0.7 * 0.7, 0.01);
    aus_ctx_destroy(ctx);
  }
}

/* In a run: the moments a trainer reads are torch's (batch mean, unbiased variance), and training reaches each node. */
static void batch_norm_trains(void **state)
{
  (void)state;
  aus_ctx *ctx = test_ctx(2);
  aus_builder *b;
  void *bytes;
  size_t size;
  aus_bundle *bundle;
  aus_run *run;
  const int32_t dim[3] = { 2, 2, 3 }, channels = 2;
  const float one[2] = { 1, 1 }, zero[2] = { 0, 0 }, x[12] = { 1, 2, 3, 10, 10, 10, 4, 5, 6, 10, 16, 10 };
  assert_ok(ctx, aus_builder_create(ctx, &b));
  const int32_t in[5] = { aus_builder_input(b, "x", 3, dim), aus_builder_param(b, "scale", 1, &channels, one), aus_builder_param(b, "shift", 1, &channels, zero),
                          aus_builder_param(b, "mean", 1, &channels, zero), aus_builder_param(b, "variance", 1, &channels, one) };
  const int32_t y = aus_builder_node(b, AUS_OP_batch_norm, "norm", 5, in, 1, 1, &(aus_word){ .f = 0 });
  aus_builder_output(b, aus_builder_node(b, AUS_OP_dropout, "drop", 1, &y, 1, 1, &(aus_word){ .f = 0.5f }));
  assert_ok(ctx, aus_builder_finish(b, &bytes, &size));
  aus_builder_destroy(b);
  assert_ok(ctx, aus_bundle_open_memory(ctx, bytes, size, &bundle));
  assert_ok(ctx, aus_run_create_with(ctx, bundle, NULL, NULL, 0, AUS_RUN_KEEP | AUS_RUN_TRAINING, &run));
  aus_run_reseed(run, 1, 1);
  memcpy(aus_run_input(run, 0), x, sizeof x);
  assert_ok(ctx, aus_run_forward(run));
  aus_moments m;
  assert_true(aus_run_moments(run, 0, &m));
  assert_int_equal(m.channels, 2);
  assert_int_equal(m.mean_tensor, aus_bundle_find_tensor(bundle, "mean"));
  assert_int_equal(m.variance_tensor, aus_bundle_find_tensor(bundle, "variance"));
  assert_near(m.mean[0], 3.5, 1e-6);
  assert_near(m.variance[0], 3.5, 1e-6); /* 17.5 / 5 */
  assert_near(m.mean[1], 11, 1e-6);
  assert_near(m.variance[1], 6, 1e-5); /* 30 / 5 */
  assert_false(aus_run_moments(run, 1, &m));
  aus_dims d;
  const float *norm = aus_run_value(run, aus_run_find(run, "norm"), &d), *out = aus_run_output(run, 0, &d);
  assert_near(norm[0], -2.5 / sqrt(17.5 / 6), 1e-6);
  int zeros = 0;
  for (int i = 0; i < 12; i++) {
    zeros += out[i] == 0;
    if (out[i] != 0) assert_near(out[i], 2 * (double)norm[i], 1e-6);
  }
  assert_true(zeros > 0 && zeros < 12);
  aus_run_destroy(run);
  const aus_dims single = { 3, { 1, 2, 1 } };
  assert_int_equal(aus_run_create_with(ctx, bundle, &single, NULL, 0, AUS_RUN_TRAINING, &run), AUS_EINVAL); /* the graph's own dims */
  aus_bundle_close(bundle);
  aus_free(ctx, bytes);
  aus_ctx_destroy(ctx);
}

static void going_back_touches_no_allocator(void **state)
{
  (void)state;
  meter m = { .left = -1 };
  aus_ctx *ctx = meter_ctx(&m);
  for (const golden_case *c = golden_cases; c < golden_cases + N_CASES; c++) {
    reference f;
    float *got[5];
    make_reference(c, 9, &f);
    const int64_t before = m.calls;
    run(ctx, &f, ~0u, true, got);
    if (m.calls != before) fail_msg("%s allocates", c->op);
    drop(got, c->n_in);
    free_reference(&f);
  }
  aus_ctx_destroy(ctx);
  assert_int_equal(m.blocks, 0);
}

static void same_bits_for_1_2_3_threads_and_one_at_a_time(void **state)
{
  (void)state;
  aus_ctx *ctx[3] = { test_ctx(1), test_ctx(2), test_ctx(3) };
  for (const golden_case *c = golden_cases; c < golden_cases + N_CASES; c++) {
    reference f;
    float *first[5], *got[5];
    make_reference(c, 67, &f);
    run(ctx[0], &f, ~0u, true, first);
    for (int t = 1; t < 3; t++) {
      run(ctx[t], &f, ~0u, true, got);
      for (int k = 0; k < c->n_in; k++)
        if (memcmp(first[k], got[k], (size_t)f.in[k].n * sizeof(float))) fail_msg("%s, case %d: %d threads give other bits than one", c->op, (int)(c - golden_cases), t + 1);
      drop(got, c->n_in);
    }
    for (int k = 0; k < c->n_in; k++) {
      run(ctx[k % 3], &f, 1u << k, true, got);
      if (memcmp(first[k], got[k], (size_t)f.in[k].n * sizeof(float))) fail_msg("%s, case %d: diff %d alone has other bits", c->op, (int)(c - golden_cases), k);
      drop(got, c->n_in);
    }
    drop(first, c->n_in);
    free_reference(&f);
  }
  for (int t = 0; t < 3; t++) aus_ctx_destroy(ctx[t]);
}

static void every_op_left_to_this_file_has_cases(void **state)
{
  (void)state;
  for (size_t i = 0; i < sizeof back_linear_ops / sizeof *back_linear_ops; i++) {
    int cases = 0;
    for (int k = 0; k < N_CASES; k++) cases += strcmp(golden_cases[k].op, back_linear_ops[i]) == 0;
    if (row_of(back_linear_ops[i]) < 0 || !cases) fail_msg("op %s has no case", back_linear_ops[i]);
  }
}

int main(void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(every_op_left_to_this_file_has_cases),
    cmocka_unit_test(references_agree_with_central_differences),
    cmocka_unit_test(agrees_with_torch_and_the_reference),
    cmocka_unit_test(every_length_on_every_isa),
    cmocka_unit_test(dropout_trains),
    cmocka_unit_test(batch_norm_trains),
    cmocka_unit_test(going_back_touches_no_allocator),
    cmocka_unit_test(same_bits_for_1_2_3_threads_and_one_at_a_time),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
