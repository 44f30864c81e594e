/* test_train.c - training: losses, steps and schedules against torch; numbers that are not finite; networks of recipes; what is refused. */
#define _DEFAULT_SOURCE
#include "train_case.h"
#include "op_test.h"

#include <auscult/net.h>

#include "tests/golden/train.h"
#include "train/network.h"
#include "train/trainer.h"

/* ---- losses -------------------------------------------------------------------------------------------------- */

enum { N = 5, K = 4 };

static void near_all(const char *name, int64_t n, const double *want, const double *got, double tolerance)
{
  for (int64_t i = 0; i < n; i++)
    if (!(fabs(got[i] - want[i]) <= tolerance * fmax(1, fabs(want[i])))) fail_msg("%s[%d]: %.9g, torch has %.9g", name, (int)i, got[i], want[i]);
}

static void check_loss(const char *name, const aus_loss_config *c, const float *x, const float *t, const double *want)
{
  float diff[N * K];
  double work[2 * K], got[1 + N * K];
  got[0] = aus_loss(c, N, K, x, t, diff, work);
  for (int i = 0; i < N * K; i++) got[1 + i] = diff[i];
  near_all(name, 1 + N * K, want, got, 1e-7);
  assert_true(aus_loss(c, N, K, x, t, NULL, work) == got[0]);
}

static void losses(void **state)
{
  (void)state;
  float *x = rough(N * K, 3), *w = rough(K, 9), *p = rough(K, 19), soft[N * K], hard[N * K] = { 0 }, zeros[N * K], many[N * K];
  static const int label[N] = { 1, 3, 0, 0, 2 };
  for (int i = 0; i < N; i++) hard[i * K + label[i]] = 1;
  for (int i = 0; i < N * K; i++) {
    x[i] *= 4;
    soft[i] = (float)golden_soft[i];
    many[i] = (float)golden_many[i];
    zeros[i] = hard[i] * 0.75f + (i % K == 0 ? 0.25f : 0);
  }
  for (int k = 0; k < K; k++) { w[k] = w[k] * 0.5f + 1; p[k] = p[k] * 0.5f + 1.5f; }
  check_loss("cross-entropy", &(aus_loss_config){ .kind = AUS_LOSS_CROSS_ENTROPY }, x, hard, golden_cross_entropy);
  check_loss("soft targets, weights", &(aus_loss_config){ .kind = AUS_LOSS_CROSS_ENTROPY, .weight = w }, x, soft, golden_cross_entropy_soft);
  check_loss("smoothing", &(aus_loss_config){ .kind = AUS_LOSS_CROSS_ENTROPY, .smoothing = 0.1 }, x, hard, golden_cross_entropy_smooth);
  check_loss("BCE, weights", &(aus_loss_config){ .kind = AUS_LOSS_BCE, .weight = w, .positive = p }, x, many, golden_bce);
  check_loss("BCE", &(aus_loss_config){ .kind = AUS_LOSS_BCE }, x, soft, golden_bce_plain);
  check_loss("MSE", &(aus_loss_config){ .kind = AUS_LOSS_MSE }, x, soft, golden_mse);
  check_loss("L1", &(aus_loss_config){ .kind = AUS_LOSS_L1 }, x, soft, golden_l1);
  check_loss("KL", &(aus_loss_config){ .kind = AUS_LOSS_KL }, x, soft, golden_kl);
  check_loss("KL with zeros", &(aus_loss_config){ .kind = AUS_LOSS_KL }, x, zeros, golden_kl_zeros);
  free(x);
  free(w);
  free(p);
}

/* ---- steps ------------------------------------------------------------------------------------------------------ */

enum { CLIPS = 6, SAMPLES = 40, CLASSES = 3, STEPS = 10 };

