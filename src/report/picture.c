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

aus_status aus_picture_levels(aus_ctx *ctx, const aus_spectrogram *s, aus_picture *out)
{
  *out = (aus_picture){ .frames_per_column = aus_picture_group(s->frames), .bands = s->bands };
  if (s->frames < 1 || s->bands < 1) return aus_fail(ctx, AUS_EINVAL, "the spectrogram is empty");
  const int64_t group = out->frames_per_column, columns = (s->frames + group - 1) / group;
  out->columns = (int32_t)columns;
  out->level = aus_alloc(ctx, (size_t)columns * (size_t)s->bands, 1);
  if (!out->level) return AUS_ENOMEM;
  range_of(s->image, s->frames * s->bands, &out->low, &out->high);
  for (int32_t b = 0; b < s->bands; b++)
    for (int64_t c = 0; c < columns; c++) {
      double v = -INFINITY;
      for (int64_t f = c * group; f < (c + 1) * group && f < s->frames; f++) v = fmax(v, s->image[(int64_t)b * s->frames + f]);
      out->level[(int64_t)(s->bands - 1 - b) * columns + c] = shade(v, out);
    }
  return AUS_OK;
}

aus_status aus_picture_make(aus_ctx *ctx, const aus_spectrogram *s, aus_picture *out)
{
  uint8_t palette[256 * 3];
  AUS_TRY(aus_picture_levels(ctx, s, out));
  aus_palette_paper(palette);
  const aus_status status = aus_png_encode(ctx, out->columns, out->bands, out->level, palette, &out->png, &out->size);
  if (status != AUS_OK) aus_picture_free(ctx, out);
  return status;
}

void aus_picture_free(aus_ctx *ctx, aus_picture *p)
{
  aus_free(ctx, p->level);
  aus_free(ctx, p->png);
  *p = (aus_picture){0};
}

double aus_picture_height(const aus_spectrogram *s, double hz)
{
  int32_t b = 0;
  while (b + 1 < s->bands && s->hz[b + 1] < hz) b++;
  if (b + 1 >= s->bands) return 1;
  return (0.5 + b + fmax(0, (hz - s->hz[b]) / fmax(1e-9, s->hz[b + 1] - s->hz[b]))) / s->bands;
}

int32_t aus_picture_ticks(const aus_spectrogram *s, aus_tick tick[AUS_TICKS])
{
  static const struct { double hz; const char *text; } round[] = {
    { 50, "50" }, { 100, "100" }, { 200, "200" }, { 500, "500" }, { 1000, "1k" }, { 2000, "2k" }, { 5000, "5k" }, { 10000, "10k" }, { 20000, "20k" },
  };
  int32_t n = 0;
  for (size_t i = 0; i < sizeof round / sizeof *round; i++) {
    const double y = aus_picture_height(s, round[i].hz);
    if (round[i].hz < s->hz[0] || round[i].hz > s->hz[s->bands - 1] || (n > 0 && y - tick[n - 1].height < 0.07)) continue;
    tick[n++] = (aus_tick){ y, round[i].text };
  }
  return n;
}
