/* bench_fft.c - transforms, spectra, log-mels and their inverses beside FFTW and kissfft, in one run.
 *
 * Peers are looked for at run time (dlopen), so nothing is needed to build this. A peer's pipeline is plain C around its
 * transform, vectorised by the compiler, frames shared out by OpenMP, as anyone would write it; ours are the public calls.
 * All candidates of a row take turns, and the median of the rounds counts. Usage: bench_fft [threads [rounds]] */
#include <auscult/dsp.h>

#include "core/core.h"

#include <dlfcn.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const double PI = 3.14159265358979323846;
enum { MOST_ROUNDS = 64, MOST_PEERS = 8 };

/* ---- peers -------------------------------------------------------------------------------------- */

typedef struct peers {
  void *(*fftw_r2c)(int, float *, void *, unsigned), *(*fftw_c2r)(int, void *, float *, unsigned);
  void (*fftw_run_r2c)(void *, float *, void *), (*fftw_run_c2r)(void *, void *, float *);
  void (*fftw_forget)(void);
  void *(*kiss_alloc)(int, int, void *, size_t *);
  void (*kiss_r2c)(void *, const float *, void *), (*kiss_c2r)(void *, const void *, float *);
} peers;

typedef union symbol { void *object; void (*function)(void); } symbol;

static void find(void *library, const char *name, void *slot)
{
  symbol s = { .object = library ? dlsym(library, name) : NULL };
  memcpy(slot, &s, sizeof s.function);
}

static peers find_peers(void)
{
  peers p;
  void *fftw = dlopen("libfftw3f.so.3", RTLD_NOW), *kiss = dlopen("libkissfft-float.so.131", RTLD_NOW);
  if (!kiss) kiss = dlopen("libkissfft-float.so", RTLD_NOW);
  find(fftw, "fftwf_plan_dft_r2c_1d", &p.fftw_r2c);
  find(fftw, "fftwf_plan_dft_c2r_1d", &p.fftw_c2r);
  find(fftw, "fftwf_execute_dft_r2c", &p.fftw_run_r2c);
  find(fftw, "fftwf_execute_dft_c2r", &p.fftw_run_c2r);
  find(fftw, "fftwf_forget_wisdom", &p.fftw_forget);
  find(kiss, "kiss_fftr_alloc", &p.kiss_alloc);
  find(kiss, "kiss_fftr", &p.kiss_r2c);
  find(kiss, "kiss_fftri", &p.kiss_c2r);
  if (!fftw) fprintf(stderr, "no libfftw3f here\n");
  if (!kiss) fprintf(stderr, "no libkissfft-float here\n");
  return p;
}

/* ---- one row of the table -------------------------------------------------------------------------- */

typedef enum kind { OURS, FFTW, KISS } kind;

typedef struct job {
  kind kind;
  const char *name;
  const peers *lib;
  void *forward, *backward[2]; /* plans; kissfft's are not to be shared */
  void *forward2;
  aus_ctx *ctx;
  aus_fft *fft;
  aus_stft *stft;
  aus_bank *bank;
  aus_log_config log;
  int threads, n, hop, bands;
  int64_t count, samples; /* rows or frames */
  int *lo, *hi;
  float *x, *re, *im, *spec, *mel, *fb, *window, *norm, *y, *work[2];
  void (*run)(struct job *);
} job;

static float *floats(int64_t n)
{
  float *p = aligned_alloc(64, ((size_t)n * sizeof *p + 127) & ~(size_t)63);
  if (!p) exit(1);
  for (int64_t i = 0; i < n; i++) p[i] = (float)(rand() % 2001 - 1000) / 1000;
  return p;
}

static void plan_peer(job *j)
{
  if (j->kind == FFTW) {
    float *in = floats(j->n + 2), *out = floats(j->n + 2);
    j->lib->fftw_forget();
    j->forward = j->lib->fftw_r2c(j->n, in, out, 1u << 5); /* FFTW_PATIENT */
    j->backward[0] = j->backward[1] = j->lib->fftw_c2r(j->n, out, in, 1u << 5);
    j->forward2 = j->forward;
    free(in);
    free(out);
  } else if (j->kind == KISS) {
    j->forward = j->lib->kiss_alloc(j->n, 0, NULL, NULL);
    j->forward2 = j->lib->kiss_alloc(j->n, 0, NULL, NULL);
    for (int t = 0; t < 2; t++) j->backward[t] = j->lib->kiss_alloc(j->n, 1, NULL, NULL);
  }
}

