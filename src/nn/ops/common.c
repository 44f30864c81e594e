/* common.c - axis arithmetic and the strided copy that transpose, slice, expand, tile and block ops are made of.
 *
 * The copy merges what is contiguous, then writes the destination in order, one row of the last dim at a time: a plain
 * copy, a fill, or a gather. When the source runs fastest along another dim, rows are taken in tiles of 16 so that
 * each cache line that is fetched is used up (a blocked transpose). */
#include "nn/ops/common.h"

#include <string.h>

aus_status aus_op_axis(const aus_call *call, int32_t axis, int32_t rank, int32_t *out)
{
  const int32_t a = axis < 0 ? axis + rank : axis;
  if (a < 0 || a >= rank) return aus_fail(call->ctx, AUS_EFORMAT, "axis %d of an array of rank %d", (int)axis, (int)rank);
  *out = a;
  return AUS_OK;
}

aus_status aus_op_same_shape(aus_call *call)
{
  call->out[0].shape = call->in[0].shape;
  return AUS_OK;
}

static void zero_block(void *arg, int64_t begin, int64_t end, int worker)
{
  (void)worker;
  memset((float *)arg + begin, 0, (size_t)(end - begin) * sizeof(float));
}

void aus_op_zero(aus_ctx *ctx, int64_t n, float *dst) { aus_parallel_for(ctx, n, 4 * AUS_BLOCK, zero_block, dst); }

void aus_shape_strides(const aus_shape *s, int64_t stride[AUS_MAX_RANK])
{
  int64_t step = 1;
  for (int32_t d = s->rank - 1; d >= 0; d--) {
    stride[d] = step;
    step *= s->dim[d];
  }
}

void aus_view_merge(aus_view *v)
{
  int32_t n = 0;
  for (int32_t d = 0; d < v->rank; d++) {
    if (v->dim[d] == 1) continue;
    if (n && v->stride[n - 1] == v->stride[d] * v->dim[d]) {
      v->dim[n - 1] *= v->dim[d];
      v->stride[n - 1] = v->stride[d];
      continue;
    }
    v->dim[n] = v->dim[d];
    v->stride[n++] = v->stride[d];
  }
  if (n == 0) v->dim[0] = v->stride[0] = n = 1;
  v->rank = n;
}

typedef struct copy { const aus_view *v; const float *src; float *dst; int32_t fast; } copy;

static void copy_row(const float *src, int64_t stride, int64_t n, float *dst)
{
  if (stride == 1) { memcpy(dst, src, (size_t)n * sizeof *dst); return; }
  for (int64_t i = 0; i < n; i++) dst[i] = src[i * stride];
}

/* Source offset of row r: the index over all dims but the last. */
static int64_t row_offset(const aus_view *v, int64_t r)
{
  int64_t at = 0;
  for (int32_t d = v->rank - 2; d >= 0; d--) {
    at += r % v->dim[d] * v->stride[d];
    r /= v->dim[d];
  }
  return at;
}

static void copy_rows(void *arg, int64_t begin, int64_t end, int worker)
{
  const copy *c = arg;
  const int64_t n = c->v->dim[c->v->rank - 1], stride = c->v->stride[c->v->rank - 1];
  (void)worker;
  for (int64_t r = begin; r < end; r++) copy_row(c->src + row_offset(c->v, r), stride, n, c->dst + r * n);
}

static void copy_flat(void *arg, int64_t begin, int64_t end, int worker)
{
  const copy *c = arg;
  (void)worker;
  copy_row(c->src + begin * c->v->stride[0], c->v->stride[0], end - begin, c->dst + begin);
}

enum { TILE = 16 };

/* dst[rows][n], row i from src + i (stride 1 between rows), column j at src + j * stride. */
static void copy_tile(const float *src, int64_t stride, int64_t rows, int64_t n, float *dst, int64_t row_pitch)
{
  for (int64_t j0 = 0; j0 < n; j0 += TILE) {
    const int64_t nj = n - j0 < TILE ? n - j0 : TILE;
    for (int64_t i = 0; i < rows; i++)
      for (int64_t j = 0; j < nj; j++) dst[i * row_pitch + j0 + j] = src[i + (j0 + j) * stride];
  }
}

