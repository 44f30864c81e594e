/* lrp.c - from a run and rules to a rule per node (lrp.h).
 *
 *   computed   which values depend on an input: the others are constants, whatever made them
 *   on the way which nodes lie between the values asked for and the start
 *   choose     a rule for each (lrp_fit.c), then what is folded into what (lrp_fold.c)
 *   attach     what the walk calls */
#include "attrib/lrp_node.h"
#include "simd/kernels.h"

#include <stdio.h>
#include <string.h>

/* ---- which values ------------------------------------------------------------------------------------------------ */

static bool any(const aus_step *s, const bool *mark)
{
  for (int32_t k = 0; k < s->call.n_in; k++) if (s->in_value[k] != AUS_NO_VALUE && mark[s->in_value[k]]) return true;
  return false;
}

/* Marks what depends on a marked value. */
static void spread(const aus_run *r, bool *mark)
{
  for (int32_t i = 0; i < r->n_steps; i++) {
    if (!any(&r->step[i], mark)) continue;
    for (int32_t k = 0; k < r->step[i].call.n_out; k++) if (r->step[i].out_value[k] != AUS_NO_VALUE) mark[r->step[i].out_value[k]] = true;
  }
}

static bool writes_marked(const aus_step *s, const bool *mark)
{
  for (int32_t k = 0; k < s->call.n_out; k++) if (s->out_value[k] != AUS_NO_VALUE && mark[s->out_value[k]]) return true;
  return false;
}

/* before: what `from` is computed from. */
static void trace(const aus_lrp *l, bool *before)
{
  before[l->from] = true;
  for (int32_t i = l->run->n_steps - 1; i >= 0; i--) {
    const aus_step *s = &l->run->step[i];
    if (!writes_marked(s, before)) continue;
    for (int32_t k = 0; k < s->call.n_in; k++) if (s->in_value[k] != AUS_NO_VALUE) before[s->in_value[k]] = true;
  }
}

static aus_status find_way(aus_lrp *l, bool *behind, bool *before)
{
  const aus_graph *g = &l->run->bundle->graph;
  for (int32_t i = 0; i < g->n_inputs; i++) l->computed[g->input[i]] = true;
  spread(l->run, l->computed);
  for (int32_t i = 0; i < l->n_to; i++) {
    const int32_t v = aus_run_find(l->run, l->to[i]);
    if (v < 0) return aus_fail(l->ctx, AUS_EINVAL, "the graph has no value named '%s'", l->to[i]);
    behind[v] = true;
  }
  for (int32_t i = 0; !l->n_to && i < g->n_inputs; i++) behind[g->input[i]] = true;
  spread(l->run, behind);
  trace(l, before);
  for (int32_t i = 0; i < l->run->n_steps; i++) l->node[i].on_way = any(&l->run->step[i], behind) && writes_marked(&l->run->step[i], before);
  return AUS_OK;
}

/* ---- the start: before a softmax or sigmoid at the end ---------------------------------------------------------------- */

static bool is_squash(int32_t op) { return op == AUS_OP_softmax || op == AUS_OP_log_softmax || op == AUS_OP_sigmoid; }

static aus_status find_start(aus_lrp *l, const char *from)
{
  const aus_graph *g = &l->run->bundle->graph;
  l->skipped = -1;
  l->from = from ? aus_run_find(l->run, from) : g->output[0];
  if (l->from < 0) return aus_fail(l->ctx, AUS_EINVAL, "the graph has no value named '%s'", from);
  const int32_t w = l->run->slot[l->from].writer;
  if (w < 0) return aus_fail(l->ctx, AUS_EINVAL, "nothing computes '%s': relevance cannot start there", g->value[l->from].name);
  const aus_step *s = &l->run->step[w];
  if (from || !is_squash(s->call.op) || l->run->slot[s->in_value[0]].writer < 0) return AUS_OK;
  l->skipped = l->from;
  l->from = s->in_value[0];
  return AUS_OK;
}

/* ---- rules --------------------------------------------------------------------------------------------------------------- */

/* deep: a linear layer lies before the value. */
static bool behind_linear(const aus_lrp_node *n, const bool *deep) { return any(n->step, deep); }

