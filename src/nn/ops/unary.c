/* unary.c - elementwise ops of one operand: dst[i] = f(src[i]).
 *
 * One line per op; the loop around it cuts the array into blocks for the threads. All may work in place. */
#include "nn/ops/common.h"

#include <math.h>

typedef void (*row_fn)(int64_t n, const float *src, const aus_word *attr, float *dst);
typedef struct job { row_fn row; const float *src; const aus_word *attr; float *dst; } job;

static void run_block(void *arg, int64_t begin, int64_t end, int worker)
{
  const job *j = arg;
  (void)worker;
  j->row(end - begin, j->src + begin, j->attr, j->dst + begin);
}

static void run(const aus_call *call, row_fn row)
{
  job j = { row, call->in[0].data, call->attr, call->out[0].data };
  aus_parallel_for(call->ctx, aus_shape_count(&call->in[0].shape), AUS_BLOCK, run_block, &j);
}

/* x: the element; a and b: the first two attributes. */
#define UNARY(name, value)                                                                                   \
  static void row_##name(int64_t n, const float *src, const aus_word *attr, float *dst)                      \
  {                                                                                                          \
    (void)attr;                                                                                              \
    for (int64_t i = 0; i < n; i++) {                                                                        \
      const float x = src[i];                                                                                \
      dst[i] = (value);                                                                                      \
    }                                                                                                        \
  }                                                                                                          \
  static void forward_##name(const aus_call *call) { run(call, row_##name); }                                \
  const aus_op_impl aus_op_impl_##name = { .shape = aus_op_same_shape, .forward = forward_##name, .in_place = true };
#define A attr[0].f
#define B attr[1].f

static float sigmoidf(float x) { return 1 / (1 + expf(-x)); }
static float geluf(float x, bool approximate)
{
  if (approximate) return 0.5f * x * (1 + tanhf(0.7978845608028654f * (x + 0.044715f * x * x * x)));
  return 0.5f * x * (1 + erff(x * 0.7071067811865476f));
}
static float limit(float x, float low, float high) { return x < low ? low : x > high ? high : x; }

UNARY(relu, x < 0 ? 0 : x) /* NaN stays NaN */
UNARY(leaky_relu, x < 0 ? A * x : x)
UNARY(elu, x < 0 ? A * expm1f(x) : x)
UNARY(sigmoid, sigmoidf(x))
UNARY(tanh, tanhf(x))
UNARY(gelu, geluf(x, attr[0].i != 0))
UNARY(softplus, (x > 0 ? x : 0) + log1pf(expf(-fabsf(x))))
UNARY(hard_sigmoid, limit(A * x + B, 0, 1))
UNARY(clip, limit(x, A, B))
UNARY(exp, expf(x))
UNARY(log, logf(x))
UNARY(sqrt, sqrtf(x))
UNARY(erf, erff(x))
UNARY(abs, fabsf(x))
UNARY(neg, -x)
UNARY(sin, sinf(x))
UNARY(cos, cosf(x))
UNARY(reciprocal, 1 / x)
UNARY(silu, x * sigmoidf(x))
UNARY(floor, floorf(x))
UNARY(ceil, ceilf(x))
UNARY(round, rintf(x)) /* halves to even */
UNARY(sign, x > 0 ? 1.0f : x < 0 ? -1.0f : x)
UNARY(selu, B * (x > 0 ? x : A * expm1f(x)))
UNARY(softsign, x / (1 + fabsf(x)))
UNARY(atan, atanf(x))
UNARY(hard_swish, x * limit(x / 6 + 0.5f, 0, 1))
UNARY(thresholded_relu, x > A ? x : 0)
