/* sweep.h - one loop over an index space in which operands repeat along some dims, as in numpy's broadcasting.
 *
 * There: a result per index. Back: the same, and for an operand that repeats, the sum over the dims along which it does,
 * in double and in a fixed order. Dims along which all operands move alike are merged, so that equal shapes become one
 * row, a bias over channels becomes rows with a constant, and only odd cases are left with true strides. */
#ifndef AUS_OPS_SWEEP_H
#define AUS_OPS_SWEEP_H

#include "nn/ops/common.h"

enum { AUS_SWEEP_OPERANDS = 5 };

typedef struct aus_sweep {
  const struct aus_vec_kernels *vec;
  float k;                             /* a constant for the rows */
  int32_t n, rank;
  int64_t dim[AUS_VIEW_DIMS], stride[AUS_SWEEP_OPERANDS][AUS_VIEW_DIMS];
  const float *src[AUS_SWEEP_OPERANDS];
} aus_sweep;

/* A row of n indices: operand i is p[i][0], p[i][s[i]], ...; results go to dst[0..n). dst may be p[0] when s[0] is 1. */
typedef void (*aus_row_fn)(const aus_sweep *w, int64_t n, const float *const p[], const int64_t s[], float *dst);

/* Over the indices of shape, no operand yet. */
aus_sweep aus_sweep_over(aus_ctx *ctx, const aus_shape *shape);
/* One more, broadcast to the index space as numpy does. */
void aus_sweep_add(aus_sweep *w, const aus_shape *shape, const float *data);

/* dst, row-major over the index space. */
void aus_sweep_run(aus_ctx *ctx, const aus_sweep *w, aus_row_fn row, float *dst);
/* dst, of the layout of operand `like` (whose data is not read unless row does): summed along dims where its stride is 0. */
void aus_sweep_sum(aus_ctx *ctx, const aus_sweep *w, aus_row_fn row, int32_t like, float *dst);

/* Strides of s as it repeats along the dims of out. */
void aus_broadcast_strides(const aus_shape *s, const aus_shape *out, int64_t stride[AUS_MAX_RANK]);

/* The row that hands operand 0 on. */
void aus_row_first(const aus_sweep *w, int64_t n, const float *const p[], const int64_t s[], float *dst);

#endif
