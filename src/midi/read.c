/* read.c - the Standard MIDI File [MMA96]: chunks, variable-length numbers, running status.
 *
 *   MThd 6 format tracks division    then    MTrk size (delta event)*    as often as there are tracks
 *
 * A delta is ticks since the event before, seven bits a byte, the top bit saying that more follow, four bytes at the most. An event is a
 * channel message (80 to EF; its status byte may be left out when it repeats), F0 or F7 with a length (system exclusive), or FF type length (meta). Of the
 * metas we keep tempo (51), track name (03) and the end (2F); what the others say, right or wrong, does not matter to us. Everything is read
 * through a cursor that cannot leave its chunk. */
#include "midi/time.h"

#include <string.h>

enum { MAX_BYTES = 64 << 20, MAX_CHUNKS = 1 << 16 };

typedef struct cursor { const uint8_t *p; size_t left; } cursor;

typedef struct reader {
  aus_ctx *ctx;
  const char *name;
  aus_midi *m;
  int64_t room, tempo_room;
  int32_t promised;
  int64_t start, end; /* tick where the track at hand begins; the latest end so far */
} reader;

static uint32_t be16(const uint8_t *p) { return (uint32_t)p[0] << 8 | p[1]; }
static uint32_t be32(const uint8_t *p) { return be16(p) << 16 | be16(p + 2); }
static uint32_t le32(const uint8_t *p) { return p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24; }

/* The next n bytes, NULL when there are fewer. */
static const uint8_t *take(cursor *c, size_t n)
{
  if (c->left < n) return NULL;
  const uint8_t *p = c->p;
  c->p += n;
  c->left -= n;
  return p;
}

static bool number(cursor *c, uint32_t *v)
{
  *v = 0;
  for (int i = 0; i < 4; i++) {
    const uint8_t *b = take(c, 1);
    if (!b) return false;
    *v = *v << 7 | (*b & 0x7f);
    if (!(*b & 0x80)) return true;
  }
  return false;
}

static aus_status bad(const reader *r, int32_t track, const char *what)
{
  return aus_fail(r->ctx, AUS_EFORMAT, "%s: track %d of %d: %s", r->name, (int)track + 1, (int)r->promised, what);
}

/* A block with room for at least one more item. */
static aus_status grow(aus_ctx *ctx, void **block, int64_t n, int64_t *room, size_t size)
{
  if (n < *room) return AUS_OK;
  const int64_t bigger_room = *room ? 2 * *room : 64;
  void *bigger = aus_alloc(ctx, (size_t)bigger_room, size);
  if (!bigger) return AUS_ENOMEM;
  if (n) memcpy(bigger, *block, (size_t)n * size);
  aus_free(ctx, *block);
  *block = bigger;
  *room = bigger_room;
  return AUS_OK;
}

static aus_status add_tempo(reader *r, int64_t tick, uint32_t us)
{
  aus_midi *m = r->m;
  void *block = m->tempo;
  if (m->ticks_per_quarter == 0) return AUS_OK; /* SMPTE frames do not care */
  const aus_status status = grow(r->ctx, &block, m->tempos, &r->tempo_room, sizeof *m->tempo);
  m->tempo = block;
  AUS_TRY(status);
  m->tempo[m->tempos++] = (aus_midi_tempo){ tick, 0, (int32_t)us };
  return AUS_OK;
}

static aus_status add_event(reader *r, int32_t track, int64_t tick, uint8_t status_byte, const uint8_t *data, int n)
{
  aus_midi *m = r->m;
  void *block = m->event;
  const aus_status status = grow(r->ctx, &block, m->events, &r->room, sizeof *m->event);
  m->event = block;
  AUS_TRY(status);
  m->event[m->events++] = (aus_midi_event){ .tick = tick, .track = track, .status = status_byte, .data = { data[0], n > 1 ? data[1] : 0 } };
  return AUS_OK;
}

/* *done: the end of the track was among it. */
static aus_status read_meta(reader *r, cursor *c, int32_t track, int64_t tick, bool *done)
{
  uint32_t n;
  const uint8_t *type = take(c, 1), *p;
  if (!type || !number(c, &n) || !(p = take(c, n))) return bad(r, track, "a meta event runs over the track's end");
  *done = *type == 0x2f;
  if (*type == 0x03 && !r->m->track_name[track][0]) {
    const size_t keep = n < sizeof r->m->track_name[0] - 1 ? n : sizeof r->m->track_name[0] - 1;
    if (keep) memcpy(r->m->track_name[track], p, keep);
  }
  if (*type != 0x51) return AUS_OK;
  if (n != 3) return bad(r, track, "a tempo has three bytes");
  const uint32_t us = (uint32_t)p[0] << 16 | be16(p + 1);
  return us ? add_tempo(r, tick, us) : bad(r, track, "a tempo of no time at all");
}

/* The event whose first byte is already known; running: status that a data byte repeats, 0 for none. */
static aus_status read_event(reader *r, cursor *c, int32_t track, int64_t tick, uint8_t *running, bool *done)
{
  const uint8_t *first = take(c, 1);
  if (!first) return bad(r, track, "ends where an event should be");
  if (*first == 0xff) return read_meta(r, c, track, tick, done);
  if (*first == 0xf0 || *first == 0xf7) {
    uint32_t n;
    *running = 0;
    return number(c, &n) && take(c, n) ? AUS_OK : bad(r, track, "a system exclusive message runs over the track's end");
  }
  if (*first > 0xf0) return bad(r, track, "a system message that has no place in a file");
  if (*first >= 0x80) *running = *first;
  else c->p--, c->left++; /* it was data */
  if (!*running) return bad(r, track, "data without a status byte before it");
  const int n = (*running & 0xe0) == 0xc0 ? 1 : 2; /* program and channel pressure have one byte */
  const uint8_t *data = take(c, (size_t)n);
  if (!data) return bad(r, track, "ends inside a message");
  if ((data[0] | data[n - 1]) & 0x80) return bad(r, track, "a status byte where data should be");
  return add_event(r, track, tick, *running, data, n);
}

