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

typedef struct aus_trainer aus_trainer;

/* What is learnt: aus_train's networks from sound to labels, or something else that shares steps, optimiser, schedule, checkpoints and log. */
typedef struct aus_task {
  /* Sets t->net (front end, bundle with fresh parameters), t->classes, and hears the clips with aus_data_load. */
  aus_status (*network)(aus_trainer *t);
  /* With t->by_tensor there: runs, the walk, the loss. */
  aus_status (*ready)(aus_trainer *t);
  aus_status (*batch)(aus_trainer *t);              /* fills the inputs of t->run for step t->state.step of the epoch */
  double (*loss)(aus_trainer *t);                   /* after forward: the loss; what the walk starts with; what is right is added to the state */
  aus_status (*evaluate)(aus_trainer *t, const aus_index *clips, double *loss, double *score);
  aus_status (*export)(aus_trainer *t, const aus_train_result *result, void **bytes, size_t *size);
  const char *(*score_name)(const aus_trainer *t);
  void (*close)(aus_trainer *t);                    /* also after a failure */
} aus_task;
extern const aus_task aus_task_labels;

struct aus_trainer {
  aus_ctx *ctx;
  const aus_recipe *r;
  const aus_train_config *config;
  uint64_t seed;
  int64_t epochs;
  aus_schedule_config rate;      /* the recipe's, over these epochs */
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
  const aus_task *task;
  void *own;                     /* the task's */
};

/* aus_train of a recipe that has been read, for another task. */
aus_status aus_train_task(const aus_recipe *r, const aus_train_config *config, const aus_task *task, aus_train_result *result);

aus_status aus_trainer_create(const aus_recipe *r, const aus_train_config *config, const aus_task *task, aus_trainer *t);
void aus_trainer_free(aus_trainer *t);

/* One batch: its loss is added to the state. */
aus_status aus_trainer_step(aus_trainer *t);

/* AUS_EFORMAT with the first layer, forward or backward, whose numbers are not finite. */
aus_status aus_trainer_blame(aus_trainer *t, bool forward);
void aus_trainer_observe(void *user, const aus_visit *visit);

/* aus_task_labels' own: the mean loss and the score of these clips with the present parameters (aus_train_epoch says which score). */
aus_status aus_trainer_evaluate(aus_trainer *t, const aus_index *clips, double *loss, double *score);
const char *aus_score_name(int loss);

/* Everything of the state and the parameters into OUT/checkpoint.aus, and back. */
aus_status aus_checkpoint_write(aus_trainer *t, const char *path);
aus_status aus_checkpoint_read(aus_trainer *t, const char *path);

/* aus_task_labels' own: the model with the present values: the bytes, owned by the caller. With result: golden vector and results too. */
aus_status aus_trainer_export(aus_trainer *t, const aus_train_result *result, void **bytes, size_t *size);
/* One input of this shape and what the network gives for it, unfused, as the golden vector. */
aus_status aus_trainer_golden(aus_trainer *t, const aus_dims *dims, const float *x, aus_builder *b);
/* How it came to be, as metadata: recipe, hashes, seed, version; with result the epoch and the scores. */
void aus_trainer_history(const aus_trainer *t, const aus_train_result *result, aus_builder *b);

#endif
