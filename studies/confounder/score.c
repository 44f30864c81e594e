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
#include "studies/confounder/mix.h"

#include <auscult/eval.h>
#include <auscult/explain.h>
#include <auscult/sep.h>
#include "la/la.h"
#include "lime/lime.h"

#include <sys/stat.h>
#include <unistd.h>

enum { SNIPPET = 2 * RATE, MAX_PARTS = 16, JUDGES = 3, MAX_NETS = 8 };
static const double LEAST = 1e-6; /* of a probability */
static const char *const judge_name[JUDGES] = { "wls", "ridge", "shapley" };

typedef struct job {
  aus_ctx *ctx;
  const char *corpus, *components, *kept; /* kept: the folder of separated parts, NULL: none */
  aus_model *model;
  aus_separator *separator[MAX_NETS];
  int separators; /* 0: oracle or leak */
  double leak;
  bool strings, both, pianos, alternate, only_guitar, no_rest;
  uint64_t seed;
  int limit;
} job;

/* What is explained: the mix and its true stems, cut to the snippet, and the parts it is explained by. */
typedef struct snippet {
  const row *r;
  int label, drums_with;         /* GUITAR or PIANO */
  float *stem[FAMILIES], *mix;   /* [SNIPPET] */
  float *part[MAX_PARTS];
  char name[MAX_PARTS][32];
  int family[MAX_PARTS];         /* whose sound a part is nearest to */
  double weight[MAX_PARTS];      /* by least squares, for the predicted label */
  int parts;
  double drums_sdr;              /* of the part nearest to the drums; NaN without drums */
} snippet;

static double dot(const float *a, const float *b)
{
  double s = 0;
  for (int i = 0; i < SNIPPET; i++) s += (double)a[i] * (double)b[i];
  return s;
}

/* ---- the snippet -------------------------------------------------------------------------------------- */

static bool is_in(const job *j, const snippet *s, int f)
{
  if (!s->r->has[f]) return false;
  if (f == DRUMS) return s->drums_with == s->label;
  return f == s->label || f == BASS || (f == STRINGS && j->strings);
}

/* A start where every stem of the mix is within 30 dB of its own mean level; the same for both test sets. */
static int64_t choose_start(const job *j, const snippet *s, const aus_audio *whole, int index)
{
  aus_rng rng;
  int64_t start = 0;
  aus_rng_init(&rng, j->seed, (uint64_t)(2 * index + (s->label == PIANO)));
  for (int tries = 0; tries < 50; tries++) {
    bool good = true;
    start = (int64_t)aus_rng_below(&rng, (uint64_t)(whole[BASS].frames - SNIPPET + 1));
    for (int f = 0; f < FAMILIES && good; f++) {
      if (!s->r->has[f] || (f != s->label && f != BASS && f != DRUMS)) continue;
      double all = 0;
      for (int64_t i = 0; i < whole[f].frames; i++) all += (double)whole[f].data[i] * (double)whole[f].data[i];
      const float *x = whole[f].data + start;
      good = dot(x, x) / SNIPPET > 1e-3 * all / (double)whole[f].frames;
    }
    if (good) break;
  }
  return start;
}

static void cut(const job *j, snippet *s, const aus_audio *whole, int64_t start)
{
  memset(s->mix, 0, SNIPPET * sizeof *s->mix);
  for (int f = 0; f < FAMILIES; f++) {
    memset(s->stem[f], 0, SNIPPET * sizeof(float));
    if (!is_in(j, s, f)) continue;
    memcpy(s->stem[f], whole[f].data + start, SNIPPET * sizeof(float));
    for (int i = 0; i < SNIPPET; i++) s->mix[i] += s->stem[f][i];
  }
}

/* ---- the parts ------------------------------------------------------------------------------------------ */

static void oracle_parts(const job *j, snippet *s)
{
  const int n = j->strings ? FAMILIES : FAMILIES - 1;
  s->parts = n;
  for (int f = 0; f < n; f++) {
    snprintf(s->name[f], sizeof s->name[f], "%s", family_name[f]);
    for (int i = 0; i < SNIPPET; i++) s->part[f][i] = (float)((1 - j->leak) * (double)s->stem[f][i] + j->leak / n * (double)s->mix[i]);
  }
}

static void add_part(snippet *s, const char *name, const float *x)
{
  if (s->parts == MAX_PARTS || dot(x, x) < 1e-8) return; /* atoms that were merged, a residual of nothing */
  snprintf(s->name[s->parts], sizeof s->name[0], "%s", name);
  memcpy(s->part[s->parts++], x, SNIPPET * sizeof *x);
}

/* What one network says of the whole item, as a listener's program would ask it; its parts are cut. */
static aus_status parts_of(const job *j, int k, snippet *s, const aus_audio *in, int64_t start)
{
  aus_stems out = {0};
  AUS_TRY(aus_separator_run(j->separator[k], in, 0, &out));
  for (int i = 0; i < out.n; i++) add_part(s, out.name[i], out.stem[i].data + start);
  aus_stems_free(j->ctx, &out);
  return AUS_OK;
}

