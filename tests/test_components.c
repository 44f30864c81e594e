/* test_components.c - parts must add up to the input, whatever the segmentation. */
#include "test.h"

#include "explain/spectral.h"
#include "golden/superpixels.h"

/* Noise in [-1, 1], reproducible. */
static void noise(uint64_t seed, int64_t n, float *x)
{
  aus_rng rng;
  aus_rng_init(&rng, seed, 0);
  for (int64_t i = 0; i < n; i++) x[i] = (float)(2 * aus_rng_uniform(&rng) - 1);
}

/* off + all parts against whole: within 1e-6 of the peak (of the baseline's sound, where that is louder). */
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
    peak = fmax(peak, fmax(fabs(c->whole[t]), c->off ? fabs(c->off[t]) : 0));
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

/* Clicks every half second: onsets and beats cut there. */
static void events(void **state)
{
  (void)state;
  aus_ctx *ctx = test_ctx(1);
  enum { LONG = 6 * RATE };
  float *x = calloc(LONG, sizeof *x), *hiss = malloc(LONG * sizeof *hiss);
  noise(8, LONG, hiss);
  for (int i = 0; i < LONG; i++) {
    const int since = (i + RATE / 4) % (RATE / 2);
    x[i] = hiss[i] * (float)(0.8 * exp(-since / 200.0));
  }
  const aus_audio input = { .data = x, .frames = LONG, .channels = 1, .rate = RATE };
  aus_components c;
  for (int kind = AUS_SEGMENTS_ONSETS; kind <= AUS_SEGMENTS_BEATS; kind++) {
    aus_segments seg = { .kind = (aus_segmentation)kind, .crossfade_s = 0.005 };
    assert_ok(ctx, aus_components_time(ctx, &input, &seg, &c));
    assert_true(c.n >= 9 && c.n <= 14);
    for (int i = 1; i < c.n; i++) { /* near a click at 0.25 + k / 2 */
      const double from_click = fmod(c.place[i].t0 + 0.25 + 0.06, 0.5);
      assert_true(from_click < 0.12);
      assert_near(c.place[i].t0, c.place[i - 1].t1, 0);
    }
    assert_additive(&c);
    aus_components_free(&c);
    seg.n = 4;
    assert_ok(ctx, aus_components_time(ctx, &input, &seg, &c));
    assert_int_equal(c.n, 4);
    assert_additive(&c);
    aus_components_free(&c);
  }
  memset(x, 0, LONG * sizeof *x); /* silence has no events: one segment */
  const aus_segments seg = { .kind = AUS_SEGMENTS_ONSETS };
  assert_ok(ctx, aus_components_time(ctx, &input, &seg, &c));
  assert_int_equal(c.n, 1);
  aus_components_free(&c);
  free(x);
  free(hiss);
  aus_ctx_destroy(ctx);
}

/* ---- regions of the spectrogram ------------------------------------------------------------------ */

static float *tune(int64_t n, int channels)
{
  float *x = malloc(sizeof *x * (size_t)(n * channels));
  noise(11, n * channels, x);
  for (int64_t i = 0; i < n * channels; i++) {
    const double t = (double)(i % n) / RATE;
    x[i] = (float)(0.02 * x[i] + 0.5 * sin(6.2832 * 440 * t) * (t < 0.6) + 0.3 * sin(6.2832 * 1800 * t) * (t > 0.4));
  }
  return x;
}

static void tiles(void **state)
{
  (void)state;
  aus_ctx *ctx = test_ctx(1);
  const int64_t lengths[4] = { 1, 300, 8000, 40001 };
  for (int l = 0; l < 4; l++)
    for (int channels = 1; channels <= 2; channels++)
      for (int base = AUS_BASELINE_ZERO; base <= AUS_BASELINE_BINMEAN; base++) {
        float *x = tune(lengths[l], channels);
        const aus_audio input = { .data = x, .frames = lengths[l], .channels = channels, .rate = RATE };
        const int nt = l == 0 ? 1 : 3, nf = 4;
        aus_components c;
        assert_ok(ctx, aus_components_tiles(ctx, &input, nt, nf, (aus_baseline)base, 5, &c));
        assert_int_equal(c.n, nt * nf);
        assert_memory_equal(c.whole, x, sizeof *x * (size_t)(lengths[l] * channels));
        assert_int_equal(!c.off, base == AUS_BASELINE_ZERO);
        assert_additive(&c);
        int *used = calloc((size_t)c.n, sizeof *used); /* every bin has a tile, every tile bins */
        for (int i = 0; i < c.label_frames * c.label_bins; i++) {
          assert_true(c.label[i] >= 0 && c.label[i] < c.n);
          used[c.label[i]]++;
        }
        for (int i = 0; i < c.n; i++) assert_true(used[i] > 0);
        assert_int_equal(c.label[c.label_frames * c.label_bins - 1], c.n - 1);
        assert_near(c.place[c.n - 1].f1, RATE / 2.0, 1e-9);
        free(used);
        aus_components_free(&c);
        free(x);
      }
  aus_ctx_destroy(ctx);
}

/* The magnitude at one bin of one frame, far from the ends. */
static double level_at(const float *x, int64_t frame, int bin, int n_fft)
{
  double re = 0, im = 0;
  for (int i = 0; i < n_fft; i++) {
    const double w = 0.5 - 0.5 * cos(6.283185307179586 * i / n_fft), v = w * x[frame * (n_fft / 4) - n_fft / 2 + i];
    re += v * cos(6.283185307179586 * bin * i / n_fft);
    im -= v * sin(6.283185307179586 * bin * i / n_fft);
  }
  return hypot(re, im);
}

