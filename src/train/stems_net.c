/* stems_net.c - the end of a separator's network: masks, and in training an embedding and notes beside them.
 *
 * The layers of the recipe end in a sequence [mb, frames, features], to which each head is a linear map: masks (sigmoid per stem, or softmax
 * over the stems), embedding (tanh, then rows of unit norm [Hershey16]), notes (logits of 88 pitches per stem); or in [mb, stems, frames,
 * bins], which are the masks' logits; or in a U-Net, which has its masks and gives magnitudes. Else the output of the file is the masks; the value "heads" joins all of them for the loss. */
#include "train/stems.h"

#include "nn/op.h"
#include "train/initialise.h"
#include "train/layer.h"
#include "train/stems_net.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

/* ---- sizes ------------------------------------------------------------------------------------------------- */

static int64_t frontend_integer(const aus_recipe *r, const char *key)
{
  int64_t value = 0;
  for (int32_t i = 0; i < r->frontend.n; i++)
    if (strcmp(r->frontend.item[i].words.word[0], key) == 0) aus_word_integer(r->frontend.item[i].words.word[1], 0, 1 << 24, &value);
  return value;
}

static const char *frontend_word(const aus_recipe *r, const char *key)
{
  for (int32_t i = 0; i < r->frontend.n; i++)
    if (strcmp(r->frontend.item[i].words.word[0], key) == 0) return r->frontend.item[i].words.word[1];
  return "";
}

static aus_status settle_shape(const aus_recipe *r, int32_t classes, aus_stems_shape *s)
{
  const int64_t n_fft = frontend_integer(r, "n_fft"), all = n_fft / 2 + 1;
  *s = (aus_stems_shape){ .stems = classes, .frames = frontend_integer(r, "patch_frames"), .bins = r->separator.bins ? r->separator.bins : all,
                          .embedding = r->separator.embedding, .pitches = r->separator.notes ? AUS_STEMS_PITCHES : 0 };
  if (strcmp(frontend_word(r, "kind"), "stft") != 0 || strcmp(frontend_word(r, "layout"), "time_freq") != 0 || n_fft < 2 || s->frames < 2)
    return aus_recipe_fail(r, 0, "a separator's [frontend] has kind = stft, layout = time_freq, n_fft, hop, rate and patch_frames");
  if (s->bins > all) return aus_recipe_fail(r, r->separator.line, "bins = %lld: frames of %lld samples have %lld", (long long)s->bins, (long long)n_fft, (long long)all);
  if (s->stems > AUS_STEMS_MOST) return aus_recipe_fail(r, 0, "%lld stems; at most %d", (long long)s->stems, AUS_STEMS_MOST);
  return AUS_OK;
}

/* ---- heads --------------------------------------------------------------------------------------------------- */

typedef struct end { aus_net *n; int32_t drawn; } end;

static int32_t node(end *e, int32_t op, const char *name, int32_t n_in, const int32_t *in, int32_t n_attr, const aus_word *attr)
{
  return aus_builder_node(e->n->b, op, name, n_in, in, 1, n_attr, attr);
}

static int32_t shaped(end *e, const char *name, int32_t x, int32_t n, const int32_t *dim)
{
  aus_word attr[6];
  for (int32_t i = 0; i < n; i++) attr[i].i = dim[i];
  return node(e, AUS_OP_reshape, name, 1, &x, n, attr);
}

/* As torch draws a linear layer: uniform in +-1 / sqrt(fan in). */
static aus_status param(end *e, const char *layer, const char *what, int32_t rank, const int32_t *dim, double bound, int32_t *out)
{
  char name[64];
  int64_t count = dim[0];
  for (int32_t i = 1; i < rank; i++) count *= dim[i];
  if (count > e->n->room) return aus_recipe_fail(e->n->r, e->n->line, "the network has too many parameters");
  e->n->room -= count;
  float *x = aus_alloc(e->n->ctx, (size_t)count, sizeof *x);
  if (!x) return AUS_ENOMEM;
  snprintf(name, sizeof name, "%s.%s", layer, what);
  aus_init_fill(&(aus_init){ AUS_INIT_UNIFORM, bound }, e->n->seed, (UINT64_C(1) << 40) + (uint64_t)e->drawn++, count, x);
  *out = aus_builder_param(e->n->b, name, rank, dim, x);
  aus_free(e->n->ctx, x);
  return AUS_OK;
}

