/* norm_back.c - the way back through layer, instance and group normalisation.
 *
 *   x^ = (src - mean) / sigma, dst = scale x^ + shift over rows of n values; with g = scale diff_dst
 *   diff_src = (g - mean(g) - x^ mean(g x^)) / sigma,  diff_scale = sum diff_dst x^,  diff_shift = sum diff_dst
 *
 * The moments are taken again rather than kept. Sums over rows go by blocks of columns (layer norm: a scale per value) or
 * by channels, each in one order. */
#include "nn/ops/norm.h"

#include <math.h>
#include <string.h>

enum { STRETCH = 1024, COLUMNS = 256, ROWS = 32 };

typedef struct norm {
  const aus_back *back;
  const struct aus_vec_kernels *vec;
  const float *src, *scale, *diff_dst;
  int64_t rows, n, space, channels; /* space 0: scale is per value of a row */
  double epsilon;
  float *moments, *area;            /* [rows][2]: mean, 1 / sigma; 2 n floats per worker */
} norm;

static norm describe(const aus_back *back)
{
  const aus_call *call = back->call;
  const aus_shape *s = &call->in[0].shape;
  norm j = { .back = back, .vec = &call->ctx->kernels->vec, .src = call->in[0].data, .scale = call->in[1].data, .diff_dst = back->diff_dst[0] };
  if (call->op == AUS_OP_layer_norm) {
    j.n = aus_shape_count_range(s, call->attr[0].i < 0 ? call->attr[0].i + s->rank : call->attr[0].i, s->rank);
    j.epsilon = (double)call->attr[1].f;
  } else {
    j.space = aus_shape_count_range(s, 2, s->rank);
    j.channels = s->dim[1];
    j.n = call->op == AUS_OP_instance_norm ? j.space : j.channels / call->attr[0].i * j.space;
    j.epsilon = (double)call->attr[call->op == AUS_OP_instance_norm ? 0 : 1].f;
  }
  j.rows = aus_shape_count(s) / j.n;
  return j;
}

static size_t round_up(size_t floats) { return (floats + 15) / 16 * 16; }

size_t aus_norm_backward_scratch(const aus_back *back)
{
  const norm j = describe(back);
  return (round_up(2 * (size_t)j.rows) + (size_t)back->call->ctx->threads * 2 * round_up((size_t)j.n)) * sizeof(float);
}

/* ---- src ------------------------------------------------------------------------------------------------------ */

static void find_moments(const norm *j, int64_t r)
{
  const float *src = j->src + r * j->n, mean = (float)(j->vec->sum(j->n, src) / (double)j->n);
  j->moments[2 * r] = mean;
  j->moments[2 * r + 1] = (float)(1 / sqrt(j->vec->sum_square(j->n, src, mean) / (double)j->n + j->epsilon));
}

/* g = scale diff_dst */
static void weigh(const norm *j, int64_t r, float *g)
{
  const float *d = j->diff_dst + r * j->n;
  if (!j->scale) { memcpy(g, d, (size_t)j->n * sizeof *g); return; }
  if (!j->space) { j->vec->mul(j->n, d, j->scale, g); return; }
  for (int64_t i = 0; i < j->n; i += j->space) j->vec->mul_s(j->space, d + i, j->scale[(r * j->n + i) / j->space % j->channels], g + i);
}

static void back_row(const norm *j, int64_t r, float *g, float *x)
{
  const float mean = j->moments[2 * r], inverse = j->moments[2 * r + 1];
  float *diff = j->back->diff_src[0];
  weigh(j, r, g);
  j->vec->add_s(j->n, j->src + r * j->n, -mean, x);
  const double level = j->vec->sum(j->n, g) / (double)j->n, slope = j->vec->dot(j->n, g, x) * (double)inverse * (double)inverse / (double)j->n;
  j->vec->affine(j->n, x, (float)-slope, (float)-level, x);
  j->vec->add(j->n, x, g, x);
  j->vec->mul_s(j->n, x, inverse, diff + r * j->n);
}

