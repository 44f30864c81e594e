/* l2i_evaluate.c - auscult l2i evaluate: how often an interpreter says what its classifier says, and whether the classifier still says it when
 * the atoms that matter are taken out of the sound; beside atoms drawn by chance, as many and as loud. */
#include "cli/l2i_evaluate.h"

#include "cli/commands.h"
#include "cli/table.h"

#include <math.h>
#include <string.h>

static const cli_option options[] = {
  CLI_ROW_MODEL,
  { "interpreter", 0, CLI_TEXT, "FILE.aus", NULL, 0, 0, CLI_AT(l2i.interpreter), "what `auscult l2i train` made for this network; without it, NAME-why.aus beside the network NAME.aus" },
  { "where", 0, CLI_TEXT, "CONDITIONS", NULL, 0, 0, CLI_AT(l2i.where), "which rows of the manifest, such as 'fold=5'; without it, all" },
  { "root", 0, CLI_TEXT, "DIR", NULL, 0, 0, CLI_AT(l2i.root), "where the manifest's paths start; without it, beside the manifest" },
  { "taus", 0, CLI_TEXT, "R,R,...", "0.9,0.7,0.5,0.3,0.1", 0, 0, CLI_AT(l2i.taus), "thresholds of relevance: atoms above are taken out" },
  { "listening", 0, CLI_CHOICE, "linear|parity", "linear", 0, 0, CLI_AT(l2i.listening), "how they are taken out: shares of magnitudes, or of their logarithms as the authors' program" },
  { "seed", 0, CLI_INTEGER, "S", "0", 0, 9007199254740991.0, CLI_AT(seed), "of the atoms drawn by chance" },
  CLI_ROW_JSON,
  CLI_ROW_COMMON,
  CLI_ROW_END
};

/* ---- what to judge ---------------------------------------------------------------------------------------- */

static int read_taus(l2i_job *j)
{
  const char *p = j->cs->s->l2i.taus;
  while (*p) {
    char word[32];
    const size_t n = strcspn(p, ",");
    snprintf(word, sizeof word, "%.*s", (int)(n < 31 ? n : 31), p);
    if (j->n_taus == L2I_MOST_TAUS || !cli_real(word, -1, 1, &j->tau[j->n_taus])) return cli_say(j->cs, CLI_BAD_USAGE, "--taus %s: want up to %d numbers from -1 to 1 with commas", j->cs->s->l2i.taus, L2I_MOST_TAUS);
    j->n_taus++;
    p += n + (p[n] == ',');
  }
  return j->n_taus ? CLI_DONE : cli_say(j->cs, CLI_BAD_USAGE, "--taus: want a number");
}

/* --where as words; each must name a column. */
static int read_where(l2i_job *j, char *text, const char **word, aus_words *out)
{
  *out = (aus_words){ 0, word };
  for (char *p = strtok(text, " "); p && out->n < 16; p = strtok(NULL, " ")) {
    char column[64];
    const size_t n = strcspn(p, "!=");
    snprintf(column, sizeof column, "%.*s", (int)(n < 63 ? n : 63), p);
    if (!p[n] || aus_table_column(&j->table, column) < 0) return cli_say(j->cs, CLI_BAD_USAGE, "--where %s: want COLUMN=VALUE,... of a column of the manifest", p);
    word[out->n++] = p;
  }
  return CLI_DONE;
}

static int choose_rows(l2i_job *j, int32_t *row)
{
  char text[1000];
  const char *word[16];
  aus_words where = { 0, word };
  const int32_t path = aus_table_column(&j->table, "path");
  if (path < 0) return cli_say(j->cs, CLI_BAD_INPUT, "%s: no column 'path'", j->table.path);
  snprintf(text, sizeof text, "%s", j->cs->s->l2i.where ? j->cs->s->l2i.where : "");
  const int code = read_where(j, text, word, &where);
  for (int32_t i = 0; code == CLI_DONE && i < j->table.rows; i++)
    if (aus_table_meets(&j->table, i, &where)) row[j->n++] = i;
  if (code == CLI_DONE && j->n == 0) return cli_say(j->cs, CLI_BAD_INPUT, "no clip of %s is left to judge", j->table.path);
  return code;
}

/* ---- one clip ----------------------------------------------------------------------------------------------- */

static int32_t largest(int32_t n, const float *x)
{
  int32_t at = 0;
  for (int32_t k = 1; k < n; k++)
    if (x[k] > x[at]) at = k;
  return at;
}

static double energy_of(void *user, int64_t n, const float *weight)
{
  const l2i_job *j = user;
  double e;
  (void)n;
  return aus_l2i_energy(j->it, &j->reading, weight, (aus_listening)j->cs->s->l2i.listening, &e) == AUS_OK ? e : NAN;
}

