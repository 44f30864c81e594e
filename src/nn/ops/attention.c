/* attention.c - scaled dot-product attention over heads [Vaswani17, sec. 3.2].
 *
 *   dst = softmax(scale q k' + mask) v, per item and head; q [mb, tq, e], k [mb, tk, e], v [mb, tk, ev], heads split e evenly.
 *
 * One task is an item, a head and a share of its queries: k and v of the head are packed once, then a few dozen
 * queries at a time go through scores, softmax and the product with v while their rows are in cache. The scores
 * of all queries exist only when the op is asked for them (probs). Each row is computed whole, in the
 * order of the keys, so bits do not depend on threads. A scale of 0 stands for 1 / sqrt(e / heads).
 *
 * Back, with the probabilities p that forward kept: dp = diff_dst v' (+ diff_probs), ds = p (dp - sum_keys p dp),
 *   diff_q = scale ds k,  diff_k = scale ds' q,  diff_v = p' diff_dst,  diff_mask = ds summed where the mask repeats. */
#include "la/la.h"
#include "nn/ops/sweep.h"

#include <math.h>
#include <string.h>

enum { QUERY_PANELS = 4 }; /* register tiles of queries at a time */

typedef struct attention {
  const aus_call *call;
  const aus_kernels *kernels;
  int64_t mb, tq, tk, e, ev, heads, d, dv;
  float scale;
  int64_t mask_step[4];             /* of [mb, heads, tq, tk]; 0: repeated */
  int64_t queries, parts;           /* rows at a time; shares of the queries */
  int64_t k_floats, v_floats, area; /* scratch of one worker: k packed, v packed, scores */
} attention;

static int64_t round_up(int64_t n, int64_t to) { return (n + to - 1) / to * to; }

static aus_status read_mask(const aus_call *call, attention *a)
{
  const aus_shape *m = call->n_in > 3 ? &call->in[3].shape : NULL;
  const int64_t want[4] = { a->mb, a->heads, a->tq, a->tk };
  if (!m || (m->rank == 0 && !call->in[3].data)) return AUS_OK;
  if (m->rank > 4) return aus_fail(call->ctx, AUS_EFORMAT, "attention: a mask has at most 4 dimensions");
  int64_t step = 1;
  for (int32_t i = m->rank - 1, d = 3; i >= 0; i--, d--) {
    if (m->dim[i] != 1 && m->dim[i] != want[d])
      return aus_fail(call->ctx, AUS_EFORMAT, "attention: the mask does not broadcast to [%lld, %lld, %lld, %lld]", (long long)want[0],
                      (long long)want[1], (long long)want[2], (long long)want[3]);
    a->mask_step[d] = m->dim[i] == 1 ? 0 : step;
    step *= m->dim[i];
  }
  return AUS_OK;
}

static aus_status describe(const aus_call *call, attention *a)
{
  const aus_shape *q = &call->in[0].shape, *k = &call->in[1].shape, *v = &call->in[2].shape;
  *a = (attention){ .call = call, .kernels = call->ctx->kernels, .heads = call->attr[0].i };
  if (q->rank != 3 || k->rank != 3 || v->rank != 3 || k->dim[0] != q->dim[0] || v->dim[0] != q->dim[0] || k->dim[2] != q->dim[2] || v->dim[1] != k->dim[1])
    return aus_fail(call->ctx, AUS_EFORMAT, "attention: q, k and v must be [mb, tq, e], [mb, tk, e] and [mb, tk, ev]");
  a->mb = q->dim[0]; a->tq = q->dim[1]; a->tk = k->dim[1]; a->e = q->dim[2]; a->ev = v->dim[2];
  if (a->heads < 1 || a->e < 1 || a->ev < 1 || a->tk < 1 || a->e % a->heads || a->ev % a->heads)
    return aus_fail(call->ctx, AUS_EFORMAT, "attention: %lld and %lld features do not split into %lld heads", (long long)a->e, (long long)a->ev, (long long)a->heads);
  if (a->tk > 1 << 24 || a->e > 1 << 20 || a->ev > 1 << 20) return aus_fail(call->ctx, AUS_ELIMIT, "attention: more than 2^24 keys or 2^20 features");
  a->d = a->e / a->heads;
  a->dv = a->ev / a->heads;
  a->scale = call->attr[1].f == 0 ? (float)(1 / sqrt((double)a->d)) : call->attr[1].f;
  return read_mask(call, a);
}

