/* path.c - integrated gradients [Sundararajan17]: gradients added up along the straight way from a baseline to the input.
 *
 *   C_i = (x_i - x'_i) int_0^1 df/dx_i (x' + a (x - x')) da,      sum_i C_i = f(x) - f(x')
 *
 * A fixed rule takes the gradient at given a. A network of ReLUs has kinks on the way, where no fixed rule is exact; so
 * without --steps or --quadrature the way is cut into pieces, each with five Gauss-Legendre nodes. A piece knows how wrong it is: its
 * part of the sum must be the difference of f between its ends. A piece whose gap is above a small share of 1e-4 |f(x) - f(x')| is
 * cut in two, until the budget is spent: where the straight lines along f from its two ends meet, which is the kink itself
 * when there is one, since between kinks f is nearly straight. Every item cuts its own way, so that its
 * result does not depend on its company.
 *
 * With a layer, the way runs from what the layer holds for the baseline to what it holds for the input. */
#include "attrib/attrib.h"
#include "attrib/quadrature.h"

#include <math.h>
#include <string.h>

enum { DEFAULT_STEPS = 50, MAX_STEPS = 100000, NODES = 5, FIRST_PIECES = 6, MAX_DEPTH = 200, BUDGET = 400 }; /* BUDGET: pieces of one item */
static const double GOAL = 1e-4; /* of |f(x) - f(x')| */

typedef struct path {
  const aus_question *q;
  aus_walk *walk;
  int64_t n;
  float *from, *to, *at, *grad;  /* [n] the two ends, where we stand, the gradient there */
  double *sum;                   /* [n] of weight * gradient */
  double *alpha, *score;         /* [items] */
  double *f_from, *f_to;         /* [items] */
  int64_t steps;
} path;

/* The floats of one item: stretch k of n_stretches is [*begin, *end). */
static int32_t stretches(const path *p) { return p->q->layer >= 0 ? 1 : p->q->a->n_inputs; }
static void stretch(const path *p, int32_t item, int32_t k, int64_t *begin, int64_t *end)
{
  const int64_t per = p->q->layer >= 0 ? p->n / p->q->a->items : aus_question_per_item(p->q, k);
  *begin = (p->q->layer >= 0 ? 0 : p->q->a->offset[k]) + item * per;
  *end = *begin + per;
}

/* Moves every item to its alpha; gradient and score there. */
static aus_status gradient_here(path *p)
{
  int64_t j, end;
  for (int32_t i = 0; i < p->q->a->items; i++)
    for (int32_t k = 0; k < stretches(p); k++)
      for (stretch(p, i, k, &j, &end); j < end; j++) p->at[j] = p->from[j] + (float)p->alpha[i] * (p->to[j] - p->from[j]);
  p->steps++;
  return aus_question_gradient_at(p->q, p->walk, p->at, p->grad, p->score);
}

/* to[] += weight * v[] for one item; the sum of v * (x - x'). */
static void add_item(const path *p, int32_t i, double weight, const double *v, double *to)
{
  int64_t j, end;
  for (int32_t k = 0; k < stretches(p); k++)
    for (stretch(p, i, k, &j, &end); j < end; j++) to[j] += weight * v[j];
}

static double item_dot(const path *p, int32_t i, const double *v)
{
  double s = 0;
  int64_t j, end;
  for (int32_t k = 0; k < stretches(p); k++)
    for (stretch(p, i, k, &j, &end); j < end; j++) s += ((double)p->to[j] - (double)p->from[j]) * v[j];
  return s;
}

/* ---- fixed rules -------------------------------------------------------------------------------------- */

static aus_status fixed_steps(path *p, int32_t n, const double *node, const double *weight)
{
  for (int32_t s = 0; s < n; s++) {
    for (int32_t i = 0; i < p->q->a->items; i++) p->alpha[i] = node[s];
    AUS_TRY(gradient_here(p));
    for (int64_t j = 0; j < p->n; j++) p->sum[j] += weight[s] * (double)p->grad[j];
    AUS_TRY(aus_progress(p->q->ctx, "gradients on the way", s + 1, n));
  }
  return AUS_OK;
}

static aus_status fixed(path *p, const char *rule, int64_t steps)
{
  if (steps > MAX_STEPS) return aus_fail(p->q->ctx, AUS_ELIMIT, "%lld steps: at most %d", (long long)steps, MAX_STEPS);
  const int32_t n = (int32_t)steps;
  double *node = aus_alloc(p->q->ctx, (size_t)n, 2 * sizeof *node);
  aus_status status = node ? aus_quadrature(p->q->ctx, rule, n, node, node + n) : AUS_ENOMEM;
  if (status == AUS_OK) status = fixed_steps(p, n, node, node + n);
  aus_free(p->q->ctx, node);
  return status;
}

/* ---- adaptive ------------------------------------------------------------------------------------------- */

typedef struct piece { double begin, end, f_begin, f_end; } piece;

