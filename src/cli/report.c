/* report.c - auscult report: a page made again from a saved result, so that looks can change without computing. */
#include "cli/commands.h"
#include "cli/exports.h"
#include "cli/page.h"
#include "cli/global.h"
#include "cli/wavs.h"
#include "report/saved.h"

#include <string.h>

static const cli_option options[] = {
  { "out", 'o', CLI_TEXT, "PAGE.html", NULL, 0, 0, CLI_AT(out), "the page to write" },
  { "set", 0, CLI_FLAG, "", NULL, 0, 0, CLI_AT(set), "a page of a set of results, also for a single one; several results are a set anyway" },
  { "picks", 0, CLI_INTEGER, "N", "6", 0, 1000, CLI_AT(picks), "a set: how many explanations SP-LIME picks to show" },
  { "pick-parts", 0, CLI_INTEGER, "N", "2", 0, 4096, CLI_AT(pick_parts), "a set: so many strongest parts of an explanation count for that; 0: all" },
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

/* ---- a set ---------------------------------------------------------------------------------------- */

/* PAGE.html -> PAGE-pages */
static void folder_of(const char *page, char folder[CLI_PATH])
{
  const char *slash = strrchr(page, '/'), *dot = strrchr(page, '.');
  const size_t stem = dot && (!slash || dot > slash + 1) && dot != page ? (size_t)(dot - page) : strlen(page);
  snprintf(folder, CLI_PATH, "%.*s-pages", (int)stem, page);
}

/* The page of one result, with its sound where that was kept. */
static int piece_page(cli_session *cs, const char *result, const char *page)
{
  aus_saved *saved = aus_alloc_zero(cs->ctx, 1, sizeof *saved);
  if (!saved) return cli_fail(cs, CLI_READING, AUS_ENOMEM);
  const aus_status status = aus_saved_read(cs->ctx, result, NULL, saved);
  const int code = status == AUS_OK ? cli_write_page(cs, &saved->report, page) : cli_fail(cs, CLI_READING, status);
  aus_saved_free(saved);
  aus_free(cs->ctx, saved);
  return code;
}

/* A result joins the set, with its page, PAGE-pages/snippet-ID.html; folder NULL: without one. */
static int add_piece(cli_session *cs, const char *result, const char *folder, aus_set *set)
{
  char id[88];
  const char *slash = folder ? strrchr(folder, '/') : NULL;
  cli_safe_id(result, id);
  char *page = folder ? aus_strf(cs->ctx, "%s/snippet-%s.html", folder, id) : NULL;
  int code = !folder ? CLI_DONE : page ? piece_page(cs, result, page) : cli_fail(cs, CLI_WRITING, AUS_ENOMEM);
  const aus_status status = code == CLI_DONE ? aus_set_add(set, result, NULL, slash ? page + (slash - folder) + 1 : page) : AUS_OK;
  if (status != AUS_OK) code = cli_fail(cs, CLI_READING, status);
  aus_free(cs->ctx, page);
  return code;
}

static int set_page(cli_session *cs, const char *folder, aus_set *set)
{
  char title[256], subtitle[256];
  cli_set_titles(set, title, sizeof title, subtitle, sizeof subtitle);
  const cli_set_pages p = { .cs = cs, .title = title, .subtitle = subtitle, .page = cs->s->out, .folder = folder, .picks = cs->s->picks, .features = cs->s->pick_parts };
  return cli_set_write_pages(&p, set);
}

static int set_charts(cli_session *cs, const aus_set *set)
{
  aus_set_analysis a = {0};
  const aus_status status = aus_set_analyse(set, (int32_t)cs->s->picks, (int32_t)cs->s->pick_parts, &a);
  const int code = status == AUS_OK ? cli_write_set_charts(cs, &a, cs->s->force) : cli_fail(cs, CLI_WORKING, status);
  aus_set_analysis_free(&a);
  return code;
}

static int make_set(cli_session *cs, int n, char **result)
{
  const bool page = cs->s->out != NULL;
  char folder[CLI_PATH];
  aus_set set;
  if (page) folder_of(cs->s->out, folder);
  aus_set_begin(&set, cs->ctx);
  int code = page ? cli_make_dir(cs, folder) : CLI_DONE;
  for (int i = 0; i < n && code == CLI_DONE; i++) {
    code = add_piece(cs, result[i], page ? folder : NULL, &set);
    aus_progress(cs->ctx, "reading the results", i + 1, n);
  }
  if (code == CLI_DONE && page) code = set_page(cs, folder, &set);
  if (code == CLI_DONE && (cs->s->svg || cs->s->png)) code = set_charts(cs, &set);
  aus_set_free(&set);
  return code;
}

static int run(cli_settings *s, int n, char **operand)
{
  cli_session cs;
  int code = cli_session_open(&cs, s);
  if (code != CLI_DONE) return code;
  if (!s->out && !s->exports.n && !s->svg && !s->png) code = cli_say(&cs, CLI_BAD_USAGE, "what to write? --out PAGE.html, --export, --svg or --png");
  if (code == CLI_DONE && s->out) code = cli_check_free(&cs, s->out);
  if (code == CLI_DONE) code = cli_check_exports(&cs);
  const bool set = s->set || n > 1;
  if (code == CLI_DONE && set && s->exports.n) code = cli_say(&cs, CLI_BAD_USAGE, "--export is for one result: a set has a page (--out PAGE.html) and charts (--svg, --png)");
  if (code == CLI_DONE) code = set ? make_set(&cs, n, operand) : make_page(&cs, operand[0]);
  return cli_session_close(&cs, code);
}

const cli_command cli_report = {
  .name = "report",
  .operands = "RESULT.json... [--out PAGE.html] [OPTION...]",
  .summary = "a page made again from a saved result",
  .about =
    "Reads what auscult explain --json printed, or the result.json in the folder of its --out, and writes the page that\n"
    "--report would have written. Sound and pictures come from that folder; without it the page has numbers, charts\n"
    "and the desk's switches, but nothing to hear. Several results make one page of the set, with their own pages beside it.",
  .examples = "# everything is in the folder\nauscult report parts/result.json --out song.html\n"
              "# labels for Audacity, charts for a paper\nauscult report parts/result.json --export audacity=song.txt --svg charts\n"
              "# a page of many results, and its charts\nauscult report --set results/*.json --out set.html --svg charts\n"
              "# numbers only\nauscult explain song.wav -m tagger.aus --json >song.json && auscult report song.json --out song.html\n",
  .options = options, .min_operands = 1, .max_operands = 1000000, .run = run
};
