/* perturb_owen.c - PartitionSHAP: Owen values along a binary tree [Owen77; Lundberg17; specs/attribution.md 2.4].
 *
 * Players join in two halves, each half as a team, and so on down the tree. A task is (what is on already, f00 = f of that,
 * f11 = f with the node on as well, weight). A node with children a, b passes its gain on as
 *
 *     a: 1/2 (f10 - f00) + 1/2 (f11 - f01),   b: 1/2 (f01 - f00) + 1/2 (f11 - f10)
 *
 * with f10 = f(context + a) and f01 = f(context + b): two questions, four tasks of half the weight. The task with the largest weighted gain is
 * taken next, so few questions go where little happens. When they are spent, what is left on a node is shared out by its number of leaves: the
 * values always add up to f(all) - f(none). Owen values are Shapley values when the model is additive.
 *
 * A context is a chain of tasks, each adding a sibling: no task stores a mask. */
#include "attrib/perturb.h"

#include <math.h>
#include <string.h>

enum { ROUND = 4 }; /* tasks taken at a time, whatever the threads */

typedef struct task {
  int32_t node, added;  /* added: the node that this task's context has beyond its parent's; -1: nothing */
  int64_t parent;       /* task whose context this one starts from; -1: none */
  int64_t y00, y11;     /* rows of y */
  double weight, gain;  /* gain: largest |f11 - f00| over labels, times weight */
} task;

typedef struct owen {
  aus_field *f;
  const perturb_tree *t;
  const perturb_owen_config *config;
  task *task;
  int64_t n_tasks;
  int64_t *heap, n_heap;   /* tasks, largest gain first, older first among equals */
  double *y;               /* [rows][labels] */
  int64_t rows;
  double *value;           /* [nodes][labels] */
  int64_t taken[ROUND];    /* tasks of this round */
} owen;

/* ---- the queue ---------------------------------------------------------------------------------------- */

static bool before(const owen *o, int64_t a, int64_t b)
{
  return o->task[a].gain != o->task[b].gain ? o->task[a].gain > o->task[b].gain : a < b;
}

static void push(owen *o, int64_t item)
{
  int64_t at = o->n_heap++;
  for (int64_t up = (at - 1) / 2; at > 0 && before(o, item, o->heap[up]); at = up, up = (at - 1) / 2) o->heap[at] = o->heap[up];
  o->heap[at] = item;
}

static int64_t pop(owen *o)
{
  const int64_t top = o->heap[0], last = o->heap[--o->n_heap];
  int64_t at = 0;
  for (int64_t down = 1; down < o->n_heap; at = down, down = 2 * at + 1) {
    if (down + 1 < o->n_heap && before(o, o->heap[down + 1], o->heap[down])) down++;
    if (!before(o, o->heap[down], last)) break;
    o->heap[at] = o->heap[down];
  }
  o->heap[at] = last;
  return top;
}

static void add_task(owen *o, int64_t parent, int32_t added, int64_t y00, int64_t y11, int32_t node, double weight)
{
  task *k = &o->task[o->n_tasks];
  *k = (task){ .node = node, .added = added, .parent = parent, .y00 = y00, .y11 = y11, .weight = weight };
  for (int32_t l = 0; l < o->f->labels; l++)
    k->gain = fmax(k->gain, fabs(o->y[y11 * o->f->labels + l] - o->y[y00 * o->f->labels + l]) * weight);
  push(o, o->n_tasks++);
}

static void credit(owen *o, int32_t node, int64_t plus, int64_t minus, double weight)
{
  const int32_t n = o->f->labels;
  for (int32_t l = 0; l < n; l++) o->value[(int64_t)node * n + l] += (o->y[plus * n + l] - o->y[minus * n + l]) * weight;
}

/* ---- questions ------------------------------------------------------------------------------------------- */

static void switch_on(const owen *o, int32_t node, float *mask)
{
  for (int32_t i = o->t->begin[node]; i < o->t->end[node]; i++) mask[o->t->order[i]] = 1.0f;
}

/* Rows 2k and 2k + 1: the context of the k-th task taken, with its left and with its right child. */
static void make_row(void *user, int64_t row, float *mask)
{
  const owen *o = user;
  const task *k = &o->task[o->taken[row / 2]];
  for (int64_t i = 0; i < o->f->cells; i++) mask[i] = o->f->constant && o->f->constant[i] ? 1.0f : 0.0f;
  switch_on(o, o->t->child[k->node - o->t->leaves][row % 2], mask);
  for (const task *c = k;; c = &o->task[c->parent]) {
    if (c->added >= 0) switch_on(o, c->added, mask);
    if (c->parent < 0) break;
  }
}

/* Takes up to `most` tasks on joins; leaves are credited at once. */
static int64_t take(owen *o, int64_t most)
{
  int64_t n = 0;
  while (n < most && o->n_heap) {
    const int64_t i = pop(o);
    const task *k = &o->task[i];
    if (k->node < o->t->leaves) credit(o, k->node, k->y11, k->y00, k->weight);
    else o->taken[n++] = i; /* also where the gain is 0: two halves may cancel */
  }
  return n;
}

