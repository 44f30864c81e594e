/* overlay.c - from maps, tiles and places to the cells of the picture.
 *
 * Nothing is smoothed: a cell of the picture shows the mean of the map's values that fall into it, or, where
 * the map is coarser, the one that covers it, so that its true resolution can be seen. The curve is a density:
 * a component of value v that lasts T seconds adds v / T to each moment it lasts, a map's frame its sum over bands / hop. */
#include "report/overlay.h"

#include <math.h>
#include <string.h>

typedef struct grid {
  const aus_spectrogram *s;
  int64_t columns;
  double column_s;
} grid;

static double centre_of(const grid *g, int64_t column) { return ((double)column + 0.5) * g->column_s - 0.5 * g->s->hop_seconds; }

/* Frames of another raster whose centres fall into column c: [*from, *to), at least the nearest one. */
static void frames_in(const grid *g, int64_t c, double hop, int64_t frames, int64_t *from, int64_t *to)
{
  const double start = centre_of(g, c) - 0.5 * g->column_s, end = start + g->column_s;
  *from = (int64_t)ceil(start / hop - 1e-9);
  *to = (int64_t)ceil(end / hop - 1e-9);
  if (*from < 0) *from = 0;
  if (*to > frames) *to = frames;
  if (*to <= *from) {
    const int64_t nearest = llrint(centre_of(g, c) / hop);
    *from = nearest < 0 ? 0 : nearest >= frames ? frames - 1 : nearest;
    *to = *from + 1;
  }
}

/* The edges of a band are half-way to its neighbours. */
static void band_edges(const aus_spectrogram *s, int32_t b, double *low, double *high)
{
  const double here = s->hz[b], below = b > 0 ? s->hz[b - 1] : -here, above = b + 1 < s->bands ? s->hz[b + 1] : INFINITY;
  *low = b > 0 ? 0.5 * (here + below) : 0;
  *high = 0.5 * (here + above);
}

/* Bands of ascending centres hz[n] within [low, high), at least the one nearest to the middle. */
static void bands_in(const float *hz, int32_t n, double low, double high, double here, int32_t *from, int32_t *to)
{
  int32_t a = 0, nearest = 0;
  while (a < n && hz[a] < low) a++;
  int32_t b = a;
  while (b < n && hz[b] < high) b++;
  if (b == a) {
    for (int32_t i = 1; i < n; i++)
      if (fabs(hz[i] - here) < fabs(hz[nearest] - here)) nearest = i;
    a = nearest;
    b = nearest + 1;
  }
  *from = a;
  *to = b;
}

/* ---- a map of its own ------------------------------------------------------------------------ */

static float mean_of(const aus_map *m, int64_t f0, int64_t f1, int32_t b0, int32_t b1)
{
  double sum = 0;
  for (int64_t f = f0; f < f1; f++)
    for (int32_t b = b0; b < b1; b++) {
      const float v = m->value[f * m->bands + b];
      if (isfinite(v)) sum += v;
    }
  return (float)(sum / (double)((f1 - f0) * (b1 - b0)));
}

static void from_map(const grid *g, const aus_map *m, aus_overlay *out)
{
  for (int32_t b = 0; b < out->bands; b++) {
    int32_t b0 = 0, b1 = 1;
    double low, high;
    band_edges(g->s, b, &low, &high);
    if (m->bands > 1 && m->hz) bands_in(m->hz, m->bands, low, high, g->s->hz[b], &b0, &b1);
    else if (m->bands == out->bands) { b0 = b; b1 = b + 1; }
    for (int64_t c = 0; c < out->columns; c++) {
      int64_t f0, f1;
      frames_in(g, c, m->hop_s, m->frames, &f0, &f1);
      out->value[b * out->columns + c] = mean_of(m, f0, f1, b0, b1);
    }
  }
  for (int64_t c = 0; c < out->columns; c++) {
    int64_t f0, f1;
    frames_in(g, c, m->hop_s, m->frames, &f0, &f1);
    out->curve[c] = (float)(mean_of(m, f0, f1, 0, m->bands) * m->bands / m->hop_s);
  }
  out->cell_s = m->cell_s;
  out->cell_hz = m->cell_hz;
}

/* ---- tiles, superpixels, stretches ------------------------------------------------------------ */

static double value_of(const aus_target_explanation *t, int32_t i)
{
  const double v = aus_component_value(&t->weight[i]);
  return isfinite(v) ? v : 0;
}

