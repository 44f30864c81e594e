/* perturb_sound.c - perturbation maps of sound, for any model.
 *
 * Cells are components (tiles of the input's STFT, or stretches of its waveform), so x(mask) = off + sum mask_i part_i is exact and
 * everything that can be done with components (hearing them, first of all) can be done with a map. */
#include <auscult/perturb.h>

#include "attrib/perturb.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

void aus_perturb_defaults(aus_perturb_config *c)
{
  *c = (aus_perturb_config){ .method = AUS_PERTURB_PARTITION, .grid = 7, .probability = 0.5, .centred = 1, .fixed_context = -1 };
}

static const char *const method_name[] = { "occlusion", "ablation", "rise", "partitionshap", "shapley", "kernelshap", "permutationshap" };

typedef struct work {
  aus_ctx *ctx;
  aus_model *model;
  aus_perturb_config c;
  const aus_model_info *info;
  aus_components *cells;
  aus_explanation *out;
  int32_t *target, n_targets;
  aus_field_components field;
  double *value, *se;      /* [targets][cells] */
  bool sampled;
} work;

/* ---- cells ---------------------------------------------------------------------------------------- */

static void choose_grid(work *w, const aus_audio *sound)
{
  const double seconds = (double)sound->frames / sound->rate;
  const bool exact = w->c.method == AUS_PERTURB_SHAPLEY; /* 2^12 questions */
  if (w->c.n_time == 0) w->c.n_time = exact ? 4 : (int32_t)fmin(fmax(round(4 * seconds), 8), 40);
  if (w->c.n_freq == 0) w->c.n_freq = sound->channels > 1 ? 1 : exact ? 3 : 12;
}

static aus_status cut(work *w, const aus_audio *sound)
{
  choose_grid(w, sound);
  if (w->c.n_time < 1 || w->c.n_freq < 1 || (int64_t)w->c.n_time * w->c.n_freq > 65536)
    return aus_fail(w->ctx, AUS_EINVAL, "a grid of %d by %d cells", w->c.n_time, w->c.n_freq);
  if (w->c.n_freq > 1) return aus_components_tiles(w->ctx, sound, w->c.n_time, w->c.n_freq, w->c.baseline, w->c.seed, w->cells);
  if (w->c.baseline != AUS_BASELINE_ZERO) return aus_fail(w->ctx, AUS_ENOTSUP, "the waveform's baseline is silence; for others take two bands or more (--tiles TxF)");
  const aus_segments segments = { .kind = AUS_SEGMENTS_EQUAL, .n = w->c.n_time, .crossfade_s = 0.01 };
  return aus_components_time(w->ctx, sound, &segments, w->cells);
}

/* ---- methods --------------------------------------------------------------------------------------- */

static aus_status occlude(work *w)
{
  aus_field *f = &w->field.field;
  const int32_t sizes = w->c.n_sizes > 0 ? w->c.n_sizes : 1;
  const int64_t n = (int64_t)w->n_targets * f->cells;
  double *one = aus_alloc(w->ctx, (size_t)n, sizeof *one);
  aus_status status = one ? AUS_OK : AUS_ENOMEM;
  for (int32_t k = 0; k < sizes && status == AUS_OK; k++) {
    perturb_windows windows = { .keep = w->c.keep != 0 };
    for (int d = 0; d < 2; d++) {
      const int64_t wanted = w->c.n_sizes > 0 ? w->c.window[k][d] : f->dim[d] < 2 ? 1 : 2, step = w->c.n_sizes > 0 ? w->c.stride[k][d] : 0;
      windows.window[d] = d == 1 && w->c.n_freq == 1 ? 1 : wanted;
      windows.stride[d] = step ? step : windows.window[d] > 1 ? windows.window[d] / 2 : 1;
      if (d == 1 && w->c.n_freq == 1) windows.stride[d] = 1;
    }
    status = perturb_occlusion(f, &windows, one);
    for (int64_t i = 0; i < n && status == AUS_OK; i++) w->value[i] += one[i] / sizes;
  }
  aus_free(w->ctx, one);
  return status;
}

static aus_status partition(work *w)
{
  perturb_tree tree;
  const perturb_owen_config config = { w->c.samples ? w->c.samples : 500, w->c.fixed_context };
  aus_status status = perturb_tree_of_grid(&w->field.field, &tree);
  if (status == AUS_OK) status = perturb_owen(&w->field.field, &tree, &config, w->value);
  perturb_tree_free(w->ctx, &tree);
  return status;
}

static aus_status shapley(work *w, perturb_shapley_way way)
{
  const perturb_shapley_config config = { way, w->c.samples, w->c.seed };
  w->sampled = way != PERTURB_EXACT;
  return perturb_shapley(&w->field.field, &config, w->value, w->se);
}

