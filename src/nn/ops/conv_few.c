/* conv_few.c - transposed convolution of stride 2 with few output channels: all four grids in one tile.
 *
 * The last layer of a U-Net (32 channels to 1) reads 17 MB and has nothing to keep in registers: grid by grid the tile of
 * kern_conv.h would load as much as it multiplies, and the image four times. But the grids (conv.h) look at the same 3 x 3 window of
 * the image; taken as channels of one tile, with zeros where a grid has no tap, they share every load:
 *
 *   dst[oc][2 j + py][2 i + px] = sum over (ic, r, q) of weights[(ic, r, q)][(py, px, oc)] image[ic][j + r][i + q]
 *
 * The zeros cost 36 multiply-adds for 25 and change no bit of a finite sum (what is not finite reaches the whole window).
 * No padded image is made of the whole input: rows are copied, channels side by side, into a ring of four, just before they are used. */
#include "nn/ops/conv_few.h"

#include <string.h>

enum { RING = 4, WINDOW = 3, GRIDS = 4, MOST = 8, TASK_ROWS = 16 };

typedef struct few {
  const aus_call *call;
  const aus_kernels *kernels;
  const aus_conv *c;
  int32_t m;                      /* (grid, oc) */
  int64_t taps, cols, row, tile_w; /* of the window, over all channels; of an image row; from row to row; of a tile */
  int64_t parts;                  /* tasks of an item */
  const int32_t *offset;          /* [RING][taps]: where the first row of the window stands in the ring */
  const float *weights;           /* [taps][m] */
  const float *bias, *scale, *shift; /* [m]; NULL: none */
  float *area;                    /* per worker: ring, tile */
  int64_t area_floats;
} few;


bool aus_conv_few_suits(const aus_call *call, const aus_conv *c)
{
  const int64_t m = GRIDS * c->ocg;
  return c->transposed && c->groups == 1 && c->sh == 2 && c->sw == 2 && c->dh == 1 && c->dw == 1 && c->mb > 0 &&
         m <= MOST && m <= call->ctx->kernels->conv.max_m && c->icg >= 4 && c->icg <= 128 && c->kh * c->kw >= 16 &&
         c->rows - c->gh < WINDOW && c->cols - c->gw < WINDOW && c->gw >= 2 * call->ctx->kernels->width;
}

static void plan(const aus_call *call, const aus_conv *c, few *w)
{
  *w = (few){ .call = call, .kernels = call->ctx->kernels, .c = c };
  const int64_t vw = w->kernels->width;
  w->m = (int32_t)(GRIDS * c->ocg);
  w->taps = c->icg * WINDOW * WINDOW;
  w->cols = c->gw + WINDOW - 1;
  w->row = lines(w->cols) + 16;
  const int64_t tiles = ceil_div(ceil_div(c->gw, vw), w->kernels->conv.max_nv[w->m]);
  w->tile_w = ceil_div(ceil_div(c->gw, vw), tiles) * vw;
  w->parts = call->ctx->threads == 1 ? 1 : at_least(1, c->gh / TASK_ROWS);
  w->area_floats = RING * c->icg * w->row + lines(w->m * w->tile_w);
}

static size_t tables_floats(const few *w) { return (size_t)(lines(RING * w->taps) + lines(w->taps * w->m) + 3 * lines(w->m)); }

size_t aus_conv_few_scratch(const aus_call *call, const aus_conv *c)
{
  few w;
  plan(call, c, &w);
  return (tables_floats(&w) + (size_t)call->ctx->threads * (size_t)w.area_floats) * sizeof(float);
}

/* ---- tables ------------------------------------------------------------------------------------------------- */

static void fill_tables(const few *w, int32_t *offset, float *weights)
{
  const aus_conv *c = w->c;
  for (int64_t k = 0; k < w->taps; k++) {
    const int64_t ic = k / (WINDOW * WINDOW), r = k / WINDOW % WINDOW, q = k % WINDOW;
    for (int64_t at = 0; at < RING; at++) offset[at * w->taps + k] = (int32_t)(((at + r) % RING * c->icg + ic) * w->row + q);
    for (int64_t i = 0; i < w->m; i++) {
      const int64_t grid = i / c->ocg, oc = i % c->ocg, y = aus_conv_place_y(c, r, grid / 2), x = aus_conv_place_x(c, q, grid % 2);
      weights[k * w->m + i] = y < 0 || x < 0 ? 0 : w->call->in[1].data[((ic * c->ocg + oc) * c->kh + y) * c->kw + x];
    }
  }
}