static const char head[] =
  "[model]\nname = small\n[frontend]\nkind = waveform\nrate = 8000\npatch_samples = 40\n"
  "[network]\nconv 4 5 stride=2 pad=1 bias=no\nbn\nrelu\nmaxpool 3\nflatten\nlinear classes\n"
  "[data]\nmanifest = steps.tsv\nvalid = split=valid\n[train]\nbatch = 6\nepochs = 10\n";

static void make_steps_data(aus_ctx *ctx)
{
  float *x = rough(CLIPS * SAMPLES, 7);
  char manifest[512] = "path\tlabel\tsplit\n", line[64];
  for (int i = 0; i < CLIPS * SAMPLES; i++) x[i] *= 0.5f;
  for (int c = 0; c < 2 * CLIPS; c++) {
    snprintf(line, sizeof line, "s%d.wav", c % CLIPS);
    write_wav(ctx, line, SAMPLES, x + (c % CLIPS) * SAMPLES);
    snprintf(line, sizeof line, "s%d.wav\t%c\t%s\n", c % CLIPS, 'a' + c % CLASSES, c < CLIPS ? "train" : "valid");
    strcat(manifest, line);
  }
  write_text("steps.tsv", manifest);
  free(x);
}

/* The golden network's numbers: norms scale by about 1. Fresh parameters come in the order of the graph. */
static void set_params(aus_trainer *t)
{
  for (int32_t i = 0, k = 0; i < t->n_params; i++) {
    const char *name = t->param[i].name;
    if (!t->param[i].trained) continue;
    float *v = rough(t->param[i].count, 100 + k);
    const bool scale = (strncmp(name, "bn", 2) == 0 || strncmp(name, "layer_norm", 10) == 0) && strstr(name, ".weight");
    for (int64_t j = 0; j < t->param[i].count; j++) t->param[i].value[j] = v[j] * 0.5f + (scale ? 1 : 0);
    free(v);
    k++;
  }
}

/* losses, parameters, running moments, the loss at inference: as the golden arrays. */
static void take_steps(aus_ctx *ctx, const char *recipe, double *got)
{
  char text[2000];
  aus_recipe *r;
  aus_trainer t;
  double score;
  const aus_train_config config = { .out = folder, .seed = -1 };
  snprintf(text, sizeof text, "%s%s", head, recipe);
  assert_ok(ctx, aus_recipe_parse(ctx, in_folder("steps.recipe"), text, strlen(text), &r));
  assert_ok(ctx, aus_trainer_create(r, &config, &aus_task_labels, &t));
  set_params(&t);
  for (int i = 0; i < STEPS; i++) {
    t.state.loss = 0;
    assert_ok(ctx, aus_trainer_step(&t));
    *got++ = t.state.loss;
    t.state.step = 0; /* one batch is an epoch */
    t.state.epoch++;
  }
  for (int trained = 1; trained >= 0; trained--)
    for (int32_t i = 0; i < t.n_params; i++)
      for (int64_t j = 0; t.param[i].trained == trained && j < t.param[i].count; j++) *got++ = t.param[i].value[j];
  assert_ok(ctx, aus_trainer_evaluate(&t, &t.data.valid, got, &score));
  aus_trainer_free(&t);
  aus_recipe_free(r);
}

