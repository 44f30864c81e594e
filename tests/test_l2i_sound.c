/* test_l2i_sound.c - an interpreter and a sound: both ways to listen, the explanation's sums, odd input, what is refused. */
#include "test.h"

#include "l2i_case.h"
#include "oom.h"

enum { RATE = 8000, PATCH = 24, HOP = 128, ATOMS = 12, CLASSES = 3 };
static const char mel[] = "[frontend]\nkind = mel\nrate = 8000\nn_fft = 256\nhop = 128\nmels = 16\nmel_scale = htk\nmel_norm = none\nlog = ln_offset\noffset = 1e-3\n"
                          "layout = mel_time\npatch_frames = 24\n[network]\nconv 4 3 pad=same\nrelu name=a\nmaxpool 2\nconv 6 3 pad=same\nrelu name=b\nglobal_mean\nlinear classes\n";
static const char turned[] = "[frontend]\nkind = mel\nrate = 8000\nn_fft = 256\nhop = 128\nmels = 16\nmel_scale = htk\nmel_norm = none\nlog = ln_offset\noffset = 1e-3\n"
                             "layout = time_mel\npatch_frames = 24\nshort = repeat\n[network]\nconv 4 3 pad=same\nrelu name=a\nmaxpool 2\nconv 6 3 pad=same\nrelu name=b\nglobal_mean\nlinear classes\n[train]\nloss = bce\n";

typedef struct bench { aus_ctx *ctx; void *model_bytes, *bytes; aus_model *model; aus_interpreter *it; } bench;

static aus_status open_with(bench *t, const char *recipe, bool max_pooling)
{
  size_t model_size, size;
  AUS_TRY(case_classifier(t->ctx, recipe, "small", CLASSES, 4, &t->model_bytes, &model_size));
  AUS_TRY(aus_model_open_memory(t->ctx, t->model_bytes, model_size, &t->model));
  AUS_TRY(case_interpreter(t->ctx, t->model, ATOMS, max_pooling, NULL, &t->bytes, &size));
  return aus_interpreter_open_memory(t->ctx, t->bytes, size, t->model, &t->it);
}

static void close_bench(bench *t)
{
  aus_interpreter_close(t->it);
  aus_model_close(t->model);
  aus_free(t->ctx, t->bytes);
  aus_free(t->ctx, t->model_bytes);
  aus_ctx_destroy(t->ctx);
}

static bench open_bench(const char *recipe, bool max_pooling, int threads)
{
  bench t = { .ctx = test_ctx(threads) };
  assert_ok(t.ctx, open_with(&t, recipe, max_pooling));
  return t;
}

/* Two tones that come and go, and noise; loudest below one. */
static float *sound_of(int64_t n)
{
  float *x = calloc((size_t)n + 1, sizeof *x);
  aus_rng rng;
  assert_non_null(x);
  aus_rng_init(&rng, 3, 3);
  for (int64_t i = 0; i < n; i++)
    x[i] = (float)(0.4 * sin(0.35 * (double)i) * (i / 700 % 2) + 0.3 * sin(1.3 * (double)i) * (i / 500 % 3 == 1) + 0.02 * aus_rng_normal(&rng));
  return x;
}

static double peak_of(int64_t n, const float *x)
{
  double p = 0;
  for (int64_t i = 0; i < n; i++) p = fmax(p, fabs((double)x[i]));
  return p;
}

/* ---- listening -------------------------------------------------------------------------------------------- */

enum { LONG = 3 * PATCH * HOP + 77 };

