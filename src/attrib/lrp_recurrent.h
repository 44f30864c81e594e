/* lrp_recurrent.h - what the walk through time (lrp_recurrent.c) and the cells (lrp_cells.c) share. */
#ifndef AUS_LRP_RECURRENT_H
#define AUS_LRP_RECURRENT_H

#include "attrib/lrp_node.h"

typedef struct aus_lrp_layer {
  const aus_lrp_spec *spec;
  aus_ctx *ctx;
  int32_t op;
  int64_t t, mb, in, hidden, dirs, gates, wide, rows; /* wide: gates * hidden; rows: t * mb */
  bool batch_first, late, relu;                       /* late: a GRU whose reset gate comes behind the product; relu: of an rnn */
  const float *w, *r, *bias;                          /* of the direction at hand; bias [2 wide] or NULL */
  float *x;                                           /* [t][mb][in] in the order of the walk */
  float *pre, *s;                                     /* [rows][wide] before the activations; R / stab of it */
  float *h, *c, *q;                                   /* [t + 1][mb][hidden] states; [rows][hidden] U h + b' of a late GRU */
  float *rh, *rc, *rh_new, *rc_new;                   /* [mb][hidden] relevance of the states */
  float *sh, *gather;                                 /* [mb][wide] s as h sees it; [rows][in] or [mb][hidden] */
  double *even;                                       /* [rows] what each input of a step gets of bias and epsilon (bias_factor) */
  void *gemm;
  aus_lrp_entry *books;
} aus_lrp_layer;

/* Fills pre, h, c, q of step i (states i to i + 1); pre holds W x + b already, without the late bias. */
void aus_lrp_cell_forward(const aus_lrp_layer *l, int64_t i);
/* From rh, rc (of state i + 1) to s, rh_new, rc_new (of state i) and even. */
void aus_lrp_cell_back(const aus_lrp_layer *l, int64_t i);

#endif
