/* bench_fft.c - transforms, spectra, log-mels and their inverses beside FFTW and kissfft.
 *
 * A peer's pipeline is plain C around its transform, vectorised by the compiler, frames shared out in equal stretches by
 * our pool, as anyone would write it; ours are the public calls. FFTW plans are patient (seconds a size): --only narrows
 * them down. torch and scipy are timed by bench_fft.py. */
#include "bench.h"

#include <auscult/dsp.h>

#include <math.h>
#include <stdlib.h>
#include <string.h>

static const double PI = 3.14159265358979323846;
enum { MOST = 4 }; /* candidates in a row */

/* ---- peers -------------------------------------------------------------------------------------- */

typedef struct peers {
  void *(*fftw_r2c)(int, float *, void *, unsigned), *(*fftw_c2r)(int, void *, float *, unsigned);
  void (*fftw_run_r2c)(void *, float *, void *), (*fftw_run_c2r)(void *, void *, float *);
  void (*fftw_forget)(void);
  void *(*kiss_alloc)(int, int, void *, size_t *);
  void (*kiss_r2c)(void *, const float *, void *), (*kiss_c2r)(void *, const void *, float *);
} peers;

static peers find_peers(void)
{
  static const char *const fftw_names[] = { "libfftw3f.so.3", "libfftw3f.so", NULL };
  static const char *const kiss_names[] = { "libkissfft-float.so.131", "libkissfft-float.so", NULL };
  void *fftw = bench_library(fftw_names), *kiss = bench_library(kiss_names), *symbol;
  peers p = {0};
  if (fftw && (symbol = bench_symbol(fftw, "fftwf_plan_dft_r2c_1d"))) {
#define FIND(library, name, slot) do { symbol = bench_symbol(library, name); memcpy(&(slot), &symbol, sizeof symbol); } while (0)
    FIND(fftw, "fftwf_plan_dft_r2c_1d", p.fftw_r2c);
    FIND(fftw, "fftwf_plan_dft_c2r_1d", p.fftw_c2r);
    FIND(fftw, "fftwf_execute_dft_r2c", p.fftw_run_r2c);
    FIND(fftw, "fftwf_execute_dft_c2r", p.fftw_run_c2r);
    FIND(fftw, "fftwf_forget_wisdom", p.fftw_forget);
  }
  if (kiss && (symbol = bench_symbol(kiss, "kiss_fftr_alloc"))) {
    FIND(kiss, "kiss_fftr_alloc", p.kiss_alloc);
    FIND(kiss, "kiss_fftr", p.kiss_r2c);
    FIND(kiss, "kiss_fftri", p.kiss_c2r);
#undef FIND
  }
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
} job;

