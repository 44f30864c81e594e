/* ridge_sums.h - the sums of a weighted ridge whose weights depend on the number of ones only. */
#ifndef AUS_RIDGE_SUMS_H
#define AUS_RIDGE_SUMS_H

#include "core/core.h"

struct aus_ridge_rows {
  int64_t rows;
  int32_t d, labels;
  const uint8_t *z;    /* [rows][d] */
  const double *pi;    /* [rows] */
  const float *y;      /* [rows][labels] */
  const double *ybar;  /* [labels] */
};

/* gram[d][d] (lower triangle) = sum pi z z', rhs[d][labels] = sum pi z (y - ybar), ss[labels] = sum pi (y - ybar)^2;
 * all zero on entry. *done is false, and nothing was written, when rows with equal counts have different weights. */
aus_status aus_ridge_sums_by_count(aus_ctx *ctx, const struct aus_ridge_rows *in, double *gram, double *rhs, double *ss, bool *done);

#endif
