/* l2i_evaluate.h - what `auscult l2i evaluate` finds out of every clip (l2i_evaluate.c), and how it is put together and shown (l2i_evaluate_show.c). */
#ifndef AUS_CLI_L2I_EVALUATE_H
#define AUS_CLI_L2I_EVALUATE_H

#include "cli/input.h"
#include "cli/session.h"
#include "train/table.h"

#include <auscult/fidelity.h>
#include <auscult/l2i.h>

enum { L2I_MOST_TAUS = 16 };
enum { L2I_BY_COUNT, L2I_BY_ENERGY, L2I_CHANCES };

/* One clip at one threshold. */
typedef struct l2i_point { aus_masked masked; double chance[L2I_CHANCES], energy; int32_t atoms; } l2i_point; /* chance: ff_logit; energy: kept share */

typedef struct l2i_clip { const char *name; int32_t said, answered; float *heard, *answer; l2i_point at[L2I_MOST_TAUS]; } l2i_clip;

typedef struct l2i_job {
  cli_session *cs;
  aus_model *model;
  aus_interpreter *it;
  const aus_interpreter_info *info;
  aus_table table;
  int32_t n_taus, n, classes;
  bool independent;             /* several classes may be said of a clip */
  double tau[L2I_MOST_TAUS];
  l2i_clip *clip;
  aus_reading reading;          /* of the clip that is judged now */
  double *r;                    /* [atoms] */
  uint8_t *keep;
  float *weight, *logits;       /* [atoms], [3][classes]: in, out, scores that are not needed */
} l2i_job;

/* The means and medians over all clips, printed or as JSON; an exit code. */
int l2i_show(const l2i_job *j);

#endif
