/* layers.c - what each kind of layer adds to the graph.
 *
 * A line is a kind, its positional words and key=value options. Shapes are those that the engine's own ops infer for what
 * has been built so far; here only the shapes of parameters are made. Lines refer to values by `save NAME`, and take them up with
 * `from`, `add` and `concat`: that is enough for residual and parallel branches. */
#include "train/network.h"

#include "nn/op.h"
#include "train/initialise.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MOST_IN = 8, MOST_ATTR = 20, DIM = 1 << 24 };

static aus_status bad(const aus_net *n, const char *format, ...) AUS_PRINTF(2, 3);
static aus_status bad(const aus_net *n, const char *format, ...)
{
  char text[160];
  va_list args;
  va_start(args, format);
  vsnprintf(text, sizeof text, format, args);
  va_end(args);
  return aus_recipe_fail(n->r, n->line, "%.20s: %s", n->words->word[0], text);
}

/* ---- words of a line ---------------------------------------------------------------------------- */

/* The i-th word without '=', the kind being number 0; NULL. */
static const char *positional(const aus_net *n, int32_t i)
{
  for (int32_t k = 0; k < n->words->n; k++)
    if (!strchr(n->words->word[k], '=') && i-- == 0) return n->words->word[k];
  return NULL;
}

static const char *option(const aus_net *n, const char *key, const char *fallback)
{
  const size_t length = strlen(key);
  for (int32_t k = 1; k < n->words->n; k++)
    if (strncmp(n->words->word[k], key, length) == 0 && n->words->word[k][length] == '=') return n->words->word[k] + length + 1;
  return fallback;
}

static aus_status number(const aus_net *n, const char *what, const char *text, int64_t low, int64_t high, int32_t *out)
{
  int64_t v;
  *out = 0;
  if (!aus_word_integer(text, low, high, &v)) return bad(n, "%s: '%.30s' is not a whole number from %lld to %lld", what, text, (long long)low, (long long)high);
  *out = (int32_t)v;
  return AUS_OK;
}

static aus_status real(const aus_net *n, const char *what, const char *text, double low, double high, float *out)
{
  double v;
  *out = 0;
  if (!aus_word_real(text, low, high, &v)) return bad(n, "%s: '%.30s' is not a number from %g to %g", what, text, low, high);
  *out = (float)v;
  return AUS_OK;
}

static aus_status flag(const aus_net *n, const char *key, const char *fallback, int32_t *out)
{
  const char *text = option(n, key, fallback);
  *out = strcmp(text, "yes") == 0;
  return *out || strcmp(text, "no") == 0 ? AUS_OK : bad(n, "%s: want yes or no", key);
}

/* "5" or "3x7": height x width; a signal of one axis has height 1. */
static aus_status pair(const aus_net *n, const char *what, const char *text, int64_t low, int32_t out[2])
{
  const bool flat = n->at.shape.rank == 3;
  const char *x = strchr(text, 'x');
  char first[16];
  if (!x) {
    AUS_TRY(number(n, what, text, low, DIM, &out[1]));
    out[0] = flat ? (low > 0 ? 1 : 0) : out[1];
    return AUS_OK;
  }
  if (flat) return bad(n, "%s: '%.30s' has two numbers, the signal here has one axis", what, text);
  snprintf(first, sizeof first, "%.*s", (int)(x - text < 15 ? x - text : 15), text);
  AUS_TRY(number(n, what, first, low, DIM, &out[0]));
  return number(n, what, x + 1, low, DIM, &out[1]);
}

/* ---- nodes and parameters -------------------------------------------------------------------------- */

