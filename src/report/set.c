/* set.c - from the JSON of many results to rows of numbers.
 *
 * Components are matched by name: "drums" of one song is "drums" of another. One result is in memory at a time; of it stay a few
 * numbers per component. The JSON may come from anywhere: it is read strictly, and a result that lacks something is refused whole. */
#include "report/set.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

enum { MOST_BYTES = 1 << 30, MOST_COMPONENTS = 4096, MOST_TARGETS = 100000 };

void aus_set_begin(aus_set *s, aus_ctx *ctx) { *s = (aus_set){ .ctx = ctx }; }

void aus_set_free(aus_set *s)
{
  aus_ctx *ctx = s->ctx;
  if (!ctx) return;
  for (int32_t i = 0; i < s->n_components; i++) aus_free(ctx, s->component[i]);
  for (int32_t i = 0; i < s->n_targets; i++) aus_free(ctx, s->target[i]);
  for (int32_t i = 0; i < s->n_songs; i++) {
    aus_free(ctx, s->song[i].name);
    aus_free(ctx, s->song[i].path);
    aus_free(ctx, s->song[i].page);
  }
  for (int32_t i = 0; i < s->n_pieces; i++) {
    aus_free(ctx, s->piece[i].result);
    aus_free(ctx, s->piece[i].page);
  }
  for (int32_t i = 0; i < s->n_rows; i++) aus_free(ctx, s->row[i].weight);
  for (int32_t i = 0; i < s->n_failures; i++) {
    aus_free(ctx, s->failure[i].path);
    aus_free(ctx, s->failure[i].why);
  }
  aus_free(ctx, s->component);
  aus_free(ctx, s->target);
  aus_free(ctx, s->target_index);
  aus_free(ctx, s->song);
  aus_free(ctx, s->piece);
  aus_free(ctx, s->row);
  aus_free(ctx, s->failure);
  aus_free(ctx, s->model);
  aus_json_tree_free(&s->first);
  *s = (aus_set){0};
}

/* Room for one more of n things of this size; they double at powers of two. */
static aus_status grow(aus_ctx *ctx, void **list, int32_t n, size_t size)
{
  if (n > 0 && (n & (n - 1)) != 0) return AUS_OK;
  void *bigger = aus_alloc_zero(ctx, n ? 2 * (size_t)n : 1, size);
  if (!bigger) return AUS_ENOMEM;
  if (n) memcpy(bigger, *list, (size_t)n * size);
  aus_free(ctx, *list);
  *list = bigger;
  return AUS_OK;
}

/* The place of a name in a list, added at its end when it is new; -1: no memory. */
static int32_t place_of(aus_ctx *ctx, char ***list, int32_t *n, const char *name)
{
  for (int32_t i = 0; i < *n; i++)
    if (strcmp((*list)[i], name) == 0) return i;
  if (grow(ctx, (void **)list, *n, sizeof **list) != AUS_OK) return -1;
  if (!((*list)[*n] = aus_strdup(ctx, name))) return -1;
  return (*n)++;
}

static int32_t target_of(aus_set *s, const char *name, int32_t index)
{
  const int32_t n = s->n_targets, i = place_of(s->ctx, &s->target, &s->n_targets, name);
  if (i < n) return i;
  if (grow(s->ctx, (void **)&s->target_index, n, sizeof *s->target_index) != AUS_OK) return -1;
  s->target_index[i] = index;
  return i;
}

static int32_t song_of(aus_set *s, const char *path)
{
  const char *slash = strrchr(path, '/');
  for (int32_t i = s->n_songs; i-- > 0;)
    if (strcmp(s->song[i].path, path) == 0) return i;
  if (grow(s->ctx, (void **)&s->song, s->n_songs, sizeof *s->song) != AUS_OK) return -1;
  aus_set_song song = { aus_strdup(s->ctx, slash && slash[1] ? slash + 1 : path), aus_strdup(s->ctx, path), NULL };
  if (!song.name || !song.path) { aus_free(s->ctx, song.name); aus_free(s->ctx, song.path); return -1; }
  s->song[s->n_songs] = song;
  return s->n_songs++;
}

/* ---- one result ------------------------------------------------------------------------------------ */

