/* table.c - text tables for people. Names come from files and are not trusted: control characters, which
 * could move a terminal's cursor, are printed as '?'. */
#define _DEFAULT_SOURCE
#include "cli/table.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum { WIDEST = 40 };

static bool starts_character(unsigned char c) { return (c & 0xc0) != 0x80; } /* UTF-8 */

int cli_width(const char *name, int at_least)
{
  int n = 0;
  for (; *name; name++) n += starts_character((unsigned char)*name);
  if (n > WIDEST) n = WIDEST;
  return n > at_least ? n : at_least;
}

void cli_put(const char *text)
{
  for (; *text; text++) {
    const unsigned char c = (unsigned char)*text;
    putchar(c < 0x20 || c == 0x7f ? '?' : c);
  }
}

void cli_pad(const char *name, int width)
{
  int n = 0;
  for (; *name && n <= WIDEST; name++) {
    const unsigned char c = (unsigned char)*name;
    if (starts_character(c) && n == WIDEST) break;
    n += starts_character(c);
    putchar(c < 0x20 || c == 0x7f ? '?' : c);
  }
  for (; n < width; n++) putchar(' ');
}

bool cli_colour(void)
{
  const char *no = getenv("NO_COLOR");
  return isatty(STDOUT_FILENO) && !(no && *no);
}

void cli_bar(double value, double full, int width)
{
  if (!isfinite(value) || !(full > 0)) return;
  int n = (int)lround(fabs(value) / full * width);
  if (n > width) n = width;
  if (n == 0) return;
  const bool colour = cli_colour();
  if (colour) fputs(value < 0 ? "\033[34m" : "\033[31m", stdout);
  for (int i = 0; i < n; i++) putchar(value < 0 ? '-' : '#');
  if (colour) fputs("\033[0m", stdout);
}
