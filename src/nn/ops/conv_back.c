/* conv_back.c - the way back through conv and conv_transpose.
 *
 * Each is the other's adjoint: with the same weights, strides, dilations and pads,
 *   diff_src of conv            = conv_transpose of diff_dst    (what no window covers gets 0: it is output_pad)
 *   diff_src of conv_transpose  = conv of diff_dst              (what output_pad added is read by bottom and right pads)
 * so the engine that runs them forward runs them back - but for convolutions of few input channels, whose adjoint has nothing to
 * keep in registers, and of far strides: those go through columns (conv_columns.c). The weights' diff is one product over pixels for both
 * (conv_weights.c; conv_wino_weights.c for 3 x 3; conv_dots.c for groups of a channel or two), with src and diff_dst in exchanged places; the bias's diff is a sum over items and space. */
#include "nn/ops/common.h"
#include "nn/ops/conv.h"
#include "nn/ops/conv_wino.h"

#include <string.h>

typedef struct adjoint { aus_call call; aus_operand in[3], out[1]; aus_word attr[11]; } adjoint;

/* Words 6 to 10, so that the adjoint gives exactly src's size along one axis: n values of src, m of dst. */
static int32_t spare(const aus_call *call, int axis, int64_t n, int64_t m, int64_t k)
{
  const int64_t s = call->attr[axis].i ? call->attr[axis].i : 1, d = call->attr[2 + axis].i ? call->attr[2 + axis].i : 1;
  const int64_t before = call->attr[4 + axis].i, after = call->attr[6 + axis].i;
  if (call->op == AUS_OP_conv) return (int32_t)(n - ((m - 1) * s - before - after + d * (k - 1) + 1));
  return (int32_t)((n - 1) * s + d * (k - 1) + 1 - before - m);
}

static void make_adjoint(const aus_call *call, const float *diff_dst, float *diff_src, adjoint *a)
{
  const aus_shape *s = &call->in[0].shape, *w = &call->in[1].shape, *d = &call->out[0].shape;
  const int32_t last = s->rank - 1;
  const bool plain = call->op == AUS_OP_conv;
  *a = (adjoint){ .in = { { (float *)(uintptr_t)diff_dst, *d }, call->in[1] }, .out = { { diff_src, *s } } };
  for (int32_t i = 0; i < 9; i++) a->attr[i] = call->attr[i];
  for (int axis = s->rank == 4 ? 0 : 1; axis < 2; axis++)
    a->attr[(plain ? 9 : 6) + axis].i = spare(call, axis, s->dim[last - 1 + axis], d->dim[last - 1 + axis], w->dim[last - 1 + axis]);
  a->call = (aus_call){ .ctx = call->ctx, .op = plain ? AUS_OP_conv_transpose : AUS_OP_conv, .n_in = 3, .n_out = 1, .n_attr = 11,
                        .in = a->in, .out = a->out, .attr = a->attr, .training = call->training };
}

/* The plain convolution of the pair, which the weights' diff is computed for. */
static bool describe_plain(const aus_call *call, const adjoint *a, aus_conv *c)
{
  return aus_conv_describe(call->op == AUS_OP_conv ? call : &a->call, c) == AUS_OK;
}

/* Is diff_src made by columns? Then c describes the call. */
static bool by_columns(const aus_call *call, aus_conv *c) { return call->op == AUS_OP_conv && aus_conv_describe(call, c) == AUS_OK && aus_conv_columns_suit(c); }

static size_t larger(size_t a, size_t b) { return a > b ? a : b; }

size_t aus_conv_backward_scratch(const aus_back *back)
{
  const aus_call *call = back->call;
  adjoint a;
  aus_conv c;
  size_t bytes = 0;
  make_adjoint(call, NULL, NULL, &a);
  if (back->diff_src[0]) bytes = by_columns(call, &c) ? aus_conv_columns_scratch(call->ctx, &c) : aus_conv_scratch_size(&a.call);
  if (!back->diff_src[1] || bytes == SIZE_MAX) return bytes;
  if (!describe_plain(call, &a, &c)) return SIZE_MAX;
  if (aus_conv_wino_weights_suit(&c)) return larger(bytes, aus_conv_wino_weights_scratch(call->ctx, &c));
  return larger(bytes, aus_conv_dots_suit(&c) ? aus_conv_dots_scratch(call->ctx, &c) : aus_conv_weights_back_scratch(call->ctx, &c));
}

/* ---- bias ---------------------------------------------------------------------------------------------------- */

typedef struct bias_sum { const struct aus_vec_kernels *vec; const float *diff_dst; float *diff; int64_t mb, channels, space; } bias_sum;

static void sum_channels(void *arg, int64_t begin, int64_t end, int worker)
{
  const bias_sum *j = arg;
  (void)worker;
  for (int64_t c = begin; c < end; c++) {
    double sum = 0;
    for (int64_t n = 0; n < j->mb; n++) sum += j->vec->sum(j->space, j->diff_dst + (n * j->channels + c) * j->space);
    j->diff[c] = (float)sum;
  }
}

static void backward_bias(const aus_back *back)
{
  const aus_shape *d = &back->call->out[0].shape;
  bias_sum j = { &back->call->ctx->kernels->vec, back->diff_dst[0], back->diff_src[2], d->dim[0], d->dim[1], aus_shape_count_range(d, 2, d->rank) };
  const int64_t work = j.mb * j.space;
  aus_parallel_for(back->call->ctx, j.channels, work < AUS_BLOCK ? AUS_BLOCK / work : 1, sum_channels, &j);
}

void aus_conv_backward(const aus_back *back)
{
  const aus_call *call = back->call;
  const float *diff_dst = back->diff_dst[0];
  adjoint a;
  aus_conv c;
  make_adjoint(call, diff_dst, back->diff_src[0], &a);
  a.call.scratch = back->scratch;
  if (back->diff_src[0]) {
    if (by_columns(call, &c)) aus_conv_columns(call->ctx, &c, call->in[1].data, diff_dst, back->diff_src[0], back->scratch);
    else aus_conv_forward(&a.call);
  }
  if (back->diff_src[1] && describe_plain(call, &a, &c)) {
    const float *src = call->in[0].data, *wide = call->op == AUS_OP_conv ? src : diff_dst, *narrow = call->op == AUS_OP_conv ? diff_dst : src;
    if (aus_conv_dots_suit(&c)) aus_conv_dots(call->ctx, &c, wide, narrow, back->diff_src[1], back->scratch);
    else if (aus_conv_wino_weights_suit(&c)) aus_conv_wino_weights_back(call->ctx, &c, wide, narrow, back->diff_src[1], back->scratch);
    else aus_conv_weights_back(call->ctx, &c, wide, narrow, back->diff_src[1], back->scratch);
  }
  if (back->diff_src[2]) backward_bias(back);
}
