/* template.c - what a training starts from.
 *
 * Fresh, the graph comes from the layers of the recipe. From a file (fine-tuning), the graph is that file's; when the labels differ in
 * number, the linear layer that makes the logits gets as many rows as there are labels now, drawn anew. */
#include "train/template.h"

#include "nn/op.h"
#include "train/initialise.h"
#include "train/network.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

enum { MOST_PARAMS = 1 << 29 };
static const char *const score_of[] = { "softmax", "sigmoid", "real", "real", "softmax" }; /* by loss */

/* ---- the front end ------------------------------------------------------------------------------------ */

typedef struct entry { const char *name; char type; } entry; /* s, i, r */
static const entry keys[] = {
  { "kind", 's' }, { "rate", 'i' }, { "n_fft", 'i' }, { "win_length", 'i' }, { "hop", 'i' }, { "window", 's' }, { "center", 's' }, { "power", 'r' },
  { "mels", 'i' }, { "fmin", 'r' }, { "fmax", 'r' }, { "mel_scale", 's' }, { "mel_norm", 's' }, { "half", 'i' }, { "log", 's' }, { "log_scale", 'r' },
  { "amin", 'r' }, { "offset", 'r' }, { "top_db", 'r' }, { "layout", 's' }, { "patch_frames", 'i' }, { "patch_samples", 'i' },
  { "patch_hop_frames", 'i' }, { "short", 's' }, { "tail", 's' },
};
enum { N_KEYS = sizeof keys / sizeof *keys };

static aus_status write_key(const aus_recipe *r, const aus_recipe_line *l, const entry *k, aus_builder *b)
{
  char name[48];
  int64_t i;
  double x;
  snprintf(name, sizeof name, strcmp(k->name, "kind") == 0 ? "frontend" : "frontend.%s", k->name);
  const char *value = l->words.word[1];
  if (k->type == 's') aus_builder_string(b, name, value);
  else if (k->type == 'i' && aus_word_integer(value, 0, INT32_MAX, &i)) aus_builder_integer(b, name, i);
  else if (k->type == 'r' && aus_word_real(value, -1e12, 1e12, &x)) aus_builder_real(b, name, x);
  else return aus_recipe_fail(r, l->line, "%s: '%.40s' is not a %snumber", k->name, value, k->type == 'i' ? "whole " : "");
  return AUS_OK;
}

aus_status aus_template_frontend(const aus_recipe *r, aus_builder *b)
{
  const char *known[N_KEYS];
  int32_t seen[N_KEYS] = { 0 };
  bool wave = false, layout = false;
  for (int32_t k = 0; k < N_KEYS; k++) known[k] = keys[k].name;
  for (int32_t i = 0; i < r->frontend.n; i++) {
    const aus_recipe_line *l = &r->frontend.item[i];
    const char *name = l->words.word[0];
    int32_t k = 0;
    while (k < N_KEYS && strcmp(keys[k].name, name) != 0) k++;
    if (k == N_KEYS) return aus_recipe_fail(r, l->line, "[frontend] has no key '%.40s'; the nearest is '%s'", name, aus_word_nearest(name, N_KEYS, known));
    if (seen[k]) return aus_recipe_fail(r, l->line, "'%s' is set twice, in line %d too", name, (int)seen[k]);
    seen[k] = l->line;
    wave |= k == 0 && strcmp(l->words.word[1], "waveform") == 0;
    layout |= strcmp(name, "layout") == 0;
    AUS_TRY(write_key(r, l, &keys[k], b));
  }
  if (wave && !layout) aus_builder_string(b, "frontend.layout", "waveform_3d"); /* what convolutions read */
  return AUS_OK;
}

/* The front end of a bundle, checked for what training needs. */
static aus_status open_frontend(const aus_recipe *r, const aus_bundle *b, aus_frontend **fe)
{
  const aus_status status = aus_frontend_create(r->ctx, b, fe);
  if (status != AUS_OK) return aus_fail_prefix(r->ctx, status, "%s: [frontend]", r->name);
  if ((*fe)->channels != 1) return aus_recipe_fail(r, 0, "training takes networks of one channel, this one takes %d stems", (*fe)->channels);
  if ((*fe)->patch > 0) return AUS_OK;
  return aus_recipe_fail(r, 0, "[frontend] must say how long an input is: %s", (*fe)->waveform ? "patch_samples" : "patch_frames");
}

static aus_status finish(aus_builder *b, aus_ctx *ctx, void **bytes, aus_bundle **bundle)
{
  size_t size;
  AUS_TRY(aus_builder_finish(b, bytes, &size));
  const aus_status status = aus_bundle_open_memory(ctx, *bytes, size, bundle);
  if (status != AUS_OK) { aus_free(ctx, *bytes); *bytes = NULL; }
  return status;
}

