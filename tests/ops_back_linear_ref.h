/* ops_back_linear_ref.h - the way back of convolutions, products, norms and pools once more, in double and in the
 * plainest way.
 *
 * The second opinion of tests/test_back_linear.c, judged itself by central differences of ops_ref.h. Nothing here shares code
 * with src/nn. A reference sees operands and the diff of the result; it adds to zeroed arrays. */
#ifndef AUS_OPS_BACK_LINEAR_REF_H
#define AUS_OPS_BACK_LINEAR_REF_H

#include "ops_ref.h"

typedef struct back_ref { const ref *r; const double *d; double *diff[6]; bool training; } back_ref;
typedef void (*back_fn)(back_ref *);

/* Both convolutions: every (near, far) pair of positions with the weight between them. */
static void back_conv(back_ref *b)
{
  const ref *r = b->r;
  const bool tr = r->op == AUS_OP_conv_transpose;
  const arr *x = &r->in[0], *w = &r->in[1], *o = &r->out[0];
  const map m = as_map(x), k = as_map(w), t = as_map(o), near = tr ? m : t, far = tr ? t : m;
  const int flat = x->rank == 3, sh = flat ? 1 : attr_i(r, 0), sw = attr_i(r, 1), dh = flat ? 1 : attr_i(r, 2), dw = attr_i(r, 3);
  const int pt = flat ? 0 : attr_i(r, 4), pl = attr_i(r, 5), g = attr_i(r, 8);
  for (int64_t n = 0; n < m.mb; n++)
    for (int64_t a = 0; a < k.mb; a++)   /* channel of the near side */
      for (int64_t c = 0; c < k.c; c++)  /* of the far side, within its group */
        for (int64_t ky = 0; ky < k.h; ky++)
          for (int64_t kx = 0; kx < k.w; kx++)
            for (int64_t y = 0; y < near.h; y++)
              for (int64_t xx = 0; xx < near.w; xx++) {
                const int64_t fy = y * sh + ky * dh - pt, fx = xx * sw + kx * dw - pl, fc = a / (k.mb / g) * k.c + c;
                if (fy < 0 || fx < 0 || fy >= far.h || fx >= far.w) continue;
                const int64_t at_near = ((n * near.c + a) * near.h + y) * near.w + xx, at_far = ((n * far.c + fc) * far.h + fy) * far.w + fx;
                const int64_t at_w = ((a * k.c + c) * k.h + ky) * k.w + kx, at_x = tr ? at_near : at_far, at_o = tr ? at_far : at_near;
                b->diff[0][at_x] += b->d[at_o] * w->v[at_w];
                b->diff[1][at_w] += b->d[at_o] * x->v[at_x];
              }
  for (int64_t i = 0; r->n_in > 2 && i < o->n; i++) b->diff[2][i / (t.h * t.w) % t.c] += b->d[i];
}

static void back_linear(back_ref *b)
{
  const arr *x = &b->r->in[0], *w = &b->r->in[1], *o = &b->r->out[0];
  const int64_t n = w->dim[0], k = w->dim[1];
  for (int64_t i = 0; i < o->n; i++) {
    for (int64_t j = 0; j < k; j++) {
      b->diff[0][i / n * k + j] += b->d[i] * w->v[i % n * k + j];
      b->diff[1][i % n * k + j] += b->d[i] * x->v[i / n * k + j];
    }
    if (b->r->n_in > 2) b->diff[2][i % n] += b->d[i];
  }
}

/* Where element (row, col) of op(a) lies. */
static int64_t mat_at(const arr *a, bool left, bool trans, const int64_t *at, int batch, int64_t row, int64_t col)
{
  if (a->rank == 1) return left ? col : row;
  const int own = a->rank - 2;
  int64_t i = 0;
  for (int d = 0; d < own; d++) i = i * a->dim[d] + (a->dim[d] == 1 ? 0 : at[batch - own + d]);
  const int64_t rows = a->dim[own], cols = a->dim[own + 1];
  return trans ? (i * rows + col) * cols + row : (i * rows + row) * cols + col;
}

