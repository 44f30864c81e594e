/* test_components.c - parts must add up to the input, whatever the segmentation. */
#include "test.h"

#include <auscult/explain.h>

/* Noise in [-1, 1], reproducible. */
static void noise(uint64_t seed, int64_t n, float *x)
{
  aus_rng rng;
  aus_rng_init(&rng, seed, 0);
  for (int64_t i = 0; i < n; i++) x[i] = (float)(2 * aus_rng_uniform(&rng) - 1);
}

/* off + all parts against whole: within 1e-6 of the peak. */
static void assert_additive(const aus_components *c)
{
  const int64_t total = (int64_t)c->channels * c->samples;
  float *sum = malloc((size_t)total * sizeof *sum);
  uint8_t *keep = malloc((size_t)c->n);
  memset(keep, 1, (size_t)c->n);
  aus_components_render(c, keep, sum);
  double peak = 0, worst = 0;
  for (int64_t t = 0; t < total; t++) {
    const double got = sum[t] + (c->off ? c->off[t] : 0.0f);
    peak = fmax(peak, fabs(c->whole[t]));
    worst = fmax(worst, fabs(got - c->whole[t]));
  }
  if (!(worst <= 1e-6 * peak)) fail_msg("parts miss the whole by %.3g of a peak of %.3g", worst, peak);
  free(sum);
  free(keep);
}

enum { N = 4001, RATE = 8000 };

static void stems_and_residual(void **state)
{
  (void)state;
  aus_ctx *ctx = test_ctx(1);
  for (int channels = 1; channels <= 2; channels++) {
    float *x = malloc(sizeof *x * N * 2), *a = malloc(sizeof *a * N * 2), *b = malloc(sizeof *b * N * 2);
    noise(1, N * channels, x);
    noise(2, N * channels, a);
    noise(3, N * channels, b);
    const aus_audio input = { .data = x, .frames = N, .channels = channels, .rate = RATE };
    const aus_audio stems[2] = { { .data = a, .frames = N, .channels = channels, .rate = RATE },
                                 { .data = b, .frames = N, .channels = channels, .rate = RATE } };
    const char *const names[2] = { "drums", "bass" };
    for (int segments = 1; segments <= 7; segments += 3) {
      const aus_segments seg = { .kind = AUS_SEGMENTS_EQUAL, .n = segments, .crossfade_s = 0.01 };
      aus_components c;
      assert_ok(ctx, aus_components_stems(ctx, &input, stems, names, 2, AUS_RESIDUAL_COMPONENT, &seg, &c));
      assert_int_equal(c.n, 3 * segments);
      assert_memory_equal(c.whole, x, sizeof *x * (size_t)(N * channels));
      assert_null(c.off);
      assert_string_equal(c.name[0], segments == 1 ? "drums" : segments == 4 ? "drums 0.00-0.12 s" : "drums 0.00-0.07 s");
      assert_int_equal(c.place[c.n - 1].source, 2);
      assert_near(c.place[c.n - 1].t1, (double)N / RATE, 1e-12);
      assert_additive(&c);
      aus_components_free(&c);
      assert_ok(ctx, aus_components_stems(ctx, &input, stems, names, 2, AUS_RESIDUAL_FOLD, &seg, &c));
      assert_int_equal(c.n, 2 * segments);
      assert_non_null(c.off);
      assert_memory_equal(c.whole, x, sizeof *x * (size_t)(N * channels));
      assert_additive(&c);
      aus_components_free(&c);
      assert_ok(ctx, aus_components_stems(ctx, &input, stems, names, 2, AUS_RESIDUAL_DROP, &seg, &c));
      assert_null(c.off);
      assert_near(c.whole[5], a[5] + b[5], 1e-6);
      assert_additive(&c);
      aus_components_free(&c);
    }
    free(x);
    free(a);
    free(b);
  }
  aus_ctx_destroy(ctx);
}

/* Stems that already sum to the input need no residual. */
static void no_residual_when_stems_suffice(void **state)
{
  (void)state;
  aus_ctx *ctx = test_ctx(1);
  float x[N], a[N], b[N];
  noise(4, N, a);
  noise(5, N, b);
  for (int i = 0; i < N; i++) x[i] = a[i] + b[i];
  const aus_audio input = { .data = x, .frames = N, .channels = 1, .rate = RATE };
  const aus_audio stems[2] = { { .data = a, .frames = N, .channels = 1, .rate = RATE }, { .data = b, .frames = N, .channels = 1, .rate = RATE } };
  const char *const names[2] = { "a", "b" };
  aus_components c;
  assert_ok(ctx, aus_components_stems(ctx, &input, stems, names, 2, AUS_RESIDUAL_COMPONENT, NULL, &c));
  assert_int_equal(c.n, 2);
  assert_additive(&c);
  aus_components_free(&c);
  aus_ctx_destroy(ctx);
}

