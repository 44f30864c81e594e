/* conv.c - convolution, 1-D and 2-D: any stride, dilation, groups and padding.
 *
 *   dst[n][oc][oy][ox] = bias[oc] + sum_{ic,r,q} weights[oc][ic][r][q] src[n][ic][oy sh - top + r dh][ox sw - left + q dw]
 *
 * This file describes: shapes, padded image, table of offsets, packed weights. conv_run.c computes. */
#include "nn/ops/conv.h"

#include <string.h>

static int64_t attr(const aus_call *call, int i, int64_t least)
{
  const int64_t v = call->attr[i].i;
  return v == 0 && least == 1 ? 1 : v; /* an absent stride, dilation or group count is 1 */
}

/* Reads the attributes; in 1-D those of the height are ignored. */
static void read_attributes(const aus_call *call, bool one_d, aus_conv *c, int64_t pad_end[2])
{
  c->sh = one_d ? 1 : attr(call, 0, 1);
  c->sw = attr(call, 1, 1);
  c->dh = one_d ? 1 : attr(call, 2, 1);
  c->dw = attr(call, 3, 1);
  c->pad_top = one_d ? 0 : attr(call, 4, 0);
  c->pad_left = attr(call, 5, 0);
  pad_end[0] = one_d ? 0 : attr(call, 6, 0);
  pad_end[1] = attr(call, 7, 0);
  c->groups = attr(call, 8, 1);
}

static aus_status sane(const aus_call *call, const aus_conv *c, const int64_t pad_end[2])
{
  const int64_t limit = 1 << 24;
  if (c->sh < 1 || c->sw < 1 || c->dh < 1 || c->dw < 1 || c->groups < 1 || c->pad_top < 0 || c->pad_left < 0)
    return aus_fail(call->ctx, AUS_EFORMAT, "convolution: strides, dilations and groups must be at least 1, pads at least 0");
  if (c->sh > limit || c->sw > limit || c->dh > limit || c->dw > limit || c->pad_top > limit || c->pad_left > limit ||
      pad_end[0] > limit || pad_end[1] > limit)
    return aus_fail(call->ctx, AUS_ELIMIT, "convolution: a stride, dilation or pad is above %lld", (long long)limit);
  if (c->transposed && c->sh * c->sw > 1 << 12) /* each phase has weights of its own: planning is quadratic in them */
    return aus_fail(call->ctx, AUS_ELIMIT, "transposed convolution: strides of %lld x %lld make more than 4096 phases", (long long)c->sh, (long long)c->sw);
  return AUS_OK;
}

/* Output sizes from input sizes. */
static aus_status read_output(const aus_call *call, bool one_d, const int64_t pad_end[2], aus_conv *c)
{
  if (c->transposed) {
    const int64_t extra_h = one_d ? 0 : call->attr[9].i, extra_w = call->attr[10].i;
    c->oh = (c->ih - 1) * c->sh - c->pad_top - pad_end[0] + c->dh * (c->kh - 1) + 1 + extra_h;
    c->ow = (c->iw - 1) * c->sw - c->pad_left - pad_end[1] + c->dw * (c->kw - 1) + 1 + extra_w;
    if (extra_h < 0 || extra_w < 0 || extra_h > (1 << 24) || extra_w > (1 << 24))
      return aus_fail(call->ctx, AUS_EFORMAT, "transposed convolution: output_pad must not be negative");
  } else {
    const int64_t high = c->ih + c->pad_top + pad_end[0] - c->dh * (c->kh - 1) - 1;
    const int64_t wide = c->iw + c->pad_left + pad_end[1] - c->dw * (c->kw - 1) - 1;
    c->oh = high < 0 ? 0 : high / c->sh + 1;
    c->ow = wide < 0 ? 0 : wide / c->sw + 1;
  }
  if (c->oh < 1 || c->ow < 1)
    return aus_fail(call->ctx, AUS_EFORMAT, "convolution: a kernel of %lld x %lld leaves nothing of an input of %lld x %lld",
                    (long long)c->kh, (long long)c->kw, (long long)c->ih, (long long)c->iw);
  return AUS_OK;
}

