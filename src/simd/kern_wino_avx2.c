/* kern_wino_avx2.c - Winograd's transforms compiled for avx2: a file of its own, so that kern_avx2.c need not be compiled with it. */
#include "simd/vec_avx2.h"

#include "simd/kernels.h"

#include "simd/vec_math.h"
#include "simd/kern_wino.inc"

const struct aus_wino_kernels aus_wino_avx2 = AUS_WINO_TABLE;
