/* deeplift_rules.c - DeepLIFT's multipliers node by node [Shrikumar17].
 *
 * A walk carries m = (change of the score) / (change of a value), x against the reference r, instead of a gradient:
 *
 *   y = f(x), one number from one     m_x = m_y (f(x) - f(r)) / (x - r); the gradient where x = r           Rescale
 *   y = a b, also of matrices          m_a = m_y (b + b_r) / 2, m_b likewise: the op's own backward on averaged operands
 *   y = a / b                          m_a = m_y (1/b + 1/b_r) / 2, m_b = -m_y (a + a_r) / 2 / (b b_r)
 *   y = max(x)                         cross maximum c = max(y, y_r): m (c - y_r) at x's winner, m (y - c) at the reference's
 *   softmax, normalisations            put together from these (deeplift_norm.c)
 *
 * and the op's own backward for all that is linear. Each keeps sum m dx = m dy exactly.
 *
 * With RevealCancel there are two lanes, for the positive and the negative part of a change. A linear layer brings them
 * together: m = W+' m+ + W-' m- where its input rose, W-' m+ + W+' m- where it fell, W' (m+ + m-)/2 where it stayed. */
#include "attrib/deeplift.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

bool deeplift_twin_of(const aus_call *call, deeplift_twin *t)
{
  if (call->n_in > 8 || call->n_out > 1) return false;
  t->call = *call;
  memcpy(t->in, call->in, (size_t)call->n_in * sizeof *t->in);
  t->out[0] = call->out[0];
  t->call.in = t->in;
  t->call.out = t->out;
  t->call.prepared = NULL;
  return true;
}

static int64_t count(const aus_operand *o) { return aus_shape_count(&o->shape); }
static size_t aligned(size_t bytes) { return (bytes + AUS_ALIGN - 1) / AUS_ALIGN * AUS_ALIGN; }
static size_t floats(int64_t n) { return aligned((size_t)n * sizeof(float)); }

/* The op's own backward of one lane on any call. */
static void own(const aus_visit *v, int32_t lane, const aus_call *call, const float *const *dst, float *const *src)
{
  const aus_back back = { call, dst ? dst : v->diff_dst + lane * v->call->n_out, src ? src : v->diff_src + lane * v->call->n_in, v->scratch };
  v->step->op->impl->backward(&back);
}

/* Buffers lie behind what the op's own backward needs. */
static float *behind(const aus_visit *v) { return (float *)(void *)((unsigned char *)v->scratch + aligned(aus_walk_own_scratch(v))); }

/* ---- one number from one ---------------------------------------------------------------------------- */

static void rescale(const aus_rule *rule, const aus_visit *v)
{
  const int64_t n = count(&v->call->in[0]);
  const float *x = v->call->in[0].data, *r = v->ref->in[0].data, *y = v->call->out[0].data, *s = v->ref->out[0].data;
  (void)rule;
  for (int32_t l = 0; l < v->lanes; l++) {
    const float *m = v->diff_dst[l * v->call->n_out];
    float *to = v->diff_src[l * v->call->n_in];
    own(v, l, v->call, NULL, NULL);
    for (int64_t i = 0; i < n; i++)
      if (deeplift_differs(x[i], r[i])) to[i] = m[i] * ((y[i] - s[i]) / (x[i] - r[i]));
  }
}

/* RevealCancel: what each part of the change came to was found before. */
static void reveal(const aus_rule *rule, const aus_visit *v)
{
  const deeplift *d = rule->user;
  const deeplift_parts *p = &d->parts[v->step - v->run->step];
  const int64_t n = count(&v->call->in[0]);
  for (int32_t l = 0; l < v->lanes; l++) {
    const float *m = v->diff_dst[l * v->call->n_out], *k = l ? p->negative : p->positive;
    float *to = v->diff_src[l * v->call->n_in];
    for (int64_t i = 0; i < n; i++) to[i] = m[i] * k[i];
  }
}

/* ---- linear ---------------------------------------------------------------------------------------------- */

static void part_of(int64_t n, const float *w, bool positive, float *to)
{
  for (int64_t i = 0; i < n; i++) to[i] = (w[i] > 0) == positive ? w[i] : 0;
}

/* c = W'm with the positive or negative weights; in[data] is the data operand, in[weights] the other. */
static void back_part(const aus_visit *v, int32_t lane, int32_t data, int32_t weights, bool positive, float *w, float *c)
{
  deeplift_twin t;
  float *src[8] = { NULL };
  deeplift_twin_of(v->call, &t);
  part_of(count(&v->call->in[weights]), v->call->in[weights].data, positive, w);
  t.in[weights].data = w;
  src[data] = c;
  own(v, lane, &t.call, NULL, src);
}

static int32_t data_operand(const aus_visit *v) { return v->diff_src[0] ? 0 : 1; }