/* Where the taps of the transposed op reach from grid rows j: j + (p + pad - r d) / s; returns the least and greatest of that. */
static void reach(int64_t k, int64_t s, int64_t d, int64_t pad, int64_t *least, int64_t *greatest)
{
  *least = 0;
  *greatest = 0;
  for (int64_t r = 0; r < k; r++) {
    const int64_t p = ((r * d - pad) % s + s) % s, c = (p + pad - r * d) / s;
    if (c < *least) *least = c;
    if (c > *greatest) *greatest = c;
  }
}

static void frame_transposed(aus_conv *c)
{
  int64_t low, high;
  c->py = c->sh;
  c->px = c->sw;
  c->gh = (c->oh + c->sh - 1) / c->sh;
  c->gw = (c->ow + c->sw - 1) / c->sw;
  reach(c->kh, c->sh, c->dh, c->pad_top, &low, &high);
  c->top = -low;
  c->rows = c->gh + high - low;
  reach(c->kw, c->sw, c->dw, c->pad_left, &low, &high);
  c->left = -low;
  c->cols = c->gw + high - low;
  c->sort = 1;
}

static void frame_plain(aus_conv *c)
{
  c->py = c->px = 1;
  c->gh = c->oh;
  c->gw = c->ow;
  c->top = c->pad_top;
  c->left = c->pad_left;
  c->rows = (c->oh - 1) * c->sh + c->dh * (c->kh - 1) + 1; /* what is read, which may be less than what there is */
  c->cols = (c->ow - 1) * c->sw + c->dw * (c->kw - 1) + 1;
  c->sort = c->sw;
}

/* A map of one tap per row, unpadded at the sides, is one long row: full vectors whatever the width. */
static void join_rows(const aus_call *call, aus_conv *c)
{
  if (c->transposed || c->kw != 1 || c->sw != 1 || c->sh != 1 || c->cols != c->iw || c->left || c->oh == 1) return;
  if (call->epilogue && call->epilogue->max_w) return;
  c->gw = c->gh * c->iw;
  c->gh = 1;
  c->joined = true;
}

/* Distances in the padded image. Planes of a padded copy are an odd number of cache lines apart, so that
 * the same column of many channels does not fall into one cache set. */
static void frame_memory(aus_conv *c)
{
  c->copied = c->transposed || c->sort > 1 || c->top || c->left || c->rows > c->ih || c->cols > c->iw;
  if (!c->copied && c->icg >= 8 && c->kh * c->kw * c->icg >= 16 && c->ih * c->iw % 1024 == 0) c->copied = true;
  if (!c->copied) {
    c->row = c->iw;
    c->plane = c->ih * c->iw;
    c->sorted = c->iw;
  } else {
    c->sorted = (c->cols + c->sort - 1) / c->sort;
    c->row = c->sorted * c->sort;
    c->plane = (c->rows * c->row + 15) / 16 * 16;
    if (c->plane / 16 % 2 == 0) c->plane += 16;
  }
  c->walk_y = c->transposed ? c->row : c->sh * c->row;
}

static aus_status too_large(const aus_call *call)
{
  return aus_fail(call->ctx, AUS_ELIMIT, "convolution: an image or kernel of more than 2^31 values; use shorter inputs");
}

static aus_status limits(const aus_call *call, const aus_conv *c)
{
  size_t n;
  const bool fits = aus_mul_size((size_t)c->plane, (size_t)(c->icg * c->groups), &n) && n <= INT32_MAX &&
                    aus_mul_size((size_t)(c->icg * c->kh), (size_t)c->kw, &n) && n <= INT32_MAX &&
                    aus_mul_size(n, (size_t)(c->ocg * c->groups), &n) && n <= INT32_MAX;
  return fits ? AUS_OK : too_large(call);
}

static aus_status read_operands(const aus_call *call, bool *one_d, aus_conv *c)
{
  const aus_shape *s = &call->in[0].shape, *w = &call->in[1].shape;
  if ((s->rank != 3 && s->rank != 4) || w->rank != s->rank)
    return aus_fail(call->ctx, AUS_EFORMAT, "convolution: src and weights must both have rank 3 or 4, not %d and %d", s->rank, w->rank);
  for (int32_t i = 0; i < s->rank; i++)
    if (s->dim[i] > INT32_MAX || w->dim[i] > INT32_MAX || (i > 0 && s->dim[i] < 1) || w->dim[i] < 1)
      return aus_fail(call->ctx, AUS_EFORMAT, "convolution: a dimension is empty or above 2^31");
  *one_d = s->rank == 3;
  c->mb = s->dim[0];
  c->ih = *one_d ? 1 : s->dim[2];
  c->iw = s->dim[s->rank - 1];
  c->kh = *one_d ? 1 : w->dim[2];
  c->kw = w->dim[s->rank - 1];
  return AUS_OK;
}

