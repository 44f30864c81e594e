/* overlay.h - a target's answer laid over the model's own spectrogram, cell by cell, and over time. */
#ifndef AUS_OVERLAY_H
#define AUS_OVERLAY_H

#include "report/picture.h"
#include "report/report.h"

typedef struct aus_overlay {
  int32_t bands;
  int64_t columns;
  float *value;        /* [bands][columns], band 0 lowest; NULL: nothing here has a place in the picture */
  float *curve;        /* [columns], per second: its integral is the sum of what is shown */
  double peak, curve_peak; /* largest absolute values, 0 when all are */
  double cell_s, cell_hz;  /* what one independent value covers; 0: as fine as the picture */
} aus_overlay;

/* For the target's map where it has one; else the components' values over the tiles, superpixels or stretches they
 * take. Free with aus_overlay_free. */
aus_status aus_overlay_make(aus_ctx *ctx, const aus_report *r, int32_t target, aus_overlay *out);
void aus_overlay_free(aus_ctx *ctx, aus_overlay *o);

#endif
