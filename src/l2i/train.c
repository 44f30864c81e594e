/* train.c - training an interpreter: what a step, a validation and the file at the end are [Parekh22, sec. 3.4].
 *
 *   L = l_fid L_FID + alpha mean (X - W H)^2 + beta mean |H|       means over batch x F x T and batch x K x T
 *
 * l_fid rises from `fidelity` to `fidelity_later` in epoch `fidelity_epoch`; validation always takes the later one, so that epochs can be
 * compared. Everything else is src/train's: the order of the clips, Adam, checkpoints, the log. W is a parameter of the graph that does
 * not train. A clip of several patches shows one of them a time, drawn anew each epoch. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "l2i/cache.h"
#include "l2i/dictionary.h"

enum { FOR_PATCH = 0x20000 };

typedef struct task {
  aus_model *model;
  aus_inside in;
  aus_l2i_spec spec;
  aus_l2i_spectrum spectrum;
  aus_l2i_cache cache;
  float *w;                     /* [bins][atoms] */
  float *longer;                /* [least_samples] */
} task;

/* ---- the network ------------------------------------------------------------------------------------------ */

static aus_status open_classifier(aus_trainer *t, task *k)
{
  char *path = aus_recipe_path(t->r, t->r->interpreter.classifier);
  aus_status status = path ? aus_model_open(t->ctx, path, &k->model) : AUS_ENOMEM;
  aus_free(t->ctx, path);
  if (status == AUS_OK) status = aus_model_inside(k->model, &k->in);
  if (status == AUS_OK) status = aus_frontend_create(t->ctx, k->in.bundle, &t->net.fe);
  return status == AUS_OK || status == AUS_ENOMEM ? status : aus_fail_prefix(t->ctx, status, "%s: classifier", t->r->name);
}

static aus_status measure(aus_trainer *t, task *k)
{
  const aus_recipe_interpreter *r = &t->r->interpreter;
  aus_l2i_spec *s = &k->spec;
  AUS_TRY(aus_l2i_spectrum_open(t->net.fe, (int32_t)r->n_fft, (int32_t)r->hop, &k->spectrum));
  AUS_TRY(aus_l2i_find_taps(t->ctx, &k->in, r->taps.n, r->taps.word, s));
  const bool fits = aus_l2i_fits_vgg(s->n_taps, s->tap);
  if (r->layout == 1 && !fits) return aus_recipe_fail(t->r, r->line, "layout = vgg needs three layers of 16, 8 and 4 rows, each half as long as the one before; layout = general takes any");
  s->vgg = r->layout == 1 || (r->layout == 0 && fits);
  s->bins = k->spectrum.bins;
  s->frames = aus_l2i_patch_frames(&k->spectrum);
  s->max_pooling = r->max_pooling;
  s->flint = r->method == 1;
  s->dropout = r->dropout >= 0 ? r->dropout : s->flint ? 0.01 : r->max_pooling ? 0.3 : 0.4;
  return AUS_OK;
}

static aus_status make_graph(aus_trainer *t, task *k)
{
  aus_builder *b;
  const aus_param w = { .name = "dictionary.w", .count = (int64_t)k->spec.bins * k->spec.atoms, .value = k->w };
  AUS_TRY(aus_builder_create(t->ctx, &b));
  aus_l2i_net n = { .ctx = t->ctx, .b = b, .seed = t->seed, .n_given = k->w ? 1 : 0, .given = &w };
  size_t size;
  if (k->spec.flint) aus_flint_training_graph(&n, &k->spec);
  else aus_l2i_training_graph(&n, &k->spec);
  aus_status status = n.status == AUS_OK ? aus_builder_finish(b, &t->net.bytes, &size) : n.status;
  if (status == AUS_OK) status = aus_bundle_open_memory(t->ctx, t->net.bytes, size, &t->net.bundle);
  if (status != AUS_OK) { aus_free(t->ctx, t->net.bytes); t->net.bytes = NULL; }
  aus_builder_destroy(b);
  return status;
}

