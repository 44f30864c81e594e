/* tabulate.c - tables of what measure wrote.
 *
 *   tabulate mean KEYS VALUES FILE.tsv...           a row for each combination of KEYS: n, then of each of VALUES the mean over folds of the folds' means, the standard
 *                                                   deviation over folds (- for one fold) and the median over all rows
 *   tabulate pairs KEYS VALUE AGAINST FILE.tsv...   the last of KEYS is the method, the column "clip" or "path" pairs rows: each method against AGAINST in VALUE:
 *                                                   mean difference, p of Wilcoxon's signed ranks and of the paired t test
 *   tabulate fidelity FILE.tsv...                   of `measure fidelity`: accuracy of the classifier, top-1, 3 and 5 fidelity, Cohen's kappa; mean and standard deviation over folds
 *   tabulate detection FILE.tsv...                  of `measure multi`: macro and micro average precision and highest F1 of classifier and interpreters against the truth, and of interpreters against what
 *                                                   the classifier says (above one half); then the same by the eleven thresholds and trapezoids of [Parekh22]; mean and standard deviation over folds
 *
 * KEYS and VALUES: names of columns with commas; A-B among VALUES is a difference. Rows come in the order of the files. */
#include <auscult/fidelity.h>

#include "core/core.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { COLUMNS = 64, NAMES = 16, LINE = 4096, CLASSES = 512 };

typedef struct names { int n; char *name[NAMES]; char text[512]; } names;
typedef struct row { char *text; char *cell[COLUMNS]; int head; } row;
typedef struct table { int n, room, heads; row *row; char *column[NAMES][COLUMNS]; int columns[NAMES]; } table;

static void cut(const char *text, names *n)
{
  snprintf(n->text, sizeof n->text, "%s", text);
  for (char *p = strtok(n->text, ","); p && n->n < NAMES; p = strtok(NULL, ",")) n->name[n->n++] = p;
}

static int cells(char *text, char **cell)
{
  int n = 0;
  text[strcspn(text, "\r\n")] = 0;
  for (char *p = text; p && n < COLUMNS; n++) {
    cell[n] = p;
    if ((p = strchr(p, '\t')) != NULL) *p++ = 0;
  }
  return n;
}

static int read_file(table *t, const char *path)
{
  static char line[LINE];
  FILE *f = fopen(path, "r");
  if (!f || t->heads == NAMES || !fgets(line, sizeof line, f)) { fprintf(stderr, "tabulate: cannot read %s\n", path); return 1; }
  const int head = t->heads++;
  t->columns[head] = cells(strdup(line), t->column[head]);
  while (fgets(line, sizeof line, f)) {
    if (t->n == t->room) t->row = realloc(t->row, (size_t)(t->room = 2 * t->room + 1024) * sizeof *t->row);
    row *r = &t->row[t->n++];
    *r = (row){ .text = strdup(line), .head = head };
    cells(r->text, r->cell);
  }
  fclose(f);
  return 0;
}

static const char *find(const table *t, const row *r, const char *name)
{
  for (int c = 0; c < t->columns[r->head]; c++)
    if (strcmp(t->column[r->head][c], name) == 0) return r->cell[c] ? r->cell[c] : "";
  fprintf(stderr, "tabulate: there is no column '%s'\n", name);
  exit(2);
}

/* A column, or the difference of two. */
static double number(const table *t, const row *r, const char *name)
{
  char first[128];
  const char *minus = strchr(name, '-');
  if (!minus) return strtod(find(t, r, name), NULL);
  snprintf(first, sizeof first, "%.*s", (int)(minus - name), name);
  return strtod(find(t, r, first), NULL) - strtod(find(t, r, minus + 1), NULL);
}

static void key_of(const table *t, const row *r, const names *keys, int n, char *to, size_t size)
{
  size_t at = 0;
  to[0] = 0;
  for (int k = 0; k < n && at < size; k++) at += (size_t)snprintf(to + at, size - at, "%s%s", k ? "\t" : "", find(t, r, keys->name[k]));
}

/* The distinct keys in order of appearance. */
static int groups(const table *t, const names *keys, int n, char (*group)[256], int most)
{
  int found = 0;
  char key[256];
  for (int i = 0; i < t->n; i++) {
    int g = 0;
    key_of(t, &t->row[i], keys, n, key, sizeof key);
    while (g < found && strcmp(group[g], key) != 0) g++;
    if (g == found && found < most) strcpy(group[found++], key);
  }
  return found;
}

