/* run.c - making, running and taking apart a run. */
#include "nn/run.h"

#include <string.h>

int32_t aus_run_find(const aus_run *r, const char *name)
{
  const aus_graph *g = &r->bundle->graph;
  for (int32_t v = 0; v < g->n_values; v++)
    if (strcmp(g->value[v].name, name) == 0) return v;
  for (int32_t n = 0; n < g->n_nodes; n++)
    if (strcmp(g->node[n].name, name) == 0 && g->node[n].n_out > 0) return g->index[g->node[n].out];
  return -1;
}

static aus_status find_taps(aus_run *r, const char *const *taps)
{
  for (int32_t i = 0; i < r->n_taps; i++) {
    r->tap[i] = aus_run_find(r, taps[i]);
    if (r->tap[i] < 0) return aus_fail(r->ctx, AUS_EINVAL, "the graph has no value named '%s'", taps[i]);
  }
  return AUS_OK;
}

static aus_status build(aus_run *r, const aus_dims *inputs, const char *const *taps)
{
  if (r->bundle->graph.n_nodes == 0) return aus_fail(r->ctx, AUS_ENOTSUP, "the bundle holds no graph to run");
  r->tap = aus_alloc_zero(r->ctx, (size_t)r->n_taps, sizeof *r->tap);
  if (!r->tap) return AUS_ENOMEM;
  AUS_TRY(find_taps(r, taps));
  AUS_TRY(aus_run_infer(r, inputs));
  aus_run_fuse(r);
  AUS_TRY(aus_run_prepare(r));
  return aus_run_layout(r);
}

aus_status aus_run_create_on(aus_ctx *ctx, aus_bundle *bundle, const aus_dims *inputs, const char *const *taps, int32_t n_taps,
                             uint32_t flags, float *const *param, aus_run **out)
{
  if (!ctx || !bundle || !out || n_taps < 0 || (n_taps && !taps)) return AUS_EINVAL;
  *out = NULL;
  aus_run *r = AUS_NEW(ctx, aus_run);
  if (!r) return AUS_ENOMEM;
  *r = (aus_run){ .ctx = ctx, .bundle = bundle, .flags = flags, .n_taps = n_taps, .param = param };
  const aus_status status = build(r, inputs, taps);
  if (status != AUS_OK) {
    aus_run_destroy(r);
    return status;
  }
  *out = r;
  return AUS_OK;
}

aus_status aus_run_create_with(aus_ctx *ctx, aus_bundle *bundle, const aus_dims *inputs, const char *const *taps,
                               int32_t n_taps, uint32_t flags, aus_run **out)
{
  return aus_run_create_on(ctx, bundle, inputs, taps, n_taps, flags, NULL, out);
}

aus_status aus_run_create(aus_ctx *ctx, aus_bundle *bundle, const aus_dims *inputs, const char *const *taps, int32_t n_taps, aus_run **out)
{
  return aus_run_create_with(ctx, bundle, inputs, taps, n_taps, 0, out);
}

void aus_run_destroy(aus_run *r)
{
  if (!r) return;
  aus_ctx *ctx = r->ctx;
  aus_free(ctx, r->arena);
  aus_free(ctx, r->words);
  aus_free(ctx, r->indices);
  aus_free(ctx, r->operands);
  aus_free(ctx, r->slot);
  aus_free(ctx, r->step);
  aus_free(ctx, r->tap);
  aus_free(ctx, r);
}

aus_status aus_run_forward(aus_run *r)
{
  for (int32_t i = 0; i < r->n_steps; i++)
    if (r->step[i].state == AUS_STEP_RUNS) r->step[i].op->impl->forward(&r->step[i].call);
  return AUS_OK;
}

void aus_run_reseed(aus_run *r, uint64_t seed, uint64_t draw)
{
  for (int32_t i = 0; i < r->n_steps; i++) {
    r->step[i].call.seed = seed + (uint64_t)r->step[i].node;
    r->step[i].call.draw = draw;
  }
}

size_t aus_run_bytes(const aus_run *r) { return r->arena_bytes; }

float *aus_run_input(aus_run *r, int32_t i)
{
  return i < 0 || i >= r->bundle->graph.n_inputs ? NULL : r->slot[r->bundle->graph.input[i]].data;
}

const float *aus_run_value(const aus_run *r, int32_t v, aus_dims *dims)
{
  if (v < 0 || v >= r->n_slots) return NULL;
  if (dims) *dims = r->slot[v].shape;
  return r->slot[v].data;
}

const float *aus_run_output(const aus_run *r, int32_t i, aus_dims *dims)
{
  return i < 0 || i >= r->bundle->graph.n_outputs ? NULL : aus_run_value(r, r->bundle->graph.output[i], dims);
}

const float *aus_run_tap(const aus_run *r, int32_t i, aus_dims *dims) { return i < 0 || i >= r->n_taps ? NULL : aus_run_value(r, r->tap[i], dims); }
