/* global.c - auscult global: what a model relies on over a set of songs.
 *
 * Every snippet is one `auscult explain SONG --offset T --duration D` of its own, with explain's defaults, and its JSON is saved in OUT/results:
 * whole or not at all, so that a second run goes on where the first one was. The analysis is made of the saved results alone. What makes
 * results comparable (settings, model, program) is written to OUT/plan.json; other results are never mixed in. One snippet is in memory at a time. */
#define _DEFAULT_SOURCE
#include "cli/commands.h"
#include "cli/exports.h"
#include "cli/global.h"
#include "cli/job.h"
#include "cli/page.h"
#include "cli/wavs.h"
#include "report/saved.h"

#include <string.h>
#include <unistd.h>

static const cli_option options[] = {
  CLI_ROW_MODEL,
  CLI_ROW_MODEL_CMD,
  { "out", 'o', CLI_TEXT, "DIR", NULL, 0, 0, CLI_AT(out), "the folder of the results; what is in it already is not explained again" },
  { "target", 0, CLI_TEXT, "NAME|INDEX|topK", "top3", 0, 0, CLI_AT(target), "which answers to explain, in every snippet; several with commas; topK: each snippet's own" },
  { "snippet", 0, CLI_TEXT, "SECONDS|whole", NULL, 0, 0, CLI_AT(snippet), "how long a snippet is; whole: one per song; without it, as much as the model hears at once" },
  { "per-song", 0, CLI_INTEGER, "N", "0", 0, 1000000, CLI_AT(per_song), "so many snippets of each song, evenly spread; 0: all of them" },
  { "picks", 0, CLI_INTEGER, "N", "6", 0, 1000, CLI_AT(picks), "how many explanations SP-LIME picks to show" },
  { "pick-parts", 0, CLI_INTEGER, "N", "2", 0, 4096, CLI_AT(pick_parts), "so many strongest parts of an explanation count for that; 0: all" },
  { "pages", 0, CLI_CHOICE, "sound|numbers|none", "sound", 0, 0, CLI_AT(pages), "a page per snippet, with its sound, without, or none" },
  CLI_ROW_SCALE,
  { "separator", 0, CLI_TEXT, "hpss|nmf[:N]|FILE.aus", NULL, 0, 0, CLI_AT(separator), "how to find the sources: hpss (harmonic and percussive), N atoms of a factorisation (8; atoms of one song are not those of another), or a network; without it, hpss" },
  CLI_ROW_NO_RESIDUAL,
  { "segments", 0, CLI_TEXT, "N", NULL, 0, 0, CLI_AT(segments), "also cut each snippet in time; without it, 1" },
  { "samples", 0, CLI_TEXT, "exhaustive|N", NULL, 0, 0, CLI_AT(samples), "mixes to try; without it, all of them up to 2^12, else 2048 drawn" },
  { "surrogate", 0, CLI_CHOICE, "wls|ridge|baylime|glime|shapley", "wls", 0, 0, CLI_AT(surrogate), "what gives the weights, as in explain" },
  CLI_ROW_ALPHA,
  CLI_ROW_DISTANCE,
  { "kernel-width", 0, CLI_REAL, "W", "0", 0, 1e9, CLI_AT(kernel_width), "of that weighting; 0: LIME's" },
  CLI_ROW_BOOTSTRAP,
  { "seed", 0, CLI_INTEGER, "S", "0", 0, 9007199254740991.0, CLI_AT(seed), "for everything drawn by chance" },
  CLI_ROW_REPORT_AUDIO,
  CLI_ROW_SET_CHARTS,
  CLI_ROW_JSON,
  { "force", 'f', CLI_FLAG, "", NULL, 0, 0, CLI_AT(force), "explain everything again, whatever is in the folder" },
  CLI_ROW_COMMON,
  CLI_ROW_END
};

/* ---- one snippet ---------------------------------------------------------------------------------------------- */

