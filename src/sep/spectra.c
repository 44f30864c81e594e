/* spectra.c - networks that hear a spectrogram and give masks or spectra for it.
 *
 * With X the complex spectrogram of the sound:
 *   real mask       S_i = m_i X                complex mask      S_i = m_i X (complex product)
 *   real spectrum   S_i = s_i X / |X|          complex spectrum  S_i = s_i
 *   ratio           magnitudes, made into masks or filtered spectra when all of a frame's are there (ratio.c)
 * Bins above those the network hears stay in the residual. A window slides along the frames: it holds X and the cross-faded
 * answers for the frames that the next tiles of the inverse STFT need, so the memory does not depend on the length. Frames and
 * samples are counted from `lead` zeros before the sound. */
#include "sep/network.h"

#include <math.h>
#include <string.h>

enum { TILES = 4, AHEAD = 64 }; /* inverse tiles at a time; frames transformed at a time */

typedef struct window {
  sep_pass pass;
  sep_net *n;
  int64_t samples, frames, all_bins;
  int64_t capacity, first;     /* frames held: [first, first + capacity) */
  int64_t transformed;         /* frames of X that exist, from 0 */
  int64_t patch, patches;      /* next one; how many */
  int64_t settled;             /* answers before this frame are complete */
  int64_t tile, tiles;         /* next of the inverse; how many */
  int parts;                   /* numbers of an answer */
  float *re, *im;              /* X [channels][capacity][all_bins] */
  float *answer;               /* [stems][channels][capacity][bins][parts] */
  float *s_re, *s_im;          /* one stem's spectrum [capacity][all_bins] */
  float *level;                /* [bins] */
  float *x;                    /* samples of AHEAD frames */
  float **stem;                /* [stems] of one block, [channels][block] */
  int64_t block;
} window;

static int64_t planes(const window *w) { return (int64_t)w->n->s->info.n_stems * w->n->channels; }
static int64_t row_of(const window *w) { return (int64_t)w->n->bins * w->parts; }

static aus_status window_alloc(window *w, int64_t most)
{
  aus_ctx *ctx = w->pass.ctx;
  const aus_stft_config *c = &w->n->stft->config;
  w->capacity = most + w->n->patch + AHEAD;
  w->block = TILES * w->n->stft->tile_hops * c->hop;
  const size_t plane = (size_t)w->capacity * (size_t)w->all_bins, channels = (size_t)w->n->channels, stems = (size_t)w->n->s->info.n_stems;
  w->re = aus_alloc(ctx, channels * plane, sizeof(float));
  w->im = aus_alloc(ctx, channels * plane, sizeof(float));
  w->s_re = aus_alloc(ctx, plane, sizeof(float));
  w->s_im = aus_alloc(ctx, plane, sizeof(float));
  w->answer = aus_alloc_zero(ctx, (size_t)planes(w) * (size_t)w->capacity * (size_t)row_of(w), sizeof(float));
  w->level = aus_alloc(ctx, (size_t)w->n->bins, sizeof(float));
  w->x = aus_alloc(ctx, (size_t)(AHEAD * c->hop + 2 * c->n_fft), sizeof(float));
  w->stem = aus_alloc_zero(ctx, stems, sizeof *w->stem);
  for (size_t i = 0; w->stem && i < stems; i++)
    if (!(w->stem[i] = aus_alloc(ctx, channels * (size_t)w->block, sizeof(float)))) return AUS_ENOMEM;
  return w->re && w->im && w->s_re && w->s_im && w->answer && w->level && w->x && w->stem ? AUS_OK : AUS_ENOMEM;
}

static void end(sep_pass *pass)
{
  window *w = (window *)pass;
  float *block[] = { w->re, w->im, w->s_re, w->s_im, w->answer, w->level, w->x };
  for (size_t i = 0; i < sizeof block / sizeof *block; i++) aus_free(pass->ctx, block[i]);
  for (int32_t i = 0; w->stem && i < w->n->s->info.n_stems; i++) aus_free(pass->ctx, w->stem[i]);
  aus_free(pass->ctx, w->stem);
}

/* Moves rows so that the window starts at frame `first`; fresh rows are zero. */
static void slide_plane(float *plane, int64_t capacity, int64_t row, int64_t by)
{
  memmove(plane, plane + by * row, (size_t)((capacity - by) * row) * sizeof *plane);
  memset(plane + (capacity - by) * row, 0, (size_t)(by * row) * sizeof *plane);
}

static void slide(window *w, int64_t first)
{
  const int64_t by = first - w->first, answer = row_of(w);
  if (by <= 0) return;
  for (int32_t c = 0; c < w->n->channels; c++) {
    slide_plane(w->re + c * w->capacity * w->all_bins, w->capacity, w->all_bins, by);
    slide_plane(w->im + c * w->capacity * w->all_bins, w->capacity, w->all_bins, by);
  }
  for (int64_t p = 0; p < planes(w); p++) slide_plane(w->answer + p * w->capacity * answer, w->capacity, answer, by);
  w->first = first;
}

