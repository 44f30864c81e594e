/* test_train_whole.c - whole trainings: the same bits for any threads and after any break, another's checkpoint, fine-tuning; which clips an epoch shows and in which colour. */
#define _DEFAULT_SOURCE
#include "train_case.h"
#include "op_test.h"

#include <auscult/net.h>

#include "tests/golden/train.h"
#include "train/bells.h"
#include "train/trainer.h"

/* Tones of three heights in noise, clips of different lengths. */
static void make_tones(aus_ctx *ctx)
{
  enum { COUNT = 30, MOST = 900 };
  char manifest[4096] = "path\tlabel\tfold\n", line[64];
  aus_rng rng;
  aus_rng_init(&rng, 5, 0);
  for (int c = 0; c < COUNT; c++) {
    float x[MOST];
    const int n = 300 + 20 * c, label = c % 3;
    for (int i = 0; i < n; i++) x[i] = (float)(0.3 * sin(i * (0.2 + 0.5 * label)) + 0.1 * aus_rng_normal(&rng));
    snprintf(line, sizeof line, "t%d.wav", c);
    write_wav(ctx, line, n, x);
    snprintf(line, sizeof line, "t%d.wav\t%s\t%d\n", c, label == 0 ? "low" : label == 1 ? "mid" : "high", c % 5);
    strcat(manifest, line);
  }
  write_text("tones.tsv", manifest);
}

/* All that is random at once: dropout, places, gain, other sounds, masks, mixup. */
static const char tones[] =
  "[model]\nname = tones\n[frontend]\nkind = mel\nrate = 8000\nn_fft = 64\nhop = 32\nmels = 12\nmel_scale = htk\nmel_norm = none\nlog = ln_offset\noffset = 1e-4\n"
  "layout = mel_time\npatch_frames = 16\n"
  "[network]\nconv 6 3 pad=same\nbn\nrelu\nmaxpool 2\nconv 8 3\nbn\nrelu\nglobal_mean\ndropout 0.2\nlinear classes\n"
  "[data]\nmanifest = tones.tsv\nvalid = fold=0\ntest = fold=1\n"
  "[augment]\npad = random\nspeed = 0.1\nbells = 2\nbells_db = 6\ngain_db = 3\nmixup = 0.2\nadd = 0.5\nfreq_masks = 1\nfreq_width = 3\ntime_masks = 1\ntime_width = 4\n"
  "[train]\nepochs = 4\nbatch = 5\nrate = 0.01\nseed = 3\nschedule = cosine\n";

typedef struct stopper { int after, steps; } stopper;
static int stop_after(void *user)
{
  stopper *s = user;
  return ++s->steps == s->after;
}

static void *train_tones(int threads, const char *out, int stop_at, size_t *size)
{
  char path[200];
  aus_ctx *ctx = test_ctx(threads);
  aus_train_result result;
  stopper s = { stop_at, 0 };
  snprintf(path, sizeof path, "mkdir -p '%s/%s'", folder, out);
  assert_int_equal(system(path), 0);
  snprintf(path, sizeof path, "%s/%s", folder, out);
  aus_train_config config = { .recipe = in_folder("tones.recipe"), .out = path, .seed = -1, .stop = stop_after, .user = &s };
  if (stop_at) {
    assert_int_equal(aus_train(ctx, &config, &result), AUS_ECANCELED);
    assert_int_equal(s.steps, stop_at);
    config.stop = NULL;
    assert_int_equal(aus_train(ctx, &config, &result), AUS_EEXIST);
    config.resume = 1;
  }
  config.stop = NULL;
  assert_ok(ctx, aus_train(ctx, &config, &result));
  assert_int_equal(result.epochs, 4);
  assert_true(isfinite(result.test_loss) && result.test_score >= 0 && result.test_score <= 1);
  strcat(path, "/model.aus");
  void *bytes = read_bytes(ctx, path, size);
  void *copy = malloc(*size);
  memcpy(copy, bytes, *size);
  aus_free(ctx, bytes);
  aus_ctx_destroy(ctx);
  return copy;
}

