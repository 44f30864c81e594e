/* sources.h - the sources an input is made of: a folder of stems, or a separator's answer. */
#ifndef AUS_CLI_SOURCES_H
#define AUS_CLI_SOURCES_H

#include "cli/input.h"
#include <auscult/sep.h>

typedef struct cli_sources {
  aus_stems stems;  /* mono, at the rate and of the length of what the model hears */
  char kind[64];    /* "stems of DIR", "hpss", the separator's name */
  char sha256[65];  /* of a separator's file, else "" */
} cli_sources;

/* "hpss", "nmf", "nmf:ATOMS" or a file. */
int cli_open_separator(cli_session *cs, const char *how, aus_separator **out);

/* The sources of sound by --stems or --separator (hpss when neither is given); an exit code. */
int cli_find_sources(cli_session *cs, const cli_sound *sound, cli_sources *out);
void cli_free_sources(cli_session *cs, cli_sources *s);

/* For a model with one channel per named stem: x[channels][samples] in the model's order. Every channel of the
 * model must have its stem. Owned by the caller (aus_free). */
int cli_sources_to_channels(cli_session *cs, const cli_sources *s, const aus_model_info *info, float **x);

#endif