/* A checkpoint belongs to the clips, the classifier and the dictionary. */
static void hash_all(aus_trainer *t, const task *k)
{
  aus_sha256 sha;
  aus_sha256_init(&sha);
  aus_sha256_add(&sha, t->data.sha256, 64);
  aus_sha256_add(&sha, aus_bundle_sha256(k->in.bundle), 64);
  if (k->w) aus_sha256_add(&sha, k->w, (size_t)k->spec.bins * (size_t)k->spec.atoms * sizeof *k->w);
  aus_sha256_hex(&sha, t->data.sha256);
}

static aus_status network(aus_trainer *t)
{
  task *k = t->own;
  AUS_TRY(open_classifier(t, k));
  AUS_TRY(measure(t, k));
  t->classes = k->spec.classes;
  t->data.fe = t->net.fe;
  AUS_TRY(aus_data_load(&t->data));
  if (k->spec.flint) k->spec.atoms = (int32_t)t->r->interpreter.atoms;
  else AUS_TRY(aus_l2i_dictionary(t, &k->spectrum, &k->spec.atoms, &k->w));
  return make_graph(t, k);
}

/* The shapes of all inputs for mb patches: taps, x, target. */
static void input_dims(const aus_l2i_spec *s, int64_t mb, aus_dims *d)
{
  for (int32_t i = 0; i < s->n_taps; i++) {
    const aus_l2i_tap *t = &s->tap[i];
    d[i] = t->rank == 3 ? (aus_dims){ 3, { mb, t->c, t->time } } : (aus_dims){ 4, { mb, t->c, t->turned ? t->time : t->freq, t->turned ? t->freq : t->time } };
  }
  d[s->n_taps] = (aus_dims){ 3, { mb, s->bins, s->frames } };
  d[s->n_taps + 1] = (aus_dims){ 2, { mb, s->classes } };
}

static aus_status ready(aus_trainer *t)
{
  task *k = t->own;
  aus_dims dims[AUS_L2I_TAPS + 2];
  char *path = aus_strf(t->ctx, "%s/taps.cache", t->config->out);
  aus_status status = path ? aus_l2i_cache_open(t, &k->in, &k->spec, path, !t->r->interpreter.cache_single, &k->cache) : AUS_ENOMEM;
  aus_free(t->ctx, path);
  if (status != AUS_OK) return status;
  hash_all(t, k);
  k->longer = aus_alloc(t->ctx, (size_t)t->net.fe->least_samples, sizeof *k->longer);
  if (!k->longer) return AUS_ENOMEM;
  for (int32_t i = 0; i < t->n_params; i++)
    if (strcmp(t->param[i].name, "dictionary.w") == 0) t->param[i].trained = false;
  input_dims(&k->spec, t->batch, dims);
  AUS_TRY(aus_run_create_on(t->ctx, t->net.bundle, dims, NULL, 0, AUS_RUN_KEEP | AUS_RUN_TRAINING, t->by_tensor, &t->run));
  input_dims(&k->spec, 1, dims);
  AUS_TRY(aus_run_create_on(t->ctx, t->net.bundle, dims, NULL, 0, 0, t->by_tensor, &t->eval));
  t->logits = t->run->bundle->graph.output[1];
  t->eval_logits = t->eval->bundle->graph.output[1];
  return aus_walk_create(t->ctx, t->run, &(aus_walk_config){ .from = "terms", .params = true, .observe = aus_trainer_observe, .user = t }, &t->walk);
}

/* ---- a step -------------------------------------------------------------------------------------------------- */

/* X of one patch of a clip, as an interpretation will see it. */
static aus_status spectrum_of(aus_trainer *t, task *k, int32_t clip, int64_t patch, float *x)
{
  const aus_clip *c = &t->data.clip[clip];
  const int64_t least = t->net.fe->least_samples, n = c->samples < least ? least : c->samples;
  float *sound;
  bool mine;
  AUS_TRY(aus_data_hear(&t->data, c, &sound, &mine));
  if (c->samples < least) aus_pad_short(c->samples, sound, t->net.fe->repeat, least, k->longer);
  const aus_patches p = aus_frontend_patches(t->net.fe, n);
  const aus_status status = aus_l2i_log_spectrum(&k->spectrum, n, c->samples < least ? k->longer : sound, aus_l2i_gain(c->samples, sound),
                                                 aus_l2i_first_frame(&k->spectrum, aus_patch_start(t->net.fe, &p, patch)), k->spec.frames, x);
  if (mine) aus_free(t->ctx, sound);
  return status;
}

