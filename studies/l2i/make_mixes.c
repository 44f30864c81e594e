/* make_mixes.c - sounds whose parts are known.
 *
 *   make_mixes CLIPS OUT FOLD [SEED]
 *
 * From the clips of make_clips, with FOLD as the test fold and the next one (in a circle) to validate:
 *
 *   multi/    several labels a sound, in the layout of the urban-sound task [Parekh22]: 10 s, 44.1 kHz, eight classes, one to four of them in
 *             each, somewhere in it, their loudness within 12 dB, in rain or waves 12 to 24 dB below. 400 to train, 80 to validate, 80 to test,
 *             whose parts are written, too (NAME-PART.wav, PART the label or "background"). multi.tsv: path, label, split; parts.tsv: path, part, clip, start, gain.
 *   overlap/  a test clip and one of another class, at -6, 0 and 6 dB target to interferer (energy over the clip). overlap.tsv
 *   noise/    each test clip in white noise of the same energy. noise.tsv
 *
 * The lists give the gain of each part, so a part is its clip times that gain and a sound the sum of its parts; every draw is
 * Philox keyed by (SEED, set, item). */
#include <auscult/audio.h>

#include "core/core.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

enum { RATE = 44100, CLIP = 5 * RATE, LONG = 10 * RATE, CLIPS = 400, CLASSES = 8, PARTS = 5 };
static const char *const classes[CLASSES] = { "chainsaw", "clock_tick", "crackling_fire", "crying_baby", "dog", "helicopter", "rooster", "sneezing" };

typedef struct clip { char path[80], label[40]; int fold; } clip;
typedef struct maker {
  aus_ctx *ctx;
  const char *in, *out;
  uint64_t seed;
  int n;
  clip clip[CLIPS];
} maker;
typedef struct part { int clip; int64_t start; double gain; } part;

/* ---- clips ------------------------------------------------------------------------------------------- */

static aus_status read_list(maker *m)
{
  char path[4096], line[512];
  snprintf(path, sizeof path, "%s/clips.tsv", m->in);
  FILE *f = fopen(path, "r");
  if (!f) return aus_fail(m->ctx, AUS_EIO, "cannot open %s (made by make_clips)", path);
  while (m->n < CLIPS && fgets(line, sizeof line, f)) {
    clip *c = &m->clip[m->n];
    if (sscanf(line, "%79[^\t]\t%39[^\t]\t%d", c->path, c->label, &c->fold) == 3) m->n++;
  }
  fclose(f);
  return m->n ? AUS_OK : aus_fail(m->ctx, AUS_EFORMAT, "%s lists no clips", path);
}

static aus_status hear(maker *m, int k, float *x)
{
  char path[4096];
  aus_audio a;
  snprintf(path, sizeof path, "%s/%s", m->in, m->clip[k].path);
  AUS_TRY(aus_audio_read_mono(m->ctx, path, NULL, RATE, &a));
  const int64_t n = a.frames < CLIP ? a.frames : CLIP;
  memset(x, 0, CLIP * sizeof *x);
  memcpy(x, a.data, (size_t)n * sizeof *x);
  aus_audio_free(m->ctx, &a);
  return AUS_OK;
}

static double energy(int64_t n, const float *x)
{
  double sum = 0;
  for (int64_t i = 0; i < n; i++) sum += (double)x[i] * x[i];
  return sum;
}

/* Mean square of the louder parts: of the 50 ms stretches within 20 dB of the loudest. A bark in silence is as loud as its bark. */
static double loudness(const float *x)
{
  enum { STEP = RATE / 20, STEPS = CLIP / STEP };
  double e[STEPS], top = 0, sum = 0;
  int n = 0;
  for (int i = 0; i < STEPS; i++) top = fmax(top, e[i] = energy(STEP, x + i * STEP) / STEP);
  for (int i = 0; i < STEPS; i++)
    if (e[i] > top / 100) { sum += e[i]; n++; }
  return n ? sum / n : 0;
}

