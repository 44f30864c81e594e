/* item.h - one item of the corpus while it is made, and the three rooms it goes through: what is drawn (draw.c), how it is played (play.c), how it is written (stems.c). */
#ifndef AUS_CORPUS_ITEM_H
#define AUS_CORPUS_ITEM_H

#include "core/core.h"

#include <auscult/midi.h>
#include <fluidsynth.h>

enum { FAMILIES = 5, FONTS = 8, RENDER_RATE = 32000, RATE = 16000, PREROLL = 1 };
enum { GUITAR, PIANO, BASS, DRUMS, STRINGS };
extern const char *const family_name[FAMILIES];

/* test: heard in the test only; patches: for WildMIDI; drawn: in the pool; kit: drums, its only preset; id: FluidSynth's. */
typedef struct font { const char *name, *path; bool test, patches, drawn, kit; int id; } font;
extern font fonts[FONTS];

typedef struct song { char path[1024], split[8], source[64]; } song;

typedef struct work {
  aus_ctx *ctx;
  fluid_settings_t *settings;
  fluid_synth_t *keeper, *synth;
  song *songs;
  int n_songs, part, parts;
  int64_t items, test_songs, seed;
  double seconds;
  bool solo, vary;
  const char *out;
  int64_t made;
} work;

/* How an instrument of a soundfont is made another one (--vary): what is added to the soundfont's own generators, in their units [SF2.04, 8.1]. Every stem is drawn one. */
typedef struct variation {
  int body;        /* semitones by which the sample of another key is moved to the note's: the formants move, the note does not; drums: all of it */
  double cutoff;   /* cents of the low-pass filter */
  double ring;     /* centibels of its resonance */
  double attack, decay, release; /* timecents */
  double sustain;  /* centibels */
  double force;    /* times the velocity */
} variation;

/* One item while it is made. */
typedef struct item {
  const song *of;
  aus_midi midi;
  aus_midi_note *note;
  int64_t notes;
  double start, cents;
  int voice, as;                         /* solo: notes of this family, GUITAR or PIANO, are played by that one, all others by nobody */
  bool solo, has[FAMILIES];
  int font[FAMILIES], program[FAMILIES]; /* program -1: as in the file */
  double tilt[FAMILIES], bell_hz[FAMILIES], bell_db[FAMILIES], lufs[FAMILIES], gain;
  variation varied[FAMILIES];
  float *stem[FAMILIES]; /* RATE */
} item;

/* ---- draw.c: everything that chance decides; false when a song has no such stretch ------------------------- */
bool draw_stretch(item *it, double seconds, aus_rng *rng);
void draw_sounds(const work *w, item *it, bool test, aus_rng *rng);
int family_of(const item *it, const aus_midi_note *n); /* that a note is played by; -1: by nobody */
/* What is learnt from has this timbre and no other; false and a line on stderr when none is called so. */
bool only_font(const char *name);
void every_font(void);

/* ---- play.c: raw[FAMILIES][2][samples] at RENDER_RATE, from `from` seconds of the song on ------------------- */
bool play_open(work *w);
bool play(work *w, const item *it, double from, int64_t samples, float *raw);

/* ---- stems.c ----------------------------------------------------------------------------------------------- */
/* From what was played to it->stem, coloured, at RATE, all equally loud; raw is overwritten. */
aus_status stems_make(work *w, item *it, int64_t samples, float *raw);
/* The sounds, the notes and, last, the line of the manifest, which says that the item is whole. */
aus_status stems_write(work *w, const item *it, const char *folder, int64_t number);

#endif
