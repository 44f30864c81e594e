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
  float *gates; int64_t gates_stride; /* kept for the way back, [rows][kept][hidden]; NULL: nothing is. LSTM i o f g;
                                         GRU z r n, and for GRU_LATE the fourth R h + b; each kind writes what it makes */
};

/* The same step back, elementwise; products with R are the caller's. Arrays without a stride are [rows][hidden]. */
struct aus_rnn_back {
  int32_t kind;
  int64_t rows, hidden;
  const float *gates; int64_t gates_stride; /* what the step kept */
  const float *h;                     /* previous state (TANH, RELU: the new one) */
  const float *c_old, *c;             /* LSTM: before and after the step */
  float *diff_h;                      /* of the new state; GRU: becomes what reaches the old one past all products:
                                         GRU_NEW first, then GRU_GATES, which adds */
  float *diff_c;                      /* LSTM: of the new cell, becomes that of the old one */
  float *diff; int64_t diff_stride;   /* of the gates' sums, [rows][gates][hidden]; GRU_NEW writes z and n, GRU_GATES r */
  float *late;                        /* GRU_LATE: diff of R h + b; GRU_GATES: diff of r h comes in, r h goes out */
};

struct aus_rnn_kernels {
  /* Floats of packed weights for `gates` gates of `hidden` units. */
  int64_t (*packed)(int64_t hidden, int32_t gates);
  /* r[gates][hidden][hidden] (gate, unit, k) -> packed */
  void (*pack)(int64_t hidden, int32_t gates, const float *r, float *packed);
  void (*step)(const struct aus_rnn_step *s);
  void (*back)(const struct aus_rnn_back *b);
};

#endif
