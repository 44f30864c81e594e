/* test_wav.c - reading and writing WAV: every coding, every way to be wrong. */
#define _DEFAULT_SOURCE
#include "oom.h"
#include "test.h"
#include "audio/decode.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>
#ifdef AUS_HAVE_SNDFILE
#include <sndfile.h>
#endif

/* ---- building WAVs by hand -------------------------------------------------------------- */

typedef struct bytes { unsigned char p[4096]; size_t n; } bytes;

static void raw(bytes *b, const void *p, size_t n) { memcpy(b->p + b->n, p, n); b->n += n; }
static void le(bytes *b, uint64_t v, int n) { for (int i = 0; i < n; i++) b->p[b->n++] = (unsigned char)(v >> 8 * i); }

static void fmt(bytes *b, int tag, int channels, int rate, int bits)
{
  raw(b, "fmt ", 4); le(b, 16, 4); le(b, (uint64_t)tag, 2); le(b, (uint64_t)channels, 2); le(b, (uint64_t)rate, 4);
  le(b, (uint64_t)(rate * channels * bits / 8), 4); le(b, (uint64_t)(channels * bits / 8), 2); le(b, (uint64_t)bits, 2);
}

static bytes riff(void)
{
  bytes b = {{0}, 0};
  raw(&b, "RIFF", 4); le(&b, 0, 4); raw(&b, "WAVE", 4);
  return b;
}

static bytes small_wav(int tag, int channels, int bits, const void *data, size_t n)
{
  bytes b = riff();
  fmt(&b, tag, channels, 8000, bits);
  raw(&b, "data", 4); le(&b, n, 4); raw(&b, data, n);
  const uint32_t size = (uint32_t)b.n - 8;
  memcpy(b.p + 4, &size, 4);
  return b;
}

static void expect(const bytes *b, int32_t channels, int64_t frames, const double *want)
{
  aus_ctx *ctx = test_ctx(1);
  aus_audio a;
  assert_ok(ctx, aus_audio_read_memory(ctx, b->p, b->n, &a));
  assert_int_equal(a.channels, channels);
  assert_int_equal(a.frames, frames);
  assert_int_equal(a.rate, 8000);
  assert_string_equal(a.decoder, "wav (own)");
  for (int64_t i = 0; i < channels * frames; i++) assert_near(a.data[i], want[i], 0);
  aus_audio_free(ctx, &a);
  aus_ctx_destroy(ctx);
}

static void refuse(const void *p, size_t n, aus_status status, const char *text)
{
  aus_ctx *ctx = test_ctx(1);
  aus_audio a;
  assert_int_equal(aus_audio_read_memory(ctx, p, n, &a), status);
  if (!strstr(aus_ctx_error(ctx), text)) fail_msg("'%s' does not say '%s'", aus_ctx_error(ctx), text);
  assert_null(a.data);
  aus_ctx_destroy(ctx);
}

/* ---- what is read ---------------------------------------------------------------------------- */

static void every_coding_has_its_scale(void **state)
{
  (void)state;
  const unsigned char u8[] = { 0, 128, 255, 64 };
  const int16_t s16[] = { -32768, 32767, 1, 0 };
  const unsigned char s24[] = { 0, 0, 0x80, 0xff, 0xff, 0x7f, 1, 0, 0, 0xff, 0xff, 0xff };
  const int32_t s32[] = { INT32_MIN, 1 << 30, -(1 << 30), 0 };
  const float f32[] = { -1.5f, 0.25f, 1e-20f, 2 };
  const double f64[] = { -1.5, 0.25, 0.1, 2 };
  bytes b = small_wav(1, 2, 8, u8, 4);
  expect(&b, 2, 2, (double[]){ -1, 127 / 128.0, 0, -0.5 }); /* planar */
  b = small_wav(1, 1, 16, s16, 8);
  expect(&b, 1, 4, (double[]){ -1, 32767 / 32768.0, 1 / 32768.0, 0 });
  b = small_wav(1, 1, 24, s24, 12);
  expect(&b, 1, 4, (double[]){ -1, 8388607 / 8388608.0, 1 / 8388608.0, -1 / 8388608.0 });
  b = small_wav(1, 4, 32, s32, 16);
  expect(&b, 4, 1, (double[]){ -1, 0.5, -0.5, 0 });
  b = small_wav(3, 1, 32, f32, 16);
  expect(&b, 1, 4, (double[]){ -1.5, 0.25, 1e-20f, 2 });
  b = small_wav(3, 2, 64, f64, 32);
  expect(&b, 2, 2, (double[]){ -1.5, 0.1f, 0.25, 2 });
}

