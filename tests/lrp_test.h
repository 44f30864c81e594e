/* lrp_test.h - a small network built by hand, relevance through it, and its books. */
#ifndef AUS_LRP_TEST_H
#define AUS_LRP_TEST_H

#include "attrib/lrp_node.h"
#include "format/writer.h"
#include "nn/walk.h"
#include "test.h"

typedef struct lrp_net { aus_ctx *ctx; aus_builder *b; aus_bundle *bundle; void *bytes; aus_run *run; aus_lrp *lrp; aus_walk *walk; } lrp_net;

static inline lrp_net lrp_net_begin(int threads)
{
  lrp_net n = { .ctx = test_ctx(threads) };
  assert_ok(n.ctx, aus_builder_create(n.ctx, &n.b));
  return n;
}

static inline int32_t lrp_input(lrp_net *n, const char *name, int32_t rank, const int32_t *dim) { return aus_builder_input(n->b, name, rank, dim); }
static inline int32_t lrp_param(lrp_net *n, const char *name, int32_t rank, const int32_t *dim, const float *data) { return aus_builder_param(n->b, name, rank, dim, data); }
static inline int32_t lrp_op(lrp_net *n, int32_t op, const char *name, int32_t n_in, const int32_t *in, int32_t n_attr, const aus_word *attr)
{
  return aus_builder_node(n->b, op, name, n_in, in, 1, n_attr, attr);
}
#define IDS(...) (const int32_t[]){ __VA_ARGS__ }
#define WORDS(...) (const aus_word[]){ __VA_ARGS__ }

/* A linear layer NAME with weights NAME.w [out][in] and bias NAME.b (NULL: none). */
static inline int32_t lrp_linear(lrp_net *n, const char *name, int32_t x, int32_t out, int32_t in, const float *w, const float *b)
{
  char text[64];
  int32_t ids[3] = { x, 0, 0 };
  snprintf(text, sizeof text, "%s.w", name);
  ids[1] = lrp_param(n, text, 2, IDS(out, in), w);
  snprintf(text, sizeof text, "%s.b", name);
  if (b) ids[2] = lrp_param(n, text, 1, IDS(out), b);
  return lrp_op(n, AUS_OP_linear, name, b ? 3 : 2, ids, 0, NULL);
}

/* conv over [mb, ic, w]: weights [oc][ic][k]. */
static inline int32_t lrp_conv1d(lrp_net *n, const char *name, int32_t x, int32_t oc, int32_t ic, int32_t k, int32_t stride, int32_t pad, const float *w, const float *b)
{
  char text[64];
  int32_t ids[3] = { x, 0, 0 };
  const aus_word attr[9] = { { .i = 1 }, { .i = stride }, { .i = 1 }, { .i = 1 }, { .i = 0 }, { .i = pad }, { .i = 0 }, { .i = pad }, { .i = 1 } };
  snprintf(text, sizeof text, "%s.w", name);
  ids[1] = lrp_param(n, text, 3, IDS(oc, ic, k), w);
  snprintf(text, sizeof text, "%s.b", name);
  if (b) ids[2] = lrp_param(n, text, 1, IDS(oc), b);
  return lrp_op(n, AUS_OP_conv, name, b ? 3 : 2, ids, 9, attr);
}

static inline int32_t lrp_relu(lrp_net *n, const char *name, int32_t x) { return lrp_op(n, AUS_OP_relu, name, 1, &x, 0, NULL); }

/* Ends the graph, makes the run. */
static inline void lrp_net_end(lrp_net *n, int32_t output)
{
  size_t size;
  aus_builder_output(n->b, output);
  assert_ok(n->ctx, aus_builder_finish(n->b, &n->bytes, &size));
  aus_builder_destroy(n->b);
  n->b = NULL;
  assert_ok(n->ctx, aus_bundle_open_memory(n->ctx, n->bytes, size, &n->bundle));
}

static inline void lrp_net_run(lrp_net *n, const aus_dims *dims) { assert_ok(n->ctx, aus_run_create_with(n->ctx, n->bundle, dims, NULL, 0, AUS_RUN_KEEP, &n->run)); }

static inline void lrp_net_drop_walk(lrp_net *n)
{
  aus_walk_destroy(n->walk);
  aus_lrp_destroy(n->lrp);
  n->walk = NULL;
  n->lrp = NULL;
}

/* A walk with these rules; input k filled from x[k]; forward has run. */
static inline void lrp_net_prepare(lrp_net *n, const aus_lrp_config *config, const float *const *x)
{
  if (!n->run) lrp_net_run(n, NULL);
  lrp_net_drop_walk(n);
  const aus_graph *g = &n->bundle->graph;
  for (int32_t k = 0; k < g->n_inputs; k++) memcpy(aus_run_input(n->run, k), x[k], (size_t)aus_shape_count(&n->run->slot[g->input[k]].shape) * sizeof(float));
  assert_ok(n->ctx, aus_run_forward(n->run));
  aus_walk_config walk = { 0 };
  assert_ok(n->ctx, aus_lrp_create(n->ctx, n->run, config, &n->lrp));
  aus_lrp_use(n->lrp, &walk);
  assert_ok(n->ctx, aus_walk_create(n->ctx, n->run, &walk, &n->walk));
}

/* Relevance of input 0 for rules and a start at target (both per item the same). */
static inline const float *lrp_net_explain(lrp_net *n, const char *rules, const float *x, aus_lrp_start start, int32_t target)
{
  int32_t targets[16];
  for (int i = 0; i < 16; i++) targets[i] = target;
  lrp_net_prepare(n, &(aus_lrp_config){ .rules = rules }, &x);
  assert_ok(n->ctx, aus_lrp_seed(n->lrp, n->walk, start, targets, NULL));
  assert_ok(n->ctx, aus_walk_run(n->walk));
  return aus_walk_diff(n->walk, 0, 0, NULL);
}

static inline void lrp_net_free(lrp_net *n)
{
  lrp_net_drop_walk(n);
  aus_run_destroy(n->run);
  aus_bundle_close(n->bundle);
  aus_free(n->ctx, n->bytes);
  aus_ctx_destroy(n->ctx);
}

/* Each within max(tolerance, 1e-5 |want|). */
static inline void assert_relevance(const float *got, const double *want, int64_t count, double tolerance)
{
  assert_non_null(got);
  for (int64_t i = 0; i < count; i++) {
    const double t = fmax(tolerance, 1e-5 * fabs(want[i]));
    if (!(fabs((double)got[i] - want[i]) <= t)) fail_msg("relevance %d is %.9g, not %.9g", (int)i, (double)got[i], want[i]);
  }
}

/* Nothing got lost, at no node and not in all. */
static inline void assert_balanced(const lrp_net *n, double relative)
{
  const aus_lrp_entry all = aus_lrp_balance(n->lrp, n->walk);
  for (int32_t i = 0; i < aus_lrp_n_accounts(n->lrp); i++) {
    const aus_lrp_entry *e = aus_lrp_account(n->lrp, i);
    if (!(fabs(e->error) <= relative * fmax(e->size, 1e-6))) fail_msg("node '%s' (%s, %s): of %g came %g is lost (size %g)", e->node, e->op, e->rule, e->out, e->error, e->size);
  }
  if (!(fabs(all.error) <= relative * fmax(all.size, 1e-6))) fail_msg("end to end: of %g came %g is lost", all.out, all.error);
}

#endif
