/* neighbourhood.c - which rows of on and off to evaluate.
 *
 * Up to a budget, all 2^d of them: then nothing is left to chance. They come in Gray code, so that neighbours differ in one component
 * and a model may update instead of starting anew. Beyond the budget rows are drawn: fair bits as in
 * LIME, or GLIME's biased ones [Tan23], optionally with each row's complement, which cancels all even-order
 * noise. Draws are counted, not streamed: row r is the same whatever else is drawn. */
#include "lime/lime.h"

#include <string.h>

aus_rng lime_rng(uint64_t seed, int stream, int64_t index)
{
  aus_rng rng;
  aus_rng_init(&rng, seed, (uint64_t)stream << 40 | (uint64_t)index);
  return rng;
}

int64_t lime_power(int32_t d) { return d < 40 ? (int64_t)1 << d : INT64_MAX; }

void lime_gray(int32_t d, uint8_t *z)
{
  for (int64_t r = 0; r < (int64_t)1 << d; r++) {
    const int64_t off = r ^ r >> 1; /* Gray code of r; a set bit switches a component off */
    for (int32_t i = 0; i < d; i++) z[r * d + i] = !(off >> i & 1);
  }
}

void lime_draw(uint64_t seed, int64_t n, int32_t d, double p_on, bool paired, uint8_t *z)
{
  memset(z, 1, (size_t)d);
  for (int64_t r = 1; r < n; r++) {
    uint8_t *row = z + r * d;
    if (paired && r % 2 == 0) {
      for (int32_t i = 0; i < d; i++) row[i] = !row[i - d];
      continue;
    }
    aus_rng rng = lime_rng(seed, LIME_STREAM_ROWS, r);
    for (int32_t i = 0; i < d; i++) row[i] = aus_rng_uniform(&rng) < p_on;
  }
}
