/* kernelshap.c - Shapley values from a sample of rows, as a weighted regression [Lundberg17; Covert21].
 *
 * Shapley values minimise sum p(k) / C(d,k) (f(z) - f(0) - phi . z)^2 subject to sum phi = f(1) - f(0), where
 * p(k) ~ (d - 1) / (k (d - k)) is the law of the number of components on. Sizes 1 and d - 1 carry the most weight and are evaluated
 * completely (they are the "alone" and "without" rows); the others are drawn from p, each with its
 * complement. With A = sum w z z' and b = sum w z (f - f0):
 *     phi = A^-1 (b - 1 (1' A^-1 b - (f1 - f0)) / (1' A^-1 1))
 * Standard errors are from the spread of the pairs' gradients g = sum z (f - f0 - phi . z): V = P Cov(g) P with
 * P = A^-1 - A^-1 1 1' A^-1 / (1' A^-1 1). An additive model has none. */
#include "lime/lime.h"

#include "la/la.h"

#include <math.h>
#include <string.h>

int64_t lime_kernelshap_rows(int32_t d, int64_t wanted)
{
  if (d < 4) return 0; /* sizes 1 and d - 1 are all there is */
  return wanted < 4 ? 4 : wanted & ~(int64_t)1;
}

/* Weight of size k, unnormalised. */
static double size_weight(int32_t d, int32_t k) { return 1 / ((double)k * (d - k)); }

static int32_t draw_size(aus_rng *rng, int32_t d)
{
  double total = 0;
  for (int32_t k = 2; k <= d - 2; k++) total += size_weight(d, k);
  double u = aus_rng_uniform(rng) * total;
  for (int32_t k = 2; k < d - 2; k++) {
    u -= size_weight(d, k);
    if (u < 0) return k;
  }
  return d - 2;
}

void lime_kernelshap_draw(uint64_t seed, int32_t d, int64_t n, uint8_t *z)
{
  for (int64_t r = 0; r + 1 < n; r += 2) {
    uint8_t *row = z + r * d;
    aus_rng rng = lime_rng(seed, LIME_STREAM_KERNELSHAP, r);
    int32_t left = draw_size(&rng, d);
    for (int32_t i = 0; i < d; i++) { /* selection sampling: a uniform subset of the size */
      row[i] = aus_rng_below(&rng, (uint64_t)(d - i)) < (uint64_t)left;
      left -= row[i];
      row[d + i] = !row[i];
    }
  }
}

typedef struct regression {
  const lime_table *t;
  int32_t label;
  double edge, drawn;         /* weight of a row of size 1 or d - 1; of a drawn row */
  double f0, delta;           /* f(0); f(1) - f(0) */
  double *a, *copy, *p;       /* A and its factor; P [d][d] */
  double *phi, *one, *g, *mean, *cov; /* [d]; A^-1 1; pair gradients; cov [d][d] */
} regression;

static double gain(const regression *q, int64_t row) { return q->t->y[row * q->t->labels + q->label] - q->f0; }

static void accumulate(regression *q, int64_t row, double w)
{
  const int32_t d = q->t->d;
  const uint8_t *z = q->t->z + row * d;
  const double f = gain(q, row);
  for (int32_t i = 0; i < d; i++) {
    if (!z[i]) continue;
    q->phi[i] += w * f;
    for (int32_t j = 0; j < d; j++) q->a[(int64_t)i * d + j] += w * z[j];
  }
}

