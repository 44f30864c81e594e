/* separate.c - auscult separate: a sound into its sources, as files that add up to it. */
#include "cli/commands.h"
#include "cli/sources.h"
#include "cli/split.h"

#include <math.h>
#include <string.h>

static const cli_option options[] = {
  { "separator", 0, CLI_TEXT, "hpss|nmf[:N]|oracle:MASK:DIR|FILE.aus", "hpss", 0, 0, CLI_AT(separator), "harmonic and percussive by median filters, N atoms of a non-negative factorisation (without N: 8), the masks of true stems in DIR (ibm, irm, wiener, tpsf), or a network" },
  { "wiener", 0, CLI_FLAG, "", NULL, 0, 0, CLI_AT(wiener), "a network that gives magnitudes (Spleeter's): a multichannel Wiener filter instead of ratio masks" },
  { "seed", 0, CLI_INTEGER, "S", "0", 0, 1e15, CLI_AT(seed), "nmf: where it starts from; the same seed gives the same parts" },
  { "out", 'o', CLI_TEXT, "DIR", NULL, 0, 0, CLI_AT(out), "folder for one WAV per source, 32-bit float, and the rest as residual.wav" },
  { "no-residual", 0, CLI_FLAG, "", NULL, 0, 0, CLI_AT(no_residual), "leave out what the sources do not hold" },
  { "reference", 0, CLI_TEXT, "DIR", NULL, 0, 0, CLI_AT(reference), "true stems by the same names: then a table says how near each estimate is (SI-SDR, SDR, SIR, SAR)" },
  { "json", 0, CLI_FLAG, "", NULL, 0, 0, CLI_AT(json), "with --reference: one JSON object instead of tables" },
  CLI_ROW_RANGE,
  CLI_ROW_FORCE,
  CLI_ROW_COMMON,
  CLI_ROW_END
};

static void print_levels(const cli_split *s)
{
  const double all = (double)s->frames * s->channels;
  for (int32_t i = 0; i < s->n; i++) printf("%s  %.1f dB\n", s->path[i], 10 * log10(s->square[i] / all));
}

static int separate(cli_session *cs, const char *path)
{
  aus_separator *separator = NULL;
  cli_split split = { 0 };
  int code = cli_open_separator(cs, cs->s->separator, &separator);
  if (code != CLI_DONE) return code;
  const aus_status status = cs->s->wiener ? aus_separator_wiener(separator, 1) : AUS_OK;
  if (status != AUS_OK) code = cli_fail(cs, CLI_OPENING, status);
  if (code == CLI_DONE) code = cli_split_run(cs, path, separator, &split);
  if (code == CLI_DONE && !cs->s->json) print_levels(&split);
  if (code == CLI_DONE && cs->s->reference) code = cli_split_judge(cs, path, aus_separator_describe(separator), &split);
  cli_split_free(cs, &split);
  aus_separator_close(separator);
  return code;
}

static int check(cli_session *cs, const char *path)
{
  if (!cs->s->out) return cli_say(cs, CLI_BAD_USAGE, "where to? give --out DIR");
  if (cs->s->json && !cs->s->reference) return cli_say(cs, CLI_BAD_USAGE, "--json prints what --reference DIR finds: give that too");
  if (cs->s->reference && strcmp(path, "-") == 0) return cli_say(cs, CLI_BAD_USAGE, "--reference reads the sound twice: give a file, not a pipe");
  return CLI_DONE;
}

static int run(cli_settings *s, int n, char **operand)
{
  cli_session cs;
  (void)n;
  int code = cli_session_open(&cs, s);
  if (code != CLI_DONE) return code;
  code = check(&cs, operand[0]);
  if (code == CLI_DONE) code = separate(&cs, operand[0]);
  return cli_session_close(&cs, code == CLI_DONE ? cli_flush(&cs) : code);
}

const cli_command cli_separate = {
  .name = "separate", .operands = "AUDIO --out DIR [OPTION...]", .summary = "a sound into its sources, as files that add up to it",
  .about = "Writes one WAV per source at the rate and with the channels of AUDIO (- is standard input). With the residual,\n"
           "the files add up to the input. Memory does not grow with the length of AUDIO (but for nmf, oracle masks and pipes).",
  .examples = "# harmonic, percussive and the rest\nauscult separate song.wav --out parts\n",
  .options = options, .min_operands = 1, .max_operands = 1, .run = run
};