/* Values of a channel, once for each grid. */
static const float *repeat(const few *w, const float *from, float *to)
{
  for (int64_t i = 0; from && i < w->m; i++) to[i] = from[i % w->c->ocg];
  return from ? to : NULL;
}

static void place(few *w)
{
  const aus_epilogue *e = w->call->epilogue;
  int32_t *offset = w->call->scratch;
  float *weights = (float *)w->call->scratch + lines(RING * w->taps), *ends = weights + lines(w->taps * w->m);
  fill_tables(w, offset, weights);
  w->offset = offset;
  w->weights = weights;
  w->bias = repeat(w, w->call->n_in > 2 ? w->call->in[2].data : NULL, ends);
  w->scale = repeat(w, e ? e->scale : NULL, ends + lines(w->m));
  w->shift = repeat(w, e && e->scale ? e->shift : NULL, ends + 2 * lines(w->m));
  w->area = ends + 3 * lines(w->m);
}

/* ---- rows -------------------------------------------------------------------------------------------------------- */

/* Row y of the image of an item, all channels, to its place in the ring. */
static void take_row(const few *w, int64_t item, int64_t y, float *ring)
{
  const aus_conv *c = w->c;
  const int64_t from_y = y - c->top, n = at_most(c->iw, w->cols - c->left);
  for (int64_t ic = 0; ic < c->icg; ic++) {
    float *to = ring + (y % RING * c->icg + ic) * w->row;
    if (from_y < 0 || from_y >= c->ih) {
      memset(to, 0, (size_t)w->cols * sizeof *to);
      continue;
    }
    memset(to, 0, (size_t)c->left * sizeof *to);
    memcpy(to + c->left, w->call->in[0].data + ((item * c->icg + ic) * c->ih + from_y) * c->iw, (size_t)n * sizeof *to);
    memset(to + c->left + n, 0, (size_t)(w->cols - c->left - n) * sizeof *to);
  }
}

/* Rows 2 j and 2 j + 1 of dst, columns of the tile at x: neighbours come from grids (py, 0) and (py, 1). */
static void put_tile(const few *w, int64_t item, int64_t j, int64_t x, const float *tile)
{
  const aus_conv *c = w->c;
  const int64_t even = at_most(w->tile_w, (c->ow + 1) / 2 - x), odd = at_most(w->tile_w, c->ow / 2 - x);
  for (int64_t i = 0; i < 2 * c->ocg; i++) {
    const int64_t py = i / c->ocg, oc = i % c->ocg, y = 2 * j + py;
    const float *a = tile + (2 * py * c->ocg + oc) * w->tile_w;
    if (y < c->oh && even > 0) w->kernels->conv.zip(even, at_least(0, odd), a, a + c->ocg * w->tile_w, w->call->out[0].data + ((item * c->ocg + oc) * c->oh + y) * c->ow + 2 * x);
  }
}

static void make_row(const few *w, int64_t item, int64_t j, const float *ring, float *tile)
{
  const aus_epilogue *e = w->call->epilogue;
  struct aus_conv_tile t = { .k = w->taps, .offset = w->offset + j % RING * w->taps, .weights = w->weights, .bias = w->bias, .scale = w->scale, .shift = w->shift,
                             .act = e ? e->act : AUS_TILE_ACT_NONE, .alpha = e ? e->alpha : 0, .flags = e ? 0 : AUS_TILE_RAW, .dst = tile, .dst_stride = w->tile_w, .m = w->m };
  for (int64_t x = 0; x < w->c->gw; x += w->tile_w) {
    t.cols = (int32_t)at_most(w->tile_w, w->c->gw - x);
    t.src = ring + x;
    w->kernels->conv.tile(&t);
    put_tile(w, item, j, x, tile);
  }
}

/* Units: (item, part of its grid rows). */
static void run_parts(void *arg, int64_t begin, int64_t end, int worker)
{
  const few *w = arg;
  float *ring = w->area + worker * w->area_floats, *tile = ring + RING * w->c->icg * w->row;
  for (int64_t u = begin; u < end; u++) {
    const int64_t item = u / w->parts, part = u % w->parts, j0 = part * w->c->gh / w->parts, j1 = (part + 1) * w->c->gh / w->parts;
    for (int64_t y = j0; y < j0 + WINDOW - 1; y++) take_row(w, item, y, ring);
    for (int64_t j = j0; j < j1; j++) {
      take_row(w, item, j + WINDOW - 1, ring);
      make_row(w, item, j, ring, tile);
    }
  }
}

void aus_conv_few_forward(const aus_call *call, const aus_conv *c)
{
  few w;
  plan(call, c, &w);
  place(&w);
  aus_parallel_for(call->ctx, c->mb * w.parts, 1, run_parts, &w);
}
