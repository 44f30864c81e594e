/* fft.c - plans of real transforms of any length.
 *
 * An even length n is a complex transform of n / 2 (even samples real, odd ones imaginary) and one untangling
 * pass; an odd one is a complex transform of n. Lengths 2^a 3^b 5^c run as Stockham passes of radix 8, 5, 4, 3, 2;
 * any other becomes a convolution with a chirp [Bluestein70], a smooth transform of at least twice
 * the length. Twiddles are computed in double and rounded once. A plan is immutable; nothing is measured, so the
 * same plan comes out every time. Cost: 2.5 n log2 n flops. */
#include "dsp/fft.h"

#include <math.h>
#include <string.h>

static const double PI = 3.14159265358979323846;
enum { LONGEST = 1 << 28 };

static void unit_root(int64_t k, int64_t n, double scale, float *w)
{
  const double angle = 2 * PI * (double)(k % n) / (double)n;
  w[0] = (float)(scale * cos(angle));
  w[1] = (float)(-scale * sin(angle));
}

static bool is_smooth(int64_t n)
{
  for (int p = 2; p <= 5; p++)
    while (n % p == 0) n /= p;
  return n == 1;
}

/* Radices of the passes, in order. Powers of two become eights and one or two fours; they come last, where
 * the stride is long and twiddles are few. */
static int choose_radices(int32_t n, int max_radix, int32_t radix[AUS_FFT_MAX_PASSES])
{
  int count = 0, twos = 0;
  for (; n % 5 == 0; n /= 5) radix[count++] = 5;
  for (; n % 3 == 0; n /= 3) radix[count++] = 3;
  for (; n % 2 == 0; n /= 2) twos++;
  if (max_radix >= 8) {
    int fours = twos % 3 == 2 ? 1 : twos % 3 == 1 && twos > 1 ? 2 : 0;
    for (twos -= 2 * fours; twos >= 3; twos -= 3) radix[count++] = 8;
    while (fours-- > 0) radix[count++] = 4;
  }
  for (; twos >= 2; twos -= 2) radix[count++] = 4;
  if (twos) radix[count++] = 2;
  return count;
}

static aus_status plan_complex(aus_ctx *ctx, int32_t n, int max_radix, aus_cfft *plan)
{
  int32_t radix[AUS_FFT_MAX_PASSES];
  plan->n = n;
  plan->passes = choose_radices(n, max_radix, radix);
  size_t count = 0;
  int64_t len = n;
  for (int i = 0; i < plan->passes; i++) {
    len /= radix[i];
    count += (size_t)len * (size_t)(radix[i] - 1);
  }
  plan->twiddle = aus_alloc(ctx, count + 1, 2 * sizeof(float));
  if (!plan->twiddle) return AUS_ENOMEM;
  float *w = plan->twiddle;
  int32_t left = n, stride = 1;
  for (int i = 0; i < plan->passes; i++) {
    const int32_t r = radix[i], m = left / r;
    plan->pass[i] = (struct aus_fft_pass){ r, m, stride, w };
    for (int64_t k = 0; k < m; k++)
      for (int64_t j = 1; j < r; j++, w += 2) unit_root(j * k, left, 1, w);
    left = m;
    stride *= r;
  }
  return AUS_OK;
}

/* Runs passes [from, to) of plan over x with y as the other side; returns the side that holds the result. */
static float *run_some(const aus_cfft *plan, int from, int to, const aus_kernels *k, float *x, float *y)
{
  for (int i = from; i < to; i++) {
    k->fft.pass(&plan->pass[i], x, y);
    float *t = x;
    x = y;
    y = t;
  }
  return x;
}

static float *run_passes(const aus_cfft *plan, const aus_kernels *k, float *x, float *y)
{
  return run_some(plan, 0, plan->passes, k, x, y);
}

/* The chirp c[k] = e^(-i pi k^2 / len), and the transform of conj c, wrapped around, over the convolution's length. */
static aus_status plan_bluestein(aus_fft *fft, int max_radix)
{
  aus_ctx *ctx = fft->ctx;
  const int64_t len = fft->len;
  int64_t size = 2 * len - 1;
  while (!is_smooth(size)) size++;
  AUS_TRY(plan_complex(ctx, (int32_t)size, max_radix, &fft->main));
  fft->chirp = aus_alloc(ctx, (size_t)len, 2 * sizeof(float));
  fft->filter = aus_alloc(ctx, (size_t)size, 2 * sizeof(float));
  float *a = aus_alloc_zero(ctx, (size_t)size, 2 * sizeof(float)), *b = aus_alloc(ctx, (size_t)size, 2 * sizeof(float));
  const bool ok = fft->chirp && fft->filter && a && b;
  if (ok) {
    for (int64_t k = 0; k < len; k++) {
      unit_root(k * k, 2 * len, 1, fft->chirp + 2 * k);
      float w[2];
      unit_root(k * k, 2 * len, 1.0 / (double)size, w);
      const int64_t mirror = k ? size - k : 0;
      a[2 * k] = a[2 * mirror] = w[0];
      a[2 * k + 1] = a[2 * mirror + 1] = -w[1];
    }
    memcpy(fft->filter, run_passes(&fft->main, fft->single, a, b), (size_t)size * 2 * sizeof(float));
  }
  aus_free(ctx, a);
  aus_free(ctx, b);
  return ok ? AUS_OK : AUS_ENOMEM;
}

