/* read.c - one sound through the classifier and its interpreter: H, z, both answers.
 *
 *   per patch   taps and scores = f(front end of the sound),  H, a = Psi(taps),  z = sum_t a_t h_t,  y = Theta z
 *   whole       H side by side, the mean where patches overlap; z, y, scores: means over patches
 *
 * z spread over time, when[t][k] = a_t h_kt (max pooling: all of it at the largest h_kt), adds up to z: it is what the map is made of. */
#include <math.h>
#include <string.h>

#include "l2i/l2i.h"
#include "la/la.h"
#include "nn/run.h"

typedef struct work {
  aus_interpreter *it;
  aus_reading *r;
  const float *x;               /* [padded] */
  aus_patches p;
  float floor;
  int32_t *count;               /* [frames] patches that hold a frame */
} work;

/* ---- a patch ------------------------------------------------------------------------------------------- */

static void add(int64_t n, const float *x, float scale, float *y)
{
  for (int64_t i = 0; i < n; i++) y[i] += scale * x[i];
}

/* H of a patch from frame `first` on; what lies behind the end of the sound is left out. */
static void lay(work *w, int64_t first, const float *h)
{
  aus_reading *r = w->r;
  const int64_t frames = w->it->spec.frames, have = r->frames - first < frames ? r->frames - first : frames;
  for (int32_t k = 0; k < r->atoms; k++) add(have, h + k * frames, 1, r->h + k * r->frames + first);
  for (int64_t t = 0; t < have; t++) w->count[first + t]++;
}

static void spread(work *w, int64_t first, const float *h, const float *a)
{
  aus_reading *r = w->r;
  const int64_t frames = w->it->spec.frames, last = r->frames - 1;
  const float share = 1 / (float)w->p.count;
  for (int32_t k = 0; k < r->atoms; k++) {
    const float *row = h + k * frames;
    int64_t top = 0;
    for (int64_t t = 0; t < frames; t++) {
      const int64_t at = first + t < last ? first + t : last; /* what falls on padding counts at the end */
      if (a) r->when[at * r->atoms + k] += share * a[t] * row[t];
      else if (row[t] > row[top]) top = t;
    }
    if (!a) r->when[(first + top < last ? first + top : last) * r->atoms + k] += share * row[top];
  }
}

static aus_status one_patch(work *w, int64_t i)
{
  aus_interpreter *it = w->it;
  aus_reading *r = w->r;
  const aus_frontend *fe = it->in.fe;
  const int64_t start = aus_patch_start(fe, &w->p, i), first = aus_l2i_first_frame(&it->spectrum, start);
  const float share = 1 / (float)w->p.count;
  aus_dims d;
  AUS_TRY(aus_frontend_patch(fe, r->padded, w->x, start, w->p.length, w->floor, it->scratch, aus_run_input(it->ear.run, 0)));
  AUS_TRY(aus_run_forward(it->ear.run));
  for (int32_t k = 0; k < it->spec.n_taps; k++) {
    const float *tap = aus_run_tap(it->ear.run, k, &d);
    memcpy(aus_run_input(it->run, k), tap, (size_t)aus_shape_count(&d) * sizeof *tap);
  }
  AUS_TRY(aus_run_forward(it->run));
  add(r->targets, aus_run_tap(it->ear.run, it->ear.logits, NULL), share, r->heard_logits);
  add(r->targets, aus_run_output(it->ear.run, 0, NULL), share, r->heard);
  add(r->targets, aus_run_output(it->run, 0, NULL), share, r->logits);
  add(r->atoms, aus_run_output(it->run, 1, NULL), share, r->z);
  const float *h = aus_run_output(it->run, 2, NULL);
  if (first < r->frames) {
    lay(w, first, h);
    spread(w, first, h, aus_run_output(it->run, 3, NULL));
  }
  return AUS_OK;
}

/* ---- all of them ------------------------------------------------------------------------------------------ */

