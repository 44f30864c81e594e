/* lrp.h - layer-wise relevance propagation [Bach15]: the start of a walk, a rule for each of its nodes, and the books.
 *
 * What the walk carries is the relevance R itself (not R / x), so its diff at a value IS that value's relevance.
 * In this order:
 *
 *   char *text; aus_lrp *lrp;
 *   aus_lrp_rules_text(ctx, "zennit:EpsilonPlusFlat", &text);      a preset, a file, or rules written in place
 *   run: made with AUS_RUN_KEEP; its inputs filled, forward run
 *   aus_lrp_create(ctx, run, &(aus_lrp_config){ .rules = text }, &lrp);
 *   aus_walk_config walk = { 0 }; aus_lrp_use(lrp, &walk);          fills from, to, rule_of, observe, user
 *   aus_walk_create(ctx, run, &walk, &w);
 *   aus_lrp_seed(lrp, w, AUS_LRP_LOGIT, target, NULL);              relevance at the start
 *   aus_walk_run(w); aus_walk_diff(w, i, 0, &dims);                 relevance of to[i]
 *   aus_lrp_balance(lrp), aus_lrp_account(lrp, i)                   where it went
 *
 * Nothing is written into the bundle: folded and modified weights live in the walk's scratch. One lrp serves one walk. */
#ifndef AUS_LRP_H
#define AUS_LRP_H

#include "nn/walk.h"

typedef struct aus_lrp aus_lrp;

typedef struct aus_lrp_config {
  const char *rules;            /* text of rules (docs/lrp.md), borrowed until create returns; NULL: the preset "epsilon" */
  const char *rules_name;       /* stands before line numbers in errors; NULL: "rules" */
  const char *from;             /* where it starts, a value or a node; NULL: output 0, before a softmax or sigmoid at its end */
  const char *const *to;        /* values whose relevance is wanted, borrowed; NULL, 0: all inputs of the graph */
  int32_t n_to;
  const float *low, *high;      /* of the box rule per element of one item of the layer's input, borrowed; NULL: the rule's numbers */
  int64_t n_box;
} aus_lrp_config;

/* The run must have AUS_RUN_KEEP; forward need not have run yet. Errors, one line that names node, op and what would work:
 * AUS_EINVAL (text of the rules, with its line; a node that is not there; a rule that does not fit its op),
 * AUS_ENOTSUP (an op without a rule), AUS_ENOMEM. */
aus_status aus_lrp_create(aus_ctx *ctx, aus_run *run, const aus_lrp_config *config, aus_lrp **out);
void aus_lrp_destroy(aus_lrp *lrp); /* NULL is fine */

/* Fills from, to, n_to, rule_of, observe and user; the rest of *walk stays. */
void aus_lrp_use(aus_lrp *lrp, aus_walk_config *walk);
const char *aus_lrp_from(const aus_lrp *lrp);    /* the value where it starts */
const char *aus_lrp_skipped(const aus_lrp *lrp); /* the softmax or sigmoid at the end that was left out; NULL: none */

/* ---- rules ----------------------------------------------------------------------------------------------------- */

/* The text that `what` stands for, owned by the caller (aus_free): the name of a preset; rules in place ("conv = gamma 0.25;
 * linear = epsilon 1e-6"), recognised by their '='; else a file. AUS_EIO, AUS_EINVAL (neither: the presets are listed). */
aus_status aus_lrp_rules_text(aus_ctx *ctx, const char *what, char **text);
/* Whether text can be parsed; what it says of nodes is not looked at. */
aus_status aus_lrp_rules_check(aus_ctx *ctx, const char *name, const char *text);
int32_t aus_lrp_n_presets(void);
const char *aus_lrp_preset_name(int32_t i);
const char *aus_lrp_preset_text(const char *name); /* NULL: no such preset */

/* ---- the start --------------------------------------------------------------------------------------------------- */

typedef enum aus_lrp_start {
  AUS_LRP_LOGIT,       /* the value at the target, 0 elsewhere */
  AUS_LRP_ONE,         /* 1 at the target */
  AUS_LRP_CONTRASTIVE, /* f_c at the target c, -f_c p_k / (1 - p_c) at the others, p = softmax(f): sums to 0 */
  AUS_LRP_DIFFERENCE,  /* f_c at the target, -f_d at the other target */
  AUS_LRP_ALL          /* the value everywhere, as zennit does when not told otherwise */
} aus_lrp_start;

/* The start that the rules ask for (`start = ...`), AUS_LRP_LOGIT when they say nothing; *other: the other target, -1: none. */
aus_lrp_start aus_lrp_rules_start(const aus_lrp *lrp, int32_t *other);
/* seed[n] of one item whose values are f[n]. target -1: all of them, each as the target (a contrastive start or a difference needs one).
 * AUS_EINVAL: out of range. */
aus_status aus_lrp_seed_item(aus_ctx *ctx, aus_lrp_start start, int64_t n, const float *f, int32_t target, int32_t other, float *seed);
/* Writes the walk's seed from what forward left. Dim 0 counts items; target[item] and other[item] are flat indices into one item.
 * AUS_EINVAL: out of range. (Any other start: write into aus_walk_seed.) */
aus_status aus_lrp_seed(aus_lrp *lrp, aus_walk *walk, aus_lrp_start start, const int32_t *target, const int32_t *other);

/* ---- the books: where relevance went ---------------------------------------------------------------------------------- */

/* One node: out = in + bias + stabiliser + state + other, up to rounding (error = out less the rest). */
typedef struct aus_lrp_entry {
  const char *node, *op, *rule;
  double out;        /* relevance that came to what the node wrote */
  double in;         /* relevance that the rule gave to what it read */
  double bias;       /* share of biases and constants */
  double stabiliser; /* share of epsilon, and of units whose denominator was 0 */
  double state;      /* left on the initial states of a recurrent net that is no value of the graph, or no wanted one */
  double other;      /* absorbed on purpose (softmax's Taylor bias), or sent to a value that nobody asked for */
  double error;
  double size;       /* sum of |R| that came in: what error is to be compared with */
} aus_lrp_entry;

/* In the order of the way back; valid after aus_walk_run, until the next. NULL: i is out of range. */
int32_t aus_lrp_n_accounts(const aus_lrp *lrp);
const aus_lrp_entry *aus_lrp_account(const aus_lrp *lrp, int32_t i);
/* End to end: out is the relevance at the start, in what reached `to`, the shares are the sums over all nodes. */
aus_lrp_entry aus_lrp_balance(const aus_lrp *lrp, const aus_walk *walk);
/* The table as text, owned by the caller (aus_free); NULL: no memory. */
char *aus_lrp_report(const aus_lrp *lrp, const aus_walk *walk);

#endif
