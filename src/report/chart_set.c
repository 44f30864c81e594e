/* chart_set.c - a set of explanations as charts for paper: what the page's script draws (web/set_charts.js), from the same rows.
 *
 * Explanations with a higher answer are drawn later and in a stronger shade, so that the sure ones lie on top. The shade goes from the
 * lowest answer of the target to its highest; its lightness alone tells them apart. Weights share one scale, zero included. */
#include "report/chart_set.h"
#include "report/number.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { TOP = 62, NAME = 13, SMALL = 11, MOST_AXES = 12, MOST_ROWS = 24, TOLD = 240 };

/* What the charts of one target share. */
typedef struct view {
  aus_chart *c;
  aus_ctx *ctx;
  const aus_set *s;
  const aus_set_target *t;
  int32_t *drawn;                  /* [t->n] places in t->row by rising answer */
  int32_t n_parts;                 /* the first ones of t->order that have weights */
  double weight[2], answer[2], r2[2];  /* what the axes span */
  const char *unit;                /* of answers and weights */
} view;

/* ---- scales ------------------------------------------------------------------------------------------ */

static void reach(double span[2], double v)
{
  if (!isfinite(v)) return;
  span[0] = fmin(span[0], v);
  span[1] = fmax(span[1], v);
}

static void widen(double span[2], double part)
{
  if (!(span[0] <= span[1])) { span[0] = 0; span[1] = 1; }
  const double by = part * (span[1] > span[0] ? span[1] - span[0] : fabs(span[1]) > 0 ? fabs(span[1]) : 1);
  span[0] -= by;
  span[1] += by;
}

/* Out to the next ticks, so that an axis ends at round numbers. */
static void widen_to_ticks(double span[2])
{
  if (!(span[0] < span[1])) widen(span, 0.05);
  const double step = aus_nice_step(span[1] - span[0], 6);
  span[0] = step * floor(span[0] / step + 1e-9);
  span[1] = step * ceil(span[1] / step - 1e-9);
}

static double share(const double span[2], double v) { return (v - span[0]) / (span[1] - span[0]); }

static const aus_set_row *row_of(const view *v, int32_t i) { return &v->s->row[v->t->row[i]]; }

/* Scores of probabilities end at 0 and 1; a surrogate may go beyond. */
static const char *unit_of(const aus_set *s)
{
  const aus_json_node *x = aus_json_member(&s->first, s->first.node, "settings"), *m = aus_json_member(&s->first, s->first.node, "model");
  if (strcmp(aus_json_get_text(&s->first, x, "scale", ""), "logit") == 0) return "log-odds";
  return strcmp(aus_json_get_text(&s->first, m, "score", ""), "real") == 0 ? "score" : "probability";
}

static void find_spans(view *v)
{
  const double empty[2] = { INFINITY, -INFINITY };
  double seen[2] = { INFINITY, -INFINITY };
  memcpy(v->answer, empty, sizeof empty);
  v->weight[0] = v->weight[1] = v->r2[0] = 0;
  v->r2[1] = 1;
  for (int32_t i = 0; i < v->t->n; i++) {
    const aus_set_row *r = row_of(v, i);
    for (int32_t k = 0; k < v->n_parts; k++) reach(v->weight, aus_set_weight(r, v->t->order[k]));
    reach(v->answer, r->score);
    reach(v->answer, r->local);
    reach(v->r2, r->r2);
  }
  memcpy(seen, v->answer, sizeof seen);
  widen(v->weight, 0.03);
  widen_to_ticks(v->answer);
  if (strcmp(v->unit, "probability") != 0) return;
  if (seen[0] >= 0) v->answer[0] = fmax(0, v->answer[0]);
  if (seen[1] <= 1) v->answer[1] = fmin(1, v->answer[1]);
}

/* ---- shades ------------------------------------------------------------------------------------------- */

static aus_ink shade(const view *v, const aus_set_row *r)
{
  const double low = v->t->score.min, high = v->t->score.max, x = high > low ? (r->score - low) / (high - low) : 1;
  return (aus_ink)(AUS_INK_SHADE + (isfinite(x) ? (int)fmin(AUS_SHADES - 1, floor(x * AUS_SHADES)) : 0));
}

typedef struct place { double score; int32_t i; } place;

