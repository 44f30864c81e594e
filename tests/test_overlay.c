/* test_overlay.c - maps, tiles and places land on the cells of the picture that they mean, and the curve's integral
 * is their sum. */
#include "test.h"

#include "report/overlay.h"

enum { FRAMES = 100, BANDS = 4 };

static float hz[BANDS] = { 100, 300, 500, 700 }; /* edges 0, 200, 400, 600 */
static const aus_spectrogram seen = { .hz = hz, .frames = FRAMES, .bands = BANDS, .hop_seconds = 0.01 };

static aus_report report_of(aus_explanation *e, aus_components *c)
{
  return (aus_report){ .explanation = e, .components = c, .spectrogram = &seen };
}

static double integral(const aus_overlay *o, double column_s)
{
  double sum = 0;
  for (int64_t c = 0; c < o->columns; c++) sum += o->curve[c] * column_s;
  return sum;
}

static void a_map_of_the_same_raster_is_itself(void **state)
{
  (void)state;
  aus_ctx *ctx = test_ctx(1);
  float value[FRAMES * BANDS], sum = 0;
  for (int i = 0; i < FRAMES * BANDS; i++) sum += value[i] = (float)(i % 17 - 8) / 8;
  aus_target_explanation t = { .map = { .frames = FRAMES, .bands = BANDS, .value = value, .hz = hz, .hop_s = 0.01 } };
  aus_explanation e = { .n_targets = 1, .target = &t };
  aus_components c = { .samples = 1000, .rate = 1000 };
  const aus_report r = report_of(&e, &c);
  aus_overlay o;
  assert_ok(ctx, aus_overlay_make(ctx, &r, 0, &o));
  assert_int_equal(o.columns, FRAMES);
  for (int f = 0; f < FRAMES; f++)
    for (int b = 0; b < BANDS; b++) assert_near(o.value[b * FRAMES + f], value[f * BANDS + b], 1e-6);
  assert_near(integral(&o, 0.01), sum, 1e-4);
  assert_near(o.peak, 1, 1e-6);
  aus_overlay_free(ctx, &o);
  aus_ctx_destroy(ctx);
}

/* Ten frames of 0.1 s by eight bins of 100 Hz: cells of the picture show the one that covers them. */
static void a_coarse_map_keeps_its_steps(void **state)
{
  (void)state;
  aus_ctx *ctx = test_ctx(1);
  enum { F = 10, B = 8 };
  float value[F * B], bins[B];
  double sum = 0;
  for (int b = 0; b < B; b++) bins[b] = (float)(50 + 100 * b);
  for (int f = 0; f < F; f++)
    for (int b = 0; b < B; b++) sum += value[f * B + b] = (float)(f * 10 + b);
  aus_target_explanation t = { .map = { .frames = F, .bands = B, .value = value, .hz = bins, .hop_s = 0.1, .cell_s = 0.1, .cell_hz = 100 } };
  aus_explanation e = { .n_targets = 1, .target = &t };
  aus_components c = { .samples = 1000, .rate = 1000 };
  const aus_report r = report_of(&e, &c);
  aus_overlay o;
  assert_ok(ctx, aus_overlay_make(ctx, &r, 0, &o));
  /* Column 32 lies at 0.32 s: the frame at 0.3 s. The band from 200 to 400 Hz is the mean of bins 2 and 3. */
  assert_near(o.value[1 * FRAMES + 32], 32.5, 1e-5);
  assert_near(o.value[1 * FRAMES + 28], 32.5, 1e-5);
  assert_near(o.value[0 * FRAMES + 41], 40.5, 1e-5);
  /* Frame 0 is centred at 0, so half of it lies before the start, and half of one more is added at the end; each of the nine steps
   * between frames (80 high over the bands, 10 columns a frame) may fall one column early. */
  assert_near(integral(&o, 0.01), sum - 0.5 * 28 + 0.5 * 748, 9 * 80 / 10.0);
  assert_near(o.cell_s, 0.1, 0);
  aus_overlay_free(ctx, &o);
  aus_ctx_destroy(ctx);
}

