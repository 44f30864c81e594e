/* patches.h - one family of instruments through the GUS patches of freepats, by WildMIDI: what FluidSynth cannot read. */
#ifndef AUS_CORPUS_PATCHES_H
#define AUS_CORPUS_PATCHES_H

#include <stdbool.h>
#include <stdint.h>

/* What happens `seconds` after the beginning, as in a MIDI file. */
typedef struct patch_event { double seconds; unsigned char status, data[2]; } patch_event;

/* Reads the patches that `config` (timidity's format) names; once a process. */
bool patches_open(const char *config, int rate);

/* Plays n events in order into left[samples] and right[samples]; false when WildMIDI refuses. Nothing of one call is left for the next. */
bool patches_play(const patch_event *e, int64_t n, int64_t samples, float *left, float *right);

#endif