static void shares_add_up(void **state)
{
  bench t = open_bench(mel, false, 2);
  aus_reading r;
  float *x = sound_of(LONG), *sum = calloc(LONG, sizeof *sum), *y = calloc(LONG, sizeof *y), *rest = calloc(LONG, sizeof *rest);
  uint8_t keep[ATOMS] = { 0 };
  (void)state;
  assert_ok(t.ctx, aus_interpreter_read(t.it, LONG, x, &r));
  assert_int_equal(r.covered, r.frames / PATCH * PATCH);
  const int64_t covered = (r.covered - 2) * HOP; /* behind it nothing is anybody's */
  for (int k = 0; k < ATOMS; k++) {
    memset(keep, 0, sizeof keep);
    keep[k] = 1;
    assert_ok(t.ctx, aus_l2i_listen(t.it, &r, keep, AUS_LISTEN_LINEAR, y));
    for (int i = 0; i < LONG; i++) sum[i] += y[i];
  }
  for (int64_t i = 0; i < covered; i++) assert_near(sum[i], x[i], 1e-5);
  for (int n = 0; n < 3; n++) { /* none, some, all */
    for (int k = 0; k < ATOMS; k++) keep[k] = n == 2 || (n == 1 && k % 3 == 0);
    assert_ok(t.ctx, aus_l2i_listen(t.it, &r, keep, AUS_LISTEN_LINEAR, y));
    assert_ok(t.ctx, aus_l2i_without(t.it, &r, keep, AUS_LISTEN_LINEAR, rest));
    for (int i = 0; i < LONG; i++) assert_near((double)y[i] + (double)rest[i], x[i], 1e-5);
    if (n == 0) assert_near(peak_of(LONG, y), 0, 0);
    if (n == 2) assert_near(peak_of(covered, rest), 0, 1e-5);
  }
  assert_near(peak_of(LONG - covered - 2 * HOP, y + covered + 2 * HOP), 0, 0); /* what lies in no patch is the rest's */
  aus_reading_free(&r);
  free(x), free(sum), free(y), free(rest);
  close_bench(&t);
}

/* |Y| = ((1 + g |X|)^R - 1) / g written out in double, from H and W. */
static void parity_formula(void **state)
{
  bench t = open_bench(mel, false, 1);
  aus_reading r;
  const int64_t n = (PATCH - 1) * HOP; /* every frame lies in the patch */
  float *x = sound_of(n), *y = calloc((size_t)n, sizeof *y), *want = calloc((size_t)n, sizeof *want);
  uint8_t keep[ATOMS] = { 1, 0, 1, 1 }, all[ATOMS];
  (void)state;
  memset(all, 1, sizeof all);
  assert_ok(t.ctx, aus_interpreter_read(t.it, n, x, &r));
  assert_near(r.gain, 1 / peak_of(n, x), 1e-6);
  assert_ok(t.ctx, aus_l2i_listen(t.it, &r, keep, AUS_LISTEN_PARITY, y));
  const float *w = aus_interpreter_describe(t.it)->dictionary;
  double worst = 0;
  float *re = calloc((size_t)(r.frames * r.bins), sizeof *re), *im = calloc((size_t)(r.frames * r.bins), sizeof *im);
  for (int64_t f = 0; f < r.frames; f++)
    for (int32_t b = 0; b < r.bins; b++) {
      double part = 0, made = 1e-6;
      for (int k = 0; k < ATOMS; k++) {
        const double v = (double)w[b * ATOMS + k] * (double)r.h[k * r.frames + f];
        made += v;
        part += keep[k] ? v : 0;
      }
      const int64_t i = f * r.bins + b;
      const double size = hypot((double)r.re[i], (double)r.im[i]), g = (double)r.gain, m = size > 0 ? (exp(part / made * log(1 + g * size)) - 1) / g / size : 0;
      re[i] = (float)(m * (double)r.re[i]);
      im[i] = (float)(m * (double)r.im[i]);
      worst = fmax(worst, fabs(made - 1e-6 - (double)r.made[i]) / made);
    }
  assert_near(worst, 0, 1e-5);
  assert_ok(t.ctx, aus_stft_inverse(t.it->spectrum.stft, n, re, im, want));
  for (int64_t i = 0; i < n; i++) assert_near(y[i], want[i], 2e-5);
  for (int64_t i = 0; i < r.frames * ATOMS; i++) r.h[i] *= 1e4f; /* where W H is far above 1e-6 all shares add to one, */
  for (int64_t i = 0; i < r.frames * r.bins; i++) r.made[i] *= 1e4f;
  assert_ok(t.ctx, aus_l2i_listen(t.it, &r, all, AUS_LISTEN_PARITY, y)); /* and expm1 of log1p is the identity */
  for (int64_t i = 0; i < n; i++) assert_near(y[i], x[i], 1e-5);
  free(re), free(im), free(x), free(y), free(want);
  aus_reading_free(&r);
  close_bench(&t);
}

