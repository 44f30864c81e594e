/* perturb.h - explanations that only ask: hide parts of the input, see what becomes of the score. Internal.
 *
 *   perturb_occlusion.c  windows that slide over the grid; single cells (ablation)
 *   perturb_rise.c       random smooth masks
 *   perturb_tree.c       a binary tree over cells          perturb_owen.c  Owen values along it
 *   perturb_shapley.c    Shapley values: exact, kernel, permutations
 *   perturb_asked.c      the arrays of a network as a field; over it, as methods of attribution:
 *   perturb_question.c   ablation, Shapley and Owen values; perturb_windows.c  occlusion, RISE; perturb_exchange.c  permuted features
 *   perturb_sound.c      all of them over the sound or its spectrogram, for any model
 *
 * Each fills value[labels][cells] of a field (src/explain/field.h) and knows nothing else. */
#ifndef AUS_PERTURB_H
#define AUS_PERTURB_H

#include "explain/field.h"

/* ---- occlusion -------------------------------------------------------------------------------- */

typedef struct perturb_windows {
  int64_t window[AUS_FIELD_RANK], stride[AUS_FIELD_RANK]; /* per axis of the field's grid, 1 to its length */
  bool keep; /* keep the window and replace the rest: value is then f itself, not a drop */
} perturb_windows;
int64_t perturb_window_count(const aus_field *f, const perturb_windows *w);
aus_status perturb_occlusion(aus_field *f, const perturb_windows *w, double *value);
/* value = f(input) - f(input without the cell); 0 where the cell is constant. */
aus_status perturb_ablation(aus_field *f, double *value);

/* ---- RISE --------------------------------------------------------------------------------------- */

typedef struct perturb_rise_config {
  int64_t grid;       /* cells of a mask along each of the last two axes; never more than the axis has */
  double p;           /* of a cell staying on */
  int64_t samples;    /* masks */
  bool centred;       /* E[f | on] - E[f | off] instead of E[f | on] */
  uint64_t seed;
} perturb_rise_config;
/* se[labels][cells]: standard error over the masks; NULL: not wanted. */
aus_status perturb_rise(aus_field *f, const perturb_rise_config *config, double *value, double *se);
/* Mask number `row`: what perturb_rise asks about. */
aus_status perturb_rise_mask(const aus_field *f, const perturb_rise_config *config, int64_t row, float *mask);

/* ---- trees and Owen values ------------------------------------------------------------------------ */

/* Nodes 0 to leaves - 1 are the cells, leaves + i is the i-th join, the last one the root. A node's leaves are
 * order[begin[node]] to order[end[node] - 1]. */
typedef struct perturb_tree {
  int32_t leaves, nodes;
  int32_t (*child)[2];   /* [nodes - leaves] */
  int32_t *begin, *end;  /* [nodes] */
  int32_t *order;        /* [leaves] */
} perturb_tree;
/* Halves the longest of the last two axes of the grid (the first of equals), leading axes when those are done. */
aus_status perturb_tree_of_grid(const aus_field *f, perturb_tree *t);
/* join[leaves - 1][2] as scipy's linkage. AUS_EINVAL unless each node but the root is joined exactly once, after it was made. */
aus_status perturb_tree_of_joins(aus_ctx *ctx, int32_t leaves, const int32_t (*join)[2], perturb_tree *t);
void perturb_tree_free(aus_ctx *ctx, perturb_tree *t);

typedef struct perturb_owen_config {
  int64_t max_evals;    /* scores asked for, at least 2 */
  int fixed_context;    /* -1: both contexts; 0, 1: that one alone */
} perturb_owen_config;
aus_status perturb_owen(aus_field *f, const perturb_tree *t, const perturb_owen_config *config, double *value);

/* ---- Shapley values -------------------------------------------------------------------------------- */

typedef enum perturb_shapley_way { PERTURB_EXACT, PERTURB_KERNEL, PERTURB_PERMUTATION } perturb_shapley_way;
typedef struct perturb_shapley_config {
  perturb_shapley_way way;
  int64_t samples;      /* KERNEL: rows (0: 2 M + 2048); PERMUTATION: orders, made even, 4 at least (0: 20) */
  uint64_t seed;
} perturb_shapley_config;
/* se[labels][cells]: sampling error, 0 when exact; may be NULL. KERNEL and PERMUTATION are exact where 2^M rows are as cheap. */
aus_status perturb_shapley(aus_field *f, const perturb_shapley_config *config, double *value, double *se);

#endif
