/* lrp_attention.c - relevance through dst = softmax(scale q k' + mask) v (attribution.md 1.7).
 *
 * AttnLRP [Achtibat24]: both products share evenly, softmax by its Taylor expansion with bias. Per item and head, with
 * u = q k', S = scale u + mask, A = softmax(S), O = A v:
 *
 *   s_O = R / stab(2 O),  R_v = v * (A' s_O),  R_A = A * (s_O v'),  R_S = S * (R_A - A sum R_A),
 *   R_u = R_S scale u / stab(S) (a mask is a constant that is added),  s_u = R_u / stab(2 u),  R_q = q * (s_u k),  R_k = k * (s_u' q)
 *
 * CP-LRP [Ali22]: A is a constant, so v gets all: R_v = v * (A' (R / stab(O))), q and k none.
 * What softmax, mask and epsilon absorb is the books' `other`. Items and heads run in parallel, each alone in its scratch. */
#include "attrib/lrp_node.h"
#include "la/la.h"
#include "simd/kernels.h"

#include <math.h>
#include <string.h>

typedef struct attention {
  const aus_lrp_spec *spec;
  const aus_visit *visit;
  int64_t mb, tq, tk, e, ev, heads, d, dv;
  float scale;
  int64_t mask_step[4];
  const float *q, *k, *v, *mask, *o, *r;
  float *rq, *rk, *rv;
  unsigned char *scratch;
  size_t area, gemm;
} attention;

static attention describe(const aus_lrp_node *n, const aus_visit *v)
{
  const aus_call *c = v->call;
  const aus_operand *in = c->in;
  attention a = { .spec = &n->spec, .visit = v, .mb = in[0].shape.dim[0], .tq = in[0].shape.dim[1], .tk = in[1].shape.dim[1], .e = in[0].shape.dim[2], .ev = in[2].shape.dim[2],
                  .heads = c->attr[0].i, .q = in[0].data, .k = in[1].data, .v = in[2].data, .o = c->out[0].data, .r = v->diff_dst[0],
                  .rq = v->diff_src[0], .rk = v->diff_src[1], .rv = v->diff_src[2] };
  a.d = a.e / a.heads;
  a.dv = a.ev / a.heads;
  a.scale = c->attr[1].f == 0 ? (float)(1 / sqrt((double)a.d)) : c->attr[1].f;
  if (c->n_in > 3 && in[3].shape.rank > 0) {
    int64_t step = 1;
    a.mask = in[3].data;
    for (int32_t i = in[3].shape.rank - 1, m = 3; i >= 0; i--, m--) {
      a.mask_step[m] = in[3].shape.dim[i] == 1 ? 0 : step;
      step *= in[3].shape.dim[i];
    }
  }
  return a;
}

/* One head's matrices: u, a, r_a [tq, tk]; s_o [tq, dv]; c [max(tq, tk), max(d, dv)]. */
typedef struct head { float *u, *a, *r_a, *s_o, *c; void *gemm; } head;

static int64_t larger(int64_t a, int64_t b) { return a > b ? a : b; }

static size_t gemm_bytes(const attention *a)
{
  aus_ctx one = *a->visit->call->ctx;
  one.threads = 1;
  const int64_t m = larger(a->tq, a->tk), f = larger(a->d, a->dv), size[3][3] = { { a->tq, a->tk, f }, { a->tk, f, a->tq }, { a->tq, f, a->tk } };
  size_t most = aus_sgemm_scratch(&one, m, m, f);
  for (int i = 0; i < 3; i++) {
    const size_t n = aus_sgemm_scratch(&one, size[i][0], size[i][1], size[i][2]);
    if (n > most) most = n;
  }
  return most;
}

static size_t lay_out(const attention *a, void *base, head *h)
{
  aus_lrp_room room = { base, 0, false };
  h->u = aus_lrp_take(&room, a->tq * a->tk);
  h->a = aus_lrp_take(&room, a->tq * a->tk);
  h->r_a = aus_lrp_take(&room, a->tq * a->tk);
  h->s_o = aus_lrp_take(&room, a->tq * a->dv);
  h->c = aus_lrp_take(&room, larger(a->tq, a->tk) * larger(a->d, a->dv));
  h->gemm = aus_lrp_take_bytes(&room, gemm_bytes(a));
  return aus_lrp_total(&room);
}

typedef struct where { int64_t item, head; aus_ctx *ctx; } where;

static float score(const attention *a, const head *h, const where *w, int64_t i, int64_t j)
{
  const float s = a->scale * h->u[i * a->tk + j];
  return a->mask ? s + a->mask[w->item * a->mask_step[0] + w->head * a->mask_step[1] + i * a->mask_step[2] + j * a->mask_step[3]] : s;
}

/* u = q k', a = softmax(scale u + mask) */
static void probabilities(const attention *a, const head *h, const where *w)
{
  const float *q = a->q + w->item * a->tq * a->e + w->head * a->d, *k = a->k + w->item * a->tk * a->e + w->head * a->d;
  aus_sgemm_in(w->ctx, false, true, a->tq, a->tk, a->d, 1, q, a->e, k, a->e, 0, h->u, a->tk, h->gemm);
  for (int64_t i = 0; i < a->tq; i++) {
    float *row = h->a + i * a->tk;
    for (int64_t j = 0; j < a->tk; j++) row[j] = score(a, h, w, i, j);
    const double sum = w->ctx->kernels->vec.exp_sum(a->tk, row, w->ctx->kernels->vec.max_of(a->tk, row), row);
    w->ctx->kernels->vec.mul_s(a->tk, row, (float)(1 / sum), row);
  }
}

