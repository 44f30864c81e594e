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
    int64_t at[6] = { 0 };
    unravel(x, i, at);
    const int64_t here = at[axis];
    for (int64_t k = 0; k < x->dim[axis]; k++) {
      at[axis] = k;
      if ((reverse ? k > here : k < here) || (k == here && !exclusive)) b->diff_src[0][ravel(x, at)] += b->diff_dst[0][i];
    }
  }
}

static void back_resize(back_ref *b)
{
  const ref *r = b->r;
  const arr *x = &r->in[0], *o = &r->out[0];
  const map m = as_map(x), om = as_map(o);
  double *wy = calloc((size_t)(om.h * m.h), sizeof *wy), *wx = calloc((size_t)(om.w * m.w), sizeof *wx);
  for (int64_t i = 0; i < om.h * m.h; i++) wy[i] = x->rank == 3 ? 1 : resize_weight(r, i / m.h, i % m.h, m.h, om.h, attr_f(r, 5));
  for (int64_t i = 0; i < om.w * m.w; i++) wx[i] = resize_weight(r, i / m.w, i % m.w, m.w, om.w, attr_f(r, 6));
  for (int64_t i = 0; i < o->n; i++) {
    const int64_t ox = i % om.w, oy = i / om.w % om.h, plane = i / om.w / om.h;
    for (int64_t y = 0; y < m.h; y++)
      for (int64_t k = 0; wy[oy * m.h + y] != 0 && k < m.w; k++)
        b->diff_src[0][(plane * m.h + y) * m.w + k] += b->diff_dst[0][i] * wy[oy * m.h + y] * wx[ox * m.w + k];
  }
  free(wy);
  free(wx);
}

/* ---- recurrent: one direction of one item at a time, all states kept ------------------------------------- */
enum { REF_STEPS = 80, REF_UNITS = 40 };
typedef struct ref_step { double x[80], gate[4][REF_UNITS], inner[REF_UNITS], h[REF_UNITS], c[REF_UNITS], h_new[REF_UNITS], c_new[REF_UNITS]; } ref_step;

/* gate: after its function; inner: what r multiplies (R h + b of gru's new gate, or h itself). As in cell_step. */
static void keep_step(const cell *c, const double *x, const double *h, const double *state, ref_step *k)
{
  const int gates = c->op == AUS_OP_lstm ? 4 : c->op == AUS_OP_gru ? 3 : 1;
  double rh[REF_UNITS];
  memcpy(k->x, x, (size_t)c->in * sizeof *x);
  memcpy(k->h, h, (size_t)c->h * sizeof *h);
  memcpy(k->c, state, (size_t)c->h * sizeof *h);
  for (int g = 0; g < gates; g++) {
    for (int64_t j = 0; j < c->h && c->op == AUS_OP_gru; j++) rh[j] = k->gate[1][j] * h[j];
    for (int64_t j = 0; j < c->h; j++) {
      const double sum = gate_in(c, gates, g, j, x) + gate_rec(c, gates, g, j, h);
      if (c->op == AUS_OP_lstm) k->gate[g][j] = g == 3 ? tanh(sum) : logistic(sum);
      else if (c->op == AUS_OP_rnn) k->gate[0][j] = c->relu ? fmax(sum, 0) : tanh(sum);
      else if (g < 2) k->gate[g][j] = logistic(sum);
      else {
        k->inner[j] = c->lbr ? gate_rec(c, 3, 2, j, h) : h[j];
        k->gate[2][j] = tanh(gate_in(c, 3, 2, j, x) + (c->lbr ? k->gate[1][j] * k->inner[j] : gate_rec(c, 3, 2, j, rh)));
      }
    }
  }
}

typedef struct cell_diff { double *x, *w, *r, *b, h[REF_UNITS], c[REF_UNITS]; } cell_diff;

