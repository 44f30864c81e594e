/* cumsum.c - running sum along one axis, in double: from the front or from the back, with or without the value itself.
 * Back: the running sum of the diff from the other end. */
#include "nn/ops/common.h"

static aus_status shape(aus_call *call)
{
  int32_t axis;
  AUS_TRY(aus_op_axis(call, call->attr[0].i, call->in[0].shape.rank, &axis));
  return aus_op_same_shape(call);
}

typedef struct job { const float *src; float *dst; int64_t n, inner; bool exclusive, reverse; } job;

static void run_rows(void *arg, int64_t begin, int64_t end, int worker)
{
  const job *j = arg;
  (void)worker;
  for (int64_t r = begin; r < end; r++) {
    const int64_t at = r / j->inner * j->inner * j->n + r % j->inner;
    double sum = 0;
    for (int64_t i = 0; i < j->n; i++) {
      const int64_t k = at + (j->reverse ? j->n - 1 - i : i) * j->inner;
      const double x = (double)j->src[k];
      j->dst[k] = (float)(j->exclusive ? sum : sum + x);
      sum += x;
    }
  }
}

static void run(const aus_call *call, const float *src, bool reverse, float *dst)
{
  const aus_shape *s = &call->in[0].shape;
  const int32_t axis = call->attr[0].i < 0 ? call->attr[0].i + s->rank : call->attr[0].i;
  job j = { src, dst, s->dim[axis], aus_shape_count_range(s, axis + 1, s->rank), call->attr[1].i, reverse };
  aus_parallel_for(call->ctx, aus_shape_count(s) / j.n, j.n < AUS_BLOCK ? AUS_BLOCK / j.n : 1, run_rows, &j);
}

static void forward(const aus_call *call) { run(call, call->in[0].data, call->attr[2].i, call->out[0].data); }

static void backward(const aus_back *b)
{
  if (b->diff_src[0]) run(b->call, b->diff_dst[0], !b->call->attr[2].i, b->diff_src[0]);
}

const aus_op_impl aus_op_impl_cumsum = { .shape = shape, .forward = forward, .backward = backward, .in_place = true };
