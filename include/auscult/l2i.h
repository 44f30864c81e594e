/* auscult/l2i.h - Listen to Interpret: a classifier explained by a dictionary of sounds (docs/l2i.md) [Parekh22].
 *
 * An interpreter belongs to one classifier. From hidden layers of it Psi computes when the K atoms of a dictionary W are active, H; Theta
 * answers as the classifier does, from H alone; so each atom's part in an answer is known, and W H makes it a sound. */
#ifndef AUSCULT_L2I_H
#define AUSCULT_L2I_H

#include <auscult/explain.h>
#include <auscult/train.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct aus_interpreter aus_interpreter;

/* What an interpreter is. Everything is borrowed from it. */
typedef struct aus_interpreter_info {
  const char *name, *licence, *source, *sha256;
  const char *classifier, *classifier_sha256;
  int32_t atoms, targets, bins, n_taps;
  const char *const *taps;   /* [n_taps] values of the classifier's graph */
  const char *pooling;       /* "attention", "max" */
  int64_t frames;            /* of a patch */
  const float *dictionary;   /* [bins][atoms], columns of norm one */
  const float *theta;        /* [targets][atoms] */
} aus_interpreter_info;

/* Opens an interpreter for this model, which must outlive it. Errors: AUS_EIO, AUS_EFORMAT (no interpreter, or one that is at odds with
 * itself), AUS_EINVAL (it explains another classifier: the text names it), AUS_ENOTSUP (the model is a black box), AUS_ENOMEM. */
AUS_API aus_status aus_interpreter_open(aus_ctx *ctx, const char *path, aus_model *model, aus_interpreter **out);
AUS_API aus_status aus_interpreter_open_memory(aus_ctx *ctx, const void *bytes, size_t size, aus_model *model, aus_interpreter **out);
AUS_API void aus_interpreter_close(aus_interpreter *interpreter); /* NULL is fine */
AUS_API const aus_interpreter_info *aus_interpreter_describe(const aus_interpreter *interpreter);

/* What classifier and interpreter make of one sound. Longer sound is cut into patches as the classifier cuts it: H is laid side by side
 * (the mean where patches overlap), everything else is the mean over patches. Shorter sound is continued as the classifier does. */
typedef struct aus_reading {
  aus_ctx *ctx;
  int64_t samples, padded;    /* as given; as heard */
  int64_t frames, covered;    /* of the STFT of what is heard; of these, in some patch */
  int32_t atoms, targets, bins, patches;
  int silent;                 /* every sample is zero */
  float gain;                 /* X is log(1 + gain |STFT|); 1 / largest |sample| */
  float *h;                   /* [atoms][frames] */
  float *z;                   /* [atoms] */
  float *when;                /* [frames][atoms] z spread over time: its sum over frames is z */
  float *logits, *scores;     /* [targets] the interpreter's */
  float *heard_logits, *heard;/* [targets] the classifier's, before and after softmax or sigmoid */
  float *re, *im;             /* [frames][bins] STFT */
  float *made;                /* [frames][bins] (W H)' */
} aus_reading;

/* x[samples] mono at the model's rate. Errors: AUS_EINVAL (no samples, or one that is not finite), AUS_ENOMEM. */
AUS_API aus_status aus_interpreter_read(aus_interpreter *interpreter, int64_t samples, const float *x, aus_reading *out);
AUS_API void aus_reading_free(aus_reading *reading); /* a zeroed one is fine */
/* The classifier alone: logits[targets] (before softmax or sigmoid; NULL: not wanted) and scores[targets] of x[samples]. */
AUS_API aus_status aus_interpreter_hear(aus_interpreter *interpreter, int64_t samples, const float *x, float *logits, float *scores);

/* r[atoms] = z_k theta_ck / max_l |z_l theta_cl| of one target, the talk's relevance; all 0 where nothing is active. */
AUS_API void aus_l2i_importance(const aus_interpreter *interpreter, const aus_reading *reading, int32_t target, double *r);
/* keep[atoms] = 1 for the atoms with r > tau, of these the `top` largest (0: all). Returns how many. */
AUS_API int32_t aus_l2i_select(int32_t atoms, const double *r, double tau, int32_t top, uint8_t *keep);

/* How an interpretation becomes sound, where M = (sum of w_k h_k over the kept atoms) / (W H) is the share of each bin:
 *   linear   M |X|: shares of all atoms add to one, so interpretation + rest is the input
 *   parity   exp(R log(1 + |X|)) - 1 with R = (the same sum) / (1e-6 + W H), as the authors' program: faint, and adds up to nothing */
typedef enum aus_listening { AUS_LISTEN_LINEAR, AUS_LISTEN_PARITY } aus_listening;

/* y[samples]: the atoms with keep[k] != 0, with the input's phase; no loudness correction. */
AUS_API aus_status aus_l2i_listen(aus_interpreter *interpreter, const aus_reading *reading, const uint8_t *keep, aus_listening listening, float *y);
/* The same of what remains when the kept atoms are taken out. linear: x - the interpretation, to rounding. parity: exp((1 - R) log(1 + |X|)) - 1,
 * what the authors' faithfulness experiment lets the classifier hear. */
