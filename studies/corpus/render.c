/* render.c - songs into items: ten seconds of each family of instruments as a FLAC, at equal loudness, and the notes that sound.
 *
 *   render SONGS.tsv OUT [--items N] [--test-songs M] [--seed S] [--seconds T] [--part K/P] [--timbre NAME] [--solo yes]
 *
 * SONGS.tsv: path, split (train, valid, test), source. Item i of a split is a function of (seed, split, i) and the songs: a song in turn, a stretch in which every
 * family plays, and per family a soundfont of the split's pool, a program, and a colour (a tilt about 1 kHz; in training a bell somewhere too); one detuning for all but the
 * drums. FluidSynth renders the families in one pass, each on MIDI channels of its own (channel 5 c + family), at 32 kHz without
 * reverb and chorus, and WildMIDI those whose timbre is a set of patches (patches.c); then mono, 16 kHz, -23 LUFS each [ITU1770], one common gain so that the sum of all peaks at -1 dBFS or below. The mix is the sum of the stems, whole numbers, so
 * nothing is lost when they are added again. --solo yes: only a guitar or a piano per item, and either plays what is written for either, so that only the sound tells them apart;
 * any song with ten busy seconds of one of them will do. What is there already is not made again: an interrupted run goes on, and P runs can share the work. */
#include "core/core.h"
#include "audio/decode.h"
#include "studies/corpus/patches.h"

#include <auscult/dsp.h>
#include <auscult/midi.h>
#include <fluidsynth.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

enum { FAMILIES = 5, FONTS = 6, RENDER_RATE = 32000, RATE = 16000, PREROLL = 1, MAX_SONGS = 4096 };
enum { GUITAR, PIANO, BASS, DRUMS, STRINGS };
static const char *const family_name[FAMILIES] = { "guitar", "piano", "bass", "drums", "strings" };
static const double TARGET_LUFS = -23, PEAK = 0.8912509381337456, BUSY = 0.9; /* -1 dBFS; the part of a stretch's seconds in which a family sounds */

/* Independent of each other: which may be heard in training, which only in the test. MuseScore_General is FluidR3 but for the piano and the ensemble strings; Debian's
 * csound-soundfont is left out because it shares 301 of its 488 samples with TimGM6mb (README.md). */
typedef struct font { const char *name, *path; bool test, patches, drawn; int id; } font;
static font fonts[FONTS] = {
  { "FluidR3", "/usr/share/sounds/sf2/FluidR3_GM.sf2", false, false, true, -1 },
  { "MuseScore", "/usr/share/sounds/sf3/MuseScore_General_Full.sf3", false, false, true, -1 },
  { "OPL3", "/usr/share/sounds/sf2/OPL-3_FM_128M.sf2", false, false, true, -1 },
  { "freepats", "/etc/timidity/freepats.cfg", false, true, true, -1 },
  { "TimGM6mb", "/usr/share/sounds/sf2/TimGM6mb.sf2", true, false, true, -1 },
  { "GeneralUser", "/usr/share/minuet/soundfonts/GeneralUser-v1.47.sf2", false, false, false, -1 }, /* only when asked for: --timbre */
};

/* How often each program of a family is drawn for our own songs, of 100: about as often as the free files use them. */
static const struct { int family, program, share; } programs[] = {
  { GUITAR, 24, 20 }, { GUITAR, 25, 25 }, { GUITAR, 26, 15 }, { GUITAR, 27, 20 }, { GUITAR, 28, 5 }, { GUITAR, 29, 7 }, { GUITAR, 30, 8 },
  { PIANO, 0, 40 }, { PIANO, 1, 20 }, { PIANO, 2, 10 }, { PIANO, 3, 8 }, { PIANO, 4, 10 }, { PIANO, 5, 8 }, { PIANO, 6, 2 }, { PIANO, 7, 2 },
  { BASS, 32, 20 }, { BASS, 33, 35 }, { BASS, 34, 15 }, { BASS, 35, 15 }, { BASS, 36, 5 }, { BASS, 38, 10 },
  { STRINGS, 48, 45 }, { STRINGS, 49, 25 }, { STRINGS, 44, 10 }, { STRINGS, 50, 20 },
};

