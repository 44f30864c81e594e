/* conv_weights.c - the weights' diff of a convolution: a product over pixels.
 *
 *   diff[oc][ic][r][q] = sum_{n,oy,ox} narrow[n][oc][oy][ox] wide[n][ic][oy sh - top + r dh][ox sw - left + q dw]
 *
 * Seen as C = A' B, A [pixels][oc] and B [pixels][(r, q, ic)]. A is narrow turned around; B is never made: turned
 * around into pixels of `lanes` channels each, the padded wide image holds B's row of kernel position (r, q) at a fixed
 * distance, so the tile kernel of the forward pass (simd/kern_conv.h) computes tiles of C with pixels for taps.
 * Where channels do not fill vectors, those of neighbouring pixels lie side by side and q joins them (joint); tall kernels on
 * one channel have the image lie in columns, and r side by side (upright).
 *
 * Pixels come in bands (some items, or rows of one, or a stretch of one row) whose A and B stay in the second cache, and
 * within them in chunks for the first. Each chunk's sum starts at zero and is then added to C: chains stay short,
 * and their order depends on shapes alone, whatever the threads do: threads share out tiles of C. */
#include "nn/ops/conv.h"

#include <string.h>

enum { CHUNK = 256, BAND_FLOATS = 192 << 10, BAND_MOST = 1 << 24 };

typedef struct product {
  aus_ctx *ctx;
  aus_conv c;
  const float *wide, *narrow;
  bool joint, upright;
  int64_t lanes, blocks;                  /* channels of a pixel in B; blocks of them */
  int64_t tile_w, tiles, columns;         /* of a run (r or (r, q, block)) of B's row; all tiles; columns of C of a group */
  int64_t items, ny, nx;                  /* of a whole band */
  int64_t rows, cols, image;              /* of B: image of one item and block */
  int64_t step_y, step_x;                 /* in it */
  int64_t parts;                          /* of the blocks of output channels */
  int32_t *offset;                        /* [pixels of a band] */
  float *a, *b, *sum;
  /* the band at hand */
  int64_t i0, y0, x0, n_items, n_y, n_x;
  bool first;
} product;


/* ---- planning -------------------------------------------------------------------------------------------- */

/* What the tiles of one pixel cost in vectors: run long, cut evenly. */
typedef struct cut { int64_t vectors, width, tiles; } cut;

static cut cut_run(int64_t run, int64_t vw, int64_t most)
{
  const int64_t tiles = ceil_div(run, most * vw), width = ceil_div(ceil_div(run, vw), tiles) * vw;
  return (cut){ ceil_div(run, vw), width, ceil_div(run, width) };
}

/* A vector holds channels, or channels of neighbours along q, or neighbours along r: what fills vectors best. */
static void choose_columns(product *p)
{
  const aus_conv *c = &p->c;
  const int64_t vw = p->ctx->kernels->width, most = p->ctx->kernels->conv.max_nv[c->block];
  const int64_t blocks = ceil_div(c->icg, most * vw), lanes = ceil_div(c->icg, blocks);
  const cut wide = cut_run(c->kw * c->icg, vw, most), tall = cut_run(c->kh, vw, most);
  const int64_t apart = c->kh * c->kw * blocks * ceil_div(lanes, vw), along = c->kh * wide.vectors, up = c->kw * tall.vectors;
  p->joint = c->dw == 1 && along < apart;
  p->upright = c->icg == 1 && c->dh == 1 && up < (p->joint ? along : apart);
  if (p->upright) p->joint = false;
  p->blocks = p->joint ? 1 : blocks;
  p->lanes = p->joint ? c->icg : lanes;
  p->tile_w = p->upright ? tall.width : p->joint ? wide.width : lanes;
  p->tiles = p->upright ? c->kw * tall.tiles : p->joint ? c->kh * wide.tiles : c->kh * c->kw * blocks;
  p->columns = c->kh * c->kw * c->icg;
}

