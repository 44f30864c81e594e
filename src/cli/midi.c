/* midi.c - auscult midi: what a MIDI file plays, as a table of programs or a list of notes. */
#include "cli/commands.h"
#include "cli/session.h"
#include "cli/table.h"

#include <auscult/midi.h>
#include <inttypes.h>
#include <string.h>

static const cli_option options[] = {
  { "notes", 0, CLI_FLAG, "", NULL, 0, 0, CLI_AT(midi.notes), "list every note: onset, offset (seconds), pitch, velocity, channel, program" },
  { "no-sustain", 0, CLI_FLAG, "", NULL, 0, 0, CLI_AT(midi.dry), "notes end when the key comes up, whatever the pedal says" },
  { "overlap", 0, CLI_FLAG, "", NULL, 0, 0, CLI_AT(midi.overlap), "a pitch struck anew does not end the one before" },
  CLI_ROW_JSON,
  CLI_ROW_COMMON,
  CLI_ROW_END
};

typedef struct job {
  cli_session *cs;
  const char *path;
  aus_midi midi;
  aus_midi_note *note;
  int64_t n;
} job;

/* What one program plays on one channel. */
typedef struct part { int64_t notes; int low, high; double from, to; } part;

static part find_part(const job *j, int channel, int program)
{
  part p = { .low = 128 };
  for (int64_t i = 0; i < j->n; i++) {
    const aus_midi_note *e = &j->note[i];
    if (e->channel != channel || e->program != program) continue;
    if (p.notes++ == 0) p.from = e->onset;
    if (e->pitch < p.low) p.low = e->pitch;
    if (e->pitch > p.high) p.high = e->pitch;
    if (e->offset > p.to) p.to = e->offset;
  }
  return p;
}

static const char *program_name(int channel, int program) { return channel == 9 ? "drums" : aus_midi_program_name(program); }

/* Calls fn for each program that plays, by channel; seen first, so that a large file is not walked 2048 times. */
static void each_part(const job *j, aus_json *o, void (*fn)(aus_json *o, int channel, int program, const part *p))
{
  bool seen[16][128] = {{0}};
  for (int64_t i = 0; i < j->n; i++) seen[j->note[i].channel][j->note[i].program] = true;
  for (int c = 0; c < 16; c++)
    for (int g = 0; g < 128; g++) {
      if (!seen[c][g]) continue;
      const part p = find_part(j, c, g);
      fn(o, c, g, &p);
    }
}

static void pitch_name(int pitch, char text[8])
{
  static const char *const name[12] = { "C", "C#", "D", "D#", "E", "F", "F#", "G", "G#", "A", "A#", "B" };
  snprintf(text, 8, "%s%d", name[pitch % 12], (pitch & 127) / 12 - 1);
}

static void print_part(aus_json *o, int channel, int program, const part *p)
{
  char low[8], high[8];
  (void)o;
  pitch_name(p->low, low);
  pitch_name(p->high, high);
  printf("%7d %7d  ", channel + 1, program + 1);
  cli_pad(program_name(channel, program), 24);
  printf("%8" PRId64 "  %4s to %-4s %9.2f %9.2f\n", p->notes, low, high, p->from, p->to);
}

static void json_part(aus_json *o, int channel, int program, const part *p)
{
  aus_json_flat_object(o, NULL);
  aus_json_integer(o, "channel", channel + 1);
  aus_json_integer(o, "program", program + 1);
  aus_json_string(o, "name", program_name(channel, program));
  aus_json_string(o, "family", channel == 9 ? "drums" : aus_midi_family_name(program));
  aus_json_integer(o, "notes", p->notes);
  aus_json_integer(o, "lowest", p->low);
  aus_json_integer(o, "highest", p->high);
  aus_json_real(o, "from", p->from);
  aus_json_real(o, "to", p->to);
  aus_json_close(o);
}

static void print_head(const job *j)
{
  const aus_midi *m = &j->midi;
  cli_put(j->path);
  printf(": format %d, %d track%s, %.2f s, %" PRId64 " notes", (int)m->format, (int)m->tracks, m->tracks == 1 ? "" : "s", m->seconds, j->n);
  if (m->ticks_per_quarter == 0) printf(", %.6g SMPTE ticks a second\n", m->ticks_per_second);
  else printf(", %.5g beats a minute%s\n", 6e7 / (m->tempos ? m->tempo[0].us_per_quarter : 500000), m->tempos > 1 ? " at first" : "");
}

