/* segments.c - cutting the input in time without clicks.
 *
 * A hard cut is a click, and a click is something a model may hear. So neighbours are cross-faded: with
 * r_s(t) the raised-cosine ramp from 0 to 1 around cut s (r_0 = 1, r_n = 0), segment s has the window
 * r_s - r_{s+1}, and the windows telescope to 1. In float: the later segment holds a = r x and the earlier
 * one x - a, so their sum is x to one rounding, whatever r is. */
#include "explain/build.h"

#include <auscult/dsp.h>
#include <math.h>
#include <string.h>

enum { MAX_SEGMENTS = 1 << 16, MAX_EVENTS = 4096 };

static aus_status cuts_alloc(aus_ctx *ctx, int32_t n, aus_cuts *out)
{
  out->cut = aus_alloc_zero(ctx, (size_t)n + 1, sizeof *out->cut);
  out->half = aus_alloc_zero(ctx, (size_t)n + 1, sizeof *out->half);
  return out->cut && out->half ? AUS_OK : AUS_ENOMEM;
}

static aus_status cut_equal(aus_ctx *ctx, int64_t frames, int32_t n, aus_cuts *out)
{
  if (n < 1 || n > MAX_SEGMENTS || n > frames)
    return aus_fail(ctx, AUS_EINVAL, "%d segments: give 1 to %d, and no more than the sound has samples (%lld)", n,
                    (int)MAX_SEGMENTS, (long long)frames);
  AUS_TRY(cuts_alloc(ctx, n, out));
  out->n = n;
  for (int32_t s = 0; s <= n; s++) out->cut[s] = frames / n * s + frames % n * s / n;
  return AUS_OK;
}

/* Points in seconds; 0 and the very end are already cuts. */
static aus_status cut_times(aus_ctx *ctx, const aus_audio *input, const double *times, int32_t n, aus_cuts *out)
{
  if (n < 0 || n >= MAX_SEGMENTS) return aus_fail(ctx, AUS_EINVAL, "%d time points: give at most %d", n, (int)MAX_SEGMENTS - 1);
  AUS_TRY(cuts_alloc(ctx, n + 1, out));
  int32_t k = 0; /* cuts so far, the first being 0 */
  for (int32_t i = 0; i < n; i++) {
    const double at = times[i] * input->rate;
    if (!(at >= 0 && at <= (double)input->frames + 0.5))
      return aus_fail(ctx, AUS_EINVAL, "the time point %g s is not inside the sound (0 to %g s)", times[i],
                      (double)input->frames / input->rate);
    const int64_t t = llround(at);
    if (t == 0 || t >= input->frames) continue;
    if (t <= out->cut[k])
      return aus_fail(ctx, AUS_EINVAL, "time points must ascend, a sample apart at least: %g s comes too early", times[i]);
    out->cut[++k] = t;
  }
  out->n = k + 1;
  out->cut[out->n] = input->frames;
  return AUS_OK;
}

/* Of n events keeps those that cut the sound into at most `most` segments of about as many events each. */
static int32_t thin(double *times, int32_t n, int32_t most)
{
  if (most < 1 || n < most) return n;
  for (int32_t i = 1; i < most; i++) times[i - 1] = times[(int64_t)i * (n + 1) / most - 1];
  return most - 1;
}

/* Events that a detector found, without those at the ends or on one sample. */
static aus_status cut_events(aus_ctx *ctx, const aus_audio *input, const aus_segments *segments, aus_cuts *out)
{
  const bool beats = segments->kind == AUS_SEGMENTS_BEATS;
  float *mono = aus_mixdown(ctx, input);
  double *times = aus_alloc(ctx, MAX_EVENTS, sizeof *times), bpm;
  int32_t n = 0, kept = 0;
  aus_status status = mono && times ? AUS_OK : AUS_ENOMEM;
  if (status == AUS_OK)
    status = beats ? aus_beats(ctx, input->rate, input->frames, mono, MAX_EVENTS, times, &n, &bpm)
                   : aus_onsets(ctx, input->rate, input->frames, mono, MAX_EVENTS, times, &n);
  if (status == AUS_OK) {
    int64_t last = 0;
    for (int32_t i = 0; i < n; i++) {
      const int64_t t = llround(times[i] * input->rate);
      if (t <= last || t >= input->frames) continue;
      times[kept++] = times[i];
      last = t;
    }
    if (kept == 0) aus_note(ctx, AUS_LOG_WARNING, "no %s found: the sound is one segment", beats ? "beats were" : "onsets were");
    status = cut_times(ctx, input, times, thin(times, kept, segments->n), out);
  }
  aus_free(ctx, mono);
  aus_free(ctx, times);
  return status;
}