/* A tile that is off is gone from the spectrogram; the others stay. */
static void tiles_remove_what_they_say(void **state)
{
  (void)state;
  aus_ctx *ctx = test_ctx(1);
  enum { LONG = RATE };
  float *x = tune(LONG, 1), *y = malloc(LONG * sizeof *y);
  const aus_audio input = { .data = x, .frames = LONG, .channels = 1, .rate = RATE };
  aus_components c;
  assert_ok(ctx, aus_components_tiles(ctx, &input, 1, 4, AUS_BASELINE_ZERO, 0, &c));
  const int n_fft = 2 * (c.label_bins - 1), low = 440 * n_fft / RATE, high = 1800 * n_fft / RATE; /* tiles 0 and 1: 1000 Hz each */
  assert_near(c.place[1].f0, 1000, 1e-9);
  uint8_t keep[4] = { 1, 0, 1, 1 };
  aus_components_render(&c, keep, y);
  const int64_t frame = LONG / 2 / (n_fft / 4); /* both tones sound */
  assert_true(level_at(x, frame, high, n_fft) > 20);
  assert_true(level_at(y, frame, high, n_fft) < 0.01 * level_at(x, frame, high, n_fft));
  assert_near(level_at(y, frame, low, n_fft), level_at(x, frame, low, n_fft), 0.01 * level_at(x, frame, low, n_fft));
  aus_components_free(&c);
  free(x);
  free(y);
  aus_ctx_destroy(ctx);
}

static void same_for_any_threads(void **state)
{
  (void)state;
  float *x = tune(20000, 1), *first = NULL;
  const aus_audio input = { .data = x, .frames = 20000, .channels = 1, .rate = RATE };
  for (int threads = 1; threads <= 3; threads++) {
    aus_ctx *ctx = test_ctx(threads);
    aus_components c;
    assert_ok(ctx, aus_components_tiles(ctx, &input, 4, 3, AUS_BASELINE_NOISE, 9, &c));
    if (!first) {
      first = malloc(20000 * sizeof *first);
      memcpy(first, c.off, 20000 * sizeof *first);
    }
    assert_memory_equal(first, c.off, 20000 * sizeof *first);
    aus_components_free(&c);
    aus_ctx_destroy(ctx);
  }
  free(first);
  free(x);
}

static void superpixels(void **state)
{
  (void)state;
  aus_ctx *ctx = test_ctx(1);
  float *x = tune(20000, 1);
  const aus_audio input = { .data = x, .frames = 20000, .channels = 1, .rate = RATE };
  for (int method = AUS_SUPERPIXEL_SLIC; method <= AUS_SUPERPIXEL_FELZENSZWALB; method++) {
    aus_components c;
    assert_ok(ctx, aus_components_superpixels(ctx, &input, (aus_superpixel)method, 24, AUS_BASELINE_MIN, 0, &c));
    assert_true(c.n >= 2 && c.n <= 40);
    assert_additive(&c);
    for (int i = 0; i < c.label_frames * c.label_bins; i++) assert_true(c.label[i] >= 0 && c.label[i] < c.n);
    assert_string_equal(c.name[1], "superpixel 2");
    aus_components_free(&c);
  }
  memset(x, 0, 20000 * sizeof *x); /* silence */
  for (int method = AUS_SUPERPIXEL_SLIC; method <= AUS_SUPERPIXEL_FELZENSZWALB; method++) {
    aus_components c;
    assert_ok(ctx, aus_components_superpixels(ctx, &input, (aus_superpixel)method, 24, AUS_BASELINE_ZERO, 0, &c));
    assert_true(c.n >= 1);
    aus_components_free(&c);
  }
  free(x);
  aus_ctx_destroy(ctx);
}

/* Labels of scikit-image on the same small pictures, up to the order of the numbers. */
static void labels_are_skimages(void **state)
{
  (void)state;
  aus_ctx *ctx = test_ctx(1);
  for (int g = 0; g < GOLDEN_PICTURES; g++) {
    const golden_picture *p = &golden_pictures[g];
    const int pixels = p->h * p->w;
    double *image = malloc(sizeof *image * (size_t)pixels);
    int32_t *label = malloc(sizeof *label * (size_t)pixels), n = 0, map[4096];
    for (int i = 0; i < pixels; i++) image[i] = p->value[i] / 65535.0;
    if (p->wanted) assert_ok(ctx, aus_slic(ctx, p->h, p->w, image, p->wanted, p->parameter, label, &n));
    else assert_ok(ctx, aus_felzenszwalb(ctx, p->h, p->w, image, p->parameter, 0.8, p->least, label, &n));
    assert_int_equal(n, p->n);
    for (int i = 0; i < 4096; i++) map[i] = -1;
    for (int i = 0; i < pixels; i++) {
      if (map[label[i]] < 0) map[label[i]] = p->label[i];
      if (map[label[i]] != p->label[i]) fail_msg("picture %d, pixel %d", g, i);
    }
    free(image);
    free(label);
  }
  aus_ctx_destroy(ctx);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(events), cmocka_unit_test(tiles), cmocka_unit_test(tiles_remove_what_they_say),
    cmocka_unit_test(same_for_any_threads), cmocka_unit_test(superpixels), cmocka_unit_test(labels_are_skimages),
    cmocka_unit_test(stems_and_residual), cmocka_unit_test(no_residual_when_stems_suffice),
    cmocka_unit_test(one_sample_and_silence), cmocka_unit_test(given_times), cmocka_unit_test(bad_arguments),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
