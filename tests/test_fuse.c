/* test_fuse.c - what hides behind a linear op: fused graphs give the unfused result, taps and second readers keep
 * nodes apart, and runs of one bundle share what was made from its weights. */
#include "oom.h"
#include "test.h"

#include "format/writer.h"
#include "nn/run.h"

enum { MOST_NODES = 4 };
typedef struct node { int32_t op; int32_t words; int32_t word[11]; } node;
typedef struct net {
  const char *what;
  int32_t rank, in[4];              /* input, mb first (-1: free) */
  int32_t w_rank, w[4], oc;         /* weights; channels out */
  bool bias;
  node nodes[MOST_NODES];
  int32_t n_nodes, steps;           /* steps: how many should run once fused */
} net;

#define TENTH 0x3dcccccd /* 0.1f */
#define EPS 0x3a83126f   /* 0.001f */
#define CONV(sh, sw, pt, pl, g) { AUS_OP_conv, 9, { sh, sw, 1, 1, pt, pl, pt, pl, g } }
#define BN { AUS_OP_batch_norm, 1, { EPS } }
#define RELU { AUS_OP_relu, 0, { 0 } }

static const net nets[] = {
  { "conv bn relu", 4, { -1, 3, 9, 10 }, 4, { 5, 3, 3, 3 }, 5, true, { CONV(1, 1, 1, 1, 1), BN, RELU }, 3, 1 },
  { "conv relu bn", 4, { -1, 3, 9, 10 }, 4, { 5, 3, 3, 3 }, 5, true, { CONV(1, 1, 1, 1, 1), RELU, BN }, 3, 1 },
  { "conv without bias, bn", 4, { -1, 4, 6, 21 }, 4, { 6, 2, 3, 5 }, 6, false, { CONV(2, 2, 1, 2, 2), BN }, 2, 1 },
  { "conv bn relu bn", 4, { -1, 3, 9, 10 }, 4, { 5, 3, 1, 1 }, 5, true, { CONV(1, 1, 0, 0, 1), BN, RELU, BN }, 4, 1 },
  { "musicnn's front end", 4, { -1, 1, 20, 96 }, 4, { 20, 1, 7, 38 }, 20, true,
    { CONV(1, 1, 3, 0, 1), RELU, BN, { AUS_OP_reduce_max, 2, { 8, 0 } } }, 4, 1 },
  { "the same by pooling", 4, { -1, 1, 20, 96 }, 4, { 20, 1, 7, 38 }, 20, true,
    { CONV(1, 1, 3, 0, 1), RELU, BN, { AUS_OP_max_pool, 11, { 1, 59, 1, 59, 0, 0, 0, 0, 0, 1, 1 } } }, 4, 1 },
  { "a maximum that is not over all of the width", 4, { -1, 1, 6, 40 }, 4, { 4, 1, 3, 3 }, 4, true,
    { CONV(1, 1, 1, 1, 1), RELU, { AUS_OP_max_pool, 11, { 1, 20, 1, 20, 0, 0, 0, 0, 0, 1, 1 } } }, 3, 2 },
  { "a maximum over height", 4, { -1, 1, 6, 40 }, 4, { 4, 1, 3, 3 }, 4, true, { CONV(1, 1, 1, 1, 1), RELU, { AUS_OP_reduce_max, 2, { 4, 1 } } }, 3, 2 },
  { "conv1d leaky bn", 3, { -1, 3, 50 }, 3, { 7, 3, 5 }, 7, true, { CONV(1, 2, 0, 2, 1), { AUS_OP_leaky_relu, 1, { TENTH } }, BN }, 3, 1 },
  { "conv elu", 4, { -1, 3, 9, 10 }, 4, { 5, 3, 3, 3 }, 5, true, { CONV(1, 1, 1, 1, 1), { AUS_OP_elu, 1, { TENTH } } }, 2, 1 },
  { "transposed conv in groups, bn", 4, { -1, 4, 5, 6 }, 4, { 4, 3, 3, 4 }, 6, true,
    { { AUS_OP_conv_transpose, 11, { 2, 2, 1, 1, 1, 1, 1, 1, 2, 0, 0 } }, BN, RELU }, 3, 1 },
  { "transposed conv relu bn", 4, { -1, 4, 5, 6 }, 4, { 4, 3, 5, 5 }, 3, true,
    { { AUS_OP_conv_transpose, 11, { 2, 2, 1, 1, 2, 2, 2, 2, 1, 1, 1 } }, RELU, BN }, 3, 1 },
  { "linear bn relu", 2, { -1, 11 }, 2, { 9, 11 }, 9, true, { { AUS_OP_linear, 0, { 0 } }, BN, RELU }, 3, 2 },
  { "conv tanh bn", 4, { -1, 3, 9, 10 }, 4, { 5, 3, 3, 3 }, 5, true, { CONV(1, 1, 1, 1, 1), { AUS_OP_tanh, 0, { 0 } }, BN }, 3, 3 },
};
enum { N_NETS = sizeof nets / sizeof *nets };