static aus_status linear(end *e, const char *layer, int64_t outputs, int32_t *out)
{
  const int32_t dim[2] = { (int32_t)outputs, (int32_t)e->n->at.shape.dim[2] };
  const double bound = 1 / sqrt((double)dim[1]);
  int32_t in[3] = { e->n->at.value };
  if (outputs > INT32_MAX / 4) return aus_recipe_fail(e->n->r, e->n->line, "%s: %lld outputs are too many", layer, (long long)outputs);
  AUS_TRY(param(e, layer, "weight", 2, dim, bound, &in[1]));
  AUS_TRY(param(e, layer, "bias", 1, dim, bound, &in[2]));
  *out = node(e, AUS_OP_linear, layer, 3, in, 0, NULL);
  return AUS_OK;
}

/* [mb, stems, frames, bins] */
static aus_status make_masks(end *e, const aus_stems_shape *s, int32_t *masks)
{
  int32_t y = e->n->at.value;
  if (e->n->at.shape.rank == 3) {
    AUS_TRY(linear(e, "masks.linear", s->stems * s->bins, &y));
    y = shaped(e, "masks.apart", y, 4, (int32_t[]){ 0, 0, (int32_t)s->stems, (int32_t)s->bins });
    y = node(e, AUS_OP_transpose, "masks.logits", 1, &y, 4, (aus_word[]){ { 0 }, { 2 }, { 1 }, { 3 } });
  }
  const bool softmax = e->n->r->separator.mask == 1;
  *masks = softmax ? node(e, AUS_OP_softmax, "masks", 1, &y, 1, &(aus_word){ 1 }) : node(e, AUS_OP_sigmoid, "masks", 1, &y, 0, NULL);
  return AUS_OK;
}

/* [mb, frames bins D] */
static aus_status make_embedding(end *e, const aus_stems_shape *s, int32_t *flat)
{
  int32_t y, in[2];
  const float tiny = 1e-8f;
  AUS_TRY(linear(e, "embedding.linear", s->bins * s->embedding, &y));
  y = shaped(e, "embedding.apart", y, 3, (int32_t[]){ 0, (int32_t)(s->frames * s->bins), (int32_t)s->embedding });
  y = node(e, AUS_OP_tanh, "embedding.tanh", 1, &y, 0, NULL);
  in[0] = node(e, AUS_OP_reduce_l2, "embedding.norm", 1, &y, 2, (aus_word[]){ { 1 << 2 }, { 1 } });
  in[1] = aus_builder_param(e->n->b, "embedding.offset", 1, (int32_t[]){ 1 }, &tiny);
  in[1] = node(e, AUS_OP_add, "embedding.sum", 2, in, 0, NULL);
  in[0] = y;
  y = node(e, AUS_OP_div, "embedding", 2, in, 0, NULL);
  *flat = shaped(e, "embedding.flat", y, 2, (int32_t[]){ 0, -1 });
  return AUS_OK;
}

static aus_status check(const aus_net *n, const aus_stems_shape *s)
{
  const aus_dims *d = &n->at.shape;
  const bool sequence = d->rank == 3 && d->dim[1] == s->frames;
  const bool maps = d->rank == 4 && d->dim[1] == s->stems && d->dim[2] == s->frames && d->dim[3] == s->bins;
  char text[96];
  if (maps && (s->embedding || s->pitches)) return aus_recipe_fail(n->r, n->line, "an embedding and notes need a sequence [batch, %lld, features], here are maps", (long long)s->frames);
  if (sequence || maps) return AUS_OK;
  return aus_recipe_fail(n->r, n->line, "the network ends in %s, wanted are [batch, %lld, features] or [batch, %lld, %lld, %lld]", aus_shape_text(d, text),
                         (long long)s->frames, (long long)s->stems, (long long)s->frames, (long long)s->bins);
}

