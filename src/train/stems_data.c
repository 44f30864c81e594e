/* stems_data.c - items of separate stems: mixed anew for every step, and what a network should say of the mix.
 *
 * A row's `path` is a folder with a sound per stem, NAME.flac or NAME.wav; a stem without a file is silent. notes.tsv in it (onset, offset,
 * pitch, velocity, family) are the labels of transcription. The mix is the sum of the stems that the recipe names, so whatever is
 * done to one of them (another colour, gain) is in mix and target alike, and so is a stem that another item lent. Stems are kept as 16-bit numbers while there is room, else read again. */
#include "train/bells.h"
#include "train/stems.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { FOR_STEMS = 0x10010 };
static const char *const endings[] = { "flac", "wav" };

/* ---- reading ------------------------------------------------------------------------------------------- */

/* The file of a stem, owned by the caller; NULL without one (or without memory: then *status says so). */
static char *stem_path(const aus_mixer *s, int32_t clip, int32_t stem, aus_status *status)
{
  for (size_t e = 0; e < sizeof endings / sizeof *endings; e++) {
    char *path = aus_strf(s->ctx, "%s/%s.%s", s->d->clip[clip].path, s->name[stem], endings[e]);
    if (!path) { *status = AUS_ENOMEM; return NULL; }
    if (access(path, R_OK) == 0) return path;
    aus_free(s->ctx, path);
  }
  return NULL;
}

static aus_status hash_file(aus_ctx *ctx, const char *path, aus_sha256 *sha)
{
  void *data;
  size_t size;
  AUS_TRY(aus_file_read(ctx, path, (size_t)1 << 32, &data, &size));
  aus_sha256_add(sha, data, size);
  aus_free(ctx, data);
  return AUS_OK;
}

/* Samples [first, first + count) of a stem, silence where it has none. */
static aus_status read_part(aus_mixer *s, int32_t clip, int32_t stem, int64_t first, int64_t count, float *x)
{
  aus_status status = AUS_OK;
  char *path = stem_path(s, clip, stem, &status);
  memset(x, 0, (size_t)count * sizeof *x);
  if (!path) return status;
  const aus_audio_range range = { (double)first / s->rate + 1e-9, (double)count / s->rate };
  aus_audio a;
  status = aus_audio_read_mono(s->ctx, path, &range, s->rate, &a);
  aus_free(s->ctx, path);
  if (status != AUS_OK) return status;
  memcpy(x, a.data, (size_t)(a.frames < count ? a.frames : count) * sizeof *x);
  aus_audio_free(s->ctx, &a);
  return AUS_OK;
}

static int16_t rounded(float v)
{
  const double x = nearbyint((double)v * 32768);
  return (int16_t)(x > 32767 ? 32767 : x < -32768 ? -32768 : x);
}

static aus_status keep_stem(aus_mixer *s, int32_t clip, int32_t stem, const char *path)
{
  aus_stems_item *item = &s->item[clip];
  aus_audio a;
  AUS_TRY(aus_audio_read_mono(s->ctx, path, NULL, s->rate, &a));
  const bool fits = !item->samples || item->samples == a.frames;
  const size_t bytes = (size_t)s->mixed * (size_t)a.frames * sizeof(int16_t);
  if (!item->samples && s->d->cached + bytes <= s->d->limit) {
    item->wave = aus_alloc_zero(s->ctx, bytes, 1);
    s->d->cached += bytes;
  }
  item->samples = a.frames;
  for (int64_t t = 0; item->wave && fits && t < a.frames; t++) item->wave[stem * a.frames + t] = rounded(a.data[t]);
  aus_audio_free(s->ctx, &a);
  return fits ? AUS_OK : aus_fail(s->ctx, AUS_EFORMAT, "%s: stems of one item must be equally long", path);
}