static void forward(const job *j, int worker, float *in, float *out)
{
  if (j->kind == FFTW) j->lib->fftw_run_r2c(j->forward, in, out);
  else j->lib->kiss_r2c(worker ? j->forward2 : j->forward, in, out);
}

static void backward(const job *j, int worker, float *in, float *out)
{
  if (j->kind == FFTW) j->lib->fftw_run_c2r(j->backward[worker], in, out);
  else j->lib->kiss_c2r(j->backward[worker], in, out);
}

static void fail_if(aus_ctx *ctx, aus_status status)
{
  if (status == AUS_OK) return;
  fprintf(stderr, "%s\n", aus_ctx_error(ctx));
  exit(1);
}

static int by_time(const void *a, const void *b)
{
  const double x = *(const double *)a, y = *(const double *)b;
  return (x > y) - (x < y);
}

/* FMA peak of one thread, GFLOP/s: the compiler vectorises sixteen independent chains. */
static double peak_gflops(void)
{
  enum { N = 256 };
  static float a[N];
  double best = 0;
  for (int i = 0; i < N; i++) a[i] = (float)i;
  for (int r = 0; r < 5; r++) {
    const double t = aus_now();
    for (int k = 0; k < 20000; k++)
      for (int i = 0; i < N; i++) a[i] = __builtin_fmaf(a[i], 0.999f, 0.001f);
    const double rate = 20000.0 * N * 2 / (aus_now() - t) * 1e-9;
    best = rate > best ? rate : best;
  }
  volatile float sink = a[7];
  (void)sink;
  return best;
}

static void row(const char *name, job **list, int count, int rounds, double gflop, double peak)
{
  double seconds[MOST_PEERS], best_peer = 0;
  static double t[MOST_PEERS][MOST_ROUNDS];
  int inner[MOST_PEERS];
  for (int c = 0; c < count; c++) {
    list[c]->run(list[c]);
    const double from = aus_now();
    list[c]->run(list[c]);
    const double d = aus_now() - from;
    inner[c] = d > 0.01 ? 1 : (int)(0.01 / (d + 1e-9)) + 1;
  }
  for (int r = 0; r < rounds; r++)
    for (int c = 0; c < count; c++) {
      const double from = aus_now();
      for (int i = 0; i < inner[c]; i++) list[c]->run(list[c]);
      t[c][r] = (aus_now() - from) / inner[c];
    }
  printf("%-28s", name);
  for (int c = 0; c < count; c++) {
    qsort(t[c], (size_t)rounds, sizeof(double), by_time);
    seconds[c] = t[c][rounds / 2];
    printf("  %s %.4f ms", list[c]->name, seconds[c] * 1e3);
    if (gflop > 0) printf(" (%.1f GF/s)", gflop / seconds[c]);
    if (c > 0 && (best_peer == 0 || seconds[c] < best_peer)) best_peer = seconds[c];
  }
  if (gflop > 0) printf("  %.0f%% of peak", 100 * gflop / seconds[0] / (peak * list[0]->threads));
  if (count > 1) printf("  ratio %.2f", best_peer / seconds[0]);
  printf("\n");
  fflush(stdout);
}

/* ---- batched transforms -------------------------------------------------------------------------------- */

static void batch_ours(job *j)
{
  fail_if(j->ctx, aus_fft_forward_batch(j->ctx, j->fft, j->count, j->x, j->n + 16, j->re, j->im, j->n / 2 + 8));
}

static void batch_peer(job *j)
{
#pragma omp parallel for schedule(static) num_threads(j->threads) if (j->threads > 1)
  for (int64_t i = 0; i < j->count; i++) {
    const int worker = j->threads > 1 && i >= (j->count + 1) / 2;
    forward(j, worker, j->x + i * (j->n + 16), j->spec + i * (j->n + 16));
  }
}

static int add_peers(job *jobs, job **list, const job *like, void (*run)(job *))
{
  int count = 1;
  if (like->lib->fftw_r2c) {
    jobs[count] = *like;
    jobs[count].kind = FFTW;
    jobs[count].name = "fftw_patient";
    list[count] = &jobs[count];
    count++;
  }
  if (like->lib->kiss_alloc) {
    jobs[count] = *like;
    jobs[count].kind = KISS;
    jobs[count].name = "kissfft";
    list[count] = &jobs[count];
    count++;
  }
  for (int c = 1; c < count; c++) {
    plan_peer(&jobs[c]);
    jobs[c].run = run;
  }
  return count;
}

