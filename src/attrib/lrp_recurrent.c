/* lrp_recurrent.c - relevance through time: lstm, gru and rnn of one or two directions (attribution.md 1.6).
 *
 * A direction is replayed forward, its states and pre-activations kept; then one cell after another goes back
 * (lrp_cells.c). What comes to the inputs of all steps is one matrix product at the end. Relevance left on the initial
 * states goes to h0 and c0 where they are values that somebody asked for, else it stands in the books as `state`. */
#include "attrib/lrp_recurrent.h"
#include "la/la.h"
#include "simd/kernels.h"

#include <string.h>

enum { IN_X, IN_W, IN_R, IN_BIAS, IN_H0, IN_C0 };

static const aus_operand *operand(const aus_call *c, int i) { return i < c->n_in ? &c->in[i] : NULL; }
static const float *data_of(const aus_call *c, int i) { return operand(c, i) ? c->in[i].data : NULL; }

aus_lrp_layer aus_lrp_layer_of(const aus_call *c)
{
  const aus_shape *x = &c->in[IN_X].shape;
  aus_lrp_layer l = { .ctx = c->ctx, .op = c->op, .hidden = c->attr[0].i, .dirs = c->attr[1].i == 2 ? 2 : 1 };
  l.batch_first = c->attr[c->op == AUS_OP_gru ? 3 : 2].i != 0;
  l.late = c->op == AUS_OP_gru && c->attr[2].i != 0;
  l.relu = c->op == AUS_OP_rnn && c->attr[3].i != 0;
  l.gates = c->op == AUS_OP_lstm ? 4 : c->op == AUS_OP_gru ? 3 : 1;
  l.t = x->dim[l.batch_first ? 1 : 0];
  l.mb = x->dim[l.batch_first ? 0 : 1];
  l.in = x->dim[2];
  l.wide = l.gates * l.hidden;
  l.rows = l.t * l.mb;
  return l;
}

static size_t most(size_t a, size_t b) { return a > b ? a : b; }

static size_t gemm_bytes(const aus_lrp_layer *l)
{
  const size_t ahead = aus_sgemm_scratch(l->ctx, l->rows, l->wide, l->in), behind = aus_sgemm_scratch(l->ctx, l->rows, l->in, l->wide), one = aus_sgemm_scratch(l->ctx, l->rows, l->in, l->hidden);
  size_t step = 0;
  for (int64_t g = 1; g <= l->gates; g++)
    step = most(step, most(aus_sgemm_scratch(l->ctx, l->mb, g * l->hidden, l->hidden), aus_sgemm_scratch(l->ctx, l->mb, l->hidden, g * l->hidden)));
  return most(most(most(ahead, behind), one), step);
}

size_t aus_lrp_layer_room(aus_lrp_layer *l, void *base)
{
  aus_lrp_room room = { base, 0, false };
  const int64_t states = (l->t + 1) * l->mb * l->hidden, one = l->mb * l->hidden;
  l->even = aus_lrp_take_bytes(&room, (size_t)l->rows * sizeof *l->even);
  l->x = aus_lrp_take(&room, l->rows * l->in);
  l->pre = aus_lrp_take(&room, l->rows * l->wide);
  l->s = aus_lrp_take(&room, l->rows * l->wide);
  l->h = aus_lrp_take(&room, states);
  l->c = aus_lrp_take(&room, l->op == AUS_OP_lstm ? states : 0);
  l->q = aus_lrp_take(&room, l->late ? l->rows * l->hidden : 0);
  l->rh = aus_lrp_take(&room, one);
  l->rc = aus_lrp_take(&room, one);
  l->rh_new = aus_lrp_take(&room, one);
  l->rc_new = aus_lrp_take(&room, one);
  l->sh = aus_lrp_take(&room, l->mb * l->wide);
  l->gather = aus_lrp_take(&room, l->rows * l->in > one ? l->rows * l->in : one);
  l->gemm = aus_lrp_take_bytes(&room, gemm_bytes(l));
  if (l->op != AUS_OP_lstm) l->c = NULL;
  return aus_lrp_total(&room);
}

static size_t scratch_size(const aus_rule *rule, const aus_visit *v)
{
  aus_lrp_layer l = aus_lrp_layer_of(v->call);
  (void)rule;
  return aus_lrp_layer_room(&l, NULL);
}

/* ---- in the order of the walk ------------------------------------------------------------------------------------ */

static bool backwards(const aus_call *c, int64_t d) { return c->attr[1].i == 1 || d == 1; }
int64_t aus_lrp_layer_time(const aus_lrp_layer *l, const aus_call *c, int64_t d, int64_t i) { return backwards(c, d) ? l->t - 1 - i : i; }

/* Row of step i and item b in an array [t, mb, n] or [mb, t, n]. */
int64_t aus_lrp_layer_row(const aus_lrp_layer *l, int64_t t, int64_t b) { return l->batch_first ? b * l->t + t : t * l->mb + b; }

static void gather_x(const aus_lrp_layer *l, const aus_call *c, int64_t d)
{
  for (int64_t i = 0; i < l->t; i++)
    for (int64_t b = 0; b < l->mb; b++)
      memcpy(l->x + (i * l->mb + b) * l->in, c->in[IN_X].data + aus_lrp_layer_row(l, aus_lrp_layer_time(l, c, d, i), b) * l->in, (size_t)l->in * sizeof(float));
}

