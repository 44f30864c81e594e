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

/* The inverse in tiles of this many hops (0: about 64): the order of its sums, hence the last bits, depends on where tiles begin. */
aus_status aus_stft_create_tiled(aus_ctx *ctx, const aus_stft_config *config, int64_t tile_hops, aus_stft **out);

/* Rows [first, first + count) of the spectrum only. */
void aus_stft_forward_range(const aus_stft *stft, int64_t samples, const float *x, int64_t first, int64_t count, float *re,
                            float *im);

/* The same where only a window of the signal is in memory: x[0] is sample x0, and all that aus_stft_window_of says is there. */
void aus_stft_forward_window(const aus_stft *stft, int64_t samples, const float *x, int64_t x0, int64_t first, int64_t count,
                             float *re, float *im);
/* Samples [*from, *to) are what those frames read (count > 0), reflections at the ends included. */
void aus_stft_window_of(const aus_stft *stft, int64_t samples, int64_t first, int64_t count, int64_t *from, int64_t *to);

/* Tiles of the inverse: what they need and what they write, for work that cannot hold all frames at once. */
typedef struct aus_tiles { int64_t first_frame, frames, from, to; } aus_tiles; /* output samples [from, to) */
int64_t aus_stft_tiles(const aus_stft *stft, int64_t samples); /* how many there are */
aus_tiles aus_stft_tiles_need(const aus_stft *stft, int64_t samples, int64_t first_tile, int64_t tiles);
/* Writes x[from, to) of those tiles; re, im hold rows [first_frame, first_frame + frames). */
void aus_stft_inverse_tiles(const aus_stft *stft, int64_t samples, int64_t first_tile, int64_t tiles, const float *re,
                            const float *im, float *x);
/* The same with x[0] being sample x0. */
void aus_stft_inverse_window(const aus_stft *stft, int64_t samples, int64_t first_tile, int64_t tiles, const float *re,
                             const float *im, int64_t x0, float *x);

/* Harmonic / percussive separation block by block. A pass belongs to one sound of this length. */
typedef struct aus_hpss_pass aus_hpss_pass;
aus_status aus_hpss_begin(aus_ctx *ctx, const aus_hpss_config *config, int64_t samples, aus_hpss_pass **out);
void aus_hpss_end(aus_hpss_pass *pass);
int64_t aus_hpss_most(const aus_hpss_pass *pass);                                      /* samples of the longest block */
bool aus_hpss_need(const aus_hpss_pass *pass, int64_t *from, int64_t *to);             /* samples that the next block reads; false: done */
/* x[0] is sample x0. Writes samples [*first, *first + *count) of both parts, part[0] being sample part0. */
aus_status aus_hpss_next(aus_hpss_pass *pass, const float *x, int64_t x0, int64_t part0, float *harmonic, float *percussive,
                         int64_t *first, int64_t *count);

/* SI-SDR in dB, as aus_eval_si_sdr, which is this. */
double aus_si_sdr(int64_t n, const float *estimate, const float *reference);

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
