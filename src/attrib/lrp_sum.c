/* lrp_sum.c - rules of nodes without weights.
 *
 * norm:    s = R / stab(z),  R_k = x_k * (J' s)_k      for any f with sum x df/dx = degree f (Euler): sums, averages, add, sub,
 *          norms; f of degree n gives n times too much and is divided by it
 * pass:    R_in = R, summed over the copies where an operand was broadcast
 * stop:    nothing goes on
 * The rest (gradient, winner, values that move) is the op's own backward applied to R. */
#include "attrib/lrp_node.h"

#include <string.h>

enum { OPERANDS = 3 };

static float *somewhere(void)
{
  static float there;
  return &there;
}

/* ---- norm ------------------------------------------------------------------------------------------------------ */

static int32_t operands(const aus_call *c) { return c->n_in < OPERANDS ? c->n_in : OPERANDS; }

/* Degree of homogeneity. */
static double degree_of(const aus_call *c)
{
  if (c->op == AUS_OP_reduce_sum_square) return 2;
  return c->op == AUS_OP_reduce_prod ? (double)(aus_lrp_count(&c->in[0]) / aus_lrp_count(&c->out[0])) : 1;
}

typedef struct norm_place { float *s, *src[OPERANDS]; void *op; } norm_place;

/* All operands get their share, also constants and values that nobody asked for: the books need it. */
static size_t lay_out_norm(const aus_visit *v, void *base, norm_place *p)
{
  aus_lrp_room room = { base, 0, false };
  float *there[OPERANDS] = { 0 };
  const float *dst[1] = { somewhere() };
  p->s = aus_lrp_take(&room, aus_lrp_count(&v->call->out[0]));
  for (int32_t k = 0; k < operands(v->call); k++) {
    p->src[k] = v->diff_src[k] ? v->diff_src[k] : aus_lrp_take(&room, aus_lrp_count(&v->call->in[k]));
    there[k] = somewhere();
  }
  const aus_back back = { v->call, dst, there, NULL };
  const aus_op_impl *impl = v->step->op->impl;
  p->op = aus_lrp_take_bytes(&room, impl->backward_scratch ? impl->backward_scratch(&back) : 0);
  return aus_lrp_total(&room);
}

static size_t norm_scratch(const aus_rule *rule, const aus_visit *v)
{
  norm_place p;
  (void)rule;
  return lay_out_norm(v, NULL, &p);
}

static void give_nothing(const aus_visit *v)
{
  for (int32_t k = 0; k < v->call->n_in; k++)
    if (v->diff_src[k]) memset(v->diff_src[k], 0, (size_t)aus_lrp_count(&v->call->in[k]) * sizeof(float));
}

static void apply_norm(const aus_rule *rule, const aus_visit *v)
{
  aus_lrp_node *n = aus_lrp_node_of(rule);
  const aus_call *c = v->call;
  const float *r = v->diff_dst[0], *dst[1];
  norm_place p;
  if (!r) { give_nothing(v); return; }
  lay_out_norm(v, v->scratch, &p);
  const int64_t n_z = aus_lrp_count(&c->out[0]);
  const aus_lrp_divide d = { &n->spec, r, c->out[0].data, NULL, 1 / degree_of(c), 1, 0 };
  aus_lrp_divide_run(c->ctx, &d, aus_lrp_items(&c->out[0]), n_z, p.s);
  dst[0] = p.s;
  const aus_back back = { c, dst, p.src, p.op };
  v->step->op->impl->backward(&back);
  for (int32_t k = 0; k < operands(c); k++) {
    aus_lrp_multiply(c->ctx, aus_lrp_count(&c->in[k]), c->in[k].data, p.src[k], p.src[k]);
    if (v->diff_src[k]) continue;
    *(aus_lrp_is_computed(n->lrp, v->step->in_value[k]) ? &n->entry.other : &n->entry.bias) += aus_lrp_sum(c->ctx, aus_lrp_count(&c->in[k]), p.src[k]);
  }
  n->entry.stabiliser = aus_lrp_sum(c->ctx, n_z, r) - degree_of(c) * aus_lrp_dot(c->ctx, n_z, p.s, c->out[0].data);
}

