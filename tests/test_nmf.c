/* test_nmf.c - NMF against scikit-learn and numpy, descent, planted atoms, threads, projection, merging. */
#include "test.h"

#include <auscult/nmf.h>

#include "nmf/divergence.h"

#include "golden/nmf.h"

static void check_golden(double beta, int unit_norm, double mu, const float *want_w, const float *want_h)
{
  aus_ctx *ctx = test_ctx(1);
  float w[GF * GK], h[GK * GN];
  memcpy(w, golden_w0, sizeof w);
  memcpy(h, golden_h0, sizeof h);
  aus_nmf_config c;
  aus_nmf_defaults(&c);
  c.atoms = GK; c.beta = beta; c.unit_norm = unit_norm; c.mu = mu; c.max_iterations = GITERS; c.tolerance = 0;
  c.warm_w = c.warm_h = 1;
  assert_ok(ctx, aus_nmf_fit(ctx, &c, GF, GN, golden_v, w, h, NULL));
  for (int i = 0; i < GF * GK; i++) assert_near(w[i], want_w[i], 2e-5 * (1 + fabs(want_w[i])));
  for (int i = 0; i < GK * GN; i++) assert_near(h[i], want_h[i], 2e-5 * (1 + fabs(want_h[i])));
  aus_ctx_destroy(ctx);
}

static void plain_equals_scikit_learn(void **state)
{
  (void)state;
  check_golden(1.0, 0, 0.0, sk_kl_w, sk_kl_h);
  check_golden(2.0, 0, 0.0, sk_eu_w, sk_eu_h);
}

static void sparse_equals_the_written_out_updates(void **state)
{
  (void)state;
  check_golden(1.0, 1, 0.05, sp_kl_w, sp_kl_h);
  check_golden(2.0, 1, 0.05, sp_eu_w, sp_eu_h);
  check_golden(0.0, 1, 0.05, sp_is_w, sp_is_h);
  check_golden(1.5, 1, 0.05, sp_mid_w, sp_mid_h);
}

/* One iteration of the sparse updates in double, as [LeRoux15] writes them. */
static void update_written_out(double beta, double mu, int f, int n, int k, const float *v, double *w, double *h)
{
  double *l = calloc((size_t)(f * n), sizeof *l), *N = calloc((size_t)(2 * f * k), sizeof *N), *P = N + f * k;
  for (int pass = 0; pass < 2; pass++) {
    for (int i = 0; i < f; i++)
      for (int t = 0; t < n; t++) {
        double sum = 0;
        for (int a = 0; a < k; a++) sum += w[i * k + a] * h[a * n + t];
        l[i * n + t] = fmax(sum, 1e-9);
      }
    for (int a = 0; a < k && pass == 0; a++)
      for (int t = 0; t < n; t++) {
        double num = 0, den = mu;
        for (int i = 0; i < f; i++) {
          num += w[i * k + a] * (double)v[i * n + t] * pow(l[i * n + t], beta - 2);
          den += w[i * k + a] * pow(l[i * n + t], beta - 1);
        }
        h[a * n + t] *= num / den;
      }
  }
  for (int a = 0; a < k; a++) {
    double sN = 0, sP = 0, norm = 0;
    for (int i = 0; i < f; i++) {
      for (int t = 0; t < n; t++) {
        N[i * k + a] += (double)v[i * n + t] * pow(l[i * n + t], beta - 2) * h[a * n + t];
        P[i * k + a] += pow(l[i * n + t], beta - 1) * h[a * n + t];
      }
      sN += N[i * k + a] * w[i * k + a];
      sP += P[i * k + a] * w[i * k + a];
    }
    for (int i = 0; i < f; i++) {
      double *x = &w[i * k + a];
      *x *= (N[i * k + a] + *x * sP) / (P[i * k + a] + *x * sN);
      norm += *x * *x;
    }
    for (int i = 0; i < f; i++) w[i * k + a] /= sqrt(norm);
  }
  free(l), free(N);
}

