/* fidelity.h - what masked.c and agreement.c share. Internal. */
#ifndef AUS_EVAL_FIDELITY_INTERNAL_H
#define AUS_EVAL_FIDELITY_INTERNAL_H

#include <auscult/fidelity.h>

int64_t eval_highest(int64_t n, const float *x); /* the first of equals */

#endif
