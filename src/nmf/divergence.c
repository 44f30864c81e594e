/* divergence.c - beta-divergences [LeRoux15, sec. 2; Fevotte11].
 *
 *   D_beta(v | l) = [v^beta + (beta-1) l^beta - beta v l^(beta-1)] / (beta (beta-1))
 * with the limits KL at 1 and Itakura-Saito at 0; at 2 it is 1/2 (v - l)^2, for which the update
 * with weight mu descends (the 2015 code prints the square without the half). */
#include "nmf/divergence.h"

#include "simd/kernels.h"

#include <math.h>

static const float FLOOR = 1e-9f;

int aus_beta_factors(const aus_ctx *ctx, double beta, int64_t n, const float *v, const float *lambda, float *a, float *b)
{
  if (beta == 1.0) { ctx->kernels->nmf.ratio_kl(n, FLOOR, v, lambda, a); return AUS_NMF_ONES; }
  if (beta == 0.0) { ctx->kernels->nmf.ratio_is(n, FLOOR, v, lambda, a, b); return AUS_NMF_ARRAY; }
  for (int64_t i = 0; i < n; i++) {
    const float l = lambda[i] > FLOOR ? lambda[i] : FLOOR, p = powf(l, (float)beta - 2.0f);
    a[i] = v[i] * p;
    b[i] = l * p;
  }
  return AUS_NMF_ARRAY;
}

static double term(double beta, double v, double l)
{
  return (pow(v, beta) + (beta - 1.0) * pow(l, beta) - beta * v * pow(l, beta - 1.0)) / (beta * (beta - 1.0));
}

double aus_beta_divergence(const aus_ctx *ctx, double beta, int64_t n, const float *v, const float *lambda)
{
  double sum = 0.0;
  if (beta == 2.0 || beta == 1.0 || beta == 0.0) return ctx->kernels->nmf.divergence((int)beta, n, FLOOR, v, lambda);
  for (int64_t i = 0; i < n; i++) sum += term(beta, v[i], lambda[i] > FLOOR ? lambda[i] : FLOOR);
  return sum;
}
