/* data.c - from manifests to clips with targets, heard once.
 *
 * Columns with a meaning: path, label (one, or several with commas; not needed where the recipe names `targets`), start, duration.
 * All others exist to choose rows by. */
#include "train/data.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MOST_CLIPS = 1 << 26, MOST_LABELS = 1 << 16 };

/* ---- labels ---------------------------------------------------------------------------------------- */

static int by_text(const void *a, const void *b) { return strcmp(*(const char *const *)a, *(const char *const *)b); }

/* The i-th of the comma-separated labels of a cell, copied into to[size]; false when there are fewer or it is too long. */
static bool label_of(const char *cell, int32_t i, char *to, size_t size)
{
  for (; i > 0; i--) {
    cell = strchr(cell, ',');
    if (!cell) return false;
    cell++;
  }
  const size_t n = strcspn(cell, ",");
  if (n == 0 || n >= size) return false;
  memcpy(to, cell, n);
  to[n] = '\0';
  return true;
}

static const char *cell_at(const aus_table *t, int32_t row, int32_t column) { return t->cell[(size_t)row * (size_t)t->columns + (size_t)column]; }

/* Every label of a manifest once, sorted; [count] strings of their own. */
static aus_status add_labels(aus_data *d, const aus_table *t, int32_t column, int32_t *room)
{
  char text[256];
  for (int32_t row = 0; row < t->rows; row++)
    for (int32_t i = 0; label_of(cell_at(t, row, column), i, text, sizeof text); i++) {
      const char *key = text;
      if (d->classes && bsearch(&key, d->label, (size_t)d->classes, sizeof *d->label, by_text)) continue;
      if (d->classes == *room) {
        const char **bigger = aus_alloc(d->ctx, 2 * (size_t)*room + 16, sizeof *bigger);
        if (!bigger) return AUS_ENOMEM;
        if (d->classes) memcpy(bigger, d->label, (size_t)d->classes * sizeof *bigger);
        aus_free(d->ctx, d->label);
        d->label = bigger;
        *room = 2 * *room + 16;
      }
      char *own = aus_strdup(d->ctx, text);
      if (!own) return AUS_ENOMEM;
      d->label[d->classes++] = own;
      qsort(d->label, (size_t)d->classes, sizeof *d->label, by_text);
      if (d->classes > MOST_LABELS) return aus_fail(d->ctx, AUS_ELIMIT, "%s: more than %d labels", t->path, MOST_LABELS);
    }
  return AUS_OK;
}

/* The recipe's names, or the columns that hold the targets, or all that the manifests hold. */
static aus_status find_labels(aus_data *d)
{
  const aus_recipe *r = d->r;
  const aus_words *given = r->set[0].targets.n ? &r->set[0].targets : &r->labels;
  int32_t room = given->n;
  if (given->n) {
    d->label = aus_alloc_zero(d->ctx, (size_t)given->n, sizeof *d->label);
    if (!d->label) return AUS_ENOMEM;
    for (; d->classes < given->n; d->classes++)
      if (!(d->label[d->classes] = aus_strdup(d->ctx, given->word[d->classes]))) return AUS_ENOMEM;
    return AUS_OK;
  }
  for (int32_t s = 0; s < r->n_sets; s++) {
    const int32_t column = aus_table_column(&d->table[s], "label");
    if (column < 0) return aus_fail(d->ctx, AUS_EFORMAT, "%s: no column 'label' (or name `targets` in the recipe)", d->table[s].path);
    AUS_TRY(add_labels(d, &d->table[s], column, &room));
  }
  return d->classes ? AUS_OK : aus_recipe_fail(r, r->set[0].line, "the manifest names no labels");
}

