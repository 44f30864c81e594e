/* frontend.h - from sound to what a network's first input takes, as the file's metadata say.
 *
 *   waveform   the samples themselves
 *   mel, stft  |STFT|^power -> bank (of one bin each for stft) -> half -> log -> floor
 *
 * An input is cut into patches of `length` frames (samples for a waveform). A patch is written
 * in the network's layout: [channels][length][bands], or [channels][bands][length]. */
#ifndef AUS_MODEL_FRONTEND_H
#define AUS_MODEL_FRONTEND_H

#include <auscult/bundle.h>
#include <auscult/dsp.h>
#include "model/model.h"

typedef enum aus_tail { AUS_TAIL_DROP, AUS_TAIL_PAD, AUS_TAIL_OVERLAP } aus_tail;

typedef struct aus_frontend {
  aus_ctx *ctx;
  bool waveform, transposed, reflect, repeat;
  int32_t rank;                        /* of the network's input */
  int32_t rate, channels, bands, bins; /* bands 1 for a waveform */
  int32_t n_fft, hop, pad;
  double power, top_db;                /* top_db <= 0: no floor */
  aus_log_config log;                  /* its own top_db is 0: the floor counts over the whole input */
  aus_stft *stft, *segment;            /* of whole inputs; of stretches whose ends are already continued */
  aus_bank *bank;
  float *hz;                           /* [bands] centres */
  int64_t patch, patch_hop;            /* frames; patch 0: the whole input is one patch */
  aus_tail tail;
  int64_t least_samples;               /* shorter input is padded to this */
} aus_frontend;

aus_status aus_frontend_create(aus_ctx *ctx, const aus_bundle *bundle, aus_frontend **out);
void aus_frontend_destroy(aus_frontend *fe);
void aus_frontend_describe(const aus_frontend *fe, char *to, size_t size); /* one line for people */
void aus_frontend_unit(const aus_frontend *fe, char to[32]);

/* How an input is cut. */
typedef struct aus_patches { int64_t samples, frames, length, count; } aus_patches;
aus_patches aus_frontend_patches(const aus_frontend *fe, int64_t samples);
int64_t aus_patch_start(const aus_frontend *fe, const aus_patches *p, int64_t i);
int64_t aus_frontend_floats(const aus_frontend *fe, int64_t length); /* one patch in the network's layout */
aus_dims aus_frontend_dims(const aus_frontend *fe, int64_t mb, int64_t length); /* of the network's input for mb patches */

/* The floor of an input: largest value - top_db; -infinity where the form has none. */
aus_status aus_frontend_floor(const aus_frontend *fe, int64_t samples, const float *x, float *floor);
/* Completes bands y[length][bands] of which `valid` frames are there: silence after them, nothing below floor, and
 * turned[bands][length] where that is not NULL. */
void aus_frontend_finish(const aus_frontend *fe, int64_t valid, int64_t length, float floor, float *y, float *turned);
/* One patch of x[channels][samples] in the network's layout, frames past the end silent; scratch[length][bands]. */
aus_status aus_frontend_patch(const aus_frontend *fe, int64_t samples, const float *x, int64_t first, int64_t length,
                              float floor, float *scratch, float *y);

/* ---- patches of mixes -------------------------------------------------------------------------- */

/* A stretch of frames [first, first + length) of a family of mixes: the parts that sound in it and, where
 * that is cheaper than transforming every mix, their spectra. */
typedef struct aus_window_of_mixes {
  const aus_frontend *fe;
  const aus_mixes *mixes;
  int64_t first, length, valid; /* valid: frames before the end of the input */
  bool spectral;
  int32_t n_active;
  int32_t *active;              /* [n_active] parts, ascending; room for all */
  aus_spectrum *spectrum;       /* [1 + n_active][channels], 0: off; room for all */
  aus_spectrum *chosen;         /* what one row adds */
  float *block, *segment, *inner;
  size_t block_room, segment_room, inner_room; /* floats */
} aus_window_of_mixes;

/* aus_window_free also after a failure. */
aus_status aus_window_create(const aus_frontend *fe, const aus_mixes *mixes, aus_window_of_mixes *w);
void aus_window_free(aus_window_of_mixes *w);
aus_status aus_window_set(aus_window_of_mixes *w, int64_t first, int64_t length);
/* As aus_frontend_patch, of x(z). */
aus_status aus_window_patch(aus_window_of_mixes *w, const uint8_t *z, float floor, float *scratch, float *y);
/* The floors of x(z) for n rows; -infinity where the form has none. */
aus_status aus_window_floors(aus_window_of_mixes *w, int64_t n, const uint8_t *z, float *floors);

#endif
