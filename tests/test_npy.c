/* test_npy.c - arrays in and out; what NumPy does not write is refused. */
#include "test.h"

#include "format/npy.h"

#include "golden/npy.h"

#include <unistd.h>

/* A .npy in memory: version 1, this header text, these bytes. */
static size_t make(uint8_t *out, const char *dict, const void *data, size_t n)
{
  const size_t length = strlen(dict);
  memcpy(out, "\x93NUMPY\x01", 7);
  out[7] = 0;
  out[8] = (uint8_t)length;
  out[9] = (uint8_t)(length >> 8);
  memcpy(out + 10, dict, length);
  memcpy(out + 10 + length, data, n);
  return 10 + length + n;
}

static void round_trip(void **state)
{
  (void)state;
  aus_ctx *ctx = test_ctx(1);
  char path[64];
  snprintf(path, sizeof path, "test_npy.%ld.npy", (long)getpid());
  const int64_t dims[4][3] = { { 0 }, { 5 }, { 2, 3 }, { 2, 1, 3 } };
  float x[6] = { 1, -2.5f, 3e30f, 0, 1e-40f, 7 };
  for (int32_t rank = 0; rank < 4; rank++) {
    aus_npy a;
    assert_ok(ctx, aus_npy_write(ctx, path, rank, dims[rank], x, 1));
    assert_ok(ctx, aus_npy_read(ctx, path, &a));
    assert_int_equal(a.rank, rank);
    for (int i = 0; i < rank; i++) assert_int_equal(a.dim[i], dims[rank][i]);
    assert_memory_equal(a.data, x, (size_t)a.count * sizeof *x);
    aus_free(ctx, a.data);
  }
  assert_int_equal(aus_npy_write(ctx, path, 0, dims[0], x, 0), AUS_EEXIST);
  unlink(path);
  aus_ctx_destroy(ctx);
}

static void number_types(void **state)
{
  (void)state;
  aus_ctx *ctx = test_ctx(1);
  uint8_t b[256];
  const double d[2] = { 0.5, -3 };
  const int64_t i8[2] = { -7, 1 << 20 };
  const int16_t i2[2] = { -7, 300 };
  const uint8_t u1[2] = { 200, 1 };
  const uint16_t f2[4] = { 0x3c00, 0xc000, 0x0001, 0x7c00 }; /* 1, -2, 2^-24, inf */
  const struct { const char *dict; const void *data; size_t n; float want[4]; int count; } t[] = {
    { "{'descr': '<f8', 'fortran_order': False, 'shape': (2,), }\n", d, sizeof d, { 0.5f, -3 }, 2 },
    { "{'descr': '<i8', 'fortran_order': False, 'shape': (2,), }\n", i8, sizeof i8, { -7, 1 << 20 }, 2 },
    { "{\"shape\": (1, 2), \"fortran_order\": False, \"descr\": \"<i2\"}", i2, sizeof i2, { -7, 300 }, 2 },
    { "{'descr': '|u1', 'fortran_order': True, 'shape': (2,)}", u1, sizeof u1, { 200, 1 }, 2 },
    { "{'descr': '<f2', 'fortran_order': False, 'shape': (2, 2)}", f2, sizeof f2, { 1, -2, 0x1p-24f, INFINITY }, 4 },
  };
  for (size_t k = 0; k < sizeof t / sizeof *t; k++) {
    aus_npy a;
    assert_ok(ctx, aus_npy_read_memory(ctx, b, make(b, t[k].dict, t[k].data, t[k].n), &a));
    assert_int_equal(a.count, t[k].count);
    for (int i = 0; i < t[k].count; i++) assert_true(a.data[i] == t[k].want[i]);
    aus_free(ctx, a.data);
  }
  aus_ctx_destroy(ctx);
}

