/* pool.c - maximum and average over windows, fixed or adaptive, on [mb, c, h, w] and [mb, c, w].
 *
 * A result row is made in two passes: the rows of its window are combined into one row of input width (plain
 * vector work over contiguous memory), then the columns of each window are combined from that row. The second pass reads
 * kw values a result instead of kh * kw. */
#include "nn/ops/pool.h"

#include <math.h>

static bool positive(int32_t x) { return x >= 1; }

static aus_status size_axis(const aus_call *call, aus_pool_axis *a, bool ceil_mode)
{
  const int64_t reach = a->dilation * (a->kernel - 1) + 1, room = a->in + a->before + a->after - reach;
  if (!positive((int32_t)a->kernel) || !positive((int32_t)a->stride) || !positive((int32_t)a->dilation) || a->before < 0 || a->after < 0 ||
      a->before >= reach || a->after >= reach)
    return aus_fail(call->ctx, AUS_EFORMAT, "a window of %lld with stride %lld, dilation %lld and padding %lld, %lld", (long long)a->kernel,
                    (long long)a->stride, (long long)a->dilation, (long long)a->before, (long long)a->after);
  if (room < 0) return aus_fail(call->ctx, AUS_EFORMAT, "a window that reaches over %lld values is larger than the padded input of %lld", (long long)reach, (long long)(room + reach));
  a->out = (ceil_mode ? room + a->stride - 1 : room) / a->stride + 1;
  if (ceil_mode && (a->out - 1) * a->stride >= a->in + a->before) a->out--; /* the last window must begin inside */
  return AUS_OK;
}

static aus_status check_rank(const aus_call *call)
{
  const int32_t rank = call->in[0].shape.rank;
  return rank == 3 || rank == 4 ? AUS_OK : aus_fail(call->ctx, AUS_EFORMAT, "needs [mb, c, h, w] or [mb, c, w], not rank %d", (int)rank);
}

static aus_pool describe(const aus_call *call)
{
  const aus_shape *s = &call->in[0].shape;
  const aus_word *a = call->attr;
  const bool is_max = call->op == AUS_OP_max_pool;
  aus_pool p = { .is_max = is_max, .count_pad = !is_max && a[9].i, .planes = s->dim[0] * s->dim[1] };
  const int32_t dh = is_max && a[9].i ? a[9].i : 1, dw = is_max && a[10].i ? a[10].i : 1;
  p.h = (aus_pool_axis){ s->rank == 4 ? s->dim[2] : 1, 0, a[0].i, a[2].i, a[4].i, a[6].i, dh };
  p.w = (aus_pool_axis){ s->dim[s->rank - 1], 0, a[1].i, a[3].i, a[5].i, a[7].i, dw };
  if (s->rank == 3) p.h = (aus_pool_axis){ 1, 1, 1, 1, 0, 0, 1 };
  return p;
}

aus_status aus_pool_describe(const aus_call *call, aus_pool *p)
{
  *p = describe(call);
  AUS_TRY(size_axis(call, &p->h, call->attr[8].i != 0));
  return size_axis(call, &p->w, call->attr[8].i != 0);
}

static aus_status shape(aus_call *call)
{
  aus_pool p;
  AUS_TRY(check_rank(call));
  AUS_TRY(aus_pool_describe(call, &p));
  aus_shape out = call->in[0].shape;
  if (out.rank == 4) out.dim[2] = p.h.out;
  out.dim[out.rank - 1] = p.w.out;
  call->out[0].shape = out;
  return AUS_OK;
}

aus_pool_window aus_pool_window_at(const aus_pool_axis *a, int64_t o)
{
  const int64_t start = o * a->stride - a->before;
  int64_t from = start, stop = start + a->dilation * (a->kernel - 1) + 1;
  const int64_t edge = a->in + a->after;
  aus_pool_window win = { .padded = (stop < edge ? stop : edge) - start };
  if (from < 0) from += (-from + a->dilation - 1) / a->dilation * a->dilation;
  if (stop > a->in) stop = a->in;
  win.from = from;
  win.to = stop;
  return win;
}

