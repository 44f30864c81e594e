/* infer.c - from the graph and the shapes of its inputs to steps with known shapes.
 *
 * Nodes that no output and no tap depends on are left out. Operand lists are padded to the length that ops.def
 * names, so that an op can ask for in[2] without counting. */
#include "nn/run.h"

#include <string.h>

aus_status aus_step_fail(const aus_run *run, const aus_step *step, aus_status status)
{
  return aus_fail_prefix(run->ctx, status, "node '%s' (%s)", run->bundle->graph.node[step->node].name, step->op->name);
}

/* needed[v], from the outputs and taps backwards; returns the number of needed nodes. */
static int32_t mark_needed(const aus_run *r, unsigned char *needed)
{
  const aus_graph *g = &r->bundle->graph;
  memset(needed, 0, (size_t)g->n_values);
  for (int32_t i = 0; i < g->n_outputs; i++) needed[g->output[i]] = 1;
  for (int32_t i = 0; i < r->n_taps; i++) needed[r->tap[i]] = 1;
  int32_t n = 0;
  for (int32_t i = g->n_nodes - 1; i >= 0; i--) {
    const aus_node *node = &g->node[i];
    bool wanted = false;
    for (int32_t k = 0; k < node->n_out; k++) wanted |= g->index[node->out + k] >= 0 && needed[g->index[node->out + k]];
    if (!wanted) continue;
    n++;
    for (int32_t k = 0; k < node->n_in; k++)
      if (g->index[node->in + k] >= 0) needed[g->index[node->in + k]] = 1;
  }
  return n;
}

static bool node_needed(const aus_graph *g, const aus_node *node, const unsigned char *needed)
{
  for (int32_t k = 0; k < node->n_out; k++)
    if (g->index[node->out + k] >= 0 && needed[g->index[node->out + k]]) return true;
  return false;
}

static aus_status check_arity(const aus_run *r, const aus_node *node, const aus_op *op)
{
  const aus_arity in = aus_op_arity(op->inputs), out = aus_op_arity(op->outputs), attr = aus_op_arity(op->attributes);
  const char *what = NULL;
  if (node->n_in < in.required || (!in.repeats && node->n_in > in.named)) what = "inputs";
  if (node->n_out < 1 || (!out.repeats && node->n_out > out.named)) what = "outputs";
  if (!attr.repeats && node->n_attr > attr.named) what = "attribute words";
  if (what)
    return aus_fail(r->ctx, AUS_EFORMAT, "node '%s' (%s): %d inputs, %d outputs, %d attribute words: the number of %s is wrong", node->name,
                    op->name, (int)node->n_in, (int)node->n_out, (int)node->n_attr, what);
  const aus_graph *g = &r->bundle->graph;
  for (int32_t k = 0; k < node->n_in; k++)
    if (g->index[node->in + k] == AUS_NO_VALUE && !aus_op_optional(op->inputs, k))
      return aus_fail(r->ctx, AUS_EFORMAT, "node '%s' (%s): input %d is needed and left out", node->name, op->name, (int)k);
  return AUS_OK;
}

static int32_t most(int32_t a, int32_t b) { return a > b ? a : b; }

typedef struct totals { int32_t steps, operands, indices, words, extra; } totals;

/* Sizes of one node's lists once padded; extra: outputs that the op writes and the graph does not name. */
static void add_totals(const aus_node *node, const aus_op *op, totals *t)
{
  const aus_arity in = aus_op_arity(op->inputs), out = aus_op_arity(op->outputs), attr = aus_op_arity(op->attributes);
  const int32_t n = most(node->n_in, in.named) + most(node->n_out, out.named);
  t->steps++;
  t->operands += n;
  t->words += most(node->n_attr, attr.named);
  t->extra += most(node->n_out, out.named);
}

static aus_status count_all(const aus_run *r, const unsigned char *needed, totals *t)
{
  const aus_graph *g = &r->bundle->graph;
  for (int32_t i = 0; i < g->n_nodes; i++) {
    if (!node_needed(g, &g->node[i], needed)) continue;
    const aus_op *op = aus_op_by_code(g->node[i].op);
    if (!op) return aus_fail(r->ctx, AUS_ENOTSUP, "node '%s': this version of the library has no op %d", g->node[i].name, (int)g->node[i].op);
    AUS_TRY(check_arity(r, &g->node[i], op));
    if (t->operands > INT32_MAX / 2 - 100000 || t->words > INT32_MAX / 2 || t->extra > INT32_MAX / 4) return aus_fail(r->ctx, AUS_ELIMIT, "the graph is too large");
    add_totals(&g->node[i], op, t);
  }
  return AUS_OK;
}