static void ten_steps(void **state)
{
  static const struct { const char *name, *recipe; const double *want; } cases[] = {
    { "sgd", "optimiser = sgd\nrate = 0.05\nweight_decay = 0.01\n", golden_steps_sgd },
    { "nesterov", "optimiser = sgd\nrate = 0.05\nmomentum = 0.8\nnesterov = yes\nschedule = step\nstep_epochs = 3\ngamma = 0.5\n", golden_steps_nesterov },
    { "adam", "optimiser = adam\nrate = 0.02\nweight_decay = 0.05\nschedule = cosine\nrate_min = 0.001\n", golden_steps_adam },
    { "adamw", "optimiser = adamw\nrate = 0.02\nbeta1 = 0.8\nbeta2 = 0.95\nweight_decay = 0.1\ndecay_all = no\nschedule = multistep\nmilestones = 2 5\ngamma = 0.3\n", golden_steps_adamw },
    { "clip_norm", "optimiser = sgd\nrate = 0.1\nmomentum = 0\nclip_norm = 0.25\n", golden_steps_clip_norm },
    { "clip_value", "optimiser = sgd\nrate = 0.1\nmomentum = 0\nclip_value = 0.05\n", golden_steps_clip_value },
    { "warm_up", "optimiser = sgd\nrate = 0.1\nmomentum = 0\nwarm_up = 5\n", golden_steps_warm_up },
  };
  enum { NUMBERS = sizeof golden_steps_sgd / sizeof *golden_steps_sgd };
  (void)state;
  aus_ctx *ctx = test_ctx(2);
  make_steps_data(ctx);
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    double got[NUMBERS];
    take_steps(ctx, cases[i].recipe, got);
    near_all(cases[i].name, NUMBERS, cases[i].want, got, 2e-5);
  }
  aus_ctx_destroy(ctx);
}

/* ---- recipes with recurrent, attention and VGG-like layers ----------------------------------------------------------- */

typedef struct layer_case { const char *name, *frontend, *network; double rate; int64_t n; const double *want; } layer_case;

/* A trainer of these layers that holds the golden numbers. */
static void open_layers(aus_ctx *ctx, const layer_case *l, const char *optimiser, double rate, aus_recipe **r, aus_trainer *t)
{
  char text[2000];
  static const aus_train_config config = { .out = folder, .seed = -1 };
  snprintf(text, sizeof text, "[model]\nname = x\n[frontend]\n%srate = 8000\n[network]\n%slinear classes\n[data]\nmanifest = steps.tsv\nvalid = split=valid\n"
           "[train]\nbatch = 6\nepochs = 10\noptimiser = %s\nrate = %g\n", l->frontend, l->network, optimiser, rate);
  assert_ok(ctx, aus_recipe_parse(ctx, in_folder("layers.recipe"), text, strlen(text), r));
  assert_ok(ctx, aus_trainer_create(*r, &config, &aus_task_labels, t));
  set_params(t);
}

static void close_layers(aus_recipe *r, aus_trainer *t)
{
  aus_trainer_free(t);
  aus_recipe_free(r);
}

/* The gradient, by what a plain step of rate 1 moves. */
static void first_gradient(aus_ctx *ctx, const layer_case *l)
{
  aus_recipe *r;
  aus_trainer t;
  int64_t n = 0;
  open_layers(ctx, l, "sgd\nmomentum = 0", 1, &r, &t);
  double *moved = malloc((size_t)l->n * sizeof *moved);
  for (int pass = 0; pass < 2; pass++) {
    n = 0;
    for (int32_t i = 0; i < t.n_params; i++)
      for (int64_t j = 0; t.param[i].trained && j < t.param[i].count; j++, n++) {
        assert_true(n < l->n - STEPS);
        moved[n] = pass ? moved[n] - t.param[i].value[j] : t.param[i].value[j];
      }
    if (!pass) assert_ok(ctx, aus_trainer_step(&t));
  }
  assert_int_equal(n, l->n - STEPS);
  near_all(l->name, n, l->want + STEPS, moved, 2e-6);
  free(moved);
  close_layers(r, &t);
}

static void loss_falls(aus_ctx *ctx, const layer_case *l)
{
  aus_recipe *r;
  aus_trainer t;
  double loss[STEPS];
  open_layers(ctx, l, "adam", l->rate, &r, &t);
  for (int i = 0; i < STEPS; i++) {
    t.state.loss = 0;
    assert_ok(ctx, aus_trainer_step(&t));
    loss[i] = t.state.loss;
    t.state.step = 0; /* one batch is an epoch */
    t.state.epoch++;
  }
  near_all(l->name, STEPS, l->want, loss, 1e-4);
  assert_true(loss[STEPS - 1] < 0.9 * loss[0]);
  close_layers(r, &t);
}

