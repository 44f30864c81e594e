/* lime.h - the steps of audioLIME as functions. Internal.
 *
 *   neighbourhood.c  which rows z to evaluate            kernel.c    how near a row is to the input
 *   labels.c         the linear fits of all labels
 *   select.c         which components may be used        baylime.c   Bayesian ridge
 *   bootstrap.c      intervals                           stability.c, repeat.c  would another draw say the same
 *   shapley.c        exact, from all 2^d rows            kernelshap.c, permutation.c  sampled
 *   explain.c        puts the steps in order
 *
 * The weighted sums that every fit reads, and the ridge itself, are la/moments.h and la/ridge.h. */
#ifndef AUS_LIME_INTERNAL_H
#define AUS_LIME_INTERNAL_H

#include <auscult/explain.h>

#include "core/core.h"
#include "la/ridge.h"

enum {
  LIME_MAX_COMPONENTS = 4096,
  LIME_MAX_EXHAUSTIVE = 20,   /* components */
  LIME_BUDGET = 4096,         /* rows: exhaustive up to here by default */
  LIME_DRAWN = 2048,          /* rows drawn beyond */
  LIME_MAX_INTERACTIONS = 16  /* components up to which all pairs are summed */
};

/* Streams of random numbers: item = stream << 40 | index. */
enum { LIME_STREAM_ROWS = 1, LIME_STREAM_BOOTSTRAP, LIME_STREAM_STABILITY, LIME_STREAM_KERNELSHAP, LIME_STREAM_PERMUTATION };
aus_rng lime_rng(uint64_t seed, int stream, int64_t index);

/* What was, or is to be, evaluated. Rows: first the neighbourhood, then - unless it holds them already - nothing on,
 * each alone, all but each, and the rows of sampled Shapley values. */
typedef struct lime_table {
  int32_t d, labels;
  bool exhaustive, paired;
  int64_t rows, n_nb;        /* all; the neighbourhood */
  int64_t row_none, row_alone, row_without; /* first row of each; -1 in an exhaustive table */
  int64_t row_shapley, n_shapley; /* sampled Shapley rows; 0 of them: none */
  uint8_t *z;                /* [rows][d] */
  double *pi;                /* [n_nb] */
  float *y;                  /* [rows][labels], on the chosen scale */
} lime_table;

/* ---- neighbourhood.c ---- */

/* 2^d, or INT64_MAX when that is more than any budget. */
int64_t lime_power(int32_t d);
/* Gray code from all on: row r differs from row r - 1 in one component. z[2^d][d]. */
void lime_gray(int32_t d, uint8_t *z);
/* Row 0 all on; then fair bits (p_on 0.5), paired with their complements when asked. z[n][d]. */
void lime_draw(uint64_t seed, int64_t n, int32_t d, double p_on, bool paired, uint8_t *z);

/* ---- table.c ---- */

/* Decides between exhaustive and drawn, fills z and pi; y is left for lime_evaluate. width > 0. */
aus_status lime_table_make(aus_ctx *ctx, int32_t d, const aus_lime_config *config, lime_table *t);
/* y by one call of the model for all rows and targets. target[labels] are indices of the model's; raw[labels] receives
 * the scores of the input before any logit. */
aus_status lime_evaluate(aus_ctx *ctx, aus_model *model, const aus_components *c, const int32_t *target, int32_t labels,
                         aus_scale scale, lime_table *t, double *raw);
void lime_table_free(aus_ctx *ctx, lime_table *t);

/* ---- kernel.c ---- */

double lime_distance(aus_distance distance, int32_t on, int32_t d);   /* of a row with `on` ones to all ones */
double lime_kernel(double distance, double width);                    /* exp(-D^2 / 2 width^2) */
int32_t lime_count(int32_t d, const uint8_t *z);
double lime_logit(double p);

/* ---- labels.c: ridges of all labels; labels with the same subset share one factor. sd may be NULL; coef, sd [labels][d] ---- */
void lime_ridges(const aus_moments *m, const aus_subset *subset, double alpha, double *coef, double *sd, double *scratch);

/* ---- select.c: fills use (room for d) and *n ---- */
aus_status lime_select(aus_ctx *ctx, const aus_moments *m, int32_t label, aus_selection method, int32_t n_features,
                       int32_t *use, int32_t *n);

/* ---- baylime.c ---- */
typedef struct lime_prior { double noise, precision; const double *mean; } lime_prior; /* 0: fitted; NULL: 0 */
aus_status lime_baylime(aus_ctx *ctx, const aus_moments *m, int32_t label, aus_subset subset, lime_prior prior,
                        double *coef, double *sd);

/* ---- bootstrap.c ---- */

/* Bayesian bootstrap weights: pi times independent Exp(1) per row, one draw per pair of a paired table. */
void lime_reweight(const lime_table *t, uint64_t seed, int stream, int64_t replicate, double *pi);
/* lo, hi [labels][d] from n replicates; subset[labels]. */
aus_status lime_bootstrap(aus_ctx *ctx, const lime_table *t, const aus_subset *subset, double alpha, int32_t n,
                          uint64_t seed, double *lo, double *hi);

/* ---- shapley.c ---- */

/* Shapley, Banzhaf, alone, without (weight[d]) and pairwise interaction [d][d] (may be NULL) of one
 * label, from an exhaustive table. */
void lime_shapley(const lime_table *t, int32_t label, aus_weight *weight, double *interaction);

/* ---- kernelshap.c, permutation.c: rows to add, and values with their standard errors from them ---- */
int64_t lime_kernelshap_rows(int32_t d, int64_t wanted);
void lime_kernelshap_draw(uint64_t seed, int32_t d, int64_t n, uint8_t *z);
aus_status lime_kernelshap(aus_ctx *ctx, const lime_table *t, int32_t label, aus_weight *weight);
int64_t lime_permutation_rows(int32_t d, int64_t wanted);
aus_status lime_permutation_draw(aus_ctx *ctx, uint64_t seed, int32_t d, int64_t n, uint8_t *z);
aus_status lime_permutation(aus_ctx *ctx, const lime_table *t, int32_t label, aus_weight *weight);

/* ---- stability.c ---- */

/* Runs of one label: coef[runs][d], se[runs][d]. Mean pairwise Spearman correlation, VSI and CSI. */
typedef struct lime_agreement { double spearman, vsi, csi; } lime_agreement;
aus_status lime_agree(aus_ctx *ctx, int32_t runs, int32_t d, int32_t top, const double *coef, const double *se,
                      lime_agreement *out);
double lime_entropy(int32_t d, const aus_weight *w); /* of |w| / sum |w|, base d */

#endif
