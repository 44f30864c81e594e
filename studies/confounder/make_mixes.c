/* make_mixes.c - what the classifiers learn from: sums of stems, and lists with labels.
 *
 *   make_mixes CORPUS OUT SEED ITEMS [NAME...]
 *
 * ITEMS: of the training items only the first so many; 0: all.
 *
 * OUT/gpdb.tsv, gpdbs.tsv: every item once, guitar and piano in turn, with the bass (and, gpdbs, strings where there are any); drums with every guitar
 * and never with a piano [Haunschmid20, sec. 4.1]. OUT/control.tsv: to learn from, every guitar and every piano by itself, those of items that hold nothing else among them (CORPUS is to be found as OUT/corpus), to be added to a row of
 * OUT/backing.tsv, the bass of an item or its bass and drums, by the recipe: drums say nothing about the label, whoever accompanies whom. To validate, items as they are, with bass, drums
 * with half of either. OUT/tagger.tsv: two draws of families per item, each in with chance one half and as loud as it is or up to 6 dB softer, labels all that are in. Sounds in OUT/NAME/, 16 bits. */
#include "studies/confounder/mix.h"

#include <sys/stat.h>

typedef struct job { aus_ctx *ctx; const char *corpus, *out; FILE *list; const char *name; uint64_t seed; int items; } job;

static int family_of(const char *label)
{
  for (int f = 0; f < FAMILIES; f++)
    if (strcmp(label, family_name[f]) == 0) return f;
  return -1;
}

/* The timbre of a row is that of the family that its label names, if it names one. */
static void list(job *j, const row *r, const char *path, const char *label)
{
  const int f = family_of(label);
  fprintf(j->list, "%s\t%s\t%s\t%s\t%s\n", path, label, r->split, r->song, f < 0 ? "" : r->timbre[f]);
}

/* in: how loud each stem is, 0 for what is left out. */
static aus_status write_mix(job *j, const row *r, const float *in, aus_audio *stem, const char *label, int variant)
{
  int64_t n = 0;
  float *x, peak = 0;
  char path[4096], name[160], item[64];
  for (int f = 0; f < FAMILIES; f++) {
    if (in[f] > 0 && !stem[f].data) AUS_TRY(read_stem(j->ctx, j->corpus, r, f, &stem[f]));
    if (in[f] > 0) n = stem[f].frames;
  }
  if (!(x = aus_alloc_zero(j->ctx, (size_t)n, sizeof *x))) return AUS_ENOMEM;
  for (int f = 0; f < FAMILIES; f++)
    for (int64_t i = 0; in[f] > 0 && i < n; i++) x[i] += in[f] * stem[f].data[i];
  for (int64_t i = 0; i < n; i++) peak = fmaxf(peak, fabsf(x[i]));
  for (int64_t i = 0; peak > 0.99f && i < n; i++) x[i] *= 0.99f / peak; /* fewer stems may peak higher than all */
  snprintf(item, sizeof item, "%s", r->item);
  *strchr(item, '/') = '-';
  snprintf(name, sizeof name, "%s/%s-%d.wav", j->name, item, variant);
  snprintf(path, sizeof path, "%s/%s", j->out, name);
  const aus_audio a = { .data = x, .frames = n, .channels = 1, .rate = RATE };
  const aus_status status = aus_audio_write_wav(j->ctx, path, &a, AUS_WAV_PCM16, 1);
  if (status == AUS_OK) list(j, r, name, label);
  aus_free(j->ctx, x);
  return status;
}

/* The confound: drums follow the label. */
static aus_status confounded(job *j, const row *r, aus_audio *stem, int k)
{
  const int label = k % 2 ? PIANO : GUITAR;
  float in[FAMILIES] = { [BASS] = 1, [STRINGS] = strcmp(j->name, "gpdbs") == 0 && r->has[STRINGS] };
  in[label] = 1;
  in[DRUMS] = label == GUITAR;
  return write_mix(j, r, in, stem, family_name[label], 0);
}

static aus_status control(job *j, const row *r, aus_audio *stem, int k)
{
  char path[128];
  aus_rng rng;
  aus_rng_init(&rng, j->seed, (uint64_t)k);
  for (int label = GUITAR; label <= PIANO; label++) {
    if (!r->has[label]) continue;
    float in[FAMILIES] = { [BASS] = 1 };
    in[label] = 1;
    in[DRUMS] = (float)aus_rng_below(&rng, 2);
    if (strcmp(r->split, "train") != 0) AUS_TRY(write_mix(j, r, in, stem, family_name[label], label));
    snprintf(path, sizeof path, "corpus/%s/%s.flac", r->item, family_name[label]);
    if (strcmp(r->split, "train") == 0) list(j, r, path, family_name[label]);
  }
  return AUS_OK;
}

