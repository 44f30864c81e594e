/* set.h - many saved explanations as one set: songs, the snippets of each, and what they say together.
 *
 *   set.c          from the JSON of explain to rows of numbers     set_analysis.c   from rows to what they say together
 *   set_json.c     as schema auscult.global/1 and as a table       page_set.c       as a page */
#ifndef AUS_SET_H
#define AUS_SET_H

#include <auscult/global.h>
#include "core/json.h"
#include "core/json_read.h"
#include "report/report.h"

typedef struct aus_set_song { char *name, *path; char *page; /* link to its page, or NULL */ } aus_set_song;

/* One result: a snippet of a song. */
typedef struct aus_set_piece { int32_t song; double t0, t1; char *result, *page; bool exhaustive; } aus_set_piece;

/* One explanation: a snippet and a target. Weights are by the set's components, NaN where this result has no such one. */
typedef struct aus_set_row {
  int32_t piece, target, n;
  double score, score_none, raw_score, local, r2, stability;
  double *weight, *shapley; /* [n], n components were known when it was read; one block */
} aus_set_row;

typedef struct aus_set_failure { char *path, *why; } aus_set_failure;

typedef struct aus_set {
  aus_ctx *ctx;
  char **component, **target;
  int32_t *target_index;
  aus_set_song *song;
  aus_set_piece *piece;
  aus_set_row *row;
  aus_set_failure *failure;
  int32_t n_components, n_targets, n_songs, n_pieces, n_rows, n_failures;
  aus_json_tree first;      /* the first result: model, settings and program stand for all */
  char *model;              /* its SHA-256, or its name where there is none */
  bool mixed;               /* results of different models, or explained differently */
  double seconds;           /* of sound, all snippets together */
} aus_set;

void aus_set_begin(aus_set *s, aus_ctx *ctx);
void aus_set_free(aus_set *s);
/* Reads one result of `auscult explain --json`; nothing is added when it is none. shown: its path as the document names it (NULL: as
 * given); page: a link to its page, or NULL. Memory: its numbers, not its table. AUS_EIO, AUS_EFORMAT, AUS_ENOMEM. */
aus_status aus_set_add(aus_set *s, const char *path, const char *shown, const char *page);
/* The same from text in memory; path begins error messages. */
aus_status aus_set_add_text(aus_set *s, const char *path, const char *text, size_t size, const char *shown, const char *page);
/* A song that could not be explained, for the record. */
aus_status aus_set_failed(aus_set *s, const char *path, const char *why);
/* The song's own page. */
aus_status aus_set_song_page(aus_set *s, int32_t song, const char *page);

/* ---- what they say together --------------------------------------------------------------------- */

typedef struct aus_set_component {
  aus_spread weight, shapley;
  double mean_abs, root_sum, homogeneity; /* of the class, see auscult/global.h */
  double strongest;                       /* share of explanations in which it has the largest positive weight (of all components) */
} aus_set_component;

typedef struct aus_set_pick { int32_t row; double covered; } aus_set_pick;
/* A song's snippets together: means of the model's answers and of the surrogate's, and how their fits are spread. */
typedef struct aus_set_mean { int32_t song, n; double score, local; aus_spread r2; } aus_set_mean;

typedef struct aus_set_target {
  int32_t target, n;            /* which, and how many explanations */
  int32_t *row;                 /* [n] */
  aus_set_component *component; /* [n_components] */
  int32_t *order;               /* [n_components] by falling mean |weight| */
  aus_set_mean *song;           /* [n_songs]: those it was explained for */
  int32_t n_songs;
  aus_spread score, r2, gap;    /* gap: |local prediction - prediction| */
  int32_t good, fair, poor, none; /* explanations by the words of trust.c on R2 */
  double correlation;           /* of prediction and local prediction */
  aus_set_pick *pick;
  int32_t n_picks;
} aus_set_target;

typedef struct aus_set_analysis {
  aus_ctx *ctx;
  const aus_set *set;
  aus_set_target *target;       /* [n], most explanations first, then by mean score */
  int32_t n;
} aus_set_analysis;

/* picks: how many per target; features: how many components of an explanation SP-LIME sees (0: all). */
aus_status aus_set_analyse(const aus_set *s, int32_t picks, int32_t features, aus_set_analysis *out);
void aus_set_analysis_free(aus_set_analysis *a);
/* The weight of component c in a row; NaN: it has none. */
double aus_set_weight(const aus_set_row *row, int32_t c);

/* How far to trust the weights of this target over the set, as a sentence; the rules are those of one explanation (trust.c). */
aus_trust aus_set_trust(const aus_set_target *t, char *words, size_t size);

/* Members "model" to "targets" of schema auscult.global/1 (docs/json.md). */
void aus_set_json(aus_json *j, const aus_set_analysis *a);
/* One row per explanation, tab-separated, with a header. */
aus_status aus_set_tsv(const aus_set_analysis *a, const char *path, int replace);

/* ---- the page ------------------------------------------------------------------------------------- */

typedef struct aus_set_page {
  const char *title, *subtitle;
  const aus_set_analysis *analysis;
  const char *back, *back_name;      /* a link to the page above it, or NULL */
  const char *const *note;
  int32_t n_notes;
  const char *json;                  /* the document, written for_html */
} aus_set_page;
aus_status aus_set_page_write(aus_ctx *ctx, const aus_set_page *page, const char *path, int replace);

#endif