static aus_status frontend_of_recipe(const aus_recipe *r, aus_frontend **fe)
{
  aus_builder *b;
  aus_bundle *bundle = NULL;
  void *bytes = NULL;
  AUS_TRY(aus_builder_create(r->ctx, &b));
  aus_status status = aus_template_frontend(r, b);
  if (status == AUS_OK) status = finish(b, r->ctx, &bytes, &bundle);
  if (status == AUS_OK) status = open_frontend(r, bundle, fe);
  aus_bundle_close(bundle);
  aus_free(r->ctx, bytes);
  aus_builder_destroy(b);
  return status;
}

/* ---- copies -------------------------------------------------------------------------------------------------- */

static int32_t copy_tensor(aus_builder *b, const aus_bundle *from, int32_t i, const float *value)
{
  aus_tensor_info info;
  int32_t dim[AUS_MAX_DIMS];
  if (aus_bundle_tensor(from, i, &info) != AUS_OK) return -1;
  for (int d = 0; d < info.rank; d++) dim[d] = (int32_t)info.dim[d];
  return aus_builder_tensor(b, info.name, AUS_F32, info.rank, dim, value ? value : aus_bundle_tensor_f32(from, i));
}

static bool starts(const char *s, const char *prefix) { return strncmp(s, prefix, strlen(prefix)) == 0; }

aus_status aus_template_copy(aus_builder *b, const aus_bundle *from, float *const *value)
{
  const char *name;
  const int32_t n = aus_bundle_tensors(from);
  int32_t *at = aus_alloc(from->ctx, (size_t)n, sizeof *at);
  if (!at) return AUS_ENOMEM;
  for (int32_t i = 0; (name = aus_meta_key(from, i, NULL)) != NULL; i++) aus_builder_meta(b, from, name);
  for (int32_t i = 0; i < n; i++) at[i] = copy_tensor(b, from, i, value[i]);
  aus_builder_graph(b, from, at);
  aus_free(from->ctx, at);
  return AUS_OK;
}

/* ---- the last layer --------------------------------------------------------------------------------------------- */

static const aus_node *writer_of(const aus_graph *g, int32_t value)
{
  for (int32_t i = 0; i < g->n_nodes; i++)
    for (int32_t k = 0; k < g->node[i].n_out; k++)
      if (g->index[g->node[i].out + k] == value) return &g->node[i];
  return NULL;
}

static int32_t logits_of(const aus_graph *g, int32_t *score_op)
{
  const aus_node *last = writer_of(g, g->output[0]);
  *score_op = last ? last->op : 0;
  return *score_op == AUS_OP_softmax || *score_op == AUS_OP_sigmoid ? g->index[last->in] : g->output[0];
}

aus_status aus_template_logits(aus_ctx *ctx, const aus_bundle *b, int loss, const char **name)
{
  static const char *const words[] = { "cross_entropy", "bce", "mse", "l1", "kl" };
  static const int32_t wanted[] = { AUS_OP_softmax, AUS_OP_sigmoid, 0, 0, AUS_OP_softmax };
  int32_t op;
  if (b->graph.n_inputs != 1 || b->graph.n_outputs < 1) return aus_fail(ctx, AUS_ENOTSUP, "training takes networks of one input and an output");
  const int32_t v = logits_of(&b->graph, &op);
  const bool ends = op == AUS_OP_softmax || op == AUS_OP_sigmoid;
  if (ends && wanted[loss] && op != wanted[loss])
    return aus_fail(ctx, AUS_EFORMAT, "the network ends in %s, which does not go with loss = %s", aus_op_by_code(op)->name, words[loss]);
  *name = b->graph.value[ends && !wanted[loss] ? b->graph.output[0] : v].name;
  return AUS_OK;
}

/* ---- from a file -------------------------------------------------------------------------------------------------- */

/* Tensors of the linear layer that gives the logits; -1 where there is none. */
typedef struct head { int32_t weights, bias; int64_t rows, columns; } head;

static head find_head(const aus_bundle *b)
{
  const aus_graph *g = &b->graph;
  head h = { -1, -1, 0, 0 };
  int32_t op;
  const aus_node *n = writer_of(g, logits_of(g, &op));
  if (!n || n->op != AUS_OP_linear || g->value[g->index[n->in + 1]].kind != AUS_VALUE_PARAM) return h;
  h.weights = g->value[g->index[n->in + 1]].tensor;
  h.rows = b->tensor[h.weights].dim[0];
  h.columns = b->tensor[h.weights].dim[1];
  if (n->n_in > 2 && g->index[n->in + 2] >= 0 && g->value[g->index[n->in + 2]].kind == AUS_VALUE_PARAM) h.bias = g->value[g->index[n->in + 2]].tensor;
  return h;
}

