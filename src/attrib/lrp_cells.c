/* lrp_cells.c - one step back through an LSTM, a GRU or a plain recurrent cell [Arras17; Arras19].
 *
 * Three kinds of parts, each with its rule:
 *   products  h = o tanh(c), f c', i g, (1 - z) n, z h', r q:  the signal takes all (default), half each, or in proportion
 *   sums      c = f c' + i g,  h = (1 - z) n + z h':           epsilon
 *   linear    pre = W x + U h' + b of a gate that got any:     epsilon; what bias and epsilon absorb is spread over the
 *             inputs by bias_factor, M = 2 hidden for sums, hidden + in for linear parts
 * Activations pass relevance on. Gate order as in ONNX: lstm i o f c, gru z r h. */
#include "attrib/lrp_recurrent.h"
#include "la/la.h"
#include "simd/kernels.h"

#include <math.h>
#include <string.h>

static double sigmoid(double x) { return 1 / (1 + exp(-x)); }

static float *pre_of(const aus_lrp_layer *l, int64_t i, int64_t b) { return l->pre + (i * l->mb + b) * l->wide; }
static float *s_of(const aus_lrp_layer *l, int64_t i, int64_t b) { return l->s + (i * l->mb + b) * l->wide; }
static float *state(const aus_lrp_layer *l, float *all, int64_t i, int64_t b) { return all + (i * l->mb + b) * l->hidden; }

/* ---- forward ------------------------------------------------------------------------------------------------- */

/* c[mb][n] (+)= h[mb][hidden] U[rows at of it]' */
static void recur(const aus_lrp_layer *l, const float *h, int64_t first, int64_t n, float beta, float *c, int64_t ldc)
{
  aus_sgemm_in(l->ctx, false, true, l->mb, n, l->hidden, 1, h, l->hidden, l->r + first * l->hidden, l->hidden, beta, c, ldc, l->gemm);
}

static void lstm_forward(const aus_lrp_layer *l, int64_t i)
{
  const int64_t n = l->hidden;
  recur(l, state(l, l->h, i, 0), 0, l->wide, 1, pre_of(l, i, 0), l->wide);
  for (int64_t b = 0; b < l->mb; b++) {
    const float *p = pre_of(l, i, b), *c = state(l, l->c, i, b);
    float *h_new = state(l, l->h, i + 1, b), *c_new = state(l, l->c, i + 1, b);
    for (int64_t k = 0; k < n; k++) {
      const double in = sigmoid(p[k]), o = sigmoid(p[n + k]), f = sigmoid(p[2 * n + k]), g = tanh(p[3 * n + k]);
      c_new[k] = (float)(f * (double)c[k] + in * g);
      h_new[k] = (float)(o * tanh(c_new[k]));
    }
  }
}

/* n's recurrent part: r (U h + b'), or U (r h) + b' whose bias is in pre already. */
static void gru_candidate(const aus_lrp_layer *l, int64_t i)
{
  const int64_t n = l->hidden;
  if (l->late) recur(l, state(l, l->h, i, 0), 2 * n, n, 0, state(l, l->q, i, 0), n);
  for (int64_t b = 0; b < l->mb; b++) {
    float *p = pre_of(l, i, b), *q = state(l, l->q, i, b);
    const float *h = state(l, l->h, i, b);
    for (int64_t k = 0; k < n; k++) {
      const double r = sigmoid(p[n + k]);
      if (!l->late) { l->rh_new[b * n + k] = (float)(r * (double)h[k]); continue; } /* (free until the way back) */
      if (l->bias) q[k] += l->bias[l->wide + 2 * n + k];
      p[2 * n + k] = (float)((double)p[2 * n + k] + r * (double)q[k]);
    }
  }
  if (!l->late) recur(l, l->rh_new, 2 * n, n, 1, pre_of(l, i, 0) + 2 * n, l->wide);
}

static void gru_forward(const aus_lrp_layer *l, int64_t i)
{
  const int64_t n = l->hidden;
  recur(l, state(l, l->h, i, 0), 0, 2 * n, 1, pre_of(l, i, 0), l->wide);
  gru_candidate(l, i);
  for (int64_t b = 0; b < l->mb; b++)
    for (int64_t k = 0; k < n; k++) {
      const float *p = pre_of(l, i, b);
      const double z = sigmoid(p[k]), h = state(l, l->h, i, b)[k];
      state(l, l->h, i + 1, b)[k] = (float)((1 - z) * tanh(p[2 * n + k]) + z * h);
    }
}

