/* l2i_evaluate.c - auscult l2i evaluate: how often an interpreter says what its classifier says, and whether the classifier still says it when
 * the atoms that matter are taken out of the sound; beside atoms drawn by chance, as many and as loud. */
#include "cli/commands.h"
#include "cli/input.h"
#include "cli/table.h"
#include "train/table.h"

#include <auscult/fidelity.h>
#include <auscult/l2i.h>
#include <math.h>
#include <stdlib.h>
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

enum { MOST_TAUS = 16 };
enum { BY_COUNT, BY_ENERGY, CHANCES };
static const char *const chance_name[CHANCES] = { "random_count", "random_energy" };

/* One clip at one threshold. */
typedef struct point { aus_masked masked; double chance[CHANCES], energy; int32_t atoms; } point; /* chance: ff_logit; energy: kept share */

typedef struct clip { const char *name; int32_t said, answered; float *heard, *answer; point at[MOST_TAUS]; } clip;

typedef struct job {
  cli_session *cs;
  aus_model *model;
  aus_interpreter *it;
  const aus_interpreter_info *info;
  aus_table table;
  int32_t n_taus, n, classes;
  bool independent;             /* several classes may be said of a clip */
  double tau[MOST_TAUS];
  clip *clip;
  aus_reading reading;          /* of the clip that is judged now */
  double *r;                    /* [atoms] */
  uint8_t *keep;
  float *weight, *logits;       /* [atoms], [3][classes]: in, out, scores that are not needed */
} job;

/* ---- what to judge ---------------------------------------------------------------------------------------- */

static int read_taus(job *j)
{
  const char *p = j->cs->s->l2i.taus;
  while (*p) {
    char word[32];
    const size_t n = strcspn(p, ",");
    snprintf(word, sizeof word, "%.*s", (int)(n < 31 ? n : 31), p);
    if (j->n_taus == MOST_TAUS || !cli_real(word, -1, 1, &j->tau[j->n_taus])) return cli_say(j->cs, CLI_BAD_USAGE, "--taus %s: want up to %d numbers from -1 to 1 with commas", j->cs->s->l2i.taus, MOST_TAUS);
    j->n_taus++;
    p += n + (p[n] == ',');
  }
  return j->n_taus ? CLI_DONE : cli_say(j->cs, CLI_BAD_USAGE, "--taus: want a number");
}

/* --where as words; each must name a column. */
static int read_where(job *j, char *text, const char **word, aus_words *out)
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

static int choose_rows(job *j, int32_t *row)
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
  const job *j = user;
  double e;
  (void)n;
  return aus_l2i_energy(j->it, &j->reading, weight, (aus_listening)j->cs->s->l2i.listening, &e) == AUS_OK ? e : NAN;
}

/* The classifier's logits of the weighted atoms, or of the sound without them. */
static aus_status hear(job *j, int rest, float *y, float *logits)
{
  AUS_TRY(aus_l2i_listen_weighted(j->it, &j->reading, j->weight, (aus_listening)j->cs->s->l2i.listening, rest, y));
  return aus_interpreter_hear(j->it, j->reading.samples, y, logits, j->logits + 2 * j->classes);
}

/* Independent scores: the class against its absence, two logits whose softmax is the sigmoid. */
static aus_status masked(const job *j, const float *in, const float *out, int32_t c, aus_masked *m)
{
  const float *x = j->reading.heard_logits;
  if (!j->independent) return aus_eval_masked(j->cs->ctx, j->classes, x, in, out, c, m);
  return aus_eval_masked(j->cs->ctx, 2, (const float[]){ 0, x[c] }, (const float[]){ 0, in[c] }, (const float[]){ 0, out[c] }, 1, m);
}

