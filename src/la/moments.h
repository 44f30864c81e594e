/* moments.h - weighted first and second moments of rows of zeros and ones: all that a linear fit needs to know of them.
 *
 *   W = sum pi,  zbar = sum pi z / W,  G = sum pi (z - zbar)(z - zbar)'
 *   ybar = sum pi y / W,  c = sum pi (z - zbar)(y - ybar),  v = sum pi (y - ybar)^2
 *
 * Ridge, least squares, selection, BayLIME and every bootstrap replicate are functions of (G, c, v) alone, so a table
 * is read once per set of weights. */
#ifndef AUS_MOMENTS_H
#define AUS_MOMENTS_H

#include "core/core.h"

typedef struct aus_moments {
  int32_t d, labels;
  int64_t rows;
  double weight;  /* W */
  double *zbar;   /* [d] */
  double *gram;   /* [d][d] G, both triangles */
  double *ybar;   /* [labels] */
  double *zy;     /* [labels][d] c */
  double *yy;     /* [labels] v */
  float *block;   /* working memory where d is large */
} aus_moments;

aus_status aus_moments_alloc(aus_ctx *ctx, int32_t d, int32_t labels, aus_moments *m);
void aus_moments_free(aus_ctx *ctx, aus_moments *m);

/* z[rows][d], pi[rows] (NULL: all ones), y[rows][labels]. Allocates nothing, so that the threads of a bootstrap may
 * call it, one m each. Double throughout up to AUS_MOMENTS_EXACT components; above, blocks of rows in single precision,
 * added in double (1e-6 of G's diagonal). A constant y gives v = 0 exactly. */
enum { AUS_MOMENTS_EXACT = 48 };
void aus_moments_of(aus_ctx *ctx, int64_t rows, const uint8_t *z, const double *pi, const float *y, aus_moments *m);

/* The same in double for any d, by counting bits, where pi depends on the number of ones of a row only, as LIME's kernels
 * do; falls back to aus_moments_of where it does not. Errors: AUS_EINVAL (a weight that is negative or not
 * finite, all of them zero, a score that is not finite), AUS_ENOMEM. */
aus_status aus_moments_by_count(aus_ctx *ctx, int64_t rows, const uint8_t *z, const double *pi, const float *y, aus_moments *m);

/* ---- between moments.c and moments_count.c ---- */

/* zy[labels][d], yy and the lower triangle of gram are raw sums over z and y - ybar: makes them the centred ones. */
void aus_moments_centre(aus_moments *m);
/* Adds the sums to what is zero; *done is false, and nothing was written, where rows of equal counts differ in weight. */
aus_status aus_moments_count_sums(aus_ctx *ctx, int64_t rows, const uint8_t *z, const double *pi, const float *y, aus_moments *m, bool *done);

#endif
