/* flint.c - FLINT on the layers of a classifier [Parekh21], in the form that Listen to Interpret compares itself with: the post-hoc one, for audio [Parekh22].
 *
 *   layers joined as Psi joins them -> conv 3x3 128 ReLU -> mean over a 3 x 3 grid -> J attributes phi >= 0
 *   logits   h phi, without bias; dropout 0.01 before
 *   decoder  phi -> 16 x 100 -> conv 5 to 32 -> x2 -> conv 5 to 64 -> x2 -> conv 5 to 128 -> resized to T frames -> conv 3 to F      X = log(1 + |STFT|)
 *
 *   L = l_of L_FID + l_if mean (X - decoded)^2 + l_c [ mean_x E(phi(x)) - E(mean_x phi(x)) ] + l_s mean phi       E: entropy of softmax(phi)
 *
 * A clip should need few attributes (its entropy is low) and a batch many (the entropy of its mean is high). Layers are joined on 4 rows: other grids are
 * pooled to 3 x 3 the same way. An attribute is no spectrogram, so FLINT answers, and says which attribute counts; it has no mask. */
#include "l2i/graph.h"

enum { CHANNELS = 128, GRID = 3, SEED_CHANNELS = 16, SEED_FRAMES = 100, ALL_2 = 3, ALL_3 = 7, BATCH = 1 };

static int32_t attributes(aus_l2i_net *n, const aus_l2i_spec *s)
{
  const aus_l2i_joined j = aus_l2i_join(n, s);
  const bool flat = j.rows == 1;
  int32_t x = aus_l2i_conv_relu(n, "flint.conv", j.value, &(aus_l2i_conv){ 4, (int32_t)j.channels, CHANNELS, flat ? 1 : 3, 3, 1, !flat, 1 });
  x = aus_l2i_node(n, AUS_OP_adaptive_avg_pool, "flint.grid", 1, &x, 2, (const aus_word[]){ { GRID }, { GRID } });
  x = aus_l2i_node(n, AUS_OP_reshape, "flint.flat", 1, &x, 2, (const aus_word[]){ { 0 }, { -1 } });
  return aus_l2i_unary(n, AUS_OP_relu, "attributes", aus_l2i_linear(n, "flint.attributes", x, CHANNELS * GRID * GRID, s->atoms, true));
}

static int32_t answer(aus_l2i_net *n, const aus_l2i_spec *s, int32_t phi)
{
  const int32_t x = s->dropout > 0 ? aus_l2i_node(n, AUS_OP_dropout, "flint.drop", 1, &phi, 1, &(aus_word){ .f = (float)s->dropout }) : phi;
  return aus_l2i_linear(n, "theta", x, s->atoms, s->classes, false);
}

/* Each frame twice. */
static int32_t twice(aus_l2i_net *n, const char *name, int32_t x, int32_t frames) { return aus_l2i_nearest(n, name, x, 0, 2 * (int64_t)frames); }

static int32_t decoder(aus_l2i_net *n, const aus_l2i_spec *s, int32_t phi)
{
  int32_t x = aus_l2i_linear(n, "flint.seed", phi, s->atoms, SEED_CHANNELS * SEED_FRAMES, true);
  x = aus_l2i_node(n, AUS_OP_reshape, "flint.seed.map", 1, &x, 3, (const aus_word[]){ { 0 }, { SEED_CHANNELS }, { SEED_FRAMES } });
  x = aus_l2i_conv_relu(n, "flint.decode1", x, &(aus_l2i_conv){ 3, SEED_CHANNELS, 32, 1, 5, 1, 0, 2 });
  x = aus_l2i_conv_relu(n, "flint.decode2", twice(n, "flint.up1", x, SEED_FRAMES), &(aus_l2i_conv){ 3, 32, 64, 1, 5, 1, 0, 2 });
  x = aus_l2i_conv_relu(n, "flint.decode3", twice(n, "flint.up2", x, 2 * SEED_FRAMES), &(aus_l2i_conv){ 3, 64, 128, 1, 5, 1, 0, 2 });
  x = aus_l2i_resize(n, "flint.frames", x, 0, s->frames);
  return aus_l2i_conv_relu(n, "flint.decode4", x, &(aus_l2i_conv){ 3, 128, s->bins, 1, 3, 1, 0, 1 });
}

void aus_flint_graph(aus_l2i_net *n, const aus_l2i_spec *s)
{
  const int32_t phi = attributes(n, s);
  aus_builder_output(n->b, answer(n, s, phi));
  aus_builder_output(n->b, phi);
}

void aus_flint_training_graph(aus_l2i_net *n, const aus_l2i_spec *s)
{
  const int32_t phi = attributes(n, s), logits = answer(n, s, phi), made = decoder(n, s, phi);
  const int32_t x = aus_builder_input(n->b, "x", 3, (const int32_t[]){ -1, s->bins, (int32_t)s->frames });
  const int32_t target = aus_builder_input(n->b, "target", 2, (const int32_t[]){ -1, s->classes });
  const int32_t missing = aus_l2i_binary(n, AUS_OP_sub, "missing", x, made);
  const int32_t concise = aus_l2i_entropy(n, "concise", phi), diverse = aus_l2i_entropy(n, "diverse", aus_l2i_reduce(n, AUS_OP_reduce_mean, "batch", phi, BATCH, true));
  const int32_t term[AUS_FLINT_TERMS] = { aus_l2i_flat(n, "term.fidelity", aus_l2i_fidelity(n, s, logits, target)),
                                          aus_l2i_flat(n, "term.reconstruction", aus_l2i_reduce(n, AUS_OP_reduce_sum_square, "reconstruction", missing, ALL_3, true)),
                                          aus_l2i_flat(n, "term.conciseness", aus_l2i_binary(n, AUS_OP_sub, "conciseness", concise, diverse)),
                                          aus_l2i_flat(n, "term.sparsity", aus_l2i_reduce(n, AUS_OP_reduce_l1, "sparsity", phi, ALL_2, true)) };
  aus_builder_output(n->b, aus_l2i_node(n, AUS_OP_concat, "terms", AUS_FLINT_TERMS, term, 1, &(aus_word){ 0 }));
  aus_builder_output(n->b, logits);
}
