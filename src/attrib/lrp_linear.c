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
#include "attrib/lrp_node.h"
#include "simd/kernels.h"

#include <math.h>
#include <string.h>

/* ---- terms --------------------------------------------------------------------------------------------------- */

typedef enum change { NONE, AS_IS, POSITIVE, NEGATIVE, SQUARE, ONE, MORE_POSITIVE, MORE_NEGATIVE, LOW, HIGH } change;
typedef struct term { change x, w, b; float sign; } term;
typedef struct branch { double weight; int mask, n; term t[3]; } branch; /* mask: only units whose output is > 0, < 0; 0: all */
typedef struct recipe { int n; branch b[2]; } recipe;

static recipe recipe_of(const aus_lrp_spec *s)
{
  switch (s->kind) {
  case AUS_LRP_GAMMA: /* zennit: x of either sign, by the sign of the unit */
    return (recipe){ 2, { { 1, 1, 2, { { POSITIVE, MORE_POSITIVE, MORE_POSITIVE, 1 }, { NEGATIVE, MORE_NEGATIVE, NONE, 1 } } },
                          { 1, -1, 2, { { POSITIVE, MORE_NEGATIVE, MORE_NEGATIVE, 1 }, { NEGATIVE, MORE_POSITIVE, NONE, 1 } } } } };
  case AUS_LRP_GAMMA_CLASSIC: return (recipe){ 1, { { 1, 0, 1, { { AS_IS, MORE_POSITIVE, MORE_POSITIVE, 1 } } } } };
  case AUS_LRP_ZPLUS: return (recipe){ 1, { { 1, 0, 2, { { POSITIVE, POSITIVE, POSITIVE, 1 }, { NEGATIVE, NEGATIVE, NONE, 1 } } } } };
  case AUS_LRP_WPLUS: return (recipe){ 1, { { 1, 0, 1, { { AS_IS, POSITIVE, POSITIVE, 1 } } } } };
  case AUS_LRP_ALPHABETA:
    return (recipe){ s->p[1] == 0 ? 1 : 2, { { s->p[0], 0, 2, { { POSITIVE, POSITIVE, POSITIVE, 1 }, { NEGATIVE, NEGATIVE, NONE, 1 } } },
                                             { -s->p[1], 0, 2, { { POSITIVE, NEGATIVE, NEGATIVE, 1 }, { NEGATIVE, POSITIVE, NONE, 1 } } } } };
  case AUS_LRP_WSQUARE: return (recipe){ 1, { { 1, 0, 1, { { ONE, SQUARE, SQUARE, 1 } } } } };
  case AUS_LRP_FLAT: return (recipe){ 1, { { 1, 0, 1, { { ONE, ONE, NONE, 1 } } } } };
  case AUS_LRP_BOX: /* b - b+ - b- = 0 */
    return (recipe){ 1, { { 1, 0, 3, { { AS_IS, AS_IS, NONE, 1 }, { LOW, POSITIVE, NONE, -1 }, { HIGH, NEGATIVE, NONE, -1 } } } } };
  default: return (recipe){ 1, { { 1, 0, 1, { { AS_IS, AS_IS, AS_IS, 1 } } } } };
  }
}

/* ---- a place to work --------------------------------------------------------------------------------------------- */

typedef struct place {
  const aus_lrp_node *node;
  const aus_visit *visit;
  int64_t n_x, n_w, n_z, channels, inner;  /* inner: floats per channel that lie together in z */
  float *fold, *x, *w, *b, *z, *part, *s, *back;
  float *mask, *mask_src;                  /* 1, and 0 where a pad node put a constant; what that node is run on */
  float *total_b;                          /* biases of all terms of a branch, with their signs */
  void *op;                                /* scratch of forward and backward */
  const float *in, *weights, *bias;        /* operands with everything folded in */
  bool not_negative;                       /* no input is less than 0 */
} place;

static const aus_call *call_of(const aus_lrp_node *n) { return &n->step->call; }

/* The node's call on other operands. matmul has no bias; its is added by hand. */
typedef struct twin { aus_call call; aus_operand in[3], out[1]; } twin;

