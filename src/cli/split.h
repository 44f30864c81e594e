/* split.h - a sound file into one file per stem, block by block. */
#ifndef AUS_CLI_SPLIT_H
#define AUS_CLI_SPLIT_H

#include "cli/wavs.h"

#include <auscult/sep.h>

/* What was written: paths and levels, in the order of the stems. */
typedef struct cli_split { int32_t n, rate, channels; int64_t frames; char (*path)[CLI_PATH]; double *square; } cli_split;

/* AUDIO -> OUT/STEM.wav, the residual too unless --no-residual. Memory does not grow with the length, but for sound from a pipe. */
int cli_split_run(cli_session *cs, const char *audio, aus_separator *separator, cli_split *out);
void cli_split_free(cli_session *cs, cli_split *s);

/* The stems that were written against those in the folder --reference: a table, or JSON. */
int cli_split_judge(cli_session *cs, const char *audio, const aus_separator_info *info, const cli_split *s);

#endif
