/* hpss.c - the separator that needs no training: steady tones, hits, and what is neither [Fitzgerald10; Driedger14].
 *
 * The filters are in dsp; here they get frames of 93 ms whatever the rate, and a margin of 2: a bin is harmonic when the median
 * along time is twice the median along frequency, percussive in the opposite case. Voices, noise and other things between
 * the two stay in the residual. */
#include "sep/sep.h"

#include <string.h>

typedef struct hpss_state { bool given; aus_hpss_config config; } hpss_state;

static aus_hpss_config for_rate(int32_t rate)
{
  aus_hpss_config c;
  aus_hpss_defaults(&c);
  c.n_fft = aus_separator_frame(rate);
  c.hop = c.n_fft / 4;
  c.margin = 2;
  return c;
}

static aus_status hpss_separate(aus_separator *s, int32_t rate, int32_t channels, int64_t samples, const float *x, float *const *stem)
{
  (void)channels; /* 1 */
  const hpss_state *state = s->state;
  const aus_hpss_config config = state->given ? state->config : for_rate(rate);
  return aus_hpss(s->ctx, &config, samples, x, stem[0], stem[1]);
}

static void hpss_close(aus_separator *s) { aus_free(s->ctx, s->state); }

aus_status aus_separator_hpss(aus_ctx *ctx, const aus_hpss_config *config, aus_separator **out)
{
  static const char *const stems[2] = { "harmonic", "percussive" };
  *out = NULL;
  aus_separator *s = AUS_NEW(ctx, aus_separator);
  hpss_state *state = AUS_NEW(ctx, hpss_state);
  if (!s || !state) {
    aus_free(ctx, s);
    aus_free(ctx, state);
    return AUS_ENOMEM;
  }
  state->given = config != NULL;
  if (config) state->config = *config;
  *s = (aus_separator){ .ctx = ctx, .ops = { hpss_separate, hpss_close }, .together = 1, .state = state,
                        .info = { .name = "hpss", .n_stems = 2, .stems = stems, .licence = "", .source = "", .sha256 = "" } };
  *out = s;
  return AUS_OK;
}
