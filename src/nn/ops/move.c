/* move.c - ops that move values and change none: concat, slice, reshape, transpose, expand, tile,
 * depth_to_space, space_to_depth, identity. Most are one strided view (common.h).
 *
 * Back, diffs move the other way: what was not read gets 0, what was read several times gets the sum. */
#include "nn/ops/sweep.h"

#include <string.h>

/* ---- identity and reshape: mostly aliases, see layout.c ------------------------------- */

typedef struct flat { const float *src; float *dst; } flat;

static void flat_copy(void *arg, int64_t begin, int64_t end, int worker)
{
  const flat *j = arg;
  (void)worker;
  memcpy(j->dst + begin, j->src + begin, (size_t)(end - begin) * sizeof *j->dst);
}

static void copy_all(const aus_call *call)
{
  flat j = { call->in[0].data, call->out[0].data };
  if (j.src != j.dst) aus_parallel_for(call->ctx, aus_shape_count(&call->in[0].shape), 4 * AUS_BLOCK, flat_copy, &j);
}

static void copy_all_back(const aus_back *b)
{
  flat j = { b->diff_dst[0], b->diff_src[0] };
  if (j.dst) aus_parallel_for(b->call->ctx, aus_shape_count(&b->call->in[0].shape), 4 * AUS_BLOCK, flat_copy, &j);
}

const aus_op_impl aus_op_impl_identity = { .shape = aus_op_same_shape, .forward = copy_all, .backward = copy_all_back, .in_place = true };

static aus_status shape_reshape(aus_call *call)
{
  const aus_shape *s = &call->in[0].shape;
  const int64_t count = aus_shape_count(s);
  aus_shape out = { .rank = call->n_attr };
  int32_t infer = -1;
  int64_t known = 1;
  if (call->n_attr > AUS_MAX_RANK) return aus_fail(call->ctx, AUS_EFORMAT, "rank %d; at most %d is handled", (int)call->n_attr, AUS_MAX_RANK);
  for (int32_t d = 0; d < out.rank; d++) {
    const int64_t want = call->attr[d].i;
    if (want == -1 && infer < 0) { infer = d; continue; }
    out.dim[d] = want == 0 && d < s->rank ? s->dim[d] : want;
    if (out.dim[d] < 1 || out.dim[d] > count || known > count) return aus_fail(call->ctx, AUS_EFORMAT, "cannot make dimension %d of size %lld from %lld values", (int)d, (long long)want, (long long)count);
    known *= out.dim[d];
  }
  if (infer >= 0) out.dim[infer] = known <= count && count % known == 0 ? count / known : 0;
  if (infer >= 0 ? out.dim[infer] == 0 : known != count) return aus_fail(call->ctx, AUS_EFORMAT, "%lld values do not fill the shape asked for", (long long)count);
  call->out[0].shape = out;
  return AUS_OK;
}

const aus_op_impl aus_op_impl_reshape = { .shape = shape_reshape, .forward = copy_all, .backward = copy_all_back, .in_place = true };

/* ---- concat ------------------------------------------------------------------------------- */

static int32_t axis_of(const aus_call *call) { return call->attr[0].i < 0 ? call->attr[0].i + call->in[0].shape.rank : call->attr[0].i; }

static aus_status shape_concat(aus_call *call)
{
  int32_t axis;
  char ta[96], tb[96];
  aus_shape out = call->in[0].shape;
  AUS_TRY(aus_op_axis(call, call->attr[0].i, out.rank, &axis));
  for (int32_t k = 1; k < call->n_in; k++) {
    aus_shape s = call->in[k].shape;
    const int64_t n = axis < s.rank ? s.dim[axis] : 0;
    if (axis < s.rank) s.dim[axis] = out.dim[axis];
    if (!aus_shape_equal(&s, &out)) return aus_fail(call->ctx, AUS_EFORMAT, "shapes %s and %s do not match outside axis %d", aus_shape_text(&call->in[0].shape, ta), aus_shape_text(&call->in[k].shape, tb), (int)axis);
    out.dim[axis] += n;
    AUS_TRY(aus_shape_check(call->ctx, &out));
  }
  call->out[0].shape = out;
  return AUS_OK;
}

typedef struct rows { const float *src; float *dst; int64_t n, src_pitch, dst_pitch; } rows;