/* A node of n_in values; its first output becomes *out. */
static aus_status emit(aus_net *n, int32_t op, const char *name, int32_t n_in, const aus_net_value *in, int32_t n_attr, const aus_word *attr, aus_net_value *out)
{
  const aus_op *o = aus_op_by_code(op);
  aus_operand src[MOST_IN] = { { 0 } }, dst[4] = { { 0 } };
  aus_word words[MOST_ATTR] = { { 0 } };
  int32_t values[MOST_IN];
  if (!o) return aus_fail(n->ctx, AUS_ENOTSUP, "this version has no op %d", (int)op);
  for (int32_t i = 0; i < n_in; i++) { src[i].shape = in[i].shape; values[i] = in[i].value; }
  if (n_attr) memcpy(words, attr, (size_t)n_attr * sizeof *attr);
  const aus_arity named = aus_op_arity(o->inputs), outputs = aus_op_arity(o->outputs), wanted = aus_op_arity(o->attributes);
  aus_call call = { .ctx = n->ctx, .op = op, .n_in = n_in > named.named ? n_in : named.named, .n_out = outputs.named,
                    .n_attr = n_attr > wanted.named ? n_attr : wanted.named, .in = src, .out = dst, .attr = words };
  if (o->impl->shape(&call) != AUS_OK || aus_shape_check(n->ctx, &dst[0].shape) != AUS_OK) {
    char why[160];
    snprintf(why, sizeof why, "%s", aus_ctx_error(n->ctx));
    return bad(n, "%s", why);
  }
  *out = (aus_net_value){ aus_builder_node(n->b, op, name, n_in, values, 1, n_attr, attr), dst[0].shape };
  return AUS_OK;
}

/* A node of one value after another. */
static aus_status unary(aus_net *n, int32_t op, int32_t n_attr, const aus_word *attr) { return emit(n, op, n->name, 1, &n->at, n_attr, attr, &n->at); }

static aus_status param(aus_net *n, const char *suffix, int32_t rank, const int64_t *dim, const aus_init *init, aus_net_value *out)
{
  char name[AUS_NET_NAME + 32];
  int32_t dims[AUS_MAX_RANK];
  out->shape = aus_shape_make(rank, dim);
  AUS_TRY(aus_shape_check(n->ctx, &out->shape));
  const int64_t count = aus_shape_count(&out->shape);
  if (count > n->room) return aus_fail(n->ctx, AUS_ELIMIT, "%s:%d: the network has too many parameters", n->r->name, (int)n->line);
  n->room -= count;
  float *x = aus_alloc(n->ctx, (size_t)count, sizeof *x);
  if (!x) return AUS_ENOMEM;
  aus_init_fill(init, n->seed, (uint64_t)n->n_params++, count, x);
  for (int32_t d = 0; d < rank; d++) dims[d] = (int32_t)dim[d];
  snprintf(name, sizeof name, "%s.%s", n->name, suffix);
  out->value = aus_builder_param(n->b, name, rank, dims, x);
  aus_free(n->ctx, x);
  return AUS_OK;
}

static aus_status constant(aus_net *n, const char *suffix, int64_t count, double value, aus_net_value *out)
{
  return param(n, suffix, 1, &count, &(aus_init){ AUS_INIT_CONSTANT, value }, out);
}

static aus_status weights(aus_net *n, const char *suffix, int32_t rank, const int64_t *dim, double fan_in, double fan_out, aus_net_value *out)
{
  aus_init init;
  const char *name = option(n, "init", n->init);
  if (!aus_init_by_name(name, fan_in, fan_out, &init)) {
    int32_t known = 0;
    while (aus_init_names[known]) known++;
    return bad(n, "no initialiser '%.30s'; the nearest is '%s'", name, aus_word_nearest(name, known, aus_init_names));
  }
  return param(n, suffix, rank, dim, &init, out);
}

/* torch's own initialiser draws biases too; the others start them at 0. */
static aus_status bias(aus_net *n, int64_t count, double fan_in, aus_net_value *out)
{
  const char *given = option(n, "bias_init", NULL);
  float value = 0;
  aus_init init = { AUS_INIT_CONSTANT, 0 };
  if (given) { AUS_TRY(real(n, "bias_init", given, -1e6, 1e6, &value)); init.value = value; }
  else if (strcmp(option(n, "init", n->init), "torch") == 0) init = (aus_init){ AUS_INIT_UNIFORM, 1 / sqrt(fan_in) };
  return param(n, "bias", 1, &count, &init, out);
}