static void make_twin(const place *p, const float *x, const float *w, const float *b, float *z, twin *t)
{
  const aus_lrp_node *n = p->node;
  const aus_call *c = call_of(n);
  t->call = *c;
  for (int32_t k = 0; k < 3; k++) t->in[k] = k < c->n_in ? c->in[k] : (aus_operand){ 0 };
  t->in[n->data].data = (float *)(uintptr_t)x;
  t->in[n->weights].data = (float *)(uintptr_t)w;
  if (c->op != AUS_OP_matmul) t->in[2] = b ? (aus_operand){ (float *)(uintptr_t)b, { .rank = 1, .dim = { p->channels } } } : (aus_operand){ 0 };
  t->out[0] = (aus_operand){ z, c->out[0].shape };
  t->call.in = t->in;
  t->call.out = t->out;
  t->call.prepared = t->call.saved = NULL;
  t->call.epilogue = NULL;
  t->call.scratch = p->op;
}

static void add_rows(const place *p, const float *b, float *z)
{
  for (int64_t i = 0; i < p->n_z; i += p->channels) p->visit->call->ctx->kernels->vec.add(p->channels, z + i, b, z + i);
}

static void forward(const place *p, const float *x, const float *w, const float *b, float *z)
{
  twin t;
  make_twin(p, x, w, b, z, &t);
  p->node->step->op->impl->forward(&t.call);
  if (b && t.call.op == AUS_OP_matmul) add_rows(p, b, z);
}

typedef struct way { const float *dst[1]; float *src[3]; aus_back back; } way;

static void make_way(const twin *t, int32_t data, const float *s, float *c, void *scratch, way *w)
{
  *w = (way){ .dst = { s } };
  w->src[data] = c;
  w->back = (aus_back){ &t->call, w->dst, w->src, scratch };
}

/* back = J(w)' s */
static void backward(const place *p, const float *x, const float *w, const float *s, float *back)
{
  twin t;
  way on;
  make_twin(p, x, w, NULL, p->z, &t);
  make_way(&t, p->node->data, s, back, p->op, &on);
  p->node->step->op->impl->backward(&on.back);
}

static size_t op_scratch(const place *p)
{
  static float somewhere;
  const aus_op_impl *impl = p->node->step->op->impl;
  twin t;
  way on;
  make_twin(p, p->in, p->weights, &somewhere, &somewhere, &t);
  make_way(&t, p->node->data, &somewhere, &somewhere, NULL, &on);
  const size_t f = impl->scratch_size ? impl->scratch_size(&t.call) : 0, b = impl->backward_scratch ? impl->backward_scratch(&on.back) : 0;
  return f > b ? f : b;
}

enum { PAD_WORDS = 2 + 2 * AUS_MAX_RANK };

/* A pad node's call on ones, padding with 0. */
typedef struct pad_twin { aus_call call; aus_operand in, out; aus_word attr[PAD_WORDS]; } pad_twin;

static void make_pad_twin(const place *p, pad_twin *t)
{
  const aus_call *c = &p->node->pad->call;
  t->call = *c;
  for (int32_t i = 0; i < c->n_attr && i < PAD_WORDS; i++) t->attr[i] = c->attr[i];
  t->attr[1].f = 0;
  t->in = (aus_operand){ p->mask_src, c->in[0].shape };
  t->out = (aus_operand){ p->mask, c->out[0].shape };
  t->call.attr = t->attr;
  t->call.in = &t->in;
  t->call.out = &t->out;
  t->call.prepared = t->call.saved = NULL;
  t->call.scratch = p->op;
}

static size_t pad_scratch(const place *p)
{
  pad_twin t;
  make_pad_twin(p, &t);
  const aus_op_impl *impl = p->node->pad->op->impl;
  return impl->scratch_size ? impl->scratch_size(&t.call) : 0;
}

static size_t larger(size_t a, size_t b) { return a > b ? a : b; }

