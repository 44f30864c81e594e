/* auscult/attrib.h - attributions: how much each number of an input has to do with one score.
 *
 * Works on the arrays a network takes, before any front end, so that every number can be compared with another
 * library's. aus_attrib  a network (or any function) opened for given input shapes
 *            aus_attribution  the answer: one array per input, of the input's shape, and how well it adds up */
#ifndef AUSCULT_ATTRIB_H
#define AUSCULT_ATTRIB_H

#include <auscult/bundle.h>
#include <auscult/explain.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct aus_attrib aus_attrib;

/* Scores of all items: x[n_inputs] in the shapes given on opening -> scores[items][n_targets]. Non-zero: failed. */
typedef int (*aus_scores_fn)(void *user, const float *const *x, float *scores);

/* What to do; aus_attrib_defaults fills it. Zero or NULL means "as the method's own default" throughout. */
typedef struct aus_attrib_config {
  const char *method;       /* a name of aus_attrib_method_name; NULL: gradient */
  const char *target;       /* "3", a label, "1:0:2" (coordinates), "sum" (of all), "0,2,1" (one per item); NULL or "top1": each item's highest score */
  const char *from;         /* where the score is read: "output", "logits" (what a last softmax or sigmoid reads), or the name of a value; NULL: the method's own */
  const char *layer;        /* attribute to this inner value instead of the inputs; Grad-CAM and its like: the layer they read */
  const char *rules;        /* LRP: a preset or file; DeepLIFT: rescale, revealcancel, genomics */
  const float *const *baseline; /* [n_inputs], each [n_baselines][the input's shape without its first axis, when there are items]; NULL: zeros */
  int64_t n_baselines;      /* 1, one per item, or (expected gradients, DeepSHAP) a background set */
  int64_t steps;            /* of a path; 0: 50 */
  const char *quadrature;   /* gausslegendre, left, right, middle, trapezoid, adaptive; NULL: gausslegendre, adaptive where that leaves a gap */
  int64_t samples;          /* draws of noise, of baselines, of masks; 0: the method's own */
  double noise;             /* standard deviation of noise; below 0: -noise times the range (largest - smallest) of each item; 0: the method's own */
  int absolute;             /* |.| of the result */
  int no_inputs;            /* leave out the last multiplication with (input - baseline): multipliers */
  int relu;                 /* CAMs: keep the positive part only: 1 yes, -1 no; 0: as the paper */
  int layer_input;          /* the layer means what that node reads, not what it writes */
  int upsample;             /* CAMs: enlarged to the input; 0: the layer's own resolution */
  const char *interpolate;  /* CAMs: nearest, linear; NULL: nearest */
  int32_t time_axis;        /* CAMs: the axis of the input that a layer with one axis of space runs along; 0: the last */
  uint64_t seed;            /* of everything drawn */
  /* perturbation */
  const char *window, *stride; /* occlusion: "3", "2x3" (the last axes of the input); one per input with "," */
  const float *const *mask; /* [n_inputs] groups of features, whole numbers, of the shape of one item; NULL: each number is its own feature */
  const float *tree;        /* PartitionSHAP: joins [n_tree][2], as scipy's linkage numbers them; NULL: halves of the grid */
  int64_t n_tree;
  int keep;                 /* occlusion: keep the window and replace the rest (zennit) */
  int64_t grid;             /* RISE: cells per axis; 0: 7 */
  double probability;       /* RISE: of a cell staying; 0: 0.5 */
} aus_attrib_config;
AUS_API void aus_attrib_defaults(aus_attrib_config *config);

/* Where relevance went at one node, all items together: out = in + bias + stabiliser + state + other, up to rounding. */
typedef struct aus_account {
  char node[64], op[24], rule[24];
  double out, in;           /* what came to it, what it handed on */
  double bias, stabiliser;  /* what biases and epsilons kept */
  double state, other;      /* left on initial states of recurrent layers; absorbed on purpose */
  double error, size;       /* out less the rest; the sum of |relevance| that it is to be compared with */
} aus_account;