static void batches(aus_ctx *ctx, const peers *lib, int threads, int rounds, double peak)
{
  for (int n = 256; n <= 8192; n *= 2)
    for (int wide = 0; wide < 2; wide++) { /* as many rows as fit 128 KiB, as peers' benchmarks have it; and four times that */
      job jobs[MOST_PEERS], *list[MOST_PEERS] = { jobs };
      const int64_t count = (32768 / n < 4 ? 4 : 32768 / n) * (wide ? 4 : 1);
      jobs[0] = (job){ .kind = OURS, .name = "ours", .lib = lib, .ctx = ctx, .threads = threads, .n = n, .count = count, .run = batch_ours };
      jobs[0].x = floats(count * (n + 16));
      jobs[0].re = floats(count * (n / 2 + 8));
      jobs[0].im = floats(count * (n / 2 + 8));
      jobs[0].spec = floats(count * (n + 16));
      fail_if(ctx, aus_fft_create(ctx, n, &jobs[0].fft));
      const int peers_found = add_peers(jobs, list, &jobs[0], batch_peer);
      char name[64];
      snprintf(name, sizeof name, "rfft %d x %d", n, (int)count);
      row(name, list, peers_found, rounds, 2.5e-9 * n * log2(n) * (double)count, peak);
      aus_fft_destroy(ctx, jobs[0].fft);
      free(jobs[0].x);
      free(jobs[0].re);
      free(jobs[0].im);
      free(jobs[0].spec);
    }
}

/* ---- pipelines -------------------------------------------------------------------------------------------- */

static void stft_ours(job *j) { fail_if(j->ctx, aus_stft_forward(j->stft, j->samples, j->x, j->re, j->im)); }
static void istft_ours(job *j) { fail_if(j->ctx, aus_stft_inverse(j->stft, j->samples, j->re, j->im, j->y)); }
static void logmel_ours(job *j)
{
  fail_if(j->ctx, aus_stft_bands(j->stft, j->samples, j->x, 0, j->count, 2, j->bank, &j->log, j->mel));
}

static void stft_peer(job *j)
{
#pragma omp parallel for schedule(static) num_threads(j->threads) if (j->threads > 1)
  for (int64_t f = 0; f < j->count; f++) {
    const int worker = j->threads > 1 && f >= (j->count + 1) / 2;
    float *b = j->work[worker], *s = j->x + f * j->hop;
    for (int i = 0; i < j->n; i++) b[i] = s[i] * j->window[i];
    forward(j, worker, b, j->spec + f * (j->n + 16));
  }
}

static void logmel_peer(job *j)
{
  const int bins = j->n / 2 + 1;
#pragma omp parallel for schedule(static) num_threads(j->threads) if (j->threads > 1)
  for (int64_t f = 0; f < j->count; f++) {
    const int worker = j->threads > 1 && f >= (j->count + 1) / 2;
    float *b = j->work[worker], *o = b + j->n + 64, *s = j->x + f * j->hop;
    for (int i = 0; i < j->n; i++) b[i] = s[i] * j->window[i];
    forward(j, worker, b, o);
    for (int i = 0; i < bins; i++) b[i] = o[2 * i] * o[2 * i] + o[2 * i + 1] * o[2 * i + 1];
    for (int m = 0; m < j->bands; m++) {
      float a = 0, *w = j->fb + (int64_t)m * bins;
      for (int i = j->lo[m]; i < j->hi[m]; i++) a += w[i] * b[i];
      j->mel[f * j->bands + m] = logf(a + 1e-10f);
    }
  }
}

/* Two threads take the two halves; the seam is added by the first. */
static void istft_peer(job *j)
{
  const int64_t whole = (j->count - 1) * j->hop + j->n;
#pragma omp parallel num_threads(j->threads) if (j->threads > 1)
  {
    int t = 0;
#pragma omp for schedule(static)
    for (int k = 0; k < j->threads; k++) {
      t = k;
      const int64_t f0 = j->count * t / j->threads, f1 = j->count * (t + 1) / j->threads;
      float *b = j->work[t], *c = b + j->n + 64, *y = j->y + t * whole;
      memset(y + f0 * j->hop, 0, sizeof(float) * (size_t)((f1 - f0 - 1) * j->hop + j->n));
      for (int64_t f = f0; f < f1; f++) {
        memcpy(c, j->spec + f * (j->n + 16), sizeof(float) * (size_t)(j->n + 2));
        backward(j, t, c, b);
        float *o = y + f * j->hop;
        for (int i = 0; i < j->n; i++) o[i] += b[i] * j->window[i];
      }
    }
  }
  if (j->threads == 2) {
    const int64_t seam = j->count / 2 * j->hop;
    for (int i = 0; i < j->n - j->hop; i++) j->y[whole + seam + i] += j->y[seam + i];
  }
#pragma omp parallel for schedule(static) num_threads(j->threads) if (j->threads > 1)
  for (int k = 0; k < j->threads; k++) {
    const int64_t a = j->count * k / j->threads * j->hop, z = k == j->threads - 1 ? whole : j->count * (k + 1) / j->threads * j->hop;
    for (int64_t i = a; i < z; i++) j->y[k * whole + i] *= j->norm[i];
  }
}

