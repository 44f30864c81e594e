/* optimiser.h - from gradients to new parameters: SGD, Adam, AdamW; clipping. */
#ifndef AUS_TRAIN_OPTIMISER_H
#define AUS_TRAIN_OPTIMISER_H

#include "core/core.h"

typedef enum aus_optimiser_kind { AUS_SGD, AUS_ADAM, AUS_ADAMW } aus_optimiser_kind;

typedef struct aus_optimiser_config {
  aus_optimiser_kind kind;
  double momentum;        /* SGD */
  int nesterov;
  double beta1, beta2, epsilon;
  double weight_decay;    /* added to the gradient; AdamW: taken off the parameter */
  int decay_all;          /* 0: parameters of one dimension (biases, norms) do not decay */
  double clip_norm, clip_value; /* 0: off */
} aus_optimiser_config;

/* One array of parameters. The states are zero before the first step. */
typedef struct aus_param {
  const char *name;
  int32_t tensor, rank;
  int64_t count;
  float *value;
  const float *diff;      /* NULL: nothing depends on it */
  float *first, *second;  /* momentum or first moment; second moment (NULL for SGD) */
  float *best;            /* where the best epoch's values are kept */
  bool trained;
} aus_param;

/* How many states a kind keeps. */
int aus_optimiser_states(aus_optimiser_kind kind);

/* The length of all gradients together, in a fixed order: 65536 at a time. NaN or infinity when one of them is. */
double aus_grad_norm(aus_ctx *ctx, int32_t n, const aus_param *param);

/* Step number `step` (from 1) with this learning rate. norm: aus_grad_norm's, for clip_norm. */
void aus_optimiser_step(aus_ctx *ctx, const aus_optimiser_config *config, double rate, int64_t step, double norm, int32_t n, const aus_param *param);

#endif
