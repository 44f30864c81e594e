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
  float *untangle;           /* [len + 1] complex, e^(-2 pi i k / n) / 2; even n */
  aus_cfft row_main;         /* of len / width: transforms inside a row */
  struct aus_fft_row row;    /* row.h is 0 where the length does not suit */
  float *row_tables;
  float *chirp, *filter;     /* Bluestein's [len] and [main.n] complex; NULL when len is smooth */
};

/* Two work areas of this many floats each serve any of the calls below. */
size_t aus_fft_lane_floats(const aus_fft *fft, int width);

/* Whether rows are better transformed one by one (then a and b need 2 len floats each, any width). */
static inline bool aus_fft_by_row(const aus_fft *fft) { return fft->row.h > 0; }

/* Everything below takes rows on one side and lanes on the other, in the work areas a and b. */

/* Spectra of rows x[lane ldx + i] window[i] (window NULL: 1): lane complex numbers [n/2 + 1], in a or b (returned). */
float *aus_fft_rows_forward(const aus_fft *fft, const aus_kernels *k, const float *x, int64_t ldx, int lanes,
                            const float *window, float *a, float *b);
/* The same, but |X|^2: lanes [n/2 + 1]. */
float *aus_fft_rows_power(const aus_fft *fft, const aus_kernels *k, const float *x, int64_t ldx, int lanes,
                          const float *window, float *a, float *b);
/* a holds spectra; their signals go to rows x[lane ldx + i]; or windowed are added to y[lane hop + i]. a is overwritten. */
void aus_fft_rows_inverse(const aus_fft *fft, const aus_kernels *k, float *a, float *b, int lanes, float *x, int64_t ldx);
void aus_fft_rows_overlap_add(const aus_fft *fft, const aus_kernels *k, float *a, float *b, int lanes, const float *window,
                              float *y, int64_t hop);

#endif
