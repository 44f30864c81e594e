/* pad.c - values around an array (or, with negative counts, less of it): constant, reflected without the edge,
 * repeated edge, or wrapped around. Each row of the destination finds its source row axis by axis; back, each row of
 * the source finds all destination rows that copied it, in their order, and sums their diffs. */
#include "nn/ops/common.h"

#include <string.h>

enum { CONSTANT, REFLECT, EDGE, WRAP };

static int64_t before_of(const aus_call *call, int32_t d) { return call->attr[2 + d].i; }
static int64_t after_of(const aus_call *call, int32_t d) { return call->attr[2 + call->in[0].shape.rank + d].i; }

static aus_status shape(aus_call *call)
{
  const aus_shape *s = &call->in[0].shape;
  const int32_t mode = call->attr[0].i;
  if (mode < CONSTANT || mode > WRAP) return aus_fail(call->ctx, AUS_EFORMAT, "unknown mode %d", (int)mode);
  if (call->n_attr != 2 + 2 * s->rank) return aus_fail(call->ctx, AUS_EFORMAT, "%d counts for an array of rank %d", (int)call->n_attr - 2, (int)s->rank);
  call->out[0].shape.rank = s->rank;
  for (int32_t d = 0; d < s->rank; d++) {
    const int64_t before = before_of(call, d), after = after_of(call, d);
    if (mode == REFLECT && (before >= s->dim[d] || after >= s->dim[d]))
      return aus_fail(call->ctx, AUS_EFORMAT, "axis %d of size %lld cannot be reflected by %lld, %lld", (int)d, (long long)s->dim[d], (long long)before, (long long)after);
    if (-before >= s->dim[d] || -after >= s->dim[d]) return aus_fail(call->ctx, AUS_EFORMAT, "nothing is left of axis %d", (int)d);
    call->out[0].shape.dim[d] = s->dim[d] + before + after;
  }
  return AUS_OK;
}

/* Source index of place i (relative to the source's first) on an axis of n; -1: the constant. */
static int64_t source_of(int64_t i, int64_t n, int32_t mode)
{
  if (i >= 0 && i < n) return i;
  if (mode == CONSTANT) return -1;
  if (mode == EDGE) return i < 0 ? 0 : n - 1;
  if (mode == WRAP) return (i % n + n) % n;
  return i < 0 ? -i : 2 * (n - 1) - i;
}

static void fill(float *dst, int64_t n, float value) { for (int64_t i = 0; i < n; i++) dst[i] = value; }

/* One row: what lies before, the middle in one copy, what lies after. src NULL: the constant only. */
static void pad_row(const aus_call *call, const float *src, float *dst)
{
  const int32_t last = call->in[0].shape.rank - 1, mode = call->attr[0].i;
  const int64_t n = call->in[0].shape.dim[last], out = call->out[0].shape.dim[last], before = before_of(call, last);
  const float value = call->attr[1].f;
  if (!src) { fill(dst, out, value); return; }
  const int64_t lead = before > 0 ? before : 0, skip = before < 0 ? -before : 0;
  const int64_t middle = n - skip < out - lead ? n - skip : out - lead;
  for (int64_t i = 0; i < lead; i++) { const int64_t at = source_of(i - before, n, mode); dst[i] = at < 0 ? value : src[at]; }
  memcpy(dst + lead, src + skip, (size_t)middle * sizeof *dst);
  for (int64_t i = lead + middle; i < out; i++) { const int64_t at = source_of(i - before, n, mode); dst[i] = at < 0 ? value : src[at]; }
}

static void run_rows(void *arg, int64_t begin, int64_t end, int worker)
{
  const aus_call *call = arg;
  const aus_shape *s = &call->in[0].shape, *out = &call->out[0].shape;
  (void)worker;
  for (int64_t r = begin; r < end; r++) {
    int64_t rest = r, at = 0, stride = s->dim[s->rank - 1];
    bool inside = true;
    for (int32_t d = s->rank - 2; d >= 0; d--) {
      const int64_t k = source_of(rest % out->dim[d] - before_of(call, d), s->dim[d], call->attr[0].i);
      inside &= k >= 0;
      at += k * stride;
      stride *= s->dim[d];
      rest /= out->dim[d];
    }
    pad_row(call, inside ? call->in[0].data + at : NULL, call->out[0].data + r * out->dim[out->rank - 1]);
  }
}

