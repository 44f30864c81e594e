/* task.c - what trainings on a frozen classifier share (task.h). Everything else is src/train's: the order of the clips, Adam, checkpoints, the log.
 * A clip of several patches shows one of them a time, drawn anew each epoch. */
#include "l2i/task.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "nn/run.h"

enum { FOR_PATCH = 0x20000 };

/* ---- the network ------------------------------------------------------------------------------------------ */

static aus_status open_classifier(aus_trainer *t, aus_l2i_task *k)
{
  char *path = aus_recipe_path(t->r, t->r->interpreter.classifier);
  aus_status status = path ? aus_model_open(t->ctx, path, &k->model) : AUS_ENOMEM;
  aus_free(t->ctx, path);
  if (status == AUS_OK) status = aus_model_inside(k->model, &k->in);
  if (status == AUS_OK) status = aus_frontend_create(t->ctx, k->in.bundle, &t->net.fe);
  return status == AUS_OK || status == AUS_ENOMEM ? status : aus_fail_prefix(t->ctx, status, "%s: classifier", t->r->name);
}

static aus_status measure(aus_trainer *t, aus_l2i_task *k)
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
  s->bands = t->net.fe->bands;
  s->max_pooling = r->max_pooling;
  s->method = (aus_l2i_method)r->method;
  return AUS_OK;
}

aus_status aus_l2i_task_network(aus_trainer *t)
{
  aus_l2i_task *k = t->own;
  AUS_TRY(open_classifier(t, k));
  AUS_TRY(measure(t, k));
  t->classes = k->spec.classes;
  t->data.fe = t->net.fe;
  return aus_data_load(&t->data);
}

aus_status aus_l2i_task_bundle(aus_trainer *t, aus_l2i_graph_fn graph, int32_t n_given, const aus_param *given, void **bytes, aus_bundle **bundle)
{
  const aus_l2i_task *k = t->own;
  aus_builder *b;
  size_t size;
  AUS_TRY(aus_builder_create(t->ctx, &b));
  aus_l2i_net n = { .ctx = t->ctx, .b = b, .seed = t->seed, .n_given = n_given, .given = given };
  graph(&n, &k->spec);
  aus_status status = n.status == AUS_OK ? aus_builder_finish(b, bytes, &size) : n.status;
  aus_builder_destroy(b);
  if (status != AUS_OK) return status;
  status = aus_bundle_open_memory(t->ctx, *bytes, size, bundle);
  if (status == AUS_OK) return AUS_OK;
  aus_free(t->ctx, *bytes);
  *bytes = NULL;
  return status;
}

/* A checkpoint belongs to the clips, the classifier and the dictionary. */
static void hash_all(aus_trainer *t, const aus_l2i_task *k)
{
  aus_sha256 sha;
  aus_sha256_init(&sha);
  aus_sha256_add(&sha, t->data.sha256, 64);
  aus_sha256_add(&sha, aus_bundle_sha256(k->in.bundle), 64);
  if (k->w) aus_sha256_add(&sha, k->w, (size_t)k->spec.bins * (size_t)k->spec.atoms * sizeof *k->w);
  aus_sha256_hex(&sha, t->data.sha256);
}

aus_status aus_l2i_task_ready(aus_trainer *t, const char *fixed)
{
  aus_l2i_task *k = t->own;
  char *path = aus_strf(t->ctx, "%s/taps.cache", t->config->out);
  aus_status status = path ? aus_l2i_cache_open(t, &k->in, &k->spec, path, !t->r->interpreter.cache_single, &k->cache) : AUS_ENOMEM;
  aus_free(t->ctx, path);
  if (status != AUS_OK) return status;
  hash_all(t, k);
  k->longer = aus_alloc(t->ctx, (size_t)t->net.fe->least_samples, sizeof *k->longer);
  if (!k->longer) return AUS_ENOMEM;
  for (int32_t i = 0; fixed && i < t->n_params; i++)
    if (strcmp(t->param[i].name, fixed) == 0) t->param[i].trained = false;
  return AUS_OK;
}

void aus_l2i_task_close(aus_trainer *t)
{
  aus_l2i_task *k = t->own;
  if (!k) return;
  aus_l2i_cache_close(&k->cache);
  if (k->spectrum.fe) aus_l2i_spectrum_close(&k->spectrum);
  aus_free(t->ctx, k->w);
  aus_free(t->ctx, k->longer);
  aus_model_close(k->model);
  aus_free(t->ctx, k);
  t->own = NULL;
}

