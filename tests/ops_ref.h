/* ops_ref.h - every op once more, in double and in the plainest way: index by index from the definition.
 *
 * The second opinion of tests/test_ops.c. Nothing here shares code with src/nn. A reference makes its own
 * output shapes. */
#ifndef AUS_OPS_REF_H
#define AUS_OPS_REF_H

#include "nn/op.h"

typedef struct arr { int rank; int64_t dim[6], n; double *v; } arr;
typedef struct ref { const arr *in; int n_in; const aus_word *attr; int n_attr; int op; arr out[3]; } ref;
typedef void (*ref_fn)(ref *);

static arr *make_out(ref *r, int k, int rank, const int64_t *dim)
{
  arr *o = &r->out[k];
  o->rank = rank;
  o->n = 1;
  for (int d = 0; d < rank; d++) o->n *= o->dim[d] = dim[d];
  o->v = calloc((size_t)o->n + 1, sizeof *o->v);
  return o;
}

static arr *like(ref *r, const arr *a) { return make_out(r, 0, a->rank, a->dim); }
static bool has(const ref *r, int k) { return k < r->n_in && r->in[k].v; }
static int attr_i(const ref *r, int k) { return k < r->n_attr ? r->attr[k].i : 0; }
static double attr_f(const ref *r, int k) { return k < r->n_attr ? (double)r->attr[k].f : 0; }

/* Index of element i along each dim. */
static void unravel(const arr *a, int64_t i, int64_t at[6])
{
  for (int d = a->rank - 1; d >= 0; d--) { at[d] = i % a->dim[d]; i /= a->dim[d]; }
}

static int64_t ravel(const arr *a, const int64_t at[6])
{
  int64_t i = 0;
  for (int d = 0; d < a->rank; d++) i = i * a->dim[d] + at[d];
  return i;
}

static int64_t span(const arr *a, int from, int to)
{
  int64_t n = 1;
  for (int d = from; d < to; d++) n *= a->dim[d];
  return n;
}

/* ---- maps of [mb, c, h, w] or [mb, c, w] ------------------------------------------------ */
typedef struct map { int64_t mb, c, h, w; } map;
static map as_map(const arr *a) { return (map){ a->dim[0], a->dim[1], a->rank == 4 ? a->dim[2] : 1, a->dim[a->rank - 1] }; }
static double px(const arr *a, int64_t n, int64_t c, int64_t y, int64_t x)
{
  const map m = as_map(a);
  return a->v[((n * m.c + c) * m.h + y) * m.w + x];
}
static arr *map_out(ref *r, int rank, int64_t mb, int64_t c, int64_t h, int64_t w)
{
  const int64_t d4[4] = { mb, c, h, w }, d3[3] = { mb, c, w };
  return make_out(r, 0, rank, rank == 4 ? d4 : d3);
}

static void ref_conv(ref *r)
{
  const arr *x = &r->in[0], *w = &r->in[1];
  const map m = as_map(x), k = as_map(w);
  const int flat = x->rank == 3, sh = flat ? 1 : attr_i(r, 0), sw = attr_i(r, 1), dh = flat ? 1 : attr_i(r, 2), dw = attr_i(r, 3);
  const int pt = flat ? 0 : attr_i(r, 4), pl = attr_i(r, 5), pb = flat ? 0 : attr_i(r, 6), pr = attr_i(r, 7), g = attr_i(r, 8);
  const int64_t oh = (m.h + pt + pb - dh * (k.h - 1) - 1) / sh + 1, ow = (m.w + pl + pr - dw * (k.w - 1) - 1) / sw + 1, ocg = k.mb / g;
  arr *o = map_out(r, x->rank, m.mb, k.mb, oh, ow);
  for (int64_t i = 0; i < o->n; i++) {
    const int64_t ox = i % ow, oy = i / ow % oh, oc = i / ow / oh % k.mb, n = i / ow / oh / k.mb;
    double s = has(r, 2) ? r->in[2].v[oc] : 0;
    for (int64_t ic = 0; ic < k.c; ic++)
      for (int64_t ky = 0; ky < k.h; ky++)
        for (int64_t kx = 0; kx < k.w; kx++) {
          const int64_t y = oy * sh + ky * dh - pt, xx = ox * sw + kx * dw - pl;
          if (y >= 0 && y < m.h && xx >= 0 && xx < m.w) s += px(x, n, oc / ocg * k.c + ic, y, xx) * px(w, oc, ic, ky, kx);
        }
    o->v[i] = s;
  }
}

