/* norm.h - the norms over rows: forward in norm.c, the way back in norm_back.c. */
#ifndef AUS_OPS_NORM_H
#define AUS_OPS_NORM_H

#include "nn/ops/common.h"

size_t aus_norm_backward_scratch(const aus_back *back);
void aus_norm_backward(const aus_back *back);

#endif
