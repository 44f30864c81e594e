/* session.h - what every command needs around the library: context, notes, progress, signals, outputs. */
#ifndef AUS_CLI_SESSION_H
#define AUS_CLI_SESSION_H

#include "cli/options.h"
#include "core/core.h"
#include "core/json.h"

/* The exit codes (docs/exit-codes.md). */
enum { CLI_DONE = 0, CLI_FAILED = 1, CLI_BAD_USAGE = 2, CLI_BAD_INPUT = 3, CLI_INCAPABLE = 4, CLI_INTERRUPTED = 130 };

/* What was being done when a call failed decides what its status means to the caller of the program. */
typedef enum cli_stage {
  CLI_READING, /* audio, stems, arrays: whatever is wrong is the input's fault */
  CLI_OPENING, /* a model or separator */
  CLI_WORKING,
  CLI_WRITING
} cli_stage;

enum { CLI_MAX_NOTES = 32 };

typedef struct cli_session {
  aus_ctx *ctx;
  const cli_settings *s;
  char *note[CLI_MAX_NOTES]; /* what the library remarked, for the JSON and the page */
  int n_notes;
  double start;
  bool tty;              /* stderr is a terminal: a progress bar may be drawn */
  bool drawn;            /* one is on the screen now */
  char phase[48];
  double phase_start, drawn_at;
} cli_session;

int cli_session_open(cli_session *cs, const cli_settings *s); /* 0 or an exit code, said on stderr */
/* Undoes outputs unless code is CLI_DONE; returns code. */
int cli_session_close(cli_session *cs, int code);

/* Says the context's error on stderr and gives the exit code. */
int cli_fail(cli_session *cs, cli_stage stage, aus_status status);
/* Says this error instead. */
int cli_say(cli_session *cs, int code, const char *format, ...) AUS_PRINTF(3, 4);
void cli_remark(cli_session *cs, const char *format, ...) AUS_PRINTF(2, 3); /* a note: stderr and the result */

/* ---- outputs: kept when the command succeeds, removed when it fails or is interrupted ---- */

/* Makes the directory when it is not there. */
int cli_make_dir(cli_session *cs, const char *path);
/* An exit code when path exists and --force was not given: asked before long work. */
int cli_check_free(cli_session *cs, const char *path);
/* Around a write of path: before it, then after it has succeeded. */
void cli_output_begins(cli_session *cs, const char *path);

/* What was written so far stays, whatever comes: a long run's finished parts. */
void cli_outputs_stay(cli_session *cs);
/* Forgets the notes after the first n: what follows is another job. */
void cli_notes_back_to(cli_session *cs, int n);

/* Finishes the JSON and prints it (or the error). */
int cli_print_json(cli_session *cs, aus_json *json);
/* The same for one that others have finished: status is how that went. */
int cli_print_finished(cli_session *cs, aus_status status, const aus_json *json);
/* Flushes stdout: a full disk or closed pipe is a failure too. */
int cli_flush(cli_session *cs);

#endif
