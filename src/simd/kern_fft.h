/* kern_fft.h - complex transforms of many frames side by side, one frame in each lane.
 *
 * A "lane spectrum" z of n complex numbers is n pairs of vectors: real parts of all frames, then
 * imaginary parts, so element k starts at z + 2 VW k. No lane ever talks to another: a transform has no
 * shuffle in it, twiddles are broadcast, and VW frames cost what one does. A real signal of 2n samples laid out
 * as one vector per sample is, as it stands, the lane spectrum of n complex numbers that the half-length
 * real transform wants. */
#ifndef AUS_KERN_FFT_H
#define AUS_KERN_FFT_H

#include <stdint.h>

/* One Stockham pass: radix butterflies over x[q + s (k + m j)], j < radix, k < m, q < s. */
struct aus_fft_pass {
  int32_t radix, m, s;
  const float *twiddle; /* [m][radix - 1] complex, e^(-2 pi i j k / (radix m)), j = 1 .. radix - 1 */
};

/* A real transform of n = 2 h points inside one row, h = VW p, p a multiple of VW: the lanes are VW interleaved
 * sub-sequences of length p, transformed side by side and then with one another. */
struct aus_fft_row {
  int64_t h, p;
  int32_t passes;
  const struct aus_fft_pass *pass; /* of the transform of length p */
  const float *turn;               /* [p][re, im][VW]: e^(-2 pi i k lane / h) */
  const float *tw_re, *tw_im;      /* [h / 2 + VW] each: e^(-2 pi i k / 2h) / 2 */
};

struct aus_fft_kernels {
  int max_radix; /* 8 where 32 vector registers hold a butterfly, else 4 */
  /* y = one pass over x; both [radix m s] lane complex numbers, disjoint */
  void (*pass)(const struct aus_fft_pass *pass, const float *x, float *y);
  /* real spectrum X[h + 1] from the half-length transform z[h]; tw[h + 1] = e^(-2 pi i k / 2h) / 2 */
  void (*untangle)(int64_t h, const float *tw, const float *z, float *X);
  /* |X[k]|^2, k <= h, without storing X */
  void (*untangle_power)(int64_t h, const float *tw, const float *z, float *power);
  /* the opposite: swapped (imaginary part first) z[h] from X[h + 1], times 2 scale */
  void (*tangle)(int64_t h, const float *tw, float scale, const float *X, float *z);
    /* y[k] = x[k] w[k], x read and y written with the parts swapped where asked */
  void (*modulate)(int64_t n, const float *x, const float *w, float *y, int swap_in, int swap_out);

  /* The same work with the neighbouring step folded in, so that nothing is written only to be read again. pass is a first
   * (s = 1) or last (m = 1) one, of a transform of even real length n = 2 h, h = radix m s. */
  /* first pass over rows x[lane ldx + i] window[i] (window NULL: 1) */
  void (*first_rows)(const struct aus_fft_pass *pass, const float *x, int64_t ldx, int lanes, const float *window, float *y);
  /* last pass, then untangle or untangle_power */
  void (*last_untangle)(const struct aus_fft_pass *pass, const float *tw, const float *x, float *X);
  void (*last_power)(const struct aus_fft_pass *pass, const float *tw, const float *x, float *power);
  /* tangle, then the first pass */
  void (*first_tangle)(const struct aus_fft_pass *pass, const float *tw, float scale, const float *X, float *y);
  /* last pass of an inverse, windowed and added to rows: y[lane hop + i] += x[i] window[i] */
  void (*last_add)(const struct aus_fft_pass *pass, const float *x, int lanes, const float *window, float *y, int64_t hop);

  /* One row at a time; NULL where VW is 1. a, b: 2 h floats each. */
  /* re, im [h + 1] of x[2h] window[2h] (window NULL: 1) */
  void (*row_forward)(const struct aus_fft_row *plan, const float *x, const float *window, float *a, float *b, float *re, float *im);
  /* y[2h] += the inverse of re, im, times window and scale; window NULL: y = the inverse times scale */
  void (*row_inverse)(const struct aus_fft_row *plan, const float *re, const float *im, float scale, const float *window, float *a,
                      float *b, float *y);
};

#endif
