/* lrp_pieces.c - what all rules are made of: scratch in parts, the division R / stab(z), sums in a fixed order. */
#include "attrib/lrp_node.h"
#include "simd/kernels.h"

#include <math.h>

enum { BLOCK = 16384 };

void *aus_lrp_take_bytes(aus_lrp_room *room, size_t bytes)
{
  size_t padded, next;
  if (bytes == SIZE_MAX || !aus_add_size(bytes, AUS_ALIGN - 1, &padded)) { room->over = true; return NULL; }
  padded = padded / AUS_ALIGN * AUS_ALIGN;
  if (!aus_add_size(room->used, padded, &next)) { room->over = true; return NULL; }
  void *at = room->base && bytes ? room->base + room->used : NULL;
  room->used = next;
  return at;
}

float *aus_lrp_take(aus_lrp_room *room, int64_t floats)
{
  size_t bytes = 0;
  if (floats < 0 || !aus_mul_size((size_t)floats, sizeof(float), &bytes)) { room->over = true; return NULL; }
  return aus_lrp_take_bytes(room, bytes);
}

size_t aus_lrp_total(const aus_lrp_room *room) { return room->over ? SIZE_MAX : room->used; }

/* ---- the division ------------------------------------------------------------------------------------------- */

double aus_lrp_stabilise(aus_lrp_stab stab, double eps, double z)
{
  switch (stab) {
  case AUS_LRP_SAFE: return z == 0 ? 0 : z < 0 ? z - eps : z + eps;
  case AUS_LRP_UNSIGNED: return z + eps;
  case AUS_LRP_CLIP: return z < 0 ? (z < -eps ? z : -eps) : z > eps ? z : eps;
  default: return z < 0 ? z - eps : z + eps;
  }
}

typedef struct division { const aus_lrp_divide *d; double eps; int64_t from; float *s; } division;

static void divide_block(void *arg, int64_t begin, int64_t end, int worker)
{
  const division *j = arg;
  const aus_lrp_divide *d = j->d;
  (void)worker;
  for (int64_t i = j->from + begin; i < j->from + end; i++) {
    const double below = aus_lrp_stabilise(d->spec->stab, j->eps, d->factor * (double)d->z[i]);
    const bool off = below == 0 || (d->mask > 0 && !(d->y[i] > 0)) || (d->mask < 0 && !(d->y[i] < 0));
    j->s[i] = off ? 0 : (float)(d->weight * (double)d->r[i] / below);
  }
}

void aus_lrp_divide_run(aus_ctx *ctx, const aus_lrp_divide *d, int64_t items, int64_t n, float *s)
{
  division j = { d, d->spec->eps, 0, s };
  if (!d->spec->norm_scale) { aus_parallel_for(ctx, n, BLOCK, divide_block, &j); return; }
  const int64_t each = n / items;
  for (int64_t i = 0; i < items; i++) {
    j.from = i * each;
    j.eps = d->spec->eps * fabs(d->factor) * sqrt(ctx->kernels->vec.sum_square(each, d->z + j.from, 0) / (double)each);
    aus_parallel_for(ctx, each, BLOCK, divide_block, &j);
  }
}

/* ---- elementwise ------------------------------------------------------------------------------------------------ */

typedef struct pair { const struct aus_vec_kernels *vec; const float *a, *b; float *dst, k; } pair;

static void multiply_block(void *arg, int64_t begin, int64_t end, int worker)
{
  const pair *p = arg;
  (void)worker;
  p->vec->mul(end - begin, p->a + begin, p->b + begin, p->dst + begin);
}

void aus_lrp_multiply(aus_ctx *ctx, int64_t n, const float *a, const float *b, float *dst)
{
  pair p = { &ctx->kernels->vec, a, b, dst, 1 };
  aus_parallel_for(ctx, n, BLOCK, multiply_block, &p);
}

static void add_product_block(void *arg, int64_t begin, int64_t end, int worker)
{
  const pair *p = arg;
  (void)worker;
  for (int64_t i = begin; i < end; i++) p->dst[i] += p->k * p->a[i] * p->b[i];
}

void aus_lrp_add_product(aus_ctx *ctx, int64_t n, float sign, const float *a, const float *b, float *dst)
{
  pair p = { &ctx->kernels->vec, a, b, dst, sign };
  aus_parallel_for(ctx, n, BLOCK, add_product_block, &p);
}

static void scale_block(void *arg, int64_t begin, int64_t end, int worker)
{
  const pair *p = arg;
  (void)worker;
  p->vec->mul_s(end - begin, p->a + begin, p->k, p->dst + begin);
}

void aus_lrp_scale(aus_ctx *ctx, int64_t n, const float *a, float k, float *dst)
{
  pair p = { &ctx->kernels->vec, a, NULL, dst, k };
  aus_parallel_for(ctx, n, BLOCK, scale_block, &p);
}

double aus_lrp_dot(aus_ctx *ctx, int64_t n, const float *a, const float *b) { return ctx->kernels->vec.dot(n, a, b); }
double aus_lrp_sum(aus_ctx *ctx, int64_t n, const float *a) { return ctx->kernels->vec.sum(n, a); }

/* ---- relevance handed on ------------------------------------------------------------------------------------------- */

/* Where an operand was broadcast, its copies' relevance is summed: that is the backward of add. */
static bool broadcast(const aus_visit *v, int32_t k) { return aus_lrp_count(&v->call->in[k]) != aus_lrp_count(&v->call->out[0]); }

typedef struct way { aus_call call; const float *dst[1]; float *src[3]; aus_back back; } way;

static const aus_op_impl *as_add(const aus_visit *v, int32_t k, const float *r, float *to, void *scratch, way *w)
{
  *w = (way){ .call = *v->call, .dst = { r } };
  w->call.op = AUS_OP_add;
  w->call.n_in = 2;
  w->src[k] = to;
  w->back = (aus_back){ &w->call, w->dst, w->src, scratch };
  return aus_op_by_code(AUS_OP_add)->impl;
}

size_t aus_lrp_hand_on_scratch(const aus_visit *v, int32_t k)
{
  static float somewhere;
  way w;
  if (v->call->n_in < 2 || !broadcast(v, k)) return 0;
  const aus_op_impl *add = as_add(v, k, &somewhere, &somewhere, NULL, &w);
  return add->backward_scratch ? add->backward_scratch(&w.back) : 0;
}

void aus_lrp_hand_on(const aus_visit *v, int32_t k, float share, const float *r)
{
  const int64_t n = aus_lrp_count(&v->call->in[k]);
  way w;
  if (v->call->n_in >= 2 && broadcast(v, k)) {
    as_add(v, k, r, v->diff_src[k], v->scratch, &w)->backward(&w.back);
    r = v->diff_src[k];
  }
  aus_lrp_scale(v->call->ctx, n, r, share, v->diff_src[k]);
}
