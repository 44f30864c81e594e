/* saved.h - an explanation read back from its JSON (docs/json.md), with the files it names. */
#ifndef AUS_SAVED_H
#define AUS_SAVED_H

#include "core/json_read.h"
#include "report/report.h"

typedef struct aus_saved {
  aus_ctx *ctx;
  aus_json_tree tree;
  char *json;                   /* the text, made safe for a page */
  aus_explanation explanation;
  aus_components components;    /* without sound (whole NULL) when no folder was found */
  aus_spectrogram spectrogram;  /* frames 0: none */
  char *folder;                 /* where its files lie, NULL: nowhere */
  aus_facts facts;
  const char **note;            /* [n_notes] */
  int32_t n_notes;
  char subtitle[256];
  aus_report report;            /* points into the rest */
} aus_saved;

/* folder: where the files are; NULL: as the JSON says, from its own place or from here. Free with aus_saved_free in any
 * case. Errors: AUS_EIO, AUS_EFORMAT (not such a result; the text says what is missing), AUS_ENOMEM. */
aus_status aus_saved_read(aus_ctx *ctx, const char *path, const char *folder, aus_saved *out);
void aus_saved_free(aus_saved *s);

#endif