static aus_status target_of_labels(aus_data *d, const aus_table *t, int32_t row, float *target)
{
  const int32_t column = aus_table_column(t, "label");
  char text[256];
  int32_t n = 0;
  if (column < 0) return aus_fail(d->ctx, AUS_EFORMAT, "%s: no column 'label'", t->path);
  for (; label_of(cell_at(t, row, column), n, text, sizeof text); n++) {
    int32_t k = 0;
    while (k < d->classes && strcmp(d->label[k], text) != 0) k++;
    if (k == d->classes) return aus_fail(d->ctx, AUS_EFORMAT, "%s:%d: the label '%.40s' is none of the recipe's", t->path, (int)t->line[row], text);
    target[k] = 1;
  }
  if (d->r->loss == AUS_LOSS_BCE || n == 1) return AUS_OK;
  if (n == 0) return aus_fail(d->ctx, AUS_EFORMAT, "%s:%d: no label", t->path, (int)t->line[row]);
  for (int32_t k = 0; k < d->classes; k++) target[k] /= (float)n; /* a distribution over several */
  return AUS_OK;
}

static aus_status target_of(aus_data *d, const aus_table *t, const aus_recipe_data *set, int32_t row, float *target)
{
  if (!set->targets.n) return target_of_labels(d, t, row, target);
  if (set->targets.n != d->classes) return aus_recipe_fail(d->r, set->line, "%d targets here, %d in the first [data]", (int)set->targets.n, (int)d->classes);
  for (int32_t k = 0; k < d->classes; k++) {
    const int32_t column = aus_table_column(t, set->targets.word[k]);
    double v;
    if (column < 0) return aus_recipe_fail(d->r, set->line, "the manifest has no column '%.40s'; the nearest is '%s'", set->targets.word[k],
                                           aus_word_nearest(set->targets.word[k], t->columns, t->name));
    if (!aus_word_real(cell_at(t, row, column), -1e30, 1e30, &v))
      return aus_fail(d->ctx, AUS_EFORMAT, "%s:%d: '%.40s' is not a number", t->path, (int)t->line[row], cell_at(t, row, column));
    target[k] = (float)v;
  }
  return AUS_OK;
}

/* ---- clips -------------------------------------------------------------------------------------------- */

static aus_status add_index(aus_ctx *ctx, aus_index *x, int32_t item)
{
  if ((x->n & (x->n - 1)) == 0) {
    int32_t *bigger = aus_alloc(ctx, x->n ? 2 * (size_t)x->n : 1, sizeof *bigger);
    if (!bigger) return AUS_ENOMEM;
    if (x->n) memcpy(bigger, x->item, (size_t)x->n * sizeof *bigger);
    aus_free(ctx, x->item);
    x->item = bigger;
  }
  x->item[x->n++] = item;
  return AUS_OK;
}

static aus_status seconds_of(const aus_table *t, int32_t row, const char *name, double *out)
{
  const int32_t column = aus_table_column(t, name);
  *out = 0;
  if (column < 0 || !*cell_at(t, row, column)) return AUS_OK;
  if (aus_word_real(cell_at(t, row, column), 0, 1e9, out)) return AUS_OK;
  return aus_fail(t->ctx, AUS_EFORMAT, "%s:%d: the %s '%.30s' is not a number of seconds", t->path, (int)t->line[row], name, cell_at(t, row, column));
}

/* Paths start at root, else beside the manifest. */
static char *clip_path(const aus_data *d, const aus_table *t, const char *root, const char *name)
{
  if (*name == '/') return aus_strdup(d->ctx, name);
  if (root) {
    char *base = aus_recipe_path(d->r, root), *path = base ? aus_strf(d->ctx, "%s/%s", base, name) : NULL;
    aus_free(d->ctx, base);
    return path;
  }
  const char *slash = strrchr(t->path, '/');
  return aus_strf(d->ctx, "%.*s%s", slash ? (int)(slash - t->path + 1) : 0, t->path, name);
}