/* A clip of this label (NULL: rain or waves; "!LABEL": any other) and of one of these folds. -1: there is none. */
static int draw_clip(const maker *m, aus_rng *rng, const char *label, const char *folds)
{
  int found[CLIPS], n = 0;
  for (int k = 0; k < m->n; k++) {
    const clip *c = &m->clip[k];
    const bool texture = strcmp(c->label, "rain") == 0 || strcmp(c->label, "sea_waves") == 0;
    const bool fits = !label ? texture : label[0] == '!' ? strcmp(c->label, label + 1) != 0 : strcmp(c->label, label) == 0;
    if (fits && strchr(folds, '0' + c->fold)) found[n++] = k;
  }
  return n ? found[aus_rng_below(rng, (uint64_t)n)] : -1;
}

static aus_status write_sound(maker *m, const char *name, int64_t n, float *x, aus_wav_format format)
{
  char path[4096];
  snprintf(path, sizeof path, "%s/%s", m->out, name);
  return aus_audio_write_wav(m->ctx, path, &(aus_audio){ .data = x, .frames = n, .channels = 1, .rate = RATE }, format, 1);
}

static FILE *open_list(maker *m, const char *name, const char *head)
{
  char path[4096];
  snprintf(path, sizeof path, "%s/%s", m->out, name);
  FILE *f = fopen(path, "w");
  if (f) fputs(head, f);
  return f;
}

/* ---- several labels -------------------------------------------------------------------------------------- */

/* One to four classes of eight, without repetition: 0.35, 0.35, 0.2, 0.1. */
static int draw_classes(aus_rng *rng, int *which)
{
  const double u = aus_rng_uniform(rng);
  const int n = u < 0.35 ? 1 : u < 0.7 ? 2 : u < 0.9 ? 3 : 4;
  int order[CLASSES];
  for (int i = 0; i < CLASSES; i++) order[i] = i;
  for (int i = 0; i < n; i++) {
    const int j = i + (int)aus_rng_below(rng, (uint64_t)(CLASSES - i)), kept = order[i];
    which[i] = order[i] = order[j];
    order[j] = kept;
  }
  return n;
}

/* The clip with its gain somewhere in y[LONG]; a texture fills all of it. Adds to `sum`. */
static void place(const float *x, const part *p, bool fill, float *y, float *sum)
{
  memset(y, 0, LONG * sizeof *y);
  for (int64_t i = 0; i < (fill ? LONG : CLIP); i++) y[p->start + i] = (float)(p->gain * x[i % CLIP]);
  for (int64_t i = 0; i < LONG; i++) sum[i] += y[i];
}

/* Parts of a sound: classes drawn, then the texture. All at a loudness of 0.1 before their gain. */
static aus_status make_parts(maker *m, aus_rng *rng, const char *folds, int n, const int *which, part *p, float (*stem)[LONG], float *sum)
{
  static float x[CLIP];
  memset(sum, 0, LONG * sizeof *sum);
  for (int i = 0; i <= n; i++) {
    const bool fill = i == n;
    p[i].clip = draw_clip(m, rng, fill ? NULL : classes[which[i]], folds);
    if (p[i].clip < 0) return aus_fail(m->ctx, AUS_EFORMAT, "no clip of %s in folds %s", fill ? "rain or waves" : classes[which[i]], folds);
    AUS_TRY(hear(m, p[i].clip, x));
    const double db = fill ? -12 - 12 * aus_rng_uniform(rng) : -12 * aus_rng_uniform(rng), loud = loudness(x);
    p[i].gain = loud > 0 ? 0.1 / sqrt(loud) * pow(10, db / 20) : 0;
    p[i].start = fill ? 0 : (int64_t)aus_rng_below(rng, LONG - CLIP + 1);
    place(x, &p[i], fill, stem[i], sum);
  }
  return AUS_OK;
}