static void back_rows(void *arg, int64_t begin, int64_t end, int worker)
{
  const norm *j = arg;
  const int64_t wide = (int64_t)round_up((size_t)j->n);
  float *g = j->area + worker * 2 * wide;
  for (int64_t r = begin; r < end; r++) {
    find_moments(j, r);
    if (j->back->diff_src[0]) back_row(j, r, g, g + wide);
  }
}

/* ---- scale and shift, one per value of a row ------------------------------------------------------------------ */

static void scale_columns(const norm *j, int64_t from, int64_t n)
{
  double total[COLUMNS] = { 0 };
  float part[COLUMNS], x[COLUMNS];
  for (int64_t r0 = 0; r0 < j->rows; r0 += ROWS) {
    memset(part, 0, sizeof part);
    for (int64_t r = r0; r < r0 + ROWS && r < j->rows; r++) {
      j->vec->add_s(n, j->src + r * j->n + from, -j->moments[2 * r], x);
      j->vec->mul_s(n, x, j->moments[2 * r + 1], x);
      j->vec->fma(n, x, j->diff_dst + r * j->n + from, part, part);
    }
    for (int64_t i = 0; i < n; i++) total[i] += (double)part[i];
  }
  for (int64_t i = 0; i < n; i++) j->back->diff_src[1][from + i] = (float)total[i];
}

static void scale_blocks(void *arg, int64_t begin, int64_t end, int worker)
{
  const norm *j = arg;
  (void)worker;
  for (int64_t u = begin; u < end; u++) scale_columns(j, u * COLUMNS, j->n - u * COLUMNS < COLUMNS ? j->n - u * COLUMNS : COLUMNS);
}

/* ---- and one per channel ------------------------------------------------------------------------------------------ */

static void back_channel(const norm *j, int64_t c)
{
  double scale = 0, shift = 0;
  float x[STRETCH];
  for (int64_t p = c; p < j->rows * j->n / j->space; p += j->channels) { /* planes of this channel */
    const int64_t at = p * j->space, r = at / j->n;
    double dot = 0;
    for (int64_t k = 0; k < j->space; k += STRETCH) {
      const int64_t n = j->space - k < STRETCH ? j->space - k : STRETCH;
      j->vec->add_s(n, j->src + at + k, -j->moments[2 * r], x);
      dot += j->vec->dot(n, j->diff_dst + at + k, x);
    }
    scale += dot * (double)j->moments[2 * r + 1];
    shift += j->vec->sum(j->space, j->diff_dst + at);
  }
  if (j->back->diff_src[1]) j->back->diff_src[1][c] = (float)scale;
  if (j->back->diff_src[2]) j->back->diff_src[2][c] = (float)shift;
}

static void back_channels(void *arg, int64_t begin, int64_t end, int worker)
{
  (void)worker;
  for (int64_t c = begin; c < end; c++) back_channel(arg, c);
}

static int64_t grain_for(int64_t n) { return n < AUS_BLOCK ? AUS_BLOCK / n : 1; }

void aus_norm_backward(const aus_back *back)
{
  aus_ctx *ctx = back->call->ctx;
  norm j = describe(back);
  j.moments = back->scratch;
  j.area = j.moments + round_up(2 * (size_t)j.rows);
  aus_parallel_for(ctx, j.rows, grain_for(j.n), back_rows, &j);
  if (j.space) {
    if (back->diff_src[1] || back->diff_src[2]) aus_parallel_for(ctx, j.channels, grain_for(j.rows * j.n / j.channels), back_channels, &j);
    return;
  }
  if (back->diff_src[1]) aus_parallel_for(ctx, (j.n + COLUMNS - 1) / COLUMNS, grain_for(j.rows * COLUMNS), scale_blocks, &j);
  if (back->diff_src[2]) aus_op_sum_rows(ctx, j.rows, j.n, j.diff_dst, back->diff_src[2]);
}
