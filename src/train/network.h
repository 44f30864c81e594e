/* network.h - from the layers of a recipe to a graph with fresh parameters. */
#ifndef AUS_TRAIN_NETWORK_H
#define AUS_TRAIN_NETWORK_H

#include "format/writer.h"
#include "train/recipe.h"

/* Adds the graph of r->network to b: one input "input" of this shape (its first dimension is free in the file), `classes` outputs,
 * softmax or sigmoid behind them as the loss asks. Nodes are called KIND and a count, or as name= says; parameters NODE.weight,
 * NODE.bias, ... as in torch. Errors: AUS_EFORMAT with the line, AUS_ELIMIT when there are more than max_params numbers. */
aus_status aus_network_build(const aus_recipe *r, const aus_dims *input, int32_t classes, uint64_t seed, int64_t max_params, aus_builder *b);

#endif