static void ref_conv_transpose(ref *r)
{
  const arr *x = &r->in[0], *w = &r->in[1];
  const map m = as_map(x), k = as_map(w); /* weights [ic, oc/g, kh, kw] */
  const int flat = x->rank == 3, sh = flat ? 1 : attr_i(r, 0), sw = attr_i(r, 1), dh = flat ? 1 : attr_i(r, 2), dw = attr_i(r, 3);
  const int pt = flat ? 0 : attr_i(r, 4), pl = attr_i(r, 5), pb = flat ? 0 : attr_i(r, 6), pr = attr_i(r, 7), g = attr_i(r, 8);
  const int64_t oc = k.c * g, icg = m.c / g;
  const int64_t oh = flat ? 1 : (m.h - 1) * sh - pt - pb + dh * (k.h - 1) + 1 + attr_i(r, 9), ow = (m.w - 1) * sw - pl - pr + dw * (k.w - 1) + 1 + attr_i(r, 10);
  arr *o = map_out(r, x->rank, m.mb, oc, oh, ow);
  for (int64_t i = 0; i < o->n; i++) o->v[i] = has(r, 2) ? r->in[2].v[i / ow / oh % oc] : 0;
  for (int64_t n = 0; n < m.mb; n++)
    for (int64_t ic = 0; ic < m.c; ic++)
      for (int64_t j = 0; j < k.c; j++)
        for (int64_t y = 0; y < m.h; y++)
          for (int64_t xx = 0; xx < m.w; xx++)
            for (int64_t ky = 0; ky < k.h; ky++)
              for (int64_t kx = 0; kx < k.w; kx++) {
                const int64_t oy = y * sh + ky * dh - pt, ox = xx * sw + kx * dw - pl;
                if (oy >= 0 && oy < oh && ox >= 0 && ox < ow)
                  o->v[((n * oc + ic / icg * k.c + j) * oh + oy) * ow + ox] += px(x, n, ic, y, xx) * px(w, ic, j, ky, kx);
              }
}

static void ref_linear(ref *r)
{
  const arr *x = &r->in[0], *w = &r->in[1];
  int64_t dim[6], k = w->dim[1], n = w->dim[0];
  memcpy(dim, x->dim, sizeof dim);
  dim[x->rank - 1] = n;
  arr *o = make_out(r, 0, x->rank, dim);
  for (int64_t i = 0; i < o->n; i++) {
    double s = has(r, 2) ? r->in[2].v[i % n] : 0;
    for (int64_t j = 0; j < k; j++) s += x->v[i / n * k + j] * w->v[i % n * k + j];
    o->v[i] = s;
  }
}

/* a as a stack of matrices; element (row, column) of matrix i after the optional transposition */
static double mat(const arr *a, bool left, bool trans, const int64_t *at, int batch, int64_t row, int64_t col)
{
  if (a->rank == 1) return a->v[left ? col : row];
  const int own = a->rank - 2;
  int64_t i = 0;
  for (int d = 0; d < own; d++) i = i * a->dim[d] + (a->dim[d] == 1 ? 0 : at[batch - own + d]);
  const int64_t rows = a->dim[own], cols = a->dim[own + 1];
  return trans ? a->v[(i * rows + col) * cols + row] : a->v[(i * rows + row) * cols + col];
}

static void ref_matmul(ref *r)
{
  const arr *a = &r->in[0], *b = &r->in[1];
  const bool ta = attr_i(r, 0) && a->rank > 1, tb = attr_i(r, 1) && b->rank > 1;
  const int na = a->rank > 2 ? a->rank - 2 : 0, nb = b->rank > 2 ? b->rank - 2 : 0, batch = na > nb ? na : nb;
  int64_t dim[6], m = 1, n = 1, k;
  int rank = batch;
  for (int d = 0; d < batch; d++) {
    const int64_t x = d - (batch - na) < 0 ? 1 : a->dim[d - (batch - na)], y = d - (batch - nb) < 0 ? 1 : b->dim[d - (batch - nb)];
    dim[d] = x > y ? x : y;
  }
  k = a->rank == 1 ? a->dim[0] : a->dim[a->rank - (ta ? 2 : 1)];
  if (a->rank > 1) m = dim[rank++] = a->dim[a->rank - (ta ? 1 : 2)];
  if (b->rank > 1) n = dim[rank++] = b->dim[b->rank - (tb ? 2 : 1)];
  arr *o = make_out(r, 0, rank, dim);
  for (int64_t i = 0; i < o->n; i++) {
    int64_t at[6], rest = i / (m * n);
    for (int d = batch - 1; d >= 0; d--) { at[d] = rest % dim[d]; rest /= dim[d]; }
    for (int64_t j = 0; j < k; j++) o->v[i] += mat(a, true, ta, at, batch, i / n % m, j) * mat(b, false, tb, at, batch, j, i % n);
    o->v[i] *= attr_f(r, 2);
  }
}

/* ---- normalisation --------------------------------------------------------------------- */
static void ref_batch_norm(ref *r)
{
  const arr *x = &r->in[0];
  arr *o = like(r, x);
  const int64_t space = span(x, 2, x->rank), c = x->dim[1];
  for (int64_t i = 0; i < x->n; i++) {
    const int64_t k = i / space % c;
    o->v[i] = (x->v[i] - r->in[3].v[k]) / sqrt(r->in[4].v[k] + attr_f(r, 0)) * r->in[1].v[k] + r->in[2].v[k];
  }
}

