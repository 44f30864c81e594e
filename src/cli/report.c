/* report.c - auscult report: a page made again from a saved result, so that looks can change without computing. */
#include "cli/commands.h"
#include "cli/exports.h"
#include "cli/page.h"
#include "report/saved.h"

static const cli_option options[] = {
  { "out", 'o', CLI_TEXT, "PAGE.html", NULL, 0, 0, CLI_AT(out), "the page to write" },
  { "parts", 0, CLI_TEXT, "DIR", NULL, 0, 0, CLI_AT(stems), "the folder that explain --out wrote; without it, where the result says" },
  CLI_ROW_REPORT_AUDIO,
  CLI_ROW_EXPORTS,
  CLI_ROW_FORCE,
  CLI_ROW_COMMON,
  CLI_ROW_END
};

static int make_page(cli_session *cs, const char *path)
{
  aus_saved *saved = aus_alloc_zero(cs->ctx, 1, sizeof *saved);
  if (!saved) return cli_fail(cs, CLI_READING, AUS_ENOMEM);
  const aus_status status = aus_saved_read(cs->ctx, path, cs->s->stems, saved);
  int code = status == AUS_OK ? CLI_DONE : cli_fail(cs, CLI_READING, status);
  if (code == CLI_DONE && cs->s->out && !saved->folder) cli_remark(cs, "%s: the sound is not there, the page has none (explain --out DIR keeps it, --parts DIR finds it)", path);
  if (code == CLI_DONE && cs->s->out) code = cli_write_page(cs, &saved->report, cs->s->out);
  if (code == CLI_DONE) code = cli_write_exports(cs, &saved->report);
  aus_saved_free(saved);
  aus_free(cs->ctx, saved);
  return code;
}

static int run(cli_settings *s, int n, char **operand)
{
  cli_session cs;
  (void)n;
  int code = cli_session_open(&cs, s);
  if (code != CLI_DONE) return code;
  if (!s->out && !s->exports.n && !s->svg && !s->png) code = cli_say(&cs, CLI_BAD_USAGE, "what to write? --out PAGE.html, --export, --svg or --png");
  if (code == CLI_DONE && s->out) code = cli_check_free(&cs, s->out);
  if (code == CLI_DONE) code = cli_check_exports(&cs);
  if (code == CLI_DONE) code = make_page(&cs, operand[0]);
  return cli_session_close(&cs, code);
}

const cli_command cli_report = {
  .name = "report",
  .operands = "RESULT.json [--out PAGE.html] [OPTION...]",
  .summary = "a page made again from a saved result",
  .about =
    "Reads what auscult explain --json printed, or the result.json in the folder of its --out, and writes the page that\n"
    "--report would have written. Sound and pictures come from that folder; without it the page has numbers, charts\n"
    "and the desk's switches, but nothing to hear.",
  .examples = "# everything is in the folder\nauscult report parts/result.json --out song.html\n"
              "# labels for Audacity, charts for a paper\nauscult report parts/result.json --export audacity=song.txt --svg charts\n"
              "# numbers only\nauscult explain song.wav -m tagger.aus --json >song.json && auscult report song.json --out song.html\n",
  .options = options, .min_operands = 1, .max_operands = 1, .run = run
};