static void copy_rows(void *arg, int64_t begin, int64_t end, int worker)
{
  const rows *j = arg;
  (void)worker;
  for (int64_t r = begin; r < end; r++) memcpy(j->dst + r * j->dst_pitch, j->src + r * j->src_pitch, (size_t)j->n * sizeof *j->dst);
}

static int64_t grain_for(int64_t n) { return n < AUS_BLOCK ? AUS_BLOCK / n : 1; }

static void forward_concat(const aus_call *call)
{
  const aus_shape *out = &call->out[0].shape;
  const int32_t axis = axis_of(call);
  const int64_t outer = aus_shape_count_range(out, 0, axis), pitch = aus_shape_count_range(out, axis, out->rank);
  float *dst = call->out[0].data;
  for (int32_t k = 0; k < call->n_in; k++) {
    const int64_t n = aus_shape_count_range(&call->in[k].shape, axis, out->rank);
    rows j = { call->in[k].data, dst, n, n, pitch };
    aus_parallel_for(call->ctx, outer, grain_for(n), copy_rows, &j);
    dst += n;
  }
}

static void backward_concat(const aus_back *b)
{
  const aus_shape *out = &b->call->out[0].shape;
  const int32_t axis = axis_of(b->call);
  const int64_t outer = aus_shape_count_range(out, 0, axis), pitch = aus_shape_count_range(out, axis, out->rank);
  const float *diff_dst = b->diff_dst[0];
  for (int32_t k = 0; k < b->call->n_in; k++) {
    const int64_t n = aus_shape_count_range(&b->call->in[k].shape, axis, out->rank);
    rows j = { diff_dst, b->diff_src[k], n, pitch, n };
    if (j.dst) aus_parallel_for(b->call->ctx, outer, grain_for(n), copy_rows, &j);
    diff_dst += n;
  }
}

const aus_op_impl aus_op_impl_concat = { .shape = shape_concat, .forward = forward_concat, .backward = backward_concat };

/* ---- slice: triples (start, end, step), clamped as numpy does --------------------------------- */

static int64_t clamp(int64_t x, int64_t low, int64_t high) { return x < low ? low : x > high ? high : x; }

/* First index and number of entries along axis d. */
static void slice_axis(const aus_call *call, int32_t d, int64_t *first, int64_t *n, int64_t *step)
{
  const int64_t dim = call->in[0].shape.dim[d];
  *first = 0; *n = dim; *step = 1;
  if (3 * d + 2 >= call->n_attr) return; /* later axes whole */
  int64_t start = call->attr[3 * d].i, end = call->attr[3 * d + 1].i;
  *step = call->attr[3 * d + 2].i;
  if (start < 0) start += dim;
  if (end < 0 && end != INT32_MIN) end += dim;
  if (*step > 0) {
    start = clamp(start, 0, dim); end = clamp(end, 0, dim);
    *n = end > start ? (end - start + *step - 1) / *step : 0;
  } else {
    start = clamp(start, -1, dim - 1); end = clamp(end, -1, dim - 1);
    *n = start > end ? (start - end - *step - 1) / -*step : 0;
  }
  *first = start;
}

static aus_status shape_slice(aus_call *call)
{
  aus_shape out = { .rank = call->in[0].shape.rank };
  if (call->n_attr % 3 || call->n_attr > 3 * out.rank) return aus_fail(call->ctx, AUS_EFORMAT, "%d words for an array of rank %d", (int)call->n_attr, (int)out.rank);
  for (int32_t d = 0; d < out.rank; d++) {
    int64_t first, step;
    if (3 * d < call->n_attr && call->attr[3 * d + 2].i == 0) return aus_fail(call->ctx, AUS_EFORMAT, "the step of axis %d is 0", (int)d);
    slice_axis(call, d, &first, &out.dim[d], &step);
  }
  call->out[0].shape = out;
  return AUS_OK;
}

/* The view of src, and where it begins. */
static aus_view slice_view(const aus_call *call, int64_t *at)
{
  const aus_shape *out = &call->out[0].shape;
  aus_view v = { .rank = out->rank };
  int64_t stride[AUS_MAX_RANK];
  aus_shape_strides(&call->in[0].shape, stride);
  *at = 0;
  for (int32_t d = 0; d < out->rank; d++) {
    int64_t first, step;
    slice_axis(call, d, &first, &v.dim[d], &step);
    v.stride[d] = stride[d] * step;
    *at += stride[d] * first;
  }
  return v;
}

