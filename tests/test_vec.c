/* test_vec.c - elementwise kernels: every instruction set, lengths 0 to 67, guard pages on both sides, against
 * double libm; the accuracy of each function over a wide range of floats; reductions. */
#include "guard.h"
#include "isa.h"
#include "vec_words.h"

enum { LONGEST = 67 };

/* ---- one description per kernel ---------------------------------------------------------- */

static float k_ = 0.3f, l_ = 0.6f; /* scalar operands used throughout */

typedef double (*reference)(double x, double b);
static double r_add(double x, double b) { return x + b; }
static double r_sub(double x, double b) { return x - b; }
static double r_mul(double x, double b) { return x * b; }
static double r_div(double x, double b) { return x / b; }
static double r_min(double x, double b) { return x < b ? x : b; }
static double r_max(double x, double b) { return x > b ? x : b; }
static double r_add_s(double x, double b) { (void)b; return x + (double)k_; }
static double r_mul_s(double x, double b) { (void)b; return x * (double)k_; }
static double r_div_s(double x, double b) { (void)b; return x / (double)k_; }
static double r_rsub_s(double x, double b) { (void)b; return (double)k_ - x; }
static double r_rdiv_s(double x, double b) { (void)b; return (double)k_ / x; }
static double r_min_s(double x, double b) { (void)b; return x < (double)k_ ? x : (double)k_; }
static double r_max_s(double x, double b) { (void)b; return x > (double)k_ ? x : (double)k_; }
static double r_affine(double x, double b) { (void)b; return (double)k_ * x + (double)l_; }
static double r_clip(double x, double b) { (void)b; return fmin((double)l_, fmax((double)k_, x)); }
static double r_hard_sigmoid(double x, double b) { (void)b; return fmin(1, fmax(0, (double)k_ * x + (double)l_)); }
static double r_neg(double x, double b) { (void)b; return -x; }
static double r_abs(double x, double b) { (void)b; return fabs(x); }
static double r_sqrt(double x, double b) { (void)b; return sqrt(x); }
static double r_square(double x, double b) { (void)b; return x * x; }
static double r_floor(double x, double b) { (void)b; return floor(x); }
static double r_ceil(double x, double b) { (void)b; return ceil(x); }
static double r_round(double x, double b) { (void)b; return rint(x); }
static double r_relu(double x, double b) { (void)b; return x > 0 ? x : 0; }
static double r_leaky(double x, double b) { (void)b; return x < 0 ? (double)k_ * x : x; }
static double r_exp(double x, double b) { (void)b; return exp(x); }
static double r_log(double x, double b) { (void)b; return log(x); }
static double r_tanh(double x, double b) { (void)b; return tanh(x); }
static double r_sigmoid(double x, double b) { (void)b; return 1 / (1 + exp(-x)); }
static double r_erf(double x, double b) { (void)b; return erf(x); }
static double r_gelu(double x, double b) { (void)b; return 0.5 * x * erfc(-x * sqrt(0.5)); }
static double r_gelu_tanh(double x, double b)
{
  (void)b;
  return x / (1 + exp(-2 * sqrt(2 / 3.14159265358979323846) * (x + 0.044715 * x * x * x)));
}
static double r_softplus(double x, double b) { (void)b; return x > 30 ? x : log1p(exp(x)); }
static double r_silu(double x, double b) { (void)b; return x / (1 + exp(-x)); }
static double r_elu(double x, double b) { (void)b; return x < 0 ? (double)k_ * expm1(x) : x; }

