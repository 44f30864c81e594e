/* sweep.c - loops over broadcast operands, there and back (sweep.h). */
#include "nn/ops/sweep.h"

#include <string.h>

enum { COLS = 256, PIECE = 1024 }; /* neighbouring sums at a time; values of one sum at a time */

void aus_broadcast_strides(const aus_shape *s, const aus_shape *out, int64_t stride[AUS_MAX_RANK])
{
  int64_t own[AUS_MAX_RANK];
  aus_shape_strides(s, own);
  for (int32_t d = 0; d < out->rank; d++) {
    const int32_t k = d - (out->rank - s->rank);
    stride[d] = k < 0 || s->dim[k] == 1 ? 0 : own[k];
  }
}

aus_sweep aus_sweep_over(aus_ctx *ctx, const aus_shape *shape)
{
  aus_sweep w = { .vec = &ctx->kernels->vec, .rank = shape->rank };
  memcpy(w.dim, shape->dim, sizeof shape->dim);
  return w;
}

void aus_sweep_add(aus_sweep *w, const aus_shape *shape, const float *data)
{
  aus_shape space = { .rank = w->rank };
  memcpy(space.dim, w->dim, sizeof space.dim);
  aus_broadcast_strides(shape, &space, w->stride[w->n]);
  w->src[w->n++] = data;
}

void aus_row_first(const aus_sweep *w, int64_t n, const float *const p[], const int64_t s[], float *dst)
{
  (void)w;
  if (s[0] == 1) { memcpy(dst, p[0], (size_t)n * sizeof *dst); return; }
  for (int64_t i = 0; i < n; i++) dst[i] = p[0][i * s[0]];
}

static bool joins(const aus_sweep *w, int32_t last, const aus_sweep *from, int32_t d)
{
  for (int32_t p = 0; p < w->n; p++)
    if (w->stride[p][last] != from->stride[p][d] * from->dim[d]) return false;
  return true;
}

static aus_sweep merged(const aus_sweep *from)
{
  aus_sweep w = { .vec = from->vec, .k = from->k, .n = from->n };
  memcpy(w.src, from->src, sizeof w.src);
  for (int32_t d = 0; d < from->rank; d++) {
    if (from->dim[d] == 1) continue;
    const bool join = w.rank && joins(&w, w.rank - 1, from, d);
    if (!join) w.dim[w.rank++] = 1;
    w.dim[w.rank - 1] *= from->dim[d];
    for (int32_t p = 0; p < w.n; p++) w.stride[p][w.rank - 1] = from->stride[p][d];
  }
  if (w.rank == 0) w.dim[w.rank++] = 1;
  return w;
}

/* Some of the dims of a sweep, in order. */
typedef struct dims { int32_t n, d[AUS_VIEW_DIMS]; int64_t count; } dims;

static void push(const aus_sweep *w, dims *k, int32_t d)
{
  k->d[k->n++] = d;
  k->count *= w->dim[d];
}

/* Moves all operands to index i over the dims of k. */
static void advance(const aus_sweep *w, const dims *k, int64_t i, const float *p[])
{
  for (int32_t at = k->n - 1; at >= 0; at--) {
    const int32_t d = k->d[at];
    const int64_t here = i % w->dim[d];
    for (int32_t o = 0; o < w->n; o++) p[o] += here * w->stride[o][d];
    i /= w->dim[d];
  }
}

typedef struct job { aus_sweep w; aus_row_fn row; float *dst; dims kept, summed; int64_t n, block, blocks; int64_t s[AUS_SWEEP_OPERANDS]; } job;

/* The last dim is the row; `block` of its n values are one unit. */
static void split_rows(job *j, int64_t block)
{
  const int32_t last = j->w.rank - 1;
  j->n = j->w.dim[last];
  j->block = j->n < block ? j->n : block;
  j->blocks = (j->n + j->block - 1) / j->block;
  for (int32_t o = 0; o < j->w.n; o++) j->s[o] = j->w.stride[o][last];
}

