/* window.c - patches of mixes x(z) = off + sum z_i part_i, without transforming every mix.
 *
 * The STFT is linear: STFT(x(z)) = STFT(off) + sum z_i STFT(part_i). In a stretch of frames each part that sounds there is
 * transformed once, and a row costs additions. Where so many parts sound that the additions cost more than one
 * transform (hundreds of tiles or superpixels), the row is added up as a waveform instead. Which way is taken
 * depends on the stretch alone, so a row has the same bits in any company. The row of all parts is the
 * input itself, on the same path as aus_model_predict. */
#include "model/frontend.h"

#include <math.h>
#include <string.h>

enum { FLOOR_STEP = 512 };

aus_status aus_window_create(const aus_frontend *fe, const aus_mixes *mixes, aus_window_of_mixes *w)
{
  const size_t n = (size_t)mixes->n_parts + 1;
  *w = (aus_window_of_mixes){ .fe = fe, .mixes = mixes };
  w->active = aus_alloc(fe->ctx, n, sizeof *w->active);
  w->spectrum = aus_alloc(fe->ctx, n * (size_t)fe->channels, sizeof *w->spectrum);
  w->chosen = aus_alloc(fe->ctx, n, sizeof *w->chosen);
  return w->active && w->spectrum && w->chosen ? AUS_OK : AUS_ENOMEM;
}

void aus_window_free(aus_window_of_mixes *w)
{
  aus_ctx *ctx = w->fe->ctx;
  aus_free(ctx, w->active);
  aus_free(ctx, w->spectrum);
  aus_free(ctx, w->chosen);
  aus_free(ctx, w->block);
  aus_free(ctx, w->segment);
  aus_free(ctx, w->inner);
}

static aus_status room(aus_ctx *ctx, float **block, size_t *have, size_t want)
{
  if (*have >= want) return AUS_OK;
  aus_free(ctx, *block);
  *have = 0;
  *block = aus_alloc(ctx, want, sizeof **block);
  if (!*block) return AUS_ENOMEM;
  *have = want;
  return AUS_OK;
}

/* ---- which samples -------------------------------------------------------------------------------- */

typedef struct span { int64_t from, end; } span;

/* The samples frames [first, first + count) rest on, mirrored ones included. */
static span samples_of(const aus_window_of_mixes *w, int64_t first, int64_t count)
{
  const aus_frontend *fe = w->fe;
  const int64_t n = w->mixes->samples;
  if (fe->waveform) return (span){ first, first + count };
  const int64_t a = first * fe->hop - fe->pad, b = (first + count - 1) * fe->hop - fe->pad + fe->n_fft;
  if (fe->reflect && n <= 2 * (int64_t)fe->n_fft) return (span){ 0, n }; /* mirrored more than once, perhaps */
  span s = { a > 0 ? a : 0, b < n ? b : n };
  if (fe->reflect && a < 0 && s.end < 1 - a) s.end = 1 - a;
  if (fe->reflect && b > n && s.from > 2 * n - 1 - b) s.from = 2 * n - 1 - b;
  return s;
}

/* Samples [a, a + n) of a signal of which inner holds those of s, the ends continued. */
static void fill_segment(const aus_window_of_mixes *w, span s, const float *inner, int64_t a, int64_t n, float *to)
{
  const int64_t samples = w->mixes->samples, period = 2 * (samples - 1);
  for (int64_t t = 0; t < n; t++) {
    int64_t i = a + t;
    if (i < 0 || i >= samples) {
      if (!w->fe->reflect) { to[t] = 0; continue; }
      i = period ? (i % period + period) % period : 0;
      if (i >= samples) i = period - i;
    }
    to[t] = inner[i - s.from];
  }
}

/* ---- setting up ------------------------------------------------------------------------------------------ */

/* The frames of the window in which samples [begin, end) can be heard: a frame or two too many do no harm. */
static span frames_of(const aus_window_of_mixes *w, int64_t begin, int64_t end)
{
  const aus_frontend *fe = w->fe;
  const int64_t last = w->first + w->valid;
  span f = { (begin + fe->pad - fe->n_fft) / fe->hop - 1, (end + fe->pad) / fe->hop + 2 };
  if (begin <= fe->pad || f.from < w->first) f.from = w->first;
  if (end >= w->mixes->samples - fe->pad - 1 || f.end > last) f.end = last;
  if (f.from > f.end) f.from = f.end;
  return f;
}

