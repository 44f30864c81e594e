/* sound.c - attributions of sound: front end, patches, and the three views of one map.
 *
 * A network model cuts its input into patches and averages their scores; so the map of the whole is the sum of the patches' maps
 * over their number, each laid where its patch lies, and completeness holds for the mean as it holds for each. Patches may overlap. What falls on
 * frames behind the end (silence that fills the last patch) is counted and told, not drawn. */
#include <auscult/attrib.h>

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "attrib/attrib.h"
#include "attrib/sound.h"
#include "explain/build.h"
#include "model/frontend_back.h"

/* ---- one patch ---------------------------------------------------------------------------------------- */

typedef struct work {
  aus_ctx *ctx;
  aus_model *model;
  const aus_sound_config *c;
  const aus_method *method;
  aus_inside in;
  aus_attrib *attrib;
  aus_patches p;
  int64_t frames, floats;      /* of the sound; of one patch */
  int64_t calls;               /* forwards and ways back */
  const float *x;              /* padded to what the model works on */
  int64_t samples;
  float floor;
  float *patch, *scratch, *turned, *rows; /* [floats], [floats], [floats], [n_baselines][floats] */
  int32_t n_targets;
  const int32_t *target;
  double *score, *none, *sum, *gap; /* [n_targets] means over the patches */
  double beyond;               /* what fell behind the end, all targets */
  float **map;                 /* [n_targets][frames][bands] */
  char note[512], from[64];
  aus_dims resolution;
  int64_t steps;
} work;

static double word_number(const char *word, bool *is)
{
  char *end;
  const double v = strtod(word, &end);
  *is = *word && !*end && isfinite(v);
  return v;
}

/* Place (frame t, band b) of a patch in the network's layout. */
static int64_t place(const work *w, int64_t t, int32_t b) { return w->in.fe->transposed ? b * w->p.length + t : t * w->in.fe->bands + b; }

static aus_status baseline_row(work *w, const char *word, float *row)
{
  const aus_frontend *fe = w->in.fe;
  bool number;
  const double v = word_number(word, &number);
  if (number) {
    for (int64_t i = 0; i < w->floats; i++) row[i] = (float)v;
  } else if (strcmp(word, "silence") == 0 || strcmp(word, "zero") == 0) {
    if (fe->waveform) memset(row, 0, (size_t)w->floats * sizeof *row);
    else aus_frontend_finish(fe, 0, w->p.length, w->floor, fe->transposed ? w->turned : row, fe->transposed ? row : NULL);
  } else if (strcmp(word, "mean") == 0) {
    for (int32_t b = 0; b < fe->bands; b++) {
      double s = 0;
      for (int64_t t = 0; t < w->p.length; t++) s += (double)w->patch[place(w, t, b)];
      for (int64_t t = 0; t < w->p.length; t++) row[place(w, t, b)] = (float)(s / (double)w->p.length);
    }
  } else {
    return aus_fail(w->ctx, AUS_EINVAL, "baseline '%.40s': for sound there are silence, mean (of each band) and numbers", word);
  }
  return AUS_OK;
}

static int32_t n_rows(const work *w) { return w->c->baseline && w->c->n_baselines > 0 ? w->c->n_baselines : 1; }

static aus_status baselines(work *w)
{
  for (int32_t r = 0; r < n_rows(w); r++) AUS_TRY(baseline_row(w, w->c->baseline ? w->c->baseline[r] : "silence", w->rows + r * w->floats));
  return AUS_OK;
}

/* One array of the input's shape, of this target. */
static aus_status ask(work *w, int32_t k, aus_attribution *r)
{
  char target[16];
  aus_attrib_config c = w->c->attrib;
  const float *x = w->patch, *rows = w->rows;
  snprintf(target, sizeof target, "%d", w->target[k]);
  c.target = target;
  c.baseline = &rows;
  c.n_baselines = n_rows(w);
  c.upsample = 1;
  c.time_axis = w->in.fe->waveform ? w->in.fe->rank - 1 : w->in.fe->rank - (w->in.fe->transposed ? 1 : 2);
  c.absolute = 0; /* of the map, not of its patches */
  return aus_attrib_run(w->attrib, &x, &c, r);
}