static void norm_rows_of(ref *r, int64_t n, double eps, bool per_value)
{
  const arr *x = &r->in[0];
  arr *o = like(r, x);
  const int64_t space = span(x, 2, x->rank);
  for (int64_t row = 0; row < x->n / n; row++) {
    double mean = 0, var = 0;
    for (int64_t i = 0; i < n; i++) mean += x->v[row * n + i] / (double)n;
    for (int64_t i = 0; i < n; i++) var += pow(x->v[row * n + i] - mean, 2) / (double)n;
    for (int64_t i = row * n; i < row * n + n; i++) {
      const int64_t k = per_value ? i % n : i / space % x->dim[1];
      o->v[i] = (x->v[i] - mean) / sqrt(var + eps) * (has(r, 1) ? r->in[1].v[k] : 1) + (has(r, 2) ? r->in[2].v[k] : 0);
    }
  }
}

static void ref_layer_norm(ref *r)
{
  const arr *x = &r->in[0];
  const int axis = attr_i(r, 0) < 0 ? attr_i(r, 0) + x->rank : attr_i(r, 0);
  norm_rows_of(r, span(x, axis, x->rank), attr_f(r, 1), true);
}
static void ref_instance_norm(ref *r) { norm_rows_of(r, span(&r->in[0], 2, r->in[0].rank), attr_f(r, 0), false); }
static void ref_group_norm(ref *r) { norm_rows_of(r, span(&r->in[0], 1, r->in[0].rank) / attr_i(r, 0), attr_f(r, 1), false); }

/* ---- pooling --------------------------------------------------------------------------- */
static int64_t pooled(int64_t in, int k, int s, int p0, int p1, int d, bool ceil_mode)
{
  int64_t n = 0, last = -1; /* count windows that begin inside and, without ceil_mode, end inside the padding */
  for (int64_t at = -p0; at < in + p1; at += s) {
    const int64_t end = at + (int64_t)d * (k - 1);
    if (end < in + p1) { n++; last = end; }
    else { if (ceil_mode && at < in && last < in + p1 - 1) n++; break; } /* one more only where something is left over */
  }
  return n;
}

static void ref_pool(ref *r)
{
  const arr *x = &r->in[0];
  const map m = as_map(x);
  const bool flat = x->rank == 3, is_max = r->op == AUS_OP_max_pool, ceil_mode = attr_i(r, 8);
  const int kh = flat ? 1 : attr_i(r, 0), kw = attr_i(r, 1), sh = flat ? 1 : attr_i(r, 2), sw = attr_i(r, 3);
  const int pt = flat ? 0 : attr_i(r, 4), pl = attr_i(r, 5), pb = flat ? 0 : attr_i(r, 6), pr = attr_i(r, 7);
  const int dh = is_max && !flat && attr_i(r, 9) ? attr_i(r, 9) : 1, dw = is_max && attr_i(r, 10) ? attr_i(r, 10) : 1;
  const bool include = !is_max && attr_i(r, 9);
  const int64_t oh = pooled(m.h, kh, sh, pt, pb, dh, ceil_mode), ow = pooled(m.w, kw, sw, pl, pr, dw, ceil_mode);
  arr *o = map_out(r, x->rank, m.mb, m.c, oh, ow);
  for (int64_t i = 0; i < o->n; i++) {
    const int64_t ox = i % ow, oy = i / ow % oh, c = i / ow / oh % m.c, n = i / ow / oh / m.c;
    double most = -INFINITY, sum = 0;
    int inside = 0, padded = 0;
    for (int ky = 0; ky < kh; ky++)
      for (int kx = 0; kx < kw; kx++) {
        const int64_t y = oy * sh + ky * dh - pt, xx = ox * sw + kx * dw - pl;
        if (y < m.h + pb && xx < m.w + pr) padded++;
        if (y < 0 || y >= m.h || xx < 0 || xx >= m.w) continue;
        inside++;
        sum += px(x, n, c, y, xx);
        most = fmax(most, px(x, n, c, y, xx));
      }
    o->v[i] = is_max ? most : sum / (include ? padded : inside);
  }
}

static void ref_adaptive(ref *r)
{
  const arr *x = &r->in[0];
  const map m = as_map(x);
  const int64_t oh = x->rank == 3 ? 1 : attr_i(r, 0), ow = attr_i(r, 1);
  arr *o = map_out(r, x->rank, m.mb, m.c, oh, ow);
  for (int64_t i = 0; i < o->n; i++) {
    const int64_t ox = i % ow, oy = i / ow % oh, c = i / ow / oh % m.c, n = i / ow / oh / m.c;
    double most = -INFINITY, sum = 0, count = 0;
    for (int64_t y = (int64_t)floor((double)(oy * m.h) / (double)oh); y < (int64_t)ceil((double)((oy + 1) * m.h) / (double)oh); y++)
      for (int64_t xx = (int64_t)floor((double)(ox * m.w) / (double)ow); xx < (int64_t)ceil((double)((ox + 1) * m.w) / (double)ow); xx++, count++) {
        sum += px(x, n, c, y, xx);
        most = fmax(most, px(x, n, c, y, xx));
      }
    o->v[i] = r->op == AUS_OP_adaptive_max_pool ? most : sum / count;
  }
}

