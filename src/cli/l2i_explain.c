/* l2i_explain.c - auscult l2i explain: which atoms of the dictionary a classifier's answer rests on, and how they sound. */
#include "cli/commands.h"
#include "cli/exports.h"
#include "cli/job.h"
#include "cli/page.h"
#include "cli/save.h"
#include "cli/table.h"
#include "cli/wavs.h"

#include <auscult/l2i.h>
#include <math.h>
#include <string.h>
#include <unistd.h>

static const cli_option options[] = {
  CLI_ROW_MODEL,
  { "interpreter", 0, CLI_TEXT, "FILE.aus", NULL, 0, 0, CLI_AT(l2i.interpreter), "what `auscult l2i train` made for this network; without it, NAME-why.aus beside the network NAME.aus" },
  { "target", 0, CLI_TEXT, "NAME|INDEX|topK", "top1", 0, 0, CLI_AT(target), "which answers to explain; several with commas" },
  { "tau", 0, CLI_REAL, "R", "0.2", -1, 1, CLI_AT(l2i.tau), "atoms of less relevance belong to the rest; the most relevant has 1" },
  { "top", 0, CLI_INTEGER, "N", "5", 0, 4096, CLI_AT(l2i.top), "at most so many atoms a target; 0: all above tau" },
  { "listening", 0, CLI_CHOICE, "linear|parity", "linear", 0, 0, CLI_AT(l2i.listening),
    "linear: shares of the magnitudes, interpretation + rest = input; parity: shares of their logarithms, as the authors' program" },
  { "no-check", 0, CLI_FLAG, "", NULL, 0, 0, CLI_AT(l2i.no_check), "do not ask the network about the parts" },
  CLI_ROW_RANGE,
  CLI_ROW_JSON,
  { "out", 'o', CLI_TEXT, "DIR", NULL, 0, 0, CLI_AT(out), "folder for one WAV per atom, the rest, the interpretation as it is, as loud as the input, and in the other listening" },
  { "top-k", 0, CLI_INTEGER, "K", "3", 1, 1000, CLI_AT(mixes), "atoms in the top-k mix of --out" },
  { "report", 0, CLI_TEXT, "FILE.html", NULL, 0, 0, CLI_AT(report), "one self-contained page: mixing desk, pictures, numbers" },
  CLI_ROW_REPORT_AUDIO,
  CLI_ROW_EXPORTS,
  CLI_ROW_FORCE,
  CLI_ROW_COMMON,
  CLI_ROW_END
};

/* ---- sound ------------------------------------------------------------------------------------------------ */

typedef struct sounds { cli_job *job; aus_interpreter *it; aus_reading reading; cli_names *names; double *r; uint8_t *keep; float *y; bool dry; } sounds;

static int put(sounds *p, const char *name)
{
  const aus_components *c = &p->job->components;
  char path[CLI_PATH];
  cli_wav_path(p->names, p->job->cs->s->out, name, path);
  if (p->dry) return cli_check_free(p->job->cs, path);
  const aus_audio a = { .data = p->y, .frames = c->samples, .channels = 1, .rate = c->rate };
  return cli_write_wav(p->job->cs, path, &a);
}

static int put_interpretation(sounds *p, int32_t target, const char *prefix)
{
  static const char *const words[] = { "linear", "parity" };
  cli_session *cs = p->job->cs;
  const aus_components *c = &p->job->components;
  const int own = cs->s->l2i.listening;
  char name[160];
  if (!p->dry) {
    aus_l2i_importance(p->it, &p->reading, target, p->r);
    aus_l2i_select(p->reading.atoms, p->r, cs->s->l2i.tau, (int32_t)cs->s->l2i.top, p->keep);
  }
  int code = CLI_DONE;
  for (int i = 0; i < 3 && code == CLI_DONE; i++) { /* as it is, as loud as the input, in the other listening */
    const aus_listening listening = (aus_listening)(i < 2 ? own : !own);
    if (!p->dry && i != 1 && aus_l2i_listen(p->it, &p->reading, p->keep, listening, p->y) != AUS_OK) return cli_fail(cs, CLI_WORKING, AUS_ENOMEM);
    if (!p->dry && i == 1) {
      const float gain = (float)aus_l2i_loudness(c->samples, c->whole, p->y);
      for (int64_t t = 0; t < c->samples; t++) p->y[t] *= gain;
    }
    snprintf(name, sizeof name, "%sinterpretation%s%s", prefix, i == 0 ? "" : "-", i == 0 ? "" : i == 1 ? "loud" : words[!own]);
    code = put(p, name);
  }
  return code;
}

