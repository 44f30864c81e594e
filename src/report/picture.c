/* picture.c - a spectrogram as a picture: low bands at the bottom, one column per frame, or per group of
 * frames (their largest value: nothing that is there disappears) when there are more than MAX_COLUMNS. */
#include "report/picture.h"
#include "report/png.h"

#include <math.h>

enum { MAX_COLUMNS = 4000 };

static void range_of(const float *x, int64_t n, double *low, double *high)
{
  *low = INFINITY;
  *high = -INFINITY;
  for (int64_t i = 0; i < n; i++) {
    if (!isfinite(x[i])) continue;
    *low = fmin(*low, x[i]);
    *high = fmax(*high, x[i]);
  }
  if (!(*low <= *high)) *low = *high = 0;
}

static uint8_t shade(double v, const aus_picture *p)
{
  if (!(p->high > p->low)) return 0;
  return (uint8_t)lrint(255 * fmin(1, fmax(0, (v - p->low) / (p->high - p->low))));
}

int64_t aus_picture_group(int64_t frames) { return (frames + MAX_COLUMNS - 1) / MAX_COLUMNS; }

aus_status aus_picture_make(aus_ctx *ctx, const aus_spectrogram *s, aus_picture *out)
{
  *out = (aus_picture){ .frames_per_column = aus_picture_group(s->frames) };
  if (s->frames < 1 || s->bands < 1) return aus_fail(ctx, AUS_EINVAL, "the spectrogram is empty");
  const int64_t group = out->frames_per_column, columns = (s->frames + group - 1) / group;
  uint8_t palette[256 * 3], *pixel = aus_alloc(ctx, (size_t)columns * (size_t)s->bands, 1);
  if (!pixel) return AUS_ENOMEM;
  range_of(s->image, s->frames * s->bands, &out->low, &out->high);
  for (int32_t b = 0; b < s->bands; b++)
    for (int64_t c = 0; c < columns; c++) {
      double v = -INFINITY;
      for (int64_t f = c * group; f < (c + 1) * group && f < s->frames; f++) v = fmax(v, s->image[(int64_t)b * s->frames + f]);
      pixel[(int64_t)(s->bands - 1 - b) * columns + c] = shade(v, out);
    }
  aus_palette_paper(palette);
  const aus_status status = aus_png_encode(ctx, (int32_t)columns, s->bands, pixel, palette, &out->png, &out->size);
  aus_free(ctx, pixel);
  return status;
}