static void hand_down(owen *o, int64_t i, int64_t y10, int64_t y01)
{
  const task k = o->task[i];
  const int32_t a = o->t->child[k.node - o->t->leaves][0], b = o->t->child[k.node - o->t->leaves][1];
  const int fixed = o->config->fixed_context;
  const double w = fixed < 0 ? k.weight / 2 : k.weight;
  if (fixed != 1) {
    add_task(o, i, -1, k.y00, y10, a, w);
    add_task(o, i, -1, k.y00, y01, b, w);
  }
  if (fixed != 0) {
    add_task(o, i, b, y01, k.y11, a, w);
    add_task(o, i, a, y10, k.y11, b, w);
  }
  if (fixed >= 0) { /* f11 - f10 - f01 + f00 belongs to no child */
    const double sign = fixed == 0 ? k.weight : -k.weight;
    credit(o, k.node, k.y11, y10, sign);
    credit(o, k.node, k.y00, y01, sign);
  }
}

static aus_status spend(owen *o)
{
  while (o->n_heap) {
    const int64_t left = (o->config->max_evals - o->rows) / 2, n = take(o, left < ROUND ? left : ROUND);
    if (n == 0) break;
    AUS_TRY(aus_field_ask(o->f, NULL, 2 * n, make_row, o, o->y + o->rows * o->f->labels));
    for (int64_t k = 0; k < n; k++) hand_down(o, o->taken[k], o->rows + 2 * k, o->rows + 2 * k + 1);
    o->rows += 2 * n;
    AUS_TRY(aus_progress(o->f->ctx, "PartitionSHAP", o->rows, o->config->max_evals));
  }
  while (o->n_heap) {
    const task *k = &o->task[pop(o)];
    credit(o, k->node, k->y11, k->y00, k->weight);
  }
  return AUS_OK;
}

/* What stayed on joins goes down by the number of leaves; then value[labels][cells]. */
static void share_out(owen *o, double *value)
{
  const perturb_tree *t = o->t;
  const int32_t n = o->f->labels;
  for (int32_t node = t->nodes - 1; node >= t->leaves; node--)
    for (int side = 0; side < 2; side++) {
      const int32_t c = t->child[node - t->leaves][side];
      const double share = (double)(t->end[c] - t->begin[c]) / (double)(t->end[node] - t->begin[node]);
      for (int32_t l = 0; l < n; l++) o->value[(int64_t)c * n + l] += share * o->value[(int64_t)node * n + l];
    }
  for (int32_t l = 0; l < n; l++)
    for (int32_t c = 0; c < t->leaves; c++) value[(int64_t)l * o->f->cells + c] = o->value[(int64_t)c * n + l];
}

static aus_status start(owen *o)
{
  const size_t evals = (size_t)o->config->max_evals, labels = (size_t)o->f->labels;
  o->task = aus_alloc(o->f->ctx, 2 * evals + 1, sizeof *o->task);
  o->heap = aus_alloc(o->f->ctx, 2 * evals + 1, sizeof *o->heap);
  o->y = aus_alloc(o->f->ctx, evals + 1, labels * sizeof *o->y);
  o->value = aus_alloc_zero(o->f->ctx, (size_t)o->t->nodes, labels * sizeof *o->value);
  if (!o->task || !o->heap || !o->y || !o->value) return AUS_ENOMEM;
  AUS_TRY(aus_field_ends(o->f, o->y + labels, o->y)); /* row 0: nothing, row 1: everything */
  o->rows = 2;
  add_task(o, -1, -1, 0, 1, o->t->nodes - 1, 1);
  return AUS_OK;
}

aus_status perturb_owen(aus_field *f, const perturb_tree *t, const perturb_owen_config *config, double *value)
{
  owen o = { .f = f, .t = t, .config = config };
  if (t->leaves != f->cells) return aus_fail(f->ctx, AUS_EINVAL, "the tree has %d leaves, the input %lld cells", t->leaves, (long long)f->cells);
  if (config->max_evals < 2 || config->max_evals > 100000000) return aus_fail(f->ctx, AUS_EINVAL, "PartitionSHAP needs at least 2 questions (and at most 10^8); 500 are usual");
  if (config->fixed_context < -1 || config->fixed_context > 1) return aus_fail(f->ctx, AUS_EINVAL, "a fixed context is 0, 1 or -1 for both");
  aus_status status = start(&o);
  if (status == AUS_OK) status = spend(&o);
  if (status == AUS_OK) share_out(&o, value);
  aus_free(f->ctx, o.task);
  aus_free(f->ctx, o.heap);
  aus_free(f->ctx, o.y);
  aus_free(f->ctx, o.value);
  return status;
}