/* x[from, to) of plane c, counted with the lead; silence outside the sound. */
static aus_status samples_of(window *w, int32_t c, int64_t from, int64_t to)
{
  const sep_input *in = &w->pass.in;
  const int64_t a = from - w->n->lead, b = to - w->n->lead, begin = a < 0 ? 0 : a, stop = b > in->samples ? in->samples : b;
  memset(w->x, 0, (size_t)(to - from) * sizeof *w->x);
  return begin < stop ? in->read(in->user, c, begin, stop - begin, w->x + (begin - a)) : AUS_OK;
}

/* X up to frame `end` at least. */
static aus_status transform(window *w, int64_t end)
{
  while (w->transformed < end) {
    int64_t from, to, count = AHEAD;
    if (count > w->frames - w->transformed) count = w->frames - w->transformed;
    if (count > w->first + w->capacity - w->transformed) count = w->first + w->capacity - w->transformed;
    aus_stft_window_of(w->n->stft, w->samples, w->transformed, count, &from, &to);
    for (int32_t c = 0; c < w->n->channels; c++) {
      const int64_t at = (c * w->capacity + w->transformed - w->first) * w->all_bins;
      AUS_TRY(samples_of(w, c, from, to));
      aus_stft_forward_window(w->n->stft, w->samples, w->x, from, w->transformed, count, w->re + at, w->im + at);
    }
    w->transformed += count;
  }
  return AUS_OK;
}

/* ---- one patch ------------------------------------------------------------------------------------ */

static void load_frame(window *w, int32_t c, int64_t frame, int64_t t, float *in)
{
  const sep_net *n = w->n;
  const int64_t at = (c * w->capacity + frame - w->first) * w->all_bins;
  float *to = in + c * n->layout.channel + t * n->layout.time;
  const float *re = w->re + at, *im = w->im + at;
  if (n->complex_in) {
    for (int32_t b = 0; b < n->bins; b++) {
      to[b * n->layout.bin] = re[b];
      to[b * n->layout.bin + n->layout.part] = im[b];
    }
    return;
  }
  for (int32_t b = 0; b < n->bins; b++) {
    const float power = re[b] * re[b] + im[b] * im[b];
    w->level[b] = n->power == 2 ? power : sqrtf(power);
  }
  if (n->log.kind != AUS_LOG_NONE) aus_log_apply(w->pass.ctx, &n->log, n->bins, w->level);
  for (int32_t b = 0; b < n->bins; b++) to[b * n->layout.bin] = w->level[b];
}

static void add_frame(window *w, int64_t plane, const float *from, int64_t frame, float weight)
{
  const sep_net *n = w->n;
  const int64_t row = row_of(w), parts = n->complex_out ? 2 : 1;
  float *to = w->answer + (plane * w->capacity + frame - w->first) * row;
  for (int32_t b = 0; b < n->bins; b++)
    for (int64_t k = 0; k < parts; k++) to[b * w->parts + k] += weight * from[b * n->out_layout.bin + k];
}

/* Answers before frame `end` are complete: magnitudes become what multiplies the mix. */
static aus_status settle(window *w, int64_t end)
{
  const sep_net *n = w->n;
  const int64_t at = w->settled - w->first;
  const sep_frames f = { .ctx = w->pass.ctx, .stems = n->s->info.n_stems, .channels = n->channels, .bins = n->bins, .frames = end - w->settled,
                         .x_row = w->all_bins, .a_row = row_of(w), .x_plane = w->capacity * w->all_bins, .a_plane = w->capacity * row_of(w),
                         .re = w->re + at * w->all_bins, .im = w->im + at * w->all_bins, .exponent = n->exponent, .answer = w->answer + at * row_of(w) };
  w->settled = end;
  if (n->gives != SEP_RATIO || f.frames < 1) return AUS_OK;
  if (n->wiener) return sep_wiener(&f);
  sep_ratio_masks(&f);
  return AUS_OK;
}

static aus_status run_patch(window *w)
{
  sep_net *n = w->n;
  const int64_t start = w->patch * n->hop, there = w->frames - start < n->patch ? w->frames - start : n->patch;
  float *in = aus_run_input(n->run, 0);
  AUS_TRY(transform(w, start + there));
  memset(in, 0, (size_t)n->channels * (size_t)(n->patch * n->bins * (n->complex_in ? 2 : 1)) * sizeof *in);
  for (int32_t c = 0; c < n->channels; c++)
    for (int64_t t = 0; t < there; t++) load_frame(w, c, start + t, t, in);
  AUS_TRY(sep_net_forward(&w->pass));
  aus_dims dims;
  const float *out = aus_run_output(n->run, 0, &dims);
  for (int64_t p = 0; p < planes(w); p++) {
    const float *from = out + p / n->channels * n->out_stem + p % n->channels * n->out_layout.channel;
    for (int64_t t = 0; t < there; t++)
      add_frame(w, p, from + t * n->out_layout.time, start + t, sep_net_fade(n, w->patch, w->patches, t));
  }
  w->patch++;
  return settle(w, w->patch < w->patches ? start + n->hop : w->frames);
}