/* ---- norm of batch norm: an affine map per channel, y = s x + t ------------------------------------------------------ */

static size_t affine_scratch(const aus_rule *rule, const aus_visit *v)
{
  aus_lrp_room room = { NULL, 0, false };
  (void)rule;
  aus_lrp_take(&room, aus_lrp_count(&v->call->out[0]));
  aus_lrp_take(&room, 2 * v->call->in[0].shape.dim[1]);
  return aus_lrp_total(&room);
}

static void apply_affine(const aus_rule *rule, const aus_visit *v)
{
  aus_lrp_node *n = aus_lrp_node_of(rule);
  const aus_call *c = v->call;
  const float *r = v->diff_dst[0], *x = c->in[0].data;
  if (!r || !v->diff_src[0]) { give_nothing(v); return; }
  const int64_t n_z = aus_lrp_count(&c->out[0]), channels = c->in[0].shape.dim[1], inner = aus_shape_count_range(&c->in[0].shape, 2, c->in[0].shape.rank);
  aus_lrp_room room = { v->scratch, 0, false };
  float *s = aus_lrp_take(&room, n_z), *scale = aus_lrp_take(&room, 2 * channels), *shift = scale + channels;
  const aus_lrp_divide d = { &n->spec, r, c->out[0].data, NULL, 1, 1, 0 };
  aus_batch_norm_affine(c, channels, scale, shift);
  aus_lrp_divide_run(c->ctx, &d, aus_lrp_items(&c->out[0]), n_z, s);
  for (int64_t i = 0; i < n_z; i += inner) {
    const int64_t k = i / inner % channels;
    for (int64_t e = i; e < i + inner; e++) v->diff_src[0][e] = x[e] * scale[k] * s[e];
    n->entry.bias += (double)shift[k] * aus_lrp_sum(c->ctx, inner, s + i);
  }
  n->entry.stabiliser = aus_lrp_sum(c->ctx, n_z, r) - aus_lrp_dot(c->ctx, n_z, s, c->out[0].data);
}

/* ---- pass and stop ------------------------------------------------------------------------------------------------------- */

/* The operand that relevance goes on to. */
static int32_t way_on(const aus_lrp_node *n)
{
  for (int32_t k = 0; k < n->step->call.n_in; k++) if (aus_lrp_is_computed(n->lrp, n->step->in_value[k])) return k;
  return 0;
}

static void apply_pass(const aus_rule *rule, const aus_visit *v)
{
  const int32_t k = way_on(aus_lrp_node_of(rule));
  if (!v->diff_dst[0] || !v->diff_src[k]) { give_nothing(v); return; }
  for (int32_t i = 0; i < v->call->n_in; i++) if (i != k && v->diff_src[i]) memset(v->diff_src[i], 0, (size_t)aus_lrp_count(&v->call->in[i]) * sizeof(float));
  aus_lrp_hand_on(v, k, 1, v->diff_dst[0]);
}

static size_t pass_scratch(const aus_rule *rule, const aus_visit *v) { return aus_lrp_hand_on_scratch(v, way_on(aus_lrp_node_of(rule))); }

static void apply_stop(const aus_rule *rule, const aus_visit *v)
{
  (void)rule;
  give_nothing(v);
}

/* ---- which it is ------------------------------------------------------------------------------------------------------------ */

void aus_lrp_attach_sum(aus_lrp_node *n)
{
  const aus_lrp_kind kind = n->spec.kind == AUS_LRP_FOLD ? n->spec.rest : n->spec.kind;
  if (n->folded || (kind == AUS_LRP_PASS && n->family != AUS_LRP_MOVE)) {
    n->apply = apply_pass;
    n->rule.scratch_size = pass_scratch;
  } else if (kind == AUS_LRP_NORM) {
    n->apply = n->family == AUS_LRP_BATCHNORM ? apply_affine : apply_norm;
    n->rule.scratch_size = n->family == AUS_LRP_BATCHNORM ? affine_scratch : norm_scratch;
  } else if (kind == AUS_LRP_STOP) {
    n->apply = apply_stop;
  } else {
    n->own = true;
  }
}
