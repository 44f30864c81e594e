/* bss.h - correlations of references and estimates, and projections by them. Internal.
 *
 * Planes are numbered: reference j's channel c is j channels + c, then estimate j's channel c is (n + j) channels + c. */
#ifndef AUS_EVAL_BSS_H
#define AUS_EVAL_BSS_H

#include <auscult/eval.h>

#include "core/core.h"

typedef struct bss {
  aus_ctx *ctx;
  int32_t taps, channels, regressors; /* planes of references */
  double loading;                     /* added to each reference's energy, as a share of it */
  double *correlation;                /* [regressors][planes][taps]: sum over t of a(t) b(t + lag) */
  double *energy;                     /* [planes] */
} bss;

/* x of n references and n estimates, each [channels][samples]. */
aus_status bss_correlate(bss *b, int64_t samples, int32_t n, const float *const *reference, const float *const *estimate);
const double *bss_correlation(const bss *b, int32_t regressor, int32_t plane); /* [taps] */
void bss_free(bss *b);

/* *square = |P e|^2 of one estimate, P onto delays 0 .. taps - 1 of `count` planes from `first`. Silent planes are left out. */
aus_status bss_project(const bss *b, int32_t first, int32_t count, int32_t estimate, double *square);

#endif
