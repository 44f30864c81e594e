/* vibi_train.c - a step, a validation and the file of VIBI (vibi.c).
 *
 * Training sees chunks through relaxed draws, which are inputs of the graph and depend on seed, epoch, clip and nothing else; validation, test and use see
 * the k best chunks, hard: the same parameters in a second graph, whose chunks are an input. So the score is the fidelity that is reported [Bang21, sec. 4]. */
#include <math.h>
#include <string.h>

#include "l2i/task.h"
#include "nn/run.h"

enum { FOR_GUMBEL = 0x20001 };

typedef struct task {
  aus_l2i_task shared;
  void *bytes;                  /* the graph for use */
  aus_bundle *bundle;
  float **by_tensor;            /* [its tensors] the trained values */
  float *nothing;               /* [taps of a patch]: the cache holds layers, which VIBI does not read */
  float *scores;                /* [classes] */
} task;

/* ---- the network ------------------------------------------------------------------------------------------ */

static int32_t chunks_of(const aus_l2i_spec *s) { return s->rows * s->columns; }

static aus_status network(aus_trainer *t)
{
  const aus_recipe_interpreter *r = &t->r->interpreter;
  task *k = t->own = AUS_NEW(t->ctx, task);
  if (!k) return AUS_ENOMEM;
  *k = (task){ .bytes = NULL };
  AUS_TRY(aus_l2i_task_network(t));
  aus_l2i_spec *s = &k->shared.spec;
  float sharp = (float)(1 / r->temperature);
  const aus_param given = { .name = "vibi.sharpness", .count = 1, .value = &sharp };
  s->atoms = 1; /* it has none */
  s->picks = (int32_t)r->picks;
  aus_vibi_grid(r->chunk, s);
  if (r->picks > chunks_of(s))
    return aus_recipe_fail(t->r, r->line, "picks = %lld of %d x %d chunks: there are only %d (a smaller chunk makes more)", (long long)r->picks, (int)s->rows, (int)s->columns, (int)chunks_of(s));
  return aus_l2i_task_bundle(t, aus_vibi_training_graph, 1, &given, &t->net.bytes, &t->net.bundle);
}

/* The graph for use on the trained values. */
static aus_status make_use(aus_trainer *t, task *k)
{
  AUS_TRY(aus_l2i_task_bundle(t, aus_vibi_graph, 0, NULL, &k->bytes, &k->bundle));
  k->by_tensor = aus_alloc_zero(t->ctx, (size_t)aus_bundle_tensors(k->bundle), sizeof *k->by_tensor);
  if (!k->by_tensor) return AUS_ENOMEM;
  for (int32_t i = 0; i < aus_bundle_tensors(k->bundle); i++)
    for (int32_t p = 0; p < t->n_params; p++)
      if (strcmp(t->param[p].name, k->bundle->tensor[i].name) == 0) k->by_tensor[i] = t->param[p].value;
  return AUS_OK;
}

static aus_status use_run(aus_trainer *t, const task *k, uint32_t flags, aus_run **run)
{
  const aus_l2i_spec *s = &k->shared.spec;
  const aus_dims dims[] = { { 3, { 1, s->bins, s->frames } }, { 2, { 1, chunks_of(s) } } };
  return aus_run_create_on(t->ctx, k->bundle, dims, NULL, 0, flags, k->by_tensor, run);
}

static aus_status ready(aus_trainer *t)
{
  task *k = t->own;
  const aus_l2i_spec *s = &k->shared.spec;
  const aus_dims dims[] = { { 3, { t->batch, s->bins, s->frames } }, { 3, { t->batch, s->picks, chunks_of(s) } }, { 2, { t->batch, s->classes } } };
  AUS_TRY(aus_l2i_task_ready(t, "vibi.sharpness"));
  AUS_TRY(make_use(t, k));
  k->nothing = aus_alloc(t->ctx, (size_t)k->shared.cache.floats, sizeof *k->nothing);
  k->scores = aus_alloc(t->ctx, (size_t)s->classes, sizeof *k->scores);
  if (!k->nothing || !k->scores) return AUS_ENOMEM;
  AUS_TRY(aus_run_create_on(t->ctx, t->net.bundle, dims, NULL, 0, AUS_RUN_KEEP | AUS_RUN_TRAINING, t->by_tensor, &t->run));
  AUS_TRY(use_run(t, k, 0, &t->eval));
  t->logits = t->run->bundle->graph.output[1];
  t->eval_logits = t->eval->bundle->graph.output[0];
  return aus_walk_create(t->ctx, t->run, &(aus_walk_config){ .from = "terms", .params = true, .observe = aus_trainer_observe, .user = t }, &t->walk);
}

static void close_task(aus_trainer *t)
{
  task *k = t->own;
  if (!k) return;
  aus_run_destroy(t->eval); /* before its bundle */
  t->eval = NULL;
  aus_bundle_close(k->bundle);
  aus_free(t->ctx, k->bytes);
  aus_free(t->ctx, k->by_tensor);
  aus_free(t->ctx, k->nothing);
  aus_free(t->ctx, k->scores);
  aus_l2i_task_close(t);
}

/* ---- a step -------------------------------------------------------------------------------------------------- */

static aus_status scores_of(task *k, int32_t clip, int64_t patch, float *scores)
{
  const aus_l2i_spec *s = &k->shared.spec;
  float *tap[AUS_L2I_TAPS], *at = k->nothing;
  for (int32_t i = 0; i < s->n_taps; i++) {
    tap[i] = at;
    at += s->tap[i].c * s->tap[i].freq * s->tap[i].time;
  }
  return aus_l2i_cache_read(&k->shared.cache, s, clip, patch, tap, scores);
}