typedef struct song { char path[1024], split[8], source[64]; } song;

typedef struct work {
  aus_ctx *ctx;
  fluid_settings_t *settings;
  fluid_synth_t *keeper, *synth;
  song *songs;
  int n_songs, part, parts;
  int64_t items, test_songs, seed;
  double seconds;
  bool solo;
  const char *out;
  int64_t made;
} work;

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
  float *stem[FAMILIES]; /* RATE */
} item;

static int written_for(const aus_midi_note *n)
{
  if (n->drum) return DRUMS;
  if (n->program < 8) return PIANO;
  if (n->program >= 24 && n->program < 40) return n->program < 32 ? GUITAR : BASS;
  return n->program >= 40 && n->program < 56 ? STRINGS : -1;
}

static int family_of(const item *it, const aus_midi_note *n)
{
  const int f = written_for(n);
  return !it->solo ? f : f == it->voice ? it->as : -1;
}

/* ---- which stretch, which sounds --------------------------------------------------------------------- */

/* The part of a stretch's seconds in which this family sounds at all; a stroke of the drums does for a quarter of a second. */
static double busy(const item *it, int family, double from, int seconds)
{
  bool heard[64] = {0};
  int n = 0;
  for (int64_t i = 0; i < it->notes && it->note[i].onset < from + seconds; i++) {
    const aus_midi_note *k = &it->note[i];
    const double off = family == DRUMS ? k->onset + 0.25 : k->offset;
    if (family_of(it, k) != family || off <= from) continue;
    const int last = (int)fmin(seconds - 1, floor(off - from));
    for (int t = (int)fmax(0, floor(k->onset - from)); t <= last; t++) heard[t] = true;
  }
  for (int t = 0; t < seconds; t++) n += heard[t];
  return (double)n / seconds;
}

/* A stretch in which guitar, piano, bass and drums (solo: the one that plays) are busy, drawn among all that begin at a half second; false when there is none. */
static bool draw_stretch(item *it, double seconds, aus_rng *rng)
{
  int64_t good = 0;
  for (double from = 1; from + seconds < it->midi.seconds; from += 0.5) {
    double least = 1;
    for (int f = 0; f < STRINGS && least >= BUSY; f++)
      if (!it->solo || f == it->as) least = fmin(least, busy(it, f, from, (int)seconds));
    if (least < BUSY) continue;
    if (aus_rng_below(rng, (uint64_t)++good) == 0) it->start = from;
  }
  if (good == 0) return false;
  for (int f = 0; f < FAMILIES; f++) it->has[f] = busy(it, f, it->start, (int)seconds) >= 0.5;
  return true;
}

/* Solo: what the guitar plays or what the piano plays, whichever is drawn and is busy somewhere. */
static bool choose_stretch(item *it, double seconds, aus_rng *rng)
{
  if (!it->solo) return draw_stretch(it, seconds, rng);
  it->voice = (int)aus_rng_below(rng, 2);
  for (int tries = 0; tries < 2; tries++, it->voice = !it->voice)
    if (draw_stretch(it, seconds, rng)) return true;
  return false;
}

static int draw_program(int family, aus_rng *rng)
{
  int left = (int)aus_rng_below(rng, 100);
  for (size_t i = 0; i < sizeof programs / sizeof *programs; i++)
    if (programs[i].family == family && (left -= programs[i].share) < 0) return programs[i].program;
  return -1;
}

static void choose_sounds(item *it, bool test, aus_rng *rng)
{
  const bool ours = strncmp(it->of->source, "mma", 3) == 0;
  int pool[FONTS], n = 0;
  for (int k = 0; k < FONTS; k++)
    if (fonts[k].drawn && fonts[k].test == test) pool[n++] = k;
  it->cents = 70 * aus_rng_uniform(rng) - 35;
  for (int f = 0; f < FAMILIES; f++) {
    it->font[f] = pool[aus_rng_below(rng, (uint64_t)n)];
    it->tilt[f] = 8 * aus_rng_uniform(rng) - 4;
    const int drawn = f == DRUMS ? -1 : draw_program(f, rng);
    it->program[f] = ours || (it->solo && it->voice != it->as) ? drawn : -1;
    if (test) continue;
    it->bell_hz[f] = 150 * pow(40, aus_rng_uniform(rng));
    it->bell_db[f] = 16 * aus_rng_uniform(rng) - 8;
  }
}

