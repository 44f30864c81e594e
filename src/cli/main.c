/* main.c - finds the command and runs it. No algorithm lives on this floor. */
#include "cli/commands.h"
#include "cli/session.h"

#include <auscult/core.h>
#include <string.h>

/* In the order of the help. */
const cli_command *const cli_commands[] = {
  &cli_predict,
  &cli_explain,
  &cli_global,
  &cli_report,
  &cli_evaluate,
  &cli_compare,
  &cli_separate,
  &cli_nmf,
  &cli_midi,
  &cli_train,
  &cli_l2i_train,
  &cli_l2i_explain,
  &cli_l2i_listening,
  &cli_l2i_evaluate,
  &cli_model_info,
  &cli_model_verify,
  &cli_model_run,
  &cli_model_embed,
  NULL
};

static void print_overview(FILE *f)
{
  fprintf(f, "usage: auscult COMMAND ...\n\n"
             "Tells which parts of a sound the answer of an audio model rests on, as numbers, pictures and sound.\n\n");
  for (int i = 0; cli_commands[i]; i++) fprintf(f, "  %-14s %s\n", cli_commands[i]->name, cli_commands[i]->summary);
  fprintf(f, "  %-14s this, or one command's help; `help man`, `help completion` print those\n", "help [COMMAND]");
  fprintf(f, "\nauscult COMMAND --help tells all options. First steps: docs/quickstart.md, man auscult.\n");
}

/* The command whose one or two words argv begins with; *words says how many. */
static const cli_command *find_command(int argc, char **argv, int *words)
{
  for (int i = 0; cli_commands[i]; i++) {
    const char *name = cli_commands[i]->name, *space = strchr(name, ' ');
    *words = space ? 2 : 1;
    if (!space && strcmp(argv[0], name) == 0) return cli_commands[i];
    if (space && argc > 1 && strncmp(argv[0], name, (size_t)(space - name)) == 0 && !argv[0][space - name] &&
        strcmp(argv[1], space + 1) == 0)
      return cli_commands[i];
  }
  return NULL;
}

/* The second word of the i-th command when family is its first, else NULL. */
static const char *member(int i, const char *family)
{
  const size_t n = strlen(family);
  return n && strncmp(cli_commands[i]->name, family, n) == 0 && cli_commands[i]->name[n] == ' ' ? cli_commands[i]->name + n + 1 : NULL;
}

/* `auscult model --help`: what there is, a line each. `auscult model` alone, or with a word that is not there: one line. */
static int family(const char *name, const char *word)
{
  int left = 0;
  for (int i = 0; cli_commands[i]; i++) left += member(i, name) != NULL;
  if (!left) {
    fprintf(stderr, "auscult: no command %s (auscult help lists them)\n", name);
    return CLI_BAD_USAGE;
  }
  const bool asked = word && (strcmp(word, "--help") == 0 || strcmp(word, "-h") == 0);
  if (!asked) fprintf(stderr, "auscult: %s what? ", name);
  else printf("usage: auscult %s COMMAND ...\n\n", name);
  for (int i = 0; cli_commands[i]; i++) {
    if (!member(i, name)) continue;
    if (asked) printf("  %-18s %s\n", cli_commands[i]->name, cli_commands[i]->summary);
    else fprintf(stderr, "%s%s", member(i, name), --left > 1 ? ", " : left ? " or " : "");
  }
  if (asked) printf("\nauscult help %s tells all options of each.\n", name);
  else fprintf(stderr, " (auscult help %s)\n", name);
  return asked ? CLI_DONE : CLI_BAD_USAGE;
}

static int help(int argc, char **argv)
{
  int words;
  if (argc == 0) { print_overview(stdout); return CLI_DONE; }
  if (strcmp(argv[0], "man") == 0) { cli_print_man(stdout, cli_commands); return CLI_DONE; }
  if (strcmp(argv[0], "completion") == 0) { cli_print_completion(stdout, cli_commands); return CLI_DONE; }
  const cli_command *c = find_command(argc, argv, &words);
  if (c) { cli_print_help(stdout, c); return CLI_DONE; }
  bool any = false; /* `auscult help model`: all of the family */
  for (int i = 0; cli_commands[i]; i++) {
    if (!member(i, argv[0])) continue;
    if (any) printf("\n");
    cli_print_help(stdout, cli_commands[i]);
    any = true;
  }
  return any ? CLI_DONE : family(argv[0], NULL);
}

static int dispatch(int argc, char **argv)
{
  int words;
  if (argc < 2) { print_overview(stderr); return CLI_BAD_USAGE; }
  if (strcmp(argv[1], "--version") == 0) { printf("auscult %s\n", aus_version()); return CLI_DONE; }
  if (strcmp(argv[1], "help") == 0 || strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0) return help(argc - 2, argv + 2);
  const cli_command *c = find_command(argc - 1, argv + 1, &words);
  if (!c) return family(argv[1], argc > 2 ? argv[2] : NULL);
  cli_settings s = { .command = c, .argc = argc, .argv = argv };
  int n;
  char **operand;
  const int parsed = cli_parse(c, argc - words, argv + words, &s, &n, &operand);
  if (parsed == CLI_HELPED) return CLI_DONE;
  return parsed ? parsed : c->run(&s, n, operand);
}

int main(int argc, char **argv)
{
  const int code = dispatch(argc, argv);
  if (fflush(stdout) != 0 && code == CLI_DONE) {
    fprintf(stderr, "auscult: cannot write to standard output\n");
    return CLI_FAILED;
  }
  return code;
}
