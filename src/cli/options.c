/* options.c - from a table and argv to settings, by getopt_long. */
#include "cli/options.h"

#include <errno.h>
#include <getopt.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

bool cli_integer(const char *text, int64_t min, int64_t max, int64_t *value)
{
  char *end;
  if (!(*text == '-' || (*text >= '0' && *text <= '9'))) return false; /* strtoll skips blanks and '+' */
  errno = 0;
  const long long v = strtoll(text, &end, 10);
  if (errno || *end || end == text || v < min || v > max) return false;
  *value = v;
  return true;
}

bool cli_real(const char *text, double min, double max, double *value)
{
  char *end;
  if (!strchr("-.0123456789", *text) || !*text || strpbrk(text, "xXnNpP")) return false; /* no hex, inf or nan */
  errno = 0;
  const double v = strtod(text, &end);
  if ((errno && !isfinite(v)) || *end || end == text || !(v >= min && v <= max)) return false;
  *value = v;
  return true;
}

/* Index of text among the words of "a|b|c", -1 when it is none of them. */
static int choice_index(const char *words, const char *text)
{
  const size_t n = strlen(text);
  for (int i = 0; *words; i++) {
    const size_t m = strcspn(words, "|");
    if (m == n && memcmp(words, text, n) == 0) return i;
    words += m + (words[m] == '|');
  }
  return -1;
}

const char *cli_choice_word(const cli_option *option, int index, char word[32])
{
  const char *p = option->metavar;
  while (index-- > 0) p += strcspn(p, "|") + 1;
  snprintf(word, 32, "%.*s", (int)strcspn(p, "|"), p);
  return word;
}

const cli_option *cli_find_option(const cli_command *command, const char *name)
{
  for (const cli_option *o = command->options; o->name; o++)
    if (strcmp(o->name, name) == 0) return o;
  return NULL;
}

/* Stores text as the option's value; false when it is not one. */
static bool store(const cli_option *o, cli_settings *s, const char *text)
{
  void *place = (char *)s + o->offset;
  switch (o->type) {
  case CLI_FLAG: *(int *)place = 1; return true;
  case CLI_TEXT: *(const char **)place = text; return true;
  case CLI_INTEGER: return cli_integer(text, (int64_t)o->min, (int64_t)o->max, place);
  case CLI_REAL: return cli_real(text, o->min, o->max, place);
  case CLI_CHOICE: {
    const int i = choice_index(o->metavar, text);
    if (i >= 0) *(int *)place = i;
    return i >= 0;
  }
  case CLI_LIST: {
    cli_list *list = place;
    if (list->n == (int)(sizeof list->item / sizeof *list->item)) return false;
    list->item[list->n++] = text;
    return true;
  }
  }
  return false;
}

static int complain_value(const cli_command *c, const cli_option *o, const char *text)
{
  fprintf(stderr, "auscult %s: --%s %s: ", c->name, o->name, text);
  if (o->type == CLI_CHOICE) fprintf(stderr, "want one of %s\n", o->metavar);
  else if (o->type == CLI_INTEGER) fprintf(stderr, "want a whole number from %.0f to %.0f\n", o->min, o->max);
  else if (o->type == CLI_LIST) fprintf(stderr, "given too often\n");
  else fprintf(stderr, "want a number from %g to %g\n", o->min, o->max);
  return CLI_USAGE;
}

enum { MAX_OPTIONS = 96, FIRST_LONG = 256, HELP = 'h' };

/* getopt_long's own tables, from ours. Long options return FIRST_LONG + row. */
static void make_tables(const cli_option *options, struct option *longs, char *shorts)
{
  int n = 0;
  *shorts++ = ':';
  for (const cli_option *o = options; o->name && n < MAX_OPTIONS; o++, n++) {
    const bool value = o->type != CLI_FLAG;
    longs[n] = (struct option){ o->name, value ? required_argument : no_argument, NULL, FIRST_LONG + n };
    if (o->letter) {
      *shorts++ = (char)o->letter;
      if (value) *shorts++ = ':';
    }
  }
  longs[n++] = (struct option){ "help", no_argument, NULL, HELP };
  longs[n] = (struct option){ NULL, 0, NULL, 0 };
  *shorts++ = HELP;
  *shorts = '\0';
}

static const cli_option *row_of(const cli_option *options, int code)
{
  if (code >= FIRST_LONG) return &options[code - FIRST_LONG];
  for (const cli_option *o = options; o->name; o++)
    if (o->letter == code) return o;
  return NULL;
}

int cli_parse(const cli_command *c, int argc, char **argv, cli_settings *s, int *n_operands, char ***operands)
{
  struct option longs[MAX_OPTIONS + 2];
  char shorts[3 * MAX_OPTIONS + 4];
  make_tables(c->options, longs, shorts);
  for (const cli_option *o = c->options; o->name; o++)
    if (o->fallback) store(o, s, o->fallback);
  opterr = 0;
  optind = 0; /* GNU and musl: start afresh */
  for (int code; (code = getopt_long(argc, argv, shorts, longs, NULL)) != -1;) {
    if (code == HELP) { cli_print_help(stdout, c); return CLI_HELPED; }
    if (code == ':' || code == '?') {
      const char *bad = argv[optind - 1];
      if (code == ':') fprintf(stderr, "auscult %s: %s needs a value\n", c->name, bad);
      else if (optopt && optopt < FIRST_LONG) fprintf(stderr, "auscult %s: unknown option -%c (try auscult %s --help)\n", c->name, optopt, c->name);
      else if (optopt) fprintf(stderr, "auscult %s: %s takes no value\n", c->name, bad);
      else fprintf(stderr, "auscult %s: unknown option %s (try auscult %s --help)\n", c->name, bad, c->name);
      return CLI_USAGE;
    }
    const cli_option *o = row_of(c->options, code);
    if (!store(o, s, optarg)) return complain_value(c, o, optarg);
  }
  *n_operands = argc - optind;
  *operands = argv + optind;
  if (*n_operands < c->min_operands || *n_operands > c->max_operands) {
    fprintf(stderr, "auscult %s: %s; usage: auscult %s %s\n", c->name,
            *n_operands < c->min_operands ? "something is missing" : "too many arguments", c->name, c->operands);
    return CLI_USAGE;
  }
  return 0;
}
