/* lstm.c - long short-term memory, ONNX's form [Hochreiter97].
 *
 *   i, o, f = sigmoid(W x_t + R h + b),  g = tanh(W_c x_t + R_c h + b_c),  c' = f c + i g,  h' = o tanh(c')
 *
 * Gate order in w, r and bias: i o f c. */
#include "nn/ops/recurrent.h"

aus_recurrent_kind aus_lstm_kind(const aus_call *call)
{
  (void)call;
  return (aus_recurrent_kind){ .gates = 4, .first = AUS_RNN_LSTM, .second = -1, .first_gates = 4, .late_gate = -1, .cell = true };
}

const aus_op_impl aus_op_impl_lstm = AUS_RECURRENT_IMPL;