static void rnn_forward(const aus_lrp_layer *l, int64_t i)
{
  recur(l, state(l, l->h, i, 0), 0, l->wide, 1, pre_of(l, i, 0), l->wide);
  for (int64_t e = 0; e < l->mb * l->hidden; e++) {
    const float p = pre_of(l, i, 0)[e];
    state(l, l->h, i + 1, 0)[e] = l->relu ? (p > 0 ? p : 0) : (float)tanh(p);
  }
}

void aus_lrp_cell_forward(const aus_lrp_layer *l, int64_t i)
{
  if (l->op == AUS_OP_lstm) lstm_forward(l, i);
  else if (l->op == AUS_OP_gru) gru_forward(l, i);
  else rnn_forward(l, i);
}

/* ---- the three rules ------------------------------------------------------------------------------------------------- */

typedef struct parts { double signal, gate; } parts; /* of 1 */

/* What the factors of gate * signal get of relevance r; what epsilon leaves of it is booked. */
static parts split_product(const aus_lrp_layer *l, double r, double gate, double signal)
{
  const aus_lrp_spec *s = l->spec;
  if (s->kind == AUS_LRP_SIGNAL) return (parts){ 1, 0 };
  if (s->kind == AUS_LRP_HALF) return (parts){ 0.5, 0.5 };
  const double a = s->kind == AUS_LRP_ABS ? fabs(signal) : signal, g = s->kind == AUS_LRP_ABS ? fabs(gate) : gate;
  const double below = aus_lrp_stabilise(s->stab, s->eps, a + g), left = below == 0 ? 1 : 1 - (a + g) / below;
  l->books->stabiliser += (1 - s->bias_factor) * left * r;
  return below == 0 ? (parts){ s->bias_factor, 0 } : (parts){ a / below + s->bias_factor * left, g / below };
}

static double over(const aus_lrp_spec *s, double r, double z)
{
  const double below = aus_lrp_stabilise(s->stab, s->eps, z);
  return below == 0 ? 0 : r / below;
}

/* c = a + b. *even: what each of the 2 hidden inputs gets beside its share (added up over the units of an item). */
static void split_sum(const aus_lrp_layer *l, double r, double a, double b, double *ra, double *rb, double *even)
{
  const double s = over(l->spec, r, a + b), left = r - (a + b) * s;
  *ra = a * s;
  *rb = b * s;
  *even += l->spec->bias_factor * left / (2 * (double)l->hidden);
  l->books->stabiliser += (1 - l->spec->bias_factor) * left;
}

/* s = R / stab(pre) of one gate unit with bias b; *even as above, over hidden + in inputs. */
static float split_linear(const aus_lrp_layer *l, double r, double pre, double b, double *even)
{
  const double s = over(l->spec, r, pre), left = r - pre * s, f = l->spec->bias_factor;
  *even += f * (left + b * s) / (double)(l->hidden + l->in);
  l->books->stabiliser += (1 - f) * left;
  l->books->bias += (1 - f) * b * s;
  return (float)s;
}

/* Bias of unit k of gate g: both, but for the recurrent one of a late candidate. */
static double bias_of(const aus_lrp_layer *l, int64_t g, int64_t k)
{
  const int64_t at = g * l->hidden + k;
  if (!l->bias) return 0;
  return l->late && g == 2 ? (double)l->bias[at] : (double)l->bias[at] + (double)l->bias[l->wide + at];
}

static float gate_back(const aus_lrp_layer *l, const float *pre, int64_t g, int64_t k, double r, double *even)
{
  return split_linear(l, r, pre[g * l->hidden + k], bias_of(l, g, k), even);
}

/* rh_new += h * (s U) over gates [first, first + n), s [mb][wide] from its column `first` on. */
static void to_state(const aus_lrp_layer *l, int64_t i, int64_t first, int64_t n, const float *s)
{
  const int64_t count = l->mb * l->hidden;
  aus_sgemm_in(l->ctx, false, false, l->mb, l->hidden, n * l->hidden, 1, s + first * l->hidden, l->wide, l->r + first * l->hidden * l->hidden, l->hidden, 0, l->gather, l->hidden, l->gemm);
  const float *h = state(l, l->h, i, 0);
  for (int64_t e = 0; e < count; e++) l->rh_new[e] += h[e] * l->gather[e];
}

/* Every unit of the old state and every input of item b gets `even` of step i. */
static void give_even(const aus_lrp_layer *l, int64_t i, int64_t b, double even)
{
  l->even[i * l->mb + b] = even;
  for (int64_t k = 0; k < l->hidden && even != 0; k++) l->rh_new[b * l->hidden + k] += (float)even;
}

