/* vector.h - products of rows in double, for what factors and diagonalises matrices. */
#ifndef AUS_LA_VECTOR_H
#define AUS_LA_VECTOR_H

#include <stdint.h>

/* Four partial sums: fixed order, and the additions overlap. */
static inline double aus_dot(int64_t n, const double *a, const double *b)
{
  double s[4] = {0};
  int64_t i = 0;
  for (; i + 4 <= n; i += 4)
    for (int j = 0; j < 4; j++) s[j] += a[i + j] * b[i + j];
  for (; i < n; i++) s[0] += a[i] * b[i];
  return (s[0] + s[1]) + (s[2] + s[3]);
}

/* y += alpha x */
static inline void aus_axpy(int64_t n, double alpha, const double *x, double *y)
{
  for (int64_t i = 0; i < n; i++) y[i] += alpha * x[i];
}

#endif
