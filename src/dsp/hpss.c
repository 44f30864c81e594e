/* hpss.c - harmonic / percussive separation by median filters [Fitzgerald10], with margins [Driedger14].
 *
 * In a magnitude spectrogram S a steady tone is a ridge along time and a hit a ridge along frequency. A median along
 * time (kernel_time frames) keeps the first, H, a median along frequency (kernel_freq bins) the second, P; then
 *
 *   mask_h = H^p / (H^p + (margin P)^p),   mask_p = P^p / (P^p + (margin H)^p)
 *
 * multiply the complex spectrogram. With margin 1 the two sum to the input; above 1 a residual is left. Definitions,
 * edges (mirrored) and the treatment of zeros are librosa.effects.hpss's. A file of any length is done in blocks of some ten
 * seconds with the frames the medians reach over on both sides, which gives the same result as one block.
 * Cost: two medians, about 8 operations a value each on 16 lanes, three transforms. */
#include "dsp/spec.h"

#include <float.h>
#include <math.h>

enum { BLOCK_TILES = 16 };

void aus_hpss_defaults(aus_hpss_config *config)
{
  *config = (aus_hpss_config){ .n_fft = 2048, .hop = 512, .kernel_time = 31, .kernel_freq = 31, .margin = 1, .power = 2 };
}

struct aus_hpss_pass {
  aus_ctx *ctx;
  const aus_kernels *k;
  aus_hpss_config config;
  aus_stft *stft;
  int64_t samples, total, bins, capacity; /* frames in all; frames a block has room for */
  int64_t tile, tiles;                    /* of the inverse: the next block's first; all */
  float *re, *im, *mag, *h, *p, *re2, *im2; /* [capacity][bins] */
  float *scratch;                           /* [threads][worker_floats] */
  size_t worker_floats;
  int64_t frames;    /* in this block, with context */
  int64_t skip, use; /* the frames without context: [skip, skip + use) */
};

static void magnitude(void *arg, int64_t begin, int64_t end, int worker)
{
  const aus_hpss_pass *t = arg;
  const int64_t at = begin * t->bins;
  (void)worker;
  t->k->spec.square_sum((end - begin) * t->bins, t->re + at, t->im + at, 1, t->mag + at);
}

/* h: VW bins side by side, along all frames of the block */
static void along_time(void *arg, int64_t begin, int64_t end, int worker)
{
  const aus_hpss_pass *t = arg;
  const int width = t->k->width;
  float *sorted = t->scratch + (size_t)worker * t->worker_floats;
  for (int64_t g = begin; g < end; g++) {
    const int64_t bin = g * width;
    const int lanes = t->bins - bin < width ? (int)(t->bins - bin) : width;
    t->k->rank.median(t->frames, t->config.kernel_time, t->mag + bin, t->bins, lanes, t->h + bin, t->bins, sorted);
  }
}

/* p: VW frames side by side, along all bins */
static void along_frequency(void *arg, int64_t begin, int64_t end, int worker)
{
  const aus_hpss_pass *t = arg;
  const int width = t->k->width;
  float *lanes_in = t->scratch + (size_t)worker * t->worker_floats, *lanes_out = lanes_in + t->bins * width;
  float *sorted = lanes_out + t->bins * width;
  for (int64_t g = begin; g < end; g++) {
    const int64_t at = (t->skip + g * width) * t->bins;
    const int lanes = t->use - g * width < width ? (int)(t->use - g * width) : width;
    t->k->spec.gather(t->bins, t->mag + at, t->bins, lanes, NULL, lanes_in, width);
    t->k->rank.median(t->bins, t->config.kernel_freq, lanes_in, width, width, lanes_out, width, sorted);
    t->k->spec.scatter(t->bins, lanes_out, width, 0, lanes, t->p + at, t->bins);
  }
}

static float share(double a, double b, double power, float empty)
{
  const double top = a > b ? a : b;
  if (top < FLT_MIN) return empty;
  const double p = pow(a / top, power), q = pow(b / top, power);
  return (float)(p / (p + q));
}

