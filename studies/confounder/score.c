/* score.c - audioLIME asked why, snippet by snippet [Haunschmid20, sec. 4.2].
 *
 *   score CORPUS MODEL.aus COMPONENTS [--strings] [--limit SONGS] [--sets both|pno|piano] [--alternate] [--only-guitar] [--no-rest] [--parts DIR] [--seed S] [--cascade L]
 *
 * COMPONENTS: oracle (guitar, piano, bass, drums, with --strings strings: what is not in the mix is silent), leak:A (each oracle stem gives the part A away to all alike:
 * a separator as bad as wanted), hpss, nmf:K, or a separator's FILE.aus, or several (A.aus+B.aus: one-versus-all networks); those with what is left as one part more,
 * or with --no-rest without it: then all on is their sum and not the mix, as in the paper's OVA. --parts DIR keeps what was separated there for the next model. Two test sets from every test song, each with a
 * guitar and a piano item: dr-gtr has drums with the guitar, as in training, dr-pno with the piano. One snippet of 2 s per item, drawn where nothing that plays pauses; --sets pno: dr-pno only, piano: and of it
 * only pianos, all with drums; --alternate: a song gives its guitar or its piano item in turn, as in the paper; --only-guitar: what is not called guitar is not explained ("not asked").
 * All 2^d mixes are asked, cosine kernel of width 0.25, probabilities, the predicted label; top is the component with the largest weight above a millionth by
 * unshrunk least squares, by LIME's ridge (alpha 1), and by Shapley value. --cascade L: the L layers next to the output are randomised first [Adebayo18].
 * A line per snippet on stdout, least squares' weights at its end; studies/confounder/tables.py counts them. */
#include "studies/confounder/score.h"

#include <auscult/eval.h>
#include <auscult/explain.h>
#include "la/la.h"
#include "lime/lime.h"

#include <sys/stat.h>

enum { JUDGES = 3 };
static const double LEAST = 1e-6; /* of a probability */
static const char *const judge_name[JUDGES] = { "wls", "ridge", "shapley" };

typedef struct job {
  aus_ctx *ctx;
  const char *corpus;
  aus_model *model;
  recipe parts;
  bool both, pianos, alternate, only_guitar;
  int limit;
} job;

/* ---- the question ------------------------------------------------------------------------------------------ */

static aus_status components_of(const job *j, snippet *s, aus_components *out)
{
  const aus_audio input = { .data = s->mix, .frames = SNIPPET, .channels = 1, .rate = RATE };
  aus_audio stems[MAX_PARTS];
  const char *names[MAX_PARTS];
  for (int p = 0; p < s->parts; p++) {
    stems[p] = input;
    stems[p].data = s->part[p];
    names[p] = s->name[p];
  }
  return aus_components_stems(j->ctx, &input, stems, names, s->parts, j->parts.no_rest ? AUS_RESIDUAL_DROP : AUS_RESIDUAL_FOLD, NULL, out);
}

/* The largest of value[parts] that is above what single precision can tell from nothing, so that silence, whose weight is zero but for rounding, is never on top; else -1. */
static int largest(int parts, const double *value)
{
  int top = -1;
  for (int p = 0; p < parts; p++)
    if (value[p] > LEAST && (top < 0 || value[p] > value[top])) top = p;
  return top;
}

/* LIME's own ridge on the table of a least-squares explanation. */
static aus_status by_ridge(const job *j, const aus_explanation *e, double *weight)
{
  double *pi = aus_alloc(j->ctx, (size_t)e->n_rows, sizeof *pi), intercept;
  if (!pi) return AUS_ENOMEM;
  for (int64_t i = 0; i < e->n_rows; i++) {
    const int32_t on = lime_count(e->n_components, e->z + i * e->n_components);
    pi[i] = lime_kernel(lime_distance(AUS_DISTANCE_COSINE, on, e->n_components), aus_lime_kernel_width(AUS_DISTANCE_COSINE, e->n_components));
  }
  const aus_status status = aus_weighted_ridge(j->ctx, e->n_rows, e->n_components, 1, e->z, pi, e->y, 1, weight, &intercept, NULL);
  aus_free(j->ctx, pi);
  return status;
}

