/* lmac.c - a small L-MAC: a decoder from hidden layers of the classifier to a mask over its spectrogram [Paissan24].
 *
 *   x    the coarsest layer
 *   for each finer layer   x -> transposed conv 4x4, stride 2, ReLU -> resized to the layer's grid; + ReLU(conv 3x3 of the layer)
 *   while there is room    x -> transposed conv 4x4, stride 2, ReLU
 *   M    x -> resized to [bands, T] -> conv 3x3 to one channel -> sigmoid -> bands to bins
 *
 * `width` channels from the finest layer on, twice as many at each coarser one, half as many at each doubling after it (4 at least). The published decoder does the
 * same with 2048 channels at most and 236 M parameters, and leaves it to its last layers to find out which bins a mel band is made of; here that is a fixed linear step: each bin lies
 * between the centres of two bands and has its share of both. What the decoder learns from is in lmac_train.c. */
#include "l2i/graph.h"

#include <stdio.h>

enum { FEWEST = 4 };

void aus_lmac_warp(const aus_frontend *fe, float *warp)
{
  for (int64_t i = 0; i < (int64_t)fe->bands * fe->bins; i++) warp[i] = 0;
  for (int32_t k = 0; k < fe->bins; k++) {
    const double hz = (double)k * fe->rate / fe->n_fft;
    int32_t m = 0;
    while (m + 1 < fe->bands && (double)fe->hz[m + 1] <= hz) m++;
    const double gap = m + 1 < fe->bands ? (double)fe->hz[m + 1] - (double)fe->hz[m] : 0, past = hz - (double)fe->hz[m];
    const double share = gap > 0 && past > 0 ? past / gap : 0;
    warp[(int64_t)m * fe->bins + k] = (float)(1 - share);
    if (share > 0) warp[(int64_t)(m + 1) * fe->bins + k] = (float)share;
  }
}

typedef struct map { int32_t x, channels; int64_t h, w; } map;

/* Layers from the coarsest to the finest. */
static void sort(const aus_l2i_spec *s, int32_t *order)
{
  for (int32_t i = 0; i < s->n_taps; i++) {
    int32_t at = i;
    for (; at > 0 && s->tap[order[at - 1]].freq * s->tap[order[at - 1]].time > s->tap[i].freq * s->tap[i].time; at--) order[at] = order[at - 1];
    order[at] = i;
  }
}

static void twice(aus_l2i_net *n, const char *name, int32_t channels, map *m)
{
  m->x = aus_l2i_double_relu(n, name, m->x, m->channels, channels);
  m->channels = channels;
  m->h *= 2;
  m->w *= 2;
}

static void fit(aus_l2i_net *n, const char *name, int64_t h, int64_t w, map *m)
{
  if (m->h == h && m->w == w) return;
  m->x = aus_l2i_resize(n, name, m->x, h, w);
  m->h = h;
  m->w = w;
}

/* Up to the grid of this layer, and what it sees itself added. */
static void join(aus_l2i_net *n, const aus_l2i_tap *tap, int32_t input, int32_t level, int32_t channels, map *m)
{
  char name[48];
  snprintf(name, sizeof name, "decoder.up%d", (int)level);
  twice(n, name, channels, m);
  snprintf(name, sizeof name, "decoder.fit%d", (int)level);
  fit(n, name, tap->freq, tap->time, m);
  snprintf(name, sizeof name, "decoder.see%d", (int)level);
  const int32_t seen = aus_l2i_conv_relu(n, name, input, &(aus_l2i_conv){ 4, (int32_t)tap->c, channels, 3, 3, 1, 1, 1 });
  snprintf(name, sizeof name, "decoder.sum%d", (int)level);
  m->x = aus_l2i_binary(n, AUS_OP_add, name, m->x, seen);
}

/* The mask of bands, [mb, 1, bands, T]. */
static int32_t decoder(aus_l2i_net *n, const aus_l2i_spec *s)
{
  int32_t order[AUS_L2I_TAPS] = { 0 }, input[AUS_L2I_TAPS] = { 0 }, level = 1;
  for (int32_t i = 0; i < s->n_taps; i++) input[i] = aus_l2i_tap_input(n, s, i);
  sort(s, order);
  const aus_l2i_tap *t = &s->tap[order[0]];
  map m = { input[order[0]], (int32_t)t->c, t->freq, t->time };
  for (; level < s->n_taps; level++) join(n, &s->tap[order[level]], input[order[level]], level, s->width << (s->n_taps - level), &m);
  for (int32_t channels = s->width; 2 * m.h <= s->bands && 2 * m.w <= s->frames; level++, channels /= 2) {
    char name[48];
    snprintf(name, sizeof name, "decoder.up%d", (int)level);
    twice(n, name, channels > FEWEST ? channels : FEWEST, &m);
  }
  fit(n, "decoder.fit", s->bands, s->frames, &m);
  return aus_l2i_unary(n, AUS_OP_sigmoid, "mask.bands", aus_l2i_conv_only(n, "decoder.last", m.x, &(aus_l2i_conv){ 4, m.channels, 1, 3, 3, 1, 1, 1 }));
}

void aus_lmac_graph(aus_l2i_net *n, const aus_l2i_spec *s)
{
  const int32_t flat = aus_l2i_reshape(n, "mask.flat", decoder(n, s), 3, (const int32_t[]){ 0, s->bands, (int32_t)s->frames });
  const int32_t in[] = { flat, aus_l2i_param(n, "decoder", "warp", 2, (const int32_t[]){ s->bands, s->bins }, 1) };
  aus_builder_output(n->b, aus_l2i_node(n, AUS_OP_matmul, "mask", 2, in, 3, (const aus_word[]){ { 1 }, { 0 }, { .f = 1 } }));
}
