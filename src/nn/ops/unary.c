/* unary.c - elementwise ops of one operand: dst[i] = f(src[i]), diff_src[i] = f'(src[i]) diff_dst[i].
 *
 * One line per op: a vector kernel, or a value, and the way back; the loop around it cuts the array into blocks for
 * the threads. All may work in place. Where f has no derivative, torch's is taken: relu, abs and sign give 0 at 0,
 * leaky_relu, elu and selu the left one, clip 1 at its limits, hard_sigmoid 0 at both corners, hard_swish the outer ones,
 * thresholded_relu 0; sqrt at 0 and log at 0 give infinity. Steps (floor, ceil, round, sign) give 0 everywhere. */
#include "nn/ops/common.h"

#include <math.h>

enum { PIECE = 512 }; /* values of an intermediate on the way back */

typedef const struct aus_vec_kernels *vec_table;
typedef void (*row_fn)(vec_table vec, int64_t n, const float *src, const aus_word *attr, float *dst);
typedef void (*back_fn)(vec_table vec, int64_t n, const float *src, const float *dst, const float *diff, const aus_word *attr, float *to);
typedef struct job { row_fn row; back_fn back; vec_table vec; const float *src; const aus_word *attr; float *dst; const float *diff; float *to; } job;

static void run_block(void *arg, int64_t begin, int64_t end, int worker)
{
  const job *j = arg;
  (void)worker;
  j->row(j->vec, end - begin, j->src + begin, j->attr, j->dst + begin);
}

static void run(const aus_call *call, row_fn row)
{
  job j = { .row = row, .vec = &call->ctx->kernels->vec, .src = call->in[0].data, .attr = call->attr, .dst = call->out[0].data };
  aus_parallel_for(call->ctx, aus_shape_count(&call->in[0].shape), AUS_BLOCK, run_block, &j);
}

static void back_block(void *arg, int64_t begin, int64_t end, int worker)
{
  const job *j = arg;
  (void)worker;
  for (int64_t i = begin; i < end; i += PIECE) {
    const int64_t n = end - i < PIECE ? end - i : PIECE;
    j->back(j->vec, n, j->src + i, j->dst + i, j->diff + i, j->attr, j->to + i);
  }
}

static void run_back(const aus_back *b, back_fn back)
{
  const aus_call *call = b->call;
  if (!b->diff_src[0]) return;
  job j = { .back = back, .vec = &call->ctx->kernels->vec, .src = call->in[0].data, .attr = call->attr, .dst = call->out[0].data,
            .diff = b->diff_dst[0], .to = b->diff_src[0] };
  aus_parallel_for(call->ctx, aus_shape_count(&call->in[0].shape), AUS_BLOCK, back_block, &j);
}

#define A attr[0].f
#define B attr[1].f

/* Way back of at most PIECE elements: x of src, y of dst, d of the diff; e of a vector kernel's values where one is named. */
#define BACK_HEAD(name) \
  static void back_##name(vec_table vec, int64_t n, const float *src, const float *dst, const float *diff, const aus_word *attr, float *to)
#define BACK_LOOP(value)                                                         \
  for (int64_t i = 0; i < n; i++) {                                              \
    const float x = src[i], y = dst[i], d = diff[i];                             \
    (void)x; (void)y; (void)d;                                                   \
    to[i] = (value);                                                             \
  }
#define BACK(name, value) BACK_HEAD(name) { (void)vec; (void)attr; BACK_LOOP(value) }
#define BACK_WITH(name, kernel_call, value)                                      \
  BACK_HEAD(name)                                                                \
  {                                                                              \
    float e[PIECE];                                                              \
    (void)attr;                                                                  \
    vec->kernel_call;                                                            \
    BACK_LOOP(value)                                                             \
  }

#define OP_AROUND(name)                                                                                            \
  static void forward_##name(const aus_call *call) { run(call, row_##name); }                                      \
  static void backward_##name(const aus_back *b) { run_back(b, back_##name); }                                     \
  const aus_op_impl aus_op_impl_##name = { .shape = aus_op_same_shape, .forward = forward_##name, .backward = backward_##name, .in_place = true };

/* Ops that are a vector kernel: call it on n, src, dst. */
#define ROW(name, kernel_call)                                                                                     \
  static void row_##name(vec_table vec, int64_t n, const float *src, const aus_word *attr, float *dst)             \
  {                                                                                                                \
    (void)attr;                                                                                                    \
    vec->kernel_call;                                                                                              \
  }
#define KERNEL(name, kernel_call, value) ROW(name, kernel_call) BACK(name, value) OP_AROUND(name)
/* ... and another for the way back. */
#define KERNELS(name, kernel_call, back_call, value) ROW(name, kernel_call) BACK_WITH(name, back_call, value) OP_AROUND(name)

/* c ? v : 0 without a jump. */
static float when(bool c, float v)
{
  union { float f; uint32_t u[sizeof(float) / 4]; } bits = { v };
  for (size_t k = 0; k < sizeof(float) / 4; k++) bits.u[k] &= -(uint32_t)c; /* (once, but in the double build) */
  return bits.f;
}

