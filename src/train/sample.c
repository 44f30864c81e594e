/* sample.c - one clip as a training step sees it.
 *
 *   sound -> played faster or slower -> a stretch of the network's length -> bells -> gain -> another sound added -> front end -> masks [Park19]
 *
 * Each choice is drawn from Philox keyed by (seed, epoch and position), so a clip looks the same in the same place of the same
 * epoch whatever was drawn before it, by whichever thread, before or after a resume. */
#include "train/bells.h"
#include "train/data.h"

#include <math.h>
#include <string.h>

/* What a draw is for; keeps streams of one seed apart. */
enum { FOR_ORDER = 0x10000, FOR_SETS, FOR_SAMPLES, FOR_MIXUP };

static void rng_for(aus_rng *rng, uint64_t seed, uint64_t purpose, uint64_t item) { aus_rng_init(rng, seed ^ purpose << 44, item); }

/* ---- order ------------------------------------------------------------------------------------------- */

static void shuffle(uint64_t seed, int64_t epoch, int32_t set, int64_t cycle, const aus_index *from, int32_t *to)
{
  aus_rng rng;
  rng_for(&rng, seed, FOR_ORDER + ((uint64_t)set << 17), (uint64_t)epoch << 24 | (uint64_t)cycle);
  memcpy(to, from->item, (size_t)from->n * sizeof *to);
  for (int32_t i = from->n - 1; i > 0; i--) {
    const int32_t j = (int32_t)aus_rng_below(&rng, (uint64_t)i + 1), kept = to[i];
    to[i] = to[j];
    to[j] = kept;
  }
}

int64_t aus_data_epoch_items(const aus_data *d)
{
  int64_t n = 0;
  for (int32_t s = 0; s < d->r->n_sets; s++) n += d->train[s].n;
  return d->r->epoch_items ? d->r->epoch_items : n;
}

/* By weight, a set is drawn for each position; the sets are gone through in orders of their own. */
static int32_t draw_set(const aus_data *d, aus_rng *rng)
{
  double all = 0;
  for (int32_t s = 0; s < d->r->n_sets; s++) all += d->r->set[s].weight;
  double x = aus_rng_uniform(rng) * all;
  for (int32_t s = 0; s < d->r->n_sets - 1; s++) {
    x -= d->r->set[s].weight;
    if (x < 0) return s;
  }
  return d->r->n_sets - 1;
}

static aus_status deal(const aus_data *d, uint64_t seed, int64_t epoch, int32_t *const *deck, int32_t *order)
{
  int64_t used[AUS_MAX_SETS] = { 0 };
  const int64_t items = aus_data_epoch_items(d);
  aus_rng rng;
  rng_for(&rng, seed, FOR_SETS, (uint64_t)epoch);
  for (int64_t p = 0; p < items; p++) {
    const int32_t s = d->r->n_sets == 1 ? 0 : draw_set(d, &rng);
    const int64_t n = d->train[s].n, i = used[s]++;
    if (i % n == 0) shuffle(seed, epoch, s, i / n, &d->train[s], deck[s]);
    order[p] = deck[s][i % n];
  }
  return AUS_OK;
}

aus_status aus_data_order(const aus_data *d, uint64_t seed, int64_t epoch, int32_t *order)
{
  int32_t *deck[AUS_MAX_SETS] = { NULL };
  aus_status status = AUS_OK;
  for (int32_t s = 0; s < d->r->n_sets; s++)
    if (!(deck[s] = aus_alloc(d->ctx, (size_t)d->train[s].n, sizeof **deck))) status = AUS_ENOMEM;
  if (status == AUS_OK) status = deal(d, seed, epoch, deck, order);
  for (int32_t s = 0; s < d->r->n_sets; s++) aus_free(d->ctx, deck[s]);
  return status;
}

/* ---- sound --------------------------------------------------------------------------------------------- */

aus_status aus_sampler_create(aus_data *d, aus_sampler *s)
{
  *s = (aus_sampler){ .d = d, .samples = d->fe->least_samples, .floats = aus_frontend_floats(d->fe, d->fe->patch) };
  s->wave = aus_alloc(d->ctx, (size_t)s->samples, sizeof *s->wave);
  s->other = aus_alloc(d->ctx, (size_t)s->samples, sizeof *s->other);
  s->scratch = aus_alloc(d->ctx, (size_t)s->floats, sizeof *s->scratch);
  return s->wave && s->other && s->scratch ? AUS_OK : AUS_ENOMEM;
}