/* ---- clips ---------------------------------------------------------------------------------------------------- */

/* Which clip row i of this step shows, and which of its patches. */
static int64_t patch_of(const aus_trainer *t, int64_t i, int32_t *clip)
{
  const aus_l2i_task *k = t->own;
  const int64_t at = t->state.step * t->batch + i;
  aus_rng rng;
  *clip = t->order[at];
  aus_rng_init(&rng, t->seed ^ (uint64_t)FOR_PATCH << 44, (uint64_t)t->state.epoch << 40 | (uint64_t)at);
  return (int64_t)aus_rng_below(&rng, (uint64_t)aus_l2i_cache_patches(&k->cache, *clip));
}

aus_status aus_l2i_task_batch(aus_trainer *t, aus_l2i_row_fn fill)
{
  for (int64_t i = 0; i < t->batch; i++) {
    int32_t clip;
    const int64_t patch = patch_of(t, i, &clip);
    AUS_TRY(fill(t, t->run, i, clip, patch));
  }
  return AUS_OK;
}

aus_status aus_l2i_task_taps(aus_trainer *t, aus_run *run, int64_t row, int32_t clip, int64_t patch, float *scores)
{
  aus_l2i_task *k = t->own;
  const aus_l2i_spec *s = &k->spec;
  float *tap[AUS_L2I_TAPS];
  for (int32_t i = 0; i < s->n_taps; i++) tap[i] = aus_run_input(run, i) + row * s->tap[i].c * s->tap[i].freq * s->tap[i].time;
  return aus_l2i_cache_read(&k->cache, s, clip, patch, tap, scores);
}

aus_status aus_l2i_task_hear(aus_trainer *t, int32_t clip, int64_t patch, aus_l2i_heard *out)
{
  const aus_l2i_task *k = t->own;
  const aus_clip *c = &t->data.clip[clip];
  const int64_t least = t->net.fe->least_samples, n = c->samples < least ? least : c->samples;
  float *sound;
  bool mine;
  AUS_TRY(aus_data_hear(&t->data, c, &sound, &mine));
  if (c->samples < least) aus_pad_short(c->samples, sound, t->net.fe->repeat, least, k->longer);
  const aus_patches p = aus_frontend_patches(t->net.fe, n);
  *out = (aus_l2i_heard){ .x = c->samples < least ? k->longer : sound, .samples = n, .gain = aus_l2i_gain(c->samples, sound), .mine = mine ? sound : NULL,
                          .first = aus_l2i_first_frame(&k->spectrum, aus_patch_start(t->net.fe, &p, patch)) };
  return AUS_OK;
}

aus_status aus_l2i_task_spectrum(aus_trainer *t, int32_t clip, int64_t patch, float *x)
{
  const aus_l2i_task *k = t->own;
  aus_l2i_heard h;
  AUS_TRY(aus_l2i_task_hear(t, clip, patch, &h));
  const aus_status status = aus_l2i_log_spectrum(&k->spectrum, h.samples, h.x, h.gain, h.first, k->spec.frames, x);
  aus_free(t->ctx, h.mine);
  return status;
}

/* ---- validation ------------------------------------------------------------------------------------------------ */

int32_t aus_l2i_largest(int64_t n, const float *x)
{
  int32_t at = 0;
  for (int32_t i = 1; i < n; i++)
    if (x[i] > x[at]) at = i;
  return at;
}

/* How often the two agree: the one class (top-1 fidelity), or F1 of all at one half. */
typedef struct agreement { int64_t same, both, mine, theirs; } agreement;

static void compare(int32_t classes, const double *y, const double *f, agreement *a)
{
  int32_t ty = 0, tf = 0;
  for (int32_t c = 0; c < classes; c++) {
    ty = y[c] > y[ty] ? c : ty;
    tf = f[c] > f[tf] ? c : tf;
    a->both += y[c] > 0 && f[c] > 0.5;
    a->mine += y[c] > 0;
    a->theirs += f[c] > 0.5;
  }
  a->same += ty == tf;
}