/* ---- linear layers ------------------------------------------------------------------------------------ */

static aus_status spatial(const aus_net *n)
{
  char text[96];
  return n->at.shape.rank == 3 || n->at.shape.rank == 4 ? AUS_OK : bad(n, "wants [batch, channels, (height,) width], here is %s", aus_shape_text(&n->at.shape, text));
}

/* pads: "same", or a number or pair for both sides. */
static aus_status read_pads(const aus_net *n, const int32_t kernel[2], const int32_t dilation[2], int32_t before[2], int32_t after[2])
{
  const char *text = option(n, "pad", "0");
  if (strcmp(text, "same") != 0) {
    AUS_TRY(pair(n, "pad", text, 0, before));
    memcpy(after, before, 2 * sizeof *after);
    return AUS_OK;
  }
  for (int i = 0; i < 2; i++) {
    const int64_t all = (int64_t)dilation[i] * (kernel[i] - 1);
    if (all > DIM) return bad(n, "the kernel is too wide");
    before[i] = (int32_t)(all / 2);
    after[i] = (int32_t)(all - all / 2);
  }
  return AUS_OK;
}

typedef struct window { int32_t kernel[2], stride[2], dilation[2], before[2], after[2]; } window;

static aus_status read_window(const aus_net *n, const char *kernel, const char *stride, window *w)
{
  AUS_TRY(spatial(n));
  AUS_TRY(pair(n, "kernel", kernel, 1, w->kernel));
  AUS_TRY(pair(n, "stride", option(n, "stride", stride), 1, w->stride));
  AUS_TRY(pair(n, "dilation", option(n, "dilation", "1"), 1, w->dilation));
  return read_pads(n, w->kernel, w->dilation, w->before, w->after);
}

static aus_status conv(aus_net *n, int32_t op)
{
  window w;
  int32_t oc, groups, biased;
  AUS_TRY(number(n, "channels", positional(n, 1), 1, DIM, &oc));
  AUS_TRY(read_window(n, positional(n, 2), "1", &w));
  AUS_TRY(number(n, "groups", option(n, "groups", "1"), 1, DIM, &groups));
  AUS_TRY(flag(n, "bias", "yes", &biased));
  const int64_t ic = n->at.shape.dim[1], area = (int64_t)w.kernel[0] * w.kernel[1];
  if (ic % groups || oc % groups) return bad(n, "%d groups do not divide %lld and %d channels", (int)groups, (long long)ic, (int)oc);
  const bool flat = n->at.shape.rank == 3, transposed = op == AUS_OP_conv_transpose;
  const int64_t a = transposed ? ic : oc, b = (transposed ? oc : ic) / groups;
  const int64_t dim2[] = { a, b, w.kernel[0], w.kernel[1] }, dim1[] = { a, b, w.kernel[1] };
  const double fan_in = (double)(b * area), fan_out = (double)(a / groups * area); /* torch's: by the layout, transposed or not */
  aus_net_value in[3] = { n->at };
  AUS_TRY(weights(n, "weight", flat ? 3 : 4, flat ? dim1 : dim2, fan_in, fan_out, &in[1]));
  if (biased) AUS_TRY(bias(n, oc, fan_in, &in[2]));
  const aus_word attr[] = { { w.stride[0] }, { w.stride[1] }, { w.dilation[0] }, { w.dilation[1] }, { w.before[0] }, { w.before[1] },
                            { w.after[0] }, { w.after[1] }, { groups }, { 0 }, { 0 } };
  return emit(n, op, n->name, biased ? 3 : 2, in, transposed ? 11 : 9, attr, &n->at);
}

