/* play.c - the families of an item by FluidSynth, all in one pass, each on MIDI channels of its own (channel 5 c + family) at 32 kHz without reverb and chorus, and by WildMIDI where the timbre
 * is a set of patches (patches.c). */
#include "studies/corpus/item.h"
#include "studies/corpus/patches.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

/* ---- FluidSynth ------------------------------------------------------------------------------------------ */

static bool heard(const item *it, int family) { return !it->solo || family == it->as; }

static bool plays(const item *it, int font)
{
  for (int f = 0; f < FAMILIES; f++)
    if (it->font[f] == font && heard(it, f)) return true;
  return false;
}

/* A kit is its soundfont's only preset; drums are bank 128 elsewhere. */
static void select_program(work *w, const item *it, int c, int family, int program)
{
  const font *from = &fonts[it->font[family]];
  fluid_synth_program_select(w->synth, c, from->id, family == DRUMS && !from->kit ? 128 : 0, program);
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
bool play_open(work *w)
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

/* The key that is struck: with the body moved, another one's sample sounds at the note's pitch. */
static int key_of(const item *it, int family, int pitch) { return family == DRUMS ? pitch : (int)fmin(127, fmax(0, pitch - it->varied[family].body)); }

static int velocity_of(const item *it, int family, int velocity)
{
  const double force = it->varied[family].force;
  return force > 0 ? (int)fmin(127, fmax(1, rint(force * velocity))) : velocity;
}

static void vary(work *w, int c, const variation *v)
{
  fluid_synth_set_gen(w->synth, c, GEN_COARSETUNE, (float)v->body);
  fluid_synth_set_gen(w->synth, c, GEN_FILTERFC, (float)v->cutoff);
  fluid_synth_set_gen(w->synth, c, GEN_FILTERQ, (float)v->ring);
  fluid_synth_set_gen(w->synth, c, GEN_VOLENVATTACK, (float)v->attack);
  fluid_synth_set_gen(w->synth, c, GEN_VOLENVDECAY, (float)v->decay);
  fluid_synth_set_gen(w->synth, c, GEN_VOLENVSUSTAIN, (float)v->sustain);
  fluid_synth_set_gen(w->synth, c, GEN_VOLENVRELEASE, (float)v->release);
}

static int channel_of(int channel, int family) { return channel * FAMILIES + family; }

static void ready_synth(work *w, const item *it)
{
  for (int c = 0; c < 16 * FAMILIES; c++) {
    const int f = c % FAMILIES;
    if (by_patches(it, f) || !heard(it, f)) continue;
    fluid_synth_set_channel_type(w->synth, c, f == DRUMS ? CHANNEL_TYPE_DRUM : CHANNEL_TYPE_MELODIC);
    select_program(w, it, c, f, f == DRUMS || it->program[f] < 0 ? 0 : it->program[f]);
    fluid_synth_set_gen(w->synth, c, GEN_FINETUNE, f == DRUMS ? 0 : (float)it->cents);
    if (w->vary) vary(w, c, &it->varied[f]);
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
  if (program != wanted) select_program(w, it, c, f, wanted);
  fluid_synth_noteon(w->synth, c, key_of(it, f, n->pitch), velocity_of(it, f, n->velocity));
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
  else fluid_synth_noteoff(w->synth, channel_of(m->note->channel, f), key_of(it, f, m->note->pitch));
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
bool play(work *w, const item *it, double from, int64_t samples, float *raw)
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
