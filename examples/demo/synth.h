/* synth.h - five instruments made of arithmetic, so that the demo needs nobody's recordings. */
#ifndef DEMO_SYNTH_H
#define DEMO_SYNTH_H

#include "core/core.h"

enum { BASS, BELL, DRUMS, ORGAN, PLUCK, INSTRUMENTS };
extern const char *const instrument_name[INSTRUMENTS];

/* Adds one note to x[n] from sample `at` on. pitch in Hz (for DRUMS: 0 kick, 1 snare, 2 hat), lasting
 * `seconds`, as loud as `gain`. Chance (pluck's noise, hats) comes from rng. */
void synth_note(int instrument, float *x, int64_t n, int64_t at, int rate, double pitch, double seconds, double gain, aus_rng *rng);

/* Equal temperament: MIDI key number to Hz. */
double key_to_hz(double key);

#endif