static aus_status write_parts(maker *m, int k, int n, const int *which, part *p, float (*stem)[LONG], float *sum, bool stems, const char *split, FILE *list, FILE *parts)
{
  char name[64], file[128];
  double top = 0;
  for (int64_t i = 0; i < LONG; i++) top = fmax(top, fabs((double)sum[i]));
  const double scale = top > 0.95 ? 0.95 / top : 1; /* nothing is cut off */
  for (int64_t i = 0; i < LONG; i++) sum[i] = (float)(scale * sum[i]);
  snprintf(name, sizeof name, "multi/%s%04d", split, k);
  snprintf(file, sizeof file, "%s.wav", name);
  AUS_TRY(write_sound(m, file, LONG, sum, AUS_WAV_PCM16));
  fprintf(list, "%s.wav\t", name);
  for (int i = 0; i < n; i++) fprintf(list, "%s%s", i ? "," : "", classes[which[i]]);
  fprintf(list, "\t%s\n", split);
  for (int i = 0; i <= n; i++) {
    const char *label = i < n ? classes[which[i]] : "background";
    fprintf(parts, "%s.wav\t%s\t%s\t%.6f\t%.9g\n", name, label, m->clip[p[i].clip].path, (double)p[i].start / RATE, p[i].gain * scale);
    if (!stems) continue;
    for (int64_t s = 0; s < LONG; s++) stem[i][s] = (float)(scale * stem[i][s]);
    snprintf(file, sizeof file, "%s-%s.wav", name, label);
    AUS_TRY(write_sound(m, file, LONG, stem[i], AUS_WAV_PCM16));
  }
  return AUS_OK;
}

static aus_status make_multi(maker *m, int test)
{
  static float stem[PARTS][LONG], sum[LONG];
  const char train[] = { (char)('1' + (test + 1) % 5), (char)('1' + (test + 2) % 5), (char)('1' + (test + 3) % 5), 0 };
  const char valid[] = { (char)('1' + test % 5), 0 }, held[] = { (char)('0' + test), 0 };
  const struct { const char *name, *folds; int n; } split[3] = { { "train", train, 400 }, { "valid", valid, 80 }, { "test", held, 80 } };
  FILE *list = open_list(m, "multi.tsv", "path\tlabel\tsplit\n"), *parts = open_list(m, "parts.tsv", "path\tpart\tclip\tstart\tgain\n");
  aus_status status = list && parts ? AUS_OK : aus_fail(m->ctx, AUS_EIO, "cannot write the lists in %s", m->out);
  for (uint64_t s = 0; s < 3; s++)
    for (int k = 0; status == AUS_OK && k < split[s].n; k++) {
      int which[CLASSES];
      part p[PARTS];
      aus_rng rng;
      aus_rng_init(&rng, m->seed, s << 32 | (uint64_t)k);
      const int n = draw_classes(&rng, which);
      status = make_parts(m, &rng, split[s].folds, n, which, p, stem, sum);
      if (status == AUS_OK) status = write_parts(m, k, n, which, p, stem, sum, s == 2, split[s].name, list, parts);
    }
  if (list) fclose(list);
  if (parts) fclose(parts);
  return status;
}

/* ---- two at once, and noise --------------------------------------------------------------------------------- */

/* y = x + gain other, such that the energy of x is db above that of the other part. */
static double mix_at(double db, const float *x, const float *other, float *y)
{
  const double e = energy(CLIP, other), gain = e > 0 ? sqrt(energy(CLIP, x) / e * pow(10, -db / 10)) : 0;
  for (int64_t i = 0; i < CLIP; i++) y[i] = (float)(x[i] + gain * other[i]);
  return gain;
}