/* ---- FluidSynth ------------------------------------------------------------------------------------------ */

static bool plays(const item *it, int font)
{
  for (int f = 0; f < FAMILIES; f++)
    if (it->font[f] == font) return true;
  return false;
}

/* A synthesiser with the soundfonts of an item, NULL: with all. FluidSynth keeps samples for as long as one synthesiser has them, but looks at each of them again. */
static fluid_synth_t *new_synth(fluid_settings_t *s, const item *it)
{
  fluid_synth_t *synth = new_fluid_synth(s);
  for (int k = 0; synth && k < FONTS; k++) {
    if (fonts[k].patches || !fonts[k].drawn || (it && !plays(it, k))) continue;
    fonts[k].id = fluid_synth_sfload(synth, fonts[k].path, 0);
    if (fonts[k].id < 0) { fprintf(stderr, "render: cannot load %s\n", fonts[k].path); delete_fluid_synth(synth); return NULL; }
  }
  return synth;
}

/* The first one only holds the samples; every item gets its own, because one that has played something before does not play the next to the same bit. */
static bool open_synth(work *w)
{
  fluid_settings_t *s = w->settings = new_fluid_settings();
  fluid_set_log_function(FLUID_WARN, NULL, NULL);
  fluid_set_log_function(FLUID_INFO, NULL, NULL);
  fluid_settings_setnum(s, "synth.sample-rate", RENDER_RATE);
  fluid_settings_setnum(s, "synth.gain", 0.4);
  fluid_settings_setint(s, "synth.reverb.active", 0);
  fluid_settings_setint(s, "synth.chorus.active", 0);
  fluid_settings_setint(s, "synth.midi-channels", 16 * FAMILIES);
  fluid_settings_setint(s, "synth.audio-channels", FAMILIES);
  fluid_settings_setint(s, "synth.audio-groups", FAMILIES);
  fluid_settings_setint(s, "synth.polyphony", 512);
  fluid_settings_setint(s, "synth.cpu-cores", 1);
  w->keeper = new_synth(s, NULL);
  for (int k = 0; k < FONTS; k++)
    if (fonts[k].patches && fonts[k].drawn && !patches_open(fonts[k].path, RENDER_RATE)) return false;
  return w->keeper != NULL;
}

static bool by_patches(const item *it, int family) { return fonts[it->font[family]].patches; }

static int channel_of(int channel, int family) { return channel * FAMILIES + family; }

static void ready_synth(work *w, const item *it)
{
  for (int c = 0; c < 16 * FAMILIES; c++) {
    const int f = c % FAMILIES;
    if (by_patches(it, f)) continue;
    fluid_synth_set_channel_type(w->synth, c, f == DRUMS ? CHANNEL_TYPE_DRUM : CHANNEL_TYPE_MELODIC);
    fluid_synth_program_select(w->synth, c, fonts[it->font[f]].id, f == DRUMS ? 128 : 0, f == DRUMS || it->program[f] < 0 ? 0 : it->program[f]);
    fluid_synth_set_gen(w->synth, c, GEN_FINETUNE, f == DRUMS ? 0 : (float)it->cents);
  }
}

/* What would undo our choices (bank, place between left and right, resets) is left out. */
static bool wanted_controller(int number) { return number != 0 && number != 32 && number != 10 && number < 120; }

/* A controller, bend or pressure goes to a channel's five copies. */
static void send_control(work *w, const aus_midi_event *e)
{
  const int kind = e->status >> 4;
  for (int f = 0; f < FAMILIES; f++) {
    const int c = channel_of(e->status & 15, f);
    if (kind == 14) fluid_synth_pitch_bend(w->synth, c, e->data[1] << 7 | e->data[0]);
    else if (kind == 13) fluid_synth_channel_pressure(w->synth, c, e->data[0]);
    else if (kind == 11 && wanted_controller(e->data[0])) fluid_synth_cc(w->synth, c, e->data[0], e->data[1]);
  }
}

