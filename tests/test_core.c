/* test_core.c - known answers for checksums and random numbers; memory; the parallel loop. */
#include "test.h"

static void crc_and_sha_known_answers(void **state)
{
  (void)state;
  assert_int_equal(aus_crc32(0, "123456789", 9), 0xCBF43926u); /* the check value of CRC-32 */
  unsigned char *big = malloc(5000);
  for (int i = 0; i < 5000; i++) big[i] = (unsigned char)(i * 7);
  uint32_t pieces = 0; /* short pieces take the bitwise path, the whole the sliced one */
  for (int i = 0; i < 5000; i += 500) pieces = aus_crc32(pieces, big + i, 500);
  assert_int_equal(aus_crc32(0, big, 5000), pieces);
  free(big);
  aus_sha256 s;
  char hex[65];
  aus_sha256_init(&s);
  aus_sha256_add(&s, "abc", 3);
  aus_sha256_hex(&s, hex);
  assert_string_equal(hex, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"); /* FIPS 180-4 */
}

static void philox_known_answer(void **state)
{
  (void)state;
  aus_rng r; /* Random123's kat_vectors: counter 0, key 0 */
  aus_rng_init(&r, 0, 0);
  assert_int_equal(aus_rng_u32(&r), 0x6627e8d5u);
  assert_int_equal(aus_rng_u32(&r), 0xe169c58du);
  assert_int_equal(aus_rng_u32(&r), 0xbc57ac4cu);
  assert_int_equal(aus_rng_u32(&r), 0x9b00dbd8u);
}

static void sizes_do_not_wrap(void **state)
{
  (void)state;
  size_t n;
  assert_false(aus_mul_size(SIZE_MAX / 2, 3, &n));
  assert_true(aus_mul_size(SIZE_MAX, 1, &n));
  assert_false(aus_add_size(SIZE_MAX, 1, &n));
  aus_ctx *ctx = test_ctx(1);
  assert_null(aus_alloc(ctx, SIZE_MAX / 2, 4));
  assert_non_null(strstr(aus_ctx_error(ctx), "out of memory"));
  void *p = aus_alloc(ctx, 3, 5);
  assert_int_equal((uintptr_t)p % AUS_ALIGN, 0);
  aus_free(ctx, p);
  aus_ctx_destroy(ctx);
}

static void mark(void *arg, int64_t begin, int64_t end, int worker)
{
  int *seen = arg;
  (void)worker;
  for (int64_t i = begin; i < end; i++) seen[i]++;
}

static void parallel_for_covers_each_item_once(void **state)
{
  (void)state;
  for (int threads = 1; threads <= 3; threads++) {
    aus_ctx *ctx = test_ctx(threads);
    for (int n = 0; n < 70; n++) {
      int seen[70] = {0};
      aus_parallel_for(ctx, n, 3, mark, seen);
      for (int i = 0; i < 70; i++) assert_int_equal(seen[i], i < n);
    }
    aus_ctx_destroy(ctx);
  }
}

int main(void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(crc_and_sha_known_answers),
    cmocka_unit_test(philox_known_answer),
    cmocka_unit_test(sizes_do_not_wrap),
    cmocka_unit_test(parallel_for_covers_each_item_once),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
