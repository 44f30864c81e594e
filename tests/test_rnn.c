/* test_rnn.c - lstm, gru (both forms) and rnn against naive sums in double, torch, and themselves. */
#include "op_test.h"

#include "golden/rnn.h"

typedef struct rnn_case {
  int32_t op, direction, batch_first, flag; /* flag: linear_before_reset of gru, relu of rnn */
  int64_t t, mb, in, hidden;
  bool bias, h0, c0;
} rnn_case;

typedef struct tensors { float *x, *w, *r, *bias, *h0, *c0; } tensors;

static int gates_of(const rnn_case *k) { return k->op == AUS_OP_lstm ? 4 : k->op == AUS_OP_gru ? 3 : 1; }
static int64_t dirs_of(const rnn_case *k) { return k->direction == 2 ? 2 : 1; }

static float *scaled(int64_t n, int64_t salt, float by)
{
  float *x = rough(n, salt);
  for (int64_t i = 0; i < n; i++) x[i] *= by;
  return x;
}

static tensors make_tensors(const rnn_case *k)
{
  const int64_t g = gates_of(k), d = dirs_of(k), h = k->hidden;
  return (tensors){ .x = rough(k->t * k->mb * k->in, 5), .w = scaled(d * g * h * k->in, 11, 0.5f), .r = scaled(d * g * h * h, 22, 0.25f),
                    .bias = scaled(d * 2 * g * h, 33, 0.5f), .h0 = rough(d * k->mb * h, 44), .c0 = rough(d * k->mb * h, 55) };
}

static void free_tensors(tensors *v) { free(v->x); free(v->w); free(v->r); free(v->bias); free(v->h0); free(v->c0); }

static op_test make(const rnn_case *k, const tensors *v)
{
  const int64_t g = gates_of(k), d = dirs_of(k), h = k->hidden;
  const bool lstm = k->op == AUS_OP_lstm;
  op_test t = { .op = k->op, .n_in = lstm ? 6 : 5, .n_out = lstm ? 3 : 2, .n_attr = lstm ? 3 : 4, .want = { true, true, true } };
  t.in_shape[0] = k->batch_first ? (aus_shape){ 3, { k->mb, k->t, k->in } } : (aus_shape){ 3, { k->t, k->mb, k->in } };
  t.in_shape[1] = (aus_shape){ 3, { d, g * h, k->in } };
  t.in_shape[2] = (aus_shape){ 3, { d, g * h, h } };
  t.in_shape[3] = (aus_shape){ 2, { d, 2 * g * h } };
  t.in_shape[4] = t.in_shape[5] = (aus_shape){ 3, { d, k->mb, h } };
  t.in[0] = v->x; t.in[1] = v->w; t.in[2] = v->r;
  t.in[3] = k->bias ? v->bias : NULL;
  t.in[4] = k->h0 ? v->h0 : NULL;
  t.in[5] = k->c0 ? v->c0 : NULL;
  t.attr[0].i = (int32_t)h;
  t.attr[1].i = k->direction;
  if (lstm) t.attr[2].i = k->batch_first;
  if (k->op == AUS_OP_gru) { t.attr[2].i = k->flag; t.attr[3].i = k->batch_first; }
  if (k->op == AUS_OP_rnn) { t.attr[2].i = k->batch_first; t.attr[3].i = k->flag; }
  return t;
}

static double sigmoid(double x) { return 1 / (1 + exp(-x)); }

/* One step of one item in double. */
static void naive_step(const rnn_case *k, const tensors *v, int64_t d, const float *x, double *h, double *c)
{
  const int64_t g = gates_of(k), n = k->hidden;
  double *in = calloc((size_t)(g * n), sizeof *in), *rec = calloc((size_t)(g * n), sizeof *rec), *old = calloc((size_t)n, sizeof *old);
  memcpy(old, h, (size_t)n * sizeof *h);
  for (int64_t u = 0; u < g * n; u++) {
    in[u] = k->bias ? v->bias[d * 2 * g * n + u] : 0;
    rec[u] = k->bias ? v->bias[d * 2 * g * n + g * n + u] : 0;
    for (int64_t i = 0; i < k->in; i++) in[u] += (double)v->w[(d * g * n + u) * k->in + i] * (double)x[i];
    for (int64_t j = 0; j < n; j++) rec[u] += (double)v->r[(d * g * n + u) * n + j] * old[j];
  }
  for (int64_t u = 0; u < n; u++) {
    if (k->op == AUS_OP_rnn) { h[u] = k->flag ? fmax(0, in[u] + rec[u]) : tanh(in[u] + rec[u]); continue; }
    if (k->op == AUS_OP_lstm) {
      c[u] = sigmoid(in[2 * n + u] + rec[2 * n + u]) * c[u] + sigmoid(in[u] + rec[u]) * tanh(in[3 * n + u] + rec[3 * n + u]);
      h[u] = sigmoid(in[n + u] + rec[n + u]) * tanh(c[u]);
      continue;
    }
    double s = rec[2 * n + u];
    if (k->flag) s *= sigmoid(in[n + u] + rec[n + u]);
    else {
      s = k->bias ? v->bias[d * 2 * g * n + g * n + 2 * n + u] : 0;
      for (int64_t j = 0; j < n; j++) s += (double)v->r[(d * g * n + 2 * n + u) * n + j] * sigmoid(in[n + j] + rec[n + j]) * old[j];
    }
    const double z = sigmoid(in[u] + rec[u]);
    h[u] = (1 - z) * tanh(in[2 * n + u] + s) + z * old[u];
  }
  free(in); free(rec); free(old);
}

