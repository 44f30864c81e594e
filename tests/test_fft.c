/* test_fft.c - the real FFT against a naive transform in double and against its own laws. */
#include "test.h"

#include <auscult/dsp.h>

static const double PI = 3.14159265358979323846;

static float noise(aus_rng *rng) { return (float)(2 * aus_rng_uniform(rng) - 1); }

static float *random_row(int64_t n, uint64_t seed)
{
  float *x = malloc((size_t)(n + 1) * sizeof *x);
  aus_rng rng;
  aus_rng_init(&rng, seed, 0);
  for (int64_t i = 0; i < n; i++) x[i] = noise(&rng);
  return x;
}

/* one transform and its inverse, in memory of exactly the stated size */
typedef struct one { aus_ctx *ctx; aus_fft *fft; void *scratch; int n, bins; float *re, *im; } one;

static one one_make(aus_ctx *ctx, int n)
{
  one t = { .ctx = ctx, .n = n, .bins = n / 2 + 1 };
  assert_ok(ctx, aus_fft_create(ctx, n, &t.fft));
  t.scratch = aus_alloc(ctx, 1, aus_fft_scratch(t.fft));
  t.re = malloc((size_t)t.bins * sizeof(float));
  t.im = malloc((size_t)t.bins * sizeof(float));
  return t;
}

static void one_free(one *t)
{
  aus_fft_destroy(t->ctx, t->fft);
  aus_free(t->ctx, t->scratch);
  free(t->re);
  free(t->im);
}

/* largest distance from the naive DFT, relative to the root mean square of the spectrum */
static double naive_error(const float *x, int n, const float *re, const float *im)
{
  double worst = 0, power = 0;
  for (int k = 0; k <= n / 2; k++) {
    double r = 0, i = 0;
    for (int j = 0; j < n; j++) {
      const double a = 2 * PI * (double)((int64_t)j * k % n) / n;
      r += x[j] * cos(a);
      i -= x[j] * sin(a);
    }
    const double e = hypot(r - re[k], i - im[k]);
    if (e > worst) worst = e;
    power += r * r + i * i;
  }
  return worst / sqrt(power / (n / 2 + 1));
}

static void check_length(aus_ctx *ctx, int n, double tolerance)
{
  one t = one_make(ctx, n);
  float *x = random_row(n, (uint64_t)n), *back = malloc((size_t)n * sizeof *back);
  aus_fft_forward(t.fft, x, t.re, t.im, t.scratch);
  const double e = naive_error(x, n, t.re, t.im);
  if (!(e < tolerance)) fail_msg("n = %d: forward off by %g", n, e);
  aus_fft_inverse(t.fft, t.re, t.im, back, t.scratch);
  for (int i = 0; i < n; i++)
    if (!(fabs(back[i] - x[i]) < 2e-6)) fail_msg("n = %d: inverse off by %g at %d", n, (double)fabsf(back[i] - x[i]), i);
  free(x);
  free(back);
  one_free(&t);
}

static void every_small_length(void **state)
{
  (void)state;
  aus_ctx *ctx = test_ctx(1);
  for (int n = 1; n <= 130; n++) check_length(ctx, n, 1e-6);
  aus_ctx_destroy(ctx);
}

static void common_lengths(void **state)
{
  (void)state;
  static const int lengths[] = { 160, 200, 243, 256, 320, 400, 441, 480, 500, 512, 513, 600, 625, 640, 729, 882, 960,
                                 1000, 1021, 1024, 1025, 1200, 1323, 1536, 1764, 2000, 2048, 2400, 4096 };
  aus_ctx *ctx = test_ctx(1);
  for (size_t i = 0; i < sizeof lengths / sizeof *lengths; i++) check_length(ctx, lengths[i], 1.5e-6);
  aus_ctx_destroy(ctx);
}

