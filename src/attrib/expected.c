/* expected.c - expected gradients, SHAP's GradientExplainer [Erion21; Lundberg17].
 *
 *   C_i = E_{x' ~ D, a ~ U(0,1)} [ (x_i - x'_i) df/dx_i (x' + a (x - x')) ],      sum_i C_i = f(x) - E f(x')
 *
 * in expectation. Variance is kept low: every baseline of the set D is used equally often, and the a of one baseline are drawn one per
 * equal part of [0, 1]. With --noise, Gaussian noise of that standard deviation is added to the input of each sample, as captum does. */
#include "attrib/attrib.h"

enum { DEFAULT_SAMPLES = 200 };

typedef struct drawing { const aus_question *q; aus_walk *walk; float *x, *base, *at, *grad; double *sum, *score, *mean; } drawing;

static aus_status sample(drawing *d, int64_t s, int64_t row, double alpha)
{
  const aus_question *q = d->q;
  const float *x = q->x;
  if (q->config->noise > 0) {
    AUS_TRY(aus_question_noisy(q, s, d->x));
    x = d->x;
  }
  aus_question_baseline(q, row, d->base);
  for (int64_t j = 0; j < q->a->total; j++) d->at[j] = d->base[j] + (float)alpha * (x[j] - d->base[j]);
  AUS_TRY(aus_question_gradient(q, d->walk, d->at, d->grad, d->score));
  for (int64_t j = 0; j < q->a->total; j++) d->sum[j] += (double)d->grad[j] * (q->config->no_inputs ? 1 : (double)x[j] - (double)d->base[j]);
  return AUS_OK;
}

/* f of all baselines, on average. */
static aus_status mean_score(drawing *d, double *mean)
{
  const aus_question *q = d->q;
  for (int32_t i = 0; i < q->a->items; i++) mean[i] = 0;
  for (int64_t r = 0; r < q->n_baselines; r++) {
    aus_question_baseline(q, r, d->base);
    AUS_TRY(aus_question_scores(q, d->base, d->score));
    for (int32_t i = 0; i < q->a->items; i++) mean[i] += d->score[i] / (double)q->n_baselines;
  }
  return AUS_OK;
}

static aus_status draw(drawing *d, aus_attribution *out)
{
  const aus_question *q = d->q;
  int64_t samples = q->config->samples > 0 ? q->config->samples : DEFAULT_SAMPLES;
  if (samples < q->n_baselines) samples = q->n_baselines;
  const int64_t each = (samples + q->n_baselines - 1) / q->n_baselines; /* per baseline, the same for all */
  aus_rng rng;
  AUS_TRY(mean_score(d, out->score_none));
  for (int64_t s = 0; s < each * q->n_baselines; s++) {
    aus_rng_init(&rng, q->config->seed, (uint64_t)s);
    AUS_TRY(sample(d, s, s / each, ((double)(s % each) + aus_rng_uniform(&rng)) / (double)each));
    AUS_TRY(aus_progress(q->ctx, "expected gradients", s + 1, each * q->n_baselines));
  }
  out->steps = each * q->n_baselines;
  for (int64_t j = 0; j < q->a->total; j++) out->value[0][j] = (float)(d->sum[j] / (double)out->steps);
  aus_attribution_note(out, "%lld samples over %lld baselines; adds up in expectation only", (long long)out->steps, (long long)q->n_baselines);
  return AUS_OK;
}

static aus_status run(const aus_question *q, aus_attribution *out)
{
  drawing d = { .q = q };
  AUS_TRY(aus_question_walk(q, (aus_walk_config){0}, &d.walk));
  const size_t n = (size_t)q->a->total;
  float *blocks = aus_alloc(q->ctx, n, 4 * sizeof *blocks);
  d.sum = aus_alloc_zero(q->ctx, n, sizeof *d.sum);
  d.score = aus_alloc(q->ctx, (size_t)q->a->items, sizeof *d.score);
  aus_status status = blocks && d.sum && d.score ? AUS_OK : AUS_ENOMEM;
  if (status == AUS_OK) {
    d.x = blocks, d.base = blocks + n, d.at = blocks + 2 * n, d.grad = blocks + 3 * n;
    status = draw(&d, out);
  }
  aus_free(q->ctx, d.score);
  aus_free(q->ctx, d.sum);
  aus_free(q->ctx, blocks);
  aus_walk_destroy(d.walk);
  return status;
}

const aus_method aus_method_gradientshap = {
  "gradientshap", "gradient", "expected gradients over a background set (GradientSHAP)",
  AUS_METHOD_WHITE_BOX | AUS_METHOD_BASELINE | AUS_METHOD_BACKGROUND | AUS_METHOD_COMPLETE, run
};
