/* dropout.c - zeros a share of the values while training [Srivastava14]; otherwise the identity.
 *
 *   dst = src m / (1 - rate),  m = 1 with probability 1 - rate, else 0;   diff_src = diff_dst m / (1 - rate)
 *
 * Element i's number is word i mod 4 of Philox block i / 4 of the stream (seed, draw): it depends neither on threads
 * nor on what came before, so the mask is not kept but drawn again on the way back. */
#include "nn/ops/common.h"

#include <string.h>

static aus_status shape(aus_call *call)
{
  const float rate = call->attr[0].f;
  if (!(rate >= 0 && rate <= 1)) return aus_fail(call->ctx, AUS_EFORMAT, "a dropout rate of %g is not in [0, 1]", (double)rate);
  return aus_op_same_shape(call);
}

typedef struct mask { uint64_t seed, draw, least; float keep; const float *src; float *dst; } mask;

/* Blocks of four elements, so that a task begins where a Philox block does. */
static void apply(const mask *m, int64_t from, int64_t to)
{
  aus_rng rng;
  aus_rng_init(&rng, m->seed, m->draw);
  rng.draw = (uint64_t)from / 4;
  for (int64_t i = from; i < to; i++) m->dst[i] = aus_rng_u32(&rng) >= m->least ? m->src[i] * m->keep : 0;
}

typedef struct job { mask m; int64_t n; } job;

static void run_blocks(void *arg, int64_t begin, int64_t end, int worker)
{
  const job *j = arg;
  (void)worker;
  apply(&j->m, 4 * begin, 4 * end < j->n ? 4 * end : j->n);
}

static void run(const aus_call *call, const float *src, float *dst)
{
  const int64_t n = aus_shape_count(&call->in[0].shape);
  const double rate = (double)call->attr[0].f;
  job j = { { call->seed, call->draw, (uint64_t)(rate * 0x1p32), rate < 1 ? (float)(1 / (1 - rate)) : 0, src, dst }, n };
  if (call->training && rate > 0) aus_parallel_for(call->ctx, (n + 3) / 4, AUS_BLOCK / 8, run_blocks, &j);
  else if (dst != src) memcpy(dst, src, (size_t)n * sizeof *dst);
}

static void forward(const aus_call *call) { run(call, call->in[0].data, call->out[0].data); }

static void backward(const aus_back *back)
{
  if (back->diff_src[0]) run(back->call, back->diff_dst[0], back->diff_src[0]);
}

const aus_op_impl aus_op_impl_dropout = { .shape = shape, .forward = forward, .backward = backward, .in_place = true };
