/* buffer.c - planes that slide along a sound: appended at the end, dropped at the beginning. */
#include "sep/sep.h"

#include <string.h>

float *sep_buffer_at(const sep_buffer *b, int32_t plane, int64_t sample) { return b->data + plane * b->room + (sample - b->first); }

aus_status sep_buffer_reserve(aus_ctx *ctx, sep_buffer *b, int64_t count)
{
  if (b->count + count <= b->room) return AUS_OK;
  const int64_t room = b->count + count + b->room / 2;
  float *data = aus_alloc(ctx, (size_t)b->planes * (size_t)room, sizeof *data);
  if (!data) return AUS_ENOMEM;
  for (int32_t p = 0; p < b->planes && b->count; p++) memcpy(data + p * room, b->data + p * b->room, (size_t)b->count * sizeof *data);
  aus_free(ctx, b->data);
  b->data = data;
  b->room = room;
  return AUS_OK;
}

void sep_buffer_drop(sep_buffer *b, int64_t before)
{
  int64_t by = before - b->first;
  if (by <= 0) return;
  if (by > b->count) by = b->count;
  for (int32_t p = 0; p < b->planes; p++) memmove(b->data + p * b->room, b->data + p * b->room + by, (size_t)(b->count - by) * sizeof *b->data);
  b->first += by;
  b->count -= by;
}

void sep_buffer_free(aus_ctx *ctx, sep_buffer *b)
{
  aus_free(ctx, b->data);
  b->data = NULL;
  b->room = b->count = 0;
}