static aus_status explain(const job *j, snippet *s, const aus_components *c, int32_t target, int top[JUDGES], double *r2)
{
  double value[JUDGES][MAX_PARTS];
  aus_explanation e;
  aus_lime_config config;
  aus_lime_defaults(&config);
  config.force_exhaustive = 1;
  config.bootstrap = 0;
  config.targets = &target;
  config.n_targets = 1;
  AUS_TRY(aus_lime_explain(j->ctx, j->model, c, &config, &e));
  const aus_status status = by_ridge(j, &e, value[1]);
  for (int p = 0; p < e.n_components; p++) {
    value[0][p] = s->weight[p] = e.target[0].weight[p].weight;
    value[2][p] = e.target[0].weight[p].shapley;
  }
  for (int k = 0; k < JUDGES; k++) top[k] = largest(e.n_components, value[k]);
  *r2 = e.target[0].r2;
  aus_explanation_free(&e);
  return status;
}

/* top[judge]: the part with the largest positive value, -1 when none is positive, -2 when it was not asked. */
static aus_status ask(const job *j, snippet *s, int *predicted, float *scores, int top[JUDGES], double *r2)
{
  aus_components c = {0};
  AUS_TRY(aus_model_predict(j->model, 1, SNIPPET, s->mix, scores));
  *predicted = scores[1] > scores[0];
  for (int k = 0; k < JUDGES; k++) top[k] = -2;
  if (j->only_guitar && *predicted) return AUS_OK;
  aus_status status = components_of(j, s, &c);
  if (status == AUS_OK) status = explain(j, s, &c, *predicted, top, r2);
  aus_components_free(&c);
  return status;
}

static const char *part_name(const snippet *s, int top) { return top == -2 ? "not asked" : top < 0 ? "none" : s->name[top]; }
static const char *part_family(const snippet *s, int top) { return top < 0 ? part_name(s, top) : s->family[top] < 0 ? "none" : family_name[s->family[top]]; }

static aus_status one_snippet(const job *j, snippet *s, const aus_audio *whole, int index)
{
  int64_t start;
  int predicted, top[JUDGES];
  float scores[2];
  double r2 = NAN;
  AUS_TRY(make_snippet(&j->parts, s, whole, index, &start));
  AUS_TRY(ask(j, s, &predicted, scores, top, &r2));
  printf("%s\t%s\t%.3f\tdr-%s\t%s\t%s\t%.6f\t%.4f\t%.2f", s->r->item, s->r->song, (double)start / RATE, s->drums_with == GUITAR ? "gtr" : "pno", family_name[s->label],
         predicted ? "piano" : "guitar", (double)scores[0], r2, s->drums_sdr);
  for (int k = 0; k < JUDGES; k++) printf("\t%s\t%s", part_name(s, top[k]), part_family(s, top[k]));
  for (int p = 0; p < s->parts; p++)
    if (top[0] != -2) printf("%c%s:%.6f", p ? ',' : '\t', s->name[p], s->weight[p]);
  printf("%s\n", top[0] == -2 || s->parts == 0 ? "\tnot asked" : "");
  return AUS_OK;
}

static aus_status one_song(const job *j, snippet *s, const row *r, int index)
{
  aus_audio whole[FAMILIES] = {{0}};
  aus_status status = AUS_OK;
  s->r = r;
  for (int f = 0; f < FAMILIES && status == AUS_OK; f++)
    if (r->has[f]) status = read_stem(j->ctx, j->corpus, r, f, &whole[f]);
  for (int set = j->both ? GUITAR : PIANO; set <= PIANO && status == AUS_OK; set++)
    for (int label = j->pianos ? PIANO : GUITAR; label <= PIANO && status == AUS_OK; label++) {
      if (j->alternate && label != (index % 2 ? PIANO : GUITAR)) continue;
      s->drums_with = set;
      s->label = label;
      status = one_snippet(j, s, whole, index);
    }
  for (int f = 0; f < FAMILIES; f++) aus_audio_free(j->ctx, &whole[f]);
  return status;
}

/* ---- the whole ------------------------------------------------------------------------------------------------ */

