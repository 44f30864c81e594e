/* test_gemm.c - matrix products: every instruction set, edges of every tile, both transpositions, guard
 * pages, against double with the bound c eps sum |a b|; the same bits for 1, 2 and 3 threads. */
#include "guard.h"
#include "isa.h"
#include "la/la.h"

struct shape { int m, n, k; };

/* |got - want| <= 2 eps sqrt(k + 4) (sum |a b| + |beta c|): a chain of k roundings, random walk with room */
static void check(const char *isa, struct shape s, bool ta, bool tb, float alpha, const float *a, int lda, const float *b, int ldb,
                  float beta, const float *c0, const float *bias, const float *c, int ldc)
{
  for (int i = 0; i < s.m; i++)
    for (int j = 0; j < s.n; j++) {
      double want = 0, size = 0;
      for (int p = 0; p < s.k; p++) {
        const double t = (double)(ta ? a[p * lda + i] : a[i * lda + p]) * (double)(tb ? b[j * ldb + p] : b[p * ldb + j]);
        want += t; size += fabs(t);
      }
      want *= (double)alpha; size *= fabs((double)alpha);
      if (beta != 0) { want += (double)beta * (double)c0[i * ldc + j]; size += fabs((double)beta * (double)c0[i * ldc + j]); }
      if (bias) { want += (double)bias[j]; size += fabs((double)bias[j]); }
      const double bound = 2 * 6e-8 * sqrt(s.k + 4.0) * size + 1e-30;
      if (!(fabs((double)c[i * ldc + j] - want) <= bound))
        fail_msg("%s %dx%dx%d ta %d tb %d at %d,%d: %.9g, want %.9g", isa, s.m, s.n, s.k, ta, tb, i, j, (double)c[i * ldc + j], want);
    }
}

/* One product with leading dimensions `slack` wider than need be and everything between guards. */
static void one(const aus_kernels *table, struct shape s, bool ta, bool tb, float alpha, float beta, int slack, int end)
{
  const int lda = (ta ? s.m : s.k) + slack, ldb = (tb ? s.k : s.n) + slack, ldc = s.n + slack;
  const int rows_a = ta ? s.k : s.m, rows_b = tb ? s.n : s.k;
  guard a = guard_floats((size_t)(rows_a ? rows_a * lda - slack : 0), end, 1), b = guard_floats((size_t)(rows_b ? rows_b * ldb - slack : 0), end, 2);
  guard c = guard_floats((size_t)(s.m * ldc - slack), end, 3), c0 = guard_floats((size_t)(s.m * ldc - slack), end, 3);
  float *pc = c.p;
  if (beta == 0) for (int i = 0; i < s.m; i++) for (int j = 0; j < s.n; j++) pc[i * ldc + j] = NAN; /* must not be read */
  aus_ctx *ctx = isa_ctx(table, 1);
  assert_ok(ctx, aus_sgemm(ctx, ta, tb, s.m, s.n, s.k, alpha, a.p, lda, b.p, ldb, beta, c.p, ldc));
  check(table->name, s, ta, tb, alpha, a.p, lda, b.p, ldb, beta, c0.p, NULL, c.p, ldc);
  for (int i = 0; i + 1 < s.m; i++) /* what lies between rows is untouched */
    assert_memory_equal(pc + i * ldc + s.n, (float *)c0.p + i * ldc + s.n, (size_t)slack * sizeof(float));
  aus_ctx_destroy(ctx);
  guard_free(&a); guard_free(&b); guard_free(&c); guard_free(&c0);
}

static void small_shapes(void **state)
{
  (void)state;
  static const int m[] = { 1, 2, 3, 5, 6, 7, 8, 13, 14, 15, 16, 17, 29, 64 }, n[] = { 1, 2, 4, 7, 8, 12, 15, 16, 17, 24, 31, 32, 33, 48, 67 };
  static const int k[] = { 1, 2, 3, 16, 33 };
  const aus_kernels *table[4];
  const int tables = isa_tables(table);
  int turn = 0;
  for (int t = 0; t < tables; t++)
    for (size_t i = 0; i < sizeof m / sizeof *m; i++)
      for (size_t j = 0; j < sizeof n / sizeof *n; j++)
        for (size_t p = 0; p < sizeof k / sizeof *k; p++, turn++) {
          const struct shape s = { m[i], n[j], k[p] };
          one(table[t], s, turn & 1, turn & 2, turn % 3 ? 1.0f : -0.7f, turn % 5 == 0 ? 0.5f : turn % 5 == 1 ? 1.0f : 0.0f, turn % 7 == 0 ? 3 : 0, turn % 11 & 1);
        }
}

static void lengths_0_to_67(void **state)
{
  (void)state;
  const aus_kernels *table[4];
  const int tables = isa_tables(table);
  for (int t = 0; t < tables; t++)
    for (int l = 0; l <= 67; l++)
      for (int kind = 0; kind < 4; kind++) {
        if (l) one(table[t], (struct shape){ l, 19, 9 }, kind & 1, kind & 2, 1, 0, 0, 1);
        if (l) one(table[t], (struct shape){ 9, l, 10 }, kind & 1, kind & 2, 1, 1, 0, 1);
        one(table[t], (struct shape){ 5, 37, l }, kind & 1, kind & 2, 1, 0, 0, 1);
        if (l) one(table[t], (struct shape){ 1, l, 40 }, kind & 1, kind & 2, 1, 0, 0, 1);
        if (l) one(table[t], (struct shape){ l, 1, 40 }, kind & 1, kind & 2, 1, 1, 0, 1);
      }
}

