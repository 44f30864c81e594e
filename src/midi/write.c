/* write.c - notes as a Standard MIDI File, and a piano roll as notes [MMA96].
 *
 * One track (format 0) at 120 quarter notes a minute, 960 ticks each: a tick is 1/1920 s, so times are right to a quarter of a
 * millisecond. At one tick, keys come up before programs change and before keys go down, so that a note that ends where the
 * next begins is heard as two. */
#include "core/core.h"
#include <auscult/midi.h>

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { PER_QUARTER = 960, US_PER_QUARTER = 500000, TICKS_PER_SECOND = 1920 };

typedef enum order { KEY_UP, PROGRAM, KEY_DOWN } order;
typedef struct message { int64_t tick; order order; uint8_t byte[3]; } message;

static int by_tick(const void *a, const void *b)
{
  const message *p = a, *q = b;
  if (p->tick != q->tick) return p->tick < q->tick ? -1 : 1;
  if (p->order != q->order) return p->order < q->order ? -1 : 1;
  return memcmp(p->byte, q->byte, sizeof p->byte);
}

static bool fits(const aus_midi_note *e)
{
  return e->pitch < 128 && e->velocity < 128 && e->channel < 16 && e->program < 128 && e->onset >= 0 && e->offset >= e->onset && e->offset < 1e6;
}

/* Program, down and up of every note. */
static void messages_of(const aus_midi_note *note, int64_t n, message *m)
{
  for (int64_t i = 0; i < n; i++) {
    const aus_midi_note *e = &note[i];
    const int64_t on = llrint(e->onset * TICKS_PER_SECOND), off = llrint(e->offset * TICKS_PER_SECOND);
    m[3 * i] = (message){ on, PROGRAM, { 0xc0 | e->channel, e->program, 0 } };
    m[3 * i + 1] = (message){ on, KEY_DOWN, { 0x90 | e->channel, e->pitch, e->velocity ? e->velocity : 1 } }; /* 0 would end it */
    m[3 * i + 2] = (message){ off > on ? off : on + 1, KEY_UP, { 0x80 | e->channel, e->pitch, 64 } };
  }
}

/* Seven bits a byte, the highest first, all but the last marked. */
static uint8_t *put_delta(uint8_t *to, int64_t v)
{
  for (int shift = 28; shift >= 0; shift -= 7)
    if (v >> shift || shift == 0) *to++ = (uint8_t)((v >> shift & 0x7f) | (shift ? 0x80 : 0));
  return to;
}

/* The track's bytes; a program is told only where it changes. room: 8 bytes a message and 32. */
static size_t track_of(const message *m, int64_t n, uint8_t *out)
{
  static const uint8_t tempo[] = { 0, 0xff, 0x51, 3, US_PER_QUARTER >> 16, US_PER_QUARTER >> 8 & 255, US_PER_QUARTER & 255 }, end[] = { 0, 0xff, 0x2f, 0 };
  int program[16];
  int64_t now = 0;
  uint8_t *to = out;
  for (int c = 0; c < 16; c++) program[c] = -1;
  memcpy(to, tempo, sizeof tempo);
  to += sizeof tempo;
  for (int64_t i = 0; i < n; i++) {
    const int channel = m[i].byte[0] & 15;
    if (m[i].order == PROGRAM && program[channel] == m[i].byte[1]) continue;
    if (m[i].order == PROGRAM) program[channel] = m[i].byte[1];
    to = put_delta(to, m[i].tick - now);
    now = m[i].tick;
    const size_t bytes = m[i].order == PROGRAM ? 2 : 3;
    memcpy(to, m[i].byte, bytes);
    to += bytes;
  }
  memcpy(to, end, sizeof end);
  return (size_t)(to + sizeof end - out);
}

