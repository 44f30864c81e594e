/* families.c - which families sound? The tagger on the test songs.
 *
 *   families CORPUS MODEL.aus [--limit SONGS] [--seed S]
 *
 * Two snippets of 2 s per song, each a sum of families drawn with chance one half, at a start where each of them is within 30 dB of its own mean level. A line per snippet: which are in
 * (1 or 0 per family) and the scores. studies/confounder/tables.py makes the area under the curve and the accuracy of them. */
#include "studies/confounder/mix.h"

#include <auscult/model.h>

enum { SNIPPET = 2 * RATE, DRAWS = 2 };

typedef struct job { aus_ctx *ctx; aus_model *model; const char *corpus; uint64_t seed; int column[FAMILIES]; } job;

static double power(const float *x, int64_t n)
{
  double sum = 0;
  for (int64_t i = 0; i < n; i++) sum += (double)x[i] * (double)x[i];
  return sum / (double)n;
}

static void draw_families(const row *r, aus_rng *rng, int in[FAMILIES])
{
  for (int some = 0; !some;)
    for (int f = 0; f < FAMILIES; f++) some |= in[f] = r->has[f] && aus_rng_below(rng, 2);
}

static int64_t draw_start(const aus_audio *stem, const int in[FAMILIES], aus_rng *rng)
{
  int64_t start = 0;
  for (int tries = 0; tries < 50; tries++) {
    bool good = true;
    start = (int64_t)aus_rng_below(rng, (uint64_t)(stem[BASS].frames - SNIPPET + 1));
    for (int f = 0; f < FAMILIES && good; f++) good = !in[f] || power(stem[f].data + start, SNIPPET) > 1e-3 * power(stem[f].data, stem[f].frames);
    if (good) break;
  }
  return start;
}

static aus_status one_song(const job *j, const row *r, int index, float *mix)
{
  aus_audio stem[FAMILIES] = {{0}};
  aus_rng rng;
  float scores[FAMILIES];
  int in[FAMILIES];
  aus_status status = AUS_OK;
  aus_rng_init(&rng, j->seed + 2, (uint64_t)index);
  for (int f = 0; f < FAMILIES && status == AUS_OK; f++)
    if (r->has[f]) status = read_stem(j->ctx, j->corpus, r, f, &stem[f]);
  for (int k = 0; k < DRAWS && status == AUS_OK; k++) {
    draw_families(r, &rng, in);
    const int64_t start = draw_start(stem, in, &rng);
    memset(mix, 0, SNIPPET * sizeof *mix);
    for (int f = 0; f < FAMILIES; f++)
      for (int i = 0; in[f] && i < SNIPPET; i++) mix[i] += stem[f].data[start + i];
    status = aus_model_predict(j->model, 1, SNIPPET, mix, scores);
    printf("%s\t%s\t%.3f", r->item, r->song, (double)start / RATE);
    for (int f = 0; f < FAMILIES; f++) printf("\t%d\t%.6f", in[f], (double)scores[j->column[f]]);
    printf("\n");
  }
  for (int f = 0; f < FAMILIES; f++) aus_audio_free(j->ctx, &stem[f]);
  return status;
}

/* The model's target of each family. */
static aus_status find_columns(job *j)
{
  const aus_model_info *info = aus_model_describe(j->model);
  for (int f = 0; f < FAMILIES; f++) {
    j->column[f] = -1;
    for (int k = 0; k < info->n_targets && info->n_targets == FAMILIES; k++)
      if (strcmp(info->targets[k], family_name[f]) == 0) j->column[f] = k;
    if (j->column[f] < 0) return aus_fail(j->ctx, AUS_EINVAL, "the model does not say whether %s sound", family_name[f]);
  }
  return AUS_OK;
}

int main(int argc, char **argv)
{
  if (argc < 3) { fprintf(stderr, "usage: families CORPUS MODEL.aus [--limit SONGS] [--seed S]\n"); return 2; }
  static float mix[SNIPPET];
  job j = { .corpus = argv[1], .seed = 1 };
  int n, limit = 1 << 30, songs = 0;
  for (int i = 3; i + 1 < argc; i += 2) {
    if (!strcmp(argv[i], "--limit")) limit = atoi(argv[i + 1]);
    else if (!strcmp(argv[i], "--seed")) j.seed = strtoull(argv[i + 1], NULL, 10);
    else { fprintf(stderr, "families: unknown option %s\n", argv[i]); return 2; }
  }
  row *rows = read_rows(j.corpus, &n);
  if (!rows) { fprintf(stderr, "families: no %s/items.tsv (studies/corpus/run.sh makes it)\n", j.corpus); return 1; }
  if (aus_ctx_create(&j.ctx, &(aus_config){ .threads = 1 }) != AUS_OK) return 1;
  aus_status status = aus_model_open(j.ctx, argv[2], &j.model);
  if (status == AUS_OK) status = find_columns(&j);
  printf("item\tsong\tstart");
  for (int f = 0; f < FAMILIES; f++) printf("\t%s\t%s_score", family_name[f], family_name[f]);
  printf("\n");
  for (int i = 0; i < n && songs < limit && status == AUS_OK; i++) {
    if (strcmp(rows[i].split, "test") != 0 || !complete(&rows[i])) continue;
    status = one_song(&j, &rows[i], i, mix);
    songs++;
  }
  if (status != AUS_OK) fprintf(stderr, "families: %s\n", aus_ctx_error(j.ctx));
  aus_model_close(j.model);
  aus_ctx_destroy(j.ctx);
  free(rows);
  return status != AUS_OK;
}
