/* stft.c - short-time spectra: X[t][k] = sum_i w[i] x[t hop + i - pad] e^(-2 pi i k i / n_fft).
 *
 * Frames go VW at a time, one per lane: framing, windowing and the change of layout are one pass over the
 * signal, the transform has no shuffle, and what follows (power, filterbank, logarithm) happens before anything is
 * written out. Frames that reach over an end are first written out with the end continued. Each group of
 * frames writes its own rows, so the bits do not depend on the number of threads.
 * Cost: 2.5 n log2 n flops a frame, about one pass over the group's area (VW n floats) per radix. */
#include "dsp/spec.h"

#include <string.h>

static size_t round_up(size_t bytes) { return (bytes + AUS_ALIGN - 1) & ~(size_t)(AUS_ALIGN - 1); }

static aus_status check(aus_ctx *ctx, const aus_stft_config *c)
{
  if (c->n_fft < 1 || c->hop < 1) return aus_fail(ctx, AUS_EINVAL, "STFT: n_fft %d and hop %d must be positive", c->n_fft, c->hop);
  if (c->win_length < 1 || c->win_length > c->n_fft)
    return aus_fail(ctx, AUS_EINVAL, "STFT: the window's length %d is not within 1 to n_fft %d", c->win_length, c->n_fft);
  if ((unsigned)c->window > AUS_WINDOW_RECTANGULAR || (unsigned)c->center > AUS_CENTER_ZERO)
    return aus_fail(ctx, AUS_EINVAL, "STFT: unknown window or centring");
  return AUS_OK;
}

/* 1 / sum of squared windows at each place of a hop, all frames present. */
static void fill_norm(aus_stft *s)
{
  for (int32_t i = 0; i < s->config.hop; i++) {
    double sum = 0;
    for (int64_t j = i; j < s->config.n_fft; j += s->config.hop) sum += (double)s->window[j] * s->window[j];
    s->norm[i] = (float)(sum > 1e-8 ? 1 / sum : 1);
  }
}

/* How the inverse cuts its output: about 64 frames at a time, so that the frames computed twice, on both
 * sides of a cut, are few. */
static void choose_tile(aus_stft *s, int64_t wanted)
{
  const int64_t hop = s->config.hop, overlap = (s->config.n_fft + hop - 1) / hop, longest = (1 << 20) / hop + 1;
  s->tile_hops = 65 - overlap > overlap ? 65 - overlap : overlap;
  if (overlap == 1 && s->tile_hops > longest) s->tile_hops = longest;
  if (wanted) s->tile_hops = wanted;
  s->tile_frames = s->tile_hops + overlap - 1;
}

static aus_status allocate(aus_stft *s)
{
  const size_t n = (size_t)s->config.n_fft, width = (size_t)s->ctx->kernels->width;
  const size_t tile = (size_t)(s->tile_frames - 1) * (size_t)s->config.hop + n;
  s->window = aus_alloc_zero(s->ctx, n, sizeof(float));
  s->norm = aus_alloc(s->ctx, (size_t)s->config.hop, sizeof(float));
  s->area_bytes = round_up(aus_fft_lane_floats(s->fft, (int)width) * sizeof(float));
  s->rows_bytes = round_up(2 * width * (n / 2 + 1) * sizeof(float));
  if (s->rows_bytes < round_up(width * n * sizeof(float))) s->rows_bytes = round_up(width * n * sizeof(float));
  s->worker_bytes = 2 * s->area_bytes + s->rows_bytes + round_up(tile * sizeof(float));
  s->scratch = aus_alloc(s->ctx, (size_t)s->ctx->threads, s->worker_bytes);
  return s->window && s->norm && s->scratch ? AUS_OK : AUS_ENOMEM;
}

aus_status aus_stft_create_tiled(aus_ctx *ctx, const aus_stft_config *config, int64_t tile_hops, aus_stft **out)
{
  *out = NULL;
  AUS_TRY(check(ctx, config));
  aus_stft *s = AUS_NEW(ctx, aus_stft);
  if (!s) return AUS_ENOMEM;
  s->ctx = ctx;
  s->config = *config;
  choose_tile(s, tile_hops);
  aus_status status = aus_fft_create(ctx, config->n_fft, &s->fft);
  if (status == AUS_OK) status = allocate(s);
  if (status != AUS_OK) {
    aus_stft_destroy(s);
    return status;
  }
  aus_window_fill(config->window, config->win_length, s->window + (config->n_fft - config->win_length) / 2);
  fill_norm(s);
  *out = s;
  return AUS_OK;
}