static void extensible_rf64_and_strange_chunks(void **state)
{
  (void)state;
  static const unsigned char guid[] = { 1, 0, 0, 0, 0, 0, 0x10, 0, 0x80, 0, 0, 0xAA, 0, 0x38, 0x9B, 0x71 };
  const int16_t s16[] = { 16384, -16384 };
  bytes b = riff();
  raw(&b, "JUNK", 4); le(&b, 3, 4); raw(&b, "abc", 4); /* odd: one pad byte */
  raw(&b, "fmt ", 4); le(&b, 40, 4); le(&b, 0xFFFE, 2); le(&b, 1, 2); le(&b, 8000, 4); le(&b, 16000, 4); le(&b, 2, 2); le(&b, 16, 2);
  le(&b, 22, 2); le(&b, 16, 2); le(&b, 4, 4); raw(&b, guid, 16);
  raw(&b, "LIST", 4); le(&b, 0, 4);
  raw(&b, "data", 4); le(&b, 4, 4); raw(&b, s16, 4);
  raw(&b, "id3 ", 4); le(&b, 1, 4); raw(&b, "x", 1); /* its pad byte is missing: not ours to mind */
  expect(&b, 1, 2, (double[]){ 0.5, -0.5 });
  for (int bw = 0; bw < 2; bw++) {
    b = (bytes){{0}, 0};
    raw(&b, bw ? "BW64" : "RF64", 4); le(&b, UINT32_MAX, 4); raw(&b, "WAVE", 4);
    raw(&b, "ds64", 4); le(&b, 28, 4); le(&b, 100, 8); le(&b, 4, 8); le(&b, 2, 8); le(&b, 0, 4);
    fmt(&b, 1, 1, 8000, 16);
    raw(&b, "data", 4); le(&b, UINT32_MAX, 4); raw(&b, s16, 4);
    expect(&b, 1, 2, (double[]){ 0.5, -0.5 });
  }
}

static void unfinished_headers_mean_to_the_end(void **state)
{
  (void)state;
  const int16_t s16[] = { 16384, -16384, 7 };
  const uint32_t sizes[] = { 0, UINT32_MAX, 0x7FFFF000u };
  for (int i = 0; i < 3; i++) {
    bytes b = riff();
    fmt(&b, 1, 1, 8000, 16);
    raw(&b, "data", 4); le(&b, sizes[i], 4); raw(&b, s16, 5); /* half a sample at the end */
    expect(&b, 1, 2, (double[]){ 0.5, -0.5 });
  }
}

/* ---- what is refused ------------------------------------------------------------------------------ */

static void bad_files_are_refused_by_name(void **state)
{
  (void)state;
  const int16_t s16[] = { 1, 2, 3, 4 };
  const float nan32[] = { 0, NAN }, inf32[] = { INFINITY };
  const double big[] = { 1e300 };
  refuse("", 0, AUS_EFORMAT, "empty");
  bytes b = small_wav(1, 1, 16, s16, 8);
  refuse(b.p, b.n - 1, AUS_EFORMAT, "truncated");
  refuse(b.p, 30, AUS_EFORMAT, "truncated");
  refuse(b.p, 36, AUS_EFORMAT, "before any sound");
  b = small_wav(1, 0, 16, s16, 8);
  refuse(b.p, b.n, AUS_EFORMAT, "0 channels");
  b = small_wav(1, 2000, 16, s16, 8);
  refuse(b.p, b.n, AUS_ELIMIT, "2000 channels");
  b = small_wav(1, 1, 16, s16, 7);
  refuse(b.p, b.n, AUS_EFORMAT, "whole number");
  b = small_wav(1, 1, 40, s16, 5);
  refuse(b.p, b.n, AUS_EFORMAT, "make no sense");
  b = small_wav(1, 1, 16, s16, 0);
  refuse(b.p, b.n, AUS_EFORMAT, "no sound");
  b = small_wav(3, 1, 32, nan32, 8);
  refuse(b.p, b.n, AUS_EFORMAT, "sample 1 of channel 1 is not a finite number");
  b = small_wav(3, 1, 32, inf32, 4);
  refuse(b.p, b.n, AUS_EFORMAT, "finite");
  b = small_wav(3, 1, 64, big, 8);
  refuse(b.p, b.n, AUS_EFORMAT, "finite");
  b = small_wav(1, 1, 16, s16, 8);
  b.p[0] = 'X';
  refuse(b.p, b.n, AUS_EFORMAT, "WAV");
  b = riff();
  raw(&b, "data", 4); le(&b, 2, 4); le(&b, 0, 2);
  refuse(b.p, b.n, AUS_EFORMAT, "before its format");
  b = riff();
  fmt(&b, 1, 1, 0, 16);
  refuse(b.p, b.n, AUS_EFORMAT, "0 Hz");
}