static void lay(work *w, int32_t k, int64_t j, const aus_attribution *r)
{
  const int64_t first = aus_patch_start(w->in.fe, &w->p, j);
  const int32_t bands = w->in.fe->bands;
  const double share = 1.0 / (double)w->p.count;
  for (int64_t t = 0; t < w->p.length; t++)
    for (int32_t b = 0; b < bands; b++) {
      const double v = share * (double)r->value[0][place(w, t, b)];
      if (first + t < w->frames) w->map[k][(first + t) * bands + b] += (float)v;
      else w->beyond += fabs(v);
    }
  w->score[k] += share * r->score[0];
  w->none[k] += share * r->score_none[0];
  w->sum[k] += share * r->sum[0];
  w->gap[k] += share * r->gap[0];
  if (r->steps > w->steps) w->steps = r->steps;
  w->resolution = r->resolution;
  w->calls += r->evaluations + r->walks;
  memcpy(w->note, r->note, sizeof w->note);
  memcpy(w->from, r->from, sizeof w->from);
}

static aus_status patches(work *w)
{
  for (int64_t j = 0; j < w->p.count; j++) {
    AUS_TRY(aus_frontend_patch(w->in.fe, w->samples, w->x, aus_patch_start(w->in.fe, &w->p, j), w->p.length, w->floor, w->scratch, w->patch));
    AUS_TRY(baselines(w));
    for (int32_t k = 0; k < w->n_targets; k++) {
      aus_attribution r;
      AUS_TRY(ask(w, k, &r));
      lay(w, k, j, &r);
      aus_attribution_free(&r);
    }
    AUS_TRY(aus_progress(w->ctx, "explaining patches", j + 1, w->p.count));
  }
  return AUS_OK;
}

/* ---- domains -------------------------------------------------------------------------------------------- */

static aus_status to_bins(work *w, int32_t k)
{
  float *bins = aus_alloc(w->ctx, (size_t)w->frames, (size_t)w->in.fe->bins * sizeof *bins);
  const aus_status status = bins ? aus_frontend_spread(w->in.fe, w->samples, w->x, w->frames, w->map[k], bins) : AUS_ENOMEM;
  if (status != AUS_OK) { aus_free(w->ctx, bins); return status; }
  aus_free(w->ctx, w->map[k]);
  w->map[k] = bins;
  return AUS_OK;
}

/* A gradient goes down by the adjoint of the front end, anything else as shares: bins first, then samples. */
static bool is_gradient(const char *m)
{
  return strcmp(m, "gradient") == 0 || strcmp(m, "smoothgrad") == 0 || strcmp(m, "guided") == 0 || strcmp(m, "deconv") == 0;
}

static aus_status to_samples(work *w, int32_t k)
{
  const bool ixg = strcmp(w->method->name, "ixg") == 0, adjoint = ixg || is_gradient(w->method->name);
  float *to = aus_alloc(w->ctx, (size_t)w->samples, sizeof *to);
  aus_status status = to ? AUS_OK : AUS_ENOMEM;
  if (status == AUS_OK && !adjoint) status = to_bins(w, k);
  if (status == AUS_OK) status = (adjoint ? aus_frontend_gradient : aus_frontend_shares)(w->in.fe, w->samples, w->x, w->frames, w->map[k], to);
  if (status != AUS_OK) { aus_free(w->ctx, to); return status; }
  for (int64_t i = 0; ixg && i < w->samples; i++) to[i] *= w->x[i];
  aus_free(w->ctx, w->map[k]);
  w->map[k] = to;
  return AUS_OK;
}

static aus_status change_domain(work *w)
{
  if (w->in.fe->waveform) return AUS_OK;
  for (int32_t k = 0; k < w->n_targets; k++) {
    if (w->c->domain == AUS_DOMAIN_BINS) AUS_TRY(to_bins(w, k));
    else if (w->c->domain == AUS_DOMAIN_SAMPLES) AUS_TRY(to_samples(w, k));
  }
  return AUS_OK;
}

/* ---- the answer -------------------------------------------------------------------------------------------- */

