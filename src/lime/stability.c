/* stability.c - would another draw have said the same? [Visani20; Spearman04]
 *
 *   Spearman  mean rank correlation of the weights over all pairs of runs
 *   VSI       mean share of the top components that two runs have in common, 0 to 100
 *   CSI       mean share of components whose 95 % intervals overlap between two runs, 0 to 100
 * And the entropy of an explanation, log base d: 0 when one component says it all, 1 when all say the same [Haunschmid20]. */
#include "lime/lime.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

double lime_entropy(int32_t d, const aus_weight *w)
{
  double sum = 0, h = 0;
  for (int32_t i = 0; i < d; i++) sum += fabs(w[i].weight);
  if (!(sum > 0)) return NAN;
  if (d == 1) return 0;
  for (int32_t i = 0; i < d; i++) {
    const double p = fabs(w[i].weight) / sum;
    if (p > 0) h -= p * log(p);
  }
  return h / log(d);
}

/* rank[d], equals sharing their mean rank. */
static void ranks(int32_t d, const double *x, double *rank)
{
  for (int32_t i = 0; i < d; i++) {
    int32_t below = 0, equal = 0;
    for (int32_t j = 0; j < d; j++) {
      below += x[j] < x[i];
      equal += x[j] == x[i];
    }
    rank[i] = below + (equal - 1) / 2.0;
  }
}

static double correlation(int32_t d, const double *a, const double *b)
{
  const double mean = (d - 1) / 2.0;
  double ab = 0, aa = 0, bb = 0;
  for (int32_t i = 0; i < d; i++) {
    ab += (a[i] - mean) * (b[i] - mean);
    aa += (a[i] - mean) * (a[i] - mean);
    bb += (b[i] - mean) * (b[i] - mean);
  }
  if (aa == 0 || bb == 0) return aa == bb ? 1 : 0; /* no order at all: the same only if both have none */
  return ab / sqrt(aa * bb);
}

/* mark[i] = 1 for the top components by |x|, the first of equals. */
static void mark_top(int32_t d, int32_t top, const double *x, uint8_t *mark)
{
  memset(mark, 0, (size_t)d);
  for (int32_t k = 0; k < top; k++) {
    int32_t best = -1;
    for (int32_t i = 0; i < d; i++)
      if (!mark[i] && (best < 0 || fabs(x[i]) > fabs(x[best]))) best = i;
    mark[best] = 1;
  }
}

static double overlap(int32_t d, const double *ca, const double *sa, const double *cb, const double *sb)
{
  int32_t n = 0;
  for (int32_t i = 0; i < d; i++) n += fabs(ca[i] - cb[i]) <= 1.96 * (sa[i] + sb[i]) + 1e-12;
  return 100.0 * n / d;
}

static double shared(int32_t d, int32_t top, const uint8_t *a, const uint8_t *b)
{
  int32_t n = 0;
  for (int32_t i = 0; i < d; i++) n += a[i] && b[i];
  return 100.0 * n / top;
}

aus_status lime_agree(aus_ctx *ctx, int32_t runs, int32_t d, int32_t top, const double *coef, const double *se,
                      lime_agreement *out)
{
  double *rank = aus_alloc(ctx, (size_t)runs * (size_t)d, sizeof *rank);
  uint8_t *mark = aus_alloc(ctx, (size_t)runs * (size_t)d, 1);
  *out = (lime_agreement){ 0 };
  if (rank && mark) {
    for (int32_t r = 0; r < runs; r++) {
      ranks(d, coef + (int64_t)r * d, rank + (int64_t)r * d);
      mark_top(d, top, coef + (int64_t)r * d, mark + (int64_t)r * d);
    }
    const double pairs = runs * (runs - 1) / 2.0;
    for (int64_t a = 0; a < runs; a++)
      for (int64_t b = a + 1; b < runs; b++) {
        out->spearman += correlation(d, rank + a * d, rank + b * d) / pairs;
        out->vsi += shared(d, top, mark + a * d, mark + b * d) / pairs;
        out->csi += overlap(d, coef + a * d, se + a * d, coef + b * d, se + b * d) / pairs;
      }
  }
  const bool ok = rank && mark;
  aus_free(ctx, rank);
  aus_free(ctx, mark);
  return ok ? AUS_OK : AUS_ENOMEM;
}