/* Row `row` of a run's inputs. */
static aus_status fill_row(aus_trainer *t, task *k, aus_run *run, int64_t row, int32_t clip, int64_t patch)
{
  const aus_l2i_spec *s = &k->spec;
  float *tap[AUS_L2I_TAPS];
  for (int32_t i = 0; i < s->n_taps; i++) tap[i] = aus_run_input(run, i) + row * s->tap[i].c * s->tap[i].freq * s->tap[i].time;
  AUS_TRY(aus_l2i_cache_read(&k->cache, s, clip, patch, tap, aus_run_input(run, s->n_taps + 1) + row * s->classes));
  return spectrum_of(t, k, clip, patch, aus_run_input(run, s->n_taps) + row * s->bins * s->frames);
}

static aus_status batch(aus_trainer *t)
{
  task *k = t->own;
  aus_rng rng;
  for (int64_t i = 0; i < t->batch; i++) {
    const int64_t at = t->state.step * t->batch + i, patches = aus_l2i_cache_patches(&k->cache, t->order[at]);
    aus_rng_init(&rng, t->seed ^ (uint64_t)FOR_PATCH << 44, (uint64_t)t->state.epoch << 40 | (uint64_t)at);
    AUS_TRY(fill_row(t, k, t->run, i, t->order[at], (int64_t)aus_rng_below(&rng, (uint64_t)patches)));
  }
  return AUS_OK;
}

/* What the terms count in the loss of mb patches. */
static int32_t weigh(const aus_trainer *t, const aus_l2i_spec *s, int64_t mb, bool later, float weight[AUS_FLINT_TERMS])
{
  const aus_recipe_interpreter *r = &t->r->interpreter;
  weight[0] = (float)(later ? r->fidelity_later : r->fidelity);
  weight[1] = (float)(r->reconstruction / ((double)mb * s->bins * (double)s->frames));
  const double sparsity = r->sparsity / ((double)mb * s->atoms * (s->flint ? 1 : (double)s->frames));
  weight[2] = (float)(s->flint ? r->conciseness : sparsity);
  if (s->flint) weight[3] = (float)sparsity;
  return s->flint ? AUS_FLINT_TERMS : 3;
}

static int32_t largest(int64_t n, const float *x)
{
  int32_t at = 0;
  for (int32_t i = 1; i < n; i++)
    if (x[i] > x[at]) at = i;
  return at;
}

static double sum_of(int32_t n, const float *weight, const float *term)
{
  double sum = 0;
  for (int32_t i = 0; i < n; i++) sum += (double)weight[i] * (double)term[i];
  return sum;
}

static double loss(aus_trainer *t)
{
  task *k = t->own;
  float *weight = aus_walk_seed(t->walk, 0, NULL);
  const float *y = aus_run_output(t->run, 1, NULL), *f = aus_run_input(t->run, k->spec.n_taps + 1);
  const int32_t terms = weigh(t, &k->spec, t->batch, t->state.epoch + 1 >= t->r->interpreter.fidelity_epoch, weight);
  for (int64_t i = 0; i < t->batch; i++) t->state.correct += largest(t->classes, y + i * t->classes) == largest(t->classes, f + i * t->classes);
  return sum_of(terms, weight, aus_run_output(t->run, 0, NULL));
}

/* ---- validation ------------------------------------------------------------------------------------------------ */

/* How often the two agree: the one class (top-1 fidelity), or F1 of all at one half. */
typedef struct agreement { int64_t same, both, mine, theirs; } agreement;

