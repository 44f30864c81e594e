/* waves.c - networks that turn samples into samples.
 *
 * Patch k starts at k hop; where two overlap, their answers are cross-faded, the weights adding to one. The stems are
 * written where they belong at once, so nothing grows with the length of the sound but the stems themselves. */
#include "sep/network.h"

#include <string.h>

static void load(sep_net *n, int64_t samples, const float *x, int64_t start)
{
  float *in = aus_run_input(n->run, 0);
  const int64_t there = samples - start < n->patch ? samples - start : n->patch;
  for (int32_t c = 0; c < n->channels; c++) {
    float *to = in + c * n->layout.channel;
    memcpy(to, x + c * samples + start, (size_t)there * sizeof *to);
    memset(to + there, 0, (size_t)(n->patch - there) * sizeof *to);
  }
}

static void add(const sep_net *n, int64_t samples, int64_t k, int64_t count, float *const *stem)
{
  aus_dims dims;
  const float *out = aus_run_output(n->run, 0, &dims);
  const int64_t start = k * n->hop, there = samples - start < n->patch ? samples - start : n->patch;
  for (int32_t i = 0; i < n->s->info.n_stems; i++)
    for (int32_t c = 0; c < n->channels; c++) {
      const float *from = out + i * n->out_stem + c * n->out_layout.channel;
      float *to = stem[i] + c * samples + start;
      for (int64_t t = 0; t < there; t++) to[t] += sep_net_fade(n, k, count, t) * from[t];
    }
}

aus_status sep_net_waves(sep_net *n, int64_t samples, const float *x, float *const *stem)
{
  const int64_t count = sep_net_patches(n, samples);
  for (int32_t i = 0; i < n->s->info.n_stems; i++) memset(stem[i], 0, (size_t)n->channels * (size_t)samples * sizeof **stem);
  for (int64_t k = 0; k < count; k++) {
    load(n, samples, x, k * n->hop);
    AUS_TRY(sep_net_forward(n));
    add(n, samples, k, count, stem);
    AUS_TRY(aus_progress(n->s->ctx, "separating", k + 1, count));
  }
  return AUS_OK;
}
