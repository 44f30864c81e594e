/* wav_read.c - a strict reader of WAV.
 *
 * A WAV is "RIFF" size "WAVE", then chunks: name, 32-bit size, payload, a pad byte when the
 * size is odd. RF64 (EBU Tech 3306; also written BW64) keeps 64-bit sizes in a first chunk "ds64".
 * We read "fmt ", skip what we do not know, and stream "data". Integers PCM 8 (unsigned),
 * 16, 24, 32, floats 32 and 64, and WAVE_FORMAT_EXTENSIBLE around either.
 *
 * Programs that write to a pipe cannot go back to fill the size in: 0, 0xFFFFFFFF and sox's
 * 0x7FFFF000 then mean "to the end". Any other size must be there, or the file is truncated. */
#include "audio/decode.h"

#include <math.h>
#include <string.h>

enum { PIECE_FRAMES_BYTES = 1 << 16, TAG_PCM = 1, TAG_FLOAT = 3, TAG_EXTENSIBLE = 0xFFFE };
#define UNKNOWN_FROM 0x7FFFF000u /* sizes from here on in a 32-bit field may be a placeholder */

typedef struct wav {
  int32_t tag, bytes;      /* per sample */
  int64_t data_at;         /* byte of frame 0 */
  unsigned char *piece;    /* PIECE_FRAMES_BYTES, or one frame if that is larger */
  int64_t piece_frames;
} wav;

static uint32_t u16(const unsigned char *p) { return p[0] | (uint32_t)p[1] << 8; }
static uint32_t u32(const unsigned char *p) { return u16(p) | u16(p + 2) << 16; }
static uint64_t u64(const unsigned char *p) { return u32(p) | (uint64_t)u32(p + 4) << 32; }

bool aus_wav_magic(const unsigned char *head, int32_t n)
{
  return n >= 12 && (!memcmp(head, "RIFF", 4) || !memcmp(head, "RF64", 4) || !memcmp(head, "BW64", 4))
         && !memcmp(head + 8, "WAVE", 4);
}

/* The fourteen bytes after the tag in every SubFormat GUID of this family. */
static const unsigned char guid_tail[14] = { 0, 0, 0, 0, 0x10, 0, 0x80, 0, 0, 0xAA, 0, 0x38, 0x9B, 0x71 };

static aus_status parse_fmt(aus_decoder *d, wav *w, const unsigned char *p, int64_t n)
{
  aus_ctx *ctx = d->ctx;
  const char *name = d->source.name;
  const uint32_t channels = u16(p + 2), rate = u32(p + 4), align = u16(p + 12), bits = u16(p + 14);
  w->tag = (int32_t)u16(p);
  if (w->tag == TAG_EXTENSIBLE) {
    if (n < 40 || u16(p + 16) < 22) return aus_fail(ctx, AUS_EFORMAT, "%s: its extensible format chunk is too short (%lld bytes)", name, (long long)n);
    w->tag = memcmp(p + 26, guid_tail, sizeof guid_tail) == 0 ? (int32_t)u16(p + 24) : -1;
  }
  if (channels == 0) return aus_fail(ctx, AUS_EFORMAT, "%s: says it has 0 channels", name);
  if (channels > AUS_MAX_CHANNELS) return aus_fail(ctx, AUS_ELIMIT, "%s: %u channels are more than %d", name, channels, AUS_MAX_CHANNELS);
  if (rate == 0 || rate > AUS_MAX_RATE) return aus_fail(ctx, AUS_EFORMAT, "%s: a sample rate of %u Hz makes no sense", name, rate);
  if (w->tag != TAG_PCM && w->tag != TAG_FLOAT)
    return aus_fail(ctx, AUS_ENOTSUP, "%s: WAV coding 0x%x is neither integer nor float samples", name, (unsigned)w->tag & 0xFFFF);
  w->bytes = (int32_t)(align / channels);
  const bool sizes = w->tag == TAG_PCM ? w->bytes >= 1 && w->bytes <= 4 : w->bytes == 4 || w->bytes == 8;
  if (align % channels || !sizes || bits == 0 || (bits + 7) / 8 != (uint32_t)w->bytes)
    return aus_fail(ctx, AUS_EFORMAT, "%s: %u bits in frames of %u bytes for %u channels make no sense", name, bits, align, channels);
  d->channels = (int32_t)channels;
  d->rate = (int32_t)rate;
  return AUS_OK;
}

