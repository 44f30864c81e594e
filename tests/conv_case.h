/* conv_case.h - a convolution by numbers, and its naive sum in double. */
#ifndef AUS_CONV_CASE_H
#define AUS_CONV_CASE_H

#include "op_test.h"

typedef struct conv_case {
  bool transposed, one_d;
  int64_t mb, groups, icg, ocg, ih, iw, kh, kw;
  int32_t sh, sw, dh, dw, top, left, bottom, right, extra_h, extra_w;
  bool bias;
} conv_case;

static inline op_test make(const conv_case *k, const float *src, const float *weights, const float *bias)
{
  op_test t = { .op = k->transposed ? AUS_OP_conv_transpose : AUS_OP_conv, .n_in = 3, .n_out = 1, .n_attr = k->transposed ? 11 : 9, .want = { true } };
  const int64_t w0 = k->transposed ? k->groups * k->icg : k->groups * k->ocg, w1 = k->transposed ? k->ocg : k->icg;
  if (k->one_d) {
    t.in_shape[0] = (aus_shape){ 3, { k->mb, k->groups * k->icg, k->iw } };
    t.in_shape[1] = (aus_shape){ 3, { w0, w1, k->kw } };
  } else {
    t.in_shape[0] = (aus_shape){ 4, { k->mb, k->groups * k->icg, k->ih, k->iw } };
    t.in_shape[1] = (aus_shape){ 4, { w0, w1, k->kh, k->kw } };
  }
  t.in_shape[2] = (aus_shape){ 1, { k->groups * k->ocg } };
  t.in[0] = src;
  t.in[1] = weights;
  t.in[2] = k->bias ? bias : NULL;
  const int32_t a[11] = { k->sh, k->sw, k->dh, k->dw, k->top, k->left, k->bottom, k->right, (int32_t)k->groups, k->extra_h, k->extra_w };
  for (int i = 0; i < t.n_attr; i++) t.attr[i].i = a[i];
  return t;
}

/* Sum in double, and the sum of magnitudes, which bounds its rounding. */
static inline void naive(const conv_case *k, const aus_shape *out, const float *src, const float *weights, const float *bias, double *dst, double *size)
{
  const int64_t oh = k->one_d ? 1 : out->dim[2], ow = out->dim[out->rank - 1], oc = k->groups * k->ocg;
  for (int64_t n = 0; n < k->mb; n++)
    for (int64_t o = 0; o < oc; o++) {
      double *d = dst + (n * oc + o) * oh * ow, *z = size + (n * oc + o) * oh * ow;
      for (int64_t i = 0; i < oh * ow; i++) { d[i] = k->bias ? bias[o] : 0; z[i] = fabs(d[i]); }
      for (int64_t i = 0; i < k->icg; i++)
        for (int64_t r = 0; r < k->kh; r++)
          for (int64_t q = 0; q < k->kw; q++) {
            const int64_t g = o / k->ocg, c = g * k->icg + i;
            const int64_t wi = k->transposed ? (c * k->ocg + o % k->ocg) : (o * k->icg + i);
            const double w = weights[(wi * k->kh + r) * k->kw + q];
            const float *s = src + (n * k->groups * k->icg + c) * k->ih * k->iw;
            const int64_t ny = k->transposed ? k->ih : oh, nx = k->transposed ? k->iw : ow;
            for (int64_t y = 0; y < ny; y++)
              for (int64_t x = 0; x < nx; x++) { /* far: the strided side of the pair */
                const int64_t fy = y * k->sh - k->top + r * k->dh, fx = x * k->sw - k->left + q * k->dw;
                if (fy < 0 || fx < 0 || fy >= (k->transposed ? oh : k->ih) || fx >= (k->transposed ? ow : k->iw)) continue;
                const int64_t at = k->transposed ? fy * ow + fx : y * ow + x;
                const double v = w * (k->transposed ? s[y * k->iw + x] : s[fy * k->iw + fx]);
                d[at] += v;
                z[at] += fabs(v);
              }
          }
    }
}

static inline double finish(const aus_epilogue *e, int64_t channel, double v)
{
  if (e->act == AUS_ACT_RELU) v = v < 0 ? 0 : v;
  if (e->act == AUS_ACT_LEAKY) v = v < 0 ? (double)e->alpha * v : v;
  if (e->act == AUS_ACT_ELU) v = v < 0 ? (double)e->alpha * expm1(v) : v;
  return e->scale ? v * (double)e->scale[channel] + (double)e->shift[channel] : v;
}

#endif
