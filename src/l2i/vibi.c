/* vibi.c - VIBI, which explains by the few chunks of the input from which an approximator can still tell the classifier's answer [Bang21].
 *
 *   x        X = log(1 + |STFT|), [F, T], in a grid of d chunks of about 32 x 32 bins and frames (the paper's: square patches of an image)
 *   q(z|x)   explainer: conv 5x5 8, max 4x4, conv 5x5 16, max 4x4, mean onto the grid, conv 3x3 32, conv 1x1: logits l of the chunks
 *   z        max over k draws of softmax((l + gumbel) / tau), one for each chunk: nearly k-hot, and it has a gradient [Jang17]
 *   y        approximator: x z -> conv 5x5 16, max 4x4, conv 5x5 32, max 4x4, conv 3x3 64, max 2x2, conv 3x3 128, max over a 4 x 1 grid, linear
 *
 *   L = L_FID(y, f) + beta KL(q || uniform),  KL = log d - entropy of softmax(l)
 *
 * For use the k chunks of the largest logits are seen, hard. The authors' program hands log-probabilities where its sampler expects probabilities, which turns the order of
 * preference around, and counts the KL term k times, with its sides exchanged; their text has neither, so neither has this. Their networks are for 28 x 28 pixels: these
 * have a layer or two more and pool by four. */
#include "l2i/graph.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

enum { POOL = 4, ANSWER_ROWS = 4, LAST_OF_3 = 2, SECOND = 2 };

void aus_vibi_grid(int64_t chunk, aus_l2i_spec *s)
{
  const int64_t rows = (s->bins + chunk / 2) / chunk, columns = (s->frames + chunk / 2) / chunk;
  s->rows = (int32_t)(rows > 0 ? rows : 1);
  s->columns = (int32_t)(columns > 0 ? columns : 1);
}

static int64_t least(int64_t a, int64_t b) { return a < b ? a : b; }

/* A map and its size on the way. */
typedef struct map { int32_t x; int32_t channels; int64_t h, w; } map;

/* conv k x k, ReLU, then the largest of `pool` x `pool` (fewer where there are not so many). */
static void stage(aus_l2i_net *n, const char *name, int32_t channels, int32_t k, int64_t pool, map *m)
{
  char pooled[48];
  const int64_t ph = least(pool, m->h), pw = least(pool, m->w);
  snprintf(pooled, sizeof pooled, "%s.max", name);
  m->x = aus_l2i_conv_relu(n, name, m->x, &(aus_l2i_conv){ 4, m->channels, channels, k, k, 1, k / 2, k / 2 });
  m->channels = channels;
  if (ph * pw == 1) return;
  m->x = aus_l2i_max_pool(n, pooled, m->x, ph, pw);
  m->h /= ph;
  m->w /= pw;
}

static int32_t adaptive(aus_l2i_net *n, int32_t op, const char *name, int32_t x, int32_t h, int32_t w)
{
  return aus_l2i_node(n, op, name, 1, &x, 2, (const aus_word[]){ { h }, { w } });
}

/* Logits of the chunks, [mb, d]. */
static int32_t explainer(aus_l2i_net *n, const aus_l2i_spec *s, int32_t image)
{
  map m = { image, 1, s->bins, s->frames };
  stage(n, "explainer.1", 8, 5, POOL, &m);
  stage(n, "explainer.2", 16, 5, POOL, &m);
  m.x = adaptive(n, AUS_OP_adaptive_avg_pool, "explainer.grid", m.x, s->rows, s->columns);
  stage(n, "explainer.3", 32, 3, 1, &m);
  return aus_l2i_reshape(n, "chunks", aus_l2i_conv_only(n, "explainer.4", m.x, &(aus_l2i_conv){ 4, 32, 1, 1, 1, 1, 0, 0 }), 2, (const int32_t[]){ 0, -1 });
}

