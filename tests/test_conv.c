/* test_conv.c - convolution and transposed convolution against a naive sum in double, torch, and themselves. */
#include "conv_case.h"
#include "golden/conv.h"
#include "nn/ops/conv.h"

static void compare(const conv_case *k, const op_test *t, const aus_shape *full, const double *want, const double *size, const char *isa)
{
  const aus_epilogue none = {0}, *e = t->epilogue ? t->epilogue : &none;
  const int64_t oc = k->groups * k->ocg, plane = aus_shape_count(full) / (k->mb * oc), ow = full->dim[full->rank - 1];
  for (int64_t row = 0; row < k->mb * oc * plane / ow; row++) {
    double best = -INFINITY, slack = 0;
    const int64_t channel = row * ow / plane % oc;
    for (int64_t x = 0; x < ow; x++) {
      const double v = finish(e, channel, want[row * ow + x]), s = 2e-6 * size[row * ow + x] * (e->scale ? fabs((double)e->scale[channel]) : 1) + 1e-6;
      if (v > best) best = v;
      if (s > slack) slack = s;
      if (e->max_w) continue;
      const double got = (double)t->out[0][row * ow + x];
      if (!(fabs(got - v) <= s))
        fail_msg("%s %s: row %lld col %lld is %.9g, not %.9g (mb %lld g %lld %lld->%lld %lldx%lld k %lldx%lld s %dx%d d %dx%d)", isa, k->transposed ? "transposed" : "conv",
                 (long long)row, (long long)x, got, v, (long long)k->mb, (long long)k->groups, (long long)k->icg, (long long)k->ocg, (long long)k->ih,
                 (long long)k->iw, (long long)k->kh, (long long)k->kw, k->sh, k->sw, k->dh, k->dw);
    }
    if (e->max_w && !(fabs((double)t->out[0][row] - best) <= slack)) fail_msg("%s max: %.9g, not %.9g", isa, (double)t->out[0][row], best);
  }
}

/* Every instruction set, 1, 2 and 3 threads, with and without prepared weights; bits may differ between sets only. */
static void check_case(const conv_case *k, const aus_epilogue *e)
{
  const char *isas[4];
  const int n_isa = test_isas(isas);
  float *src = rough(k->mb * k->groups * k->icg * k->ih * k->iw, 5), *bias = rough(k->groups * k->ocg, 77);
  float *weights = rough(k->groups * k->icg * k->ocg * k->kh * k->kw, 1234);
  double *want = NULL, *size = NULL;
  for (int i = 0; i < n_isa; i++) {
    float *one = NULL;
    size_t bytes = 0;
    for (int threads = 1; threads <= 3; threads++) {
      aus_ctx *ctx = isa_ctx(isas[i], threads);
      op_test t = make(k, src, weights, bias);
      t.prepared = threads != 2;
      t.at_end = threads != 3;
      t.epilogue = e;
      op_test_run(ctx, &t);
      if (!want) {
        aus_shape full = t.out_shape[0];
        if (e && e->max_w) { /* the width before the maximum */
          aus_operand in[OP_TEST_IN] = {0}, out[OP_TEST_OUT] = {0};
          aus_call call;
          assert_ok(ctx, op_test_shape(ctx, &t, in, out, &call));
          full = out[0].shape;
        }
        want = calloc((size_t)aus_shape_count(&full), sizeof *want);
        size = calloc((size_t)aus_shape_count(&full), sizeof *size);
        naive(k, &full, src, weights, bias, want, size);
      }
      aus_shape full = t.out_shape[0];
      if (e && e->max_w) {
        aus_operand in[OP_TEST_IN] = {0}, out[OP_TEST_OUT] = {0};
        aus_call call;
        assert_ok(ctx, op_test_shape(ctx, &t, in, out, &call));
        full = out[0].shape;
      }
      compare(k, &t, &full, want, size, isas[i]);
      bytes = shape_bytes(&t.out_shape[0]);
      if (!one) { one = t.out[0]; t.out[0] = NULL; }
      else assert_memory_equal(one, t.out[0], bytes);
      op_test_free(&t);
      aus_ctx_destroy(ctx);
    }
    free(one);
  }
  free(src); free(bias); free(weights); free(want); free(size);
}

