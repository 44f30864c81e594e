/* test_conv_wino.c - convolutions that run by Winograd's F(4x4, 3x3) (conv_wino.c): how far from a sum in double, the same
 * bits for any number of threads and items, every width, nothing touched outside, and when it is chosen at all.
 * torch's results for such shapes are in tests/test_conv.c. */
#include "conv_case.h"

#include "nn/ops/conv_wino.h"

/* Of the largest output, on up to 300 channels. Most cases stay below 2e-6 (docs/convolution.md); the points 0, +-1, +-2 would
 * give 5e-6 on 64 channels. */
static const double most_error = 5e-6;

static conv_case plain(int64_t mb, int64_t ic, int64_t oc, int64_t ih, int64_t iw)
{
  return (conv_case){ .mb = mb, .groups = 1, .icg = ic, .ocg = oc, .ih = ih, .iw = iw, .kh = 3, .kw = 3, .sh = 1, .sw = 1, .dh = 1, .dw = 1,
                      .top = 1, .left = 1, .bottom = 1, .right = 1, .bias = true };
}

static conv_case strided(bool transposed, int64_t mb, int64_t ic, int64_t oc, int64_t ih, int64_t iw)
{
  return (conv_case){ .transposed = transposed, .mb = mb, .groups = 1, .icg = ic, .ocg = oc, .ih = ih, .iw = iw, .kh = 5, .kw = 5, .sh = 2, .sw = 2,
                      .dh = 1, .dw = 1, .top = 2, .left = 2, .bottom = 2, .right = 2, .extra_h = transposed, .extra_w = transposed, .bias = true };
}

static bool chosen(aus_ctx *ctx, const conv_case *k, bool training)
{
  const float none = 0;
  op_test t = make(k, &none, &none, NULL);
  aus_operand in[OP_TEST_IN] = {0}, out[OP_TEST_OUT] = {0};
  aus_call call;
  aus_conv c;
  assert_ok(ctx, op_test_shape(ctx, &t, in, out, &call));
  call.training = training;
  assert_ok(ctx, aus_conv_describe(&call, &c));
  return aus_conv_wino_suits(&call, &c);
}

/* The sum in double, finished as the epilogue says. */
static double *make_want(const conv_case *k, const op_test *t, const float *src, const float *weights, const float *bias)
{
  const int64_t n = aus_shape_count(&t->out_shape[0]), plane = n / (k->mb * k->ocg);
  double *want = calloc((size_t)n, sizeof *want), *size = calloc((size_t)n, sizeof *size);
  naive(k, &t->out_shape[0], src, weights, bias, want, size);
  for (int64_t i = 0; t->epilogue && i < n; i++) want[i] = finish(t->epilogue, i / plane % k->ocg, want[i]);
  free(size);
  return want;
}

/* Largest distance from it, over the largest output. */
static double error_of(const op_test *t, const double *want)
{
  double worst = 0, peak = 0;
  for (int64_t i = 0; i < aus_shape_count(&t->out_shape[0]); i++) {
    const double d = fabs((double)t->out[0][i] - want[i]);
    if (!(d <= worst)) worst = d == d ? d : INFINITY;
    peak = fmax(peak, fabs(want[i]));
  }
  return worst / peak;
}

/* Every instruction set, 1 to 3 threads, weights transformed beforehand or not. Returns the largest error. */
static double check(const conv_case *k, const aus_epilogue *e)
{
  const char *isas[4];
  const int n_isa = test_isas(isas);
  float *src = rough(k->mb * k->icg * k->ih * k->iw, 5), *bias = rough(k->ocg, 77), *weights = rough(k->icg * k->ocg * k->kh * k->kw, 1234);
  double worst = 0, *want = NULL;
  for (int i = 0; i < n_isa; i++) {
    float *one = NULL;
    for (int threads = 1; threads <= 3; threads++) {
      aus_ctx *ctx = isa_ctx(isas[i], threads);
      if (!chosen(ctx, k, false)) fail_msg("%lld -> %lld, %lld x %lld is not for Winograd", (long long)k->icg, (long long)k->ocg, (long long)k->ih, (long long)k->iw);
      op_test t = make(k, src, weights, bias);
      t.prepared = threads != 2;
      t.at_end = threads != 3;
      t.epilogue = e;
      op_test_run(ctx, &t);
      if (!one) {
        if (!want) want = make_want(k, &t, src, weights, bias);
        const double error = error_of(&t, want);
        if (!(error <= most_error)) fail_msg("%s: error %.3g (%lld -> %lld, %lld x %lld)", isas[i], error, (long long)k->icg, (long long)k->ocg, (long long)k->ih, (long long)k->iw);
        worst = fmax(worst, error);
        one = t.out[0];
        t.out[0] = NULL;
      } else {
        assert_memory_equal(one, t.out[0], shape_bytes(&t.out_shape[0]));
      }
      op_test_free(&t);
      aus_ctx_destroy(ctx);
    }
    free(one);
  }
  free(src); free(bias); free(weights); free(want);
  return worst;
}