static aus_status linear_of(aus_net *n, const char *node, int64_t outputs, bool biased, aus_net_value *at)
{
  const int64_t k = at->shape.dim[at->shape.rank - 1], dim[] = { outputs, k };
  char own[AUS_NET_NAME];
  aus_net_value in[3] = { *at };
  memcpy(own, n->name, sizeof own);
  memmove(n->name, node, strlen(node) + 1); /* parameters take the node's name */
  aus_status status = weights(n, "weight", 2, dim, (double)k, (double)outputs, &in[1]);
  if (status == AUS_OK && biased) status = bias(n, outputs, (double)k, &in[2]);
  if (status == AUS_OK) status = emit(n, AUS_OP_linear, node, biased ? 3 : 2, in, 0, NULL, at);
  memcpy(n->name, own, sizeof own);
  return status;
}

static aus_status linear(aus_net *n, int32_t op)
{
  int32_t outputs = n->classes, biased;
  char node[AUS_NET_NAME];
  (void)op;
  if (strcmp(positional(n, 1), "classes") != 0) AUS_TRY(number(n, "outputs", positional(n, 1), 1, DIM, &outputs));
  AUS_TRY(flag(n, "bias", "yes", &biased));
  if (n->at.shape.rank > 3) return bad(n, "put `flatten` or `global_mean` before it");
  memcpy(node, n->name, sizeof node);
  return linear_of(n, node, outputs, biased, &n->at);
}

/* ---- normalisation --------------------------------------------------------------------------------------- */

static aus_status batch_norm(aus_net *n, int32_t op)
{
  const int64_t c = n->at.shape.rank > 1 ? n->at.shape.dim[1] : 1;
  aus_word attr = { 0 };
  aus_net_value in[5] = { n->at };
  AUS_TRY(real(n, "epsilon", option(n, "epsilon", "1e-5"), 0, 1, &attr.f));
  AUS_TRY(constant(n, "weight", c, 1, &in[1]));
  AUS_TRY(constant(n, "bias", c, 0, &in[2]));
  AUS_TRY(constant(n, "running_mean", c, 0, &in[3]));
  AUS_TRY(constant(n, "running_var", c, 1, &in[4]));
  return emit(n, op, n->name, 5, in, 1, &attr, &n->at);
}

/* layer_norm over the last axis, instance_norm, group_norm GROUPS. */
static aus_status other_norm(aus_net *n, int32_t op)
{
  int32_t scaled;
  aus_word attr[2] = { { 0 }, { 0 } };
  aus_net_value in[3] = { n->at };
  const int32_t rank = n->at.shape.rank;
  const int64_t c = n->at.shape.dim[op == AUS_OP_layer_norm ? rank - 1 : 1];
  const int n_attr = op == AUS_OP_instance_norm ? 1 : 2;
  AUS_TRY(flag(n, "affine", op == AUS_OP_instance_norm ? "no" : "yes", &scaled));
  AUS_TRY(real(n, "epsilon", option(n, "epsilon", "1e-5"), 0, 1, &attr[n_attr - 1].f));
  if (op == AUS_OP_layer_norm) attr[0].i = rank - 1;
  if (op == AUS_OP_group_norm) AUS_TRY(number(n, "groups", positional(n, 1), 1, DIM, &attr[0].i));
  if (scaled) AUS_TRY(constant(n, "weight", c, 1, &in[1]));
  if (scaled) AUS_TRY(constant(n, "bias", c, 0, &in[2]));
  return emit(n, op, n->name, scaled ? 3 : 1, in, n_attr, attr, &n->at);
}

/* ---- activations, pools, shapes ------------------------------------------------------------------------------ */

static aus_status activation(aus_net *n, int32_t op) { return unary(n, op, 0, NULL); }

static aus_status activation_1(aus_net *n, int32_t op)
{
  aus_word attr = { 0 };
  const char *given = positional(n, 1);
  AUS_TRY(real(n, "alpha", given ? given : op == AUS_OP_elu ? "1" : "0.01", -1e6, 1e6, &attr.f));
  return unary(n, op, 1, &attr);
}

