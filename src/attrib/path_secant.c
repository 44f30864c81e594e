/* path_secant.c - integrated gradients where the way is full of kinks: slopes of secants instead of tangents.
 *
 * A large network of ReLUs bends at thousands of places along the way. A quadrature sees each kink only between two of its
 * nodes, so its error falls as slowly as one over the root of their number. But the mean slope of a ReLU over a piece of the way [a, b] is known
 * wherever the kink lies: (y(b) - y(a)) / (z(b) - z(a)), the slope of its secant. So the way is cut into pieces, and in each the way back uses
 *
 *   the mean over the piece of each node's own slope, in place of its slope at one point,
 *
 * which are DeepLIFT's multipliers with the piece's beginning as the reference (deeplift_rules.c; one piece is DeepLIFT itself
 * [Shrikumar17]; that it shares its limit with the gradients' mean is in [Ancona18]). Exact while no two nodes on one path through the network bend in
 * one piece; the sum over a piece is f(b) - f(a) always, so the sum says nothing about how fine is fine enough. The map does: pieces
 * are halved until halving moves it by less than 3 % (L1). Cost: a forward and a way back per piece. */
#include "attrib/deeplift.h"
#include "attrib/path.h"

#include <math.h>
#include <string.h>

enum { FIRST = 8, MOST = 128 };
static const double STILL = 0.03;

typedef struct secant {
  path *p;
  deeplift d;
  aus_walk *walk;
  aus_run *run[2];       /* the two ends of a piece, in turn: multipliers do not care which is the reference */
  double *now, *before;  /* [n] mean slopes, and those with half as many pieces */
  bool *open;            /* [items] */
} secant;

/* Forward with every item at `alpha`. */
static aus_status stand_at(secant *s, double alpha, int32_t which)
{
  path *p = s->p;
  for (int32_t i = 0; i < p->q->a->items; i++) p->alpha[i] = alpha;
  aus_path_move(p);
  return p->q->layer < 0 ? aus_question_forward(p->q, s->run[which], p->at) : aus_question_forward_from(p->q, s->run[which], p->at);
}

static aus_status walk_pieces(secant *s, int32_t pieces)
{
  path *p = s->p;
  memset(s->now, 0, (size_t)p->n * sizeof *s->now);
  AUS_TRY(stand_at(s, 0, 1));
  for (int32_t k = 0; k < pieces; k++) {
    AUS_TRY(stand_at(s, (k + 1.0) / pieces, k & 1));
    aus_question_seed(p->q, s->walk, NULL);
    AUS_TRY(aus_walk_run(s->walk));
    p->q->a->walks++;
    p->steps++;
    aus_question_collect(p->q, s->walk, 0, p->grad);
    for (int64_t j = 0; j < p->n; j++) s->now[j] += (double)p->grad[j] / pieces;
    AUS_TRY(aus_progress(p->q->ctx, "pieces of the way", k + 1, pieces));
  }
  return AUS_OK;
}

/* How far the item's map moved since the last halving, in parts of its size. */
static double moved(const secant *s, int32_t item)
{
  const path *p = s->p;
  double change = 0, size = 0;
  int64_t j, end;
  for (int32_t k = 0; k < aus_path_stretches(p); k++)
    for (aus_path_stretch(p, item, k, &j, &end); j < end; j++) {
      const double way = (double)p->to[j] - (double)p->from[j];
      change += fabs(way * (s->now[j] - s->before[j]));
      size += fabs(way * s->now[j]);
    }
  return size > 0 ? change / size : 0;
}

static void take(secant *s, int32_t item)
{
  path *p = s->p;
  int64_t j, end;
  for (int32_t k = 0; k < aus_path_stretches(p); k++)
    for (aus_path_stretch(p, item, k, &j, &end); j < end; j++) p->sum[j] = s->now[j];
  s->open[item] = false;
}

static aus_status halve_until_still(secant *s, aus_attribution *out)
{
  const int32_t items = s->p->q->a->items;
  double worst = 0;
  int32_t pieces = FIRST, left = 0, finest = FIRST;
  for (int32_t i = 0; i < items; i++) left += s->open[i];
  AUS_TRY(walk_pieces(s, pieces));
  while (left) {
    double *swap = s->before;
    s->before = s->now;
    s->now = swap;
    pieces *= 2;
    AUS_TRY(walk_pieces(s, pieces));
    for (int32_t i = 0; i < items; i++) {
      if (!s->open[i]) continue;
      const double change = moved(s, i);
      if (change > STILL && pieces < MOST) continue;
      worst = fmax(worst, change);
      finest = pieces;
      left--;
      take(s, i);
    }
  }
  aus_attribution_note(out, "the way is full of kinks: %d pieces, slopes of secants; half as many give a map that is %.1f %% apart", finest, 100 * worst);
  return AUS_OK;
}

static aus_status fixed(secant *s, int32_t pieces, aus_attribution *out)
{
  AUS_TRY(walk_pieces(s, pieces));
  for (int32_t i = 0; i < s->p->q->a->items; i++)
    if (s->open[i]) take(s, i);
  aus_attribution_note(out, "%d pieces, slopes of secants", pieces);
  return AUS_OK;
}

/* With a layer, what lies beside it stays as it is for the input. */
static aus_status prepare(secant *s)
{
  const aus_question *q = s->p->q;
  for (int32_t k = 0; k < 2; k++) AUS_TRY(aus_question_keep(q, k, &s->run[k]));
  AUS_TRY(aus_question_walk(q, (aus_walk_config){ .ref = s->run[1], .rule_of = deeplift_rule_of, .user = &s->d }, &s->walk));
  for (int32_t k = 0; k < 2 && s->d.refused < 0; k++) AUS_TRY(aus_question_forward(q, s->run[k], q->x));
  return AUS_OK;
}

aus_status aus_path_secant(path *p, int32_t pieces, const bool *open, bool *refused, aus_attribution *out)
{
  aus_ctx *ctx = p->q->ctx;
  const size_t items = (size_t)p->q->a->items;
  secant s = { .p = p, .d = { .ctx = ctx, .mode = DEEPLIFT_RESCALE, .lanes = 1, .refused = -1 } };
  deeplift_make_rules(&s.d);
  aus_status status = prepare(&s);
  *refused = s.d.refused >= 0;
  if (status == AUS_OK && *refused) {
    const char *name = p->q->a->bundle->graph.node[s.d.refused].name;
    aus_fail(ctx, AUS_ENOTSUP, "node '%.60s' (%s): secants have no rule for it", name, s.d.refused_op); /* the caller decides */
  } else if (status == AUS_OK) {
    double *block = aus_alloc(ctx, (size_t)p->n, 2 * sizeof *block);
    s.open = aus_alloc(ctx, items, sizeof *s.open);
    s.now = block, s.before = block ? block + p->n : NULL;
    if (s.open) memcpy(s.open, open, items * sizeof *s.open);
    status = !block || !s.open ? AUS_ENOMEM : pieces ? fixed(&s, pieces, out) : halve_until_still(&s, out);
    aus_free(ctx, s.open);
    aus_free(ctx, block);
  }
  aus_walk_destroy(s.walk);
  return status;
}