static void plan_peer(job *j)
{
  if (j->kind == FFTW) {
    float *in = bench_floats((size_t)(j->n + 2)), *out = bench_floats((size_t)(j->n + 2));
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

/* ---- batched transforms -------------------------------------------------------------------------------- */

static void batch_ours(void *arg)
{
  job *j = arg;
  fail_if(j->ctx, aus_fft_forward_batch(j->ctx, j->fft, j->count, j->x, j->n + 16, j->re, j->im, j->n / 2 + 8));
}

static void batch_peer_range(void *arg, int64_t begin, int64_t end, int worker)
{
  job *j = arg;
  for (int64_t i = begin; i < end; i++) {
    forward(j, worker, j->x + i * (j->n + 16), j->spec + i * (j->n + 16));
  }
}

static void batch_peer(void *arg)
{
  job *j = arg;
  aus_parallel_for(j->ctx, j->count, (j->count + j->threads - 1) / j->threads, batch_peer_range, j);
}

/* jobs[1 ..]: the peers, planned; runs: everybody. Returns how many. */
static int add_peers(job jobs[MOST], bench_run runs[MOST], void (*ours)(void *), void (*theirs)(void *))
{
  int count = 1;
  jobs[0].name = "ours";
  runs[0] = (bench_run){ "ours", ours, &jobs[0] };
  for (int k = FFTW; k <= KISS; k++) {
    if (k == FFTW ? !jobs[0].lib->fftw_r2c : !jobs[0].lib->kiss_alloc) continue;
    jobs[count] = jobs[0];
    jobs[count].kind = (kind)k;
    jobs[count].name = k == FFTW ? "fftw_patient" : "kissfft";
    plan_peer(&jobs[count]);
    runs[count] = (bench_run){ jobs[count].name, theirs, &jobs[count] };
    count++;
  }
  return count;
}

static void batches(bench *b, const peers *lib)
{
  for (int n = 256; n <= 8192; n *= 2)
    for (int wide = 0; wide < 2; wide++) { /* as many rows as fit 128 KiB, as peers' benchmarks have it; and four times that */
      const int64_t count = (32768 / n < 4 ? 4 : 32768 / n) * (wide ? 4 : 1);
      char name[64];
      snprintf(name, sizeof name, "rfft_%d_x%d", n, (int)count);
      if (!bench_wants(b, name)) continue;
      job jobs[MOST] = { { .kind = OURS, .lib = lib, .ctx = b->ctx, .threads = b->threads, .n = n, .count = count } };
      bench_run runs[MOST];
      jobs[0].x = bench_floats((size_t)(count * (n + 16)));
      jobs[0].re = bench_floats((size_t)(count * (n / 2 + 8)));
      jobs[0].im = bench_floats((size_t)(count * (n / 2 + 8)));
      jobs[0].spec = bench_floats((size_t)(count * (n + 16)));
      fail_if(b->ctx, aus_fft_create(b->ctx, n, &jobs[0].fft));
      const int found = add_peers(jobs, runs, batch_ours, batch_peer);
      bench_compare(b, name, 2.5e-9 * n * log2(n) * (double)count, "GFLOP/s", runs, found);
      aus_fft_destroy(b->ctx, jobs[0].fft);
      free(jobs[0].x);
      free(jobs[0].re);
      free(jobs[0].im);
      free(jobs[0].spec);
    }
}

/* ---- pipelines -------------------------------------------------------------------------------------------- */

static void stft_ours(void *arg)
{
  job *j = arg;
  fail_if(j->ctx, aus_stft_forward(j->stft, j->samples, j->x, j->re, j->im));
}

static void istft_ours(void *arg)
{
  job *j = arg;
  fail_if(j->ctx, aus_stft_inverse(j->stft, j->samples, j->re, j->im, j->y));
}

static void logmel_ours(void *arg)
{
  job *j = arg;
  fail_if(j->ctx, aus_stft_bands(j->stft, j->samples, j->x, 0, j->count, 2, j->bank, &j->log, j->mel));
}

static void stft_peer_range(void *arg, int64_t begin, int64_t end, int worker)
{
  job *j = arg;
  for (int64_t f = begin; f < end; f++) {
    float *b = j->work[worker], *s = j->x + f * j->hop;
    for (int i = 0; i < j->n; i++) b[i] = s[i] * j->window[i];
    forward(j, worker, b, j->spec + f * (j->n + 16));
  }
}

static void stft_peer(void *arg)
{
  job *j = arg;
  aus_parallel_for(j->ctx, j->count, (j->count + j->threads - 1) / j->threads, stft_peer_range, j);
}

static void logmel_peer_range(void *arg, int64_t begin, int64_t end, int worker)
{
  job *j = arg;
  const int bins = j->n / 2 + 1;
  for (int64_t f = begin; f < end; f++) {
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

static void logmel_peer(void *arg)
{
  job *j = arg;
  aus_parallel_for(j->ctx, j->count, (j->count + j->threads - 1) / j->threads, logmel_peer_range, j);
}

static int64_t istft_length(const job *j) { return (j->count - 1) * j->hop + j->n; }

/* half t of the frames, in a buffer of its own */
static void istft_half(void *arg, int64_t begin, int64_t end, int worker)
{
  job *j = arg;
  for (int64_t t = begin; t < end; t++) {
    const int64_t f0 = j->count * t / j->threads, f1 = j->count * (t + 1) / j->threads;
    float *b = j->work[worker], *c = b + j->n + 64, *y = j->y + t * istft_length(j);
    memset(y + f0 * j->hop, 0, sizeof(float) * (size_t)((f1 - f0 - 1) * j->hop + j->n));
    for (int64_t f = f0; f < f1; f++) {
      memcpy(c, j->spec + f * (j->n + 16), sizeof(float) * (size_t)(j->n + 2));
      backward(j, worker, c, b);
      float *o = y + f * j->hop;
      for (int i = 0; i < j->n; i++) o[i] += b[i] * j->window[i];
    }
  }
}

static void istft_scale(void *arg, int64_t begin, int64_t end, int worker)
{
  job *j = arg;
  (void)worker;
  for (int64_t t = begin; t < end; t++) {
    const int64_t a = j->count * t / j->threads * j->hop, z = t == j->threads - 1 ? istft_length(j) : j->count * (t + 1) / j->threads * j->hop;
    float *y = j->y + t * istft_length(j);
    for (int64_t i = a; i < z; i++) y[i] *= j->norm[i];
  }
}

/* Two threads take the two halves; the seam is added to the second. */
static void istft_peer(void *arg)
{
  job *j = arg;
  aus_parallel_for(j->ctx, j->threads, 1, istft_half, j);
  if (j->threads == 2) {
    const int64_t seam = j->count / 2 * j->hop;
    for (int i = 0; i < j->n - j->hop; i++) j->y[istft_length(j) + seam + i] += j->y[seam + i];
  }
  aus_parallel_for(j->ctx, j->threads, 1, istft_scale, j);
}

static void pipelines(bench *b, const peers *lib, int rate, int n, int hop, int bands)
{
  static const char *const steps[3] = { "stft", "logmel", "istft" };
  static void (*const ours[3])(void *) = { stft_ours, logmel_ours, istft_ours };
  static void (*const theirs[3])(void *) = { stft_peer, logmel_peer, istft_peer };
  char name[3][64];
  bool wanted = false;
  for (int k = 0; k < 3; k++) {
    snprintf(name[k], sizeof name[k], "%s_%d_%d_%d_30s", steps[k], rate, n, hop);
    wanted |= bench_wants(b, name[k]);
  }
  if (!wanted) return;
  const int bins = n / 2 + 1;
  const int64_t frames = 1 + 30 * rate / hop, samples = (frames - 1) * hop + n;
  job jobs[MOST] = { { .kind = OURS, .lib = lib, .ctx = b->ctx, .threads = b->threads, .n = n, .hop = hop, .bands = bands,
                       .count = frames, .samples = samples, .log = { .kind = AUS_LOG_LN_OFFSET, .offset = 1e-10 } } }, *j = jobs;
  const aus_stft_config c = { n, n, hop, AUS_WINDOW_HANN, AUS_CENTER_NONE };
  fail_if(b->ctx, aus_stft_create(b->ctx, &c, &j->stft));
  j->x = bench_floats((size_t)samples);
  j->re = bench_floats((size_t)(frames * bins));
  j->im = bench_floats((size_t)(frames * bins));
  j->spec = bench_floats((size_t)(frames * (n + 16)));
  j->mel = bench_floats((size_t)(frames * bands));
  j->fb = bench_floats((size_t)(bands * bins));
  j->y = bench_floats((size_t)(2 * samples));
  j->window = bench_floats((size_t)n);
  j->norm = bench_floats((size_t)samples);
  for (int t = 0; t < 2; t++) j->work[t] = bench_floats((size_t)(2 * n + 256));
  fail_if(b->ctx, aus_mel_filterbank(b->ctx, rate, n, bands, 0, rate / 2.0, AUS_MEL_HTK, AUS_MEL_NORM_NONE, j->fb));
  fail_if(b->ctx, aus_bank_create(b->ctx, bands, bins, j->fb, &j->bank));
  j->lo = calloc((size_t)bands, sizeof(int));
  j->hi = calloc((size_t)bands, sizeof(int));
  if (!j->lo || !j->hi) exit(1);
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
  bench_run runs[MOST];
  const int count = add_peers(jobs, runs, stft_ours, stft_peer);
  for (int k = 0; k < 3; k++) {
    for (int r = 0; r < count; r++) runs[r].fn = r ? theirs[k] : ours[k];
    bench_compare(b, name[k], 1e-3 * (double)frames, "kframes/s", runs, count);
  }
  aus_bank_destroy(b->ctx, j->bank);
  aus_stft_destroy(j->stft);
  float *block[11] = { j->x, j->re, j->im, j->spec, j->mel, j->fb, j->y, j->window, j->norm, j->work[0], j->work[1] };
  for (int i = 0; i < 11; i++) free(block[i]);
  free(j->lo);
  free(j->hi);
}

int main(int argc, char **argv)
{
  bench b;
  bench_start(&b, argc, argv, "fft");
  const peers lib = find_peers();
  while (bench_next_threads(&b)) {
    if (b.threads > 2) continue; /* the peers' pipelines are written for two */
    batches(&b, &lib);
    pipelines(&b, &lib, 16000, 1024, 512, 128);
    pipelines(&b, &lib, 44100, 4096, 1024, 128);
  }
  return bench_end(&b);
}
