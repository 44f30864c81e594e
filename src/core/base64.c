/* base64.c - three bytes are four characters of six bits each; '=' fills the last group up. */
#include "core/base64.h"

#include <string.h>

static const char digit[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

void aus_base64_encode(const void *bytes, size_t n, char *text)
{
  const uint8_t *p = bytes;
  for (; n > 0; p += 3, text += 4) {
    const size_t have = n < 3 ? n : 3;
    const uint32_t v = (uint32_t)p[0] << 16 | (have > 1 ? (uint32_t)p[1] << 8 : 0) | (have > 2 ? p[2] : 0);
    for (size_t i = 0; i < 4; i++) text[i] = i <= have ? digit[v >> (18 - 6 * i) & 63] : '=';
    n -= have;
  }
}

static int value_of(char c)
{
  const char *at = c ? strchr(digit, c) : NULL;
  return at ? (int)(at - digit) : -1;
}

/* One group of four; returns how many bytes it holds, 0 when it is no group. */
static size_t decode_group(const char *text, uint8_t out[3])
{
  uint32_t v = 0;
  size_t filled = 0;
  for (size_t i = 0; i < 4; i++) {
    const int d = value_of(text[i]);
    if (d < 0 && !(text[i] == '=' && i >= 2)) return 0;
    if (d >= 0 && filled < i) return 0; /* after a '=' */
    v = v << 6 | (uint32_t)(d < 0 ? 0 : d);
    filled += d >= 0;
  }
  if ((filled == 2 && (v & 0xffff)) || (filled == 3 && (v & 0xff))) return 0;
  for (int i = 0; i < 3; i++) out[i] = (uint8_t)(v >> (16 - 8 * i));
  return filled - 1;
}

aus_status aus_base64_decode(aus_ctx *ctx, const char *text, uint8_t **bytes, size_t *n)
{
  const size_t length = strlen(text);
  if (length % 4) return aus_fail(ctx, AUS_EFORMAT, "base64 text of %zu characters: not a multiple of four", length);
  uint8_t *out = aus_alloc(ctx, length / 4 * 3 + 1, 1);
  if (!out) return AUS_ENOMEM;
  *n = 0;
  for (size_t i = 0; i < length; i += 4) {
    uint8_t group[3];
    const size_t have = decode_group(text + i, group);
    if (have == 0 || (have < 3 && i + 4 < length)) {
      aus_free(ctx, out);
      return aus_fail(ctx, AUS_EFORMAT, "not base64 at character %zu", i + 1);
    }
    memcpy(out + *n, group, have);
    *n += have;
  }
  *bytes = out;
  return AUS_OK;
}
