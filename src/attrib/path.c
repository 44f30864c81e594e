/* path.c - integrated gradients [Sundararajan17]: gradients added up along the straight way from a baseline to the input.
 *
 *   C_i = (x_i - x'_i) int_0^1 df/dx_i (x' + a (x - x')) da,      sum_i C_i = f(x) - f(x')
 *
 * A fixed rule takes the gradient at given a. Without --steps or --quadrature the way is cut into pieces at its kinks (path_cut.c), and
 * where it has too many of them for that, slopes of secants are taken (path_secant.c). Every item goes its own way, so that its result
 * does not depend on its company.
 *
 * With a layer, the way runs from what the layer holds for the baseline to what it holds for the input. */
#include "attrib/path.h"
#include "attrib/quadrature.h"

#include <string.h>

enum { DEFAULT_STEPS = 50, MAX_STEPS = 100000 };

int32_t aus_path_stretches(const path *p) { return p->q->layer >= 0 ? 1 : p->q->a->n_inputs; }

void aus_path_stretch(const path *p, int32_t item, int32_t k, int64_t *begin, int64_t *end)
{
  const int64_t per = p->q->layer >= 0 ? p->n / p->q->a->items : aus_question_per_item(p->q, k);
  *begin = (p->q->layer >= 0 ? 0 : p->q->a->offset[k]) + item * per;
  *end = *begin + per;
}

void aus_path_move(path *p)
{
  int64_t j, end;
  for (int32_t i = 0; i < p->q->a->items; i++)
    for (int32_t k = 0; k < aus_path_stretches(p); k++)
      for (aus_path_stretch(p, i, k, &j, &end); j < end; j++) p->at[j] = p->from[j] + (float)p->alpha[i] * (p->to[j] - p->from[j]);
}

aus_status aus_path_score(path *p)
{
  aus_run *run = p->q->a->keep[0];
  aus_path_move(p);
  AUS_TRY(p->q->layer < 0 ? aus_question_forward(p->q, run, p->at) : aus_question_forward_from(p->q, run, p->at));
  aus_question_read(p->q, run, p->score);
  return AUS_OK;
}

aus_status aus_path_gradient(path *p)
{
  aus_path_move(p);
  p->steps++;
  return aus_question_gradient_at(p->q, p->walk, p->at, p->grad, p->score);
}

/* ---- fixed rules -------------------------------------------------------------------------------------- */

static aus_status fixed_steps(path *p, int32_t n, const double *node, const double *weight)
{
  for (int32_t s = 0; s < n; s++) {
    for (int32_t i = 0; i < p->q->a->items; i++) p->alpha[i] = node[s];
    AUS_TRY(aus_path_gradient(p));
    for (int64_t j = 0; j < p->n; j++) p->sum[j] += weight[s] * (double)p->grad[j];
    AUS_TRY(aus_progress(p->q->ctx, "gradients on the way", s + 1, n));
  }
  return AUS_OK;
}

static aus_status fixed(path *p, const char *rule, int64_t steps)
{
  const int32_t n = (int32_t)steps;
  double *node = aus_alloc(p->q->ctx, (size_t)n, 2 * sizeof *node);
  aus_status status = node ? aus_quadrature(p->q->ctx, rule, n, node, node + n) : AUS_ENOMEM;
  if (status == AUS_OK) status = fixed_steps(p, n, node, node + n);
  aus_free(p->q->ctx, node);
  return status;
}

static aus_status secants(path *p, int32_t pieces, aus_attribution *out)
{
  bool refused, *open = aus_alloc(p->q->ctx, (size_t)p->q->a->items, sizeof *open);
  if (!open) return AUS_ENOMEM;
  for (int32_t i = 0; i < p->q->a->items; i++) open[i] = true;
  const aus_status status = aus_path_secant(p, pieces, open, &refused, out);
  aus_free(p->q->ctx, open);
  return status == AUS_OK && refused ? AUS_ENOTSUP : status;
}

/* Pieces; secants for the items with more kinks than pieces; pieces again where an op knows no secant. */
static aus_status adaptive(path *p, aus_attribution *out)
{
  bool refused = false, any = false, *open = aus_alloc_zero(p->q->ctx, (size_t)p->q->a->items, sizeof *open);
  if (!open) return AUS_ENOMEM;
  aus_status status = aus_path_cut(p, false, open, out);
  for (int32_t i = 0; i < p->q->a->items; i++) any = any || open[i];
  if (status == AUS_OK && any) status = aus_path_secant(p, 0, open, &refused, out);
  if (status == AUS_OK && refused) {
    memset(p->sum, 0, (size_t)p->n * sizeof *p->sum);
    status = aus_path_cut(p, true, open, out);
  }
  aus_free(p->q->ctx, open);
  return status;
}

static aus_status go(path *p, aus_attribution *out)
{
  const aus_attrib_config *c = p->q->config;
  const char *rule = c->quadrature ? c->quadrature : c->steps ? "gausslegendre" : "adaptive";
  if (c->steps > MAX_STEPS) return aus_fail(p->q->ctx, AUS_ELIMIT, "%lld steps: at most %d", (long long)c->steps, MAX_STEPS);
  if (strcmp(rule, "adaptive") == 0) return adaptive(p, out);
  if (strcmp(rule, "secant") == 0) return secants(p, (int32_t)c->steps, out);
  return fixed(p, rule, c->steps ? c->steps : DEFAULT_STEPS);
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
  AUS_TRY(find_ends(p, out));
  p->steps = 0;
  AUS_TRY(go(p, out));
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
