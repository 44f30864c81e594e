/* picture.h - the model's own spectrogram as a PNG. */
#ifndef AUS_PICTURE_H
#define AUS_PICTURE_H

#include <auscult/model.h>
#include "core/core.h"

typedef struct aus_picture {
  uint8_t *png; /* owned by the caller (aus_free) */
  size_t size;
  double low, high;          /* values of the lightest and the darkest colour */
  int64_t frames_per_column; /* 1 unless the sound is long */
} aus_picture;

/* How many frames share a column of a picture of so many. */
int64_t aus_picture_group(int64_t frames);
/* Loud is dark: ink on paper. */
aus_status aus_picture_make(aus_ctx *ctx, const aus_spectrogram *s, aus_picture *out);

#endif
