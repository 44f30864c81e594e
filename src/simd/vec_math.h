/* vec_math.h - exp, log, tanh, erf and their family in the vocabulary of vec_*.h.
 *
 * Each function reduces its argument to a short interval and evaluates a polynomial there.
 * The coefficients are weighted least-squares fits at Chebyshev nodes, re-weighted until the
 * error is level (Lawson), computed in 40 digits; the relative error of each fit is beside it.
 * Errors measured against double libm over all floats of interest: tests/test_vec.c.
 * Included by the .inc files after a vec_*.h; not a header of its own. */
#ifndef AUS_VEC_MATH_H
#define AUS_VEC_MATH_H
#include <math.h>

/* One step of Horner's scheme. */
static inline V vm_step(V p, V x, float c) { return v_fma(p, x, v_set1(c)); }

/* 2^n for integral n in [-252, 252], as two factors, so that results below 2^-126 round once. */
static inline V vm_scale(V y, VI n)
{
  const VI half = vi_sra(n, 1), rest = vi_sub(n, half), bias = vi_set1(127);
  const V a = v_from_bits(vi_shl(vi_add(half, bias), 23)), b = v_from_bits(vi_shl(vi_add(rest, bias), 23));
  return v_mul(v_mul(y, a), b);
}

/* x = n ln 2 + r, |r| <= ln(2)/2; returns e^r - 1 to 3e-9. NaN passes through. */
static inline V vm_exp_reduced(V x, V *n)
{
  *n = v_round(v_mul(x, v_set1(1.44269504f)));
  V r = v_fnma(*n, v_set1(6.93359375e-1f), x); /* ln 2 in two parts: the first has 9 bits, so n times it is exact */
  r = v_fnma(*n, v_set1(-2.12194440e-4f), r);
  V p = v_set1(1.381455768e-3f);
  p = vm_step(p, r, 8.368735774e-3f);
  p = vm_step(p, r, 4.166838990e-2f);
  p = vm_step(p, r, 1.666652048e-1f);
  p = vm_step(p, r, 4.999999344e-1f);
  return v_fma(v_mul(r, r), p, r);
}

static inline V vm_exp_clamp(V x) { return v_max(v_set1(-104.0f), v_min(v_set1(89.0f), x)); }

static inline V vm_exp(V x)
{
  V n;
  const V p = vm_exp_reduced(vm_exp_clamp(x), &n);
  return vm_scale(v_add(p, v_set1(1.0f)), v_to_int(n));
}

/* e^x - 1 without cancellation; x at most 88. */
static inline V vm_expm1(V x)
{
  V n;
  const V p = vm_exp_reduced(v_max(v_set1(-20.0f), v_min(v_set1(88.0f), x)), &n);
  const V two_n = v_from_bits(vi_shl(vi_add(v_to_int(n), vi_set1(127)), 23));
  return v_fma(two_n, p, v_sub(two_n, v_set1(1.0f)));
}

/* f in [sqrt(1/2) - 1, sqrt(2) - 1]: log(1 + f) - f, to 7e-10 of log(1 + f) */
static inline V vm_log1p_tail(V f)
{
  V p = v_set1(6.746601206e-2f);
  p = vm_step(p, f, -1.167564124e-1f);
  p = vm_step(p, f, 1.188817462e-1f);
  p = vm_step(p, f, -1.240559143e-1f);
  p = vm_step(p, f, 1.421955091e-1f);
  p = vm_step(p, f, -1.666799567e-1f);
  p = vm_step(p, f, 2.000211873e-1f);
  p = vm_step(p, f, -2.500000960e-1f);
  p = vm_step(p, f, 3.333331260e-1f);
  const V ff = v_mul(f, f);
  return v_fma(v_mul(ff, f), p, v_mul(ff, v_set1(-0.5f)));
}

/* log of positive normal x, plus carry (a correction of the size of an ulp). */
static inline V vm_log_normal(V x, V exponent_bias, V carry)
{
  const VI root = vi_set1(0x3f3504f3); /* sqrt(1/2) */
  const VI i = vi_sub(v_bits(x), root);
  const V e = v_add(v_from_int(vi_sra(i, 23)), exponent_bias);
  const V f = v_sub(v_from_bits(vi_add(vi_and(i, vi_set1(0x7fffff)), root)), v_set1(1.0f));
  const V low = v_fma(e, v_set1(-2.12194440e-4f), v_add(vm_log1p_tail(f), carry));
  return v_fma(e, v_set1(6.93359375e-1f), v_add(f, low));
}

/* log(0) = -inf, log(x < 0) = NaN, log(inf) = inf, NaN stays. */
static inline V vm_log(V x)
{
  const V tiny = v_set1(1.17549435e-38f), inf = v_set1(INFINITY);
  const VM small = v_lt(x, tiny);
  const V up = v_select(small, v_mul(x, v_set1(8388608.0f)), x); /* subnormal: times 2^23 */
  V y = vm_log_normal(up, v_select(small, v_set1(-23.0f), v_zero()), v_zero());
  y = v_select(v_lt(x, inf), y, x); /* inf and NaN */
  y = v_select(v_eq(x, v_zero()), v_set1(-INFINITY), y);
  return v_select(v_lt(x, v_zero()), v_set1(NAN), y);
}

/* log(1 + e) for e in [0, 1]: what 1 + e lost in rounding comes back as a correction. */
static inline V vm_log1p_unit(V e)
{
  const V u = v_add(e, v_set1(1.0f)), lost = v_sub(e, v_sub(u, v_set1(1.0f)));
  return vm_log_normal(u, v_zero(), v_div(lost, u));
}