static float over(const attention *a, double r, double z)
{
  const double below = aus_lrp_stabilise(a->spec->stab, a->spec->eps, z);
  return below == 0 ? 0 : (float)(r / below);
}

/* out = x * c for the columns of a head */
static void give(const float *x, const float *c, int64_t rows, int64_t d, int64_t ld, float *out)
{
  for (int64_t i = 0; i < rows; i++) for (int64_t j = 0; j < d; j++) out[i * ld + j] = x[i * ld + j] * c[i * d + j];
}

static void values(const attention *a, const head *h, const where *w)
{
  const int64_t at = w->item * a->tq * a->ev + w->head * a->dv, v_at = w->item * a->tk * a->ev + w->head * a->dv;
  const double factor = a->spec->kind == AUS_LRP_ATTNLRP ? 2 : 1;
  for (int64_t i = 0; i < a->tq; i++)
    for (int64_t j = 0; j < a->dv; j++) h->s_o[i * a->dv + j] = over(a, a->r[at + i * a->ev + j], factor * (double)a->o[at + i * a->ev + j]);
  if (!a->rv) return;
  aus_sgemm_in(w->ctx, true, false, a->tk, a->dv, a->tq, 1, h->a, a->tk, h->s_o, a->dv, 0, h->c, a->dv, h->gemm);
  give(a->v + v_at, h->c, a->tk, a->dv, a->ev, a->rv + v_at);
}

/* From r_a, the relevance of A, to s_u in its place. */
static void scores(const attention *a, const head *h, const where *w)
{
  for (int64_t i = 0; i < a->tq; i++) {
    float *r = h->r_a + i * a->tk;
    const float *p = h->a + i * a->tk, *u = h->u + i * a->tk;
    double sum = 0;
    for (int64_t j = 0; j < a->tk; j++) sum += (double)(r[j] *= p[j]);
    for (int64_t j = 0; j < a->tk; j++) {
      const double s = score(a, h, w, i, j), r_s = isinf(s) ? 0 : s * ((double)r[j] - (double)p[j] * sum);
      const double r_u = a->mask && !isinf(s) ? (double)over(a, r_s, s) * (double)a->scale * (double)u[j] : r_s;
      r[j] = over(a, r_u, 2 * (double)u[j]);
    }
  }
}

static void queries_and_keys(const attention *a, const head *h, const where *w)
{
  const int64_t q_at = w->item * a->tq * a->e + w->head * a->d, k_at = w->item * a->tk * a->e + w->head * a->d, v_at = w->item * a->tk * a->ev + w->head * a->dv;
  aus_sgemm_in(w->ctx, false, true, a->tq, a->tk, a->dv, 1, h->s_o, a->dv, a->v + v_at, a->ev, 0, h->r_a, a->tk, h->gemm);
  scores(a, h, w);
  if (a->rq) {
    aus_sgemm_in(w->ctx, false, false, a->tq, a->d, a->tk, 1, h->r_a, a->tk, a->k + k_at, a->e, 0, h->c, a->d, h->gemm);
    give(a->q + q_at, h->c, a->tq, a->d, a->e, a->rq + q_at);
  }
  if (a->rk) {
    aus_sgemm_in(w->ctx, true, false, a->tk, a->d, a->tq, 1, h->r_a, a->tk, a->q + q_at, a->e, 0, h->c, a->d, h->gemm);
    give(a->k + k_at, h->c, a->tk, a->d, a->e, a->rk + k_at);
  }
}

static void heads(void *arg, int64_t begin, int64_t end, int worker)
{
  const attention *a = arg;
  aus_ctx one = *a->visit->call->ctx; /* products inside a head run on its thread */
  one.threads = 1;
  head h;
  lay_out(a, a->scratch + (size_t)worker * a->area, &h);
  for (int64_t i = begin; i < end; i++) {
    const where w = { i / a->heads, i % a->heads, &one };
    probabilities(a, &h, &w);
    values(a, &h, &w);
    if (a->spec->kind == AUS_LRP_ATTNLRP && (a->rq || a->rk)) queries_and_keys(a, &h, &w);
  }
}

static size_t scratch_size(const aus_rule *rule, const aus_visit *v)
{
  const attention a = describe(aus_lrp_node_of(rule), v);
  head h;
  size_t all;
  const size_t one = lay_out(&a, NULL, &h);
  return one != SIZE_MAX && aus_mul_size(one, (size_t)v->call->ctx->threads, &all) ? all : SIZE_MAX;
}

static void apply(const aus_rule *rule, const aus_visit *v)
{
  aus_lrp_node *n = aus_lrp_node_of(rule);
  attention a = describe(n, v);
  head h;
  double in = 0;
  for (int32_t k = 0; k < v->call->n_in; k++)
    if (v->diff_src[k]) memset(v->diff_src[k], 0, (size_t)aus_lrp_count(&v->call->in[k]) * sizeof(float));
  if (!a.r) return;
  a.scratch = v->scratch;
  a.area = lay_out(&a, NULL, &h);
  aus_parallel_for(v->call->ctx, a.mb * a.heads, 1, heads, &a);
  for (int32_t k = 0; k < 3; k++) if (v->diff_src[k]) in += aus_lrp_sum(v->call->ctx, aus_lrp_count(&v->call->in[k]), v->diff_src[k]);
  n->entry.other = aus_lrp_sum(v->call->ctx, aus_lrp_count(&v->call->out[0]), a.r) - in;
}

void aus_lrp_attach_attention(aus_lrp_node *n)
{
  n->apply = apply;
  n->rule.scratch_size = scratch_size;
}
