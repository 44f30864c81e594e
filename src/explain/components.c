/* components.c - the components noun: n named parts of one input that can be switched on and off.
 *
 *     x(z) = off + sum_i z_i part_i,   x(1, ..., 1) = whole, the input itself
 *
 * The makers (stems.c, tiles.c, superpixels.c) differ only in what the parts are. A part keeps nothing but its
 * support [begin, end), so sources x time costs the memory of the sources, whatever the number of segments. */
#include "explain/build.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

aus_status aus_components_begin(aus_ctx *ctx, const aus_audio *input, int32_t n, const char *kind,
                                const char *baseline, aus_components *out)
{
  memset(out, 0, sizeof *out);
  if (input->frames < 1 || input->channels < 1 || input->rate < 1)
    return aus_fail(ctx, AUS_EINVAL, "the sound to explain is empty (%lld frames, %d channels, %d Hz)",
                    (long long)input->frames, input->channels, input->rate);
  if (n < 1) return aus_fail(ctx, AUS_EINVAL, "an explanation needs at least one component");
  out->ctx = ctx;
  out->n = n;
  out->rate = input->rate;
  out->channels = input->channels;
  out->samples = input->frames;
  snprintf(out->kind, sizeof out->kind, "%s", kind);
  snprintf(out->baseline, sizeof out->baseline, "%s", baseline);
  out->name = aus_alloc_zero(ctx, (size_t)n, sizeof *out->name);
  out->place = aus_alloc_zero(ctx, (size_t)n, sizeof *out->place);
  out->part = aus_alloc_zero(ctx, (size_t)n, sizeof *out->part);
  out->whole = aus_alloc(ctx, (size_t)input->channels * (size_t)input->frames, sizeof(float));
  if (!out->name || !out->place || !out->part || !out->whole) {
    aus_components_free(out);
    return AUS_ENOMEM;
  }
  memcpy(out->whole, input->data, (size_t)input->channels * (size_t)input->frames * sizeof(float));
  return AUS_OK;
}

float *aus_components_add(aus_components *c, int32_t i, int64_t begin, int64_t end)
{
  const int64_t length = end > begin ? end - begin : 1; /* never NULL, even where there is nothing */
  float *data = aus_alloc_zero(c->ctx, (size_t)c->channels * (size_t)length, sizeof(float));
  c->part[i] = (aus_part){ .data = data, .begin = begin, .end = end };
  return data;
}

void aus_components_free(aus_components *c)
{
  if (!c->ctx) return;
  for (int32_t i = 0; i < c->n; i++) {
    if (c->name) aus_free(c->ctx, c->name[i]);
    if (c->part) aus_free(c->ctx, (void *)c->part[i].data);
  }
  aus_free(c->ctx, c->name);
  aus_free(c->ctx, c->place);
  aus_free(c->ctx, c->part);
  aus_free(c->ctx, c->off);
  aus_free(c->ctx, c->whole);
  aus_free(c->ctx, c->label);
  memset(c, 0, sizeof *c);
}

aus_mixes aus_components_mixes(const aus_components *c)
{
  return (aus_mixes){ .samples = c->samples, .n_parts = c->n, .part = c->part, .off = c->off, .whole = c->whole };
}

void aus_components_render(const aus_components *c, const uint8_t *keep, float *out)
{
  memset(out, 0, (size_t)c->channels * (size_t)c->samples * sizeof(float));
  for (int32_t i = 0; i < c->n; i++) {
    if (!keep[i]) continue;
    const aus_part *p = &c->part[i];
    const int64_t length = p->end - p->begin;
    for (int32_t ch = 0; ch < c->channels; ch++) {
      float *to = out + ch * c->samples + p->begin;
      const float *from = p->data + ch * length;
      for (int64_t t = 0; t < length; t++) to[t] += from[t];
    }
  }
}

float aus_peak(int64_t n, const float *x)
{
  float peak = 0;
  for (int64_t i = 0; i < n; i++) peak = fmaxf(peak, fabsf(x[i]));
  return peak;
}

float *aus_mixdown(aus_ctx *ctx, const aus_audio *input)
{
  float *mono = aus_alloc(ctx, (size_t)input->frames, sizeof(float));
  if (!mono) return NULL;
  const float share = 1.0f / (float)input->channels;
  for (int64_t t = 0; t < input->frames; t++) {
    float sum = 0;
    for (int32_t ch = 0; ch < input->channels; ch++) sum += input->data[ch * input->frames + t];
    mono[t] = sum * share;
  }
  return mono;
}
