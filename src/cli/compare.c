/* compare.c - auscult compare: several methods on one input, their measures side by side. */
#include "cli/commands.h"
#include "cli/compare_page.h"
#include "cli/judge.h"
#include "cli/table.h"

#include <math.h>
#include <string.h>

enum { MOST_METHODS = 32 };

static const cli_option options[] = {
  CLI_ROW_MODEL,
  CLI_ROW_MODEL_CMD,
  { "methods", 0, CLI_TEXT, "A,B,C,...", "random,occlusion,partitionshap,slime", 0, 0, CLI_AT(judged), "methods of auscult explain; also slime (tiles), random and map" },
  { "map", 0, CLI_TEXT, "FILE.npy", NULL, 0, 0, CLI_AT(map), "what the method map stands for: a saved explanation" },
  CLI_ROWS_JUDGE,
  CLI_ROW_RANGE,
  CLI_ROW_JSON,
  { "report", 0, CLI_TEXT, "FILE.html", NULL, 0, 0, CLI_AT(report), "one self-contained page: the methods side by side over one spectrogram, their scores, the sound of each one's top part" },
  { "top-percent", 0, CLI_REAL, "P", "10", 0.01, 100, CLI_AT(top_percent), "of the cells that are heard as a method's top part on the page" },
  CLI_ROW_FORCE,
  CLI_ROW_COMMON,
  CLI_ROW_END
};

typedef struct comparison {
  cli_session *cs;
  cli_judge judge;
  int n;
  char name[MOST_METHODS][48];
  cli_answer answer[MOST_METHODS];
  aus_evaluation *result;      /* [n] */
  bool failed[MOST_METHODS];   /* the model or the method cannot: said, and left out */
  char why[MOST_METHODS][160];
} comparison;

static int read_methods(comparison *c)
{
  for (const char *p = c->cs->s->judged; *p;) {
    const size_t n = strcspn(p, ",");
    if (c->n == MOST_METHODS) return cli_say(c->cs, CLI_BAD_USAGE, "--methods: more than %d", MOST_METHODS);
    snprintf(c->name[c->n], sizeof c->name[0], "%.*s", (int)(n < 47 ? n : 47), p);
    const int code = cli_judge_known(c->cs, c->name[c->n]);
    if (code != CLI_DONE) return code;
    c->n++;
    p += n + (p[n] == ',');
  }
  return c->n ? CLI_DONE : cli_say(c->cs, CLI_BAD_USAGE, "--methods: empty");
}

/* What is cheap enough to ask of every method. */
static const char *default_metrics(const comparison *c)
{
  return c->judge.inside ? "deletion,insertion,faithfulness,infidelity,sparseness,pointing,mass,rank,time_auc,band_auc" : "deletion,insertion,aopc,faithfulness,infidelity,sparseness";
}

static int ask(comparison *c, int i, const aus_eval_config *config)
{
  int code = cli_judge_ask(&c->judge, c->name[i], &c->answer[i]);
  if (code == CLI_DONE) code = cli_judge_score(&c->judge, &c->answer[i], config, &c->result[i]);
  char *method = c->answer[i].method;
  size_t k = 0;
  for (; c->name[i][k] && k + 1 < sizeof c->answer[i].method; k++) method[k] = c->name[i][k];
  method[k] = '\0';
  return code;
}

/* A method that does not fit this model is left out with its reason; anything else ends the comparison. */
static int ask_all(comparison *c)
{
  aus_eval_config config;
  int code = cli_judge_config(c->cs, &config);
  if (!config.metrics) config.metrics = default_metrics(c);
  int done = 0;
  for (int i = 0; i < c->n && code == CLI_DONE; i++) {
    code = ask(c, i, &config);
    if (code == CLI_INCAPABLE && c->n > 1) {
      c->failed[i] = true;
      snprintf(c->why[i], sizeof c->why[i], "%s", aus_ctx_error(c->cs->ctx));
      code = CLI_DONE;
    } else done++;
  }
  if (code == CLI_DONE && done == 0) return cli_say(c->cs, CLI_INCAPABLE, "none of the methods fits this model");
  return code;
}

static const aus_measure *measure_of(const comparison *c, int i, const char *name)
{
  for (int32_t k = 0; !c->failed[i] && k < c->result[i].n; k++)
    if (strcmp(c->result[i].measure[k].name, name) == 0) return &c->result[i].measure[k];
  return NULL;
}

