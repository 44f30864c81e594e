/* conv_run.c - the engine of conv and conv_transpose: padded copy, then register tiles.
 *
 * Two ways to feed the tile kernel (simd/kern_conv.h), chosen by how much of a vector each would waste:
 *   rows    vectors lie along a row of the map, read in place from the padded image
 *   panels  pixels of small maps, several items together, are gathered into panels [tap][pixel] (an implicit GEMM
 *           whose panel lives in the second cache: the matrix of all patches never exists)
 * An output is one chain of multiply-adds over (ic, kh, kw) in either way, so bits depend on neither
 * the way, nor the tiling, nor the threads. Items go one after another (or in small groups), each shared out over
 * all threads, so that the padded image stays in cache. */
#include "nn/ops/conv.h"
#include "nn/ops/conv_few.h"
#include "nn/ops/conv_wino.h"

#include <string.h>

enum { ROW_TAPS = 288, PANEL_TAPS = 256, PANEL_PIXELS = 256, TASK_WORK = 1 << 19 /* multiply-adds: some microseconds */ };

typedef struct work {
  const aus_call *call;
  const aus_kernels *kernels;
  aus_conv c;
  bool panels;
  int64_t item, group_items, first, items; /* floats of an image; items at a time; those at hand */
  const int32_t *offset;
  const float *weights;
  float *image;
  float *area;                             /* one per worker */
  int64_t area_floats;
  int64_t tile_w, tiles;                   /* rows: width of a tile, tiles of a row */
  int64_t chunk, chunks;                   /* rows: taps that keep image and weights in the first cache, at a time */
  bool heavy;                              /* rows: weights beyond the second cache */
  int64_t units, units_per_task, unit_parts; /* rows: tiles of a grid row set; panels: pixels */
  int64_t block_parts, tasks;
} work;

static size_t round_up(size_t bytes) { return (bytes + 63) / 64 * 64; }

/* Outputs of grid row/column p of n outputs with step s. */
static int64_t grid_size(int64_t n, int64_t p, int64_t s) { return n > p ? (n - p + s - 1) / s : 0; }

static bool max_over_width(const work *w) { return w->call->epilogue && w->call->epilogue->max_w; }

/* ---- choosing ---------------------------------------------------------------------------------------------- */

/* Lanes spent per output row: whole vectors against pixels plus what gathering them costs. */
static bool choose_panels(const work *w)
{
  const aus_conv *c = &w->c;
  const int64_t vw = w->kernels->width, vectors = ceil_div(c->gw, vw);
  if (max_over_width(w) || c->icg * c->kh * c->kw < 8) return false;
  if (c->px > 1 && c->icg * c->kh * c->kw / (c->py * c->px) > 2 * ROW_TAPS && c->ocg > 48) return true; /* rows would re-read the weights */
  const double rows = (double)(vectors * vw) * (double)c->ocg * (vectors == 1 ? 1.1 : 1.0);
  const double panels = (double)c->gw * ((double)c->ocg + 12) + 4.0 * (double)vw;
  return panels < rows;
}

static double multiply_adds(const aus_conv *c, int64_t items)
{
  return (double)items * (double)(c->groups * c->ocg) * (double)(c->gh * c->gw) * (double)(c->icg * c->kh * c->kw);
}

/* How many tasks the work at hand is worth: small ones so that a slowed thread holds nobody up. */
static int64_t wanted_tasks(const work *w, int64_t items)
{
  const double n = multiply_adds(&w->c, items) / TASK_WORK;
  const int64_t most = w->call->ctx->threads == 1 ? 1 : 8 * (int64_t)w->call->ctx->threads;
  return n < 1 ? 1 : n > (double)most ? most : (int64_t)n;
}

