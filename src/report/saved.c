/* saved.c - from JSON to the nouns that the page's writers read. Numbers were written with nine digits, so a page made
 * again differs from the first one at most in a last digit.
 *
 * The JSON may come from anywhere: every count is checked against what is there before memory is asked for. */
#include "report/saved.h"
#include "core/base64.h"
#include "core/json.h"
#include "format/npy.h"

#include <auscult/audio.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

enum { MOST_COMPONENTS = 100000, MOST_BYTES = 1 << 30 };

typedef struct loader { aus_ctx *ctx; const aus_json_tree *t; const char *path; aus_saved *s; } loader;

static aus_status lacks(const loader *l, const char *what)
{
  return aus_fail(l->ctx, AUS_EFORMAT, "%s: not a result of auscult explain --json: %s", l->path, what);
}

static double real(const loader *l, const aus_json_node *of, const char *key) { return aus_json_get_real(l->t, of, key, NAN); }

static double number_at(const loader *l, const aus_json_node *of, int32_t i)
{
  const aus_json_node *n = aus_json_element(l->t, of, i);
  return n && n->kind == AUS_JSON_NUMBER ? n->number : NAN;
}

static void copy_text(char *to, size_t size, const char *from) { snprintf(to, size, "%s", from); }

/* ---- the explanation ------------------------------------------------------------------------------ */

static aus_status read_components(const loader *l, aus_explanation *e)
{
  const aus_json_node *list = aus_json_member(l->t, l->t->node, "components"), *c = aus_json_first(l->t, list);
  if (!list || list->kind != AUS_JSON_ARRAY || list->n > MOST_COMPONENTS) return lacks(l, "\"components\" is missing");
  e->component = aus_alloc_zero(l->ctx, (size_t)list->n + 1, sizeof *e->component);
  e->place = aus_alloc_zero(l->ctx, (size_t)list->n + 1, sizeof *e->place);
  if (!e->component || !e->place) return AUS_ENOMEM;
  for (int32_t i = 0; i < list->n; i++, c = aus_json_next(l->t, c)) {
    e->component[i] = aus_strdup(l->ctx, aus_json_get_text(l->t, c, "name", ""));
    e->n_components = i + 1;
    if (!e->component[i]) return AUS_ENOMEM;
    e->place[i] = (aus_place){ (int32_t)aus_json_get_real(l->t, c, "source", -1), real(l, c, "t0"), real(l, c, "t1"), real(l, c, "f0"), real(l, c, "f1") };
  }
  return AUS_OK;
}

static aus_status read_weights(const loader *l, const aus_json_node *from, int32_t n, aus_target_explanation *t)
{
  const aus_json_node *list = aus_json_member(l->t, from, "components"), *c = aus_json_first(l->t, list);
  if (!list || list->kind != AUS_JSON_ARRAY || list->n != n) return lacks(l, "a target without its components");
  t->weight = aus_alloc(l->ctx, (size_t)n + 1, sizeof *t->weight);
  if (!t->weight) return AUS_ENOMEM;
  for (int32_t i = 0; i < n; i++, c = aus_json_next(l->t, c)) {
    const aus_json_node *interval = aus_json_member(l->t, c, "interval");
    t->weight[i] = (aus_weight){ .weight = real(l, c, "weight"), .lo = number_at(l, interval, 0), .hi = number_at(l, interval, 1), .shapley = real(l, c, "shapley"),
                                 .shapley_se = real(l, c, "shapley_se"), .banzhaf = real(l, c, "banzhaf"), .alone = real(l, c, "alone"), .without = real(l, c, "without") };
  }
  return AUS_OK;
}

