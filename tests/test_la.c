/* test_la.c - Cholesky, weighted ridge, lasso path. Golden values: specs/audiolime.md 2.4 (computed
 * with scikit-learn) and closed forms. */
#include "test.h"
#include "isa.h"
#include "la/la.h"
#include "la/moments.h"

static double uniform(aus_rng *r) { return 2 * aus_rng_uniform(r) - 1; }

static void cholesky_solves(void **state)
{
  (void)state;
  aus_ctx *ctx = test_ctx(1);
  aus_rng rng;
  aus_rng_init(&rng, 1, 0);
  for (int n = 1; n <= 40; n += 3) {
    double m[40 * 40], a[40 * 40], l[40 * 40], x[40 * 3], b[40 * 3];
    for (int i = 0; i < n * n; i++) m[i] = uniform(&rng);
    for (int i = 0; i < n; i++)
      for (int j = 0; j < n; j++) {
        a[i * n + j] = i == j ? 0.5 : 0;
        for (int k = 0; k < n; k++) a[i * n + j] += m[i * n + k] * m[j * n + k];
      }
    memcpy(l, a, sizeof a);
    assert_ok(ctx, aus_cholesky(ctx, n, l));
    for (int i = 0; i < n * 3; i++) x[i] = b[i] = uniform(&rng);
    aus_cholesky_solve(n, 3, l, x);
    for (int i = 0; i < n; i++)
      for (int c = 0; c < 3; c++) {
        double s = 0;
        for (int k = 0; k < n; k++) s += a[i * n + k] * x[k * 3 + c];
        assert_near(s, b[i * 3 + c], 1e-11);
      }
  }
  double bad[4] = { 1, 2, 2, 1 };
  assert_int_equal(aus_cholesky(ctx, 2, bad), AUS_EINVAL);
  assert_non_null(strstr(aus_ctx_error(ctx), "not positive definite"));
  aus_ctx_destroy(ctx);
}

/* The matrix is put together again from what was found; vectors are orthonormal and sorted. Equal eigenvalues, diagonal
 * matrices and single entries are where such routines break. */
static void eigenvectors_rebuild_the_matrix(void **state)
{
  (void)state;
  enum { MOST = 67 };
  static double a[MOST * MOST], work[MOST * MOST], value[MOST], vector[MOST * MOST];
  aus_ctx *ctx = test_ctx(1);
  aus_rng rng;
  aus_rng_init(&rng, 2, 0);
  for (int n = 1; n <= MOST; n += n < 12 ? 1 : 11)
    for (int kind = 0; kind < 4; kind++) { /* random; of rank 2; diagonal with twins; all zero */
      for (int i = 0; i < n; i++)
        for (int j = 0; j <= i; j++)
          a[i * n + j] = a[j * n + i] = kind == 0 ? uniform(&rng) : kind == 1 ? sin(i) * sin(j) + cos(2 * i) * cos(2 * j) : kind == 2 ? (i == j) * (i % 3) : 0;
      memcpy(work, a, sizeof a);
      assert_ok(ctx, aus_eigen_symmetric(ctx, n, work, value, vector));
      for (int i = 0; i < n; i++)
        for (int j = 0; j < n; j++) {
          double s = 0, unit = 0;
          for (int e = 0; e < n; e++) {
            s += value[e] * vector[e * n + i] * vector[e * n + j];
            unit += vector[i * n + e] * vector[j * n + e];
          }
          assert_near(s, a[i * n + j], 1e-12);
          assert_near(unit, i == j, 1e-12);
        }
      for (int e = 1; e < n; e++) assert_true(value[e] <= value[e - 1]);
    }
  memset(a, 0, sizeof a);
  a[1] = a[2] = NAN;
  assert_int_equal(aus_eigen_symmetric(ctx, 2, a, value, vector), AUS_EINVAL);
  aus_ctx_destroy(ctx);
}