static void scores_of(int32_t n, bool sigmoid, const float *logits, float *scores)
{
  double top = -INFINITY, sum = 0;
  for (int32_t k = 0; k < n; k++) top = fmax(top, (double)logits[k]);
  for (int32_t k = 0; k < n; k++) sum += exp((double)logits[k] - top);
  for (int32_t k = 0; k < n; k++) scores[k] = (float)(sigmoid ? 1 / (1 + exp(-(double)logits[k])) : exp((double)logits[k] - top) / sum);
}

static void mean_over_patches(work *w)
{
  aus_reading *r = w->r;
  for (int64_t t = 0; t < r->frames; t++) {
    r->covered += w->count[t] > 0;
    for (int32_t k = 0; w->count[t] > 1 && k < r->atoms; k++) r->h[k * r->frames + t] /= (float)w->count[t];
  }
}

static aus_status room(work *w)
{
  aus_reading *r = w->r;
  aus_ctx *ctx = r->ctx;
  const size_t frames = (size_t)r->frames, k = (size_t)r->atoms, c = (size_t)r->targets, cells = frames * (size_t)r->bins;
  r->h = aus_alloc_zero(ctx, frames * k, sizeof(float));
  r->z = aus_alloc_zero(ctx, k, sizeof(float));
  r->when = aus_alloc_zero(ctx, frames * k, sizeof(float));
  r->logits = aus_alloc_zero(ctx, c, sizeof(float));
  r->scores = aus_alloc_zero(ctx, c, sizeof(float));
  r->heard_logits = aus_alloc_zero(ctx, c, sizeof(float));
  r->heard = aus_alloc_zero(ctx, c, sizeof(float));
  r->re = aus_alloc(ctx, cells, sizeof(float));
  r->im = aus_alloc(ctx, cells, sizeof(float));
  r->made = aus_alloc(ctx, cells, sizeof(float));
  w->count = aus_alloc_zero(ctx, frames, sizeof *w->count);
  return r->h && r->z && r->when && r->logits && r->scores && r->heard_logits && r->heard && r->re && r->im && r->made && w->count ? AUS_OK : AUS_ENOMEM;
}

static aus_status read_sound(work *w)
{
  aus_interpreter *it = w->it;
  aus_reading *r = w->r;
  w->p = aus_frontend_patches(it->in.fe, r->padded);
  r->frames = aus_stft_frames(it->spectrum.stft, r->padded);
  r->patches = (int32_t)w->p.count;
  AUS_TRY(room(w));
  AUS_TRY(aus_frontend_floor(it->in.fe, r->padded, w->x, &w->floor));
  for (int64_t i = 0; i < w->p.count; i++) {
    AUS_TRY(one_patch(w, i));
    if (w->p.count > 8) AUS_TRY(aus_progress(r->ctx, "interpreting", i + 1, w->p.count));
  }
  mean_over_patches(w);
  scores_of(r->targets, it->spec.sigmoid, r->logits, r->scores);
  AUS_TRY(aus_stft_forward(it->spectrum.stft, r->padded, w->x, r->re, r->im));
  return aus_sgemm(r->ctx, true, true, r->frames, r->bins, r->atoms, 1, r->h, r->frames, it->w, r->atoms, 0, r->made, r->bins);
}

static void remarks(const aus_interpreter *it, const aus_reading *r)
{
  const double hop = (double)it->spectrum.hop / it->in.fe->rate;
  if (r->silent) aus_note(r->ctx, AUS_LOG_WARNING, "the sound is silent: the answer stands, but there is nothing to listen to");
  if (r->padded > r->samples)
    aus_note(r->ctx, AUS_LOG_NOTE, "the sound is %.3g s long and was continued to %.3g s, what the classifier hears", (double)r->samples / it->in.fe->rate, (double)r->padded / it->in.fe->rate);
  if (r->covered < r->frames) aus_note(r->ctx, AUS_LOG_NOTE, "the last %.2f s lie in no patch of the classifier: they belong to the rest", (double)(r->frames - r->covered) * hop);
}

