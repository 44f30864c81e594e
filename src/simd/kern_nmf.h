/* kern_nmf.h - the elementwise part of a multiplicative update, n >= 0, any alignment. */
#ifndef AUS_KERN_NMF_H
#define AUS_KERN_NMF_H

#include <stdint.h>

struct aus_nmf_kernels {
  /* a = v l^(beta - 2), b = l^(beta - 1) with l = max(lambda, floor); a may be lambda */
  void (*ratio_kl)(int64_t n, float floor, const float *v, const float *lambda, float *a);           /* b = 1 */
  void (*ratio_is)(int64_t n, float floor, const float *v, const float *lambda, float *a, float *b);
  /* x = max(x * num / max(den + mu, floor), tiny) */
  void (*update)(int64_t n, float mu, float floor, const float *num, const float *den, float *x);
  void (*update_by)(int64_t n, float den, float floor, const float *num, float *x); /* one denominator for all */
  /* sum of D_beta(v | max(lambda, floor)), beta 2, 1 or 0, v > 0 unless beta is 2. Every term to a few ulp, however
   * near v is to lambda; sums of 256 in single precision, those in double */
  double (*divergence)(int beta, int64_t n, float floor, const float *v, const float *lambda);
};

#endif
