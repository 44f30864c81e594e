/* layer.c - what a layer holds, and what it still sees of the input.
 *
 *   activation  the layer's values for the input
 *   inversion   an input y for which the layer holds the same: argmin_y |A(y) - A(x)|^2 / |A(x)|^2 [Mahendran15; Mishra18],
 *               by Adam from the baseline. What of the input y brings back is what the layer still knows; the rest it forgot. */
#include "attrib/attrib.h"

#include <math.h>
#include <string.h>

static aus_status activation(const aus_question *q, aus_attribution *out)
{
  aus_run *run;
  AUS_TRY(aus_question_keep(q, 0, &run));
  AUS_TRY(aus_question_forward(q, run, q->x));
  memcpy(out->value[0], aus_run_value(run, q->layer, NULL), (size_t)aus_question_size(q) * sizeof(float));
  return AUS_OK;
}

const aus_method aus_method_activation = {
  "activation", "layer", "what the layer holds", AUS_METHOD_WHITE_BOX | AUS_METHOD_LAYER | AUS_METHOD_NO_TARGET, activation
};

/* ---- inversion ------------------------------------------------------------------------------------------------ */

enum { DEFAULT_STEPS = 300 };

typedef struct descent {
  const aus_question *q;
  aus_walk *walk;
  aus_run *run;
  int64_t n, cells;   /* floats of the input, of the layer */
  float *want, *y;    /* [cells], [n] */
  double *m, *v, *scale; /* [n] Adam's moments; the size of a step per input float */
  double size;        /* |A(x)|^2 */
} descent;

/* Relative distance of what the layer holds now, and the walk's start. */
static double distance(descent *d)
{
  const float *have = aus_run_value(d->run, d->q->layer, NULL);
  float *seed = aus_walk_seed(d->walk, 0, NULL);
  double sum = 0;
  for (int64_t i = 0; i < d->cells; i++) {
    const double e = (double)have[i] - (double)d->want[i];
    sum += e * e;
    seed[i] = (float)(2 * e / d->size);
  }
  return sum / d->size;
}

static void adam_step(descent *d, int64_t t, double rate)
{
  const double b1 = 0.9, b2 = 0.999, c1 = 1 - pow(b1, (double)t), c2 = 1 - pow(b2, (double)t);
  const aus_attrib *a = d->q->a;
  for (int32_t k = 0; k < a->n_inputs; k++) {
    const float *g = aus_walk_diff(d->walk, k, 0, NULL);
    for (int64_t j = 0, i = a->offset[k]; g && j < a->count[k]; j++, i++) {
      d->m[i] = b1 * d->m[i] + (1 - b1) * (double)g[j];
      d->v[i] = b2 * d->v[i] + (1 - b2) * (double)g[j] * (double)g[j];
      d->y[i] -= (float)(rate * d->scale[k] * (d->m[i] / c1) / (sqrt(d->v[i] / c2) + 1e-12));
    }
  }
}

/* Steps are measured in the input's own spread. */
static void spread(descent *d)
{
  const aus_attrib *a = d->q->a;
  for (int32_t k = 0; k < a->n_inputs; k++) {
    double sum = 0, square = 0;
    for (int64_t j = 0; j < a->count[k]; j++) {
      const double v = d->q->x[a->offset[k] + j];
      sum += v;
      square += v * v;
    }
    const double n = (double)a->count[k], var = square / n - sum / n * (sum / n);
    d->scale[k] = var > 1e-20 ? sqrt(var) : 1;
  }
}

static aus_status descend(descent *d, aus_attribution *out)
{
  const int64_t steps = d->q->config->steps ? d->q->config->steps : DEFAULT_STEPS;
  double first = 0, last = 0;
  spread(d);
  for (int64_t t = 0; t <= steps; t++) {
    AUS_TRY(aus_question_forward(d->q, d->run, d->y));
    last = distance(d);
    if (t == 0) first = last;
    if (t == steps || last < 1e-12) break;
    AUS_TRY(aus_walk_run(d->walk));
    d->q->a->walks++;
    adam_step(d, t + 1, 0.1 * 0.5 * (1 + cos(3.14159265358979323846 * (double)t / (double)steps)));
    AUS_TRY(aus_progress(d->q->ctx, "descending", t + 1, steps));
  }
  out->steps = steps;
  aus_attribution_note(out, "an input for which the layer holds the same within %.2g (squared, relative; %.2g at the start)", last, first);
  return AUS_OK;
}

static aus_status start(descent *d, aus_attribution *out)
{
  const aus_question *q = d->q;
  AUS_TRY(aus_question_forward(q, d->run, q->x));
  memcpy(d->want, aus_run_value(d->run, q->layer, NULL), (size_t)d->cells * sizeof *d->want);
  for (int64_t i = 0; i < d->cells; i++) d->size += (double)d->want[i] * (double)d->want[i];
  if (d->size == 0) d->size = 1;
  aus_question_baseline(q, -1, d->y);
  AUS_TRY(descend(d, out));
  float *block = aus_question_block(q);
  if (!block) return AUS_ENOMEM;
  memcpy(block, d->y, (size_t)d->n * sizeof *block);
  aus_question inputs = *q;
  inputs.layer = -1;
  return aus_attribution_inputs(&inputs, out, block);
}

static aus_status inversion(const aus_question *q, aus_attribution *out)
{
  descent d = { .q = q, .n = q->a->total, .cells = aus_question_size(q) };
  AUS_TRY(aus_question_keep(q, 0, &d.run));
  AUS_TRY(aus_walk_create(q->ctx, d.run, &(aus_walk_config){ .from = q->a->bundle->graph.value[q->layer].name }, &d.walk));
  d.want = aus_alloc(q->ctx, (size_t)d.cells, sizeof *d.want);
  d.y = aus_question_block(q);
  d.m = aus_alloc_zero(q->ctx, (size_t)d.n, 2 * sizeof *d.m);
  d.scale = aus_alloc(q->ctx, (size_t)q->a->n_inputs, sizeof *d.scale);
  if (d.m) d.v = d.m + d.n;
  const aus_status status = d.want && d.y && d.m && d.scale ? start(&d, out) : AUS_ENOMEM;
  aus_free(q->ctx, d.scale);
  aus_free(q->ctx, d.m);
  aus_free(q->ctx, d.y);
  aus_free(q->ctx, d.want);
  aus_walk_destroy(d.walk);
  return status;
}

const aus_method aus_method_inversion = {
  "inversion", "layer", "an input that looks the same to the layer: what it still sees", AUS_METHOD_WHITE_BOX | AUS_METHOD_LAYER | AUS_METHOD_NO_TARGET, inversion
};