/* ---- lstm ---------------------------------------------------------------------------------------------------------------- */

/* Relevance of the two summands of unit k, before what is spread evenly is known. */
static void lstm_sum(const aus_lrp_layer *l, int64_t i, int64_t b, int64_t k, double *ro, double *rf_c, double *ri_g, double *even)
{
  const float *p = pre_of(l, i, b);
  const int64_t n = l->hidden, e = b * n + k;
  const double o = sigmoid(p[n + k]), c_new = state(l, l->c, i + 1, b)[k];
  const parts h = split_product(l, l->rh[e], o, tanh(c_new));
  const double rc = (double)l->rc[e] + h.signal * (double)l->rh[e];
  *ro = h.gate * (double)l->rh[e];
  split_sum(l, rc, sigmoid(p[2 * n + k]) * (double)state(l, l->c, i, b)[k], sigmoid(p[k]) * tanh(p[3 * n + k]), rf_c, ri_g, even);
}

static void lstm_unit(const aus_lrp_layer *l, int64_t i, int64_t b, int64_t k, double ro, double rf_c, double ri_g, double *even)
{
  const float *p = pre_of(l, i, b);
  const int64_t n = l->hidden;
  float *s = s_of(l, i, b);
  const parts fc = split_product(l, rf_c, sigmoid(p[2 * n + k]), state(l, l->c, i, b)[k]), ig = split_product(l, ri_g, sigmoid(p[k]), tanh(p[3 * n + k]));
  l->rc_new[b * n + k] = (float)(fc.signal * rf_c);
  s[k] = gate_back(l, p, 0, k, ig.gate * ri_g, even);
  s[n + k] = gate_back(l, p, 1, k, ro, even);
  s[2 * n + k] = gate_back(l, p, 2, k, fc.gate * rf_c, even);
  s[3 * n + k] = gate_back(l, p, 3, k, ig.signal * ri_g, even);
}

/* The summands' relevance waits in sh until the item's even share is known. */
static void lstm_back(const aus_lrp_layer *l, int64_t i)
{
  const int64_t n = l->hidden;
  for (int64_t b = 0; b < l->mb; b++) {
    double spread = 0, even = 0;
    float *wait = l->sh + b * l->wide;
    for (int64_t k = 0; k < n; k++) {
      double ro, rf_c, ri_g;
      lstm_sum(l, i, b, k, &ro, &rf_c, &ri_g, &spread);
      wait[k] = (float)ro;
      wait[n + k] = (float)rf_c;
      wait[2 * n + k] = (float)ri_g;
    }
    for (int64_t k = 0; k < n; k++) lstm_unit(l, i, b, k, wait[k], (double)wait[n + k] + spread, (double)wait[2 * n + k] + spread, &even);
    give_even(l, i, b, even);
  }
  if (l->spec->kind == AUS_LRP_SIGNAL) to_state(l, i, 3, 1, s_of(l, i, 0));
  else to_state(l, i, 0, 4, s_of(l, i, 0));
}

/* ---- gru ------------------------------------------------------------------------------------------------------------------- */

/* n's pre-activation with r behind the product: r q is one summand, q = U h + b' its signal. */
static void late_candidate(const aus_lrp_layer *l, int64_t i, int64_t b, int64_t k, double rn, double *even, double *rr)
{
  const float *p = pre_of(l, i, b);
  const int64_t n = l->hidden;
  const double r = sigmoid(p[n + k]), q = state(l, l->q, i, b)[k], f = l->spec->bias_factor;
  const double s = (double)gate_back(l, p, 2, k, rn, even), inner = l->bias ? (double)l->bias[l->wide + 2 * n + k] : 0;
  const parts rq = split_product(l, r * q * s, r, q);
  s_of(l, i, b)[2 * n + k] = (float)s;
  l->sh[b * l->wide + 2 * n + k] = (float)(s * r * rq.signal);
  *rr = rq.gate * r * q * s;
  l->books->bias += (1 - f) * rq.signal * r * inner * s;
  *even += f * rq.signal * r * inner * s / (double)(l->hidden + l->in);
}