/* Many atoms, many bins, ragged panels: every way a product is cut. */
static void check_size(double beta, int f, int n, int k)
{
  aus_ctx *ctx = test_ctx(2);
  float *v = calloc((size_t)(f * n), sizeof *v), *w = calloc((size_t)(f * k), sizeof *w), *h = calloc((size_t)(k * n), sizeof *h);
  double *w2 = calloc((size_t)(f * k), sizeof *w2), *h2 = calloc((size_t)(k * n), sizeof *h2);
  aus_nmf_config c;
  aus_rng r;
  aus_rng_init(&r, 7, 7);
  for (int i = 0; i < f * n; i++) v[i] = (float)(aus_rng_uniform(&r) + 0.01);
  aus_nmf_defaults(&c);
  c.atoms = k; c.beta = beta; c.mu = 0.1; c.tolerance = 0; c.max_iterations = 0;
  assert_ok(ctx, aus_nmf_fit(ctx, &c, f, n, v, w, h, NULL)); /* the start */
  for (int i = 0; i < f * k; i++) w2[i] = (double)w[i];
  for (int i = 0; i < k * n; i++) h2[i] = (double)h[i];
  c.max_iterations = 3; c.warm_w = c.warm_h = 1;
  assert_ok(ctx, aus_nmf_fit(ctx, &c, f, n, v, w, h, NULL));
  for (int it = 0; it < 3; it++) update_written_out(beta, 0.1, f, n, k, v, w2, h2);
  for (int i = 0; i < f * k; i++) assert_near(w[i], w2[i], 2e-5 * (w2[i] + 0.01));
  for (int i = 0; i < k * n; i++) assert_near(h[i], h2[i], 2e-5 * (h2[i] + 0.01));
  free(v), free(w), free(h), free(w2), free(h2);
  aus_ctx_destroy(ctx);
}

static void every_size(void **state)
{
  (void)state;
  static const int size[4][3] = { { 71, 300, 37 }, { 650, 33, 3 }, { 17, 9, 350 }, { 1, 129, 1 } };
  for (int i = 0; i < 4; i++)
    for (int b = 0; b < 4; b++) check_size((const double[]){ 2, 1, 0, 0.5 }[b], size[i][0], size[i][1], size[i][2]);
}

enum { F = 40, N = 300, K = 4 };

/* Atoms with disjoint support, activations that are zero half of the time: unique up to scale. */
static void plant(float *w, float *h, float *v)
{
  aus_rng r;
  aus_rng_init(&r, 3, 0);
  for (int i = 0; i < F; i++)
    for (int k = 0; k < K; k++) w[i * K + k] = i / 10 == k ? (float)(0.2 + aus_rng_uniform(&r)) : 0.0f;
  for (int k = 0; k < K; k++)
    for (int t = 0; t < N; t++) h[k * N + t] = aus_rng_u32(&r) & 1 ? (float)aus_rng_uniform(&r) : 0.0f;
  for (int i = 0; i < F; i++)
    for (int t = 0; t < N; t++) {
      float sum = 1e-4f;
      for (int k = 0; k < K; k++) sum += w[i * K + k] * h[k * N + t];
      v[i * N + t] = sum;
    }
}

static float cosine(const float *a, int sa, const float *b, int sb)
{
  float ab = 0, aa = 0, bb = 0;
  for (int i = 0; i < F; i++) { ab += a[i * sa] * b[i * sb]; aa += a[i * sa] * a[i * sa]; bb += b[i * sb] * b[i * sb]; }
  return ab / sqrtf(aa * bb);
}

/* D_beta(V | W~ H) + mu sum H in double, W~ = W with columns of norm one: what the updates descend on [LeRoux15]. */
static double objective_of(double beta, double mu, const float *v, const float *w, const float *h)
{
  double sum = 0, norm[K] = { 0 };
  for (int i = 0; i < F * K; i++) norm[i % K] += (double)w[i] * (double)w[i];
  for (int k = 0; k < K; k++) assert_near(norm[k], 1, 1e-6);
  for (int i = 0; i < F; i++)
    for (int t = 0; t < N; t++) {
      double l = 0, x = (double)v[i * N + t];
      for (int k = 0; k < K; k++) l += (double)w[i * K + k] / sqrt(norm[k]) * (double)h[k * N + t];
      l = fmax(l, 1e-9);
      sum += beta == 2 ? 0.5 * (x - l) * (x - l) : beta == 1 ? x * log(x / l) - x + l : x / l - log(x / l) - 1;
    }
  for (int i = 0; i < K * N; i++) sum += mu * (double)h[i];
  return sum;
}

