/* listening.h - a listening test: a page that asks people how well interpretations fit, blinded; the key that unblinds; what they answered. Internal.
 *
 * The question and the scale are those of Listen to Interpret's user study [Parekh22, sec. 4.4]. */
#ifndef AUS_REPORT_LISTENING_H
#define AUS_REPORT_LISTENING_H

#include "core/core.h"
#include "train/table.h"

/* trials: a table with the columns "input" (a sound) and "class", and a column of sounds for each method, named after it. Paths start at `folder`. */
typedef struct aus_listening_test {
  const aus_table *trials;
  const char *folder;    /* "" or ending in '/' */
  const char *title;
  uint64_t seed;         /* of codes and orders */
  int as_is;             /* 0: every interpretation as loud as its input (root mean square), below full scale */
} aus_listening_test;

/* The page, self-contained, and key, a table trial, class, code, method; each whole or not at all. Errors: AUS_EFORMAT (columns that are missing, nothing to
 * compare), those of reading sound, AUS_EEXIST unless replace. */
aus_status aus_listening_write(aus_ctx *ctx, const aus_listening_test *test, const char *page, const char *key, int replace);

/* What people answered of one method. */
typedef struct aus_listening_score { const char *method; int32_t n; double mean, sd, votes; } aus_listening_score;
enum { AUS_LISTENING_METHODS = 32 };
/* answers[n]: tables participant, trial, code, rating, as pages save them. votes: share of a participant's trials in which the method was rated highest, equals sharing.
 * Names are borrowed from key. Errors: AUS_EFORMAT (columns, a rating outside 0 to 100, a code that the key does not know, one answer given twice). */
aus_status aus_listening_tally(aus_ctx *ctx, const aus_table *key, int32_t n, const aus_table *answers, aus_listening_score *score, int32_t *methods);

#endif
