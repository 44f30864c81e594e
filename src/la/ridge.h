/* ridge.h - weighted ridge regression from moments, for any choice of components. */
#ifndef AUS_RIDGE_H
#define AUS_RIDGE_H

#include "la/la.h"
#include "la/moments.h"

/* The components a fit may use: n ascending indices, or use NULL for all d (n = d). */
typedef struct aus_subset { int32_t n; const int32_t *use; } aus_subset;
static inline int32_t aus_subset_at(aus_subset s, int32_t i) { return s.use ? s.use[i] : i; }
bool aus_subset_same(aus_subset a, aus_subset b);

/* (G + alpha I) of a subset, factored: shared by all labels. Lives in scratch[aus_ridge_scratch(d)]. */
typedef struct aus_ridge {
  aus_subset subset;
  aus_pinv inverse;
  double *spread;          /* [n] diag(A^-1 G A^-1), when asked for; else NULL */
  double *column, *more;   /* [n] scratch */
} aus_ridge;
size_t aus_ridge_scratch(int32_t d); /* doubles */
void aus_ridge_factor(const aus_moments *m, aus_subset subset, double alpha, bool spread, double *scratch, aus_ridge *r);

/* coef[d] of one label, 0 outside the subset. se[d] (NULL: not wanted; needs spread): the standard errors
 * s^2 (A^-1 G A^-1), s^2 = rss / (rows - n - 1) [Visani20]. */
void aus_ridge_solve(const aus_ridge *r, const aus_moments *m, int32_t label, double *coef, double *se);

/* What coef leaves: intercept ybar - w . zbar, residual sum of squares, and R2 (a constant score is fitted, 1, or not, 0,
 * as scikit-learn has it). */
double aus_ridge_intercept(const aus_moments *m, int32_t label, const double *coef);
double aus_ridge_rss(const aus_moments *m, int32_t label, const double *coef);
double aus_ridge_r2(const aus_moments *m, int32_t label, const double *coef);

#endif