static int by_score(const void *a, const void *b)
{
  const place *x = a, *y = b;
  if (x->score != y->score) return x->score < y->score ? -1 : 1;
  return (x->i > y->i) - (x->i < y->i);
}

static bool order_rows(view *v)
{
  place *p = aus_alloc(v->ctx, (size_t)v->t->n + 1, sizeof *p);
  v->drawn = aus_alloc(v->ctx, (size_t)v->t->n + 1, sizeof *v->drawn);
  for (int32_t i = 0; p && i < v->t->n; i++) p[i] = (place){ isfinite(row_of(v, i)->score) ? row_of(v, i)->score : -INFINITY, i };
  if (p && v->t->n > 1) qsort(p, (size_t)v->t->n, sizeof *p, by_score);
  for (int32_t i = 0; p && v->drawn && i < v->t->n; i++) v->drawn[i] = p[i].i;
  aus_free(v->ctx, p);
  v->c->failed = v->c->failed || !p || !v->drawn;
  return p && v->drawn;
}

/* Low and high answer with the shades between, its right end at x. */
static void key(const view *v, double x, double y)
{
  char text[AUS_NUMBER + 12], number[AUS_NUMBER];
  aus_number_text(number, v->t->score.max, 3);
  snprintf(text, sizeof text, "%s answer", number);
  aus_chart_text(v->c, AUS_INK_FAINT, SMALL, AUS_ANCHOR_END, x, y, text);
  x -= aus_text_width(text, SMALL) * 1.08 + 8 + 14 * AUS_SHADES;
  for (int i = 0; i < AUS_SHADES; i++) aus_chart_rect(v->c, (aus_ink)(AUS_INK_SHADE + i), x + 14 * i, y - 9, 14, 9, NULL);
  aus_chart_number(v->c, AUS_INK_FAINT, SMALL, AUS_ANCHOR_END, x - 6, y, v->t->score.min, 3, false);
}

/* ---- frame ---------------------------------------------------------------------------------------------- */

static void heading(aus_chart *c, double width, const char *text)
{
  aus_chart_label(c, AUS_INK_TEXT, 15, AUS_ANCHOR_START, 0, 16, 0.9 * width, text);
  if (c->n > 0) c->mark[c->n - 1].bold = true;
}

static int32_t parts_shown(const aus_set *s, const aus_set_target *t, int32_t most)
{
  int32_t n = 0;
  while (n < s->n_components && n < most && t->component[t->order[n]].weight.n > 0) n++;
  return n;
}

/* false: nothing to show, or no memory. */
static bool open_view(view *v, aus_chart *c, aus_ctx *ctx, const aus_set_analysis *a, int32_t target, int32_t most, const char *what)
{
  *v = (view){ .c = c, .ctx = ctx, .s = a->set, .t = &a->target[target], .unit = unit_of(a->set) };
  char *title = aus_strf(ctx, "%s: %s", what, a->set->target[v->t->target]);
  aus_chart_begin(c, ctx, 0, 0, title);
  c->failed = c->failed || !title;
  aus_free(ctx, title);
  v->n_parts = parts_shown(a->set, v->t, most);
  if (c->failed || v->n_parts < 1) return false;
  find_spans(v);
  return order_rows(v);
}

/* Says what a mark is; parts that did not fit are told of. */
static void caption(const view *v, const char *mark, double width)
{
  char text[200];
  int32_t more = 0;
  for (int32_t k = v->n_parts; k < v->s->n_components; k++) more += v->t->component[v->t->order[k]].weight.n > 0;
  const int n = snprintf(text, sizeof text, "%s is a snippet (%d)", mark, v->t->n);
  if (more) snprintf(text + n, sizeof text - (size_t)n, "; %d weaker parts are left out", more);
  aus_chart_label(v->c, AUS_INK_FAINT, SMALL, AUS_ANCHOR_START, 0, 36, width, text);
}

static double tick_from(const double span[2], double step) { return step * ceil(span[0] / step - 1e-9); }
static double tick_value(double v, double step) { return fabs(v) < 1e-9 * step ? 0 : v; }

/* ---- parallel coordinates --------------------------------------------------------------------------------- */

enum { PITCH = 92, LEFT = 66, BED = 300 };

typedef struct axes { view v; double low, high; int32_t n; } axes; /* low, high: where the ends of an axis stand */

static double axis_x(int32_t k) { return LEFT + PITCH * (double)k; }

