/* optimiser.c - one step of descent per array, element by element, as torch.optim writes them.
 *
 *   SGD      d = g + wd p;  b = mu b + d;  p -= lr (nesterov ? d + mu b : b)                  [Sutskever13]
 *   Adam     g += wd p;  m = b1 m + (1 - b1) g;  v = b2 v + (1 - b2) g^2;
 *            p -= lr / (1 - b1^t) m / (sqrt(v) / sqrt(1 - b2^t) + eps)                        [Kingma15]
 *   AdamW    p *= 1 - lr wd first, and g stays as it is                                       [Loshchilov19]
 *
 * Clipping first by the norm of all gradients together, g *= min(1, c / (norm + 1e-6)), then by value [Pascanu13]. */
#include "train/optimiser.h"
#include "simd/kernels.h"

#include <math.h>

enum { BLOCK = 65536 };

int aus_optimiser_states(aus_optimiser_kind kind) { return kind == AUS_SGD ? 1 : 2; }

static bool steps(const aus_param *p) { return p->trained && p->diff; }

double aus_grad_norm(aus_ctx *ctx, int32_t n, const aus_param *param)
{
  double sum = 0;
  for (int32_t i = 0; i < n; i++)
    if (steps(&param[i]))
      for (int64_t at = 0; at < param[i].count; at += BLOCK) {
        const int64_t left = param[i].count - at;
        sum += ctx->kernels->vec.sum_square(left < BLOCK ? left : BLOCK, param[i].diff + at, 0);
      }
  return sqrt(sum);
}

typedef struct job {
  const aus_optimiser_config *c;
  const aus_param *p;
  float rate, decay, scale, limit; /* limit 0: none */
  float correct1, correct2;        /* Adam: lr / (1 - b1^t), 1 / sqrt(1 - b2^t) */
} job;

static float clipped(const job *j, int64_t i)
{
  const float g = j->p->diff[i] * j->scale;
  return j->limit > 0 ? fminf(fmaxf(g, -j->limit), j->limit) : g;
}

static void sgd(void *arg, int64_t begin, int64_t end, int worker)
{
  const job *j = arg;
  const float mu = (float)j->c->momentum;
  (void)worker;
  for (int64_t i = begin; i < end; i++) {
    const float d = clipped(j, i) + j->decay * j->p->value[i], b = mu * j->p->first[i] + d;
    j->p->first[i] = b;
    j->p->value[i] -= j->rate * (j->c->nesterov ? d + mu * b : b);
  }
}

static void adam(void *arg, int64_t begin, int64_t end, int worker)
{
  const job *j = arg;
  const float b1 = (float)j->c->beta1, b2 = (float)j->c->beta2, eps = (float)j->c->epsilon;
  const float keep1 = (float)(1 - j->c->beta1), keep2 = (float)(1 - j->c->beta2);
  const bool decoupled = j->c->kind == AUS_ADAMW;
  (void)worker;
  for (int64_t i = begin; i < end; i++) {
    float p = j->p->value[i], g = clipped(j, i);
    if (decoupled) p -= p * (j->rate * j->decay); else g += j->decay * p;
    const float m = b1 * j->p->first[i] + keep1 * g, v = b2 * j->p->second[i] + keep2 * g * g;
    j->p->first[i] = m;
    j->p->second[i] = v;
    j->p->value[i] = p - j->correct1 * (m / (sqrtf(v) * j->correct2 + eps));
  }
}

void aus_optimiser_step(aus_ctx *ctx, const aus_optimiser_config *c, double rate, int64_t step, double norm, int32_t n, const aus_param *param)
{
  const double scale = c->clip_norm > 0 ? fmin(1, c->clip_norm / (norm + 1e-6)) : 1;
  for (int32_t k = 0; k < n; k++) {
    if (!steps(&param[k])) continue;
    job j = { .c = c, .p = &param[k], .rate = (float)rate, .scale = (float)scale, .limit = (float)c->clip_value,
              .decay = (float)(c->decay_all || param[k].rank > 1 ? c->weight_decay : 0) };
    if (c->kind != AUS_SGD) {
      j.correct1 = (float)(rate / (1 - pow(c->beta1, (double)step)));
      j.correct2 = (float)(1 / sqrt(1 - pow(c->beta2, (double)step)));
    }
    aus_parallel_for(ctx, param[k].count, BLOCK, c->kind == AUS_SGD ? sgd : adam, &j);
  }
}
