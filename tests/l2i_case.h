/* l2i_case.h - a classifier and an interpreter for it, made in memory: for tests and benches of src/l2i. */
#ifndef AUS_TEST_L2I_CASE_H
#define AUS_TEST_L2I_CASE_H

#include <auscult/l2i.h>

#include "l2i/l2i.h"
#include "train/network.h"
#include "train/template.h"

/* A network with fresh parameters from the sections [frontend] and [network] of a recipe. */
static inline aus_status case_classifier(aus_ctx *ctx, const char *sections, const char *name, int32_t classes, uint64_t seed, void **bytes, size_t *size)
{
  char text[4000];
  aus_recipe *r;
  aus_builder *b;
  aus_bundle *front;
  aus_frontend *fe = NULL;
  void *front_bytes;
  size_t front_size;
  snprintf(text, sizeof text, "%s\n[data]\nmanifest = none.tsv\n", sections);
  AUS_TRY(aus_recipe_parse(ctx, "case.recipe", text, strlen(text), &r));
  AUS_TRY(aus_builder_create(ctx, &b)); /* the front end alone, for its sizes */
  AUS_TRY(aus_template_frontend(r, b));
  AUS_TRY(aus_builder_finish(b, &front_bytes, &front_size));
  aus_builder_destroy(b);
  AUS_TRY(aus_bundle_open_memory(ctx, front_bytes, front_size, &front));
  AUS_TRY(aus_frontend_create(ctx, front, &fe));
  const aus_dims dims = aus_frontend_dims(fe, 1, fe->patch);
  AUS_TRY(aus_builder_create(ctx, &b));
  aus_builder_string(b, "name", name);
  aus_builder_string(b, "score", r->loss == AUS_LOSS_BCE ? "sigmoid" : "softmax");
  AUS_TRY(aus_template_frontend(r, b));
  AUS_TRY(aus_network_build(r, &dims, classes, seed, 1 << 27, b));
  AUS_TRY(aus_builder_finish(b, bytes, size));
  aus_builder_destroy(b);
  aus_frontend_destroy(fe);
  aus_bundle_close(front);
  aus_free(ctx, front_bytes);
  aus_recipe_free(r);
  return AUS_OK;
}

/* What a test spoils. */
typedef struct case_spoil { bool other_bins, other_tap, no_dictionary; } case_spoil;

/* An interpreter with fresh parameters and a drawn dictionary of `atoms` columns of norm one. */
static inline aus_status case_interpreter(aus_ctx *ctx, aus_model *model, int32_t atoms, bool max_pooling, const case_spoil *spoil, void **bytes, size_t *size)
{
  static const case_spoil none;
  const case_spoil *bad = spoil ? spoil : &none;
  aus_inside in;
  aus_l2i_spectrum s;
  aus_l2i_spec spec = { .atoms = atoms, .max_pooling = max_pooling, .dropout = 0.4 };
  aus_builder *b;
  aus_rng rng;
  AUS_TRY(aus_model_inside(model, &in));
  AUS_TRY(aus_l2i_spectrum_open(in.fe, 256, 128, &s));
  AUS_TRY(aus_l2i_find_taps(ctx, &in, 0, NULL, &spec));
  spec.vgg = aus_l2i_fits_vgg(spec.n_taps, spec.tap);
  spec.bins = s.bins;
  spec.frames = aus_l2i_patch_frames(&s);
  const int32_t bins = spec.bins - (bad->other_bins ? 1 : 0);
  float *w = aus_alloc(ctx, (size_t)bins * (size_t)atoms, sizeof *w);
  if (!w) return AUS_ENOMEM;
  aus_rng_init(&rng, 5, 1);
  for (int32_t k = 0; k < atoms; k++) {
    double sum = 0;
    for (int32_t f = 0; f < bins; f++) {
      const double d = (f - (k + 0.5) * bins / atoms) / (bins * 0.5 / atoms);
      w[f * atoms + k] = (float)(exp(-d * d) + 0.05 * aus_rng_uniform(&rng));
      sum += (double)w[f * atoms + k] * (double)w[f * atoms + k];
    }
    for (int32_t f = 0; f < bins; f++) w[f * atoms + k] = (float)((double)w[f * atoms + k] / sqrt(sum));
  }
  AUS_TRY(aus_builder_create(ctx, &b));
  aus_l2i_net n = { .ctx = ctx, .b = b, .seed = 9 };
  aus_l2i_graph(&n, &spec);
  aus_builder_string(b, "name", "case");
  if (bad->other_tap) snprintf(spec.tap[0].name, sizeof spec.tap[0].name, "nowhere");
  aus_l2i_write_spec(b, &spec, in.bundle, 256, 128);
  if (!bad->no_dictionary) aus_builder_tensor(b, "dictionary", AUS_F32, 2, (const int32_t[]){ bins, atoms }, w);
  AUS_TRY(aus_builder_finish(b, bytes, size));
  aus_builder_destroy(b);
  aus_l2i_spectrum_close(&s);
  aus_free(ctx, w);
  return AUS_OK;
}

#endif
