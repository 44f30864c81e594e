/* test_model.c - the model noun with a callback behind it: checks, padding, mixes. */
#include "test.h"
#include "model/model.h"

/* Scores: the sum of each channel weighted by time, and the number of calls seen. */
typedef struct toy { int64_t inputs, calls, most; int channels, fail; } toy;

static int toy_predict(void *user, int64_t n, int64_t samples, const float *x, float *scores)
{
  toy *t = user;
  t->inputs += n;
  t->calls++;
  if (n > t->most) t->most = n;
  for (int64_t i = 0; i < n; i++) {
    double a = 0, b = 0;
    for (int64_t k = 0; k < samples * t->channels; k++) {
      a += x[i * samples * t->channels + k];
      b += x[i * samples * t->channels + k] * (double)(k % samples + 1);
    }
    scores[2 * i] = t->fail == 2 ? NAN : (float)a;
    scores[2 * i + 1] = (float)b;
  }
  return t->fail == 1 ? 7 : 0;
}

static const char *const names[] = { "sum", "moment" }, *const stems[] = { "a", "b" };

static aus_model *toy_model(aus_ctx *ctx, toy *t, int64_t patch, const char *pad)
{
  aus_model *m;
  const aus_model_info info = { .name = "toy", .sample_rate = 8000, .channels = t->channels, .n_targets = 2, .targets = names,
                                .channel_names = t->channels == 2 ? stems : NULL, .score_kind = AUS_SCORE_REAL,
                                .patch_samples = patch, .short_input = pad };
  assert_ok(ctx, aus_model_from_callback(ctx, &info, toy_predict, t, &m));
  return m;
}

static void the_description_is_copied_and_checked(void **state)
{
  (void)state;
  aus_ctx *ctx = test_ctx(1);
  toy t = { .channels = 2 };
  aus_model *m = toy_model(ctx, &t, 0, NULL);
  const aus_model_info *i = aus_model_describe(m);
  assert_string_equal(i->name, "toy");
  assert_string_equal(i->targets[1], "moment");
  assert_string_equal(i->channel_names[1], "b");
  assert_string_equal(i->licence, "");
  assert_ptr_not_equal(i->targets[0], names[0]);
  aus_model_close(m);
  aus_model_info bad[] = { { .name = "x", .sample_rate = 0, .channels = 1, .n_targets = 1, .targets = names },
                           { .name = "x", .sample_rate = 1, .channels = 0, .n_targets = 1, .targets = names },
                           { .name = "x", .sample_rate = 1, .channels = 1, .n_targets = 0, .targets = names },
                           { .name = "x", .sample_rate = 1, .channels = 1, .n_targets = 1 },
                           { .name = "x", .sample_rate = 1, .channels = 1, .n_targets = 1, .targets = names, .patch_samples = -1 } };
  for (size_t k = 0; k < sizeof bad / sizeof *bad; k++) {
    assert_int_equal(aus_model_from_callback(ctx, bad + k, toy_predict, &t, &m), AUS_EINVAL);
    assert_null(m);
  }
  aus_model_close(NULL);
  aus_ctx_destroy(ctx);
}

static void short_input_is_padded_and_batches_are_small(void **state)
{
  (void)state;
  aus_ctx *ctx = test_ctx(1);
  toy t = { .channels = 1 };
  float x[40], y[80];
  for (int i = 0; i < 40; i++) x[i] = (float)(i + 1);
  aus_model *m = toy_model(ctx, &t, 7, "repeat");
  assert_ok(ctx, aus_model_predict(m, 1, 3, x, y)); /* 1 2 3 1 2 3 1 */
  assert_near(y[0], 13, 0);
  aus_model_close(m);
  m = toy_model(ctx, &t, 7, "zero");
  assert_ok(ctx, aus_model_predict(m, 1, 3, x, y));
  assert_near(y[0], 6, 0);
  assert_ok(ctx, aus_model_predict(m, 40, 1, x, y)); /* 16 at a time */
  assert_int_equal(t.most, 16);
  for (int i = 0; i < 40; i++) assert_near(y[2 * i], i + 1, 0);
  assert_int_equal(aus_model_predict(m, 1, 0, x, y), AUS_EINVAL);
  assert_int_equal(aus_model_predict(m, INT64_MAX / 8, 16, x, y), AUS_ELIMIT);
  t.fail = 1;
  assert_int_equal(aus_model_predict(m, 1, 3, x, y), AUS_EPEER);
  t.fail = 2;
  assert_int_equal(aus_model_predict(m, 1, 3, x, y), AUS_EPEER);
  assert_non_null(strstr(aus_ctx_error(ctx), "'sum'"));
  aus_model_close(m);
  aus_ctx_destroy(ctx);
}

