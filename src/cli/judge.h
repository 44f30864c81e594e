/* judge.h - one input, explanations of it, and what the measures of src/eval need to judge them: `auscult evaluate`, `auscult compare`.
 *
 *   judge.c          opening, asking a method, scoring an answer      judge_sound.c   sound: cells are tiles of the spectrogram
 *   judge_arrays.c   arrays: cells are numbers of the input           judge_events.c  label files */
#ifndef AUS_CLI_JUDGE_H
#define AUS_CLI_JUDGE_H

#include "cli/input.h"
#include "explain/field.h"
#include "format/npy.h"

#include <auscult/attrib.h>
#include <auscult/eval.h>
#include <auscult/net.h>
#include <auscult/perturb.h>

/* What a method says, on the judge's cells. */
typedef struct cli_answer {
  char method[48];
  float *value;              /* [cells] */
  double score, score_none;  /* where the method reads them; NaN: not known */
  bool complete, per_unit;   /* promises a sum; is a gradient, not a share */
  int64_t calls;             /* of the model; 0: not known */
  double seconds;
} cli_answer;

typedef struct cli_judge {
  cli_session *cs;
  const char *path;
  bool arrays;
  void *file;                /* the model's bytes, when it is a network */
  size_t file_size;
  int32_t rank, target, n_targets;
  int64_t dim[6], cells;
  float *amplitude;          /* [cells] */
  uint8_t *inside;           /* [cells]; NULL: no events */
  cli_answer *judged;        /* whose scores are being taken */
  int64_t again;             /* explanations of near inputs so far: a random method says something else each time */
  /* sound */
  aus_model *model;
  const aus_model_info *info;
  cli_sound sound;
  float *scores;
  aus_components tiles[2];   /* an absent tile is silent; takes its bins' means over time */
  aus_field_components tile_field[2];
  /* arrays */
  aus_bundle *bundle;
  aus_npy x;
  aus_dims dims;
  aus_run *run;              /* reads the score where the answer did */
  int32_t from_target;       /* -1: the sum */
  int64_t from_count;
  float *noise;
  aus_field_array field[AUS_EVAL_FILLS];
} cli_judge;

/* Each gives an exit code and leaves the judge fit for cli_judge_close. */
int cli_judge_open(cli_session *cs, const char *path, cli_judge *j);
void cli_judge_close(cli_judge *j);
/* Asks one method; its value is the caller's to free (cli_answer_free). "map" reads --map FILE.npy. */
int cli_judge_ask(cli_judge *j, const char *method, cli_answer *answer);
void cli_answer_free(cli_judge *j, cli_answer *answer);
int cli_judge_score(cli_judge *j, cli_answer *answer, const aus_eval_config *config, aus_evaluation *out);

/* The measures' settings; an exit code. */
int cli_judge_config(cli_session *cs, aus_eval_config *config);
/* Whether --method NAME is one that can be judged; says so when not. */
int cli_judge_known(cli_session *cs, const char *method);

/* ---- parts --------------------------------------------------------------------------------------- */

aus_status cli_judge_open_sound(cli_judge *j, int *code);
aus_status cli_judge_open_arrays(cli_judge *j, int *code);
/* value[cells] of this method, asked about a model (NULL: the judge's own) and a signal (NULL: its own). */
aus_status cli_judge_sound(cli_judge *j, aus_model *model, const float *signal, int32_t target, const char *method, cli_answer *answer);
aus_status cli_judge_array(cli_judge *j, aus_bundle *bundle, const float *signal, int32_t target, const char *method, cli_answer *answer);
aus_status cli_judge_hide_sound(cli_judge *j, aus_eval_fill fill, int64_t n, const float *mask, double *score);
aus_status cli_judge_hide_array(cli_judge *j, aus_eval_fill fill, int64_t n, const float *mask, double *score);
/* A saved map onto the cells. */
aus_status cli_judge_read_map(cli_judge *j, const char *path, float *value);