/* Shapes that cross the blocks: k cut, many row blocks, several column blocks. */
static void large_shapes(void **state)
{
  (void)state;
  static const struct shape shapes[] = { { 300, 40, 700 }, { 270, 300, 601 }, { 100, 600, 900 }, { 16, 500, 2000 }, { 2100, 33, 20 }, { 30, 2500, 40 }, { 70, 130, 1024 } };
  const aus_kernels *table[4];
  const int tables = isa_tables(table);
  for (int t = 0; t < tables; t++)
    for (size_t i = 0; i < sizeof shapes / sizeof *shapes; i++) {
      one(table[t], shapes[i], false, false, 1, 0, 0, 1);
      if (t > 0) one(table[t], shapes[i], i & 1, !(i & 1), 1, 1, 1, 1);
    }
}

static void packed_weights(void **state)
{
  (void)state;
  static const struct shape shapes[] = { { 1, 33, 70 }, { 7, 100, 801 }, { 16, 64, 64 }, { 300, 50, 30 }, { 40, 10, 3 }, { 5, 7, 0 } };
  const aus_kernels *table[4];
  const int tables = isa_tables(table);
  for (int t = 0; t < tables; t++)
    for (size_t i = 0; i < sizeof shapes / sizeof *shapes; i++)
      for (int tb = 0; tb < 2; tb++) {
        const struct shape s = shapes[i];
        aus_ctx *ctx = isa_ctx(table[t], 1);
        guard a = guard_floats((size_t)(s.m * s.k), 1, 1), b = guard_floats((size_t)(s.k * s.n), 1, 2), bias = guard_floats((size_t)s.n, 1, 3);
        guard c = guard_floats((size_t)(s.m * s.n), 1, 4), packed = guard_new(aus_sgemm_packed_b_size(ctx, s.n, s.k), 1);
        void *scratch = aus_alloc(ctx, 1, aus_sgemm_scratch(ctx, s.m, s.n, s.k));
        const int ldb = tb ? s.k : s.n;
        aus_sgemm_pack_b(ctx, tb, s.n, s.k, b.p, ldb, packed.p);
        for (int with = 0; with < 2; with++) {
          aus_sgemm_run_packed_b(ctx, s.m, s.n, s.k, a.p, s.k, packed.p, with ? bias.p : NULL, c.p, s.n, scratch);
          check(table[t]->name, s, false, tb, 1, a.p, s.k, b.p, ldb, 0, NULL, with ? bias.p : NULL, c.p, s.n);
        }
        aus_free(ctx, scratch);
        aus_ctx_destroy(ctx);
        guard_free(&a); guard_free(&b); guard_free(&bias); guard_free(&c); guard_free(&packed);
      }
}

static void matrix_vector(void **state)
{
  (void)state;
  const aus_kernels *table[4];
  const int tables = isa_tables(table);
  for (int t = 0; t < tables; t++)
    for (int n = 0; n <= 67; n++)
      for (int m = 1; m <= 9; m += 2) {
        guard a = guard_floats((size_t)(m * n), 1, 1), x = guard_floats((size_t)n, 1, 2), y = guard_floats((size_t)m, 1, 3), y0 = guard_floats((size_t)m, 1, 3);
        aus_ctx *ctx = isa_ctx(table[t], 1);
        aus_sgemv(ctx, m, n, a.p, n, x.p, true, y.p);
        check(table[t]->name, (struct shape){ m, 1, n }, false, false, 1, a.p, n, x.p, 1, 1, y0.p, NULL, y.p, 1);
        aus_sgemv(ctx, m, n, a.p, n, x.p, false, y.p);
        check(table[t]->name, (struct shape){ m, 1, n }, false, false, 1, a.p, n, x.p, 1, 0, y0.p, NULL, y.p, 1);
        aus_ctx_destroy(ctx);
        guard_free(&a); guard_free(&x); guard_free(&y); guard_free(&y0);
      }
}

static void same_bits_for_any_number_of_threads(void **state)
{
  (void)state;
  static const struct shape shapes[] = { { 300, 300, 700 }, { 33, 2000, 400 }, { 1, 3000, 500 }, { 3000, 1, 500 }, { 600, 24, 1500 }, { 200, 200, 200 } };
  const aus_kernels *table[4];
  const int tables = isa_tables(table);
  for (int t = 0; t < tables; t++)
    for (size_t i = 0; i < sizeof shapes / sizeof *shapes; i++) {
      const struct shape s = shapes[i];
      guard a = guard_floats((size_t)(s.m * s.k), 1, 1), b = guard_floats((size_t)(s.k * s.n), 1, 2);
      guard c1 = guard_floats((size_t)(s.m * s.n), 1, 3), c = guard_floats((size_t)(s.m * s.n), 1, 4);
      for (int threads = 1; threads <= 3; threads++) {
        aus_ctx *ctx = isa_ctx(table[t], threads);
        assert_ok(ctx, aus_sgemm(ctx, false, false, s.m, s.n, s.k, 1, a.p, s.k, b.p, s.n, 0, threads == 1 ? c1.p : c.p, s.n));
        if (threads > 1) assert_memory_equal(c1.p, c.p, (size_t)(s.m * s.n) * sizeof(float));
        aus_ctx_destroy(ctx);
      }
      guard_free(&a); guard_free(&b); guard_free(&c1); guard_free(&c);
    }
}

int main(void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(small_shapes), cmocka_unit_test(lengths_0_to_67), cmocka_unit_test(large_shapes), cmocka_unit_test(packed_weights),
    cmocka_unit_test(matrix_vector), cmocka_unit_test(same_bits_for_any_number_of_threads),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