static bool note_of(const aus_mixer *s, const aus_table *t, int32_t row, const int32_t column[4], aus_stems_note *out)
{
  const char *const *cell = t->cell + (size_t)row * (size_t)t->columns;
  double on, off;
  int64_t pitch;
  if (!aus_word_real(cell[column[0]], 0, 1e6, &on) || !aus_word_real(cell[column[1]], 0, 1e6, &off) || !aus_word_integer(cell[column[2]], 0, 127, &pitch)) return false;
  *out = (aus_stems_note){ (float)on, (float)off, (uint8_t)pitch, UINT8_MAX };
  for (int32_t k = 0; k < s->d->classes; k++)
    if (strcmp(s->d->label[k], cell[column[3]]) == 0) out->stem = (uint8_t)k;
  return true;
}

static aus_status read_notes(aus_mixer *s, int32_t clip, aus_sha256 *sha)
{
  static const char *const names[] = { "onset", "offset", "pitch", "family" };
  aus_stems_item *item = &s->item[clip];
  aus_table t;
  int32_t column[4];
  char *path = aus_strf(s->ctx, "%s/notes.tsv", s->d->clip[clip].path);
  if (!path) return AUS_ENOMEM;
  aus_status status = hash_file(s->ctx, path, sha);
  if (status == AUS_OK) status = aus_table_read(s->ctx, path, &t);
  aus_free(s->ctx, path);
  if (status != AUS_OK) return status;
  for (int k = 0; k < 4 && status == AUS_OK; k++)
    if ((column[k] = aus_table_column(&t, names[k])) < 0) status = aus_fail(s->ctx, AUS_EFORMAT, "%s: no column '%s'", t.path, names[k]);
  if (status == AUS_OK && !(item->note = aus_alloc(s->ctx, (size_t)t.rows + 1, sizeof *item->note))) status = AUS_ENOMEM;
  for (int32_t row = 0; row < t.rows && status == AUS_OK; row++) {
    aus_stems_note note;
    if (!note_of(s, &t, row, column, &note)) status = aus_fail(s->ctx, AUS_EFORMAT, "%s:%d: no note", t.path, (int)t.line[row]);
    else if (note.stem < s->d->classes && note.pitch >= AUS_STEMS_LOWEST && note.pitch < AUS_STEMS_LOWEST + AUS_STEMS_PITCHES) item->note[item->n_notes++] = note;
  }
  aus_table_free(&t);
  return status;
}

static aus_status hear(aus_mixer *s, int32_t clip, aus_sha256 *sha)
{
  aus_clip *c = &s->d->clip[clip];
  char line[512];
  snprintf(line, sizeof line, "%s\n", c->name);
  aus_sha256_add(sha, line, strlen(line));
  for (int32_t i = 0; i < s->mixed; i++) {
    aus_status status = AUS_OK;
    char *path = stem_path(s, clip, i, &status);
    if (!path && status != AUS_OK) return status;
    aus_sha256_add(sha, path ? "1" : "0", 1);
    if (!path) continue;
    status = hash_file(s->ctx, path, sha);
    if (status == AUS_OK) status = keep_stem(s, clip, i, path);
    aus_free(s->ctx, path);
    if (status != AUS_OK) return status;
  }
  c->samples = s->item[clip].samples;
  if (c->samples < 1) return aus_fail(s->ctx, AUS_EFORMAT, "%s: none of the stems is there (%s.flac or .wav, ...)", c->path, s->name[0]);
  return s->shape.pitches ? read_notes(s, clip, sha) : AUS_OK;
}

/* ---- opening -------------------------------------------------------------------------------------------- */

