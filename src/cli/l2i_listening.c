/* l2i_listening.c - auscult l2i listening-test: a page that asks people, blinded; and what they answered. */
#include "cli/commands.h"
#include "cli/session.h"
#include "cli/table.h"
#include "report/listening.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

static const cli_option options[] = {
  { "out", 'o', CLI_TEXT, "PAGE.html", NULL, 0, 0, CLI_AT(out), "the page; its key is written beside it as PAGE.key.tsv" },
  { "title", 0, CLI_TEXT, "TEXT", "Listening test", 0, 0, CLI_AT(listening.title), "what listeners read at the top" },
  { "as-is", 0, CLI_FLAG, "", NULL, 0, 0, CLI_AT(listening.as_is), "leave loudness alone; without it every interpretation is as loud as its input" },
  { "seed", 0, CLI_INTEGER, "S", "1", 0, 1e15, CLI_AT(seed), "of codes and orders" },
  { "score", 0, CLI_TEXT, "PAGE.key.tsv", NULL, 0, 0, CLI_AT(listening.key), "tell what people answered: FILE... are the answers they saved" },
  CLI_ROW_FORCE,
  CLI_ROW_COMMON,
  CLI_ROW_END
};

enum { MOST_ANSWERS = 1000 };

/* ---- making a page ---------------------------------------------------------------------------------------- */

static int make(cli_session *cs, const char *path)
{
  const cli_settings *s = cs->s;
  const char *slash = strrchr(path, '/');
  const size_t stem = s->out && strlen(s->out) > 5 && strcmp(s->out + strlen(s->out) - 5, ".html") == 0 ? strlen(s->out) - 5 : s->out ? strlen(s->out) : 0;
  aus_table trials;
  if (!s->out) return cli_say(cs, CLI_BAD_USAGE, "--out PAGE.html is needed");
  char *key = aus_strf(cs->ctx, "%.*s.key.tsv", (int)stem, s->out), *folder = aus_strf(cs->ctx, "%.*s", slash ? (int)(slash + 1 - path) : 0, path);
  int code = key && folder ? cli_check_free(cs, s->out) : cli_fail(cs, CLI_WRITING, AUS_ENOMEM);
  if (code == CLI_DONE) code = cli_check_free(cs, key);
  aus_status status = code == CLI_DONE ? aus_table_read(cs->ctx, path, &trials) : AUS_OK;
  if (status != AUS_OK) code = cli_fail(cs, CLI_READING, status);
  if (code == CLI_DONE) {
    const aus_listening_test test = { &trials, folder, s->listening.title, (uint64_t)s->seed, s->listening.as_is };
    cli_output_begins(cs, s->out);
    cli_output_begins(cs, key);
    status = aus_listening_write(cs->ctx, &test, s->out, key, s->force);
    if (status != AUS_OK) code = cli_fail(cs, CLI_READING, status);
    else printf("%s: %d trials\n%s: which sound is whose; keep it from listeners\n", s->out, (int)trials.rows, key);
    aus_table_free(&trials);
  }
  aus_free(cs->ctx, key);
  aus_free(cs->ctx, folder);
  return code;
}

/* ---- what people answered ------------------------------------------------------------------------------------ */

static void print_scores(const aus_listening_score *score, int32_t n)
{
  int width = 10;
  for (int32_t m = 0; m < n; m++) width = cli_width(score[m].method, width);
  cli_pad("method", width);
  printf("  ratings   mean     sd  share of votes\n");
  for (int32_t m = 0; m < n; m++) {
    cli_pad(score[m].method, width);
    printf("  %7d  %5.1f  %5.1f  %5.1f %%\n", (int)score[m].n, score[m].mean, isnan(score[m].sd) ? 0 : score[m].sd, 100 * score[m].votes);
  }
}

static int tell(cli_session *cs, int n, char **paths)
{
  aus_listening_score score[AUS_LISTENING_METHODS];
  aus_table key = { 0 }, *answers = aus_alloc_zero(cs->ctx, (size_t)n, sizeof *answers);
  int32_t methods;
  aus_status status = answers ? aus_table_read(cs->ctx, cs->s->listening.key, &key) : AUS_ENOMEM;
  for (int i = 0; status == AUS_OK && i < n; i++) status = aus_table_read(cs->ctx, paths[i], &answers[i]);
  if (status == AUS_OK) status = aus_listening_tally(cs->ctx, &key, n, answers, score, &methods);
  const int code = status == AUS_OK ? CLI_DONE : cli_fail(cs, CLI_READING, status);
  if (code == CLI_DONE) print_scores(score, methods);
  for (int i = 0; answers && i < n; i++)
    if (answers[i].text) aus_table_free(&answers[i]);
  if (key.text) aus_table_free(&key);
  aus_free(cs->ctx, answers);
  return code;
}

static int run(cli_settings *s, int n, char **operand)
{
  cli_session cs;
  int code = cli_session_open(&cs, s);
  if (code != CLI_DONE) return code;
  if (s->listening.key) code = tell(&cs, n, operand);
  else code = n == 1 ? make(&cs, operand[0]) : cli_say(&cs, CLI_BAD_USAGE, "one table of trials makes one page (with --score KEY, give the answers)");
  return cli_session_close(&cs, code == CLI_DONE ? cli_flush(&cs) : code);
}

const cli_command cli_l2i_listening = {
  .name = "l2i listening-test", .operands = "TRIALS.tsv | --score KEY.tsv ANSWERS.tsv...", .summary = "ask people how well interpretations fit, blinded",
  .about = "Makes a self-contained page (docs/listening-test.md): for each row of TRIALS.tsv the input, the class that a classifier heard,\n"
           "and one sound per method, to be rated from 0 to 100. The columns are input, class, and one per method with its sounds.\n"
           "Methods are not named in the page and stand in random order; a key beside it tells which is which. Listeners save\n"
           "their answers as a file; --score reads these and the key.",
  .examples = "# a page for people\nauscult l2i listening-test trials.tsv --out test.html\n# what they said\nauscult l2i listening-test --score test.key.tsv answers-*.tsv\n",
  .options = options, .min_operands = 1, .max_operands = MOST_ANSWERS, .run = run
};