/* all 2^d rows in the order of itertools.product([1, 0], repeat = d), with LIME's cosine kernel weights */
static int64_t neighbourhood(int d, double width, uint8_t *z, double *pi)
{
  const int64_t rows = (int64_t)1 << d;
  for (int64_t r = 0; r < rows; r++) {
    int ones = 0;
    for (int j = 0; j < d; j++) ones += z[r * d + j] = !(r >> (d - 1 - j) & 1);
    const double distance = 1 - sqrt((double)ones / d);
    pi[r] = exp(-distance * distance / (2 * width * width));
  }
  return rows;
}

static float f_linear(const uint8_t *z) { return 0.1f + 0.5f * z[0] - 0.2f * z[1] + 0.3f * z[2]; }
static float f_and(const uint8_t *z) { return (float)(z[0] & z[1]); }
static float f_sigmoid(const uint8_t *z) { return (float)(1 / (1 + exp(-(-2 + .5 * z[0] + 3 * z[1] - z[2] + .7 * z[3] * z[4])))); }

struct golden { float (*f)(const uint8_t *z); int d; double w[5], w0, r2; };
static const struct golden goldens[] = { /* audiolime.md 2.4: kernel width 0.25, alpha 1 */
  { f_linear, 4, { .316909292, -.150413082, .183388614, -.016892404 }, .274441232, .875367262 },
  { f_sigmoid, 5, { .057291507, .449306302, -.140450539, .048389607, .048389607 }, .199193573, .939137986 },
  { f_and, 4, { .42210477, .42210477, -.033172012, -.033172012 }, -.10507903, .684478192 },
};

static void ridge_golden_vectors(void **state)
{
  (void)state;
  aus_ctx *ctx = test_ctx(1);
  uint8_t z[32 * 5];
  double pi[32], w[5], w0, r2;
  float y[32];
  for (size_t g = 0; g < sizeof goldens / sizeof *goldens; g++) {
    const struct golden *t = &goldens[g];
    const int64_t rows = neighbourhood(t->d, 0.25, z, pi);
    for (int64_t r = 0; r < rows; r++) y[r] = t->f(z + r * t->d);
    assert_ok(ctx, aus_weighted_ridge(ctx, rows, t->d, 1, z, pi, y, 1.0, w, &w0, &r2));
    for (int j = 0; j < t->d; j++) assert_near(w[j], t->w[j], 1e-6);
    assert_near(w0, t->w0, 1e-6);
    assert_near(r2, t->r2, 1e-6);
  }
  aus_ctx_destroy(ctx);
}

/* The definition, in long double, by Gaussian elimination on the augmented normal equations. */
static void reference_fit(int64_t rows, int d, const uint8_t *z, const double *pi, const float *y, int labels, int label, double alpha, double *w, double *w0)
{
  enum { MAX = 40 };
  static long double a[MAX][MAX + 1];
  const int n = d + 1; /* last unknown: intercept */
  memset(a, 0, sizeof a);
  for (int64_t r = 0; r < rows; r++) {
    long double row[MAX];
    for (int j = 0; j < d; j++) row[j] = z[r * d + j];
    row[d] = 1;
    for (int i = 0; i < n; i++) {
      for (int j = 0; j < n; j++) a[i][j] += (long double)pi[r] * row[i] * row[j];
      a[i][n] += (long double)pi[r] * row[i] * (long double)y[r * labels + label];
    }
  }
  for (int j = 0; j < d; j++) a[j][j] += (long double)alpha;
  for (int c = 0; c < n; c++)
    for (int r = 0; r < n; r++) {
      if (r == c) continue;
      const long double f = a[r][c] / a[c][c];
      for (int j = c; j <= n; j++) a[r][j] -= f * a[c][j];
    }
  for (int j = 0; j < d; j++) w[j] = (double)(a[j][n] / a[j][j]);
  *w0 = (double)(a[d][n] / a[d][d]);
}

