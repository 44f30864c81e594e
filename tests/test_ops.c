/* test_ops.c - one row per op of ops.def.
 *
 * Each op is judged by torch's values (golden/ops.h) and by a naive double reference (ops_ref.h), on every instruction
 * set of this machine, for lengths 1 to 67, between guard pages, with 1, 2 and 3 threads (same bits), with every
 * allocation failing in turn, and with wrong shapes and hostile attributes. */
#define _DEFAULT_SOURCE
#include "oom.h"
#include "test.h"

#include "format/writer.h"
#include "nn/run.h"

#include "op_case.h"

/* ---- the rows -------------------------------------------------------------------------------- */

static void every_op_has_a_row(void **state)
{
  (void)state;
  static const char *const names[] = {
#define AUS_OP(code, name, in, out, attr) #name,
#include "nn/ops.def"
#undef AUS_OP
  };
  for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
    int with_values = 0;
    for (int k = 0; k < N_CASES; k++) with_values += strcmp(golden_cases[k].op, names[i]) == 0 && golden_cases[k].count[0] > 0;
    if (!reference_of(names[i]) || !with_values) fail_msg("op %s has no row, or no golden case", names[i]);
    assert_non_null(aus_op_by_name(names[i]));
  }
}

/* ---- judging ------------------------------------------------------------------------------------------ */

static void judge(const golden_case *c, int length, const char *by, const float *got, int64_t n, const double *want, const float *golden)
{
  double most = 0;
  for (int64_t i = 0; i < n; i++) most = fmax(most, fabs(want ? want[i] : (double)golden[i]));
  for (int64_t i = 0; i < n; i++) {
    const double w = want ? want[i] : (double)golden[i];
    if (!(fabs((double)got[i] - w) <= 1e-5 * fabs(w) + 2e-6 * most))
      fail_msg("%s, case %d, length %d, against %s: value %lld is %.9g, should be %.9g", c->op, (int)(c - golden_cases), length, by, (long long)i, (double)got[i], w);
  }
}

static void judge_run(const golden_case *c, int length, const ref *r, const aus_run *run)
{
  const float *golden = golden_values + c->at;
  for (int k = 0; k < c->n_out; k++) {
    aus_dims d;
    const float *got = aus_run_output(run, k, &d);
    if (d.rank != r->out[k].rank) fail_msg("%s, case %d: rank %d, should be %d", c->op, (int)(c - golden_cases), d.rank, r->out[k].rank);
    for (int i = 0; i < d.rank; i++)
      if (d.dim[i] != r->out[k].dim[i]) fail_msg("%s, case %d: dim %d is %lld, should be %lld", c->op, (int)(c - golden_cases), i, (long long)d.dim[i], (long long)r->out[k].dim[i]);
    judge(c, length, "the reference", got, r->out[k].n, r->out[k].v, NULL);
    if (c->count[k]) {
      assert_int_equal(c->count[k], r->out[k].n);
      judge(c, length, "torch", got, r->out[k].n, NULL, golden);
      golden += c->count[k];
    }
  }
}

static void agrees_with_torch_and_reference_on_every_isa(void **state)
{
  (void)state;
  int checked = 0;
  for (int i = 0; i < 4; i++) {
    aus_ctx *ctx = isa_ctx(i, 1);
    if (!ctx) continue;
    for (const golden_case *c = golden_cases; c < golden_cases + N_CASES; c++) {
      if (has_length(c)) continue;
      arr in[6];
      ref r = make_reference(c, 0, in);
      job j = start(ctx, c, 0);
      assert_ok(ctx, aus_run_forward(j.run));
      judge_run(c, 0, &r, j.run);
      free_reference(&r, in);
      end_job(&j);
      checked++;
    }
    aus_ctx_destroy(ctx);
  }
  assert_true(checked >= 300);
}

static void lengths_1_to_67_on_every_isa(void **state)
{
  (void)state;
  for (int i = 0; i < 4; i++) {
    aus_ctx *ctx = isa_ctx(i, 1);
    if (!ctx) continue;
    for (const golden_case *c = golden_cases; c < golden_cases + N_CASES; c++)
      for (int length = 1; has_length(c) && length <= LONGEST; length++) {
        arr in[6];
        ref r = make_reference(c, length, in);
        job j = start(ctx, c, length);
        assert_ok(ctx, aus_run_forward(j.run));
        judge_run(c, length, &r, j.run);
        free_reference(&r, in);
        end_job(&j);
      }
    aus_ctx_destroy(ctx);
  }
}

