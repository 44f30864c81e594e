/* rank.c - ranks and what is made of them: Spearman's correlation, the area under the ROC curve [Spearman04; Hanley82].
 *
 * Equal values share their mean rank everywhere, so constant stretches neither help nor hurt. */
#include <auscult/eval.h>

#include "core/core.h"

#include <math.h>
#include <stdlib.h>

typedef struct entry { double value; int64_t at; } entry;

static int by_value(const void *a, const void *b)
{
  const entry *x = a, *y = b;
  return x->value != y->value ? (x->value > y->value) - (x->value < y->value) : (x->at > y->at) - (x->at < y->at);
}

/* rank[n] from 1, equals sharing; e[n] is scratch. */
static void ranks(int64_t n, const float *a, bool absolute, entry *e, double *rank)
{
  for (int64_t i = 0; i < n; i++) e[i] = (entry){ absolute ? fabs((double)a[i]) : (double)a[i], i };
  qsort(e, (size_t)n, sizeof *e, by_value);
  for (int64_t i = 0; i < n;) {
    int64_t j = i;
    while (j < n && e[j].value == e[i].value) j++;
    for (int64_t k = i; k < j; k++) rank[e[k].at] = (double)(i + 1 + j) / 2;
    i = j;
  }
}

double aus_eval_pearson(int64_t n, const double *a, const double *b)
{
  double ma = 0, mb = 0, ab = 0, aa = 0, bb = 0;
  for (int64_t i = 0; i < n; i++) {
    ma += a[i] / (double)n;
    mb += b[i] / (double)n;
  }
  for (int64_t i = 0; i < n; i++) {
    ab += (a[i] - ma) * (b[i] - mb);
    aa += (a[i] - ma) * (a[i] - ma);
    bb += (b[i] - mb) * (b[i] - mb);
  }
  return aa > 0 && bb > 0 ? ab / sqrt(aa * bb) : NAN;
}

aus_status aus_eval_spearman(aus_ctx *ctx, int64_t n, const float *a, const float *b, int absolute, double *out)
{
  entry *e = aus_alloc(ctx, (size_t)n + 1, sizeof *e);
  double *ra = aus_alloc(ctx, 2 * (size_t)n + 1, sizeof *ra), *rb = ra ? ra + n : NULL;
  if (e && ra) {
    ranks(n, a, absolute, e, ra);
    ranks(n, b, absolute, e, rb);
    *out = aus_eval_pearson(n, ra, rb);
    bool same = true; /* two constants rank alike */
    for (int64_t i = 0; i < n && same; i++) same = ra[i] == rb[i];
    if (isnan(*out) && same) *out = 1;
  }
  const bool ok = e && ra;
  aus_free(ctx, e);
  aus_free(ctx, ra);
  return ok ? AUS_OK : AUS_ENOMEM;
}

aus_status aus_eval_auc(aus_ctx *ctx, int64_t n, const float *a, const uint8_t *inside, double *out)
{
  entry *e = aus_alloc(ctx, (size_t)n + 1, sizeof *e);
  double *rank = aus_alloc(ctx, (size_t)n + 1, sizeof *rank), sum = 0, ones = 0;
  if (e && rank) {
    ranks(n, a, false, e, rank);
    for (int64_t i = 0; i < n; i++)
      if (inside[i]) {
        sum += rank[i];
        ones++;
      }
    const double zeros = (double)n - ones; /* Mann and Whitney: how often an inside cell outranks an outside one */
    *out = ones > 0 && zeros > 0 ? (sum - ones * (ones + 1) / 2) / (ones * zeros) : NAN;
  }
  const bool ok = e && rank;
  aus_free(ctx, e);
  aus_free(ctx, rank);
  return ok ? AUS_OK : AUS_ENOMEM;
}

aus_status aus_eval_rank(aus_ctx *ctx, int64_t n, const float *a, const uint8_t *inside, double *out)
{
  entry *e = aus_alloc(ctx, (size_t)n + 1, sizeof *e);
  if (!e) return AUS_ENOMEM;
  int64_t k = 0, hits = 0;
  for (int64_t i = 0; i < n; i++) {
    e[i] = (entry){ -(double)a[i], i };
    k += inside[i] != 0;
  }
  qsort(e, (size_t)n, sizeof *e, by_value);
  for (int64_t i = 0; i < k; i++) hits += inside[e[i].at] != 0;
  *out = k ? (double)hits / (double)k : NAN;
  aus_free(ctx, e);
  return AUS_OK;
}

double aus_eval_pointing(int64_t n, const float *a, const uint8_t *inside)
{
  int64_t best = 0;
  for (int64_t i = 1; i < n; i++)
    if (a[i] > a[best]) best = i;
  return n > 0 ? inside[best] != 0 : NAN;
}

double aus_eval_mass(int64_t n, const float *a, const uint8_t *inside)
{
  double in = 0, all = 0;
  for (int64_t i = 0; i < n; i++) {
    const double v = a[i] > 0 ? (double)a[i] : 0;
    all += v;
    if (inside[i]) in += v;
  }
  return all > 0 ? in / all : 0; /* nothing positive anywhere: nothing inside */
}
