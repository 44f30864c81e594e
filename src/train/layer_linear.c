/* layer_linear.c - dense layers. */
#include "train/layer.h"

#include <string.h>

aus_status aus_layer_linear_of(aus_net *n, const char *node, int64_t outputs, bool biased, aus_net_value *at)
{
  const int64_t k = at->shape.dim[at->shape.rank - 1], dim[] = { outputs, k };
  char own[AUS_NET_NAME];
  aus_net_value in[3] = { *at };
  memcpy(own, n->name, sizeof own);
  memmove(n->name, node, strlen(node) + 1); /* parameters take the node's name */
  aus_status status = aus_layer_weights(n, "weight", 2, dim, (double)k, (double)outputs, &in[1]);
  if (status == AUS_OK && biased) status = aus_layer_bias(n, outputs, (double)k, &in[2]);
  if (status == AUS_OK) status = aus_layer_emit(n, AUS_OP_linear, node, biased ? 3 : 2, in, 0, NULL, at);
  memcpy(n->name, own, sizeof own);
  return status;
}

aus_status aus_layer_linear(aus_net *n, int32_t op)
{
  int32_t outputs = n->classes, biased;
  char node[AUS_NET_NAME];
  (void)op;
  if (strcmp(aus_layer_word(n, 1), "classes") != 0) AUS_TRY(aus_layer_number(n, "outputs", aus_layer_word(n, 1), 1, AUS_LAYER_MOST, &outputs));
  AUS_TRY(aus_layer_flag(n, "bias", "yes", &biased));
  if (n->at.shape.rank > 3) return aus_layer_bad(n, "put `flatten` or `global_mean` before it");
  memcpy(node, n->name, sizeof node);
  return aus_layer_linear_of(n, node, outputs, biased, &n->at);
}