static aus_status shape(aus_call *call)
{
  attention a;
  AUS_TRY(describe(call, &a));
  call->out[0].shape = (aus_shape){ 3, { a.mb, a.tq, a.ev } };
  if (call->n_out > 1) call->out[1].shape = (aus_shape){ 4, { a.mb, a.heads, a.tq, a.tk } };
  return AUS_OK;
}

static void plan(attention *a)
{
  const struct aus_gemm_kernels *g = &a->kernels->gemm;
  const int64_t threads = a->call->ctx->threads, sets = a->mb * a->heads;
  a->queries = QUERY_PANELS * g->mr;
  a->parts = sets >= 2 * threads || threads == 1 || sets < 1 ? 1 : (2 * threads + sets - 1) / sets;
  if (a->parts > (a->tq + a->queries - 1) / a->queries) a->parts = (a->tq + a->queries - 1) / a->queries;
  if (a->parts < 1) a->parts = 1;
  a->k_floats = round_up(round_up(a->tk, g->nr) * a->d, 16);
  a->v_floats = round_up(round_up(a->dv, g->nr) * a->tk, 16);
  a->area = a->k_floats + a->v_floats + round_up(a->queries * a->tk, 16);
}

static size_t scratch_size(const aus_call *call)
{
  attention a;
  size_t n;
  if (describe(call, &a) != AUS_OK) return SIZE_MAX;
  plan(&a);
  return aus_mul_size((size_t)a.area, (size_t)call->ctx->threads * sizeof(float), &n) ? n : SIZE_MAX;
}

/* c[m][n] = alpha a[m][k] b for rows of A as they lie and packed panels of B. */
static void product(const attention *t, int64_t m, int64_t n, int64_t k, float alpha, const float *a, int64_t lda, const float *b, float *c, int64_t ldc)
{
  const struct aus_gemm_kernels *g = &t->kernels->gemm;
  const struct aus_gemm_block block = { .m = m, .n = n, .k = k, .a = a, .a_step = g->mr * lda, .lda = lda, .h = g->mr, .b = b, .b_step = g->nr * k,
                                        .ldb = g->nr, .c = c, .ldc = ldc, .alpha = alpha };
  g->block(&block);
}

static void add_mask(const attention *a, int64_t item, int64_t head, int64_t query, float *row)
{
  if (a->call->n_in < 4 || !a->call->in[3].data) return;
  const float *m = a->call->in[3].data + item * a->mask_step[0] + head * a->mask_step[1] + query * a->mask_step[2];
  if (a->mask_step[3]) a->kernels->vec.add(a->tk, row, m, row);
  else a->kernels->vec.add_s(a->tk, row, *m, row);
}

static void softmax_row(const attention *a, float *row)
{
  const float most = a->kernels->vec.max_of(a->tk, row);
  const double sum = a->kernels->vec.exp_sum(a->tk, row, most, row);
  a->kernels->vec.mul_s(a->tk, row, (float)(1 / sum), row);
}

/* Queries [q0, q1) of one head. */
static void rows(const attention *a, int64_t item, int64_t head, int64_t q0, int64_t q1, const float *k, const float *v, float *scores)
{
  const aus_call *call = a->call;
  float *probs = call->n_out > 1 ? call->out[1].data : NULL;
  const int64_t at = ((item * a->heads + head) * a->tq + q0) * a->tk;
  if (call->saved) scores = (float *)call->saved + at;
  else if (probs) scores = probs + at;
  product(a, q1 - q0, a->tk, a->d, a->scale, call->in[0].data + (item * a->tq + q0) * a->e + head * a->d, a->e, k, scores, a->tk);
  for (int64_t q = q0; q < q1; q++) {
    add_mask(a, item, head, q, scores + (q - q0) * a->tk);
    softmax_row(a, scores + (q - q0) * a->tk);
  }
  if (call->saved && probs) memcpy(probs + at, scores, (size_t)((q1 - q0) * a->tk) * sizeof *probs);
  if (call->out[0].data)
    product(a, q1 - q0, a->dv, a->tk, 1.0f, scores, a->tk, v, call->out[0].data + (item * a->tq + q0) * a->ev + head * a->dv, a->ev);
}