/* Tables of the transform inside a row, for lengths that the square of the vector's width divides. */
static aus_status plan_row(aus_fft *fft)
{
  const int32_t width = fft->ctx->kernels->width, h = fft->len, p = h / width;
  if (width == 1 || fft->n % 2 || h % (width * width) || !is_smooth(h)) return AUS_OK;
  AUS_TRY(plan_complex(fft->ctx, p, fft->ctx->kernels->fft.max_radix, &fft->row_main));
  const size_t turns = 2 * (size_t)h, twiddles = (size_t)h / 2 + (size_t)width;
  fft->row_tables = aus_alloc(fft->ctx, turns + 2 * twiddles, sizeof(float));
  if (!fft->row_tables) return AUS_ENOMEM;
  float *turn = fft->row_tables, *tw_re = turn + turns, *tw_im = tw_re + twiddles, w[2];
  for (int64_t k = 0; k < p; k++)
    for (int64_t lane = 0; lane < width; lane++) {
      unit_root(k * lane, h, 1, w);
      turn[2 * k * width + lane] = w[0];
      turn[(2 * k + 1) * width + lane] = w[1];
    }
  for (size_t k = 0; k < twiddles; k++) {
    unit_root((int64_t)k, fft->n, 0.5, w);
    tw_re[k] = w[0];
    tw_im[k] = w[1];
  }
  fft->row = (struct aus_fft_row){ h, p, fft->row_main.passes, fft->row_main.pass, turn, tw_re, tw_im };
  return AUS_OK;
}

static aus_status plan_real(aus_fft *fft)
{
  const int max_radix = fft->ctx->kernels->fft.max_radix;
  AUS_TRY(plan_row(fft));
  if (fft->n % 2 == 0) {
    fft->untangle = aus_alloc(fft->ctx, (size_t)fft->len + 1, 2 * sizeof(float));
    if (!fft->untangle) return AUS_ENOMEM;
    for (int64_t k = 0; k <= fft->len; k++) unit_root(k, fft->n, 0.5, fft->untangle + 2 * k);
  }
  if (is_smooth(fft->len)) return plan_complex(fft->ctx, fft->len, max_radix, &fft->main);
  return plan_bluestein(fft, max_radix);
}

aus_status aus_fft_create(aus_ctx *ctx, int32_t n, aus_fft **out)
{
  *out = NULL;
  if (n < 1) return aus_fail(ctx, AUS_EINVAL, "FFT of %d points: the length must be at least 1", n);
  if (n > LONGEST) return aus_fail(ctx, AUS_ELIMIT, "FFT of %d points: the longest is %d", n, LONGEST);
  aus_fft *fft = AUS_NEW(ctx, aus_fft);
  if (!fft) return AUS_ENOMEM;
  const aus_cpu plain = {0};
  fft->ctx = ctx;
  fft->single = aus_kernels_select(&plain, "scalar");
  fft->n = n;
  fft->len = n % 2 ? n : n / 2;
  const aus_status status = plan_real(fft);
  if (status != AUS_OK) {
    aus_fft_destroy(ctx, fft);
    return status;
  }
  *out = fft;
  return AUS_OK;
}

void aus_fft_destroy(aus_ctx *ctx, aus_fft *fft)
{
  if (!fft) return;
  aus_free(ctx, fft->main.twiddle);
  aus_free(ctx, fft->row_main.twiddle);
  aus_free(ctx, fft->row_tables);
  aus_free(ctx, fft->untangle);
  aus_free(ctx, fft->chirp);
  aus_free(ctx, fft->filter);
  aus_free(ctx, fft);
}

size_t aus_fft_lane_floats(const aus_fft *fft, int width)
{
  const size_t most = fft->len + 1 > fft->main.n ? (size_t)fft->len + 1 : (size_t)fft->main.n;
  return most * 2 * (size_t)width;
}

/* The complex transform of len numbers in a. [Bluestein70]: X[k] = c[k] sum x[j] c[j] conj c[k - j]. */
static float *transform(const aus_fft *fft, const aus_kernels *k, float *a, float *b)
{
  if (!fft->chirp) return run_passes(&fft->main, k, a, b);
  const size_t per = 2 * (size_t)k->width, len = (size_t)fft->len, size = (size_t)fft->main.n;
  k->fft.modulate(fft->len, a, fft->chirp, a, 0, 0);
  memset(a + per * len, 0, (size - len) * per * sizeof(float));
  float *z = run_passes(&fft->main, k, a, b), *other = z == a ? b : a;
  k->fft.modulate(fft->main.n, z, fft->filter, z, 0, 1); /* swapped: what follows is an inverse transform */
  z = run_passes(&fft->main, k, z, other);
  k->fft.modulate(fft->len, z, fft->chirp, z, 1, 0);
  return z;
}

