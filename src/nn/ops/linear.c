/* linear.c - dst [..., n] = src [..., k] weights' [k, n] + bias.
 *
 *   diff_src = diff_dst weights,  diff_weights = diff_dst' src,  diff_bias = sum of the rows of diff_dst */
#include "la/la.h"
#include "nn/ops/common.h"

#include <string.h>

static aus_status shape(aus_call *call)
{
  const aus_shape *s = &call->in[0].shape, *w = &call->in[1].shape;
  char ts[96], tw[96];
  if (s->rank < 1 || w->rank != 2 || s->dim[s->rank - 1] != w->dim[1])
    return aus_fail(call->ctx, AUS_EFORMAT, "an input of shape %s and weights of shape %s do not fit", aus_shape_text(s, ts), aus_shape_text(w, tw));
  if (call->in[2].shape.rank && aus_shape_count(&call->in[2].shape) != w->dim[0])
    return aus_fail(call->ctx, AUS_EFORMAT, "%lld biases for %lld outputs", (long long)aus_shape_count(&call->in[2].shape), (long long)w->dim[0]);
  call->out[0].shape = *s;
  call->out[0].shape.dim[s->rank - 1] = w->dim[0];
  return AUS_OK;
}

static int64_t rows_of(const aus_call *call) { return aus_shape_count(&call->out[0].shape) / call->in[1].shape.dim[0]; }

static size_t scratch_size(const aus_call *call) { return aus_sgemm_scratch(call->ctx, rows_of(call), call->in[1].shape.dim[0], call->in[1].shape.dim[1]); }

static size_t prepared_size(const aus_call *call)
{
  const int64_t *w = call->in[1].shape.dim;
  return call->in[1].data ? aus_sgemm_packed_b_size(call->ctx, w[0], w[1]) : 0;
}

static void prepare(const aus_call *call, void *prepared)
{
  const int64_t *w = call->in[1].shape.dim;
  aus_sgemm_pack_b(call->ctx, true, w[0], w[1], call->in[1].data, w[1], prepared);
}

/* Weights that another node computes: the bias goes into dst first, and the product is added to it. */
static void forward_unpacked(const aus_call *call, int64_t m, int64_t n, int64_t k)
{
  float *dst = call->out[0].data;
  const float *bias = call->in[2].data;
  for (int64_t i = 0; bias && i < m; i++) memcpy(dst + i * n, bias, (size_t)n * sizeof *dst);
  aus_sgemm_in(call->ctx, false, true, m, n, k, 1, call->in[0].data, k, call->in[1].data, k, bias ? 1 : 0, dst, n, call->scratch);
}

static void forward(const aus_call *call)
{
  const int64_t m = rows_of(call), n = call->in[1].shape.dim[0], k = call->in[1].shape.dim[1];
  if (call->prepared) aus_sgemm_run_packed_b(call->ctx, m, n, k, call->in[0].data, k, call->prepared, call->in[2].data, call->out[0].data, n, call->scratch);
  else forward_unpacked(call, m, n, k);
}

static size_t larger(size_t a, size_t b) { return a > b ? a : b; }

static size_t backward_scratch(const aus_back *b)
{
  const aus_call *call = b->call;
  const int64_t m = rows_of(call), n = call->in[1].shape.dim[0], k = call->in[1].shape.dim[1];
  return larger(b->diff_src[0] ? aus_sgemm_scratch(call->ctx, m, k, n) : 0, b->diff_src[1] ? aus_sgemm_scratch(call->ctx, n, k, m) : 0);
}

static void backward(const aus_back *b)
{
  const aus_call *call = b->call;
  const int64_t m = rows_of(call), n = call->in[1].shape.dim[0], k = call->in[1].shape.dim[1];
  const float *diff_dst = b->diff_dst[0];
  if (b->diff_src[0]) aus_sgemm_in(call->ctx, false, false, m, k, n, 1, diff_dst, n, call->in[1].data, k, 0, b->diff_src[0], k, b->scratch);
  if (b->diff_src[1]) aus_sgemm_in(call->ctx, true, false, n, k, m, 1, diff_dst, n, call->in[0].data, k, 0, b->diff_src[1], k, b->scratch);
  if (b->diff_src[2]) aus_op_sum_rows(call->ctx, m, n, diff_dst, b->diff_src[2]);
}

const aus_op_impl aus_op_impl_linear = { .shape = shape, .scratch_size = scratch_size, .prepared_size = prepared_size, .prepare = prepare, .forward = forward,
                                         .backward_scratch = backward_scratch, .backward = backward };
