/* spec.h - what the spectral files of this floor share: the STFT's plan, the bank's rows, one log kernel call. */
#ifndef AUS_DSP_SPEC_H
#define AUS_DSP_SPEC_H

#include "dsp/fft.h"

struct aus_stft {
  aus_ctx *ctx;
  aus_stft_config config;
  aus_fft *fft;
  float *window;      /* [n_fft], win_length of it in the middle, zero around */
  float *norm;        /* [hop] 1 / sum of squared windows where frames overlap fully */
  int64_t tile_hops, tile_frames; /* inverse: a tile of tile_hops hops of output meets at most tile_frames frames */
  unsigned char *scratch; /* [threads] of worker_bytes: areas a and b, edge rows, tile */
  size_t worker_bytes, area_bytes, rows_bytes;
};

/* window[win_length] */
void aus_window_fill(aus_window kind, int32_t n, float *window);

struct aus_bank {
  struct aus_bank_rows rows;
  int32_t bins;
  int32_t *range; /* first, then length */
  float *w;
  float *scratch; /* [threads][worker_floats]: power, bands, a sum's rows */
  size_t worker_floats;
};

/* y[count][bands] from bank and log, the last step of every fused path: p lanes [bins], m lanes [bands] (scratch). */
void aus_bands_from_lanes(const aus_kernels *k, const aus_bank *bank, const aus_log_config *log, const float *p, float *m,
                          int lanes, float *y);

/* The elementwise part of a log form (no top_db), in place. */
void aus_log_values(const aus_kernels *k, const aus_log_config *log, int64_t n, float *x);
/* x = max(x, max x - top_db) where the form has such a floor. */
void aus_log_floor(aus_ctx *ctx, const aus_log_config *log, int64_t n, float *x);

#endif
