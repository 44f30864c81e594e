/* test_unet.c - Spleeter's U-Net against torch, and its whole separation path (framing, masks, their extension, synthesis, the Wiener
 * filter) against numpy (golden/unet.h); the published number of parameters. */
#include "oom.h"

#include <auscult/net.h>
#include <auscult/sep.h>

#include "golden/unet.h"
#include "model/unet.h"

static double lcg(uint64_t *s)
{
  *s = *s * 6364136223846793005u + 1442695040888963407u;
  return (double)(*s >> 40) / 16777216;
}

static bool ends(const char *s, const char *end)
{
  const size_t n = strlen(s), m = strlen(end);
  return n >= m && strcmp(s + n - m, end) == 0;
}

/* The values of make_unet.py: by the parameter's name. */
static void fill(void *user, const char *name, int64_t n, float *x)
{
  uint64_t seed = 14695981039346656037u;
  (void)user;
  for (const char *c = name; *c; c++) seed = (seed ^ (unsigned char)*c) * 1099511628211u;
  const bool positive = ends(name, "running_var") || (strstr(name, "bn") && ends(name, "weight"));
  for (int64_t i = 0; i < n; i++) {
    const double u = lcg(&seed);
    x[i] = (float)(positive ? 0.5 + u : (u - 0.5) * 0.4);
  }
}

static const char *const names[] = { "one", "two", "three" };

static void network_agrees_with_torch(void **state)
{
  (void)state;
  const double *const want[] = { net_leaky_sigmoid, net_elu_sigmoid, net_elu_softmax };
  for (int k = 0; k < 3; k++) {
    aus_ctx *ctx = test_ctx(2);
    const aus_unet u = { .n = 3, .stem = names, .channels = 2, .bins = 128, .filters = 3, .elu = k > 0, .softmax = k == 2, .fill = fill };
    void *bytes;
    size_t size;
    aus_bundle *bundle;
    aus_run *run;
    aus_dims dims = { .rank = 4, .dim = { 1, 2, 64, 128 } };
    assert_ok(ctx, aus_unet_separator(ctx, &u, &bytes, &size));
    assert_ok(ctx, aus_bundle_open_memory(ctx, bytes, size, &bundle));
    assert_ok(ctx, aus_run_create(ctx, bundle, &dims, NULL, 0, &run));
    float *x = aus_run_input(run, 0);
    uint64_t seed = 5;
    for (int i = 0; i < 2 * 64 * 128; i++) {
      const double v = lcg(&seed);
      x[i] = (float)(4 * v * v);
    }
    assert_ok(ctx, aus_run_forward(run));
    const float *y = aus_run_output(run, 0, &dims);
    assert_int_equal(dims.dim[1], 6);
    for (int i = 0; i < 400; i++) assert_near(y[(int64_t)i * 7919 % (6 * 64 * 128)], want[k][i], 1e-5);
    aus_run_destroy(run);
    aus_bundle_close(bundle);
    aus_free(ctx, bytes);
    aus_ctx_destroy(ctx);
  }
}

static void the_path_agrees_with_numpy(void **state)
{
  (void)state;
  enum { N = 700001 };
  aus_ctx *ctx = test_ctx(2);
  const aus_unet u = { .n = 2, .stem = names, .channels = 2, .bins = 64, .filters = 1, .elu = 1, .fill = fill };
  const double *const want[] = { path_zeros, path_average, path_wiener };
  void *bytes;
  size_t size;
  aus_audio in = { .data = malloc(2 * N * sizeof(float)), .frames = N, .channels = 2, .rate = 44100 };
  uint64_t seed = 9;
  for (int64_t i = 0; i < 2 * N; i++) in.data[i] = (float)((lcg(&seed) - 0.5) * 0.5);
  assert_ok(ctx, aus_unet_separator(ctx, &u, &bytes, &size));
  for (int k = 0; k < 3; k++) {
    aus_separator *s;
    aus_stems out;
    aus_bundle *from;
    aus_builder *b;
    void *other = NULL;
    assert_ok(ctx, aus_bundle_open_memory(ctx, bytes, size, &from));
    if (k == 1) { /* the same file, its masks extended */
      const aus_unet again = u;
      assert_ok(ctx, aus_builder_create(ctx, &b));
      static const char *const keys[] = { "kind", "name", "frontend", "frontend.window", "frontend.center", "frontend.layout", "separator.gives", "frontend.rate",
                                          "frontend.n_fft", "frontend.hop", "frontend.patch_frames", "labels", "separator.overlap" };
      for (size_t i = 0; i < sizeof keys / sizeof *keys; i++) aus_builder_meta(b, from, keys[i]);
      aus_builder_string(b, "separator.extend", "average");
      int32_t y;
      const int32_t x = aus_builder_input(b, "mix", 4, (int32_t[]){ -1, 2, -1, 64 });
      assert_ok(ctx, aus_unet_add(ctx, b, &again, x, NULL, &y));
      aus_builder_output(b, y);
      assert_ok(ctx, aus_builder_finish(b, &other, &size));
      aus_builder_destroy(b);
    }
    aus_bundle_close(from);
    assert_ok(ctx, aus_separator_open_memory(ctx, other ? other : bytes, size, &s));
    if (k == 2) assert_ok(ctx, aus_separator_wiener(s, 1));
    assert_ok(ctx, aus_separator_run(s, &in, 1, &out));
    assert_int_equal(out.n, 3);
    for (int j = 0; j < 2; j++)
      for (int c = 0; c < 2; c++)
        for (int64_t i = 0; i < 120; i++)
          assert_near(out.stem[j].data[c * N + i * 7919 * 101 % N], want[k][(j * 2 + c) * 120 + i], 2e-6);
    for (int64_t t = 0; t < 2 * N; t += 13) assert_near((double)out.stem[0].data[t] + out.stem[1].data[t] + out.stem[2].data[t], in.data[t], 2e-7);
    aus_stems_free(ctx, &out);
    aus_separator_close(s);
    aus_free(ctx, other);
  }
  free(in.data);
  aus_free(ctx, bytes);
  aus_ctx_destroy(ctx);
}

