/* matmul.c - dst = alpha a b over the last two dims, the ones before broadcast as numpy does. A vector (rank 1) counts
 * as a row on the left and as a column on the right.
 *
 *   diff_a = alpha diff_dst b',  diff_b = alpha a' diff_dst,  each summed over the batches that share the matrix */
#include "la/la.h"
#include "nn/ops/common.h"

typedef struct product { int64_t m, n, k, lda, ldb; bool trans_a, trans_b; aus_shape batch_a, batch_b, batch; } product;

/* Leading dims of s; rows and columns of its matrix. */
static aus_shape split(const aus_shape *s, bool left, int64_t *rows, int64_t *columns)
{
  aus_shape batch = { .rank = s->rank > 2 ? s->rank - 2 : 0 };
  for (int32_t d = 0; d < batch.rank; d++) batch.dim[d] = s->dim[d];
  *rows = s->rank >= 2 ? s->dim[s->rank - 2] : left ? 1 : s->dim[0];
  *columns = s->rank >= 2 || left ? s->dim[s->rank - 1] : 1;
  return batch;
}

static aus_status describe(const aus_call *call, product *p)
{
  const aus_shape *a = &call->in[0].shape, *b = &call->in[1].shape;
  char ta[96], tb[96];
  int64_t ra, ca, rb, cb;
  if (a->rank < 1 || b->rank < 1) return aus_fail(call->ctx, AUS_EFORMAT, "a scalar cannot be multiplied as a matrix");
  p->batch_a = split(a, true, &ra, &ca);
  p->batch_b = split(b, false, &rb, &cb);
  p->trans_a = call->attr[0].i && a->rank > 1;
  p->trans_b = call->attr[1].i && b->rank > 1;
  p->lda = ca;
  p->ldb = cb;
  p->m = p->trans_a ? ca : ra;
  p->k = p->trans_a ? ra : ca;
  p->n = p->trans_b ? rb : cb;
  if ((p->trans_b ? cb : rb) != p->k) return aus_fail(call->ctx, AUS_EFORMAT, "matrices %s and %s do not fit", aus_shape_text(a, ta), aus_shape_text(b, tb));
  return aus_shape_broadcast(call->ctx, &p->batch_a, &p->batch_b, &p->batch);
}

static aus_status shape(aus_call *call)
{
  product p;
  AUS_TRY(describe(call, &p));
  aus_shape out = p.batch;
  if (call->in[0].shape.rank > 1) out.dim[out.rank++] = p.m;
  if (call->in[1].shape.rank > 1) out.dim[out.rank++] = p.n;
  call->out[0].shape = out;
  return AUS_OK;
}

/* Which matrix of an operand belongs to batch index i. */
static int64_t batch_of(const aus_shape *own, const aus_shape *all, int64_t i)
{
  int64_t at = 0, stride = 1;
  for (int32_t d = all->rank - 1; d >= 0; d--) {
    const int32_t k = d - (all->rank - own->rank);
    const int64_t r = i % all->dim[d];
    i /= all->dim[d];
    if (k < 0) continue;
    if (own->dim[k] > 1) at += r * stride;
    stride *= own->dim[k];
  }
  return at;
}

static int64_t count_of(const aus_shape *s) { return aus_shape_count(s); }

/* Matrices of b that all rows of a meet: the batch of a becomes rows of one product. */
static bool one_product(const product *p) { return count_of(&p->batch) == 1 || (count_of(&p->batch_b) == 1 && !p->trans_a && count_of(&p->batch) == count_of(&p->batch_a)); }
static int64_t all_rows(const product *p) { return p->m * count_of(&p->batch); }
static float alpha_of(const aus_call *call) { return call->attr[2].f == 0 ? 1 : call->attr[2].f; }

/* Products are shared out whole when they are small, else each is cut for all threads. */
static bool small(const product *p) { return p->m * p->n * p->k <= 1 << 20; }

static size_t round64(size_t n) { return (n + 63) / 64 * 64; }

static size_t scratch_size(const aus_call *call)
{
  product p;
  if (describe(call, &p) != AUS_OK) return 0;
  if (one_product(&p)) return aus_sgemm_scratch(call->ctx, all_rows(&p), p.n, p.k);
  if (!small(&p)) return aus_sgemm_scratch(call->ctx, p.m, p.n, p.k);
  aus_ctx one = *call->ctx;
  one.threads = 1;
  return (size_t)call->ctx->threads * round64(aus_sgemm_scratch(&one, p.m, p.n, p.k));
}

