/* finite.c - where the first number that is not finite came from.
 *
 * Forward: the first layer in the order of the run whose output holds one. Backward: the walk is taken again, and the first layer
 * that gives one is named. Only asked when the loss or the gradient's norm is not finite, so it costs nothing otherwise. */
#include "train/trainer.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

static bool all_finite(int64_t n, const float *x)
{
  for (int64_t i = 0; i < n; i++)
    if (!isfinite(x[i])) return false;
  return true;
}

static const char *first_param(const aus_trainer *t)
{
  for (int32_t i = 0; i < t->n_params; i++)
    if (!all_finite(t->param[i].count, t->param[i].value)) return t->param[i].name;
  return NULL;
}

static bool blame_forward(aus_trainer *t)
{
  const aus_run *r = t->run;
  const aus_slot *in = &r->slot[r->bundle->graph.input[0]];
  if (!all_finite(aus_shape_count(&in->shape), in->data)) { snprintf(t->blamed, sizeof t->blamed, "the network's input"); return true; }
  for (int32_t i = 0; i < r->n_steps; i++)
    for (int32_t k = 0; k < r->step[i].call.n_out; k++) {
      const aus_operand *out = &r->step[i].call.out[k];
      if (!out->data || all_finite(aus_shape_count(&out->shape), out->data)) continue;
      snprintf(t->blamed, sizeof t->blamed, "forward, the output of layer '%.60s' (%s)", r->bundle->graph.node[r->step[i].node].name, r->step[i].op->name);
      return true;
    }
  return false;
}

void aus_trainer_observe(void *user, const aus_visit *v)
{
  aus_trainer *t = user;
  if (!t->blaming || *t->blamed) return;
  for (int32_t k = 0; k < v->call->n_in; k++) {
    if (!v->diff_src[k] || all_finite(aus_shape_count(&v->call->in[k].shape), v->diff_src[k])) continue;
    snprintf(t->blamed, sizeof t->blamed, "backward, the gradient that layer '%.60s' (%s) gives", v->name, v->step->op->name);
    return;
  }
}

aus_status aus_trainer_blame(aus_trainer *t, bool forward)
{
  const char *param = first_param(t);
  *t->blamed = '\0';
  if (!blame_forward(t) && !forward) {
    t->blaming = true;
    aus_walk_run(t->walk);
    t->blaming = false;
  }
  if (!*t->blamed) snprintf(t->blamed, sizeof t->blamed, "the loss itself");
  return aus_fail(t->ctx, AUS_EFORMAT, "epoch %lld, step %lld: %s is not finite%s%.40s%s; try a smaller rate or clip_norm", (long long)t->state.epoch + 1,
                  (long long)t->state.step + 1, t->blamed, param ? " (nor is '" : "", param ? param : "", param ? "')" : "");
}