static void test_error(void **state)
{
  (void)state;
  const conv_case cases[] = {
    plain(1, 64, 64, 24, 35), plain(2, 24, 24, 28, 31), plain(1, 128, 33, 31, 15), plain(1, 300, 30, 32, 12), /* k in chunks */
    plain(1, 32, 128, 20, 63), strided(false, 1, 32, 48, 48, 70), strided(false, 1, 70, 40, 48, 64),
    strided(true, 1, 48, 16, 20, 28), strided(true, 1, 128, 32, 24, 16), strided(true, 2, 40, 20, 20, 33),
  };
  double worst = 0;
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) worst = fmax(worst, check(&cases[i], NULL));
  print_message("largest error %.2e of the largest output\n", worst);
}

/* Widths and heights that leave every remainder; narrow maps (tiles one by one) and wide ones. */
static void test_lengths(void **state)
{
  (void)state;
  for (int64_t w = 7; w <= 70; w += w < 22 ? 1 : 4) {
    const int64_t h = w < 20 ? 29 + w % 4 : 13 + w % 4;
    const conv_case a = plain(1, 32, 34, h, w), b = strided(false, 1, 33, 50, 2 * h - 1, 2 * w), c = strided(true, 1, 40, 18, h, w);
    check(&a, NULL);
    if (w % 6 == 0 && w > 14) check(&b, NULL);
    if (w % 3 == 1) check(&c, NULL);
  }
}

/* Pads of 0 to 2 on each side, unequal (the Spleeter nets pad 1 before and 2 behind); output_pad 0. */
static void test_pads(void **state)
{
  (void)state;
  for (int32_t p = 0; p < 3; p++) {
    conv_case k = plain(1, 40, 40, 23, 23);
    k.top = p; k.left = 2 - p; k.bottom = (p + 1) % 3; k.right = 2;
    check(&k, NULL);
    k.transposed = true;
    check(&k, NULL);
    k = strided(false, 1, 32, 48, 61, 64);
    k.top = p; k.left = 1; k.right = 2; k.bottom = 0;
    check(&k, NULL);
    k = strided(true, 1, 40, 18, 24, 26);
    k.top = 1 + p % 2; k.left = 1; k.bottom = 2; k.right = p; k.extra_h = 0; k.extra_w = p & 1;
    check(&k, NULL);
  }
}

static void test_epilogue(void **state)
{
  (void)state;
  float *scale = rough(64, 31), *shift = rough(64, 32);
  for (int act = 0; act < 4; act++)
    for (int affine = 0; affine < 2; affine++) {
      const aus_epilogue e = { .act = act, .alpha = act == AUS_ACT_ELU ? 1.5f : 0.2f, .scale = affine ? scale : NULL, .shift = affine ? shift : NULL };
      const conv_case a = plain(1, 32, 36, 24, 19), b = strided(true, 1, 40, 18, 20, 20);
      check(&a, &e);
      check(&b, &e);
    }
  free(scale);
  free(shift);
}

