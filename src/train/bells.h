/* bells.h - a random equaliser, so that a network does not lean on the colour of the instruments it was taught with. */
#ifndef AUS_TRAIN_BELLS_H
#define AUS_TRAIN_BELLS_H

#include "core/core.h"

/* x[n], at `rate` Hz, through one peaking filter: `db` decibels at `hz`, of quality q; x stays where it is. */
void aus_bell(double hz, double db, double q, double rate, int64_t n, float *x);
/* `count` of them, drawn: up to `db` decibels either way. */
void aus_bells(aus_rng *rng, int64_t count, double db, double rate, int64_t n, float *x);

#endif