/* Everything is owned by the struct. NaN: not known. */
typedef struct aus_attribution {
  aus_ctx *ctx;
  char method[32], from[64];    /* from: the value at which the score was read */
  int32_t n, items;
  char (*name)[64];             /* [n] the inputs, or the layer */
  aus_dims *dims;               /* [n] */
  float **value;                /* [n] of these shapes */
  int32_t *target;              /* [items]; -1: the sum of all */
  double *score, *score_none;   /* [items] f(input), and f(baseline) where the method compares with one */
  double *sum, *gap;            /* [items] sum of the values; sum - (score - score_none) where the method promises that it is 0 */
  int64_t evaluations, walks;   /* of the network: forwards and ways back, batches counted once */
  int64_t steps;                /* of a path, as used (the most of any item) */
  aus_dims resolution;          /* of the map before it was enlarged to the input (CAMs, RISE); rank 0: the input's own */
  aus_account *account;         /* [n_accounts] LRP: from the score to the input; NULL */
  int32_t n_accounts;
  char note[512];               /* what a reader should know: where the score was read, what was refined, ... */
} aus_attribution;
AUS_API void aus_attribution_free(aus_attribution *attribution); /* a zeroed one is fine */

/* A network for inputs of these shapes, dims[inputs of the graph]. The bundle must outlive it. An input's first axis counts items when
 * the output's first axis is as long; items are explained independently of each other. Errors: AUS_EINVAL, AUS_ENOTSUP, AUS_ENOMEM. */
AUS_API aus_status aus_attrib_open(aus_ctx *ctx, aus_bundle *bundle, const aus_dims *dims, aus_attrib **out);
/* A black box: any function. Methods that need gradients answer AUS_ENOTSUP. */
AUS_API aus_status aus_attrib_open_function(aus_ctx *ctx, int32_t n_inputs, const aus_dims *dims, int32_t items, int32_t n_targets,
                                            aus_scores_fn fn, void *user, aus_attrib **out);
AUS_API void aus_attrib_close(aus_attrib *attrib);
AUS_API int32_t aus_attrib_items(const aus_attrib *attrib);

/* Explains x[n_inputs]. May be called again and again on one object, by one thread at a time. Errors: AUS_EINVAL (no such method, layer or
 * target; inputs that are not numbers; the text names what there is), AUS_ENOTSUP (a black box asked for gradients, an op without a
 * way back), AUS_ENOMEM, AUS_ECANCELED. */
AUS_API aus_status aus_attrib_run(aus_attrib *attrib, const float *const *x, const aus_attrib_config *config, aus_attribution *out);

/* ---- sound ----------------------------------------------------------------------------------- */

typedef enum aus_domain {
  AUS_DOMAIN_BANDS,   /* what the network takes: the front end's bands, or the samples of a waveform network */
  AUS_DOMAIN_BINS,    /* down the filterbank to the bins of its STFT, each band's share in proportion to weight x power */
  AUS_DOMAIN_SAMPLES  /* the true gradient through logarithm, bank and STFT: gradient, ixg and their like */
} aus_domain;

typedef struct aus_sound_config {
  aus_attrib_config attrib;            /* target, baseline and upsample are not read */
  const int32_t *targets; int32_t n_targets; /* NULL: all */
  aus_domain domain;
  const char *const *baseline; int32_t n_baselines; /* silence, mean (of each band over the patch), a number; NULL: silence. Several: a background set */
} aus_sound_config;

/* Explains what a network model says about mono sound at its rate, patch by patch: a score is the mean over patches, and
 * so is its map. out's targets hold a map each. components: what the first target's map marks positive and negative, cut out of the
 * sound by a soft mask (aus_map_part), and the rest; their weights are the map's sums under them. Errors: AUS_ENOTSUP (a black box; a
 * network that hears stems; a method that gives no map), as aus_attrib_run. Both results are the caller's to free. */
AUS_API aus_status aus_sound_attribute(aus_ctx *ctx, aus_model *model, const aus_audio *sound, const aus_sound_config *config,
                                       aus_components *components, aus_explanation *out);

/* The part of the sound that a map of a network model marks: y[samples] = ISTFT(mask X), the input's phase kept. */
typedef enum aus_map_kind {
  AUS_MAP_POSITIVE, AUS_MAP_NEGATIVE, /* mask = |value| / q, at most 1, where the sign is right; q: what one value in twenty exceeds */
  AUS_MAP_TOP                         /* 1 for the largest |values|, percent of all */
} aus_map_kind;
AUS_API aus_status aus_map_part(aus_ctx *ctx, aus_model *model, const aus_audio *sound, const aus_map *map, aus_map_kind kind, double percent, float *y);

/* The methods by number, NULL past the end; what they are, in a line. */
AUS_API const char *aus_attrib_method_name(int32_t i);
AUS_API const char *aus_attrib_method_summary(int32_t i);

#ifdef __cplusplus
}
#endif
#endif
