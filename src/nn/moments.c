/* moments.c - what batch norms that train have seen of the batch, for the running moments of inference. */
#include "nn/run.h"

static int32_t tensor_of(const aus_run *r, int32_t slot)
{
  const aus_graph *g = &r->bundle->graph;
  return slot < g->n_values && g->value[slot].kind == AUS_VALUE_PARAM ? g->value[slot].tensor : -1;
}

bool aus_run_moments(const aus_run *r, int32_t i, aus_moments *m)
{
  if (!(r->flags & AUS_RUN_TRAINING)) return false;
  for (int32_t k = 0; k < r->n_steps; k++) {
    const aus_step *s = &r->step[k];
    if (s->call.op != AUS_OP_batch_norm || !s->call.saved || i-- > 0) continue;
    const int64_t c = aus_shape_count(&s->call.in[1].shape);
    const float *saved = s->call.saved; /* mean, 1 / sigma, unbiased variance: ops/batch_norm.c */
    *m = (aus_moments){ c, tensor_of(r, s->in_value[3]), tensor_of(r, s->in_value[4]), saved, saved + 2 * c };
    return true;
  }
  return false;
}
