/* fuzz_midi.c - the reader of MIDI files, fed anything; of what it accepts, time runs forward and every note ends after it begins. */
#include "fuzz/fuzz.h"

#include <auscult/midi.h>
#include <stdlib.h>

static void check(const aus_midi *m)
{
  for (int64_t i = 0; i < m->events; i++) {
    const aus_midi_event *e = &m->event[i];
    if (!(e->seconds >= 0) || e->seconds > m->seconds || e->track < 0 || e->track >= m->tracks || !(e->status & 0x80) || (e->data[0] | e->data[1]) & 0x80) abort();
    if (i > 0 && (e->tick < e[-1].tick || e->seconds < e[-1].seconds)) abort();
  }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
  const aus_config config = { .threads = 1 };
  aus_ctx *ctx;
  aus_midi m;
  if (aus_ctx_create(&ctx, &config) != AUS_OK) return 0;
  if (aus_midi_parse(ctx, data, size, "fuzz", &m) == AUS_OK) {
    check(&m);
    for (int flags = 0; flags < 8; flags++) {
      aus_midi_note *note;
      int64_t n;
      if (aus_midi_notes(ctx, &m, flags, &note, &n) != AUS_OK || n > m.events) abort();
      for (int64_t i = 0; i < n; i++)
        if (!(note[i].offset >= note[i].onset) || note[i].offset > m.seconds || (i > 0 && note[i].onset < note[i - 1].onset)) abort();
      aus_midi_notes_free(ctx, note);
    }
    aus_midi_free(ctx, &m);
  }
  aus_ctx_destroy(ctx);
  return 0;
}
