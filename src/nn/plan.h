/* plan.h - a place in one block for each buffer, by size and lifetime. */
#ifndef AUS_PLAN_H
#define AUS_PLAN_H

#include "core/core.h"

/* Needed from step `first` to step `last`, both included. */
typedef struct aus_buffer { size_t size; int32_t first, last; size_t offset; } aus_buffer;

/* Fills offset of each of the n buffers (multiples of AUS_ALIGN) so that buffers that live at the same step do not
 * overlap; *total is the size of the block. AUS_ENOMEM, AUS_ELIMIT when sizes overflow. */
aus_status aus_plan_place(aus_ctx *ctx, int32_t n, aus_buffer *buffer, size_t *total);

/* The largest sum of sizes that live at one step: no plan can be smaller. */
size_t aus_plan_bound(int32_t n, const aus_buffer *buffer);

#endif
