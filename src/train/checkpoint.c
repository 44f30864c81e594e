/* checkpoint.c - a training on disk, whole or not at all.
 *
 * A checkpoint is a bundle without a graph: parameters, their best values and the optimiser's states as tensors, all counters and
 * sums as metadata, every byte under a checksum. It is written beside the old one and renamed over it, so that a kill at any moment
 * leaves one that is whole; going on from it gives the bits of a training that was never interrupted. */
#include "train/trainer.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { COUNTS = 7, SUMS = 8 };
static const char *const part[] = { "value", "best", "first", "second" };

static float *array_of(const aus_param *p, int k) { return k == 0 ? p->value : k == 1 ? p->best : k == 2 ? p->first : p->second; }

/* Bit for bit, infinities too, which the numbers of a bundle's metadata may not be. */
static void write_sum(aus_builder *b, int i, double value)
{
  char key[16], text[24];
  uint64_t bits;
  memcpy(&bits, &value, sizeof bits);
  snprintf(key, sizeof key, "sum%d", i);
  snprintf(text, sizeof text, "%016llx", (unsigned long long)bits);
  aus_builder_string(b, key, text);
}

static bool read_sum(const aus_bundle *b, int i, double *value)
{
  char key[16], *end;
  snprintf(key, sizeof key, "sum%d", i);
  const char *text = aus_meta_string(b, key, "");
  const uint64_t bits = strtoull(text, &end, 16);
  memcpy(value, &bits, sizeof bits);
  return strlen(text) == 16 && !*end;
}

static void write_state(const aus_trainer *t, aus_builder *b)
{
  const aus_train_state *s = &t->state;
  const aus_schedule_state *c = &s->schedule;
  aus_builder_string(b, "kind", "checkpoint");
  aus_builder_string(b, "recipe", t->r->text);
  aus_builder_string(b, "recipe_sha256", t->r->sha256);
  aus_builder_string(b, "data_sha256", t->data.sha256);
  aus_builder_string(b, "isa", aus_ctx_isa(t->ctx));
  aus_builder_string(b, "version", aus_version());
  aus_builder_string(b, "log", s->log ? s->log : "");
  const int64_t counts[COUNTS] = { (int64_t)t->seed, s->epoch, s->step, s->steps, c->best_epoch, c->bad, c->plateau_bad };
  const double sums[SUMS] = { s->loss, s->correct, c->best, c->plateau_best, c->factor, s->best_loss, s->best_score, s->best_train_loss };
  aus_builder_integers(b, "counts", COUNTS, counts);
  for (int i = 0; i < SUMS; i++) write_sum(b, i, sums[i]);
}

aus_status aus_checkpoint_write(aus_trainer *t, const char *path)
{
  aus_builder *b;
  char name[256];
  AUS_TRY(aus_builder_create(t->ctx, &b));
  write_state(t, b);
  for (int32_t i = 0; i < t->n_params; i++)
    for (int k = 0; k < 4; k++) {
      const float *x = array_of(&t->param[i], k);
      if (!x || (k > 1 && !t->param[i].trained)) continue;
      snprintf(name, sizeof name, "%s/%s", part[k], t->param[i].name);
      aus_builder_tensor(b, name, AUS_F32, 1, &(int32_t){ (int32_t)t->param[i].count }, x);
    }
  const aus_status status = aus_builder_write(b, path, 1);
  aus_builder_destroy(b);
  return status;
}

/* ---- back ---------------------------------------------------------------------------------------------- */

static aus_status check(const aus_trainer *t, const aus_bundle *b, const char *path)
{
  const char *what = NULL;
  if (strcmp(aus_meta_string(b, "kind", ""), "checkpoint") != 0 || aus_meta_count(b, "counts") != COUNTS)
    return aus_fail(t->ctx, AUS_EFORMAT, "%s is no checkpoint of a training", path);
  if (strcmp(aus_meta_string(b, "recipe_sha256", ""), t->r->sha256) != 0) what = "another recipe";
  else if (strcmp(aus_meta_string(b, "data_sha256", ""), t->data.sha256) != 0) what = "other sounds";
  else if ((uint64_t)aus_meta_real_at(b, "counts", 0) != t->seed) what = "another seed";
  if (what) return aus_fail(t->ctx, AUS_EFORMAT, "%s was trained from %s; --force starts anew", path, what);
  if (strcmp(aus_meta_string(b, "isa", ""), aus_ctx_isa(t->ctx)) != 0)
    aus_note(t->ctx, AUS_LOG_WARNING, "the training so far ran on %s, here it is %s: the last bits may differ from an uninterrupted one", aus_meta_string(b, "isa", "?"), aus_ctx_isa(t->ctx));
  return AUS_OK;
}

static bool read_state(aus_train_state *s, const aus_bundle *b)
{
  bool whole = true;
  aus_schedule_state *c = &s->schedule;
  int64_t *const count[] = { &s->epoch, &s->step, &s->steps, &c->best_epoch, &c->bad, &c->plateau_bad };
  double *const sum[] = { &s->loss, &s->correct, &c->best, &c->plateau_best, &c->factor, &s->best_loss, &s->best_score, &s->best_train_loss };
  for (int32_t i = 0; i < COUNTS - 1; i++) *count[i] = (int64_t)aus_meta_real_at(b, "counts", i + 1);
  for (int i = 0; i < SUMS; i++) whole &= read_sum(b, i, sum[i]);
  return whole;
}

static aus_status read_arrays(aus_trainer *t, const aus_bundle *b, const char *path)
{
  char name[256];
  for (int32_t i = 0; i < t->n_params; i++)
    for (int k = 0; k < 4; k++) {
      float *x = array_of(&t->param[i], k);
      if (!x || (k > 1 && !t->param[i].trained)) continue;
      snprintf(name, sizeof name, "%s/%s", part[k], t->param[i].name);
      const int32_t at = aus_bundle_find_tensor(b, name);
      if (at < 0 || b->tensor[at].count != t->param[i].count) return aus_fail(t->ctx, AUS_EFORMAT, "%s lacks '%s'", path, name);
      memcpy(x, aus_bundle_tensor_f32(b, at), (size_t)t->param[i].count * sizeof(float));
    }
  return AUS_OK;
}

aus_status aus_checkpoint_read(aus_trainer *t, const char *path)
{
  aus_bundle *b;
  AUS_TRY(aus_bundle_open(t->ctx, path, &b));
  aus_status status = check(t, b, path);
  if (status == AUS_OK) status = read_arrays(t, b, path);
  if (status == AUS_OK && !read_state(&t->state, b)) status = aus_fail(t->ctx, AUS_EFORMAT, "%s is no checkpoint of a training", path);
  if (status == AUS_OK) {
    const char *log = aus_meta_string(b, "log", "");
    t->state.log = aus_strdup(t->ctx, log);
    t->state.log_size = strlen(log);
    if (!t->state.log) status = AUS_ENOMEM;
  }
  aus_bundle_close(b);
  return status;
}