/* ---- elementwise ------------------------------------------------------------------------- */
static double logistic(double x) { return 1 / (1 + exp(-x)); }

static double unary_value(int op, double x, double a, double b, int ia)
{
  switch (op) {
  case AUS_OP_relu: return fmax(x, 0);
  case AUS_OP_leaky_relu: return x < 0 ? a * x : x;
  case AUS_OP_elu: return x < 0 ? a * (exp(x) - 1) : x;
  case AUS_OP_sigmoid: return logistic(x);
  case AUS_OP_tanh: return tanh(x);
  case AUS_OP_gelu: return ia ? 0.5 * x * (1 + tanh(sqrt(2 / 3.14159265358979323846) * (x + 0.044715 * x * x * x))) : 0.5 * x * (1 + erf(x / sqrt(2)));
  case AUS_OP_softplus: return log(1 + exp(x));
  case AUS_OP_hard_sigmoid: return fmax(0, fmin(1, a * x + b));
  case AUS_OP_clip: return fmin(fmax(x, a), b);
  case AUS_OP_exp: return exp(x);
  case AUS_OP_log: return log(x);
  case AUS_OP_sqrt: return sqrt(x);
  case AUS_OP_erf: return erf(x);
  case AUS_OP_abs: return fabs(x);
  case AUS_OP_neg: return -x;
  case AUS_OP_sin: return sin(x);
  case AUS_OP_cos: return cos(x);
  case AUS_OP_reciprocal: return 1 / x;
  case AUS_OP_silu: return x * logistic(x);
  case AUS_OP_floor: return floor(x);
  case AUS_OP_ceil: return ceil(x);
  case AUS_OP_round: return rint(x);
  case AUS_OP_sign: return (x > 0) - (x < 0);
  case AUS_OP_selu: return b * (x > 0 ? x : a * (exp(x) - 1));
  case AUS_OP_softsign: return x / (1 + fabs(x));
  case AUS_OP_atan: return atan(x);
  case AUS_OP_hard_swish: return x * fmax(0, fmin(1, x / 6 + 0.5));
  case AUS_OP_thresholded_relu: return x > a ? x : 0;
  case AUS_OP_identity: case AUS_OP_dropout: return x; /* dropout: at inference */
  }
  return NAN;
}

static void ref_unary(ref *r)
{
  arr *o = like(r, &r->in[0]);
  for (int64_t i = 0; i < o->n; i++) o->v[i] = unary_value(r->op, r->in[0].v[i], attr_f(r, 0), attr_f(r, 1), attr_i(r, 0));
}

static void ref_prelu(ref *r)
{
  const arr *x = &r->in[0], *s = &r->in[1];
  arr *o = like(r, x);
  for (int64_t i = 0; i < o->n; i++) o->v[i] = x->v[i] < 0 ? x->v[i] * s->v[s->n == 1 ? 0 : i / span(x, 2, x->rank) % x->dim[1]] : x->v[i];
}

static double binary_value(int op, double x, double y, double z)
{
  switch (op) {
  case AUS_OP_add: return x + y;
  case AUS_OP_sub: return x - y;
  case AUS_OP_mul: return x * y;
  case AUS_OP_div: return x / y;
  case AUS_OP_pow: return pow(x, y);
  case AUS_OP_max: return fmax(x, y);
  case AUS_OP_min: return fmin(x, y);
  case AUS_OP_greater: return x > y;
  case AUS_OP_less: return x < y;
  case AUS_OP_equal: return x == y;
  case AUS_OP_greater_equal: return x >= y;
  case AUS_OP_less_equal: return x <= y;
  case AUS_OP_where: return x != 0 ? y : z;
  }
  return NAN;
}

static double broadcast_at(const arr *a, const arr *o, int64_t i)
{
  int64_t at[6], j = 0;
  unravel(o, i, at);
  for (int d = 0; d < a->rank; d++) j = j * a->dim[d] + (a->dim[d] == 1 ? 0 : at[o->rank - a->rank + d]);
  return a->v[j];
}

static void ref_binary(ref *r)
{
  int rank = 0;
  int64_t dim[6];
  for (int k = 0; k < r->n_in; k++) rank = r->in[k].rank > rank ? r->in[k].rank : rank;
  for (int d = 0; d < rank; d++) {
    dim[d] = 1;
    for (int k = 0; k < r->n_in; k++) {
      const int own = d - (rank - r->in[k].rank);
      if (own >= 0 && r->in[k].dim[own] > dim[d]) dim[d] = r->in[k].dim[own];
    }
  }
  arr *o = make_out(r, 0, rank, dim);
  for (int64_t i = 0; i < o->n; i++)
    o->v[i] = binary_value(r->op, broadcast_at(&r->in[0], o, i), broadcast_at(&r->in[1], o, i), r->n_in > 2 ? broadcast_at(&r->in[2], o, i) : 0);
}