static void compare(const task *k, const double *y, const double *f, agreement *a)
{
  int32_t ty = 0, tf = 0;
  for (int32_t c = 0; c < k->spec.classes; c++) {
    ty = y[c] > y[ty] ? c : ty;
    tf = f[c] > f[tf] ? c : tf;
    a->both += y[c] > 0 && f[c] > 0.5;
    a->mine += y[c] > 0;
    a->theirs += f[c] > 0.5;
  }
  a->same += ty == tf;
}

static aus_status evaluate_clip(aus_trainer *t, task *k, int32_t clip, double *sum, double *y, double *f)
{
  const int64_t patches = aus_l2i_cache_patches(&k->cache, clip);
  float weight[AUS_FLINT_TERMS];
  const int32_t terms = weigh(t, &k->spec, 1, true, weight);
  memset(y, 0, 2 * (size_t)t->classes * sizeof *y);
  for (int64_t p = 0; p < patches; p++) {
    AUS_TRY(fill_row(t, k, t->eval, 0, clip, p));
    AUS_TRY(aus_run_forward(t->eval));
    *sum += sum_of(terms, weight, aus_run_output(t->eval, 0, NULL)) / (double)patches;
    for (int32_t c = 0; c < t->classes; c++) {
      y[c] += (double)aus_run_output(t->eval, 1, NULL)[c] / (double)patches;
      f[c] += (double)aus_run_input(t->eval, k->spec.n_taps + 1)[c] / (double)patches;
    }
  }
  return AUS_OK;
}

static aus_status evaluate(aus_trainer *t, const aus_index *clips, double *loss, double *score)
{
  task *k = t->own;
  agreement a = { 0 };
  double sum = 0;
  *loss = *score = NAN;
  if (clips->n == 0) return AUS_OK;
  double *y = aus_alloc(t->ctx, 2 * (size_t)t->classes, sizeof *y);
  aus_status status = y ? AUS_OK : AUS_ENOMEM;
  for (int32_t i = 0; status == AUS_OK && i < clips->n; i++) {
    status = evaluate_clip(t, k, clips->item[i], &sum, y, y + t->classes);
    if (status == AUS_OK) compare(k, y, y + t->classes, &a);
  }
  aus_free(t->ctx, y);
  if (status != AUS_OK) return status;
  *loss = sum / clips->n;
  *score = !k->spec.sigmoid ? (double)a.same / clips->n : a.mine + a.theirs ? 2 * (double)a.both / (double)(a.mine + a.theirs) : 1;
  return AUS_OK;
}

/* ---- the file ---------------------------------------------------------------------------------------------------- */

static void write_dims(aus_builder *b, const char *name, const aus_dims *d, const float *x)
{
  int32_t dim[AUS_MAX_DIMS];
  for (int32_t i = 0; i < d->rank; i++) dim[i] = (int32_t)d->dim[i];
  aus_builder_tensor(b, name, AUS_F32, d->rank, dim, x);
}

/* The taps of the first validation clip, and the logits they give: for `auscult model verify`. */
static aus_status write_golden(aus_trainer *t, task *k, aus_builder *b)
{
  const aus_l2i_spec *s = &k->spec;
  aus_dims dims[AUS_L2I_TAPS + 2], out;
  char name[AUS_L2I_TAPS][24], source[96];
  const char *names[AUS_L2I_TAPS];
  aus_run *run;
  input_dims(s, 1, dims);
  AUS_TRY(aus_run_create_on(t->ctx, t->net.bundle, dims, NULL, 0, AUS_RUN_NO_FUSION, t->by_tensor, &run));
  aus_status status = fill_row(t, k, run, 0, t->data.valid.item[0], 0);
  for (int32_t i = 0; status == AUS_OK && i < s->n_taps; i++) { /* before forward: an input's memory may serve others after it */
    snprintf(name[i], sizeof name[i], "golden.input%d", (int)i);
    names[i] = name[i];
    write_dims(b, name[i], &dims[i], aus_run_input(run, i));
  }
  if (status == AUS_OK) status = aus_run_forward(run);
  if (status == AUS_OK) {
    const float *y = aus_run_output(run, 1, &out);
    write_dims(b, "golden.output", &out, y);
    snprintf(source, sizeof source, "auscult l2i train %s, %s, unfused", aus_version(), aus_ctx_isa(t->ctx));
    aus_builder_strings(b, "golden.inputs", s->n_taps, names);
    aus_builder_string(b, "golden.output", "golden.output");
    aus_builder_string(b, "golden.source", source);
    aus_builder_real(b, "golden.tolerance", 1e-3);
  }
  aus_run_destroy(run);
  return status;
}

