/* bench.h - timing ours beside the peers found on this machine, in one run.
 *
 *   int main(int argc, char **argv)
 *   {
 *     bench b;
 *     bench_start(&b, argc, argv, "gemm");           options; the machine's measured peak
 *     while (bench_next_threads(&b)) {                1, then 2, ... (--threads 1,2)
 *       const bench_run runs[] = { { "ours", run_ours, &p }, { "openblas", run_ob, &p } };
 *       bench_compare(&b, "sgemm_256x256x256", 2e-9 * m * n * k, "GFLOP/s", runs, 2);
 *     }
 *     return bench_end(&b);
 *   }
 *
 * runs[0] is ours. Candidates are timed in turn (A B C A B C ...), so a drift of the machine's speed meets all
 * alike; the median of the rounds counts. A candidate with fn NULL is one not installed and is left out. A
 * row is printed for people; a JSON line per candidate goes to --json FILE. */
#ifndef AUS_BENCH_H
#define AUS_BENCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include "core/core.h"

typedef struct bench {
  const char *title, *only;   /* --only TEXT: cases whose name holds TEXT */
  int threads;                /* of the current pass */
  double peak;                /* GFLOP/s of fused multiply-adds at this number of threads, measured */
  aus_ctx *ctx;               /* ours, with that many threads */
  int list[16], n_list, at;   /* --threads 1,2 */
  int rounds;                 /* --rounds N */
  double min_seconds;         /* a candidate repeats until a round takes this long */
  FILE *json;                 /* --json FILE, appended */
} bench;

typedef struct bench_run { const char *name; void (*fn)(void *arg); void *arg; } bench_run;

void bench_start(bench *b, int argc, char **argv, const char *title);
bool bench_next_threads(bench *b);
bool bench_wants(const bench *b, const char *name); /* false: --only leaves this case out, skip its set-up */
/* work: billions of operations (or bytes, frames, ...) in one call; rate = work / time, printed with unit.
 * Returns ours / best peer (1: no peer). */
double bench_compare(bench *b, const char *name, double work, const char *unit, const bench_run *runs, int n);
int bench_end(bench *b);

double bench_seconds(void);
float *bench_floats(size_t n); /* 64-byte aligned, pseudo-random in [-1, 1) */

/* The first library of the list that loads (NULL-terminated paths), and a symbol of it or NULL. */
void *bench_library(const char *const *paths);
void *bench_symbol(void *library, const char *name);

/* SGEMM of the peers found, row-major, set to b->threads by bench_blas_threads. fn NULL: not installed. */
typedef struct bench_blas {
  const char *name;
  void (*sgemm)(int m, int n, int k, const float *a, const float *b, float *c); /* c = a b, tight */
} bench_blas;
enum { BENCH_BLAS = 3 };
void bench_blas_open(bench_blas blas[BENCH_BLAS]);
void bench_blas_threads(int threads);

#endif
