/* judge.h - the classifier, asked about sounds and about parts of them. */
#ifndef AUS_STUDY_JUDGE_H
#define AUS_STUDY_JUDGE_H

#include <auscult/audio.h>
#include <auscult/fidelity.h>
#include <auscult/l2i.h>
#include <auscult/net.h>

#include "core/core.h"
#include "model/frontend.h"

enum { JUDGE_ROWS = 2 };

typedef struct judge {
  aus_ctx *ctx;
  aus_model *model;
  aus_bundle *bundle;
  aus_frontend *fe;
  aus_stft *stft;
  aus_run *run[JUDGE_ROWS];  /* of one patch, of two; the only tap the logits */
  bool sigmoid;              /* scores are independent: several labels a sound */
  int32_t classes, bins;
  int64_t samples, frames;   /* of one clip */
  float *scratch;
} judge;

/* One clip as the study hears it. */
typedef struct heard {
  float *x;                  /* [samples] */
  float *re, *im;            /* [frames][bins] */
  float *energy;             /* [frames][bins] |X|^2 */
  double total;              /* sum of it */
  float *logits;             /* [classes] */
  int32_t said;              /* the class it scores highest */
} heard;

aus_status judge_open(aus_ctx *ctx, const char *model, int64_t samples, judge *j);
void judge_close(judge *j);
int32_t judge_class(const judge *j, const char *label); /* -1: none of that name */
/* x: n sounds of j->samples, one behind the other -> logits[n][classes]. n at most JUDGE_ROWS. */
aus_status judge_logits(judge *j, int64_t n, const float *x, float *logits);

/* What the classifier says of a sound, of a part and of the rest; for independent scores of class c alone: c or not c, whose softmax is the sigmoid. */
aus_status judge_masked(const judge *j, const float *logits, const float *in, const float *out, int32_t c, aus_masked *m);

/* Reads a clip (padded with silence to j->samples) and transforms it. heard_free also after a failure. */
aus_status judge_hear(judge *j, const char *path, heard *h);
aus_status judge_take(judge *j, const float *x, heard *h); /* the same of samples in memory */
void heard_free(const judge *j, heard *h);
/* y = ISTFT(mask X). */
aus_status judge_part(const judge *j, const heard *h, const float *mask, float *y);

#endif
