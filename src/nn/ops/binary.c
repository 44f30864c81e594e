/* binary.c - elementwise ops of two or three operands, broadcast as numpy does (sweep.h).
 *
 * One line per op and operand: dst = f(x, y), diff_src = d df. Where an operand was repeated, its diff is the sum over
 * the repetitions. Where f has no derivative: max and min of equal operands give each half (torch's); x^y with
 * x = 0 < y gives the exponent 0; comparisons, and the condition of where, give 0. */
#include "nn/ops/sweep.h"

#include <math.h>

static void run(const aus_call *call, aus_row_fn row)
{
  aus_sweep w = aus_sweep_over(call->ctx, &call->out[0].shape);
  for (int32_t k = 0; k < call->n_in; k++) aus_sweep_add(&w, &call->in[k].shape, call->in[k].data);
  aus_sweep_run(call->ctx, &w, row, call->out[0].data);
}

/* rows: one per operand; they see the operands, then the diff. */
static void run_back(const aus_back *b, const aus_row_fn rows[])
{
  const aus_call *call = b->call;
  aus_sweep w = aus_sweep_over(call->ctx, &call->out[0].shape);
  for (int32_t k = 0; k < call->n_in; k++) aus_sweep_add(&w, &call->in[k].shape, call->in[k].data);
  aus_sweep_add(&w, &call->out[0].shape, b->diff_dst[0]);
  for (int32_t k = 0; k < call->n_in; k++)
    if (b->diff_src[k]) aus_sweep_sum(call->ctx, &w, rows[k], k, b->diff_src[k]);
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

/* Rows of the way back: from elements x and y and the diff d of the result. */
#define BACK_LOOP(sx, sy, sd, value)                                                 \
  for (int64_t i = 0; i < n; i++) {                                                  \
    const float x = p[0][i * (sx)], y = p[1][i * (sy)], d = p[2][i * (sd)];          \
    (void)x; (void)y; (void)d;                                                       \
    dst[i] = (value);                                                                \
  }
#define BACK(name, value)                                                                                              \
  static void row_##name(const aus_sweep *w, int64_t n, const float *const p[], const int64_t s[], float *dst)         \
  {                                                                                                                    \
    (void)w;                                                                                                           \
    switch (form_of(s)) {                                                                                              \
    case BOTH_MOVE: BACK_LOOP(1, 1, 1, value) return;                                                                  \
    case A_MOVES: BACK_LOOP(1, 0, 1, value) return;                                                                    \
    case B_MOVES: BACK_LOOP(0, 1, 1, value) return;                                                                    \
    default: BACK_LOOP(s[0], s[1], s[2], value)                                                                        \
    }                                                                                                                  \
  }

#define OP_AROUND(name, da, db)                                                                                        \
  BACK(name##_a, da)                                                                                                   \
  BACK(name##_b, db)                                                                                                   \
  static void forward_##name(const aus_call *call) { run(call, row_##name); }                                          \
  static void backward_##name(const aus_back *b) { run_back(b, (const aus_row_fn[]){ row_##name##_a, row_##name##_b }); } \
  const aus_op_impl aus_op_impl_##name = { .shape = shape, .forward = forward_##name, .backward = backward_##name, .in_place = true };

#define STRIDED(value) for (int64_t i = 0; i < n; i++) { const float x = p[0][i * s[0]], y = p[1][i * s[1]]; dst[i] = (value); }

/* Ops with vector kernels: of two arrays, of array a and constant y, of constant x and array b; then the two diffs. */
#define KERNEL(name, both, with_y, with_x, value, da, db)                                                              \
  static void row_##name(const aus_sweep *w, int64_t n, const float *const p[], const int64_t s[], float *dst)         \
  {                                                                                                                    \
    const float *a = p[0], *b = p[1];                                                                                  \
    switch (form_of(s)) {                                                                                              \
    case BOTH_MOVE: w->vec->both(n, a, b, dst); return;                                                                \
    case A_MOVES: w->vec->with_y; return;                                                                              \
    case B_MOVES: w->vec->with_x; return;                                                                              \
    default: STRIDED(value)                                                                                            \
    }                                                                                                                  \
  }                                                                                                                    \
  OP_AROUND(name, da, db)

/* How much of max(x, y) is x. */
static float share(float x, float y) { return 0.5f * (float)((x > y) + (x >= y)); }

KERNEL(add, add, add_s(n, a, *b, dst), add_s(n, b, *a, dst), x + y, d, d)
KERNEL(sub, sub, add_s(n, a, -*b, dst), rsub_s(n, b, *a, dst), x - y, d, -d)
KERNEL(mul, mul, mul_s(n, a, *b, dst), mul_s(n, b, *a, dst), x *y, d *y, d *x)
KERNEL(div, div, div_s(n, a, *b, dst), rdiv_s(n, b, *a, dst), x / y, d / y, -d * (x / y / y))
KERNEL(max, max, max_s(n, a, *b, dst), max_s(n, b, *a, dst), x > y ? x : y, d *share(x, y), d *share(y, x))
KERNEL(min, min, min_s(n, a, *b, dst), min_s(n, b, *a, dst), x < y ? x : y, d *share(y, x), d *share(x, y))

#define LOOP(ax, bx, value) for (int64_t i = 0; i < n; i++) { const float x = (ax), y = (bx); dst[i] = (value); }
#define BINARY(name, value, da, db)                                                                                    \
  static void row_##name(const aus_sweep *w, int64_t n, const float *const p[], const int64_t s[], float *dst)         \
  {                                                                                                                    \
    const float *a = p[0], *b = p[1];                                                                                  \
    const float a0 = a[0], b0 = b[0];                                                                                  \
    (void)w;                                                                                                           \
    switch (form_of(s)) {                                                                                              \
    case BOTH_MOVE: LOOP(a[i], b[i], value) return;                                                                    \
    case A_MOVES: LOOP(a[i], b0, value) return;                                                                        \
    case B_MOVES: LOOP(a0, b[i], value) return;                                                                        \
    default: STRIDED(value)                                                                                            \
    }                                                                                                                  \
  }                                                                                                                    \
  OP_AROUND(name, da, db)

static float to_base(float x, float y) { return y == 0 ? 0 : y * powf(x, y - 1); }
static float to_exponent(float x, float y) { return x == 0 && y >= 0 ? 0 : powf(x, y) * logf(x); }

BINARY(pow, powf(x, y), d *to_base(x, y), d *to_exponent(x, y))
BINARY(greater, x > y, 0, 0)
BINARY(less, x < y, 0, 0)
BINARY(equal, x == y, 0, 0)
BINARY(greater_equal, x >= y, 0, 0)
BINARY(less_equal, x <= y, 0, 0)

/* where sees cond, a, b and, on the way back, the diff. */
#define WHERE(name, value)                                                                                             \
  static void row_##name(const aus_sweep *w, int64_t n, const float *const p[], const int64_t s[], float *dst)         \
  {                                                                                                                    \
    (void)w; (void)p; (void)s;                                                                                         \
    for (int64_t i = 0; i < n; i++) dst[i] = (value);                                                                  \
  }
#define AT(k) p[k][i * s[k]]
WHERE(where, AT(0) != 0 ? AT(1) : AT(2))
WHERE(where_cond, 0)
WHERE(where_a, AT(0) != 0 ? AT(3) : 0)
WHERE(where_b, AT(0) != 0 ? 0 : AT(3))

static void forward_where(const aus_call *call) { run(call, row_where); }
static void backward_where(const aus_back *b) { run_back(b, (const aus_row_fn[]){ row_where_cond, row_where_a, row_where_b }); }
const aus_op_impl aus_op_impl_where = { .shape = shape, .forward = forward_where, .backward = backward_where, .in_place = true };

/* prelu: slope [c] or [1] along axis 1 (or along the only axis). Its derivative at 0 is the slope (torch's). */
static aus_status shape_prelu(aus_call *call)
{
  const aus_shape *s = &call->in[0].shape;
  const int64_t c = s->rank > 1 ? s->dim[1] : s->rank == 1 ? s->dim[0] : 1, n = aus_shape_count(&call->in[1].shape);
  if (n != c && n != 1) return aus_fail(call->ctx, AUS_EFORMAT, "%lld slopes for %lld channels", (long long)n, (long long)c);
  return aus_op_same_shape(call);
}

static void row_prelu(const aus_sweep *w, int64_t n, const float *const p[], const int64_t s[], float *dst)
{
  if (form_of(s) == A_MOVES) { w->vec->leaky_relu(n, p[0], *p[1], dst); return; }
  for (int64_t i = 0; i < n; i++) {
    const float x = p[0][i * s[0]];
    dst[i] = x < 0 ? p[1][i * s[1]] * x : x;
  }
}
BACK(prelu_src, x > 0 ? d : d *y)
BACK(prelu_slope, x > 0 ? 0 : d *x)

/* The slopes get a shape that broadcasts. */
static aus_call prelu_as_two(const aus_call *call, aus_operand in[2])
{
  const int64_t slopes = aus_shape_count(&call->in[1].shape);
  in[0] = call->in[0];
  in[1] = call->in[1];
  in[1].shape = (aus_shape){ .rank = in[0].shape.rank };
  for (int32_t d = 0; d < in[0].shape.rank; d++) in[1].shape.dim[d] = 1;
  if (in[0].shape.rank) in[1].shape.dim[in[0].shape.rank > 1] = slopes;
  aus_call as_two = *call;
  as_two.in = in;
  return as_two;
}

static void forward_prelu(const aus_call *call)
{
  aus_operand in[2];
  const aus_call as_two = prelu_as_two(call, in);
  run(&as_two, row_prelu);
}

static void backward_prelu(const aus_back *b)
{
  aus_operand in[2];
  const aus_call as_two = prelu_as_two(b->call, in);
  aus_back back = *b;
  back.call = &as_two;
  run_back(&back, (const aus_row_fn[]){ row_prelu_src, row_prelu_slope });
}

const aus_op_impl aus_op_impl_prelu = { .shape = shape_prelu, .forward = forward_prelu, .backward = backward_prelu, .in_place = true };
