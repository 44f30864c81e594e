/* path_cut.c - integrated gradients in pieces, cut where the way bends.
 *
 * Each piece has five Gauss-Legendre nodes. A piece knows how wrong it is: its part of the sum must be the difference of f between its
 * ends. A piece whose gap is above a small share of 1e-4 |f(x) - f(x')| is cut in two where the straight lines along f from
 * its two ends meet, which is the kink itself when there is one, since between kinks f is nearly straight. The first pieces are all looked at before any
 * is cut: where nearly all of them bend, or the budget is spent, the way has more kinks than pieces, and the item is left open. */
#include "attrib/path.h"
#include "attrib/quadrature.h"

#include <math.h>
#include <string.h>

enum { NODES = 5, FIRST_PIECES = 6, BENDING = 5, BUDGET = 60, PATIENT_BUDGET = 400 }; /* budgets: pieces of one item */
static const double GOAL = 1e-4; /* of |f(x) - f(x')| */

/* to[] += weight * v[] for one item; the sum of v * (x - x'). */
static void add_item(const path *p, int32_t i, double weight, const double *v, double *to)
{
  int64_t j, end;
  for (int32_t k = 0; k < aus_path_stretches(p); k++)
    for (aus_path_stretch(p, i, k, &j, &end); j < end; j++) to[j] += weight * v[j];
}

static double item_dot(const path *p, int32_t i, const double *v)
{
  double s = 0;
  int64_t j, end;
  for (int32_t k = 0; k < aus_path_stretches(p); k++)
    for (aus_path_stretch(p, i, k, &j, &end); j < end; j++) s += ((double)p->to[j] - (double)p->from[j]) * v[j];
  return s;
}

typedef struct piece { double begin, end, f_begin, f_end; } piece;

/* Pieces of an item in the order in which they are looked at; [0, taken) have been. */
typedef struct todo { piece piece[2 * PATIENT_BUDGET + FIRST_PIECES]; int32_t n, taken, bending; double goal; bool spent, open; } todo;

typedef struct cutting {
  path *p;
  todo *item;
  bool patient;
  double *part;                  /* [n] mean gradient over a piece */
  double node[NODES], weight[NODES];
  double *first, *last, *f_cut;  /* [items] slopes of f near both ends; f at the cut */
} cutting;

static double float_dot(const path *p, int32_t i, const float *v)
{
  double s = 0;
  int64_t j, end;
  for (int32_t k = 0; k < aus_path_stretches(p); k++)
    for (aus_path_stretch(p, i, k, &j, &end); j < end; j++) s += ((double)p->to[j] - (double)p->from[j]) * (double)v[j];
  return s;
}

/* Where the lines from both ends meet, at least 1 % of the piece away from them; the middle where they do not. */
static double cut_of(const piece *t, double first, double last)
{
  const double width = t->end - t->begin, at = t->begin + (t->f_end - t->f_begin - last * width) / (first - last);
  if (!(fabs(first - last) > 1e-12) || !(at > t->begin) || !(at < t->end)) return t->begin + 0.5 * width;
  return fmin(fmax(at, t->begin + 0.01 * width), t->end - 0.01 * width);
}

static const piece *next_of(const todo *t) { return &t->piece[t->taken < t->n ? t->taken : 0]; }

/* part = mean gradient over the next piece of each item; then f where it may be cut. */
static aus_status integrate_next(cutting *c)
{
  path *p = c->p;
  const int32_t items = p->q->a->items;
  memset(c->part, 0, (size_t)p->n * sizeof *c->part);
  for (int32_t s = 0; s < NODES; s++) {
    for (int32_t i = 0; i < items; i++) {
      const piece *next = next_of(&c->item[i]);
      p->alpha[i] = next->begin + c->node[s] * (next->end - next->begin);
    }
    AUS_TRY(aus_path_gradient(p));
    for (int64_t j = 0; j < p->n; j++) c->part[j] += c->weight[s] * (double)p->grad[j];
    for (int32_t i = 0; (s == 0 || s == NODES - 1) && i < items; i++) (s ? c->last : c->first)[i] = float_dot(p, i, p->grad);
  }
  for (int32_t i = 0; i < items; i++) p->alpha[i] = cut_of(next_of(&c->item[i]), c->first[i], c->last[i]);
  AUS_TRY(aus_path_score(p));
  memcpy(c->f_cut, p->score, (size_t)items * sizeof *c->f_cut);
  return AUS_OK;
}

