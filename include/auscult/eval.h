/* auscult/eval.h - is an explanation true? Measures of faithfulness, robustness, complexity, place and sanity.
 *
 * An explanation is a number per cell of an input (sample, tile, pixel). What the measures need of the model comes as functions:
 * hide cells and score, explain another input, explain with other weights. Formulas, defaults and pitfalls: docs/evaluate.md. */
#ifndef AUSCULT_EVAL_H
#define AUSCULT_EVAL_H

#include <auscult/bundle.h>

#ifdef __cplusplus
extern "C" {
#endif

/* ---- numbers with an interval ----------------------------------------------------------------- */

/* A measured value, its 95 % interval and what that is taken over. NaN where not defined. */
typedef struct aus_measure {
  char name[32];
  double value, lo, hi;
  int better;       /* 1: higher is better, -1: lower is better, 0: neither */
  char over[16];    /* the interval is over "draws", "cells", "frames", "layers", "inputs"; "exact": nothing was drawn */
} aus_measure;

/* Percentile bootstrap [Efron93]: stat(user, n, pick) of n indices drawn with replacement, `resamples` times. */
typedef double (*aus_statistic_fn)(void *user, int64_t n, const int64_t *pick);
AUS_API aus_status aus_eval_bootstrap(aus_ctx *ctx, int64_t n, int64_t resamples, uint64_t seed, aus_statistic_fn stat, void *user,
                                      double *lo, double *hi);
/* The same for a mean. value[n]; one value: lo = hi = value. */
AUS_API aus_status aus_eval_mean(aus_ctx *ctx, int64_t n, const double *value, uint64_t seed, double *mean, double *lo, double *hi);

/* ---- measures of an explanation alone: a[n] --------------------------------------------------------- */

AUS_API aus_status aus_eval_gini(aus_ctx *ctx, int64_t n, const float *a, double *out); /* of |a|: 0 spread evenly, 1 - 1/n in one cell [Chalasani20] */
AUS_API double aus_eval_entropy(int64_t n, const float *a);                          /* of |a| / sum |a|, natural logarithm [Bhatt20] */
AUS_API int64_t aus_eval_effective(int64_t n, const float *a, double eps);           /* how many |a| > eps max |a| [Nguyen20] */
/* |sum a - (score - score_none)| / max(|score - score_none|, |score|, |score_none|): at most 1e-4 counts as complete. */
AUS_API double aus_eval_completeness(int64_t n, const float *a, double score, double score_none);

/* ---- two explanations --------------------------------------------------------------------------------- */

AUS_API aus_status aus_eval_spearman(aus_ctx *ctx, int64_t n, const float *a, const float *b, int absolute, double *out); /* equals share ranks; NaN when one is constant and the other not */
AUS_API double aus_eval_pearson(int64_t n, const double *a, const double *b);
/* Structural similarity of images [h][w], uniform windows of 7 (or what fits), range: largest - smallest of the pair [Wang04]. */
AUS_API double aus_eval_ssim(int64_t h, int64_t w, const float *a, const float *b);

/* ---- place: does relevance lie where it should? inside[n]: 1 where an event is ----------------------------- */

AUS_API double aus_eval_pointing(int64_t n, const float *a, const uint8_t *inside);      /* 1 when the largest a lies inside [Zhang18] */
AUS_API double aus_eval_mass(int64_t n, const float *a, const uint8_t *inside);          /* share of positive relevance inside [Arras22] */
AUS_API aus_status aus_eval_rank(aus_ctx *ctx, int64_t n, const float *a, const uint8_t *inside, double *out); /* share of the |inside| largest that lie inside [Arras22] */
AUS_API aus_status aus_eval_auc(aus_ctx *ctx, int64_t n, const float *a, const uint8_t *inside, double *out);  /* area under the ROC curve, ties halved */

/* ---- hiding cells -------------------------------------------------------------------------------------------- */

typedef enum aus_eval_fill { AUS_EVAL_ZERO, AUS_EVAL_NOISE, AUS_EVAL_LINE, AUS_EVAL_FILLS } aus_eval_fill; /* the baseline; local noise; a line between neighbours */
typedef enum aus_eval_order { AUS_EVAL_DOWN, AUS_EVAL_UP, AUS_EVAL_ABSOLUTE, AUS_EVAL_AMPLITUDE, AUS_EVAL_RANDOM } aus_eval_order;

/* Scores of n versions of the input: mask[n][cells] is 1 where a cell is itself, 0 where it is replaced; score[n]. */
typedef aus_status (*aus_eval_hide_fn)(void *user, aus_eval_fill fill, int64_t n, const float *mask, double *score);
/* The explanation of another input: signal[samples] -> value[cells]. */
typedef aus_status (*aus_eval_explain_fn)(void *user, const float *signal, float *value);
/* The explanation when layer `layer` (cascading: and all above it) of the network is random. draw:
 * another random network. */
typedef aus_status (*aus_eval_random_fn)(void *user, int32_t layer, int cascading, uint64_t draw, float *value);
/* The explanation of another target than the one explained, the draw-th. */
typedef aus_status (*aus_eval_other_fn)(void *user, uint64_t draw, float *value);

/* What is judged. Functions that are NULL: measures that need them are not available (AUS_ENOTSUP says which). */
typedef struct aus_eval_subject {
  int32_t rank;             /* cells lie in a grid, time first where there is time */
  int64_t dim[6], cells;
  const float *value;       /* [cells] the explanation */
  const float *input;       /* [cells] what is explained; NULL: cells are no numbers */
  const float *amplitude;   /* [cells] how loud each cell is, for that order; NULL: |input| */
  int per_unit;             /* value is per unit of the input (a gradient), not a share of the score */
  const float *signal;      /* [samples] what `explain` takes and max-sensitivity disturbs; NULL: input */
  int64_t samples;
  const float *baseline;    /* [cells] what AUS_EVAL_ZERO replaces with; NULL: 0. Only for per_unit */
  double score, score_none; /* f(input), f(baseline) */
  int complete;             /* the method promises that values sum to score - score_none */
  const uint8_t *inside;    /* [cells] where events are; NULL: none given */
  aus_eval_hide_fn hide;
  aus_eval_explain_fn explain;
  aus_eval_random_fn random;
  int32_t layers;           /* for random */
  aus_eval_other_fn other;
  void *user;               /* handed to all of them */
} aus_eval_subject;

/* order[cells]: which cell goes first. Equals in the order of the cells. AUS_ENOTSUP: no amplitude. */
AUS_API aus_status aus_eval_sort(aus_ctx *ctx, const aus_eval_subject *s, aus_eval_order order, uint64_t seed, int64_t *which);

/* Scores along the way: point k has the first fraction[k] of the cells replaced (insertion: the only ones not replaced); point 0 is the start. */
typedef struct aus_eval_curve { int32_t n; double fraction[128], score[128]; } aus_eval_curve;
AUS_API aus_status aus_eval_trace(aus_ctx *ctx, const aus_eval_subject *s, const int64_t *which, aus_eval_fill fill, int insert, int32_t steps,
                                  aus_eval_curve *out);
AUS_API double aus_eval_area(const aus_eval_curve *c);                 /* trapezoids, over fractions 0 to 1 */
AUS_API double aus_eval_aopc(const aus_eval_curve *c);                 /* mean over all points of score[0] - score[k] [Samek17] */

/* ---- infidelity ---------------------------------------------------------------------------------------------- */

/* product[n] = I . a and drop[n] = f(x) - f(x - I) of each perturbation: mean (product - drop)^2; scaled: product times the factor
 * that fits best, first [Yeh19]. */
AUS_API double aus_eval_infidelity(int64_t n, const double *product, const double *drop, int scaled);
/* ||a - b|| (b NULL: ||a||): p 1 sums magnitudes, 2 is Euclid's, 0 the largest magnitude. */
AUS_API double aus_eval_norm(int64_t n, const float *a, const float *b, int p);
/* ||a - b|| / ||a||, the norm of a taken as 1 where it is 0. */
AUS_API double aus_eval_distance(int64_t n, const float *a, const float *b);

/* ---- random networks ------------------------------------------------------------------------------------------- */

/* Layers that learn, counted from the output down; the node's name, NULL past the end. */
AUS_API int32_t aus_eval_layers(const aus_bundle *bundle);
AUS_API const char *aus_eval_layer_name(const aus_bundle *bundle, int32_t layer);
/* The bytes of a bundle with random parameters in this layer (cascading: and in all above it): *out, as long as bytes, 64-byte aligned. Matrices and kernels: Gaussian of the same root mean square; vectors: shuffled. */
AUS_API aus_status aus_eval_randomise(aus_ctx *ctx, const void *bytes, size_t size, int32_t layer, int cascading, uint64_t seed, void **out);
AUS_API void aus_eval_randomise_free(aus_ctx *ctx, void *bytes);

/* ---- separated sources ---------------------------------------------------------------------------------------- */

/* SI-SDR in dB [LeRoux19]: a s against a s - e, a = <e, s> / <s, s>. No mean is removed. inf: e is s times a number; -inf: nothing of s
 * is in e; NaN: one of them is silent. */
AUS_API double aus_eval_si_sdr(int64_t n, const float *estimate, const float *reference);

/* BSS Eval 3 [Vincent06] in dB: sdr, sir and sar of a filtered reference (mir_eval's bss_eval_sources; for several channels
 * the sir, sar and isr of bss_eval_images), and snr = |s|^2 / |e - s|^2 (its sdr for images). NaN: the reference is silent. */
typedef struct aus_bss { double sdr, sir, sar, isr, snr; } aus_bss;
/* Estimate j is judged against reference j (no permutation), the other references being the interferers. reference[n], estimate[n]: each
 * [channels][samples]. taps: 512 as published; 1 is the plain projection on (target, interferers). Beside the sounds memory does not grow
 * with their length. Errors: AUS_EINVAL (sizes; references that are copies of one another), AUS_ENOMEM, AUS_ECANCELED. */
AUS_API aus_status aus_eval_bss(aus_ctx *ctx, int32_t taps, int32_t channels, int64_t samples, int32_t n, const float *const *reference,
                                const float *const *estimate, aus_bss *out);

/* ---- all of it --------------------------------------------------------------------------------------------------- */

typedef struct aus_eval_config {
  const char *metrics;     /* names with commas; NULL: all that the subject allows */
  int32_t steps;           /* of curves; 20, at most 127 */
  int32_t draws;           /* of infidelity, faithfulness correlation; 100 */
  int32_t seeds;           /* random orders, random networks; 5 */
  int32_t perturbed;       /* inputs of max-sensitivity; 10 */
  double radius;           /* of max-sensitivity, times the largest |input|; 0.02 */
  double subset;           /* share of the cells that faithfulness correlation hides; 0.2 */
  aus_eval_fill fill;      /* of deletion, insertion, aopc, infidelity, faithfulness correlation */
  uint64_t seed;
} aus_eval_config;
AUS_API void aus_eval_defaults(aus_eval_config *config);

typedef struct aus_evaluation { int32_t n; aus_measure measure[64]; aus_eval_curve deletion, insertion; } aus_evaluation;

/* Errors: AUS_EINVAL (no such measure), AUS_ENOTSUP (named measure that the subject does not allow), those of its functions. */
AUS_API aus_status aus_eval_run(aus_ctx *ctx, const aus_eval_subject *s, const aus_eval_config *config, aus_evaluation *out);
AUS_API const char *aus_eval_name(int32_t i);    /* of the measures that can be asked for, NULL past the end */
AUS_API const char *aus_eval_summary(int32_t i); /* each in a line */
/* Means of n evaluations of different inputs, with intervals over inputs. Measures that not all have are left out. */
AUS_API aus_status aus_eval_merge(aus_ctx *ctx, int32_t n, const aus_evaluation *e, uint64_t seed, aus_evaluation *out);

#ifdef __cplusplus
}
#endif
#endif
