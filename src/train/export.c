/* export.c - the trained network as a model that carries how it came to be.
 *
 * The whole recipe, its hash, the hash of the sounds, seed, version and results become metadata, and a validation clip with
 * what the network gives for it a golden vector, computed layer by layer without fusion: `auscult model verify` compares the
 * fused, packed network of another machine with it. */
#include "train/trainer.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

static void write_real(aus_builder *b, const char *key, double value)
{
  if (isfinite(value)) aus_builder_real(b, key, value);
}

void aus_trainer_history(const aus_trainer *t, const aus_train_result *result, aus_builder *b)
{
  aus_builder_string(b, "train.recipe", t->r->text);
  aus_builder_string(b, "train.recipe_sha256", t->r->sha256);
  aus_builder_string(b, "train.data_sha256", t->data.sha256);
  aus_builder_integer(b, "train.seed", (int64_t)t->seed);
  aus_builder_string(b, "train.revision", aus_version());
  aus_builder_string(b, "train.isa", aus_ctx_isa(t->ctx));
  aus_builder_integer(b, "train.epochs", t->state.epoch);
  if (!result) return;
  aus_builder_integer(b, "train.best_epoch", result->best_epoch);
  aus_builder_string(b, "train.score", result->score_name);
  write_real(b, "train.valid_loss", result->valid_loss);
  write_real(b, "train.valid_score", result->valid_score);
  write_real(b, "train.test_loss", result->test_loss);
  write_real(b, "train.test_score", result->test_score);
}

static void write_array(aus_builder *b, const char *name, const aus_dims *dims, const float *x)
{
  int32_t dim[AUS_MAX_DIMS];
  for (int d = 0; d < dims->rank; d++) dim[d] = (int32_t)dims->dim[d];
  aus_builder_tensor(b, name, AUS_F32, dims->rank, dim, x);
}

aus_status aus_trainer_golden(aus_trainer *t, const aus_dims *dims, const float *x, aus_builder *b)
{
  aus_run *run;
  aus_dims out;
  char source[96];
  AUS_TRY(aus_run_create_on(t->ctx, t->net.bundle, dims, NULL, 0, AUS_RUN_NO_FUSION, t->by_tensor, &run));
  memcpy(aus_run_input(run, 0), x, (size_t)t->floats * sizeof *x);
  const aus_status status = aus_run_forward(run);
  const float *y = aus_run_output(run, 0, &out);
  if (status == AUS_OK) {
    write_array(b, "golden.input", dims, x);
    write_array(b, "golden.output", &out, y);
    snprintf(source, sizeof source, "auscult train %s, %s, unfused", aus_version(), aus_ctx_isa(t->ctx));
    aus_builder_string(b, "golden.input", "golden.input");
    aus_builder_string(b, "golden.output", "golden.output");
    aus_builder_string(b, "golden.source", source);
    aus_builder_real(b, "golden.tolerance", 1e-4);
  }
  aus_run_destroy(run);
  return status;
}

static aus_status write_golden(aus_trainer *t, aus_builder *b)
{
  float *x;
  int64_t n;
  bool mine;
  AUS_TRY(aus_patches_of(&t->sampler, t->data.valid.item[0], &x, &n, &mine));
  const aus_dims dims = aus_frontend_dims(t->net.fe, 1, t->net.fe->patch);
  const aus_status status = aus_trainer_golden(t, &dims, x, b);
  if (mine) aus_free(t->ctx, x);
  return status;
}

aus_status aus_trainer_export(aus_trainer *t, const aus_train_result *result, void **bytes, size_t *size)
{
  aus_builder *b;
  AUS_TRY(aus_builder_create(t->ctx, &b));
  aus_status status = aus_template_copy(b, t->net.bundle, t->by_tensor);
  if (status == AUS_OK) aus_trainer_history(t, result, b);
  if (status == AUS_OK && result) status = write_golden(t, b);
  if (status == AUS_OK) status = aus_builder_finish(b, bytes, size);
  aus_builder_destroy(b);
  return status;
}
