/* auscult/bundle.h - bundles: what a .aus file holds (metadata, tensors, a graph).
 *
 * A bundle is read-only once open and may be read by several threads. Format: docs/format.md. */
#ifndef AUSCULT_BUNDLE_H
#define AUSCULT_BUNDLE_H

#include <auscult/core.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct aus_bundle aus_bundle;

/* Reads (copies) a file; or borrows bytes, which must outlive the bundle and be 64-byte aligned for
 * zero copies. Errors name the offset and what was expected. */
AUS_API aus_status aus_bundle_open(aus_ctx *ctx, const char *path, aus_bundle **out);
AUS_API aus_status aus_bundle_open_memory(aus_ctx *ctx, const void *bytes, size_t size, aus_bundle **out);
AUS_API void aus_bundle_close(aus_bundle *bundle);
AUS_API const char *aus_bundle_sha256(const aus_bundle *bundle); /* of all bytes, lower-case hex, computed on first use */
AUS_API uint64_t aus_bundle_bytes(const aus_bundle *bundle);

/* Metadata by key; the default when absent or of another type. Strings are borrowed. */
AUS_API const char *aus_meta_string(const aus_bundle *bundle, const char *key, const char *fallback);
AUS_API int64_t aus_meta_integer(const aus_bundle *bundle, const char *key, int64_t fallback);
AUS_API double aus_meta_real(const aus_bundle *bundle, const char *key, double fallback); /* integers are accepted */
AUS_API int32_t aus_meta_count(const aus_bundle *bundle, const char *key); /* entries of a list, 0 when absent */
AUS_API const char *aus_meta_string_at(const aus_bundle *bundle, const char *key, int32_t i);
AUS_API double aus_meta_real_at(const aus_bundle *bundle, const char *key, int32_t i);
/* The i-th key in file order with its type (1 to 6), NULL past the end: for printing. */
AUS_API const char *aus_meta_key(const aus_bundle *bundle, int32_t i, int32_t *type);

typedef struct aus_tensor_info { const char *name; int32_t dtype, rank; int64_t dim[6], count; uint64_t bytes; } aus_tensor_info;
AUS_API int32_t aus_bundle_tensors(const aus_bundle *bundle);
AUS_API aus_status aus_bundle_tensor(const aus_bundle *bundle, int32_t i, aus_tensor_info *info);
AUS_API int32_t aus_bundle_find_tensor(const aus_bundle *bundle, const char *name); /* -1: none */
/* float32 values of a tensor (half precision and int32 are widened once, on open); borrowed. */
AUS_API const float *aus_bundle_tensor_f32(const aus_bundle *bundle, int32_t i);

/* ---- the graph's rim -------------------------------------------------------------------- */

typedef struct aus_dims { int32_t rank; int64_t dim[6]; } aus_dims;

AUS_API int32_t aus_graph_inputs(const aus_bundle *bundle);
AUS_API int32_t aus_graph_outputs(const aus_bundle *bundle);
AUS_API const char *aus_graph_input_name(const aus_bundle *bundle, int32_t i);
AUS_API const char *aus_graph_output_name(const aus_bundle *bundle, int32_t i);
AUS_API aus_dims aus_graph_input_dims(const aus_bundle *bundle, int32_t i); /* -1: free */

#ifdef __cplusplus
}
#endif
#endif
