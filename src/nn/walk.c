/* walk.c - planning and taking the way back (walk.h).
 *
 * Which nodes: those that lie both behind a wanted value and before the start. Which memory: one diff per value
 * between them, alive from its last reader to its writer (times count backwards), a second one for a
 * moment where a further reader adds to it, and the rules' scratch. */
#include "nn/walk.h"

#include <string.h>

#include "nn/plan.h"
#include "simd/kernels.h"

enum { ADD_BLOCK = 16384, LANE_ALIGN = 16 }; /* floats */

typedef struct stop { int32_t step; const aus_rule *rule; aus_visit visit; bool *adds; } stop; /* adds: [lanes][n_in] */

/* A value's diff: where it lies, and while planning whether it is wanted and who wrote it first. */
typedef struct diff { float *data; int64_t count, stride; bool behind, before, wanted; int32_t first, last; } diff;

struct aus_walk {
  aus_ctx *ctx;
  aus_run *run;
  int32_t lanes, from, n_to, n_stops, n_pointers;
  int32_t *to;
  diff *diff;            /* [n_slots] */
  stop *stop;            /* [n_stops], in the order of the way back */
  float **pointer;       /* pool of the visits' lists */
  bool *adds;
  unsigned char *arena;
  size_t arena_bytes;
  void (*observe)(void *user, const aus_visit *visit);
  void *user;
};

/* ---- which values and nodes ---------------------------------------------------------------------- */

static aus_status find_ends(aus_walk *w, const aus_walk_config *c)
{
  const aus_graph *g = &w->run->bundle->graph;
  w->from = c->from ? aus_run_find(w->run, c->from) : g->output[0];
  if (w->from < 0) return aus_fail(w->ctx, AUS_EINVAL, "the graph has no value named '%s'", c->from);
  if (w->run->slot[w->from].writer < 0) return aus_fail(w->ctx, AUS_EINVAL, "nothing computes '%s': a walk cannot start there", g->value[w->from].name);
  for (int32_t i = 0; i < w->n_to; i++) {
    w->to[i] = c->n_to ? aus_run_find(w->run, c->to[i]) : g->input[i];
    if (w->to[i] < 0) return aus_fail(w->ctx, AUS_EINVAL, "the graph has no value named '%s'", c->to[i]);
    w->diff[w->to[i]].wanted = true;
  }
  for (int32_t v = 0; c->params && v < g->n_values; v++) w->diff[v].wanted |= w->run->slot[v].constant;
  return AUS_OK;
}

static bool any(const aus_walk *w, int32_t n, const int32_t *value, bool before)
{
  for (int32_t k = 0; k < n; k++)
    if (value[k] != AUS_NO_VALUE && (before ? w->diff[value[k]].before : w->diff[value[k]].behind)) return true;
  return false;
}

/* behind: a wanted value, or computed from one. before: what the start is computed from. */
static void mark(aus_walk *w)
{
  const aus_run *r = w->run;
  for (int32_t v = 0; v < r->n_slots; v++) w->diff[v].behind = w->diff[v].wanted;
  for (int32_t i = 0; i < r->n_steps; i++)
    if (any(w, r->step[i].call.n_in, r->step[i].in_value, false))
      for (int32_t k = 0; k < r->step[i].call.n_out; k++)
        if (r->step[i].out_value[k] != AUS_NO_VALUE) w->diff[r->step[i].out_value[k]].behind = true;
  w->diff[w->from].before = true;
  for (int32_t i = r->n_steps - 1; i >= 0; i--)
    if (any(w, r->step[i].call.n_out, r->step[i].out_value, true))
      for (int32_t k = 0; k < r->step[i].call.n_in; k++)
        if (r->step[i].in_value[k] != AUS_NO_VALUE) w->diff[r->step[i].in_value[k]].before = true;
}

/* Only what is computed can carry a diff further; a start that is itself wanted ends there. */
static bool carries(const aus_walk *w, int32_t v) { return v != AUS_NO_VALUE && w->diff[v].behind && w->diff[v].before; }

static bool visited(const aus_walk *w, const aus_step *s)
{
  bool in = false, out = false;
  for (int32_t k = 0; k < s->call.n_in; k++) in |= carries(w, s->in_value[k]);
  for (int32_t k = 0; k < s->call.n_out; k++) out |= carries(w, s->out_value[k]);
  return in && out;
}

/* ---- the stops ------------------------------------------------------------------------------------------ */

