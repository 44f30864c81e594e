/* test_audio.c - mono and another rate, in memory and while reading: the same bits, little memory. */
#define _DEFAULT_SOURCE
#include "oom.h"
#include "test.h"
#include <auscult/audio.h>
#include <auscult/dsp.h>

#include <fcntl.h>
#include <unistd.h>

static char path[64];

static void noise(int64_t n, float *x)
{
  aus_rng rng;
  aus_rng_init(&rng, 7, 0);
  for (int64_t i = 0; i < n; i++) x[i] = (float)(aus_rng_uniform(&rng) - 0.5);
}

static void reading_mono_equals_reading_then_converting(void **state)
{
  static const struct { int32_t from, to, channels; int64_t frames; } cases[] = {
    { 44100, 16000, 2, 700001 }, { 16000, 16000, 2, 50001 }, { 8000, 16000, 1, 300000 }, { 48000, 16000, 3, 600007 },
    { 22050, 16000, 1, 1 }, { 44100, 16000, 8, 997 }, { 16000, 44100, 1, 300017 }, { 44100, 44099, 1, 400000 }, { 192000, 16000, 2, 800000 },
  };
  (void)state;
  for (int threads = 1; threads <= 2; threads++) {
    aus_ctx *ctx = test_ctx(threads);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
      aus_audio a = { .frames = cases[i].frames, .channels = cases[i].channels, .rate = cases[i].from }, whole, want, got;
      a.data = malloc((size_t)(a.frames * a.channels) * sizeof(float));
      noise(a.frames * a.channels, a.data);
      assert_ok(ctx, aus_audio_write_wav(ctx, path, &a, AUS_WAV_FLOAT32, 1));
      assert_ok(ctx, aus_audio_read(ctx, path, NULL, &whole));
      assert_ok(ctx, aus_audio_convert(ctx, &whole, cases[i].to, 1, &want));
      assert_ok(ctx, aus_audio_read_mono(ctx, path, NULL, cases[i].to, &got));
      assert_int_equal(got.frames, want.frames);
      assert_int_equal(got.frames, aus_resample_length(a.frames, a.rate, cases[i].to));
      assert_int_equal(got.rate, cases[i].to);
      assert_int_equal(got.file_rate, cases[i].from);
      assert_int_equal(got.file_channels, cases[i].channels);
      assert_string_equal(got.sha256, whole.sha256);
      assert_memory_equal(got.data, want.data, (size_t)got.frames * sizeof(float));
      aus_audio_free(ctx, &got);
      aus_audio_free(ctx, &want);
      aus_audio_free(ctx, &whole);
      free(a.data);
    }
    aus_ctx_destroy(ctx);
  }
}

static void channels_are_kept_or_averaged(void **state)
{
  (void)state;
  aus_ctx *ctx = test_ctx(1);
  float data[] = { 1, 2, 3, 4, 5, 6 };
  const aus_audio a = { .data = data, .frames = 3, .channels = 2, .rate = 8000 };
  aus_audio b;
  assert_ok(ctx, aus_audio_convert(ctx, &a, 8000, 1, &b));
  for (int t = 0; t < 3; t++) assert_near(b.data[t], (data[t] + data[3 + t]) / 2, 0);
  aus_audio_free(ctx, &b);
  assert_ok(ctx, aus_audio_convert(ctx, &a, 8000, 0, &b));
  assert_int_equal(b.channels, 2);
  assert_memory_equal(b.data, data, sizeof data);
  aus_audio_free(ctx, &b);
  assert_int_equal(aus_audio_convert(ctx, &a, 0, 1, &b), AUS_EINVAL);
  aus_ctx_destroy(ctx);
}

/* Eight channels at 192 kHz: memory is the result's and a little. */
static void memory_is_that_of_the_result(void **state)
{
  (void)state;
  meter m = { .left = -1 };
  aus_ctx *ctx = meter_ctx(&m);
  aus_audio a = { .frames = 192000 * 5, .channels = 8, .rate = 192000 }, got;
  a.data = calloc((size_t)(a.frames * a.channels), sizeof(float));
  assert_ok(ctx, aus_audio_write_wav(ctx, path, &a, AUS_WAV_PCM16, 1));
  free(a.data);
  m.peak = m.now;
  assert_ok(ctx, aus_audio_read_mono(ctx, path, NULL, 16000, &got));
  assert_int_equal(got.frames, 16000 * 5);
  assert_true(m.peak < (4 << 20)); /* the file as floats would be 31 MB */
  aus_audio_free(ctx, &got);
  aus_ctx_destroy(ctx);
  assert_int_equal(m.now, 0);
}

static aus_status read_and_convert(aus_ctx *ctx, void *arg)
{
  aus_audio a, b;
  AUS_TRY(aus_audio_read_mono(ctx, arg, NULL, 16000, &a));
  const aus_status status = aus_audio_convert(ctx, &a, 8000, 1, &b);
  if (status == AUS_OK) aus_audio_free(ctx, &b);
  aus_audio_free(ctx, &a);
  return status;
}

static void no_memory_no_leak(void **state)
{
  (void)state;
  float data[2000];
  noise(2000, data);
  aus_ctx *plain = test_ctx(1);
  assert_ok(plain, aus_audio_write_wav(plain, path, &(aus_audio){ .data = data, .frames = 1000, .channels = 2, .rate = 44100 }, AUS_WAV_PCM24, 1));
  aus_ctx_destroy(plain);
  const int64_t n = oom_sweep("reading and converting", read_and_convert, path);
  assert_true(n > 4 && n < 60);
}

static int make_path(void **state)
{
  (void)state;
  snprintf(path, sizeof path, "/tmp/aus-audio-XXXXXX");
  const int fd = mkstemp(path);
  if (fd >= 0) close(fd);
  return fd < 0;
}

static int remove_path(void **state)
{
  (void)state;
  return unlink(path);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(reading_mono_equals_reading_then_converting),
    cmocka_unit_test(channels_are_kept_or_averaged),
    cmocka_unit_test(memory_is_that_of_the_result),
    cmocka_unit_test(no_memory_no_leak),
  };
  return cmocka_run_group_tests(tests, make_path, remove_path);
}