enum kind { UNARY, UNARY_1, UNARY_2, BINARY };
struct kernel {
  const char *name;
  enum kind kind;
  size_t at; /* of the pointer in aus_vec_kernels */
  reference ref;
  double ulps;      /* largest error allowed, in units of the result's last place */
  float from, to;   /* range of the accuracy test */
};
#define K(kind, name, ref, ulps, from, to) { #name, kind, offsetof(struct aus_vec_kernels, name), ref, ulps, from, to }
static const struct kernel kernels[] = {
  K(BINARY, add, r_add, 0.5, 0, 0), K(BINARY, sub, r_sub, 0.5, 0, 0), K(BINARY, mul, r_mul, 0.5, 0, 0),
  K(BINARY, div, r_div, 0.5, 0, 0), K(BINARY, min, r_min, 0, 0, 0), K(BINARY, max, r_max, 0, 0, 0),
  K(UNARY_1, add_s, r_add_s, 0.5, -9, 9), K(UNARY_1, mul_s, r_mul_s, 0.5, -9, 9), K(UNARY_1, div_s, r_div_s, 0.5, -9, 9),
  K(UNARY_1, rsub_s, r_rsub_s, 0.5, -9, 9), K(UNARY_1, rdiv_s, r_rdiv_s, 0.5, -9, 9), K(UNARY_1, min_s, r_min_s, 0, -9, 9),
  K(UNARY_1, max_s, r_max_s, 0, -9, 9), K(UNARY_1, leaky_relu, r_leaky, 0.5, -9, 9), K(UNARY_1, elu, r_elu, 2.5, -30, 9),
  K(UNARY_2, affine, r_affine, 0.5, -9, 9), K(UNARY_2, clip, r_clip, 0, -9, 9), K(UNARY_2, hard_sigmoid, r_hard_sigmoid, 0.5, -9, 9),
  K(UNARY, neg, r_neg, 0, -9, 9), K(UNARY, abs, r_abs, 0, -9, 9), K(UNARY, sqrt, r_sqrt, 0.5, 0, 9),
  K(UNARY, square, r_square, 0.5, -9, 9), K(UNARY, floor, r_floor, 0, -9, 9), K(UNARY, ceil, r_ceil, 0, -9, 9),
  K(UNARY, round, r_round, 0, -9, 9), K(UNARY, relu, r_relu, 0, -9, 9),
  K(UNARY, exp, r_exp, 1.5, -87, 88.7f), K(UNARY, log, r_log, 1.5, 1e-38f, 1000), K(UNARY, tanh, r_tanh, 2, -12, 12),
  K(UNARY, sigmoid, r_sigmoid, 2.5, -87, 30), K(UNARY, erf, r_erf, 2, -5, 5), K(UNARY, gelu, r_gelu, 4, -12, 12),
  K(UNARY, gelu_tanh, r_gelu_tanh, 60, -6, 6) /* the inner cubic is rounded before the exponential */,
  K(UNARY, softplus, r_softplus, 2.5, -80, 80), K(UNARY, silu, r_silu, 3, -80, 80),
};
enum { N_KERNELS = sizeof kernels / sizeof *kernels };

static void call(const aus_kernels *t, const struct kernel *k, int64_t n, const float *a, const float *b, float *dst)
{
  const char *at = (const char *)&t->vec + k->at;
  switch (k->kind) {
  case UNARY: { aus_vec_unary f; memcpy(&f, at, sizeof f); f(n, a, dst); break; }
  case UNARY_1: { aus_vec_unary_1 f; memcpy(&f, at, sizeof f); f(n, a, k_, dst); break; }
  case UNARY_2: { aus_vec_unary_2 f; memcpy(&f, at, sizeof f); f(n, a, k_, l_, dst); break; }
  case BINARY: { aus_vec_binary f; memcpy(&f, at, sizeof f); f(n, a, b, dst); break; }
  }
}

/* Error in units of the last place of the true value as a float; subnormal results count as the smallest normal. */
static double ulps(float got, double want)
{
  if (isnan(want) || isnan(got)) return isnan(want) && isnan(got) ? 0 : INFINITY;
  if ((float)want == got) return 0;
  int e;
  frexp(want, &e);
  const double unit = ldexp(1.0, (e < -125 ? -125 : e) - 24);
  return fabs((double)got - want) / unit;
}