static aus_status make_room(aus_walk *w)
{
  const aus_run *r = w->run;
  for (int32_t i = 0; i < r->n_steps; i++)
    if (visited(w, &r->step[i])) {
      w->n_stops++;
      w->n_pointers += w->lanes * (r->step[i].call.n_in + r->step[i].call.n_out);
    }
  if (w->n_stops == 0) return aus_fail(w->ctx, AUS_EINVAL, "'%s' does not depend on any of the values asked for", r->bundle->graph.value[w->from].name);
  w->stop = aus_alloc_zero(w->ctx, (size_t)w->n_stops, sizeof *w->stop);
  w->pointer = aus_alloc_zero(w->ctx, (size_t)w->n_pointers, sizeof *w->pointer);
  w->adds = aus_alloc_zero(w->ctx, (size_t)w->n_pointers, sizeof *w->adds);
  return w->stop && w->pointer && w->adds ? AUS_OK : AUS_ENOMEM;
}

static void fill_stop(aus_walk *w, const aus_walk_config *c, stop *s, int32_t step, int32_t *used)
{
  aus_run *r = w->run;
  const aus_step *at = &r->step[step];
  *s = (stop){ .step = step, .rule = c->rule_of ? c->rule_of(c->user, r, at) : NULL, .adds = w->adds + *used };
  s->visit = (aus_visit){ .run = r, .ref_run = c->ref, .step = at, .call = &at->call, .ref = c->ref ? &c->ref->step[step].call : NULL,
                          .name = r->bundle->graph.node[at->node].name, .lanes = w->lanes,
                          .diff_src = w->pointer + *used, .diff_dst = (const float *const *)(w->pointer + *used + w->lanes * at->call.n_in) };
  *used += w->lanes * (at->call.n_in + at->call.n_out);
}

static aus_status make_stops(aus_walk *w, const aus_walk_config *c)
{
  const aus_run *r = w->run;
  int32_t n = 0, used = 0;
  AUS_TRY(make_room(w));
  for (int32_t i = r->n_steps - 1; i >= 0; i--) {
    if (!visited(w, &r->step[i])) continue;
    fill_stop(w, c, &w->stop[n], i, &used);
    if (!w->stop[n].rule && !r->step[i].op->impl->backward)
      return aus_step_fail(r, &r->step[i], aus_fail(w->ctx, AUS_ENOTSUP, "this op has no way back"));
    n++;
  }
  return AUS_OK;
}

/* ---- memory ------------------------------------------------------------------------------------------------ */

/* A value's diff lives from its first contribution (stop numbers) to the stop of its writer, or to the end. */
static void find_lives(aus_walk *w)
{
  for (int32_t v = 0; v < w->run->n_slots; v++) {
    diff *d = &w->diff[v];
    d->count = aus_shape_count(&w->run->slot[v].shape);
    d->stride = (d->count + LANE_ALIGN - 1) / LANE_ALIGN * LANE_ALIGN;
    d->first = v == w->from ? 0 : -1;
    d->last = d->wanted || v == w->from ? w->n_stops : 0;
  }
  for (int32_t i = 0; i < w->n_stops; i++) {
    const aus_step *s = w->stop[i].visit.step;
    for (int32_t k = 0; k < s->call.n_in; k++) {
      if (!carries(w, s->in_value[k])) continue;
      diff *d = &w->diff[s->in_value[k]];
      for (int32_t l = 0; l < w->lanes; l++) w->stop[i].adds[l * s->call.n_in + k] = d->first >= 0;
      if (d->first < 0) d->first = i;
    }
    for (int32_t k = 0; k < s->call.n_out; k++)
      if (carries(w, s->out_value[k]) && w->diff[s->out_value[k]].last < i) w->diff[s->out_value[k]].last = i;
  }
}

/* A pointer that is only asked whether it is there. */
static float *somewhere(void)
{
  static float there;
  return &there;
}

static float **src_of(stop *s) { return (float **)(uintptr_t)s->visit.diff_src; }
static const float **dst_of(stop *s) { return (const float **)(uintptr_t)s->visit.diff_dst; }

static void announce(aus_walk *w, stop *s)
{
  const aus_step *at = s->visit.step;
  for (int32_t l = 0; l < w->lanes; l++) {
    for (int32_t k = 0; k < at->call.n_in; k++) src_of(s)[l * at->call.n_in + k] = carries(w, at->in_value[k]) ? somewhere() : NULL;
    for (int32_t k = 0; k < at->call.n_out; k++)
      dst_of(s)[l * at->call.n_out + k] = carries(w, at->out_value[k]) && w->diff[at->out_value[k]].first >= 0 ? somewhere() : NULL;
  }
}

size_t aus_walk_own_scratch(const aus_visit *v)
{
  const aus_op_impl *impl = v->step->op->impl;
  const aus_back back = { .call = v->call, .diff_dst = v->diff_dst, .diff_src = v->diff_src };
  return impl->backward_scratch ? impl->backward_scratch(&back) : 0;
}

