/* onset.h - the onset strength envelope, which onsets and beats both read. */
#ifndef AUS_DSP_ONSET_H
#define AUS_DSP_ONSET_H

#include "dsp/spec.h"

/* strength[frames] at rate / hop frames a second, frame i at sample i hop. */
typedef struct aus_onset_env { int64_t frames; int32_t hop; double fps; float *strength; } aus_onset_env;
aus_status aus_onset_envelope(aus_ctx *ctx, int32_t rate, int64_t samples, const float *x, aus_onset_env *env);

#endif