/* freepats has no honky-tonk piano, harmonics, violas, slow and synthesised strings: their nearest. */
static int in_patches(int program)
{
  switch (program) {
  case 3: return 0;
  case 31: return 30;
  case 39: return 38;
  case 41: return 40;
  case 43: return 42;
  case 49: case 50: case 51: return 48;
  default: return program;
  }
}

static int program_of(const item *it, const aus_midi_note *n)
{
  const int f = family_of(it, n), program = f == DRUMS ? 0 : it->program[f] < 0 ? n->program : it->program[f];
  return by_patches(it, f) ? in_patches(program) : program;
}

static void start_note(work *w, const item *it, const aus_midi_note *n)
{
  const int f = family_of(it, n), c = channel_of(n->channel, f), wanted = program_of(it, n);
  int id, bank, program;
  fluid_synth_get_program(w->synth, c, &id, &bank, &program);
  if (program != wanted) fluid_synth_program_select(w->synth, c, fonts[it->font[f]].id, f == DRUMS ? 128 : 0, wanted);
  fluid_synth_noteon(w->synth, c, n->pitch, n->velocity);
}

/* Everything that happens, in order: notes begin and end by our own reading of the file, controllers as they come. */
typedef struct moment { double at; int order; const aus_midi_note *note; const aus_midi_event *event; } moment;

static int by_time(const void *a, const void *b)
{
  const moment *x = a, *y = b;
  if (x->at != y->at) return x->at < y->at ? -1 : 1;
  return x->order - y->order;
}

static moment *list_moments(const work *w, const item *it, double from, double to, int64_t *n)
{
  moment *m = aus_alloc(w->ctx, (size_t)(it->midi.events + 2 * it->notes + 1), sizeof *m);
  *n = 0;
  for (int64_t i = 0; m && i < it->midi.events; i++) {
    const aus_midi_event *e = &it->midi.event[i];
    if (e->status >> 4 >= 11 && e->status >> 4 != 12 && e->seconds < to) m[(*n)++] = (moment){ fmax(e->seconds, from), (int)*n, NULL, e };
  }
  for (int64_t i = 0; m && i < it->notes; i++) {
    const aus_midi_note *k = &it->note[i];
    if (k->offset <= from || k->onset >= to) continue;
    m[(*n)++] = (moment){ fmax(k->onset, from), (1 << 29) + (int)i, k, NULL };
    m[(*n)++] = (moment){ k->offset, -1, k, NULL }; /* before what begins at this moment */
  }
  if (m) qsort(m, (size_t)*n, sizeof *m, by_time);
  return m;
}

static void happen(work *w, const item *it, const moment *m)
{
  const int f = m->note ? family_of(it, m->note) : 0;
  if (m->event) send_control(w, m->event);
  else if (f < 0 || by_patches(it, f)) return;
  else if (m->order >= 0) start_note(w, it, m->note);
  else fluid_synth_noteoff(w->synth, channel_of(m->note->channel, f), m->note->pitch);
}

/* ---- WildMIDI ------------------------------------------------------------------------------------------------ */

/* One family's part of a moment as file events: a note with its program before it, a controller, a bend shifted by the detuning (the wheel's range is two semitones). */
static int64_t patch_events(const item *it, int f, const moment *m, double from, patch_event *to)
{
  const double at = m->at - from, shift = f == DRUMS ? 0 : it->cents / 200 * 8192;
  const aus_midi_event *e = m->event;
  if (e && e->status >> 4 == 14) {
    const int bend = (int)fmin(16383, fmax(0, (e->data[1] << 7 | e->data[0]) + shift));
    to[0] = (patch_event){ at, e->status, { bend & 127, (unsigned char)(bend >> 7) } };
    return 1;
  }
  if (e) {
    to[0] = (patch_event){ at, e->status, { e->data[0], e->data[1] } };
    return e->status >> 4 == 11 && wanted_controller(e->data[0]);
  }
  const aus_midi_note *n = m->note;
  if (family_of(it, n) != f) return 0;
  const unsigned char channel = (unsigned char)n->channel;
  if (m->order < 0) {
    to[0] = (patch_event){ at, 0x80 | channel, { (unsigned char)n->pitch, 0 } };
    return 1;
  }
  to[0] = (patch_event){ at, 0xC0 | channel, { (unsigned char)program_of(it, n), 0 } };
  to[1] = (patch_event){ at, 0x90 | channel, { (unsigned char)n->pitch, (unsigned char)n->velocity } };
  return f == DRUMS ? (to[0] = to[1], 1) : 2;
}

