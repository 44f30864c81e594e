/* plan.c - greedy memory planning: the largest buffer first, each into the first gap that is free for as
 * long as it lives.
 *
 * Large buffers decide the total; small ones fill what is left between them. For networks of layers this comes
 * within a few percent of the bound (tests/test_plan.c measures it). Cost: O(n^2), n at most some hundreds. */
#include "nn/plan.h"

#include <stdlib.h>

typedef struct by_size { size_t size; int32_t first, index; } by_size;

static int larger_first(const void *pa, const void *pb)
{
  const by_size *a = pa, *b = pb;
  if (a->size != b->size) return a->size < b->size ? 1 : -1;
  if (a->first != b->first) return a->first < b->first ? -1 : 1;
  return a->index < b->index ? -1 : 1;
}

static bool live_together(const aus_buffer *a, const aus_buffer *b) { return a->first <= b->last && b->first <= a->last; }

/* Lowest offset at which b fits between the placed buffers that live with it; placed is sorted by offset. */
static bool first_gap(aus_buffer *b, const aus_buffer *all, int32_t n, const int32_t *placed)
{
  size_t at = 0, end;
  for (int32_t i = 0; i < n; i++) {
    const aus_buffer *other = &all[placed[i]];
    if (!live_together(b, other)) continue;
    if (other->offset >= at && other->offset - at >= b->size) break;
    if (other->offset + other->size > at) at = other->offset + other->size;
  }
  b->offset = at;
  return aus_add_size(at, b->size, &end);
}

static void insert_by_offset(int32_t *placed, int32_t n, const aus_buffer *all, int32_t index)
{
  for (; n > 0 && all[placed[n - 1]].offset > all[index].offset; n--) placed[n] = placed[n - 1];
  placed[n] = index;
}

static aus_status place_all(aus_ctx *ctx, int32_t n, aus_buffer *buffer, by_size *order, int32_t *placed, size_t *total)
{
  for (int32_t i = 0; i < n; i++) {
    size_t rounded;
    if (!aus_add_size(buffer[i].size, AUS_ALIGN - 1, &rounded)) return aus_fail(ctx, AUS_ELIMIT, "the network needs more memory than can exist");
    buffer[i].size = rounded & ~(size_t)(AUS_ALIGN - 1);
    order[i] = (by_size){ buffer[i].size, buffer[i].first, i };
  }
  qsort(order, (size_t)n, sizeof *order, larger_first);
  *total = 0;
  for (int32_t i = 0; i < n; i++) {
    aus_buffer *b = &buffer[order[i].index];
    if (!first_gap(b, buffer, i, placed)) return aus_fail(ctx, AUS_ELIMIT, "the network needs more memory than can exist");
    insert_by_offset(placed, i, buffer, order[i].index);
    if (b->offset + b->size > *total) *total = b->offset + b->size;
  }
  return AUS_OK;
}

aus_status aus_plan_place(aus_ctx *ctx, int32_t n, aus_buffer *buffer, size_t *total)
{
  by_size *order = aus_alloc(ctx, (size_t)n, sizeof *order);
  int32_t *placed = aus_alloc(ctx, (size_t)n, sizeof *placed);
  const aus_status status = order && placed ? place_all(ctx, n, buffer, order, placed, total) : AUS_ENOMEM;
  aus_free(ctx, order);
  aus_free(ctx, placed);
  return status;
}

size_t aus_plan_bound(int32_t n, const aus_buffer *buffer)
{
  size_t most = 0;
  for (int32_t i = 0; i < n; i++) { /* the peak is reached where some buffer begins */
    size_t live = 0;
    for (int32_t k = 0; k < n; k++)
      if (buffer[k].first <= buffer[i].first && buffer[i].first <= buffer[k].last) live += buffer[k].size;
    if (live > most) most = live;
  }
  return most;
}
