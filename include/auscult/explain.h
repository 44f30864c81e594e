/* auscult/explain.h - the components and explanation nouns, and the explainers.
 *
 * components   n named parts of one input that can be switched on and off
 * explanation  per target: a signed weight per component with an interval, how well
 *              the surrogate fits, and the values that need no surrogate at all
 *              (Shapley, alone, without) */
#ifndef AUSCULT_EXPLAIN_H
#define AUSCULT_EXPLAIN_H

#include <auscult/audio.h>
#include <auscult/model.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Where a component lies: source index (-1: none), time in seconds, band in Hz. */
typedef struct aus_place { int32_t source; double t0, t1, f0, f1; } aus_place;

/* An interpretable representation of one input: x(z) = off + sum z_i part_i, and
 * x(1...1) is the input itself. All memory is owned by the struct. */
typedef struct aus_components {
  aus_ctx *ctx;
  int32_t n, rate, channels;
  int64_t samples;
  char **name;        /* [n] */
  aus_place *place;   /* [n] */
  aus_part *part;     /* [n] deltas against off */
  float *off;         /* NULL: silence */
  float *whole;       /* the input, [channels][samples] */
  char kind[64];      /* "stems", "hpss", "time-frequency tiles", ... */
  char baseline[16];  /* what an absent component is replaced with: "silence", "mean", ... */
  /* time-frequency maps (tiles, superpixels): label[frames][bins] = component, else NULL */
  int32_t *label; int32_t label_frames, label_bins; double label_hop_s, label_bin_hz;
} aus_components;

AUS_API void aus_components_free(aus_components *c); /* a zeroed one is fine */
AUS_API aus_mixes aus_components_mixes(const aus_components *c);
/* out[channels][samples] = the parts with keep[i] != 0 (deltas only, off not added). */
AUS_API void aus_components_render(const aus_components *c, const uint8_t *keep, float *out);

/* How the input is cut in time. Points are in seconds, ascending. */
typedef enum aus_segmentation { AUS_SEGMENTS_EQUAL, AUS_SEGMENTS_ONSETS, AUS_SEGMENTS_BEATS, AUS_SEGMENTS_TIMES } aus_segmentation;
typedef struct aus_segments {
  aus_segmentation kind;
  int32_t n;             /* EQUAL: how many; TIMES: how many points; ONSETS, BEATS: at most so many segments (0: all) */
  const double *times;   /* TIMES only */
  double crossfade_s;    /* 0.01 by default; fades of neighbours add to one */
} aus_segments;

typedef enum aus_baseline { AUS_BASELINE_ZERO, AUS_BASELINE_MIN, AUS_BASELINE_MEAN, AUS_BASELINE_MAX, AUS_BASELINE_NOISE, AUS_BASELINE_SHUFFLE, AUS_BASELINE_BINMEAN } aus_baseline;

/* What becomes of input - sum(stems), so that all components on is the input. */
enum {
  AUS_RESIDUAL_FOLD = 0,      /* it is always there: part of off */
  AUS_RESIDUAL_COMPONENT = 1, /* one more source, "residual"; the default to offer */
  AUS_RESIDUAL_DROP = 2       /* as the first audioLIME: whole is the sum of the stems, not the input */
};

/* Sources x time. stems[n_stems] share rate, length and channels with input (the channels are averaged
 * to mono when the model hears mono: convert first); the residual is left out where it is
 * below 1e-6 of the input's peak. segments may be NULL (one segment). Component s * sources + c is source c
 * in segment s. Errors: AUS_EINVAL (stems that do not match, points out of order), AUS_ENOMEM. */
AUS_API aus_status aus_components_stems(aus_ctx *ctx, const aus_audio *input, const aus_audio *stems,
                                        const char *const *names, int32_t n_stems, int residual,
                                        const aus_segments *segments, aus_components *out);