/* Of B for a band of ny rows and nx columns. */
static void size_image(product *p)
{
  p->rows = (p->ny - 1) * p->c.sh + p->c.dh * (p->c.kh - 1) + 1;
  p->cols = (p->nx - 1) * p->c.sw + p->c.dw * (p->c.kw - 1) + 1;
  p->image = p->rows * p->cols * p->lanes;
  p->step_y = p->upright ? 1 : p->cols * p->lanes;
  p->step_x = p->upright ? p->rows : p->lanes;
}

static void choose_bands(product *p)
{
  const aus_conv *c = &p->c;
  const int64_t pixels = at_least(CHUNK, BAND_FLOATS / (c->groups * (c->icg + c->ocg)));
  p->nx = at_most(c->ow, pixels);
  p->ny = at_most(c->oh, at_least(1, pixels / c->ow));
  size_image(p);
  p->items = p->ny < c->oh || p->nx < c->ow ? 1 : at_most(at_least(1, c->mb), at_least(1, pixels / (c->oh * c->ow)));
  p->items = at_least(1, at_most(p->items, BAND_MOST / (p->image * p->blocks * c->groups)));
}

static void plan(aus_ctx *ctx, const aus_conv *c, product *p)
{
  *p = (product){ .ctx = ctx, .c = *c };
  choose_columns(p);
  choose_bands(p);
  const int64_t want = ctx->threads == 1 ? 1 : 8 * (int64_t)ctx->threads;
  p->parts = at_least(1, at_most(ceil_div(want, p->tiles * c->groups), c->blocks));
}

static size_t round_up(size_t floats) { return (floats + 15) / 16 * 16; }
static size_t band_pixels(const product *p) { return (size_t)(p->items * p->ny * p->nx); }
static size_t a_floats(const product *p) { return round_up(band_pixels(p) * (size_t)(p->c.groups * p->c.ocg)); }
static size_t b_floats(const product *p) { return round_up((size_t)(p->c.groups * p->blocks * p->items * p->image)); }
static size_t sum_floats(const product *p) { return round_up((size_t)(p->c.groups * p->c.ocg * p->columns)); }

size_t aus_conv_weights_back_scratch(aus_ctx *ctx, const aus_conv *c)
{
  product p;
  plan(ctx, c, &p);
  return (round_up(band_pixels(&p)) + a_floats(&p) + b_floats(&p) + sum_floats(&p)) * sizeof(float);
}

static void place(product *p, float *scratch)
{
  p->offset = (int32_t *)(void *)scratch;
  p->a = scratch + round_up(band_pixels(p));
  p->b = p->a + a_floats(p);
  p->sum = p->b + b_floats(p);
  for (int64_t i = 0; i < (int64_t)band_pixels(p); i++) {
    const int64_t item = i / (p->ny * p->nx), y = i / p->nx % p->ny, x = i % p->nx;
    p->offset[i] = (int32_t)(item * p->image + y * p->c.sh * p->step_y + x * p->c.sw * p->step_x);
  }
}

/* ---- turning around ---------------------------------------------------------------------------------------- */

static int64_t pixels_now(const product *p) { return p->n_items * p->n_y * p->n_x; }
static float *a_of(const product *p, int64_t g, int32_t b) { return p->a + (g * p->c.ocg + aus_conv_block_start(&p->c, b)) * pixels_now(p); }

/* Unit (group, block, item). Pixels of a band lie together in each plane of narrow. */
static void turn_a(const product *p, int64_t u)
{
  const aus_conv *c = &p->c;
  const int64_t item = u % p->n_items, g = u / p->n_items / c->blocks, n = p->n_y * p->n_x;
  const int32_t b = (int32_t)(u / p->n_items % c->blocks), m = aus_conv_block_size(c, b);
  const int64_t channel = ((p->i0 + item) * c->groups + g) * c->ocg + aus_conv_block_start(c, b);
  p->ctx->kernels->gemm.pack_a(0, m, n, m, p->narrow + channel * c->oh * c->ow + p->y0 * c->ow + p->x0, c->oh * c->ow, a_of(p, g, b) + item * n * m);
}

