/* conv_wino.c - convolution by Winograd's F(4x4, 3x3): 36 products for 144 [Winograd80; Lavin16].
 *
 *   dst tile = A' ( sum over k of (G g_k G') . (B' d_k B) ) A          . is value by value, over the 36 points
 *
 * (1) B' d B of every channel and tile, (2) at each of the 36 points a matrix product [n][k] x [k][tile] by the register
 * tile of kern_conv.h, (3) A' m A, bias, activation and affine map, and the way to dst. A block of tiles goes through all
 * three while its values are in the second or third cache. Many blocks: each is a task of one thread. Few: the threads
 * share out each of the three steps. The sums are the same chains over k either way.
 *
 * 3 x 3, stride 1: k is a channel of src, n one of dst. 5 x 5, stride 2: k is a channel in one of four phases (every other
 * row and column; kernels of 3 x 3 or less), four times as many. Transposed 5 x 5, stride 2: n is a channel in one
 * of four grids of dst, which all read the same transformed tile. */
#include "nn/ops/conv_wino.h"

#include "nn/ops/conv_few.h"

#include <string.h>

enum { TILE = AUS_WINO_OUT, POINTS = AUS_WINO_POINTS, CHUNK = 256, /* k at a time: a panel's part stays in the first cache */
       BLOCK_BYTES = 1 << 20, MOST_WEIGHTS = 48 << 20, /* of a layer, transformed, in bytes */
       OUTSIDE = -(1 << 28) };

typedef struct wino {
  const aus_call *call;
  const aus_kernels *kernels;
  const aus_conv *c;
  int64_t s, phases, grids;      /* stride; phases of src, grids of dst: s s or 1 */
  int64_t k, n;                  /* of the matrix products */
  int32_t block, blocks;         /* of n, sizes differ by at most one */
  aus_wino_tiles t;
  int64_t panel, panels, vectors; /* tiles of a panel, panels and vectors of a block of tiles */
  int64_t tile_blocks, chunk;
  int64_t in_point, out_point, weight_point; /* floats from point to point */
  bool apart;                    /* each block of tiles is a task */
  const int32_t *offset;
  const float *weights;
  float *area;
  int64_t area_floats;
  int64_t at;                    /* shared: the block at hand */
} wino;

static size_t round_up(size_t bytes) { return (bytes + 63) / 64 * 64; }


/* ---- choosing ---------------------------------------------------------------------------------------------- */

/* Multiply-adds per tile of a map, and in the same unit what moves data, measured on Zen 5: 500 (B') and 300 (A') per
 * channel; a weight fetched 10, transformed first 20, one of the direct way 5. */
static bool pays(const aus_conv *c, int64_t tiles, int64_t items, bool training)
{
  const double phases = (double)(c->transposed ? 1 : c->sh * c->sw), grids = (double)(c->transposed ? c->sh * c->sw : 1);
  const double k = phases * (double)c->icg, n = grids * (double)c->ocg, each = (double)(tiles * items);
  const double pixels = (double)(c->gh * c->gw) / (double)tiles, weights = (double)(c->icg * c->ocg * c->kh * c->kw);
  const double direct = weights * (pixels + 5 / each);
  const double here = POINTS * k * n * (1 + (training ? 20 : 10) / each) + 500 * k + 300 * n;
  return 1.2 * here < direct && POINTS * k * n * (double)sizeof(float) <= MOST_WEIGHTS;
}

static bool shape_fits(const aus_conv *c)
{
  if (c->groups != 1 || c->dh != 1 || c->dw != 1 || c->sh != c->sw || c->sh > 2 || c->joined || c->mb < 1) return false;
  if (c->sh == 1 ? c->kh != 3 || c->kw != 3 : c->kh < 5 || c->kh > 6 || c->kw < 5 || c->kw > 6) return false;
  return !c->transposed || (c->rows - c->gh <= 2 && c->cols - c->gw <= 2); /* all grids look at the same three rows */
}

bool aus_conv_wino_suits(const aus_call *call, const aus_conv *c)
{
  if (aus_conv_few_suits(call, c) || !shape_fits(c) || (call->epilogue && call->epilogue->max_w)) return false;
  const int64_t tiles = ceil_div(c->gh, TILE) * ceil_div(c->gw, TILE);
  return pays(c, tiles, call->training ? c->mb : 1, call->training);
}

/* ---- planning ----------------------------------------------------------------------------------------------- */

static int32_t full_blocks(const wino *w) { return (int32_t)(w->n - (int64_t)(w->block - 1) * w->blocks); }
static int32_t block_size(const wino *w, int32_t b) { return b < full_blocks(w) ? w->block : w->block - 1; }
static int64_t block_start(const wino *w, int32_t b)
{
  const int32_t full = full_blocks(w);
  return (int64_t)b * w->block - (b > full ? b - full : 0);
}

