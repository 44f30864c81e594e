/* gradient.c - how the score changes with each number of the input [Simonyan14].
 *
 *   gradient           df/dx
 *   input x gradient   x df/dx: each number's share where f is linear and has no bias [Shrikumar16] */
#include "attrib/attrib.h"

static aus_status run(const aus_question *q, aus_attribution *out, bool times_input)
{
  aus_walk *walk;
  const int64_t n = aus_question_size(q);
  float *value = times_input ? aus_alloc(q->ctx, (size_t)n, sizeof *value) : NULL;
  if (times_input && !value) return AUS_ENOMEM;
  aus_status status = aus_question_walk(q, (aus_walk_config){0}, &walk);
  if (status == AUS_OK) status = aus_question_gradient(q, walk, q->x, out->value[0], NULL);
  if (status == AUS_OK && times_input) {
    aus_question_values(q, q->a->keep[0], value);
    for (int64_t i = 0; i < n; i++) out->value[0][i] *= value[i];
  }
  aus_walk_destroy(walk);
  aus_free(q->ctx, value);
  return status;
}

static aus_status gradient(const aus_question *q, aus_attribution *out) { return run(q, out, false); }
static aus_status ixg(const aus_question *q, aus_attribution *out) { return run(q, out, !q->config->no_inputs); }

const aus_method aus_method_gradient = {
  "gradient", "gradient", "df/dx: how the score changes with each number", AUS_METHOD_WHITE_BOX | AUS_METHOD_ANY_LAYER, gradient
};
const aus_method aus_method_ixg = {
  "ixg", "gradient", "input times gradient", AUS_METHOD_WHITE_BOX | AUS_METHOD_ANY_LAYER, ixg
};
