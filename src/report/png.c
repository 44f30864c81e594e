/* png.c - writes PNG (RFC 2083): zlib stream (RFC 1950) of one deflate block with fixed Huffman codes
 * (RFC 1951) and matches found through one hash entry per three bytes.
 *
 * A spectrogram in 256 colours shrinks by a factor of about two, a flat picture by hundreds; that is
 * enough for a page, and no library is needed. Cost: one pass. */
#include "report/png.h"

#include <string.h>

typedef struct bits { uint8_t *out; size_t n; uint32_t hold; int count; } bits;

/* Low bits first, as deflate packs everything but Huffman codes. */
static void put_bits(bits *b, uint32_t value, int n)
{
  b->hold |= value << b->count;
  for (b->count += n; b->count >= 8; b->count -= 8, b->hold >>= 8) b->out[b->n++] = (uint8_t)b->hold;
}

/* Huffman codes go in from their high bit. */
static void put_code(bits *b, uint32_t code, int n)
{
  uint32_t turned = 0;
  for (int i = 0; i < n; i++) turned |= (code >> i & 1) << (n - 1 - i);
  put_bits(b, turned, n);
}

/* The fixed code of RFC 1951, 3.2.6. */
static void put_symbol(bits *b, int v)
{
  if (v < 144) put_code(b, 0x30u + (uint32_t)v, 8);
  else if (v < 256) put_code(b, 0x190u + (uint32_t)(v - 144), 9);
  else if (v < 280) put_code(b, (uint32_t)(v - 256), 7);
  else put_code(b, 0xc0u + (uint32_t)(v - 280), 8);
}

static void put_match(bits *b, int length, int distance)
{
  static const uint16_t length_base[29] = { 3, 4, 5, 6, 7, 8, 9, 10, 11, 13, 15, 17, 19, 23, 27, 31, 35, 43, 51, 59, 67, 83, 99, 115, 131, 163, 195, 227, 258 };
  static const uint8_t length_extra[29] = { 0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2, 3, 3, 3, 3, 4, 4, 4, 4, 5, 5, 5, 5, 0 };
  int l = 28, d = 0, extra = 0, base = 1;
  while (length_base[l] > length) l--;
  put_symbol(b, 257 + l);
  put_bits(b, (uint32_t)(length - length_base[l]), length_extra[l]);
  /* distances: codes 0 to 3 stand for 1 to 4, then each pair doubles its span */
  while (d < 29 && distance >= base + (1 << extra)) {
    base += 1 << extra;
    d++;
    if (d >= 4 && d % 2 == 0) extra++;
  }
  put_code(b, (uint32_t)d, 5);
  put_bits(b, (uint32_t)(distance - base), extra);
}

enum { HASH_BITS = 13, WINDOW = 32768, MIN_MATCH = 4, MAX_MATCH = 258 };

/* At most 9/8 n + 8 bytes: a match of MIN_MATCH or more is never longer than its literals. */
static size_t deflate_fixed(const uint8_t *data, size_t n, uint8_t *out, int64_t *head)
{
  bits b = { .out = out };
  for (size_t i = 0; i < (size_t)1 << HASH_BITS; i++) head[i] = -WINDOW - 1;
  put_bits(&b, 3, 3); /* last block, fixed codes */
  for (size_t i = 0; i < n;) {
    size_t length = 0;
    int64_t from = 0;
    if (i + MIN_MATCH <= n) {
      const uint32_t h = ((uint32_t)data[i] << 16 | (uint32_t)data[i + 1] << 8 | data[i + 2]) * 2654435761u >> (32 - HASH_BITS);
      from = head[h];
      head[h] = (int64_t)i;
      if ((int64_t)i - from <= WINDOW)
        while (length < MAX_MATCH && i + length < n && data[i + length] == data[(size_t)from + length]) length++;
    }
    if (length >= MIN_MATCH) {
      put_match(&b, (int)length, (int)((int64_t)i - from));
      i += length;
    } else {
      put_symbol(&b, data[i++]);
    }
  }
  put_symbol(&b, 256);
  if (b.count) put_bits(&b, 0, 8 - b.count);
  return b.n;
}

