/* session.c - the world around the library, for one command.
 *
 * Results go to stdout; notes, errors and the progress bar go to stderr. What a command has written
 * so far is listed in plain static memory, because a signal handler must be able to remove it: Ctrl-C
 * leaves no partial file and no partial set of files. */
#define _DEFAULT_SOURCE
#include "cli/session.h"

#include <errno.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* ---- outputs ---------------------------------------------------------------------- */

enum { MAX_MADE = 512, MAX_DIRS = 4 };
static char *made[MAX_MADE];       /* files that were not there before */
static char *made_dir[MAX_DIRS];   /* directories likewise */
static volatile sig_atomic_t n_made, n_dirs;

/* Async-signal-safe. */
static void undo_outputs(void)
{
  aus_outfile_abort_all();
  for (int i = 0; i < n_made; i++) unlink(made[i]);
  for (int i = 0; i < n_dirs; i++) rmdir(made_dir[i]);
}

static void forget_outputs(void)
{
  while (n_made > 0) {
    n_made--;
    free(made[n_made]);
  }
  while (n_dirs > 0) free(made_dir[--n_dirs]);
}

static void on_signal(int sig)
{
  undo_outputs();
  if (isatty(STDERR_FILENO)) (void)!write(STDERR_FILENO, "\n", 1);
  _exit(128 + sig);
}

int cli_make_dir(cli_session *cs, const char *path)
{
  if (mkdir(path, 0777) == 0) {
    if (n_dirs < MAX_DIRS && (made_dir[n_dirs] = strdup(path))) n_dirs++;
    return CLI_DONE;
  }
  struct stat st;
  const int why = errno;
  if (why == EEXIST && stat(path, &st) == 0 && S_ISDIR(st.st_mode)) return CLI_DONE;
  return cli_say(cs, CLI_FAILED, "cannot make the directory %s: %s", path, strerror(why));
}

int cli_check_free(cli_session *cs, const char *path)
{
  if (cs->s->force || access(path, F_OK) != 0) return CLI_DONE;
  return cli_say(cs, CLI_FAILED, "%s exists already (--force replaces it)", path);
}

void cli_output_begins(cli_session *cs, const char *path)
{
  (void)cs;
  if (access(path, F_OK) == 0 || n_made == MAX_MADE) return; /* what was there before is not ours to remove */
  char *copy = strdup(path);
  if (!copy) return;
  made[n_made] = copy;
  n_made++;
}

void cli_outputs_stay(cli_session *cs)
{
  (void)cs;
  forget_outputs();
}

void cli_notes_back_to(cli_session *cs, int n)
{
  while (cs->n_notes > n) free(cs->note[--cs->n_notes]);
}

/* ---- progress ------------------------------------------------------------------------ */

static void wipe_bar(cli_session *cs)
{
  if (cs->drawn) fputs("\r\033[K", stderr);
  cs->drawn = false;
}

/* A bar once a phase has taken a second, redrawn ten times a second. */
static int on_progress(void *user, const char *phase, int64_t done, int64_t total)
{
  cli_session *cs = user;
  if (!cs->tty || cs->s->quiet || total <= 0) return 0;
  const double now = aus_now();
  if (strncmp(cs->phase, phase, sizeof cs->phase - 1) != 0) {
    snprintf(cs->phase, sizeof cs->phase, "%s", phase);
    cs->phase_start = now;
  }
  const double past = now - cs->phase_start;
  if (done >= total) { wipe_bar(cs); return 0; }
  if (past < 1 || now - cs->drawn_at < 0.1) return 0;
  enum { WIDTH = 30 };
  const int filled = (int)((double)WIDTH * (double)done / (double)total);
  fprintf(stderr, "\r\033[K%s [%.*s%*s] %3d %%", cs->phase, filled, "##############################", WIDTH - filled, "",
          (int)(100.0 * (double)done / (double)total));
  if (done > 0) fprintf(stderr, ", %.0f s left", past * (double)(total - done) / (double)done);
  fflush(stderr);
  cs->drawn = true;
  cs->drawn_at = now;
  return 0;
}

/* ---- words ------------------------------------------------------------------------------ */

