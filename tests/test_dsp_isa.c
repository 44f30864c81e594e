/* test_dsp_isa.c - every instruction set against the scalar one, on memory that ends (then starts) at a forbidden page. */
#include "test.h"

#include <auscult/dsp.h>

#include "guard.h"

static const char *const isas[] = { "avx2", "avx512", "neon" };

static aus_ctx *ctx_of(const char *isa)
{
  aus_ctx *ctx = NULL;
  const aus_config config = { .threads = 1 };
  setenv("AUSCULT_ISA", isa, 1);
  const aus_status status = aus_ctx_create(&ctx, &config);
  unsetenv("AUSCULT_ISA");
  assert_true(status == AUS_OK || status == AUS_ENOTSUP);
  return ctx;
}

enum { OUT = 6 };

/* What a piece of work reads (in) and writes (out), each exactly as long as stated. */
typedef struct work { aus_ctx *ctx; const float *in; float *out[OUT]; } work;
typedef void (*work_fn)(work *w, const void *how);

/* Runs the same work by the scalar kernels and by each other set, at both ends of guarded memory. */
static void compare(const char *name, work_fn run, const void *how, size_t n_in, const size_t n_out[OUT], double tolerance)
{
  aus_ctx *scalar = ctx_of("scalar");
  assert_non_null(scalar);
  for (int at_end = 0; at_end < 2; at_end++) {
    guard in = guard_floats(n_in, at_end, 42), out[2][OUT];
    for (int s = 0; s < 2; s++)
      for (int i = 0; i < OUT; i++) out[s][i] = guard_floats(n_out[i], at_end, 7);
    work w = { .ctx = scalar, .in = in.p };
    for (int i = 0; i < OUT; i++) w.out[i] = out[0][i].p;
    run(&w, how);
    for (size_t k = 0; k < sizeof isas / sizeof *isas; k++) {
      if (!(w.ctx = ctx_of(isas[k]))) continue;
      for (int i = 0; i < OUT; i++) w.out[i] = out[1][i].p;
      run(&w, how);
      for (int i = 0; i < OUT; i++)
        for (size_t j = 0; j < n_out[i]; j++) {
          const double want = ((float *)out[0][i].p)[j], got = ((float *)out[1][i].p)[j];
          if (!(fabs(got - want) <= tolerance * (1 + fabs(want))))
            fail_msg("%s, %s: output %d[%zu] is %.9g, scalar has %.9g", name, isas[k], i, j, got, want);
        }
      aus_ctx_destroy(w.ctx);
    }
    guard_free(&in);
    for (int s = 0; s < 2; s++)
      for (int i = 0; i < OUT; i++) guard_free(&out[s][i]);
  }
  aus_ctx_destroy(scalar);
}

/* ---- transforms ---------------------------------------------------------------------------------- */

typedef struct fft_how { int n, count; } fft_how;

static void run_fft(work *w, const void *p)
{
  const fft_how *how = p;
  const int n = how->n, bins = n / 2 + 1;
  aus_fft *fft;
  assert_ok(w->ctx, aus_fft_create(w->ctx, n, &fft));
  guard scratch = guard_new(aus_fft_scratch(fft) + 64, 0);
  assert_ok(w->ctx, aus_fft_forward_batch(w->ctx, fft, how->count, w->in, n, w->out[0], w->out[1], bins));
  aus_fft_forward(fft, w->in, w->out[2], w->out[3], scratch.p);
  aus_fft_inverse(fft, w->out[2], w->out[3], w->out[4], scratch.p);
  for (int i = 0; i < n; i++) assert_near(w->out[4][i], w->in[i], 2e-6);
  guard_free(&scratch);
  aus_fft_destroy(w->ctx, fft);
}

static void transforms(void **state)
{
  (void)state;
  static const int more[] = { 96, 100, 128, 200, 250, 256, 384, 400, 512, 640, 768, 1024, 1536, 2048, 2560 };
  for (int i = 0; i < 67 + (int)(sizeof more / sizeof *more); i++) {
    const int n = i < 67 ? i + 1 : more[i - 67], bins = n / 2 + 1;
    const fft_how how = { n, i % 2 ? 3 : 19 };
    const size_t sizes[OUT] = { (size_t)(how.count * bins), (size_t)(how.count * bins), (size_t)bins, (size_t)bins, (size_t)n };
    compare("fft", run_fft, &how, (size_t)(n * how.count), sizes, 2e-6 * sqrt(n));
  }
}

/* ---- spectra ---------------------------------------------------------------------------------------- */

typedef struct stft_how { aus_stft_config config; int samples, bands; } stft_how;

static int64_t frames_of(const aus_stft_config *c, int samples)
{
  const int64_t over = samples + (c->center == AUS_CENTER_NONE ? 0 : c->n_fft / 2 * 2) - c->n_fft;
  return over < 0 ? 0 : 1 + over / c->hop;
}

