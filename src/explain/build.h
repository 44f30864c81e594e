/* build.h - what the makers of components share. Internal. */
#ifndef AUS_EXPLAIN_BUILD_H
#define AUS_EXPLAIN_BUILD_H

#include <auscult/explain.h>

#include "core/core.h"

/* Starts out with room for n parts and a copy of the input; refuses input without frames, channels or rate.
 * On failure out is left zeroed. */
aus_status aus_components_begin(aus_ctx *ctx, const aus_audio *input, int32_t n, const char *kind,
                                const char *baseline, aus_components *out);

/* Part i becomes zeros[channels][end - begin], which the caller fills; NULL when there is no memory. */
float *aus_components_add(aus_components *c, int32_t i, int64_t begin, int64_t end);

/* Mean of the channels, owned by the caller; NULL when there is no memory. */
float *aus_mixdown(aus_ctx *ctx, const aus_audio *input);

float aus_peak(int64_t n, const float *x);

/* The input cut in time: segment s is [cut[s], cut[s + 1]), and the fade between s - 1 and s
 * spans cut[s] -+ half[s]; half[0] = half[n] = 0. Fades never touch. */
typedef struct aus_cuts { int32_t n; int64_t *cut, *half; } aus_cuts;
aus_status aus_cuts_make(aus_ctx *ctx, const aus_audio *input, const aus_segments *segments, aus_cuts *out);
void aus_cuts_free(aus_ctx *ctx, aus_cuts *cuts);

/* Where segment s has sound, fades included. */
void aus_cuts_span(const aus_cuts *cuts, int32_t s, int64_t *begin, int64_t *end);
/* y[end - begin] = x[begin..end) under segment s's window; windows of all segments sum to one, in float as well. */
void aus_cuts_window(const aus_cuts *cuts, int32_t s, const float *x, float *y);

#endif
