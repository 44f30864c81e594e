/* lrp_linear.c - rules of linear layers (attribution.md 1.1 and 1.2): convolutions, transposed ones, matrices.
 *
 * Every rule is a list of terms. A term is the layer itself with other operands, f(x'; w', b'); terms make a branch:
 *
 *   z = sum of +- f(x'; w', b'),   s = weight R / stab(z),   R_in += sum of +- x' * J(w')' s
 *
 * so four steps: forward with modified operands, divide, the op's own backward, multiply. epsilon is one branch of one
 * term; alpha-beta is two branches of two terms; the table below says the rest. Terms that hold min(x, 0) are left out
 * where the input has no negative value, as behind a ReLU.
 *
 * The bias stands in the denominator only and absorbs sum s b (the books' `bias`); what epsilon absorbs is
 * sum R - sum s z. bias_factor gives a share of both back, spread evenly over the inputs that a unit reads [Arras17]. */
#include "attrib/lrp_operands.h"
#include "simd/kernels.h"

#include <math.h>
#include <string.h>

/* ---- terms --------------------------------------------------------------------------------------------------- */

typedef struct branch { double weight; int mask, n; aus_lrp_term t[3]; } branch; /* mask: only units whose output is > 0, < 0; 0: all */
typedef struct recipe { int n; branch b[2]; } recipe;

static recipe recipe_of(const aus_lrp_spec *s)
{
  switch (s->kind) {
  case AUS_LRP_GAMMA: /* zennit: x of either sign, by the sign of the unit */
    return (recipe){ 2, { { 1, 1, 2, { { AUS_LRP_POSITIVE, AUS_LRP_MORE_POSITIVE, AUS_LRP_MORE_POSITIVE, 1 }, { AUS_LRP_NEGATIVE, AUS_LRP_MORE_NEGATIVE, AUS_LRP_NONE, 1 } } },
                          { 1, -1, 2, { { AUS_LRP_POSITIVE, AUS_LRP_MORE_NEGATIVE, AUS_LRP_MORE_NEGATIVE, 1 }, { AUS_LRP_NEGATIVE, AUS_LRP_MORE_POSITIVE, AUS_LRP_NONE, 1 } } } } };
  case AUS_LRP_GAMMA_CLASSIC: return (recipe){ 1, { { 1, 0, 1, { { AUS_LRP_AS_IS, AUS_LRP_MORE_POSITIVE, AUS_LRP_MORE_POSITIVE, 1 } } } } };
  case AUS_LRP_ZPLUS: return (recipe){ 1, { { 1, 0, 2, { { AUS_LRP_POSITIVE, AUS_LRP_POSITIVE, AUS_LRP_POSITIVE, 1 }, { AUS_LRP_NEGATIVE, AUS_LRP_NEGATIVE, AUS_LRP_NONE, 1 } } } } };
  case AUS_LRP_WPLUS: return (recipe){ 1, { { 1, 0, 1, { { AUS_LRP_AS_IS, AUS_LRP_POSITIVE, AUS_LRP_POSITIVE, 1 } } } } };
  case AUS_LRP_ALPHABETA:
    return (recipe){ s->p[1] == 0 ? 1 : 2, { { s->p[0], 0, 2, { { AUS_LRP_POSITIVE, AUS_LRP_POSITIVE, AUS_LRP_POSITIVE, 1 }, { AUS_LRP_NEGATIVE, AUS_LRP_NEGATIVE, AUS_LRP_NONE, 1 } } },
                                             { -s->p[1], 0, 2, { { AUS_LRP_POSITIVE, AUS_LRP_NEGATIVE, AUS_LRP_NEGATIVE, 1 }, { AUS_LRP_NEGATIVE, AUS_LRP_POSITIVE, AUS_LRP_NONE, 1 } } } } };
  case AUS_LRP_WSQUARE: return (recipe){ 1, { { 1, 0, 1, { { AUS_LRP_ONES, AUS_LRP_SQUARE, AUS_LRP_SQUARE, 1 } } } } };
  case AUS_LRP_FLAT: return (recipe){ 1, { { 1, 0, 1, { { AUS_LRP_ONES, AUS_LRP_ONES, AUS_LRP_NONE, 1 } } } } };
  case AUS_LRP_BOX: /* b - b+ - b- = 0 */
    return (recipe){ 1, { { 1, 0, 3, { { AUS_LRP_AS_IS, AUS_LRP_AS_IS, AUS_LRP_NONE, 1 }, { AUS_LRP_LOW, AUS_LRP_POSITIVE, AUS_LRP_NONE, -1 }, { AUS_LRP_HIGH, AUS_LRP_NEGATIVE, AUS_LRP_NONE, -1 } } } } };
  default: return (recipe){ 1, { { 1, 0, 1, { { AUS_LRP_AS_IS, AUS_LRP_AS_IS, AUS_LRP_AS_IS, 1 } } } } };
  }
}

static const aus_call *call_of(const aus_lrp_node *n) { return &n->step->call; }

static bool is_empty(const aus_lrp_place *p, const aus_lrp_term *t) { return t->x == AUS_LRP_NEGATIVE && p->not_negative; }

static const float *output_of(const aus_lrp_node *n) { return n->n_tail ? n->tail[n->n_tail - 1]->call.out[0].data : call_of(n)->out[0].data; }

/* ---- a branch -------------------------------------------------------------------------------------------------------------- */