static void linear(const aus_rule *rule, const aus_visit *v)
{
  const int32_t data = data_operand(v), weights = 1 - data, in = v->call->n_in;
  const int64_t n = count(&v->call->in[data]);
  float *w = behind(v), *c = w + floats(count(&v->call->in[weights])) / sizeof(float), *k = c + floats(n) / sizeof(float);
  float *rose = v->diff_src[data], *fell = v->diff_src[in + data];
  const float *x = v->call->in[data].data, *r = v->ref->in[data].data;
  (void)rule;
  back_part(v, 0, data, weights, true, w, rose);
  back_part(v, 1, data, weights, false, w, c);
  back_part(v, 0, data, weights, false, w, fell);
  back_part(v, 1, data, weights, true, w, k);
  for (int64_t i = 0; i < n; i++) {
    const float up = rose[i] + c[i], down = fell[i] + k[i];
    rose[i] = fell[i] = x[i] > r[i] ? up : x[i] < r[i] ? down : 0.5f * (up + down);
  }
}

static size_t linear_scratch(const aus_rule *rule, const aus_visit *v)
{
  const int32_t data = data_operand(v);
  (void)rule;
  return aligned(aus_walk_own_scratch(v)) + floats(count(&v->call->in[1 - data])) + 2 * floats(count(&v->call->in[data]));
}

/* y = -x, and what is taken away: the lanes change places. */
static void swap_lanes(const aus_visit *v, int32_t operand)
{
  float *a = v->diff_src[operand], *b = v->lanes > 1 ? v->diff_src[v->call->n_in + operand] : NULL;
  for (int64_t i = 0; a && b && i < count(&v->call->in[operand]); i++) {
    const float s = a[i];
    a[i] = b[i];
    b[i] = s;
  }
}

static void negate(const aus_rule *rule, const aus_visit *v)
{
  (void)rule;
  aus_walk_own_backward(v);
  swap_lanes(v, v->call->op == AUS_OP_sub ? 1 : 0);
}

/* Own backward; lanes change places where the change turns its sign: dy = k dx, k < 0. */
static void scale(const aus_rule *rule, const aus_visit *v)
{
  const aus_call *c = v->call, *f = v->ref;
  const int64_t n = count(&c->in[0]);
  (void)rule;
  aus_walk_own_backward(v);
  if (v->lanes < 2 || n != count(&c->out[0])) return;
  for (int64_t i = 0; i < n; i++) {
    const double dx = (double)c->in[0].data[i] - (double)f->in[0].data[i], dy = (double)c->out[0].data[i] - (double)f->out[0].data[i];
    if (dx * dy >= 0) continue;
    float *a = v->diff_src[0] + i, *b = v->diff_src[c->n_in] + i, s = *a;
    *a = *b;
    *b = s;
  }
}

/* ---- products -------------------------------------------------------------------------------------------------- */

static void mean_of(int64_t n, const float *a, const float *b, float *to)
{
  for (int64_t i = 0; i < n; i++) to[i] = 0.5f * (a[i] + b[i]);
}

static void product(const aus_rule *rule, const aus_visit *v)
{
  deeplift_twin t;
  float *at = behind(v);
  (void)rule;
  deeplift_twin_of(v->call, &t);
  for (int32_t k = 0; k < 2; k++) {
    const int64_t n = count(&v->call->in[k]);
    if (!v->call->in[k].data || v->call->in[k].data == v->ref->in[k].data) continue; /* a parameter */
    mean_of(n, v->call->in[k].data, v->ref->in[k].data, at);
    t.in[k].data = at;
    at += floats(n) / sizeof(float);
  }
  for (int32_t l = 0; l < v->lanes; l++) own(v, l, &t.call, NULL, NULL);
}

static size_t product_scratch(const aus_rule *rule, const aus_visit *v)
{
  (void)rule;
  return aligned(aus_walk_own_scratch(v)) + floats(count(&v->call->in[0])) + (v->call->n_in > 1 ? floats(count(&v->call->in[1])) : 0);
}

/* The reciprocal's mean for a; for b own backward gives -m a'/b'^2, so a' = +-(a + a_r)/2 and b' = sqrt |b b_r|. */
static void quotient(const aus_rule *rule, const aus_visit *v)
{
  const aus_operand *a = &v->call->in[0], *b = &v->call->in[1], *ar = &v->ref->in[0], *br = &v->ref->in[1];
  float *mean = behind(v), *below = mean + floats(count(&v->call->out[0])) / sizeof(float);
  (void)rule;
  for (int32_t l = 0; l < v->lanes; l++)
    for (int32_t k = 0; k < 2; k++) {
      deeplift_twin t;
      float *src[2] = { k ? NULL : v->diff_src[l * v->call->n_in], k ? v->diff_src[l * v->call->n_in + 1] : NULL };
      if (!src[k]) continue;
      deeplift_twin_of(v->call, &t);
      for (int64_t i = 0; i < count(b); i++) below[i] = k ? sqrtf(fabsf(b->data[i] * br->data[i])) : 2 / (1 / b->data[i] + 1 / br->data[i]);
      mean_of(count(a), a->data, ar->data, mean);
      t.in[0].data = mean;
      t.in[1].data = below;
      own(v, l, &t.call, NULL, src);
    }
}