/* Where explanation r crosses axis k; NaN: it does not. */
static double cross(const axes *p, const aus_set_row *r, int32_t k)
{
  const view *v = &p->v;
  const double s = k < v->n_parts ? share(v->weight, aus_set_weight(r, v->t->order[k])) : k == v->n_parts ? share(v->answer, r->score) : share(v->r2, r->r2);
  return p->low + s * (p->high - p->low);
}

static void crossing_lines(const axes *p)
{
  const bool many = p->v.t->n > 150;
  for (int32_t i = 0; i < p->v.t->n; i++) {
    const aus_set_row *r = row_of(&p->v, p->v.drawn[i]);
    for (int32_t k = 0; k + 1 < p->n; k++) {
      const double y0 = cross(p, r, k), y1 = cross(p, r, k + 1);
      if (isfinite(y0) && isfinite(y1)) aus_chart_stroke(p->v.c, shade(&p->v, r), many ? 0.6 : 0.85, many ? 1 : 1.5, axis_x(k), y0, axis_x(k + 1), y1);
    }
  }
}

/* Ticks of one axis, their numbers on its outer side. */
static void ticks(const axes *p, const double span[2], int32_t k, bool weights)
{
  const double step = aus_nice_step(span[1] - span[0], 6), x = axis_x(k), out = weights ? -1 : 1;
  for (double t = tick_from(span, step); t <= span[1] + 1e-9 * step; t += step) {
    const double y = p->low + share(span, t) * (p->high - p->low);
    if (weights) aus_chart_line(p->v.c, AUS_INK_LINE, 1, x, y, axis_x(p->v.n_parts - 1), y);
    aus_chart_line(p->v.c, AUS_INK_FAINT, 1, x, y, x + 4 * out, y);
    aus_chart_number(p->v.c, AUS_INK_FAINT, SMALL, weights ? AUS_ANCHOR_END : AUS_ANCHOR_START, x + 7 * out, y + 4, tick_value(t, step), 3, weights);
  }
}

/* The axis of the answer stands between others: its ends are told above and below. Zero goes over all weights. */
static void axis_names(const axes *p)
{
  const view *v = &p->v;
  char text[80];
  double widest = 0;
  for (int32_t k = 0; k < v->n_parts; k++) widest = fmax(widest, aus_text_width(v->s->component[v->t->order[k]], 12));
  for (int32_t k = 0; k < p->n; k++) { /* long names stand in two rows in turn */
    const char *name = k < v->n_parts ? v->s->component[v->t->order[k]] : k == v->n_parts ? "answer" : "fit";
    const bool tight = widest > PITCH - 8 && k < v->n_parts;
    const double room = tight ? fmin(2 * PITCH - 12, 2 * axis_x(k)) : PITCH - 8;
    aus_chart_line(v->c, AUS_INK_TEXT, 1, axis_x(k), p->high, axis_x(k), p->low);
    aus_chart_label(v->c, AUS_INK_TEXT, 12, AUS_ANCHOR_MIDDLE, axis_x(k), p->high - (tight && (v->n_parts - k) % 2 ? 38 : 22), room, name);
  }
  const double zero = p->low + share(v->weight, 0) * (p->high - p->low);
  aus_chart_stroke(v->c, AUS_INK_TEXT, 0.6, 1, axis_x(0), zero, axis_x(v->n_parts - 1), zero);
  const double x = axis_x(v->n_parts);
  aus_chart_number(v->c, AUS_INK_FAINT, SMALL, AUS_ANCHOR_MIDDLE, x, p->high - 6, v->answer[1], 3, false);
  aus_chart_number(v->c, AUS_INK_FAINT, SMALL, AUS_ANCHOR_MIDDLE, x, p->low + 14, v->answer[0], 3, false);
  aus_chart_label(v->c, AUS_INK_FAINT, SMALL, AUS_ANCHOR_MIDDLE, x, p->low + 32, PITCH - 6, v->unit);
  aus_chart_label(v->c, AUS_INK_FAINT, SMALL, AUS_ANCHOR_MIDDLE, axis_x(v->n_parts + 1), p->low + 32, PITCH - 6, "weighted R2");
  snprintf(text, sizeof text, "weight (%s)", v->unit);
  aus_chart_label(v->c, AUS_INK_FAINT, SMALL, AUS_ANCHOR_START, 0, p->low + 32, axis_x(v->n_parts) - 0.5 * PITCH, text);
}

