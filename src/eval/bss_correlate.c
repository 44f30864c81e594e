/* bss_correlate.c - correlations of many long signals at a few hundred lags, in double precision.
 *
 *   C_ab(lag) = sum over t of a(t) b(t + lag),   0 <= lag < taps
 *
 * In blocks of B = N - taps + 1 samples: a's block padded with zeros to N, b's N samples from the same place, then the inverse transform
 * of conj(A) B is right at those lags. Products of all blocks are summed before the one inverse transform, so that a
 * block costs one transform a signal: both of its blocks go through it as real and imaginary part. In double, because the projections that follow are
 * differences of nearly equal energies. Memory does not grow with the length. */
#include "eval/bss.h"

#include <math.h>

typedef struct complex64 { double re, im; } complex64;

/* ---- a transform ----------------------------------------------------------------------------- */

static void swap_bits(int64_t n, complex64 *x)
{
  for (int64_t i = 1, j = 0; i < n; i++) {
    int64_t bit = n >> 1;
    for (; j & bit; bit >>= 1) j ^= bit;
    j ^= bit;
    if (i < j) {
      const complex64 t = x[i];
      x[i] = x[j];
      x[j] = t;
    }
  }
}

/* In place, n a power of two, root[k] = exp(-2 pi i k / n). */
static void transform(int64_t n, const complex64 *root, complex64 *x)
{
  swap_bits(n, x);
  for (int64_t half = 1; half < n; half *= 2)
    for (int64_t at = 0; at < n; at += 2 * half)
      for (int64_t k = 0; k < half; k++) {
        const complex64 w = root[k * (n / (2 * half))], b = x[at + half + k], a = x[at + k];
        const complex64 t = { b.re * w.re - b.im * w.im, b.re * w.im + b.im * w.re };
        x[at + k] = (complex64){ a.re + t.re, a.im + t.im };
        x[at + half + k] = (complex64){ a.re - t.re, a.im - t.im };
      }
}

/* ---- blocks ------------------------------------------------------------------------------------ */

typedef struct blocks {
  const bss *b;
  int64_t samples, n, half, block, at; /* half = n / 2 + 1 bins */
  int32_t planes;
  const float **x;    /* [planes][samples] */
  complex64 *root;    /* [n] */
  complex64 *work;    /* [planes][n] */
  complex64 *cut;     /* [regressors][half] the padded block */
  complex64 *whole;   /* [planes][half] */
  complex64 *product; /* [regressors][planes][half] */
} blocks;

static double sample(const blocks *w, int32_t plane, int64_t t) { return t < w->samples ? w->x[plane][t] : 0; }

/* Both spectra of plane p: of real signals u and v, (u + i v)^ = U + i V, U(-k) = conj U(k). */
static void spectra(void *arg, int64_t begin, int64_t end, int worker)
{
  blocks *w = arg;
  (void)worker;
  for (int32_t p = (int32_t)begin; p < end; p++) {
    complex64 *x = w->work + p * w->n;
    for (int64_t t = 0; t < w->n; t++) {
      const double v = sample(w, p, w->at + t);
      x[t] = (complex64){ t < w->block ? v : 0, v };
    }
    transform(w->n, w->root, x);
    for (int64_t k = 0; k < w->half; k++) {
      const complex64 a = x[k], b = x[(w->n - k) % w->n];
      if (p < w->b->regressors) w->cut[p * w->half + k] = (complex64){ (a.re + b.re) / 2, (a.im - b.im) / 2 };
      w->whole[p * w->half + k] = (complex64){ (a.im + b.im) / 2, (b.re - a.re) / 2 };
    }
  }
}

static void products(void *arg, int64_t begin, int64_t end, int worker)
{
  blocks *w = arg;
  (void)worker;
  for (int64_t pair = begin; pair < end; pair++) {
    const complex64 *a = w->cut + pair / w->planes * w->half, *b = w->whole + pair % w->planes * w->half;
    complex64 *sum = w->product + pair * w->half;
    for (int64_t k = 0; k < w->half; k++) {
      sum[k].re += a[k].re * b[k].re + a[k].im * b[k].im;
      sum[k].im += a[k].re * b[k].im - a[k].im * b[k].re;
    }
  }
}