int64_t aus_pool_taps(const aus_pool_window *w, int64_t dilation) { return w->to > w->from ? (w->to - w->from + dilation - 1) / dilation : 0; }

/* row[w] = combination of the window's rows of one plane. Returns the row to read: with one row, that itself. */
static const float *combine_rows(aus_vec_binary combine, const float *plane, int64_t width, const aus_pool_window *win, int64_t dilation, float *row)
{
  const float *first = plane + win->from * width;
  if (win->from + dilation >= win->to) return first;
  for (int64_t y = win->from + dilation; y < win->to; y += dilation) {
    const float *a = y == win->from + dilation ? first : row;
    combine(width, a, plane + y * width, row);
  }
  return row;
}

static void combine_columns(const aus_pool *p, const float *row, int64_t rows, int64_t padded_rows, float *dst)
{
  const aus_pool_axis *a = &p->w;
  for (int64_t o = 0; o < a->out; o++) {
    const aus_pool_window win = aus_pool_window_at(a, o);
    if (p->is_max) {
      float m = -INFINITY;
      for (int64_t x = win.from; x < win.to; x += a->dilation) m = row[x] > m ? row[x] : m;
      dst[o] = m;
    } else {
      float sum = 0;
      for (int64_t x = win.from; x < win.to; x++) sum += row[x];
      const int64_t n = p->count_pad ? win.padded * padded_rows : aus_pool_taps(&win, 1) * rows;
      dst[o] = n > 0 ? sum / (float)n : 0;
    }
  }
}

/* The common case of no padding and no dilation: no window needs clipping. */
static void combine_plain(const aus_pool *p, const float *row, float scale, float *dst)
{
  const int64_t k = p->w.kernel, stride = p->w.stride;
  for (int64_t o = 0; o < p->w.out; o++) {
    const float *x = row + o * stride;
    float v = x[0];
    if (p->is_max) for (int64_t i = 1; i < k; i++) v = x[i] > v ? x[i] : v;
    else for (int64_t i = 1; i < k; i++) v += x[i];
    dst[o] = p->is_max ? v : v * scale;
  }
}

typedef struct job { aus_pool p; aus_vec_binary combine; const float *src; float *dst, *rows; bool plain; } job;

/* Units are result rows of all planes. */
static void run_rows(void *arg, int64_t begin, int64_t end, int worker)
{
  const job *j = arg;
  const aus_pool *p = &j->p;
  float *buffer = j->rows + worker * ((p->w.in + 15) / 16 * 16);
  for (int64_t u = begin; u < end; u++) {
    const aus_pool_window win = aus_pool_window_at(&p->h, u % p->h.out);
    const int64_t n = aus_pool_taps(&win, p->h.dilation);
    float *dst = j->dst + u * p->w.out;
    if (n == 0) { /* a window of padding alone */
      for (int64_t o = 0; o < p->w.out; o++) dst[o] = p->is_max ? -INFINITY : 0;
      continue;
    }
    const float *row = combine_rows(j->combine, j->src + u / p->h.out * p->h.in * p->w.in, p->w.in, &win, p->h.dilation, buffer);
    if (j->plain) combine_plain(p, row, 1 / (float)((p->count_pad ? win.padded : n) * p->w.kernel), dst);
    else combine_columns(p, row, n, win.padded, dst);
  }
}

static size_t scratch_size(const aus_call *call)
{
  const aus_shape *s = &call->in[0].shape;
  return (size_t)call->ctx->threads * sizeof(float) * (size_t)((s->dim[s->rank - 1] + 15) / 16 * 16);
}