static size_t quotient_scratch(const aus_rule *rule, const aus_visit *v)
{
  (void)rule;
  return aligned(aus_walk_own_scratch(v)) + 2 * floats(count(&v->call->out[0]));
}

/* ---- maxima and minima -------------------------------------------------------------------------------------------- */

/* dst[i] = m[i] times the part of the change that belongs to x's winner (of_x) or to the reference's. */
static void cross(const aus_visit *v, const float *m, bool of_x, float *dst)
{
  const float *y = v->call->out[0].data, *s = v->ref->out[0].data;
  const bool least = v->call->op == AUS_OP_min || v->call->op == AUS_OP_reduce_min;
  for (int64_t i = 0; i < count(&v->call->out[0]); i++) dst[i] = (least ? y[i] < s[i] : y[i] > s[i]) == of_x ? m[i] * (y[i] - s[i]) : 0;
}

static void winner(const aus_rule *rule, const aus_visit *v)
{
  float *dst = behind(v), *won = dst + floats(count(&v->call->out[0])) / sizeof(float);
  const int32_t in = v->call->n_in;
  (void)rule;
  for (int32_t l = 0; l < v->lanes; l++) {
    float *part[2] = { NULL, NULL }, *lost[2] = { NULL, NULL }, *at = won;
    const float *const use = dst;
    for (int32_t k = 0; k < in && k < 2; k++)
      if (v->diff_src[l * in + k]) {
        part[k] = at, at += floats(count(&v->call->in[k])) / sizeof(float);
        lost[k] = at, at += floats(count(&v->call->in[k])) / sizeof(float);
      }
    cross(v, v->diff_dst[l * v->call->n_out], true, dst);
    own(v, l, v->call, &use, part);
    cross(v, v->diff_dst[l * v->call->n_out], false, dst);
    own(v, l, v->ref, &use, lost);
    own(v, l, v->call, NULL, NULL); /* the gradient, where nothing changed */
    for (int32_t k = 0; k < in && k < 2; k++)
      for (int64_t i = 0; part[k] && i < count(&v->call->in[k]); i++) {
        const float x = v->call->in[k].data[i], r = v->ref->in[k].data[i], c = part[k][i] + lost[k][i];
        if (c != 0 ? x != r : deeplift_differs(x, r)) v->diff_src[l * in + k][i] = c / (x - r);
      }
  }
}

static size_t winner_scratch(const aus_rule *rule, const aus_visit *v)
{
  size_t n = aligned(aus_walk_own_scratch(v)) + floats(count(&v->call->out[0]));
  (void)rule;
  for (int32_t k = 0; k < v->call->n_in && k < 2; k++) n += 2 * floats(count(&v->call->in[k]));
  return n;
}

/* ---- which rule ----------------------------------------------------------------------------------------------------- */

enum { RULE_RESCALE, RULE_REVEAL, RULE_LINEAR, RULE_NEGATE, RULE_SCALE, RULE_PRODUCT, RULE_QUOTIENT, RULE_WINNER, RULE_SOFTMAX, RULE_NORM, RULE_RECURRENT, RULE_ATTENTION };

static size_t own_scratch(const aus_rule *rule, const aus_visit *v)
{
  (void)rule;
  return aus_walk_own_scratch(v);
}

void deeplift_make_rules(deeplift *d)
{
  const aus_rule rules[] = {
    [RULE_RESCALE] = { .name = "rescale", .apply = rescale, .scratch_size = own_scratch },
    [RULE_REVEAL] = { .name = "reveal-cancel", .apply = reveal },
    [RULE_LINEAR] = { .name = "linear", .apply = linear, .scratch_size = linear_scratch },
    [RULE_NEGATE] = { .name = "negate", .apply = negate, .scratch_size = own_scratch },
    [RULE_SCALE] = { .name = "scale", .apply = scale, .scratch_size = own_scratch },
    [RULE_PRODUCT] = { .name = "product", .apply = product, .scratch_size = product_scratch },
    [RULE_QUOTIENT] = { .name = "quotient", .apply = quotient, .scratch_size = quotient_scratch },
    [RULE_WINNER] = { .name = "cross maximum", .apply = winner, .scratch_size = winner_scratch },
    [RULE_SOFTMAX] = { .name = "softmax", .apply = deeplift_softmax, .scratch_size = deeplift_norm_scratch },
    [RULE_NORM] = { .name = "normalisation", .apply = deeplift_layer_norm, .scratch_size = deeplift_norm_scratch },
    [RULE_RECURRENT] = { .name = "recurrent", .apply = deeplift_recurrent, .scratch_size = deeplift_recurrent_scratch },
    [RULE_ATTENTION] = { .name = "attention", .apply = deeplift_attention, .scratch_size = deeplift_attention_scratch },
  };
  for (size_t i = 0; i < sizeof rules / sizeof *rules; i++) {
    d->rule[i] = rules[i];
    d->rule[i].user = d;
  }
}