typedef struct reader { aus_set *s; const aus_json_tree *t; const char *path; int32_t n, column[MOST_COMPONENTS]; } reader;

static aus_status lacks(const reader *r, const char *what)
{
  return aus_fail(r->s->ctx, AUS_EFORMAT, "%s: not a result of auscult explain --json: %s", r->path, what);
}

static aus_status read_components(reader *r)
{
  const aus_json_node *list = aus_json_member(r->t, r->t->node, "components"), *c = aus_json_first(r->t, list);
  if (!list || list->kind != AUS_JSON_ARRAY) return lacks(r, "\"components\" is missing");
  if (list->n < 1 || list->n > MOST_COMPONENTS) return lacks(r, "no components, or more than 4096");
  for (int32_t i = 0; i < list->n; i++, c = aus_json_next(r->t, c)) {
    r->column[i] = place_of(r->s->ctx, &r->s->component, &r->s->n_components, aus_json_get_text(r->t, c, "name", ""));
    if (r->column[i] < 0) return AUS_ENOMEM;
  }
  r->n = list->n;
  return AUS_OK;
}

static aus_status read_row(reader *r, const aus_json_node *t, aus_set_row *row)
{
  const aus_json_node *list = aus_json_member(r->t, t, "components"), *c = aus_json_first(r->t, list);
  const size_t d = (size_t)r->s->n_components;
  if (!list || list->kind != AUS_JSON_ARRAY || list->n != r->n) return lacks(r, "a target without its components");
  *row = (aus_set_row){ .n = (int32_t)d, .score = aus_json_get_real(r->t, t, "score", NAN), .score_none = aus_json_get_real(r->t, t, "score_none", NAN),
                        .raw_score = aus_json_get_real(r->t, t, "raw_score", NAN), .local = aus_json_get_real(r->t, t, "local_prediction", NAN),
                        .r2 = aus_json_get_real(r->t, t, "r2", NAN), .stability = aus_json_get_real(r->t, t, "stability", NAN) };
  row->target = target_of(r->s, aus_json_get_text(r->t, t, "name", ""), (int32_t)aus_json_get_real(r->t, t, "index", 0));
  row->weight = aus_alloc(r->s->ctx, 2 * d, sizeof *row->weight);
  if (row->target < 0 || !row->weight) { aus_free(r->s->ctx, row->weight); return AUS_ENOMEM; }
  row->shapley = row->weight + d;
  for (size_t i = 0; i < 2 * d; i++) row->weight[i] = NAN;
  for (int32_t i = 0; i < r->n; i++, c = aus_json_next(r->t, c)) {
    row->weight[r->column[i]] = aus_json_get_real(r->t, c, "weight", NAN);
    row->shapley[r->column[i]] = aus_json_get_real(r->t, c, "shapley", NAN);
  }
  return AUS_OK;
}

static aus_status read_rows(reader *r, int32_t piece)
{
  aus_set *s = r->s;
  const aus_json_node *list = aus_json_member(r->t, r->t->node, "targets"), *t = aus_json_first(r->t, list);
  if (!list || list->kind != AUS_JSON_ARRAY || list->n < 1 || list->n > MOST_TARGETS) return lacks(r, "\"targets\" is missing");
  for (int32_t i = 0; i < list->n; i++, t = aus_json_next(r->t, t)) {
    AUS_TRY(grow(s->ctx, (void **)&s->row, s->n_rows, sizeof *s->row));
    AUS_TRY(read_row(r, t, &s->row[s->n_rows]));
    s->row[s->n_rows++].piece = piece;
  }
  return AUS_OK;
}

/* Results that do not belong together are shown together, but not in silence. */
static aus_status compare_model(reader *r)
{
  aus_set *s = r->s;
  const aus_json_node *model = aus_json_member(r->t, r->t->node, "model");
  const char *sha = aus_json_get_text(r->t, model, "sha256", ""), *id = *sha ? sha : aus_json_get_text(r->t, model, "name", "");
  if (!s->model) return (s->model = aus_strdup(s->ctx, id)) ? AUS_OK : AUS_ENOMEM;
  const aus_json_node *mine = aus_json_member(r->t, r->t->node, "settings"), *first = aus_json_member(&s->first, s->first.node, "settings");
  static const char *const same[] = { "method", "surrogate", "scale" };
  s->mixed = s->mixed || strcmp(s->model, id) != 0;
  for (size_t i = 0; i < sizeof same / sizeof *same; i++)
    s->mixed = s->mixed || strcmp(aus_json_get_text(r->t, mine, same[i], ""), aus_json_get_text(&s->first, first, same[i], "")) != 0;
  return AUS_OK;
}

