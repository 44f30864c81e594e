/* notes.c - keys and pedals become notes that sound.
 *
 * A key that goes down opens a note of its (channel, pitch), its coming up closes it. While the sustain pedal is down the dampers are off the
 * strings: a note whose key comes up inside [down, up] ends at `up`. One string cannot sound twice: a note ends when its pitch is struck
 * anew. These are madmom's rules [madmom16], in its order: first the pedal, per channel, then the cut, over all channels.
 *
 * Cost: n log n for sorting; pedals are found by a binary search, since they are in order of time. */
#include "core/core.h"
#include <auscult/midi.h>

#include <stdlib.h>
#include <string.h>

enum { CHANNELS = 16, PITCHES = 128, DRUMS = 9, PEDAL = 64 };

typedef struct span { double down, up; } span;

typedef struct hands {
  const aus_midi *m;
  int flags;
  aus_midi_note *note; /* room for one per event: a note-on is one */
  int64_t n;
  int64_t open[CHANNELS][PITCHES]; /* index of the sounding note + 1 */
  uint8_t program[CHANNELS];
  span *pedal[CHANNELS]; /* each with room for all its controller events */
  int64_t pedals[CHANNELS];
} hands;

static void close_note(hands *s, int channel, int pitch, double at, bool keep)
{
  int64_t *open = &s->open[channel][pitch];
  if (*open) s->note[*open - 1].offset = keep ? at : -1; /* -1: taken out later */
  *open = 0;
}

static void open_note(hands *s, const aus_midi_event *e)
{
  const int channel = e->status & 15;
  close_note(s, channel, e->data[0], e->seconds, !(s->flags & AUS_MIDI_FORGET));
  s->note[s->n++] = (aus_midi_note){ e->seconds, -1, e->track, e->data[0], e->data[1], (uint8_t)channel, s->program[channel], channel == DRUMS };
  s->open[channel][e->data[0]] = s->n;
}

static void read_keys(hands *s)
{
  for (int64_t i = 0; i < s->m->events; i++) {
    const aus_midi_event *e = &s->m->event[i];
    const int kind = e->status >> 4, channel = e->status & 15;
    if (kind == 9 && e->data[1]) open_note(s, e);
    else if (kind == 8 || kind == 9) close_note(s, channel, e->data[0], e->seconds, true);
    else if (kind == 12) s->program[channel] = e->data[0];
  }
  for (int c = 0; c < CHANNELS; c++)
    for (int p = 0; p < PITCHES; p++) close_note(s, c, p, s->m->seconds, !(s->flags & AUS_MIDI_FORGET));
  int64_t kept = 0;
  for (int64_t i = 0; i < s->n; i++)
    if (s->note[i].offset >= 0) s->note[kept++] = s->note[i];
  s->n = kept;
}

/* ---- the pedal ------------------------------------------------------------------------------------- */

static bool is_pedal(const aus_midi_event *e) { return e->status >> 4 == 11 && e->data[0] == PEDAL; }

static void read_pedals(hands *s)
{
  bool down[CHANNELS] = {0};
  for (int64_t i = 0; i < s->m->events; i++) {
    const aus_midi_event *e = &s->m->event[i];
    const int c = e->status & 15;
    if (!is_pedal(e) || (e->data[1] >= 64) == down[c]) continue;
    down[c] = !down[c];
    if (down[c]) s->pedal[c][s->pedals[c]++] = (span){ e->seconds, s->m->seconds };
    else s->pedal[c][s->pedals[c] - 1].up = e->seconds;
  }
}

/* The pedal that is down when a key of this channel comes up at `at`, both ends counted, NULL for none. Where one comes up and goes down
 * again at that very moment it is the later one; what sounded from before under the earlier one has ended, because that is
 * how sequences change the pedal. */
static const span *pedal_at(const hands *s, int channel, double at)
{
  int64_t from = 0, to = s->pedals[channel];
  while (from < to) {
    const int64_t middle = from + (to - from) / 2;
    if (s->pedal[channel][middle].up < at) from = middle + 1;
    else to = middle;
  }
  const span *p = s->pedal[channel] + from, *end = s->pedal[channel] + s->pedals[channel];
  if (p == end || p->down > at) return NULL;
  while (p + 1 < end && p[1].down <= at) p++;
  return p;
}

static aus_status sustain(aus_ctx *ctx, hands *s)
{
  int64_t count[CHANNELS] = {0}, total = 0;
  for (int64_t i = 0; i < s->m->events; i++) count[s->m->event[i].status & 15] += is_pedal(&s->m->event[i]);
  for (int c = 0; c < CHANNELS; c++) total += count[c];
  if (total == 0) return AUS_OK;
  span *all = aus_alloc(ctx, (size_t)total, sizeof *all), *next = all;
  if (!all) return AUS_ENOMEM;
  for (int c = 0; c < CHANNELS; next += count[c++]) s->pedal[c] = next;
  read_pedals(s);
  for (int64_t i = 0; i < s->n; i++) {
    const span *p = pedal_at(s, s->note[i].channel, s->note[i].offset);
    if (p) s->note[i].offset = p->up;
  }
  aus_free(ctx, all);
  return AUS_OK;
}

/* ---- order, and one string one note ------------------------------------------------------------------ */

static int by_onset(const void *a, const void *b)
{
  const aus_midi_note *x = a, *y = b;
  if (x->onset != y->onset) return x->onset < y->onset ? -1 : 1;
  if (x->pitch != y->pitch) return x->pitch - y->pitch;
  if (x->channel != y->channel) return x->channel - y->channel;
  return x->track != y->track ? x->track - y->track : x->velocity - y->velocity;
}

/* Backwards, so that the next onset of each pitch is known. Notes struck together do not cut each other. */
static void cut(hands *s)
{
  double next[PITCHES], same[PITCHES]; /* the next onset; that of notes at the onset last seen */
  for (int p = 0; p < PITCHES; p++) next[p] = same[p] = -1;
  for (int64_t i = s->n - 1; i >= 0; i--) {
    aus_midi_note *note = &s->note[i];
    const int p = note->pitch;
    if (note->onset != same[p]) next[p] = same[p], same[p] = note->onset;
    if (next[p] >= 0 && note->offset > next[p]) note->offset = next[p];
  }
}

aus_status aus_midi_notes(aus_ctx *ctx, const aus_midi *midi, int flags, aus_midi_note **out, int64_t *n)
{
  hands *s = AUS_NEW(ctx, hands);
  *out = NULL;
  *n = 0;
  if (!s) return AUS_ENOMEM;
  *s = (hands){ .m = midi, .flags = flags, .note = aus_alloc_zero(ctx, (size_t)midi->events + 1, sizeof *s->note) };
  aus_status status = s->note ? AUS_OK : AUS_ENOMEM;
  if (status == AUS_OK) {
    read_keys(s);
    if (flags & AUS_MIDI_SUSTAIN) status = sustain(ctx, s);
  }
  if (status == AUS_OK) {
    qsort(s->note, (size_t)s->n, sizeof *s->note, by_onset);
    if (flags & AUS_MIDI_CUT) cut(s);
    *out = s->note;
    *n = s->n;
  } else {
    aus_free(ctx, s->note);
  }
  aus_free(ctx, s);
  return status;
}

void aus_midi_notes_free(aus_ctx *ctx, aus_midi_note *notes) { aus_free(ctx, notes); }
