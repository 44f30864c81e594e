/* trainer.h - a network on its way: parameters, the run and the walk of one batch, and what has happened so far. */
#ifndef AUS_TRAIN_TRAINER_H
#define AUS_TRAIN_TRAINER_H

#include <auscult/train.h>

#include "nn/walk.h"
#include "train/template.h"

/* Where a training stands: with the parameters, all that a checkpoint holds. */
typedef struct aus_train_state {
  int64_t epoch, step, steps;    /* finished epochs; steps of the running one, and of all */
  double loss, correct;          /* sums over the running epoch */
  aus_schedule_state schedule;
  double best_loss, best_score;  /* of the best epoch */
  double best_train_loss;
  char *log;                     /* lines of JSON, owned */
  size_t log_size;
} aus_train_state;

typedef struct aus_trainer {
  aus_ctx *ctx;
  const aus_recipe *r;
  const aus_train_config *config;
  uint64_t seed;
  int64_t epochs;
  aus_data data;
  aus_template net;
  aus_sampler sampler;
  int64_t batch, floats, classes, epoch_items, epoch_steps;
  int32_t n_params;
  aus_param *param;              /* every parameter of the graph, trained or not */
  float **by_tensor;             /* [tensors] for aus_run_create_on */
  float *numbers;                /* one block: values, states, best values */
  aus_loss_config loss;
  float *weights;                /* of classes, from the recipe */
  aus_run *run, *eval;
  aus_walk *walk;
  int32_t logits, eval_logits;   /* slots */
  float *target;                 /* [batch][classes] */
  double *work;                  /* [2 classes] */
  int32_t *order;                /* [epoch_items] clips of the running epoch */
  int64_t ordered;               /* for which epoch; -1 */
  bool blaming;                  /* the walk looks for the first number that is not finite */
  char blamed[192];
  aus_train_state state;
} aus_trainer;

aus_status aus_trainer_create(const aus_recipe *r, const aus_train_config *config, aus_trainer *t);
void aus_trainer_free(aus_trainer *t);

/* One batch: its loss is added to the state. */
aus_status aus_trainer_step(aus_trainer *t);

/* AUS_EFORMAT with the first layer, forward or backward, whose numbers are not finite. */
aus_status aus_trainer_blame(aus_trainer *t, bool forward);
void aus_trainer_observe(void *user, const aus_visit *visit);

/* The mean loss and the score of these clips with the present parameters (aus_train_epoch says which score). */
aus_status aus_trainer_evaluate(aus_trainer *t, const aus_index *clips, double *loss, double *score);
const char *aus_score_name(int loss);

/* Everything of the state and the parameters into OUT/checkpoint.aus, and back. */
aus_status aus_checkpoint_write(aus_trainer *t, const char *path);
aus_status aus_checkpoint_read(aus_trainer *t, const char *path);

/* The model with the present values: the bytes, owned by the caller. With result: golden vector and results too. */
aus_status aus_trainer_export(aus_trainer *t, const aus_train_result *result, void **bytes, size_t *size);

#endif
