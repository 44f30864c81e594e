/* net.c - layers of the interpreter as nodes and parameters of a bundle. Shapes are the engine's to check. */
#include "l2i/net.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "train/initialise.h"

enum { NAME = 64 };

static const float *given(const aus_l2i_net *n, const char *name, int64_t count)
{
  for (int32_t i = 0; i < n->n_given; i++)
    if (strcmp(n->given[i].name, name) == 0 && n->given[i].count == count) return n->given[i].value;
  return NULL;
}

int32_t aus_l2i_param(aus_l2i_net *n, const char *layer, const char *suffix, int32_t rank, const int32_t *dim, double fan_in)
{
  char name[NAME + 16];
  int64_t count = 1;
  for (int32_t d = 0; d < rank; d++) count *= dim[d];
  snprintf(name, sizeof name, "%s.%s", layer, suffix);
  const uint64_t item = n->item++; /* counted for given ones too: a parameter is the same whatever stands before it */
  const float *x = given(n, name, count);
  float *fresh = x ? NULL : aus_alloc(n->ctx, (size_t)count, sizeof *fresh);
  if (!x && !fresh) { n->status = AUS_ENOMEM; return AUS_NO_VALUE; }
  if (fresh) aus_init_fill(&(aus_init){ AUS_INIT_UNIFORM, 1 / sqrt(fan_in) }, n->seed, item, count, fresh);
  const int32_t value = aus_builder_param(n->b, name, rank, dim, x ? x : fresh);
  aus_free(n->ctx, fresh);
  return value;
}

int32_t aus_l2i_node(aus_l2i_net *n, int32_t op, const char *name, int32_t n_in, const int32_t *in, int32_t n_attr, const aus_word *attr)
{
  return aus_builder_node(n->b, op, name, n_in, in, 1, n_attr, attr);
}

int32_t aus_l2i_unary(aus_l2i_net *n, int32_t op, const char *name, int32_t x) { return aus_l2i_node(n, op, name, 1, &x, 0, NULL); }

int32_t aus_l2i_binary(aus_l2i_net *n, int32_t op, const char *name, int32_t a, int32_t b)
{
  return aus_l2i_node(n, op, name, 2, (const int32_t[]){ a, b }, 0, NULL);
}

int32_t aus_l2i_conv_only(aus_l2i_net *n, const char *name, int32_t x, const aus_l2i_conv *c)
{
  const int32_t flat[] = { c->oc, c->ic, c->kw }, square[] = { c->oc, c->ic, c->kh, c->kw };
  const double fan_in = (double)c->ic * c->kh * c->kw;
  const int32_t weight = aus_l2i_param(n, name, "weight", c->rank, c->rank == 3 ? flat : square, fan_in);
  const int32_t in[] = { x, weight, aus_l2i_param(n, name, "bias", 1, &c->oc, fan_in) };
  const aus_word attr[] = { { c->sh }, { 1 }, { 1 }, { 1 }, { c->pad_h }, { c->pad_w }, { c->pad_h }, { c->pad_w }, { 1 } };
  return aus_l2i_node(n, AUS_OP_conv, name, 3, in, 9, attr);
}

int32_t aus_l2i_conv_relu(aus_l2i_net *n, const char *name, int32_t x, const aus_l2i_conv *c)
{
  char relu[NAME + 16];
  snprintf(relu, sizeof relu, "%s.relu", name);
  return aus_l2i_unary(n, AUS_OP_relu, relu, aus_l2i_conv_only(n, name, x, c));
}

int32_t aus_l2i_double_relu(aus_l2i_net *n, const char *name, int32_t x, int32_t ic, int32_t oc)
{
  enum { K = 4 };
  char relu[NAME + 16];
  const double fan_in = (double)oc * K * K; /* as torch counts it: the weights are [ic, oc, 4, 4] */
  const int32_t weight = aus_l2i_param(n, name, "weight", 4, (const int32_t[]){ ic, oc, K, K }, fan_in);
  const int32_t in[] = { x, weight, aus_l2i_param(n, name, "bias", 1, &oc, fan_in) };
  const aus_word attr[] = { { 2 }, { 2 }, { 1 }, { 1 }, { 1 }, { 1 }, { 1 }, { 1 }, { 1 }, { 0 }, { 0 } };
  snprintf(relu, sizeof relu, "%s.relu", name);
  return aus_l2i_unary(n, AUS_OP_relu, relu, aus_l2i_node(n, AUS_OP_conv_transpose, name, 3, in, 11, attr));
}

