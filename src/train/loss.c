/* loss.c - losses and their gradients, in double and one after another: a batch has few outputs, and one order of
 * sums is what gives the same bits with any number of threads.
 *
 *   cross-entropy   -1/N sum_n sum_k w_k t_nk log softmax(x_n)_k        t smoothed [Szegedy16]
 *   BCE             1/(N K) sum w_k (p_k t softplus(-x) + (1 - t) softplus(x))
 *   MSE, L1         1/(N K) sum (x - t)^2,  |x - t|                     L1's derivative at 0 is 0
 *   KL              1/N sum_n sum_k t log(t / softmax(x)_k)             0 log 0 = 0 */
#include "train/loss.h"

#include <math.h>

/* log softmax of x[k] into y. */
static void log_softmax(int64_t k, const float *x, double *y)
{
  double top = x[0], sum = 0;
  for (int64_t i = 1; i < k; i++) top = x[i] > top ? x[i] : top;
  if (isnan(top)) top = 0; /* the sum below is NaN then, as it should be */
  for (int64_t i = 0; i < k; i++) sum += exp((double)x[i] - top);
  for (int64_t i = 0; i < k; i++) y[i] = (double)x[i] - top - log(sum);
}

/* d/dx_j of -sum_k a_k log softmax(x)_k is softmax_j sum_k a_k - a_j. */
static void softmax_diff(int64_t k, const double *a, const double *log_p, double scale, float *diff)
{
  double mass = 0;
  for (int64_t i = 0; i < k; i++) mass += a[i];
  for (int64_t i = 0; i < k; i++) diff[i] = (float)(scale * (exp(log_p[i]) * mass - a[i]));
}

static double cross_entropy(const aus_loss_config *c, int64_t n, int64_t k, const float *x, const float *t, float *diff, double *work)
{
  double *log_p = work, *a = work + k, loss = 0;
  for (int64_t r = 0; r < n; r++) {
    log_softmax(k, x + r * k, log_p);
    for (int64_t i = 0; i < k; i++) {
      a[i] = ((1 - c->smoothing) * t[r * k + i] + c->smoothing / (double)k) * (c->weight ? c->weight[i] : 1);
      if (a[i] != 0) loss -= a[i] * log_p[i];
    }
    if (diff) softmax_diff(k, a, log_p, 1 / (double)n, diff + r * k);
  }
  return loss / (double)n;
}

static double kl(int64_t n, int64_t k, const float *x, const float *t, float *diff, double *work)
{
  double *log_p = work, *a = work + k, loss = 0;
  for (int64_t r = 0; r < n; r++) {
    log_softmax(k, x + r * k, log_p);
    for (int64_t i = 0; i < k; i++) {
      a[i] = t[r * k + i];
      if (a[i] > 0) loss += a[i] * (log(a[i]) - log_p[i]);
    }
    if (diff) softmax_diff(k, a, log_p, 1 / (double)n, diff + r * k);
  }
  return loss / (double)n;
}

static double softplus(double x) { return x > 0 ? x + log1p(exp(-x)) : log1p(exp(x)); }
static double sigmoid(double x) { return x >= 0 ? 1 / (1 + exp(-x)) : exp(x) / (1 + exp(x)); }

static double bce(const aus_loss_config *c, int64_t n, int64_t k, const float *x, const float *t, float *diff)
{
  double loss = 0;
  for (int64_t i = 0; i < n * k; i++) {
    const double w = (c->weight ? c->weight[i % k] : 1) / (double)(n * k), p = c->positive ? c->positive[i % k] : 1, v = x[i];
    loss += w * (p * t[i] * softplus(-v) + (1 - (double)t[i]) * softplus(v));
    if (diff) diff[i] = (float)(w * ((1 - (double)t[i]) * sigmoid(v) - p * t[i] * sigmoid(-v)));
  }
  return loss;
}

static double distance(bool squared, int64_t n, const float *x, const float *t, float *diff)
{
  double loss = 0;
  for (int64_t i = 0; i < n; i++) {
    const double d = (double)x[i] - t[i];
    loss += squared ? d * d : fabs(d);
    if (diff) diff[i] = (float)((squared ? 2 * d : (double)((d > 0) - (d < 0))) / (double)n);
  }
  return loss / (double)n;
}

double aus_loss(const aus_loss_config *c, int64_t n, int64_t classes, const float *x, const float *target, float *diff, double *work)
{
  switch (c->kind) {
  case AUS_LOSS_CROSS_ENTROPY: return cross_entropy(c, n, classes, x, target, diff, work);
  case AUS_LOSS_BCE: return bce(c, n, classes, x, target, diff);
  case AUS_LOSS_KL: return kl(n, classes, x, target, diff, work);
  case AUS_LOSS_MSE: return distance(true, n * classes, x, target, diff);
  case AUS_LOSS_L1: return distance(false, n * classes, x, target, diff);
  }
  return NAN;
}