static void ref_softmax(ref *r)
{
  const arr *x = &r->in[0];
  arr *o = like(r, x);
  const int axis = attr_i(r, 0) < 0 ? attr_i(r, 0) + x->rank : attr_i(r, 0);
  for (int64_t i = 0; i < o->n; i++) {
    int64_t at[6];
    double sum = 0;
    unravel(x, i, at);
    for (at[axis] = 0; at[axis] < x->dim[axis]; at[axis]++) sum += exp(x->v[ravel(x, at)] - x->v[i]);
    o->v[i] = r->op == AUS_OP_softmax ? 1 / sum : -log(sum);
  }
}

static void ref_reduce(ref *r)
{
  const arr *x = &r->in[0];
  int64_t dim[6];
  int rank = 0, kept[6], axes = attr_i(r, 0);
  double count = 1;
  for (int d = 0; d < x->rank; d++) {
    const bool red = axes >> d & 1;
    kept[d] = red && !attr_i(r, 1) ? -1 : rank;
    if (red) count *= (double)x->dim[d];
    if (!red || attr_i(r, 1)) dim[rank++] = red ? 1 : x->dim[d];
  }
  arr *o = make_out(r, 0, rank, dim);
  const bool high = r->op == AUS_OP_reduce_max, low = r->op == AUS_OP_reduce_min, prod = r->op == AUS_OP_reduce_prod;
  for (int64_t i = 0; i < o->n; i++) o->v[i] = high ? -INFINITY : low ? INFINITY : prod ? 1 : 0;
  for (int64_t i = 0; i < x->n; i++) {
    int64_t at[6], to[6] = {0};
    unravel(x, i, at);
    for (int d = 0; d < x->rank; d++)
      if (kept[d] >= 0) to[kept[d]] = axes >> d & 1 ? 0 : at[d];
    double *v = &o->v[ravel(o, to)], y = x->v[i];
    switch (r->op) {
    case AUS_OP_reduce_max: *v = fmax(*v, y); break;
    case AUS_OP_reduce_min: *v = fmin(*v, y); break;
    case AUS_OP_reduce_prod: *v *= y; break;
    case AUS_OP_reduce_l1: *v += fabs(y); break;
    case AUS_OP_reduce_l2: case AUS_OP_reduce_sum_square: *v += y * y; break;
    case AUS_OP_reduce_log_sum_exp: *v += exp(y); break;
    default: *v += y;
    }
  }
  for (int64_t i = 0; i < o->n; i++) {
    if (r->op == AUS_OP_reduce_mean) o->v[i] /= count;
    if (r->op == AUS_OP_reduce_l2) o->v[i] = sqrt(o->v[i]);
    if (r->op == AUS_OP_reduce_log_sum_exp) o->v[i] = log(o->v[i]);
  }
}

/* ---- moving data --------------------------------------------------------------------------- */
static void ref_concat(ref *r)
{
  const arr *x = &r->in[0];
  const int axis = attr_i(r, 0) < 0 ? attr_i(r, 0) + x->rank : attr_i(r, 0);
  int64_t dim[6], base = 0;
  memcpy(dim, x->dim, sizeof dim);
  for (int k = 1; k < r->n_in; k++) dim[axis] += r->in[k].dim[axis];
  arr *o = make_out(r, 0, x->rank, dim);
  for (int k = 0; k < r->n_in; base += r->in[k++].dim[axis])
    for (int64_t i = 0; i < r->in[k].n; i++) {
      int64_t at[6];
      unravel(&r->in[k], i, at);
      at[axis] += base;
      o->v[ravel(o, at)] = r->in[k].v[i];
    }
}

static void ref_slice(ref *r)
{
  const arr *x = &r->in[0];
  int64_t dim[6], first[6], step[6];
  for (int d = 0; d < x->rank; d++) {
    const int64_t n = x->dim[d];
    int64_t a = 0, b = n, s = 1;
    if (3 * d < r->n_attr) { a = attr_i(r, 3 * d); b = attr_i(r, 3 * d + 1); s = attr_i(r, 3 * d + 2); }
    if (a < 0) a += n;
    if (b < 0) b += n;
    dim[d] = 0;
    if (s > 0 && a < 0) a = 0;
    if (s < 0 && a > n - 1) a = n - 1;
    first[d] = a;
    step[d] = s;
    for (int64_t i = a; s > 0 ? i < b && i < n : i > b && i >= 0; i += s) dim[d]++;
  }
  arr *o = make_out(r, 0, x->rank, dim);
  for (int64_t i = 0; i < o->n; i++) {
    int64_t at[6];
    unravel(o, i, at);
    for (int d = 0; d < x->rank; d++) at[d] = first[d] + at[d] * step[d];
    o->v[i] = x->v[ravel(x, at)];
  }
}

static void ref_reshape(ref *r)
{
  const arr *x = &r->in[0];
  int64_t dim[6], known = 1;
  for (int d = 0; d < r->n_attr; d++) {
    dim[d] = attr_i(r, d) == 0 ? x->dim[d] : attr_i(r, d);
    if (dim[d] > 0) known *= dim[d];
  }
  for (int d = 0; d < r->n_attr; d++)
    if (dim[d] < 0) dim[d] = x->n / known;
  arr *o = make_out(r, 0, r->n_attr, dim);
  memcpy(o->v, x->v, (size_t)x->n * sizeof *o->v);
}