static aus_status read_fmt(aus_decoder *d, wav *w, int64_t size)
{
  unsigned char p[40] = {0};
  const int64_t n = size < (int64_t)sizeof p ? size : (int64_t)sizeof p;
  if (w->tag) return aus_fail(d->ctx, AUS_EFORMAT, "%s: has two format chunks", d->source.name);
  if (size < 16) return aus_fail(d->ctx, AUS_EFORMAT, "%s: its format chunk has %lld bytes, 16 are the least", d->source.name, (long long)size);
  AUS_TRY(aus_source_need(&d->source, p, n, "the format chunk"));
  AUS_TRY(parse_fmt(d, w, p, n));
  return aus_source_skip(&d->source, size - n + (size & 1));
}

/* How many frames the data chunk holds, given what its header says. riff: the outer size field. */
static aus_status count_frames(aus_decoder *d, const wav *w, uint64_t size, bool wide, uint32_t riff)
{
  aus_source *s = &d->source;
  const int64_t align = (int64_t)w->bytes * d->channels;
  const int64_t left = s->size < 0 ? -1 : s->size - s->at;
  const bool unfinished = size == 0 && (left < 0 || riff == 0 || riff == UINT32_MAX || (left > 0 && (int64_t)riff + 8 <= s->at));
  const bool placeholder = !wide && size >= UNKNOWN_FROM && (left < 0 || (uint64_t)left < size);
  d->frames = -1;
  if (unfinished || placeholder) {
    if (left < 0) return AUS_OK;
    if (left % align) aus_note(d->ctx, AUS_LOG_WARNING, "%s: ends inside a frame; the last %lld bytes are left out", s->name, (long long)(left % align));
    size = (uint64_t)(left - left % align);
  }
  if (left >= 0 && (uint64_t)left < size)
    return aus_fail(d->ctx, AUS_EFORMAT, "%s: truncated: %llu bytes of sound are promised, %lld are there", s->name, (unsigned long long)size, (long long)left);
  if (size % (uint64_t)align)
    return aus_fail(d->ctx, AUS_EFORMAT, "%s: %llu bytes of sound are not a whole number of %lld-byte frames", s->name, (unsigned long long)size, (long long)align);
  if (size > INT64_MAX) return aus_fail(d->ctx, AUS_EFORMAT, "%s: a data chunk of %llu bytes cannot be", s->name, (unsigned long long)size);
  d->frames = (int64_t)size / align;
  return AUS_OK;
}

/* Walks the chunks up to the first byte of sound. */
static aus_status find_data(aus_decoder *d, wav *w)
{
  aus_source *s = &d->source;
  unsigned char h[12], ds64[28];
  uint64_t wide_data = 0;
  bool have_ds64 = false;
  AUS_TRY(aus_source_need(s, h, 12, "the WAV header"));
  const uint32_t riff = u32(h + 4);
  const bool rf64 = memcmp(h, "RIFF", 4) != 0;
  for (;;) {
    int64_t got;
    AUS_TRY(aus_source_read(s, h, 8, &got));
    if (got < 8) return aus_fail(d->ctx, AUS_EFORMAT, "%s: truncated: it ends before any sound", s->name);
    const int64_t size = u32(h + 4);
    if (!memcmp(h, "ds64", 4)) {
      if (!rf64 || have_ds64 || size < 28) return aus_fail(d->ctx, AUS_EFORMAT, "%s: a ds64 chunk that does not belong there", s->name);
      AUS_TRY(aus_source_need(s, ds64, 28, "the ds64 chunk"));
      wide_data = u64(ds64 + 8);
      have_ds64 = true;
      AUS_TRY(aus_source_skip(s, size - 28 + (size & 1)));
    } else if (!memcmp(h, "fmt ", 4)) {
      AUS_TRY(read_fmt(d, w, size));
    } else if (!memcmp(h, "data", 4)) {
      if (!w->tag) return aus_fail(d->ctx, AUS_EFORMAT, "%s: sound comes before its format", s->name);
      const bool wide = rf64 && size == UINT32_MAX;
      if (wide && !have_ds64) return aus_fail(d->ctx, AUS_EFORMAT, "%s: an RF64 without its ds64 chunk", s->name);
      return count_frames(d, w, wide ? wide_data : (uint64_t)size, wide, riff);
    } else {
      AUS_TRY(aus_source_skip(s, size + (size & 1)));
    }
  }
}

