/* carry.c - a classifier and its interpreter, or any network by itself, as files small enough to be carried along.
 *
 *   carry CLASSIFIER.aus INTERPRETER.aus OUT-CLASSIFIER.aus OUT-INTERPRETER.aus
 *   carry MODEL.aus OUT.aus
 *
 * Large tensors in half precision. The interpreter then names the new classifier, whose bytes are others. The golden vectors, which came of a clip, come of drawn numbers
 * instead (uniform up to the largest of the old ones), and what the halved network makes of them: nothing of the clips is in the files. */
#include "core/core.h"
#include "l2i/l2i.h"
#include "nn/run.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

enum { INPUTS = 8 };

typedef struct carried { aus_ctx *ctx; void *bytes; size_t size; aus_bundle *bundle; } carried;

static void drop(carried *c)
{
  aus_bundle_close(c->bundle);
  aus_free(c->ctx, c->bytes);
  *c = (carried){ .ctx = c->ctx };
}

/* Replaces what is held by its rewriting. */
static aus_status rewrite(carried *c, const aus_bundle *from, const aus_l2i_change *change)
{
  carried next = { .ctx = c->ctx };
  AUS_TRY(aus_l2i_rewrite(c->ctx, from, change, &next.bytes, &next.size));
  const aus_status status = aus_bundle_open_memory(c->ctx, next.bytes, next.size, &next.bundle);
  drop(c);
  *c = next;
  return status;
}

static aus_status draw(const carried *c, const char *name, uint64_t item, float **x)
{
  const int32_t at = aus_bundle_find_tensor(c->bundle, name);
  if (at < 0) return aus_fail(c->ctx, AUS_EFORMAT, "no tensor %s", name);
  const int64_t n = c->bundle->tensor[at].count;
  const float *old = aus_bundle_tensor_f32(c->bundle, at);
  float low = 0, high = 0;
  aus_rng rng;
  aus_rng_init(&rng, 1, item);
  *x = aus_alloc(c->ctx, (size_t)n, sizeof **x);
  if (!*x) return AUS_ENOMEM;
  for (int64_t i = 0; i < n; i++) { low = fminf(low, old[i]); high = fmaxf(high, old[i]); }
  for (int64_t i = 0; i < n; i++) (*x)[i] = low + (high - low) * (float)aus_rng_uniform(&rng);
  return AUS_OK;
}

/* What the network makes of x[inputs] -> y, a copy. */
static aus_status compute(const carried *c, int32_t inputs, float *const *x, const char *const *name, float **y)
{
  aus_dims dims[INPUTS], out;
  aus_run *run;
  for (int32_t i = 0; i < inputs; i++) {
    const aus_tensor_info *t = &c->bundle->tensor[aus_bundle_find_tensor(c->bundle, name[i])];
    dims[i].rank = t->rank;
    for (int32_t d = 0; d < t->rank; d++) dims[i].dim[d] = t->dim[d];
  }
  AUS_TRY(aus_run_create_with(c->ctx, c->bundle, dims, NULL, 0, AUS_RUN_NO_FUSION, &run));
  for (int32_t i = 0; i < inputs; i++) memcpy(aus_run_input(run, i), x[i], (size_t)aus_shape_count(&dims[i]) * sizeof **x);
  aus_status status = aus_run_forward(run);
  if (status == AUS_OK) {
    const float *from = aus_run_output(run, 0, &out);
    *y = aus_alloc(c->ctx, (size_t)aus_shape_count(&out), sizeof **y);
    if (*y) memcpy(*y, from, (size_t)aus_shape_count(&out) * sizeof **y);
    else status = AUS_ENOMEM;
  }
  aus_run_destroy(run);
  return status;
}

static aus_status renew_golden(carried *c)
{
  const bool many = aus_meta_count(c->bundle, "golden.inputs") > 0;
  const int32_t inputs = many ? (int32_t)aus_meta_count(c->bundle, "golden.inputs") : 1;
  const char *name[INPUTS + 1];
  float *x[INPUTS + 1] = { NULL };
  if (inputs > INPUTS) return aus_fail(c->ctx, AUS_ELIMIT, "%d golden inputs", (int)inputs);
  aus_status status = AUS_OK;
  for (int32_t i = 0; status == AUS_OK && i < inputs; i++) {
    name[i] = many ? aus_meta_string_at(c->bundle, "golden.inputs", i) : aus_meta_string(c->bundle, "golden.input", "");
    status = draw(c, name[i], (uint64_t)i, &x[i]);
  }
  name[inputs] = aus_meta_string(c->bundle, "golden.output", "");
  if (status == AUS_OK) status = compute(c, inputs, x, name, &x[inputs]);
  const char *const key[] = { "golden.source" }, *const word[] = { "drawn numbers, and what the halved network made of them: studies/l2i/carry" };
  const aus_l2i_change change = { .n_words = 1, .key = key, .word = word, .n_tensors = inputs + 1, .tensor = name, .data = (const float *const *)x };
  if (status == AUS_OK) status = rewrite(c, c->bundle, &change);
  for (int32_t i = 0; i <= inputs; i++) aus_free(c->ctx, x[i]);
  return status;
}

static aus_status write_file(const carried *c, const char *path)
{
  FILE *f = fopen(path, "wb");
  const bool good = f && fwrite(c->bytes, 1, c->size, f) == c->size;
  return (f && fclose(f) == 0) && good ? AUS_OK : aus_fail(c->ctx, AUS_EIO, "cannot write %s", path);
}

/* words: how many of licence, source and classifier are written anew. */
static aus_status carry(carried *c, const char *in, const char *out, int words, const char *classifier_sha256)
{
  static const char *const key[] = { "licence", "source", "l2i.classifier_sha256" };
  static const char licence[] = "CC BY 3.0: learnt from ESC-10, K. J. Piczak, ESC: Dataset for Environmental Sound Classification (2015), https://doi.org/10.7910/DVN/YDEPUT";
  aus_bundle *from;
  AUS_TRY(aus_bundle_open(c->ctx, in, &from));
  const char *const word[] = { licence, aus_meta_string(from, "source", ""), classifier_sha256 };
  aus_status status = rewrite(c, from, &(aus_l2i_change){ .halve = true, .n_words = words, .key = key, .word = word });
  aus_bundle_close(from);
  if (status == AUS_OK) status = renew_golden(c);
  return status == AUS_OK ? write_file(c, out) : status;
}

int main(int argc, char **argv)
{
  carried f = { 0 }, it = { 0 };
  if (argc != 5 && argc != 3) { fprintf(stderr, "usage: carry CLASSIFIER.aus INTERPRETER.aus OUT-CLASSIFIER.aus OUT-INTERPRETER.aus | carry MODEL.aus OUT.aus\n"); return 2; }
  if (aus_ctx_create(&f.ctx, &(aus_config){ .threads = 1 }) != AUS_OK) return 1;
  it.ctx = f.ctx;
  aus_status status = argc == 3 ? carry(&f, argv[1], argv[2], 0, NULL) : carry(&f, argv[1], argv[3], 2, NULL);
  if (argc == 5 && status == AUS_OK) status = carry(&it, argv[2], argv[4], 3, aus_bundle_sha256(f.bundle));
  if (status != AUS_OK) fprintf(stderr, "carry: %s\n", aus_ctx_error(f.ctx));
  drop(&f);
  drop(&it);
  aus_ctx_destroy(f.ctx);
  return status != AUS_OK;
}
