/* arrays.h - `auscult explain X.npy`: attributions on the arrays a network takes, without a front end. */
#ifndef AUS_CLI_ARRAYS_H
#define AUS_CLI_ARRAYS_H

#include "cli/session.h"
#include <auscult/attrib.h>

/* Whether the operands are arrays: .npy files, or none but --input-name. */
bool cli_means_arrays(const cli_settings *s, int n, char **operand);
int cli_explain_arrays(cli_session *cs, int n, char **operand);

/* The settings that methods of attribution share, whatever they explain. */
int cli_attrib_config(cli_session *cs, aus_attrib_config *config);
/* The name --method stands for. */
const char *cli_method_name(const cli_settings *s, char word[32]);

/* ---- reading (arrays_read.c) -------------------------------------------------------------------- */

enum { CLI_MAX_ARRAYS = 16 };

typedef struct cli_arrays {
  cli_session *cs;
  aus_bundle *bundle;
  int32_t n;                         /* inputs of the graph */
  float *x[CLI_MAX_ARRAYS];
  aus_dims dims[CLI_MAX_ARRAYS];
  float *baseline[CLI_MAX_ARRAYS], *mask[CLI_MAX_ARRAYS], *tree;
  int64_t n_baselines, n_tree;
  aus_attrib *attrib;
  aus_attribution result;
} cli_arrays;

int cli_read_arrays(cli_arrays *a, int n, char **operand); /* x and dims */
int cli_read_extras(cli_arrays *a, int32_t items);         /* baselines, masks, tree */
void cli_free_arrays(cli_arrays *a);

#endif
