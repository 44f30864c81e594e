/* test_where.c - a map in one sentence, the verdict on it, and our own picture of a tone. */
#include "test.h"

#include "report/picture.h"
#include "report/report.h"
#include "report/where.h"

#include <math.h>

enum { FRAMES = 1000, BANDS = 64 };
static float value[FRAMES * BANDS], hz[BANDS];

/* 10 s; +1 at 3 to 3.5 s and 7 to 7.4 s in bands 10 to 13, -0.5 everywhere in band 40. */
static aus_map a_map(void)
{
  for (int b = 0; b < BANDS; b++) hz[b] = 100.0f * (float)b + 50;
  for (int f = 0; f < FRAMES; f++)
    for (int b = 0; b < BANDS; b++) {
      const bool in = (f >= 300 && f < 350) || (f >= 700 && f < 740);
      value[f * BANDS + b] = in && b >= 10 && b < 14 ? 1 : b == 40 ? -0.5f : 0;
    }
  return (aus_map){ .frames = FRAMES, .bands = BANDS, .value = value, .hz = hz, .hop_s = 0.01, .cell_s = 0.01, .cell_hz = 100 };
}

static void where(void **state)
{
  (void)state;
  aus_ctx *ctx = test_ctx(1);
  const aus_map m = a_map();
  aus_stretch s[AUS_STRETCHES];
  double low, high;
  assert_int_equal(aus_where_time(&m, 1, 10, s), 2);
  assert_true(s[0].t0 <= 3.01 && s[0].t1 >= 3.49 && s[0].t1 - s[0].t0 < 0.9);
  assert_true(s[1].t0 <= 7.01 && s[1].t1 >= 7.39);
  assert_true(fabs(s[0].share - 50.0 / 90) < 0.01 && fabs(s[1].share - 40.0 / 90) < 0.01);
  assert_true(aus_where_band(ctx, &m, 1, &low, &high));
  assert_true(low >= 1000 && high <= 1400 && high - low < 300); /* half of it: two of four bands */
  assert_int_equal(aus_where_time(&m, -1, 10, s), 0);           /* the same everywhere */
  assert_true(aus_where_band(ctx, &m, -1, &low, &high));
  assert_true(low == 4000 && high == 4100);
  assert_true(aus_map_has(&m, 1) && aus_map_has(&m, -1));
  memset(value, 0, sizeof value);
  assert_int_equal(aus_where_time(&m, 1, 10, s), 0);
  assert_false(aus_where_band(ctx, &m, 1, &low, &high));
  assert_false(aus_map_has(&m, 1));
  aus_ctx_destroy(ctx);
}

static aus_trust verdict(double plus, double minus, double no_plus, double no_minus, char words[240])
{
  char positive[] = "positive", negative[] = "negative", rest[] = "rest", *names[3] = { positive, negative, rest };
  aus_weight w[3] = { { .alone = plus, .without = no_plus }, { .alone = minus, .without = no_minus }, { .alone = NAN, .without = NAN } };
  aus_target_explanation t = { .raw_score = 0.5, .r2 = NAN, .weight = w, .map = a_map() };
  const aus_explanation e = { .n_components = 3, .n_targets = 1, .component = names, .target = &t };
  return aus_trust_verdict(&e, &t, words, 240);
}

static void a_map_is_tested(void **state)
{
  (void)state;
  char words[240];
  assert_int_equal(verdict(0.8, 0.1, 0.05, 0.9, words), AUS_TRUST_GOOD);
  assert_non_null(strstr(words, "says 0.8 to what the map marks for, 0.1 to what it marks against, 0.05 without the first"));
  assert_int_equal(verdict(0.4, 0.2, 0.4, 0.6, words), AUS_TRUST_FAIR);
  assert_int_equal(verdict(0.5, 0.5, 0.1, 0.9, words), AUS_TRUST_POOR); /* what is marked for is no more than the other */
  assert_int_equal(verdict(0.1, 0.8, 0.9, 0.05, words), AUS_TRUST_POOR);
  assert_non_null(strstr(words, "do not trust it"));
  assert_int_equal(verdict(NAN, NAN, NAN, NAN, words), AUS_TRUST_NONE);
}

static void our_picture(void **state)
{
  (void)state;
  aus_ctx *ctx = test_ctx(1);
  static float x[22050];
  for (int i = 0; i < 22050; i++) x[i] = i < 11025 ? 0 : sinf((float)i * (float)(2 * 3.14159265 * 1000 / 22050));
  static const int64_t n[3] = { 22050, 10, 0 };
  for (int k = 0; k < 2; k++) { /* ten samples are enough for a picture */
    aus_spectrogram s;
    assert_ok(ctx, aus_own_spectrogram(ctx, 22050, n[k], x, &s));
    assert_true(s.frames >= 1 && s.bands == 96);
    aus_free(ctx, s.image);
    aus_free(ctx, s.hz);
  }
  aus_spectrogram s;
  assert_ok(ctx, aus_own_spectrogram(ctx, 22050, n[0], x, &s));
  const int64_t late = s.frames * 3 / 4, early = s.frames / 4;
  int32_t top = 0;
  for (int32_t b = 0; b < s.bands; b++)
    if (s.image[b * s.frames + late] > s.image[top * s.frames + late]) top = b;
  assert_true(fabsf(s.hz[top] - 1000) < 60);
  assert_true(s.image[top * s.frames + late] - s.image[top * s.frames + early] > 79); /* silence lies at the floor, 80 dB below */
  aus_free(ctx, s.image);
  aus_free(ctx, s.hz);
  aus_ctx_destroy(ctx);
}

int main(void)
{
  const struct CMUnitTest tests[] = { cmocka_unit_test(where), cmocka_unit_test(a_map_is_tested), cmocka_unit_test(our_picture) };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
