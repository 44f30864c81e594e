/* lasso.c - the whole lasso path by least-angle regression [Efron04].
 *
 * The path is piecewise linear in alpha. At a breakpoint all active columns have the same absolute
 * correlation C with the residual. Moving along delta = G_A^-1 sign(c_A) lowers C at rate one and every
 * correlation c_j at rate a_j = G_jA delta, until
 *   a column outside catches up:  t = (C - c_j) / (1 - a_j) or (C + c_j) / (1 + a_j)   it enters
 *   a coefficient meets zero:     t = -w_j / delta_j                                    it leaves
 *   C is spent:                   t = C                                                 least squares
 * Needs G and c only: no pass over the rows. Cost per step: one Cholesky of the active Gram matrix. */
#include "la/la.h"

#include <math.h>
#include <string.h>

enum { OUT, ACTIVE, BANNED /* a combination of active columns */ };

struct path {
  int32_t d, n_active;
  const double *gram;      /* [d][d] x'x */
  double *c;               /* [d] correlations with the residual */
  double *w;               /* [d] */
  double *rate;            /* [d] a_j */
  double *factor, *delta;  /* [d][d], [d]: over the active columns */
  int32_t *active;         /* [d] */
  unsigned char *state;    /* [d] */
};

/* delta = G_A^-1 sign(c_A); false when the active columns depend on each other. */
static bool direction(struct path *p)
{
  const int32_t n = p->n_active, d = p->d;
  for (int32_t i = 0; i < n; i++) {
    for (int32_t k = 0; k < n; k++) p->factor[i * n + k] = p->gram[(int64_t)p->active[i] * d + p->active[k]];
    p->delta[i] = p->c[p->active[i]] >= 0 ? 1.0 : -1.0;
  }
  if (!aus_cholesky_try(n, p->factor, NULL)) return false;
  aus_cholesky_solve(n, 1, p->factor, p->delta);
  for (int32_t j = 0; j < d; j++) {
    p->rate[j] = 0;
    for (int32_t i = 0; i < n; i++) p->rate[j] += p->gram[(int64_t)j * d + p->active[i]] * p->delta[i];
  }
  return true;
}

/* The next column outside to reach the shrinking C; t is lowered to when. -1: none before t. */
static int32_t next_to_enter(const struct path *p, double big_c, double *t)
{
  int32_t who = -1;
  for (int32_t j = 0; j < p->d; j++) {
    if (p->state[j] != OUT) continue;
    const double up = fmax(0, big_c - p->c[j]) / (1 - p->rate[j]), down = fmax(0, big_c + p->c[j]) / (1 + p->rate[j]);
    if (p->rate[j] < 1 && up < *t) { *t = up; who = j; } /* a column that has just left has a rate above 1 */
    if (p->rate[j] > -1 && down < *t) { *t = down; who = j; }
  }
  return who;
}

/* Place in active of the coefficient that meets zero first before t. -1: none. */
static int32_t next_to_leave(const struct path *p, double *t)
{
  int32_t who = -1;
  for (int32_t i = 0; i < p->n_active; i++) {
    const double w = p->w[p->active[i]], zero = -w / p->delta[i];
    if (w != 0 && zero > 0 && zero < *t) { *t = zero; who = i; }
  }
  return who;
}

static void advance(struct path *p, double t)
{
  for (int32_t i = 0; i < p->n_active; i++) p->w[p->active[i]] += t * p->delta[i];
  for (int32_t j = 0; j < p->d; j++) p->c[j] -= t * p->rate[j];
}

static void enter(struct path *p, int32_t j) { p->active[p->n_active++] = j; p->state[j] = ACTIVE; }

static void leave(struct path *p, int32_t i)
{
  const int32_t j = p->active[i];
  p->w[j] = 0;
  p->state[j] = OUT;
  memmove(p->active + i, p->active + i + 1, (size_t)(p->n_active - i - 1) * sizeof *p->active);
  p->n_active--;
}

/* The first of equals. */
static int32_t strongest(const struct path *p)
{
  int32_t best = -1;
  for (int32_t j = 0; j < p->d; j++)
    if (p->state[j] == OUT && (best < 0 || fabs(p->c[j]) > fabs(p->c[best]) * (1 + 1e-12))) best = j;
  return best;
}

