/* conv_transpose.c - transposed convolution, the adjoint of conv (torch's and ONNX's weights [ic, oc/groups, kh, kw]).
 *
 *   dst[n][oc][oy][ox] = bias[oc] + sum over (ic, r, q, iy, ix) with oy = iy sh - top + r dh, ox = ix sw - left + q dw
 *                        of weights[ic][oc][r][q] src[n][ic][iy][ix]
 *
 * Computed in gather form by phases (conv.h): outputs with the same remainder modulo the stride form a grid on
 * which the op is a convolution of stride 1 with the kernel positions of that remainder. No position is
 * multiplied by an inserted zero, nothing is scattered, and each output is one sum in a fixed order. */
#include "nn/ops/conv.h"

const aus_op_impl aus_op_impl_conv_transpose = {
  .shape = aus_conv_shape, .scratch_size = aus_conv_scratch_size, .prepared_size = aus_conv_prepared_size, .prepared_kind = aus_conv_prepared_kind,
  .prepare = aus_conv_prepare, .forward = aus_conv_forward, .backward_scratch = aus_conv_backward_scratch, .backward = aus_conv_backward,
  .fuses = AUS_FUSE_RELU | AUS_FUSE_LEAKY | AUS_FUSE_ELU | AUS_FUSE_AFFINE,
};