static void forward(const aus_call *call)
{
  const aus_shape *out = &call->out[0].shape;
  if (out->rank == 0) { call->out[0].data[0] = call->in[0].data[0]; return; }
  const int64_t n = out->dim[out->rank - 1];
  aus_parallel_for(call->ctx, aus_shape_count(out) / n, n < AUS_BLOCK ? AUS_BLOCK / n : 1, run_rows, (void *)(uintptr_t)call);
}

typedef struct back { const aus_call *call; const float *diff_dst; float *diff_src; } back;

static void add_places(const back *b, int64_t from, int64_t until, int64_t before, int64_t n, const float *diff, float *to)
{
  for (int64_t i = from; i < until; i++) {
    const int64_t at = source_of(i - before, n, b->call->attr[0].i);
    if (at >= 0) to[at] += diff[i];
  }
}

/* to[k] += the diffs of the places of one row that copied k, in their order. */
static void add_row(const back *b, const float *diff, float *to)
{
  const int32_t last = b->call->in[0].shape.rank - 1;
  const int64_t n = b->call->in[0].shape.dim[last], out = b->call->out[0].shape.dim[last], before = before_of(b->call, last);
  const int64_t lead = before > 0 ? before : 0, skip = before < 0 ? -before : 0, middle = n - skip < out - lead ? n - skip : out - lead;
  add_places(b, 0, lead, before, n, diff, to);
  b->call->ctx->kernels->vec.add(middle, to + skip, diff + lead, to + skip);
  add_places(b, lead + middle, out, before, n, diff, to);
}

/* All rows of dst over axes d.. that copied row `row` of src; at: where they lie so far. Along an axis index k was copied to
 * its own place, and perhaps to some before the first or after the last. */
static void add_copies(const back *b, int32_t d, int64_t row, int64_t at, float *to)
{
  const aus_shape *s = &b->call->in[0].shape, *out = &b->call->out[0].shape;
  const int32_t last = s->rank - 1, mode = b->call->attr[0].i;
  if (d >= last) { add_row(b, b->diff_dst + at * out->dim[last], to); return; }
  const int64_t n = s->dim[d], before = before_of(b->call, d), k = row / aus_shape_count_range(s, d + 1, last) % n;
  at *= out->dim[d];
  for (int64_t i = 0; i < before; i++)
    if (source_of(i - before, n, mode) == k) add_copies(b, d + 1, row, at + i, to);
  if (k + before >= 0 && k + before < out->dim[d]) add_copies(b, d + 1, row, at + k + before, to);
  for (int64_t i = n + before; i < out->dim[d]; i++)
    if (source_of(i - before, n, mode) == k) add_copies(b, d + 1, row, at + i, to);
}

static void back_rows(void *arg, int64_t begin, int64_t end, int worker)
{
  const back *b = arg;
  const aus_shape *s = &b->call->in[0].shape;
  const int64_t n = s->dim[s->rank - 1];
  (void)worker;
  for (int64_t r = begin; r < end; r++) {
    memset(b->diff_src + r * n, 0, (size_t)n * sizeof(float));
    add_copies(b, 0, r, 0, b->diff_src + r * n);
  }
}

static void backward(const aus_back *to)
{
  const aus_shape *s = &to->call->in[0].shape;
  back b = { to->call, to->diff_dst[0], to->diff_src[0] };
  if (!b.diff_src) return;
  if (s->rank == 0) { b.diff_src[0] = b.diff_dst[0]; return; }
  const int64_t n = s->dim[s->rank - 1];
  aus_parallel_for(to->call->ctx, aus_shape_count(s) / n, n < AUS_BLOCK ? AUS_BLOCK / n : 1, back_rows, &b);
}

const aus_op_impl aus_op_impl_pad = { .shape = shape, .forward = forward, .backward = backward };
