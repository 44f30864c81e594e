/* isa.h - runs a test once for every instruction set this machine has. */
#ifndef AUS_TEST_ISA_H
#define AUS_TEST_ISA_H

#include "test.h"
#include "core/cpu.h"
#include "simd/kernels.h"

/* Tables that can run here, scalar first; at most 4, returns how many. */
static inline int isa_tables(const aus_kernels *table[4])
{
  static const char *const names[] = { "scalar", "avx2", "avx512", "neon" };
  const aus_cpu cpu = aus_cpu_detect();
  int n = 0;
  for (int i = 0; i < 4; i++) {
    const aus_kernels *t = aus_kernels_select(&cpu, names[i]);
    if (t) table[n++] = t;
  }
  return n;
}

/* A context that uses this table, whatever AUSCULT_ISA says. */
static inline aus_ctx *isa_ctx(const aus_kernels *table, int threads)
{
  aus_ctx *ctx = test_ctx(threads);
  ctx->kernels = table;
  return ctx;
}

#endif