/* NaN and infinity reach what they touch and go no further than their tiles; the rest is as it was. */
static void test_not_finite(void **state)
{
  (void)state;
  aus_ctx *ctx = test_ctx(1);
  const conv_case k = plain(1, 32, 32, 32, 32);
  float *src = rough(32 * 32 * 32, 5), *weights = rough(32 * 32 * 9, 1234), *bias = rough(32, 77);
  assert_true(chosen(ctx, &k, false));
  op_test t = make(&k, src, weights, bias), u = t;
  op_test_run(ctx, &t);
  src[3 * 1024 + 9 * 32 + 9] = NAN;
  op_test_run(ctx, &u);
  for (int64_t i = 0; i < 32 * 1024; i++) {
    const int64_t y = i / 32 % 32, x = i % 32;
    const bool touched = llabs(y - 9) <= 1 && llabs(x - 9) <= 1, near = y / 4 >= 1 && y / 4 <= 2 && x / 4 >= 1 && x / 4 <= 2;
    if (touched) assert_true(isnan(u.out[0][i]));
    if (!near) assert_memory_equal(&t.out[0][i], &u.out[0][i], sizeof(float));
  }
  op_test_free(&t);
  op_test_free(&u);
  free(src); free(weights); free(bias);
  aus_ctx_destroy(ctx);
}

/* An item's bits do not depend on those beside it. */
static void test_batch(void **state)
{
  (void)state;
  const char *isas[4];
  const int n_isa = test_isas(isas);
  const conv_case cases[] = { plain(5, 32, 32, 32, 15), plain(3, 64, 64, 40, 7), strided(false, 3, 32, 48, 64, 48), strided(true, 3, 40, 32, 20, 20) };
  for (int i = 0; i < n_isa; i++)
    for (size_t n = 0; n < sizeof cases / sizeof *cases; n++) {
      const conv_case *k = &cases[n];
      aus_ctx *ctx = isa_ctx(isas[i], 2);
      assert_true(chosen(ctx, k, false));
      float *src = rough(k->mb * k->icg * k->ih * k->iw, 5), *weights = rough(k->icg * k->ocg * k->kh * k->kw, 1234);
      op_test all = make(k, src, weights, NULL);
      op_test_run(ctx, &all);
      for (int64_t item = 0; item < k->mb; item++) {
        conv_case one = *k;
        one.mb = 1;
        op_test t = make(&one, src + item * k->icg * k->ih * k->iw, weights, NULL);
        op_test_run(ctx, &t);
        const int64_t count = aus_shape_count(&t.out_shape[0]);
        assert_memory_equal(all.out[0] + item * count, t.out[0], (size_t)count * sizeof(float));
        op_test_free(&t);
      }
      op_test_free(&all);
      free(src); free(weights);
      aus_ctx_destroy(ctx);
    }
}

/* The weights' diff of 3 x 3: sums over tiles of several blocks, ends of rows, narrow maps, unequal pads. */
static double *weights_diff(const conv_case *k, int64_t oh, int64_t ow, const float *src, const float *diff_dst)
{
  double *diff = calloc((size_t)(k->ocg * k->icg * 9), sizeof *diff);
  for (int64_t n = 0; n < k->mb; n++)
    for (int64_t o = 0; o < k->ocg; o++)
      for (int64_t i = 0; i < k->icg; i++)
        for (int64_t t = 0; t < 9; t++) {
          const float *dy = diff_dst + (n * k->ocg + o) * oh * ow, *s = src + (n * k->icg + i) * k->ih * k->iw;
          double sum = 0;
          for (int64_t y = 0; y < oh; y++)
            for (int64_t x = 0; x < ow; x++) {
              const int64_t fy = y - k->top + t / 3, fx = x - k->left + t % 3;
              if (fy >= 0 && fx >= 0 && fy < k->ih && fx < k->iw) sum += (double)dy[y * ow + x] * (double)s[fy * k->iw + fx];
            }
          diff[(o * k->icg + i) * 9 + t] += sum;
        }
  return diff;
}