/* The mix less all parts; part[MAX_PARTS - 1] is where it is made. */
static void add_rest(snippet *s)
{
  float *rest = s->part[MAX_PARTS - 1];
  if (s->parts == MAX_PARTS) return;
  memcpy(rest, s->mix, SNIPPET * sizeof *rest);
  for (int p = 0; p < s->parts; p++)
    for (int i = 0; i < SNIPPET; i++) rest[i] -= s->part[p][i];
  add_part(s, "residual", rest);
}

static aus_status separate(const job *j, snippet *s, const aus_audio *whole, int64_t start)
{
  const int64_t n = whole[BASS].frames;
  aus_audio in = { .data = aus_alloc_zero(j->ctx, (size_t)n, sizeof(float)), .frames = n, .channels = 1, .rate = RATE };
  aus_status status = in.data ? AUS_OK : AUS_ENOMEM;
  for (int f = 0; f < FAMILIES && in.data; f++)
    for (int64_t i = 0; is_in(j, s, f) && i < n; i++) in.data[i] += whole[f].data[i];
  s->parts = 0;
  for (int k = 0; k < j->separators && status == AUS_OK; k++) status = parts_of(j, k, s, &in, start);
  aus_free(j->ctx, in.data);
  return status;
}

/* ---- parts that are kept ---------------------------------------------------------------------------------- */

static void kept_path(const job *j, const snippet *s, int64_t start, char *path, size_t size)
{
  snprintf(path, size, "%s/%.5s-%s-%s-%lld%s", j->kept, s->r->item + strlen(s->r->split) + 1, family_name[s->label], family_name[s->drums_with], (long long)start, j->strings ? "-strings" : "");
}

static bool read_kept(const char *path, snippet *s)
{
  FILE *f = fopen(path, "rb");
  bool good = f && fread(&s->parts, sizeof s->parts, 1, f) == 1 && s->parts >= 0 && s->parts <= MAX_PARTS;
  for (int p = 0; good && p < s->parts; p++) good = fread(s->name[p], sizeof s->name[p], 1, f) == 1 && fread(s->part[p], sizeof(float), SNIPPET, f) == SNIPPET;
  if (f) fclose(f);
  return good;
}

static bool write_kept(const char *path, const snippet *s)
{
  char new[4096];
  snprintf(new, sizeof new, "%s.%d.new", path, (int)getpid()); /* several may make the same one at once */
  FILE *f = fopen(new, "wb");
  bool good = f && fwrite(&s->parts, sizeof s->parts, 1, f) == 1;
  for (int p = 0; good && p < s->parts; p++) good = fwrite(s->name[p], sizeof s->name[p], 1, f) == 1 && fwrite(s->part[p], sizeof(float), SNIPPET, f) == SNIPPET;
  if (f) good = fclose(f) == 0 && good;
  return good && rename(new, path) == 0;
}

static aus_status separated_parts(const job *j, snippet *s, const aus_audio *whole, int64_t start)
{
  char path[4000];
  if (j->kept) kept_path(j, s, start, path, sizeof path);
  if (!j->kept || !read_kept(path, s)) {
    AUS_TRY(separate(j, s, whole, start));
    if (j->kept && !write_kept(path, s)) return aus_fail(j->ctx, AUS_EIO, "cannot write %s", path);
  }
  if (!j->no_rest) add_rest(s);
  return AUS_OK;
}

/* SI-SDR of x as an estimate of s, dB. */
static double si_sdr(const float *x, const float *s)
{
  const double ss = dot(s, s), xs = dot(x, s), target = xs * xs / ss, all = dot(x, x);
  return 10 * log10(target / fmax(all - target, 1e-12 * all));
}

/* A part called as a family is that family's; "percussive" is the drums'; any other goes by its largest correlation with a true stem. */
static void whose(snippet *s)
{
  s->drums_sdr = NAN;
  const double drums = dot(s->stem[DRUMS], s->stem[DRUMS]);
  for (int p = 0; p < s->parts; p++) {
    double best = 0;
    s->family[p] = -1;
    for (int f = 0; f < FAMILIES; f++)
      if (strcmp(s->name[p], family_name[f]) == 0) s->family[p] = f;
    if (strcmp(s->name[p], "percussive") == 0) s->family[p] = DRUMS;
    for (int f = 0; f < FAMILIES && s->family[p] < 0; f++) {
      const double e = dot(s->stem[f], s->stem[f]), c = e > 0 ? dot(s->part[p], s->stem[f]) / sqrt(e * dot(s->part[p], s->part[p])) : 0;
      if (c > best) best = c;
    }
    for (int f = 0; f < FAMILIES && s->family[p] < 0; f++) {
      const double e = dot(s->stem[f], s->stem[f]), c = e > 0 ? dot(s->part[p], s->stem[f]) / sqrt(e * dot(s->part[p], s->part[p])) : 0;
      if (c > 0 && c == best) s->family[p] = f;
    }
    if (drums > 0 && dot(s->part[p], s->part[p]) > 0) s->drums_sdr = fmax(s->drums_sdr, si_sdr(s->part[p], s->stem[DRUMS]));
  }
}

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
  return aus_components_stems(j->ctx, &input, stems, names, s->parts, j->no_rest ? AUS_RESIDUAL_DROP : AUS_RESIDUAL_FOLD, NULL, out);
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
  const int64_t start = choose_start(j, s, whole, index);
  int predicted, top[JUDGES];
  float scores[2];
  double r2 = NAN;
  cut(j, s, whole, start);
  if (j->separators) AUS_TRY(separated_parts(j, s, whole, start));
  else oracle_parts(j, s);
  whose(s);
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