static void fit_random(int64_t rows, int d, int labels, double alpha, bool by_ones, int threads)
{
  aus_ctx *ctx = test_ctx(threads);
  aus_rng rng;
  aus_rng_init(&rng, 3, (uint64_t)d);
  uint8_t *z = malloc((size_t)(rows * d));
  double *pi = malloc((size_t)rows * sizeof *pi), *w = malloc((size_t)(labels * d) * sizeof *w), w0[8], r2[8], ref[40], ref0;
  float *y = malloc((size_t)(rows * labels) * sizeof *y);
  for (int64_t r = 0; r < rows; r++) {
    int ones = 0;
    for (int j = 0; j < d; j++) ones += z[r * d + j] = (uint8_t)aus_rng_below(&rng, 2);
    const double distance = 1 - sqrt((double)ones / d);
    pi[r] = by_ones ? exp(-8 * distance * distance) + 1e-3 : aus_rng_uniform(&rng);
    for (int l = 0; l < labels; l++) y[r * labels + l] = (float)(uniform(&rng) + 3 * z[r * d + l % d]);
  }
  assert_ok(ctx, aus_weighted_ridge(ctx, rows, d, labels, z, pi, y, alpha, w, w0, r2));
  for (int l = 0; l < labels; l++) {
    reference_fit(rows, d, z, pi, y, labels, l, alpha, ref, &ref0);
    double res = 0, total = 0, sum = 0, mean = 0;
    for (int64_t r = 0; r < rows; r++) { sum += pi[r]; mean += pi[r] * (double)y[r * labels + l]; }
    mean /= sum;
    for (int64_t r = 0; r < rows; r++) {
      double fit = ref0;
      for (int j = 0; j < d; j++) fit += ref[j] * z[r * d + j];
      const double e = (double)y[r * labels + l] - fit, t = (double)y[r * labels + l] - mean;
      res += pi[r] * e * e; total += pi[r] * t * t;
    }
    for (int j = 0; j < d; j++) assert_near(w[l * d + j], ref[j], 1e-10);
    assert_near(w0[l], ref0, 1e-9);
    assert_near(r2[l], 1 - res / total, 1e-10);
  }
  free(z); free(pi); free(w); free(y);
  aus_ctx_destroy(ctx);
}

static void ridge_against_its_definition(void **state)
{
  (void)state;
  static const int d[] = { 1, 2, 7, 8, 9, 16, 33 };
  for (size_t i = 0; i < sizeof d / sizeof *d; i++)
    for (int by_ones = 0; by_ones < 2; by_ones++) {
      fit_random(700, d[i], 3, 1.0, by_ones, 1);
      fit_random(519, d[i], 8, 0.0, by_ones, 2);
    }
}

/* G and c of a random table by their definition, in long double. */
static void moments_by_definition(int64_t rows, int d, const uint8_t *z, const double *pi, const float *y, double *gram, double *zy)
{
  long double w = 0, ybar = 0, zbar[80] = { 0 };
  for (int64_t r = 0; r < rows; r++) {
    w += (long double)pi[r];
    ybar += (long double)pi[r] * (long double)y[r];
    for (int j = 0; j < d; j++) zbar[j] += (long double)pi[r] * z[r * d + j];
  }
  for (int i = 0; i < d; i++) {
    long double c = 0;
    for (int64_t r = 0; r < rows; r++) c += (long double)pi[r] * (z[r * d + i] - zbar[i] / w) * ((long double)y[r] - ybar / w);
    zy[i] = (double)c;
    for (int j = 0; j < d; j++) {
      long double g = 0;
      for (int64_t r = 0; r < rows; r++) g += (long double)pi[r] * (z[r * d + i] - zbar[i] / w) * (z[r * d + j] - zbar[j] / w);
      gram[i * d + j] = (double)g;
    }
  }
}

/* Counting bits is exact for any d on every instruction set; any weights in blocks are good to single precision; and a row with
 * a byte that is neither 0 nor 1 must not be counted. */
