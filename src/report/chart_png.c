/* chart_png.c - marks as pixels, antialiased by coverage.
 *
 * A rectangle covers each pixel by its exact share; a stroke by how far the pixel's centre is from the line; an area by
 * counting 4 x 4 points. Letters are strokes of the Hershey fonts with round ends, so any size is sharp. */
#include "report/chart.h"
#include "report/png.h"

#include <math.h>
#include <string.h>

static const char *const glyph[96] = {
#include "hershey.inc"
};
enum { CAP = 21, BASE = 9 }; /* height of capitals, and where their baseline lies, in the font's units */

typedef struct raster { int32_t w, h; double scale; uint8_t *rgb; } raster;

static void blend(raster *r, int32_t x, int32_t y, const uint8_t *ink, double a)
{
  if (x < 0 || y < 0 || x >= r->w || y >= r->h || a <= 0) return;
  uint8_t *p = r->rgb + 3 * ((size_t)y * (size_t)r->w + (size_t)x);
  if (a > 1) a = 1;
  for (int c = 0; c < 3; c++) p[c] = (uint8_t)lrint(p[c] + a * (ink[c] - p[c]));
}

static double overlap(double a0, double a1, double b0, double b1) { return fmax(0, fmin(a1, b1) - fmax(a0, b0)); }

static void draw_rect(raster *r, const aus_mark *m)
{
  const double x0 = m->x * r->scale, y0 = m->y * r->scale, x1 = x0 + m->w * r->scale, y1 = y0 + m->h * r->scale;
  for (int32_t y = (int32_t)fmax(0, floor(y0)); y < y1 && y < r->h; y++)
    for (int32_t x = (int32_t)fmax(0, floor(x0)); x < x1 && x < r->w; x++)
      blend(r, x, y, aus_ink_colour[m->ink], m->alpha * overlap(x0, x1, x, x + 1) * overlap(y0, y1, y, y + 1));
}

/* A stroke with round ends, in pixels. A row's pixels are looked at only where the whole line, endless, comes near. */
static void stroke(raster *r, const uint8_t *ink, double alpha, double width, double x0, double y0, double x1, double y1)
{
  const double half = 0.5 * width, dx = x1 - x0, dy = y1 - y0, length2 = dx * dx + dy * dy, reach = half + 1;
  const double aside = dy != 0 ? reach * sqrt(length2) / fabs(dy) + 1 : INFINITY, slope = dy != 0 ? dx / dy : 0;
  for (int32_t y = (int32_t)floor(fmin(y0, y1) - reach); y <= fmax(y0, y1) + reach; y++) {
    const double middle = x0 + (y + 0.5 - y0) * slope, low = fmax(fmin(x0, x1) - reach, middle - aside), high = fmin(fmax(x0, x1) + reach, middle + aside);
    for (int32_t x = (int32_t)floor(low); x <= high; x++) {
      const double px = x + 0.5 - x0, py = y + 0.5 - y0, t = length2 > 0 ? fmax(0, fmin(1, (px * dx + py * dy) / length2)) : 0;
      blend(r, x, y, ink, alpha * fmin(1, half + 0.5 - hypot(px - t * dx, py - t * dy)));
    }
  }
}

static void draw_dot(raster *r, const aus_mark *m)
{
  stroke(r, aus_ink_colour[m->ink], m->alpha, 2 * m->size * r->scale, m->x * r->scale, m->y * r->scale, m->x * r->scale, m->y * r->scale);
}

/* Straight lines along an axis have square ends and exact edges. */
static void draw_line(raster *r, const aus_mark *m)
{
  aus_mark box = *m;
  if (m->h == 0) { box.y -= 0.5 * m->size; box.h = m->size; if (m->w < 0) { box.x += m->w; box.w = -m->w; } draw_rect(r, &box); }
  else if (m->w == 0) { box.x -= 0.5 * m->size; box.w = m->size; if (m->h < 0) { box.y += m->h; box.h = -m->h; } draw_rect(r, &box); }
  else stroke(r, aus_ink_colour[m->ink], m->alpha, m->size * r->scale, m->x * r->scale, m->y * r->scale, (m->x + m->w) * r->scale, (m->y + m->h) * r->scale);
}

/* Whether a point lies inside, by the even-odd rule. */
static bool inside(const aus_mark *m, double x, double y)
{
  bool in = false;
  for (int32_t i = 0, j = m->n - 1; i < m->n; j = i++) {
    const double *a = m->xy + 2 * i, *b = m->xy + 2 * j;
    if ((a[1] > y) != (b[1] > y) && x < (b[0] - a[0]) * (y - a[1]) / (b[1] - a[1]) + a[0]) in = !in;
  }
  return in;
}

static void draw_area(raster *r, const aus_mark *m)
{
  double low[2] = { INFINITY, INFINITY }, high[2] = { -INFINITY, -INFINITY };
  for (int32_t i = 0; i < 2 * m->n; i++) {
    low[i & 1] = fmin(low[i & 1], m->xy[i] * r->scale);
    high[i & 1] = fmax(high[i & 1], m->xy[i] * r->scale);
  }
  for (int32_t y = (int32_t)fmax(0, floor(low[1])); y < high[1] && y < r->h; y++)
    for (int32_t x = (int32_t)fmax(0, floor(low[0])); x < high[0] && x < r->w; x++) {
      int hits = 0;
      for (int k = 0; k < 16; k++) hits += inside(m, (x + (k % 4 + 0.5) / 4) / r->scale, (y + (k / 4 + 0.5) / 4) / r->scale);
      blend(r, x, y, aus_ink_colour[m->ink], hits / 16.0);
    }
}