static aus_status put_file(aus_ctx *ctx, const char *path, int replace, const uint8_t *track, size_t size)
{
  const uint8_t head[22] = { 'M', 'T', 'h', 'd', 0, 0, 0, 6, 0, 0, 0, 1, PER_QUARTER >> 8, PER_QUARTER & 255, 'M', 'T', 'r', 'k',
                             (uint8_t)(size >> 24), (uint8_t)(size >> 16), (uint8_t)(size >> 8), (uint8_t)size };
  aus_outfile *f;
  AUS_TRY(aus_outfile_open(ctx, path, replace, &f));
  aus_status status = aus_outfile_write(f, head, sizeof head);
  if (status == AUS_OK) status = aus_outfile_write(f, track, size);
  if (status == AUS_OK) return aus_outfile_commit(f);
  aus_outfile_abort(f);
  return status;
}

aus_status aus_midi_write(aus_ctx *ctx, const char *path, const aus_midi_note *notes, int64_t n, int replace)
{
  if (n < 0 || n > 4000000) return aus_fail(ctx, AUS_ELIMIT, "%s: %lld notes are too many for a MIDI file", path, (long long)n);
  for (int64_t i = 0; i < n; i++)
    if (!fits(&notes[i])) return aus_fail(ctx, AUS_EINVAL, "%s: note %lld is none: pitch, velocity and program go to 127, channels to 15, times from 0 on", path, (long long)i);
  message *m = aus_alloc(ctx, 3 * (size_t)n + 1, sizeof *m);
  uint8_t *track = aus_alloc(ctx, 24 * (size_t)n + 32, 1);
  aus_status status = m && track ? AUS_OK : AUS_ENOMEM;
  if (status == AUS_OK) {
    messages_of(notes, n, m);
    qsort(m, 3 * (size_t)n, sizeof *m, by_tick);
    status = put_file(ctx, path, replace, track, track_of(m, 3 * n, track));
  }
  aus_free(ctx, m);
  aus_free(ctx, track);
  return status;
}

/* ---- a piano roll ------------------------------------------------------------------------------------ */

/* Key k's notes; with out NULL only counted. A value at the threshold is loud as 1, one at 1 or above as 127. */
static int64_t notes_of_key(const float *roll, int64_t frames, int32_t keys, int32_t k, int32_t first, double hop_s, double threshold, aus_midi_note *out)
{
  int64_t n = 0;
  for (int64_t t = 0; t < frames; t++) {
    const int64_t on = t;
    float most = 0;
    while (t < frames && (double)roll[t * keys + k] >= threshold) {
      most = fmaxf(most, roll[t * keys + k]);
      t++;
    }
    if (t == on) continue;
    const double loud = threshold < 1 ? fmin(1, ((double)most - threshold) / (1 - threshold)) : 1;
    if (out) out[n] = (aus_midi_note){ .onset = (double)on * hop_s, .offset = (double)t * hop_s, .pitch = (uint8_t)(first + k), .velocity = (uint8_t)lrint(1 + 126 * loud) };
    n++;
  }
  return n;
}

static int by_onset(const void *a, const void *b)
{
  const aus_midi_note *p = a, *q = b;
  if (p->onset != q->onset) return p->onset < q->onset ? -1 : 1;
  return (p->pitch > q->pitch) - (p->pitch < q->pitch);
}

aus_status aus_midi_from_roll(aus_ctx *ctx, const float *roll, int64_t frames, int32_t keys, int32_t first_pitch, double hop_s, double threshold,
                              aus_midi_note **notes, int64_t *n)
{
  if (frames < 0 || keys < 1 || first_pitch < 0 || first_pitch + keys > 128 || !(hop_s > 0) || !(threshold > 0))
    return aus_fail(ctx, AUS_EINVAL, "a piano roll has pitches within 0 to 127, a hop and a threshold above 0");
  int64_t all = 0;
  for (int32_t k = 0; k < keys; k++) all += notes_of_key(roll, frames, keys, k, first_pitch, hop_s, threshold, NULL);
  *notes = aus_alloc(ctx, (size_t)all + 1, sizeof **notes);
  if (!*notes) return AUS_ENOMEM;
  *n = 0;
  for (int32_t k = 0; k < keys; k++) *n += notes_of_key(roll, frames, keys, k, first_pitch, hop_s, threshold, *notes + *n);
  qsort(*notes, (size_t)all, sizeof **notes, by_onset);
  return AUS_OK;
}
