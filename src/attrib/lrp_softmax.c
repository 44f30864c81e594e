/* lrp_softmax.c - softmax inside a network: the Taylor expansion with bias of AttnLRP, Prop. 3.1 [Achtibat24].
 *
 *   s = softmax(x),   R_i = x_i (R_i' - s_i sum_k R_k')
 *
 * Not conservative: the bias of the expansion absorbs the rest (the books' `other`). A score of minus infinity (a mask) gets none. */
#include "attrib/lrp_node.h"

#include <math.h>
#include <string.h>

typedef struct rows { const float *x, *s, *r; float *out; int64_t n, inner; } rows;

static void run_rows(void *arg, int64_t begin, int64_t end, int worker)
{
  const rows *j = arg;
  (void)worker;
  for (int64_t i = begin; i < end; i++) {
    const int64_t at = i / j->inner * j->n * j->inner + i % j->inner;
    double sum = 0;
    for (int64_t k = 0; k < j->n; k++) sum += (double)j->r[at + k * j->inner];
    for (int64_t k = 0; k < j->n; k++) {
      const int64_t e = at + k * j->inner;
      j->out[e] = isinf(j->x[e]) ? 0 : (float)((double)j->x[e] * ((double)j->r[e] - (double)j->s[e] * sum));
    }
  }
}

static void apply(const aus_rule *rule, const aus_visit *v)
{
  aus_lrp_node *n = aus_lrp_node_of(rule);
  const aus_shape *s = &v->call->in[0].shape;
  const int64_t count = aus_shape_count(s);
  const int32_t axis = v->call->attr[0].i < 0 ? v->call->attr[0].i + s->rank : v->call->attr[0].i;
  if (!v->diff_src[0]) return;
  if (!v->diff_dst[0]) { memset(v->diff_src[0], 0, (size_t)count * sizeof(float)); return; }
  rows j = { v->call->in[0].data, v->call->out[0].data, v->diff_dst[0], v->diff_src[0], s->dim[axis], aus_shape_count_range(s, axis + 1, s->rank) };
  aus_parallel_for(v->call->ctx, count / j.n, 1 + 4096 / j.n, run_rows, &j);
  n->entry.other = aus_lrp_sum(v->call->ctx, count, v->diff_dst[0]) - aus_lrp_sum(v->call->ctx, count, v->diff_src[0]);
}

void aus_lrp_attach_softmax(aus_lrp_node *n) { n->apply = apply; }
