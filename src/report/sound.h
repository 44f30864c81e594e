/* sound.h - the tracks of a page: every component as whole numbers that add up to the input to the last bit. */
#ifndef AUS_REPORT_SOUND_H
#define AUS_REPORT_SOUND_H

#include <auscult/explain.h>
#include "core/core.h"

enum { AUS_TRACK_BASELINE = -1, AUS_TRACK_INPUT = -2 };

/* One track: samples [begin, begin + n) of the sound; it is silent elsewhere. */
typedef struct aus_track {
  int32_t component;   /* or one of the above */
  int64_t begin, n;
  int32_t *x;          /* [n] in units of 2^-(bits - 1) */
  uint8_t *bytes;      /* as a file, once encoded */
  size_t size;
} aus_track;

/* Components in their order, then the baseline (when an absent component is not silence), then the input. */
typedef struct aus_tracks {
  aus_ctx *ctx;
  int32_t n, rate, bits;
  int64_t samples;
  aus_track *track;
  double gain;         /* one factor for all of them; 1 unless a part is louder than full scale */
  bool flac;
  size_t size;         /* of all files together */
} aus_tracks;

typedef enum aus_track_format { AUS_TRACKS_BEST, AUS_TRACKS_WAV, AUS_TRACKS_FLAC } aus_track_format;

/* bits: 16 or 24. whole_length: every track spans the sound, for players that know no offsets. BEST is FLAC where
 * libsndfile can, else WAV; FLAC fails with AUS_ENOTSUP where it cannot. Free with aus_tracks_free in any case. */
aus_status aus_tracks_make(aus_ctx *ctx, const aus_components *c, int bits, bool whole_length, aus_tracks *out);
aus_status aus_tracks_encode(aus_tracks *t, aus_track_format format);
void aus_tracks_free(aus_tracks *t);

/* The loudest of each of n equal stretches of the sound, as a share of full scale. */
void aus_track_peaks(const aus_tracks *t, const aus_track *track, int32_t n, float *peak);

#endif
