/* binary.c - elementwise ops of two or three operands, broadcast as numpy does.
 *
 * Dims along which all operands move alike are merged, so that equal shapes become one row, a bias over channels
 * becomes rows with a constant, and only odd cases are left with true strides. */
#include "nn/ops/common.h"

#include <math.h>

enum { MAX_OPERANDS = 3 };
typedef struct walk { int32_t n_in, rank; int64_t dim[AUS_MAX_RANK], stride[MAX_OPERANDS][AUS_MAX_RANK]; } walk;

/* Row of n elements; sp: how far operand p moves per element (0, 1 or any). */
typedef const struct aus_vec_kernels *vec_table;
typedef void (*row_fn)(vec_table vec, int64_t n, const float *const p[], const int64_t s[], float *dst);
typedef struct job { row_fn row; vec_table vec; walk w; const float *src[MAX_OPERANDS]; float *dst; int64_t block, blocks; } job;

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
    j->row(j->vec, n, p, s, j->dst + u / j->blocks * w->dim[last] + from);
  }
}

static void run(const aus_call *call, row_fn row)
{
  job j = { .row = row, .vec = &call->ctx->kernels->vec, .w = make_walk(call), .dst = call->out[0].data };
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

/* The three usual forms; the rest value by value. In place: dst may be p[0]. */
enum { BOTH_MOVE, A_MOVES, B_MOVES, OTHER };
static int form_of(const int64_t s[]) { return s[0] == 1 && s[1] == 1 ? BOTH_MOVE : s[0] == 1 && s[1] == 0 ? A_MOVES : s[0] == 0 && s[1] == 1 ? B_MOVES : OTHER; }

#define OP_AROUND(name)                                                         \
  static void forward_##name(const aus_call *call) { run(call, row_##name); }   \
  const aus_op_impl aus_op_impl_##name = { .shape = shape, .forward = forward_##name, .in_place = true };

#define STRIDED(value) for (int64_t i = 0; i < n; i++) { const float x = p[0][i * s[0]], y = p[1][i * s[1]]; dst[i] = (value); }

/* Ops with vector kernels: of two arrays, of array a and constant y, of constant x and array b. */
#define KERNEL(name, both, with_y, with_x, value)                                                                       \
  static void row_##name(vec_table vec, int64_t n, const float *const p[], const int64_t s[], float *dst)              \
  {                                                                                                                    \
    const float *a = p[0], *b = p[1];                                                                                  \
    switch (form_of(s)) {                                                                                              \
    case BOTH_MOVE: vec->both(n, a, b, dst); return;                                                                   \
    case A_MOVES: vec->with_y; return;                                                                                 \
    case B_MOVES: vec->with_x; return;                                                                                 \
    default: STRIDED(value)                                                                                            \
    }                                                                                                                  \
  }                                                                                                                    \
  OP_AROUND(name)

KERNEL(add, add, add_s(n, a, *b, dst), add_s(n, b, *a, dst), x + y)
KERNEL(sub, sub, add_s(n, a, -*b, dst), rsub_s(n, b, *a, dst), x - y)
KERNEL(mul, mul, mul_s(n, a, *b, dst), mul_s(n, b, *a, dst), x *y)
KERNEL(div, div, div_s(n, a, *b, dst), rdiv_s(n, b, *a, dst), x / y)
KERNEL(max, max, max_s(n, a, *b, dst), max_s(n, b, *a, dst), x > y ? x : y)
KERNEL(min, min, min_s(n, a, *b, dst), min_s(n, b, *a, dst), x < y ? x : y)

#define LOOP(ax, bx, value) for (int64_t i = 0; i < n; i++) { const float x = (ax), y = (bx); dst[i] = (value); }
#define BINARY(name, value)                                                                                    \
  static void row_##name(vec_table vec, int64_t n, const float *const p[], const int64_t s[], float *dst)      \
  {                                                                                                            \
    const float *a = p[0], *b = p[1];                                                                          \
    const float a0 = a[0], b0 = b[0];                                                                          \
    (void)vec;                                                                                                 \
    switch (form_of(s)) {                                                                                      \
    case BOTH_MOVE: LOOP(a[i], b[i], value) return;                                                            \
    case A_MOVES: LOOP(a[i], b0, value) return;                                                                \
    case B_MOVES: LOOP(a0, b[i], value) return;                                                                \
    default: STRIDED(value)                                                                                    \
    }                                                                                                          \
  }                                                                                                            \
  OP_AROUND(name)

BINARY(pow, powf(x, y))
BINARY(greater, x > y)
BINARY(less, x < y)
BINARY(equal, x == y)
BINARY(greater_equal, x >= y)
BINARY(less_equal, x <= y)

static void row_where(vec_table vec, int64_t n, const float *const p[], const int64_t s[], float *dst)
{
  (void)vec;
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

static void row_prelu(vec_table vec, int64_t n, const float *const p[], const int64_t s[], float *dst)
{
  if (form_of(s) == A_MOVES) { vec->leaky_relu(n, p[0], *p[1], dst); return; }
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