static void ref_transpose(ref *r)
{
  const arr *x = &r->in[0];
  int64_t dim[6];
  for (int d = 0; d < x->rank; d++) dim[d] = x->dim[attr_i(r, d)];
  arr *o = make_out(r, 0, x->rank, dim);
  for (int64_t i = 0; i < o->n; i++) {
    int64_t at[6], from[6];
    unravel(o, i, at);
    for (int d = 0; d < x->rank; d++) from[attr_i(r, d)] = at[d];
    o->v[i] = x->v[ravel(x, from)];
  }
}

static void ref_pad(ref *r)
{
  const arr *x = &r->in[0];
  int64_t dim[6];
  for (int d = 0; d < x->rank; d++) dim[d] = x->dim[d] + attr_i(r, 2 + d) + attr_i(r, 2 + x->rank + d);
  arr *o = make_out(r, 0, x->rank, dim);
  for (int64_t i = 0; i < o->n; i++) {
    int64_t at[6];
    bool outside = false;
    unravel(o, i, at);
    for (int d = 0; d < x->rank; d++) {
      const int64_t n = x->dim[d];
      int64_t k = at[d] - attr_i(r, 2 + d);
      outside |= k < 0 || k >= n;
      if (attr_i(r, 0) == 1) k = k < 0 ? -k : k >= n ? 2 * n - 2 - k : k;
      if (attr_i(r, 0) == 2) k = k < 0 ? 0 : k >= n ? n - 1 : k;
      if (attr_i(r, 0) == 3) while (k < 0 || k >= n) k += k < 0 ? n : -n;
      at[d] = k;
    }
    o->v[i] = outside && attr_i(r, 0) == 0 ? attr_f(r, 1) : x->v[ravel(x, at)];
  }
}

static void ref_expand(ref *r)
{
  const arr *x = &r->in[0];
  const int rank = r->n_attr > x->rank ? r->n_attr : x->rank;
  int64_t dim[6];
  for (int d = 0; d < rank; d++) {
    const int a = d - (rank - r->n_attr), k = d - (rank - x->rank);
    const int64_t want = a < 0 || attr_i(r, a) < 0 ? 1 : attr_i(r, a), own = k < 0 ? 1 : x->dim[k];
    dim[d] = want > own ? want : own;
  }
  arr *o = make_out(r, 0, rank, dim);
  for (int64_t i = 0; i < o->n; i++) o->v[i] = broadcast_at(x, o, i);
}

static void ref_tile(ref *r)
{
  const arr *x = &r->in[0];
  int64_t dim[6];
  for (int d = 0; d < x->rank; d++) dim[d] = x->dim[d] * attr_i(r, d);
  arr *o = make_out(r, 0, x->rank, dim);
  for (int64_t i = 0; i < o->n; i++) {
    int64_t at[6];
    unravel(o, i, at);
    for (int d = 0; d < x->rank; d++) at[d] %= x->dim[d];
    o->v[i] = x->v[ravel(x, at)];
  }
}

static void ref_gather(ref *r)
{
  const arr *x = &r->in[0];
  const int axis = attr_i(r, 0) < 0 ? attr_i(r, 0) + x->rank : attr_i(r, 0);
  int64_t dim[6];
  memcpy(dim, x->dim, sizeof dim);
  dim[axis] = r->n_attr - 1;
  arr *o = make_out(r, 0, x->rank, dim);
  for (int64_t i = 0; i < o->n; i++) {
    int64_t at[6];
    unravel(o, i, at);
    const int pick = attr_i(r, 1 + (int)at[axis]);
    at[axis] = pick < 0 ? pick + x->dim[axis] : pick;
    o->v[i] = x->v[ravel(x, at)];
  }
}

static void ref_cumsum(ref *r)
{
  const arr *x = &r->in[0];
  const int axis = attr_i(r, 0), exclusive = attr_i(r, 1), reverse = attr_i(r, 2);
  arr *o = like(r, x);
  for (int64_t i = 0; i < o->n; i++) {
    int64_t at[6];
    unravel(o, i, at);
    const int64_t here = at[axis];
    for (int64_t k = 0; k < x->dim[axis]; k++) {
      at[axis] = k;
      if ((reverse ? k > here : k < here) || (k == here && !exclusive)) o->v[i] += x->v[ravel(x, at)];
    }
  }
}

static double keys(double d, double a)
{
  d = fabs(d);
  return d <= 1 ? (a + 2) * d * d * d - (a + 3) * d * d + 1 : d < 2 ? a * (d * d * d - 5 * d * d + 8 * d - 4) : 0;
}

