/* hpss.c - the separator that needs no training: steady tones, hits, and what is neither [Fitzgerald10; Driedger14].
 *
 * The filters are in dsp; here they get frames of 93 ms whatever the rate, and a margin of 2: a bin is harmonic when the median
 * along time is twice the median along frequency, percussive in the opposite case. Voices, noise and other things between
 * the two stay in the residual. A median reaches over 31 frames, so blocks of some ten seconds with that context give the same bits
 * as the whole sound at once. */
#include "sep/sep.h"

#include "dsp/spec.h"

#include <string.h>

typedef struct hpss_state { bool given; aus_hpss_config config; } hpss_state;

struct sep_pass {
  aus_ctx *ctx;
  sep_input in;
  aus_hpss_pass *blocks;
  sep_buffer x;
  float *part[2];
};

static aus_hpss_config for_rate(int32_t rate)
{
  aus_hpss_config c;
  aus_hpss_defaults(&c);
  c.n_fft = aus_separator_frame(rate);
  c.hop = c.n_fft / 4;
  c.margin = 2;
  return c;
}

static void hpss_end(sep_pass *p)
{
  if (!p) return;
  aus_hpss_end(p->blocks);
  sep_buffer_free(p->ctx, &p->x);
  aus_free(p->ctx, p->part[0]);
  aus_free(p->ctx, p->part[1]);
  aus_free(p->ctx, p);
}

static aus_status prepare(aus_separator *s, sep_pass *p)
{
  const hpss_state *state = s->state;
  const aus_hpss_config config = state->given ? state->config : for_rate(p->in.rate);
  AUS_TRY(aus_hpss_begin(s->ctx, &config, p->in.samples, &p->blocks));
  const int64_t most = aus_hpss_most(p->blocks), room = most < p->in.samples ? most : p->in.samples;
  for (int i = 0; i < 2; i++)
    if (!(p->part[i] = aus_alloc(s->ctx, (size_t)room, sizeof(float)))) return AUS_ENOMEM;
  return AUS_OK;
}

static aus_status hpss_begin(aus_separator *s, const sep_input *in, sep_pass **out)
{
  sep_pass *p = AUS_NEW(s->ctx, sep_pass);
  *out = NULL;
  if (!p) return AUS_ENOMEM;
  *p = (sep_pass){ .ctx = s->ctx, .in = *in, .x = { .planes = 1 } };
  const aus_status status = prepare(s, p);
  if (status != AUS_OK) hpss_end(p);
  else *out = p;
  return status;
}

static aus_status hpss_next(sep_pass *p, sep_piece *piece)
{
  int64_t from, to, first, count;
  if (!aus_hpss_need(p->blocks, &from, &to)) return AUS_EINVAL; /* never: the caller counts */
  sep_buffer_drop(&p->x, from);
  const int64_t have = p->x.first + p->x.count;
  if (to > have) {
    AUS_TRY(sep_buffer_reserve(p->ctx, &p->x, to - have));
    AUS_TRY(p->in.read(p->in.user, 0, have, to - have, sep_buffer_at(&p->x, 0, have)));
    p->x.count += to - have;
  }
  /* Where a block's samples begin is known only by running it: they follow those of the block before. */
  const int64_t part0 = piece->first + piece->count;
  AUS_TRY(aus_hpss_next(p->blocks, p->x.data, p->x.first, part0, p->part[0], p->part[1], &first, &count));
  *piece = (sep_piece){ first, count, count, p->part };
  return AUS_OK;
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
  *s = (aus_separator){ .ctx = ctx, .ops = { .begin = hpss_begin, .next = hpss_next, .end = hpss_end, .close = hpss_close },
                        .together = 1, .state = state,
                        .info = { .name = "hpss", .n_stems = 2, .stems = stems, .licence = "", .source = "", .sha256 = "" } };
  *out = s;
  return AUS_OK;
}
