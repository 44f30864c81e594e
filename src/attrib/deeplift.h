/* deeplift.h - DeepLIFT's multipliers as rules of a walk (deeplift.c has the method, the equations stand in deeplift_*.c). */
#ifndef AUS_DEEPLIFT_H
#define AUS_DEEPLIFT_H

#include "attrib/attrib.h"

typedef enum deeplift_mode { DEEPLIFT_RESCALE, DEEPLIFT_REVEALCANCEL, DEEPLIFT_GENOMICS, DEEPLIFT_GRADIENT } deeplift_mode;

/* A nonlinearity under RevealCancel: its positive and negative multiplier per element, found before the walk. */
typedef struct deeplift_parts { float *positive, *negative; } deeplift_parts;

enum { DEEPLIFT_RULES = 14 };

typedef struct deeplift {
  aus_ctx *ctx;
  deeplift_mode mode;
  bool max_gradient;         /* pooling by the gradient instead of the cross maximum */
  int32_t lanes;             /* 2 where positive and negative parts go apart */
  deeplift_parts *parts;     /* [steps] */
  int32_t n_steps;
  aus_rule rule[DEEPLIFT_RULES];
  int32_t refused;           /* a node without a rule, -1 */
  char refused_op[24];
} deeplift;

/* For aus_walk_config: user is the deeplift. A node that no rule fits is remembered in refused. */
const aus_rule *deeplift_rule_of(void *user, const aus_run *run, const aus_step *step);
void deeplift_make_rules(deeplift *d);

/* ---- deeplift_split.c: RevealCancel ----------------------------------------------------------------- */

bool deeplift_reveals(const deeplift *d, const aus_run *run, const aus_step *step);
/* Both runs have been forwarded. Fills parts of every node that deeplift_reveals. */
aus_status deeplift_split(deeplift *d, const aus_run *run, const aus_run *ref);
/* The positive and negative part of how a value changed, added up apart by the layer that made it. */
aus_status deeplift_split_value(aus_ctx *ctx, const aus_run *run, const aus_run *ref, int32_t value, float *positive, float *negative);
void deeplift_free_parts(deeplift *d);

/* ---- what rules share ---------------------------------------------------------------------------------- */

/* A call with other operands. */
typedef struct deeplift_twin { aus_call call; aus_operand in[8], out[1]; } deeplift_twin;
bool deeplift_twin_of(const aus_call *call, deeplift_twin *t); /* false: too many operands */

/* Smaller differences are rounding: below 1e-7 [Shrikumar17], or two units in the last place. */
static inline bool deeplift_differs(float x, float ref)
{
  const float d = x - ref, a = x < 0 ? -x : x, b = ref < 0 ? -ref : ref, size = a > b ? a : b;
  return (d < 0 ? -d : d) > 1e-7f + 2.4e-7f * size;
}

/* deeplift_norm.c */
void deeplift_softmax(const aus_rule *rule, const aus_visit *v);
void deeplift_layer_norm(const aus_rule *rule, const aus_visit *v);
size_t deeplift_norm_scratch(const aus_rule *rule, const aus_visit *v);
/* One row: n values, `step` apart, of the input, the reference and m; e, f: [n] to work in. */
void deeplift_softmax_row(int64_t n, int64_t step, const float *x, const float *ref, const float *m, float *to, bool logarithm, double *e, double *f);

/* deeplift_recurrent.c, deeplift_attention.c */
void deeplift_recurrent(const aus_rule *rule, const aus_visit *v);
size_t deeplift_recurrent_scratch(const aus_rule *rule, const aus_visit *v);
void deeplift_attention(const aus_rule *rule, const aus_visit *v);
size_t deeplift_attention_scratch(const aus_rule *rule, const aus_visit *v);

#endif