/* Weight of source index j for result o along one axis, edges repeated. */
static double resize_weight(const ref *r, int64_t o, int64_t j, int64_t n, int64_t out, double scale)
{
  const int mode = attr_i(r, 0), coord = attr_i(r, 1), rounding = attr_i(r, 2);
  const double s = scale > 0 ? scale : (double)out / (double)n;
  double x = coord == 1 ? (out == 1 ? 0 : (double)o * (double)(n - 1) / (double)(out - 1)) : coord == 2 ? (double)o / s
           : coord == 3 && out == 1 ? 0 : ((double)o + 0.5) / s - 0.5, sum = 0;
  if (mode == 0) {
    x = rounding == 0 ? ceil(x - 0.5) : rounding == 1 ? floor(x + 0.5) : rounding == 2 ? floor(x) : ceil(x);
    return (double)j == fmin(fmax(x, 0), (double)(n - 1));
  }
  for (double k = floor(x) - 1; k <= floor(x) + 2; k++)
    if (fmin(fmax(k, 0), (double)(n - 1)) == (double)j) sum += mode == 2 ? keys(x - k, attr_f(r, 7)) : fmax(0, 1 - fabs(x - k));
  return sum;
}

static void ref_resize(ref *r)
{
  const arr *x = &r->in[0];
  const map m = as_map(x);
  const int64_t oh = x->rank == 4 ? attr_i(r, 3) : 1, ow = attr_i(r, 4);
  arr *o = map_out(r, x->rank, m.mb, m.c, oh, ow);
  double *wy = calloc((size_t)(oh * m.h), sizeof *wy), *wx = calloc((size_t)(ow * m.w), sizeof *wx);
  for (int64_t i = 0; i < oh * m.h; i++) wy[i] = x->rank == 3 ? 1 : resize_weight(r, i / m.h, i % m.h, m.h, oh, attr_f(r, 5));
  for (int64_t i = 0; i < ow * m.w; i++) wx[i] = resize_weight(r, i / m.w, i % m.w, m.w, ow, attr_f(r, 6));
  for (int64_t i = 0; i < o->n; i++) {
    const int64_t ox = i % ow, oy = i / ow % oh, c = i / ow / oh % m.c, n = i / ow / oh / m.c;
    for (int64_t y = 0; y < m.h; y++)
      for (int64_t xx = 0; wy[oy * m.h + y] != 0 && xx < m.w; xx++)
        if (wx[ox * m.w + xx] != 0) o->v[i] += wy[oy * m.h + y] * wx[ox * m.w + xx] * px(x, n, c, y, xx);
  }
  free(wy);
  free(wx);
}

static void ref_blocks(ref *r)
{
  const arr *x = &r->in[0];
  const map m = as_map(x);
  const int64_t b = attr_i(r, 0);
  const bool up = r->op == AUS_OP_depth_to_space;
  arr *o = up ? map_out(r, 4, m.mb, m.c / b / b, m.h * b, m.w * b) : map_out(r, 4, m.mb, m.c * b * b, m.h / b, m.w / b);
  const map d = as_map(o);
  for (int64_t i = 0; i < o->n; i++) {
    const int64_t xx = i % d.w, y = i / d.w % d.h, c = i / d.w / d.h % d.c, n = i / d.w / d.h / d.c;
    if (up) o->v[i] = px(x, n, attr_i(r, 1) ? (c * b + y % b) * b + xx % b : (y % b * b + xx % b) * d.c + c, y / b, xx / b);
    else o->v[i] = px(x, n, c % m.c, y * b + c / m.c / b, xx * b + c / m.c % b);
  }
}

static void ref_scatter(ref *r)
{
  const arr *x = &r->in[0], *u = &r->in[1];
  const int64_t inner = span(x, attr_i(r, 0), x->rank);
  arr *o = like(r, x);
  memcpy(o->v, x->v, (size_t)x->n * sizeof *o->v);
  for (int k = 1; k < r->n_attr; k++) memcpy(o->v + attr_i(r, k) * inner, u->v + (k - 1) * inner, (size_t)inner * sizeof *o->v);
}

/* ---- recurrent: one step of one direction for one item ----------------------------------------- */
typedef struct cell { const double *w, *r, *b; int64_t in, h; int op, lbr, relu; } cell;

/* Gate g, unit j: input part and recurrent part with their biases. */
static double gate_in(const cell *c, int gates, int g, int64_t j, const double *x)
{
  double s = c->b ? c->b[g * c->h + j] : 0;
  (void)gates;
  for (int64_t i = 0; i < c->in; i++) s += c->w[(g * c->h + j) * c->in + i] * x[i];
  return s;
}
static double gate_rec(const cell *c, int gates, int g, int64_t j, const double *h)
{
  double s = c->b ? c->b[(gates + g) * c->h + j] : 0;
  for (int64_t i = 0; i < c->h; i++) s += c->r[(g * c->h + j) * c->h + i] * h[i];
  return s;
}

