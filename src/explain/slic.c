/* slic.c - superpixels by local k-means in (value, place) [Achanta12].
 *
 * Centres start on a grid of step S. A pixel joins the centre, among those within 2 S, that is nearest by
 * D^2 = (dv / m)^2 + (dy^2 + dx^2) / S^2, m the compactness; centres move to their pixels' mean; ten rounds at most. Then pieces
 * that are too small (under half a superpixel) join a neighbour, so every superpixel is connected. Grid, order and
 * limits are scikit-image's, whose labels this reproduces. */
#include "explain/spectral.h"

#include <math.h>
#include <string.h>

enum { ROUNDS = 10 };

typedef struct centre { double y, x, v; } centre;

typedef struct slic {
  int32_t h, w, step_y, step_x, n;
  const double *image;
  double weight, ratio;  /* 1 / S^2, 1 / m */
  centre *c;             /* [n] */
  int64_t *count;        /* [n] */
  double *distance;      /* [h][w] */
  int32_t *nearest;      /* [h][w] */
} slic;

/* First place and step of the grid along both axes: about `wanted` points, square cells unless a side is too short. */
static void lay_grid(slic *s, int32_t wanted, int32_t *start_y, int32_t *start_x)
{
  const double h = s->h, w = s->w;
  double sy = sqrt(h * w / wanted), sx = sy;
  if (h * w <= wanted) {
    *start_y = *start_x = 0;
    s->step_y = s->step_x = 1;
    return;
  }
  const double least = fmin(h, w);
  if (least < sy) { /* one row of cells along the longer side */
    const double along = fmax(h, w) / wanted;
    sy = h <= w ? h : along;
    sx = h <= w ? along : w;
  }
  *start_y = (int32_t)floor(sy / 2);
  *start_x = (int32_t)floor(sx / 2);
  s->step_y = (int32_t)fmax(nearbyint(sy), 1); /* halves to even */
  s->step_x = (int32_t)fmax(nearbyint(sx), 1);
}

static int32_t points(int32_t size, int32_t start, int32_t step) { return start < size ? (size - start + step - 1) / step : 0; }

static void place_centres(slic *s, int32_t start_y, int32_t start_x)
{
  int32_t k = 0;
  for (int32_t y = start_y; y < s->h; y += s->step_y)
    for (int32_t x = start_x; x < s->w; x += s->step_x) s->c[k++] = (centre){ .y = y, .x = x, .v = 0 };
}

/* One round of assignment; false when no pixel found a nearer centre. */
static bool assign(slic *s)
{
  bool change = false;
  for (int64_t i = 0; i < (int64_t)s->h * s->w; i++) s->distance[i] = INFINITY;
  for (int32_t k = 0; k < s->n; k++) {
    const centre c = s->c[k];
    if (!(c.y == c.y)) continue; /* lost all its pixels */
    const int32_t y0 = (int32_t)fmax(c.y - 2 * s->step_y, 0), y1 = (int32_t)fmin(c.y + 2 * s->step_y + 1, s->h);
    const int32_t x0 = (int32_t)fmax(c.x - 2 * s->step_x, 0), x1 = (int32_t)fmin(c.x + 2 * s->step_x + 1, s->w);
    for (int32_t y = y0; y < y1; y++)
      for (int32_t x = x0; x < x1; x++) {
        const int64_t i = (int64_t)y * s->w + x;
        const double dy = c.y - y, dx = c.x - x, dv = s->image[i] * s->ratio - c.v;
        const double d = (dy * dy + dx * dx) * s->weight + dv * dv;
        if (!(s->distance[i] > d)) continue;
        s->distance[i] = d;
        s->nearest[i] = k;
        change = true;
      }
  }
  return change;
}

static void move_centres(slic *s)
{
  memset(s->c, 0, (size_t)s->n * sizeof *s->c);
  memset(s->count, 0, (size_t)s->n * sizeof *s->count);
  for (int32_t y = 0; y < s->h; y++)
    for (int32_t x = 0; x < s->w; x++) {
      const int64_t i = (int64_t)y * s->w + x;
      const int32_t k = s->nearest[i];
      if (k < 0) continue;
      s->count[k]++;
      s->c[k].y += y;
      s->c[k].x += x;
      s->c[k].v += s->image[i] * s->ratio;
    }
  for (int32_t k = 0; k < s->n; k++) {
    const double n = (double)s->count[k];
    s->c[k] = n > 0 ? (centre){ s->c[k].y / n, s->c[k].x / n, s->c[k].v / n } : (centre){ NAN, NAN, NAN };
  }
}

