/* layout.c - which values share memory, how long each lives, and where it lies.
 *
 * reshape and identity are aliases: no work at run time. An op that may work in place does so when its source
 * dies with it. What remains is one buffer per root value and one per step that wants scratch. */
#include "nn/plan.h"
#include "nn/run.h"

static aus_slot *root_of(aus_run *r, int32_t v) { return &r->slot[r->slot[v].root]; }

/* v joins the memory of src: lives as long as both. */
static void share(aus_run *r, int32_t v, int32_t src)
{
  aus_slot *root = root_of(r, src), *s = &r->slot[v];
  s->root = r->slot[src].root;
  if (s->last_reader > root->last_reader) root->last_reader = s->last_reader;
  root->pinned |= s->pinned;
}

static int32_t reads_of(const aus_run *r, const aus_step *s, int32_t root)
{
  int32_t n = 0;
  for (int32_t k = 0; k < s->call.n_in; k++) n += s->in_value[k] != AUS_NO_VALUE && r->slot[s->in_value[k]].root == root;
  return n;
}

/* May the step write over its first input? A root's own last_reader already covers all its aliases. */
static bool dies_here(aus_run *r, const aus_step *s, int32_t index)
{
  if (!s->op->impl->in_place || s->in_value[0] == AUS_NO_VALUE || (r->flags & AUS_RUN_KEEP)) return false;
  const aus_slot *root = root_of(r, s->in_value[0]);
  return !root->pinned && !root->constant && root->last_reader == index && reads_of(r, s, r->slot[s->in_value[0]].root) == 1 &&
         aus_shape_count(&s->call.in[0].shape) == aus_shape_count(&s->call.out[0].shape);
}

static void find_sharing(aus_run *r)
{
  for (int32_t i = 0; i < r->n_steps; i++) {
    aus_step *s = &r->step[i];
    if (s->state != AUS_STEP_RUNS || (r->flags & AUS_RUN_NO_REUSE)) continue;
    const bool alias = s->call.op == AUS_OP_identity || s->call.op == AUS_OP_reshape;
    if (alias) s->state = AUS_STEP_ALIAS;
    if (alias || dies_here(r, s, i)) share(r, s->out_value[0], s->in_value[0]);
  }
}

/* What a step wants for itself: scratch while it runs, and what it saves for the way back, to the end. */
static aus_status list_step(aus_run *r, int32_t i, aus_buffer *buffer, int32_t *owner, int32_t *n)
{
  const aus_step *s = &r->step[i];
  const aus_op_impl *impl = s->op->impl;
  if (s->state != AUS_STEP_RUNS) return AUS_OK;
  const size_t scratch = impl->scratch_size ? impl->scratch_size(&s->call) : 0;
  const size_t saved = (r->flags & AUS_RUN_KEEP) && impl->saved_size ? impl->saved_size(&s->call) : 0;
  if (scratch == SIZE_MAX || saved == SIZE_MAX) return aus_step_fail(r, s, aus_fail(r->ctx, AUS_ELIMIT, "its working memory is too large"));
  if (scratch) {
    buffer[*n] = (aus_buffer){ scratch, i, i, 0 };
    owner[(*n)++] = -1 - i;
  }
  if (saved) {
    buffer[*n] = (aus_buffer){ saved, i, r->n_steps, 0 };
    owner[(*n)++] = -1 - r->n_steps - i;
  }
  return AUS_OK;
}

/* Buffers of root values, then of steps; owner[i] is the slot of buffer i, or -1 - step (scratch), or -1 - n_steps - step (saved). */
static aus_status list_buffers(aus_run *r, aus_buffer *buffer, int32_t *owner, int32_t *n)
{
  *n = 0;
  for (int32_t v = 0; v < r->n_slots; v++) {
    const aus_slot *s = &r->slot[v];
    const bool is_input = v < r->bundle->graph.n_values && r->bundle->graph.value[v].kind == AUS_VALUE_INPUT;
    if (s->root != v || s->constant || s->absent || (s->writer < 0 && !is_input)) continue;
    size_t bytes;
    if (!aus_mul_size((size_t)aus_shape_count(&s->shape), sizeof(float), &bytes)) return aus_fail(r->ctx, AUS_ELIMIT, "a value of the graph is too large");
    const bool apart = r->flags & AUS_RUN_NO_REUSE, keep = r->flags & AUS_RUN_KEEP;
    const int32_t first = is_input || apart ? 0 : s->writer, last = s->pinned || apart || keep ? r->n_steps : s->last_reader;
    buffer[*n] = (aus_buffer){ bytes, first, last > first ? last : first, 0 };
    owner[(*n)++] = v;
  }
  for (int32_t i = 0; i < r->n_steps; i++) AUS_TRY(list_step(r, i, buffer, owner, n));
  return AUS_OK;
}

static aus_status place(aus_run *r, aus_buffer *buffer, int32_t *owner)
{
  int32_t n;
  AUS_TRY(list_buffers(r, buffer, owner, &n));
  AUS_TRY(aus_plan_place(r->ctx, n, buffer, &r->arena_bytes));
  r->arena = aus_alloc(r->ctx, r->arena_bytes, 1);
  if (!r->arena) return AUS_ENOMEM;
  for (int32_t i = 0; i < n; i++) {
    void *at = r->arena + buffer[i].offset;
    if (owner[i] >= 0) r->slot[owner[i]].data = at;
    else if (owner[i] >= -r->n_steps) r->step[-1 - owner[i]].call.scratch = at;
    else r->step[-1 - r->n_steps - owner[i]].call.saved = at;
  }
  for (int32_t v = 0; v < r->n_slots; v++) r->slot[v].data = root_of(r, v)->data;
  return AUS_OK;
}

/* The calls' operands get their addresses. */
static void connect(aus_run *r)
{
  for (int32_t i = 0; i < r->n_steps; i++) {
    aus_step *s = &r->step[i];
    aus_operand *in = (aus_operand *)(uintptr_t)s->call.in;
    for (int32_t k = 0; k < s->call.n_in; k++)
      if (s->in_value[k] != AUS_NO_VALUE && !in[k].data) in[k].data = r->slot[s->in_value[k]].data;
    for (int32_t k = 0; k < s->call.n_out; k++) {
      const int32_t v = s->out_value[k];
      s->call.out[k].data = v == AUS_NO_VALUE || r->slot[v].absent ? NULL : r->slot[v].data;
    }
  }
}

aus_status aus_run_layout(aus_run *r)
{
  find_sharing(r);
  const size_t most = (size_t)r->n_slots + 2 * (size_t)r->n_steps;
  aus_buffer *buffer = aus_alloc(r->ctx, most, sizeof *buffer);
  int32_t *owner = aus_alloc(r->ctx, most, sizeof *owner);
  const aus_status status = buffer && owner ? place(r, buffer, owner) : AUS_ENOMEM;
  aus_free(r->ctx, buffer);
  aus_free(r->ctx, owner);
  if (status == AUS_OK) connect(r);
  return status;
}