AUS_API aus_status aus_l2i_without(aus_interpreter *interpreter, const aus_reading *reading, const uint8_t *keep, aus_listening listening, float *y);
/* Both with a weight per atom, each in [0, 1]: weight[atoms] takes keep's place; rest 1: what remains. */
AUS_API aus_status aus_l2i_listen_weighted(aus_interpreter *interpreter, const aus_reading *reading, const float *weight, aus_listening listening, int rest, float *y);
/* The energy of such an interpretation: the sum of |Y|^2 over all frames and bins. Rises with every weight; all weights 1 and linear: that of X. */
AUS_API aus_status aus_l2i_energy(aus_interpreter *interpreter, const aus_reading *reading, const float *weight, aus_listening listening, double *energy);
/* The gain that makes y as loud (root mean square) as x, but never above 1 at its peak; 1 for silence. */
AUS_API double aus_l2i_loudness(int64_t n, const float *x, const float *y);

typedef struct aus_l2i_config {
  const int32_t *targets; int32_t n_targets; /* NULL: the one the classifier says */
  double tau;                                /* 0.2 */
  int32_t top;                               /* 5 */
  aus_listening listening;                   /* linear */
  int check;                                 /* 1: the classifier is asked about each part alone and about the sound without it */
} aus_l2i_config;
AUS_API void aus_l2i_defaults(aus_l2i_config *config);

/* Explains: components are the selected atoms of all targets, by falling relevance, and "rest", which makes them add up to the sound; the weight of a
 * component is its part of the interpreter's logit (local_prediction), theta_ck z_k; the map [frames][bins] spreads that logit over the spectrogram. Errors: as
 * aus_interpreter_read. The sound must be mono at the model's rate. */
AUS_API aus_status aus_l2i_explain(aus_interpreter *interpreter, const aus_audio *sound, const aus_l2i_config *config,
                                   aus_components *components, aus_explanation *out);

/* ---- masks without a dictionary: VIBI [Bang21] and L-MAC [Paissan24], to compare with ------------------ */

typedef struct aus_masker aus_masker;

/* Everything is borrowed from it. */
typedef struct aus_masker_info {
  const char *name, *licence, *source, *sha256;
  const char *method;                /* "vibi", "lmac" */
  int32_t targets, bins;
  int64_t frames;                    /* of a patch */
  int64_t parameters;                /* that were trained */
  int32_t rows, columns, picks;      /* vibi: its grid of chunks, and how many are seen; else 0 */
  int32_t width;                     /* lmac: channels of its decoder; else 0 */
} aus_masker_info;

/* Opens a mask trained by `auscult l2i train` (method = vibi or lmac) for this model, which must outlive it. Errors: as aus_interpreter_open. */
AUS_API aus_status aus_masker_open(aus_ctx *ctx, const char *path, aus_model *model, aus_masker **out);
AUS_API aus_status aus_masker_open_memory(aus_ctx *ctx, const void *bytes, size_t size, aus_model *model, aus_masker **out);
AUS_API void aus_masker_close(aus_masker *masker); /* NULL is fine */
AUS_API const aus_masker_info *aus_masker_describe(const aus_masker *masker);

/* The mask of one sound over the classifier's STFT, for the class that the classifier says: neither method can be asked about another one. Where patches overlap the
 * mean; 0 in no patch. Sound is cut and continued as aus_interpreter_read does. */
typedef struct aus_mask {
  aus_ctx *ctx;
  int64_t frames;
  int32_t bins, targets;
  float *mask;                  /* [frames][bins] vibi: 1 in the chunks that are seen, else 0; lmac: in (0, 1) */
  float *order;                 /* [frames][bins] vibi: the probability of the bin's chunk; lmac: the mask */
  float *logits;                /* [targets] vibi: the approximator's, from the chunks alone; lmac: the classifier's, of the masked spectrogram */
} aus_mask;

/* x[samples] mono at the model's rate. Errors: AUS_EINVAL (no samples, or one that is not finite), AUS_ENOMEM. */
AUS_API aus_status aus_masker_read(aus_masker *masker, int64_t samples, const float *x, aus_mask *out);
AUS_API void aus_mask_free(aus_mask *mask); /* a zeroed one is fine */

/* Trains an interpreter from a recipe with an [interpreter] section (docs/l2i.md), or, where config->recipe is NULL, from the same text in memory;
 * folder: where its relative paths start, "" or ending in '/'. Everything else is as aus_train has it; the best epoch is that of the smallest
 * loss (monitor = score: the highest top-1 fidelity) on the validation clips. OUT/model.aus is the interpreter, OUT/taps.cache what the classifier computes for
 * each clip, which a later training with the same classifier and sounds uses again. */
AUS_API aus_status aus_l2i_train(aus_ctx *ctx, const aus_train_config *config, const char *text, const char *folder, aus_train_result *result);

#ifdef __cplusplus
}
#endif
#endif