static aus_status judge_at(job *j, int32_t index, int32_t t, float *y)
{
  aus_ctx *ctx = j->cs->ctx;
  clip *c = &j->clip[index];
  point *p = &c->at[t];
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
  for (int k = 0; k < CHANCES; k++) {
    AUS_TRY(k == BY_COUNT ? aus_eval_random_count(ctx, atoms, j->keep, seed, (uint64_t)index, j->weight) :
                            aus_eval_random_energy(ctx, atoms, energy, energy_of, j, seed, (uint64_t)index, j->weight));
    AUS_TRY(hear(j, 1, y, out));
    AUS_TRY(masked(j, out, out, c->said, &m));
    p->chance[k] = m.ff_logit;
  }
  return AUS_OK;
}

static aus_status judge(job *j, int32_t index, const aus_audio *a)
{
  clip *c = &j->clip[index];
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

static const char *cell(const job *j, int32_t row, const char *column)
{
  const int32_t c = aus_table_column(&j->table, column);
  return c < 0 ? "" : j->table.cell[(size_t)row * (size_t)j->table.columns + (size_t)c];
}

static int judge_row(job *j, int32_t index, int32_t row)
{
  aus_ctx *ctx = j->cs->ctx;
  clip *c = &j->clip[index];
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

/* ---- all clips -------------------------------------------------------------------------------------------------- */

typedef struct summary { double top[3], kappa; aus_detection detection; aus_masked mean[MOST_TAUS], median[MOST_TAUS]; double chance_mean[CHANCES][MOST_TAUS], chance_median[CHANCES][MOST_TAUS], energy[MOST_TAUS], atoms[MOST_TAUS]; } summary;

static int by_value(const void *a, const void *b)
{
  const double x = *(const double *)a, y = *(const double *)b;
  return (x > y) - (x < y);
}

static double median(int32_t n, double *v)
{
  qsort(v, (size_t)n, sizeof *v, by_value);
  return n % 2 ? v[n / 2] : (v[n / 2 - 1] + v[n / 2]) / 2;
}

/* The interpreter's probabilities against what the classifier says, above one half. */
static aus_status detect(const job *j, summary *s)
{
  aus_ctx *ctx = j->cs->ctx;
  const size_t k = (size_t)j->classes;
  uint8_t *said = aus_alloc(ctx, (size_t)j->n, k);
  float *y = aus_alloc(ctx, (size_t)j->n, k * sizeof *y);
  aus_status status = said && y ? AUS_OK : AUS_ENOMEM;
  for (size_t i = 0; status == AUS_OK && i < (size_t)j->n; i++)
    for (size_t c = 0; c < k; c++) {
      said[i * k + c] = j->clip[i].heard[c] > 0;
      y[i * k + c] = j->clip[i].answer[c];
    }
  if (status == AUS_OK) status = aus_eval_detection(ctx, j->n, j->classes, said, y, &s->detection);
  aus_free(ctx, said);
  aus_free(ctx, y);
  return status;
}

static aus_status agree(const job *j, summary *s)
{
  aus_ctx *ctx = j->cs->ctx;
  const size_t n = (size_t)j->n, k = (size_t)j->classes;
  float *f = aus_alloc(ctx, n, k * sizeof *f), *y = aus_alloc(ctx, n, k * sizeof *y);
  int32_t *a = aus_alloc(ctx, n, 2 * sizeof *a);
  aus_status status = f && y && a ? AUS_OK : AUS_ENOMEM;
  for (size_t i = 0; status == AUS_OK && i < n; i++) {
    memcpy(f + i * k, j->clip[i].heard, k * sizeof *f);
    memcpy(y + i * k, j->clip[i].answer, k * sizeof *y);
    a[i] = j->clip[i].said;
    a[n + i] = j->clip[i].answered;
  }
  for (int i = 0; status == AUS_OK && i < 3; i++) s->top[i] = aus_eval_top_k(j->n, j->classes, f, y, 1 + 2 * i);
  if (status == AUS_OK) status = aus_eval_kappa(ctx, j->n, j->classes, a, a + n, &s->kappa);
  if (status == AUS_OK && j->independent) status = detect(j, s);
  aus_free(ctx, f);
  aus_free(ctx, y);
  aus_free(ctx, a);
  return status;
}

static aus_status summarise(const job *j, summary *s)
{
  aus_ctx *ctx = j->cs->ctx;
  aus_masked *m = aus_alloc(ctx, (size_t)j->n, sizeof *m);
  double *v = aus_alloc(ctx, (size_t)j->n, sizeof *v);
  aus_status status = m && v ? agree(j, s) : AUS_ENOMEM;
  for (int32_t t = 0; status == AUS_OK && t < j->n_taus; t++) {
    for (int32_t i = 0; i < j->n; i++) {
      m[i] = j->clip[i].at[t].masked;
      s->energy[t] += j->clip[i].at[t].energy / j->n;
      s->atoms[t] += (double)j->clip[i].at[t].atoms / j->n;
    }
    aus_eval_masked_mean(j->n, m, &s->mean[t]);
    status = aus_eval_masked_median(ctx, j->n, m, &s->median[t]);
    for (int k = 0; k < CHANCES; k++) {
      for (int32_t i = 0; i < j->n; i++) s->chance_mean[k][t] += (v[i] = j->clip[i].at[t].chance[k]) / j->n;
      s->chance_median[k][t] = median(j->n, v);
    }
  }
  aus_free(ctx, m);
  aus_free(ctx, v);
  return status;
}

static void print(const job *j, const summary *s)
{
  printf("%d clips, interpreter: ", (int)j->n);
  cli_put(j->info->name);
  printf(", %d atoms, %s pooling, %s listening\n\nfidelity  top-1 %.1f %%  top-3 %.1f %%  top-5 %.1f %%  kappa %.3f\n\n", (int)j->info->atoms, j->info->pooling, j->cs->s->l2i.listening ? "parity" : "linear",
         100 * s->top[0], 100 * s->top[1], 100 * s->top[2], s->kappa);
  if (j->independent)
    printf("every class, against what the classifier says (above one half): AUPRC macro %.3f  micro %.3f  highest F1 %.3f\n\n", s->detection.macro_auprc, s->detection.micro_auprc, s->detection.max_f1);
  printf("what the class's logit loses when the atoms above tau are taken out (median, mean), beside atoms drawn by chance\n");
  printf("%6s %6s %8s  %15s  %15s  %15s  %8s\n", "tau", "atoms", "energy", "interpreter", "as many", "as loud", "ff");
  for (int32_t t = 0; t < j->n_taus; t++)
    printf("%6.2f %6.1f %7.1f%%  %7.3f %7.3f  %7.3f %7.3f  %7.3f %7.3f  %8.4f\n", j->tau[t], s->atoms[t], 100 * s->energy[t], s->median[t].ff_logit, s->mean[t].ff_logit, s->chance_median[BY_COUNT][t],
           s->chance_mean[BY_COUNT][t], s->chance_median[BY_ENERGY][t], s->chance_mean[BY_ENERGY][t], s->mean[t].ff);
}

/* ---- JSON --------------------------------------------------------------------------------------------------------- */

static void put_masked(aus_json *j, const char *key, const aus_masked *m)
{
  aus_json_flat_object(j, key);
  aus_json_real(j, "ff_logit", m->ff_logit);
  aus_json_real(j, "ff", m->ff);
  aus_json_real(j, "ai", m->ai);
  aus_json_real(j, "ad", m->ad);
  aus_json_real(j, "ag", m->ag);
  aus_json_real(j, "fid_in", m->fid_in);
  aus_json_close(j);
}

static void put_chance(aus_json *out, const char *name, double mean, double middle)
{
  aus_json_flat_object(out, name);
  aus_json_real(out, "ff_logit_mean", mean);
  aus_json_real(out, "ff_logit_median", middle);
  aus_json_close(out);
}

static void put_clip(const job *j, const clip *c, aus_json *out)
{
  const char *const *labels = aus_model_describe(j->model)->targets;
  aus_json_object(out, NULL);
  aus_json_string(out, "path", c->name);
  aus_json_string(out, "said", labels[c->said]);
  aus_json_string(out, "interpreter", labels[c->answered]);
  aus_json_array(out, "taus");
  for (int32_t t = 0; t < j->n_taus; t++) {
    const point *p = &c->at[t];
    aus_json_flat_object(out, NULL);
    aus_json_real(out, "tau", j->tau[t]);
    aus_json_integer(out, "atoms", p->atoms);
    aus_json_real(out, "energy", p->energy);
    aus_json_real(out, "ff_logit", p->masked.ff_logit);
    aus_json_real(out, "ff", p->masked.ff);
    aus_json_real(out, "ai", p->masked.ai);
    aus_json_real(out, "ad", p->masked.ad);
    aus_json_real(out, "ag", p->masked.ag);
    aus_json_real(out, "fid_in", p->masked.fid_in);
    for (int k = 0; k < CHANCES; k++) aus_json_real(out, chance_name[k], p->chance[k]);
    aus_json_close(out);
  }
  aus_json_close(out);
  aus_json_close(out);
}

static int print_json(const job *j, const summary *s)
{
  static const char *const top[3] = { "top_1", "top_3", "top_5" };
  aus_json out;
  aus_json_init(&out, j->cs->ctx);
  cli_json_head(&out, "auscult.l2i-evaluation/1");
  cli_json_model(j->cs, &out, aus_model_describe(j->model));
  aus_json_string(&out, "interpreter_sha256", j->info->sha256);
  aus_json_string(&out, "listening", j->cs->s->l2i.listening ? "parity" : "linear");
  aus_json_integer(&out, "n_clips", j->n);
  for (int i = 0; i < 3; i++) aus_json_real(&out, top[i], s->top[i]);
  aus_json_real(&out, "kappa", s->kappa);
  if (j->independent) {
    aus_json_flat_object(&out, "detection");
    aus_json_real(&out, "macro_auprc", s->detection.macro_auprc);
    aus_json_real(&out, "micro_auprc", s->detection.micro_auprc);
    aus_json_real(&out, "max_f1", s->detection.max_f1);
    aus_json_close(&out);
  }
  aus_json_array(&out, "taus");
  for (int32_t t = 0; t < j->n_taus; t++) {
    aus_json_object(&out, NULL);
    aus_json_real(&out, "tau", j->tau[t]);
    aus_json_real(&out, "atoms", s->atoms[t]);
    aus_json_real(&out, "energy", s->energy[t]);
    put_masked(&out, "mean", &s->mean[t]);
    put_masked(&out, "median", &s->median[t]);
    for (int k = 0; k < CHANCES; k++) put_chance(&out, chance_name[k], s->chance_mean[k][t], s->chance_median[k][t]);
    aus_json_close(&out);
  }
  aus_json_close(&out);
  aus_json_array(&out, "clips");
  for (int32_t i = 0; i < j->n; i++) put_clip(j, &j->clip[i], &out);
  aus_json_close(&out);
  cli_json_notes(j->cs, &out);
  cli_json_run(j->cs, &out);
  const int code = cli_print_json(j->cs, &out);
  aus_json_free(&out);
  return code;
}

/* ---- the command ------------------------------------------------------------------------------------------------------ */

static int open_both(job *j)
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

static int make_room(job *j)
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

static int evaluate(job *j, const char *manifest)
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
  summary *s = aus_alloc_zero(ctx, 1, sizeof *s);
  if (code == CLI_DONE && !s) code = cli_fail(j->cs, CLI_WORKING, AUS_ENOMEM);
  if (code == CLI_DONE) {
    status = summarise(j, s);
    if (status != AUS_OK) code = cli_fail(j->cs, CLI_WORKING, status);
  }
  if (code == CLI_DONE && j->cs->s->json) code = print_json(j, s);
  else if (code == CLI_DONE) { print(j, s); code = cli_flush(j->cs); }
  aus_free(ctx, s);
  return code;
}

static int run(cli_settings *s, int n, char **operand)
{
  cli_session cs;
  (void)n;
  int code = cli_session_open(&cs, s);
  if (code != CLI_DONE) return code;
  job j = { .cs = &cs };
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
