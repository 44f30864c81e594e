/* robust.c - explanations of near inputs, of random networks, of other targets.
 *
 *     max-sensitivity   max over r of ||E(x + r) - E(x)|| / ||E(x)||, r uniform in a cube; norm 0 counts as 1       [Yeh19]
 *     MPRT              similarity of E to E with random parameters, per layer: cascading from the top, or one layer alone [Adebayo18]
 *     random logit      similarity of E to E of another target                                                       [Sixt20]
 *
 * An explanation that stays the same when the network is random does not explain the network: low similarity is good. Means are over random
 * networks only: the original's own 1.0 is not averaged in, as a published implementation does. Similarity is Spearman's of signed values and of absolute
 * ones, and SSIM of signed ones. */
#include "eval/eval.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

static double largest_of(void *user, int64_t n, const int64_t *pick)
{
  const double *v = user;
  double most = 0;
  for (int64_t i = 0; i < n; i++) most = fmax(most, v[pick[i]]);
  return most;
}

aus_status eval_sensitivity(eval_work *w)
{
  const aus_eval_subject *s = w->s;
  const int32_t n = w->config->perturbed;
  const float *signal = s->signal ? s->signal : s->input;
  const int64_t samples = s->signal ? s->samples : s->cells;
  float *near = aus_alloc(w->ctx, (size_t)samples, sizeof *near), *value = aus_alloc(w->ctx, (size_t)s->cells, sizeof *value);
  double *apart = aus_alloc(w->ctx, (size_t)n + 1, sizeof *apart), peak = 0, most = 0, mean, lo[2], hi[2];
  aus_status status = near && value && apart ? AUS_OK : AUS_ENOMEM;
  for (int64_t i = 0; i < samples; i++) peak = fmax(peak, fabs((double)signal[i]));
  for (int32_t d = 0; d < n && status == AUS_OK; d++) {
    aus_rng rng;
    aus_rng_init(&rng, w->config->seed, (uint64_t)d);
    for (int64_t i = 0; i < samples; i++) near[i] = (float)(signal[i] + w->config->radius * peak * (2 * aus_rng_uniform(&rng) - 1));
    status = s->explain(s->user, near, value);
    if (status == AUS_OK) apart[d] = aus_eval_distance(s->cells, s->value, value);
    if (status == AUS_OK) most = fmax(most, apart[d]);
  }
  if (status == AUS_OK) status = aus_eval_mean(w->ctx, n, apart, w->config->seed, &mean, &lo[0], &hi[0]);
  if (status == AUS_OK) status = aus_eval_bootstrap(w->ctx, n, 1000, w->config->seed, largest_of, apart, &lo[1], &hi[1]);
  if (status == AUS_OK) {
    eval_put(w, "max_sensitivity", -1, most, lo[1], hi[1], "draws"); /* never above the largest that was seen: more draws can only raise it */
    eval_put(w, "mean_sensitivity", -1, mean, lo[0], hi[0], "draws");
  }
  aus_free(w->ctx, near);
  aus_free(w->ctx, value);
  aus_free(w->ctx, apart);
  return status;
}

/* Three similarities of s->value to another explanation. */
typedef struct alike { double spearman, absolute, ssim; } alike;

static aus_status compare(const eval_work *w, const float *other, alike *out)
{
  const aus_eval_subject *s = w->s;
  const int64_t width = s->rank > 1 ? s->dim[s->rank - 1] : 1;
  AUS_TRY(aus_eval_spearman(w->ctx, s->cells, s->value, other, 0, &out->spearman));
  AUS_TRY(aus_eval_spearman(w->ctx, s->cells, s->value, other, 1, &out->absolute));
  out->ssim = aus_eval_ssim(s->cells / width, width, s->value, other);
  return AUS_OK;
}

/* Where one of the two is constant, ranks say nothing; nothing is what they have in common. */
static double known(double v) { return isnan(v) ? 0 : v; }

static aus_status put_alike(eval_work *w, const char *name, int64_t n, const alike *a, const char *over)
{
  static const char *const kind[3] = { "spearman", "abs_spearman", "ssim" };
  double *v = aus_alloc(w->ctx, (size_t)n, sizeof *v), mean, lo, hi;
  aus_status status = v ? AUS_OK : AUS_ENOMEM;
  for (int k = 0; k < 3 && status == AUS_OK; k++) {
    char full[32];
    for (int64_t i = 0; i < n; i++) v[i] = known(k == 0 ? a[i].spearman : k == 1 ? a[i].absolute : a[i].ssim);
    status = aus_eval_mean(w->ctx, n, v, w->config->seed, &mean, &lo, &hi);
    snprintf(full, sizeof full, "%s_%s", name, kind[k]);
    if (status == AUS_OK) eval_put(w, full, -1, mean, lo, hi, over);
  }
  aus_free(w->ctx, v);
  return status;
}

aus_status eval_mprt(eval_work *w)
{
  const aus_eval_subject *s = w->s;
  if (s->layers < 1) return aus_fail(w->ctx, AUS_ENOTSUP, "the network has no layer with parameters to make random");
  float *value = aus_alloc(w->ctx, (size_t)s->cells, sizeof *value);
  alike *a = aus_alloc(w->ctx, (size_t)s->layers, sizeof *a);
  aus_status status = value && a ? AUS_OK : AUS_ENOMEM;
  for (int cascading = 1; cascading >= 0 && status == AUS_OK; cascading--) {
    for (int32_t k = 0; k < s->layers && status == AUS_OK; k++) {
      status = s->random(s->user, k, cascading, 0, value);
      if (status == AUS_OK) status = compare(w, value, &a[k]);
      if (status == AUS_OK) status = aus_progress(w->ctx, "random networks", k + 1 + (cascading ? 0 : s->layers), 2 * s->layers);
    }
    if (status == AUS_OK) status = put_alike(w, cascading ? "mprt_cascade" : "mprt_layer", s->layers, a, "layers");
  }
  aus_free(w->ctx, value);
  aus_free(w->ctx, a);
  return status;
}

aus_status eval_logit(eval_work *w)
{
  const aus_eval_subject *s = w->s;
  const int32_t n = w->config->seeds;
  float *value = aus_alloc(w->ctx, (size_t)s->cells, sizeof *value);
  alike *a = aus_alloc(w->ctx, (size_t)n, sizeof *a);
  aus_status status = value && a ? AUS_OK : AUS_ENOMEM;
  for (int32_t k = 0; k < n && status == AUS_OK; k++) {
    status = s->other(s->user, (uint64_t)k, value);
    if (status == AUS_OK) status = compare(w, value, &a[k]);
  }
  if (status == AUS_OK) status = put_alike(w, "other_target", n, a, "draws");
  aus_free(w->ctx, value);
  aus_free(w->ctx, a);
  return status;
}
