/* lrp_normalise.c - layer, instance and group norm with the deviation held constant (AttnLRP's "detach" [Achtibat24]).
 *
 *   y = (x - mean) g + t,  g = scale / std a constant,   s = R / stab(y),   R_in = x * (g s - mean of g s)
 *
 * The shift's share is a bias. All three ops work on blocks of values that lie together; the affine index of element e is
 * e / inner % period. */
#include "attrib/lrp_node.h"
#include "simd/kernels.h"

#include <math.h>
#include <string.h>

typedef struct norm {
  const aus_visit *v;
  const aus_lrp_spec *spec;
  int64_t n, inner, period;     /* values of a block; affine index */
  float eps;                    /* of the op */
  const float *x, *y, *r, *scale, *shift;
  float *out;
  double *bias, *left;          /* [blocks] */
} norm;

static norm describe(const aus_lrp_node *n, const aus_visit *v)
{
  const aus_call *c = v->call;
  const aus_shape *s = &c->in[0].shape;
  norm m = { .v = v, .spec = &n->spec, .x = c->in[0].data, .y = c->out[0].data, .r = v->diff_dst[0], .out = v->diff_src[0], .eps = c->attr[c->op == AUS_OP_instance_norm ? 0 : 1].f,
             .scale = c->n_in > 1 ? c->in[1].data : NULL, .shift = c->n_in > 2 ? c->in[2].data : NULL };
  const int64_t space = aus_shape_count_range(s, 2, s->rank);
  if (c->op == AUS_OP_layer_norm) {
    const int32_t axis = c->attr[0].i < 0 ? c->attr[0].i + s->rank : c->attr[0].i;
    m.n = m.period = aus_shape_count_range(s, axis, s->rank);
    m.inner = 1;
  } else {
    m.n = c->op == AUS_OP_instance_norm ? space : space * s->dim[1] / c->attr[0].i;
    m.inner = space;
    m.period = s->dim[1];
  }
  return m;
}

static double deviation(const norm *m, const float *x)
{
  const struct aus_vec_kernels *vec = &m->v->call->ctx->kernels->vec;
  const double mean = vec->sum(m->n, x) / (double)m->n;
  return sqrt(vec->sum_square(m->n, x, (float)mean) / (double)m->n + (double)m->eps);
}

static double factor(const norm *m, int64_t e) { return m->scale ? (double)m->scale[e / m->inner % m->period] : 1; }

static void run_block(const norm *m, int64_t block)
{
  const int64_t at = block * m->n;
  const double std = deviation(m, m->x + at), sign = m->spec->norm_scale ? 0 : 1;
  double eps = m->spec->eps, mean = 0, bias = 0, left = 0;
  if (sign == 0) eps *= sqrt(m->v->call->ctx->kernels->vec.sum_square(m->n, m->y + at, 0) / (double)m->n);
  for (int64_t e = at; e < at + m->n; e++) {
    const double below = aus_lrp_stabilise(m->spec->stab, eps, m->y[e]), s = below == 0 ? 0 : (double)m->r[e] / below, g = factor(m, e) / std * s;
    if (m->shift) bias += s * (double)m->shift[e / m->inner % m->period];
    left += (double)m->r[e] - s * (double)m->y[e];
    m->out[e] = (float)g;
    mean += g;
  }
  mean /= (double)m->n;
  for (int64_t e = at; e < at + m->n; e++) m->out[e] = (float)((double)m->x[e] * ((double)m->out[e] - mean));
  m->bias[block] = bias;
  m->left[block] = left;
}

static void run_blocks(void *arg, int64_t begin, int64_t end, int worker)
{
  (void)worker;
  for (int64_t i = begin; i < end; i++) run_block(arg, i);
}

static size_t scratch_size(const aus_rule *rule, const aus_visit *v)
{
  const norm m = describe(aus_lrp_node_of(rule), v);
  return (size_t)(aus_lrp_count(&v->call->in[0]) / m.n) * 2 * sizeof(double);
}

static void apply(const aus_rule *rule, const aus_visit *v)
{
  aus_lrp_node *n = aus_lrp_node_of(rule);
  const int64_t count = aus_lrp_count(&v->call->in[0]);
  norm m = describe(n, v);
  if (!m.out) return;
  if (!m.r) { memset(m.out, 0, (size_t)count * sizeof *m.out); return; }
  const int64_t blocks = count / m.n;
  m.bias = v->scratch;
  m.left = m.bias + blocks;
  aus_parallel_for(v->call->ctx, blocks, 1 + 4096 / m.n, run_blocks, &m);
  for (int64_t i = 0; i < blocks; i++) {
    n->entry.bias += m.bias[i];
    n->entry.stabiliser += m.left[i];
  }
}

void aus_lrp_attach_normalise(aus_lrp_node *n)
{
  n->apply = apply;
  n->rule.scratch_size = scratch_size;
}