#define GOLDEN(which) sizeof golden_recipe_##which / sizeof *golden_recipe_##which, golden_recipe_##which
#define WAVE "kind = waveform\npatch_samples = 40\n"
#define SPECTRUM "kind = stft\nn_fft = 16\nhop = 4\nwindow = hann\ncenter = zero\npower = 2\nlog = ln_offset\noffset = 0.01\nlayout = mel_time\npatch_frames = 11\n"
static void layers_learn(void **state)
{
  static const layer_case cases[] = {
    { "lstm", WAVE, "conv 4 5 stride=2 pad=1\nrelu\nsequence\nlstm 5 both=yes\nlast\n", 0.1, GOLDEN(lstm) },
    { "attention", WAVE, "conv 6 5 stride=2 pad=1\nsequence\nsave here\nattention 2\nadd here\nlayer_norm\nmean_axis 1\n", 0.02, GOLDEN(attention) },
    { "vgg", SPECTRUM, "conv 4 3 pad=1 bias=no\nbn\nrelu\nconv 4 3 pad=1 bias=no\nbn\nrelu\nmaxpool 2\nconv 6 3 pad=1 groups=2\nrelu\nmaxpool 3 stride=1\nflatten\nlinear 8\nrelu\n", 0.02, GOLDEN(vgg) },
  };
  (void)state;
  aus_ctx *ctx = test_ctx(2);
  make_steps_data(ctx);
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    first_gradient(ctx, &cases[i]);
    loss_falls(ctx, &cases[i]);
  }
  aus_ctx_destroy(ctx);
}

static void plateau(void **state)
{
  (void)state;
  enum { EPOCHS = sizeof golden_plateau_rates / sizeof *golden_plateau_rates };
  const aus_schedule_config c = { .kind = AUS_RATE_PLATEAU, .rate = 1, .gamma = 0.5, .plateau_patience = 2, .patience = 6 };
  aus_schedule_state s;
  aus_schedule_start(&s);
  for (int64_t e = 0; e < EPOCHS; e++) {
    assert_near(aus_schedule_rate(&c, &s, e, e), golden_plateau_rates[e], 1e-12);
    assert_int_equal(aus_schedule_stops(&c, &s), e >= 13 && e != 15 && e != 16 ? s.bad >= 6 : 0);
    aus_schedule_observe(&c, &s, e, golden_plateau_losses[e]);
  }
  assert_int_equal(s.best_epoch, 15);
  assert_false(aus_schedule_observe(&c, &s, EPOCHS, NAN));
}

static void not_finite(void **state)
{
  (void)state;
  aus_ctx *ctx = test_ctx(1);
  char text[2000];
  aus_recipe *r;
  aus_trainer t;
  const aus_train_config config = { .out = folder, .seed = -1 };
  snprintf(text, sizeof text, "%s%s", head, "optimiser = sgd\n");
  assert_ok(ctx, aus_recipe_parse(ctx, in_folder("steps.recipe"), text, strlen(text), &r));
  assert_ok(ctx, aus_trainer_create(r, &config, &aus_task_labels, &t));
  assert_ok(ctx, aus_trainer_step(&t));
  for (int32_t i = 0; i < t.n_params; i++)
    if (strcmp(t.param[i].name, "bn1.bias") == 0) t.param[i].value[1] = INFINITY;
  t.state.step = 0;
  assert_int_equal(aus_trainer_step(&t), AUS_EFORMAT);
  assert_non_null(strstr(aus_ctx_error(ctx), "forward, the output of layer 'bn1' (batch_norm) is not finite (nor is 'bn1.bias')"));
  set_params(&t);
  for (int32_t i = 0; i < t.n_params; i++) /* finite forward, infinite backward: 1e38 times a difference of probabilities is fine, its square is not */
    if (strcmp(t.param[i].name, "linear1.weight") == 0)
      for (int64_t k = 0; k < t.param[i].count; k++) t.param[i].value[k] = k < 24 ? 1e38f : -1e38f;
  t.state.step = 0;
  assert_int_equal(aus_trainer_step(&t), AUS_EFORMAT);
  assert_non_null(strstr(aus_ctx_error(ctx), "layer 'linear1' (linear)"));
  aus_trainer_free(&t);
  aus_recipe_free(r);
  aus_ctx_destroy(ctx);
}

