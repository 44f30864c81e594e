/* bench.c - see bench.h. */
#include "bench.h"
#include "simd/kernels.h"

#include <dlfcn.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

double bench_seconds(void) { return aus_now(); }

float *bench_floats(size_t n)
{
  float *p = aligned_alloc(64, (n * sizeof *p + 4096) / 64 * 64);
  if (!p) { perror("bench_floats"); exit(1); }
  uint32_t s = 12345;
  for (size_t i = 0; i < n; i++) {
    s = s * 1664525u + 1013904223u;
    p[i] = (float)(s >> 8) * 0x1p-23f - 1.0f;
  }
  return p;
}

static void usage(const char *program)
{
  fprintf(stderr, "usage: %s [--threads 1,2] [--rounds N] [--seconds S] [--only TEXT] [--json FILE]\n", program);
  exit(2);
}

void bench_start(bench *b, int argc, char **argv, const char *title)
{
  *b = (bench){ .title = title, .rounds = 7, .min_seconds = 0.02, .list = { 1, 2 }, .n_list = 2 };
  for (int i = 1; i < argc; i += 2) { /* pairs of name and value */
    const char *value = i + 1 < argc ? argv[i + 1] : NULL;
    if (!value) usage(argv[0]);
    if (strcmp(argv[i], "--threads") == 0) {
      b->n_list = 0;
      for (const char *s = value; *s && b->n_list < 16; s += strcspn(s, ","), s += *s == ',') b->list[b->n_list++] = atoi(s) > 0 ? atoi(s) : 1;
    } else if (strcmp(argv[i], "--rounds") == 0) b->rounds = atoi(value) > 0 ? atoi(value) : 1;
    else if (strcmp(argv[i], "--seconds") == 0) b->min_seconds = atof(value);
    else if (strcmp(argv[i], "--only") == 0) b->only = value;
    else if (strcmp(argv[i], "--json") == 0) b->json = fopen(value, "a");
    else usage(argv[0]);
  }
}

/* ---- the machine's limit ---------------------------------------------------------------- */

enum { PEAK_STEPS = 400000 };
struct peak { const aus_kernels *kernels; };

static void peak_task(void *arg, int64_t begin, int64_t end, int worker)
{
  const struct peak *p = arg;
  volatile float sink = 0;
  (void)worker;
  for (int64_t i = begin; i < end; i++) sink = p->kernels->gemm.peak(PEAK_STEPS);
  (void)sink;
}

static double measure_peak(const bench *b)
{
  struct peak p = { b->ctx->kernels };
  const int items = 8 * b->threads;
  double best = 0;
  for (int r = 0; r < 6; r++) {
    const double from = bench_seconds();
    aus_parallel_for(b->ctx, items, 1, peak_task, &p);
    const double rate = 1e-9 * items * PEAK_STEPS * (double)p.kernels->gemm.peak_flops / (bench_seconds() - from);
    if (rate > best) best = rate;
  }
  return best;
}

bool bench_next_threads(bench *b)
{
  aus_ctx_destroy(b->ctx);
  b->ctx = NULL;
  if (b->at == b->n_list) return false;
  b->threads = b->list[b->at++];
  const aus_config config = { .threads = b->threads };
  if (aus_ctx_create(&b->ctx, &config) != AUS_OK) { fprintf(stderr, "no context (AUSCULT_ISA?)\n"); exit(1); }
  b->peak = measure_peak(b);
  printf("\n%s, %d thread%s, %s: measured peak %.1f GFLOP/s\n", b->title, b->threads, b->threads > 1 ? "s" : "", aus_ctx_isa(b->ctx), b->peak);
  if (b->json) fprintf(b->json, "{\"bench\":\"%s\",\"case\":\"peak\",\"peer\":\"%s\",\"threads\":%d,\"rate\":%.3f,\"unit\":\"GFLOP/s\"}\n", b->title, aus_ctx_isa(b->ctx), b->threads, b->peak);
  return true;
}

/* ---- timing ------------------------------------------------------------------------------- */

bool bench_wants(const bench *b, const char *name) { return !b->only || strstr(name, b->only); }

static int by_value(const void *a, const void *b)
{
  const double x = *(const double *)a, y = *(const double *)b;
  return (x > y) - (x < y);
}

static double run_times(const bench_run *r, int times)
{
  const double from = bench_seconds();
  for (int i = 0; i < times; i++) r->fn(r->arg);
  return (bench_seconds() - from) / times;
}