/* Sum of gate g, unit j has diff d; its recurrent part d_rec on the vector h. */
static void sum_back(const cell *c, cell_diff *to, int gates, int g, int64_t j, const ref_step *k, double d, double d_rec, const double *h, double *diff_h)
{
  for (int64_t i = 0; i < c->in; i++) {
    to->x[i] += d * c->w[(g * c->h + j) * c->in + i];
    to->w[(g * c->h + j) * c->in + i] += d * k->x[i];
  }
  for (int64_t i = 0; i < c->h; i++) {
    diff_h[i] += d_rec * c->r[(g * c->h + j) * c->h + i];
    to->r[(g * c->h + j) * c->h + i] += d_rec * h[i];
  }
  if (to->b) { to->b[g * c->h + j] += d; to->b[(gates + g) * c->h + j] += d_rec; }
}

/* to->h, to->c: diffs after the step become those before it. */
static void step_back(const cell *c, const ref_step *k, cell_diff *to)
{
  double dh[REF_UNITS], dc[REF_UNITS] = {0}, next[REF_UNITS] = {0}, rh[REF_UNITS], drh[REF_UNITS] = {0};
  memcpy(dh, to->h, sizeof dh);
  for (int64_t j = 0; j < c->h && c->op == AUS_OP_gru; j++) rh[j] = k->gate[1][j] * k->h[j];
  for (int64_t j = 0; j < c->h; j++) {
    const double d = dh[j];
    if (c->op == AUS_OP_lstm) {
      const double i = k->gate[0][j], o = k->gate[1][j], f = k->gate[2][j], g = k->gate[3][j], t = tanh(f * k->c[j] + i * g);
      const double ds = to->c[j] + d * o * (1 - t * t), sums[4] = { ds * g * i * (1 - i), d * t * o * (1 - o), ds * k->c[j] * f * (1 - f), ds * i * (1 - g * g) };
      for (int q = 0; q < 4; q++) sum_back(c, to, 4, q, j, k, sums[q], sums[q], k->h, next);
      dc[j] = ds * f;
    } else if (c->op == AUS_OP_rnn) {
      const double y = k->gate[0][j], s = c->relu ? d * (y > 0) : d * (1 - y * y);
      sum_back(c, to, 1, 0, j, k, s, s, k->h, next);
    } else {
      const double z = k->gate[0][j], r = k->gate[1][j], m = k->gate[2][j], dz = d * (k->h[j] - m) * z * (1 - z), dn = d * (1 - z) * (1 - m * m);
      sum_back(c, to, 3, 0, j, k, dz, dz, k->h, next);
      next[j] += d * z;
      if (c->lbr) {
        const double dr = dn * k->inner[j] * r * (1 - r);
        sum_back(c, to, 3, 1, j, k, dr, dr, k->h, next);
        sum_back(c, to, 3, 2, j, k, dn, dn * r, k->h, next);
      } else sum_back(c, to, 3, 2, j, k, dn, dn, rh, drh);
    }
  }
  for (int64_t j = 0; j < c->h && c->op == AUS_OP_gru && !c->lbr; j++) { /* diff of r h, now whole */
    const double r = k->gate[1][j], dr = drh[j] * k->h[j] * r * (1 - r);
    sum_back(c, to, 3, 1, j, k, dr, dr, k->h, next);
    next[j] += drh[j] * r;
  }
  memcpy(to->h, next, sizeof next);
  memcpy(to->c, dc, sizeof dc);
}

