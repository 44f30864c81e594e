/* score_parts.c - the snippet, and its parts: true stems, stems that leak into each other, or what separators make of the whole item. */
#include "studies/confounder/score.h"

#include <auscult/eval.h>
#include <unistd.h>

static const double MOST_DB = 120; /* of a stem against itself */

static double dot(const float *a, const float *b)
{
  double s = 0;
  for (int i = 0; i < SNIPPET; i++) s += (double)a[i] * (double)b[i];
  return s;
}

/* ---- the snippet -------------------------------------------------------------------------------------- */

static bool is_in(const recipe *j, const snippet *s, int f)
{
  if (!s->r->has[f]) return false;
  if (f == DRUMS) return s->drums_with == s->label;
  return f == s->label || f == BASS || (f == STRINGS && j->strings);
}

/* A start where every stem of the mix is within 30 dB of its own mean level; the same for both test sets. */
static int64_t choose_start(const recipe *j, const snippet *s, const aus_audio *whole, int index)
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

static void cut(const recipe *j, snippet *s, const aus_audio *whole, int64_t start)
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

static void oracle_parts(const recipe *j, snippet *s)
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
static aus_status parts_of(const recipe *j, int k, snippet *s, const aus_audio *in, int64_t start)
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

static aus_status separate(const recipe *j, snippet *s, const aus_audio *whole, int64_t start)
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

static void kept_path(const recipe *j, const snippet *s, int64_t start, char *path, size_t size)
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

static aus_status separated_parts(const recipe *j, snippet *s, const aus_audio *whole, int64_t start)
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

/* A part called as a family is that family's; "percussive" is the drums'; any other goes by its largest correlation with a true stem. */
static void whose(snippet *s)
{
  s->drums_sdr = NAN;
  const double drums = dot(s->stem[DRUMS], s->stem[DRUMS]);
  for (int p = 0; p < s->parts; p++) {
    double best = 0;
    int nearest = -1;
    s->family[p] = -1;
    for (int f = 0; f < FAMILIES; f++)
      if (strcmp(s->name[p], family_name[f]) == 0) s->family[p] = f;
    if (strcmp(s->name[p], "percussive") == 0) s->family[p] = DRUMS;
    for (int f = 0; f < FAMILIES && s->family[p] < 0; f++) {
      const double e = dot(s->stem[f], s->stem[f]), c = e > 0 ? dot(s->part[p], s->stem[f]) / sqrt(e * dot(s->part[p], s->part[p])) : 0;
      if (c > best) { best = c; nearest = f; }
    }
    if (s->family[p] < 0) s->family[p] = nearest;
    if (drums > 0 && dot(s->part[p], s->part[p]) > 0) s->drums_sdr = fmax(s->drums_sdr, fmin(MOST_DB, aus_eval_si_sdr(SNIPPET, s->part[p], s->stem[DRUMS])));
  }
}

/* ---- all of it ------------------------------------------------------------------------------------------------- */

aus_status open_parts(recipe *j, const char *c)
{
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

void close_parts(recipe *j)
{
  for (int k = 0; k < j->separators; k++) aus_separator_close(j->separator[k]);
}

aus_status make_snippet(const recipe *j, snippet *s, const aus_audio *whole, int index, int64_t *start)
{
  *start = choose_start(j, s, whole, index);
  cut(j, s, whole, *start);
  if (j->separators) AUS_TRY(separated_parts(j, s, whole, *start));
  else oracle_parts(j, s);
  whose(s);
  return AUS_OK;
}
