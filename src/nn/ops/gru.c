/* gru.c - gated recurrent unit, both forms of ONNX [Cho14].
 *
 *   z, r = sigmoid(W x_t + R h + b),  h' = (1 - z) n + z h
 *   linear_before_reset 0:  n = tanh(W_h x_t + R_h (r h) + b_h + rb_h)     as in the paper; two halves to a step
 *   linear_before_reset 1:  n = tanh(W_h x_t + b_h + r (R_h h + rb_h))     torch's; one pass over h
 *
 * Gate order in w, r and bias: z r h. */
#include "nn/ops/recurrent.h"

aus_recurrent_kind aus_gru_kind(const aus_call *call)
{
  if (call->attr[2].i)
    return (aus_recurrent_kind){ .gates = 3, .first = AUS_RNN_GRU_LATE, .second = -1, .first_gates = 3, .late_gate = 2 };
  return (aus_recurrent_kind){ .gates = 3, .first = AUS_RNN_GRU_GATES, .second = AUS_RNN_GRU_NEW, .first_gates = 2, .late_gate = -1 };
}

const aus_op_impl aus_op_impl_gru = AUS_RECURRENT_IMPL;
