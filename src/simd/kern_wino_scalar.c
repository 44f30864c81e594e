/* kern_wino_scalar.c - Winograd's transforms compiled for scalar: a file of its own, so that kern_scalar.c need not be compiled with it. */
#include "simd/vec_scalar.h"

#include "simd/kernels.h"

#include "simd/vec_math.h"
#include "simd/kern_wino.inc"

const struct aus_wino_kernels aus_wino_scalar = AUS_WINO_TABLE;
