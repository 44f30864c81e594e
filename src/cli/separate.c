/* separate.c - auscult separate: a sound into its sources, as files that add up to it. */
#include "cli/commands.h"
#include "cli/session.h"
#include "cli/sources.h"
#include "cli/wavs.h"

#include <auscult/sep.h>
#include <math.h>
#include <string.h>

static const cli_option options[] = {
  { "separator", 0, CLI_TEXT, "hpss|nmf[:N]|FILE.aus", "hpss", 0, 0, CLI_AT(separator), "harmonic and percussive by median filters, N atoms of a non-negative factorisation (without N: 8), or a network" },
  { "seed", 0, CLI_INTEGER, "S", "0", 0, 1e15, CLI_AT(seed), "nmf: where it starts from; the same seed gives the same parts" },
  { "out", 'o', CLI_TEXT, "DIR", NULL, 0, 0, CLI_AT(out), "folder for one WAV per source, 32-bit float, and the rest as residual.wav" },
  { "no-residual", 0, CLI_FLAG, "", NULL, 0, 0, CLI_AT(no_residual), "leave out what the sources do not hold" },
  CLI_ROW_RANGE,
  CLI_ROW_FORCE,
  CLI_ROW_COMMON,
  CLI_ROW_END
};

static double rms_db(const aus_audio *a)
{
  double sum = 0;
  const int64_t n = a->frames * a->channels;
  for (int64_t i = 0; i < n; i++) sum += (double)a->data[i] * a->data[i];
  return 10 * log10(sum / (double)n);
}

static int write_all(cli_session *cs, const aus_stems *stems)
{
  cli_names names = {0};
  int code = cli_make_dir(cs, cs->s->out);
  char path[CLI_PATH];
  for (int32_t i = 0; i < stems->n && code == CLI_DONE; i++) {
    cli_wav_path(&names, cs->s->out, stems->name[i], path);
    code = cli_check_free(cs, path);
  }
  names = (cli_names){0};
  for (int32_t i = 0; i < stems->n && code == CLI_DONE; i++) {
    cli_wav_path(&names, cs->s->out, stems->name[i], path);
    code = cli_write_wav(cs, path, &stems->stem[i]);
    if (code == CLI_DONE) printf("%s  %.1f dB\n", path, rms_db(&stems->stem[i]));
  }
  return code;
}

static int separate(cli_session *cs, const char *path)
{
  const aus_audio_range range = { .offset = cs->s->offset, .duration = cs->s->duration };
  aus_separator *separator = NULL;
  aus_audio in = {0};
  aus_stems stems = {0};
  int code = cli_open_separator(cs, cs->s->separator, &separator);
  if (code != CLI_DONE) return code;
  aus_status status = aus_audio_read(cs->ctx, path, &range, &in);
  if (status != AUS_OK) code = cli_fail(cs, CLI_READING, status);
  if (code == CLI_DONE) {
    status = aus_separator_run(separator, &in, !cs->s->no_residual, &stems);
    if (status != AUS_OK) code = cli_fail(cs, CLI_WORKING, status);
  }
  if (code == CLI_DONE) code = write_all(cs, &stems);
  aus_stems_free(cs->ctx, &stems);
  aus_audio_free(cs->ctx, &in);
  aus_separator_close(separator);
  return code;
}

static int run(cli_settings *s, int n, char **operand)
{
  cli_session cs;
  (void)n;
  int code = cli_session_open(&cs, s);
  if (code != CLI_DONE) return code;
  code = s->out ? separate(&cs, operand[0]) : cli_say(&cs, CLI_BAD_USAGE, "where to? give --out DIR");
  return cli_session_close(&cs, code == CLI_DONE ? cli_flush(&cs) : code);
}

const cli_command cli_separate = {
  .name = "separate", .operands = "AUDIO --out DIR [OPTION...]", .summary = "a sound into its sources, as files that add up to it",
  .about = "Writes one WAV per source at the rate and with the channels of AUDIO (- is standard input). With the residual,\n"
           "the files add up to the input.",
  .examples = "# harmonic, percussive and the rest\nauscult separate song.wav --out parts\n",
  .options = options, .min_operands = 1, .max_operands = 1, .run = run
};
