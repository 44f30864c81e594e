/* fft.h - the transform of VW frames at once, for the files of this floor. */
#ifndef AUS_DSP_FFT_H
#define AUS_DSP_FFT_H

#include "core/core.h"
#include "simd/kernels.h"

#include <auscult/dsp.h>

enum { AUS_FFT_MAX_PASSES = 32 };

/* A complex transform whose length has no prime factor above 5. */
typedef struct aus_cfft {
  int32_t n, passes;
  struct aus_fft_pass pass[AUS_FFT_MAX_PASSES];
  float *twiddle;
} aus_cfft;

struct aus_fft {
  aus_ctx *ctx;
  const aus_kernels *single; /* one lane: aus_fft_forward and aus_fft_inverse */
  int32_t n, len;            /* real length; complex length: n / 2, or n when n is odd */
  aus_cfft main;             /* of len, or of the chirp's length */
  float *untangle;           /* [len / 2 + 1] complex, e^(-2 pi i k / n) / 2; even n */
  float *chirp, *filter;     /* Bluestein's [len] and [main.n] complex; NULL when len is smooth */
};

/* Two work areas of this many floats each serve any of the calls below. */
size_t aus_fft_lane_floats(const aus_fft *fft, int width);

/* In: a holds x, lanes [n] (even n), or lane complex numbers [n] with imaginary parts 0 (odd n).
 * Returns the spectrum, lane complex numbers [n/2 + 1], in a or b. */
float *aus_fft_lanes_forward(const aus_fft *fft, const aus_kernels *k, float *a, float *b);
/* The same, but |X|^2, lanes [n/2 + 1]. */
float *aus_fft_lanes_power(const aus_fft *fft, const aus_kernels *k, float *a, float *b);
/* In: a holds the spectrum. Returns x: lanes [n] flipped (sample i at i ^ 1) for even n; for odd n lane complex
 * numbers whose second part is the signal, at *step floats apart. */
float *aus_fft_lanes_inverse(const aus_fft *fft, const aus_kernels *k, float *a, float *b);

/* Rows to what forward wants in z, and what inverse left to rows. */
void aus_fft_lanes_load(const aus_fft *fft, const aus_kernels *k, const float *x, int64_t ldx, int lanes,
                        const float *window, float *z);
void aus_fft_lanes_store(const aus_fft *fft, const aus_kernels *k, const float *z, int lanes, float *x, int64_t ldx);

#endif
