/* html.c - writing a page. File names, class names and tags are not trusted: they pass through
 * aus_html_text and nothing else, so that none of them can become markup. */
#include "report/html.h"
#include "core/base64.h"
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
  while (digits < 9 && fabs(value) >= pow(10, digits)) digits++; /* 8000, not 8e+03 */
  aus_format_real(text, value == 0 ? 0 : value, digits);
  aus_html_raw(h, text);
}

/* base64 in pieces of whole groups. */
static void put_base64(aus_html *h, const uint8_t *bytes, size_t n)
{
  enum { PIECE = 3072 };
  char text[AUS_BASE64_SIZE(PIECE)];
  for (size_t at = 0; at < n; at += PIECE) {
    const size_t count = n - at < PIECE ? n - at : PIECE;
    aus_base64_encode(bytes + at, count, text);
    put(h, text, AUS_BASE64_SIZE(count));
  }
}

void aus_html_data_url(aus_html *h, const char *type, const uint8_t *bytes, size_t n)
{
  aus_html_format(h, "data:%s;base64,", type);
  put_base64(h, bytes, n);
}

void aus_html_fixed(aus_html *h, double value, int digits)
{
  char text[40];
  if (!isfinite(value) || fabs(value) >= 1e6 || (value != 0 && fabs(value) < 1e-4)) { aus_html_number(h, value, digits); return; }
  const int before = fabs(value) < 1 ? 0 : 1 + (int)floor(log10(fabs(value))), after = digits > before ? digits - before : 0;
  aus_format_real(text, rint(value * pow(10, after)) / pow(10, after), digits + 3);
  size_t n = strlen(text);
  const char *point = strchr(text, '.');
  int have = point ? (int)(n - (size_t)(point - text) - 1) : 0;
  if (after > 0 && !point && n < 30) text[n++] = '.';
  for (; have < after && n < 38; have++) text[n++] = '0';
  text[n] = '\0';
  aus_html_raw(h, text);
}

void aus_html_signed(aus_html *h, double value, int digits)
{
  if (!isfinite(value)) { aus_html_number(h, value, digits); return; }
  aus_html_raw(h, value > 0 ? "+" : value < 0 ? "\xe2\x88\x92" : "");
  aus_html_number(h, fabs(value), digits);
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
  aus_html_raw(h, "'sha256-");
  put_base64(h, digest, sizeof digest);
  aus_html_raw(h, "'");
}