static void lengths_and_guards(void **state)
{
  (void)state;
  const aus_kernels *table[4];
  const int tables = isa_tables(table);
  for (int n = 0; n <= LONGEST; n++)
    for (int end = 0; end < 2; end++) {
      guard a = guard_floats((size_t)n, end, 1), b = guard_floats((size_t)n, end, 2), d = guard_floats((size_t)n, end, 3);
      float *pa = a.p, *pb = b.p, *pd = d.p;
      for (int t = 0; t < tables; t++)
        for (int k = 0; k < N_KERNELS; k++) {
          const bool positive = kernels[k].from >= 0 && kernels[k].kind == UNARY;
          for (int i = 0; i < n; i++) pa[i] = positive ? fabsf(pa[i]) : pa[i];
          call(table[t], &kernels[k], n, pa, pb, pd);
          for (int i = 0; i < n; i++) {
            const double want = kernels[k].ref((double)pa[i], (double)pb[i]);
            if (!(ulps(pd[i], want) <= kernels[k].ulps + 1e-6))
              fail_msg("%s %s n %d at %d: %.9g, want %.9g", table[t]->name, kernels[k].name, n, i, (double)pd[i], want);
          }
          float copy[LONGEST];
          memcpy(copy, pd, (size_t)n * sizeof *copy);
          memcpy(pd, pa, (size_t)n * sizeof *pd);
          call(table[t], &kernels[k], n, pd, pb, pd); /* in place */
          assert_memory_equal(copy, pd, (size_t)n * sizeof *copy);
        }
      guard_free(&a); guard_free(&b); guard_free(&d);
    }
}

static void accuracy_over_the_range(void **state)
{
  (void)state;
  enum { N = 200000 };
  float *x = malloc(N * sizeof *x), *y = malloc(N * sizeof *y);
  const aus_kernels *table[4];
  const int tables = isa_tables(table);
  for (int k = 0; k < N_KERNELS; k++) {
    const struct kernel *kern = &kernels[k];
    if (kern->kind == BINARY) continue;
    for (int i = 0; i < N; i++) { /* half spread evenly, half by exponent, both signs */
      const double u = (i / 2 + 0.5) / (N / 2), wide = (double)kern->to - (double)kern->from;
      x[i] = i & 1 ? (float)((double)kern->from + wide * u) : (float)(exp2(-40 + 47 * u) * (i & 2 && kern->from < 0 ? -1 : 1));
      if (x[i] < kern->from || x[i] > kern->to) x[i] = kern->from + (float)(wide * u);
    }
    for (int t = 0; t < tables; t++) {
      call(table[t], kern, N, x, x, y);
      double worst = 0; int at = 0;
      for (int i = 0; i < N; i++) {
        const double e = ulps(y[i], kern->ref((double)x[i], 0));
        if (e > worst) { worst = e; at = i; }
      }
      if (getenv("AUS_VERBOSE")) printf("%-8s %-14s %.2f ulp at %.9g\n", table[t]->name, kern->name, worst, (double)x[at]);
      if (!(worst <= kern->ulps + 1e-6))
        fail_msg("%s %s(%.9g) = %.9g, %.2f ulp off, %.2f allowed", table[t]->name, kern->name, (double)x[at], (double)y[at], worst, kern->ulps);
    }
  }
  free(x); free(y);
}