static int ascending(const void *a, const void *b)
{
  const double x = *(const double *)a, y = *(const double *)b;
  if (isnan(x) || isnan(y)) return isnan(y) - isnan(x); /* nothing was heard: the lowest */
  return (x > y) - (x < y);
}

/* Mean of the folds' means and their standard deviation (n - 1). */
static void over_folds(int n, const double *v, const int *fold, double *mean, double *spread)
{
  double sum[16] = { 0 }, count[16] = { 0 }, folds = 0, square = 0;
  for (int i = 0; i < n; i++) { sum[fold[i] & 15] += v[i]; count[fold[i] & 15]++; }
  *mean = 0;
  for (int f = 0; f < 16; f++)
    if (count[f] > 0) { *mean += sum[f] / count[f]; folds++; }
  *mean /= folds;
  for (int f = 0; f < 16; f++)
    if (count[f] > 0) square += pow(sum[f] / count[f] - *mean, 2);
  *spread = folds > 1 ? sqrt(square / (folds - 1)) : NAN;
}

static void print_summary(int n, double *v, const int *fold, const char *separator)
{
  double mean, spread;
  over_folds(n, v, fold, &mean, &spread);
  qsort(v, (size_t)n, sizeof *v, ascending);
  printf("%s%.4g\t", separator, mean);
  if (isnan(spread)) printf("-"); else printf("%.3g", spread);
  printf("\t%.4g", n ? (v[(n - 1) / 2] + v[n / 2]) / 2 : NAN);
}

static int mean_table(const table *t, names *keys, names *values)
{
  static char group[4096][256];
  const int n = groups(t, keys, keys->n, group, 4096);
  double *v = malloc((size_t)t->n * sizeof *v + 1);
  int *fold = malloc((size_t)t->n * sizeof *fold + 1);
  for (int k = 0; k < keys->n; k++) printf("%s\t", keys->name[k]);
  printf("n");
  for (int c = 0; c < values->n; c++) printf("\t%s\tsd\tmedian", values->name[c]);
  for (int g = 0; g < n; g++) {
    for (int c = 0; c < values->n; c++) {
      int m = 0;
      char key[256];
      for (int i = 0; i < t->n; i++) {
        key_of(t, &t->row[i], keys, keys->n, key, sizeof key);
        if (strcmp(key, group[g]) != 0) continue;
        fold[m] = atoi(find(t, &t->row[i], "fold"));
        v[m++] = number(t, &t->row[i], values->name[c]);
      }
      if (c == 0) printf("\n%s\t%d", group[g], m);
      print_summary(m, v, fold, "\t");
    }
  }
  printf("\n");
  free(v);
  free(fold);
  return 0;
}

/* ---- pairs ----------------------------------------------------------------------------------------------- */

/* Values of a method in a group, and its partners' by clip and fold. Returns how many. */
static int pair_up(const table *t, names *keys, const char *group, const char *method, const char *against, const char *value, double *a, double *b)
{
  char key[256], other[256];
  int n = 0;
  const char *by = strcmp(t->column[0][1], "path") == 0 ? "path" : "clip", *who = keys->name[keys->n - 1];
  for (int i = 0; i < t->n; i++) {
    key_of(t, &t->row[i], keys, keys->n - 1, key, sizeof key);
    if (strcmp(key, group) != 0 || strcmp(find(t, &t->row[i], who), method) != 0) continue;
    for (int k = 0; k < t->n; k++) {
      const row *r = &t->row[k];
      if (strcmp(find(t, r, who), against) != 0 || strcmp(find(t, r, by), find(t, &t->row[i], by)) != 0) continue;
      key_of(t, r, keys, keys->n - 1, other, sizeof other);
      if (strcmp(other, group) != 0) continue;
      a[n] = number(t, &t->row[i], value);
      b[n++] = number(t, r, value);
      break;
    }
  }
  return n;
}

