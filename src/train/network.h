/* network.h - from the layers of a recipe to a graph with fresh parameters. */
#ifndef AUS_TRAIN_NETWORK_H
#define AUS_TRAIN_NETWORK_H

#include "format/writer.h"
#include "train/recipe.h"

/* Adds the graph of r->network to b: one input "input" of this shape (its first dimension is free in the file), `classes` outputs,
 * softmax or sigmoid behind them as the loss asks. Nodes are called KIND and a count, or as name= says; parameters NODE.weight,
 * NODE.bias, ... as in torch. Errors: AUS_EFORMAT with the line, AUS_ELIMIT when there are more than max_params numbers. */
aus_status aus_network_build(const aus_recipe *r, const aus_dims *input, int32_t classes, uint64_t seed, int64_t max_params, aus_builder *b);

/* ---- between layers.c and its callers ---------------------------------------------------------- */

typedef struct aus_net_value { int32_t value; aus_dims shape; } aus_net_value;
enum { AUS_NET_NAME = 48, AUS_NET_SAVED = 64 };

/* A network while it grows: `at` is what the next layer reads. */
typedef struct aus_net {
  aus_ctx *ctx;
  const aus_recipe *r;
  aus_builder *b;
  int32_t classes, n_params, n_saved;
  uint64_t seed;
  int64_t room;                 /* numbers that parameters may still take */
  aus_net_value at;
  char init[32];                /* of weights */
  int32_t line;
  const aus_words *words;       /* of this line */
  char name[AUS_NET_NAME];      /* of this layer */
  struct { char name[AUS_NET_NAME]; aus_net_value value; } saved[AUS_NET_SAVED];
  int32_t count[64];            /* layers of each kind so far */
} aus_net;

/* One line. */
aus_status aus_net_layer(aus_net *n, int32_t line, const aus_words *words);
/* The layers of a network that has a name, one a line; NULL. The list ends in NULL. */
const char *aus_net_named(const char *name);
extern const char *const aus_net_names[];

#endif
