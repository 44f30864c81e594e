/* lrp_product.c - products of two computed values: element by element, and of matrices (attribution.md 1.6, 1.7).
 *
 *   signal  the gate gets none, the other factor all [Arras17]; a factor is a gate when a sigmoid, a softmax, another activation
 *           of that kind or a reciprocal made it. With two gates or none: half.
 *   half    R / 2 each: AttnLRP's uniform rule [Achtibat24]; for matrices by way of s = R / stab(2 z)
 *   prop    R a / stab(a + b) [Ding17]: the rule of a sum on what is multiplied;  abs: by |a| and |b|
 *
 * A divisor gets none: x / std is a signal and a constant, as in AttnLRP's normalisations. */
#include "attrib/lrp_node.h"

#include <math.h>
#include <string.h>

static float *somewhere(void)
{
  static float there;
  return &there;
}

/* ---- which factor is the signal ---------------------------------------------------------------------------------- */

/* 2: a divisor, 1: a gate, 0: a signal. */
static int gate_of(const aus_lrp *lrp, int32_t slot)
{
  const aus_step *s = aus_lrp_origin(lrp, slot);
  if (!s) return 0;
  switch (s->call.op) {
  case AUS_OP_reciprocal: return 2;
  case AUS_OP_sigmoid: case AUS_OP_hard_sigmoid: case AUS_OP_softmax: case AUS_OP_silu: case AUS_OP_gelu: case AUS_OP_hard_swish: return 1;
  default: return 0;
  }
}

/* How much of R each factor gets. */
static void shares(const aus_lrp_node *n, float share[2])
{
  const int a = gate_of(n->lrp, n->step->in_value[0]), b = gate_of(n->lrp, n->step->in_value[1]);
  const bool one_gate = (a > 0) != (b > 0), divisor = (a == 2) != (b == 2);
  share[0] = share[1] = 0.5f;
  if (n->family == AUS_LRP_RATIO) {
    if (n->spec.kind == AUS_LRP_SIGNAL || !aus_lrp_is_computed(n->lrp, n->step->in_value[0])) {
      share[0] = aus_lrp_is_computed(n->lrp, n->step->in_value[0]) ? 1 : 0;
      share[1] = 1 - share[0];
    }
  } else if (divisor) {
    share[0] = b == 2 ? 1 : 0;
    share[1] = 1 - share[0];
  } else if (n->spec.kind == AUS_LRP_SIGNAL && one_gate) {
    share[0] = b > 0 ? 1 : 0;
    share[1] = 1 - share[0];
  }
}

static void nothing(const aus_visit *v, int32_t k)
{
  if (v->diff_src[k]) memset(v->diff_src[k], 0, (size_t)aus_lrp_count(&v->call->in[k]) * sizeof(float));
}

static void give_nothing(const aus_visit *v)
{
  for (int32_t k = 0; k < v->call->n_in; k++) nothing(v, k);
}

/* ---- element by element ------------------------------------------------------------------------------------------------ */

static void apply_shares(const aus_rule *rule, const aus_visit *v)
{
  aus_lrp_node *n = aus_lrp_node_of(rule);
  float share[2];
  if (!v->diff_dst[0]) { give_nothing(v); return; }
  shares(n, share);
  for (int32_t k = 0; k < 2; k++) {
    if (v->diff_src[k] && share[k] > 0) aus_lrp_hand_on(v, k, share[k], v->diff_dst[0]);
    else if (share[k] > 0) n->entry.other += (double)share[k] * aus_lrp_sum(v->call->ctx, aus_lrp_count(&v->call->out[0]), v->diff_dst[0]);
    else nothing(v, k);
  }
}

static size_t larger(size_t a, size_t b) { return a > b ? a : b; }
static size_t shares_scratch(const aus_rule *rule, const aus_visit *v)
{
  (void)rule;
  return larger(aus_lrp_hand_on_scratch(v, 0), aus_lrp_hand_on_scratch(v, 1));
}

/* ---- in proportion: the rule of the sum a + b on the factors ------------------------------------------------------------- */

typedef struct sum_place { aus_operand in[2], out; float *s, *c[2]; void *op; aus_call call; aus_back back; const float *dst[1]; } sum_place;

static size_t lay_out_sum(const aus_visit *v, void *base, sum_place *p)
{
  const aus_op_impl *add = aus_op_by_code(AUS_OP_add)->impl;
  aus_lrp_room room = { base, 0, false };
  *p = (sum_place){ .call = *v->call, .out = v->call->out[0] };
  for (int32_t k = 0; k < 2; k++) {
    p->in[k] = v->call->in[k];
    p->in[k].data = aus_lrp_take(&room, aus_lrp_count(&v->call->in[k]));
    p->c[k] = aus_lrp_take(&room, aus_lrp_count(&v->call->in[k]));
    if (!base) p->c[k] = somewhere();
  }
  p->out.data = aus_lrp_take(&room, aus_lrp_count(&v->call->out[0]));
  p->s = aus_lrp_take(&room, aus_lrp_count(&v->call->out[0]));
  p->call.op = AUS_OP_add;
  p->call.n_in = 2;
  p->call.in = p->in;
  p->call.out = &p->out;
  p->dst[0] = base ? p->s : somewhere();
  p->back = (aus_back){ &p->call, p->dst, p->c, NULL };
  p->op = aus_lrp_take_bytes(&room, larger(add->scratch_size ? add->scratch_size(&p->call) : 0, add->backward_scratch ? add->backward_scratch(&p->back) : 0));
  p->call.scratch = p->back.scratch = p->op;
  return aus_lrp_total(&room);
}

