/* eval.h - the measures as rows of a table. Internal.
 *
 *   shape.c rank.c ssim.c bootstrap.c   numbers from arrays      curve.c faithful.c   asking the model about hidden cells
 *   robust.c  explanations of near inputs, random networks, other targets
 *   bss*.c     separated sources against true ones
 *   measures.c  each measure with its interval                  evaluate.c  which of them, in order; means over inputs */
#ifndef AUS_EVAL_INTERNAL_H
#define AUS_EVAL_INTERNAL_H

#include <auscult/eval.h>

#include "core/core.h"

typedef struct eval_work {
  aus_ctx *ctx;
  const aus_eval_subject *s;
  const aus_eval_config *config;
  aus_evaluation *out;
} eval_work;

/* What a measure cannot do without. */
enum { EVAL_HIDE = 1, EVAL_EXPLAIN = 2, EVAL_RANDOM = 4, EVAL_OTHER = 8, EVAL_INSIDE = 16, EVAL_COMPLETE = 32, EVAL_LOUD = 64, EVAL_TIME = 128 };

typedef struct eval_row {
  const char *name, *summary;
  uint32_t needs;
  aus_status (*run)(eval_work *w);
} eval_row;
extern const eval_row eval_rows[]; /* measures.c; ends with name NULL */

/* One more number of the evaluation; "exact" when over is NULL (then lo and hi are ignored). */
void eval_put(eval_work *w, const char *name, int better, double value, double lo, double hi, const char *over);

/* product[draws], drop[draws] of random sets of hidden cells: coins (infidelity) or subsets of a fixed size (faithfulness correlation). */
aus_status eval_draws(aus_ctx *ctx, const aus_eval_subject *s, const aus_eval_config *config, bool coins, double *product, double *drop);

/* robust.c */
aus_status eval_sensitivity(eval_work *w);
aus_status eval_mprt(eval_work *w);
aus_status eval_logit(eval_work *w);

#endif