/* Explain's defaults, and over them every row that both tables have. */
static int inherit(cli_global_run *g)
{
  char *words[] = { (char *)(uintptr_t)"explain" }, **operand;
  int n;
  g->inner = (cli_settings){ .command = &cli_explain, .argc = g->outer->argc, .argv = g->outer->argv };
  if (cli_parse(&cli_explain, 1, words, &g->inner, &n, &operand) != 0) return CLI_FAILED;
  for (const cli_option *o = options; o->name; o++) {
    static const size_t size[] = { [CLI_FLAG] = sizeof(int), [CLI_TEXT] = sizeof(char *), [CLI_INTEGER] = sizeof(int64_t), [CLI_REAL] = sizeof(double), [CLI_CHOICE] = sizeof(int), [CLI_LIST] = sizeof(cli_list) };
    const cli_option *theirs = cli_find_option(&cli_explain, o->name);
    if (theirs && theirs->offset == o->offset) memcpy((char *)&g->inner + o->offset, (const char *)g->outer + o->offset, size[o->type]);
  }
  g->inner.out = g->inner.report = g->inner.svg = g->inner.png = NULL;
  g->inner.json = 0;
  g->inner.quiet = 1; /* the bar is that of the whole run */
  g->inner.force = 1;
  return cli_job_settle(g->cs, &g->inner);
}

static int explain_piece(cli_global_run *g, cli_job *job, const char *result)
{
  cli_session *cs = g->cs;
  int code = cli_load_sound(cs, job->path, job->info->sample_rate, &job->sound);
  if (code == CLI_DONE) cli_remark_short(cs, &job->sound, job->info);
  if (code == CLI_DONE) code = cli_job_components(job);
  if (code == CLI_DONE) code = cli_job_targets(job);
  if (code == CLI_DONE) code = cli_job_lime(job);
  if (code == CLI_DONE && cs->s->report) code = cli_job_look(job);
  if (code == CLI_DONE && cs->s->report) code = cli_job_report(job);
  if (code != CLI_DONE) return code;
  aus_json j; /* last: the result's being there means that all of it is */
  aus_status status = cli_job_json(job, false, &j);
  if (status == AUS_OK) status = cli_global_write_whole(cs->ctx, result, j.text, j.size);
  aus_json_free(&j);
  return status == AUS_OK ? CLI_DONE : cli_fail(cs, CLI_WRITING, status);
}

/* As explain would: notes, clock and outputs are this snippet's own. */
static int run_piece(cli_global_run *g, const cli_piece *p)
{
  cli_session *cs = g->cs;
  const cli_song *song = &g->plan.song[p->song];
  char id[112], result[CLI_PATH], page[CLI_PATH];
  const double start = cs->start;
  const int notes = cs->n_notes;
  cli_global_piece_id(g, p, id);
  cli_global_path_in(g, result, "results", id, ".json");
  cli_global_path_in(g, page, "pages", id, ".html");
  cli_settings s = g->inner;
  s.offset = p->t0;
  s.duration = p->seconds;
  s.stems = song->stems;
  if (song->stems) s.separator = NULL;
  if (song->target) s.target = song->target;
  s.report = g->outer->pages == CLI_PAGES_SOUND ? page : NULL;
  cs->s = &s;
  cs->start = aus_now();
  cli_job job = { .cs = cs, .path = song->path, .model = g->model, .info = g->info };
  const int code = explain_piece(g, &job, result);
  cli_job_free(&job);
  cs->s = g->outer;
  cs->start = start;
  cli_notes_back_to(cs, notes);
  if (code == CLI_DONE) cli_outputs_stay(cs);
  return code;
}

/* ---- all of them ------------------------------------------------------------------------------------------------ */

static void show_progress(cli_global_run *g, const cli_piece *p)
{
  char phase[48];
  (void)p;
  snprintf(phase, sizeof phase, "explaining %d snippets", g->todo);
  aus_progress(g->cs->ctx, phase, g->done, g->todo);
}

/* Without a terminal: a line per song, for the log of a long run. */
static void log_song(cli_global_run *g, int32_t song)
{
  if (g->cs->tty || g->outer->quiet || g->done == 0 || g->todo < 2) return;
  const double left = (aus_now() - g->start) * (g->todo - g->done) / g->done;
  char not[48] = "";
  if (g->left_out) snprintf(not, sizeof not, " (%d cannot be explained)", g->left_out);
  fprintf(stderr, "auscult: note: %d of %d snippets done%s, %.0f s left: %s\n", g->done, g->todo, not, left, g->plan.song[song].path);
}

