/* work.h - one explanation in the making, shared by the steps that need all of it. Internal. */
#ifndef AUS_LIME_WORK_H
#define AUS_LIME_WORK_H

#include "lime/lime.h"

typedef struct lime_work {
  aus_ctx *ctx;
  aus_model *model;
  const aus_components *c;
  aus_lime_config config;   /* kernel_width filled in */
  int32_t *target;          /* [labels] */
  double *raw;              /* [labels] */
  int32_t labels;
  lime_table table;
  aus_moments moments;
  aus_subset *subset;      /* [labels] */
  int32_t *use;             /* [labels][d], what the subsets point to */
  aus_explanation *out;
} lime_work;

/* The linear models of all labels: coef[labels][d] and a standard deviation each; scratch[aus_ridge_scratch(d)]. */
aus_status lime_fit_labels(lime_work *w, const aus_moments *m, double *coef, double *sd, double *scratch);

/* Fills stability, vsi and csi of every target (repeat.c). */
aus_status lime_stability(lime_work *w);

#endif
