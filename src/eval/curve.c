/* curve.c - replace cells one after another and watch the score [Bach15; Samek17; Petsiuk18; Becker18].
 *
 * Orders: relevance down, up, absolute; amplitude down; random. A curve has its start point, and fractions 0 to 1 whatever the number of cells, so the
 * area is (sum - half of both ends) / (n - 1) in units of the score. Deleting what matters first should bring the score down at once (a small
 * area); inserting it first should bring it up at once (a large one). */
#include <auscult/eval.h>

#include "core/core.h"

#include <math.h>
#include <stdlib.h>

typedef struct entry { double key; int64_t at; } entry;

static int falling(const void *a, const void *b) /* equals in the order of the cells */
{
  const entry *x = a, *y = b;
  return x->key != y->key ? (x->key < y->key) - (x->key > y->key) : (x->at > y->at) - (x->at < y->at);
}

static double key_of(const aus_eval_subject *s, aus_eval_order order, int64_t i, uint64_t seed)
{
  switch (order) {
  case AUS_EVAL_DOWN: return s->value[i];
  case AUS_EVAL_UP: return -(double)s->value[i];
  case AUS_EVAL_ABSOLUTE: return fabs((double)s->value[i]);
  case AUS_EVAL_AMPLITUDE: return s->amplitude ? s->amplitude[i] : fabs((double)s->input[i]);
  default: {
    aus_rng rng;
    aus_rng_init(&rng, seed, (uint64_t)i);
    return aus_rng_uniform(&rng);
  }
  }
}

aus_status aus_eval_sort(aus_ctx *ctx, const aus_eval_subject *s, aus_eval_order order, uint64_t seed, int64_t *which)
{
  if (order == AUS_EVAL_AMPLITUDE && !s->amplitude && !s->input)
    return aus_fail(ctx, AUS_ENOTSUP, "the order of amplitudes needs to know how loud each cell is");
  entry *e = aus_alloc(ctx, (size_t)s->cells, sizeof *e);
  if (!e) return AUS_ENOMEM;
  for (int64_t i = 0; i < s->cells; i++) e[i] = (entry){ key_of(s, order, i, seed), i };
  qsort(e, (size_t)s->cells, sizeof *e, falling);
  for (int64_t i = 0; i < s->cells; i++) which[i] = e[i].at;
  aus_free(ctx, e);
  return AUS_OK;
}

/* How many cells are replaced at point k of `steps`. */
static int64_t count_at(int64_t cells, int32_t steps, int32_t k) { return (int64_t)llround((double)cells * k / steps); }

aus_status aus_eval_trace(aus_ctx *ctx, const aus_eval_subject *s, const int64_t *which, aus_eval_fill fill, int insert, int32_t steps,
                          aus_eval_curve *out)
{
  *out = (aus_eval_curve){ 0 };
  if (!s->hide) return aus_fail(ctx, AUS_ENOTSUP, "a curve needs a model that can be asked about inputs with parts replaced");
  if (steps < 1 || steps > 127) return aus_fail(ctx, AUS_EINVAL, "a curve has 1 to 127 steps, not %d", steps);
  if (steps > s->cells) steps = (int32_t)s->cells;
  float *mask = aus_alloc(ctx, (size_t)s->cells, sizeof *mask);
  if (!mask) return AUS_ENOMEM;
  for (int64_t i = 0; i < s->cells; i++) mask[i] = insert ? 0.0f : 1.0f;
  aus_status status = AUS_OK;
  out->n = steps + 1;
  for (int32_t k = 0; k <= steps && status == AUS_OK; k++) {
    for (int64_t i = k ? count_at(s->cells, steps, k - 1) : 0; i < count_at(s->cells, steps, k); i++) mask[which[i]] = insert ? 1.0f : 0.0f;
    out->fraction[k] = (double)count_at(s->cells, steps, k) / (double)s->cells;
    status = s->hide(s->user, fill, 1, mask, &out->score[k]);
  }
  aus_free(ctx, mask);
  return status;
}

double aus_eval_area(const aus_eval_curve *c)
{
  double area = 0;
  for (int32_t k = 1; k < c->n; k++) area += (c->fraction[k] - c->fraction[k - 1]) * (c->score[k] + c->score[k - 1]) / 2;
  return area;
}

double aus_eval_aopc(const aus_eval_curve *c)
{
  double sum = 0;
  for (int32_t k = 0; k < c->n; k++) sum += (c->score[0] - c->score[k]) / c->n;
  return sum;
}
