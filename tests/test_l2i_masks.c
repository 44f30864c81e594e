/* test_l2i_masks.c - VIBI and L-MAC: draws, networks, losses and gradients against torch; masks of sounds, for any threads; what is refused. */
#include "l2i_bench.h"
#include "l2i_case.h"

#include "l2i/sounding.h"
#include "oom.h"

/* ---- VIBI against torch -------------------------------------------------------------------------------------- */

enum { MB = 2 };

static void vibi_as_torch(void **state)
{
  aus_l2i_spec s = { .method = AUS_L2I_VIBI, .atoms = 1, .classes = 4, .bins = 65, .frames = 70, .picks = 5 };
  aus_vibi_grid(8, &s);
  (void)state;
  assert_int_equal(s.rows, 8);
  assert_int_equal(s.columns, 9);
  const int32_t d = s.rows * s.columns;
  const aus_dims dims[] = { { 3, { MB, s.bins, s.frames } }, { 3, { MB, s.picks, d } }, { 2, { MB, s.classes } } };
  bench t = { .ctx = test_ctx(2) }, use = { .ctx = t.ctx };
  make_bench(&t, aus_vibi_training_graph, &s, dims, "terms");
  draw_params(&t, COUNT(golden_vibi_grad), golden_vibi_grad);
  param_of(&t, "vibi.sharpness")->value[0] = 1 / 0.5f;
  signal_to(aus_run_input(t.run, 0), MB * s.bins * s.frames, 21, 3, true);
  for (int64_t i = 0; i < MB * s.picks * d; i++) aus_run_input(t.run, 1)[i] = (float)golden_vibi_gumbel[i];
  for (int64_t i = 0; i < MB * s.classes; i++) aus_run_input(t.run, 2)[i] = (float)golden_vibi_target[i];
  assert_ok(t.ctx, aus_run_forward(t.run));
  for (int i = 0; i < AUS_VIBI_TERMS; i++) assert_near(aus_run_output(t.run, 0, NULL)[i], golden_vibi_terms[i], 1e-5 * fabs(golden_vibi_terms[i]));
  near_all("chunks", MB * d, golden_vibi_chunks, aus_run_value(t.run, aus_run_find(t.run, "chunks"), NULL), 1e-5);
  near_all("z", MB * d, golden_vibi_z, aus_run_value(t.run, aus_run_find(t.run, "z"), NULL), 1e-5);
  near_all("logits", MB * s.classes, golden_vibi_logits, aus_run_output(t.run, 1, NULL), 1e-5);
  float *seed = aus_walk_seed(t.walk, 0, NULL);
  seed[0] = 1;
  seed[1] = 0.7f;
  assert_ok(t.ctx, aus_walk_run(t.walk));
  check_gradients(&t, COUNT(golden_vibi_grad), golden_vibi_grad);

  /* In use: hard chunks. */
  const aus_dims seen[] = { { 3, { MB, s.bins, s.frames } }, { 2, { MB, d } } };
  make_bench(&use, aus_vibi_graph, &s, seen, NULL);
  draw_params(&use, COUNT(golden_vibi_grad), golden_vibi_grad);
  signal_to(aus_run_input(use.run, 0), MB * s.bins * s.frames, 21, 3, true);
  assert_ok(use.ctx, aus_run_forward(use.run));
  for (int64_t i = 0; i < MB; i++) aus_vibi_pick(&s, aus_run_output(use.run, 1, NULL) + i * d, aus_run_input(use.run, 1) + i * d);
  assert_ok(use.ctx, aus_run_forward(use.run));
  near_all("hard", MB * s.classes, golden_vibi_hard, aus_run_output(use.run, 0, NULL), 1e-5);
  close_bench(&use);
  close_bench(&t);
  aus_ctx_destroy(t.ctx);
}

