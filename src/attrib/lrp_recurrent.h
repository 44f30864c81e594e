/* lrp_recurrent.h - a recurrent layer replayed step by step: for relevance (lrp_recurrent.c, lrp_cells.c) and DeepLIFT (deeplift_recurrent.c). */
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

/* Sizes from the call; its memory at base (NULL: only how much), which must be as aligned as scratch is. */
aus_lrp_layer aus_lrp_layer_of(const aus_call *call);
size_t aus_lrp_layer_room(aus_lrp_layer *l, void *base);
/* Direction d forward: x, pre = W x + U h + b, and the states of all steps. */
void aus_lrp_layer_replay(aus_lrp_layer *l, const aus_call *call, int64_t d);
/* The time of step i; the row of time t and item b in an array [t, mb, n] or [mb, t, n]. */
int64_t aus_lrp_layer_time(const aus_lrp_layer *l, const aus_call *call, int64_t d, int64_t i);
int64_t aus_lrp_layer_row(const aus_lrp_layer *l, int64_t t, int64_t b);
/* Adds to rh, rc what reaches the states of step i from outside: dst, the diffs of the call's outputs (relevance, or multipliers of a lane). */
void aus_lrp_layer_outer(const aus_lrp_layer *l, const aus_visit *v, const float *const *dst, int64_t d, int64_t i);

/* Fills pre, h, c, q of step i (states i to i + 1); pre holds W x + b already, without the late bias. */
void aus_lrp_cell_forward(const aus_lrp_layer *l, int64_t i);
/* From rh, rc (of state i + 1) to s, rh_new, rc_new (of state i) and even. */
void aus_lrp_cell_back(const aus_lrp_layer *l, int64_t i);

#endif
