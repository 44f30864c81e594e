/* keep.c - is the top tag still the top tag when only the strongest parts are kept? [Haunschmid20b] asked this of audioLIME and of SLIME.
 *
 *   keep MODEL.aus WAY SEGMENTS SAMPLES DRAWS K,K,... <LIST      a line: name, MIX.wav, FOLDER of stems, seconds to start at, between tabs
 *
 * WAY: stems (sources x SEGMENTS, the residual is a source) or slime (as many bands of the spectrogram as there are sources, x SEGMENTS). A snippet is
 * 3 s. Its top tag is explained by least squares from SAMPLES mixes (0: all 2^d). For each K the K largest weights are kept, all else is silence; beside it
 * DRAWS sets of K parts drawn from all, and from those with a weight above 0 (fewer than K of them: none is drawn). A line per snippet and K on stdout. */
#include <auscult/explain.h>
#include <auscult/model.h>
#include <auscult/sep.h>

#include "core/core.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MOST_PARTS = 64, MOST_K = 16, MOST_DRAWS = 256 };
static const double SNIPPET = 3;

typedef struct job {
  aus_ctx *ctx;
  aus_model *model;
  const aus_model_info *info;
  bool slime;
  int segments, draws, n_k, k[MOST_K];
  int64_t samples;
  uint64_t snippet; /* of the run, for the draws */
} job;

/* ---- the parts --------------------------------------------------------------------------------------------- */

static aus_status stems_of(const job *j, const aus_audio *heard, const char *folder, const aus_audio_range *range, aus_components *out)
{
  const aus_segments cut = { .kind = AUS_SEGMENTS_EQUAL, .n = j->segments, .crossfade_s = 0.01 };
  aus_stems stems = {0};
  aus_audio at_rate[16] = {{0}};
  int n = 0;
  aus_status status = aus_stems_load(j->ctx, folder, range, NULL, &stems);
  for (; status == AUS_OK && n < stems.n && n < 16; n++) status = aus_audio_convert(j->ctx, &stems.stem[n], heard->rate, 1, &at_rate[n]);
  /* residual.wav is among them: what is left beyond it is rounding */
  if (status == AUS_OK) status = aus_components_stems(j->ctx, heard, at_rate, (const char *const *)stems.name, n, AUS_RESIDUAL_FOLD, &cut, out);
  for (int i = 0; i < n; i++) aus_audio_free(j->ctx, &at_rate[i]);
  aus_stems_free(j->ctx, &stems);
  return status;
}

static aus_status parts_of(const job *j, const aus_audio *heard, const char *folder, const aus_audio_range *range, aus_components *out)
{
  if (!j->slime) return stems_of(j, heard, folder, range, out);
  return aus_components_tiles(j->ctx, heard, j->segments, 5, AUS_BASELINE_ZERO, 0, out);
}

/* ---- sets of parts ------------------------------------------------------------------------------------------- */

/* k of the n parts in list, drawn without putting back. */
static void draw(aus_rng *rng, int n, const int *list, int k, uint8_t *z)
{
  int left[MOST_PARTS];
  memcpy(left, list, (size_t)n * sizeof *left);
  for (int i = 0; i < k; i++) {
    const int at = i + (int)aus_rng_below(rng, (uint64_t)(n - i));
    z[left[at]] = 1;
    left[at] = left[i];
  }
}

/* How many of n rows have the tag on top. */
static aus_status count_same(const job *j, const aus_components *c, int n, const uint8_t *z, int tag, int *same)
{
  const int tags = j->info->n_targets;
  const aus_mixes mixes = aus_components_mixes(c);
  float *y = aus_alloc(j->ctx, (size_t)n * (size_t)tags, sizeof *y);
  aus_status status = y ? aus_model_predict_mixes(j->model, &mixes, n, z, y) : AUS_ENOMEM;
  *same = 0;
  for (int i = 0; status == AUS_OK && i < n; i++) {
    int best = 0;
    for (int t = 1; t < tags; t++)
      if (y[i * tags + t] > y[i * tags + best]) best = t;
    *same += best == tag;
  }
  aus_free(j->ctx, y);
  return status;
}