aus_status aus_interpreter_read(aus_interpreter *it, int64_t samples, const float *x, aus_reading *out)
{
  const aus_frontend *fe = it->in.fe;
  float *longer = NULL;
  bool silent = true;
  memset(out, 0, sizeof *out);
  if (samples < 1) return aus_fail(it->ctx, AUS_EINVAL, "the sound to interpret has no samples");
  for (int64_t i = 0; i < samples; i++) {
    if (!isfinite(x[i])) return aus_fail(it->ctx, AUS_EINVAL, "sample %lld of the sound is not a finite number", (long long)i);
    silent &= x[i] == 0;
  }
  *out = (aus_reading){ .ctx = it->ctx, .samples = samples, .padded = samples > fe->least_samples ? samples : fe->least_samples, .atoms = it->spec.atoms,
                        .targets = it->spec.classes, .bins = it->spec.bins, .silent = silent, .gain = aus_l2i_gain(samples, x) };
  if (out->padded > samples) {
    longer = aus_alloc(it->ctx, (size_t)out->padded, sizeof *longer);
    if (!longer) return AUS_ENOMEM;
    aus_pad_short(samples, x, fe->repeat, out->padded, longer);
  }
  work w = { .it = it, .r = out, .x = longer ? longer : x };
  const aus_status status = read_sound(&w);
  aus_free(it->ctx, w.count);
  aus_free(it->ctx, longer);
  if (status != AUS_OK) aus_reading_free(out);
  else remarks(it, out);
  return status;
}

/* ---- the classifier alone ----------------------------------------------------------------------------------- */

static aus_status hear_patches(aus_interpreter *it, int64_t n, const float *x, float *logits, float *scores)
{
  const aus_frontend *fe = it->in.fe;
  const aus_patches p = aus_frontend_patches(fe, n);
  float floor;
  AUS_TRY(aus_frontend_floor(fe, n, x, &floor));
  for (int64_t i = 0; i < p.count; i++) {
    AUS_TRY(aus_frontend_patch(fe, n, x, aus_patch_start(fe, &p, i), p.length, floor, it->scratch, aus_run_input(it->ear.run, 0)));
    AUS_TRY(aus_run_forward(it->ear.run));
    if (logits) add(it->spec.classes, aus_run_tap(it->ear.run, it->ear.logits, NULL), 1 / (float)p.count, logits);
    add(it->spec.classes, aus_run_output(it->ear.run, 0, NULL), 1 / (float)p.count, scores);
  }
  return AUS_OK;
}

aus_status aus_interpreter_hear(aus_interpreter *it, int64_t samples, const float *x, float *logits, float *scores)
{
  const aus_frontend *fe = it->in.fe;
  const int64_t n = samples > fe->least_samples ? samples : fe->least_samples;
  if (samples < 1) return aus_fail(it->ctx, AUS_EINVAL, "the sound to interpret has no samples");
  if (logits) memset(logits, 0, (size_t)it->spec.classes * sizeof *logits);
  memset(scores, 0, (size_t)it->spec.classes * sizeof *scores);
  if (n == samples) return hear_patches(it, n, x, logits, scores);
  float *longer = aus_alloc(it->ctx, (size_t)n, sizeof *longer);
  if (!longer) return AUS_ENOMEM;
  aus_pad_short(samples, x, fe->repeat, n, longer);
  const aus_status status = hear_patches(it, n, longer, logits, scores);
  aus_free(it->ctx, longer);
  return status;
}

void aus_reading_free(aus_reading *r)
{
  if (!r->ctx) return;
  aus_free(r->ctx, r->h);
  aus_free(r->ctx, r->z);
  aus_free(r->ctx, r->when);
  aus_free(r->ctx, r->logits);
  aus_free(r->ctx, r->scores);
  aus_free(r->ctx, r->heard_logits);
  aus_free(r->ctx, r->heard);
  aus_free(r->ctx, r->re);
  aus_free(r->ctx, r->im);
  aus_free(r->ctx, r->made);
  memset(r, 0, sizeof *r);
}