static void forward(const aus_call *call)
{
  job j = { .src = call->in[0].data, .dst = call->out[0].data, .rows = call->scratch };
  if (aus_pool_describe(call, &j.p) != AUS_OK) return; /* cannot be: shape has passed */
  const aus_pool_axis *w = &j.p.w;
  j.combine = j.p.is_max ? call->ctx->kernels->vec.max : call->ctx->kernels->vec.add;
  j.plain = w->before == 0 && w->dilation == 1 && (w->out - 1) * w->stride + w->kernel <= w->in;
  const int64_t work = w->in * j.p.h.kernel + w->out * w->kernel;
  aus_parallel_for(call->ctx, j.p.planes * j.p.h.out, work < AUS_BLOCK ? AUS_BLOCK / work : 1, run_rows, &j);
}

const aus_op_impl aus_op_impl_max_pool = { .shape = shape, .scratch_size = scratch_size, .forward = forward,
                                           .backward_scratch = aus_pool_backward_scratch, .backward = aus_pool_backward };
const aus_op_impl aus_op_impl_avg_pool = { .shape = shape, .scratch_size = scratch_size, .forward = forward,
                                           .backward_scratch = aus_pool_backward_scratch, .backward = aus_pool_backward };

/* ---- adaptive: bin o covers floor(o n / N) to ceil((o + 1) n / N) ---------------------------- */

static aus_status shape_adaptive(aus_call *call)
{
  AUS_TRY(check_rank(call));
  aus_shape out = call->in[0].shape;
  if (!positive(call->attr[1].i) || (out.rank == 4 && !positive(call->attr[0].i)))
    return aus_fail(call->ctx, AUS_EFORMAT, "an output of %d x %d", (int)call->attr[0].i, (int)call->attr[1].i);
  if (out.rank == 4) out.dim[2] = call->attr[0].i;
  out.dim[out.rank - 1] = call->attr[1].i;
  call->out[0].shape = out;
  return AUS_OK;
}

typedef struct bins { const float *src; float *dst; int64_t ih, iw, oh, ow; bool is_max; } bins;

static float one_bin(const bins *j, const float *plane, int64_t y, int64_t x)
{
  const int64_t y0 = y * j->ih / j->oh, y1 = ((y + 1) * j->ih + j->oh - 1) / j->oh;
  const int64_t x0 = x * j->iw / j->ow, x1 = ((x + 1) * j->iw + j->ow - 1) / j->ow;
  float most = -INFINITY;
  double sum = 0;
  for (int64_t r = y0; r < y1; r++)
    for (int64_t c = x0; c < x1; c++) {
      const float v = plane[r * j->iw + c];
      most = v > most ? v : most;
      sum += (double)v;
    }
  return j->is_max ? most : (float)(sum / (double)((y1 - y0) * (x1 - x0)));
}

static void run_bins(void *arg, int64_t begin, int64_t end, int worker)
{
  const bins *j = arg;
  (void)worker;
  for (int64_t u = begin; u < end; u++)
    for (int64_t x = 0; x < j->ow; x++) j->dst[u * j->ow + x] = one_bin(j, j->src + u / j->oh * j->ih * j->iw, u % j->oh, x);
}

static void forward_adaptive(const aus_call *call)
{
  const aus_shape *s = &call->in[0].shape, *out = &call->out[0].shape;
  const bool flat = s->rank == 3;
  bins j = { call->in[0].data, call->out[0].data, flat ? 1 : s->dim[2], s->dim[s->rank - 1], flat ? 1 : out->dim[2], out->dim[out->rank - 1],
             call->op == AUS_OP_adaptive_max_pool };
  const int64_t work = j.ih * j.iw / j.oh + 1;
  aus_parallel_for(call->ctx, s->dim[0] * s->dim[1] * j.oh, work < AUS_BLOCK ? AUS_BLOCK / work : 1, run_bins, &j);
}

const aus_op_impl aus_op_impl_adaptive_avg_pool = { .shape = shape_adaptive, .forward = forward_adaptive, .backward = aus_adaptive_pool_backward };
const aus_op_impl aus_op_impl_adaptive_max_pool = { .shape = shape_adaptive, .forward = forward_adaptive, .backward = aus_adaptive_pool_backward };
