/* auscult/dsp.h - spectra and their inverses, filterbanks, resampling. */
#ifndef AUSCULT_DSP_H
#define AUSCULT_DSP_H

#include <auscult/core.h>

#ifdef __cplusplus
extern "C" {
#endif

/* ---- real FFT of any length ------------------------------------------------------ */

/* An immutable plan; threads may share it. spectrum has n/2 + 1 complex numbers. Unnormalised
 * forward; inverse divides by n, so inverse(forward(x)) = x. */
typedef struct aus_fft aus_fft;
AUS_API aus_status aus_fft_create(aus_ctx *ctx, int32_t n, aus_fft **out);
AUS_API void aus_fft_destroy(aus_ctx *ctx, aus_fft *fft);
AUS_API size_t aus_fft_scratch(const aus_fft *fft); /* bytes, 64-byte aligned block, for the calls below */
AUS_API void aus_fft_forward(const aus_fft *fft, const float *x, float *re, float *im, void *scratch);
AUS_API void aus_fft_inverse(const aus_fft *fft, const float *re, const float *im, float *x, void *scratch);
/* count transforms: x[count] rows ldx apart, re/im rows lds apart. One frame per SIMD lane, threads over batches. */
AUS_API aus_status aus_fft_forward_batch(aus_ctx *ctx, const aus_fft *fft, int64_t count, const float *x, int64_t ldx,
                                         float *re, float *im, int64_t lds);

/* ---- STFT --------------------------------------------------------------------------- */

typedef enum aus_window { AUS_WINDOW_HANN, AUS_WINDOW_HANN_SYMMETRIC, AUS_WINDOW_HAMMING, AUS_WINDOW_SQRT_HANN, AUS_WINDOW_RECTANGULAR } aus_window;
typedef enum aus_center { AUS_CENTER_NONE, AUS_CENTER_REFLECT, AUS_CENTER_ZERO } aus_center;
typedef struct aus_stft_config { int32_t n_fft, win_length, hop; aus_window window; aus_center center; } aus_stft_config;
/* Keeps the context and each worker's scratch: one call at a time on one stft. */
typedef struct aus_stft aus_stft;

AUS_API aus_status aus_stft_create(aus_ctx *ctx, const aus_stft_config *config, aus_stft **out);
AUS_API void aus_stft_destroy(aus_stft *stft);
/* 1 + (samples + 2 pad - n_fft) / hop, pad = n_fft / 2 or 0; 0 frames when that has no room for one. */
AUS_API int64_t aus_stft_frames(const aus_stft *stft, int64_t samples);
AUS_API int32_t aus_stft_bins(const aus_stft *stft); /* n_fft / 2 + 1 */
/* x[samples] -> re, im [frames][bins]. Any samples >= 1: reflection repeats where the input is shorter than the pad. */
AUS_API aus_status aus_stft_forward(const aus_stft *stft, int64_t samples, const float *x, float *re, float *im);
/* Overlap-add with the summed squared window divided out where that sum is above 1e-8. Exact to 1e-6 of the peak
 * where frames overlap fully; the error grows as 1 / sqrt(sum) where the last window fades at the signal's end. */
AUS_API aus_status aus_stft_inverse(const aus_stft *stft, int64_t samples, const float *re, const float *im, float *x);
/* p[frames][bins] = |X|^power (2 or 1) of frames [first, first + count) */
AUS_API aus_status aus_stft_power(const aus_stft *stft, int64_t samples, const float *x, int64_t first, int64_t count,
                                  double power, float *p);

/* ---- filterbanks ------------------------------------------------------------------------- */

typedef enum aus_mel_scale { AUS_MEL_SLANEY, AUS_MEL_HTK } aus_mel_scale;
typedef enum aus_mel_norm { AUS_MEL_NORM_NONE, AUS_MEL_NORM_SLANEY } aus_mel_norm;
/* librosa.filters.mel: fb[bands][n_fft/2 + 1] */
AUS_API aus_status aus_mel_filterbank(aus_ctx *ctx, int32_t rate, int32_t n_fft, int32_t bands, double fmin, double fmax,
                                      aus_mel_scale scale, aus_mel_norm norm, float *fb);
AUS_API void aus_mel_centres(int32_t bands, double fmin, double fmax, aus_mel_scale scale, float *hz);
/* madmom's LogarithmicFilterbank: returns the number of bands in *bands (<= max_bands), fb[bands][bins]. */
AUS_API aus_status aus_log_filterbank(aus_ctx *ctx, int32_t rate, int32_t bins, int32_t bands_per_octave, double fmin,
                                      double fmax, double fref, int norm_filters, int unique_filters, int32_t max_bands,
                                      float *fb, int32_t *bands);
/* A filterbank applied to frames: p[frames][bins] -> y[frames][bands]; rows are mostly zero and are stored as ranges. */
typedef struct aus_bank aus_bank;
AUS_API aus_status aus_bank_create(aus_ctx *ctx, int32_t bands, int32_t bins, const float *fb, aus_bank **out);
AUS_API void aus_bank_destroy(aus_ctx *ctx, aus_bank *bank);
/* One call at a time on one bank (it owns the workers' scratch). */
AUS_API void aus_bank_apply(aus_ctx *ctx, const aus_bank *bank, int64_t frames, const float *p, float *y);

/* ---- logarithms --------------------------------------------------------------------------- */

typedef enum aus_log_kind { AUS_LOG_NONE, AUS_LOG10_1P, AUS_LOG_DB, AUS_LOG_DB_POWER2, AUS_LOG_LN_OFFSET, AUS_LOG_LN_MAX } aus_log_kind;
typedef struct aus_log_config { aus_log_kind kind; double scale, amin, offset, top_db; int half; } aus_log_config;
/* In place, as docs/format.md names them. top_db <= 0: no floor. */
AUS_API void aus_log_apply(aus_ctx *ctx, const aus_log_config *config, int64_t n, float *x);

/* ---- log-mel in one pass ------------------------------------------------------------------ */

/* Frames [first, first + count) of the signal: power -> bank -> log, nothing stored between.
 * y[count][bands]; log NULL: plain bands. A top_db floor counts from the largest of these frames. bank: made for
 * aus_stft_bins bins (or one fewer: no Nyquist bin). */
AUS_API aus_status aus_stft_bands(const aus_stft *stft, int64_t samples, const float *x, int64_t first, int64_t count,
                                  double power, const aus_bank *bank, const aus_log_config *log, float *y);

/* A stretch of frames of one component's complex spectrogram: re, im [frames][bins], frame 0 being frame `first`
 * of the whole; silent elsewhere. Borrowed. */
typedef struct aus_spectrum { const float *re, *im; int64_t first, frames; } aus_spectrum;

/* The same from a sum of spectra, because the STFT is linear: mixes cost additions, not transforms.
 * parts may be 0 (silence); they are added in the order given. bank: bins as in re and im. One call at a time on one bank. */
AUS_API aus_status aus_mix_bands(aus_ctx *ctx, int32_t parts, const aus_spectrum *part, int64_t first, int64_t count,
                                 double power, const aus_bank *bank, const aus_log_config *log, float *y);

/* Rounds to IEEE half, nearest even, and back. */
AUS_API void aus_half_round(int64_t n, float *x);
AUS_API uint16_t aus_half_from_float(float x);
AUS_API float aus_half_to_float(uint16_t h);

/* ---- resampling ------------------------------------------------------------------------------ */

/* Polyphase Kaiser-windowed sinc. Length of the output: ceil(n * to / from). */
AUS_API int64_t aus_resample_length(int64_t n, int32_t from, int32_t to);
/* How many samples of the input on either side an output sample rests on: for resampling in pieces. */
AUS_API int64_t aus_resample_reach(int32_t from, int32_t to);
AUS_API aus_status aus_resample(aus_ctx *ctx, int64_t n, const float *x, int32_t from, int32_t to, float *y);

/* ---- loudness ---------------------------------------------------------------------------------- */

/* Integrated, gated loudness in LUFS by ITU-R BS.1770-4 of x[channels][samples] at 4 kHz and more: mean power over all blocks of 400 ms
 * that are not silence or pauses. weight[channels]: 1 for left, right and centre, 1.41 for surrounds, 0 for the low-frequency
 * channel; NULL: all 1. -infinity when nothing is louder than -70 LUFS or there is no whole block. */
AUS_API aus_status aus_loudness(aus_ctx *ctx, int32_t rate, int32_t channels, const double *weight, int64_t samples, const float *x,
                                double *lufs);

/* ---- harmonic / percussive separation [Fitzgerald10; Driedger14] --------------------------------- */

typedef struct aus_hpss_config { int32_t n_fft, hop, kernel_time, kernel_freq; double margin, power; } aus_hpss_config;
AUS_API void aus_hpss_defaults(aus_hpss_config *config); /* 2048, 512, 31, 31, margin 1, power 2 (librosa's) */
/* harmonic[samples], percussive[samples]; with margin > 1 the rest is a residual. */
AUS_API aus_status aus_hpss(aus_ctx *ctx, const aus_hpss_config *config, int64_t samples, const float *x,
                            float *harmonic, float *percussive);

/* ---- onsets and beats ----------------------------------------------------------------------------- */

/* Spectral-flux onsets, in seconds, at most max; *n says how many. */
AUS_API aus_status aus_onsets(aus_ctx *ctx, int32_t rate, int64_t samples, const float *x, int32_t max, double *times, int32_t *n);
/* Dynamic-programming beat tracking [Ellis07]. */
AUS_API aus_status aus_beats(aus_ctx *ctx, int32_t rate, int64_t samples, const float *x, int32_t max, double *times, int32_t *n, double *bpm);

#ifdef __cplusplus
}
#endif
#endif
