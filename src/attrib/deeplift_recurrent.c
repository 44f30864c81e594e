/* deeplift_recurrent.c - DeepLIFT through an LSTM, a GRU or a plain recurrent layer.
 *
 * A cell is nothing but linear layers, functions of one number and products, and each has its rule (deeplift_rules.c): Rescale on
 * the gates and on tanh, the mean of the other factor on a product. With bars for the mean of input and reference and k for slopes of secants:
 *
 *   lstm   c = f c' + i g,  h = o tanh c:      m_o = m_h bar(tanh c),  m_c += m_h bar(o) k_tanh(c),  m_f = m_c bar(c'),  m_c' = m_c bar(f),
 *                                              m_i = m_c bar(g),  m_g = m_c bar(i)
 *   gru    h = (1 - z) n + z h':               m_n = m_h bar(1 - z),  m_z = m_h (bar(h') - bar(n)),  m_h' = m_h bar(z);
 *          n's part r (U h' + b'), or U (r h')  the product again
 *   and    pre = W x + U h' + b of each gate:  m_x = W' (m k),  m_h' += U' (m k)
 *
 * Both runs are replayed step by step, then the multipliers go back through time; sums hold at each step. */
#include "attrib/deeplift.h"
#include "attrib/lrp_recurrent.h"
#include "la/la.h"

#include <math.h>
#include <string.h>

enum { IN_X, IN_H0 = 4, IN_C0 };

typedef struct pair { aus_lrp_layer x, ref; } pair;

static double sigmoid(double x) { return 1 / (1 + exp(-x)); }

/* Slope of the secant; of the tangent where the two are the same number. */
static double slope(double (*f)(double), double a, double b)
{
  if (fabs(a - b) > 1e-7 * (1 + fabs(a))) return (f(a) - f(b)) / (a - b);
  const double y = f(a);
  return f == sigmoid ? y * (1 - y) : 1 - y * y;
}

static double bar(double (*f)(double), double a, double b) { return 0.5 * (f(a) + f(b)); }

/* One unit: pre-activations of its gates [gates] at stride `n`, in both runs. */
typedef struct unit { const float *p, *q; int64_t n; } unit;

static void lstm_unit(unit u, double mh, double mc, double c, double cr, double before, double before_r, float *s, float *mc_before)
{
  const int64_t n = u.n;
  const double mo = mh * bar(tanh, c, cr);
  mc += mh * bar(sigmoid, u.p[n], u.q[n]) * slope(tanh, c, cr);
  s[0] = (float)(mc * bar(tanh, u.p[3 * n], u.q[3 * n]) * slope(sigmoid, u.p[0], u.q[0]));
  s[n] = (float)(mo * slope(sigmoid, u.p[n], u.q[n]));
  s[2 * n] = (float)(mc * 0.5 * (before + before_r) * slope(sigmoid, u.p[2 * n], u.q[2 * n]));
  s[3 * n] = (float)(mc * bar(sigmoid, u.p[0], u.q[0]) * slope(tanh, u.p[3 * n], u.q[3 * n]));
  *mc_before = (float)(mc * bar(sigmoid, u.p[2 * n], u.q[2 * n]));
}

static float *row(const aus_lrp_layer *l, float *all, int64_t i, int64_t b, int64_t n) { return all + (i * l->mb + b) * n; }

/* m_h' (+)= s U of gates first to first + gates. */
static void through_u(const aus_lrp_layer *l, const float *s, int64_t first, int64_t gates, float beta, float *to)
{
  aus_sgemm_in(l->ctx, false, false, l->mb, l->hidden, gates * l->hidden, 1, s + first * l->hidden, l->wide, l->r + first * l->hidden * l->hidden, l->hidden, beta, to, l->hidden, l->gemm);
}

