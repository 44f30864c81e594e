/* kern_conv.h - one register tile of a convolution, and the copies around it.
 *
 * A tile is m output channels x nv vectors along the width. For each tap k (one input channel at one
 * kernel position) it reads nv vectors at src + offset[k] and m weights, and adds their outer product: so any kernel
 * size, dilation and stride, and a panel packed from a small map, are all the same loop over a table of offsets.
 * The sum is one chain in the order of k: its bits do not depend on how the map is cut into tiles. */
#ifndef AUS_KERN_CONV_H
#define AUS_KERN_CONV_H

#include <stdint.h>

enum { AUS_TILE_MAX_M = 14, AUS_TILE_MAX_NV = 8 };
/* how the tile starts and ends */
enum { AUS_TILE_RAW = 1,        /* store the bare sum: more taps follow, or nothing is to be done */
       AUS_TILE_MAX_W = 2,      /* dst[i dst_stride] = maximum over cols */
       AUS_TILE_MAX_MORE = 4 }; /* ... and over what dst holds */
enum { AUS_TILE_ACT_NONE, AUS_TILE_ACT_RELU, AUS_TILE_ACT_LEAKY, AUS_TILE_ACT_ELU }; /* as AUS_ACT_* of nn/op.h */

struct aus_conv_tile {
  int64_t k;                 /* taps */
  const float *src;
  const int32_t *offset;     /* [k], floats from src */
  const float *weights;      /* [k][m] */
  const float *from;         /* partial sums to go on from, rows from_stride apart; NULL: start from bias */
  int64_t from_stride;
  const float *bias;         /* [m], NULL: 0 */
  float *dst;                /* m rows of cols values, dst_stride apart */
  int64_t dst_stride;
  const float *scale, *shift; /* [m], after the activation; NULL: none */
  float alpha;
  int32_t act, flags;
  int32_t m, cols;           /* 1 <= m <= max_m, 1 <= cols <= max_nv[m] * width */
};

struct aus_conv_kernels {
  int32_t max_m;
  int32_t max_nv[AUS_TILE_MAX_M + 1]; /* vectors that fit the registers beside m channels */
  void (*tile)(const struct aus_conv_tile *t);
  /* panel[k][nr] = the runs of pixels src + offset[k] + start[r], len[r] long, at position pos[r] */
  void (*pack)(int64_t k, const int32_t *offset, const float *src, int32_t runs, const int64_t *start,
               const int32_t *pos, const int32_t *len, int64_t nr, float *panel);
  /* dst[i] = src[i step], reading only what is named */
  void (*take)(int64_t n, int64_t step, const float *src, float *dst);
  /* dst[i step] = src[i] */
  void (*put)(int64_t n, int64_t step, const float *src, float *dst);
  /* dst[2 i] = a[i], dst[2 i + 1] = b[i]; b may be one shorter (na - nb is 0 or 1) */
  void (*zip)(int64_t na, int64_t nb, const float *a, const float *b, float *dst);
};

#endif
