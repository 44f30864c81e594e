/* test_frontend_back.c - the front end's way back: gradients of samples against torch, relevance down the filterbank. */
#include "test.h"

#include "format/writer.h"
#include "golden/frontend_back.h"
#include "model/frontend_back.h"

enum { SAMPLES = 700, N_FFT = 128, WIN = 100, HOP = 48, BANDS = 7, BINS = N_FFT / 2 + 1 };

/* The signals of make_frontend_back.py. */
static float rough(int64_t j) { return (float)((double)((j * 7919 + j * j * 31) % 1021) / 512.0 - 1); }

typedef struct front { void *bytes; aus_bundle *bundle; aus_frontend *fe; float x[SAMPLES]; } front;

static void open_front(aus_ctx *ctx, front *f, const char *centre, double power, const char *log, double amin, double top_db)
{
  aus_builder *b;
  size_t size;
  float w[BINS * BANDS];
  for (int k = 0; k < BINS; k++)
    for (int m = 0; m < BANDS; m++) w[k * BANDS + m] = fmaxf(0, 1 - (float)(fabs(k - 8.0 * (m + 1)) / 9.0));
  for (int i = 0; i < SAMPLES; i++) f->x[i] = (float)((double)rough(i + 3) * (1 + (0.01 - 1) * i / (SAMPLES - 1.0)));
  assert_ok(ctx, aus_builder_create(ctx, &b));
  aus_builder_string(b, "frontend", "mel");
  aus_builder_integer(b, "frontend.rate", 8000);
  aus_builder_integer(b, "frontend.n_fft", N_FFT);
  aus_builder_integer(b, "frontend.win_length", WIN);
  aus_builder_integer(b, "frontend.hop", HOP);
  aus_builder_string(b, "frontend.window", "hann");
  aus_builder_string(b, "frontend.center", centre);
  aus_builder_real(b, "frontend.power", power);
  aus_builder_string(b, "frontend.log", log);
  aus_builder_real(b, "frontend.log_scale", 10000);
  aus_builder_real(b, "frontend.amin", amin);
  aus_builder_real(b, "frontend.offset", 1e-3);
  aus_builder_real(b, "frontend.top_db", top_db);
  aus_builder_string(b, "frontend.filterbank", "bank");
  const int32_t dim[2] = { BINS, BANDS };
  aus_builder_tensor(b, "bank", AUS_F32, 2, dim, w);
  assert_ok(ctx, aus_builder_finish(b, &f->bytes, &size));
  aus_builder_destroy(b);
  assert_ok(ctx, aus_bundle_open_memory(ctx, f->bytes, size, &f->bundle));
  assert_ok(ctx, aus_frontend_create(ctx, f->bundle, &f->fe));
}

static void close_front(aus_ctx *ctx, front *f)
{
  aus_frontend_destroy(f->fe);
  aus_bundle_close(f->bundle);
  aus_free(ctx, f->bytes);
}

/* 1e-4 of the largest gradient: float32 powers and logarithms against double ones. */
static void one(const char *centre, double power, const char *log, double amin, double top_db, int64_t frames, const float *want)
{
  aus_ctx *ctx = test_ctx(1);
  front f;
  float g[64 * BANDS], dx[SAMPLES];
  double most = 0;
  open_front(ctx, &f, centre, power, log, amin, top_db);
  assert_int_equal(aus_stft_frames(f.fe->stft, SAMPLES), frames);
  for (int64_t i = 0; i < frames * BANDS; i++) g[i] = rough(i + 77);
  assert_ok(ctx, aus_frontend_gradient(f.fe, SAMPLES, f.x, frames, g, dx));
  for (int i = 0; i < SAMPLES; i++) most = fmax(most, fabs((double)want[i]));
  for (int i = 0; i < SAMPLES; i++) assert_near(dx[i], want[i], 1e-4 * most);
  close_front(ctx, &f);
  aus_ctx_destroy(ctx);
}

static void gradients_as_torch(void **state)
{
  (void)state;
  one("reflect", 2, "log10_1p", 1e-10, 0, GOLDEN_FRAMES_A, golden_back_a);
  one("zero", 1, "ln_offset", 1e-10, 0, GOLDEN_FRAMES_B, golden_back_b);
  one("none", 2, "db", 1e-10, 12, GOLDEN_FRAMES_C, golden_back_c);
  one("reflect", 1, "db_power2", 1e-5, 0, GOLDEN_FRAMES_D, golden_back_d);
  one("none", 1, "ln_max", 1e-7, 0, GOLDEN_FRAMES_E, golden_back_e);
  one("reflect", 2, "none", 1e-10, 0, GOLDEN_FRAMES_F, golden_back_f);
}

