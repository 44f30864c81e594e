/* run.h - a graph made ready for given shapes: steps, values, and where each value lies.
 *
 * aus_run_create goes through six passes, a file each: infer.c (needed nodes, shapes), spread.c (a pool that a linear layer takes in), fuse.c (what hides
 * behind a convolution), prepare.c (weights folded and packed, shared by all runs of a bundle), layout.c (aliases,
 * lifetimes, addresses), run.c (the calls). Forward then only walks an array of calls. */
#ifndef AUS_RUN_H
#define AUS_RUN_H

#include <auscult/net.h>

#include "nn/op.h"

enum aus_run_flags {
  AUS_RUN_NO_FUSION = 1, /* every node is a step of its own */
  AUS_RUN_NO_REUSE = 2,  /* every value has memory of its own: nothing in place, no aliases (for tests) */
  AUS_RUN_KEEP = 4,      /* for the way back: every value lives on after forward, ops fill `saved`, nothing is fused */
  AUS_RUN_TRAINING = 8   /* ops train (batch statistics, dropout); parameters may change between forwards */
};

/* As aus_run_create, with flags. */
aus_status aus_run_create_with(aus_ctx *ctx, aus_bundle *bundle, const aus_dims *inputs, const char *const *taps,
                               int32_t n_taps, uint32_t flags, aus_run **out);

/* The same with parameters of one's own: param[tensor] (NULL: the bundle's; entries may be NULL too) replaces the values
 * of that tensor, borrowed, and is read anew by each forward: nothing is folded or packed beforehand. */
aus_status aus_run_create_on(aus_ctx *ctx, aus_bundle *bundle, const aus_dims *inputs, const char *const *taps, int32_t n_taps,
                             uint32_t flags, float *const *param, aus_run **out);

/* What the next forward of a training draws from: its seed and the number of the step. */
void aus_run_reseed(aus_run *run, uint64_t seed, uint64_t draw);

/* The slot of the value of this name, or of the first output of the node of this name; -1: none. */
int32_t aus_run_find(const aus_run *run, const char *name);
/* What a value holds after forward (AUS_RUN_KEEP: any value that the outputs and taps depend on); NULL when it is not there. */
const float *aus_run_value(const aus_run *run, int32_t slot, aus_dims *dims);

/* The moments that batch norm i of a training run (AUS_RUN_TRAINING | AUS_RUN_KEEP) took from the batch in the last forward,
 * and the tensors of the running ones (-1: not a parameter), which a trainer moves towards them: running += momentum (batch -
 * running). The variance is the unbiased one, as torch has it. false: there is no batch norm i. */
typedef struct aus_moments { int64_t channels; int32_t mean_tensor, variance_tensor; const float *mean, *variance; } aus_moments;
bool aus_run_moments(const aus_run *run, int32_t i, aus_moments *moments);

enum { AUS_STEP_RUNS, AUS_STEP_ALIAS, AUS_STEP_FUSED }; /* FUSED: an earlier step does its work */

typedef struct aus_step {
  const aus_op *op;
  int32_t node, state;
  int32_t *in_value, *out_value;   /* [call.n_in], [call.n_out]; AUS_NO_VALUE: absent */
  int32_t spread;                  /* the adaptive average pool that its weights have taken in; -1 */
  int32_t fold, affine;            /* steps whose batch norm is folded into the weights, or follows the activation; -1 */
  aus_epilogue epilogue;
  aus_call call;
} aus_step;

typedef struct aus_slot {          /* one value of the graph, or an output nobody named */
  aus_shape shape;
  float *data;
  int32_t writer, last_reader;     /* steps; -1: none */
  int32_t n_readers;
  int32_t root;                    /* the value whose memory it shares, itself when its own */
  bool pinned;                     /* lives to the end: inputs, outputs, taps */
  bool constant;                   /* a parameter */
  bool absent;                     /* an optional output nobody reads */
} aus_slot;

struct aus_run {
  aus_ctx *ctx;
  aus_bundle *bundle;
  uint32_t flags;
  int32_t n_steps, n_slots, n_taps;
  aus_step *step;
  aus_slot *slot;
  int32_t *tap;                    /* slots */
  float *const *param;             /* [tensors of the bundle] or NULL */
  aus_operand *operands;           /* pools that the calls point into */
  int32_t *indices;
  aus_word *words;
  unsigned char *arena;
  size_t arena_bytes;
};

aus_status aus_run_infer(aus_run *run, const aus_dims *inputs);
void aus_run_spread(aus_run *run);
void aus_run_fuse(aus_run *run);
/* The weights of a step with `spread`, [out][pixels of an image]; of the bundle's context, the caller frees. */
aus_status aus_spread_weights(const aus_run *run, const aus_step *step, float **weights);
aus_status aus_run_prepare(aus_run *run);
aus_status aus_run_layout(aus_run *run);

/* Puts "node 'NAME' (OP): " before the text. */
aus_status aus_step_fail(const aus_run *run, const aus_step *step, aus_status status);

/* batch norm of a step as v * scale[c] + shift[c], c channels. */
void aus_batch_norm_affine(const aus_call *call, int64_t c, float *scale, float *shift);

#endif