/* Means over a clip's patches. */
static aus_status evaluate_clip(aus_trainer *t, int32_t clip, aus_l2i_answer_fn answer, double *sum, double *y, double *f)
{
  const aus_l2i_task *k = t->own;
  const int64_t patches = aus_l2i_cache_patches(&k->cache, clip);
  memset(y, 0, 2 * (size_t)t->classes * sizeof *y);
  for (int64_t p = 0; p < patches; p++) {
    const float *says, *is;
    double loss;
    AUS_TRY(answer(t, clip, p, &loss, &says, &is));
    *sum += loss / (double)patches;
    for (int32_t c = 0; c < t->classes; c++) {
      y[c] += (double)says[c] / (double)patches;
      f[c] += (double)is[c] / (double)patches;
    }
  }
  return AUS_OK;
}

aus_status aus_l2i_task_evaluate(aus_trainer *t, const aus_index *clips, aus_l2i_answer_fn answer, double *loss, double *score)
{
  const aus_l2i_task *k = t->own;
  agreement a = { 0 };
  double sum = 0;
  *loss = *score = NAN;
  if (clips->n == 0) return AUS_OK;
  double *y = aus_alloc(t->ctx, 2 * (size_t)t->classes, sizeof *y);
  aus_status status = y ? AUS_OK : AUS_ENOMEM;
  for (int32_t i = 0; status == AUS_OK && i < clips->n; i++) {
    status = evaluate_clip(t, clips->item[i], answer, &sum, y, y + t->classes);
    if (status == AUS_OK) compare(k->spec.classes, y, y + t->classes, &a);
  }
  aus_free(t->ctx, y);
  if (status != AUS_OK) return status;
  *loss = sum / clips->n;
  *score = !k->spec.sigmoid ? (double)a.same / clips->n : a.mine + a.theirs ? 2 * (double)a.both / (double)(a.mine + a.theirs) : 1;
  return AUS_OK;
}

const char *aus_l2i_task_score(const aus_trainer *t) { return ((const aus_l2i_task *)t->own)->spec.sigmoid ? "f1" : "fidelity"; }

/* ---- the file ---------------------------------------------------------------------------------------------------- */

static void write_dims(aus_builder *b, const char *name, const aus_dims *d, const float *x)
{
  int32_t dim[AUS_MAX_DIMS];
  for (int32_t i = 0; i < d->rank; i++) dim[i] = (int32_t)d->dim[i];
  aus_builder_tensor(b, name, AUS_F32, d->rank, dim, x);
}

aus_status aus_l2i_task_golden(aus_trainer *t, aus_run *run, int32_t n_inputs, int32_t output, aus_builder *b)
{
  char name[AUS_L2I_TAPS + 2][24], source[96];
  const char *names[AUS_L2I_TAPS + 2];
  aus_dims dims;
  for (int32_t i = 0; i < n_inputs; i++) { /* before forward: an input's memory may serve others after it */
    snprintf(name[i], sizeof name[i], "golden.input%d", (int)i);
    names[i] = name[i];
    write_dims(b, name[i], &run->slot[run->bundle->graph.input[i]].shape, aus_run_input(run, i));
  }
  AUS_TRY(aus_run_forward(run));
  const float *y = aus_run_output(run, output, &dims);
  write_dims(b, "golden.output", &dims, y);
  snprintf(source, sizeof source, "auscult l2i train %s, %s, unfused", aus_version(), aus_ctx_isa(t->ctx));
  aus_builder_strings(b, "golden.inputs", n_inputs, names);
  aus_builder_string(b, "golden.output", "golden.output");
  aus_builder_string(b, "golden.source", source);
  aus_builder_real(b, "golden.tolerance", 1e-3);
  return AUS_OK;
}

const float *aus_l2i_task_value(const aus_trainer *t, const char *name)
{
  for (int32_t i = 0; i < t->n_params; i++)
    if (strcmp(t->param[i].name, name) == 0) return t->param[i].value;
  return NULL;
}

aus_status aus_l2i_task_export(aus_trainer *t, const aus_train_result *result, aus_l2i_graph_fn graph, aus_l2i_golden_fn golden, void **bytes, size_t *size)
{
  const aus_l2i_task *k = t->own;
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
  const float *w = aus_l2i_task_value(t, "dictionary.w");
  if (w) aus_builder_tensor(b, "dictionary", AUS_F32, 2, (const int32_t[]){ k->spec.bins, k->spec.atoms }, w);
  graph(&n, &k->spec);
  aus_status status = n.status;
  if (status == AUS_OK && result) status = golden(t, b);
  if (status == AUS_OK) status = aus_builder_finish(b, bytes, size);
  aus_builder_destroy(b);
  return status == AUS_OK && half ? aus_l2i_halve(t->ctx, bytes, size) : status;
}
