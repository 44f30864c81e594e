/* detection.c - several labels a clip: precision against recall, and the best F1.
 *
 * Scores are sorted once; every distinct score is a threshold, equals fall together. Average precision sums steps, which does
 * not promise what no threshold gives [Davis06]; the sweep beside it is Listen to Interpret's own: a few thresholds, trapezoids [Parekh22]. */
#include <auscult/fidelity.h>

#include "core/core.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

typedef struct decision { float score; uint8_t truth; } decision;

static int descending(const void *a, const void *b)
{
  const float x = ((const decision *)a)->score, y = ((const decision *)b)->score;
  return (x < y) - (x > y);
}

/* Average precision of n decisions (sorted here) and the best F1; NaN without positives. */
static double average_precision(int64_t n, decision *d, double *f1)
{
  double all = 0, hits = 0, area = 0;
  *f1 = NAN;
  for (int64_t i = 0; i < n; i++) all += d[i].truth;
  if (all == 0) return NAN;
  *f1 = 0;
  qsort(d, (size_t)n, sizeof *d, descending);
  for (int64_t i = 0, j; i < n; i = j) {
    const double before = hits;
    for (j = i; j < n && d[j].score == d[i].score; j++) hits += d[j].truth;
    area += (hits - before) / all * hits / (double)j;
    *f1 = fmax(*f1, 2 * hits / (all + (double)j));
  }
  return area;
}

aus_status aus_eval_detection(aus_ctx *ctx, int64_t n, int64_t classes, const uint8_t *truth, const float *score, aus_detection *out)
{
  decision *d = aus_alloc(ctx, (size_t)(n * classes) + 1, sizeof *d);
  double sum = 0, f1;
  int64_t occur = 0;
  if (!d) return AUS_ENOMEM;
  for (int64_t c = 0; c < classes; c++) {
    for (int64_t i = 0; i < n; i++) d[i] = (decision){ score[i * classes + c], truth[i * classes + c] != 0 };
    const double area = average_precision(n, d, &f1);
    if (!isnan(area)) { sum += area; occur++; }
  }
  for (int64_t i = 0; i < n * classes; i++) d[i] = (decision){ score[i], truth[i] != 0 };
  out->macro_auprc = occur ? sum / (double)occur : NAN;
  out->micro_auprc = average_precision(n * classes, d, &out->max_f1);
  aus_free(ctx, d);
  return AUS_OK;
}

/* ---- at given thresholds --------------------------------------------------------------------------------- */

typedef struct counts { double hits, said, there; } counts;

static counts count(int64_t n, int64_t stride, const uint8_t *truth, const float *score, double threshold)
{
  counts k = { 0, 0, 0 };
  for (int64_t i = 0; i < n; i++) {
    const bool says = score[i * stride] > threshold, is = truth[i * stride] != 0;
    k.hits += says && is;
    k.said += says;
    k.there += is;
  }
  return k;
}

static double precision(counts k) { return k.hits / (k.said + 1e-9); }
static double recall(counts k) { return k.hits / (k.there + 1e-9); }

/* Area of (0, P_first), the curve, (R_last, 0). */
static double sweep(int64_t n, int64_t stride, const uint8_t *truth, const float *score, int32_t thresholds, const double *threshold, double *f1)
{
  double area = 0, r0 = 0, p0 = precision(count(n, stride, truth, score, threshold[0]));
  *f1 = 0;
  for (int32_t t = 0; t < thresholds; t++) {
    const counts k = count(n, stride, truth, score, threshold[t]);
    area += (recall(k) - r0) * (precision(k) + p0) / 2;
    r0 = recall(k);
    p0 = precision(k);
    *f1 = fmax(*f1, 2 * p0 * r0 / (p0 + r0 + 1e-9));
  }
  return area; /* the last edge is upright and has no area */
}

aus_status aus_eval_detection_sweep(aus_ctx *ctx, int64_t n, int64_t classes, const uint8_t *truth, const float *score, int32_t thresholds, const double *threshold,
                                    aus_detection *out)
{
  double sum = 0, f1;
  if (thresholds < 1) return aus_fail(ctx, AUS_EINVAL, "a sweep needs a threshold");
  for (int32_t t = 1; t < thresholds; t++)
    if (threshold[t] > threshold[t - 1]) return aus_fail(ctx, AUS_EINVAL, "thresholds must not rise");
  for (int64_t c = 0; c < classes; c++) sum += sweep(n, classes, truth + c, score + c, thresholds, threshold, &f1);
  out->macro_auprc = classes ? sum / (double)classes : NAN;
  out->micro_auprc = sweep(n * classes, 1, truth, score, thresholds, threshold, &out->max_f1);
  return AUS_OK;
}
