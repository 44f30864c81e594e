/* data.h - the clips of a training: which, what they should give, and how they sound. */
#ifndef AUS_TRAIN_DATA_H
#define AUS_TRAIN_DATA_H

#include <auscult/audio.h>

#include "model/frontend.h"
#include "train/recipe.h"
#include "train/table.h"

typedef struct aus_clip {
  char *path;             /* as the program opens it */
  const char *name;       /* as the manifest has it */
  double start, duration; /* seconds; duration 0: to the end */
  int32_t set;            /* -1: noise to be added */
  float *sound;           /* [samples] at the model's rate; NULL: read again each time */
  int64_t samples;
  float *target;          /* [classes] */
  float *fixed;           /* what training sees when nothing is random; NULL: not kept */
  float *patches;         /* [n_patches][floats] for validation; NULL: not kept */
  int64_t n_patches;
} aus_clip;

typedef struct aus_index { int32_t n; int32_t *item; } aus_index;

typedef struct aus_data {
  aus_ctx *ctx;
  const aus_recipe *r;
  const aus_frontend *fe;  /* borrowed; set before aus_data_load */
  aus_table table[AUS_MAX_SETS], noise_table;
  int32_t n_clips;
  aus_clip *clip;
  int32_t classes;
  const char **label;      /* [classes], sorted or as the recipe says */
  aus_index train[AUS_MAX_SETS], valid, test, noise;
  char sha256[65];         /* of every clip's place, labels and file */
  size_t cached, limit;    /* bytes */
} aus_data;

/* Reads the manifests: clips, labels, who trains and who validates. No sound yet. */
aus_status aus_data_open(const aus_recipe *r, aus_data *d);
/* Hears every clip once, at d->fe's rate: checks, hashes, keeps what fits. */
aus_status aus_data_load(aus_data *d);
void aus_data_free(aus_data *d);
/* The clip's sound, [c->samples]; *mine: to be freed by the caller. */
aus_status aus_data_hear(const aus_data *d, const aus_clip *c, float **x, bool *mine);

/* ---- what the network sees --------------------------------------------------------------------- */

/* Scratch for one caller. */
typedef struct aus_sampler { const aus_data *d; float *wave, *other, *scratch; int64_t samples, floats; } aus_sampler;
aus_status aus_sampler_create(aus_data *d, aus_sampler *s);
void aus_sampler_free(aus_sampler *s);

/* Which clips an epoch shows, [items]; the same for the same seed and epoch. */
int64_t aus_data_epoch_items(const aus_data *d);
aus_status aus_data_order(const aus_data *d, uint64_t seed, int64_t epoch, int32_t *order);

/* One clip as position `at` of an epoch sees it: y[floats]. Everything random is a function of (seed, epoch, at). */
aus_status aus_sample(aus_sampler *s, int32_t clip, uint64_t seed, int64_t epoch, int64_t at, float *y);
/* Mixup of a whole batch x[n][floats], target[n][classes] [Zhang18]. */
void aus_mixup(const aus_data *d, uint64_t seed, int64_t step, int64_t n, int64_t floats, float *x, float *target);

/* A clip as `auscult predict` sees it: all its patches, [*n][floats]. Owned by the clip or by the sampler's next call: *mine says
 * whether the caller frees it. */
aus_status aus_patches_of(aus_sampler *s, int32_t clip, float **y, int64_t *n, bool *mine);

#endif