static void loudness(void **state)
{
  const float x[4] = { 0.4f, -0.4f, 0.4f, -0.4f }, y[4] = { 0.1f, -0.1f, 0.1f, -0.1f }, spike[4] = { 0.5f, 0, 0, 0 }, nothing[4] = { 0 };
  (void)state;
  assert_near(aus_l2i_loudness(4, x, y), 4, 1e-6);
  assert_near(aus_l2i_loudness(4, x, spike), 1.6, 1e-6);
  assert_near(aus_l2i_loudness(4, (const float[]){ 1, 1, 1, 1 }, spike), 2, 1e-6); /* 4 would be as loud, and clip */
  assert_near(aus_l2i_loudness(4, x, nothing), 1, 0);
  assert_near(aus_l2i_loudness(4, nothing, y), 1, 0);
}

/* ---- relevance ----------------------------------------------------------------------------------------------- */

static void relevance_by_hand(void **state)
{
  bench t = open_bench(mel, false, 1);
  float z[ATOMS] = { 2, 1, 0, 3 };
  float theta[CLASSES * ATOMS] = { 0 };
  const aus_reading reading = { .atoms = ATOMS, .targets = CLASSES, .z = z };
  double r[ATOMS];
  uint8_t keep[ATOMS];
  (void)state;
  theta[ATOMS] = 0.5f;       /* class 1: 1, 0.3, 0, -1.5 */
  theta[ATOMS + 1] = 0.3f;
  theta[ATOMS + 2] = 9;
  theta[ATOMS + 3] = -0.5f;
  const float *own = t.it->theta;
  t.it->theta = theta;
  aus_l2i_importance(t.it, &reading, 1, r);
  assert_near(r[0], 1 / 1.5, 1e-6); /* by the largest magnitude, which is negative here */
  assert_near(r[1], 0.3 / 1.5, 1e-6);
  assert_near(r[3], -1, 1e-6);
  assert_int_equal(aus_l2i_select(ATOMS, r, 0.1, 0, keep), 2);
  assert_true(keep[0] && keep[1] && !keep[3]);
  assert_int_equal(aus_l2i_select(ATOMS, r, 0.1, 1, keep), 1);
  assert_true(keep[0] && !keep[1]);
  assert_int_equal(aus_l2i_select(ATOMS, r, 0.9, 5, keep), 0);
  aus_l2i_importance(t.it, &reading, 0, r); /* nothing is active for class 0 */
  for (int k = 0; k < ATOMS; k++) assert_near(r[k], 0, 0);
  t.it->theta = own;
  close_bench(&t);
}

/* ---- the explanation ------------------------------------------------------------------------------------------- */

