/* test_midi.c - MIDI files made by hand, madmom's sustained notes, and files that are wrong. (Every file of data/midi against an
 * independent reader: tests/cli/midi.sh.) */
#include "test.h"

#include <auscult/midi.h>

#define COUNT(a) ((int)(sizeof(a) / sizeof *(a)))

/* A file being put together: header, then tracks. */
typedef struct file { uint8_t b[1024]; size_t n, track; } file;

static void put(file *f, int n, const int *bytes) { for (int i = 0; i < n; i++) f->b[f->n++] = (uint8_t)bytes[i]; }
#define PUT(f, ...) put((f), COUNT(((const int[]){ __VA_ARGS__ })), (const int[]){ __VA_ARGS__ })

static file head(int format, int tracks, int division)
{
  file f = { .n = 0 };
  PUT(&f, 'M', 'T', 'h', 'd', 0, 0, 0, 6, 0, format, 0, tracks, division >> 8 & 255, division & 255);
  return f;
}

static void begin(file *f) { f->track = f->n; PUT(f, 'M', 'T', 'r', 'k', 0, 0, 0, 0); }
static void end(file *f)
{
  PUT(f, 0, 0xff, 0x2f, 0);
  const size_t size = f->n - f->track - 8;
  f->b[f->track + 6] = (uint8_t)(size >> 8);
  f->b[f->track + 7] = (uint8_t)size;
}

static aus_midi_note *notes_of(aus_ctx *ctx, const file *f, int flags, int64_t *n, double *seconds)
{
  aus_midi m;
  aus_midi_note *note;
  assert_ok(ctx, aus_midi_parse(ctx, f->b, f->n, "test", &m));
  assert_ok(ctx, aus_midi_notes(ctx, &m, flags, &note, n));
  if (seconds) *seconds = m.seconds;
  aus_midi_free(ctx, &m);
  return note;
}

static void assert_note(const aus_midi_note *e, double onset, double offset, int pitch, int velocity, int channel, int program)
{
  assert_near(e->onset, onset, 1e-12);
  assert_near(e->offset, offset, 1e-12);
  assert_int_equal(e->pitch, pitch);
  assert_int_equal(e->velocity, velocity);
  assert_int_equal(e->channel, channel);
  assert_int_equal(e->program, program);
  assert_int_equal(e->drum, channel == 9);
}

/* Running status, a note-on of velocity 0, a long delta, a program, system exclusive, a name. */
static void plain(void **state)
{
  (void)state;
  aus_ctx *ctx = test_ctx(1);
  file f = head(0, 1, 480);
  begin(&f);
  PUT(&f, 0, 0xff, 3, 3, 'A', 'b', 'c', 0, 0xf0, 2, 1, 0xf7, 0, 0xc2, 25);
  PUT(&f, 0, 0x92, 60, 100, 0x83, 0x60, 60, 0, 0, 64, 90, 0x83, 0x60, 0x82, 64, 1); /* 0x83 0x60: 480 ticks, half a second */
  end(&f);
  int64_t n;
  double seconds;
  aus_midi_note *note = notes_of(ctx, &f, 0, &n, &seconds);
  assert_int_equal(n, 2);
  assert_note(&note[0], 0, 0.5, 60, 100, 2, 25);
  assert_note(&note[1], 0.5, 1, 64, 90, 2, 25);
  assert_near(seconds, 1, 1e-12);
  aus_midi_notes_free(ctx, note);
  aus_midi m;
  assert_ok(ctx, aus_midi_parse(ctx, f.b, f.n, "test", &m));
  assert_string_equal(m.track_name[0], "Abc");
  assert_int_equal(m.ticks_per_quarter, 480);
  aus_midi_free(ctx, &m);
  aus_ctx_destroy(ctx);
}

/* A tempo in the first track counts for the second, from its tick on, inside a note too. */
static void tempi(void **state)
{
  (void)state;
  aus_ctx *ctx = test_ctx(1);
  file f = head(1, 2, 100);
  begin(&f);
  PUT(&f, 0, 0xff, 0x51, 3, 0x0f, 0x42, 0x40, 100, 0xff, 0x51, 3, 0x03, 0xd0, 0x90); /* a second a quarter, after one quarter 0.25 */
  end(&f);
  begin(&f);
  PUT(&f, 50, 0x99, 36, 1, 100, 36, 0, 100, 36, 2, 100, 0x89, 36, 0);
  end(&f);
  int64_t n;
  aus_midi_note *note = notes_of(ctx, &f, 0, &n, NULL);
  assert_int_equal(n, 2);
  assert_note(&note[0], 0.5, 1.125, 36, 1, 9, 0);
  assert_note(&note[1], 1.375, 1.625, 36, 2, 9, 0);
  assert_int_equal(note[1].track, 1);
  aus_midi_notes_free(ctx, note);
  aus_ctx_destroy(ctx);
}