static void as_many_parameters_as_published(void **state)
{
  (void)state;
  aus_ctx *ctx = test_ctx(1);
  aus_unet u;
  assert_int_equal(aus_unet_spleeter(ctx, 3, &u), AUS_EINVAL);
  for (int stems = 2; stems <= 5; stems += 1 + (stems == 2)) {
    assert_ok(ctx, aus_unet_spleeter(ctx, stems, &u));
    assert_int_equal(u.n, stems);
    assert_int_equal(aus_unet_parameters(&u), 9826759);
  }
  assert_ok(ctx, aus_unet_spleeter(ctx, 2, &u));
  u.n = 1; /* one of them made: the numbers are there */
  void *bytes;
  size_t size;
  aus_bundle *bundle;
  assert_ok(ctx, aus_unet_separator(ctx, &u, &bytes, &size));
  assert_ok(ctx, aus_bundle_open_memory(ctx, bytes, size, &bundle));
  int64_t numbers = 0;
  for (int32_t i = 0; i < aus_bundle_tensors(bundle); i++) numbers += bundle->tensor[i].count;
  assert_int_equal(numbers, 9826759);
  aus_bundle_close(bundle);
  aus_free(ctx, bytes);
  u.bins = 100;
  assert_int_equal(aus_unet_separator(ctx, &u, &bytes, &size), AUS_EINVAL);
  aus_ctx_destroy(ctx);
}

static aus_status build_and_separate(aus_ctx *ctx, void *user)
{
  const aus_unet u = { .n = 2, .stem = names, .channels = 1, .bins = 64, .filters = 1 };
  void *bytes = NULL;
  size_t size;
  aus_separator *s = NULL;
  aus_stems out = { 0 };
  aus_status status = aus_unet_separator(ctx, &u, &bytes, &size);
  if (status == AUS_OK) status = aus_separator_open_memory(ctx, bytes, size, &s);
  if (status == AUS_OK) status = aus_separator_wiener(s, 1);
  if (status == AUS_OK) status = aus_separator_run(s, user, 0, &out);
  if (status == AUS_OK) aus_stems_free(ctx, &out);
  aus_separator_close(s);
  aus_free(ctx, bytes);
  return status;
}

static void memory_that_runs_out(void **state)
{
  (void)state;
  float x[300] = { 0.5f };
  aus_audio in = { .data = x, .frames = 300, .channels = 1, .rate = 44100 };
  meter m = { .left = -1 };
  aus_ctx *ctx = meter_ctx(&m);
  assert_ok(ctx, build_and_separate(ctx, &in));
  aus_ctx_destroy(ctx);
  const int64_t all = m.calls;
  for (int64_t k = 0; k < all; k += 1 + all / 40) { /* every place in building and in separating; each run takes a whole patch */
    m = (meter){ .left = k };
    if (!(ctx = meter_ctx(&m))) continue;
    const aus_status status = build_and_separate(ctx, &in);
    assert_true(status == (m.refused ? AUS_ENOMEM : AUS_OK));
    aus_ctx_destroy(ctx);
    assert_int_equal(m.blocks, 0);
  }
}

int main(void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(network_agrees_with_torch), cmocka_unit_test(the_path_agrees_with_numpy), cmocka_unit_test(as_many_parameters_as_published),
    cmocka_unit_test(memory_that_runs_out),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
