/* maps.h - every method's explanation of a clip as one relevance per bin of the classifier's STFT. */
#ifndef AUS_STUDY_MAPS_H
#define AUS_STUDY_MAPS_H

#include "judge.h"

/* What can be asked. Names: ones, random-bins, random-tiles, energy; l2i:NAME (an interpreter given with --l2i NAME=FILE); NAME (a mask given with --mask NAME=FILE); slime; and any method of
 * `auscult explain --method` that opens the network (gradient, ixg, ig, gradcam, lrp, ...; lrp:PRESET). */
typedef struct asked {
  const char *method;
  aus_interpreter *const *interpreter;  /* [n_interpreters] */
  const char *const *interpreter_name;
  int32_t n_interpreters, n_maskers;
  aus_masker *const *masker;            /* [n_maskers] */
  const char *const *masker_name;
  int64_t slime_samples;
  uint64_t seed, item;
} asked;

/* value[frames][bins]: how much each bin speaks for class c. Only its order counts in the tables. Grown values are finite. */
aus_status study_map(judge *j, const heard *h, int32_t c, const asked *q, float *value);

/* The mask [frames][bins] that a method makes by itself: an interpreter's selected atoms (r > 0.2, the five largest) in linear listening, VIBI's chunks, L-MAC's mask.
 * *own false: it makes none. */
aus_status study_own_mask(judge *j, const heard *h, int32_t c, const asked *q, float *mask, bool *own);

#endif
