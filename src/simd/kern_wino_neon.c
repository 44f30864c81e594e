/* kern_wino_neon.c - Winograd's transforms compiled for neon: a file of its own, so that kern_neon.c need not be compiled with it. */
#include "simd/vec_neon.h"

#include "simd/kernels.h"

#include "simd/vec_math.h"
#include "simd/kern_wino.inc"

const struct aus_wino_kernels aus_wino_neon = AUS_WINO_TABLE;
