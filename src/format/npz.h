/* npz.h - NumPy's .npz: several named arrays in one file, as numpy.savez writes it. */
#ifndef AUS_NPZ_H
#define AUS_NPZ_H

#include "core/core.h"

typedef struct aus_npz aus_npz;

/* The file appears whole or not at all: arrays are added one by one, commit puts it into place and frees npz in any
 * case, abort leaves nothing. AUS_EEXIST unless replace; AUS_EIO, AUS_ENOMEM, AUS_ELIMIT (4 GB in all, 64 arrays). */
aus_status aus_npz_open(aus_ctx *ctx, const char *path, int replace, aus_npz **out);
aus_status aus_npz_commit(aus_npz *npz);
void aus_npz_abort(aus_npz *npz);

/* data[dim[0]]...[dim[rank - 1]], row-major, as it lies in memory; descr as NumPy writes it. name: short, ASCII. */
aus_status aus_npz_add(aus_npz *npz, const char *name, const char *descr, size_t item, int32_t rank, const int64_t *dim, const void *data);
aus_status aus_npz_add_f32(aus_npz *npz, const char *name, int32_t rank, const int64_t *dim, const float *data);
aus_status aus_npz_add_f64(aus_npz *npz, const char *name, int32_t rank, const int64_t *dim, const double *data);
/* UTF-8 texts as an array of '<U': text[n]; broken bytes become U+FFFD. */
aus_status aus_npz_add_texts(aus_npz *npz, const char *name, int64_t n, const char *const *text);

#endif
