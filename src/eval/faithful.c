/* faithful.c - does hiding what is said to matter change the score by what is said?
 *
 *     faithfulness correlation   Pearson of (sum of a over a random subset, f(x) - f(x without it))       [Bhatt20]
 *     infidelity                 E (I . a - (f(x) - f(x - I)))^2 over random I; scaled: I . a times the best factor first [Yeh19]
 *
 * Each draw starts from the input itself: a published implementation lets its perturbations pile up within a sample. Draws for infidelity hide each
 * cell with a probability that is itself uniform, so that few and many cells are asked about. I . a is sum a_i over hidden cells when
 * a is a share of the score, and sum a_i (x_i - x'_i) when a is per unit of input. */
#include "eval/eval.h"

#include <math.h>
#include <string.h>

double aus_eval_infidelity(int64_t n, const double *product, const double *drop, int scaled)
{
  double pd = 0, pp = 0, sum = 0;
  for (int64_t i = 0; i < n; i++) {
    pd += product[i] * drop[i];
    pp += product[i] * product[i];
  }
  const double beta = !scaled ? 1 : pp > 0 ? pd / pp : 0;
  for (int64_t i = 0; i < n; i++) sum += (beta * product[i] - drop[i]) * (beta * product[i] - drop[i]);
  return n > 0 ? sum / (double)n : NAN;
}

double aus_eval_norm(int64_t n, const float *a, const float *b, int p)
{
  double sum = 0, most = 0;
  for (int64_t i = 0; i < n; i++) {
    const double d = (double)a[i] - (b ? (double)b[i] : 0);
    sum += p == 1 ? fabs(d) : d * d;
    most = fmax(most, fabs(d));
  }
  return p == 0 ? most : p == 1 ? sum : sqrt(sum);
}

double aus_eval_distance(int64_t n, const float *a, const float *b)
{
  const double norm = aus_eval_norm(n, a, NULL, 2), apart = aus_eval_norm(n, a, b, 2);
  return norm > 0 ? apart / norm : apart;
}

static void subset_mask(const aus_eval_subject *s, double share, uint64_t seed, uint64_t draw, float *mask)
{
  aus_rng rng;
  aus_rng_init(&rng, seed, draw);
  int64_t left = (int64_t)llround(share * (double)s->cells);
  left = left < 1 ? 1 : left > s->cells ? s->cells : left;
  for (int64_t i = 0; i < s->cells; i++) { /* selection sampling: exactly so many */
    const bool taken = aus_rng_below(&rng, (uint64_t)(s->cells - i)) < (uint64_t)left;
    mask[i] = taken ? 0.0f : 1.0f;
    left -= taken;
  }
}

static void coin_mask(const aus_eval_subject *s, uint64_t seed, uint64_t draw, float *mask)
{
  aus_rng rng;
  aus_rng_init(&rng, seed, draw);
  const double p = aus_rng_uniform(&rng);
  for (int64_t i = 0; i < s->cells; i++) mask[i] = aus_rng_uniform(&rng) < p ? 0.0f : 1.0f;
}

static double product_of(const aus_eval_subject *s, const float *mask)
{
  double sum = 0;
  for (int64_t i = 0; i < s->cells; i++) {
    const double unit = s->per_unit && s->input ? (double)s->input[i] - (s->baseline ? s->baseline[i] : 0) : 1;
    sum += (1 - mask[i]) * unit * s->value[i];
  }
  return sum;
}

aus_status eval_draws(aus_ctx *ctx, const aus_eval_subject *s, const aus_eval_config *config, bool coins, double *product, double *drop)
{
  float *mask = aus_alloc(ctx, (size_t)s->cells, sizeof *mask);
  aus_status status = mask ? AUS_OK : AUS_ENOMEM;
  double whole = 0;
  for (int32_t d = -1; d < config->draws && status == AUS_OK; d++) {
    double score;
    if (d < 0) for (int64_t i = 0; i < s->cells; i++) mask[i] = 1.0f;
    else if (coins) coin_mask(s, config->seed, (uint64_t)d, mask);
    else subset_mask(s, config->subset, config->seed, (uint64_t)d, mask);
    status = s->hide(s->user, config->fill, 1, mask, &score);
    if (d < 0) { whole = score; continue; }
    product[d] = product_of(s, mask);
    drop[d] = whole - score;
  }
  aus_free(ctx, mask);
  return status;
}
