/* train_explain.c - the clips of `auscult train --explain-every N`, by the steps of auscult explain.
 *
 * Nothing is computed or written here: a clip is a job of auscult explain whose model is the network as it is now, in memory, and whose
 * options come from --explain-with. */
#include "cli/train_explain.h"

#include "cli/commands.h"
#include "cli/input.h"
#include "cli/job.h"

#include <string.h>

/* "--a b  --c" -> words in place, the command's name first; -1: too many. */
static int split(char *text, char **word)
{
  static char name[] = "explain";
  int n = 0;
  word[n++] = name;
  for (char *p = strtok(text, " \t"); p; p = strtok(NULL, " \t")) {
    if (n + 1 == CLI_MOST_WORDS) return -1;
    word[n++] = p;
  }
  word[n] = NULL;
  return n;
}

int cli_watch_open(cli_watch *w, cli_session *cs, const char *out, const char *options)
{
  int n_operands;
  char **operands;
  *w = (cli_watch){ .cs = cs, .out = out, .settings = { .command = &cli_explain } };
  w->text = aus_strf(cs->ctx, "%s", options);
  if (!w->text) return cli_fail(cs, CLI_WORKING, AUS_ENOMEM);
  const int n = split(w->text, w->word);
  if (n < 0) return cli_say(cs, CLI_BAD_USAGE, "--explain-with: more than %d words", CLI_MOST_WORDS - 2);
  cli_settings *s = &w->settings;
  if (cli_parse(&cli_explain, n, w->word, s, &n_operands, &operands) != 0) return CLI_BAD_USAGE;
  if (n_operands) return cli_say(cs, CLI_BAD_USAGE, "--explain-with: '%s' is no option of auscult explain", operands[0]);
  if (s->model || s->model_cmd || s->target || s->out || s->save || s->svg || s->png || s->report || s->exports.n || s->json)
    return cli_say(cs, CLI_BAD_USAGE, "--explain-with says how to explain; the model, the target and the files are the training's");
  s->target = "top1"; /* until there is a clip */
  s->model = out;
  s->quiet = s->force = 1;
  s->threads = cs->s->threads;
  return cli_job_settle(cs, s);
}

void cli_watch_close(cli_watch *w) { aus_free(w->cs->ctx, w->text); }

/* A clip's name as the name of a folder, with its place where it is cut out of a longer sound. */
static char *folder_of(const cli_watch *w, int64_t epoch, const aus_train_clip *clip)
{
  char name[160], at[32] = "";
  snprintf(name, sizeof name, "%s", clip->name);
  for (char *p = name; *p; p++)
    if (*p == '/' || *p == '.' || (unsigned char)*p < 0x20) *p = '_';
  if (clip->start > 0) snprintf(at, sizeof at, "-%.3fs", clip->start);
  return aus_strf(w->cs->ctx, "%s/explain/epoch%04lld-%s%s", w->out, (long long)epoch, name, at);
}

static int explain_clip(cli_watch *w, aus_model *model, int64_t epoch, const aus_train_clip *clip)
{
  aus_ctx *ctx = w->cs->ctx;
  cli_settings s = w->settings;
  cli_job job = { .cs = w->cs, .path = clip->path, .model = model };
  char *folder = folder_of(w, epoch, clip), *target = aus_strf(ctx, "%d", (int)clip->target);
  s.target = target;
  s.out = s.png = folder;
  s.offset = clip->start;
  s.duration = clip->duration;
  w->cs->s = &s;
  int code = folder && target ? cli_make_dir(w->cs, folder) : cli_fail(w->cs, CLI_WORKING, AUS_ENOMEM);
  if (code == CLI_DONE) code = cli_job_explain(&job);
  if (code == CLI_DONE) code = cli_job_write(&job);
  cli_job_free(&job);
  aus_free(ctx, target);
  aus_free(ctx, folder);
  return code;
}

static int explain_clips(cli_watch *w, aus_model *model, int64_t epoch, int32_t n, const aus_train_clip *clips)
{
  const cli_settings *training = w->cs->s;
  char *folder = aus_strf(w->cs->ctx, "%s/explain", w->out);
  int code = folder ? cli_make_dir(w->cs, folder) : cli_fail(w->cs, CLI_WORKING, AUS_ENOMEM);
  for (int32_t i = 0; i < n && code == CLI_DONE; i++) code = explain_clip(w, model, epoch, &clips[i]);
  w->cs->s = training;
  aus_free(w->cs->ctx, folder);
  if (code == CLI_DONE) cli_outputs_stay(w->cs); /* a training that is stopped later keeps what was seen */
  return code;
}

aus_status cli_watch_epoch(cli_watch *w, int64_t epoch, const void *model, size_t size, int32_t n, const aus_train_clip *clips)
{
  aus_model *m;
  AUS_TRY(aus_model_open_memory(w->cs->ctx, model, size, &m));
  w->code = explain_clips(w, m, epoch, n, clips);
  aus_model_close(m);
  return w->code == CLI_DONE ? AUS_OK : AUS_EINVAL;
}
