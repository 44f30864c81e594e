/* kern_neon.c - every kernel family compiled for neon. */
#include "simd/vec_neon.h"

#include "simd/kernels.h"

#include "simd/kern_vec.inc"
#include "simd/kern_gemm.inc"
#include "simd/vec_math.h"
#include "simd/kern_conv.inc"
#include "simd/kern_rnn.inc"
#include "simd/kern_nmf.inc"
#include "simd/kern_fft.inc"
#include "simd/kern_spec.inc"
#include "simd/kern_fft_fused.inc"
#include "simd/kern_fft_row.inc"
#include "simd/kern_design.inc"
#include "simd/kern_rank.inc"

const aus_kernels aus_kernels_neon = {
#include "simd/kern_table.inc"
};