double bench_compare(bench *b, const char *name, double work, const char *unit, const bench_run *runs, int n)
{
  enum { MAX = 16, MAX_ROUNDS = 101 };
  static double t[MAX][MAX_ROUNDS];
  int times[MAX];
  if (!bench_wants(b, name)) return 1;
  const int rounds = b->rounds < MAX_ROUNDS ? b->rounds : MAX_ROUNDS;
  for (int c = 0; c < n && c < MAX; c++) {
    if (!runs[c].fn) continue;
    run_times(&runs[c], 1); /* warm: pages, plans */
    const double once = run_times(&runs[c], 1);
    times[c] = once >= b->min_seconds ? 1 : (int)(b->min_seconds / (once > 1e-9 ? once : 1e-9)) + 1;
  }
  for (int r = 0; r < rounds; r++)
    for (int c = 0; c < n && c < MAX; c++)
      if (runs[c].fn) t[c][r] = run_times(&runs[c], times[c]);
  double best_peer = 0, ours = 0;
  printf("%-30s", name);
  for (int c = 0; c < n && c < MAX; c++) {
    if (!runs[c].fn) continue;
    qsort(t[c], (size_t)rounds, sizeof(double), by_value);
    const double median = t[c][rounds / 2], rate = work / median;
    if (c == 0) {
      ours = rate;
      printf(" %10.4f ms %9.2f %s", median * 1e3, rate, unit);
      if (strcmp(unit, "GFLOP/s") == 0) printf(" (%3.0f %% of peak)", 100 * rate / b->peak);
      printf(" |");
    } else {
      if (rate > best_peer) best_peer = rate;
      printf(" %s %.2f", runs[c].name, rate);
    }
    if (b->json)
      fprintf(b->json, "{\"bench\":\"%s\",\"case\":\"%s\",\"peer\":\"%s\",\"threads\":%d,\"runs\":%d,\"ms_median\":%.6f,\"ms_min\":%.6f,\"ms_max\":%.6f,\"rate\":%.4f,\"unit\":\"%s\"}\n",
              b->title, name, runs[c].name, b->threads, rounds, median * 1e3, t[c][0] * 1e3, t[c][rounds - 1] * 1e3, rate, unit);
  }
  if (best_peer > 0) printf(" | %.2fx best peer\n", ours / best_peer);
  else printf(" (no peer)\n");
  fflush(stdout);
  return best_peer > 0 ? ours / best_peer : 1;
}

int bench_end(bench *b)
{
  aus_ctx_destroy(b->ctx);
  if (b->json && fclose(b->json) != 0) { perror("--json"); return 1; }
  return 0;
}

/* ---- peers ----------------------------------------------------------------------------------- */

void *bench_library(const char *const *paths)
{
  for (; *paths; paths++) {
    void *h = dlopen(*paths, RTLD_NOW | RTLD_LOCAL);
    if (h) return h;
  }
  return NULL;
}

void *bench_symbol(void *library, const char *name) { return library ? dlsym(library, name) : NULL; }

typedef void (*cblas_sgemm_fn)(int, int, int, int, int, int, float, const float *, int, const float *, int, float, float *, int);
typedef int (*dnnl_sgemm_fn)(char, char, int64_t, int64_t, int64_t, float, const float *, int64_t, const float *, int64_t, float, float *, int64_t);
static cblas_sgemm_fn ob_sgemm, blis_sgemm;
static dnnl_sgemm_fn dnnl_sgemm_;
static void (*ob_threads)(int);
static void (*blis_threads)(int64_t);
static void (*omp_threads)(int);

enum { ROW_MAJOR = 101, NO_TRANS = 111 };
static void run_ob(int m, int n, int k, const float *a, const float *b, float *c) { ob_sgemm(ROW_MAJOR, NO_TRANS, NO_TRANS, m, n, k, 1, a, k, b, n, 0, c, n); }
static void run_blis(int m, int n, int k, const float *a, const float *b, float *c) { blis_sgemm(ROW_MAJOR, NO_TRANS, NO_TRANS, m, n, k, 1, a, k, b, n, 0, c, n); }
static void run_dnnl(int m, int n, int k, const float *a, const float *b, float *c) { dnnl_sgemm_('N', 'N', m, n, k, 1, a, k, b, n, 0, c, n); }

/* memcpy, because ISO C has no cast from a data pointer to a function pointer */
#define SYMBOL(fn, library, name) do { void *s_ = bench_symbol(library, name); memcpy(&(fn), &s_, sizeof s_); } while (0)

void bench_blas_open(bench_blas blas[BENCH_BLAS])
{
  static const char *const ob[] = { "/usr/lib/x86_64-linux-gnu/openblas-openmp/libopenblas.so.0", "/usr/lib/aarch64-linux-gnu/openblas-openmp/libopenblas.so.0", "libopenblas.so.0", NULL };
  static const char *const blis[] = { "/usr/lib/x86_64-linux-gnu/blis-openmp/libblis.so.4", "/usr/lib/aarch64-linux-gnu/blis-openmp/libblis.so.4", "libblis.so.4", NULL };
  static const char *const dnnl[] = { "libdnnl.so.3", "libdnnl.so.2", NULL };
  static const char *const gomp[] = { "libgomp.so.1", NULL };
  void *h = bench_library(ob);
  SYMBOL(ob_sgemm, h, "cblas_sgemm");
  SYMBOL(ob_threads, h, "openblas_set_num_threads");
  h = bench_library(blis);
  SYMBOL(blis_sgemm, h, "cblas_sgemm");
  SYMBOL(blis_threads, h, "bli_thread_set_num_threads");
  SYMBOL(dnnl_sgemm_, bench_library(dnnl), "dnnl_sgemm");
  SYMBOL(omp_threads, bench_library(gomp), "omp_set_num_threads");
  blas[0] = (bench_blas){ "openblas", ob_sgemm ? run_ob : NULL };
  blas[1] = (bench_blas){ "blis", blis_sgemm ? run_blis : NULL };
  blas[2] = (bench_blas){ "onednn", dnnl_sgemm_ ? run_dnnl : NULL };
}

void bench_blas_threads(int threads)
{
  if (omp_threads) omp_threads(threads);
  if (ob_threads) ob_threads(threads);
  if (blis_threads) blis_threads(threads);
}
