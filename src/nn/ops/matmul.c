/* matmul.c - dst = alpha a b over the last two dims, the ones before broadcast as numpy does. A vector (rank 1) counts
 * as a row on the left and as a column on the right. */
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

typedef struct job { product p; float alpha; const float *a, *b; float *dst; } job;

static void run_rows(void *arg, int64_t begin, int64_t end, int worker)
{
  const job *j = arg;
  const product *p = &j->p;
  (void)worker;
  for (int64_t u = begin; u < end; u++) {
    const int64_t i = u / p->m, r = u % p->m;
    const float *a = j->a + batch_of(&p->batch_a, &p->batch, i) * p->m * p->k, *b = j->b + batch_of(&p->batch_b, &p->batch, i) * p->k * p->n;
    float *dst = j->dst + u * p->n;
    for (int64_t c = 0; c < p->n; c++) dst[c] = 0;
    for (int64_t k = 0; k < p->k; k++) {
      const float x = j->alpha * (p->trans_a ? a[k * p->lda + r] : a[r * p->lda + k]);
      if (p->trans_b) for (int64_t c = 0; c < p->n; c++) dst[c] += x * b[c * p->ldb + k];
      else for (int64_t c = 0; c < p->n; c++) dst[c] += x * b[k * p->ldb + c];
    }
  }
}

static void forward(const aus_call *call)
{
  job j = { .alpha = call->attr[2].f == 0 ? 1 : call->attr[2].f, .a = call->in[0].data, .b = call->in[1].data, .dst = call->out[0].data };
  if (describe(call, &j.p) != AUS_OK) return; /* cannot be: shape has passed */
  const int64_t work = j.p.n * j.p.k;
  aus_parallel_for(call->ctx, aus_shape_count(&j.p.batch) * j.p.m, work < 65536 ? 65536 / work : 1, run_rows, &j);
}

const aus_op_impl aus_op_impl_matmul = { .shape = shape, .forward = forward };