static aus_status read_channels(const aus_call *call, aus_conv *c)
{
  const aus_shape *s = &call->in[0].shape, *w = &call->in[1].shape;
  const int64_t ic = s->dim[1], oc = c->transposed ? w->dim[1] * c->groups : w->dim[0];
  if (ic % c->groups || oc % c->groups || (c->transposed ? w->dim[0] != ic : w->dim[1] != ic / c->groups))
    return aus_fail(call->ctx, AUS_EFORMAT, "convolution: %lld input channels in %lld groups do not fit weights of %lld x %lld",
                    (long long)ic, (long long)c->groups, (long long)w->dim[0], (long long)w->dim[1]);
  c->icg = ic / c->groups;
  c->ocg = oc / c->groups;
  const bool has_bias = call->n_in > 2 && call->in[2].shape.rank > 0;
  if (has_bias && aus_shape_count(&call->in[2].shape) != oc)
    return aus_fail(call->ctx, AUS_EFORMAT, "convolution: bias must have %lld values", (long long)oc);
  return AUS_OK;
}

aus_status aus_conv_describe(const aus_call *call, aus_conv *c)
{
  bool one_d = false;
  int64_t pad_end[2];
  *c = (aus_conv){ .transposed = call->op == AUS_OP_conv_transpose };
  AUS_TRY(read_operands(call, &one_d, c));
  read_attributes(call, one_d, c, pad_end);
  AUS_TRY(sane(call, c, pad_end));
  AUS_TRY(read_channels(call, c));
  AUS_TRY(read_output(call, one_d, pad_end, c));
  if (c->transposed) frame_transposed(c);
  else frame_plain(c);
  const int64_t most = INT32_MAX / 4;
  if (c->rows > most || c->cols > most || c->oh > most || c->ow > most || c->rows * c->cols > most || c->oh * c->ow > most) return too_large(call);
  frame_memory(c);
  AUS_TRY(limits(call, c));
  join_rows(call, c);
  const int32_t max_m = call->ctx->kernels->conv.max_m;
  c->blocks = (int32_t)((c->ocg + max_m - 1) / max_m);
  c->block = (int32_t)((c->ocg + c->blocks - 1) / c->blocks);
  return AUS_OK;
}

aus_status aus_conv_shape(aus_call *call)
{
  aus_conv c;
  if (call->attr[6].i < 0 || call->attr[7].i < 0) /* the adjoint alone has such: what output_pad added is not read (conv_back.c) */
    return aus_fail(call->ctx, AUS_EFORMAT, "convolution: pads must be at least 0");
  AUS_TRY(aus_conv_describe(call, &c));
  const int32_t rank = call->in[0].shape.rank;
  call->out[0].shape = (aus_shape){ .rank = rank, .dim = { c.mb, c.groups * c.ocg, c.oh, c.ow } };
  if (rank == 3) call->out[0].shape.dim[2] = c.ow;
  if (rank == 3) call->out[0].shape.dim[3] = 0;
  return AUS_OK;
}

/* ---- blocks of output channels: sizes differ by at most one, so no tile is mostly empty ------------------ */

static int32_t full_blocks(const aus_conv *c) { return (int32_t)(c->ocg - (int64_t)(c->block - 1) * c->blocks); }
int32_t aus_conv_block_size(const aus_conv *c, int32_t b) { return b < full_blocks(c) ? c->block : c->block - 1; }
int64_t aus_conv_block_start(const aus_conv *c, int32_t b)
{
  const int32_t full = full_blocks(c);
  return (int64_t)b * c->block - (b > full ? b - full : 0);
}

/* ---- taps ------------------------------------------------------------------------------------------------ */

/* Does kernel position r reach phase p? */
static bool reaches(int64_t r, int64_t p, int64_t s, int64_t d, int64_t pad) { return (p + pad - r * d) % s == 0; }

static int64_t count_taps(const aus_conv *c, int64_t k, int64_t p, int64_t s, int64_t d, int64_t pad)
{
  int64_t n = 0;
  if (!c->transposed) return k;
  for (int64_t r = 0; r < k; r++) n += reaches(r, p, s, d, pad);
  return n;
}
int64_t aus_conv_taps_y(const aus_conv *c, int64_t py) { return count_taps(c, c->kh, py, c->sh, c->dh, c->pad_top); }
int64_t aus_conv_taps_x(const aus_conv *c, int64_t px) { return count_taps(c, c->kw, px, c->sw, c->dw, c->pad_left); }

