/* convert.c - the sound a model wants: one channel (the mean), another rate.
 *
 * Long files are converted while they are read. A piece of input that starts on a multiple of M (L / M = to / from in
 * lowest terms) gives outputs of the same phases as the whole would; with as much of its neighbours on either side
 * as the filter reaches, the same bits. */
#include "audio/decode.h"
#include "dsp/spec.h"

#include <string.h>

enum { PIECE = 1 << 18 }; /* input samples a piece holds, about */

static void mean_of_rows(int32_t channels, int64_t n, const float *x, int64_t stride_c, int64_t stride_t, float *y)
{
  for (int64_t t = 0; t < n; t++) {
    float sum = x[t * stride_t];
    for (int32_t c = 1; c < channels; c++) sum += x[t * stride_t + c * stride_c];
    y[t] = channels == 1 ? sum : sum / (float)channels;
  }
}

/* ---- in memory -------------------------------------------------------------------------------------- */

static aus_status convert(aus_ctx *ctx, const aus_audio *in, int32_t rate, bool mono, aus_audio *out)
{
  const int64_t frames = out->frames;
  float *mean = NULL;
  aus_status status = AUS_OK;
  if (mono && in->channels > 1) {
    mean = aus_alloc(ctx, (size_t)in->frames, sizeof *mean);
    if (!mean) return AUS_ENOMEM;
    mean_of_rows(in->channels, in->frames, in->data, in->frames, 1, mean);
  }
  for (int32_t c = 0; status == AUS_OK && c < out->channels; c++)
    status = aus_resample(ctx, in->frames, mean ? mean : in->data + c * in->frames, in->rate, rate, out->data + c * frames);
  aus_free(ctx, mean);
  return status;
}

aus_status aus_audio_convert(aus_ctx *ctx, const aus_audio *in, int32_t rate, int mono, aus_audio *out)
{
  aus_audio a = *in;
  *out = (aus_audio){0};
  if (rate < 1 || in->rate < 1 || in->channels < 1 || in->frames < 1)
    return aus_fail(ctx, AUS_EINVAL, "cannot convert %d channels of %lld frames at %d Hz to %d Hz", in->channels, (long long)in->frames, in->rate, rate);
  a.channels = mono ? 1 : in->channels;
  a.rate = rate;
  a.frames = aus_resample_length(in->frames, in->rate, rate);
  a.data = aus_alloc(ctx, (size_t)a.frames, (size_t)a.channels * sizeof *a.data);
  if (!a.data) return AUS_ENOMEM;
  const aus_status status = convert(ctx, in, rate, mono != 0, &a);
  if (status != AUS_OK) { aus_free(ctx, a.data); return status; }
  *out = a;
  return AUS_OK;
}

/* ---- while reading -------------------------------------------------------------------------------------- */

typedef struct stream {
  aus_ctx *ctx;
  int32_t from, to;
  int64_t step, before, after; /* input samples: of a piece, and of context kept on either side */
  float *x;                    /* [before + step + after] mono input; x[0] is input sample at - have_before */
  int64_t have_before, have;   /* of context before the piece; in all */
  float *y;                    /* outputs of one window */
  float *out;
  int64_t room, used;
} stream;

static int64_t gcd(int64_t a, int64_t b) { return b ? gcd(b, a % b) : a; }

static aus_status stream_open(aus_ctx *ctx, int32_t from, int32_t to, stream *s)
{
  const int64_t down = from / gcd(from, to), reach = aus_resample_reach(from, to);
  *s = (stream){ .ctx = ctx, .from = from, .to = to, .after = reach };
  s->step = down * (down < PIECE ? PIECE / down : 1);
  s->before = (reach + down - 1) / down * down;
  const int64_t most = s->before + s->step + s->after;
  s->x = aus_alloc(ctx, (size_t)most, sizeof *s->x);
  s->y = aus_alloc(ctx, (size_t)aus_resample_length(most, from, to), sizeof *s->y);
  return s->x && s->y ? AUS_OK : AUS_ENOMEM;
}

static aus_status append(stream *s, int64_t n, const float *y)
{
  if (s->used + n > s->room) {
    const int64_t room = s->used + n > s->room + s->room / 2 ? s->used + n : s->room + s->room / 2;
    float *bigger = aus_alloc(s->ctx, (size_t)room, sizeof *bigger);
    if (!bigger) return AUS_ENOMEM;
    if (s->used) memcpy(bigger, s->out, (size_t)s->used * sizeof *bigger);
    aus_free(s->ctx, s->out);
    s->out = bigger;
    s->room = room;
  }
  memcpy(s->out + s->used, y, (size_t)n * sizeof *y);
  s->used += n;
  return AUS_OK;
}

