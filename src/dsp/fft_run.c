/* fft_run.c - one real transform, and many: rows in, rows out. */
#include "dsp/fft.h"

static size_t area_bytes(const aus_fft *fft, int width)
{
  return (aus_fft_lane_floats(fft, width) * sizeof(float) + AUS_ALIGN - 1) & ~(size_t)(AUS_ALIGN - 1);
}

size_t aus_fft_scratch(const aus_fft *fft) { return 2 * area_bytes(fft, 1); }

/* lanes rows at once, or one after another where the length suits that better */
static void rows_forward(const aus_fft *fft, const aus_kernels *k, int lanes, const float *x, int64_t ldx, float *re,
                         float *im, int64_t lds, void *scratch)
{
  float *a = scratch, *b = (float *)((char *)scratch + area_bytes(fft, aus_fft_by_row(fft) ? 1 : k->width));
  const int64_t bins = fft->n / 2 + 1;
  if (aus_fft_by_row(fft)) {
    for (int r = 0; r < lanes; r++) fft->ctx->kernels->fft.row_forward(&fft->row, x + r * ldx, NULL, a, b, re + r * lds, im + r * lds);
    return;
  }
  const float *X = aus_fft_rows_forward(fft, k, x, ldx, lanes, NULL, a, b);
  k->spec.scatter(bins, X, 2 * k->width, 0, lanes, re, lds);
  k->spec.scatter(bins, X + k->width, 2 * k->width, 0, lanes, im, lds);
}

void aus_fft_forward(const aus_fft *fft, const float *x, float *re, float *im, void *scratch)
{
  rows_forward(fft, fft->single, 1, x, 0, re, im, 0, scratch);
}

void aus_fft_inverse(const aus_fft *fft, const float *re, const float *im, float *x, void *scratch)
{
  const aus_kernels *k = fft->single;
  float *a = scratch, *b = (float *)((char *)scratch + area_bytes(fft, 1));
  const int64_t bins = fft->n / 2 + 1;
  if (aus_fft_by_row(fft)) {
    fft->ctx->kernels->fft.row_inverse(&fft->row, re, im, 1.0f / (float)fft->n, NULL, a, b, x);
    return;
  }
  k->spec.gather(bins, re, 0, 1, NULL, a, 2);
  k->spec.gather(bins, im, 0, 1, NULL, a + 1, 2);
  aus_fft_rows_inverse(fft, k, a, b, 1, x, 0);
}

struct batch {
  const aus_fft *fft;
  int64_t count, ldx, lds;
  const float *x;
  float *re, *im;
  unsigned char *scratch;
  size_t scratch_bytes; /* of one worker */
};

/* groups [begin, end) of as many rows as there are lanes */
static void run_groups(void *arg, int64_t begin, int64_t end, int worker)
{
  const struct batch *t = arg;
  const aus_kernels *k = t->fft->ctx->kernels;
  for (int64_t g = begin; g < end; g++) {
    const int64_t row = g * k->width;
    const int lanes = t->count - row < k->width ? (int)(t->count - row) : k->width;
    rows_forward(t->fft, k, lanes, t->x + row * t->ldx, t->ldx, t->re + row * t->lds, t->im + row * t->lds, t->lds,
                 t->scratch + (size_t)worker * t->scratch_bytes);
  }
}

aus_status aus_fft_forward_batch(aus_ctx *ctx, const aus_fft *fft, int64_t count, const float *x, int64_t ldx,
                                 float *re, float *im, int64_t lds)
{
  if (count <= 0) return AUS_OK;
  const int64_t width = fft->ctx->kernels->width, groups = (count + width - 1) / width;
  struct batch t = { fft, count, ldx, lds, x, re, im, NULL, 2 * area_bytes(fft, aus_fft_by_row(fft) ? 1 : (int)width) };
  t.scratch = aus_alloc(ctx, (size_t)ctx->threads, t.scratch_bytes);
  if (!t.scratch) return AUS_ENOMEM;
  aus_parallel_for(ctx, groups, 1, run_groups, &t);
  aus_free(ctx, t.scratch);
  return AUS_OK;
}