/* What is left of an item's way, the next piece on top. */
typedef struct todo { piece stack[FIRST_PIECES + MAX_DEPTH + 2]; int32_t n, used; double goal; bool spent; } todo;

typedef struct cutting { path *p; todo *item; double *part; double node[NODES], weight[NODES]; double *first, *last, *f_cut; } cutting; /* [items] slopes of f near both ends; f at the cut */

static double float_dot(const path *p, int32_t i, const float *v)
{
  double s = 0;
  int64_t j, end;
  for (int32_t k = 0; k < stretches(p); k++)
    for (stretch(p, i, k, &j, &end); j < end; j++) s += ((double)p->to[j] - (double)p->from[j]) * (double)v[j];
  return s;
}

/* Where the lines from both ends meet, at least 1 % of the piece away from them; the middle where they do not. */
static double cut_of(const piece *t, double first, double last)
{
  const double width = t->end - t->begin, at = t->begin + (t->f_end - t->f_begin - last * width) / (first - last);
  if (!(fabs(first - last) > 1e-12) || !(at > t->begin) || !(at < t->end)) return t->begin + 0.5 * width;
  return fmin(fmax(at, t->begin + 0.01 * width), t->end - 0.01 * width);
}

/* part = integral of the gradient over the top piece of each item, over its width; then f where it may be cut. */
static aus_status integrate_tops(cutting *c)
{
  path *p = c->p;
  memset(c->part, 0, (size_t)p->n * sizeof *c->part);
  for (int32_t s = 0; s < NODES; s++) {
    for (int32_t i = 0; i < p->q->a->items; i++) {
      const todo *t = &c->item[i];
      const piece *top = &t->stack[t->n > 0 ? t->n - 1 : 0];
      p->alpha[i] = top->begin + c->node[s] * (top->end - top->begin);
    }
    AUS_TRY(gradient_here(p));
    for (int64_t j = 0; j < p->n; j++) c->part[j] += c->weight[s] * (double)p->grad[j];
    for (int32_t i = 0; (s == 0 || s == NODES - 1) && i < p->q->a->items; i++) (s ? c->last : c->first)[i] = float_dot(p, i, p->grad);
  }
  for (int32_t i = 0; i < p->q->a->items; i++) {
    const todo *t = &c->item[i];
    p->alpha[i] = t->n > 0 ? cut_of(&t->stack[t->n - 1], c->first[i], c->last[i]) : 0;
  }
  AUS_TRY(gradient_here(p));
  memcpy(c->f_cut, p->score, (size_t)p->q->a->items * sizeof *c->f_cut);
  return AUS_OK;
}

/* Takes the top piece or puts its two parts in its place. */
static void judge(cutting *c, int32_t i)
{
  todo *t = &c->item[i];
  if (t->n == 0) return;
  const piece top = t->stack[t->n - 1];
  const double width = top.end - top.begin, gap = width * item_dot(c->p, i, c->part) - (top.f_end - top.f_begin), at = c->p->alpha[i];
  t->used++;
  t->spent = t->spent || t->used + t->n >= BUDGET;
  t->n--;
  if (fabs(gap) <= t->goal || t->spent || width < 0x1p-40 || t->n + 2 > FIRST_PIECES + MAX_DEPTH) { add_item(c->p, i, width, c->part, c->p->sum); return; }
  t->stack[t->n++] = (piece){ at, top.end, c->f_cut[i], top.f_end };
  t->stack[t->n++] = (piece){ top.begin, at, top.f_begin, c->f_cut[i] };
}

/* f at the ends of the first pieces. */
static aus_status first_pieces(cutting *c)
{
  path *p = c->p;
  const int32_t items = p->q->a->items;
  for (int32_t s = 0; s <= FIRST_PIECES; s++) {
    for (int32_t i = 0; i < items; i++) p->alpha[i] = (double)s / FIRST_PIECES;
    AUS_TRY(gradient_here(p));
    for (int32_t i = 0; i < items; i++) { /* the first piece lies on top */
      piece *stack = c->item[i].stack;
      if (s < FIRST_PIECES) stack[FIRST_PIECES - 1 - s].begin = p->alpha[i], stack[FIRST_PIECES - 1 - s].f_begin = p->score[i];
      if (s > 0) stack[FIRST_PIECES - s].end = p->alpha[i], stack[FIRST_PIECES - s].f_end = p->score[i];
    }
  }
  for (int32_t i = 0; i < items; i++) {
    const double size = fabs(p->f_to[i] - p->f_from[i]), floor = 2e-6 * fmax(fabs(p->f_to[i]), fabs(p->f_from[i])); /* what float32 can tell */
    c->item[i].n = FIRST_PIECES;
    c->item[i].goal = fmax(GOAL * size / 16, floor / 8);
  }
  return AUS_OK;
}

