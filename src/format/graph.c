/* graph.c - the GRPH section: values, nodes, and the order in which they may run.
 *
 * What is proved here once is what src/nn relies on ever after: all indices are in range, every activation is
 * written by exactly one node and only then read, inputs and parameters are never written. */
#include "format/bundle.h"

#include <string.h>

/* One block holds all arrays: room for each, each on a 64-byte bound. */
static aus_status make_room(aus_bundle *b)
{
  aus_graph *g = &b->graph;
  const size_t n[6] = { (size_t)g->n_values, (size_t)g->n_nodes, (size_t)g->n_inputs, (size_t)g->n_outputs, (size_t)g->n_index, (size_t)g->n_words };
  const size_t width[6] = { sizeof(aus_value), sizeof(aus_node), 4, 4, 4, sizeof(aus_word) };
  size_t total = 0, bytes;
  for (int i = 0; i < 6; i++)
    if (!aus_mul_size(n[i], width[i], &bytes) || !aus_add_size(bytes, AUS_ALIGN, &bytes) || !aus_add_size(total, bytes, &total))
      return aus_fail(b->ctx, AUS_ELIMIT, "the graph is too large for this machine");
  aus_arena arena = { .base = b->graph_block = aus_alloc_zero(b->ctx, total, 1), .size = total };
  if (!arena.base) return AUS_ENOMEM;
  g->value = aus_arena_take(&arena, n[0] * width[0]);
  g->node = aus_arena_take(&arena, n[1] * width[1]);
  g->input = aus_arena_take(&arena, n[2] * width[2]);
  g->output = aus_arena_take(&arena, n[3] * width[3]);
  g->index = aus_arena_take(&arena, n[4] * width[4]);
  g->word = aus_arena_take(&arena, n[5] * width[5]);
  return AUS_OK;
}

static aus_status read_counts(aus_bundle *b)
{
  const unsigned char *p = b->bytes + b->grph.at;
  aus_graph *g = &b->graph;
  if (b->grph.size < AUS_GRAPH_BYTES || !aus_all_zero(p + 24, 8)) return aus_bad(b, b->grph.at, "section GRPH has no valid head");
  uint64_t expect = AUS_GRAPH_BYTES;
  int32_t *count[6] = { &g->n_values, &g->n_nodes, &g->n_inputs, &g->n_outputs, &g->n_index, &g->n_words };
  const uint64_t width[6] = { AUS_VALUE_BYTES, AUS_NODE_BYTES, 4, 4, 4, 4 };
  for (int i = 0; i < 6; i++) {
    const uint32_t n = aus_get32(p + 4 * i);
    if (n > INT32_MAX) return aus_bad(b, b->grph.at + 4 * (size_t)i, "section GRPH: a count of %u is too large", (unsigned)n);
    *count[i] = (int32_t)n;
    expect += n * width[i]; /* six terms below 2^31 * 40 cannot overflow */
  }
  if (expect != b->grph.size) return aus_bad(b, b->grph.at, "section GRPH has %zu bytes where its counts need %llu", b->grph.size, (unsigned long long)expect);
  return AUS_OK;
}

static aus_status check_param(aus_bundle *b, size_t at, const aus_value *v)
{
  if (v->tensor < 0 || v->tensor >= b->n_tensors) return aus_bad(b, at + 8, "parameter '%s': there is no tensor %u", v->name, (unsigned)v->tensor);
  const aus_tensor_info *t = &b->tensor[v->tensor];
  bool same = v->rank == t->rank;
  for (int d = 0; same && d < v->rank; d++) same = v->dim[d] == t->dim[d];
  return same ? AUS_OK : aus_bad(b, at + 12, "parameter '%s': its shape is not that of tensor '%s'", v->name, t->name);
}