static void moments_of_large_tables(void **state)
{
  (void)state;
  enum { ROWS = 700, D = 61 };
  static uint8_t z[ROWS * D];
  static double by_ones[ROWS], any[ROWS], gram[D * D], zy[D];
  static float y[ROWS];
  aus_rng rng;
  aus_rng_init(&rng, 11, 0);
  for (int r = 0; r < ROWS; r++) {
    int ones = 0;
    for (int j = 0; j < D; j++) ones += z[r * D + j] = (uint8_t)aus_rng_below(&rng, 2);
    by_ones[r] = exp(-0.01 * (D - ones) * (D - ones));
    any[r] = aus_rng_uniform(&rng);
    y[r] = (float)(uniform(&rng) + z[r * D + 3]);
  }
  const aus_kernels *tables[4];
  const int isas = isa_tables(tables);
  for (int isa = 0; isa < isas; isa++) {
    aus_ctx *ctx = isa_ctx(tables[isa], 2);
    aus_moments m;
    assert_ok(ctx, aus_moments_alloc(ctx, D, 1, &m));
    moments_by_definition(ROWS, D, z, by_ones, y, gram, zy);
    assert_ok(ctx, aus_moments_by_count(ctx, ROWS, z, by_ones, y, &m));
    for (int i = 0; i < D * D; i++) assert_near(m.gram[i], gram[i], 1e-12 * m.weight);
    for (int i = 0; i < D; i++) assert_near(m.zy[i], zy[i], 1e-12 * m.weight);
    moments_by_definition(ROWS, D, z, any, y, gram, zy);
    assert_ok(ctx, aus_moments_by_count(ctx, ROWS, z, any, y, &m)); /* falls back */
    for (int i = 0; i < D * D; i++) assert_near(m.gram[i], gram[i], 2e-7 * m.weight);
    for (int i = 0; i < D; i++) assert_near(m.zy[i], zy[i], 2e-7 * m.weight);
    aus_moments_free(ctx, &m);
    aus_ctx_destroy(ctx);
  }
}

static void linear_black_box_is_recovered(void **state)
{
  (void)state;
  aus_ctx *ctx = test_ctx(1);
  uint8_t z[256 * 8];
  double pi[256], w[8], w0, r2;
  float y[256];
  const int64_t rows = neighbourhood(8, 0.25, z, pi);
  for (int64_t r = 0; r < rows; r++) { y[r] = 0.25f; for (int j = 0; j < 8; j++) y[r] += (float)(j - 3) * 0.125f * z[r * 8 + j]; }
  assert_ok(ctx, aus_weighted_ridge(ctx, rows, 8, 1, z, pi, y, 0.0, w, &w0, &r2));
  for (int j = 0; j < 8; j++) assert_near(w[j], (j - 3) * 0.125, 1e-12);
  assert_near(w0, 0.25, 1e-12);
  assert_near(r2, 1, 1e-12);
  aus_ctx_destroy(ctx);
}

