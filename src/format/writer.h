/* writer.h - making a bundle: tensors, metadata and a graph, in any order, then the bytes.
 *
 * The first failure sticks: later calls do nothing and finish reports it, so that a graph can be written
 * down as a list of calls. Indices returned are those of the file. */
#ifndef AUS_WRITER_H
#define AUS_WRITER_H

#include "format/bundle.h"

typedef struct aus_builder aus_builder;

aus_status aus_builder_create(aus_ctx *ctx, aus_builder **out);
void aus_builder_destroy(aus_builder *b); /* NULL is fine */

/* Copies `count` elements as dtype says: floats for AUS_F32, uint16_t halves for AUS_F16, int32_t for AUS_I32. */
int32_t aus_builder_tensor(aus_builder *b, const char *name, int32_t dtype, int32_t rank, const int32_t *dim, const void *data);

void aus_builder_string(aus_builder *b, const char *key, const char *value);
void aus_builder_integer(aus_builder *b, const char *key, int64_t value);
void aus_builder_real(aus_builder *b, const char *key, double value);
void aus_builder_strings(aus_builder *b, const char *key, int32_t n, const char *const *value);
void aus_builder_reals(aus_builder *b, const char *key, int32_t n, const double *value);
void aus_builder_integers(aus_builder *b, const char *key, int32_t n, const int64_t *value);

/* Values: a graph input (-1: free dimension), a parameter (a tensor of the same name is added with it). */
int32_t aus_builder_input(aus_builder *b, const char *name, int32_t rank, const int32_t *dim);
int32_t aus_builder_param(aus_builder *b, const char *name, int32_t rank, const int32_t *dim, const float *data);
/* A node with n_out fresh values, named NAME, NAME.1, NAME.2 ...; returns the first (the others follow it). */
int32_t aus_builder_node(aus_builder *b, int32_t op, const char *name, int32_t n_in, const int32_t *in, int32_t n_out,
                         int32_t n_attr, const aus_word *attr);
void aus_builder_output(aus_builder *b, int32_t value);
/* Another bundle's graph as it is: names, operands, attributes. tensor[i] is where this file has the other's tensor i (dims may differ);
 * nothing may have been added to this graph before. */
void aus_builder_graph(aus_builder *b, const aus_bundle *from, const int32_t *tensor);
/* Another bundle's entry of metadata, whatever its type. */
void aus_builder_meta(aus_builder *b, const aus_bundle *from, const char *key);

/* The file's bytes, owned by the caller (aus_free). The builder can be destroyed after. */
aus_status aus_builder_finish(aus_builder *b, void **bytes, size_t *size);
/* The same into a file that appears whole or not at all. */
aus_status aus_builder_write(aus_builder *b, const char *path, int replace);

/* `auscult embed`: reads and checks the bundle at path, then writes a C file that defines
 * `const unsigned char SYMBOL[]` (64-byte aligned, the file's bytes) and `const size_t SYMBOL_size`,
 * for aus_bundle_open_memory. symbol: a C identifier. */
aus_status aus_embed_write(aus_ctx *ctx, const char *path, const char *symbol, const char *c_path, int replace);

#endif