/* Odd polynomial to 4e-9 below 0.625, 1 - 2/(e^2x + 1) above. */
static inline V vm_tanh(V x)
{
  const V a = v_abs(x), s = v_mul(x, x);
  V p = v_set1(-5.717036548e-3f);
  p = vm_step(p, s, 2.065057899e-2f);
  p = vm_step(p, s, -5.374349526e-2f);
  p = vm_step(p, s, 1.333149125e-1f);
  p = vm_step(p, s, -3.333328392e-1f);
  const V small = v_fma(v_mul(x, s), p, x);
  const V e = vm_exp(v_add(a, a));
  const V big = v_sub(v_set1(1.0f), v_div(v_set1(2.0f), v_add(e, v_set1(1.0f))));
  return v_select(v_lt(a, v_set1(0.625f)), small, v_select(v_lt(x, v_zero()), v_neg(big), v_select(v_eq(x, x), big, x)));
}

/* 1/(1 + e^-x), as e^x/(1 + e^x) for negative x, so that small results keep their digits. */
static inline V vm_sigmoid(V x)
{
  const V e = vm_exp(v_neg(v_abs(x))), d = v_add(e, v_set1(1.0f));
  return v_select(v_lt(x, v_zero()), v_div(e, d), v_div(v_set1(1.0f), d));
}

/* log(1 + e^x) = max(x, 0) + log(1 + e^-|x|) */
static inline V vm_softplus(V x)
{
  return v_add(v_max(v_zero(), x), vm_log1p_unit(vm_exp(v_neg(v_abs(x)))));
}

/* erfc(t) for t >= 0: e^(-t^2) / (1 + 2t) times a polynomial in (t - 3)/(t + 3) good to 2e-9 up to
 * t = 10.1, where the result is below the smallest float. The form is that of Shepherd and Laframboise
 * [Shepherd81]. t^2 comes as square - rest: the rounding error of t^2 alone would cost 2^6 ulp. */
static inline V vm_erfc_positive(V t, V square, V rest)
{
  t = v_min(v_set1(10.5f), t);
  const V u = v_div(v_sub(t, v_set1(3.0f)), v_add(t, v_set1(3.0f)));
  V p = v_set1(-2.681290826e-4f);
  p = vm_step(p, u, -7.775860590e-4f);
  p = vm_step(p, u, 2.001811426e-3f);
  p = vm_step(p, u, 2.567378669e-3f);
  p = vm_step(p, u, -2.379752971e-2f);
  p = vm_step(p, u, 6.829576726e-2f);
  p = vm_step(p, u, -1.192709754e-1f);
  p = vm_step(p, u, 1.296464145e-1f);
  p = vm_step(p, u, -4.756239944e-2f);
  p = vm_step(p, u, -1.356211393e-1f);
  p = vm_step(p, u, 1.253008059e+0f);
  V n;
  V e = vm_exp_reduced(vm_exp_clamp(v_neg(square)), &n);
  e = v_fma(v_min(rest, v_set1(1.0f)), v_add(e, v_set1(1.0f)), e); /* e^rest = 1 + rest here */
  e = v_div(v_fma(e, p, p), v_fma(v_set1(2.0f), t, v_set1(1.0f)));
  return vm_scale(e, v_to_int(n));
}

/* erf(x) for |x| <= 1, s = x^2: to 1.2e-9 */
static inline V vm_erf_small(V x, V s)
{
  V p = v_set1(7.889119490e-5f);
  p = vm_step(p, s, -8.020841267e-4f);
  p = vm_step(p, s, 5.189535338e-3f);
  p = vm_step(p, s, -2.685444459e-2f);
  p = vm_step(p, s, 1.128360018e-1f);
  p = vm_step(p, s, -3.761262714e-1f);
  p = vm_step(p, s, 1.283791670e-1f); /* 2/sqrt(pi) - 1 */
  return v_fma(x, p, x);
}

static inline V vm_erf(V x)
{
  const V a = v_abs(x), s = v_mul(x, x);
  const V big = v_sub(v_set1(1.0f), vm_erfc_positive(a, s, v_fnma(x, x, s)));
  const V y = v_select(v_lt(a, v_set1(1.0f)), vm_erf_small(x, s), v_select(v_lt(x, v_zero()), v_neg(big), big));
  return v_select(v_eq(x, x), y, x);
}

/* x Phi(x), Phi by erfc(|x|/sqrt 2) so that the left tail keeps its digits */
static inline V vm_gelu(V x)
{
  const V h = v_mul(x, v_set1(0.5f)), square = v_mul(x, h), t = v_mul(x, v_set1(0.707106781f)), one = v_set1(1.0f);
  const V half = v_mul(v_set1(0.5f), vm_erfc_positive(v_abs(t), square, v_fnma(x, h, square)));
  const V outer = v_select(v_lt(x, v_zero()), half, v_sub(one, half));
  const V inner = v_mul(v_set1(0.5f), v_add(one, vm_erf_small(t, square)));
  return v_mul(x, v_select(v_lt(square, v_set1(0.25f)), inner, outer));
}

/* the tanh form [Hendrycks16]: x sigmoid(2 sqrt(2/pi) (x + 0.044715 x^3)) */
static inline V vm_gelu_tanh(V x)
{
  const V inner = v_mul(x, v_fma(v_mul(x, x), v_set1(0.0713548162726f), v_set1(1.59576912161f)));
  return v_mul(x, vm_sigmoid(inner));
}

#endif