/* ---- connectivity: label from nearest ------------------------------------------------------------- */

typedef struct flood {
  int32_t h, w;
  const int32_t *nearest;
  int32_t *label;     /* -1: not yet */
  int64_t *queue, most;
} flood;

/* Labels the connected piece of pixel i (up to `most` pixels) `mine`; *beside: a label met at its border. */
static int64_t spread(flood *f, int64_t i, int32_t mine, int32_t *beside)
{
  static const int dx[4] = { 1, -1, 0, 0 }, dy[4] = { 0, 0, 1, -1 };
  int64_t n = 1;
  f->label[i] = mine;
  f->queue[0] = i;
  for (int64_t at = 0; at < n && n < f->most; at++)
    for (int k = 0; k < 4; k++) {
      const int64_t y = f->queue[at] / f->w + dy[k], x = f->queue[at] % f->w + dx[k], j = y * f->w + x;
      if (x < 0 || y < 0 || x >= f->w || y >= f->h) continue;
      if (f->label[j] < 0 && f->nearest[j] == f->nearest[i]) {
        f->label[j] = mine;
        f->queue[n++] = j;
        if (n >= f->most) break;
      } else if (f->label[j] >= 0 && f->label[j] != mine) {
        *beside = f->label[j];
      }
    }
  return n;
}

static int32_t connect(flood *f, int64_t least)
{
  int32_t next = 0;
  const int64_t total = (int64_t)f->h * f->w;
  for (int64_t i = 0; i < total; i++) f->label[i] = -1;
  for (int64_t i = 0; i < total; i++) {
    if (f->label[i] >= 0) continue;
    int32_t beside = next;
    const int64_t n = spread(f, i, next, &beside);
    if (n >= least || beside == next) { next++; continue; } /* big enough, or nobody to join */
    for (int64_t k = 0; k < n; k++) f->label[f->queue[k]] = beside;
  }
  return next;
}

static aus_status run(aus_ctx *ctx, slic *s, int32_t *label, int32_t *n)
{
  const double size = (double)s->h * s->w / s->n;
  flood f = { .h = s->h, .w = s->w, .nearest = s->nearest, .label = label, .most = (int64_t)(3 * size) };
  if (f.most < 1) f.most = 1;
  f.queue = aus_alloc(ctx, (size_t)f.most, sizeof *f.queue);
  if (!f.queue) return AUS_ENOMEM;
  for (int64_t i = 0; i < (int64_t)s->h * s->w; i++) s->nearest[i] = -1;
  for (int round = 0; round < ROUNDS && assign(s); round++) move_centres(s);
  *n = connect(&f, (int64_t)(0.5 * size));
  aus_free(ctx, f.queue);
  return AUS_OK;
}

aus_status aus_slic(aus_ctx *ctx, int32_t h, int32_t w, const double *image, int32_t wanted, double compactness, int32_t *label, int32_t *n)
{
  slic s = { .h = h, .w = w, .image = image, .ratio = 1 / compactness };
  int32_t start_y, start_x;
  lay_grid(&s, wanted, &start_y, &start_x);
  const double step = s.step_y > s.step_x ? s.step_y : s.step_x;
  s.weight = 1 / (step * step);
  s.n = points(h, start_y, s.step_y) * points(w, start_x, s.step_x);
  const size_t pixels = (size_t)h * (size_t)w;
  s.c = aus_alloc(ctx, (size_t)s.n, sizeof *s.c);
  s.count = aus_alloc(ctx, (size_t)s.n, sizeof *s.count);
  s.distance = aus_alloc(ctx, pixels, sizeof *s.distance);
  s.nearest = aus_alloc(ctx, pixels, sizeof *s.nearest);
  aus_status status = AUS_ENOMEM;
  int32_t unused_y, unused_x;
  if (s.c && s.count && s.distance && s.nearest) {
    place_centres(&s, start_y, start_x);
    lay_grid(&s, s.n, &unused_y, &unused_x); /* how far a centre looks: by the number there really is */
    status = run(ctx, &s, label, n);
  }
  aus_free(ctx, s.c);
  aus_free(ctx, s.count);
  aus_free(ctx, s.distance);
  aus_free(ctx, s.nearest);
  return status;
}