static void back_matmul(back_ref *b)
{
  const ref *r = b->r;
  const arr *x = &r->in[0], *y = &r->in[1], *o = &r->out[0];
  const bool ta = attr_i(r, 0) && x->rank > 1, tb = attr_i(r, 1) && y->rank > 1;
  const int batch = (x->rank > y->rank ? x->rank : y->rank) > 2 ? (x->rank > y->rank ? x->rank : y->rank) - 2 : 0;
  const int64_t m = x->rank > 1 ? x->dim[x->rank - (ta ? 1 : 2)] : 1, n = y->rank > 1 ? y->dim[y->rank - (tb ? 2 : 1)] : 1;
  const int64_t k = x->rank == 1 ? x->dim[0] : x->dim[x->rank - (ta ? 2 : 1)];
  for (int64_t i = 0; i < o->n; i++) {
    int64_t at[6], rest = i / (m * n);
    for (int d = batch - 1; d >= 0; d--) { at[d] = rest % o->dim[d]; rest /= o->dim[d]; }
    for (int64_t j = 0; j < k; j++) {
      const int64_t ax = mat_at(x, true, ta, at, batch, i / n % m, j), ay = mat_at(y, false, tb, at, batch, j, i % n);
      b->diff[0][ax] += attr_f(r, 2) * b->d[i] * y->v[ay];
      b->diff[1][ay] += attr_f(r, 2) * b->d[i] * x->v[ax];
    }
  }
}

/* Groups of values that share moments: `same` says whether i and j do; each value of a group moves every other. */
static void through_moments(const back_ref *b, const int64_t *index, int64_t n, double eps, const double *scale_of, const double *unused)
{
  const double *x = b->r->in[0].v;
  double mean = 0, var = 0, d_mean = 0, d_var = 0;
  (void)unused;
  for (int64_t i = 0; i < n; i++) mean += x[index[i]] / (double)n;
  for (int64_t i = 0; i < n; i++) var += pow(x[index[i]] - mean, 2) / (double)n;
  for (int64_t i = 0; i < n; i++) { /* what the two moments do to the results */
    const double g = b->d[index[i]] * scale_of[i];
    d_mean -= g / sqrt(var + eps);
    d_var -= 0.5 * g * (x[index[i]] - mean) * pow(var + eps, -1.5);
  }
  for (int64_t i = 0; i < n; i++)
    b->diff[0][index[i]] += b->d[index[i]] * scale_of[i] / sqrt(var + eps) + d_mean / (double)n + d_var * 2 * (x[index[i]] - mean) / (double)n;
}

static void back_norm(back_ref *b)
{
  const ref *r = b->r;
  const arr *x = &r->in[0];
  const int64_t space = span(x, 2, x->rank), c = x->rank > 1 ? x->dim[1] : 1;
  const bool batch = r->op == AUS_OP_batch_norm, layer = r->op == AUS_OP_layer_norm;
  const int axis = attr_i(r, 0) < 0 ? attr_i(r, 0) + x->rank : attr_i(r, 0);
  const double eps = attr_f(r, batch || r->op == AUS_OP_instance_norm ? 0 : 1);
  const int64_t n = batch ? x->n / c : layer ? span(x, axis, x->rank) : r->op == AUS_OP_instance_norm ? space : c / attr_i(r, 0) * space;
  int64_t *index = malloc((size_t)n * sizeof *index);
  double *scale = malloc((size_t)n * sizeof *scale);
  for (int64_t row = 0; row < x->n / n; row++) {
    double mean = 0, var = 0;
    for (int64_t i = 0; i < n; i++) {
      index[i] = batch ? (i / space * c + row) * space + i % space : row * n + i;
      scale[i] = r->n_in > 1 ? r->in[1].v[layer ? i : index[i] / space % c] : 1;
    }
    for (int64_t i = 0; i < n; i++) mean += x->v[index[i]] / (double)n;
    for (int64_t i = 0; i < n; i++) var += pow(x->v[index[i]] - mean, 2) / (double)n;
    if (batch && !b->training) { mean = r->in[3].v[row]; var = r->in[4].v[row]; }
    for (int64_t i = 0; i < n; i++) {
      const int64_t k = layer ? i : index[i] / space % c;
      const double xh = (x->v[index[i]] - mean) / sqrt(var + eps), d = b->d[index[i]];
      if (r->n_in > 1) b->diff[1][k] += d * xh;
      if (r->n_in > 1) b->diff[2][k] += d;
      if (batch && !b->training) {
        b->diff[0][index[i]] += d * scale[i] / sqrt(var + eps);
        b->diff[3][k] -= d * scale[i] / sqrt(var + eps);
        b->diff[4][k] -= 0.5 * d * scale[i] * xh / (var + eps);
      }
    }
    if (!batch || b->training) through_moments(b, index, n, eps, scale, NULL);
  }
  free(index);
  free(scale);
}

