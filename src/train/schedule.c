/* schedule.c - learning rates by closed forms, so that an epoch's rate depends on its number and not on how the
 * training got there; only a plateau remembers (as torch.optim.lr_scheduler: relative threshold 1e-4, no cooldown).
 *
 *   step        rate gamma^floor(epoch / every)
 *   multistep   rate gamma^(milestones passed)
 *   cosine      rate_min + (rate - rate_min) (1 + cos(pi epoch / epochs)) / 2       [Loshchilov17]
 *   warm-up     times min(1, (step + 1) / warm_up)                                  [Goyal17] */
#include "train/schedule.h"

#include <math.h>

static const double threshold = 1e-4;

void aus_schedule_start(aus_schedule_state *s) { *s = (aus_schedule_state){ .best = INFINITY, .plateau_best = INFINITY, .factor = 1, .best_epoch = -1 }; }

static double rate_of_epoch(const aus_schedule_config *c, const aus_schedule_state *s, int64_t epoch)
{
  int32_t passed = 0;
  switch (c->kind) {
  case AUS_RATE_STEP: return c->rate * pow(c->gamma, (double)(epoch / c->every));
  case AUS_RATE_MULTISTEP:
    while (passed < c->n_milestones && (double)epoch >= c->milestone[passed]) passed++;
    return c->rate * pow(c->gamma, passed);
  case AUS_RATE_COSINE: return c->rate_min + (c->rate - c->rate_min) * (1 + cos(3.14159265358979323846 * (double)epoch / (double)c->epochs)) / 2;
  case AUS_RATE_PLATEAU: return fmax(c->rate * s->factor, c->rate_min);
  default: return c->rate;
  }
}

double aus_schedule_rate(const aus_schedule_config *c, const aus_schedule_state *s, int64_t epoch, int64_t step)
{
  const double rate = rate_of_epoch(c, s, epoch);
  return step + 1 < c->warm_up ? rate * (double)(step + 1) / (double)c->warm_up : rate;
}

static void observe_plateau(const aus_schedule_config *c, aus_schedule_state *s, double value)
{
  const double bar = s->plateau_best - (isfinite(s->plateau_best) ? threshold * fabs(s->plateau_best) : 0);
  if (value < bar) { s->plateau_best = value; s->plateau_bad = 0; }
  else if (++s->plateau_bad > c->plateau_patience) { s->factor *= c->gamma; s->plateau_bad = 0; }
}

bool aus_schedule_observe(const aus_schedule_config *c, aus_schedule_state *s, int64_t epoch, double value)
{
  observe_plateau(c, s, value);
  if (!(value < s->best)) { s->bad++; return false; }
  s->best = value;
  s->best_epoch = epoch;
  s->bad = 0;
  return true;
}

bool aus_schedule_stops(const aus_schedule_config *c, const aus_schedule_state *s) { return c->patience > 0 && s->bad >= c->patience; }
