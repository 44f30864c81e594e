/* stems.c - separators as a task of the trainer: OVA (one stem, a sigmoid), Cerberus (shared layers, softmax masks, embedding, notes), U-Nets.
 *
 * A step mixes stems anew, and takes the loss of all heads at once: they are one value, "heads", from which the walk goes back. The score is
 * the gain in SI-SDR over the mix, from the middle of every validation item: masks times the mix's spectrum, back to sound, against the true
 * stem; the mean over stems that sound. */
#include "train/stems.h"

#include <math.h>
#include <string.h>

typedef struct task {
  aus_mixer s;
  aus_stems_weights weights;
  float *level, *target;       /* [batch][places], [batch][stems][places] */
  uint8_t *loudest, *notes;    /* [batch][places], [batch][frames][stems pitches] */
  double *loss;                /* [batch] */
  float *truth, *mixes;        /* [batch][stems][samples], [batch][samples]: for the score */
  float *spectra;              /* [batch][2][frames][all bins] */
  float *diff;                 /* where the derivative goes, or a place to forget it */
  float *heard;                /* [samples] */
} task;

static int64_t places(const task *k) { return k->s.shape.frames * k->s.shape.bins; }
static int64_t note_count(const task *k) { return k->s.shape.frames * k->s.shape.stems * k->s.shape.pitches; }
static int64_t values(const task *k) { return k->s.shape.frames * aus_stft_bins(k->s.stft); }

/* ---- making ------------------------------------------------------------------------------------------------ */

static aus_status network(aus_trainer *t)
{
  aus_stems_shape shape;
  task *k = t->own = AUS_NEW(t->ctx, task);
  if (!k) return AUS_ENOMEM;
  AUS_TRY(aus_stems_template(t->r, &t->data, t->seed, &shape, &t->net));
  t->classes = t->data.classes;
  k->weights = (aus_stems_weights){ t->r->separator.squared, t->r->separator.mask_weight, t->r->separator.embedding_weight, t->r->separator.notes_weight };
  return aus_stems_open(t, &shape, &k->s);
}

static aus_status make_runs(aus_trainer *t, const task *k)
{
  const char *heads = "heads";
  const aus_dims dims = { .rank = 4, .dim = { t->batch, 1, k->s.shape.frames, k->s.shape.bins } };
  AUS_TRY(aus_run_create_on(t->ctx, t->net.bundle, &dims, &heads, 1, AUS_RUN_KEEP | AUS_RUN_TRAINING, t->by_tensor, &t->run));
  AUS_TRY(aus_run_create_on(t->ctx, t->net.bundle, &dims, &heads, 1, 0, t->by_tensor, &t->eval));
  t->logits = aus_run_find(t->run, heads);
  t->eval_logits = aus_run_find(t->eval, heads);
  return aus_walk_create(t->ctx, t->run, &(aus_walk_config){ .from = heads, .params = true, .observe = aus_trainer_observe, .user = t }, &t->walk);
}

static aus_status ready(aus_trainer *t)
{
  task *k = t->own;
  const size_t batch = (size_t)t->batch, n = (size_t)places(k), stems = (size_t)k->s.shape.stems, samples = (size_t)k->s.samples;
  t->floats = places(k);
  k->level = aus_alloc(t->ctx, batch * n, sizeof(float));
  k->target = aus_alloc(t->ctx, batch * n, stems * sizeof(float));
  k->loudest = aus_alloc(t->ctx, batch * n, 1);
  k->notes = aus_alloc_zero(t->ctx, batch, (size_t)note_count(k) + 1);
  k->loss = aus_alloc(t->ctx, batch, sizeof(double));
  k->truth = aus_alloc(t->ctx, batch * stems, samples * sizeof(float));
  k->mixes = aus_alloc(t->ctx, batch, samples * sizeof(float));
  k->spectra = aus_alloc(t->ctx, batch * 2, (size_t)values(k) * sizeof(float));
  k->heard = aus_alloc(t->ctx, samples, sizeof(float));
  k->diff = aus_alloc(t->ctx, batch, (size_t)aus_stems_numbers(&k->s.shape) * sizeof(float));
  if (!k->level || !k->target || !k->loudest || !k->notes || !k->loss || !k->truth || !k->mixes || !k->spectra || !k->heard || !k->diff) return AUS_ENOMEM;
  return make_runs(t, k);
}