static void plan_rows(work *w)
{
  const aus_conv *c = &w->c;
  const int64_t vw = w->kernels->width, vectors = ceil_div(c->gw, vw);
  w->tiles = ceil_div(vectors, w->kernels->conv.max_nv[c->block]);
  w->tile_w = ceil_div(vectors, w->tiles) * vw;
  w->tiles = ceil_div(c->gw, w->tile_w);
  w->units = c->gh * w->tiles;
  const int64_t sets = w->group_items * c->groups * c->py;
  const int64_t parts = ceil_div(wanted_tasks(w, w->group_items), sets);
  const int64_t taps = c->icg * c->kh * c->kw / c->py;
  w->chunks = at_least(1, c->px > 1 || max_over_width(w) ? 1 : ceil_div(taps, ROW_TAPS));
  w->chunk = at_least(1, ceil_div(taps, w->chunks));
  const bool heavy = w->heavy = taps * c->ocg * 4 > 768 << 10; /* weights that do not stay in the second cache are read once */
  w->block_parts = 1;
  w->unit_parts = at_most(parts, w->units);
  if (heavy) {
    w->block_parts = at_most(at_least(parts, ceil_div(taps * c->ocg * 4, 1 << 20)), c->blocks);
    w->unit_parts = at_most(w->units, at_least(ceil_div(parts, w->block_parts), ceil_div(c->icg * c->plane * 4, 1 << 20)));
  }
  w->units_per_task = ceil_div(w->units, w->unit_parts);
  if (max_over_width(w)) w->units_per_task = ceil_div(w->units_per_task, w->tiles) * w->tiles; /* whole rows */
  w->unit_parts = ceil_div(w->units, w->units_per_task);
  w->tasks = sets * w->unit_parts * w->block_parts;
  w->area_floats = c->px > 1 ? 2 * AUS_TILE_MAX_M * w->tile_w : 0;
}

static void plan_panels(work *w)
{
  const aus_conv *c = &w->c;
  w->tile_w = (int64_t)w->kernels->conv.max_nv[c->block] * w->kernels->width;
  w->units = w->group_items * c->gh * c->gw;
  const int64_t tiles = ceil_div(w->units, w->tile_w);
  const int64_t most = at_least(1, PANEL_PIXELS / w->tile_w);
  w->unit_parts = ceil_div(tiles, most);
  const int64_t sets = c->groups * c->py * c->px, want = wanted_tasks(w, w->group_items);
  w->block_parts = at_least(1, at_most(ceil_div(want, sets * w->unit_parts), c->ocg / 48));
  w->block_parts = at_least(w->block_parts, ceil_div(c->ocg, 256));
  w->block_parts = at_most(w->block_parts, c->blocks);
  w->units_per_task = ceil_div(tiles, w->unit_parts) * w->tile_w;
  w->unit_parts = ceil_div(w->units, w->units_per_task);
  w->tasks = sets * w->unit_parts * w->block_parts;
  const int64_t blocks = ceil_div(c->blocks, w->block_parts);
  w->area_floats = PANEL_TAPS * w->units_per_task + PANEL_TAPS + (blocks * c->block + AUS_TILE_MAX_M) * w->units_per_task;
}

static bool plan(const aus_call *call, work *w)
{
  *w = (work){ .call = call, .kernels = call->ctx->kernels };
  if (aus_conv_describe(call, &w->c) != AUS_OK) return false; /* shape has passed: cannot be */
  const aus_conv *c = &w->c;
  w->panels = choose_panels(w);
  w->item = c->groups * c->icg * c->plane;
  const int64_t mb = at_least(1, c->mb);
  if (w->panels) w->group_items = ceil_div(512, c->gh * c->gw);
  else w->group_items = c->copied ? (1 << 18) / w->item : mb;
  w->group_items = at_least(1, at_most(mb, w->group_items));
  if (w->panels) plan_panels(w);
  else plan_rows(w);
  w->area_floats = ceil_div(w->area_floats, 16) * 16 + 16;
  return true;
}

/* ---- memory -------------------------------------------------------------------------------------------------- */

static size_t offsets_size(const aus_conv *c) { return round_up((size_t)(c->icg * c->kh * c->kw) * sizeof(int32_t)); }

size_t aus_conv_prepared_size(const aus_call *call)
{
  aus_conv c;
  if (!call->in[1].data || aus_conv_describe(call, &c) != AUS_OK) return 0;
  return aus_conv_wino_suits(call, &c) ? aus_conv_wino_weights_size(call, &c) : aus_conv_weights_size(&c);
}