static aus_status read_interactions(const loader *l, const aus_json_node *from, int32_t n, aus_target_explanation *t)
{
  const aus_json_node *rows = aus_json_member(l->t, from, "interactions"), *row = aus_json_first(l->t, rows);
  if (!rows) return AUS_OK;
  if (rows->kind != AUS_JSON_ARRAY || rows->n != n) return lacks(l, "\"interactions\" of another size");
  t->interaction = aus_alloc(l->ctx, (size_t)n * (size_t)n + 1, sizeof *t->interaction);
  if (!t->interaction) return AUS_ENOMEM;
  for (int32_t i = 0; i < n; i++, row = aus_json_next(l->t, row)) {
    if (row->kind != AUS_JSON_ARRAY || row->n != n) return lacks(l, "\"interactions\" of another size");
    const aus_json_node *v = aus_json_first(l->t, row);
    for (int32_t k = 0; k < n; k++, v = aus_json_next(l->t, v)) t->interaction[(size_t)i * (size_t)n + (size_t)k] = v->kind == AUS_JSON_NUMBER ? v->number : NAN;
  }
  return AUS_OK;
}

static aus_status read_target(const loader *l, const aus_json_node *from, int32_t n, aus_target_explanation *t)
{
  *t = (aus_target_explanation){ .target = (int32_t)aus_json_get_real(l->t, from, "index", 0), .score = real(l, from, "score"), .score_none = real(l, from, "score_none"),
    .raw_score = real(l, from, "raw_score"), .intercept = real(l, from, "intercept"), .r2 = real(l, from, "r2"), .local_prediction = real(l, from, "local_prediction"),
    .complexity = real(l, from, "complexity"), .stability = real(l, from, "stability"), .vsi = real(l, from, "vsi"), .csi = real(l, from, "csi"),
    .additivity_gap = real(l, from, "additivity_gap") };
  t->name = aus_strdup(l->ctx, aus_json_get_text(l->t, from, "name", ""));
  if (!t->name) return AUS_ENOMEM;
  AUS_TRY(read_weights(l, from, n, t));
  return read_interactions(l, from, n, t);
}

static aus_status read_targets(const loader *l, aus_explanation *e)
{
  const aus_json_node *list = aus_json_member(l->t, l->t->node, "targets"), *from = aus_json_first(l->t, list);
  if (!list || list->kind != AUS_JSON_ARRAY || list->n < 1 || list->n > MOST_COMPONENTS) return lacks(l, "\"targets\" is missing");
  e->target = aus_alloc_zero(l->ctx, (size_t)list->n, sizeof *e->target);
  if (!e->target) return AUS_ENOMEM;
  for (int32_t i = 0; i < list->n; i++, from = aus_json_next(l->t, from)) {
    e->n_targets = i + 1;
    AUS_TRY(read_target(l, from, e->n_components, &e->target[i]));
  }
  return AUS_OK;
}

static aus_status unpack_table(const loader *l, aus_explanation *e, const uint8_t *mixes, const uint8_t *answers)
{
  const size_t d = (size_t)e->n_components, row = (d + 7) / 8, n = (size_t)e->n_rows, cells = n * (size_t)e->n_targets;
  e->z = aus_alloc(l->ctx, n * d + 1, 1);
  e->y = aus_alloc(l->ctx, cells + 1, sizeof *e->y);
  if (!e->z || !e->y) return AUS_ENOMEM;
  for (size_t r = 0; r < n; r++)
    for (size_t i = 0; i < d; i++) e->z[r * d + i] = mixes[r * row + i / 8] >> (7 - i % 8) & 1;
  for (size_t i = 0; i < cells; i++) {
    const uint8_t *b = answers + 4 * i;
    const uint32_t v = b[0] | (uint32_t)b[1] << 8 | (uint32_t)b[2] << 16 | (uint32_t)b[3] << 24;
    memcpy(e->y + i, &v, 4);
  }
  return AUS_OK;
}