/* ln(x + offset), for what is not negative: the compression of a learnt filterbank [Sainath15]. The offset is no parameter of the training. */
static aus_status logarithm(aus_net *n, int32_t op)
{
  float offset;
  char name[AUS_NET_NAME + 8];
  aus_net_value in[2] = { n->at }, sum;
  AUS_TRY(real(n, "offset", positional(n, 1), 1e-30, 1e6, &offset));
  AUS_TRY(constant(n, "offset", 1, (double)offset, &in[1]));
  snprintf(name, sizeof name, "%s.sum", n->name);
  AUS_TRY(emit(n, AUS_OP_add, name, 2, in, 0, NULL, &sum));
  return emit(n, op, n->name, 1, &sum, 0, NULL, &n->at);
}

static aus_status dropout(aus_net *n, int32_t op)
{
  aus_word attr = { 0 };
  AUS_TRY(real(n, "probability", positional(n, 1), 0, 0.999, &attr.f));
  return unary(n, op, 1, &attr);
}

static aus_status pool(aus_net *n, int32_t op)
{
  window w;
  int32_t ceil_mode, with_pad = 1;
  AUS_TRY(read_window(n, positional(n, 1), positional(n, 1), &w));
  AUS_TRY(flag(n, "ceil", "no", &ceil_mode));
  if (op == AUS_OP_avg_pool) AUS_TRY(flag(n, "count_pad", "yes", &with_pad));
  const bool max = op == AUS_OP_max_pool;
  const aus_word attr[] = { { w.kernel[0] }, { w.kernel[1] }, { w.stride[0] }, { w.stride[1] }, { w.before[0] }, { w.before[1] }, { w.after[0] }, { w.after[1] },
                            { ceil_mode }, { max ? w.dilation[0] : with_pad }, { w.dilation[1] } };
  return unary(n, op, max ? 11 : 10, attr);
}

static aus_status reduce(aus_net *n, int32_t op, int32_t axes)
{
  const aus_word attr[] = { { axes }, { 0 } };
  return unary(n, op, 2, attr);
}

static aus_status global_pool(aus_net *n, int32_t op)
{
  AUS_TRY(spatial(n));
  return reduce(n, op, n->at.shape.rank == 4 ? 12 : 4);
}

static aus_status one_axis(aus_net *n, int32_t op)
{
  int32_t axis;
  AUS_TRY(number(n, "axis", positional(n, 1), 1, n->at.shape.rank - 1, &axis));
  return reduce(n, op, 1 << axis);
}

static aus_status flatten(aus_net *n, int32_t op)
{
  const aus_word attr[] = { { 0 }, { -1 } };
  return unary(n, op, 2, attr);
}

/* [mb, c, h, w] -> [mb, time, the rest]; [mb, c, w] -> [mb, w, c]. */
static aus_status sequence(aus_net *n, int32_t op)
{
  const char *time = option(n, "time", "h");
  const bool along_w = strcmp(time, "w") == 0;
  aus_net_value turned;
  char name[AUS_NET_NAME + 8];
  (void)op;
  AUS_TRY(spatial(n));
  if (!along_w && strcmp(time, "h") != 0) return bad(n, "time: want h or w");
  if (n->at.shape.rank == 3) return unary(n, AUS_OP_transpose, 3, (aus_word[]){ { 0 }, { 2 }, { 1 } });
  snprintf(name, sizeof name, "%s.turn", n->name);
  const aus_word h[] = { { 0 }, { 2 }, { 1 }, { 3 } }, w[] = { { 0 }, { 3 }, { 1 }, { 2 } };
  AUS_TRY(emit(n, AUS_OP_transpose, name, 1, &n->at, 4, along_w ? w : h, &turned));
  return emit(n, AUS_OP_reshape, n->name, 1, &turned, 3, (aus_word[]){ { 0 }, { 0 }, { -1 } }, &n->at);
}

static aus_status is_sequence(const aus_net *n)
{
  char text[96];
  return n->at.shape.rank == 3 ? AUS_OK : bad(n, "wants [batch, time, features], here is %s (put `sequence` before it)", aus_shape_text(&n->at.shape, text));
}