static void forward_slice(const aus_call *call)
{
  int64_t at;
  const aus_view v = slice_view(call, &at);
  aus_view_copy(call->ctx, &v, call->in[0].data + at, call->out[0].data);
}

static void backward_slice(const aus_back *b)
{
  int64_t at;
  const aus_view v = slice_view(b->call, &at);
  if (!b->diff_src[0]) return;
  aus_op_zero(b->call->ctx, aus_shape_count(&b->call->in[0].shape), b->diff_src[0]);
  aus_view_spread(b->call->ctx, &v, b->diff_dst[0], b->diff_src[0] + at);
}

const aus_op_impl aus_op_impl_slice = { .shape = shape_slice, .forward = forward_slice, .backward = backward_slice };

/* ---- transpose ------------------------------------------------------------------------------------ */

static aus_status shape_transpose(aus_call *call)
{
  const aus_shape *s = &call->in[0].shape;
  uint32_t seen = 0;
  call->out[0].shape.rank = s->rank;
  for (int32_t d = 0; d < s->rank; d++) {
    const int32_t from = call->n_attr == s->rank ? call->attr[d].i : -1;
    if (from < 0 || from >= s->rank || (seen >> from & 1)) return aus_fail(call->ctx, AUS_EFORMAT, "the attribute is no permutation of %d axes", (int)s->rank);
    seen |= 1u << from;
    call->out[0].shape.dim[d] = s->dim[from];
  }
  return call->n_attr == s->rank ? AUS_OK : aus_fail(call->ctx, AUS_EFORMAT, "the attribute is no permutation of %d axes", (int)s->rank);
}

static aus_view transpose_view(const aus_call *call)
{
  const aus_shape *s = &call->in[0].shape;
  int64_t stride[AUS_MAX_RANK];
  aus_view v = { .rank = s->rank };
  aus_shape_strides(s, stride);
  for (int32_t d = 0; d < s->rank; d++) {
    v.dim[d] = s->dim[call->attr[d].i];
    v.stride[d] = stride[call->attr[d].i];
  }
  return v;
}

/* Ops whose view reads every element once. */
static void copy_view(const aus_call *call, aus_view v) { aus_view_copy(call->ctx, &v, call->in[0].data, call->out[0].data); }

static void copy_view_back(const aus_back *b, aus_view v)
{
  v = aus_view_inverse(&v);
  if (b->diff_src[0]) aus_view_copy(b->call->ctx, &v, b->diff_dst[0], b->diff_src[0]);
}

#define VIEW_OP(name, shape_fn)                                                                              \
  static void forward_##name(const aus_call *call) { copy_view(call, name##_view(call)); }                   \
  static void backward_##name(const aus_back *b) { copy_view_back(b, name##_view(b->call)); }                \
  const aus_op_impl aus_op_impl_##name = { .shape = shape_fn, .forward = forward_##name, .backward = backward_##name };

VIEW_OP(transpose, shape_transpose)

/* ---- expand and tile: dims that repeat have stride 0 -------------------------------------------------- */

static aus_status shape_expand(aus_call *call)
{
  aus_shape want = { .rank = call->n_attr };
  if (call->n_attr > AUS_MAX_RANK) return aus_fail(call->ctx, AUS_EFORMAT, "rank %d; at most %d is handled", (int)call->n_attr, AUS_MAX_RANK);
  for (int32_t d = 0; d < want.rank; d++) {
    want.dim[d] = call->attr[d].i == -1 ? 1 : call->attr[d].i;
    if (want.dim[d] < 1) return aus_fail(call->ctx, AUS_EFORMAT, "dimension %d is %d", (int)d, (int)call->attr[d].i);
  }
  return aus_shape_broadcast(call->ctx, &call->in[0].shape, &want, &call->out[0].shape);
}

static aus_view expand_view(const aus_call *call)
{
  const aus_shape *out = &call->out[0].shape;
  aus_view v = { .rank = out->rank };
  memcpy(v.dim, out->dim, sizeof out->dim);
  aus_broadcast_strides(&call->in[0].shape, out, v.stride);
  return v;
}

