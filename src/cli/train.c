/* train.c - auscult train: a recipe into a model. */
#include "cli/commands.h"
#include "cli/session.h"
#include "cli/train.h"
#include "cli/train_explain.h"

#include <auscult/train.h>
#include <math.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

static const cli_option options[] = {
  { "out", 'o', CLI_TEXT, "DIR", NULL, 0, 0, CLI_AT(out), "folder for the model, the checkpoint and the log; without it, the recipe's name without its ending" },
  { "resume", 0, CLI_FLAG, "", NULL, 0, 0, CLI_AT(resume), "go on from the checkpoint in DIR; the result has the same bits as without the break" },
  { "epochs", 0, CLI_INTEGER, "N", "0", 0, 1e6, CLI_AT(epochs), "instead of the recipe's; 0: the recipe's" },
  { "seed", 0, CLI_INTEGER, "S", "-1", -1, 9007199254740991.0, CLI_AT(seed), "instead of the recipe's; -1: the recipe's" },
  { "explain-every", 0, CLI_INTEGER, "N", "0", 0, 1e6, CLI_AT(explain_every),
    "every N epochs, write what the network looks at in some validation clips to DIR/explain, as sound, pictures and arrays; 0: never" },
  { "explain-with", 0, CLI_TEXT, "OPTIONS", "--method ixg --scale logit", 0, 0, CLI_AT(explain_with), "how: options of auscult explain in one text, any method" },
  CLI_ROW_FORCE,
  CLI_ROW_COMMON,
  CLI_ROW_END
};

/* ---- stopping: the first signal asks for a checkpoint, a second one ends at once ------------------------------- */

static volatile sig_atomic_t asked;

static void on_signal(int sig)
{
  if (asked) {
    aus_outfile_abort_all();
    _exit(128 + sig);
  }
  asked = sig;
}

static void catch_signals(void)
{
  static const int signals[] = { SIGINT, SIGTERM, SIGHUP };
  struct sigaction action = { .sa_handler = on_signal };
  sigemptyset(&action.sa_mask);
  for (size_t i = 0; i < sizeof signals / sizeof *signals; i++) {
    struct sigaction old; /* nohup's SIG_IGN stays */
    if (sigaction(signals[i], NULL, &old) == 0 && old.sa_handler != SIG_IGN) sigaction(signals[i], &action, NULL);
  }
}

static int stop(void *user)
{
  (void)user;
  return asked != 0;
}

/* ---- what is shown ---------------------------------------------------------------------------------------------- */

static void time_text(double seconds, char text[32])
{
  const long s = (long)(seconds + 0.5);
  if (s >= 3600) snprintf(text, 32, "%ld h %02ld min", s / 3600, s / 60 % 60);
  else if (s >= 60) snprintf(text, 32, "%ld min %02ld s", s / 60, s % 60);
  else snprintf(text, 32, "%ld s", s);
}

typedef struct view { cli_session *cs; cli_watch watch; } view;

/* One line, redrawn ten times a second. */
static void on_step(void *user, const aus_train_progress *p)
{
  cli_session *cs = ((view *)user)->cs;
  char left[32] = "";
  if (!cs->tty || cs->s->quiet || aus_now() - cs->drawn_at < 0.1) return;
  cs->drawn_at = aus_now();
  if (p->seconds_left >= 0) time_text(p->seconds_left, left);
  fprintf(stderr, "\r\033[Kepoch %lld/%lld  %lld/%lld  loss %.4f  %.0f items/s%s%s%s", (long long)p->epoch, (long long)p->epochs, (long long)p->items,
          (long long)p->epoch_items, p->loss, p->items_per_second, *left ? "  " : "", left, *left ? " left" : "");
  fflush(stderr);
  cs->drawn = true;
}

static void on_epoch(void *user, const aus_train_epoch *e)
{
  cli_session *cs = ((view *)user)->cs;
  if (cs->drawn) fputs("\r\033[K", stderr);
  cs->drawn = false;
  printf("epoch %lld  rate %.3g  train loss %.4f", (long long)e->epoch, e->rate, e->train_loss);
  if (!isnan(e->train_score)) printf(" score %.4f", e->train_score);
  printf("  valid loss %.4f score %.4f  %.1f s%s\n", e->valid_loss, e->valid_score, e->seconds, e->best ? "  best" : "");
  fflush(stdout);
}