static void mark_deep(const aus_lrp_node *n, bool *deep)
{
  if (n->family != AUS_LRP_LINEAR && !any(n->step, deep)) return;
  for (int32_t k = 0; k < n->step->call.n_out; k++) if (n->step->out_value[k] != AUS_NO_VALUE) deep[n->step->out_value[k]] = true;
}

/* "a, b, c, ..." as far as it fits. */
static void list_nodes(const aus_lrp *l, char *to, size_t size)
{
  size_t used = 0;
  *to = 0;
  for (int32_t i = 0; i < l->run->n_steps; i++) {
    const char *name = l->run->bundle->graph.node[l->run->step[i].node].name;
    const int n = snprintf(to + used, size - used, "%s%s", used ? ", " : "", name);
    if (n < 0 || (size_t)n >= size - used - 5) { snprintf(to + used, size - used, ", ..."); return; }
    used += (size_t)n;
  }
}

static aus_status check_names(const aus_lrp *l, const aus_lrp_rules *rules, const char *file)
{
  char list[120];
  list_nodes(l, list, sizeof list);
  for (int32_t i = 0; i < rules->n; i++)
    if (rules->line[i].pattern && !aus_lrp_matched(l, &rules->line[i]))
      return aus_fail(l->ctx, AUS_EINVAL, "%s, line %d: no node and no op is called '%.60s'; nodes: %s", file, (int)rules->line[i].line, rules->line[i].key, list);
  return AUS_OK;
}

static aus_status choose_all(aus_lrp *l, const aus_lrp_rules *rules, const char *file, bool *deep)
{
  bool first = true, first_conv = true;
  AUS_TRY(check_names(l, rules, file));
  for (int32_t i = 0; i < l->run->n_steps; i++) {
    aus_lrp_node *n = &l->node[i];
    *n = (aus_lrp_node){ .lrp = l, .step = &l->run->step[i], .on_way = n->on_way, .bias = -1, .seen = -1 };
    n->family = aus_lrp_family_of(l, n->step);
    if (n->on_way) {
      const bool linear = n->family == AUS_LRP_LINEAR, conv = linear && (n->step->call.op == AUS_OP_conv || n->step->call.op == AUS_OP_conv_transpose);
      AUS_TRY(aus_lrp_choose(n, rules, file, (aus_lrp_stand){ linear && first, conv && first_conv, linear && !behind_linear(n, deep) }));
      first = first && !linear;
      first_conv = first_conv && !conv;
    }
    mark_deep(n, deep);
  }
  return AUS_OK;
}

/* The books of this visit, and only of this one. */
static void apply(const aus_rule *rule, const aus_visit *v)
{
  aus_lrp_node *n = aus_lrp_node_of(rule);
  n->entry.bias = n->entry.stabiliser = n->entry.state = n->entry.other = 0;
  n->apply(rule, v);
}

/* ---- attaching --------------------------------------------------------------------------------------------------------------- */

static aus_status check_linear(aus_lrp_node *n)
{
  const aus_call *c = &n->step->call;
  aus_ctx *ctx = n->lrp->ctx;
  const bool second = !aus_lrp_is_computed(n->lrp, n->step->in_value[0]); /* matmul of a constant by what is computed */
  n->data = second;
  n->weights = !second;
  n->bias = c->op != AUS_OP_matmul && c->n_in > 2 && n->step->in_value[2] != AUS_NO_VALUE ? 2 : -1;
  const int32_t writer = n->lrp->run->slot[n->step->in_value[n->data]].writer;
  if (writer >= 0 && n->lrp->run->step[writer].call.op == AUS_OP_pad && n->lrp->run->step[writer].call.attr[0].i == 0) n->pad = &n->lrp->run->step[writer];
  const int64_t each = aus_lrp_count(&c->in[n->data]) / aus_lrp_items(&c->in[n->data]);
  if (n->spec.kind == AUS_LRP_PASS && aus_lrp_count(&c->in[n->data]) != aus_lrp_count(&c->out[0]))
    return aus_step_fail(n->lrp->run, n->step, aus_fail(ctx, AUS_EINVAL, "the rule pass needs as many inputs as outputs, here %lld and %lld; epsilon works for any",
                                                        (long long)aus_lrp_count(&c->in[n->data]), (long long)aus_lrp_count(&c->out[0])));
  if (n->spec.kind == AUS_LRP_BOX && n->lrp->low && n->lrp->n_box != each)
    return aus_step_fail(n->lrp->run, n->step, aus_fail(ctx, AUS_EINVAL, "the box has bounds for %lld values, an input of this node has %lld", (long long)n->lrp->n_box, (long long)each));
  return AUS_OK;
}

