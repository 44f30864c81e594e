/* case_words.c - functions of the library that no command shows as such, for tests/attrib/metrics.py: case_words WORD NUMBERS...
 * prints numbers, one a line. Two lists are told apart by "/". */
#include <auscult/eval.h>

#include "attrib/deeplift.h"
#include "format/writer.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MOST = 64 };
typedef struct lists { int n[2]; double v[2][MOST]; float f[2][MOST]; } lists;

static lists read_lists(int argc, char **argv)
{
  lists l = { 0 };
  int at = 0;
  for (int i = 2; i < argc; i++) {
    if (strcmp(argv[i], "/") == 0) { at = 1; continue; }
    if (l.n[at] == MOST) exit(2);
    l.v[at][l.n[at]] = strtod(argv[i], NULL);
    l.f[at][l.n[at]] = (float)l.v[at][l.n[at]];
    l.n[at]++;
  }
  return l;
}

static void ok(aus_ctx *ctx, aus_status s)
{
  if (s == AUS_OK) return;
  fprintf(stderr, "case_words: %s\n", aus_ctx_error(ctx));
  exit(1);
}

/* f = sum of the contributions of the cells that are on. */
static aus_status hide(void *user, aus_eval_fill fill, int64_t n, const float *mask, double *score)
{
  const lists *l = user;
  (void)fill;
  for (int64_t r = 0; r < n; r++) {
    score[r] = 0;
    for (int i = 0; i < l->n[0]; i++) score[r] += l->v[0][i] * (double)mask[r * l->n[0] + i];
  }
  return AUS_OK;
}

/* The order, the curve with its start and its area. */
static void flip(aus_ctx *ctx, lists *l)
{
  int64_t order[MOST];
  aus_eval_curve c;
  const aus_eval_subject s = { .rank = 1, .dim = { l->n[0] }, .cells = l->n[0], .value = l->f[0], .hide = hide, .user = l };
  ok(ctx, aus_eval_sort(ctx, &s, AUS_EVAL_DOWN, 0, order));
  ok(ctx, aus_eval_trace(ctx, &s, order, AUS_EVAL_ZERO, 0, l->n[0], &c));
  for (int i = 0; i < l->n[0]; i++) printf("%lld\n", (long long)order[i]);
  for (int k = 0; k < c.n; k++) printf("%.17g\n", c.score[k]);
  printf("%.17g\n", aus_eval_area(&c));
}

/* DeepLIFT's own test of a convolution in 1-D: two channels of four, kernel 2, weights [[-2, -1], [0, 1]] and their negatives. */
static void contributions(aus_ctx *ctx, const lists *l)
{
  static const float w[8] = { -2, -1, 0, 1, 2, 1, 0, -1 }, bias[2] = { -1, 1 };
  aus_builder *b;
  aus_bundle *bundle;
  aus_run *run[2];
  void *bytes;
  size_t size;
  float p[6], n[6];
  ok(ctx, aus_builder_create(ctx, &b));
  const int32_t x = aus_builder_input(b, "x", 4, (const int32_t[]){ 1, 2, 1, 4 }), k = aus_builder_param(b, "w", 4, (const int32_t[]){ 2, 2, 1, 2 }, w), c = aus_builder_param(b, "b", 1, (const int32_t[]){ 2 }, bias);
  const aus_word words[9] = { { .i = 1 }, { .i = 1 }, { .i = 1 }, { .i = 1 }, { .i = 0 }, { .i = 0 }, { .i = 0 }, { .i = 0 }, { .i = 1 } };
  aus_builder_output(b, aus_builder_node(b, AUS_OP_conv, "conv", 3, (const int32_t[]){ x, k, c }, 1, 9, words));
  ok(ctx, aus_builder_finish(b, &bytes, &size));
  ok(ctx, aus_bundle_open_memory(ctx, bytes, size, &bundle));
  for (int r = 0; r < 2; r++) {
    ok(ctx, aus_run_create_with(ctx, bundle, &(aus_dims){ 4, { 1, 2, 1, 4 } }, NULL, 0, AUS_RUN_KEEP, &run[r]));
    memcpy(aus_run_input(run[r], 0), l->f[r], 8 * sizeof(float));
    ok(ctx, aus_run_forward(run[r]));
  }
  ok(ctx, deeplift_split_value(ctx, run[0], run[1], aus_run_find(run[0], "conv"), p, n));
  for (int i = 0; i < 6; i++) printf("%.9g\n", (double)p[i]);
  for (int i = 0; i < 6; i++) printf("%.9g\n", (double)n[i]);
  for (int r = 0; r < 2; r++) aus_run_destroy(run[r]);
  aus_bundle_close(bundle);
  aus_builder_destroy(b);
  aus_free(ctx, bytes);
}

int main(int argc, char **argv)
{
  aus_ctx *ctx = NULL;
  lists l = read_lists(argc, argv);
  const char *word = argc > 1 ? argv[1] : "";
  const int n = l.n[0];
  double v = 0;
  if (aus_ctx_create(&ctx, &(aus_config){ .threads = 1 }) != AUS_OK) return 1;
  if (strcmp(word, "spearman") == 0) ok(ctx, aus_eval_spearman(ctx, n, l.f[0], l.f[1], 0, &v));
  else if (strcmp(word, "norm1") == 0) v = aus_eval_norm(n, l.f[0], l.n[1] ? l.f[1] : NULL, 1);
  else if (strcmp(word, "norm2") == 0) v = aus_eval_norm(n, l.f[0], l.n[1] ? l.f[1] : NULL, 2);
  else if (strcmp(word, "norminf") == 0) v = aus_eval_norm(n, l.f[0], l.n[1] ? l.f[1] : NULL, 0);
  else if (strcmp(word, "distance") == 0) v = aus_eval_distance(n, l.f[0], l.f[1]);
  else if (strcmp(word, "effective") == 0) v = (double)aus_eval_effective(n, l.f[0], l.v[1][0]);
  else if (strcmp(word, "infidelity") == 0) v = aus_eval_infidelity(n, l.v[0], l.v[1], 0);
  else if (strcmp(word, "infidelity_scaled") == 0) v = aus_eval_infidelity(n, l.v[0], l.v[1], 1);
  else if (strcmp(word, "area") == 0) {
    aus_eval_curve c = { .n = n };
    for (int i = 0; i < n; i++) c.score[i] = l.v[0][i], c.fraction[i] = (double)i / (n - 1);
    v = aus_eval_area(&c);
  } else if (strcmp(word, "flip") == 0) flip(ctx, &l);
  else if (strcmp(word, "contributions") == 0) contributions(ctx, &l);
  else return 2;
  if (strcmp(word, "flip") != 0 && strcmp(word, "contributions") != 0) printf("%.17g\n", v);
  aus_ctx_destroy(ctx);
  return 0;
}
