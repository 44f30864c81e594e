/* main.c - runs a fuzz target over its corpus without a fuzzer: for make check.
 *
 *   fuzz_NAME [-m MUTATIONS] FILE...
 *
 * Each file is given as it is, cut short at every length up to 256 bytes, and with MUTATIONS seeded changes (bytes
 * set, bits flipped, pieces dropped or doubled). The input is a block of exactly its size, so that ASan and Valgrind see a
 * read past its end. scripts/fuzz builds the same target with libFuzzer. */
#include "fuzz/fuzz.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MOST = 1 << 20 };

static unsigned char file[MOST], work[2 * MOST];

static void give(const unsigned char *p, size_t n)
{
  unsigned char *exact = malloc(n ? n : 1);
  if (!exact) abort();
  memcpy(exact, p, n);
  LLVMFuzzerTestOneInput(exact, n);
  free(exact);
}

static uint32_t draw(uint64_t *state, uint32_t below)
{
  *state = *state * 6364136223846793005u + 1442695040888963407u;
  return (uint32_t)((*state >> 33) % (below ? below : 1));
}

static size_t mutate(size_t n, uint64_t *s)
{
  static const unsigned char edges[] = { 0, 1, 0x7f, 0x80, 0xff };
  memcpy(work, file, n);
  for (uint32_t k = 1 + draw(s, 4); k && n; k--) {
    const size_t at = draw(s, (uint32_t)n), len = 1 + draw(s, 8), end = at + len < n ? at + len : n;
    switch (draw(s, 5)) {
    case 0: work[at] = (unsigned char)draw(s, 256); break;
    case 1: work[at] ^= (unsigned char)(1u << draw(s, 8)); break;
    case 2: memset(work + at, edges[draw(s, 5)], end - at); break;
    case 3: memmove(work + at, work + end, n - end); n -= end - at; break;
    default: memmove(work + end, work + at, n - at); n += end - at; break;
    }
    if (n > MOST) n = MOST;
  }
  return n;
}

int main(int argc, char **argv)
{
  long mutations = 200, inputs = 0;
  uint64_t seed = 1;
  for (int i = 1; i < argc; i++) {
    if (strcmp(argv[i], "-m") == 0 && i + 1 < argc) { mutations = atol(argv[++i]); continue; }
    FILE *f = fopen(argv[i], "rb");
    if (!f) { perror(argv[i]); return 1; }
    const size_t n = fread(file, 1, sizeof file, f);
    fclose(f);
    give(file, n);
    for (size_t cut = 0; cut < n && cut < 256; cut++) give(file, cut);
    for (long k = 0; k < mutations; k++) give(work, mutate(n, &seed));
    inputs++;
  }
  printf("%ld inputs, %ld mutations each\n", inputs, mutations);
  return inputs == 0;
}
