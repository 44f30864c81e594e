/* quadrature.c - nodes and weights on [0, 1].
 *
 * Gauss-Legendre nodes are the zeros of P_n, found by Newton's iteration from Chebyshev's estimate; weights 2 / ((1 - z^2) P_n'(z)^2),
 * all moved from [-1, 1] to [0, 1]. The weights of every rule here sum to 1; captum's trapezoid sums to (n - 1) / n. */
#include "attrib/quadrature.h"

#include <math.h>
#include <string.h>

/* P_n(z), its derivative in *slope. */
static double legendre(int32_t n, double z, double *slope)
{
  double p = 1, before = 0;
  for (int32_t k = 1; k <= n; k++) {
    const double next = ((2.0 * k - 1) * z * p - (k - 1.0) * before) / k;
    before = p;
    p = next;
  }
  *slope = n * (z * p - before) / (z * z - 1);
  return p;
}

void aus_gauss_legendre(int32_t n, double *node, double *weight)
{
  for (int32_t i = 0; i < n; i++) {
    double z = -cos(3.14159265358979323846 * (i + 0.75) / (n + 0.5)), slope, step;
    int rounds = 0;
    do {
      const double p = legendre(n, z, &slope);
      step = p / slope;
      z -= step;
    } while (fabs(step) > 1e-15 && ++rounds < 60);
    legendre(n, z, &slope);
    node[i] = (1 + z) / 2;
    weight[i] = 1 / ((1 - z * z) * slope * slope);
  }
}

aus_status aus_quadrature(aus_ctx *ctx, const char *name, int32_t n, double *node, double *weight)
{
  static const char *const names[] = { "left", "right", "middle", "trapezoid", "linspace" };
  if (strncmp(name, "riemann_", 8) == 0) name += 8;
  if (strcmp(name, "gausslegendre") == 0) { aus_gauss_legendre(n, node, weight); return AUS_OK; }
  int rule = 0;
  while (rule < 5 && strcmp(names[rule], name) != 0) rule++;
  if (rule == 5) return aus_fail(ctx, AUS_EINVAL, "quadrature '%.40s' is not known; there are gausslegendre, left, right, middle, trapezoid, linspace, secant, adaptive", name);
  if (rule >= 3 && n < 2) return aus_fail(ctx, AUS_EINVAL, "%s needs at least 2 steps", names[rule]);
  for (int32_t k = 0; k < n; k++) {
    node[k] = rule == 0 ? (double)k / n : rule == 1 ? (k + 1.0) / n : rule == 2 ? (k + 0.5) / n : (double)k / (n - 1);
    weight[k] = rule == 3 ? (k == 0 || k == n - 1 ? 0.5 : 1) / (n - 1) : 1.0 / n;
  }
  return AUS_OK;
}