static aus_status cut(cutting *c)
{
  const int32_t items = c->p->q->a->items;
  AUS_TRY(first_pieces(c));
  for (int32_t left = 1, round = 0; left; round++) {
    AUS_TRY(integrate_tops(c));
    left = 0;
    for (int32_t i = 0; i < items; i++) {
      judge(c, i);
      left += c->item[i].n;
    }
    AUS_TRY(aus_progress(c->p->q->ctx, "gradients on the way", round + 1, round + 1 + left));
  }
  return AUS_OK;
}

static aus_status adaptive(path *p, aus_attribution *out)
{
  const size_t items = (size_t)p->q->a->items;
  cutting c = { .p = p, .item = aus_alloc_zero(p->q->ctx, items, sizeof *c.item), .part = aus_alloc(p->q->ctx, (size_t)p->n, sizeof *c.part),
                .f_cut = aus_alloc(p->q->ctx, items, 3 * sizeof *c.f_cut) };
  aus_gauss_legendre(NODES, c.node, c.weight);
  if (c.f_cut) c.first = c.f_cut + items, c.last = c.f_cut + 2 * items;
  const aus_status status = c.item && c.part && c.f_cut ? cut(&c) : AUS_ENOMEM;
  bool spent = false;
  for (size_t i = 0; status == AUS_OK && i < items; i++) spent = spent || c.item[i].spent;
  if (status == AUS_OK) aus_attribution_note(out, spent ? "the way was refined until the budget of %d pieces was spent" : "the way was refined at kinks", BUDGET);
  aus_free(p->q->ctx, c.f_cut);
  aus_free(p->q->ctx, c.part);
  aus_free(p->q->ctx, c.item);
  return status;
}

/* ---- the method ------------------------------------------------------------------------------------------- */

/* The two ends, and f there. */
static aus_status find_ends(path *p, aus_attribution *out)
{
  const aus_question *q = p->q;
  aus_run *run;
  aus_question_baseline(q, -1, p->at);
  AUS_TRY(aus_question_keep(q, 0, &run));
  AUS_TRY(aus_question_forward(q, run, p->at));
  aus_question_read(q, run, out->score_none);
  aus_question_values(q, run, p->from);
  AUS_TRY(aus_question_forward(q, run, q->x)); /* last: a layer's path keeps what lies beside the layer as it is for the input */
  aus_question_values(q, run, p->to);
  if (q->layer >= 0) { /* f with the layer's baseline in place, the rest as for the input */
    AUS_TRY(aus_question_gradient_at(q, p->walk, p->from, p->grad, out->score_none));
  }
  p->f_from = out->score_none;
  p->f_to = out->score;
  return AUS_OK;
}

static aus_status integrate(path *p, aus_attribution *out)
{
  const aus_attrib_config *c = p->q->config;
  const char *rule = c->quadrature ? c->quadrature : c->steps ? "gausslegendre" : "adaptive";
  AUS_TRY(find_ends(p, out));
  p->steps = 0;
  if (strcmp(rule, "adaptive") == 0) AUS_TRY(adaptive(p, out));
  else AUS_TRY(fixed(p, rule, c->steps ? c->steps : DEFAULT_STEPS));
  out->steps = p->steps;
  for (int64_t j = 0; j < p->n; j++) out->value[0][j] = (float)(p->sum[j] * (c->no_inputs ? 1 : (double)p->to[j] - (double)p->from[j]));
  return AUS_OK;
}

static aus_status run(const aus_question *q, aus_attribution *out)
{
  path p = { .q = q };
  AUS_TRY(aus_question_walk(q, (aus_walk_config){0}, &p.walk));
  p.n = aus_question_size(q);
  const size_t n = (size_t)(p.n > q->a->total ? p.n : q->a->total), items = (size_t)q->a->items;
  float *blocks = aus_alloc(q->ctx, n, 4 * sizeof *blocks);
  p.sum = aus_alloc_zero(q->ctx, n, sizeof *p.sum);
  p.alpha = aus_alloc_zero(q->ctx, items, 2 * sizeof *p.alpha);
  aus_status status = blocks && p.sum && p.alpha ? AUS_OK : AUS_ENOMEM;
  if (status == AUS_OK && q->layer >= 0 && p.n % q->a->items) status = aus_fail(q->ctx, AUS_EINVAL, "layer '%s' has no axis of %d items", q->config->layer, q->a->items);
  if (status == AUS_OK) {
    p.from = blocks, p.to = blocks + n, p.at = blocks + 2 * n, p.grad = blocks + 3 * n;
    p.score = p.alpha + items;
    status = integrate(&p, out);
  }
  aus_free(q->ctx, p.alpha);
  aus_free(q->ctx, p.sum);
  aus_free(q->ctx, blocks);
  aus_walk_destroy(p.walk);
  return status;
}

const aus_method aus_method_ig = {
  "ig", "gradient", "integrated gradients along the way from a baseline",
  AUS_METHOD_WHITE_BOX | AUS_METHOD_BASELINE | AUS_METHOD_COMPLETE | AUS_METHOD_ANY_LAYER, run
};
