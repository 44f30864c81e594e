/* model_embed.c - auscult model embed: a weights file as C source, for programs without a file system. */
#include "cli/commands.h"
#include "cli/session.h"
#include "format/writer.h"

#include <string.h>

static const cli_option options[] = {
  { "out", 'o', CLI_TEXT, "FILE.c", NULL, 0, 0, CLI_AT(out), "the C source to write" },
  { "symbol", 0, CLI_TEXT, "NAME", NULL, 0, 0, CLI_AT(target), "name of the array; without it, made from the file's name" },
  CLI_ROW_FORCE,
  CLI_ROW_COMMON,
  CLI_ROW_END
};

/* "dir/MTT_musicnn.aus" -> "MTT_musicnn" */
static void symbol_of(const char *path, char *name, size_t size)
{
  const char *base = strrchr(path, '/') ? strrchr(path, '/') + 1 : path;
  size_t n = 0;
  if (*base >= '0' && *base <= '9') name[n++] = '_';
  for (; *base && *base != '.' && n + 1 < size; base++) {
    const bool ok = (*base >= 'a' && *base <= 'z') || (*base >= 'A' && *base <= 'Z') || (*base >= '0' && *base <= '9');
    name[n++] = ok ? *base : '_';
  }
  if (n == 0) name[n++] = '_';
  name[n] = '\0';
}

static int run(cli_settings *s, int n, char **operand)
{
  cli_session cs;
  char symbol[128];
  (void)n;
  int code = cli_session_open(&cs, s);
  if (code != CLI_DONE) return code;
  symbol_of(operand[0], symbol, sizeof symbol);
  if (!s->out) {
    code = cli_say(&cs, CLI_BAD_USAGE, "where to? give --out FILE.c");
  } else if ((code = cli_check_free(&cs, s->out)) == CLI_DONE) {
    cli_output_begins(&cs, s->out);
    const aus_status status = aus_embed_write(cs.ctx, operand[0], s->target ? s->target : symbol, s->out, s->force);
    if (status == AUS_EINVAL) code = cli_fail(&cs, CLI_WORKING, status);
    else if (status != AUS_OK) code = cli_fail(&cs, status == AUS_EFORMAT ? CLI_OPENING : CLI_WRITING, status);
    else printf("%s: array %s\n", s->out, s->target ? s->target : symbol);
  }
  return cli_session_close(&cs, code == CLI_DONE ? cli_flush(&cs) : code);
}

const cli_command cli_model_embed = {
  .name = "model embed", .operands = "FILE.aus --out FILE.c [OPTION...]", .summary = "a weights file as C source, for firmware",
  .about = "Writes the weights file as a 64-byte aligned constant array, for programs that have no file system:\n"
           "aus_model_open_memory reads it where it lies.",
  .examples = "# weights in flash\nauscult model embed tagger.aus --out tagger_weights.c\n",
  .options = options, .min_operands = 1, .max_operands = 1, .run = run
};
