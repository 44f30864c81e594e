/* reduce.c - sums, means, extremes, products and norms over any set of axes.
 *
 * Axes are merged into runs that are kept or reduced. When the last run is reduced each result reads contiguous
 * rows; otherwise whole rows of results are updated at a time. Sums are taken in double, in a fixed order, so the
 * result depends neither on threads nor, beyond the last bit, on the instruction set. Back: reduce_back.c. */
#include "nn/ops/common.h"
#include "nn/ops/reduce.h"

#include <math.h>

/* How one reduction works: row takes n values at a stride into one result; whole the same for contiguous ones (NULL: row
 * does); cols takes n neighbours into n results. */
typedef struct rule {
  double first;
  double (*whole)(const struct aus_vec_kernels *vec, double acc, int64_t n, const float *src);
  double (*row)(double acc, int64_t n, const float *src, int64_t stride);
  void (*cols)(int64_t n, const float *src, int64_t stride, double *acc);
  double (*done)(double acc, int64_t n);
} rule;

/* add: a with value x taken in; join: two partial results. Eight chains let additions overlap. */
#define REDUCE(name, start, add, join)                                                                    \
  static double row_##name(double acc, int64_t n, const float *src, int64_t stride)                       \
  {                                                                                                       \
    double c[8];                                                                                          \
    int64_t i = 0;                                                                                        \
    for (int k = 0; k < 8; k++) c[k] = (start);                                                           \
    for (; i + 8 <= n; i += 8)                                                                            \
      for (int k = 0; k < 8; k++) { const double a = c[k], x = (double)src[(i + k) * stride]; c[k] = (add); } \
    for (; i < n; i++) { const double a = c[0], x = (double)src[i * stride]; c[0] = (add); }              \
    for (int k = 0; k < 8; k++) { const double a = acc, x = c[k]; acc = (join); }                         \
    return acc;                                                                                           \
  }                                                                                                       \
  static void cols_##name(int64_t n, const float *src, int64_t stride, double *acc)                       \
  {                                                                                                       \
    for (int64_t i = 0; i < n; i++) { const double a = acc[i], x = (double)src[i * stride]; acc[i] = (add); } \
  }

REDUCE(sum, 0, a + x, a + x)
REDUCE(prod, 1, a *x, a *x)
REDUCE(max, -INFINITY, (x > a || x != x ? x : a), (x > a || x != x ? x : a)) /* NaN wins, as in numpy */
REDUCE(min, INFINITY, (x < a || x != x ? x : a), (x < a || x != x ? x : a))
REDUCE(abs, 0, a + fabs(x), a + x)
REDUCE(square, 0, a + x * x, a + x)

/* Contiguous rows, by vector kernels. */
typedef const struct aus_vec_kernels *vec_table;
static double whole_sum(vec_table v, double acc, int64_t n, const float *x) { return acc + v->sum(n, x); }
static double whole_max(vec_table v, double acc, int64_t n, const float *x) { return fmax(acc, (double)v->max_of(n, x)); }
static double whole_min(vec_table v, double acc, int64_t n, const float *x) { return fmin(acc, (double)v->min_of(n, x)); }
static double whole_abs(vec_table v, double acc, int64_t n, const float *x) { return acc + v->sum_abs(n, x); }
static double whole_square(vec_table v, double acc, int64_t n, const float *x) { return acc + v->sum_square(n, x, 0); }

static double done_same(double a, int64_t n) { (void)n; return a; }
static double done_mean(double a, int64_t n) { return a / (double)n; }
static double done_sqrt(double a, int64_t n) { (void)n; return sqrt(a); }