void aus_chart_parallel(aus_chart *c, aus_ctx *ctx, const aus_set_analysis *a, int32_t target)
{
  axes p = { .high = TOP + 34 };
  p.low = p.high + BED;
  if (open_view(&p.v, c, ctx, a, target, MOST_AXES, "Every explanation at once")) {
    p.n = p.v.n_parts + 2;
    c->width = fmax(480, axis_x(p.n - 1) + 56);
    c->height = p.low + 42;
    heading(c, c->width, c->title);
    caption(&p.v, "a line", c->width - 230);
    key(&p.v, c->width, 36);
    ticks(&p, p.v.weight, 0, true);
    ticks(&p, p.v.r2, p.n - 1, false);
    crossing_lines(&p);
    axis_names(&p);
    aus_chart_tell(c, aus_strf(ctx, "%s: parallel coordinates of %d explanations, the weights of %d components, then the answer and the fit", c->title, p.v.t->n, p.v.n_parts));
  }
  aus_free(ctx, p.v.drawn);
}

/* ---- swarms ------------------------------------------------------------------------------------------------- */

enum { SWARM = 44, SWARM_WIDTH = 680, MEDIAN = 92, DOT = 3 };

typedef struct spot { double x; int32_t i, level; } spot;

static int by_x(const void *a, const void *b)
{
  const spot *x = a, *y = b;
  if (x->x != y->x) return x->x < y->x ? -1 : 1;
  return (x->i > y->i) - (x->i < y->i);
}

/* Dots of about the same value stand over and under each other, as many as there are; returns the highest level. */
static int32_t stack(spot *p, int32_t n)
{
  int32_t most = 1, same = 0;
  double slot = NAN;
  qsort(p, (size_t)n, sizeof *p, by_x);
  for (int32_t i = 0; i < n; i++) {
    const double at = floor(p[i].x / (1.9 * DOT));
    same = at == slot ? same + 1 : 0;
    slot = at;
    p[i].level = same % 2 ? (same + 1) / 2 : -(same / 2);
    most = abs(p[i].level) > most ? abs(p[i].level) : most;
  }
  return most;
}

static void tell_dot(const view *v, int32_t i, double weight, char told[TOLD])
{
  char number[AUS_NUMBER], from[AUS_NUMBER], to[AUS_NUMBER];
  const aus_set_piece *p = &v->s->piece[row_of(v, i)->piece];
  aus_signed_text(number, weight, 3);
  aus_number_text(from, p->t0, 5);
  aus_number_text(to, p->t1, 5);
  snprintf(told, TOLD, "%.80s, %s to %s s: %s", v->s->song[p->song].name, from, to, number);
}

static void swarm(const view *v, int32_t part, double left, double right, double y, spot *p)
{
  int32_t n = 0;
  char told[TOLD];
  for (int32_t k = 0; k < v->t->n; k++) {
    const double w = aus_set_weight(row_of(v, v->drawn[k]), part);
    if (isfinite(w)) p[n++] = (spot){ .x = left + share(v->weight, w) * (right - left), .i = v->drawn[k] };
  }
  if (n < 1) return;
  const double step = fmin(1.9 * DOT, (0.5 * SWARM - DOT - 1) / stack(p, n)); /* where many are alike they come closer: the shape stays */
  for (int32_t k = 0; k < n; k++) {
    tell_dot(v, p[k].i, aus_set_weight(row_of(v, p[k].i), part), told);
    aus_chart_dot(v->c, shade(v, row_of(v, p[k].i)), p[k].x, y + step * p[k].level, DOT - 0.2, told);
  }
  const double median = left + share(v->weight, v->t->component[part].weight.q50) * (right - left);
  aus_chart_line(v->c, AUS_INK_TEXT, 2, median, y - 0.5 * SWARM + 4, median, y + 0.5 * SWARM - 4);
}

