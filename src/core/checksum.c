/* checksum.c - CRC-32 (IEEE 802.3, slicing by 8) and SHA-256 [FIPS 180-4]. */
#include "core/core.h"

#include <stdio.h>
#include <string.h>

/* Tables are built on the stack of the first user of a process image; building them costs
 * 2 microseconds, so each call of size may rebuild rather than share state between threads. */
static void crc_tables(uint32_t t[8][256])
{
  for (uint32_t i = 0; i < 256; i++) {
    uint32_t c = i;
    for (int k = 0; k < 8; k++) c = c & 1 ? c >> 1 ^ 0xEDB88320u : c >> 1;
    t[0][i] = c;
  }
  for (uint32_t i = 0; i < 256; i++)
    for (int k = 1; k < 8; k++) t[k][i] = t[k - 1][i] >> 8 ^ t[0][t[k - 1][i] & 255];
}

static uint32_t crc_bitwise(uint32_t c, const unsigned char *p, size_t n)
{
  while (n--) {
    c ^= *p++;
    for (int k = 0; k < 8; k++) c = c & 1 ? c >> 1 ^ 0xEDB88320u : c >> 1;
  }
  return c;
}

uint32_t aus_crc32(uint32_t crc, const void *data, size_t size)
{
  const unsigned char *p = data;
  uint32_t c = ~crc;
  if (size < 1024) return ~crc_bitwise(c, p, size);
  uint32_t t[8][256];
  crc_tables(t);
  for (; size >= 8; size -= 8, p += 8) {
    c ^= (uint32_t)p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24;
    c = t[7][c & 255] ^ t[6][c >> 8 & 255] ^ t[5][c >> 16 & 255] ^ t[4][c >> 24] ^ t[3][p[4]] ^ t[2][p[5]] ^ t[1][p[6]] ^ t[0][p[7]];
  }
  return ~crc_bitwise(c, p, size);
}

static const uint32_t K[64] = {
  0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5, 0xd807aa98, 0x12835b01, 0x243185be,
  0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174, 0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa,
  0x5cb0a9dc, 0x76f988da, 0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967, 0x27b70a85,
  0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85, 0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3,
  0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070, 0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f,
  0x682e6ff3, 0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2,
};

static uint32_t ror(uint32_t x, int n) { return x >> n | x << (32 - n); }

/* One round; the eight words trade names instead of places, so that they stay in registers. */
#define ROUND(a, b, c, d, e, f, g, h, i)                                                                        \
  do {                                                                                                          \
    const uint32_t t_ = h + (ror(e, 6) ^ ror(e, 11) ^ ror(e, 25)) + (g ^ (e & (f ^ g))) + K[i] + w[i];          \
    d += t_;                                                                                                    \
    h = t_ + (ror(a, 2) ^ ror(a, 13) ^ ror(a, 22)) + ((a & b) | (c & (a | b)));                                 \
  } while (0)

static void sha_block(uint32_t s[8], const unsigned char *p)
{
  uint32_t w[64], a = s[0], b = s[1], c = s[2], d = s[3], e = s[4], f = s[5], g = s[6], h = s[7];
  for (int i = 0; i < 16; i++) w[i] = (uint32_t)p[4 * i] << 24 | (uint32_t)p[4 * i + 1] << 16 | (uint32_t)p[4 * i + 2] << 8 | p[4 * i + 3];
  for (int i = 16; i < 64; i++) {
    const uint32_t s0 = ror(w[i - 15], 7) ^ ror(w[i - 15], 18) ^ w[i - 15] >> 3;
    const uint32_t s1 = ror(w[i - 2], 17) ^ ror(w[i - 2], 19) ^ w[i - 2] >> 10;
    w[i] = w[i - 16] + s0 + w[i - 7] + s1;
  }
  for (int i = 0; i < 64; i += 8) {
    ROUND(a, b, c, d, e, f, g, h, i);
    ROUND(h, a, b, c, d, e, f, g, i + 1);
    ROUND(g, h, a, b, c, d, e, f, i + 2);
    ROUND(f, g, h, a, b, c, d, e, i + 3);
    ROUND(e, f, g, h, a, b, c, d, i + 4);
    ROUND(d, e, f, g, h, a, b, c, i + 5);
    ROUND(c, d, e, f, g, h, a, b, i + 6);
    ROUND(b, c, d, e, f, g, h, a, i + 7);
  }
  const uint32_t v[8] = { a, b, c, d, e, f, g, h };
  for (int i = 0; i < 8; i++) s[i] += v[i];
}

void aus_sha256_init(aus_sha256 *s)
{
  *s = (aus_sha256){ .h = { 0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a, 0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19 } };
}

void aus_sha256_add(aus_sha256 *s, const void *data, size_t size)
{
  const unsigned char *p = data;
  while (size) {
    const size_t at = s->bytes % 64, n = size < 64 - at ? size : 64 - at;
    if (n == 64) { /* a whole block where it lies */
      sha_block(s->h, p);
      s->bytes += 64; p += 64; size -= 64;
      continue;
    }
    memcpy(s->block + at, p, n);
    s->bytes += n; p += n; size -= n;
    if (s->bytes % 64 == 0) sha_block(s->h, s->block);
  }
}

void aus_sha256_hex(aus_sha256 *s, char hex[65])
{
  const uint64_t bits = s->bytes * 8;
  const unsigned char one = 0x80, zero = 0;
  aus_sha256_add(s, &one, 1);
  while (s->bytes % 64 != 56) aus_sha256_add(s, &zero, 1);
  unsigned char len[8];
  for (int i = 0; i < 8; i++) len[i] = (unsigned char)(bits >> (56 - 8 * i));
  aus_sha256_add(s, len, 8);
  for (int i = 0; i < 8; i++) snprintf(hex + 8 * i, 9, "%08x", (unsigned)s->h[i]);
}