static void back_pool(back_ref *b)
{
  const ref *r = b->r;
  const arr *x = &r->in[0], *o = &r->out[0];
  const map m = as_map(x), t = as_map(o);
  const bool flat = x->rank == 3, is_max = r->op == AUS_OP_max_pool;
  const int kh = flat ? 1 : attr_i(r, 0), kw = attr_i(r, 1), sh = flat ? 1 : attr_i(r, 2), sw = attr_i(r, 3);
  const int pt = flat ? 0 : attr_i(r, 4), pl = attr_i(r, 5), pb = flat ? 0 : attr_i(r, 6), pr = attr_i(r, 7);
  const int dh = is_max && !flat && attr_i(r, 9) ? attr_i(r, 9) : 1, dw = is_max && attr_i(r, 10) ? attr_i(r, 10) : 1;
  for (int64_t i = 0; i < o->n; i++) {
    const int64_t ox = i % t.w, oy = i / t.w % t.h, plane = i / t.w / t.h;
    int64_t best = -1, inside = 0, padded = 0, list[1024];
    for (int ky = 0; ky < kh; ky++)
      for (int kx = 0; kx < kw; kx++) {
        const int64_t y = oy * sh + ky * dh - pt, xx = ox * sw + kx * dw - pl, at = (plane * m.h + y) * m.w + xx;
        if (y < m.h + pb && xx < m.w + pr) padded++;
        if (y < 0 || y >= m.h || xx < 0 || xx >= m.w) continue;
        list[inside++] = at;
        if (best < 0 || x->v[at] > x->v[best]) best = at; /* the first of equals */
      }
    if (is_max) b->diff[0][best] += b->d[i];
    else for (int64_t k = 0; k < inside; k++) b->diff[0][list[k]] += b->d[i] / (double)(attr_i(r, 9) ? padded : inside);
  }
}

static void back_adaptive(back_ref *b)
{
  const ref *r = b->r;
  const arr *x = &r->in[0], *o = &r->out[0];
  const map m = as_map(x), t = as_map(o);
  for (int64_t i = 0; i < o->n; i++) {
    const int64_t ox = i % t.w, oy = i / t.w % t.h, plane = i / t.w / t.h;
    const int64_t y0 = oy * m.h / t.h, y1 = ((oy + 1) * m.h + t.h - 1) / t.h, x0 = ox * m.w / t.w, x1 = ((ox + 1) * m.w + t.w - 1) / t.w;
    int64_t best = -1;
    for (int64_t k = 0; k < (y1 - y0) * (x1 - x0); k++) {
      const int64_t at = (plane * m.h + y0 + k / (x1 - x0)) * m.w + x0 + k % (x1 - x0);
      if (best < 0 || x->v[at] > x->v[best]) best = at;
      if (r->op == AUS_OP_adaptive_avg_pool) b->diff[0][at] += b->d[i] / (double)((y1 - y0) * (x1 - x0));
    }
    if (r->op == AUS_OP_adaptive_max_pool) b->diff[0][best] += b->d[i];
  }
}

static void back_same(back_ref *b) { memcpy(b->diff[0], b->d, (size_t)b->r->in[0].n * sizeof(double)); }

#endif
