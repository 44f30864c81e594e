/* regions.c - parts of the spectrogram as components [Mishra17, SLIME].
 *
 * A region M_i of the complex spectrogram X is on, or shows the baseline B (the input's phase, another magnitude). The inverse
 * STFT is linear, so with sum_i M_i = 1
 *
 *     x(z) = ISTFT(B) + sum_i z_i ISTFT(M_i (X - B))
 *
 * which is the family of inputs every model takes. A part is no longer than its region and half a frame on either side;
 * what rounding leaves over is put in ISTFT(B), so that everything on is the input. Every bin belongs to a region
 * (specs/audiolime.md 1.4, defects 6 and 7). */
#include "explain/spectral.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "dsp/spec.h"

static int32_t frame_length(int32_t rate)
{
  int32_t n = 64;
  while (n < 0.046 * rate && n < 65536) n *= 2;
  return n;
}

aus_status aus_regions_begin(aus_ctx *ctx, const aus_audio *input, aus_regions *r)
{
  memset(r, 0, sizeof *r);
  if (input->frames < 1 || input->channels < 1 || input->rate < 1) return aus_fail(ctx, AUS_EINVAL, "the sound to explain is empty");
  r->ctx = ctx;
  r->input = input;
  r->n_fft = frame_length(input->rate);
  r->hop = r->n_fft / 4;
  const aus_stft_config config = { r->n_fft, r->n_fft, r->hop, AUS_WINDOW_HANN, AUS_CENTER_REFLECT };
  AUS_TRY(aus_stft_create(ctx, &config, &r->stft));
  r->bins = aus_stft_bins(r->stft);
  r->frames = aus_stft_frames(r->stft, input->frames);
  const size_t plane = (size_t)r->frames * (size_t)r->bins;
  if (r->frames > INT32_MAX || plane > INT32_MAX)
    return aus_fail(ctx, AUS_ELIMIT, "this sound is too long for regions of its spectrogram: explain a part of it, or use --method time");
  r->re = aus_alloc(ctx, (size_t)input->channels * plane, sizeof(float));
  r->im = aus_alloc(ctx, (size_t)input->channels * plane, sizeof(float));
  r->label = aus_alloc(ctx, plane, sizeof *r->label);
  if (!r->re || !r->im || !r->label) return AUS_ENOMEM;
  for (int32_t c = 0; c < input->channels; c++)
    AUS_TRY(aus_stft_forward(r->stft, input->frames, input->data + c * input->frames, r->re + (size_t)c * plane, r->im + (size_t)c * plane));
  return AUS_OK;
}

void aus_regions_free(aus_regions *r)
{
  if (!r->ctx) return;
  aus_stft_destroy(r->stft);
  aus_free(r->ctx, r->re);
  aus_free(r->ctx, r->im);
  aus_free(r->ctx, r->label);
  memset(r, 0, sizeof *r);
}

/* ---- baselines: re, im become X - B ------------------------------------------------------------- */

typedef struct levels { double least, mean, most; } levels;

static levels find_levels(const aus_regions *r)
{
  const int64_t total = r->input->channels * r->frames * r->bins;
  levels l = { .least = INFINITY };
  for (int64_t i = 0; i < total; i++) {
    const double m = hypot(r->re[i], r->im[i]);
    l.least = fmin(l.least, m);
    l.most = fmax(l.most, m);
    l.mean += m / (double)total;
  }
  return l;
}

/* Bin i keeps its phase and loses magnitude `base`; a silent bin has phase 0. */
static void take_off(aus_regions *r, int64_t i, double base)
{
  const double m = hypot(r->re[i], r->im[i]);
  if (m > 0) {
    r->re[i] = (float)(r->re[i] * (1 - base / m));
    r->im[i] = (float)(r->im[i] * (1 - base / m));
  } else {
    r->re[i] = (float)-base;
  }
}

static void take_off_noise(aus_regions *r, double most, uint64_t seed)
{
  for (int64_t f = 0; f < r->input->channels * r->frames; f++) {
    aus_rng rng;
    aus_rng_init(&rng, seed, (uint64_t)f);
    for (int32_t b = 0; b < r->bins; b++) take_off(r, f * r->bins + b, aus_rng_uniform(&rng) * most);
  }
}