/* A batch, fewer rows than lanes and many, against single transforms and against the naive one. */
static void batch_equals_single(void **state)
{
  (void)state;
  static const int lengths[] = { 1, 2, 3, 8, 15, 16, 30, 62, 64, 67, 100, 128, 513, 512, 1024, 2048 };
  for (int threads = 1; threads <= 3; threads++) {
    aus_ctx *ctx = test_ctx(threads);
    for (size_t l = 0; l < sizeof lengths / sizeof *lengths; l++) {
      const int n = lengths[l], bins = n / 2 + 1, ldx = n + 3, lds = bins + 1;
      static const int counts[] = { 1, 7, 16, 37 };
      for (int c = 0; c < 4; c++) {
        const int count = counts[c];
        one t = one_make(ctx, n);
        float *x = random_row((int64_t)count * ldx, 5);
        float *re = calloc((size_t)(count * lds), sizeof *re), *im = calloc((size_t)(count * lds), sizeof *im);
        assert_ok(ctx, aus_fft_forward_batch(ctx, t.fft, count, x, ldx, re, im, lds));
        for (int r = 0; r < count; r++) {
          aus_fft_forward(t.fft, x + r * ldx, t.re, t.im, t.scratch);
          for (int k = 0; k < bins; k++) {
            assert_near(re[r * lds + k], t.re[k], 2e-6 * sqrt(n));
            assert_near(im[r * lds + k], t.im[k], 2e-6 * sqrt(n));
          }
          assert_true(re[r * lds + bins] == 0 && im[r * lds + bins] == 0); /* nothing between the rows */
        }
        free(x);
        free(re);
        free(im);
        one_free(&t);
      }
    }
    aus_ctx_destroy(ctx);
  }
}

/* Laws that need no reference: linearity, impulse, shift, Parseval, DC and Nyquist. */
static void laws(void **state)
{
  (void)state;
  aus_ctx *ctx = test_ctx(1);
  static const int lengths[] = { 6, 12, 17, 60, 97, 256, 400, 1155, 16384, 10007, 65536 };
  for (size_t l = 0; l < sizeof lengths / sizeof *lengths; l++) {
    const int n = lengths[l], bins = n / 2 + 1;
    one t = one_make(ctx, n), u = one_make(ctx, n), v = one_make(ctx, n);
    float *x = random_row(n, 1), *y = random_row(n, 2), *z = malloc((size_t)n * sizeof *z);
    const double tolerance = 1e-6 * sqrt(n);
    for (int i = 0; i < n; i++) z[i] = 0.5f * x[i] - 2 * y[i];
    aus_fft_forward(t.fft, x, t.re, t.im, t.scratch);
    aus_fft_forward(u.fft, y, u.re, u.im, u.scratch);
    aus_fft_forward(v.fft, z, v.re, v.im, v.scratch);
    double energy = 0, spectral = 0;
    for (int k = 0; k < bins; k++) {
      assert_near(v.re[k], 0.5 * t.re[k] - 2 * u.re[k], 4 * tolerance);
      assert_near(v.im[k], 0.5 * t.im[k] - 2 * u.im[k], 4 * tolerance);
      const double p = (double)t.re[k] * t.re[k] + (double)t.im[k] * t.im[k];
      spectral += k == 0 || 2 * k == n ? p : 2 * p;
    }
    for (int i = 0; i < n; i++) energy += (double)x[i] * x[i];
    assert_near(spectral / n / energy, 1, 1e-6);
    assert_true(t.im[0] == 0);
    for (int i = 0; i < n; i++) z[i] = x[(i + 1) % n]; /* advanced by one: times e^(2 pi i k / n) */
    aus_fft_forward(v.fft, z, v.re, v.im, v.scratch);
    for (int k = 0; k < bins; k++) {
      const double c = cos(2 * PI * k / n), s = sin(2 * PI * k / n);
      assert_near(v.re[k], c * t.re[k] - s * t.im[k], 3 * tolerance);
      assert_near(v.im[k], s * t.re[k] + c * t.im[k], 3 * tolerance);
    }
    memset(z, 0, (size_t)n * sizeof *z);
    z[1] = 1;
    aus_fft_forward(v.fft, z, v.re, v.im, v.scratch);
    for (int k = 0; k < bins; k++) {
      assert_near(v.re[k], cos(2 * PI * k / n), 1e-6);
      assert_near(v.im[k], -sin(2 * PI * k / n), 1e-6);
    }
    free(x);
    free(y);
    free(z);
    one_free(&t);
    one_free(&u);
    one_free(&v);
  }
  aus_ctx_destroy(ctx);
}

static void bad_lengths_are_refused(void **state)
{
  (void)state;
  aus_ctx *ctx = test_ctx(1);
  aus_fft *fft;
  assert_int_equal(aus_fft_create(ctx, 0, &fft), AUS_EINVAL);
  assert_null(fft);
  assert_int_equal(aus_fft_create(ctx, -5, &fft), AUS_EINVAL);
  assert_int_equal(aus_fft_create(ctx, INT32_MAX, &fft), AUS_ELIMIT);
  assert_non_null(strstr(aus_ctx_error(ctx), "the longest is"));
  aus_ctx_destroy(ctx);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(every_small_length), cmocka_unit_test(common_lengths), cmocka_unit_test(batch_equals_single),
    cmocka_unit_test(laws), cmocka_unit_test(bad_lengths_are_refused),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