static void back_recurrent(back_ref *b)
{
  const ref *r = b->r;
  const arr *x = &r->in[0];
  static ref_step kept[REF_STEPS];
  const int h = attr_i(r, 0), direction = attr_i(r, 1), gru = r->op == AUS_OP_gru, bf = attr_i(r, gru ? 3 : 2), dirs = direction == 2 ? 2 : 1;
  const int gates = r->op == AUS_OP_lstm ? 4 : gru ? 3 : 1;
  const int64_t t = x->dim[bf ? 1 : 0], mb = x->dim[bf ? 0 : 1], in = x->dim[2];
  for (int d = 0; d < dirs; d++)
    for (int64_t n = 0; n < mb; n++) {
      const cell c = { r->in[1].v + d * gates * h * in, r->in[2].v + d * gates * h * h, has(r, 3) ? r->in[3].v + d * 2 * gates * h : NULL,
                       in, h, r->op, gru && attr_i(r, 2), !gru && r->op != AUS_OP_lstm && attr_i(r, 3) };
      cell_diff to = { .w = b->diff_src[1] + d * gates * h * in, .r = b->diff_src[2] + d * gates * h * h, .b = has(r, 3) ? b->diff_src[3] + d * 2 * gates * h : NULL };
      double hs[64] = {0}, cs[64] = {0};
      for (int j = 0; j < h; j++) {
        if (has(r, 4)) hs[j] = r->in[4].v[(d * mb + n) * h + j];
        if (has(r, 5)) cs[j] = r->in[5].v[(d * mb + n) * h + j];
        to.h[j] = b->diff_dst[1][(d * mb + n) * h + j];
        to.c[j] = r->op == AUS_OP_lstm ? b->diff_dst[2][(d * mb + n) * h + j] : 0;
      }
      for (int64_t k = 0; k < t; k++) {
        const int64_t at = direction == 1 || d == 1 ? t - 1 - k : k;
        const double *xs = x->v + (bf ? n * t + at : at * mb + n) * in;
        keep_step(&c, xs, hs, cs, &kept[at]);
        cell_step(&c, xs, hs, cs);
      }
      for (int64_t k = t - 1; k >= 0; k--) {
        const int64_t at = direction == 1 || d == 1 ? t - 1 - k : k;
        to.x = b->diff_src[0] + (bf ? n * t + at : at * mb + n) * in;
        for (int j = 0; j < h; j++) to.h[j] += b->diff_dst[0][bf ? (n * t + at) * dirs * h + d * h + j : ((at * dirs + d) * mb + n) * h + j];
        step_back(&c, &kept[at], &to);
      }
      for (int j = 0; j < h; j++) {
        if (has(r, 4)) b->diff_src[4][(d * mb + n) * h + j] = to.h[j];
        if (has(r, 5)) b->diff_src[5][(d * mb + n) * h + j] = to.c[j];
      }
    }
}

static void back_attention(back_ref *b)
{
  const ref *r = b->r;
  const arr *q = &r->in[0], *k = &r->in[1], *v = &r->in[2], *p = &r->out[1];
  const int64_t tq = q->dim[1], tk = k->dim[1], e = q->dim[2], heads = attr_i(r, 0), d = e / heads, ev = v->dim[2], dv = ev / heads;
  double *dp = malloc((size_t)tk * sizeof *dp);
  for (int64_t row = 0; row < q->dim[0] * heads * tq; row++) {
    const int64_t i = row % tq, hd = row / tq % heads, n = row / tq / heads, out = (n * tq + i) * ev + hd * dv, query = (n * tq + i) * e + hd * d;
    double mean = 0;
    for (int64_t j = 0; j < tk; j++) {
      dp[j] = b->diff_dst[1] ? b->diff_dst[1][row * tk + j] : 0;
      for (int64_t c = 0; c < dv; c++) {
        dp[j] += b->diff_dst[0][out + c] * v->v[(n * tk + j) * ev + hd * dv + c];
        b->diff_src[2][(n * tk + j) * ev + hd * dv + c] += b->diff_dst[0][out + c] * p->v[row * tk + j];
      }
      mean += dp[j] * p->v[row * tk + j];
    }
    for (int64_t j = 0; j < tk; j++) {
      const double ds = p->v[row * tk + j] * (dp[j] - mean), scaled = ds * attr_f(r, 1);
      if (has(r, 3)) b->diff_src[3][broadcast_index(&r->in[3], p, row * tk + j)] += ds;
      for (int64_t c = 0; c < d; c++) {
        b->diff_src[0][query + c] += scaled * k->v[(n * tk + j) * e + hd * d + c];
        b->diff_src[1][(n * tk + j) * e + hd * d + c] += scaled * q->v[query + c];
      }
    }
  }
  free(dp);
}

#endif
