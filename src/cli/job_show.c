/* job_show.c - an explanation as a table on stdout, as JSON, and as a page. */
#include "cli/commands.h"
#include "cli/exports.h"
#include "cli/job.h"
#include "cli/page.h"
#include "cli/save.h"
#include "cli/table.h"
#include "report/picture.h"
#include "report/report.h"

#include <math.h>
#include <string.h>

/* ---- table ------------------------------------------------------------------------------ */

static void print_number(double v, int width, const char *format)
{
  char text[40];
  snprintf(text, sizeof text, format, v);
  printf(" %*s", width, isfinite(v) ? text : "-");
}

static void print_component(const aus_explanation *e, const aus_weight *w, int32_t i, int width, double full)
{
  char interval[48];
  printf("  ");
  cli_pad(e->component[i], width);
  print_number(w->weight, 9, "%+.4f");
  if (isfinite(w->lo) && isfinite(w->hi)) snprintf(interval, sizeof interval, "[%+.4f, %+.4f]", w->lo, w->hi);
  else snprintf(interval, sizeof interval, "-");
  printf("  %-20s", interval);
  print_number(w->shapley, 9, "%+.4f");
  print_number(w->alone, 9, "%.4f");
  print_number(w->without, 9, "%.4f");
  printf("  ");
  cli_bar(aus_component_value(w), full, 24);
  printf("\n");
}

static void print_trust(const aus_explanation *e, const aus_target_explanation *t)
{
  printf("  fit: R2 %.3f, %s\n", t->r2, aus_trust_fit(t->r2));
  if (isfinite(t->additivity_gap))
    printf("  sum: Shapley values add up to f(input) - f(nothing) = %+.4f within %.1e%s\n", t->score - t->score_none, fabs(t->additivity_gap),
           aus_trust_additive(t) ? "" : ": more than they should");
  printf("  chance: %s\n", aus_trust_stability(t->stability, e->exhaustive != 0));
}

enum { MOMENTS = 48 };

/* Where parts have their own times: their values spread over them. */
static void print_moments(const cli_job *job, const aus_target_explanation *t)
{
  const aus_explanation *e = &job->explanation;
  const double seconds = (double)job->components.samples / job->components.rate, step = seconds / MOMENTS;
  double sum[MOMENTS] = { 0 };
  bool timed = false;
  for (int32_t i = 0; i < e->n_components; i++) {
    const aus_place *p = &e->place[i];
    const double v = aus_component_value(&t->weight[i]), long_ = p->t1 - p->t0;
    if (!(long_ > 0) || !isfinite(v)) continue;
    timed = timed || long_ < 0.99 * seconds;
    for (int k = 0; k < MOMENTS; k++) sum[k] += v / long_ * fmax(0, fmin(p->t1, (k + 1) * step) - fmax(p->t0, k * step));
  }
  if (timed) cli_spark(sum, MOMENTS, seconds);
}

static int print_target(const cli_job *job, const aus_target_explanation *t)
{
  const aus_explanation *e = &job->explanation;
  const int32_t n = e->n_components;
  int32_t *order = aus_alloc(job->cs->ctx, (size_t)n, sizeof *order);
  if (!order) return cli_fail(job->cs, CLI_WRITING, AUS_ENOMEM);
  aus_rank_components(t, n, order);
  int width = 10;
  double full = 0;
  for (int32_t i = 0; i < n; i++) {
    width = cli_width(e->component[i], width);
    full = fmax(full, fabs(aus_component_value(&t->weight[i])));
  }
  printf("\n");
  cli_put(t->name);
  printf("  %.4f", t->score);
  if (isfinite(t->score_none)) printf("  (with nothing on: %.4f)", t->score_none);
  printf("\n  %-*s %9s  %-20s %9s %9s %9s\n", width, "component", "weight", e->interval[0] ? e->interval : "interval", "shapley", "alone", "without");
  for (int32_t k = 0; k < n; k++) print_component(e, &t->weight[order[k]], order[k], width, full);
  print_moments(job, t);
  print_trust(e, t);
  aus_free(job->cs->ctx, order);
  return CLI_DONE;
}

static const char *word_of(const cli_settings *s, const char *option, int index, char word[32])
{
  return cli_choice_word(cli_find_option(s->command, option), index, word);
}

