/* score.h - a snippet of a test song, and the parts by which it is explained. */
#ifndef AUS_STUDY_SCORE_H
#define AUS_STUDY_SCORE_H

#include "studies/confounder/mix.h"

#include <auscult/sep.h>

enum { SNIPPET = 2 * RATE, MAX_PARTS = 16, MAX_NETS = 8 };

/* How to make the parts. */
typedef struct recipe {
  aus_ctx *ctx;
  const char *kept; /* the folder of separated parts, NULL: none */
  aus_separator *separator[MAX_NETS];
  int separators; /* 0: oracle or leak */
  double leak;
  bool strings, no_rest;
  uint64_t seed;
} recipe;

/* What is explained: the mix and its true stems, cut to the snippet, and the parts it is explained by. */
typedef struct snippet {
  const row *r;
  int label, drums_with;         /* GUITAR or PIANO */
  float *stem[FAMILIES], *mix;   /* [SNIPPET] */
  float *part[MAX_PARTS];
  char name[MAX_PARTS][32];
  int family[MAX_PARTS];         /* whose sound a part is nearest to */
  double weight[MAX_PARTS];      /* by least squares, for the predicted label */
  int parts;
  double drums_sdr;              /* of the part nearest to the drums; NaN without drums */
} snippet;

/* COMPONENTS of the command (score.c). */
aus_status open_parts(recipe *j, const char *components);
void close_parts(recipe *j);
/* Cuts the mix and its stems, of which label and drums_with say which are in, and makes the parts; index: of the song. */
aus_status make_snippet(const recipe *j, snippet *s, const aus_audio *whole, int index, int64_t *start);

#endif