static aus_status make_room(aus_run *r, const totals *t)
{
  r->n_slots = r->bundle->graph.n_values;
  r->step = aus_alloc_zero(r->ctx, (size_t)t->steps, sizeof *r->step);
  r->slot = aus_alloc_zero(r->ctx, (size_t)r->n_slots + (size_t)t->extra, sizeof *r->slot);
  r->operands = aus_alloc_zero(r->ctx, (size_t)t->operands, sizeof *r->operands);
  r->indices = aus_alloc_zero(r->ctx, (size_t)t->operands, sizeof *r->indices);
  r->words = aus_alloc_zero(r->ctx, (size_t)t->words, sizeof *r->words);
  return r->step && r->slot && r->operands && r->indices && r->words ? AUS_OK : AUS_ENOMEM;
}

static aus_slot new_slot(int32_t own) { return (aus_slot){ .writer = -1, .last_reader = -1, .root = own }; }

/* Shapes of inputs (as asked for, checked against what the graph declares) and of parameters. */
static aus_status fill_slots(aus_run *r, const aus_dims *inputs)
{
  const aus_bundle *b = r->bundle;
  const aus_graph *g = &b->graph;
  char want[96], got[96];
  for (int32_t i = 0; i < g->n_values; i++) {
    const aus_value *v = &g->value[i];
    r->slot[i] = new_slot(i);
    r->slot[i].constant = v->kind == AUS_VALUE_PARAM;
    if (!r->slot[i].constant) continue;
    r->slot[i].shape.rank = v->rank;
    for (int32_t d = 0; d < v->rank; d++) r->slot[i].shape.dim[d] = v->dim[d];
    float *own = r->param ? r->param[v->tensor] : NULL;
    r->slot[i].data = own ? own : (float *)(uintptr_t)b->f32[v->tensor]; /* ops only read their inputs */
  }
  for (int32_t i = 0; i < g->n_inputs; i++) {
    const aus_dims declared = aus_graph_input_dims(b, i);
    aus_dims d = inputs ? inputs[i] : declared;
    bool fits = d.rank == declared.rank;
    for (int32_t k = 0; fits && k < d.rank; k++) {
      if (!inputs && d.dim[k] == -1) d.dim[k] = 1;
      fits = d.dim[k] >= 1 && (declared.dim[k] == -1 || declared.dim[k] == d.dim[k]);
    }
    if (!fits)
      return aus_fail(r->ctx, AUS_EINVAL, "input '%s' has shape %s; the graph takes %s (-1: any)", aus_graph_input_name(b, i),
                      d.rank < 0 || d.rank > AUS_MAX_RANK ? "of an impossible rank" : aus_shape_text(&d, got), aus_shape_text(&declared, want));
    AUS_TRY(aus_shape_check(r->ctx, &d));
    r->slot[g->input[i]].shape = d;
  }
  return AUS_OK;
}

static void read_by(aus_run *r, int32_t value, int32_t step)
{
  r->slot[value].last_reader = step;
  r->slot[value].n_readers++;
}

/* Points the step's lists into the pools; used says how much of them is taken. */
static void make_step(aus_run *r, int32_t index, int32_t node_index, totals *used)
{
  const aus_graph *g = &r->bundle->graph;
  const aus_node *n = &g->node[node_index];
  aus_step *s = &r->step[index];
  s->op = aus_op_by_code(n->op);
  s->node = node_index;
  s->spread = s->fold = s->affine = -1;
  const int32_t n_in = most(n->n_in, aus_op_arity(s->op->inputs).named), n_out = most(n->n_out, aus_op_arity(s->op->outputs).named);
  const int32_t n_attr = most(n->n_attr, aus_op_arity(s->op->attributes).named);
  s->in_value = r->indices + used->operands;
  s->out_value = s->in_value + n_in;
  aus_word *words = r->words + used->words;
  for (int32_t k = 0; k < n->n_attr; k++) words[k] = g->word[n->attr + k];
  s->call = (aus_call){ .ctx = r->ctx, .op = n->op, .n_in = n_in, .n_out = n_out, .n_attr = n_attr, .attr = words,
                        .training = (r->flags & AUS_RUN_TRAINING) != 0, .in = r->operands + used->operands, .out = r->operands + used->operands + n_in };
  used->operands += n_in + n_out;
  used->words += n_attr;
  for (int32_t k = 0; k < n_in; k++) {
    s->in_value[k] = k < n->n_in ? g->index[n->in + k] : AUS_NO_VALUE;
    if (s->in_value[k] != AUS_NO_VALUE) read_by(r, s->in_value[k], index);
  }
  for (int32_t k = 0; k < n_out; k++) {
    int32_t v = k < n->n_out ? g->index[n->out + k] : AUS_NO_VALUE;
    if (v == AUS_NO_VALUE && !aus_op_optional(s->op->outputs, k)) r->slot[v = r->n_slots] = new_slot(r->n_slots), r->n_slots++;
    s->out_value[k] = v;
    if (v != AUS_NO_VALUE) r->slot[v].writer = index;
  }
}