static aus_status read_result(reader *r, const char *shown, const char *page)
{
  aus_set *s = r->s;
  const aus_json_node *root = r->t->node, *in = aus_json_member(r->t, root, "input"), *ev = aus_json_member(r->t, root, "evaluated");
  if (strcmp(aus_json_get_text(r->t, root, "schema", ""), "auscult.explanation/1") != 0) return lacks(r, "its schema is not auscult.explanation/1");
  AUS_TRY(compare_model(r));
  AUS_TRY(read_components(r));
  aus_set_piece piece = { .song = song_of(s, aus_json_get_text(r->t, in, "path", r->path)), .t0 = aus_json_get_real(r->t, in, "offset", 0) };
  piece.t1 = piece.t0 + aus_json_get_real(r->t, in, "duration", 0);
  piece.exhaustive = aus_json_get_real(r->t, ev, "exhaustive", 0) != 0;
  if (piece.song < 0) return AUS_ENOMEM;
  AUS_TRY(grow(s->ctx, (void **)&s->piece, s->n_pieces, sizeof *s->piece));
  const int32_t before = s->n_rows;
  aus_status status = read_rows(r, s->n_pieces);
  piece.result = status == AUS_OK ? aus_strdup(s->ctx, shown ? shown : r->path) : NULL;
  piece.page = page && piece.result ? aus_strdup(s->ctx, page) : NULL;
  if (status == AUS_OK && (!piece.result || (page && !piece.page))) status = AUS_ENOMEM;
  if (status == AUS_OK) { s->piece[s->n_pieces++] = piece; s->seconds += piece.t1 - piece.t0; return AUS_OK; }
  aus_free(s->ctx, piece.result);
  aus_free(s->ctx, piece.page);
  while (s->n_rows > before) aus_free(s->ctx, s->row[--s->n_rows].weight);
  return status;
}

aus_status aus_set_add_text(aus_set *s, const char *path, const char *text, size_t size, const char *shown, const char *page)
{
  aus_json_tree tree = {0};
  reader *r = AUS_NEW(s->ctx, reader);
  aus_status status = r ? aus_json_read(s->ctx, path, text, size, &tree) : AUS_ENOMEM;
  if (status == AUS_OK) {
    *r = (reader){ .s = s, .t = &tree, .path = path };
    status = read_result(r, shown, page);
  }
  if (status == AUS_OK && !s->first.node) s->first = tree;
  else aus_json_tree_free(&tree);
  aus_free(s->ctx, r);
  return status;
}

aus_status aus_set_add(aus_set *s, const char *path, const char *shown, const char *page)
{
  void *text = NULL;
  size_t size = 0;
  AUS_TRY(aus_file_read(s->ctx, path, MOST_BYTES, &text, &size));
  const aus_status status = aus_set_add_text(s, path, text, size, shown, page);
  aus_free(s->ctx, text);
  return status;
}

aus_status aus_set_failed(aus_set *s, const char *path, const char *why)
{
  AUS_TRY(grow(s->ctx, (void **)&s->failure, s->n_failures, sizeof *s->failure));
  aus_set_failure f = { aus_strdup(s->ctx, path), aus_strdup(s->ctx, why) };
  if (!f.path || !f.why) { aus_free(s->ctx, f.path); aus_free(s->ctx, f.why); return AUS_ENOMEM; }
  s->failure[s->n_failures++] = f;
  return AUS_OK;
}

aus_status aus_set_song_page(aus_set *s, int32_t song, const char *page)
{
  char *copy = aus_strdup(s->ctx, page);
  if (!copy) return AUS_ENOMEM;
  aus_free(s->ctx, s->song[song].page);
  s->song[song].page = copy;
  return AUS_OK;
}

double aus_set_weight(const aus_set_row *row, int32_t c) { return c < row->n ? row->weight[c] : NAN; }
