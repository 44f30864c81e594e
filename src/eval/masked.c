/* masked.c - what the classifier says of the part that explains, and of the rest [Paissan24; Parekh22].
 *
 * An explanation as a mask M makes two sounds, M*X and (1 - M)*X. A good one leaves p_c of the first where it was (AD low, AI and AG high,
 * Fid-In 1) and takes p_c from the second (FF high). Alone each is easy to please: the whole sound is perfect for AD and Fid-In and nothing
 * for FF, so compare methods at the same kept energy (aus_eval_keep_energy).
 *
 * SpeechBrain's recipe has two slips that make its published numbers another scale; both are here under their own names: AD takes the
 * softmax of probabilities (no drop can then pass 1 - 1/e), and Fid-In of its L2I compares with class 0. */
#include "eval/fidelity.h"

#include "core/core.h"

#include <math.h>
#include <stddef.h>
#include <stdlib.h>

static const double tiny = 1e-10; /* in denominators, as published */

/* Softmax of x at c. */
static double softmax_at(int64_t n, const float *x, int64_t c)
{
  const double top = x[eval_highest(n, x)];
  double sum = 0;
  for (int64_t i = 0; i < n; i++) sum += exp(x[i] - top);
  return exp(x[c] - top) / sum;
}

/* Softmax of softmax of x at c. */
static double twice_softmax_at(int64_t n, const float *x, int64_t c)
{
  double sum = 0, mine = 0;
  for (int64_t i = 0; i < n; i++) {
    const double e = exp(softmax_at(n, x, i));
    sum += e;
    if (i == c) mine = e;
  }
  return mine / sum;
}

static double drop(double whole, double in) { return 100 * fmax(0, whole - in) / (whole + tiny); }

aus_status aus_eval_masked(aus_ctx *ctx, int64_t classes, const float *logits, const float *logits_in, const float *logits_out, int64_t target, aus_masked *out)
{
  if (classes < 1 || target >= classes) return aus_fail(ctx, AUS_EINVAL, "class %lld of %lld", (long long)target, (long long)classes);
  for (int64_t i = 0; i < classes; i++)
    if (!isfinite(logits[i]) || !isfinite(logits_in[i]) || !isfinite(logits_out[i])) return aus_fail(ctx, AUS_EINVAL, "the score of class %lld is not finite", (long long)i);
  const int64_t c = target < 0 ? eval_highest(classes, logits) : target;
  const double p = softmax_at(classes, logits, c), in = softmax_at(classes, logits_in, c);
  *out = (aus_masked){ .ai = in > p ? 100 : 0, .ad = drop(p, in), .ag = 100 * fmax(0, in - p) / (1 - p + tiny) };
  out->ff = p - softmax_at(classes, logits_out, c);
  out->ff_logit = (double)logits[c] - logits_out[c];
  out->fid_in = eval_highest(classes, logits_in) == c;
  out->ad_speechbrain = drop(twice_softmax_at(classes, logits, c), twice_softmax_at(classes, logits_in, c));
  out->fid_in_speechbrain = eval_highest(classes, logits_in) == 0;
  return AUS_OK;
}

/* ---- over clips ---------------------------------------------------------------------------------------- */

enum { FIELDS = sizeof(aus_masked) / sizeof(double) };

static double *field(aus_masked *m, size_t i) { return (double *)(void *)m + i; }
static double value(const aus_masked *m, size_t i) { return ((const double *)(const void *)m)[i]; }

void aus_eval_masked_mean(int64_t n, const aus_masked *clip, aus_masked *out)
{
  for (size_t f = 0; f < FIELDS; f++) {
    double sum = 0;
    for (int64_t i = 0; i < n; i++) sum += value(&clip[i], f);
    *field(out, f) = n > 0 ? sum / (double)n : NAN;
  }
}

static int ascending(const void *a, const void *b)
{
  const double x = *(const double *)a, y = *(const double *)b;
  return (x > y) - (x < y);
}

aus_status aus_eval_masked_median(aus_ctx *ctx, int64_t n, const aus_masked *clip, aus_masked *out)
{
  double *v = aus_alloc(ctx, (size_t)n + 1, sizeof *v);
  if (!v) return AUS_ENOMEM;
  for (size_t f = 0; f < FIELDS; f++) {
    for (int64_t i = 0; i < n; i++) v[i] = value(&clip[i], f);
    qsort(v, (size_t)n, sizeof *v, ascending);
    *field(out, f) = n > 0 ? (v[(n - 1) / 2] + v[n / 2]) / 2 : NAN;
  }
  aus_free(ctx, v);
  return AUS_OK;
}