static void picks_and_draws(void **state)
{
  enum { D = 6, N = 200000 };
  const aus_l2i_spec s = { .rows = 2, .columns = 3, .picks = 3 };
  const float chunk[D] = { 1, 5, -2, 5, 0, 1 };
  float pick[D], g[8], again[8];
  (void)state;
  aus_vibi_pick(&s, chunk, pick);
  for (int i = 0; i < D; i++) assert_int_equal(pick[i], i == 0 || i == 1 || i == 3); /* of equal ones the first */
  float *many = malloc(N * sizeof *many);
  double mean = 0, square = 0;
  aus_vibi_gumbel(7, 1, N, many);
  for (int i = 0; i < N; i++) mean += (double)many[i] / N;
  for (int i = 0; i < N; i++) square += pow((double)many[i] - mean, 2) / N;
  assert_near(mean, 0.57721566, 0.01);              /* Euler's constant */
  assert_near(square, 9.8696044 / 6, 0.03);         /* pi^2 / 6 */
  free(many);
  aus_vibi_gumbel(7, 2, 8, g);
  aus_vibi_gumbel(7, 2, 8, again);
  assert_memory_equal(g, again, sizeof g);
  aus_vibi_gumbel(8, 2, 8, again);
  assert_true(memcmp(g, again, sizeof g) != 0);
}

/* ---- L-MAC against torch ---------------------------------------------------------------------------------------- */

static void lmac_as_torch(void **state)
{
  const aus_l2i_spec s = { .method = AUS_L2I_LMAC, .n_taps = 3, .tap = { { "a", 4, 12, 8, 13, false }, { "b", 4, 16, 4, 6, false }, { "c", 4, 24, 2, 3, false } },
                           .atoms = 1, .classes = 4, .bins = 65, .frames = 61, .width = 4, .bands = 40 };
  aus_dims dims[3];
  bench t = { .ctx = test_ctx(2) };
  (void)state;
  for (int i = 0; i < 3; i++) dims[i] = aus_l2i_tap_dims(&s.tap[i], MB);
  make_bench(&t, aus_lmac_graph, &s, dims, "mask");
  draw_params(&t, COUNT(golden_lmac_grad), golden_lmac_grad);
  signal_to(param_of(&t, "decoder.warp")->value, (int64_t)s.bands * s.bins, 40, 1, true);
  for (int i = 0; i < 3; i++) signal_to(aus_run_input(t.run, i), aus_shape_count(&dims[i]), 10 + (uint32_t)i, 2, true);
  assert_ok(t.ctx, aus_run_forward(t.run));
  const float *mask = aus_run_output(t.run, 0, NULL);
  float few[COUNT(golden_lmac_mask)];
  int n = 0;
  for (int64_t i = 0; i < MB; i++)
    for (int64_t f = 0; f < s.frames; f += 7)
      for (int64_t b = 0; b < s.bins; b += 5) few[n++] = mask[(i * s.frames + f) * s.bins + b];
  assert_int_equal(n, COUNT(golden_lmac_mask));
  near_all("mask", n, golden_lmac_mask, few, 1e-5);
  signal_to(aus_walk_seed(t.walk, 0, NULL), MB * s.frames * s.bins, 41, 1, false);
  assert_ok(t.ctx, aus_walk_run(t.walk));
  check_gradients(&t, COUNT(golden_lmac_grad), golden_lmac_grad);
  close_bench(&t);
  aus_ctx_destroy(t.ctx);
}

/* Sizes on the layers of the VGG-style classifier. */
static void sizes(void **state)
{
  aus_l2i_spec s = { .n_taps = 3, .tap = { { "out0", 4, 128, 16, 53, false }, { "out1", 4, 256, 8, 26, false }, { "out2", 4, 512, 4, 13, false } }, .atoms = 1, .classes = 10, .bins = 513,
                     .frames = 431, .bands = 128, .picks = 20 };
  const struct { int32_t width; int64_t parameters; } want[] = { { 32, 1591809 }, { 8, 365461 } };
  const aus_dims seen[] = { { 3, { 1, 513, 431 } }, { 2, { 1, 208 } } };
  (void)state;
  for (int k = 0; k < 3; k++) {
    bench t = { .ctx = test_ctx(1) };
    aus_dims dims[3], d;
    int64_t n = 0;
    for (int i = 0; i < 3; i++) dims[i] = aus_l2i_tap_dims(&s.tap[i], 1);
    if (k < 2) s.width = want[k].width;
    aus_vibi_grid(32, &s);
    make_bench(&t, k < 2 ? aus_lmac_graph : aus_vibi_graph, &s, k < 2 ? dims : seen, NULL);
    for (int32_t i = 0; i < t.n_params; i++) n += strcmp(t.param[i].name, "decoder.warp") == 0 ? 0 : t.param[i].count;
    assert_int_equal(n, k < 2 ? want[k].parameters : 118827);
    aus_run_output(t.run, 0, &d);
    if (k < 2) assert_true(d.rank == 3 && d.dim[1] == 431 && d.dim[2] == 513);
    if (k == 0) aus_run_value(t.run, aus_run_find(t.run, "decoder.up5.relu"), &d);
    if (k == 0) assert_true(d.dim[1] == 8 && d.dim[2] == 128 && d.dim[3] == 424);
    if (k == 2) assert_true(s.rows == 16 && s.columns == 13 && d.dim[1] == 10);
    close_bench(&t);
    aus_ctx_destroy(t.ctx);
  }
}