/* No prefix and no damaged header may crash or hang; ASan and Valgrind watch this one. */
static void damage_never_crashes(void **state)
{
  (void)state;
  aus_ctx *ctx = test_ctx(1);
  aus_audio a;
  int16_t s16[64];
  aus_rng rng;
  aus_rng_init(&rng, 1, 0);
  for (int i = 0; i < 64; i++) s16[i] = (int16_t)(i * 100);
  const bytes good = small_wav(1, 2, 16, s16, sizeof s16);
  for (size_t n = 0; n < good.n; n++) {
    unsigned char *exact = malloc(n ? n : 1);
    memcpy(exact, good.p, n);
    assert_int_equal(aus_audio_read_memory(ctx, exact, n, &a), AUS_EFORMAT);
    free(exact);
  }
  for (int i = 0; i < 4000; i++) {
    bytes b = good;
    for (int k = (int)aus_rng_below(&rng, 4); k >= 0; k--) b.p[aus_rng_below(&rng, 60)] = (unsigned char)aus_rng_below(&rng, 256);
    if (aus_audio_read_memory(ctx, b.p, b.n, &a) == AUS_OK) aus_audio_free(ctx, &a);
  }
  aus_ctx_destroy(ctx);
}

/* ---- files, parts, pipes ------------------------------------------------------------------------------- */

static char folder[64];

static const char *in_folder(const char *name)
{
  static char path[256];
  snprintf(path, sizeof path, "%s/%s", folder, name);
  return path;
}

static void ramp(aus_audio *a, int32_t channels, int64_t frames, float *data)
{
  for (int64_t i = 0; i < channels * frames; i++) data[i] = (float)((i * 37) % 2001 - 1000) / 1024.0f;
  *a = (aus_audio){ .data = data, .frames = frames, .channels = channels, .rate = 44100 };
}

static void every_format_comes_back(void **state)
{
  (void)state;
  aus_ctx *ctx = test_ctx(1);
  float data[8 * 501];
  const double step[] = { 1 / 65536.0, 1 / 16777216.0, 0, 0 }; /* half a step of the scale */
  for (int32_t channels = 1; channels <= 8; channels += channels == 3 ? 5 : 1)
    for (int f = 0; f < 4; f++) {
      aus_audio a, b;
      ramp(&a, channels, 501, data);
      data[3] = 1.0f / 3.0f;
      assert_ok(ctx, aus_audio_write_wav(ctx, in_folder("x.wav"), &a, (aus_wav_format)f, 1));
      assert_ok(ctx, aus_audio_read(ctx, in_folder("x.wav"), NULL, &b));
      assert_int_equal(b.frames, 501);
      assert_int_equal(b.channels, channels);
      assert_int_equal(b.rate, 44100);
      assert_int_equal(strlen(b.sha256), 64);
      for (int i = 0; i < channels * 501; i++) assert_near(b.data[i], data[i], step[f]);
      const aus_audio_range range = { 100.0 / 44100, 7.0 / 44100 };
      aus_audio part;
      assert_ok(ctx, aus_audio_read(ctx, in_folder("x.wav"), &range, &part));
      assert_int_equal(part.frames, 7);
      assert_string_equal(part.sha256, b.sha256); /* of the whole file, also when a part is read */
      for (int32_t c = 0; c < channels; c++)
        for (int t = 0; t < 7; t++) assert_near(part.data[c * 7 + t], b.data[c * 501 + 100 + t], 0);
      aus_audio_free(ctx, &part);
      aus_audio_free(ctx, &b);
    }
  aus_ctx_destroy(ctx);
}

