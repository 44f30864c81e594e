/* l2i.c - auscult l2i train: an interpreter for a classifier, from a recipe or from options that say the same. */
#include "cli/commands.h"
#include "cli/train.h"

#include <auscult/l2i.h>
#include <stdarg.h>
#include <string.h>

static const cli_option options[] = {
  { "model", 'm', CLI_TEXT, "CLASSIFIER.aus", NULL, 0, 0, CLI_AT(model), "without a recipe: the network to interpret" },
  { "manifest", 0, CLI_TEXT, "FILE.tsv", NULL, 0, 0, CLI_AT(l2i.manifest), "without a recipe: the clips (docs/training.md)" },
  { "root", 0, CLI_TEXT, "DIR", NULL, 0, 0, CLI_AT(l2i.root), "where the manifest's paths start; without it, beside the manifest" },
  { "train", 0, CLI_TEXT, "CONDITIONS", NULL, 0, 0, CLI_AT(l2i.train), "which clips train, such as 'fold!=4,5'; without it, all that are not held out" },
  { "valid", 0, CLI_TEXT, "CONDITIONS", NULL, 0, 0, CLI_AT(l2i.valid), "which clips decide what epoch is best" },
  { "test", 0, CLI_TEXT, "CONDITIONS", NULL, 0, 0, CLI_AT(l2i.test), "which clips are only looked at once, at the end" },
  { "dictionary", 0, CLI_TEXT, "W.npy", NULL, 0, 0, CLI_AT(l2i.dictionary), "the atoms, [bins, atoms], of log(1 + |STFT|); without it, learnt from the clips that train" },
  { "atoms", 'k', CLI_INTEGER, "K", "100", 1, 4096, CLI_AT(l2i.atoms), "how many, where they are learnt" },
  { "taps", 0, CLI_TEXT, "NAME,NAME,...", NULL, 0, 0, CLI_AT(l2i.taps), "the classifier's layers to read; without it, the last ReLU of each of the three smallest maps of 4 rows or more" },
  { "layout", 0, CLI_CHOICE, "auto|vgg|general", "auto", 0, 0, CLI_AT(l2i.layout), "of Psi: as published for three layers of 16, 8 and 4 rows, or the general rule" },
  { "pooling", 0, CLI_CHOICE, "attention|max", "attention", 0, 0, CLI_AT(l2i.pooling), "over time, before the answer" },
  { "rate", 0, CLI_REAL, "R", "0.0002", 0, 1e6, CLI_AT(l2i.rate), "of Adam" },
  { "batch", 0, CLI_INTEGER, "N", "32", 1, 65536, CLI_AT(l2i.batch), "clips in a step" },
  { "cache", 0, CLI_CHOICE, "half|single", "half", 0, 0, CLI_AT(l2i.cache), "precision of the file that keeps what the classifier computes" },
  { "out", 'o', CLI_TEXT, "DIR", NULL, 0, 0, CLI_AT(out), "folder for interpreter, checkpoint, cache and log; without it, the recipe's name without its ending" },
  { "resume", 0, CLI_FLAG, "", NULL, 0, 0, CLI_AT(resume), "go on from the checkpoint in DIR; the result has the same bits as without the break" },
  { "epochs", 0, CLI_INTEGER, "N", "0", 0, 1e6, CLI_AT(epochs), "0: the recipe's, else 35" },
  { "seed", 0, CLI_INTEGER, "S", "-1", -1, 9007199254740991.0, CLI_AT(seed), "-1: the recipe's, else 0" },
  CLI_ROW_FORCE,
  CLI_ROW_COMMON,
  CLI_ROW_END
};

/* ---- options as a recipe --------------------------------------------------------------------------------- */

typedef struct text { char at[16000]; size_t n; } text;

static void add(text *t, const char *format, ...)
{
  va_list args;
  va_start(args, format);
  const int n = vsnprintf(t->at + t->n, sizeof t->at - t->n, format, args);
  va_end(args);
  if (n > 0) t->n += (size_t)n < sizeof t->at - t->n ? (size_t)n : sizeof t->at - t->n - 1;
}

static void add_key(text *t, const char *key, const char *value)
{
  if (value) add(t, "%s = %s\n", key, value);
}

static const char *word_of(const cli_settings *s, const char *option, int index)
{
  static char word[2][32];
  static int turn;
  turn = !turn;
  return cli_choice_word(cli_find_option(s->command, option), index, word[turn]);
}

