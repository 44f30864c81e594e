/* layer.h - a network while it grows, and what the files of layers share: words of a line, nodes, parameters. */
#ifndef AUS_TRAIN_LAYER_H
#define AUS_TRAIN_LAYER_H

#include "nn/op.h"
#include "train/initialise.h"
#include "train/network.h"

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
  int32_t masks;                /* of a network that gives stems as such: what multiplied the input; -1: none */
  char init[32];                /* of weights */
  int32_t line;
  const aus_words *words;       /* of this line */
  char name[AUS_NET_NAME];      /* of this layer */
  struct { char name[AUS_NET_NAME]; aus_net_value value; } saved[AUS_NET_SAVED];
  int32_t count[64];            /* layers of each kind so far */
} aus_net;

/* One line of [network] (layers.c). */
aus_status aus_net_layer(aus_net *n, int32_t line, const aus_words *words);
/* The layers of a network that has a name, one a line; NULL. The list ends in NULL. */
const char *aus_net_named(const char *name);
extern const char *const aus_net_names[];

/* ---- words of a line (layer_words.c); a refusal names file, line and layer ----------------------------------- */

enum { AUS_LAYER_MOST = 1 << 24, AUS_LAYER_INPUTS = 8 }; /* of a size; of values that one node reads */

aus_status aus_layer_bad(const aus_net *n, const char *format, ...) AUS_PRINTF(2, 3);
/* The i-th word without '=', the kind being number 0; NULL. */
const char *aus_layer_word(const aus_net *n, int32_t i);
/* What follows "key="; else fallback. */
const char *aus_layer_option(const aus_net *n, const char *key, const char *fallback);
aus_status aus_layer_number(const aus_net *n, const char *what, const char *text, int64_t low, int64_t high, int32_t *out);
aus_status aus_layer_real(const aus_net *n, const char *what, const char *text, double low, double high, float *out);
aus_status aus_layer_flag(const aus_net *n, const char *key, const char *fallback, int32_t *out); /* yes or no */
/* "5" or "3x7": height x width; a signal of one axis has height 1. */
aus_status aus_layer_pair(const aus_net *n, const char *what, const char *text, int64_t low, int32_t out[2]);

/* ---- nodes and parameters (layer_build.c) ------------------------------------------------------------------------ */

/* A node of n_in values; its first output becomes *out. */
aus_status aus_layer_emit(aus_net *n, int32_t op, const char *name, int32_t n_in, const aus_net_value *in, int32_t n_attr, const aus_word *attr, aus_net_value *out);
/* A node of one value after another, named as the layer. */
aus_status aus_layer_unary(aus_net *n, int32_t op, int32_t n_attr, const aus_word *attr);
/* A parameter LAYER.suffix, drawn by init; `count` numbers of one value; weights, by init= or the recipe's; a bias. */
aus_status aus_layer_param(aus_net *n, const char *suffix, int32_t rank, const int64_t *dim, const aus_init *init, aus_net_value *out);
aus_status aus_layer_constant(aus_net *n, const char *suffix, int64_t count, double value, aus_net_value *out);
aus_status aus_layer_weights(aus_net *n, const char *suffix, int32_t rank, const int64_t *dim, double fan_in, double fan_out, aus_net_value *out);
aus_status aus_layer_bias(aus_net *n, int64_t count, double fan_in, aus_net_value *out);
/* A dense layer with parameters NODE.weight and NODE.bias, over the last axis of *at. */
aus_status aus_layer_linear_of(aus_net *n, const char *node, int64_t outputs, bool biased, aus_net_value *at);
/* Refuses what is not [batch, channels, (height,) width]. */
aus_status aus_layer_spatial(const aus_net *n);

/* ---- what the kinds of layers.c add ------------------------------------------------------------------------------- */

aus_status aus_layer_conv(aus_net *n, int32_t op);
aus_status aus_layer_linear(aus_net *n, int32_t op);
aus_status aus_layer_batch_norm(aus_net *n, int32_t op);
aus_status aus_layer_other_norm(aus_net *n, int32_t op);
aus_status aus_layer_activation(aus_net *n, int32_t op);
aus_status aus_layer_activation_1(aus_net *n, int32_t op);
aus_status aus_layer_log(aus_net *n, int32_t op);
aus_status aus_layer_dropout(aus_net *n, int32_t op);
aus_status aus_layer_pool(aus_net *n, int32_t op);
aus_status aus_layer_adaptive_pool(aus_net *n, int32_t op);
aus_status aus_layer_global_pool(aus_net *n, int32_t op);
aus_status aus_layer_one_axis(aus_net *n, int32_t op);
aus_status aus_layer_flatten(aus_net *n, int32_t op);
aus_status aus_layer_sequence(aus_net *n, int32_t op);
aus_status aus_layer_last(aus_net *n, int32_t op);
aus_status aus_layer_recurrent(aus_net *n, int32_t op);
aus_status aus_layer_attention(aus_net *n, int32_t op);
aus_status aus_layer_save(aus_net *n, int32_t op);
aus_status aus_layer_from(aus_net *n, int32_t op);
aus_status aus_layer_add(aus_net *n, int32_t op);
aus_status aus_layer_concat(aus_net *n, int32_t op);
aus_status aus_layer_init(aus_net *n, int32_t op);
aus_status aus_layer_net(aus_net *n, int32_t op);
aus_status aus_layer_unet(aus_net *n, int32_t op);

#endif
