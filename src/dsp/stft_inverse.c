/* stft_inverse.c - overlap-add: x[i] = sum_t w[i - t hop] IFFT(X[t])[i - t hop] / sum_t w^2[i - t hop] [Griffin84].
 *
 * The output is cut into tiles of whole hops. A tile's owner transforms every frame that meets the tile,
 * also those its neighbours need, adds them in ascending order in its own buffer, divides, and writes its
 * range only: no two threads write one sample and the order of additions is fixed by the tile. About one frame in
 * twenty is computed twice at 75 % overlap. */
#include "dsp/spec.h"

#include <string.h>

struct inverse {
  const aus_stft *stft;
  int64_t samples, frames, pad;
  int64_t first_tile, base, x0; /* re and im start at frame base, x at sample x0 */
  const float *re, *im;
  float *x;
};

/* 1 / sum of squared windows over the frames that exist, at place i of the padded signal, near an end. */
static float norm_at(const struct inverse *t, int64_t i)
{
  const int64_t hop = t->stft->config.hop, n = t->stft->config.n_fft, last = i / hop;
  const int64_t first = i - n + 1 <= 0 ? 0 : (i - n + hop) / hop;
  double sum = 0;
  for (int64_t f = first; f <= last && f < t->frames; f++) {
    const double w = t->stft->window[i - f * hop];
    sum += w * w;
  }
  return (float)(sum > 1e-8 ? 1 / sum : 1);
}

/* x = sum / norm for places [from, to); sum starts at place from. */
static void write_out(const struct inverse *t, const float *sum, int64_t from, int64_t to)
{
  const int64_t hop = t->stft->config.hop, n = t->stft->config.n_fft, full = t->frames * hop; /* all frames there before this */
  float *x = t->x + (from - t->pad - t->x0);
  int64_t i = from;
  for (; i < to && i < n; i++) *x++ = *sum++ * norm_at(t, i);
  while (i < to && i < full) {
    const int64_t phase = i % hop, end = i - phase + hop, count = (end < to ? end : to) - i;
    t->stft->ctx->kernels->rank.mul(count, sum, t->stft->norm + phase, x);
    sum += count;
    x += count;
    i += count;
  }
  for (; i < to; i++) *x++ = *sum++ * norm_at(t, i);
}

/* Frames [first, last) added one by one, where the length suits a transform inside a row. */
static void add_rows(const struct inverse *t, int64_t first, int64_t last, float *a, float *b, float *sum)
{
  const aus_stft *s = t->stft;
  const int64_t bins = s->config.n_fft / 2 + 1;
  for (int64_t f = first; f < last; f++, sum += s->config.hop)
    s->ctx->kernels->fft.row_inverse(&s->fft->row, t->re + (f - t->base) * bins, t->im + (f - t->base) * bins,
                                     1.0f / (float)s->config.n_fft, s->window, a, b, sum);
}

static void load_spectrum(const struct inverse *t, int64_t frame, int lanes, float *a)
{
  const aus_kernels *k = t->stft->ctx->kernels;
  const int64_t bins = t->stft->config.n_fft / 2 + 1, at = (frame - t->base) * bins;
  k->spec.gather(bins, t->re + at, bins, lanes, NULL, a, 2 * k->width);
  k->spec.gather(bins, t->im + at, bins, lanes, NULL, a + k->width, 2 * k->width);
}

static void inverse_tile(const struct inverse *t, int64_t tile, unsigned char *scratch)
{
  const aus_stft *s = t->stft;
  const aus_kernels *k = s->ctx->kernels;
  const int64_t hop = s->config.hop, n = s->config.n_fft, begin = tile * s->tile_hops * hop;
  int64_t first = tile * s->tile_hops - (s->tile_frames - s->tile_hops), last = (tile + 1) * s->tile_hops;
  if (last > t->frames) last = t->frames;
  float *a = (float *)scratch, *b = (float *)(scratch + s->area_bytes);
  float *sum = (float *)(scratch + 2 * s->area_bytes + s->rows_bytes); /* starts at frame `first`, present or not */
  memset(sum, 0, (size_t)((s->tile_frames - 1) * hop + n) * sizeof *sum);
  if (aus_fft_by_row(s->fft)) {
    const int64_t f = first < 0 ? 0 : first;
    add_rows(t, f, last, a, b, sum + (f - first) * hop);
  }
  for (int64_t f = first < 0 ? 0 : first; !aus_fft_by_row(s->fft) && f < last; f += k->width) {
    const int lanes = last - f < k->width ? (int)(last - f) : k->width;
    load_spectrum(t, f, lanes, a);
    aus_fft_rows_overlap_add(s->fft, k, a, b, lanes, s->window, sum + (f - first) * hop, hop);
  }
  sum += begin - first * hop;
  const int64_t from = begin < t->pad ? t->pad : begin;
  const int64_t whole = begin + s->tile_hops * hop, end = whole < t->pad + t->samples ? whole : t->pad + t->samples;
  if (from < end) write_out(t, sum + from - begin, from, end);
}

static void inverse_tiles(void *arg, int64_t begin, int64_t end, int worker)
{
  const struct inverse *t = arg;
  for (int64_t i = begin; i < end; i++)
    inverse_tile(t, t->first_tile + i, t->stft->scratch + (size_t)worker * t->stft->worker_bytes);
}

static int64_t pad_of(const aus_stft *s) { return s->config.center == AUS_CENTER_NONE ? 0 : s->config.n_fft / 2; }

int64_t aus_stft_tiles(const aus_stft *s, int64_t samples)
{
  const int64_t tile = s->tile_hops * s->config.hop;
  return (pad_of(s) + samples + tile - 1) / tile;
}

aus_tiles aus_stft_tiles_need(const aus_stft *s, int64_t samples, int64_t first_tile, int64_t tiles)
{
  const int64_t frames = aus_stft_frames(s, samples), pad = pad_of(s), hops = s->tile_hops, hop = s->config.hop;
  int64_t first = first_tile * hops - (s->tile_frames - hops), last = (first_tile + tiles) * hops;
  int64_t from = first_tile * hops * hop - pad, to = (first_tile + tiles) * hops * hop - pad;
  if (first < 0) first = 0;
  if (last > frames) last = frames;
  if (from < 0) from = 0;
  if (to > samples) to = samples;
  return (aus_tiles){ first, last > first ? last - first : 0, from, to };
}

void aus_stft_inverse_window(const aus_stft *s, int64_t samples, int64_t first_tile, int64_t tiles, const float *re,
                             const float *im, int64_t x0, float *x)
{
  struct inverse t = { .stft = s, .samples = samples, .frames = aus_stft_frames(s, samples), .pad = pad_of(s),
                       .first_tile = first_tile, .base = aus_stft_tiles_need(s, samples, first_tile, tiles).first_frame,
                       .x0 = x0, .re = re, .im = im, .x = x };
  aus_parallel_for(s->ctx, tiles, 1, inverse_tiles, &t);
}

void aus_stft_inverse_tiles(const aus_stft *s, int64_t samples, int64_t first_tile, int64_t tiles, const float *re,
                            const float *im, float *x)
{
  aus_stft_inverse_window(s, samples, first_tile, tiles, re, im, 0, x);
}

aus_status aus_stft_inverse(const aus_stft *s, int64_t samples, const float *re, const float *im, float *x)
{
  if (samples < 1) return aus_fail(s->ctx, AUS_EINVAL, "inverse STFT: there are no samples");
  aus_stft_inverse_tiles(s, samples, 0, aus_stft_tiles(s, samples), re, im, x);
  return AUS_OK;
}