static void tasks(void *arg, int64_t begin, int64_t end, int worker)
{
  const attention *a = arg;
  float *k = (float *)a->call->scratch + worker * a->area, *v = k + a->k_floats, *scores = v + a->v_floats;
  for (int64_t t = begin; t < end; t++) {
    const int64_t part = t % a->parts, head = t / a->parts % a->heads, item = t / a->parts / a->heads;
    const int64_t blocks = (a->tq + a->queries - 1) / a->queries;
    const int64_t first = part * blocks / a->parts * a->queries, last = (part + 1) * blocks / a->parts * a->queries;
    a->kernels->gemm.pack_b(1, a->tk, a->d, a->call->in[1].data + item * a->tk * a->e + head * a->d, a->e, k);
    a->kernels->gemm.pack_b(0, a->dv, a->tk, a->call->in[2].data + item * a->tk * a->ev + head * a->dv, a->ev, v);
    for (int64_t q = first; q < last && q < a->tq; q += a->queries)
      rows(a, item, head, q, q + a->queries < a->tq ? q + a->queries : a->tq, k, v, scores);
  }
}

static void forward(const aus_call *call)
{
  attention a;
  if (describe(call, &a) != AUS_OK) return;
  plan(&a);
  aus_parallel_for(call->ctx, a.mb * a.heads * a.parts, 1, tasks, &a);
}

/* ---- back -------------------------------------------------------------------------------------------------- */

static int64_t score_count(const attention *a) { return a->mb * a->heads * a->tq * a->tk; }

static size_t saved_size(const aus_call *call)
{
  attention a;
  return describe(call, &a) == AUS_OK ? (size_t)score_count(&a) * sizeof(float) : SIZE_MAX;
}

/* Many heads: each worker takes whole ones. Few: one after another, all workers on each product. */
typedef struct back { attention a; const aus_back *b; float *const *diff; float *scores; bool all_scores; unsigned char *gemm; size_t gemm_bytes; int64_t step; } back;

static size_t largest_product(const attention *a)
{
  const int64_t m[4] = { a->tq, a->tk, a->tq, a->tk }, n[4] = { a->tk, a->dv, a->d, a->d }, k[4] = { a->dv, a->tq, a->tk, a->tq };
  size_t most = 0;
  for (int i = 0; i < 4; i++) {
    const size_t bytes = aus_sgemm_scratch(a->call->ctx, m[i], n[i], k[i]);
    if (bytes > most) most = bytes;
  }
  return (most + 63) / 64 * 64;
}

static int64_t workers(const attention *a) { return a->mb * a->heads >= a->call->ctx->threads ? a->call->ctx->threads : 1; }

/* Scores of one head per worker, or of all heads when the mask's diff is wanted. */
static size_t plan_back(const aus_back *b, back *p)
{
  *p = (back){ .b = b, .diff = b->diff_src };
  if (describe(b->call, &p->a) != AUS_OK) return SIZE_MAX;
  p->all_scores = b->call->n_in > 3 && b->diff_src[3];
  p->step = round_up(p->a.tq * p->a.tk, 16);
  const int64_t floats = p->all_scores ? round_up(score_count(&p->a), 16) : p->step * workers(&p->a);
  p->gemm_bytes = largest_product(&p->a);
  p->scores = b->scratch;
  p->gemm = (unsigned char *)b->scratch + (size_t)(b->scratch ? floats : 0) * sizeof(float);
  return (size_t)floats * sizeof(float) + p->gemm_bytes * (size_t)workers(&p->a);
}

static size_t backward_scratch(const aus_back *b)
{
  aus_back sized = *b;
  back p;
  sized.scratch = NULL;
  return plan_back(&sized, &p);
}