/* One unit is up to TILE values of the dim along which the source is contiguous, for one index of the other outer dims. */
static void copy_tiles(void *arg, int64_t begin, int64_t end, int worker)
{
  const copy *c = arg;
  const aus_view *v = c->v;
  const int32_t last = v->rank - 1;
  const int64_t n = v->dim[last], fast_n = v->dim[c->fast], tiles = (fast_n + TILE - 1) / TILE;
  (void)worker;
  for (int64_t u = begin; u < end; u++) {
    int64_t outer = u / tiles, src = 0, dst = 0, pitch = n, fast_pitch = 0;
    for (int32_t d = last - 1; d >= 0; pitch *= v->dim[d--]) {
      if (d == c->fast) { fast_pitch = pitch; continue; }
      src += outer % v->dim[d] * v->stride[d];
      dst += outer % v->dim[d] * pitch;
      outer /= v->dim[d];
    }
    const int64_t i = u % tiles * TILE, rows = fast_n - i < TILE ? fast_n - i : TILE;
    copy_tile(c->src + src + i, v->stride[last], rows, n, c->dst + dst + i * fast_pitch, fast_pitch);
  }
}

void aus_view_copy(aus_ctx *ctx, const aus_view *view, const float *src, float *dst)
{
  aus_view v = *view;
  aus_view_merge(&v);
  copy c = { &v, src, dst, -1 };
  int64_t rows = 1;
  for (int32_t d = 0; d < v.rank - 1; d++) {
    rows *= v.dim[d];
    if (v.stride[d] == 1 && v.stride[v.rank - 1] > 1) c.fast = d;
  }
  const int64_t n = v.dim[v.rank - 1];
  if (v.rank == 1) { aus_parallel_for(ctx, n, AUS_BLOCK, copy_flat, &c); return; }
  const int64_t grain = AUS_BLOCK / (n < AUS_BLOCK ? n : AUS_BLOCK);
  if (c.fast < 0) { aus_parallel_for(ctx, rows, grain, copy_rows, &c); return; }
  const int64_t tiles = (v.dim[c.fast] + TILE - 1) / TILE;
  aus_parallel_for(ctx, rows / v.dim[c.fast] * tiles, (grain + TILE - 1) / TILE, copy_tiles, &c);
}

static void spread_rows(void *arg, int64_t begin, int64_t end, int worker)
{
  const copy *c = arg;
  const int64_t n = c->v->dim[c->v->rank - 1], stride = c->v->stride[c->v->rank - 1];
  (void)worker;
  for (int64_t r = begin; r < end; r++) {
    const float *src = c->src + r * n;
    float *dst = c->dst + row_offset(c->v, r);
    if (stride == 1) memcpy(dst, src, (size_t)n * sizeof *dst);
    else for (int64_t i = 0; i < n; i++) dst[i * stride] = src[i];
  }
}

void aus_view_spread(aus_ctx *ctx, const aus_view *view, const float *src, float *dst)
{
  aus_view v = *view;
  aus_view_merge(&v);
  copy c = { &v, src, dst, -1 };
  int64_t rows = 1;
  for (int32_t d = 0; d < v.rank - 1; d++) rows *= v.dim[d];
  const int64_t n = v.dim[v.rank - 1];
  aus_parallel_for(ctx, rows, AUS_BLOCK / (n < AUS_BLOCK ? n : AUS_BLOCK), spread_rows, &c);
}

aus_view aus_view_inverse(const aus_view *v)
{
  int64_t own[AUS_VIEW_DIMS], step = 1;
  for (int32_t d = v->rank - 1; d >= 0; d--) {
    own[d] = step;
    step *= v->dim[d];
  }
  int32_t order[AUS_VIEW_DIMS], n = 0;
  for (int32_t d = 0; d < v->rank; d++) { /* by insertion: the slowest in the source first */
    int32_t at = n++;
    if (v->dim[d] == 1) { n--; continue; }
    for (; at > 0 && v->stride[order[at - 1]] < v->stride[d]; at--) order[at] = order[at - 1];
    order[at] = d;
  }
  aus_view out = { .rank = n };
  for (int32_t i = 0; i < n; i++) {
    out.dim[i] = v->dim[order[i]];
    out.stride[i] = own[order[i]];
  }
  return out;
}