static void swarm_axis(const view *v, double left, double right, double bottom)
{
  const double step = aus_nice_step(v->weight[1] - v->weight[0], 7);
  char text[80];
  for (double t = tick_from(v->weight, step); t <= v->weight[1] + 1e-9 * step; t += step) {
    const double x = left + share(v->weight, t) * (right - left);
    aus_chart_line(v->c, fabs(t) < 1e-9 * step ? AUS_INK_FAINT : AUS_INK_LINE, 1, x, TOP, x, bottom);
    aus_chart_number(v->c, AUS_INK_FAINT, SMALL, AUS_ANCHOR_MIDDLE, x, bottom + 15, tick_value(t, step), 3, true);
  }
  snprintf(text, sizeof text, "weight (%s): left of 0 against the answer, right of it for it", v->unit);
  aus_chart_label(v->c, AUS_INK_FAINT, SMALL, AUS_ANCHOR_MIDDLE, 0.5 * (left + right), bottom + 33, right - left, text);
  aus_chart_text(v->c, AUS_INK_FAINT, SMALL, AUS_ANCHOR_END, SWARM_WIDTH, bottom + 15, "median");
}

/* The left column is as wide as its longest name. */
static double names_width(const aus_set *s, const int32_t *order, int32_t n)
{
  double width = 40;
  for (int32_t k = 0; k < n; k++) width = fmax(width, 1.05 * aus_text_width(s->component[order ? order[k] : k], NAME));
  return fmin(width, 170) + 12;
}

void aus_chart_swarms(aus_chart *c, aus_ctx *ctx, const aus_set_analysis *a, int32_t target)
{
  view v;
  spot *p = NULL;
  if (open_view(&v, c, ctx, a, target, MOST_ROWS, "How the weights are spread") && (p = aus_alloc(ctx, (size_t)v.t->n + 1, sizeof *p))) {
    const double left = names_width(v.s, v.t->order, v.n_parts), right = SWARM_WIDTH - MEDIAN, bottom = TOP + SWARM * (double)v.n_parts;
    c->width = SWARM_WIDTH;
    c->height = bottom + 42;
    heading(c, c->width, c->title);
    caption(&v, "a dot", c->width - 230);
    key(&v, c->width, 36);
    swarm_axis(&v, left, right, bottom);
    for (int32_t k = 0; k < v.n_parts; k++) {
      const int32_t part = v.t->order[k];
      const double y = TOP + SWARM * (k + 0.5);
      aus_chart_label(c, AUS_INK_TEXT, NAME, AUS_ANCHOR_END, left - 12, y + 5, left - 12, v.s->component[part]);
      swarm(&v, part, left, right, y, p);
      aus_chart_number(c, AUS_INK_TEXT, NAME, AUS_ANCHOR_END, SWARM_WIDTH, y + 5, v.t->component[part].weight.q50, 3, true);
    }
    aus_chart_tell(c, aus_strf(ctx, "%s: the weights of %d components in %d explanations, a dot each", c->title, v.n_parts, v.t->n));
  }
  c->failed = c->failed || (v.drawn && !p);
  aus_free(ctx, p);
  aus_free(ctx, v.drawn);
}

/* ---- faithfulness ---------------------------------------------------------------------------------------------- */

enum { SQUARE = 380, FAITH_LEFT = 66, FAITH_WIDTH = 650 };

typedef enum fit { GOOD, FAIR, POOR, NONE } fit;

/* The words of trust.c. */
static fit fit_of(double r2) { return !isfinite(r2) ? NONE : r2 >= 0.9 ? GOOD : r2 >= 0.6 ? FAIR : POOR; }

static void sign(aus_chart *c, fit f, double x, double y, const char *told)
{
  const double r = 3.2, triangle[] = { x, y - 1.4 * r, x + 1.3 * r, y + r, x - 1.3 * r, y + r };
  if (f == GOOD) aus_chart_dot(c, AUS_INK_AGAINST, x, y, r, told);
  else if (f == FAIR) aus_chart_area(c, AUS_INK_FAINT, 3, triangle);
  else if (f == NONE) aus_chart_dot(c, AUS_INK_FAINT, x, y, 1.5, told);
  for (int k = -1; f == POOR && k <= 1; k += 2) aus_chart_stroke(c, AUS_INK_FOR, 1, 1.8, x - r, y - k * r, x + r, y + k * r);
}