static aus_status read_table(const loader *l, aus_explanation *e)
{
  const aus_json_node *t = aus_json_member(l->t, l->t->node, "table");
  uint8_t *mixes = NULL, *answers = NULL;
  size_t n_mixes = 0, n_answers = 0;
  if (!t) return AUS_OK;
  aus_status status = aus_base64_decode(l->ctx, aus_json_get_text(l->t, t, "mixes", ""), &mixes, &n_mixes);
  if (status == AUS_OK) status = aus_base64_decode(l->ctx, aus_json_get_text(l->t, t, "answers", ""), &answers, &n_answers);
  const double rows = aus_json_get_real(l->t, t, "rows", -1);
  if (status == AUS_OK && (!(rows >= 0 && rows < MOST_BYTES) || (double)n_mixes != rows * ((e->n_components + 7) / 8) || (double)n_answers != rows * 4 * e->n_targets))
    status = lacks(l, "\"table\" has not the size that its \"rows\" say");
  if (status == AUS_OK) {
    e->n_rows = (int64_t)rows;
    status = unpack_table(l, e, mixes, answers);
  }
  aus_free(l->ctx, mixes);
  aus_free(l->ctx, answers);
  return status;
}

static aus_status read_explanation(const loader *l, aus_explanation *e)
{
  const aus_json_node *ev = aus_json_member(l->t, l->t->node, "evaluated");
  e->ctx = l->ctx;
  copy_text(e->method, sizeof e->method, aus_json_get_text(l->t, l->t->node, "method", ""));
  copy_text(e->interval, sizeof e->interval, aus_json_get_text(l->t, ev, "interval", ""));
  e->exhaustive = aus_json_get_real(l->t, ev, "exhaustive", 0) != 0;
  e->n_neighbourhood = (int64_t)aus_json_get_real(l->t, ev, "neighbourhood", 0);
  e->n_predicted = (int64_t)aus_json_get_real(l->t, ev, "predicted", 0);
  e->effective_rows = real(l, ev, "effective_rows");
  AUS_TRY(read_components(l, e));
  AUS_TRY(read_targets(l, e));
  return read_table(l, e);
}

/* ---- the files beside it ------------------------------------------------------------------------------ */

static bool readable(const char *path)
{
  FILE *f = fopen(path, "rb");
  if (f) fclose(f);
  return f != NULL;
}

static char *join(aus_ctx *ctx, const char *folder, const char *name) { return aus_strf(ctx, "%s/%s", folder, name); }

/* The first of these folders that has the input's sound. */
static aus_status find_folder(const loader *l, const char *given, const aus_json_node *files)
{
  const char *said = aus_json_get_text(l->t, files, "folder", NULL), *input = aus_json_get_text(l->t, files, "input", "input.wav"), *slash = strrchr(l->path, '/');
  const int dir = slash ? (int)(slash - l->path) : 0;
  char *choice[3] = { NULL, NULL, NULL };
  if (given) choice[0] = aus_strdup(l->ctx, given);
  else if (files && said) {
    choice[0] = *said == '/' || !slash ? aus_strdup(l->ctx, said) : aus_strf(l->ctx, "%.*s/%s", dir, l->path, said);
    choice[1] = aus_strdup(l->ctx, said);
    choice[2] = slash ? aus_strf(l->ctx, "%.*s", dir, l->path) : NULL;
  }
  for (int i = 0; i < 3; i++) {
    char *file = choice[i] ? join(l->ctx, choice[i], input) : NULL;
    if (file && !l->s->folder && readable(file)) { l->s->folder = choice[i]; choice[i] = NULL; }
    aus_free(l->ctx, file);
  }
  for (int i = 0; i < 3; i++) aus_free(l->ctx, choice[i]);
  if (given && !l->s->folder) return aus_fail(l->ctx, AUS_EIO, "%s: no %s there: was it written by auscult explain --out?", given, input);
  return AUS_OK;
}

/* One sound of the folder; it must have the rate and length of the result. */
static aus_status read_sound(const loader *l, const char *name, float **out)
{
  aus_components *c = &l->s->components;
  aus_audio a;
  char *path = join(l->ctx, l->s->folder, name);
  if (!path) return AUS_ENOMEM;
  aus_status status = aus_audio_read(l->ctx, path, NULL, &a);
  if (status == AUS_OK && (a.rate != c->rate || a.frames != c->samples || a.channels != 1))
    status = aus_fail(l->ctx, AUS_EFORMAT, "%s does not belong to %s: another rate or length", path, l->path);
  if (status == AUS_OK) { *out = a.data; a.data = NULL; }
  aus_audio_free(l->ctx, &a);
  aus_free(l->ctx, path);
  return status;
}