static void close_task(aus_trainer *t)
{
  task *k = t->own;
  if (!k) return;
  void *mine[] = { k->level, k->target, k->loudest, k->notes, k->loss, k->truth, k->mixes, k->spectra, k->heard, k->diff };
  for (size_t i = 0; i < sizeof mine / sizeof *mine; i++) aus_free(t->ctx, mine[i]);
  aus_stems_close(&k->s);
  aus_free(t->ctx, k);
}

/* ---- a step ------------------------------------------------------------------------------------------------- */

/* Item i of a batch from one clip: features, targets; for the score also sounds and spectra. */
static aus_status fill(aus_trainer *t, int64_t i, int32_t clip, bool middle, int64_t at, float *x)
{
  task *k = t->own;
  aus_mixer *s = &k->s;
  const int64_t n = places(k), stems = s->shape.stems;
  double start;
  AUS_TRY(aus_stems_excerpt(s, clip, middle, t->seed, t->state.epoch, at, &start));
  if (middle) {
    memcpy(k->mixes + i * s->samples, s->mix, (size_t)s->samples * sizeof(float));
    for (int64_t j = 0; j < stems; j++) memcpy(k->truth + (i * stems + j) * s->samples, s->wave + s->in_mix[j] * s->samples, (size_t)s->samples * sizeof(float));
    memcpy(k->spectra + 2 * i * values(k), s->re, (size_t)values(k) * sizeof(float));
    memcpy(k->spectra + (2 * i + 1) * values(k), s->im, (size_t)values(k) * sizeof(float));
  }
  aus_stems_features(s, x + i * n);
  aus_stems_targets(s, clip, start, k->level + i * n, k->target + i * n * stems, k->loudest + i * n, s->shape.pitches ? k->notes + i * note_count(k) : NULL);
  return AUS_OK;
}

static aus_status batch(aus_trainer *t)
{
  for (int64_t i = 0; i < t->batch; i++) {
    const int64_t at = t->state.step * t->batch + i;
    AUS_TRY(fill(t, i, t->order[at], false, at, aus_run_input(t->run, 0)));
  }
  return AUS_OK;
}

typedef struct work { task *k; const float *heads; float *diff; double scale; } work;

static void loss_of_items(void *arg, int64_t begin, int64_t end, int worker)
{
  const work *w = arg;
  task *k = w->k;
  const int64_t n = places(k), numbers = aus_stems_numbers(&k->s.shape);
  (void)worker;
  for (int64_t i = begin; i < end; i++) {
    const aus_stems_truth truth = { k->level + i * n, k->target + i * n * k->s.shape.stems, k->loudest + i * n, k->notes + i * note_count(k) };
    k->loss[i] = aus_stems_loss(&k->s.shape, &k->weights, &truth, w->heads + i * numbers, w->scale, w->diff + i * numbers, NULL);
  }
}

static double loss_of(aus_trainer *t, int64_t items, const float *heads, float *diff)
{
  double sum = 0;
  task *k = t->own;
  work w = { k, heads, diff, 1 / (double)items };
  aus_parallel_for(t->ctx, items, 1, loss_of_items, &w);
  for (int64_t i = 0; i < items; i++) sum += k->loss[i];
  return sum / (double)items;
}

static double loss(aus_trainer *t) { return loss_of(t, t->batch, aus_run_value(t->run, t->logits, NULL), aus_walk_seed(t->walk, 0, NULL)); }

/* ---- validation ----------------------------------------------------------------------------------------------- */

typedef struct tally { double loss, gain; int64_t items, sounding; } tally;

/* Stem j of item i as the masks have it, into k->heard. */
static aus_status resynthesise(const aus_trainer *t, int64_t i, int64_t j, const float *masks)
{
  task *k = t->own;
  aus_mixer *s = &k->s;
  const int64_t all = aus_stft_bins(s->stft), F = s->shape.bins;
  const float *re = k->spectra + 2 * i * values(k), *im = re + values(k), *m = masks + j * places(k);
  for (int64_t f = 0; f < s->shape.frames; f++)
    for (int64_t b = 0; b < all; b++) {
      const float gain = b < F ? m[f * F + b] : 0;
      s->s_re[f * all + b] = gain * re[f * all + b];
      s->s_im[f * all + b] = gain * im[f * all + b];
    }
  return aus_stft_inverse(s->stft, s->samples, s->s_re, s->s_im, k->heard);
}

