# One convenience library per instruction set, each with exactly its own flags.
AUS_SOURCES += src/simd/context.c src/simd/dispatch.c src/simd/kernels.h
SIMD_BODIES = \
	src/simd/kern_conv.h \
	src/simd/kern_conv.inc \
	src/simd/kern_fft.h \
	src/simd/kern_fft.inc \
	src/simd/kern_fft_fused.inc \
	src/simd/kern_fft_row.inc \
	src/simd/kern_design.h \
	src/simd/kern_design.inc \
	src/simd/kern_rank.h \
	src/simd/kern_rank.inc \
	src/simd/kern_gemm.h \
	src/simd/kern_gemm.inc \
	src/simd/kern_rnn.h \
	src/simd/kern_rnn.inc \
	src/simd/kern_nmf.h \
	src/simd/kern_nmf.inc \
	src/simd/kern_spec.h \
	src/simd/kern_spec.inc \
	src/simd/kern_table.inc \
	src/simd/kern_vec.h \
	src/simd/kern_vec.inc \
	src/simd/kern_wino.h \
	src/simd/kern_wino.inc \
	src/simd/vec_avx2.h \
	src/simd/vec_avx512.h \
	src/simd/vec_math.h \
	src/simd/vec_neon.h \
	src/simd/vec_scalar.h
EXTRA_DIST += $(SIMD_BODIES)

noinst_LTLIBRARIES += libaus-scalar.la
libaus_scalar_la_SOURCES = src/simd/kern_scalar.c src/simd/kern_wino_scalar.c
libaus_scalar_la_CFLAGS = $(AM_CFLAGS) $(SCALAR_CFLAGS)
ISA_LIBS += libaus-scalar.la

if HAVE_AVX2
AM_CPPFLAGS += -DAUS_HAVE_AVX2
noinst_LTLIBRARIES += libaus-avx2.la
libaus_avx2_la_SOURCES = src/simd/kern_avx2.c src/simd/kern_wino_avx2.c
libaus_avx2_la_CFLAGS = $(AM_CFLAGS) $(AVX2_CFLAGS)
ISA_LIBS += libaus-avx2.la
endif

if HAVE_AVX512
AM_CPPFLAGS += -DAUS_HAVE_AVX512
noinst_LTLIBRARIES += libaus-avx512.la
libaus_avx512_la_SOURCES = src/simd/kern_avx512.c src/simd/kern_wino_avx512.c
libaus_avx512_la_CFLAGS = $(AM_CFLAGS) $(AVX512_CFLAGS)
ISA_LIBS += libaus-avx512.la
endif

if HAVE_NEON
AM_CPPFLAGS += -DAUS_HAVE_NEON
noinst_LTLIBRARIES += libaus-neon.la
libaus_neon_la_SOURCES = src/simd/kern_neon.c src/simd/kern_wino_neon.c
ISA_LIBS += libaus-neon.la
endif
