/* frontend_back.h - from what a network was given back to the sound. */
#ifndef AUS_FRONTEND_BACK_H
#define AUS_FRONTEND_BACK_H

#include "model/frontend.h"

/* Relevance of bands, r[frames][bands] over the whole input, down the filterbank to bins, to[frames][bins]: each band's
 * share is split in proportion to weight times power (to the weights where the band is silent). Sums are kept. */
aus_status aus_frontend_spread(const aus_frontend *fe, int64_t samples, const float *x, int64_t frames, const float *r, float *to);

/* Relevance of bins, r[frames][bins], down the STFT to samples, to[samples]: that of a bin is split between its real and imaginary part by
 * their squares, that of each part over the samples of the frame by the linear rule (DFT-LRP, [Vielhaben24]). Sums are kept, but for bins that hold nothing. */
aus_status aus_frontend_shares(const aus_frontend *fe, int64_t samples, const float *x, int64_t frames, const float *r, float *to);

/* The adjoint: the gradient g[frames][bands] of what the front end gave for the whole input, as a gradient of the samples,
 * dx[samples]: logarithm, bank, |X|^power, STFT, continued ends. Where the floor of top_db holds, the gradient goes to the largest value
 * that sets it; rounding to half precision is passed over. */
aus_status aus_frontend_gradient(const aus_frontend *fe, int64_t samples, const float *x, int64_t frames, const float *g, float *dx);

/* log'(v) of the front end's logarithm. */
double aus_frontend_log_slope(const aus_log_config *config, double v);
/* One frame: dp[bins] = the gradient of |X|^power, from g[bands], that of the logarithm of the bands v[bands]. */
void aus_frontend_through_bank(const aus_frontend *fe, const float *v, const float *g, double *dp);

/* ---- from powers (frontend_power.c) ------------------------------------------------------------ */

/* p[frames][bins] = |X|^power -> the bands v[frames][bands], and what a network hears of them, in its layout, y (work[frames][bands] where that turns; may be NULL
 * otherwise). The floor of top_db counts from the largest of these frames. */
void aus_frontend_of_power(const aus_frontend *fe, int64_t frames, const float *p, float *v, float *work, float *y);
/* The way back: g, of y's layout, the gradient of y -> dp[frames][bins]; v as it was made; work[2][frames][bands], row[bins]. Where the floor holds, the gradient goes
 * to the largest value, which sets it. */
void aus_frontend_power_gradient(const aus_frontend *fe, int64_t frames, const float *v, const float *g, float *work, double *row, float *dp);

#endif