void aus_sampler_free(aus_sampler *s)
{
  if (!s->d) return;
  aus_free(s->d->ctx, s->wave);
  aus_free(s->d->ctx, s->other);
  aus_free(s->d->ctx, s->scratch);
}

aus_status aus_data_hear(const aus_data *d, const aus_clip *c, float **x, bool *mine)
{
  *mine = !c->sound;
  *x = c->sound;
  if (c->sound) return AUS_OK;
  const aus_audio_range range = { c->start, c->duration };
  aus_audio a;
  AUS_TRY(aus_audio_read_mono(d->ctx, c->path, &range, d->fe->rate, &a));
  if (a.frames == c->samples) { *x = a.data; return AUS_OK; }
  aus_audio_free(d->ctx, &a);
  return aus_fail(d->ctx, AUS_EIO, "%s has changed while training", c->path);
}

/* A stretch of n samples of x[have]: somewhere in it, or all of it with silence around or itself again. */
static void stretch(const aus_sampler *s, aus_rng *rng, int64_t have, const float *x, bool somewhere, bool repeat, float *y)
{
  const int64_t n = s->samples;
  if (have >= n) {
    const int64_t at = somewhere ? (int64_t)aus_rng_below(rng, (uint64_t)(have - n) + 1) : (have - n) / 2;
    memcpy(y, x + at, (size_t)n * sizeof *y);
    return;
  }
  if (repeat) { aus_pad_short(have, x, true, n, y); return; }
  const int64_t at = s->d->r->random_pad ? (int64_t)aus_rng_below(rng, (uint64_t)(n - have) + 1) : 0;
  memset(y, 0, (size_t)n * sizeof *y);
  memcpy(y + at, x, (size_t)have * sizeof *y);
}

static double energy(int64_t n, const float *x)
{
  double sum = 0;
  for (int64_t i = 0; i < n; i++) sum += (double)x[i] * x[i];
  return sum;
}

/* Another sound at a signal-to-noise ratio drawn from the recipe's range. */
static aus_status add_other(aus_sampler *s, aus_rng *rng, int32_t set)
{
  const aus_data *d = s->d;
  const aus_index *from = d->noise.n ? &d->noise : &d->train[set];
  const aus_clip *c = &d->clip[from->item[aus_rng_below(rng, (uint64_t)from->n)]];
  const double snr = d->r->add_snr_low + (d->r->add_snr_high - d->r->add_snr_low) * aus_rng_uniform(rng);
  float *x;
  bool mine;
  AUS_TRY(aus_data_hear(d, c, &x, &mine));
  stretch(s, rng, c->samples, x, true, true, s->other);
  if (mine) aus_free(d->ctx, x);
  const double signal = energy(s->samples, s->wave), noise = energy(s->samples, s->other);
  const float gain = noise > 0 ? (float)sqrt(signal / noise * pow(10, -snr / 10)) : 0;
  for (int64_t i = 0; i < s->samples; i++) s->wave[i] += gain * s->other[i];
  return AUS_OK;
}

/* Played `factor` times as fast, pitch and all: linear interpolation, which dulls the highest octave a little. Owned by the caller. */
static float *play_at(aus_ctx *ctx, double factor, int64_t have, const float *x, int64_t *n)
{
  *n = (int64_t)((double)(have - 1) / factor) + 1;
  float *y = aus_alloc(ctx, (size_t)*n, sizeof *y);
  for (int64_t i = 0; y && i < *n; i++) {
    const double at = (double)i * factor;
    const int64_t k = (int64_t)at < have - 1 ? (int64_t)at : have - 1, next = k + 1 < have ? k + 1 : k;
    const float part = (float)(at - (double)k);
    y[i] = x[k] + part * (x[next] - x[k]);
  }
  return y;
}

static aus_status make_stretch(aus_sampler *s, const aus_clip *c, aus_rng *rng, const float *x)
{
  const aus_recipe *r = s->d->r;
  int64_t n;
  if (r->speed <= 0) { stretch(s, rng, c->samples, x, r->random_start, s->d->fe->repeat, s->wave); return AUS_OK; }
  float *y = play_at(s->d->ctx, 1 + (2 * aus_rng_uniform(rng) - 1) * r->speed, c->samples, x, &n);
  if (!y) return AUS_ENOMEM;
  stretch(s, rng, n, y, r->random_start, s->d->fe->repeat, s->wave);
  aus_free(s->d->ctx, y);
  return AUS_OK;
}

