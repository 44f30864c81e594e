/* test_attention.c - attention against naive sums in double, torch, and itself. */
#include "op_test.h"

#include "golden/rnn.h"

typedef struct attention_case { int64_t mb, tq, tk, e, ev; int32_t heads; float scale; int32_t mask_rank; int64_t mask[4]; } attention_case;

typedef struct tensors { float *q, *k, *v, *mask; } tensors;

static float *scaled(int64_t n, int64_t salt, float by)
{
  float *x = rough(n, salt);
  for (int64_t i = 0; i < n; i++) x[i] *= by;
  return x;
}

static op_test make(const attention_case *c, const tensors *v)
{
  op_test t = { .op = AUS_OP_attention, .n_in = 4, .n_out = 2, .n_attr = 2, .want = { true, true } };
  t.in_shape[0] = (aus_shape){ 3, { c->mb, c->tq, c->e } };
  t.in_shape[1] = (aus_shape){ 3, { c->mb, c->tk, c->e } };
  t.in_shape[2] = (aus_shape){ 3, { c->mb, c->tk, c->ev } };
  t.in_shape[3] = (aus_shape){ c->mask_rank, { c->mask[0], c->mask[1], c->mask[2], c->mask[3] } };
  t.in[0] = v->q; t.in[1] = v->k; t.in[2] = v->v;
  t.in[3] = c->mask_rank ? v->mask : NULL;
  t.attr[0].i = c->heads;
  t.attr[1].f = c->scale;
  return t;
}

static double mask_at(const attention_case *c, const float *mask, const int64_t index[4])
{
  int64_t at = 0;
  for (int32_t i = 0; i < c->mask_rank; i++) at = at * c->mask[i] + (c->mask[i] == 1 ? 0 : index[4 - c->mask_rank + i]);
  return c->mask_rank ? mask[at] : 0;
}

static void naive(const attention_case *c, const tensors *v, double *probs, double *y)
{
  const int64_t d = c->e / c->heads, dv = c->ev / c->heads;
  const double scale = c->scale == 0 ? 1 / sqrt((double)d) : (double)c->scale;
  for (int64_t b = 0; b < c->mb; b++)
    for (int64_t h = 0; h < c->heads; h++)
      for (int64_t q = 0; q < c->tq; q++) {
        double *p = probs + ((b * c->heads + h) * c->tq + q) * c->tk, most = -INFINITY, sum = 0;
        for (int64_t k = 0; k < c->tk; k++) {
          double s = 0;
          for (int64_t i = 0; i < d; i++) s += (double)v->q[(b * c->tq + q) * c->e + h * d + i] * (double)v->k[(b * c->tk + k) * c->e + h * d + i];
          p[k] = s * scale + mask_at(c, v->mask, (int64_t[4]){ b, h, q, k });
          most = fmax(most, p[k]);
        }
        for (int64_t k = 0; k < c->tk; k++) { p[k] = exp(p[k] - most); sum += p[k]; }
        for (int64_t k = 0; k < c->tk; k++) p[k] /= sum;
        for (int64_t i = 0; i < dv; i++) {
          double s = 0;
          for (int64_t k = 0; k < c->tk; k++) s += p[k] * (double)v->v[(b * c->tk + k) * c->ev + h * dv + i];
          y[(b * c->tq + q) * c->ev + h * dv + i] = s;
        }
      }
}

static void check_case(const attention_case *c)
{
  const char *isas[4];
  const int n_isa = test_isas(isas);
  int64_t n_mask = 1;
  for (int32_t i = 0; i < c->mask_rank; i++) n_mask *= c->mask[i];
  tensors v = { rough(c->mb * c->tq * c->e, 5), rough(c->mb * c->tk * c->e, 6), rough(c->mb * c->tk * c->ev, 7), scaled(n_mask, 8, 4) };
  const int64_t np = c->mb * c->heads * c->tq * c->tk, ny = c->mb * c->tq * c->ev;
  double *probs = calloc((size_t)np, sizeof *probs), *y = calloc((size_t)ny, sizeof *y);
  naive(c, &v, probs, y);
  for (int i = 0; i < n_isa; i++) {
    float *one = NULL;
    for (int threads = 1; threads <= 3; threads++) {
      aus_ctx *ctx = isa_ctx(isas[i], threads);
      op_test t = make(c, &v);
      t.want[1] = threads != 2; /* the same with and without the probabilities */
      t.at_end = threads != 3;
      op_test_run(ctx, &t);
      for (int64_t j = 0; j < ny; j++) assert_near(t.out[0][j], y[j], 1e-5);
      for (int64_t j = 0; t.want[1] && j < np; j++) assert_near(t.out[1][j], probs[j], 1e-5);
      if (!one) { one = t.out[0]; t.out[0] = NULL; }
      else assert_memory_equal(one, t.out[0], (size_t)ny * sizeof *one);
      op_test_free(&t);
      aus_ctx_destroy(ctx);
    }
    free(one);
  }
  free(probs); free(y); free(v.q); free(v.k); free(v.v); free(v.mask);
}

