/* table.h - text tables on stdout: widths in characters, bars, colour when a person looks on. */
#ifndef AUS_CLI_TABLE_H
#define AUS_CLI_TABLE_H

#include <stdbool.h>

int cli_width(const char *name, int at_least);   /* of a name as printed, if larger */
void cli_put(const char *text);                  /* control characters as '?' */
void cli_pad(const char *name, int width);        /* name, control characters as '?', then blanks */
void cli_bar(double value, double full, int width); /* signed: colour and +/- blocks */
bool cli_colour(void);                            /* stdout is a terminal and NO_COLOR is not set */

/* v[n] over so many seconds, in two lines: what speaks for, what against. */
void cli_spark(const double *v, int n, double seconds);

#endif