static aus_status find_mix(aus_mixer *s)
{
  const aus_words *given = &s->r->separator.mix;
  s->mixed = given->n ? given->n : s->d->classes;
  if (s->mixed > AUS_STEMS_MOST) return aus_recipe_fail(s->r, s->r->separator.line, "a mix of %d stems; at most %d", (int)s->mixed, AUS_STEMS_MOST);
  for (int32_t i = 0; i < s->mixed; i++) s->name[i] = given->n ? given->word[i] : s->d->label[i];
  for (int32_t k = 0; k < s->d->classes; k++) {
    s->in_mix[k] = 0;
    while (s->in_mix[k] < s->mixed && strcmp(s->name[s->in_mix[k]], s->d->label[k]) != 0) s->in_mix[k]++;
    if (s->in_mix[k] == s->mixed) return aus_recipe_fail(s->r, s->r->separator.line, "the label '%.40s' is not in the mix", s->d->label[k]);
  }
  return AUS_OK;
}

static int word_index(const aus_bundle *b, const char *key, const char *const *words, const char *fallback)
{
  const char *s = aus_meta_string(b, key, fallback);
  for (int i = 0; words[i]; i++)
    if (strcmp(words[i], s) == 0) return i;
  return -1;
}

/* The front end as src/sep reads it from the file that will be written. */
static aus_status open_stft(aus_mixer *s, const aus_bundle *b)
{
  static const char *const windows[] = { "hann", "hann_symmetric", "hamming", "sqrt_hann", "rectangular", NULL };
  static const char *const centers[] = { "none", "reflect", "zero", NULL };
  static const char *const logs[] = { "none", "log10_1p", "db", "db_power2", "ln_offset", "ln_max", NULL };
  const int window = word_index(b, "frontend.window", windows, "hann"), center = word_index(b, "frontend.center", centers, "reflect");
  const int log = word_index(b, "frontend.log", logs, "none");
  if (window < 0 || center < 1 || log < 0) return aus_recipe_fail(s->r, 0, "[frontend]: window, center (reflect or zero) or log is not known");
  const aus_stft_config c = { (int32_t)aus_meta_integer(b, "frontend.n_fft", 0), (int32_t)aus_meta_integer(b, "frontend.win_length", aus_meta_integer(b, "frontend.n_fft", 0)),
                              (int32_t)aus_meta_integer(b, "frontend.hop", 0), (aus_window)window, (aus_center)center };
  s->rate = (int32_t)aus_meta_integer(b, "frontend.rate", 0);
  if (s->rate < 1 || c.hop < 1 || c.hop > c.n_fft) return aus_recipe_fail(s->r, 0, "[frontend] must give rate and hop");
  s->power = aus_meta_real(b, "frontend.power", 1);
  s->log = (aus_log_config){ .kind = (aus_log_kind)log, .scale = aus_meta_real(b, "frontend.log_scale", 1), .amin = aus_meta_real(b, "frontend.amin", 1e-10),
                             .offset = aus_meta_real(b, "frontend.offset", 1e-6) };
  s->samples = (s->shape.frames - 1) * c.hop;
  return aus_stft_create(s->ctx, &c, &s->stft);
}

static aus_status allocate(aus_mixer *s)
{
  const size_t values = (size_t)s->shape.frames * (size_t)aus_stft_bins(s->stft), samples = (size_t)s->samples;
  s->item = aus_alloc_zero(s->ctx, (size_t)s->d->n_clips, sizeof *s->item);
  s->wave = aus_alloc(s->ctx, (size_t)s->mixed * samples, sizeof(float));
  s->mix = aus_alloc(s->ctx, samples, sizeof(float));
  s->most = aus_alloc(s->ctx, values, sizeof(float));
  float **block[] = { &s->re, &s->im, &s->s_re, &s->s_im };
  for (int i = 0; i < 4; i++)
    if (!(*block[i] = aus_alloc(s->ctx, values, sizeof(float)))) return AUS_ENOMEM;
  return s->item && s->wave && s->mix && s->most ? AUS_OK : AUS_ENOMEM;
}

