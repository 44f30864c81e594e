/* waves.c - networks that turn samples into samples.
 *
 * Patch k starts at k hop; where two overlap, their answers are cross-faded, the weights adding to one. Samples before the next
 * patch are settled and leave as a piece, so nothing grows with the length of the sound. */
#include "sep/network.h"

#include <string.h>

typedef struct waves {
  sep_pass pass;
  int64_t k, count;  /* the next patch; how many */
  float **sum;       /* [stems] each [channels][patch], from sample k hop */
} waves;

static aus_status load(waves *w, int64_t start, int64_t there)
{
  const sep_net *n = w->pass.n;
  const sep_input *in = &w->pass.in;
  float *to = aus_run_input(n->run, 0);
  for (int32_t c = 0; c < n->channels; c++) {
    float *plane = to + c * n->layout.channel;
    AUS_TRY(in->read(in->user, c, start, there, plane));
    memset(plane + there, 0, (size_t)(n->patch - there) * sizeof *to);
  }
  return AUS_OK;
}

static void add(waves *w, int64_t there)
{
  const sep_net *n = w->pass.n;
  aus_dims dims;
  const float *out = aus_run_output(n->run, 0, &dims);
  for (int32_t i = 0; i < n->s->info.n_stems; i++)
    for (int32_t c = 0; c < n->channels; c++) {
      const float *from = out + i * n->out_stem + c * n->out_layout.channel;
      float *to = w->sum[i] + c * n->patch;
      for (int64_t t = 0; t < there; t++) to[t] += sep_net_fade(n, w->k, w->count, t) * from[t];
    }
}

/* What was given out goes, the overlap moves to the front. */
static void slide(waves *w)
{
  const sep_net *n = w->pass.n;
  for (int32_t i = 0; i < n->s->info.n_stems; i++)
    for (int32_t c = 0; c < n->channels; c++) {
      float *sum = w->sum[i] + c * n->patch;
      memmove(sum, sum + n->hop, (size_t)(n->patch - n->hop) * sizeof *sum);
      memset(sum + n->patch - n->hop, 0, (size_t)n->hop * sizeof *sum);
    }
}

static aus_status next(sep_pass *pass, sep_piece *piece)
{
  waves *w = (waves *)pass;
  const sep_net *n = pass->n;
  const int64_t start = w->k * n->hop, left = pass->in.samples - start, there = left < n->patch ? left : n->patch;
  if (w->k > 0) slide(w);
  AUS_TRY(load(w, start, there));
  AUS_TRY(sep_net_forward(pass));
  add(w, there);
  *piece = (sep_piece){ start, w->k + 1 < w->count ? n->hop : there, n->patch, w->sum };
  w->k++;
  return AUS_OK;
}

static void end(sep_pass *pass)
{
  waves *w = (waves *)pass;
  for (int32_t i = 0; w->sum && i < pass->n->s->info.n_stems; i++) aus_free(pass->ctx, w->sum[i]);
  aus_free(pass->ctx, w->sum);
}

aus_status sep_net_waves(aus_ctx *ctx, sep_net *n, const sep_input *in, sep_pass **out)
{
  waves *w = AUS_NEW(ctx, waves);
  *out = w ? &w->pass : NULL;
  if (!w) return AUS_ENOMEM;
  w->pass = (sep_pass){ .ctx = ctx, .n = n, .in = *in, .next = next, .end = end };
  w->count = sep_net_patches(n, in->samples);
  w->sum = aus_alloc_zero(ctx, (size_t)n->s->info.n_stems, sizeof *w->sum);
  for (int32_t i = 0; w->sum && i < n->s->info.n_stems; i++)
    if (!(w->sum[i] = aus_alloc_zero(ctx, (size_t)n->channels * (size_t)n->patch, sizeof(float)))) return AUS_ENOMEM;
  return w->sum ? AUS_OK : AUS_ENOMEM;
}