/* A song that cannot be explained is left out and said; when the model is at fault, all would fail. */
static int explain_all(cli_global_run *g)
{
  int32_t failed = 0, bad_song = -1;
  int last = CLI_DONE;
  for (int32_t i = 0; i < g->plan.n_pieces; i++) g->todo += g->outer->force || !cli_global_is_done(g, &g->plan.piece[i]);
  g->start = aus_now();
  for (int32_t i = 0; i < g->plan.n_pieces; i++) {
    const cli_piece *p = &g->plan.piece[i];
    if (cli_global_is_done(g, p) && !g->outer->force) continue;
    show_progress(g, p);
    if (p->song != bad_song) {
      const int code = run_piece(g, p);
      if (code == CLI_INTERRUPTED || code == CLI_FAILED || code == CLI_BAD_USAGE) return code; /* of the machine or the command, not of the song */
      if (code != CLI_DONE) {
        last = code;
        bad_song = p->song;
        failed++;
        const aus_status status = aus_set_failed(&g->set, g->plan.song[p->song].path, *aus_ctx_error(g->cs->ctx) ? aus_ctx_error(g->cs->ctx) : "see what was said");
        if (status != AUS_OK) return cli_fail(g->cs, CLI_WORKING, status);
      }
    }
    g->left_out += p->song == bad_song;
    g->done++;
    if (i + 1 == g->plan.n_pieces || g->plan.piece[i + 1].song != p->song) log_song(g, p->song);
  }
  aus_progress(g->cs->ctx, "explaining", 1, 1);
  return failed > 0 && failed >= g->plan.n_songs ? last : CLI_DONE;
}

/* ---- from results to the answer ----------------------------------------------------------------------------------- */

/* A page of numbers from a saved result, where none is there. */
static aus_status number_page(cli_global_run *g, const char *result, const char *page)
{
  aus_saved *saved = aus_alloc_zero(g->cs->ctx, 1, sizeof *saved);
  aus_status status = saved ? aus_saved_read(g->cs->ctx, result, NULL, saved) : AUS_ENOMEM;
  if (status == AUS_OK) status = aus_report_write(g->cs->ctx, &saved->report, page, 1);
  if (saved) aus_saved_free(saved);
  aus_free(g->cs->ctx, saved);
  return status;
}

static aus_status collect(cli_global_run *g)
{
  for (int32_t i = 0; i < g->plan.n_unread; i++) AUS_TRY(aus_set_failed(&g->set, g->plan.unread[i], g->plan.why[i]));
  for (int32_t i = 0; i < g->plan.n_pieces; i++) {
    char id[112], path[CLI_PATH], shown[160], link[160], page[CLI_PATH];
    cli_global_piece_id(g, &g->plan.piece[i], id);
    cli_global_path_in(g, path, "results", id, ".json");
    cli_global_path_in(g, page, "pages", id, ".html");
    if (access(path, F_OK) != 0) continue; /* it failed, and was said */
    snprintf(shown, sizeof shown, "results/%s.json", id);
    snprintf(link, sizeof link, "pages/%s.html", id);
    if (g->outer->pages == CLI_PAGES_NUMBERS) AUS_TRY(number_page(g, path, page));
    AUS_TRY(aus_set_add(&g->set, path, shown, g->outer->pages != CLI_PAGES_NONE ? link : NULL));
    AUS_TRY(aus_progress(g->cs->ctx, "reading the results", i + 1, g->plan.n_pieces));
  }
  return AUS_OK;
}

static int write_document(cli_global_run *g, const aus_set_analysis *a)
{
  cli_session *cs = g->cs;
  char path[CLI_PATH];
  aus_json j;
  aus_status status = cli_set_document(cs, a, true, false, &j);
  cli_global_path_in(g, path, "", "global", ".json");
  if (status == AUS_OK) status = cli_global_write_whole(cs->ctx, path, j.text, j.size);
  cli_global_path_in(g, path, "", "global", ".tsv");
  if (status == AUS_OK) status = aus_set_tsv(a, path, 1);
  int code = status == AUS_OK ? CLI_DONE : cli_fail(cs, CLI_WRITING, status);
  if (code == CLI_DONE && g->outer->json) code = cli_print_finished(cs, status, &j);
  aus_json_free(&j);
  return code;
}

static int answer(cli_global_run *g)
{
  cli_session *cs = g->cs;
  char page[CLI_PATH], folder[CLI_PATH], title[256], subtitle[256];
  aus_set_analysis a = {0};
  aus_status status = collect(g);
  if (status != AUS_OK) return cli_fail(cs, CLI_WORKING, status);
  if (g->set.n_rows == 0) return cli_say(cs, CLI_BAD_INPUT, "nothing could be explained: see what was said of each song");
  if (g->set.n_failures) cli_remark(cs, "%d of %d songs could not be explained and are left out", g->set.n_failures, g->plan.n_songs);
  cli_global_path_in(g, page, "", "index", ".html");
  cli_global_path_in(g, folder, "pages", "", "");
  cli_set_titles(&g->set, title, sizeof title, subtitle, sizeof subtitle);
  const cli_set_pages p = { .cs = cs, .title = title, .subtitle = subtitle, .page = page, .folder = g->outer->pages == CLI_PAGES_NONE ? NULL : folder, .results = g->outer->out,
                            .picks = g->outer->picks, .features = g->outer->pick_parts };
  int code = cli_set_write_pages(&p, &g->set);
  if (code != CLI_DONE) return code;
  status = aus_set_analyse(&g->set, (int32_t)g->outer->picks, (int32_t)g->outer->pick_parts, &a);
  code = status == AUS_OK ? write_document(g, &a) : cli_fail(cs, CLI_WORKING, status);
  if (code == CLI_DONE) code = cli_write_set_charts(cs, &a, true);
  if (code == CLI_DONE && !g->outer->json) code = cli_set_print(cs, &a, page);
  aus_set_analysis_free(&a);
  return code;
}