static aus_status read_value(aus_bundle *b, size_t at, aus_value *v)
{
  const unsigned char *p = b->bytes + at;
  v->name = aus_string_at(b, aus_get32(p));
  v->kind = (int32_t)aus_get32(p + 4);
  v->tensor = (int32_t)aus_get32(p + 8);
  v->rank = (int32_t)aus_get32(p + 12);
  if (!v->name) return aus_bad(b, at, "a value of the graph has no name");
  if (v->kind < AUS_VALUE_ACTIVATION || v->kind > AUS_VALUE_PARAM) return aus_bad(b, at + 4, "value '%s': unknown kind %d", v->name, (int)v->kind);
  if (v->rank < 0 || v->rank > AUS_MAX_DIMS) return aus_bad(b, at + 12, "value '%s': rank %d, at most 6", v->name, (int)v->rank);
  for (int d = 0; d < AUS_MAX_DIMS; d++) {
    v->dim[d] = (int32_t)aus_get32(p + 16 + 4 * d);
    const bool used = d < v->rank, free_dim = v->kind == AUS_VALUE_INPUT && v->dim[d] == -1;
    if (used ? v->dim[d] < 1 && !free_dim : v->dim[d] != 0 && v->dim[d] != 1)
      return aus_bad(b, at + 16 + 4 * (size_t)d, "value '%s': dimension %d is %d", v->name, d, (int)v->dim[d]);
  }
  if (v->kind == AUS_VALUE_PARAM) return check_param(b, at, v);
  if (v->tensor != 0) return aus_bad(b, at + 8, "value '%s' is no parameter and names a tensor", v->name);
  if (v->kind == AUS_VALUE_ACTIVATION && v->rank != 0) return aus_bad(b, at + 12, "value '%s': shapes of activations are inferred, not stored", v->name);
  return AUS_OK;
}

static aus_status read_node(aus_bundle *b, size_t at, aus_node *n)
{
  const unsigned char *p = b->bytes + at;
  const aus_graph *g = &b->graph;
  n->name = aus_string_at(b, aus_get32(p + 4));
  if (!n->name) return aus_bad(b, at + 4, "a node of the graph has no name");
  uint64_t v[5] = { aus_get32(p + 8), aus_get32(p + 12), aus_get32(p + 16), aus_get32(p + 20), aus_get32(p + 24) };
  const uint64_t words = aus_get16(p + 28);
  if (v[0] + v[1] > (uint64_t)g->n_index || v[2] + v[3] > (uint64_t)g->n_index || v[4] + words > (uint64_t)g->n_words || aus_get16(p + 30))
    return aus_bad(b, at + 8, "node '%s' points outside the pools", n->name);
  if (aus_get32(p) > INT32_MAX) return aus_bad(b, at, "node '%s': no such op", n->name);
  n->op = (int32_t)aus_get32(p);
  n->in = (int32_t)v[0]; n->n_in = (int32_t)v[1];
  n->out = (int32_t)v[2]; n->n_out = (int32_t)v[3];
  n->attr = (int32_t)v[4]; n->n_attr = (int32_t)words;
  return AUS_OK;
}

static aus_status read_indices(aus_bundle *b, size_t at, int32_t n, bool may_be_absent, int32_t *to)
{
  for (int32_t i = 0; i < n; i++) {
    const uint32_t v = aus_get32(b->bytes + at + 4 * (size_t)i);
    if (v == 0xffffffffu && may_be_absent) { to[i] = AUS_NO_VALUE; continue; }
    if (v >= (uint32_t)b->graph.n_values) return aus_bad(b, at + 4 * (size_t)i, "the graph has no value %u", (unsigned)v);
    to[i] = (int32_t)v;
  }
  return AUS_OK;
}