int cli_job_print(const cli_job *job)
{
  if (job->cs->s->method >= CLI_FIRST_ATTRIB) return cli_job_print_map(job);
  int code = CLI_DONE;
  const aus_explanation *e = &job->explanation;
  const cli_settings *s = job->cs->s;
  char line[512], word[32], word2[32];
  cli_describe_sound(&job->sound, line, sizeof line);
  printf("%s\nmodel: ", line);
  cli_put(job->info->name && *job->info->name ? job->info->name : s->model ? s->model : s->model_cmd);
  printf(", %d targets, %s\n", job->info->n_targets, job->info->front_end && *job->info->front_end ? job->info->front_end : "front end of its own");
  printf("%s: %d components (%s), %s %lld mixes, %s, %s scale\n", word_of(s, "method", s->method, word), e->n_components,
         job->sources.kind[0] ? job->sources.kind : job->components.kind, e->exhaustive ? "all" : "a sample of", (long long)e->n_rows, word_of(s, "surrogate", s->surrogate, word2), s->scale ? "logit" : "score");
  for (int32_t i = 0; i < e->n_targets && code == CLI_DONE; i++) code = print_target(job, &e->target[i]);
  if (code != CLI_DONE) return code;
  if (s->out) printf("\nsound of the parts: %s/\n", s->out);
  if (s->report) printf("%sreport: %s\n", s->out ? "" : "\n", s->report);
  return cli_flush(job->cs);
}

/* ---- JSON -------------------------------------------------------------------------------- */

/* Rows of the option table that change how the job is run or shown, not its result. */
static bool is_setting(const char *name)
{
  static const char *const others[] = { "model", "model-cmd", "interpreter", "timeout", "threads", "quiet", "json", "out", "report", "report-audio", "report-bits", "export", "svg", "png", "force", "top-k", "offset", "duration", "save" };
  for (size_t i = 0; i < sizeof others / sizeof *others; i++)
    if (strcmp(others[i], name) == 0) return false;
  return true;
}

/* One text as a string, several as a list. */
static void put_list(aus_json *j, const char *key, const cli_list *list)
{
  if (list->n < 2) { aus_json_string(j, key, list->n ? list->item[0] : NULL); return; }
  aus_json_flat_array(j, key);
  for (int i = 0; i < list->n; i++) aus_json_string(j, NULL, list->item[i]);
  aus_json_close(j);
}

/* Every setting as used: where an option was not given, what the program chose. */
void cli_json_settings(const cli_session *cs, aus_json *j)
{
  const cli_settings *s = cs->s;
  aus_json_object(j, "settings");
  for (const cli_option *o = s->command->options; o->name; o++) {
    char key[40], word[32];
    const void *at = (const char *)s + o->offset;
    if (!is_setting(o->name)) continue;
    snprintf(key, sizeof key, "%s", o->name);
    for (char *p = key; *p; p++)
      if (*p == '-') *p = '_';
    switch (o->type) {
    case CLI_FLAG: aus_json_bool(j, key, *(const int *)at != 0); break;
    case CLI_TEXT: aus_json_string(j, key, *(const char *const *)at); break;
    case CLI_INTEGER: aus_json_integer(j, key, *(const int64_t *)at); break;
    case CLI_REAL: aus_json_real(j, key, *(const double *)at); break;
    case CLI_CHOICE: aus_json_string(j, key, cli_choice_word(o, *(const int *)at, word)); break;
    case CLI_LIST: put_list(j, key, at); break;
    }
  }
}

static void put_settings(const cli_job *job, aus_json *j)
{
  cli_json_settings(job->cs, j);
  aus_json_real(j, "kernel_width_used", job->explanation.config.kernel_width);
  aus_json_integer(j, "samples_used", job->explanation.n_rows);
  aus_json_string(j, "sources", job->sources.kind[0] ? job->sources.kind : NULL);
  aus_json_string(j, "separator_sha256", job->sources.sha256[0] ? job->sources.sha256 : NULL);
  aus_json_close(j);
}

/* Member "interpreter" of `l2i explain`. */
static void put_interpreter(const cli_job *job, aus_json *j)
{
  if (!job->interpreter) return;
  const aus_interpreter_info *i = aus_interpreter_describe(job->interpreter);
  aus_json_object(j, "interpreter");
  aus_json_string(j, "name", i->name);
  aus_json_string(j, "sha256", i->sha256);
  aus_json_string(j, "pooling", i->pooling);
  aus_json_integer(j, "atoms", i->atoms);
  aus_json_flat_array(j, "taps");
  for (int32_t k = 0; k < i->n_taps; k++) aus_json_string(j, NULL, i->taps[k]);
  aus_json_close(j);
  aus_json_string(j, "licence", i->licence);
  aus_json_string(j, "source", i->source);
  aus_json_close(j);
}