/* The classifier's logits of the weighted atoms, or of the sound without them. */
static aus_status hear(l2i_job *j, int rest, float *y, float *logits)
{
  AUS_TRY(aus_l2i_listen_weighted(j->it, &j->reading, j->weight, (aus_listening)j->cs->s->l2i.listening, rest, y));
  return aus_interpreter_hear(j->it, j->reading.samples, y, logits, j->logits + 2 * j->classes);
}

/* Independent scores: the class against its absence, two logits whose softmax is the sigmoid. */
static aus_status masked(const l2i_job *j, const float *in, const float *out, int32_t c, aus_masked *m)
{
  const float *x = j->reading.heard_logits;
  if (!j->independent) return aus_eval_masked(j->cs->ctx, j->classes, x, in, out, c, m);
  return aus_eval_masked(j->cs->ctx, 2, (const float[]){ 0, x[c] }, (const float[]){ 0, in[c] }, (const float[]){ 0, out[c] }, 1, m);
}

static aus_status judge_at(l2i_job *j, int32_t index, int32_t t, float *y)
{
  aus_ctx *ctx = j->cs->ctx;
  l2i_clip *c = &j->clip[index];
  l2i_point *p = &c->at[t];
  const int32_t atoms = j->info->atoms;
  float *in = j->logits, *out = j->logits + j->classes;
  const uint64_t seed = (uint64_t)j->cs->s->seed + (uint64_t)t;
  aus_masked m;
  p->atoms = aus_l2i_select(atoms, j->r, j->tau[t], 0, j->keep);
  for (int32_t k = 0; k < atoms; k++) j->weight[k] = 1;
  const double all = energy_of(j, atoms, j->weight);
  for (int32_t k = 0; k < atoms; k++) j->weight[k] = j->keep[k];
  const double energy = energy_of(j, atoms, j->weight);
  if (isnan(energy) || isnan(all)) return AUS_ENOMEM;
  p->energy = all > 0 ? energy / all : 0;
  AUS_TRY(hear(j, 0, y, in));
  AUS_TRY(hear(j, 1, y, out));
  AUS_TRY(masked(j, in, out, c->said, &p->masked));
  for (int k = 0; k < L2I_CHANCES; k++) {
    AUS_TRY(k == L2I_BY_COUNT ? aus_eval_random_count(ctx, atoms, j->keep, seed, (uint64_t)index, j->weight) :
                            aus_eval_random_energy(ctx, atoms, energy, energy_of, j, seed, (uint64_t)index, j->weight));
    AUS_TRY(hear(j, 1, y, out));
    AUS_TRY(masked(j, out, out, c->said, &m));
    p->chance[k] = m.ff_logit;
  }
  return AUS_OK;
}

static aus_status judge(l2i_job *j, int32_t index, const aus_audio *a)
{
  l2i_clip *c = &j->clip[index];
  float *y = aus_alloc(j->cs->ctx, (size_t)a->frames, sizeof *y);
  aus_status status = y ? aus_interpreter_read(j->it, a->frames, a->data, &j->reading) : AUS_ENOMEM;
  if (status == AUS_OK) {
    memcpy(c->heard, j->reading.heard_logits, (size_t)j->classes * sizeof *y);
    memcpy(c->answer, j->reading.logits, (size_t)j->classes * sizeof *y);
    c->said = largest(j->classes, c->heard);
    c->answered = largest(j->classes, c->answer);
    aus_l2i_importance(j->it, &j->reading, c->said, j->r);
  }
  for (int32_t t = 0; status == AUS_OK && t < j->n_taus; t++) status = judge_at(j, index, t, y);
  aus_reading_free(&j->reading);
  aus_free(j->cs->ctx, y);
  return status;
}

static const char *cell(const l2i_job *j, int32_t row, const char *column)
{
  const int32_t c = aus_table_column(&j->table, column);
  return c < 0 ? "" : j->table.cell[(size_t)row * (size_t)j->table.columns + (size_t)c];
}

static int judge_row(l2i_job *j, int32_t index, int32_t row)
{
  aus_ctx *ctx = j->cs->ctx;
  l2i_clip *c = &j->clip[index];
  const char *slash = strrchr(j->table.path, '/'), *root = j->cs->s->l2i.root;
  aus_audio_range range = { 0 };
  aus_audio a;
  c->name = cell(j, row, "path");
  cli_real(cell(j, row, "start"), 0, 1e9, &range.offset);
  cli_real(cell(j, row, "duration"), 0, 1e9, &range.duration);
  char *path = *c->name == '/' ? aus_strdup(ctx, c->name) : root ? aus_strf(ctx, "%s/%s", root, c->name) :
                                                                   aus_strf(ctx, "%.*s%s", slash ? (int)(slash - j->table.path + 1) : 0, j->table.path, c->name);
  if (!path) return cli_fail(j->cs, CLI_WORKING, AUS_ENOMEM);
  aus_status status = aus_audio_read_mono(ctx, path, &range, aus_model_describe(j->model)->sample_rate, &a);
  aus_free(ctx, path);
  if (status != AUS_OK) return cli_fail(j->cs, CLI_READING, status);
  status = judge(j, index, &a);
  aus_audio_free(ctx, &a);
  if (status == AUS_OK) status = aus_progress(ctx, "judging", index + 1, j->n);
  return status == AUS_OK ? CLI_DONE : cli_fail(j->cs, CLI_WORKING, status);
}

