/* json.h - writes JSON into memory: streaming, locale-safe, always valid UTF-8.
 *
 * A member's key is NULL inside an array. Errors (no memory) stick: calls after one do nothing and
 * aus_json_finish reports it, so that writers read as a list of what they write. */
#ifndef AUS_JSON_H
#define AUS_JSON_H

#include "core/core.h"

enum { AUS_JSON_DEPTH = 16 };

typedef struct aus_json {
  aus_ctx *ctx;
  char *text;            /* NUL-terminated, owned: aus_json_free */
  size_t size, room;
  int depth;
  char bracket[AUS_JSON_DEPTH];   /* closing bracket per level */
  bool flat[AUS_JSON_DEPTH];      /* level is written on one line */
  bool first[AUS_JSON_DEPTH];     /* nothing written in the level yet */
  bool for_html;                  /* '<', '>' and '&' as \u003c ..., for text inside a page */
  bool failed;
} aus_json;

void aus_json_init(aus_json *j, aus_ctx *ctx);
void aus_json_free(aus_json *j);

void aus_json_object(aus_json *j, const char *key);      /* { ... one member a line */
void aus_json_array(aus_json *j, const char *key);       /* [ ... one element a line */
void aus_json_flat_object(aus_json *j, const char *key); /* { ... on one line */
void aus_json_flat_array(aus_json *j, const char *key);
void aus_json_close(aus_json *j);

void aus_json_string(aus_json *j, const char *key, const char *value); /* NULL: null */
void aus_json_integer(aus_json *j, const char *key, int64_t value);
void aus_json_real(aus_json *j, const char *key, double value);        /* 9 significant digits; NaN and infinity: null */
void aus_json_bool(aus_json *j, const char *key, bool value);

/* Ends the text with a newline. AUS_ENOMEM when any call lacked memory. */
aus_status aus_json_finish(aus_json *j);

/* A real number as JSON, CSS and people read it, whatever the locale: 9 significant digits. */
void aus_format_real(char text[32], double value, int digits);

/* Length of the well-formed UTF-8 sequence at s, 0 when it is not one (RFC 3629: no overlong
 * forms, no surrogates, nothing above U+10FFFF). */
size_t aus_utf8_length(const char *s);

#endif
