/* wavs.h - sounds into files with safe names. */
#ifndef AUS_CLI_WAVS_H
#define AUS_CLI_WAVS_H

#include "cli/session.h"
#include <auscult/explain.h>

enum { CLI_PATH = 4096, CLI_MAX_NAMES = 600 };

/* Names given out so far, so that no two outputs share one. */
typedef struct cli_names { char name[CLI_MAX_NAMES][100]; int n; } cli_names;

/* DIR/NAME.wav. Names come from files and models: separators, control characters and leading dots become '_'. */
void cli_wav_path(cli_names *names, const char *dir, const char *name, char path[CLI_PATH]);
/* The same with another extension. */
void cli_part_path(cli_names *names, const char *dir, const char *name, const char *extension, char path[CLI_PATH]);
int cli_write_wav(cli_session *cs, const char *path, const aus_audio *audio);

/* --out of explain: the input as the model heard it, one file per component, and per target the mixes of
 * what speaks for it, against it, and of its three largest supporters. With dry set only checks that no file is in the way. */
int cli_write_parts(cli_session *cs, const aus_components *c, const aus_explanation *e, bool dry);

#endif