aus_status aus_stft_create(aus_ctx *ctx, const aus_stft_config *config, aus_stft **out) { return aus_stft_create_tiled(ctx, config, 0, out); }

void aus_stft_destroy(aus_stft *s)
{
  if (!s) return;
  aus_fft_destroy(s->ctx, s->fft);
  aus_free(s->ctx, s->window);
  aus_free(s->ctx, s->norm);
  aus_free(s->ctx, s->scratch);
  aus_free(s->ctx, s);
}

int32_t aus_stft_bins(const aus_stft *s) { return s->config.n_fft / 2 + 1; }

static int64_t pad_of(const aus_stft *s) { return s->config.center == AUS_CENTER_NONE ? 0 : s->config.n_fft / 2; }

int64_t aus_stft_frames(const aus_stft *s, int64_t samples)
{
  const int64_t over = samples + 2 * pad_of(s) - s->config.n_fft;
  return samples < 1 || over < 0 ? 0 : 1 + over / s->config.hop;
}

/* ---- framing --------------------------------------------------------------------------- */

/* x[0] is sample x0. */
static float sample_at(const float *x, int64_t x0, int64_t samples, int64_t i, aus_center center)
{
  if (i >= 0 && i < samples) return x[i - x0];
  if (center != AUS_CENTER_REFLECT) return 0;
  if (samples == 1) return x[0];
  const int64_t period = 2 * (samples - 1); /* reflection without repeating the edge, over and over */
  i %= period;
  if (i < 0) i += period;
  return x[(i < samples ? i : period - i) - x0];
}

/* Where frames [frame, frame + lanes) are to be read, *ld apart: in the signal, or written out in rows at its ends. */
static const float *find_frames(const aus_stft *s, int64_t samples, const float *x, int64_t x0, int64_t frame, int lanes, float *rows,
                                int64_t *ld)
{
  const int64_t n = s->config.n_fft, hop = s->config.hop, from = frame * hop - pad_of(s);
  *ld = hop;
  if (from >= 0 && from + (lanes - 1) * hop + n <= samples) return x + (from - x0);
  for (int r = 0; r < lanes; r++)
    for (int64_t i = 0; i < n; i++) rows[r * n + i] = sample_at(x, x0, samples, from + r * hop + i, s->config.center);
  *ld = n;
  return rows;
}

/* ---- forward ------------------------------------------------------------------------------ */

struct forward {
  const aus_stft *stft;
  int64_t samples, first, count, x0; /* x[0] is sample x0 */
  const float *x;
  float *re, *im, *p; /* spectrum rows, or power rows */
  int root;
  const aus_bank *bank; /* or band rows in y */
  const aus_log_config *log;
  float *y;
};

static void forward_group(const struct forward *t, int64_t group, unsigned char *scratch)
{
  const aus_stft *s = t->stft;
  const aus_kernels *k = s->ctx->kernels;
  const int64_t at = group * k->width, bins = s->config.n_fft / 2 + 1;
  const int lanes = t->count - at < k->width ? (int)(t->count - at) : k->width;
  float *a = (float *)scratch, *b = (float *)(scratch + s->area_bytes), *rows = (float *)(scratch + 2 * s->area_bytes);
  int64_t ld;
  const float *x = find_frames(s, t->samples, t->x, t->x0, t->first + at, lanes, rows, &ld);
  if (t->re && aus_fft_by_row(s->fft)) {
    for (int r = 0; r < lanes; r++)
      k->fft.row_forward(&s->fft->row, x + r * ld, s->window, a, b, t->re + (at + r) * bins, t->im + (at + r) * bins);
    return;
  }
  if (t->re) {
    const float *X = aus_fft_rows_forward(s->fft, k, x, ld, lanes, s->window, a, b);
    k->spec.scatter(bins, X, 2 * k->width, 0, lanes, t->re + at * bins, bins);
    k->spec.scatter(bins, X + k->width, 2 * k->width, 0, lanes, t->im + at * bins, bins);
    return;
  }
  float *p = aus_fft_rows_power(s->fft, k, x, ld, lanes, s->window, a, b);
  if (t->root) k->spec.root(bins * k->width, p);
  if (t->bank) aus_bands_from_lanes(k, t->bank, t->log, p, p == a ? b : a, lanes, t->y + at * t->bank->rows.bands);
  else k->spec.scatter(bins, p, k->width, 0, lanes, t->p + at * bins, bins);
}