static void attach(aus_lrp_node *n)
{
  n->rule = (aus_rule){ .name = aus_lrp_kind_name(n->spec.kind), .apply = apply, .user = n };
  switch (n->spec.kind) {
  case AUS_LRP_PASS: case AUS_LRP_NORM: case AUS_LRP_STOP: case AUS_LRP_GRADIENT: case AUS_LRP_WINNER: case AUS_LRP_FOLD: aus_lrp_attach_sum(n); return;
  default: break;
  }
  if (n->folded) { aus_lrp_attach_sum(n); return; }
  switch (n->family) {
  case AUS_LRP_LINEAR: aus_lrp_attach_linear(n); return;
  case AUS_LRP_MAXPOOL: aus_lrp_attach_split(n); return;
  case AUS_LRP_NORMALISE: aus_lrp_attach_normalise(n); return;
  case AUS_LRP_SOFTMAX: aus_lrp_attach_softmax(n); return;
  case AUS_LRP_ATTENTION: aus_lrp_attach_attention(n); return;
  case AUS_LRP_RECURRENT: aus_lrp_attach_recurrent(n); return;
  default: aus_lrp_attach_product(n); return;
  }
}

static void describe(aus_lrp_node *n)
{
  n->entry = (aus_lrp_entry){ .node = aus_lrp_node_name(n), .op = n->step->op->name, .rule = n->folded ? "folded" : aus_lrp_kind_name(n->spec.kind) };
}

static aus_status attach_all(aus_lrp *l)
{
  for (int32_t i = 0; i < l->run->n_steps; i++)
    if (l->node[i].on_way && l->node[i].family == AUS_LRP_LINEAR) AUS_TRY(check_linear(&l->node[i]));
  aus_lrp_fold_nodes(l);
  for (int32_t i = 0; i < l->run->n_steps; i++) {
    if (!l->node[i].on_way) continue;
    attach(&l->node[i]);
    describe(&l->node[i]);
  }
  return AUS_OK;
}

/* ---- making and taking apart ----------------------------------------------------------------------------------------------------- */

static aus_status build_with(aus_lrp *l, const aus_lrp_config *c, const aus_lrp_rules *rules, bool *marks)
{
  const int32_t n = l->run->n_slots;
  l->start = (aus_lrp_start)rules->start;
  l->other = rules->other;
  AUS_TRY(find_start(l, c->from));
  AUS_TRY(find_way(l, marks, marks + n));
  AUS_TRY(choose_all(l, rules, c->rules_name ? c->rules_name : "rules", marks + 2 * (size_t)n));
  return attach_all(l);
}

static aus_status build(aus_lrp *l, const aus_lrp_config *c)
{
  const aus_run *r = l->run;
  aus_lrp_rules rules;
  l->node = aus_alloc_zero(l->ctx, (size_t)r->n_steps, sizeof *l->node);
  l->seen = aus_alloc_zero(l->ctx, (size_t)r->n_steps, sizeof *l->seen);
  l->computed = aus_alloc_zero(l->ctx, (size_t)r->n_slots, sizeof *l->computed);
  if (!l->node || !l->seen || !l->computed) return AUS_ENOMEM;
  aus_status status = aus_lrp_rules_parse(l->ctx, c->rules_name ? c->rules_name : "rules", c->rules ? c->rules : "", &rules);
  bool *marks = status == AUS_OK ? aus_alloc_zero(l->ctx, 3 * (size_t)r->n_slots, sizeof *marks) : NULL;
  if (status == AUS_OK) status = marks ? build_with(l, c, &rules, marks) : AUS_ENOMEM;
  aus_free(l->ctx, marks);
  aus_lrp_rules_free(l->ctx, &rules);
  return status;
}