static size_t scratch_of(const stop *s)
{
  if (!s->rule) return aus_walk_own_scratch(&s->visit);
  return s->rule->scratch_size ? s->rule->scratch_size(s->rule, &s->visit) : 0;
}

typedef struct places { aus_buffer *buffer; float ***at; int32_t n; } places; /* at[i]: what to point to buffer i */

static aus_status add_place(aus_walk *w, places *p, int64_t floats, int32_t first, int32_t last, float **at)
{
  size_t bytes;
  if (floats < 0 || !aus_mul_size((size_t)floats, (size_t)w->lanes * sizeof(float), &bytes)) return aus_fail(w->ctx, AUS_ELIMIT, "a diff is too large");
  p->buffer[p->n] = (aus_buffer){ bytes, first, last, 0 };
  p->at[p->n++] = at;
  return AUS_OK;
}

/* Diffs of values; of second contributions (lane l of operand k lies lane l of one buffer); scratch. */
static aus_status list_places(aus_walk *w, places *p)
{
  for (int32_t v = 0; v < w->run->n_slots; v++)
    if (carries(w, v) && w->diff[v].first >= 0) AUS_TRY(add_place(w, p, w->diff[v].stride, w->diff[v].first, w->diff[v].last, &w->diff[v].data));
  for (int32_t i = 0; i < w->n_stops; i++) {
    stop *s = &w->stop[i];
    announce(w, s);
    const size_t bytes = scratch_of(s);
    if (bytes == SIZE_MAX) return aus_step_fail(w->run, s->visit.step, aus_fail(w->ctx, AUS_ELIMIT, "its working memory is too large"));
    if (bytes) {
      p->buffer[p->n] = (aus_buffer){ bytes, i, i, 0 };
      p->at[p->n++] = (float **)(void *)&s->visit.scratch;
    }
    for (int32_t k = 0; k < s->visit.call->n_in; k++)
      if (s->adds[k]) AUS_TRY(add_place(w, p, w->diff[s->visit.step->in_value[k]].stride, i, i, &src_of(s)[k]));
  }
  return AUS_OK;
}

static void connect_stop(aus_walk *w, stop *s)
{
  const aus_step *at = s->visit.step;
  for (int32_t l = w->lanes - 1; l >= 0; l--) { /* lane 0 last: the others start from its pointer */
    for (int32_t k = 0; k < at->call.n_in; k++) {
      if (!carries(w, at->in_value[k])) continue;
      const diff *d = &w->diff[at->in_value[k]];
      src_of(s)[l * at->call.n_in + k] = (s->adds[k] ? src_of(s)[k] : d->data) + l * d->stride;
    }
    for (int32_t k = 0; k < at->call.n_out; k++) {
      const int32_t v = at->out_value[k];
      dst_of(s)[l * at->call.n_out + k] = carries(w, v) && w->diff[v].data ? w->diff[v].data + l * w->diff[v].stride : NULL;
    }
  }
}

static aus_status place_all(aus_walk *w, places *p)
{
  AUS_TRY(list_places(w, p));
  AUS_TRY(aus_plan_place(w->ctx, p->n, p->buffer, &w->arena_bytes));
  w->arena = aus_alloc(w->ctx, w->arena_bytes, 1);
  if (!w->arena) return AUS_ENOMEM;
  for (int32_t i = 0; i < p->n; i++) *p->at[i] = (float *)(void *)(w->arena + p->buffer[i].offset);
  for (int32_t i = 0; i < w->n_stops; i++) connect_stop(w, &w->stop[i]);
  for (int32_t l = 0; l < w->lanes; l++) memset(aus_walk_seed(w, l, NULL), 0, (size_t)w->diff[w->from].count * sizeof(float));
  return AUS_OK;
}

static aus_status plan(aus_walk *w)
{
  find_lives(w);
  const size_t most = (size_t)w->run->n_slots + (size_t)w->n_stops + (size_t)w->n_pointers;
  places p = { aus_alloc(w->ctx, most, sizeof *p.buffer), aus_alloc(w->ctx, most, sizeof *p.at), 0 };
  const aus_status status = p.buffer && p.at ? place_all(w, &p) : AUS_ENOMEM;
  aus_free(w->ctx, p.buffer);
  aus_free(w->ctx, p.at);
  return status;
}

/* ---- making and taking apart ------------------------------------------------------------------------------- */