/* ---- a classifier and masks for it --------------------------------------------------------------------------------- */

enum { CLASSES = 3, PATCH = 32, HOP = 128, RATE = 8000 };

static const char mel[] =
  "[frontend]\nkind = mel\nrate = 8000\nn_fft = 256\nhop = 128\nmels = 24\nmel_scale = htk\nmel_norm = none\npower = %d\nlog = db\namin = 1e-10\ntop_db = 80\nlayout = %s\npatch_frames = 32\n[network]\n"
  "conv 6 3 pad=1\nrelu name=a\nmaxpool 2\nconv 8 3 pad=1\nrelu name=b\nglobal_mean\nlinear classes\n";

typedef struct ear { aus_ctx *ctx; void *bytes; size_t size; aus_model *model; aus_inside in; } ear;

static ear open_ear(int threads, int power, const char *layout)
{
  ear e = { .ctx = test_ctx(threads) };
  char text[1000];
  snprintf(text, sizeof text, mel, power, layout);
  assert_ok(e.ctx, case_classifier(e.ctx, text, "small", CLASSES, 4, &e.bytes, &e.size));
  assert_ok(e.ctx, aus_model_open_memory(e.ctx, e.bytes, e.size, &e.model));
  assert_ok(e.ctx, aus_model_inside(e.model, &e.in));
  return e;
}

static void close_ear(ear *e)
{
  aus_model_close(e->model);
  aus_free(e->ctx, e->bytes);
  aus_ctx_destroy(e->ctx);
}

/* Each bin between two bands: shares add to one and their mean frequency is the bin's, or the first or last band's. */
static void warp_interpolates(void **state)
{
  ear e = open_ear(1, 2, "mel_time");
  const aus_frontend *fe = e.in.fe;
  float warp[24 * 129];
  (void)state;
  aus_lmac_warp(fe, warp);
  for (int32_t k = 0; k < fe->bins; k++) {
    const double hz = (double)k * fe->rate / fe->n_fft, first = (double)fe->hz[0], last = (double)fe->hz[fe->bands - 1];
    double sum = 0, mean = 0;
    for (int32_t m = 0; m < fe->bands; m++) {
      sum += (double)warp[m * fe->bins + k];
      mean += (double)warp[m * fe->bins + k] * (double)fe->hz[m];
    }
    assert_near(sum, 1, 1e-6);
    assert_near(mean, hz < first ? first : hz > last ? last : hz, 1e-3);
  }
  close_ear(&e);
}

static double of_masks(aus_sounding *f, const float *size, const float *mask, float *diff)
{
  const double weight[2] = { 4, -0.2 };
  double sum = 0;
  for (int i = 0; i < 2; i++) aus_sounding_set(f, i, size, mask, i == 1);
  aus_sounding_forward(f);
  for (int i = 0; i < 2; i++)
    sum += weight[i] * aus_sounding_loss(CLASSES, false, aus_sounding_logits(f) + i * CLASSES, 1, weight[i], diff ? aus_sounding_seed(f) + i * CLASSES : NULL);
  if (!diff) return sum;
  aus_sounding_back(f);
  for (int i = 0; i < 2; i++) aus_sounding_diff(f, i, size, mask, i == 1, diff);
  return sum;
}

/* The gradient of the whole loss, through classifier, decibels, floor and bank, along random directions, against differences. The bank and logarithm alone are judged by torch in
 * test_frontend_back, the classifier in test_back. */