static void empty_arrays_are_refused(void **state)
{
  (void)state;
  aus_ctx *ctx = test_ctx(1);
  const int32_t free_dim[2] = { 3, -1 };
  aus_builder *b;
  assert_ok(ctx, aus_builder_create(ctx, &b));
  const int32_t x = aus_builder_input(b, "x", 2, free_dim);
  aus_builder_output(b, aus_builder_node(b, AUS_OP_relu, "y", 1, &x, 1, 0, NULL));
  job j = { .ctx = ctx };
  size_t size;
  assert_ok(ctx, aus_builder_finish(b, &j.bytes, &size));
  aus_builder_destroy(b);
  assert_ok(ctx, aus_bundle_open_memory(ctx, j.bytes, size, &j.bundle));
  const aus_dims bad[] = { { 2, { 3, 0 } }, { 2, { 3, -5 } }, { 2, { 4, 1 } }, { 1, { 3 } }, { 7, { 3, 1 } }, { -1, { 0 } } };
  for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
    assert_int_equal(aus_run_create(ctx, j.bundle, &bad[i], NULL, 0, &j.run), AUS_EINVAL);
    assert_non_null(strstr(aus_ctx_error(ctx), "'x'"));
  }
  const aus_dims huge = { 2, { 3, INT64_C(1) << 40 } };
  assert_int_equal(aus_run_create(ctx, j.bundle, &huge, NULL, 0, &j.run), AUS_ELIMIT);
  const char *tap = "nothing";
  assert_int_equal(aus_run_create(ctx, j.bundle, NULL, &tap, 1, &j.run), AUS_EINVAL);
  end_job(&j);
  aus_ctx_destroy(ctx);
}

/* ---- guard pages: a copy of an operand that ends (or begins) at a page nobody may touch ---------------- */

static void run_guarded(const golden_case *c, aus_ctx *ctx, int length, bool at_end)
{
  job j = start(ctx, c, length);
  aus_step *s = &j.run->step[0];
  if (s->state == AUS_STEP_RUNS) {
    aus_operand in[6], out[3];
    aus_call call = s->call;
    for (int k = 0; k < call.n_in; k++) {
      in[k] = call.in[k];
      if (in[k].data) in[k].data = guarded_copy(in[k].data, aus_shape_count(&in[k].shape), at_end);
    }
    for (int k = 0; k < call.n_out; k++) {
      out[k] = call.out[k];
      if (out[k].data) out[k].data = guarded_copy(out[k].data, aus_shape_count(&out[k].shape), at_end);
    }
    call.in = in;
    call.out = out;
    assert_ok(ctx, aus_run_forward(j.run));
    s->op->impl->forward(&call);
    for (int k = 0; k < call.n_out; k++)
      if (out[k].data) assert_memory_equal(out[k].data, s->call.out[k].data, (size_t)aus_shape_count(&out[k].shape) * sizeof(float));
    for (int k = 0; k < call.n_in; k++) drop_guarded(in[k].data, aus_shape_count(&in[k].shape), at_end);
    for (int k = 0; k < call.n_out; k++) drop_guarded(out[k].data, aus_shape_count(&out[k].shape), at_end);
  }
  end_job(&j);
}

static void nothing_beyond_the_operands_is_touched(void **state)
{
  (void)state;
  static const int lengths[] = { 1, 2, 7, 15, 16, 17, 33, 67 };
  for (int i = 0; i < 4; i++) {
    aus_ctx *ctx = isa_ctx(i, 1);
    if (!ctx) continue;
    for (const golden_case *c = golden_cases; c < golden_cases + N_CASES; c++) {
      if (case_size(c) > 4000) continue;
      for (int k = 0; k < (has_length(c) ? 8 : 1); k++)
        for (int at_end = 0; at_end < 2; at_end++) run_guarded(c, ctx, lengths[k], at_end);
    }
    aus_ctx_destroy(ctx);
  }
}

/* ---- threads ---------------------------------------------------------------------------------------------- */

