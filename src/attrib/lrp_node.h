/* lrp_node.h - what the files of LRP share: a node with its rule, and the pieces that rules are made of. */
#ifndef AUS_LRP_NODE_H
#define AUS_LRP_NODE_H

#include "attrib/lrp.h"
#include "attrib/lrp_rules.h"

/* What a node does, as far as relevance is concerned. */
typedef enum aus_lrp_family {
  AUS_LRP_LINEAR,     /* conv, conv_transpose, linear, matmul by a constant: one computed operand, weights, bias */
  AUS_LRP_BILINEAR,   /* the same with two computed operands */
  AUS_LRP_SUM,        /* add, sub */
  AUS_LRP_PRODUCT,    /* mul of two computed values */
  AUS_LRP_SCALE,      /* mul or div by a constant */
  AUS_LRP_RATIO,      /* div by a computed value */
  AUS_LRP_ELEMENT,    /* one value in, one out: activations, prelu, pow by a constant, max with a constant */
  AUS_LRP_MEAN,       /* averages, sums, norms: homogeneous functions */
  AUS_LRP_MAXPOOL, AUS_LRP_MAX,
  AUS_LRP_MOVE,       /* values change place, are repeated or dropped */
  AUS_LRP_BATCHNORM, AUS_LRP_NORMALISE, AUS_LRP_SOFTMAX, AUS_LRP_ATTENTION, AUS_LRP_RECURRENT,
  AUS_LRP_TEST,       /* comparisons: piecewise constant */
  AUS_LRP_UNKNOWN,
  AUS_LRP_N_FAMILIES
} aus_lrp_family;

enum { AUS_LRP_MAX_TAIL = 4 };

typedef struct aus_lrp_node {
  aus_rule rule;                              /* what the walk sees; user: this node */
  void (*apply)(const aus_rule *rule, const aus_visit *visit); /* rule.apply clears the books, then calls it */
  aus_lrp *lrp;
  const aus_step *step;
  aus_lrp_family family;
  aus_lrp_spec spec;
  bool on_way;                                /* lies between `to` and `from` */
  bool own;                                   /* the op's own backward does it */
  bool folded;                                /* a batch norm or bias that a linear node has taken over */
  int32_t data, weights, bias;                /* operands of a linear node; bias -1: none */
  const aus_step *tail[AUS_LRP_MAX_TAIL];     /* steps folded in behind, the nearest first */
  int32_t n_tail;
  const aus_step *head;                       /* batch norm folded in before */
  const aus_step *pad;                        /* constant padding in a node of its own, right before */
  int32_t seen;                               /* its place in the books, -1: not visited yet */
  aus_lrp_entry entry;
} aus_lrp_node;

struct aus_lrp {
  aus_ctx *ctx;
  aus_run *run;
  int32_t from, skipped, n_to, n_seen;        /* slots; skipped -1: none */
  aus_lrp_start start;                        /* as the rules say */
  int32_t other;
  const char *const *to;
  const float *low, *high;
  int64_t n_box;
  aus_lrp_node *node;                         /* [n_steps] */
  int32_t *seen;                              /* [n_steps] steps in the order of the way back */
  bool *computed;                             /* [n_slots] depends on an input */
};

/* ---- which rules fit which ops (lrp_fit.c) ------------------------------------------------------------------ */

aus_lrp_family aus_lrp_family_of(const aus_lrp *lrp, const aus_step *step);
/* Where a linear layer stands: the first of all, the first convolution, with no other before it. */
typedef struct aus_lrp_stand { bool first, first_conv, front; } aus_lrp_stand;
/* Fills node->spec from the rules; AUS_EINVAL, AUS_ENOTSUP. */
aus_status aus_lrp_choose(aus_lrp_node *node, const aus_lrp_rules *rules, const char *name, aus_lrp_stand stand);
const char *aus_lrp_node_name(const aus_lrp_node *node);
bool aus_lrp_matched(const aus_lrp *lrp, const aus_lrp_line *line); /* some node has that name */
bool aus_lrp_is_computed(const aus_lrp *lrp, int32_t slot);
/* The step that made the value of this slot, past nodes that only move values; NULL: none. */
const aus_step *aus_lrp_origin(const aus_lrp *lrp, int32_t slot);

