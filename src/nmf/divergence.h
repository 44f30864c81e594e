/* divergence.h - beta-divergences and the factors their multiplicative updates need. */
#ifndef AUS_NMF_DIVERGENCE_H
#define AUS_NMF_DIVERGENCE_H

#include "core/core.h"

enum { AUS_NMF_ONES = 0, AUS_NMF_ARRAY = 1 };

/* With l = max(lambda, 1e-9): a = v l^(beta-2) into a (may be lambda itself); b = l^(beta-1) into b.
 * Returns AUS_NMF_ONES when every b is 1 (Kullback-Leibler), b is then not written. */
int aus_beta_factors(const aus_ctx *ctx, double beta, int64_t n, const float *v, const float *lambda, float *a, float *b);

/* Sum of D_beta(v | max(lambda, 1e-9)); v > 0 unless beta is 2. */
double aus_beta_divergence(const aus_ctx *ctx, double beta, int64_t n, const float *v, const float *lambda);

#endif