static int32_t fresh_tensor(aus_ctx *ctx, aus_builder *b, const char *name, int32_t rank, const int32_t *dim, double bound, uint64_t seed, uint64_t item)
{
  const int64_t n = (int64_t)dim[0] * (rank > 1 ? dim[1] : 1);
  float *x = aus_alloc(ctx, (size_t)n, sizeof *x);
  if (!x) return -1;
  aus_init_fill(&(aus_init){ AUS_INIT_UNIFORM, bound }, seed, item, n, x);
  const int32_t at = aus_builder_tensor(b, name, AUS_F32, rank, dim, x);
  aus_free(ctx, x);
  return at;
}

static aus_status copy_file(const aus_recipe *r, const aus_bundle *from, int32_t classes, uint64_t seed, aus_builder *b)
{
  const int32_t n = aus_bundle_tensors(from);
  const head h = find_head(from);
  const bool anew = h.weights >= 0 && h.rows != classes;
  int32_t *at = aus_alloc(r->ctx, (size_t)n, sizeof *at);
  if (!at) return AUS_ENOMEM;
  const int32_t dim[] = { classes, (int32_t)h.columns };
  for (int32_t i = 0; i < n; i++) {
    const char *name = from->tensor[i].name;
    if (starts(name, "golden")) at[i] = -1;
    else if (anew && (i == h.weights || i == h.bias)) at[i] = fresh_tensor(r->ctx, b, name, i == h.weights ? 2 : 1, dim, 1 / sqrt((double)h.columns), seed, (uint64_t)i);
    else at[i] = copy_tensor(b, from, i, NULL);
  }
  if (anew) aus_note(r->ctx, AUS_LOG_NOTE, "%s gives %lld scores, the labels are %d: its last layer starts anew", r->init, (long long)h.rows, (int)classes);
  aus_builder_graph(b, from, at);
  aus_free(r->ctx, at);
  return AUS_OK;
}

static void copy_meta(const aus_bundle *from, aus_builder *b)
{
  const char *name;
  for (int32_t i = 0; (name = aus_meta_key(from, i, NULL)) != NULL; i++)
    if (starts(name, "frontend")) aus_builder_meta(b, from, name);
}

/* The filterbank that the copied front end names, where the file's own tensors are not copied. */
static void copy_bank(const aus_bundle *from, aus_builder *b)
{
  const char *name = aus_meta_string(from, "frontend.filterbank", NULL);
  const int32_t i = name ? aus_bundle_find_tensor(from, name) : -1;
  if (i >= 0) copy_tensor(b, from, i, NULL);
}

static aus_status open_init(const aus_recipe *r, aus_bundle **out)
{
  char *path = aus_recipe_path(r, r->init);
  const aus_status status = path ? aus_bundle_open(r->ctx, path, out) : AUS_ENOMEM;
  aus_free(r->ctx, path);
  return status;
}

/* ---- the whole -------------------------------------------------------------------------------------------------------- */

static void write_meta(const aus_recipe *r, const aus_data *d, aus_builder *b)
{
  aus_builder_string(b, "name", r->title);
  aus_builder_string(b, "licence", r->licence);
  aus_builder_string(b, "source", r->source);
  aus_builder_string(b, "kind", "classifier");
  aus_builder_string(b, "score", score_of[r->loss]);
  aus_builder_strings(b, "labels", d->classes, d->label);
}

static aus_status build(const aus_recipe *r, const aus_data *d, uint64_t seed, const aus_bundle *init, aus_template *t)
{
  aus_builder *b;
  AUS_TRY(aus_builder_create(r->ctx, &b));
  write_meta(r, d, b);
  aus_status status = r->frontend.n ? aus_template_frontend(r, b) : AUS_OK;
  if (init && !r->frontend.n) copy_meta(init, b);
  if (init && !r->frontend.n && r->network.n) copy_bank(init, b);
  const aus_dims dims = aus_frontend_dims(t->fe, 1, t->fe->patch);
  if (status == AUS_OK) status = r->network.n ? aus_network_build(r, &dims, d->classes, seed, MOST_PARAMS, b) : copy_file(r, init, d->classes, seed, b);
  if (status == AUS_OK) status = finish(b, r->ctx, &t->bytes, &t->bundle);
  aus_builder_destroy(b);
  return status;
}

aus_status aus_template_create(const aus_recipe *r, const aus_data *d, uint64_t seed, aus_template *t)
{
  aus_bundle *init = NULL;
  *t = (aus_template){ 0 };
  aus_status status = r->init ? open_init(r, &init) : AUS_OK;
  if (status == AUS_OK) status = r->frontend.n ? frontend_of_recipe(r, &t->fe) : open_frontend(r, init, &t->fe);
  if (status == AUS_OK) status = build(r, d, seed, init, t);
  aus_bundle_close(init);
  if (status != AUS_OK) aus_template_free(t);
  return status;
}

void aus_template_free(aus_template *t)
{
  aus_frontend_destroy(t->fe);
  if (t->bundle) {
    aus_ctx *ctx = t->bundle->ctx;
    aus_bundle_close(t->bundle);
    aus_free(ctx, t->bytes);
  }
  *t = (aus_template){ 0 };
}