static void lstm_back(const pair *p, int64_t i)
{
  const aus_lrp_layer *l = &p->x, *r = &p->ref;
  const int64_t n = l->hidden;
  for (int64_t b = 0; b < l->mb; b++)
    for (int64_t k = 0; k < n; k++) {
      const unit u = { row(l, l->pre, i, b, l->wide) + k, row(r, r->pre, i, b, l->wide) + k, n };
      lstm_unit(u, l->rh[b * n + k], l->rc[b * n + k], row(l, l->c, i + 1, b, n)[k], row(r, r->c, i + 1, b, n)[k], row(l, l->c, i, b, n)[k], row(r, r->c, i, b, n)[k],
                row(l, l->s, i, b, l->wide) + k, l->rc_new + b * n + k);
    }
  through_u(l, row(l, l->s, i, 0, l->wide), 0, 4, 0, l->rh_new);
}

/* The candidate's recurrent part: r q with q = U h' + b', or U (r h'). sh holds what goes to U. */
static void reset_back(const pair *p, int64_t i)
{
  const aus_lrp_layer *l = &p->x, *r = &p->ref;
  const int64_t n = l->hidden;
  float *mine = l->sh; /* [mb][hidden] */
  for (int64_t b = 0; b < l->mb; b++)
    for (int64_t k = 0; k < n; k++) {
      const float *a = row(l, l->pre, i, b, l->wide), *c = row(r, r->pre, i, b, l->wide);
      const double s = row(l, l->s, i, b, l->wide)[2 * n + k];
      mine[b * n + k] = (float)(l->late ? s * bar(sigmoid, a[n + k], c[n + k]) : s);
    }
  aus_sgemm_in(l->ctx, false, false, l->mb, n, n, 1, mine, n, l->r + 2 * n * n, n, 0, l->gather, n, l->gemm);
  for (int64_t b = 0; b < l->mb; b++)
    for (int64_t k = 0; k < n; k++) {
      const float *a = row(l, l->pre, i, b, l->wide), *c = row(r, r->pre, i, b, l->wide);
      float *s = row(l, l->s, i, b, l->wide);
      const double gate = bar(sigmoid, a[n + k], c[n + k]), back = l->gather[b * n + k];
      const double other = l->late ? 0.5 * ((double)row(l, l->q, i, b, n)[k] + (double)row(r, r->q, i, b, n)[k]) : 0.5 * ((double)row(l, l->h, i, b, n)[k] + (double)row(r, r->h, i, b, n)[k]);
      l->rh_new[b * n + k] += (float)(l->late ? back : back * gate);
      s[n + k] = (float)((l->late ? (double)s[2 * n + k] : back) * other * slope(sigmoid, a[n + k], c[n + k]));
    }
}

static void gru_back(const pair *p, int64_t i)
{
  const aus_lrp_layer *l = &p->x, *r = &p->ref;
  const int64_t n = l->hidden;
  for (int64_t b = 0; b < l->mb; b++)
    for (int64_t k = 0; k < n; k++) {
      const float *a = row(l, l->pre, i, b, l->wide), *c = row(r, r->pre, i, b, l->wide);
      float *s = row(l, l->s, i, b, l->wide);
      const double m = l->rh[b * n + k], z = bar(sigmoid, a[k], c[k]), h = 0.5 * ((double)row(l, l->h, i, b, n)[k] + (double)row(r, r->h, i, b, n)[k]);
      s[2 * n + k] = (float)(m * (1 - z) * slope(tanh, a[2 * n + k], c[2 * n + k]));
      s[k] = (float)(m * (h - bar(tanh, a[2 * n + k], c[2 * n + k])) * slope(sigmoid, a[k], c[k]));
      l->rh_new[b * n + k] = (float)(m * z);
    }
  reset_back(p, i);
  through_u(l, row(l, l->s, i, 0, l->wide), 0, 2, 1, l->rh_new);
}

static double relu(double x) { return x > 0 ? x : 0; }

