/* lasso.c - the lasso path by least angle regression, from second moments alone [Efron04].
 *
 * Minimises |y - z w|^2 / 2 + lambda |w|_1 for lambda from infinity to 0. With C = max |corr|, all active components
 * share |corr| = C and w moves along u, G_AA u = sign(corr_A), for which C falls at rate 1. A piece ends when
 * another component's correlation reaches C - t (it enters), an active weight reaches 0 (it leaves),
 * or t = C (least squares). Needs G and c only: no pass over the rows. */
#include "lime/lasso.h"

#include <math.h>
#include <string.h>

typedef struct path {
  int32_t d, n;        /* components; active ones */
  const double *gram;
  double *w, *corr, *u, *rate, *factor;
  int32_t *active;
  uint8_t *barred;     /* linearly dependent on the active ones: never enters */
} path;

static bool is_active(const path *p, int32_t j)
{
  for (int32_t i = 0; i < p->n; i++) if (p->active[i] == j) return true;
  return false;
}

/* u on the active set; false when the newest component depends on the others. */
static bool direction(path *p)
{
  for (int32_t i = 0; i < p->n; i++) {
    p->u[i] = p->corr[p->active[i]] > 0 ? 1 : -1;
    for (int32_t j = 0; j < p->n; j++) p->factor[i * p->n + j] = p->gram[(int64_t)p->active[i] * p->d + p->active[j]];
  }
  if (!lime_cholesky(p->n, p->factor)) return false;
  lime_cholesky_solve(p->n, p->factor, p->u);
  for (int32_t j = 0; j < p->d; j++) {
    p->rate[j] = 0;
    for (int32_t i = 0; i < p->n; i++) p->rate[j] += p->gram[(int64_t)p->active[i] * p->d + j] * p->u[i];
  }
  return true;
}

/* The component with the largest correlation outside the active set; the first of equals. -1: none. */
static int32_t strongest(const path *p, double *value)
{
  int32_t best = -1;
  *value = 0;
  for (int32_t j = 0; j < p->d; j++) {
    if (p->barred[j] || is_active(p, j) || !(fabs(p->corr[j]) > *value * (1 + 1e-12))) continue;
    *value = fabs(p->corr[j]);
    best = j;
  }
  return best;
}

/* How far to go: to the next entry, leave (*leaving = its place) or the end. */
static double step_length(const path *p, double top, int32_t *leaving)
{
  double t = top;
  *leaving = -1;
  for (int32_t j = 0; j < p->d; j++) {
    if (p->barred[j] || is_active(p, j)) continue;
    const double up = (top - p->corr[j]) / (1 - p->rate[j]), down = (top + p->corr[j]) / (1 + p->rate[j]);
    if (up > 0 && up < t) t = up;
    if (down > 0 && down < t) t = down;
  }
  for (int32_t i = 0; i < p->n; i++) {
    const double zero = -p->w[p->active[i]] / p->u[i];
    if (zero > 0 && zero < t) {
      t = zero;
      *leaving = i;
    }
  }
  return t;
}

static void move(path *p, double t, int32_t leaving)
{
  for (int32_t i = 0; i < p->n; i++) p->w[p->active[i]] += t * p->u[i];
  for (int32_t j = 0; j < p->d; j++) p->corr[j] -= t * p->rate[j];
  if (leaving < 0) return;
  p->w[p->active[leaving]] = 0;
  memmove(p->active + leaving, p->active + leaving + 1, (size_t)(p->n - leaving - 1) * sizeof *p->active);
  p->n--;
}

/* One piece of the path; false at its end. */
static bool advance(path *p, bool *dropped)
{
  double top = 0;
  for (int32_t i = 0; i < p->n; i++) top = fmax(top, fabs(p->corr[p->active[i]]));
  if (!*dropped) {
    double value;
    const int32_t enters = strongest(p, &value);
    if (enters < 0) return false;
    p->active[p->n++] = enters;
    if (value > top) top = value;
  }
  if (!(top > 0)) return false;
  if (!direction(p)) {
    p->barred[p->active[--p->n]] = 1;
    *dropped = false;
    return true;
  }
  int32_t leaving;
  const double t = step_length(p, top, &leaving);
  move(p, t, leaving);
  *dropped = leaving >= 0;
  return t < top;
}

static aus_status path_alloc(aus_ctx *ctx, int32_t d, path *p)
{
  const size_t n = (size_t)d;
  p->w = aus_alloc_zero(ctx, 4 * n + n * n, sizeof(double));
  p->active = aus_alloc_zero(ctx, n + 1, sizeof *p->active);
  p->barred = aus_alloc_zero(ctx, n, 1);
  if (!p->w || !p->active || !p->barred) return AUS_ENOMEM;
  p->corr = p->w + n;
  p->u = p->corr + n;
  p->rate = p->u + n;
  p->factor = p->rate + n;
  return AUS_OK;
}

aus_status lime_lasso_walk(aus_ctx *ctx, int32_t d, const double *gram, const double *zy, lime_lasso_fn visit, void *user)
{
  path p = { .d = d, .gram = gram };
  aus_status status = path_alloc(ctx, d, &p);
  if (status == AUS_OK) {
    memcpy(p.corr, zy, (size_t)d * sizeof *zy);
    const double first = 1e-12;
    double start;
    strongest(&p, &start);
    bool dropped = false, more = start > 0;
    for (int32_t step = 0; more && step < 8 * d + 8; step++) {
      more = advance(&p, &dropped);
      visit(user, p.w);
      double rest = 0;
      for (int32_t j = 0; j < d; j++) rest = fmax(rest, fabs(p.corr[j]));
      if (rest <= first * start) more = false;
    }
  }
  aus_free(ctx, p.w);
  aus_free(ctx, p.active);
  aus_free(ctx, p.barred);
  return status;
}