static void objective_never_rises(void **state)
{
  (void)state;
  static float w0[F * K], h0[K * N], v[F * N], w[F * K], h[K * N];
  const double mus[] = { 0, 0.05, 0.8 };
  aus_ctx *ctx = test_ctx(1);
  aus_rng r;
  plant(w0, h0, v);
  aus_rng_init(&r, 9, 9);
  for (int noisy = 0; noisy < 2; noisy++) {
    for (int i = 0; noisy && i < F * N; i++) v[i] += (float)(0.1 * aus_rng_uniform(&r));
    for (int beta = 0; beta < 3; beta++)
      for (int m = 0; m < 3; m++) {
        double last = INFINITY;
        aus_nmf_config c;
        aus_nmf_defaults(&c);
        c.atoms = K; c.beta = beta; c.mu = mus[m]; c.tolerance = 0; c.max_iterations = 1;
        for (int it = 0; it < 100; it++) {
          aus_nmf_result result;
          c.warm_w = c.warm_h = it > 0;
          assert_ok(ctx, aus_nmf_fit(ctx, &c, F, N, v, w, h, &result));
          const double now = objective_of(beta, mus[m], v, w, h);
          if (now > last + 1e-9 * fabs(last)) fail_msg("beta %d mu %g: rises at %d from %.12g to %.12g", beta, mus[m], it, last, now);
          assert_near(result.objective, now, 1e-6 * now + 1e-5);
          last = now;
        }
      }
  }
  aus_ctx_destroy(ctx);
}

/* The kernels' sum of divergences against double, far from and very near to equality, for every length of a tail. */
static void divergence_is_exact_near_and_far(void **state)
{
  (void)state;
  aus_ctx *ctx = test_ctx(1);
  float v[300], l[300];
  aus_rng r;
  aus_rng_init(&r, 5, 5);
  for (int distance = 0; distance < 5; distance++)
    for (int n = 0; n <= 300; n += n < 40 ? 1 : 65) {
      double want[3] = { 0 };
      for (int i = 0; i < n; i++) {
        v[i] = (float)exp(8 * aus_rng_uniform(&r) - 4);
        const double near = pow(10, -distance) * (2 * aus_rng_uniform(&r) - 1);
        l[i] = distance == 0 ? (float)exp(12 * aus_rng_uniform(&r) - 6) : (float)((double)v[i] * (1 + near));
        if (distance == 4 && i % 3 == 0) l[i] = v[i];
        const double x = (double)v[i], y = (double)l[i], f = (x - y) / y;
        want[2] += 0.5 * (x - y) * (x - y);
        want[1] += fabs(f) < 1e-2 ? y * f * f * (1.0 / 2 - f * (1.0 / 6 - f * (1.0 / 12 - f / 20))) : x * log(x / y) - x + y;
        want[0] += fabs(f) < 1e-2 ? f * f * (1.0 / 2 - f * (1.0 / 3 - f * (1.0 / 4 - f / 5))) : f - log1p(f);
      }
      for (int beta = 0; beta < 3; beta++) assert_near(aus_beta_divergence(ctx, beta, n, v, l), want[beta], 2e-6 * want[beta]);
    }
  const float zero = 0, one = 1; /* what is nothing counts as 1e-9 */
  assert_near(aus_beta_divergence(ctx, 1, 1, &one, &zero), log(1e9) - 1 + 1e-9, 1e-5);
  aus_ctx_destroy(ctx);
}

static void planted_atoms_are_found(void **state)
{
  (void)state;
  static float w0[F * K], h0[K * N], v[F * N], w[F * K], h[K * N];
  plant(w0, h0, v);
  aus_ctx *ctx = test_ctx(2);
  for (double beta = 1; beta <= 2; beta++) {
    aus_nmf_config c;
    aus_nmf_defaults(&c);
    c.atoms = K; c.beta = beta; c.mu = 0.01; c.max_iterations = 500; c.seed = 2;
    assert_ok(ctx, aus_nmf_fit(ctx, &c, F, N, v, w, h, NULL));
    for (int k = 0; k < K; k++) {
      float best = 0;
      for (int j = 0; j < K; j++) best = fmaxf(best, cosine(w0 + k, K, w + j, K));
      if (best < 0.99f) fail_msg("beta %g: atom %d found with cosine %.4f only", beta, k, (double)best);
    }
  }
  aus_ctx_destroy(ctx);
}

