/* spectra.c - networks that hear a spectrogram and give masks or spectra for it.
 *
 * With X the complex spectrogram of the sound:
 *   real mask       S_i = m_i X                complex mask      S_i = m_i X (complex product)
 *   real spectrum   S_i = s_i X / |X|          complex spectrum  S_i = s_i
 * Bins above those the network hears stay in the residual. A window slides along the frames: it holds X and the cross-faded
 * answers for the frames that the next tiles of the inverse STFT need, so the memory does not depend on the length. */
#include "sep/network.h"

#include <math.h>
#include <string.h>

enum { TILES = 4, AHEAD = 64 }; /* inverse tiles at a time; frames transformed at a time */

typedef struct window {
  sep_net *n;
  int64_t samples, frames, all_bins;
  const float *x;
  int64_t capacity, first;     /* frames held: [first, first + capacity) */
  int64_t transformed;         /* frames of X that exist, from 0 */
  int64_t patch, patches;      /* next one; how many */
  int64_t settled;             /* answers before this frame are complete */
  float *re, *im;              /* X [channels][capacity][all_bins] */
  float *answer;               /* [stems][channels][capacity][bins][1 or 2] */
  float *s_re, *s_im;          /* one stem's spectrum [capacity][all_bins] */
  float *level;                /* [bins] */
} window;

static int64_t parts(const window *w) { return w->n->complex_out ? 2 : 1; }
static int64_t planes(const window *w) { return (int64_t)w->n->s->info.n_stems * w->n->channels; }

static aus_status window_alloc(window *w, int64_t most)
{
  aus_ctx *ctx = w->n->s->ctx;
  w->capacity = most + w->n->patch + AHEAD;
  const size_t plane = (size_t)w->capacity * (size_t)w->all_bins, channels = (size_t)w->n->channels;
  const size_t answer = (size_t)w->capacity * (size_t)(w->n->bins * parts(w));
  w->re = aus_alloc(ctx, channels * plane, sizeof(float));
  w->im = aus_alloc(ctx, channels * plane, sizeof(float));
  w->s_re = aus_alloc(ctx, plane, sizeof(float));
  w->s_im = aus_alloc(ctx, plane, sizeof(float));
  w->answer = aus_alloc_zero(ctx, (size_t)planes(w) * answer, sizeof(float));
  w->level = aus_alloc(ctx, (size_t)w->n->bins, sizeof(float));
  return w->re && w->im && w->s_re && w->s_im && w->answer && w->level ? AUS_OK : AUS_ENOMEM;
}

static void window_free(window *w)
{
  float *block[6] = { w->re, w->im, w->s_re, w->s_im, w->answer, w->level };
  for (int i = 0; i < 6; i++) aus_free(w->n->s->ctx, block[i]);
}

/* Moves rows so that the window starts at frame `first`; fresh rows are zero. */
static void slide_plane(float *plane, int64_t capacity, int64_t row, int64_t by)
{
  memmove(plane, plane + by * row, (size_t)((capacity - by) * row) * sizeof *plane);
  memset(plane + (capacity - by) * row, 0, (size_t)(by * row) * sizeof *plane);
}

static void slide(window *w, int64_t first)
{
  const int64_t by = first - w->first, answer = w->n->bins * parts(w);
  if (by <= 0) return;
  for (int32_t c = 0; c < w->n->channels; c++) {
    slide_plane(w->re + c * w->capacity * w->all_bins, w->capacity, w->all_bins, by);
    slide_plane(w->im + c * w->capacity * w->all_bins, w->capacity, w->all_bins, by);
  }
  for (int64_t p = 0; p < planes(w); p++) slide_plane(w->answer + p * w->capacity * answer, w->capacity, answer, by);
  w->first = first;
}

/* X up to frame `end` at least. */
static void transform(window *w, int64_t end)
{
  while (w->transformed < end) {
    int64_t count = end - w->transformed > AHEAD ? end - w->transformed : AHEAD;
    if (count > w->frames - w->transformed) count = w->frames - w->transformed;
    if (count > w->first + w->capacity - w->transformed) count = w->first + w->capacity - w->transformed;
    for (int32_t c = 0; c < w->n->channels; c++) {
      const int64_t at = (c * w->capacity + w->transformed - w->first) * w->all_bins;
      aus_stft_forward_range(w->n->stft, w->samples, w->x + c * w->samples, w->transformed, count, w->re + at, w->im + at);
    }
    w->transformed += count;
  }
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
  if (n->log.kind != AUS_LOG_NONE) aus_log_apply(n->s->ctx, &n->log, n->bins, w->level);
  for (int32_t b = 0; b < n->bins; b++) to[b * n->layout.bin] = w->level[b];
}

