/* train.h - what every training shows and how it stops: progress, a line an epoch, a checkpoint on the first signal. */
#ifndef AUS_CLI_TRAIN_H
#define AUS_CLI_TRAIN_H

#include "cli/session.h"

#include <auscult/train.h>

/* aus_train, or something else that trains from a recipe; more is the caller's. */
typedef aus_status (*cli_train_fn)(aus_ctx *ctx, const aus_train_config *config, const void *more, aus_train_result *result);

/* Trains into the folder out, made when it is not there; an exit code. recipe NULL: more knows. */
int cli_train_as(cli_session *cs, const char *recipe, const char *out, cli_train_fn train, const void *more);
/* --out, or the recipe's path without its last ending. */
void cli_train_folder(const cli_settings *s, const char *recipe, char *out, size_t size);

#endif
