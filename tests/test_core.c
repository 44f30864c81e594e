/* test_core.c - known answers for checksums and random numbers; memory; the parallel loop. */
#include "test.h"

#include <sys/wait.h>
#include <unistd.h>

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

/* ---- the pool under stress: many short loops, nested loops, host threads, fork -------------- */

static void add_one(void *arg, int64_t begin, int64_t end, int worker)
{
  unsigned char *seen = arg;
  assert_in_range(worker, 0, 3);
  for (int64_t i = begin; i < end; i++) seen[i]++;
}

static void many_short_loops(void **state)
{
  (void)state;
  aus_ctx *ctx = test_ctx(4);
  static unsigned char seen[512];
  memset(seen, 0, sizeof seen);
  for (int round = 0; round < 200; round++) {
    aus_parallel_for(ctx, 512, 3, add_one, seen);
    if (round % 50 == 0) { /* let the threads fall asleep */
      const double from = aus_now();
      while (aus_now() - from < 2e-3) { }
    }
  }
  for (int i = 0; i < 512; i++) assert_int_equal(seen[i], 200);
  aus_ctx_destroy(ctx);
}

struct nest { aus_ctx *ctx; unsigned char seen[8][64]; };
static void outer(void *arg, int64_t begin, int64_t end, int worker)
{
  struct nest *n = arg;
  (void)worker;
  for (int64_t i = begin; i < end; i++) aus_parallel_for(n->ctx, 64, 4, add_one, n->seen[i]);
}

static void nested_loops_run_serially(void **state)
{
  (void)state;
  struct nest n = { .ctx = test_ctx(3) };
  aus_parallel_for(n.ctx, 8, 1, outer, &n);
  for (int i = 0; i < 8; i++)
    for (int j = 0; j < 64; j++) assert_int_equal(n.seen[i][j], 1);
  aus_ctx_destroy(n.ctx);
}

static void flushes(void *arg, int64_t begin, int64_t end, int worker)
{
  volatile float tiny = 1e-38f;
  int *flushed = arg;
  (void)worker;
  for (int64_t i = begin; i < end; i++) flushed[i] = tiny * 0.1f == 0.0f;
}

static void host_loop(void *user, int64_t n, int64_t grain, aus_range_fn fn, void *arg)
{
  ++*(int *)user;
  for (int64_t i = n - 1; i >= 0; i--) fn(arg, i, i + 1, (int)(i % 2)); /* backwards, one at a time */
  (void)grain;
}

/* Subnormals are zero inside a loop with every back end, and the caller's mode comes back. */
static void subnormals_are_zero_inside_only(void **state)
{
  (void)state;
#if defined(__x86_64__) || defined(__aarch64__)
  int calls = 0, flushed[64];
  const aus_config hosted = { .threads = 2, .parallel = host_loop, .user = &calls };
  for (int kind = 0; kind < 4; kind++) {
    aus_ctx *ctx = NULL;
    if (kind < 3) ctx = test_ctx(kind + 1);
    else assert_int_equal(aus_ctx_create(&ctx, &hosted), AUS_OK);
    memset(flushed, 0, sizeof flushed);
    aus_parallel_for(ctx, 64, 1, flushes, flushed);
    for (int i = 0; i < 64; i++) assert_int_equal(flushed[i], 1);
    volatile float tiny = 1e-38f;
    assert_true(tiny * 0.1f != 0.0f);
    aus_ctx_destroy(ctx);
  }
  assert_int_equal(calls, 1);
#endif
}

static void a_forked_child_can_still_work(void **state)
{
  (void)state;
  static unsigned char seen[512];
  aus_ctx *ctx = test_ctx(3);
  memset(seen, 0, sizeof seen);
  aus_parallel_for(ctx, 512, 1, add_one, seen);
#ifndef _OPENMP /* libgomp's threads do not survive fork: docs/architecture.md */
  fflush(stdout);
  const pid_t child = fork();
  assert_true(child >= 0);
  if (child == 0) {
    aus_parallel_for(ctx, 512, 1, add_one, seen);
    int ok = 1;
    for (int i = 0; i < 512; i++) ok &= seen[i] == 2;
    aus_ctx_destroy(ctx);
    _exit(ok ? 0 : 1);
  }
  int status = 1;
  assert_int_equal(waitpid(child, &status, 0), child);
  assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
#endif
  aus_ctx_destroy(ctx);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(crc_and_sha_known_answers),
    cmocka_unit_test(philox_known_answer),
    cmocka_unit_test(sizes_do_not_wrap),
    cmocka_unit_test(parallel_for_covers_each_item_once),
    cmocka_unit_test(many_short_loops),
    cmocka_unit_test(nested_loops_run_serially),
    cmocka_unit_test(subnormals_are_zero_inside_only),
    cmocka_unit_test(a_forked_child_can_still_work),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