/* Sizes and addresses; base NULL: sizes only. Returns the bytes. */
static size_t lay_out(const aus_lrp_node *n, const aus_visit *v, void *base, place *p)
{
  const aus_call *c = call_of(n);
  *p = (place){ .node = n, .visit = v, .n_x = aus_lrp_count(&c->in[n->data]), .n_w = aus_lrp_count(&c->in[n->weights]), .n_z = aus_lrp_count(&c->out[0]),
                .channels = aus_lrp_channels(n), .in = c->in[n->data].data, .weights = c->in[n->weights].data };
  const aus_shape *out = &c->out[0].shape;
  p->inner = c->op == AUS_OP_linear || c->op == AUS_OP_matmul ? 1 : aus_shape_count_range(out, 2, out->rank);
  aus_lrp_room room = { base, 0, false };
  p->fold = aus_lrp_take(&room, aus_lrp_fold_floats(n));
  p->x = aus_lrp_take(&room, p->n_x);
  p->back = aus_lrp_take(&room, p->n_x);
  p->w = aus_lrp_take(&room, p->n_w);
  p->b = aus_lrp_take(&room, p->channels);
  p->total_b = aus_lrp_take(&room, p->channels);
  p->z = aus_lrp_take(&room, p->n_z);
  p->part = aus_lrp_take(&room, p->n_z);
  p->s = aus_lrp_take(&room, p->n_z);
  if (n->pad) {
    p->mask = aus_lrp_take(&room, p->n_x);
    p->mask_src = aus_lrp_take(&room, aus_lrp_count(&n->pad->call.in[0]));
  }
  p->op = aus_lrp_take_bytes(&room, n->pad ? larger(op_scratch(p), pad_scratch(p)) : op_scratch(p));
  return aus_lrp_total(&room);
}

/* ---- modified operands --------------------------------------------------------------------------------------------------- */

static float changed(change how, float v, float gamma)
{
  switch (how) {
  case POSITIVE: return v > 0 ? v : 0;
  case NEGATIVE: return v < 0 ? v : 0;
  case SQUARE: return v * v;
  case ONE: return 1;
  case MORE_POSITIVE: return v > 0 ? v + gamma * v : v;
  case MORE_NEGATIVE: return v < 0 ? v + gamma * v : v;
  default: return v;
  }
}

typedef struct modify { change how; const float *from; float *to, gamma; } modify;

static void modify_block(void *arg, int64_t begin, int64_t end, int worker)
{
  const modify *m = arg;
  (void)worker;
  for (int64_t i = begin; i < end; i++) m->to[i] = changed(m->how, m->from[i], m->gamma);
}

static const float *with(const place *p, change how, int64_t n, const float *from, float *to)
{
  enum { BLOCK = 16384 };
  if (how == AS_IS) return from;
  modify m = { how, from, to, (float)p->node->spec.p[0] };
  aus_parallel_for(p->visit->call->ctx, n, BLOCK, modify_block, &m);
  return to;
}

/* Padding gets nothing, whether the layer puts it in itself or a node before it does. */
static const float *without_padding(const place *p, float *x)
{
  if (p->node->pad) aus_lrp_multiply(p->visit->call->ctx, p->n_x, x, p->mask, x);
  return x;
}

static void make_mask(const place *p)
{
  pad_twin t;
  make_pad_twin(p, &t);
  for (int64_t i = 0; i < aus_lrp_count(&t.in); i++) p->mask_src[i] = 1;
  p->node->pad->op->impl->forward(&t.call);
}

/* Ones; bounds of the box, per element of an item or one number. */
static const float *made_up(const place *p, change how)
{
  const aus_lrp *lrp = p->node->lrp;
  const float *each = how == LOW ? lrp->low : how == HIGH ? lrp->high : NULL;
  const float all = how == ONE ? 1 : (float)p->node->spec.p[how == HIGH];
  for (int64_t i = 0; i < p->n_x; i++) p->x[i] = each ? each[i % lrp->n_box] : all;
  return without_padding(p, p->x);
}

static const float *input_of(const place *p, const term *t)
{
  if (t->x == LOW || t->x == HIGH || t->x == ONE) return made_up(p, t->x);
  if (t->x == POSITIVE && p->not_negative) return p->in;
  return with(p, t->x, p->n_x, p->in, p->x);
}

static const float *weights_of(const place *p, const term *t)
{
  if (p->node->spec.no_weights) { memset(p->w, 0, (size_t)p->n_w * sizeof *p->w); return p->w; }
  return with(p, t->w, p->n_w, p->weights, p->w);
}

/* Into p->b; NULL: none. total_b collects it. */
static const float *bias_of(const place *p, const term *t)
{
  const aus_lrp_spec *s = &p->node->spec;
  if (!p->bias || t->b == NONE || s->no_bias) return NULL;
  for (int64_t i = 0; i < p->channels; i++) {
    p->b[i] = changed(s->plain_bias ? AS_IS : t->b, p->bias[i], (float)s->p[0]);
    p->total_b[i] += t->sign * p->b[i];
  }
  return p->b;
}

static bool is_empty(const place *p, const term *t) { return t->x == NEGATIVE && p->not_negative; }

