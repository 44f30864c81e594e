/* auscult/fidelity.h - does an interpreter say what the classifier says, and does the classifier still say it of the masked sound?
 *
 * The scores of Listen to Interpret [Parekh22] and of mask decoders [Paissan24], random baselines, and paired tests of methods over clips.
 * Arrays are borrowed; scores are row-major [clips][classes]; NaN where a number is not defined. Formulas: docs/l2i-evaluate.md. */
#ifndef AUSCULT_FIDELITY_H
#define AUSCULT_FIDELITY_H

#include <auscult/core.h>

#ifdef __cplusplus
extern "C" {
#endif

/* ---- one clip heard whole, masked in and masked out ------------------------------------------------ */

/* c is the class explained; p probabilities (softmax), z logits; in: of M*X, out: of (1 - M)*X. */
typedef struct aus_masked {
  double ai;          /* 100 when p_c(in) > p_c, else 0                            higher is better */
  double ad;          /* 100 max(0, p_c - p_c(in)) / p_c                           lower */
  double ag;          /* 100 max(0, p_c(in) - p_c) / (1 - p_c)                     higher */
  double ff;          /* p_c - p_c(out)                                            higher */
  double ff_logit;    /* z_c - z_c(out)                                            higher */
  double fid_in;      /* 1 when argmax z(in) = c                                   higher */
  double ad_speechbrain;     /* AD as SpeechBrain computes it: softmax of what are probabilities already */
  double fid_in_speechbrain; /* Fid-In as its L2I recipe computes it: 1 when argmax z(in) is class 0 */
} aus_masked;

/* logits[classes] of the three sounds; target < 0: the class that the whole sound scores highest (the first of equals). */
AUS_API aus_status aus_eval_masked(aus_ctx *ctx, int64_t classes, const float *logits, const float *logits_in, const float *logits_out,
                                   int64_t target, aus_masked *out);
/* Means (or medians) over n clips, field by field. */
AUS_API void aus_eval_masked_mean(int64_t n, const aus_masked *clip, aus_masked *out);
AUS_API aus_status aus_eval_masked_median(aus_ctx *ctx, int64_t n, const aus_masked *clip, aus_masked *out);

/* ---- two judges of the same clips --------------------------------------------------------------------- */

/* Share of clips whose highest score of `model` is among the k highest of `interpreter` (equals in order of class) [Parekh22]. */
AUS_API double aus_eval_top_k(int64_t n, int64_t classes, const float *model, const float *interpreter, int64_t k);
/* Cohen's kappa of two labellings in [0, classes): agreement beyond chance, so ten classes compare with fifty [Cohen60]. */
AUS_API aus_status aus_eval_kappa(aus_ctx *ctx, int64_t n, int64_t classes, const int32_t *a, const int32_t *b, double *out);

/* ---- several labels a clip: truth[n][classes] is 0 or 1 -------------------------------------------------- */

typedef struct aus_detection {
  double macro_auprc, micro_auprc; /* average precision: sum (R_i - R_(i-1)) P_i, steps; macro over classes that occur */
  double max_f1;                   /* of all decisions together, over all thresholds */
} aus_detection;
AUS_API aus_status aus_eval_detection(aus_ctx *ctx, int64_t n, int64_t classes, const uint8_t *truth, const float *score, aus_detection *out);
/* The same as Listen to Interpret counts it: only these thresholds (descending), precision and recall with 1e-9 in the denominator, (0, P_first) in front and (R_last, 0)
 * behind, trapezoids. */
AUS_API aus_status aus_eval_detection_sweep(aus_ctx *ctx, int64_t n, int64_t classes, const uint8_t *truth, const float *score, int32_t thresholds,
                                            const double *threshold, aus_detection *out);

/* ---- random baselines -------------------------------------------------------------------------------------- */

/* weight[n] = 1 for as many components as are selected[n], drawn from those that are not (all of them when they are fewer), else 0. */
AUS_API aus_status aus_eval_random_count(aus_ctx *ctx, int64_t n, const uint8_t *selected, uint64_t seed, uint64_t item, float *weight);
/* The energy that weights of components let through; rises with every weight. */
typedef double (*aus_energy_fn)(void *user, int64_t n, const float *weight);
/* weight[n] in [0, 1]: whole components in random order, the last one in part, so that energy(weight) = energy (1e-3 relative, or all of them). */
AUS_API aus_status aus_eval_random_energy(aus_ctx *ctx, int64_t n, double energy, aus_energy_fn of, void *user, uint64_t seed, uint64_t item, float *weight);
/* mask[n] from relevance: the bins of highest value (of equals the first) that hold `share` of all energy[n], the last one in part (its amplitude
 * scaled); so masks of different methods are compared at the same energy. Bins without energy after the last are 0. */
AUS_API aus_status aus_eval_keep_energy(aus_ctx *ctx, int64_t n, const float *value, const float *energy, double share, float *mask);

/* ---- two methods on the same clips: two-sided tests ------------------------------------------------------------ */

typedef struct aus_paired {
  int64_t n;            /* pairs that count (Wilcoxon leaves out equals) */
  double difference;    /* mean of a - b */
  double statistic, p;  /* t, or the smaller sum of signed ranks */
  int exact;            /* Wilcoxon: p by counting, else by the normal curve */
} aus_paired;
AUS_API aus_status aus_eval_paired_t(aus_ctx *ctx, int64_t n, const double *a, const double *b, aus_paired *out);
/* Exact up to 50 pairs without ties or zeros; else normal with the tie correction and no continuity correction [Wilcoxon45]. */
AUS_API aus_status aus_eval_wilcoxon(aus_ctx *ctx, int64_t n, const double *a, const double *b, aus_paired *out);

#ifdef __cplusplus
}
#endif
#endif