static rule rule_of(int32_t op)
{
  switch (op) {
  case AUS_OP_reduce_mean: return (rule){ 0, whole_sum, row_sum, cols_sum, done_mean };
  case AUS_OP_reduce_max: return (rule){ -INFINITY, whole_max, row_max, cols_max, done_same };
  case AUS_OP_reduce_min: return (rule){ INFINITY, whole_min, row_min, cols_min, done_same };
  case AUS_OP_reduce_prod: return (rule){ 1, NULL, row_prod, cols_prod, done_same };
  case AUS_OP_reduce_l1: return (rule){ 0, whole_abs, row_abs, cols_abs, done_same };
  case AUS_OP_reduce_l2: return (rule){ 0, whole_square, row_square, cols_square, done_sqrt };
  case AUS_OP_reduce_sum_square: return (rule){ 0, whole_square, row_square, cols_square, done_same };
  default: return (rule){ 0, whole_sum, row_sum, cols_sum, done_same };
  }
}

static aus_status shape(aus_call *call)
{
  const aus_shape *s = &call->in[0].shape;
  const uint32_t axes = (uint32_t)call->attr[0].i;
  if (axes >> s->rank) return aus_fail(call->ctx, AUS_EFORMAT, "axes 0x%x of an array of rank %d", (unsigned)axes, (int)s->rank);
  aus_shape out = {0};
  for (int32_t d = 0; d < s->rank; d++) {
    const bool reduced = axes >> d & 1;
    if (!reduced || call->attr[1].i) out.dim[out.rank++] = reduced ? 1 : s->dim[d];
  }
  call->out[0].shape = out;
  return AUS_OK;
}

/* Merged dims, kept and reduced apart, each with strides in src. */
typedef struct plan {
  int32_t n_kept, n_red;
  int64_t kept[AUS_MAX_RANK], kept_stride[AUS_MAX_RANK], red[AUS_MAX_RANK], red_stride[AUS_MAX_RANK];
  int64_t n_out, n_in, n_rows; /* results; values that go into each; rows they come in */
} plan;

static void push(int64_t dim[], int64_t stride[], int32_t *n, int64_t d, int64_t s)
{
  if (d == 1) return;
  if (*n && stride[*n - 1] == d * s) { dim[*n - 1] *= d; stride[*n - 1] = s; return; }
  dim[*n] = d;
  stride[(*n)++] = s;
}

static plan make_plan(const aus_call *call)
{
  const aus_shape *s = &call->in[0].shape;
  int64_t stride[AUS_MAX_RANK];
  plan p = { .n_out = 1, .n_in = 1 };
  aus_shape_strides(s, stride);
  for (int32_t d = 0; d < s->rank; d++) {
    if ((uint32_t)call->attr[0].i >> d & 1) {
      push(p.red, p.red_stride, &p.n_red, s->dim[d], stride[d]);
      p.n_in *= s->dim[d];
    } else {
      push(p.kept, p.kept_stride, &p.n_kept, s->dim[d], stride[d]);
      p.n_out *= s->dim[d];
    }
  }
  p.n_rows = p.n_red ? p.n_in / p.red[p.n_red - 1] : 1;
  if (p.n_red == 0) { p.red[0] = 1; p.red_stride[0] = 0; p.n_red = 1; }
  return p;
}

static int64_t offset_of(int64_t i, int32_t n, const int64_t dim[], const int64_t stride[])
{
  int64_t at = 0;
  for (int32_t d = n - 1; d >= 0; d--) {
    at += i % dim[d] * stride[d];
    i /= dim[d];
  }
  return at;
}

typedef struct job { plan p; rule r; vec_table vec; const float *src; float *dst; } job;

/* Results [begin, end), each from its rows. */
static void by_rows(void *arg, int64_t begin, int64_t end, int worker)
{
  const job *j = arg;
  const plan *p = &j->p;
  const int32_t last = p->n_red - 1;
  (void)worker;
  for (int64_t i = begin; i < end; i++) {
    const float *src = j->src + offset_of(i, p->n_kept, p->kept, p->kept_stride);
    double acc = j->r.first;
    for (int64_t k = 0; k < p->n_rows; k++) {
      const float *row = src + offset_of(k, last, p->red, p->red_stride);
      if (j->r.whole && p->red_stride[last] == 1) acc = j->r.whole(j->vec, acc, p->red[last], row);
      else acc = j->r.row(acc, p->red[last], row, p->red_stride[last]);
    }
    j->dst[i] = (float)j->r.done(acc, p->n_in);
  }
}