static aus_status take_off_shuffled(aus_regions *r, uint64_t seed)
{
  const int64_t plane = r->frames * r->bins;
  float *level = aus_alloc(r->ctx, (size_t)plane, sizeof *level);
  if (!level) return AUS_ENOMEM;
  for (int32_t c = 0; c < r->input->channels; c++) {
    aus_rng rng;
    aus_rng_init(&rng, seed, (uint64_t)c);
    for (int64_t i = 0; i < plane; i++) { /* inside-out Fisher-Yates */
      const int64_t j = (int64_t)aus_rng_below(&rng, (uint64_t)i + 1);
      level[i] = level[j];
      level[j] = hypotf(r->re[c * plane + i], r->im[c * plane + i]);
    }
    for (int64_t i = 0; i < plane; i++) take_off(r, c * plane + i, level[i]);
  }
  aus_free(r->ctx, level);
  return AUS_OK;
}

static void take_off_bin_means(aus_regions *r)
{
  for (int32_t c = 0; c < r->input->channels; c++)
    for (int32_t b = 0; b < r->bins; b++) {
      const int64_t first = c * r->frames * r->bins + b;
      double mean = 0;
      for (int64_t f = 0; f < r->frames; f++) mean += hypot(r->re[first + f * r->bins], r->im[first + f * r->bins]) / (double)r->frames;
      for (int64_t f = 0; f < r->frames; f++) take_off(r, first + f * r->bins, mean);
    }
}

static aus_status take_off_baseline(aus_regions *r, aus_baseline baseline, uint64_t seed)
{
  if (baseline == AUS_BASELINE_ZERO) return AUS_OK;
  if (baseline == AUS_BASELINE_SHUFFLE) return take_off_shuffled(r, seed);
  const levels l = find_levels(r);
  if (baseline == AUS_BASELINE_NOISE) take_off_noise(r, l.most, seed);
  else if (baseline == AUS_BASELINE_BINMEAN) take_off_bin_means(r);
  else {
    const double base = baseline == AUS_BASELINE_MIN ? l.least : baseline == AUS_BASELINE_MEAN ? l.mean : l.most;
    for (int64_t i = 0; i < r->input->channels * r->frames * r->bins; i++) take_off(r, i, base);
  }
  return AUS_OK;
}

/* ---- parts ----------------------------------------------------------------------------------------- */

/* The frames and bins a region touches: [f0, f1) x [b0, b1). */
typedef struct extent { int32_t f0, f1, b0, b1; } extent;

static void find_extents(const aus_regions *r, extent *e)
{
  for (int32_t i = 0; i < r->n; i++) e[i] = (extent){ .f0 = INT32_MAX, .b0 = INT32_MAX };
  for (int32_t f = 0; f < r->frames; f++)
    for (int32_t b = 0; b < r->bins; b++) {
      extent *x = &e[r->label[(int64_t)f * r->bins + b]];
      if (f < x->f0) x->f0 = f;
      if (f >= x->f1) x->f1 = f + 1;
      if (b < x->b0) x->b0 = b;
      if (b >= x->b1) x->b1 = b + 1;
    }
}

typedef struct bench { float *re, *im, *y; } bench; /* one region's spectrogram and sound */

static void copy_region(const aus_regions *r, int32_t i, int32_t channel, const extent *e, aus_tiles need, bench *w)
{
  memset(w->re, 0, (size_t)(need.frames * r->bins) * sizeof *w->re);
  memset(w->im, 0, (size_t)(need.frames * r->bins) * sizeof *w->im);
  const int64_t last = need.first_frame + need.frames;
  for (int64_t f = e->f0 > need.first_frame ? e->f0 : need.first_frame; f < e->f1 && f < last; f++) {
    const int64_t from = f * r->bins, plane = channel * r->frames * r->bins, to = (f - need.first_frame) * r->bins;
    for (int32_t b = e->b0; b < e->b1; b++) {
      if (r->label[from + b] != i) continue;
      w->re[to + b] = r->re[plane + from + b];
      w->im[to + b] = r->im[plane + from + b];
    }
  }
}

static char *region_name(const aus_components *c, int32_t i, const char *kind)
{
  const aus_place *p = &c->place[i];
  if (strcmp(kind, "superpixels") == 0) return aus_strf(c->ctx, "superpixel %d", (int)i + 1);
  return aus_strf(c->ctx, "%.2f-%.2f s, %.0f-%.0f Hz", p->t0, p->t1, p->f0, p->f1);
}

