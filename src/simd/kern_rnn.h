/* kern_rnn.h - one time step of a recurrent layer: recurrent sums and gates in registers.
 *
 * Units lie in lanes. The recurrent weights of a block of VW units are stored [k][gate][VW], so one pass over the
 * previous state gives all gates of those units, and the new state is made before anything is stored. Several
 * items share each load of a weight. A unit's sum is one chain in the order of k. */
#ifndef AUS_KERN_RNN_H
#define AUS_KERN_RNN_H

#include <stdint.h>

enum aus_rnn_kind {
  AUS_RNN_LSTM,      /* gates i o f c: c' = f c + i g, h' = o tanh c' */
  AUS_RNN_GRU_LATE,  /* gates z r h, r after the product: n = tanh(x_h + r (R h + b)), h' = (1 - z) n + z h */
  AUS_RNN_GRU_GATES, /* gates z r: writes z and r h */
  AUS_RNN_GRU_NEW,   /* gate h on r h: n = tanh(x_h + R (r h)), h' = (1 - z) n + z h */
  AUS_RNN_TANH,
  AUS_RNN_RELU
};

struct aus_rnn_step {
  int32_t kind;
  int64_t rows, hidden;
  const float *r;                     /* packed as above, all unit blocks; see aus_rnn_kernels.pack */
  const float *x; int64_t x_stride;   /* input part of the gates of this kind, gate-major [rows][gates][hidden] */
  const float *h; int64_t h_stride;   /* previous state (GRU_NEW: r h) [rows][hidden] */
  const float *bias;                  /* GRU_LATE: b [hidden], NULL: 0 */
  const float *state;                 /* GRU: previous state, strided as h */
  float *cell; int64_t cell_stride;   /* LSTM: c in place; GRU_GATES: z written; GRU_NEW: z read */
  float *out; int64_t out_stride;     /* new state (GRU_GATES: r h) */
};

struct aus_rnn_kernels {
  /* Floats of packed weights for `gates` gates of `hidden` units. */
  int64_t (*packed)(int64_t hidden, int32_t gates);
  /* r[gates][hidden][hidden] (gate, unit, k) -> packed */
  void (*pack)(int64_t hidden, int32_t gates, const float *r, float *packed);
  void (*step)(const struct aus_rnn_step *s);
};

#endif