static aus_status make_overlap(maker *m, aus_rng *rng, int k, int n, const float *x, FILE *list)
{
  static const int ratio[3] = { -6, 0, 6 };
  static float other[CLIP], y[CLIP];
  char label[44], folds[2] = { (char)('0' + m->clip[k].fold), 0 }, name[64];
  snprintf(label, sizeof label, "!%s", m->clip[k].label);
  const int with = draw_clip(m, rng, label, folds);
  if (with < 0) return aus_fail(m->ctx, AUS_EFORMAT, "fold %s has only %s", folds, m->clip[k].label);
  AUS_TRY(hear(m, with, other));
  for (int r = 0; r < 3; r++) {
    const double gain = mix_at(ratio[r], x, other, y);
    snprintf(name, sizeof name, "overlap/%03d_%+d.wav", n, ratio[r]);
    AUS_TRY(write_sound(m, name, CLIP, y, AUS_WAV_FLOAT32));
    fprintf(list, "%s\t%s\t%s\t%s\t%s\t%d\t%.9g\n", name, m->clip[k].label, m->clip[k].path, m->clip[with].label, m->clip[with].path, ratio[r], gain);
  }
  return AUS_OK;
}

static aus_status make_noise(maker *m, aus_rng *rng, int k, int n, const float *x, FILE *list)
{
  static float other[CLIP], y[CLIP];
  char name[64];
  for (int64_t i = 0; i < CLIP; i++) other[i] = (float)(0.1 * aus_rng_normal(rng));
  const double gain = mix_at(0, x, other, y);
  snprintf(name, sizeof name, "noise/%03d.wav", n);
  fprintf(list, "%s\t%s\t%s\t%.9g\n", name, m->clip[k].label, m->clip[k].path, 0.1 * gain);
  return write_sound(m, name, CLIP, y, AUS_WAV_FLOAT32);
}

static aus_status make_pairs(maker *m, int test)
{
  static float x[CLIP];
  FILE *overlap = open_list(m, "overlap.tsv", "path\ttarget\ttarget_clip\tinterferer\tinterferer_clip\tdb\tgain\n");
  FILE *noise = open_list(m, "noise.tsv", "path\ttarget\ttarget_clip\tsigma\n");
  aus_status status = overlap && noise ? AUS_OK : aus_fail(m->ctx, AUS_EIO, "cannot write the lists in %s", m->out);
  for (int k = 0, n = 0; status == AUS_OK && k < m->n; k++) {
    aus_rng rng;
    if (m->clip[k].fold != test) continue;
    aus_rng_init(&rng, m->seed, (uint64_t)3 << 32 | (uint64_t)n);
    status = hear(m, k, x);
    if (status == AUS_OK) status = make_overlap(m, &rng, k, n, x, overlap);
    if (status == AUS_OK) status = make_noise(m, &rng, k, n++, x, noise);
  }
  if (overlap) fclose(overlap);
  if (noise) fclose(noise);
  return status;
}

int main(int argc, char **argv)
{
  static maker m;
  static const char *const folder[] = { "", "/multi", "/overlap", "/noise" };
  char path[4096];
  const int test = argc > 3 ? atoi(argv[3]) : 0;
  if (test < 1 || test > 5) { fprintf(stderr, "usage: make_mixes CLIPS OUT FOLD [SEED]      (FOLD 1 to 5 is the test fold)\n"); return 2; }
  m.in = argv[1];
  m.out = argv[2];
  m.seed = argc > 4 ? strtoull(argv[4], NULL, 10) : 1;
  if (aus_ctx_create(&m.ctx, &(aus_config){ .threads = 1 }) != AUS_OK) return 1;
  for (int i = 0; i < 4; i++) {
    snprintf(path, sizeof path, "%s%s", m.out, folder[i]);
    mkdir(path, 0777);
  }
  aus_status status = read_list(&m);
  if (status == AUS_OK) status = make_multi(&m, test);
  if (status == AUS_OK) status = make_pairs(&m, test);
  if (status != AUS_OK) fprintf(stderr, "make_mixes: %s\n", aus_ctx_error(m.ctx));
  aus_ctx_destroy(m.ctx);
  return status != AUS_OK;
}
