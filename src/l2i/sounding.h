/* sounding.h - the frozen classifier behind a mask on its spectrogram, and the way back to the mask. Internal. */
#ifndef AUS_L2I_SOUNDING_H
#define AUS_L2I_SOUNDING_H

#include "l2i/l2i.h"
#include "nn/walk.h"

typedef struct aus_sounding {
  aus_ctx *ctx;
  const aus_frontend *fe;
  aus_run *run;
  aus_walk *walk;               /* NULL: there is no way back */
  int64_t rows, frames;
  int32_t classes;
  float *v;                     /* [rows][frames][bands] */
  float *p, *work;              /* [frames][bins], [2][frames][bands] */
  double *bin;                  /* [bins] */
} aus_sounding;

/* Errors: AUS_ENOTSUP (the classifier hears samples, not a spectrogram), AUS_ENOMEM. Close also after a failure. */
aus_status aus_sounding_open(aus_ctx *ctx, const aus_inside *in, int64_t rows, bool back, aus_sounding *s);
void aus_sounding_close(aus_sounding *s);

/* Row `row` of the next forward is m |X|, for rest (1 - m) |X|; |X| size[frames][bins], m mask[frames][bins]. The spectrogram is what is masked: no
 * sound is made and analysed again. */
void aus_sounding_set(aus_sounding *s, int64_t row, const float *size, const float *mask, bool rest);
aus_status aus_sounding_forward(aus_sounding *s);
const float *aus_sounding_logits(const aus_sounding *s);  /* [rows][classes] */
float *aus_sounding_seed(aus_sounding *s);                /* [rows][classes]: the gradient of the logits, written before */
aus_status aus_sounding_back(aus_sounding *s);
/* The gradient of row `row`'s mask is added to diff[frames][bins]. */
void aus_sounding_diff(aus_sounding *s, int64_t row, const float *size, const float *mask, bool rest, float *diff);

/* -log p of class c: of softmax, or of its own sigmoid. diff[classes] = scale times its gradient, NULL: not wanted. */
double aus_sounding_loss(int32_t classes, bool sigmoid, const float *logits, int32_t c, double scale, float *diff);

#endif
