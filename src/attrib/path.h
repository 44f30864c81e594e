/* path.h - the way of integrated gradients: what path.c (the method and fixed rules), path_cut.c (pieces) and path_secant.c share. */
#ifndef AUS_ATTRIB_PATH_H
#define AUS_ATTRIB_PATH_H

#include "attrib/attrib.h"

typedef struct path {
  const aus_question *q;
  aus_walk *walk;
  int64_t n;
  float *from, *to, *at, *grad;  /* [n] the two ends, where we stand, the gradient there */
  double *sum;                   /* [n] of weight * gradient */
  double *alpha, *score;         /* [items] */
  double *f_from, *f_to;         /* [items] */
  int64_t steps;                 /* ways back */
} path;

/* The floats of one item: stretch k of aus_path_stretches is [*begin, *end). */
int32_t aus_path_stretches(const path *p);
void aus_path_stretch(const path *p, int32_t item, int32_t k, int64_t *begin, int64_t *end);

/* Moves every item to its alpha; the score there; the gradient and the score. */
void aus_path_move(path *p);
aus_status aus_path_score(path *p);
aus_status aus_path_gradient(path *p);

/* Pieces of five nodes, cut at kinks. open[items]: true where the way turned out to have more kinks than pieces, nothing was
 * added to sum; patient: never gives up, spends its budget. */
aus_status aus_path_cut(path *p, bool patient, bool *open, aus_attribution *out);

/* Secants, for the items that are open: `pieces` of them, or as many as the map needs (0). *refused: a node has no rule. */
aus_status aus_path_secant(path *p, int32_t pieces, const bool *open, bool *refused, aus_attribution *out);

#endif