static void special_values(void **state)
{
  (void)state;
  const aus_kernels *table[4];
  const int tables = isa_tables(table);
  const float in[] = { 0.0f, -0.0f, INFINITY, -INFINITY, NAN, 1e-40f, 100.0f, -200.0f, 3e38f, -1.0f };
  enum { N = sizeof in / sizeof *in };
  float out[N];
  for (int t = 0; t < tables; t++) {
    const struct aus_vec_kernels *v = &table[t]->vec;
    v->exp(N, in, out);
    const float e[] = { 1, 1, INFINITY, 0, NAN, 1, INFINITY, 0, INFINITY, expf(-1) };
    for (int i = 0; i < N; i++) assert_true(ulps(out[i], (double)e[i]) <= 1.5);
    v->log(N, in, out);
    for (int i = 0; i < N; i++) assert_true(ulps(out[i], log((double)in[i])) <= 1.5);
    v->tanh(N, in, out);
    for (int i = 0; i < N; i++) assert_true(ulps(out[i], tanh((double)in[i])) <= 2);
    v->erf(N, in, out);
    for (int i = 0; i < N; i++) assert_true(ulps(out[i], erf((double)in[i])) <= 2);
    v->sigmoid(N, in, out);
    for (int i = 0; i < N; i++) assert_true(ulps(out[i], r_sigmoid((double)in[i], 0)) <= 2.5);
    v->softplus(N, in, out);
    for (int i = 0; i < N; i++) assert_true(ulps(out[i], r_softplus((double)in[i], 0)) <= 2.5);
    v->relu(N, in, out);
    assert_true(isnan(out[4]));
    v->gelu(N, in, out);
    assert_true(isnan(out[4]) && out[2] == INFINITY && out[8] == 3e38f);
  }
}

static void three_operands(void **state)
{
  (void)state;
  const aus_kernels *table[4];
  const int tables = isa_tables(table);
  for (int n = 0; n <= LONGEST; n++)
    for (int end = 0; end < 2; end++) {
      guard a = guard_floats((size_t)n, end, 1), b = guard_floats((size_t)n, end, 2), c = guard_floats((size_t)n, end, 3), d = guard_floats((size_t)n, end, 4);
      for (int t = 0; t < tables; t++) {
        const float *pa = a.p, *pb = b.p, *pc = c.p;
        float *pd = d.p, before[LONGEST];
        table[t]->vec.fma(n, pa, pb, pc, pd);
        for (int i = 0; i < n; i++) assert_true(pd[i] == fmaf(pa[i], pb[i], pc[i]));
        memcpy(before, pd, (size_t)n * sizeof *before);
        table[t]->vec.axpy(n, 0.25f, pa, pd);
        for (int i = 0; i < n; i++) assert_true(pd[i] == fmaf(0.25f, pa[i], before[i]));
      }
      guard_free(&a); guard_free(&b); guard_free(&c); guard_free(&d);
    }
}

static void reductions(void **state)
{
  (void)state;
  const aus_kernels *table[4];
  const int tables = isa_tables(table);
  static const int more[] = { 1023, 1024, 1025, 5000 };
  for (int c = 0; c <= LONGEST + 4; c++)
    for (int end = 0; end < 2; end++) {
      const int n = c <= LONGEST ? c : more[c - LONGEST - 1];
      guard a = guard_floats((size_t)n, end, 5), b = guard_floats((size_t)n, end, 6), d = guard_floats((size_t)n, end, 7);
      const float *x = a.p, *y = b.p;
      double sum = 0, sum_abs = 0, dot = 0, dot_abs = 0, square = 0, expo = 0, big = -INFINITY, small = INFINITY;
      for (int i = 0; i < n; i++) {
        const double u = (double)x[i], v = (double)y[i];
        sum += u; sum_abs += fabs(u); dot += u * v; dot_abs += fabs(u * v);
        square += (u - 0.125) * (u - 0.125); expo += exp(u - 0.5);
        big = fmax(big, u); small = fmin(small, u);
      }
      for (int t = 0; t < tables; t++) {
        const struct aus_vec_kernels *v = &table[t]->vec;
        const double eps = 1.2e-7 * (table[t]->width == 1 ? 16 : 6); /* longest chain of one block, sqrt */
        assert_near(v->sum(n, x), sum, eps * sum_abs);
        assert_near(v->sum_abs(n, x), sum_abs, eps * sum_abs);
        assert_near(v->dot(n, x, y), dot, eps * dot_abs);
        assert_near(v->sum_square(n, x, 0.125f), square, eps * square);
        assert_near(v->exp_sum(n, x, 0.5f, d.p), expo, eps * expo);
        for (int i = 0; i < n; i++) assert_near(((float *)d.p)[i], exp((double)x[i] - 0.5), 3e-7);
        assert_true((double)v->max_of(n, x) == big);
        assert_true((double)v->min_of(n, x) == small);
      }
      guard_free(&a); guard_free(&b); guard_free(&d);
    }
}

