/* train.c - training an interpreter, or FLINT's attributes: what a step, a validation and the file at the end are [Parekh22, sec. 3.4].
 *
 *   L = l_fid L_FID + alpha mean (X - W H)^2 + beta mean |H|       means over batch x F x T and batch x K x T
 *
 * l_fid rises from `fidelity` to `fidelity_later` in epoch `fidelity_epoch`; validation always takes the later one, so that epochs can be
 * compared. W is a parameter of the graph that does not train. */
#include <math.h>
#include <string.h>

#include "l2i/dictionary.h"
#include "l2i/task.h"

/* ---- the network ------------------------------------------------------------------------------------------ */

static aus_status network(aus_trainer *t)
{
  aus_l2i_task *k = t->own = AUS_NEW(t->ctx, aus_l2i_task);
  if (!k) return AUS_ENOMEM;
  *k = (aus_l2i_task){ 0 };
  AUS_TRY(aus_l2i_task_network(t));
  aus_l2i_spec *s = &k->spec;
  const bool flint = s->method == AUS_L2I_FLINT;
  s->dropout = t->r->interpreter.dropout >= 0 ? t->r->interpreter.dropout : flint ? 0.01 : s->max_pooling ? 0.3 : 0.4;
  if (flint) s->atoms = (int32_t)t->r->interpreter.atoms;
  else AUS_TRY(aus_l2i_dictionary(t, &k->spectrum, &s->atoms, &k->w));
  const aus_param w = { .name = "dictionary.w", .count = (int64_t)s->bins * s->atoms, .value = k->w };
  return aus_l2i_task_bundle(t, flint ? aus_flint_training_graph : aus_l2i_training_graph, k->w ? 1 : 0, &w, &t->net.bytes, &t->net.bundle);
}

/* The shapes of all inputs for mb patches: taps, x, target. */
static void input_dims(const aus_l2i_spec *s, int64_t mb, aus_dims *d)
{
  for (int32_t i = 0; i < s->n_taps; i++) d[i] = aus_l2i_tap_dims(&s->tap[i], mb);
  d[s->n_taps] = (aus_dims){ 3, { mb, s->bins, s->frames } };
  d[s->n_taps + 1] = (aus_dims){ 2, { mb, s->classes } };
}

static aus_status ready(aus_trainer *t)
{
  const aus_l2i_task *k = t->own;
  aus_dims dims[AUS_L2I_TAPS + 2];
  AUS_TRY(aus_l2i_task_ready(t, "dictionary.w"));
  input_dims(&k->spec, t->batch, dims);
  AUS_TRY(aus_run_create_on(t->ctx, t->net.bundle, dims, NULL, 0, AUS_RUN_KEEP | AUS_RUN_TRAINING, t->by_tensor, &t->run));
  input_dims(&k->spec, 1, dims);
  AUS_TRY(aus_run_create_on(t->ctx, t->net.bundle, dims, NULL, 0, 0, t->by_tensor, &t->eval));
  t->logits = t->run->bundle->graph.output[1];
  t->eval_logits = t->eval->bundle->graph.output[1];
  return aus_walk_create(t->ctx, t->run, &(aus_walk_config){ .from = "terms", .params = true, .observe = aus_trainer_observe, .user = t }, &t->walk);
}

/* ---- a step -------------------------------------------------------------------------------------------------- */

/* Row `row` of a run's inputs. */
static aus_status fill_row(aus_trainer *t, aus_run *run, int64_t row, int32_t clip, int64_t patch)
{
  const aus_l2i_spec *s = &((const aus_l2i_task *)t->own)->spec;
  AUS_TRY(aus_l2i_task_taps(t, run, row, clip, patch, aus_run_input(run, s->n_taps + 1) + row * s->classes));
  return aus_l2i_task_spectrum(t, clip, patch, aus_run_input(run, s->n_taps) + row * s->bins * s->frames);
}

static aus_status batch(aus_trainer *t) { return aus_l2i_task_batch(t, fill_row); }

/* What the terms count in the loss of mb patches. */
static int32_t weigh(const aus_trainer *t, const aus_l2i_spec *s, int64_t mb, bool later, float weight[AUS_FLINT_TERMS])
{
  const aus_recipe_interpreter *r = &t->r->interpreter;
  const bool flint = s->method == AUS_L2I_FLINT;
  weight[0] = (float)(later ? r->fidelity_later : r->fidelity);
  weight[1] = (float)(r->reconstruction / ((double)mb * s->bins * (double)s->frames));
  const double sparsity = r->sparsity / ((double)mb * s->atoms * (flint ? 1 : (double)s->frames));
  weight[2] = (float)(flint ? r->conciseness : sparsity);
  if (flint) weight[3] = (float)sparsity;
  return flint ? AUS_FLINT_TERMS : 3;
}

