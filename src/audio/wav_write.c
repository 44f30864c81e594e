/* wav_write.c - writes WAV, whole or not at all.
 *
 * Plain PCM for 16 bits and up to two channels, what every player reads; EXTENSIBLE for more, as its
 * definition asks; float with a fact chunk; RF64 when the file would pass 4 GiB. Rounding
 * is to nearest, without dither: parts that sum to the input must still do so when
 * read back. Values beyond full scale are clipped in integer formats, and that is said. */
#include "audio/decode.h"

#include <math.h>
#include <string.h>

enum { PIECE_SAMPLES = 1 << 14 };

static const int32_t format_bytes[] = { 2, 3, 4, 4 };

static unsigned char *put(unsigned char *p, uint64_t v, int bytes)
{
  for (int i = 0; i < bytes; i++) *p++ = (unsigned char)(v >> 8 * i);
  return p;
}

static unsigned char *put_id(unsigned char *p, const char *id)
{
  memcpy(p, id, 4);
  return p + 4;
}

static unsigned char *put_fmt(unsigned char *p, int32_t channels, int32_t rate, aus_wav_format format)
{
  static const unsigned char guid_tail[14] = { 0, 0, 0, 0, 0x10, 0, 0x80, 0, 0, 0xAA, 0, 0x38, 0x9B, 0x71 };
  const uint32_t bytes = (uint32_t)format_bytes[format], n = (uint32_t)channels;
  const uint32_t tag = format == AUS_WAV_FLOAT32 ? 3 : 1;
  const bool extensible = channels > 2 || format == AUS_WAV_PCM24 || format == AUS_WAV_PCM32;
  p = put(put_id(p, "fmt "), extensible ? 40 : tag == 3 ? 18 : 16, 4);
  p = put(p, extensible ? 0xFFFE : tag, 2);
  p = put(p, n, 2);
  p = put(p, (uint32_t)rate, 4);
  p = put(p, (uint64_t)rate * n * bytes, 4);
  p = put(p, n * bytes, 2);
  p = put(p, 8 * bytes, 2);
  if (!extensible) return tag == 3 ? put(p, 0, 2) : p;
  p = put(p, 22, 2);
  p = put(p, 8 * bytes, 2);
  p = put(p, channels == 1 ? 4 : channels == 2 ? 3 : 0, 4); /* centre; left and right; unsaid */
  p = put(p, tag, 2);
  memcpy(p, guid_tail, sizeof guid_tail);
  return p + sizeof guid_tail;
}

int32_t aus_wav_header(unsigned char *to, int32_t channels, int32_t rate, aus_wav_format format, int64_t frames)
{
  const uint64_t data = (uint64_t)frames * (uint64_t)channels * (uint64_t)format_bytes[format];
  unsigned char fmt[64], *p = to;
  const uint32_t fmt_n = (uint32_t)(put_fmt(fmt, channels, rate, format) - fmt);
  const uint32_t fact_n = format == AUS_WAV_FLOAT32 ? 12 : 0;
  uint64_t riff = 4 + fmt_n + fact_n + 8 + data + (data & 1);
  const bool wide = riff > UINT32_MAX;
  if (wide) riff += 8 + 28;
  p = put(put_id(p, wide ? "RF64" : "RIFF"), wide ? UINT32_MAX : riff, 4);
  p = put_id(p, "WAVE");
  if (wide) {
    p = put(put_id(p, "ds64"), 28, 4);
    p = put(put(put(put(p, riff, 8), data, 8), (uint64_t)frames, 8), 0, 4);
  }
  memcpy(p, fmt, fmt_n);
  p += fmt_n;
  if (fact_n) p = put(put(put_id(p, "fact"), 4, 4), frames > UINT32_MAX ? UINT32_MAX : (uint64_t)frames, 4);
  p = put(put_id(p, "data"), wide ? UINT32_MAX : data, 4);
  return (int32_t)(p - to);
}

/* Integers of 16, 24 or 32 bits, stride bytes apart; returns how many were clipped. 1.0 itself loses
 * one step of the scale: that is no clipping anybody hears. */
static int64_t encode_pcm(int64_t n, const float *x, int32_t bytes, int64_t stride, unsigned char *to)
{
  const double full = ldexp(1.0, 8 * bytes - 1), high = full - 1;
  int64_t clipped = 0;
  for (int64_t t = 0; t < n; t++, to += stride) {
    const double v = nearbyint((double)x[t] * full);
    put(to, (uint64_t)(int64_t)(v > high ? high : v < -full ? -full : v), bytes);
    clipped += fabsf(x[t]) > 1.0f;
  }
  return clipped;
}