static size_t prepared_size(const aus_call *call)
{
  product p;
  if (!call->in[1].data || describe(call, &p) != AUS_OK || !one_product(&p) || p.trans_a || alpha_of(call) != 1) return 0;
  return aus_sgemm_packed_b_size(call->ctx, p.n, p.k);
}

/* Whether one product is made depends on the shape of a. */
static int32_t prepared_kind(const aus_call *call) { return prepared_size(call) != 0; }

static void prepare(const aus_call *call, void *prepared)
{
  product p;
  if (describe(call, &p) == AUS_OK) aus_sgemm_pack_b(call->ctx, p.trans_b, p.n, p.k, call->in[1].data, p.ldb, prepared);
}

typedef struct job { const aus_call *call; product p; aus_ctx one; size_t scratch; } job;

/* Product i of the batch, by a context of one thread or by all. */
static void multiply(const job *j, aus_ctx *ctx, int64_t i, void *scratch)
{
  const product *p = &j->p;
  const float *a = j->call->in[0].data + batch_of(&p->batch_a, &p->batch, i) * p->m * p->k;
  const float *b = j->call->in[1].data + batch_of(&p->batch_b, &p->batch, i) * p->k * p->n;
  aus_sgemm_in(ctx, p->trans_a, p->trans_b, p->m, p->n, p->k, alpha_of(j->call), a, p->lda, b, p->ldb, 0, j->call->out[0].data + i * p->m * p->n, p->n, scratch);
}

static void run_products(void *arg, int64_t begin, int64_t end, int worker)
{
  job *j = arg;
  aus_ctx one = j->one; /* a copy each, for its error text */
  for (int64_t i = begin; i < end; i++) multiply(j, &one, i, (unsigned char *)j->call->scratch + (size_t)worker * j->scratch);
}

static void forward(const aus_call *call)
{
  job j = { .call = call };
  product *p = &j.p;
  if (describe(call, p) != AUS_OK) return; /* cannot be: shape has passed */
  const int64_t batch = count_of(&p->batch), work = p->m * p->n * p->k;
  if (one_product(p)) {
    if (batch > 1) p->m = all_rows(p);
    if (call->prepared) aus_sgemm_run_packed_b(call->ctx, p->m, p->n, p->k, call->in[0].data, p->lda, call->prepared, NULL, call->out[0].data, p->n, call->scratch);
    else aus_sgemm_in(call->ctx, p->trans_a, p->trans_b, p->m, p->n, p->k, alpha_of(call), call->in[0].data, p->lda, call->in[1].data, p->ldb, 0, call->out[0].data, p->n, call->scratch);
  } else if (small(p)) {
    j.one = *call->ctx;
    j.one.threads = 1;
    j.scratch = round64(aus_sgemm_scratch(&j.one, p->m, p->n, p->k));
    aus_parallel_for(call->ctx, batch, work < 1 << 18 ? (1 << 18) / work : 1, run_products, &j);
  } else {
    for (int64_t i = 0; i < batch; i++) multiply(&j, call->ctx, i, call->scratch);
  }
}

/* ---- the way back -------------------------------------------------------------------------------------------- */

/* One product of the way back: rows, columns, length of the sums. */
typedef struct size3 { int64_t m, n, k; } size3;

/* diff of op(a) is alpha diff_dst op(b)'; where a is stored transposed, the product is too. The same for b. */
static size3 back_size(const product *p, int which)
{
  if (which == 0) return p->trans_a ? (size3){ p->k, p->m, p->n } : (size3){ p->m, p->k, p->n };
  return p->trans_b ? (size3){ p->n, p->k, p->m } : (size3){ p->k, p->n, p->m };
}

static void multiply_back(aus_ctx *ctx, const product *p, int which, float alpha, const float *d, const float *other, float beta, float *diff, void *scratch)
{
  const size3 z = back_size(p, which);
  if (which == 0 && !p->trans_a) aus_sgemm_in(ctx, false, !p->trans_b, z.m, z.n, z.k, alpha, d, p->n, other, p->ldb, beta, diff, p->lda, scratch);
  else if (which == 0) aus_sgemm_in(ctx, p->trans_b, true, z.m, z.n, z.k, alpha, other, p->ldb, d, p->n, beta, diff, p->lda, scratch);
  else if (!p->trans_b) aus_sgemm_in(ctx, !p->trans_a, false, z.m, z.n, z.k, alpha, other, p->lda, d, p->n, beta, diff, p->ldb, scratch);
  else aus_sgemm_in(ctx, true, p->trans_a, z.m, z.n, z.k, alpha, d, p->n, other, p->lda, beta, diff, p->ldb, scratch);
}

