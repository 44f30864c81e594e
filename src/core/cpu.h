/* cpu.h - which instruction sets this machine and its operating system offer. */
#ifndef AUS_CPU_H
#define AUS_CPU_H

#include <stdbool.h>
#include <stdint.h>

typedef struct aus_cpu {
  bool avx2;   /* AVX2, FMA, F16C, and the OS saves YMM */
  bool avx512; /* F, BW, DQ, VL, and the OS saves ZMM and masks */
  bool vpopcnt;/* AVX512_VPOPCNTDQ */
  bool neon;
  int cores;   /* online, at least 1 */
} aus_cpu;

aus_cpu aus_cpu_detect(void);

/* Makes this thread treat subnormal floats as zero; returns the mode to hand to aus_fp_leave. */
uint64_t aus_fp_enter(void);
void aus_fp_leave(uint64_t mode);

/* One breath of a spinning thread. */
void aus_cpu_pause(void);

#endif
