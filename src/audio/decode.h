/* decode.h - a sound file as a stream of frames: ours for WAV, libsndfile for the rest. */
#ifndef AUS_AUDIO_DECODE_H
#define AUS_AUDIO_DECODE_H

#include <auscult/audio.h>
#include "audio/source.h"

enum { AUS_MAX_CHANNELS = 1024, AUS_MAX_RATE = 1 << 24 };

typedef struct aus_decoder {
  aus_ctx *ctx;
  aus_source source;
  int32_t channels, rate;
  int64_t frames;  /* -1: known only at the end */
  int64_t likely;  /* where frames is -1: what the head of the file says, in formats whose heads are right; else 0 */
  int64_t at;      /* the next frame */
  char name[48];   /* what decodes, for provenance */
  char sha256[65]; /* of the whole file; "" where it was not read whole and is large */
  void *state;
  /* x[max][channels] interleaved; *got < max only at the end. Values are finite. */
  aus_status (*read)(struct aus_decoder *d, int64_t max, float *x, int64_t *got);
  aus_status (*seek)(struct aus_decoder *d, int64_t frame); /* forward only, from where it is */
  void (*close)(struct aus_decoder *d);
} aus_decoder;

/* partial: only a part will be read, so a large file is not read whole for its hash. */
aus_status aus_decoder_open(aus_ctx *ctx, const char *path, bool partial, aus_decoder *d);
aus_status aus_decoder_open_memory(aus_ctx *ctx, const void *bytes, size_t size, aus_decoder *d);
/* Resolves a range in seconds into frames and goes to the first; *count -1: to an end not known yet. */
aus_status aus_decoder_range(aus_decoder *d, const aus_audio_range *range, int64_t *count);
/* Call after the last read of a whole file: fills sha256. */
aus_status aus_decoder_finish(aus_decoder *d);
void aus_decoder_close(aus_decoder *d);

/* The two decoders. Each is given a source at byte 0. AUS_ENOTSUP from wav_open: a WAV with a
 * coding that is not ours; the caller may try the other. */
bool aus_wav_magic(const unsigned char *head, int32_t n);
aus_status aus_wav_open(aus_decoder *d);
aus_status aus_sndfile_open(aus_decoder *d);

/* A WAV header for this many frames: at most AUS_WAV_HEADER bytes; returns how many. */
enum { AUS_WAV_HEADER = 128 };
int32_t aus_wav_header(unsigned char *to, int32_t channels, int32_t rate, aus_wav_format format, int64_t frames);
/* The whole WAV in memory, owned by the caller (aus_free): for reports and tests. */
aus_status aus_wav_encode(aus_ctx *ctx, const aus_audio *audio, aus_wav_format format, void **bytes, size_t *size);


/* Whole numbers of 16 or 24 bits, one channel, as a FLAC in memory owned by the caller (aus_free).
 * AUS_ENOTSUP: no libsndfile, or not this rate. */
aus_status aus_flac_encode(aus_ctx *ctx, int32_t rate, int bits, int64_t n, const int32_t *x, void **bytes, size_t *size);

#endif
