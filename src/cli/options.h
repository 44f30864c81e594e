/* options.h - one table per command; parsing, --help, the man page and completion all read it.
 *
 * A default is written once, as text: it is what --help shows and what the parser reads first. */
#ifndef AUS_CLI_OPTIONS_H
#define AUS_CLI_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

typedef enum cli_type {
  CLI_FLAG,    /* int, 0 or 1 */
  CLI_TEXT,    /* const char *, NULL when there is no default */
  CLI_INTEGER, /* int64_t in [min, max] */
  CLI_REAL,    /* double in [min, max] */
  CLI_CHOICE,  /* int, index into the words of metavar, "a|b|c" */
  CLI_LIST     /* cli_list, may be given more than once */
} cli_type;

typedef struct cli_list { const char *item[16]; int n; } cli_list;

typedef struct cli_option {
  const char *name;     /* long name */
  int letter;           /* short name or 0 */
  cli_type type;
  const char *metavar;  /* "FILE", or the words of a choice */
  const char *fallback; /* default, NULL: none */
  double min, max;
  size_t offset;        /* of the value in the command's struct */
  const char *help;     /* what it does; the default is added by the printer */
} cli_option;

struct cli_settings;

/* A heading of --help before the option of this name. */
typedef struct cli_group { const char *first, *title; } cli_group;

/* A subcommand. Operands are what is left after the options. */
typedef struct cli_command {
  const char *name, *operands, *summary;
  const char *about;         /* paragraphs for --help and the man page, lines already wrapped */
  const char *examples;      /* one command per line, each after a line "# what it does" */
  const cli_option *options; /* ends with name NULL */
  const cli_group *groups;   /* ends with first NULL; NULL: none */
  void (*more)(FILE *f);     /* writes what --help shows before the options; NULL: nothing */
  int min_operands, max_operands;
  int (*run)(struct cli_settings *s, int n, char **operand);
} cli_command;

/* Every option of every command writes here: one struct, so that tables can share rows. */
typedef struct cli_settings {
  const char *model, *model_cmd, *stems, *separator, *segments, *target, *samples, *tiles, *out, *report;
  const char *layer, *from, *rules, *quadrature, *save, *window, *stride, *tree;
  const char *judged, *metrics, *events, *map;
  cli_list input, tap, baseline, mask;
  int method, surrogate, distance, fill, scale, selection, superpixel, interpolate;
  int layer_input, absolute, multipliers, no_relu, keep, domain;
  cli_list exports;
  const char *svg, *png;
  int report_audio, report_bits;
  int json, force, quiet, no_residual, normalise;
  int64_t top, seed, features, bootstrap, stability_runs, superpixels, threads, mixes, format, steps, grid;
  int64_t curve_steps, draws, repeats, near;
  double radius, subset;
  double kernel_width, alpha, offset, duration, timeout, crossfade, noise, probability, top_percent;
  const char *reference;         /* separate */
  int wiener;
  int resume;                    /* train */
  int64_t epochs, explain_every;
  const char *explain_with;
  const char *snippet;           /* global */
  int64_t per_song, picks, pick_parts;
  int pages, set;
  struct { const char *dictionary; int init, plain, scale; int64_t atoms, iterations, n_fft, hop; double beta, mu, tolerance, merge; } nmf;
  struct { int notes, dry, overlap; } midi;
  struct { const char *interpreter, *manifest, *root, *train, *valid, *test, *where, *taus, *dictionary, *taps; int listening, pooling, layout, cache, no_check;
           int64_t atoms, top, batch; double tau, rate; } l2i;
  struct { const char *title, *key; int as_is; } listening;
  const cli_command *command;
  int argc;
  char **argv;
} cli_settings;

/* Parses argv (argv[0] is the command's name) into *s, defaults first. Returns 0 and the operands, or prints one
 * line on stderr and returns CLI_USAGE, or prints help on stdout and returns CLI_HELPED. */
enum { CLI_USAGE = 2, CLI_HELPED = -1 };
int cli_parse(const cli_command *command, int argc, char **argv, cli_settings *s, int *n_operands, char ***operands);

/* Strict numbers: the whole text, in range. */
bool cli_integer(const char *text, int64_t min, int64_t max, int64_t *value);
bool cli_real(const char *text, double min, double max, double *value);

/* The word of a choice. */
const char *cli_choice_word(const cli_option *option, int index, char word[32]);
const cli_option *cli_find_option(const cli_command *command, const char *name);

void cli_print_help(FILE *f, const cli_command *command);
void cli_print_man(FILE *f, const cli_command *const *commands);
void cli_print_completion(FILE *f, const cli_command *const *commands);

#endif
