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

size_t aus_conv_wino_scratch(const aus_call *call, const aus_conv *c);
void aus_conv_wino_forward(const aus_call *call, const aus_conv *c);

#endif