static int64_t channels_of(const product *p, int64_t block) { return at_most(p->lanes, p->c.icg - block * p->lanes); }

/* Row y of the band's image of one item and block. */
static void turn_row(const product *p, int64_t item, int64_t g, int64_t block, int64_t y, float *dst)
{
  const aus_conv *c = &p->c;
  const int64_t from_y = p->y0 * c->sh - c->pad_top + y, shift = p->x0 * c->sw - c->pad_left; /* column x shows x + shift of wide */
  int64_t from = at_most(at_least(0, -shift), p->cols), to = at_least(from, at_most(p->cols, c->iw - shift));
  if (from_y < 0 || from_y >= c->ih) from = to = 0;
  const int64_t channel = ((p->i0 + item) * c->groups + g) * c->icg + block * p->lanes;
  const int64_t at = (channel * c->ih + from_y) * c->iw + shift;
  if (p->upright) {
    for (int64_t x = 0; x < p->cols; x++) dst[x * p->step_x] = x >= from && x < to ? p->wide[at + x] : 0;
    return;
  }
  memset(dst, 0, (size_t)(from * p->lanes) * sizeof *dst);
  memset(dst + to * p->lanes, 0, (size_t)((p->cols - to) * p->lanes) * sizeof *dst);
  if (from >= to) return;
  p->ctx->kernels->gemm.pack_a(0, channels_of(p, block), to - from, (int32_t)p->lanes, p->wide + at + from, c->ih * c->iw, dst + from * p->lanes);
}

/* Unit (group, block, item): a whole image. */
static void turn_b(const product *p, int64_t u)
{
  const int64_t item = u % p->n_items, block = u / p->n_items % p->blocks, g = u / p->n_items / p->blocks;
  float *to = p->b + ((g * p->blocks + block) * p->items + item) * p->image;
  for (int64_t y = 0; y < p->rows; y++) turn_row(p, item, g, block, y, to + y * p->step_y);
}

/* Units of A, then of B: one parallel region for both. */
static void turn(void *arg, int64_t begin, int64_t end, int worker)
{
  const product *p = arg;
  const int64_t units_a = p->c.groups * p->c.blocks * p->n_items;
  (void)worker;
  for (int64_t u = begin; u < end; u++) {
    if (u < units_a) turn_a(p, u);
    else turn_b(p, u - units_a);
  }
}

/* ---- tiles of C ---------------------------------------------------------------------------------------------- */

/* Columns [start, start + cols) of C in the order (r, q, ic), upright (q, r), and where their first stands in B. */
typedef struct piece { int64_t start, cols, at, block; } piece;

static piece piece_of(const product *p, int64_t tile)
{
  const aus_conv *c = &p->c;
  if (p->joint || p->upright) {
    const int64_t runs = p->upright ? c->kw : c->kh, run = p->columns / runs, per_run = p->tiles / runs, k = tile / per_run, x = tile % per_run * p->tile_w;
    return (piece){ k * run + x, at_most(p->tile_w, run - x), k * (p->upright ? c->dw * p->step_x : c->dh * p->step_y) + x, 0 };
  }
  const int64_t block = tile % p->blocks, q = tile / p->blocks % c->kw, r = tile / p->blocks / c->kw;
  return (piece){ (r * c->kw + q) * c->icg + block * p->lanes, channels_of(p, block), r * c->dh * p->step_y + q * c->dw * p->step_x, block };
}

/* C is kept tile by tile: [group][tile][channel][column of the tile]. */
static float *sum_of(const product *p, int64_t g, const piece *t, int64_t channel)
{
  return p->sum + (g * p->columns + t->start) * p->c.ocg + channel * t->cols;
}

