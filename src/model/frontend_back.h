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

#endif
