/* quadrature.h - nodes and weights on [0, 1]. */
#ifndef AUS_ATTRIB_QUADRATURE_H
#define AUS_ATTRIB_QUADRATURE_H

#include "core/core.h"

/* n >= 1 nodes and weights of Gauss and Legendre: exact for polynomials of degree 2 n - 1. */
void aus_gauss_legendre(int32_t n, double *node, double *weight);
/* The rule of this name (left, right, middle, trapezoid, linspace, gausslegendre; riemann_left ... as captum calls them).
 * AUS_EINVAL: no such rule, or too few nodes for it. */
aus_status aus_quadrature(aus_ctx *ctx, const char *name, int32_t n, double *node, double *weight);

#endif
