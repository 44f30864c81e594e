/* lrp_operands.c - the op of a linear node called again: folded, positive, squared, made of ones (lrp_operands.h).
 *
 * The calls are copies of the node's with other data and nothing prepared; the bundle is only read. Padding gets nothing, whether
 * the layer puts zeros in itself or a pad node before it does: there ones and the bounds of a box are 0. */
#include "attrib/lrp_operands.h"
#include "simd/kernels.h"

#include <string.h>

/* ---- the node's call, again -------------------------------------------------------------------------------------- */

static const aus_call *call_of(const aus_lrp_node *n) { return &n->step->call; }

/* The node's call on other operands. matmul has no bias; its is added by hand. */
typedef struct twin { aus_call call; aus_operand in[3], out[1]; } twin;

static void make_twin(const aus_lrp_place *p, const float *x, const float *w, const float *b, float *z, twin *t)
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

static void add_rows(const aus_lrp_place *p, const float *b, float *z)
{
  for (int64_t i = 0; i < p->n_z; i += p->channels) p->visit->call->ctx->kernels->vec.add(p->channels, z + i, b, z + i);
}

void aus_lrp_forward(const aus_lrp_place *p, const float *x, const float *w, const float *b, float *z)
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
void aus_lrp_backward(const aus_lrp_place *p, const float *x, const float *w, const float *s, float *back)
{
  twin t;
  way on;
  make_twin(p, x, w, NULL, p->z, &t);
  make_way(&t, p->node->data, s, back, p->op, &on);
  p->node->step->op->impl->backward(&on.back);
}

static size_t op_scratch(const aus_lrp_place *p)
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

static void make_pad_twin(const aus_lrp_place *p, pad_twin *t)
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

static size_t pad_scratch(const aus_lrp_place *p)
{
  pad_twin t;
  make_pad_twin(p, &t);
  const aus_op_impl *impl = p->node->pad->op->impl;
  return impl->scratch_size ? impl->scratch_size(&t.call) : 0;
}

static size_t larger(size_t a, size_t b) { return a > b ? a : b; }

size_t aus_lrp_place_lay_out(const aus_lrp_node *n, const aus_visit *v, void *base, aus_lrp_place *p)
{
  const aus_call *c = call_of(n);
  *p = (aus_lrp_place){ .node = n, .visit = v, .n_x = aus_lrp_count(&c->in[n->data]), .n_w = aus_lrp_count(&c->in[n->weights]), .n_z = aus_lrp_count(&c->out[0]),
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

static float changed(aus_lrp_change how, float v, float gamma)
{
  switch (how) {
  case AUS_LRP_POSITIVE: return v > 0 ? v : 0;
  case AUS_LRP_NEGATIVE: return v < 0 ? v : 0;
  case AUS_LRP_SQUARE: return v * v;
  case AUS_LRP_ONES: return 1;
  case AUS_LRP_MORE_POSITIVE: return v > 0 ? v + gamma * v : v;
  case AUS_LRP_MORE_NEGATIVE: return v < 0 ? v + gamma * v : v;
  default: return v;
  }
}

typedef struct modify { aus_lrp_change how; const float *from; float *to, gamma; } modify;

static void modify_block(void *arg, int64_t begin, int64_t end, int worker)
{
  const modify *m = arg;
  (void)worker;
  for (int64_t i = begin; i < end; i++) m->to[i] = changed(m->how, m->from[i], m->gamma);
}

static const float *with(const aus_lrp_place *p, aus_lrp_change how, int64_t n, const float *from, float *to)
{
  enum { BLOCK = 16384 };
  if (how == AUS_LRP_AS_IS) return from;
  modify m = { how, from, to, (float)p->node->spec.p[0] };
  aus_parallel_for(p->visit->call->ctx, n, BLOCK, modify_block, &m);
  return to;
}

/* Padding gets nothing, whether the layer puts it in itself or a node before it does. */
static const float *without_padding(const aus_lrp_place *p, float *x)
{
  if (p->node->pad) aus_lrp_multiply(p->visit->call->ctx, p->n_x, x, p->mask, x);
  return x;
}

static void make_mask(const aus_lrp_place *p)
{
  pad_twin t;
  make_pad_twin(p, &t);
  for (int64_t i = 0; i < aus_lrp_count(&t.in); i++) p->mask_src[i] = 1;
  p->node->pad->op->impl->forward(&t.call);
}

/* Ones; bounds of the box, per element of an item or one number. */
static const float *made_up(const aus_lrp_place *p, aus_lrp_change how)
{
  const aus_lrp *lrp = p->node->lrp;
  const float *each = how == AUS_LRP_LOW ? lrp->low : how == AUS_LRP_HIGH ? lrp->high : NULL;
  const float all = how == AUS_LRP_ONES ? 1 : (float)p->node->spec.p[how == AUS_LRP_HIGH];
  for (int64_t i = 0; i < p->n_x; i++) p->x[i] = each ? each[i % lrp->n_box] : all;
  return without_padding(p, p->x);
}

const float *aus_lrp_input_of(const aus_lrp_place *p, const aus_lrp_term *t)
{
  if (t->x == AUS_LRP_LOW || t->x == AUS_LRP_HIGH || t->x == AUS_LRP_ONES) return made_up(p, t->x);
  if (t->x == AUS_LRP_POSITIVE && p->not_negative) return p->in;
  return with(p, t->x, p->n_x, p->in, p->x);
}

const float *aus_lrp_weights_of(const aus_lrp_place *p, const aus_lrp_term *t)
{
  if (p->node->spec.no_weights) { memset(p->w, 0, (size_t)p->n_w * sizeof *p->w); return p->w; }
  return with(p, t->w, p->n_w, p->weights, p->w);
}

/* Into p->b; NULL: none. total_b collects it. */
const float *aus_lrp_bias_of(const aus_lrp_place *p, const aus_lrp_term *t)
{
  const aus_lrp_spec *s = &p->node->spec;
  if (!p->bias || t->b == AUS_LRP_NONE || s->no_bias) return NULL;
  for (int64_t i = 0; i < p->channels; i++) {
    p->b[i] = changed(s->plain_bias ? AUS_LRP_AS_IS : t->b, p->bias[i], (float)s->p[0]);
    p->total_b[i] += t->sign * p->b[i];
  }
  return p->b;
}

void aus_lrp_place_fill(aus_lrp_place *p)
{
  const aus_lrp_node *n = p->node;
  aus_lrp_fold(n, p->fold, &p->weights, &p->bias);
  if (n->head) p->in = n->head->call.in[0].data;
  if (n->pad) make_mask(p);
  p->not_negative = p->visit->call->ctx->kernels->vec.min_of(p->n_x, p->in) >= 0;
}