static void plan_product(wino *w)
{
  const aus_conv *c = w->c;
  w->s = c->sh;
  w->phases = c->transposed ? 1 : w->s * w->s;
  w->grids = c->transposed ? w->s * w->s : 1;
  w->k = w->phases * c->icg;
  w->n = w->grids * c->ocg;
  w->blocks = (int32_t)ceil_div(w->n, w->kernels->conv.max_m);
  w->block = (int32_t)ceil_div(w->n, w->blocks);
  w->chunk = ceil_div(w->k, ceil_div(w->k, CHUNK));
  w->weight_point = odd_lines(w->k * w->n);
}

/* Where rows of tiles nearly fill spots of a quarter vector, lines are loaded whole; otherwise every tile by itself. */
aus_wino_tiles aus_conv_wino_tiles(const aus_kernels *kernels, const aus_conv *c)
{
  const int64_t quarter = kernels->width / 4;
  aus_wino_tiles t = { .th = ceil_div(c->gh, TILE), .tw = ceil_div(c->gw, TILE), .run = 1 };
  if (quarter > 1 && ceil_div(t.tw, quarter) * quarter * 3 <= t.tw * 4) t.run = quarter;
  t.row_spots = ceil_div(t.tw, t.run);
  t.all = c->mb * t.th * t.row_spots * t.run;
  return t;
}

static void plan_blocks(wino *w)
{
  const int64_t threads = w->call->ctx->threads, vw = w->kernels->width;
  w->panel = at_most(w->kernels->conv.max_nv[w->block], at_least(1, ceil_div(w->t.all, vw))) * vw;
  const int64_t all = ceil_div(w->t.all, w->panel), bytes = POINTS * (w->k + w->n) * w->panel * 4;
  w->panels = at_least(1, BLOCK_BYTES / bytes);
  const int64_t weights = POINTS * w->k * w->n * 4; /* beyond the second cache they pass once for many tiles */
  if (weights > BLOCK_BYTES) w->panels = at_least(w->panels, (weights > 16 * BLOCK_BYTES ? 128 : 64) / w->panel);
  w->panels = at_most(w->panels, all);
  w->apart = threads == 1 || ceil_div(all, w->panels) >= 2 * threads;
  w->tile_blocks = ceil_div(all, w->panels);
  w->vectors = w->panels * w->panel / vw;
  w->in_point = odd_lines(w->panels * w->k * w->panel);
  w->out_point = odd_lines(w->panels * w->n * w->panel);
  w->area_floats = POINTS * (w->in_point + w->out_point) + 16;
}

static void plan(const aus_call *call, const aus_conv *c, wino *w)
{
  *w = (wino){ .call = call, .kernels = call->ctx->kernels, .c = c };
  plan_product(w);
  w->t = aus_conv_wino_tiles(w->kernels, c);
  plan_blocks(w);
}

/* ---- weights: [point][block of n][k][n of block] -------------------------------------------------------------------- */

size_t aus_conv_wino_weights_size(const aus_call *call, const aus_conv *c)
{
  wino w = { .call = call, .kernels = call->ctx->kernels, .c = c };
  plan_product(&w);
  return (size_t)(POINTS * w.weight_point) * sizeof(float);
}

/* tap[p][i]: where in the kernel place i of the 3 x 3 window of phase or grid p stands; -1: nowhere. */
static void find_taps(const wino *w, int32_t tap[4][9])
{
  const aus_conv *c = w->c;
  for (int64_t p = 0; p < w->s * w->s; p++)
    for (int64_t i = 0; i < 9; i++) {
      const int64_t r = aus_conv_place_y(c, i / 3, p / w->s), q = aus_conv_place_x(c, i % 3, p % w->s);
      tap[p][i] = r < 0 || q < 0 ? -1 : (int32_t)(r * c->kw + q);
    }
}

/* The kernels between k and channels [n, n + m), a column of g each. */
static void gather(const wino *w, const float *weights, int32_t tap[4][9], int64_t k, int64_t n, int32_t m, float g[9][16])
{
  const aus_conv *c = w->c;
  const int64_t ic = k % c->icg, size = c->kh * c->kw, step = c->transposed ? size : c->icg * size;
  int64_t p = c->transposed ? n / c->ocg : k / c->icg, oc = n % c->ocg;
  for (int32_t i = 0; i < m; i++) {
    const float *kernel = weights + (c->transposed ? ic * c->ocg * size : ic * size) + oc * step;
    for (int t = 0; t < 9; t++) g[t][i] = tap[p][t] < 0 ? 0 : kernel[tap[p][t]];
    if (++oc == c->ocg) oc = 0, p++; /* the next grid; a strided convolution ends here */
  }
}

