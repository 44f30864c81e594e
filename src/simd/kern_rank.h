/* kern_rank.h - sliding medians and soft masks, for harmonic/percussive separation. */
#ifndef AUS_KERN_RANK_H
#define AUS_KERN_RANK_H

#include <stdint.h>

struct aus_rank_kernels {
  /* y[i] = median of x[i - size/2 .. i - size/2 + size), VW series side by side (element i at x + i ldx, y + i ldy; the
   * first `lanes` exist), ends mirrored (d c b a | a b c d | d c b a); even sizes take the upper of the two middle
   * ones, as scipy.ndimage does. sorted: scratch of size VW floats. No NaN. */
  void (*median)(int64_t n, int32_t size, const float *x, int64_t ldx, int lanes, float *y, int64_t ldy, float *sorted);
  /* a, b -> masks a^p / (a^p + (mb b)^p) and b^p / (b^p + (ma a)^p), p = 2 if square else 1, computed without
   * overflow; both `empty` where neither is at least FLT_MIN */
  void (*softmask)(int64_t n, int square, float ma, float mb, float empty, float *a, float *b);
  /* y = x * m */
  void (*mul)(int64_t n, const float *x, const float *m, float *y);
};

#endif