static void encode_float(int64_t n, const float *x, int64_t stride, unsigned char *to)
{
  for (int64_t t = 0; t < n; t++, to += stride) {
    uint32_t b;
    memcpy(&b, x + t, 4);
    put(to, b, 4);
  }
}

/* frames [from, from + n) interleaved; returns how many samples were clipped. */
static int64_t encode_frames(const aus_audio *a, aus_wav_format format, int64_t from, int64_t n, unsigned char *to)
{
  const int32_t bytes = format_bytes[format];
  int64_t clipped = 0;
  for (int32_t c = 0; c < a->channels; c++) {
    const float *x = a->data + (int64_t)c * a->frames + from;
    const int64_t stride = (int64_t)a->channels * bytes;
    if (format == AUS_WAV_FLOAT32) encode_float(n, x, stride, to + c * bytes);
    else clipped += encode_pcm(n, x, bytes, stride, to + c * bytes);
  }
  return clipped;
}

static aus_status check(aus_ctx *ctx, const char *path, const aus_audio *a, aus_wav_format format)
{
  if ((int)format < 0 || format > AUS_WAV_FLOAT32) return aus_fail(ctx, AUS_EINVAL, "%s: no such WAV format", path);
  if (a->channels < 1 || a->channels > AUS_MAX_CHANNELS || a->rate < 1 || a->frames < 0 || (a->frames && !a->data))
    return aus_fail(ctx, AUS_EINVAL, "%s: cannot write %d channels of %lld frames at %d Hz", path, a->channels, (long long)a->frames, a->rate);
  for (int64_t i = 0; i < a->frames * a->channels; i++)
    if (!isfinite(a->data[i])) return aus_fail(ctx, AUS_EINVAL, "%s: sample %lld is not a finite number", path, (long long)(i % a->frames));
  return AUS_OK;
}

static void say_clipped(aus_ctx *ctx, const char *path, int64_t clipped)
{
  if (clipped) aus_note(ctx, AUS_LOG_WARNING, "%s: %lld samples beyond full scale were clipped (write float to keep them)", path, (long long)clipped);
}

static aus_status write_body(aus_ctx *ctx, const aus_audio *a, aus_wav_format format, aus_outfile *f, int64_t *clipped)
{
  const int64_t frame = (int64_t)a->channels * format_bytes[format];
  const int64_t piece = a->channels < PIECE_SAMPLES ? PIECE_SAMPLES / a->channels : 1;
  unsigned char head[AUS_WAV_HEADER], *block = aus_alloc(ctx, (size_t)piece, (size_t)frame);
  if (!block) return AUS_ENOMEM;
  aus_status status = aus_outfile_write(f, head, (size_t)aus_wav_header(head, a->channels, a->rate, format, a->frames));
  for (int64_t t = 0; status == AUS_OK && t < a->frames; t += piece) {
    const int64_t n = a->frames - t < piece ? a->frames - t : piece;
    *clipped += encode_frames(a, format, t, n, block);
    status = aus_outfile_write(f, block, (size_t)(n * frame));
  }
  if (status == AUS_OK && (a->frames * frame & 1)) status = aus_outfile_write(f, "", 1);
  aus_free(ctx, block);
  return status;
}

aus_status aus_audio_write_wav(aus_ctx *ctx, const char *path, const aus_audio *audio, aus_wav_format format, int replace)
{
  aus_outfile *f;
  int64_t clipped = 0;
  AUS_TRY(check(ctx, path, audio, format));
  AUS_TRY(aus_outfile_open(ctx, path, replace, &f));
  const aus_status status = write_body(ctx, audio, format, f, &clipped);
  if (status != AUS_OK) { aus_outfile_abort(f); return status; }
  AUS_TRY(aus_outfile_commit(f));
  say_clipped(ctx, path, clipped);
  return AUS_OK;
}

aus_status aus_wav_encode(aus_ctx *ctx, const aus_audio *audio, aus_wav_format format, void **bytes, size_t *size)
{
  unsigned char head[AUS_WAV_HEADER];
  *bytes = NULL;
  AUS_TRY(check(ctx, "a WAV in memory", audio, format));
  const size_t head_n = (size_t)aus_wav_header(head, audio->channels, audio->rate, format, audio->frames);
  const size_t data = (size_t)audio->frames * (size_t)audio->channels * (size_t)format_bytes[format];
  unsigned char *block = aus_alloc(ctx, head_n + data + (data & 1), 1);
  if (!block) return AUS_ENOMEM;
  memcpy(block, head, head_n);
  say_clipped(ctx, "a WAV in memory", encode_frames(audio, format, 0, audio->frames, block + head_n));
  if (data & 1) block[head_n + data] = 0;
  *bytes = block;
  *size = head_n + data + (data & 1);
  return AUS_OK;
}