static void draw_image(raster *r, const aus_mark *m)
{
  const double x0 = m->x * r->scale, y0 = m->y * r->scale, w = m->w * r->scale, h = m->h * r->scale;
  for (int32_t y = (int32_t)fmax(0, rint(y0)); y < rint(y0 + h) && y < r->h; y++)
    for (int32_t x = (int32_t)fmax(0, rint(x0)); x < rint(x0 + w) && x < r->w; x++) {
      const int32_t col = (int32_t)fmin(m->columns - 1, fmax(0, (x + 0.5 - x0) / w * m->columns)), row = (int32_t)fmin(m->rows - 1, fmax(0, (y + 0.5 - y0) / h * m->rows));
      const uint8_t *p = m->rgba + 4 * ((size_t)row * (size_t)m->columns + (size_t)col);
      blend(r, x, y, p, p[3] / 255.0);
    }
}

/* ---- letters ------------------------------------------------------------------------------------- */

/* The glyph for the character at s: letters of Latin-1 without their accents, a few signs by their nearest, else a
 * question mark. *n: its bytes. */
static const char *glyph_at(const char *s, size_t *n)
{
  static const char plain[] = "AAAAAAACEEEEIIIIDNOOOOOxOUUUUYPsaaaaaaaceeeeiiiidnooooo/ouuuuypy";
  const unsigned char *u = (const unsigned char *)s;
  *n = aus_utf8_length(s);
  if (*n == 0) { *n = 1; return glyph['?' - ' ']; }
  if (*n == 1) return glyph[u[0] >= ' ' && u[0] < 0x7f ? u[0] - ' ' : '?' - ' '];
  if (u[0] == 0xc3) return glyph[plain[u[1] & 0x3f] - ' '];
  if (strncmp(s, "\xe2\x88\x92", 3) == 0 || strncmp(s, "\xe2\x80\x93", 3) == 0) return glyph['-' - ' '];
  if (strncmp(s, "\xe2\x80\xa6", 3) == 0) return "MWOWOW RRWRW RUWUW"; /* three dots */
  return glyph['?' - ' '];
}

static double scale_of(double size) { return size * 0.7 / CAP; } /* capitals are 0.7 em high */

double aus_text_width(const char *text, double size)
{
  double width = 0;
  for (size_t n; *text; text += n) {
    const char *g = glyph_at(text, &n);
    width += g[1] - g[0];
  }
  return width * scale_of(size);
}

static void draw_glyph(raster *r, const aus_mark *m, const char *g, double x, double k)
{
  const double baseline = m->y * r->scale, width = fmax(1.05, (m->bold ? 0.125 : 0.085) * m->size * r->scale);
  bool down = false;
  double x0 = 0, y0 = 0;
  for (const char *p = g + 2; p[0] && p[1]; p += 2) {
    if (p[0] == ' ' && p[1] == 'R') { down = false; continue; }
    const double x1 = x + (p[0] - g[0]) * k, y1 = baseline + (p[1] - 'R' - BASE) * k;
    if (down) stroke(r, aus_ink_colour[m->ink], 1, width, x0, y0, x1, y1);
    else if (!p[2] || (p[2] == ' ' && p[3] == 'R')) stroke(r, aus_ink_colour[m->ink], 1, width, x1, y1, x1, y1);
    down = true;
    x0 = x1;
    y0 = y1;
  }
}

static void draw_text(raster *r, const aus_mark *m)
{
  const double k = scale_of(m->size) * r->scale, whole = aus_text_width(m->text, m->size) * r->scale;
  double x = m->x * r->scale - (m->anchor == AUS_ANCHOR_END ? whole : m->anchor == AUS_ANCHOR_MIDDLE ? 0.5 * whole : 0);
  size_t n;
  for (const char *s = m->text; *s; s += n) {
    const char *g = glyph_at(s, &n);
    draw_glyph(r, m, g, x, k);
    x += (g[1] - g[0]) * k;
  }
}

aus_status aus_chart_png(const aus_chart *c, double scale, uint8_t **png, size_t *size)
{
  static const uint8_t paper[3] = { 0xfc, 0xfc, 0xfa };
  static void (*const draw[])(raster *, const aus_mark *) = { draw_rect, draw_line, draw_area, draw_text, draw_image, draw_dot };
  raster r = { .w = (int32_t)ceil(c->width * scale), .h = (int32_t)ceil(c->height * scale), .scale = scale };
  if (c->failed) return AUS_ENOMEM;
  r.rgb = aus_alloc(c->ctx, (size_t)r.w * (size_t)r.h, 3);
  if (!r.rgb) return AUS_ENOMEM;
  for (size_t i = 0; i < (size_t)r.w * (size_t)r.h; i++) memcpy(r.rgb + 3 * i, paper, 3);
  for (int32_t i = 0; i < c->n; i++) draw[c->mark[i].kind](&r, &c->mark[i]);
  const aus_status status = aus_png_encode_rgb(c->ctx, r.w, r.h, r.rgb, png, size);
  aus_free(c->ctx, r.rgb);
  return status;
}