static void cell_step(const cell *c, const double *x, double *h, double *state)
{
  double next[64];
  for (int64_t j = 0; j < c->h; j++) {
    if (c->op == AUS_OP_lstm) {
      const double i = logistic(gate_in(c, 4, 0, j, x) + gate_rec(c, 4, 0, j, h)), o = logistic(gate_in(c, 4, 1, j, x) + gate_rec(c, 4, 1, j, h));
      const double f = logistic(gate_in(c, 4, 2, j, x) + gate_rec(c, 4, 2, j, h)), g = tanh(gate_in(c, 4, 3, j, x) + gate_rec(c, 4, 3, j, h));
      state[j] = f * state[j] + i * g;
      next[j] = o * tanh(state[j]);
    } else if (c->op == AUS_OP_gru) {
      const double z = logistic(gate_in(c, 3, 0, j, x) + gate_rec(c, 3, 0, j, h));
      double n = gate_in(c, 3, 2, j, x);
      if (c->lbr) n += logistic(gate_in(c, 3, 1, j, x) + gate_rec(c, 3, 1, j, h)) * gate_rec(c, 3, 2, j, h);
      else {
        double rh[64];
        for (int64_t i = 0; i < c->h; i++) rh[i] = logistic(gate_in(c, 3, 1, i, x) + gate_rec(c, 3, 1, i, h)) * h[i];
        n += gate_rec(c, 3, 2, j, rh);
      }
      next[j] = (1 - z) * tanh(n) + z * h[j];
    } else {
      const double s = gate_in(c, 1, 0, j, x) + gate_rec(c, 1, 0, j, h);
      next[j] = c->relu ? fmax(s, 0) : tanh(s);
    }
  }
  memcpy(h, next, (size_t)c->h * sizeof *h);
}

static void ref_recurrent(ref *r)
{
  const arr *x = &r->in[0];
  const int h = attr_i(r, 0), direction = attr_i(r, 1), gru = r->op == AUS_OP_gru, bf = attr_i(r, gru ? 3 : 2), dirs = direction == 2 ? 2 : 1;
  const int gates = r->op == AUS_OP_lstm ? 4 : gru ? 3 : 1;
  const int64_t t = x->dim[bf ? 1 : 0], mb = x->dim[bf ? 0 : 1], in = x->dim[2];
  const int64_t d_torch[3] = { mb, t, (int64_t)dirs * h }, d_onnx[4] = { t, dirs, mb, h }, d_h[3] = { dirs, mb, h };
  arr *y = make_out(r, 0, bf ? 3 : 4, bf ? d_torch : d_onnx), *yh = make_out(r, 1, 3, d_h), *yc = make_out(r, 2, 3, d_h);
  for (int d = 0; d < dirs; d++)
    for (int64_t n = 0; n < mb; n++) {
      const cell c = { r->in[1].v + d * gates * h * in, r->in[2].v + d * gates * h * h, has(r, 3) ? r->in[3].v + d * 2 * gates * h : NULL,
                       in, h, r->op, gru && attr_i(r, 2), !gru && r->op != AUS_OP_lstm && attr_i(r, 3) };
      double hs[64] = {0}, cs[64] = {0};
      for (int j = 0; j < h; j++) {
        if (has(r, 4)) hs[j] = r->in[4].v[(d * mb + n) * h + j];
        if (has(r, 5)) cs[j] = r->in[5].v[(d * mb + n) * h + j];
      }
      for (int64_t k = 0; k < t; k++) {
        const int64_t at = direction == 1 || d == 1 ? t - 1 - k : k;
        cell_step(&c, x->v + (bf ? n * t + at : at * mb + n) * in, hs, cs);
        for (int j = 0; j < h; j++) y->v[bf ? (n * t + at) * dirs * h + d * h + j : ((at * dirs + d) * mb + n) * h + j] = hs[j];
      }
      for (int j = 0; j < h; j++) { yh->v[(d * mb + n) * h + j] = hs[j]; yc->v[(d * mb + n) * h + j] = cs[j]; }
    }
}

static void ref_attention(ref *r)
{
  const arr *q = &r->in[0], *k = &r->in[1], *v = &r->in[2];
  const int64_t mb = q->dim[0], tq = q->dim[1], tk = k->dim[1], e = q->dim[2], heads = attr_i(r, 0), d = e / heads, ev = v->dim[2], dv = ev / heads;
  const int64_t d_out[3] = { mb, tq, ev }, d_probs[4] = { mb, heads, tq, tk };
  arr *o = make_out(r, 0, 3, d_out), *p = make_out(r, 1, 4, d_probs);
  for (int64_t row = 0; row < mb * heads * tq; row++) {
    const int64_t i = row % tq, hd = row / tq % heads, n = row / tq / heads;
    double sum = 0;
    for (int64_t j = 0; j < tk; j++) {
      double s = 0;
      for (int64_t c = 0; c < d; c++) s += q->v[(n * tq + i) * e + hd * d + c] * k->v[(n * tk + j) * e + hd * d + c];
      s *= attr_f(r, 1);
      if (has(r, 3)) s += broadcast_at(&r->in[3], p, row * tk + j);
      sum += p->v[row * tk + j] = exp(s);
    }
    for (int64_t j = 0; j < tk; j++) {
      p->v[row * tk + j] /= sum;
      for (int64_t c = 0; c < dv; c++) o->v[(n * tq + i) * ev + hd * dv + c] += p->v[row * tk + j] * v->v[(n * tk + j) * ev + hd * dv + c];
    }
  }
}

#endif