/* Frames: 25 a second of 40 ticks are milliseconds; 29 means 29.97; a tempo does nothing. */
static void smpte(void **state)
{
  (void)state;
  aus_ctx *ctx = test_ctx(1);
  static const struct { int division; double tick; } cases[] = { { 0xe728, 0.001 }, { 0xe802, 1 / 48.0 }, { 0xe264, 1 / 3000.0 }, { 0xe364, 1001.0 / 3000000 } };
  for (int i = 0; i < COUNT(cases); i++) {
    file f = head(0, 1, cases[i].division);
    begin(&f);
    PUT(&f, 0, 0xff, 0x51, 3, 1, 1, 1, 100, 0x90, 60, 9, 50, 0x80, 60, 0);
    end(&f);
    int64_t n;
    aus_midi_note *note = notes_of(ctx, &f, 0, &n, NULL);
    assert_int_equal(n, 1);
    assert_note(&note[0], 100 * cases[i].tick, 150 * cases[i].tick, 60, 9, 0, 0);
    aus_midi_notes_free(ctx, note);
  }
  aus_ctx_destroy(ctx);
}

/* Patterns of format 2 follow one another, each beginning at 120 quarters a minute. */
static void patterns(void **state)
{
  (void)state;
  aus_ctx *ctx = test_ctx(1);
  file f = head(2, 2, 100);
  begin(&f);
  PUT(&f, 0, 0xff, 0x51, 3, 0x0f, 0x42, 0x40, 0, 0x90, 60, 5, 100, 60, 0); /* one second */
  end(&f);
  begin(&f);
  PUT(&f, 100, 0x91, 61, 6, 100, 61, 0);
  end(&f);
  int64_t n;
  double seconds;
  aus_midi_note *note = notes_of(ctx, &f, 0, &n, &seconds);
  assert_int_equal(n, 2);
  assert_note(&note[0], 0, 1, 60, 5, 0, 0);
  assert_note(&note[1], 1.5, 2, 61, 6, 1, 0);
  assert_near(seconds, 2, 1e-12);
  aus_midi_notes_free(ctx, note);
  aus_ctx_destroy(ctx);
}

/* One key twice, a pedal, another channel: what each rule makes of it. 100 ticks are half a second. */
static void rules(void **state)
{
  (void)state;
  aus_ctx *ctx = test_ctx(1);
  file f = head(0, 1, 100);
  begin(&f);
  PUT(&f, 0, 0x90, 60, 1, 100, 60, 2, 100, 0x80, 60, 0);              /* struck at 0 and 0.5, up at 1 */
  PUT(&f, 0, 0xb0, 64, 64, 0, 0x90, 62, 3, 100, 62, 0, 100, 0x91, 62, 4); /* pedal at 1; 62 from 1 to 1.5; on channel 2 from 2 */
  PUT(&f, 100, 0xb0, 64, 63, 100, 0x81, 62, 0, 0, 0x90, 65, 5);          /* pedal up at 2.5; channel 2 up at 3; 65 never */
  end(&f);
  static const struct { int flags; int64_t n; double end[5]; } cases[] = {
    { 0, 5, { 0.5, 1, 1.5, 3, 3 } },
    { AUS_MIDI_SUSTAIN, 5, { 0.5, 2.5, 2.5, 3, 3 } }, /* 60 came up at the moment the pedal went down: held */
    { AUS_MIDI_SUSTAIN | AUS_MIDI_CUT, 5, { 0.5, 2.5, 2, 3, 3 } },
    { AUS_MIDI_FORGET, 3, { 1, 1.5, 3 } },
  };
  for (int i = 0; i < COUNT(cases); i++) {
    int64_t n;
    aus_midi_note *note = notes_of(ctx, &f, cases[i].flags, &n, NULL);
    assert_int_equal(n, cases[i].n);
    for (int k = 0; k < n; k++) assert_near(note[k].offset, cases[i].end[k], 1e-12);
    aus_midi_notes_free(ctx, note);
  }
  aus_ctx_destroy(ctx);
}