static void forward_groups(void *arg, int64_t begin, int64_t end, int worker)
{
  const struct forward *t = arg;
  for (int64_t g = begin; g < end; g++)
    forward_group(t, g, t->stft->scratch + (size_t)worker * t->stft->worker_bytes);
}

static void run_forward(struct forward *t)
{
  const int width = t->stft->ctx->kernels->width;
  aus_parallel_for(t->stft->ctx, (t->count + width - 1) / width, width < 16 ? 16 / width : 1, forward_groups, t);
}

static aus_status check_range(const aus_stft *s, int64_t samples, int64_t first, int64_t count)
{
  const int64_t frames = aus_stft_frames(s, samples);
  if (first < 0 || count < 0 || first > frames || count > frames - first)
    return aus_fail(s->ctx, AUS_EINVAL, "STFT: frames %lld to %lld asked for, the signal has %lld", (long long)first,
                    (long long)(first + count), (long long)frames);
  return AUS_OK;
}

static aus_status check_power(const aus_stft *s, double power)
{
  if (power == 1 || power == 2) return AUS_OK;
  return aus_fail(s->ctx, AUS_EINVAL, "STFT: the power %g must be 1 (magnitude) or 2", power);
}

void aus_stft_forward_window(const aus_stft *s, int64_t samples, const float *x, int64_t x0, int64_t first, int64_t count, float *re,
                             float *im)
{
  struct forward t = { .stft = s, .samples = samples, .first = first, .count = count, .x0 = x0, .x = x, .re = re, .im = im };
  run_forward(&t);
}

void aus_stft_forward_range(const aus_stft *s, int64_t samples, const float *x, int64_t first, int64_t count, float *re,
                            float *im)
{
  aus_stft_forward_window(s, samples, x, 0, first, count, re, im);
}

void aus_stft_window_of(const aus_stft *s, int64_t samples, int64_t first, int64_t count, int64_t *from, int64_t *to)
{
  const int64_t pad = pad_of(s), end = (first + count - 1) * s->config.hop - pad + s->config.n_fft;
  *from = first * s->config.hop - pad;
  *to = end < samples ? end : samples;
  if (end > samples && s->config.center == AUS_CENTER_REFLECT && 2 * samples - 1 - end < *from) *from = 2 * samples - 1 - end;
  if (*from < 0) {
    if (s->config.center == AUS_CENTER_REFLECT && 1 - *from > *to) *to = 1 - *from;
    *from = 0;
  }
  if (s->config.center == AUS_CENTER_REFLECT && samples <= pad) *from = 0, *to = samples;
  if (*to > samples) *to = samples;
  if (*from > *to) *from = *to;
}

aus_status aus_stft_forward(const aus_stft *s, int64_t samples, const float *x, float *re, float *im)
{
  if (samples < 1) return aus_fail(s->ctx, AUS_EINVAL, "STFT: there are no samples");
  aus_stft_forward_range(s, samples, x, 0, aus_stft_frames(s, samples), re, im);
  return AUS_OK;
}

aus_status aus_stft_power(const aus_stft *s, int64_t samples, const float *x, int64_t first, int64_t count, double power,
                          float *p)
{
  AUS_TRY(check_range(s, samples, first, count));
  AUS_TRY(check_power(s, power));
  struct forward t = { .stft = s, .samples = samples, .first = first, .count = count, .x = x, .p = p, .root = power == 1 };
  run_forward(&t);
  return AUS_OK;
}

aus_status aus_stft_bands(const aus_stft *s, int64_t samples, const float *x, int64_t first, int64_t count, double power,
                          const aus_bank *bank, const aus_log_config *log, float *y)
{
  AUS_TRY(check_range(s, samples, first, count));
  AUS_TRY(check_power(s, power));
  if (bank->bins != aus_stft_bins(s) && bank->bins != aus_stft_bins(s) - 1) /* madmom leaves the last out */
    return aus_fail(s->ctx, AUS_EINVAL, "STFT: the filterbank has %d bins, the spectrum %d", bank->bins, aus_stft_bins(s));
  if ((size_t)bank->rows.bands * (size_t)s->ctx->kernels->width > s->area_bytes / sizeof(float))
    return aus_fail(s->ctx, AUS_ELIMIT, "STFT: %d bands are too many for n_fft %d", bank->rows.bands, s->config.n_fft);
  struct forward t = { .stft = s, .samples = samples, .first = first, .count = count, .x = x, .root = power == 1,
                       .bank = bank, .log = log, .y = y };
  run_forward(&t);
  if (log) aus_log_floor(s->ctx, log, count * bank->rows.bands, y);
  return AUS_OK;
}