aus_status aus_stems_open(aus_trainer *t, const aus_stems_shape *shape, aus_mixer *s)
{
  aus_sha256 sha;
  *s = (aus_mixer){ .ctx = t->ctx, .r = t->r, .d = &t->data, .shape = *shape };
  AUS_TRY(find_mix(s));
  AUS_TRY(open_stft(s, t->net.bundle));
  AUS_TRY(allocate(s));
  aus_sha256_init(&sha);
  for (int32_t i = 0; i < s->d->n_clips; i++) {
    AUS_TRY(hear(s, i, &sha));
    if (i % 16 == 0) AUS_TRY(aus_progress(s->ctx, "reading", i, s->d->n_clips));
  }
  aus_sha256_hex(&sha, s->d->sha256);
  return aus_progress(s->ctx, "reading", s->d->n_clips, s->d->n_clips);
}

void aus_stems_close(aus_mixer *s)
{
  if (!s->ctx) return;
  for (int32_t i = 0; s->item && i < s->d->n_clips; i++) {
    aus_free(s->ctx, s->item[i].wave);
    aus_free(s->ctx, s->item[i].note);
  }
  void *mine[] = { s->item, s->wave, s->mix, s->most, s->re, s->im, s->s_re, s->s_im };
  for (size_t i = 0; i < sizeof mine / sizeof *mine; i++) aus_free(s->ctx, mine[i]);
  aus_stft_destroy(s->stft);
}

/* ---- excerpts --------------------------------------------------------------------------------------------- */

static aus_status load_stem(aus_mixer *s, int32_t clip, int32_t stem, int64_t first, float *x)
{
  const aus_stems_item *item = &s->item[clip];
  const int64_t there = item->samples - first < s->samples ? item->samples - first : s->samples;
  if (!item->wave) return read_part(s, clip, stem, first, s->samples, x);
  for (int64_t t = 0; t < s->samples; t++) x[t] = t < there ? (float)item->wave[stem * item->samples + first + t] / 32768 : 0;
  return AUS_OK;
}

/* How far from a clip's beginning an excerpt may begin. */
static int64_t room_of(const aus_mixer *s, int32_t clip) { return s->item[clip].samples > s->samples ? s->item[clip].samples - s->samples : 0; }

/* With the chance `remix`, any excerpt of any item to learn from takes the place of (clip, first). */
static void lend(const aus_mixer *s, aus_rng *rng, int32_t *clip, int64_t *first)
{
  int64_t items = 0;
  if (s->r->remix <= 0) return;
  for (int32_t k = 0; k < s->r->n_sets; k++) items += s->d->train[k].n;
  int64_t drawn = (int64_t)aus_rng_below(rng, (uint64_t)items);
  int32_t k = 0;
  while (drawn >= s->d->train[k].n) drawn -= s->d->train[k++].n;
  const int32_t other = s->d->train[k].item[drawn];
  const int64_t from = (int64_t)aus_rng_below(rng, (uint64_t)room_of(s, other) + 1);
  if (aus_rng_uniform(rng) >= s->r->remix) return;
  *clip = other;
  *first = from;
}

/* Stem i into its place and into the mix, as it is or as chance has it. */
static aus_status add_stem(aus_mixer *s, int32_t i, int32_t clip, int64_t first, aus_rng *rng)
{
  float *x = s->wave + i * s->samples, gain = 1;
  if (rng) gain = (float)pow(10, (2 * aus_rng_uniform(rng) - 1) * s->r->gain_db / 20);
  if (rng) lend(s, rng, &clip, &first);
  AUS_TRY(load_stem(s, clip, i, first, x));
  if (rng) aus_bells(rng, s->r->bells, s->r->bells_db, s->rate, s->samples, x);
  for (int64_t t = 0; t < s->samples; t++) {
    x[t] *= gain;
    s->mix[t] += x[t];
  }
  return AUS_OK;
}

