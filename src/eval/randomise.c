/* randomise.c - networks with random parameters, for the sanity check of explanations [Adebayo18].
 *
 * Layers are nodes that learn (products, convolutions, norms, recurrent cells), counted from the output down. Cascading: this layer and all above it;
 * otherwise this one alone. Matrices and kernels become Gaussian noise with the root mean square of what was there, so that activations keep
 * their size; vectors (biases, the four of a batch norm) are shuffled, so that a variance stays positive. The result is a bundle like the one
 * given, checksums included: every method and every model runs on it without knowing. */
#include "eval/eval.h"

#include <auscult/dsp.h>

#include "format/bundle.h"
#include "nn/op.h"

#include <math.h>
#include <string.h>

static bool learns(const aus_graph *g, const aus_node *node)
{
  static const char *const kinds[] = { "conv", "conv_transpose", "linear", "matmul", "batch_norm", "layer_norm", "instance_norm", "group_norm", "lstm", "gru",
                                       "rnn", "attention", "prelu" };
  const aus_op *op = aus_op_by_code(node->op);
  bool has = false;
  for (size_t k = 0; op && k < sizeof kinds / sizeof *kinds && !has; k++) has = strcmp(op->name, kinds[k]) == 0;
  if (!has) return false;
  for (int32_t i = 0; i < node->n_in; i++) {
    const int32_t v = g->index[node->in + i];
    if (v >= 0 && g->value[v].kind == AUS_VALUE_PARAM) return true;
  }
  return false;
}

int32_t aus_eval_layers(const aus_bundle *b)
{
  int32_t n = 0;
  for (int32_t i = 0; i < b->graph.n_nodes; i++) n += learns(&b->graph, &b->graph.node[i]);
  return n;
}

/* Node of layer k, counted from the end. */
static const aus_node *layer_at(const aus_graph *g, int32_t k)
{
  for (int32_t i = g->n_nodes - 1; i >= 0; i--)
    if (learns(g, &g->node[i]) && k-- == 0) return &g->node[i];
  return NULL;
}

const char *aus_eval_layer_name(const aus_bundle *b, int32_t k)
{
  const aus_node *n = k < 0 ? NULL : layer_at(&b->graph, k);
  return n ? n->name : NULL;
}

static void random_values(int64_t n, bool matrix, const float *from, uint64_t seed, int32_t tensor, float *to)
{
  double square = 0;
  aus_rng rng;
  aus_rng_init(&rng, seed, (uint64_t)tensor);
  for (int64_t i = 0; i < n; i++) square += (double)from[i] * from[i] / (double)n;
  for (int64_t i = 0; i < n; i++) {
    if (matrix) { to[i] = (float)(sqrt(square) * aus_rng_normal(&rng)); continue; }
    const int64_t j = (int64_t)aus_rng_below(&rng, (uint64_t)i + 1);
    to[i] = to[j];
    to[j] = from[i];
  }
}

/* Tensor t of the bundle, in a copy of its bytes. */
static aus_status replace(aus_bundle *b, unsigned char *bytes, int32_t t, uint64_t seed)
{
  const aus_tensor_info *info = &b->tensor[t];
  unsigned char *entry = bytes + b->tens.at + 8 + (size_t)t * AUS_TENSOR_BYTES;
  unsigned char *data = bytes + aus_get64(entry + 40);
  if (info->dtype == AUS_I32) return AUS_OK;
  float *v = aus_alloc(b->ctx, (size_t)info->count, sizeof *v);
  if (!v) return AUS_ENOMEM;
  int32_t wide = 0; /* axes longer than one: a [512][1] bias is a vector */
  for (int32_t d = 0; d < info->rank; d++) wide += info->dim[d] > 1;
  random_values(info->count, wide > 1, b->f32[t], seed, t, v);
  for (int64_t i = 0; i < info->count; i++) {
    const AUS_BINARY32 value = (AUS_BINARY32)v[i];
    uint32_t bits;
    memcpy(&bits, &value, sizeof bits);
    if (info->dtype == AUS_F32) aus_put32(data + 4 * i, bits);
    else aus_put16(data + 2 * i, aus_half_from_float(v[i]));
  }
  aus_put32(entry + 36, aus_crc32(0, data, (size_t)info->bytes));
  aus_free(b->ctx, v);
  return AUS_OK;
}

static aus_status replace_layer(aus_bundle *b, unsigned char *bytes, const aus_node *node, uint64_t seed)
{
  for (int32_t i = 0; i < node->n_in; i++) {
    const int32_t v = b->graph.index[node->in + i];
    if (v >= 0 && b->graph.value[v].kind == AUS_VALUE_PARAM) AUS_TRY(replace(b, bytes, b->graph.value[v].tensor, seed));
  }
  return AUS_OK;
}

/* Section, table and header again, from the inside out. */
static void seal(unsigned char *bytes, size_t tens_at, size_t tens_size)
{
  const uint32_t sections = aus_get32(bytes + 24);
  for (uint32_t s = 0; s < sections; s++) {
    unsigned char *e = bytes + AUS_HEADER_BYTES + s * AUS_SECTION_BYTES;
    if (aus_get64(e + 8) == tens_at && aus_get64(e + 16) == tens_size && memcmp(e, "TENS", 4) == 0) aus_put32(e + 24, aus_crc32(0, bytes + tens_at, tens_size));
  }
  aus_put32(bytes + 40, aus_crc32(0, bytes + AUS_HEADER_BYTES, (size_t)sections * AUS_SECTION_BYTES));
  aus_put32(bytes + 60, aus_crc32(0, bytes, 60));
}

aus_status aus_eval_randomise(aus_ctx *ctx, const void *bytes, size_t size, int32_t layer, int cascading, uint64_t seed, void **out)
{
  aus_bundle *b;
  *out = NULL;
  AUS_TRY(aus_bundle_open_memory(ctx, bytes, size, &b));
  const int32_t n = aus_eval_layers(b);
  unsigned char *copy = NULL;
  aus_status status = AUS_OK;
  if (layer < 0 || layer >= n) status = aus_fail(ctx, AUS_EINVAL, "there is no layer %d with parameters: the network has %d", layer, n);
  else if (!(copy = aus_alloc(ctx, size, 1))) status = AUS_ENOMEM;
  else memcpy(copy, bytes, size);
  for (int32_t k = cascading ? 0 : layer; k <= layer && status == AUS_OK; k++) status = replace_layer(b, copy, layer_at(&b->graph, k), seed);
  if (status == AUS_OK) seal(copy, b->tens.at, b->tens.size);
  else aus_free(ctx, copy);
  if (status == AUS_OK) *out = copy;
  aus_bundle_close(b);
  return status;
}

void aus_eval_randomise_free(aus_ctx *ctx, void *bytes) { aus_free(ctx, bytes); }