static int put_sounds(sounds *p)
{
  cli_job *job = p->job;
  cli_session *cs = job->cs;
  const aus_components *c = &job->components;
  const size_t atoms = (size_t)aus_interpreter_describe(p->it)->atoms;
  p->names = aus_alloc_zero(cs->ctx, 1, sizeof *p->names);
  p->r = aus_alloc(cs->ctx, atoms, sizeof *p->r);
  p->keep = aus_alloc(cs->ctx, atoms, 1);
  p->y = aus_alloc(cs->ctx, (size_t)(p->dry ? 1 : c->samples), sizeof *p->y);
  if (!p->names || !p->r || !p->keep || !p->y) return cli_fail(cs, CLI_WRITING, AUS_ENOMEM);
  if (!p->dry) {
    const aus_status status = aus_interpreter_read(p->it, c->samples, c->whole, &p->reading);
    if (status != AUS_OK) return cli_fail(cs, CLI_WORKING, status);
  }
  int code = CLI_DONE;
  for (int32_t k = 0; k < job->n_targets && code == CLI_DONE; k++) {
    char prefix[80] = "";
    if (job->n_targets > 1) snprintf(prefix, sizeof prefix, "%.70s_", job->info->targets[job->target[k]]);
    code = put_interpretation(p, job->target[k], prefix);
  }
  return code;
}

/* dry: only checks that no file is in the way. */
static int write_sounds(cli_job *job, aus_interpreter *it, bool dry)
{
  sounds p = { .job = job, .it = it, .dry = dry };
  const int code = put_sounds(&p);
  aus_reading_free(&p.reading);
  aus_free(job->cs->ctx, p.names);
  aus_free(job->cs->ctx, p.r);
  aus_free(job->cs->ctx, p.keep);
  aus_free(job->cs->ctx, p.y);
  return code;
}

/* ---- table -------------------------------------------------------------------------------------------------- */

static void print_number(double v, int width, const char *format)
{
  char text[40];
  snprintf(text, sizeof text, format, v);
  printf(" %*s", width, isfinite(v) ? text : "-");
}

static void print_target(const cli_job *job, const aus_target_explanation *t)
{
  const aus_explanation *e = &job->explanation;
  double full = 0;
  for (int32_t i = 0; i < e->n_components; i++) full = fmax(full, fabs(t->weight[i].weight));
  printf("\n");
  cli_put(t->name);
  printf("  %.4f; the interpreter's logit %+.3f is the sum of these:\n  %-10s %9s  %-28s %9s %9s\n", t->score, t->local_prediction, "part", "logit", "where", "alone", "without");
  for (int32_t i = 0; i < e->n_components; i++) {
    const aus_place *p = &e->place[i];
    char where[64] = "";
    if (i + 1 < e->n_components) snprintf(where, sizeof where, "%.2f-%.2f s, %.0f-%.0f Hz", p->t0, p->t1, p->f0, p->f1);
    printf("  ");
    cli_pad(e->component[i], 10);
    print_number(t->weight[i].weight, 9, "%+.3f");
    printf("  %-28s", where);
    print_number(t->weight[i].alone, 9, "%.4f");
    print_number(t->weight[i].without, 9, "%.4f");
    printf("  ");
    cli_bar(t->weight[i].weight, full, 24);
    printf("\n");
  }
}

static int print(const cli_job *job, const aus_interpreter *it)
{
  const cli_settings *s = job->cs->s;
  const aus_interpreter_info *info = aus_interpreter_describe(it);
  char line[512];
  cli_describe_sound(&job->sound, line, sizeof line);
  printf("%s\nmodel: ", line);
  cli_put(job->info->name && *job->info->name ? job->info->name : s->model);
  printf(", interpreter: ");
  cli_put(info->name);
  printf(", %d atoms, %s pooling, %s listening\n", info->atoms, info->pooling, s->l2i.listening ? "parity" : "linear");
  for (int32_t i = 0; i < job->explanation.n_targets; i++) print_target(job, &job->explanation.target[i]);
  if (s->out) printf("\nsound of the parts: %s/\n", s->out);
  if (s->report) printf("%sreport: %s\n", s->out ? "" : "\n", s->report);
  return cli_flush(job->cs);
}

/* ---- the command ---------------------------------------------------------------------------------------------- */

/* Scores and --target need something to switch: the whole sound. */
static int find_targets(cli_job *job)
{
  const aus_segments whole = { .kind = AUS_SEGMENTS_EQUAL, .n = 1, .crossfade_s = 0.01 };
  const aus_status status = aus_components_time(job->cs->ctx, &job->sound.heard, &whole, &job->components);
  const int code = status == AUS_OK ? cli_job_targets(job) : cli_fail(job->cs, CLI_WORKING, status);
  aus_components_free(&job->components);
  return code;
}

static int explain(cli_job *job, aus_interpreter *it)
{
  cli_session *cs = job->cs;
  const aus_l2i_config c = { .targets = job->target, .n_targets = job->n_targets, .tau = cs->s->l2i.tau, .top = (int32_t)cs->s->l2i.top,
                             .listening = (aus_listening)cs->s->l2i.listening, .check = !cs->s->l2i.no_check };
  const double start = aus_now();
  const aus_status status = aus_l2i_explain(it, &job->sound.heard, &c, &job->components, &job->explanation);
  job->seconds_explaining = aus_now() - start;
  return status == AUS_OK ? CLI_DONE : cli_fail(cs, CLI_WORKING, status);
}