/* Labels as Audacity writes them: "begin TAB end TAB name", then perhaps "\ TAB low Hz TAB high Hz". */
typedef struct cli_event { double t0, t1, f0, f1; } cli_event; /* f1 0: all frequencies */
void cli_events_path(const char *given, const char *input, char *path, size_t size);
int cli_read_events(cli_session *cs, const char *path, cli_event **event, int32_t *n);

/* ---- showing (evaluate.c) -------------------------------------------------------------------------- */

void cli_describe_judged(const cli_judge *j);
void cli_json_judged(cli_session *cs, const cli_judge *judge, aus_json *j);
void cli_json_answer(aus_json *j, const cli_answer *a);
void cli_json_measures(aus_json *j, const aus_evaluation *e);

/* The rows of evaluate's and compare's option tables that both have. */
#define CLI_ROWS_JUDGE                                                                                                                        \
  { "target", 0, CLI_TEXT, "NAME|INDEX|top1", "top1", 0, 0, CLI_AT(target), "which answer is explained" },                                     \
  { "metrics", 0, CLI_TEXT, "A,B,...", NULL, 0, 0, CLI_AT(metrics), "which measures; without it, see above" },                                  \
  { "events", 0, CLI_TEXT, "LABELS.txt|DIR", NULL, 0, 0, CLI_AT(events), "where relevance should lie: begin, end and name between tabs, as Audacity writes them; a folder holds NAME.txt for NAME.wav" }, \
  { "tiles", 0, CLI_TEXT, "TxF", NULL, 0, 0, CLI_AT(tiles), "sound: cells, time by frequency; without it, four in a second (8 to 40) by 12" },    \
  { "fill", 0, CLI_CHOICE, "zero|noise|line", "zero", 0, 0, CLI_AT(fill), "what replaces a cell: silence (the baseline), local noise (of tiles: each bin's mean), a line between neighbours (arrays)" }, \
  { "curve-steps", 0, CLI_INTEGER, "N", "20", 1, 127, CLI_AT(curve_steps), "points of deletion and insertion curves" },                          \
  { "draws", 0, CLI_INTEGER, "N", "100", 2, 1000000, CLI_AT(draws), "random sets of cells: infidelity, faithfulness" },                          \
  { "repeats", 0, CLI_INTEGER, "N", "5", 1, 1000, CLI_AT(repeats), "random orders, other targets" },                                             \
  { "near", 0, CLI_INTEGER, "N", "10", 1, 100000, CLI_AT(near), "max_sensitivity: inputs near this one" },                                       \
  { "radius", 0, CLI_REAL, "R", "0.02", 1e-12, 1e6, CLI_AT(radius), "max_sensitivity: how near, as a part of the largest value" },               \
  { "subset", 0, CLI_REAL, "P", "0.2", 1e-9, 1, CLI_AT(subset), "faithfulness: part of the cells that is hidden at once" },                      \
  { "scale", 0, CLI_CHOICE, "prob|logit", "prob", 0, 0, CLI_AT(scale), "judge by the score, or its log-odds" },                                 \
  { "seed", 0, CLI_INTEGER, "S", "0", 0, 9007199254740991.0, CLI_AT(seed), "for everything drawn by chance" },                                  \
  { "samples", 0, CLI_TEXT, "N", NULL, 0, 0, CLI_AT(samples), "methods that draw: how many" },                                                   \
  { "steps", 0, CLI_INTEGER, "N", NULL, 1, 100000, CLI_AT(steps), "ig: gradients on the way" },                                                  \
  { "rules", 0, CLI_TEXT, "PRESET|FILE|RULE", NULL, 0, 0, CLI_AT(rules), "lrp, deeplift: rules (docs/lrp.md)" },                                 \
  { "layer", 0, CLI_TEXT, "NAME", NULL, 0, 0, CLI_AT(layer), "class activation maps: the layer" },                                               \
  { "from", 0, CLI_TEXT, "output|logits|NAME", NULL, 0, 0, CLI_AT(from), "where the score is read" },                                            \
  { "window", 0, CLI_TEXT, "N|NxM", NULL, 0, 0, CLI_AT(window), "occlusion of arrays: cells hidden at once" }

#endif