typedef struct back_job { const aus_back *back; product p; aus_ctx one; size_t scratch; int which; } back_job;

/* Matrix `own` of operand `which`: all batches that read it, in order. */
static void one_matrix(const back_job *j, aus_ctx *ctx, int64_t own, void *scratch)
{
  const product *p = &j->p;
  const aus_call *call = j->back->call;
  const int which = j->which, other = 1 - which;
  const aus_shape *mine = which ? &p->batch_b : &p->batch_a, *theirs = which ? &p->batch_a : &p->batch_b;
  const int64_t size = which ? p->k * p->n : p->m * p->k, their_size = which ? p->m * p->k : p->k * p->n;
  float *diff = j->back->diff_src[which] + own * size, beta = 0;
  for (int64_t i = 0; i < count_of(&p->batch); i++) {
    if (batch_of(mine, &p->batch, i) != own) continue;
    multiply_back(ctx, p, which, alpha_of(call), j->back->diff_dst[0] + i * p->m * p->n, call->in[other].data + batch_of(theirs, &p->batch, i) * their_size, beta, diff, scratch);
    beta = 1;
  }
}

static void run_matrices(void *arg, int64_t begin, int64_t end, int worker)
{
  const back_job *j = arg;
  aus_ctx one = j->one;
  for (int64_t i = begin; i < end; i++) one_matrix(j, &one, i, (unsigned char *)j->back->scratch + (size_t)worker * j->scratch);
}

/* The batch of a as rows of one product, where b is one matrix. */
static product joined(const product *p)
{
  product q = *p;
  if (one_product(p) && count_of(&p->batch) > 1) {
    q.m = all_rows(p);
    q.batch = q.batch_a = q.batch_b = (aus_shape){ 0 };
  }
  return q;
}

static size_t back_scratch_of(const aus_call *call, const product *p, int which)
{
  const size3 z = back_size(p, which);
  if (!small(p)) return aus_sgemm_scratch(call->ctx, z.m, z.n, z.k);
  aus_ctx one = *call->ctx;
  one.threads = 1;
  const size_t each = (size_t)call->ctx->threads * round64(aus_sgemm_scratch(&one, z.m, z.n, z.k)), all = aus_sgemm_scratch(call->ctx, z.m, z.n, z.k);
  return each > all ? each : all;
}

static size_t backward_scratch(const aus_back *back)
{
  product p;
  size_t most = 0;
  if (describe(back->call, &p) != AUS_OK) return SIZE_MAX;
  p = joined(&p);
  for (int which = 0; which < 2; which++) {
    const size_t bytes = back->diff_src[which] ? back_scratch_of(back->call, &p, which) : 0;
    if (bytes > most) most = bytes;
  }
  return most;
}

static void backward_of(const aus_back *back, const product *p, int which)
{
  aus_ctx *ctx = back->call->ctx;
  back_job j = { .back = back, .p = *p, .one = *ctx, .which = which };
  const int64_t n = count_of(which ? &p->batch_b : &p->batch_a), work = p->m * p->n * p->k * (count_of(&p->batch) / n);
  const size3 z = back_size(p, which);
  j.one.threads = 1;
  j.scratch = round64(aus_sgemm_scratch(&j.one, z.m, z.n, z.k));
  if (n > 1 && small(p)) aus_parallel_for(ctx, n, work < 1 << 18 ? (1 << 18) / work : 1, run_matrices, &j);
  else for (int64_t i = 0; i < n; i++) one_matrix(&j, ctx, i, back->scratch);
}

static void backward(const aus_back *back)
{
  product p;
  if (describe(back->call, &p) != AUS_OK) return; /* cannot be: shape has passed */
  p = joined(&p);
  for (int which = 0; which < 2; which++)
    if (back->diff_src[which]) backward_of(back, &p, which);
}

const aus_op_impl aus_op_impl_matmul = { .shape = shape, .scratch_size = scratch_size, .prepared_size = prepared_size, .prepared_kind = prepared_kind,
                                         .prepare = prepare, .forward = forward, .backward_scratch = backward_scratch, .backward = backward };
