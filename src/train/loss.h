/* loss.h - what a training makes small, and its derivative by the network's output. */
#ifndef AUS_TRAIN_LOSS_H
#define AUS_TRAIN_LOSS_H

#include "core/core.h"

typedef enum aus_loss_kind { AUS_LOSS_CROSS_ENTROPY, AUS_LOSS_BCE, AUS_LOSS_MSE, AUS_LOSS_L1, AUS_LOSS_KL } aus_loss_kind;

typedef struct aus_loss_config {
  aus_loss_kind kind;
  double smoothing;            /* cross-entropy: targets (1 - s) t + s / classes */
  const float *weight;         /* [classes] or NULL: cross-entropy and BCE */
  const float *positive;       /* [classes] or NULL: BCE, the weight of a target of 1 beside one of 0 */
} aus_loss_config;

/* x[n][classes]: logits (the values themselves for MSE and L1); target[n][classes]: probabilities, or values. The
 * mean loss of the batch, and diff[n][classes] = d loss / d x where diff is not NULL. work: 2 classes doubles. Equal to torch's
 * with reduction "mean" ("batchmean" for KL), targets given as probabilities. */
double aus_loss(const aus_loss_config *config, int64_t n, int64_t classes, const float *x, const float *target, float *diff, double *work);

#endif