static const float *output_of(const aus_lrp_node *n) { return n->n_tail ? n->tail[n->n_tail - 1]->call.out[0].data : call_of(n)->out[0].data; }

/* ---- a branch -------------------------------------------------------------------------------------------------------------- */

/* z = the sum of its terms. A single unchanged term is what forward has left already. */
static const float *denominators(const place *p, const branch *b)
{
  const aus_call *c = call_of(p->node);
  const aus_lrp_spec *s = &p->node->spec;
  memset(p->total_b, 0, (size_t)p->channels * sizeof *p->total_b);
  if (b->n == 1 && b->t[0].x == AS_IS && b->t[0].w == AS_IS && !s->no_bias && !s->no_weights) {
    bias_of(p, &b->t[0]);
    return output_of(p->node);
  }
  for (int i = 0; i < b->n; i++) {
    const term *t = &b->t[i];
    if (is_empty(p, t)) continue;
    forward(p, input_of(p, t), weights_of(p, t), bias_of(p, t), i ? p->part : p->z);
    if (t->sign < 0) aus_lrp_scale(c->ctx, p->n_z, i ? p->part : p->z, -1, i ? p->part : p->z);
    for (int64_t at = 0; i && at < p->n_z; at += 1 << 20) {
      const int64_t n = p->n_z - at < 1 << 20 ? p->n_z - at : 1 << 20;
      c->ctx->kernels->vec.add(n, p->z + at, p->part + at, p->z + at);
    }
  }
  return p->z;
}

/* sum over units of s times the bias of its channel */
static double bias_share(const place *p)
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
static void spread_bias(const place *p, const float *r, const float *z, float *out)
{
  const double factor = p->node->spec.bias_factor;
  const float *ones = made_up(p, ONE), *weights = with(p, ONE, p->n_w, p->weights, p->w);
  forward(p, ones, weights, NULL, p->part);
  for (int64_t i = 0; i < p->n_z; i++) {
    const double b = p->total_b[i / p->inner % p->channels], left = factor * ((double)r[i] - ((double)z[i] - b) * (double)p->s[i]);
    p->s[i] = p->part[i] > 0 ? (float)(left / (double)p->part[i]) : 0;
  }
  backward(p, ones, weights, p->s, p->back);
  aus_lrp_add_product(p->visit->call->ctx, p->n_x, 1, ones, p->back, out);
}

/* Adds the branch to out; returns sum s z, what the terms and the bias got of it. */
static double run_branch(const place *p, const branch *b, const float *r, float *out, aus_lrp_entry *books)
{
  aus_ctx *ctx = p->visit->call->ctx;
  const float *z = denominators(p, b);
  const aus_lrp_divide d = { &p->node->spec, r, z, b->mask ? output_of(p->node) : NULL, b->weight, 1, b->mask };
  aus_lrp_divide_run(ctx, &d, aus_lrp_items(&call_of(p->node)->out[0]), p->n_z, p->s);
  books->bias += (1 - p->node->spec.bias_factor) * bias_share(p);
  const double given = aus_lrp_dot(ctx, p->n_z, p->s, z);
  for (int i = 0; i < b->n; i++) {
    const term *t = &b->t[i];
    if (is_empty(p, t)) continue;
    const float *x = input_of(p, t);
    backward(p, x, weights_of(p, t), p->s, p->back);
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
  place p;
  if (!out) return;
  memset(out, 0, (size_t)aus_lrp_count(&v->call->in[n->data]) * sizeof *out);
  if (!r) return;
  lay_out(n, v, v->scratch, &p);
  aus_lrp_fold(n, p.fold, &p.weights, &p.bias);
  if (n->head) p.in = n->head->call.in[0].data;
  if (n->pad) make_mask(&p);
  p.not_negative = ctx->kernels->vec.min_of(p.n_x, p.in) >= 0;
  const recipe how = recipe_of(&n->spec);
  double given = 0;
  for (int i = 0; i < how.n; i++) given += run_branch(&p, &how.b[i], r, out, &n->entry);
  n->entry.stabiliser = (1 - n->spec.bias_factor) * (aus_lrp_sum(ctx, p.n_z, r) - given);
}

static size_t scratch_size(const aus_rule *rule, const aus_visit *v)
{
  place p;
  return lay_out(aus_lrp_node_of(rule), v, NULL, &p);
}

void aus_lrp_attach_linear(aus_lrp_node *n)
{
  n->apply = apply;
  n->rule.scratch_size = scratch_size;
}