static void check_sums(bench *t, int64_t n, bool probability)
{
  float *x = sound_of(n), *mix = calloc((size_t)n, sizeof *mix);
  const int32_t targets[2] = { 2, 0 };
  aus_l2i_config c;
  aus_components parts;
  aus_explanation e;
  aus_reading r;
  const aus_audio a = { .data = x, .frames = n, .channels = 1, .rate = RATE };
  aus_l2i_defaults(&c);
  c.targets = targets;
  c.n_targets = 2;
  c.tau = 0;
  assert_ok(t->ctx, aus_l2i_explain(t->it, &a, &c, &parts, &e));
  assert_ok(t->ctx, aus_interpreter_read(t->it, n, x, &r));
  assert_true(parts.n >= 2 && parts.n == e.n_components && e.n_targets == 2);
  assert_string_equal(parts.name[parts.n - 1], "rest");
  for (int32_t i = 0; i < parts.n; i++)
    for (int64_t s = 0; s < n; s++) mix[s] += parts.part[i].data[s];
  for (int64_t s = 0; s < n; s++) assert_near(mix[s], x[s], 1e-6);
  for (int32_t k = 0; k < 2; k++) {
    const aus_target_explanation *g = &e.target[k];
    double sum = 0, map = 0;
    float scores[CLASSES];
    for (int32_t i = 0; i < e.n_components; i++) sum += g->weight[i].weight;
    for (int64_t i = 0; i < g->map.frames * g->map.bands; i++) map += (double)g->map.value[i];
    assert_near(sum, r.logits[targets[k]], 1e-5);
    assert_near(g->local_prediction, r.logits[targets[k]], 1e-6);
    assert_near(map, r.logits[targets[k]], 1e-4);
    assert_ok(t->ctx, aus_model_predict(t->model, 1, n, x, scores));
    assert_near(g->score, scores[targets[k]], 1e-5);
    for (int64_t s = 0; s < n; s++) mix[s] = x[s] - parts.part[0].data[s];
    assert_ok(t->ctx, aus_model_predict(t->model, 1, n, mix, scores));
    assert_near(g->weight[0].without, scores[targets[k]], 1e-3);
    assert_ok(t->ctx, aus_model_predict(t->model, 1, n, parts.part[0].data, scores));
    assert_near(g->weight[0].alone, scores[targets[k]], 1e-3);
  }
  double p = 0;
  for (int i = 0; i < CLASSES; i++) p += (double)r.scores[i];
  if (!probability) assert_near(p, 1, 1e-6);
  aus_reading_free(&r);
  aus_explanation_free(&e);
  aus_components_free(&parts);
  free(x), free(mix);
}

static void sums_hold(void **state)
{
  (void)state;
  for (int k = 0; k < 4; k++) {
    bench t = open_bench(k & 1 ? turned : mel, k & 2, 2);
    check_sums(&t, (PATCH - 1) * HOP, k & 1); /* one patch: all of z lies in it */
    close_bench(&t);
  }
}

/* The same maps in either order give the same H. */
static void either_order(void **state)
{
  aus_ctx *ctx = test_ctx(1);
  aus_run *run[2];
  aus_bundle *bundle[2];
  void *bytes[2];
  size_t size;
  (void)state;
  for (int k = 0; k < 2; k++) {
    const aus_l2i_spec s = { .n_taps = 2, .tap = { { "a", 4, 3, 8, 20, k == 1 }, { "b", 4, 5, 4, 10, k == 1 } }, .atoms = 6, .classes = 2, .bins = 9, .frames = 24 };
    aus_builder *b;
    assert_ok(ctx, aus_builder_create(ctx, &b));
    aus_l2i_net n = { .ctx = ctx, .b = b, .seed = 1 };
    aus_l2i_graph(&n, &s);
    assert_ok(ctx, aus_builder_finish(b, &bytes[k], &size));
    aus_builder_destroy(b);
    assert_ok(ctx, aus_bundle_open_memory(ctx, bytes[k], size, &bundle[k]));
    const aus_dims d[2][2] = { { { 4, { 1, 3, 8, 20 } }, { 4, { 1, 5, 4, 10 } } }, { { 4, { 1, 3, 20, 8 } }, { 4, { 1, 5, 10, 4 } } } };
    assert_ok(ctx, aus_run_create(ctx, bundle[k], d[k], NULL, 0, &run[k]));
  }
  static const int shape[2][3] = { { 3, 8, 20 }, { 5, 4, 10 } };
  for (int i = 0; i < 2; i++)
    for (int c = 0; c < shape[i][0]; c++)
      for (int f = 0; f < shape[i][1]; f++)
        for (int s = 0; s < shape[i][2]; s++) {
          const float v = (float)((c * 31 + f * 17 + s * 7) % 23) / 8;
          aus_run_input(run[0], i)[(c * shape[i][1] + f) * shape[i][2] + s] = v;
          aus_run_input(run[1], i)[(c * shape[i][2] + s) * shape[i][1] + f] = v;
        }
  for (int k = 0; k < 2; k++) assert_ok(ctx, aus_run_forward(run[k]));
  for (int i = 0; i < 6 * 24; i++) assert_near(aus_run_output(run[0], 2, NULL)[i], aus_run_output(run[1], 2, NULL)[i], 1e-6);
  for (int k = 0; k < 2; k++) {
    aus_run_destroy(run[k]);
    aus_bundle_close(bundle[k]);
    aus_free(ctx, bytes[k]);
  }
  aus_ctx_destroy(ctx);
}

