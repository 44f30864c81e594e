/* bundle.h - what an open .aus file is in memory (layout on disk: docs/format.md).
 *
 * The graph is plain data: arrays of values and nodes that point to each other by index. Everything in it
 * has been checked on open, so whoever walks it needs no further range checks; what the ops mean (their
 * codes, shapes, attributes) is not known here but one floor up, in src/nn. */
#ifndef AUS_BUNDLE_H
#define AUS_BUNDLE_H

#include <auscult/bundle.h>

#include "core/core.h"

enum { AUS_F32 = 1, AUS_F16 = 2, AUS_I32 = 3 };                       /* dtype of a tensor */
enum { AUS_VALUE_ACTIVATION = 0, AUS_VALUE_INPUT = 1, AUS_VALUE_PARAM = 2 };
enum { AUS_META_STRING = 1, AUS_META_INTEGER, AUS_META_REAL, AUS_META_STRINGS, AUS_META_REALS, AUS_META_INTEGERS };
enum { AUS_NO_VALUE = -1 };                                             /* an operand left out */

/* Sizes on disk. */
enum { AUS_HEADER_BYTES = 64, AUS_SECTION_BYTES = 32, AUS_META_BYTES = 24, AUS_TENSOR_BYTES = 64, AUS_GRAPH_BYTES = 32,
       AUS_VALUE_BYTES = 40, AUS_NODE_BYTES = 32, AUS_MAX_SECTIONS = 64, AUS_MAX_DIMS = 6 };
extern const unsigned char aus_magic[8];

/* One attribute word of a node. */
typedef union aus_word { int32_t i; AUS_BINARY32 f; } aus_word;

typedef struct aus_value { const char *name; int32_t kind, tensor, rank, dim[AUS_MAX_DIMS]; } aus_value;
typedef struct aus_node {
  const char *name;
  int32_t op, in, n_in, out, n_out; /* in and out: first entry in the index pool */
  int32_t attr, n_attr;              /* first word in the word pool */
} aus_node;

typedef struct aus_graph {
  int32_t n_values, n_nodes, n_inputs, n_outputs, n_index, n_words;
  aus_value *value;
  aus_node *node;
  int32_t *input, *output; /* value indices */
  int32_t *index;          /* value indices or AUS_NO_VALUE */
  aus_word *word;
} aus_graph;

typedef struct aus_span { size_t at, size; } aus_span; /* size 0: the section is absent */

struct aus_bundle {
  aus_ctx *ctx;
  const unsigned char *bytes;
  size_t size;
  void *owned;                  /* bytes, when they are ours */
  aus_span strs, meta, tens, grph, data;
  int32_t n_tensors, n_meta;
  aus_tensor_info *tensor;      /* [n_tensors] */
  const float **f32;            /* [n_tensors] in bytes or in widened */
  float *widened;               /* half and int32 tensors as float32 */
  aus_graph graph;
  void *graph_block;            /* memory of the arrays of graph */
  void *sha;                    /* struct in bundle.c */
  /* Weights packed for this processor; kept here so that all runs share them, made and freed by src/nn. */
  void *prepared;
  void (*drop_prepared)(aus_ctx *ctx, void *prepared);
};

/* ---- the parts of the reader: each checks one section and fills its fields ---- */
aus_status aus_read_sections(aus_bundle *b);
aus_status aus_read_meta(aus_bundle *b);
aus_status aus_read_tensors(aus_bundle *b);
aus_status aus_read_graph(aus_bundle *b);

/* AUS_EFORMAT with "byte AT: ..." before the text. */
aus_status aus_bad(aus_bundle *b, size_t at, const char *format, ...) AUS_PRINTF(3, 4);

/* The string at this offset of STRS, NULL when out of range. */
const char *aus_string_at(const aus_bundle *b, uint32_t offset);
bool aus_all_zero(const unsigned char *p, size_t n);

static inline uint32_t aus_get16(const unsigned char *p) { return (uint32_t)p[0] | (uint32_t)p[1] << 8; }
static inline uint32_t aus_get32(const unsigned char *p) { return aus_get16(p) | aus_get16(p + 2) << 16; }
static inline uint64_t aus_get64(const unsigned char *p) { return aus_get32(p) | (uint64_t)aus_get32(p + 4) << 32; }
static inline void aus_put16(unsigned char *p, uint32_t v) { p[0] = (unsigned char)v; p[1] = (unsigned char)(v >> 8); }
static inline void aus_put32(unsigned char *p, uint32_t v) { aus_put16(p, v); aus_put16(p + 2, v >> 16); }
static inline void aus_put64(unsigned char *p, uint64_t v) { aus_put32(p, (uint32_t)v); aus_put32(p + 4, (uint32_t)(v >> 32)); }

#endif
