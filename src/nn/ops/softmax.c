/* softmax.c - softmax and its logarithm along one axis, around the maximum so that nothing overflows:
 * dst = exp(x - m) / sum exp(x - m), or x - m - log sum exp(x - m). */
#include "nn/ops/common.h"

#include <math.h>

typedef struct job { const float *src; float *dst; int64_t n, inner; bool logarithm; } job;

static aus_status shape(aus_call *call)
{
  int32_t axis;
  AUS_TRY(aus_op_axis(call, call->attr[0].i, call->in[0].shape.rank, &axis));
  return aus_op_same_shape(call);
}

static void one_row(const job *j, const float *src, float *dst)
{
  const int64_t n = j->n, step = j->inner;
  float most = src[0];
  double sum = 0;
  for (int64_t i = 1; i < n; i++) most = src[i * step] > most ? src[i * step] : most;
  for (int64_t i = 0; i < n; i++) {
    const float x = src[i * step] - most, e = expf(x);
    dst[i * step] = j->logarithm ? x : e;
    sum += (double)e;
  }
  const float scale = (float)(1 / sum), shift = (float)log(sum);
  if (j->logarithm) for (int64_t i = 0; i < n; i++) dst[i * step] -= shift;
  else for (int64_t i = 0; i < n; i++) dst[i * step] *= scale;
}

static void run_rows(void *arg, int64_t begin, int64_t end, int worker)
{
  const job *j = arg;
  (void)worker;
  for (int64_t r = begin; r < end; r++) {
    const int64_t at = r / j->inner * j->inner * j->n + r % j->inner;
    one_row(j, j->src + at, j->dst + at);
  }
}

static void forward(const aus_call *call)
{
  const aus_shape *s = &call->in[0].shape;
  const int32_t axis = call->attr[0].i < 0 ? call->attr[0].i + s->rank : call->attr[0].i;
  job j = { call->in[0].data, call->out[0].data, s->dim[axis], aus_shape_count_range(s, axis + 1, s->rank), call->op == AUS_OP_log_softmax };
  const int64_t rows = aus_shape_count(s) / j.n;
  aus_parallel_for(call->ctx, rows, j.n < 2048 ? 2048 / j.n : 1, run_rows, &j);
}

const aus_op_impl aus_op_impl_softmax = { .shape = shape, .forward = forward, .in_place = true };
const aus_op_impl aus_op_impl_log_softmax = { .shape = shape, .forward = forward, .in_place = true };
