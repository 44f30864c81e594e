/* agreement.c - does the interpreter decide as the classifier does? Top-k fidelity and Cohen's kappa [Parekh22; Cohen60].
 *
 *   kappa = (observed - chance) / (1 - chance),   chance = sum_c share_a(c) share_b(c)
 *
 * 70 % agreement is far from chance with fifty classes and nearer with ten: kappa says both on one scale. */
#include "eval/fidelity.h"

#include "core/core.h"

#include <math.h>

int64_t eval_highest(int64_t n, const float *x)
{
  int64_t best = 0;
  for (int64_t i = 1; i < n; i++)
    if (x[i] > x[best]) best = i;
  return best;
}

/* How many classes come before c. */
static int64_t place(int64_t n, const float *x, int64_t c)
{
  int64_t before = 0;
  for (int64_t i = 0; i < n; i++) before += x[i] > x[c] || (x[i] == x[c] && i < c);
  return before;
}

double aus_eval_top_k(int64_t n, int64_t classes, const float *model, const float *interpreter, int64_t k)
{
  int64_t hits = 0;
  for (int64_t i = 0; i < n; i++) hits += place(classes, interpreter + i * classes, eval_highest(classes, model + i * classes)) < k;
  return n > 0 ? (double)hits / (double)n : NAN;
}

aus_status aus_eval_kappa(aus_ctx *ctx, int64_t n, int64_t classes, const int32_t *a, const int32_t *b, double *out)
{
  int64_t *count = aus_alloc_zero(ctx, 2 * (size_t)classes + 1, sizeof *count), same = 0;
  if (!count) return AUS_ENOMEM;
  for (int64_t i = 0; i < n; i++) {
    if (a[i] < 0 || a[i] >= classes || b[i] < 0 || b[i] >= classes) {
      aus_free(ctx, count);
      return aus_fail(ctx, AUS_EINVAL, "clip %lld: labels %d and %d of %lld classes", (long long)i, (int)a[i], (int)b[i], (long long)classes);
    }
    count[a[i]]++;
    count[classes + b[i]]++;
    same += a[i] == b[i];
  }
  double chance = 0;
  for (int64_t c = 0; c < classes; c++) chance += (double)count[c] * (double)count[classes + c] / ((double)n * (double)n);
  *out = chance < 1 ? ((double)same / (double)n - chance) / (1 - chance) : NAN; /* both always say one thing: nothing to agree on */
  aus_free(ctx, count);
  return AUS_OK;
}
