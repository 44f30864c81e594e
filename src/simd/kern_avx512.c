/* kern_avx512.c - every kernel family compiled for avx512. */
#include "simd/vec_avx512.h"

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

const aus_kernels aus_kernels_avx512 = {
#include "simd/kern_table.inc"
};
