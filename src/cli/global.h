/* global.h - one run of `auscult global`: the songs of a manifest, cut into snippets, each explained once.
 *
 *   global_plan.c   from a manifest to snippets         global.c        the command: explains what is not explained yet
 *   set_pages.c     results to pages                    global_show.c   the document, the table, what is printed
 *   global_folder.c where results lie, and whose */
#ifndef AUS_CLI_GLOBAL_H
#define AUS_CLI_GLOBAL_H

#include "cli/session.h"
#include "cli/wavs.h"
#include "report/set.h"

/* A line of the manifest. */
typedef struct cli_song {
  char *path, *stems, *target; /* stems, target: NULL where the line says none */
  char id[88];                 /* safe in file names and links, the same wherever the line stands */
  double offset, duration;     /* duration 0: to the end */
} cli_song;

typedef struct cli_piece { int32_t song; double t0, seconds; /* 0: all there is */ } cli_piece;

typedef struct cli_plan {
  aus_ctx *ctx;
  cli_song *song;
  cli_piece *piece;
  int32_t n_songs, n_pieces;
  char **unread, **why;        /* [n_unread] songs whose length could not be found, and the reason */
  int32_t n_unread;
} cli_plan;

/* One path a line, or one JSON object with "path" and perhaps "offset", "duration" (seconds), "stems" (a folder), "target"; empty lines and
 * those after # are left out. Paths start beside the manifest. AUS_EFORMAT names the line. Free with cli_plan_free in any case. */
aus_status cli_plan_read(aus_ctx *ctx, const char *name, const char *text, size_t size, cli_plan *plan);
/* The same from a file, from "-", or from a folder: all sound files in it by name. */
aus_status cli_plan_open(aus_ctx *ctx, const char *path, cli_plan *plan);
/* Cuts every song into snippets of so many seconds (0: one of all there is), the last incomplete one left out; at most so many per
 * song (0: all), evenly spread. A song that is shorter than one is one snippet. */
aus_status cli_plan_cut(cli_plan *plan, double seconds, int64_t most);
void cli_plan_free(cli_plan *plan);

/* ---- the run and its folder (global_folder.c) -------------------------------------------------------------- */

enum { CLI_PAGES_SOUND, CLI_PAGES_NUMBERS, CLI_PAGES_NONE };

typedef struct cli_global_run {
  cli_session *cs;
  const cli_settings *outer;   /* the command's */
  cli_settings inner;          /* of one snippet, as explain has them */
  cli_plan plan;
  aus_model *model;
  const aus_model_info *info;
  aus_set set;
  double snippet;
  int32_t done, todo, left_out; /* snippets of this run */
  double start;
} cli_global_run;

/* "SONG@12.000": a snippet's files. */
void cli_global_piece_id(const cli_global_run *g, const cli_piece *p, char id[112]);
void cli_global_path_in(const cli_global_run *g, char path[CLI_PATH], const char *folder, const char *id, const char *extension);
/* A result that is newer than its song is kept. */
bool cli_global_is_done(const cli_global_run *g, const cli_piece *p);
/* The file is there whole, or as it was. */
aus_status cli_global_write_whole(aus_ctx *ctx, const char *path, const char *text, size_t size);
int cli_global_make_folders(cli_global_run *g);
/* A folder holds results of one plan (model, snippet, settings); of another one only with --force, which sweeps it. */
int cli_global_claim_folder(cli_global_run *g);

/* ---- results to pages (set_pages.c) ------------------------------------------------------------------ */

/* What a set's pages are made of; paths of pages are relative to the folder of the set's own page. */
typedef struct cli_set_pages {
  cli_session *cs;
  const char *title, *subtitle;
  const char *page;            /* the set's page */
  const char *folder;          /* of the songs' pages, beside it; NULL: none */
  const char *results;         /* the folder where the paths of results start; NULL: here */
  int64_t picks, features;
} cli_set_pages;
/* The document auscult.global/1 of what was analysed; settings: whether the command's own belong to it. */
aus_status cli_set_document(cli_session *cs, const aus_set_analysis *a, bool settings, bool for_html, aus_json *j);
/* Writes the page of each song, notes the links in the set, then the page of the set. */
int cli_set_write_pages(const cli_set_pages *p, aus_set *set);
/* "Why X says what it says", "N songs, N snippets, ..." */
void cli_set_titles(const aus_set *set, char *title, size_t title_size, char *subtitle, size_t subtitle_size);
/* A name that is safe in files and links: letters, digits, '_', '-', '.'; and six digits of the path's hash. */
void cli_safe_id(const char *path, char id[88]);

/* ---- showing (global_show.c) --------------------------------------------------------------------------- */

int cli_set_print(cli_session *cs, const aus_set_analysis *a, const char *page);

#endif