static double energy(int64_t n, const float *x)
{
  double sum = 0;
  for (int64_t i = 0; i < n; i++) sum += (double)x[i] * x[i];
  return sum;
}

/* A stem counts that has at least a ten-thousandth of the mix's energy. */
static aus_status score_item(aus_trainer *t, int64_t i, const float *masks, tally *sum)
{
  task *k = t->own;
  const int64_t n = k->s.samples;
  const float *mix = k->mixes + i * n;
  for (int64_t j = 0; j < k->s.shape.stems; j++) {
    const float *truth = k->truth + (i * k->s.shape.stems + j) * n;
    if (!(energy(n, truth) > 1e-4 * energy(n, mix))) continue;
    AUS_TRY(resynthesise(t, i, j, masks));
    const double got = aus_si_sdr(n, k->heard, truth), had = aus_si_sdr(n, mix, truth);
    const double gain = (isfinite(got) ? fmax(got, -60) : -60) - (isfinite(had) ? had : 60);
    sum->gain += gain;
    sum->sounding++;
  }
  return AUS_OK;
}

static aus_status evaluate(aus_trainer *t, const aus_index *clips, double *mean_loss, double *score)
{
  task *k = t->own;
  const int64_t numbers = aus_stems_numbers(&k->s.shape);
  tally sum = { 0 };
  *mean_loss = *score = NAN;
  for (int32_t first = 0; first < clips->n; first += (int32_t)t->batch) {
    const int64_t left = clips->n - first, items = left < t->batch ? left : t->batch;
    for (int64_t i = 0; i < items; i++) AUS_TRY(fill(t, i, clips->item[first + i], true, 0, aus_run_input(t->eval, 0)));
    AUS_TRY(aus_run_forward(t->eval));
    const float *heads = aus_run_value(t->eval, t->eval_logits, NULL);
    sum.loss += loss_of(t, items, heads, k->diff) * (double)items;
    sum.items += items;
    for (int64_t i = 0; i < items; i++) AUS_TRY(score_item(t, i, heads + i * numbers, &sum));
  }
  if (sum.items) *mean_loss = sum.loss / (double)sum.items;
  if (sum.sounding) *score = sum.gain / (double)sum.sounding;
  return AUS_OK;
}

/* ---- the model ---------------------------------------------------------------------------------------------------- */

static aus_status golden(aus_trainer *t, aus_builder *b)
{
  const aus_stems_shape *s = &((task *)t->own)->s.shape;
  const aus_dims dims = { .rank = 4, .dim = { 1, 1, s->frames, s->bins } };
  float *x = aus_alloc(t->ctx, (size_t)places(t->own), sizeof *x);
  if (!x) return AUS_ENOMEM;
  aus_status status = fill(t, 0, t->data.valid.item[0], true, 0, x);
  if (status == AUS_OK) status = aus_trainer_golden(t, &dims, x, b);
  aus_free(t->ctx, x);
  return status;
}

static aus_status export(aus_trainer *t, const aus_train_result *result, void **bytes, size_t *size)
{
  aus_builder *b;
  AUS_TRY(aus_builder_create(t->ctx, &b));
  aus_status status = aus_template_copy(b, t->net.bundle, t->by_tensor);
  if (status == AUS_OK) aus_trainer_history(t, result, b);
  if (status == AUS_OK && result) status = golden(t, b);
  if (status == AUS_OK) status = aus_builder_finish(b, bytes, size);
  aus_builder_destroy(b);
  return status;
}

static const char *score_name(const aus_trainer *t)
{
  (void)t;
  return "si_sdr_gain";
}

const aus_task aus_task_stems = { .network = network, .ready = ready, .batch = batch, .loss = loss, .evaluate = evaluate, .export = export,
                                  .score_name = score_name, .close = close_task };