static void same_bits(void **state)
{
  (void)state;
  aus_ctx *ctx = test_ctx(1);
  make_tones(ctx);
  write_text("tones.recipe", tones);
  size_t size, other_size;
  void *want = train_tones(1, "one", 0, &size);
  static const struct { const char *out; int threads, stop_at; } ways[] = { { "two", 2, 0 }, { "three", 3, 0 }, { "broken", 1, 5 }, { "again", 2, 3 }, { "at-end", 1, 12 } };
  for (size_t i = 0; i < sizeof ways / sizeof *ways; i++) {
    void *got = train_tones(ways[i].threads, ways[i].out, ways[i].stop_at, &other_size);
    if (other_size != size || memcmp(want, got, size) != 0) fail_msg("%s: other bits than one thread without a break", ways[i].out);
    free(got);
  }
  /* The model is whole and does here what it did there. */
  aus_bundle *b;
  double worst, tolerance;
  assert_ok(ctx, aus_bundle_open(ctx, in_folder("one/model.aus"), &b));
  assert_ok(ctx, aus_net_verify(ctx, b, &worst, &tolerance));
  assert_true(worst <= tolerance);
  assert_string_equal(aus_meta_string(b, "train.recipe", ""), tones);
  assert_string_equal(aus_meta_string_at(b, "labels", 0), "high");
  aus_bundle_close(b);
  free(want);
  aus_ctx_destroy(ctx);
}

/* A peaking filter is scipy's of the analogue one; the random ones stay within their height at every frequency and are the same for the same draw. */
static void bells(void **state)
{
  (void)state;
  enum { SHORT = 60, LONG = 4096 };
  static const struct { double hz, db, q; } given[] = { { 300, 9, 0.5 }, { 2500, -12, 2 }, { 7000, 4, 1 } };
  float x[LONG], y[LONG];
  for (int k = 0; k < 3; k++) {
    float *signal = rough(SHORT, 5);
    memcpy(x, signal, SHORT * sizeof *x);
    free(signal);
    aus_bell(given[k].hz, given[k].db, given[k].q, 16000, SHORT, x);
    for (int i = 0; i < SHORT; i++) assert_near((double)x[i], golden_bells[k * SHORT + i], 2e-6);
  }
  for (int draw = 0; draw < 20; draw++) {
    aus_rng a, b;
    aus_rng_init(&a, 7, (uint64_t)draw);
    aus_rng_init(&b, 7, (uint64_t)draw);
    memset(x, 0, sizeof x);
    x[0] = 1;
    memcpy(y, x, sizeof y);
    aus_bells(&a, 3, 6, 16000, LONG, x);
    aus_bells(&b, 3, 6, 16000, LONG, y);
    assert_memory_equal(x, y, sizeof x);
    for (int k = 1; k < 64; k++) {
      double re = 0, im = 0;
      for (int i = 0; i < LONG; i++) { re += (double)x[i] * cos(i * k * acos(-1.0) / 64); im += (double)x[i] * sin(i * k * acos(-1.0) / 64); }
      assert_true(fabs(10 * log10(re * re + im * im)) < 18.01);
    }
  }
}

static void note_rate(void *user, const aus_train_epoch *e) { ((double *)user)[e->epoch - 1] = e->rate; }

/* A cosine falls over the epochs that are asked for, not over the recipe's: two halves here, then the quarters of four. */
static void epochs_of_the_command(void **state)
{
  (void)state;
  aus_ctx *ctx = test_ctx(1);
  char out[200];
  double rate[4] = { 0 };
  snprintf(out, sizeof out, "mkdir -p '%s/short'", folder);
  assert_int_equal(system(out), 0);
  snprintf(out, sizeof out, "%s/short", folder);
  aus_train_config config = { .recipe = in_folder("tones.recipe"), .out = out, .seed = -1, .epochs = 2, .on_epoch = note_rate, .user = rate };
  aus_train_result result;
  assert_ok(ctx, aus_train(ctx, &config, &result));
  assert_near(rate[0], 0.01, 1e-12);
  assert_near(rate[1], 0.005, 1e-12);
  config.resume = 1;
  config.epochs = 4;
  assert_ok(ctx, aus_train(ctx, &config, &result));
  assert_near(rate[2], 0.005, 1e-12);
  assert_near(rate[3], 0.005 * (1 + cos(0.75 * acos(-1.0))), 1e-12);
  aus_ctx_destroy(ctx);
}