static float value(int seed, int64_t i) { return sinf(1.7f * (float)i + (float)seed) + 0.25f * cosf(0.31f * (float)(i * seed)); }

static int32_t param(aus_builder *b, const char *name, int32_t rank, const int32_t *dim, int seed, bool positive)
{
  int64_t n = 1;
  for (int d = 0; d < rank; d++) n *= dim[d];
  float *x = malloc((size_t)n * sizeof *x);
  for (int64_t i = 0; i < n; i++) x[i] = positive ? fabsf(value(seed, i)) + 0.1f : value(seed, i);
  const int32_t v = aus_builder_param(b, name, rank, dim, x);
  free(x);
  return v;
}

/* The net's chain; extra: an abs of node `extra`'s result becomes a second output (-1: none). */
static aus_bundle *make(aus_ctx *ctx, const net *t, int extra, void **bytes)
{
  static const char *const names[MOST_NODES] = { "n0", "n1", "n2", "n3" };
  aus_builder *b;
  size_t size;
  assert_ok(ctx, aus_builder_create(ctx, &b));
  int32_t v = aus_builder_input(b, "x", t->rank, t->in);
  for (int i = 0; i < t->n_nodes; i++) {
    const node *n = &t->nodes[i];
    int32_t in[5] = { v }, n_in = 1;
    if (i == 0) {
      in[n_in++] = param(b, "w", t->w_rank, t->w, 3, false);
      if (t->bias) in[n_in++] = param(b, "b", 1, &t->oc, 5, false);
    } else if (n->op == AUS_OP_batch_norm) {
      for (int k = 0; k < 4; k++) in[n_in++] = param(b, "p", 1, &t->oc, 7 + 4 * i + k, k == 3);
    }
    aus_word words[11];
    for (int k = 0; k < n->words; k++) words[k].i = n->word[k];
    v = aus_builder_node(b, n->op, names[i], n_in, in, 1, n->words, words);
    if (i == extra) aus_builder_output(b, aus_builder_node(b, AUS_OP_abs, "abs", 1, &v, 1, 0, NULL));
  }
  aus_builder_output(b, v);
  assert_ok(ctx, aus_builder_finish(b, bytes, &size));
  aus_builder_destroy(b);
  aus_bundle *bundle;
  assert_ok(ctx, aus_bundle_open_memory(ctx, *bytes, size, &bundle));
  return bundle;
}

static aus_run *run_of(aus_ctx *ctx, aus_bundle *b, int64_t mb, const char *tap, uint32_t flags)
{
  aus_run *r;
  aus_dims d = aus_graph_input_dims(b, 0);
  d.dim[0] = mb;
  assert_ok(ctx, aus_run_create_with(ctx, b, &d, tap ? &tap : NULL, tap != NULL, flags, &r));
  for (int64_t i = 0; i < aus_shape_count(&d); i++) aus_run_input(r, 0)[i] = value(1, i);
  assert_ok(ctx, aus_run_forward(r));
  return r;
}

static int running(const aus_run *r)
{
  int n = 0;
  for (int32_t i = 0; i < r->n_steps; i++) n += r->step[i].state == AUS_STEP_RUNS;
  return n;
}

static void near(const char *what, const float *a, const float *b, int64_t n)
{
  double most = 0;
  for (int64_t i = 0; i < n; i++) most = fmax(most, fabs((double)b[i]));
  for (int64_t i = 0; i < n; i++)
    if (!(fabs((double)a[i] - (double)b[i]) <= 1e-5 * most)) fail_msg("%s: value %lld is %.9g, unfused %.9g", what, (long long)i, (double)a[i], (double)b[i]);
}

static void compare(const char *what, const aus_run *a, const aus_run *b, int32_t n_outputs)
{
  for (int32_t k = 0; k < n_outputs; k++) {
    aus_dims da, db;
    const float *x = aus_run_output(a, k, &da), *y = aus_run_output(b, k, &db);
    assert_true(aus_shape_equal(&da, &db));
    near(what, x, y, aus_shape_count(&da));
  }
}

