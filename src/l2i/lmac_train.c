/* lmac_train.c - a step, a validation and the file of L-MAC (lmac.c) [Paissan24].
 *
 *   L = inside CE(f(M |X|), c) - outside CE(f((1 - M) |X|), c) + sparsity mean M           c: what f says of X
 *
 * The decoder's run is the trainer's; behind it stands the classifier with a run of its own, frozen, in which each clip has two rows: what the mask lets through and what it
 * leaves. Gradients come back through classifier, decibels, floor and filterbank to the mask, and from there the trainer's walk takes them on. The score is Fid-In: how often
 * f says of M |X| what it says of X; an all-ones mask would win that, so the loss decides which epoch is kept (monitor = loss). */
#include <math.h>
#include <string.h>

#include "l2i/sounding.h"
#include "l2i/task.h"

typedef struct task {
  aus_l2i_task shared;
  float *warp;                  /* [bands][bins] */
  aus_sounding learns, judges;  /* of 2 batch rows, with the way back; of 2 rows */
  float *size;                  /* [batch][T][F] |X| */
  float *scores;                /* [batch][classes] f's, of X */
} task;

static int64_t cells(const aus_l2i_spec *s) { return s->frames * s->bins; }

/* ---- the network ------------------------------------------------------------------------------------------ */

static aus_status network(aus_trainer *t)
{
  task *k = t->own = AUS_NEW(t->ctx, task);
  if (!k) return AUS_ENOMEM;
  *k = (task){ .warp = NULL };
  AUS_TRY(aus_l2i_task_network(t));
  aus_l2i_spec *s = &k->shared.spec;
  if (t->net.fe->waveform) return aus_recipe_fail(t->r, t->r->interpreter.line, "method = lmac masks what the classifier's front end hears; this one hears samples");
  k->warp = aus_alloc(t->ctx, (size_t)s->bands, (size_t)s->bins * sizeof *k->warp);
  if (!k->warp) return AUS_ENOMEM;
  s->atoms = 1; /* it has none */
  s->width = (int32_t)t->r->interpreter.width;
  aus_lmac_warp(t->net.fe, k->warp);
  const aus_param warp = { .name = "decoder.warp", .count = (int64_t)s->bands * s->bins, .value = k->warp };
  return aus_l2i_task_bundle(t, aus_lmac_graph, 1, &warp, &t->net.bytes, &t->net.bundle);
}

static aus_status decoder_run(aus_trainer *t, int64_t mb, uint32_t flags, aus_run **run)
{
  const aus_l2i_spec *s = &((const task *)t->own)->shared.spec;
  aus_dims dims[AUS_L2I_TAPS];
  for (int32_t i = 0; i < s->n_taps; i++) dims[i] = aus_l2i_tap_dims(&s->tap[i], mb);
  return aus_run_create_on(t->ctx, t->net.bundle, dims, NULL, 0, flags, t->by_tensor, run);
}

static aus_status ready(aus_trainer *t)
{
  task *k = t->own;
  const aus_l2i_spec *s = &k->shared.spec;
  AUS_TRY(aus_l2i_task_ready(t, "decoder.warp"));
  k->size = aus_alloc(t->ctx, (size_t)(t->batch * cells(s)), sizeof *k->size);
  k->scores = aus_alloc(t->ctx, (size_t)(t->batch * s->classes), sizeof *k->scores);
  if (!k->size || !k->scores) return AUS_ENOMEM;
  AUS_TRY(aus_sounding_open(t->ctx, &k->shared.in, 2 * t->batch, true, &k->learns));
  AUS_TRY(aus_sounding_open(t->ctx, &k->shared.in, 2, false, &k->judges));
  AUS_TRY(decoder_run(t, t->batch, AUS_RUN_KEEP | AUS_RUN_TRAINING, &t->run));
  AUS_TRY(decoder_run(t, 1, 0, &t->eval));
  t->logits = t->run->bundle->graph.output[0];
  t->eval_logits = t->eval->bundle->graph.output[0];
  return aus_walk_create(t->ctx, t->run, &(aus_walk_config){ .from = "mask", .params = true, .observe = aus_trainer_observe, .user = t }, &t->walk);
}

static void close_task(aus_trainer *t)
{
  task *k = t->own;
  if (!k) return;
  aus_sounding_close(&k->learns);
  aus_sounding_close(&k->judges);
  aus_free(t->ctx, k->warp);
  aus_free(t->ctx, k->size);
  aus_free(t->ctx, k->scores);
  aus_l2i_task_close(t);
}

/* ---- a step -------------------------------------------------------------------------------------------------- */

/* |X| [frames][bins] of a patch, as the classifier's front end has it: silent past the end. */
static aus_status size_of(aus_trainer *t, int32_t clip, int64_t patch, float *x)
{
  const aus_l2i_spec *s = &((const task *)t->own)->shared.spec;
  const aus_stft *stft = t->net.fe->stft;
  aus_l2i_heard h;
  AUS_TRY(aus_l2i_task_hear(t, clip, patch, &h));
  const int64_t left = aus_stft_frames(stft, h.samples) - h.first, have = left < s->frames ? left : s->frames;
  memset(x, 0, (size_t)cells(s) * sizeof *x);
  const aus_status status = have > 0 ? aus_stft_power(stft, h.samples, h.x, h.first, have, 1, x) : AUS_OK;
  aus_free(t->ctx, h.mine);
  return status;
}