static void same_bits_for_any_threads(void **state)
{
  (void)state;
  static float w0[F * K], h0[K * N], v[F * N], w[3][F * K], h[3][K * N];
  plant(w0, h0, v);
  for (int t = 1; t <= 3; t++) {
    aus_ctx *ctx = test_ctx(t);
    aus_nmf_config c;
    aus_nmf_defaults(&c);
    c.atoms = K; c.beta = 1; c.mu = 0.1;
    assert_ok(ctx, aus_nmf_fit(ctx, &c, F, N, v, w[t - 1], h[t - 1], NULL));
    aus_ctx_destroy(ctx);
    assert_memory_equal(w[t - 1], w[0], sizeof w[0]);
    assert_memory_equal(h[t - 1], h[0], sizeof h[0]);
  }
}

static void frozen_columns_stay_and_projection_recovers(void **state)
{
  (void)state;
  static float w0[F * K], h0[K * N], v[F * N], w[F * K], h[K * N];
  const uint8_t frozen[K] = { 1, 0, 0, 1 };
  plant(w0, h0, v);
  aus_ctx *ctx = test_ctx(1);
  aus_nmf_config c;
  aus_nmf_defaults(&c);
  c.atoms = K; c.beta = 1; c.warm_w = 1; c.frozen = frozen; c.max_iterations = 20;
  memcpy(w, w0, sizeof w);
  for (int i = 0; i < F * K; i++) w[i] += 0.01f;
  static float before[F * K];
  memcpy(before, w, sizeof w);
  assert_ok(ctx, aus_nmf_fit(ctx, &c, F, N, v, w, h, NULL));
  for (int i = 0; i < F; i++) { assert_true(w[i * K] == before[i * K]); assert_true(w[i * K + 3] == before[i * K + 3]); }
  c.frozen = NULL; c.max_iterations = 300; c.tolerance = 0;
  assert_ok(ctx, aus_nmf_project(ctx, &c, F, N, v, w0, h, NULL));
  for (int i = 0; i < K * N; i++) assert_near(h[i], h0[i], 2e-3);
  aus_ctx_destroy(ctx);
}

static void merging_keeps_the_sum(void **state)
{
  (void)state;
  enum { M = 4 };
  float w[F * M], h[M * 2] = { 1, 2, 3, 4, 5, 6, 7, 8 };
  for (int i = 0; i < F; i++) { /* 0 and 2 parallel, 1 and 3 apart */
    w[i * M] = w[i * M + 2] = (float)(i % 5);
    w[i * M + 1] = (float)(i == 3);
    w[i * M + 3] = (float)(i == 9);
  }
  int32_t atoms = M, group[M];
  aus_ctx *ctx = test_ctx(1);
  assert_ok(ctx, aus_nmf_merge(ctx, 0.995, F, 2, &atoms, w, h, group));
  assert_int_equal(atoms, 3);
  const int32_t want[M] = { 0, 1, 0, 2 };
  assert_memory_equal(group, want, sizeof want);
  const float want_h[6] = { 6, 8, 3, 4, 7, 8 };
  for (int i = 0; i < 6; i++) assert_near(h[i], want_h[i], 0);
  for (int i = 0; i < F; i++) {
    assert_near(w[i * 3], i % 5, 1e-5);
    assert_near(w[i * 3 + 1], i == 3, 1e-6);
    assert_near(w[i * 3 + 2], i == 9, 1e-6);
  }
  aus_ctx_destroy(ctx);
}

static void bad_input_is_refused(void **state)
{
  (void)state;
  aus_ctx *ctx = test_ctx(1);
  float v[6] = { 0 }, w[3], h[2];
  aus_nmf_config c;
  aus_nmf_defaults(&c);
  assert_int_equal(aus_nmf_fit(ctx, &c, 3, 2, v, w, h, NULL), AUS_EINVAL); /* no atoms */
  c.atoms = 1;
  assert_int_equal(aus_nmf_fit(ctx, &c, 3, 2, v, w, h, NULL), AUS_EINVAL); /* silence */
  assert_non_null(strstr(aus_ctx_error(ctx), "silence"));
  v[1] = -1;
  assert_int_equal(aus_nmf_fit(ctx, &c, 3, 2, v, w, h, NULL), AUS_EINVAL);
  v[1] = NAN;
  assert_int_equal(aus_nmf_fit(ctx, &c, 3, 2, v, w, h, NULL), AUS_EINVAL);
  aus_ctx_destroy(ctx);
}

