/* ops_back_ref.h - the way back of every op once more, in double and in the plainest way.
 *
 * The second opinion of tests/test_back.c, judged itself by central differences of ops_ref.h. Nothing here shares code
 * with src/nn. A reference sees the operands and results of ops_ref.h and the diffs of the results; it fills zeroed arrays. */
#ifndef AUS_OPS_BACK_REF_H
#define AUS_OPS_BACK_REF_H

#include "ops_ref.h"

typedef struct back_ref { const ref *r; double *const *diff_dst; double *diff_src[6]; } back_ref;
typedef void (*back_fn)(back_ref *);

/* ---- ops that only move values: the forward reference moves the numbers of the elements ------------ */
static arr *moved(const back_ref *b, ref_fn fn, double shift, ref *to, arr *in)
{
  double number = 1;
  for (int k = 0; k < b->r->n_in; k++) {
    in[k] = b->r->in[k];
    in[k].v = malloc(((size_t)in[k].n + 1) * sizeof(double));
    for (int64_t i = 0; i < in[k].n; i++) in[k].v[i] = number++ + shift;
  }
  *to = *b->r;
  to->in = in;
  memset(to->out, 0, sizeof to->out);
  fn(to);
  return &to->out[0];
}

static void back_moves(back_ref *b, ref_fn fn)
{
  ref first, second;
  arr in1[6], in2[6];
  const double shift = 1 << 24;
  const arr *x = moved(b, fn, 0, &first, in1), *y = moved(b, fn, shift, &second, in2);
  for (int64_t i = 0; i < x->n; i++) {
    if (y->v[i] - x->v[i] != shift) continue; /* a constant of pad */
    int64_t at = (int64_t)x->v[i] - 1;
    int k = 0;
    while (at >= b->r->in[k].n) at -= b->r->in[k++].n;
    b->diff_src[k][at] += b->diff_dst[0][i];
  }
  for (int k = 0; k < b->r->n_in; k++) { free(in1[k].v); free(in2[k].v); }
  for (int k = 0; k < 3; k++) { free(first.out[k].v); free(second.out[k].v); }
}

/* ---- elementwise ------------------------------------------------------------------------------------- */
static double unary_slope(int op, double x, double a, double b, int ia)
{
  const double s = logistic(x), pi = 3.14159265358979323846;
  switch (op) {
  case AUS_OP_relu: return x > 0;
  case AUS_OP_leaky_relu: return x > 0 ? 1 : a;
  case AUS_OP_elu: return x > 0 ? 1 : a * exp(x);
  case AUS_OP_sigmoid: return s * (1 - s);
  case AUS_OP_tanh: return 1 - tanh(x) * tanh(x);
  case AUS_OP_gelu:
    if (ia) {
      const double c = sqrt(2 / pi), t = tanh(c * (x + 0.044715 * x * x * x));
      return 0.5 * (1 + t) + 0.5 * x * (1 - t * t) * c * (1 + 3 * 0.044715 * x * x);
    }
    return 0.5 * (1 + erf(x / sqrt(2))) + x * exp(-x * x / 2) / sqrt(2 * pi);
  case AUS_OP_softplus: return s;
  case AUS_OP_hard_sigmoid: return a * x + b > 0 && a * x + b < 1 ? a : 0;
  case AUS_OP_clip: return x >= a && x <= b;
  case AUS_OP_exp: return exp(x);
  case AUS_OP_log: return 1 / x;
  case AUS_OP_sqrt: return 0.5 / sqrt(x);
  case AUS_OP_erf: return 2 / sqrt(pi) * exp(-x * x);
  case AUS_OP_abs: return (x > 0) - (x < 0);
  case AUS_OP_neg: return -1;
  case AUS_OP_sin: return cos(x);
  case AUS_OP_cos: return -sin(x);
  case AUS_OP_reciprocal: return -1 / (x * x);
  case AUS_OP_silu: return s + x * s * (1 - s);
  case AUS_OP_floor: case AUS_OP_ceil: case AUS_OP_round: case AUS_OP_sign: return 0;
  case AUS_OP_selu: return b * (x > 0 ? 1 : a * exp(x));
  case AUS_OP_softsign: return 1 / pow(1 + fabs(x), 2);
  case AUS_OP_atan: return 1 / (1 + x * x);
  case AUS_OP_hard_swish: return x <= -3 ? 0 : x >= 3 ? 1 : x / 3 + 0.5;
  case AUS_OP_thresholded_relu: return x > a;
  case AUS_OP_identity: return 1;
  }
  return NAN;
}

static void back_unary(back_ref *b)
{
  const ref *r = b->r;
  for (int64_t i = 0; i < r->in[0].n; i++)
    b->diff_src[0][i] = b->diff_dst[0][i] * unary_slope(r->op, r->in[0].v[i], attr_f(r, 0), attr_f(r, 1), attr_i(r, 0));
}

static void back_prelu(back_ref *b)
{
  const arr *x = &b->r->in[0], *s = &b->r->in[1];
  for (int64_t i = 0; i < x->n; i++) {
    const int64_t c = s->n == 1 ? 0 : i / span(x, 2, x->rank) % x->dim[1];
    const double d = b->diff_dst[0][i];
    b->diff_src[0][i] = x->v[i] > 0 ? d : d * s->v[c];
    b->diff_src[1][c] += x->v[i] > 0 ? 0 : d * x->v[i];
  }
}

