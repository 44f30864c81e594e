/* network.c - the whole network of a recipe: its input, its layers, and what turns logits into scores. */
#include "train/layer.h"
#include "train/stems_net.h"

#include <stdio.h>

static aus_status finish(aus_net *n)
{
  static const int32_t scores[] = { AUS_OP_softmax, AUS_OP_sigmoid, 0, 0, AUS_OP_softmax }; /* by loss */
  const int32_t op = scores[n->r->loss];
  char text[96];
  if (n->r->separator.line) return aus_stems_finish(n);
  if (n->at.shape.rank != 2 || n->at.shape.dim[1] != n->classes)
    return aus_recipe_fail(n->r, n->line, "the network ends in %s, wanted are [batch, %d]", aus_shape_text(&n->at.shape, text), (int)n->classes);
  if (!op) { aus_builder_output(n->b, n->at.value); return AUS_OK; }
  aus_builder_output(n->b, aus_builder_node(n->b, op, "score", 1, &n->at.value, 1, op == AUS_OP_softmax, &(aus_word){ 1 }));
  return AUS_OK;
}

static aus_status build(aus_net *n, const aus_dims *input)
{
  int32_t dim[AUS_MAX_RANK];
  n->at.shape = *input;
  n->at.shape.dim[0] = 1;
  for (int32_t d = 0; d < input->rank; d++) dim[d] = d ? (int32_t)input->dim[d] : -1;
  n->at.value = aus_builder_input(n->b, "input", input->rank, dim);
  for (int32_t i = 0; i < n->r->network.n; i++) AUS_TRY(aus_net_layer(n, n->r->network.item[i].line, &n->r->network.item[i].words));
  return finish(n);
}

aus_status aus_network_build(const aus_recipe *r, const aus_dims *input, int32_t classes, uint64_t seed, int64_t max_params, aus_builder *b)
{
  aus_net *n = AUS_NEW(r->ctx, aus_net);
  if (!n) return AUS_ENOMEM;
  *n = (aus_net){ .ctx = r->ctx, .r = r, .b = b, .classes = classes, .seed = seed, .room = max_params, .masks = -1, .init = "torch" };
  const aus_status status = build(n, input);
  aus_free(r->ctx, n);
  return status;
}
