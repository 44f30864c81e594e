/* conv.h - one description of convolution and transposed convolution, and the engine that runs both.
 *
 * Either op is a set of grids: grid (py, px) holds the outputs oy = ystep j + py, ox = xstep i + px, and each is
 *   dst[oc][oy][ox] = bias[oc] + sum over taps of weights[oc][tap] * image[j * walk_y + i + offset(tap)]
 * on a padded image. A convolution has one grid, whose taps are all of (ic, kh, kw); where stride_w > 1 the padding copy
 * sorts columns by their remainder, so that neighbours i, i + 1 stay neighbours in memory. A transposed convolution of
 * stride s has s x s grids (phases), each with the taps that reach it: gather form, no scatter, no atomics. */
#ifndef AUS_OPS_CONV_H
#define AUS_OPS_CONV_H

#include "nn/op.h"
#include "simd/kernels.h"

static inline int64_t ceil_div(int64_t a, int64_t b) { return (a + b - 1) / b; }
static inline int64_t at_most(int64_t a, int64_t b) { return a < b ? a : b; }
static inline int64_t at_least(int64_t a, int64_t b) { return a > b ? a : b; }
/* Floats up to a whole cache line. */
static inline int64_t lines(int64_t floats) { return ceil_div(floats, 16) * 16; }
/* An odd number of lines: many arrays so far apart do not fall into the same few sets of the cache. */
static inline int64_t odd_lines(int64_t floats) { return lines(floats) + (ceil_div(floats, 16) % 2 ? 0 : 16); }

typedef struct aus_conv {
  bool transposed;
  int64_t mb, groups, icg, ocg;          /* icg, ocg: channels of one group */
  int64_t ih, iw, oh, ow, kh, kw;        /* as the op has them; 1-D has ih = kh = 1 */
  int64_t sh, sw, dh, dw, pad_top, pad_left;
  int64_t py, px;                        /* grids: 1 x 1, or sh x sw when transposed */
  int64_t gh, gw;                        /* outputs of grid (0, 0), the largest */
  bool joined;                           /* all rows are one: gh 1, gw = oh ow */
  /* the padded image of one item: ic planes of rows of `row` floats */
  bool copied;                           /* false: the image is src itself */
  int64_t top, left, rows, cols;         /* margins; rows and columns copied */
  int64_t sort;                          /* columns sorted by remainder modulo this: 1, or sw */
  int64_t sorted;                        /* columns of one remainder */
  int64_t row, plane, walk_y;            /* floats from row to row, plane to plane, grid row to grid row */
  int32_t block, blocks;                 /* output channels come in `blocks` blocks of block or block - 1 */
} aus_conv;

/* Fills c from a call of either op; text in the context when the operands do not fit. out[0].shape is not read. */
aus_status aus_conv_describe(const aus_call *call, aus_conv *c);
aus_status aus_conv_shape(aus_call *call);

/* Output channels of block b of a group, and the first one. */
int32_t aus_conv_block_size(const aus_conv *c, int32_t b);
int64_t aus_conv_block_start(const aus_conv *c, int32_t b);

/* Taps along each axis that reach grid (py, px). */
int64_t aus_conv_taps_y(const aus_conv *c, int64_t py);
int64_t aus_conv_taps_x(const aus_conv *c, int64_t px);
/* Taps (over all input channels of a group) of the grids before (py, px): where its table and weights begin. */
int64_t aus_conv_taps_before(const aus_conv *c, int64_t py, int64_t px);

/* The same seen from the image: the kernel position that place i of a grid's window (transposed; the window begins at image row j),
 * or of one of the phases that a stride leaves of src (plain), stands for along an axis; -1: none. Dilation 1. */
int64_t aus_conv_place_y(const aus_conv *c, int64_t i, int64_t p);
int64_t aus_conv_place_x(const aus_conv *c, int64_t i, int64_t p);

/* The table of offsets of all grids, [icg kh kw]; weights packed [group][grid][block][tap][channel of block]. */
void aus_conv_offsets(const aus_conv *c, int32_t *offset);
size_t aus_conv_weights_size(const aus_conv *c);
void aus_conv_pack_weights(aus_ctx *ctx, const aus_conv *c, const float *weights, float *packed);

/* The padded copy of channel plane `ch` of one item. */
void aus_conv_copy_plane(const aus_kernels *kernels, const aus_conv *c, const float *src, float *dst);

/* forward and its memory, shared by both ops */
size_t aus_conv_scratch_size(const aus_call *call);
size_t aus_conv_prepared_size(const aus_call *call);
int32_t aus_conv_prepared_kind(const aus_call *call);
void aus_conv_prepare(const aus_call *call, void *prepared);
void aus_conv_forward(const aus_call *call);

/* backward of both (conv_back.c), and its part for weights (conv_weights.c): c describes a plain convolution from wide
 * to narrow; diff has the shape of its weights. */
size_t aus_conv_backward_scratch(const aus_back *back);
void aus_conv_backward(const aus_back *back);
bool aus_conv_columns_suit(const aus_conv *c); /* is diff_src of a plain convolution better made in conv_columns.c? */
size_t aus_conv_columns_scratch(aus_ctx *ctx, const aus_conv *c);
void aus_conv_columns(aus_ctx *ctx, const aus_conv *c, const float *weights, const float *diff_dst, float *diff_src, void *scratch);
bool aus_conv_dots_suit(const aus_conv *c);    /* and diff of the weights in conv_dots.c? */
size_t aus_conv_dots_scratch(const aus_ctx *ctx, const aus_conv *c);
void aus_conv_dots(aus_ctx *ctx, const aus_conv *c, const float *wide, const float *narrow, float *diff, void *scratch);
size_t aus_conv_weights_back_scratch(aus_ctx *ctx, const aus_conv *c);
void aus_conv_weights_back(aus_ctx *ctx, const aus_conv *c, const float *wide, const float *narrow, float *diff, void *scratch);

#endif