/* ---- the command ------------------------------------------------------------------------------------------------------ */

static int open_both(l2i_job *j)
{
  cli_session *cs = j->cs;
  int code = cli_open_model(cs, &j->model);
  if (code == CLI_DONE) code = cli_l2i_open(cs, j->model, &j->it);
  if (code != CLI_DONE) return code;
  j->info = aus_interpreter_describe(j->it);
  j->classes = j->info->targets;
  j->independent = aus_model_describe(j->model)->score_kind == AUS_SCORE_PROBABILITY;
  return CLI_DONE;
}

static int make_room(l2i_job *j)
{
  aus_ctx *ctx = j->cs->ctx;
  const size_t atoms = (size_t)j->info->atoms, classes = (size_t)j->classes;
  j->clip = aus_alloc_zero(ctx, (size_t)j->n, sizeof *j->clip);
  j->r = aus_alloc(ctx, atoms, sizeof *j->r);
  j->keep = aus_alloc(ctx, atoms, 1);
  j->weight = aus_alloc(ctx, atoms, sizeof *j->weight);
  j->logits = aus_alloc(ctx, 3 * classes, sizeof *j->logits);
  if (!j->clip || !j->r || !j->keep || !j->weight || !j->logits) return cli_fail(j->cs, CLI_WORKING, AUS_ENOMEM);
  for (int32_t i = 0; i < j->n; i++) {
    j->clip[i].heard = aus_alloc(ctx, 2 * classes, sizeof(float));
    if (!j->clip[i].heard) return cli_fail(j->cs, CLI_WORKING, AUS_ENOMEM);
    j->clip[i].answer = j->clip[i].heard + classes;
  }
  return CLI_DONE;
}

static int evaluate(l2i_job *j, const char *manifest)
{
  aus_ctx *ctx = j->cs->ctx;
  int code = read_taus(j);
  if (code == CLI_DONE) code = open_both(j);
  if (code != CLI_DONE) return code;
  aus_status status = aus_table_read(ctx, manifest, &j->table);
  if (status != AUS_OK) return cli_fail(j->cs, CLI_READING, status);
  int32_t *row = aus_alloc(ctx, (size_t)j->table.rows + 1, sizeof *row);
  code = row ? choose_rows(j, row) : cli_fail(j->cs, CLI_WORKING, AUS_ENOMEM);
  if (code == CLI_DONE) code = make_room(j);
  for (int32_t i = 0; code == CLI_DONE && i < j->n; i++) code = judge_row(j, i, row[i]);
  aus_free(ctx, row);
  return code == CLI_DONE ? l2i_show(j) : code;
}

static int run(cli_settings *s, int n, char **operand)
{
  cli_session cs;
  (void)n;
  int code = cli_session_open(&cs, s);
  if (code != CLI_DONE) return code;
  l2i_job j = { .cs = &cs };
  code = evaluate(&j, operand[0]);
  for (int32_t i = 0; j.clip && i < j.n; i++) aus_free(cs.ctx, j.clip[i].heard);
  aus_free(cs.ctx, j.clip);
  aus_free(cs.ctx, j.r);
  aus_free(cs.ctx, j.keep);
  aus_free(cs.ctx, j.weight);
  aus_free(cs.ctx, j.logits);
  if (j.table.ctx) aus_table_free(&j.table);
  aus_interpreter_close(j.it);
  aus_model_close(j.model);
  return cli_session_close(&cs, code);
}

const cli_command cli_l2i_evaluate = {
  .name = "l2i evaluate", .operands = "MANIFEST.tsv -m CLASSIFIER.aus --interpreter FILE.aus [OPTION...]",
  .summary = "whether an interpreter says what its classifier says, and means it",
  .about = "Fidelity: how often the interpreter's highest classes hold the classifier's (top-1, 3, 5; Cohen's kappa is the\n"
           "agreement beyond chance). Faithfulness: what the class's logit loses when the atoms with relevance above tau are\n"
           "taken out of the sound, beside as many atoms drawn from the others, and atoms drawn until they are as loud\n"
           "(docs/fidelity.md). Where scores are independent (several labels a clip): average precision and F1 over all\n"
           "classes, too. Labels in the manifest are not used.",
  .examples = "# on clips that neither has learnt from\nauscult l2i evaluate clips.tsv --where fold=5 -m classifier.aus --interpreter interpreter/model.aus\n",
  .options = options, .min_operands = 1, .max_operands = 1, .run = run
};
