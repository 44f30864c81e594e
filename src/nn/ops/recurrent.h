/* recurrent.h - what lstm, gru and rnn share: operands, packed weights, the walk over time.
 *
 * For each direction: the input part of all gates of all steps is one matrix product; then each step adds the
 * recurrent part and applies the gates in registers (simd/kern_rnn.h). Directions and parts of the batch run on
 * different threads; a step is never split, so no thread waits for another inside a layer. On the way back the steps run
 * in the other order with one small product each; all that concerns weights and inputs waits for the end and is one large
 * product over all steps (recurrent_back.c). */
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

enum { AUS_RECURRENT_X, AUS_RECURRENT_W, AUS_RECURRENT_R, AUS_RECURRENT_BIAS, AUS_RECURRENT_H0, AUS_RECURRENT_C0 };

typedef struct aus_recurrent {
  const aus_call *call;
  aus_recurrent_kind kind;
  const aus_kernels *kernels;
  int64_t t, mb, in, hidden, dirs, wide;  /* wide: gates * hidden */
  int32_t direction;
  bool batch_first;
  /* forward only */
  int64_t chunk, parts;                   /* steps at a time; parts of the batch */
  const unsigned char *packed;            /* [dirs] of packed_one bytes: w, then r */
  size_t packed_w, packed_one;
  float *bias, *gather, *ahead, *state;   /* [dirs][wide], [chunk mb][in], [dirs][chunk mb][wide], [dirs][state_floats] */
  void *gemm;
  int64_t done, steps;                    /* steps behind, steps at hand */
} aus_recurrent;

/* Sizes, and whether all operands fit them. */
aus_status aus_recurrent_describe(const aus_call *call, aus_recurrent *l);
bool aus_recurrent_backwards(const aus_recurrent *l, int64_t d); /* does direction d run from the end? */

/* What forward keeps in call->saved, per direction: the state after s steps, [t + 1][mb][hidden] in the order of time
 * (so that the states before all steps lie together); the cell likewise; the gates [t][mb][kept][hidden], see kern_rnn.h. */
int64_t aus_recurrent_kept(const aus_recurrent *l);
float *aus_recurrent_saved_h(const aus_recurrent *l, int64_t d, int64_t steps);
float *aus_recurrent_saved_c(const aus_recurrent *l, int64_t d, int64_t steps);
float *aus_recurrent_saved_gates(const aus_recurrent *l, int64_t d, int64_t time);

aus_recurrent_kind aus_lstm_kind(const aus_call *call);
aus_recurrent_kind aus_gru_kind(const aus_call *call);
aus_recurrent_kind aus_rnn_kind_of(const aus_call *call);

aus_status aus_recurrent_shape(aus_call *call);
size_t aus_recurrent_scratch_size(const aus_call *call);
size_t aus_recurrent_prepared_size(const aus_call *call);
void aus_recurrent_prepare(const aus_call *call, void *prepared);
void aus_recurrent_forward(const aus_call *call);
size_t aus_recurrent_saved_size(const aus_call *call);
/* recurrent_back.c */
size_t aus_recurrent_back_scratch(const aus_back *b);
void aus_recurrent_backward(const aus_back *b);

/* The fields of aus_op_impl, the same for all three. */
#define AUS_RECURRENT_IMPL                                                                                                   \
  { .shape = aus_recurrent_shape, .scratch_size = aus_recurrent_scratch_size, .prepared_size = aus_recurrent_prepared_size,  \
    .prepare = aus_recurrent_prepare, .forward = aus_recurrent_forward, .saved_size = aus_recurrent_saved_size,              \
    .backward_scratch = aus_recurrent_back_scratch, .backward = aus_recurrent_backward }

#endif