static void test_shapes(void **state)
{
  (void)state;
  static const attention_case cases[] = {
    { .mb = 1, .tq = 1, .tk = 1, .e = 1, .ev = 1, .heads = 1 },
    { .mb = 2, .tq = 9, .tk = 11, .e = 12, .ev = 12, .heads = 3, .scale = 0.5f, .mask_rank = 2, .mask = { 9, 11 } },
    { .mb = 2, .tq = 70, .tk = 130, .e = 64, .ev = 64, .heads = 2, .mask_rank = 4, .mask = { 2, 1, 1, 130 } },
    { .mb = 1, .tq = 130, .tk = 67, .e = 40, .ev = 24, .heads = 4, .scale = -0.3f, .mask_rank = 4, .mask = { 1, 4, 130, 1 } },
    { .mb = 3, .tq = 2, .tk = 257, .e = 66, .ev = 34, .heads = 2, .mask_rank = 1, .mask = { 1 } },
    { .mb = 1, .tq = 300, .tk = 5, .e = 7, .ev = 3, .heads = 1 },
  };
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) check_case(&cases[i]);
}

static void test_lengths(void **state)
{
  (void)state;
  for (int64_t n = 1; n <= 67; n++) {
    const attention_case c = { .mb = 1, .tq = 3, .tk = n, .e = 2 * (1 + n % 19), .ev = 2 * (1 + n % 37), .heads = 2 };
    check_case(&c);
  }
}

static void test_torch(void **state)
{
  (void)state;
  const char *isas[4];
  const int n_isa = test_isas(isas);
  const attention_case c = { .mb = 2, .tq = 9, .tk = 11, .e = 12, .ev = 12, .heads = 3, .scale = 0.5f, .mask_rank = 2, .mask = { 9, 11 } };
  tensors v = { scaled(2 * 9 * 12, 5, 2), scaled(2 * 11 * 12, 6, 2), rough(2 * 11 * 12, 7), scaled(99, 8, 4) };
  for (int i = 0; i < n_isa; i++) {
    aus_ctx *ctx = isa_ctx(isas[i], 1);
    op_test t = make(&c, &v);
    op_test_run(ctx, &t);
    for (int j = 0; j < 2 * 9 * 12; j++) assert_near(t.out[0][j], golden_attention_y[j], 1e-5);
    for (int j = 0; j < 2 * 3 * 9 * 11; j++) assert_near(t.out[1][j], golden_attention_probs[j], 1e-5);
    op_test_free(&t);
    aus_ctx_destroy(ctx);
  }
  free(v.q); free(v.k); free(v.v); free(v.mask);
}

/* Keys that the mask forbids (-inf) get nothing; wrong operands are refused. */
static void test_edges(void **state)
{
  (void)state;
  aus_ctx *ctx = test_ctx(1);
  const attention_case c = { .mb = 1, .tq = 2, .tk = 3, .e = 4, .ev = 4, .heads = 2, .mask_rank = 1, .mask = { 3 } };
  float q[8] = { 1, 2, 3, 4, 5, 6, 7, 8 }, k[12] = { 1, 1, 1, 1, 2, 2, 2, 2, 3, 3, 3, 3 }, mask[3] = { 0, -INFINITY, -INFINITY };
  const tensors v = { q, k, k, mask };
  op_test t = make(&c, &v);
  op_test_run(ctx, &t);
  for (int i = 0; i < 8; i++) assert_true(t.out[0][i] == 1.0f);
  for (int i = 0; i < 12; i++) assert_true(t.out[1][i] == (i % 3 == 0 ? 1.0f : 0.0f));
  op_test_free(&t);
  aus_operand in[OP_TEST_IN] = {0}, out[OP_TEST_OUT] = {0};
  aus_call call;
  op_test bad = t; bad.attr[0].i = 3; assert_int_equal(op_test_shape(ctx, &bad, in, out, &call), AUS_EFORMAT);
  bad = t; bad.in_shape[1].dim[2] = 6; assert_int_equal(op_test_shape(ctx, &bad, in, out, &call), AUS_EFORMAT);
  bad = t; bad.in_shape[3].dim[0] = 2; assert_int_equal(op_test_shape(ctx, &bad, in, out, &call), AUS_EFORMAT);
  aus_ctx_destroy(ctx);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(test_shapes), cmocka_unit_test(test_lengths), cmocka_unit_test(test_torch), cmocka_unit_test(test_edges),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
