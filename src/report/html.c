/* html.c - writing a page. File names, class names and tags are not trusted: they pass through
 * aus_html_text and nothing else, so that none of them can become markup. */
#include "report/html.h"
#include "core/json.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

static void put(aus_html *h, const void *bytes, size_t n)
{
  if (h->status == AUS_OK) h->status = aus_outfile_write(h->f, bytes, n);
}

void aus_html_raw(aus_html *h, const char *text) { put(h, text, strlen(text)); }

void aus_html_text(aus_html *h, const char *text)
{
  for (const char *s = text ? text : ""; *s;) {
    const size_t n = aus_utf8_length(s);
    const unsigned char c = (unsigned char)*s;
    if (n == 0 || (c < 0x20 && c != '\n' && c != '\t') || c == 0x7f) {
      aus_html_raw(h, "\xef\xbf\xbd");
      s++;
      continue;
    }
    if (c == '&') aus_html_raw(h, "&amp;");
    else if (c == '<') aus_html_raw(h, "&lt;");
    else if (c == '>') aus_html_raw(h, "&gt;");
    else if (c == '"') aus_html_raw(h, "&quot;");
    else if (c == '\'') aus_html_raw(h, "&#39;");
    else put(h, s, n);
    s += n;
  }
}

void aus_html_format(aus_html *h, const char *format, ...)
{
  char text[512];
  va_list args;
  va_start(args, format);
  vsnprintf(text, sizeof text, format, args);
  va_end(args);
  aus_html_raw(h, text);
}

void aus_html_number(aus_html *h, double value, int digits)
{
  char text[32];
  if (!isfinite(value)) { aus_html_raw(h, "\xe2\x80\x93"); return; }
  aus_format_real(text, value == 0 ? 0 : value, digits);
  aus_html_raw(h, text);
}

/* ---- base64, in any number of pieces ------------------------------------------------------ */

typedef struct base64 { aus_html *h; uint8_t in[3]; int have; char out[4096]; size_t n; } base64;

static void base64_flush(base64 *b)
{
  put(b->h, b->out, b->n);
  b->n = 0;
}

static void base64_group(base64 *b)
{
  static const char digit[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  const uint32_t v = (uint32_t)b->in[0] << 16 | (uint32_t)b->in[1] << 8 | b->in[2];
  if (b->n + 4 > sizeof b->out) base64_flush(b);
  for (int i = 0; i < 4; i++) b->out[b->n++] = i <= b->have ? digit[v >> (18 - 6 * i) & 63] : '=';
  b->have = 0;
  b->in[0] = b->in[1] = b->in[2] = 0;
}

static void base64_add(base64 *b, const uint8_t *bytes, size_t n)
{
  for (size_t i = 0; i < n; i++) {
    b->in[b->have++] = bytes[i];
    if (b->have == 3) base64_group(b);
  }
}

static void base64_end(base64 *b)
{
  if (b->have) base64_group(b);
  base64_flush(b);
}

void aus_html_data_url(aus_html *h, const char *type, const uint8_t *bytes, size_t n)
{
  base64 b = { .h = h };
  aus_html_format(h, "data:%s;base64,", type);
  base64_add(&b, bytes, n);
  base64_end(&b);
}

static void put_le(uint8_t *p, uint32_t v, int bytes)
{
  for (int i = 0; i < bytes; i++) p[i] = (uint8_t)(v >> 8 * i);
}

void aus_html_wav_url(aus_html *h, int32_t rate, int64_t samples, const float *x, double gain)
{
  uint8_t head[44] = "RIFF....WAVEfmt ";
  const uint32_t bytes = (uint32_t)(2 * samples);
  put_le(head + 4, 36 + bytes, 4);
  put_le(head + 16, 16, 4);
  put_le(head + 20, 1, 2); /* PCM */
  put_le(head + 22, 1, 2); /* channels */
  put_le(head + 24, (uint32_t)rate, 4);
  put_le(head + 28, 2 * (uint32_t)rate, 4);
  put_le(head + 32, 2, 2);
  put_le(head + 34, 16, 2);
  memcpy(head + 36, "data", 4);
  put_le(head + 40, bytes, 4);
  base64 b = { .h = h };
  aus_html_raw(h, "data:audio/wav;base64,");
  base64_add(&b, head, sizeof head);
  for (int64_t i = 0; i < samples; i++) {
    uint8_t s[2];
    const double v = fmax(-1.0, fmin(1.0, x[i] * gain));
    put_le(s, (uint32_t)(int32_t)lrint(v * 32767.0), 2);
    base64_add(&b, s, 2);
  }
  base64_end(&b);
}

void aus_html_hash(aus_html *h, const char *text)
{
  aus_sha256 s;
  char hex[65];
  uint8_t digest[32];
  aus_sha256_init(&s);
  aus_sha256_add(&s, text, strlen(text));
  aus_sha256_hex(&s, hex);
  for (int i = 0; i < 32; i++) {
    const char *p = hex + 2 * i;
    digest[i] = (uint8_t)((p[0] <= '9' ? p[0] - '0' : p[0] - 'a' + 10) << 4 | (p[1] <= '9' ? p[1] - '0' : p[1] - 'a' + 10));
  }
  base64 b = { .h = h };
  aus_html_raw(h, "'sha256-");
  base64_add(&b, digest, sizeof digest);
  base64_end(&b);
  aus_html_raw(h, "'");
}
