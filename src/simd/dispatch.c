/* dispatch.c - chooses a kernel table. Only tables this build holds are considered. */
#include "simd/kernels.h"

#include <stddef.h>
#include <string.h>

const aus_kernels *aus_kernels_select(const aus_cpu *cpu, const char *name)
{
  const struct { const aus_kernels *table; int usable; } known[] = { /* best first */
#ifdef AUS_HAVE_AVX512
    { &aus_kernels_avx512, cpu->avx512 && cpu->vpopcnt }, /* its flags allow both */
#endif
#ifdef AUS_HAVE_AVX2
    { &aus_kernels_avx2, cpu->avx2 },
#endif
#ifdef AUS_HAVE_NEON
    { &aus_kernels_neon, cpu->neon },
#endif
    { &aus_kernels_scalar, 1 },
  };
  for (size_t i = 0; i < sizeof known / sizeof *known; i++)
    if (known[i].usable && (!name || !*name || strcmp(name, known[i].table->name) == 0)) return known[i].table;
  (void)cpu;
  return NULL;
}