static void fused_equals_unfused(void **state)
{
  (void)state;
  for (int threads = 1; threads <= 3; threads++) {
    aus_ctx *ctx = test_ctx(threads);
    for (const net *t = nets; t < nets + N_NETS; t++) {
      void *bytes;
      aus_bundle *b = make(ctx, t, -1, &bytes);
      for (int64_t mb = 1; mb <= 3; mb += 2) {
        aus_run *fused = run_of(ctx, b, mb, NULL, 0), *plain = run_of(ctx, b, mb, NULL, AUS_RUN_NO_FUSION);
        if (running(fused) != t->steps) fail_msg("%s: %d steps, expected %d", t->what, running(fused), t->steps);
        assert_int_equal(running(plain), t->n_nodes);
        compare(t->what, fused, plain, 1);
        aus_run_destroy(fused);
        aus_run_destroy(plain);
      }
      aus_bundle_close(b);
      aus_free(ctx, bytes);
    }
    aus_ctx_destroy(ctx);
  }
}

static void taps_and_second_readers_keep_nodes_apart(void **state)
{
  (void)state;
  aus_ctx *ctx = test_ctx(1);
  static const char *const names[MOST_NODES] = { "n0", "n1", "n2", "n3" };
  for (const net *t = nets; t < nets + N_NETS; t++)
    for (int k = 0; k < t->n_nodes - 1; k++) {
      void *bytes;
      aus_dims d;
      aus_bundle *b = make(ctx, t, -1, &bytes);
      aus_run *tapped = run_of(ctx, b, 2, names[k], 0), *plain = run_of(ctx, b, 2, names[k], AUS_RUN_NO_FUSION);
      assert_true(running(tapped) > 1);
      compare(t->what, tapped, plain, 1);
      const float *seen = aus_run_tap(tapped, 0, &d);
      near(t->what, seen, aus_run_tap(plain, 0, NULL), aus_shape_count(&d));
      aus_run_destroy(tapped);
      aus_run_destroy(plain);
      aus_bundle_close(b);
      aus_free(ctx, bytes);

      b = make(ctx, t, k, &bytes);
      tapped = run_of(ctx, b, 2, NULL, 0);
      plain = run_of(ctx, b, 2, NULL, AUS_RUN_NO_FUSION);
      compare(t->what, tapped, plain, 2);
      aus_run_destroy(tapped);
      aus_run_destroy(plain);
      aus_bundle_close(b);
      aus_free(ctx, bytes);
    }
  aus_ctx_destroy(ctx);
}

/* An average pool that only repeats pixels for a linear layer is taken into its weights; one that brings fewer numbers, or that somebody looks at, stays. */
static aus_bundle *pooled(aus_ctx *ctx, int32_t rank, const int32_t *pool, void **bytes)
{
  aus_builder *b;
  size_t size;
  const int32_t image[4] = { -1, 3, -1, -1 }, oc = 5, w[2] = { oc, 3 * (rank == 4 ? pool[0] : 1) * pool[1] };
  const aus_word to[2] = { { .i = pool[0] }, { .i = pool[1] } }, flat[2] = { { .i = 0 }, { .i = -1 } };
  assert_ok(ctx, aus_builder_create(ctx, &b));
  int32_t in[3] = { aus_builder_input(b, "x", rank, image) };
  in[0] = aus_builder_node(b, AUS_OP_adaptive_avg_pool, "pool", 1, in, 1, 2, to);
  in[0] = aus_builder_node(b, AUS_OP_reshape, "flat", 1, in, 1, 2, flat);
  in[1] = param(b, "w", 2, w, 3, false);
  in[2] = param(b, "b", 1, &oc, 5, false);
  in[0] = aus_builder_node(b, AUS_OP_linear, "linear", 3, in, 1, 0, NULL);
  aus_builder_output(b, aus_builder_node(b, AUS_OP_relu, "relu", 1, in, 1, 0, NULL));
  assert_ok(ctx, aus_builder_finish(b, bytes, &size));
  aus_builder_destroy(b);
  aus_bundle *bundle;
  assert_ok(ctx, aus_bundle_open_memory(ctx, *bytes, size, &bundle));
  return bundle;
}