static void sha_is_of_the_whole_file(void **state)
{
  (void)state;
  aus_ctx *ctx = test_ctx(1);
  const int16_t s16[] = { 1, 2, 3, 4 };
  bytes b = small_wav(1, 1, 16, s16, 8);
  raw(&b, "LIST", 4); le(&b, 4, 4); raw(&b, "tail", 4);
  aus_audio a;
  assert_ok(ctx, aus_audio_read_memory(ctx, b.p, b.n, &a));
  aus_sha256 s;
  char hex[65];
  aus_sha256_init(&s);
  aus_sha256_add(&s, b.p, b.n);
  aus_sha256_hex(&s, hex);
  assert_string_equal(a.sha256, hex);
  aus_audio_free(ctx, &a);
  aus_ctx_destroy(ctx);
}

static void ranges_past_the_end_are_refused(void **state)
{
  (void)state;
  aus_ctx *ctx = test_ctx(1);
  float data[100];
  aus_audio a, b;
  ramp(&a, 1, 100, data);
  assert_ok(ctx, aus_audio_write_wav(ctx, in_folder("r.wav"), &a, AUS_WAV_PCM16, 1));
  const aus_audio_range bad[] = { { 1, 0 }, { -1, 0 }, { NAN, 0 }, { 0, NAN }, { INFINITY, 1 } };
  for (int i = 0; i < 5; i++) assert_int_equal(aus_audio_read(ctx, in_folder("r.wav"), bad + i, &b), AUS_EINVAL);
  const aus_audio_range to_end = { 90.0 / 44100, 3600 };
  assert_ok(ctx, aus_audio_read(ctx, in_folder("r.wav"), &to_end, &b));
  assert_int_equal(b.frames, 10);
  aus_audio_free(ctx, &b);
  aus_ctx_destroy(ctx);
}

/* Three hours of eight channels, as a file with a hole: one second near its end is read at once. */
static void a_second_of_a_huge_rf64(void **state)
{
  (void)state;
  aus_ctx *ctx = test_ctx(1);
  const int64_t frames = INT64_C(3) * 3600 * 44100, size = frames * 16;
  unsigned char head[AUS_WAV_HEADER];
  const int32_t n = aus_wav_header(head, 8, 44100, AUS_WAV_PCM16, frames);
  assert_memory_equal(head, "RF64", 4);
  const int fd = open(in_folder("huge.wav"), O_CREAT | O_TRUNC | O_WRONLY, 0600);
  assert_true(fd >= 0);
  assert_int_equal(write(fd, head, (size_t)n), n);
  const int16_t mark = 8192;
  const int64_t at = n + (frames - 44100) * 16;
  if (ftruncate(fd, n + size) != 0 || pwrite(fd, &mark, 2, at) != 2) { close(fd); unlink(in_folder("huge.wav")); skip(); }
  close(fd);
  const aus_audio_range range = { 3 * 3600 - 1, 1 };
  aus_audio a;
  const double t0 = aus_now();
  assert_ok(ctx, aus_audio_read(ctx, in_folder("huge.wav"), &range, &a));
  assert_true(aus_now() - t0 < 2);
  assert_int_equal(a.frames, 44100);
  assert_near(a.data[0], 0.25, 0);
  assert_near(a.data[1], 0, 0);
  aus_audio_free(ctx, &a);
  unlink(in_folder("huge.wav"));
  aus_ctx_destroy(ctx);
}