/* The place of an element does not change its bits: ranges may be cut anywhere. */
static void cuts_do_not_matter(void **state)
{
  (void)state;
  const aus_kernels *table[4];
  const int tables = isa_tables(table);
  enum { N = 200 };
  guard a = guard_floats(N, 1, 9);
  float whole[N], pieces[N];
  for (int t = 0; t < tables; t++)
    for (int k = 0; k < N_KERNELS; k++) {
      call(table[t], &kernels[k], N, a.p, a.p, whole);
      for (int i = 0; i < N; i += 7) {
        const float *from = (const float *)a.p + i;
        call(table[t], &kernels[k], i + 7 < N ? 7 : N - i, from, from, pieces + i);
      }
      for (int i = 0; i < N; i++) assert_true(memcmp(&whole[i], &pieces[i], sizeof(float)) == 0 || isnan(whole[i]));
    }
  guard_free(&a);
}

/* ---- words that move lanes -------------------------------------------------------------- */

static const vec_words *words_of(const aus_kernels *table)
{
#ifdef AUS_HAVE_AVX2
  if (strcmp(table->name, "avx2") == 0) return &vec_words_avx2;
#endif
#ifdef AUS_HAVE_AVX512
  if (strcmp(table->name, "avx512") == 0) return &vec_words_avx512;
#endif
#ifdef AUS_HAVE_NEON
  if (strcmp(table->name, "neon") == 0) return &vec_words_neon;
#endif
  assert_string_equal(table->name, "scalar");
  return &vec_words_scalar;
}

/* Lane j of row i becomes lane i of row j; every value is another, so no lane can be taken for another. */
static void lanes_are_transposed(void **state)
{
  (void)state;
  const aus_kernels *table[4];
  const int tables = isa_tables(table);
  for (int t = 0; t < tables; t++) {
    const vec_words *w = words_of(table[t]);
    const int n = w->width;
    assert_int_equal(n, table[t]->width);
    float m[16 * 16];
    for (int i = 0; i < n * n; i++) m[i] = (float)(i + 1);
    w->transpose(m);
    for (int i = 0; i < n; i++)
      for (int j = 0; j < n; j++)
        if (m[i * n + j] != (float)(j * n + i + 1))
          fail_msg("%s: row %d lane %d holds %g, not %d", table[t]->name, i, j, (double)m[i * n + j], j * n + i + 1);
    w->transpose(m);
    for (int i = 0; i < n * n; i++) assert_true(m[i] == (float)(i + 1));
  }
}

static void lanes_are_reversed_split_and_joined(void **state)
{
  (void)state;
  const aus_kernels *table[4];
  const int tables = isa_tables(table);
  for (int t = 0; t < tables; t++) {
    const vec_words *w = words_of(table[t]);
    const int n = w->width;
    if (n == 1) continue;
    float x[2 * 16];
    for (int i = 0; i < 2 * n; i++) x[i] = (float)(i + 1);
    w->split(x);
    for (int i = 0; i < n; i++) assert_true(x[i] == (float)(2 * i + 1) && x[n + i] == (float)(2 * i + 2));
    w->join(x);
    for (int i = 0; i < 2 * n; i++) assert_true(x[i] == (float)(i + 1));
    w->reverse(x);
    for (int i = 0; i < n; i++) assert_true(x[i] == (float)(n - i) && x[n + i] == (float)(n + i + 1));
  }
}

int main(void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(lengths_and_guards), cmocka_unit_test(accuracy_over_the_range), cmocka_unit_test(special_values),
    cmocka_unit_test(three_operands), cmocka_unit_test(reductions), cmocka_unit_test(cuts_do_not_matter),
    cmocka_unit_test(lanes_are_transposed), cmocka_unit_test(lanes_are_reversed_split_and_joined),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
