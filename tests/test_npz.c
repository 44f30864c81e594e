/* test_npz.c - the ZIP around arrays: read back here member by member, and by NumPy in tests/exports. */
#include "test.h"

#include "format/npy.h"
#include "format/npz.h"

#include <unistd.h>

static uint32_t le(const uint8_t *p, int bytes)
{
  uint32_t v = 0;
  for (int b = bytes; b--;) v = v << 8 | p[b];
  return v;
}

/* Member number k by way of the directory: its bytes, *n of them. */
static const uint8_t *member(const uint8_t *zip, size_t size, int k, char name[64], uint32_t *n)
{
  const uint8_t *end = zip + size - 22, *d = zip + le(end + 16, 4);
  assert_int_equal(le(end, 4), 0x06054b50);
  assert_int_equal(le(end + 12, 4) + le(end + 16, 4) + 22, size);
  assert_true(k < (int)le(end + 10, 2));
  for (; k--; d += 46 + le(d + 28, 2)) assert_int_equal(le(d, 4), 0x02014b50);
  const uint8_t *m = zip + le(d + 42, 4);
  assert_int_equal(le(m, 4), 0x04034b50);
  assert_memory_equal(m + 4, d + 6, 26); /* both say the same of it */
  snprintf(name, 64, "%.*s", (int)le(m + 26, 2), (const char *)m + 30);
  *n = le(m + 22, 4);
  m += 30 + le(m + 26, 2);
  assert_int_equal(aus_crc32(0, m, *n), le(d + 16, 4));
  return m;
}

static void arrays(void **state)
{
  (void)state;
  aus_ctx *ctx = test_ctx(1);
  char path[64], name[64];
  const float x[6] = { 1, 2, 3, 4, 5, -0.5f };
  const double y = 0.25;
  const int64_t dim[2] = { 2, 3 };
  const char *const text[3] = { "drums", "\xd0\xb1\xd0\xb0\xd1\x81", "a\xff" };
  uint32_t n;
  aus_npz *z;
  snprintf(path, sizeof path, "test_npz.%ld.npz", (long)getpid());
  assert_ok(ctx, aus_npz_open(ctx, path, 1, &z));
  assert_ok(ctx, aus_npz_add_f32(z, "x", 2, dim, x));
  assert_ok(ctx, aus_npz_add_f64(z, "y", 0, NULL, &y));
  assert_ok(ctx, aus_npz_add_texts(z, "names", 3, text));
  assert_int_equal(access(path, F_OK), -1); /* whole or not at all */
  assert_ok(ctx, aus_npz_commit(z));
  void *zip;
  size_t size;
  assert_ok(ctx, aus_file_read(ctx, path, 1 << 20, &zip, &size));
  aus_npy a;
  const uint8_t *m = member(zip, size, 0, name, &n);
  assert_string_equal(name, "x.npy");
  assert_ok(ctx, aus_npy_read_memory(ctx, m, n, &a));
  assert_int_equal(a.rank, 2);
  assert_memory_equal(a.data, x, sizeof x);
  aus_free(ctx, a.data);
  m = member(zip, size, 1, name, &n);
  assert_ok(ctx, aus_npy_read_memory(ctx, m, n, &a));
  assert_true(a.rank == 0 && a.count == 1 && a.data[0] == 0.25f);
  aus_free(ctx, a.data);
  m = member(zip, size, 2, name, &n);
  assert_non_null(memchr(m, '<', n));
  assert_memory_equal(strstr((const char *)m + 10, "<U"), "<U5'", 4);
  m += 10 + le(m + 8, 2); /* three texts of five characters of four bytes */
  assert_int_equal(le(m, 4), 'd');
  assert_int_equal(le(m + 20, 4), 0x431);
  assert_int_equal(le(m + 28, 4), 0x441);
  assert_int_equal(le(m + 32, 4), 0);
  assert_int_equal(le(m + 44, 4), 0xfffd);
  aus_free(ctx, zip);
  assert_int_equal(aus_npz_open(ctx, path, 0, &z), AUS_EEXIST);
  unlink(path);
  aus_ctx_destroy(ctx);
}

static void what_is_too_large(void **state)
{
  (void)state;
  aus_ctx *ctx = test_ctx(1);
  const int64_t huge[2] = { 1 << 20, 1 << 20 };
  const float x = 0;
  char path[64];
  aus_npz *z;
  snprintf(path, sizeof path, "test_npz.%ld.npz", (long)getpid());
  assert_ok(ctx, aus_npz_open(ctx, path, 1, &z));
  assert_int_equal(aus_npz_add_f32(z, "x", 2, huge, &x), AUS_ELIMIT);
  aus_npz_abort(z);
  assert_int_equal(access(path, F_OK), -1);
  aus_ctx_destroy(ctx);
}

int main(void)
{
  const struct CMUnitTest tests[] = { cmocka_unit_test(arrays), cmocka_unit_test(what_is_too_large) };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
