/* kern_spec.h - between rows of frames and frames in lanes; power, filterbanks, logarithms.
 *
 * "Lanes" are arrays [n][VW]: element i of VW frames side by side. `step` is the distance in floats from
 * one element to the next in lanes (VW for plain values, 2 VW for one part of complex ones). lanes <= VW rows
 * exist; the other lanes are read as zero and never written to rows. Any alignment. */
#ifndef AUS_KERN_SPEC_H
#define AUS_KERN_SPEC_H

#include <stdint.h>

/* Rows of a filterbank, each non-zero on [first, first + length) only. */
struct aus_bank_rows {
  int32_t bands;
  const int32_t *first, *length; /* [bands] */
  const float *w;                /* all lengths one after another */
};

enum { AUS_KLOG_LN, AUS_KLOG_LOG10 };

struct aus_spec_kernels {
  /* lanes[i] = x[lane ldx + i] window[i]; window NULL: 1 */
  void (*gather)(int64_t n, const float *x, int64_t ldx, int lanes, const float *window, float *z, int64_t step);
  /* lanes[i] = re^2 + im^2, or its root */
  void (*gather_power)(int64_t n, const float *re, const float *im, int64_t ld, int lanes, int root, float *p);
  /* y[lane ldy + i] = lanes[i ^ flip], flip 0 or 1 (then n is even) */
  void (*scatter)(int64_t n, const float *z, int64_t step, int flip, int lanes, float *y, int64_t ldy);
  /* y[lane hop + i] += lanes[i ^ flip] window[i], lanes in ascending order */
  void (*overlap_add)(int64_t n, const float *z, int64_t step, int flip, int lanes, const float *window, float *y, int64_t hop);
  /* y[k] = |z[k]|^2 of lane complex numbers */
  void (*power)(int64_t n, const float *z, float *p);
  /* y[band] = sum w[k] p[k], all in lanes */
  void (*bank)(const struct aus_bank_rows *rows, const float *p, float *y);
  /* elementwise on plain arrays */
  void (*square_sum)(int64_t n, const float *re, const float *im, int root, float *p);
  void (*root)(int64_t n, float *x);
  void (*half)(int64_t n, float *x);                                     /* to IEEE half and back */
  /* x = mul log(max(floor, scale x + offset)); floor 0: none. 1 ulp of the logarithm */
  void (*log)(int64_t n, int kind, float scale, float offset, float floor, float mul, float *x);
  float (*max)(int64_t n, const float *x);                               /* n >= 1 */
  float (*dot)(int64_t n, const float *a, const float *b);
  void (*clamp_below)(int64_t n, float floor, float *x);
};

#endif
