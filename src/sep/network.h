/* network.h - a separation network as it comes in a file. Internal.
 *
 * What goes in (frontend.layout) and how elements lie is a set of strides; what comes out lies the same way, once per stem. */
#ifndef AUS_SEP_NETWORK_H
#define AUS_SEP_NETWORK_H

#include <auscult/net.h>

#include "dsp/spec.h"
#include "sep/sep.h"

/* RATIO: magnitudes, which become masks by their shares of the power or of another one (docs/separators.md). */
typedef enum sep_gives { SEP_MASK, SEP_WAVE, SEP_SPECTRUM, SEP_RATIO } sep_gives;

/* Where element (channel, time, bin, re/im) of one input lies. */
typedef struct sep_layout { int64_t channel, time, bin, part; } sep_layout;

typedef struct sep_net {
  aus_separator *s;
  aus_bundle *bundle;
  aus_run *run;
  const char **stems;
  sep_gives gives;
  bool waveform;       /* hears samples; otherwise spectra */
  bool complex_in, complex_out;
  bool average;        /* ratio: bins above those heard get the frame's mean mask; otherwise nothing */
  float exponent;      /* ratio: of the magnitudes before the shares are taken */
  bool wiener;         /* ratio: one step of a multichannel Wiener filter instead of the masks */
  int32_t channels, bins; /* heard together; of the network, the lowest ones */
  int64_t patch, hop;  /* frames, or samples, of one forward pass; from one to the next */
  int64_t lead;        /* zeros before the sound, so that all its frames are whole; then the end has as many frames as it needs */
  sep_layout layout, out_layout;
  int64_t out_stem;    /* elements of one stem in the output */
  int32_t states;      /* further inputs, fed from the further outputs of the pass before */
  aus_stft *stft;
  aus_stft_config config;
  double power;
  aus_log_config log;
} sep_net;

/* The two kinds of pass begin with this. Passes share the run: each keeps its own states. */
struct sep_pass {
  aus_ctx *ctx;
  sep_net *n;
  sep_input in;
  float **state;       /* [states] */
  aus_status (*next)(sep_pass *pass, sep_piece *piece);
  void (*end)(sep_pass *pass);
};

aus_status sep_net_forward(sep_pass *pass); /* one run; states move on */
/* Weight of place i of patch k of `count`: neighbours' weights add to one where they overlap. */
float sep_net_fade(const sep_net *n, int64_t k, int64_t count, int64_t i);
int64_t sep_net_patches(const sep_net *n, int64_t length);

/* *out is set even where they fail, if there was memory for it: its end must be called. */
aus_status sep_net_waves(aus_ctx *ctx, sep_net *n, const sep_input *in, sep_pass **out);
aus_status sep_net_spectra(aus_ctx *ctx, sep_net *n, const sep_input *in, sep_pass **out);

/* ratio.c: frames of answers into masks, or into filtered spectra. */
typedef struct sep_frames {
  aus_ctx *ctx;
  int32_t stems, channels, bins;
  int64_t frames, x_row, a_row;  /* from one frame to the next in x and in the answers */
  int64_t x_plane, a_plane;      /* from one channel of x, from one (stem, channel) of the answers to the next */
  const float *re, *im;          /* the mix */
  float exponent;
  float *answer;                 /* magnitudes; masks (1 number a bin) or spectra (2) on return */
} sep_frames;
void sep_ratio_masks(const sep_frames *f);
aus_status sep_wiener(const sep_frames *f);

#endif
