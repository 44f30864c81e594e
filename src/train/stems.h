/* stems.h - training separators: mixes of stems, masks and what else may be learnt beside them. Internal. */
#ifndef AUS_TRAIN_STEMS_H
#define AUS_TRAIN_STEMS_H

#include "dsp/spec.h"
#include "train/trainer.h"

enum { AUS_STEMS_PITCHES = 88, AUS_STEMS_LOWEST = 21, AUS_STEMS_MOST = 64 };

/* ---- losses (stems_loss.c) --------------------------------------------------------------------------------- */

/* One item of frames x bins = places. */
typedef struct aus_stems_shape { int64_t stems, frames, bins, embedding, pitches; } aus_stems_shape; /* embedding, pitches: 0: no such head */
typedef struct aus_stems_weights { bool squared; double mask, embedding, notes; } aus_stems_weights;
typedef struct aus_stems_truth {
  const float *level;      /* [places] |X| */
  const float *target;     /* [stems][places] what mask |X| should be */
  const uint8_t *loudest;  /* [places] which stem; stems: none */
  const uint8_t *notes;    /* [frames][stems pitches] */
} aus_stems_truth;

int64_t aus_stems_numbers(const aus_stems_shape *s); /* of an item's heads: masks [stems][frames][bins], embedding [places][D], notes [frames][stems pitches] */
/* The loss of one item and, times scale, its derivative by the heads into diff. part[3]: the three losses before weighting; NULL. */
double aus_stems_loss(const aus_stems_shape *s, const aus_stems_weights *w, const aus_stems_truth *t, const float *heads, double scale, float *diff, double part[3]);

/* ---- the network's end (stems_net.c) ------------------------------------------------------------------------ */

aus_status aus_stems_template(const aus_recipe *r, const aus_data *d, uint64_t seed, aus_stems_shape *shape, aus_template *t);

/* ---- sounds (stems_data.c) ------------------------------------------------------------------------------------ */

typedef struct aus_stems_note { float onset, offset; uint8_t pitch, stem; } aus_stems_note;
typedef struct aus_stems_item { int64_t samples; int16_t *wave; int32_t n_notes; aus_stems_note *note; } aus_stems_item; /* wave: [mixed][samples]; NULL: read each time */

typedef struct aus_mixer {
  aus_ctx *ctx;
  const aus_recipe *r;
  aus_data *d;
  aus_stems_shape shape;
  int32_t mixed, in_mix[AUS_STEMS_MOST], rate; /* stems of the mix; where among them label k is */
  const char *name[AUS_STEMS_MOST];            /* of the mix */
  int64_t samples;                             /* of an excerpt */
  aus_stft *stft;
  double power;
  aus_log_config log;
  aus_stems_item *item;                        /* [clips] */
  float *wave, *mix;                           /* [mixed][samples], [samples] */
  float *re, *im, *s_re, *s_im;                /* [frames][all bins] mix, one stem */
  float *most;                                 /* [frames][bins] the loudest stem's magnitude so far */
} aus_mixer;

aus_status aus_stems_open(aus_trainer *t, const aus_stems_shape *shape, aus_mixer *s);
void aus_stems_close(aus_mixer *s);
/* An excerpt: s->wave, s->mix, s->re, s->im; random ones are a function of (seed, epoch, at); `middle`: nothing random. */
aus_status aus_stems_excerpt(aus_mixer *s, int32_t clip, bool middle, uint64_t seed, int64_t epoch, int64_t at, double *start);
/* What the network hears of it, and what it should say. */
void aus_stems_features(aus_mixer *s, float *x);
void aus_stems_targets(aus_mixer *s, int32_t clip, double start, float *level, float *target, uint8_t *loudest, uint8_t *notes);

extern const aus_task aus_task_stems;

#endif