/* ---- odd input --------------------------------------------------------------------------------------------------- */

typedef struct notes { char text[1000]; } notes;
static void note(void *user, int level, const char *line)
{
  notes *n = user;
  (void)level;
  strncat(n->text, line, sizeof n->text - strlen(n->text) - 1);
}

static void explain_odd(const char *recipe, int64_t n, float *x, const char *says, double *probability)
{
  notes heard = { "" };
  const aus_config config = { .threads = 1, .log = note, .user = &heard };
  bench t = { 0 };
  aus_components parts;
  aus_explanation e;
  assert_int_equal(aus_ctx_create(&t.ctx, &config), AUS_OK);
  assert_ok(t.ctx, open_with(&t, recipe, false));
  const aus_audio a = { .data = x, .frames = n, .channels = 1, .rate = RATE };
  assert_ok(t.ctx, aus_l2i_explain(t.it, &a, NULL, &parts, &e));
  if (!strstr(heard.text, says)) fail_msg("'%s' does not say '%s'", heard.text, says);
  assert_int_equal(parts.samples, n);
  for (int32_t i = 0; i < parts.n; i++) assert_true(isfinite(peak_of(n, parts.part[i].data)));
  assert_true(isfinite(e.target[0].score) && isfinite(e.target[0].local_prediction));
  if (probability) *probability = e.target[0].score;
  aus_explanation_free(&e);
  aus_components_free(&parts);
  close_bench(&t);
}

static void silence_and_short(void **state)
{
  float *silent = calloc(PATCH * HOP, sizeof *silent), *x = sound_of(LONG);
  (void)state;
  explain_odd(mel, (PATCH - 1) * HOP, silent, "silent", NULL);
  explain_odd(mel, 500, x, "continued to", NULL);
  explain_odd(turned, 500, x, "continued to", NULL);
  explain_odd(mel, 1, x, "continued to", NULL);
  explain_odd(mel, LONG, x, "lie in no patch", NULL);
  free(silent), free(x);
}

static void refused_sound(void **state)
{
  bench t = open_bench(mel, false, 1);
  aus_reading r;
  aus_components parts;
  aus_explanation e;
  float x[8] = { 0, 1, NAN };
  const int32_t none[] = { CLASSES };
  (void)state;
  assert_int_equal(aus_interpreter_read(t.it, 0, x, &r), AUS_EINVAL);
  assert_int_equal(aus_interpreter_read(t.it, 8, x, &r), AUS_EINVAL);
  assert_non_null(strstr(aus_ctx_error(t.ctx), "sample 2"));
  x[2] = 0;
  const aus_audio wrong_rate = { .data = x, .frames = 8, .channels = 1, .rate = RATE + 1 }, right = { .data = x, .frames = 8, .channels = 1, .rate = RATE };
  assert_int_equal(aus_l2i_explain(t.it, &wrong_rate, NULL, &parts, &e), AUS_EINVAL);
  aus_l2i_config c;
  aus_l2i_defaults(&c);
  c.targets = none;
  c.n_targets = 1;
  assert_int_equal(aus_l2i_explain(t.it, &right, &c, &parts, &e), AUS_EINVAL);
  assert_non_null(strstr(aus_ctx_error(t.ctx), "no target 3"));
  close_bench(&t);
}