/* Row `row` of a run of the decoder, and of what stands behind it. */
static aus_status fill_row(aus_trainer *t, aus_run *run, int64_t row, int32_t clip, int64_t patch)
{
  task *k = t->own;
  const aus_l2i_spec *s = &k->shared.spec;
  AUS_TRY(aus_l2i_task_taps(t, run, row, clip, patch, k->scores + row * s->classes));
  return size_of(t, clip, patch, k->size + row * cells(s));
}

static aus_status batch(aus_trainer *t) { return aus_l2i_task_batch(t, fill_row); }

/* The loss of mb masks; with seed [mb][T][F], its gradient. Fid-In is counted in *same. */
static aus_status judge(aus_trainer *t, aus_sounding *f, int64_t mb, const float *mask, float *seed, double *loss, double *same)
{
  const task *k = t->own;
  const aus_l2i_spec *s = &k->shared.spec;
  const aus_recipe_interpreter *r = &t->r->interpreter;
  const int64_t n = cells(s);
  const double weight[2] = { r->inside / (double)mb, -r->outside / (double)mb }, sparsity = r->sparsity / (double)(mb * n);
  double spread = 0;
  for (int64_t i = 0; i < 2 * mb; i++) aus_sounding_set(f, i, k->size + i / 2 * n, mask + i / 2 * n, i % 2);
  AUS_TRY(aus_sounding_forward(f));
  *loss = 0;
  for (int64_t i = 0; i < 2 * mb; i++) {
    const float *y = aus_sounding_logits(f) + i * s->classes;
    const int32_t c = aus_l2i_largest(s->classes, k->scores + i / 2 * s->classes);
    *loss += weight[i % 2] * aus_sounding_loss(s->classes, s->sigmoid, y, c, weight[i % 2], seed ? aus_sounding_seed(f) + i * s->classes : NULL);
    *same += i % 2 == 0 && aus_l2i_largest(s->classes, y) == c;
  }
  for (int64_t i = 0; i < mb * n; i++) spread += (double)mask[i];
  *loss += sparsity * spread;
  if (!seed) return AUS_OK;
  AUS_TRY(aus_sounding_back(f));
  for (int64_t i = 0; i < mb * n; i++) seed[i] = (float)sparsity;
  for (int64_t i = 0; i < 2 * mb; i++) aus_sounding_diff(f, i, k->size + i / 2 * n, mask + i / 2 * n, i % 2, seed + i / 2 * n);
  return AUS_OK;
}

static double loss(aus_trainer *t)
{
  task *k = t->own;
  double sum = NAN;
  const aus_status status = judge(t, &k->learns, t->batch, aus_run_output(t->run, 0, NULL), aus_walk_seed(t->walk, 0, NULL), &sum, &t->state.correct);
  return status == AUS_OK ? sum : NAN;
}

/* ---- validation and the file ------------------------------------------------------------------------------------- */

static aus_status answer(aus_trainer *t, int32_t clip, int64_t patch, double *loss, const float **y, const float **f)
{
  task *k = t->own;
  double same = 0;
  AUS_TRY(fill_row(t, t->eval, 0, clip, patch));
  AUS_TRY(aus_run_forward(t->eval));
  AUS_TRY(judge(t, &k->judges, 1, aus_run_output(t->eval, 0, NULL), NULL, loss, &same));
  *y = aus_sounding_logits(&k->judges);
  *f = k->scores;
  return AUS_OK;
}

static aus_status evaluate(aus_trainer *t, const aus_index *clips, double *loss, double *score) { return aus_l2i_task_evaluate(t, clips, answer, loss, score); }

static aus_status write_golden(aus_trainer *t, aus_builder *b)
{
  const aus_l2i_spec *s = &((const task *)t->own)->shared.spec;
  aus_run *run;
  AUS_TRY(decoder_run(t, 1, AUS_RUN_NO_FUSION, &run));
  aus_status status = fill_row(t, run, 0, t->data.valid.item[0], 0);
  if (status == AUS_OK) status = aus_l2i_task_golden(t, run, s->n_taps, 0, b);
  aus_run_destroy(run);
  return status;
}

static aus_status export(aus_trainer *t, const aus_train_result *result, void **bytes, size_t *size)
{
  return aus_l2i_task_export(t, result, aus_lmac_graph, write_golden, bytes, size);
}

static const char *score_name(const aus_trainer *t)
{
  (void)t;
  return "fid_in";
}

const aus_task aus_task_lmac = { .network = network, .ready = ready, .batch = batch, .loss = loss, .evaluate = evaluate, .export = export,
                                 .score_name = score_name, .close = close_task };