static void singular_designs_give_the_shortest_answer(void **state)
{
  (void)state;
  aus_ctx *ctx = test_ctx(1);
  /* columns 0 and 1 always go together, column 2 is always on: y = 1 + 3 z0 */
  uint8_t z[8 * 4];
  double pi[8], w[4], w0, r2;
  float y[8];
  for (int r = 0; r < 8; r++) {
    z[4 * r] = z[4 * r + 1] = r & 1;
    z[4 * r + 2] = 1;
    z[4 * r + 3] = r >> 1 & 1;
    pi[r] = 1 + r;
    y[r] = 1.0f + 3.0f * (float)(r & 1);
  }
  assert_ok(ctx, aus_weighted_ridge(ctx, 8, 4, 1, z, pi, y, 0, w, &w0, &r2));
  assert_near(w[0], 1.5, 1e-9); assert_near(w[1], 1.5, 1e-9); assert_near(w[2], 0, 1e-9); assert_near(w[3], 0, 1e-9);
  assert_near(w0, 1, 1e-9);
  assert_near(r2, 1, 1e-9);
  float constant[8] = { 2, 2, 2, 2, 2, 2, 2, 2 };
  assert_ok(ctx, aus_weighted_ridge(ctx, 8, 4, 1, z, pi, constant, 1, w, &w0, &r2));
  assert_near(w0, 2, 1e-12); assert_near(r2, 1, 0);
  pi[3] = -1;
  assert_int_equal(aus_weighted_ridge(ctx, 8, 4, 1, z, pi, y, 1, w, &w0, &r2), AUS_EINVAL);
  pi[3] = 1; y[2] = NAN;
  assert_int_equal(aus_weighted_ridge(ctx, 8, 4, 1, z, pi, y, 1, w, &w0, &r2), AUS_EINVAL);
  memset(pi, 0, sizeof pi);
  assert_int_equal(aus_weighted_ridge(ctx, 8, 4, 1, z, pi, constant, 1, w, &w0, &r2), AUS_EINVAL);
  aus_ctx_destroy(ctx);
}

/* Orthogonal columns: each coefficient is the soft-thresholded least-squares one. And always: the
 * optimality conditions |x_j'(y - xw)| = n alpha where w_j != 0, at most n alpha elsewhere. */
static void lasso_path_is_optimal(void **state)
{
  (void)state;
  enum { N = 60, D = 12, STEPS = 40 };
  aus_ctx *ctx = test_ctx(1);
  aus_rng rng;
  double x[N * D], y[N], coefs[STEPS * D], alphas[STEPS];
  for (int seed = 0; seed < 20; seed++) {
    aus_rng_init(&rng, 4, (uint64_t)seed);
    for (int i = 0; i < N; i++) {
      const double common = uniform(&rng); /* correlated columns make coefficients leave again */
      for (int j = 0; j < D; j++) x[i * D + j] = uniform(&rng) + common * (j & 1);
      y[i] = uniform(&rng) + x[i * D] - 2 * x[i * D + 1] + 1.7 * x[i * D + 3];
    }
    for (int j = 0; j < D; j++) {
      double mean = 0;
      for (int i = 0; i < N; i++) mean += x[i * D + j] / N;
      for (int i = 0; i < N; i++) x[i * D + j] -= mean;
    }
    if (seed == 7) for (int i = 0; i < N; i++) x[i * D + 5] = x[i * D + 2]; /* a duplicate must not break it */
    int32_t steps;
    assert_ok(ctx, aus_lasso_path(ctx, N, D, x, y, STEPS, coefs, alphas, &steps));
    assert_true(steps > D - 2);
    for (int s = 0; s < steps; s++) {
      if (s) assert_true(alphas[s] <= alphas[s - 1] + 1e-12);
      for (int j = 0; j < D; j++) {
        double c = 0;
        for (int i = 0; i < N; i++) {
          double e = y[i];
          for (int q = 0; q < D; q++) e -= x[i * D + q] * coefs[s * D + q];
          c += x[i * D + j] * e;
        }
        const double w = coefs[s * D + j];
        assert_true(fabs(c) <= N * alphas[s] + 1e-8);
        if (fabs(w) > 1e-12) assert_near(c, (w > 0 ? 1 : -1) * N * alphas[s], 1e-8);
      }
    }
    assert_near(alphas[steps - 1], 0, 1e-9);
  }
  aus_ctx_destroy(ctx);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(cholesky_solves), cmocka_unit_test(eigenvectors_rebuild_the_matrix), cmocka_unit_test(ridge_golden_vectors),
    cmocka_unit_test(ridge_against_its_definition), cmocka_unit_test(linear_black_box_is_recovered),
    cmocka_unit_test(moments_of_large_tables),
    cmocka_unit_test(singular_designs_give_the_shortest_answer), cmocka_unit_test(lasso_path_is_optimal),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