static int show(cli_job *job, aus_interpreter *it)
{
  cli_session *cs = job->cs;
  int code = CLI_DONE;
  const bool exports = cs->s->exports.n > 0 || cs->s->svg || cs->s->png;
  if (cs->s->out || cs->s->report || exports) code = cli_job_look(job);
  if (code == CLI_DONE && cs->s->out) code = cli_write_parts(cs, &job->components, &job->explanation, true);
  if (code == CLI_DONE && cs->s->out) code = cli_write_parts(cs, &job->components, &job->explanation, false);
  if (code == CLI_DONE && cs->s->out) code = write_sounds(job, it, false);
  if (code == CLI_DONE && cs->s->out) code = cli_save(job);
  if (code == CLI_DONE && (cs->s->report || exports)) code = cli_job_report(job);
  if (code != CLI_DONE) return code;
  if (!cs->s->json) return print(job, it);
  aus_json json;
  const aus_status status = cli_job_json(job, false, &json);
  code = status == AUS_OK ? CLI_DONE : cli_fail(cs, CLI_WRITING, status);
  if (code == CLI_DONE) {
    fwrite(json.text, 1, json.size, stdout);
    code = cli_flush(cs);
  }
  aus_json_free(&json);
  return code;
}

int cli_l2i_open(cli_session *cs, aus_model *model, aus_interpreter **it)
{
  char beside[CLI_PATH];
  const char *path = cs->s->l2i.interpreter;
  const size_t n = strlen(cs->s->model), end = n > 4 && strcmp(cs->s->model + n - 4, ".aus") == 0 ? n - 4 : n;
  if (!path) {
    snprintf(beside, sizeof beside, "%.*s-why.aus", (int)end, cs->s->model);
    if (access(beside, R_OK) != 0) return cli_say(cs, CLI_BAD_USAGE, "no interpreter: give --interpreter FILE.aus (auscult l2i train makes one); without it %s is taken, which is not there", beside);
    path = beside;
  }
  const aus_status status = aus_interpreter_open(cs->ctx, path, model, it);
  return status == AUS_OK ? CLI_DONE : cli_fail(cs, CLI_OPENING, status);
}

static int open_interpreter(cli_job *job, aus_interpreter **it)
{
  const int code = cli_l2i_open(job->cs, job->model, it);
  job->interpreter = *it;
  return code;
}

static int run_job(cli_job *job, aus_interpreter **it)
{
  cli_session *cs = job->cs;
  int code = cs->s->report ? cli_check_free(cs, cs->s->report) : CLI_DONE;
  if (code == CLI_DONE) code = cli_check_exports(cs);
  if (code == CLI_DONE) code = cli_open_model(cs, &job->model);
  if (code != CLI_DONE) return code;
  job->info = aus_model_describe(job->model);
  code = open_interpreter(job, it);
  if (code == CLI_DONE) code = cli_load_sound(cs, job->path, job->info->sample_rate, &job->sound);
  if (code == CLI_DONE) code = find_targets(job);
  if (code == CLI_DONE && cs->s->out) code = write_sounds(job, *it, true);
  if (code == CLI_DONE) code = explain(job, *it);
  return code == CLI_DONE ? show(job, *it) : code;
}

static int run(cli_settings *s, int n, char **operand)
{
  cli_session cs;
  aus_interpreter *it = NULL;
  (void)n;
  int code = cli_session_open(&cs, s);
  if (code != CLI_DONE) return code;
  cli_job job = { .cs = &cs, .path = operand[0] };
  code = run_job(&job, &it);
  if (job.spectrogram.frames > 0) aus_model_spectrogram_free(job.model, &job.spectrogram);
  aus_explanation_free(&job.explanation);
  aus_components_free(&job.components);
  cli_free_sound(&cs, &job.sound);
  aus_free(cs.ctx, job.score);
  aus_free(cs.ctx, job.target);
  aus_interpreter_close(it);
  aus_model_close(job.model);
  return cli_session_close(&cs, code);
}

const cli_command cli_l2i_explain = {
  .name = "l2i explain", .operands = "AUDIO -m CLASSIFIER.aus --interpreter FILE.aus [OPTION...]",
  .summary = "which atoms of a dictionary a classifier's answer rests on, as sound",
  .about = "Listen to Interpret (docs/l2i.md): the interpreter tells from the network's hidden layers when each atom of its\n"
           "dictionary is active and what part it has in the answer (logit). Atoms that matter become sound, with the input's\n"
           "phase; \"rest\" is everything else. alone and without: what the network itself says to a part, and to all but it.",
  .examples = "# listen to why\nauscult l2i explain dog.wav -m classifier.aus --interpreter interpreter/model.aus --out why\n"
              "# a page, for another class\nauscult l2i explain dog.wav -m classifier.aus --interpreter interpreter/model.aus --target rain --report rain.html\n",
  .options = options, .min_operands = 1, .max_operands = 1, .run = run
};
