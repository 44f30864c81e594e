/* read.c - a whole sound, or a part of one, into planar memory. */
#include "audio/decode.h"

#include <math.h>
#include <string.h>

enum { PIECE_SAMPLES = 1 << 14 };
#define HASH_ALWAYS (INT64_C(64) << 20) /* files up to this many bytes are hashed even when a part is read */

static aus_status choose(aus_decoder *d, bool partial)
{
  aus_source *s = &d->source;
  if (s->head_n == 0) return aus_fail(d->ctx, AUS_EFORMAT, "%s: empty (0 bytes)", s->name);
  if (!aus_wav_magic(s->head, s->head_n)) return aus_sndfile_open(d);
  if (partial && s->size >= 0 && s->size <= HASH_ALWAYS) AUS_TRY(aus_source_hash_all(s, d->sha256));
  s->hashing = !partial;
  aus_status status = aus_wav_open(d);
#ifdef AUS_HAVE_SNDFILE
  if (status == AUS_ENOTSUP && s->size >= 0) { /* ADPCM, mu-law and the like */
    d->close(d);
    d->state = NULL;
    s->hashing = false;
    status = aus_sndfile_open(d);
  }
#endif
  return status;
}

static aus_status opened(aus_decoder *d, aus_status status)
{
  if (status != AUS_OK) aus_decoder_close(d);
  return status;
}

aus_status aus_decoder_open(aus_ctx *ctx, const char *path, bool partial, aus_decoder *d)
{
  *d = (aus_decoder){ .ctx = ctx };
  AUS_TRY(aus_source_open(ctx, path, &d->source));
  return opened(d, choose(d, partial));
}

aus_status aus_decoder_open_memory(aus_ctx *ctx, const void *bytes, size_t size, aus_decoder *d)
{
  *d = (aus_decoder){ .ctx = ctx };
  AUS_TRY(aus_source_open_memory(ctx, bytes, size, &d->source));
  return opened(d, choose(d, false));
}

void aus_decoder_close(aus_decoder *d)
{
  if (d->close) d->close(d);
  d->close = NULL;
  aus_source_close(&d->source);
}

aus_status aus_decoder_finish(aus_decoder *d)
{
  if (d->sha256[0] || !d->source.hashing) return AUS_OK;
  AUS_TRY(aus_source_skip(&d->source, INT64_MAX)); /* chunks after the sound count too */
  aus_sha256_hex(&d->source.sha, d->sha256);
  return AUS_OK;
}

aus_status aus_decoder_range(aus_decoder *d, const aus_audio_range *range, int64_t *count)
{
  *count = d->frames;
  if (!range) return AUS_OK;
  const double limit = 9e15, first = range->offset * d->rate, n = range->duration * d->rate;
  if (!(first >= 0 && first < limit) || isnan(n))
    return aus_fail(d->ctx, AUS_EINVAL, "an offset of %g s and a duration of %g s make no sense", range->offset, range->duration);
  const int64_t from = llround(first);
  if (d->frames >= 0 && from >= d->frames)
    return aus_fail(d->ctx, AUS_EINVAL, "%s: an offset of %g s is past its end (%g s)", d->source.name, range->offset, (double)d->frames / d->rate);
  if (d->frames >= 0) *count = d->frames - from;
  if (n > 0 && n < limit) {
    const int64_t want = llround(n) > 0 ? llround(n) : 1;
    if (*count < 0 || want < *count) *count = want;
  }
  return d->seek(d, from);
}

/* Planar memory that grows while the length is not known: data[c * room + t]. */
typedef struct grow { float *data; int64_t room, used; } grow;

static aus_status grow_to(aus_ctx *ctx, int32_t channels, int64_t room, grow *g)
{
  size_t frames;
  if (!aus_mul_size((size_t)room, (size_t)channels, &frames)) return aus_fail(ctx, AUS_ELIMIT, "a sound of %lld frames is too large", (long long)room);
  float *data = aus_alloc(ctx, frames, sizeof *data);
  if (!data) return AUS_ENOMEM;
  for (int32_t c = 0; g->used && c < channels; c++)
    memcpy(data + c * room, g->data + c * g->room, (size_t)g->used * sizeof *data);
  aus_free(ctx, g->data);
  g->data = data;
  g->room = room;
  return AUS_OK;
}

