/* test_plan.c - memory planning: nothing that lives together overlaps, little is wasted, and a planned run gives the
 * bits of an unplanned one. */
#include "test.h"

#include "format/writer.h"
#include "nn/plan.h"
#include "nn/run.h"

static void random_buffers(aus_rng *rng, int32_t n, int32_t steps, aus_buffer *b)
{
  for (int32_t i = 0; i < n; i++) {
    b[i].size = (size_t)aus_rng_below(rng, 4096);
    b[i].first = (int32_t)aus_rng_below(rng, (uint64_t)steps);
    b[i].last = b[i].first + (int32_t)aus_rng_below(rng, 6);
  }
}

static void no_two_live_buffers_overlap(void **state)
{
  (void)state;
  aus_ctx *ctx = test_ctx(1);
  aus_rng rng;
  aus_rng_init(&rng, 1, 0);
  double waste = 0;
  for (int trial = 0; trial < 300; trial++) {
    aus_buffer b[60];
    const int32_t n = (int32_t)aus_rng_below(&rng, 60) + 1;
    random_buffers(&rng, n, 20, b);
    size_t total;
    assert_ok(ctx, aus_plan_place(ctx, n, b, &total));
    for (int32_t i = 0; i < n; i++) {
      assert_true(b[i].offset % AUS_ALIGN == 0 && b[i].offset + b[i].size <= total);
      for (int32_t k = 0; k < i; k++)
        if (b[i].first <= b[k].last && b[k].first <= b[i].last)
          assert_true(b[i].offset + b[i].size <= b[k].offset || b[k].offset + b[k].size <= b[i].offset);
    }
    const size_t bound = aus_plan_bound(n, b);
    assert_true(total >= bound);
    if (bound) waste += (double)total / (double)bound / 300;
  }
  assert_true(waste < 1.12); /* on average; random lifetimes are harder than networks */
  aus_ctx_destroy(ctx);
}

static void sizes_that_overflow_are_refused(void **state)
{
  (void)state;
  aus_ctx *ctx = test_ctx(1);
  size_t total;
  aus_buffer one = { SIZE_MAX - 3, 0, 1, 0 }, two[2] = { { SIZE_MAX / 2 + 100, 0, 1, 0 }, { SIZE_MAX / 2 + 100, 0, 1, 0 } };
  assert_int_equal(aus_plan_place(ctx, 1, &one, &total), AUS_ELIMIT);
  assert_int_equal(aus_plan_place(ctx, 2, two, &total), AUS_ELIMIT);
  aus_ctx_destroy(ctx);
}

/* A random graph over arrays [2, 3, 4]: unary and binary ops, reshapes, transposes back and forth, softmax. */
static void *random_graph(aus_ctx *ctx, uint64_t seed, int n_nodes, int32_t n_taps, const char **taps, size_t *size)
{
  static const int32_t unary[] = { AUS_OP_relu, AUS_OP_sigmoid, AUS_OP_tanh, AUS_OP_abs, AUS_OP_neg, AUS_OP_identity, AUS_OP_sin };
  static const int32_t binary[] = { AUS_OP_add, AUS_OP_sub, AUS_OP_mul, AUS_OP_max, AUS_OP_min };
  static char names[64][16];
  aus_builder *b;
  aus_rng rng;
  aus_rng_init(&rng, seed, 1);
  assert_ok(ctx, aus_builder_create(ctx, &b));
  const int32_t dim[3] = { 2, 3, 4 }, bias_dim[1] = { 4 };
  const float bias[4] = { 0.5f, -1, 2, 0 };
  int32_t v[66] = { aus_builder_input(b, "x", 3, dim), aus_builder_input(b, "y", 3, dim) }, n = 2;
  const int32_t p = aus_builder_param(b, "bias", 1, bias_dim, bias);
  for (int i = 0; i < n_nodes; i++) {
    snprintf(names[i], sizeof names[i], "n%d", i);
    const int32_t far = v[aus_rng_below(&rng, (uint64_t)n)], near = v[n - 1 - (int32_t)aus_rng_below(&rng, n < 4 ? (uint64_t)n : 4)];
    const int32_t two[2] = { near, far }, biased[2] = { near, p };
    const aus_word flat[1] = { { .i = -1 } }, back[3] = { { .i = 2 }, { .i = 3 }, { .i = 4 } }, axis = { .i = 2 };
    const aus_word swap[3] = { { .i = 0 }, { .i = 2 }, { .i = 1 } };
    int32_t mid;
    switch (aus_rng_below(&rng, 6)) {
    case 0: v[n++] = aus_builder_node(b, unary[aus_rng_below(&rng, 7)], names[i], 1, &near, 1, 0, NULL); break;
    case 1: v[n++] = aus_builder_node(b, binary[aus_rng_below(&rng, 5)], names[i], 2, two, 1, 0, NULL); break;
    case 2: v[n++] = aus_builder_node(b, AUS_OP_add, names[i], 2, biased, 1, 0, NULL); break;
    case 3:
      mid = aus_builder_node(b, AUS_OP_reshape, "flat", 1, &near, 1, 1, flat);
      v[n++] = aus_builder_node(b, AUS_OP_reshape, names[i], 1, &mid, 1, 3, back);
      break;
    case 4:
      mid = aus_builder_node(b, AUS_OP_transpose, "swap", 1, &near, 1, 3, swap);
      v[n++] = aus_builder_node(b, AUS_OP_transpose, names[i], 1, &mid, 1, 3, swap);
      break;
    default: v[n++] = aus_builder_node(b, AUS_OP_softmax, names[i], 1, &near, 1, 1, &axis); break;
    }
  }
  aus_builder_output(b, v[n - 1]);
  aus_builder_output(b, v[2 + aus_rng_below(&rng, (uint64_t)n - 2)]);
  for (int32_t i = 0; i < n_taps; i++) taps[i] = names[aus_rng_below(&rng, (uint64_t)n_nodes)];
  void *bytes;
  assert_ok(ctx, aus_builder_finish(b, &bytes, size));
  aus_builder_destroy(b);
  return bytes;
}

