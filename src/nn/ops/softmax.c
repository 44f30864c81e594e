/* softmax.c - softmax and its logarithm along one axis, around the maximum so that nothing overflows:
 * dst = exp(x - m) / sum exp(x - m), or x - m - log sum exp(x - m).
 *
 * Back: diff_src = y (d - sum d y), or d - e^y sum d, with y what forward wrote.
 *
 * Along the last axis row by row; along another, COLS neighbouring columns at a time. */
#include "nn/ops/common.h"

#include <math.h>

enum { COLS = 128 };

typedef struct job { const struct aus_vec_kernels *vec; const float *src, *out; float *dst; int64_t n, inner; bool logarithm; } job;

static aus_status shape(aus_call *call)
{
  int32_t axis;
  AUS_TRY(aus_op_axis(call, call->attr[0].i, call->in[0].shape.rank, &axis));
  return aus_op_same_shape(call);
}

static void run_rows(void *arg, int64_t begin, int64_t end, int worker)
{
  const job *j = arg;
  (void)worker;
  for (int64_t r = begin; r < end; r++) {
    const float *src = j->src + r * j->n, most = j->vec->max_of(j->n, src);
    float *dst = j->dst + r * j->n;
    const double sum = j->vec->exp_sum(j->n, src, most, dst);
    if (j->logarithm) { /* x - m first: it is small and exact, where m + log sum would round away what counts */
      j->vec->add_s(j->n, src, -most, dst);
      j->vec->add_s(j->n, dst, (float)-log(sum), dst);
    } else j->vec->mul_s(j->n, dst, (float)(1 / sum), dst);
  }
}

/* w columns from at on: maximum, exponentials and their sum, quotient. */
static void columns(const job *j, int64_t at, int64_t w)
{
  float most[COLS], sum[COLS];
  const float *src = j->src + at;
  float *dst = j->dst + at;
  for (int64_t c = 0; c < w; c++) { most[c] = src[c]; sum[c] = 0; }
  for (int64_t i = 1; i < j->n; i++) j->vec->max(w, most, src + i * j->inner, most);
  for (int64_t i = 0; i < j->n; i++) {
    float *row = dst + i * j->inner;
    j->vec->sub(w, src + i * j->inner, most, row);
    j->vec->exp(w, row, row);
    j->vec->add(w, sum, row, sum);
  }
  if (j->logarithm) {
    j->vec->log(w, sum, sum);
    for (int64_t i = 0; i < j->n; i++) {
      j->vec->sub(w, src + i * j->inner, most, dst + i * j->inner);
      j->vec->sub(w, dst + i * j->inner, sum, dst + i * j->inner);
    }
  } else {
    j->vec->rdiv_s(w, sum, 1, sum);
    for (int64_t i = 0; i < j->n; i++) j->vec->mul(w, dst + i * j->inner, sum, dst + i * j->inner);
  }
}

/* ---- back: src is the diff, out what forward wrote ---------------------------------------------- */

static void back_rows(void *arg, int64_t begin, int64_t end, int worker)
{
  const job *j = arg;
  (void)worker;
  for (int64_t r = begin; r < end; r++) {
    const float *d = j->src + r * j->n, *y = j->out + r * j->n;
    float *to = j->dst + r * j->n;
    if (j->logarithm) {
      const float sum = (float)j->vec->sum(j->n, d);
      j->vec->exp(j->n, y, to);
      j->vec->mul_s(j->n, to, -sum, to);
      j->vec->add(j->n, to, d, to);
    } else {
      const float sum = (float)j->vec->dot(j->n, d, y);
      j->vec->add_s(j->n, d, -sum, to);
      j->vec->mul(j->n, to, y, to);
    }
  }
}

static void back_columns_at(const job *j, int64_t at, int64_t w)
{
  double sum[COLS] = {0};
  for (int64_t i = 0; i < j->n; i++) {
    const float *d = j->src + at + i * j->inner, *y = j->out + at + i * j->inner;
    for (int64_t c = 0; c < w; c++) sum[c] += j->logarithm ? (double)d[c] : (double)d[c] * (double)y[c];
  }
  for (int64_t i = 0; i < j->n; i++) {
    const float *d = j->src + at + i * j->inner, *y = j->out + at + i * j->inner;
    float *to = j->dst + at + i * j->inner;
    if (j->logarithm) {
      j->vec->exp(w, y, to);
      for (int64_t c = 0; c < w; c++) to[c] = d[c] - to[c] * (float)sum[c];
    } else {
      for (int64_t c = 0; c < w; c++) to[c] = y[c] * (d[c] - (float)sum[c]);
    }
  }
}

static void run_columns(void *arg, int64_t begin, int64_t end, int worker)
{
  const job *j = arg;
  const int64_t blocks = (j->inner + COLS - 1) / COLS;
  (void)worker;
  for (int64_t u = begin; u < end; u++) {
    const int64_t from = u % blocks * COLS, left = j->inner - from, w = left < COLS ? left : COLS;
    if (j->out) back_columns_at(j, u / blocks * j->inner * j->n + from, w);
    else columns(j, u / blocks * j->inner * j->n + from, w);
  }
}

/* out NULL: forward from src to dst. */
static void run(const aus_call *call, const float *src, const float *out, float *dst)
{
  const aus_shape *s = &call->in[0].shape;
  const int32_t axis = call->attr[0].i < 0 ? call->attr[0].i + s->rank : call->attr[0].i;
  job j = { &call->ctx->kernels->vec, src, out, dst, s->dim[axis], aus_shape_count_range(s, axis + 1, s->rank), call->op == AUS_OP_log_softmax };
  const int64_t outer = aus_shape_count_range(s, 0, axis), blocks = (j.inner + COLS - 1) / COLS;
  const int64_t work = 4 * j.n * (j.inner < COLS ? j.inner : COLS), grain = work < AUS_BLOCK ? AUS_BLOCK / work : 1;
  if (j.inner == 1) aus_parallel_for(call->ctx, outer, grain, out ? back_rows : run_rows, &j);
  else aus_parallel_for(call->ctx, outer * blocks, grain, run_columns, &j);
}

static void forward(const aus_call *call) { run(call, call->in[0].data, NULL, call->out[0].data); }

static void backward(const aus_back *b)
{
  if (b->diff_src[0]) run(b->call, b->diff_dst[0], b->call->out[0].data, b->diff_src[0]);
}

/* The logarithm reads src again after dst is written, so it cannot work in place. */
const aus_op_impl aus_op_impl_softmax = { .shape = shape, .forward = forward, .backward = backward, .in_place = true };
const aus_op_impl aus_op_impl_log_softmax = { .shape = shape, .forward = forward, .backward = backward };
