/* lrp_operands.h - a linear layer run again with other operands: what the rules of lrp_linear.c are made of. */
#ifndef AUS_LRP_OPERANDS_H
#define AUS_LRP_OPERANDS_H

#include "attrib/lrp_node.h"

/* What is made of an operand. MORE_POSITIVE: v + gamma max(v, 0). LOW, HIGH: the bounds of a box. */
typedef enum aus_lrp_change {
  AUS_LRP_NONE, AUS_LRP_AS_IS, AUS_LRP_POSITIVE, AUS_LRP_NEGATIVE, AUS_LRP_SQUARE, AUS_LRP_ONES, AUS_LRP_MORE_POSITIVE, AUS_LRP_MORE_NEGATIVE, AUS_LRP_LOW, AUS_LRP_HIGH
} aus_lrp_change;
typedef struct aus_lrp_term { aus_lrp_change x, w, b; float sign; } aus_lrp_term;

typedef struct aus_lrp_place {
  const aus_lrp_node *node;
  const aus_visit *visit;
  int64_t n_x, n_w, n_z, channels, inner;  /* inner: floats per channel that lie together in z */
  float *fold, *x, *w, *b, *z, *part, *s, *back;
  float *mask, *mask_src;                  /* 1, and 0 where a pad node put a constant; what that node is run on */
  float *total_b;                          /* biases of all terms of a branch, with their signs */
  void *op;                                /* scratch of forward and backward */
  const float *in, *weights, *bias;        /* operands with everything folded in */
  bool not_negative;                       /* no input is less than 0 */
} aus_lrp_place;

/* Sizes and addresses; base NULL: sizes only. Returns the bytes. */
size_t aus_lrp_place_lay_out(const aus_lrp_node *node, const aus_visit *visit, void *base, aus_lrp_place *place);
/* Folds what is folded into the node, looks at its inputs. */
void aus_lrp_place_fill(aus_lrp_place *place);

void aus_lrp_forward(const aus_lrp_place *p, const float *x, const float *w, const float *b, float *z);          /* b NULL: none */
void aus_lrp_backward(const aus_lrp_place *p, const float *x, const float *w, const float *s, float *back);      /* back = J(w)' s */

/* The operands of a term: what is there already, or made in the place's x, w, b. */
const float *aus_lrp_input_of(const aus_lrp_place *p, const aus_lrp_term *t);
const float *aus_lrp_weights_of(const aus_lrp_place *p, const aus_lrp_term *t);
const float *aus_lrp_bias_of(const aus_lrp_place *p, const aus_lrp_term *t); /* NULL: none. Adds it to total_b */

#endif