/* Ops whose view repeats: the sum over the dims of stride 0. */
static void sum_view_back(const aus_back *b, aus_view v)
{
  if (!b->diff_src[0]) return;
  aus_sweep w = { .vec = &b->call->ctx->kernels->vec, .n = 2, .rank = v.rank, .src = { b->diff_dst[0], b->diff_src[0] } };
  int64_t step = 1;
  memcpy(w.dim, v.dim, sizeof w.dim);
  memcpy(w.stride[1], v.stride, sizeof v.stride);
  for (int32_t d = v.rank - 1; d >= 0; step *= v.dim[d--]) w.stride[0][d] = step;
  aus_sweep_sum(b->call->ctx, &w, aus_row_first, 1, b->diff_src[0]);
}

#define REPEAT_OP(name)                                                                                      \
  static void forward_##name(const aus_call *call) { copy_view(call, name##_view(call)); }                   \
  static void backward_##name(const aus_back *b) { sum_view_back(b, name##_view(b->call)); }                 \
  const aus_op_impl aus_op_impl_##name = { .shape = shape_##name, .forward = forward_##name, .backward = backward_##name };

REPEAT_OP(expand)

static aus_status shape_tile(aus_call *call)
{
  const aus_shape *s = &call->in[0].shape;
  if (call->n_attr != s->rank) return aus_fail(call->ctx, AUS_EFORMAT, "%d repeats for an array of rank %d", (int)call->n_attr, (int)s->rank);
  call->out[0].shape.rank = s->rank;
  for (int32_t d = 0; d < s->rank; d++) call->out[0].shape.dim[d] = call->attr[d].i < 1 ? 0 : s->dim[d] * call->attr[d].i;
  return AUS_OK;
}

static aus_view tile_view(const aus_call *call)
{
  const aus_shape *s = &call->in[0].shape;
  int64_t stride[AUS_MAX_RANK];
  aus_view v = { .rank = 2 * s->rank };
  aus_shape_strides(s, stride);
  for (int32_t d = 0; d < s->rank; d++) {
    v.dim[2 * d] = call->attr[d].i;
    v.dim[2 * d + 1] = s->dim[d];
    v.stride[2 * d + 1] = stride[d];
  }
  return v;
}

REPEAT_OP(tile)

/* ---- blocks ----------------------------------------------------------------------------------------------- */

static aus_status check_block(const aus_call *call, bool to_space)
{
  const aus_shape *s = &call->in[0].shape;
  const int64_t b = call->attr[0].i;
  if (s->rank != 4 || b < 1 || b > 32767 || (to_space ? s->dim[1] % (b * b) != 0 : s->dim[2] % b || s->dim[3] % b))
    return aus_fail(call->ctx, AUS_EFORMAT, "blocks of %lld do not divide the array", (long long)b);
  return AUS_OK;
}

static aus_status shape_to_space(aus_call *call)
{
  AUS_TRY(check_block(call, true));
  const int64_t b = call->attr[0].i, *d = call->in[0].shape.dim;
  call->out[0].shape = (aus_shape){ 4, { d[0], d[1] / (b * b), d[2] * b, d[3] * b } };
  return AUS_OK;
}

/* dst [mb, c, h, b, w, b] from src [mb, b, b, c, h, w] (dcr), or [mb, c, b, b, h, w] (crd) */
static aus_view depth_to_space_view(const aus_call *call)
{
  const int64_t b = call->attr[0].i, *d = call->in[0].shape.dim, space = d[2] * d[3], c = d[1] / (b * b);
  const bool crd = call->attr[1].i;
  const int64_t cs = crd ? b * b * space : space, bs = crd ? space : c * space;
  return (aus_view){ 6, { d[0], c, d[2], b, d[3], b }, { d[1] * space, cs, d[3], b * bs, 1, bs } };
}

VIEW_OP(depth_to_space, shape_to_space)

static aus_status shape_to_depth(aus_call *call)
{
  AUS_TRY(check_block(call, false));
  const int64_t b = call->attr[0].i, *d = call->in[0].shape.dim;
  call->out[0].shape = (aus_shape){ 4, { d[0], d[1] * b * b, d[2] / b, d[3] / b } };
  return AUS_OK;
}

/* dst [mb, b, b, c, h/b, w/b] from src [mb, c, h/b, b, w/b, b] */
static aus_view space_to_depth_view(const aus_call *call)
{
  const int64_t b = call->attr[0].i, *d = call->in[0].shape.dim, space = d[2] * d[3];
  return (aus_view){ 6, { d[0], b, b, d[1], d[2] / b, d[3] / b }, { d[1] * space, d[3], 1, space, b * d[3], b } };
}

VIEW_OP(space_to_depth, shape_to_depth)
