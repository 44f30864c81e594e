/* commands.h - every subcommand, and rows of option tables that several of them share. */
#ifndef AUS_CLI_COMMANDS_H
#define AUS_CLI_COMMANDS_H

#include "cli/options.h"

extern const cli_command cli_predict, cli_explain, cli_separate, cli_model_info, cli_model_verify, cli_model_run, cli_model_embed;
extern const cli_command cli_train;
extern const cli_command cli_l2i_train, cli_l2i_explain, cli_l2i_listening;
extern const cli_command cli_l2i_train, cli_l2i_explain, cli_l2i_evaluate;
extern const cli_command cli_nmf;
extern const cli_command cli_midi;
extern const cli_command cli_report;
extern const cli_command cli_evaluate, cli_compare;
extern const cli_command cli_global;

/* NULL-terminated, in the order of the help. */
extern const cli_command *const cli_commands[];

#define CLI_AT(field) offsetof(cli_settings, field)
#define CLI_ROW_MODEL { "model", 'm', CLI_TEXT, "MODEL.aus", NULL, 0, 0, CLI_AT(model), "the network to ask" }
#define CLI_ROW_MODEL_CMD                                                                                     \
  { "model-cmd", 0, CLI_TEXT, "CMD", NULL, 0, 0, CLI_AT(model_cmd),                                            \
    "instead of a network: a program, run by /bin/sh, that reads sound from a pipe and answers with scores" }, \
  { "timeout", 0, CLI_REAL, "SECONDS", "60", 0.001, 1e6, CLI_AT(timeout), "how long that program may take for one answer" }
#define CLI_ROW_STEMS { "stems", 0, CLI_TEXT, "DIR", NULL, 0, 0, CLI_AT(stems), "a folder of sound files, one per source of the input" }
#define CLI_ROW_SEPARATOR { "separator", 0, CLI_TEXT, "hpss|nmf[:N]|oracle:MASK:DIR|FILE.aus", NULL, 0, 0, CLI_AT(separator), "how to find the sources when no stems are given: hpss (harmonic and percussive), N atoms of a factorisation (8), the masks of true stems (ibm, irm, wiener, tpsf), or a network" }
#define CLI_ROW_RANGE                                                                                                          \
  { "offset", 0, CLI_REAL, "SECONDS", "0", 0, 1e9, CLI_AT(offset), "where to start in the file" },                              \
  { "duration", 0, CLI_REAL, "SECONDS", NULL, 1e-9, 1e9, CLI_AT(duration), "how much of the file to use; without it, all of it" }
#define CLI_ROW_COMMON                                                                                                            \
  { "threads", 't', CLI_INTEGER, "N", "0", 0, 1024, CLI_AT(threads), "threads to use, 0: one per core; the result does not depend on it" }, \
  { "quiet", 'q', CLI_FLAG, "", NULL, 0, 0, CLI_AT(quiet), "no notes and no progress bar" }
#define CLI_ROW_JSON { "json", 0, CLI_FLAG, "", NULL, 0, 0, CLI_AT(json), "print one JSON object instead of a table (docs/json.md)" }
#define CLI_ROW_FORCE { "force", 'f', CLI_FLAG, "", NULL, 0, 0, CLI_AT(force), "replace outputs that exist" }
/* What fits weights to sources has these in common. */
#define CLI_ROW_SCALE { "scale", 0, CLI_CHOICE, "prob|logit", "prob", 0, 0, CLI_AT(scale), "explain the score, or its log-odds" }
#define CLI_ROW_NO_RESIDUAL { "no-residual", 0, CLI_FLAG, "", NULL, 0, 0, CLI_AT(no_residual), "what no source holds is always on instead of being a component of its own" }
#define CLI_ROW_ALPHA { "alpha", 0, CLI_REAL, "A", "1", 0, 1e9, CLI_AT(alpha), "ridge, glime: how much weights are shrunk" }
#define CLI_ROW_DISTANCE { "distance", 0, CLI_CHOICE, "cosine|euclidean|hamming", "cosine", 0, 0, CLI_AT(distance), "between a mix and the input, for the fit's weighting" }
#define CLI_ROW_BOOTSTRAP { "bootstrap", 0, CLI_INTEGER, "N", "200", 0, 1e6, CLI_AT(bootstrap), "resamples for the intervals; 0: none" }
#define CLI_ROW_END { NULL, 0, CLI_FLAG, NULL, NULL, 0, 0, 0, NULL }

#endif