static void same_bits_for_1_2_3_threads(void **state)
{
  (void)state;
  aus_ctx *ctx[3] = { test_ctx(1), test_ctx(2), test_ctx(3) };
  for (const golden_case *c = golden_cases; c < golden_cases + N_CASES; c++) {
    if (has_length(c)) continue;
    job j[3];
    for (int t = 0; t < 3; t++) {
      j[t] = start(ctx[t], c, 0);
      assert_ok(ctx[t], aus_run_forward(j[t].run));
      for (int k = 0; k < c->n_out; k++) {
        aus_dims d;
        const float *got = aus_run_output(j[t].run, k, &d);
        if (memcmp(got, aus_run_output(j[0].run, k, NULL), (size_t)aus_shape_count(&d) * sizeof *got) != 0)
          fail_msg("%s, case %d: %d threads give other bits than one", c->op, (int)(c - golden_cases), t + 1);
      }
    }
    for (int t = 0; t < 3; t++) end_job(&j[t]);
  }
  for (int t = 0; t < 3; t++) aus_ctx_destroy(ctx[t]);
}

/* ---- memory -------------------------------------------------------------------------------------------------- */

static void running_touches_no_allocator(void **state)
{
  (void)state;
  meter m = { .left = -1 };
  aus_ctx *ctx = meter_ctx(&m);
  for (const golden_case *c = golden_cases; c < golden_cases + N_CASES; c++) {
    job j = start(ctx, c, 9);
    const int64_t before = m.calls;
    assert_ok(ctx, aus_run_forward(j.run));
    if (m.calls != before) fail_msg("%s allocates while it runs", c->op);
    end_job(&j);
  }
  aus_ctx_destroy(ctx);
  assert_int_equal(m.blocks, 0);
}

static aus_status make_and_run(aus_ctx *ctx, void *arg)
{
  job j = { .ctx = ctx };
  aus_status status = make_bundle(ctx, arg, 9, &j);
  if (status == AUS_OK) status = aus_run_create(ctx, j.bundle, NULL, NULL, 0, &j.run);
  if (status == AUS_OK) status = aus_run_forward(j.run);
  end_job(&j);
  return status;
}

static void every_allocation_failing(void **state)
{
  (void)state;
  const char *before = "";
  for (const golden_case *c = golden_cases; c < golden_cases + N_CASES; c++) {
    if (strcmp(c->op, before) == 0) continue; /* one case per op */
    before = c->op;
    golden_case one = *c;
    assert_true(oom_sweep(c->op, make_and_run, &one) > 10);
  }
}

/* ---- misuse ------------------------------------------------------------------------------------------------------ */

/* Makes what can be made of the case, runs it when it is small; any status will do, a crash will not. */
static int attempt(const golden_case *c)
{
  meter m = { .left = -1, .most = 1 << 24 };
  aus_ctx *ctx = meter_ctx(&m);
  job j;
  aus_status status = make_bundle(ctx, c, 5, &j);
  if (status == AUS_OK) {
    ctx->error[0] = 0;
    status = aus_run_create(ctx, j.bundle, NULL, NULL, 0, &j.run);
    if (status != AUS_OK && !*aus_ctx_error(ctx)) fail_msg("%s: status %d without a text", c->op, status);
    if (status == AUS_OK && aus_run_bytes(j.run) < 100000) {
      memset(j.run->arena, 0, aus_run_bytes(j.run));
      assert_ok(ctx, aus_run_forward(j.run));
    }
  }
  end_job(&(job){ ctx, j.bundle, j.run, j.bytes });
  aus_ctx_destroy(ctx);
  assert_int_equal(m.blocks, 0);
  return status == AUS_OK;
}