/* Window place i of phase or grid p along one axis, dilation 1. */
static int64_t place_of(const aus_conv *c, int64_t i, int64_t p, int64_t s, int64_t before, int64_t pad, int64_t k)
{
  const int64_t r = c->transposed ? p + pad - s * (i - before) : s * i + p;
  return r >= 0 && r < k ? r : -1;
}
int64_t aus_conv_place_y(const aus_conv *c, int64_t i, int64_t p) { return place_of(c, i, p, c->sh, c->top, c->pad_top, c->kh); }
int64_t aus_conv_place_x(const aus_conv *c, int64_t i, int64_t p) { return place_of(c, i, p, c->sw, c->left, c->pad_left, c->kw); }

int64_t aus_conv_taps_before(const aus_conv *c, int64_t py, int64_t px)
{
  int64_t n = 0, m = 0;
  for (int64_t p = 0; p < py; p++) n += aus_conv_taps_y(c, p);
  for (int64_t p = 0; p < px; p++) m += aus_conv_taps_x(c, p);
  return c->icg * (n * c->kw + aus_conv_taps_y(c, py) * m);
}

/* Visits the taps of grid (py, px) in the order (ic, r, q). */
typedef void (*tap_fn)(const aus_conv *c, int64_t tap, int64_t ic, int64_t r, int64_t q, void *arg);

static int64_t visit_grid(const aus_conv *c, int64_t py, int64_t px, int64_t tap, tap_fn fn, void *arg)
{
  for (int64_t ic = 0; ic < c->icg; ic++)
    for (int64_t r = 0; r < c->kh; r++) {
      if (c->transposed && !reaches(r, py, c->sh, c->dh, c->pad_top)) continue;
      for (int64_t q = 0; q < c->kw; q++)
        if (!c->transposed || reaches(q, px, c->sw, c->dw, c->pad_left)) fn(c, tap++, ic, r, q, arg);
    }
  return tap;
}

typedef struct offset_arg { int32_t *offset; int64_t py, px; } offset_arg;

static void put_offset(const aus_conv *c, int64_t tap, int64_t ic, int64_t r, int64_t q, void *arg)
{
  const offset_arg *a = arg;
  int64_t at = ic * c->plane;
  if (c->transposed) {
    at += ((a->py + c->pad_top - r * c->dh) / c->sh + c->top) * c->row;
    at += (a->px + c->pad_left - q * c->dw) / c->sw + c->left;
  } else {
    at += r * c->dh * c->row + q * c->dw % c->sort * (c->copied ? c->sorted : 1) + q * c->dw / c->sort;
  }
  a->offset[tap] = (int32_t)at;
}

void aus_conv_offsets(const aus_conv *c, int32_t *offset)
{
  int64_t tap = 0;
  for (int64_t py = 0; py < c->py; py++)
    for (int64_t px = 0; px < c->px; px++) {
      offset_arg a = { offset, py, px };
      tap = visit_grid(c, py, px, tap, put_offset, &a);
    }
}

/* ---- weights: [group][grid][block][tap][channel of block] ------------------------------------------------- */

size_t aus_conv_weights_size(const aus_conv *c) { return (size_t)(c->groups * c->ocg * c->icg * c->kh * c->kw) * sizeof(float); }

typedef struct pack_arg { const float *weights; float *packed; int64_t group, first, base; int32_t size; } pack_arg;

static void put_weights(const aus_conv *c, int64_t tap, int64_t ic, int64_t r, int64_t q, void *arg)
{
  const pack_arg *a = arg;
  float *p = a->packed + (tap - a->base) * a->size;
  for (int64_t i = 0; i < a->size; i++) {
    const int64_t oc = a->first + i;
    const int64_t row = c->transposed ? (a->group * c->icg + ic) * c->ocg + oc : (a->group * c->ocg + oc) * c->icg + ic;
    p[i] = a->weights[(row * c->kh + r) * c->kw + q];
  }
}

