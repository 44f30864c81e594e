/* lrp_rules.h - rules as data: what a line of a rules file says. */
#ifndef AUS_LRP_RULES_H
#define AUS_LRP_RULES_H

#include "attrib/lrp.h"

/* What can be done at a node. Which of them fit which op: lrp_fit.c. */
typedef enum aus_lrp_kind {
  /* linear maps with weights (lrp_linear.c) */
  AUS_LRP_ZERO, AUS_LRP_EPSILON, AUS_LRP_GAMMA, AUS_LRP_GAMMA_CLASSIC, AUS_LRP_ZPLUS, AUS_LRP_WPLUS, AUS_LRP_ALPHABETA, AUS_LRP_WSQUARE,
  AUS_LRP_FLAT, AUS_LRP_BOX,
  /* anything */
  AUS_LRP_PASS, AUS_LRP_NORM, AUS_LRP_STOP, AUS_LRP_GRADIENT,
  /* maxima */
  AUS_LRP_WINNER, AUS_LRP_SPLIT,
  /* products of two computed values */
  AUS_LRP_SIGNAL, AUS_LRP_HALF, AUS_LRP_PROP, AUS_LRP_ABS,
  /* transformers */
  AUS_LRP_TAYLOR, AUS_LRP_DETACH, AUS_LRP_ATTNLRP, AUS_LRP_CPLRP,
  /* batch norm */
  AUS_LRP_FOLD,
  AUS_LRP_N_KINDS
} aus_lrp_kind;

/* How a denominator is kept from 0. */
typedef enum aus_lrp_stab {
  AUS_LRP_SIGNED,   /* z + eps sgn(z), sgn(0) = 1: zennit, captum, LRP toolbox, Arras */
  AUS_LRP_SAFE,     /* the same, but where z is 0 nothing passes: iNNvestigate's safe divide */
  AUS_LRP_UNSIGNED, /* z + eps: lxt */
  AUS_LRP_CLIP      /* sgn(z) max(|z|, eps): zennit's clip */
} aus_lrp_stab;

typedef struct aus_lrp_spec {
  aus_lrp_kind kind;
  double p[2];              /* gamma; alpha, beta; low, high */
  double eps;
  aus_lrp_stab stab;
  bool norm_scale;          /* eps times the root mean square of z of the item: zennit's norm_scale */
  bool no_bias, no_weights; /* zero_params */
  bool plain_bias;          /* a rule that changes weights leaves the bias as it is: captum; iNNvestigate's alpha-beta */
  double bias_factor;       /* share of bias and eps that is spread over the inputs (Arras: 0, or 1 to check) */
  aus_lrp_kind rest;        /* fold: what batch norm does where it cannot be folded */
} aus_lrp_spec;

typedef struct aus_lrp_line {
  char *key;                /* an op, a group of ops, "first", "front", "all", or a pattern of node names */
  bool pattern;
  bool preset;              /* comes from a preset: need not meet a node */
  int32_t line;
  aus_lrp_spec spec;
} aus_lrp_line;

typedef struct aus_lrp_rules { int32_t n; aus_lrp_line *line; int32_t start_line, start, other; } aus_lrp_rules; /* start: aus_lrp_start */

/* Parses text; AUS_EINVAL with "NAME, line N: ...". Free in any case. */
aus_status aus_lrp_rules_parse(aus_ctx *ctx, const char *name, const char *text, aus_lrp_rules *out);
void aus_lrp_rules_free(aus_ctx *ctx, aus_lrp_rules *rules);
const char *aus_lrp_kind_name(aus_lrp_kind kind);

/* Whether word names a group of ops (docs/lrp.md lists them) or an op: then it is no name of a node. */
bool aus_lrp_is_group(const char *word);

/* Shell-like: '*' any text, '?' one character. */
bool aus_lrp_matches(const char *pattern, const char *name);

#endif
