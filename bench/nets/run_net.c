/* run_net.c - times the graph of one .aus file: run_net FILE.aus THREADS ROUNDS X.f32 SHAPE OUT.f32
 *
 * The counterpart of ort.js: same input, one warm-up run, one JSON line of milliseconds. */
#include <auscult/net.h>

#include "core/core.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int fail(aus_ctx *ctx, const char *what)
{
  fprintf(stderr, "run_net: %s: %s\n", what, aus_ctx_error(ctx));
  return 1;
}

static aus_dims parse_shape(const char *text)
{
  aus_dims d = {0};
  for (const char *p = text; *p && d.rank < 6; p += *p == ',') d.dim[d.rank++] = strtoll(p, (char **)&p, 10);
  return d;
}

static int save(const char *path, const float *y, int64_t n)
{
  FILE *f = fopen(path, "wb");
  const int bad = !f || fwrite(y, sizeof *y, (size_t)n, f) != (size_t)n;
  if (f) fclose(f);
  return bad;
}

int main(int argc, char **argv)
{
  if (argc != 7) return fprintf(stderr, "usage: run_net FILE.aus THREADS ROUNDS X.f32 SHAPE OUT.f32\n"), 2;
  const aus_config config = { .threads = atoi(argv[2]) };
  aus_ctx *ctx;
  aus_bundle *bundle;
  aus_run *run;
  void *x;
  size_t bytes;
  if (aus_ctx_create(&ctx, &config) != AUS_OK) return 1;
  const aus_dims in = parse_shape(argv[5]);
  if (aus_bundle_open(ctx, argv[1], &bundle) != AUS_OK || aus_run_create(ctx, bundle, &in, NULL, 0, &run) != AUS_OK)
    return fail(ctx, argv[1]);
  if (aus_file_read(ctx, argv[4], SIZE_MAX / 4, &x, &bytes) != AUS_OK) return fail(ctx, argv[4]);
  memcpy(aus_run_input(run, 0), x, bytes);
  printf("{\"ms\": [");
  for (int i = 0; i <= atoi(argv[3]); i++) {
    const double start = aus_now();
    if (aus_run_forward(run) != AUS_OK) return fail(ctx, "forward");
    if (i) printf("%s%.4f", i > 1 ? ", " : "", (aus_now() - start) * 1e3);
  }
  printf("], \"isa\": \"%s\", \"arena_mib\": %.1f}\n", aus_ctx_isa(ctx), (double)aus_run_bytes(run) / 1048576.0);
  aus_dims d;
  const float *y = aus_run_output(run, 0, &d);
  int64_t n = 1;
  for (int32_t i = 0; i < d.rank; i++) n *= d.dim[i];
  const int bad = save(argv[6], y, n);
  aus_free(ctx, x);
  aus_run_destroy(run);
  aus_bundle_close(bundle);
  aus_ctx_destroy(ctx);
  return bad;
}
