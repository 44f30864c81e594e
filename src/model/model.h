/* model.h - what is behind the model noun.
 *
 * A maker fills a table of four functions. Only predict must exist: mixes are then
 * composed as waveforms, and there is no spectrogram to show. */
#ifndef AUS_MODEL_INTERNAL_H
#define AUS_MODEL_INTERNAL_H

#include <auscult/model.h>
#include "core/core.h"

typedef struct aus_model_ops {
  const char *kind; /* "network", "callback", "process" */
  int64_t max_batch; /* inputs in one call of predict; 0: any */
  aus_status (*predict)(aus_model *m, int64_t n, int64_t samples, const float *x, float *scores);
  aus_status (*predict_mixes)(aus_model *m, const aus_mixes *mixes, int64_t n, const uint8_t *z, float *scores);
  aus_status (*spectrogram)(aus_model *m, int64_t samples, const float *x, aus_spectrogram *out);
  void (*close)(aus_model *m); /* frees state */
} aus_model_ops;

struct aus_model {
  aus_ctx *ctx;
  aus_model_ops ops;
  aus_model_info info; /* strings point into the same block */
  void *state;
};

/* Copies info with all its strings; AUS_EINVAL when it makes no sense. On failure state is the caller's still. */
aus_status aus_model_create(aus_ctx *ctx, const aus_model_info *info, const aus_model_ops *ops, void *state, aus_model **out);

/* ---- rows ---------------------------------------------------------------------------------- */

/* Which of n keys of width bytes are new: which[i] is the index of key i among the distinct ones, in
 * order of first appearance, and first[u] the row where distinct key u appears first. *count: how many. */
aus_status aus_rows_distinct(aus_ctx *ctx, int64_t n, int64_t width, const uint8_t *keys, int64_t *which,
                             int64_t *first, int64_t *count);

/* ---- composing waveforms --------------------------------------------------------------------- */

bool aus_row_all_on(int32_t n_parts, const uint8_t *z);
/* out[channels][count] = samples [from, from + count) of x(z); the whole itself when all parts are on. */
void aus_mixes_compose(const aus_mixes *mixes, int32_t channels, const uint8_t *z, int64_t from, int64_t count, float *out);
/* out[count]: channel c of a part alone, samples [from, from + count). */
void aus_part_extract(const aus_part *part, int32_t c, int64_t from, int64_t count, float *out);
/* predict_mixes for models that only predict. */
aus_status aus_mixes_by_waveform(aus_model *m, const aus_mixes *mixes, int64_t n, const uint8_t *z, float *scores);

/* ---- input shorter than the model takes ------------------------------------------------------- */

/* y[padded] from x[samples]: again and again, or followed by silence. */
void aus_pad_short(int64_t samples, const float *x, bool repeat, int64_t padded, float *y);

#endif
