/* global.c - many explanations taken together: how a component's weights spread, what it means to each class, and which few
 * explanations show the most.
 *
 * SP-LIME [Ribeiro16, alg. 2]:  I_j = sqrt(sum_i |W_ij|),  next pick = argmax_i of the sum of I_j over components not covered yet
 * that explanation i has. The function is submodular, so greedy is within 1 - 1/e of the best choice of so many.
 * Per class [vanderLinden19]:   p_cj = I_cj / sum_c' I_c'j,  H_j = -sum_c p_cj log p_cj,  I_cj (1 - (H_j - Hmin) / (Hmax - Hmin)).
 * Sums run over rows in order, so that the result does not depend on anything but the rows. Cost: O(n d) and a sort; picks O(budget n d). */
#include "core/core.h"

#include <auscult/global.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* ---- spread ----------------------------------------------------------------------------------- */

static int by_value(const void *a, const void *b)
{
  const double x = *(const double *)a, y = *(const double *)b;
  return (x > y) - (x < y);
}

/* x[n] sorted; between neighbours by a straight line. */
static double quantile(const double *x, int64_t n, double q)
{
  const double at = q * (double)(n - 1);
  const int64_t low = (int64_t)at, high = low + 1 < n ? low + 1 : low;
  return x[low] + (at - (double)low) * (x[high] - x[low]);
}

aus_status aus_global_spread(aus_ctx *ctx, int64_t n, const double *x, int64_t stride, aus_spread *out)
{
  *out = (aus_spread){ 0, NAN, NAN, NAN, NAN, NAN, NAN, NAN, NAN, NAN, NAN, NAN, NAN };
  double *v = aus_alloc(ctx, (size_t)n + 1, sizeof *v), sum = 0, size = 0, square = 0;
  int64_t m = 0, positive = 0;
  if (!v) return AUS_ENOMEM;
  for (int64_t i = 0; i < n; i++) {
    if (!isfinite(x[i * stride])) continue;
    v[m++] = x[i * stride];
    sum += x[i * stride];
    size += fabs(x[i * stride]);
    positive += x[i * stride] > 0;
  }
  if (m > 0) {
    const double mean = sum / (double)m;
    for (int64_t i = 0; i < m; i++) square += (v[i] - mean) * (v[i] - mean);
    qsort(v, (size_t)m, sizeof *v, by_value);
    *out = (aus_spread){ .n = m, .mean = mean, .sd = m > 1 ? sqrt(square / (double)(m - 1)) : NAN, .q05 = quantile(v, m, 0.05), .q25 = quantile(v, m, 0.25),
                         .q50 = quantile(v, m, 0.5), .q75 = quantile(v, m, 0.75), .q95 = quantile(v, m, 0.95), .min = v[0], .max = v[m - 1],
                         .mean_abs = size / (double)m, .root_sum = sqrt(size), .positive = (double)positive / (double)m };
  }
  aus_free(ctx, v);
  return AUS_OK;
}

double aus_global_correlation(int64_t n, const double *x, const double *y)
{
  double mx = 0, my = 0, xx = 0, yy = 0, xy = 0;
  int64_t m = 0;
  for (int64_t i = 0; i < n; i++) {
    if (!isfinite(x[i]) || !isfinite(y[i])) continue;
    mx += x[i];
    my += y[i];
    m++;
  }
  if (m < 2) return NAN;
  mx /= (double)m;
  my /= (double)m;
  for (int64_t i = 0; i < n; i++) {
    if (!isfinite(x[i]) || !isfinite(y[i])) continue;
    xx += (x[i] - mx) * (x[i] - mx);
    yy += (y[i] - my) * (y[i] - my);
    xy += (x[i] - mx) * (y[i] - my);
  }
  return xx > 0 && yy > 0 ? xy / sqrt(xx * yy) : NAN;
}

/* ---- classes ------------------------------------------------------------------------------------ */

/* H_j over the classes' shares of component j. */
static double entropy_of(int32_t n_classes, int32_t d, const double *root_sum, int32_t j)
{
  double total = 0, h = 0;
  for (int32_t c = 0; c < n_classes; c++) total += root_sum[(size_t)c * (size_t)d + (size_t)j];
  for (int32_t c = 0; c < n_classes && total > 0; c++) {
    const double p = root_sum[(size_t)c * (size_t)d + (size_t)j] / total;
    if (p > 0) h -= p * log(p);
  }
  return h;
}

/* Entropies of components that weigh nothing anywhere say nothing and are not in the range. */
static aus_status weigh_by_homogeneity(aus_ctx *ctx, int32_t n_classes, int32_t d, const double *root_sum, double *out)
{
  double *h = aus_alloc(ctx, (size_t)d + 1, sizeof *h), low = INFINITY, high = -INFINITY;
  if (!h) return AUS_ENOMEM;
  for (int32_t j = 0; j < d; j++) {
    double total = 0;
    for (int32_t c = 0; c < n_classes; c++) total += root_sum[(size_t)c * (size_t)d + (size_t)j];
    h[j] = entropy_of(n_classes, d, root_sum, j);
    if (total > 0) { low = fmin(low, h[j]); high = fmax(high, h[j]); }
  }
  for (int32_t c = 0; c < n_classes; c++)
    for (int32_t j = 0; j < d; j++) {
      const size_t at = (size_t)c * (size_t)d + (size_t)j;
      out[at] = root_sum[at] * (high - low > 1e-12 ? 1 - (h[j] - low) / (high - low) : 1);
    }
  aus_free(ctx, h);
  return AUS_OK;
}