static void write_recipe(const cli_settings *s, text *t)
{
  char number[32];
  add(t, "[model]\nname = interpreter\n[interpreter]\n");
  add_key(t, "classifier", s->model);
  add_key(t, "dictionary", s->l2i.dictionary);
  if (s->l2i.taps) {
    add(t, "taps = ");
    for (const char *p = s->l2i.taps; *p; p++) add(t, "%c", *p == ',' ? ' ' : *p);
    add(t, "\n");
  }
  add_key(t, "layout", word_of(s, "layout", s->l2i.layout));
  add_key(t, "pooling", word_of(s, "pooling", s->l2i.pooling));
  add_key(t, "cache", word_of(s, "cache", s->l2i.cache));
  add(t, "atoms = %lld\n[data]\n", (long long)s->l2i.atoms);
  add_key(t, "manifest", s->l2i.manifest);
  add_key(t, "root", s->l2i.root);
  add_key(t, "train", s->l2i.train);
  add_key(t, "valid", s->l2i.valid);
  add_key(t, "test", s->l2i.test);
  aus_format_real(number, s->l2i.rate, 9);
  add(t, "[train]\nbatch = %lld\nrate = %s\n", (long long)s->l2i.batch, number);
}

/* ---- the command --------------------------------------------------------------------------------------------- */

static aus_status train(aus_ctx *ctx, const aus_train_config *config, const void *more, aus_train_result *result)
{
  return aus_l2i_train(ctx, config, more, "", result);
}

static int check(cli_session *cs, int n)
{
  const cli_settings *s = cs->s;
  if (n == 1 && (s->model || s->l2i.manifest)) return cli_say(cs, CLI_BAD_USAGE, "a recipe says which classifier and clips: leave --model and --manifest out");
  if (n == 1) return CLI_DONE;
  if (!s->model || !s->l2i.manifest || !s->l2i.valid || !s->out)
    return cli_say(cs, CLI_BAD_USAGE, "without a recipe, -m CLASSIFIER.aus, --manifest FILE.tsv, --valid CONDITIONS and --out DIR are needed");
  const char *const given[] = { s->model, s->l2i.manifest, s->l2i.valid, s->l2i.test, s->l2i.train, s->l2i.root, s->l2i.dictionary, s->l2i.taps };
  for (size_t i = 0; i < sizeof given / sizeof *given; i++)
    if (given[i] && strpbrk(given[i], "\n#")) return cli_say(cs, CLI_BAD_USAGE, "'%s': a line break or # cannot stand in a recipe", given[i]);
  return CLI_DONE;
}

static int run(cli_settings *s, int n, char **operand)
{
  cli_session cs;
  char out[4000];
  int code = cli_session_open(&cs, s);
  if (code != CLI_DONE) return code;
  text *t = aus_alloc_zero(cs.ctx, 1, sizeof *t);
  code = t ? check(&cs, n) : cli_fail(&cs, CLI_WORKING, AUS_ENOMEM);
  if (code == CLI_DONE) {
    if (n == 0) write_recipe(s, t);
    cli_train_folder(s, n ? operand[0] : "", out, sizeof out);
    code = cli_train_as(&cs, n ? operand[0] : NULL, out, train, t->at);
  }
  aus_free(cs.ctx, t);
  return cli_session_close(&cs, code == CLI_DONE ? cli_flush(&cs) : code);
}

const cli_command cli_l2i_train = {
  .name = "l2i train", .operands = "[RECIPE] [OPTION...]", .summary = "train an interpreter for a classifier",
  .about = "Listen to Interpret (docs/l2i.md): learns to tell from a classifier's hidden layers when which atoms of a\n"
           "dictionary of sounds are active, and to answer as the classifier does from these alone. Writes DIR/model.aus, the\n"
           "best epoch on the validation clips. What the frozen classifier computes is kept in DIR/taps.cache. A recipe may say\n"
           "method = flint, vibi or lmac: students of the same classifier to compare with.",
  .examples = "# a recipe with an [interpreter] section\nauscult l2i train esc10.recipe --out interpreter\n"
              "# the same without one\nauscult l2i train -m classifier.aus --manifest clips.tsv --valid fold=4 --test fold=5 --out interpreter\n",
  .options = options, .min_operands = 0, .max_operands = 1, .run = run
};
