/* mix.h - the corpus's manifest and stems, for the study's programs. */
#ifndef AUS_STUDY_MIX_H
#define AUS_STUDY_MIX_H

#include "core/core.h"

#include <auscult/audio.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { FAMILIES = 5, GUITAR = 0, PIANO, BASS, DRUMS, STRINGS, RATE = 16000 };
static const char *const family_name[FAMILIES] = { "guitar", "piano", "bass", "drums", "strings" };

/* A row of items.tsv: where it lies, which split, which families it has, and of each the soundfont. */
typedef struct row { char item[64], split[8], song[256], timbre[FAMILIES][24]; int has[FAMILIES]; } row;

/* Column k of a line of tab-separated text, cut to size. */
static inline void column(const char *line, int k, char *to, size_t size)
{
  while (k-- > 0 && line) line = strchr(line, '\t') ? strchr(line, '\t') + 1 : NULL;
  const size_t n = line ? strcspn(line, "\t\n") : 0;
  snprintf(to, size, "%.*s", (int)n, line ? line : "");
}

/* All rows of CORPUS/items.tsv; *n of them, NULL when it cannot be read. The caller frees. */
static inline row *read_rows(const char *corpus, int *n)
{
  char path[4096], line[4096], text[256];
  snprintf(path, sizeof path, "%s/items.tsv", corpus);
  FILE *f = fopen(path, "r");
  row *rows = NULL;
  *n = 0;
  while (f && fgets(line, sizeof line, f)) {
    if (strncmp(line, "item\t", 5) == 0 || !strchr(line, '/')) continue;
    if (*n % 256 == 0) rows = realloc(rows, (size_t)(*n + 256) * sizeof *rows);
    if (!rows) break;
    row *r = &rows[(*n)++];
    column(line, 0, r->item, sizeof r->item);
    column(line, 1, r->split, sizeof r->split);
    column(line, 2, r->song, sizeof r->song);
    for (int k = 0; k < FAMILIES; k++) {
      column(line, 7 + k, text, sizeof text);
      r->has[k] = text[0] != '\0';
      snprintf(r->timbre[k], sizeof r->timbre[k], "%.*s", (int)strcspn(text, ":"), text);
    }
  }
  if (f) fclose(f);
  return rows;
}

/* All four that the question needs were heard (a program may be silent in a soundfont, a part turned down). */
static inline int complete(const row *r) { return r->has[GUITAR] && r->has[PIANO] && r->has[BASS] && r->has[DRUMS]; }

/* One stem; a family the item lacks is silent. x[*n], owned by the caller (aus_audio_free). */
static inline aus_status read_stem(aus_ctx *ctx, const char *corpus, const row *r, int family, aus_audio *out)
{
  char path[4096];
  snprintf(path, sizeof path, "%s/%s/%s.flac", corpus, r->item, family_name[family]);
  return aus_audio_read(ctx, path, NULL, out);
}

#endif