/* A direction for the current active set; the newest column is banned as long as it spoils it. */
static bool settle(struct path *p)
{
  while (p->n_active > 0 && !direction(p)) {
    const int32_t j = p->active[p->n_active - 1];
    leave(p, p->n_active - 1);
    p->state[j] = BANNED;
  }
  return p->n_active > 0;
}

static void walk(struct path *p, aus_lasso_fn visit, void *user)
{
  int32_t j = strongest(p);
  double big_c = j < 0 ? 0 : fabs(p->c[j]);
  const double spent = 1e-12 * big_c;
  while (visit(user, p->w, big_c) && big_c > spent) {
    if (j >= 0) enter(p, j);
    if (!settle(p)) break;
    double t = big_c;
    j = next_to_enter(p, big_c, &t);
    const int32_t gone = next_to_leave(p, &t);
    advance(p, t);
    big_c -= t;
    if (gone >= 0) { leave(p, gone); j = -1; }
    else if (j < 0) big_c = 0;
  }
}

aus_status aus_lasso_walk(aus_ctx *ctx, int32_t d, const double *gram, const double *c, aus_lasso_fn visit, void *user)
{
  const size_t n = (size_t)d;
  double *block = aus_alloc_zero(ctx, n * n + 4 * n, sizeof(double));
  int32_t *active = aus_alloc_zero(ctx, n, sizeof *active + 1);
  const aus_status status = block && active ? AUS_OK : AUS_ENOMEM;
  if (status == AUS_OK) {
    struct path p = { .d = d, .gram = gram, .factor = block, .c = block + n * n, .w = block + n * n + n, .rate = block + n * n + 2 * n,
                      .delta = block + n * n + 3 * n, .active = active, .state = (unsigned char *)(active + n) };
    memcpy(p.c, c, n * sizeof *c);
    walk(&p, visit, user);
  }
  aus_free(ctx, active);
  aus_free(ctx, block);
  return status;
}

/* ---- from a dense design, as scikit-learn's lars_path ------------------------------------------------ */

/* gram[d][d] and c[d] from x[rows][d], read once, row by row */
static void correlate(int64_t rows, int32_t d, const double *x, const double *y, double *gram, double *c)
{
  for (int64_t i = 0; i < rows; i++) {
    const double *xi = x + i * d;
    for (int32_t j = 0; j < d; j++) {
      c[j] += xi[j] * y[i];
      for (int32_t k = 0; k <= j && xi[j] != 0; k++) gram[(int64_t)j * d + k] += xi[j] * xi[k];
    }
  }
  for (int32_t j = 0; j < d; j++)
    for (int32_t k = 0; k < j; k++) gram[(int64_t)k * d + j] = gram[(int64_t)j * d + k];
}

struct record { int64_t rows; int32_t d, steps, most; double *coefs, *alphas; };

static bool keep(void *user, const double *w, double correlation)
{
  struct record *r = user;
  memcpy(r->coefs + (int64_t)r->steps * r->d, w, (size_t)r->d * sizeof *w);
  r->alphas[r->steps++] = correlation / (double)r->rows;
  return r->steps < r->most;
}

aus_status aus_lasso_path(aus_ctx *ctx, int64_t rows, int32_t d, const double *x, const double *y, int32_t max_steps,
                          double *coefs, double *alphas, int32_t *steps)
{
  *steps = 0;
  if (rows < 1 || d < 1 || max_steps < 1) return aus_fail(ctx, AUS_EINVAL, "a lasso path needs rows, columns and steps");
  const size_t n = (size_t)d;
  double *gram = aus_alloc_zero(ctx, n * n + n, sizeof *gram);
  if (!gram) return AUS_ENOMEM;
  correlate(rows, d, x, y, gram, gram + n * n);
  struct record r = { .rows = rows, .d = d, .most = max_steps, .coefs = coefs, .alphas = alphas };
  const aus_status status = aus_lasso_walk(ctx, d, gram, gram + n * n, keep, &r);
  *steps = r.steps;
  aus_free(ctx, gram);
  return status;
}