static aus_status read_arrays(aus_bundle *b)
{
  aus_graph *g = &b->graph;
  size_t at = b->grph.at + AUS_GRAPH_BYTES;
  for (int32_t i = 0; i < g->n_values; i++, at += AUS_VALUE_BYTES) AUS_TRY(read_value(b, at, &g->value[i]));
  for (int32_t i = 0; i < g->n_nodes; i++, at += AUS_NODE_BYTES) AUS_TRY(read_node(b, at, &g->node[i]));
  AUS_TRY(read_indices(b, at, g->n_inputs, false, g->input));
  at += 4 * (size_t)g->n_inputs;
  AUS_TRY(read_indices(b, at, g->n_outputs, false, g->output));
  at += 4 * (size_t)g->n_outputs;
  AUS_TRY(read_indices(b, at, g->n_index, true, g->index));
  at += 4 * (size_t)g->n_index;
  for (int32_t i = 0; i < g->n_words; i++) g->word[i].i = (int32_t)aus_get32(b->bytes + at + 4 * (size_t)i);
  return AUS_OK;
}

/* ready[v]: the value can be read now. */
static aus_status check_order(aus_bundle *b, unsigned char *ready)
{
  const aus_graph *g = &b->graph;
  const size_t at = b->grph.at;
  for (int32_t i = 0; i < g->n_values; i++) ready[i] = g->value[i].kind == AUS_VALUE_PARAM;
  for (int32_t i = 0; i < g->n_inputs; i++) {
    if (g->value[g->input[i]].kind != AUS_VALUE_INPUT || ready[g->input[i]]) return aus_bad(b, at, "graph input %d is not an input, or is listed twice", (int)i);
    ready[g->input[i]] = 1;
  }
  for (int32_t i = 0; i < g->n_values; i++)
    if (g->value[i].kind == AUS_VALUE_INPUT && !ready[i]) return aus_bad(b, at, "value '%s' is an input that the list of inputs lacks", g->value[i].name);
  for (int32_t i = 0; i < g->n_nodes; i++) {
    const aus_node *n = &g->node[i];
    for (int32_t k = 0; k < n->n_in; k++) {
      const int32_t v = g->index[n->in + k];
      if (v != AUS_NO_VALUE && !ready[v]) return aus_bad(b, at, "node %d ('%s') reads value '%s' before it is written", (int)i, n->name, g->value[v].name);
    }
    for (int32_t k = 0; k < n->n_out; k++) {
      const int32_t v = g->index[n->out + k];
      if (v == AUS_NO_VALUE) continue;
      if (ready[v]) return aus_bad(b, at, "node %d ('%s') writes value '%s', which is written already", (int)i, n->name, g->value[v].name);
      ready[v] = 1;
    }
  }
  for (int32_t i = 0; i < g->n_outputs; i++)
    if (!ready[g->output[i]]) return aus_bad(b, at, "graph output '%s' is never written", g->value[g->output[i]].name);
  return AUS_OK;
}

aus_status aus_read_graph(aus_bundle *b)
{
  if (b->grph.size == 0) return AUS_OK; /* a bundle of tensors only */
  AUS_TRY(read_counts(b));
  AUS_TRY(make_room(b));
  AUS_TRY(read_arrays(b));
  unsigned char *ready = aus_alloc(b->ctx, (size_t)b->graph.n_values, 1);
  if (!ready) return AUS_ENOMEM;
  const aus_status status = check_order(b, ready);
  aus_free(b->ctx, ready);
  return status;
}

int32_t aus_graph_inputs(const aus_bundle *b) { return b->graph.n_inputs; }
int32_t aus_graph_outputs(const aus_bundle *b) { return b->graph.n_outputs; }

const char *aus_graph_input_name(const aus_bundle *b, int32_t i)
{
  return i < 0 || i >= b->graph.n_inputs ? NULL : b->graph.value[b->graph.input[i]].name;
}

const char *aus_graph_output_name(const aus_bundle *b, int32_t i)
{
  return i < 0 || i >= b->graph.n_outputs ? NULL : b->graph.value[b->graph.output[i]].name;
}

aus_dims aus_graph_input_dims(const aus_bundle *b, int32_t i)
{
  aus_dims d = {0};
  if (i < 0 || i >= b->graph.n_inputs) return d;
  const aus_value *v = &b->graph.value[b->graph.input[i]];
  d.rank = v->rank;
  for (int k = 0; k < v->rank; k++) d.dim[k] = v->dim[k];
  return d;
}