static uint32_t adler32(const uint8_t *data, size_t n)
{
  uint32_t a = 1, b = 0;
  for (size_t i = 0; i < n; i++) {
    a = (a + data[i]) % 65521;
    b = (b + a) % 65521;
  }
  return b << 16 | a;
}

static uint8_t *put_u32(uint8_t *p, uint32_t v)
{
  *p++ = (uint8_t)(v >> 24);
  *p++ = (uint8_t)(v >> 16);
  *p++ = (uint8_t)(v >> 8);
  *p++ = (uint8_t)v;
  return p;
}

/* Length, type, data, CRC; data may lie in place already (NULL). */
static uint8_t *put_chunk(uint8_t *p, const char *type, const uint8_t *data, size_t n)
{
  p = put_u32(p, (uint32_t)n);
  memcpy(p, type, 4);
  if (data) memcpy(p + 4, data, n);
  return put_u32(p + 4 + n, aus_crc32(0, p, n + 4));
}

/* Rows of n bytes each; colour is PNG's type (2: RGB, 3: palette, 6: RGBA). */
static aus_status encode(aus_ctx *ctx, int32_t width, int32_t height, size_t n, int colour, const uint8_t *pixel, const uint8_t *palette,
                         uint8_t **png, size_t *size)
{
  static const uint8_t magic[8] = { 0x89, 'P', 'N', 'G', 13, 10, 26, 10 };
  if (width < 1 || height < 1 || width > 32767 || height > 32767)
    return aus_fail(ctx, AUS_EINVAL, "a picture of %d x %d cannot be written", width, height);
  const size_t row = n + 1, raw_size = row * (size_t)height;
  uint8_t *raw = aus_alloc(ctx, raw_size, 1), *out = aus_alloc(ctx, raw_size + raw_size / 8 + 1024, 1);
  int64_t *head = aus_alloc(ctx, (size_t)1 << HASH_BITS, sizeof *head);
  if (!raw || !out || !head) {
    aus_free(ctx, raw); aus_free(ctx, out); aus_free(ctx, head);
    return AUS_ENOMEM;
  }
  for (int32_t y = 0; y < height; y++) {
    raw[(size_t)y * row] = 0; /* filter "none": palette indices and flat charts are best left alone */
    memcpy(raw + (size_t)y * row + 1, pixel + (size_t)y * n, n);
  }
  uint8_t header[13] = {0}, *p = out;
  put_u32(put_u32(header, (uint32_t)width), (uint32_t)height);
  header[8] = 8; /* bits */
  header[9] = (uint8_t)colour;
  memcpy(p, magic, 8);
  p = put_chunk(p + 8, "IHDR", header, 13);
  if (palette) p = put_chunk(p, "PLTE", palette, 768);
  uint8_t *idat = p + 8;
  idat[0] = 0x78;
  idat[1] = 0x01;
  const size_t packed = deflate_fixed(raw, raw_size, idat + 2, head);
  put_u32(idat + 2 + packed, adler32(raw, raw_size));
  p = put_chunk(p, "IDAT", NULL, packed + 6);
  p = put_chunk(p, "IEND", NULL, 0);
  aus_free(ctx, raw);
  aus_free(ctx, head);
  *png = out;
  *size = (size_t)(p - out);
  return AUS_OK;
}

aus_status aus_png_encode(aus_ctx *ctx, int32_t width, int32_t height, const uint8_t *pixel, const uint8_t *palette,
                          uint8_t **png, size_t *size)
{
  return encode(ctx, width, height, (size_t)width, 3, pixel, palette, png, size);
}

aus_status aus_png_encode_rgb(aus_ctx *ctx, int32_t width, int32_t height, const uint8_t *rgb, uint8_t **png, size_t *size)
{
  return encode(ctx, width, height, 3 * (size_t)width, 2, rgb, NULL, png, size);
}

aus_status aus_png_encode_rgba(aus_ctx *ctx, int32_t width, int32_t height, const uint8_t *rgba, uint8_t **png, size_t *size)
{
  return encode(ctx, width, height, 4 * (size_t)width, 6, rgba, NULL, png, size);
}

void aus_palette_paper(uint8_t palette[256 * 3])
{
  for (int i = 0; i < 256; i++)
    for (int c = 0; c < 3; c++) palette[3 * i + c] = (uint8_t)(252 - i * 224 / 255);
}