static aus_status rise(work *w)
{
  const perturb_rise_config config = { w->c.grid, w->c.probability, w->c.samples ? w->c.samples : 1000, w->c.centred != 0, w->c.seed };
  w->sampled = true;
  return perturb_rise(&w->field.field, &config, w->value, w->se);
}

static aus_status ask(work *w)
{
  switch (w->c.method) {
  case AUS_PERTURB_OCCLUSION: return occlude(w);
  case AUS_PERTURB_ABLATION: return perturb_ablation(&w->field.field, w->value);
  case AUS_PERTURB_RISE: return rise(w);
  case AUS_PERTURB_PARTITION: return partition(w);
  case AUS_PERTURB_SHAPLEY: return shapley(w, PERTURB_EXACT);
  case AUS_PERTURB_KERNELSHAP: return shapley(w, PERTURB_KERNEL);
  default: return shapley(w, PERTURB_PERMUTATION);
  }
}

/* ---- the answer --------------------------------------------------------------------------------------- */

/* Frames of the map that a cell of this row of the grid has; maps of the waveform have one every 10 ms. */
typedef struct rows { int32_t n_time, frames; double hop_s; const aus_components *c; int32_t n_freq; } rows;

static rows rows_of(const work *w)
{
  const aus_components *c = w->cells;
  rows r = { w->c.n_time, c->label_frames, c->label_hop_s, c, w->c.n_freq };
  if (!c->label) {
    r.n_time = c->n;
    r.hop_s = 0.01;
    r.frames = (int32_t)ceil((double)c->samples / c->rate / r.hop_s);
  }
  return r;
}

static int32_t row_of_frame(const rows *r, int32_t frame)
{
  if (r->c->label) return r->c->label[(int64_t)frame * r->c->label_bins] / r->n_freq;
  int32_t i = 0;
  while (i + 1 < r->n_time && frame * r->hop_s >= r->c->place[i].t1) i++;
  return i;
}

static aus_status paint(const work *w, const double *value, aus_map *map)
{
  const rows r = rows_of(w);
  const int32_t bands = w->c.n_freq;
  int32_t *length = aus_alloc_zero(w->ctx, (size_t)r.n_time, sizeof *length);
  *map = (aus_map){ .frames = r.frames, .bands = bands, .hop_s = r.hop_s, .domain = "tiles" };
  map->value = aus_alloc_zero(w->ctx, (size_t)r.frames * (size_t)bands, sizeof(float));
  map->hz = bands > 1 ? aus_alloc(w->ctx, (size_t)bands, sizeof(float)) : NULL;
  map->cell_s = w->cells->place[0].t1 - w->cells->place[0].t0;
  map->cell_hz = bands > 1 ? w->cells->place[0].f1 - w->cells->place[0].f0 : 0;
  const bool ok = length && map->value && (map->hz || bands == 1);
  for (int32_t f = 0; ok && f < r.frames; f++) length[row_of_frame(&r, f)]++;
  for (int32_t f = 0; ok && f < r.frames; f++) {
    const int32_t row = row_of_frame(&r, f);
    for (int32_t b = 0; b < bands; b++) map->value[(int64_t)f * bands + b] = (float)(value[(int64_t)row * bands + b] / length[row]);
  }
  for (int32_t b = 0; ok && map->hz && b < bands; b++) map->hz[b] = (float)((w->cells->place[b].f0 + w->cells->place[b].f1) / 2);
  aus_free(w->ctx, length);
  return ok ? AUS_OK : AUS_ENOMEM;
}

static void fill_weights(const work *w, int32_t k, aus_target_explanation *t)
{
  const bool shapley = w->c.method >= AUS_PERTURB_PARTITION;
  double sum = 0, all = 0, h = 0;
  const int32_t n = w->cells->n;
  for (int32_t i = 0; i < n; i++) {
    const int64_t at = (int64_t)k * n + i;
    const double v = w->value[at], e = w->sampled ? 1.96 * w->se[at] : 0;
    t->weight[i] = (aus_weight){ .weight = v, .lo = v - e, .hi = v + e, .shapley = shapley ? v : NAN, .shapley_se = w->sampled && shapley ? w->se[at] : shapley ? 0 : NAN,
                                 .banzhaf = NAN, .alone = NAN, .without = NAN };
    sum += v;
    all += fabs(v);
  }
  for (int32_t i = 0; i < n && all > 0; i++)
    if (t->weight[i].weight != 0) h -= fabs(t->weight[i].weight) / all * log(fabs(t->weight[i].weight) / all);
  t->complexity = all > 0 ? n > 1 ? h / log(n) : 0 : NAN;
  t->additivity_gap = shapley ? sum - (t->score - t->score_none) : NAN;
  t->intercept = t->score_none;
  t->local_prediction = shapley ? t->score_none + sum : NAN;
  t->r2 = t->stability = t->vsi = t->csi = NAN;
}

