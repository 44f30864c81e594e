/* test_midi_write.c - notes written and read again; a roll as notes. test_midi_write FILE.mid writes the notes that
 * tests/exports/read_midi.py expects. */
#include "test.h"

#include <auscult/midi.h>
#include <unistd.h>

/* Two channels, a chord, a repeated key without a gap, one of no length. */
static const aus_midi_note notes[] = {
  { .onset = 0, .offset = 0.5, .pitch = 60, .velocity = 100 },
  { .onset = 0, .offset = 0.25, .pitch = 64, .velocity = 1 },
  { .onset = 0.5, .offset = 1.75, .pitch = 60, .velocity = 127 },
  { .onset = 0.75, .offset = 61.25, .pitch = 36, .velocity = 80, .channel = 3, .program = 33 },
  { .onset = 1, .offset = 1.125, .pitch = 38, .velocity = 90, .channel = 9, .drum = 1 },
  { .onset = 2, .offset = 2, .pitch = 72, .velocity = 50 },
};
enum { NOTES = sizeof notes / sizeof *notes };

static void round_trip(void **state)
{
  (void)state;
  aus_ctx *ctx = test_ctx(1);
  char path[64];
  snprintf(path, sizeof path, "test_midi_write.%ld.mid", (long)getpid());
  assert_ok(ctx, aus_midi_write(ctx, path, notes, NOTES, 1));
  assert_int_equal(aus_midi_write(ctx, path, notes, NOTES, 0), AUS_EEXIST);
  aus_midi m;
  aus_midi_note *got;
  int64_t n;
  assert_ok(ctx, aus_midi_read(ctx, path, &m));
  assert_ok(ctx, aus_midi_notes(ctx, &m, 0, &got, &n));
  assert_int_equal(n, NOTES);
  for (int i = 0; i < NOTES; i++) {
    assert_near(got[i].onset, notes[i].onset, 0.3e-3);
    assert_near(got[i].offset, i == NOTES - 1 ? notes[i].offset + 1 / 1920.0 : notes[i].offset, 0.3e-3);
    assert_int_equal(got[i].pitch, notes[i].pitch);
    assert_int_equal(got[i].velocity, notes[i].velocity);
    assert_int_equal(got[i].channel, notes[i].channel);
    assert_int_equal(got[i].program, notes[i].program);
    assert_int_equal(got[i].drum, notes[i].drum);
  }
  aus_midi_notes_free(ctx, got);
  aus_midi_free(ctx, &m);
  assert_ok(ctx, aus_midi_write(ctx, path, NULL, 0, 1)); /* nothing sounds: still a file */
  assert_ok(ctx, aus_midi_read(ctx, path, &m));
  assert_int_equal(m.events, 0);
  aus_midi_free(ctx, &m);
  unlink(path);
  const aus_midi_note wrong[3] = { { .offset = 1, .pitch = 200 }, { .onset = 2, .offset = 1 }, { .onset = NAN } };
  for (int i = 0; i < 3; i++) assert_int_equal(aus_midi_write(ctx, path, wrong + i, 1, 1), AUS_EINVAL);
  assert_int_equal(access(path, F_OK), -1);
  aus_ctx_destroy(ctx);
}

static void a_roll(void **state)
{
  (void)state;
  aus_ctx *ctx = test_ctx(1);
  const float roll[6][3] = { { 0, 1, 0 }, { 0.6f, 1, 0 }, { 0.75f, 0.4f, 0 }, { 0, 0.5f, 0 }, { 0, 0, 2 }, { 0, 0, 2 } };
  aus_midi_note *got;
  int64_t n;
  assert_ok(ctx, aus_midi_from_roll(ctx, roll[0], 6, 3, 21, 0.01, 0.5, &got, &n));
  assert_int_equal(n, 4);
  static const struct { double on, off; int pitch, velocity; } want[4] = { { 0, 0.02, 22, 127 }, { 0.01, 0.03, 21, 64 }, { 0.03, 0.04, 22, 1 }, { 0.04, 0.06, 23, 127 } };
  for (int i = 0; i < 4; i++) {
    assert_near(got[i].onset, want[i].on, 1e-12);
    assert_near(got[i].offset, want[i].off, 1e-12);
    assert_int_equal(got[i].pitch, want[i].pitch);
    assert_int_equal(got[i].velocity, want[i].velocity);
  }
  aus_midi_notes_free(ctx, got);
  assert_int_equal(aus_midi_from_roll(ctx, roll[0], 6, 3, 126, 0.01, 0.5, &got, &n), AUS_EINVAL);
  aus_ctx_destroy(ctx);
}

int main(int argc, char **argv)
{
  const struct CMUnitTest tests[] = { cmocka_unit_test(round_trip), cmocka_unit_test(a_roll) };
  if (argc > 1) {
    aus_ctx *ctx = test_ctx(1);
    const aus_status status = aus_midi_write(ctx, argv[1], notes, NOTES, 1);
    aus_ctx_destroy(ctx);
    return status != AUS_OK;
  }
  return cmocka_run_group_tests(tests, NULL, NULL);
}
