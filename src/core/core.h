/* core.h - what every floor stands on: errors, memory, threads, random numbers.
 *
 * Internal. Knows nothing of audio or networks. */
#ifndef AUS_CORE_INTERNAL_H
#define AUS_CORE_INTERNAL_H

#include <auscult/core.h>
#include <stdbool.h>
#include <stdarg.h>

#ifndef AUS_BINARY32
#define AUS_BINARY32 float /* four bytes in a file; only the double build (tests/double) tells it from float */
#endif

struct aus_kernels;

struct aus_ctx {
  aus_config config;
  int threads;
  const struct aus_kernels *kernels; /* of the instruction set in use */
  struct aus_pool *pool;             /* built-in threads, started on first use; NULL: none */
  void *scratch;                     /* see aus_ctx_scratch */
  size_t scratch_bytes;
  char error[256];
};

/* ---- errors ---------------------------------------------------------------- */

#if defined(__GNUC__)
#define AUS_PRINTF(fmt, args) __attribute__((format(printf, fmt, args)))
#else
#define AUS_PRINTF(fmt, args)
#endif

/* Stores the text and returns status, so that `return aus_fail(...)` reads well. */
aus_status aus_fail(aus_ctx *ctx, aus_status status, const char *format, ...) AUS_PRINTF(3, 4);

/* Puts "PREFIX: " before the text already stored; returns status. */
aus_status aus_fail_prefix(aus_ctx *ctx, aus_status status, const char *format, ...) AUS_PRINTF(3, 4);

#define AUS_TRY(call)                                 \
  do {                                                \
    aus_status aus_try_status_ = (call);              \
    if (aus_try_status_ != AUS_OK) return aus_try_status_; \
  } while (0)

void aus_note(aus_ctx *ctx, int level, const char *format, ...) AUS_PRINTF(3, 4);

/* Reports progress; AUS_ECANCELED when the host wants to stop. */
aus_status aus_progress(aus_ctx *ctx, const char *phase, int64_t done, int64_t total);

/* ---- sizes: every product of untrusted numbers goes through these ------------ */

bool aus_mul_size(size_t a, size_t b, size_t *product); /* false on overflow */
bool aus_add_size(size_t a, size_t b, size_t *sum);

/* ---- memory ------------------------------------------------------------------ */

enum { AUS_ALIGN = 64 };

/* n * size bytes, 64-byte aligned, not cleared; large blocks ask for huge pages. NULL when
 * there is no memory or the product overflows (the context's text says so). */
void *aus_alloc(aus_ctx *ctx, size_t n, size_t size);
void *aus_alloc_zero(aus_ctx *ctx, size_t n, size_t size);
void aus_free(aus_ctx *ctx, void *p); /* NULL is fine */
char *aus_strdup(aus_ctx *ctx, const char *s);
/* Formatted string, owned by the caller (aus_free); NULL when there is no memory. */
char *aus_strf(aus_ctx *ctx, const char *format, ...) AUS_PRINTF(2, 3);

/* One block per context for calls that need memory while they run: kept from call to call, grown when
 * it is too small, freed with the context. Its content does not outlive the call that asked. NULL: no memory. */
void *aus_ctx_scratch(aus_ctx *ctx, size_t bytes);

#define AUS_NEW(ctx, type) ((type *)aus_alloc_zero((ctx), 1, sizeof(type)))

/* A bump allocator over a block the caller owns. take returns NULL when full. */
typedef struct aus_arena { unsigned char *base; size_t size, used; } aus_arena;
void *aus_arena_take(aus_arena *arena, size_t bytes); /* 64-byte aligned */

/* ---- threads ----------------------------------------------------------------- */

/* Covers [0, n) with calls of at least `grain` items (the last may be smaller). Work that
 * fits one grain, or a context of one thread, runs in the caller. Chunks are a function
 * of n and grain only, never of the number of threads, so a reduction kept per
 * chunk gives the same bits anywhere. Not to be nested: an inner call runs serially. */
void aus_parallel_for(aus_ctx *ctx, int64_t n, int64_t grain, aus_range_fn fn, void *arg);

/* ---- random numbers: Philox 4x32-10 [Salmon11], keyed by (seed, item, draw) ---- */

typedef struct aus_rng { uint64_t seed, item, draw; uint32_t block[4]; int left; } aus_rng;
void aus_rng_init(aus_rng *rng, uint64_t seed, uint64_t item);
uint32_t aus_rng_u32(aus_rng *rng);
uint64_t aus_rng_below(aus_rng *rng, uint64_t n);   /* uniform in [0, n), unbiased */
double aus_rng_uniform(aus_rng *rng);               /* in [0, 1), 53 bits */
double aus_rng_normal(aus_rng *rng);

/* ---- checksums ----------------------------------------------------------------- */

uint32_t aus_crc32(uint32_t crc, const void *data, size_t size); /* IEEE; start with 0 */
typedef struct aus_sha256 { uint32_t h[8]; uint64_t bytes; unsigned char block[64]; } aus_sha256;
void aus_sha256_init(aus_sha256 *s);
void aus_sha256_add(aus_sha256 *s, const void *data, size_t size);
void aus_sha256_hex(aus_sha256 *s, char hex[65]);

/* ---- files --------------------------------------------------------------------- */

/* Reads all of path ("-": stdin) into a block owned by the caller (aus_free). */
aus_status aus_file_read(aus_ctx *ctx, const char *path, size_t limit, void **data, size_t *size);

/* A file that appears whole or not at all: bytes go to a hidden sibling which
 * commit renames into place; abort (or a signal, see aus_outfile_abort_all) removes it. */
typedef struct aus_outfile aus_outfile;
aus_status aus_outfile_open(aus_ctx *ctx, const char *path, int replace, aus_outfile **out);
aus_status aus_outfile_write(aus_outfile *f, const void *data, size_t size);
aus_status aus_outfile_printf(aus_outfile *f, const char *format, ...) AUS_PRINTF(2, 3);
aus_status aus_outfile_commit(aus_outfile *f); /* frees f in any case */
void aus_outfile_abort(aus_outfile *f);
/* Async-signal-safe: unlinks every open temporary. For a SIGINT handler. */
void aus_outfile_abort_all(void);

/* ---- clock ----------------------------------------------------------------------- */
double aus_now(void); /* seconds, monotonic */

#endif