static aus_run *make_run(aus_ctx *ctx, aus_bundle *b, const char *const *taps, int32_t n_taps, uint32_t flags)
{
  aus_run *r;
  assert_ok(ctx, aus_run_create_with(ctx, b, NULL, taps, n_taps, flags, &r));
  for (int32_t i = 0; i < 2; i++)
    for (int k = 0; k < 24; k++) aus_run_input(r, i)[k] = sinf((float)(k * (i + 2)));
  return r;
}

static void planned_equals_unplanned(void **state)
{
  (void)state;
  aus_ctx *ctx = test_ctx(2);
  for (uint64_t seed = 0; seed < 200; seed++) {
    const char *taps[3];
    size_t size;
    void *bytes = random_graph(ctx, seed, 1 + (int)(seed % 40), 3, taps, &size);
    aus_bundle *b;
    assert_ok(ctx, aus_bundle_open_memory(ctx, bytes, size, &b));
    aus_run *fast = make_run(ctx, b, taps, seed % 4, 0), *plain = make_run(ctx, b, taps, seed % 4, AUS_RUN_NO_REUSE | AUS_RUN_NO_FUSION);
    assert_true(aus_run_bytes(fast) <= aus_run_bytes(plain));
    assert_ok(ctx, aus_run_forward(fast));
    assert_ok(ctx, aus_run_forward(fast)); /* inputs survive, so a second time gives the same */
    assert_ok(ctx, aus_run_forward(plain));
    aus_dims d;
    for (int32_t i = 0; i < 2; i++) assert_memory_equal(aus_run_output(fast, i, &d), aus_run_output(plain, i, NULL), 24 * sizeof(float));
    assert_int_equal(aus_shape_count(&d), 24);
    for (int32_t i = 0; i < (int32_t)(seed % 4); i++) assert_memory_equal(aus_run_tap(fast, i, &d), aus_run_tap(plain, i, NULL), 24 * sizeof(float));
    aus_run_destroy(fast);
    aus_run_destroy(plain);
    aus_bundle_close(b);
    aus_free(ctx, bytes);
  }
  aus_ctx_destroy(ctx);
}

/* A chain of elementwise ops needs the input and one more buffer, whatever its length. */
static void chains_run_in_place(void **state)
{
  (void)state;
  aus_ctx *ctx = test_ctx(1);
  aus_builder *b;
  assert_ok(ctx, aus_builder_create(ctx, &b));
  const int32_t dim[1] = { 1024 };
  int32_t v = aus_builder_input(b, "x", 1, dim);
  for (int i = 0; i < 10; i++) v = aus_builder_node(b, AUS_OP_tanh, "t", 1, &v, 1, 0, NULL);
  aus_builder_output(b, v);
  void *bytes;
  size_t size;
  assert_ok(ctx, aus_builder_finish(b, &bytes, &size));
  aus_builder_destroy(b);
  aus_bundle *bundle;
  aus_run *run;
  assert_ok(ctx, aus_bundle_open_memory(ctx, bytes, size, &bundle));
  assert_ok(ctx, aus_run_create(ctx, bundle, NULL, NULL, 0, &run));
  assert_int_equal(aus_run_bytes(run), 2 * 4096);
  aus_run_destroy(run);
  aus_bundle_close(bundle);
  aus_free(ctx, bytes);
  aus_ctx_destroy(ctx);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(no_two_live_buffers_overlap),
    cmocka_unit_test(sizes_that_overflow_are_refused),
    cmocka_unit_test(planned_equals_unplanned),
    cmocka_unit_test(chains_run_in_place),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
