/* html.h - writing a page: escaped text, data: URLs, sound and pictures in base64. */
#ifndef AUS_HTML_H
#define AUS_HTML_H

#include "core/core.h"

/* A page being written. The first failure sticks and is reported by the caller's commit. */
typedef struct aus_html { aus_ctx *ctx; aus_outfile *f; aus_status status; } aus_html;

void aus_html_raw(aus_html *h, const char *text);
/* Text from outside: & < > " ' become entities, control characters U+FFFD, broken UTF-8 is repaired. */
void aus_html_text(aus_html *h, const char *text);
void aus_html_format(aus_html *h, const char *format, ...) AUS_PRINTF(2, 3); /* of our own text and whole numbers only */
/* A number with this many significant digits, NaN as an en dash, whatever the locale. */
void aus_html_number(aus_html *h, double value, int digits);

/* The same, zeros after the point kept: 0.620. */
void aus_html_fixed(aus_html *h, double value, int digits);
/* The same with its sign, + or U+2212. */
void aus_html_signed(aus_html *h, double value, int digits);

/* "data:TYPE;base64,..." */
void aus_html_data_url(aus_html *h, const char *type, const uint8_t *bytes, size_t n);
/* "'sha256-...'" of text, for a content security policy. */
void aus_html_hash(aus_html *h, const char *text);

#endif