/* Taps in the order the weights lie in: a block is a matrix turned around, whole (plain) or input channel by input channel. */
static void pack_all_taps(const aus_kernels *kernels, const aus_conv *c, const pack_arg *a)
{
  const int64_t kernel = c->kh * c->kw, taps = c->icg * kernel;
  if (!c->transposed) {
    kernels->gemm.pack_a(0, a->size, taps, a->size, a->weights + (a->group * c->ocg + a->first) * taps, taps, a->packed);
    return;
  }
  for (int64_t ic = 0; ic < c->icg; ic++)
    kernels->gemm.pack_a(0, a->size, kernel, a->size, a->weights + ((a->group * c->icg + ic) * c->ocg + a->first) * kernel, kernel, a->packed + ic * kernel * a->size);
}

typedef struct pack_job { const aus_kernels *kernels; const aus_conv *c; const float *weights; float *packed; } pack_job;

/* Units: (group, grid, block). */
static void pack_units(void *arg, int64_t begin, int64_t end, int worker)
{
  const pack_job *j = arg;
  const aus_conv *c = j->c;
  (void)worker;
  for (int64_t u = begin; u < end; u++) {
    const int32_t b = (int32_t)(u % c->blocks);
    const int64_t px = u / c->blocks % c->px, py = u / c->blocks / c->px % c->py, g = u / c->blocks / c->px / c->py;
    const int64_t before = aus_conv_taps_before(c, py, px), taps = c->icg * aus_conv_taps_y(c, py) * aus_conv_taps_x(c, px), first = aus_conv_block_start(c, b);
    float *to = j->packed + g * c->icg * c->kh * c->kw * c->ocg + before * c->ocg + first * taps;
    const pack_arg a = { j->weights, to, g, first, before, aus_conv_block_size(c, b) };
    if (c->py * c->px == 1) pack_all_taps(j->kernels, c, &a);
    else visit_grid(c, py, px, before, put_weights, (void *)(uintptr_t)&a);
  }
}

void aus_conv_pack_weights(aus_ctx *ctx, const aus_conv *c, const float *weights, float *packed)
{
  pack_job j = { ctx->kernels, c, weights, packed };
  const int64_t each = c->icg * c->kh * c->kw * c->block;
  aus_parallel_for(ctx, c->groups * c->py * c->px * c->blocks, each < 1 << 14 ? (1 << 14) / each : 1, pack_units, &j);
}

/* ---- the padded image --------------------------------------------------------------------------------------- */

/* Row y of the image: columns x of src at x + left, zeros around, sorted by remainder. */
static void copy_row(const aus_kernels *kernels, const aus_conv *c, const float *src, float *dst)
{
  for (int64_t s = 0; s < c->sort; s++) {
    /* column i of this remainder is column x = i sort + s - left of src */
    float *d = dst + s * c->sorted;
    int64_t from = c->left > s ? (c->left - s + c->sort - 1) / c->sort : 0;
    int64_t to = c->iw + c->left > s ? (c->iw + c->left - s + c->sort - 1) / c->sort : 0;
    if (to > c->sorted) to = c->sorted;
    if (from > to) from = to;
    memset(d, 0, (size_t)from * sizeof *d);
    if (c->sort == 1) memcpy(d + from, src + (from - c->left), (size_t)(to - from) * sizeof *d);
    else if (to > from) kernels->conv.take(to - from, c->sort, src + (from * c->sort + s - c->left), d + from);
    memset(d + to, 0, (size_t)(c->sorted - to) * sizeof *d);
  }
}

void aus_conv_copy_plane(const aus_kernels *kernels, const aus_conv *c, const float *src, float *dst)
{
  for (int64_t y = 0; y < c->rows; y++, dst += c->row) {
    const int64_t from = y - c->top;
    if (from < 0 || from >= c->ih) memset(dst, 0, (size_t)c->row * sizeof *dst);
    else copy_row(kernels, c, src + from * c->iw, dst);
  }
}

const aus_op_impl aus_op_impl_conv = {
  .shape = aus_conv_shape, .scratch_size = aus_conv_scratch_size, .prepared_size = aus_conv_prepared_size, .prepared_kind = aus_conv_prepared_kind,
  .prepare = aus_conv_prepare, .forward = aus_conv_forward, .backward_scratch = aus_conv_backward_scratch, .backward = aus_conv_backward,
  .fuses = AUS_FUSE_RELU | AUS_FUSE_LEAKY | AUS_FUSE_ELU | AUS_FUSE_AFFINE | AUS_FUSE_MAX_W,
};