/* From powers of a spectrogram: decibels over a floor, in both layouts, and the gradient of the powers; 1e-4 of the largest. */
static void powers_as_torch(void **state)
{
  enum { FRAMES = 9, N = FRAMES * BANDS, CELLS = FRAMES * BINS };
  static float p[CELLS], dp[CELLS], v[N], work[2 * N], y[N], g[N];
  static double row[BINS];
  (void)state;
  for (int turned = 0; turned < 2; turned++) {
    aus_ctx *ctx = test_ctx(2);
    front f;
    double most = 0;
    open_front(ctx, &f, "reflect", 2, "db", 1e-10, 6);
    f.fe->transposed = turned;
    for (int i = 0; i < CELLS; i++) p[i] = (float)((double)rough(i + 11) * (double)rough(i + 11) + 1e-4);
    for (int t = 0; t < FRAMES; t++)
      for (int m = 0; m < BANDS; m++) g[turned ? m * FRAMES + t : t * BANDS + m] = rough(t * BANDS + m + 77);
    aus_frontend_of_power(f.fe, FRAMES, p, v, work, y);
    for (int t = 0; t < FRAMES; t++)
      for (int m = 0; m < BANDS; m++) assert_near(y[turned ? m * FRAMES + t : t * BANDS + m], golden_power_y[t * BANDS + m], 1e-4);
    aus_frontend_power_gradient(f.fe, FRAMES, v, g, work, row, dp);
    for (int i = 0; i < CELLS; i++) most = fmax(most, fabs((double)golden_power_dp[i]));
    for (int i = 0; i < CELLS; i++) assert_near(dp[i], golden_power_dp[i], 1e-4 * most);
    close_front(ctx, &f);
    aus_ctx_destroy(ctx);
  }
}

/* Sums are kept band by band, also where there is no sound; every share is in proportion to weight x power. */
static void relevance_is_kept(void **state)
{
  (void)state;
  aus_ctx *ctx = test_ctx(2);
  front f;
  enum { FRAMES = 15 };
  float r[FRAMES * BANDS], to[FRAMES * BINS], p[FRAMES * BINS];
  open_front(ctx, &f, "reflect", 2, "log10_1p", 1e-10, 0);
  for (int silent = 0; silent < 2; silent++) {
    if (silent) memset(f.x, 0, sizeof f.x);
    for (int t = 0; t < FRAMES; t++)
      for (int m = 0; m < BANDS; m++) r[t * BANDS + m] = m == 2 ? rough(t) : 0; /* one band alone: bins 16 to 32 */
    assert_ok(ctx, aus_frontend_spread(f.fe, SAMPLES, f.x, FRAMES, r, to));
    assert_ok(ctx, aus_stft_power(f.fe->stft, SAMPLES, f.x, 0, FRAMES, 2, p));
    for (int t = 0; t < FRAMES; t++) {
      double sum = 0, whole = 0;
      for (int k = 0; k < BINS; k++) {
        sum += (double)to[t * BINS + k];
        whole += fmax(0, 1 - fabs(k - 24.0) / 9.0) * (silent ? 1 : (double)p[t * BINS + k]);
      }
      assert_near(sum, r[t * BANDS + 2], 1e-5);
      for (int k = 0; k < BINS; k++)
        assert_near(to[t * BINS + k], (double)r[t * BANDS + 2] * fmax(0, 1 - fabs(k - 24.0) / 9.0) * (silent ? 1 : (double)p[t * BINS + k]) / whole, 1e-5);
    }
  }
  close_front(ctx, &f);
  aus_ctx_destroy(ctx);
}

/* |X|^p is homogeneous of degree p in the samples: gradient x value of the bands, taken down to samples as shares, is a p-th of
 * gradient x sample (that gradient torch has judged above). */
static void shares_as_gradient_times_sample(int power, const char *centre, int frames)
{
  aus_ctx *ctx = test_ctx(2);
  front f;
  float g[64 * BANDS], r[64 * BANDS], p[64 * BINS], dx[SAMPLES], to[SAMPLES];
  double sum = 0, most = 0, kept = 0;
  open_front(ctx, &f, centre, power, "none", 1e-10, 0);
  assert_int_equal(aus_stft_frames(f.fe->stft, SAMPLES), frames);
  assert_ok(ctx, aus_stft_power(f.fe->stft, SAMPLES, f.x, 0, frames, (float)power, p));
  for (int i = 0; i < frames * BANDS; i++) {
    double v = 0;
    for (int k = 0; k < BINS; k++) v += fmax(0, 1 - fabs(k - 8.0 * (i % BANDS + 1)) / 9.0) * (double)p[i / BANDS * BINS + k];
    g[i] = rough(i + 5);
    r[i] = (float)((double)g[i] * v);
    sum += (double)r[i];
  }
  assert_ok(ctx, aus_frontend_spread(f.fe, SAMPLES, f.x, frames, r, p));
  assert_ok(ctx, aus_frontend_shares(f.fe, SAMPLES, f.x, frames, p, to));
  assert_ok(ctx, aus_frontend_gradient(f.fe, SAMPLES, f.x, frames, g, dx));
  for (int i = 0; i < SAMPLES; i++) most = fmax(most, fabs((double)dx[i] * (double)f.x[i]));
  for (int i = 0; i < SAMPLES; i++) {
    assert_near(to[i], (double)dx[i] * (double)f.x[i] / power, 1e-5 * most);
    kept += (double)to[i];
  }
  assert_near(kept, sum, 1e-4 * most);
  close_front(ctx, &f);
  aus_ctx_destroy(ctx);
}

static void shares_of_samples(void **state)
{
  (void)state;
  shares_as_gradient_times_sample(1, "zero", 15);
  shares_as_gradient_times_sample(2, "reflect", 15);
}

int main(void)
{
  const struct CMUnitTest tests[] = { cmocka_unit_test(gradients_as_torch), cmocka_unit_test(powers_as_torch), cmocka_unit_test(relevance_is_kept), cmocka_unit_test(shares_of_samples) };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