static bool is_parameter(const aus_run *run, const aus_step *s, int32_t k)
{
  return k >= s->call.n_in || s->in_value[k] == AUS_NO_VALUE || run->slot[s->in_value[k]].constant;
}

/* Ops whose own backward is right for any change: linear ones that keep signs, and moves. */
static bool is_move(int32_t op)
{
  static const int32_t moves[] = { AUS_OP_avg_pool, AUS_OP_adaptive_avg_pool, AUS_OP_add, AUS_OP_reduce_sum, AUS_OP_reduce_mean, AUS_OP_concat, AUS_OP_slice, AUS_OP_reshape,
                                   AUS_OP_transpose, AUS_OP_pad, AUS_OP_expand, AUS_OP_tile, AUS_OP_gather, AUS_OP_cumsum, AUS_OP_resize, AUS_OP_depth_to_space,
                                   AUS_OP_space_to_depth, AUS_OP_identity, AUS_OP_dropout, AUS_OP_scatter_rows, AUS_OP_where };
  for (size_t i = 0; i < sizeof moves / sizeof *moves; i++)
    if (moves[i] == op) return true;
  return false;
}

static const aus_rule *of_product(deeplift *d, const aus_run *run, const aus_step *s)
{
  const bool a = is_parameter(run, s, 0), b = is_parameter(run, s, 1);
  if (!a && !b) return &d->rule[RULE_PRODUCT];
  if (s->call.op == AUS_OP_mul || d->lanes < 2) return d->lanes < 2 || a ? NULL : &d->rule[RULE_SCALE];
  return &d->rule[RULE_LINEAR];
}

const aus_rule *deeplift_rule_of(void *user, const aus_run *run, const aus_step *s)
{
  deeplift *d = user;
  const int32_t op = s->call.op;
  if (is_move(op)) return NULL;
  if (op >= AUS_OP_relu && op <= AUS_OP_prelu && op != AUS_OP_neg)
    return d->mode == DEEPLIFT_GRADIENT ? NULL : &d->rule[deeplift_reveals(d, run, s) ? RULE_REVEAL : RULE_RESCALE];
  switch (op) {
  case AUS_OP_conv: case AUS_OP_conv_transpose: case AUS_OP_linear: case AUS_OP_matmul: case AUS_OP_mul: return of_product(d, run, s);
  case AUS_OP_batch_norm: return d->lanes < 2 ? NULL : &d->rule[RULE_SCALE];
  case AUS_OP_neg: case AUS_OP_sub: return d->lanes < 2 ? NULL : &d->rule[RULE_NEGATE];
  case AUS_OP_div: return is_parameter(run, s, 1) ? (d->lanes < 2 ? NULL : &d->rule[RULE_SCALE]) : &d->rule[RULE_QUOTIENT];
  case AUS_OP_pow: if (is_parameter(run, s, 1) && aus_shape_equal(&s->call.in[0].shape, &s->call.out[0].shape)) return &d->rule[RULE_RESCALE]; break;
  case AUS_OP_reduce_sum_square: return &d->rule[RULE_PRODUCT]; /* x x: the gradient at the mean of x and r */
  case AUS_OP_max_pool: case AUS_OP_adaptive_max_pool: case AUS_OP_reduce_max: case AUS_OP_reduce_min: case AUS_OP_max: case AUS_OP_min:
    return d->max_gradient ? NULL : &d->rule[RULE_WINNER];
  case AUS_OP_softmax: case AUS_OP_log_softmax: return &d->rule[RULE_SOFTMAX];
  case AUS_OP_layer_norm: case AUS_OP_instance_norm: case AUS_OP_group_norm: return &d->rule[RULE_NORM];
  case AUS_OP_lstm: case AUS_OP_gru: case AUS_OP_rnn: return d->mode == DEEPLIFT_GRADIENT ? NULL : &d->rule[RULE_RECURRENT];
  case AUS_OP_attention: return d->mode == DEEPLIFT_GRADIENT ? NULL : &d->rule[RULE_ATTENTION];
  default: break;
  }
  if (d->refused < 0) {
    d->refused = s->node;
    snprintf(d->refused_op, sizeof d->refused_op, "%s", s->op->name);
  }
  return NULL;
}
