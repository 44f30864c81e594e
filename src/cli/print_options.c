/* print_options.c - the option table as help, man page and shell completion. */
#include "cli/options.h"

#include <ctype.h>
#include <string.h>

enum { HELP_COLUMN = 28, HELP_WIDTH = 96 };

/* Words of text from the given column on, wrapped with a hanging indent. */
static void wrap(FILE *f, const char *text, int column, int indent, int width)
{
  while (*text) {
    const int n = (int)strcspn(text, " ");
    if (column + 1 + n > width && column > indent) {
      fprintf(f, "\n%*s", indent, "");
      column = indent;
    } else if (column > indent) {
      fputc(' ', f);
      column++;
    }
    fprintf(f, "%.*s", n, text);
    column += n;
    text += n;
    while (*text == ' ') text++;
  }
  fputc('\n', f);
}

static void describe(char *out, size_t size, const cli_option *o)
{
  if (o->fallback) snprintf(out, size, "%s (default: %s)", o->help, o->fallback);
  else snprintf(out, size, "%s", o->help);
}

/* What stands after the option's name; a choice of very many words is listed elsewhere (more). */
static const char *meta_of(const cli_option *o)
{
  return o->type == CLI_FLAG ? "" : o->type == CLI_CHOICE && strlen(o->metavar) > 100 ? "NAME" : o->metavar;
}

static void print_title(FILE *f, const cli_command *c, const cli_option *o)
{
  const char *title = o == c->options ? "options" : NULL;
  for (const cli_group *g = c->groups; g && g->first; g++)
    if (strcmp(g->first, o->name) == 0) title = g->title;
  if (title) fprintf(f, "\n%s:\n", title);
}

void cli_print_help(FILE *f, const cli_command *c)
{
  fprintf(f, "usage: auscult %s %s\n\n%s\n", c->name, c->operands, c->about);
  if (c->more) c->more(f);
  for (const cli_option *o = c->options; o->name; o++) {
    char left[160], right[600];
    const char *meta = meta_of(o);
    print_title(f, c, o);
    char letter[8] = "    ";
    if (o->letter) snprintf(letter, sizeof letter, "-%c, ", o->letter);
    snprintf(left, sizeof left, "  %s--%s%s%s", letter, o->name, *meta ? " " : "", meta);
    describe(right, sizeof right, o);
    if (strlen(left) + 2 > HELP_COLUMN) fprintf(f, "%s\n%*s", left, HELP_COLUMN, "");
    else fprintf(f, "%-*s", HELP_COLUMN, left);
    wrap(f, right, HELP_COLUMN, HELP_COLUMN, HELP_WIDTH);
  }
  fprintf(f, "%-*sprint this\n", HELP_COLUMN, "  -h, --help");
  if (c->examples) fprintf(f, "\nexamples:\n%s", c->examples);
}

/* Text with what roff would take for its own protected. */
static void roff(FILE *f, const char *text)
{
  for (bool start = true; *text; start = *text == '\n', text++) {
    if (start && (*text == '.' || *text == '\'')) fputs("\\&", f);
    if (*text == '\\') fputs("\\e", f);
    else if (*text == '-') fputs("\\-", f);
    else fputc(*text, f);
  }
}

static void man_command(FILE *f, const cli_command *c)
{
  fprintf(f, ".SS auscult ");
  roff(f, c->name);
  fprintf(f, "\n.PP\n.B auscult ");
  roff(f, c->name);
  fputc(' ', f);
  roff(f, c->operands);
  fprintf(f, "\n.PP\n");
  roff(f, c->about);
  fputc('\n', f);
  for (const cli_option *o = c->options; o->name; o++) {
    char text[600];
    fprintf(f, ".TP\n.B ");
    if (o->letter) fprintf(f, "\\-%c, ", o->letter);
    fprintf(f, "\\-\\-");
    roff(f, o->name);
    if (o->type != CLI_FLAG) {
      fputc(' ', f);
      roff(f, meta_of(o));
    }
    fputc('\n', f);
    describe(text, sizeof text, o);
    roff(f, text);
    fputc('\n', f);
  }
}