KERNEL(relu, relu(n, src, dst), when(x > 0, d))
KERNEL(leaky_relu, leaky_relu(n, src, A, dst), when(x > 0, d) + when(!(x > 0), d *A))
KERNELS(elu, elu(n, src, A, dst), exp(n, src, e), when(x > 0, d) + when(!(x > 0), d *A *e[i]))
KERNEL(sigmoid, sigmoid(n, src, dst), d *y *(1 - y))
KERNEL(tanh, tanh(n, src, dst), d *(1 - y) * (1 + y))
KERNELS(softplus, softplus(n, src, dst), sigmoid(n, src, e), d *e[i])
KERNEL(hard_sigmoid, hard_sigmoid(n, src, A, B, dst), when(y > 0 && y < 1, d *A))
KERNEL(clip, clip(n, src, A, B, dst), when(x >= A && x <= B, d))
KERNEL(exp, exp(n, src, dst), d *y)
KERNEL(log, log(n, src, dst), d / x)
KERNEL(sqrt, sqrt(n, src, dst), d / (2 * y))
KERNEL(abs, abs(n, src, dst), when(x > 0, d) - when(x < 0, d))
KERNEL(neg, neg(n, src, dst), -d)
KERNEL(reciprocal, rdiv_s(n, src, 1, dst), -d *y *y)
KERNELS(silu, silu(n, src, dst), sigmoid(n, src, e), d *e[i] *(1 + x * (1 - e[i])))
KERNEL(floor, floor(n, src, dst), 0)
KERNEL(ceil, ceil(n, src, dst), 0)
KERNEL(round, round(n, src, dst), 0) /* halves to even */

/* e = exp(-x^2 / 2 s) */
static void gauss(vec_table vec, int64_t n, const float *x, float half, float *e)
{
  vec->square(n, x, e);
  vec->mul_s(n, e, -half, e);
  vec->exp(n, e, e);
}

ROW(erf, erf(n, src, dst))
BACK_HEAD(erf)
{
  float e[PIECE];
  (void)attr;
  gauss(vec, n, src, 1, e);
  BACK_LOOP(d *1.12837917f * e[i]) /* 2 / sqrt(pi) */
}
OP_AROUND(erf)

static void row_gelu(vec_table vec, int64_t n, const float *src, const aus_word *attr, float *dst)
{
  if (attr[0].i) vec->gelu_tanh(n, src, dst); else vec->gelu(n, src, dst);
}

/* Phi(x) + x phi(x); or the derivative of x (1 + tanh u) / 2, u = sqrt(2 / pi) (x + 0.044715 x^3) */
BACK_HEAD(gelu)
{
  float e[PIECE], f[PIECE];
  if (attr[0].i) {
    for (int64_t i = 0; i < n; i++) to[i] = 0.797884561f * (src[i] + 0.044715f * src[i] * src[i] * src[i]);
    vec->tanh(n, to, e);
    BACK_LOOP(d *0.5f * (1 + e[i]) * (1 + x * (1 - e[i]) * 0.797884561f * (1 + 0.134145f * x * x)))
    return;
  }
  gauss(vec, n, src, 0.5f, e);
  vec->mul_s(n, src, 0.707106781f, f);
  vec->erf(n, f, f);
  BACK_LOOP(d *(0.5f * (1 + f[i]) + x * 0.398942280f * e[i]))
}
OP_AROUND(gelu)

static void row_selu(vec_table vec, int64_t n, const float *src, const aus_word *attr, float *dst)
{
  vec->elu(n, src, A, dst);
  vec->mul_s(n, dst, B, dst);
}
BACK_WITH(selu, exp(n, src, e), B *(when(x > 0, d) + when(!(x > 0), d *A *e[i])))
OP_AROUND(selu)

/* The rarer ones, value by value. x: the element; A and B: the first two attributes. */
#define UNARY(name, value, back_value)                                                                       \
  static void row_##name(vec_table vec, int64_t n, const float *src, const aus_word *attr, float *dst)       \
  {                                                                                                          \
    (void)vec; (void)attr;                                                                                   \
    for (int64_t i = 0; i < n; i++) {                                                                        \
      const float x = src[i];                                                                                \
      dst[i] = (value);                                                                                      \
    }                                                                                                        \
  }                                                                                                          \
  BACK(name, back_value)                                                                                     \
  OP_AROUND(name)

static float limit(float x, float low, float high) { return x < low ? low : x > high ? high : x; }

UNARY(sin, sinf(x), d *cosf(x))
UNARY(cos, cosf(x), -d *sinf(x))
UNARY(atan, atanf(x), d / (1 + x * x))
UNARY(sign, x > 0 ? 1.0f : x < 0 ? -1.0f : x, 0)
UNARY(softsign, x / (1 + fabsf(x)), d / ((1 + fabsf(x)) * (1 + fabsf(x))))
UNARY(hard_swish, x * limit(x / 6 + 0.5f, 0, 1), x <= -3 ? 0 : x < 3 ? d *(x / 3 + 0.5f) : d)
UNARY(thresholded_relu, x > A ? x : 0, when(x > A, d))