static const float *value_of(const aus_trainer *t, const char *name)
{
  for (int32_t i = 0; i < t->n_params; i++)
    if (strcmp(t->param[i].name, name) == 0) return t->param[i].value;
  return NULL;
}

static aus_status export(aus_trainer *t, const aus_train_result *result, void **bytes, size_t *size)
{
  task *k = t->own;
  aus_builder *b;
  const bool half = result && t->r->interpreter.payload_half;
  if (half) aus_l2i_round_params(t->n_params, t->param); /* training is over */
  AUS_TRY(aus_builder_create(t->ctx, &b));
  aus_l2i_net n = { .ctx = t->ctx, .b = b, .seed = t->seed, .n_given = t->n_params, .given = t->param };
  aus_builder_string(b, "name", t->r->title);
  aus_builder_string(b, "licence", t->r->licence);
  aus_builder_string(b, "source", t->r->source);
  aus_l2i_write_spec(b, &k->spec, k->in.bundle, k->spectrum.own ? (int32_t)t->r->interpreter.n_fft : t->net.fe->n_fft, k->spectrum.hop);
  if (aus_meta_count(k->in.bundle, "labels") == k->spec.classes) aus_builder_meta(b, k->in.bundle, "labels");
  aus_trainer_history(t, result, b);
  if (!k->spec.flint) aus_builder_tensor(b, "dictionary", AUS_F32, 2, (const int32_t[]){ k->spec.bins, k->spec.atoms }, value_of(t, "dictionary.w"));
  if (k->spec.flint) aus_flint_graph(&n, &k->spec);
  else aus_l2i_graph(&n, &k->spec);
  aus_status status = n.status;
  if (status == AUS_OK && result) status = write_golden(t, k, b);
  if (status == AUS_OK) status = aus_builder_finish(b, bytes, size);
  aus_builder_destroy(b);
  return status == AUS_OK && half ? aus_l2i_halve(t->ctx, bytes, size) : status;
}

/* ---- the task -------------------------------------------------------------------------------------------------------- */

static const char *score_name(const aus_trainer *t) { return ((const task *)t->own)->spec.sigmoid ? "f1" : "fidelity"; }

static void close_task(aus_trainer *t)
{
  task *k = t->own;
  if (!k) return;
  aus_l2i_cache_close(&k->cache);
  if (k->spectrum.fe) aus_l2i_spectrum_close(&k->spectrum);
  aus_free(t->ctx, k->w);
  aus_free(t->ctx, k->longer);
  aus_model_close(k->model);
  aus_free(t->ctx, k);
  t->own = NULL;
}

static aus_status open_task(aus_trainer *t)
{
  task *k = AUS_NEW(t->ctx, task);
  if (!k) return AUS_ENOMEM;
  *k = (task){ 0 };
  t->own = k;
  return network(t);
}

static const aus_task task_l2i = { .network = open_task, .ready = ready, .batch = batch, .loss = loss, .evaluate = evaluate, .export = export,
                                   .score_name = score_name, .close = close_task };

aus_status aus_l2i_train(aus_ctx *ctx, const aus_train_config *config, const char *text, const char *folder, aus_train_result *result)
{
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
  const aus_status status = r->interpreter.line ? aus_train_task(r, config, &task_l2i, result) :
                                                  aus_recipe_fail(r, 0, "no [interpreter] section: nothing for `auscult l2i train` (`auscult train` takes the others)");
  aus_recipe_free(r);
  return status;
}
