/* deeplift_attention.c - DeepLIFT through dot-product attention: two products and a softmax, each with its rule.
 *
 *   s = scale q k' + mask,  a = softmax(s),  o = a v:
 *   m_a = m_o bar(v)',  m_v = bar(a)' m_o,  m_s by softmax's rule (deeplift_norm.c),  m_q = scale m_s bar(k),  m_k = scale m_s' bar(q)
 *
 * bar: the mean of input and reference. The mask belongs to both. */
#include "attrib/deeplift.h"

#include <math.h>
#include <string.h>

typedef struct heads { int64_t mb, tq, tk, e, ev, n, d, dv; double scale; const float *mask; int64_t step[4]; } heads;

static heads heads_of(const aus_call *c)
{
  const aus_shape *q = &c->in[0].shape, *k = &c->in[1].shape, *v = &c->in[2].shape;
  heads h = { .mb = q->dim[0], .tq = q->dim[1], .tk = k->dim[1], .e = q->dim[2], .ev = v->dim[2], .n = c->attr[0].i };
  h.d = h.e / h.n;
  h.dv = h.ev / h.n;
  h.scale = c->attr[1].f == 0 ? 1 / sqrt((double)h.d) : (double)c->attr[1].f;
  h.mask = c->n_in > 3 ? c->in[3].data : NULL;
  int64_t step = 1;
  for (int32_t i = h.mask ? c->in[3].shape.rank - 1 : -1, d = 3; i >= 0; i--, d--) {
    h.step[d] = c->in[3].shape.dim[i] == 1 ? 0 : step;
    step *= c->in[3].shape.dim[i];
  }
  return h;
}

/* Scores and weights of one query of one head. */
static void row_of(const heads *h, const aus_call *c, int64_t b, int64_t n, int64_t t, float *s, double *a)
{
  const float *q = c->in[0].data + (b * h->tq + t) * h->e + n * h->d;
  double most = -INFINITY, sum = 0;
  for (int64_t j = 0; j < h->tk; j++) {
    const float *k = c->in[1].data + (b * h->tk + j) * h->e + n * h->d;
    double dot = 0;
    for (int64_t i = 0; i < h->d; i++) dot += (double)q[i] * (double)k[i];
    s[j] = (float)(h->scale * dot + (h->mask ? (double)h->mask[b * h->step[0] + n * h->step[1] + t * h->step[2] + j * h->step[3]] : 0));
    most = fmax(most, (double)s[j]);
  }
  for (int64_t j = 0; j < h->tk; j++) sum += a[j] = isinf(most) ? 1 : exp((double)s[j] - most);
  for (int64_t j = 0; j < h->tk; j++) a[j] /= sum;
}

typedef struct room { double *a, *ar, *e, *f; float *s, *sr, *m, *to; } room; /* [tk] each */

static room room_of(void *scratch, int64_t tk)
{
  double *d = scratch;
  float *f = (float *)(void *)(d + 4 * tk);
  return (room){ d, d + tk, d + 2 * tk, d + 3 * tk, f, f + tk, f + 2 * tk, f + 3 * tk };
}

static double mean(float a, float b) { return 0.5 * ((double)a + (double)b); }

static void one_query(const heads *h, const aus_visit *v, int32_t lane, int64_t b, int64_t n, int64_t t, const room *r)
{
  const aus_call *c = v->call, *f = v->ref;
  const int64_t at = (b * h->tq + t) * h->e + n * h->d;
  const float *mo = v->diff_dst[lane * c->n_out] + (b * h->tq + t) * h->ev + n * h->dv;
  float *const *src = v->diff_src + lane * c->n_in;
  row_of(h, c, b, n, t, r->s, r->a);
  row_of(h, f, b, n, t, r->sr, r->ar);
  for (int64_t j = 0; j < h->tk; j++) {
    const int64_t w = (b * h->tk + j) * h->ev + n * h->dv;
    double m = 0;
    for (int64_t i = 0; i < h->dv; i++) {
      m += (double)mo[i] * mean(c->in[2].data[w + i], f->in[2].data[w + i]);
      if (src[2]) src[2][w + i] += (float)(0.5 * (r->a[j] + r->ar[j]) * (double)mo[i]);
    }
    r->m[j] = (float)m;
  }
  deeplift_softmax_row(h->tk, 1, r->s, r->sr, r->m, r->to, false, r->e, r->f);
  for (int64_t j = 0; j < h->tk; j++) {
    const int64_t k = (b * h->tk + j) * h->e + n * h->d;
    if (isinf(r->s[j])) continue; /* masked in both */
    for (int64_t i = 0; i < h->d; i++) {
      if (src[0]) src[0][at + i] += (float)(h->scale * (double)r->to[j] * mean(c->in[1].data[k + i], f->in[1].data[k + i]));
      if (src[1]) src[1][k + i] += (float)(h->scale * (double)r->to[j] * mean(c->in[0].data[at + i], f->in[0].data[at + i]));
    }
  }
}

void deeplift_attention(const aus_rule *rule, const aus_visit *v)
{
  const heads h = heads_of(v->call);
  const room r = room_of(v->scratch, h.tk);
  (void)rule;
  for (int32_t k = 0; k < v->lanes * v->call->n_in; k++)
    if (v->diff_src[k]) memset(v->diff_src[k], 0, (size_t)aus_shape_count(&v->call->in[k % v->call->n_in].shape) * sizeof(float));
  for (int32_t l = 0; l < v->lanes; l++)
    for (int64_t b = 0; v->diff_dst[l * v->call->n_out] && b < h.mb; b++)
      for (int64_t n = 0; n < h.n; n++)
        for (int64_t t = 0; t < h.tq; t++) one_query(&h, v, l, b, n, t, &r);
}

size_t deeplift_attention_scratch(const aus_rule *rule, const aus_visit *v)
{
  (void)rule;
  return (size_t)v->call->in[1].shape.dim[1] * 4 * (sizeof(double) + sizeof(float));
}
