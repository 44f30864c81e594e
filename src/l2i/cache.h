/* cache.h - what the frozen classifier computes for every patch of every clip, in a file. Internal. */
#ifndef AUS_L2I_CACHE_H
#define AUS_L2I_CACHE_H

#include <stdio.h>

#include "l2i/l2i.h"
#include "train/trainer.h"

typedef struct aus_l2i_cache {
  aus_ctx *ctx;
  char *path;
  FILE *file;
  bool half;
  int32_t n_taps, classes;
  int64_t floats;               /* of all taps of a patch */
  int64_t *first;               /* [clips + 1] index of a clip's first record */
  size_t record;                /* bytes */
  unsigned char *buffer;        /* a record */
} aus_l2i_cache;

/* The cache at path for this classifier and these clips: the one that is there when it is theirs, else a new one, which appears whole or not
 * at all. Memory: one patch. aus_l2i_cache_close also after a failure. */
aus_status aus_l2i_cache_open(aus_trainer *t, const aus_inside *in, const aus_l2i_spec *spec, const char *path, bool half, aus_l2i_cache *c);
void aus_l2i_cache_close(aus_l2i_cache *c);
static inline int64_t aus_l2i_cache_patches(const aus_l2i_cache *c, int32_t clip) { return c->first[clip + 1] - c->first[clip]; }
/* Patch `patch` of a clip: each tap's values to tap[i], and the classifier's [classes] scores. */
aus_status aus_l2i_cache_read(aus_l2i_cache *c, const aus_l2i_spec *spec, int32_t clip, int64_t patch, float *const *tap, float *scores);

#endif
