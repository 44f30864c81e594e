/* relevance.c - layer-wise relevance propagation as a method: a question in, relevance and its books out (lrp.h does the work).
 *
 * Relevance starts as the rules say, by default as the score itself at the target, 0 elsewhere (all values of the item for the target "sum"). What biases and
 * stabilisers keep, node by node, is in out->account; the gap is what the books cannot explain: rounding. */
#include "attrib/attrib.h"
#include "attrib/lrp.h"

#include <stdio.h>
#include <string.h>

static const char DEFAULT_RULES[] = "epsilon";

/* As the rules say: the value itself at the target, unless they ask for another start. */
static aus_status seed(const aus_question *q, const aus_lrp *lrp, aus_walk *walk)
{
  const float *value = aus_run_value(q->a->keep[0], q->from, NULL);
  float *s = aus_walk_seed(walk, 0, NULL);
  int32_t other;
  const aus_lrp_start start = aus_lrp_rules_start(lrp, &other);
  for (int32_t i = 0; i < q->a->items; i++)
    AUS_TRY(aus_lrp_seed_item(q->ctx, start, q->per_item, value + i * q->per_item, (int32_t)q->target[i], other, s + i * q->per_item));
  return AUS_OK;
}

static aus_status keep_books(const aus_question *q, const aus_lrp *lrp, const aus_walk *walk, aus_attribution *out)
{
  const aus_lrp_entry b = aus_lrp_balance(lrp, walk);
  const int32_t n = aus_lrp_n_accounts(lrp);
  out->account = aus_alloc_zero(q->ctx, (size_t)n, sizeof *out->account);
  if (!out->account) return AUS_ENOMEM;
  out->n_accounts = n;
  for (int32_t i = 0; i < n; i++) {
    const aus_lrp_entry *e = aus_lrp_account(lrp, i);
    aus_account *a = &out->account[i];
    *a = (aus_account){ .out = e->out, .in = e->in, .bias = e->bias, .stabiliser = e->stabiliser, .state = e->state, .other = e->other, .error = e->error, .size = e->size };
    snprintf(a->node, sizeof a->node, "%s", e->node);
    snprintf(a->op, sizeof a->op, "%s", e->op);
    snprintf(a->rule, sizeof a->rule, "%s", e->rule);
  }
  if (q->a->items == 1) out->gap[0] = -b.error;
  aus_attribution_note(out, "relevance %.6g: input %.6g, biases %.3g, stabilisers %.3g, states %.3g, other %.3g", b.out, b.in, b.bias, b.stabiliser, b.state, b.other);
  return AUS_OK;
}

static aus_status propagate(const aus_question *q, aus_lrp *lrp, aus_attribution *out)
{
  aus_walk_config config = {0};
  aus_walk *walk;
  aus_lrp_use(lrp, &config);
  AUS_TRY(aus_walk_create(q->ctx, q->a->keep[0], &config, &walk));
  aus_status status = aus_question_forward(q, q->a->keep[0], q->x);
  if (status == AUS_OK) status = seed(q, lrp, walk);
  if (status == AUS_OK) status = aus_walk_run(walk);
  if (status == AUS_OK) {
    q->a->walks++;
    aus_question_collect(q, walk, 0, out->value[0]);
    status = keep_books(q, lrp, walk, out);
  }
  aus_walk_destroy(walk);
  return status;
}

static aus_status run(const aus_question *q, aus_attribution *out)
{
  const aus_graph *g = &q->a->bundle->graph;
  const char *rules = q->config->rules ? q->config->rules : DEFAULT_RULES, *to = q->layer >= 0 ? g->value[q->layer].name : NULL;
  aus_run *keep;
  aus_lrp *lrp;
  char *text;
  AUS_TRY(aus_lrp_rules_text(q->ctx, rules, &text));
  aus_status status = aus_question_keep(q, 0, &keep);
  const aus_lrp_config config = { .rules = text, .rules_name = strchr(rules, '=') ? NULL : rules, .from = g->value[q->from].name, .to = &to, .n_to = q->layer >= 0 };
  if (status == AUS_OK) status = aus_lrp_create(q->ctx, keep, &config, &lrp);
  aus_free(q->ctx, text);
  if (status != AUS_OK) return status;
  status = propagate(q, lrp, out);
  aus_lrp_destroy(lrp);
  return status;
}

const aus_method aus_method_lrp = {
  "lrp", "relevance", "layer-wise relevance propagation; --rules says how", AUS_METHOD_WHITE_BOX | AUS_METHOD_LOGITS | AUS_METHOD_ANY_LAYER, run
};