/* 0: taps, for the register tile; 1: transformed (conv_wino.c), which maps of some size alone are worth */
int32_t aus_conv_prepared_kind(const aus_call *call)
{
  aus_conv c;
  return aus_conv_describe(call, &c) == AUS_OK && aus_conv_wino_suits(call, &c);
}

void aus_conv_prepare(const aus_call *call, void *prepared)
{
  aus_conv c;
  if (aus_conv_describe(call, &c) != AUS_OK) return;
  if (aus_conv_wino_suits(call, &c)) aus_conv_wino_prepare(call, &c, prepared);
  else aus_conv_pack_weights(call->ctx, &c, call->in[1].data, prepared);
}

static size_t image_size(const work *w) { return w->c.copied ? round_up((size_t)(w->item * w->group_items) * sizeof(float)) : 0; }

size_t aus_conv_scratch_size(const aus_call *call)
{
  work w;
  if (!plan(call, &w)) return SIZE_MAX;
  if (aus_conv_few_suits(call, &w.c)) return aus_conv_few_scratch(call, &w.c);
  if (aus_conv_wino_suits(call, &w.c)) return aus_conv_wino_scratch(call, &w.c);
  const size_t weights = call->prepared ? 0 : round_up(aus_conv_weights_size(&w.c));
  const size_t threads = (size_t)call->ctx->threads;
  return offsets_size(&w.c) + weights + image_size(&w) + threads * (size_t)w.area_floats * sizeof(float);
}

static void place(work *w)
{
  unsigned char *p = w->call->scratch;
  aus_conv_offsets(&w->c, (int32_t *)(void *)p);
  w->offset = (const int32_t *)(const void *)p;
  p += offsets_size(&w->c);
  w->weights = w->call->prepared;
  if (!w->weights) {
    aus_conv_pack_weights(w->call->ctx, &w->c, w->call->in[1].data, (float *)(void *)p);
    w->weights = (const float *)(const void *)p;
    p += round_up(aus_conv_weights_size(&w->c));
  }
  w->image = (float *)(void *)p;
  w->area = (float *)(void *)(p + image_size(w));
}

/* ---- one tile ------------------------------------------------------------------------------------------------- */

typedef struct spot { int64_t g, py, px, taps, before; int32_t b; } spot; /* group, grid, block of channels */

static spot make_spot(const work *w, int64_t g, int64_t py, int64_t px)
{
  const aus_conv *c = &w->c;
  return (spot){ .g = g, .py = py, .px = px, .taps = c->icg * aus_conv_taps_y(c, py) * aus_conv_taps_x(c, px),
                 .before = aus_conv_taps_before(c, py, px) };
}

static const float *image_of(const work *w, int64_t item, int64_t g)
{
  const float *base = w->c.copied ? w->image + item * w->item : w->call->in[0].data + (w->first + item) * w->item;
  return base + g * w->c.icg * w->c.plane;
}

static float *plane_of(const work *w, int64_t item, int64_t channel)
{
  const aus_conv *c = &w->c;
  const int64_t width = max_over_width(w) ? 1 : c->ow;
  return w->call->out[0].data + ((w->first + item) * c->groups * c->ocg + channel) * c->oh * width;
}

/* What a tile of this block knows whatever its place: weights, bias, epilogue. */
static struct aus_conv_tile make_tile(const work *w, const spot *s)
{
  const aus_conv *c = &w->c;
  const int64_t first = aus_conv_block_start(c, s->b), oc = s->g * c->ocg + first;
  const aus_epilogue *e = w->call->epilogue;
  struct aus_conv_tile t = { .k = s->taps, .offset = w->offset + s->before, .m = aus_conv_block_size(c, s->b) };
  t.weights = w->weights + s->g * c->icg * c->kh * c->kw * c->ocg + s->before * c->ocg + first * s->taps;
  if (w->call->n_in > 2 && w->call->in[2].data) t.bias = w->call->in[2].data + oc;
  if (!e) { t.flags = AUS_TILE_RAW; return t; }
  t.act = e->act;
  t.alpha = e->alpha;
  if (e->scale) { t.scale = e->scale + oc; t.shift = e->shift + oc; }
  return t;
}

/* ---- rows -------------------------------------------------------------------------------------------------------- */

