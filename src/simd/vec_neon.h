/* vec_neon.h - the vector vocabulary (see vec_scalar.h) on AArch64 NEON, four lanes. */
#ifndef AUS_VEC_H
#define AUS_VEC_H
#include <arm_neon.h>
#include <stdint.h>

#define VW 4
#define VISA neon
#define VREGS 32
typedef float32x4_t V;
typedef int32x4_t VI;
typedef uint32x4_t VM;

static inline V v_zero(void) { return vdupq_n_f32(0.0f); }
static inline V v_set1(float x) { return vdupq_n_f32(x); }
static inline V v_load(const float *p) { return vld1q_f32(p); }
static inline void v_store(float *p, V a) { vst1q_f32(p, a); }
static inline V v_load_n(const float *p, int n)
{
  float t[4] = { 0, 0, 0, 0 };
  for (int i = 0; i < 4 && i < n; i++) t[i] = p[i];
  return vld1q_f32(t);
}
static inline void v_store_n(float *p, V a, int n)
{
  float t[4];
  vst1q_f32(t, a);
  for (int i = 0; i < 4 && i < n; i++) p[i] = t[i];
}
typedef struct VL { int from, to; } VL;
static inline VL v_lanes(int from, int to) { return (VL){ from, to }; }
static inline V v_load_lanes(const float *p, VL lanes)
{
  float t[4] = { 0, 0, 0, 0 };
  if (lanes.from <= 0 && lanes.to >= 4) return vld1q_f32(p);
  for (int i = lanes.from < 0 ? 0 : lanes.from; i < 4 && i < lanes.to; i++) t[i] = p[i];
  return vld1q_f32(t);
}
static inline V v_add(V a, V b) { return vaddq_f32(a, b); }
static inline V v_sub(V a, V b) { return vsubq_f32(a, b); }
static inline V v_mul(V a, V b) { return vmulq_f32(a, b); }
static inline V v_div(V a, V b) { return vdivq_f32(a, b); }
static inline V v_fma(V a, V b, V c) { return vfmaq_f32(c, a, b); }
static inline V v_fnma(V a, V b, V c) { return vfmsq_f32(c, a, b); }
static inline VM v_lt(V a, V b) { return vcltq_f32(a, b); }
static inline VM v_le(V a, V b) { return vcleq_f32(a, b); }
static inline VM v_gt(V a, V b) { return vcgtq_f32(a, b); }
static inline VM v_eq(V a, V b) { return vceqq_f32(a, b); }
static inline V v_select(VM m, V a, V b) { return vbslq_f32(m, a, b); }
static inline V v_min(V a, V b) { return v_select(v_lt(a, b), a, b); } /* b when unordered, as on x86 */
static inline V v_max(V a, V b) { return v_select(v_gt(a, b), a, b); }
static inline V v_sqrt(V a) { return vsqrtq_f32(a); }
static inline V v_neg(V a) { return vnegq_f32(a); }
static inline V v_abs(V a) { return vabsq_f32(a); }
static inline V v_floor(V a) { return vrndmq_f32(a); }
static inline V v_round(V a) { return vrndnq_f32(a); }
static inline VI v_to_int(V a) { return vcvtnq_s32_f32(a); }
static inline V v_from_int(VI a) { return vcvtq_f32_s32(a); }
static inline VI vi_set1(int32_t x) { return vdupq_n_s32(x); }
static inline VI vi_load(const int32_t *p) { return vld1q_s32(p); }
static inline void vi_store(int32_t *p, VI a) { vst1q_s32(p, a); }
static inline VI vi_add(VI a, VI b) { return vaddq_s32(a, b); }
static inline VI vi_sub(VI a, VI b) { return vsubq_s32(a, b); }
static inline VI vi_and(VI a, VI b) { return vandq_s32(a, b); }
static inline VI vi_or(VI a, VI b) { return vorrq_s32(a, b); }
#define vi_shl(a, n) vshlq_n_s32((a), (n))
#define vi_sra(a, n) vshrq_n_s32((a), (n))
#define vi_shr(a, n) vreinterpretq_s32_u32(vshrq_n_u32(vreinterpretq_u32_s32(a), (n)))
static inline V v_from_bits(VI a) { return vreinterpretq_f32_s32(a); }
static inline VI v_bits(V a) { return vreinterpretq_s32_f32(a); }
static inline float v_sum(V a)
{
  const float32x2_t s = vadd_f32(vget_low_f32(a), vget_high_f32(a));
  return vget_lane_f32(vpadd_f32(s, s), 0);
}
static inline float v_max_across(V a) { return vmaxvq_f32(a); }
static inline void v_transpose(V m[VW])
{
  const float32x4x2_t p = vtrnq_f32(m[0], m[1]), q = vtrnq_f32(m[2], m[3]);
  m[0] = vcombine_f32(vget_low_f32(p.val[0]), vget_low_f32(q.val[0]));
  m[1] = vcombine_f32(vget_low_f32(p.val[1]), vget_low_f32(q.val[1]));
  m[2] = vcombine_f32(vget_high_f32(p.val[0]), vget_high_f32(q.val[0]));
  m[3] = vcombine_f32(vget_high_f32(p.val[1]), vget_high_f32(q.val[1]));
}
static inline V v_reverse(V a)
{
  const float32x4_t r = vrev64q_f32(a);
  return vcombine_f32(vget_high_f32(r), vget_low_f32(r));
}
static inline void v_split(V a, V b, V *even, V *odd) { *even = vuzp1q_f32(a, b); *odd = vuzp2q_f32(a, b); }
static inline void v_join(V even, V odd, V *a, V *b) { *a = vzip1q_f32(even, odd); *b = vzip2q_f32(even, odd); }
#endif
