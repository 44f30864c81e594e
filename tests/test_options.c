/* test_options.c - option tables: defaults, values, ranges, refusals; help, man page and completion name every row. */
#include "test.h"

#include "cli/commands.h"
#include "cli/options.h"

#include <unistd.h>

static const cli_option rows[] = {
  { "name", 'n', CLI_TEXT, "TEXT", NULL, 0, 0, CLI_AT(target), "a text" },
  { "count", 0, CLI_INTEGER, "N", "7", 1, 9, CLI_AT(top), "a number" },
  { "real", 'r', CLI_REAL, "X", "0.5", -1, 1, CLI_AT(alpha), "a real" },
  { "mode", 0, CLI_CHOICE, "slow|fast|faster", "fast", 0, 0, CLI_AT(method), "a choice" },
  { "flag", 'f', CLI_FLAG, "", NULL, 0, 0, CLI_AT(force), "a flag" },
  { "item", 'i', CLI_LIST, "X", NULL, 0, 0, CLI_AT(input), "a list" },
  CLI_ROW_END
};
static const cli_command command = { .name = "try", .operands = "FILE...", .summary = "s", .about = "About.", .options = rows,
                                     .min_operands = 1, .max_operands = 2 };

/* Parses words; stderr goes to a file so that complaints can be read. */
static int parse(cli_settings *s, int *n, char ***operands, char *words)
{
  static char *argv[64];
  int argc = 0;
  argv[argc++] = "try";
  for (char *w = strtok(words, " "); w; w = strtok(NULL, " ")) argv[argc++] = w;
  argv[argc] = NULL;
  *s = (cli_settings){0};
  return cli_parse(&command, argc, argv, s, n, operands);
}

static void defaults_then_values(void **state)
{
  (void)state;
  cli_settings s;
  int n;
  char **operand, none[] = "a.wav", all[] = "--count=9 a -r -1 -fn x --mode slow b -i1 --item 2 --name y", dashes[] = "-f -- -n";
  assert_int_equal(parse(&s, &n, &operand, none), 0);
  assert_null(s.target);
  assert_int_equal(s.top, 7);
  assert_near(s.alpha, 0.5, 0);
  assert_int_equal(s.method, 1);
  assert_int_equal(s.force, 0);
  assert_int_equal(n, 1);
  assert_string_equal(operand[0], "a.wav");
  assert_int_equal(parse(&s, &n, &operand, all), 0);
  assert_string_equal(s.target, "y"); /* the last one counts */
  assert_int_equal(s.top, 9);
  assert_near(s.alpha, -1, 0);
  assert_int_equal(s.method, 0);
  assert_int_equal(s.force, 1);
  assert_int_equal(s.input.n, 2);
  assert_string_equal(s.input.item[1], "2");
  assert_int_equal(n, 2);
  assert_string_equal(operand[1], "b");
  assert_int_equal(parse(&s, &n, &operand, dashes), 0);
  assert_string_equal(operand[0], "-n");
}

static void refusals(void **state)
{
  (void)state;
  static const char *const bad[] = { "", "a b c", "a --count 0", "a --count 10", "a --count 3x", "a --count 99999999999999999999", "a --count=",
                                     "a -r nan", "a -r inf", "a -r 0x1", "a -r 1.5", "a -r", "a --mode quick", "a --mode slow|fast", "a --mode", "a --nope",
                                     "a -z", "a --flag=1", "a --count", ("a --item 1 --item 2 --item 3 --item 4 --item 5 --item 6 --item 7 --item 8 "
                                     "--item 9 --item 10 --item 11 --item 12 --item 13 --item 14 --item 15 --item 16 --item 17") };
  for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
    cli_settings s;
    int n;
    char **operand, words[400];
    snprintf(words, sizeof words, "%s", bad[i]);
    if (parse(&s, &n, &operand, words) != CLI_USAGE) fail_msg("accepted: %s", bad[i]);
  }
}

static char *printed(void (*print)(FILE *))
{
  static char text[65536];
  FILE *f = tmpfile();
  assert_non_null(f);
  print(f);
  rewind(f);
  text[fread(text, 1, sizeof text - 1, f)] = '\0';
  fclose(f);
  return text;
}

static const cli_command *const commands[] = { &command, NULL };
static void help(FILE *f) { cli_print_help(f, &command); }
static void man(FILE *f) { cli_print_man(f, commands); }
static void completion(FILE *f) { cli_print_completion(f, commands); }

static void every_row_is_printed(void **state)
{
  (void)state;
  for (const cli_option *o = rows; o->name; o++) {
    char dashed[40], roff[40], word[32];
    snprintf(dashed, sizeof dashed, "--%s", o->name);
    snprintf(roff, sizeof roff, "\\-\\-%s", o->name);
    assert_non_null(strstr(printed(help), dashed));
    assert_non_null(strstr(printed(completion), dashed));
    assert_non_null(strstr(printed(man), roff));
    if (o->fallback) {
      char text[64];
      snprintf(text, sizeof text, "%s (default: %s)", o->help, o->fallback);
      assert_non_null(strstr(printed(help), text));
    }
    if (o->type == CLI_CHOICE) assert_string_equal(cli_choice_word(o, 2, word), "faster");
  }
  for (char *line = strtok(printed(help), "\n"); line; line = strtok(NULL, "\n")) assert_true(strlen(line) <= 100);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(defaults_then_values),
    cmocka_unit_test(refusals),
    cmocka_unit_test(every_row_is_printed),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