static void from_a_pipe(void **state)
{
  (void)state;
  aus_ctx *ctx = test_ctx(1);
  const int16_t s16[] = { 16384, -16384, 8192, 0 };
  const uint32_t sizes[] = { 8, 0, UINT32_MAX };
  const int saved = dup(0);
  for (int i = 0; i < 4; i++) {
    int ends[2];
    aus_audio a;
    bytes b = small_wav(1, 1, 16, s16, 8);
    memcpy(b.p + 40, &sizes[i % 3], 4);
    assert_int_equal(pipe(ends), 0);
    assert_int_equal(write(ends[1], b.p, b.n - (i == 3)), (ssize_t)b.n - (i == 3)); /* the last one is cut short */
    close(ends[1]);
    dup2(ends[0], 0);
    close(ends[0]);
    clearerr(stdin);
    const aus_audio_range range = { 1.0 / 8000, 2.0 / 8000 };
    if (i == 3) {
      assert_int_equal(aus_audio_read(ctx, "-", NULL, &a), AUS_EFORMAT);
      assert_non_null(strstr(aus_ctx_error(ctx), "standard input: truncated"));
      continue;
    }
    assert_ok(ctx, aus_audio_read(ctx, "-", i == 1 ? &range : NULL, &a));
    assert_int_equal(a.frames, i == 1 ? 2 : 4);
    assert_near(a.data[0], i == 1 ? -0.5 : 0.5, 0);
    aus_audio_free(ctx, &a);
    char rest[64];
    while (fread(rest, 1, sizeof rest, stdin) > 0) { }
  }
  dup2(saved, 0);
  close(saved);
  clearerr(stdin);
  aus_ctx_destroy(ctx);
}

static void not_files(void **state)
{
  (void)state;
  aus_ctx *ctx = test_ctx(1);
  aus_audio a;
  assert_int_equal(aus_audio_read(ctx, "/nowhere/at/all.wav", NULL, &a), AUS_EIO);
  assert_int_equal(aus_audio_read(ctx, folder, NULL, &a), AUS_EIO);
  assert_non_null(strstr(aus_ctx_error(ctx), "folder"));
  FILE *f = fopen(in_folder("empty.wav"), "w");
  fclose(f);
  assert_int_equal(aus_audio_read(ctx, in_folder("empty.wav"), NULL, &a), AUS_EFORMAT);
  assert_non_null(strstr(aus_ctx_error(ctx), "empty"));
  aus_ctx_destroy(ctx);
}

/* ---- writing --------------------------------------------------------------------------------------------- */

static void count_notes(void *user, int level, const char *line)
{
  if (level == AUS_LOG_WARNING && strstr(line, "clipped")) ++*(int *)user;
}

static void writing_is_careful(void **state)
{
  (void)state;
  aus_ctx *ctx;
  int notes = 0;
  const aus_config config = { .threads = 1, .log = count_notes, .user = &notes };
  assert_int_equal(aus_ctx_create(&ctx, &config), AUS_OK);
  float data[3] = { 1, -1, 0.5f };
  aus_audio a = { .data = data, .frames = 3, .channels = 1, .rate = 8000 }, b;
  unlink(in_folder("w.wav"));
  assert_ok(ctx, aus_audio_write_wav(ctx, in_folder("w.wav"), &a, AUS_WAV_PCM16, 0));
  assert_int_equal(notes, 0); /* full scale is not clipping */
  assert_int_equal(aus_audio_write_wav(ctx, in_folder("w.wav"), &a, AUS_WAV_PCM16, 0), AUS_EEXIST);
  data[1] = -1.5f;
  assert_ok(ctx, aus_audio_write_wav(ctx, in_folder("w.wav"), &a, AUS_WAV_PCM24, 1));
  assert_int_equal(notes, 1);
  assert_ok(ctx, aus_audio_read(ctx, in_folder("w.wav"), NULL, &b));
  assert_near(b.data[1], -1, 0);
  aus_audio_free(ctx, &b);
  data[2] = NAN;
  assert_int_equal(aus_audio_write_wav(ctx, in_folder("w.wav"), &a, AUS_WAV_FLOAT32, 1), AUS_EINVAL);
  assert_int_equal(aus_audio_write_wav(ctx, "/nowhere/w.wav", &(aus_audio){ .data = data, .frames = 1, .channels = 1, .rate = 1 }, AUS_WAV_PCM16, 1), AUS_EIO);
  void *mem;
  size_t size;
  a.frames = 1; /* one 24-bit sample: an odd number of bytes, so a pad byte */
  assert_ok(ctx, aus_wav_encode(ctx, &a, AUS_WAV_PCM24, &mem, &size));
  assert_int_equal(size % 2, 0);
  assert_ok(ctx, aus_audio_read_memory(ctx, mem, size, &b));
  aus_audio_free(ctx, &b);
  aus_free(ctx, mem);
  aus_ctx_destroy(ctx);
}

/* ---- every allocation failing in turn ------------------------------------------------------------------------ */