static bool sounds_in(const aus_part *p, span s) { return p->begin < s.end && p->end > s.from; }

/* Additions of one row, half of the parts on, either way; the transform counted in additions (measured). */
static bool spectra_are_cheaper(const aus_window_of_mixes *w, span s)
{
  const aus_frontend *fe = w->fe;
  double spectral = 0, waves = 0.27 * (double)w->valid * fe->n_fft * log2((double)fe->n_fft);
  for (int32_t i = 0; i < w->n_active; i++) {
    const aus_part *p = w->mixes->part + w->active[i];
    const span f = frames_of(w, p->begin, p->end);
    spectral += (double)(f.end - f.from) * fe->bins;
    waves += 0.5 * (double)((p->end < s.end ? p->end : s.end) - (p->begin > s.from ? p->begin : s.from));
  }
  return spectral <= waves;
}

/* The spectrum of what inner holds, in frames f, into the block at *at. */
static aus_status transform(aus_window_of_mixes *w, span s, const float *inner, span f, float **at, aus_spectrum *out)
{
  const aus_frontend *fe = w->fe;
  const int64_t frames = f.end - f.from, n = (frames - 1) * fe->hop + fe->n_fft;
  *out = (aus_spectrum){ .re = *at, .im = *at + frames * fe->bins, .first = f.from, .frames = frames };
  if (frames == 0) return AUS_OK;
  float *re = *at, *im = re + frames * fe->bins;
  *at = im + frames * fe->bins;
  fill_segment(w, s, inner, f.from * fe->hop - fe->pad, n, w->segment);
  return aus_stft_forward(fe->segment, n, w->segment, re, im);
}

static aus_status transform_parts(aus_window_of_mixes *w, span s)
{
  const aus_frontend *fe = w->fe;
  const aus_mixes *m = w->mixes;
  size_t frames = m->off ? (size_t)w->valid : 0;
  for (int32_t i = 0; i < w->n_active; i++) {
    const span f = frames_of(w, m->part[w->active[i]].begin, m->part[w->active[i]].end);
    frames += (size_t)(f.end - f.from);
  }
  AUS_TRY(room(fe->ctx, &w->block, &w->block_room, frames * (size_t)fe->channels * (size_t)fe->bins * 2));
  float *at = w->block;
  for (int32_t i = m->off ? -1 : 0; i < w->n_active; i++) {
    const aus_part *p = i < 0 ? NULL : m->part + w->active[i];
    const span f = p ? frames_of(w, p->begin, p->end) : (span){ w->first, w->first + w->valid };
    for (int32_t c = 0; c < fe->channels; c++) {
      const float *inner = p ? w->inner : m->off + c * m->samples + s.from;
      if (p) aus_part_extract(p, c, s.from, s.end - s.from, w->inner);
      AUS_TRY(transform(w, s, inner, f, &at, w->spectrum + (size_t)(i + 1) * (size_t)fe->channels + (size_t)c));
    }
  }
  return AUS_OK;
}

aus_status aus_window_set(aus_window_of_mixes *w, int64_t first, int64_t length)
{
  const aus_frontend *fe = w->fe;
  const int64_t frames = (fe->waveform ? w->mixes->samples : aus_stft_frames(fe->stft, w->mixes->samples)) - first;
  w->first = first;
  w->length = length;
  w->valid = frames < length ? frames : length;
  w->n_active = 0;
  const span s = samples_of(w, first, w->valid);
  for (int32_t p = 0; p < w->mixes->n_parts; p++)
    if (sounds_in(w->mixes->part + p, s)) w->active[w->n_active++] = p;
  AUS_TRY(room(fe->ctx, &w->inner, &w->inner_room, (size_t)(s.end - s.from) * (size_t)fe->channels));
  if (fe->waveform) return AUS_OK;
  AUS_TRY(room(fe->ctx, &w->segment, &w->segment_room, (size_t)((w->valid - 1) * fe->hop + fe->n_fft)));
  w->spectral = spectra_are_cheaper(w, s);
  return w->spectral ? transform_parts(w, s) : AUS_OK;
}

/* ---- one row ------------------------------------------------------------------------------------------------ */

