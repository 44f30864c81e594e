/* question.c - what methods share: scores, blocks of inputs and baselines, the run that keeps its values, the start of a walk. */
#include "attrib/attrib.h"

#include <string.h>

/* ---- scores --------------------------------------------------------------------------------------- */

static double score_of(const aus_question *q, const float *s, int32_t target)
{
  if (target >= 0) return s[target];
  double sum = 0;
  for (int64_t k = 0; k < q->per_item; k++) sum += s[k];
  return sum;
}

void aus_question_read(const aus_question *q, const aus_run *run, double *score)
{
  const float *s = aus_run_value(run, q->from, NULL);
  for (int32_t i = 0; i < q->a->items; i++) score[i] = score_of(q, s + i * q->per_item, q->target[i]);
}

static aus_status by_function(const aus_question *q, const float *x, double *score)
{
  aus_attrib *a = q->a;
  const float **in = aus_alloc(q->ctx, (size_t)a->n_inputs, sizeof *in);
  float *s = aus_alloc(q->ctx, (size_t)a->items, (size_t)a->fn_targets * sizeof *s);
  aus_status status = in && s ? AUS_OK : AUS_ENOMEM;
  for (int32_t k = 0; status == AUS_OK && k < a->n_inputs; k++) in[k] = x + a->offset[k];
  if (status == AUS_OK && a->fn(a->user, in, s) != 0) {
    const char *why = aus_ctx_error(q->ctx);
    status = *why ? AUS_EPEER : aus_fail(q->ctx, AUS_EPEER, "the function that scores failed");
  }
  for (int32_t i = 0; status == AUS_OK && i < a->items; i++) score[i] = score_of(q, s + i * q->per_item, q->target[i]);
  aus_free(q->ctx, s);
  aus_free(q->ctx, in);
  return status;
}

aus_status aus_question_forward(const aus_question *q, aus_run *run, const float *x)
{
  const aus_attrib *a = q->a;
  for (int32_t k = 0; k < a->n_inputs; k++) {
    float *in = aus_run_input(run, k);
    if (in) memcpy(in, x + a->offset[k], (size_t)a->count[k] * sizeof *in);
  }
  q->a->evaluations++;
  return aus_run_forward(run);
}

/* The fast run, which reads the score where this question does. */
static aus_status plain_run(const aus_question *q)
{
  aus_attrib *a = q->a;
  if (a->plain && a->plain_from == q->from) return AUS_OK;
  aus_run_destroy(a->plain);
  a->plain = NULL;
  const char *tap = a->bundle->graph.value[q->from].name;
  AUS_TRY(aus_run_create(q->ctx, a->bundle, a->dims, &tap, 1, &a->plain));
  a->plain_from = q->from;
  return AUS_OK;
}

aus_status aus_question_scores(const aus_question *q, const float *x, double *score)
{
  if (!q->a->bundle) {
    q->a->evaluations++;
    return by_function(q, x, score);
  }
  AUS_TRY(plain_run(q));
  AUS_TRY(aus_question_forward(q, q->a->plain, x));
  aus_question_read(q, q->a->plain, score);
  return AUS_OK;
}

/* ---- blocks ---------------------------------------------------------------------------------------- */

float *aus_question_block(const aus_question *q) { return aus_alloc_zero(q->ctx, (size_t)q->a->total, sizeof(float)); }

int64_t aus_question_per_item(const aus_question *q, int32_t k) { return q->a->count[k] / q->a->items; }

void aus_question_baseline(const aus_question *q, int64_t r, float *block)
{
  const aus_attrib *a = q->a;
  const int64_t row_floats = a->total / a->items;
  for (int32_t i = 0; i < a->items; i++) {
    const float *row = q->baselines + (r >= 0 ? r : q->n_baselines == 1 ? 0 : i) * row_floats;
    for (int32_t k = 0; k < a->n_inputs; k++) {
      const int64_t per = aus_question_per_item(q, k);
      memcpy(block + a->offset[k] + i * per, row, (size_t)per * sizeof *row);
      row += per;
    }
  }
}

void aus_question_sums(const aus_question *q, const float *block, double *sum)
{
  const aus_attrib *a = q->a;
  for (int32_t i = 0; i < a->items; i++) {
    sum[i] = 0;
    for (int32_t k = 0; k < a->n_inputs; k++) {
      const int64_t per = aus_question_per_item(q, k);
      const float *v = block + a->offset[k] + i * per;
      for (int64_t j = 0; j < per; j++) sum[i] += v[j];
    }
  }
}

/* ---- the way back -------------------------------------------------------------------------------------- */

