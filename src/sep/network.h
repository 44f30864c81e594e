/* network.h - a separation network as it comes in a file. Internal.
 *
 * What goes in (frontend.layout) and how elements lie is a set of strides; what comes out lies the same way, once per stem. */
#ifndef AUS_SEP_NETWORK_H
#define AUS_SEP_NETWORK_H

#include <auscult/net.h>

#include "dsp/spec.h"
#include "sep/sep.h"

typedef enum sep_gives { SEP_MASK, SEP_WAVE, SEP_SPECTRUM } sep_gives;

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
  int32_t channels, bins; /* heard together; of the network, the lowest ones */
  int64_t patch, hop;  /* frames, or samples, of one forward pass; from one to the next */
  sep_layout layout, out_layout;
  int64_t out_stem;    /* elements of one stem in the output */
  int32_t states;      /* further inputs, fed from the further outputs of the pass before */
  aus_stft *stft;
  double power;
  aus_log_config log;
} sep_net;

void sep_net_reset(sep_net *n);          /* states to zero */
aus_status sep_net_forward(sep_net *n);  /* one pass; states move on */
/* Weight of place i of patch k of `count`: neighbours' weights add to one where they overlap. */
float sep_net_fade(const sep_net *n, int64_t k, int64_t count, int64_t i);
int64_t sep_net_patches(const sep_net *n, int64_t length);

aus_status sep_net_waves(sep_net *n, int64_t samples, const float *x, float *const *stem);
aus_status sep_net_spectra(sep_net *n, int64_t samples, const float *x, float *const *stem);

#endif
