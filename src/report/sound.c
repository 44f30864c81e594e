/* sound.c - from components to tracks whose sum is the input, sample by sample.
 *
 * Each track is rounded to whole numbers q_i; the sum of roundings differs from the rounded input by up to half a
 * step per track. That difference e = q_input - sum q_i is folded into the tracks that reach over most of the sound
 * (baseline, residual, then the longest), so that in whole numbers sum q_i = q_input exactly: a null test is
 * silent, whatever is rounded. Cost: one pass per track. */
#include "report/sound.h"
#include "audio/decode.h"

#include <math.h>
#include <string.h>

/* ---- from parts to mono ---------------------------------------------------------------- */

/* The channels of a model that hears stems are stems: their sum is the sound. */
static float mono_at(const float *x, int32_t channels, int64_t plane, int64_t t)
{
  float v = x[t];
  for (int32_t k = 1; k < channels; k++) v += x[(int64_t)k * plane + t];
  return v;
}

/* n samples from `begin` on; channels lie `plane` apart. */
typedef struct source { const float *x; int64_t begin, n, plane; } source;

/* A part from its first to its last sample that is not silent. */
static source trimmed(const aus_part *p, int32_t channels)
{
  source s = { p->data, p->begin, p->end - p->begin, p->end - p->begin };
  int64_t from = 0, to = s.n;
  while (from < to && mono_at(p->data, channels, s.plane, from) == 0) from++;
  while (to > from && mono_at(p->data, channels, s.plane, to - 1) == 0) to--;
  s.x += from;
  s.begin += from;
  s.n = to - from;
  return s;
}

static source source_of(const aus_components *c, int32_t component)
{
  if (component == AUS_TRACK_BASELINE) return (source){ c->off, 0, c->samples, c->samples };
  if (component == AUS_TRACK_INPUT) return (source){ c->whole, 0, c->samples, c->samples };
  return trimmed(&c->part[component], c->channels);
}

static double peak_of(const aus_components *c, const aus_tracks *out)
{
  double peak = 0;
  for (int32_t i = 0; i < out->n; i++) {
    const source s = source_of(c, out->track[i].component);
    for (int64_t t = 0; t < s.n; t++) peak = fmax(peak, fabs((double)mono_at(s.x, c->channels, s.plane, t)));
  }
  return peak;
}

static void round_track(const aus_components *c, aus_tracks *out, aus_track *k)
{
  const source s = source_of(c, k->component);
  const double scale = ldexp(out->gain, out->bits - 1);
  const int32_t top = (int32_t)((1 << (out->bits - 1)) - 1);
  for (int64_t t = 0; t < s.n; t++) {
    const double v = rint((double)mono_at(s.x, c->channels, s.plane, t) * scale);
    k->x[s.begin - k->begin + t] = v > top ? top : v < -top ? -top : (int32_t)v;
  }
}

/* ---- rounding errors find a home -------------------------------------------------------- */

/* Tracks in the order in which they take errors: the baseline, then by falling length, last ones (residuals) first. */
static int32_t next_home(const aus_tracks *t, const uint8_t *used)
{
  int32_t best = -1;
  for (int32_t i = 0; i < t->n; i++) {
    const aus_track *k = &t->track[i];
    if (used[i] || k->component == AUS_TRACK_INPUT) continue;
    if (k->component == AUS_TRACK_BASELINE) return i;
    if (best < 0 || k->n >= t->track[best].n) best = i;
  }
  return best;
}

static aus_status fold_errors(aus_tracks *t)
{
  const aus_track *input = &t->track[t->n - 1];
  int32_t *error = aus_alloc(t->ctx, (size_t)t->samples + 1, sizeof *error);
  uint8_t *used = aus_alloc_zero(t->ctx, (size_t)t->n, 1);
  if (!error || !used) { aus_free(t->ctx, error); aus_free(t->ctx, used); return AUS_ENOMEM; }
  memcpy(error, input->x, (size_t)t->samples * sizeof *error);
  for (int32_t i = 0; i < t->n - 1; i++)
    for (int64_t s = 0; s < t->track[i].n; s++) error[t->track[i].begin + s] -= t->track[i].x[s];
  for (int32_t i; (i = next_home(t, used)) >= 0; used[i] = 1) {
    aus_track *k = &t->track[i];
    for (int64_t s = 0; s < k->n; s++) {
      k->x[s] += error[k->begin + s];
      error[k->begin + s] = 0;
    }
  }
  aus_free(t->ctx, error);
  aus_free(t->ctx, used);
  return AUS_OK;
}

/* ---- tracks ---------------------------------------------------------------------------- */