static void add_tile(const product *p, int64_t g, const piece *t, int32_t b, int64_t k0, int64_t k1)
{
  float part[AUS_TILE_MAX_M * AUS_TILE_MAX_NV * 16], *sum = sum_of(p, g, t, aus_conv_block_start(&p->c, b));
  const bool first = p->first && k0 == 0;
  struct aus_conv_tile tile = { .k = k1 - k0, .offset = p->offset + k0, .m = aus_conv_block_size(&p->c, b), .cols = (int32_t)t->cols,
                                .src = p->b + (g * p->blocks + t->block) * p->items * p->image + t->at,
                                .dst = first ? sum : part, .dst_stride = t->cols, .flags = AUS_TILE_RAW };
  tile.weights = a_of(p, g, b) + k0 * tile.m;
  p->ctx->kernels->conv.tile(&tile);
  if (!first) p->ctx->kernels->vec.add(tile.m * t->cols, sum, part, sum);
}

/* Units: (group, tile, part of the channels). B's chunk stays in the first cache for all of them. */
static void multiply(void *arg, int64_t begin, int64_t end, int worker)
{
  const product *p = arg;
  const int64_t n = pixels_now(p), chunks = ceil_div(n, CHUNK), chunk = ceil_div(n, chunks);
  (void)worker;
  for (int64_t u = begin; u < end; u++) {
    const int64_t part = u % p->parts, g = u / p->parts / p->tiles;
    const piece t = piece_of(p, u / p->parts % p->tiles);
    const int32_t b0 = (int32_t)(part * p->c.blocks / p->parts), b1 = (int32_t)((part + 1) * p->c.blocks / p->parts);
    for (int64_t k = 0; k < n; k += chunk)
      for (int32_t b = b0; b < b1; b++) add_tile(p, g, &t, b, k, at_most(k + chunk, n));
  }
}

typedef struct unpack_job { const product *p; float *diff; } unpack_job;

/* Units: output channels of all groups. */
static void unpack(void *arg, int64_t begin, int64_t end, int worker)
{
  const unpack_job *j = arg;
  const product *p = j->p;
  const int64_t icg = p->c.icg, kernel = p->c.kh * p->c.kw;
  (void)worker;
  for (int64_t u = begin; u < end; u++)
    for (int64_t tile = 0; tile < p->tiles; tile++) {
      const piece t = piece_of(p, tile);
      const float *from = sum_of(p, u / p->c.ocg, &t, u % p->c.ocg);
      int64_t ic = t.start % icg, at = t.start / icg;
      if (p->upright)
        for (int64_t i = 0; i < t.cols; i++) j->diff[u * kernel + (t.start + i) % p->c.kh * p->c.kw + (t.start + i) / p->c.kh] = from[i];
      else for (int64_t i = 0; i < t.cols; i++) {
        j->diff[(u * icg + ic) * kernel + at] = from[i];
        if (++ic == icg) ic = 0, at++;
      }
    }
}

static void one_band(product *p)
{
  const aus_conv *c = &p->c;
  const int64_t n = pixels_now(p), work = n * at_least(1, p->tile_w) * ceil_div(c->ocg, p->parts);
  aus_parallel_for(p->ctx, c->groups * p->n_items * (c->blocks + p->blocks), at_least(1, (1 << 14) / (p->n_y * p->n_x * c->block)), turn, p);
  aus_parallel_for(p->ctx, c->groups * p->tiles * p->parts, at_least(1, (1 << 18) / work), multiply, p);
  p->first = false;
}

void aus_conv_weights_back(aus_ctx *ctx, const aus_conv *c, const float *wide, const float *narrow, float *diff, void *scratch)
{
  product p;
  plan(ctx, c, &p);
  place(&p, scratch);
  p.wide = wide;
  p.narrow = narrow;
  p.first = true;
  for (p.i0 = 0; p.i0 < c->mb; p.i0 += p.items)
    for (p.y0 = 0; p.y0 < c->oh; p.y0 += p.ny)
      for (p.x0 = 0; p.x0 < c->ow; p.x0 += p.nx) {
        p.n_items = at_most(p.items, c->mb - p.i0);
        p.n_y = at_most(p.ny, c->oh - p.y0);
        p.n_x = at_most(p.nx, c->ow - p.x0);
        one_band(&p);
      }
  unpack_job j = { &p, diff };
  aus_parallel_for(ctx, c->groups * c->ocg, at_least(1, (1 << 14) / p.columns), unpack, &j);
}