/* Time only (audioLIME TimeOnly, SLIME temporal). */
AUS_API aus_status aus_components_time(aus_ctx *ctx, const aus_audio *input, const aus_segments *segments,
                                       aus_components *out);
/* Tiles of the STFT (SLIME time-frequency), n_time x n_freq; every bin belongs to one tile, those left over by
 * the division to the last one. Component t * n_freq + f. An absent tile keeps the input's phase and takes the baseline's
 * magnitude: 0; the smallest, mean or largest of all bins; noise = U(0,1) times the largest, drawn per bin; shuffle =
 * a permutation of all bins; binmean = each bin's own mean over time [Mishra20]. */
AUS_API aus_status aus_components_tiles(aus_ctx *ctx, const aus_audio *input, int32_t n_time, int32_t n_freq,
                                        aus_baseline baseline, uint64_t seed, aus_components *out);
/* Superpixels of the log spectrogram. */
typedef enum aus_superpixel { AUS_SUPERPIXEL_SLIC, AUS_SUPERPIXEL_FELZENSZWALB } aus_superpixel;
AUS_API aus_status aus_components_superpixels(aus_ctx *ctx, const aus_audio *input, aus_superpixel method,
                                              int32_t n_wanted, aus_baseline baseline, uint64_t seed,
                                              aus_components *out);

typedef enum aus_distance { AUS_DISTANCE_COSINE, AUS_DISTANCE_EUCLIDEAN, AUS_DISTANCE_HAMMING } aus_distance;
typedef enum aus_surrogate { AUS_SURROGATE_WLS, AUS_SURROGATE_RIDGE, AUS_SURROGATE_BAYLIME, AUS_SURROGATE_GLIME, AUS_SURROGATE_SHAPLEY } aus_surrogate;
typedef enum aus_selection { AUS_SELECT_NONE, AUS_SELECT_FORWARD, AUS_SELECT_HIGHEST, AUS_SELECT_LASSO, AUS_SELECT_AUTO } aus_selection;
typedef enum aus_scale { AUS_SCALE_SCORE, AUS_SCALE_LOGIT } aus_scale;

/* How Shapley values are found when the neighbourhood is not exhaustive (then they are exact and this is ignored). */
typedef enum aus_shapley_method { AUS_SHAPLEY_KERNEL, AUS_SHAPLEY_PERMUTATION, AUS_SHAPLEY_NONE } aus_shapley_method;

/* Settings of audioLIME; aus_lime_defaults fills them. Symbols as in [Haunschmid20]. */
typedef struct aus_lime_config {
  int64_t samples;          /* N; 0: exhaustive when 2^d <= 4096, else 2048 drawn; N >= 2^d is exhaustive too */
  int force_exhaustive;     /* whatever 2^d is, up to d = 20 */
  int paired;               /* draw z and 1-z together; 1 */
  aus_distance distance;    /* cosine */
  double kernel_width;      /* 0: as aus_lime_kernel_width says (cosine: 0.25) */
  aus_surrogate surrogate;  /* WLS; RIDGE is LIME's own (alpha 1) */
  double alpha;             /* ridge and GLIME; 1 */
  aus_selection selection;  /* NONE */
  int32_t n_features;       /* for selection; 0: all */
  aus_scale scale;
  int32_t bootstrap;        /* resamples for intervals, 0: none; 200 */
  int32_t stability_runs;   /* repeats for rank stability when sampled; 5 */
  uint64_t seed;
  const int32_t *targets; int32_t n_targets; /* which to explain; NULL: all */
  /* below: zero is the default */
  aus_shapley_method shapley;
  int64_t shapley_samples;  /* rows evaluated for sampled Shapley values; 0: as many as the neighbourhood has */
  double glime_sigma;       /* sigma of GLIME's law, P(on) = 1 / (1 + exp(-1/sigma^2)); 0: 1 */
  double noise_precision, prior_precision; /* BayLIME; 0: fitted [MacKay92] */
  const double *prior_mean; /* BayLIME's mu0 [n_components]; NULL: 0 */
  int stability_fresh;      /* repeats draw and predict anew (costs runs - 1 more neighbourhoods) instead of resampling */
} aus_lime_config;
AUS_API void aus_lime_defaults(aus_lime_config *config);
/* The width that LIME uses for this distance: cosine and Hamming 0.25, Euclidean 0.75 sqrt(d). */
AUS_API double aus_lime_kernel_width(aus_distance distance, int32_t d);