static double sum_of(int32_t n, const float *weight, const float *term)
{
  double sum = 0;
  for (int32_t i = 0; i < n; i++) sum += (double)weight[i] * (double)term[i];
  return sum;
}

static double loss(aus_trainer *t)
{
  const aus_l2i_task *k = t->own;
  float *weight = aus_walk_seed(t->walk, 0, NULL);
  const float *y = aus_run_output(t->run, 1, NULL), *f = aus_run_input(t->run, k->spec.n_taps + 1);
  const int32_t terms = weigh(t, &k->spec, t->batch, t->state.epoch + 1 >= t->r->interpreter.fidelity_epoch, weight);
  for (int64_t i = 0; i < t->batch; i++) t->state.correct += aus_l2i_largest(t->classes, y + i * t->classes) == aus_l2i_largest(t->classes, f + i * t->classes);
  return sum_of(terms, weight, aus_run_output(t->run, 0, NULL));
}

/* ---- validation and the file ------------------------------------------------------------------------------------- */

static aus_status answer(aus_trainer *t, int32_t clip, int64_t patch, double *loss, const float **y, const float **f)
{
  const aus_l2i_task *k = t->own;
  float weight[AUS_FLINT_TERMS];
  const int32_t terms = weigh(t, &k->spec, 1, true, weight);
  AUS_TRY(fill_row(t, t->eval, 0, clip, patch));
  AUS_TRY(aus_run_forward(t->eval));
  *loss = sum_of(terms, weight, aus_run_output(t->eval, 0, NULL));
  *y = aus_run_output(t->eval, 1, NULL);
  *f = aus_run_input(t->eval, k->spec.n_taps + 1);
  return AUS_OK;
}

static aus_status evaluate(aus_trainer *t, const aus_index *clips, double *loss, double *score) { return aus_l2i_task_evaluate(t, clips, answer, loss, score); }

/* The taps of the first validation clip, and the logits they give: for `auscult model verify`. */
static aus_status write_golden(aus_trainer *t, aus_builder *b)
{
  const aus_l2i_task *k = t->own;
  aus_dims dims[AUS_L2I_TAPS + 2];
  aus_run *run;
  input_dims(&k->spec, 1, dims);
  AUS_TRY(aus_run_create_on(t->ctx, t->net.bundle, dims, NULL, 0, AUS_RUN_NO_FUSION, t->by_tensor, &run));
  aus_status status = fill_row(t, run, 0, t->data.valid.item[0], 0);
  if (status == AUS_OK) status = aus_l2i_task_golden(t, run, k->spec.n_taps, 1, b);
  aus_run_destroy(run);
  return status;
}

static aus_status export(aus_trainer *t, const aus_train_result *result, void **bytes, size_t *size)
{
  const aus_l2i_task *k = t->own;
  return aus_l2i_task_export(t, result, k->spec.method == AUS_L2I_FLINT ? aus_flint_graph : aus_l2i_graph, write_golden, bytes, size);
}

/* ---- the task -------------------------------------------------------------------------------------------------------- */

static const aus_task task_l2i = { .network = network, .ready = ready, .batch = batch, .loss = loss, .evaluate = evaluate, .export = export,
                                   .score_name = aus_l2i_task_score, .close = aus_l2i_task_close };

aus_status aus_l2i_train(aus_ctx *ctx, const aus_train_config *config, const char *text, const char *folder, aus_train_result *result)
{
  static const aus_task *const task_of[] = { &task_l2i, &task_l2i, &aus_task_vibi, &aus_task_lmac };
  aus_recipe *r;
  if (config->recipe) {
    AUS_TRY(aus_recipe_read(ctx, config->recipe, &r));
  } else {
    char *path = aus_strf(ctx, "%soptions", folder ? folder : "");
    if (!path) return AUS_ENOMEM;
    const aus_status status = aus_recipe_parse(ctx, path, text, strlen(text), &r);
    aus_free(ctx, path);
    if (status != AUS_OK) return status;
  }
  const aus_status status = r->interpreter.line ? aus_train_task(r, config, task_of[r->interpreter.method], result) :
                                                  aus_recipe_fail(r, 0, "no [interpreter] section: nothing for `auscult l2i train` (`auscult train` takes the others)");
  aus_recipe_free(r);
  return status;
}