/* Files with one thing wrong are refused by name. */
static void refused(void **state)
{
  (void)state;
  aus_ctx *ctx = test_ctx(1);
  static const struct { int n, bytes[16]; const char *says; } cases[] = {
    { 4, { 0, 60, 1, 0 }, "status byte before" },
    { 3, { 0, 0x90, 60 }, "ends inside a message" },
    { 4, { 0, 0x90, 60, 0x80 }, "where data should be" },
    { 2, { 0, 0xf4 }, "has no place in a file" },
    { 1, { 0 }, "ends where an event should be" },
    { 5, { 0x80, 0x80, 0x80, 0x80, 0 }, "more than four bytes" },
    { 6, { 0, 0xff, 1, 100, 'a', 'b' }, "runs over the track's end" },
    { 4, { 0, 0xf0, 0xff, 0x7f }, "runs over the track's end" },
    { 7, { 0, 0xff, 0x51, 3, 0, 0, 0 }, "no time at all" },
    { 6, { 0, 0xff, 0x51, 2, 1, 0 }, "three bytes" },
    { 8, { 0, 0x90, 60, 1, 0, 0xf0, 0, 0 }, "ends where" },
  };
  aus_midi m;
  for (int i = 0; i < COUNT(cases); i++) {
    file f = head(0, 1, 96);
    begin(&f);
    put(&f, cases[i].n, cases[i].bytes);
    f.b[f.track + 7] = (uint8_t)cases[i].n;
    assert_int_equal(aus_midi_parse(ctx, f.b, f.n, "test", &m), AUS_EFORMAT);
    if (!strstr(aus_ctx_error(ctx), cases[i].says)) fail_msg("case %d says: %s", i, aus_ctx_error(ctx));
    assert_null(m.event);
  }
  static const struct { int at, value; aus_status status; } bytes[] = { { 0, 'X', AUS_EFORMAT }, { 7, 5, AUS_EFORMAT }, { 9, 3, AUS_ENOTSUP }, { 11, 0, AUS_EFORMAT },
                                                                        { 11, 2, AUS_EFORMAT }, { 13, 0, AUS_EFORMAT }, { 12, 0xe0, AUS_EFORMAT }, { 20, 9, AUS_EFORMAT } };
  for (int i = 0; i < COUNT(bytes); i++) {
    file f = head(0, 1, 96);
    begin(&f);
    end(&f);
    assert_ok(ctx, aus_midi_parse(ctx, f.b, f.n, "test", &m));
    aus_midi_free(ctx, &m);
    f.b[bytes[i].at] = (uint8_t)bytes[i].value;
    assert_int_equal(aus_midi_parse(ctx, f.b, f.n, "test", &m), bytes[i].status);
  }
  for (size_t n = 0; n < 22; n++) { /* cut anywhere */
    file f = head(0, 1, 96);
    begin(&f);
    end(&f);
    assert_int_equal(aus_midi_parse(ctx, f.b, n, "test", &m), AUS_EFORMAT);
  }
  aus_ctx_destroy(ctx);
}

/* madmom's own sustained notes of its three test files. */
static void madmom(void **state)
{
  (void)state;
  static const char *const name[] = { "stereo_sample", "stereo_sample_sustained", "piano_sample" };
  aus_ctx *ctx = test_ctx(1);
  for (int i = 0; i < COUNT(name); i++) {
    char path[512];
    aus_midi m;
    aus_midi_note *note;
    int64_t n, k = 0;
    double v[5];
    snprintf(path, sizeof path, SHARED_DATA "/midi/golden/%s.sustained_notes.txt", name[i]);
    FILE *f = fopen(path, "r");
    if (!f) { print_message("skipped: no %s\n", path); aus_ctx_destroy(ctx); skip(); }
    snprintf(path, sizeof path, SHARED_DATA "/midi/madmom_test/annotations/%s.mid", name[i]);
    assert_ok(ctx, aus_midi_read(ctx, path, &m));
    assert_ok(ctx, aus_midi_notes(ctx, &m, AUS_MIDI_SUSTAIN | AUS_MIDI_CUT | AUS_MIDI_FORGET, &note, &n));
    for (; fscanf(f, "%lf%lf%lf%lf%lf", v, v + 1, v + 2, v + 3, v + 4) == 5; k++) {
      assert_true(k < n);
      assert_near(note[k].onset, v[0], 1e-8);
      assert_near(note[k].offset - note[k].onset, v[2], 1e-8);
      assert_int_equal(note[k].pitch, (int)v[1]);
      assert_int_equal(note[k].velocity, (int)v[3]);
      assert_int_equal(note[k].channel, (int)v[4]);
    }
    assert_int_equal(k, n);
    fclose(f);
    aus_midi_notes_free(ctx, note);
    aus_midi_free(ctx, &m);
  }
  aus_ctx_destroy(ctx);
}

static void names(void **state)
{
  (void)state;
  assert_string_equal(aus_midi_program_name(0), "acoustic grand piano");
  assert_string_equal(aus_midi_program_name(30), "distortion guitar");
  assert_string_equal(aus_midi_program_name(127), "gunshot");
  assert_string_equal(aus_midi_program_name(128), "");
  assert_string_equal(aus_midi_family_name(31), "guitar");
  assert_string_equal(aus_midi_family_name(39), "bass");
  assert_string_equal(aus_midi_family_name(-1), "");
}

int main(void)
{
  const struct CMUnitTest tests[] = { cmocka_unit_test(plain), cmocka_unit_test(tempi), cmocka_unit_test(smpte), cmocka_unit_test(patterns),
                                      cmocka_unit_test(rules), cmocka_unit_test(refused), cmocka_unit_test(madmom), cmocka_unit_test(names) };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
