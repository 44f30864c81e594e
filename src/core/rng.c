/* rng.c - Philox 4x32-10 [Salmon11]: random numbers by counting.
 *
 * The counter is (item, draw), the key is the seed, so that item 7's numbers do not
 * depend on which thread meets it or on what was drawn for item 6. */
#include "core/core.h"

#include <math.h>

static void philox(const uint32_t counter[4], const uint32_t key[2], uint32_t out[4])
{
  uint32_t c[4] = { counter[0], counter[1], counter[2], counter[3] };
  uint32_t k0 = key[0], k1 = key[1];
  for (int round = 0; round < 10; round++) {
    const uint64_t p0 = (uint64_t)0xD2511F53u * c[0], p1 = (uint64_t)0xCD9E8D57u * c[2];
    const uint32_t n0 = (uint32_t)(p1 >> 32) ^ c[1] ^ k0, n2 = (uint32_t)(p0 >> 32) ^ c[3] ^ k1;
    c[0] = n0; c[1] = (uint32_t)p1; c[2] = n2; c[3] = (uint32_t)p0;
    k0 += 0x9E3779B9u;
    k1 += 0xBB67AE85u;
  }
  for (int i = 0; i < 4; i++) out[i] = c[i];
}

void aus_rng_init(aus_rng *rng, uint64_t seed, uint64_t item)
{
  *rng = (aus_rng){ .seed = seed, .item = item };
}

uint32_t aus_rng_u32(aus_rng *rng)
{
  if (rng->left == 0) {
    const uint32_t counter[4] = { (uint32_t)rng->draw, (uint32_t)(rng->draw >> 32), (uint32_t)rng->item, (uint32_t)(rng->item >> 32) };
    const uint32_t key[2] = { (uint32_t)rng->seed, (uint32_t)(rng->seed >> 32) };
    philox(counter, key, rng->block);
    rng->draw++;
    rng->left = 4;
  }
  return rng->block[4 - rng->left--];
}

static uint64_t next64(aus_rng *rng)
{
  const uint64_t hi = aus_rng_u32(rng);
  return hi << 32 | aus_rng_u32(rng);
}

uint64_t aus_rng_below(aus_rng *rng, uint64_t n)
{
  if (n < 2) return 0;
  const uint64_t limit = UINT64_MAX - UINT64_MAX % n; /* a multiple of n: rejecting above it leaves no bias */
  for (;;) {
    const uint64_t x = next64(rng);
    if (x < limit) return x % n;
  }
}

double aus_rng_uniform(aus_rng *rng) { return (double)(next64(rng) >> 11) * 0x1p-53; }

double aus_rng_normal(aus_rng *rng) /* Box-Muller; the second value is dropped to stay stateless */
{
  const double u = 1.0 - aus_rng_uniform(rng), v = aus_rng_uniform(rng);
  return sqrt(-2.0 * log(u)) * cos(6.283185307179586476925 * v);
}
