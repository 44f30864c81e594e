/* vec_math.h - stands before src/simd/vec_math.h in the double build: the same functions from libm, in double. */
#ifndef AUS_VEC_MATH_H
#define AUS_VEC_MATH_H
#include <math.h>

static inline V vm_exp(V x) { return exp(x); }
static inline V vm_expm1(V x) { return expm1(x); }
static inline V vm_log(V x) { return log(x); }
/* log(1 + f) - f, whose two terms cancel where f is small */
static inline V vm_log1p_tail(V f) { return fabs(f) < 1e-3 ? f * f * (-1.0 / 2 + f * (1.0 / 3 + f * (-1.0 / 4 + f * (1.0 / 5 + f * (-1.0 / 6))))) : log1p(f) - f; }
static inline V vm_tanh(V x) { return tanh(x); }
static inline V vm_sigmoid(V x) { return x < 0 ? exp(x) / (1 + exp(x)) : 1 / (1 + exp(-x)); }
static inline V vm_softplus(V x) { return fmax(x, 0) + log1p(exp(-fabs(x))); }
static inline V vm_erf(V x) { return erf(x); }
static inline V vm_gelu(V x) { return 0.5 * x * erfc(-x / sqrt(2)); }
static inline V vm_gelu_tanh(V x) { return 0.5 * x * (1 + tanh(0.79788456080286535588 * (x + 0.044715 * x * x * x))); }
#endif