/* ---- what does not belong together --------------------------------------------------------------------------------- */

static int predict_nothing(void *user, int64_t n, int64_t samples, const float *x, float *scores)
{
  (void)user, (void)samples, (void)x;
  memset(scores, 0, (size_t)n * sizeof *scores);
  return 0;
}

static void refuse(bench *t, aus_model *model, const void *bytes, size_t size, aus_status status, const char *says)
{
  aus_interpreter *it;
  const aus_status got = aus_interpreter_open_memory(t->ctx, bytes, size, model, &it);
  if (got != status || !strstr(aus_ctx_error(t->ctx), says)) fail_msg("%s (%s); wanted '%s'", aus_strerror(got), aus_ctx_error(t->ctx), says);
  assert_null(it);
}

static void what_does_not_fit(void **state)
{
  bench t = open_bench(mel, false, 1);
  void *other_bytes, *bytes;
  size_t other_size, size;
  aus_model *other, *black;
  (void)state;
  assert_ok(t.ctx, case_classifier(t.ctx, mel, "another", CLASSES, 5, &other_bytes, &other_size));
  assert_ok(t.ctx, aus_model_open_memory(t.ctx, other_bytes, other_size, &other));
  assert_ok(t.ctx, case_interpreter(t.ctx, t.model, ATOMS, false, NULL, &bytes, &size));
  refuse(&t, other, bytes, size, AUS_EINVAL, "this interpreter explains 'small'");
  refuse(&t, t.model, other_bytes, other_size, AUS_EFORMAT, "is no interpreter");
  refuse(&t, t.model, bytes, size - 7, AUS_EFORMAT, "");
  aus_free(t.ctx, bytes);
  const aus_model_info info = { .name = "black", .sample_rate = RATE, .channels = 1, .n_targets = 1, .targets = (const char *const[]){ "x" }, .score_kind = AUS_SCORE_REAL };
  assert_ok(t.ctx, aus_model_from_callback(t.ctx, &info, predict_nothing, NULL, &black));
  static const struct { case_spoil spoil; aus_status status; const char *says; } cases[] = {
    { { .other_bins = true }, AUS_EFORMAT, "dictionary is 128 x 12; wanted are 129 bins by 12 atoms" },
    { { .other_tap = true }, AUS_EINVAL, "no layer 'nowhere'" },
    { { .no_dictionary = true }, AUS_EFORMAT, "lacks its tensor 'dictionary'" },
  };
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    assert_ok(t.ctx, case_interpreter(t.ctx, t.model, ATOMS, false, &cases[i].spoil, &bytes, &size));
    refuse(&t, t.model, bytes, size, cases[i].status, cases[i].says);
    if (i == 0) refuse(&t, black, bytes, size, AUS_ENOTSUP, "black box");
    aus_free(t.ctx, bytes);
  }
  aus_model_close(black);
  aus_model_close(other);
  aus_free(t.ctx, other_bytes);
  close_bench(&t);
}

/* ---- sizes, threads, memory --------------------------------------------------------------------------------------------- */

static void five_and_ten_seconds(void **state)
{
  const aus_stft_config config = { 1024, 1024, 512, AUS_WINDOW_HANN, AUS_CENTER_REFLECT };
  aus_ctx *ctx = test_ctx(1);
  aus_stft *stft;
  (void)state;
  assert_ok(ctx, aus_stft_create(ctx, &config, &stft));
  assert_int_equal(aus_stft_bins(stft), 513);
  assert_int_equal(aus_stft_frames(stft, 220500), 431);
  assert_int_equal(aus_stft_frames(stft, 441000), 862);
  aus_stft_destroy(stft);
  aus_ctx_destroy(ctx);
}

