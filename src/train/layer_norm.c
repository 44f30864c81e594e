/* layer_norm.c - batch, layer, instance and group normalisation. */
#include "train/layer.h"

aus_status aus_layer_batch_norm(aus_net *n, int32_t op)
{
  const int64_t c = n->at.shape.rank > 1 ? n->at.shape.dim[1] : 1;
  aus_word attr = { 0 };
  aus_net_value in[5] = { n->at };
  AUS_TRY(aus_layer_real(n, "epsilon", aus_layer_option(n, "epsilon", "1e-5"), 0, 1, &attr.f));
  AUS_TRY(aus_layer_constant(n, "weight", c, 1, &in[1]));
  AUS_TRY(aus_layer_constant(n, "bias", c, 0, &in[2]));
  AUS_TRY(aus_layer_constant(n, "running_mean", c, 0, &in[3]));
  AUS_TRY(aus_layer_constant(n, "running_var", c, 1, &in[4]));
  return aus_layer_emit(n, op, n->name, 5, in, 1, &attr, &n->at);
}

/* layer_norm over the last axis, instance_norm, group_norm GROUPS. */
aus_status aus_layer_other_norm(aus_net *n, int32_t op)
{
  int32_t scaled;
  aus_word attr[2] = { { 0 }, { 0 } };
  aus_net_value in[3] = { n->at };
  const int32_t rank = n->at.shape.rank;
  const int64_t c = n->at.shape.dim[op == AUS_OP_layer_norm ? rank - 1 : 1];
  const int n_attr = op == AUS_OP_instance_norm ? 1 : 2;
  AUS_TRY(aus_layer_flag(n, "affine", op == AUS_OP_instance_norm ? "no" : "yes", &scaled));
  AUS_TRY(aus_layer_real(n, "epsilon", aus_layer_option(n, "epsilon", "1e-5"), 0, 1, &attr[n_attr - 1].f));
  if (op == AUS_OP_layer_norm) attr[0].i = rank - 1;
  if (op == AUS_OP_group_norm) AUS_TRY(aus_layer_number(n, "groups", aus_layer_word(n, 1), 1, AUS_LAYER_MOST, &attr[0].i));
  if (scaled) AUS_TRY(aus_layer_constant(n, "weight", c, 1, &in[1]));
  if (scaled) AUS_TRY(aus_layer_constant(n, "bias", c, 0, &in[2]));
  return aus_layer_emit(n, op, n->name, scaled ? 3 : 1, in, n_attr, attr, &n->at);
}