/* The best value of a measure; random is not in the contest. */
static double best_of(const comparison *c, const aus_measure *like)
{
  double best = NAN;
  for (int i = 0; i < c->n; i++) {
    const aus_measure *m = measure_of(c, i, like->name);
    if (!m || isnan(m->value) || strcmp(c->name[i], "random") == 0) continue;
    if (isnan(best) || m->value * like->better > best * like->better) best = m->value;
  }
  return like->better ? best : NAN;
}

/* The columns: measures of the methods in order of first appearance. */
static int columns(const comparison *c, const aus_measure **column)
{
  int n = 0;
  for (int i = 0; i < c->n; i++)
    for (int32_t k = 0; !c->failed[i] && k < c->result[i].n; k++) {
      const aus_measure *m = &c->result[i].measure[k];
      bool have = false;
      for (int x = 0; x < n; x++) have = have || strcmp(column[x]->name, m->name) == 0;
      if (!have && n < 64) column[n++] = m;
    }
  return n;
}

static void print_cell(const aus_measure *m, double best, int width)
{
  char text[32];
  if (!m || isnan(m->value)) { printf(" %*s", width, "-"); return; }
  const bool small = m->value != 0 && (fabs(m->value) < 1e-3 || fabs(m->value) >= 1e5);
  snprintf(text, sizeof text, small ? "%.1e%s" : "%.4f%s", m->value, m->value == best ? "*" : " ");
  printf(" %*s", width, text);
}

static void print_table(const comparison *c)
{
  const aus_measure *column[64];
  const int n = columns(c, column);
  cli_describe_judged(&c->judge);
  printf("%-16s %9s %7s", "method", "seconds", "calls");
  for (int k = 0; k < n; k++) printf(" %*s%s", (int)fmax(10, (double)strlen(column[k]->name)), column[k]->name, column[k]->better > 0 ? "+" : column[k]->better < 0 ? "-" : " ");
  printf("\n");
  for (int i = 0; i < c->n; i++) {
    printf("%-16s", c->name[i]);
    if (c->failed[i]) { printf(" %s\n", c->why[i]); continue; }
    printf(" %9.2f", c->answer[i].seconds);
    if (c->answer[i].calls > 0) printf(" %7lld", (long long)c->answer[i].calls);
    else printf(" %7s", "-");
    for (int k = 0; k < n; k++) print_cell(measure_of(c, i, column[k]->name), best_of(c, column[k]), (int)fmax(10, (double)strlen(column[k]->name)) + 1);
    printf("\n");
  }
  printf("+ higher is better, - lower; * best, random left out. Intervals: --json\n");
}

static aus_status make_json(comparison *c, bool for_html, aus_json *j)
{
  aus_json_init(j, c->cs->ctx);
  j->for_html = for_html;
  const aus_measure *column[64];
  const int n = columns(c, column);
  cli_json_head(j, "auscult.comparison/1");
  cli_json_judged(c->cs, &c->judge, j);
  aus_json_array(j, "methods");
  for (int i = 0; i < c->n; i++) {
    aus_json_object(j, NULL);
    cli_json_answer(j, &c->answer[i]);
    if (c->failed[i]) aus_json_string(j, "left_out", c->why[i]);
    else cli_json_measures(j, &c->result[i]);
    aus_json_close(j);
  }
  aus_json_close(j);
  aus_json_flat_object(j, "best");
  for (int k = 0; k < n; k++) {
    const double best = best_of(c, column[k]);
    for (int i = 0; i < c->n && !isnan(best); i++) {
      const aus_measure *m = measure_of(c, i, column[k]->name);
      if (m && m->value == best && strcmp(c->name[i], "random") != 0) { aus_json_string(j, column[k]->name, c->name[i]); break; }
    }
  }
  aus_json_close(j);
  cli_json_notes(c->cs, j);
  cli_json_run(c->cs, j);
  return aus_json_finish(j);
}

static int print_json(comparison *c)
{
  aus_json j;
  const aus_status status = make_json(c, false, &j);
  const int code = cli_print_finished(c->cs, status, &j);
  aus_json_free(&j);
  return code;
}

