/* reduce.h - the way back of all reductions (reduce_back.c). */
#ifndef AUS_OPS_REDUCE_H
#define AUS_OPS_REDUCE_H

#include "nn/op.h"

size_t aus_reduce_back_scratch(const aus_back *b);
void aus_reduce_back(const aus_back *b);

#endif
