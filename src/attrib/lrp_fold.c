/* lrp_fold.c - canonisation: batch norm and biases become part of the linear layer beside them (attribution.md 1.4).
 *
 * Behind:  y = s (W x + b) + t  is the layer  W' = s W (per output channel),  b' = s b + t.
 * Before:  y = W (s x + t) + b  is the layer  W' = W s (per input channel),   b' = b + W t;  exact where no padding of zeros is
 *          put in between.
 * A constant added behind (a bias in ONNX's MatMul + Add) is the first form with s = 1.
 *
 * Nothing is stored: the folded weights are made in the walk's scratch each time, so the bundle stays as it is and a network
 * in training is explained with the weights of the moment. */
#include "attrib/lrp_node.h"

#include <string.h>

/* ---- what can be folded -------------------------------------------------------------------------------------------- */

/* The only step that reads slot; NULL: none, several, or relevance starts there. (A slot's last_reader is no help: where
 * memory is shared it speaks of the aliases too.) */
static aus_lrp_node *only_reader(const aus_lrp *lrp, int32_t slot)
{
  if (lrp->run->slot[slot].n_readers != 1 || slot == lrp->from) return NULL;
  for (int32_t i = lrp->run->slot[slot].writer + 1; i < lrp->run->n_steps; i++)
    for (int32_t k = 0; k < lrp->run->step[i].call.n_in; k++)
      if (lrp->run->step[i].in_value[k] == slot) return &lrp->node[i];
  return NULL;
}

/* Axis of a linear node's output that counts channels. */
static int32_t channel_axis(const aus_step *s)
{
  const aus_shape *out = &s->call.out[0].shape;
  return s->call.op == AUS_OP_linear || s->call.op == AUS_OP_matmul ? out->rank - 1 : 1;
}

int64_t aus_lrp_channels(const aus_lrp_node *n) { return n->step->call.out[0].shape.dim[channel_axis(n->step)]; }

/* Matrices only when channels are their columns. */
static bool can_carry(const aus_lrp_node *n)
{
  const aus_call *c = &n->step->call;
  if (n->family != AUS_LRP_LINEAR || c->out[0].shape.rank < 1) return false;
  return c->op != AUS_OP_matmul || (n->data == 0 && c->in[1].shape.rank == 2);
}

/* A constant whose only dim is that of the channels (or a single number). */
static bool is_per_channel(const aus_shape *s, const aus_shape *out, int32_t axis)
{
  for (int32_t d = 0; d < s->rank; d++) {
    const int32_t k = d + out->rank - s->rank;
    if (s->dim[d] != 1 && (k != axis || s->dim[d] != out->dim[axis])) return false;
  }
  return s->rank <= out->rank;
}

static bool is_bias_add(const aus_lrp_node *linear, const aus_lrp_node *n, int32_t slot)
{
  const aus_step *s = n->step;
  const int32_t at = s->in_value[0] == slot ? 0 : 1;
  if (n->family != AUS_LRP_SUM || n->spec.kind != AUS_LRP_NORM || aus_lrp_is_computed(n->lrp, s->in_value[1 - at])) return false;
  if (s->call.op == AUS_OP_sub && at == 1) return false;
  return aus_shape_equal(&s->call.out[0].shape, &linear->step->call.out[0].shape) && is_per_channel(&s->call.in[1 - at].shape, &s->call.out[0].shape, channel_axis(linear->step));
}

static bool is_batch_norm_behind(const aus_lrp_node *linear, const aus_lrp_node *n)
{
  return n->family == AUS_LRP_BATCHNORM && n->spec.kind == AUS_LRP_FOLD && channel_axis(linear->step) == 1 && !n->step->call.training;
}

static void fold_behind(aus_lrp *lrp, aus_lrp_node *n)
{
  if (!can_carry(n) || n->spec.kind == AUS_LRP_PASS) return;
  int32_t slot = n->step->out_value[0];
  while (n->n_tail < AUS_LRP_MAX_TAIL) {
    aus_lrp_node *next = only_reader(lrp, slot);
    if (!next || !next->on_way || next->folded || !(is_batch_norm_behind(n, next) || is_bias_add(n, next, slot))) return;
    next->folded = true;
    n->tail[n->n_tail++] = next->step;
    slot = next->step->out_value[0];
  }
}