/* scikit-learn's starts, for a matrix and its transpose (either side may be the shorter). */
static void starts(void **state)
{
  (void)state;
  aus_ctx *ctx = test_ctx(2);
  float v[GF * GN], turned[GF * GN], w[GN * GK], h[GN * GK];
  for (int i = 0; i < GF; i++)
    for (int t = 0; t < GN; t++) turned[t * GF + i] = golden_s[i * GN + t];
  memcpy(v, golden_s, sizeof v);
  const struct { aus_nmf_init init; const float *v; int bins, frames; const float *w, *h; } cases[4] = {
    { AUS_NMF_NNDSVD, v, GF, GN, nndsvd_wide_w, nndsvd_wide_h }, { AUS_NMF_NNDSVDA, v, GF, GN, nndsvda_wide_w, nndsvda_wide_h },
    { AUS_NMF_NNDSVD, turned, GN, GF, nndsvd_tall_w, nndsvd_tall_h }, { AUS_NMF_NNDSVDA, turned, GN, GF, nndsvda_tall_w, nndsvda_tall_h } };
  for (int c = 0; c < 4; c++) {
    assert_ok(ctx, aus_nmf_start(ctx, cases[c].init, GK, cases[c].bins, cases[c].frames, cases[c].v, 0, w, h));
    for (int i = 0; i < cases[c].bins * GK; i++) assert_float_equal(w[i], cases[c].w[i], 2e-5);
    for (int i = 0; i < cases[c].frames * GK; i++) assert_float_equal(h[i], cases[c].h[i], 2e-5);
  }
  double mean = 0, size = 0; /* the drawn one: right law, same for any threads, and it can be factored from */
  for (int i = 0; i < GF * GN; i++) mean += v[i] / (GF * GN);
  assert_ok(ctx, aus_nmf_start(ctx, AUS_NMF_RANDOM, GK, GF, GN, v, 3, w, h));
  for (int i = 0; i < GN * GK; i++) { assert_true(h[i] >= 0); size += h[i] * h[i] / (GN * GK); }
  assert_true(size > 0.6 * mean / GK && size < 1.5 * mean / GK);
  aus_nmf_config config;
  aus_nmf_defaults(&config);
  config.atoms = GK; config.warm_w = config.warm_h = 1; config.unit_norm = 0;
  aus_nmf_result from_random, from_vectors;
  assert_ok(ctx, aus_nmf_fit(ctx, &config, GF, GN, v, w, h, &from_random));
  assert_ok(ctx, aus_nmf_start(ctx, AUS_NMF_NNDSVDA, GK, GF, GN, v, 0, w, h));
  assert_ok(ctx, aus_nmf_fit(ctx, &config, GF, GN, v, w, h, &from_vectors));
  assert_true(from_vectors.objective < from_vectors.start && from_random.objective < from_random.start);
  v[5] = -1;
  assert_int_equal(aus_nmf_start(ctx, AUS_NMF_NNDSVD, GK, GF, GN, v, 0, w, h), AUS_EINVAL);
  aus_ctx_destroy(ctx);
}

int main(void)
{
  const struct CMUnitTest tests[] = { cmocka_unit_test(starts),
    cmocka_unit_test(plain_equals_scikit_learn),
    cmocka_unit_test(sparse_equals_the_written_out_updates),
    cmocka_unit_test(every_size),
    cmocka_unit_test(divergence_is_exact_near_and_far),
    cmocka_unit_test(objective_never_rises),
    cmocka_unit_test(planted_atoms_are_found),
    cmocka_unit_test(same_bits_for_any_threads),
    cmocka_unit_test(frozen_columns_stay_and_projection_recovers),
    cmocka_unit_test(merging_keeps_the_sum),
    cmocka_unit_test(bad_input_is_refused),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