static bool play_patches(work *w, const item *it, int f, const moment *m, int64_t n, double from, int64_t samples, float *left)
{
  patch_event *e = aus_alloc(w->ctx, (size_t)(2 * n + 16), sizeof *e);
  int64_t events = 0;
  const int bend = 8192 + (f == DRUMS ? 0 : (int)lround(it->cents / 200 * 8192));
  for (int c = 0; e && c < 16; c++) e[events++] = (patch_event){ 0, (unsigned char)(0xE0 | c), { bend & 127, (unsigned char)(bend >> 7) } };
  for (int64_t i = 0; e && i < n; i++) events += patch_events(it, f, &m[i], from, e + events);
  const bool done = e && patches_play(e, events, samples, left, left + samples);
  aus_free(w->ctx, e);
  return done;
}

/* raw[FAMILIES][2][samples] from `from` on. */
static bool play(work *w, const item *it, double from, int64_t samples, float *raw)
{
  int64_t n, at = 0;
  moment *m = list_moments(w, it, from, from + (double)samples / RENDER_RATE, &n);
  if (!m) return false;
  if (!(w->synth = new_synth(w->settings, it))) { aus_free(w->ctx, m); return false; }
  ready_synth(w, it);
  for (int64_t i = 0; i <= n; i++) {
    const int64_t to = i < n ? llround((m[i].at - from) * RENDER_RATE) : samples;
    float *out[2 * FAMILIES];
    for (int k = 0; k < 2 * FAMILIES; k++) out[k] = raw + k * samples + at;
    if (to > samples) continue;
    if (to > at) fluid_synth_process(w->synth, (int)(to - at), 0, NULL, 2 * FAMILIES, out);
    if (to > at) at = to;
    if (i < n) happen(w, it, &m[i]);
  }
  delete_fluid_synth(w->synth);
  bool done = true;
  for (int f = 0; f < FAMILIES; f++)
    if (by_patches(it, f)) done = done && play_patches(w, it, f, m, n, from, samples, raw + 2 * f * samples);
  aus_free(w->ctx, m);
  return done;
}

/* ---- stems --------------------------------------------------------------------------------------------------- */

/* y = x + g (low - high) / 2 about 1 kHz: decibels more below, less above. */
static void colour(double tilt, int64_t n, float *x)
{
  const double a = 1 - exp(-2 * 3.14159265358979323846 * 1000 / RENDER_RATE), up = pow(10, tilt / 20), down = pow(10, -tilt / 20);
  double low = 0;
  for (int64_t i = 0; i < n; i++) {
    low += a * ((double)x[i] - low);
    x[i] = (float)(up * low + down * ((double)x[i] - low));
  }
}

/* A bell of db decibels and an octave's width at hz, the cookbook's peaking filter (R. Bristow-Johnson). */
static void bell(double hz, double db, int64_t n, float *x)
{
  const double w = 2 * 3.14159265358979323846 * hz / RENDER_RATE, a = pow(10, db / 40), alpha = sin(w) / (2 * 0.7);
  const double a0 = 1 + alpha / a, b[3] = { 1 + alpha * a, -2 * cos(w), 1 - alpha * a }, c[2] = { -2 * cos(w), 1 - alpha / a };
  double x1 = 0, x2 = 0, y1 = 0, y2 = 0;
  for (int64_t i = 0; i < n; i++) {
    const double y = (b[0] * (double)x[i] + b[1] * x1 + b[2] * x2 - c[0] * y1 - c[1] * y2) / a0;
    x2 = x1, x1 = (double)x[i], y2 = y1, y1 = y;
    x[i] = (float)y;
  }
}