/* The last kept run is contiguous in src: blocks of up to COLS neighbouring results at a time. */
enum { COLS = 256 };

static void by_columns(void *arg, int64_t begin, int64_t end, int worker)
{
  const job *j = arg;
  const plan *p = &j->p;
  const int64_t width = p->kept[p->n_kept - 1], stride = p->kept_stride[p->n_kept - 1], blocks = (width + COLS - 1) / COLS;
  (void)worker;
  for (int64_t u = begin; u < end; u++) {
    double acc[COLS];
    const int64_t from = u % blocks * COLS, n = width - from < COLS ? width - from : COLS;
    const float *src = j->src + offset_of(u / blocks, p->n_kept - 1, p->kept, p->kept_stride) + from * stride;
    for (int64_t i = 0; i < n; i++) acc[i] = j->r.first;
    for (int64_t k = 0; k < p->n_in; k++) j->r.cols(n, src + offset_of(k, p->n_red, p->red, p->red_stride), stride, acc);
    for (int64_t i = 0; i < n; i++) j->dst[u / blocks * width + from + i] = (float)j->r.done(acc[i], p->n_in);
  }
}

static int64_t grain_for(int64_t work) { return work < AUS_BLOCK ? AUS_BLOCK / work : 1; }

static void forward(const aus_call *call)
{
  job j = { make_plan(call), rule_of(call->op), &call->ctx->kernels->vec, call->in[0].data, call->out[0].data };
  const plan *p = &j.p;
  if (p->n_kept && p->kept_stride[p->n_kept - 1] == 1) {
    const int64_t width = p->kept[p->n_kept - 1], blocks = (width + COLS - 1) / COLS;
    aus_parallel_for(call->ctx, p->n_out / width * blocks, grain_for(p->n_in * (width < COLS ? width : COLS)), by_columns, &j);
  } else {
    aus_parallel_for(call->ctx, p->n_out, grain_for(p->n_in), by_rows, &j);
  }
}

/* log of the sum of exponentials: around the maximum, so that nothing overflows. */
static void log_sum_exp(void *arg, int64_t begin, int64_t end, int worker)
{
  const job *j = arg;
  const plan *p = &j->p;
  (void)worker;
  for (int64_t i = begin; i < end; i++) {
    const float *src = j->src + offset_of(i, p->n_kept, p->kept, p->kept_stride);
    double most = -INFINITY, sum = 0;
    for (int64_t k = 0; k < p->n_in; k++) most = fmax(most, (double)src[offset_of(k, p->n_red, p->red, p->red_stride)]);
    if (isinf(most)) { j->dst[i] = (float)most; continue; }
    for (int64_t k = 0; k < p->n_in; k++) sum += exp((double)src[offset_of(k, p->n_red, p->red, p->red_stride)] - most);
    j->dst[i] = (float)(most + log(sum));
  }
}

static void forward_log_sum_exp(const aus_call *call)
{
  job j = { .p = make_plan(call), .src = call->in[0].data, .dst = call->out[0].data };
  aus_parallel_for(call->ctx, j.p.n_out, grain_for(j.p.n_in * 8), log_sum_exp, &j);
}

#define REDUCE_OP(name, run) \
  const aus_op_impl aus_op_impl_##name = { .shape = shape, .forward = run, .backward_scratch = aus_reduce_back_scratch, .backward = aus_reduce_back };
REDUCE_OP(reduce_sum, forward)
REDUCE_OP(reduce_mean, forward)
REDUCE_OP(reduce_max, forward)
REDUCE_OP(reduce_min, forward)
REDUCE_OP(reduce_prod, forward)
REDUCE_OP(reduce_l1, forward)
REDUCE_OP(reduce_l2, forward)
REDUCE_OP(reduce_sum_square, forward)
REDUCE_OP(reduce_log_sum_exp, forward_log_sum_exp)
