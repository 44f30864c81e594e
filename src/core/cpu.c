/* cpu.c - what the processor can do and the operating system saves.
 *
 * A CPUID bit alone is not enough: without XGETBV a kernel that does not save YMM or ZMM
 * state turns the first context switch into silent corruption. */
#define _DEFAULT_SOURCE
#include "core/cpu.h"

#include <unistd.h>

#if defined(__x86_64__) || defined(__i386__)
#include <cpuid.h>

static unsigned long long saved_state(void)
{
  unsigned lo, hi;
  __asm__ volatile("xgetbv" : "=a"(lo), "=d"(hi) : "c"(0));
  return (unsigned long long)hi << 32 | lo;
}

static void detect_x86(aus_cpu *cpu)
{
  unsigned a, b, c, d;
  if (!__get_cpuid(1, &a, &b, &c, &d) || !(c & 1u << 27)) return; /* OSXSAVE */
  const bool fma = c & 1u << 12, f16c = c & 1u << 29;
  const unsigned long long os = saved_state();
  if (!__get_cpuid_count(7, 0, &a, &b, &c, &d)) return;
  const unsigned f_bw_dq_vl = 1u << 16 | 1u << 30 | 1u << 17 | 1u << 31;
  cpu->avx2 = (os & 0x6) == 0x6 && fma && f16c && (b & 1u << 5);
  cpu->avx512 = cpu->avx2 && (os & 0xe6) == 0xe6 && (b & f_bw_dq_vl) == f_bw_dq_vl;
  cpu->vpopcnt = cpu->avx512 && (c & 1u << 14);
}
#endif

aus_cpu aus_cpu_detect(void)
{
  aus_cpu cpu = {0};
#if defined(__x86_64__) || defined(__i386__)
  detect_x86(&cpu);
#elif defined(__aarch64__)
  cpu.neon = true; /* part of the base architecture */
#endif
  const long n = sysconf(_SC_NPROCESSORS_ONLN);
  cpu.cores = n > 0 ? (int)n : 1;
  return cpu;
}

#if defined(__x86_64__)
enum { FLUSH = 0x8040 }; /* FTZ and DAZ of MXCSR */
uint64_t aus_fp_enter(void)
{
  const unsigned mode = __builtin_ia32_stmxcsr();
  if ((mode & FLUSH) != FLUSH) __builtin_ia32_ldmxcsr(mode | FLUSH);
  return mode;
}
void aus_fp_leave(uint64_t mode)
{
  if ((mode & FLUSH) != FLUSH) __builtin_ia32_ldmxcsr((unsigned)mode);
}
void aus_cpu_pause(void) { __builtin_ia32_pause(); }
#elif defined(__aarch64__)
static const uint64_t FLUSH = (uint64_t)1 << 24; /* FZ of FPCR */
uint64_t aus_fp_enter(void)
{
  uint64_t mode;
  __asm__ volatile("mrs %0, fpcr" : "=r"(mode));
  if (!(mode & FLUSH)) __asm__ volatile("msr fpcr, %0" : : "r"(mode | FLUSH));
  return mode;
}
void aus_fp_leave(uint64_t mode)
{
  if (!(mode & FLUSH)) __asm__ volatile("msr fpcr, %0" : : "r"(mode));
}
void aus_cpu_pause(void) { __asm__ volatile("yield"); }
#else
uint64_t aus_fp_enter(void) { return 0; }
void aus_fp_leave(uint64_t mode) { (void)mode; }
void aus_cpu_pause(void) { }
#endif