/* Bands of channel c of x(z) on either path; for the waveform path inner holds x(z). */
static aus_status row_bands(aus_window_of_mixes *w, const uint8_t *z, int32_t c, span s, float *y)
{
  const aus_frontend *fe = w->fe;
  if (!w->spectral) {
    const int64_t n = (w->valid - 1) * fe->hop + fe->n_fft;
    fill_segment(w, s, w->inner + c * (s.end - s.from), w->first * fe->hop - fe->pad, n, w->segment);
    return aus_stft_bands(fe->segment, n, w->segment, 0, w->valid, fe->power, fe->bank, &fe->log, y);
  }
  int32_t n = 0;
  if (w->mixes->off) w->chosen[n++] = w->spectrum[c];
  for (int32_t i = 0; i < w->n_active; i++)
    if (z[w->active[i]]) w->chosen[n++] = w->spectrum[(size_t)(i + 1) * (size_t)fe->channels + (size_t)c];
  return aus_mix_bands(fe->ctx, n, w->chosen, w->first, w->valid, fe->power, fe->bank, &fe->log, y);
}

static void row_wave(const aus_window_of_mixes *w, float *y)
{
  for (int32_t c = 0; c < w->fe->channels; c++) {
    memcpy(y + c * w->length, w->inner + c * w->valid, (size_t)w->valid * sizeof *y);
    memset(y + c * w->length + w->valid, 0, (size_t)(w->length - w->valid) * sizeof *y);
  }
}

aus_status aus_window_patch(aus_window_of_mixes *w, const uint8_t *z, float floor, float *scratch, float *y)
{
  const aus_frontend *fe = w->fe;
  const aus_mixes *m = w->mixes;
  if (aus_row_all_on(m->n_parts, z)) return aus_frontend_patch(fe, m->samples, m->whole, w->first, w->length, floor, scratch, y);
  const span s = samples_of(w, w->first, w->valid);
  if (fe->waveform || !w->spectral) aus_mixes_compose(m, fe->channels, z, s.from, s.end - s.from, w->inner);
  if (fe->waveform) { row_wave(w, y); return AUS_OK; }
  for (int32_t c = 0; c < fe->channels; c++) {
    float *yc = y + c * w->length * fe->bands, *to = fe->transposed ? scratch : yc;
    AUS_TRY(row_bands(w, z, c, s, to));
    aus_frontend_finish(fe, w->valid, w->length, floor, to, fe->transposed ? yc : NULL);
  }
  return AUS_OK;
}

/* ---- floors ---------------------------------------------------------------------------------------------------- */

static aus_status raise_floors(aus_window_of_mixes *w, int64_t n, const uint8_t *z, float *bands, float *floors)
{
  const span s = samples_of(w, w->first, w->valid);
  for (int64_t i = 0; i < n; i++) {
    const uint8_t *row = z + i * w->mixes->n_parts;
    if (aus_row_all_on(w->mixes->n_parts, row)) continue;
    if (!w->spectral) aus_mixes_compose(w->mixes, w->fe->channels, row, s.from, s.end - s.from, w->inner);
    for (int32_t c = 0; c < w->fe->channels; c++) {
      AUS_TRY(row_bands(w, row, c, s, bands));
      for (int64_t k = 0; k < w->valid * w->fe->bands; k++) floors[i] = bands[k] > floors[i] ? bands[k] : floors[i];
    }
  }
  return AUS_OK;
}

aus_status aus_window_floors(aus_window_of_mixes *w, int64_t n, const uint8_t *z, float *floors)
{
  const aus_frontend *fe = w->fe;
  const aus_mixes *m = w->mixes;
  for (int64_t i = 0; i < n; i++) floors[i] = -INFINITY;
  if (fe->waveform || fe->top_db <= 0) return AUS_OK;
  const int64_t frames = aus_stft_frames(fe->stft, m->samples);
  float *bands = aus_alloc(fe->ctx, FLOOR_STEP, (size_t)fe->bands * sizeof *bands), whole = 0;
  aus_status status = bands ? aus_frontend_floor(fe, m->samples, m->whole, &whole) : AUS_ENOMEM;
  for (int64_t t = 0; status == AUS_OK && t < frames; t += FLOOR_STEP) {
    status = aus_window_set(w, t, frames - t < FLOOR_STEP ? frames - t : FLOOR_STEP);
    if (status == AUS_OK) status = raise_floors(w, n, z, bands, floors);
  }
  for (int64_t i = 0; i < n; i++)
    floors[i] = aus_row_all_on(m->n_parts, z + i * m->n_parts) ? whole : (float)(floors[i] - fe->top_db);
  aus_free(fe->ctx, bands);
  return status;
}