/* h and p become masks, frames of the block without context */
static void masks(void *arg, int64_t begin, int64_t end, int worker)
{
  const aus_hpss_pass *t = arg;
  const double margin = t->config.margin, power = t->config.power;
  const float empty = margin == 1 ? 0.5f : 0;
  const int64_t n = (end - begin) * t->bins;
  float *h = t->h + (t->skip + begin) * t->bins, *p = t->p + (t->skip + begin) * t->bins;
  (void)worker;
  if (power == 1 || power == 2) {
    t->k->rank.softmask(n, power == 2, (float)margin, (float)margin, empty, h, p);
    return;
  }
  for (int64_t i = 0; i < n; i++) {
    const float a = h[i], b = p[i];
    h[i] = share(a, b * margin, power, empty);
    p[i] = share(b, a * margin, power, empty);
  }
}

struct masked { const aus_hpss_pass *t; const float *mask; };

static void apply_mask(void *arg, int64_t begin, int64_t end, int worker)
{
  const struct masked *m = arg;
  const aus_hpss_pass *t = m->t;
  const int64_t at = (t->skip + begin) * t->bins, n = (end - begin) * t->bins;
  (void)worker;
  t->k->rank.mul(n, t->re + at, m->mask + at, t->re2 + at);
  t->k->rank.mul(n, t->im + at, m->mask + at, t->im2 + at);
}

static void write_part(aus_hpss_pass *t, const float *mask, int64_t tile, int64_t tiles, int64_t x0, float *out)
{
  struct masked m = { t, mask };
  aus_parallel_for(t->ctx, t->use, 16, apply_mask, &m);
  aus_stft_inverse_window(t->stft, t->samples, tile, tiles, t->re2 + t->skip * t->bins, t->im2 + t->skip * t->bins, x0, out);
}

static int64_t block_tiles(const aus_hpss_pass *t) { return t->tiles - t->tile < BLOCK_TILES ? t->tiles - t->tile : BLOCK_TILES; }

/* Frames of the next block with their context: [*first, *last). */
static aus_tiles block_frames(const aus_hpss_pass *t, int64_t *first, int64_t *last)
{
  const aus_tiles need = aus_stft_tiles_need(t->stft, t->samples, t->tile, block_tiles(t));
  const int64_t reach = t->config.kernel_time / 2, end = need.first_frame + need.frames + reach;
  *first = need.first_frame > reach ? need.first_frame - reach : 0;
  *last = end < t->total ? end : t->total;
  return need;
}

bool aus_hpss_need(const aus_hpss_pass *t, int64_t *from, int64_t *to)
{
  int64_t first, last;
  if (t->tile >= t->tiles) return false;
  block_frames(t, &first, &last);
  aus_stft_window_of(t->stft, t->samples, first, last - first, from, to);
  return true;
}

aus_status aus_hpss_next(aus_hpss_pass *t, const float *x, int64_t x0, int64_t part0, float *harmonic, float *percussive,
                         int64_t *from, int64_t *count)
{
  int64_t first, last;
  const int width = t->k->width;
  const aus_tiles need = block_frames(t, &first, &last);
  t->frames = last - first;
  t->skip = need.first_frame - first;
  t->use = need.frames;
  aus_stft_forward_window(t->stft, t->samples, x, x0, first, t->frames, t->re, t->im);
  aus_parallel_for(t->ctx, t->frames, 16, magnitude, t);
  aus_parallel_for(t->ctx, (t->bins + width - 1) / width, 1, along_time, t);
  aus_parallel_for(t->ctx, (t->use + width - 1) / width, 1, along_frequency, t);
  aus_parallel_for(t->ctx, t->use, 16, masks, t);
  write_part(t, t->h, t->tile, block_tiles(t), part0, harmonic);
  write_part(t, t->p, t->tile, block_tiles(t), part0, percussive);
  *from = need.from;
  *count = need.to - need.from;
  t->tile += block_tiles(t);
  return AUS_OK;
}

int64_t aus_hpss_most(const aus_hpss_pass *t) { return BLOCK_TILES * t->stft->tile_hops * t->config.hop; }

