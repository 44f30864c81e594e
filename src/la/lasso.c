/* lasso.c - the whole lasso path by least-angle regression [Efron04].
 *
 * The path is piecewise linear in alpha. At a breakpoint all active columns have the same absolute
 * correlation C with the residual. Moving along delta = G_A^-1 sign(c_A) lowers C at rate one and every
 * correlation c_j at rate a_j = G_jA delta, until
 *   a column outside catches up:  t = (C - c_j) / (1 - a_j) or (C + c_j) / (1 + a_j)   it enters
 *   a coefficient meets zero:     t = -w_j / delta_j                                    it leaves
 *   C is spent:                   t = C                                                 least squares
 * alphas are C / rows (scikit-learn's). Cost per step: one Cholesky of the active Gram matrix. */
#include "la/la.h"

#include <math.h>
#include <string.h>

enum { OUT, ACTIVE, BANNED /* a combination of active columns */ };

struct path {
  int32_t d, n_active;
  double *gram;            /* [d][d] x'x */
  double *c;               /* [d] correlations with the residual */
  double *w;               /* [d] */
  double *rate;            /* [d] a_j */
  double *factor, *delta;  /* [d][d], [d]: over the active columns */
  int32_t *active;         /* [d] */
  unsigned char *state;    /* [d] */
};

/* gram and c from the data: x[rows][d] read once, row by row */
static void correlate(struct path *p, int64_t rows, const double *x, const double *y)
{
  const int32_t d = p->d;
  for (int64_t i = 0; i < rows; i++) {
    const double *xi = x + i * d;
    for (int32_t j = 0; j < d; j++) {
      const double v = xi[j];
      p->c[j] += v * y[i];
      if (v == 0) continue;
      for (int32_t k = 0; k <= j; k++) p->gram[j * d + k] += v * xi[k];
    }
  }
  for (int32_t j = 0; j < d; j++)
    for (int32_t k = 0; k < j; k++) p->gram[k * d + j] = p->gram[j * d + k];
}

/* delta = G_A^-1 sign(c_A); false when the active columns depend on each other. */
static bool direction(struct path *p, aus_ctx *ctx)
{
  const int32_t n = p->n_active, d = p->d;
  char before[sizeof ctx->error];
  memcpy(before, ctx->error, sizeof before);
  for (int32_t i = 0; i < n; i++) {
    for (int32_t k = 0; k < n; k++) p->factor[i * n + k] = p->gram[(int64_t)p->active[i] * d + p->active[k]];
    p->delta[i] = p->c[p->active[i]] >= 0 ? 1.0 : -1.0;
  }
  const bool ok = aus_cholesky(ctx, n, p->factor) == AUS_OK;
  if (!ok) { memcpy(ctx->error, before, sizeof before); return false; }
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

static int32_t strongest(const struct path *p)
{
  int32_t best = -1;
  for (int32_t j = 0; j < p->d; j++)
    if (p->state[j] == OUT && (best < 0 || fabs(p->c[j]) > fabs(p->c[best]))) best = j;
  return best;
}

/* A direction for the current active set; the newest column is banned as long as it spoils it. */
static bool settle(struct path *p, aus_ctx *ctx)
{
  while (p->n_active > 0 && !direction(p, ctx)) {
    const int32_t j = p->active[p->n_active - 1];
    leave(p, p->n_active - 1);
    p->state[j] = BANNED;
  }
  return p->n_active > 0;
}

static int32_t walk(struct path *p, aus_ctx *ctx, int64_t rows, int32_t max_steps, double *coefs, double *alphas)
{
  const size_t d = (size_t)p->d;
  int32_t steps = 0, j = strongest(p);
  double big_c = j < 0 ? 0 : fabs(p->c[j]);
  const double spent = 1e-12 * big_c;
  for (;;) {
    memcpy(coefs + (size_t)steps * d, p->w, d * sizeof *p->w);
    alphas[steps++] = big_c / (double)rows;
    if (steps == max_steps || big_c <= spent) break;
    if (j >= 0) enter(p, j);
    if (!settle(p, ctx)) break;
    double t = big_c;
    j = next_to_enter(p, big_c, &t);
    const int32_t gone = next_to_leave(p, &t);
    advance(p, t);
    big_c -= t;
    if (gone >= 0) { leave(p, gone); j = -1; }
    else if (j < 0) big_c = 0;
  }
  return steps;
}

aus_status aus_lasso_path(aus_ctx *ctx, int64_t rows, int32_t d, const double *x, const double *y, int32_t max_steps,
                          double *coefs, double *alphas, int32_t *steps)
{
  *steps = 0;
  if (rows < 1 || d < 1 || max_steps < 1) return aus_fail(ctx, AUS_EINVAL, "a lasso path needs rows, columns and steps");
  const size_t n = (size_t)d;
  double *block = aus_alloc_zero(ctx, 2 * n * n + 4 * n, sizeof(double));
  int32_t *active = aus_alloc_zero(ctx, n, sizeof *active + 1);
  aus_status status = block && active ? AUS_OK : AUS_ENOMEM;
  if (status == AUS_OK) {
    struct path p = {
      .d = d, .gram = block, .factor = block + n * n, .c = block + 2 * n * n, .w = block + 2 * n * n + n,
      .rate = block + 2 * n * n + 2 * n, .delta = block + 2 * n * n + 3 * n, .active = active,
      .state = (unsigned char *)(active + n),
    };
    correlate(&p, rows, x, y);
    *steps = walk(&p, ctx, rows, max_steps, coefs, alphas);
  }
  aus_free(ctx, active);
  aus_free(ctx, block);
  return status;
}