/* One component's part in one target's answer. NaN where not computed. */
typedef struct aus_weight {
  double weight, lo, hi;     /* surrogate's weight with its 95 % interval; weight 0 = lo = hi when not selected */
  double shapley, shapley_se;/* exact (se 0) or sampled */
  double banzhaf;
  double alone, without;     /* f({i}) and f(all but i) */
} aus_weight;

/* One target's answer spread over the input: signed, and in units of the target's score where the method is complete.
 * Made by explainers that attribute to the input itself (gradients, LRP, occlusion, ...), not to components. */
typedef struct aus_map {
  int64_t frames;
  int32_t bands;             /* value[frames][bands]; bands 1: over time only */
  float *value, *hz;         /* hz[bands]: centres in Hz; NULL when bands is 1 */
  double hop_s;              /* from frame to frame; frame 0 is centred at 0 s */
  double cell_s, cell_hz;    /* what one independent value covers: the true resolution (a Grad-CAM cell is many frames) */
  char domain[16];           /* "samples", "bands" (the model's own), "bins" (of its STFT), "tiles" */
} aus_map;

/* Everything is on the scale asked for (config.scale), so that sums hold; raw_score is the model's own number. */
typedef struct aus_target_explanation {
  int32_t target;            /* index in the model's targets */
  char *name;
  double score, score_none;  /* f(input), f(nothing on); NaN when not evaluated */
  double intercept, r2, local_prediction;
  double complexity;         /* entropy of |w|, base n: 0 one component, 1 uniform */
  double stability;          /* mean rank correlation (Spearman) over repeats, 1 when exhaustive */
  double additivity_gap;     /* sum(shapley) - (score - score_none) */
  aus_weight *weight;        /* [n_components] */
  double *interaction;       /* [n][n] pairwise Shapley interaction, diagonal the main effects: a row's diagonal plus half
                              * the rest is the Shapley value; NULL unless exhaustive */
  double raw_score;          /* f(input) before any logit */
  aus_map map;               /* frames 0: none */
  double vsi, csi;           /* [Visani20], 0 to 100: same top components, overlapping intervals; 100 when exhaustive */
} aus_target_explanation;

typedef struct aus_explanation {
  aus_ctx *ctx;
  char method[32];
  int32_t n_components, n_targets;
  char **component;          /* [n_components] */
  aus_place *place;
  aus_target_explanation *target; /* [n_targets] */
  int exhaustive;
  int64_t n_rows;            /* the table of what was evaluated */
  uint8_t *z;                /* [n_rows][n_components] */
  float *y;                  /* [n_rows][n_targets], on the chosen scale */
  aus_lime_config config;    /* as used (targets pointer NULL) */
  char interval[24];         /* "bootstrap 95 %", "posterior 95 %", "sampling 95 %", "exact" */
  int64_t n_neighbourhood;   /* the first rows of z: what the surrogate was fitted to; the rest serve alone, without, Shapley */
  int64_t n_predicted;       /* distinct rows, each evaluated once */
  double effective_rows;     /* (sum pi)^2 / sum pi^2 of the neighbourhood: a kernel that leaves few rows shows here */
} aus_explanation;

/* Explains what the model says about components->whole. */
AUS_API aus_status aus_lime_explain(aus_ctx *ctx, aus_model *model, const aus_components *components,
                                    const aus_lime_config *config, aus_explanation *out);
AUS_API void aus_explanation_free(aus_explanation *e);

#ifdef __cplusplus
}
#endif
#endif
