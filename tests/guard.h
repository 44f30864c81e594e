/* guard.h - memory between two pages that may not be touched.
 *
 * A block flush against the page behind it (or before it) turns a read or write one byte too far into a
 * crash, with or without a sanitizer. Every kernel test uses both ends. */
#ifndef AUS_TEST_GUARD_H
#define AUS_TEST_GUARD_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

typedef struct guard { unsigned char *map; size_t map_bytes; void *p; } guard;

/* bytes of memory at g.p, which ends (at_end) or starts (!at_end) at a forbidden page. */
static inline guard guard_new(size_t bytes, int at_end)
{
  const size_t page = (size_t)sysconf(_SC_PAGESIZE), inner = (bytes + page - 1) / page * page + (bytes ? 0 : page);
  guard g = { .map_bytes = inner + 2 * page };
  g.map = mmap(NULL, g.map_bytes, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (g.map == MAP_FAILED || mprotect(g.map + page, inner, PROT_READ | PROT_WRITE) != 0) {
    perror("guard_new");
    abort();
  }
  g.p = at_end ? g.map + page + inner - bytes : g.map + page;
  return g;
}

static inline void guard_free(guard *g) { munmap(g->map, g->map_bytes); }

/* n floats of a fixed pseudo-random sequence in [-1, 1), between guards. */
static inline guard guard_floats(size_t n, int at_end, uint32_t seed)
{
  guard g = guard_new(n * sizeof(float), at_end);
  float *x = g.p;
  for (size_t i = 0; i < n; i++) {
    seed = seed * 1664525u + 1013904223u;
    x[i] = (float)(seed >> 8) * 0x1p-23f - 1.0f;
  }
  return g;
}

#endif
