/* probe.h - the demo's model: a linear probe on log-mels, fitted in closed form. */
#ifndef DEMO_PROBE_H
#define DEMO_PROBE_H

#include "demo/synth.h"

enum { RATE = 16000, N_FFT = 512, HOP = 256, MELS = 40, FRAMES = 63, PATCH = (FRAMES - 1) * HOP, FEATURES = 3 * MELS };

/* weight[INSTRUMENTS][FEATURES] and bias act on raw features; patch[FRAMES][MELS] is one log-mel kept as golden input. */
typedef struct probe { float weight[INSTRUMENTS][FEATURES], bias[INSTRUMENTS], patch[FRAMES * MELS]; double right[INSTRUMENTS]; } probe;

/* Synthesises `examples` patches, fits, and counts how often held-out patches are judged right. */
aus_status probe_fit(aus_ctx *ctx, int examples, uint64_t seed, probe *out);
aus_status probe_write(aus_ctx *ctx, const probe *p, const char *path, int replace);

#endif
