/* unet.c - Spleeter's U-Net as a graph [Hennequin20; Jansson17]: one network per stem, side by side over the same magnitudes.
 *
 *   down, i = 1..6   c_i = conv 5x5 stride 2 of the level above; that level goes on with act(bn(c_i)), the skip is c_i itself
 *   up,   i = 1..6   conv_transpose 5x5 stride 2, act, then bn, dropout 0.5 (the first three, in training); concat [c_(6-i), it]
 *   mask             conv 4x4, dilation 2, 1 -> channels; sigmoid, or softmax over the stems; times the input
 *
 * Padding is TensorFlow's "same": for a stride of 2 one before and two after, down; the transposed convolution likewise keeps
 * out[2 i + k - 1] += in[i] w[k]. The bottleneck is c_6 raw: its batch norm exists in the published checkpoints and is never
 * used. Batch norm has TensorFlow's epsilon 1e-3. */
#include "model/unet.h"

#include "nn/op.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

typedef struct net {
  aus_ctx *ctx;
  aus_builder *b;
  const aus_unet *u;
  const char *stem;
  int64_t drawn;       /* parameters so far: each draws from a stream of its own */
  aus_status status;
} net;

static int64_t product(int32_t rank, const int32_t *dim)
{
  int64_t n = 1;
  for (int32_t i = 0; i < rank; i++) n *= dim[i];
  return n;
}

/* bound > 0: uniform in +-bound; else the constant `value`. */
static int32_t param(net *n, const char *layer, int level, const char *what, int32_t rank, const int32_t *dim, double bound, float value)
{
  char name[160];
  const int64_t count = product(rank, dim);
  float *x = aus_alloc(n->ctx, (size_t)count, sizeof *x);
  if (level) snprintf(name, sizeof name, "%.60s.%s%d.%s", n->stem, layer, level, what);
  else snprintf(name, sizeof name, "%.60s.%s.%s", n->stem, layer, what);
  if (!x) { n->status = AUS_ENOMEM; return 0; }
  aus_rng rng;
  aus_rng_init(&rng, n->u->seed, (uint64_t)n->drawn++);
  for (int64_t i = 0; i < count; i++) x[i] = bound > 0 ? (float)(bound * (2 * aus_rng_uniform(&rng) - 1)) : value;
  if (n->u->fill) n->u->fill(n->u->user, name, count, x);
  const int32_t v = aus_builder_param(n->b, name, rank, dim, x);
  aus_free(n->ctx, x);
  return v;
}

static int32_t node(net *n, int32_t op, const char *layer, int level, int32_t n_in, const int32_t *in, int32_t n_attr, const aus_word *attr)
{
  char name[96];
  snprintf(name, sizeof name, "%.60s.%s%d", n->stem, layer, level);
  return aus_builder_node(n->b, op, name, n_in, in, 1, n_attr, attr);
}

static int32_t batch_norm(net *n, const char *layer, int level, int32_t channels, int32_t x)
{
  const int32_t in[5] = { x, param(n, layer, level, "weight", 1, &channels, 0, 1), param(n, layer, level, "bias", 1, &channels, 0, 0),
                          param(n, layer, level, "running_mean", 1, &channels, 0, 0), param(n, layer, level, "running_var", 1, &channels, 0, 1) };
  return node(n, AUS_OP_batch_norm, layer, level, 5, in, 1, &(aus_word){ .f = 1e-3f });
}

static int32_t activation(net *n, bool down, int level, int32_t x)
{
  const char *name = down ? "act" : "up_act";
  if (n->u->elu) return node(n, AUS_OP_elu, name, level, 1, &x, 1, &(aus_word){ .f = 1 });
  return down ? node(n, AUS_OP_leaky_relu, name, level, 1, &x, 1, &(aus_word){ .f = 0.2f }) : node(n, AUS_OP_relu, name, level, 1, &x, 0, NULL);
}

static int32_t down(net *n, int level, int32_t ic, int32_t oc, int32_t x)
{
  const int32_t dim[4] = { oc, ic, 5, 5 };
  const aus_word attr[9] = { { 2 }, { 2 }, { 1 }, { 1 }, { 1 }, { 1 }, { 2 }, { 2 }, { 1 } };
  const int32_t in[3] = { x, param(n, "conv", level, "weight", 4, dim, sqrt(6 / (25.0 * ic)), 0), param(n, "conv", level, "bias", 1, &oc, 0, 0) };
  return node(n, AUS_OP_conv, "conv", level, 3, in, 9, attr);
}

