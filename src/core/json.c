/* json.c - the JSON writer. RFC 8259; text that is not UTF-8 is repaired with U+FFFD. */
#include "core/json.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

void aus_json_init(aus_json *j, aus_ctx *ctx) { *j = (aus_json){ .ctx = ctx }; }

void aus_json_free(aus_json *j)
{
  aus_free(j->ctx, j->text);
  aus_json_init(j, j->ctx);
}

static void put(aus_json *j, const char *bytes, size_t n)
{
  if (j->failed) return;
  if (n >= j->room - j->size || j->room == 0) { /* keeps one byte for NUL */
    size_t room = j->room ? j->room : 4096;
    while (room - j->size <= n) {
      if (room > SIZE_MAX / 4) { j->failed = true; return; }
      room *= 2;
    }
    char *text = aus_alloc(j->ctx, room, 1);
    if (!text) { j->failed = true; return; }
    if (j->size) memcpy(text, j->text, j->size);
    aus_free(j->ctx, j->text);
    j->text = text;
    j->room = room;
  }
  memcpy(j->text + j->size, bytes, n);
  j->size += n;
  j->text[j->size] = '\0';
}

static void puts_raw(aus_json *j, const char *s) { put(j, s, strlen(s)); }

size_t aus_utf8_length(const char *text)
{
  const unsigned char *s = (const unsigned char *)text;
  if (s[0] < 0x80) return 1;
  const size_t n = s[0] >= 0xf0 ? 4 : s[0] >= 0xe0 ? 3 : 2;
  if (s[0] < 0xc2 || s[0] > 0xf4) return 0;
  for (size_t i = 1; i < n; i++)
    if ((s[i] & 0xc0) != 0x80) return 0; /* NUL ends here too */
  if ((s[0] == 0xe0 && s[1] < 0xa0) || (s[0] == 0xed && s[1] > 0x9f)) return 0;
  if ((s[0] == 0xf0 && s[1] < 0x90) || (s[0] == 0xf4 && s[1] > 0x8f)) return 0;
  return n;
}

static void put_string(aus_json *j, const char *value)
{
  puts_raw(j, "\"");
  for (const unsigned char *s = (const unsigned char *)value; *s;) {
    char code[8];
    const size_t n = aus_utf8_length((const char *)s);
    if (n == 0) { puts_raw(j, "\xef\xbf\xbd"); s++; continue; }
    if (*s == '"' || *s == '\\') {
      code[0] = '\\';
      code[1] = (char)*s;
      put(j, code, 2);
    } else if (*s == '\n') {
      puts_raw(j, "\\n");
    } else if (*s == '\t') {
      puts_raw(j, "\\t");
    } else if (*s < 0x20 || *s == 0x7f || (j->for_html && strchr("<>&'", *s))) {
      snprintf(code, sizeof code, "\\u%04x", *s);
      puts_raw(j, code);
    } else if (j->for_html && n == 3 && s[0] == 0xe2 && s[1] == 0x80 && (s[2] == 0xa8 || s[2] == 0xa9)) {
      puts_raw(j, s[2] == 0xa8 ? "\\u2028" : "\\u2029"); /* line ends in old JavaScript */
    } else {
      put(j, (const char *)s, n);
    }
    s += n;
  }
  puts_raw(j, "\"");
}

static void indent(aus_json *j)
{
  puts_raw(j, "\n");
  for (int i = 0; i < j->depth; i++) puts_raw(j, "  ");
}

/* Everything that goes before a value: comma, line, key. */
static void begin(aus_json *j, const char *key)
{
  if (j->depth > 0) {
    const int d = j->depth - 1;
    if (!j->first[d]) puts_raw(j, j->flat[d] ? ", " : ",");
    if (!j->flat[d]) indent(j);
    j->first[d] = false;
  }
  if (key) {
    put_string(j, key);
    puts_raw(j, ": ");
  }
}

static void open_level(aus_json *j, const char *key, char open, char close, bool flat)
{
  begin(j, key);
  put(j, &open, 1);
  if (j->depth == AUS_JSON_DEPTH) { j->failed = true; return; } /* a mistake of ours, not of data */
  j->flat[j->depth] = flat || (j->depth > 0 && j->flat[j->depth - 1]);
  j->first[j->depth] = true;
  j->bracket[j->depth++] = close;
}

void aus_json_object(aus_json *j, const char *key) { open_level(j, key, '{', '}', false); }
void aus_json_array(aus_json *j, const char *key) { open_level(j, key, '[', ']', false); }
void aus_json_flat_object(aus_json *j, const char *key) { open_level(j, key, '{', '}', true); }
void aus_json_flat_array(aus_json *j, const char *key) { open_level(j, key, '[', ']', true); }

void aus_json_close(aus_json *j)
{
  if (j->failed || j->depth == 0) return;
  const int d = --j->depth;
  if (!j->flat[d] && !j->first[d]) indent(j);
  put(j, &j->bracket[d], 1);
}

void aus_json_string(aus_json *j, const char *key, const char *value)
{
  begin(j, key);
  if (value) put_string(j, value);
  else puts_raw(j, "null");
}

void aus_json_integer(aus_json *j, const char *key, int64_t value)
{
  char text[32];
  snprintf(text, sizeof text, "%lld", (long long)value);
  begin(j, key);
  puts_raw(j, text);
}

void aus_format_real(char text[32], double value, int digits)
{
  snprintf(text, 32, "%.*g", digits, value);
  /* A host that called setlocale may have given us another decimal point. */
  for (char *p = text; *p; p++)
    if (!strchr("0123456789+-einfa", *p)) {
      *p = '.';
      size_t more = strspn(p + 1, "0123456789e+-"), rest = strlen(p + 1);
      if (more == 0 && rest > 0) { /* a point of several bytes */
        char *q = p + 1;
        while (*q && !strchr("0123456789", *q)) q++;
        memmove(p + 1, q, strlen(q) + 1);
      }
      break;
    }
}

void aus_json_real(aus_json *j, const char *key, double value)
{
  char text[32];
  begin(j, key);
  if (!isfinite(value)) { puts_raw(j, "null"); return; }
  aus_format_real(text, value == 0 ? 0 : value, 9); /* no "-0" */
  puts_raw(j, text);
}

void aus_json_bool(aus_json *j, const char *key, bool value)
{
  begin(j, key);
  puts_raw(j, value ? "true" : "false");
}

aus_status aus_json_finish(aus_json *j)
{
  while (j->depth > 0 && !j->failed) aus_json_close(j);
  puts_raw(j, "\n");
  return j->failed ? AUS_ENOMEM : AUS_OK;
}