static aus_status allocate(aus_hpss_pass *t)
{
  const aus_tiles most = aus_stft_tiles_need(t->stft, t->samples, t->tiles > 1 ? 1 : 0, BLOCK_TILES);
  const int32_t size = t->config.kernel_time > t->config.kernel_freq ? t->config.kernel_time : t->config.kernel_freq;
  t->capacity = most.frames + t->config.kernel_time + t->stft->tile_frames;
  if (t->capacity > t->total) t->capacity = t->total;
  float **block[7] = { &t->re, &t->im, &t->mag, &t->h, &t->p, &t->re2, &t->im2 };
  size_t values;
  if (!aus_mul_size((size_t)t->capacity, (size_t)t->bins, &values)) return aus_fail(t->ctx, AUS_ELIMIT, "HPSS: too large");
  for (int i = 0; i < 7; i++)
    if (!(*block[i] = aus_alloc(t->ctx, values, sizeof(float)))) return AUS_ENOMEM;
  t->worker_floats = (size_t)t->k->width * (2 * (size_t)t->bins + (size_t)size);
  t->scratch = aus_alloc(t->ctx, (size_t)t->ctx->threads * sizeof(float), t->worker_floats);
  return t->scratch ? AUS_OK : AUS_ENOMEM;
}

static aus_status prepare(aus_hpss_pass *t)
{
  const aus_stft_config c = { t->config.n_fft, t->config.n_fft, t->config.hop, AUS_WINDOW_HANN, AUS_CENTER_ZERO };
  AUS_TRY(aus_stft_create(t->ctx, &c, &t->stft));
  t->bins = aus_stft_bins(t->stft);
  t->total = aus_stft_frames(t->stft, t->samples);
  t->tiles = aus_stft_tiles(t->stft, t->samples);
  return allocate(t);
}

static aus_status check(aus_ctx *ctx, const aus_hpss_config *config, int64_t samples)
{
  if (samples < 1) return aus_fail(ctx, AUS_EINVAL, "HPSS: there are no samples");
  if (config->kernel_time < 1 || config->kernel_freq < 1 || config->kernel_time > 10000 || config->kernel_freq > 10000)
    return aus_fail(ctx, AUS_EINVAL, "HPSS: the kernels' sizes %d and %d are not within 1 to 10000", config->kernel_time,
                    config->kernel_freq);
  if (config->hop > config->n_fft)
    return aus_fail(ctx, AUS_EINVAL, "HPSS: frames of %d samples every %d leave gaps", config->n_fft, config->hop);
  if (!(config->margin >= 1 && config->margin < 1e6 && config->power > 0 && config->power < 1e3))
    return aus_fail(ctx, AUS_EINVAL, "HPSS: the margin %g must be at least 1 and the power %g positive", config->margin,
                    config->power);
  return AUS_OK;
}

aus_status aus_hpss_begin(aus_ctx *ctx, const aus_hpss_config *config, int64_t samples, aus_hpss_pass **out)
{
  *out = NULL;
  AUS_TRY(check(ctx, config, samples));
  aus_hpss_pass *t = AUS_NEW(ctx, aus_hpss_pass);
  if (!t) return AUS_ENOMEM;
  *t = (aus_hpss_pass){ .ctx = ctx, .k = ctx->kernels, .config = *config, .samples = samples };
  const aus_status status = prepare(t);
  if (status != AUS_OK) aus_hpss_end(t);
  else *out = t;
  return status;
}

void aus_hpss_end(aus_hpss_pass *t)
{
  if (!t) return;
  aus_ctx *ctx = t->ctx;
  float *block[8] = { t->re, t->im, t->mag, t->h, t->p, t->re2, t->im2, t->scratch };
  for (int i = 0; i < 8; i++) aus_free(ctx, block[i]);
  aus_stft_destroy(t->stft);
  aus_free(ctx, t);
}

aus_status aus_hpss(aus_ctx *ctx, const aus_hpss_config *config, int64_t samples, const float *x, float *harmonic,
                    float *percussive)
{
  aus_hpss_pass *t;
  int64_t first, count;
  AUS_TRY(aus_hpss_begin(ctx, config, samples, &t));
  aus_status status = AUS_OK;
  while (status == AUS_OK && t->tile < t->tiles) {
    status = aus_hpss_next(t, x, 0, 0, harmonic, percussive, &first, &count);
    if (status == AUS_OK) status = aus_progress(ctx, "separating", t->tile, t->tiles);
  }
  aus_hpss_end(t);
  return status;
}