/* z = the sum of its terms. A single unchanged term is what forward has left already. */
static const float *denominators(const aus_lrp_place *p, const branch *b)
{
  const aus_call *c = call_of(p->node);
  const aus_lrp_spec *s = &p->node->spec;
  memset(p->total_b, 0, (size_t)p->channels * sizeof *p->total_b);
  if (b->n == 1 && b->t[0].x == AUS_LRP_AS_IS && b->t[0].w == AUS_LRP_AS_IS && !s->no_bias && !s->no_weights) {
    aus_lrp_bias_of(p, &b->t[0]);
    return output_of(p->node);
  }
  for (int i = 0; i < b->n; i++) {
    const aus_lrp_term *t = &b->t[i];
    if (is_empty(p, t)) continue;
    aus_lrp_forward(p, aus_lrp_input_of(p, t), aus_lrp_weights_of(p, t), aus_lrp_bias_of(p, t), i ? p->part : p->z);
    if (t->sign < 0) aus_lrp_scale(c->ctx, p->n_z, i ? p->part : p->z, -1, i ? p->part : p->z);
    for (int64_t at = 0; i && at < p->n_z; at += 1 << 20) {
      const int64_t n = p->n_z - at < 1 << 20 ? p->n_z - at : 1 << 20;
      c->ctx->kernels->vec.add(n, p->z + at, p->part + at, p->z + at);
    }
  }
  return p->z;
}

/* sum over units of s times the bias of its channel */
static double bias_share(const aus_lrp_place *p)
{
  aus_ctx *ctx = p->visit->call->ctx;
  double sum = 0;
  if (!p->bias || p->node->spec.no_bias) return 0;
  if (p->inner == 1) {
    for (int64_t i = 0; i < p->n_z; i += p->channels) sum += aus_lrp_dot(ctx, p->channels, p->s + i, p->total_b);
    return sum;
  }
  for (int64_t i = 0, c = 0; i < p->n_z; i += p->inner, c++)
    if (p->total_b[c % p->channels] != 0) sum += (double)p->total_b[c % p->channels] * aus_lrp_sum(ctx, p->inner, p->s + i);
  return sum;
}

/* What bias and epsilon absorbed, R - (z - b) s, goes back to the inputs of the unit in equal parts: J(ones)' (factor that / M)
 * where M = f(ones; ones) counts the inputs that it reads. */
static void spread_bias(const aus_lrp_place *p, const float *r, const float *z, float *out)
{
  const double factor = p->node->spec.bias_factor;
  const aus_lrp_term of_ones = { AUS_LRP_ONES, AUS_LRP_ONES, AUS_LRP_NONE, 1 };
  const float *ones = aus_lrp_input_of(p, &of_ones), *weights = aus_lrp_weights_of(p, &of_ones);
  aus_lrp_forward(p, ones, weights, NULL, p->part);
  for (int64_t i = 0; i < p->n_z; i++) {
    const double b = p->total_b[i / p->inner % p->channels], left = factor * ((double)r[i] - ((double)z[i] - b) * (double)p->s[i]);
    p->s[i] = p->part[i] > 0 ? (float)(left / (double)p->part[i]) : 0;
  }
  aus_lrp_backward(p, ones, weights, p->s, p->back);
  aus_lrp_add_product(p->visit->call->ctx, p->n_x, 1, ones, p->back, out);
}

/* Adds the branch to out; returns sum s z, what the terms and the bias got of it. */
static double run_branch(const aus_lrp_place *p, const branch *b, const float *r, float *out, aus_lrp_entry *books)
{
  aus_ctx *ctx = p->visit->call->ctx;
  const float *z = denominators(p, b);
  const aus_lrp_divide d = { &p->node->spec, r, z, b->mask ? output_of(p->node) : NULL, b->weight, 1, b->mask };
  aus_lrp_divide_run(ctx, &d, aus_lrp_items(&call_of(p->node)->out[0]), p->n_z, p->s);
  books->bias += (1 - p->node->spec.bias_factor) * bias_share(p);
  const double given = aus_lrp_dot(ctx, p->n_z, p->s, z);
  for (int i = 0; i < b->n; i++) {
    const aus_lrp_term *t = &b->t[i];
    if (is_empty(p, t)) continue;
    const float *x = aus_lrp_input_of(p, t);
    aus_lrp_backward(p, x, aus_lrp_weights_of(p, t), p->s, p->back);
    aus_lrp_add_product(ctx, p->n_x, t->sign, x, p->back, out);
  }
  if (p->node->spec.bias_factor > 0) spread_bias(p, r, z, out);
  return given;
}

/* ---- the rule ------------------------------------------------------------------------------------------------------------------ */

static void apply(const aus_rule *rule, const aus_visit *v)
{
  aus_lrp_node *n = aus_lrp_node_of(rule);
  aus_ctx *ctx = v->call->ctx;
  const float *r = v->diff_dst[0];
  float *out = v->diff_src[n->data];
  aus_lrp_place p;
  if (!out) return;
  memset(out, 0, (size_t)aus_lrp_count(&v->call->in[n->data]) * sizeof *out);
  if (!r) return;
  aus_lrp_place_lay_out(n, v, v->scratch, &p);
  aus_lrp_place_fill(&p);
  const recipe how = recipe_of(&n->spec);
  double given = 0;
  for (int i = 0; i < how.n; i++) given += run_branch(&p, &how.b[i], r, out, &n->entry);
  n->entry.stabiliser = (1 - n->spec.bias_factor) * (aus_lrp_sum(ctx, p.n_z, r) - given);
}

static size_t scratch_size(const aus_rule *rule, const aus_visit *v)
{
  aus_lrp_place p;
  return aus_lrp_place_lay_out(aus_lrp_node_of(rule), v, NULL, &p);
}

void aus_lrp_attach_linear(aus_lrp_node *n)
{
  n->apply = apply;
  n->rule.scratch_size = scratch_size;
}
