/* sep.h - what a separator is inside: a pass that goes through a sound block by block. Internal.
 *
 * A method hears one channel, or a stereo pair, at one rate. It asks for the samples it needs and gives pieces of stems one after the
 * other; what happens around it (rates, channels, the residual) is stream.c's. Memory is the pass's own and does not grow with the
 * sound, but for methods that must hear all of it first (nmf). */
#ifndef AUS_SEP_INTERNAL_H
#define AUS_SEP_INTERNAL_H

#include <auscult/sep.h>

#include "core/core.h"

/* The sound as a pass hears it. read gives samples [first, first + count) of one plane, all within [0, samples); `first` never
 * goes back from one call to the next of the same plane. */
typedef struct sep_input {
  int32_t rate, planes;
  int64_t samples;
  aus_status (*read)(void *user, int32_t plane, int64_t first, int64_t count, float *x);
  void *user;
} sep_input;

/* Samples [first, first + count) of every stem: stem[i] is [planes][ld], valid until the next call. */
typedef struct sep_piece { int64_t first, count, ld; float *const *stem; } sep_piece;

typedef struct sep_pass sep_pass; /* a method's own */

typedef struct aus_separator_ops {
  aus_status (*begin)(aus_separator *s, const sep_input *in, sep_pass **out);
  aus_status (*next)(sep_pass *pass, sep_piece *piece); /* pieces follow each other without gaps; called until all is there */
  void (*end)(sep_pass *pass);
  /* Methods that hear all at once: x[planes][samples] -> stem[i][planes][samples]. Then the three above are sep_whole_*. */
  aus_status (*separate)(aus_separator *s, int32_t rate, int32_t planes, int64_t samples, const float *x, float *const *stem);
  void (*close)(aus_separator *s); /* frees state and what info points to */
} aus_separator_ops;

struct aus_separator {
  aus_ctx *ctx;
  aus_separator_ops ops;
  aus_separator_info info;
  int32_t together; /* channels heard together: 1, or 2 for a stereo network */
  void *state;
};

/* whole.c */
aus_status sep_whole_begin(aus_separator *s, const sep_input *in, sep_pass **out);
aus_status sep_whole_next(sep_pass *pass, sep_piece *piece);
void sep_whole_end(sep_pass *pass);

/* Planes that are appended at one end and dropped at the other: plane p holds samples [first, first + count) at data + p room. */
typedef struct sep_buffer { float *data; int64_t first, count, room; int32_t planes; } sep_buffer;
aus_status sep_buffer_reserve(aus_ctx *ctx, sep_buffer *b, int64_t count); /* room for that many behind what is held */
void sep_buffer_drop(sep_buffer *b, int64_t before);                      /* forgets samples before this one */
float *sep_buffer_at(const sep_buffer *b, int32_t plane, int64_t sample);
void sep_buffer_free(aus_ctx *ctx, sep_buffer *b);

/* Samples of a frame of 93 ms: librosa's 2048 at 22050 Hz, as a power of two at any rate. */
int32_t aus_separator_frame(int32_t rate);

aus_status aus_stems_alloc(aus_ctx *ctx, int32_t n, const char *const *name, const aus_audio *like, aus_stems *out);

#endif