static aus_status backing(job *j, const row *r, aus_audio *stem, int k)
{
  const float in[FAMILIES] = { [BASS] = 1, [DRUMS] = (float)(k % 2) };
  return strcmp(r->split, "train") == 0 ? write_mix(j, r, in, stem, k % 2 ? "bass,drums" : "bass", 0) : AUS_OK;
}

static aus_status tagger(job *j, const row *r, aus_audio *stem, int k)
{
  aus_rng rng;
  aus_rng_init(&rng, j->seed + 1, (uint64_t)k);
  for (int v = 0; v < 2; v++) {
    float in[FAMILIES] = {0};
    char label[64] = "";
    while (!label[0])
      for (int f = 0; f < FAMILIES; f++) {
        in[f] = r->has[f] && aus_rng_below(&rng, 2) ? (float)pow(10, -0.3 * aus_rng_uniform(&rng)) : 0;
        if (in[f] > 0) { strcat(label, label[0] ? "," : ""); strcat(label, family_name[f]); }
      }
    AUS_TRY(write_mix(j, r, in, stem, label, v));
  }
  return AUS_OK;
}

/* A guitar or a piano and nothing else (render --solo): the control learns from those, too. */
static bool alone(const row *r) { return r->has[GUITAR] + r->has[PIANO] == 1 && !r->has[BASS] && strcmp(r->split, "train") == 0; }

static aus_status make_list(job *j, const row *rows, int n, aus_status (*make)(job *, const row *, aus_audio *, int))
{
  char path[4096];
  snprintf(path, sizeof path, "%s/%s", j->out, j->name);
  mkdir(path, 0777);
  snprintf(path, sizeof path, "%s/%s.tsv", j->out, j->name);
  if (!(j->list = fopen(path, "w"))) return aus_fail(j->ctx, AUS_EIO, "cannot write %s", path);
  fprintf(j->list, "path\tlabel\tsplit\tsong\ttimbre\n");
  aus_status status = AUS_OK;
  for (int i = 0, k = 0; i < n && status == AUS_OK; i++) {
    if (strcmp(rows[i].split, "test") == 0 || !(complete(&rows[i]) || (make == control && alone(&rows[i])))) continue;
    if (j->items && strcmp(rows[i].split, "train") == 0 && atoi(strchr(rows[i].item, '/') + 1) >= j->items) continue; /* "train/00042" */
    aus_audio stem[FAMILIES] = {{0}}; /* read when one is needed */
    status = make(j, &rows[i], stem, k++);
    for (int f = 0; f < FAMILIES; f++) aus_audio_free(j->ctx, &stem[f]);
  }
  if (fclose(j->list) != 0 && status == AUS_OK) status = aus_fail(j->ctx, AUS_EIO, "cannot write %s", path);
  return status;
}

int main(int argc, char **argv)
{
  if (argc < 5) { fprintf(stderr, "usage: make_mixes CORPUS OUT SEED ITEMS [gpdb|gpdbs|control|backing|tagger]...\n"); return 2; }
  static const struct { const char *name; aus_status (*make)(job *, const row *, aus_audio *, int); } lists[] = {
    { "gpdb", confounded }, { "gpdbs", confounded }, { "control", control }, { "backing", backing }, { "tagger", tagger } };
  int n;
  row *rows = read_rows(argv[1], &n);
  job j = { .corpus = argv[1], .out = argv[2], .seed = strtoull(argv[3], NULL, 10), .items = atoi(argv[4]) };
  if (!rows || aus_ctx_create(&j.ctx, &(aus_config){ .threads = 1 }) != AUS_OK) { fprintf(stderr, "make_mixes: no %s/items.tsv\n", argv[1]); return 1; }
  mkdir(argv[2], 0777);
  aus_status status = AUS_OK;
  for (size_t k = 0; k < sizeof lists / sizeof *lists && status == AUS_OK; k++) {
    int wanted = argc == 5;
    for (int i = 5; i < argc; i++) wanted |= strcmp(argv[i], lists[k].name) == 0;
    j.name = lists[k].name;
    if (wanted) status = make_list(&j, rows, n, lists[k].make);
  }
  if (status != AUS_OK) fprintf(stderr, "make_mixes: %s\n", aus_ctx_error(j.ctx));
  aus_ctx_destroy(j.ctx);
  free(rows);
  return status != AUS_OK;
}