static aus_status add_region(const aus_regions *r, int32_t i, const extent *e, const char *kind, bench *w, aus_components *c)
{
  const int64_t samples = r->input->frames, pad = r->n_fft / 2, stride = r->stft->tile_hops * r->hop;
  int64_t begin = (int64_t)e->f0 * r->hop - pad, end = (int64_t)(e->f1 - 1) * r->hop + pad;
  begin = begin < 0 ? 0 : begin;
  end = end > samples ? samples : end;
  if (begin >= end) begin = end = 0; /* a frame centred just past the end */
  const int64_t tile = (begin + pad) / stride, tiles = end > begin ? (end - 1 + pad) / stride - tile + 1 : 0;
  float *data = aus_components_add(c, i, begin, end);
  c->place[i] = (aus_place){ .source = -1, .t0 = (double)e->f0 * r->hop / c->rate, .t1 = fmin((double)e->f1 * r->hop, (double)samples) / c->rate,
                             .f0 = (double)e->b0 * c->rate / r->n_fft, .f1 = fmin((double)e->b1 * c->rate / r->n_fft, c->rate / 2.0) };
  c->name[i] = region_name(c, i, kind);
  if (!data || !c->name[i]) return AUS_ENOMEM;
  for (int32_t ch = 0; ch < c->channels && tiles > 0; ch++) {
    copy_region(r, i, ch, e, aus_stft_tiles_need(r->stft, samples, tile, tiles), w);
    aus_stft_inverse_tiles(r->stft, samples, tile, tiles, w->re, w->im, w->y);
    memcpy(data + ch * (end - begin), w->y + begin, (size_t)(end - begin) * sizeof *data);
  }
  return AUS_OK;
}

static aus_status add_regions(const aus_regions *r, const char *kind, aus_components *c)
{
  const size_t plane = (size_t)r->frames * (size_t)r->bins;
  extent *e = aus_alloc(r->ctx, (size_t)r->n, sizeof *e);
  bench w = { aus_alloc(r->ctx, plane, sizeof(float)), aus_alloc(r->ctx, plane, sizeof(float)),
              aus_alloc(r->ctx, (size_t)r->input->frames, sizeof(float)) };
  aus_status status = e && w.re && w.im && w.y ? AUS_OK : AUS_ENOMEM;
  if (status == AUS_OK) find_extents(r, e);
  for (int32_t i = 0; i < r->n && status == AUS_OK; i++) {
    status = add_region(r, i, &e[i], kind, &w, c);
    if (status == AUS_OK) status = aus_progress(r->ctx, "components", i + 1, r->n);
  }
  aus_free(r->ctx, e);
  aus_free(r->ctx, w.re);
  aus_free(r->ctx, w.im);
  aus_free(r->ctx, w.y);
  return status;
}

/* off = whole - sum of the parts: the baseline's sound, exactly as needed. */
static aus_status fill_off(aus_components *c)
{
  const int64_t total = (int64_t)c->channels * c->samples;
  uint8_t *all = aus_alloc(c->ctx, (size_t)c->n, 1);
  c->off = aus_alloc(c->ctx, (size_t)total, sizeof *c->off);
  if (all && c->off) {
    memset(all, 1, (size_t)c->n);
    aus_components_render(c, all, c->off);
    for (int64_t t = 0; t < total; t++) c->off[t] = c->whole[t] - c->off[t];
  }
  const bool ok = all && c->off;
  aus_free(c->ctx, all);
  return ok ? AUS_OK : AUS_ENOMEM;
}

aus_status aus_regions_finish(aus_regions *r, const char *kind, aus_baseline baseline, uint64_t seed, aus_components *out)
{
  static const char *const names[] = { "silence", "min", "mean", "max", "noise", "shuffle", "binmean" };
  memset(out, 0, sizeof *out);
  if ((unsigned)baseline > AUS_BASELINE_BINMEAN) return aus_fail(r->ctx, AUS_EINVAL, "no such baseline: %d", (int)baseline);
  AUS_TRY(aus_components_begin(r->ctx, r->input, r->n, kind, names[baseline], out));
  aus_status status = take_off_baseline(r, baseline, seed);
  if (status == AUS_OK) status = add_regions(r, kind, out);
  if (status == AUS_OK && baseline != AUS_BASELINE_ZERO) status = fill_off(out);
  if (status != AUS_OK) { aus_components_free(out); return status; }
  out->label = r->label;
  r->label = NULL;
  out->label_frames = (int32_t)r->frames;
  out->label_bins = r->bins;
  out->label_hop_s = (double)r->hop / out->rate;
  out->label_bin_hz = (double)out->rate / r->n_fft;
  return AUS_OK;
}
