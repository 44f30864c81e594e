/* kern_design.h - tables of zeros and ones: counting common ones, adding up the rows that have a one. */
#ifndef AUS_KERN_DESIGN_H
#define AUS_KERN_DESIGN_H

#include <stdint.h>

struct aus_design_kernels {
  /* sum of weight[i] x (ones of a[i] & b[i]); n is a multiple of 8 */
  double (*common_ones)(int64_t n, const uint64_t *a, const uint64_t *b, const double *weight);
  /* sum[j][0..n) += z[r * ldz + j] v[r][0..n) over all rows r, for j = 0 .. d - 1; z is 0 or 1, n a multiple of 8, v and sum
   * 64-byte aligned */
  void (*add_chosen)(int64_t rows, int64_t d, const uint8_t *z, int64_t ldz, int64_t n, const double *v, double *sum);
  /* sum[l] += pi[r] (y[r][l] - base[l]) over all rows; pi NULL: ones */
  void (*add_rows)(int64_t rows, int64_t n, const double *pi, const float *y, const float *base, double *sum);
  /* v[r][l] = pi[r] e, squares[l] += pi[r] e^2 with e = y[r][l] - mean[l]; rows of v are stride apart */
  void (*centre_rows)(int64_t rows, int64_t n, const double *pi, const float *y, const double *mean, int64_t stride, double *v, double *squares);
};

#endif