aus_status aus_stems_excerpt(aus_mixer *s, int32_t clip, bool middle, uint64_t seed, int64_t epoch, int64_t at, double *start)
{
  aus_rng rng;
  const int64_t room = room_of(s, clip);
  aus_rng_init(&rng, seed ^ (uint64_t)FOR_STEMS << 44, (uint64_t)epoch << 40 | (uint64_t)at);
  const int64_t drawn = (int64_t)aus_rng_below(&rng, (uint64_t)room + 1), first = middle || !s->r->random_start ? room / 2 : drawn;
  memset(s->mix, 0, (size_t)s->samples * sizeof *s->mix);
  for (int32_t i = 0; i < s->mixed; i++) AUS_TRY(add_stem(s, i, clip, first, middle ? NULL : &rng));
  *start = (double)first / s->rate;
  return aus_stft_forward(s->stft, s->samples, s->mix, s->re, s->im);
}

void aus_stems_features(aus_mixer *s, float *x)
{
  const int64_t all = aus_stft_bins(s->stft);
  for (int64_t t = 0; t < s->shape.frames; t++, x += s->shape.bins) {
    for (int64_t b = 0; b < s->shape.bins; b++) {
      const float re = s->re[t * all + b], im = s->im[t * all + b], power = re * re + im * im;
      x[b] = s->power == 2 ? power : sqrtf(power);
    }
    if (s->log.kind != AUS_LOG_NONE) aus_log_apply(s->ctx, &s->log, s->shape.bins, x);
  }
}

/* t = clip(|S| cos(angle S - angle X), 0, |X|) = clip(Re(S conj X) / |X|, 0, |X|); or |S|. */
static void target_of(aus_mixer *s, int32_t k, const float *level, float *target, float *most, uint8_t *loudest)
{
  const int64_t all = aus_stft_bins(s->stft), F = s->shape.bins;
  for (int64_t t = 0; t < s->shape.frames; t++)
    for (int64_t b = 0; b < F; b++) {
      const int64_t i = t * all + b, o = t * F + b;
      const float a = s->s_re[i], c = s->s_im[i], size = sqrtf(a * a + c * c);
      const float along = level[o] > 0 ? (a * s->re[i] + c * s->im[i]) / level[o] : 0;
      target[o] = s->r->separator.magnitude ? size : fminf(fmaxf(along, 0), level[o]);
      if (size > most[o]) { most[o] = size; loudest[o] = (uint8_t)k; }
    }
}

void aus_stems_targets(aus_mixer *s, int32_t clip, double start, float *level, float *target, uint8_t *loudest, uint8_t *notes)
{
  const int64_t all = aus_stft_bins(s->stft), F = s->shape.bins, places = s->shape.frames * F;
  const aus_stems_item *item = &s->item[clip];
  for (int64_t o = 0; o < places; o++) {
    const int64_t i = o / F * all + o % F;
    level[o] = sqrtf(s->re[i] * s->re[i] + s->im[i] * s->im[i]);
    loudest[o] = (uint8_t)s->shape.stems;
  }
  memset(s->most, 0, (size_t)places * sizeof *s->most);
  for (int32_t k = 0; k < s->shape.stems; k++) {
    aus_stft_forward_range(s->stft, s->samples, s->wave + s->in_mix[k] * s->samples, 0, s->shape.frames, s->s_re, s->s_im);
    target_of(s, k, level, target + k * places, s->most, loudest);
  }
  if (!notes) return;
  const int64_t row = s->shape.stems * s->shape.pitches;
  memset(notes, 0, (size_t)(s->shape.frames * row));
  const double hop = (double)s->stft->config.hop / s->rate;
  for (int32_t i = 0; i < item->n_notes; i++) {
    const aus_stems_note *n = &item->note[i];
    for (int64_t t = (int64_t)fmax(0, ceil((n->onset - start) / hop)); t < s->shape.frames && start + (double)t * hop < n->offset; t++)
      notes[t * row + n->stem * s->shape.pitches + n->pitch - AUS_STEMS_LOWEST] = 1;
  }
}