/* Converts one piece; last: everything that is there, else `step` samples of it. */
static aus_status stream_piece(stream *s, bool last)
{
  const int64_t piece = last ? s->have - s->have_before : s->step;
  const int64_t skip = s->have_before / (s->from / gcd(s->from, s->to)) * (s->to / gcd(s->from, s->to));
  AUS_TRY(aus_resample(s->ctx, s->have, s->x, s->from, s->to, s->y));
  AUS_TRY(append(s, aus_resample_length(piece, s->from, s->to), s->y + skip));
  const int64_t next = s->have_before + piece, keep = next < s->before ? next : s->before;
  memmove(s->x, s->x + next - keep, (size_t)(s->have - next + keep) * sizeof *s->x);
  s->have -= next - keep;
  s->have_before = keep;
  return AUS_OK;
}

/* Mono samples in any amounts. */
static aus_status stream_add(stream *s, int64_t n, const float *x)
{
  if (s->from == s->to) return append(s, n, x);
  while (n) {
    const int64_t space = s->have_before + s->step + s->after - s->have, k = n < space ? n : space;
    memcpy(s->x + s->have, x, (size_t)k * sizeof *x);
    s->have += k;
    x += k;
    n -= k;
    if (k == space) AUS_TRY(stream_piece(s, false));
  }
  return AUS_OK;
}

static aus_status stream_end(stream *s)
{
  return s->from != s->to && s->have > s->have_before ? stream_piece(s, true) : AUS_OK;
}

static aus_status pump(aus_decoder *d, int64_t count, stream *s, int64_t *frames)
{
  const int64_t piece = d->channels < PIECE / 16 ? PIECE / 16 / d->channels : 1;
  int64_t read = 0, got = 1;
  float *x = aus_alloc(d->ctx, (size_t)piece * ((size_t)d->channels + 1), sizeof *x), *mean = x + piece * d->channels;
  aus_status status = x ? AUS_OK : AUS_ENOMEM;
  while (status == AUS_OK && got > 0 && (count < 0 || read < count)) {
    const int64_t want = count >= 0 && count - read < piece ? count - read : piece;
    status = d->read(d, want, x, &got);
    if (status != AUS_OK) break;
    mean_of_rows(d->channels, got, x, 1, d->channels, mean);
    status = stream_add(s, got, mean);
    read += got;
    if (status == AUS_OK && count > 64 * piece) status = aus_progress(d->ctx, "reading", read, count);
  }
  aus_free(d->ctx, x);
  *frames = read;
  if (status == AUS_OK && read == 0) status = aus_fail(d->ctx, AUS_EFORMAT, "%s: holds no sound (0 frames)", d->source.name);
  return status == AUS_OK ? stream_end(s) : status;
}

static aus_status read_mono(aus_decoder *d, const aus_audio_range *range, int32_t rate, aus_audio *out)
{
  int64_t count, frames = 0;
  stream s = {0};
  if (rate == 0) rate = d->rate;
  AUS_TRY(aus_decoder_range(d, range, &count));
  aus_status status = stream_open(d->ctx, d->rate, rate, &s);
  if (status == AUS_OK && count > 0 && d->source.size >= 0) { /* a pipe's promise of a length is not trusted with memory */
    s.room = aus_resample_length(count, d->rate, rate);
    s.out = aus_alloc(d->ctx, (size_t)s.room, sizeof *s.out);
    if (!s.out) { s.room = 0; status = AUS_ENOMEM; }
  }
  if (status == AUS_OK) status = pump(d, count, &s, &frames);
  if (status == AUS_OK) status = aus_decoder_finish(d);
  aus_free(d->ctx, s.x);
  aus_free(d->ctx, s.y);
  if (status != AUS_OK) { aus_free(d->ctx, s.out); return status; }
  *out = (aus_audio){ .data = s.out, .frames = s.used, .channels = 1, .rate = rate,
                      .file_rate = d->rate, .file_channels = d->channels, .file_frames = frames };
  memcpy(out->decoder, d->name, sizeof out->decoder);
  memcpy(out->sha256, d->sha256, sizeof out->sha256);
  return AUS_OK;
}

aus_status aus_audio_read_mono(aus_ctx *ctx, const char *path, const aus_audio_range *range, int32_t rate, aus_audio *out)
{
  aus_decoder d;
  *out = (aus_audio){0};
  if (rate < 0) return aus_fail(ctx, AUS_EINVAL, "cannot resample to %d Hz", rate);
  const bool partial = range && (range->offset > 0 || range->duration > 0);
  AUS_TRY(aus_decoder_open(ctx, path, partial, &d));
  const aus_status status = read_mono(&d, range, rate, out);
  aus_decoder_close(&d);
  return status;
}
