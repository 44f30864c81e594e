/* auscult/model.h - the model noun: something that maps sound to scores.
 *
 * Three makers, one behaviour: a network in an .aus file, a C callback, a program
 * behind a pipe. Explainers know nothing else about a model. */
#ifndef AUSCULT_MODEL_H
#define AUSCULT_MODEL_H

#include <auscult/core.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct aus_model aus_model;

typedef enum aus_score_kind {
  AUS_SCORE_PROBABILITY, /* in [0, 1], targets independent (sigmoid): logit = log(p/(1-p)) */
  AUS_SCORE_SOFTMAX,     /* in [0, 1], targets sum to 1 */
  AUS_SCORE_REAL         /* any real number (regression, logits) */
} aus_score_kind;

/* Describes a model. Strings and arrays are borrowed from the model. */
typedef struct aus_model_info {
  const char *name;
  int32_t sample_rate;               /* Hz that predict expects */
  int32_t channels;                  /* 1: mono; otherwise one channel per named stem */
  const char *const *channel_names;  /* [channels], or NULL */
  int32_t n_targets;
  const char *const *targets;        /* [n_targets] */
  aus_score_kind score_kind;
  int64_t patch_samples;             /* length it was trained on; shorter input is padded as `short_input` says; 0: any */
  const char *short_input;           /* "repeat" or "zero": what predict does below patch_samples */
  const char *front_end;             /* one line for people: "log-mel 96 x 187, 16 kHz, n_fft 512, hop 256" */
  const char *licence, *source;      /* "" when unknown */
  const char *sha256;                /* of the file or command line, lower-case hex; "" for callbacks */
} aus_model_info;

/* x[n][channels][samples] at the model's rate -> scores[n][n_targets]. Non-zero return: failed. */
typedef int (*aus_predict_fn)(void *user, int64_t n, int64_t samples, const float *x, float *scores);

AUS_API aus_status aus_model_open(aus_ctx *ctx, const char *path, aus_model **out);
AUS_API aus_status aus_model_open_memory(aus_ctx *ctx, const void *bytes, size_t size, aus_model **out);
/* info is copied; predict must allow n up to 16. */
AUS_API aus_status aus_model_from_callback(aus_ctx *ctx, const aus_model_info *info,
                                           aus_predict_fn predict, void *user, aus_model **out);
/* Starts `command` (run by /bin/sh -c) and talks protocol 1 of docs/pipe-protocol.md with it.
 * timeout_s bounds each answer. Errors: AUS_EPEER. */
AUS_API aus_status aus_model_from_command(aus_ctx *ctx, const char *command, double timeout_s,
                                          aus_model **out);
AUS_API void aus_model_close(aus_model *model);
AUS_API const aus_model_info *aus_model_describe(const aus_model *model);

/* Scores n inputs of equal length: x[n][channels][samples] -> scores[n][n_targets].
 * Long input is cut into patches as the model's metadata says (tail included) and
 * patch scores are averaged. Deterministic for any number of threads. */
AUS_API aus_status aus_model_predict(aus_model *model, int64_t n, int64_t samples,
                                     const float *x, float *scores);

/* Part p of a sum, known to be zero outside [begin, end): data[channels][end - begin]. */
typedef struct aus_part { const float *data; int64_t begin, end; } aus_part;

/* A family of inputs x(z) = off + sum of the parts that are on. whole is x(1...1):
 * rows with every part on use whole itself. */
typedef struct aus_mixes {
  int64_t samples;
  int32_t n_parts;
  const aus_part *part;  /* [n_parts] */
  const float *off;      /* [channels][samples], NULL: silence */
  const float *whole;    /* [channels][samples] */
} aus_mixes;

/* Scores x(z) for n rows z[n][n_parts] of 0 and 1 -> scores[n][n_targets]. Models with
 * a front end of ours transform each part once and add in the complex spectrogram. */
AUS_API aus_status aus_model_predict_mixes(aus_model *model, const aus_mixes *mixes, int64_t n,
                                           const uint8_t *z, float *scores);

/* The spectrogram the model itself computes for mono input: image[bands][frames], band 0
 * lowest, owned by the caller (aus_model_spectrogram_free); hz[bands] are band centres.
 * AUS_ENOTSUP when the front end is not ours. Frames are counted on x as given, without padding. */
typedef struct aus_spectrogram {
  float *image, *hz;
  int64_t frames;
  int32_t bands;
  double hop_seconds;
  char unit[32]; /* "log10(1 + 10000 power)" */
} aus_spectrogram;
AUS_API aus_status aus_model_spectrogram(aus_model *model, int64_t samples, const float *x,
                                         aus_spectrogram *out);
AUS_API void aus_model_spectrogram_free(aus_model *model, aus_spectrogram *s);

#ifdef __cplusplus
}
#endif
#endif
