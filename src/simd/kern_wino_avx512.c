/* kern_wino_avx512.c - Winograd's transforms compiled for avx512: a file of its own, so that kern_avx512.c need not be compiled with it. */
#include "simd/vec_avx512.h"

#include "simd/kernels.h"

#include "simd/vec_math.h"
#include "simd/kern_wino.inc"

const struct aus_wino_kernels aus_wino_avx512 = AUS_WINO_TABLE;