static aus_status add_track(aus_tracks *t, const aus_components *c, int32_t component, bool whole_length)
{
  const source s = source_of(c, component);
  aus_track *k = &t->track[t->n++];
  *k = (aus_track){ .component = component, .begin = whole_length ? 0 : s.begin, .n = whole_length ? c->samples : s.n };
  if (k->n < 1 && c->samples > 0) *k = (aus_track){ .component = component, .n = 1 }; /* browsers read no file without samples */
  k->x = aus_alloc_zero(t->ctx, (size_t)k->n + 1, sizeof *k->x);
  return k->x ? AUS_OK : AUS_ENOMEM;
}

aus_status aus_tracks_make(aus_ctx *ctx, const aus_components *c, int bits, bool whole_length, aus_tracks *out)
{
  *out = (aus_tracks){ .ctx = ctx, .rate = c->rate, .bits = bits, .samples = c->samples, .gain = 1 };
  out->track = aus_alloc_zero(ctx, (size_t)c->n + 2, sizeof *out->track);
  if (!out->track) return AUS_ENOMEM;
  for (int32_t i = 0; i < c->n; i++) AUS_TRY(add_track(out, c, i, whole_length));
  if (c->off) AUS_TRY(add_track(out, c, AUS_TRACK_BASELINE, whole_length));
  AUS_TRY(add_track(out, c, AUS_TRACK_INPUT, true));
  /* Room for errors: at full scale a folded one must not need a bit more. */
  const double full = ldexp(1.0, bits - 1), room = (full - 1 - out->n) / full, peak = peak_of(c, out);
  if (peak > room) out->gain = room / peak;
  for (int32_t i = 0; i < out->n; i++) round_track(c, out, &out->track[i]);
  return fold_errors(out);
}

void aus_tracks_free(aus_tracks *t)
{
  for (int32_t i = 0; i < t->n; i++) {
    aus_free(t->ctx, t->track[i].x);
    aus_free(t->ctx, t->track[i].bytes);
  }
  aus_free(t->ctx, t->track);
  *t = (aus_tracks){0};
}

void aus_track_peaks(const aus_tracks *t, const aus_track *track, int32_t n, float *peak)
{
  const double full = ldexp(1.0, t->bits - 1);
  for (int32_t i = 0; i < n; i++) {
    const int64_t from = t->samples * i / n - track->begin, to = t->samples * (i + 1) / n - track->begin;
    int32_t most = 0;
    for (int64_t s = from < 0 ? 0 : from; s < to && s < track->n; s++) {
      const int32_t v = track->x[s] < 0 ? -track->x[s] : track->x[s];
      most = v > most ? v : most;
    }
    peak[i] = (float)(most / full);
  }
}

/* ---- files ------------------------------------------------------------------------------ */

static aus_status encode_wav(const aus_tracks *t, aus_track *k)
{
  const int32_t bytes = t->bits / 8;
  uint8_t head[AUS_WAV_HEADER];
  const int32_t head_n = aus_wav_header(head, 1, t->rate, t->bits == 24 ? AUS_WAV_PCM24 : AUS_WAV_PCM16, k->n);
  const size_t data = (size_t)k->n * (size_t)bytes;
  k->size = (size_t)head_n + data + (data & 1);
  k->bytes = aus_alloc_zero(t->ctx, k->size, 1);
  if (!k->bytes) return AUS_ENOMEM;
  memcpy(k->bytes, head, (size_t)head_n);
  for (int64_t s = 0; s < k->n; s++)
    for (int32_t b = 0; b < bytes; b++) k->bytes[head_n + s * bytes + b] = (uint8_t)((uint32_t)k->x[s] >> 8 * b);
  return AUS_OK;
}

static aus_status encode(const aus_tracks *t, aus_track *k, bool flac)
{
  void *bytes;
  if (!flac) return encode_wav(t, k);
  AUS_TRY(aus_flac_encode(t->ctx, t->rate, t->bits, k->n, k->x, &bytes, &k->size));
  k->bytes = bytes;
  return AUS_OK;
}

aus_status aus_tracks_encode(aus_tracks *t, aus_track_format format)
{
  t->size = 0;
  t->flac = format != AUS_TRACKS_WAV;
  for (int32_t i = 0; i < t->n; i++) {
    aus_status status = encode(t, &t->track[i], t->flac);
    if (status == AUS_ENOTSUP && format == AUS_TRACKS_BEST && i == 0) { /* no libsndfile, or not this rate */
      t->flac = false;
      status = encode(t, &t->track[i], false);
    }
    if (status != AUS_OK) return status;
    t->size += t->track[i].size;
  }
  return AUS_OK;
}
