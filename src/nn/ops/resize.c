/* resize.c - another size for the last one or two axes: nearest, linear or cubic, with ONNX's coordinate rules.
 *
 * Both axes are interpolated apart: each result index has up to four source indices and weights, listed once in
 * scratch; a result row is a combination of source rows (vector work), then of columns of that row. Beyond the edge
 * the edge value counts. Back, the same weights the other way: a row of the diff is spread over the columns it was mixed
 * from, then over the rows; one thread has a whole plane, in the order of its rows. */
#include "nn/ops/common.h"

#include <math.h>
#include <string.h>

enum { NEAREST, LINEAR, CUBIC };
enum { HALF_PIXEL, ALIGN_CORNERS, ASYMMETRIC, PYTORCH_HALF_PIXEL };
enum { PREFER_FLOOR, PREFER_CEIL, FLOOR, CEIL };

typedef struct tap { int32_t at[4]; float weight[4]; } tap;
typedef struct job { const aus_call *call; int64_t ih, iw, oh, ow; int32_t taps; tap *row, *column; float *buffer; } job;

static aus_status shape(aus_call *call)
{
  aus_shape out = call->in[0].shape;
  const aus_word *a = call->attr;
  if (out.rank < 3 || out.rank > 4) return aus_fail(call->ctx, AUS_EFORMAT, "needs [mb, c, h, w] or [mb, c, w], not rank %d", (int)out.rank);
  if (a[0].i < NEAREST || a[0].i > CUBIC || a[1].i < HALF_PIXEL || a[1].i > PYTORCH_HALF_PIXEL || a[2].i < PREFER_FLOOR || a[2].i > CEIL)
    return aus_fail(call->ctx, AUS_EFORMAT, "mode %d, coordinates %d, rounding %d: not known", (int)a[0].i, (int)a[1].i, (int)a[2].i);
  if (!(isfinite(a[5].f) && isfinite(a[6].f) && isfinite(a[7].f)) || a[5].f < 0 || a[6].f < 0) return aus_fail(call->ctx, AUS_EFORMAT, "the scales are not valid");
  if (a[4].i < 1 || (out.rank == 4 && a[3].i < 1)) return aus_fail(call->ctx, AUS_EFORMAT, "a result of %d x %d", (int)a[3].i, (int)a[4].i);
  if (out.rank == 4) out.dim[2] = a[3].i;
  out.dim[out.rank - 1] = a[4].i;
  call->out[0].shape = out;
  return AUS_OK;
}

/* Place of result index o on the source axis of n; scale 0: out / n. */
static double source_place(int64_t o, int64_t n, int64_t out, double scale, int32_t rule)
{
  const double s = scale > 0 ? scale : (double)out / (double)n, x = (double)o;
  switch (rule) {
  case ALIGN_CORNERS: return out > 1 ? x * (double)(n - 1) / (double)(out - 1) : 0;
  case ASYMMETRIC: return x / s;
  case PYTORCH_HALF_PIXEL: return out > 1 ? (x + 0.5) / s - 0.5 : 0;
  default: return (x + 0.5) / s - 0.5;
  }
}

static int32_t clip_index(double x, int64_t n) { return x < 0 ? 0 : x > (double)(n - 1) ? (int32_t)(n - 1) : (int32_t)x; }

static double nearest(double x, int32_t rule)
{
  switch (rule) {
  case PREFER_CEIL: return floor(x + 0.5);
  case FLOOR: return floor(x);
  case CEIL: return ceil(x);
  default: return ceil(x - 0.5);
  }
}

/* Keys' cubic kernel at distances 1 + t, t, 1 - t, 2 - t [Keys81]. */
static void cubic_weights(double t, double a, float w[4])
{
  const double x0 = t + 1, x3 = 2 - t, u = 1 - t;
  w[0] = (float)(((a * x0 - 5 * a) * x0 + 8 * a) * x0 - 4 * a);
  w[1] = (float)(((a + 2) * t - (a + 3)) * t * t + 1);
  w[2] = (float)(((a + 2) * u - (a + 3)) * u * u + 1);
  w[3] = (float)(((a * x3 - 5 * a) * x3 + 8 * a) * x3 - 4 * a);
}

static int32_t tap_count(int32_t mode) { return mode == NEAREST ? 1 : mode == LINEAR ? 2 : 4; }

static void fill_taps(const aus_call *call, int64_t n, int64_t out, float scale, tap *t)
{
  const int32_t mode = call->attr[0].i;
  for (int64_t o = 0; o < out; o++) {
    const double x = source_place(o, n, out, (double)scale, call->attr[1].i), base = floor(x);
    t[o] = (tap){ .weight = { 1 } };
    if (mode == NEAREST) { t[o].at[0] = clip_index(nearest(x, call->attr[2].i), n); continue; }
    for (int k = 0; k < tap_count(mode); k++) t[o].at[k] = clip_index(base + k - (mode == CUBIC), n);
    if (mode == CUBIC) { cubic_weights(x - base, (double)call->attr[7].f, t[o].weight); continue; }
    t[o].weight[0] = (float)(1 - (x - base));
    t[o].weight[1] = (float)(x - base);
  }
}