/* ---- what a recipe may not say --------------------------------------------------------------------------------------- */

static void bad_recipes(void **state)
{
  static const struct { const char *text, *says; } cases[] = {
    { "", "r:1" }, { "name = x\n", "r:1: before the first section" }, { "[modl]\n", "r:1: no section is called 'modl'; the nearest is 'model'" },
    { "[model]\nnam = x\n", "r:2: [model] has no key 'nam'; the nearest is 'name'" }, { "[train]\nrate\n", "r:2: want `key = value`" },
    { "[train]\nrate = fast\n", "r:2: rate: 'fast' is not a number" }, { "[train]\nrate = 1\n\nrate = 2\n", "r:4: 'rate' is set twice, in line 2 too" },
    { "[train]\noptimiser = adma\n", "r:2: optimiser: 'adma' is none of sgd|adam|adamw" }, { "[train]\nepochs = 1.5\n", "r:2: epochs: '1.5' is not a whole number" },
    { "[train]\n[train]\n", "r:2: section [train] stands twice" }, { "[data]\ntrain = a=b\n", "r:1: this [data] section has no manifest" },
    { "[train]\nmilestones = 5 2\n[data]\nmanifest = m\n[network]\nlinear 2\n[frontend]\nkind = mel\n", "milestones must rise" },
    { "[data]\nmanifest = m\n", "no network" }, { "[train]\nseed = \x01\n", "r:2: a control character" },
  };
  (void)state;
  aus_ctx *ctx = test_ctx(1);
  for (size_t i = 1; i < sizeof cases / sizeof *cases; i++) {
    aus_recipe *r = NULL;
    assert_int_equal(aus_recipe_parse(ctx, "x/r", cases[i].text, strlen(cases[i].text), &r), AUS_EFORMAT);
    assert_null(r);
    if (!strstr(aus_ctx_error(ctx), cases[i].says)) fail_msg("says '%s', want '%s'", aus_ctx_error(ctx), cases[i].says);
  }
  aus_ctx_destroy(ctx);
}

/* The network of one text over an input; the status, and the parameters' count through *numbers. */
static aus_status build(aus_ctx *ctx, const char *layers, const aus_dims *input, int32_t classes, int64_t most, int64_t *numbers)
{
  char text[2000];
  aus_recipe *r;
  aus_builder *b;
  void *bytes = NULL;
  size_t size;
  snprintf(text, sizeof text, "[data]\nmanifest = m\n[frontend]\nkind = mel\n[network]\n%s", layers);
  assert_ok(ctx, aus_recipe_parse(ctx, "r", text, strlen(text), &r));
  assert_ok(ctx, aus_builder_create(ctx, &b));
  aus_status status = aus_network_build(r, input, classes, 1, most, b);
  if (status == AUS_OK) {
    aus_bundle *bundle;
    assert_ok(ctx, aus_builder_finish(b, &bytes, &size));
    assert_ok(ctx, aus_bundle_open_memory(ctx, bytes, size, &bundle));
    *numbers = 0;
    for (int32_t i = 0; i < aus_bundle_tensors(bundle); i++) *numbers += bundle->tensor[i].count;
    aus_run *run;
    assert_ok(ctx, aus_run_create(ctx, bundle, input, NULL, 0, &run)); /* what was inferred is what runs */
    aus_run_destroy(run);
    aus_bundle_close(bundle);
    aus_free(ctx, bytes);
  }
  aus_builder_destroy(b);
  aus_recipe_free(r);
  return status;
}

