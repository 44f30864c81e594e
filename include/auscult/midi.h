/* auscult/midi.h - Standard MIDI Files: which notes sound when, and on what [MMA96]. */
#ifndef AUSCULT_MIDI_H
#define AUSCULT_MIDI_H

#include <auscult/core.h>

#ifdef __cplusplus
extern "C" {
#endif

/* A channel message: status 0x80 to 0xEF with its channel in the low four bits; data[1] is 0 where there is one byte. */
typedef struct aus_midi_event { double seconds; int64_t tick; int32_t track; uint8_t status, data[2]; } aus_midi_event;

/* From this tick on a quarter note lasts so long. */
typedef struct aus_midi_tempo { int64_t tick; double seconds; int32_t us_per_quarter; } aus_midi_tempo;

/* What a file holds. Tracks are merged and stably sorted by time (of events at one tick, the earlier track's come first); the
 * tracks of format 2, which are patterns of their own, follow one another. Owned by whoever holds the struct: aus_midi_free. */
typedef struct aus_midi {
  aus_midi_event *event;
  int64_t events;
  aus_midi_tempo *tempo; /* by tick; none in a file that counts SMPTE frames */
  int32_t tempos;
  char (*track_name)[64]; /* [tracks], as written, "" where a track has none */
  int32_t tracks, format;
  int32_t ticks_per_quarter; /* 0: SMPTE frames are counted */
  double ticks_per_second;   /* of SMPTE frames, 0 else */
  double seconds;            /* when the last event, or the end of the last track, comes */
} aus_midi;

/* Formats 0, 1 and 2, running status, system exclusive, SMPTE divisions, RIFF around it; unknown chunks and meta events are passed over.
 * path "-" is standard input; name is what errors call the bytes. Errors: AUS_EIO, AUS_EFORMAT, AUS_ELIMIT (over 64 MiB), AUS_ENOMEM. */
AUS_API aus_status aus_midi_read(aus_ctx *ctx, const char *path, aus_midi *out);
AUS_API aus_status aus_midi_parse(aus_ctx *ctx, const void *bytes, size_t size, const char *name, aus_midi *out);
AUS_API void aus_midi_free(aus_ctx *ctx, aus_midi *midi);

/* pitch 60 is middle C. program is that of the channel at the onset; drum: the channel is General MIDI's tenth. */
typedef struct aus_midi_note { double onset, offset; int32_t track; uint8_t pitch, velocity, channel, program, drum; } aus_midi_note;

/* Which rule ends a note. With no flag: the key coming up, the same key struck again, or the end. */
enum {
  AUS_MIDI_SUSTAIN = 1, /* a key that comes up while the pedal (controller 64, 64 and above) is down sounds until the pedal comes up */
  AUS_MIDI_CUT = 2,     /* a pitch that is struck anew, on whatever channel, ends the one before */
  AUS_MIDI_FORGET = 4   /* madmom's reading: of a key struck twice without coming up the first is lost, and so is what never ends */
};

/* Notes by onset, then pitch, then channel; *notes is owned by the caller (aus_midi_notes_free). Errors: AUS_ENOMEM. */
AUS_API aus_status aus_midi_notes(aus_ctx *ctx, const aus_midi *midi, int flags, aus_midi_note **notes, int64_t *n);
AUS_API void aus_midi_notes_free(aus_ctx *ctx, aus_midi_note *notes);

/* Writes notes as a file of one track (format 0), to a quarter of a millisecond; a note lasts at least half of one. Onsets and offsets from
 * 0 s, any order; track and drum are not read. Whole or not at all. Errors: AUS_EINVAL (a note that is none), AUS_EEXIST unless
 * replace, AUS_EIO, AUS_ENOMEM, AUS_ELIMIT. */
AUS_API aus_status aus_midi_write(aus_ctx *ctx, const char *path, const aus_midi_note *notes, int64_t n, int replace);

/* A piano roll as notes, by onset, then pitch: roll[frames][keys], key 0 being first_pitch; a note while a value is at least the threshold
 * (> 0), its velocity 1 there and 127 from 1 on. hop_s: from frame to frame. Errors: AUS_EINVAL, AUS_ENOMEM. *notes as above. */
AUS_API aus_status aus_midi_from_roll(aus_ctx *ctx, const float *roll, int64_t frames, int32_t keys, int32_t first_pitch, double hop_s,
                                      double threshold, aus_midi_note **notes, int64_t *n);

/* General MIDI level 1: names of 0 to 127, "" outside; their sixteen families, eight programs each ("piano" is 0 to 7, "guitar" 24 to 31). */
AUS_API const char *aus_midi_program_name(int32_t program);
AUS_API const char *aus_midi_family_name(int32_t program);

#ifdef __cplusplus
}
#endif
#endif