/* phi, A^-1 1 and P from A and b (b comes in phi). */
static void solve(regression *q)
{
  const int32_t d = q->t->d;
  for (int32_t r = 0; r < d; r++) {
    accumulate(q, q->t->row_alone + r, q->edge);
    accumulate(q, q->t->row_without + r, q->edge);
  }
  for (int64_t r = 0; r < q->t->n_shapley; r++) accumulate(q, q->t->row_shapley + r, q->drawn);
  aus_pinv inverse;
  aus_pinv_make(d, q->a, q->copy, &inverse);
  double sum = 0, ones = 0;
  for (int32_t i = 0; i < d; i++) q->one[i] = 1;
  aus_pinv_apply(&inverse, q->phi, q->g);
  aus_pinv_apply(&inverse, q->one, q->g);
  for (int32_t i = 0; i < d; i++) sum += q->phi[i];
  for (int32_t i = 0; i < d; i++) ones += q->one[i];
  for (int32_t i = 0; i < d; i++) {
    double *col = q->p + (int64_t)i * d; /* P is symmetric: column i is row i */
    memset(col, 0, (size_t)d * sizeof *col);
    col[i] = 1;
    aus_pinv_apply(&inverse, col, q->g);
    for (int32_t j = 0; j < d; j++) col[j] -= q->one[i] * q->one[j] / ones;
  }
  for (int32_t i = 0; i < d; i++) q->phi[i] -= q->one[i] * (sum - q->delta) / ones;
}

static void pair_gradient(regression *q, int64_t pair)
{
  const int32_t d = q->t->d;
  memset(q->g, 0, (size_t)d * sizeof *q->g);
  for (int64_t r = q->t->row_shapley + 2 * pair, end = r + 2; r < end; r++) {
    const uint8_t *z = q->t->z + r * d;
    double rest = gain(q, r);
    for (int32_t i = 0; i < d; i++) rest -= q->phi[i] * z[i];
    for (int32_t i = 0; i < d; i++) q->g[i] += rest * z[i];
  }
}

static void standard_errors(regression *q, aus_weight *weight)
{
  const int32_t d = q->t->d;
  const int64_t pairs = q->t->n_shapley / 2;
  for (int64_t p = 0; p < pairs; p++) {
    pair_gradient(q, p);
    for (int32_t i = 0; i < d; i++) q->mean[i] += q->g[i] / (double)pairs;
  }
  for (int64_t p = 0; p < pairs; p++) {
    pair_gradient(q, p);
    for (int32_t i = 0; i < d; i++)
      for (int32_t j = 0; j < d; j++) q->cov[(int64_t)i * d + j] += (q->g[i] - q->mean[i]) * (q->g[j] - q->mean[j]);
  }
  const double scale = pairs > 1 ? q->drawn * q->drawn * (double)pairs / (double)(pairs - 1) : 0;
  for (int32_t i = 0; i < d; i++) {
    const double *p = q->p + (int64_t)i * d;
    double v = 0;
    for (int32_t a = 0; a < d; a++)
      for (int32_t b = 0; b < d; b++) v += p[a] * q->cov[(int64_t)a * d + b] * p[b];
    weight[i].shapley_se = sqrt(fmax(v, 0) * scale);
  }
}

aus_status lime_kernelshap(aus_ctx *ctx, const lime_table *t, int32_t label, aus_weight *weight)
{
  const size_t d = (size_t)t->d;
  double *block = aus_alloc_zero(ctx, 4 * d * d + 4 * d, sizeof *block);
  if (!block) return AUS_ENOMEM;
  double total = 0;
  for (int32_t k = 1; k < t->d; k++) total += size_weight(t->d, k);
  const double edge = size_weight(t->d, 1) / total; /* of size 1, and of d - 1 */
  regression q = { .t = t, .label = label, .a = block, .copy = block + d * d, .p = block + 2 * d * d, .cov = block + 3 * d * d };
  q.phi = block + 4 * d * d;
  q.one = q.phi + d;
  q.g = q.one + d;
  q.mean = q.g + d;
  q.edge = edge / (double)t->d;
  q.drawn = t->n_shapley ? (1 - 2 * edge) / (double)t->n_shapley : 0;
  q.f0 = t->y[t->row_none * t->labels + label];
  q.delta = t->y[label] - q.f0;
  solve(&q);
  standard_errors(&q, weight);
  for (size_t i = 0; i < d; i++) weight[i].shapley = q.phi[i];
  aus_free(ctx, block);
  return AUS_OK;
}