/* What numpy.save made of Fortran arrays whose element [i][j][k] is 100 i + 10 j + k. */
static void fortran_order_is_turned(void **state)
{
  (void)state;
  aus_ctx *ctx = test_ctx(1);
  const struct { const uint8_t *bytes; size_t n; int32_t rank; int64_t dim[3]; } t[] = {
    { fortran_f4, sizeof fortran_f4, 2, { 3, 5, 1 } }, { fortran_f8, sizeof fortran_f8, 2, { 4, 2, 1 } },
    { fortran_i2, sizeof fortran_i2, 3, { 2, 3, 4 } }, { fortran_column, sizeof fortran_column, 2, { 1, 6, 1 } },
    { fortran_empty, sizeof fortran_empty, 3, { 2, 0, 3 } } };
  for (size_t c = 0; c < sizeof t / sizeof *t; c++) {
    aus_npy a;
    assert_ok(ctx, aus_npy_read_memory(ctx, t[c].bytes, t[c].n, &a));
    assert_int_equal(a.rank, t[c].rank);
    for (int d = 0; d < a.rank; d++) assert_int_equal(a.dim[d], t[c].dim[d]);
    assert_int_equal(a.count, t[c].dim[0] * t[c].dim[1] * t[c].dim[2]);
    const int64_t *dim = t[c].dim;
    for (int64_t i = 0; i < a.count; i++) assert_near(a.data[i], 100 * (i / (dim[1] * dim[2])) + 10 * (i / dim[2] % dim[1]) + i % dim[2], 0);
    aus_free(ctx, a.data);
  }
  aus_ctx_destroy(ctx);
}

static void bad_arrays(void **state)
{
  (void)state;
  aus_ctx *ctx = test_ctx(1);
  uint8_t b[512];
  aus_npy a;
  const float x[4] = { 1, 2, 3, 4 };
  const struct { const char *dict; size_t n; aus_status want; } t[] = {
    { "{'descr': '<f4', 'fortran_order': False, 'shape': (3,), }", 16, AUS_EFORMAT },  /* too many bytes */
    { "{'descr': '<f4', 'fortran_order': False, 'shape': (5,), }", 16, AUS_EFORMAT },
    { "{'descr': '<f4', 'fortran_order': True, 'shape': (2, 3), }", 16, AUS_EFORMAT },
    { "{'descr': '>f4', 'fortran_order': False, 'shape': (4,), }", 16, AUS_ENOTSUP },
    { "{'descr': '<c8', 'fortran_order': False, 'shape': (2,), }", 16, AUS_ENOTSUP },
    { "{'descr': '<f4', 'fortran_order': False}", 16, AUS_EFORMAT },
    { "{'descr': '<f4', 'fortran_order': False, 'shape': (4,), 'evil': 1}", 16, AUS_EFORMAT },
    { "{'descr': '<f4', 'fortran_order': False, 'shape': (-4,)}", 16, AUS_EFORMAT },
    { "{'descr': '<f4', 'fortran_order': False, 'shape': (4294967296, 4294967296)}", 16, AUS_ELIMIT },
    { "{'descr': '<f4', 'fortran_order': False, 'shape': (99999999999999999999,)}", 16, AUS_EFORMAT },
    { "{'descr': '<f4', 'fortran_order': False, 'shape': (1,1,1,1,1,1,1,1,4)}", 16, AUS_EFORMAT },
    { "{'descr': '<f4', 'fortran_order': False, 'shape': (4,)} import os", 16, AUS_EFORMAT },
    { "{'descr': ", 16, AUS_EFORMAT },
    { "", 0, AUS_EFORMAT },
  };
  for (size_t k = 0; k < sizeof t / sizeof *t; k++) {
    const aus_status got = aus_npy_read_memory(ctx, b, make(b, t[k].dict, x, t[k].n), &a);
    if (got != t[k].want) fail_msg("%s: %s (%s)", t[k].dict, aus_strerror(got), aus_ctx_error(ctx));
  }
  const size_t whole = make(b, "{'descr': '<f4', 'fortran_order': False, 'shape': (4,)}", x, 16);
  for (size_t n = 0; n < whole; n++) {
    uint8_t *exact = malloc(n ? n : 1); /* ASan sees a byte read too far */
    memcpy(exact, b, n);
    assert_int_not_equal(aus_npy_read_memory(ctx, exact, n, &a), AUS_OK);
    free(exact);
  }
  assert_int_equal(aus_npy_read(ctx, "no/such.npy", &a), AUS_EIO);
  aus_ctx_destroy(ctx);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(round_trip),
    cmocka_unit_test(number_types),
    cmocka_unit_test(fortran_order_is_turned),
    cmocka_unit_test(bad_arrays),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