static void test_shapes(void **state)
{
  (void)state;
  static const conv_case cases[] = {
    { .mb = 1, .groups = 1, .icg = 1, .ocg = 1, .ih = 1, .iw = 1, .kh = 1, .kw = 1 },
    { .mb = 2, .groups = 1, .icg = 3, .ocg = 16, .ih = 9, .iw = 67, .kh = 3, .kw = 3, .top = 1, .left = 1, .bottom = 1, .right = 1, .bias = true },
    { .mb = 1, .groups = 1, .icg = 40, .ocg = 70, .ih = 6, .iw = 7, .kh = 3, .kw = 3, .top = 1, .left = 1, .bottom = 1, .right = 1, .bias = true }, /* panels, taps in chunks */
    { .mb = 5, .groups = 1, .icg = 33, .ocg = 50, .ih = 3, .iw = 3, .kh = 3, .kw = 3, .top = 1, .left = 1, .bottom = 1, .right = 1, .bias = true }, /* items together */
    { .mb = 3, .groups = 1, .icg = 32, .ocg = 40, .ih = 4, .iw = 5, .kh = 1, .kw = 1 }, /* panels of src itself */
    { .mb = 1, .groups = 1, .icg = 1, .ocg = 20, .ih = 30, .iw = 24, .kh = 7, .kw = 19, .top = 3, .bottom = 3, .bias = true }, /* musicnn's kind */
    { .mb = 2, .groups = 1, .icg = 1, .ocg = 17, .ih = 40, .iw = 24, .kh = 16, .kw = 1, .top = 7, .bottom = 8 }, /* joined rows */
    { .mb = 1, .groups = 1, .icg = 64, .ocg = 400, .ih = 3, .iw = 33, .kh = 3, .kw = 3, .top = 1, .left = 1, .bottom = 1, .right = 1 }, /* heavy weights */
    { .mb = 1, .groups = 1, .icg = 4, .ocg = 24, .ih = 16, .iw = 70, .kh = 5, .kw = 5, .sh = 2, .sw = 2, .top = 2, .left = 2, .bottom = 2, .right = 2, .bias = true },
    { .mb = 2, .groups = 37, .icg = 1, .ocg = 1, .ih = 11, .iw = 29, .kh = 3, .kw = 3, .top = 1, .left = 1, .bottom = 1, .right = 1, .bias = true }, /* depthwise */
    { .mb = 1, .groups = 3, .icg = 5, .ocg = 2, .ih = 8, .iw = 40, .kh = 2, .kw = 4, .sw = 3, .dh = 2, .dw = 2, .left = 5, .right = 1, .bias = true },
    { .mb = 2, .groups = 1, .icg = 8, .ocg = 12, .ih = 1, .iw = 187, .kh = 1, .kw = 7, .left = 3, .right = 3, .one_d = true, .bias = true },
    { .mb = 1, .groups = 1, .icg = 2, .ocg = 3, .ih = 1, .iw = 60, .kh = 1, .kw = 9, .sw = 5, .dw = 3, .left = 11, .one_d = true },
    { .mb = 1, .groups = 1, .icg = 16, .ocg = 8, .ih = 32, .iw = 32, .kh = 1, .kw = 1, .bias = true }, /* planes of 4 KiB */
    { .mb = 1, .groups = 1, .icg = 3, .ocg = 9, .ih = 12, .iw = 12, .kh = 1, .kw = 1, .sh = 3, .sw = 2 },
    { .transposed = true, .mb = 1, .groups = 1, .icg = 6, .ocg = 14, .ih = 7, .iw = 41, .kh = 5, .kw = 5, .sh = 2, .sw = 2, .top = 2, .left = 2, .bottom = 2, .right = 2, .extra_h = 1, .extra_w = 1, .bias = true },
    { .transposed = true, .mb = 2, .groups = 1, .icg = 48, .ocg = 60, .ih = 4, .iw = 5, .kh = 5, .kw = 5, .sh = 2, .sw = 2, .top = 2, .left = 2, .bottom = 2, .right = 2, .extra_h = 1, .extra_w = 1, .bias = true },
    { .transposed = true, .mb = 1, .groups = 2, .icg = 3, .ocg = 4, .ih = 5, .iw = 20, .kh = 3, .kw = 2, .sh = 3, .sw = 4, .top = 1, .left = 0 }, /* phases without taps */
    { .transposed = true, .mb = 2, .groups = 1, .icg = 4, .ocg = 3, .ih = 1, .iw = 30, .kh = 1, .kw = 16, .sw = 8, .left = 4, .right = 4, .one_d = true, .bias = true },
    { .transposed = true, .mb = 1, .groups = 1, .icg = 3, .ocg = 5, .ih = 6, .iw = 9, .kh = 3, .kw = 3, .sh = 2, .sw = 2, .dh = 2, .dw = 3, .top = 1, .left = 2, .extra_w = 1 },
    { .transposed = true, .mb = 1, .groups = 1, .icg = 2, .ocg = 3, .ih = 6, .iw = 21, .kh = 3, .kw = 3, .sh = 1, .sw = 1, .top = 1, .left = 1, .bottom = 1, .right = 1, .bias = true },
    { .transposed = true, .mb = 1, .groups = 1, .icg = 2, .ocg = 1, .ih = 3, .iw = 3, .kh = 3, .kw = 3, .sh = 2, .sw = 2, .top = 3, .left = 3, .bottom = 1, .right = 0 }, /* pads beyond the kernel */
    /* all grids in one tile (conv_few.c): the parts of several threads, odd sizes, two channels */
    { .transposed = true, .mb = 1, .groups = 1, .icg = 32, .ocg = 1, .ih = 50, .iw = 70, .kh = 5, .kw = 5, .sh = 2, .sw = 2, .top = 2, .left = 2, .bottom = 2, .right = 2, .extra_h = 1, .extra_w = 1, .bias = true },
    { .transposed = true, .mb = 2, .groups = 1, .icg = 7, .ocg = 2, .ih = 37, .iw = 33, .kh = 5, .kw = 5, .sh = 2, .sw = 2, .top = 1, .left = 1, .bottom = 2, .right = 2 },
    { .transposed = true, .mb = 1, .groups = 1, .icg = 5, .ocg = 1, .ih = 3, .iw = 100, .kh = 5, .kw = 4, .sh = 2, .sw = 2, .top = 2, .left = 1, .bottom = 2, .right = 1, .bias = true },
  };
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    conv_case k = cases[i];
    if (!k.sh) k.sh = 1;
    if (!k.sw) k.sw = 1;
    if (!k.dh) k.dh = 1;
    if (!k.dw) k.dw = 1;
    check_case(&k, NULL);
  }
}