static aus_status last_step(aus_net *n, int32_t op)
{
  aus_net_value last;
  char name[AUS_NET_NAME + 8];
  AUS_TRY(is_sequence(n));
  snprintf(name, sizeof name, "%s.slice", n->name);
  const int32_t end = INT32_MAX;
  const aus_word words[] = { { 0 }, { end }, { 1 }, { -1 }, { end }, { 1 }, { 0 }, { end }, { 1 } };
  AUS_TRY(emit(n, op, name, 1, &n->at, 9, words, &last));
  return emit(n, AUS_OP_reshape, n->name, 1, &last, 2, (aus_word[]){ { 0 }, { -1 } }, &n->at);
}

/* ---- sequences -------------------------------------------------------------------------------------------------- */

static aus_status recurrent(aus_net *n, int32_t op)
{
  int32_t hidden, both;
  AUS_TRY(is_sequence(n));
  AUS_TRY(number(n, "units", positional(n, 1), 1, 1 << 16, &hidden));
  AUS_TRY(flag(n, "both", "no", &both));
  const int64_t gates = op == AUS_OP_lstm ? 4 : op == AUS_OP_gru ? 3 : 1, dirs = both ? 2 : 1, features = n->at.shape.dim[2];
  const aus_init init = { AUS_INIT_UNIFORM, 1 / sqrt(hidden) };
  aus_net_value in[4] = { n->at };
  AUS_TRY(param(n, "w", 3, (int64_t[]){ dirs, gates * hidden, features }, &init, &in[1]));
  AUS_TRY(param(n, "r", 3, (int64_t[]){ dirs, gates * hidden, hidden }, &init, &in[2]));
  AUS_TRY(param(n, "bias", 2, (int64_t[]){ dirs, 2 * gates * hidden }, &init, &in[3]));
  const aus_word attr[] = { { hidden }, { both ? 2 : 0 }, { 1 }, { op == AUS_OP_gru } };
  return emit(n, op, n->name, 4, in, op == AUS_OP_gru ? 4 : 3, attr, &n->at);
}

/* Self-attention with its four projections [Vaswani17]. */
static aus_status attention(aus_net *n, int32_t op)
{
  static const char *const part[] = { "query", "key", "value" };
  int32_t heads;
  char name[AUS_NET_NAME];
  aus_net_value qkv[3];
  AUS_TRY(is_sequence(n));
  const int64_t e = n->at.shape.dim[2];
  AUS_TRY(number(n, "heads", positional(n, 1), 1, 4096, &heads));
  if (e % heads) return bad(n, "%d heads do not divide %lld features", (int)heads, (long long)e);
  for (int i = 0; i < 3; i++) {
    snprintf(name, sizeof name, "%.30s.%s", n->name, part[i]);
    qkv[i] = n->at;
    AUS_TRY(linear_of(n, name, e, true, &qkv[i]));
  }
  const aus_word attr[] = { { heads }, { .f = (float)(1 / sqrt((double)e / heads)) } };
  AUS_TRY(emit(n, op, n->name, 3, qkv, 2, attr, &n->at));
  snprintf(name, sizeof name, "%.30s.out", n->name);
  return linear_of(n, name, e, true, &n->at);
}

/* ---- names ------------------------------------------------------------------------------------------------------- */

static aus_status take(const aus_net *n, const char *name, aus_net_value *out)
{
  const char *known[AUS_NET_SAVED];
  for (int32_t i = n->n_saved - 1; i >= 0; i--) {
    if (strcmp(n->saved[i].name, name) == 0) { *out = n->saved[i].value; return AUS_OK; }
    known[i] = n->saved[i].name;
  }
  return n->n_saved ? bad(n, "nothing was saved as '%.30s'; the nearest is '%s'", name, aus_word_nearest(name, n->n_saved, known)) : bad(n, "nothing was saved before");
}

static aus_status save(aus_net *n, int32_t op)
{
  (void)op;
  if (n->n_saved == AUS_NET_SAVED) return bad(n, "more than %d saved values", AUS_NET_SAVED);
  if (strlen(positional(n, 1)) >= AUS_NET_NAME) return bad(n, "the name is too long");
  strcpy(n->saved[n->n_saved].name, positional(n, 1));
  n->saved[n->n_saved++].value = n->at;
  return AUS_OK;
}

