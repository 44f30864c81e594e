/* layer_shape.c - activations, dropout, reductions, and what only moves numbers. */
#include "train/layer.h"

#include <stdio.h>
#include <string.h>

aus_status aus_layer_activation(aus_net *n, int32_t op) { return aus_layer_unary(n, op, 0, NULL); }

aus_status aus_layer_activation_1(aus_net *n, int32_t op)
{
  aus_word attr = { 0 };
  const char *given = aus_layer_word(n, 1);
  AUS_TRY(aus_layer_real(n, "alpha", given ? given : op == AUS_OP_elu ? "1" : "0.01", -1e6, 1e6, &attr.f));
  return aus_layer_unary(n, op, 1, &attr);
}

/* ln(x + offset), for what is not negative: the compression of a learnt filterbank [Sainath15]. The offset is no parameter of the training. */
aus_status aus_layer_log(aus_net *n, int32_t op)
{
  float offset;
  char name[AUS_NET_NAME + 8];
  aus_net_value in[2] = { n->at }, sum;
  AUS_TRY(aus_layer_real(n, "offset", aus_layer_word(n, 1), 1e-30, 1e6, &offset));
  AUS_TRY(aus_layer_constant(n, "offset", 1, (double)offset, &in[1]));
  snprintf(name, sizeof name, "%s.sum", n->name);
  AUS_TRY(aus_layer_emit(n, AUS_OP_add, name, 2, in, 0, NULL, &sum));
  return aus_layer_emit(n, op, n->name, 1, &sum, 0, NULL, &n->at);
}

aus_status aus_layer_dropout(aus_net *n, int32_t op)
{
  aus_word attr = { 0 };
  AUS_TRY(aus_layer_real(n, "probability", aus_layer_word(n, 1), 0, 0.999, &attr.f));
  return aus_layer_unary(n, op, 1, &attr);
}

static aus_status reduce(aus_net *n, int32_t op, int32_t axes)
{
  const aus_word attr[] = { { axes }, { 0 } };
  return aus_layer_unary(n, op, 2, attr);
}

aus_status aus_layer_global_pool(aus_net *n, int32_t op)
{
  AUS_TRY(aus_layer_spatial(n));
  return reduce(n, op, n->at.shape.rank == 4 ? 12 : 4);
}

aus_status aus_layer_one_axis(aus_net *n, int32_t op)
{
  int32_t axis;
  AUS_TRY(aus_layer_number(n, "axis", aus_layer_word(n, 1), 1, n->at.shape.rank - 1, &axis));
  return reduce(n, op, 1 << axis);
}

aus_status aus_layer_flatten(aus_net *n, int32_t op)
{
  const aus_word attr[] = { { 0 }, { -1 } };
  return aus_layer_unary(n, op, 2, attr);
}