static void pipelines(aus_ctx *ctx, const peers *lib, int threads, int rounds, int rate, int n, int hop, int bands)
{
  const int bins = n / 2 + 1;
  job jobs[MOST_PEERS], *list[MOST_PEERS] = { jobs }, *j = jobs;
  const int64_t frames = 1 + 30 * rate / hop, samples = (frames - 1) * hop + n;
  *j = (job){ .kind = OURS, .name = "ours", .lib = lib, .ctx = ctx, .threads = threads, .n = n, .hop = hop, .bands = bands,
              .count = frames, .samples = samples, .log = { .kind = AUS_LOG_LN_OFFSET, .offset = 1e-10 } };
  const aus_stft_config c = { n, n, hop, AUS_WINDOW_HANN, AUS_CENTER_NONE };
  fail_if(ctx, aus_stft_create(ctx, &c, &j->stft));
  j->x = floats(samples);
  j->re = floats(frames * bins);
  j->im = floats(frames * bins);
  j->spec = floats(frames * (n + 16));
  j->mel = floats(frames * bands);
  j->fb = floats((int64_t)bands * bins);
  j->y = floats(2 * samples);
  j->window = floats(n);
  j->norm = floats(samples);
  for (int t = 0; t < 2; t++) j->work[t] = floats(2 * n + 256);
  fail_if(ctx, aus_mel_filterbank(ctx, rate, n, bands, 0, rate / 2.0, AUS_MEL_HTK, AUS_MEL_NORM_NONE, j->fb));
  fail_if(ctx, aus_bank_create(ctx, bands, bins, j->fb, &j->bank));
  j->lo = calloc((size_t)bands, sizeof(int));
  j->hi = calloc((size_t)bands, sizeof(int));
  for (int m = 0; m < bands; m++) {
    j->lo[m] = bins;
    for (int k = 0; k < bins; k++)
      if (j->fb[m * bins + k] > 0) {
        j->lo[m] = k < j->lo[m] ? k : j->lo[m];
        j->hi[m] = k + 1;
      }
  }
  for (int i = 0; i < n; i++) j->window[i] = (float)(0.5 - 0.5 * cos(2 * PI * i / n));
  for (int64_t i = 0; i < samples; i++) j->norm[i] = 1.0f / (float)n;
  static const char *const names[3] = { "stft", "logmel", "istft" };
  void (*const ours[3])(job *) = { stft_ours, logmel_ours, istft_ours };
  void (*const theirs[3])(job *) = { stft_peer, logmel_peer, istft_peer };
  const int count = add_peers(jobs, list, j, stft_peer);
  for (int k = 0; k < 3; k++) {
    char name[64];
    jobs[0].run = ours[k];
    for (int p = 1; p < count; p++) jobs[p].run = theirs[k];
    snprintf(name, sizeof name, "%s %d/%d/%d 30 s", names[k], rate, n, hop);
    row(name, list, count, rounds, 0, 0);
  }
  aus_bank_destroy(ctx, j->bank);
  aus_stft_destroy(j->stft);
}

int main(int argc, char **argv)
{
  const int threads = argc > 1 ? atoi(argv[1]) : 1, rounds = argc > 2 ? atoi(argv[2]) : 9;
  if (threads < 1 || threads > 2 || rounds < 1 || rounds > MOST_ROUNDS) {
    fprintf(stderr, "usage: bench_fft [1|2 threads [1..%d rounds]]\n", MOST_ROUNDS);
    return 2;
  }
  const aus_config config = { .threads = threads };
  aus_ctx *ctx;
  if (aus_ctx_create(&ctx, &config) != AUS_OK) return 1;
  const peers lib = find_peers();
  const double peak = peak_gflops();
  printf("%s, %d thread%s, FMA peak %.0f GFLOP/s a thread\n", aus_ctx_isa(ctx), threads, threads > 1 ? "s" : "", peak);
  batches(ctx, &lib, threads, rounds, peak);
  pipelines(ctx, &lib, threads, rounds, 16000, 1024, 512, 128);
  pipelines(ctx, &lib, threads, rounds, 44100, 4096, 1024, 128);
  aus_ctx_destroy(ctx);
  return 0;
}