static aus_status from(aus_net *n, int32_t op)
{
  (void)op;
  return take(n, positional(n, 1), &n->at);
}

static aus_status add(aus_net *n, int32_t op)
{
  aus_net_value in[2] = { n->at };
  AUS_TRY(take(n, positional(n, 1), &in[1]));
  return emit(n, op, n->name, 2, in, 0, NULL, &n->at);
}

/* Over channels: what was saved first, then what is here. */
static aus_status concat(aus_net *n, int32_t op)
{
  aus_net_value in[MOST_IN];
  int32_t k = 0;
  for (; k < MOST_IN - 1 && positional(n, k + 1); k++) AUS_TRY(take(n, positional(n, k + 1), &in[k]));
  in[k++] = n->at;
  return emit(n, op, n->name, k, in, 1, &(aus_word){ 1 }, &n->at);
}

static aus_status set_init(aus_net *n, int32_t op)
{
  aus_init unused;
  (void)op;
  if (!aus_init_by_name(positional(n, 1), 1, 1, &unused)) return bad(n, "no initialiser '%.30s'", positional(n, 1));
  snprintf(n->init, sizeof n->init, "%s", positional(n, 1));
  return AUS_OK;
}

static aus_status net(aus_net *n, int32_t op);

/* ---- the list of kinds --------------------------------------------------------------------------------------------- */

/* least and most positional words; options it takes. */
typedef struct kind { const char *name; int32_t op, least, most; const char *options; aus_status (*make)(aus_net *n, int32_t op); } kind;
#define WINDOW " stride pad dilation "
static const kind kinds[] = {
  { "conv", AUS_OP_conv, 2, 2, WINDOW "groups bias init bias_init", conv },
  { "conv_transpose", AUS_OP_conv_transpose, 2, 2, WINDOW "groups bias init bias_init", conv },
  { "linear", AUS_OP_linear, 1, 1, "bias init bias_init", linear },
  { "bn", AUS_OP_batch_norm, 0, 0, "epsilon", batch_norm },
  { "layer_norm", AUS_OP_layer_norm, 0, 0, "epsilon affine", other_norm },
  { "instance_norm", AUS_OP_instance_norm, 0, 0, "epsilon affine", other_norm },
  { "group_norm", AUS_OP_group_norm, 1, 1, "epsilon affine", other_norm },
  { "relu", AUS_OP_relu, 0, 0, "", activation },
  { "sigmoid", AUS_OP_sigmoid, 0, 0, "", activation },
  { "tanh", AUS_OP_tanh, 0, 0, "", activation },
  { "gelu", AUS_OP_gelu, 0, 0, "", activation },
  { "silu", AUS_OP_silu, 0, 0, "", activation },
  { "softplus", AUS_OP_softplus, 0, 0, "", activation },
  { "leaky_relu", AUS_OP_leaky_relu, 0, 1, "", activation_1 },
  { "elu", AUS_OP_elu, 0, 1, "", activation_1 },
  { "log", AUS_OP_log, 1, 1, "", logarithm },
  { "maxpool", AUS_OP_max_pool, 1, 1, WINDOW "ceil", pool },
  { "avgpool", AUS_OP_avg_pool, 1, 1, "stride pad ceil count_pad", pool },
  { "global_mean", AUS_OP_reduce_mean, 0, 0, "", global_pool },
  { "global_max", AUS_OP_reduce_max, 0, 0, "", global_pool },
  { "mean_axis", AUS_OP_reduce_mean, 1, 1, "", one_axis },
  { "max_axis", AUS_OP_reduce_max, 1, 1, "", one_axis },
  { "flatten", AUS_OP_reshape, 0, 0, "", flatten },
  { "sequence", AUS_OP_transpose, 0, 0, "time", sequence },
  { "last", AUS_OP_slice, 0, 0, "", last_step },
  { "lstm", AUS_OP_lstm, 1, 1, "both", recurrent },
  { "gru", AUS_OP_gru, 1, 1, "both", recurrent },
  { "rnn", AUS_OP_rnn, 1, 1, "both", recurrent },
  { "attention", AUS_OP_attention, 1, 1, "init bias_init", attention },
  { "dropout", AUS_OP_dropout, 1, 1, "", dropout },
  { "save", 0, 1, 1, "", save },
  { "from", 0, 1, 1, "", from },
  { "add", AUS_OP_add, 1, 1, "", add },
  { "concat", AUS_OP_concat, 1, MOST_IN - 1, "", concat },
  { "init", 0, 1, 1, "", set_init },
  { "net", 0, 1, 1, "", net },
};
enum { N_KINDS = sizeof kinds / sizeof *kinds };
_Static_assert(N_KINDS <= 64, "aus_net counts 64 kinds");