static void rnn_back(const pair *p, int64_t i)
{
  const aus_lrp_layer *l = &p->x;
  const int64_t n = l->mb * l->hidden;
  for (int64_t e = 0; e < n; e++) {
    const double a = l->pre[i * n + e], b = p->ref.pre[i * n + e];
    const double k = !l->relu ? slope(tanh, a, b) : fabs(a - b) > 1e-7 * (1 + fabs(a)) ? (relu(a) - relu(b)) / (a - b) : a > 0 ? 1 : 0;
    l->s[i * n + e] = (float)((double)l->rh[e] * k);
  }
  through_u(l, l->s + i * n, 0, 1, 0, l->rh_new);
}

/* ---- through time --------------------------------------------------------------------------------------------------- */

static void to_inputs(const aus_lrp_layer *l, const aus_visit *v, float *const *src, int64_t d)
{
  float *mx = src[IN_X];
  if (!mx) return;
  aus_sgemm_in(l->ctx, false, false, l->rows, l->in, l->wide, 1, l->s, l->wide, l->w, l->in, 0, l->gather, l->in, l->gemm);
  for (int64_t i = 0; i < l->t; i++)
    for (int64_t b = 0; b < l->mb; b++) {
      const int64_t to = aus_lrp_layer_row(l, aus_lrp_layer_time(l, v->call, d, i), b) * l->in;
      for (int64_t k = 0; k < l->in; k++) mx[to + k] += l->gather[(i * l->mb + b) * l->in + k];
    }
}

static void swap(float **a, float **b)
{
  float *const t = *a;
  *a = *b;
  *b = t;
}

static void direction(pair *p, const aus_visit *v, int32_t lane, int64_t d)
{
  aus_lrp_layer *l = &p->x;
  const int64_t one = l->mb * l->hidden;
  float *const *src = v->diff_src + lane * v->call->n_in;
  memset(l->rh, 0, (size_t)one * sizeof(float));
  memset(l->rc, 0, (size_t)one * sizeof(float));
  for (int64_t i = l->t - 1; i >= 0; i--) {
    aus_lrp_layer_outer(l, v, v->diff_dst + lane * v->call->n_out, d, i);
    if (l->op == AUS_OP_lstm) lstm_back(p, i);
    else if (l->op == AUS_OP_gru) gru_back(p, i);
    else rnn_back(p, i);
    swap(&l->rh, &l->rh_new);
    swap(&l->rc, &l->rc_new);
  }
  to_inputs(l, v, src, d);
  if (v->call->n_in > IN_H0 && src[IN_H0]) memcpy(src[IN_H0] + d * one, l->rh, (size_t)one * sizeof(float));
  if (l->op == AUS_OP_lstm && v->call->n_in > IN_C0 && src[IN_C0]) memcpy(src[IN_C0] + d * one, l->rc, (size_t)one * sizeof(float));
}

void deeplift_recurrent(const aus_rule *rule, const aus_visit *v)
{
  pair p = { aus_lrp_layer_of(v->call), aus_lrp_layer_of(v->ref) };
  const size_t half = aus_lrp_layer_room(&p.x, v->scratch);
  (void)rule;
  aus_lrp_layer_room(&p.ref, (unsigned char *)v->scratch + half);
  for (int32_t k = 0; k < v->lanes * v->call->n_in; k++)
    if (v->diff_src[k]) memset(v->diff_src[k], 0, (size_t)aus_shape_count(&v->call->in[k % v->call->n_in].shape) * sizeof(float));
  for (int64_t d = 0; d < p.x.dirs; d++) {
    aus_lrp_layer_replay(&p.x, v->call, d);
    aus_lrp_layer_replay(&p.ref, v->ref, d);
    for (int32_t l = 0; l < v->lanes; l++) direction(&p, v, l, d);
  }
}

size_t deeplift_recurrent_scratch(const aus_rule *rule, const aus_visit *v)
{
  aus_lrp_layer l = aus_lrp_layer_of(v->call);
  const size_t half = aus_lrp_layer_room(&l, NULL);
  (void)rule;
  return half > SIZE_MAX / 2 ? SIZE_MAX : 2 * half;
}