/* What is to be multiplied by masks must be |X| itself. */
static aus_status hears_magnitudes(const aus_recipe *r)
{
  const char *log = frontend_word(r, "log"), *power = frontend_word(r, "power");
  double p = 1;
  if ((!*log || strcmp(log, "none") == 0) && (!*power || (aus_word_real(power, 0, 10, &p) && p == 1))) return AUS_OK;
  return aus_recipe_fail(r, 0, "a U-Net hears magnitudes: [frontend] without log, and with power = 1");
}

aus_status aus_stems_finish(aus_net *n)
{
  end e = { .n = n };
  aus_stems_shape shape;
  const aus_stems_shape *s = &shape;
  AUS_TRY(settle_shape(n->r, n->classes, &shape));
  int32_t masks, flat[3], heads = 1;
  AUS_TRY(check(n, s));
  const bool whole = n->masks >= 0; /* the network has its masks, and gives magnitudes */
  if (whole) AUS_TRY(hears_magnitudes(n->r));
  masks = n->masks;
  if (!whole) AUS_TRY(make_masks(&e, s, &masks));
  aus_builder_string(n->b, "separator.gives", whole ? "ratio" : "mask");
  if (whole) aus_builder_real(n->b, "separator.overlap", 0);
  if (whole) aus_builder_real(n->b, "separator.exponent", n->r->separator.exponent);
  flat[0] = shaped(&e, "masks.flat", masks, 2, (int32_t[]){ 0, -1 });
  if (s->embedding) AUS_TRY(make_embedding(&e, s, &flat[heads++]));
  if (s->pitches) {
    int32_t y;
    AUS_TRY(linear(&e, "notes", s->stems * s->pitches, &y));
    flat[heads++] = shaped(&e, "notes.flat", y, 2, (int32_t[]){ 0, -1 });
  }
  node(&e, AUS_OP_concat, "heads", heads, flat, 1, &(aus_word){ 1 });
  aus_builder_output(n->b, whole ? n->at.value : masks);
  return AUS_OK;
}

/* ---- the file before the first step ---------------------------------------------------------------------------- */

static aus_status build(const aus_recipe *r, const aus_data *d, uint64_t seed, const aus_stems_shape *s, aus_builder *b, aus_template *t)
{
  const aus_dims dims = { .rank = 4, .dim = { 1, 1, s->frames, s->bins } };
  size_t size;
  aus_builder_string(b, "name", r->title);
  aus_builder_string(b, "licence", r->licence);
  aus_builder_string(b, "source", r->source);
  aus_builder_string(b, "kind", "separator");
  aus_builder_strings(b, "labels", d->classes, d->label);
  AUS_TRY(aus_template_frontend(r, b));
  AUS_TRY(aus_network_build(r, &dims, d->classes, seed, 1 << 29, b));
  AUS_TRY(aus_builder_finish(b, &t->bytes, &size));
  const aus_status status = aus_bundle_open_memory(r->ctx, t->bytes, size, &t->bundle);
  if (status != AUS_OK) { aus_free(r->ctx, t->bytes); t->bytes = NULL; }
  return status;
}

aus_status aus_stems_template(const aus_recipe *r, const aus_data *d, uint64_t seed, aus_stems_shape *shape, aus_template *t)
{
  aus_builder *b;
  *t = (aus_template){ 0 };
  AUS_TRY(settle_shape(r, d->classes, shape));
  AUS_TRY(aus_builder_create(r->ctx, &b));
  const aus_status status = build(r, d, seed, shape, b, t);
  aus_builder_destroy(b);
  return status;
}