static bool listed(const char *list, const char *word, size_t n)
{
  for (const char *p = list; (p = strstr(p, word)) != NULL; p++)
    if ((p == list || p[-1] == ' ') && (p[n] == ' ' || !p[n])) return true;
  return false;
}

static aus_status check_words(const aus_net *n, const kind *k)
{
  int32_t given = -1;
  for (int32_t i = 0; i < n->words->n; i++) {
    const char *word = n->words->word[i], *equals = strchr(word, '=');
    char key[24];
    if (!equals) { given++; continue; }
    snprintf(key, sizeof key, "%.*s", (int)(equals - word < 23 ? equals - word : 23), word);
    if (i == 0 || !*key || !(strcmp(key, "name") == 0 || listed(k->options, key, strlen(key)))) return bad(n, "no option '%s'; it has name %s", key, k->options);
    if (option(n, key, NULL) != equals + 1) return bad(n, "'%s' is given twice", key);
  }
  if (given >= k->least && given <= k->most) return AUS_OK;
  return bad(n, "%d words after it, want %d%s", (int)given, (int)k->least, k->most > k->least ? " or more" : "");
}

aus_status aus_net_layer(aus_net *n, int32_t line, const aus_words *words)
{
  const char *known[N_KINDS];
  n->line = line;
  n->words = words;
  for (int32_t i = 0; i < N_KINDS; i++) {
    known[i] = kinds[i].name;
    if (strcmp(kinds[i].name, words->word[0]) != 0) continue;
    AUS_TRY(check_words(n, &kinds[i]));
    const char *name = option(n, "name", NULL);
    if (name && strlen(name) >= AUS_NET_NAME) return bad(n, "the name is too long");
    if (name) strcpy(n->name, name); else snprintf(n->name, sizeof n->name, "%s%d", kinds[i].name, (int)++n->count[i]);
    return kinds[i].make(n, kinds[i].op);
  }
  return aus_recipe_fail(n->r, line, "no layer is called '%.30s'; the nearest is '%s'", words->word[0], aus_word_nearest(words->word[0], N_KINDS, known));
}

/* The layers of a named network, one line after another; errors name the line of the recipe. */
static aus_status net_line(aus_net *n, char *text)
{
  const char *word[12];
  aus_words words = { 0, word };
  for (char *p = text; *p && words.n < 12;) {
    word[words.n++] = p;
    p += strcspn(p, " ");
    if (*p) *p++ = '\0';
  }
  return aus_net_layer(n, n->line, &words);
}

static aus_status net(aus_net *n, int32_t op)
{
  const char *text = aus_net_named(positional(n, 1));
  int32_t known = 0;
  (void)op;
  while (aus_net_names[known]) known++;
  if (!text) return bad(n, "no network is called '%.30s'; the nearest is '%s'", positional(n, 1), aus_word_nearest(positional(n, 1), known, aus_net_names));
  char outside[sizeof n->init];
  aus_status status = AUS_OK;
  memcpy(outside, n->init, sizeof outside);
  while (status == AUS_OK && *text) {
    char line[96];
    const size_t length = strcspn(text, "\n");
    snprintf(line, sizeof line, "%.*s", (int)length, text);
    text += length + 1;
    status = net_line(n, line);
  }
  memcpy(n->init, outside, sizeof outside);
  return status;
}