static int32_t up(net *n, int level, int32_t ic, int32_t oc, int32_t x)
{
  const int32_t dim[4] = { ic, oc, 5, 5 }; /* Keras takes the fan of a transposed kernel [kh, kw, out, in] from `out` */
  const aus_word attr[11] = { { 2 }, { 2 }, { 1 }, { 1 }, { 1 }, { 1 }, { 2 }, { 2 }, { 1 }, { 0 }, { 0 } };
  const int32_t in[3] = { x, param(n, "up", level, "weight", 4, dim, sqrt(6 / (25.0 * oc)), 0), param(n, "up", level, "bias", 1, &oc, 0, 0) };
  int32_t y = activation(n, false, level, node(n, AUS_OP_conv_transpose, "up", level, 3, in, 11, attr));
  y = batch_norm(n, "up_bn", level, oc, y);
  return level <= 3 ? node(n, AUS_OP_dropout, "dropout", level, 1, &y, 1, &(aus_word){ .f = 0.5f }) : y;
}

static int32_t logits(net *n, int32_t x)
{
  const int32_t channels = n->u->channels;
  const int32_t dim[4] = { channels, 1, 4, 4 };
  const aus_word attr[9] = { { 1 }, { 1 }, { 2 }, { 2 }, { 3 }, { 3 }, { 3 }, { 3 }, { 1 } };
  const int32_t in[3] = { x, param(n, "mask", 0, "weight", 4, dim, sqrt(6 / 16.0), 0), param(n, "mask", 0, "bias", 1, &channels, 0, 0) };
  char name[96];
  snprintf(name, sizeof name, "%.60s.logits", n->stem);
  return aus_builder_node(n->b, AUS_OP_conv, name, 3, in, 1, 9, attr);
}

static int32_t one_stem(net *n, int32_t x)
{
  int32_t skip[AUS_UNET_LEVELS + 1], width[AUS_UNET_LEVELS + 1] = { n->u->channels };
  for (int i = 1; i <= AUS_UNET_LEVELS; i++) {
    width[i] = n->u->filters << (i - 1);
    skip[i] = down(n, i, width[i - 1], width[i], x);
    x = activation(n, true, i, batch_norm(n, "bn", i, width[i], skip[i]));
  }
  x = skip[AUS_UNET_LEVELS];
  for (int i = 1; i <= AUS_UNET_LEVELS; i++) {
    const int from = AUS_UNET_LEVELS - i; /* the level whose size this has */
    const int32_t ic = i == 1 ? width[AUS_UNET_LEVELS] : 2 * width[from + 1];
    x = up(n, i, ic, from ? width[from] : 1, x);
    if (from) x = node(n, AUS_OP_concat, "join", i, 2, (int32_t[]){ skip[from], x }, 1, &(aus_word){ 1 });
  }
  return logits(n, x);
}

/* Stems side by side: what multiplies the input, and the product. */
static int32_t finish(net *n, int32_t input, const int32_t *stem, int32_t *mask)
{
  const aus_unet *u = n->u;
  const aus_word apart[5] = { { 0 }, { u->n }, { u->channels }, { -1 }, { u->bins } }, once[5] = { { 0 }, { 1 }, { u->channels }, { -1 }, { u->bins } },
                 together[4] = { { 0 }, { u->n * u->channels }, { -1 }, { u->bins } };
  int32_t y = u->n > 1 ? aus_builder_node(n->b, AUS_OP_concat, "logits", u->n, stem, 1, 1, &(aus_word){ 1 }) : stem[0];
  y = aus_builder_node(n->b, AUS_OP_reshape, "logits.apart", 1, &y, 1, 5, apart);
  y = u->softmax ? aus_builder_node(n->b, AUS_OP_softmax, "mask", 1, &y, 1, 1, &(aus_word){ 1 }) : aus_builder_node(n->b, AUS_OP_sigmoid, "mask", 1, &y, 1, 0, NULL);
  if (mask) *mask = y;
  const int32_t x = aus_builder_node(n->b, AUS_OP_reshape, "mix.apart", 1, &input, 1, 5, once);
  y = aus_builder_node(n->b, AUS_OP_mul, "stems.apart", 2, (int32_t[]){ y, x }, 1, 0, NULL);
  return aus_builder_node(n->b, AUS_OP_reshape, "stems", 1, &y, 1, 4, together);
}