static aus_status describe(work *w)
{
  aus_explanation *out = w->out;
  const size_t n = (size_t)w->cells->n, targets = (size_t)w->n_targets;
  *out = (aus_explanation){ .ctx = w->ctx, .n_components = w->cells->n, .n_targets = w->n_targets, .exhaustive = !w->sampled };
  snprintf(out->method, sizeof out->method, "%s", method_name[w->c.method]);
  snprintf(out->interval, sizeof out->interval, "%s", w->sampled ? "sampling 95 %" : "exact");
  out->config.scale = w->c.scale;
  out->config.seed = w->c.seed;
  out->component = aus_alloc_zero(w->ctx, n, sizeof *out->component);
  out->place = aus_alloc(w->ctx, n, sizeof *out->place);
  out->target = aus_alloc_zero(w->ctx, targets, sizeof *out->target);
  if (!out->component || !out->place || !out->target) return AUS_ENOMEM;
  memcpy(out->place, w->cells->place, n * sizeof *out->place);
  for (size_t i = 0; i < n; i++)
    if (!(out->component[i] = aus_strdup(w->ctx, w->cells->name[i]))) return AUS_ENOMEM;
  for (size_t k = 0; k < targets; k++) {
    aus_target_explanation *t = &out->target[k];
    t->target = w->target[k];
    t->name = aus_strdup(w->ctx, w->info->targets[w->target[k]]);
    t->weight = aus_alloc_zero(w->ctx, n, sizeof *t->weight);
    if (!t->name || !t->weight) return AUS_ENOMEM;
  }
  return AUS_OK;
}

static aus_status answer(work *w)
{
  double *ends = aus_alloc(w->ctx, 2 * (size_t)w->n_targets, sizeof *ends);
  aus_status status = ends ? aus_field_ends(&w->field.field, ends, ends + w->n_targets) : AUS_ENOMEM;
  for (int32_t k = 0; k < w->n_targets && status == AUS_OK; k++) {
    aus_target_explanation *t = &w->out->target[k];
    t->score = ends[k];
    t->score_none = ends[w->n_targets + k];
    t->raw_score = w->c.scale == AUS_SCALE_LOGIT ? 1 / (1 + exp(-t->score)) : t->score;
    fill_weights(w, k, t);
    status = paint(w, w->value + (int64_t)k * w->cells->n, &t->map);
  }
  aus_free(w->ctx, ends);
  w->out->n_predicted = w->field.field.calls;
  return status;
}

static aus_status run(work *w, const aus_audio *sound)
{
  if (w->c.scale == AUS_SCALE_LOGIT && w->info->score_kind == AUS_SCORE_REAL)
    return aus_fail(w->ctx, AUS_ENOTSUP, "this model's scores are no probabilities, so they have no logit");
  w->n_targets = w->c.targets ? w->c.n_targets : w->info->n_targets;
  if (w->n_targets < 1) return aus_fail(w->ctx, AUS_EINVAL, "no target to explain");
  w->target = aus_alloc(w->ctx, (size_t)w->n_targets, sizeof *w->target);
  if (!w->target) return AUS_ENOMEM;
  for (int32_t k = 0; k < w->n_targets; k++) w->target[k] = w->c.targets ? w->c.targets[k] : k;
  AUS_TRY(cut(w, sound));
  const int64_t dim[2] = { w->c.n_freq > 1 ? w->c.n_time : w->cells->n, w->c.n_freq };
  AUS_TRY(aus_field_components_make(w->ctx, w->model, w->cells, 2, dim, w->target, w->n_targets, &w->field));
  w->field.logit = w->c.scale == AUS_SCALE_LOGIT;
  const size_t n = (size_t)w->n_targets * (size_t)w->cells->n;
  w->value = aus_alloc_zero(w->ctx, n, sizeof *w->value);
  w->se = aus_alloc_zero(w->ctx, n, sizeof *w->se);
  if (!w->value || !w->se) return AUS_ENOMEM;
  AUS_TRY(ask(w));
  AUS_TRY(describe(w));
  return answer(w);
}

aus_status aus_perturb_explain(aus_ctx *ctx, aus_model *model, const aus_audio *sound, const aus_perturb_config *config,
                               aus_components *components, aus_explanation *out)
{
  memset(out, 0, sizeof *out);
  memset(components, 0, sizeof *components);
  work w = { .ctx = ctx, .model = model, .c = *config, .info = aus_model_describe(model), .cells = components, .out = out };
  const aus_status status = run(&w, sound);
  aus_free(ctx, w.target);
  aus_free(ctx, w.value);
  aus_free(ctx, w.se);
  if (status != AUS_OK) {
    aus_explanation_free(out);
    aus_components_free(components);
  }
  return status;
}
