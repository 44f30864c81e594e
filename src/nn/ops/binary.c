/* binary.c - elementwise ops of two or three operands, broadcast as numpy does.
 *
 * Dims along which all operands move alike are merged, so that equal shapes become one row, a bias over channels
 * becomes rows with a constant, and only odd cases are left with true strides. */
#include "nn/ops/common.h"

#include <math.h>

enum { MAX_OPERANDS = 3 };
typedef struct walk { int32_t n_in, rank; int64_t dim[AUS_MAX_RANK], stride[MAX_OPERANDS][AUS_MAX_RANK]; } walk;

/* Row of n elements; sp: how far operand p moves per element (0, 1 or any). */
typedef void (*row_fn)(int64_t n, const float *const p[], const int64_t s[], float *dst);
typedef struct job { row_fn row; walk w; const float *src[MAX_OPERANDS]; float *dst; int64_t block, blocks; } job;

static void broadcast_strides(const aus_shape *s, const aus_shape *out, int64_t stride[AUS_MAX_RANK])
{
  int64_t own[AUS_MAX_RANK];
  aus_shape_strides(s, own);
  for (int32_t d = 0; d < out->rank; d++) {
    const int32_t k = d - (out->rank - s->rank);
    stride[d] = k < 0 || s->dim[k] == 1 ? 0 : own[k];
  }
}

static bool joins(const walk *w, int32_t n, const int64_t next[MAX_OPERANDS], int64_t dim)
{
  for (int32_t p = 0; p < w->n_in; p++)
    if (w->stride[p][n - 1] != next[p] * dim) return false;
  return true;
}

static walk make_walk(const aus_call *call)
{
  int64_t full[MAX_OPERANDS][AUS_MAX_RANK];
  const aus_shape *out = &call->out[0].shape;
  walk w = { .n_in = call->n_in };
  for (int32_t p = 0; p < w.n_in; p++) broadcast_strides(&call->in[p].shape, out, full[p]);
  for (int32_t d = 0; d < out->rank; d++) {
    int64_t next[MAX_OPERANDS] = {0};
    if (out->dim[d] == 1) continue;
    for (int32_t p = 0; p < w.n_in; p++) next[p] = full[p][d];
    const bool join = w.rank && joins(&w, w.rank, next, out->dim[d]);
    if (!join) w.dim[w.rank++] = 1;
    w.dim[w.rank - 1] *= out->dim[d];
    for (int32_t p = 0; p < w.n_in; p++) w.stride[p][w.rank - 1] = next[p];
  }
  if (w.rank == 0) w.dim[w.rank++] = 1;
  return w;
}

/* Units are blocks of the last dim, `blocks` of them a row. */
static void run_units(void *arg, int64_t begin, int64_t end, int worker)
{
  const job *j = arg;
  const walk *w = &j->w;
  const int32_t last = w->rank - 1;
  (void)worker;
  for (int64_t u = begin; u < end; u++) {
    const int64_t from = u % j->blocks * j->block, left = w->dim[last] - from, n = left < j->block ? left : j->block;
    const float *p[MAX_OPERANDS];
    int64_t s[MAX_OPERANDS];
    for (int32_t k = 0; k < w->n_in; k++) {
      s[k] = w->stride[k][last];
      p[k] = j->src[k] + from * s[k];
      int64_t r = u / j->blocks;
      for (int32_t d = last - 1; d >= 0; d--) {
        p[k] += r % w->dim[d] * w->stride[k][d];
        r /= w->dim[d];
      }
    }
    j->row(n, p, s, j->dst + u / j->blocks * w->dim[last] + from);
  }
}

static void run(const aus_call *call, row_fn row)
{
  job j = { .row = row, .w = make_walk(call), .dst = call->out[0].data };
  for (int32_t k = 0; k < call->n_in; k++) j.src[k] = call->in[k].data;
  const int64_t n = j.w.dim[j.w.rank - 1];
  j.block = n < AUS_BLOCK ? n : AUS_BLOCK;
  j.blocks = (n + j.block - 1) / j.block;
  const int64_t rows = aus_shape_count(&call->out[0].shape) / n;
  aus_parallel_for(call->ctx, rows * j.blocks, AUS_BLOCK / j.block, run_units, &j);
}