static size_t prop_scratch(const aus_rule *rule, const aus_visit *v)
{
  sum_place p;
  (void)rule;
  return lay_out_sum(v, NULL, &p);
}

static void apply_prop(const aus_rule *rule, const aus_visit *v)
{
  aus_lrp_node *n = aus_lrp_node_of(rule);
  const aus_op_impl *add = aus_op_by_code(AUS_OP_add)->impl;
  const int64_t n_z = aus_lrp_count(&v->call->out[0]);
  sum_place p;
  if (!v->diff_dst[0]) { give_nothing(v); return; }
  lay_out_sum(v, v->scratch, &p);
  for (int32_t k = 0; k < 2; k++)
    for (int64_t i = 0; i < aus_lrp_count(&p.in[k]); i++) p.in[k].data[i] = n->spec.kind == AUS_LRP_ABS ? fabsf(v->call->in[k].data[i]) : v->call->in[k].data[i];
  add->forward(&p.call);
  const aus_lrp_divide d = { &n->spec, v->diff_dst[0], p.out.data, NULL, 1, 1, 0 };
  aus_lrp_divide_run(v->call->ctx, &d, aus_lrp_items(&p.out), n_z, p.s);
  add->backward(&p.back);
  for (int32_t k = 0; k < 2; k++) {
    const int64_t count = aus_lrp_count(&p.in[k]);
    if (v->diff_src[k]) aus_lrp_multiply(v->call->ctx, count, p.in[k].data, p.c[k], v->diff_src[k]);
    else n->entry.other += aus_lrp_dot(v->call->ctx, count, p.in[k].data, p.c[k]);
  }
  n->entry.stabiliser = aus_lrp_sum(v->call->ctx, n_z, v->diff_dst[0]) - aus_lrp_dot(v->call->ctx, n_z, p.s, p.out.data);
}

/* ---- of matrices: s = R / stab(z / share), R_k = x_k * (J' s)_k ------------------------------------------------------------- */

typedef struct matrix_place { float *s, *src[3]; void *op; } matrix_place;

static size_t lay_out_matrix(const aus_lrp_node *n, const aus_visit *v, void *base, matrix_place *p)
{
  aus_lrp_room room = { base, 0, false };
  float share[2], *there[3] = { 0 };
  const float *dst[1] = { somewhere() };
  *p = (matrix_place){ .s = aus_lrp_take(&room, aus_lrp_count(&v->call->out[0])) };
  shares(n, share);
  for (int32_t k = 0; k < 2; k++) {
    if (share[k] == 0) continue;
    p->src[k] = v->diff_src[k] ? v->diff_src[k] : aus_lrp_take(&room, aus_lrp_count(&v->call->in[k]));
    there[k] = somewhere();
  }
  const aus_back back = { v->call, dst, there, NULL };
  p->op = aus_lrp_take_bytes(&room, v->step->op->impl->backward_scratch ? v->step->op->impl->backward_scratch(&back) : 0);
  return aus_lrp_total(&room);
}

static size_t matrix_scratch(const aus_rule *rule, const aus_visit *v)
{
  matrix_place p;
  return lay_out_matrix(aus_lrp_node_of(rule), v, NULL, &p);
}

static void apply_matrix(const aus_rule *rule, const aus_visit *v)
{
  aus_lrp_node *n = aus_lrp_node_of(rule);
  aus_ctx *ctx = v->call->ctx;
  const int64_t n_z = aus_lrp_count(&v->call->out[0]);
  matrix_place p;
  float share[2];
  if (!v->diff_dst[0]) { give_nothing(v); return; }
  lay_out_matrix(n, v, v->scratch, &p);
  shares(n, share);
  const bool both = share[0] > 0 && share[1] > 0;
  const float *z = v->call->out[0].data, *dst[1] = { p.s };
  const aus_lrp_divide d = { &n->spec, v->diff_dst[0], z, NULL, 1, both ? 2 : 1, 0 };
  aus_lrp_divide_run(ctx, &d, aus_lrp_items(&v->call->out[0]), n_z, p.s);
  const aus_back back = { v->call, dst, p.src, p.op };
  v->step->op->impl->backward(&back);
  for (int32_t k = 0; k < 2; k++) {
    const int64_t count = aus_lrp_count(&v->call->in[k]);
    if (!p.src[k]) { nothing(v, k); continue; }
    aus_lrp_multiply(ctx, count, v->call->in[k].data, p.src[k], p.src[k]);
    if (!v->diff_src[k]) n->entry.other += aus_lrp_sum(ctx, count, p.src[k]);
  }
  if (v->call->n_in > 2 && v->diff_src[2]) memset(v->diff_src[2], 0, (size_t)aus_lrp_count(&v->call->in[2]) * sizeof(float));
  n->entry.stabiliser = aus_lrp_sum(ctx, n_z, v->diff_dst[0]) - (both ? 2 : 1) * aus_lrp_dot(ctx, n_z, p.s, z);
}

void aus_lrp_attach_product(aus_lrp_node *n)
{
  if (n->family == AUS_LRP_BILINEAR) {
    n->apply = apply_matrix;
    n->rule.scratch_size = matrix_scratch;
  } else if (n->spec.kind == AUS_LRP_PROP || n->spec.kind == AUS_LRP_ABS) {
    n->apply = apply_prop;
    n->rule.scratch_size = prop_scratch;
  } else {
    n->apply = apply_shares;
    n->rule.scratch_size = shares_scratch;
  }
}