static void samples_are_summed_over_a_column(void **state)
{
  (void)state;
  aus_ctx *ctx = test_ctx(1);
  static float value[1000];
  for (int i = 0; i < 1000; i++) value[i] = i >= 400 && i < 500 ? 0.01f : 0;
  aus_target_explanation t = { .map = { .frames = 1000, .bands = 1, .value = value, .hop_s = 0.001 } };
  aus_explanation e = { .n_targets = 1, .target = &t };
  aus_components c = { .samples = 1000, .rate = 1000 };
  const aus_report r = report_of(&e, &c);
  aus_overlay o;
  assert_ok(ctx, aus_overlay_make(ctx, &r, 0, &o));
  assert_near(integral(&o, 0.01), 1, 1e-4);
  assert_near(o.curve[45], 10, 1e-4);
  assert_near(o.curve[20], 0, 0);
  assert_near(o.value[3 * FRAMES + 45], 0.01, 1e-6);
  aus_overlay_free(ctx, &o);
  aus_ctx_destroy(ctx);
}

static void components_colour_where_they_lie(void **state)
{
  (void)state;
  aus_ctx *ctx = test_ctx(1);
  aus_place place[2] = { { -1, 0, 0.5, 0, 0 }, { -1, 0.5, 1, 400, 600 } };
  aus_weight w[2] = { { .shapley = 2 }, { .shapley = -1 } };
  aus_target_explanation t = { .weight = w };
  aus_explanation e = { .n_targets = 1, .target = &t, .n_components = 2, .place = place };
  aus_components c = { .samples = 1000, .rate = 1000, .n = 2 };
  const aus_report r = report_of(&e, &c);
  aus_overlay o;
  assert_ok(ctx, aus_overlay_make(ctx, &r, 0, &o));
  assert_near(o.value[0 * FRAMES + 10], 2, 0);
  assert_near(o.value[3 * FRAMES + 10], 2, 0);
  assert_near(o.value[2 * FRAMES + 80], -1, 0);
  assert_near(o.value[1 * FRAMES + 80], 0, 0);
  assert_near(integral(&o, 0.01), 1, 0.03);
  aus_overlay_free(ctx, &o);
  /* Superpixels: an L of component 1 around component 0, with one cell that belongs to nobody. */
  int32_t label[10 * 8];
  for (int f = 0; f < 10; f++)
    for (int b = 0; b < 8; b++) label[f * 8 + b] = f < 5 && b < 4 ? 0 : 1;
  c.label = label;
  c.label_frames = 10;
  c.label_bins = 8;
  c.label_hop_s = 0.1;
  c.label_bin_hz = 100;
  assert_ok(ctx, aus_overlay_make(ctx, &r, 0, &o));
  assert_near(o.value[0 * FRAMES + 30], 2, 0);  /* bin 1, frame 3 */
  assert_near(o.value[1 * FRAMES + 30], 2, 0);  /* bin 3 */
  assert_near(o.value[2 * FRAMES + 30], -1, 0); /* bin 5 */
  assert_near(o.value[0 * FRAMES + 70], -1, 0);
  aus_overlay_free(ctx, &o);
  aus_ctx_destroy(ctx);
}

static void whole_sounds_have_no_place(void **state)
{
  (void)state;
  aus_ctx *ctx = test_ctx(1);
  aus_place place[2] = { { 0, 0, 1, 0, 500 }, { 1, 0, 1, 0, 500 } };
  aus_weight w[2] = { { .shapley = 2 }, { .shapley = -1 } };
  aus_target_explanation t = { .weight = w };
  aus_explanation e = { .n_targets = 1, .target = &t, .n_components = 2, .place = place };
  aus_components c = { .samples = 1000, .rate = 1000, .n = 2 };
  const aus_report r = report_of(&e, &c);
  aus_overlay o;
  assert_ok(ctx, aus_overlay_make(ctx, &r, 0, &o));
  assert_null(o.value);
  aus_ctx_destroy(ctx);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(a_map_of_the_same_raster_is_itself), cmocka_unit_test(a_coarse_map_keeps_its_steps),
    cmocka_unit_test(samples_are_summed_over_a_column), cmocka_unit_test(components_colour_where_they_lie),
    cmocka_unit_test(whole_sounds_have_no_place),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