/* A fade may use half of each neighbour, so two fades of one segment never touch. */
static void set_fades(aus_cuts *c, double seconds, int32_t rate)
{
  const double wanted = seconds * rate / 2;
  for (int32_t s = 1; s < c->n; s++) {
    const int64_t before = c->cut[s] - c->cut[s - 1], after = c->cut[s + 1] - c->cut[s];
    const int64_t room = (before < after ? before : after) / 2;
    c->half[s] = wanted < (double)room ? (int64_t)wanted : room;
  }
  c->half[0] = c->half[c->n] = 0;
}

aus_status aus_cuts_make(aus_ctx *ctx, const aus_audio *input, const aus_segments *segments, aus_cuts *out)
{
  memset(out, 0, sizeof *out);
  const aus_segments one = { .kind = AUS_SEGMENTS_EQUAL, .n = 1 };
  if (!segments) segments = &one;
  if (!(segments->crossfade_s >= 0 && segments->crossfade_s <= 60))
    return aus_fail(ctx, AUS_EINVAL, "a crossfade of %g s: give 0 to 60", segments->crossfade_s);
  aus_status status = AUS_EINVAL;
  switch (segments->kind) {
  case AUS_SEGMENTS_EQUAL: status = cut_equal(ctx, input->frames, segments->n, out); break;
  case AUS_SEGMENTS_TIMES: status = cut_times(ctx, input, segments->times, segments->n, out); break;
  case AUS_SEGMENTS_ONSETS:
  case AUS_SEGMENTS_BEATS: status = cut_events(ctx, input, segments, out); break;
  default: aus_fail(ctx, AUS_EINVAL, "no such segmentation: %d", (int)segments->kind);
  }
  if (status != AUS_OK) { aus_cuts_free(ctx, out); return status; }
  set_fades(out, segments->crossfade_s, input->rate);
  return AUS_OK;
}

void aus_cuts_free(aus_ctx *ctx, aus_cuts *cuts)
{
  aus_free(ctx, cuts->cut);
  aus_free(ctx, cuts->half);
  memset(cuts, 0, sizeof *cuts);
}

void aus_cuts_span(const aus_cuts *cuts, int32_t s, int64_t *begin, int64_t *end)
{
  *begin = cuts->cut[s] - cuts->half[s];
  *end = cuts->cut[s + 1] + cuts->half[s + 1];
}

/* The ramp of a fade of 2 half samples, at sample i of it. */
static float ramp(int64_t i, int64_t half)
{
  const double pi = 3.14159265358979323846;
  return (float)(0.5 - 0.5 * cos(pi * ((double)i + 0.5) / (double)(2 * half)));
}

void aus_cuts_window(const aus_cuts *cuts, int32_t s, const float *x, float *y)
{
  int64_t begin, end;
  aus_cuts_span(cuts, s, &begin, &end);
  memcpy(y, x + begin, (size_t)(end - begin) * sizeof *y);
  const int64_t in = cuts->half[s], out = cuts->half[s + 1];
  for (int64_t i = 0; i < 2 * in; i++) y[i] *= ramp(i, in);
  for (int64_t i = 0; i < 2 * out; i++) {
    float *v = &y[end - begin - 2 * out + i];
    const float later = *v * ramp(i, out);
    *v -= later;
  }
}
