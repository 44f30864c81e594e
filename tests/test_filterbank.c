/* test_filterbank.c - mel and logarithmic banks against the definitions in numpy (tests/golden/make_dsp.py), log forms
 * against libm in double, half rounding against the format itself. */
#include "test.h"

#include <auscult/dsp.h>

#include "golden/dsp.h"

#define COUNT(a) ((int)(sizeof(a) / sizeof *(a)))

static void check_mel(int rate, int n_fft, int bands, double fmin, double fmax, aus_mel_scale scale, aus_mel_norm norm,
                      const double sums[2], int n, const int *at, const float *want)
{
  aus_ctx *ctx = test_ctx(1);
  const int size = bands * (n_fft / 2 + 1);
  float *fb = malloc((size_t)size * sizeof *fb);
  assert_ok(ctx, aus_mel_filterbank(ctx, rate, n_fft, bands, fmin, fmax, scale, norm, fb));
  double sum = 0;
  for (int i = 0; i < size; i++) {
    sum += fb[i];
    assert_true(fb[i] >= 0);
  }
  assert_near(sum / sums[0], 1, 1e-6);
  for (int i = 0; i < n; i++) assert_near(fb[at[i]], want[i], 1e-7 + 2e-6 * want[i]);
  free(fb);
  aus_ctx_destroy(ctx);
}

static void mel_banks(void **state)
{
  (void)state;
#define MEL(name, ...) check_mel(__VA_ARGS__, golden_mel_##name##_sums, COUNT(golden_mel_##name), golden_mel_##name##_at, golden_mel_##name)
  MEL(slaney, 16000, 512, 96, 0, 8000, AUS_MEL_SLANEY, AUS_MEL_NORM_SLANEY);
  MEL(htk, 22050, 400, 40, 50, 11025, AUS_MEL_HTK, AUS_MEL_NORM_NONE);
  MEL(mixed, 44100, 1024, 20, 27.5, 16000, AUS_MEL_SLANEY, AUS_MEL_NORM_NONE);
  float hz[3];
  aus_mel_centres(3, 0, 8000, AUS_MEL_HTK, hz); /* a quarter, a half, three quarters of 2840.02 mel */
  assert_near(hz[0], 700 * (pow(10, 2840.0230467 / 4 / 2595) - 1), 1e-3);
  assert_near(hz[2], 700 * (pow(10, 2840.0230467 * 3 / 4 / 2595) - 1), 1e-2);
}

static void check_logbank(int rate, int bins, int per_octave, double fmin, double fmax, int norm, int unique, const int shape[2],
                          const int *at, const float *want)
{
  aus_ctx *ctx = test_ctx(1);
  int32_t bands, nonzero = 0;
  float *fb = malloc((size_t)(200 * bins) * sizeof *fb);
  assert_ok(ctx, aus_log_filterbank(ctx, rate, bins, per_octave, fmin, fmax, 440, norm, unique, 200, fb, &bands));
  assert_int_equal(bands, shape[0]);
  for (int i = 0; i < bands * bins; i++)
    if (fb[i] != 0) {
      assert_true(nonzero < shape[1]);
      assert_int_equal(i, at[nonzero]);
      assert_true(fb[i] == want[nonzero]); /* to the bit */
      nonzero++;
    }
  assert_int_equal(nonzero, shape[1]);
  assert_int_equal(aus_log_filterbank(ctx, rate, bins, per_octave, fmin, fmax, 440, norm, unique, 3, fb, &bands), AUS_EINVAL);
  free(fb);
  aus_ctx_destroy(ctx);
}

static void logarithmic_banks(void **state)
{
  (void)state;
  check_logbank(44100, 512, 12, 27.5, 16000, 0, 0, golden_logbank_plain_shape, golden_logbank_plain_at, golden_logbank_plain);
  check_logbank(22050, 1024, 6, 30, 17000, 1, 1, golden_logbank_unique_shape, golden_logbank_unique_at, golden_logbank_unique);
}

/* The bank of the invertible transcription network: specs/inn.md 2.3, and its file when it is there. */
static void madmom_bank(void **state)
{
  (void)state;
  enum { BINS = 2048, BANDS = 144 };
  aus_ctx *ctx = test_ctx(1);
  float *fb = malloc((size_t)(BINS * BANDS) * sizeof *fb);
  int32_t bands;
  assert_ok(ctx, aus_log_filterbank(ctx, 44100, BINS, 24, 30, 10000, 440, 1, 1, BANDS, fb, &bands));
  assert_int_equal(bands, BANDS);
  double weighted = 0;
  int nonzero = 0;
  for (int b = 0; b < BANDS; b++)
    for (int k = 0; k < BINS; k++) {
      weighted += (double)fb[b * BINS + k] * (k + 1) * (b + 1);
      nonzero += fb[b * BINS + k] != 0;
    }
  assert_int_equal(nonzero, 1672);
  assert_near(weighted, 3494354.725850, 1e-3);
  char path[512];
  const char *shared = getenv("AUS_SHARED"), *src = getenv("srcdir");
  if (shared) snprintf(path, sizeof path, "%s/midi/golden/fb_2048x144_f32le.bin", shared);
  else snprintf(path, sizeof path, "%s/../shared/data/midi/golden/fb_2048x144_f32le.bin", src ? src : ".");
  void *data;
  size_t size;
  if (aus_file_read(ctx, path, 1 << 24, &data, &size) == AUS_OK) {
    const float *want = data; /* [bins][bands] */
    assert_int_equal(size, BINS * BANDS * sizeof(float));
    for (int b = 0; b < BANDS; b++)
      for (int k = 0; k < BINS; k++)
        if (fb[b * BINS + k] != want[k * BANDS + b]) fail_msg("band %d bin %d: %.9g, madmom has %.9g", b, k, (double)fb[b * BINS + k], (double)want[k * BANDS + b]);
    aus_free(ctx, data);
  } else {
    print_message("no %s: the bank is checked by its sums only\n", path);
  }
  free(fb);
  aus_ctx_destroy(ctx);
}

