/* softmax.c - softmax and its logarithm along one axis, around the maximum so that nothing overflows:
 * dst = exp(x - m) / sum exp(x - m), or x - m - log sum exp(x - m).
 *
 * Along the last axis row by row; along another, COLS neighbouring columns at a time. */
#include "nn/ops/common.h"

#include <math.h>

enum { COLS = 128 };

typedef struct job { const struct aus_vec_kernels *vec; const float *src; float *dst; int64_t n, inner; bool logarithm; } job;

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

static void run_columns(void *arg, int64_t begin, int64_t end, int worker)
{
  const job *j = arg;
  const int64_t blocks = (j->inner + COLS - 1) / COLS;
  (void)worker;
  for (int64_t u = begin; u < end; u++) {
    const int64_t from = u % blocks * COLS, left = j->inner - from;
    columns(j, u / blocks * j->inner * j->n + from, left < COLS ? left : COLS);
  }
}

static void forward(const aus_call *call)
{
  const aus_shape *s = &call->in[0].shape;
  const int32_t axis = call->attr[0].i < 0 ? call->attr[0].i + s->rank : call->attr[0].i;
  job j = { &call->ctx->kernels->vec, call->in[0].data, call->out[0].data, s->dim[axis], aus_shape_count_range(s, axis + 1, s->rank), call->op == AUS_OP_log_softmax };
  const int64_t outer = aus_shape_count_range(s, 0, axis), blocks = (j.inner + COLS - 1) / COLS;
  const int64_t work = 4 * j.n * (j.inner < COLS ? j.inner : COLS), grain = work < AUS_BLOCK ? AUS_BLOCK / work : 1;
  if (j.inner == 1) aus_parallel_for(call->ctx, outer, grain, run_rows, &j);
  else aus_parallel_for(call->ctx, outer * blocks, grain, run_columns, &j);
}

/* The logarithm reads src again after dst is written, so it cannot work in place. */
const aus_op_impl aus_op_impl_softmax = { .shape = shape, .forward = forward, .in_place = true };
const aus_op_impl aus_op_impl_log_softmax = { .shape = shape, .forward = forward };
