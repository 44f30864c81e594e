/* reduce_back.c - how a reduction hands its diff back: each value x of the n behind a result y with diff d gets
 *
 *   sum d,  mean d / n,  l1 d sign(x),  sum_square 2 d x,  l2 d x / y,  log_sum_exp d e^(x - y),
 *   max, min: d / (how many x equal y) where x equals y (torch's amax; 0 elsewhere),
 *   prod: d times the product of the others.
 *
 * Where there is no derivative: l1 and l2 give 0 at 0 (torch's), equal extremes share evenly. */
#include "nn/ops/reduce.h"
#include "nn/ops/sweep.h"

#include <math.h>

/* Rows see x, y, d, and for extremes how many share, for products the zeros among the x and the product of the rest. */
#define BACK(name, value)                                                                                              \
  static void row_##name(const aus_sweep *w, int64_t n, const float *const p[], const int64_t s[], float *to)          \
  {                                                                                                                    \
    (void)w;                                                                                                           \
    for (int64_t i = 0; i < n; i++) {                                                                                  \
      const float x = p[0][i * s[0]], y = p[1][i * s[1]], d = p[2][i * s[2]];                                          \
      (void)x; (void)y; (void)d;                                                                                       \
      to[i] = (value);                                                                                                 \
    }                                                                                                                  \
  }

static float others(float x, float zeros, float rest) { return zeros == 0 ? rest / x : zeros == 1 && x == 0 ? rest : 0; }

BACK(sum, d)
BACK(mean, d *w->k)
BACK(equal, x == y)
BACK(extreme, x == y ? d / p[3][i * s[3]] : 0)
BACK(l1, x > 0 ? d : x < 0 ? -d : 0)
BACK(l2, y == 0 ? 0 : d *(x / y))
BACK(square, 2 * d *x)
BACK(log_sum_exp, d *expf(x - y))
BACK(prod, d *others(x, p[3][i * s[3]], p[4][i * s[4]]))
BACK(zero, x == 0)

static aus_row_fn row_of(int32_t op)
{
  switch (op) {
  case AUS_OP_reduce_mean: return row_mean;
  case AUS_OP_reduce_max: case AUS_OP_reduce_min: return row_extreme;
  case AUS_OP_reduce_prod: return row_prod;
  case AUS_OP_reduce_l1: return row_l1;
  case AUS_OP_reduce_l2: return row_l2;
  case AUS_OP_reduce_sum_square: return row_square;
  case AUS_OP_reduce_log_sum_exp: return row_log_sum_exp;
  default: return row_sum;
  }
}

/* Arrays of one value per result, beside y and d: none, ties, or zeros and products. */
static int64_t extras(int32_t op) { return op == AUS_OP_reduce_max || op == AUS_OP_reduce_min ? 1 : op == AUS_OP_reduce_prod ? 2 : 0; }

size_t aus_reduce_back_scratch(const aus_back *b)
{
  return (size_t)(extras(b->call->op) * aus_shape_count(&b->call->out[0].shape)) * sizeof(float);
}

typedef struct product { const aus_sweep *w; uint32_t axes; float *dst; } product;

/* Products of what is not zero, in double: result i and its values by their index in src. */
static void products(void *arg, int64_t begin, int64_t end, int worker)
{
  const product *j = arg;
  const aus_sweep *w = j->w;
  (void)worker;
  for (int64_t i = begin; i < end; i++) {
    int64_t base = 0, rest = i, n = 1;
    double all = 1;
    for (int32_t d = w->rank - 1; d >= 0; d--) {
      if (j->axes >> d & 1) { n *= w->dim[d]; continue; }
      base += rest % w->dim[d] * w->stride[0][d];
      rest /= w->dim[d];
    }
    for (int64_t k = 0; k < n; k++) {
      int64_t at = base, left = k;
      for (int32_t d = w->rank - 1; d >= 0; d--) {
        if (!(j->axes >> d & 1)) continue;
        at += left % w->dim[d] * w->stride[0][d];
        left /= w->dim[d];
      }
      if (w->src[0][at] != 0) all *= (double)w->src[0][at];
    }
    j->dst[i] = (float)all;
  }
}

/* The result's shape with its reduced dims kept, so that it broadcasts to src's. */
static aus_shape kept_shape(const aus_call *call)
{
  aus_shape s = call->in[0].shape;
  for (int32_t d = 0; d < s.rank; d++)
    if ((uint32_t)call->attr[0].i >> d & 1) s.dim[d] = 1;
  return s;
}

void aus_reduce_back(const aus_back *b)
{
  const aus_call *call = b->call;
  const aus_shape *src = &call->in[0].shape, small = kept_shape(call);
  const int64_t results = aus_shape_count(&small);
  if (!b->diff_src[0]) return;
  aus_sweep w = aus_sweep_over(call->ctx, src);
  w.k = (float)(1 / ((double)aus_shape_count(src) / (double)results));
  aus_sweep_add(&w, src, call->in[0].data);
  aus_sweep_add(&w, &small, call->out[0].data);
  aus_sweep_add(&w, &small, b->diff_dst[0]);
  if (extras(call->op) > 0) {
    float *counts = b->scratch, *rest = counts + results;
    aus_sweep_sum(call->ctx, &w, call->op == AUS_OP_reduce_prod ? row_zero : row_equal, 1, counts);
    aus_sweep_add(&w, &small, counts);
    if (call->op == AUS_OP_reduce_prod) {
      product j = { &w, (uint32_t)call->attr[0].i, rest };
      aus_parallel_for(call->ctx, results, AUS_BLOCK / 16, products, &j);
      aus_sweep_add(&w, &small, rest);
    }
  }
  aus_sweep_run(call->ctx, &w, row_of(call->op), b->diff_src[0]);
}