/* Taps of chunk k of one tile of grid row j, summed straight in dst. */
static void tile_direct(const work *w, spot s, int64_t item, int64_t j, int64_t xt, int64_t k)
{
  const aus_conv *c = &w->c;
  struct aus_conv_tile t = make_tile(w, &s);
  const int64_t x = xt * w->tile_w, oy = j * c->py + s.py, channel = s.g * c->ocg + aus_conv_block_start(c, s.b);
  t.cols = (int32_t)at_most(w->tile_w, c->gw - x);
  t.src = image_of(w, item, s.g) + j * c->walk_y + x;
  if (max_over_width(w)) {
    t.flags = AUS_TILE_MAX_W | (xt ? AUS_TILE_MAX_MORE : 0);
    t.dst = plane_of(w, item, channel) + oy;
    t.dst_stride = c->oh;
  } else {
    t.dst = plane_of(w, item, channel) + oy * c->ow + x;
    t.dst_stride = c->oh * c->ow;
  }
  if (w->chunks > 1) {
    const int64_t from = k * w->chunk, to = at_most(from + w->chunk, s.taps);
    t.k = to - from;
    t.offset += from;
    t.weights += from * t.m;
    if (k > 0) { t.from = t.dst; t.from_stride = t.dst_stride; }
    if (k + 1 < w->chunks) t.flags = AUS_TILE_RAW;
  }
  w->kernels->conv.tile(&t);
}

/* The same for several grids along the width: each into its own tile, then interleaved. */
static void tile_phases(const work *w, const spot *s, int64_t item, int64_t j, int64_t xt, float *area)
{
  const aus_conv *c = &w->c;
  const int64_t x = xt * w->tile_w, oy = j * c->py + s->py, tile = AUS_TILE_MAX_M * w->tile_w;
  float *dst = plane_of(w, item, s->g * c->ocg + aus_conv_block_start(c, s->b)) + oy * c->ow + x * c->px;
  int32_t cols[2] = { 0, 0 }, m = 0;
  for (int64_t px = 0; px < c->px; px++) {
    spot p = make_spot(w, s->g, s->py, px);
    p.b = s->b;
    struct aus_conv_tile t = make_tile(w, &p);
    const int64_t left = grid_size(c->ow, px, c->px) - x;
    cols[px & 1] = t.cols = (int32_t)at_most(w->tile_w, left);
    m = t.m;
    if (left <= 0) { cols[px & 1] = 0; continue; }
    t.src = image_of(w, item, s->g) + j * c->walk_y + x;
    t.dst = area + (px & 1) * tile;
    t.dst_stride = w->tile_w;
    w->kernels->conv.tile(&t);
    if (c->px != 2)
      for (int32_t i = 0; i < m; i++) w->kernels->conv.put(t.cols, c->px, t.dst + i * w->tile_w, dst + i * c->oh * c->ow + px);
  }
  if (c->px == 2)
    for (int32_t i = 0; i < m; i++)
      w->kernels->conv.zip(cols[0], cols[1], area + i * w->tile_w, area + tile + i * w->tile_w, dst + i * c->oh * c->ow);
}

/* Chunk k of one unit, channel blocks [b0, b1). The image's part stays in the first cache for all of them. */
static void unit(const work *w, const spot *s, int64_t item, int64_t u, int64_t k, int32_t b0, int32_t b1, float *area)
{
  const int64_t j = u / w->tiles, xt = u % w->tiles;
  spot t = *s;
  for (t.b = b0; t.b < b1; t.b++) {
    if (w->c.px > 1) tile_phases(w, &t, item, j, xt, area);
    else tile_direct(w, t, item, j, xt, k);
  }
}

