/* sep.h - what a separator is inside: three functions and a description. Internal. */
#ifndef AUS_SEP_INTERNAL_H
#define AUS_SEP_INTERNAL_H

#include <auscult/sep.h>

#include "core/core.h"

typedef struct aus_separator_ops {
  /* x[channels][samples] -> stem[i][channels][samples] for each stem; at the separator's own rate if it has one.
   * channels is 1, or what the separator says it hears together. */
  aus_status (*separate)(aus_separator *s, int32_t rate, int32_t channels, int64_t samples, const float *x, float *const *stem);
  void (*close)(aus_separator *s); /* frees state and what info points to */
} aus_separator_ops;

struct aus_separator {
  aus_ctx *ctx;
  aus_separator_ops ops;
  aus_separator_info info;
  int32_t together; /* channels heard together: 1, or 2 for a stereo network */
  void *state;
};

/* Samples of a frame of 93 ms: librosa's 2048 at 22050 Hz, as a power of two at any rate. */
int32_t aus_separator_frame(int32_t rate);

aus_status aus_stems_alloc(aus_ctx *ctx, int32_t n, const char *const *name, const aus_audio *like, aus_stems *out);

#endif
