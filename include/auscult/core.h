/* auscult/core.h - status codes, the context, threads, progress.
 *
 * Every object of the library is made from a context. A context belongs to one
 * thread of control at a time; objects made from it may be used from that
 * thread only, unless a declaration says otherwise. The library never aborts,
 * never exits and never prints: functions return an aus_status and leave a
 * one-line text in the context. */
#ifndef AUSCULT_CORE_H
#define AUSCULT_CORE_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#if defined(AUS_BUILDING) && defined(__GNUC__)
#define AUS_API __attribute__((visibility("default")))
#else
#define AUS_API
#endif

typedef enum aus_status {
  AUS_OK = 0,
  AUS_EINVAL = -1,    /* an argument is out of its stated range */
  AUS_ENOMEM = -2,    /* an allocation failed; nothing was changed */
  AUS_EIO = -3,       /* a file or pipe cannot be opened, read or written */
  AUS_EFORMAT = -4,   /* a file or message was read but is not valid */
  AUS_ENOTSUP = -5,   /* the model (or this build) lacks the capability asked for */
  AUS_ELIMIT = -6,    /* a size is larger than this library handles */
  AUS_ECANCELED = -7, /* the progress callback asked to stop */
  AUS_EPEER = -8,     /* a child program broke the protocol, died or timed out */
  AUS_EEXIST = -9     /* an output exists already and may not be replaced */
} aus_status;

/* A short fixed English phrase for a status; never NULL. */
AUS_API const char *aus_strerror(aus_status status);

/* "MAJOR.MINOR.PATCH" of the library. */
AUS_API const char *aus_version(void);

/* Runs fn(arg, begin, end, worker) over disjoint ranges that cover [0, n), any
 * order, any number at a time, worker in [0, threads). Returns when all are done. */
typedef void (*aus_range_fn)(void *arg, int64_t begin, int64_t end, int worker);
typedef void (*aus_parallel_fn)(void *user, int64_t n, int64_t grain, aus_range_fn fn, void *arg);

/* Called between steps of long work: done of total, in units named by phase.
 * A non-zero return asks the work to stop with AUS_ECANCELED. */
typedef int (*aus_progress_fn)(void *user, const char *phase, int64_t done, int64_t total);

/* Receives warnings and notes ("resampled 44100 Hz to 16000 Hz"), one line, no newline. */
typedef void (*aus_log_fn)(void *user, int level, const char *line);
enum { AUS_LOG_NOTE = 0, AUS_LOG_WARNING = 1 };

/* What a context is made of. Zero-initialise, then set what you need. */
typedef struct aus_config {
  void *(*alloc)(void *user, size_t bytes); /* NULL: malloc. Alignment as malloc's. */
  void (*free)(void *user, void *p);        /* NULL: free */
  int threads;                              /* 0: one per core; 1: no thread is ever started */
  aus_parallel_fn parallel;                 /* NULL: the built-in back end; then threads must be >= 1 */
  aus_progress_fn progress;                 /* NULL: none */
  aus_log_fn log;                           /* NULL: silent */
  void *user;                               /* handed to all of the above */
} aus_config;

typedef struct aus_ctx aus_ctx;

/* Makes a context; config may be NULL for all defaults. On success *out is owned
 * by the caller. Errors: AUS_EINVAL, AUS_ENOMEM, AUS_ENOTSUP (AUSCULT_ISA names
 * an instruction set this CPU or build lacks). */
AUS_API aus_status aus_ctx_create(aus_ctx **out, const aus_config *config);

/* Frees the context; every object made from it must be gone already. NULL is fine. */
AUS_API void aus_ctx_destroy(aus_ctx *ctx);

/* One line on the last failure in this context, "" before any; valid until the
 * next call with this context. */
AUS_API const char *aus_ctx_error(const aus_ctx *ctx);

/* Threads in use; name of the instruction set in use ("avx2", "scalar", ...). */
AUS_API int aus_ctx_threads(const aus_ctx *ctx);
AUS_API const char *aus_ctx_isa(const aus_ctx *ctx);

#ifdef __cplusplus
}
#endif
#endif