static aus_status explain(void *user, int64_t epoch, const void *model, size_t size, int32_t n, const aus_train_clip *clips)
{
  return cli_watch_epoch(&((view *)user)->watch, epoch, model, size, n, clips);
}

static void print_result(const aus_train_result *r, const char *out)
{
  printf("best: epoch %lld of %lld, valid loss %.4f %s %.4f", (long long)r->best_epoch, (long long)r->epochs, r->valid_loss, r->score_name, r->valid_score);
  if (!isnan(r->test_loss)) printf(", test loss %.4f %s %.4f", r->test_loss, r->score_name, r->test_score);
  printf("\n%s/model.aus\n", out);
}

/* ---- the command ---------------------------------------------------------------------------------------------------- */

/* DIR: --out, or the recipe's path without its last ending. */
void cli_train_folder(const cli_settings *s, const char *recipe, char *out, size_t size)
{
  const char *slash = strrchr(recipe, '/'), *dot = strrchr(slash ? slash : recipe, '.');
  if (s->out) snprintf(out, size, "%s", s->out);
  else if (dot && dot > recipe && dot[-1] != '/') snprintf(out, size, "%.*s", (int)(dot - recipe), recipe);
  else snprintf(out, size, "%s.trained", recipe);
}

static int result_code(const view *v, aus_status status)
{
  if (v->watch.code != CLI_DONE) return v->watch.code; /* said already */
  if (status == AUS_ECANCELED && asked) return cli_say(v->cs, 128 + asked, "%s", aus_ctx_error(v->cs->ctx));
  return cli_fail(v->cs, status == AUS_EFORMAT || status == AUS_EIO ? CLI_READING : CLI_WORKING, status);
}

int cli_train_as(cli_session *cs, const char *recipe, const char *out, cli_train_fn train, const void *more)
{
  aus_train_result result;
  view v = { .cs = cs };
  int code = cli_watch_open(&v.watch, cs, out, cs->s->explain_with ? cs->s->explain_with : "");
  if (code == CLI_DONE) code = cli_make_dir(cs, out);
  const aus_train_config config = { .recipe = recipe, .out = out, .resume = cs->s->resume, .replace = cs->s->force, .epochs = cs->s->epochs, .seed = cs->s->seed,
                                    .explain_every = cs->s->explain_every, .on_step = on_step, .on_epoch = on_epoch, .stop = stop, .explain = explain, .user = &v };
  if (code == CLI_DONE) {
    catch_signals();
    const aus_status status = train(cs->ctx, &config, more, &result);
    if (status == AUS_OK) print_result(&result, out);
    else code = result_code(&v, status);
  }
  cli_watch_close(&v.watch);
  return code;
}

static aus_status train(aus_ctx *ctx, const aus_train_config *config, const void *more, aus_train_result *result)
{
  (void)more;
  return aus_train(ctx, config, result);
}

static int run(cli_settings *s, int n, char **operand)
{
  cli_session cs;
  char out[4000];
  (void)n;
  int code = cli_session_open(&cs, s);
  if (code != CLI_DONE) return code;
  cli_train_folder(s, operand[0], out, sizeof out);
  code = cli_train_as(&cs, operand[0], out, train, NULL);
  return cli_session_close(&cs, code == CLI_DONE ? cli_flush(&cs) : code);
}

const cli_command cli_train = {
  .name = "train", .operands = "RECIPE [OPTION...]", .summary = "train a network from a recipe",
  .about = "Trains what the text file RECIPE describes (docs/training.md) and writes DIR/model.aus, the best epoch on the\n"
           "validation clips, with the recipe inside. DIR/checkpoint.aus is written after every epoch and on Ctrl-C,\n"
           "DIR/log.jsonl holds a line of JSON for each epoch. The result does not depend on threads or interruptions.",
  .examples = "# train, and go on after a break\nauscult train digits.recipe --out digits\nauscult train digits.recipe --out digits --resume\n"
              "# watch by layer-wise relevance propagation what it learns to look at\nauscult train digits.recipe --out digits --explain-every 2 --explain-with '--method lrp --rules zennit:EpsilonPlus'\n",
  .options = options, .min_operands = 1, .max_operands = 1, .run = run
};
