/* layer_window.c - layers whose outputs each see a window of the signal: convolutions and pools. */
#include "train/layer.h"

#include <string.h>

aus_status aus_layer_spatial(const aus_net *n)
{
  char text[96];
  return n->at.shape.rank == 3 || n->at.shape.rank == 4 ? AUS_OK : aus_layer_bad(n, "wants [batch, channels, (height,) width], here is %s", aus_shape_text(&n->at.shape, text));
}

/* pads: "same", or a number or pair for both sides. */
static aus_status read_pads(const aus_net *n, const int32_t kernel[2], const int32_t dilation[2], int32_t before[2], int32_t after[2])
{
  const char *text = aus_layer_option(n, "pad", "0");
  if (strcmp(text, "same") != 0) {
    AUS_TRY(aus_layer_pair(n, "pad", text, 0, before));
    memcpy(after, before, 2 * sizeof *after);
    return AUS_OK;
  }
  for (int i = 0; i < 2; i++) {
    const int64_t all = (int64_t)dilation[i] * (kernel[i] - 1);
    if (all > AUS_LAYER_MOST) return aus_layer_bad(n, "the kernel is too wide");
    before[i] = (int32_t)(all / 2);
    after[i] = (int32_t)(all - all / 2);
  }
  return AUS_OK;
}

typedef struct window { int32_t kernel[2], stride[2], dilation[2], before[2], after[2]; } window;

static aus_status read_window(const aus_net *n, const char *kernel, const char *stride, window *w)
{
  AUS_TRY(aus_layer_spatial(n));
  AUS_TRY(aus_layer_pair(n, "kernel", kernel, 1, w->kernel));
  AUS_TRY(aus_layer_pair(n, "stride", aus_layer_option(n, "stride", stride), 1, w->stride));
  AUS_TRY(aus_layer_pair(n, "dilation", aus_layer_option(n, "dilation", "1"), 1, w->dilation));
  return read_pads(n, w->kernel, w->dilation, w->before, w->after);
}

aus_status aus_layer_conv(aus_net *n, int32_t op)
{
  window w;
  int32_t oc, groups, biased;
  AUS_TRY(aus_layer_number(n, "channels", aus_layer_word(n, 1), 1, AUS_LAYER_MOST, &oc));
  AUS_TRY(read_window(n, aus_layer_word(n, 2), "1", &w));
  AUS_TRY(aus_layer_number(n, "groups", aus_layer_option(n, "groups", "1"), 1, AUS_LAYER_MOST, &groups));
  AUS_TRY(aus_layer_flag(n, "bias", "yes", &biased));
  const int64_t ic = n->at.shape.dim[1], area = (int64_t)w.kernel[0] * w.kernel[1];
  if (ic % groups || oc % groups) return aus_layer_bad(n, "%d groups do not divide %lld and %d channels", (int)groups, (long long)ic, (int)oc);
  const bool flat = n->at.shape.rank == 3, transposed = op == AUS_OP_conv_transpose;
  const int64_t a = transposed ? ic : oc, b = (transposed ? oc : ic) / groups;
  const int64_t dim2[] = { a, b, w.kernel[0], w.kernel[1] }, dim1[] = { a, b, w.kernel[1] };
  const double fan_in = (double)(b * area), fan_out = (double)(a / groups * area); /* torch's: by the layout, transposed or not */
  aus_net_value in[3] = { n->at };
  AUS_TRY(aus_layer_weights(n, "weight", flat ? 3 : 4, flat ? dim1 : dim2, fan_in, fan_out, &in[1]));
  if (biased) AUS_TRY(aus_layer_bias(n, oc, fan_in, &in[2]));
  const aus_word attr[] = { { w.stride[0] }, { w.stride[1] }, { w.dilation[0] }, { w.dilation[1] }, { w.before[0] }, { w.before[1] },
                            { w.after[0] }, { w.after[1] }, { groups }, { 0 }, { 0 } };
  return aus_layer_emit(n, op, n->name, biased ? 3 : 2, in, transposed ? 11 : 9, attr, &n->at);
}

aus_status aus_layer_pool(aus_net *n, int32_t op)
{
  window w;
  int32_t ceil_mode, with_pad = 1;
  AUS_TRY(read_window(n, aus_layer_word(n, 1), aus_layer_word(n, 1), &w));
  AUS_TRY(aus_layer_flag(n, "ceil", "no", &ceil_mode));
  if (op == AUS_OP_avg_pool) AUS_TRY(aus_layer_flag(n, "count_pad", "yes", &with_pad));
  const bool max = op == AUS_OP_max_pool;
  const aus_word attr[] = { { w.kernel[0] }, { w.kernel[1] }, { w.stride[0] }, { w.stride[1] }, { w.before[0] }, { w.before[1] }, { w.after[0] }, { w.after[1] },
                            { ceil_mode }, { max ? w.dilation[0] : with_pad }, { w.dilation[1] } };
  return aus_layer_unary(n, op, max ? 11 : 10, attr);
}

/* To so many rows and columns, whatever came in. */
aus_status aus_layer_adaptive_pool(aus_net *n, int32_t op)
{
  int32_t size[2];
  AUS_TRY(aus_layer_spatial(n));
  AUS_TRY(aus_layer_pair(n, "size", aus_layer_word(n, 1), 1, size));
  return aus_layer_unary(n, op, 2, (const aus_word[]){ { size[0] }, { size[1] } });
}