static aus_status make_wave(aus_sampler *s, const aus_clip *c, aus_rng *rng)
{
  const aus_recipe *r = s->d->r;
  float *x;
  bool mine;
  AUS_TRY(aus_data_hear(s->d, c, &x, &mine));
  const aus_status status = make_stretch(s, c, rng, x);
  if (mine) aus_free(s->d->ctx, x);
  if (status != AUS_OK) return status;
  aus_bells(rng, r->bells, r->bells_db, s->d->fe->rate, s->samples, s->wave);
  if (r->gain_db > 0) {
    const float gain = (float)pow(10, (2 * aus_rng_uniform(rng) - 1) * r->gain_db / 20);
    for (int64_t i = 0; i < s->samples; i++) s->wave[i] *= gain;
  }
  return r->add > 0 && aus_rng_uniform(rng) < r->add ? add_other(s, rng, c->set) : AUS_OK;
}

/* ---- features ----------------------------------------------------------------------------------------------- */

/* A stripe of y: `width` rows or columns from `at` on. along_time: of frames. */
static void mask_stripe(const aus_frontend *fe, bool along_time, int64_t at, int64_t width, float value, float *y)
{
  const int64_t frames = fe->patch, bands = fe->bands;
  for (int64_t i = at; i < at + width; i++)
    for (int64_t j = 0; j < (along_time ? bands : frames); j++) {
      const int64_t t = along_time ? i : j, m = along_time ? j : i;
      y[fe->transposed ? m * frames + t : t * bands + m] = value;
    }
}

/* Widths uniform in [0, widest], as in the paper; no time warping. */
static void mask_some(const aus_frontend *fe, aus_rng *rng, bool along_time, int64_t masks, int64_t widest, float value, float *y)
{
  const int64_t all = along_time ? fe->patch : fe->bands;
  if (widest > all) widest = all;
  for (; masks > 0; masks--) {
    const int64_t width = (int64_t)aus_rng_below(rng, (uint64_t)widest + 1);
    mask_stripe(fe, along_time, (int64_t)aus_rng_below(rng, (uint64_t)(all - width) + 1), width, value, y);
  }
}

static void mask(const aus_sampler *s, aus_rng *rng, float *y)
{
  const aus_recipe *r = s->d->r;
  double sum = 0;
  if (!r->freq_masks && !r->time_masks) return;
  for (int64_t i = 0; i < s->floats; i++) sum += y[i];
  const float value = r->mask_mean ? (float)(sum / (double)s->floats) : 0;
  if (!s->d->fe->waveform) mask_some(s->d->fe, rng, false, r->freq_masks, r->freq_width, value, y);
  mask_some(s->d->fe, rng, true, r->time_masks, r->time_width, value, y);
}

/* Nothing random happens to this clip before the front end. */
static bool is_fixed(const aus_sampler *s, const aus_clip *c)
{
  const aus_recipe *r = s->d->r;
  const bool cut = c->samples > s->samples && r->random_start, padded = c->samples < s->samples && r->random_pad && !s->d->fe->repeat;
  return !cut && !padded && r->speed == 0 && r->bells == 0 && r->gain_db == 0 && r->add == 0;
}

static float *keep(const aus_data *d, int64_t floats)
{
  aus_data *mutable = (aus_data *)(uintptr_t)d; /* the cache is not part of what the data say */
  const size_t bytes = (size_t)floats * sizeof(float);
  if (d->cached + bytes > d->limit) return NULL;
  mutable->cached += bytes;
  return aus_alloc(d->ctx, (size_t)floats, sizeof(float));
}

