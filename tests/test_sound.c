/* test_sound.c - the tracks of a page add up to the input in whole numbers, whatever the parts look like, and FLAC and WAV
 * give back what went in. */
#include "test.h"

#include "report/sound.h"

enum { SAMPLES = 3001, PARTS = 4 };

/* Noise cut into parts that overlap, over a baseline or over silence; loud: beyond full scale. */
static void make(aus_components *c, float *data, float *off, float *whole, aus_part *part, bool baseline, float level)
{
  static const int64_t begin[PARTS] = { 0, 900, 0, 2500 }, end[PARTS] = { 1000, 2600, SAMPLES, SAMPLES };
  aus_rng r;
  aus_rng_init(&r, 3, baseline);
  for (int t = 0; t < SAMPLES; t++) whole[t] = off[t] = baseline ? 0.1f * level * (float)aus_rng_normal(&r) : 0;
  for (int i = 0; i < PARTS; i++) {
    part[i] = (aus_part){ data + i * SAMPLES, begin[i], end[i] };
    for (int64_t t = begin[i]; t < end[i]; t++) {
      data[i * SAMPLES + t - begin[i]] = 0.1f * level * (float)aus_rng_normal(&r);
      whole[t] += data[i * SAMPLES + t - begin[i]];
    }
  }
  *c = (aus_components){ .n = PARTS, .rate = 16000, .channels = 1, .samples = SAMPLES, .part = part, .off = baseline ? off : NULL, .whole = whole };
}

static void check_sum(const aus_tracks *t)
{
  static int64_t sum[SAMPLES];
  memset(sum, 0, sizeof sum);
  for (int32_t i = 0; i < t->n - 1; i++)
    for (int64_t s = 0; s < t->track[i].n; s++) sum[t->track[i].begin + s] += t->track[i].x[s];
  for (int s = 0; s < SAMPLES; s++) assert_int_equal(sum[s], t->track[t->n - 1].x[s]);
}

static void tracks_add_up_to_the_last_bit(void **state)
{
  (void)state;
  static float data[PARTS * SAMPLES], off[SAMPLES], whole[SAMPLES];
  aus_ctx *ctx = test_ctx(1);
  for (int run = 0; run < 16; run++) {
    aus_part part[PARTS];
    aus_components c;
    aus_tracks t;
    make(&c, data, off, whole, part, run & 1, run & 2 ? 20 : 1);
    assert_ok(ctx, aus_tracks_make(ctx, &c, run & 4 ? 24 : 16, run & 8, &t));
    assert_int_equal(t.n, PARTS + 1 + (run & 1));
    assert_true(run & 2 ? t.gain < 1 : t.gain == 1);
    check_sum(&t);
    const double step = ldexp(1.0, t.bits - 1);
    for (int i = 0; i < PARTS; i++)
      for (int64_t s = part[i].begin; s < part[i].end; s++)
        assert_near(t.track[i].x[s - t.track[i].begin] / step, data[i * SAMPLES + s - part[i].begin] * t.gain, (0.5 + PARTS) / step);
    aus_tracks_free(&t);
  }
  aus_ctx_destroy(ctx);
}

/* What a reader of the file gets. */
static void check_file(aus_ctx *ctx, const aus_tracks *t, const aus_track *k)
{
  aus_audio a;
  assert_ok(ctx, aus_audio_read_memory(ctx, k->bytes, k->size, &a));
  assert_int_equal(a.frames, k->n);
  assert_int_equal(a.rate, t->rate);
  for (int64_t s = 0; s < k->n; s++) assert_near(a.data[s], ldexp(k->x[s], 1 - t->bits), 0);
  aus_audio_free(ctx, &a);
}

static void files_hold_every_bit(void **state)
{
  (void)state;
  static float data[PARTS * SAMPLES], off[SAMPLES], whole[SAMPLES];
  aus_ctx *ctx = test_ctx(1);
  size_t size[2] = {0};
  for (int run = 0; run < 4; run++) {
    aus_part part[PARTS];
    aus_components c;
    aus_tracks t;
    make(&c, data, off, whole, part, true, 1);
    assert_ok(ctx, aus_tracks_make(ctx, &c, run & 1 ? 24 : 16, false, &t));
    const aus_status status = aus_tracks_encode(&t, run & 2 ? AUS_TRACKS_BEST : AUS_TRACKS_WAV);
    assert_int_equal(status, AUS_OK);
    for (int32_t i = 0; i < t.n; i++) check_file(ctx, &t, &t.track[i]);
    if (run & 1) size[run >> 1] = t.size;
    if (run == 3 && t.flac) assert_true(size[1] < size[0]);
    aus_tracks_free(&t);
  }
  aus_ctx_destroy(ctx);
}

int main(void)
{
  const struct CMUnitTest tests[] = { cmocka_unit_test(tracks_add_up_to_the_last_bit), cmocka_unit_test(files_hold_every_bit) };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