static void same_bits(void **state)
{
  float *x = sound_of(LONG), *y[3];
  float *h[3];
  (void)state;
  for (int threads = 1; threads <= 3; threads++) {
    bench t = open_bench(mel, false, threads);
    aus_reading r;
    uint8_t keep[ATOMS] = { 0, 1, 0, 1, 1 };
    y[threads - 1] = calloc(LONG, sizeof(float));
    assert_ok(t.ctx, aus_interpreter_read(t.it, LONG, x, &r));
    assert_ok(t.ctx, aus_l2i_listen(t.it, &r, keep, AUS_LISTEN_PARITY, y[threads - 1]));
    h[threads - 1] = malloc((size_t)(ATOMS * r.frames) * sizeof(float));
    memcpy(h[threads - 1], r.h, (size_t)(ATOMS * r.frames) * sizeof(float));
    if (threads > 1) {
      assert_memory_equal(h[0], h[threads - 1], (size_t)(ATOMS * r.frames) * sizeof(float));
      assert_memory_equal(y[0], y[threads - 1], LONG * sizeof(float));
    }
    aus_reading_free(&r);
    close_bench(&t);
  }
  for (int k = 0; k < 3; k++) { free(y[k]); free(h[k]); }
  free(x);
}

typedef struct open_case { const void *model, *it; size_t model_size, it_size; float *x; } open_case;

static aus_status open_and_explain(aus_ctx *ctx, void *arg)
{
  const open_case *c = arg;
  aus_model *model;
  aus_interpreter *it;
  AUS_TRY(aus_model_open_memory(ctx, c->model, c->model_size, &model));
  aus_status status = aus_interpreter_open_memory(ctx, c->it, c->it_size, model, &it);
  if (status == AUS_OK) {
    aus_components parts;
    aus_explanation e;
    const aus_audio a = { .data = c->x, .frames = 900, .channels = 1, .rate = RATE };
    aus_l2i_config config;
    aus_l2i_defaults(&config);
    config.check = 0;
    status = aus_l2i_explain(it, &a, &config, &parts, &e);
    if (status == AUS_OK) {
      aus_explanation_free(&e);
      aus_components_free(&parts);
    }
    aus_interpreter_close(it);
  }
  aus_model_close(model);
  return status;
}

static void memory_that_runs_out(void **state)
{
  aus_ctx *ctx = test_ctx(1);
  void *bytes, *model_bytes;
  aus_model *model;
  open_case c = { .x = sound_of(1000) };
  (void)state;
  char tiny[1000];
  snprintf(tiny, sizeof tiny, "%.*s6%s", (int)(strstr(mel, "patch_frames = ") + 15 - mel), mel, strstr(mel, "\n[network]"));
  assert_ok(ctx, case_classifier(ctx, tiny, "tiny", CLASSES, 4, &model_bytes, &c.model_size));
  assert_ok(ctx, aus_model_open_memory(ctx, model_bytes, c.model_size, &model));
  assert_ok(ctx, case_interpreter(ctx, model, 4, false, NULL, &bytes, &c.it_size));
  c.model = model_bytes;
  c.it = bytes;
  assert_true(oom_sweep("opening and explaining", open_and_explain, &c) > 50);
  free(c.x);
  aus_model_close(model);
  aus_free(ctx, bytes);
  aus_free(ctx, model_bytes);
  aus_ctx_destroy(ctx);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(shares_add_up), cmocka_unit_test(parity_formula), cmocka_unit_test(loudness), cmocka_unit_test(relevance_by_hand), cmocka_unit_test(sums_hold),
    cmocka_unit_test(either_order), cmocka_unit_test(silence_and_short), cmocka_unit_test(refused_sound), cmocka_unit_test(what_does_not_fit),
    cmocka_unit_test(five_and_ten_seconds), cmocka_unit_test(same_bits), cmocka_unit_test(memory_that_runs_out),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
