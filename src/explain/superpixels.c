/* superpixels.c - regions of the log spectrogram that look alike: SLIC [Achanta12] or a graph's [Felzenszwalb04].
 *
 * The picture is 10 log10 of the power, the mean of the channels, its loudest 80 dB mapped to [0, 1]; rows are frames. SLIC
 * takes a compactness of 0.1, which suits one grey channel; Felzenszwalb's scale starts at audioLIME's 25 (least size
 * 40) and doubles until there are no more regions than wanted. */
#include "explain/spectral.h"

#include <math.h>
#include <string.h>

static double *picture(const aus_regions *r)
{
  const int64_t plane = r->frames * r->bins;
  double *image = aus_alloc(r->ctx, (size_t)plane, sizeof *image), most = 0;
  if (!image) return NULL;
  for (int64_t i = 0; i < plane; i++) {
    image[i] = 0;
    for (int32_t c = 0; c < r->input->channels; c++) {
      const double re = r->re[c * plane + i], im = r->im[c * plane + i];
      image[i] += (re * re + im * im) / r->input->channels;
    }
    most = fmax(most, image[i]);
  }
  for (int64_t i = 0; i < plane; i++) image[i] = most > 0 ? fmax(1 + log10(fmax(image[i] / most, 1e-8)) / 8, 0) : 0;
  return image;
}

static aus_status felzenszwalb(aus_regions *r, const double *image, int32_t wanted)
{
  const int32_t h = (int32_t)r->frames, w = r->bins;
  double scale = 25;
  AUS_TRY(aus_felzenszwalb(r->ctx, h, w, image, scale, 0.8, 40, r->label, &r->n));
  for (int step = 0; wanted > 0 && r->n > wanted && step < 24; step++) {
    scale *= 2;
    AUS_TRY(aus_felzenszwalb(r->ctx, h, w, image, scale, 0.8, 40, r->label, &r->n));
  }
  return AUS_OK;
}

static aus_status segment(aus_regions *r, aus_superpixel method, int32_t wanted)
{
  double *image = picture(r);
  if (!image) return AUS_ENOMEM;
  aus_status status;
  if (method == AUS_SUPERPIXEL_FELZENSZWALB) status = felzenszwalb(r, image, wanted);
  else if (wanted < 1) status = aus_fail(r->ctx, AUS_EINVAL, "%d superpixels: give one at least", wanted);
  else status = aus_slic(r->ctx, (int32_t)r->frames, r->bins, image, wanted, 0.1, r->label, &r->n);
  aus_free(r->ctx, image);
  return status;
}

aus_status aus_components_superpixels(aus_ctx *ctx, const aus_audio *input, aus_superpixel method, int32_t n_wanted,
                                      aus_baseline baseline, uint64_t seed, aus_components *out)
{
  memset(out, 0, sizeof *out);
  aus_regions r;
  aus_status status = aus_regions_begin(ctx, input, &r);
  if (status == AUS_OK) status = segment(&r, method, n_wanted);
  if (status == AUS_OK) status = aus_regions_finish(&r, "superpixels", baseline, seed, out);
  aus_regions_free(&r);
  return status;
}
