/* kern_vec.h - elementwise work and reductions on plain arrays, n >= 0, any alignment.
 *
 * dst may be one of the sources (same start), never a shifted one. Results of an element do
 * not depend on its place in the array, so a range may be cut anywhere. NaN in, NaN out,
 * except for the comparisons in min, max, relu and clip, which follow minps (second operand). */
#ifndef AUS_KERN_VEC_H
#define AUS_KERN_VEC_H

#include <stdint.h>

typedef void (*aus_vec_unary)(int64_t n, const float *x, float *dst);
typedef void (*aus_vec_unary_1)(int64_t n, const float *x, float k, float *dst);
typedef void (*aus_vec_unary_2)(int64_t n, const float *x, float k, float l, float *dst);
typedef void (*aus_vec_binary)(int64_t n, const float *a, const float *b, float *dst);

struct aus_vec_kernels {
  /* dst = a op b */
  aus_vec_binary add, sub, mul, div, min, max;
  /* dst = x op k; rsub: k - x, rdiv: k / x */
  aus_vec_unary_1 add_s, mul_s, div_s, rsub_s, rdiv_s, min_s, max_s;
  void (*axpy)(int64_t n, float alpha, const float *x, float *y);                       /* y += alpha x */
  void (*fma)(int64_t n, const float *a, const float *b, const float *c, float *dst);   /* a b + c */
  aus_vec_unary_2 affine;                                                               /* k x + l */
  /* exact or correctly rounded */
  aus_vec_unary neg, abs, sqrt, square, floor, ceil, round, relu;
  aus_vec_unary_1 leaky_relu;              /* x < 0 ? k x : x */
  aus_vec_unary_2 clip;                    /* min(max(x, k), l) */
  aus_vec_unary_2 hard_sigmoid;            /* clip(k x + l, 0, 1) */
  /* within 4 ulp of the true value (test_vec.c states each) */
  aus_vec_unary exp, log, tanh, sigmoid, erf, gelu, gelu_tanh, softplus, silu;
  aus_vec_unary_1 elu;                     /* x < 0 ? k (e^x - 1) : x */
  /* Sums: 1024 floats at a time in a fixed tree over lanes, blocks added in double. */
  double (*sum)(int64_t n, const float *x);
  double (*dot)(int64_t n, const float *a, const float *b);
  double (*sum_abs)(int64_t n, const float *x);
  double (*sum_square)(int64_t n, const float *x, float mean);          /* of (x - mean)^2 */
  double (*exp_sum)(int64_t n, const float *x, float shift, float *dst); /* dst = e^(x - shift); their sum */
  float (*max_of)(int64_t n, const float *x);                           /* -inf for n = 0 */
  float (*min_of)(int64_t n, const float *x);                           /* +inf for n = 0 */
};

#endif
