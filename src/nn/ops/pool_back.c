/* pool_back.c - the way back through pooling.
 *
 *   maximum  diff_src of a window's largest value += diff_dst; among equal ones the first in scan order (rows, then
 *            columns), as torch has it. A NaN is the largest.
 *   average  diff_src of each value of a window += diff_dst / (values counted)
 *
 * One task has whole planes and writes each from its results in order, so threads change nothing. The average spreads over
 * the columns of one row first, and that row is then added to each row of the window. */
#include "nn/ops/pool.h"

#include <math.h>
#include <string.h>

typedef struct job { aus_pool p; const struct aus_vec_kernels *vec; const float *src, *diff_dst; float *diff_src, *rows; } job;

/* Where the largest value of the rows and columns lies; any of them may be NaN. */
static int64_t largest(const float *plane, int64_t width, const aus_pool_window *y, int64_t step_y, const aus_pool_window *x, int64_t step_x)
{
  int64_t at = y->from * width + x->from;
  for (int64_t r = y->from; r < y->to; r += step_y)
    for (int64_t c = x->from; c < x->to; c += step_x)
      if (plane[r * width + c] > plane[at] || isnan(plane[r * width + c])) at = r * width + c;
  return at;
}

/* The same without NaN, dilation and branches. */
static int64_t largest_plain(const float *first, int64_t width, int64_t rows, int64_t columns)
{
  float most = first[0];
  int64_t at = 0;
  for (int64_t r = 0; r < rows; r++)
    for (int64_t c = 0; c < columns; c++) {
      const float v = first[r * width + c];
      at = v > most ? r * width + c : at;
      most = v > most ? v : most;
    }
  return at;
}

/* d or 0, without a branch: which of four values is the largest nobody can foresee. */
static float gate(float d, bool open)
{
  union { float f; uint32_t u; } x = { d };
  x.u &= 0u - (uint32_t)open;
  return x.f;
}

/* 2 x 2 windows side by side, the common case: every value belongs to one window at most. No NaN. */
static void max_plane_2x2(const aus_pool *p, const float *src, const float *diff_dst, float *diff_src)
{
  const int64_t w = p->w.in;
  for (int64_t o = 0; o < p->h.out; o++, diff_dst += p->w.out) {
    const float *a = src + 2 * o * w, *b = a + w;
    float *da = diff_src + 2 * o * w, *db = da + w;
    for (int64_t i = 0; i < p->w.out; i++) {
      const float v0 = a[2 * i], v1 = a[2 * i + 1], v2 = b[2 * i], v3 = b[2 * i + 1], d = diff_dst[i];
      const bool right = v1 > v0, low_right = v3 > v2, low = (v3 > v2 ? v3 : v2) > (v1 > v0 ? v1 : v0);
      const float up = gate(d, !low), down = gate(d, low);
      da[2 * i] = gate(up, !right);
      da[2 * i + 1] = gate(up, right);
      db[2 * i] = gate(down, !low_right);
      db[2 * i + 1] = gate(down, low_right);
    }
    for (int64_t x = 2 * p->w.out; x < w; x++) da[x] = db[x] = 0;
  }
  memset(diff_src + 2 * p->h.out * w, 0, (size_t)((p->h.in - 2 * p->h.out) * w) * sizeof *diff_src);
}

static bool side_by_side(const aus_pool_axis *a) { return a->kernel == 2 && a->stride == 2 && a->dilation == 1 && !a->before && 2 * a->out <= a->in; }

static void max_plane(const job *j, const float *src, const float *diff_dst, float *diff_src)
{
  const aus_pool *p = &j->p;
  const bool orderly = !isnan(j->vec->sum(p->h.in * p->w.in, src)) && p->h.dilation == 1 && p->w.dilation == 1;
  if (orderly && side_by_side(&p->h) && side_by_side(&p->w)) { max_plane_2x2(p, src, diff_dst, diff_src); return; }
  memset(diff_src, 0, (size_t)(p->h.in * p->w.in) * sizeof *diff_src);
  for (int64_t o = 0; o < p->h.out; o++) {
    const aus_pool_window y = aus_pool_window_at(&p->h, o);
    for (int64_t i = 0; i < p->w.out; i++) {
      const int64_t start = i * p->w.stride - p->w.before;
      if (orderly && y.from < y.to && start >= 0 && start + p->w.kernel <= p->w.in) { /* not cut off at the sides */
        const int64_t first = y.from * p->w.in + start;
        diff_src[first + largest_plain(src + first, p->w.in, y.to - y.from, p->w.kernel)] += diff_dst[o * p->w.out + i];
        continue;
      }
      const aus_pool_window x = aus_pool_window_at(&p->w, i);
      if (y.from < y.to && x.from < x.to) diff_src[largest(src, p->w.in, &y, p->h.dilation, &x, p->w.dilation)] += diff_dst[o * p->w.out + i];
    }
  }
}

