/* layer_build.c - nodes and parameters of a layer. Shapes are those that the engine's own ops infer; here only the shapes of parameters are made. */
#include "train/layer.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

enum { MOST_ATTR = 20 };

/* A node of n_in values; its first output becomes *out. */
aus_status aus_layer_emit(aus_net *n, int32_t op, const char *name, int32_t n_in, const aus_net_value *in, int32_t n_attr, const aus_word *attr, aus_net_value *out)
{
  const aus_op *o = aus_op_by_code(op);
  aus_operand src[AUS_LAYER_INPUTS] = { { 0 } }, dst[4] = { { 0 } };
  aus_word words[MOST_ATTR] = { { 0 } };
  int32_t values[AUS_LAYER_INPUTS];
  if (!o) return aus_fail(n->ctx, AUS_ENOTSUP, "this version has no op %d", (int)op);
  for (int32_t i = 0; i < n_in; i++) { src[i].shape = in[i].shape; values[i] = in[i].value; }
  if (n_attr) memcpy(words, attr, (size_t)n_attr * sizeof *attr);
  const aus_arity named = aus_op_arity(o->inputs), outputs = aus_op_arity(o->outputs), wanted = aus_op_arity(o->attributes);
  aus_call call = { .ctx = n->ctx, .op = op, .n_in = n_in > named.named ? n_in : named.named, .n_out = outputs.named,
                    .n_attr = n_attr > wanted.named ? n_attr : wanted.named, .in = src, .out = dst, .attr = words };
  if (o->impl->shape(&call) != AUS_OK || aus_shape_check(n->ctx, &dst[0].shape) != AUS_OK) {
    char why[160];
    snprintf(why, sizeof why, "%s", aus_ctx_error(n->ctx));
    return aus_layer_bad(n, "%s", why);
  }
  *out = (aus_net_value){ aus_builder_node(n->b, op, name, n_in, values, 1, n_attr, attr), dst[0].shape };
  return AUS_OK;
}

/* A node of one value after another. */
aus_status aus_layer_unary(aus_net *n, int32_t op, int32_t n_attr, const aus_word *attr) { return aus_layer_emit(n, op, n->name, 1, &n->at, n_attr, attr, &n->at); }

aus_status aus_layer_param(aus_net *n, const char *suffix, int32_t rank, const int64_t *dim, const aus_init *init, aus_net_value *out)
{
  char name[AUS_NET_NAME + 32];
  int32_t dims[AUS_MAX_RANK];
  out->shape = aus_shape_make(rank, dim);
  AUS_TRY(aus_shape_check(n->ctx, &out->shape));
  const int64_t count = aus_shape_count(&out->shape);
  if (count > n->room) return aus_fail(n->ctx, AUS_ELIMIT, "%s:%d: the network has too many parameters", n->r->name, (int)n->line);
  n->room -= count;
  float *x = aus_alloc(n->ctx, (size_t)count, sizeof *x);
  if (!x) return AUS_ENOMEM;
  aus_init_fill(init, n->seed, (uint64_t)n->n_params++, count, x);
  for (int32_t d = 0; d < rank; d++) dims[d] = (int32_t)dim[d];
  snprintf(name, sizeof name, "%s.%s", n->name, suffix);
  out->value = aus_builder_param(n->b, name, rank, dims, x);
  aus_free(n->ctx, x);
  return AUS_OK;
}

aus_status aus_layer_constant(aus_net *n, const char *suffix, int64_t count, double value, aus_net_value *out)
{
  return aus_layer_param(n, suffix, 1, &count, &(aus_init){ AUS_INIT_CONSTANT, value }, out);
}

aus_status aus_layer_weights(aus_net *n, const char *suffix, int32_t rank, const int64_t *dim, double fan_in, double fan_out, aus_net_value *out)
{
  aus_init init;
  const char *name = aus_layer_option(n, "init", n->init);
  if (!aus_init_by_name(name, fan_in, fan_out, &init)) {
    int32_t known = 0;
    while (aus_init_names[known]) known++;
    return aus_layer_bad(n, "no initialiser '%.30s'; the nearest is '%s'", name, aus_word_nearest(name, known, aus_init_names));
  }
  return aus_layer_param(n, suffix, rank, dim, &init, out);
}

/* torch's own initialiser draws biases too; the others start them at 0. */
aus_status aus_layer_bias(aus_net *n, int64_t count, double fan_in, aus_net_value *out)
{
  const char *given = aus_layer_option(n, "bias_init", NULL);
  float value = 0;
  aus_init init = { AUS_INIT_CONSTANT, 0 };
  if (given) { AUS_TRY(aus_layer_real(n, "bias_init", given, -1e6, 1e6, &value)); init.value = value; }
  else if (strcmp(aus_layer_option(n, "init", n->init), "torch") == 0) init = (aus_init){ AUS_INIT_UNIFORM, 1 / sqrt(fan_in) };
  return aus_layer_param(n, "bias", 1, &count, &init, out);
}
