/* chance.c - what a mask chosen by chance would score, and masks brought to one energy.
 *
 * Two baselines: as many components as the explanation selected, from those it did not (the original's talk [Parekh22]); and as much
 * energy, because a few loud components are no match for many faint ones. Masks of any method become comparable when each keeps its best
 * bins up to the same share of the energy. */
#include <auscult/fidelity.h>

#include "core/core.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* The first k of n indices in random order. */
static void draw(aus_rng *rng, int64_t n, int64_t k, int64_t *at)
{
  for (int64_t i = 0; i < k && i < n; i++) {
    const int64_t j = i + (int64_t)aus_rng_below(rng, (uint64_t)(n - i)), kept = at[i];
    at[i] = at[j];
    at[j] = kept;
  }
}

aus_status aus_eval_random_count(aus_ctx *ctx, int64_t n, const uint8_t *selected, uint64_t seed, uint64_t item, float *weight)
{
  aus_rng rng;
  int64_t *rest = aus_alloc(ctx, (size_t)n + 1, sizeof *rest), others = 0;
  if (!rest) return AUS_ENOMEM;
  aus_rng_init(&rng, seed, item);
  for (int64_t i = 0; i < n; i++)
    if (!selected[i]) rest[others++] = i;
  const int64_t k = n - others < others ? n - others : others;
  draw(&rng, others, k, rest);
  memset(weight, 0, (size_t)n * sizeof *weight);
  for (int64_t i = 0; i < k; i++) weight[rest[i]] = 1;
  aus_free(ctx, rest);
  return AUS_OK;
}

/* Between `low`, too little, and `high`, enough: how much of component i. */
static float part_of(int64_t n, double energy, aus_energy_fn of, void *user, int64_t i, float *weight)
{
  float low = 0, high = 1;
  for (int step = 0; step < 24; step++) {
    weight[i] = (low + high) / 2;
    if (of(user, n, weight) < energy) low = weight[i];
    else high = weight[i];
  }
  return high;
}

aus_status aus_eval_random_energy(aus_ctx *ctx, int64_t n, double energy, aus_energy_fn of, void *user, uint64_t seed, uint64_t item, float *weight)
{
  aus_rng rng;
  int64_t *order = aus_alloc(ctx, (size_t)n + 1, sizeof *order), few = 0, many = n;
  if (!order) return AUS_ENOMEM;
  aus_rng_init(&rng, seed, item);
  for (int64_t i = 0; i < n; i++) order[i] = i;
  draw(&rng, n, n, order);
  while (few < many) { /* the least number of whole components that is enough */
    const int64_t half = (few + many) / 2;
    for (int64_t i = 0; i < n; i++) weight[order[i]] = i < half;
    if (of(user, n, weight) < energy) few = half + 1;
    else many = half;
  }
  for (int64_t i = 0; i < n; i++) weight[order[i]] = i < few;
  if (few > 0 && few <= n) weight[order[few - 1]] = part_of(n, energy, of, user, order[few - 1], weight);
  aus_free(ctx, order);
  return AUS_OK;
}

/* ---- the same energy ----------------------------------------------------------------------------------------- */

typedef struct bin { float value; int64_t at; } bin;

static int by_value(const void *a, const void *b)
{
  const bin *x = a, *y = b;
  return x->value != y->value ? (x->value < y->value) - (x->value > y->value) : (x->at > y->at) - (x->at < y->at);
}

aus_status aus_eval_keep_energy(aus_ctx *ctx, int64_t n, const float *value, const float *energy, double share, float *mask)
{
  bin *b = aus_alloc(ctx, (size_t)n + 1, sizeof *b);
  double all = 0;
  if (!b) return AUS_ENOMEM;
  for (int64_t i = 0; i < n; i++) {
    b[i] = (bin){ value[i], i };
    all += (double)energy[i];
    mask[i] = 0;
  }
  qsort(b, (size_t)n, sizeof *b, by_value);
  double left = share * all;
  for (int64_t i = 0; i < n && left > 0; i++) {
    const double e = (double)energy[b[i].at];
    mask[b[i].at] = e <= left ? 1 : (float)sqrt(left / e);
    left -= e;
  }
  aus_free(ctx, b);
  return AUS_OK;
}
