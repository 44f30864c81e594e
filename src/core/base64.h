/* base64.h - bytes as text and back (RFC 4648, standard alphabet, with padding). */
#ifndef AUS_BASE64_H
#define AUS_BASE64_H

#include "core/core.h"

/* Characters that n bytes take, without the NUL. */
#define AUS_BASE64_SIZE(n) (((size_t)(n) + 2) / 3 * 4)

/* Writes AUS_BASE64_SIZE(n) characters and no NUL. A long text may be written in pieces whose n divides by 3. */
void aus_base64_encode(const void *bytes, size_t n, char *text);

/* The bytes of text, *n of them, owned by the caller (aus_free). AUS_EFORMAT: characters that do not belong there,
 * missing padding, bits left over. */
aus_status aus_base64_decode(aus_ctx *ctx, const char *text, uint8_t **bytes, size_t *n);

#endif
