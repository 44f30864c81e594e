/* maps.c - methods side by side: each brings an explanation to one number per bin of the same STFT.
 *
 *   ones, random-*, energy   what needs no explanation: the input itself, chance, the loudest bins
 *   l2i:NAME                 sum over atoms with positive relevance of r_k w_k h_k / (W H)  [Parekh22]
 *   vibi, lmac (--mask NAME=FILE)  what VIBI orders chunks by, L-MAC's mask [Bang21], [Paissan24]
 *   slime                    weights of 10 x 8 tiles, laid over their bins [Mishra17]
 *   others                   the network's own: aus_sound_attribute down to the bins of the STFT */
#include "maps.h"

#include <auscult/attrib.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

static void chance(const judge *j, const asked *q, int64_t tile_frames, int64_t tile_bins, float *value)
{
  for (int64_t t = 0; t < j->frames; t++)
    for (int64_t b = 0; b < j->bins; b++) {
      aus_rng rng;
      if (t % tile_frames || b % tile_bins) { value[t * j->bins + b] = value[(t - t % tile_frames) * j->bins + (b - b % tile_bins)]; continue; }
      aus_rng_init(&rng, q->seed + 77 + q->item, (uint64_t)(t / tile_frames * j->bins + b / tile_bins));
      value[t * j->bins + b] = (float)aus_rng_uniform(&rng);
    }
}

/* selected: 1 instead of r_k for the atoms that an interpretation keeps, 0 for the others. */
static aus_status listen_to_interpret(judge *j, const heard *h, int32_t c, aus_interpreter *it, bool selected, float *value)
{
  aus_reading r = { 0 };
  const aus_interpreter_info *info = aus_interpreter_describe(it);
  double *relevance = aus_alloc(j->ctx, (size_t)info->atoms, sizeof *relevance);
  float *weight = aus_alloc(j->ctx, (size_t)info->atoms, sizeof *weight);
  uint8_t *keep = aus_alloc(j->ctx, (size_t)info->atoms, sizeof *keep);
  aus_status status = relevance && weight && keep ? aus_interpreter_read(it, j->samples, h->x, &r) : AUS_ENOMEM;
  if (status == AUS_OK) {
    aus_l2i_importance(it, &r, c, relevance);
    aus_l2i_select(r.atoms, relevance, 0.2, 5, keep);
  }
  for (int32_t k = 0; status == AUS_OK && selected && k < r.atoms; k++) relevance[k] = keep[k];
  for (int64_t t = 0; status == AUS_OK && t < j->frames; t++) {
    for (int32_t k = 0; k < r.atoms; k++) weight[k] = (float)fmax(0, relevance[k]) * r.h[k * r.frames + t];
    for (int32_t b = 0; b < j->bins; b++) {
      const float *w = info->dictionary + (int64_t)b * r.atoms;
      float sum = 0;
      for (int32_t k = 0; k < r.atoms; k++) sum += w[k] * weight[k];
      value[t * j->bins + b] = sum / (r.made[t * j->bins + b] + 1e-6f);
    }
  }
  aus_reading_free(&r);
  aus_free(j->ctx, relevance);
  aus_free(j->ctx, weight);
  aus_free(j->ctx, keep);
  return status;
}

/* What bins are ordered by, or the mask itself. */
static aus_status masked(judge *j, const heard *h, aus_masker *masker, bool itself, float *value)
{
  aus_mask m;
  AUS_TRY(aus_masker_read(masker, j->samples, h->x, &m));
  const aus_status status = m.frames == j->frames && m.bins == j->bins ? AUS_OK : aus_fail(j->ctx, AUS_EINVAL, "the mask is for another spectrogram");
  if (status == AUS_OK) memcpy(value, itself ? m.mask : m.order, (size_t)(j->frames * j->bins) * sizeof *value);
  aus_mask_free(&m);
  return status;
}

