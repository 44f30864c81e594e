/* auscult/audio.h - sound in memory, and reading and writing it. */
#ifndef AUSCULT_AUDIO_H
#define AUSCULT_AUDIO_H

#include <auscult/core.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Planar sound: data[c * frames + t], full scale +-1. Owned by whoever holds the
 * struct; freed with aus_audio_free. */
typedef struct aus_audio {
  float *data;       /* [channels][frames] */
  int64_t frames;
  int32_t channels;
  int32_t rate;      /* Hz */
  char decoder[48];  /* "wav (own)" or libsndfile's version, for provenance */
  char sha256[65];   /* of the whole file, lower-case hex; "" if not read from a file, or only part of a large one */
  int32_t file_rate, file_channels; /* as they were in the file; 0 if not read from one */
  int64_t file_frames;              /* read of the file, at file_rate */
} aus_audio;

/* Which part of a file to read, in seconds; duration <= 0 means to the end. */
typedef struct aus_audio_range { double offset, duration; } aus_audio_range;

/* Reads a whole file or a part of it. path "-" is standard input. WAV (PCM 8/16/24/32,
 * float 32/64, EXTENSIBLE, RF64, unknown length from a pipe) needs no library; FLAC,
 * OGG, MP3 need libsndfile. range may be NULL. Non-finite samples are refused.
 * Errors: AUS_EIO, AUS_EFORMAT, AUS_ENOTSUP (needs libsndfile), AUS_ENOMEM, AUS_ELIMIT. */
AUS_API aus_status aus_audio_read(aus_ctx *ctx, const char *path, const aus_audio_range *range,
                                  aus_audio *out);
AUS_API aus_status aus_audio_read_memory(aus_ctx *ctx, const void *bytes, size_t size, aus_audio *out);

/* The same as the mean of the channels at this rate (0: the file's), piece by piece: memory for the result alone, so that
 * hours of many channels at a high rate do not matter. Same bits as aus_audio_read, then aus_audio_convert; file_rate
 * and file_channels say what was done. */
AUS_API aus_status aus_audio_read_mono(aus_ctx *ctx, const char *path, const aus_audio_range *range, int32_t rate,
                                       aus_audio *out);

typedef enum aus_wav_format { AUS_WAV_PCM16, AUS_WAV_PCM24, AUS_WAV_PCM32, AUS_WAV_FLOAT32 } aus_wav_format;

/* Writes a WAV (RF64 above 4 GiB), whole or not at all. AUS_EEXIST unless replace. */
AUS_API aus_status aus_audio_write_wav(aus_ctx *ctx, const char *path, const aus_audio *audio,
                                       aus_wav_format format, int replace);

/* Mean of the channels (when mono), then polyphase Kaiser resampling to rate; *out owned by the caller. */
AUS_API aus_status aus_audio_convert(aus_ctx *ctx, const aus_audio *in, int32_t rate, int mono,
                                     aus_audio *out);
AUS_API void aus_audio_free(aus_ctx *ctx, aus_audio *audio);

#ifdef __cplusplus
}
#endif
#endif