static aus_status read_sounds(const loader *l, const aus_json_node *files)
{
  aus_components *c = &l->s->components;
  const aus_json_node *names = aus_json_member(l->t, files, "components"), *name = aus_json_first(l->t, names);
  const char *baseline = aus_json_get_text(l->t, files, "baseline", NULL);
  if (!names || names->n != c->n) return lacks(l, "\"files\" does not name a sound per component");
  c->part = aus_alloc_zero(l->ctx, (size_t)c->n + 1, sizeof *c->part);
  if (!c->part) return AUS_ENOMEM;
  for (int32_t i = 0; i < c->n; i++, name = aus_json_next(l->t, name)) {
    float *x = NULL;
    AUS_TRY(read_sound(l, name->kind == AUS_JSON_STRING ? name->text : "", &x));
    c->part[i] = (aus_part){ x, 0, c->samples };
  }
  if (baseline) AUS_TRY(read_sound(l, baseline, &c->off));
  return read_sound(l, aus_json_get_text(l->t, files, "input", "input.wav"), &c->whole);
}

static aus_status read_array(const loader *l, const char *name, int32_t rank, aus_npy *a)
{
  char *path = join(l->ctx, l->s->folder, name);
  if (!path) return AUS_ENOMEM;
  aus_status status = aus_npy_read(l->ctx, path, a);
  if (status == AUS_OK && (a->rank != rank || a->count < 1)) {
    aus_free(l->ctx, a->data);
    status = aus_fail(l->ctx, AUS_EFORMAT, "%s has not %d axes", path, rank);
  }
  aus_free(l->ctx, path);
  return status;
}

static aus_status read_hz(const loader *l, const aus_json_node *of, int64_t n, float **hz)
{
  const aus_json_node *list = aus_json_member(l->t, of, "hz"), *v = aus_json_first(l->t, list);
  if (!list || list->n != n) return lacks(l, "\"hz\" does not name a frequency per band");
  *hz = aus_alloc(l->ctx, (size_t)n, sizeof **hz);
  if (!*hz) return AUS_ENOMEM;
  for (int64_t i = 0; i < n; i++, v = aus_json_next(l->t, v)) (*hz)[i] = (float)v->number;
  return AUS_OK;
}

static aus_status read_spectrogram(const loader *l, const aus_json_node *from)
{
  aus_spectrogram *s = &l->s->spectrogram;
  aus_npy a;
  if (!from) return AUS_OK;
  AUS_TRY(read_array(l, aus_json_get_text(l->t, from, "file", ""), 2, &a));
  s->image = a.data;
  s->hop_seconds = aus_json_get_real(l->t, from, "hop_seconds", 0);
  copy_text(s->unit, sizeof s->unit, aus_json_get_text(l->t, from, "unit", ""));
  if (a.dim[0] > MOST_COMPONENTS || !(s->hop_seconds > 0)) return lacks(l, "a spectrogram that cannot be");
  AUS_TRY(read_hz(l, from, a.dim[0], &s->hz));
  s->bands = (int32_t)a.dim[0];
  s->frames = a.dim[1];
  return AUS_OK;
}

static aus_status read_labels(const loader *l, const aus_json_node *from)
{
  aus_components *c = &l->s->components;
  aus_npy a;
  if (!from) return AUS_OK;
  AUS_TRY(read_array(l, aus_json_get_text(l->t, from, "file", ""), 2, &a));
  c->label = a.count < MOST_BYTES ? aus_alloc(l->ctx, (size_t)a.count, sizeof *c->label) : NULL;
  for (int64_t i = 0; c->label && i < a.count; i++) c->label[i] = a.data[i] >= 0 && a.data[i] < c->n ? (int32_t)a.data[i] : -1;
  aus_free(l->ctx, a.data);
  if (!c->label) return AUS_ENOMEM;
  c->label_frames = (int32_t)a.dim[0];
  c->label_bins = (int32_t)a.dim[1];
  c->label_hop_s = aus_json_get_real(l->t, from, "hop_seconds", 1);
  c->label_bin_hz = aus_json_get_real(l->t, from, "bin_hz", 1);
  return c->label_hop_s > 0 && c->label_bin_hz > 0 ? AUS_OK : lacks(l, "a map of labels that cannot be");
}

