/* perturb_exchange.c - permutation of features: every item of a batch takes a feature, or a group of them, from another item. */
#include "attrib/perturb_asked.h"

#include <string.h>

/* order[n]: a random order that is not the one from 0. */
static void shuffle(uint64_t seed, uint64_t draw, int32_t n, int32_t *order)
{
  aus_rng rng;
  aus_rng_init(&rng, seed, draw);
  for (bool same = true; same;) {
    for (int32_t i = 0; i < n; i++) {
      const int32_t j = (int32_t)aus_rng_below(&rng, (uint64_t)i + 1);
      order[i] = order[j];
      order[j] = i;
    }
    for (int32_t i = 0; i < n; i++) same = same && order[i] == i;
  }
}

/* Every item takes group g of another item. */
static void exchange(const perturb_asked *a, const int32_t *group, int32_t g, const int32_t *order)
{
  const aus_attrib *net = a->q->a;
  int64_t first = 0;
  memcpy(a->block, a->q->x, (size_t)net->total * sizeof(float));
  for (int32_t k = 0; k < net->n_inputs; k++) {
    const perturb_place p = perturb_place_of(a, k);
    for (int64_t c = 0; c < p.per; c++)
      for (int32_t i = 0; (group ? group[first + c] : first + c) == g && i < net->items; i++)
        a->block[p.first + i * p.per + c] = a->q->x[p.first + order[i] * p.per + c];
    first += p.per;
  }
}

static aus_status exchange_all(perturb_asked *a, const int32_t *group, int32_t n, double *value)
{
  const aus_question *q = a->q;
  const int32_t items = q->a->items, draws = q->config->samples ? (int32_t)q->config->samples : 10;
  int32_t *order = aus_alloc(q->ctx, (size_t)items, sizeof *order);
  double *y = aus_alloc(q->ctx, 2 * (size_t)items, sizeof *y);
  aus_status status = order && y ? aus_question_scores(q, q->x, y + items) : AUS_ENOMEM;
  for (int32_t g = 0; g < n && status == AUS_OK; g++)
    for (int32_t d = 0; d < draws && status == AUS_OK; d++) {
      shuffle(q->config->seed, (uint64_t)d, items, order);
      exchange(a, group, g, order);
      status = aus_question_scores(q, a->block, y);
      for (int32_t i = 0; i < items; i++) value[(int64_t)i * n + g] += (y[items + i] - y[i]) / draws;
    }
  aus_free(q->ctx, order);
  aus_free(q->ctx, y);
  return status;
}

static aus_status run_featurepermutation(const aus_question *q, aus_attribution *out)
{
  perturb_asked a;
  if (q->a->items < 2) return aus_fail(q->ctx, AUS_EINVAL, "featurepermutation exchanges features between items: give a batch of two or more");
  aus_status status = perturb_open(q, -1, &a);
  int32_t n = (int32_t)a.field.cells, *group = aus_alloc(q->ctx, (size_t)a.field.cells, sizeof *group);
  double *value = aus_alloc_zero(q->ctx, (size_t)(a.field.cells * a.field.labels), sizeof *value);
  if (status == AUS_OK && (!group || !value)) status = AUS_ENOMEM;
  if (status == AUS_OK && q->config->mask) status = perturb_groups(q, a.field.cells, group, &n);
  if (status == AUS_OK) status = exchange_all(&a, q->config->mask ? group : NULL, n, value);
  if (status == AUS_OK) perturb_put(&a, value, n, q->config->mask ? group : NULL, out);
  aus_free(q->ctx, group);
  aus_free(q->ctx, value);
  perturb_close(&a);
  return status;
}

const aus_method aus_method_featurepermutation = { "featurepermutation", "perturbation", "drop of the score with a feature taken from another item of the batch", 0, run_featurepermutation };