static void start(const job *j, int64_t from, const float *p[])
{
  for (int32_t o = 0; o < j->w.n; o++) p[o] = j->w.src[o] + from * j->s[o];
}

static int64_t grain_for(int64_t work) { return work < AUS_BLOCK ? AUS_BLOCK / work : 1; }

static void run_units(void *arg, int64_t begin, int64_t end, int worker)
{
  const job *j = arg;
  (void)worker;
  for (int64_t u = begin; u < end; u++) {
    const int64_t row = u / j->blocks, from = u % j->blocks * j->block, left = j->n - from;
    const float *p[AUS_SWEEP_OPERANDS];
    start(j, from, p);
    advance(&j->w, &j->kept, row, p);
    j->row(&j->w, left < j->block ? left : j->block, p, j->s, j->dst + row * j->n + from);
  }
}

void aus_sweep_run(aus_ctx *ctx, const aus_sweep *w, aus_row_fn row, float *dst)
{
  job j = { .w = merged(w), .row = row, .dst = dst, .kept = { .count = 1 } };
  for (int32_t d = 0; d < j.w.rank - 1; d++) push(&j.w, &j.kept, d);
  split_rows(&j, AUS_BLOCK);
  aus_parallel_for(ctx, j.kept.count * j.blocks, grain_for(j.block), run_units, &j);
}

/* Sums [begin, end), each over rows of the last dim. */
static void sum_rows(void *arg, int64_t begin, int64_t end, int worker)
{
  const job *j = arg;
  float value[PIECE];
  (void)worker;
  for (int64_t i = begin; i < end; i++) {
    double sum = 0;
    for (int64_t r = 0; r < j->summed.count; r++)
      for (int64_t from = 0; from < j->n; from += PIECE) {
        const int64_t n = j->n - from < PIECE ? j->n - from : PIECE;
        const float *p[AUS_SWEEP_OPERANDS];
        start(j, from, p);
        advance(&j->w, &j->kept, i, p);
        advance(&j->w, &j->summed, r, p);
        j->row(&j->w, n, p, j->s, value);
        sum += j->w.vec->sum(n, value);
      }
    j->dst[i] = (float)sum;
  }
}

/* Blocks of neighbouring sums: the last dim is kept. */
static void sum_columns(void *arg, int64_t begin, int64_t end, int worker)
{
  const job *j = arg;
  (void)worker;
  for (int64_t u = begin; u < end; u++) {
    const int64_t row = u / j->blocks, from = u % j->blocks * j->block, n = j->n - from < j->block ? j->n - from : j->block;
    double sum[COLS] = {0};
    float value[COLS];
    for (int64_t r = 0; r < j->summed.count; r++) {
      const float *p[AUS_SWEEP_OPERANDS];
      start(j, from, p);
      advance(&j->w, &j->kept, row, p);
      advance(&j->w, &j->summed, r, p);
      j->row(&j->w, n, p, j->s, value);
      for (int64_t i = 0; i < n; i++) sum[i] += (double)value[i];
    }
    for (int64_t i = 0; i < n; i++) j->dst[row * j->n + from + i] = (float)sum[i];
  }
}

void aus_sweep_sum(aus_ctx *ctx, const aus_sweep *w, aus_row_fn row, int32_t like, float *dst)
{
  job j = { .w = merged(w), .row = row, .dst = dst, .kept = { .count = 1 }, .summed = { .count = 1 } };
  const int32_t last = j.w.rank - 1;
  for (int32_t d = 0; d < last; d++) push(&j.w, j.w.stride[like][d] ? &j.kept : &j.summed, d);
  const bool last_kept = j.w.stride[like][last] != 0;
  if (last_kept && j.summed.n == 0) { aus_sweep_run(ctx, w, row, dst); return; }
  split_rows(&j, last_kept ? COLS : PIECE);
  if (last_kept) aus_parallel_for(ctx, j.kept.count * j.blocks, grain_for(j.summed.count * j.block), sum_columns, &j);
  else aus_parallel_for(ctx, j.kept.count, grain_for(j.summed.count * j.n), sum_rows, &j);
}