static aus_status slime(judge *j, const heard *h, int32_t c, const asked *q, float *value)
{
  const aus_audio sound = { .data = h->x, .frames = j->samples, .channels = 1, .rate = j->fe->rate };
  aus_components parts = { 0 };
  aus_explanation e = { 0 };
  aus_lime_config config;
  aus_lime_defaults(&config);
  config.samples = q->slime_samples;
  config.targets = &c;
  config.n_targets = 1;
  config.bootstrap = 0;
  config.stability_runs = 0;
  config.shapley = AUS_SHAPLEY_NONE;
  config.seed = q->seed + q->item;
  aus_status status = aus_components_tiles(j->ctx, &sound, 10, 8, AUS_BASELINE_ZERO, 1, &parts);
  if (status == AUS_OK) status = aus_lime_explain(j->ctx, j->model, &parts, &config, &e);
  for (int64_t t = 0; status == AUS_OK && t < j->frames; t++)
    for (int32_t b = 0; b < j->bins; b++) {
      const int64_t lt = (int64_t)((double)t * j->fe->hop / j->fe->rate / parts.label_hop_s + 0.5), lb = (int64_t)((double)b * j->fe->rate / j->fe->n_fft / parts.label_bin_hz + 0.5);
      const int64_t at = (lt < parts.label_frames ? lt : parts.label_frames - 1) * parts.label_bins + (lb < parts.label_bins ? lb : parts.label_bins - 1);
      value[t * j->bins + b] = (float)e.target[0].weight[parts.label[at]].weight;
    }
  aus_explanation_free(&e);
  aus_components_free(&parts);
  return status;
}

static aus_status opened(judge *j, const heard *h, int32_t c, const asked *q, float *value)
{
  const aus_audio sound = { .data = h->x, .frames = j->samples, .channels = 1, .rate = j->fe->rate };
  aus_components parts = { 0 };
  aus_explanation e = { 0 };
  aus_sound_config config = { .targets = &c, .n_targets = 1, .domain = AUS_DOMAIN_BINS };
  char method[64];
  snprintf(method, sizeof method, "%s", q->method);
  char *preset = strchr(method, ':');
  if (preset) *preset++ = 0;
  aus_attrib_defaults(&config.attrib);
  config.attrib.method = method;
  config.attrib.rules = preset;
  config.attrib.seed = q->seed;
  config.attrib.steps = 16;
  if (strcmp(method, "gradcam") == 0) config.attrib.layer = "out2";
  aus_status status = aus_sound_attribute(j->ctx, j->model, &sound, &config, &parts, &e);
  const aus_map *map = status == AUS_OK ? &e.target[0].map : NULL;
  if (map && (map->frames < j->frames || map->bands != j->bins))
    status = aus_fail(j->ctx, AUS_ENOTSUP, "%s gives a map of %lld x %d", q->method, (long long)map->frames, (int)map->bands);
  if (status == AUS_OK) memcpy(value, map->value, (size_t)(j->frames * j->bins) * sizeof *value);
  aus_explanation_free(&e);
  aus_components_free(&parts);
  return status;
}

/* The interpreter or masker of this name; both NULL: neither. */
static void find(const asked *q, aus_interpreter **it, aus_masker **masker)
{
  *it = NULL;
  *masker = NULL;
  for (int32_t i = 0; strncmp(q->method, "l2i:", 4) == 0 && i < q->n_interpreters; i++)
    if (strcmp(q->interpreter_name[i], q->method + 4) == 0) *it = q->interpreter[i];
  for (int32_t i = 0; i < q->n_maskers; i++)
    if (strcmp(q->masker_name[i], q->method) == 0) *masker = q->masker[i];
}

aus_status study_own_mask(judge *j, const heard *h, int32_t c, const asked *q, float *mask, bool *own)
{
  aus_interpreter *it;
  aus_masker *masker;
  find(q, &it, &masker);
  *own = it || masker;
  if (it) return listen_to_interpret(j, h, c, it, true, mask);
  return masker ? masked(j, h, masker, true, mask) : AUS_OK;
}

aus_status study_map(judge *j, const heard *h, int32_t c, const asked *q, float *value)
{
  const int64_t cells = j->frames * j->bins;
  if (strcmp(q->method, "ones") == 0) {
    for (int64_t i = 0; i < cells; i++) value[i] = 1;
    return AUS_OK;
  }
  if (strcmp(q->method, "energy") == 0) { memcpy(value, h->energy, (size_t)cells * sizeof *value); return AUS_OK; }
  if (strcmp(q->method, "random-bins") == 0) { chance(j, q, 1, 1, value); return AUS_OK; }
  if (strcmp(q->method, "random-tiles") == 0) { chance(j, q, 16, 32, value); return AUS_OK; }
  if (strcmp(q->method, "slime") == 0) return slime(j, h, c, q, value);
  aus_interpreter *it;
  aus_masker *masker;
  find(q, &it, &masker);
  if (it) return listen_to_interpret(j, h, c, it, false, value);
  if (masker) return masked(j, h, masker, false, value);
  if (strncmp(q->method, "l2i:", 4) == 0) return aus_fail(j->ctx, AUS_EINVAL, "no interpreter '%s' was given (--l2i NAME=FILE)", q->method + 4);
  return opened(j, h, c, q, value);
}