static int pairs_table(aus_ctx *ctx, const table *t, names *keys, const char *value, const char *against)
{
  static char group[512][256], method[512][256];
  names who = { .n = 1, .name = { keys->name[keys->n - 1] } };
  const int groups_n = keys->n > 1 ? groups(t, keys, keys->n - 1, group, 512) : 1, methods = groups(t, &who, 1, method, 512);
  double *a = malloc((size_t)t->n * sizeof *a + 1), *b = malloc((size_t)t->n * sizeof *b + 1);
  for (int k = 0; k < keys->n; k++) printf("%s\t", keys->name[k]);
  printf("against\tn\tdifference\tp_wilcoxon\tp_t\n");
  for (int g = 0; g < groups_n; g++)
    for (int m = 0; m < methods; m++) {
      aus_paired w, p;
      const int n = strcmp(method[m], against) != 0 ? pair_up(t, keys, group[g], method[m], against, value, a, b) : 0;
      if (n < 2 || aus_eval_wilcoxon(ctx, n, a, b, &w) != AUS_OK || aus_eval_paired_t(ctx, n, a, b, &p) != AUS_OK) continue;
      printf("%s%s%s\t%s\t%d\t%.4g\t%.3g\t%.3g\n", group[g], keys->n > 1 ? "\t" : "", method[m], against, n, w.difference, w.p, p.p);
    }
  free(a);
  free(b);
  return 0;
}

/* ---- fidelity ----------------------------------------------------------------------------------------------- */

static int read_logits(const char *text, float *to)
{
  int n = 0;
  for (char *end; *text && n < CLASSES; text = *end == ',' ? end + 1 : end) {
    to[n++] = strtof(text, &end);
    if (end == text) break;
  }
  return n;
}

/* accuracy, top-1, 3, 5, kappa of one interpreter in one fold; returns the number of clips. */
static int fidelity_fold(aus_ctx *ctx, const table *t, const char *who, const char *fold, double score[5])
{
  float *model = calloc((size_t)t->n * CLASSES, sizeof *model), *mine = malloc((size_t)t->n * CLASSES * sizeof *mine);
  int32_t *a = malloc((size_t)t->n * sizeof *a), *b = malloc((size_t)t->n * sizeof *b), n = 0, classes = 0, right = 0;
  for (int i = 0; i < t->n; i++) {
    const row *r = &t->row[i];
    if (strcmp(find(t, r, "who"), who) != 0 || strcmp(find(t, r, "fold"), fold) != 0) continue;
    classes = read_logits(find(t, r, "logits"), mine + (size_t)n * (size_t)classes); /* rows lie one behind another */
    a[n] = atoi(find(t, r, "classifier"));
    model[n * classes + a[n]] = 1;
    b[n] = 0;
    for (int c = 1; c < classes; c++)
      if (mine[n * classes + c] > mine[n * classes + b[n]]) b[n] = c;
    right += a[n] == atoi(find(t, r, "label"));
    n++;
  }
  score[0] = (double)right / n;
  for (int k = 0; k < 3; k++) score[1 + k] = aus_eval_top_k(n, classes, model, mine, 1 + 2 * k);
  if (n == 0 || aus_eval_kappa(ctx, n, classes, a, b, &score[4]) != AUS_OK) score[4] = NAN;
  free(model);
  free(mine);
  free(a);
  free(b);
  return n;
}

static int fidelity_table(aus_ctx *ctx, const table *t)
{
  static char who[64][256], fold[16][256];
  names whos = { .n = 1, .name = { "who" } }, folds = { .n = 1, .name = { "fold" } };
  const int w = groups(t, &whos, 1, who, 64), f = groups(t, &folds, 1, fold, 16);
  printf("who\tclips\tfolds\taccuracy\tsd\ttop1\tsd\ttop3\tsd\ttop5\tsd\tkappa\tsd\n");
  for (int i = 0; i < w; i++) {
    double score[16][5], v[16];
    int clips = 0, n = 0, index[16];
    for (int k = 0; k < f; k++) {
      const int c = fidelity_fold(ctx, t, who[i], fold[k], score[n]);
      clips += c;
      n += c > 0;
    }
    printf("%s\t%d\t%d", who[i], clips, n);
    for (int m = 0; m < 5; m++) {
      double mean, spread;
      for (int k = 0; k < n; k++) { v[k] = score[k][m]; index[k] = k; }
      over_folds(n, v, index, &mean, &spread);
      printf("\t%.4f\t", mean);
      if (isnan(spread)) printf("-"); else printf("%.4f", spread);
    }
    printf("\n");
  }
  return 0;
}

/* ---- several labels ---------------------------------------------------------------------------------------- */

static const double sweep[11] = { 0.95, 0.9, 0.8, 0.7, 0.6, 0.5, 0.4, 0.3, 0.2, 0.1, 0.05 };