int32_t aus_l2i_resize(aus_l2i_net *n, const char *name, int32_t x, int64_t h, int64_t w)
{
  enum { LINEAR = 1, ALIGN_CORNERS = 1 };
  const aus_word attr[] = { { LINEAR }, { ALIGN_CORNERS }, { 0 }, { (int32_t)h }, { (int32_t)w }, { 0 }, { 0 }, { 0 } };
  return aus_l2i_node(n, AUS_OP_resize, name, 1, &x, 8, attr);
}

int32_t aus_l2i_nearest(aus_l2i_net *n, const char *name, int32_t x, int64_t h, int64_t w)
{
  enum { NEAREST = 0, ASYMMETRIC = 2, FLOOR = 2 };
  const aus_word attr[] = { { NEAREST }, { ASYMMETRIC }, { FLOOR }, { (int32_t)h }, { (int32_t)w }, { 0 }, { 0 }, { 0 } };
  return aus_l2i_node(n, AUS_OP_resize, name, 1, &x, 8, attr);
}

int32_t aus_l2i_mean_pool(aus_l2i_net *n, const char *name, int32_t x, int64_t kh, int64_t kw)
{
  const aus_word attr[] = { { (int32_t)kh }, { (int32_t)kw }, { (int32_t)kh }, { (int32_t)kw }, { 0 }, { 0 }, { 0 }, { 0 }, { 0 }, { 1 } };
  return aus_l2i_node(n, AUS_OP_avg_pool, name, 1, &x, 10, attr);
}

int32_t aus_l2i_max_pool(aus_l2i_net *n, const char *name, int32_t x, int64_t kh, int64_t kw)
{
  const aus_word attr[] = { { (int32_t)kh }, { (int32_t)kw }, { (int32_t)kh }, { (int32_t)kw }, { 0 }, { 0 }, { 0 }, { 0 }, { 0 }, { 1 }, { 1 } };
  return aus_l2i_node(n, AUS_OP_max_pool, name, 1, &x, 11, attr);
}

int32_t aus_l2i_reduce(aus_l2i_net *n, int32_t op, const char *name, int32_t x, int32_t axes, bool keep)
{
  return aus_l2i_node(n, op, name, 1, &x, 2, (const aus_word[]){ { axes }, { keep } });
}

int32_t aus_l2i_reshape(aus_l2i_net *n, const char *name, int32_t x, int32_t rank, const int32_t *dim)
{
  aus_word word[4];
  for (int32_t i = 0; i < rank && i < 4; i++) word[i].i = dim[i];
  return aus_l2i_node(n, AUS_OP_reshape, name, 1, &x, rank, word);
}

int32_t aus_l2i_flat(aus_l2i_net *n, const char *name, int32_t x) { return aus_l2i_reshape(n, name, x, 1, (const int32_t[]){ -1 }); }

int32_t aus_l2i_entropy(aus_l2i_net *n, const char *name, int32_t x)
{
  enum { ALL = 3, LAST = 2 };
  char p[48], log_p[48], each[48], sum[48], mean[48];
  snprintf(p, sizeof p, "%s.p", name);
  snprintf(log_p, sizeof log_p, "%s.log", name);
  snprintf(each, sizeof each, "%s.each", name);
  snprintf(sum, sizeof sum, "%s.sum", name);
  snprintf(mean, sizeof mean, "%s.mean", name);
  const int32_t share = aus_l2i_node(n, AUS_OP_softmax, p, 1, &x, 1, &(aus_word){ 1 }), log_share = aus_l2i_node(n, AUS_OP_log_softmax, log_p, 1, &x, 1, &(aus_word){ 1 });
  const int32_t row = aus_l2i_reduce(n, AUS_OP_reduce_sum, sum, aus_l2i_binary(n, AUS_OP_mul, each, share, log_share), LAST, true);
  return aus_l2i_unary(n, AUS_OP_neg, name, aus_l2i_reduce(n, AUS_OP_reduce_mean, mean, row, ALL, true));
}

int32_t aus_l2i_crop(aus_l2i_net *n, const char *name, int32_t x, int64_t w)
{
  const aus_word all[] = { { 0 }, { INT32_MAX }, { 1 }, { 0 }, { INT32_MAX }, { 1 }, { 0 }, { INT32_MAX }, { 1 }, { 0 }, { (int32_t)w }, { 1 } };
  return aus_l2i_node(n, AUS_OP_slice, name, 1, &x, 12, all);
}

int32_t aus_l2i_linear(aus_l2i_net *n, const char *name, int32_t x, int32_t k, int32_t outputs, bool biased)
{
  int32_t in[3] = { x, aus_l2i_param(n, name, "weight", 2, (const int32_t[]){ outputs, k }, (double)k) };
  if (biased) in[2] = aus_l2i_param(n, name, "bias", 1, &outputs, (double)k);
  return aus_l2i_node(n, AUS_OP_linear, name, biased ? 3 : 2, in, 0, NULL);
}
