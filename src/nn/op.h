/* op.h - what an op is: shapes, scratch, prepared weights, and the equations.
 *
 * An op knows shapes and pointers, never the graph. One file in src/nn/ops/ holds
 * one op (or one family); ops.def lists them all. Slots for the way back
 * (backward_data, backward_params) are here from the start so that an op's file can
 * hold its three equations side by side. */
#ifndef AUS_OP_H
#define AUS_OP_H

#include "core/core.h"

enum { AUS_MAX_RANK = 6, AUS_ABSENT = -1 };

typedef struct aus_shape { int32_t rank; int64_t dim[AUS_MAX_RANK]; } aus_shape;

int64_t aus_shape_count(const aus_shape *s);               /* product of dims, 1 for rank 0 */
bool aus_shape_equal(const aus_shape *a, const aus_shape *b);

/* One operand of one call. data is NULL for an absent optional one (and while shapes are inferred). */
typedef struct aus_operand { float *data; aus_shape shape; } aus_operand;

/* One attribute word. */
typedef union aus_word { int32_t i; float f; } aus_word;

/* Everything a call sees. Inputs are only read. */
typedef struct aus_call {
  aus_ctx *ctx;
  int32_t op;              /* code, so that families share functions */
  int32_t n_in, n_out, n_attr;
  const aus_operand *in;   /* [n_in], parameters included */
  aus_operand *out;        /* [n_out] */
  const aus_word *attr;    /* [n_attr], at least as many words as ops.def names (zero filled) */
  void *scratch;           /* scratch_size(call) bytes, 64-byte aligned */
  const void *prepared;    /* what prepare made from the parameters, or NULL */
} aus_call;

typedef struct aus_op {
  int32_t code;
  const char *name, *inputs, *outputs, *attributes; /* as in ops.def */
  /* Checks inputs and attributes, fills out[].shape. Called with data == NULL. Text in ctx on error. */
  aus_status (*shape)(aus_call *call);
  /* Bytes of scratch one forward needs; NULL: none. */
  size_t (*scratch_size)(const aus_call *call);
  /* Weights repacked once per network: bytes, then the packing itself; NULL: none. in[].data is
   * set for parameters only. */
  size_t (*prepared_size)(const aus_call *call);
  void (*prepare)(const aus_call *call, void *prepared);
  void (*forward)(const aus_call *call);
  bool in_place; /* dst may be the memory of src (elementwise ops of one operand) */
} aus_op;

/* NULL for an unknown code. */
const aus_op *aus_op_by_code(int32_t code);
const aus_op *aus_op_by_name(const char *name);

enum aus_op_code {
#define AUS_OP(code, name, in, out, attr) AUS_OP_##name = code,
#include "nn/ops.def"
#undef AUS_OP
};

#endif