/* The table's cells as the page wants them. */
static void fill_page(const comparison *c, int n, const aus_measure *const *column, aus_compared *method, aus_compared_measure *cell)
{
  for (int i = 0; i < c->n; i++) {
    method[i] = (aus_compared){ .name = c->name[i], .why = c->failed[i] ? c->why[i] : NULL, .seconds = c->answer[i].seconds, .calls = c->answer[i].calls, .value = c->answer[i].value, .measure = cell + i * n };
    for (int k = 0; k < n; k++) {
      const aus_measure *m = measure_of(c, i, column[k]->name);
      const double best = best_of(c, column[k]);
      cell[i * n + k] = (aus_compared_measure){ column[k]->name, m ? m->value : NAN, column[k]->better, m && m->value == best && strcmp(c->name[i], "random") != 0 };
    }
  }
}

static int write_page(comparison *c)
{
  const aus_measure *column[64];
  const int n = columns(c, column);
  aus_json j = {0};
  aus_compared *method = aus_alloc_zero(c->cs->ctx, (size_t)c->n + 1, sizeof *method);
  aus_compared_measure *cell = aus_alloc_zero(c->cs->ctx, (size_t)(c->n * n) + 1, sizeof *cell);
  const aus_status status = method && cell ? make_json(c, true, &j) : AUS_ENOMEM;
  int code = status == AUS_OK ? CLI_DONE : cli_fail(c->cs, CLI_WRITING, status);
  if (code == CLI_DONE) {
    fill_page(c, n, column, method, cell);
    code = cli_compare_page(c->cs, &c->judge, method, c->n, n, c->answer, c->failed, j.text);
  }
  if (j.ctx) aus_json_free(&j);
  aus_free(c->cs->ctx, method);
  aus_free(c->cs->ctx, cell);
  return code;
}

static int compare(comparison *c, const char *path)
{
  cli_session *cs = c->cs;
  int code = cs->s->report ? cli_check_free(cs, cs->s->report) : CLI_DONE;
  if (code == CLI_DONE) code = read_methods(c);
  if (code == CLI_DONE) code = cli_judge_open(cs, path, &c->judge);
  else return code;
  c->result = aus_alloc_zero(cs->ctx, (size_t)c->n, sizeof *c->result);
  if (code == CLI_DONE && !c->result) code = cli_fail(cs, CLI_WORKING, AUS_ENOMEM);
  if (code == CLI_DONE) code = ask_all(c);
  if (code == CLI_DONE && cs->s->report) code = write_page(c);
  if (code == CLI_DONE && cs->s->json) code = print_json(c);
  else if (code == CLI_DONE) print_table(c);
  for (int i = 0; i < c->n; i++) cli_answer_free(&c->judge, &c->answer[i]);
  aus_free(cs->ctx, c->result);
  cli_judge_close(&c->judge);
  return code;
}

static int run(cli_settings *s, int n, char **operand)
{
  cli_session cs;
  (void)n;
  int code = cli_session_open(&cs, s);
  if (code != CLI_DONE) return code;
  comparison *c = AUS_NEW(cs.ctx, comparison);
  if (c) {
    c->cs = &cs;
    code = compare(c, operand[0]);
  } else {
    code = cli_fail(&cs, CLI_WORKING, AUS_ENOMEM);
  }
  aus_free(cs.ctx, c);
  return cli_session_close(&cs, code == CLI_DONE ? cli_flush(&cs) : code);
}

const cli_command cli_compare = {
  .name = "compare",
  .operands = "AUDIO|X.npy -m MODEL.aus|--model-cmd CMD --methods A,B,... [OPTION...]",
  .summary = "several methods on one input, measured side by side",
  .about =
    "Runs several methods of explanation on one input and prints their measures in a table, with the time each took and how\n"
    "often it asked the model; the best of each column is marked. All maps are brought to the same cells (tiles of the\n"
    "spectrogram), so that they answer the same questions. A method that does not fit the model is left out, with the reason.\n"
    "Put random among them: a method that is no better has found nothing.",
  .examples = "# black-box methods side by side\nauscult compare song.wav -m tagger.aus --methods random,occlusion,rise,partitionshap\n"
              "# seen over one spectrogram, and heard\nauscult compare song.wav -m tagger.aus --methods random,occlusion,slime --report compared.html\n"
              "# do they find labelled events?\nauscult compare song.wav -m tagger.aus --methods random,occlusion,partitionshap --events labels.txt\n",
  .options = options, .min_operands = 1, .max_operands = 1, .run = run
};