static aus_run *run_on_image(aus_ctx *ctx, aus_bundle *b, const aus_dims *d, const char *tap, uint32_t flags)
{
  aus_run *r;
  assert_ok(ctx, aus_run_create_with(ctx, b, d, tap ? &tap : NULL, tap != NULL, flags, &r));
  for (int64_t i = 0; i < aus_shape_count(d); i++) aus_run_input(r, 0)[i] = value(1, i);
  assert_ok(ctx, aus_run_forward(r));
  return r;
}

static void a_pool_moves_into_a_linear_layer(void **state)
{
  (void)state;
  static const struct { int32_t rank, pool[2], image[2]; bool taken; } cases[] = {
    { 4, { 7, 7 }, { 4, 1 }, true }, { 4, { 7, 7 }, { 5, 6 }, true }, { 4, { 2, 9 }, { 2, 7 }, true }, { 3, { 1, 8 }, { 3, 0 }, true }, { 4, { 6, 6 }, { 5, 9 }, false }, { 4, { 3, 3 }, { 3, 3 }, false } };
  for (int threads = 1; threads <= 3; threads += 2) {
    aus_ctx *ctx = test_ctx(threads);
    for (size_t k = 0; k < sizeof cases / sizeof *cases; k++) {
      void *bytes;
      aus_bundle *b = pooled(ctx, cases[k].rank, cases[k].pool, &bytes);
      for (int turned = 0; turned <= (cases[k].rank == 4 && cases[k].pool[0] == 7); turned++) { /* as many pixels, other weights */
        aus_dims d = { .rank = cases[k].rank, .dim = { 2, 3, cases[k].image[turned], cases[k].image[!turned] } };
        aus_run *fused = run_on_image(ctx, b, &d, NULL, 0), *plain = run_on_image(ctx, b, &d, "flat", AUS_RUN_NO_FUSION), *tapped = run_on_image(ctx, b, &d, "flat", 0);
        int32_t spread = -1;
        for (int32_t i = 0; i < fused->n_steps; i++) spread = fused->step[i].spread >= 0 ? i : spread;
        assert_int_equal(spread >= 0, cases[k].taken);
        compare("pool", fused, plain, 1);
        compare("tapped pool", tapped, plain, 1);
        aus_dims seen;
        const float *flat = aus_run_tap(tapped, 0, &seen);
        near("tap", flat, aus_run_tap(plain, 0, NULL), aus_shape_count(&seen));
        aus_run_destroy(fused);
        aus_run_destroy(plain);
        aus_run_destroy(tapped);
      }
      aus_bundle_close(b);
      aus_free(ctx, bytes);
    }
    aus_ctx_destroy(ctx);
  }
}

static void runs_share_prepared_weights(void **state)
{
  (void)state;
  meter m = { .left = -1 };
  aus_ctx *ctx = meter_ctx(&m);
  for (const net *t = nets; t < nets + N_NETS; t++) {
    void *bytes;
    aus_bundle *b = make(ctx, t, -1, &bytes);
    aus_run_destroy(run_of(ctx, b, 1, NULL, 0));
    const int64_t after_first = m.blocks;
    for (int64_t mb = 1; mb <= 4; mb++) aus_run_destroy(run_of(ctx, b, mb, NULL, 0));
    assert_int_equal(m.blocks, after_first);
    aus_bundle_close(b);
    aus_free(ctx, bytes);
  }
  assert_int_equal(m.blocks, 1);
  aus_ctx_destroy(ctx);
}

/* The maps of the front end, 20 x 59 values for each of 20 rows, are never stored. */
static void the_maximum_needs_no_map(void **state)
{
  (void)state;
  aus_ctx *ctx = test_ctx(1);
  void *bytes;
  aus_bundle *b = make(ctx, &nets[4], -1, &bytes);
  aus_run *fused = run_of(ctx, b, 16, NULL, 0), *plain = run_of(ctx, b, 16, NULL, AUS_RUN_NO_FUSION);
  assert_true(3 * aus_run_bytes(fused) < aus_run_bytes(plain));
  aus_run_destroy(fused);
  aus_run_destroy(plain);
  aus_bundle_close(b);
  aus_free(ctx, bytes);
  aus_ctx_destroy(ctx);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(fused_equals_unfused),
    cmocka_unit_test(taps_and_second_readers_keep_nodes_apart),
    cmocka_unit_test(a_pool_moves_into_a_linear_layer),
    cmocka_unit_test(runs_share_prepared_weights),
    cmocka_unit_test(the_maximum_needs_no_map),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