typedef struct weights_job { const wino *w; const float *weights; float *to; int32_t tap[4][9]; } weights_job;

/* Units: (block of n, chunk of k). */
static void transform_weights(void *arg, int64_t begin, int64_t end, int worker)
{
  weights_job *j = arg;
  const wino *w = j->w;
  const int64_t chunks = ceil_div(w->k, 32);
  float g[9][16] = { { 0 } };
  (void)worker;
  for (int64_t u = begin; u < end; u++) {
    const int32_t b = (int32_t)(u / chunks), m = block_size(w, b);
    const int64_t first = block_start(w, b), from = u % chunks * 32;
    for (int64_t k = from; k < at_most(w->k, from + 32); k++) {
      gather(w, j->weights, j->tap, k, first, m, g);
      w->kernels->wino->weights(m, g[0], w->weight_point, j->to + first * w->k + k * m);
    }
  }
}

static void make_weights(const wino *w, float *to)
{
  weights_job j = { .w = w, .weights = w->call->in[1].data, .to = to };
  find_taps(w, j.tap);
  aus_parallel_for(w->call->ctx, w->blocks * ceil_div(w->k, 32), 4, transform_weights, &j);
}

void aus_conv_wino_prepare(const aus_call *call, const aus_conv *c, void *prepared)
{
  wino w = { .call = call, .kernels = call->ctx->kernels, .c = c };
  plan_product(&w);
  make_weights(&w, prepared);
}

/* ---- memory ----------------------------------------------------------------------------------------------------- */

static size_t offsets_size(const wino *w) { return round_up((size_t)w->chunk * sizeof(int32_t)); }

size_t aus_conv_wino_scratch(const aus_call *call, const aus_conv *c)
{
  wino w;
  plan(call, c, &w);
  const size_t weights = call->prepared ? 0 : round_up((size_t)(POINTS * w.weight_point) * sizeof(float));
  const size_t areas = w.apart ? (size_t)call->ctx->threads : 1;
  return offsets_size(&w) + weights + areas * (size_t)w.area_floats * sizeof(float);
}

static void place(wino *w)
{
  unsigned char *p = w->call->scratch;
  int32_t *offset = (int32_t *)(void *)p;
  for (int32_t i = 0; i < w->chunk; i++) offset[i] = (int32_t)(i * w->panel);
  w->offset = offset;
  p += offsets_size(w);
  w->weights = w->call->prepared;
  if (!w->weights) {
    make_weights(w, (float *)(void *)p);
    w->weights = (const float *)(const void *)p;
    p += round_up((size_t)(POINTS * w->weight_point) * sizeof(float));
  }
  w->area = (float *)(void *)p;
}

/* ---- the three steps on a block of tiles -------------------------------------------------------------------------- */

int32_t aus_conv_wino_spots(const aus_kernels *kernels, const aus_conv *c, const aus_wino_tiles *t, int64_t at, int64_t item, int64_t step, int64_t top,
                            int64_t left, struct aus_wino_spot *spot)
{
  const int64_t count = kernels->width / t->run;
  for (int64_t i = 0; i < count; i++) {
    const int64_t n = at / t->run + i, row = n / t->row_spots;
    spot[i] = (struct aus_wino_spot){ 0, OUTSIDE, 0 };
    if (row >= c->mb * t->th) continue;
    spot[i] = (struct aus_wino_spot){ row / t->th * item, (int32_t)(row % t->th * step - top), (int32_t)(n % t->row_spots * t->run * step - left) };
  }
  return (int32_t)count;
}

/* The tile with which vector v of block b begins. */
static int64_t first_tile(const wino *w, int64_t b, int64_t v) { return (b * w->vectors + v) * w->kernels->width; }

/* Where vector v lies in a block of panels of `rows` rows. */
static int64_t vector_at(const wino *w, int64_t v, int64_t rows)
{
  const int64_t tile = v * w->kernels->width;
  return tile / w->panel * rows * w->panel + tile % w->panel;
}

/* (1) channels [c0, c1) */
static void take(const wino *w, int64_t b, float *in, int64_t c0, int64_t c1)
{
  const aus_conv *c = w->c;
  const int64_t plane = c->ih * c->iw, step = c->transposed ? TILE : w->s * TILE;
  struct aus_wino_spot spot[AUS_WINO_SPOTS];
  for (int64_t v = 0; v < w->vectors; v++) {
    struct aus_wino_input t = { .src = w->call->in[0].data + c0 * plane, .plane = plane, .channels = c1 - c0, .ih = (int32_t)c->ih, .iw = (int32_t)c->iw,
                                .s = c->transposed ? 1 : (int32_t)w->s, .spot = spot, .point = w->in_point, .phase = c->icg * w->panel, .step = w->panel };
    t.spots = aus_conv_wino_spots(w->kernels, c, &w->t, first_tile(w, b, v), c->icg * plane, step, c->top, c->left, spot);
    t.dst = in + vector_at(w, v, w->k) + c0 * w->panel;
    w->kernels->wino->input(&t);
  }
}