aus_status aus_unet_add(aus_ctx *ctx, aus_builder *b, const aus_unet *u, int32_t input, int32_t *mask, int32_t *output)
{
  int32_t stem[64];
  if (u->n < 1 || u->n > 64 || u->channels < 1 || u->channels > 2 || u->filters < 1 || u->filters > 256 || u->bins < 64 || u->bins % 64)
    return aus_fail(ctx, AUS_EINVAL, "a U-Net of %d stems, %d channels, %d filters over %d bins cannot be made", u->n, u->channels, u->filters, u->bins);
  net n = { .ctx = ctx, .b = b, .u = u };
  for (int32_t j = 0; j < u->n; j++) {
    n.stem = u->stem[j];
    stem[j] = one_stem(&n, input);
  }
  *output = finish(&n, input, stem, mask);
  return n.status;
}

int64_t aus_unet_parameters(const aus_unet *u)
{
  int64_t sum = 0, above = u->channels;
  for (int i = 0; i < AUS_UNET_LEVELS; i++) {
    const int64_t oc = (int64_t)u->filters << i, up_ic = i == AUS_UNET_LEVELS - 1 ? oc : 2 * oc, up_oc = i ? oc / 2 : 1;
    sum += 25 * above * oc + oc + 4 * oc;             /* down, its batch norm */
    sum += 25 * up_ic * up_oc + up_oc + 4 * up_oc;    /* up from this level */
    above = oc;
  }
  return sum + 16 * u->channels + u->channels;
}

aus_status aus_unet_spleeter(aus_ctx *ctx, int32_t stems, aus_unet *u)
{
  static const char *const two[] = { "vocals", "accompaniment" }, *const four[] = { "vocals", "drums", "bass", "other" },
                    *const five[] = { "vocals", "piano", "drums", "bass", "other" };
  if (stems != 2 && stems != 4 && stems != 5) return aus_fail(ctx, AUS_EINVAL, "Spleeter has networks of 2, 4 and 5 stems, not %d", stems);
  *u = (aus_unet){ .n = stems, .stem = stems == 2 ? two : stems == 4 ? four : five, .channels = 2, .bins = 1024, .filters = 16, .elu = stems > 2, .softmax = stems == 5 };
  return AUS_OK;
}

static void write_meta(aus_builder *b, const aus_unet *u)
{
  const struct { const char *key, *value; } text[] = { { "name", "unet" }, { "kind", "separator" }, { "frontend", "stft" }, { "frontend.window", "hann" }, { "frontend.center", "lead" },
                                                       { "frontend.layout", "time_freq" }, { "separator.gives", "ratio" }, { "separator.extend", "zeros" } };
  const struct { const char *key; int64_t value; } number[] = { { "frontend.rate", 44100 }, { "frontend.n_fft", 4096 }, { "frontend.hop", 1024 }, { "frontend.patch_frames", 512 } };
  for (size_t i = 0; i < sizeof text / sizeof *text; i++) aus_builder_string(b, text[i].key, text[i].value);
  for (size_t i = 0; i < sizeof number / sizeof *number; i++) aus_builder_integer(b, number[i].key, number[i].value);
  aus_builder_strings(b, "labels", u->n, u->stem);
  aus_builder_real(b, "separator.overlap", 0);
}

aus_status aus_unet_separator(aus_ctx *ctx, const aus_unet *u, void **bytes, size_t *size)
{
  aus_builder *b;
  int32_t output = 0;
  *bytes = NULL;
  AUS_TRY(aus_builder_create(ctx, &b));
  write_meta(b, u);
  const int32_t dim[4] = { -1, u->channels, -1, u->bins }, input = aus_builder_input(b, "mix", 4, dim);
  aus_status status = aus_unet_add(ctx, b, u, input, NULL, &output);
  if (status == AUS_OK) aus_builder_output(b, output);
  if (status == AUS_OK) status = aus_builder_finish(b, bytes, size);
  aus_builder_destroy(b);
  return status;
}