static void networks(void **state)
{
  (void)state;
  aus_ctx *ctx = test_ctx(1);
  const aus_dims image = { 4, { 2, 1, 20, 16 } }, wave = { 3, { 2, 1, 8000 } }, tall = { 4, { 2, 1, 187, 96 } };
  int64_t n;
  static const struct { const char *text, *says; } bad[] = {
    { "cnv 3 3\n", "r:6: no layer is called 'cnv'; the nearest is 'conv'" }, { "conv 3\n", "r:6: conv: 1 words after it, want 2" },
    { "relu\nconv 3 3 strde=2\n", "r:7: conv: no option 'strde'" }, { "conv 0 3\n", "channels: '0'" }, { "conv 3 30\n", "conv: " },
    { "flatten\nlinear 7\n", "the network ends in [1, 7], wanted are [batch, 3]" }, { "flatten\nlinear classes init=kaiming\n", "the nearest is 'kaiming_" },
    { "save a\nadd b\n", "nothing was saved as 'b'; the nearest is 'a'" }, { "net resnet\n", "no network is called 'resnet'" }, { "lstm 4\n", "put `sequence` before it" },
    { "conv 4 3 groups=3\n", "3 groups do not divide" }, { "conv 4 3 stride=2 stride=3\n", "'stride' is given twice" }, { "flatten\nlinear 10000000\n", "too many parameters" },
    { "dropout 1.5\n", "probability: '1.5'" },
  };
  for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
    assert_int_not_equal(build(ctx, bad[i].text, &image, 3, 1 << 20, &n), AUS_OK);
    if (!strstr(aus_ctx_error(ctx), bad[i].says)) fail_msg("'%s' says '%s', want '%s'", bad[i].text, aus_ctx_error(ctx), bad[i].says);
  }
  assert_ok(ctx, build(ctx, "conv 4 3x5 stride=2x1 pad=same\nsave a\ninstance_norm\nelu\nadd a\ngroup_norm 2\nconcat a\nsequence time=h\nlstm 6 both=yes\nattention 3\nlayer_norm\nmean_axis 1\nlinear classes\n",
                     &image, 3, 1 << 20, &n));
  /* conv 4 15 + 4, group_norm 8, lstm 2 (24 (128 + 6) + 48), attention 4 (144 + 12), layer_norm 24, linear 36 + 3 */
  assert_int_equal(n, 64 + 8 + 2 * (24 * (128 + 6) + 48) + 4 * 156 + 24 + 39);
  assert_ok(ctx, build(ctx, "conv 3 3\nconv_transpose 2 4x4 stride=2\navgpool 2 ceil=yes\nsequence time=w\ngru 5\nlast\nlinear classes bias=no\n", &image, 3, 1 << 20, &n));
  assert_ok(ctx, build(ctx, "relu\nlog 0.01\nflatten\nlinear classes\n", &image, 3, 1 << 20, &n)); /* the offset is the one number more */
  assert_int_equal(n, 1 + 320 * 3 + 3);
  assert_ok(ctx, build(ctx, "net audionet\n", &wave, 10, 1 << 25, &n));
  assert_int_equal(n, 400 + 64 * 301 + 128 * 193 + 3 * 128 * 385 + 16000 * 1024 + 1024 + 1024 * 512 + 512 + 5130);
  assert_ok(ctx, build(ctx, "net musicnn\n", &tall, 50, 1 << 22, &n));
  aus_ctx_destroy(ctx);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(losses), cmocka_unit_test(ten_steps), cmocka_unit_test(layers_learn), cmocka_unit_test(plateau), cmocka_unit_test(not_finite), cmocka_unit_test(bad_recipes), cmocka_unit_test(networks),
  };
  return cmocka_run_group_tests(tests, make_folder, drop_folder);
}
