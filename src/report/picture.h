/* picture.h - the model's own spectrogram as a picture: ink on paper, loud is dark. */
#ifndef AUS_PICTURE_H
#define AUS_PICTURE_H

#include <auscult/model.h>
#include "core/core.h"

typedef struct aus_picture {
  uint8_t *level;            /* [bands][columns], the highest band first; 0 is paper */
  uint8_t *png;              /* NULL after aus_picture_levels */
  size_t size;
  int32_t columns, bands;
  double low, high;          /* values of the lightest and the darkest colour */
  int64_t frames_per_column; /* 1 unless the sound is long */
} aus_picture;

/* How many frames share a column of a picture of so many. */
int64_t aus_picture_group(int64_t frames);
/* Levels alone, or with their PNG; free with aus_picture_free. */
aus_status aus_picture_levels(aus_ctx *ctx, const aus_spectrogram *s, aus_picture *out);
aus_status aus_picture_make(aus_ctx *ctx, const aus_spectrogram *s, aus_picture *out);
void aus_picture_free(aus_ctx *ctx, aus_picture *p);

/* A spectrogram of mono sound by us, for models that show none. The caller frees image and hz (aus_free). */
aus_status aus_own_spectrogram(aus_ctx *ctx, int32_t rate, int64_t samples, const float *x, aus_spectrogram *out);

/* Where a frequency lies among the bands, 0 the bottom, 1 the top; round ones to write beside the picture. */
typedef struct aus_tick { double height; const char *text; } aus_tick;
enum { AUS_TICKS = 9 };
double aus_picture_height(const aus_spectrogram *s, double hz);
int32_t aus_picture_ticks(const aus_spectrogram *s, aus_tick tick[AUS_TICKS]);

#endif