static aus_status read_maps(const loader *l, const aus_json_node *list)
{
  aus_explanation *e = &l->s->explanation;
  const aus_json_node *from = aus_json_first(l->t, list);
  for (int32_t i = 0; list && list->kind == AUS_JSON_ARRAY && i < list->n && i < e->n_targets; i++, from = aus_json_next(l->t, from)) {
    aus_map *m = &e->target[i].map;
    aus_npy a;
    if (from->kind != AUS_JSON_OBJECT) continue;
    AUS_TRY(read_array(l, aus_json_get_text(l->t, from, "file", ""), 2, &a));
    m->value = a.data;
    m->hop_s = aus_json_get_real(l->t, from, "hop_seconds", 0);
    m->cell_s = aus_json_get_real(l->t, from, "cell_seconds", 0);
    m->cell_hz = aus_json_get_real(l->t, from, "cell_hz", 0);
    copy_text(m->domain, sizeof m->domain, aus_json_get_text(l->t, from, "domain", ""));
    if (a.dim[1] > MOST_COMPONENTS || !(m->hop_s > 0)) return lacks(l, "a map that cannot be");
    if (a.dim[1] > 1) AUS_TRY(read_hz(l, from, a.dim[1], &m->hz));
    m->bands = (int32_t)a.dim[1];
    m->frames = a.dim[0];
  }
  return AUS_OK;
}

static aus_status read_parts(const loader *l, const char *folder)
{
  aus_components *c = &l->s->components;
  const aus_explanation *e = &l->s->explanation;
  const aus_json_node *ev = aus_json_member(l->t, l->t->node, "evaluated"), *files = aus_json_member(l->t, l->t->node, "files");
  c->ctx = l->ctx;
  c->n = e->n_components;
  c->name = e->component; /* both borrowed from the explanation */
  c->place = e->place;
  c->channels = 1;
  c->rate = (int32_t)aus_json_get_real(l->t, ev, "rate", 0);
  c->samples = (int64_t)aus_json_get_real(l->t, ev, "samples", 0);
  if (c->rate < 1 || c->samples < 1 || c->samples > (int64_t)1 << 40) return lacks(l, "\"evaluated\" says no rate or length");
  copy_text(c->kind, sizeof c->kind, aus_json_get_text(l->t, ev, "components", ""));
  copy_text(c->baseline, sizeof c->baseline, aus_json_get_text(l->t, ev, "baseline", ""));
  AUS_TRY(find_folder(l, folder, files));
  if (!l->s->folder) return AUS_OK;
  AUS_TRY(read_sounds(l, files));
  AUS_TRY(read_spectrogram(l, aus_json_member(l->t, files, "spectrogram")));
  AUS_TRY(read_labels(l, aus_json_member(l->t, files, "labels")));
  return read_maps(l, aus_json_member(l->t, files, "maps"));
}

/* ---- all of it -------------------------------------------------------------------------------------- */

/* The text with <, > and & as escapes: still the same JSON, and harmless inside a page. They occur in strings only. */
static char *for_page(aus_ctx *ctx, const char *text, size_t size)
{
  char *out = aus_alloc(ctx, 6 * size + 1, 1), *to = out;
  for (size_t i = 0; out && i < size; i++) {
    if (strchr("<>&'", text[i]) && text[i]) to += sprintf(to, "\\u%04x", (unsigned)text[i]);
    else *to++ = text[i];
  }
  if (out) *to = '\0';
  return out;
}

