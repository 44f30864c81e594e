/* spectral.h - components that are regions of the spectrogram: tiles and superpixels. Internal. */
#ifndef AUS_EXPLAIN_SPECTRAL_H
#define AUS_EXPLAIN_SPECTRAL_H

#include <auscult/dsp.h>

#include "explain/build.h"

/* The complex spectrogram of an input, all channels. */
typedef struct aus_regions {
  aus_ctx *ctx;
  const aus_audio *input;
  aus_stft *stft;
  int32_t n_fft, hop, bins;
  int64_t frames;
  float *re, *im;   /* [channels][frames][bins] */
  int32_t *label;   /* [frames][bins], 0 <= label < n; the maker fills it */
  int32_t n;
} aus_regions;

/* Frames of 46 to 92 ms, a quarter apart. */
aus_status aus_regions_begin(aus_ctx *ctx, const aus_audio *input, aus_regions *r);
void aus_regions_free(aus_regions *r);

/* Regions become components; names may be NULL (then from the place). The label map moves to out. */
aus_status aus_regions_finish(aus_regions *r, const char *kind, aus_baseline baseline, uint64_t seed, aus_components *out);

/* Segmentations of image[h][w], values in [0, 1] -> label[h][w] from 0 on, *n of them. */
aus_status aus_slic(aus_ctx *ctx, int32_t h, int32_t w, const double *image, int32_t wanted, double compactness, int32_t *label, int32_t *n);
aus_status aus_felzenszwalb(aus_ctx *ctx, int32_t h, int32_t w, const double *image, double scale, double sigma,
                            int32_t min_size, int32_t *label, int32_t *n);

#endif