static void run_stft(work *w, const void *p)
{
  const stft_how *how = p;
  const int bins = how->config.n_fft / 2 + 1;
  const int64_t frames = frames_of(&how->config, how->samples);
  const aus_log_config log = { .kind = AUS_LOG10_1P, .scale = 10, .half = 0 };
  aus_stft *s;
  aus_bank *bank;
  float *fb = malloc((size_t)(how->bands * bins) * sizeof *fb);
  assert_ok(w->ctx, aus_stft_create(w->ctx, &how->config, &s));
  assert_int_equal(aus_stft_frames(s, how->samples), frames);
  assert_ok(w->ctx, aus_mel_filterbank(w->ctx, 16000, how->config.n_fft, how->bands, 0, 8000, AUS_MEL_HTK, AUS_MEL_NORM_NONE, fb));
  assert_ok(w->ctx, aus_bank_create(w->ctx, how->bands, bins, fb, &bank));
  assert_ok(w->ctx, aus_stft_forward(s, how->samples, w->in, w->out[0], w->out[1]));
  assert_ok(w->ctx, aus_stft_power(s, how->samples, w->in, 0, frames, 1, w->out[2]));
  assert_ok(w->ctx, aus_stft_inverse(s, how->samples, w->out[0], w->out[1], w->out[3]));
  assert_ok(w->ctx, aus_stft_bands(s, how->samples, w->in, 0, frames, 2, bank, &log, w->out[4]));
  const aus_spectrum part = { w->out[0], w->out[1], 0, frames };
  assert_ok(w->ctx, aus_mix_bands(w->ctx, 1, &part, 0, frames, 2, bank, &log, w->out[5]));
  for (int64_t i = 0; i < frames * how->bands; i++) assert_near(w->out[4][i], w->out[5][i], 1e-5);
  free(fb);
  aus_bank_destroy(w->ctx, bank);
  aus_stft_destroy(s);
}

static void spectra(void **state)
{
  (void)state;
  static const stft_how hows[] = {
    { { 64, 64, 16, AUS_WINDOW_HAMMING, AUS_CENTER_REFLECT }, 500, 7 },    { { 512, 512, 128, AUS_WINDOW_HAMMING, AUS_CENTER_REFLECT }, 5000, 33 },
    { { 400, 400, 160, AUS_WINDOW_HAMMING, AUS_CENTER_ZERO }, 4001, 40 },  { { 1024, 1024, 512, AUS_WINDOW_HAMMING, AUS_CENTER_NONE }, 9000, 64 },
    { { 63, 63, 20, AUS_WINDOW_HAMMING, AUS_CENTER_REFLECT }, 333, 5 },    { { 58, 58, 29, AUS_WINDOW_HAMMING, AUS_CENTER_ZERO }, 1, 3 },
    { { 128, 128, 5, AUS_WINDOW_HAMMING, AUS_CENTER_REFLECT }, 300, 10 },  { { 2048, 2048, 512, AUS_WINDOW_HAMMING, AUS_CENTER_REFLECT }, 7000, 80 },
  };
  for (size_t i = 0; i < sizeof hows / sizeof *hows; i++) {
    const stft_how *h = &hows[i];
    const size_t frames = (size_t)frames_of(&h->config, h->samples), bins = (size_t)h->config.n_fft / 2 + 1;
    const size_t sizes[OUT] = { frames * bins, frames * bins, frames * bins, (size_t)h->samples, frames * (size_t)h->bands, frames * (size_t)h->bands };
    compare("stft", run_stft, h, (size_t)h->samples, sizes, 2e-5);
  }
}

/* ---- the rest ------------------------------------------------------------------------------------------ */

static void run_plain(work *w, const void *p)
{
  const int n = *(const int *)p;
  static const aus_log_config db = { .kind = AUS_LOG_DB, .amin = 1e-5, .top_db = 30 }, half = { .kind = AUS_LOG_NONE, .half = 1 };
  memcpy(w->out[0], w->in, (size_t)n * sizeof(float));
  aus_log_apply(w->ctx, &db, n, w->out[0]);
  memcpy(w->out[1], w->in, (size_t)n * sizeof(float));
  aus_log_apply(w->ctx, &half, n, w->out[1]);
  assert_ok(w->ctx, aus_resample(w->ctx, n, w->in, 48000, 16000, w->out[2]));
  assert_ok(w->ctx, aus_resample(w->ctx, n, w->in, n < 67 ? 16000 : 44101, 24000, w->out[3]));
  if (n < 20) return;
  const aus_hpss_config hpss = { 64, 16, 9, 6, 1, 2 };
  assert_ok(w->ctx, aus_hpss(w->ctx, &hpss, n, w->in, w->out[4], w->out[5]));
}

static void logs_resampling_separation(void **state)
{
  (void)state;
  for (int n = 0; n <= 700; n = n < 67 ? n + 1 : n + 633) {
    const size_t parts = n < 20 ? 0 : (size_t)n, sizes[OUT] = { (size_t)n, (size_t)n, (size_t)aus_resample_length(n, 48000, 16000),
                                                                (size_t)aus_resample_length(n, n < 67 ? 16000 : 44101, 24000), parts, parts };
    compare("plain", run_plain, &n, (size_t)n, sizes, 3e-5);
  }
}

int main(void)
{
  const struct CMUnitTest tests[] = { cmocka_unit_test(transforms), cmocka_unit_test(spectra), cmocka_unit_test(logs_resampling_separation) };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