static void faith_frame(const view *v, double left, double top)
{
  const double step = aus_nice_step(v->answer[1] - v->answer[0], 6), right = left + SQUARE, bottom = top + SQUARE;
  char text[96];
  for (double t = tick_from(v->answer, step); t <= v->answer[1] + 1e-9 * step; t += step) {
    const double at = SQUARE * share(v->answer, t);
    aus_chart_line(v->c, AUS_INK_LINE, 1, left + at, top, left + at, bottom);
    aus_chart_line(v->c, AUS_INK_LINE, 1, left, bottom - at, right, bottom - at);
    aus_chart_number(v->c, AUS_INK_FAINT, SMALL, AUS_ANCHOR_MIDDLE, left + at, bottom + 15, tick_value(t, step), 3, false);
    aus_chart_number(v->c, AUS_INK_FAINT, SMALL, AUS_ANCHOR_END, left - 6, bottom - at + 4, tick_value(t, step), 3, false);
  }
  aus_chart_line(v->c, AUS_INK_FAINT, 1, left, bottom, right, top);
  aus_chart_line(v->c, AUS_INK_TEXT, 1, left, top, left, bottom);
  aus_chart_line(v->c, AUS_INK_TEXT, 1, left, bottom, right, bottom);
  snprintf(text, sizeof text, "the model's answer (%s)", v->unit);
  aus_chart_label(v->c, AUS_INK_FAINT, SMALL, AUS_ANCHOR_MIDDLE, 0.5 * (left + right), bottom + 33, SQUARE, text);
  snprintf(text, sizeof text, "what the weights add up to (%s)", v->unit);
  aus_chart_label(v->c, AUS_INK_FAINT, SMALL, AUS_ANCHOR_START, 0, top - 12, right, text);
}

static void faith_number(const view *v, const char *what, double value, double x, double y)
{
  aus_chart_text(v->c, AUS_INK_FAINT, 12, AUS_ANCHOR_START, x, y, what);
  aus_chart_number(v->c, AUS_INK_TEXT, 12, AUS_ANCHOR_END, FAITH_WIDTH, y, value, 3, false);
}

/* Signs with how many there are, then the numbers of the whole. */
static void faith_key(const view *v, double x, double y)
{
  static const char *const words[] = { "0.9 and more", "0.6 and more", "less: leave them out", "nothing to explain" };
  const int32_t count[] = { v->t->good, v->t->fair, v->t->poor, v->t->none };
  aus_chart_text(v->c, AUS_INK_TEXT, 12, AUS_ANCHOR_START, x, y, "weighted R2 of the fit");
  for (int k = 0; k < 4; k++) {
    if (k == NONE && !count[k]) continue;
    y += 20;
    sign(v->c, (fit)k, x + 5, y - 4, NULL);
    aus_chart_text(v->c, AUS_INK_FAINT, 12, AUS_ANCHOR_START, x + 16, y, words[k]);
    aus_chart_number(v->c, AUS_INK_TEXT, 12, AUS_ANCHOR_END, FAITH_WIDTH, y, count[k], 6, false);
  }
  faith_number(v, "median R2", v->t->r2.q50, x, y + 36);
  faith_number(v, "correlation", v->t->correlation, x, y + 56);
  faith_number(v, "median |difference|", v->t->gap.q50, x, y + 76);
}

void aus_chart_faithfulness(aus_chart *c, aus_ctx *ctx, const aus_set_analysis *a, int32_t target)
{
  view v;
  const double left = FAITH_LEFT, top = TOP + 16;
  char told[TOLD];
  if (open_view(&v, c, ctx, a, target, INT32_MAX, "How far to trust the weights")) {
    c->width = FAITH_WIDTH;
    c->height = top + SQUARE + 42;
    heading(c, c->width, c->title);
    caption(&v, "a sign", c->width);
    faith_frame(&v, left, top);
    for (int32_t k = 0; k < v.t->n; k++) {
      const aus_set_row *r = row_of(&v, v.drawn[k]);
      if (!isfinite(r->score) || !isfinite(r->local)) continue;
      tell_dot(&v, v.drawn[k], r->r2, told);
      sign(c, fit_of(r->r2), left + SQUARE * share(v.answer, r->score), top + SQUARE * (1 - share(v.answer, r->local)), told);
    }
    faith_key(&v, left + SQUARE + 24, top + 12);
    aus_chart_tell(c, aus_strf(ctx, "%s: what the weights add up to over the model's answer, %d explanations; %d with a weighted R2 of 0.9 and more, %d of 0.6 and more, %d less",
                               c->title, v.t->n, v.t->good, v.t->fair, v.t->poor));
  }
  aus_free(ctx, v.drawn);
}
