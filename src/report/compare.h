/* compare.h - the page of a comparison: methods side by side over one spectrogram, with their scores and the sound of each one's top part. */
#ifndef AUS_REPORT_COMPARE_H
#define AUS_REPORT_COMPARE_H

#include "report/report.h"

typedef struct aus_compared_measure { const char *name; double value; int better; bool best; } aus_compared_measure;

typedef struct aus_compared {
  const char *name;
  const char *why;                      /* left out, and why; NULL: it took part */
  double seconds;
  int64_t calls;                        /* of the model; 0: not known */
  const float *value;                   /* [cells] */
  const aus_compared_measure *measure;  /* [n_measures], NaN where it has none */
  const aus_track *track;               /* its top part as sound, or NULL */
} aus_compared;

typedef struct aus_compare_page {
  const char *title, *subtitle;
  const aus_compared *method;
  int32_t n, n_measures;
  /* sound: cells are tiles of these components; NULL for arrays */
  const aus_components *components;
  const aus_spectrogram *spectrogram;   /* NULL: the model shows none */
  const aus_track *input;               /* all of the sound */
  bool flac;
  double top_percent;                   /* of the cells: what the tracks hold */
  const char *front_end;
  /* arrays: cells are numbers of the input */
  int32_t rank;
  const int64_t *dim;
  const aus_fact *fact;
  int32_t n_facts;
  const char *const *note;
  int32_t n_notes;
  const char *json;
} aus_compare_page;

aus_status aus_compare_page_write(aus_ctx *ctx, const aus_compare_page *page, const char *path, int replace);

#endif