/* ds [tq][tk] of one head, from diff_dst and the probabilities. */
static void score_diffs(const back *p, int64_t set, const float *out, const float *v, float *ds, void *gemm)
{
  const attention *a = &p->a;
  const float *probs = (const float *)a->call->saved + set * a->tq * a->tk;
  const float *given = a->call->n_out > 1 ? p->b->diff_dst[1] : NULL;
  const size_t bytes = (size_t)(a->tq * a->tk) * sizeof *ds;
  if (given) memcpy(ds, given + set * a->tq * a->tk, bytes);
  else if (!out) memset(ds, 0, bytes);
  if (out) aus_sgemm_in(a->call->ctx, false, true, a->tq, a->tk, a->dv, 1, out, a->ev, v, a->ev, given ? 1 : 0, ds, a->tk, gemm);
  for (int64_t q = 0; q < a->tq; q++) {
    float *row = ds + q * a->tk;
    const float mean = (float)a->kernels->vec.dot(a->tk, row, probs + q * a->tk);
    a->kernels->vec.add_s(a->tk, row, -mean, row);
    a->kernels->vec.mul(a->tk, row, probs + q * a->tk, row);
  }
}

static void head_back(const back *p, int64_t set, int worker)
{
  const attention *a = &p->a;
  aus_ctx *ctx = a->call->ctx;
  const aus_operand *in = a->call->in;
  const int64_t item = set / a->heads, head = set % a->heads;
  const int64_t at_q = item * a->tq * a->e + head * a->d, at_k = item * a->tk * a->e + head * a->d, at_v = item * a->tk * a->ev + head * a->dv;
  const float *probs = (const float *)a->call->saved + set * a->tq * a->tk;
  const float *out = p->b->diff_dst[0] ? p->b->diff_dst[0] + item * a->tq * a->ev + head * a->dv : NULL;
  float *ds = p->scores + (p->all_scores ? set * a->tq * a->tk : worker * p->step);
  void *gemm = p->gemm + (size_t)worker * p->gemm_bytes;
  score_diffs(p, set, out, in[2].data + at_v, ds, gemm);
  if (p->diff[0]) aus_sgemm_in(ctx, false, false, a->tq, a->d, a->tk, a->scale, ds, a->tk, in[1].data + at_k, a->e, 0, p->diff[0] + at_q, a->e, gemm);
  if (p->diff[1]) aus_sgemm_in(ctx, true, false, a->tk, a->d, a->tq, a->scale, ds, a->tk, in[0].data + at_q, a->e, 0, p->diff[1] + at_k, a->e, gemm);
  if (p->diff[2] && out) aus_sgemm_in(ctx, true, false, a->tk, a->dv, a->tq, 1, probs, a->tk, out, a->ev, 0, p->diff[2] + at_v, a->ev, gemm);
}

static void heads_back(void *arg, int64_t begin, int64_t end, int worker)
{
  for (int64_t set = begin; set < end; set++) head_back(arg, set, worker);
}

static void backward(const aus_back *b)
{
  back p;
  if (plan_back(b, &p) == SIZE_MAX) return;
  aus_ctx *ctx = b->call->ctx;
  const int64_t sets = p.a.mb * p.a.heads;
  if (!b->diff_dst[0] && p.diff[2]) aus_op_zero(ctx, aus_shape_count(&b->call->in[2].shape), p.diff[2]);
  if (workers(&p.a) > 1) aus_parallel_for(ctx, sets, 1, heads_back, &p);
  else heads_back(&p, 0, sets, 0);
  if (!p.all_scores) return;
  const aus_shape all = { 4, { p.a.mb, p.a.heads, p.a.tq, p.a.tk } };
  aus_sweep w = aus_sweep_over(ctx, &all);
  aus_sweep_add(&w, &all, p.scores);
  aus_sweep_add(&w, &b->call->in[3].shape, p.diff[3]);
  aus_sweep_sum(ctx, &w, aus_row_first, 1, p.diff[3]);
}

const aus_op_impl aus_op_impl_attention = { .shape = shape, .scratch_size = scratch_size, .forward = forward, .saved_size = saved_size,
                                            .backward_scratch = backward_scratch, .backward = backward };