/* One frame against a double sum, any number of frames against one at a time; a band of nothing is 0. */
static void banks_apply(void **state)
{
  (void)state;
  enum { BINS = 67, BANDS = 9, FRAMES = 35 };
  static float fb[BANDS][BINS], p[FRAMES][BINS], y[FRAMES][BANDS], one[BANDS];
  aus_rng rng;
  aus_rng_init(&rng, 1, 1);
  for (int b = 0; b < BANDS - 1; b++)
    for (int k = 7 * b; k < 7 * b + 2 * b + 1 && k < BINS; k++) fb[b][k] = (float)aus_rng_uniform(&rng);
  for (int f = 0; f < FRAMES; f++)
    for (int k = 0; k < BINS; k++) p[f][k] = (float)aus_rng_uniform(&rng);
  for (int threads = 1; threads <= 3; threads++) {
    aus_ctx *ctx = test_ctx(threads);
    aus_bank *bank;
    assert_ok(ctx, aus_bank_create(ctx, BANDS, BINS, &fb[0][0], &bank));
    aus_bank_apply(ctx, bank, FRAMES, &p[0][0], &y[0][0]);
    for (int f = 0; f < FRAMES; f++) {
      aus_bank_apply(ctx, bank, 1, p[f], one);
      assert_memory_equal(one, y[f], sizeof one);
      for (int b = 0; b < BANDS; b++) {
        double sum = 0;
        for (int k = 0; k < BINS; k++) sum += (double)fb[b][k] * p[f][k];
        assert_near(y[f][b], sum, 1e-6 * (1 + sum));
      }
    }
    aus_bank_destroy(ctx, bank);
    aus_ctx_destroy(ctx);
  }
}

static double log_wanted(const aus_log_config *c, double x)
{
  switch (c->kind) {
  case AUS_LOG10_1P: return log10((double)((float)c->scale * (float)x + 1.0f));
  case AUS_LOG_DB: return 10 * log10(fmax(x, (float)c->amin));
  case AUS_LOG_DB_POWER2: return 20 * log10(fmax(x, (float)c->amin));
  case AUS_LOG_LN_OFFSET: return log((double)((float)x + (float)c->offset));
  case AUS_LOG_LN_MAX: return log(fmax(x, (float)c->amin));
  default: return x;
  }
}

static void log_forms(void **state)
{
  (void)state;
  static const aus_log_config forms[] = {
    { .kind = AUS_LOG_NONE }, { .kind = AUS_LOG10_1P, .scale = 10000 }, { .kind = AUS_LOG10_1P, .scale = 1 },
    { .kind = AUS_LOG_DB, .amin = 1e-10 }, { .kind = AUS_LOG_DB_POWER2, .amin = 1e-5 },
    { .kind = AUS_LOG_LN_OFFSET, .offset = 1e-5 }, { .kind = AUS_LOG_LN_MAX, .amin = 1e-12 },
  };
  aus_ctx *ctx = test_ctx(2);
  enum { N = 40003 };
  float *x = malloc(N * sizeof *x), *y = malloc(N * sizeof *y);
  aus_rng rng;
  aus_rng_init(&rng, 4, 4);
  for (int i = 0; i < N; i++) x[i] = (float)exp(60 * aus_rng_uniform(&rng) - 45); /* 3e-20 to 3e6 */
  x[0] = 0;
  x[1] = 1;
  x[2] = 1e-42f; /* subnormal */
  x[3] = 3e38f;
  for (size_t k = 0; k < sizeof forms / sizeof *forms; k++)
    for (int n = 0; n <= N; n = n < 67 ? n + 1 : n < N ? N : N + 1) {
      memcpy(y, x, N * sizeof *y);
      aus_log_apply(ctx, &forms[k], n, y);
      for (int i = 0; i < n; i++) {
        if (i == 3 && forms[k].kind == AUS_LOG10_1P && forms[k].scale > 1) continue; /* beyond float */
        const double want = log_wanted(&forms[k], x[i]);
        if (!(fabs(y[i] - want) <= 1.5e-7 * fabs(want) + 2e-9))
          fail_msg("form %d of %g: %.9g, should be %.9g", (int)forms[k].kind, (double)x[i], (double)y[i], want);
      }
      for (int i = n; i < N && i < n + 64; i++) assert_true(y[i] == x[i]); /* nothing beyond n */
    }
  const aus_log_config floor_at = { .kind = AUS_LOG_DB, .amin = 1e-10, .top_db = 80 };
  float z[5] = { 1e-9f, 0, 100, 2e-6f, 5e-7f }; /* 20 dB at most: the floor is -60 */
  aus_log_apply(ctx, &floor_at, 5, z);
  assert_near(z[0], -60, 1e-5);
  assert_near(z[1], -60, 1e-5);
  assert_near(z[3], 10 * log10(2e-6), 1e-4);
  assert_near(z[4], -60, 1e-5);
  float bad[3] = { NAN, -1, INFINITY };
  aus_log_apply(ctx, &forms[5], 3, bad);
  assert_true(isnan(bad[0]) && isnan(bad[1]) && isinf(bad[2]));
  free(x);
  free(y);
  aus_ctx_destroy(ctx);
}