static void test_weights(void **state)
{
  (void)state;
  const char *isas[4];
  const int n_isa = test_isas(isas);
  conv_case cases[] = { plain(2, 50, 45, 33, 31), plain(7, 65, 70, 16, 7), plain(1, 50, 60, 28, 66), plain(1, 64, 48, 41, 19) };
  cases[3].top = 0; cases[3].left = 2; cases[3].bottom = 1; cases[3].right = 0;
  double worst = 0;
  for (size_t n = 0; n < sizeof cases / sizeof *cases; n++) {
    const conv_case *k = &cases[n];
    const int64_t oh = k->ih + k->top + k->bottom - 2, ow = k->iw + k->left + k->right - 2, count = k->ocg * k->icg * 9;
    float *src = rough(k->mb * k->icg * k->ih * k->iw, 5), *dy = rough(k->mb * k->ocg * oh * ow, 99);
    double *want = weights_diff(k, oh, ow, src, dy), peak = 0;
    for (int64_t i = 0; i < count; i++) peak = fmax(peak, fabs(want[i]));
    for (int i = 0; i < n_isa; i++) {
      float *one = NULL;
      for (int threads = 1; threads <= 3; threads++) {
        aus_ctx *ctx = isa_ctx(isas[i], threads);
        op_test t = make(k, src, src, NULL);
        aus_operand in[OP_TEST_IN] = {0}, out[OP_TEST_OUT] = {0};
        aus_call call;
        assert_ok(ctx, op_test_shape(ctx, &t, in, out, &call));
        call.training = true;
        float *diff = malloc((size_t)count * sizeof *diff);
        in[0].data = src;
        const aus_back back = { &call, (const float *[]){ dy }, (float *[]){ NULL, diff, NULL }, NULL };
        aus_conv c;
        assert_ok(ctx, aus_conv_describe(&call, &c));
        assert_true(aus_conv_wino_weights_suit(&c));
        aus_back with = back;
        const size_t bytes = aus_conv_backward_scratch(&back);
        guarded gs = guard_alloc((bytes + 63) / 64 * 64, true);
        memset(gs.data, 0xff, bytes);
        with.scratch = gs.data;
        aus_conv_backward(&with);
        for (int64_t e = 0; e < count; e++) worst = fmax(worst, isnan(diff[e]) ? INFINITY : fabs((double)diff[e] - want[e]) / peak);
        if (!(worst <= most_error)) fail_msg("%s: the weights' diff is apart by %.3g", isas[i], worst);
        if (!one) one = diff;
        else {
          assert_memory_equal(one, diff, (size_t)count * sizeof *diff);
          free(diff);
        }
        guard_free(&gs);
        aus_ctx_destroy(ctx);
      }
      free(one);
    }
    free(src); free(dy); free(want);
  }
  print_message("largest error of the weights' diff %.2e of the largest\n", worst);
}

/* What it is for, and what it is not for. */
static void test_choice(void **state)
{
  (void)state;
  aus_ctx *ctx = test_ctx(1);
  const conv_case yes[] = { plain(1, 64, 64, 128, 63), plain(1, 256, 256, 32, 15), strided(false, 1, 32, 64, 128, 256), strided(true, 1, 64, 16, 128, 256),
                            strided(true, 1, 512, 128, 16, 32), plain(1, 512, 512, 16, 7) };
  for (size_t i = 0; i < sizeof yes / sizeof *yes; i++) assert_true(chosen(ctx, &yes[i], false));
  conv_case no[] = { plain(1, 1, 64, 128, 63), plain(1, 512, 512, 8, 3), plain(1, 64, 64, 128, 63), plain(1, 64, 64, 128, 63), plain(1, 64, 64, 128, 63),
                     plain(1, 64, 64, 128, 63), plain(1, 64, 64, 128, 63), strided(false, 1, 256, 512, 16, 32) /* 75 MB of weights */ };
  no[2].groups = 2;
  no[3].dh = 2;
  no[4].sw = 2;
  no[5].kw = 5;
  no[6].sh = no[6].sw = 2;
  for (size_t i = 0; i < sizeof no / sizeof *no; i++) assert_false(chosen(ctx, &no[i], false));
  const conv_case last = plain(32, 512, 512, 8, 3); /* small maps of many items: in training only */
  assert_false(chosen(ctx, &last, false));
  assert_true(chosen(ctx, &last, true));
  aus_ctx_destroy(ctx);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(test_error), cmocka_unit_test(test_lengths), cmocka_unit_test(test_pads), cmocka_unit_test(test_epilogue),
    cmocka_unit_test(test_not_finite), cmocka_unit_test(test_batch), cmocka_unit_test(test_weights), cmocka_unit_test(test_choice),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