static aus_status one_k(const job *j, const aus_components *c, int k, const int *order, int positive, int tag, const char *name, double score)
{
  static uint8_t z[(2 * MOST_DRAWS + 1) * MOST_PARTS];
  int all[MOST_PARTS], kept, any, for_it = 0;
  aus_rng rng;
  memset(z, 0, sizeof z);
  for (int i = 0; i < c->n; i++) all[i] = i;
  for (int i = 0; i < k; i++) z[order[i]] = 1;
  aus_rng_init(&rng, 1, 1000 * j->snippet + (uint64_t)k);
  for (int d = 0; d < j->draws; d++) draw(&rng, c->n, all, k, z + (1 + d) * c->n);
  for (int d = 0; d < j->draws && positive >= k; d++) draw(&rng, positive, order, k, z + (1 + j->draws + d) * c->n);
  AUS_TRY(count_same(j, c, 1, z, tag, &kept));
  AUS_TRY(count_same(j, c, j->draws, z + c->n, tag, &any));
  if (positive >= k) AUS_TRY(count_same(j, c, j->draws, z + (1 + j->draws) * c->n, tag, &for_it));
  printf("%s\t%s\t%.4f\t%d\t%d\t%d\t%d\t%.4f\t%.4f\n", name, j->info->targets[tag], score, c->n, positive, k, kept, (double)any / j->draws, positive >= k ? (double)for_it / j->draws : NAN);
  return AUS_OK;
}

/* ---- a snippet --------------------------------------------------------------------------------------------------- */

static aus_status ask(job *j, const aus_components *c, const char *name)
{
  float scores[1024];
  int32_t tag = 0;
  int order[MOST_PARTS], positive = 0;
  aus_lime_config config;
  aus_explanation e;
  if (c->n > MOST_PARTS || j->info->n_targets > 1024) return aus_fail(j->ctx, AUS_ELIMIT, "%s: too many parts or tags", name);
  AUS_TRY(aus_model_predict(j->model, 1, c->samples, c->whole, scores));
  for (int t = 1; t < j->info->n_targets; t++)
    if (scores[t] > scores[tag]) tag = t;
  aus_lime_defaults(&config);
  config.samples = j->samples;
  config.bootstrap = 0;
  config.shapley = AUS_SHAPLEY_NONE;
  config.targets = &tag;
  config.n_targets = 1;
  config.seed = 1;
  AUS_TRY(aus_lime_explain(j->ctx, j->model, c, &config, &e));
  for (int i = 0; i < c->n; i++) {
    const double w = e.target[0].weight[i].weight;
    int at = i;
    for (; at > 0 && e.target[0].weight[order[at - 1]].weight < w; at--) order[at] = order[at - 1];
    order[at] = i;
    positive += w > 0;
  }
  aus_explanation_free(&e);
  aus_status status = AUS_OK;
  for (int i = 0; i < j->n_k && status == AUS_OK; i++)
    if (j->k[i] < c->n) status = one_k(j, c, j->k[i], order, positive, tag, name, (double)scores[tag]);
  fflush(stdout);
  return status;
}

static aus_status one_line(job *j, char *line)
{
  char *field[4], *p = line;
  aus_audio_range range = { .duration = SNIPPET };
  aus_audio heard;
  aus_components c = {0};
  line[strcspn(line, "\n")] = '\0';
  for (int i = 0; i < 4; i++) field[i] = p ? strsep(&p, "\t") : NULL;
  if (!field[3] || sscanf(field[3], "%lf", &range.offset) != 1) return aus_fail(j->ctx, AUS_EFORMAT, "want a name, MIX.wav, FOLDER and seconds between tabs");
  j->snippet++;
  AUS_TRY(aus_audio_read_mono(j->ctx, field[1], &range, j->info->sample_rate, &heard));
  aus_status status = parts_of(j, &heard, field[2], &range, &c);
  if (status == AUS_OK) status = ask(j, &c, field[0]);
  aus_components_free(&c);
  aus_audio_free(j->ctx, &heard);
  return status;
}

int main(int argc, char **argv)
{
  char line[8192];
  if (argc != 7) { fprintf(stderr, "usage: keep MODEL.aus stems|slime SEGMENTS SAMPLES DRAWS K,K,... <LIST\n"); return 2; }
  job j = { .slime = strcmp(argv[2], "slime") == 0, .segments = atoi(argv[3]), .samples = atoll(argv[4]), .draws = atoi(argv[5]) };
  for (char *p = argv[6]; *p && j.n_k < MOST_K; p += *p == ',') j.k[j.n_k++] = (int)strtol(p, &p, 10);
  if (j.draws < 1 || j.draws > MOST_DRAWS || j.segments < 1) { fprintf(stderr, "keep: 1 to %d draws, 1 segment or more\n", MOST_DRAWS); return 2; }
  if (aus_ctx_create(&j.ctx, &(aus_config){ .threads = 1 }) != AUS_OK) return 1;
  aus_status status = aus_model_open(j.ctx, argv[1], &j.model);
  if (status == AUS_OK) j.info = aus_model_describe(j.model);
  if (status == AUS_OK) printf("snippet\ttag\tscore\tparts\tpositive\tk\tkept\trandom\trandom_positive\n");
  while (status == AUS_OK && fgets(line, sizeof line, stdin)) status = one_line(&j, line);
  if (status != AUS_OK) fprintf(stderr, "keep: %s\n", aus_ctx_error(j.ctx));
  aus_model_close(j.model);
  aus_ctx_destroy(j.ctx);
  return status != AUS_OK;
}
