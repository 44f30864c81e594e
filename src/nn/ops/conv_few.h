/* conv_few.h - transposed convolutions of stride 2 with an output channel or two; conv_run.c asks, conv_few.c computes. */
#ifndef AUS_OPS_CONV_FEW_H
#define AUS_OPS_CONV_FEW_H

#include "nn/ops/conv.h"

bool aus_conv_few_suits(const aus_call *call, const aus_conv *c);
size_t aus_conv_few_scratch(const aus_call *call, const aus_conv *c);
void aus_conv_few_forward(const aus_call *call, const aus_conv *c);

#endif
