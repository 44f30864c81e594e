/* study.h - what measure's parts share: the run's options, and one clip. */
#ifndef AUS_STUDY_H
#define AUS_STUDY_H

#include <stdio.h>

#include "maps.h"

enum { STUDY_ATOMS = 4096, STUDY_INTERPRETERS = 8, STUDY_METHODS = 32, STUDY_CLASSES = 512 };

typedef struct study {
  const char *what, *model, *clips, *out, *list;
  int fold, threads;
  int64_t limit, every, slime, seconds; /* every: only each so-many-th clip (all its mixtures) */
  uint64_t seed;
  int32_t n_interpreters, n_maskers, n_methods;
  const char *name[STUDY_INTERPRETERS], *file[STUDY_INTERPRETERS], *mask_name[STUDY_INTERPRETERS], *mask_file[STUDY_INTERPRETERS];
  char methods[1024], *method[STUDY_METHODS];
  aus_ctx *ctx;
  judge j;
  aus_interpreter *it[STUDY_INTERPRETERS];
  aus_masker *masker[STUDY_INTERPRETERS];
  FILE *to;                  /* the table */
} study;

typedef struct item { char path[512], label[128]; int32_t label_class; int64_t n; heard h; } item;

/* A mixture whose parts are known, and the class that the first of them is. */
typedef struct mixed { item *i; const float *target, *other; const char *other_label; double db; int32_t class; } mixed;

/* Rows of one clip, each in the file of its name. */
extern const char masks_head[], faith_head[];
aus_status masks_of(study *s, item *i);
aus_status faith_of(study *s, item *i);
aus_status overlaps(study *s); /* of s->list */
aus_status overlap_row(study *s, mixed *m, const char *who, const char *how, const char *rule, const float *y, const float *rest);
aus_status overlap_ideal(study *s, const mixed *m, float *mask); /* |target| / (|target| + |other|), [frames][bins] */
aus_status listening_of(study *s, mixed *m);
aus_status multi(study *s, bool faith); /* of s->list: several labels a sound */

/* The classifier's answers to mask X and to the rest. */
aus_status judge_mask(study *s, const item *i, const float *mask, int32_t c, aus_masked *m);

#endif