/* Takes the next piece, or puts its two parts at the end of the queue. */
static void judge(cutting *c, int32_t i)
{
  todo *t = &c->item[i];
  if (t->taken >= t->n) return;
  const piece next = t->piece[t->taken++];
  const double width = next.end - next.begin, gap = width * item_dot(c->p, i, c->part) - (next.f_end - next.f_begin), at = c->p->alpha[i];
  const bool bends = fabs(gap) > t->goal && width > 0x1p-40;
  t->bending += bends && t->taken <= FIRST_PIECES;
  t->spent = t->spent || t->n + 2 > (c->patient ? PATIENT_BUDGET : BUDGET);
  if (!bends || t->spent) {
    add_item(c->p, i, width, c->part, c->p->sum);
  } else {
    t->piece[t->n++] = (piece){ next.begin, at, next.f_begin, c->f_cut[i] };
    t->piece[t->n++] = (piece){ at, next.end, c->f_cut[i], next.f_end };
  }
  if (!c->patient && (t->spent || (t->taken == FIRST_PIECES && t->bending >= BENDING))) t->open = true, t->taken = t->n;
}

/* f at the ends of the first pieces. */
static aus_status first_pieces(cutting *c)
{
  path *p = c->p;
  const int32_t items = p->q->a->items;
  for (int32_t s = 0; s <= FIRST_PIECES; s++) {
    for (int32_t i = 0; i < items; i++) p->alpha[i] = (double)s / FIRST_PIECES;
    AUS_TRY(aus_path_score(p));
    for (int32_t i = 0; i < items; i++) {
      piece *all = c->item[i].piece;
      if (s < FIRST_PIECES) all[s].begin = p->alpha[i], all[s].f_begin = p->score[i];
      if (s > 0) all[s - 1].end = p->alpha[i], all[s - 1].f_end = p->score[i];
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
    AUS_TRY(integrate_next(c));
    left = 0;
    for (int32_t i = 0; i < items; i++) {
      judge(c, i);
      left += c->item[i].n - c->item[i].taken;
    }
    AUS_TRY(aus_progress(c->p->q->ctx, "pieces of the way", round + 1, round + 1 + left));
  }
  return AUS_OK;
}

aus_status aus_path_cut(path *p, bool patient, bool *open, aus_attribution *out)
{
  aus_ctx *ctx = p->q->ctx;
  const size_t items = (size_t)p->q->a->items;
  cutting c = { .p = p, .patient = patient, .item = aus_alloc_zero(ctx, items, sizeof *c.item), .part = aus_alloc(ctx, (size_t)p->n, sizeof *c.part),
                .f_cut = aus_alloc(ctx, items, 3 * sizeof *c.f_cut) };
  aus_gauss_legendre(NODES, c.node, c.weight);
  if (c.f_cut) c.first = c.f_cut + items, c.last = c.f_cut + 2 * items;
  const aus_status status = c.item && c.part && c.f_cut ? cut(&c) : AUS_ENOMEM;
  bool spent = false, closed = false;
  for (size_t i = 0; status == AUS_OK && i < items; i++) {
    open[i] = c.item[i].open;
    spent = spent || (patient && c.item[i].spent);
    closed = closed || !open[i];
  }
  if (spent) aus_attribution_note(out, "the way was refined until the budget of %d pieces was spent", PATIENT_BUDGET);
  else if (closed) aus_attribution_note(out, "the way was refined at kinks");
  aus_free(ctx, c.f_cut);
  aus_free(ctx, c.part);
  aus_free(ctx, c.item);
  return status;
}