static aus_status add_clip(aus_data *d, const aus_table *t, int32_t set, const char *root, int32_t row, int32_t path)
{
  aus_clip *c = &d->clip[d->n_clips++];
  c->set = set;
  c->name = cell_at(t, row, path);
  if (!*c->name) return aus_fail(d->ctx, AUS_EFORMAT, "%s:%d: no path", t->path, (int)t->line[row]);
  AUS_TRY(seconds_of(t, row, "start", &c->start));
  AUS_TRY(seconds_of(t, row, "duration", &c->duration));
  c->path = clip_path(d, t, root, c->name);
  c->target = aus_alloc_zero(d->ctx, (size_t)d->classes, sizeof *c->target);
  if (!c->path || !c->target) return AUS_ENOMEM;
  return set < 0 || d->r->separator.line ? AUS_OK : target_of(d, t, &d->r->set[set], row, c->target);
}

/* Without a condition for training, all rows train that neither validate nor test. */
static aus_status add_row(aus_data *d, int32_t set, int32_t row, int32_t path)
{
  const aus_table *t = &d->table[set];
  const aus_recipe_data *s = &d->r->set[set];
  const bool valid = s->valid.n && aus_table_meets(t, row, &s->valid), test = s->test.n && aus_table_meets(t, row, &s->test);
  const bool train = s->train.n ? aus_table_meets(t, row, &s->train) : !valid && !test;
  if (train && (valid || test))
    return aus_recipe_fail(d->r, s->line, "%s:%d both trains and is held out: `train`, `valid` and `test` must not overlap", t->path, (int)t->line[row]);
  if (!train && !valid && !test) return AUS_OK;
  AUS_TRY(add_clip(d, t, set, s->root, row, path));
  if (train) AUS_TRY(add_index(d->ctx, &d->train[set], d->n_clips - 1));
  if (valid) AUS_TRY(add_index(d->ctx, &d->valid, d->n_clips - 1));
  return test ? add_index(d->ctx, &d->test, d->n_clips - 1) : AUS_OK;
}

static aus_status read_table(aus_data *d, const char *name, aus_table *t)
{
  char *path = aus_recipe_path(d->r, name);
  const aus_status status = path ? aus_table_read(d->ctx, path, t) : AUS_ENOMEM;
  aus_free(d->ctx, path);
  return status;
}

static aus_status add_set(aus_data *d, int32_t set)
{
  const aus_table *t = &d->table[set];
  const aus_recipe_data *s = &d->r->set[set];
  const int32_t path = aus_table_column(t, "path");
  if (path < 0) return aus_fail(d->ctx, AUS_EFORMAT, "%s: no column 'path'", t->path);
  AUS_TRY(aus_table_check(t, d->r, s->line, &s->train));
  AUS_TRY(aus_table_check(t, d->r, s->line, &s->valid));
  AUS_TRY(aus_table_check(t, d->r, s->line, &s->test));
  for (int32_t row = 0; row < t->rows; row++) AUS_TRY(add_row(d, set, row, path));
  return d->train[set].n ? AUS_OK : aus_recipe_fail(d->r, s->line, "no clip is left to train on");
}

static aus_status add_noise(aus_data *d)
{
  const aus_table *t = &d->noise_table;
  const int32_t path = aus_table_column(t, "path");
  if (path < 0) return aus_fail(d->ctx, AUS_EFORMAT, "%s: no column 'path'", t->path);
  for (int32_t row = 0; row < t->rows; row++) {
    AUS_TRY(add_clip(d, t, -1, d->r->noise_root, row, path));
    AUS_TRY(add_index(d->ctx, &d->noise, d->n_clips - 1));
  }
  return AUS_OK;
}

aus_status aus_data_open(const aus_recipe *r, aus_data *d)
{
  *d = (aus_data){ .ctx = r->ctx, .r = r, .limit = (size_t)r->cache_mb << 20 };
  int64_t rows = 0;
  for (int32_t s = 0; s < r->n_sets; s++) {
    AUS_TRY(read_table(d, r->set[s].manifest, &d->table[s]));
    rows += d->table[s].rows;
  }
  if (r->noise) AUS_TRY(read_table(d, r->noise, &d->noise_table));
  rows += d->noise_table.rows;
  if (rows > MOST_CLIPS) return aus_recipe_fail(r, 0, "more than %d clips", MOST_CLIPS);
  d->clip = aus_alloc_zero(d->ctx, (size_t)rows, sizeof *d->clip);
  if (!d->clip) return AUS_ENOMEM;
  AUS_TRY(find_labels(d));
  for (int32_t s = 0; s < r->n_sets; s++) AUS_TRY(add_set(d, s));
  if (r->noise) AUS_TRY(add_noise(d));
  return d->valid.n ? AUS_OK : aus_recipe_fail(r, r->set[0].line, "no clip validates: name some by `valid = COLUMN=VALUE`");
}