static aus_status make_stem(work *w, item *it, int f, int64_t samples, float *raw)
{
  const int64_t skip = PREROLL * RATE, n = (int64_t)(w->seconds * RATE);
  float *left = raw + 2 * f * samples, *right = left + samples, *low;
  for (int64_t i = 0; i < samples; i++) left[i] = 0.5f * (left[i] + right[i]);
  colour(it->tilt[f], samples, left);
  if (it->bell_db[f] != 0) bell(it->bell_hz[f], it->bell_db[f], samples, left);
  const int64_t half = aus_resample_length(samples, RENDER_RATE, RATE);
  if (!(low = aus_alloc(w->ctx, (size_t)half, sizeof *low)) || !(it->stem[f] = aus_alloc(w->ctx, (size_t)n, sizeof(float)))) return AUS_ENOMEM;
  aus_status status = aus_resample(w->ctx, samples, left, RENDER_RATE, RATE, low);
  memcpy(it->stem[f], low + skip, (size_t)n * sizeof *low);
  aus_free(w->ctx, low);
  return status == AUS_OK ? aus_loudness(w->ctx, RATE, 1, NULL, n, it->stem[f], &it->lufs[f]) : status;
}

/* All at the same loudness, then one gain for the sum. A stem that is silent after all is not there. */
static void level(const work *w, item *it)
{
  const int64_t n = (int64_t)(w->seconds * RATE);
  double peak = 0;
  for (int f = 0; f < FAMILIES; f++) {
    it->has[f] = it->has[f] && it->lufs[f] > -60;
    const float g = it->has[f] ? (float)pow(10, (TARGET_LUFS - it->lufs[f]) / 20) : 0;
    for (int64_t i = 0; i < n; i++) it->stem[f][i] *= g;
  }
  for (int64_t i = 0; i < n; i++) {
    double sum = 0;
    for (int f = 0; f < FAMILIES; f++) sum += (double)it->stem[f][i];
    peak = fmax(peak, fabs(sum));
  }
  it->gain = peak > PEAK ? PEAK / peak : 1;
}

static aus_status write_stem(work *w, const item *it, int f, const char *folder)
{
  const int64_t n = (int64_t)(w->seconds * RATE);
  char path[2048];
  void *bytes;
  size_t size;
  aus_outfile *file;
  int32_t *x = aus_alloc(w->ctx, (size_t)n, sizeof *x);
  if (!x) return AUS_ENOMEM;
  for (int64_t i = 0; i < n; i++) x[i] = (int32_t)fmin(32767, fmax(-32768, rint(32768 * it->gain * (double)it->stem[f][i])));
  aus_status status = aus_flac_encode(w->ctx, RATE, 16, n, x, &bytes, &size);
  aus_free(w->ctx, x);
  if (status != AUS_OK) return status;
  snprintf(path, sizeof path, "%s/%s.flac", folder, family_name[f]);
  status = aus_outfile_open(w->ctx, path, 1, &file);
  if (status == AUS_OK) {
    status = aus_outfile_write(file, bytes, size);
    if (status == AUS_OK) status = aus_outfile_commit(file);
    else aus_outfile_abort(file);
  }
  aus_free(w->ctx, bytes);
  return status;
}

static aus_status write_notes(work *w, const item *it, const char *folder)
{
  char path[2048];
  aus_outfile *file;
  snprintf(path, sizeof path, "%s/notes.tsv", folder);
  AUS_TRY(aus_outfile_open(w->ctx, path, 1, &file));
  aus_status status = aus_outfile_printf(file, "onset\toffset\tpitch\tvelocity\tfamily\n");
  for (int64_t i = 0; i < it->notes && status == AUS_OK; i++) {
    const aus_midi_note *n = &it->note[i];
    const int f = family_of(it, n);
    if (f < 0 || !it->has[f] || n->offset <= it->start || n->onset >= it->start + w->seconds) continue;
    status = aus_outfile_printf(file, "%.4f\t%.4f\t%d\t%d\t%s\n", fmax(0, n->onset - it->start), fmin(w->seconds, n->offset - it->start), n->pitch, n->velocity, family_name[f]);
  }
  if (status == AUS_OK) return aus_outfile_commit(file);
  aus_outfile_abort(file);
  return status;
}