aus_status cli_job_json(const cli_job *job, bool for_html, aus_json *j)
{
  cli_session *cs = job->cs;
  aus_json_init(j, cs->ctx);
  j->for_html = for_html;
  cli_json_head(j, "auscult.explanation/1");
  cli_json_sound(cs, j, "input", &job->sound);
  cli_json_model(cs, j, job->info);
  put_interpreter(job, j);
  put_settings(job, j);
  aus_explanation_json(j, &job->explanation, &job->components);
  if (cs->s->out) cli_json_files(job, j, cs->s->out);
  cli_json_notes(cs, j);
  cli_json_run(cs, j);
  return aus_json_finish(j);
}

/* ---- page -------------------------------------------------------------------------------- */

/* The line above the title. */
static void subtitle(const cli_job *job, char *text, size_t size)
{
  const char *model = job->info->name && *job->info->name ? job->info->name : job->cs->s->model ? job->cs->s->model : job->cs->s->model_cmd;
  aus_report_subtitle(text, size, model, (double)job->components.samples / job->components.rate, job->cs->s->offset);
}

static aus_status write_report(cli_job *job, int *code)
{
  cli_session *cs = job->cs;
  char line[256];
  const char *slash = strrchr(job->path, '/');
  aus_json json;
  aus_json_tree tree = {0};
  aus_facts *facts = aus_alloc_zero(cs->ctx, 1, sizeof *facts);
  aus_status status = facts ? cli_job_json(job, true, &json) : AUS_ENOMEM;
  if (status == AUS_OK) status = aus_json_read(cs->ctx, "the result", json.text, json.size, &tree);
  if (status == AUS_OK) {
    aus_facts_of(&tree, facts);
    subtitle(job, line, sizeof line);
    aus_report report = { .title = slash && slash[1] ? slash + 1 : job->path, .subtitle = line, .offset = cs->s->offset, .file_rate = job->sound.read.rate, .explanation = &job->explanation, .components = &job->components,
                          .spectrogram = job->spectrogram.frames > 0 ? &job->spectrogram : NULL, .spectrogram_ours = job->spectrogram_ours, .front_end = job->info->front_end,
                          .fact = facts->fact, .n_facts = facts->n, .note = (const char *const *)cs->note, .n_notes = cs->n_notes, .json = json.text };
    if (cs->s->report) *code = cli_write_page(cs, &report, cs->s->report);
    if (*code == CLI_DONE) *code = cli_write_exports(cs, &report);
  }
  aus_json_tree_free(&tree);
  if (facts) aus_json_free(&json);
  aus_free(cs->ctx, facts);
  return status;
}

int cli_job_report(cli_job *job)
{
  int code = CLI_DONE;
  const aus_status status = write_report(job, &code);
  return status == AUS_OK ? code : cli_fail(job->cs, CLI_WRITING, status);
}

/* The input as one channel: the sum of a model's stems. */
static aus_status look_ourselves(cli_job *job)
{
  const aus_components *c = &job->components;
  aus_ctx *ctx = job->cs->ctx;
  float *mono = aus_alloc_zero(ctx, (size_t)c->samples, sizeof *mono);
  if (!mono) return AUS_ENOMEM;
  for (int32_t k = 0; k < c->channels; k++)
    for (int64_t t = 0; t < c->samples; t++) mono[t] += c->whole[k * c->samples + t];
  const aus_status status = aus_own_spectrogram(ctx, c->rate, c->samples, mono, &job->spectrogram);
  job->spectrogram_ours = status == AUS_OK;
  aus_free(ctx, mono);
  return status;
}

int cli_job_look(cli_job *job)
{
  aus_status s = job->info->channels == 1 ? aus_model_spectrogram(job->model, job->components.samples, job->components.whole, &job->spectrogram) : AUS_ENOTSUP;
  if (s == AUS_ENOTSUP) s = look_ourselves(job); /* a model without a front end of ours shows no picture */
  return s == AUS_OK ? CLI_DONE : cli_fail(job->cs, CLI_WORKING, s);
}
