/* tiles.c - SLIME's grid: n_time x n_freq rectangles of the spectrogram [Mishra17].
 *
 * Component t n_freq + f, f = 0 lowest. Frames and bins that the division leaves over go to the last row and
 * column, so that every bin can be switched off, and all on is the input. */
#include "explain/spectral.h"

#include <string.h>

static int32_t cell(int64_t at, int64_t total, int32_t n)
{
  const int64_t i = at / (total / n);
  return i < n ? (int32_t)i : n - 1;
}

static aus_status fill(aus_regions *r, int32_t n_time, int32_t n_freq)
{
  if (n_time < 1 || n_freq < 1 || n_time > r->frames || n_freq > r->bins)
    return aus_fail(r->ctx, AUS_EINVAL, "%d x %d tiles: this sound's spectrogram has %lld frames and %d bins", n_time, n_freq,
                    (long long)r->frames, r->bins);
  if ((int64_t)n_time * n_freq > 65536) return aus_fail(r->ctx, AUS_ELIMIT, "%d x %d tiles are too many: at most 65536", n_time, n_freq);
  r->n = n_time * n_freq;
  for (int64_t f = 0; f < r->frames; f++)
    for (int32_t b = 0; b < r->bins; b++)
      r->label[f * r->bins + b] = cell(f, r->frames, n_time) * n_freq + cell(b, r->bins, n_freq);
  return AUS_OK;
}

aus_status aus_components_tiles(aus_ctx *ctx, const aus_audio *input, int32_t n_time, int32_t n_freq,
                                aus_baseline baseline, uint64_t seed, aus_components *out)
{
  memset(out, 0, sizeof *out);
  aus_regions r;
  aus_status status = aus_regions_begin(ctx, input, &r);
  if (status == AUS_OK) status = fill(&r, n_time, n_freq);
  if (status == AUS_OK) status = aus_regions_finish(&r, "time-frequency tiles", baseline, seed, out);
  aus_regions_free(&r);
  return status;
}