/* Ops take an optional operand of rank 0 for an absent one, so a scalar there must not get through: its check
 * would be skipped and its data read as an array. */
static aus_status check_optional(const aus_run *r, const aus_step *s)
{
  for (int32_t k = 0; k < s->call.n_in; k++)
    if (s->in_value[k] != AUS_NO_VALUE && aus_op_optional(s->op->inputs, k) && r->slot[s->in_value[k]].shape.rank == 0)
      return aus_fail(r->ctx, AUS_EFORMAT, "input %d is a single value where an array is needed", (int)k);
  return AUS_OK;
}

static aus_status infer_step(aus_run *r, aus_step *s)
{
  aus_operand *in = (aus_operand *)(uintptr_t)s->call.in;
  for (int32_t k = 0; k < s->call.n_in; k++) {
    if (s->in_value[k] == AUS_NO_VALUE) continue;
    const aus_slot *v = &r->slot[s->in_value[k]];
    in[k] = (aus_operand){ v->constant && !r->param ? v->data : NULL, v->shape };
  }
  aus_status status = check_optional(r, s);
  if (status == AUS_OK) status = s->op->impl->shape(&s->call);
  for (int32_t k = 0; status == AUS_OK && k < s->call.n_out; k++) {
    if (s->out_value[k] == AUS_NO_VALUE) continue;
    status = aus_shape_check(r->ctx, &s->call.out[k].shape);
    r->slot[s->out_value[k]].shape = s->call.out[k].shape;
  }
  return status == AUS_OK ? AUS_OK : aus_step_fail(r, s, status);
}

static aus_status infer(aus_run *r, const aus_dims *inputs, const unsigned char *needed)
{
  const aus_graph *g = &r->bundle->graph;
  totals t = {0}, used = {0};
  AUS_TRY(count_all(r, needed, &t));
  AUS_TRY(make_room(r, &t));
  AUS_TRY(fill_slots(r, inputs));
  for (int32_t i = 0; i < g->n_nodes; i++)
    if (node_needed(g, &g->node[i], needed)) make_step(r, r->n_steps++, i, &used);
  for (int32_t i = 0; i < g->n_inputs; i++) r->slot[g->input[i]].pinned = true;
  for (int32_t i = 0; i < g->n_outputs; i++) r->slot[g->output[i]].pinned = true;
  for (int32_t i = 0; i < r->n_taps; i++) r->slot[r->tap[i]].pinned = true;
  for (int32_t i = 0; i < r->n_steps; i++) AUS_TRY(infer_step(r, &r->step[i]));
  for (int32_t i = 0; i < r->n_steps; i++) /* optional outputs that nobody reads are not written */
    for (int32_t k = 0; k < r->step[i].call.n_out; k++) {
      const int32_t v = r->step[i].out_value[k];
      if (v != AUS_NO_VALUE && !r->slot[v].n_readers && !r->slot[v].pinned && aus_op_optional(r->step[i].op->outputs, k)) r->slot[v].absent = true;
    }
  return AUS_OK;
}

aus_status aus_run_infer(aus_run *r, const aus_dims *inputs)
{
  unsigned char *needed = aus_alloc(r->ctx, (size_t)r->bundle->graph.n_values, 1);
  if (!needed) return AUS_ENOMEM;
  mark_needed(r, needed);
  const aus_status status = infer(r, inputs, needed);
  aus_free(r->ctx, needed);
  return status;
}