/* Every width from 1 to 67, plain and transposed. */
static void test_lengths(void **state)
{
  (void)state;
  for (int64_t w = 1; w <= 67; w++) {
    conv_case k = { .mb = 1, .groups = 1, .icg = 3, .ocg = 7, .ih = 2, .iw = w, .kh = 2, .kw = 3, .sh = 1, .sw = 1 + (int32_t)(w % 3), .dh = 1, .dw = 1,
                    .top = 1, .left = 1, .right = 1, .bias = true };
    check_case(&k, NULL);
    k.transposed = true;
    k.left = k.top = k.right = 0;
    check_case(&k, NULL);
  }
}

static void test_epilogue(void **state)
{
  (void)state;
  float *scale = rough(64, 31), *shift = rough(64, 32);
  for (int act = 0; act < 4; act++)
    for (int affine = 0; affine < 2; affine++)
      for (int max_w = 0; max_w < 2; max_w++) {
        const aus_epilogue e = { .act = act, .alpha = act == AUS_ACT_ELU ? 1.5f : 0.2f, .scale = affine ? scale : NULL, .shift = affine ? shift : NULL, .max_w = max_w };
        conv_case k = { .mb = 2, .groups = 1, .icg = 1, .ocg = 33, .ih = 20, .iw = 70, .kh = 4, .kw = 9, .sh = 1, .sw = 1, .dh = 1, .dw = 1, .top = 1, .bottom = 2, .bias = true };
        check_case(&k, &e);
        k = (conv_case){ .mb = 2, .groups = 1, .icg = 4, .ocg = 21, .ih = 30, .iw = 18, .kh = 8, .kw = 1, .sh = 1, .sw = 1, .dh = 1, .dw = 1, .top = 4, .bottom = 3, .bias = true };
        check_case(&k, &e);
        k = (conv_case){ .mb = 2, .groups = 1, .icg = 40, .ocg = 61, .ih = 5, .iw = 5, .kh = 3, .kw = 3, .sh = 1, .sw = 1, .dh = 1, .dw = 1, .top = 1, .left = 1, .bottom = 1, .right = 1, .bias = true };
        check_case(&k, &e);
        k.transposed = true;
        k.sh = k.sw = 2;
        if (!max_w) check_case(&k, &e);
        k = (conv_case){ .transposed = true, .mb = 1, .groups = 1, .icg = 6, .ocg = 2, .ih = 5, .iw = 40, .kh = 5, .kw = 5, .sh = 2, .sw = 2, .dh = 1, .dw = 1, .top = 2, .left = 2, .bottom = 2, .right = 2, .extra_h = 1, .extra_w = 1, .bias = true };
        if (!max_w) check_case(&k, &e);
      }
  free(scale);
  free(shift);
}