void aus_lrp_layer_replay(aus_lrp_layer *l, const aus_call *c, int64_t d)
{
  l->w = c->in[IN_W].data + d * l->wide * l->in;
  l->r = c->in[IN_R].data + d * l->wide * l->hidden;
  l->bias = data_of(c, IN_BIAS) ? c->in[IN_BIAS].data + d * 2 * l->wide : NULL;
  const int64_t one = l->mb * l->hidden;
  const float *h0 = data_of(c, IN_H0), *c0 = l->op == AUS_OP_lstm ? data_of(c, IN_C0) : NULL;
  gather_x(l, c, d);
  aus_sgemm_in(l->ctx, false, true, l->rows, l->wide, l->in, 1, l->x, l->in, l->w, l->in, 0, l->pre, l->wide, l->gemm);
  for (int64_t row = 0; l->bias && row < l->rows; row++)
    for (int64_t k = 0; k < l->wide; k++) l->pre[row * l->wide + k] += l->late && k >= 2 * l->hidden ? l->bias[k] : l->bias[k] + l->bias[l->wide + k];
  if (h0) memcpy(l->h, h0 + d * one, (size_t)one * sizeof(float)); else memset(l->h, 0, (size_t)one * sizeof(float));
  if (l->c) { if (c0) memcpy(l->c, c0 + d * one, (size_t)one * sizeof(float)); else memset(l->c, 0, (size_t)one * sizeof(float)); }
  for (int64_t i = 0; i < l->t; i++) aus_lrp_cell_forward(l, i);
}

void aus_lrp_layer_outer(const aus_lrp_layer *l, const aus_visit *v, const float *const *dst, int64_t d, int64_t i)
{
  const int64_t n = l->hidden, one = l->mb * n, t = aus_lrp_layer_time(l, v->call, d, i);
  const float *y = dst[0], *y_h = v->call->n_out > 1 ? dst[1] : NULL, *y_c = v->call->n_out > 2 ? dst[2] : NULL;
  for (int64_t b = 0; y && b < l->mb; b++) {
    const float *r = l->batch_first ? y + (aus_lrp_layer_row(l, t, b) * l->dirs + d) * n : y + ((t * l->dirs + d) * l->mb + b) * n;
    for (int64_t k = 0; k < n; k++) l->rh[b * n + k] += r[k];
  }
  for (int64_t e = 0; i == l->t - 1 && e < one; e++) {
    if (y_h) l->rh[e] += y_h[d * one + e];
    if (y_c && l->op == AUS_OP_lstm) l->rc[e] += y_c[d * one + e];
  }
}

static void to_inputs(const aus_lrp_layer *l, const aus_visit *v, int64_t d)
{
  /* gates that get nothing are left out of the product */
  const bool only = l->spec->kind == AUS_LRP_SIGNAL && l->gates > 1;
  const int64_t first = only ? (l->gates - 1) * l->hidden : 0, n = l->wide - first;
  float *rx = v->diff_src[IN_X];
  if (!rx) return;
  aus_sgemm_in(l->ctx, false, false, l->rows, l->in, n, 1, l->s + first, l->wide, l->w + first * l->in, l->in, 0, l->gather, l->in, l->gemm);
  for (int64_t i = 0; i < l->t; i++)
    for (int64_t b = 0; b < l->mb; b++) {
      const int64_t from = (i * l->mb + b) * l->in, to = aus_lrp_layer_row(l, aus_lrp_layer_time(l, v->call, d, i), b) * l->in;
      for (int64_t k = 0; k < l->in; k++) rx[to + k] += (float)((double)l->x[from + k] * (double)l->gather[from + k] + l->even[i * l->mb + b]);
    }
}

/* What is left on the state before the first step. */
static void to_start(const aus_lrp_layer *l, const aus_visit *v, int64_t d, int which, const float *r)
{
  const int64_t one = l->mb * l->hidden;
  float *out = which < v->call->n_in ? v->diff_src[which] : NULL;
  if (out) memcpy(out + d * one, r, (size_t)one * sizeof(float));
  else l->books->state += aus_lrp_sum(l->ctx, one, r);
}

static void swap(float **a, float **b)
{
  float *const t = *a;
  *a = *b;
  *b = t;
}

static void run_direction(aus_lrp_layer *l, const aus_visit *v, int64_t d)
{
  const aus_call *c = v->call;
  const int64_t one = l->mb * l->hidden;
  aus_lrp_layer_replay(l, c, d);
  memset(l->rh, 0, (size_t)one * sizeof(float));
  memset(l->rc, 0, (size_t)one * sizeof(float));
  for (int64_t i = l->t - 1; i >= 0; i--) {
    aus_lrp_layer_outer(l, v, v->diff_dst, d, i);
    aus_lrp_cell_back(l, i);
    swap(&l->rh, &l->rh_new);
    swap(&l->rc, &l->rc_new);
  }
  to_inputs(l, v, d);
  to_start(l, v, d, IN_H0, l->rh);
  if (l->op == AUS_OP_lstm) to_start(l, v, d, IN_C0, l->rc);
}

static void apply(const aus_rule *rule, const aus_visit *v)
{
  aus_lrp_layer l = aus_lrp_layer_of(v->call);
  aus_lrp_layer_room(&l, v->scratch);
  l.spec = &aus_lrp_node_of(rule)->spec;
  l.books = &aus_lrp_node_of(rule)->entry;
  for (int32_t k = 0; k < v->call->n_in; k++)
    if (v->diff_src[k]) memset(v->diff_src[k], 0, (size_t)aus_lrp_count(&v->call->in[k]) * sizeof(float));
  for (int64_t d = 0; d < l.dirs; d++) run_direction(&l, v, d);
}

void aus_lrp_attach_recurrent(aus_lrp_node *n)
{
  n->apply = apply;
  n->rule.scratch_size = scratch_size;
}