static aus_status open_components(job *j)
{
  const char *c = j->components;
  if (strcmp(c, "oracle") == 0) return AUS_OK;
  if (strncmp(c, "leak:", 5) == 0) { j->leak = atof(c + 5); return AUS_OK; }
  j->separators = 1;
  if (strcmp(c, "hpss") == 0) return aus_separator_hpss(j->ctx, NULL, &j->separator[0]);
  if (strncmp(c, "nmf:", 4) == 0) return aus_separator_nmf(j->ctx, atoi(c + 4), j->seed, &j->separator[0]);
  for (j->separators = 0; *c && j->separators < MAX_NETS; j->separators++) {
    char path[4096];
    snprintf(path, sizeof path, "%.*s", (int)strcspn(c, "+"), c);
    AUS_TRY(aus_separator_open(j->ctx, path, &j->separator[j->separators]));
    c += strcspn(c, "+");
    c += *c == '+';
  }
  return AUS_OK;
}

/* The model, or the model with its last layers at random. */
static aus_status open_model(job *j, const char *path, int cascade)
{
  void *bytes, *other = NULL;
  size_t size;
  if (cascade == 0) return aus_model_open(j->ctx, path, &j->model);
  AUS_TRY(aus_file_read(j->ctx, path, (size_t)1 << 31, &bytes, &size));
  aus_status status = aus_eval_randomise(j->ctx, bytes, size, cascade - 1, 1, j->seed, &other);
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
    if (strcmp(rows[i].split, "test") != 0 || !complete(&rows[i]) || (j->strings && !rows[i].has[STRINGS])) continue;
    status = one_song(j, &s, &rows[i], i);
    songs++;
  }
  aus_free(j->ctx, block);
  return status;
}

int main(int argc, char **argv)
{
  if (argc < 4) { fprintf(stderr, "usage: score CORPUS MODEL.aus COMPONENTS [--strings] [--limit SONGS] [--sets both|pno|piano] [--alternate] [--only-guitar] [--no-rest] [--parts DIR] [--seed S] [--cascade L]\n"); return 2; }
  job j = { .corpus = argv[1], .components = argv[3], .both = true, .seed = 1, .limit = 1 << 30 };
  int n, cascade = 0;
  for (int i = 4; i < argc; i++) {
    const char *value = i + 1 < argc ? argv[i + 1] : "";
    if (!strcmp(argv[i], "--strings")) j.strings = true;
    else if (!strcmp(argv[i], "--limit")) j.limit = atoi(value), i++;
    else if (!strcmp(argv[i], "--sets")) j.both = strcmp(value, "both") == 0, j.pianos = strcmp(value, "piano") == 0, i++;
    else if (!strcmp(argv[i], "--alternate")) j.alternate = true;
    else if (!strcmp(argv[i], "--only-guitar")) j.only_guitar = true;
    else if (!strcmp(argv[i], "--no-rest")) j.no_rest = true;
    else if (!strcmp(argv[i], "--parts")) mkdir(j.kept = value, 0777), i++;
    else if (!strcmp(argv[i], "--seed")) j.seed = strtoull(value, NULL, 10), i++;
    else if (!strcmp(argv[i], "--cascade")) cascade = atoi(value), i++;
    else { fprintf(stderr, "score: unknown option %s\n", argv[i]); return 2; }
  }
  row *rows = read_rows(j.corpus, &n);
  if (!rows) { fprintf(stderr, "score: no %s/items.tsv (studies/corpus/run.sh makes it)\n", j.corpus); return 1; }
  if (aus_ctx_create(&j.ctx, &(aus_config){ .threads = 1 }) != AUS_OK) return 1;
  aus_status status = open_components(&j);
  if (status == AUS_OK) status = open_model(&j, argv[2], cascade);
  if (status == AUS_OK && aus_model_describe(j.model)->n_targets != 2) status = aus_fail(j.ctx, AUS_EINVAL, "%s does not choose between two labels", argv[2]);
  if (status == AUS_OK) status = run(&j, rows, n);
  if (status != AUS_OK) fprintf(stderr, "score: %s\n", aus_ctx_error(j.ctx));
  aus_model_close(j.model);
  for (int k = 0; k < j.separators; k++) aus_separator_close(j.separator[k]);
  aus_ctx_destroy(j.ctx);
  free(rows);
  return status != AUS_OK;
}