static aus_status read_track(reader *r, cursor c, int32_t track)
{
  int64_t tick = r->start;
  uint8_t running = 0;
  bool done = false;
  while (c.left > 0 && !done) {
    uint32_t delta;
    if (!number(&c, &delta)) return bad(r, track, "a time of more than four bytes, or cut short");
    tick += delta;
    AUS_TRY(read_event(r, &c, track, tick, &running, &done));
  }
  if (tick > r->end) r->end = tick;
  return AUS_OK;
}

static aus_status read_header(reader *r, cursor *c)
{
  const uint8_t *p = take(c, 14);
  aus_midi *m = r->m;
  if (!p || memcmp(p, "MThd", 4) != 0) return aus_fail(r->ctx, AUS_EFORMAT, "%s: not a MIDI file (it does not begin with MThd)", r->name);
  const uint32_t size = be32(p + 4), division = be16(p + 12);
  m->format = (int32_t)be16(p + 8);
  r->promised = m->tracks = (int32_t)be16(p + 10);
  if (size < 6 || !take(c, size - 6)) return aus_fail(r->ctx, AUS_EFORMAT, "%s: a header of %u bytes cannot be", r->name, (unsigned)size);
  if (m->format > 2) return aus_fail(r->ctx, AUS_ENOTSUP, "%s: MIDI file format %d; 0, 1 and 2 are known", r->name, (int)m->format);
  if (m->tracks == 0) return aus_fail(r->ctx, AUS_EFORMAT, "%s: has no tracks", r->name);
  if (m->format == 0 && m->tracks > 1) return aus_fail(r->ctx, AUS_EFORMAT, "%s: format 0 has one track, this says %d", r->name, (int)m->tracks);
  if (!(division & 0x8000)) {
    m->ticks_per_quarter = (int32_t)division;
    return division ? AUS_OK : aus_fail(r->ctx, AUS_EFORMAT, "%s: a quarter note of no ticks", r->name);
  }
  const int32_t frames = 256 - (int32_t)(division >> 8), per_frame = (int32_t)(division & 0xff);
  if ((frames != 24 && frames != 25 && frames != 29 && frames != 30) || per_frame == 0)
    return aus_fail(r->ctx, AUS_EFORMAT, "%s: %d SMPTE frames a second of %d ticks make no sense", r->name, (int)frames, (int)per_frame);
  m->ticks_per_second = (frames == 29 ? 30000.0 / 1001 : frames) * per_frame;
  return AUS_OK;
}

/* MThd may stand inside RIFF....RMID, in its chunk "data". */
static cursor unwrap(const uint8_t *p, size_t size)
{
  cursor c = { p, size };
  if (size < 20 || memcmp(p, "RIFF", 4) != 0 || memcmp(p + 8, "RMID", 4) != 0 || memcmp(p + 12, "data", 4) != 0) return c;
  const size_t inner = le32(p + 16);
  return (cursor){ p + 20, inner < size - 20 ? inner : size - 20 };
}

static aus_status read_chunks(reader *r, cursor c)
{
  AUS_TRY(read_header(r, &c));
  r->m->track_name = aus_alloc_zero(r->ctx, (size_t)r->m->tracks, sizeof *r->m->track_name);
  if (!r->m->track_name) return AUS_ENOMEM;
  for (int32_t track = 0, chunks = 0; track < r->promised; chunks++) {
    const uint8_t *h = take(&c, 8), *p;
    if (!h || chunks == MAX_CHUNKS) return aus_fail(r->ctx, AUS_EFORMAT, "%s: promises %d tracks, has %d", r->name, (int)r->promised, (int)track);
    const uint32_t size = be32(h + 4);
    if (!(p = take(&c, size))) return aus_fail(r->ctx, AUS_EFORMAT, "%s: truncated: a chunk of %u bytes begins %zu bytes before the end", r->name, (unsigned)size, c.left);
    if (memcmp(h, "MTrk", 4) != 0) continue;
    if (r->m->format == 2 && track > 0) {
      r->start = r->end;
      AUS_TRY(add_tempo(r, r->start, 500000)); /* a pattern starts with the default */
    }
    AUS_TRY(read_track(r, (cursor){ p, size }, track++));
  }
  return aus_midi_place(r->ctx, r->m, r->end);
}

aus_status aus_midi_parse(aus_ctx *ctx, const void *bytes, size_t size, const char *name, aus_midi *out)
{
  reader r = { .ctx = ctx, .name = name, .m = out };
  *out = (aus_midi){0};
  const aus_status status = read_chunks(&r, unwrap(bytes, size));
  if (status != AUS_OK) aus_midi_free(ctx, out);
  return status;
}

aus_status aus_midi_read(aus_ctx *ctx, const char *path, aus_midi *out)
{
  void *bytes;
  size_t size;
  *out = (aus_midi){0};
  AUS_TRY(aus_file_read(ctx, path, MAX_BYTES, &bytes, &size));
  const aus_status status = aus_midi_parse(ctx, bytes, size, path, out);
  aus_free(ctx, bytes);
  return status;
}

void aus_midi_free(aus_ctx *ctx, aus_midi *m)
{
  aus_free(ctx, m->event);
  aus_free(ctx, m->tempo);
  aus_free(ctx, m->track_name);
  *m = (aus_midi){0};
}