static void loss_and_its_gradient(void **state)
{
  enum { CELLS = PATCH * 129 };
  static float size[CELLS], mask[CELLS], moved[CELLS], diff[CELLS];
  (void)state;
  for (int form = 0; form < 4; form++) {
    ear e = open_ear(2, 1 + form % 2, form / 2 ? "mel_time" : "time_mel");
    aus_sounding f;
    assert_ok(e.ctx, aus_sounding_open(e.ctx, &e.in, 2, true, &f));
    for (uint32_t i = 0; i < CELLS; i++) {
      size[i] = 3 * fabsf(noise(i, 1)) + 0.01f;
      mask[i] = 0.5f + 0.4f * noise(i, 2);
      diff[i] = 0;
    }
    of_masks(&f, size, mask, diff);
    for (uint32_t way = 3; way < 6; way++) {
      const double step = 1e-3;
      double along = 0, at[2];
      for (uint32_t i = 0; i < CELLS; i++) along += (double)diff[i] * (double)noise(i, way);
      for (int side = 0; side < 2; side++) {
        for (uint32_t i = 0; i < CELLS; i++) moved[i] = mask[i] + (float)((side ? step : -step) * (double)noise(i, way));
        at[side] = of_masks(&f, size, moved, NULL);
      }
      assert_near((at[1] - at[0]) / (2 * step), along, 0.01 * fmax(1, fabs(along)));
    }
    aus_sounding_close(&f);
    close_ear(&e);
  }
}

static void losses(void **state)
{
  const float y[3] = { 2, -1, 0.5f };
  float diff[3];
  (void)state;
  const double z = exp(2) + exp(-1) + exp(0.5);
  assert_near(aus_sounding_loss(3, false, y, 1, 1, diff), log(z) + 1, 1e-7);
  assert_near(diff[0], exp(2) / z, 1e-6);
  assert_near(diff[1], exp(-1) / z - 1, 1e-6);
  assert_near(aus_sounding_loss(3, true, y, 1, 2, diff), log(1 + exp(1)), 1e-7); /* -log sigmoid(-1) */
  assert_near(diff[1], 2 * (1 / (1 + exp(1)) - 1), 1e-6);
  assert_near(diff[0], 0, 0);
}

/* ---- masks of sounds -------------------------------------------------------------------------------------------- */

static void file_of(const ear *e, aus_l2i_method method, void **bytes, size_t *size)
{
  aus_l2i_spectrum spectrum;
  aus_l2i_spec s = { .method = method, .atoms = 1, .picks = 4, .width = 4, .bands = e->in.fe->bands };
  aus_builder *b;
  float *warp = malloc((size_t)(e->in.fe->bands * e->in.fe->bins) * sizeof *warp);
  assert_ok(e->ctx, aus_l2i_spectrum_open(e->in.fe, 256, 128, &spectrum));
  assert_ok(e->ctx, aus_l2i_find_taps(e->ctx, &e->in, 2, (const char *const[]){ "a", "b" }, &s));
  s.bins = spectrum.bins;
  s.frames = aus_l2i_patch_frames(&spectrum);
  aus_vibi_grid(16, &s);
  aus_lmac_warp(e->in.fe, warp);
  const aus_param given = { .name = "decoder.warp", .count = (int64_t)s.bands * s.bins, .value = warp };
  assert_ok(e->ctx, aus_builder_create(e->ctx, &b));
  aus_l2i_net n = { .ctx = e->ctx, .b = b, .seed = 9, .n_given = 1, .given = &given };
  if (method == AUS_L2I_VIBI) aus_vibi_graph(&n, &s);
  else aus_lmac_graph(&n, &s);
  aus_builder_string(b, "name", "case");
  aus_l2i_write_spec(b, &s, e->in.bundle, 256, 128);
  assert_ok(e->ctx, aus_builder_finish(b, bytes, size));
  aus_builder_destroy(b);
  aus_l2i_spectrum_close(&spectrum);
  free(warp);
}

enum { SAMPLES = 3 * PATCH * HOP + 77 };