/* row[x] = sum of the tap's source rows. */
static const float *mix_rows(const job *j, const float *plane, const tap *t, float *row)
{
  const float *first = plane + t->at[0] * j->iw;
  if (j->taps == 1 || j->ih == 1) return first;
  const struct aus_vec_kernels *vec = &j->call->ctx->kernels->vec;
  vec->mul_s(j->iw, first, t->weight[0], row);
  for (int k = 1; k < j->taps; k++) vec->axpy(j->iw, t->weight[k], plane + t->at[k] * j->iw, row);
  return row;
}

static void run_rows(void *arg, int64_t begin, int64_t end, int worker)
{
  const job *j = arg;
  float *buffer = j->buffer + worker * ((j->iw + 15) / 16 * 16);
  for (int64_t u = begin; u < end; u++) {
    const float *row = mix_rows(j, j->call->in[0].data + u / j->oh * j->ih * j->iw, &j->row[u % j->oh], buffer);
    float *dst = j->call->out[0].data + u * j->ow;
    for (int64_t x = 0; x < j->ow; x++) {
      const tap *t = &j->column[x];
      float v = t->weight[0] * row[t->at[0]];
      for (int k = 1; k < j->taps; k++) v += t->weight[k] * row[t->at[k]];
      dst[x] = v;
    }
  }
}

static size_t round64(size_t n) { return (n + 63) / 64 * 64; }

static size_t scratch_size(const aus_call *call)
{
  const aus_shape *s = &call->in[0].shape, *out = &call->out[0].shape;
  const size_t oh = out->rank == 4 ? (size_t)out->dim[2] : 1;
  return round64(oh * sizeof(tap)) + round64((size_t)out->dim[out->rank - 1] * sizeof(tap)) +
         (size_t)call->ctx->threads * round64((size_t)s->dim[s->rank - 1] * sizeof(float));
}

/* scratch: the two lists of taps, then a row of the source for each worker */
static job place(const aus_call *call, void *scratch)
{
  const aus_shape *s = &call->in[0].shape, *out = &call->out[0].shape;
  const bool flat = s->rank == 3;
  job j = { call, flat ? 1 : s->dim[2], s->dim[s->rank - 1], flat ? 1 : out->dim[2], out->dim[out->rank - 1], tap_count(call->attr[0].i), NULL, NULL, NULL };
  unsigned char *at = scratch;
  j.row = (tap *)(void *)at;
  at += round64((size_t)j.oh * sizeof(tap));
  j.column = (tap *)(void *)at;
  at += round64((size_t)j.ow * sizeof(tap));
  j.buffer = (float *)(void *)at;
  fill_taps(call, j.ih, j.oh, flat ? 1 : call->attr[5].f, j.row);
  fill_taps(call, j.iw, j.ow, call->attr[6].f, j.column);
  return j;
}

static void forward(const aus_call *call)
{
  const aus_shape *s = &call->in[0].shape;
  job j = place(call, call->scratch);
  const int64_t work = (j.ow + j.iw) * j.taps;
  aus_parallel_for(call->ctx, s->dim[0] * s->dim[1] * j.oh, work < AUS_BLOCK ? AUS_BLOCK / work : 1, run_rows, &j);
}

typedef struct back { job j; const float *diff_dst; float *diff_src; } back;

static void plane_back(const job *j, const float *diff, float *row, float *plane)
{
  const struct aus_vec_kernels *vec = &j->call->ctx->kernels->vec;
  memset(plane, 0, (size_t)(j->ih * j->iw) * sizeof *plane);
  for (int64_t o = 0; o < j->oh; o++, diff += j->ow) {
    const tap *t = &j->row[o];
    memset(row, 0, (size_t)j->iw * sizeof *row);
    for (int64_t x = 0; x < j->ow; x++)
      for (int k = 0; k < j->taps; k++) row[j->column[x].at[k]] += j->column[x].weight[k] * diff[x];
    if (j->taps == 1 || j->ih == 1) vec->add(j->iw, row, plane + t->at[0] * j->iw, plane + t->at[0] * j->iw);
    else for (int k = 0; k < j->taps; k++) vec->axpy(j->iw, t->weight[k], row, plane + t->at[k] * j->iw);
  }
}

static void back_planes(void *arg, int64_t begin, int64_t end, int worker)
{
  const back *b = arg;
  float *row = b->j.buffer + worker * ((b->j.iw + 15) / 16 * 16);
  for (int64_t p = begin; p < end; p++) plane_back(&b->j, b->diff_dst + p * b->j.oh * b->j.ow, row, b->diff_src + p * b->j.ih * b->j.iw);
}

static size_t backward_scratch(const aus_back *b) { return b->diff_src[0] ? scratch_size(b->call) : 0; }

static void backward(const aus_back *b)
{
  const aus_shape *s = &b->call->in[0].shape;
  if (!b->diff_src[0]) return;
  back all = { place(b->call, b->scratch), b->diff_dst[0], b->diff_src[0] };
  const int64_t work = (all.j.ow + 2 * all.j.iw) * all.j.taps * all.j.oh;
  aus_parallel_for(b->call->ctx, s->dim[0] * s->dim[1], work < AUS_BLOCK ? AUS_BLOCK / work : 1, back_planes, &all);
}

const aus_op_impl aus_op_impl_resize = { .shape = shape, .scratch_size = scratch_size, .forward = forward, .backward_scratch = backward_scratch, .backward = backward };