static void add_frame(window *w, int64_t plane, const float *from, int64_t frame, float weight)
{
  const sep_net *n = w->n;
  const int64_t row = n->bins * parts(w);
  float *to = w->answer + (plane * w->capacity + frame - w->first) * row;
  for (int32_t b = 0; b < n->bins; b++)
    for (int64_t k = 0; k < parts(w); k++) to[b * parts(w) + k] += weight * from[b * n->out_layout.bin + k];
}

static aus_status run_patch(window *w)
{
  sep_net *n = w->n;
  const int64_t start = w->patch * n->hop, there = w->frames - start < n->patch ? w->frames - start : n->patch;
  float *in = aus_run_input(n->run, 0);
  transform(w, start + there);
  memset(in, 0, (size_t)n->channels * (size_t)(n->patch * n->bins * (n->complex_in ? 2 : 1)) * sizeof *in);
  for (int32_t c = 0; c < n->channels; c++)
    for (int64_t t = 0; t < there; t++) load_frame(w, c, start + t, t, in);
  AUS_TRY(sep_net_forward(n));
  aus_dims dims;
  const float *out = aus_run_output(n->run, 0, &dims);
  for (int64_t p = 0; p < planes(w); p++) {
    const float *from = out + p / n->channels * n->out_stem + p % n->channels * n->out_layout.channel;
    for (int64_t t = 0; t < there; t++)
      add_frame(w, p, from + t * n->out_layout.time, start + t, sep_net_fade(n, w->patch, w->patches, t));
  }
  w->patch++;
  w->settled = w->patch < w->patches ? start + n->hop : w->frames;
  return AUS_OK;
}

/* ---- stems ------------------------------------------------------------------------------------------ */

/* One bin of a stem from X and the answer a[1 or 2]. */
static void apply(const sep_net *n, float re, float im, const float *a, float *s_re, float *s_im)
{
  if (n->gives == SEP_MASK) {
    const float a_im = n->complex_out ? a[1] : 0;
    *s_re = re * a[0] - im * a_im;
    *s_im = im * a[0] + re * a_im;
  } else if (n->complex_out) {
    *s_re = a[0];
    *s_im = a[1];
  } else {
    const float level = hypotf(re, im), gain = level > 0 ? a[0] / level : 0;
    *s_re = re * gain;
    *s_im = im * gain;
  }
}

static void stem_spectrum(window *w, int64_t plane, int64_t first, int64_t frames)
{
  const sep_net *n = w->n;
  const int64_t c = plane % n->channels, row = n->bins * parts(w);
  memset(w->s_re, 0, (size_t)(frames * w->all_bins) * sizeof *w->s_re);
  memset(w->s_im, 0, (size_t)(frames * w->all_bins) * sizeof *w->s_im);
  for (int64_t f = 0; f < frames; f++) {
    const int64_t at = (c * w->capacity + first + f - w->first) * w->all_bins, to = f * w->all_bins;
    const float *a = w->answer + (plane * w->capacity + first + f - w->first) * row;
    for (int32_t b = 0; b < n->bins; b++)
      apply(n, w->re[at + b], w->im[at + b], a + b * parts(w), &w->s_re[to + b], &w->s_im[to + b]);
  }
}

static aus_status block(window *w, int64_t tile, int64_t tiles, float *const *stem)
{
  const aus_tiles need = aus_stft_tiles_need(w->n->stft, w->samples, tile, tiles);
  const int64_t end = need.first_frame + need.frames;
  slide(w, need.first_frame);
  while (w->settled < end) AUS_TRY(run_patch(w));
  for (int64_t p = 0; p < planes(w); p++) {
    stem_spectrum(w, p, need.first_frame, need.frames);
    aus_stft_inverse_tiles(w->n->stft, w->samples, tile, tiles, w->s_re, w->s_im,
                           stem[p / w->n->channels] + p % w->n->channels * w->samples);
  }
  return AUS_OK;
}

static aus_status run(window *w, float *const *stem)
{
  sep_net *n = w->n;
  const int64_t tiles = aus_stft_tiles(n->stft, w->samples);
  w->frames = aus_stft_frames(n->stft, w->samples);
  w->all_bins = aus_stft_bins(n->stft);
  w->patches = sep_net_patches(n, w->frames);
  AUS_TRY(window_alloc(w, aus_stft_tiles_need(n->stft, INT64_MAX / 4, 2, TILES).frames));
  for (int64_t tile = 0; tile < tiles; tile += TILES) {
    const int64_t count = tiles - tile < TILES ? tiles - tile : TILES;
    AUS_TRY(block(w, tile, count, stem));
    AUS_TRY(aus_progress(n->s->ctx, "separating", tile + count, tiles));
  }
  return AUS_OK;
}

aus_status sep_net_spectra(sep_net *n, int64_t samples, const float *x, float *const *stem)
{
  window w = { .n = n, .samples = samples, .x = x };
  const aus_status status = run(&w, stem);
  window_free(&w);
  return status;
}