static int run_global(cli_global_run *g, const char *manifest)
{
  cli_session *cs = g->cs;
  if (!g->outer->out) return cli_say(cs, CLI_BAD_USAGE, "where to? --out DIR keeps the results, and a second run goes on from there");
  aus_status status = cli_plan_open(cs->ctx, manifest, &g->plan);
  if (status != AUS_OK) return cli_fail(cs, CLI_READING, status);
  int code = cli_open_model(cs, &g->model);
  if (code != CLI_DONE) return code;
  g->info = aus_model_describe(g->model);
  g->snippet = g->info->patch_samples > 0 ? (double)g->info->patch_samples / g->info->sample_rate : 0;
  const char *text = g->outer->snippet;
  if (text && strcmp(text, "whole") == 0) g->snippet = 0;
  else if (text && !cli_real(text, 0.001, 1e6, &g->snippet)) return cli_say(cs, CLI_BAD_USAGE, "--snippet %s: want seconds, or whole", text);
  status = cli_plan_cut(&g->plan, g->snippet, g->outer->per_song);
  if (status != AUS_OK) return cli_fail(cs, CLI_READING, status);
  for (int32_t i = 0; i < g->plan.n_unread; i++) cli_say(cs, CLI_BAD_INPUT, "%s", g->plan.why[i]);
  code = inherit(g);
  if (code == CLI_DONE) code = cli_global_make_folders(g);
  if (code == CLI_DONE) code = cli_global_claim_folder(g);
  if (code == CLI_DONE) code = explain_all(g);
  return code == CLI_DONE ? answer(g) : code;
}

static int run(cli_settings *s, int n, char **operand)
{
  cli_session cs;
  (void)n;
  int code = cli_session_open(&cs, s);
  if (code != CLI_DONE) return code;
  cli_global_run *g = AUS_NEW(cs.ctx, cli_global_run);
  if (g) {
    g->cs = &cs;
    g->outer = s;
    aus_set_begin(&g->set, cs.ctx);
    code = run_global(g, operand[0]);
    aus_set_free(&g->set);
    cli_plan_free(&g->plan);
    aus_model_close(g->model);
  } else {
    code = cli_fail(&cs, CLI_WORKING, AUS_ENOMEM);
  }
  aus_free(cs.ctx, g);
  return cli_session_close(&cs, code);
}

const cli_command cli_global = {
  .name = "global",
  .operands = "MANIFEST|FOLDER -m MODEL.aus|--model-cmd CMD --out DIR [OPTION...]",
  .summary = "what a model relies on over a set of songs",
  .about =
    "Explains every snippet of every song with audioLIME, exhaustively where it can, and puts the explanations together: how the\n"
    "weight of each source is spread, which source carries which answer, how far the weights are to be trusted, and the few\n"
    "explanations that show the most (SP-LIME). MANIFEST is text: one path a line, or a JSON object with \"path\" and perhaps\n"
    "\"offset\", \"duration\", \"stems\", \"target\"; a folder stands for all sound files in it.\n"
    "DIR gets a JSON result and a page per snippet, a page per song, global.json, global.tsv and index.html, the page to open\n"
    "first. Each result is there whole or not at all: a run that was stopped goes on where it was.",
  .examples = "# a folder of songs, what the model says most\nauscult global songs -m tagger.aus --out over-all\n"
              "# one tag, five snippets a song, sources from a network\nauscult global songs.txt -m tagger.aus --target rock --per-song 5 --separator demucs.aus --out rock\n"
              "# the charts of the page as pictures\nauscult global songs -m tagger.aus --out over-all --svg charts --png charts\n"
              "# the page again from saved results\nauscult report --set rock/results/*.json --out rock.html\n",
  .options = options, .min_operands = 1, .max_operands = 1, .run = run
};