static aus_status write_and_read(aus_ctx *ctx, void *arg)
{
  aus_audio back;
  AUS_TRY(aus_audio_write_wav(ctx, in_folder("oom.wav"), arg, AUS_WAV_PCM16, 1));
  AUS_TRY(aus_audio_read(ctx, in_folder("oom.wav"), NULL, &back));
  aus_audio_free(ctx, &back);
  return AUS_OK;
}

static void no_memory_no_leak(void **state)
{
  (void)state;
  float data[200];
  aus_audio a;
  ramp(&a, 2, 100, data);
  const int64_t n = oom_sweep("writing and reading", write_and_read, &a);
  assert_true(n > 4 && n < 50);
}

#ifdef AUS_HAVE_SNDFILE
static void flac_and_ogg_come_through_libsndfile(void **state)
{
  (void)state;
  const struct { const char *name; int format; double tolerance; } kinds[] = {
    { "s.flac", SF_FORMAT_FLAC | SF_FORMAT_PCM_16, 1 / 32768.0 }, { "s.ogg", SF_FORMAT_OGG | SF_FORMAT_VORBIS, 0.2 },
    { "s-adpcm.wav", SF_FORMAT_WAV | SF_FORMAT_ULAW, 0.02 },
  };
  aus_ctx *ctx = test_ctx(1);
  float x[2 * 5000];
  for (int t = 0; t < 5000; t++) { x[2 * t] = (float)(0.5 * sin(0.05 * t)); x[2 * t + 1] = -x[2 * t]; }
  for (int k = 0; k < 3; k++) {
    SF_INFO info = { .channels = 2, .samplerate = 22050, .format = kinds[k].format };
    SNDFILE *f = sf_open(in_folder(kinds[k].name), SFM_WRITE, &info);
    assert_non_null(f);
    assert_int_equal(sf_writef_float(f, x, 5000), 5000);
    sf_close(f);
    aus_audio a, part;
    const aus_audio_range range = { 1000.0 / 22050, 50.0 / 22050 };
    assert_ok(ctx, aus_audio_read(ctx, in_folder(kinds[k].name), NULL, &a));
    assert_int_equal(a.frames, 5000);
    assert_int_equal(a.rate, 22050);
    assert_int_equal(strlen(a.sha256), 64);
    assert_non_null(strstr(a.decoder, "libsndfile"));
    for (int t = 0; t < 5000; t++) assert_near(a.data[t], x[2 * t], kinds[k].tolerance);
    assert_ok(ctx, aus_audio_read(ctx, in_folder(kinds[k].name), &range, &part));
    assert_int_equal(part.frames, 50);
    for (int t = 0; t < 50; t++) assert_near(part.data[50 + t], a.data[5000 + 1000 + t], 1e-6);
    aus_audio_free(ctx, &part);
    aus_audio_free(ctx, &a);
  }
  aus_ctx_destroy(ctx);
}
#endif

static int make_folder(void **state)
{
  (void)state;
  snprintf(folder, sizeof folder, "/tmp/aus-wav-XXXXXX");
  return mkdtemp(folder) ? 0 : -1;
}

static int remove_folder(void **state)
{
  static const char *names[] = { "x.wav", "r.wav", "empty.wav", "w.wav", "oom.wav", "s.flac", "s.ogg", "s-adpcm.wav" };
  (void)state;
  for (size_t i = 0; i < sizeof names / sizeof *names; i++) unlink(in_folder(names[i]));
  return rmdir(folder); /* fails when something was left behind, a partial file for one */
}

int main(void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(every_coding_has_its_scale),
    cmocka_unit_test(extensible_rf64_and_strange_chunks),
    cmocka_unit_test(unfinished_headers_mean_to_the_end),
    cmocka_unit_test(bad_files_are_refused_by_name),
    cmocka_unit_test(damage_never_crashes),
    cmocka_unit_test(every_format_comes_back),
    cmocka_unit_test(sha_is_of_the_whole_file),
    cmocka_unit_test(ranges_past_the_end_are_refused),
    cmocka_unit_test(a_second_of_a_huge_rf64),
    cmocka_unit_test(from_a_pipe),
    cmocka_unit_test(not_files),
    cmocka_unit_test(writing_is_careful),
    cmocka_unit_test(no_memory_no_leak),
#ifdef AUS_HAVE_SNDFILE
    cmocka_unit_test(flac_and_ogg_come_through_libsndfile),
#endif
  };
  return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
