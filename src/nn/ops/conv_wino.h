/* conv_wino.h - when and how a convolution runs by Winograd's F(4x4, 3x3); conv_run.c asks, conv_wino.c computes. */
#ifndef AUS_OPS_CONV_WINO_H
#define AUS_OPS_CONV_WINO_H

#include "nn/ops/conv.h"

/* Does this call, described by c, run so? It depends on shapes and on call->training alone; on the number of items only
 * in training, so that what a network says of one input never depends on its batch. */
bool aus_conv_wino_suits(const aus_call *call, const aus_conv *c);

/* The transformed weights: 36 values for the 9 of a 3 x 3 kernel, 144 for the 25 of a 5 x 5 kernel of stride 2. */
size_t aus_conv_wino_weights_size(const aus_call *call, const aus_conv *c);
void aus_conv_wino_prepare(const aus_call *call, const aus_conv *c, void *prepared);

/* The tiles of all items, in order: 4 x 4 outputs of a grid each. A vector of them is 4 spots of a quarter, or single tiles
 * where rows are too short to fill spots. */
typedef struct aus_wino_tiles { int64_t th, tw, run, row_spots, all; } aus_wino_tiles; /* of a map; of a spot; spots of a row; tiles in all, those that fill spots up included */
aus_wino_tiles aus_conv_wino_tiles(const aus_kernels *kernels, const aus_conv *c);
/* The spots of the vector that begins at tile `at`: on a map of which items are `item` floats apart, a tile begins at step rows and
 * columns, less the margins. Returns their number. */
int32_t aus_conv_wino_spots(const aus_kernels *kernels, const aus_conv *c, const aus_wino_tiles *t, int64_t at, int64_t item, int64_t step, int64_t top,
                            int64_t left, struct aus_wino_spot *spot);

/* The weights' diff of a 3 x 3 convolution (conv_wino_weights.c), as aus_conv_weights_back. */
bool aus_conv_wino_weights_suit(const aus_conv *c);
size_t aus_conv_wino_weights_scratch(aus_ctx *ctx, const aus_conv *c);
void aus_conv_wino_weights_back(aus_ctx *ctx, const aus_conv *c, const float *wide, const float *narrow, float *diff, void *scratch);

size_t aus_conv_wino_scratch(const aus_call *call, const aus_conv *c);
void aus_conv_wino_forward(const aus_call *call, const aus_conv *c);

#endif