/* The derivative of f(x, y, z) to operand k. */
static double binary_slope(int op, int k, double x, double y)
{
  switch (op) {
  case AUS_OP_add: return 1;
  case AUS_OP_sub: return k ? -1 : 1;
  case AUS_OP_mul: return k ? x : y;
  case AUS_OP_div: return k ? -x / (y * y) : 1 / y;
  case AUS_OP_pow: return k ? (x == 0 && y >= 0 ? 0 : pow(x, y) * log(x)) : y == 0 ? 0 : y * pow(x, y - 1);
  case AUS_OP_max: return x == y ? 0.5 : (x > y) == (k == 0);
  case AUS_OP_min: return x == y ? 0.5 : (x < y) == (k == 0);
  case AUS_OP_where: return k == 0 ? 0 : (x != 0) == (k == 1);
  }
  return 0; /* comparisons */
}

static int64_t broadcast_index(const arr *a, const arr *o, int64_t i)
{
  int64_t at[6], j = 0;
  unravel(o, i, at);
  for (int d = 0; d < a->rank; d++) j = j * a->dim[d] + (a->dim[d] == 1 ? 0 : at[o->rank - a->rank + d]);
  return j;
}

static void back_binary(back_ref *b)
{
  const ref *r = b->r;
  const arr *o = &r->out[0];
  for (int64_t i = 0; i < o->n; i++)
    for (int k = 0; k < r->n_in; k++)
      b->diff_src[k][broadcast_index(&r->in[k], o, i)] +=
        b->diff_dst[0][i] * binary_slope(r->op, k, broadcast_at(&r->in[0], o, i), broadcast_at(&r->in[1], o, i));
}

static void back_softmax(back_ref *b)
{
  const arr *o = &b->r->out[0];
  const int axis = attr_i(b->r, 0) < 0 ? attr_i(b->r, 0) + o->rank : attr_i(b->r, 0);
  for (int64_t i = 0; i < o->n; i++) { /* every result to every value: p_j (1[i = j] - p_i), or 1[i = j] - p_i */
    int64_t at[6];
    unravel(o, i, at);
    const int64_t own = at[axis];
    for (at[axis] = 0; at[axis] < o->dim[axis]; at[axis]++) {
      const int64_t j = ravel(o, at);
      const double same = at[axis] == own, d = b->diff_dst[0][j];
      b->diff_src[0][i] += b->r->op == AUS_OP_softmax ? d * o->v[j] * (same - o->v[i]) : d * (same - exp(o->v[i]));
    }
  }
}

/* ---- reductions ----------------------------------------------------------------------------------------- */
static int64_t result_of(const ref *r, int64_t i)
{
  const arr *x = &r->in[0];
  int64_t at[6], to[6] = {0};
  int rank = 0;
  unravel(x, i, at);
  for (int d = 0; d < x->rank; d++) {
    if (attr_i(r, 0) >> d & 1) { if (attr_i(r, 1)) to[rank++] = 0; }
    else to[rank++] = at[d];
  }
  return ravel(&r->out[0], to);
}

static void back_reduce(back_ref *b)
{
  const ref *r = b->r;
  const arr *x = &r->in[0], *o = &r->out[0];
  const double count = (double)x->n / (double)o->n;
  double *ties = calloc((size_t)o->n, sizeof *ties), *zeros = calloc((size_t)o->n, sizeof *zeros), *rest = malloc((size_t)o->n * sizeof *rest);
  for (int64_t j = 0; j < o->n; j++) rest[j] = 1;
  for (int64_t i = 0; i < x->n; i++) {
    const int64_t j = result_of(r, i);
    ties[j] += x->v[i] == o->v[j];
    zeros[j] += x->v[i] == 0;
    if (x->v[i] != 0) rest[j] *= x->v[i];
  }
  for (int64_t i = 0; i < x->n; i++) {
    const int64_t j = result_of(r, i);
    const double v = x->v[i], y = o->v[j], d = b->diff_dst[0][j], others = v != 0 ? (zeros[j] > 0 ? 0 : rest[j] / v) : zeros[j] > 1 ? 0 : rest[j];
    double g = d;
    switch (r->op) {
    case AUS_OP_reduce_mean: g = d / count; break;
    case AUS_OP_reduce_max: case AUS_OP_reduce_min: g = v == y ? d / ties[j] : 0; break;
    case AUS_OP_reduce_prod: g = d * others; break;
    case AUS_OP_reduce_l1: g = d * ((v > 0) - (v < 0)); break;
    case AUS_OP_reduce_l2: g = y == 0 ? 0 : d * v / y; break;
    case AUS_OP_reduce_sum_square: g = 2 * d * v; break;
    case AUS_OP_reduce_log_sum_exp: g = d * exp(v - y); break;
    }
    b->diff_src[0][i] = g;
  }
  free(ties);
  free(zeros);
  free(rest);
}

/* ---- sums and mixtures -------------------------------------------------------------------------------------- */
static void back_cumsum(back_ref *b)
{
  const arr *x = &b->r->in[0];
  const int axis = attr_i(b->r, 0), exclusive = attr_i(b->r, 1), reverse = attr_i(b->r, 2);
  for (int64_t i = 0; i < x->n; i++) {
    int64_t at[6];
    unravel(x, i, at);
    const int64_t here = at[axis];
    for (int64_t k = 0; k < x->dim[axis]; k++) {
      at[axis] = k;
      if ((reverse ? k > here : k < here) || (k == here && !exclusive)) b->diff_src[0][ravel(x, at)] += b->diff_dst[0][i];
    }
  }
}

#endif
