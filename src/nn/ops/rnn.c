/* rnn.c - the plain recurrent layer: h' = tanh(W x_t + R h + b), or relu of it. */
#include "nn/ops/recurrent.h"

aus_recurrent_kind aus_rnn_kind_of(const aus_call *call)
{
  return (aus_recurrent_kind){ .gates = 1, .first = call->attr[3].i ? AUS_RNN_RELU : AUS_RNN_TANH, .second = -1, .first_gates = 1, .late_gate = -1 };
}

const aus_op_impl aus_op_impl_rnn = AUS_RECURRENT_IMPL;
