/* spark.c - strength over time in a line of text.
 *
 * On a terminal that reads UTF-8 each moment is one of eight blocks, what speaks for the answer above what speaks against
 * it; elsewhere (files, pipes, other encodings) the same in ASCII, two lines that can be searched. */
#include "cli/table.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static bool reads_utf8(void)
{
  static const char *const names[] = { "LC_ALL", "LC_CTYPE", "LANG" }; /* the first that is set decides (POSIX) */
  for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
    const char *v = getenv(names[i]);
    if (v && *v) return strstr(v, "UTF-8") || strstr(v, "utf8") || strstr(v, "UTF8") || strstr(v, "utf-8");
  }
  return false;
}

static void line(const double *v, int n, double most, int sign, const char *const level[9], bool colour)
{
  printf("  %s |", sign > 0 ? "for    " : "against");
  if (colour) fputs(sign > 0 ? "\033[31m" : "\033[34m", stdout);
  for (int i = 0; i < n; i++) {
    const double share = most > 0 && v[i] * sign > 0 ? fabs(v[i]) / most : 0;
    fputs(level[(int)fmin(ceil(8 * share), 8)], stdout);
  }
  if (colour) fputs("\033[0m", stdout);
  fputs("|", stdout);
}

void cli_spark(const double *v, int n, double seconds)
{
  static const char *const blocks[9] = { " ", "\xe2\x96\x81", "\xe2\x96\x82", "\xe2\x96\x83", "\xe2\x96\x84", "\xe2\x96\x85", "\xe2\x96\x86", "\xe2\x96\x87", "\xe2\x96\x88" };
  static const char *const plain[9] = { " ", ".", ".", ":", ":", "+", "*", "*", "#" };
  const bool terminal = isatty(STDOUT_FILENO) && reads_utf8();
  double most = 0;
  for (int i = 0; i < n; i++) most = fmax(most, fabs(v[i]));
  for (int sign = 1; sign >= -1; sign -= 2) {
    line(v, n, most, sign, terminal ? blocks : plain, cli_colour());
    if (sign > 0) printf(" 0 to %.4g s", seconds);
    printf("\n");
  }
}
