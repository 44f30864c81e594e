/* lrp_split.c - max pooling where ties share: each of the m largest values of a window gets R / m (LRP toolbox).
 *
 * The other convention, the first of them takes all, is the op's own backward. Windows are looked at one after another
 * within a plane, so what overlapping windows give is added in a fixed order; planes run in parallel. */
#include "attrib/lrp_node.h"

#include <string.h>

typedef struct axis { int64_t in, out, kernel, stride, pad, dilation; bool adaptive; } axis;
typedef struct split { axis h, w; const float *x, *y, *r; float *out; } split;

static axis make_axis(const aus_call *c, int which, int64_t in, int64_t out)
{
  const aus_word *a = c->attr;
  if (c->op == AUS_OP_adaptive_max_pool) return (axis){ in, out, 0, 0, 0, 1, true };
  return (axis){ in, out, a[which].i, a[2 + which].i, a[4 + which].i, a[9 + which].i ? a[9 + which].i : 1, false };
}

static split describe(const aus_visit *v)
{
  const aus_call *c = v->call;
  const aus_shape *in = &c->in[0].shape, *out = &c->out[0].shape;
  split s = { .x = c->in[0].data, .y = c->out[0].data, .r = v->diff_dst[0], .out = v->diff_src[0] };
  s.h = in->rank == 4 ? make_axis(c, 0, in->dim[2], out->dim[2]) : (axis){ 1, 1, 1, 1, 0, 1, false };
  s.w = make_axis(c, 1, in->dim[in->rank - 1], out->dim[in->rank - 1]);
  return s;
}

/* [from, to) of result o, in steps of the dilation. */
static void window(const axis *a, int64_t o, int64_t *from, int64_t *to)
{
  if (a->adaptive) {
    *from = o * a->in / a->out;
    *to = ((o + 1) * a->in + a->out - 1) / a->out;
    return;
  }
  *from = o * a->stride - a->pad;
  *to = *from + a->dilation * (a->kernel - 1) + 1;
  if (*from < 0) *from += (-*from + a->dilation - 1) / a->dilation * a->dilation;
  if (*to > a->in) *to = a->in;
}

/* Counts the winners of a window, or gives each its share. */
static int64_t winners(const split *s, const float *x, const int64_t box[4], float top, float share, float *out)
{
  int64_t n = 0;
  for (int64_t i = box[0]; i < box[1]; i += s->h.dilation)
    for (int64_t j = box[2]; j < box[3]; j += s->w.dilation)
      if (x[i * s->w.in + j] == top) {
        n++;
        if (out) out[i * s->w.in + j] += share;
      }
  return n;
}

static void planes(void *arg, int64_t begin, int64_t end, int worker)
{
  const split *s = arg;
  (void)worker;
  for (int64_t p = begin; p < end; p++) {
    const float *x = s->x + p * s->h.in * s->w.in;
    float *out = s->out + p * s->h.in * s->w.in;
    memset(out, 0, (size_t)(s->h.in * s->w.in) * sizeof *out);
    for (int64_t o = 0; o < s->h.out * s->w.out; o++) {
      const int64_t at = p * s->h.out * s->w.out + o;
      int64_t box[4];
      window(&s->h, o / s->w.out, &box[0], &box[1]);
      window(&s->w, o % s->w.out, &box[2], &box[3]);
      const int64_t n = winners(s, x, box, s->y[at], 0, NULL);
      if (n) winners(s, x, box, s->y[at], s->r[at] / (float)n, out);
    }
  }
}

static void apply(const aus_rule *rule, const aus_visit *v)
{
  split s = describe(v);
  const aus_shape *in = &v->call->in[0].shape;
  (void)rule;
  if (!s.out) return;
  if (!s.r) { memset(s.out, 0, (size_t)aus_shape_count(in) * sizeof *s.out); return; }
  aus_parallel_for(v->call->ctx, in->dim[0] * in->dim[1], 1, planes, &s);
}

void aus_lrp_attach_split(aus_lrp_node *n) { n->apply = apply; }