/* The state behind the reset gate: R of r h is s U on it, then the product's rule. */
static void early_reset(const aus_lrp_layer *l, int64_t i, float *rr)
{
  const int64_t n = l->hidden;
  aus_sgemm_in(l->ctx, false, false, l->mb, n, n, 1, s_of(l, i, 0) + 2 * n, l->wide, l->r + 2 * n * n, n, 0, l->gather, n, l->gemm);
  for (int64_t b = 0; b < l->mb; b++)
    for (int64_t k = 0; k < n; k++) {
      const double r = sigmoid(pre_of(l, i, b)[n + k]), h = state(l, l->h, i, b)[k], rrh = r * h * (double)l->gather[b * n + k];
      const parts rh = split_product(l, rrh, r, h);
      l->rh_new[b * n + k] += (float)(rh.signal * rrh);
      rr[b * l->wide + k] = (float)(rh.gate * rrh);
    }
}

/* h = (1 - z) n + z h' of one item: rn in sh[2n..], rz in sh[0..]. */
static void gru_sum(const aus_lrp_layer *l, int64_t i, int64_t b)
{
  const int64_t n = l->hidden;
  const float *p = pre_of(l, i, b), *h = state(l, l->h, i, b);
  float *wait = l->sh + b * l->wide;
  double spread = 0;
  for (int64_t k = 0; k < n; k++) {
    const double z = sigmoid(p[k]);
    double to_n, to_h;
    split_sum(l, l->rh[b * n + k], (1 - z) * tanh(p[2 * n + k]), z * (double)h[k], &to_n, &to_h, &spread);
    wait[2 * n + k] = (float)to_n;
    wait[k] = (float)to_h;
  }
  for (int64_t k = 0; k < n; k++) {
    const double z = sigmoid(p[k]), to_n = (double)wait[2 * n + k] + spread, to_h = (double)wait[k] + spread;
    const parts zn = split_product(l, to_n, 1 - z, tanh(p[2 * n + k])), zh = split_product(l, to_h, z, h[k]);
    l->rh_new[b * n + k] += (float)(zh.signal * to_h);
    wait[2 * n + k] = (float)(zn.signal * to_n);
    wait[k] = (float)(zn.gate * to_n + zh.gate * to_h);
  }
}

static void gru_gates(const aus_lrp_layer *l, int64_t i, double *even)
{
  const int64_t n = l->hidden;
  for (int64_t b = 0; b < l->mb; b++)
    for (int64_t k = 0; k < n; k++) {
      float *s = s_of(l, i, b), *wait = l->sh + b * l->wide;
      s[k] = wait[k] = gate_back(l, pre_of(l, i, b), 0, k, wait[k], &even[b]);
      s[n + k] = wait[n + k] = gate_back(l, pre_of(l, i, b), 1, k, wait[n + k], &even[b]);
    }
}

static void gru_back(const aus_lrp_layer *l, int64_t i)
{
  const int64_t n = l->hidden;
  double *even = l->even + i * l->mb;
  for (int64_t b = 0; b < l->mb; b++) {
    float *wait = l->sh + b * l->wide;
    even[b] = 0;
    gru_sum(l, i, b);
    for (int64_t k = 0; k < n; k++) {
      double rr = 0;
      if (l->late) late_candidate(l, i, b, k, wait[2 * n + k], &even[b], &rr);
      else s_of(l, i, b)[2 * n + k] = gate_back(l, pre_of(l, i, b), 2, k, wait[2 * n + k], &even[b]);
      wait[n + k] = (float)rr;
    }
  }
  if (!l->late) early_reset(l, i, l->sh + n);
  gru_gates(l, i, even);
  const bool gates = l->spec->kind != AUS_LRP_SIGNAL;
  if (l->late) to_state(l, i, gates ? 0 : 2, gates ? 3 : 1, l->sh);
  else if (gates) to_state(l, i, 0, 2, l->sh);
  for (int64_t b = 0; b < l->mb; b++) give_even(l, i, b, even[b]);
}

/* ---- rnn ------------------------------------------------------------------------------------------------------------------- */

static void rnn_back(const aus_lrp_layer *l, int64_t i)
{
  for (int64_t b = 0; b < l->mb; b++) {
    double even = 0;
    for (int64_t k = 0; k < l->hidden; k++) s_of(l, i, b)[k] = gate_back(l, pre_of(l, i, b), 0, k, l->rh[b * l->hidden + k], &even);
    give_even(l, i, b, even);
  }
  to_state(l, i, 0, 1, s_of(l, i, 0));
}

void aus_lrp_cell_back(const aus_lrp_layer *l, int64_t i)
{
  memset(l->rh_new, 0, (size_t)(l->mb * l->hidden) * sizeof(float));
  memset(l->rc_new, 0, (size_t)(l->mb * l->hidden) * sizeof(float));
  if (l->op == AUS_OP_lstm) lstm_back(l, i);
  else if (l->op == AUS_OP_gru) gru_back(l, i);
  else rnn_back(l, i);
}