/* Task: (part of channels, item, group, grid row phase, part of units). */
static void rows_task(const work *w, int64_t task, float *area)
{
  const aus_conv *c = &w->c;
  const int64_t part = task % w->unit_parts, py = task / w->unit_parts % c->py, g = task / (w->unit_parts * c->py) % c->groups;
  const int64_t item = task / (w->unit_parts * c->py * c->groups) % w->group_items;
  const int64_t block_part = task / (w->unit_parts * c->py * c->groups * w->group_items);
  const int32_t b0 = (int32_t)(block_part * c->blocks / w->block_parts), b1 = (int32_t)((block_part + 1) * c->blocks / w->block_parts);
  const int64_t rows = grid_size(c->oh, py, c->py), all = c->joined ? w->units : rows * w->tiles;
  const int64_t u0 = part * w->units_per_task, u1 = at_most(u0 + w->units_per_task, all);
  if (item >= w->items) return;
  const spot s = make_spot(w, g, py, 0);
  if (w->heavy) { /* a chunk of the weights serves all units before the next one is fetched */
    for (int64_t k = 0; k < w->chunks; k++)
      for (int64_t u = u0; u < u1; u++) unit(w, &s, item, u, k, b0, b1, area);
  } else {
    for (int64_t u = u0; u < u1; u++)
      for (int64_t k = 0; k < w->chunks; k++) unit(w, &s, item, u, k, b0, b1, area);
  }
}

/* ---- panels --------------------------------------------------------------------------------------------------------- */

typedef struct runs { /* pixels [n, n + cols) of a grid as pieces of rows */
  int32_t n;
  int64_t start[AUS_TILE_MAX_NV * 16]; /* in the images; NV * width is at most 128 */
  int32_t pos[AUS_TILE_MAX_NV * 16], len[AUS_TILE_MAX_NV * 16];
  int64_t item[AUS_TILE_MAX_NV * 16], y[AUS_TILE_MAX_NV * 16], x[AUS_TILE_MAX_NV * 16];
} runs;

static void find_runs(const work *w, int64_t gh, int64_t gw, int64_t n, int64_t cols, runs *r)
{
  r->n = 0;
  for (int64_t pos = 0; pos < cols; r->n++) {
    const int64_t at = n + pos, item = at / (gh * gw), y = at / gw % gh, x = at % gw, len = at_most(gw - x, cols - pos);
    r->start[r->n] = item * w->item + y * w->c.walk_y + x;
    r->pos[r->n] = (int32_t)pos;
    r->len[r->n] = (int32_t)len;
    r->item[r->n] = item;
    r->y[r->n] = y;
    r->x[r->n] = x;
    pos += len;
  }
}

static void scatter(const work *w, const spot *s, const runs *r, int32_t m, const float *tile)
{
  const aus_conv *c = &w->c;
  const int64_t channel = s->g * c->ocg + aus_conv_block_start(c, s->b);
  for (int32_t k = 0; k < r->n; k++)
    for (int32_t i = 0; i < m; i++) {
      float *dst = plane_of(w, r->item[k], channel + i) + (r->y[k] * c->py + s->py) * c->ow + r->x[k] * c->px + s->px;
      const float *src = tile + i * w->tile_w + r->pos[k];
      if (c->px == 1) memcpy(dst, src, (size_t)r->len[k] * sizeof *dst);
      else w->kernels->conv.put(r->len[k], c->px, src, dst);
    }
}

typedef struct panel_task {
  spot s;
  int64_t gh, gw, n0, n1; /* grid; pixels */
  int32_t b0, b1;
  float *panel, *sums;
  int32_t *offset;        /* of a panel: tap k lies at k tile_w */
} panel_task;

/* Taps [k0, k1) of one tile and all channels of the task. */
static void panel_tile(const work *w, const panel_task *p, int64_t n, int64_t k0, int64_t k1)
{
  const aus_conv *c = &w->c;
  const int64_t cols = at_most(w->tile_w, p->n1 - n), pixels = p->gh * p->gw;
  const bool first = k0 == 0, last = k1 == p->s.taps, direct = c->px == 1 && c->py == 1 && n % pixels + cols <= pixels;
  runs r;
  find_runs(w, p->gh, p->gw, n, cols, &r);
  w->kernels->conv.pack(k1 - k0, w->offset + p->s.before + k0, image_of(w, 0, p->s.g), r.n, r.start, r.pos, r.len, w->tile_w, p->panel);
  spot s = p->s;
  for (s.b = p->b0; s.b < p->b1; s.b++) {
    struct aus_conv_tile t = make_tile(w, &s);
    float *sum = p->sums + ((int64_t)(s.b - p->b0) * c->block * ((p->n1 - p->n0 + w->tile_w - 1) / w->tile_w) + (n - p->n0) / w->tile_w * c->block) * w->tile_w;
    t.weights += k0 * t.m;
    t.k = k1 - k0;
    t.offset = p->offset;
    t.src = p->panel;
    t.cols = (int32_t)cols;
    if (!first) { t.from = sum; t.from_stride = w->tile_w; }
    if (!last) t.flags = AUS_TILE_RAW;
    t.dst = last && direct ? plane_of(w, n / pixels, s.g * c->ocg + aus_conv_block_start(c, s.b)) + n % pixels : sum;
    t.dst_stride = last && direct ? c->oh * c->ow : w->tile_w;
    w->kernels->conv.tile(&t);
    if (last && !direct) scatter(w, &s, &r, t.m, sum);
  }
}

