# AUS_ISA: which instruction sets this compiler can build kernels for. What is used is
# decided at run time; nothing outside src/simd gets these flags.
AC_DEFUN([AUS_ISA_TRY], [
  AC_MSG_CHECKING([for $1 kernels ($2)])
  aus_saved_CFLAGS=$CFLAGS
  CFLAGS="$CFLAGS $2"
  AC_LINK_IFELSE([AC_LANG_PROGRAM([$3], [$4])], [aus_ok=yes], [aus_ok=no])
  CFLAGS=$aus_saved_CFLAGS
  AC_MSG_RESULT([$aus_ok])
])

AC_DEFUN([AUS_ISA], [
  AC_ARG_ENABLE([simd], [AS_HELP_STRING([--disable-simd], [build the scalar kernels only])], [], [enable_simd=yes])
  aus_isas= aus_have_avx2=no aus_have_avx512=no aus_have_neon=no
  AVX2_CFLAGS="-mavx2 -mfma -mf16c"
  AVX512_CFLAGS="-mavx512f -mavx512bw -mavx512dq -mavx512vl -mavx512vpopcntdq -mavx2 -mfma -mf16c -mprefer-vector-width=512"
  AS_IF([test "x$enable_simd" = xyes], [
    AS_CASE([$host_cpu],
      [x86_64|i?86], [
        AUS_ISA_TRY([AVX2], [$AVX2_CFLAGS], [[#include <immintrin.h>]], [[__m256 a = _mm256_setzero_ps(); a = _mm256_fmadd_ps(a, a, a); return (int)_mm256_cvtss_f32(a);]])
        aus_have_avx2=$aus_ok
        AUS_ISA_TRY([AVX-512], [$AVX512_CFLAGS], [[#include <immintrin.h>]], [[__m512i a = _mm512_popcnt_epi64(_mm512_setzero_si512()); return _mm_cvtsi128_si32(_mm512_castsi512_si128(a));]])
        aus_have_avx512=$aus_ok],
      [aarch64*], [
        AUS_ISA_TRY([NEON], [], [[#include <arm_neon.h>]], [[float32x4_t a = vdupq_n_f32(0); return (int)vgetq_lane_f32(vfmaq_f32(a, a, a), 0);]])
        aus_have_neon=$aus_ok])
  ])
  AS_IF([test $aus_have_avx2 = yes], [aus_isas="$aus_isas avx2"])
  AS_IF([test $aus_have_avx512 = yes], [aus_isas="$aus_isas avx512"])
  AS_IF([test $aus_have_neon = yes], [aus_isas="$aus_isas neon"])
  AM_CONDITIONAL([HAVE_AVX2], [test $aus_have_avx2 = yes])
  AM_CONDITIONAL([HAVE_AVX512], [test $aus_have_avx512 = yes])
  AM_CONDITIONAL([HAVE_NEON], [test $aus_have_neon = yes])
  # gcc 12 -O3 reads one row past the end of a strided array when it vectorises an unrolled tile
  # (found by the guard pages of tests/test_gemm.c).
  SCALAR_CFLAGS=
  AUS_TRY_CFLAG([-fno-tree-vectorize], [SCALAR_CFLAGS])
  AC_SUBST([SCALAR_CFLAGS])
  AC_SUBST([AVX2_CFLAGS])
  AC_SUBST([AVX512_CFLAGS])
])