/* One judge's probabilities in one fold, and what is so: the truth, or what the classifier says of the same sounds. Returns the number of sounds. */
static int answers_fold(const table *t, const char *who, const char *fold, const char *against, int *classes, float *score, uint8_t *truth)
{
  int n = 0, told = 0;
  float logit[CLASSES];
  for (int i = 0; i < t->n; i++) {
    const row *r = &t->row[i];
    if (strcmp(find(t, r, "fold"), fold) != 0) continue;
    const char *judge = find(t, r, "who");
    const bool says = strcmp(judge, "classifier") == 0;
    if (says || strcmp(judge, who) == 0) *classes = read_logits(find(t, r, "logits"), logit);
    for (int c = 0; says && c < *classes; c++) truth[told * *classes + c] = strcmp(against, "truth") == 0 ? find(t, r, "truth")[c] == '1' : logit[c] > 0;
    told += says;
    if (strcmp(judge, who) != 0) continue;
    for (int c = 0; c < *classes; c++) score[n * *classes + c] = (float)(1 / (1 + exp(-(double)logit[c])));
    n++;
  }
  return n == told ? n : 0;
}

static int detection_row(aus_ctx *ctx, const table *t, const char *who, const char *against, char (*fold)[256], int folds)
{
  float *score = malloc((size_t)t->n * CLASSES * sizeof *score);
  uint8_t *truth = malloc((size_t)t->n * CLASSES);
  double value[6][16], mean, spread;
  int index[16], n = 0, sounds = 0, classes = 0;
  for (int f = 0; f < folds; f++) {
    aus_detection d, w;
    const int m = answers_fold(t, who, fold[f], against, &classes, score, truth);
    if (m == 0 || aus_eval_detection(ctx, m, classes, truth, score, &d) != AUS_OK || aus_eval_detection_sweep(ctx, m, classes, truth, score, 11, sweep, &w) != AUS_OK) continue;
    const double of[6] = { d.macro_auprc, d.micro_auprc, d.max_f1, w.macro_auprc, w.micro_auprc, w.max_f1 };
    for (int k = 0; k < 6; k++) value[k][n] = of[k];
    index[n] = n;
    n++;
    sounds += m;
  }
  free(score);
  free(truth);
  printf("%s\t%s\t%d\t%d", who, against, sounds, n);
  for (int k = 0; k < 6; k++) {
    over_folds(n, value[k], index, &mean, &spread);
    printf("\t%.4f\t", mean);
    if (isnan(spread)) printf("-"); else printf("%.4f", spread);
  }
  printf("\n");
  return 0;
}

static int detection_table(aus_ctx *ctx, const table *t)
{
  static char who[64][256], fold[16][256];
  names whos = { .n = 1, .name = { "who" } }, folds = { .n = 1, .name = { "fold" } };
  const int w = groups(t, &whos, 1, who, 64), f = groups(t, &folds, 1, fold, 16);
  printf("who\tagainst\tsounds\tfolds\tmacro_auprc\tsd\tmicro_auprc\tsd\tmax_f1\tsd\tsweep_macro\tsd\tsweep_micro\tsd\tsweep_f1\tsd\n");
  for (int i = 0; i < w; i++)
    if (strcmp(who[i], "classifier") != 0) detection_row(ctx, t, who[i], "classifier", fold, f);
  for (int i = 0; i < w; i++) detection_row(ctx, t, who[i], "truth", fold, f);
  return 0;
}

int main(int argc, char **argv)
{
  static table t;
  static names keys, values;
  const char *what = argc > 1 ? argv[1] : "";
  const int first = strcmp(what, "mean") == 0 ? 4 : strcmp(what, "pairs") == 0 ? 5 : strcmp(what, "fidelity") == 0 || strcmp(what, "detection") == 0 ? 2 : argc;
  if (argc <= first) { fprintf(stderr, "usage: tabulate mean KEYS VALUES FILE... | pairs KEYS VALUE AGAINST FILE... | fidelity FILE... | detection FILE...\n"); return 2; }
  for (int i = first; i < argc; i++)
    if (read_file(&t, argv[i])) return 1;
  aus_ctx *ctx;
  if (aus_ctx_create(&ctx, &(aus_config){ .threads = 1 }) != AUS_OK) return 1;
  if (first > 2) { cut(argv[2], &keys); cut(argv[3], &values); }
  const int bad = first == 2 ? (strcmp(what, "detection") == 0 ? detection_table : fidelity_table)(ctx, &t) : first == 4 ? mean_table(&t, &keys, &values) : pairs_table(ctx, &t, &keys, argv[3], argv[4]);
  aus_ctx_destroy(ctx);
  return bad;
}
