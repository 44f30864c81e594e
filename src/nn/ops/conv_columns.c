/* conv_columns.c - the data's diff of a convolution by way of its columns.
 *
 *   columns[(ic, r, q)][pixel] = sum_oc weights[oc][(ic, r, q)] diff_dst[oc][pixel]           a matrix product
 *   diff_src[ic][oy sh - top + r dh][ox sw - left + q dw] += columns[(ic, r, q)][(oy, ox)]
 *
 * With one input channel the adjoint of conv_back.c would load as much as it multiplies; here the kernel's positions
 * take the place of channels in the product, and adding them up costs one addition for each of its oc multiplications.
 * Pixels come in bands (rows, or a stretch of one) whose columns stay in the second cache; a row of diff_src belongs to one task,
 * which adds bands and positions in their order. Where there are items (or groups) for all threads, each has whole ones instead:
 * the same sums in the same order. */
#include "la/la.h"
#include "nn/ops/conv.h"

#include <string.h>

enum { BAND_FLOATS = 192 << 10, STRETCH = 2048 };

typedef struct columns {
  aus_ctx *ctx;
  const aus_conv *c;
  float *columns, *diff_src;
  int64_t taps, ny, nx;              /* rows of columns; of a whole band */
  int64_t y0, x0, n_y, n_x;          /* the band at hand */
  int64_t from, rows, stretches;     /* rows of diff_src it reaches; parts of each */
} columns;


bool aus_conv_columns_suit(const aus_conv *c)
{
  if (c->sh * c->sw > 1 << 12) return true; /* more phases than conv_transpose takes */
  return c->icg <= 3 && c->ocg >= 8 && c->icg * c->kh * c->kw >= 8;
}

static columns plan(aus_ctx *ctx, const aus_conv *c)
{
  columns j = { .ctx = ctx, .c = c, .taps = c->icg * c->kh * c->kw };
  const int64_t pixels = at_least(64, BAND_FLOATS / j.taps);
  j.nx = at_most(c->ow, pixels);
  j.ny = at_most(c->oh, at_least(1, pixels / c->ow));
  return j;
}

static size_t columns_size(const columns *j) { return ((size_t)(j->taps * j->ny * j->nx) + 15) / 16 * 16 * sizeof(float); }

static size_t one_scratch(const aus_ctx *ctx, const aus_conv *c)
{
  const columns j = plan(NULL, c);
  const int64_t rest = j.nx < c->ow ? c->ow % j.nx : c->oh % j.ny * j.nx; /* pixels of the last band: another plan of the product */
  const size_t whole = aus_sgemm_scratch(ctx, j.taps, j.ny * j.nx, c->ocg), last = aus_sgemm_scratch(ctx, j.taps, rest, c->ocg);
  return columns_size(&j) + ((whole > last ? whole : last) + 63) / 64 * 64;
}

static bool by_items(const aus_ctx *ctx, const aus_conv *c) { return ctx->threads > 1 && c->mb * c->groups >= 2 * (int64_t)ctx->threads; }

static aus_ctx single(const aus_ctx *ctx)
{
  aus_ctx one = *ctx;
  one.threads = 1;
  return one;
}

size_t aus_conv_columns_scratch(aus_ctx *ctx, const aus_conv *c)
{
  const aus_ctx one = single(ctx);
  return by_items(ctx, c) ? (size_t)ctx->threads * one_scratch(&one, c) : one_scratch(ctx, c);
}

/* to[x sw + shift] += from[x], for what lies in [begin, end). */
static void add_strided(const columns *j, const float *from, int64_t shift, int64_t begin, int64_t end, float *to)
{
  const int64_t sw = j->c->sw;
  const int64_t first = shift >= begin ? 0 : (begin - shift + sw - 1) / sw, last = shift >= end ? 0 : at_most(j->n_x, (end - shift + sw - 1) / sw);
  if (first >= last) return;
  if (sw == 1) j->ctx->kernels->vec.add(last - first, to + first + shift, from + first, to + first + shift);
  else for (int64_t x = first; x < last; x++) to[x * sw + shift] += from[x];
}

