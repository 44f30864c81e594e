/* auscult/global.h - many explanations of one model taken together: what it relies on over a set of songs.
 *
 * Weights come as a matrix W[n][d], one row per explanation, one column per component. A component that an explanation
 * does not have (a source that was silent) is NaN there: it is left out of its column's numbers and counts as 0 elsewhere.
 * All functions are pure: they keep nothing, and may be called from any thread. */
#ifndef AUSCULT_GLOBAL_H
#define AUSCULT_GLOBAL_H

#include <auscult/core.h>

#ifdef __cplusplus
extern "C" {
#endif

/* How one number is spread over explanations. Quantiles by linear interpolation (numpy's default). NaN where n is 0. */
typedef struct aus_spread {
  int64_t n;                 /* finite values */
  double mean, sd;           /* sd with n - 1; NaN when n < 2 */
  double q05, q25, q50, q75, q95, min, max;
  double mean_abs;           /* mean |w| */
  double root_sum;           /* sqrt(sum |w|): SP-LIME's importance [Ribeiro16] */
  double positive;           /* share of values above 0 */
} aus_spread;
/* x[n * stride], every stride-th. AUS_ENOMEM. */
AUS_API aus_status aus_global_spread(aus_ctx *ctx, int64_t n, const double *x, int64_t stride, aus_spread *out);

/* Per class of explanations [vanderLinden19], as MusicLIME has them: class_of[n] in [0, n_classes), results [n_classes][d].
 *   mean_abs     mean of |w| over the class's explanations that have the component
 *   root_sum     sqrt(sum |w|) over them
 *   homogeneity  root_sum times 1 - (H_j - Hmin) / (Hmax - Hmin), where H_j is the entropy of component j's root_sum over the
 *                classes: large where a component matters to few classes. With one class, or the same H for all: root_sum.
 * Any result may be NULL but root_sum. AUS_EINVAL (a class out of range), AUS_ENOMEM. */
AUS_API aus_status aus_global_classes(aus_ctx *ctx, int64_t n, int32_t d, const double *w, const int32_t *class_of, int32_t n_classes,
                                      double *mean_abs, double *root_sum, double *homogeneity);

/* SP-LIME's submodular pick [Ribeiro16, alg. 2]: importance I_j = sqrt(sum_i |W_ij|); then, one after the other, the explanation
 * whose non-zero components bring the most importance not covered yet. Where several bring the same (always, once all is
 * covered): the last one, as the reference does, or the one with the largest sum of I_j |W_ij|. */
typedef enum aus_pick_ties { AUS_PICK_LAST, AUS_PICK_STRONGEST } aus_pick_ties;
/* picks[budget] become row numbers, covered[budget] (may be NULL) the share of all importance covered by it and those before;
 * *n_picked is budget, or n when there are fewer. AUS_ENOMEM. */
AUS_API aus_status aus_global_picks(aus_ctx *ctx, int64_t n, int32_t d, const double *w, int32_t budget, aus_pick_ties ties,
                                    int64_t *picks, double *covered, int32_t *n_picked);
/* Keeps the k largest |w| of each row and sets the others to 0, as lime's num_features does before SP-LIME: explanations in which
 * every component weighs something would all cover everything. k < 1: nothing is changed. Of equal ones the first stay. */
AUS_API void aus_global_strongest(int64_t n, int32_t d, double *w, int32_t k);

/* Pearson's correlation of pairs that are both finite; NaN for fewer than two or when one never changes. */
AUS_API double aus_global_correlation(int64_t n, const double *x, const double *y);

#ifdef __cplusplus
}
#endif
#endif