/* A checkpoint of something else is refused. */
static void other_checkpoint(void **state)
{
  (void)state;
  aus_ctx *ctx = test_ctx(1);
  aus_train_result result;
  char out[200];
  snprintf(out, sizeof out, "%s/one", folder);
  write_text("other.recipe", "[model]\nname = x\n");
  aus_train_config config = { .recipe = in_folder("tones.recipe"), .out = out, .seed = 9, .resume = 1 };
  assert_int_equal(aus_train(ctx, &config, &result), AUS_EFORMAT);
  assert_non_null(strstr(aus_ctx_error(ctx), "another seed"));
  char *longer = malloc(sizeof tones + 32);
  sprintf(longer, "%s# more\n", tones);
  write_text("more.recipe", longer);
  free(longer);
  config.recipe = in_folder("more.recipe");
  config.seed = -1;
  assert_int_equal(aus_train(ctx, &config, &result), AUS_EFORMAT);
  assert_non_null(strstr(aus_ctx_error(ctx), "another recipe"));
  aus_ctx_destroy(ctx);
}

/* Fine-tuning: another number of labels gives the last layer anew, frozen parameters stay. */
static void fine_tuning(void **state)
{
  (void)state;
  aus_ctx *ctx = test_ctx(2);
  aus_recipe *r;
  aus_trainer t;
  static const char text[] = "[model]\ninit = one/model.aus\nlabels = low mid high other\n[data]\nmanifest = tones.tsv\nvalid = fold=0\n[train]\nbatch = 8\nfreeze = conv1 bn1\n";
  const aus_train_config config = { .out = folder, .seed = -1 };
  assert_ok(ctx, aus_recipe_parse(ctx, in_folder("tune.recipe"), text, sizeof text - 1, &r));
  assert_ok(ctx, aus_trainer_create(r, &config, &aus_task_labels, &t));
  assert_int_equal(t.classes, 4);
  float before[2] = { t.param[0].value[0], 0 };
  for (int32_t i = 0; i < t.n_params; i++)
    if (strcmp(t.param[i].name, "linear1.weight") == 0) { assert_int_equal(t.param[i].count, 32); before[1] = t.param[i].value[0]; }
  assert_string_equal(t.param[0].name, "conv1.weight");
  assert_ok(ctx, aus_trainer_step(&t));
  assert_true(t.param[0].value[0] == before[0]);
  for (int32_t i = 0; i < t.n_params; i++)
    if (strcmp(t.param[i].name, "linear1.weight") == 0) assert_true(t.param[i].value[0] != before[1]);
  aus_trainer_free(&t);
  aus_recipe_free(r);
  aus_ctx_destroy(ctx);
}

/* The order of an epoch is a permutation, another one each epoch; several sets are mixed by weight. */
static void orders(void **state)
{
  (void)state;
  aus_ctx *ctx = test_ctx(1);
  static const char text[] = "[frontend]\nkind = waveform\n[network]\nflatten\n[data]\nmanifest = tones.tsv\ntrain = fold=2,3\nvalid = fold=0\nweight = 3\n"
                             "[data]\nmanifest = tones.tsv\ntrain = fold=4\n[train]\nepoch_items = 4000\n";
  aus_recipe *r;
  aus_data d;
  int32_t order[4000], seen[64] = { 0 };
  assert_ok(ctx, aus_recipe_parse(ctx, in_folder("r"), text, sizeof text - 1, &r));
  assert_ok(ctx, aus_data_open(r, &d));
  assert_int_equal(aus_data_epoch_items(&d), 4000);
  assert_ok(ctx, aus_data_order(&d, 1, 0, order));
  for (int i = 0; i < 4000; i++) seen[order[i]]++;
  int first = 0;
  for (int i = 0; i < d.train[0].n; i++) {
    first += seen[d.train[0].item[i]];
    assert_true(abs(seen[d.train[0].item[i]] - seen[d.train[0].item[0]]) <= 1); /* without replacement */
  }
  assert_near(first, 3000, 5 * sqrt(4000 * 0.75 * 0.25));
  aus_data_free(&d);
  aus_recipe_free(r);
  aus_ctx_destroy(ctx);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(same_bits), cmocka_unit_test(bells), cmocka_unit_test(epochs_of_the_command), cmocka_unit_test(other_checkpoint), cmocka_unit_test(fine_tuning), cmocka_unit_test(orders),
  };
  return cmocka_run_group_tests(tests, make_folder, drop_folder);
}