/* Units: (input channel, row of diff_src, stretch of it). */
static void add_rows(void *arg, int64_t begin, int64_t end, int worker)
{
  const columns *j = arg;
  const aus_conv *c = j->c;
  (void)worker;
  for (int64_t u = begin; u < end; u++) {
    const int64_t x = u % j->stretches * STRETCH, fy = j->from + u / j->stretches % j->rows, ic = u / j->stretches / j->rows;
    float *to = j->diff_src + (ic * c->ih + fy) * c->iw;
    const int64_t top = fy + c->pad_top - j->y0 * c->sh, low = top - (j->n_y - 1) * c->sh; /* r dh lies between */
    for (int64_t r = low > 0 ? (low + c->dh - 1) / c->dh : 0; r < c->kh && r * c->dh <= top; r++) {
      const int64_t far = fy + c->pad_top - r * c->dh, oy = far / c->sh;
      if (far % c->sh) continue;
      for (int64_t q = 0; q < c->kw; q++)
        add_strided(j, j->columns + (((ic * c->kh + r) * c->kw + q) * j->n_y + oy - j->y0) * j->n_x, j->x0 * c->sw - c->pad_left + q * c->dw, x,
                    at_most(x + STRETCH, c->iw), to);
    }
  }
}

/* One band of one item and group. */
static void one_band(columns *j, const float *weights, const float *diff_dst, void *scratch)
{
  const aus_conv *c = j->c;
  const int64_t n = j->n_y * j->n_x, last = at_most(c->ih, (j->y0 + j->n_y - 1) * c->sh - c->pad_top + (c->kh - 1) * c->dh + 1);
  aus_sgemm_in(j->ctx, true, false, j->taps, n, c->ocg, 1, weights, j->taps, diff_dst + j->y0 * c->ow + j->x0, c->oh * c->ow, 0, j->columns, n, scratch);
  j->from = at_least(0, j->y0 * c->sh - c->pad_top);
  j->rows = last - j->from;
  j->stretches = (c->iw + STRETCH - 1) / STRETCH;
  if (j->rows > 0) aus_parallel_for(j->ctx, c->icg * j->rows * j->stretches, at_least(1, (1 << 14) / (c->kh * c->kw * at_most(c->iw, STRETCH))), add_rows, j);
}

typedef struct job { aus_ctx *ctx; const aus_conv *c; const float *weights, *diff_dst; float *diff_src; unsigned char *scratch; size_t each; } job;

/* Item and group u = item groups + group. */
static void one_item(const job *k, aus_ctx *ctx, int64_t u, unsigned char *scratch)
{
  const aus_conv *c = k->c;
  columns j = plan(ctx, c);
  const int64_t size = c->icg * c->ih * c->iw;
  j.columns = (float *)(void *)scratch;
  j.diff_src = memset(k->diff_src + u * size, 0, (size_t)size * sizeof *j.diff_src);
  for (j.y0 = 0; j.y0 < c->oh; j.y0 += j.ny)
    for (j.x0 = 0; j.x0 < c->ow; j.x0 += j.nx) {
      j.n_y = at_most(j.ny, c->oh - j.y0);
      j.n_x = at_most(j.nx, c->ow - j.x0);
      one_band(&j, k->weights + u % c->groups * c->ocg * j.taps, k->diff_dst + u * c->ocg * c->oh * c->ow, scratch + columns_size(&j));
    }
}

static void run_items(void *arg, int64_t begin, int64_t end, int worker)
{
  const job *k = arg;
  aus_ctx one = single(k->ctx);
  for (int64_t u = begin; u < end; u++) one_item(k, &one, u, k->scratch + (size_t)worker * k->each);
}

void aus_conv_columns(aus_ctx *ctx, const aus_conv *c, const float *weights, const float *diff_dst, float *diff_src, void *scratch)
{
  const aus_ctx one = single(ctx);
  job k = { ctx, c, weights, diff_dst, diff_src, scratch, one_scratch(&one, c) };
  if (by_items(ctx, c)) aus_parallel_for(ctx, c->mb * c->groups, 1, run_items, &k);
  else for (int64_t u = 0; u < c->mb * c->groups; u++) one_item(&k, ctx, u, scratch);
}
