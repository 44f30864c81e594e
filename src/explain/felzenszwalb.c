/* felzenszwalb.c - regions as trees of a graph over the pixels [Felzenszwalb04].
 *
 * The picture is smoothed a little; edges join the 8 neighbours and cost the difference of their values. Edges are taken in ascending
 * order and join two regions when the edge costs less than min over both of (largest cost inside + scale / size); regions
 * under a least size are joined afterwards. scale counts grey levels of 0 to 255, as in the authors' program.
 * Equal costs are taken in the order of their edges, so the result is the same everywhere. Cost: a sort of 4 h w edges. */
#include "explain/spectral.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

typedef struct edge { double cost; int64_t order; int32_t a, b; } edge;
typedef struct forest { int32_t *parent, *size; double *inside; } forest;

/* ---- smoothing: a Gaussian of 4 sigma on each side, the picture mirrored at its edges ------------ */

static int32_t mirror(int64_t i, int32_t n)
{
  const int64_t period = 2 * (int64_t)n;
  i %= period;
  if (i < 0) i += period;
  return (int32_t)(i < n ? i : period - 1 - i);
}

/* y from x along lines of n values `step` apart; `lines` of them, `next` apart. */
static void smooth(const double *kernel, int32_t radius, int32_t n, int64_t step, int32_t lines, int64_t next, const double *x, double *y)
{
  for (int32_t l = 0; l < lines; l++)
    for (int32_t i = 0; i < n; i++) {
      double sum = 0;
      for (int32_t k = -radius; k <= radius; k++) sum += kernel[abs(k)] * x[l * next + mirror((int64_t)i + k, n) * step];
      y[l * next + i * step] = sum;
    }
}

static void gaussian(double sigma, int32_t radius, double *kernel)
{
  double sum = 0;
  for (int32_t k = 0; k <= radius; k++) {
    kernel[k] = exp(-0.5 * k * k / (sigma * sigma));
    sum += k ? 2 * kernel[k] : kernel[k];
  }
  for (int32_t k = 0; k <= radius; k++) kernel[k] /= sum;
}

/* ---- edges --------------------------------------------------------------------------------------- */

static int by_cost(const void *p, const void *q)
{
  const edge *a = p, *b = q;
  if (a->cost != b->cost) return a->cost < b->cost ? -1 : 1;
  return (a->order > b->order) - (a->order < b->order);
}

static int64_t add_edges(int32_t h, int32_t w, const double *v, edge *e)
{
  static const int dy[4] = { 0, 1, 1, 1 }, dx[4] = { 1, 0, 1, -1 };
  int64_t n = 0;
  for (int k = 0; k < 4; k++)
    for (int32_t y = 0; y + dy[k] < h; y++)
      for (int32_t x = dx[k] < 0; x < w && x + dx[k] < w; x++) {
        const int32_t a = y * w + x, b = (y + dy[k]) * w + x + dx[k];
        e[n] = (edge){ .cost = fabs(v[a] - v[b]), .order = n, .a = a, .b = b };
        n++;
      }
  return n;
}

/* ---- regions --------------------------------------------------------------------------------------- */

static int32_t root(const forest *f, int32_t i)
{
  while (f->parent[i] != i) {
    f->parent[i] = f->parent[f->parent[i]]; /* halve the path */
    i = f->parent[i];
  }
  return i;
}

static void join(forest *f, int32_t a, int32_t b, double cost)
{
  if (f->size[a] < f->size[b]) { const int32_t t = a; a = b; b = t; }
  f->parent[b] = a;
  f->size[a] += f->size[b];
  f->inside[a] = cost;
}

static void grow(forest *f, const edge *e, int64_t n, double scale)
{
  for (int64_t i = 0; i < n; i++) {
    const int32_t a = root(f, e[i].a), b = root(f, e[i].b);
    if (a == b) continue;
    if (e[i].cost < fmin(f->inside[a] + scale / f->size[a], f->inside[b] + scale / f->size[b])) join(f, a, b, e[i].cost);
  }
}

static void join_small(forest *f, const edge *e, int64_t n, int32_t least)
{
  for (int64_t i = 0; i < n; i++) {
    const int32_t a = root(f, e[i].a), b = root(f, e[i].b);
    if (a != b && (f->size[a] < least || f->size[b] < least)) join(f, a, b, e[i].cost);
  }
}

/* Labels in the order in which regions first appear. */
static int32_t number(const forest *f, int32_t pixels, int32_t *label)
{
  int32_t n = 0;
  for (int32_t i = 0; i < pixels; i++) f->size[i] = -1; /* from here on: the label of a root */
  for (int32_t i = 0; i < pixels; i++) {
    int32_t *mine = &f->size[root(f, i)];
    if (*mine < 0) *mine = n++;
    label[i] = *mine;
  }
  return n;
}

aus_status aus_felzenszwalb(aus_ctx *ctx, int32_t h, int32_t w, const double *image, double scale, double sigma,
                            int32_t min_size, int32_t *label, int32_t *n)
{
  const int32_t pixels = h * w, radius = (int32_t)(4 * sigma + 0.5);
  double *kernel = aus_alloc(ctx, (size_t)radius + 1, sizeof *kernel), *v = aus_alloc(ctx, 2 * (size_t)pixels, sizeof *v);
  edge *e = aus_alloc(ctx, 4 * (size_t)pixels, sizeof *e);
  forest f = { .parent = aus_alloc(ctx, (size_t)pixels, sizeof *f.parent), .size = aus_alloc(ctx, (size_t)pixels, sizeof *f.size),
               .inside = aus_alloc_zero(ctx, (size_t)pixels, sizeof *f.inside) };
  const bool ok = kernel && v && e && f.parent && f.size && f.inside;
  if (ok) {
    gaussian(sigma, radius, kernel);
    smooth(kernel, radius, h, w, w, 1, image, v + pixels);
    smooth(kernel, radius, w, 1, h, w, v + pixels, v);
    const int64_t edges = add_edges(h, w, v, e);
    qsort(e, (size_t)edges, sizeof *e, by_cost);
    for (int32_t i = 0; i < pixels; i++) f.parent[i] = i, f.size[i] = 1;
    grow(&f, e, edges, scale / 255);
    join_small(&f, e, edges, min_size);
    *n = number(&f, pixels, label);
  }
  aus_free(ctx, kernel);
  aus_free(ctx, v);
  aus_free(ctx, e);
  aus_free(ctx, f.parent);
  aus_free(ctx, f.size);
  aus_free(ctx, f.inside);
  return ok ? AUS_OK : AUS_ENOMEM;
}