static aus_status shape(aus_call *call)
{
  AUS_TRY(aus_shape_broadcast(call->ctx, &call->in[0].shape, &call->in[1].shape, &call->out[0].shape));
  if (call->n_in == 3) {
    const aus_shape ab = call->out[0].shape;
    return aus_shape_broadcast(call->ctx, &ab, &call->in[2].shape, &call->out[0].shape);
  }
  return AUS_OK;
}

/* The three usual forms get loops of their own, which the compiler can vectorise. In place: dst may be p[0]. */
#define LOOP(ax, bx, value) for (int64_t i = 0; i < n; i++) { const float x = (ax), y = (bx); dst[i] = (value); }
#define BINARY(name, value)                                                                                 \
  static void row_##name(int64_t n, const float *const p[], const int64_t s[], float *dst)                  \
  {                                                                                                         \
    const float *a = p[0], *b = p[1];                                                                       \
    const float a0 = a[0], b0 = b[0];                                                                       \
    if (s[0] == 1 && s[1] == 1) LOOP(a[i], b[i], value)                                                     \
    else if (s[0] == 1 && s[1] == 0) LOOP(a[i], b0, value)                                                  \
    else if (s[0] == 0 && s[1] == 1) LOOP(a0, b[i], value)                                                  \
    else LOOP(a[i * s[0]], b[i * s[1]], value)                                                              \
  }                                                                                                         \
  static void forward_##name(const aus_call *call) { run(call, row_##name); }                               \
  const aus_op_impl aus_op_impl_##name = { .shape = shape, .forward = forward_##name, .in_place = true };

BINARY(add, x + y)
BINARY(sub, x - y)
BINARY(mul, x *y)
BINARY(div, x / y)
BINARY(pow, powf(x, y))
BINARY(max, x < y || y != y ? y : x) /* NaN in either gives NaN, as in numpy */
BINARY(min, x > y || y != y ? y : x)
BINARY(greater, x > y)
BINARY(less, x < y)
BINARY(equal, x == y)
BINARY(greater_equal, x >= y)
BINARY(less_equal, x <= y)

static void row_where(int64_t n, const float *const p[], const int64_t s[], float *dst)
{
  for (int64_t i = 0; i < n; i++) dst[i] = p[0][i * s[0]] != 0 ? p[1][i * s[1]] : p[2][i * s[2]];
}

static void forward_where(const aus_call *call) { run(call, row_where); }
const aus_op_impl aus_op_impl_where = { .shape = shape, .forward = forward_where, .in_place = true };

/* prelu: slope [c] or [1] along axis 1 (or along the only axis) */
static aus_status shape_prelu(aus_call *call)
{
  const aus_shape *s = &call->in[0].shape;
  const int64_t c = s->rank > 1 ? s->dim[1] : s->rank == 1 ? s->dim[0] : 1, n = aus_shape_count(&call->in[1].shape);
  if (n != c && n != 1) return aus_fail(call->ctx, AUS_EFORMAT, "%lld slopes for %lld channels", (long long)n, (long long)c);
  return aus_op_same_shape(call);
}

static void row_prelu(int64_t n, const float *const p[], const int64_t s[], float *dst)
{
  for (int64_t i = 0; i < n; i++) {
    const float x = p[0][i * s[0]];
    dst[i] = x < 0 ? p[1][i * s[1]] * x : x;
  }
}

static void forward_prelu(const aus_call *call)
{
  aus_operand in[2] = { call->in[0], call->in[1] };
  const int64_t slopes = aus_shape_count(&in[1].shape);
  in[1].shape = (aus_shape){ .rank = in[0].shape.rank };
  for (int32_t d = 0; d < in[0].shape.rank; d++) in[1].shape.dim[d] = 1;
  if (in[0].shape.rank) in[1].shape.dim[in[0].shape.rank > 1] = slopes;
  aus_call as_two = *call;
  as_two.in = in;
  run(&as_two, row_prelu);
}

const aus_op_impl aus_op_impl_prelu = { .shape = shape_prelu, .forward = forward_prelu, .in_place = true };