/* ---- stems ------------------------------------------------------------------------------------------ */

/* One bin of a stem from X and the answer a[1 or 2]. */
static void apply(const sep_net *n, float re, float im, const float *a, float *s_re, float *s_im)
{
  if (n->gives == SEP_MASK || (n->gives == SEP_RATIO && !n->wiener)) {
    const float a_im = n->complex_out ? a[1] : 0;
    *s_re = re * a[0] - im * a_im;
    *s_im = im * a[0] + re * a_im;
  } else if (n->complex_out || n->wiener) {
    *s_re = a[0];
    *s_im = a[1];
  } else {
    const float level = hypotf(re, im), gain = level > 0 ? a[0] / level : 0;
    *s_re = re * gain;
    *s_im = im * gain;
  }
}

/* Bins that the network does not hear get the mean of the frame's mask. */
static void extend(window *w, const float *mask, int64_t at, int64_t to)
{
  double sum = 0;
  for (int32_t b = 0; b < w->n->bins; b++) sum += mask[b];
  const float mean = (float)(sum / w->n->bins);
  for (int64_t b = w->n->bins; b < w->all_bins; b++) {
    w->s_re[to + b] = mean * w->re[at + b];
    w->s_im[to + b] = mean * w->im[at + b];
  }
}

static void stem_spectrum(window *w, int64_t plane, int64_t first, int64_t frames)
{
  const sep_net *n = w->n;
  const int64_t c = plane % n->channels, row = row_of(w);
  memset(w->s_re, 0, (size_t)(frames * w->all_bins) * sizeof *w->s_re);
  memset(w->s_im, 0, (size_t)(frames * w->all_bins) * sizeof *w->s_im);
  for (int64_t f = 0; f < frames; f++) {
    const int64_t at = (c * w->capacity + first + f - w->first) * w->all_bins, to = f * w->all_bins;
    const float *a = w->answer + (plane * w->capacity + first + f - w->first) * row;
    for (int32_t b = 0; b < n->bins; b++)
      apply(n, w->re[at + b], w->im[at + b], a + b * w->parts, &w->s_re[to + b], &w->s_im[to + b]);
    if (n->average && !n->wiener) extend(w, a, at, to);
  }
}

/* The next tiles of every stem. With a lead, tiles before the sound are passed over. */
static aus_status next(sep_pass *pass, sep_piece *piece)
{
  window *w = (window *)pass;
  const int64_t lead = w->n->lead;
  for (;;) {
    const int64_t count = w->tiles - w->tile < TILES ? w->tiles - w->tile : TILES;
    const aus_tiles need = aus_stft_tiles_need(w->n->stft, w->samples, w->tile, count);
    const int64_t stop = need.first_frame + need.frames, from = need.from > lead ? need.from : lead, to = need.to < lead + pass->in.samples ? need.to : lead + pass->in.samples;
    slide(w, need.first_frame);
    while (w->settled < stop) AUS_TRY(run_patch(w));
    for (int64_t p = 0; p < planes(w) && from < to; p++) {
      stem_spectrum(w, p, need.first_frame, need.frames);
      aus_stft_inverse_window(w->n->stft, w->samples, w->tile, count, w->s_re, w->s_im, need.from, w->stem[p / w->n->channels] + p % w->n->channels * w->block);
    }
    w->tile += count;
    if (from >= to) continue;
    for (int64_t p = 0; p < planes(w) && from > need.from; p++) {
      float *plane = w->stem[p / w->n->channels] + p % w->n->channels * w->block;
      memmove(plane, plane + (from - need.from), (size_t)(to - from) * sizeof *plane);
    }
    *piece = (sep_piece){ from - lead, to - from, w->block, w->stem };
    return AUS_OK;
  }
}

aus_status sep_net_spectra(aus_ctx *ctx, sep_net *n, const sep_input *in, sep_pass **out)
{
  window *w = AUS_NEW(ctx, window);
  *out = w ? &w->pass : NULL;
  if (!w) return AUS_ENOMEM;
  const aus_stft_config *c = &n->stft->config;
  w->pass = (sep_pass){ .ctx = ctx, .n = n, .in = *in, .next = next, .end = end };
  w->n = n;
  w->parts = n->complex_out || n->wiener ? 2 : 1;
  w->samples = n->lead ? (n->lead + in->samples + c->hop - 1) / c->hop * c->hop - c->hop + c->n_fft : in->samples; /* ceil(n / hop) frames */
  w->frames = aus_stft_frames(n->stft, w->samples);
  w->all_bins = aus_stft_bins(n->stft);
  w->patches = sep_net_patches(n, w->frames);
  w->tiles = aus_stft_tiles(n->stft, w->samples);
  return window_alloc(w, aus_stft_tiles_need(n->stft, INT64_MAX / 4, 2, TILES).frames);
}
