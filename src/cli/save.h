/* save.h - what --out keeps besides sound, so that a page can be made again: result.json and the arrays it names. */
#ifndef AUS_CLI_SAVE_H
#define AUS_CLI_SAVE_H

#include "cli/job.h"

/* Member "files" of a result (docs/json.md): names in the folder --out, which the result calls `folder`. */
void cli_json_files(const cli_job *job, aus_json *j, const char *folder);
/* spectrogram.npy, labels.npy, map-K.npy, then result.json, into --out; an exit code. */
int cli_save(cli_job *job);

#endif
