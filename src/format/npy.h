/* npy.h - NumPy's .npy arrays, for `auscult model run`: float32 out, the common number types in. */
#ifndef AUS_NPY_H
#define AUS_NPY_H

#include "core/core.h"

enum { AUS_NPY_MAX_RANK = 8 };

typedef struct aus_npy {
  int32_t rank;
  int64_t dim[AUS_NPY_MAX_RANK];
  int64_t count;
  float *data; /* [count], row-major, owned: aus_free */
} aus_npy;

/* Versions 1 to 3; <f4 <f8 <f2 <i4 <i8 <i2 |i1 |u1 |b1; row-major or Fortran order. AUS_EFORMAT, AUS_EIO, AUS_ENOTSUP, AUS_ENOMEM. */
aus_status aus_npy_read(aus_ctx *ctx, const char *path, aus_npy *out);
aus_status aus_npy_read_memory(aus_ctx *ctx, const void *bytes, size_t size, aus_npy *out);

/* The bytes before the numbers (version 1, row-major), a multiple of 64; how many, 0 when there are too many dimensions.
 * descr: "<f4", "|u1", "<U12", ... */
enum { AUS_NPY_HEADER = 320 };
int32_t aus_npy_header(uint8_t head[AUS_NPY_HEADER], const char *descr, int32_t rank, const int64_t *dim);

/* Writes float32, version 1, whole or not at all. */
aus_status aus_npy_write(aus_ctx *ctx, const char *path, int32_t rank, const int64_t *dim, const float *data, int replace);

#endif
