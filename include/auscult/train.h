/* auscult/train.h - training a network from a recipe (docs/training.md).
 *
 * A training is a function of the recipe, the sounds it names and the seed: the same bits come out for any number of
 * threads on one instruction set, and after any number of interruptions. */
#ifndef AUSCULT_TRAIN_H
#define AUSCULT_TRAIN_H

#include <auscult/core.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Where a training stands, after each step. */
typedef struct aus_train_progress {
  int64_t epoch, epochs;        /* from 1 */
  int64_t items, epoch_items;   /* clips seen in this epoch, of how many */
  double loss;                  /* mean of this epoch so far */
  double items_per_second, seconds_left; /* of the whole training, validation included; seconds_left < 0: not known yet */
} aus_train_progress;

/* One finished epoch. score: accuracy for cross_entropy and kl, mean ROC AUC over the labels for bce, R2 for mse and l1. */
typedef struct aus_train_epoch {
  int64_t epoch;
  double rate, train_loss, train_score, valid_loss, valid_score, seconds, items_per_second;
  int best;
} aus_train_epoch;

/* A clip chosen to be explained. Strings are borrowed for the call. */
typedef struct aus_train_clip { const char *path, *name; double start, duration; int32_t target; } aus_train_clip;

typedef struct aus_train_result {
  int64_t epochs, best_epoch;
  double valid_loss, valid_score, test_loss, test_score; /* of the best epoch; test NaN without test clips */
  char score_name[16];         /* "accuracy", "auc", "r2" */
} aus_train_result;

typedef struct aus_train_config {
  const char *recipe;    /* path */
  const char *out;       /* an existing folder: checkpoint.aus and log.jsonl after every epoch, model.aus at the end; each whole or not at all */
  int resume;            /* go on from checkpoint.aus; without it, one that is there is AUS_EEXIST unless replace */
  int replace;
  int64_t epochs;        /* 0: the recipe's */
  int64_t seed;          /* < 0: the recipe's */
  int64_t explain_every; /* epochs; 0: never */
  /* All may be NULL. stop is asked after each step; non-zero writes a checkpoint and ends with AUS_ECANCELED. explain gets the
   * model as it is now, as the bytes of an .aus file; what it returns ends the training when it is not AUS_OK. */
  void (*on_step)(void *user, const aus_train_progress *progress);
  void (*on_epoch)(void *user, const aus_train_epoch *epoch);
  int (*stop)(void *user);
  aus_status (*explain)(void *user, int64_t epoch, const void *model, size_t size, int32_t n, const aus_train_clip *clips);
  void *user;
} aus_train_config;

/* Trains, or goes on training. Errors: AUS_EFORMAT (the recipe, a manifest, a checkpoint of something else; also a loss
 * that is not finite: the text names the layer), AUS_EIO, AUS_EEXIST, AUS_ECANCELED, AUS_ENOTSUP, AUS_ELIMIT, AUS_ENOMEM. */
AUS_API aus_status aus_train(aus_ctx *ctx, const aus_train_config *config, aus_train_result *result);

#ifdef __cplusplus
}
#endif
#endif