void cli_print_man(FILE *f, const cli_command *const *commands)
{
  fprintf(f, ".\\\" Written by `auscult help man` from the option tables in src/cli; a test compares the two.\n"
             ".TH AUSCULT 1 \"\" \"auscult " AUS_VERSION "\" \"User Commands\"\n"
             ".SH NAME\nauscult \\- listenable explanations for audio neural networks\n"
             ".SH SYNOPSIS\n");
  for (int i = 0; commands[i]; i++) {
    fprintf(f, ".B auscult ");
    roff(f, commands[i]->name);
    fputc(' ', f);
    roff(f, commands[i]->operands);
    fprintf(f, "\n.br\n");
  }
  fprintf(f, ".B auscult \\-\\-version\n.SH DESCRIPTION\n"
             "Tells which parts of a sound the answer of an audio model rests on, as numbers, as pictures and as sound.\n"
             "Results go to standard output, everything else to standard error. An AUDIO of \\- is standard input.\n"
             ".SH COMMANDS\n");
  for (int i = 0; commands[i]; i++) man_command(f, commands[i]);
  fprintf(f, ".SH EXIT STATUS\n.TP\n.B 0\ndone\n.TP\n.B 1\nfailed while running (no memory, disk full, output exists, the model command died)\n"
             ".TP\n.B 2\nbad usage\n.TP\n.B 3\nan input cannot be read or is not valid\n"
             ".TP\n.B 4\nthe model cannot do what the method needs\n.TP\n.B 130\ninterrupted; no partial file is left\n"
             ".SH ENVIRONMENT\n.TP\n.B AUSCULT_ISA\nscalar, avx2, avx512 or neon: the instruction set to use instead of the best one\n"
             ".TP\n.B NO_COLOR\nno colour in the table on a terminal\n"
             ".SH EXAMPLES\n.nf\n");
  for (int i = 0; commands[i]; i++)
    if (commands[i]->examples) roff(f, commands[i]->examples);
  fprintf(f, ".fi\n");
}

void cli_print_completion(FILE *f, const cli_command *const *commands)
{
  fprintf(f, "# bash completion for auscult; written by `auscult help completion`\n_auscult() {\n"
             "  local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD-1]} words=\n  case \"${COMP_WORDS[1]} $prev\" in\n");
  for (int i = 0; commands[i]; i++)
    for (const cli_option *o = commands[i]->options; o->name; o++) {
      if (o->type != CLI_CHOICE) continue;
      fprintf(f, "  '%.*s --%s') words='", (int)strcspn(commands[i]->name, " "), commands[i]->name, o->name);
      for (const char *p = o->metavar; *p; p++) fputc(*p == '|' ? ' ' : *p, f);
      fprintf(f, "' ;;\n");
    }
  fprintf(f, "  *) case ${COMP_WORDS[1]} in\n");
  for (int i = 0; commands[i]; i++) {
    fprintf(f, "    %.*s) words='--help", (int)strcspn(commands[i]->name, " "), commands[i]->name);
    for (const cli_option *o = commands[i]->options; o->name; o++) fprintf(f, " --%s", o->name);
    fprintf(f, "' ;;\n");
  }
  fprintf(f, "    esac ;;\n  esac\n  [ \"$COMP_CWORD\" = 1 ] && words='");
  for (int i = 0; commands[i]; i++) fprintf(f, "%.*s ", (int)strcspn(commands[i]->name, " "), commands[i]->name);
  fprintf(f, "help --version'\n  COMPREPLY=()\n"
             "  case $cur in -* | '') COMPREPLY=($(compgen -W \"$words\" -- \"$cur\")) ;; *) [ -n \"$words\" ] && COMPREPLY=($(compgen -W \"$words\" -- \"$cur\")) ;; esac\n"
             "  [ ${#COMPREPLY[@]} -gt 0 ] || COMPREPLY=($(compgen -f -- \"$cur\"))\n}\ncomplete -F _auscult auscult\n");
}
