/* test_png.c - what the PNG writer writes is read back by an inflater written for this test from RFC 1951. */
#include "test.h"

#include "report/picture.h"
#include "report/png.h"

typedef struct in { const uint8_t *p; size_t n, bit; } in;

static uint32_t bits(in *s, int n)
{
  uint32_t v = 0;
  for (int i = 0; i < n; i++, s->bit++) {
    assert_true(s->bit / 8 < s->n);
    v |= (uint32_t)(s->p[s->bit / 8] >> s->bit % 8 & 1) << i;
  }
  return v;
}

static uint32_t code(in *s, int n)
{
  uint32_t v = 0;
  for (int i = 0; i < n; i++) v = v << 1 | bits(s, 1);
  return v;
}

/* One symbol of the fixed code: 7, 8 or 9 bits. */
static int symbol(in *s)
{
  uint32_t v = code(s, 7);
  if (v < 24) return 256 + (int)v;
  v = v << 1 | bits(s, 1);
  if (v >= 48 && v < 192) return (int)v - 48;
  if (v >= 192 && v < 200) return 280 + (int)v - 192;
  return 144 + (int)(v << 1 | bits(s, 1)) - 400;
}

static size_t inflate_fixed(in *s, uint8_t *out, size_t room)
{
  size_t n = 0;
  assert_int_equal(bits(s, 1), 1);
  assert_int_equal(bits(s, 2), 1);
  for (int v; (v = symbol(s)) != 256;) {
    if (v < 256) { assert_true(n < room); out[n++] = (uint8_t)v; continue; }
    const int l = v - 257;
    assert_true(l <= 28);
    const int extra = l < 8 || l == 28 ? 0 : l / 4 - 1;
    const size_t length = (l < 8 ? (size_t)l + 3 : l == 28 ? 258 : ((size_t)(4 + l % 4) << extra) + 3) + bits(s, extra);
    const int d = (int)code(s, 5), more = d < 4 ? 0 : d / 2 - 1;
    const size_t distance = (d < 4 ? (size_t)d + 1 : ((size_t)(2 + d % 2) << more) + 1) + bits(s, more);
    assert_true(distance <= n && n + length <= room);
    for (size_t i = 0; i < length; i++, n++) out[n] = out[n - distance];
  }
  return n;
}

static uint32_t be32(const uint8_t *p) { return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3]; }

static void check(int32_t w, int32_t h, const uint8_t *pixel)
{
  aus_ctx *ctx = test_ctx(1);
  uint8_t palette[768], *png;
  size_t size, at = 8;
  aus_palette_paper(palette);
  assert_ok(ctx, aus_png_encode(ctx, w, h, pixel, palette, &png, &size));
  assert_memory_equal(png, "\x89PNG\r\n\x1a\n", 8);
  const uint8_t *idat = NULL;
  size_t idat_size = 0;
  char order[64] = "";
  while (at < size) {
    const uint32_t n = be32(png + at);
    assert_true(at + 12 + n <= size);
    assert_int_equal(be32(png + at + 8 + n), aus_crc32(0, png + at + 4, n + 4));
    strncat(order, (const char *)png + at + 4, 4);
    if (memcmp(png + at + 4, "IDAT", 4) == 0) { idat = png + at + 8; idat_size = n; }
    if (memcmp(png + at + 4, "IHDR", 4) == 0) { assert_int_equal(be32(png + at + 8), w); assert_int_equal(be32(png + at + 12), h); }
    at += 12 + n;
  }
  assert_string_equal(order, "IHDRPLTEIDATIEND");
  assert_int_equal((idat[0] * 256 + idat[1]) % 31, 0);
  const size_t raw_size = (size_t)h * ((size_t)w + 1);
  uint8_t *raw = malloc(raw_size);
  in s = { idat + 2, idat_size - 6, 0 };
  assert_int_equal(inflate_fixed(&s, raw, raw_size), raw_size);
  uint32_t a = 1, b = 0;
  for (size_t i = 0; i < raw_size; i++) { a = (a + raw[i]) % 65521; b = (b + a) % 65521; }
  assert_int_equal(be32(idat + idat_size - 4), b << 16 | a);
  for (int32_t y = 0; y < h; y++) {
    assert_int_equal(raw[(size_t)y * ((size_t)w + 1)], 0);
    assert_memory_equal(raw + (size_t)y * ((size_t)w + 1) + 1, pixel + (size_t)y * (size_t)w, (size_t)w);
  }
  free(raw);
  aus_free(ctx, png);
  aus_ctx_destroy(ctx);
}

static void pictures_survive(void **state)
{
  (void)state;
  enum { W = 300, H = 240 };
  static uint8_t p[W * H];
  aus_rng r;
  aus_rng_init(&r, 7, 0);
  check(1, 1, p);                                                                  /* nothing to match */
  check(W, H, p);                                                                  /* one long run */
  for (int i = 0; i < W * H; i++) p[i] = (uint8_t)aus_rng_u32(&r);                 /* noise: literals of both lengths */
  check(W, H, p);
  for (int i = 0; i < W * H; i++) p[i] = (uint8_t)(i % 7 == 0 ? aus_rng_u32(&r) : (uint32_t)(i / W)); /* matches of all lengths */
  check(W, H, p);
  for (int i = 0; i < W * H; i++) p[i] = p[i % 33000 % 4500]; /* far distances */
  check(W, H, p);
}

static void bad_sizes_are_refused(void **state)
{
  (void)state;
  aus_ctx *ctx = test_ctx(1);
  uint8_t palette[768] = {0}, pixel = 0, *png;
  size_t size;
  assert_int_equal(aus_png_encode(ctx, 0, 1, &pixel, palette, &png, &size), AUS_EINVAL);
  assert_int_equal(aus_png_encode(ctx, 1, 40000, &pixel, palette, &png, &size), AUS_EINVAL);
  aus_ctx_destroy(ctx);
}

static void long_sounds_keep_their_peaks(void **state)
{
  (void)state;
  aus_ctx *ctx = test_ctx(1);
  enum { FRAMES = 10001, BANDS = 2 };
  float *image = calloc(FRAMES * BANDS, sizeof *image), hz[BANDS] = { 100, 200 };
  image[5000] = 3; /* one frame of the low band */
  image[FRAMES] = NAN;
  const aus_spectrogram s = { .image = image, .hz = hz, .frames = FRAMES, .bands = BANDS, .hop_seconds = 0.01 };
  aus_picture p;
  assert_ok(ctx, aus_picture_make(ctx, &s, &p));
  assert_int_equal(p.frames_per_column, 3);
  assert_near(p.low, 0, 0);
  assert_near(p.high, 3, 0);
  assert_int_equal(be32(p.png + 16), (FRAMES + 2) / 3);
  aus_picture_free(ctx, &p);
  free(image);
  aus_ctx_destroy(ctx);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(pictures_survive),
    cmocka_unit_test(bad_sizes_are_refused),
    cmocka_unit_test(long_sounds_keep_their_peaks),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
