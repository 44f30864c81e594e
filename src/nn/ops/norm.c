/* norm.c - layer, instance and group normalisation, forward (norm_back.c has the way back).
 *
 * Mean and variance are those of the input itself over rows of contiguous values: layer norm over the last axes, instance
 * norm over the space of one channel, group norm over the channels of one group and their space. The variance is
 * taken around the mean, in a second pass. */
#include "nn/ops/norm.h"

#include <math.h>

static aus_status check_count(const aus_call *call, int32_t k, int64_t n)
{
  if (aus_shape_count(&call->in[k].shape) != n)
    return aus_fail(call->ctx, AUS_EFORMAT, "input %d has %lld values where %lld are needed", (int)k, (long long)aus_shape_count(&call->in[k].shape), (long long)n);
  return AUS_OK;
}

static int64_t grain_for(int64_t n) { return n < AUS_BLOCK ? AUS_BLOCK / n : 1; }

/* rows of n values; scale and shift (may be NULL) either per value (layer norm: run 1, period n) or per
 * channel: value i of row r belongs to channel (r * n + i) / run % period. */
typedef struct rows {
  const struct aus_vec_kernels *vec;
  const float *src, *scale, *shift;
  float *dst;
  int64_t n, run, period;
  double epsilon;
} rows;

static void norm_row(const rows *j, int64_t r)
{
  const float *src = j->src + r * j->n;
  float *dst = j->dst + r * j->n;
  const float mean = (float)(j->vec->sum(j->n, src) / (double)j->n);
  const double variance = j->vec->sum_square(j->n, src, mean) / (double)j->n;
  const float inverse = (float)(1 / sqrt(variance + j->epsilon));
  j->vec->add_s(j->n, src, -mean, dst); /* first, so that nothing cancels */
  if (j->run == 1) { /* layer norm */
    j->vec->mul_s(j->n, dst, inverse, dst);
    if (j->scale) j->vec->mul(j->n, dst, j->scale, dst);
    if (j->shift) j->vec->add(j->n, dst, j->shift, dst);
    return;
  }
  for (int64_t i = 0; i < j->n; i += j->run) {
    const int64_t c = (r * j->n + i) / j->run % j->period;
    j->vec->affine(j->run, dst + i, inverse * (j->scale ? j->scale[c] : 1), j->shift ? j->shift[c] : 0, dst + i);
  }
}

static void norm_rows(void *arg, int64_t begin, int64_t end, int worker)
{
  (void)worker;
  for (int64_t r = begin; r < end; r++) norm_row(arg, r);
}

static void run(const aus_call *call, int64_t n, int64_t run_length, int64_t period, float epsilon)
{
  rows j = { &call->ctx->kernels->vec, call->in[0].data, call->in[1].data, call->in[2].data, call->out[0].data, n, run_length, period, (double)epsilon };
  aus_parallel_for(call->ctx, aus_shape_count(&call->in[0].shape) / n, grain_for(n), norm_rows, &j);
}

static bool given(const aus_operand *o) { return o->data || o->shape.rank > 0; }

static aus_status check_scale(const aus_call *call, int64_t n)
{
  for (int32_t k = 1; k < 3; k++)
    if (given(&call->in[k])) AUS_TRY(check_count(call, k, n));
  return AUS_OK;
}

static aus_status shape_layer(aus_call *call)
{
  const aus_shape *s = &call->in[0].shape;
  int32_t axis;
  AUS_TRY(aus_op_axis(call, call->attr[0].i, s->rank, &axis));
  AUS_TRY(check_scale(call, aus_shape_count_range(s, axis, s->rank)));
  return aus_op_same_shape(call);
}

static void forward_layer(const aus_call *call)
{
  const aus_shape *s = &call->in[0].shape;
  const int32_t axis = call->attr[0].i < 0 ? call->attr[0].i + s->rank : call->attr[0].i;
  const int64_t n = aus_shape_count_range(s, axis, s->rank);
  run(call, n, 1, n, call->attr[1].f);
}

static aus_status shape_instance(aus_call *call)
{
  if (call->in[0].shape.rank < 3) return aus_fail(call->ctx, AUS_EFORMAT, "needs an array of rank 3 or more");
  AUS_TRY(check_scale(call, call->in[0].shape.dim[1]));
  return aus_op_same_shape(call);
}

/* With no space a channel is one value, which the runs of norm_row would mistake for layer norm's form. */
static void run_channels(const aus_call *call, int64_t n, int64_t space, float epsilon)
{
  const int64_t c = call->in[0].shape.dim[1];
  if (space > 1) { run(call, n, space, c, epsilon); return; }
  aus_operand in[3] = { call->in[0] };
  aus_call bare = *call;
  bare.in = in; /* normalise, then scale channel by channel */
  run(&bare, n, 1, n, epsilon);
  const float *scale = call->in[1].data, *shift = call->in[2].data;
  float *dst = call->out[0].data;
  for (int64_t i = 0; i < aus_shape_count(&call->in[0].shape); i++) dst[i] = dst[i] * (scale ? scale[i % c] : 1) + (shift ? shift[i % c] : 0);
}

static void forward_instance(const aus_call *call)
{
  const aus_shape *s = &call->in[0].shape;
  const int64_t space = aus_shape_count_range(s, 2, s->rank);
  run_channels(call, space, space, call->attr[0].f);
}

static aus_status shape_group(aus_call *call)
{
  const aus_shape *s = &call->in[0].shape;
  const int32_t groups = call->attr[0].i;
  if (s->rank < 2 || groups < 1 || s->dim[1] % groups) return aus_fail(call->ctx, AUS_EFORMAT, "%d groups do not divide the channels", (int)groups);
  AUS_TRY(check_scale(call, s->dim[1]));
  return aus_op_same_shape(call);
}

static void forward_group(const aus_call *call)
{
  const aus_shape *s = &call->in[0].shape;
  const int64_t space = aus_shape_count_range(s, 2, s->rank);
  run_channels(call, s->dim[1] / call->attr[0].i * space, space, call->attr[1].f);
}

const aus_op_impl aus_op_impl_layer_norm = { .shape = shape_layer, .forward = forward_layer, .backward_scratch = aus_norm_backward_scratch, .backward = aus_norm_backward, .in_place = true };
const aus_op_impl aus_op_impl_instance_norm = { .shape = shape_instance, .forward = forward_instance, .backward_scratch = aus_norm_backward_scratch,
                                                .backward = aus_norm_backward, .in_place = true };
const aus_op_impl aus_op_impl_group_norm = { .shape = shape_group, .forward = forward_group, .backward_scratch = aus_norm_backward_scratch, .backward = aus_norm_backward, .in_place = true };
