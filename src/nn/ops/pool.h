/* pool.h - windows of the pooling ops, as the way forward (pool.c) and the way back (pool_back.c) see them. */
#ifndef AUS_OPS_POOL_H
#define AUS_OPS_POOL_H

#include "nn/ops/common.h"

/* One axis: result o covers source indices [o stride - before, ... + dilation (kernel - 1)]. */
typedef struct aus_pool_axis { int64_t in, out, kernel, stride, before, after, dilation; } aus_pool_axis;

typedef struct aus_pool {
  aus_pool_axis h, w;
  bool is_max, count_pad;
  int64_t planes; /* mb * c */
} aus_pool;

/* Source indices of result o that exist: first, last + 1 (steps of dilation); padded: how many count for an average
 * that includes padding (up to the end of the padding, as torch and ONNX have it). */
typedef struct aus_pool_window { int64_t from, to, padded; } aus_pool_window;

aus_status aus_pool_describe(const aus_call *call, aus_pool *p);
aus_pool_window aus_pool_window_at(const aus_pool_axis *a, int64_t o);
int64_t aus_pool_taps(const aus_pool_window *w, int64_t dilation);

size_t aus_pool_backward_scratch(const aus_back *back);
void aus_pool_backward(const aus_back *back);
void aus_adaptive_pool_backward(const aus_back *back);

#endif