/* The line of the manifest, beside the item: the last thing written, so that it says the item is whole. */
static aus_status write_row(work *w, const item *it, const char *folder, int64_t number)
{
  char path[2048];
  aus_outfile *file;
  snprintf(path, sizeof path, "%s/item.tsv", folder);
  AUS_TRY(aus_outfile_open(w->ctx, path, 1, &file));
  const char *name = strrchr(it->of->path, '/');
  aus_status status = aus_outfile_printf(file, "%s/%05" PRId64 "\t%s\t%s\t%s\t%.1f\t%.2f\t%.6f", it->of->split, number, it->of->split, name ? name + 1 : it->of->path,
                                         it->of->source, it->start, it->cents, it->gain);
  for (int f = 0; f < FAMILIES && status == AUS_OK; f++) {
    if (!it->has[f]) status = aus_outfile_printf(file, "\t");
    else status = aus_outfile_printf(file, "\t%s:%d:%.2f:%.0f:%.2f:%.3f", fonts[it->font[f]].name, it->program[f], it->tilt[f], it->bell_hz[f], it->bell_db[f], it->lufs[f]);
  }
  if (status == AUS_OK) status = aus_outfile_printf(file, "\n");
  if (status == AUS_OK) return aus_outfile_commit(file);
  aus_outfile_abort(file);
  return status;
}

static aus_status render(work *w, item *it)
{
  const int64_t samples = (int64_t)((PREROLL + w->seconds + 0.5) * RENDER_RATE);
  float *raw = aus_alloc_zero(w->ctx, (size_t)(2 * FAMILIES * samples), sizeof *raw);
  aus_status status = raw && play(w, it, it->start - PREROLL, samples, raw) ? AUS_OK : AUS_ENOMEM;
  for (int f = 0; f < FAMILIES && status == AUS_OK; f++) status = make_stem(w, it, f, samples, raw);
  aus_free(w->ctx, raw);
  if (status == AUS_OK) level(w, it);
  return status;
}

static aus_status make_item(work *w, const song *of, int64_t number)
{
  item it = { .of = of, .solo = w->solo };
  aus_rng rng;
  char folder[1600];
  const bool test = strcmp(of->split, "test") == 0;
  aus_rng_init(&rng, (uint64_t)w->seed, (uint64_t)(number * 4 + (of->split[0] == 'v') + 2 * test));
  if (it.solo) it.as = (int)aus_rng_below(&rng, 2);
  aus_status status = aus_midi_read(w->ctx, of->path, &it.midi);
  if (status == AUS_OK) status = aus_midi_notes(w->ctx, &it.midi, AUS_MIDI_SUSTAIN, &it.note, &it.notes);
  if (status == AUS_OK && choose_stretch(&it, w->seconds, &rng)) {
    choose_sounds(&it, test, &rng);
    snprintf(folder, sizeof folder, "%s/%s/%05" PRId64, w->out, of->split, number);
    mkdir(folder, 0777);
    status = render(w, &it);
    for (int f = 0; f < FAMILIES && status == AUS_OK; f++)
      if (it.has[f]) status = write_stem(w, &it, f, folder);
    if (status == AUS_OK) status = write_notes(w, &it, folder);
    if (status == AUS_OK) status = write_row(w, &it, folder, number);
    w->made++;
  }
  for (int f = 0; f < FAMILIES; f++) aus_free(w->ctx, it.stem[f]);
  aus_midi_notes_free(w->ctx, it.note);
  aus_midi_free(w->ctx, &it.midi);
  return status;
}

/* ---- the whole ----------------------------------------------------------------------------------------------------- */

static bool exists(const work *w, const char *split, int64_t number)
{
  char path[2048];
  struct stat st;
  snprintf(path, sizeof path, "%s/%s/%05" PRId64 "/item.tsv", w->out, split, number);
  return stat(path, &st) == 0;
}

/* Has it a stretch to draw? A file that cannot be read has none, and is named. */
static bool suits(const work *w, const song *of)
{
  item it = { .of = of, .solo = w->solo };
  aus_rng rng;
  aus_rng_init(&rng, 0, 0);
  bool good = aus_midi_read(w->ctx, of->path, &it.midi) == AUS_OK && aus_midi_notes(w->ctx, &it.midi, AUS_MIDI_SUSTAIN, &it.note, &it.notes) == AUS_OK;
  if (!good) fprintf(stderr, "render: %s\n", aus_ctx_error(w->ctx));
  good = good && choose_stretch(&it, w->seconds, &rng);
  aus_midi_notes_free(w->ctx, it.note);
  aus_midi_free(w->ctx, &it.midi);
  return good;
}