static aus_status fill_row(aus_trainer *t, aus_run *run, int64_t row, int32_t clip, int64_t patch)
{
  task *k = t->own;
  const aus_l2i_spec *s = &k->shared.spec;
  const int64_t noise = (int64_t)s->picks * chunks_of(s);
  AUS_TRY(scores_of(k, clip, patch, aus_run_input(run, 2) + row * s->classes));
  AUS_TRY(aus_l2i_task_spectrum(t, clip, patch, aus_run_input(run, 0) + row * s->bins * s->frames));
  aus_vibi_gumbel(t->seed ^ (uint64_t)FOR_GUMBEL << 44, (uint64_t)t->state.epoch << 40 | (uint64_t)(t->state.step * t->batch + row), noise, aus_run_input(run, 1) + row * noise);
  return AUS_OK;
}

static aus_status batch(aus_trainer *t) { return aus_l2i_task_batch(t, fill_row); }

static double total(const aus_trainer *t, const aus_l2i_spec *s, double fidelity, double certainty)
{
  return fidelity + t->r->interpreter.beta * (certainty + log((double)chunks_of(s)));
}

static double loss(aus_trainer *t)
{
  const aus_l2i_spec *s = &((const task *)t->own)->shared.spec;
  float *weight = aus_walk_seed(t->walk, 0, NULL);
  const float *term = aus_run_output(t->run, 0, NULL), *y = aus_run_output(t->run, 1, NULL), *f = aus_run_input(t->run, 2);
  weight[0] = 1;
  weight[1] = (float)t->r->interpreter.beta;
  for (int64_t i = 0; i < t->batch; i++) t->state.correct += aus_l2i_largest(t->classes, y + i * t->classes) == aus_l2i_largest(t->classes, f + i * t->classes);
  return total(t, s, (double)term[0], (double)term[1]);
}

/* ---- validation ------------------------------------------------------------------------------------------------ */

/* L_FID of one answer, and minus the entropy of the chunks: what the training graph has as nodes. */
static double fidelity_of(const aus_l2i_spec *s, const float *y, const float *f)
{
  double top = -INFINITY, sum = 0, loss = 0;
  for (int32_t c = 0; c < s->classes; c++) top = fmax(top, (double)y[c]);
  for (int32_t c = 0; c < s->classes; c++) sum += exp((double)y[c] - top);
  for (int32_t c = 0; c < s->classes; c++) {
    const double softplus = fmax((double)y[c], 0) + log1p(exp(-fabs((double)y[c])));
    loss += s->sigmoid ? (softplus - (double)f[c] * (double)y[c]) / s->classes : (double)f[c] * (top + log(sum) - (double)y[c]);
  }
  return loss;
}

static double certainty_of(int32_t d, const float *l)
{
  double top = -INFINITY, sum = 0, mean = 0;
  for (int32_t i = 0; i < d; i++) top = fmax(top, (double)l[i]);
  for (int32_t i = 0; i < d; i++) sum += exp((double)l[i] - top);
  for (int32_t i = 0; i < d; i++) mean += exp((double)l[i] - top) / sum * ((double)l[i] - top - log(sum));
  return mean;
}

/* Sees the spectrogram that is there with its k best chunks. */
static aus_status look(const aus_l2i_spec *s, aus_run *run)
{
  AUS_TRY(aus_run_forward(run));
  aus_vibi_pick(s, aus_run_output(run, 1, NULL), aus_run_input(run, 1));
  return aus_run_forward(run);
}

static aus_status answer(aus_trainer *t, int32_t clip, int64_t patch, double *loss, const float **y, const float **f)
{
  task *k = t->own;
  const aus_l2i_spec *s = &k->shared.spec;
  AUS_TRY(scores_of(k, clip, patch, k->scores));
  AUS_TRY(aus_l2i_task_spectrum(t, clip, patch, aus_run_input(t->eval, 0)));
  AUS_TRY(look(s, t->eval));
  *y = aus_run_output(t->eval, 0, NULL);
  *f = k->scores;
  *loss = total(t, s, fidelity_of(s, *y, *f), certainty_of(chunks_of(s), aus_run_output(t->eval, 1, NULL)));
  return AUS_OK;
}

static aus_status evaluate(aus_trainer *t, const aus_index *clips, double *loss, double *score) { return aus_l2i_task_evaluate(t, clips, answer, loss, score); }

/* ---- the file ---------------------------------------------------------------------------------------------------- */

static aus_status write_golden(aus_trainer *t, aus_builder *b)
{
  const task *k = t->own;
  aus_run *run;
  AUS_TRY(use_run(t, k, AUS_RUN_NO_FUSION, &run));
  aus_status status = aus_l2i_task_spectrum(t, t->data.valid.item[0], 0, aus_run_input(run, 0));
  if (status == AUS_OK) status = look(&k->shared.spec, run);
  if (status == AUS_OK) status = aus_l2i_task_golden(t, run, 2, 0, b);
  aus_run_destroy(run);
  return status;
}

static aus_status export(aus_trainer *t, const aus_train_result *result, void **bytes, size_t *size)
{
  return aus_l2i_task_export(t, result, aus_vibi_graph, write_golden, bytes, size);
}

const aus_task aus_task_vibi = { .network = network, .ready = ready, .batch = batch, .loss = loss, .evaluate = evaluate, .export = export,
                                 .score_name = aus_l2i_task_score, .close = close_task };
