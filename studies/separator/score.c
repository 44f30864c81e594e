/* score.c - separators on songs whose stems are known: mean SI-SDR, its gain over the mix, and BSS Eval's SDR, SIR, SAR per source, and the gain's median; the
 * network beside the oracle masks.
 *
 *   score FOLDER MODEL.aus ITEMS [alone]        FOLDER/ITEM/STEM.flac; the mix is the sum of the stems; alone: without the masks, which are the same for all networks */
#include "core/core.h"

#include <auscult/eval.h>
#include <auscult/sep.h>
#include <dirent.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { METHODS = 5, MOST_STEMS = 16, MOST_ITEMS = 4096 };
static const char *const methods[METHODS] = { "network", "ibm", "irm", "wiener", "tpsf" };

typedef struct sums { int32_t n; double si_sdr, gain, sdr, sir, sar, each[MOST_ITEMS]; } sums; /* each: gains */

typedef struct job {
  aus_ctx *ctx;
  aus_separator *network;
  int32_t names, methods; /* methods: that are asked */
  char name[MOST_STEMS][64];
  sums sum[METHODS][MOST_STEMS];
} job;

static int32_t index_of(job *j, const char *name)
{
  for (int32_t i = 0; i < j->names; i++)
    if (strcmp(j->name[i], name) == 0) return i;
  if (j->names == MOST_STEMS) return MOST_STEMS - 1;
  snprintf(j->name[j->names], sizeof j->name[0], "%s", name);
  return j->names++;
}

static aus_status mix_of(aus_ctx *ctx, const aus_stems *stems, aus_audio *mix)
{
  *mix = stems->stem[0];
  mix->data = aus_alloc_zero(ctx, (size_t)(mix->frames * mix->channels), sizeof *mix->data);
  for (int32_t i = 0; mix->data && i < stems->n; i++)
    for (int64_t t = 0; t < mix->frames * mix->channels; t++) mix->data[t] += stems->stem[i].data[t];
  return mix->data ? AUS_OK : AUS_ENOMEM;
}

static double bounded(double v) { return isfinite(v) ? fmin(fmax(v, -60), 60) : v > 0 ? 60 : -60; }

/* Estimates by the stems' names; a stem without an estimate is judged as silence would be: left out. */
static aus_status add(job *j, int method, const aus_stems *truth, const aus_stems *got, const aus_audio *mix)
{
  const float *s[MOST_STEMS], *e[MOST_STEMS];
  aus_bss bss[MOST_STEMS];
  bool there[MOST_STEMS];
  for (int32_t i = 0; i < truth->n; i++) {
    s[i] = e[i] = truth->stem[i].data;
    there[i] = false;
    for (int32_t k = 0; k < got->n; k++)
      if (strcmp(got->name[k], truth->name[i]) == 0) { e[i] = got->stem[k].data; there[i] = true; }
  }
  AUS_TRY(aus_eval_bss(j->ctx, 512, mix->channels, mix->frames, truth->n, s, e, bss));
  for (int32_t i = 0; i < truth->n; i++) {
    if (!there[i]) continue;
    sums *sum = &j->sum[method][index_of(j, truth->name[i])];
    const double si = aus_eval_si_sdr(mix->frames * mix->channels, e[i], s[i]), had = aus_eval_si_sdr(mix->frames * mix->channels, mix->data, s[i]);
    sum->each[sum->n++] = bounded(si) - bounded(had);
    sum->si_sdr += bounded(si);
    sum->gain += bounded(si) - bounded(had);
    sum->sdr += bounded(bss[i].sdr);
    sum->sir += bounded(bss[i].sir);
    sum->sar += bounded(bss[i].sar);
  }
  return AUS_OK;
}

static aus_status one_item(job *j, const char *folder)
{
  aus_stems truth, got;
  aus_audio mix = { 0 };
  AUS_TRY(aus_stems_load(j->ctx, folder, NULL, NULL, &truth));
  aus_status status = truth.n <= MOST_STEMS ? mix_of(j->ctx, &truth, &mix) : aus_fail(j->ctx, AUS_ELIMIT, "%s: too many stems", folder);
  for (int m = 0; m < j->methods && status == AUS_OK; m++) {
    aus_separator *s = j->network;
    if (m > 0) status = aus_separator_oracle(j->ctx, methods[m], folder, NULL, &s);
    if (status == AUS_OK) status = aus_separator_run(s, &mix, 0, &got);
    if (status == AUS_OK) {
      status = add(j, m, &truth, &got, &mix);
      aus_stems_free(j->ctx, &got);
    }
    if (m > 0) aus_separator_close(s);
  }
  aus_free(j->ctx, mix.data);
  aus_stems_free(j->ctx, &truth);
  return status;
}

static int by_name(const void *a, const void *b) { return strcmp(*(char *const *)a, *(char *const *)b); }

static aus_status all_items(job *j, const char *folder, int64_t most)
{
  char *item[MOST_ITEMS], path[4096];
  int32_t n = 0;
  DIR *dir = opendir(folder);
  if (!dir) return aus_fail(j->ctx, AUS_EIO, "cannot open %s", folder);
  for (const struct dirent *d; (d = readdir(dir)) != NULL && n < MOST_ITEMS;)
    if (d->d_name[0] != '.') item[n++] = aus_strdup(j->ctx, d->d_name);
  closedir(dir);
  qsort(item, (size_t)n, sizeof *item, by_name);
  aus_status status = AUS_OK;
  for (int32_t i = 0; i < n; i++) {
    snprintf(path, sizeof path, "%s/%s", folder, item[i]);
    if (i < most && status == AUS_OK) status = one_item(j, path);
    aus_free(j->ctx, item[i]);
  }
  return status;
}

static int by_value(const void *a, const void *b)
{
  const double x = *(const double *)a, y = *(const double *)b;
  return (x > y) - (x < y);
}

static void print_sums(sums *s, const char *method, const char *stem)
{
  const double n = (double)s->n;
  qsort(s->each, (size_t)s->n, sizeof *s->each, by_value);
  const double median = (s->each[s->n / 2] + s->each[(s->n - 1) / 2]) / 2;
  printf("%s\t%s\t%d\t%.2f\t%.2f\t%.2f\t%.2f\t%.2f\t%.2f\n", method, stem, (int)s->n, s->si_sdr / n, s->gain / n, s->sdr / n, s->sir / n, s->sar / n, median);
}

int main(int argc, char **argv)
{
  static job j;
  const bool alone = argc == 5 && strcmp(argv[4], "alone") == 0;
  if (argc != 4 && !alone) { fprintf(stderr, "usage: score FOLDER MODEL.aus ITEMS [alone]\n"); return 2; }
  j.methods = alone ? 1 : METHODS;
  const aus_config config = { .threads = 1 };
  if (aus_ctx_create(&j.ctx, &config) != AUS_OK) return 1;
  aus_status status = aus_separator_open(j.ctx, argv[2], &j.network);
  if (status == AUS_OK) status = all_items(&j, argv[1], atoll(argv[3]));
  if (status != AUS_OK) { fprintf(stderr, "score: %s\n", aus_ctx_error(j.ctx)); return 1; }
  printf("method\tstem\titems\tsi_sdr\tgain\tsdr\tsir\tsar\tgain_median\n");
  for (int m = 0; m < METHODS; m++)
    for (int32_t i = 0; i < j.names; i++)
      if (j.sum[m][i].n) print_sums(&j.sum[m][i], methods[m], j.name[i]);
  aus_separator_close(j.network);
  aus_ctx_destroy(j.ctx);
  return 0;
}