aus_status aus_question_keep(const aus_question *q, int32_t which, aus_run **run)
{
  aus_attrib *a = q->a;
  const char *taps[2];
  int32_t n = 0;
  /* values that no output depends on would not be computed: the score's and the layer's are asked for */
  taps[n++] = a->bundle->graph.value[q->from].name;
  if (q->layer >= 0) taps[n++] = a->bundle->graph.value[q->layer].name;
  const bool there = a->keep[which] && aus_run_value(a->keep[which], q->from, NULL) && (q->layer < 0 || aus_run_value(a->keep[which], q->layer, NULL));
  if (!there) {
    aus_run_destroy(a->keep[which]);
    a->keep[which] = NULL;
    AUS_TRY(aus_run_create_with(q->ctx, a->bundle, a->dims, taps, n, AUS_RUN_KEEP, &a->keep[which]));
  }
  *run = a->keep[which];
  return AUS_OK;
}

aus_status aus_question_walk(const aus_question *q, aus_walk_config config, aus_walk **walk)
{
  aus_attrib *a = q->a;
  aus_run *run;
  const char *to;
  *walk = NULL;
  AUS_TRY(aus_question_keep(q, 0, &run));
  config.from = a->bundle->graph.value[q->from].name;
  if (q->layer >= 0) {
    to = a->bundle->graph.value[q->layer].name;
    config.to = &to;
    config.n_to = 1;
  }
  return aus_walk_create(q->ctx, run, &config, walk);
}

static void put(const aus_question *q, float *s, int32_t target, float value)
{
  if (target >= 0) { s[target] = value; return; }
  for (int64_t k = 0; k < q->per_item; k++) s[k] = value;
}

void aus_question_seed(const aus_question *q, aus_walk *walk, const double *scale)
{
  float *s;
  for (int32_t l = 0; (s = aus_walk_seed(walk, l, NULL)) != NULL; l++) {
    memset(s, 0, (size_t)(q->per_item * q->a->items) * sizeof *s);
    for (int32_t i = 0; i < q->a->items; i++) put(q, s + i * q->per_item, q->target[i], scale ? (float)scale[i] : 1);
  }
}

int64_t aus_question_size(const aus_question *q)
{
  aus_dims dims;
  if (q->layer < 0) return q->a->total;
  return aus_run_value(q->a->keep[0], q->layer, &dims) ? aus_shape_count(&dims) : 0;
}

void aus_question_collect(const aus_question *q, const aus_walk *walk, int32_t lane, float *block)
{
  const aus_attrib *a = q->a;
  const int32_t n = q->layer < 0 ? a->n_inputs : 1;
  for (int32_t k = 0; k < n; k++) {
    const float *d = aus_walk_diff(walk, k, lane, NULL);
    float *to = q->layer < 0 ? block + a->offset[k] : block;
    const size_t bytes = (size_t)(q->layer < 0 ? a->count[k] : aus_question_size(q)) * sizeof *to;
    if (d) memcpy(to, d, bytes);
    else memset(to, 0, bytes);
  }
}

void aus_question_values(const aus_question *q, const aus_run *run, float *block)
{
  const aus_attrib *a = q->a;
  if (q->layer >= 0) {
    memcpy(block, aus_run_value(run, q->layer, NULL), (size_t)aus_question_size(q) * sizeof *block);
    return;
  }
  for (int32_t k = 0; k < a->n_inputs; k++)
    memcpy(block + a->offset[k], aus_run_value(run, a->bundle->graph.input[k], NULL), (size_t)a->count[k] * sizeof *block);
}

aus_status aus_question_gradient(const aus_question *q, aus_walk *walk, const float *x, float *grad, double *score)
{
  aus_run *run = q->a->keep[0];
  AUS_TRY(aus_question_forward(q, run, x));
  if (score) aus_question_read(q, run, score);
  aus_question_seed(q, walk, NULL);
  AUS_TRY(aus_walk_run(walk));
  q->a->walks++;
  aus_question_collect(q, walk, 0, grad);
  return AUS_OK;
}

aus_status aus_question_forward_from(const aus_question *q, aus_run *run, const float *at)
{
  memcpy(run->slot[q->layer].data, at, (size_t)aus_question_size(q) * sizeof *at);
  for (int32_t i = run->slot[q->layer].writer + 1; i < run->n_steps; i++)
    if (run->step[i].state == AUS_STEP_RUNS) run->step[i].op->impl->forward(&run->step[i].call);
  q->a->evaluations++;
  return AUS_OK;
}

aus_status aus_question_gradient_at(const aus_question *q, aus_walk *walk, const float *at, float *grad, double *score)
{
  if (q->layer < 0) return aus_question_gradient(q, walk, at, grad, score);
  aus_run *run = q->a->keep[0];
  AUS_TRY(aus_question_forward_from(q, run, at));
  if (score) aus_question_read(q, run, score);
  aus_question_seed(q, walk, NULL);
  AUS_TRY(aus_walk_run(walk));
  q->a->walks++;
  aus_question_collect(q, walk, 0, grad);
  return AUS_OK;
}