/* ---- before ------------------------------------------------------------------------------------------------------------ */

static bool no_padding(const aus_call *c)
{
  for (int i = 4; i < 8; i++) if (c->attr[i].i != 0) return false;
  return true;
}

/* [mb, c, ...] read as [mb, c ...]. */
static bool is_flatten(const aus_step *s)
{
  const aus_shape *in = &s->call.in[0].shape, *out = &s->call.out[0].shape;
  return s->call.op == AUS_OP_reshape && in->rank >= 2 && out->rank == 2 && in->dim[0] == out->dim[0];
}

static bool can_take_before(const aus_lrp_node *n, int32_t slot)
{
  const aus_call *c = &n->step->call;
  if (!n->on_way || !can_carry(n) || n->spec.kind == AUS_LRP_PASS || n->head || n->step->in_value[n->data] != slot) return false;
  if (c->op == AUS_OP_conv) return no_padding(c);
  return (c->op == AUS_OP_linear || (c->op == AUS_OP_matmul && !c->attr[0].i)) && c->in[0].shape.rank == 2;
}

static bool all_readers_take(aus_lrp *lrp, int32_t slot, const aus_step *norm, bool really)
{
  int32_t readers = 0;
  for (int32_t i = 0; i < lrp->run->n_steps; i++) {
    const aus_step *s = &lrp->run->step[i];
    for (int32_t k = 0; k < s->call.n_in; k++) {
      if (s->in_value[k] != slot) continue;
      if (!can_take_before(&lrp->node[i], slot) || k != lrp->node[i].data) return false;
      if (really) lrp->node[i].head = norm;
      readers++;
    }
  }
  return readers > 0;
}

static void fold_before(aus_lrp *lrp, aus_lrp_node *norm)
{
  const aus_step *s = norm->step;
  if (norm->folded || norm->family != AUS_LRP_BATCHNORM || norm->spec.kind != AUS_LRP_FOLD || s->call.training || !norm->on_way) return;
  int32_t slot = s->out_value[0];
  if (slot == lrp->from) return;
  const aus_lrp_node *next = only_reader(lrp, slot);
  if (next && is_flatten(next->step)) slot = next->step->out_value[0];
  if (slot == lrp->from || !all_readers_take(lrp, slot, s, false)) return;
  all_readers_take(lrp, slot, s, true);
  norm->folded = true;
}

void aus_lrp_fold_nodes(aus_lrp *lrp)
{
  for (int32_t i = 0; i < lrp->run->n_steps; i++) if (lrp->node[i].on_way) fold_behind(lrp, &lrp->node[i]);
  for (int32_t i = 0; i < lrp->run->n_steps; i++) if (lrp->node[i].on_way) fold_before(lrp, &lrp->node[i]);
}

/* ---- folded weights ------------------------------------------------------------------------------------------------------ */

/* Which output and input channel an element of the weights belongs to. */
typedef struct layout { int64_t count, oc, ic, kernel, out_stride, out_dim, in_stride, in_dim, groups; bool transposed_conv; } layout;

static layout layout_of(const aus_lrp_node *n)
{
  const aus_call *c = &n->step->call;
  const aus_shape *w = &c->in[n->weights].shape;
  layout l = { .count = aus_shape_count(w), .oc = aus_lrp_channels(n), .groups = 1, .kernel = 1 };
  if (c->op == AUS_OP_matmul) { /* [k, n], or [n, k] when transposed */
    const bool t = c->attr[1].i != 0;
    l.ic = w->dim[t ? 1 : 0];
    l.out_stride = t ? l.ic : 1;
    l.in_stride = t ? 1 : l.oc;
    return l;
  }
  l.kernel = aus_shape_count_range(w, 2, w->rank);
  l.transposed_conv = c->op == AUS_OP_conv_transpose;
  if (c->op != AUS_OP_linear && c->attr[8].i > 1) l.groups = c->attr[8].i;
  l.ic = l.transposed_conv ? w->dim[0] : w->dim[1] * l.groups;
  l.out_stride = l.transposed_conv ? l.kernel : w->dim[1] * l.kernel;
  l.in_stride = l.transposed_conv ? w->dim[1] * l.kernel : l.kernel;
  return l;
}

