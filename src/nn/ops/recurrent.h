/* recurrent.h - what lstm, gru and rnn share: operands, packed weights, the walk over time.
 *
 * For each direction: the input part of all gates of all steps is one matrix product; then each step adds the
 * recurrent part and applies the gates in registers (simd/kern_rnn.h). Directions and parts of the batch run on
 * different threads; a step is never split, so no thread waits for another inside a layer. */
#ifndef AUS_OPS_RECURRENT_H
#define AUS_OPS_RECURRENT_H

#include "nn/op.h"
#include "simd/kernels.h"

/* What tells the three ops apart. */
typedef struct aus_recurrent_kind {
  int32_t gates;
  int32_t first, second;    /* aus_rnn_kind of a step, and of its second half or -1 */
  int32_t first_gates;      /* gates of the first half, the rest belong to the second */
  int32_t late_gate;        /* gate whose recurrent bias stays inside the step, or -1 */
  bool cell;                /* has c */
} aus_recurrent_kind;

aus_recurrent_kind aus_lstm_kind(const aus_call *call);
aus_recurrent_kind aus_gru_kind(const aus_call *call);
aus_recurrent_kind aus_rnn_kind_of(const aus_call *call);

aus_status aus_recurrent_shape(aus_call *call);
size_t aus_recurrent_scratch_size(const aus_call *call);
size_t aus_recurrent_prepared_size(const aus_call *call);
void aus_recurrent_prepare(const aus_call *call, void *prepared);
void aus_recurrent_forward(const aus_call *call);

#endif