static void mixes_are_composed_and_scored_once(void **state)
{
  (void)state;
  aus_ctx *ctx = test_ctx(1);
  toy t = { .channels = 2 };
  aus_model *m = toy_model(ctx, &t, 0, NULL);
  float off[2 * 20], whole[2 * 20], p0[2 * 5], p1[2 * 20];
  for (int i = 0; i < 40; i++) { off[i] = 0.5f; p1[i] = (float)i / 8; }
  for (int i = 0; i < 10; i++) p0[i] = (float)(1 + i);
  const aus_part part[] = { { p0, 3, 8 }, { p1, 0, 20 } };
  for (int c = 0; c < 2; c++)
    for (int k = 0; k < 20; k++) whole[c * 20 + k] = off[c * 20 + k] + p1[c * 20 + k] + (k >= 3 && k < 8 ? p0[c * 5 + k - 3] : 0);
  const aus_mixes mixes = { .samples = 20, .n_parts = 2, .part = part, .off = off, .whole = whole };
  const uint8_t z[][2] = { { 0, 0 }, { 1, 0 }, { 0, 1 }, { 1, 1 }, { 1, 0 }, { 0, 0 } };
  float y[6][2], base[2], all[2];
  assert_ok(ctx, aus_model_predict_mixes(m, &mixes, 6, z[0], y[0]));
  assert_int_equal(t.inputs, 4); /* six rows, four distinct */
  assert_ok(ctx, aus_model_predict(m, 1, 20, off, base));
  assert_ok(ctx, aus_model_predict(m, 1, 20, whole, all));
  assert_near(y[0][0], 20, 0);
  assert_near(y[1][0], 20 + 55, 0);
  assert_near(y[2][0], 20 + 39 * 40 / 2 / 8.0, 0);
  for (int k = 0; k < 2; k++) {
    assert_near(y[0][k], base[k], 0);
    assert_near(y[3][k], all[k], 0);
    assert_near(y[4][k], y[1][k], 0);
    assert_near(y[5][k], y[0][k], 0);
  }
  const uint8_t two[] = { 2, 0 };
  assert_int_equal(aus_model_predict_mixes(m, &mixes, 1, two, y[0]), AUS_EINVAL);
  const aus_part outside[] = { { p0, 18, 23 }, { p1, 0, 20 } };
  const aus_mixes bad = { .samples = 20, .n_parts = 2, .part = outside, .whole = whole };
  assert_int_equal(aus_model_predict_mixes(m, &bad, 1, z[0], y[0]), AUS_EINVAL);
  aus_model_close(m);
  aus_ctx_destroy(ctx);
}

static void distinct_rows_are_found_in_order(void **state)
{
  (void)state;
  aus_ctx *ctx = test_ctx(1);
  uint8_t keys[3000][11];
  int64_t which[3000], first[3000], count;
  for (int i = 0; i < 3000; i++)
    for (int k = 0; k < 11; k++) keys[i][k] = (uint8_t)((i % 1000) >> k & 1);
  assert_ok(ctx, aus_rows_distinct(ctx, 3000, 11, keys[0], which, first, &count));
  assert_int_equal(count, 1000);
  for (int i = 0; i < 3000; i++) assert_int_equal(which[i], i % 1000);
  for (int u = 0; u < 1000; u++) assert_int_equal(first[u], u);
  assert_ok(ctx, aus_rows_distinct(ctx, 5, 0, keys[0], which, first, &count)); /* no parts: one row */
  assert_int_equal(count, 1);
  aus_ctx_destroy(ctx);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(the_description_is_copied_and_checked),
    cmocka_unit_test(short_input_is_padded_and_batches_are_small),
    cmocka_unit_test(mixes_are_composed_and_scored_once),
    cmocka_unit_test(distinct_rows_are_found_in_order),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