void aus_data_free(aus_data *d)
{
  aus_ctx *ctx = d->ctx;
  if (!ctx) return;
  for (int32_t i = 0; i < d->n_clips; i++) {
    aus_clip *c = &d->clip[i];
    aus_free(ctx, c->path);
    aus_free(ctx, c->sound);
    aus_free(ctx, c->target);
    aus_free(ctx, c->fixed);
    aus_free(ctx, c->patches);
  }
  aus_free(ctx, d->clip);
  for (int32_t k = 0; k < d->classes; k++) aus_free(ctx, (void *)(uintptr_t)d->label[k]);
  aus_free(ctx, d->label);
  for (int32_t s = 0; s < AUS_MAX_SETS; s++) {
    aus_free(ctx, d->train[s].item);
    if (d->table[s].ctx) aus_table_free(&d->table[s]);
  }
  if (d->noise_table.ctx) aus_table_free(&d->noise_table);
  aus_free(ctx, d->valid.item);
  aus_free(ctx, d->test.item);
  aus_free(ctx, d->noise.item);
  *d = (aus_data){ 0 };
}

/* ---- hearing ---------------------------------------------------------------------------------------------- */

static aus_status load(aus_data *d, int64_t *converted)
{
  aus_sha256 sha;
  char line[512];
  aus_sha256_init(&sha);
  for (int32_t i = 0; i < d->n_clips; i++) {
    aus_clip *c = &d->clip[i];
    const aus_audio_range range = { c->start, c->duration };
    aus_audio a;
    AUS_TRY(aus_audio_read_mono(d->ctx, c->path, &range, d->fe->rate, &a));
    snprintf(line, sizeof line, "%s\t%.9g\t%.9g\t%s\n", c->name, c->start, c->duration, a.sha256);
    aus_sha256_add(&sha, line, strlen(line));
    aus_sha256_add(&sha, c->target, (size_t)d->classes * sizeof *c->target);
    c->samples = a.frames;
    *converted += a.file_rate != d->fe->rate || a.file_channels != 1;
    const size_t bytes = (size_t)a.frames * sizeof(float);
    if (a.frames < 1) { aus_audio_free(d->ctx, &a); return aus_fail(d->ctx, AUS_EFORMAT, "%s: no sound in it", c->path); }
    if (!*a.sha256) aus_sha256_add(&sha, a.data, bytes); /* part of a large file */
    if (d->cached + bytes <= d->limit) {
      c->sound = aus_alloc(d->ctx, (size_t)a.frames, sizeof(float));
      if (c->sound) memcpy(c->sound, a.data, bytes);
      d->cached += bytes;
    }
    aus_audio_free(d->ctx, &a);
    if (i % 64 == 0) AUS_TRY(aus_progress(d->ctx, "reading", i, d->n_clips));
  }
  aus_sha256_hex(&sha, d->sha256);
  return aus_progress(d->ctx, "reading", d->n_clips, d->n_clips);
}

/* One note for all clips instead of one each. */
aus_status aus_data_load(aus_data *d)
{
  const aus_log_fn log = d->ctx->config.log;
  int64_t converted = 0;
  d->ctx->config.log = NULL;
  const aus_status status = load(d, &converted);
  d->ctx->config.log = log;
  if (status == AUS_OK && converted)
    aus_note(d->ctx, AUS_LOG_NOTE, "%lld of %d clips were mixed to mono or resampled to %d Hz", (long long)converted, (int)d->n_clips, (int)d->fe->rate);
  return status;
}