static void deinterleave(int32_t channels, int64_t n, const float *x, grow *g)
{
  for (int32_t c = 0; c < channels; c++) {
    float *to = g->data + c * g->room + g->used;
    for (int64_t t = 0; t < n; t++) to[t] = x[t * channels + c];
  }
  g->used += n;
}

/* Reads count frames (-1: all) piece by piece. A pipe's promise of a length is not trusted with memory. */
static aus_status fill(aus_decoder *d, int64_t count, float *piece, int64_t piece_frames, grow *g)
{
  const int64_t trusted = d->source.size >= 0 && count >= 0 ? count : piece_frames;
  AUS_TRY(grow_to(d->ctx, d->channels, trusted > 0 ? trusted : 1, g));
  for (;;) {
    int64_t want = piece_frames, got;
    if (count >= 0 && count - g->used < want) want = count - g->used;
    if (want == 0) break;
    AUS_TRY(d->read(d, want, piece, &got));
    if (g->used + got > g->room) AUS_TRY(grow_to(d->ctx, d->channels, g->room + g->room / 2 + piece_frames, g));
    deinterleave(d->channels, got, piece, g);
    if (got < want) break;
  }
  for (int32_t c = 1; g->used < g->room && c < d->channels; c++)
    memmove(g->data + c * g->used, g->data + c * g->room, (size_t)g->used * sizeof *g->data);
  return AUS_OK;
}

static aus_status read_all(aus_decoder *d, const aus_audio_range *range, aus_audio *out)
{
  int64_t count;
  grow g = {0};
  AUS_TRY(aus_decoder_range(d, range, &count));
  const int64_t piece_frames = d->channels < PIECE_SAMPLES ? PIECE_SAMPLES / d->channels : 1;
  float *piece = aus_alloc(d->ctx, (size_t)piece_frames * (size_t)d->channels, sizeof *piece);
  aus_status status = piece ? fill(d, count, piece, piece_frames, &g) : AUS_ENOMEM;
  aus_free(d->ctx, piece);
  if (status == AUS_OK && g.used == 0)
    status = range && range->offset > 0 ? aus_fail(d->ctx, AUS_EINVAL, "%s: an offset of %g s is past its end", d->source.name, range->offset)
                                        : aus_fail(d->ctx, AUS_EFORMAT, "%s: holds no sound (0 frames)", d->source.name);
  if (status == AUS_OK) status = aus_decoder_finish(d);
  if (status != AUS_OK) { aus_free(d->ctx, g.data); return status; }
  *out = (aus_audio){ .data = g.data, .frames = g.used, .channels = d->channels, .rate = d->rate,
                      .file_rate = d->rate, .file_channels = d->channels, .file_frames = g.used };
  memcpy(out->decoder, d->name, sizeof out->decoder);
  memcpy(out->sha256, d->sha256, sizeof out->sha256);
  return AUS_OK;
}

aus_status aus_audio_read(aus_ctx *ctx, const char *path, const aus_audio_range *range, aus_audio *out)
{
  aus_decoder d;
  *out = (aus_audio){0};
  const bool partial = range && (range->offset > 0 || range->duration > 0);
  AUS_TRY(aus_decoder_open(ctx, path, partial, &d));
  const aus_status status = read_all(&d, range, out);
  aus_decoder_close(&d);
  return status;
}

aus_status aus_audio_read_memory(aus_ctx *ctx, const void *bytes, size_t size, aus_audio *out)
{
  aus_decoder d;
  *out = (aus_audio){0};
  AUS_TRY(aus_decoder_open_memory(ctx, bytes, size, &d));
  const aus_status status = read_all(&d, NULL, out);
  aus_decoder_close(&d);
  return status;
}

void aus_audio_free(aus_ctx *ctx, aus_audio *audio)
{
  aus_free(ctx, audio->data);
  *audio = (aus_audio){0};
}
