/* common.h - what several ops share: axis arithmetic, strided copies, loops over blocks of elements. */
#ifndef AUS_OPS_COMMON_H
#define AUS_OPS_COMMON_H

#include "nn/op.h"
#include "simd/kernels.h"

enum { AUS_BLOCK = 16384 }; /* elements of one piece of elementwise work: 64 KiB, some microseconds */

/* Negative axes count from the end; AUS_EFORMAT when out of range. */
aus_status aus_op_axis(const aus_call *call, int32_t axis, int32_t rank, int32_t *out);

/* out[0] has the shape of in[0]. */
aus_status aus_op_same_shape(aus_call *call);

/* n zeros. */
void aus_op_zero(aus_ctx *ctx, int64_t n, float *dst);

/* A view of memory: dim d of the destination moves `stride[d]` elements in the source (0: repeated, < 0: backwards). */
enum { AUS_VIEW_DIMS = 2 * AUS_MAX_RANK };
typedef struct aus_view { int32_t rank; int64_t dim[AUS_VIEW_DIMS], stride[AUS_VIEW_DIMS]; } aus_view;

/* Drops dims of 1 and joins dims that lie one after another in the source. */
void aus_view_merge(aus_view *v);

/* dst (contiguous, row-major over v->dim) = the elements of the view from src on. */
void aus_view_copy(aus_ctx *ctx, const aus_view *v, const float *src, float *dst);

/* The way back of a view that reads each element of its source once at most: dst (where the view's first element lies) gets
 * src (contiguous) at the places the view reads; the rest of dst is left alone. */
void aus_view_spread(aus_ctx *ctx, const aus_view *v, const float *src, float *dst);

/* The view that undoes v, which must read every element of its source once. */
aus_view aus_view_inverse(const aus_view *v);

/* sum[n] = the sum of the m rows of x[m][n], in an order that depends on m and n alone (sum_rows.c). */
void aus_op_sum_rows(aus_ctx *ctx, int64_t m, int64_t n, const float *x, float *sum);

/* Row-major strides of s. */
void aus_shape_strides(const aus_shape *s, int64_t stride[AUS_MAX_RANK]);

#endif