static aus_status describe(const loader *l)
{
  aus_saved *s = l->s;
  const aus_json_node *root = l->t->node, *notes = aus_json_member(l->t, root, "notes"), *note = aus_json_first(l->t, notes), *input = aus_json_member(l->t, root, "input"), *model = aus_json_member(l->t, root, "model");
  const char *path = aus_json_get_text(l->t, input, "path", l->path), *slash = strrchr(path, '/'), *name = aus_json_get_text(l->t, model, "name", "");
  const aus_json_node *picture = aus_json_member(l->t, aus_json_member(l->t, root, "files"), "spectrogram");
  aus_facts_of(l->t, &s->facts);
  aus_report_subtitle(s->subtitle, sizeof s->subtitle, *name ? name : aus_json_get_text(l->t, model, "path", aus_json_get_text(l->t, model, "command", "the model")),
                      (double)s->components.samples / s->components.rate, aus_json_get_real(l->t, input, "offset", 0));
  s->note = aus_alloc_zero(l->ctx, (notes ? (size_t)notes->n : 0) + 1, sizeof *s->note);
  if (!s->note) return AUS_ENOMEM;
  for (int32_t i = 0; notes && notes->kind == AUS_JSON_ARRAY && i < notes->n; i++, note = aus_json_next(l->t, note))
    if (note->kind == AUS_JSON_STRING) s->note[s->n_notes++] = note->text;
  s->report = (aus_report){ .title = slash && slash[1] ? slash + 1 : path, .subtitle = s->subtitle, .offset = aus_json_get_real(l->t, input, "offset", 0),
                            .file_rate = (int32_t)fmin(fmax(aus_json_get_real(l->t, input, "rate", 0), 0), INT32_MAX), .explanation = &s->explanation, .components = &s->components,
                            .spectrogram = s->spectrogram.frames > 0 ? &s->spectrogram : NULL, .spectrogram_ours = strcmp(aus_json_get_text(l->t, picture, "of", "model"), "input") == 0,
                            .front_end = aus_json_get_text(l->t, model, "front_end", ""),
                            .fact = s->facts.fact, .n_facts = s->facts.n, .note = s->note, .n_notes = s->n_notes, .json = s->json };
  return AUS_OK;
}

aus_status aus_saved_read(aus_ctx *ctx, const char *path, const char *folder, aus_saved *out)
{
  void *text = NULL;
  size_t size = 0;
  *out = (aus_saved){ .ctx = ctx };
  AUS_TRY(aus_file_read(ctx, path, MOST_BYTES, &text, &size));
  loader l = { ctx, &out->tree, path, out };
  aus_status status = aus_json_read(ctx, path, text, size, &out->tree);
  if (status == AUS_OK && strcmp(aus_json_get_text(&out->tree, out->tree.node, "schema", ""), "auscult.explanation/1") != 0) status = lacks(&l, "its schema is not auscult.explanation/1");
  if (status == AUS_OK && !(out->json = for_page(ctx, text, size))) status = AUS_ENOMEM;
  if (status == AUS_OK) status = read_explanation(&l, &out->explanation);
  if (status == AUS_OK) status = read_parts(&l, folder);
  if (status == AUS_OK) status = describe(&l);
  aus_free(ctx, text);
  return status;
}

void aus_saved_free(aus_saved *s)
{
  aus_ctx *ctx = s->ctx;
  if (!ctx) return;
  for (int32_t i = 0; s->components.part && i < s->components.n; i++) aus_free(ctx, (void *)s->components.part[i].data);
  aus_free(ctx, s->components.part);
  aus_free(ctx, s->components.off);
  aus_free(ctx, s->components.whole);
  aus_free(ctx, s->components.label);
  aus_free(ctx, s->spectrogram.image);
  aus_free(ctx, s->spectrogram.hz);
  aus_explanation_free(&s->explanation);
  aus_free(ctx, s->note);
  aus_free(ctx, s->folder);
  aus_free(ctx, s->json);
  aus_json_tree_free(&s->tree);
  *s = (aus_saved){0};
}