aus_status aus_global_classes(aus_ctx *ctx, int64_t n, int32_t d, const double *w, const int32_t *class_of, int32_t n_classes,
                              double *mean_abs, double *root_sum, double *homogeneity)
{
  const size_t cells = (size_t)n_classes * (size_t)d;
  int64_t *count = aus_alloc_zero(ctx, cells + 1, sizeof *count);
  aus_status status = count ? AUS_OK : AUS_ENOMEM;
  for (size_t k = 0; k < cells; k++) root_sum[k] = 0;
  for (int64_t i = 0; i < n && status == AUS_OK; i++) {
    if (class_of[i] < 0 || class_of[i] >= n_classes) { status = aus_fail(ctx, AUS_EINVAL, "explanation %lld is of a class that is not there", (long long)i); break; }
    for (int32_t j = 0; j < d; j++) {
      const double v = w[i * d + j];
      if (!isfinite(v)) continue;
      root_sum[(size_t)class_of[i] * (size_t)d + (size_t)j] += fabs(v);
      count[(size_t)class_of[i] * (size_t)d + (size_t)j]++;
    }
  }
  for (size_t k = 0; k < cells && status == AUS_OK; k++) {
    if (mean_abs) mean_abs[k] = count[k] ? root_sum[k] / (double)count[k] : NAN;
    root_sum[k] = sqrt(root_sum[k]);
  }
  if (status == AUS_OK && homogeneity) status = weigh_by_homogeneity(ctx, n_classes, d, root_sum, homogeneity);
  aus_free(ctx, count);
  return status;
}

/* ---- picks ---------------------------------------------------------------------------------------- */

void aus_global_strongest(int64_t n, int32_t d, double *w, int32_t k)
{
  if (k < 1 || k >= d) return;
  for (int64_t i = 0; i < n; i++) {
    double *row = w + i * d;
    for (int32_t kept = d; kept > k; kept--) { /* the weakest goes; of equal ones the last */
      int32_t weakest = -1;
      for (int32_t j = 0; j < d; j++)
        if (isfinite(row[j]) && row[j] != 0 && (weakest < 0 || fabs(row[j]) <= fabs(row[weakest]))) weakest = j;
      int32_t left = 0;
      for (int32_t j = 0; j < d; j++) left += isfinite(row[j]) && row[j] != 0;
      if (left <= k) break;
      row[weakest] = 0;
    }
  }
}

typedef struct picker { int64_t n; int32_t d; const double *w; double *importance; uint8_t *covered, *taken; } picker;

static bool has(const picker *p, int64_t i, int32_t j) { return isfinite(p->w[i * p->d + j]) && p->w[i * p->d + j] != 0; }

/* The importance covered with explanation i added. Summed over all components in order, as the reference's dot product is. */
static double value_with(const picker *p, int64_t i)
{
  double sum = 0;
  for (int32_t j = 0; j < p->d; j++)
    if (p->covered[j] || has(p, i, j)) sum += p->importance[j];
  return sum;
}

static double strength(const picker *p, int64_t i)
{
  double sum = 0;
  for (int32_t j = 0; j < p->d; j++)
    if (has(p, i, j)) sum += p->importance[j] * fabs(p->w[i * p->d + j]);
  return sum;
}

static int64_t pick(const picker *p, aus_pick_ties ties, double *value)
{
  int64_t best = -1;
  for (int64_t i = 0; i < p->n; i++) {
    if (p->taken[i]) continue;
    const double v = value_with(p, i);
    if (best >= 0 && (v < *value || (v == *value && ties == AUS_PICK_STRONGEST && strength(p, i) <= strength(p, best)))) continue;
    best = i;
    *value = v;
  }
  return best;
}

static void measure(picker *p)
{
  for (int32_t j = 0; j < p->d; j++) {
    double sum = 0;
    for (int64_t i = 0; i < p->n; i++)
      if (has(p, i, j)) sum += fabs(p->w[i * p->d + j]);
    p->importance[j] = sqrt(sum);
  }
}

aus_status aus_global_picks(aus_ctx *ctx, int64_t n, int32_t d, const double *w, int32_t budget, aus_pick_ties ties, int64_t *picks, double *covered, int32_t *n_picked)
{
  picker p = { n, d, w, aus_alloc(ctx, (size_t)d + 1, sizeof(double)), aus_alloc_zero(ctx, (size_t)d + 1, 1), aus_alloc_zero(ctx, (size_t)n + 1, 1) };
  const bool room = p.importance && p.covered && p.taken;
  double all = 0, value = 0;
  *n_picked = 0;
  if (room) measure(&p);
  for (int32_t j = 0; j < d && room; j++) all += p.importance[j];
  for (int32_t k = 0; k < budget && k < n && room; k++) {
    const int64_t i = pick(&p, ties, &value);
    picks[k] = i;
    p.taken[i] = 1;
    for (int32_t j = 0; j < d; j++) p.covered[j] = p.covered[j] || has(&p, i, j);
    if (covered) covered[k] = all > 0 ? value / all : 1;
    *n_picked = k + 1;
  }
  aus_free(ctx, p.importance);
  aus_free(ctx, p.covered);
  aus_free(ctx, p.taken);
  return room ? AUS_OK : AUS_ENOMEM;
}
