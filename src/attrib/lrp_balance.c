/* lrp_balance.c - where relevance went, end to end and as a table.
 *
 * Each node's books are kept by its rule and by observe (lrp.c): out = in + bias + stabiliser + state + other. Added up
 * over the nodes, what is between cancels: relevance at the start = relevance at the values asked for + all shares. */
#include "attrib/lrp_node.h"
#include "simd/kernels.h"

#include <stdio.h>
#include <string.h>

/* A value asked for counts when the walk ended there: one that lies between hands all it has on to others. */
static bool ends_at(const aus_lrp *l, int32_t slot)
{
  const int32_t w = l->run->slot[slot].writer;
  return w < 0 || l->node[w].seen < 0;
}

aus_lrp_entry aus_lrp_balance(const aus_lrp *l, const aus_walk *walk)
{
  const aus_graph *g = &l->run->bundle->graph;
  const struct aus_vec_kernels *vec = &l->ctx->kernels->vec;
  aus_lrp_entry all = { .node = "all", .op = "", .rule = "" };
  aus_dims dims;
  const float *seed = aus_walk_seed((aus_walk *)(uintptr_t)walk, 0, &dims);
  all.out = vec->sum(aus_shape_count(&dims), seed);
  all.size = vec->sum_abs(aus_shape_count(&dims), seed);
  for (int32_t i = 0; i < (l->n_to ? l->n_to : g->n_inputs); i++) {
    const float *r = aus_walk_diff(walk, i, 0, &dims);
    const int32_t slot = l->n_to ? aus_run_find(l->run, l->to[i]) : g->input[i];
    if (r && ends_at(l, slot)) all.in += vec->sum(aus_shape_count(&dims), r);
  }
  for (int32_t i = 0; i < l->n_seen; i++) {
    const aus_lrp_entry *e = aus_lrp_account(l, i);
    all.bias += e->bias;
    all.stabiliser += e->stabiliser;
    all.state += e->state;
    all.other += e->other;
  }
  all.error = all.out - all.in - all.bias - all.stabiliser - all.state - all.other;
  return all;
}

/* ---- the table ------------------------------------------------------------------------------------------------------ */

enum { LINE = 200 };

static size_t write_line(char *to, const aus_lrp_entry *e)
{
  const int n = snprintf(to, LINE, "%-28.28s %-14.14s %-12.12s %12.5g %12.5g %12.5g %12.5g %12.5g %12.5g %10.2g\n", e->node, e->op, e->rule, e->out, e->in, e->bias,
                         e->stabiliser, e->state, e->other, e->error);
  return n < 0 ? 0 : n >= LINE ? LINE - 1 : (size_t)n;
}

char *aus_lrp_report(const aus_lrp *l, const aus_walk *walk)
{
  const aus_lrp_entry all = aus_lrp_balance(l, walk);
  char *text = aus_alloc(l->ctx, (size_t)l->n_seen + 2, LINE), *at = text;
  if (!text) return NULL;
  const int n = snprintf(at, LINE, "%-28s %-14s %-12s %12s %12s %12s %12s %12s %12s %10s\n", "node", "op", "rule", "came", "went on", "bias", "stabiliser", "state", "other", "error");
  at += n < 0 ? 0 : n;
  for (int32_t i = 0; i < l->n_seen; i++) at += write_line(at, aus_lrp_account(l, i));
  at += write_line(at, &all);
  *at = 0;
  return text;
}