/* The inverse transform's lags: x = conj(transform(conj X)) / n. */
static void lags(blocks *w, int64_t pair)
{
  const complex64 *sum = w->product + pair * w->half;
  complex64 *x = w->work;
  double *to = w->b->correlation + pair * w->b->taps;
  for (int64_t k = 0; k < w->n; k++)
    x[k] = k < w->half ? (complex64){ sum[k].re, -sum[k].im } : (complex64){ sum[w->n - k].re, sum[w->n - k].im };
  transform(w->n, w->root, x);
  for (int32_t t = 0; t < w->b->taps; t++) to[t] = x[t].re / (double)w->n;
}

static aus_status blocks_alloc(blocks *w, aus_ctx *ctx)
{
  const size_t n = (size_t)w->n, half = (size_t)w->half, planes = (size_t)w->planes, regressors = (size_t)w->b->regressors;
  w->root = aus_alloc(ctx, n, sizeof *w->root);
  w->work = aus_alloc(ctx, planes * n, sizeof *w->work);
  w->cut = aus_alloc(ctx, regressors * half, sizeof *w->cut);
  w->whole = aus_alloc(ctx, planes * half, sizeof *w->whole);
  w->product = aus_alloc_zero(ctx, regressors * planes * half, sizeof *w->product);
  if (!w->root || !w->work || !w->cut || !w->whole || !w->product) return AUS_ENOMEM;
  for (int64_t k = 0; k < w->n; k++) {
    const double angle = -2 * 3.14159265358979323846 * (double)k / (double)w->n;
    w->root[k] = (complex64){ cos(angle), sin(angle) };
  }
  return AUS_OK;
}

static aus_status run(blocks *w, aus_ctx *ctx)
{
  const int64_t pairs = (int64_t)w->b->regressors * w->planes;
  for (w->at = 0; w->at < w->samples; w->at += w->block) {
    aus_parallel_for(ctx, w->planes, 1, spectra, w);
    aus_parallel_for(ctx, pairs, 4, products, w);
    AUS_TRY(aus_progress(ctx, "comparing", w->at + w->block < w->samples ? w->at + w->block : w->samples, w->samples));
  }
  for (int64_t pair = 0; pair < pairs; pair++) lags(w, pair);
  for (int32_t p = 0; p < w->planes; p++) {
    double sum = 0;
    for (int64_t t = 0; t < w->samples; t++) sum += (double)w->x[p][t] * w->x[p][t];
    w->b->energy[p] = sum;
  }
  return AUS_OK;
}

aus_status bss_correlate(bss *b, int64_t samples, int32_t n, const float *const *reference, const float *const *estimate)
{
  aus_ctx *ctx = b->ctx;
  blocks w = { .b = b, .samples = samples, .planes = 2 * b->regressors, .n = 1024 };
  while (w.n < 8 * (int64_t)b->taps) w.n *= 2;
  w.half = w.n / 2 + 1;
  w.block = w.n - b->taps + 1;
  b->correlation = aus_alloc(ctx, (size_t)b->regressors * (size_t)w.planes * (size_t)b->taps, sizeof *b->correlation);
  b->energy = aus_alloc(ctx, (size_t)w.planes, sizeof *b->energy);
  w.x = aus_alloc(ctx, (size_t)w.planes, sizeof *w.x);
  aus_status status = b->correlation && b->energy && w.x ? blocks_alloc(&w, ctx) : AUS_ENOMEM;
  if (status == AUS_OK) {
    for (int32_t p = 0; p < w.planes; p++) {
      const int32_t j = p / b->channels;
      w.x[p] = (j < n ? reference[j] : estimate[j - n]) + p % b->channels * samples;
    }
    status = run(&w, ctx);
  }
  void *mine[] = { w.root, w.work, w.cut, w.whole, w.product, w.x };
  for (size_t i = 0; i < sizeof mine / sizeof *mine; i++) aus_free(ctx, mine[i]);
  return status;
}

const double *bss_correlation(const bss *b, int32_t regressor, int32_t plane)
{
  return b->correlation + ((int64_t)regressor * 2 * b->regressors + plane) * b->taps;
}

void bss_free(bss *b)
{
  aus_free(b->ctx, b->correlation);
  aus_free(b->ctx, b->energy);
}
