/* spread.c - an average pool that spreads a small image before a linear layer moves into that layer's weights.
 *
 * VGG's head [Simonyan15, as torchvision has it] takes any image to 7 x 7 and reads 25,088 numbers; where the image is 4 x 1, most of them are copies.
 * The pool is linear: W P x = (W P) x, and W P has a column per pixel: 2,048 instead of 25,088, a twelfth of what has to be read from memory. */
#include "nn/run.h"

#include <string.h>

/* The step whose result only this value's reader sees, if it is of this kind; -1. */
static int32_t maker_of(const aus_run *r, int32_t v, int32_t op)
{
  const aus_slot *s = &r->slot[v];
  if (s->writer < 0 || s->pinned || s->n_readers != 1 || r->step[s->writer].state != AUS_STEP_RUNS || r->step[s->writer].call.op != op) return -1;
  return s->writer;
}

static void spread_step(aus_run *r, int32_t index)
{
  aus_step *s = &r->step[index];
  const int32_t flat = maker_of(r, s->in_value[0], AUS_OP_reshape);
  const int32_t pool = flat < 0 ? -1 : maker_of(r, r->step[flat].in_value[0], AUS_OP_adaptive_avg_pool);
  if (pool < 0 || !r->slot[s->in_value[1]].constant) return;
  const aus_shape *image = &r->step[pool].call.in[0].shape;
  aus_operand *in = (aus_operand *)(uintptr_t)s->call.in;
  const int64_t pixels = aus_shape_count_range(image, 1, image->rank);
  if (in[0].shape.rank != 2 || in[0].shape.dim[0] != image->dim[0] || pixels >= in[0].shape.dim[1] || in[0].shape.dim[1] > INT32_MAX) return;
  r->step[pool].state = r->step[flat].state = AUS_STEP_FUSED;
  r->slot[s->in_value[0]].absent = r->slot[r->step[flat].in_value[0]].absent = true;
  s->spread = pool;
  s->in_value[0] = r->step[pool].in_value[0];
  in[0].shape.dim[1] = pixels;
  aus_slot *x = &r->slot[s->in_value[0]];
  if (x->last_reader < index) x->last_reader = index;
}

void aus_run_spread(aus_run *r)
{
  for (int32_t i = 0; i < r->n_steps; i++)
    if (r->step[i].call.op == AUS_OP_linear && r->step[i].state == AUS_STEP_RUNS) spread_step(r, i);
}

/* What of output `from` comes from pixel `to`. */
typedef struct share { int32_t from, to; float part; } share;
typedef struct gather { const float *from; float *to; int64_t planes, outputs, pixels; share *share; int64_t shares; } gather;

/* Bin o of O covers the pixels floor(o n / O) to ceil((o + 1) n / O) (nn/ops/pool.c). share: room for all, NULL: only counts. */
static int64_t list_shares(int64_t oh, int64_t ow, int64_t ih, int64_t iw, share *to)
{
  int64_t n = 0;
  for (int64_t b = 0; b < oh * ow; b++) {
    const int64_t y0 = b / ow * ih / oh, y1 = ((b / ow + 1) * ih + oh - 1) / oh, x0 = b % ow * iw / ow, x1 = ((b % ow + 1) * iw + ow - 1) / ow;
    for (int64_t y = y0; y < y1; y++)
      for (int64_t x = x0; x < x1; x++, n++)
        if (to) to[n] = (share){ (int32_t)b, (int32_t)(y * iw + x), 1 / (float)((y1 - y0) * (x1 - x0)) };
  }
  return n;
}

static void gather_planes(void *arg, int64_t begin, int64_t end, int worker)
{
  const gather *j = arg;
  (void)worker;
  memset(j->to + begin * j->pixels, 0, (size_t)((end - begin) * j->pixels) * sizeof *j->to);
  for (int64_t p = begin; p < end; p++) {
    const float *from = j->from + p * j->outputs;
    float *to = j->to + p * j->pixels;
    for (int64_t k = 0; k < j->shares; k++) to[j->share[k].to] += j->share[k].part * from[j->share[k].from];
  }
}

aus_status aus_spread_weights(const aus_run *r, const aus_step *s, float **weights)
{
  const aus_shape *in = &r->step[s->spread].call.in[0].shape, *out = &r->step[s->spread].call.out[0].shape;
  const bool line = in->rank == 3;
  const int64_t oh = line ? 1 : out->dim[2], ow = out->dim[out->rank - 1], ih = line ? 1 : in->dim[2], iw = in->dim[in->rank - 1];
  gather j = { .from = s->call.in[1].data, .planes = s->call.in[1].shape.dim[0] * in->dim[1], .outputs = oh * ow, .pixels = ih * iw, .shares = list_shares(oh, ow, ih, iw, NULL) };
  *weights = j.to = aus_alloc(r->bundle->ctx, (size_t)(j.planes * j.pixels), sizeof *j.to);
  if (!j.to || !(j.share = aus_alloc(r->ctx, (size_t)j.shares, sizeof *j.share))) return AUS_ENOMEM; /* the weights are the caller's already */
  list_shares(oh, ow, ih, iw, j.share);
  aus_parallel_for(r->ctx, j.planes, 256, gather_planes, &j);
  aus_free(r->ctx, j.share);
  return AUS_OK;
}