/* The model, or the model with its last layers at random. */
static aus_status open_model(job *j, const char *path, int cascade)
{
  void *bytes, *other = NULL;
  size_t size;
  if (cascade == 0) return aus_model_open(j->ctx, path, &j->model);
  AUS_TRY(aus_file_read(j->ctx, path, (size_t)1 << 31, &bytes, &size));
  aus_status status = aus_eval_randomise(j->ctx, bytes, size, cascade - 1, 1, j->parts.seed, &other);
  if (status == AUS_OK) status = aus_model_open_memory(j->ctx, other, size, &j->model);
  aus_free(j->ctx, bytes); /* other lives as long as the model: until the end of the program */
  return status;
}

static aus_status run(job *j, const row *rows, int n)
{
  snippet s = {0};
  float *block = aus_alloc_zero(j->ctx, (size_t)(FAMILIES + 1 + MAX_PARTS) * SNIPPET, sizeof *block);
  if (!block) return AUS_ENOMEM;
  for (int f = 0; f < FAMILIES; f++) s.stem[f] = block + f * SNIPPET;
  s.mix = block + FAMILIES * SNIPPET;
  for (int p = 0; p < MAX_PARTS; p++) s.part[p] = block + (FAMILIES + 1 + p) * SNIPPET;
  aus_status status = AUS_OK;
  printf("item\tsong\tstart\tset\ttruth\tpredicted\tp_guitar\tr2\tdrums_sdr");
  for (int k = 0; k < JUDGES; k++) printf("\t%s\t%s_family", judge_name[k], judge_name[k]);
  printf("\tweights\n");
  for (int i = 0, songs = 0; i < n && songs < j->limit && status == AUS_OK; i++) {
    if (strcmp(rows[i].split, "test") != 0 || !complete(&rows[i]) || (j->parts.strings && !rows[i].has[STRINGS])) continue;
    status = one_song(j, &s, &rows[i], i);
    songs++;
  }
  aus_free(j->ctx, block);
  return status;
}

int main(int argc, char **argv)
{
  if (argc < 4) { fprintf(stderr, "usage: score CORPUS MODEL.aus COMPONENTS [--strings] [--limit SONGS] [--sets both|pno|piano] [--alternate] [--only-guitar] [--no-rest] [--parts DIR] [--seed S] [--cascade L]\n"); return 2; }
  job j = { .corpus = argv[1], .parts = { .seed = 1 }, .both = true, .limit = 1 << 30 };
  int n, cascade = 0;
  for (int i = 4; i < argc; i++) {
    const char *value = i + 1 < argc ? argv[i + 1] : "";
    if (!strcmp(argv[i], "--strings")) j.parts.strings = true;
    else if (!strcmp(argv[i], "--limit")) j.limit = atoi(value), i++;
    else if (!strcmp(argv[i], "--sets")) j.both = strcmp(value, "both") == 0, j.pianos = strcmp(value, "piano") == 0, i++;
    else if (!strcmp(argv[i], "--alternate")) j.alternate = true;
    else if (!strcmp(argv[i], "--only-guitar")) j.only_guitar = true;
    else if (!strcmp(argv[i], "--no-rest")) j.parts.no_rest = true;
    else if (!strcmp(argv[i], "--parts")) mkdir(j.parts.kept = value, 0777), i++;
    else if (!strcmp(argv[i], "--seed")) j.parts.seed = strtoull(value, NULL, 10), i++;
    else if (!strcmp(argv[i], "--cascade")) cascade = atoi(value), i++;
    else { fprintf(stderr, "score: unknown option %s\n", argv[i]); return 2; }
  }
  row *rows = read_rows(j.corpus, &n);
  if (!rows) { fprintf(stderr, "score: no %s/items.tsv (studies/corpus/run.sh makes it)\n", j.corpus); return 1; }
  if (aus_ctx_create(&j.ctx, &(aus_config){ .threads = 1 }) != AUS_OK) return 1;
  j.parts.ctx = j.ctx;
  aus_status status = open_parts(&j.parts, argv[3]);
  if (status == AUS_OK) status = open_model(&j, argv[2], cascade);
  if (status == AUS_OK && aus_model_describe(j.model)->n_targets != 2) status = aus_fail(j.ctx, AUS_EINVAL, "%s does not choose between two labels", argv[2]);
  if (status == AUS_OK) status = run(&j, rows, n);
  if (status != AUS_OK) fprintf(stderr, "score: %s\n", aus_ctx_error(j.ctx));
  aus_model_close(j.model);
  close_parts(&j.parts);
  aus_ctx_destroy(j.ctx);
  free(rows);
  return status != AUS_OK;
}