static void naive(const rnn_case *k, const tensors *v, double *y, double *yh, double *yc)
{
  const int64_t n = k->hidden, dirs = dirs_of(k);
  for (int64_t d = 0; d < dirs; d++)
    for (int64_t b = 0; b < k->mb; b++) {
      double *h = yh + (d * k->mb + b) * n, *c = yc + (d * k->mb + b) * n;
      for (int64_t u = 0; u < n; u++) {
        h[u] = k->h0 ? v->h0[(d * k->mb + b) * n + u] : 0;
        c[u] = k->c0 ? v->c0[(d * k->mb + b) * n + u] : 0;
      }
      for (int64_t i = 0; i < k->t; i++) {
        const int64_t s = k->direction == 1 || d == 1 ? k->t - 1 - i : i;
        naive_step(k, v, d, v->x + (k->batch_first ? b * k->t + s : s * k->mb + b) * k->in, h, c);
        memcpy(y + (k->batch_first ? ((b * k->t + s) * dirs + d) * n : ((s * dirs + d) * k->mb + b) * n), h, (size_t)n * sizeof *h);
      }
    }
}

static void near_all(const float *got, const double *want, int64_t n, const char *what)
{
  for (int64_t i = 0; i < n; i++)
    if (!(fabs((double)got[i] - want[i]) <= 1e-5)) fail_msg("%s[%lld] is %.9g, not %.9g", what, (long long)i, (double)got[i], want[i]);
}

static void check_case(const rnn_case *k)
{
  const char *isas[4];
  const int n_isa = test_isas(isas);
  tensors v = make_tensors(k);
  const int64_t ny = k->t * k->mb * dirs_of(k) * k->hidden, nh = dirs_of(k) * k->mb * k->hidden;
  double *y = calloc((size_t)ny, sizeof *y), *yh = calloc((size_t)nh, sizeof *yh), *yc = calloc((size_t)nh, sizeof *yc);
  naive(k, &v, y, yh, yc);
  for (int i = 0; i < n_isa; i++) {
    float *one = NULL;
    for (int threads = 1; threads <= 3; threads++) {
      aus_ctx *ctx = isa_ctx(isas[i], threads);
      op_test t = make(k, &v);
      t.prepared = threads != 2;
      t.at_end = threads != 3;
      op_test_run(ctx, &t);
      near_all(t.out[0], y, ny, "y");
      near_all(t.out[1], yh, nh, "y_h");
      if (k->op == AUS_OP_lstm) near_all(t.out[2], yc, nh, "y_c");
      if (!one) { one = t.out[0]; t.out[0] = NULL; }
      else assert_memory_equal(one, t.out[0], (size_t)ny * sizeof *one);
      op_test_free(&t);
      aus_ctx_destroy(ctx);
    }
    free(one);
  }
  free(y); free(yh); free(yc);
  free_tensors(&v);
}

static const struct { int32_t op, flag; } forms[] = {
  { AUS_OP_lstm, 0 }, { AUS_OP_gru, 0 }, { AUS_OP_gru, 1 }, { AUS_OP_rnn, 0 }, { AUS_OP_rnn, 1 } };

static void test_forms(void **state)
{
  (void)state;
  for (size_t f = 0; f < 5; f++)
    for (int32_t direction = 0; direction < 3; direction++)
      for (int32_t batch_first = 0; batch_first < 2; batch_first++) {
        rnn_case k = { .op = forms[f].op, .flag = forms[f].flag, .direction = direction, .batch_first = batch_first, .t = 5, .mb = 3, .in = 7, .hidden = 21,
                       .bias = batch_first == 0, .h0 = direction != 1, .c0 = direction == 2 };
        check_case(&k);
        k.mb = 19; k.hidden = 6; k.t = 2; k.bias = true; /* several register tiles of items */
        check_case(&k);
      }
}