static int print_table(const job *j)
{
  print_head(j);
  if (j->cs->s->midi.notes) {
    printf("%10s %10s %6s %9s %8s %8s\n", "onset", "offset", "pitch", "velocity", "channel", "program");
    for (int64_t i = 0; i < j->n; i++) {
      const aus_midi_note *e = &j->note[i];
      printf("%10.4f %10.4f %6d %9d %8d %8d\n", e->onset, e->offset, e->pitch, e->velocity, e->channel + 1, e->program + 1);
    }
    return CLI_DONE;
  }
  printf("channel program  %-24s %7s  %-12s %9s %9s\n", "", "notes", "pitches", "from", "to");
  each_part(j, NULL, print_part);
  return CLI_DONE;
}

static void json_notes(const job *j, aus_json *o)
{
  aus_json_array(o, "notes");
  for (int64_t i = 0; i < j->n; i++) {
    const aus_midi_note *e = &j->note[i];
    aus_json_flat_object(o, NULL);
    aus_json_real(o, "onset", e->onset);
    aus_json_real(o, "offset", e->offset);
    aus_json_integer(o, "pitch", e->pitch);
    aus_json_integer(o, "velocity", e->velocity);
    aus_json_integer(o, "channel", e->channel + 1);
    aus_json_integer(o, "program", e->program + 1);
    aus_json_integer(o, "track", e->track);
    aus_json_close(o);
  }
  aus_json_close(o);
}

static int print_json(const job *j)
{
  const aus_midi *m = &j->midi;
  aus_json o;
  aus_json_init(&o, j->cs->ctx);
  aus_json_object(&o, NULL);
  aus_json_string(&o, "schema", "auscult.midi/1");
  aus_json_string(&o, "path", j->path);
  aus_json_integer(&o, "format", m->format);
  aus_json_real(&o, "seconds", m->seconds);
  aus_json_flat_array(&o, "tracks");
  for (int32_t i = 0; i < m->tracks; i++) aus_json_string(&o, NULL, m->track_name[i]);
  aus_json_close(&o);
  aus_json_array(&o, "tempi");
  for (int32_t i = 0; i < m->tempos; i++) {
    aus_json_flat_object(&o, NULL);
    aus_json_real(&o, "from", m->tempo[i].seconds);
    aus_json_real(&o, "beats_per_minute", 6e7 / m->tempo[i].us_per_quarter);
    aus_json_close(&o);
  }
  aus_json_close(&o);
  aus_json_array(&o, "parts");
  each_part(j, &o, json_part);
  aus_json_close(&o);
  if (j->cs->s->midi.notes) json_notes(j, &o);
  aus_json_close(&o);
  const int code = cli_print_json(j->cs, &o);
  aus_json_free(&o);
  return code;
}

static int run(cli_settings *s, int n, char **operand)
{
  cli_session cs;
  (void)n;
  int code = cli_session_open(&cs, s);
  if (code != CLI_DONE) return code;
  job j = { .cs = &cs, .path = operand[0] };
  const int flags = (s->midi.dry ? 0 : AUS_MIDI_SUSTAIN) | (s->midi.overlap ? 0 : AUS_MIDI_CUT);
  aus_status status = aus_midi_read(cs.ctx, j.path, &j.midi);
  if (status == AUS_OK) status = aus_midi_notes(cs.ctx, &j.midi, flags, &j.note, &j.n);
  if (status != AUS_OK) code = cli_fail(&cs, CLI_READING, status);
  else code = s->json ? print_json(&j) : print_table(&j);
  aus_midi_notes_free(cs.ctx, j.note);
  aus_midi_free(cs.ctx, &j.midi);
  return cli_session_close(&cs, code == CLI_DONE ? cli_flush(&cs) : code);
}

const cli_command cli_midi = {
  .name = "midi", .operands = "FILE.mid [OPTION...]", .summary = "which notes a MIDI file plays, when, and on what",
  .about = "Reads a Standard MIDI File of format 0, 1 or 2 and prints which program plays how many notes on which channel, or\n"
           "every note in seconds, tempo changes and the sustain pedal counted in. Channels and programs count from 1, as\n"
           "General MIDI's tables do; channel 10 is the drums. \"-\" is standard input.",
  .examples = "# what plays?\nauscult midi song.mid\n"
              "# every note, as JSON\nauscult midi song.mid --notes --json\n",
  .options = options, .min_operands = 1, .max_operands = 1, .run = run
};