static int64_t out_channel(const layout *l, int64_t e)
{
  if (!l->transposed_conv) return e / l->out_stride % l->oc;
  const int64_t per_group = l->oc / l->groups;
  return e / l->in_stride / (l->ic / l->groups) * per_group + e / l->out_stride % per_group;
}

/* (never asked of a transposed convolution) */
static int64_t in_channel(const layout *l, int64_t e)
{
  const int64_t per_group = l->ic / l->groups;
  return out_channel(l, e) / (l->oc / l->groups) * per_group + e / l->in_stride % per_group;
}

int64_t aus_lrp_fold_floats(const aus_lrp_node *n)
{
  if (!n->n_tail && !n->head) return 0;
  const layout l = layout_of(n);
  const int64_t channels = n->head ? n->head->call.in[0].shape.dim[1] : 0;
  return 2 * l.oc + l.count + 5 * l.oc + 2 * channels;
}

/* v = s v + t of each step behind, in their order. */
static void compose_tail(const aus_lrp_node *n, int64_t oc, float *scale, float *shift)
{
  float *s = shift + oc, *t = s + oc;
  for (int64_t i = 0; i < oc; i++) { scale[i] = 1; shift[i] = 0; }
  for (int32_t k = 0; k < n->n_tail; k++) {
    const aus_call *c = &n->tail[k]->call;
    if (c->op == AUS_OP_batch_norm) {
      aus_batch_norm_affine(c, oc, s, t);
      for (int64_t i = 0; i < oc; i++) { scale[i] *= s[i]; shift[i] = shift[i] * s[i] + t[i]; }
      continue;
    }
    const int32_t constant = aus_lrp_is_computed(n->lrp, n->tail[k]->in_value[0]) ? 1 : 0;
    const float *bias = c->in[constant].data, sign = c->op == AUS_OP_sub ? -1 : 1;
    const bool single = aus_shape_count(&c->in[constant].shape) == 1;
    for (int64_t i = 0; i < oc; i++) shift[i] += sign * bias[single ? 0 : i];
  }
}

/* b[oc] += sum of W t over what each output channel reads, W *= s on the side of the inputs. */
static void take_head(const aus_lrp_node *n, const layout *l, float *w, float *b, float *scale, double *sum)
{
  const int64_t channels = n->head->call.in[0].shape.dim[1], each = l->ic / channels; /* each > 1: a flatten lies between */
  float *shift = scale + channels;
  aus_batch_norm_affine(&n->head->call, channels, scale, shift);
  for (int64_t i = 0; i < l->oc; i++) sum[i] = b[i];
  for (int64_t e = 0; e < l->count; e++) {
    const int64_t c = in_channel(l, e) / each;
    sum[out_channel(l, e)] += (double)w[e] * (double)shift[c];
    w[e] *= scale[c];
  }
  for (int64_t i = 0; i < l->oc; i++) b[i] = (float)sum[i];
}

void aus_lrp_fold(const aus_lrp_node *n, float *room, const float **w, const float **b)
{
  const aus_call *c = &n->step->call;
  *w = c->in[n->weights].data;
  *b = n->bias >= 0 ? c->in[n->bias].data : NULL;
  if (!n->n_tail && !n->head) return;
  const layout l = layout_of(n);
  double *sum = (double *)(void *)room;
  float *weights = room + 2 * l.oc, *bias = weights + l.count, *scale = bias + l.oc; /* then shift, s and t of one step; the head's */
  memcpy(weights, *w, (size_t)l.count * sizeof *weights);
  for (int64_t i = 0; i < l.oc; i++) bias[i] = *b ? (*b)[i] : 0;
  if (n->head) take_head(n, &l, weights, bias, scale + 4 * l.oc, sum);
  if (n->n_tail) {
    compose_tail(n, l.oc, scale, scale + l.oc);
    for (int64_t e = 0; e < l.count; e++) weights[e] *= scale[out_channel(&l, e)];
    for (int64_t i = 0; i < l.oc; i++) bias[i] = bias[i] * scale[i] + scale[l.oc + i];
  }
  *w = weights;
  *b = bias;
}