static void test_lengths(void **state)
{
  (void)state;
  for (int64_t h = 1; h <= 67; h += h < 36 ? 1 : 3)
    for (size_t f = 0; f < 5; f++) {
      const rnn_case k = { .op = forms[f].op, .flag = forms[f].flag, .direction = (int32_t)(h % 3), .t = 3, .mb = 1 + h % 2, .in = 3, .hidden = h, .bias = true };
      check_case(&k);
    }
}

/* More steps than are looked ahead at once. */
static void test_chunks(void **state)
{
  (void)state;
  for (int32_t batch_first = 0; batch_first < 2; batch_first++)
    for (int64_t mb = 1; mb <= 130; mb += 129) {
      const rnn_case k = { .op = AUS_OP_lstm, .direction = 2, .batch_first = batch_first, .t = mb == 1 ? 1100 : 11, .mb = mb, .in = 2, .hidden = 4, .bias = true };
      check_case(&k);
    }
}

static void golden(int32_t op, int32_t flag, const float *y, const float *h, const float *c)
{
  const char *isas[4];
  const int n_isa = test_isas(isas);
  const rnn_case k = { .op = op, .flag = flag, .direction = 2, .t = 7, .mb = 3, .in = 5, .hidden = 19, .bias = true, .h0 = true, .c0 = true };
  tensors v = make_tensors(&k);
  for (int i = 0; i < n_isa; i++) {
    aus_ctx *ctx = isa_ctx(isas[i], 1);
    op_test t = make(&k, &v);
    op_test_run(ctx, &t);
    for (int j = 0; j < 7 * 2 * 3 * 19; j++) assert_near(t.out[0][j], y[j], 1e-5 * fmax(fabs((double)y[j]), 0.1));
    for (int j = 0; j < 2 * 3 * 19; j++) assert_near(t.out[1][j], h[j], 1e-5 * fmax(fabs((double)h[j]), 0.1));
    for (int j = 0; c && j < 2 * 3 * 19; j++) assert_near(t.out[2][j], c[j], 1e-5 * fmax(fabs((double)c[j]), 0.1));
    op_test_free(&t);
    aus_ctx_destroy(ctx);
  }
  free_tensors(&v);
}

static void test_torch(void **state)
{
  (void)state;
  golden(AUS_OP_lstm, 0, golden_lstm_y, golden_lstm_h, golden_lstm_c);
  golden(AUS_OP_gru, 1, golden_gru_y, golden_gru_h, NULL);
  golden(AUS_OP_rnn, 0, golden_rnn_y, golden_rnn_h, NULL);
}

/* An output nobody reads is not written; wrong operands are refused. */
static void test_edges(void **state)
{
  (void)state;
  aus_ctx *ctx = test_ctx(1);
  const rnn_case k = { .op = AUS_OP_lstm, .t = 3, .mb = 2, .in = 4, .hidden = 5 };
  tensors v = make_tensors(&k);
  op_test t = make(&k, &v);
  t.want[0] = t.want[2] = false;
  op_test_run(ctx, &t);
  assert_non_null(t.out[1]);
  op_test_free(&t);
  aus_operand in[OP_TEST_IN] = {0}, out[OP_TEST_OUT] = {0};
  aus_call call;
  op_test bad = t; bad.attr[0].i = 0; assert_int_equal(op_test_shape(ctx, &bad, in, out, &call), AUS_EFORMAT);
  bad = t; bad.attr[1].i = 3; assert_int_equal(op_test_shape(ctx, &bad, in, out, &call), AUS_EFORMAT);
  bad = t; bad.in_shape[1].dim[1] = 19; assert_int_equal(op_test_shape(ctx, &bad, in, out, &call), AUS_EFORMAT);
  bad = t; bad.in[4] = v.h0; bad.in_shape[4].dim[1] = 3; assert_int_equal(op_test_shape(ctx, &bad, in, out, &call), AUS_EFORMAT);
  bad = t; bad.in_shape[0].rank = 2; assert_int_equal(op_test_shape(ctx, &bad, in, out, &call), AUS_EFORMAT);
  free_tensors(&v);
  aus_ctx_destroy(ctx);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(test_forms), cmocka_unit_test(test_lengths), cmocka_unit_test(test_chunks), cmocka_unit_test(test_torch), cmocka_unit_test(test_edges),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