/* Whether first and last passes can take the steps beside them. */
static bool fusable(const aus_fft *fft) { return fft->n % 2 == 0 && !fft->chirp && fft->main.passes >= 2; }

static void load_rows(const aus_fft *fft, const aus_kernels *k, const float *x, int64_t ldx, int lanes, const float *window,
                      float *z)
{
  const int64_t step = fft->n % 2 ? 2 * k->width : k->width; /* odd: imaginary parts, all zero, lie between */
  if (fft->n % 2) memset(z, 0, (size_t)fft->n * 2 * (size_t)k->width * sizeof *z);
  k->spec.gather(fft->n, x, ldx, lanes, window, z, step);
}

/* Up to the last pass: what it reads, in a or b. */
static float *all_but_last(const aus_fft *fft, const aus_kernels *k, const float *x, int64_t ldx, int lanes, const float *window,
                           float *a, float *b)
{
  k->fft.first_rows(&fft->main.pass[0], x, ldx, lanes, window, a);
  return run_some(&fft->main, 1, fft->main.passes - 1, k, a, b);
}

float *aus_fft_rows_forward(const aus_fft *fft, const aus_kernels *k, const float *x, int64_t ldx, int lanes,
                            const float *window, float *a, float *b)
{
  if (fusable(fft)) {
    const float *z = all_but_last(fft, k, x, ldx, lanes, window, a, b);
    float *X = z == a ? b : a;
    k->fft.last_untangle(&fft->main.pass[fft->main.passes - 1], fft->untangle, z, X);
    return X;
  }
  load_rows(fft, k, x, ldx, lanes, window, a);
  float *z = transform(fft, k, a, b), *other = z == a ? b : a;
  if (fft->n % 2) {
    memset(z + k->width, 0, (size_t)k->width * sizeof *z); /* the sum of a real signal is real */
    return z;
  }
  k->fft.untangle(fft->len, fft->untangle, z, other);
  return other;
}

float *aus_fft_rows_power(const aus_fft *fft, const aus_kernels *k, const float *x, int64_t ldx, int lanes, const float *window,
                          float *a, float *b)
{
  if (fusable(fft)) {
    const float *z = all_but_last(fft, k, x, ldx, lanes, window, a, b);
    float *p = z == a ? b : a;
    k->fft.last_power(&fft->main.pass[fft->main.passes - 1], fft->untangle, z, p);
    return p;
  }
  load_rows(fft, k, x, ldx, lanes, window, a);
  float *z = transform(fft, k, a, b), *other = z == a ? b : a;
  if (fft->n % 2) k->spec.power(fft->n / 2 + 1, z, other);
  else k->fft.untangle_power(fft->len, fft->untangle, z, other);
  return other;
}

/* The whole Hermitian spectrum of an odd length, parts swapped, divided by n. */
static void unfold(int32_t n, int width, const float *X, float *z)
{
  const float scale = 1.0f / (float)n;
  for (int64_t k = 0; k <= n / 2; k++) {
    const float *re = X + 2 * width * k, *im = re + width;
    float *lo = z + 2 * width * k, *hi = z + 2 * width * (k ? n - k : 0);
    for (int l = 0; l < width; l++) {
      hi[l] = k ? -scale * im[l] : 0;
      lo[l] = k ? scale * im[l] : 0;
      hi[width + l] = lo[width + l] = scale * re[l];
    }
  }
}

/* Signals as lanes: sample i of an even length at i ^ 1; odd lengths have zeros between, sample i at 2 i + 1. */
static float *lanes_inverse(const aus_fft *fft, const aus_kernels *k, float *a, float *b)
{
  if (fft->n % 2) unfold(fft->n, k->width, a, b);
  else k->fft.tangle(fft->len, fft->untangle, 1.0f / (float)fft->n, a, b);
  return transform(fft, k, b, a);
}

void aus_fft_rows_inverse(const aus_fft *fft, const aus_kernels *k, float *a, float *b, int lanes, float *x, int64_t ldx)
{
  const float *z = lanes_inverse(fft, k, a, b);
  if (fft->n % 2) k->spec.scatter(fft->n, z + k->width, 2 * k->width, 0, lanes, x, ldx);
  else k->spec.scatter(fft->n, z, k->width, 1, lanes, x, ldx);
}

void aus_fft_rows_overlap_add(const aus_fft *fft, const aus_kernels *k, float *a, float *b, int lanes, const float *window,
                              float *y, int64_t hop)
{
  if (fusable(fft)) {
    k->fft.first_tangle(&fft->main.pass[0], fft->untangle, 1.0f / (float)fft->n, a, b);
    const float *z = run_some(&fft->main, 1, fft->main.passes - 1, k, b, a);
    k->fft.last_add(&fft->main.pass[fft->main.passes - 1], z, lanes, window, y, hop);
    return;
  }
  const float *z = lanes_inverse(fft, k, a, b);
  if (fft->n % 2) k->spec.overlap_add(fft->n, z + k->width, 2 * k->width, 0, lanes, window, y, hop);
  else k->spec.overlap_add(fft->n, z, k->width, 1, lanes, window, y, hop);
}