/* ---- canonisation (lrp_fold.c) --------------------------------------------------------------------------------- */

void aus_lrp_fold_nodes(aus_lrp *lrp);
int64_t aus_lrp_channels(const aus_lrp_node *node);                  /* output channels of a linear node */
int64_t aus_lrp_fold_floats(const aus_lrp_node *node);               /* room that fold needs */
/* The weights and bias that stand for the node and what is folded into it: *w and *b point into room, or at the operands
 * where there is nothing to fold; *b NULL: no bias. */
void aus_lrp_fold(const aus_lrp_node *node, float *room, const float **w, const float **b);

/* ---- rules (one file each): attach says what the walk calls ------------------------------------------------------ */

void aus_lrp_attach_linear(aus_lrp_node *node);
void aus_lrp_attach_sum(aus_lrp_node *node);         /* norm, pass, stop, gradient, winner for any op that they fit */
void aus_lrp_attach_split(aus_lrp_node *node);
void aus_lrp_attach_product(aus_lrp_node *node);
void aus_lrp_attach_normalise(aus_lrp_node *node);
void aus_lrp_attach_softmax(aus_lrp_node *node);
void aus_lrp_attach_attention(aus_lrp_node *node);
void aus_lrp_attach_recurrent(aus_lrp_node *node);

static inline aus_lrp_node *aus_lrp_node_of(const aus_rule *rule) { return (aus_lrp_node *)(uintptr_t)rule->user; }

/* ---- pieces (lrp_pieces.c) ------------------------------------------------------------------------------------------ */

/* Scratch given out in parts; base NULL: only counts. */
typedef struct aus_lrp_room { unsigned char *base; size_t used; bool over; } aus_lrp_room;
float *aus_lrp_take(aus_lrp_room *room, int64_t floats);
void *aus_lrp_take_bytes(aus_lrp_room *room, size_t bytes);
size_t aus_lrp_total(const aus_lrp_room *room); /* SIZE_MAX when over */

/* s = weight r / stab(factor z), 0 where mask says so: sign(y) must be that of mask (0: no mask). items: of dim 0, for norm_scale. */
typedef struct aus_lrp_divide { const aus_lrp_spec *spec; const float *r, *z, *y; double weight, factor; int mask; } aus_lrp_divide;
void aus_lrp_divide_run(aus_ctx *ctx, const aus_lrp_divide *d, int64_t items, int64_t n, float *s);
/* The stabilised denominator itself. eps already scaled. */
double aus_lrp_stabilise(aus_lrp_stab stab, double eps, double z);

void aus_lrp_multiply(aus_ctx *ctx, int64_t n, const float *a, const float *b, float *dst); /* dst = a b, in place too */
void aus_lrp_add_product(aus_ctx *ctx, int64_t n, float sign, const float *a, const float *b, float *dst); /* dst += sign a b */
void aus_lrp_scale(aus_ctx *ctx, int64_t n, const float *a, float k, float *dst);
double aus_lrp_dot(aus_ctx *ctx, int64_t n, const float *a, const float *b);
double aus_lrp_sum(aus_ctx *ctx, int64_t n, const float *a);

/* diff_src[k] = share r, summed over the copies where operand k was broadcast; scratch: the visit's. */
void aus_lrp_hand_on(const aus_visit *visit, int32_t k, float share, const float *r);
size_t aus_lrp_hand_on_scratch(const aus_visit *visit, int32_t k);

static inline int64_t aus_lrp_count(const aus_operand *o) { return aus_shape_count(&o->shape); }
static inline int64_t aus_lrp_items(const aus_operand *o) { return o->shape.rank ? o->shape.dim[0] : 1; }

#endif