static void test_random(void **state)
{
  (void)state;
  aus_rng rng;
  aus_rng_init(&rng, 2, 0);
  for (int i = 0; i < 150; i++) {
#define PICK(least, most) ((int32_t)((least) + (int64_t)aus_rng_below(&rng, (uint64_t)((most) - (least) + 1))))
    conv_case k = { .transposed = PICK(0, 1), .one_d = PICK(0, 4) == 0, .mb = PICK(1, 3), .groups = PICK(1, 2), .icg = PICK(1, 9), .ocg = PICK(1, 33) };
    k.kh = PICK(1, 4); k.kw = PICK(1, 6); k.sh = PICK(1, 3); k.sw = PICK(1, 4); k.dh = PICK(1, 2); k.dw = PICK(1, 3);
    k.top = PICK(0, 3); k.left = PICK(0, 3); k.bottom = PICK(0, 3); k.right = PICK(0, 3); k.bias = PICK(0, 1);
    k.ih = PICK(7, 12); k.iw = PICK(16, 50);
    if (k.transposed) { k.extra_h = PICK(0, k.sh - 1); k.extra_w = PICK(0, k.sw - 1); k.ih = PICK(5, 8); k.iw = PICK(8, 30); }
    if (k.one_d) { k.ih = k.kh = k.sh = k.dh = 1; k.top = k.bottom = k.extra_h = 0; }
    check_case(&k, NULL);
#undef PICK
  }
}

static void expect_error(conv_case k, aus_status status)
{
  aus_ctx *ctx = test_ctx(1);
  const float one = 1;
  op_test t = make(&k, &one, &one, &one);
  aus_operand in[OP_TEST_IN] = {0}, out[OP_TEST_OUT] = {0};
  aus_call call;
  assert_int_equal(op_test_shape(ctx, &t, in, out, &call), status);
  assert_true(strlen(aus_ctx_error(ctx)) > 10);
  aus_ctx_destroy(ctx);
}

static void test_refused(void **state)
{
  (void)state;
  const conv_case good = { .mb = 1, .groups = 1, .icg = 2, .ocg = 3, .ih = 5, .iw = 6, .kh = 3, .kw = 3, .sh = 1, .sw = 1, .dh = 1, .dw = 1 };
  conv_case k = good; k.left = -1; expect_error(k, AUS_EFORMAT);
  k = good; k.sw = -2; expect_error(k, AUS_EFORMAT);
  k = good; k.kw = 7; expect_error(k, AUS_EFORMAT);
  k = good; k.ih = 0; expect_error(k, AUS_EFORMAT);
  k = good; k.top = 1 << 25; expect_error(k, AUS_ELIMIT);
  k = good; k.ih = k.iw = 1 << 20; expect_error(k, AUS_ELIMIT);
  k = good; k.transposed = true; k.extra_w = -1; expect_error(k, AUS_EFORMAT);
  k = good; k.transposed = true; k.sh = k.sw = 1 << 20; expect_error(k, AUS_ELIMIT);
}

/* torch's results for the same integers (tests/golden/make_conv.py) */
static void test_torch(void **state)
{
  (void)state;
  const char *isas[4];
  const int n_isa = test_isas(isas);
  for (int i = 0; i < n_isa; i++)
    for (size_t g = 0; g < sizeof golden_conv / sizeof *golden_conv; g++) {
      const int *c = golden_conv[g].what;
      const conv_case k = { .transposed = c[0], .mb = c[1], .groups = c[2], .icg = c[3], .ocg = c[4], .ih = c[5], .iw = c[6], .kh = c[7], .kw = c[8], .sh = c[9],
                            .sw = c[10], .dh = c[11], .dw = c[12], .top = c[13], .left = c[14], .bottom = c[13], .right = c[14], .extra_h = c[15], .extra_w = c[16], .bias = true };
      float *src = rough(k.mb * k.groups * k.icg * k.ih * k.iw, 5), *bias = rough(k.groups * k.ocg, 77);
      float *weights = rough(k.groups * k.icg * k.ocg * k.kh * k.kw, 1234);
      aus_ctx *ctx = isa_ctx(isas[i], 1);
      op_test t = make(&k, src, weights, bias);
      t.prepared = true;
      op_test_run(ctx, &t);
      assert_int_equal(aus_shape_count(&t.out_shape[0]), golden_conv[g].count);
      double peak = 0;
      for (int s = 0; s < golden_conv[g].kept; s++) peak = fmax(peak, fabs((double)golden_conv[g].value[s]));
      for (int s = 0; s < golden_conv[g].kept; s++)
        assert_near(t.out[0][(int64_t)s * golden_conv[g].step], golden_conv[g].value[s], 1e-5 * peak);
      op_test_free(&t);
      aus_ctx_destroy(ctx);
      free(src); free(bias); free(weights);
    }
}

int main(void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(test_shapes), cmocka_unit_test(test_lengths), cmocka_unit_test(test_epilogue),
    cmocka_unit_test(test_random), cmocka_unit_test(test_refused), cmocka_unit_test(test_torch),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
