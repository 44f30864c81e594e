/* conv_wino_weights.c - the weights' diff of a 3 x 3 convolution by Winograd: 36 products for 144.
 *
 *   diff[oc][ic] = G' ( sum over tiles of (A dy A')[oc] . (B' d B)[ic] ) G          the adjoint of conv_wino.c in g
 *
 * At each of the 36 points the sum over tiles is a matrix product [oc][tile] x [tile][ic]. Blocks of 128 tiles are transformed
 * (lanes are tiles), turned around point by point (lanes are channels), and multiplied by the register tile of kern_conv.h with tiles
 * for taps. A block's sum starts at zero and is then added, blocks in order: chains are short, and threads share out channels and points,
 * never a sum. */
#include "nn/ops/conv_wino.h"

enum { TILE = AUS_WINO_OUT, POINTS = AUS_WINO_POINTS, BLOCK = 128, MOST_SUMS = 48 << 20 /* bytes */ };

typedef struct sums {
  aus_ctx *ctx;
  const aus_kernels *kernels;
  const aus_conv *c;
  aus_wino_tiles t;
  const float *wide, *narrow;
  int64_t lanes;                          /* input channels of a tile of the product */
  int64_t in_point, out_point, sum_point; /* floats from point to point */
  int32_t *offset;
  float *in, *out, *sum, *area;           /* [point][ic][BLOCK]; [point][oc][BLOCK]; [point][oc][ic]; per worker */
  int64_t area_floats;
  int64_t at;                             /* the block at hand: its first tile */
} sums;


/* Per tile and in multiply-adds, as in conv_wino.c; turning around and adding up included. */
bool aus_conv_wino_weights_suit(const aus_conv *c)
{
  if (c->transposed || c->groups != 1 || c->dh != 1 || c->dw != 1 || c->sh != 1 || c->sw != 1 || c->kh != 3 || c->kw != 3 || c->joined || c->mb < 1) return false;
  const double tiles = (double)(ceil_div(c->gh, TILE) * ceil_div(c->gw, TILE)), k = (double)c->icg, n = (double)c->ocg;
  const double direct = 9 * k * n * (double)(c->gh * c->gw) / tiles;
  const double here = POINTS * k * n * (1.15 + 40 / (tiles * (double)c->mb)) + 1100 * (k + n);
  return 1.2 * here < direct && POINTS * k * n * (double)sizeof(float) <= MOST_SUMS;
}

static void plan(aus_ctx *ctx, const aus_conv *c, sums *w)
{
  *w = (sums){ .ctx = ctx, .kernels = ctx->kernels, .c = c };
  w->t = aus_conv_wino_tiles(w->kernels, c);
  w->lanes = (int64_t)w->kernels->conv.max_nv[c->block] * w->kernels->width;
  w->in_point = odd_lines(c->icg * BLOCK);
  w->out_point = odd_lines(c->ocg * BLOCK);
  w->sum_point = odd_lines(c->icg * c->ocg);
  w->area_floats = lines((ceil_div(c->icg, w->lanes) * w->lanes + c->ocg) * BLOCK);
}

size_t aus_conv_wino_weights_scratch(aus_ctx *ctx, const aus_conv *c)
{
  sums w;
  plan(ctx, c, &w);
  return (size_t)(BLOCK + POINTS * (w.in_point + w.out_point + w.sum_point) + ctx->threads * w.area_floats) * sizeof(float);
}

static void place(sums *w, float *scratch)
{
  w->offset = (int32_t *)(void *)scratch;
  for (int32_t i = 0; i < BLOCK; i++) w->offset[i] = (int32_t)(i * w->lanes);
  w->in = scratch + BLOCK;
  w->out = w->in + POINTS * w->in_point;
  w->sum = w->out + POINTS * w->out_point;
  w->area = w->sum + POINTS * w->sum_point;
}

