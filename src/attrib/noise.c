/* noise.c - gradients averaged over noisy copies of the input.
 *
 *   smoothgrad     mean of g(x + e_s)          [Smilkov17]
 *   smoothgrad_sq  mean of g(x + e_s)^2        [Hooker19]
 *   vargrad        variance of g(x + e_s)      [Adebayo18]
 *
 * e_s ~ N(0, sigma^2), drawn by Philox from (seed, sample, place in the item), so that neither threads nor the
 * company in a batch change it. Without --noise, sigma is 0.1 of the item's range, 20 samples, and the last sample has no
 * noise: zennit's convention, where one sample is the gradient. With a sigma of one's own all samples are noisy (captum's). */
#include "attrib/attrib.h"

#include <math.h>

enum { DEFAULT_SAMPLES = 20, GRAIN = 4096 };
static const double DEFAULT_NOISE = -0.1;

typedef struct noisy { const aus_question *q; float *x; const double *sigma; int64_t sample; int32_t input; } noisy;

/* sigma[item] of one input. */
static void sigmas(const aus_question *q, int32_t k, double *sigma)
{
  const double noise = q->config->noise != 0 ? q->config->noise : DEFAULT_NOISE;
  const int64_t per = aus_question_per_item(q, k);
  for (int32_t i = 0; i < q->a->items; i++) {
    const float *x = q->x + q->a->offset[k] + i * per;
    float low = x[0], high = x[0];
    for (int64_t j = 1; j < per; j++) low = x[j] < low ? x[j] : low, high = x[j] > high ? x[j] : high;
    sigma[i] = noise < 0 ? -noise * ((double)high - (double)low) : noise;
  }
}

/* Places [begin, end) of an item, in all items alike. */
static void add_noise(void *arg, int64_t begin, int64_t end, int worker)
{
  const noisy *n = arg;
  const aus_attrib *a = n->q->a;
  const int64_t per = aus_question_per_item(n->q, n->input), first = a->offset[n->input];
  aus_rng rng;
  (void)worker;
  aus_rng_init(&rng, n->q->config->seed, (uint64_t)n->sample << 32 | (uint64_t)(begin / GRAIN) << 8 | (uint64_t)n->input);
  for (int64_t j = begin; j < end; j++) {
    const double e = aus_rng_normal(&rng);
    for (int32_t i = 0; i < a->items; i++) n->x[first + i * per + j] = n->q->x[first + i * per + j] + (float)(n->sigma[i] * e);
  }
}

aus_status aus_question_noisy(const aus_question *q, int64_t sample, float *x)
{
  double *sigma = aus_alloc(q->ctx, (size_t)q->a->items, sizeof *sigma);
  if (!sigma) return AUS_ENOMEM;
  for (int32_t k = 0; k < q->a->n_inputs; k++) {
    const int64_t per = aus_question_per_item(q, k);
    sigmas(q, k, sigma);
    noisy job = { q, x, sigma, sample, k };
    for (int64_t at = 0; at < per; at += GRAIN) add_noise(&job, at, per - at < GRAIN ? per : at + GRAIN, 0); /* pieces as the counter has them */
  }
  aus_free(q->ctx, sigma);
  return AUS_OK;
}

/* Welford's sums: exact where all gradients are alike. */
typedef struct moments { double *mean, *square, *spread; } moments;

static void take(const moments *m, int64_t n, const float *g, int64_t count)
{
  for (int64_t i = 0; i < n; i++) {
    const double v = (double)g[i], d = v - m->mean[i];
    m->mean[i] += d / (double)count;
    m->spread[i] += d * (v - m->mean[i]);
    m->square[i] += (v * v - m->square[i]) / (double)count;
  }
}

static aus_status draw(const aus_question *q, aus_walk *walk, const moments *m, float *x, float *g)
{
  const int64_t n = aus_question_size(q), samples = q->config->samples > 0 ? q->config->samples : DEFAULT_SAMPLES;
  for (int64_t s = 0; s < samples; s++) {
    const bool clean = q->config->noise <= 0 && s == samples - 1;
    if (!clean) AUS_TRY(aus_question_noisy(q, s, x));
    AUS_TRY(aus_question_gradient(q, walk, clean ? q->x : x, g, NULL));
    take(m, n, g, s + 1);
    if (samples > 1) AUS_TRY(aus_progress(q->ctx, "noisy gradients", s + 1, samples));
  }
  for (int64_t i = 0; i < n; i++) m->spread[i] /= (double)samples;
  return AUS_OK;
}

static aus_status run(const aus_question *q, aus_attribution *out, int which)
{
  aus_walk *walk;
  AUS_TRY(aus_question_walk(q, (aus_walk_config){0}, &walk));
  const int64_t n = aus_question_size(q);
  float *x = aus_question_block(q), *g = aus_alloc(q->ctx, (size_t)n, sizeof *g);
  double *sums = aus_alloc_zero(q->ctx, (size_t)n, 3 * sizeof *sums);
  const moments m = { sums, sums + n, sums + 2 * n };
  const aus_status status = x && g && sums ? draw(q, walk, &m, x, g) : AUS_ENOMEM;
  for (int64_t i = 0; status == AUS_OK && i < n; i++) out->value[0][i] = (float)sums[which * n + i];
  aus_free(q->ctx, sums);
  aus_free(q->ctx, g);
  aus_free(q->ctx, x);
  aus_walk_destroy(walk);
  return status;
}

static aus_status smoothgrad(const aus_question *q, aus_attribution *out) { return run(q, out, 0); }
static aus_status squared(const aus_question *q, aus_attribution *out) { return run(q, out, 1); }
static aus_status vargrad(const aus_question *q, aus_attribution *out) { return run(q, out, 2); }

const aus_method aus_method_smoothgrad = {
  "smoothgrad", "gradient", "mean gradient over noisy copies", AUS_METHOD_WHITE_BOX | AUS_METHOD_ANY_LAYER, smoothgrad
};
const aus_method aus_method_smoothgrad_sq = {
  "smoothgrad_sq", "gradient", "mean squared gradient over noisy copies", AUS_METHOD_WHITE_BOX | AUS_METHOD_ANY_LAYER, squared
};
const aus_method aus_method_vargrad = {
  "vargrad", "gradient", "variance of the gradient over noisy copies", AUS_METHOD_WHITE_BOX | AUS_METHOD_ANY_LAYER, vargrad
};