static void one_sample_and_silence(void **state)
{
  (void)state;
  aus_ctx *ctx = test_ctx(1);
  float x[3] = { 0.5f, 0, 0 }, a[3] = { 0.25f, 0, 0 };
  aus_audio input = { .data = x, .frames = 1, .channels = 1, .rate = RATE }, stem = { .data = a, .frames = 1, .channels = 1, .rate = RATE };
  const char *const name = "a";
  aus_components c;
  assert_ok(ctx, aus_components_stems(ctx, &input, &stem, &name, 1, AUS_RESIDUAL_COMPONENT, NULL, &c));
  assert_int_equal(c.n, 2);
  assert_additive(&c);
  aus_components_free(&c);
  x[0] = a[0] = 0;
  input.frames = stem.frames = 3;
  const aus_segments seg = { .kind = AUS_SEGMENTS_EQUAL, .n = 3, .crossfade_s = 0.01 };
  assert_ok(ctx, aus_components_stems(ctx, &input, &stem, &name, 1, AUS_RESIDUAL_COMPONENT, &seg, &c));
  assert_int_equal(c.n, 3);
  assert_additive(&c);
  aus_components_free(&c);
  assert_ok(ctx, aus_components_time(ctx, &input, NULL, &c));
  assert_string_equal(c.name[0], "all");
  aus_components_free(&c);
  aus_ctx_destroy(ctx);
}

/* Each sample belongs to its segment and no other, fades aside, and hard cuts are possible. */
static void given_times(void **state)
{
  (void)state;
  aus_ctx *ctx = test_ctx(1);
  float x[N];
  noise(6, N, x);
  const aus_audio input = { .data = x, .frames = N, .channels = 1, .rate = RATE };
  const double times[2] = { 0.1, 0.25 };
  aus_segments seg = { .kind = AUS_SEGMENTS_TIMES, .n = 2, .times = times, .crossfade_s = 0 };
  aus_components c;
  assert_ok(ctx, aus_components_time(ctx, &input, &seg, &c));
  assert_int_equal(c.n, 3);
  assert_int_equal(c.part[1].begin, 800);
  assert_int_equal(c.part[1].end, 2000);
  assert_memory_equal(c.part[1].data, x + 800, 1200 * sizeof *x);
  assert_string_equal(c.name[2], "0.25-0.50 s");
  assert_additive(&c);
  aus_components_free(&c);
  seg.crossfade_s = 0.01; /* 80 samples, 40 on each side */
  assert_ok(ctx, aus_components_time(ctx, &input, &seg, &c));
  assert_int_equal(c.part[1].begin, 760);
  assert_int_equal(c.part[1].end, 2040);
  assert_near(c.part[1].data[40], x[800] * (0.5 - 0.5 * cos(3.14159265358979 * 40.5 / 80)), 1e-6);
  assert_additive(&c);
  aus_components_free(&c);
  aus_ctx_destroy(ctx);
}

static void bad_arguments(void **state)
{
  (void)state;
  aus_ctx *ctx = test_ctx(1);
  float x[10] = { 1 };
  const aus_audio input = { .data = x, .frames = 10, .channels = 1, .rate = RATE };
  aus_audio stem = input;
  const char *const name = "vocals";
  aus_components c;
  stem.frames = 9;
  assert_int_equal(aus_components_stems(ctx, &input, &stem, &name, 1, 1, NULL, &c), AUS_EINVAL);
  assert_non_null(strstr(aus_ctx_error(ctx), "'vocals' has 9 samples, the input 10"));
  stem = input;
  stem.rate = 44100;
  assert_int_equal(aus_components_stems(ctx, &input, &stem, &name, 1, 1, NULL, &c), AUS_EINVAL);
  stem = input;
  aus_segments seg = { .kind = AUS_SEGMENTS_EQUAL, .n = 11 };
  assert_int_equal(aus_components_time(ctx, &input, &seg, &c), AUS_EINVAL);
  const double back[2] = { 0.001, 0.0005 }, beyond[1] = { 1 }, nan[1] = { NAN };
  seg = (aus_segments){ .kind = AUS_SEGMENTS_TIMES, .n = 2, .times = back };
  assert_int_equal(aus_components_time(ctx, &input, &seg, &c), AUS_EINVAL);
  seg.times = beyond;
  seg.n = 1;
  assert_int_equal(aus_components_time(ctx, &input, &seg, &c), AUS_EINVAL);
  seg.times = nan;
  assert_int_equal(aus_components_time(ctx, &input, &seg, &c), AUS_EINVAL);
  assert_null(c.ctx); /* nothing to free after a failure */
  aus_ctx_destroy(ctx);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(stems_and_residual), cmocka_unit_test(no_residual_when_stems_suffice),
    cmocka_unit_test(one_sample_and_silence), cmocka_unit_test(given_times), cmocka_unit_test(bad_arguments),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