/* Item i is of song i mod n of those of its split that suit; of the test's songs each gives one item. */
static bool make_split(work *w, const char *split, int64_t items)
{
  char path[2048];
  int list[MAX_SONGS], n = 0;
  const bool test = strcmp(split, "test") == 0;
  for (int i = 0; i < w->n_songs && !(test && n == items); i++)
    if (strcmp(w->songs[i].split, split) == 0 && suits(w, &w->songs[i])) list[n++] = i;
  snprintf(path, sizeof path, "%s/%s", w->out, split);
  mkdir(path, 0777);
  if (test && n < items) items = n;
  fprintf(stderr, "render: %s: %d songs for %" PRId64 " items\n", split, n, items);
  for (int64_t i = 0; n > 0 && i < items; i++) {
    if (i % w->parts != w->part || exists(w, split, i)) continue;
    if (make_item(w, &w->songs[list[i % n]], i) != AUS_OK) { fprintf(stderr, "render: %s\n", aus_ctx_error(w->ctx)); return false; }
    if (w->made % 50 == 0) fprintf(stderr, "render: %s %" PRId64 " of %" PRId64 "\n", split, i + 1, items);
  }
  return true;
}

static bool read_songs(work *w, const char *path)
{
  FILE *f = fopen(path, "r");
  w->songs = calloc(MAX_SONGS, sizeof *w->songs);
  if (!f || !w->songs) { fprintf(stderr, "render: cannot read %s\n", path); return false; }
  while (w->n_songs < MAX_SONGS) {
    song *s = &w->songs[w->n_songs];
    if (fscanf(f, "%1023[^\t]\t%7[^\t]\t%63[^\n]\n", s->path, s->split, s->source) != 3) break;
    w->n_songs++;
  }
  fclose(f);
  return w->n_songs > 0;
}

/* What is learnt from has this timbre and no other. */
static bool only(const char *name)
{
  bool known = false;
  for (int k = 0; k < FONTS; k++) {
    if (fonts[k].test) continue;
    fonts[k].drawn = strcmp(fonts[k].name, name) == 0;
    known |= fonts[k].drawn;
  }
  if (!known) fprintf(stderr, "render: no timbre is called %s\n", name);
  return known;
}

int main(int argc, char **argv)
{
  work w = { .items = 100, .test_songs = 225, .seed = 1, .seconds = 10, .parts = 1 };
  if (argc < 3) { fprintf(stderr, "usage: render SONGS.tsv OUT [--items N] [--test-songs M] [--seed S] [--seconds T] [--part K/P] [--timbre NAME] [--solo yes]\n"); return 2; }
  for (int i = 3; i + 1 < argc; i += 2) {
    if (!strcmp(argv[i], "--items")) w.items = atoll(argv[i + 1]);
    else if (!strcmp(argv[i], "--test-songs")) w.test_songs = atoll(argv[i + 1]);
    else if (!strcmp(argv[i], "--seed")) w.seed = atoll(argv[i + 1]);
    else if (!strcmp(argv[i], "--seconds")) w.seconds = atof(argv[i + 1]);
    else if (!strcmp(argv[i], "--solo")) w.solo = !strcmp(argv[i + 1], "yes");
    else if (!strcmp(argv[i], "--timbre") && !only(argv[i + 1])) return 2;
    else if (!strcmp(argv[i], "--part") && sscanf(argv[i + 1], "%d/%d", &w.part, &w.parts) != 2) return 2;
  }
  const aus_config config = { .threads = 1 };
  w.out = argv[2];
  mkdir(w.out, 0777);
  if (w.seconds < 3 || w.seconds > 60 || w.parts < 1 || !read_songs(&w, argv[1]) || aus_ctx_create(&w.ctx, &config) != AUS_OK || !open_synth(&w)) return 1;
  const bool done = make_split(&w, "test", w.test_songs) && make_split(&w, "valid", (w.items + 9) / 10) && make_split(&w, "train", w.items);
  fprintf(stderr, "render: %" PRId64 " items made\n", w.made);
  aus_ctx_destroy(w.ctx);
  free(w.songs);
  return done ? 0 : 1;
}
