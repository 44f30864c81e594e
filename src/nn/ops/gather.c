/* gather.c - rows picked by constant indices, and rows replaced: gather, scatter_rows.
 *
 * Back: a row that was picked several times sums the diffs; a row that was replaced has none to hand on. */
#include "nn/ops/common.h"

#include <string.h>

static int32_t axis_of(const aus_call *call) { return call->attr[0].i < 0 ? call->attr[0].i + call->in[0].shape.rank : call->attr[0].i; }
static int64_t grain_for(int64_t n) { return n < AUS_BLOCK ? AUS_BLOCK / n : 1; }

static aus_status shape_gather(aus_call *call)
{
  int32_t axis;
  aus_shape out = call->in[0].shape;
  AUS_TRY(aus_op_axis(call, call->attr[0].i, out.rank, &axis));
  for (int32_t i = 1; i < call->n_attr; i++) {
    const int64_t at = call->attr[i].i;
    if (at < -out.dim[axis] || at >= out.dim[axis]) return aus_fail(call->ctx, AUS_EFORMAT, "index %lld of an axis of %lld", (long long)at, (long long)out.dim[axis]);
  }
  out.dim[axis] = call->n_attr - 1;
  call->out[0].shape = out;
  return AUS_OK;
}

typedef struct picks { const aus_call *call; int64_t n, dim, inner; } picks;

static void gather_rows(void *arg, int64_t begin, int64_t end, int worker)
{
  const picks *j = arg;
  (void)worker;
  for (int64_t r = begin; r < end; r++) {
    const int64_t at = j->call->attr[1 + r % j->n].i, row = at < 0 ? at + j->dim : at;
    memcpy(j->call->out[0].data + r * j->inner, j->call->in[0].data + (r / j->n * j->dim + row) * j->inner, (size_t)j->inner * sizeof(float));
  }
}

static void forward_gather(const aus_call *call)
{
  const aus_shape *s = &call->in[0].shape;
  const int32_t axis = axis_of(call);
  picks j = { call, call->n_attr - 1, s->dim[axis], aus_shape_count_range(s, axis + 1, s->rank) };
  aus_parallel_for(call->ctx, aus_shape_count_range(s, 0, axis) * j.n, grain_for(j.inner), gather_rows, &j);
}

/* A row of src sums the diffs of its picks, in their order. One unit: COLS columns of all rows of one outer index. */
enum { COLS = 4096 };
typedef struct back { const aus_call *call; const float *diff_dst; float *diff_src; int64_t n, dim, inner, blocks; } back;

static void gather_back(void *arg, int64_t begin, int64_t end, int worker)
{
  const back *j = arg;
  (void)worker;
  for (int64_t u = begin; u < end; u++) {
    const int64_t outer = u / j->blocks, from = u % j->blocks * COLS, w = j->inner - from < COLS ? j->inner - from : COLS;
    float *diff_src = j->diff_src + outer * j->dim * j->inner + from;
    const float *diff_dst = j->diff_dst + outer * j->n * j->inner + from;
    for (int64_t r = 0; r < j->dim; r++) memset(diff_src + r * j->inner, 0, (size_t)w * sizeof *diff_src);
    for (int64_t i = 0; i < j->n; i++) {
      const int64_t at = j->call->attr[1 + i].i, row = at < 0 ? at + j->dim : at;
      j->call->ctx->kernels->vec.add(w, diff_src + row * j->inner, diff_dst + i * j->inner, diff_src + row * j->inner);
    }
  }
}

static void backward_gather(const aus_back *b)
{
  const aus_shape *s = &b->call->in[0].shape;
  const int32_t axis = axis_of(b->call);
  back j = { b->call, b->diff_dst[0], b->diff_src[0], b->call->n_attr - 1, s->dim[axis], aus_shape_count_range(s, axis + 1, s->rank), 1 };
  j.blocks = (j.inner + COLS - 1) / COLS;
  if (j.diff_src) aus_parallel_for(b->call->ctx, aus_shape_count_range(s, 0, axis) * j.blocks, grain_for((j.n + j.dim) * (j.inner < COLS ? j.inner : COLS)), gather_back, &j);
}

const aus_op_impl aus_op_impl_gather = { .shape = shape_gather, .forward = forward_gather, .backward = backward_gather };

static aus_status shape_scatter(aus_call *call)
{
  const aus_shape *s = &call->in[0].shape;
  const int32_t k = call->attr[0].i;
  if (k < 1 || k > s->rank) return aus_fail(call->ctx, AUS_EFORMAT, "rows over %d axes of an array of rank %d", (int)k, (int)s->rank);
  const int64_t n = aus_shape_count_range(s, 0, k), inner = aus_shape_count_range(s, k, s->rank);
  for (int32_t i = 1; i < call->n_attr; i++)
    if (call->attr[i].i < 0 || call->attr[i].i >= n) return aus_fail(call->ctx, AUS_EFORMAT, "row %d of %lld", (int)call->attr[i].i, (long long)n);
  if (aus_shape_count(&call->in[1].shape) != (call->n_attr - 1) * inner) return aus_fail(call->ctx, AUS_EFORMAT, "updates do not fill %d rows", (int)call->n_attr - 1);
  return aus_op_same_shape(call);
}

static void forward_scatter(const aus_call *call)
{
  const aus_shape *s = &call->in[0].shape;
  const int64_t inner = aus_shape_count_range(s, call->attr[0].i, s->rank);
  if (call->out[0].data != call->in[0].data) memcpy(call->out[0].data, call->in[0].data, (size_t)aus_shape_count(s) * sizeof(float));
  for (int32_t i = 1; i < call->n_attr; i++) /* in order: of equal rows the last wins */
    memcpy(call->out[0].data + call->attr[i].i * inner, call->in[1].data + (i - 1) * inner, (size_t)inner * sizeof(float));
}

/* One byte per row of src: who wrote it last? */
static size_t scatter_back_scratch(const aus_back *b) { return (size_t)aus_shape_count_range(&b->call->in[0].shape, 0, b->call->attr[0].i); }

/* Each row's diff goes to whoever wrote it last: an update, or src. */
static void backward_scatter(const aus_back *b)
{
  const aus_call *call = b->call;
  const aus_shape *s = &call->in[0].shape;
  const int32_t k = call->attr[0].i;
  const int64_t rows = aus_shape_count_range(s, 0, k), inner = aus_shape_count_range(s, k, s->rank);
  const size_t bytes = (size_t)inner * sizeof(float);
  unsigned char *taken = memset(b->scratch, 0, (size_t)rows);
  for (int32_t i = call->n_attr - 1; i >= 1; i--) {
    const int64_t row = call->attr[i].i;
    float *to = b->diff_src[1] ? b->diff_src[1] + (i - 1) * inner : NULL;
    if (to && taken[row]) memset(to, 0, bytes);
    else if (to) memcpy(to, b->diff_dst[0] + row * inner, bytes);
    taken[row] = 1;
  }
  for (int64_t row = 0; b->diff_src[0] && row < rows; row++)
    if (taken[row]) memset(b->diff_src[0] + row * inner, 0, bytes);
    else memcpy(b->diff_src[0] + row * inner, b->diff_dst[0] + row * inner, bytes);
}

const aus_op_impl aus_op_impl_scatter_rows = { .shape = shape_scatter, .forward = forward_scatter, .backward_scratch = scatter_back_scratch,
                                               .backward = backward_scatter, .in_place = true };