static void panels_task(const work *w, int64_t task, float *area)
{
  const aus_conv *c = &w->c;
  const int64_t part = task % w->unit_parts, px = task / w->unit_parts % c->px, py = task / (w->unit_parts * c->px) % c->py;
  const int64_t sets = w->unit_parts * c->px * c->py, g = task / sets % c->groups, block_part = task / (sets * c->groups);
  panel_task p = { .s = make_spot(w, g, py, px), .gh = c->joined ? 1 : grid_size(c->oh, py, c->py), .gw = c->joined ? c->gw : grid_size(c->ow, px, c->px),
                   .b0 = (int32_t)(block_part * c->blocks / w->block_parts), .b1 = (int32_t)((block_part + 1) * c->blocks / w->block_parts) };
  p.n0 = part * w->units_per_task;
  p.n1 = at_most(p.n0 + w->units_per_task, w->items * p.gh * p.gw);
  p.panel = area;
  p.offset = (int32_t *)(void *)(area + PANEL_TAPS * w->units_per_task);
  p.sums = area + PANEL_TAPS * w->units_per_task + PANEL_TAPS;
  for (int32_t i = 0; i < PANEL_TAPS; i++) p.offset[i] = (int32_t)(i * w->tile_w);
  if (p.n0 >= p.n1) return;
  const int64_t chunks = at_least(1, ceil_div(p.s.taps, PANEL_TAPS)), step = at_least(1, ceil_div(p.s.taps, chunks));
  for (int64_t k = 0; k == 0 || k < p.s.taps; k += step)
    for (int64_t n = p.n0; n < p.n1; n += w->tile_w) panel_tile(w, &p, n, k, at_most(k + step, p.s.taps));
}

/* ---- forward ------------------------------------------------------------------------------------------------------------ */

static void run_tasks(void *arg, int64_t begin, int64_t end, int worker)
{
  const work *w = arg;
  float *area = w->area + worker * w->area_floats;
  for (int64_t i = begin; i < end; i++) {
    if (w->panels) panels_task(w, i, area);
    else rows_task(w, i, area);
  }
}

static void copy_planes(void *arg, int64_t begin, int64_t end, int worker)
{
  const work *w = arg;
  const aus_conv *c = &w->c;
  (void)worker;
  for (int64_t i = begin; i < end; i++)
    aus_conv_copy_plane(w->kernels, c, w->call->in[0].data + (w->first * c->groups * c->icg + i) * c->ih * c->iw, w->image + i * c->plane);
}

void aus_conv_forward(const aus_call *call)
{
  work w;
  if (!plan(call, &w)) return;
  if (aus_conv_few_suits(call, &w.c)) {
    aus_conv_few_forward(call, &w.c);
    return;
  }
  if (aus_conv_wino_suits(call, &w.c)) {
    aus_conv_wino_forward(call, &w.c);
    return;
  }
  place(&w);
  const aus_conv *c = &w.c;
  for (w.first = 0; w.first < c->mb; w.first += w.group_items) {
    w.items = at_most(w.group_items, c->mb - w.first);
    if (c->copied) aus_parallel_for(call->ctx, w.items * c->groups * c->icg, at_least(1, (1 << 15) / c->plane), copy_planes, &w);
    aus_parallel_for(call->ctx, w.tasks, 1, run_tasks, &w);
  }
}
