/* fuzz_options.c - the option tables of every command. The input is one command line: its first byte chooses
 * the command, then words, one a line. (With libFuzzer, -close_fd_mask=3 silences complaints and help.) */
#include "cli/commands.h"
#include "fuzz/fuzz.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_WORDS = 48 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
  static const cli_command *const command[] = { &cli_predict, &cli_explain, &cli_separate, &cli_model_info, &cli_model_verify, &cli_model_run, &cli_model_embed, &cli_train };
  if (size == 0) return 0;
  char *text = malloc(size), *argv[MAX_WORDS + 2], first[] = "auscult", **operand;
  if (!text) return 0;
  memcpy(text, data + 1, size - 1);
  text[size - 1] = '\0';
  int argc = 0, n;
  argv[argc++] = first;
  for (char *word = text; word && argc <= MAX_WORDS;) {
    char *end = strchr(word, '\n');
    if (end) *end++ = '\0';
    argv[argc++] = word;
    word = end;
  }
  argv[argc] = NULL;
  const cli_command *c = command[data[0] % (sizeof command / sizeof *command)];
  cli_settings s = {0};
  if (cli_parse(c, argc, argv, &s, &n, &operand) == 0) {
    /* What was accepted is within the table's bounds. */
    if (n < c->min_operands || n > c->max_operands) abort();
    for (const cli_option *o = c->options; o->name; o++) {
      const void *at = (const char *)&s + o->offset;
      char word[32];
      if (o->type == CLI_INTEGER && o->fallback && (*(const int64_t *)at < (int64_t)o->min || *(const int64_t *)at > (int64_t)o->max)) abort();
      if (o->type == CLI_REAL && o->fallback && !(*(const double *)at >= o->min && *(const double *)at <= o->max)) abort();
      if (o->type == CLI_CHOICE && !*cli_choice_word(o, *(const int *)at, word)) abort();
    }
  }
  free(text);
  return 0;
}