/* (2) block nb of n at one point */
static void multiply(const wino *w, int64_t point, int32_t nb, const float *in, float *out)
{
  const int32_t m = block_size(w, nb);
  const int64_t first = block_start(w, nb);
  struct aus_conv_tile t = { .offset = w->offset, .m = m, .cols = (int32_t)w->panel, .dst_stride = w->panel, .from_stride = w->panel, .flags = AUS_TILE_RAW };
  for (int64_t k = 0; k < w->k; k += w->chunk) {
    t.k = at_most(w->chunk, w->k - k);
    t.weights = w->weights + point * w->weight_point + first * w->k + k * m;
    for (int64_t p = 0; p < w->panels; p++) {
      t.src = in + point * w->in_point + (p * w->k + k) * w->panel;
      t.dst = out + point * w->out_point + (p * w->n + first) * w->panel;
      t.from = k ? t.dst : NULL;
      w->kernels->conv.tile(&t);
    }
  }
}

/* (3) channels [c0, c1) */
static void put(const wino *w, int64_t b, const float *out, int64_t c0, int64_t c1)
{
  const aus_conv *c = w->c;
  const int64_t plane = c->oh * c->ow, s = c->transposed ? w->s : 1;
  const aus_epilogue none = { 0 }, *e = w->call->epilogue ? w->call->epilogue : &none;
  const float *bias = w->call->n_in > 2 ? w->call->in[2].data : NULL;
  struct aus_wino_spot spot[AUS_WINO_SPOTS];
  for (int64_t v = 0; v < w->vectors; v++) {
    struct aus_wino_output t = { .point = w->out_point, .grid = c->ocg * w->panel, .step = w->panel, .dst = w->call->out[0].data + c0 * plane, .plane = plane,
                                 .channels = c1 - c0, .oh = (int32_t)c->oh, .ow = (int32_t)c->ow, .s = (int32_t)s, .spot = spot, .act = e->act, .alpha = e->alpha };
    if (bias) t.bias = bias + c0;
    if (e->scale) { t.scale = e->scale + c0; t.shift = e->shift + c0; }
    t.spots = aus_conv_wino_spots(w->kernels, c, &w->t, first_tile(w, b, v), c->ocg * plane, s * TILE, 0, 0, spot);
    t.src = out + vector_at(w, v, w->n) + c0 * w->panel;
    w->kernels->wino->output(&t);
  }
}

/* ---- forward ------------------------------------------------------------------------------------------------------ */

static void run_blocks(void *arg, int64_t begin, int64_t end, int worker)
{
  const wino *w = arg;
  float *in = w->area + worker * w->area_floats, *out = in + POINTS * w->in_point;
  for (int64_t b = begin; b < end; b++) {
    take(w, b, in, 0, w->c->icg);
    for (int64_t p = 0; p < POINTS; p++)
      for (int32_t nb = 0; nb < w->blocks; nb++) multiply(w, p, nb, in, out);
    put(w, b, out, 0, w->c->ocg);
  }
}

static void share_take(void *arg, int64_t begin, int64_t end, int worker)
{
  const wino *w = arg;
  (void)worker;
  take(w, w->at, w->area, begin, end);
}

static void share_multiply(void *arg, int64_t begin, int64_t end, int worker)
{
  const wino *w = arg;
  (void)worker;
  for (int64_t u = begin; u < end; u++) multiply(w, u / w->blocks, (int32_t)(u % w->blocks), w->area, w->area + POINTS * w->in_point);
}

static void share_put(void *arg, int64_t begin, int64_t end, int worker)
{
  const wino *w = arg;
  (void)worker;
  put(w, w->at, w->area + POINTS * w->in_point, begin, end);
}

void aus_conv_wino_forward(const aus_call *call, const aus_conv *c)
{
  wino w;
  plan(call, c, &w);
  place(&w);
  if (w.apart) {
    aus_parallel_for(call->ctx, w.tile_blocks, 1, run_blocks, &w);
    return;
  }
  const int64_t parts = 8 * (int64_t)call->ctx->threads;
  for (w.at = 0; w.at < w.tile_blocks; w.at++) {
    aus_parallel_for(call->ctx, c->icg, at_least(1, c->icg / parts), share_take, &w);
    aus_parallel_for(call->ctx, POINTS * w.blocks, at_least(1, POINTS * w.blocks / parts), share_multiply, &w);
    aus_parallel_for(call->ctx, c->ocg, at_least(1, c->ocg / parts), share_put, &w);
  }
}
