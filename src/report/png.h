/* png.h - pictures for the page: 8-bit palette PNG in memory. */
#ifndef AUS_PNG_H
#define AUS_PNG_H

#include "core/core.h"

/* pixel[height][width] are indices into palette[256][3]; *png is owned by the caller (aus_free). */
aus_status aus_png_encode(aus_ctx *ctx, int32_t width, int32_t height, const uint8_t *pixel, const uint8_t *palette,
                          uint8_t **png, size_t *size);

/* The same of three or four bytes a pixel. */
aus_status aus_png_encode_rgb(aus_ctx *ctx, int32_t width, int32_t height, const uint8_t *rgb, uint8_t **png, size_t *size);
aus_status aus_png_encode_rgba(aus_ctx *ctx, int32_t width, int32_t height, const uint8_t *rgba, uint8_t **png, size_t *size);

/* Ink on paper: white to nearly black in greys, so that a map can lie over it in colours. */
void aus_palette_paper(uint8_t palette[256 * 3]);

#endif
