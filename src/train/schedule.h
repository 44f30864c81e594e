/* schedule.h - the learning rate of a step, and when to stop. */
#ifndef AUS_TRAIN_SCHEDULE_H
#define AUS_TRAIN_SCHEDULE_H

#include "core/core.h"

typedef enum aus_schedule_kind { AUS_RATE_CONSTANT, AUS_RATE_STEP, AUS_RATE_MULTISTEP, AUS_RATE_COSINE, AUS_RATE_PLATEAU } aus_schedule_kind;

enum { AUS_MAX_MILESTONES = 16 };

typedef struct aus_schedule_config {
  aus_schedule_kind kind;
  double rate, gamma, rate_min;   /* gamma: of step, multistep and plateau */
  int64_t every;                  /* step: epochs */
  int32_t n_milestones;
  double milestone[AUS_MAX_MILESTONES]; /* multistep: epochs, ascending */
  int64_t plateau_patience;       /* epochs without progress before the rate falls */
  int64_t epochs;                 /* cosine: of the whole training */
  int64_t warm_up;                /* steps over which the rate rises from rate / warm_up; 0: none */
  int64_t patience;               /* epochs without progress before training stops; 0: never */
} aus_schedule_config;

/* What a plateau and early stopping remember. Zero, with best and plateau_best = infinity, at the start. Smaller is better. */
typedef struct aus_schedule_state {
  double best, plateau_best, factor; /* factor: 1 at the start */
  int64_t best_epoch, bad, plateau_bad;
} aus_schedule_state;

void aus_schedule_start(aus_schedule_state *state);
/* The rate of step `step` (from 0 over the whole training) in epoch `epoch` (from 0). */
double aus_schedule_rate(const aus_schedule_config *config, const aus_schedule_state *state, int64_t epoch, int64_t step);
/* After an epoch (from 0) whose validation gave `value`: true when it is the best so far. NaN never is. */
bool aus_schedule_observe(const aus_schedule_config *config, aus_schedule_state *state, int64_t epoch, double value);
bool aus_schedule_stops(const aus_schedule_config *config, const aus_schedule_state *state);

#endif
