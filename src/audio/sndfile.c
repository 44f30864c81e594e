/* sndfile.c - FLAC, OGG, MP3 and the rest, through libsndfile, from any source of bytes.
 *
 * libsndfile must be able to seek; a pipe is therefore read whole first (it is compressed
 * sound, so that is little). Values beyond full scale, which lossy coding makes, are kept. */
#include "audio/decode.h"

#include <string.h>

#ifdef AUS_HAVE_SNDFILE
#include <math.h>
#include <sndfile.h>

typedef struct snd {
  SNDFILE *file;
  aus_source *bytes;
  aus_source memory; /* a pipe, read whole */
  void *block;
} snd;

static sf_count_t io_length(void *user) { return ((snd *)user)->bytes->size; }
static sf_count_t io_tell(void *user) { return ((snd *)user)->bytes->at; }
static sf_count_t io_write(const void *p, sf_count_t n, void *user) { (void)p; (void)n; (void)user; return 0; }

static sf_count_t io_seek(sf_count_t offset, int whence, void *user)
{
  aus_source *b = ((snd *)user)->bytes;
  const int64_t from = whence == SEEK_SET ? 0 : whence == SEEK_CUR ? b->at : b->size;
  if (offset > b->size - from || offset < -from) return -1;
  return aus_source_seek(b, from + offset) == AUS_OK ? b->at : -1;
}

static sf_count_t io_read(void *to, sf_count_t n, void *user)
{
  int64_t got;
  return aus_source_read(((snd *)user)->bytes, to, n, &got) == AUS_OK ? got : 0;
}

static aus_status snd_read(aus_decoder *d, int64_t max, float *x, int64_t *got)
{
  snd *s = d->state;
  *got = sf_readf_float(s->file, x, max);
  if (*got < 0 || (*got < max && sf_error(s->file)))
    return aus_fail(d->ctx, AUS_EFORMAT, "%s: damaged: %s", d->source.name, sf_strerror(s->file));
  for (int64_t i = 0; i < *got * d->channels; i++)
    if (!isfinite(x[i]))
      return aus_fail(d->ctx, AUS_EFORMAT, "%s: sample %lld of channel %lld is not a finite number", d->source.name,
                      (long long)(d->at + i / d->channels), (long long)(i % d->channels + 1));
  d->at += *got;
  return AUS_OK;
}

static aus_status snd_seek(aus_decoder *d, int64_t frame)
{
  snd *s = d->state;
  if (frame != d->at && sf_seek(s->file, frame, SEEK_SET) != frame)
    return aus_fail(d->ctx, AUS_EINVAL, "%s: cannot go to %g s: %s", d->source.name, (double)frame / d->rate, sf_strerror(s->file));
  d->at = frame;
  return AUS_OK;
}

static void snd_close(aus_decoder *d)
{
  snd *s = d->state;
  if (!s) return;
  if (s->file) sf_close(s->file);
  aus_free(d->ctx, s->block);
  aus_free(d->ctx, s);
}

/* Bytes that can be sought in: the source itself, or all of a pipe in memory. */
static aus_status seekable_bytes(aus_decoder *d, snd *s)
{
  s->bytes = &d->source;
  if (d->source.size >= 0) return AUS_OK;
  size_t size;
  AUS_TRY(aus_source_slurp(&d->source, &s->block, &size));
  AUS_TRY(aus_source_open_memory(d->ctx, s->block, size, &s->memory));
  s->bytes = &s->memory;
  return AUS_OK;
}

aus_status aus_sndfile_open(aus_decoder *d)
{
  static const SF_VIRTUAL_IO io = { io_length, io_seek, io_read, io_write, io_tell };
  snd *s = AUS_NEW(d->ctx, snd);
  if (!s) return AUS_ENOMEM;
  d->state = s;
  d->read = snd_read;
  d->seek = snd_seek;
  d->close = snd_close;
  AUS_TRY(seekable_bytes(d, s));
  AUS_TRY(aus_source_hash_all(s->bytes, d->sha256));
  SF_INFO info = {0};
  SF_VIRTUAL_IO copy = io;
  s->file = sf_open_virtual(&copy, SFM_READ, &info, s);
  if (!s->file)
    return aus_fail(d->ctx, AUS_EFORMAT, "%s: neither WAV nor anything %s reads: %s", d->source.name, sf_version_string(), sf_strerror(NULL));
  if (info.channels < 1 || info.channels > AUS_MAX_CHANNELS || info.samplerate < 1 || info.samplerate > AUS_MAX_RATE)
    return aus_fail(d->ctx, AUS_EFORMAT, "%s: %d channels at %d Hz make no sense", d->source.name, info.channels, info.samplerate);
  d->channels = info.channels;
  d->rate = info.samplerate;
  d->frames = -1; /* some formats only estimate it: the end is where reading ends */
  const int kind = info.format & SF_FORMAT_TYPEMASK;
  if (kind == SF_FORMAT_OGG || kind == SF_FORMAT_FLAC || kind == SF_FORMAT_AIFF) d->likely = info.frames;
  const char *version = sf_version_string();
  const size_t n = strlen(version) < sizeof d->name ? strlen(version) : sizeof d->name - 1;
  memcpy(d->name, version, n);
  d->name[n] = '\0';
  return AUS_OK;
}

#else

aus_status aus_sndfile_open(aus_decoder *d)
{
  static const struct { const char *magic; int n; const char *format; } known[] = {
    { "fLaC", 4, "FLAC" }, { "OggS", 4, "OGG" }, { "ID3", 3, "MP3" }, { "\xff\xfb", 2, "MP3" }, { "\xff\xf3", 2, "MP3" },
    { "\xff\xfa", 2, "MP3" }, { "FORM", 4, "AIFF" }, { ".snd", 4, "AU" }, { "caff", 4, "CAF" },
  };
  for (size_t i = 0; i < sizeof known / sizeof *known; i++)
    if (d->source.head_n >= known[i].n && !memcmp(d->source.head, known[i].magic, (size_t)known[i].n))
      return aus_fail(d->ctx, AUS_ENOTSUP, "%s: %s needs libsndfile, and this build has none: convert it to WAV first", d->source.name, known[i].format);
  return aus_fail(d->ctx, AUS_EFORMAT, "%s: not a whole WAV file (no RIFF or RF64 with WAVE behind it)", d->source.name);
}

#endif
