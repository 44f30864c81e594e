/* prepare.c - weights folded and packed once per bundle.
 *
 * batch norm behind a linear op is a scale and a shift per channel: either folded into the weights
 * (w' = w s, b' = b s + t) when it follows at once, or applied to the finished value when an activation lies between
 * (the epilogue). What is made here depends on the bundle alone, so it is kept there, keyed by the nodes that
 * took part, and all runs share it. */
#include "nn/run.h"

#include <math.h>
#include <string.h>

typedef struct ready {
  struct ready *next;
  int32_t node, fold, affine, kind; /* nodes; -1: none */
  int64_t inputs, width;            /* of a linear layer that has taken a pool in: the pixels of the image and of its rows; 0 */
  float *weights, *bias;            /* with batch norm, or a pool (bias: none), folded in */
  float *scale, *shift;             /* of the epilogue */
  void *packed;
} ready;

static void drop(aus_ctx *ctx, ready *p)
{
  aus_free(ctx, p->weights);
  aus_free(ctx, p->bias);
  aus_free(ctx, p->scale);
  aus_free(ctx, p->shift);
  aus_free(ctx, p->packed);
  aus_free(ctx, p);
}

static void drop_all(aus_ctx *ctx, void *list)
{
  for (ready *p = list, *next; p; p = next) {
    next = p->next;
    drop(ctx, p);
  }
}

void aus_batch_norm_affine(const aus_call *call, int64_t c, float *scale, float *shift)
{
  const float *gamma = call->in[1].data, *beta = call->in[2].data, *mean = call->in[3].data, *variance = call->in[4].data;
  for (int64_t i = 0; i < c; i++) {
    const double s = gamma[i] / sqrt((double)variance[i] + (double)call->attr[0].f);
    scale[i] = (float)s;
    shift[i] = (float)(beta[i] - mean[i] * s);
  }
}

/* Output channel of element i of the weights: conv and linear hold it first, conv_transpose second
 * within each group (weights [ic, oc/groups, k]). */
static int64_t channel_of(const aus_call *call, int64_t i, int64_t oc)
{
  const aus_shape *w = &call->in[1].shape;
  if (call->op != AUS_OP_conv_transpose) return i / (aus_shape_count(w) / w->dim[0]);
  const int64_t kernel = aus_shape_count_range(w, 2, w->rank), per_group = w->dim[1], groups = oc / per_group;
  const int64_t ic = i / (kernel * per_group);
  return ic / (w->dim[0] / groups) * per_group + i / kernel % per_group;
}

static aus_status fold(aus_run *r, const aus_step *s, ready *p, int64_t oc)
{
  const int64_t n = aus_shape_count(&s->call.in[1].shape);
  float *scale = aus_alloc(r->ctx, (size_t)oc, 2 * sizeof *scale), *shift = scale + oc;
  p->weights = aus_alloc(r->bundle->ctx, (size_t)n, sizeof *p->weights);
  p->bias = aus_alloc(r->bundle->ctx, (size_t)oc, sizeof *p->bias);
  if (!scale || !p->weights || !p->bias) { aus_free(r->ctx, scale); return AUS_ENOMEM; }
  aus_batch_norm_affine(&r->step[s->fold].call, oc, scale, shift);
  for (int64_t i = 0; i < n; i++) p->weights[i] = s->call.in[1].data[i] * scale[channel_of(&s->call, i, oc)];
  for (int64_t c = 0; c < oc; c++) p->bias[c] = (s->call.in[2].data ? s->call.in[2].data[c] : 0) * scale[c] + shift[c];
  aus_free(r->ctx, scale);
  return AUS_OK;
}

static void use_folded(aus_step *s, const ready *p, int64_t oc)
{
  if (!p->weights) return;
  aus_operand *in = (aus_operand *)(uintptr_t)s->call.in;
  in[1].data = p->weights;
  if (s->spread >= 0) in[1].shape.dim[1] = p->inputs;
  if (p->bias) in[2] = (aus_operand){ p->bias, { .rank = 1, .dim = { oc } } };
}

/* Channels of the epilogue: axis 1 of a conv, the last axis of linear. */
static int64_t channels(const aus_step *s)
{
  const aus_shape *out = &s->call.out[0].shape;
  return s->call.op == AUS_OP_linear ? out->dim[out->rank - 1] : out->dim[1];
}

static ready *find(const aus_run *r, const ready *key)
{
  for (ready *p = r->bundle->prepared; p; p = p->next)
    if (p->node == key->node && p->inputs == key->inputs && p->width == key->width && p->fold == key->fold && p->affine == key->affine && p->kind == key->kind) return p;
  return NULL;
}

static aus_status make(aus_run *r, aus_step *s, ready *p)
{
  aus_ctx *ctx = r->bundle->ctx;
  const int64_t oc = s->fold >= 0 || s->affine >= 0 ? channels(s) : 0;
  if (s->spread >= 0) {
    AUS_TRY(aus_spread_weights(r, s, &p->weights));
    use_folded(s, p, 0);
  }
  if (s->fold >= 0) {
    AUS_TRY(fold(r, s, p, oc));
    use_folded(s, p, oc);
  }
  if (s->affine >= 0) {
    p->scale = aus_alloc(ctx, (size_t)oc, sizeof *p->scale);
    p->shift = aus_alloc(ctx, (size_t)oc, sizeof *p->shift);
    if (!p->scale || !p->shift) return AUS_ENOMEM;
    aus_batch_norm_affine(&r->step[s->affine].call, oc, p->scale, p->shift);
  }
  const size_t bytes = s->op->impl->prepared_size ? s->op->impl->prepared_size(&s->call) : 0;
  if (bytes == 0) return AUS_OK;
  p->packed = aus_alloc(ctx, bytes, 1);
  if (!p->packed) return AUS_ENOMEM;
  s->op->impl->prepare(&s->call, p->packed);
  return AUS_OK;
}

static int32_t node_of(const aus_run *r, int32_t step) { return step < 0 ? -1 : r->step[step].node; }

static aus_status prepare_step(aus_run *r, aus_step *s)
{
  const aus_op_impl *impl = s->op->impl;
  if (s->spread < 0 && s->fold < 0 && s->affine < 0 && !impl->prepared_size) return AUS_OK;
  const aus_shape *image = s->spread < 0 ? NULL : &r->step[s->spread].call.in[0].shape;
  const ready key = { .node = s->node, .inputs = image ? s->call.in[0].shape.dim[1] : 0, .width = image ? image->dim[image->rank - 1] : 0,
                      .fold = node_of(r, s->fold), .affine = node_of(r, s->affine), .kind = impl->prepared_kind ? impl->prepared_kind(&s->call) : 0 };
  ready *p = find(r, &key);
  if (!p) {
    p = AUS_NEW(r->bundle->ctx, ready);
    if (!p) return AUS_ENOMEM;
    *p = key;
    const aus_status status = make(r, s, p);
    if (status != AUS_OK) { drop(r->bundle->ctx, p); return status; }
    p->next = r->bundle->prepared;
    r->bundle->prepared = p;
    r->bundle->drop_prepared = drop_all;
  } else if (p->weights) {
    use_folded(s, p, channels(s));
  }
  s->call.prepared = p->packed;
  s->epilogue.scale = p->scale;
  s->epilogue.shift = p->shift;
  return AUS_OK;
}

aus_status aus_run_prepare(aus_run *r)
{
  for (int32_t i = 0; i < r->n_steps; i++)
    if (r->step[i].state == AUS_STEP_RUNS) AUS_TRY(prepare_step(r, &r->step[i]));
  return AUS_OK;
}
