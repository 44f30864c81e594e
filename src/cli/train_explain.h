/* train_explain.h - what a network that is being trained looks at: `auscult explain`, asked after an epoch. */
#ifndef AUS_CLI_TRAIN_EXPLAIN_H
#define AUS_CLI_TRAIN_EXPLAIN_H

#include "cli/session.h"

#include <auscult/train.h>

enum { CLI_MOST_WORDS = 64 };

typedef struct cli_watch {
  cli_session *cs;
  const char *out;            /* the training's folder */
  cli_settings settings;      /* of auscult explain */
  char *text, *word[CLI_MOST_WORDS];
  int code;                   /* of what failed, and has been said; CLI_DONE */
} cli_watch;

/* Reads the options of auscult explain from one text; an exit code. */
int cli_watch_open(cli_watch *w, cli_session *cs, const char *out, const char *options);
void cli_watch_close(cli_watch *w);

/* OUT/explain/epochNNNN-CLIP/: what auscult explain --out and --png write there of the clip's own label: the result, its map, the sound of what counts
 * for and against, and the charts. When it fails the reason has been said. */
aus_status cli_watch_epoch(cli_watch *w, int64_t epoch, const void *model, size_t size, int32_t n, const aus_train_clip *clips);

#endif