static float *sound(void)
{
  float *x = malloc(SAMPLES * sizeof *x);
  for (uint32_t i = 0; i < SAMPLES; i++) x[i] = 0.3f * sinf(0.4f * (float)i) * (float)(i / 900 % 2) + 0.05f * noise(i, 5);
  return x;
}

static void masks_for_any_threads(void **state)
{
  float *x = sound();
  (void)state;
  for (int method = AUS_L2I_VIBI; method <= AUS_L2I_LMAC; method++) {
    aus_mask first = { 0 };
    for (int threads = 1; threads <= 3; threads++) {
      ear e = open_ear(threads, 1, "mel_time");
      void *bytes;
      size_t size;
      aus_masker *m;
      aus_mask k;
      file_of(&e, (aus_l2i_method)method, &bytes, &size);
      assert_ok(e.ctx, aus_masker_open_memory(e.ctx, bytes, size, e.model, &m));
      assert_string_equal(aus_masker_describe(m)->method, method == AUS_L2I_VIBI ? "vibi" : "lmac");
      assert_ok(e.ctx, aus_masker_read(m, SAMPLES, x, &k));
      assert_int_equal(k.bins, 129);
      const size_t cells = (size_t)k.frames * 129;
      double seen = 0;
      for (size_t i = 0; i < cells; i++) {
        assert_true(k.mask[i] >= 0 && k.mask[i] <= 1 && k.order[i] >= 0 && k.order[i] <= 1);
        seen += (double)k.mask[i];
      }
      if (method == AUS_L2I_VIBI) { /* 4 of 8 x 2 chunks in three patches; bins are not all in chunks of one size */
        for (size_t i = 0; i < cells; i++) assert_true(k.mask[i] == 0 || k.mask[i] == 1);
        assert_near(seen / (3 * PATCH * 129), 0.25, 0.01);
        for (int p = 0; p < 3; p++) { /* what is seen is what is ordered first */
          float least = 1, most = 0;
          for (size_t i = (size_t)p * PATCH * 129; i < (size_t)(p + 1) * PATCH * 129; i++) {
            if (k.mask[i] > 0) least = fminf(least, k.order[i]);
            else most = fmaxf(most, k.order[i]);
          }
          assert_true(least > most);
        }
      }
      if (threads == 1) {
        first = (aus_mask){ .mask = memcpy(malloc(cells * 4), k.mask, cells * 4), .order = memcpy(malloc(cells * 4), k.order, cells * 4), .logits = memcpy(malloc(12), k.logits, 12) };
      } else {
        assert_memory_equal(first.mask, k.mask, cells * 4);
        assert_memory_equal(first.order, k.order, cells * 4);
        assert_memory_equal(first.logits, k.logits, 12);
      }
      aus_mask_free(&k);
      aus_masker_close(m);
      aus_free(e.ctx, bytes);
      close_ear(&e);
    }
    free(first.mask), free(first.order), free(first.logits);
  }
  free(x);
}

/* L-MAC's answer is the classifier's, of the spectrogram under the mask: with a mask of ones, its answer to the sound. */
static void answers_through_the_mask(void **state)
{
  enum { N = (PATCH - 1) * HOP };
  ear e = open_ear(1, 2, "mel_time");
  aus_sounding f;
  aus_l2i_ear plain;
  const aus_l2i_spec s = { 0 };
  float *x = sound(), *size = malloc((size_t)PATCH * 129 * 4), *ones = malloc((size_t)PATCH * 129 * 4), scratch[24 * PATCH], floor;
  (void)state;
  for (int i = 0; i < PATCH * 129; i++) ones[i] = 1;
  assert_ok(e.ctx, aus_sounding_open(e.ctx, &e.in, 1, false, &f));
  assert_ok(e.ctx, aus_stft_power(e.in.fe->stft, N, x, 0, PATCH, 1, size));
  aus_sounding_set(&f, 0, size, ones, false);
  assert_ok(e.ctx, aus_sounding_forward(&f));
  assert_ok(e.ctx, aus_l2i_ear_open(e.ctx, &e.in, &s, &plain));
  assert_ok(e.ctx, aus_frontend_floor(e.in.fe, N, x, &floor));
  assert_ok(e.ctx, aus_frontend_patch(e.in.fe, N, x, 0, PATCH, floor, scratch, aus_run_input(plain.run, 0)));
  assert_ok(e.ctx, aus_run_forward(plain.run));
  for (int c = 0; c < CLASSES; c++) assert_near(aus_sounding_logits(&f)[c], aus_run_tap(plain.run, plain.logits, NULL)[c], 1e-3);
  aus_run_destroy(plain.run);
  aus_sounding_close(&f);
  free(x), free(size), free(ones);
  close_ear(&e);
}

