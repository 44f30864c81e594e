/* labels.c - the linear surrogates of all labels. They are fitted to the same rows with the same weights, so they share
 * the factor of G + alpha I unless a selection gave them different components. */
#include "lime/lime.h"

void lime_ridges(const aus_moments *m, const aus_subset *subset, double alpha, double *coef, double *sd, double *scratch)
{
  aus_ridge r;
  for (int32_t k = 0; k < m->labels; k++) {
    if (k == 0 || !aus_subset_same(subset[k], subset[k - 1])) aus_ridge_factor(m, subset[k], alpha, sd != NULL, scratch, &r);
    aus_ridge_solve(&r, m, k, coef + (int64_t)k * m->d, sd ? sd + (int64_t)k * m->d : NULL);
  }
}
