/* time.h - events in ticks become events in seconds. */
#ifndef AUS_MIDI_TIME_H
#define AUS_MIDI_TIME_H

#include "core/core.h"
#include <auscult/midi.h>

/* Sorts tempi and events by tick (stably: by where they were) and fills in every `seconds`. end: the last tick of all. */
aus_status aus_midi_place(aus_ctx *ctx, aus_midi *m, int64_t end);

#endif