static aus_status build(aus_walk *w, const aus_walk_config *c)
{
  w->to = aus_alloc(w->ctx, (size_t)w->n_to, sizeof *w->to);
  w->diff = aus_alloc_zero(w->ctx, (size_t)w->run->n_slots, sizeof *w->diff);
  if (!w->to || !w->diff) return AUS_ENOMEM;
  AUS_TRY(find_ends(w, c));
  mark(w);
  AUS_TRY(make_stops(w, c));
  return plan(w);
}

aus_status aus_walk_create(aus_ctx *ctx, aus_run *run, const aus_walk_config *config, aus_walk **out)
{
  *out = NULL;
  if (!(run->flags & AUS_RUN_KEEP) || config->lanes > AUS_MAX_LANES) return aus_fail(ctx, AUS_EINVAL, "this run does not keep its values");
  aus_walk *w = AUS_NEW(ctx, aus_walk);
  if (!w) return AUS_ENOMEM;
  *w = (aus_walk){ .ctx = ctx, .run = run, .lanes = config->lanes > 1 ? config->lanes : 1, .n_to = config->n_to ? config->n_to : run->bundle->graph.n_inputs,
                   .observe = config->observe, .user = config->user };
  const aus_status status = build(w, config);
  if (status != AUS_OK) { aus_walk_destroy(w); return status; }
  *out = w;
  return AUS_OK;
}

void aus_walk_destroy(aus_walk *w)
{
  if (!w) return;
  aus_free(w->ctx, w->arena);
  aus_free(w->ctx, w->adds);
  aus_free(w->ctx, w->pointer);
  aus_free(w->ctx, w->stop);
  aus_free(w->ctx, w->diff);
  aus_free(w->ctx, w->to);
  aus_free(w->ctx, w);
}

size_t aus_walk_bytes(const aus_walk *w) { return w->arena_bytes; }

/* ---- walking ------------------------------------------------------------------------------------------------- */

void aus_walk_own_backward(const aus_visit *v)
{
  for (int32_t l = 0; l < v->lanes; l++) {
    const aus_back back = { v->call, v->diff_dst + l * v->call->n_out, v->diff_src + l * v->call->n_in, v->scratch };
    v->step->op->impl->backward(&back);
  }
}

typedef struct sum { const struct aus_vec_kernels *vec; float *to; const float *from; } sum;

static void add_block(void *arg, int64_t begin, int64_t end, int worker)
{
  const sum *s = arg;
  (void)worker;
  s->vec->add(end - begin, s->to + begin, s->from + begin, s->to + begin);
}

static void add_contributions(aus_walk *w, const stop *s)
{
  const aus_step *at = s->visit.step;
  for (int32_t k = 0; k < at->call.n_in; k++) {
    if (!s->adds[k]) continue;
    const diff *d = &w->diff[at->in_value[k]];
    for (int32_t l = 0; l < w->lanes; l++) {
      sum job = { &w->ctx->kernels->vec, d->data + l * d->stride, s->visit.diff_src[l * at->call.n_in + k] };
      aus_parallel_for(w->ctx, d->count, ADD_BLOCK, add_block, &job);
    }
  }
}

aus_status aus_walk_run(aus_walk *w)
{
  for (int32_t i = 0; i < w->n_stops; i++) {
    const stop *s = &w->stop[i];
    if (s->rule) s->rule->apply(s->rule, &s->visit); else aus_walk_own_backward(&s->visit);
    if (w->observe) w->observe(w->user, &s->visit);
    add_contributions(w, s);
  }
  return AUS_OK;
}

float *aus_walk_seed(aus_walk *w, int32_t lane, aus_dims *dims)
{
  if (dims) *dims = w->run->slot[w->from].shape;
  return lane < 0 || lane >= w->lanes ? NULL : w->diff[w->from].data + lane * w->diff[w->from].stride;
}

static const float *diff_of(const aus_walk *w, int32_t v, int32_t lane, aus_dims *dims)
{
  if (dims) *dims = w->run->slot[v].shape;
  return !w->diff[v].data || lane < 0 || lane >= w->lanes ? NULL : w->diff[v].data + lane * w->diff[v].stride;
}

const float *aus_walk_diff(const aus_walk *w, int32_t i, int32_t lane, aus_dims *dims)
{
  return i < 0 || i >= w->n_to ? NULL : diff_of(w, w->to[i], lane, dims);
}

const float *aus_walk_param_diff(const aus_walk *w, int32_t tensor)
{
  const aus_graph *g = &w->run->bundle->graph;
  for (int32_t v = 0; v < g->n_values; v++)
    if (g->value[v].kind == AUS_VALUE_PARAM && g->value[v].tensor == tensor) return diff_of(w, v, 0, NULL);
  return NULL;
}