static void what_is_refused(void **state)
{
  ear e = open_ear(1, 2, "mel_time"), other = open_ear(1, 1, "mel_time");
  void *bytes, *atoms;
  size_t size, atoms_size;
  aus_masker *m;
  aus_interpreter *it;
  aus_mask k;
  float bad[3] = { 0, NAN, 0 }, *x = calloc(SAMPLES, sizeof *x);
  (void)state;
  file_of(&e, AUS_L2I_VIBI, &bytes, &size);
  assert_int_equal(aus_masker_open_memory(other.ctx, bytes, size, other.model, &m), AUS_EINVAL); /* another classifier */
  assert_int_equal(aus_interpreter_open_memory(e.ctx, bytes, size, e.model, &it), AUS_EINVAL);
  assert_non_null(strstr(aus_ctx_error(e.ctx), "vibi"));
  assert_ok(e.ctx, case_interpreter(e.ctx, e.model, 4, false, NULL, &atoms, &atoms_size));
  assert_int_equal(aus_masker_open_memory(e.ctx, atoms, atoms_size, e.model, &m), AUS_EINVAL);
  assert_non_null(strstr(aus_ctx_error(e.ctx), "holds no mask"));
  assert_ok(e.ctx, aus_masker_open_memory(e.ctx, bytes, size, e.model, &m));
  assert_int_equal(aus_masker_read(m, 0, bad, &k), AUS_EINVAL);
  assert_int_equal(aus_masker_read(m, 3, bad, &k), AUS_EINVAL);
  assert_ok(e.ctx, aus_masker_read(m, 10, x, &k)); /* short, and silent: an answer */
  for (int c = 0; c < CLASSES; c++) assert_true(isfinite(k.logits[c]));
  aus_mask_free(&k);
  aus_masker_close(m);
  aus_free(e.ctx, bytes);
  aus_free(e.ctx, atoms);
  free(x);
  close_ear(&e);
  close_ear(&other);
}

typedef struct stored { const void *model, *mask; size_t model_size, mask_size; const float *x; } stored;

static aus_status open_and_read(aus_ctx *ctx, void *arg)
{
  const stored *c = arg;
  aus_model *model;
  aus_masker *m;
  AUS_TRY(aus_model_open_memory(ctx, c->model, c->model_size, &model));
  aus_status status = aus_masker_open_memory(ctx, c->mask, c->mask_size, model, &m);
  if (status == AUS_OK) {
    aus_mask k;
    status = aus_masker_read(m, 900, c->x, &k);
    aus_mask_free(&k);
    aus_masker_close(m);
  }
  aus_model_close(model);
  return status;
}

static void memory_that_runs_out(void **state)
{
  ear e = open_ear(1, 2, "mel_time");
  float *x = sound();
  (void)state;
  for (int method = AUS_L2I_VIBI; method <= AUS_L2I_LMAC; method++) {
    void *bytes;
    stored c = { .model = e.bytes, .model_size = e.size, .x = x };
    file_of(&e, (aus_l2i_method)method, &bytes, &c.mask_size);
    c.mask = bytes;
    assert_true(oom_sweep("opening and reading a mask", open_and_read, &c) > 40);
    aus_free(e.ctx, bytes);
  }
  free(x);
  close_ear(&e);
}

int main(void)
{
  const struct CMUnitTest tests[] = { cmocka_unit_test(vibi_as_torch), cmocka_unit_test(picks_and_draws), cmocka_unit_test(lmac_as_torch), cmocka_unit_test(sizes), cmocka_unit_test(warp_interpolates),
                                      cmocka_unit_test(loss_and_its_gradient), cmocka_unit_test(losses), cmocka_unit_test(masks_for_any_threads),
                                      cmocka_unit_test(answers_through_the_mask), cmocka_unit_test(what_is_refused), cmocka_unit_test(memory_that_runs_out) };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
