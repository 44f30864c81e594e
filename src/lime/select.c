/* select.c - which components the surrogate may use, exactly as LIME chooses them [Ribeiro16; audiolime.md 2.2].
 *
 *   forward  greedily the component that raises the weighted R2 of a least-squares fit the most
 *   highest  largest |w_j| of a ridge of 0.01 on all (the input has every component on, so |w_j x_j| = |w_j|)
 *   lasso    the lasso path, from the least regularised end back to the first point with few enough
 *   auto     forward up to 6 components, else highest
 * Ties go to the first component, ties being scores within 1e-12. */
#include "lime/lime.h"

#include "la/la.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static int by_index(const void *a, const void *b) { return *(const int32_t *)a - *(const int32_t *)b; }

typedef struct trial { const aus_moments *m; int32_t label; double *coef, *scratch; int32_t *sorted; } trial;

/* coef of the fit on a subset. */
static void fit_subset(const trial *t, aus_subset s, double alpha)
{
  aus_ridge r;
  aus_ridge_factor(t->m, s, alpha, false, t->scratch, &r);
  aus_ridge_solve(&r, t->m, t->label, t->coef, NULL);
}

static double score_with(const trial *t, const int32_t *use, int32_t n, int32_t j)
{
  memcpy(t->sorted, use, (size_t)n * sizeof *use);
  t->sorted[n] = j;
  fit_subset(t, (aus_subset){ .n = n + 1, .use = t->sorted }, 0);
  return aus_ridge_r2(t->m, t->label, t->coef);
}

static void forward(const trial *t, int32_t wanted, int32_t *use, int32_t *n)
{
  const int32_t d = t->m->d;
  for (*n = 0; *n < wanted; ++*n) {
    double best = -INFINITY;
    for (int32_t j = 0; j < d; j++) {
      bool used = false;
      for (int32_t i = 0; i < *n; i++) used |= use[i] == j;
      if (used) continue;
      const double score = score_with(t, use, *n, j);
      if (score > best + 1e-12) {
        best = score;
        use[*n] = j;
      }
    }
  }
}

static void highest(const trial *t, int32_t wanted, int32_t *use, int32_t *n)
{
  const int32_t d = t->m->d;
  fit_subset(t, (aus_subset){ .n = d }, 0.01);
  for (*n = 0; *n < wanted; ++*n) {
    double best = -1;
    for (int32_t j = 0; j < d; j++)
      if (fabs(t->coef[j]) > best + 1e-12) {
        best = fabs(t->coef[j]);
        use[*n] = j;
      }
    t->coef[use[*n]] = NAN; /* taken: compares false from now on */
  }
}

typedef struct last_fit { int32_t d, wanted, n; int32_t *use; bool any; } last_fit;

/* Keeps the latest point of the path that is small enough, and its first point in case none is. */
static bool keep_small(void *user, const double *w, double correlation)
{
  (void)correlation;
  last_fit *k = user;
  int32_t n = 0;
  for (int32_t j = 0; j < k->d; j++) n += w[j] != 0;
  if (n > k->wanted && k->any) return true; /* a coefficient may leave again */
  k->any = true;
  k->n = 0;
  for (int32_t j = 0; j < k->d; j++) if (w[j] != 0) k->use[k->n++] = j;
  return true;
}

static aus_status choose(aus_ctx *ctx, const trial *t, aus_selection method, int32_t wanted, int32_t *use, int32_t *n)
{
  if (method == AUS_SELECT_LASSO) {
    last_fit k = { .d = t->m->d, .wanted = wanted, .use = use };
    AUS_TRY(aus_lasso_walk(ctx, t->m->d, t->m->gram, t->m->zy + (int64_t)t->label * t->m->d, keep_small, &k));
    *n = k.n;
    return AUS_OK;
  }
  if (method == AUS_SELECT_FORWARD) forward(t, wanted, use, n);
  else highest(t, wanted, use, n);
  return AUS_OK;
}

aus_status lime_select(aus_ctx *ctx, const aus_moments *m, int32_t label, aus_selection method, int32_t n_features,
                       int32_t *use, int32_t *n)
{
  const int32_t d = m->d, wanted = n_features < 1 || n_features > d ? d : n_features;
  if (method == AUS_SELECT_AUTO) method = wanted <= 6 ? AUS_SELECT_FORWARD : AUS_SELECT_HIGHEST;
  *n = d;
  for (int32_t i = 0; i < d; i++) use[i] = i;
  if (method == AUS_SELECT_NONE || (wanted == d && method != AUS_SELECT_LASSO)) return AUS_OK;
  double *coef = aus_alloc(ctx, (size_t)d, sizeof *coef);
  double *scratch = aus_alloc(ctx, aus_ridge_scratch(d), sizeof *scratch);
  int32_t *sorted = aus_alloc(ctx, (size_t)d + 1, sizeof *sorted);
  aus_status status = AUS_ENOMEM;
  if (coef && scratch && sorted) {
    const trial t = { .m = m, .label = label, .coef = coef, .scratch = scratch, .sorted = sorted };
    status = choose(ctx, &t, method, wanted, use, n);
    qsort(use, (size_t)*n, sizeof *use, by_index);
  }
  aus_free(ctx, coef);
  aus_free(ctx, scratch);
  aus_free(ctx, sorted);
  return status;
}