static void average_plane(const job *j, const float *diff_dst, float *diff_src, float *row)
{
  const aus_pool *p = &j->p;
  memset(diff_src, 0, (size_t)(p->h.in * p->w.in) * sizeof *diff_src);
  for (int64_t o = 0; o < p->h.out; o++, diff_dst += p->w.out) {
    const aus_pool_window y = aus_pool_window_at(&p->h, o);
    const int64_t n_rows = aus_pool_taps(&y, 1);
    memset(row, 0, (size_t)p->w.in * sizeof *row);
    for (int64_t i = 0; i < p->w.out; i++) {
      const aus_pool_window x = aus_pool_window_at(&p->w, i);
      const int64_t n = p->count_pad ? x.padded * y.padded : aus_pool_taps(&x, 1) * n_rows;
      const float d = n > 0 ? diff_dst[i] / (float)n : 0;
      for (int64_t c = x.from; c < x.to; c++) row[c] += d;
    }
    for (int64_t r = y.from; r < y.to; r++) j->vec->add(p->w.in, diff_src + r * p->w.in, row, diff_src + r * p->w.in);
  }
}

static void run_planes(void *arg, int64_t begin, int64_t end, int worker)
{
  const job *j = arg;
  const int64_t in = j->p.h.in * j->p.w.in, out = j->p.h.out * j->p.w.out;
  for (int64_t u = begin; u < end; u++) {
    if (j->p.is_max) max_plane(j, j->src + u * in, j->diff_dst + u * out, j->diff_src + u * in);
    else average_plane(j, j->diff_dst + u * out, j->diff_src + u * in, j->rows + worker * ((j->p.w.in + 15) / 16 * 16));
  }
}

size_t aus_pool_backward_scratch(const aus_back *back)
{
  const aus_shape *s = &back->call->in[0].shape;
  return (size_t)back->call->ctx->threads * sizeof(float) * (size_t)((s->dim[s->rank - 1] + 15) / 16 * 16);
}

void aus_pool_backward(const aus_back *back)
{
  const aus_call *call = back->call;
  job j = { .vec = &call->ctx->kernels->vec, .src = call->in[0].data, .diff_dst = back->diff_dst[0], .diff_src = back->diff_src[0], .rows = back->scratch };
  if (!j.diff_src || aus_pool_describe(call, &j.p) != AUS_OK) return;
  const int64_t work = j.p.h.in * j.p.w.in + j.p.h.out * j.p.w.out * j.p.h.kernel * j.p.w.kernel;
  aus_parallel_for(call->ctx, j.p.planes, work < AUS_BLOCK ? AUS_BLOCK / work : 1, run_planes, &j);
}

/* ---- adaptive ------------------------------------------------------------------------------------------------ */

static aus_pool_window bin_at(int64_t o, int64_t in, int64_t out) { return (aus_pool_window){ o * in / out, ((o + 1) * in + out - 1) / out, 0 }; }

static void adaptive_planes(void *arg, int64_t begin, int64_t end, int worker)
{
  const job *j = arg;
  const aus_pool_axis *h = &j->p.h, *w = &j->p.w;
  (void)worker;
  for (int64_t u = begin; u < end; u++) {
    const float *src = j->src + u * h->in * w->in, *d = j->diff_dst + u * h->out * w->out;
    float *to = j->diff_src + u * h->in * w->in;
    memset(to, 0, (size_t)(h->in * w->in) * sizeof *to);
    for (int64_t i = 0; i < h->out * w->out; i++) {
      const aus_pool_window y = bin_at(i / w->out, h->in, h->out), x = bin_at(i % w->out, w->in, w->out);
      if (j->p.is_max) { to[largest(src, w->in, &y, 1, &x, 1)] += d[i]; continue; }
      const float share = (float)((double)d[i] / (double)((y.to - y.from) * (x.to - x.from)));
      for (int64_t r = y.from; r < y.to; r++)
        for (int64_t c = x.from; c < x.to; c++) to[r * w->in + c] += share;
    }
  }
}

void aus_adaptive_pool_backward(const aus_back *back)
{
  const aus_call *call = back->call;
  const aus_shape *s = &call->in[0].shape, *d = &call->out[0].shape;
  const bool flat = s->rank == 3;
  job j = { .src = call->in[0].data, .diff_dst = back->diff_dst[0], .diff_src = back->diff_src[0] };
  if (!j.diff_src) return;
  j.p = (aus_pool){ .h = { .in = flat ? 1 : s->dim[2], .out = flat ? 1 : d->dim[2] }, .w = { .in = s->dim[s->rank - 1], .out = d->dim[d->rank - 1] },
                    .is_max = call->op == AUS_OP_adaptive_max_pool, .planes = s->dim[0] * s->dim[1] };
  const int64_t work = j.p.h.in * j.p.w.in + j.p.h.out * j.p.w.out;
  aus_parallel_for(call->ctx, j.p.planes, work < AUS_BLOCK ? AUS_BLOCK / work : 1, adaptive_planes, &j);
}