static void hostile_attributes_and_shapes(void **state)
{
  (void)state;
  static const int32_t words[] = { 0, 1, -1, 2, 5, 100, INT32_MAX, INT32_MIN, 0x7fc00000, 0x3f800000 };
  static const int dims[] = { 1, 2, 6, 1 << 20, INT32_MAX };
  int passed = 0, refused = 0;
  for (int n = 0; n < N_CASES; n++) {
    golden_case c = golden_cases[n];
    if (case_size(&golden_cases[n]) > 4000) continue;
    for (int w = 0; w < c.n_attr; w++)
      for (size_t k = 0; k < sizeof words / sizeof *words; k++) {
        c.attr[w] = words[k];
        if (attempt(&c)) passed++; else refused++;
        c.attr[w] = golden_cases[n].attr[w];
      }
    for (int i = 0; i < c.n_in; i++) {
      for (int d = 0; d < c.in[i].rank; d++)
        for (size_t k = 0; k < sizeof dims / sizeof *dims; k++) {
          if (c.in[i].param && dims[k] > 100) continue;
          c.in[i].dim[d] = dims[k];
          if (attempt(&c)) passed++; else refused++;
          c.in[i].dim[d] = golden_cases[n].in[i].dim[d];
        }
      for (int rank = 0; rank <= 6; rank++) {
        for (int d = c.in[i].rank; d < rank; d++) c.in[i].dim[d] = 2;
        c.in[i].rank = rank;
        if (attempt(&c)) passed++; else refused++;
        c.in[i] = golden_cases[n].in[i];
      }
    }
    c.n_in = 1;
    c.n_attr = 0;
    if (attempt(&c)) passed++; else refused++;
  }
  assert_true(passed > 100 && refused > 100);
}

static void wrong_graphs_name_the_node(void **state)
{
  (void)state;
  aus_ctx *ctx = test_ctx(1);
  golden_case c = *golden_cases;
  for (int n = 0; n < N_CASES; n++)
    if (strcmp(golden_cases[n].op, "matmul") == 0) { c = golden_cases[n]; break; }
  job j;
  c.in[1].dim[0] += 1;
  assert_ok(ctx, make_bundle(ctx, &c, 0, &j));
  assert_int_equal(aus_run_create(ctx, j.bundle, NULL, NULL, 0, &j.run), AUS_EFORMAT);
  assert_string_equal(aus_ctx_error(ctx), "node 'y' (matmul): matrices [3, 4] and [5, 5] do not fit");
  end_job(&j);
  aus_ctx_destroy(ctx);
}

/* ---- seeds for fuzz/fuzz_aus: tests/test_ops --corpus DIR (byte 0: checksums are to be repaired) ------------ */

static int write_corpus(const char *dir)
{
  static const char *const ops[] = { "conv", "conv_transpose", "linear", "matmul", "batch_norm", "layer_norm", "group_norm", "max_pool", "avg_pool",
    "adaptive_avg_pool", "prelu", "where", "softmax", "reduce_sum", "concat", "slice", "reshape", "transpose", "pad", "expand", "tile", "gather",
    "cumsum", "resize", "depth_to_space", "scatter_rows", "lstm", "gru", "rnn", "attention" };
  aus_ctx *ctx = test_ctx(1);
  for (size_t i = 0; i < sizeof ops / sizeof *ops; i++) {
    const golden_case *least = NULL;
    for (const golden_case *c = golden_cases; c < golden_cases + N_CASES; c++)
      if (strcmp(c->op, ops[i]) == 0 && !has_length(c) && (!least || case_size(c) < case_size(least))) least = c;
    job j;
    char path[512];
    assert_ok(ctx, make_bundle(ctx, least, 0, &j));
    snprintf(path, sizeof path, "%s/op_%s", dir, ops[i]);
    FILE *f = fopen(path, "wb");
    if (!f) return 1;
    fputc(1, f);
    fwrite(j.bytes, 1, j.bundle->size, f);
    fclose(f);
    end_job(&j);
  }
  aus_ctx_destroy(ctx);
  return 0;
}

int main(int argc, char **argv)
{
  if (argc == 3 && strcmp(argv[1], "--corpus") == 0) return write_corpus(argv[2]);
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(every_op_has_a_row),
    cmocka_unit_test(agrees_with_torch_and_reference_on_every_isa),
    cmocka_unit_test(lengths_1_to_67_on_every_isa),
    cmocka_unit_test(empty_arrays_are_refused),
    cmocka_unit_test(nothing_beyond_the_operands_is_touched),
    cmocka_unit_test(same_bits_for_1_2_3_threads),
    cmocka_unit_test(running_touches_no_allocator),
    cmocka_unit_test(every_allocation_failing),
    cmocka_unit_test(hostile_attributes_and_shapes),
    cmocka_unit_test(wrong_graphs_name_the_node),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