/* The approximator's logits from what the chunks z [mb, d] let through. */
static int32_t approximator(aus_l2i_net *n, const aus_l2i_spec *s, int32_t image, int32_t z)
{
  const int32_t grid = aus_l2i_reshape(n, "mask.grid", z, 4, (const int32_t[]){ 0, 1, s->rows, s->columns });
  map m = { aus_l2i_binary(n, AUS_OP_mul, "seen", image, aus_l2i_nearest(n, "mask", grid, s->bins, s->frames)), 1, s->bins, s->frames };
  stage(n, "approximator.1", 16, 5, POOL, &m);
  stage(n, "approximator.2", 32, 5, POOL, &m);
  stage(n, "approximator.3", 64, 3, 2, &m);
  stage(n, "approximator.4", 128, 3, 1, &m);
  m.x = aus_l2i_reshape(n, "approximator.flat", adaptive(n, AUS_OP_adaptive_max_pool, "approximator.rows", m.x, ANSWER_ROWS, 1), 2, (const int32_t[]){ 0, -1 });
  return aus_l2i_linear(n, "approximator.5", m.x, m.channels * ANSWER_ROWS, s->classes, true);
}

static int32_t image_of(aus_l2i_net *n, const aus_l2i_spec *s)
{
  const int32_t x = aus_builder_input(n->b, "x", 3, (const int32_t[]){ -1, s->bins, (int32_t)s->frames });
  return aus_l2i_reshape(n, "image", x, 4, (const int32_t[]){ 0, 1, s->bins, (int32_t)s->frames });
}

void aus_vibi_graph(aus_l2i_net *n, const aus_l2i_spec *s)
{
  const int32_t image = image_of(n, s), pick = aus_builder_input(n->b, "pick", 2, (const int32_t[]){ -1, s->rows * s->columns }), chunks = explainer(n, s, image);
  aus_builder_output(n->b, approximator(n, s, image, pick));
  aus_builder_output(n->b, chunks);
}

/* Element-wise maximum of k relaxed one-hot draws, [mb, d]. */
static int32_t draw(aus_l2i_net *n, const aus_l2i_spec *s, int32_t chunks, int32_t gumbel)
{
  const int32_t sharp = aus_l2i_param(n, "vibi", "sharpness", 1, (const int32_t[]){ 1 }, 1); /* 1 / tau; train gives it */
  const int32_t row = aus_l2i_reshape(n, "draw.row", chunks, 3, (const int32_t[]){ 0, 1, s->rows * s->columns });
  const int32_t noisy = aus_l2i_binary(n, AUS_OP_mul, "draw.sharp", aus_l2i_binary(n, AUS_OP_add, "draw.noisy", row, gumbel), sharp);
  return aus_l2i_reduce(n, AUS_OP_reduce_max, "z", aus_l2i_node(n, AUS_OP_softmax, "draw.each", 1, &noisy, 1, &(aus_word){ LAST_OF_3 }), SECOND, false);
}

void aus_vibi_training_graph(aus_l2i_net *n, const aus_l2i_spec *s)
{
  const int32_t image = image_of(n, s), gumbel = aus_builder_input(n->b, "gumbel", 3, (const int32_t[]){ -1, s->picks, s->rows * s->columns });
  const int32_t target = aus_builder_input(n->b, "target", 2, (const int32_t[]){ -1, s->classes }), chunks = explainer(n, s, image);
  const int32_t logits = approximator(n, s, image, draw(n, s, chunks, gumbel));
  const int32_t term[AUS_VIBI_TERMS] = { aus_l2i_flat(n, "term.fidelity", aus_l2i_fidelity(n, s, logits, target)),
                                         aus_l2i_flat(n, "term.uniform", aus_l2i_unary(n, AUS_OP_neg, "certainty", aus_l2i_entropy(n, "entropy", chunks))) };
  aus_builder_output(n->b, aus_l2i_node(n, AUS_OP_concat, "terms", AUS_VIBI_TERMS, term, 1, &(aus_word){ 0 }));
  aus_builder_output(n->b, logits);
}

void aus_vibi_pick(const aus_l2i_spec *s, const float *chunks, float *pick)
{
  const int32_t d = s->rows * s->columns;
  memset(pick, 0, (size_t)d * sizeof *pick);
  for (int32_t k = 0; k < s->picks; k++) {
    int32_t best = -1;
    for (int32_t i = 0; i < d; i++)
      if (pick[i] == 0 && (best < 0 || chunks[i] > chunks[best])) best = i;
    if (best >= 0) pick[best] = 1;
  }
}

void aus_vibi_gumbel(uint64_t seed, uint64_t item, int64_t n, float *g)
{
  aus_rng rng;
  aus_rng_init(&rng, seed, item);
  for (int64_t i = 0; i < n; i++) g[i] = (float)-log(-log(aus_rng_uniform(&rng) + 0x1p-54)); /* u in (0, 1) */
}