static void keep_note(cli_session *cs, int level, const char *line)
{
  for (int i = 0; i < cs->n_notes; i++)
    if (strcmp(cs->note[i], line) == 0) return; /* said already */
  wipe_bar(cs);
  if (!cs->s->quiet || level == AUS_LOG_WARNING)
    fprintf(stderr, "auscult: %s: %s\n", level == AUS_LOG_WARNING ? "warning" : "note", line);
  if (cs->n_notes == CLI_MAX_NOTES) return;
  char *copy = strdup(line);
  if (copy) cs->note[cs->n_notes++] = copy;
}

static void on_log(void *user, int level, const char *line) { keep_note(user, level, line); }

void cli_remark(cli_session *cs, const char *format, ...)
{
  char line[512];
  va_list args;
  va_start(args, format);
  vsnprintf(line, sizeof line, format, args);
  va_end(args);
  keep_note(cs, AUS_LOG_NOTE, line);
}

int cli_say(cli_session *cs, int code, const char *format, ...)
{
  va_list args;
  va_start(args, format);
  wipe_bar(cs);
  fprintf(stderr, "auscult: ");
  vfprintf(stderr, format, args);
  fputc('\n', stderr);
  va_end(args);
  return code;
}

static int code_of(cli_stage stage, aus_status status)
{
  if (status == AUS_ENOMEM) return CLI_FAILED;
  if (status == AUS_ECANCELED) return CLI_INTERRUPTED;
  switch (stage) {
  case CLI_READING: return CLI_BAD_INPUT;
  case CLI_OPENING: return status == AUS_ENOTSUP ? CLI_INCAPABLE : status == AUS_EPEER ? CLI_FAILED : CLI_BAD_INPUT;
  case CLI_WORKING: return status == AUS_ENOTSUP ? CLI_INCAPABLE : status == AUS_EINVAL ? CLI_BAD_USAGE : CLI_FAILED;
  case CLI_WRITING: return CLI_FAILED;
  }
  return CLI_FAILED;
}

int cli_fail(cli_session *cs, cli_stage stage, aus_status status)
{
  const char *text = aus_ctx_error(cs->ctx);
  return cli_say(cs, code_of(stage, status), "%s", *text ? text : aus_strerror(status));
}

/* ---- the session ------------------------------------------------------------------------- */

static void catch_signals(void)
{
  static const int signals[] = { SIGINT, SIGTERM, SIGHUP };
  struct sigaction action = { .sa_handler = on_signal };
  sigemptyset(&action.sa_mask);
  for (size_t i = 0; i < sizeof signals / sizeof *signals; i++) {
    struct sigaction old; /* nohup's SIG_IGN stays */
    if (sigaction(signals[i], NULL, &old) == 0 && old.sa_handler != SIG_IGN) sigaction(signals[i], &action, NULL);
  }
  signal(SIGPIPE, SIG_IGN); /* a model that dies is a status, a closed stdout an exit code */
}

int cli_session_open(cli_session *cs, const cli_settings *s)
{
  *cs = (cli_session){ .s = s, .start = aus_now(), .tty = isatty(STDERR_FILENO) != 0 };
  catch_signals();
  const aus_config config = { .threads = (int)s->threads, .progress = on_progress, .log = on_log, .user = cs };
  const aus_status status = aus_ctx_create(&cs->ctx, &config);
  if (status == AUS_OK) return CLI_DONE;
  const char *isa = getenv("AUSCULT_ISA");
  if (status == AUS_ENOTSUP) return cli_say(cs, CLI_BAD_USAGE, "AUSCULT_ISA=%s: this machine or build has no such instruction set", isa ? isa : "");
  return cli_say(cs, CLI_FAILED, "%s", aus_strerror(status));
}

int cli_session_close(cli_session *cs, int code)
{
  wipe_bar(cs);
  if (code != CLI_DONE) undo_outputs();
  forget_outputs();
  aus_ctx_destroy(cs->ctx);
  for (int i = 0; i < cs->n_notes; i++) free(cs->note[i]);
  return code;
}

int cli_flush(cli_session *cs)
{
  if (fflush(stdout) == 0 && !ferror(stdout)) return CLI_DONE;
  return cli_say(cs, CLI_FAILED, "cannot write the result: %s", strerror(errno));
}

int cli_print_json(cli_session *cs, aus_json *json) { return cli_print_finished(cs, aus_json_finish(json), json); }

int cli_print_finished(cli_session *cs, aus_status status, const aus_json *json)
{
  if (status != AUS_OK) return cli_fail(cs, CLI_WRITING, status);
  fwrite(json->text, 1, json->size, stdout);
  return cli_flush(cs);
}
