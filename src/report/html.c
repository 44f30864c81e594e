/* html.c - writing a page. File names, class names and tags are not trusted: they pass through
 * aus_html_text and nothing else, so that none of them can become markup. */
#include "report/html.h"
#include "core/base64.h"
#include "core/json.h"
#include "report/number.h"

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
  char text[AUS_NUMBER];
  aus_number_text(text, value, digits);
  aus_html_raw(h, text);
}

void aus_html_fixed(aus_html *h, double value, int digits)
{
  char text[AUS_NUMBER];
  aus_fixed_text(text, value, digits);
  aus_html_raw(h, text);
}

void aus_html_signed(aus_html *h, double value, int digits)
{
  char text[AUS_NUMBER];
  aus_signed_text(text, value, digits);
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