/* One sample of each coding; full scale is 1. */
static void decode_pcm(const unsigned char *p, int32_t bytes, int64_t n, float *x)
{
  switch (bytes) {
  case 1: for (int64_t i = 0; i < n; i++) x[i] = (float)(p[i] - 128) / 128.0f; break;
  case 2: for (int64_t i = 0; i < n; i++) x[i] = (float)(int16_t)u16(p + 2 * i) / 32768.0f; break;
  case 3:
    for (int64_t i = 0; i < n; i++)
      x[i] = (float)((int32_t)((uint32_t)p[3 * i] << 8 | (uint32_t)p[3 * i + 1] << 16 | (uint32_t)p[3 * i + 2] << 24) / 256) / 8388608.0f;
    break;
  default: for (int64_t i = 0; i < n; i++) x[i] = (float)((double)(int32_t)u32(p + 4 * i) / 2147483648.0);
  }
}

static void decode_float(const unsigned char *p, int32_t bytes, int64_t n, float *x)
{
  for (int64_t i = 0; i < n; i++) {
    if (bytes == 4) {
      const uint32_t b = u32(p + 4 * i);
      memcpy(x + i, &b, 4);
    } else {
      const uint64_t b = u64(p + 8 * i);
      double v;
      memcpy(&v, &b, 8);
      x[i] = (float)v;
    }
  }
}

static aus_status check_finite(const aus_decoder *d, int64_t n, const float *x)
{
  for (int64_t i = 0; i < n; i++)
    if (!isfinite(x[i]))
      return aus_fail(d->ctx, AUS_EFORMAT, "%s: sample %lld of channel %lld is not a finite number", d->source.name,
                      (long long)(d->at + i / d->channels), (long long)(i % d->channels + 1));
  return AUS_OK;
}

static aus_status wav_read(aus_decoder *d, int64_t max, float *x, int64_t *got)
{
  wav *w = d->state;
  const int64_t align = (int64_t)w->bytes * d->channels;
  *got = 0;
  if (d->frames >= 0 && max > d->frames - d->at) max = d->frames - d->at;
  while (*got < max) {
    const int64_t want = max - *got < w->piece_frames ? max - *got : w->piece_frames;
    int64_t bytes;
    AUS_TRY(aus_source_read(&d->source, w->piece, want * align, &bytes));
    const int64_t frames = bytes / align, n = frames * d->channels;
    float *to = x + *got * d->channels;
    if (w->tag == TAG_PCM) decode_pcm(w->piece, w->bytes, n, to);
    else decode_float(w->piece, w->bytes, n, to);
    if (w->tag == TAG_FLOAT) AUS_TRY(check_finite(d, n, to));
    *got += frames;
    d->at += frames;
    if (frames == want) continue;
    if (d->frames >= 0)
      return aus_fail(d->ctx, AUS_EFORMAT, "%s: truncated: %lld frames are promised, %lld are there", d->source.name, (long long)d->frames, (long long)d->at);
    if (bytes % align) aus_note(d->ctx, AUS_LOG_WARNING, "%s: ends inside a frame; the last %lld bytes are left out", d->source.name, (long long)(bytes % align));
    d->frames = d->at;
    break;
  }
  return AUS_OK;
}

static aus_status wav_seek(aus_decoder *d, int64_t frame)
{
  const wav *w = d->state;
  const int64_t align = (int64_t)w->bytes * d->channels, ahead = frame - d->at;
  if (ahead > INT64_MAX / align) return aus_fail(d->ctx, AUS_EINVAL, "%s: no sound that far in", d->source.name);
  d->at = frame;
  return aus_source_skip(&d->source, ahead * align);
}

static void wav_close(aus_decoder *d)
{
  wav *w = d->state;
  if (w) aus_free(d->ctx, w->piece);
  aus_free(d->ctx, w);
}

aus_status aus_wav_open(aus_decoder *d)
{
  wav *w = AUS_NEW(d->ctx, wav);
  if (!w) return AUS_ENOMEM;
  d->state = w;
  d->read = wav_read;
  d->seek = wav_seek;
  d->close = wav_close;
  memcpy(d->name, "wav (own)", sizeof "wav (own)");
  AUS_TRY(find_data(d, w));
  w->data_at = d->source.at;
  const int64_t align = (int64_t)w->bytes * d->channels;
  w->piece_frames = align < PIECE_FRAMES_BYTES ? PIECE_FRAMES_BYTES / align : 1;
  w->piece = aus_alloc(d->ctx, (size_t)w->piece_frames, (size_t)align);
  return w->piece ? AUS_OK : AUS_ENOMEM;
}
