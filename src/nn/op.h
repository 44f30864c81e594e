/* op.h - what an op is: shapes, scratch, prepared weights, and the equations.
 *
 * An op knows shapes and pointers, never the graph. One file in src/nn/ops/ holds
 * one op (or one family); ops.def lists them all. forward and backward are its equations: backward takes
 * the diff (the gradient, or whatever a walk propagates) of what forward wrote and gives the diff of what it
 * read, data and parameters alike, since both are operands. walk.h says who calls it. */
#ifndef AUS_OP_H
#define AUS_OP_H

#include "format/bundle.h"

enum { AUS_MAX_RANK = AUS_MAX_DIMS };

typedef aus_dims aus_shape;

/* Product of dims, 1 for rank 0. Every shape that a call sees was checked: each dim is in
 * [1, 2^31) and the count below 2^36, so products of two dims and an attribute fit int64_t. */
int64_t aus_shape_count(const aus_shape *s);
int64_t aus_shape_count_range(const aus_shape *s, int32_t from, int32_t to); /* of dims [from, to) */
bool aus_shape_equal(const aus_shape *a, const aus_shape *b);
aus_shape aus_shape_make(int32_t rank, const int64_t *dim);
const char *aus_shape_text(const aus_shape *s, char text[96]); /* "[1, 3, 32]" */
/* Each dim in range and the count too, else AUS_ELIMIT or AUS_EFORMAT with a text. */
aus_status aus_shape_check(aus_ctx *ctx, const aus_shape *s);
/* numpy's broadcasting of two shapes; AUS_EFORMAT when they do not match. */
aus_status aus_shape_broadcast(aus_ctx *ctx, const aus_shape *a, const aus_shape *b, aus_shape *out);

/* One operand of one call. data is NULL for an absent optional one (and while shapes are inferred). */
typedef struct aus_operand { float *data; aus_shape shape; } aus_operand;

/* What the planner fuses behind a linear op before its result is stored: for each value v of channel c
 * (axis 1 of a conv, the last axis of linear), v = act(v), then v = v * scale[c] + shift[c], then, for a conv whose
 * max_w is set, the maximum over dst's last axis (dst then has dim[rank-1] 1). An op offers what it does in aus_op_impl.fuses;
 * the planner asks for nothing else. */
enum { AUS_ACT_NONE, AUS_ACT_RELU, AUS_ACT_LEAKY, AUS_ACT_ELU };
enum { AUS_FUSE_RELU = 1, AUS_FUSE_LEAKY = 2, AUS_FUSE_ELU = 4, AUS_FUSE_AFFINE = 8, AUS_FUSE_MAX_W = 16 };
typedef struct aus_epilogue { int32_t act; float alpha; const float *scale, *shift; bool max_w; } aus_epilogue;

/* Everything a call sees. Inputs are only read. */
typedef struct aus_call {
  aus_ctx *ctx;
  int32_t op;              /* code, so that families share functions */
  int32_t n_in, n_out, n_attr;
  const aus_operand *in;   /* [n_in], parameters included; as many as ops.def names, absent ones NULL */
  aus_operand *out;        /* [n_out]; data NULL for an optional one that nobody reads */
  const aus_word *attr;    /* [n_attr], at least as many words as ops.def names (zero filled) */
  const aus_epilogue *epilogue; /* NULL: none. Only for ops whose fuses is not 0 */
  void *scratch;           /* scratch_size(call) bytes, 64-byte aligned */
  const void *prepared;    /* what prepare made from the parameters, or NULL */
  void *saved;             /* saved_size(call) bytes that forward fills for backward; NULL: nobody will go back */
  bool training;           /* batch statistics, dropout */
  uint64_t seed, draw;     /* of dropout's mask: (seed, node) and the step of the training */
} aus_call;

/* What one way back sees: forward has run on *call, and every operand still holds what it held then.
 * A diff is an array of its operand's shape. */
typedef struct aus_back {
  const aus_call *call;
  const float *const *diff_dst; /* [n_out]; NULL: zero, nobody reads that output */
  float *const *diff_src;       /* [n_in]; NULL: not wanted; else written over, never added to */
  void *scratch;                /* backward_scratch bytes, 64-byte aligned */
} aus_back;

/* What the file of an op defines, as `const aus_op_impl aus_op_impl_NAME`. The name, codes and
 * operands stand in ops.def only. */
typedef struct aus_op_impl {
  /* Checks inputs and attributes, fills out[].shape (without the epilogue's max_w). Called with data == NULL
   * except for parameters. Text in ctx on error. */
  aus_status (*shape)(aus_call *call);
  /* Bytes of scratch one forward needs; NULL: none. SIZE_MAX: too large. */
  size_t (*scratch_size)(const aus_call *call);
  /* Weights repacked once per network: bytes, then the packing itself; NULL: none, and size 0: none for this call.
   * in[].data is set for parameters only: return 0 when one that is needed is not. The form may depend on the shapes
   * only through prepared_kind (NULL: one form): calls of a node with the same kind share it. */
  size_t (*prepared_size)(const aus_call *call);
  int32_t (*prepared_kind)(const aus_call *call);
  void (*prepare)(const aus_call *call, void *prepared);
  void (*forward)(const aus_call *call);
  /* Bytes that forward leaves in call->saved when that is not NULL, 64-byte aligned; NULL: none. */
  size_t (*saved_size)(const aus_call *call);
  /* diff_src from diff_dst: dst = f(src) gives diff_src[k] = (d f / d src[k])' diff_dst. Where f has no derivative the
   * op's file says which one it takes. NULL: no way back through this op. backward_scratch sees which diffs there
   * are (pointers that are not NULL, not what they point to) and no data but parameters; NULL: none, SIZE_MAX: too large. */
  size_t (*backward_scratch)(const aus_back *back);
  void (*backward)(const aus_back *back);
  bool in_place;   /* dst may be the memory of in[0] (same size) */
  uint32_t fuses;  /* AUS_FUSE_* this op's forward obeys in call->epilogue */
} aus_op_impl;

typedef struct aus_op {
  int32_t code;
  const char *name, *inputs, *outputs, *attributes; /* as in ops.def */
  const aus_op_impl *impl;
} aus_op;

/* What a list of operands or attributes in ops.def asks for. */
typedef struct aus_arity { int32_t required, named; bool repeats; } aus_arity;
aus_arity aus_op_arity(const char *list);
bool aus_op_optional(const char *list, int32_t i); /* entry i ends in "?" */

/* NULL for an unknown code. */
const aus_op *aus_op_by_code(int32_t code);
const aus_op *aus_op_by_name(const char *name);

#define AUS_OP(code, name, in, out, attr) extern const aus_op_impl aus_op_impl_##name;
#include "nn/ops.def"
#undef AUS_OP

enum aus_op_code {
#define AUS_OP(code, name, in, out, attr) AUS_OP_##name = code,
#include "nn/ops.def"
#undef AUS_OP
};

#endif