aus_status aus_lrp_create(aus_ctx *ctx, aus_run *run, const aus_lrp_config *config, aus_lrp **out)
{
  *out = NULL;
  if (!(run->flags & AUS_RUN_KEEP)) return aus_fail(ctx, AUS_EINVAL, "this run does not keep its values");
  if ((config->low == NULL) != (config->high == NULL)) return aus_fail(ctx, AUS_EINVAL, "a box needs both bounds, the least and the largest");
  aus_lrp *l = AUS_NEW(ctx, aus_lrp);
  if (!l) return AUS_ENOMEM;
  *l = (aus_lrp){ .ctx = ctx, .run = run, .to = config->to, .n_to = config->n_to, .low = config->low, .high = config->high, .n_box = config->n_box };
  const aus_status status = build(l, config);
  if (status != AUS_OK) { aus_lrp_destroy(l); return status; }
  *out = l;
  return AUS_OK;
}

void aus_lrp_destroy(aus_lrp *l)
{
  if (!l) return;
  aus_free(l->ctx, l->computed);
  aus_free(l->ctx, l->seen);
  aus_free(l->ctx, l->node);
  aus_free(l->ctx, l);
}

const char *aus_lrp_from(const aus_lrp *l) { return l->run->bundle->graph.value[l->from].name; }
const char *aus_lrp_skipped(const aus_lrp *l) { return l->skipped < 0 ? NULL : l->run->bundle->graph.value[l->skipped].name; }

/* ---- what the walk asks ------------------------------------------------------------------------------------------------------------ */

static const aus_rule *rule_of(void *user, const aus_run *run, const aus_step *step)
{
  const aus_lrp_node *n = &((const aus_lrp *)user)->node[step - run->step];
  return n->own || !n->apply ? NULL : &n->rule;
}

/* What an operand's own backward drops: constants that padding put in, values nobody asked for. */
static double dropped(const aus_lrp_node *n, const aus_visit *v, double left)
{
  bool unwanted = n->spec.kind == AUS_LRP_GRADIENT || n->family == AUS_LRP_TEST || v->call->op == AUS_OP_where || v->call->op == AUS_OP_pad || v->call->op == AUS_OP_scatter_rows;
  for (int32_t k = 0; k < v->call->n_in; k++) unwanted |= !v->diff_src[k] && v->step->in_value[k] != AUS_NO_VALUE && !v->run->slot[v->step->in_value[k]].constant;
  return unwanted ? left : 0;
}

static void observe(void *user, const aus_visit *v)
{
  aus_lrp *l = user;
  aus_lrp_node *n = &l->node[v->step - v->run->step];
  aus_lrp_entry *e = &n->entry;
  const struct aus_vec_kernels *vec = &v->call->ctx->kernels->vec;
  e->out = e->in = e->size = 0;
  for (int32_t k = 0; k < v->call->n_out; k++) {
    if (!v->diff_dst[k]) continue;
    e->out += vec->sum(aus_lrp_count(&v->call->out[k]), v->diff_dst[k]);
    e->size += vec->sum_abs(aus_lrp_count(&v->call->out[k]), v->diff_dst[k]);
  }
  for (int32_t k = 0; k < v->call->n_in; k++) if (v->diff_src[k]) e->in += vec->sum(aus_lrp_count(&v->call->in[k]), v->diff_src[k]);
  if (n->own) e->other = dropped(n, v, e->out - e->in);
  e->error = e->out - e->in - e->bias - e->stabiliser - e->state - e->other;
  if (n->seen < 0) { n->seen = l->n_seen; l->seen[l->n_seen++] = (int32_t)(v->step - v->run->step); }
}

void aus_lrp_use(aus_lrp *l, aus_walk_config *w)
{
  w->from = aus_lrp_from(l);
  w->to = l->to;
  w->n_to = l->n_to;
  w->rule_of = rule_of;
  w->observe = observe;
  w->user = l;
}

/* ---- the books ------------------------------------------------------------------------------------------------------------------------ */

int32_t aus_lrp_n_accounts(const aus_lrp *l) { return l->n_seen; }
const aus_lrp_entry *aus_lrp_account(const aus_lrp *l, int32_t i) { return i < 0 || i >= l->n_seen ? NULL : &l->node[l->seen[i]].entry; }
