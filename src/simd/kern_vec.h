/* kern_vec.h - elementwise work on plain arrays, n >= 0, any alignment. */
#ifndef AUS_KERN_VEC_H
#define AUS_KERN_VEC_H

#include <stdint.h>

struct aus_vec_kernels {
  void (*add)(int64_t n, const float *a, const float *b, float *dst);
  void (*axpy)(int64_t n, float alpha, const float *x, float *y); /* y += alpha x */
};

#endif
