/* vec_scalar.h - the vector vocabulary in plain C, one lane. The reference every
 * other instruction set is tested against.
 *
 * Vocabulary (the same in vec_avx2.h, vec_avx512.h, vec_neon.h):
 *   V, VI       VW floats, VW int32         v_load/v_store     any alignment
 *   v_load_n    first n lanes, rest 0, never reads past n     v_store_n  first n lanes only
 *   v_load_lanes  the lanes v_lanes(from, to) says, rest 0, reads no other (p may lie outside)
 *   v_fma       a b + c, rounded once       v_fnma             c - a b
 *   VM          mask of lanes               v_select(m, a, b)  m ? a : b
 *   v_reverse   lanes last to first (VW > 1)
 *   v_split     a, b as one sequence -> its even and its odd places; v_join is the opposite (VW > 1)
 *   v_sum/v_max_across                      fixed tree over lanes: same bits each time */
#ifndef AUS_VEC_H
#define AUS_VEC_H
#include <math.h>
#include <stdint.h>
#include <string.h>

#define VW 1
#define VISA scalar
#define VREGS 16 /* architectural vector registers, for tile sizes */
typedef float V;
typedef int32_t VI;
typedef int VM;

static inline V v_zero(void) { return 0.0f; }
static inline V v_set1(float x) { return x; }
static inline V v_load(const float *p) { return *p; }
static inline void v_store(float *p, V a) { *p = a; }
static inline V v_load_n(const float *p, int n) { return n > 0 ? *p : 0.0f; }
static inline void v_store_n(float *p, V a, int n) { if (n > 0) *p = a; }
typedef int VL;
static inline VL v_lanes(int from, int to) { return from <= 0 && to > 0; }
static inline V v_load_lanes(const float *p, VL lanes) { return lanes ? *p : 0.0f; }
static inline V v_add(V a, V b) { return a + b; }
static inline V v_sub(V a, V b) { return a - b; }
static inline V v_mul(V a, V b) { return a * b; }
static inline V v_div(V a, V b) { return a / b; }
static inline V v_fma(V a, V b, V c) { return fmaf(a, b, c); }
static inline V v_fnma(V a, V b, V c) { return fmaf(-a, b, c); }
static inline V v_min(V a, V b) { return a < b ? a : b; } /* as minps: b when unordered */
static inline V v_max(V a, V b) { return a > b ? a : b; }
static inline V v_sqrt(V a) { return sqrtf(a); }
static inline V v_neg(V a) { return -a; }
static inline V v_abs(V a) { return fabsf(a); }
static inline V v_floor(V a) { return floorf(a); }
static inline V v_round(V a) { return rintf(a); } /* to nearest even */
static inline VM v_lt(V a, V b) { return a < b; }
static inline VM v_le(V a, V b) { return a <= b; }
static inline VM v_gt(V a, V b) { return a > b; }
static inline VM v_eq(V a, V b) { return a == b; }
static inline V v_select(VM m, V a, V b) { return m ? a : b; }
static inline VI v_to_int(V a) { return (VI)rintf(a); }
static inline V v_from_int(VI a) { return (V)a; }
static inline VI vi_set1(int32_t x) { return x; }
static inline VI vi_load(const int32_t *p) { return *p; }
static inline void vi_store(int32_t *p, VI a) { *p = a; }
static inline VI vi_add(VI a, VI b) { return (VI)((uint32_t)a + (uint32_t)b); }
static inline VI vi_sub(VI a, VI b) { return (VI)((uint32_t)a - (uint32_t)b); }
static inline VI vi_and(VI a, VI b) { return a & b; }
static inline VI vi_or(VI a, VI b) { return a | b; }
#define vi_shl(a, n) ((VI)((uint32_t)(a) << (n)))
#define vi_sra(a, n) ((a) >> (n))
#define vi_shr(a, n) ((VI)((uint32_t)(a) >> (n)))
static inline V v_from_bits(VI a) { V f; memcpy(&f, &a, sizeof f); return f; }
static inline VI v_bits(V a) { VI i; memcpy(&i, &a, sizeof i); return i; }
static inline float v_sum(V a) { return a; }
static inline float v_max_across(V a) { return a; }
/* m[i] holds row i; afterwards column i: lane j of m[i] is what lane i of m[j] was */
static inline void v_transpose(V m[VW]) { (void)m; }
#endif