aus_status aus_sample(aus_sampler *s, int32_t clip, uint64_t seed, int64_t epoch, int64_t at, float *y)
{
  aus_clip *c = &s->d->clip[clip];
  aus_rng rng;
  rng_for(&rng, seed, FOR_SAMPLES, (uint64_t)epoch << 40 | (uint64_t)at);
  if (c->fixed) {
    memcpy(y, c->fixed, (size_t)s->floats * sizeof *y);
  } else {
    float floor;
    AUS_TRY(make_wave(s, c, &rng));
    AUS_TRY(aus_frontend_floor(s->d->fe, s->samples, s->wave, &floor));
    AUS_TRY(aus_frontend_patch(s->d->fe, s->samples, s->wave, 0, s->d->fe->patch, floor, s->scratch, y));
    if (!s->d->fe->waveform && is_fixed(s, c) && (c->fixed = keep(s->d, s->floats)) != NULL) memcpy(c->fixed, y, (size_t)s->floats * sizeof *y);
  }
  mask(s, &rng, y);
  return AUS_OK;
}

/* ---- mixup --------------------------------------------------------------------------------------------------------- */

/* Gamma(a, 1) [Marsaglia00]; a < 1 by the usual boost. */
static double draw_gamma(aus_rng *rng, double a)
{
  const double d = (a < 1 ? a + 1 : a) - 1.0 / 3, c = 1 / sqrt(9 * d);
  for (;;) {
    const double x = aus_rng_normal(rng), v = 1 + c * x, u = 1 - aus_rng_uniform(rng);
    if (v <= 0 || log(u) > 0.5 * x * x + d - d * v * v * v + d * log(v * v * v)) continue;
    return d * v * v * v * (a < 1 ? pow(1 - aus_rng_uniform(rng), 1 / a) : 1);
  }
}

static void blend(float l, int64_t n, float *a, float *b)
{
  for (int64_t i = 0; i < n; i++) {
    const float x = a[i], y = b[i];
    a[i] = l * x + (1 - l) * y;
    b[i] = l * y + (1 - l) * x;
  }
}

void aus_mixup(const aus_data *d, uint64_t seed, int64_t step, int64_t n, int64_t floats, float *x, float *target)
{
  aus_rng rng;
  if (d->r->mixup <= 0) return;
  rng_for(&rng, seed, FOR_MIXUP, (uint64_t)step);
  const double a = draw_gamma(&rng, d->r->mixup), b = draw_gamma(&rng, d->r->mixup);
  const float l = a + b > 0 ? (float)(a / (a + b)) : 0.5f;
  for (int64_t i = 0, j = n - 1; i < j; i++, j--) { /* the batch is in random order: its mirror image is a random partner */
    blend(l, floats, x + i * floats, x + j * floats);
    blend(l, d->classes, target + i * d->classes, target + j * d->classes);
  }
}

/* ---- validation ---------------------------------------------------------------------------------------------------------- */

static aus_status make_patches(aus_sampler *s, int64_t samples, const float *x, const aus_patches *p, float *y)
{
  float floor;
  AUS_TRY(aus_frontend_floor(s->d->fe, samples, x, &floor));
  for (int64_t j = 0; j < p->count; j++)
    AUS_TRY(aus_frontend_patch(s->d->fe, samples, x, aus_patch_start(s->d->fe, p, j), p->length, floor, s->scratch, y + j * s->floats));
  return AUS_OK;
}

aus_status aus_patches_of(aus_sampler *s, int32_t clip, float **y, int64_t *n, bool *mine)
{
  aus_clip *c = &s->d->clip[clip];
  float *x;
  bool sound_mine;
  *mine = false;
  *y = c->patches;
  *n = c->n_patches;
  if (c->patches) return AUS_OK;
  AUS_TRY(aus_data_hear(s->d, c, &x, &sound_mine));
  const bool is_short = c->samples < s->samples;
  const int64_t samples = is_short ? s->samples : c->samples;
  if (is_short) aus_pad_short(c->samples, x, s->d->fe->repeat, samples, s->wave);
  const aus_patches p = aus_frontend_patches(s->d->fe, samples);
  *n = p.count;
  c->patches = keep(s->d, p.count * s->floats);
  *mine = !c->patches;
  *y = c->patches ? c->patches : aus_alloc(s->d->ctx, (size_t)p.count, (size_t)s->floats * sizeof(float));
  c->n_patches = p.count;
  const aus_status status = *y ? make_patches(s, samples, is_short ? s->wave : x, &p, *y) : AUS_ENOMEM;
  if (sound_mine) aus_free(s->d->ctx, x);
  if (status != AUS_OK) { aus_free(s->d->ctx, *y); *y = NULL; c->patches = NULL; }
  return status;
}
