/* auscult/sep.h - source separation: one sound into named stems that add up to it. */
#ifndef AUSCULT_SEP_H
#define AUSCULT_SEP_H

#include <auscult/audio.h>
#include <auscult/dsp.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Named sounds of one rate, length and number of channels. Owned by the struct. */
typedef struct aus_stems {
  int32_t n;
  aus_audio *stem; /* [n] */
  char **name;     /* [n] */
} aus_stems;
AUS_API void aus_stems_free(aus_ctx *ctx, aus_stems *stems); /* a zeroed one is fine */

/* Reads every sound in a folder, in the order of their names; a stem's name is its file's without the suffix.
 * Hidden files and files that are not sound are passed over with a note; a sound that cannot be read is an error. When like is not NULL, every stem
 * must have its rate, channels and length. range as in aus_audio_read.
 * Errors: AUS_EIO (no such folder), AUS_EFORMAT (nothing readable in it; a stem that does not match: the text names it). */
AUS_API aus_status aus_stems_load(aus_ctx *ctx, const char *folder, const aus_audio_range *range,
                                  const aus_audio *like, aus_stems *out);

typedef struct aus_separator aus_separator;

/* What a separator is. Strings are borrowed from it. */
typedef struct aus_separator_info {
  const char *name;         /* "hpss", or the file's own name */
  int32_t rate;             /* Hz it works at; 0: any */
  int32_t n_stems;
  const char *const *stems; /* [n_stems], without the residual */
  const char *licence, *source, *sha256; /* "" when unknown */
} aus_separator_info;

/* Harmonic and percussive by median filters. config NULL: librosa's frames (93 ms) at the sound's rate and a margin of 2,
 * which leaves a residual of what is neither [Driedger14]; margin 1 leaves none. */
AUS_API aus_status aus_separator_hpss(aus_ctx *ctx, const aus_hpss_config *config, aus_separator **out);
/* Atoms of a sparse non-negative factorisation of the sound's own spectrogram, from low to high [LeRoux15]: no training, any
 * sound. Each atom is a soft mask on the input, and the masks add to one; alike ones (cosine above 0.95) are merged, so some of the last
 * may be silent. Errors: AUS_EINVAL (atoms not in 1 to AUS_SEPARATOR_MAX_ATOMS), AUS_ENOMEM. */
enum { AUS_SEPARATOR_MAX_ATOMS = 256 };
AUS_API aus_status aus_separator_nmf(aus_ctx *ctx, int32_t atoms, uint64_t seed, aus_separator **out);
/* Masks computed from true stems in a folder: how well a separator could do. mask: "ibm", "irm", "wiener" or "tpsf". Runs only on
 * the sound that the stems belong to: equal rate and length. Errors: AUS_EINVAL (no such mask), those of aus_stems_load. */
AUS_API aus_status aus_separator_oracle(aus_ctx *ctx, const char *mask, const char *folder, const aus_audio_range *range, aus_separator **out);
/* A network in an .aus file whose kind is separator (docs/format.md: labels name the stems, separator.gives says
 * masks, spectra or waves). Errors: AUS_EIO, AUS_EFORMAT, AUS_ENOTSUP (not a separator, or one whose inputs are not known here). */
AUS_API aus_status aus_separator_open(aus_ctx *ctx, const char *path, aus_separator **out);
/* The same from memory, borrowed as by aus_bundle_open_memory. */
AUS_API aus_status aus_separator_open_memory(aus_ctx *ctx, const void *bytes, size_t size, aus_separator **out);
AUS_API void aus_separator_close(aus_separator *separator);
AUS_API const aus_separator_info *aus_separator_describe(const aus_separator *separator);

/* A network that gives magnitudes (Spleeter's): one step of a multichannel Wiener filter instead of ratio masks, from the next run on.
 * Its statistics are those of one patch. AUS_ENOTSUP: the separator is of another kind. */
AUS_API aus_status aus_separator_wiener(aus_separator *separator, int on);

/* A sound that comes and goes block by block. read is asked for each frame once, in order: x[channels][count]. write gets the stems in
 * order: stem[i] is [channels][count], the residual last. Either may fail. */
typedef struct aus_separator_io {
  int32_t rate, channels;
  int64_t frames; /* in all */
  aus_status (*read)(void *user, int64_t first, int64_t count, float *x);
  aus_status (*write)(void *user, int64_t first, int64_t count, int32_t n, const float *const *stem);
  void *user;
} aus_separator_io;
/* Separates it with memory that does not grow with its length (nmf: it does), to the same bits as aus_separator_run. Each channel is
 * separated by itself unless the network is stereo and so is the sound. */
AUS_API aus_status aus_separator_stream(aus_separator *separator, const aus_separator_io *io, int residual);

/* Separates in (any rate, channels, length >= 1) into stems of the same shape, each channel by itself unless the
 * network is stereo and so is the sound. Work goes block by block: beside the stems memory does not grow with the length. With
 * residual one more stem, "residual" = in - sum(stems), is appended: then the stems sum to the input. */
AUS_API aus_status aus_separator_run(aus_separator *separator, const aus_audio *in, int residual, aus_stems *out);

#ifdef __cplusplus
}
#endif
#endif