/* Shares the value of component i out over the columns it lasts. */
static void add_to_curve(const grid *g, double v, double t0, double t1, aus_overlay *out)
{
  if (!(t1 > t0)) return;
  for (int64_t c = 0; c < out->columns; c++) {
    const double middle = centre_of(g, c), low = fmax(t0, middle - 0.5 * g->column_s), high = fmin(t1, middle + 0.5 * g->column_s);
    if (high > low) out->curve[c] += (float)(v / (t1 - t0) * (high - low) / g->column_s);
  }
}

static void from_labels(const grid *g, const aus_components *k, const aus_target_explanation *t, aus_overlay *out)
{
  for (int32_t b = 0; b < out->bands; b++) {
    const int64_t bin = llrint(g->s->hz[b] / k->label_bin_hz), at = bin < k->label_bins ? bin : k->label_bins - 1;
    for (int64_t c = 0; c < out->columns; c++) {
      const int64_t f = llrint(centre_of(g, c) / k->label_hop_s), frame = f < 0 ? 0 : f < k->label_frames ? f : k->label_frames - 1;
      const int32_t i = k->label[frame * k->label_bins + at];
      if (i >= 0 && i < k->n) out->value[b * out->columns + c] = (float)value_of(t, i);
    }
  }
}

static void from_places(const grid *g, const aus_explanation *e, const aus_target_explanation *t, aus_overlay *out)
{
  for (int32_t i = 0; i < e->n_components; i++) {
    const aus_place *p = &e->place[i];
    for (int32_t b = 0; b < out->bands; b++) {
      if (p->f1 > p->f0 && (g->s->hz[b] < p->f0 || g->s->hz[b] >= p->f1)) continue;
      for (int64_t c = 0; c < out->columns; c++)
        if (centre_of(g, c) >= p->t0 && centre_of(g, c) < p->t1) out->value[b * out->columns + c] += (float)value_of(t, i);
    }
  }
}

/* Whether any component is less than the whole sound. */
static bool have_places(const aus_explanation *e, const aus_components *k)
{
  const double whole = (double)k->samples / k->rate;
  for (int32_t i = 0; i < e->n_components; i++)
    if (e->place[i].t0 > 1e-3 || (e->place[i].t1 > 0 && e->place[i].t1 < whole - 1e-3)) return true;
  return false;
}

static double peak_of(const float *x, int64_t n)
{
  double peak = 0;
  for (int64_t i = 0; i < n; i++) peak = fmax(peak, fabs((double)x[i]));
  return peak;
}

aus_status aus_overlay_make(aus_ctx *ctx, const aus_report *r, int32_t target, aus_overlay *out)
{
  const aus_target_explanation *t = &r->explanation->target[target];
  const aus_components *k = r->components;
  const aus_spectrogram *s = r->spectrogram;
  *out = (aus_overlay){0};
  const bool map = t->map.frames > 0 && t->map.hop_s > 0, labels = !map && k->label && k->n == r->explanation->n_components;
  if (!s || s->frames < 1 || (!map && !labels && !have_places(r->explanation, k))) return AUS_OK;
  const int64_t group = aus_picture_group(s->frames);
  const grid g = { s, (s->frames + group - 1) / group, (double)group * s->hop_seconds };
  out->bands = s->bands;
  out->columns = g.columns;
  out->value = aus_alloc_zero(ctx, (size_t)s->bands * (size_t)g.columns, sizeof *out->value);
  out->curve = aus_alloc_zero(ctx, (size_t)g.columns, sizeof *out->curve);
  if (!out->value || !out->curve) { aus_overlay_free(ctx, out); return AUS_ENOMEM; }
  if (map) from_map(&g, &t->map, out);
  else if (labels) from_labels(&g, k, t, out);
  else from_places(&g, r->explanation, t, out);
  for (int32_t i = 0; !map && i < r->explanation->n_components; i++)
    add_to_curve(&g, value_of(t, i), r->explanation->place[i].t0, r->explanation->place[i].t1, out);
  out->peak = peak_of(out->value, out->bands * out->columns);
  out->curve_peak = peak_of(out->curve, out->columns);
  return AUS_OK;
}

void aus_overlay_free(aus_ctx *ctx, aus_overlay *o)
{
  aus_free(ctx, o->value);
  aus_free(ctx, o->curve);
  *o = (aus_overlay){0};
}
