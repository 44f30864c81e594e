/* kernels.h - one table of function pointers per instruction set.
 *
 * A kernel family is a pair: kern_FAMILY.h declares `struct aus_FAMILY_kernels`, and
 * kern_FAMILY.inc holds the bodies, written once in the vocabulary of vec_*.h. Each
 * kern_ISA.c compiles all bodies with its own flags and fills its own table. A context
 * keeps a pointer to the table chosen when it was made. */
#ifndef AUS_KERNELS_H
#define AUS_KERNELS_H

#include "core/cpu.h"
#include "simd/kern_conv.h"
#include "simd/kern_fft.h"
#include "simd/kern_design.h"
#include "simd/kern_rank.h"
#include "simd/kern_gemm.h"
#include "simd/kern_rnn.h"
#include "simd/kern_nmf.h"
#include "simd/kern_spec.h"
#include "simd/kern_vec.h"
#include "simd/kern_wino.h"

typedef struct aus_kernels {
  const char *name;            /* "scalar", "avx2", "avx512", "neon" */
  int width;                   /* floats in a vector */
  struct aus_conv_kernels conv; /* register tiles of convolution */
  const struct aus_wino_kernels *wino; /* Winograd's transforms, compiled apart */
  struct aus_rnn_kernels rnn;   /* steps of recurrent layers */
  struct aus_fft_kernels fft;  /* frames in lanes: transforms */
  struct aus_spec_kernels spec; /* frames in lanes: framing, power, banks, logarithms */
  struct aus_design_kernels design; /* tables of zeros and ones */
  struct aus_rank_kernels rank; /* sliding medians, soft masks */
  struct aus_vec_kernels vec;  /* elementwise work and reductions */
  struct aus_gemm_kernels gemm; /* matrix products */
  struct aus_nmf_kernels nmf;   /* multiplicative updates */
} aus_kernels;

/* The best table for cpu, or the one named; NULL when that one is not to be had. */
const aus_kernels *aus_kernels_select(const aus_cpu *cpu, const char *name);

extern const aus_kernels aus_kernels_scalar, aus_kernels_avx2, aus_kernels_avx512, aus_kernels_neon;

#endif
