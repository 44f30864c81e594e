/* net.h - writing the interpreter's graph down, a layer at a time. */
#ifndef AUS_L2I_NET_H
#define AUS_L2I_NET_H

#include "format/writer.h"
#include "nn/op.h"
#include "train/optimiser.h"

/* Where a graph goes and where its parameters come from: those of `given` by name, else fresh ones as torch draws them, U(+-1/sqrt(fan_in))
 * for weights and biases. Failures stick in the builder and in status. */
typedef struct aus_l2i_net {
  aus_ctx *ctx;
  aus_builder *b;
  uint64_t seed, item;
  int32_t n_given;
  const aus_param *given;
  aus_status status;
} aus_l2i_net;

/* Each gives the index of the value it makes. */
int32_t aus_l2i_param(aus_l2i_net *n, const char *layer, const char *suffix, int32_t rank, const int32_t *dim, double fan_in);
int32_t aus_l2i_node(aus_l2i_net *n, int32_t op, const char *name, int32_t n_in, const int32_t *in, int32_t n_attr, const aus_word *attr);
int32_t aus_l2i_unary(aus_l2i_net *n, int32_t op, const char *name, int32_t x);
int32_t aus_l2i_binary(aus_l2i_net *n, int32_t op, const char *name, int32_t a, int32_t b);

/* Convolution, then ReLU: [mb, ic, h, w] by kh x kw, stride sh along h; rank 3 for [mb, ic, w] (kh 1). Parameters NAME.weight, NAME.bias. */
typedef struct aus_l2i_conv { int32_t rank, ic, oc, kh, kw, sh, pad_h, pad_w; } aus_l2i_conv;
int32_t aus_l2i_conv_relu(aus_l2i_net *n, const char *name, int32_t x, const aus_l2i_conv *c);
int32_t aus_l2i_conv_only(aus_l2i_net *n, const char *name, int32_t x, const aus_l2i_conv *c); /* without the ReLU */
/* Transposed convolution 4 x 4, stride 2, then ReLU: twice the rows and columns. Parameters NAME.weight, NAME.bias. */
int32_t aus_l2i_double_relu(aus_l2i_net *n, const char *name, int32_t x, int32_t ic, int32_t oc);
/* Bilinear to h x w, corners on corners (torch's align_corners); h 0: [mb, c, w]. */
int32_t aus_l2i_resize(aus_l2i_net *n, const char *name, int32_t x, int64_t h, int64_t w);
/* Mean over kh x kw, next to each other. */
int32_t aus_l2i_mean_pool(aus_l2i_net *n, const char *name, int32_t x, int64_t kh, int64_t kw);
/* The largest of kh x kw, next to each other. */
int32_t aus_l2i_max_pool(aus_l2i_net *n, const char *name, int32_t x, int64_t kh, int64_t kw);
/* To h x w by repetition: place i of n comes from floor(i had / n). h 0: [mb, c, w]. */
int32_t aus_l2i_nearest(aus_l2i_net *n, const char *name, int32_t x, int64_t h, int64_t w);
/* Over the axes whose bit is set. */
int32_t aus_l2i_reduce(aus_l2i_net *n, int32_t op, const char *name, int32_t x, int32_t axes, bool keep);
int32_t aus_l2i_reshape(aus_l2i_net *n, const char *name, int32_t x, int32_t rank, const int32_t *dim);
/* One value as [1], for a list of terms. */
int32_t aus_l2i_flat(aus_l2i_net *n, const char *name, int32_t x);
/* Entropy of softmax(x) over the last axis of [mb, n], the mean over mb, as [1, 1]. */
int32_t aus_l2i_entropy(aus_l2i_net *n, const char *name, int32_t x);
/* The first w columns of [mb, c, h, w]. */
int32_t aus_l2i_crop(aus_l2i_net *n, const char *name, int32_t x, int64_t w);
/* Over the last axis; no bias where biased is false. */
int32_t aus_l2i_linear(aus_l2i_net *n, const char *name, int32_t x, int32_t k, int32_t outputs, bool biased);

#endif
