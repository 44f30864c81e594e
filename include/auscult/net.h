/* auscult/net.h - running the graph inside a bundle.
 *
 * run      one bundle's graph planned for given input shapes, with its own memory.
 *          After aus_run_create nothing allocates.
 *
 * Threads: the runs of one bundle share its packed weights, which aus_run_create makes or finds; create the runs of a
 * bundle from one thread at a time. Once made, each run may be used by a thread of its own. */
#ifndef AUSCULT_NET_H
#define AUSCULT_NET_H

#include <auscult/bundle.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct aus_run aus_run;

/* Plans the graph for these input shapes. taps names values to keep beside the outputs (NULL, 0: none).
 * The bundle must outlive the run. Weights are packed once per bundle and shared by its runs. */
AUS_API aus_status aus_run_create(aus_ctx *ctx, aus_bundle *bundle, const aus_dims *inputs, const char *const *taps,
                                  int32_t n_taps, aus_run **out);
AUS_API void aus_run_destroy(aus_run *run);
AUS_API size_t aus_run_bytes(const aus_run *run);                 /* the arena */
AUS_API float *aus_run_input(aus_run *run, int32_t i);            /* write here, then */
AUS_API aus_status aus_run_forward(aus_run *run);
AUS_API const float *aus_run_output(const aus_run *run, int32_t i, aus_dims *dims); /* read here; valid until the next forward */
AUS_API const float *aus_run_tap(const aus_run *run, int32_t i, aus_dims *dims);

/* Runs the golden input that the bundle carries (`golden.input`, or the list `golden.inputs`) and compares with the golden
 * output: *worst is the largest |difference| (infinity when something is not a number), *tolerance what the file allows.
 * Errors: AUS_EFORMAT (the vectors do not fit the graph), AUS_ENOTSUP (there are none), AUS_ENOMEM. */
AUS_API aus_status aus_net_verify(aus_ctx *ctx, aus_bundle *bundle, double *worst, double *tolerance);

#ifdef __cplusplus
}
#endif
#endif