/* Units: input channels, then output channels. */
static void transform(void *arg, int64_t begin, int64_t end, int worker)
{
  const sums *w = arg;
  const aus_conv *c = w->c;
  struct aus_wino_spot spot[AUS_WINO_SPOTS];
  (void)worker;
  for (int64_t v = 0; v < BLOCK; v += w->kernels->width) {
    if (begin < c->icg) {
      const int64_t plane = c->ih * c->iw;
      struct aus_wino_input t = { .src = w->wide + begin * plane, .plane = plane, .channels = at_most(end, c->icg) - begin, .ih = (int32_t)c->ih, .iw = (int32_t)c->iw,
                                  .s = 1, .spot = spot, .dst = w->in + begin * BLOCK + v, .point = w->in_point, .step = BLOCK };
      t.spots = aus_conv_wino_spots(w->kernels, c, &w->t, w->at + v, c->icg * plane, TILE, c->top, c->left, spot);
      w->kernels->wino->input(&t);
    }
    if (end > c->icg) {
      const int64_t plane = c->oh * c->ow, first = begin < c->icg ? 0 : begin - c->icg;
      struct aus_wino_input t = { .src = w->narrow + first * plane, .plane = plane, .channels = end - c->icg - first, .ih = (int32_t)c->oh, .iw = (int32_t)c->ow,
                                  .s = 1, .spot = spot, .dst = w->out + first * BLOCK + v, .point = w->out_point, .step = BLOCK };
      t.spots = aus_conv_wino_spots(w->kernels, c, &w->t, w->at + v, c->ocg * plane, TILE, 0, 0, spot);
      w->kernels->wino->gradient(&t);
    }
  }
}

/* One tile of the sums at a point: block b of output channels, input channels from i on. */
static void add_tile(const sums *w, int64_t point, int32_t b, int64_t i, const float *dy, const float *d)
{
  float part[AUS_TILE_MAX_M * AUS_TILE_MAX_NV * 16];
  const aus_conv *c = w->c;
  float *sum = w->sum + point * w->sum_point + aus_conv_block_start(c, b) * c->icg + i;
  struct aus_conv_tile t = { .k = BLOCK, .offset = w->offset, .m = aus_conv_block_size(c, b), .cols = (int32_t)at_most(w->lanes, c->icg - i), .weights = dy, .src = d,
                             .dst = w->at ? part : sum, .dst_stride = w->at ? w->lanes : c->icg, .flags = AUS_TILE_RAW };
  w->kernels->conv.tile(&t);
  for (int32_t o = 0; w->at && o < t.m; o++) w->kernels->vec.add(t.cols, sum + o * c->icg, part + o * w->lanes, sum + o * c->icg);
}

/* Units: points. */
static void multiply(void *arg, int64_t begin, int64_t end, int worker)
{
  const sums *w = arg;
  const aus_conv *c = w->c;
  float *d = w->area + worker * w->area_floats, *dy = d + ceil_div(c->icg, w->lanes) * w->lanes * BLOCK;
  for (int64_t p = begin; p < end; p++) {
    w->kernels->gemm.pack_a(0, c->icg, BLOCK, (int32_t)w->lanes, w->in + p * w->in_point, BLOCK, d);
    for (int32_t b = 0; b < c->blocks; b++) {
      const int32_t m = aus_conv_block_size(c, b);
      const int64_t first = aus_conv_block_start(c, b);
      w->kernels->gemm.pack_a(0, m, BLOCK, m, w->out + p * w->out_point + first * BLOCK, BLOCK, dy + first * BLOCK);
    }
    for (int64_t i = 0; i < c->icg; i += w->lanes)
      for (int32_t b = 0; b < c->blocks; b++) add_tile(w, p, b, i, dy + aus_conv_block_start(c, b) * BLOCK, d + i * BLOCK);
  }
}

typedef struct finish_job { const sums *w; float *diff; } finish_job;

/* Units: output channels. */
static void finish(void *arg, int64_t begin, int64_t end, int worker)
{
  const finish_job *j = arg;
  const sums *w = j->w;
  (void)worker;
  for (int64_t o = begin; o < end; o++) w->kernels->wino->kernels(w->c->icg, w->sum + o * w->c->icg, w->sum_point, j->diff + o * w->c->icg * 9);
}

void aus_conv_wino_weights_back(aus_ctx *ctx, const aus_conv *c, const float *wide, const float *narrow, float *diff, void *scratch)
{
  sums w;
  plan(ctx, c, &w);
  place(&w, scratch);
  w.wide = wide;
  w.narrow = narrow;
  for (w.at = 0; w.at < w.t.all; w.at += BLOCK) {
    aus_parallel_for(ctx, c->icg + c->ocg, 8, transform, &w);
    aus_parallel_for(ctx, POINTS, 1, multiply, &w);
  }
  finish_job j = { &w, diff };
  aus_parallel_for(ctx, c->ocg, 4, finish, &j);
}