static void half_precision(void **state)
{
  (void)state;
  for (uint32_t h = 0; h < 0x10000; h++) { /* every half comes back as itself */
    const float x = aus_half_to_float((uint16_t)h);
    if ((h & 0x7c00) == 0x7c00 && (h & 0x3ff)) { assert_true(isnan(x)); continue; }
    const int e = (int)(h >> 10 & 31), f = (int)(h & 0x3ff);
    const double value = e == 31 ? INFINITY : e ? ldexp(1024 + f, e - 25) : ldexp(f, -24);
    assert_true(x == (h & 0x8000 ? -value : value));
    assert_int_equal(aus_half_from_float(x), h);
  }
  for (uint32_t h = 0; h < 0x7bff; h++) { /* halfway between two neighbours: the even one; a hair off: the nearer */
    const float lo = aus_half_to_float((uint16_t)h), hi = aus_half_to_float((uint16_t)(h + 1)), mid = 0.5f * (lo + hi);
    assert_int_equal(aus_half_from_float(mid), h + (h & 1));
    assert_int_equal(aus_half_from_float(nextafterf(mid, 0)), h);
    assert_int_equal(aus_half_from_float(nextafterf(mid, 1e9f)), h + 1);
  }
  assert_int_equal(aus_half_from_float(65519.99f), 0x7bff);
  assert_int_equal(aus_half_from_float(65520), 0x7c00);
  aus_ctx *ctx = test_ctx(1); /* the vector form, as the log uses it, gives the same bits */
  const aus_log_config c = { .kind = AUS_LOG_NONE, .half = 1 };
  enum { N = 70001 };
  float *x = malloc(N * sizeof *x), *y = malloc(N * sizeof *y);
  aus_rng rng;
  aus_rng_init(&rng, 8, 8);
  for (int i = 0; i < N; i++) {
    const uint32_t bits = i < 30000 ? aus_rng_u32(&rng) : (aus_rng_u32(&rng) & 0x8fffffff) + 0x30000000; /* all; about half's range */
    memcpy(x + i, &bits, sizeof bits);
  }
  memcpy(y, x, N * sizeof *y);
  aus_log_apply(ctx, &c, N, y);
  aus_half_round(N, x);
  for (int i = 0; i < N; i++) assert_true(x[i] == y[i] || (isnan(x[i]) && isnan(y[i])));
  free(x);
  free(y);
  aus_ctx_destroy(ctx);
}

static void bad_banks_are_refused(void **state)
{
  (void)state;
  aus_ctx *ctx = test_ctx(1);
  float fb[64];
  int32_t bands;
  aus_bank *bank;
  assert_int_equal(aus_mel_filterbank(ctx, 0, 16, 4, 0, 8000, AUS_MEL_HTK, AUS_MEL_NORM_NONE, fb), AUS_EINVAL);
  assert_int_equal(aus_mel_filterbank(ctx, 16000, 16, 4, 100, 100, AUS_MEL_HTK, AUS_MEL_NORM_NONE, fb), AUS_EINVAL);
  assert_int_equal(aus_mel_filterbank(ctx, 16000, 16, 4, 0, NAN, AUS_MEL_HTK, AUS_MEL_NORM_NONE, fb), AUS_EINVAL);
  assert_int_equal(aus_log_filterbank(ctx, 16000, 16, 12, 0, 8000, 440, 1, 1, 4, fb, &bands), AUS_EINVAL);
  assert_int_equal(aus_bank_create(ctx, 0, 10, fb, &bank), AUS_EINVAL);
  assert_null(bank);
  aus_ctx_destroy(ctx);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(mel_banks), cmocka_unit_test(logarithmic_banks), cmocka_unit_test(madmom_bank),
    cmocka_unit_test(banks_apply), cmocka_unit_test(log_forms), cmocka_unit_test(half_precision),
    cmocka_unit_test(bad_banks_are_refused),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
