/* unary.c - elementwise ops of one operand: dst[i] = f(src[i]).
 *
 * One line per op: a vector kernel, or a value; the loop around it cuts the array into blocks for the threads. All
 * may work in place. */
#include "nn/ops/common.h"

#include <math.h>

typedef const struct aus_vec_kernels *vec_table;
typedef void (*row_fn)(vec_table vec, int64_t n, const float *src, const aus_word *attr, float *dst);
typedef struct job { row_fn row; vec_table vec; const float *src; const aus_word *attr; float *dst; } job;

static void run_block(void *arg, int64_t begin, int64_t end, int worker)
{
  const job *j = arg;
  (void)worker;
  j->row(j->vec, end - begin, j->src + begin, j->attr, j->dst + begin);
}

static void run(const aus_call *call, row_fn row)
{
  job j = { row, &call->ctx->kernels->vec, call->in[0].data, call->attr, call->out[0].data };
  aus_parallel_for(call->ctx, aus_shape_count(&call->in[0].shape), AUS_BLOCK, run_block, &j);
}

#define OP_AROUND(name)                                                          \
  static void forward_##name(const aus_call *call) { run(call, row_##name); }    \
  const aus_op_impl aus_op_impl_##name = { .shape = aus_op_same_shape, .forward = forward_##name, .in_place = true };

/* Ops that are a vector kernel: call it on n, src, dst. */
#define KERNEL(name, kernel_call)                                                                                  \
  static void row_##name(vec_table vec, int64_t n, const float *src, const aus_word *attr, float *dst)             \
  {                                                                                                                \
    (void)attr;                                                                                                    \
    vec->kernel_call;                                                                                              \
  }                                                                                                                \
  OP_AROUND(name)
#define A attr[0].f
#define B attr[1].f

KERNEL(relu, relu(n, src, dst))
KERNEL(leaky_relu, leaky_relu(n, src, A, dst))
KERNEL(elu, elu(n, src, A, dst))
KERNEL(sigmoid, sigmoid(n, src, dst))
KERNEL(tanh, tanh(n, src, dst))
KERNEL(softplus, softplus(n, src, dst))
KERNEL(hard_sigmoid, hard_sigmoid(n, src, A, B, dst))
KERNEL(clip, clip(n, src, A, B, dst))
KERNEL(exp, exp(n, src, dst))
KERNEL(log, log(n, src, dst))
KERNEL(sqrt, sqrt(n, src, dst))
KERNEL(erf, erf(n, src, dst))
KERNEL(abs, abs(n, src, dst))
KERNEL(neg, neg(n, src, dst))
KERNEL(reciprocal, rdiv_s(n, src, 1, dst))
KERNEL(silu, silu(n, src, dst))
KERNEL(floor, floor(n, src, dst))
KERNEL(ceil, ceil(n, src, dst))
KERNEL(round, round(n, src, dst)) /* halves to even */

static void row_gelu(vec_table vec, int64_t n, const float *src, const aus_word *attr, float *dst)
{
  if (attr[0].i) vec->gelu_tanh(n, src, dst); else vec->gelu(n, src, dst);
}
OP_AROUND(gelu)

static void row_selu(vec_table vec, int64_t n, const float *src, const aus_word *attr, float *dst)
{
  vec->elu(n, src, A, dst);
  vec->mul_s(n, dst, B, dst);
}
OP_AROUND(selu)

/* The rarer ones, value by value. x: the element; A and B: the first two attributes. */
#define UNARY(name, value)                                                                                   \
  static void row_##name(vec_table vec, int64_t n, const float *src, const aus_word *attr, float *dst)       \
  {                                                                                                          \
    (void)vec; (void)attr;                                                                                   \
    for (int64_t i = 0; i < n; i++) {                                                                        \
      const float x = src[i];                                                                                \
      dst[i] = (value);                                                                                      \
    }                                                                                                        \
  }                                                                                                          \
  OP_AROUND(name)

static float limit(float x, float low, float high) { return x < low ? low : x > high ? high : x; }

UNARY(sin, sinf(x))
UNARY(cos, cosf(x))
UNARY(atan, atanf(x))
UNARY(sign, x > 0 ? 1.0f : x < 0 ? -1.0f : x)
UNARY(softsign, x / (1 + fabsf(x)))
UNARY(hard_swish, x * limit(x / 6 + 0.5f, 0, 1))
UNARY(thresholded_relu, x > A ? x : 0)