static aus_status give_map(work *w, int32_t k, aus_map *m)
{
  const aus_frontend *fe = w->in.fe;
  const bool samples = fe->waveform || w->c->domain == AUS_DOMAIN_SAMPLES, bins = !samples && w->c->domain == AUS_DOMAIN_BINS;
  *m = (aus_map){ .frames = samples ? w->samples : w->frames, .bands = samples ? 1 : bins ? fe->bins : fe->bands, .value = w->map[k] };
  w->map[k] = NULL;
  m->hop_s = samples ? 1.0 / fe->rate : (double)fe->hop / fe->rate;
  m->cell_s = m->hop_s;
  snprintf(m->domain, sizeof m->domain, "%s", samples ? "samples" : bins ? "bins" : "bands");
  for (int64_t i = 0; w->c->attrib.absolute && i < m->frames * m->bands; i++) m->value[i] = fabsf(m->value[i]);
  if (!samples) {
    m->hz = aus_alloc(w->ctx, (size_t)m->bands, sizeof *m->hz);
    if (!m->hz) return AUS_ENOMEM;
    for (int32_t b = 0; b < m->bands; b++) m->hz[b] = bins ? (float)((double)b * fe->rate / fe->n_fft) : fe->hz[b];
    m->cell_hz = (double)fe->rate / fe->n_fft;
  }
  if (w->resolution.rank > 2) { /* cells of a layer: time is one of its axes */
    const aus_dims *d = &w->resolution;
    const int64_t time = d->rank == 3 || fe->waveform ? d->dim[d->rank - 1] : fe->transposed ? d->dim[3] : d->dim[2];
    const double unit = fe->waveform ? 1.0 / fe->rate : (double)fe->hop / fe->rate;
    m->cell_s = unit * (double)w->p.length / (double)time;
    if (d->rank > 3 && !samples) m->cell_hz = 0.5 * fe->rate / (double)(fe->transposed ? d->dim[2] : d->dim[3]);
    else if (!samples) m->cell_hz = 0.5 * fe->rate;
  }
  return AUS_OK;
}

static aus_status start_answer(work *w, aus_explanation *out)
{
  const aus_model_info *info = aus_model_describe(w->model);
  *out = (aus_explanation){ .ctx = w->ctx, .n_components = 3, .n_targets = w->n_targets, .exhaustive = 1, .n_predicted = w->calls };
  snprintf(out->method, sizeof out->method, "%s", w->method->name);
  aus_lime_defaults(&out->config);
  out->config.seed = w->c->attrib.seed;
  out->component = aus_alloc_zero(w->ctx, 3, sizeof *out->component);
  out->place = aus_alloc_zero(w->ctx, 3, sizeof *out->place);
  out->target = aus_alloc_zero(w->ctx, (size_t)w->n_targets, sizeof *out->target);
  if (!out->component || !out->place || !out->target) return AUS_ENOMEM;
  for (int32_t k = 0; k < w->n_targets; k++) {
    aus_target_explanation *t = &out->target[k];
    t->target = w->target[k];
    t->name = aus_strdup(w->ctx, info->targets[w->target[k]]);
    t->weight = aus_alloc_zero(w->ctx, 3, sizeof *t->weight);
    if (!t->name || !t->weight) return AUS_ENOMEM;
    t->score = w->score[k];
    t->score_none = w->none[k];
    t->local_prediction = w->sum[k];
    t->additivity_gap = w->gap[k];
    t->intercept = t->r2 = t->stability = t->complexity = t->vsi = t->csi = t->raw_score = NAN;
    AUS_TRY(give_map(w, k, &t->map));
  }
  return AUS_OK;
}

/* ---- the job ---------------------------------------------------------------------------------------------------- */

static aus_status make_room(work *w)
{
  const size_t n = (size_t)w->floats, targets = (size_t)w->n_targets;
  w->patch = aus_alloc(w->ctx, n, sizeof *w->patch);
  w->scratch = aus_alloc(w->ctx, n, sizeof *w->scratch);
  w->turned = aus_alloc(w->ctx, n, sizeof *w->turned);
  w->rows = aus_alloc(w->ctx, n, (size_t)n_rows(w) * sizeof *w->rows);
  w->score = aus_alloc_zero(w->ctx, targets, 4 * sizeof *w->score);
  w->map = aus_alloc_zero(w->ctx, targets, sizeof *w->map);
  if (!w->patch || !w->scratch || !w->turned || !w->rows || !w->score || !w->map) return AUS_ENOMEM;
  w->none = w->score + targets;
  w->sum = w->score + 2 * targets;
  w->gap = w->score + 3 * targets;
  for (int32_t k = 0; k < w->n_targets; k++)
    if (!(w->map[k] = aus_alloc_zero(w->ctx, (size_t)w->frames, (size_t)w->in.fe->bands * sizeof(float)))) return AUS_ENOMEM;
  return AUS_OK;
}

