/* where.h - where a map is strongest, in seconds and hertz: one sentence's worth of it. */
#ifndef AUS_WHERE_H
#define AUS_WHERE_H

#include <auscult/explain.h>
#include <stdbool.h>

/* Whether any cell has that sign. */
bool aus_map_has(const aus_map *m, double sign);

/* A stretch of time and the share of all of that sign which lies in it. */
typedef struct aus_stretch { double t0, t1, share; } aus_stretch;

enum { AUS_STRETCHES = 2 };
/* The strongest stretches [AUS_STRETCHES] of one sign (1 or -1), each a twelfth of the sound or a quarter of a second at
 * least, that do not touch; how many hold at least 1.5 times their due. 0 where the map has nothing of that sign. */
int32_t aus_where_time(const aus_map *m, double sign, double seconds, aus_stretch out[AUS_STRETCHES]);

/* The narrowest band that holds half of that sign; false for a map over time only, or where it is most of the bands. */
bool aus_where_band(aus_ctx *ctx, const aus_map *m, double sign, double *low, double *high);

#endif
