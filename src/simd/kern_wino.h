/* kern_wino.h - the transforms of Winograd's F(4x4, 3x3) [Winograd80; Lavin16].
 *
 * y = A' [(G g G') o (B' d B)] A makes a tile of 4 x 4 outputs of a 3 x 3 correlation from 6 x 6 inputs d with 36 products
 * instead of 144. Summed over channels each of the 36 is a matrix product, which is kern_conv.h's tile; what is left are
 * B', G and A'. Lanes are tiles: `width` tiles side by side, taken from the planes as they lie (NCHW) and put back so.
 *
 * The points are 0, +-1/sqrt(2), +-sqrt(2) and infinity: B's constants are 1/2, 2, 5/2, and the largest error is a
 * quarter of what 0, +-1, +-2 give (tests/test_conv_wino.c; bounds as in [Barabasz20]).
 *
 * Stride 2 (s = 2) is four problems on every other row and column: the source's four phases are four times the channels
 * (input), a transposed convolution's four grids four times the outputs (output). */
#ifndef AUS_KERN_WINO_H
#define AUS_KERN_WINO_H

#include <stdint.h>

enum { AUS_WINO_POINTS = 36, AUS_WINO_OUT = 4, AUS_WINO_IN = 6, AUS_WINO_SPOTS = 16 };

/* Where a run of tiles of one row begins: floats from the channel's plane of item 0, and row and column of the source
 * (which may be outside: zeros are read) or of dst. A vector of tiles is 4 spots of width / 4 tiles, or `width` spots of one. */
struct aus_wino_spot { int64_t at; int32_t y, x; };

struct aus_wino_input {
  const float *src;          /* plane of the first channel */
  int64_t plane, channels;   /* floats from channel to channel */
  int32_t ih, iw, s, spots;
  const struct aus_wino_spot *spot;
  float *dst;                /* B' d B of point p, phase f, channel c: dst[p point + f phase + c step], width floats */
  int64_t point, phase, step;
};

struct aus_wino_output {
  const float *src;          /* products of point p, grid f, channel c: src[p point + f grid + c step], width floats */
  int64_t point, grid, step;
  float *dst;                /* plane of the first channel */
  int64_t plane, channels;
  int32_t oh, ow, s, spots;
  const struct aus_wino_spot *spot;
  const float *bias, *scale, *shift; /* of the first channel; NULL: none */
  float alpha;
  int32_t act;               /* AUS_TILE_ACT_* */
};

struct aus_wino_kernels {
  void (*input)(const struct aus_wino_input *t);
  void (*output)(const struct aus_wino_output *t);
  /* A dy A' of 4 x 4 tiles, for the weights' diff: as input, of stride 1, whose spots begin at a tile's first row and column */
  void (*gradient)(const struct aus_wino_input *t);
  /* G' m G of n sums, point p at m[p point + i]: kernel i to dst[9 i], tap by tap */
  void (*kernels)(int64_t n, const float *m, int64_t point, float *dst);
  /* G g G' of m kernels: g[9][16] (tap, kernel) to dst[p point + i], i < m <= 16 */
  void (*weights)(int32_t m, const float *g, int64_t point, float *dst);
};

extern const struct aus_wino_kernels aus_wino_scalar, aus_wino_avx2, aus_wino_avx512, aus_wino_neon;

#endif