static void free_room(work *w)
{
  for (int32_t k = 0; w->map && k < w->n_targets; k++) aus_free(w->ctx, w->map[k]);
  aus_free(w->ctx, w->map);
  aus_free(w->ctx, w->score);
  aus_free(w->ctx, w->rows);
  aus_free(w->ctx, w->turned);
  aus_free(w->ctx, w->scratch);
  aus_free(w->ctx, w->patch);
  aus_attrib_close(w->attrib);
}

static aus_status look_inside(work *w, aus_sound_config *own)
{
  const char *name = own->attrib.method ? own->attrib.method : "gradient";
  AUS_TRY(aus_model_inside(w->model, &w->in));
  w->method = aus_method_find(name);
  if (!w->method) return aus_fail(w->ctx, AUS_EINVAL, "method '%.40s' is not known", name);
  if (w->method->flags & AUS_METHOD_NO_TARGET) return aus_fail(w->ctx, AUS_ENOTSUP, "%s gives no map of a score: it works on arrays (X.npy)", name);
  if (own->attrib.layer && !(w->method->flags & AUS_METHOD_LAYER)) return aus_fail(w->ctx, AUS_ENOTSUP, "%s of a layer has no place on the sound: it works on arrays (X.npy)", name);
  if (w->in.fe->channels > 1) return aus_fail(w->ctx, AUS_ENOTSUP, "the network hears %d stems; attribution maps are of mono sound (--method audiolime explains stems)", w->in.fe->channels);
  /* ixg in samples: the gradient goes down, and is multiplied there */
  if (w->c->domain == AUS_DOMAIN_SAMPLES && !w->in.fe->waveform && strcmp(name, "ixg") == 0) own->attrib.method = "gradient";
  return AUS_OK;
}

static aus_status explain(work *w, aus_explanation *out)
{
  const aus_frontend *fe = w->in.fe;
  w->p = aus_frontend_patches(fe, w->samples);
  w->frames = w->p.frames;
  w->floats = aus_frontend_floats(fe, w->p.length);
  const aus_dims dims = aus_frontend_dims(fe, 1, w->p.length);
  AUS_TRY(make_room(w));
  AUS_TRY(aus_frontend_floor(fe, w->samples, w->x, &w->floor));
  AUS_TRY(aus_attrib_open(w->ctx, w->in.bundle, &dims, &w->attrib));
  AUS_TRY(patches(w));
  AUS_TRY(change_domain(w));
  AUS_TRY(start_answer(w, out));
  double size = 0;
  for (int32_t k = 0; k < w->n_targets; k++) size += fabs(w->sum[k]);
  if (w->note[0]) aus_note(w->ctx, AUS_LOG_NOTE, "%s: %s", w->method->name, w->note);
  if (w->beyond > 1e-6 * size && w->beyond > 0) aus_note(w->ctx, AUS_LOG_NOTE, "relevance of %.3g lies on the silence behind the end", w->beyond);
  return AUS_OK;
}

aus_status aus_sound_attribute(aus_ctx *ctx, aus_model *model, const aus_audio *sound, const aus_sound_config *config,
                               aus_components *components, aus_explanation *out)
{
  memset(out, 0, sizeof *out);
  memset(components, 0, sizeof *components);
  aus_sound_config own = *config;
  const aus_model_info *info = aus_model_describe(model);
  work w = { .ctx = ctx, .model = model, .c = &own, .n_targets = config->targets ? config->n_targets : info->n_targets };
  aus_audio padded = *sound;
  int32_t *all = NULL;
  aus_status status = look_inside(&w, &own);
  if (status == AUS_OK) status = aus_sound_padded(ctx, info, sound, &padded);
  if (status == AUS_OK && !config->targets) {
    all = aus_alloc(ctx, (size_t)w.n_targets, sizeof *all);
    for (int32_t k = 0; all && k < w.n_targets; k++) all[k] = k;
    if (!all) status = AUS_ENOMEM;
  }
  w.target = config->targets ? config->targets : all;
  w.x = padded.data;
  w.samples = padded.frames;
  if (status == AUS_OK) status = explain(&w, out);
  if (status == AUS_OK) status = aus_sound_components(ctx, model, &padded, components, out);
  free_room(&w);
  aus_free(ctx, all);
  if (padded.data != sound->data) aus_free(ctx, padded.data);
  if (status != AUS_OK) {
    aus_explanation_free(out);
    aus_components_free(components);
  }
  return status;
}
